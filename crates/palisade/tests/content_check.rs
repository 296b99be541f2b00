//! The content's CVE numbers and version ranges against public records, where they are at hand:
//! `PALISADE_NVD` names a folder of the NVD's JSON files, `PALISADE_KEV` the catalogue of known
//! exploited vulnerabilities. Without them nothing is compared, and the tests say so.
#![expect(clippy::unwrap_used, reason = "a test may fail on what it cannot read")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use palisade_feed::{FeedKind, Limits, Record, read_file};
use palisade_model::Cve;
use palisade_model::cpe::{CpeName, CpeValue};
use palisade_model::cve::{CpeMatch, KnownExploited};

/// What a file of the content says of versions.
struct Claim {
    name: String,
    cves: Vec<String>,
    /// From the first, below the second; an empty first is the beginning.
    ranges: Vec<(String, String)>,
    /// Everything people read in it, in lower case.
    text: String,
}

/// All files of the content that name CVEs.
fn claims() -> Vec<Claim> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../kb");
    let folders =
        std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let files =
        folders.flat_map(|folder| std::fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path());
    let mut claims: Vec<Claim> = files.filter_map(|file| claim(&file)).collect();
    claims.sort_by(|left, right| left.name.cmp(&right.name));
    claims
}

fn claim(file: &Path) -> Option<Claim> {
    let text = std::fs::read_to_string(file).ok()?;
    let table: toml::Table = text.parse().ok()?;
    let cves = table.get("cves")?.as_array()?;
    let when = table.get("when").and_then(toml::Value::as_str).unwrap_or_default();
    Some(Claim {
        name: file.file_name()?.to_string_lossy().into_owned(),
        cves: cves.iter().filter_map(|cve| Some(cve.as_str()?.to_owned())).collect(),
        ranges: ranges(when),
        text: text.to_lowercase(),
    })
}

/// The lists of pairs in an expression: `version_in(…, [["1.0", "1.2"]])`.
fn ranges(when: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = when;
    while let Some((_, after)) = rest.split_once("version_in(") {
        let Some(begin) = after.find("[[") else { break };
        let Some(end) = after[begin..].find("]]").map(|end| begin + end + 2) else { break };
        found.extend(serde_json::from_str::<Vec<(String, String)>>(&after[begin..end]).unwrap_or_default());
        rest = &after[end..];
    }
    found
}

/// Whether a record names this version of whatever product it is about.
fn names(cve: &Cve, version: &str) -> bool {
    let matches = cve.configurations.iter().flat_map(|each| &each.nodes).flat_map(|node| &node.matches);
    matches.filter(|each| each.vulnerable).any(|each| {
        let Some(seen) = with_version(&each.criteria, version) else { return false };
        let CpeMatch { criteria, range, .. } = each;
        if range.is_open() { criteria.has_version_of(&seen) } else { range.contains(&seen) }
    })
}

fn with_version(criteria: &CpeName, version: &str) -> Option<CpeName> {
    let (part, vendor, product) = (criteria.part, criteria.vendor.text()?, criteria.product.text()?);
    let (version, update) = match version.split_once('p') {
        Some((version, level)) if level.parse::<u32>().is_ok() => (version, format!("p{level}")),
        _ => (version, "*".to_owned()),
    };
    let mut name: CpeName = format!("cpe:2.3:{part}:v:p:{version}:{update}").parse().ok()?;
    name.vendor = CpeValue::Text(vendor.to_owned());
    name.product = CpeValue::Text(product.to_owned());
    Some(name)
}

/// Where a claim and the records of its CVEs disagree.
fn disagreements(claim: &Claim, records: &BTreeMap<String, Cve>) -> Vec<String> {
    let mut told = Vec::new();
    let mut known = Vec::new();
    for cve in &claim.cves {
        match records.get(cve) {
            None => told.push(format!("{cve} is in no record")),
            Some(record) if record.rejected => told.push(format!("{cve} was taken back")),
            Some(record) => known.push(record),
        }
    }
    known.retain(|record| !record.configurations.is_empty());
    if known.is_empty() {
        return told;
    }
    let said = || {
        let matches = known.iter().flat_map(|cve| &cve.configurations).flat_map(|each| &each.nodes);
        let mut text = String::new();
        for each in matches.flat_map(|node| &node.matches).filter(|each| each.vulnerable).take(12) {
            let product = each.criteria.product.text().unwrap_or_default();
            let version = each.criteria.version_text().unwrap_or_else(|| each.range.to_string());
            let _ = write!(text, " [{product} {version}]");
        }
        text
    };
    for (from, below) in &claim.ranges {
        if !from.is_empty() && !known.iter().any(|record| names(record, from)) {
            told.push(format!("{from} is named by no record; they have{}", said()));
        }
        if known.iter().any(|record| names(record, below)) {
            told.push(format!("{below} is named by a record; they have{}", said()));
        }
    }
    told
}

