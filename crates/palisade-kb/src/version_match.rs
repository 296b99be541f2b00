//! From a product's version to the CVEs whose public records name it.
//!
//! Such a conclusion is never more than a potential vulnerability: whoever distributes a product
//! repairs errors without changing its version. What is not known decides nothing: a product of
//! unknown version matches no record, and neither does a condition on something that was not seen.
//!
//! Deliberately absent: where the records are kept, and which QIDs CVEs have.

use palisade_model::cpe::{CpeName, CpeValue};
use palisade_model::cve::{Configuration, CpeMatch, CpeNode, Operator, ThreatIntelligence};
use palisade_model::{Cve, FindingKind, Qid, Severity};

use crate::entry::{Entry, Reference};

/// QIDs from here on are those that CVEs of public records are given.
const FIRST_CVE_QID: u32 = 10_000_001;
/// Characters of a product's name in a title.
const NAME_CHARACTERS_MAX: usize = 60;
/// Products that records know by several names; the first is the one we use.
const SAME_PRODUCTS: [&[(&str, &str)]; 8] = [
    &[("f5", "nginx"), ("nginx", "nginx"), ("igor_sysoev", "nginx"), ("f5", "nginx_open_source")],
    &[("redis", "redis"), ("redislabs", "redis"), ("pivotal_software", "redis")],
    &[("oracle", "mysql"), ("mysql", "mysql"), ("oracle", "mysql_server")],
    &[("elastic", "kibana"), ("elasticsearch", "kibana")],
    &[("elastic", "elasticsearch"), ("elasticsearch", "elasticsearch")],
    &[("dropbear_ssh_project", "dropbear_ssh"), ("matt_johnston", "dropbear_ssh_server")],
    &[("thekelleys", "dnsmasq"), ("dnsmasq", "dnsmasq")],
    &[("varnish_cache_project", "varnish_cache"), ("varnish-software", "varnish_cache")],
];

/// The first of the QIDs that CVEs of public records are given.
#[must_use]
pub fn first_cve_qid() -> Qid {
    Qid::new(FIRST_CVE_QID).unwrap_or(const { Qid::new(1).unwrap() })
}

/// Whether a QID is one of those.
#[must_use]
pub const fn is_cve_qid(qid: Qid) -> bool {
    qid.number() >= FIRST_CVE_QID
}

/// What a record says about a product that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    No,
    /// It is about the product, and the version is not known.
    Undecided,
    /// It names the version; how, in words.
    Affected(String),
}

/// The names under which records may speak about a product: its own first.
#[must_use]
pub fn names_of(seen: &CpeName) -> Vec<CpeName> {
    let mut names = vec![seen.clone()];
    let (Some(vendor), Some(product)) = (seen.vendor.text(), seen.product.text()) else { return names };
    for same in SAME_PRODUCTS.iter().filter(|same| same.contains(&(vendor, product))) {
        for (other_vendor, other) in same.iter().filter(|name| **name != (vendor, product)) {
            let mut name = seen.clone();
            name.vendor = CpeValue::Text((*other_vendor).to_owned());
            name.product = CpeValue::Text((*other).to_owned());
            names.push(name);
        }
    }
    names
}

/// What a record says about a product; `beside` are the other products and the operating system of
/// its host.
#[must_use]
pub fn decide(cve: &Cve, seen: &CpeName, beside: &[CpeName]) -> Decision {
    let mut decision = Decision::No;
    if cve.rejected {
        return decision;
    }
    for configuration in &cve.configurations {
        match by_configuration(configuration, seen, beside) {
            Decision::No => {}
            Decision::Undecided => decision = Decision::Undecided,
            affected @ Decision::Affected(_) => return affected,
        }
    }
    decision
}

