//! What a cipher suite is made of, read from its registered name.
//!
//! A name says everything (`TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA`), so there is one table of
//! numbers and names and no second one that could disagree with it. Judging suites (weak, broken)
//! is the KnowledgeBase's business.

use palisade_model::fact::TlsSuite;

use super::Version;
use super::suite_table::SUITES;

/// Says that the client knows secure renegotiation (RFC 5746).
pub const RENEGOTIATION_SCSV: u16 = 0x00ff;
/// Says that the client came back with a lower version (RFC 7507).
pub const FALLBACK_SCSV: u16 = 0x5600;

/// The seven cipher kinds of SSLv2: three-byte number, name in the style of IANA, export.
const SSL2_KINDS: &[(u32, &str)] = &[
    (0x01_00_80, "SSL_RSA_WITH_RC4_128_MD5"),
    (0x02_00_80, "SSL_RSA_EXPORT_WITH_RC4_40_MD5"),
    (0x03_00_80, "SSL_RSA_WITH_RC2_CBC_128_MD5"),
    (0x04_00_80, "SSL_RSA_EXPORT_WITH_RC2_CBC_40_MD5"),
    (0x05_00_80, "SSL_RSA_WITH_IDEA_CBC_MD5"),
    (0x06_00_40, "SSL_RSA_WITH_DES_CBC_MD5"),
    (0x07_00_c0, "SSL_RSA_WITH_3DES_EDE_CBC_MD5"),
];

/// Every number in the table, ascending; signalling values are not among them.
pub fn all_suites() -> impl Iterator<Item = u16> {
    SUITES.iter().map(|(id, _)| *id)
}

/// The registered name, if the number has one.
#[must_use]
pub fn suite_name(id: u16) -> Option<&'static str> {
    SUITES
        .binary_search_by_key(&id, |(number, _)| *number)
        .ok()
        .and_then(|at| SUITES.get(at))
        .map(|row| row.1)
}

/// Everything known about a suite of SSLv3 to TLS 1.3. A number without a name is called
/// `UNKNOWN_0x1234`, with nothing else filled in.
#[must_use]
pub fn describe_suite(version: Version, id: u16) -> TlsSuite {
    suite_name(id).map_or_else(
        || TlsSuite {
            version: version.as_str().to_owned(),
            id,
            name: format!("UNKNOWN_0x{id:04X}"),
            ..TlsSuite::default()
        },
        |name| from_name(version, id, name),
    )
}

/// Everything known about a cipher kind of SSLv2. `id` of the result keeps the two low bytes with
/// the first byte folded in (`0x0180` for 01 00 80), because facts have room for two.
#[must_use]
pub fn describe_ssl2_kind(kind: u32) -> TlsSuite {
    let id = u16::try_from((kind >> 8) & 0xff00 | kind & 0xff).unwrap_or_default();
    SSL2_KINDS.iter().find(|(number, _)| *number == kind).map_or_else(
        || TlsSuite {
            version: Version::Ssl2.as_str().to_owned(),
            id,
            name: format!("UNKNOWN_0x{kind:06X}"),
            ..TlsSuite::default()
        },
        |(_, name)| from_name(Version::Ssl2, id, name),
    )
}

/// The cipher kinds of SSLv2, as three-byte numbers.
pub fn all_ssl2_kinds() -> impl Iterator<Item = u32> {
    SSL2_KINDS.iter().map(|(kind, _)| *kind)
}

fn from_name(version: Version, id: u16, name: &str) -> TlsSuite {
    let body = name.strip_prefix("TLS_").or_else(|| name.strip_prefix("SSL_")).unwrap_or(name);
    let (exchange, cipher) = body.split_once("_WITH_").unwrap_or(("ANY", body));
    let export = exchange.contains("EXPORT");
    let (key_exchange, authentication) = key_exchange_of(exchange);
    let (encryption, bits, mac) = cipher_of(exchange, cipher);
    TlsSuite {
        version: version.as_str().to_owned(),
        id,
        name: name.to_owned(),
        key_exchange: key_exchange.to_owned(),
        authentication: authentication.to_owned(),
        encryption: encryption.to_owned(),
        bits,
        mac: mac.to_owned(),
        export,
    }
}

