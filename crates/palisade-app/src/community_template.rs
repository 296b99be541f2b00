//! Community templates: taking a directory of them in.
//!
//! This is done on the server's own command line, so nobody's permission is asked. The database gives
//! the numbers, so that all servers on it agree; the templates themselves lie in one file of the data
//! folder, which is replaced as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use palisade_kb::{Entry, Reference};
use palisade_model::Qid;
use palisade_model::cve::ThreatIntelligence;
use palisade_template::{Collection, LibraryError, Numbered, Protocol, Record, choose_qid, records, replace};

use crate::app::App;

/// Why templates were not taken in; those of the last import are as they were.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateImportError {
    #[error("the numbers of the templates cannot be kept")]
    Store(#[from] palisade_store::Error),
    #[error("the templates cannot be kept")]
    Library(#[from] LibraryError),
}

/// What an import changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TemplatesImported {
    pub templates: usize,
    /// Not there at the last import.
    pub added: usize,
    /// There with another text.
    pub changed: usize,
    /// There at the last import, and no longer.
    pub removed: usize,
}

impl App {
    /// Puts a collection in the place of the templates that the file `library` holds.
    pub async fn import_templates(
        &self,
        collection: Collection,
        library: &Path,
    ) -> Result<TemplatesImported, TemplateImportError> {
        let ids: BTreeSet<String> =
            collection.templates.iter().map(|source| source.template.id.clone()).collect();
        let now = self.clock().now();
        let choose = |id: &str, taken: &BTreeSet<Qid>| choose_qid(id, |qid| taken.contains(&qid));
        let numbers = self.store().number_templates(&ids, now, choose).await?;
        // What cannot be read any more is replaced like anything else.
        let former: BTreeMap<Qid, Record> =
            records(library).unwrap_or_default().into_iter().map(|record| (record.qid, record)).collect();
        let mut imported = TemplatesImported::default();
        let mut written = Vec::with_capacity(numbers.len());
        for source in collection.templates {
            let Some(qid) = numbers.get(&source.template.id) else { continue };
            let updated_at = match former.get(qid) {
                Some(record) if record.text == source.text => record.updated_at,
                Some(_) => {
                    imported.changed += 1;
                    now.as_second()
                }
                None => {
                    imported.added += 1;
                    now.as_second()
                }
            };
            written.push(Record { qid: *qid, updated_at, text: source.text });
        }
        imported.templates = written.len();
        imported.removed = former.len() + imported.added - written.len();
        written.sort_by_key(|record| record.qid);
        replace(library, &written)?;
        Ok(imported)
    }
}

/// What the KnowledgeBase says of a template.
#[must_use]
pub fn template_entry(numbered: &Numbered) -> Entry {
    let info = &numbered.template.info;
    let references = info.references.iter().map(|url| Reference { id: host_of(url), url: url.clone() });
    Entry {
        qid: numbered.qid,
        title: info.name.clone(),
        severity: numbered.template.severity(),
        standard_severity: numbered.template.severity(),
        kind: numbered.template.kind(),
        category: match numbered.template.protocol() {
            Protocol::Http => "Web Application",
            Protocol::Dns => "DNS and BIND",
            Protocol::Tcp | Protocol::Ssl => "General remote services",
        }
        .to_owned(),
        cves: info.cves.clone(),
        bugtraq: Vec::new(),
        vendor_references: references.collect(),
        cvss_base: info.cvss_score.clone(),
        cvss_temporal: None,
        pci: fails_card_industry_scan(numbered),
        patchable: false,
        updated_at: numbered.updated_at,
        published_at: numbered.updated_at,
        threat: threat_of(numbered),
        impact: paragraphs(&info.impact),
        solution: paragraphs(&info.remediation),
        remote: true,
        auth_types: Vec::new(),
        intelligence: ThreatIntelligence::default(),
        custom: None,
    }
}