fn by_configuration(configuration: &Configuration, seen: &CpeName, beside: &[CpeName]) -> Decision {
    // What must not be there cannot be told from outside.
    if configuration.negate || configuration.nodes.iter().any(|node| node.negate) {
        return Decision::No;
    }
    let nodes = &configuration.nodes;
    best(nodes.iter().enumerate().map(|(place, node)| {
        let others = || nodes.iter().enumerate().filter(move |(other, _)| *other != place);
        let fulfilled = configuration.operator == Operator::Or
            || others().all(|(_, other)| is_present(other, seen, beside));
        if fulfilled { by_node(node, seen, beside) } else { Decision::No }
    }))
}

fn by_node(node: &CpeNode, seen: &CpeName, beside: &[CpeName]) -> Decision {
    let all = || node.matches.iter().all(|each| is_there(each, seen, beside));
    if node.operator == Operator::And && !all() {
        return Decision::No;
    }
    best(node.matches.iter().filter(|each| each.vulnerable).map(|each| by_match(each, seen)))
}

fn by_match(each: &CpeMatch, seen: &CpeName) -> Decision {
    if !each.criteria.is_about(seen) {
        return Decision::No;
    }
    if seen.version.text().is_none() {
        return Decision::Undecided;
    }
    if !names_version(each, seen) {
        return Decision::No;
    }
    Decision::Affected(match each.criteria.version_text() {
        Some(version) => format!("version {version}"),
        None => each.range.to_string(),
    })
}

fn names_version(each: &CpeMatch, seen: &CpeName) -> bool {
    if each.range.is_open() || each.criteria.version.text().is_some() {
        each.criteria.has_version_of(seen)
    } else {
        each.range.contains(seen)
    }
}

/// Whether something that has to be there beside the vulnerable product was seen.
fn is_present(node: &CpeNode, seen: &CpeName, beside: &[CpeName]) -> bool {
    let there = |each: &CpeMatch| is_there(each, seen, beside);
    match node.operator {
        Operator::And => !node.matches.is_empty() && node.matches.iter().all(there),
        Operator::Or => node.matches.iter().any(there),
    }
}

fn is_there(each: &CpeMatch, seen: &CpeName, beside: &[CpeName]) -> bool {
    // `-` and `*` alone mean the product whatever its version.
    let whatever_version = each.range.is_open() && each.criteria.version.text().is_none();
    std::iter::once(seen)
        .chain(beside)
        .any(|name| each.criteria.is_about(name) && (whatever_version || names_version(each, name)))
}

fn best(decisions: impl Iterator<Item = Decision>) -> Decision {
    let mut best = Decision::No;
    for decision in decisions {
        match decision {
            Decision::Affected(_) => return decision,
            Decision::Undecided => best = decision,
            Decision::No => {}
        }
    }
    best
}

/// How bad, by the leading score; a record without one is taken for a help to other attacks.
fn severity(cve: &Cve) -> Severity {
    let level = match cve.scores.leading().map(|score| score.score) {
        Some(90..) => 5,
        Some(70..=89) => 4,
        Some(40..=69) => 3,
        Some(0..=39) | None => 2,
    };
    Severity::new(level).unwrap_or(Severity::SERIOUS)
}

