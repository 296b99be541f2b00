//! Maps: what is mapped, and what a map tells of each host.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::{DomainName, NotADomain};
use crate::fact::Transport;
use crate::ip_set::{IpSet, IpSetError};

/// Most characters of a [`Discovery::Other`].
const OTHER_CHARACTERS_MAX: usize = 60;

/// A domain to be mapped, with the addresses to look at beside those that the DNS names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MapTarget {
    pub domain: DomainName,
    /// Empty when none was given.
    pub netblock: IpSet,
}

/// Why a text is no list of map targets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAMapTarget {
    #[error("the list is empty")]
    Empty,
    #[error("'{item}' is not a domain")]
    Domain {
        item: String,
        #[source]
        source: NotADomain,
    },
    #[error("'{item}' is not a netblock")]
    Netblock {
        item: String,
        #[source]
        source: IpSetError,
    },
    #[error("the list has more than {max} domains")]
    TooMany { max: usize },
    #[error("'{domain}' stands in the list twice")]
    Twice { domain: DomainName },
}

impl MapTarget {
    /// Reads `domain[:netblock]`, separated by commas or semicolons. An address or range that
    /// follows a netblock belongs to it: `a.example:10.0.0.1,10.0.0.7,b.example` is two domains.
    ///
    /// # Errors
    ///
    /// [`NotAMapTarget`] names the item that is neither.
    pub fn list(text: &str, max: usize) -> Result<Vec<Self>, NotAMapTarget> {
        let mut targets: Vec<(DomainName, Vec<&str>)> = Vec::new();
        for item in text.split([',', ';']).map(str::trim).filter(|item| !item.is_empty()) {
            let (name, block) = match item.split_once(':') {
                Some((name, block)) => (name, Some(block.trim())),
                None => (item, None),
            };
            if block.is_none()
                && item.parse::<IpSet>().is_ok()
                && let Some((_, blocks)) = targets.last_mut().filter(|(_, blocks)| !blocks.is_empty())
            {
                blocks.push(item);
                continue;
            }
            let domain: DomainName =
                name.parse().map_err(|source| NotAMapTarget::Domain { item: item.to_owned(), source })?;
            if targets.iter().any(|(known, _)| *known == domain) {
                return Err(NotAMapTarget::Twice { domain });
            }
            if targets.len() >= max {
                return Err(NotAMapTarget::TooMany { max });
            }
            targets.push((domain, block.into_iter().collect()));
        }
        if targets.is_empty() {
            return Err(NotAMapTarget::Empty);
        }
        targets.into_iter().map(|(domain, blocks)| Self::with_blocks(domain, &blocks)).collect()
    }

    fn with_blocks(domain: DomainName, blocks: &[&str]) -> Result<Self, NotAMapTarget> {
        if blocks.is_empty() {
            return Ok(Self { domain, netblock: IpSet::new() });
        }
        let text = blocks.join(",");
        match text.parse() {
            Ok(netblock) => Ok(Self { domain, netblock }),
            Err(source) => Err(NotAMapTarget::Netblock { item: text, source }),
        }
    }
}

impl FromStr for MapTarget {
    type Err = NotAMapTarget;

    fn from_str(text: &str) -> Result<Self, NotAMapTarget> {
        Self::list(text, 1)?.pop().ok_or(NotAMapTarget::Empty)
    }
}

impl fmt::Display for MapTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.netblock.is_empty() {
            write!(f, "{}", self.domain)
        } else {
            write!(f, "{}:{}", self.domain, self.netblock)
        }
    }
}

/// How a host of a map was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Discovery {
    /// An ICMP echo reply.
    Icmp,
    /// The TCP port accepts connections.
    Tcp(u16),
    /// The TCP port refuses connections.
    TcpReset(u16),
    /// The UDP port answers.
    Udp(u16),
    /// A UDP port was reported as unreachable by the host itself.
    UdpUnreachable,
    /// A name of the domain has the address.
    Dns,
    /// The address has a name.
    ReverseDns,
    /// A name server gave the whole zone away.
    ZoneTransfer,
    /// It passed our packets on.
    Traceroute,
    /// Some other way, in words for people.
    Other(String),
}

impl Discovery {
    /// From the words in which discovery says why a host is alive.
    #[must_use]
    pub fn of_life(alive_by: &str) -> Self {
        let port = |start: &str, end: &str| {
            let number = alive_by.strip_prefix(start)?.strip_suffix(end)?;
            number.trim().parse::<u16>().ok()
        };
        if alive_by.starts_with("ICMP echo") {
            Self::Icmp
        } else if let Some(port) = port("TCP port ", " accepts connections") {
            Self::Tcp(port)
        } else if let Some(port) = port("TCP port ", " refuses connections") {
            Self::TcpReset(port)
        } else if let Some(port) = port("UDP port ", " answers") {
            Self::Udp(port)
        } else if alive_by == "ICMP port unreachable" {
            Self::UdpUnreachable
        } else {
            Self::Other(alive_by.chars().take(OTHER_CHARACTERS_MAX).collect())
        }
    }

