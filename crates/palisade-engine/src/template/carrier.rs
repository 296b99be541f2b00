//! How the questions of templates reach the host: over web requests, TCP streams, DNS messages.

use std::sync::Arc;
use std::time::Duration;

use palisade_model::{IdSource, PortFacts, Transport};
use palisade_probe::dns::{self, Message, RecordData};
use palisade_template::run::{
    Carrier, DnsAnswer, DnsQuestion, DnsRecord, HttpAnswer, HttpRequest, TcpAnswer, TcpQuestion,
};
use tokio::time::Instant;

use super::web::Web;
use crate::pacing::HostPace;
use crate::stream::{Received, Stream};
use crate::udp;

/// How long a service may think over one answer.
const ANSWER_PATIENCE: Duration = Duration::from_secs(5);
/// The same behind an answer that came already.
const NEXT_PATIENCE: Duration = Duration::from_millis(1_500);
/// A service that has begun to speak and is silent for so long has finished.
const PAUSE: Duration = Duration::from_millis(400);
/// Bytes read from one service, whatever a template wants.
const READ_BYTES_MAX: usize = 256 * 1024;

/// Web requests.
pub(super) struct WebCarrier<'a> {
    pub(super) web: &'a Web,
}

impl Carrier for WebCarrier<'_> {
    async fn http(&mut self, request: &HttpRequest) -> Option<Arc<HttpAnswer>> {
        self.web.ask(request).await
    }

    async fn tcp(&mut self, _question: &TcpQuestion) -> Option<TcpAnswer> {
        None
    }

    async fn dns(&mut self, _question: &DnsQuestion) -> Option<DnsAnswer> {
        None
    }
}

/// TCP streams.
pub(super) struct Streams<'a> {
    pub(super) host: &'a HostPace,
    pub(super) port: u16,
    pub(super) until: Instant,
}

impl Carrier for Streams<'_> {
    async fn http(&mut self, _request: &HttpRequest) -> Option<Arc<HttpAnswer>> {
        None
    }

    async fn tcp(&mut self, question: &TcpQuestion) -> Option<TcpAnswer> {
        let mut stream = Stream::connect(self.host, self.port).await?;
        if question.tls {
            stream = stream.into_tls(self.host, None, self.until_after(ANSWER_PATIENCE)).await?;
        }
        let mut answer = TcpAnswer::default();
        let (mut heard, mut waiting) = (false, Vec::new());
        for (data, most) in &question.steps {
            if !stream.send(data, self.until_after(ANSWER_PATIENCE)).await {
                return None;
            }
            let read = if *most > 0 {
                self.read(&mut stream, &mut waiting, *most, ANSWER_PATIENCE).await
            } else {
                Vec::new()
            };
            heard |= !read.is_empty();
            answer.reads.push(read);
        }
        let most = if question.read_all { READ_BYTES_MAX } else { question.read_bytes };
        let patience = if heard { NEXT_PATIENCE } else { ANSWER_PATIENCE };
        answer.last = self.read(&mut stream, &mut waiting, most, patience).await;
        Some(answer)
    }

    async fn dns(&mut self, _question: &DnsQuestion) -> Option<DnsAnswer> {
        None
    }
}

impl Streams<'_> {
    fn until_after(&self, patience: Duration) -> Instant {
        (Instant::now() + patience).min(self.until)
    }

    /// Reads until there is as much as is wanted, or the service has finished. What came beyond that
    /// is `waiting` for the next read.
    async fn read(
        &self,
        stream: &mut Stream,
        waiting: &mut Vec<u8>,
        most: usize,
        patience: Duration,
    ) -> Vec<u8> {
        let most = most.min(READ_BYTES_MAX);
        let end = self.until_after(patience);
        let mut until = if waiting.is_empty() { end } else { (Instant::now() + PAUSE).min(end) };
        while waiting.len() < most && stream.read(waiting, until).await == Received::Bytes {
            until = (Instant::now() + PAUSE).min(end);
        }
        let rest = waiting.split_off(most.min(waiting.len()));
        std::mem::replace(waiting, rest)
    }
}

/// Messages to a name server.
pub(super) struct Datagrams<'a> {
    pub(super) host: &'a HostPace,
    pub(super) port: &'a PortFacts,
    pub(super) until: Instant,
    pub(super) ids: &'a dyn IdSource,
}

impl Carrier for Datagrams<'_> {
    async fn http(&mut self, _request: &HttpRequest) -> Option<Arc<HttpAnswer>> {
        None
    }

    async fn tcp(&mut self, _question: &TcpQuestion) -> Option<TcpAnswer> {
        None
    }

    async fn dns(&mut self, question: &DnsQuestion) -> Option<DnsAnswer> {
        let mut id = [0; 2];
        self.ids.fill(&mut id);
        let id = u16::from_be_bytes(id);
        let name = question.name.trim_end_matches('.');
        let bytes = dns::question(id, name, question.kind, question.class, question.recursion);
        let message = match self.port.transport {
            Transport::Udp => udp::ask_name_server(self.host, self.port.port, bytes, id).await?,
            Transport::Tcp => {
                let mut conversation = dns::QuestionConversation::new(id, &bytes);
                let mut stream = Stream::connect(self.host, self.port.port).await?;
                stream.converse(&mut conversation, ANSWER_PATIENCE, self.until).await;
                conversation.finish()?
            }
        };
        Some(answer_of(&message))
    }
}

fn answer_of(message: &Message) -> DnsAnswer {
    let records = message.records.iter().map(|record| DnsRecord {
        name: absolute(&record.name.to_string()),
        ttl_s: record.ttl_s,
        class: match record.class {
            1 => "IN".to_owned(),
            3 => "CH".to_owned(),
            4 => "HS".to_owned(),
            other => format!("CLASS{other}"),
        },
        kind: kind_name(record.kind),
        value: value_of(record.kind, &record.data),
    });
    DnsAnswer { rcode: message.flags.rcode, records: records.collect() }
}

fn absolute(name: &str) -> String {
    if name.ends_with('.') { name.to_owned() } else { format!("{name}.") }
}

fn kind_name(kind: u16) -> String {
    match kind {
        1 => "A",
        2 => "NS",
        5 => "CNAME",
        6 => "SOA",
        12 => "PTR",
        15 => "MX",
        16 => "TXT",
        28 => "AAAA",
        33 => "SRV",
        43 => "DS",
        52 => "TLSA",
        257 => "CAA",
        other => return format!("TYPE{other}"),
    }
    .to_owned()
}

fn value_of(kind: u16, data: &RecordData) -> String {
    match data {
        RecordData::Address(address) => address.to_string(),
        RecordData::Name(name) => absolute(&name.to_string()),
        RecordData::Authority { primary, serial } => format!("{} {serial}", absolute(&primary.to_string())),
        RecordData::Text(texts) => {
            texts.iter().map(|text| format!("\"{text}\"")).collect::<Vec<_>>().join(" ")
        }
        RecordData::Mail { preference, exchange } => {
            format!("{preference} {}", absolute(&exchange.to_string()))
        }
        RecordData::Service { order, port, target } => {
            format!("{} {} {port} {}", order >> 16, order & 0xffff, absolute(&target.to_string()))
        }
        RecordData::Other(bytes) => match <[u8; 16]>::try_from(bytes.as_slice()) {
            Ok(octets) if kind == 28 => std::net::Ipv6Addr::from(octets).to_string(),
            _ => hexadecimal(bytes),
        },
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
