//! The operating system, by votes.
//!
//! Every piece of evidence names a family and, where it can, a system and release. The family with
//! the most weight wins, its most telling vote gives the name, and disagreement costs confidence.
//! There is no stack fingerprint: an unprivileged scanner does not see the packets.

use palisade_model::HostFacts;
use palisade_model::fact::{OperatingSystem, OsEvidence, PortFacts};

/// Texts longer than this are cut in evidence.
const DETAIL_CHARACTERS_MAX: usize = 200;
const EVIDENCE_MAX: usize = 24;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Linux,
    Bsd,
    Windows,
    Network,
    OtherUnix,
}

/// What one text says: a family, a name, the CPE of it, and how much that weighs (1 to 60).
#[derive(Debug, Clone, PartialEq, Eq)]
struct Reading {
    family: Family,
    name: String,
    cpe: Option<String>,
    weight: u32,
}

/// Weighs what was seen; `None` when nothing speaks.
pub(crate) fn vote(facts: &HostFacts) -> Option<OperatingSystem> {
    let mut votes: Vec<(Reading, OsEvidence)> = Vec::new();
    let mut add = |technique: &str, detail: &str, reading: Option<Reading>| {
        let Some(reading) = reading else { return };
        let repeated = votes
            .iter()
            .any(|(known, evidence)| evidence.technique == technique && known.name == reading.name);
        if !repeated && votes.len() < EVIDENCE_MAX {
            let evidence = OsEvidence {
                technique: technique.to_owned(),
                name: reading.name.clone(),
                detail: detail.chars().take(DETAIL_CHARACTERS_MAX).collect(),
            };
            votes.push((reading, evidence));
        }
    };
    for port in &facts.ports {
        for (technique, text) in texts(port) {
            add(technique, &text, read_text(&text));
        }
        if let Some(ssh) = &port.ssh {
            add("SSH banner", &ssh.banner, read_ssh(&ssh.banner));
        }
        if let Some(version) = port.smb.as_ref().and_then(|smb| smb.os_version.as_ref()) {
            add("SMB", version, read_windows_build(version));
        }
    }
    if let Some(ttl) = facts.ttl {
        add("TTL", &ttl.to_string(), Some(read_ttl(ttl)));
    }
    decide(votes)
}

fn decide(votes: Vec<(Reading, OsEvidence)>) -> Option<OperatingSystem> {
    let total: u32 = votes.iter().map(|(reading, _)| reading.weight).sum();
    let weight_of = |family: Family| -> u32 {
        votes.iter().filter(|(reading, _)| reading.family == family).map(|(reading, _)| reading.weight).sum()
    };
    let family = votes.iter().map(|(reading, _)| reading.family).max_by_key(|family| weight_of(*family))?;
    let (best, _) = votes
        .iter()
        .filter(|(reading, _)| reading.family == family)
        // The first of equals: evidence stands in the order of ports.
        .rev()
        .max_by_key(|(reading, _)| reading.weight)?;
    let certainty = (best.weight + 35).min(95);
    let confidence = certainty * weight_of(family) / total.max(1);
    Some(OperatingSystem {
        name: best.name.clone(),
        cpe: best.cpe.clone(),
        confidence: u8::try_from(confidence).unwrap_or(100),
        evidence: votes.iter().map(|(_, evidence)| evidence.clone()).collect(),
    })
}

