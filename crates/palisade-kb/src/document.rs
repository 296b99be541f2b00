//! The file of a vulnerability, as written in TOML. `kb/README.md` explains it to authors.

use std::collections::BTreeSet;

use palisade_model::cve::ThreatIntelligence;
use palisade_model::fact::{HostFacts, PortFacts};
use palisade_model::{FindingKind, Qid, Severity, Timestamp};
use serde::Deserialize;

use crate::check::{Check, Expression, Need};
use crate::entry::{Entry, Reference};
use crate::error::Error;

/// The facts of a port that a check may name in `needs`.
pub(crate) const PORT_FACTS: [&str; 24] = [
    "tls",
    "ssh",
    "http",
    "ftp",
    "smtp",
    "imap",
    "pop3",
    "dns",
    "snmp",
    "ntp",
    "tftp",
    "netbios",
    "telnet",
    "redis",
    "memcached",
    "mysql",
    "postgres",
    "ldap",
    "mqtt",
    "rsync",
    "rpc",
    "smb",
    "product",
    "protocol",
];

/// What a check is evaluated for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Scope {
    /// Once a host; the expressions see `host`.
    Host,
    /// Once for every open port; the expressions see `host` and `port`.
    Port,
}

/// A file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Document {
    qid: u32,
    title: String,
    severity: Severity,
    kind: FindingKind,
    category: String,
    #[serde(default)]
    cves: Vec<String>,
    #[serde(default)]
    bugtraq: Vec<u32>,
    #[serde(default)]
    vendor_references: Vec<Reference>,
    cvss_base: Option<String>,
    cvss_temporal: Option<String>,
    #[serde(default)]
    pci: bool,
    #[serde(default)]
    patchable: bool,
    updated: toml::value::Datetime,
    threat: String,
    impact: String,
    solution: String,
    scope: Scope,
    #[serde(default)]
    needs: Vec<String>,
    when: String,
    result: Option<String>,
    #[serde(default)]
    table: bool,
    #[serde(default)]
    pub(crate) example: Vec<Example>,
}

/// Facts, and whether they show the vulnerability.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Example {
    pub(crate) finds: bool,
    /// The evidence expected, blanks at both ends aside.
    pub(crate) result: Option<String>,
    pub(crate) host: Option<HostFacts>,
    pub(crate) port: Option<PortFacts>,
}

impl Document {
    pub(crate) fn parse(name: &str, text: &str) -> Result<Self, Error> {
        toml::from_str(text).map_err(|source| Error::Form { name: name.to_owned(), source: Box::new(source) })
    }

    /// The same of what the build made of a file: JSON, without the examples.
    pub(crate) fn parse_built(name: &str, json: &str) -> Result<Self, Error> {
        serde_json::from_str(json)
            .map_err(|source| Error::Form { name: name.to_owned(), source: Box::new(source) })
    }

    /// The entry and its check, whose expressions are not looked at yet.
    pub(crate) fn split(self, name: &str) -> Result<(Entry, Check), Error> {
        let wrong = |problem: &str| Error::Value { name: name.to_owned(), problem: problem.to_owned() };
        let qid = Qid::new(self.qid).ok_or_else(|| wrong("a QID is a whole number above 0"))?;
        let updated_at = updated_at(self.updated).ok_or_else(|| wrong("`updated` is not a date"))?;
        for score in [&self.cvss_base, &self.cvss_temporal].into_iter().flatten() {
            if !is_score(score) {
                return Err(wrong("a CVSS score is a text from \"0.0\" to \"10.0\""));
            }
        }
        if let Some(cve) = self.cves.iter().find(|cve| !is_cve(cve)) {
            return Err(wrong(&format!("`{cve}` is not a CVE number")));
        }
        if self.cves.iter().collect::<BTreeSet<_>>().len() != self.cves.len() {
            return Err(wrong("a CVE number is named twice"));
        }
        let needs = self.needs.iter().map(|need| parse_need(need)).collect::<Option<Vec<_>>>();
        let needs = needs.ok_or_else(|| wrong("`needs` names something that is not a fact of a port"))?;
        if self.scope == Scope::Host && !needs.is_empty() {
            return Err(wrong("`needs` is for checks of scope `port`"));
        }
        let auth_types = auth_types(&self.when);
        let check = Check {
            qid,
            scope: self.scope,
            needs,
            when: Expression::new(self.when),
            result: self.result.map(Expression::new),
            table: self.table,
        };
        let entry = Entry {
            qid,
            title: self.title.trim().to_owned(),
            severity: self.severity,
            standard_severity: self.severity,
            kind: self.kind,
            category: self.category,
            cves: self.cves,
            bugtraq: self.bugtraq,
            vendor_references: self.vendor_references,
            cvss_base: self.cvss_base,
            cvss_temporal: self.cvss_temporal,
            pci: self.pci,
            patchable: self.patchable,
            updated_at,
            published_at: updated_at,
            threat: folded(&self.threat),
            impact: folded(&self.impact),
            solution: folded(&self.solution),
            remote: auth_types.is_empty(),
            auth_types,
            intelligence: ThreatIntelligence::default(),
            custom: None,
        };
        Ok((entry, check))
    }
}

