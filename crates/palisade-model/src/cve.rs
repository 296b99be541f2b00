//! What the public lists say of a CVE: its record, whether it is known to be exploited, and how
//! likely it is to be.
//!
//! Deliberately absent: where the lists come from, and what becomes of a match.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::cpe::{CpeName, VersionRange};

/// The number of a CVE, for example `CVE-2021-44228`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CveId(String);

/// Why a text is not the number of a CVE.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a CVE number")]
pub struct NotACveId;

impl CveId {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CveId {
    type Err = NotACveId;

    fn from_str(text: &str) -> Result<Self, NotACveId> {
        let digits = |text: &str, lengths: std::ops::RangeInclusive<usize>| {
            lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        let is_id = text
            .strip_prefix("CVE-")
            .and_then(|rest| rest.split_once('-'))
            .is_some_and(|(year, number)| digits(year, 4..=4) && digits(number, 4..=19));
        if is_id { Ok(Self(text.to_owned())) } else { Err(NotACveId) }
    }
}

impl TryFrom<String> for CveId {
    type Error = NotACveId;

    fn try_from(text: String) -> Result<Self, NotACveId> {
        text.parse()
    }
}

impl From<CveId> for String {
    fn from(id: CveId) -> Self {
        id.0
    }
}

impl fmt::Display for CveId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A score and how it was reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cvss {
    /// Tenths: 0 to 100.
    pub score: u8,
    /// For example `CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H`.
    pub vector: String,
}

impl Cvss {
    /// The value of a metric of the vector: `N` for `AV`.
    #[must_use]
    pub fn metric(&self, name: &str) -> Option<&str> {
        let metrics = self.vector.split('/').filter_map(|metric| metric.split_once(':'));
        metrics.filter(|(metric, _)| *metric == name).map(|(_, value)| value).next()
    }

    /// The score as it is written: `9.8`.
    #[must_use]
    pub fn text(&self) -> String {
        tenths(self.score)
    }
}

/// A score in tenths as it is written: `9.8`.
#[must_use]
pub fn tenths(score: u8) -> String {
    format!("{}.{}", score / 10, score % 10)
}

/// The scores of a CVE by version of CVSS; 3.1 counts before 3.0.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CvssScores {
    pub v2: Option<Cvss>,
    pub v3: Option<Cvss>,
    pub v4: Option<Cvss>,
}

impl CvssScores {
    /// The one that severities are told from: of CVSS 3 where there is one, else 4, else 2.
    #[must_use]
    pub const fn leading(&self) -> Option<&Cvss> {
        match (&self.v3, &self.v4) {
            (Some(score), _) | (None, Some(score)) => Some(score),
            (None, None) => self.v2.as_ref(),
        }
    }
}

/// How parts of a condition go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Operator {
    And,
    #[default]
    Or,
}

/// Products of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CpeMatch {
    /// `false` for what only has to be there beside the vulnerable product.
    #[serde(rename = "u")]
    pub vulnerable: bool,
    #[serde(rename = "c")]
    pub criteria: CpeName,
    #[serde(rename = "r", default, skip_serializing_if = "VersionRange::is_open")]
    pub range: VersionRange,
}

/// Products joined by an operator.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CpeNode {
    #[serde(rename = "o")]
    pub operator: Operator,
    /// The opposite is meant.
    #[serde(rename = "n", default, skip_serializing_if = "std::ops::Not::not")]
    pub negate: bool,
    #[serde(rename = "m")]
    pub matches: Vec<CpeMatch>,
}

/// One way to be affected: nodes joined by an operator.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Configuration {
    #[serde(rename = "o")]
    pub operator: Operator,
    #[serde(rename = "n", default, skip_serializing_if = "std::ops::Not::not")]
    pub negate: bool,
    #[serde(rename = "d")]
    pub nodes: Vec<CpeNode>,
}

/// The record of a CVE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cve {
    pub id: CveId,
    pub published_at: Timestamp,
    pub modified_at: Timestamp,
    /// The number was taken back; it then matches nothing.
    pub rejected: bool,
    /// In English.
    pub description: String,
    pub scores: CvssScores,
    /// `CWE-79`, ...
    pub cwes: Vec<String>,
    /// Any of them suffices.
    pub configurations: Vec<Configuration>,
}

impl Cve {
    /// Vendors and products of vulnerable names, without repetition, in order.
    #[must_use]
    pub fn products(&self) -> Vec<(String, String)> {
        let mut products: Vec<(String, String)> = self
            .configurations
            .iter()
            .flat_map(|configuration| &configuration.nodes)
            .flat_map(|node| &node.matches)
            .filter(|each| each.vulnerable)
            .filter_map(|each| {
                let CpeName { vendor, product, .. } = &each.criteria;
                Some((vendor.text()?.to_owned(), product.text()?.to_owned()))
            })
            .collect();
        products.sort();
        products.dedup();
        products
    }
}