fn threat_of(numbered: &Numbered) -> String {
    let info = &numbered.template.info;
    let described = if info.description.is_empty() { &info.name } else { &info.description };
    let mut parts = vec![paragraphs(described)];
    let mut facts = vec![format!("Community template {}.", numbered.template.id)];
    if !info.cwes.is_empty() {
        facts.push(format!("Classification: {}.", info.cwes.join(", ")));
    }
    if let Some(metrics) = &info.cvss_metrics {
        facts.push(format!("{metrics}."));
    }
    if !info.authors.is_empty() {
        facts.push(format!("Written by {}.", info.authors.join(", ")));
    }
    parts.push(facts.join(" "));
    parts.join(PARAGRAPH)
}

/// By its score, from 4.0 up, or where it has none by its severity.
fn fails_card_industry_scan(numbered: &Numbered) -> bool {
    let score = numbered.template.info.cvss_score.as_deref().and_then(|score| score.parse::<f32>().ok());
    let bad = score.map_or(numbered.template.severity().level() >= 3, |score| score >= 4.0);
    bad && numbered.template.kind().is_detection()
}

/// What divides paragraphs in the texts of the KnowledgeBase.
const PARAGRAPH: &str = "\n<P>\n";

fn paragraphs(text: &str) -> String {
    text.replace("\n\n", PARAGRAPH)
}

fn host_of(url: &str) -> String {
    let host = url.split("://").nth(1).unwrap_or(url);
    host.split('/').next().unwrap_or(host).to_owned()
}

#[cfg(test)]
mod tests {
    use palisade_model::{FindingKind, Timestamp};
    use palisade_template::Template;

    use super::*;

    #[test]
    fn what_a_template_says_becomes_an_entry() {
        let text = "id: CVE-2021-1\ninfo:\n  name: Quay opens its gates\n  author: ann,bob\n  severity: high\n  description: |\n    One\n    line.\n\n    Another.\n  impact: Ships get in.\n  remediation: Close them.\n  reference: ['https://example.test/a', 'no address']\n  classification:\n    cve-id: CVE-2021-12345\n    cwe-id: CWE-79\n    cvss-score: 7.5\n    cvss-metrics: CVSS:3.1/AV:N\nhttp:\n  - path: ['{{BaseURL}}']\n    matchers:\n      - type: status\n        status: [200]\n";
        let numbered = Numbered {
            qid: Qid::new(1_000_001).unwrap(),
            template: Template::parse(text).unwrap(),
            updated_at: Timestamp::UNIX_EPOCH,
        };
        let entry = template_entry(&numbered);
        assert_eq!((entry.severity.level(), entry.kind), (4, FindingKind::Vulnerability));
        assert_eq!(
            (entry.cves.as_slice(), entry.cvss_base.as_deref()),
            (&["CVE-2021-12345".to_owned()][..], Some("7.5"))
        );
        assert_eq!(
            entry.vendor_references,
            [Reference { id: "example.test".to_owned(), url: "https://example.test/a".to_owned() }]
        );
        let threat = format!(
            "One line.{PARAGRAPH}Another.{PARAGRAPH}Community template CVE-2021-1. Classification: CWE-79. CVSS:3.1/AV:N. Written by ann, bob."
        );
        assert_eq!(
            (entry.threat, entry.impact.as_str(), entry.solution.as_str()),
            (threat, "Ships get in.", "Close them.")
        );
    }

    #[test]
    fn severities_and_kinds_follow_from_the_words() {
        let entry = |severity: &str, expression: &str| {
            let text = format!(
                "id: a\ninfo: {{name: a, severity: {severity}}}\nhttp:\n  - path: ['{{{{BaseURL}}}}']\n    matchers:\n      - type: dsl\n        dsl: ['{expression}']\n"
            );
            let template = Template::parse(&text).unwrap();
            template_entry(&Numbered {
                qid: Qid::new(1).unwrap(),
                template,
                updated_at: Timestamp::UNIX_EPOCH,
            })
        };
        let levels = ["info", "low", "medium", "high", "critical", "unknown"]
            .map(|word| entry(word, "true").severity.level());
        assert_eq!(levels, [1, 2, 3, 4, 5, 1]);
        assert_eq!(entry("info", "true").kind, FindingKind::Information);
        assert_eq!(entry("low", "true").kind, FindingKind::Vulnerability);
        assert_eq!(entry("high", "compare_versions(body, \"1.0\")").kind, FindingKind::Potential);
    }
}