/// Technologies that scans sign in to, by their word in facts and their name in the API.
const TECHNOLOGIES: [(&str, &str); 6] = [
    ("unix", "Unix"),
    ("windows", "Windows"),
    ("snmp", "SNMP"),
    ("http", "HTTP"),
    ("mysql", "MySQL"),
    ("postgresql", "PostgreSQL"),
];

/// What has to be signed in to for an expression to see anything: what is read from inside comes from
/// Unix; sign-ins are of the technologies that the expression names, or leaves over.
fn auth_types(when: &str) -> Vec<&'static str> {
    if when.contains("host.inside") {
        return vec!["Unix"];
    }
    if !when.contains("sign_ins") {
        return Vec::new();
    }
    let compared = |sign: &str, word: &str| when.contains(&format!("technology {sign} \"{word}\""));
    let named: Vec<&str> =
        TECHNOLOGIES.iter().filter(|(word, _)| compared("==", word)).map(|(_, name)| *name).collect();
    if !named.is_empty() {
        return named;
    }
    TECHNOLOGIES.iter().filter(|(word, _)| !compared("!=", word)).map(|(_, name)| *name).collect()
}

/// Wrapped lines joined, and paragraphs (divided by an empty line in the file) divided by `<P>`.
fn folded(text: &str) -> String {
    let paragraphs: Vec<String> = text
        .trim()
        .split("\n\n")
        .map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|paragraph| !paragraph.is_empty())
        .collect();
    paragraphs.join("\n<P>\n")
}

fn parse_need(text: &str) -> Option<Need> {
    let (fact, field) = match text.split_once('.') {
        Some((fact, field)) => (fact, Some(field.to_owned())),
        None => (text, None),
    };
    PORT_FACTS.contains(&fact).then(|| Need { fact: fact.to_owned(), field })
}

fn updated_at(date: toml::value::Datetime) -> Option<Timestamp> {
    let date = date.date?;
    format!("{date}T00:00:00Z").parse().ok()
}

fn is_score(text: &str) -> bool {
    let digits = text.split_once('.').is_some_and(|(whole, tenth)| {
        (1..=2).contains(&whole.len())
            && tenth.len() == 1
            && whole.chars().chain(tenth.chars()).all(|c| c.is_ascii_digit())
    });
    digits && text.parse::<f32>().is_ok_and(|score| (0.0..=10.0).contains(&score))
}

fn is_cve(text: &str) -> bool {
    let mut parts = text.split('-');
    parts.next() == Some("CVE")
        && parts.next().is_some_and(|year| year.len() == 4 && year.chars().all(|c| c.is_ascii_digit()))
        && parts.next().is_some_and(|number| number.len() >= 4 && number.chars().all(|c| c.is_ascii_digit()))
        && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_folded_into_paragraphs() {
        assert_eq!(folded("\nOne\n  two.\n\nThree.\n"), "One two.\n<P>\nThree.");
    }

    #[test]
    fn what_has_to_be_signed_in_to_is_told_from_the_expression() {
        assert_eq!(auth_types("host.alive"), [""; 0]);
        assert_eq!(auth_types("has(host.inside) && size(host.inside.packages) > 0"), ["Unix"]);
        let some = r#"host.?sign_ins.orValue([]).exists(s, s.technology == "windows")"#;
        assert_eq!(auth_types(some), ["Windows"]);
        let others =
            r#"host.?sign_ins.orValue([]).exists(s, s.technology != "unix" && s.technology != "windows")"#;
        assert_eq!(auth_types(others), ["SNMP", "HTTP", "MySQL", "PostgreSQL"]);
        assert_eq!(auth_types("host.?sign_ins.orValue([]).exists(s, s.timed_out)").len(), 6);
    }

    #[test]
    fn scores_and_numbers_are_looked_at() {
        for good in ["0.0", "4.3", "10.0"] {
            assert!(is_score(good), "{good}");
        }
        for bad in ["", "4", "10.1", "-1.0", "4.33", "x.y", "NaN"] {
            assert!(!is_score(bad), "{bad}");
        }
        assert!(is_cve("CVE-2014-3566"));
        for bad in ["CVE-14-1", "CVE-2014-12", "cve-2014-3566", "CVE-2014-3566-1", ""] {
            assert!(!is_cve(bad), "{bad}");
        }
    }
}