/// An entry of the catalogue of vulnerabilities that are known to be exploited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownExploited {
    pub cve: CveId,
    pub vendor: String,
    pub product: String,
    pub name: String,
    pub added_on: Date,
    /// When those who are bound by the catalogue must have acted.
    pub due_on: Option<Date>,
    pub action: String,
    /// Used in ransomware campaigns, as far as is known.
    pub ransomware: bool,
}

/// How likely a CVE is to be exploited within 30 days, by the model of FIRST.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExploitScore {
    pub cve: CveId,
    /// Parts of 100,000: 0 to 100,000.
    pub probability: u32,
    /// How many have a lower one; parts of 100,000.
    pub percentile: u32,
}

/// Parts of 100,000 as a decimal fraction: `0.97340`.
#[must_use]
pub fn fraction(parts: u32) -> String {
    format!("{}.{:05}", parts / 100_000, parts % 100_000)
}

/// Most products that are kept of a vulnerability.
pub const SOFTWARE_MAX: usize = 50;
/// Who is likely to be exploited within 30 days: parts of 100,000.
const LIKELY_EXPLOITED: u32 = 50_000;

/// A kind of threat, by the number and the name that the API has for it.
pub type Threat = (u32, &'static str);

/// What may come of a vulnerability, as the public lists have it today.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ThreatIntelligence {
    /// The highest CVSS 2 score of its CVEs, and the highest CVSS 3 score.
    pub cvss2: Option<Cvss>,
    pub cvss3: Option<Cvss>,
    /// Vendors and products that the records of its CVEs name, at most [`SOFTWARE_MAX`].
    pub software: Vec<(String, String)>,
    /// The earliest entry of its CVEs in the catalogue of known exploited vulnerabilities.
    pub known_exploited: Option<KnownExploited>,
    /// The highest of its CVEs.
    pub exploit_score: Option<ExploitScore>,
}

impl ThreatIntelligence {
    /// The kinds of threats that the lists show, by number.
    #[must_use]
    pub fn threats(&self) -> Vec<Threat> {
        let Self { cvss3, known_exploited, exploit_score, .. } = self;
        let is_exploited = known_exploited.is_some();
        let is_likely = exploit_score.as_ref().is_some_and(|score| score.probability >= LIKELY_EXPLOITED);
        let is = |metric: &str, value: &str| {
            cvss3.as_ref().is_some_and(|score| score.metric(metric) == Some(value))
        };
        let without_account = is("AV", "N") && is("PR", "N");
        let all = [
            (is_exploited, (3, "Active_Attacks")),
            (without_account && is("AC", "L") && is("UI", "N"), (5, "Easy_Exploit")),
            (is("A", "H") && is("C", "N") && is("I", "N"), (7, "Denial_of_Service")),
            (is_likely, (12, "Predicted_High_Risk")),
            (without_account, (14, "Unauthenticated_Exploitation")),
            (known_exploited.as_ref().is_some_and(|entry| entry.ransomware), (16, "Ransomware")),
            (is_exploited, (18, "Cisa_Known_Exploited_Vulns")),
        ];
        all.into_iter().filter_map(|(shown, threat)| shown.then_some(threat)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_looked_at() {
        for good in ["CVE-2014-3566", "CVE-1999-0001", "CVE-2021-1234567"] {
            assert_eq!(good.parse::<CveId>().unwrap().as_str(), good);
        }
        for bad in ["", "CVE-14-1", "CVE-2014-12", "cve-2014-3566", "CVE-2014-3566-1", "CVE-2014-35x6"] {
            assert!(bad.parse::<CveId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn threats_are_what_the_lists_show() {
        assert_eq!(ThreatIntelligence::default().threats(), []);
        let vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H".to_owned();
        let score = Cvss { score: 75, vector };
        assert_eq!((score.metric("AV"), score.metric("A"), score.metric("X")), (Some("N"), Some("H"), None));
        let cve: CveId = "CVE-2026-0001".parse().unwrap();
        let known = KnownExploited {
            cve: cve.clone(),
            vendor: String::new(),
            product: String::new(),
            name: String::new(),
            added_on: Date::constant(2026, 1, 1),
            due_on: None,
            action: String::new(),
            ransomware: true,
        };
        let all = ThreatIntelligence {
            cvss3: Some(score),
            known_exploited: Some(known),
            exploit_score: Some(ExploitScore { cve, probability: 50_000, percentile: 99_000 }),
            ..ThreatIntelligence::default()
        };
        let numbers: Vec<u32> = all.threats().into_iter().map(|(number, _)| number).collect();
        assert_eq!(numbers, [3, 5, 7, 12, 14, 16, 18]);
    }

    #[test]
    fn numbers_are_written_as_people_know_them() {
        assert_eq!(Cvss { score: 98, vector: String::new() }.text(), "9.8");
        assert_eq!(Cvss { score: 100, vector: String::new() }.text(), "10.0");
        assert_eq!((fraction(97_340), fraction(100_000)), ("0.97340".to_owned(), "1.00000".to_owned()));
    }
}
