//! The flight parser fed with what OpenSSL sent, with flights made by hand for servers that nobody
//! runs any more, and with anything else.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use palisade_probe::reader::Malformed;
use palisade_probe::tls::{
    Alert, Flight, KeyExchange, Progress, ServerFlight, Version, certificate_facts, names_match,
};
use proptest::prelude::*;

/// TLS 1.2, ECDHE on x25519, a P-256 certificate.
const TLS12: &str = include_str!("captures/tls12_ecdhe_ecdsa.hex");
/// TLS 1.0, a prime of 1024 bits, a certificate signed with SHA-1.
const TLS10: &str = include_str!("captures/tls10_dhe_1024.hex");
const REFUSAL: &str = include_str!("captures/tls10_refusal.hex");
/// In the validity of the captured certificates.
const NOW: i64 = 1_795_400_000;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex
        .chars()
        .filter_map(|digit| digit.to_digit(16))
        .map(|digit| u8::try_from(digit).unwrap())
        .collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn read(stream: &[u8], piece_bytes: usize) -> Flight {
    let mut flight = ServerFlight::new();
    for piece in stream.chunks(piece_bytes) {
        if flight.feed(piece) == Progress::Done {
            break;
        }
    }
    flight.into_flight()
}

fn record(kind: u8, version: u16, body: &[u8]) -> Vec<u8> {
    let mut out = vec![kind];
    out.extend(version.to_be_bytes());
    out.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
    out.extend(body);
    out
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![kind];
    out.extend(&u32::try_from(body.len()).unwrap().to_be_bytes()[1..]);
    out.extend(body);
    out
}

fn hello(version: u16, suite: u16, extensions: &[u8]) -> Vec<u8> {
    let mut body = version.to_be_bytes().to_vec();
    body.extend([5; 32]);
    body.push(0);
    body.extend(suite.to_be_bytes());
    body.push(0);
    if !extensions.is_empty() {
        body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
        body.extend(extensions);
    }
    message(2, &body)
}

#[test]
fn a_tls12_flight_is_read_to_its_end() {
    let flight = read(&bytes(TLS12), 1 << 20);
    let hello = flight.hello.as_ref().unwrap();
    assert_eq!((hello.version(), hello.suite), (Some(Version::Tls12), 0xc02b));
    assert!(hello.secure_renegotiation() && hello.extended_master_secret() && hello.session_ticket());
    assert!(!hello.heartbeat());
    assert_eq!(flight.key_exchange, Some(KeyExchange::Ecdh { group: 29 }));
    assert!(flight.complete && flight.is_tls() && !flight.certificates_encrypted());

    let facts = certificate_facts(&flight.certificates[0], NOW);
    assert_eq!(facts.subject, "CN=capture.test,O=Example\\, Inc.,C=DE");
    assert!(facts.self_signed && !facts.expired && !facts.not_yet_valid && !facts.is_ca);
    assert_eq!((facts.key_algorithm.as_str(), facts.key_bits, facts.version), ("EC", 256, 3));
    assert_eq!(
        (facts.signature_algorithm.as_str(), facts.signature_hash.as_str()),
        ("ecdsa-with-SHA256", "SHA256")
    );
    assert_eq!(facts.alternative_names, ["capture.test", "*.capture.test", "192.0.2.7"]);
    assert_eq!(facts.serial, "1ce19a437d921ac2f49fee3f1b4e2a3ce68f1ddc");
    assert_eq!(facts.sha256, "8ece2cc2ad2df1667b1367ea1b2708378cac765d2d0009a1b1d9c18bd9a7a511");
    assert_eq!(facts.key_usage, ["digitalSignature"]);
    assert_eq!(facts.extended_key_usage, ["serverAuth"]);
    assert_eq!(facts.ocsp_urls, ["http://ocsp.capture.test/"]);
    assert_eq!(facts.validity_days, 3650);
    let nowhere = std::net::Ipv4Addr::LOCALHOST;
    assert!(names_match(&facts, &["a.capture.test".to_owned()], nowhere.into()));
    assert!(!names_match(&facts, &["a.b.capture.test".to_owned()], nowhere.into()));

    let late = certificate_facts(&flight.certificates[0], facts.not_after + 1);
    assert!(late.expired && late.days_left == -1);
    assert!(certificate_facts(&flight.certificates[0], facts.not_before - 1).not_yet_valid);
}

