//! What a template says about itself.

use super::{ReadError, form, words};
use crate::template::Info;
use crate::yaml::Node;

const NAME_CHARACTERS_MAX: usize = 200;
const TEXT_CHARACTERS_MAX: usize = 8_000;
const LIST_MAX: usize = 100;

pub(super) fn read(node: &Node) -> Result<Info, ReadError> {
    let name = clean(node.get("name"), NAME_CHARACTERS_MAX);
    if name.is_empty() {
        return Err(form("it has no name"));
    }
    let classification = node.get("classification");
    let of_classification = |key: &str| classification.and_then(|node| node.get(key));
    let upper = |key: &str| -> Vec<String> {
        words(of_classification(key)).into_iter().map(|word| word.to_ascii_uppercase()).collect()
    };
    let mut cves: Vec<String> =
        upper("cve-id").into_iter().filter(|cve| is_cve(cve)).take(LIST_MAX).collect();
    cves.sort();
    cves.dedup();
    Ok(Info {
        name,
        severity: clean(node.get("severity"), 20).to_ascii_lowercase(),
        authors: limited(words(node.get("author"))),
        description: clean(node.get("description"), TEXT_CHARACTERS_MAX),
        impact: clean(node.get("impact"), TEXT_CHARACTERS_MAX),
        remediation: clean(node.get("remediation"), TEXT_CHARACTERS_MAX),
        references: references(node.get("reference")),
        tags: limited(words(node.get("tags"))),
        cves,
        cwes: limited(upper("cwe-id")),
        cvss_score: of_classification("cvss-score").and_then(Node::text).and_then(score),
        cvss_metrics: of_classification("cvss-metrics")
            .map(|node| clean(Some(node), 200))
            .filter(|text| !text.is_empty()),
    })
}

fn limited(mut words: Vec<String>) -> Vec<String> {
    words.truncate(LIST_MAX);
    for word in &mut words {
        *word = word.chars().filter(|each| !each.is_control()).take(100).collect();
    }
    words
}

fn references(node: Option<&Node>) -> Vec<String> {
    let members = node.map_or(&[][..], Node::members).iter().filter_map(Node::text);
    let lines = members.flat_map(str::lines).map(|line| line.trim().trim_start_matches("- ").trim());
    let addresses = lines.filter(|line| line.starts_with("http") && line.len() <= 500 && line.is_ascii());
    addresses
        .filter(|line| !line.contains(|each: char| each.is_control() || each == ' '))
        .take(LIST_MAX)
        .map(str::to_owned)
        .collect()
}

/// A text without control characters, its lines joined and its paragraphs kept.
fn clean(node: Option<&Node>, characters_max: usize) -> String {
    let text = node.and_then(Node::text).unwrap_or_default();
    let text: String =
        text.chars().filter(|each| *each == '\n' || !each.is_control()).take(characters_max).collect();
    let paragraphs: Vec<String> = text
        .split("\n\n")
        .map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|paragraph| !paragraph.is_empty())
        .collect();
    paragraphs.join("\n\n")
}

fn is_cve(text: &str) -> bool {
    let digits =
        |part: &str, least: usize| part.len() >= least && part.chars().all(|each| each.is_ascii_digit());
    let parts: Vec<&str> = text.split('-').collect();
    matches!(parts.as_slice(), ["CVE", year, number] if year.len() == 4 && digits(year, 4) && digits(number, 4))
}

/// A score with one decimal.
fn score(text: &str) -> Option<String> {
    let score: f64 = text.trim().parse().ok()?;
    (0.0..=10.0).contains(&score).then(|| format!("{score:.1}"))
}
