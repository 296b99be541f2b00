//! What speaks on an open port: several first words at once, the first answer that makes sense.
//!
//! The questions that a port number makes likely are asked at once and beside listening, so that
//! neither a service that speaks first nor one that waits costs a wait. Everything else follows
//! only when those stayed without an answer. A port is what answered, never what its number says.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use palisade_probe::tls::flight::Progress;
use palisade_probe::tls::{Enumeration, EnumerationOptions, ServerFlight};
use tokio::time::{Instant, timeout_at};

use super::first_words::FirstWords;
use super::port::Port;
use super::recognise::{Recognised, recognise};
use crate::stream::Received;

/// Answers are recognised by less.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// The less likely questions wait for the likely ones.
const SECOND_WAVE_AFTER: Duration = Duration::from_millis(700);
/// A greeting service gets more, because it may look our name up before it greets.
const SECOND_WAVE_AFTER_GREETED: Duration = Duration::from_millis(1_200);
const ANSWER_PATIENCE: Duration = Duration::from_millis(1_200);
const GREETING_PATIENCE: Duration = Duration::from_secs(6);
/// How long an HTTP error waits for a TLS answer to the same port.
const TLS_GRACE: Duration = Duration::from_millis(1_000);

/// What a port turned out to be.
#[derive(Debug, Clone, Default)]
pub(super) struct Identified {
    /// `None`: nothing made sense.
    pub(super) recognised: Option<Recognised>,
    /// TLS answered; what is inside is still to be found out.
    pub(super) tls: bool,
    /// What the service said when nothing was asked, or the first answer nobody understood.
    pub(super) banner: Vec<u8>,
}

struct Answer {
    words: FirstWords,
    bytes: Vec<u8>,
    recognised: Option<Recognised>,
    tls: bool,
}

/// Finds out what speaks. Through TLS when the port says so.
pub(super) async fn identify(port: &Port<'_>) -> Identified {
    let trip = port.host.round_trip.smoothed().unwrap_or_default();
    let greeted = FirstWords::is_greeted(port.port, port.tls);
    let second = if greeted { SECOND_WAVE_AFTER_GREETED } else { SECOND_WAVE_AFTER } + trip * 4;
    let likely = FirstWords::likely(port.port, port.tls);
    let mut answers = FuturesUnordered::new();
    for words in likely {
        answers.push(attempt(port, *words, Duration::ZERO, greeted));
    }
    for words in FirstWords::COMMON.iter().chain(&FirstWords::RARE) {
        if !likely.contains(words) && !(port.tls && *words == FirstWords::Tls) {
            answers.push(attempt(port, *words, second, greeted));
        }
    }
    let mut found = Identified::default();
    let mut tls_pending = answers.len() > 0 && likely.contains(&FirstWords::Tls);
    let mut end = port.until;
    while let Ok(Some(answer)) = timeout_at(end, answers.next()).await {
        tls_pending &= answer.words != FirstWords::Tls;
        if answer.tls {
            found.tls = true;
            found.recognised = None;
            return found;
        }
        if found.banner.is_empty() || (answer.words == FirstWords::Listen && !answer.bytes.is_empty()) {
            found.banner.clone_from(&answer.bytes);
        }
        let Some(recognised) = answer.recognised else { continue };
        // Web servers complain in plain HTTP on their TLS port.
        let doubtful = recognised.doubtful && !port.tls && tls_pending;
        found.recognised.get_or_insert(recognised);
        if !doubtful {
            return found;
        }
        end = end.min(Instant::now() + TLS_GRACE + trip * 4);
    }
    found
}

async fn attempt(port: &Port<'_>, words: FirstWords, delay: Duration, greeted: bool) -> Answer {
    tokio::time::sleep(delay).await;
    let nothing = Answer { words, bytes: Vec::new(), recognised: None, tls: false };
    let patience = if words == FirstWords::Listen && greeted { GREETING_PATIENCE } else { ANSWER_PATIENCE };
    let patience = patience + port.host.round_trip.smoothed().unwrap_or_default() * 4;
    let Some(mut stream) = port.open().await else { return nothing };
    let until = port.until_after(patience);
    let nonce = u16::from_be_bytes(port.random());
    let Some(sent) = words.bytes(&port.authority(), nonce) else {
        return Answer { tls: speaks_tls(port, stream, until).await, ..nothing };
    };
    if !stream.send(&sent, until).await {
        return nothing;
    }
    let mut bytes = Vec::new();
    loop {
        let received = stream.read(&mut bytes, until).await;
        let ended = received != Received::Bytes || bytes.len() >= ANSWER_BYTES_MAX;
        let recognised = recognise(words, &sent, &bytes, nonce, ended);
        if ended || recognised.is_some() {
            return Answer { bytes, recognised, ..nothing };
        }
    }
}

/// Sends the hello of a browser and sees whether the answer is TLS.
async fn speaks_tls(port: &Port<'_>, mut stream: crate::stream::Stream, until: Instant) -> bool {
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
