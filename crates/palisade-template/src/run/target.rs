//! What a template is run against, as the variables that templates know.

use std::net::IpAddr;
use std::sync::Arc;

use palisade_model::fact::TlsFacts;

use super::answer::Variables;

/// One port of a host.
#[derive(Debug, Clone)]
pub struct Target {
    pub address: IpAddr,
    pub port: u16,
    /// Spoken to through TLS.
    pub tls: bool,
    /// The name the server is asked by, in requests; the address where there is none, in brackets if
    /// it is IPv6.
    pub host: String,
    /// The host's registered name.
    pub name: Option<String>,
    /// What its TLS showed, for templates that ask about that.
    pub tls_facts: Option<Arc<TlsFacts>>,
}

impl Target {
    #[must_use]
    pub const fn scheme(&self) -> &'static str {
        if self.tls { "https" } else { "http" }
    }

    /// Host and port as they stand in addresses; the port only where it is not the scheme's own.
    #[must_use]
    pub fn authority(&self) -> String {
        let usual = if self.tls { 443 } else { 80 };
        if self.port == usual { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }

    /// The address of the server, without a final stroke.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("{}://{}", self.scheme(), self.authority())
    }

    pub(super) fn variables(&self) -> Variables {
        let name = self.name.clone().unwrap_or_else(|| self.host.clone());
        let mut variables: Variables = [
            ("BaseURL", self.base_url()),
            ("RootURL", self.base_url()),
            ("Hostname", self.authority()),
            ("Host", self.host.clone()),
            ("Port", self.port.to_string()),
            ("Path", String::new()),
            ("File", String::new()),
            ("Scheme", self.scheme().to_owned()),
            ("FQDN", name.clone()),
            ("host", self.authority()),
            ("ip", self.address.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value.into()))
        .into();
        if name.trim_matches(['[', ']']).parse::<IpAddr>().is_err() {
            let labels: Vec<&str> = name.trim_end_matches('.').split('.').collect();
            let (sub, domain) = labels.split_at(labels.len().saturating_sub(2));
            for (variable, value) in [
                ("RDN", domain.join(".")),
                ("DN", domain.first().copied().unwrap_or_default().to_owned()),
                ("TLD", domain.last().copied().unwrap_or_default().to_owned()),
                ("SD", sub.join(".")),
            ] {
                variables.insert(variable.to_owned(), value.into());
            }
        }
        variables
    }
}
