//! Laws that every file of the content keeps.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use palisade_kb::KnowledgeBase;
use palisade_model::FindingKind;

/// Names a file of tab-separated titles (`qid`, `title`, ...) to compare with; optional.
const KNOWN_TITLES: &str = "PALISADE_KNOWN_QIDS";
/// The first QID of our own.
const FIRST_OWN_QID: u32 = 900_001;

fn content() -> KnowledgeBase {
    KnowledgeBase::embedded().expect("the content loads")
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../kb")
}

#[test]
fn every_example_of_every_file_is_judged_as_it_says() {
    let failures = content().failing_examples();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_content_covers_what_a_scan_needs() {
    let content = content();
    let mut by_kind: BTreeMap<String, usize> = BTreeMap::new();
    for entry in content.entries() {
        *by_kind.entry(format!("{:?}", entry.kind)).or_default() += 1;
    }
    println!("{} entries: {by_kind:?}", content.len());
    assert!(content.len() >= 500, "{} entries", content.len());
    assert!(by_kind.get("Vulnerability").is_some_and(|count| *count >= 100), "{by_kind:?}");
}

#[test]
fn titles_are_unique_and_texts_say_something() {
    let content = content();
    let mut titles = BTreeSet::new();
    for entry in content.entries() {
        let qid = entry.qid;
        assert!(titles.insert(entry.title.to_lowercase()), "{qid}: the title is taken: {}", entry.title);
        assert!(entry.title.len() >= 8 && entry.title.len() <= 160, "{qid}: {}", entry.title);
        for (name, text, shortest) in
            [("threat", &entry.threat, 60), ("impact", &entry.impact, 20), ("solution", &entry.solution, 12)]
        {
            assert!(text.len() >= shortest, "{qid}: {name} is too short: {text:?}");
            assert!(text.ends_with(['.', ')']), "{qid}: {name} does not end like a sentence: {text:?}");
        }
        assert!(!entry.category.is_empty(), "{qid}: no category");
        if entry.kind == FindingKind::Vulnerability && entry.severity.level() >= 3 {
            assert!(entry.cvss_base.is_some(), "{qid}: a vulnerability of severity 3 and up has a score");
        }
        if !entry.kind.is_detection() {
            assert!(!entry.pci && entry.cvss_base.is_none(), "{qid}: information fails no compliance scan");
        }
    }
}

#[test]
fn the_version_names_the_day_of_the_newest_change() {
    let content = content();
    let number: i64 =
        content.version().strip_prefix("1.0.").unwrap().strip_suffix("-1").unwrap().parse().unwrap();
    let newest = content.entries().map(|entry| entry.updated_at.as_second()).max().unwrap();
    let first_day: palisade_model::Timestamp = "2025-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(number * 86_400, newest - first_day.as_second());
}

#[test]
fn the_folder_and_the_binary_say_the_same() {
    let (embedded, read) = (content(), KnowledgeBase::from_directory(folder()).unwrap());
    assert!(embedded.entries().eq(read.entries()));
    assert_eq!(embedded.version(), read.version());
}

#[test]
fn files_that_are_wrong_are_refused_by_name() {
    let good = std::fs::read_to_string(folder().join("network/900144-dns-server-discloses-its-version.toml"))
        .unwrap();
    let wrong = [
        ("", "form"),
        ("severity = 9", "form"),
        ("surprise = 1", "form"),
        ("qid = 0", "QID"),
        ("cvss_base = \"11.0\"", "CVSS"),
        ("cves = [\"CVE-1\"]", "CVE"),
        ("needs = [\"weather\"]", "needs"),
        ("when = 'port.dns.'", "when"),
    ];
    for (line, complaint) in wrong {
        let key = line.split(" =").next().unwrap();
        let mut lines: Vec<&str> = good.lines().filter(|old| !old.starts_with(&format!("{key} ="))).collect();
        lines.insert(0, line);
        let text = if line.is_empty() { String::new() } else { lines.join("\n") };
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("dns")).unwrap();
        std::fs::write(folder.path().join("dns/1-x.toml"), text).unwrap();
        let error = KnowledgeBase::from_directory(folder.path()).unwrap_err().to_string();
        assert!(error.contains("1-x.toml") && error.contains(complaint), "{line}: {error}");
    }
}

#[test]
fn the_same_qid_twice_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let source = self::folder().join("network/900144-dns-server-discloses-its-version.toml");
    std::fs::create_dir(folder.path().join("dns")).unwrap();
    for name in ["dns/1.toml", "dns/2.toml"] {
        std::fs::copy(&source, folder.path().join(name)).unwrap();
    }
    let error = KnowledgeBase::from_directory(folder.path()).unwrap_err().to_string();
    assert!(error.contains("2.toml") && error.contains("900144"), "{error}");
}

/// Titles and severities that the field knows under a number must be the same here. The list is
/// not part of this repository; without it, only our own range is looked at.
#[test]
fn numbers_of_the_field_keep_their_meaning() {
    let content = content();
    let list = std::env::var_os(KNOWN_TITLES).map(|path| std::fs::read_to_string(path).unwrap());
    if list.is_none() {
        println!("{KNOWN_TITLES} is not set: titles are not compared");
    }
    let known: BTreeMap<u32, (&str, &str)> = list
        .iter()
        .flat_map(|text| text.lines())
        .filter_map(|line| {
            let mut cells = line.split('\t');
            Some((cells.next()?.parse().ok()?, (cells.next()?, cells.next()?)))
        })
        .collect();
    for entry in content.entries() {
        let Some((title, severity)) = known.get(&entry.qid.number()) else {
            assert!(
                known.is_empty() || entry.qid.number() >= FIRST_OWN_QID,
                "{}: neither known nor of our range",
                entry.qid
            );
            continue;
        };
        assert_eq!(entry.title, *title, "{}", entry.qid);
        assert!(severity.is_empty() || *severity == entry.severity.to_string(), "{}: {severity}", entry.qid);
    }
}
