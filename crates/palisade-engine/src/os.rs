//! The operating system, by votes.
//!
//! Every text in which a service gives its system away is a vote; so is, weakly, the time to live.
//! The family with the most weight wins, its most telling vote gives the name, and disagreement
//! costs confidence. There is no stack fingerprint: an unprivileged scanner sees no packets.

use palisade_model::HostFacts;
use palisade_model::fact::{InsideFacts, OperatingSystem, OsEvidence, PortFacts};
use palisade_probe::identify::{cpe, os_evidence};

const EVIDENCE_MAX: usize = 24;
/// More than all services of a host together have.
const FROM_INSIDE_WEIGHT: u32 = 2_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Linux,
    Bsd,
    Windows,
    Network,
    Unix,
}

/// Marks in the names that evidence gives, the family and the CPE product each belongs to.
const SYSTEMS: &[(&str, Family, &str)] = &[
    ("Debian Linux", Family::Linux, "o:debian:debian_linux"),
    ("Ubuntu Linux", Family::Linux, "o:canonical:ubuntu_linux"),
    ("Red Hat Enterprise Linux", Family::Linux, "o:redhat:enterprise_linux"),
    ("CentOS", Family::Linux, "o:centos:centos"),
    ("Rocky", Family::Linux, "o:rocky:linux"),
    ("AlmaLinux", Family::Linux, "o:almalinux:almalinux"),
    ("Fedora", Family::Linux, "o:fedoraproject:fedora"),
    ("Alpine", Family::Linux, "o:alpinelinux:alpine_linux"),
    ("Linux", Family::Linux, "o:linux:linux_kernel"),
    ("FreeBSD", Family::Bsd, "o:freebsd:freebsd"),
    ("OpenBSD", Family::Bsd, "o:openbsd:openbsd"),
    ("NetBSD", Family::Bsd, "o:netbsd:netbsd"),
    ("macOS", Family::Bsd, "o:apple:macos"),
    ("Windows", Family::Windows, "o:microsoft:windows"),
    ("Solaris", Family::Unix, "o:oracle:solaris"),
    ("AIX", Family::Unix, "o:ibm:aix"),
    ("HP-UX", Family::Unix, "o:hp:hp-ux"),
    ("Unix", Family::Unix, ""),
    ("Cisco IOS", Family::Network, "o:cisco:ios"),
    ("Cisco NX-OS", Family::Network, "o:cisco:nx-os"),
    ("Cisco ASA", Family::Network, "o:cisco:adaptive_security_appliance_software"),
    ("Junos", Family::Network, "o:juniper:junos"),
    ("RouterOS", Family::Network, "o:mikrotik:routeros"),
    ("FortiOS", Family::Network, "o:fortinet:fortios"),
    ("VMware ESXi", Family::Network, "o:vmware:esxi"),
];

/// One vote and how much it weighs, 1 to 60; from inside far more.
struct Vote {
    evidence: OsEvidence,
    family: Family,
    product: &'static str,
    weight: u32,
}

/// Weighs what was seen; `None` when nothing speaks.
pub(crate) fn vote(facts: &HostFacts) -> Option<OperatingSystem> {
    let mut votes: Vec<Vote> = Vec::new();
    votes.extend(facts.inside.as_ref().and_then(from_inside));
    for port in &facts.ports {
        for text in texts(port) {
            votes.extend(os_evidence(&port.service, &text).and_then(weigh));
        }
    }
    votes.extend(facts.ttl.map(of_ttl));
    let mut cast: Vec<(String, String)> = Vec::new();
    votes.retain(|vote| {
        let key = (vote.evidence.technique.clone(), vote.evidence.name.clone());
        let new = !cast.contains(&key);
        cast.push(key);
        new
    });
    votes.truncate(EVIDENCE_MAX);
    decide(&votes)
}

fn decide(votes: &[Vote]) -> Option<OperatingSystem> {
    let total: u32 = votes.iter().map(|vote| vote.weight).sum();
    let weight_of = |family: Family| {
        votes.iter().filter(|vote| vote.family == family).map(|vote| vote.weight).sum::<u32>()
    };
    let family = votes.iter().map(|vote| vote.family).max_by_key(|family| weight_of(*family))?;
    // The first of equals: evidence stands in the order of ports.
    let best = votes.iter().filter(|vote| vote.family == family).rev().max_by_key(|vote| vote.weight)?;
    let certainty = (best.weight + 35).min(95);
    let confidence = certainty * weight_of(family) / total.max(1);
    let name = &best.evidence.name;
    let version = name.split(' ').next_back().filter(|word| starts_with_digit(word));
    Some(OperatingSystem {
        name: name.clone(),
        cpe: (!best.product.is_empty()).then(|| cpe(best.product, version)),
        confidence: u8::try_from(confidence).unwrap_or(100),
        evidence: votes.iter().map(|vote| vote.evidence.clone()).collect(),
    })
}

