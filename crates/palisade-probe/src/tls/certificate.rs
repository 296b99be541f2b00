//! From the DER of a certificate to facts.
//!
//! Nothing is verified here: whether a chain leads to a trusted authority needs trust anchors and
//! signatures, and is the engine's business. Odd certificates give what can be read of them.

use palisade_model::fact::{CertificateFacts, printable};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use x509_parser::certificate::X509Certificate;
use x509_parser::der_parser::oid::Oid;
use x509_parser::extensions::{ExtendedKeyUsage, GeneralName, KeyUsage, ParsedExtension};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::signature_algorithm::SignatureAlgorithm;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

pub use super::certificate_name::{distinguished_name, names_match};
use super::server_hello::integer_bits;

/// Names kept of a subjectAltName extension.
const NAMES_MAX: usize = 512;
/// Characters kept of one name.
const NAME_CHARACTERS_MAX: usize = 1024;
const SECONDS_PER_DAY: i64 = 86_400;
const OCSP_ACCESS: &str = "1.3.6.1.5.5.7.48.1";

/// Object identifier, name, hash of a signature algorithm.
const SIGNATURE_ALGORITHMS: &[(&str, &str, &str)] = &[
    ("1.2.840.113549.1.1.2", "md2WithRSAEncryption", "MD2"),
    ("1.2.840.113549.1.1.3", "md4WithRSAEncryption", "MD4"),
    ("1.2.840.113549.1.1.4", "md5WithRSAEncryption", "MD5"),
    ("1.2.840.113549.1.1.5", "sha1WithRSAEncryption", "SHA1"),
    ("1.3.14.3.2.29", "sha1WithRSA", "SHA1"),
    ("1.3.14.3.2.27", "dsaWithSHA1", "SHA1"),
    ("1.2.840.113549.1.1.14", "sha224WithRSAEncryption", "SHA224"),
    ("1.2.840.113549.1.1.11", "sha256WithRSAEncryption", "SHA256"),
    ("1.2.840.113549.1.1.12", "sha384WithRSAEncryption", "SHA384"),
    ("1.2.840.113549.1.1.13", "sha512WithRSAEncryption", "SHA512"),
    ("1.2.840.10040.4.3", "dsa-with-SHA1", "SHA1"),
    ("2.16.840.1.101.3.4.3.1", "dsa-with-SHA224", "SHA224"),
    ("2.16.840.1.101.3.4.3.2", "dsa-with-SHA256", "SHA256"),
    ("1.2.840.10045.4.1", "ecdsa-with-SHA1", "SHA1"),
    ("1.2.840.10045.4.3.1", "ecdsa-with-SHA224", "SHA224"),
    ("1.2.840.10045.4.3.2", "ecdsa-with-SHA256", "SHA256"),
    ("1.2.840.10045.4.3.3", "ecdsa-with-SHA384", "SHA384"),
    ("1.2.840.10045.4.3.4", "ecdsa-with-SHA512", "SHA512"),
    ("1.3.101.112", "Ed25519", ""),
    ("1.3.101.113", "Ed448", ""),
    ("1.2.643.2.2.3", "gostR3411-94-with-gostR3410-2001", "GOST94"),
    ("1.2.643.7.1.1.3.2", "gostR3411-2012-256-with-gostR3410-2012-256", "STREEBOG256"),
    ("1.2.643.7.1.1.3.3", "gostR3411-2012-512-with-gostR3410-2012-512", "STREEBOG512"),
    ("1.2.156.10197.1.501", "SM2-with-SM3", "SM3"),
];

/// Hashes that RSASSA-PSS parameters name.
const HASHES: &[(&str, &str)] = &[
    ("1.2.840.113549.2.5", "MD5"),
    ("1.3.14.3.2.26", "SHA1"),
    ("2.16.840.1.101.3.4.2.4", "SHA224"),
    ("2.16.840.1.101.3.4.2.1", "SHA256"),
    ("2.16.840.1.101.3.4.2.2", "SHA384"),
    ("2.16.840.1.101.3.4.2.3", "SHA512"),
];

/// Object identifier of a curve and its size in bits.
const CURVES: &[(&str, u32)] = &[
    ("1.2.840.10045.3.1.1", 192),
    ("1.2.840.10045.3.1.7", 256),
    ("1.3.132.0.10", 256),
    ("1.3.132.0.33", 224),
    ("1.3.132.0.34", 384),
    ("1.3.132.0.35", 521),
    ("1.3.36.3.3.2.8.1.1.7", 256),
    ("1.3.36.3.3.2.8.1.1.11", 384),
    ("1.3.36.3.3.2.8.1.1.13", 512),
    ("1.2.156.10197.1.301", 256),
];

