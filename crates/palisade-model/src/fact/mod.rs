//! Facts: what scanning steps publish about a host, before anybody judges it.
//!
//! A fact says what was seen, never what it means. Checks of the KnowledgeBase read facts under
//! exactly the field names written here (`host.…`, `port.…`), so a renamed field is a changed
//! content language. An absent fact (`None`, not serialised) means "not looked at or no answer";
//! a fact with `false` or an empty list means "looked, and it is not so".
//!
//! All texts that come from a host are made printable and cut before they become facts: see
//! [`printable`].

mod data;
mod http;
mod inside;
mod mail;
mod network;
mod service;
mod share;
mod ssh;
mod tls;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use data::{LdapFacts, MemcachedFacts, MqttFacts, MysqlFacts, PostgresFacts, RedisFacts};
pub use http::{ExposedPath, Header, HttpCookie, HttpFacts};
pub use inside::{InsideFacts, Package, SignInFacts, SignInStatus};
pub use mail::{FtpFacts, ImapFacts, Pop3Facts, SmtpFacts};
pub use network::{DnsFacts, NetbiosFacts, NtpFacts, SnmpFacts, TelnetFacts, TftpFacts};
pub use service::ProtocolFacts;
pub use share::{NfsExport, RpcFacts, RpcProgram, RsyncFacts, SmbFacts};
pub use ssh::{SshFacts, SshHostKey};
pub use tls::{CertificateFacts, TlsFacts, TlsSuite, TlsVirtualHost};

/// TCP or UDP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    Tcp,
    Udp,
}

impl Transport {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is neither `tcp` nor `udp`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a transport protocol")]
pub struct NotATransport;

impl FromStr for Transport {
    type Err = NotATransport;

    fn from_str(text: &str) -> Result<Self, NotATransport> {
        match text {
            "tcp" => Ok(Self::Tcp),
            "udp" => Ok(Self::Udp),
            _ => Err(NotATransport),
        }
    }
}

/// Everything seen of one host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HostFacts {
    pub address: IpAddr,
    /// The registered name (reverse look-up), if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Every name learnt, the registered one first.
    pub names: Vec<HostName>,
    pub alive: bool,
    /// How the host was found, for people: `ICMP echo reply`, `TCP port 22 accepts connections`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alive_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os: Option<OperatingSystem>,
    /// Time to live of an answer, as it arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<u8>,
    /// Answers ICMP echo requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icmp_echo: Option<bool>,
    /// Median round trip in microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round_trip_us: Option<u32>,
    /// Open ports: TCP first, then UDP, ascending.
    pub ports: Vec<PortFacts>,
    /// TCP ports looked at, that refused, and that said nothing.
    pub tcp_scanned: u32,
    pub tcp_closed: u32,
    pub tcp_silent: u32,
    pub udp_scanned: u32,
    /// Unix seconds.
    pub started_at: i64,
    pub ended_at: i64,
    /// How ports were found: `TCP connect` and why, or `TCP SYN (raw packets)`.
    pub method: String,
    /// Ports that nobody uses accept connections too: somebody answers in the host's place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every_port_open: Option<bool>,
    /// What answers is a proxy that completes connections before it knows of anybody behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub syn_proxy: Option<bool>,
    /// Several machines answer at this address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_balanced: Option<bool>,
    /// What became of signing in: one for each record or technology, in the order of records.
    pub sign_ins: Vec<SignInFacts>,
    /// What a Unix system tells whoever has signed in to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inside: Option<InsideFacts>,
    /// The host took longer than its budget; what is here is incomplete.
    pub timed_out: bool,
}

impl Default for HostFacts {
    fn default() -> Self {
        Self {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            name: None,
            names: Vec::new(),
            alive: true,
            alive_by: None,
            os: None,
            ttl: None,
            icmp_echo: None,
            round_trip_us: None,
            ports: Vec::new(),
            tcp_scanned: 0,
            tcp_closed: 0,
            tcp_silent: 0,
            udp_scanned: 0,
            started_at: 0,
            ended_at: 0,
            method: "TCP connect".to_owned(),
            every_port_open: None,
            syn_proxy: None,
            load_balanced: None,
            sign_ins: Vec::new(),
            inside: None,
            timed_out: false,
        }
    }
}

impl HostFacts {
    /// The address, of a host that a server can keep: those are IPv4.
    #[must_use]
    pub const fn ipv4(&self) -> Option<Ipv4Addr> {
        match self.address {
            IpAddr::V4(address) => Some(address),
            IpAddr::V6(_) => None,
        }
    }

