//! The SSH survey fed with what OpenSSH and Dropbear sent, and with anything else.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use palisade_model::fact::SshFacts;
use palisade_probe::ssh::{
    Conversation, KeyExchangeInit, Step, Survey, encode_packet, identify, read_packet,
};
use proptest::prelude::*;

/// Streams of whole connections, as a server sent them; hex.
const OPENSSH_RSA: &str = include_str!("captures/openssh_9.2_rsa.hex");
const OPENSSH_GROUP_EXCHANGE: &str = include_str!("captures/openssh_9.2_group_exchange.hex");
const DROPBEAR_ED25519: &str = include_str!("captures/dropbear_2022.83_ed25519.hex");
const DROPBEAR_RSA: &str = include_str!("captures/dropbear_2022.83_rsa.hex");

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex
        .chars()
        .filter_map(|digit| digit.to_digit(16))
        .map(|digit| u8::try_from(digit).unwrap())
        .collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// Feeds a stream in pieces; gives what was sent in turn.
fn replay(conversation: &mut Conversation, stream: &[u8], piece_bytes: usize) -> Vec<u8> {
    let mut sent = Vec::new();
    for piece in stream.chunks(piece_bytes) {
        match conversation.feed(piece) {
            Step::Send(out) => sent.extend(out),
            Step::NeedMore => {}
            Step::Done => break,
        }
    }
    sent
}

fn first_facts(hex: &str, piece_bytes: usize) -> (SshFacts, Survey, Vec<u8>) {
    let mut survey = Survey::new([7; 16]);
    let mut conversation = survey.next_conversation().unwrap();
    let sent = replay(&mut conversation, &bytes(hex), piece_bytes);
    assert!(conversation.is_done());
    assert_eq!(conversation.malformed(), None);
    survey.take(conversation);
    (survey.finish().unwrap(), survey, sent)
}

#[test]
fn openssh_shows_algorithms_and_a_key() {
    let (facts, mut survey, _) = first_facts(OPENSSH_RSA, 4096);
    assert_eq!(facts.software, "OpenSSH_9.2p1");
    assert!(!facts.protocol_1);
    assert_eq!(facts.key_exchange.first().unwrap(), "sntrup761x25519-sha512");
    assert!(facts.key_exchange.contains(&"kex-strict-s-v00@openssh.com".to_owned()));
    assert_eq!(facts.encryption.len(), 6);
    assert!(facts.encryption_to_server.is_empty());
    let key = facts.host_keys.first().unwrap();
    assert_eq!((key.algorithm.as_str(), key.bits), ("ssh-rsa", 3072));
    assert_eq!(key.fingerprint, "SHA256:l/FEVl8x2fdzuDEf8g1NXXd383KjD1Nkl1FPIUWgjY8");
    // The two families left.
    assert!(survey.next_conversation().is_some());
    assert!(survey.next_conversation().is_some());
    assert!(survey.next_conversation().is_none());
    let (_, evidence) = identify(&facts.banner);
    assert_eq!(evidence.unwrap().name, "Debian Linux 12");
}

#[test]
fn a_group_exchange_gives_the_key_too() {
    let (facts, _, sent) = first_facts(OPENSSH_GROUP_EXCHANGE, 100);
    assert_eq!(
        facts.host_keys.first().unwrap().fingerprint,
        "SHA256:feEO/l4XuRNLlKf5H76vnfL/BJPeQ2szBxaEaNSgnXg"
    );
    // Identification, algorithms, group request, public value.
    let line = sent.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let mut rest = &sent[line..];
    let mut numbers = Vec::new();
    while let Ok((payload, length)) = read_packet(rest) {
        numbers.push(payload[0]);
        rest = &rest[length..];
    }
    assert_eq!(numbers, [20, 34, 32]);
}

#[test]
fn dropbear_shows_both_its_keys() {
    let (_, mut survey, _) = first_facts(DROPBEAR_ED25519, 4096);
    let mut second = survey.next_conversation().unwrap();
    replay(&mut second, &bytes(DROPBEAR_RSA), 4096);
    survey.take(second);
    assert!(survey.next_conversation().is_none());
    let facts = survey.finish().unwrap();
    let keys: Vec<_> = facts.host_keys.iter().map(|key| (key.algorithm.as_str(), key.bits)).collect();
    assert_eq!(keys, [("ssh-ed25519", 256), ("ssh-rsa", 1024)]);
}

#[test]
fn protocol_1_needs_no_more_than_its_line() {
    let mut survey = Survey::new([0; 16]);
    let mut conversation = survey.next_conversation().unwrap();
    assert_eq!(conversation.feed(b"SSH-1.5-1.2.27\n\0\0\x01\x14"), Step::Done);
    survey.take(conversation);
    let facts = survey.finish().unwrap();
    assert!(facts.protocol_1 && facts.key_exchange.is_empty());
    assert!(survey.next_conversation().is_none());
}

#[test]
fn a_server_with_nothing_in_common_still_shows_its_lists() {
    let server = KeyExchangeInit {
        key_exchange: vec!["kex-from-mars".to_owned()],
        host_key_algorithms: vec!["ssh-rsa".to_owned()],
        ..KeyExchangeInit::default()
    };
    let mut stream = b"SSH-2.0-Mars\r\n".to_vec();
    stream.extend(encode_packet(&server.to_payload()));
    let mut survey = Survey::new([0; 16]);
    let mut conversation = survey.next_conversation().unwrap();
    replay(&mut conversation, &stream, 4096);
    assert!(conversation.is_done());
    survey.take(conversation);
    let facts = survey.finish().unwrap();
    assert_eq!(facts.key_exchange, ["kex-from-mars"]);
    assert!(facts.host_keys.is_empty());
}

#[test]
fn a_flood_ends() {
    let mut conversation = Survey::new([0; 16]).next_conversation().unwrap();
    conversation.feed(b"SSH-2.0-Flood\r\n");
    let ignore = encode_packet(&[&[2][..], &[0; 4000]].concat());
    let fed = (0..1000).take_while(|_| conversation.feed(&ignore) != Step::Done).count();
    assert!(fed < 100, "{fed}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pieces_make_no_difference(piece_bytes in 1_usize..200) {
        for capture in [OPENSSH_RSA, OPENSSH_GROUP_EXCHANGE, DROPBEAR_RSA] {
            let (whole, _, sent) = first_facts(capture, 200);
            let (pieces, _, sent_in_pieces) = first_facts(capture, piece_bytes);
            prop_assert_eq!(whole, pieces);
            prop_assert_eq!(sent, sent_in_pieces);
        }
    }

    #[test]
    fn changed_bytes_never_panic(at in any::<prop::sample::Index>(), byte: u8, cut in any::<prop::sample::Index>()) {
        let mut stream = bytes(OPENSSH_RSA);
        let at = at.index(stream.len());
        stream[at] = byte;
        stream.truncate(cut.index(stream.len()) + 1);
        let mut survey = Survey::new([0; 16]);
        let mut conversation = survey.next_conversation().unwrap();
        replay(&mut conversation, &stream, 100);
        survey.take(conversation);
        let _ = survey.finish();
    }

    #[test]
    fn any_bytes_never_panic(stream in prop::collection::vec(any::<u8>(), 0..400), greet: bool) {
        let mut conversation = Survey::new([0; 16]).next_conversation().unwrap();
        if greet {
            conversation.feed(b"SSH-2.0-x\r\n");
        }
        replay(&mut conversation, &stream, 37);
        let _ = identify(&String::from_utf8_lossy(&stream));
    }
}