/// What a certificate says. `now` is in Unix seconds. A DER that does not parse gives fingerprints
/// and nothing else. `name_matches` and `trusted` are left open.
#[must_use]
pub fn certificate_facts(der: &[u8], now: i64) -> CertificateFacts {
    let mut facts = CertificateFacts {
        sha256: hex(&Sha256::digest(der)),
        sha1: hex(&Sha1::digest(der)),
        ..CertificateFacts::default()
    };
    if let Ok((_, certificate)) = X509Certificate::from_der(der) {
        read_body(&mut facts, &certificate, now);
        read_key(&mut facts, certificate.public_key());
        read_signature(&mut facts, &certificate.signature_algorithm);
        for extension in certificate.extensions() {
            read_extension(&mut facts, extension.parsed_extension());
        }
    }
    facts
}

fn read_body(facts: &mut CertificateFacts, certificate: &X509Certificate<'_>, now: i64) {
    facts.subject = distinguished_name(certificate.subject());
    facts.issuer = distinguished_name(certificate.issuer());
    facts.self_signed = certificate.subject().as_raw() == certificate.issuer().as_raw();
    facts.common_name = certificate
        .subject()
        .iter_common_name()
        .last()
        .map(|name| printable(name.as_slice(), NAME_CHARACTERS_MAX));
    facts.serial = hex(certificate.raw_serial());
    facts.version = u8::try_from(certificate.version().0.saturating_add(1)).unwrap_or(u8::MAX);
    facts.not_before = certificate.validity().not_before.timestamp();
    facts.not_after = certificate.validity().not_after.timestamp();
    facts.expired = now > facts.not_after;
    facts.not_yet_valid = now < facts.not_before;
    facts.days_left = facts.not_after.saturating_sub(now).div_euclid(SECONDS_PER_DAY);
    facts.validity_days = facts.not_after.saturating_sub(facts.not_before) / SECONDS_PER_DAY;
}

fn read_key(facts: &mut CertificateFacts, info: &SubjectPublicKeyInfo<'_>) {
    let algorithm = info.algorithm.algorithm.to_id_string();
    facts.key_algorithm = match algorithm.as_str() {
        "1.2.840.113549.1.1.1" => "RSA".to_owned(),
        "1.2.840.113549.1.1.10" => "RSA-PSS".to_owned(),
        "1.2.840.10045.2.1" => "EC".to_owned(),
        "1.2.840.10040.4.1" => "DSA".to_owned(),
        "1.2.840.10046.2.1" => "DH".to_owned(),
        "1.3.101.112" => "Ed25519".to_owned(),
        "1.3.101.113" => "Ed448".to_owned(),
        "1.2.643.2.2.19" => "GOST2001".to_owned(),
        "1.2.643.7.1.1.1.1" | "1.2.643.7.1.1.1.2" => "GOST2012".to_owned(),
        _ => algorithm,
    };
    facts.key_bits = match facts.key_algorithm.as_str() {
        "Ed25519" => 256,
        "Ed448" => 456,
        "EC" => curve_bits(info),
        "DSA" => dsa_bits(&info.algorithm),
        "RSA-PSS" => x509_parser::public_key::RSAPublicKey::from_der(&info.subject_public_key.data)
            .map_or(0, |(_, key)| integer_bits(key.modulus)),
        _ => match info.parsed() {
            Ok(PublicKey::RSA(key)) => integer_bits(key.modulus),
            Ok(PublicKey::GostR3410(key) | PublicKey::GostR3410_2012(key)) => {
                u32::try_from(key.len()).unwrap_or_default().saturating_mul(4)
            }
            _ => 0,
        },
    };
}

/// From the named curve; for explicit parameters and unknown curves from the length of the point.
fn curve_bits(info: &SubjectPublicKeyInfo<'_>) -> u32 {
    let named = info
        .algorithm
        .parameters
        .as_ref()
        .and_then(|parameters| parameters.as_oid().ok())
        .and_then(|oid| lookup(CURVES, &oid, |row| row.0))
        .map(|row| row.1);
    named.unwrap_or_else(|| match info.parsed() {
        Ok(PublicKey::EC(point)) => u32::try_from(point.key_size()).unwrap_or_default(),
        _ => 0,
    })
}

/// The size of the prime, the first integer of the parameters.
fn dsa_bits(algorithm: &AlgorithmIdentifier<'_>) -> u32 {
    let Some(parameters) = &algorithm.parameters else { return 0 };
    x509_parser::der_parser::der::parse_der_integer(parameters.data)
        .ok()
        .and_then(|(_, prime)| prime.as_slice().ok().map(integer_bits))
        .unwrap_or_default()
}

