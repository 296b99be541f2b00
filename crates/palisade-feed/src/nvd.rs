//! CVE records of the National Vulnerability Database, JSON 2.0: the yearly files and the pages of
//! its API, which have one form.

use std::fmt;
use std::io::Read;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use palisade_model::cpe::{VersionBound, VersionRange};
use palisade_model::cve::{Configuration, CpeMatch, CpeNode, CveId, Cvss, CvssScores, Operator};
use palisade_model::{Cve, FeedKind, Timestamp};
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::bounded::Allowance;
use crate::error::Error;
use crate::file::{Sink, json_error};
use crate::record::{Record, Summary};

/// Characters of a description that are kept.
const DESCRIPTION_CHARACTERS_MAX: usize = 8_000;
/// Characters of a vector that are kept.
const VECTOR_CHARACTERS_MAX: usize = 300;
/// Characters of a version that are kept.
const VERSION_CHARACTERS_MAX: usize = 100;
/// Weaknesses that are kept.
const CWES_MAX: usize = 20;

#[derive(Deserialize)]
struct Item {
    cve: RawCve,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawCve {
    id: String,
    published: String,
    last_modified: String,
    #[serde(default)]
    vuln_status: Option<String>,
    #[serde(default)]
    descriptions: Vec<LanguageText>,
    #[serde(default)]
    metrics: Metrics,
    #[serde(default)]
    weaknesses: Vec<Weakness>,
    #[serde(default)]
    configurations: Vec<RawConfiguration>,
}

#[derive(Deserialize)]
struct LanguageText {
    lang: String,
    value: String,
}

#[derive(Deserialize)]
struct Weakness {
    #[serde(default)]
    description: Vec<LanguageText>,
}

#[derive(Deserialize, Default)]
struct Metrics {
    #[serde(default, rename = "cvssMetricV2")]
    v2: Vec<Metric>,
    #[serde(default, rename = "cvssMetricV30")]
    v30: Vec<Metric>,
    #[serde(default, rename = "cvssMetricV31")]
    v31: Vec<Metric>,
    #[serde(default, rename = "cvssMetricV40")]
    v40: Vec<Metric>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metric {
    #[serde(default, rename = "type")]
    kind: String,
    cvss_data: CvssData,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CvssData {
    vector_string: String,
    base_score: f64,
}

#[derive(Deserialize)]
struct RawConfiguration {
    #[serde(default)]
    operator: Operator,
    #[serde(default)]
    negate: bool,
    #[serde(default)]
    nodes: Vec<RawNode>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawNode {
    #[serde(default)]
    operator: Operator,
    #[serde(default)]
    negate: bool,
    #[serde(default)]
    cpe_match: Vec<RawMatch>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawMatch {
    vulnerable: bool,
    criteria: String,
    #[serde(default)]
    version_start_including: Option<String>,
    #[serde(default)]
    version_start_excluding: Option<String>,
    #[serde(default)]
    version_end_including: Option<String>,
    #[serde(default)]
    version_end_excluding: Option<String>,
}

/// Reads a document, record by record.
pub(crate) fn read(reader: impl Read, allowance: &Allowance, sink: &mut Sink<'_>) -> Result<Summary, Error> {
    let mut summary = Summary::new(FeedKind::Nvd);
    let mut stopped = false;
    let mut said = None;
    let document =
        Document { summary: &mut summary, said: &mut said, allowance, sink, stopped: &mut stopped };
    let mut json = serde_json::Deserializer::from_reader(reader);
    let outcome = document.deserialize(&mut json).and_then(|()| json.end());
    if stopped {
        return Err(Error::Stopped);
    }
    outcome.map_err(|error| json_error(FeedKind::Nvd, error))?;
    let had = summary.records + summary.skipped;
    match said {
        Some(said) if said != had => Err(Error::Count { said, had }),
        _ => Ok(summary),
    }
}

struct Document<'a, 's> {
    summary: &'a mut Summary,
    /// Records that this document says it has.
    said: &'a mut Option<u64>,
    allowance: &'a Allowance,
    sink: &'a mut Sink<'s>,
    stopped: &'a mut bool,
}

impl<'de> DeserializeSeed<'de> for Document<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Document<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the list `vulnerabilities`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { summary, said, allowance, sink, stopped } = self;
        let mut listed = false;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "totalResults" => summary.total = Some(map.next_value()?),
                "startIndex" => summary.start = Some(map.next_value()?),
                "resultsPerPage" => *said = Some(map.next_value()?),
                "timestamp" => summary.released = Some(map.next_value()?),
                "vulnerabilities" => {
                    listed = true;
                    map.next_value_seed(Records {
                        summary: &mut *summary,
                        allowance,
                        sink: &mut *sink,
                        stopped: &mut *stopped,
                    })?;
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        if listed { Ok(()) } else { Err(serde::de::Error::missing_field("vulnerabilities")) }
    }
}

struct Records<'a, 's> {
    summary: &'a mut Summary,
    allowance: &'a Allowance,
    sink: &'a mut Sink<'s>,
    stopped: &'a mut bool,
}

impl<'de> DeserializeSeed<'de> for Records<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Records<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        while let Some(Item { cve }) = sequence.next_element()? {
            self.allowance.next_record();
            let Some(cve) = cve.read() else {
                self.summary.skipped += 1;
                continue;
            };
            self.summary.records += 1;
            if (self.sink)(Record::Cve(Box::new(cve))).is_err() {
                *self.stopped = true;
                return Err(serde::de::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}

impl RawCve {
    /// `None` when its number or a time makes no sense.
    fn read(self) -> Option<Cve> {
        let Self {
            id,
            published,
            last_modified,
            vuln_status,
            descriptions,
            metrics,
            weaknesses,
            configurations,
        } = self;
        let description = descriptions.into_iter().find(|text| text.lang == "en");
        let mut cwes: Vec<String> = weaknesses
            .into_iter()
            .flat_map(|weakness| weakness.description)
            .map(|text| text.value)
            .filter(|value| value.len() <= 12 && value.starts_with("CWE-"))
            .collect();
        cwes.sort();
        cwes.dedup();
        cwes.truncate(CWES_MAX);
        Some(Cve {
            id: id.parse::<CveId>().ok()?,
            published_at: time(&published)?,
            modified_at: time(&last_modified)?,
            rejected: vuln_status.as_deref() == Some("Rejected"),
            description: description
                .map(|text| shortened(&text.value, DESCRIPTION_CHARACTERS_MAX))
                .unwrap_or_default(),
            scores: CvssScores {
                v2: score(metrics.v2),
                v3: score(metrics.v31).or_else(|| score(metrics.v30)),
                v4: score(metrics.v40),
            },
            cwes,
            configurations: configurations.into_iter().map(RawConfiguration::read).collect(),
        })
    }
}

impl RawConfiguration {
    fn read(self) -> Configuration {
        let nodes = self.nodes.into_iter().map(RawNode::read).collect();
        Configuration { operator: self.operator, negate: self.negate, nodes }
    }
}

impl RawNode {
    fn read(self) -> CpeNode {
        // A name that cannot be read speaks about nothing; in a condition that needs all of them,
        // the condition then cannot be fulfilled.
        let all = self.cpe_match.len();
        let matches: Vec<CpeMatch> = self.cpe_match.into_iter().filter_map(RawMatch::read).collect();
        let broken = self.operator == Operator::And && matches.len() != all;
        let matches = if broken { Vec::new() } else { matches };
        CpeNode { operator: self.operator, negate: self.negate, matches }
    }
}

impl RawMatch {
    /// `None` when its name cannot be read.
    fn read(self) -> Option<CpeMatch> {
        if self.criteria.contains(char::is_control) {
            return None;
        }
        let bound = |including: Option<String>, excluding: Option<String>| {
            let inclusive = including.is_some();
            let version = including.or(excluding)?;
            Some(VersionBound { version: shortened(&version, VERSION_CHARACTERS_MAX), inclusive })
        };
        Some(CpeMatch {
            vulnerable: self.vulnerable,
            criteria: self.criteria.parse().ok()?,
            range: VersionRange {
                start: bound(self.version_start_including, self.version_start_excluding),
                end: bound(self.version_end_including, self.version_end_excluding),
            },
        })
    }
}

/// The NVD's own score before those of others.
fn score(metrics: Vec<Metric>) -> Option<Cvss> {
    let primary = metrics.iter().position(|metric| metric.kind == "Primary").unwrap_or(0);
    let CvssData { vector_string, base_score } = metrics.into_iter().nth(primary)?.cvss_data;
    if !(0.0..=10.0).contains(&base_score) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
    let score = (base_score * 10.0).round() as u8;
    Some(Cvss { score, vector: shortened(&vector_string, VECTOR_CHARACTERS_MAX) })
}

/// Times without a zone are UTC.
pub(crate) fn time(text: &str) -> Option<Timestamp> {
    text.parse::<Timestamp>().ok().or_else(|| {
        let local: DateTime = text.parse().ok()?;
        Some(local.to_zoned(TimeZone::UTC).ok()?.timestamp())
    })
}

/// Without control characters, and no longer than it may be.
pub(crate) fn shortened(text: &str, characters_max: usize) -> String {
    text.chars()
        .filter(|character| !character.is_control() || *character == '\n')
        .take(characters_max)
        .collect()
}
