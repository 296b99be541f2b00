//! The single questions after the suites are known: whose order counts, fallback, tolerance of
//! versions, session identifiers, groups, signatures, application protocols, other names.

use std::collections::BTreeSet;

use palisade_model::fact::TlsVirtualHost;

use super::ask::{Ask, Question};
use super::chain::{Chain, Reply};
use super::evidence::Evidence;
use super::flaw::{self, Flaws, Ground};
use super::{EnumerationOptions, is_host_name};
use crate::tls::client_hello::SIGNATURE_ALGORITHMS;
use crate::tls::suite::describe_suite;
use crate::tls::{Alert, Flight, Version, certificate_facts, group, signature};

/// Suites offered when it does not matter which is chosen.
const SUITES_MAX: usize = 32;
/// Other names asked for, beside virtual names.
const NAMES_MAX: usize = 8;
/// What may run inside TLS, the commonest first.
pub const PROTOCOLS: [&str; 14] = [
    "h2",
    "http/1.1",
    "http/1.0",
    "spdy/3.1",
    "spdy/3",
    "imap",
    "pop3",
    "managesieve",
    "ftp",
    "xmpp-client",
    "xmpp-server",
    "dot",
    "mqtt",
    "postgresql",
];

/// What is still to be asked, and what was answered.
#[derive(Debug, Clone, Default)]
pub(super) struct FollowUp {
    asks: Vec<Question>,
    pub(super) fallback_scsv: Option<bool>,
    pub(super) version_tolerance: Option<bool>,
    /// The suite chosen from two, and from the same two turned round.
    chosen: [Option<u16>; 2],
    /// What a TLS 1.3 server went on with when there was nothing else to sign with.
    pub(super) signature_algorithms: BTreeSet<u16>,
    pub(super) alpn: Vec<&'static str>,
    pub(super) flaws: Flaws,
    /// The server's own certificates that were seen before other names were asked for.
    own: Vec<Vec<u8>>,
    /// Other names and their chains.
    shown: Vec<(String, Vec<Vec<u8>>)>,
}

impl FollowUp {
    pub(super) fn new(options: &EnumerationOptions, chains: &[Chain], evidence: &Evidence) -> Self {
        let accepted = |version: Version| -> Vec<u16> {
            chains
                .iter()
                .filter(|chain| chain.version == version)
                .flat_map(|chain| chain.accepted.iter().copied())
                .take(SUITES_MAX)
                .collect()
        };
        let versions: Vec<Version> = evidence
            .versions
            .iter()
            .copied()
            .filter(|version| !accepted(*version).is_empty())
            .rev()
            .collect();
        let mut asks = Vec::new();
        asks.extend(preference(chains, &versions));
        if let [_, version, ..] = *versions.as_slice() {
            asks.push(Question::Fallback { version, suites: accepted(version) });
        }
        if let Some(version) = versions.iter().copied().find(|version| *version <= Version::Tls12) {
            asks.push(Question::SessionId { version, suites: accepted(version) });
            asks.push(Question::Tolerance { suites: accepted(version) });
            let curves: Vec<u16> = accepted(version).into_iter().filter(|suite| is_ecdhe(*suite)).collect();
            if version > Version::Ssl3 && !curves.is_empty() {
                let groups = group::OFFERED_TO_TLS12.to_vec();
                asks.push(Question::Groups { version, suites: curves, groups });
            }
            if version > Version::Ssl3 {
                let (suites, protocols) = (accepted(version), PROTOCOLS.to_vec());
                asks.push(Question::Alpn { version, suites, protocols });
                for name in names(options, evidence) {
                    asks.push(Question::Name { version, suites: accepted(version), name });
                }
                let suites = accepted(version);
                let heartbeat = evidence.heartbeat == Some(true);
                let (chains, random) = (evidence.chains.as_slice(), options.random);
                let ground = Ground { version, suites: &suites, heartbeat, chains, random };
                asks.extend(flaw::first_questions(&ground));
            }
            let signed: Vec<u16> = accepted(version).into_iter().filter(|suite| is_signed(*suite)).collect();
            if version == Version::Tls12 && !signed.is_empty() {
                let algorithms = SIGNATURE_ALGORITHMS.to_vec();
                asks.push(Question::Signatures { version, suites: signed, algorithms });
            }
        }
        if versions.contains(&Version::Tls13) {
            let version = Version::Tls13;
            let groups = group::OFFERED_TO_TLS13.to_vec();
            asks.push(Question::Groups { version, suites: accepted(version), groups });
            for algorithm in signature::OF_TLS13 {
                let (suites, algorithms) = (accepted(version), vec![*algorithm]);
                asks.push(Question::Signatures { version, suites, algorithms });
            }
        }
        let own = evidence.chains.iter().filter_map(|chain| chain.first().cloned()).collect();
        Self { asks, own, ..Self::default() }
    }