/// The texts of a port in which systems name themselves.
fn texts(port: &PortFacts) -> Vec<(&'static str, String)> {
    let mut texts = Vec::new();
    let mut add = |technique, text: Option<&String>| texts.extend(text.map(|text| (technique, text.clone())));
    if let Some(http) = &port.http {
        add("HTTP", http.server.as_ref());
    }
    if let Some(snmp) = &port.snmp {
        add("SNMP", snmp.description.as_ref());
    }
    if let Some(smb) = &port.smb {
        add("SMB", smb.native_lan_manager.as_ref());
        // Samba calls itself "Windows 6.1" for the sake of old clients.
        if !smb.native_lan_manager.as_ref().is_some_and(|manager| manager.contains("Samba")) {
            add("SMB", smb.native_os.as_ref());
        }
    }
    add("SMTP", port.smtp.as_ref().map(|smtp| &smtp.greeting));
    add("IMAP", port.imap.as_ref().map(|imap| &imap.greeting));
    add("POP3", port.pop3.as_ref().map(|pop3| &pop3.greeting));
    if let Some(ftp) = &port.ftp {
        add("FTP", Some(&ftp.greeting));
        add("FTP", ftp.system.as_ref());
    }
    add("MySQL", port.mysql.as_ref().map(|mysql| &mysql.version));
    add("PostgreSQL", port.postgres.as_ref().and_then(|postgres| postgres.version.as_ref()));
    add("Redis", port.redis.as_ref().and_then(|redis| redis.os.as_ref()));
    add("DNS", port.dns.as_ref().and_then(|dns| dns.version.as_ref()));
    add("NTP", port.ntp.as_ref().and_then(|ntp| ntp.variables.as_ref()));
    add("telnet", port.telnet.as_ref().map(|telnet| &telnet.greeting));
    texts
}

fn reading(family: Family, name: impl Into<String>, cpe: Option<String>, weight: u32) -> Option<Reading> {
    Some(Reading { family, name: name.into(), cpe, weight })
}

fn read_ttl(ttl: u8) -> Reading {
    let (family, name) = match ttl {
        0..=64 => (Family::Linux, "Linux or another Unix"),
        65..=128 => (Family::Windows, "Windows"),
        129..=255 => (Family::Network, "Network device"),
    };
    Reading { family, name: name.to_owned(), cpe: None, weight: 8 }
}

fn read_ssh(banner: &str) -> Option<Reading> {
    if banner.contains("Cisco-") {
        return reading(Family::Network, "Cisco IOS", Some("cpe:/o:cisco:ios".to_owned()), 45);
    }
    if banner.contains("ROSSSH") {
        return reading(
            Family::Network,
            "MikroTik RouterOS",
            Some("cpe:/o:mikrotik:routeros".to_owned()),
            45,
        );
    }
    if banner.contains("for_Windows") {
        return reading(Family::Windows, "Windows", Some("cpe:/o:microsoft:windows".to_owned()), 45);
    }
    if banner.contains("dropbear") {
        return reading(Family::Linux, "Linux", Some("cpe:/o:linux:linux_kernel".to_owned()), 15);
    }
    // Ubuntu's packages do not name the release; the OpenSSH version does.
    if banner.contains("Ubuntu") {
        let release = [
            ("OpenSSH_6.6.1p1", "14.04"),
            ("OpenSSH_7.2p2", "16.04"),
            ("OpenSSH_7.6p1", "18.04"),
            ("OpenSSH_8.2p1", "20.04"),
            ("OpenSSH_8.9p1", "22.04"),
            ("OpenSSH_9.6p1", "24.04"),
        ]
        .into_iter()
        .find(|(version, _)| banner.contains(version));
        return match release {
            Some((_, release)) => ubuntu(Some(release), 45),
            None => ubuntu(None, 35),
        };
    }
    read_text(banner)
}

fn debian(release: Option<&str>, weight: u32) -> Option<Reading> {
    named(Family::Linux, "Debian Linux", "cpe:/o:debian:debian_linux", release, weight)
}

fn ubuntu(release: Option<&str>, weight: u32) -> Option<Reading> {
    named(Family::Linux, "Ubuntu Linux", "cpe:/o:canonical:ubuntu_linux", release, weight)
}

fn named(family: Family, name: &str, cpe: &str, release: Option<&str>, weight: u32) -> Option<Reading> {
    match release {
        Some(release) => {
            reading(family, format!("{name} {release}"), Some(format!("{cpe}:{release}")), weight)
        }
        None => reading(family, name, Some(cpe.to_owned()), weight),
    }
}

