//! What speaks on an open port: several first words at once, the first answer that makes sense.
//!
//! Words go out in waves ([`Order`]): the likely questions beside listening, then the tongues in
//! which most give themselves away, then binary ones. A wave follows when the one before stayed
//! without an answer; what was asked before may still answer then. A port is what answered, never
//! what its number says.
//!
//! How long a wave waits follows from the host's round trip. The connections are counted: see
//! [`first_words`](super::first_words).

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use palisade_model::ScanHeader;
use palisade_probe::identify::{self as probe, Seen};
use palisade_probe::tls::flight::Progress;
use palisade_probe::tls::{Enumeration, EnumerationOptions, ServerFlight};
use tokio::time::{Instant, timeout_at};

use super::first_words::{FirstWords, Order, PARALLEL};
use super::port::Port;
use crate::stream::{Received, Stream};

/// Answers are recognised by less.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// The less likely questions wait for the likely ones, and four round trips.
const WAVE_AFTER: Duration = Duration::from_millis(400);
/// A greeting service gets more, because it may look our name up before it greets.
const WAVE_AFTER_GREETED: Duration = Duration::from_millis(1_200);
const ANSWER_PATIENCE: Duration = Duration::from_millis(1_200);
const GREETING_PATIENCE: Duration = Duration::from_secs(6);
/// A front page may take its time, but only where something reacts to other words at once is it
/// waited for: what swallows everything in silence is no web server.
const PAGE_PATIENCE: Duration = Duration::from_secs(6);
/// How long an HTTP error waits for a TLS answer to the same port.
const TLS_GRACE: Duration = Duration::from_secs(1);
/// The port of the service that throws everything away, as RFC 863 has it.
const DISCARD: u16 = 9;
const DISCARD_PATIENCE: Duration = Duration::from_millis(300);

/// What a port turned out to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Identified {
    /// `None`: nothing made sense.
    pub(super) seen: Option<Seen>,
    /// The question that was answered; empty when the service spoke first.
    pub(super) asked: &'static str,
    /// TLS answered; what is inside is still to be found out.
    pub(super) tls: bool,
    /// What the service said when nothing was asked, or the first answer nobody understood.
    pub(super) banner: Vec<u8>,
}

struct Answer {
    words: FirstWords,
    bytes: Vec<u8>,
    seen: Option<Seen>,
    /// An error in plain HTTP may come from a port that wants TLS.
    doubtful: bool,
    /// The service said something, or closed the connection.
    reacted: bool,
}

/// What was learnt of a port so far, and what is still to be said to it.
struct Search {
    order: Order,
    /// Waves that have begun.
    begun: u8,
    /// There is another wave.
    more: bool,
    /// When the next one follows, whatever is still waited for.
    wave_until: Instant,
    /// Words of the current wave that may still be answered, not counting listening.
    waiting: usize,
    tls_pending: bool,
    page_pending: bool,
    /// Something answered or hung up when it was spoken to.
    reacted: bool,
    /// It hung up before a word was said.
    hung_up: bool,
    /// It said something by itself, so that binary questions are in vain.
    talks: bool,
    /// The moment when what is found has to do.
    end: Instant,
    trip: Duration,
    found: Identified,
}

impl Search {
    fn new(port: &Port<'_>) -> Self {
        Self {
            order: Order::of(port.number, port.tls, &port.host.plan().needs),
            begun: 0,
            more: true,
            wave_until: Instant::now(),
            waiting: 0,
            tls_pending: false,
            page_pending: false,
            reacted: false,
            hung_up: false,
            talks: false,
            end: port.until,
            trip: port.host.round_trip.smoothed().unwrap_or_default(),
            found: Identified::default(),
        }
    }

    /// Another wave is due: the time of the last one is up, or nobody is left to answer.
    fn wave_is_due(&self, now: Instant) -> bool {
        let waits_for_greeting = self.begun == 1 && self.order.greeted;
        let answered = self.waiting == 0 && !waits_for_greeting;
        self.more && self.found.seen.is_none() && (now >= self.wave_until || answered)
    }

    /// Begins the next wave and gives its words.
    fn next_wave(&mut self, now: Instant) -> Vec<FirstWords> {
        self.begun += 1;
        let words = match self.begun {
            1 => std::mem::take(&mut self.order.likely),
            2 => std::mem::take(&mut self.order.general),
            // What hangs up before a word was said will not be talked into anything.
            _ if self.hung_up => self.no_more(now),
            3 if self.reacted => Vec::new(),
            3 => std::mem::take(&mut self.order.quiet),
            _ if self.reacted && !self.talks && !self.order.picky.is_empty() => {
                let several = PARALLEL.min(self.order.picky.len());
                self.order.picky.drain(..several).collect()
            }
            _ => self.no_more(now),
        };
        let wait = if self.order.greeted && self.begun == 1 { WAVE_AFTER_GREETED } else { WAVE_AFTER };
        self.wave_until = now + wait + self.trip * 4;
        self.waiting = words.iter().filter(|words| !matches!(words, FirstWords::Listen)).count();
        self.tls_pending |= words.iter().any(|words| matches!(words, FirstWords::Tls));
        self.page_pending |= words.iter().any(|words| words.name() == "http");
        words
    }

