//! TLS as bytes: hellos to send, a server's first flight to read, certificates, and the driver
//! that learns everything a service accepts by asking often enough.
//!
//! No question of the enumeration finishes a handshake: every one is answered by a server before keys
//! are needed, and the
//! versions and suites that no library speaks any more (SSLv2, SSLv3, export, RC4) are asked for like
//! any other. What is encrypted (the certificate of TLS 1.3) has to be fetched by a real client; see
//! [`Enumeration::needs_certificates`]. What stands behind old versions is reached through
//! [`OldClient`].

pub mod certificate;
mod certificate_name;
pub mod client_hello;
pub mod enumerate;
pub mod flight;
pub mod group;
mod old_cipher;
pub mod old_client;
#[cfg(test)]
mod old_double;
pub mod old_trial;
pub mod reaction;
pub mod server_hello;
pub mod signature;
pub mod sslv2;
pub mod suite;
mod suite_table;
pub mod trial;

pub use certificate::{certificate_facts, names_match};
pub use client_hello::ClientHello;
pub use enumerate::{
    Attempt, AttemptId, Enumeration, EnumerationDepth, EnumerationOptions, Outcome, PROTOCOLS, Verdict,
};
pub use flight::{Alert, Flight, Progress, ServerFlight};
pub use old_client::OldClient;
pub use old_trial::{OldTrial, OldTrialConversation, TicketConversation};
pub use reaction::{Reaction, ReactionReader};
pub use server_hello::{KeyExchange, ServerHello};
pub use suite::describe_suite;

/// A protocol version, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    Ssl2,
    Ssl3,
    Tls10,
    Tls11,
    Tls12,
    Tls13,
}

impl Version {
    pub const ALL: [Self; 6] = [Self::Ssl2, Self::Ssl3, Self::Tls10, Self::Tls11, Self::Tls12, Self::Tls13];

    /// As in facts: `SSLv3`, `TLSv1.2`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ssl2 => "SSLv2",
            Self::Ssl3 => "SSLv3",
            Self::Tls10 => "TLSv1.0",
            Self::Tls11 => "TLSv1.1",
            Self::Tls12 => "TLSv1.2",
            Self::Tls13 => "TLSv1.3",
        }
    }

    /// As on the wire.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::Ssl2 => 0x0002,
            Self::Ssl3 => 0x0300,
            Self::Tls10 => 0x0301,
            Self::Tls11 => 0x0302,
            Self::Tls12 => 0x0303,
            Self::Tls13 => 0x0304,
        }
    }

    #[must_use]
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.number() == number)
    }
}
