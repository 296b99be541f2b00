//! One question of an enumeration and the hello that asks it.

use super::EnumerationOptions;
use super::flaw::Trial;
use crate::tls::client_hello::{ClientHello, KeyShare, SIGNATURE_ALGORITHMS};
use crate::tls::suite::{RENEGOTIATION_SCSV, all_suites, describe_suite};
use crate::tls::{Version, group, sslv2};

/// The version number of a hello from the future.
const FUTURE_VERSION: u16 = 0x03ff;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Question {
    /// As a browser would begin: TLS 1.3 and older, the usual suites.
    First,
    /// The same, small and old.
    Rescue {
        version: Version,
    },
    Ssl2,
    /// The rest of a chain.
    Suites {
        chain: usize,
        version: Version,
        suites: Vec<u16>,
        bare: bool,
    },
    /// One of two orders of the same two suites; `turned` is the second.
    Preference {
        version: Version,
        suites: Vec<u16>,
        turned: bool,
    },
    Fallback {
        version: Version,
        suites: Vec<u16>,
    },
    Tolerance {
        suites: Vec<u16>,
    },
    /// A hello that knows no tickets, so that a session identifier is the only way to resume.
    SessionId {
        version: Version,
        suites: Vec<u16>,
    },
    Groups {
        version: Version,
        suites: Vec<u16>,
        groups: Vec<u16>,
    },
    /// What the server signs with.
    Signatures {
        version: Version,
        suites: Vec<u16>,
        algorithms: Vec<u16>,
    },
    /// Which application protocol it chooses.
    Alpn {
        version: Version,
        suites: Vec<u16>,
        protocols: Vec<&'static str>,
    },
    /// What it shows to who asks for another name, or for none.
    Name {
        version: Version,
        suites: Vec<u16>,
        name: Option<String>,
    },
    /// What it does after its flight.
    Trial {
        version: Version,
        suites: Vec<u16>,
        trial: Trial,
    },
}

/// A question and how often it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ask {
    pub(super) question: Question,
    pub(super) tries: u8,
}

impl Ask {
    pub(super) const fn new(question: Question) -> Self {
        Self { question, tries: 0 }
    }

    /// Sent with all extensions and compression offered, so that their absence in an answer says
    /// something.
    pub(super) fn is_full(&self) -> bool {
        match &self.question {
            Question::First => true,
            Question::Suites { version, bare, .. } => !*bare && *version >= Version::Tls10,
            _ => false,
        }
    }

    /// DEFLATE was offered. TLS 1.3 forbids to, so the first hello does not.
    pub(super) fn offers_compression(&self) -> bool {
        matches!(
            &self.question,
            Question::Suites { version, .. } if *version != Version::Tls13
        )
    }

    /// Secure renegotiation was offered, by extension or signal.
    pub(super) fn offers_renegotiation(&self) -> bool {
        self.is_full() || matches!(&self.question, Question::Suites { .. } | Question::Rescue { .. })
    }

    /// A stapled OCSP response was asked for.
    pub(super) fn offers_status(&self) -> bool {
        matches!(&self.question, Question::Suites { .. }) && self.is_full()
    }

    /// What is sent when the server's first flight is over.
    pub(super) fn follow(&self) -> Option<Vec<u8>> {
        match &self.question {
            Question::Trial { version, trial, .. } => Some(trial.to_bytes(*version)),
            _ => None,
        }
    }

    /// No session ticket was offered.
    pub(super) const fn wants_session_id(&self) -> bool {
        matches!(self.question, Question::SessionId { .. })
    }