    pub(super) fn first_asks(&mut self) -> Vec<Ask> {
        std::mem::take(&mut self.asks).into_iter().map(Ask::new).collect()
    }

    /// Takes an answer; gives the question that follows from it, if one does.
    pub(super) fn take_reply(&mut self, question: &Question, reply: &Reply) -> Option<Ask> {
        let hello = match reply {
            Reply::Hello(flight) => flight.hello.as_ref(),
            _ => None,
        };
        match question {
            Question::Preference { suites, turned, .. } => {
                let chosen = hello.map(|hello| hello.suite).filter(|suite| suites.contains(suite));
                let [straight, other] = &mut self.chosen;
                *(if *turned { other } else { straight }) = chosen;
            }
            Question::Fallback { .. } => match reply {
                Reply::Hello(_) => self.fallback_scsv = Some(false),
                Reply::Refusal(alert) if alert.description == Alert::INAPPROPRIATE_FALLBACK => {
                    self.fallback_scsv = Some(true);
                }
                _ => {}
            },
            Question::Tolerance { .. } => self.version_tolerance = Some(hello.is_some()),
            Question::Groups { version, suites, groups } => {
                if let Reply::Hello(flight) = reply {
                    return next_groups(*version, suites, groups, flight);
                }
            }
            Question::Signatures { version, suites, algorithms } => {
                if let Reply::Hello(flight) = reply {
                    return self.next_signatures(*version, suites, algorithms, flight);
                }
            }
            Question::Alpn { version, suites, protocols } => {
                let chosen = hello.and_then(|hello| hello.alpn.as_deref())?;
                let at = protocols.iter().position(|name| name.as_bytes() == chosen)?;
                let mut protocols = protocols.clone();
                self.alpn.push(protocols.remove(at));
                let (version, suites) = (*version, suites.clone());
                let more = !protocols.is_empty();
                return more.then(|| Ask::new(Question::Alpn { version, suites, protocols }));
            }
            Question::Name { name, .. } => {
                if let Reply::Hello(flight) = reply
                    && !flight.certificates.is_empty()
                {
                    self.shown.push((name.clone().unwrap_or_default(), flight.certificates.clone()));
                }
            }
            _ => {}
        }
        None
    }

    /// TLS 1.2: the same without the one it signed with. TLS 1.3 is asked for one at a time.
    fn next_signatures(
        &mut self,
        version: Version,
        suites: &[u16],
        algorithms: &[u16],
        flight: &Flight,
    ) -> Option<Ask> {
        if version == Version::Tls13 {
            let goes_on = flight
                .hello
                .as_ref()
                .is_some_and(|hello| !hello.retry && hello.version() == Some(Version::Tls13));
            self.signature_algorithms.extend(algorithms.iter().filter(|_| goes_on));
            return None;
        }
        let chosen = flight.signature_algorithm?;
        let left: Vec<u16> = algorithms.iter().copied().filter(|algorithm| *algorithm != chosen).collect();
        let shorter = left.len() < algorithms.len() && !left.is_empty();
        let suites = suites.to_vec();
        shorter.then(|| Ask::new(Question::Signatures { version, suites, algorithms: left }))
    }

