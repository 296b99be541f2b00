//! Laws of the whole catalogue: every protocol is known by hand-written bytes, none is taken for
//! another, and no bytes at all make a reader fail.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::details::text;
use super::*;
use crate::identify::{for_picky, for_quiet, greeting, recognise};

/// Hand-written bytes of a protocol, and the product they name: `MongoDB 7.0.5`; empty for none.
pub(super) struct Sample {
    pub(super) protocol: &'static str,
    pub(super) bytes: &'static [u8],
    pub(super) product: &'static str,
}

pub(super) const fn sample(protocol: &'static str, bytes: &'static [u8], product: &'static str) -> Sample {
    Sample { protocol, bytes, product }
}

const SAMPLES: &[&[Sample]] = &[
    application::tests::SAMPLES,
    database::tests::SAMPLES,
    datagram::tests::SAMPLES,
    household::tests::SAMPLES,
    industrial::tests::SAMPLES,
    message::tests::SAMPLES,
    office::tests::SAMPLES,
    terminal::tests::SAMPLES,
    tunnel::tests::SAMPLES,
];

/// Bytes of other services that must be nobody's of the family.
pub(super) type Foreign = (&'static str, &'static [u8]);
const FOREIGN: &[&[Foreign]] = &[
    application::tests::FOREIGN,
    database::tests::FOREIGN,
    datagram::tests::FOREIGN,
    household::tests::FOREIGN,
    industrial::tests::FOREIGN,
    message::tests::FOREIGN,
    office::tests::FOREIGN,
    terminal::tests::FOREIGN,
    tunnel::tests::FOREIGN,
];

fn samples() -> impl Iterator<Item = &'static Sample> {
    SAMPLES.iter().copied().flatten()
}

fn named(details: &Details) -> String {
    details.product.as_ref().map_or_else(String::new, |product| {
        format!("{} {}", product.name, product.version.as_deref().unwrap_or_default()).trim_end().to_owned()
    })
}

