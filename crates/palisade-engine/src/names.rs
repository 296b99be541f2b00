//! The host's names: what the resolver says of its address, and what its services say of it.
//!
//! Only the system's resolver is asked, for names that belong to the host under scan; an answer
//! never adds a target.

use std::net::IpAddr;
use std::time::Duration;

use palisade_model::HostFacts;
use palisade_model::fact::HostName;

use crate::pacing::HostPace;

pub(crate) const LOOK_UP_PATIENCE: Duration = Duration::from_secs(2);
/// Names kept, for each host.
const NAMES_MAX: usize = 32;
/// Zones name servers are asked for, for each host.
pub(crate) const ZONES_MAX: usize = 5;

/// The registered name of the address.
pub(crate) async fn registered(host: &HostPace) -> Option<String> {
    let address = host.address;
    let name = host.look_up(LOOK_UP_PATIENCE, move || dns_lookup::lookup_addr(&address).ok()).await?;
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    // Without a name the resolver repeats the address.
    (name.parse::<IpAddr>().is_err() && is_host_name(&name)).then_some(name)
}

/// A plausible host name: letters, digits, `-`, `_` and dots, at most 253 bytes.
pub(crate) fn is_host_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 253
        && name.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        })
}

/// Collects the names that services gave away, the registered one first.
pub(crate) fn gather(facts: &mut HostFacts, registered: Option<String>) {
    let mut names: Vec<HostName> = Vec::new();
    let mut add = |name: &str, source: &str| {
        let name = name.trim().trim_end_matches('.').to_ascii_lowercase();
        let known = names.iter().any(|each| each.name == name);
        if !known && names.len() < NAMES_MAX && is_host_name(&name) && name.parse::<IpAddr>().is_err() {
            names.push(HostName { name, source: source.to_owned() });
        }
    };
    if let Some(name) = &registered {
        add(name, "DNS");
    }
    for port in &facts.ports {
        if let Some(certificate) = port.tls.as_ref().and_then(|tls| tls.certificates.first()) {
            let common = certificate.common_name.iter();
            for name in common.chain(&certificate.alternative_names).filter(|name| name.contains('.')) {
                add(name, "TLS certificate");
            }
        }
        if let Some(name) =
            port.smtp.as_ref().and_then(|smtp| palisade_probe::smtp::greeting_name(&smtp.greeting))
        {
            add(name, "SMTP banner");
        }
        if let Some(smb) = &port.smb {
            smb.dns_name.iter().chain(&smb.host_name).for_each(|name| add(name, "SMB"));
        }
        if let Some(name) = port.netbios.as_ref().and_then(|netbios| netbios.host_name.as_ref()) {
            add(name, "NetBIOS");
        }
        if let Some(name) = port.snmp.as_ref().and_then(|snmp| snmp.name.as_ref()) {
            add(name, "SNMP");
        }
        if let Some(name) = port.ldap.as_ref().and_then(|ldap| ldap.domain_controller.as_ref()) {
            add(name, "LDAP");
        }
    }
    facts.name = registered;
    facts.names = names;
}

/// The zones to ask a name server for: those ordered, then those the host's names may be in, the
/// nearest of each name before the parents of any.
pub(crate) fn zones(ordered: &[String], names: &[String]) -> Vec<String> {
    let levels: Vec<Vec<String>> = names
        .iter()
        .map(|name| {
            // The name itself may be a zone, but its parent is one nearly always.
            let mut zones = palisade_probe::dns::zones_of(name);
            if zones.len() > 1 {
                zones.rotate_left(1);
            }
            zones
        })
        .collect();
    let deepest = levels.iter().map(Vec::len).max().unwrap_or(0);
    let guessed = (0..deepest).flat_map(|level| levels.iter().filter_map(move |zones| zones.get(level)));
    let mut zones: Vec<String> = Vec::new();
    for zone in ordered.iter().chain(guessed) {
        let zone = zone.trim().trim_matches('.').to_ascii_lowercase();
        // A top-level domain is nobody's to give away.
        if zone.contains('.') && is_host_name(&zone) && !zones.contains(&zone) && zones.len() < ZONES_MAX {
            zones.push(zone);
        }
    }
    zones
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_the_ordered_ones_and_those_of_names() {
        let names = ["h4.lab.test", "www.example.org", "a.org"].map(str::to_owned);
        let zones = zones(&["Internal.Test.".to_owned()], &names);
        assert_eq!(zones, ["internal.test", "lab.test", "example.org", "a.org", "h4.lab.test"]);
    }

    #[test]
    fn zones_are_few() {
        let names: Vec<String> = (0..50).map(|number| format!("a.z{number}.test")).collect();
        assert_eq!(zones(&[], &names).len(), ZONES_MAX);
    }

    #[test]
    fn only_names_are_names() {
        for good in ["a", "www.example.org", "x_1.test"] {
            assert!(is_host_name(good), "{good}");
        }
        for bad in ["", ".", "a..b", "a b", "<x>", "*.example.org"] {
            assert!(!is_host_name(bad), "{bad}");
        }
    }
}
