//! The enumeration against a server made of rules: whatever it accepts is found, and nothing else.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use palisade_model::fact::TlsFacts;
use palisade_probe::reader::{Malformed, Reader};
use palisade_probe::tls::suite::{all_suites, describe_suite};
use palisade_probe::tls::{
    Attempt, Enumeration, EnumerationDepth, EnumerationOptions, Outcome, ServerFlight, Verdict, Version,
};
use proptest::prelude::*;

/// What the server does.
#[derive(Debug, Clone, Default)]
struct Rules {
    /// Suites for each version, the favourite first.
    suites: BTreeMap<Version, Vec<u16>>,
    /// Its own order decides.
    preference: bool,
    /// Hangs up on hellos with more suites.
    suites_max: Option<usize>,
    /// Hangs up on hellos with extensions.
    hates_extensions: bool,
    /// Closes instead of sending alerts.
    closes: bool,
    /// Says nothing instead of refusing.
    silent: bool,
    deflate: bool,
    heartbeat: bool,
    ssl2: bool,
    /// Ends every hello that has a name in it with an alert.
    hates_names: bool,
}

struct Hello {
    version: u16,
    versions: Vec<u16>,
    suites: Vec<u16>,
    compression: Vec<u8>,
    extensions: Vec<u16>,
    groups: Vec<u16>,
}

fn numbers(bytes: &[u8]) -> Vec<u16> {
    bytes.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
}

fn parse(bytes: &[u8]) -> Result<Hello, Malformed> {
    let mut reader = Reader::new(bytes);
    assert_eq!(reader.u8()?, 22);
    let _record_version = reader.u16()?;
    let length = usize::from(reader.u16()?);
    assert_eq!(length, reader.left(), "one record");
    assert_eq!(reader.u8()?, 1);
    assert_eq!(reader.u24()?, u32::try_from(reader.left()).unwrap());
    let version = reader.u16()?;
    reader.take(32)?;
    let session = usize::from(reader.u8()?);
    reader.take(session)?;
    let length = usize::from(reader.u16()?);
    let suites = numbers(reader.take(length)?);
    let length = usize::from(reader.u8()?);
    let compression = reader.take(length)?.to_vec();
    let mut hello =
        Hello { version, versions: vec![version], suites, compression, extensions: vec![], groups: vec![] };
    if !reader.is_empty() {
        assert_eq!(usize::from(reader.u16()?), reader.left());
    }
    while !reader.is_empty() {
        let number = reader.u16()?;
        let length = usize::from(reader.u16()?);
        let body = reader.take(length)?;
        match number {
            43 => hello.versions = numbers(&body[1..]),
            10 => hello.groups = numbers(&body[2..]),
            _ => {}
        }
        hello.extensions.push(number);
    }
    Ok(hello)
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![kind];
    out.extend(&u32::try_from(body.len()).unwrap().to_be_bytes()[1..]);
    out.extend(body);
    out
}

fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![kind, 3, 1];
    out.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
    out.extend(body);
    out
}

impl Rules {
    fn refuse(&self, description: u8) -> Option<Vec<u8>> {
        match (self.closes, self.silent) {
            (false, false) => Some(record(21, &[2, description])),
            _ => None,
        }
    }

    /// `None` when the server hangs up or keeps silent.
    fn answer(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        if bytes[0] & 0x80 != 0 {
            return self.ssl2.then(|| vec![0x80, 14, 4, 0, 1, 0, 2, 0, 0, 0, 3, 0, 0, 7, 0, 0xc0]);
        }
        let hello = parse(bytes).unwrap();
        if self.suites_max.is_some_and(|most| hello.suites.len() > most)
            || (self.hates_extensions && !hello.extensions.is_empty())
        {
            return None;
        }
        if self.hates_names && hello.extensions.contains(&0) {
            return self.refuse(112);
        }
        let offered: BTreeSet<u16> = hello.versions.iter().copied().collect();
        let by_list = hello.extensions.contains(&43);
        let Some((version, accepted)) = self.suites.iter().rev().find(|(version, _)| {
            let number = version.number();
            if by_list {
                offered.contains(&number)
            } else {
                number <= hello.version.min(0x03ff) && **version < Version::Tls13
            }
        }) else {
            return self.refuse(70);
        };
        if hello.suites.contains(&0x5600) && self.suites.keys().next_back() > Some(version) {
            return self.refuse(86);
        }
        let common = |from: &[u16], with: &[u16]| from.iter().copied().find(|suite| with.contains(suite));
        let chosen =
            if self.preference { common(accepted, &hello.suites) } else { common(&hello.suites, accepted) };
        let Some(suite) = chosen else { return self.refuse(40) };
        self.flight(*version, suite, &hello)
    }