/// All records in the files of a folder that the content speaks about.
fn records(folder: &Path, claims: &[Claim]) -> BTreeMap<String, Cve> {
    let mut records = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        let name = path.to_string_lossy().into_owned();
        if !path.extension().is_some_and(|end| end == "json" || end == "gz") {
            continue;
        }
        let read = read_file(&path, Some(FeedKind::Nvd), Limits::default(), &mut |record| {
            if let Record::Cve(cve) = record
                && claims.iter().any(|claim| claim.cves.iter().any(|named| named == cve.id.as_str()))
            {
                records.insert(cve.id.to_string(), *cve);
            }
            Ok(())
        });
        read.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    records
}

#[test]
fn version_ranges_agree_with_the_records() {
    let Some(folder) = std::env::var_os("PALISADE_NVD") else {
        println!("PALISADE_NVD names no folder of records: nothing was compared");
        return;
    };
    let claims = claims();
    let records = records(Path::new(&folder), &claims);
    let mut told = String::new();
    for claim in &claims {
        for disagreement in disagreements(claim, &records) {
            let _ = writeln!(told, "{}: {disagreement}", claim.name);
        }
    }
    assert!(told.is_empty(), "\n{told}");
}

#[test]
fn cves_are_those_of_the_catalogue() {
    let Some(path) = std::env::var_os("PALISADE_KEV") else {
        println!("PALISADE_KEV names no catalogue: nothing was compared");
        return;
    };
    let claims = claims();
    let mut compared = 0;
    let mut told = String::new();
    read_file(Path::new(&path), Some(FeedKind::Kev), Limits::default(), &mut |record| {
        let Record::KnownExploited(entry) = record else { return Ok(()) };
        for claim in claims.iter().filter(|claim| claim.cves.iter().any(|cve| *cve == entry.cve.as_str())) {
            compared += 1;
            if !is_about(claim, &entry) {
                let _ = writeln!(told, "{}: {} is {} {}", claim.name, entry.cve, entry.vendor, entry.product);
            }
        }
        Ok(())
    })
    .unwrap();
    assert!(compared > 10 && told.is_empty(), "of {compared}:\n{told}");
}

/// Whether a file speaks of the product of an entry.
fn is_about(claim: &Claim, entry: &KnownExploited) -> bool {
    let product = entry.product.to_lowercase();
    let mut words = product.split_whitespace().filter(|word| word.len() > 2);
    words.any(|word| claim.text.contains(word.trim_matches(['(', ')'])))
}

/// The comparison itself finds what it should.
#[test]
fn a_wrong_range_is_found() {
    let feed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../palisade-feed/tests/feeds/nvd.json");
    let claim = |cve: &str, from: &str, below: &str| Claim {
        name: "1-x.toml".to_owned(),
        cves: vec![cve.to_owned()],
        ranges: vec![(from.to_owned(), below.to_owned())],
        text: String::new(),
    };
    let mut records = BTreeMap::new();
    read_file(&feed, None, Limits::default(), &mut |record| {
        let Record::Cve(cve) = record else { return Ok(()) };
        records.insert(cve.id.to_string(), *cve);
        Ok(())
    })
    .unwrap();
    let count = |claim: Claim| disagreements(&claim, &records).len();
    assert_eq!(count(claim("CVE-2021-23017", "0.6.18", "1.20.1")), 0);
    assert_eq!(count(claim("CVE-2021-23017", "", "1.20.1")), 0);
    assert_eq!(count(claim("CVE-2021-23017", "1.20.1", "1.21.0")), 1);
    assert_eq!(count(claim("CVE-2021-23017", "0.6.18", "1.20.0")), 1);
    assert_eq!(count(claim("CVE-2026-0003", "", "1")), 1, "taken back");
    assert_eq!(count(claim("CVE-2026-9999", "", "1")), 1, "in no record");
    let when = r#"version_in(a, [["1", "2"], ["", "3"]]) || version_in(b, [["4", "5p1"]])"#;
    assert_eq!(ranges(when).len(), 3);
    let with_ranges = claims().into_iter().filter(|claim| !claim.ranges.is_empty()).count();
    assert!(with_ranges > 100, "{with_ranges}");
}
