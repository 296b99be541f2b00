//! Chains of suites: offer, take out what was chosen, offer the rest, until refused.
//!
//! Each version has one chain that goes first. When the server says that it does not have the
//! version at all, the other chains of the version are never asked.

use super::ask::{Ask, Question, sort_strong_first};
use crate::reader::Malformed;
use crate::tls::suite::{all_suites, describe_suite};
use crate::tls::{Alert, Flight, Version};

/// Suites in one hello; few enough for servers that give up on long ones to be rare.
const SUITES_MAX: usize = 64;
/// Suites in one hello for a server that gave up.
const SUITES_BARE_MAX: usize = 16;
/// Chains of one version that may go unanswered before the version is left alone.
const SILENCE_MAX: usize = 2;

/// What an answer comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    Hello(Box<Flight>),
    Ssl2(Box<Flight>),
    /// An alert instead of a hello.
    Refusal(Alert),
    /// Bytes that are not TLS, or no longer.
    Foreign,
    Closed,
    Silence,
}

impl Reply {
    pub(super) fn of(flight: Box<Flight>) -> Self {
        match (&flight.hello, &flight.ssl2, flight.alert) {
            (Some(_), _, _) => Self::Hello(flight),
            (None, Some(_), _) => Self::Ssl2(flight),
            (None, None, Some(alert)) => Self::Refusal(alert),
            (None, None, None) if flight.is_empty() || flight.malformed == Some(Malformed::Truncated) => {
                Self::Closed
            }
            (None, None, None) => Self::Foreign,
        }
    }

    /// The server read the hello to its end, whatever it thinks of it.
    pub(super) const fn is_understanding(&self) -> bool {
        match self {
            Self::Hello(_) => true,
            Self::Refusal(alert) => matches!(
                alert.description,
                Alert::HANDSHAKE_FAILURE | Alert::PROTOCOL_VERSION | Alert::INSUFFICIENT_SECURITY
            ),
            _ => false,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Not asked before the first chain of its version is answered.
    Held,
    Ready,
    UnderWay,
    Ended,
    /// Ended without any answer.
    Silent,
}

/// One family of suites with one version.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    pub(super) version: Version,
    /// In the order the server chose them.
    pub(super) accepted: Vec<u16>,
    /// Not offered in vain yet.
    left: Vec<u16>,
    bare: bool,
    state: State,
}

impl Chain {
    const fn new(version: Version, left: Vec<u16>, bare: bool) -> Self {
        Self { version, accepted: Vec::new(), left, bare, state: State::Held }
    }

