//! What to say to a port of which nothing is known but that it is open, and in which order.

use palisade_probe::conversation::Conversation;
use palisade_probe::http::Request;
use palisade_probe::smb::{Dialect, Smb2Conversation};
use palisade_probe::{dns, ldap, mqtt, postgres, redis, rpc};

/// A first sending whose answer tells a protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum FirstWords {
    /// Say nothing: the service may speak first.
    Listen,
    Http,
    Tls,
    Dns,
    Rpc,
    Ldap,
    Mqtt,
    Postgres,
    Redis,
    Memcached,
    Smb,
    Rdp,
}

impl FirstWords {
    /// Asked of everything that stays silent, in two waves; what is common comes first.
    pub(super) const COMMON: [Self; 3] = [Self::Listen, Self::Http, Self::Tls];
    pub(super) const RARE: [Self; 9] = [
        Self::Smb,
        Self::Postgres,
        Self::Redis,
        Self::Ldap,
        Self::Rpc,
        Self::Dns,
        Self::Mqtt,
        Self::Memcached,
        Self::Rdp,
    ];

    /// The bytes to send. `nonce` becomes the number of a message where there is one; `None` for
    /// a TLS hello, which the enumeration makes.
    pub(super) fn bytes(self, authority: &str, nonce: u16) -> Option<Vec<u8>> {
        Some(match self {
            Self::Tls => return None,
            Self::Listen => Vec::new(),
            Self::Http => Request::get(authority, "/").to_bytes(),
            Self::Dns => dns::framed(&dns::version_question(nonce)),
            Self::Rpc => rpc::framed(&rpc::dump_call(u32::from(nonce))),
            Self::Ldap => ldap::anonymous_bind_request(1),
            Self::Mqtt => mqtt::connect(),
            Self::Postgres => postgres::tls_request(),
            Self::Redis => redis::command(&["PING"]),
            Self::Memcached => b"version\r\n".to_vec(),
            Self::Smb => Smb2Conversation::new(&[Dialect::Smb202, Dialect::Smb21], false, [0; 32]).start(),
            // X.224 connection request that offers TLS and CredSSP.
            Self::Rdp => vec![3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 3, 0, 0, 0],
        })
    }

    /// What is tried at once on a port with this number, plain or inside TLS. A number proves
    /// nothing, but it says which question is worth asking first.
    pub(super) fn likely(port: u16, tls: bool) -> &'static [Self] {
        if tls {
            return match port {
                465 | 563 | 990 | 992 | 993 | 994 | 995 => &[Self::Listen],
                636 | 3_269 => &[Self::Ldap],
                853 => &[Self::Dns],
                8_883 => &[Self::Mqtt],
                _ => &[Self::Listen, Self::Http],
            };
        }
        match port {
            // The service speaks first; anything we say would only be logged.
            21..=23 | 25 | 26 | 110 | 143 | 587 | 873 | 2_222 | 2_525 | 3_306 | 5_900..=5_910 => {
                &[Self::Listen]
            }
            53 => &[Self::Listen, Self::Dns],
            111 => &[Self::Listen, Self::Rpc],
            139 | 445 => &[Self::Listen, Self::Smb],
            389 | 3_268 => &[Self::Listen, Self::Ldap],
            465 | 636 | 853 | 990 | 993 | 995 | 3_269 | 8_883 => &[Self::Listen, Self::Tls],
            1_883 => &[Self::Listen, Self::Mqtt],
            3_389 => &[Self::Listen, Self::Rdp],
            5_432 | 5_433 => &[Self::Listen, Self::Postgres],
            6_379 | 6_380 => &[Self::Listen, Self::Redis],
            11_211 => &[Self::Listen, Self::Memcached],
            _ => &Self::COMMON,
        }
    }

    /// Whether the service on this port greets as a rule, so that a slow one deserves time.
    pub(super) fn is_greeted(port: u16, tls: bool) -> bool {
        Self::likely(port, tls) == [Self::Listen]
    }
}