/// The entry of a CVE, made of its record.
#[must_use]
pub fn entry_of(cve: &Cve, qid: Qid, intelligence: ThreatIntelligence) -> Entry {
    let products = cve.products();
    let product = products.first().map_or_else(String::new, |(_, product)| words(product));
    let bounded = |each: &CpeMatch| each.range.end.is_some();
    let patchable = cve
        .configurations
        .iter()
        .flat_map(|configuration| &configuration.nodes)
        .any(|node| node.matches.iter().any(bounded));
    let base = cve.scores.leading();
    Entry {
        qid,
        title: format!("{product} Version Named by {} (Version Match)", cve.id).trim().to_owned(),
        severity: severity(cve),
        standard_severity: severity(cve),
        kind: FindingKind::Potential,
        category: "General remote services".to_owned(),
        cves: vec![cve.id.to_string()],
        bugtraq: Vec::new(),
        vendor_references: vec![Reference {
            id: format!("NVD {}", cve.id),
            url: format!("https://nvd.nist.gov/vuln/detail/{}", cve.id),
        }],
        cvss_base: cve.scores.v2.as_ref().map(palisade_model::cve::Cvss::text),
        cvss_temporal: None,
        pci: base.is_some_and(|score| score.score >= 40),
        patchable,
        updated_at: cve.modified_at,
        published_at: cve.published_at,
        threat: format!(
            "{}\n<P>\nThis is a potential vulnerability. It was concluded from nothing but the version that \
             the service tells of itself, which the record of the National Vulnerability Database names. \
             Distributions and vendors repair such errors without changing that version (they port the \
             repair back), so that the host may well be safe already.",
            paragraphs(&cve.description)
        ),
        impact: "What the record says follows from the error, if this installation has it.".to_owned(),
        solution:
            "Look whether the installed package has the repair: its changelog or the security tracker of \
                   its distribution names the CVE. If it has not, update the product to a version that the \
                   record does not name."
                .to_owned(),
        remote: true,
        auth_types: Vec::new(),
        intelligence,
        custom: None,
    }
}

/// A stranger's description as the texts of entries are: paragraphs divided by `<P>`, and no other
/// markup, because clients show these texts as HTML.
fn paragraphs(text: &str) -> String {
    let quoted = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let lines = quoted.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n<P>\n")
}