#[test]
fn a_weak_prime_is_measured() {
    let flight = read(&bytes(TLS10), 1 << 20);
    assert_eq!(flight.hello.as_ref().unwrap().version(), Some(Version::Tls10));
    assert_eq!(flight.key_exchange, Some(KeyExchange::Dh { prime_bits: 1024, family: Some("MODP") }));
    let facts = certificate_facts(&flight.certificates[0], NOW);
    assert_eq!((facts.key_algorithm.as_str(), facts.key_bits), ("RSA", 1024));
    assert_eq!(facts.signature_hash, "SHA1");
}

#[test]
fn a_refusal_is_tls() {
    let flight = read(&bytes(REFUSAL), 1 << 20);
    assert_eq!(flight.alert.unwrap().description, Alert::HANDSHAKE_FAILURE);
    assert!(flight.is_tls() && flight.hello.is_none() && flight.malformed.is_none());
}

#[test]
fn an_alert_of_no_version_is_tls() {
    for piece_bytes in 1..8 {
        let flight = read(&[21, 0, 0, 0, 2, 2, 40], piece_bytes);
        assert!(flight.is_tls());
        // A packet of another protocol that begins alike.
        assert!(!read(&[21, 0, 0, 0, 255, 1, 2, 3], piece_bytes).is_tls());
    }
}

#[test]
fn an_export_flight_of_sslv3_is_read() {
    let mut exchange = vec![0, 64];
    exchange.push(0x80);
    exchange.extend([1; 63]);
    exchange.extend([0, 3, 1, 0, 1]);
    let mut messages = hello(0x0300, 0x0003, &[]);
    messages.extend(message(11, &[0, 0, 7, 0, 0, 4, 0x30, 2, 5, 0]));
    messages.extend(message(12, &exchange));
    messages.extend(message(14, &[]));
    // Cut over records in odd places.
    let stream: Vec<u8> = messages.chunks(50).flat_map(|part| record(22, 0x0300, part)).collect();
    let flight = read(&stream, 7);
    assert_eq!(flight.hello.as_ref().unwrap().version(), Some(Version::Ssl3));
    assert_eq!(flight.key_exchange, Some(KeyExchange::Rsa { modulus_bits: 512 }));
    assert_eq!(flight.certificates, [[0x30, 2, 5, 0]]);
    assert!(flight.complete);
    // Not X.509 at all, and still something to tell it by.
    let facts = certificate_facts(&flight.certificates[0], NOW);
    assert!(facts.subject.is_empty() && facts.sha256.len() == 64);
}

#[test]
fn an_rc4_flight_without_key_exchange_is_read() {
    let mut messages = hello(0x0301, 0x0005, &[]);
    messages.extend(message(11, &[0, 0, 0]));
    messages.extend(message(13, &[1, 1, 0, 0]));
    messages.extend(message(14, &[]));
    let flight = read(&record(22, 0x0301, &messages), 1 << 20);
    assert_eq!(flight.hello.as_ref().unwrap().suite, 5);
    assert!(flight.certificate_requested && flight.key_exchange.is_none() && flight.complete);
}

#[test]
fn a_tls13_hello_ends_the_flight() {
    let extensions = [0, 43, 0, 2, 3, 4, 0, 51, 0, 2, 0, 29];
    let flight = read(&record(22, 0x0303, &hello(0x0303, 0x1301, &extensions)), 1 << 20);
    let hello = flight.hello.as_ref().unwrap();
    assert_eq!((hello.version(), hello.group), (Some(Version::Tls13), Some(29)));
    assert!(flight.certificates_encrypted() && flight.complete);
}

