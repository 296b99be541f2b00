//! Drives the enumeration of a TLS service: connections in parallel, and the certificate of a
//! service that shows it only inside TLS 1.3.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use palisade_kb::TlsDepth;
use palisade_model::fact::{TlsFacts, TlsVirtualHost};
use palisade_probe::starttls::{StartTls, Upgrade};
use palisade_probe::tls::flight::Progress;
use palisade_probe::tls::{
    Attempt, AttemptId, Enumeration, EnumerationDepth, EnumerationOptions, Flight, Outcome, PROTOCOLS,
    ReactionReader, ServerFlight, Verdict, certificate_facts,
};
use tokio::time::{Instant, timeout_at};

use super::port::Port;
use super::tls_trial;
use crate::stream::{Received, Stream};
use crate::trust;

/// Connections at the same time where TLS starts at once, and where a service of the plain kind
/// has to be talked into it (which costs it a process, often).
const PARALLEL: usize = 8;
const PARALLEL_UPGRADES: usize = 4;
/// For one flight.
const FLIGHT_PATIENCE: Duration = Duration::from_secs(3);
const UPGRADE_PATIENCE: Duration = Duration::from_secs(5);
/// The first pause before a service is asked again that has too many clients, and how often.
const CROWDED_PAUSE: Duration = Duration::from_millis(200);
const CROWDED_TRIES: usize = 4;
/// For what a server does after its flight: a sound one may well do nothing.
const REACTION_PATIENCE: Duration = Duration::from_secs(2);
/// For tickets, which come at once or not at all.
const TICKET_PATIENCE: Duration = Duration::from_millis(500);
/// Names asked for of a server that shows certificates only to a real client, beside virtual names.
const NAMES_MAX: usize = 4;
/// Application protocols that such a server is asked for one after the other.
const PROTOCOLS_MAX: usize = 6;

/// What the enumeration came to.
pub(super) struct Survey {
    pub(super) facts: TlsFacts,
    /// It came to its own end.
    pub(super) finished: bool,
}

/// Takes the TLS of a port apart; `None` when there is none. `names`: what the host is called.
pub(super) async fn survey(port: &Port<'_>, upgrade: Option<Upgrade>, names: &[String]) -> Option<Survey> {
    let options = EnumerationOptions {
        server_name: port.name.map(str::to_owned),
        names: names.to_vec(),
        virtual_names: port.virtual_names(),
        now: port.now,
        random: port.random(),
        starttls: upgrade.is_some(),
        depth: match port.host.plan().needs.tls_depth() {
            TlsDepth::Nothing | TlsDepth::Handshake => EnumerationDepth::Handshake,
            TlsDepth::Suites => EnumerationDepth::Suites,
            TlsDepth::Everything => EnumerationDepth::Everything,
        },
    };
    let everything = options.depth == EnumerationDepth::Everything;
    let mut enumeration = Enumeration::new(options);
    let finished = enumerate(port, upgrade, &mut enumeration).await;
    if enumeration.verdict() != Verdict::Tls {
        return None;
    }
    let mut resumption_tickets = None;
    let mut stapled = None;
    let hidden = enumeration.needs_certificates();
    if enumeration.speaks_tls13()
        && (hidden || everything)
        && let Some((mut stream, with_status)) = open_inside(port, upgrade, port.name, &[]).await
    {
        enumeration.add_certificates(&stream.certificates());
        stapled = Some(with_status);
        if everything {
            resumption_tickets = Some(stream.receives_tickets(port.until_after(TICKET_PATIENCE)).await);
        }
    }
    let mut facts = enumeration.finish();
    facts.resumption_tickets = resumption_tickets;
    if hidden && everything {
        facts.virtual_hosts = virtual_hosts(port, upgrade, &facts, names).await;
        facts.ocsp_stapled = stapled;
        facts.alpn = protocols(port, upgrade).await;
    }
    if everything {
        Box::pin(tls_trial::run(port, upgrade, &mut facts)).await;
    }
    if let (Some(leaf), Some(chain)) = (facts.certificates.first_mut(), enumeration.chains().first()) {
        leaf.trusted = trust::is_trusted(chain, leaf);
    }
    Some(Survey { facts, finished })
}

/// A stream on which the handshake of a real client is over, and whether an OCSP response came.
async fn open_inside(
    port: &Port<'_>,
    upgrade: Option<Upgrade>,
    name: Option<&str>,
    protocols: &[&str],
) -> Option<(Stream, bool)> {
    let stream = open_patiently(port, upgrade).await?;
    stream.into_tls_offering(port.host, name, protocols, port.until_after(FLIGHT_PATIENCE)).await
}