/// `http_server` as `Http Server`.
fn words(product: &str) -> String {
    let capital = |word: &str| {
        let mut characters = word.chars();
        characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
    };
    let words: Vec<String> = product.split('_').map(capital).collect();
    words.join(" ").chars().take(NAME_CHARACTERS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use palisade_model::Timestamp;
    use palisade_model::cpe::{VersionBound, VersionRange};
    use palisade_model::cve::{Cvss, CvssScores};

    use super::*;

    fn name(text: &str) -> CpeName {
        text.parse().unwrap()
    }

    fn seen(version: &str) -> CpeName {
        name(&format!("cpe:2.3:a:acme:server:{version}:*:*:*:*:*:*:*"))
    }

    fn needed(criteria: &str, vulnerable: bool) -> CpeMatch {
        CpeMatch { vulnerable, criteria: name(criteria), range: VersionRange::default() }
    }

    fn before(version: &str) -> CpeMatch {
        let end = Some(VersionBound { version: version.to_owned(), inclusive: false });
        let criteria = name("cpe:2.3:a:acme:server:*:*:*:*:*:*:*:*");
        CpeMatch { vulnerable: true, criteria, range: VersionRange { start: None, end } }
    }

    fn node(operator: Operator, matches: Vec<CpeMatch>) -> CpeNode {
        CpeNode { operator, negate: false, matches }
    }

    fn cve(operator: Operator, nodes: Vec<CpeNode>) -> Cve {
        Cve {
            id: "CVE-2026-0001".parse().unwrap(),
            published_at: Timestamp::UNIX_EPOCH,
            modified_at: Timestamp::UNIX_EPOCH,
            rejected: false,
            description: "First line.\n\nSecond <line>.".to_owned(),
            scores: CvssScores::default(),
            cwes: Vec::new(),
            configurations: vec![Configuration { operator, negate: false, nodes }],
        }
    }

    fn affected(cve: &Cve, seen: &CpeName, beside: &[CpeName]) -> bool {
        matches!(decide(cve, seen, beside), Decision::Affected(_))
    }

    #[test]
    fn a_version_in_the_range_is_affected() {
        let cve = cve(Operator::Or, vec![node(Operator::Or, vec![before("2.0")])]);
        assert_eq!(decide(&cve, &seen("1.9"), &[]), Decision::Affected("before 2.0".to_owned()));
        assert_eq!(decide(&cve, &seen("2.0"), &[]), Decision::No);
        assert_eq!(decide(&cve, &seen("*"), &[]), Decision::Undecided);
        assert_eq!(decide(&cve, &seen("-"), &[]), Decision::Undecided);
        assert_eq!(decide(&cve, &name("cpe:2.3:a:other:server:1.0"), &[]), Decision::No);
        let rejected = Cve { rejected: true, ..cve };
        assert_eq!(decide(&rejected, &seen("1.9"), &[]), Decision::No);
    }

    #[test]
    fn a_single_version_is_no_other() {
        let matches = vec![needed("cpe:2.3:a:acme:server:1.0:*:*:*:*:*:*:*", true)];
        let cve = cve(Operator::Or, vec![node(Operator::Or, matches)]);
        assert_eq!(decide(&cve, &seen("1.0"), &[]), Decision::Affected("version 1.0".to_owned()));
        assert_eq!(decide(&cve, &seen("1.0.1"), &[]), Decision::No);
    }

    #[test]
    fn what_has_to_be_there_beside_it_must_have_been_seen() {
        let windows = "cpe:2.3:o:microsoft:windows:-:*:*:*:*:*:*:*";
        let platform = node(Operator::Or, vec![needed(windows, false)]);
        let on_windows = cve(Operator::And, vec![node(Operator::Or, vec![before("2.0")]), platform]);
        assert!(!affected(&on_windows, &seen("1.0"), &[]));
        assert!(!affected(&on_windows, &seen("1.0"), &[name("cpe:2.3:o:debian:debian_linux:12")]));
        assert!(affected(&on_windows, &seen("1.0"), &[name(windows)]));
        assert!(affected(&on_windows, &seen("1.0"), &[name("cpe:2.3:o:microsoft:windows:10")]));
        assert!(
            !affected(&on_windows, &name(windows), &[seen("1.0")]),
            "the platform is not what is vulnerable"
        );

        let all = vec![before("2.0"), needed("cpe:2.3:a:acme:module:3:*:*:*:*:*:*:*", true)];
        let together = cve(Operator::Or, vec![node(Operator::And, all)]);
        assert!(!affected(&together, &seen("1.0"), &[]));
        assert!(affected(&together, &seen("1.0"), &[name("cpe:2.3:a:acme:module:3")]));
        assert!(!affected(&together, &seen("1.0"), &[name("cpe:2.3:a:acme:module:4")]));
    }

    #[test]
    fn what_must_not_be_there_decides_nothing() {
        let mut negated = node(Operator::Or, vec![before("2.0")]);
        negated.negate = true;
        assert!(!affected(&cve(Operator::Or, vec![negated]), &seen("1.0"), &[]));
    }

    #[test]
    fn products_have_other_names() {
        let names = names_of(&name("cpe:2.3:a:redis:redis:6.0"));
        assert_eq!(names.len(), 3);
        assert!(names.contains(&name("cpe:2.3:a:redislabs:redis:6.0")));
        assert_eq!(names_of(&seen("1")), [seen("1")]);
    }

    #[test]
    fn an_entry_is_potential_and_says_why() {
        let mut cve = cve(Operator::Or, vec![node(Operator::Or, vec![before("2.0")])]);
        let intelligence = ThreatIntelligence::default();
        for (score, level) in [(100, 5), (90, 5), (89, 4), (70, 4), (69, 3), (40, 3), (39, 2), (0, 2)] {
            cve.scores.v3 = Some(Cvss { score, vector: String::new() });
            let entry = entry_of(&cve, first_cve_qid(), intelligence.clone());
            assert_eq!(entry.severity.level(), level, "{score}");
        }
        let entry = entry_of(&cve, first_cve_qid(), intelligence);
        assert_eq!(entry.kind, FindingKind::Potential);
        assert!(entry.threat.starts_with("First line.\n<P>\nSecond &lt;line&gt;.\n<P>\nThis is a potential"));
        assert!(entry.threat.contains("without changing that version") && entry.patchable);
        assert_eq!(entry.title, "Server Version Named by CVE-2026-0001 (Version Match)");
        assert!(is_cve_qid(entry.qid) && !is_cve_qid(Qid::new(9_999_999).unwrap()));
    }
}
