//! Domains: the names that networks are mapped by, each with the addresses that belong to it.
//!
//! No DNS here: whether a domain exists in the world is found out by a map.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::dns_name::{DNS_NAME_CHARACTERS_MAX, DnsName, NotADnsName};

/// Stands for the domain of addresses that have none.
pub const NONE: &str = "none";

/// A domain in lower case and without a dot at its end, for example `example.com`; or `none`, for
/// addresses without a domain. It has letters, digits, hyphens and underscores, is no address and
/// does not begin with `www.`: a web server is a host, and the domain is what it lies in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DomainName(String);

/// Why a text is no domain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotADomain {
    #[error("a domain looks like example.com")]
    Shape,
    #[error("a domain has at most {max} characters")]
    TooLong { max: usize },
    #[error("a domain is given without www.")]
    Www,
}

impl DomainName {
    /// The domain of addresses without one.
    #[must_use]
    pub fn none() -> Self {
        Self(NONE.to_owned())
    }

    #[must_use]
    pub fn is_none(&self) -> bool {
        self.0 == NONE
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a host name is the domain itself or lies in it. Nothing lies in `none`.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        !self.is_none()
            && name.strip_suffix(&self.0).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }
}

impl FromStr for DomainName {
    type Err = NotADomain;

    fn from_str(text: &str) -> Result<Self, NotADomain> {
        match text.parse::<DnsName>() {
            Ok(name) if name.as_str().starts_with("www.") => Err(NotADomain::Www),
            Ok(name) => Ok(Self(name.into())),
            Err(NotADnsName::Shape) => Err(NotADomain::Shape),
            Err(NotADnsName::TooLong) => Err(NotADomain::TooLong { max: DNS_NAME_CHARACTERS_MAX }),
        }
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<DomainName> for String {
    fn from(domain: DomainName) -> Self {
        domain.0
    }
}

impl TryFrom<String> for DomainName {
    type Error = NotADomain;

    fn try_from(text: String) -> Result<Self, NotADomain> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &Result<&str, NotADomain>) {
        let domain = text.parse::<DomainName>();
        assert_eq!(&domain.as_ref().map(DomainName::as_str).map_err(Clone::clone), expected, "{text:?}");
    }

    #[test]
    fn domains_keep_their_rules() {
        check(" Example.COM. ", &Ok("example.com"));
        check("corp", &Ok("corp"));
        check("_msdcs.corp.test", &Ok("_msdcs.corp.test"));
        check("none", &Ok("none"));
        check("xn--bcher-kva.test", &Ok("xn--bcher-kva.test"));
        check("www.example.com", &Err(NotADomain::Www));
        for text in ["", ".", "a..b", "-a.test", "a-.test", "10.0.0.1", "a b", "bücher.test", "a.test:1"] {
            check(text, &Err(NotADomain::Shape));
        }
        check(&"a".repeat(64), &Err(NotADomain::Shape));
        check(&"a.".repeat(150), &Err(NotADomain::TooLong { max: DNS_NAME_CHARACTERS_MAX }));
    }

    #[test]
    fn names_lie_in_their_domain() {
        let domain: DomainName = "example.com".parse().unwrap();
        for (name, expected) in
            [("Mail.Example.com.", true), ("example.com", true), ("badexample.com", false), ("com", false)]
        {
            assert_eq!(domain.has(name), expected, "{name}");
        }
        assert!(!DomainName::none().has("none"));
    }

    proptest! {
        #[test]
        fn a_domain_reads_back(text in "[a-zA-Z0-9._-]{1,30}") {
            if let Ok(domain) = text.parse::<DomainName>() {
                prop_assert_eq!(domain.to_string().parse::<DomainName>(), Ok(domain));
            }
        }
    }
}
