//! What every registered call must have, and what the document types must not have in vain.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use palisade_api::registry;
use palisade_wire::dtd;

use crate::bad_input::cases;

/// Name and text of every golden answer.
fn goldens() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    let mut goldens = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if let Some(name) = name.strip_suffix(".snap") {
            goldens.push((name.to_owned(), fs::read_to_string(&path).unwrap()));
        }
    }
    goldens
}

#[test]
fn a_call_without_its_tests_or_its_texts_is_not_finished() {
    let goldens: BTreeSet<String> = goldens().into_iter().map(|(name, _)| name).collect();
    let mut lacking = Vec::new();
    for row in registry::CALLS {
        let call = row.call;
        let name = call.script.trim_end_matches(".php");
        let mut lacks = |condition: bool, what: &str| {
            if condition {
                lacking.push(format!("{}: {what}", call.script));
            }
        };
        lacks(!goldens.contains(name), "no golden answer");
        lacks(
            !goldens.iter().any(|golden| golden.starts_with(&format!("{name}-"))),
            "no golden refusal or variant",
        );
        lacks(call.summary.is_empty() || call.description.is_empty(), "no documentation");
        lacks(call.roles.is_empty() || row.permissions.is_empty(), "no permission");
        lacks(call.example.description.is_empty(), "no example");
        lacks(!dtd::all().any(|definition| definition == call.dtd), "no document type");
        lacks(
            !call.dtd.elements().any(|element| element == call.root),
            "a root that its type does not declare",
        );
        lacks(cases(call).is_empty(), "no negative tests");
    }
    // Nothing is excused.
    assert!(lacking.is_empty(), "{}", lacking.join("\n"));
}

#[test]
fn calls_are_sorted_and_unique() {
    let scripts: Vec<&str> = registry::CALLS.iter().map(|row| row.call.script).collect();
    let mut sorted = scripts.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(scripts, sorted);
}

#[test]
fn examples_of_the_guide_are_requests_in_order() {
    for call in registry::CALLS.iter().map(|row| row.call) {
        let mut form = palisade_wire::Form::new(palisade_wire::form::Limits::DEFAULT);
        for (name, value) in call.example.parameters {
            form.add(name, value.as_bytes().to_vec(), palisade_wire::Source::Query).unwrap();
        }
        if let Err(error) = call.parse(&form) {
            panic!("{}: {error}", call.script);
        }
        for parameter in call.parameters {
            assert!(parameter.kind.parse(parameter.example).is_ok(), "{}: {}", call.script, parameter.name);
        }
    }
}

#[test]
fn declared_elements_are_shown_by_some_golden() {
    let goldens = goldens();
    let mut not_shown = BTreeSet::new();
    for definition in dtd::all() {
        let own: Vec<&String> =
            goldens.iter().map(|(_, text)| text).filter(|text| text.contains(definition.file)).collect();
        for element in definition.elements() {
            let shown = own
                .iter()
                .any(|text| [">", " ", "/>"].iter().any(|end| text.contains(&format!("<{element}{end}"))));
            if !shown {
                not_shown.insert(format!("{}: {element}", definition.file));
            }
        }
    }
    // Nothing is excused.
    assert!(not_shown.is_empty(), "{not_shown:#?}");
}