/// What a banner says, by the marks that distributions and vendors leave in them.
fn read_text(text: &str) -> Option<Reading> {
    let lower = text.to_ascii_lowercase();
    if lower.contains("cisco ios") || lower.contains("cisco internetwork operating system") {
        let release = version_after(text, "Version ");
        return named(Family::Network, "Cisco IOS", "cpe:/o:cisco:ios", release.as_deref(), 60);
    }
    if lower.contains("routeros") {
        return reading(
            Family::Network,
            "MikroTik RouterOS",
            Some("cpe:/o:mikrotik:routeros".to_owned()),
            50,
        );
    }
    if lower.contains("junos") {
        return reading(Family::Network, "Juniper Junos", Some("cpe:/o:juniper:junos".to_owned()), 50);
    }
    if lower.contains("ubuntu") {
        let release = lower
            .split_once("ubuntu0.")
            .map(|(_, rest)| rest.chars().take(5).collect::<String>())
            .filter(|release| is_year_month(release));
        return ubuntu(release.as_deref(), if release.is_some() { 50 } else { 30 });
    }
    if lower.contains("debian") || debian_release(&lower).is_some() || lower.contains("raspbian") {
        let release = debian_release(&lower);
        return debian(release.as_deref(), if release.is_some() { 50 } else { 30 });
    }
    for (mark, name, cpe) in [
        ("red hat", "Red Hat Enterprise Linux", "cpe:/o:redhat:enterprise_linux"),
        ("centos", "CentOS Linux", "cpe:/o:centos:centos"),
        ("rocky", "Rocky Linux", "cpe:/o:rocky:linux"),
        ("almalinux", "AlmaLinux", "cpe:/o:almalinux:almalinux"),
        ("fedora", "Fedora Linux", "cpe:/o:fedoraproject:fedora"),
        ("amazon linux", "Amazon Linux", "cpe:/o:amazon:linux"),
        ("suse", "SUSE Linux", "cpe:/o:suse:linux"),
    ] {
        if lower.contains(mark) {
            return reading(Family::Linux, name, Some(cpe.to_owned()), 30);
        }
    }
    for (mark, name, cpe) in [
        ("freebsd", "FreeBSD", "cpe:/o:freebsd:freebsd"),
        ("openbsd", "OpenBSD", "cpe:/o:openbsd:openbsd"),
        ("netbsd", "NetBSD", "cpe:/o:netbsd:netbsd"),
    ] {
        if lower.contains(mark) {
            return reading(Family::Bsd, name, Some(cpe.to_owned()), 35);
        }
    }
    if let Some(version) = text.split_once("Microsoft-IIS/").map(|(_, rest)| rest) {
        return reading(
            Family::Windows,
            iis_system(version),
            Some("cpe:/o:microsoft:windows".to_owned()),
            40,
        );
    }
    if lower.contains("windows")
        || lower.contains("win32")
        || lower.contains("win64")
        || lower.contains("microsoft esmtp")
    {
        return reading(Family::Windows, "Windows", Some("cpe:/o:microsoft:windows".to_owned()), 30);
    }
    if lower.contains("sunos") || lower.contains("solaris") {
        return reading(Family::OtherUnix, "Solaris", Some("cpe:/o:oracle:solaris".to_owned()), 40);
    }
    if lower.contains("linux") {
        let release = version_after(text, "Linux/").or_else(|| version_after(text, "Linux "));
        let kernel = release.filter(|release| release.starts_with(|first: char| first.is_ascii_digit()));
        return named(Family::Linux, "Linux", "cpe:/o:linux:linux_kernel", kernel.as_deref(), 25);
    }
    None
}

/// The word after `mark`, as far as it looks like a version.
fn version_after(text: &str, mark: &str) -> Option<String> {
    let (_, rest) = text.split_once(mark)?;
    let version: String = rest
        .chars()
        .take_while(|each| each.is_ascii_alphanumeric() || matches!(each, '.' | '(' | ')' | '-'))
        .take(30)
        .collect();
    (!version.is_empty()).then_some(version)
}

/// `deb12u3`, `+deb11u1`, `Debian GNU/Linux 12` (all lower case) name the release.
fn debian_release(lower: &str) -> Option<String> {
    for mark in ["deb", "debian gnu/linux "] {
        for (index, _) in lower.match_indices(mark) {
            let digits: String = lower
                .get(index + mark.len()..)
                .unwrap_or_default()
                .chars()
                .take_while(char::is_ascii_digit)
                .take(3)
                .collect();
            if digits.parse::<u8>().is_ok_and(|release| (4..=40).contains(&release)) {
                return Some(digits);
            }
        }
    }
    None
}