/// The application protocols that a server chooses which speaks TLS 1.3 only, its favourite first.
async fn protocols(port: &Port<'_>, upgrade: Option<Upgrade>) -> Vec<String> {
    let mut offered = PROTOCOLS.to_vec();
    let mut chosen = Vec::new();
    while let Some((stream, _)) = open_inside(port, upgrade, port.name, &offered).await {
        let Some(at) = stream
            .protocol()
            .and_then(|protocol| offered.iter().position(|name| name.as_bytes() == protocol))
        else {
            break;
        };
        chosen.push(offered.remove(at).to_owned());
        if offered.is_empty() || chosen.len() == PROTOCOLS_MAX {
            break;
        }
    }
    chosen
}

/// What a server that speaks TLS 1.3 only shows to who asks for another name, or for none.
async fn virtual_hosts(
    port: &Port<'_>,
    upgrade: Option<Upgrade>,
    facts: &TlsFacts,
    names: &[String],
) -> Vec<TlsVirtualHost> {
    let Some(own) = facts.certificates.first() else { return Vec::new() };
    let mut asked: Vec<Option<String>> = Vec::new();
    asked.extend(port.name.is_some().then_some(None));
    let virtual_names = port.virtual_names();
    let names_max = virtual_names.len().saturating_add(NAMES_MAX);
    let known = virtual_names.iter().chain(names).chain(&own.alternative_names);
    for name in known.map(|name| name.to_ascii_lowercase()) {
        let usable = name.contains('.') && !name.contains('*') && name.parse::<std::net::IpAddr>().is_err();
        if usable && port.name.is_none_or(|first| !name.eq_ignore_ascii_case(first)) {
            let name = Some(name);
            if asked.len() < names_max && !asked.contains(&name) {
                asked.push(name);
            }
        }
    }
    let mut hosts = Vec::new();
    for name in asked {
        let Some((stream, _)) = open_inside(port, upgrade, name.as_deref(), &[]).await else { continue };
        let certificates: Vec<_> =
            stream.certificates().iter().map(|der| certificate_facts(der, port.now)).collect();
        if certificates.first().is_some_and(|leaf| leaf.sha256 != own.sha256) {
            hosts.push(TlsVirtualHost { name: name.unwrap_or_default(), certificates });
        }
    }
    hosts
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
            Ok(None) => return enumeration.is_finished() && !enumeration.is_cut_short(),
            Err(_) => return false,
        }
    }
}

async fn make(port: &Port<'_>, upgrade: Option<Upgrade>, attempt: Attempt) -> (AttemptId, Outcome) {
    let outcome = match open_patiently(port, upgrade).await {
        None => Outcome::Refused,
        Some(stream) => exchange(port, stream, &attempt).await,
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

/// The same of a service that did switch before: one that does not has too many clients at the
/// moment, and is given time to get rid of them.
pub(super) async fn open_patiently(port: &Port<'_>, upgrade: Option<Upgrade>) -> Option<Stream> {
    let mut pause = CROWDED_PAUSE;
    for _ in 0..CROWDED_TRIES {
        let stream = open(port, upgrade).await;
        if stream.is_some() || upgrade.is_none() || Instant::now() + pause >= port.until {
            return stream;
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
    open(port, upgrade).await
}

/// Whether the service switches to TLS when asked.
pub(super) async fn switches(port: &Port<'_>, upgrade: Upgrade) -> bool {
    open(port, Some(upgrade)).await.is_some()
}

async fn exchange(port: &Port<'_>, mut stream: Stream, attempt: &Attempt) -> Outcome {
    let until = port.until_after(FLIGHT_PATIENCE);
    if !stream.send(&attempt.bytes, until).await {
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
                    let flight = Box::new(flight.into_flight());
                    return match &attempt.follow {
                        Some(follow) if flight.complete => follow_up(port, stream, flight, follow).await,
                        _ => Outcome::Flight(flight),
                    };
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

/// Sends what is to follow the flight, and reads the beginning of what comes of it.
async fn follow_up(port: &Port<'_>, mut stream: Stream, flight: Box<Flight>, follow: &[u8]) -> Outcome {
    let until = port.until_after(REACTION_PATIENCE);
    let mut reaction = ReactionReader::new();
    if !stream.send(follow, until).await {
        return Outcome::Followed(flight, reaction.finish(true));
    }
    loop {
        let mut bytes = Vec::new();
        match stream.read(&mut bytes, until).await {
            Received::Bytes if reaction.feed(&bytes) == Progress::NeedMore => {}
            Received::Bytes => return Outcome::Followed(flight, reaction.finish(false)),
            Received::Closed => return Outcome::Followed(flight, reaction.finish(true)),
            Received::TimeUp | Received::TooMuch => {
                return Outcome::Followed(flight, reaction.finish(false));
            }
        }
    }
}