    /// The name of the method, as reports have it. Clients take a host for alive when it is `ICMP`
    /// or holds `TCP `.
    #[must_use]
    pub fn method(&self) -> String {
        match self {
            Self::Icmp => "ICMP".to_owned(),
            Self::Tcp(port) => format!("TCP {port}"),
            Self::TcpReset(_) => "TCP RST".to_owned(),
            Self::Udp(port) => format!("UDP {port}"),
            Self::UdpUnreachable => "UDP".to_owned(),
            Self::Dns => "DNS".to_owned(),
            Self::ReverseDns => "Reverse DNS".to_owned(),
            Self::ZoneTransfer => "DNS Zone Transfer".to_owned(),
            Self::Traceroute => "Traceroute".to_owned(),
            Self::Other(text) => text.clone(),
        }
    }

    /// The port that the method's name leaves out.
    #[must_use]
    pub const fn port(&self) -> Option<u16> {
        match self {
            Self::TcpReset(port) => Some(*port),
            _ => None,
        }
    }
}

/// An open port of a host on a map.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MapPort {
    pub transport: Transport,
    pub port: u16,
    /// What speaks behind it, or is expected there; empty when neither is known.
    pub service: String,
}

/// A host on a map.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapHost {
    pub address: Ipv4Addr,
    /// Its names, the one its address is registered with first.
    pub names: Vec<String>,
    pub netbios: Option<String>,
    pub os: Option<String>,
    /// It passes packets on.
    pub router: bool,
    /// Ascending; TCP before UDP.
    pub ports: Vec<MapPort>,
    /// At least one, each once.
    pub discoveries: Vec<Discovery>,
    /// The routers next to it on the ways we know, ascending.
    pub links: Vec<Ipv4Addr>,
}

impl MapHost {
    /// A host of which nothing but its address is known.
    #[must_use]
    pub fn new(address: Ipv4Addr) -> Self {
        Self {
            address,
            names: Vec::new(),
            netbios: None,
            os: None,
            router: false,
            ports: Vec::new(),
            discoveries: Vec::new(),
            links: Vec::new(),
        }
    }
}

/// A name server of the domain, and whether it gives the zone away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapNameServer {
    pub name: String,
    pub address: Ipv4Addr,
    /// `None` when it was not asked, or did not answer.
    pub transfer: Option<bool>,
}

/// What a map came to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MapResult {
    /// By address.
    pub hosts: Vec<MapHost>,
    pub name_servers: Vec<MapNameServer>,
    /// Why the picture is not whole, in words for people: limits that were reached.
    pub notes: Vec<String>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let targets = MapTarget::list(text, 3).unwrap();
        assert_eq!(targets.iter().map(ToString::to_string).collect::<Vec<_>>(), expected, "{text}");
    }

    #[track_caller]
    fn refused(text: &str, expected: &str) {
        assert_eq!(MapTarget::list(text, 3).unwrap_err().to_string(), expected, "{text}");
    }

    #[test]
    fn targets_are_read_as_clients_write_them() {
        check("example.com", &["example.com"]);
        check("a.test, b.test;c.test", &["a.test", "b.test", "c.test"]);
        check("none:10.0.0.0/30", &["none:10.0.0.0-10.0.0.3"]);
        check("a.test:10.0.0.1-10.0.0.2,10.0.0.9,b.test", &["a.test:10.0.0.1-10.0.0.2,10.0.0.9", "b.test"]);
    }

    #[test]
    fn what_is_neither_domain_nor_netblock_is_named() {
        refused(" , ", "the list is empty");
        refused("10.0.0.1", "'10.0.0.1' is not a domain");
        refused("a.test,10.0.0.1", "'10.0.0.1' is not a domain");
        refused("a.test:b", "'b' is not a netblock");
        refused("a.test:", "'' is not a netblock");
        refused("a.test,A.test", "'a.test' stands in the list twice");
        refused("a,b,c,d", "the list has more than 3 domains");
    }

    #[test]
    fn life_has_methods_that_clients_know() {
        for (life, method, port) in [
            ("ICMP echo reply", "ICMP", None),
            ("TCP port 80 accepts connections", "TCP 80", None),
            ("TCP port 81 refuses connections", "TCP RST", Some(81)),
            ("UDP port 53 answers", "UDP 53", None),
            ("ICMP port unreachable", "UDP", None),
            ("ARP reply", "ARP reply", None),
        ] {
            let found = Discovery::of_life(life);
            assert_eq!((found.method().as_str(), found.port()), (method, port));
        }
    }

    proptest! {
        #[test]
        fn a_target_reads_back(name in "[a-z]{1,8}(\\.[a-z]{1,8}){0,2}", first in 0x0a00_0000u32..0x0a00_ffff, more in 0u32..99) {
            let range = format!("{}-{}", Ipv4Addr::from(first), Ipv4Addr::from(first + more));
            for text in [name.clone(), format!("{name}:{range}")] {
                let target: MapTarget = text.parse().unwrap();
                prop_assert_eq!(target.to_string().parse::<MapTarget>(), Ok(target));
            }
        }
    }
}