    fn flight(&self, version: Version, suite: u16, hello: &Hello) -> Option<Vec<u8>> {
        let mut extensions = Vec::new();
        if version == Version::Tls13 {
            if !hello.groups.contains(&29) {
                return self.refuse(40);
            }
            extensions.extend([0, 43, 0, 2, 3, 4, 0, 51, 0, 2, 0, 29]);
        } else if self.heartbeat && hello.extensions.contains(&15) {
            extensions.extend([0, 15, 0, 1, 1]);
        }
        let mut body = version.number().min(0x0303).to_be_bytes().to_vec();
        body.extend([5; 32]);
        body.push(0);
        body.extend(suite.to_be_bytes());
        body.push(u8::from(self.deflate && hello.compression.contains(&1)));
        if !extensions.is_empty() {
            body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
            body.extend(extensions);
        }
        let mut messages = message(2, &body);
        if version < Version::Tls13 {
            messages.extend(message(11, &[0, 0, 7, 0, 0, 4, 0x30, 2, 5, 0]));
            if describe_suite(version, suite).key_exchange == "ECDHE" {
                messages.extend(message(12, &[3, 0, 23, 0]));
            }
            messages.extend(message(14, &[]));
        }
        Some(record(22, &messages))
    }

    fn outcome(&self, attempt: &Attempt) -> Outcome {
        match self.answer(&attempt.bytes) {
            Some(answer) => {
                let mut flight = ServerFlight::new();
                flight.feed(&answer);
                Outcome::Flight(Box::new(flight.into_flight()))
            }
            None if self.silent => Outcome::Timeout,
            None => Outcome::Closed,
        }
    }
}

/// Runs the enumeration with so many connections at once, the last begun ending first.
fn enumerate(rules: &Rules, parallel: usize) -> (TlsFacts, Enumeration) {
    enumerate_to(EnumerationDepth::Everything, rules, parallel)
}

fn enumerate_to(depth: EnumerationDepth, rules: &Rules, parallel: usize) -> (TlsFacts, Enumeration) {
    let mut enumeration = Enumeration::new(EnumerationOptions {
        depth,
        server_name: Some("rules.test".to_owned()),
        random: [3; 32],
        ..EnumerationOptions::default()
    });
    let mut under_way = Vec::new();
    loop {
        while under_way.len() < parallel
            && let Some(attempt) = enumeration.next_attempt()
        {
            under_way.push(attempt);
        }
        let Some(attempt) = under_way.pop() else { break };
        enumeration.answer(attempt.id, rules.outcome(&attempt));
    }
    assert!(enumeration.is_finished());
    assert!(enumeration.attempts() <= 400, "{}", enumeration.attempts());
    (enumeration.finish(), enumeration)
}

fn found(facts: &TlsFacts) -> BTreeMap<String, BTreeSet<u16>> {
    let mut found: BTreeMap<String, BTreeSet<u16>> = BTreeMap::new();
    for suite in &facts.suites {
        assert!(found.entry(suite.version.clone()).or_default().insert(suite.id), "{} twice", suite.name);
    }
    found
}

fn expected(rules: &Rules) -> BTreeMap<String, BTreeSet<u16>> {
    rules
        .suites
        .iter()
        .map(|(version, suites)| (version.as_str().to_owned(), suites.iter().copied().collect()))
        .collect()
}

fn with(suites: &[(Version, &[u16])]) -> Rules {
    Rules {
        suites: suites.iter().map(|(version, ids)| (*version, ids.to_vec())).collect(),
        ..Rules::default()
    }
}

