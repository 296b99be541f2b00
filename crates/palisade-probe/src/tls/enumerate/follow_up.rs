//! The single questions after the suites are known: whose order counts, fallback, tolerance of
//! versions, session identifiers, groups.

use super::ask::{Ask, Question};
use super::chain::{Chain, Reply};
use super::evidence::Evidence;
use crate::tls::suite::describe_suite;
use crate::tls::{Alert, Flight, Version, group};

/// Suites offered when it does not matter which is chosen.
const SUITES_MAX: usize = 32;

/// What is still to be asked, and what was answered.
#[derive(Debug, Clone, Default)]
pub(super) struct FollowUp {
    asks: Vec<Question>,
    pub(super) fallback_scsv: Option<bool>,
    pub(super) version_tolerance: Option<bool>,
    /// The suite chosen from two, and from the same two turned round.
    chosen: [Option<u16>; 2],
}

impl FollowUp {
    pub(super) fn new(chains: &[Chain], evidence: &Evidence) -> Self {
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
        }
        if versions.contains(&Version::Tls13) {
            let version = Version::Tls13;
            let groups = group::OFFERED_TO_TLS13.to_vec();
            asks.push(Question::Groups { version, suites: accepted(version), groups });
        }
        Self { asks, ..Self::default() }
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
            _ => {}
        }
        None
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

fn is_ecdhe(suite: u16) -> bool {
    describe_suite(Version::Tls12, suite).key_exchange == "ECDHE"
}
