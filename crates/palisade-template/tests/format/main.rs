//! The template format, case by case: every function, matcher, extractor, attack and protocol with a
//! template of our own and answers of our own.
//!
//! A case is a template, what services answer, and what the template is to make of it. That each name
//! of the format has its case is checked at the end, and so is their number.

mod case;
mod expressions;
mod extractors;
mod hostile;
mod matchers;
mod protocols;
mod refused;
mod requests;

use std::collections::BTreeSet;

use case::Case;

/// Fewest cases.
const CASES_LEAST: usize = 200;

fn all() -> Vec<Case> {
    let tables: [Vec<Case>; 5] =
        [expressions::cases(), matchers::cases(), extractors::cases(), requests::cases(), protocols::cases()];
    tables.into_iter().flatten().collect()
}

#[test]
fn every_case_comes_to_what_it_says() {
    let failures: Vec<String> = all().iter().filter_map(Case::failure).collect();
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
}

#[test]
fn cases_are_many_and_each_is_another() {
    let cases = all();
    let refused = refused::CASES.len();
    let names: BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), cases.len(), "two cases have one name");
    let played: BTreeSet<String> =
        cases.iter().map(|case| format!("{} {:?}", case.template, case.services)).collect();
    assert_eq!(played.len(), cases.len(), "two cases are the same");
    assert!(cases.len() + refused >= CASES_LEAST, "{} cases and {refused} of refusal", cases.len());
    println!("{} cases, {refused} of refusal", cases.len());
}

#[test]
fn every_name_of_the_format_has_a_case() {
    let cases = all();
    let texts: Vec<&str> = cases.iter().map(|case| case.template.as_str()).collect();
    let has = |wanted: &str| texts.iter().any(|text| text.contains(wanted));
    let mut missing = Vec::new();
    for function in palisade_template::functions() {
        if !has(&format!("{}(", function.name)) {
            missing.push(function.name.to_owned());
        }
    }
    for kind in palisade_template::MATCHER_TYPES {
        if !cases.iter().any(|case| case.looks_for("matchers", kind)) {
            missing.push(format!("matcher {kind}"));
        }
    }
    for kind in palisade_template::EXTRACTOR_TYPES {
        if !cases.iter().any(|case| case.looks_for("extractors", kind)) {
            missing.push(format!("extractor {kind}"));
        }
    }
    for word in [
        "batteringram",
        "pitchfork",
        "clusterbomb",
        "negative: true",
        "internal: true",
        "flow:",
        "unsafe: true",
    ] {
        if !has(word) {
            missing.push(word.to_owned());
        }
    }
    assert!(missing.is_empty(), "no case for {}", missing.join(", "));
}

/// Templates of others, where there are some: `PALISADE_TEMPLATES` names the directory.
#[test]
fn templates_of_others_are_read_or_listed() {
    let Some(directory) = std::env::var_os("PALISADE_TEMPLATES") else {
        println!("PALISADE_TEMPLATES names no directory, so no templates of others were read");
        return;
    };
    let collection =
        palisade_template::Collection::load(directory.as_ref()).expect("a directory of templates");
    println!("{} read, {} left out", collection.templates.len(), collection.unsupported_templates);
    for (feature, count) in &collection.unsupported {
        println!("{count:6} {feature}");
    }
    for problem in &collection.problems {
        println!("{}: {}", problem.file, problem.reason);
    }
    assert!(!collection.templates.is_empty());
}