fn starts_with_digit(word: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_digit())
}

fn weigh(evidence: OsEvidence) -> Option<Vote> {
    let (mark, family, product) = SYSTEMS.iter().find(|(mark, _, _)| evidence.name.contains(mark))?;
    // A name with a version was read from something that knew it; a bare "Unix" is a habit of FTP
    // servers, and a bare "Linux" a kernel's.
    let weight = match (*mark, evidence.name.split(' ').any(starts_with_digit)) {
        ("Unix", _) => 4,
        ("Linux", versioned) => 15 + u32::from(versioned) * 10,
        (_, true) => 50,
        (_, false) => 30,
    };
    // A device's own description of itself outweighs the systems its services were ported from.
    let weight = if *family == Family::Network { weight + 10 } else { weight };
    Some(Vote { family: *family, product, weight, evidence })
}

/// What the system itself says outweighs what its services let out.
fn from_inside(inside: &InsideFacts) -> Option<Vote> {
    let detail = inside.release.clone().unwrap_or_else(|| inside.kernel.clone());
    let evidence = OsEvidence { technique: "Unix sign-in".to_owned(), name: inside.system.clone(), detail };
    weigh(evidence).map(|vote| Vote { weight: FROM_INSIDE_WEIGHT, ..vote })
}

fn of_ttl(ttl: u8) -> Vote {
    let (family, name) = match ttl {
        0..=64 => (Family::Linux, "Linux or another Unix"),
        65..=128 => (Family::Windows, "Windows"),
        129..=255 => (Family::Network, "Network device"),
    };
    let evidence = OsEvidence { technique: "TTL".to_owned(), name: name.to_owned(), detail: ttl.to_string() };
    Vote { evidence, family, product: "", weight: 8 }
}

/// The texts of a port in which systems name themselves.
fn texts(port: &PortFacts) -> Vec<String> {
    let mut texts = crate::service::product_texts(port);
    if let Some(smb) = &port.smb {
        texts.extend(smb.os_version.clone());
        // Samba calls itself "Windows 6.1" for the sake of old clients.
        if !smb.native_lan_manager.as_ref().is_some_and(|manager| manager.contains("Samba")) {
            texts.extend(smb.native_os.clone());
        }
    }
    texts.extend(port.redis.as_ref().and_then(|redis| redis.os.clone()));
    texts.extend(port.telnet.as_ref().map(|telnet| telnet.greeting.clone()));
    texts.extend(port.ftp.as_ref().and_then(|ftp| ftp.system.clone()));
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database(version: &str) -> PortFacts {
        let mut port = PortFacts::new(3306, palisade_model::Transport::Tcp);
        port.service = "mysql".to_owned();
        let version = version.to_owned();
        port.mysql = Some(palisade_model::fact::MysqlFacts { version, ..Default::default() });
        port
    }

    #[test]
    fn agreement_is_certain_and_disagreement_is_not() {
        let mut facts = HostFacts { ttl: Some(64), ..HostFacts::default() };
        let alone = vote(&facts).unwrap();
        assert!(alone.confidence < 50, "{alone:?}");
        facts.ports.push(database("10.11.6-MariaDB-0+deb12u1"));
        let agreed = vote(&facts).unwrap();
        assert_eq!(agreed.name, "Debian Linux 12");
        assert_eq!(agreed.cpe.as_deref(), Some("cpe:2.3:o:debian:debian_linux:12:*:*:*:*:*:*:*"));
        assert!(agreed.confidence >= 80, "{agreed:?}");
        facts.ttl = Some(128);
        assert!(vote(&facts).unwrap().confidence < agreed.confidence);
    }

    #[test]
    fn nothing_seen_is_nothing_said() {
        assert_eq!(vote(&HostFacts::default()), None);
    }

    #[test]
    fn a_version_outweighs_a_bare_name() {
        let mut facts = HostFacts::default();
        let mut web = PortFacts::new(80, palisade_model::Transport::Tcp);
        web.service = "http".to_owned();
        web.http = Some(palisade_model::fact::HttpFacts {
            server: Some("Apache/2.4.57 (Debian)".to_owned()),
            ..Default::default()
        });
        facts.ports = vec![web, database("10.11.6-MariaDB-0+deb12u1")];
        assert_eq!(vote(&facts).unwrap().name, "Debian Linux 12");
    }
}
