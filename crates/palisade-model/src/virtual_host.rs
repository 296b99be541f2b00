//! Virtual hosts: names that the web server of an address and port answers by.
//!
//! No DNS here: a name counts because somebody said so, whatever the DNS knows of it.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::dns_name::{DNS_NAME_CHARACTERS_MAX, DnsName, NotADnsName};

/// A name of a virtual host, for example `shop.example.com`: in lower case, with at least one dot,
/// without one at its end. It has letters, digits, hyphens and underscores and is no address, so that
/// it can stand in a web request and in a TLS handshake as it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VirtualName(String);

/// Why a text is no name of a virtual host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAVirtualName {
    #[error("a name looks like shop.example.com")]
    Shape,
    #[error("a name has at most {max} characters")]
    TooLong { max: usize },
}

impl VirtualName {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for VirtualName {
    type Err = NotAVirtualName;

    fn from_str(text: &str) -> Result<Self, NotAVirtualName> {
        match text.parse::<DnsName>() {
            Ok(name) if name.as_str().contains('.') => Ok(Self(name.into())),
            Ok(_) | Err(NotADnsName::Shape) => Err(NotAVirtualName::Shape),
            Err(NotADnsName::TooLong) => Err(NotAVirtualName::TooLong { max: DNS_NAME_CHARACTERS_MAX }),
        }
    }
}

impl fmt::Display for VirtualName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<VirtualName> for String {
    fn from(name: VirtualName) -> Self {
        name.0
    }
}

impl TryFrom<String> for VirtualName {
    type Error = NotAVirtualName;

    fn try_from(text: String) -> Result<Self, NotAVirtualName> {
        text.parse()
    }
}

/// The names of one web server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VirtualHost {
    /// Number of the network that the address is in; 0 for the one that there is always.
    #[serde(default)]
    pub network_id: i64,
    pub ip: Ipv4Addr,
    pub port: u16,
    /// At least one, in the order they were given, each once.
    pub names: Vec<VirtualName>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, NotAVirtualName>) {
        let name = text.parse::<VirtualName>();
        assert_eq!(name.as_ref().map(VirtualName::as_str).map_err(|error| *error), expected, "{text:?}");
    }

    #[test]
    fn names_keep_their_rules() {
        check(" WWW.Example.COM. ", Ok("www.example.com"));
        check("a_b.corp.test", Ok("a_b.corp.test"));
        check("xn--bcher-kva.test", Ok("xn--bcher-kva.test"));
        for text in
            ["", ".", "localhost", "a..b", "-a.test", "10.0.0.1", "a b.c", "a.test:1", "a.test\r\nX: y"]
        {
            check(text, Err(NotAVirtualName::Shape));
        }
        check(&format!("{}.test", "a".repeat(64)), Err(NotAVirtualName::Shape));
        check(&"a.".repeat(150), Err(NotAVirtualName::TooLong { max: DNS_NAME_CHARACTERS_MAX }));
    }

    proptest! {
        #[test]
        fn a_name_reads_back_and_fits_into_a_list(text in any::<String>()) {
            if let Ok(name) = text.parse::<VirtualName>() {
                prop_assert!(!name.as_str().contains([',', ' ', '\r', '\n', '/', '@', ':']));
                prop_assert_eq!(name.to_string().parse::<VirtualName>(), Ok(name));
            }
        }
    }
}