fn is_year_month(text: &str) -> bool {
    matches!(text.as_bytes(), [a, b, b'.', c, d] if [a, b, c, d].iter().all(|byte| byte.is_ascii_digit()))
}

fn iis_system(version: &str) -> &'static str {
    match version.get(..3).unwrap_or_default() {
        "5.0" => "Windows 2000",
        "5.1" => "Windows XP",
        "6.0" => "Windows Server 2003",
        "7.0" => "Windows Server 2008",
        "7.5" => "Windows Server 2008 R2",
        "8.0" => "Windows Server 2012",
        "8.5" => "Windows Server 2012 R2",
        "10." => "Windows Server 2016 or later",
        _ => "Windows",
    }
}

/// `major.minor.build` of an NTLM challenge. Samba says 6.1.0: a Windows never has build 0.
fn read_windows_build(version: &str) -> Option<Reading> {
    let (release, build) = version.rsplit_once('.')?;
    let build: u32 = build.parse().ok()?;
    if build == 0 {
        return None;
    }
    let name = match (release, build) {
        ("5.1", _) => "Windows XP",
        ("5.2", _) => "Windows Server 2003",
        ("6.0", _) => "Windows Vista or Server 2008",
        ("6.1", _) => "Windows 7 or Server 2008 R2",
        ("6.2", _) => "Windows 8 or Server 2012",
        ("6.3", _) => "Windows 8.1 or Server 2012 R2",
        ("10.0", 14_393) => "Windows 10 or Server 2016",
        ("10.0", 17_763) => "Windows 10 or Server 2019",
        ("10.0", 20_348) => "Windows Server 2022",
        ("10.0", 26_100) => "Windows 11 or Server 2025",
        ("10.0", 22_000..) => "Windows 11",
        ("10.0", _) => "Windows 10",
        _ => "Windows",
    };
    reading(Family::Windows, name, Some("cpe:/o:microsoft:windows".to_owned()), 50)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(read_ssh(text).map(|reading| reading.name).as_deref(), expected, "input {text:?}");
    }

    #[test]
    fn banners_name_their_systems() {
        check("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3", Some("Debian Linux 12"));
        check("SSH-2.0-OpenSSH_8.9p1 Ubuntu-3ubuntu0.10", Some("Ubuntu Linux 22.04"));
        check("SSH-2.0-OpenSSH_for_Windows_8.1", Some("Windows"));
        check("SSH-2.0-Cisco-1.25", Some("Cisco IOS"));
        check("10.11.6-MariaDB-0+deb12u1", Some("Debian Linux 12"));
        check("Apache/2.4.41 (Ubuntu)", Some("Ubuntu Linux"));
        check("5.5.5-10.6.12-MariaDB-0ubuntu0.22.04.1", Some("Ubuntu Linux 22.04"));
        check("Microsoft-IIS/10.0", Some("Windows Server 2016 or later"));
        check(
            "Cisco IOS Software, C2960 Software (C2960-LANBASEK9-M), Version 12.2(55)SE3, RELEASE",
            Some("Cisco IOS 12.2(55)SE3"),
        );
        check("Linux 6.1.0-18-amd64 x86_64", Some("Linux 6.1.0-18-amd64"));
        check("SSH-2.0-OpenSSH_9.2p1", None);
    }

    #[test]
    fn agreement_is_certain_and_disagreement_is_not() {
        let mut facts = HostFacts { ttl: Some(64), ..HostFacts::default() };
        let alone = vote(&facts).unwrap();
        assert!(alone.confidence < 50, "{alone:?}");
        let mut port = PortFacts::new(3306, palisade_model::Transport::Tcp);
        port.mysql = Some(palisade_model::fact::MysqlFacts {
            version: "10.11.6-MariaDB-0+deb12u1".to_owned(),
            ..Default::default()
        });
        facts.ports.push(port);
        let agreed = vote(&facts).unwrap();
        assert_eq!(agreed.name, "Debian Linux 12");
        assert_eq!(agreed.cpe.as_deref(), Some("cpe:/o:debian:debian_linux:12"));
        assert!(agreed.confidence >= 80, "{agreed:?}");
        facts.ttl = Some(128);
        assert!(vote(&facts).unwrap().confidence < agreed.confidence);
    }
}
