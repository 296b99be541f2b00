//! Texts that people hand in: parameters of calls, lists, files of fingerprints.

use std::collections::BTreeSet;

use palisade_fingerprint::Fingerprints;
use palisade_model::{IpSet, MapTarget, PortSet};
use palisade_wire::date_time::{date_time, parse_american_date, parse_date_time};
use palisade_wire::form::{self, Form, Limits};
use palisade_wire::xml_tree::{TreeLimits, read_tree};
use palisade_wire::{ParameterKind, Source};

use crate::Target;

pub const TARGETS: &[Target] = &[
    Target { name: "addresses", run: addresses },
    Target { name: "fingerprints", run: fingerprints },
    Target { name: "form", run: form },
    Target { name: "parameters", run: parameters },
    Target { name: "xml-tree", run: xml_tree },
];

/// What a set is written as is the same set.
fn addresses(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(set) = text.parse::<IpSet>()
        && !set.is_empty()
    {
        assert_eq!(set.to_string().parse::<IpSet>().as_ref(), Ok(&set));
    }
    if let Ok(set) = text.parse::<PortSet>()
        && !set.is_empty()
    {
        assert_eq!(set.to_string().parse::<PortSet>().as_ref(), Ok(&set));
    }
    drop(text.parse::<MapTarget>());
}

fn fingerprints(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let found = Fingerprints::of_document("any.xml", text);
    let _ = found.failing_examples();
    for kind in ["any", "ssh.banner"] {
        if let Some(found) = found.find(kind, b"OpenSSH_9.2p1 Debian-2+deb12u3") {
            let _ = (found.product(), found.operating_system("banner", b"text", 50));
        }
    }
}

/// What is encoded is decoded to the same.
fn form(input: &[u8]) {
    let mut form = Form::new(Limits::DEFAULT);
    let _ = form.add_body(input);
    for pair in form.pairs() {
        if let Ok(value) = std::str::from_utf8(&pair.value) {
            let mut again = Form::new(Limits::DEFAULT);
            let encoded = ["name=", &form::encode(value)].concat();
            assert!(again.add_query(&encoded).is_ok());
            assert_eq!(again.pairs().first().map(|pair| pair.value.as_slice()), Some(value.as_bytes()));
        }
    }
    if let Ok(text) = std::str::from_utf8(input) {
        let _ = Form::new(Limits::DEFAULT).add_query(text);
    }
    let _ = Form::new(Limits::DEFAULT).add("name", input.to_vec(), Source::Body);
}

/// Any document is read or refused.
fn xml_tree(input: &[u8]) {
    let limits = TreeLimits { bytes: 1 << 20, depth: 12, elements: 10_000 };
    if let Ok(root) = read_tree(input, limits) {
        assert!(root.child(&root.name).is_none_or(|child| root.children.contains(child)));
    }
}

fn parameters(input: &[u8]) {
    const WORDS: &[&str] = &["full", "light", "none"];
    let Ok(text) = std::str::from_utf8(input) else { return };
    let kinds = [
        ParameterKind::Text { max_chars: 100 },
        ParameterKind::Choice(WORDS),
        ParameterKind::YesNo,
        ParameterKind::ZeroOne,
        ParameterKind::IpSet,
        ParameterKind::Netblock,
        ParameterKind::Domain,
        ParameterKind::DomainList { max_items: 10 },
        ParameterKind::ScanRef,
        ParameterKind::MapRef,
        ParameterKind::ScanOrMapRef,
        ParameterKind::MapTargets { max_items: 10 },
        ParameterKind::ScanOrMapTargets { max_items: 10 },
        ParameterKind::DateTime,
        ParameterKind::AmericanDate,
        ParameterKind::Weekdays,
        ParameterKind::Integer { min: 1, max: 100 },
        ParameterKind::QidList { max_items: 10 },
        ParameterKind::AssetGroupTitle,
        ParameterKind::Choices(WORDS),
        ParameterKind::Numbers,
        ParameterKind::HostNames,
        ParameterKind::Titles { max_items: 10, max_chars: 50 },
        ParameterKind::Ports { words: WORDS, max_chars: 200 },
        ParameterKind::ScanHeader,
    ];
    let mut reasons = BTreeSet::new();
    for kind in kinds {
        if let Err(reason) = kind.parse(text) {
            reasons.insert(reason.to_string().len());
        }
    }
    if let Some(at) = parse_date_time(text) {
        assert_eq!(parse_date_time(&date_time(at)), Some(at));
    }
    let _ = parse_american_date(text);
}