    /// The last to answer get what an answer takes; a page its time only where something lives.
    fn no_more(&mut self, now: Instant) -> Vec<FirstWords> {
        self.more = false;
        let patience = match () {
            () if self.order.greeted => GREETING_PATIENCE,
            () if self.reacted && self.page_pending => PAGE_PATIENCE,
            () => ANSWER_PATIENCE,
        };
        self.hurry(now, patience);
        Vec::new()
    }

    fn hurry(&mut self, now: Instant, patience: Duration) {
        self.end = self.end.min(now + patience + self.trip * 4);
    }

    /// Takes one answer in; whether the search is over.
    fn take(&mut self, answer: Answer, through_tls: bool) -> bool {
        let listened = matches!(answer.words, FirstWords::Listen);
        self.waiting = self.waiting.saturating_sub(usize::from(!listened));
        self.tls_pending &= !matches!(answer.words, FirstWords::Tls);
        self.page_pending &= answer.words.name() != "http";
        self.reacted |= answer.reacted && !listened;
        self.hung_up |= answer.reacted && listened && answer.bytes.is_empty();
        self.talks |= listened && !answer.bytes.is_empty();
        if !answer.bytes.is_empty() && (self.found.banner.is_empty() || listened) {
            self.found.banner.clone_from(&answer.bytes);
        }
        let Some(seen) = answer.seen else { return false };
        if seen.service == "tls" {
            if matches!(answer.words, FirstWords::Tls) {
                self.found = Identified { tls: true, ..Identified::default() };
                return true;
            }
            // It answers our plain words with a TLS alert; the hello settles it.
            self.hurry(Instant::now(), TLS_GRACE);
            return false;
        }
        if self.found.seen.is_none() {
            self.found.seen = Some(seen);
            self.found.asked = if listened { "" } else { answer.words.name() };
        }
        let greets = self.found.seen.as_ref().is_some_and(|seen| seen.service == "ssh");
        if !(listened || greets || answer.bytes.is_empty()) {
            // The answer to a question is no greeting.
            self.found.banner.clear();
        }
        self.hurry(Instant::now(), TLS_GRACE);
        !(answer.doubtful && self.tls_pending && !through_tls)
    }
}

/// Finds out what speaks. Through TLS when the port says so.
pub(super) async fn identify(port: &Port<'_>) -> Identified {
    let mut search = Search::new(port);
    let greeted = search.order.greeted;
    let mut running = FuturesUnordered::new();
    loop {
        let now = Instant::now();
        if search.wave_is_due(now) {
            running.extend(search.next_wave(now).into_iter().map(|words| attempt(port, words, greeted)));
            continue;
        }
        let more = search.more && search.found.seen.is_none();
        if now >= search.end || (running.is_empty() && !more) {
            break;
        }
        if running.is_empty() {
            // The greeting did not come, and nobody else was asked.
            search.wave_until = now;
            continue;
        }
        let until = if more { search.wave_until.min(search.end) } else { search.end };
        if let Ok(Some(answer)) = timeout_at(until, running.next()).await
            && search.take(answer, port.tls)
        {
            return search.found;
        }
    }
    // The other questions hang up here.
    drop(running);
    let (reacted, mut found) = (search.reacted || search.hung_up, search.found);
    if found.seen.is_none() && !port.tls && search.order.tls_expected && tls_alone(port).await {
        return Identified { tls: true, ..Identified::default() };
    }
    let silent = !reacted && found.banner.is_empty();
    if found.seen.is_none() && silent && port.number == DISCARD && throws_away(port).await {
        found.seen = Some("discard".into());
    }
    found
}

/// The evidence for a service that throws everything away, once it has swallowed a page request, a
/// TLS hello and plain lines without a word: it takes more lines, and ends when we end. Others do so
/// too (a log, a meter), which is why only the port of RFC 863 is looked at in this way.
async fn throws_away(port: &Port<'_>) -> bool {
    let Some(mut stream) = port.open().await else { return false };
    let patience = DISCARD_PATIENCE + port.host.round_trip.smoothed().unwrap_or_default() * 4;
    let mut bytes = Vec::new();
    if !stream.send(b"one line\r\nand another\r\n", port.until_after(patience)).await
        || stream.read(&mut bytes, port.until_after(patience)).await != Received::TimeUp
    {
        return false;
    }
    stream.finish_sending(port.until_after(patience)).await;
    stream.read(&mut bytes, port.until_after(patience)).await == Received::Closed && bytes.is_empty()
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

async fn attempt(port: &Port<'_>, words: FirstWords, greeted: bool) -> Answer {
    let mut answer = Answer { words, bytes: Vec::new(), seen: None, doubtful: false, reacted: false };
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
            answer.seen = speaks_tls(port, stream, until).await.then(|| "tls".into());
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
        answer.seen = if listens {
            probe::greeting(&answer.bytes, received == Received::Closed)
        } else if is_part_of_echo(&sent, &answer.bytes) && !ended {
            None
        } else {
            probe::recognise(words.name(), &sent, &answer.bytes)
        };
        if ended || answer.seen.is_some() {
            let http = answer.seen.as_ref().is_some_and(|seen| seen.service == "http");
            answer.doubtful = http && is_client_error(&answer.bytes);
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