#[test]
fn every_protocol_is_known_by_its_bytes() {
    let mut wrong = Vec::new();
    for each in samples() {
        let mut read = protocols()
            .filter(|protocol| protocol.name == each.protocol)
            .filter_map(|protocol| protocol.read(each.bytes));
        match read.next().map(|details| named(&details)) {
            Some(product) if product == each.product => {}
            other => wrong.push((each.protocol, text(each.bytes), other)),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let known: BTreeSet<&str> = samples().map(|each| each.protocol).collect();
    let silent: Vec<&str> =
        protocols().map(|protocol| protocol.name).filter(|name| !known.contains(name)).collect();
    assert!(silent.is_empty(), "no sample for {silent:?}");
}

#[test]
fn names_are_unique_and_questions_are_there() {
    let mut seen = BTreeSet::new();
    for protocol in protocols() {
        assert!(seen.insert((protocol.name, protocol.transport)), "{} twice", protocol.name);
        assert!(protocol.question().is_none_or(|bytes| !bytes.is_empty()), "{}", protocol.name);
        assert!(!protocol.ports.is_empty(), "{}", protocol.name);
        // What a printer is sent comes out on paper.
        assert!(!protocol.ports.iter().any(|port| (9100..=9107).contains(port)), "{}", protocol.name);
    }
}

#[test]
fn bytes_that_only_look_alike_are_refused() {
    for (name, bytes) in FOREIGN.iter().copied().flatten() {
        for protocol in protocols().filter(|protocol| protocol.name == *name) {
            assert_eq!(protocol.read(bytes), None, "{name} takes {bytes:?}");
        }
    }
    let refused: BTreeSet<&str> = FOREIGN.iter().copied().flatten().map(|(name, _)| *name).collect();
    let missing: Vec<&str> =
        protocols().map(|protocol| protocol.name).filter(|name| !refused.contains(name)).collect();
    assert!(missing.is_empty(), "no negative example for {missing:?}");
}

#[test]
fn nobody_takes_an_echo_for_an_answer() {
    for protocol in protocols() {
        let Some(question) = protocol.question() else { continue };
        let seen = recognise(protocol.name, &question, &question).map(|seen| seen.service);
        assert_eq!(seen, Some("echo"), "{}", protocol.name);
    }
}

#[test]
fn no_protocol_is_taken_for_another() {
    for each in samples() {
        let Some(protocol) = protocol(each.protocol, Transport::Tcp) else { continue };
        if protocol.read(each.bytes).is_none() {
            continue;
        }
        let asked = recognise(each.protocol, b"x", each.bytes).map(|seen| seen.service);
        assert_eq!(asked, Some(each.protocol), "asked for itself");
        let other = recognise("line", b"HELP\r\n", each.bytes).map(|seen| seen.service);
        assert!(other.is_none() || other == Some(each.protocol), "{} passes for {other:?}", each.protocol);
        if protocol.is_telling() {
            assert_eq!(other, Some(each.protocol), "asked for something else");
            let first = greeting(each.bytes, false).map(|seen| seen.service);
            assert_eq!(first, Some(each.protocol), "not asked at all");
        }
    }
}

/// Services with surveys of their own, told by [`crate::identify::greeting`] and
/// [`crate::identify::recognise`] without the catalogue; their bytes are in that module's tests.
const SURVEYED: [&str; 31] = [
    "cassandra",
    "chargen",
    "daytime",
    "dns",
    "echo",
    "finger",
    "ftp",
    "http",
    "imap",
    "irc",
    "ldap",
    "memcached",
    "mqtt",
    "mysql",
    "nntp",
    "pop3",
    "postgresql",
    "rdp",
    "redis",
    "rpc",
    "rsync",
    "rtsp",
    "sip",
    "smb",
    "smtp",
    "ssh",
    "svn",
    "telnet",
    "time",
    "tls",
    "vnc",
];

/// Those of the catalogue that complain of a page request or a plain line in their own tongue.
const COMPLAINERS: [&str; 10] = [
    "beanstalkd",
    "clamd",
    "cvspserver",
    "dicom",
    "gearman",
    "gopher",
    "nut",
    "spamd",
    "tor-control",
    "xmpp",
];

#[test]
fn ninety_protocols_are_told_on_any_port_and_many_more_on_their_own() {
    let over_tcp: BTreeSet<&str> =
        protocols().filter(|each| each.transport == Transport::Tcp).map(|each| each.name).collect();
    assert!(SURVEYED.iter().all(|name| !over_tcp.contains(name)), "one of them is in the catalogue too");
    assert!(over_tcp.len() + SURVEYED.len() >= 140, "{} in the catalogue", over_tcp.len());
    let over_udp = protocols().filter(|each| each.transport == Transport::Udp).count();
    assert!(over_udp >= 16, "{over_udp} over UDP");

    let asked_anywhere: BTreeSet<&str> = for_picky()
        .chain(for_quiet())
        .map(|probe| probe.name)
        .filter(|name| over_tcp.contains(name))
        .collect();
    let greeters = protocols().filter(|each| each.builder().is_none()).map(|each| each.name);
    let complainers = COMPLAINERS.into_iter();
    assert!(complainers.clone().all(|name| protocol(name, Transport::Tcp).is_some_and(Protocol::is_telling)));
    let anywhere: BTreeSet<&str> =
        asked_anywhere.into_iter().chain(greeters).chain(complainers).chain(SURVEYED).collect();
    assert!(anywhere.len() >= 90, "{}: {anywhere:?}", anywhere.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for protocol in protocols() {
            let _ = protocol.read(&bytes);
        }
    }

    /// Cut anywhere, with any byte changed: the paths behind the first checks too.
    #[test]
    fn broken_samples_are_survived(at in 0usize..400, byte in any::<u8>(), cut in 0usize..400) {
        for each in samples() {
            let mut bytes = each.bytes.to_vec();
            if let Some(place) = bytes.get_mut(at % each.bytes.len()) {
                *place = byte;
            }
            bytes.truncate(cut);
            for protocol in protocols() {
                let _ = protocol.read(&bytes);
            }
        }
    }
}