    pub(super) fn to_bytes(&self, options: &EnumerationOptions, attempt: u32) -> Vec<u8> {
        let random = vary(options.random, attempt);
        let name = options.server_name.as_deref();
        match &self.question {
            Question::First => first(name, random),
            Question::Rescue { version } => bare(*version, &with_scsv(&usual_suites(Version::Tls10)), random),
            Question::Ssl2 => {
                let mut challenge = [0; 16];
                challenge.iter_mut().zip(random).for_each(|(to, from)| *to = from);
                sslv2::client_hello(challenge)
            }
            Question::Suites { version, suites, bare: true, .. } => {
                bare(*version, &with_scsv(suites), random)
            }
            Question::Suites { version: Version::Ssl3, suites, .. } => {
                bare(Version::Ssl3, &with_scsv(suites), random)
            }
            Question::Suites { version, suites, .. } => {
                let mut hello = ClientHello::new(*version, suites, random);
                hello.server_name = name;
                if *version != Version::Tls13 {
                    hello.compression = &[1, 0];
                    hello.session_ticket = true;
                    hello.status_request = true;
                }
                hello.key_share = share(hello.key_share);
                hello.to_bytes()
            }
            Question::Preference { version, suites, .. } | Question::SessionId { version, suites } => {
                let mut hello = ClientHello::new(*version, suites, random);
                hello.server_name = name;
                hello.key_share = share(hello.key_share);
                hello.to_bytes()
            }
            Question::Fallback { version, suites } => {
                let mut hello = ClientHello::new(*version, suites, random);
                hello.server_name = name;
                hello.fallback_scsv = true;
                hello.to_bytes()
            }
            Question::Tolerance { suites } => {
                let mut hello = ClientHello::new(Version::Tls12, suites, random);
                hello.server_name = name;
                hello.version = FUTURE_VERSION;
                hello.to_bytes()
            }
            Question::Signatures { version, suites, algorithms } => {
                let mut hello = ClientHello::new(*version, suites, random);
                hello.server_name = name;
                hello.signature_algorithms = algorithms;
                hello.key_share = share(hello.key_share);
                hello.to_bytes()
            }
            Question::Alpn { version, suites, protocols } => {
                let mut hello = ClientHello::new(*version, suites, random);
                hello.server_name = name;
                hello.alpn = protocols;
                hello.to_bytes()
            }
            Question::Name { version, suites, name } => {
                let mut hello = ClientHello::new(*version, suites, random);
                hello.server_name = name.as_deref();
                hello.to_bytes()
            }
            Question::Trial { version, suites, .. } => {
                let mut hello = ClientHello::new(*version, suites, random);
                hello.server_name = name;
                hello.to_bytes()
            }
            Question::Groups { version, suites, groups } => {
                let mut hello = ClientHello::new(*version, suites, random);
                hello.server_name = name;
                hello.groups = groups;
                if *version == Version::Tls13 {
                    hello.key_share = KeyShare::Empty;
                }
                hello.to_bytes()
            }
        }
    }
}

/// The three small hellos for a server that did not answer the first.
pub(super) fn rescue() -> [Ask; 3] {
    [
        Ask::new(Question::Rescue { version: Version::Tls10 }),
        Ask::new(Question::Rescue { version: Version::Ssl3 }),
        Ask::new(Question::Ssl2),
    ]
}

fn first(name: Option<&str>, random: [u8; 32]) -> Vec<u8> {
    let suites = usual_suites(Version::Tls13);
    let mut hello = ClientHello::new(Version::Tls12, &suites, random);
    hello.server_name = name;
    hello.supported_versions = &[0x0304, 0x0303, 0x0302, 0x0301];
    hello.signature_algorithms = SIGNATURE_ALGORITHMS;
    hello.groups = group::OFFERED_FIRST;
    hello.key_share = share(KeyShare::X25519(random));
    hello.session_ticket = true;
    hello.status_request = true;
    hello.to_bytes()
}

fn bare(version: Version, suites: &[u16], random: [u8; 32]) -> Vec<u8> {
    let mut hello = ClientHello::new(version, suites, random);
    hello.extensions = false;
    hello.compression = &[1, 0];
    hello.to_bytes()
}

fn with_scsv(suites: &[u16]) -> Vec<u16> {
    suites.iter().copied().chain([RENEGOTIATION_SCSV]).collect()
}

/// What nearly every server has one of, some forty; without those newer than `version`.
fn usual_suites(version: Version) -> Vec<u16> {
    let mut suites: Vec<u16> = all_suites()
        .filter(|id| {
            let suite = describe_suite(version, *id);
            if suite.key_exchange == "ANY" {
                return version >= Version::Tls13;
            }
            let usual = matches!(
                suite.encryption.as_str(),
                "AES-GCM" | "AES-CBC" | "CHACHA20-POLY1305" | "3DES-CBC" | "RC4"
            ) && matches!(suite.key_exchange.as_str(), "RSA" | "DHE" | "ECDHE")
                && matches!(suite.authentication.as_str(), "RSA" | "ECDSA")
                && !suite.export;
            usual && (version >= Version::Tls12 || matches!(suite.mac.as_str(), "SHA1" | "MD5"))
        })
        .collect();
    sort_strong_first(&mut suites);
    suites
}

/// Forward secrecy before none, long keys before short ones, authenticated encryption before CBC.
pub(super) fn sort_strong_first(suites: &mut [u16]) {
    suites.sort_by_cached_key(|id| {
        let suite = describe_suite(Version::Tls12, *id);
        let exchange = match suite.key_exchange.as_str() {
            "ANY" => 0,
            "ECDHE" => 1,
            "DHE" => 2,
            _ => 3,
        };
        let anonymous = suite.authentication == "NULL";
        (anonymous, exchange, suite.mac != "AEAD", u16::MAX - suite.bits, *id)
    });
}

/// Any 32 bytes are a public value, but a few are refused for their low order; none of those begins
/// with 9.
const fn share(share: KeyShare) -> KeyShare {
    match share {
        KeyShare::X25519(mut bytes) => {
            bytes[0] = 9;
            KeyShare::X25519(bytes)
        }
        other => other,
    }
}

fn vary(random: [u8; 32], attempt: u32) -> [u8; 32] {
    let mut out = random;
    out.iter_mut().rev().zip(attempt.to_le_bytes()).for_each(|(to, from)| *to ^= from);
    out
}
