//! A case, and the scripted services it is played against.

use std::future::Future;
use std::net::Ipv4Addr;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use palisade_model::{SeededIds, Timestamp};
use palisade_template::Template;
use palisade_template::run::{
    Carrier, DnsAnswer, DnsQuestion, HttpAnswer, HttpRequest, Outcome, Target, TcpAnswer, TcpQuestion, run,
};

/// 2025-11-22 09:15:30 UTC.
pub(crate) const NOW: i64 = 1_763_802_930;

/// What a template is to make of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Finds {
    Nothing,
    /// Something, whatever the evidence says.
    Something,
    /// Evidence with these lines, in this order, among others.
    Lines(Vec<String>),
}

#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) template: String,
    pub(crate) services: Services,
    pub(crate) finds: Finds,
    /// The first lines of the web requests, or what TCP and DNS were asked, if that matters.
    pub(crate) asks: Option<Vec<String>>,
}

/// What services answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Services {
    /// The beginning of a request (or any part of it, behind `~`), and the whole answer.
    pub(crate) web: Vec<(String, Vec<u8>)>,
    /// What a TCP service says after each read.
    pub(crate) tcp: Vec<Vec<u8>>,
    pub(crate) dns: Option<DnsAnswer>,
    pub(crate) tls: Option<palisade_model::fact::TlsFacts>,
}

/// The answers of a service, and what it was asked.
#[derive(Default)]
pub(crate) struct Scripted {
    services: Services,
    pub(crate) asked: Vec<String>,
    pub(crate) bytes: Vec<Vec<u8>>,
}

impl Carrier for Scripted {
    async fn http(&mut self, request: &HttpRequest) -> Option<Arc<HttpAnswer>> {
        let bytes = request.to_bytes("127.0.0.1:8080", None);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        self.asked.push(request.line());
        self.bytes.push(bytes);
        let fits = |wanted: &str| match wanted.strip_prefix('~') {
            Some(part) => text.contains(part),
            None => text.starts_with(wanted),
        };
        let (_, answer) = self.services.web.iter().find(|(wanted, _)| fits(wanted))?;
        Some(Arc::new(http_answer(answer)))
    }

    async fn tcp(&mut self, question: &TcpQuestion) -> Option<TcpAnswer> {
        self.asked.extend(question.steps.iter().map(|(data, _)| String::from_utf8_lossy(data).into_owned()));
        let mut said = self.services.tcp.iter();
        let mut read =
            |most: usize| -> Option<Vec<u8>> { Some(said.next()?.iter().copied().take(most).collect()) };
        let mut answer = TcpAnswer::default();
        for (_, most) in &question.steps {
            answer.reads.push(if *most > 0 { read(*most)? } else { Vec::new() });
        }
        answer.last = read(question.read_bytes).unwrap_or_default();
        Some(answer)
    }

    async fn dns(&mut self, question: &DnsQuestion) -> Option<DnsAnswer> {
        self.asked.push(format!("{} {} {}", question.name, question.kind, question.class));
        self.services.dns.clone()
    }
}

/// An answer as text: a head, an empty line, a body.
pub(crate) fn http_answer(bytes: &[u8]) -> HttpAnswer {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").map_or(bytes.len(), |end| end + 4);
    let (head, body) = bytes.split_at(end);
    let text = String::from_utf8_lossy(head);
    let mut lines = text.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    HttpAnswer::new(status.expect("a status"), head, &headers, body, Duration::from_millis(2_500))
}

/// An answer with this status and body.
pub(crate) fn page(status: u16, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} X\r\n{headers}\r\n{body}").into_bytes()
}

/// Runs to the end what never waits.
pub(crate) fn finish<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a scripted service made a template wait"),
    }
}

pub(crate) fn target(services: &Services) -> Target {
    Target {
        address: Ipv4Addr::LOCALHOST.into(),
        port: 8080,
        tls: false,
        host: "127.0.0.1".to_owned(),
        name: Some("www.harbour.test".to_owned()),
        tls_facts: services.tls.clone().map(Arc::new),
    }
}

pub(crate) fn play(template: &Template, services: &Services) -> (Outcome, Scripted) {
    let target = target(services);
    let mut carrier = Scripted { services: services.clone(), ..Scripted::default() };
    let ids = SeededIds::new(5);
    let now = Timestamp::from_second(NOW).expect("a moment");
    let outcome = finish(run(template, &target, now, &ids, &mut carrier));
    (outcome, carrier)
}

impl Case {
    /// A template for the web service; `answers` as `(request, answer)`.
    pub(crate) fn web(name: &str, blocks: &str, answers: &[(&str, Vec<u8>)], finds: Finds) -> Self {
        let template = format!("id: case\ninfo:\n  name: Case\n  severity: low\n{blocks}");
        let web = answers.iter().map(|(request, answer)| ((*request).to_owned(), answer.clone())).collect();
        let services = Services { web, ..Services::default() };
        Self { name: name.to_owned(), template, services, finds, asks: None }
    }

    pub(crate) fn asking(mut self, asked: &[&str]) -> Self {
        self.asks = Some(asked.iter().map(|line| (*line).to_owned()).collect());
        self
    }

    /// Whether its template has a matcher or extractor of that type.
    pub(crate) fn looks_for(&self, list: &str, kind: &str) -> bool {
        let Some((_, after)) = self.template.split_once(&format!("{list}:")) else { return false };
        let own =
            if list == "matchers" { after.split("extractors:").next().unwrap_or_default() } else { after };
        own.contains(&format!("type: {kind}"))
    }

    /// What is wrong, if something is.
    pub(crate) fn failure(&self) -> Option<String> {
        let name = &self.name;
        let template = match Template::parse(&self.template) {
            Ok(template) => template,
            Err(error) => return Some(format!("{name}: not read: {error}")),
        };
        let (outcome, carrier) = play(&template, &self.services);
        let right = match (&self.finds, &outcome.found) {
            (Finds::Nothing, None) | (Finds::Something, Some(_)) => true,
            (Finds::Lines(wanted), Some(evidence)) => {
                let mut lines = evidence.lines();
                wanted.iter().all(|wanted| lines.any(|line| line == wanted))
            }
            _ => false,
        };
        if !right {
            return Some(format!(
                "{name}: wanted {:?}, found {:?}; asked {:?}",
                self.finds, outcome.found, carrier.asked
            ));
        }
        match &self.asks {
            Some(asked) if *asked != carrier.asked => Some(format!("{name}: asked {:?}", carrier.asked)),
            _ => None,
        }
    }
}

pub(crate) fn lines(lines: &[&str]) -> Finds {
    Finds::Lines(lines.iter().map(|line| (*line).to_owned()).collect())
}
