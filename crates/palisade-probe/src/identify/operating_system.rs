//! What banners say of the operating system behind them.

use std::sync::LazyLock;

use palisade_model::fact::OsEvidence;
use regex::{Captures, Regex};

/// One telling text. Group 1, if it matches, is put behind the name.
struct Rule {
    pattern: &'static str,
    name: &'static str,
}

const fn rule(pattern: &'static str, name: &'static str) -> Rule {
    Rule { pattern, name }
}

/// Narrow ones first.
const RULES: &[Rule] = &[
    rule(r"Cisco IOS(?: XE)? Software.*?Version ([\w.()]+)", "Cisco IOS"),
    rule(r"Cisco NX-OS.*?Version ([\w.()]+)", "Cisco NX-OS"),
    rule(r"Cisco Adaptive Security Appliance Version ([\w.()]+)", "Cisco ASA"),
    rule(r"(?i)^SSH-[\d.]+-Cisco-|^cisco-IOS|User Access Verification", "Cisco IOS"),
    rule(r"JUNOS ([\w.-]+)", "Juniper Junos"),
    rule(r"RouterOS|MikroTik", "MikroTik RouterOS"),
    rule(r"VMware ESXi? (\d[\d.]*)", "VMware ESXi"),
    rule(r"HP ETHERNET MULTI-ENVIRONMENT|JETDIRECT", "HP JetDirect"),
    rule(r"FortiGate|FortiSSH", "Fortinet FortiOS"),
    // Debian's own version numbers: 2+deb12u3, 1~deb12u2.
    rule(r"[+~]deb(\d{1,2})u?\d*", "Debian Linux"),
    rule(r"ubuntu0\.(\d{2}\.\d{2})", "Ubuntu Linux"),
    rule(r"(?i)raspbian", "Raspbian Linux"),
    rule(r"(?i)debian", "Debian Linux"),
    rule(r"(?i)ubuntu", "Ubuntu Linux"),
    rule(r"\(Red Hat Enterprise Linux\)|\bel(\d)_?\d*\b", "Red Hat Enterprise Linux"),
    rule(r"\(Red Hat\)", "Red Hat Enterprise Linux"),
    rule(r"(?i)centos", "CentOS Linux"),
    rule(r"(?i)\brocky\b", "Rocky Linux"),
    rule(r"(?i)almalinux", "AlmaLinux"),
    rule(r"\(Fedora(?: Linux)?\)", "Fedora Linux"),
    rule(r"(?i)\bsuse\b|\(Linux/SUSE\)", "SUSE Linux"),
    rule(r"(?i)alpine", "Alpine Linux"),
    rule(r"(?i)freebsd(?: \S+)? (\d+\.\d+)", "FreeBSD"),
    rule(r"(?i)freebsd", "FreeBSD"),
    rule(r"(?i)openbsd \S+ (\d\.\d)", "OpenBSD"),
    rule(r"(?i)netbsd", "NetBSD"),
    rule(r"SunOS (?:\S+ )?(5\.\d+)", "Oracle Solaris"),
    rule(r"HP-UX", "HP-UX"),
    rule(r"\bAIX\b", "IBM AIX"),
    rule(r"Darwin|Mac OS X|macOS", "Apple macOS"),
    rule(r"Microsoft-IIS/6\.0", "Microsoft Windows Server 2003"),
    rule(r"Microsoft-IIS/7\.0", "Microsoft Windows Server 2008"),
    rule(r"Microsoft-IIS/7\.5", "Microsoft Windows Server 2008 R2"),
    rule(r"Microsoft-IIS/8\.0", "Microsoft Windows Server 2012"),
    rule(r"Microsoft-IIS/8\.5", "Microsoft Windows Server 2012 R2"),
    rule(r"Microsoft-IIS/10\.0", "Microsoft Windows Server 2016 or later"),
    rule(r"^Windows (?:Server|XP|Vista|7|8|10|11)", ""),
    rule(
        r"\(Win(?:32|64)\)|Microsoft-|Microsoft ESMTP|Microsoft FTP|Windows_NT|OpenSSH_for_Windows",
        "Microsoft Windows",
    ),
    rule(r"Linux \S+ (\d+\.\d+)", "Linux"),
    rule(r"Linux[ /](\d+\.\d+)", "Linux"),
    rule(r"\bLinux\b", "Linux"),
    rule(r"\(Unix\)|\bUNIX\b|^Samba|\bUnix\b", "Unix"),
];