/// Key exchange and authentication from the part before `_WITH_`.
fn key_exchange_of(text: &str) -> (&str, &str) {
    let plain = text.trim_end_matches("_EXPORT1024").trim_end_matches("_EXPORT").trim_end_matches("_FIPS");
    match plain {
        "SRP_SHA" => ("SRP", "SRP"),
        "SRP_SHA_RSA" => ("SRP", "RSA"),
        "SRP_SHA_DSS" => ("SRP", "DSS"),
        "PSK_DHE" => ("DHE", "PSK"),
        "RSA_PSK" => ("RSA", "PSK"),
        "FORTEZZA_KEA" => ("FORTEZZA", "FORTEZZA"),
        "ECCPWD" => ("ECCPWD", "ECCPWD"),
        _ if plain.starts_with("GOSTR341112") => ("GOST", "GOST2012"),
        _ if plain.starts_with("GOSTR341001") => ("GOST", "GOST2001"),
        _ if plain.starts_with("GOSTR341094") => ("GOST", "GOST94"),
        _ => match plain.split_once('_') {
            Some((exchange, "anon")) => (exchange, "NULL"),
            Some(pair) => pair,
            None => (plain, plain),
        },
    }
}

/// Encryption, effective key length and MAC from the part after `_WITH_`.
fn cipher_of<'a>(exchange: &str, text: &'a str) -> (&'static str, u16, &'a str) {
    const PREFIXES: &[(&str, &str, u16)] = &[
        ("AES_128_GCM", "AES-GCM", 128),
        ("AES_256_GCM", "AES-GCM", 256),
        ("AES_128_CCM_8", "AES-CCM-8", 128),
        ("AES_256_CCM_8", "AES-CCM-8", 256),
        ("AES_128_CCM", "AES-CCM", 128),
        ("AES_256_CCM", "AES-CCM", 256),
        ("AES_128_CBC", "AES-CBC", 128),
        ("AES_256_CBC", "AES-CBC", 256),
        ("CHACHA20_POLY1305", "CHACHA20-POLY1305", 256),
        ("CAMELLIA_128_GCM", "CAMELLIA-GCM", 128),
        ("CAMELLIA_256_GCM", "CAMELLIA-GCM", 256),
        ("CAMELLIA_128_CBC", "CAMELLIA-CBC", 128),
        ("CAMELLIA_256_CBC", "CAMELLIA-CBC", 256),
        ("ARIA_128_GCM", "ARIA-GCM", 128),
        ("ARIA_256_GCM", "ARIA-GCM", 256),
        ("ARIA_128_CBC", "ARIA-CBC", 128),
        ("ARIA_256_CBC", "ARIA-CBC", 256),
        ("SM4_GCM", "SM4-GCM", 128),
        ("SM4_CCM", "SM4-CCM", 128),
        ("SEED_CBC", "SEED-CBC", 128),
        ("IDEA_CBC", "IDEA-CBC", 128),
        ("3DES_EDE_CBC", "3DES-CBC", 112),
        ("DES40_CBC", "DES-CBC", 40),
        ("DES_CBC_40", "DES-CBC", 40),
        ("DES_CBC", "DES-CBC", 56),
        ("RC4_128", "RC4", 128),
        ("RC4_56", "RC4", 56),
        ("RC4_40", "RC4", 40),
        ("RC2_CBC_128", "RC2-CBC", 128),
        ("RC2_CBC_56", "RC2-CBC", 56),
        ("RC2_CBC_40", "RC2-CBC", 40),
        ("FORTEZZA_CBC", "FORTEZZA-CBC", 80),
        ("KUZNYECHIK_CTR", "KUZNYECHIK-CTR", 256),
        ("MAGMA_CTR", "MAGMA-CTR", 256),
        ("28147_CNT", "GOST-CNT", 256),
        ("NULL", "NULL", 0),
    ];
    let found = PREFIXES
        .iter()
        .find_map(|(prefix, name, bits)| text.strip_prefix(prefix).map(|rest| (*name, *bits, rest)));
    // The two integrity-only suites of TLS 1.3 (RFC 9150) name two hashes and no cipher.
    let Some((encryption, bits, rest)) = found else {
        return ("NULL", 0, text.split_once('_').map_or(text, |(hash, _)| hash));
    };
    let aead = ["GCM", "CCM", "CCM-8", "POLY1305"].iter().any(|mode| encryption.ends_with(mode));
    let mac = match rest.trim_start_matches('_') {
        _ if aead => "AEAD",
        "SHA" => "SHA1",
        other => other,
    };
    // The 1024-bit export exchange cut the key of single DES by nothing.
    let bits = if exchange.contains("EXPORT") { bits.min(56) } else { bits };
    (encryption, bits, mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: u16) -> (String, String, String, u16, String, bool) {
        let suite = describe_suite(Version::Tls12, id);
        (suite.key_exchange, suite.authentication, suite.encryption, suite.bits, suite.mac, suite.export)
    }

    fn expect(id: u16, exchange: &str, authentication: &str, encryption: &str, bits: u16, mac: &str) {
        let export = row(id).5;
        let own = |text: &str| text.to_owned();
        assert_eq!(
            row(id),
            (own(exchange), own(authentication), own(encryption), bits, own(mac), export),
            "{id:04x}"
        );
    }

    #[test]
    fn the_table_is_sorted_and_every_name_is_understood() {
        assert!(SUITES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(SUITES.len() > 330);
        for (id, name) in SUITES {
            let suite = describe_suite(Version::Tls12, *id);
            assert_eq!(&suite.name, name);
            assert!(!suite.mac.is_empty(), "{name} has no mac");
            assert!(!suite.mac.contains('_'), "{name} has mac {}", suite.mac);
            assert!(!suite.key_exchange.contains('_'), "{name}");
            assert!(!suite.authentication.contains('_'), "{name}");
            assert_eq!(suite.encryption == "NULL", suite.bits == 0, "{name}");
            assert_eq!(suite.export, name.contains("EXPORT"), "{name}");
        }
    }

    #[test]
    fn suites_are_taken_apart() {
        expect(0x0004, "RSA", "RSA", "RC4", 128, "MD5");
        expect(0x0003, "RSA", "RSA", "RC4", 40, "MD5");
        expect(0x0014, "DHE", "RSA", "DES-CBC", 40, "SHA1");
        expect(0x0018, "DH", "NULL", "RC4", 128, "MD5");
        expect(0x000a, "RSA", "RSA", "3DES-CBC", 112, "SHA1");
        expect(0x001e, "KRB5", "KRB5", "DES-CBC", 56, "SHA1");
        expect(0x0026, "KRB5", "KRB5", "DES-CBC", 40, "SHA1");
        expect(0x0062, "RSA", "RSA", "DES-CBC", 56, "SHA1");
        expect(0x003b, "RSA", "RSA", "NULL", 0, "SHA256");
        expect(0x0081, "GOST", "GOST2001", "GOST-CNT", 256, "IMIT");
        expect(0x1301, "ANY", "ANY", "AES-GCM", 128, "AEAD");
        expect(0x1303, "ANY", "ANY", "CHACHA20-POLY1305", 256, "AEAD");
        expect(0xc017, "ECDH", "NULL", "3DES-CBC", 112, "SHA1");
        expect(0xc02f, "ECDHE", "RSA", "AES-GCM", 128, "AEAD");
        expect(0xc028, "ECDHE", "RSA", "AES-CBC", 256, "SHA384");
        expect(0xc01e, "SRP", "RSA", "AES-CBC", 128, "SHA1");
        expect(0xc0aa, "DHE", "PSK", "AES-CCM-8", 128, "AEAD");
        expect(0xc0b4, "ANY", "ANY", "NULL", 0, "SHA256");
        assert!(row(0x0003).5);
        assert!(!row(0x0004).5);
    }

    #[test]
    fn unknown_numbers_keep_their_number() {
        assert_eq!(describe_suite(Version::Tls12, 0x4242).name, "UNKNOWN_0x4242");
        assert_eq!(describe_ssl2_kind(0x08_00_80).name, "UNKNOWN_0x080080");
    }

    #[test]
    fn ssl2_kinds_are_described() {
        let kind = describe_ssl2_kind(0x02_00_80);
        assert_eq!((kind.version.as_str(), kind.bits, kind.export), ("SSLv2", 40, true));
        assert_eq!(kind.id, 0x0280);
        assert_eq!(all_ssl2_kinds().count(), 7);
    }
}
