//! What every operation must have.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use palisade_api::v2::registry::{self, Door};
use palisade_wire::{Answers, dtd};

use crate::v2::all_tests;
use crate::v2::bad_input::cases;

#[test]
fn an_operation_without_its_tests_or_its_texts_is_not_finished() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    let goldens: BTreeSet<String> = fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| {
            entry.unwrap().file_name().into_string().ok()?.strip_suffix(".snap").map(str::to_owned)
        })
        .collect();
    let mut lacking = Vec::new();
    for row in registry::operations() {
        let operation = row.operation;
        let name = format!("fo-{}-{}", operation.resource.replace('/', "-"), operation.action);
        let mut lacks = |condition: bool, what: &str| {
            if condition {
                lacking.push(format!("{} {}: {what}", operation.resource, operation.action));
            }
        };
        lacks(!goldens.contains(&name), "no golden answer");
        lacks(
            !goldens.iter().any(|golden| golden.starts_with(&format!("{name}-"))),
            "no golden refusal or variant",
        );
        lacks(operation.summary.is_empty() || operation.description.is_empty(), "no documentation");
        lacks(operation.roles.is_empty(), "no roles");
        lacks(row.permissions.is_empty() && matches!(row.door, Door::Any | Door::Basic), "no permission");
        lacks(operation.example.description.is_empty(), "no example");
        lacks(operation.takes_document == row.example_document.is_empty(), "no example of its document");
        if let Answers::Document { root, dtd } = operation.answers {
            lacks(!dtd::all().any(|definition| definition == dtd), "no document type");
            lacks(!dtd.elements().any(|element| element == root), "a root that its type does not declare");
        }
        lacks(cases(operation).is_empty(), "no negative tests");
        for parameter in operation.parameters {
            let example = parameter.kind.parse(parameter.example);
            lacks(example.is_err(), &format!("{}: an example that is not taken", parameter.name));
        }
    }
    assert!(lacking.is_empty(), "{}", lacking.join("\n"));
}

#[test]
fn every_operation_is_tested_and_registered_once() {
    let registered: Vec<(&str, &str)> =
        registry::operations().map(|row| (row.operation.resource, row.operation.action)).collect();
    let mut tested: Vec<(&str, &str)> = all_tests().map(|test| (test.resource, test.action)).collect();
    let mut sorted = registered.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), registered.len(), "registered twice");
    tested.sort_unstable();
    assert_eq!(tested, sorted);
}