fn read_signature(facts: &mut CertificateFacts, algorithm: &AlgorithmIdentifier<'_>) {
    if let Ok(SignatureAlgorithm::RSASSA_PSS(parameters)) = SignatureAlgorithm::try_from(algorithm) {
        "RSASSA-PSS".clone_into(&mut facts.signature_algorithm);
        let hash = lookup(HASHES, parameters.hash_algorithm_oid(), |row| row.0);
        hash.map_or_else(String::new, |row| row.1.to_owned()).clone_into(&mut facts.signature_hash);
        return;
    }
    match lookup(SIGNATURE_ALGORITHMS, &algorithm.algorithm, |row| row.0) {
        Some((_, name, hash)) => {
            (*name).clone_into(&mut facts.signature_algorithm);
            (*hash).clone_into(&mut facts.signature_hash);
        }
        None => facts.signature_algorithm = algorithm.algorithm.to_id_string(),
    }
}

fn read_extension(facts: &mut CertificateFacts, extension: &ParsedExtension<'_>) {
    match extension {
        ParsedExtension::SubjectAlternativeName(names) => {
            facts.alternative_names =
                names.general_names.iter().filter_map(alternative_name).take(NAMES_MAX).collect();
        }
        ParsedExtension::BasicConstraints(constraints) => facts.is_ca = constraints.ca,
        ParsedExtension::KeyUsage(usage) => facts.key_usage = key_usages(*usage),
        ParsedExtension::ExtendedKeyUsage(usage) => facts.extended_key_usage = extended_key_usages(usage),
        ParsedExtension::AuthorityInfoAccess(access) => {
            facts.ocsp_urls = access
                .accessdescs
                .iter()
                .filter(|description| description.access_method.to_id_string() == OCSP_ACCESS)
                .filter_map(|description| match &description.access_location {
                    GeneralName::URI(url) => Some(printable(url.as_bytes(), NAME_CHARACTERS_MAX)),
                    _ => None,
                })
                .take(NAMES_MAX)
                .collect();
        }
        ParsedExtension::SCT(timestamps) => {
            facts.transparency_timestamps = u32::try_from(timestamps.len()).unwrap_or(u32::MAX);
        }
        _ => {}
    }
}

fn alternative_name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(printable(name.as_bytes(), NAME_CHARACTERS_MAX)),
        GeneralName::IPAddress(bytes) => match <[u8; 4]>::try_from(*bytes) {
            Ok(four) => Some(std::net::Ipv4Addr::from(four).to_string()),
            Err(_) => <[u8; 16]>::try_from(*bytes).ok().map(|all| std::net::Ipv6Addr::from(all).to_string()),
        },
        _ => None,
    }
}

fn key_usages(usage: KeyUsage) -> Vec<String> {
    [
        (usage.digital_signature(), "digitalSignature"),
        (usage.non_repudiation(), "nonRepudiation"),
        (usage.key_encipherment(), "keyEncipherment"),
        (usage.data_encipherment(), "dataEncipherment"),
        (usage.key_agreement(), "keyAgreement"),
        (usage.key_cert_sign(), "keyCertSign"),
        (usage.crl_sign(), "cRLSign"),
        (usage.encipher_only(), "encipherOnly"),
        (usage.decipher_only(), "decipherOnly"),
    ]
    .into_iter()
    .filter(|(present, _)| *present)
    .map(|(_, name)| name.to_owned())
    .collect()
}

fn extended_key_usages(usage: &ExtendedKeyUsage<'_>) -> Vec<String> {
    [
        (usage.any, "anyExtendedKeyUsage"),
        (usage.server_auth, "serverAuth"),
        (usage.client_auth, "clientAuth"),
        (usage.code_signing, "codeSigning"),
        (usage.email_protection, "emailProtection"),
        (usage.time_stamping, "timeStamping"),
        (usage.ocsp_signing, "OCSPSigning"),
    ]
    .into_iter()
    .filter(|(present, _)| *present)
    .map(|(_, name)| name.to_owned())
    .chain(usage.other.iter().take(NAMES_MAX).map(Oid::to_id_string))
    .collect()
}

fn lookup<'t, T>(table: &'t [T], oid: &Oid<'_>, key: impl Fn(&T) -> &'static str) -> Option<&'t T> {
    let text = oid.to_id_string();
    table.iter().find(|row| key(row) == text)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
#[path = "certificate_tests.rs"]
mod tests;
