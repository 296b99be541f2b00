//! From a banner to a product, its version and its CPE name.

use std::sync::LazyLock;

use palisade_model::fact::Product;
use regex::Regex;

use super::product_rules::{RULES, Rule};

static COMPILED: LazyLock<Vec<(&'static Rule, Regex)>> =
    LazyLock::new(|| RULES.iter().filter_map(|rule| Some((rule, Regex::new(rule.pattern).ok()?))).collect());

/// The product that a service's own text names: a banner, a `Server` header, a version answer.
#[must_use]
pub fn product(service: &str, text: &str) -> Option<Product> {
    let text: String = text.chars().take(2048).collect();
    COMPILED.iter().filter(|(rule, _)| rule.services.is_empty() || rule.services.contains(&service)).find_map(
        |(rule, pattern)| {
            let captures = pattern.captures(&text)?;
            let version =
                captures.get(1).map(|found| found.as_str().trim_end_matches(['.', ',', ';']).to_owned());
            let version = version.filter(|version| !version.is_empty());
            Some(Product {
                vendor: rule.vendor.to_owned(),
                name: rule.name.to_owned(),
                cpe: rule.cpe.map(|name| cpe(name, version.as_deref())),
                version,
            })
        },
    )
}

/// A CPE 2.3 name from `part:vendor:product` and a version.
///
/// `9.2p1` becomes version `9.2` with update `p1`, as the dictionary has it.
#[must_use]
pub fn cpe(name: &str, version: Option<&str>) -> String {
    let Some(version) = version else { return format!("cpe:2.3:{name}:*:*:*:*:*:*:*:*") };
    let lower = version.to_ascii_lowercase();
    let (version, update) = match lower.rfind('p') {
        Some(at) if is_patch_level(&lower, at) => lower.split_at(at),
        _ => (lower.as_str(), "*"),
    };
    format!(
        "cpe:2.3:{name}:{}:{}:*:*:*:*:*:*",
        quoted(version),
        if update == "*" { "*".to_owned() } else { quoted(update) }
    )
}

fn is_patch_level(version: &str, at: usize) -> bool {
    let digits = |text: Option<&str>| {
        text.is_some_and(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
    };
    digits(version.get(at + 1..))
        && version.get(..at).is_some_and(|head| head.ends_with(|last: char| last.is_ascii_digit()))
}

/// Everything but letters, digits, `.`, `-` and `_` is quoted in a CPE name (NISTIR 7695).
fn quoted(text: &str) -> String {
    let mut quoted = String::new();
    for character in text.chars().filter(|character| character.is_ascii_graphic()) {
        if !character.is_ascii_alphanumeric() && !matches!(character, '.' | '-' | '_') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_compiles() {
        assert_eq!(COMPILED.len(), RULES.len());
    }

    #[test]
    fn banners_name_their_products() {
        let cases = [
            (
                "http",
                "Apache/2.4.65 (Debian)",
                "Apache HTTP Server",
                "2.4.65",
                "a:apache:http_server:2.4.65:*",
            ),
            ("http", "nginx/1.26.3", "nginx", "1.26.3", "a:f5:nginx:1.26.3:*"),
            (
                "http",
                "Microsoft-IIS/10.0",
                "Internet Information Services",
                "10.0",
                "a:microsoft:internet_information_services:10.0:*",
            ),
            ("http", "lighttpd/1.4.79", "lighttpd", "1.4.79", "a:lighttpd:lighttpd:1.4.79:*"),
            (
                "http",
                "Jetty(9.4.53.v20231009)",
                "Jetty",
                "9.4.53.v20231009",
                "a:eclipse:jetty:9.4.53.v20231009:*",
            ),
            (
                "http",
                "SimpleHTTP/0.6 Python/3.13.5",
                "Python http.server",
                "3.13.5",
                "a:python:python:3.13.5:*",
            ),
            ("http", "MiniServ/2.402", "Webmin", "2.402", "a:webmin:webmin:2.402:*"),
            ("http", "squid/6.13", "Squid", "6.13", "a:squid-cache:squid:6.13:*"),
            ("http", "CUPS/2.4 IPP/2.1", "CUPS", "2.4", "a:openprinting:cups:2.4:*"),
            ("ssh", "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3", "OpenSSH", "9.2p1", "a:openbsd:openssh:9.2:p1"),
            ("ftp", "(vsFTPd 3.0.5)", "vsftpd", "3.0.5", "a:vsftpd_project:vsftpd:3.0.5:*"),
            ("ftp", "ProFTPD 1.3.8c Server (Debian)", "ProFTPD", "1.3.8c", "a:proftpd:proftpd:1.3.8c:*"),
            ("smtp", "mail.lab.test ESMTP Exim 4.98.2 Sun, 22 Nov", "Exim", "4.98.2", "a:exim:exim:4.98.2:*"),
            ("dns", "9.18.33-1~deb12u2-Debian", "BIND", "9.18.33", "a:isc:bind:9.18.33:*"),
            ("dns", "dnsmasq-2.91", "dnsmasq", "2.91", "a:thekelleys:dnsmasq:2.91:*"),
            (
                "mysql",
                "11.8.3-MariaDB-0+deb13u1 from Debian",
                "MariaDB",
                "11.8.3",
                "a:mariadb:mariadb:11.8.3:*",
            ),
            ("mysql", "8.0.43-0ubuntu0.24.04.1", "MySQL", "8.0.43", "a:oracle:mysql:8.0.43:*"),
            (
                "postgresql",
                "17.6 (Debian 17.6-0+deb13u1)",
                "PostgreSQL",
                "17.6",
                "a:postgresql:postgresql:17.6:*",
            ),
            ("redis", "8.0.2", "Redis", "8.0.2", "a:redis:redis:8.0.2:*"),
            ("memcached", "1.6.38", "memcached", "1.6.38", "a:memcached:memcached:1.6.38:*"),
            ("smb", "Samba 4.22.4-Debian-4.22.4+dfsg-1", "Samba", "4.22.4", "a:samba:samba:4.22.4:*"),
            ("ntp", "version=\"ntpd ntpsec-1.2.3\"", "NTPsec", "1.2.3", "a:ntpsec:ntpsec:1.2.3:*"),
            ("ntp", "version=\"ntpd 4.2.8p15@1.3728-o\"", "ntpd", "4.2.8p15", "a:ntp:ntp:4.2.8:p15"),
            (
                "snmp",
                "Cisco IOS Software, C2960 Software (C2960-LANBASEK9-M), Version 12.2(55)SE3, RELEASE",
                "Cisco IOS",
                "12.2(55)SE3",
                "o:cisco:ios:12.2\\(55\\)se3:*",
            ),
        ];
        for (service, text, name, version, cpe) in cases {
            let product = product(service, text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((product.name.as_str(), product.version.as_deref()), (name, Some(version)), "{text}");
            let expected = format!("cpe:2.3:{cpe}:*:*:*:*:*:*");
            assert_eq!(product.cpe.as_deref(), Some(expected.as_str()), "{text}");
        }
    }

    #[test]
    fn products_without_versions_and_texts_without_products() {
        let postfix = product("smtp", "mail.lab.test ESMTP Postfix (Debian)").unwrap();
        assert_eq!((postfix.name.as_str(), postfix.version.as_deref()), ("Postfix", None));
        assert_eq!(postfix.cpe.as_deref(), Some("cpe:2.3:a:postfix:postfix:*:*:*:*:*:*:*:*"));
        assert_eq!(
            product("imap", "OK [CAPABILITY IMAP4rev1] Dovecot (Debian) ready.").unwrap().name,
            "Dovecot"
        );
        assert_eq!(product("http", "Apache").unwrap().version, None);
        assert_eq!(product("http", "secret"), None);
        assert_eq!(product("smtp", "Apache/2.4.65"), None);
    }
}
