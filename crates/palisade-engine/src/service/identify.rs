//! What speaks on an open port: several first words at once, the first answer that makes sense.
//!
//! The questions that a port number makes likely are asked at once and beside listening, so that
//! neither a service that speaks first nor one that waits costs a wait. Everything else follows
//! only when those stayed without an answer. A port is what answered, never what its number says.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use palisade_model::ScanHeader;
use palisade_probe::identify as probe;
use palisade_probe::tls::flight::Progress;
use palisade_probe::tls::{Enumeration, EnumerationOptions, ServerFlight};
use tokio::time::{Instant, timeout_at};

use super::first_words::{FirstWords, Order};
use super::port::Port;
use crate::stream::{Received, Stream};

/// Answers are recognised by less.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// The less likely questions wait for the likely ones.
const SECOND_WAVE_AFTER: Duration = Duration::from_millis(700);
/// A greeting service gets more, because it may look our name up before it greets.
const SECOND_WAVE_AFTER_GREETED: Duration = Duration::from_millis(1_200);
const ANSWER_PATIENCE: Duration = Duration::from_millis(1_200);
const GREETING_PATIENCE: Duration = Duration::from_secs(6);
/// A front page may take its time, but only where something reacts to other words at once is it
/// waited for: what swallows everything in silence is no web server.
const PAGE_PATIENCE: Duration = Duration::from_secs(6);
/// How long an HTTP error waits for a TLS answer to the same port.
const TLS_GRACE: Duration = Duration::from_secs(1);

/// What a port turned out to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Identified {
    /// As facts name it; `None`: nothing made sense.
    pub(super) service: Option<&'static str>,
    /// TLS answered; what is inside is still to be found out.
    pub(super) tls: bool,
    /// What the service said when nothing was asked, or the first answer nobody understood.
    pub(super) banner: Vec<u8>,
}

struct Answer {
    words: FirstWords,
    bytes: Vec<u8>,
    service: Option<&'static str>,
    /// An error in plain HTTP may come from a port that wants TLS.
    doubtful: bool,
    /// The service said something, or closed the connection.
    reacted: bool,
}

/// Finds out what speaks. Through TLS when the port says so.
pub(super) async fn identify(port: &Port<'_>) -> Identified {
    let trip = port.host.round_trip.smoothed().unwrap_or_default();
    let order = Order::of(port.number, port.tls);
    let second = if order.greeted { SECOND_WAVE_AFTER_GREETED } else { SECOND_WAVE_AFTER } + trip * 4;
    let mut tls_pending = order.first.iter().any(|words| matches!(words, FirstWords::Tls));
    let mut answers = FuturesUnordered::new();
    for words in order.first {
        answers.push(attempt(port, words, Duration::ZERO, order.greeted));
    }
    for words in order.second {
        answers.push(attempt(port, words, second, order.greeted));
    }
    let mut found = Identified::default();
    let mut end = port.until;
    let (mut page_pending, mut reacted) = (true, false);
    while let Ok(Some(answer)) = timeout_at(end, answers.next()).await {
        tls_pending &= !matches!(answer.words, FirstWords::Tls);
        page_pending &= answer.words.name() != "http";
        reacted |= answer.reacted;
        let listened = matches!(answer.words, FirstWords::Listen);
        if !answer.bytes.is_empty() && (found.banner.is_empty() || listened) {
            found.banner.clone_from(&answer.bytes);
        }
        match answer.service {
            None if page_pending && answers.len() == 1 && !reacted => break,
            None => {}
            Some("tls") if matches!(answer.words, FirstWords::Tls) => {
                return Identified { tls: true, ..Identified::default() };
            }
            // It answers our plain words with a TLS alert; the hello settles it.
            Some("tls") => end = end.min(Instant::now() + TLS_GRACE + trip * 4),
            Some(service) => {
                found.service.get_or_insert(service);
                if !(listened || answer.bytes.is_empty()) {
                    // The answer to a question is no greeting.
                    found.banner.clear();
                }
                if !(answer.doubtful && tls_pending && !port.tls) {
                    return found;
                }
                end = end.min(Instant::now() + TLS_GRACE + trip * 4);
            }
        }
    }
    // The other questions hang up here.
    drop(answers);
    if found.service.is_none() && !port.tls && order.tls_expected && tls_alone(port).await {
        return Identified { tls: true, ..Identified::default() };
    }
    found
}

