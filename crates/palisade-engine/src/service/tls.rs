//! Drives the enumeration of a TLS service: connections in parallel, and the certificate of a
//! service that shows it only inside TLS 1.3.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use palisade_kb::TlsDepth;
use palisade_model::fact::TlsFacts;
use palisade_probe::starttls::{StartTls, Upgrade};
use palisade_probe::tls::flight::Progress;
use palisade_probe::tls::{
    Attempt, AttemptId, Enumeration, EnumerationDepth, EnumerationOptions, Outcome, ServerFlight, Verdict,
};
use tokio::time::timeout_at;

use super::port::Port;
use crate::stream::{Received, Stream};
use crate::trust;

/// Connections at the same time where TLS starts at once, and where a service of the plain kind
/// has to be talked into it (which costs it a process, often).
const PARALLEL: usize = 8;
const PARALLEL_UPGRADES: usize = 4;
/// For one flight.
const FLIGHT_PATIENCE: Duration = Duration::from_secs(3);
const UPGRADE_PATIENCE: Duration = Duration::from_secs(5);

/// What the enumeration came to.
pub(super) struct Survey {
    pub(super) facts: TlsFacts,
    /// It came to its own end.
    pub(super) finished: bool,
}

/// Takes the TLS of a port apart; `None` when there is none.
pub(super) async fn survey(port: &Port<'_>, upgrade: Option<Upgrade>) -> Option<Survey> {
    let options = EnumerationOptions {
        server_name: port.name.map(str::to_owned),
        now: port.now,
        random: port.random(),
        starttls: upgrade.is_some(),
        depth: match port.host.plan().needs.tls_depth() {
            TlsDepth::Nothing | TlsDepth::Handshake => EnumerationDepth::Handshake,
            TlsDepth::Suites => EnumerationDepth::Suites,
            TlsDepth::Everything => EnumerationDepth::Everything,
        },
    };
    let mut enumeration = Enumeration::new(options);
    let finished = enumerate(port, upgrade, &mut enumeration).await;
    if enumeration.verdict() != Verdict::Tls {
        return None;
    }
    if enumeration.needs_certificates()
        && let Some(stream) = open(port, upgrade).await
        && let Some(stream) = stream.into_tls(port.host, port.name, port.until_after(FLIGHT_PATIENCE)).await
    {
        enumeration.add_certificates(&stream.certificates());
    }
    let mut facts = enumeration.finish();
    if let (Some(leaf), Some(chain)) = (facts.certificates.first_mut(), enumeration.chains().first()) {
        leaf.trusted = trust::is_trusted(chain, leaf);
    }
    Some(Survey { facts, finished })
}

/// Whether it came to its end in time.
async fn enumerate(port: &Port<'_>, upgrade: Option<Upgrade>, enumeration: &mut Enumeration) -> bool {
    let parallel = if upgrade.is_some() { PARALLEL_UPGRADES } else { PARALLEL };
    let mut running = FuturesUnordered::new();
    loop {
        while running.len() < parallel
            && let Some(attempt) = enumeration.next_attempt()
        {
            running.push(make(port, upgrade, attempt));
        }
        match timeout_at(port.until, running.next()).await {
            Ok(Some((id, outcome))) => enumeration.answer(id, outcome),
            Ok(None) => return enumeration.is_finished(),
            Err(_) => return false,
        }
    }
}

async fn make(port: &Port<'_>, upgrade: Option<Upgrade>, attempt: Attempt) -> (AttemptId, Outcome) {
    let outcome = match open(port, upgrade).await {
        None => Outcome::Refused,
        Some(stream) => exchange(port, stream, &attempt.bytes).await,
    };
    (attempt.id, outcome)
}

/// A plain stream on which a handshake may start.
async fn open(port: &Port<'_>, upgrade: Option<Upgrade>) -> Option<Stream> {
    let mut stream = Stream::connect(port.host, port.number).await?;
    if let Some(upgrade) = upgrade {
        let mut asking = StartTls::new(upgrade);
        stream.converse(&mut asking, UPGRADE_PATIENCE, port.until).await;
        if asking.accepted() != Some(true) {
            return None;
        }
    }
    Some(stream)
}

/// Whether the service switches to TLS when asked.
pub(super) async fn switches(port: &Port<'_>, upgrade: Upgrade) -> bool {
    open(port, Some(upgrade)).await.is_some()
}

async fn exchange(port: &Port<'_>, mut stream: Stream, hello: &[u8]) -> Outcome {
    let until = port.until_after(FLIGHT_PATIENCE);
    if !stream.send(hello, until).await {
        return Outcome::Closed;
    }
    let mut flight = ServerFlight::new();
    let mut anything = false;
    loop {
        let mut bytes = Vec::new();
        match stream.read(&mut bytes, until).await {
            Received::Bytes => {
                anything = true;
                if flight.feed(&bytes) == Progress::Done {
                    return Outcome::Flight(Box::new(flight.into_flight()));
                }
            }
            Received::Closed if !anything => return Outcome::Closed,
            Received::TimeUp if !anything => return Outcome::Timeout,
            Received::Closed | Received::TimeUp | Received::TooMuch => {
                return Outcome::Flight(Box::new(flight.into_flight()));
            }
        }
    }
}