    fn is_open(&self) -> bool {
        matches!(self.state, State::Held | State::Ready | State::UnderWay)
    }
}

/// All chains of all versions but SSLv2; the first of each version is ready.
pub(super) fn all_chains(bare: bool) -> Vec<Chain> {
    let suites_max = if bare { SUITES_BARE_MAX } else { SUITES_MAX };
    let mut chains = Vec::new();
    for version in [Version::Tls13, Version::Tls12, Version::Tls11, Version::Tls10, Version::Ssl3] {
        let mut first = true;
        for family in families(version) {
            for suites in family.chunks(suites_max) {
                let mut chain = Chain::new(version, suites.to_vec(), bare && version != Version::Tls13);
                if std::mem::take(&mut first) {
                    chain.state = State::Ready;
                }
                chains.push(chain);
            }
        }
    }
    chains
}

/// The questions of all chains that are ready.
pub(super) fn next_asks(chains: &mut [Chain]) -> Vec<Ask> {
    chains
        .iter_mut()
        .enumerate()
        .filter(|(_, chain)| chain.state == State::Ready)
        .map(|(at, chain)| {
            chain.state = State::UnderWay;
            Ask::new(Question::Suites {
                chain: at,
                version: chain.version,
                suites: chain.left.clone(),
                bare: chain.bare,
            })
        })
        .collect()
}

/// Works an answer into the chain it is for, and into the others of its version.
pub(super) fn take_reply(chains: &mut Vec<Chain>, at: usize, reply: &Reply, robust: bool) {
    let Some(chain) = chains.get_mut(at) else { return };
    let version = chain.version;
    match reply {
        Reply::Hello(flight) if let Some(hello) = &flight.hello => {
            if hello.version() != Some(version) {
                return end_version(chains, version);
            }
            match chain.left.iter().position(|suite| *suite == hello.suite) {
                Some(position) => {
                    chain.accepted.push(chain.left.remove(position));
                    chain.state = if chain.left.is_empty() { State::Ended } else { State::Ready };
                }
                // It takes no notice of what is offered; asking on would never end.
                None => chain.state = State::Ended,
            }
        }
        Reply::Refusal(alert) if alert.description == Alert::PROTOCOL_VERSION => {
            return end_version(chains, version);
        }
        _ => {
            let unheard = !robust && !reply.is_understanding() && !chain.bare && chain.accepted.is_empty();
            chain.state = if *reply == Reply::Silence { State::Silent } else { State::Ended };
            if unheard && version != Version::Tls13 {
                let left = std::mem::take(&mut chain.left);
                chains.extend(
                    left.chunks(SUITES_BARE_MAX).map(|some| Chain::new(version, some.to_vec(), true)),
                );
            }
        }
    }
    open_version(chains, version);
}

/// Lets the other chains of a version go, unless the server is plainly silent to it.
fn open_version(chains: &mut [Chain], version: Version) {
    let mut silent = 0;
    let mut accepted = false;
    for chain in chains.iter().filter(|chain| chain.version == version) {
        silent += usize::from(chain.state == State::Silent);
        accepted |= !chain.accepted.is_empty();
    }
    if silent >= SILENCE_MAX && !accepted {
        return end_version(chains, version);
    }
    for chain in chains.iter_mut().filter(|chain| chain.version == version && chain.state == State::Held) {
        chain.state = State::Ready;
    }
}

/// The server does not have the version: whatever is not under way is never asked.
fn end_version(chains: &mut [Chain], version: Version) {
    for chain in chains.iter_mut().filter(|chain| chain.version == version && chain.is_open()) {
        chain.state = State::Ended;
    }
}

/// The suites that go with a version, in families of alike encryption, strong ones first. Suites
/// that need a secret shared beforehand are families of their own: hardly any server has them.
fn families(version: Version) -> Vec<Vec<u16>> {
    let mut families = vec![Vec::new(); 5];
    for id in all_suites() {
        let suite = describe_suite(version, id);
        let tls13_only = suite.key_exchange == "ANY";
        let tls12_only = suite.mac == "AEAD" || matches!(suite.mac.as_str(), "SHA256" | "SHA384");
        let fits = match version {
            Version::Tls13 => tls13_only,
            Version::Tls12 => !tls13_only,
            _ => !tls13_only && !tls12_only,
        };
        let secret = matches!(suite.key_exchange.as_str(), "SRP" | "KRB5" | "ECCPWD")
            || suite.authentication == "PSK"
            || suite.key_exchange == "PSK";
        let family = match suite.encryption.as_str() {
            _ if secret => 4,
            "CHACHA20-POLY1305" | "AES-GCM" | "AES-CCM" | "AES-CCM-8" => 0,
            "AES-CBC" => 1,
            "RC4" | "RC2-CBC" | "DES-CBC" | "3DES-CBC" | "NULL" => 2,
            _ => 3,
        };
        if fits && let Some(members) = families.get_mut(if version == Version::Tls13 { 0 } else { family }) {
            members.push(id);
        }
    }
    families.retain(|family| !family.is_empty());
    for family in &mut families {
        sort_strong_first(family);
    }
    families
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_suite_is_asked_for_with_some_version() {
        let chains = all_chains(false);
        for id in all_suites() {
            assert!(chains.iter().any(|chain| chain.left.contains(&id)), "{id:04x}");
        }
        assert!(chains.iter().all(|chain| chain.left.len() <= SUITES_MAX));
    }

    #[test]
    fn each_version_starts_with_one_chain() {
        for bare in [false, true] {
            let mut chains = all_chains(bare);
            assert_eq!(next_asks(&mut chains).len(), 5);
            assert!(next_asks(&mut chains).is_empty());
        }
    }
}