#[test]
fn a_museum_shows_sslv2_to_tls10() {
    let old: &[u16] = &[0x0003, 0x0004, 0x000a, 0x0064, 0x0002, 0x0018];
    let rules = Rules { ssl2: true, deflate: true, ..with(&[(Version::Ssl3, old), (Version::Tls10, old)]) };
    let (facts, enumeration) = enumerate(&rules, 4);
    assert_eq!(facts.versions, ["SSLv2", "SSLv3", "TLSv1.0"]);
    let mut found = found(&facts);
    assert_eq!(found.remove("SSLv2").unwrap(), BTreeSet::from([0x07c0]));
    assert_eq!(found, expected(&rules));
    assert_eq!(facts.compression, Some(true));
    assert_eq!(facts.fallback_scsv, Some(true));
    assert!(facts.suites.iter().any(|suite| suite.export && suite.bits == 40));
    assert_eq!(facts.certificates.len(), 1);
    assert!(enumeration.attempts() < 60, "{}", enumeration.attempts());
}

#[test]
fn a_modern_server_takes_few_connections() {
    let rules = Rules {
        preference: true,
        heartbeat: true,
        ..with(&[(Version::Tls12, &[0xc02f, 0xc030, 0xcca8]), (Version::Tls13, &[0x1302, 0x1301])])
    };
    let (facts, enumeration) = enumerate(&rules, 8);
    assert_eq!(found(&facts), expected(&rules));
    assert_eq!(facts.server_preference, Some(true));
    assert_eq!((facts.heartbeat, facts.compression), (Some(true), Some(false)));
    assert_eq!(facts.version_tolerance, Some(true));
    assert_eq!(facts.session_ids, Some(false));
    assert_eq!(facts.groups, ["x25519", "secp256r1"]);
    // Fourteen of them ask what a TLS 1.3 server signs with.
    assert!(enumeration.attempts() <= 52, "{}", enumeration.attempts());
    // The order of the server itself.
    let order: Vec<u16> =
        facts.suites.iter().filter(|suite| suite.version == "TLSv1.3").map(|suite| suite.id).collect();
    assert_eq!(order, [0x1302, 0x1301]);
}

#[test]
fn the_clients_order_is_told() {
    let rules = with(&[(Version::Tls12, &[0x002f, 0x0035])]);
    assert_eq!(enumerate(&rules, 1).0.server_preference, Some(false));
}

#[test]
fn a_tls13_only_server_needs_a_client_for_its_certificate() {
    let rules = with(&[(Version::Tls13, &[0x1301])]);
    let (facts, mut enumeration) = enumerate(&rules, 4);
    assert_eq!(facts.versions, ["TLSv1.3"]);
    assert_eq!((facts.secure_renegotiation, facts.version_tolerance), (None, None));
    assert!(enumeration.needs_certificates() && facts.certificates.is_empty());
    enumeration.add_certificates(&[vec![0x30, 0]]);
    assert!(!enumeration.needs_certificates());
    assert_eq!(enumeration.finish().certificates.len(), 1);
}

#[test]
fn a_fragile_server_is_asked_gently() {
    let suites: &[u16] = &[0x0004, 0x002f, 0x0041];
    for rules in [
        Rules { suites_max: Some(20), ..with(&[(Version::Tls10, suites)]) },
        Rules {
            hates_extensions: true,
            closes: true,
            ..with(&[(Version::Ssl3, &[0x0004, 0x0005]), (Version::Tls10, suites)])
        },
        Rules { hates_names: true, ..with(&[(Version::Tls12, &[0xc02f, 0x0004])]) },
    ] {
        let (facts, enumeration) = enumerate(&rules, 4);
        assert_eq!(enumeration.verdict(), Verdict::Tls, "{rules:?}");
        assert_eq!(found(&facts), expected(&rules), "{rules:?}");
    }
}

#[test]
fn a_server_that_closes_or_hangs_costs_little() {
    for (closes, silent) in [(true, false), (false, true)] {
        let rules = Rules { closes, silent, ..with(&[(Version::Tls12, &[0xc02f, 0x002f, 0x000a])]) };
        let (facts, enumeration) = enumerate(&rules, 8);
        assert_eq!(found(&facts), expected(&rules));
        assert!(enumeration.attempts() < 60, "{}", enumeration.attempts());
    }
}