static COMPILED: LazyLock<Vec<(&'static Rule, Regex)>> =
    LazyLock::new(|| RULES.iter().filter_map(|rule| Some((rule, Regex::new(rule.pattern).ok()?))).collect());

static WINDOWS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"Software: Windows (?:2000 )?Version (\d+\.\d+) \(Build (\d+)").ok());
static VERSION: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^(\d+\.\d+)\.(\d+)$").ok());
static UBUNTU_SSH: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"OpenSSH_(\d+\.\d+)p\d+ Ubuntu").ok());

/// The operating system that a service's text gives away, if it does.
///
/// Texts: a banner, a `Server` header, an answer to SYST, a sysDescr, a native OS of SMB 1, or the
/// version in an NTLM challenge (`10.0.20348`).
#[must_use]
pub fn os_evidence(service: &str, text: &str) -> Option<OsEvidence> {
    let text: String = text.chars().take(1024).collect();
    let name = name_in(service, &text)?;
    Some(OsEvidence {
        technique: technique(service).to_owned(),
        name,
        detail: text.chars().take(200).collect(),
    })
}

fn name_in(service: &str, text: &str) -> Option<String> {
    let captured = |pattern: &LazyLock<Option<Regex>>| -> Option<(String, String)> {
        let captures = pattern.as_ref()?.captures(text)?;
        Some((
            captures.get(1)?.as_str().to_owned(),
            captures.get(2).map_or("", |part| part.as_str()).to_owned(),
        ))
    };
    if let Some((version, build)) = captured(&WINDOWS) {
        return Some(
            windows_of_build(&version, build.parse().ok()?).unwrap_or("Microsoft Windows").to_owned(),
        );
    }
    if service == "smb"
        && let Some((version, build)) = captured(&VERSION)
    {
        return windows_of_build(&version, build.parse().ok()?).map(str::to_owned);
    }
    if let Some((openssh, _)) = captured(&UBUNTU_SSH) {
        return Some(
            ubuntu_of_openssh(&openssh)
                .map_or_else(|| "Ubuntu Linux".to_owned(), |release| format!("Ubuntu Linux {release}")),
        );
    }
    COMPILED
        .iter()
        .find_map(|(rule, pattern)| pattern.captures(text).map(|captures| named(rule, &captures, text)))
}

fn named(rule: &Rule, captures: &Captures<'_>, text: &str) -> String {
    if rule.name.is_empty() {
        return format!("Microsoft {}", text.trim());
    }
    match captures.get(1) {
        Some(version) => format!("{} {}", rule.name, version.as_str().trim_end_matches(['.', ','])),
        None => rule.name.to_owned(),
    }
}

/// The Ubuntu release that came with an OpenSSH version.
#[must_use]
pub fn ubuntu_of_openssh(version: &str) -> Option<&'static str> {
    Some(match version {
        "5.3" => "10.04",
        "5.9" => "12.04",
        "6.6" => "14.04",
        "7.2" => "16.04",
        "7.6" => "18.04",
        "8.2" => "20.04",
        "8.9" => "22.04",
        "9.6" => "24.04",
        "9.9" => "25.04",
        "10.0" => "25.10",
        _ => return None,
    })
}

