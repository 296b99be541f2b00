//! Names in certificates: how they are written, and whether they are a host's.

use std::net::IpAddr;

use palisade_model::fact::{CertificateFacts, printable};
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

/// Characters kept of one attribute.
const VALUE_CHARACTERS_MAX: usize = 256;
/// Attributes kept of one name.
const ATTRIBUTES_MAX: usize = 64;

const ATTRIBUTES: &[(&str, &str)] = &[
    ("2.5.4.3", "CN"),
    ("2.5.4.4", "SN"),
    ("2.5.4.5", "serialNumber"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.12", "title"),
    ("2.5.4.15", "businessCategory"),
    ("2.5.4.17", "postalCode"),
    ("2.5.4.42", "GN"),
    ("2.5.4.97", "organizationIdentifier"),
    ("0.9.2342.19200300.100.1.1", "UID"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("1.2.840.113549.1.9.1", "emailAddress"),
    ("1.2.840.113549.1.9.2", "unstructuredName"),
    ("1.3.6.1.4.1.311.60.2.1.1", "jurisdictionL"),
    ("1.3.6.1.4.1.311.60.2.1.2", "jurisdictionST"),
    ("1.3.6.1.4.1.311.60.2.1.3", "jurisdictionC"),
];

/// A name in the notation of RFC 4514: last attribute first, special characters escaped.
#[must_use]
pub fn distinguished_name(name: &X509Name<'_>) -> String {
    let mut parts: Vec<String> = name
        .iter_rdn()
        .map(|set| set.iter().map(attribute).collect::<Vec<_>>().join("+"))
        .take(ATTRIBUTES_MAX)
        .collect();
    parts.reverse();
    parts.join(",")
}

fn attribute(attribute: &AttributeTypeAndValue<'_>) -> String {
    let id = attribute.attr_type().to_id_string();
    let short = ATTRIBUTES.iter().find(|(oid, _)| *oid == id).map_or(id.as_str(), |(_, short)| *short);
    format!("{short}={}", escape(&value_text(attribute)))
}

fn value_text(attribute: &AttributeTypeAndValue<'_>) -> String {
    match attribute.attr_value().tag().0 {
        // BMPString: two bytes a character.
        30 => {
            let units: Vec<u16> = attribute
                .as_slice()
                .as_chunks::<2>()
                .0
                .iter()
                .map(|pair| u16::from_be_bytes(*pair))
                .collect();
            printable(String::from_utf16_lossy(&units).as_bytes(), VALUE_CHARACTERS_MAX)
        }
        // T61String: Latin-1 in practice.
        20 => {
            let text: String = attribute.as_slice().iter().map(|byte| char::from(*byte)).collect();
            printable(text.as_bytes(), VALUE_CHARACTERS_MAX)
        }
        _ => printable(attribute.as_slice(), VALUE_CHARACTERS_MAX),
    }
}

fn escape(text: &str) -> String {
    let last = text.chars().count().saturating_sub(1);
    text.chars().enumerate().fold(String::with_capacity(text.len()), |mut out, (at, character)| {
        let special = matches!(character, ',' | '+' | '"' | '\\' | '<' | '>' | ';')
            || (character == ' ' && (at == 0 || at == last))
            || (character == '#' && at == 0);
        if special {
            out.push('\\');
        }
        out.push(character);
        out
    })
}

/// Whether one of the host's names, or its address, is among the certificate's names, by the rules
/// of RFC 6125: the alternative names count, the common name only where there are none; `*` stands
/// for the whole left-most label and never for an address.
#[must_use]
pub fn names_match(certificate: &CertificateFacts, host_names: &[String], address: IpAddr) -> bool {
    let is_host = |pattern: &str| {
        pattern.parse() == Ok(address) || host_names.iter().any(|name| name_matches(pattern, name))
    };
    if certificate.alternative_names.is_empty() {
        certificate.common_name.as_deref().is_some_and(is_host)
    } else {
        certificate.alternative_names.iter().any(|pattern| is_host(pattern))
    }
}

fn name_matches(pattern: &str, name: &str) -> bool {
    let pattern = pattern.trim_end_matches('.');
    let name = name.trim_end_matches('.');
    if name.is_empty() || name.parse::<std::net::IpAddr>().is_ok() {
        return false;
    }
    match pattern.strip_prefix("*.") {
        Some(domain) => name.split_once('.').is_some_and(|(label, rest)| {
            !label.is_empty() && domain.contains('.') && rest.eq_ignore_ascii_case(domain)
        }),
        None => !pattern.contains('*') && pattern.eq_ignore_ascii_case(name),
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn matches(alternative: &[&str], common: Option<&str>, host: &str) -> bool {
        let certificate = CertificateFacts {
            alternative_names: alternative.iter().map(|name| (*name).to_owned()).collect(),
            common_name: common.map(str::to_owned),
            ..CertificateFacts::default()
        };
        names_match(&certificate, &[host.to_owned()], Ipv4Addr::new(192, 0, 2, 7).into())
    }

    #[test]
    fn names_match_as_rfc_6125_says() {
        assert!(matches(&["www.example.test"], None, "WWW.example.test."));
        assert!(matches(&["*.example.test"], None, "www.example.test"));
        assert!(!matches(&["*.example.test"], None, "a.b.example.test"));
        assert!(!matches(&["*.example.test"], None, "example.test"));
        assert!(!matches(&["*.test"], None, "example.test"));
        assert!(!matches(&["w*.example.test"], None, "www.example.test"));
        assert!(!matches(&["www.*.test"], None, "www.example.test"));
        assert!(!matches(&["*"], None, "host"));
    }

    #[test]
    fn the_common_name_counts_only_without_alternatives() {
        assert!(matches(&[], Some("www.example.test"), "www.example.test"));
        assert!(!matches(&["other.test"], Some("www.example.test"), "www.example.test"));
        assert!(!matches(&[], None, "www.example.test"));
    }

    #[test]
    fn addresses_match_exactly() {
        assert!(matches(&["192.0.2.7"], None, ""));
        assert!(!matches(&["192.0.2.8"], None, ""));
        assert!(!matches(&["*.0.2.8"], None, "192.0.2.8"));
    }

    #[test]
    fn special_characters_are_escaped() {
        assert_eq!(escape("A, B+C"), "A\\, B\\+C");
        assert_eq!(escape(" a "), "\\ a\\ ");
        assert_eq!(escape("#1"), "\\#1");
    }
}