    /// The names that were answered with a certificate of their own, in the order of the names.
    pub(super) fn virtual_hosts(&self, now: i64) -> Vec<TlsVirtualHost> {
        let mut hosts: Vec<TlsVirtualHost> = self
            .shown
            .iter()
            .filter(|(_, chain)| chain.first().is_some_and(|leaf| !self.own.contains(leaf)))
            .map(|(name, chain)| TlsVirtualHost {
                name: name.clone(),
                certificates: chain.iter().map(|der| certificate_facts(der, now)).collect(),
            })
            .collect();
        hosts.sort_by(|one, other| one.name.cmp(&other.name));
        hosts
    }

    /// The server's order counts when turning ours round changed nothing.
    pub(super) fn server_preference(&self) -> Option<bool> {
        match self.chosen {
            [Some(straight), Some(turned)] => Some(straight == turned),
            _ => None,
        }
    }
}

/// Two suites of one version, in both orders; TLS 1.2 and older first, where it matters more.
fn preference(chains: &[Chain], versions: &[Version]) -> Vec<Question> {
    let old = versions.iter().filter(|version| **version <= Version::Tls12);
    let new = versions.iter().filter(|version| **version > Version::Tls12);
    for version in old.chain(new).copied() {
        let of_version = chains.iter().filter(|chain| chain.version == version);
        let longest = of_version.max_by_key(|chain| chain.accepted.len());
        if let Some([first, second, ..]) = longest.map(|chain| chain.accepted.as_slice()) {
            let straight = vec![*first, *second];
            let turned = vec![*second, *first];
            return vec![
                Question::Preference { version, suites: straight, turned: false },
                Question::Preference { version, suites: turned, turned: true },
            ];
        }
    }
    Vec::new()
}

/// The same without the group the server chose.
fn next_groups(version: Version, suites: &[u16], groups: &[u16], flight: &Flight) -> Option<Ask> {
    use crate::tls::KeyExchange;
    let chosen = match (&flight.key_exchange, flight.hello.as_ref().and_then(|hello| hello.group)) {
        (Some(KeyExchange::Ecdh { group }), _) => *group,
        (_, group) => group?,
    };
    let left: Vec<u16> = groups.iter().copied().filter(|group| *group != chosen).collect();
    let shorter = left.len() < groups.len() && !left.is_empty();
    shorter.then(|| Ask::new(Question::Groups { version, suites: suites.to_vec(), groups: left }))
}

/// The names to ask for beside the one that was: none at all, those handed in, those of the
/// certificates. All virtual names, and so many others.
fn names(options: &EnumerationOptions, evidence: &Evidence) -> Vec<Option<String>> {
    let asked = options.server_name.as_deref().map(str::to_ascii_lowercase);
    let handed_in = options.virtual_names.iter().chain(&options.names);
    let mut names: Vec<String> = handed_in.map(|name| name.to_ascii_lowercase()).collect();
    for leaf in evidence.chains.iter().filter_map(|chain| chain.first()) {
        let facts = certificate_facts(leaf, options.now);
        let usable = facts.alternative_names.into_iter().chain(facts.common_name);
        names.extend(
            usable
                .map(|name| name.to_ascii_lowercase())
                .filter(|name| name.contains('.') && is_host_name(name)),
        );
    }
    let mut seen = BTreeSet::new();
    names.retain(|name| Some(name) != asked.as_ref() && seen.insert(name.clone()));
    names.truncate(options.virtual_names.len().saturating_add(NAMES_MAX));
    let without = asked.is_some().then_some(None);
    without.into_iter().chain(names.into_iter().map(Some)).collect()
}

fn is_signed(suite: u16) -> bool {
    let suite = describe_suite(Version::Tls12, suite);
    matches!(suite.key_exchange.as_str(), "ECDHE" | "DHE")
        && matches!(suite.authentication.as_str(), "RSA" | "ECDSA" | "DSS")
}

fn is_ecdhe(suite: u16) -> bool {
    describe_suite(Version::Tls12, suite).key_exchange == "ECDHE"
}