/// A hello with nobody beside it: a service that serves one client at a time never came to the
/// hello that waited behind the other questions.
async fn tls_alone(port: &Port<'_>) -> bool {
    let patience = ANSWER_PATIENCE + port.host.round_trip.smoothed().unwrap_or_default() * 4;
    let asking = async {
        let stream = port.open().await?;
        Some(speaks_tls(port, stream, port.until_after(patience)).await)
    };
    matches!(timeout_at(port.until_after(patience), asking).await, Ok(Some(true)))
}

async fn attempt(port: &Port<'_>, words: FirstWords, delay: Duration, greeted: bool) -> Answer {
    tokio::time::sleep(delay).await;
    let mut answer = Answer { words, bytes: Vec::new(), service: None, doubtful: false, reacted: false };
    let listens = matches!(words, FirstWords::Listen);
    let patience = match words.name() {
        "listen" if greeted => GREETING_PATIENCE,
        "http" => PAGE_PATIENCE,
        _ => ANSWER_PATIENCE,
    };
    let patience = patience + port.host.round_trip.smoothed().unwrap_or_default() * 4;
    let Some(mut stream) = port.open().await else { return answer };
    let until = port.until_after(patience);
    let sent = match words {
        FirstWords::Listen => Vec::new(),
        FirstWords::Probe(probe) => with_header(probe.name, probe.bytes(), port),
        FirstWords::Tls => {
            answer.service = speaks_tls(port, stream, until).await.then_some("tls");
            answer.reacted = Instant::now() < until;
            return answer;
        }
    };
    if !stream.send(&sent, until).await {
        return answer;
    }
    loop {
        let received = stream.read(&mut answer.bytes, until).await;
        let ended = received != Received::Bytes || answer.bytes.len() >= ANSWER_BYTES_MAX;
        answer.reacted |= received != Received::TimeUp;
        answer.service = if listens {
            probe::greeting(&answer.bytes, received == Received::Closed)
        } else if is_part_of_echo(&sent, &answer.bytes) && !ended {
            None
        } else {
            probe::recognise(words.name(), &sent, &answer.bytes)
        };
        if ended || answer.service.is_some() {
            answer.doubtful = answer.service == Some("http") && is_client_error(&answer.bytes);
            return answer;
        }
    }
}

/// The words of a web probe, with the header that every web request of the scan carries.
fn with_header(name: &str, words: Vec<u8>, port: &Port<'_>) -> Vec<u8> {
    match (name, &port.host.plan().header, words.strip_suffix(b"\r\n\r\n")) {
        ("http", Some(header), Some(head)) => {
            let line = format!("\r\n{}: {header}\r\n\r\n", ScanHeader::NAME);
            [head, line.as_bytes()].concat()
        }
        _ => words,
    }
}

/// More of our own words may be on the way back.
fn is_part_of_echo(sent: &[u8], received: &[u8]) -> bool {
    !received.is_empty() && received.len() < sent.len() && sent.starts_with(received)
}

fn is_client_error(answer: &[u8]) -> bool {
    answer.starts_with(b"HTTP/1.1 400") || answer.starts_with(b"HTTP/1.0 400")
}

/// Sends the hello of a browser and sees whether the answer is TLS.
async fn speaks_tls(port: &Port<'_>, mut stream: Stream, until: Instant) -> bool {
    let options =
        EnumerationOptions { random: port.random(), now: port.now, ..EnumerationOptions::default() };
    let Some(hello) = Enumeration::new(options).next_attempt() else { return false };
    if !stream.send(&hello.bytes, until).await {
        return false;
    }
    let mut flight = ServerFlight::new();
    loop {
        let mut bytes = Vec::new();
        let received = stream.read(&mut bytes, until).await;
        if received != Received::Bytes || flight.feed(&bytes) == Progress::Done {
            return flight.into_flight().is_tls();
        }
    }
}