#[test]
fn a_warning_does_not_end_the_flight() {
    let mut stream = record(21, 0x0301, &[1, 112]);
    stream.extend(bytes(TLS12));
    let flight = read(&stream, 1 << 20);
    assert!(flight.complete);
    assert_eq!(flight.alert, Some(Alert { level: 1, description: 112 }));
}

#[test]
fn other_protocols_are_told_at_once() {
    for text in ["HTTP/1.1 400 Bad Request\r\n", "220 mail.test ESMTP\r\n", "SSH-2.0-x\r\n", "\0\0\0\0"] {
        let flight = read(text.as_bytes(), 1 << 20);
        assert_eq!(flight.malformed, Some(Malformed::OtherProtocol), "{text}");
        assert_eq!(flight.foreign, text.as_bytes());
        assert!(!flight.is_tls());
    }
}

#[test]
fn floods_end() {
    let mut flight = ServerFlight::new();
    // A message that says it is long, and goes on.
    let start = record(22, 0x0303, &[11, 0, 0xff, 0xff]);
    flight.feed(&start);
    let more = record(22, 0x0303, &[0; 8192]);
    let fed = (0..1000).take_while(|_| flight.feed(&more) == Progress::NeedMore).count();
    assert!(fed < 40, "{fed}");
    let long = read(&record(22, 0x0303, &[2, 1, 0, 1]), 1 << 20);
    assert_eq!(long.malformed, Some(Malformed::TooLong));
}

#[test]
fn an_ssl2_hello_is_a_flight() {
    let mut body = vec![4, 0, 1, 0, 2, 0, 4, 0, 3, 0, 0];
    body.extend([0x30, 2, 5, 0, 1, 0, 0x80]);
    let mut stream = vec![0x80, u8::try_from(body.len()).unwrap()];
    stream.extend(body);
    for piece in 1..stream.len() {
        let flight = read(&stream, piece);
        assert_eq!(flight.ssl2.as_ref().unwrap().kinds, [0x01_00_80]);
        assert_eq!(flight.certificates.len(), 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pieces_make_no_difference(piece_bytes in 1_usize..700) {
        for capture in [TLS12, TLS10, REFUSAL] {
            let stream = bytes(capture);
            prop_assert_eq!(read(&stream, piece_bytes), read(&stream, stream.len()));
        }
    }

    #[test]
    fn changed_bytes_never_panic(at in any::<prop::sample::Index>(), byte: u8, cut in any::<prop::sample::Index>(), piece_bytes in 1_usize..300) {
        for capture in [TLS12, TLS10] {
            let mut stream = bytes(capture);
            let at = at.index(stream.len());
            stream[at] = byte;
            stream.truncate(cut.index(stream.len()) + 1);
            let mut flight = read(&stream, piece_bytes);
            let mut whole = read(&stream, stream.len());
            // How much of a foreign answer is there to keep depends on the pieces.
            flight.foreign.clear();
            whole.foreign.clear();
            prop_assert_eq!(&flight, &whole);
            for der in &flight.certificates {
                let _ = certificate_facts(der, NOW);
            }
        }
    }

    #[test]
    fn any_bytes_never_panic(stream in prop::collection::vec(any::<u8>(), 0..300), kind in 20_u8..25) {
        read(&stream, 20);
        read(&record(kind, 0x0301, &stream), 20);
        let _ = certificate_facts(&stream, NOW);
    }

    #[test]
    fn any_certificate_body_never_panics(at in any::<prop::sample::Index>(), byte: u8) {
        let flight = read(&bytes(TLS12), 1 << 20);
        let mut der = flight.certificates[0].clone();
        let at = at.index(der.len());
        der[at] = byte;
        prop_assert_eq!(certificate_facts(&der, NOW).sha256.len(), 64);
    }
}