/// Windows by its version and build; `None` for builds that are none (Samba says 6.1.0).
#[must_use]
pub fn windows_of_build(version: &str, build: u32) -> Option<&'static str> {
    Some(match (version, build) {
        ("5.0", 2195) => "Microsoft Windows 2000",
        ("5.1", 2600) => "Microsoft Windows XP",
        ("5.2", 3790) => "Microsoft Windows Server 2003",
        ("6.0", 6000..=6003) => "Microsoft Windows Vista or Server 2008",
        ("6.1", 7600..=7601) => "Microsoft Windows 7 or Server 2008 R2",
        ("6.2", 9200) => "Microsoft Windows 8 or Server 2012",
        ("6.3", 9600) => "Microsoft Windows 8.1 or Server 2012 R2",
        (_, 14393) => "Microsoft Windows 10 or Server 2016",
        (_, 17763) => "Microsoft Windows 10 or Server 2019",
        (_, 20348) => "Microsoft Windows Server 2022",
        (_, 26100) => "Microsoft Windows 11 or Server 2025",
        (_, 10240..=19045) => "Microsoft Windows 10",
        (_, 22000..=29999) => "Microsoft Windows 11",
        _ => return None,
    })
}

fn technique(service: &str) -> &str {
    match service {
        "ssh" => "SSH banner",
        "http" => "HTTP",
        "smtp" => "SMTP banner",
        "ftp" => "FTP banner",
        "telnet" => "Telnet banner",
        "imap" => "IMAP banner",
        "pop3" => "POP3 banner",
        "snmp" => "SNMP",
        "smb" => "SMB",
        "mysql" => "MySQL version",
        "postgresql" => "PostgreSQL version",
        "dns" => "DNS version",
        "redis" => "Redis",
        "ntp" => "NTP",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_compiles() {
        assert_eq!(COMPILED.len(), RULES.len());
    }

    #[test]
    fn banners_give_the_system_away() {
        let cases = [
            ("ssh", "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3", "Debian Linux 12"),
            ("ssh", "SSH-2.0-OpenSSH_8.9p1 Ubuntu-3ubuntu0.10", "Ubuntu Linux 22.04"),
            ("ssh", "SSH-2.0-OpenSSH_10.0p2 Debian-7", "Debian Linux"),
            ("http", "Apache/2.4.65 (Debian)", "Debian Linux"),
            ("http", "Apache/2.4.6 (Win64) OpenSSL/1.0.2", "Microsoft Windows"),
            ("http", "Microsoft-IIS/7.5", "Microsoft Windows Server 2008 R2"),
            ("mysql", "11.8.3-MariaDB-0+deb13u1 from Debian", "Debian Linux 13"),
            ("postgresql", "14.11 (Ubuntu 14.11-0ubuntu0.22.04.1)", "Ubuntu Linux 22.04"),
            ("dns", "9.18.33-1~deb12u2-Debian", "Debian Linux 12"),
            ("snmp", "Linux sw 6.12.43 #1 SMP PREEMPT_DYNAMIC x86_64", "Linux 6.12"),
            (
                "snmp",
                "Cisco IOS Software, C2960 Software (C2960-LANBASEK9-M), Version 12.2(55)SE3, RELEASE SOFTWARE (fc1)",
                "Cisco IOS 12.2(55)SE3",
            ),
            (
                "snmp",
                "Hardware: Intel64 Family 6 - Software: Windows Version 6.3 (Build 20348 Multiprocessor Free)",
                "Microsoft Windows Server 2022",
            ),
            (
                "smb",
                "Windows Server 2008 R2 Standard 7601 Service Pack 1",
                "Microsoft Windows Server 2008 R2 Standard 7601 Service Pack 1",
            ),
            ("smb", "10.0.17763", "Microsoft Windows 10 or Server 2019"),
            ("redis", "Linux 6.12.43 x86_64", "Linux 6.12"),
            ("ftp", "UNIX Type: L8", "Unix"),
        ];
        for (service, text, name) in cases {
            assert_eq!(
                os_evidence(service, text).map(|evidence| evidence.name).as_deref(),
                Some(name),
                "{text}"
            );
        }
    }

    #[test]
    fn silence_is_not_evidence() {
        assert_eq!(os_evidence("smb", "6.1.0"), None);
        assert_eq!(os_evidence("http", "nginx/1.26.3"), None);
        assert_eq!(os_evidence("ssh", "SSH-2.0-OpenSSH_9.2").map(|evidence| evidence.technique), None);
    }
}