    /// The name the host gives itself over NetBIOS, if it does.
    #[must_use]
    pub fn netbios_name(&self) -> Option<&str> {
        self.ports.iter().find_map(|port| port.netbios.as_ref()?.host_name.as_deref())
    }
}

/// A name and where it was learnt.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HostName {
    pub name: String,
    /// `DNS`, `TLS certificate`, `SMB`, `NetBIOS`, `SMTP banner`, `SNMP`, ...
    pub source: String,
}

/// The operating system, by votes of the evidence.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OperatingSystem {
    /// For example `Debian Linux 12`, `Linux`, `Cisco IOS 12.2(55)SE3`.
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpe: Option<String>,
    /// 0 to 100.
    pub confidence: u8,
    pub evidence: Vec<OsEvidence>,
}

/// One vote on the operating system.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OsEvidence {
    /// `SSH banner`, `TTL`, `SNMP`, `SMB`, `HTTP`, ...
    pub technique: String,
    pub name: String,
    /// The text it was read from.
    pub detail: String,
}

/// A product behind a port, as far as it names itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Product {
    pub vendor: String,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpe: Option<String>,
}

/// Everything seen of one open port.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PortFacts {
    pub port: u16,
    pub transport: Transport,
    /// The protocol that answers, in lower case (`http`, `ssh`, `smtp`, ...); `unknown` when
    /// nothing identified it. Never guessed from the port number.
    pub service: String,
    /// The IANA name of the port number, for comparison only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_service: Option<String>,
    /// The service was reached through TLS from the first byte.
    pub implicit_tls: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<Product>,
    /// The greeting, printable, at most 1 KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub banner: Option<String>,

    /// What a protocol without facts of its own kind said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<ProtocolFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssh: Option<SshFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ftp: Option<FtpFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp: Option<SmtpFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imap: Option<ImapFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pop3: Option<Pop3Facts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns: Option<DnsFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snmp: Option<SnmpFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ntp: Option<NtpFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tftp: Option<TftpFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub netbios: Option<NetbiosFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub telnet: Option<TelnetFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redis: Option<RedisFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memcached: Option<MemcachedFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mysql: Option<MysqlFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postgres: Option<PostgresFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ldap: Option<LdapFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mqtt: Option<MqttFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rsync: Option<RsyncFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpc: Option<RpcFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smb: Option<SmbFacts>,
}

impl Default for PortFacts {
    fn default() -> Self {
        Self::new(0, Transport::Tcp)
    }
}

impl PortFacts {
    /// An open port of which nothing else is known.
    #[must_use]
    pub fn new(port: u16, transport: Transport) -> Self {
        Self {
            port,
            transport,
            service: "unknown".to_owned(),
            expected_service: None,
            implicit_tls: false,
            product: None,
            banner: None,
            protocol: None,
            tls: None,
            ssh: None,
            http: None,
            ftp: None,
            smtp: None,
            imap: None,
            pop3: None,
            dns: None,
            snmp: None,
            ntp: None,
            tftp: None,
            netbios: None,
            telnet: None,
            redis: None,
            memcached: None,
            mysql: None,
            postgres: None,
            ldap: None,
            mqtt: None,
            rsync: None,
            rpc: None,
            smb: None,
        }
    }
}

/// A host's bytes as text that is safe to store and show: UTF-8 where it is, control characters
/// (but tab and line feed) and invalid bytes replaced, at most `characters_max` characters.
#[must_use]
pub fn printable(bytes: &[u8], characters_max: usize) -> String {
    String::from_utf8_lossy(bytes)
        .chars()
        .filter(|character| *character != '\r')
        .take(characters_max)
        .map(|character| match character {
            '\t' | '\n' => character,
            _ if character.is_control() || ('\u{fffe}'..='\u{ffff}').contains(&character) => '\u{fffd}',
            _ => character,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_becomes_printable() {
        assert_eq!(printable(b"220 hi\r\n\x1b[31m\x00\xff", 100), "220 hi\n\u{fffd}[31m\u{fffd}\u{fffd}");
        assert_eq!(printable("äöü".as_bytes(), 2), "äö");
    }

    #[test]
    fn facts_read_back_from_what_they_print() {
        let mut facts = HostFacts { name: Some("a.test".to_owned()), ..HostFacts::default() };
        let mut port = PortFacts::new(443, Transport::Tcp);
        port.tls = Some(TlsFacts { versions: vec!["TLSv1.2".to_owned()], ..TlsFacts::default() });
        facts.ports.push(port);
        let text = serde_json::to_string(&facts).unwrap();
        assert_eq!(serde_json::from_str::<HostFacts>(&text).unwrap(), facts);
    }
}