#[test]
fn less_is_asked_where_less_is_wanted() {
    let modern = with(&[(Version::Tls12, &[0xc02f, 0xc030]), (Version::Tls13, &[0x1302])]);
    let old = with(&[(Version::Tls10, &[0x000a, 0x0003])]);
    for (rules, first_shows_certificates) in [(&modern, false), (&old, true)] {
        let (all, everything) = enumerate(rules, 4);
        let (suites, hunted) = enumerate_to(EnumerationDepth::Suites, rules, 4);
        assert_eq!((&suites.versions, &suites.suites), (&all.versions, &all.suites));
        assert!(hunted.attempts() < everything.attempts());
        let (handshake, shaken) = enumerate_to(EnumerationDepth::Handshake, rules, 4);
        assert_eq!((shaken.verdict(), shaken.attempts()), (Verdict::Tls, 1));
        // In TLS 1.3 they are fetched by the caller.
        assert_eq!(handshake.certificates.len(), usize::from(first_shows_certificates));
        assert_eq!(shaken.needs_certificates(), !first_shows_certificates);
    }
    // A server that refuses a browser's hello is asked on until it shows one.
    let refusing = with(&[(Version::Ssl3, &[0x0003])]);
    let (handshake, _) = enumerate_to(EnumerationDepth::Handshake, &refusing, 4);
    assert_eq!(handshake.certificates.len(), 1);
}

#[test]
fn what_is_not_tls_is_told_after_one_answer() {
    let mut enumeration = Enumeration::new(EnumerationOptions::default());
    let first = enumeration.next_attempt().unwrap();
    assert!(enumeration.next_attempt().is_none());
    assert!(!enumeration.is_finished());
    let mut flight = ServerFlight::new();
    flight.feed(b"220 mail.test ESMTP\r\n");
    enumeration.answer(first.id, Outcome::Flight(Box::new(flight.into_flight())));
    assert_eq!(enumeration.verdict(), Verdict::NotTls);
    assert!(enumeration.is_finished() && enumeration.next_attempt().is_none());
}

#[test]
fn silence_and_refusal_end_soon() {
    for outcome in [Outcome::Timeout, Outcome::Refused, Outcome::Closed] {
        let mut enumeration = Enumeration::new(EnumerationOptions::default());
        while let Some(attempt) = enumeration.next_attempt() {
            enumeration.answer(attempt.id, outcome.clone());
        }
        assert_eq!(enumeration.verdict(), Verdict::NotTls, "{outcome:?}");
        assert!(enumeration.attempts() <= 8, "{outcome:?}: {}", enumeration.attempts());
    }
}

fn any_rules() -> impl Strategy<Value = Rules> {
    let all: Vec<u16> = all_suites().collect();
    let of = move |keep: fn(&str, &str) -> bool| {
        let fitting: Vec<u16> = all
            .iter()
            .copied()
            .filter(|id| {
                let suite = describe_suite(Version::Tls12, *id);
                keep(&suite.key_exchange, &suite.mac)
            })
            .collect();
        let most = fitting.len().min(11);
        prop::sample::subsequence(fitting, 0..=most).prop_shuffle()
    };
    let old = |exchange: &str, mac: &str| exchange != "ANY" && !matches!(mac, "AEAD" | "SHA256" | "SHA384");
    (
        [of(old), of(old), of(old), of(|exchange, _| exchange != "ANY"), of(|exchange, _| exchange == "ANY")],
        any::<bool>(),
    )
        .prop_map(|(suites, preference)| {
            let versions = [Version::Ssl3, Version::Tls10, Version::Tls11, Version::Tls12, Version::Tls13];
            let suites = versions.into_iter().zip(suites).filter(|(_, suites)| !suites.is_empty()).collect();
            Rules { suites, preference, ..Rules::default() }
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Everything accepted is found, nothing else is, however many connections there are at once.
    #[test]
    fn what_is_accepted_is_found(rules in any_rules(), parallel in 1_usize..10) {
        let (facts, enumeration) = enumerate(&rules, parallel);
        prop_assert_eq!(enumeration.verdict(), Verdict::Tls);
        prop_assert_eq!(found(&facts), expected(&rules));
    }

    /// Nonsense in answers never panics, never loops.
    #[test]
    fn any_answers_come_to_an_end(answers in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 1..20), seed: u8) {
        let mut enumeration = Enumeration::new(EnumerationOptions::default());
        let mut turn = usize::from(seed);
        while let Some(attempt) = enumeration.next_attempt() {
            turn += 1;
            let answer = &answers[turn % answers.len()];
            let mut flight = ServerFlight::new();
            flight.feed(&record(if turn.is_multiple_of(3) { 21 } else { 22 }, answer));
            enumeration.answer(attempt.id, Outcome::Flight(Box::new(flight.into_flight())));
        }
        prop_assert!(enumeration.attempts() <= 400);
        let _ = enumeration.finish();
    }
}
