//! Advisories about packages in the OSV format: one JSON document each, alone or many in an archive.

use std::io::Read;

use palisade_model::FeedKind;
use palisade_model::osv::{AffectedPackage, PackageAdvisory, PackageRange};
use serde::Deserialize;

use crate::bounded::Allowance;
use crate::error::Error;
use crate::file::{Sink, json_error};
use crate::nvd::{shortened, time};
use crate::record::{Record, Summary};

const TEXT_CHARACTERS_MAX: usize = 4_000;
const NAME_CHARACTERS_MAX: usize = 300;
/// Packages, ranges of one, listed versions of one, and other names that are kept.
const PACKAGES_MAX: usize = 2_000;
const RANGES_MAX: usize = 500;
const VERSIONS_MAX: usize = 5_000;
const ALIASES_MAX: usize = 200;

#[derive(Deserialize)]
struct Document {
    id: String,
    modified: String,
    #[serde(default)]
    published: Option<String>,
    #[serde(default)]
    withdrawn: Option<String>,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    details: String,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    upstream: Vec<String>,
    #[serde(default)]
    severity: Vec<Severity>,
    #[serde(default)]
    affected: Vec<Affected>,
}

#[derive(Deserialize)]
struct Severity {
    #[serde(rename = "type")]
    kind: String,
    score: String,
}

#[derive(Deserialize)]
struct Affected {
    #[serde(default)]
    package: Option<Package>,
    #[serde(default)]
    ranges: Vec<Range>,
    #[serde(default)]
    versions: Vec<String>,
}

#[derive(Deserialize)]
struct Package {
    ecosystem: String,
    name: String,
}

#[derive(Deserialize)]
struct Range {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    events: Vec<Event>,
}

#[derive(Deserialize)]
struct Event {
    #[serde(default)]
    introduced: Option<String>,
    #[serde(default)]
    fixed: Option<String>,
    #[serde(default)]
    last_affected: Option<String>,
}

/// Reads one document.
pub(crate) fn read(reader: impl Read, allowance: &Allowance, sink: &mut Sink<'_>) -> Result<Summary, Error> {
    let mut summary = Summary::new(FeedKind::Osv);
    let document: Document =
        serde_json::from_reader(reader).map_err(|error| json_error(FeedKind::Osv, error))?;
    allowance.next_record();
    match document.read() {
        Some(advisory) => {
            summary.records = 1;
            sink(Record::Advisory(Box::new(advisory))).map_err(|_| Error::Stopped)?;
        }
        None => summary.skipped = 1,
    }
    Ok(summary)
}

impl Document {
    /// `None` when its name or time makes no sense.
    fn read(self) -> Option<PackageAdvisory> {
        let Self {
            id,
            modified,
            published,
            withdrawn,
            summary,
            details,
            aliases,
            upstream,
            severity,
            affected,
        } = self;
        let name = |text: &str| shortened(text, NAME_CHARACTERS_MAX);
        if id.is_empty()
            || id.len() > 128
            || id.chars().any(|character| character.is_control() || character == ' ')
        {
            return None;
        }
        let text = if summary.is_empty() { details } else { summary };
        let mut aliases: Vec<String> = aliases.iter().chain(&upstream).map(|alias| name(alias)).collect();
        aliases.sort();
        aliases.dedup();
        aliases.truncate(ALIASES_MAX);
        Some(PackageAdvisory {
            id,
            modified_at: time(&modified)?,
            published_at: published.as_deref().and_then(time),
            withdrawn: withdrawn.is_some(),
            summary: shortened(&text, TEXT_CHARACTERS_MAX),
            aliases,
            severities: severity.iter().map(|one| name(&format!("{} {}", one.kind, one.score))).collect(),
            affected: affected.into_iter().filter_map(Affected::read).take(PACKAGES_MAX).collect(),
        })
    }
}

impl Affected {
    /// `None` when it names no package, only commits.
    fn read(self) -> Option<AffectedPackage> {
        let Package { ecosystem, name } = self.package?;
        Some(AffectedPackage {
            ecosystem: shortened(&ecosystem, NAME_CHARACTERS_MAX),
            name: shortened(&name, NAME_CHARACTERS_MAX),
            ranges: self.ranges.into_iter().flat_map(Range::read).take(RANGES_MAX).collect(),
            versions: self.versions.into_iter().take(VERSIONS_MAX).collect(),
        })
    }
}

impl Range {
    /// Events come in order: where it begins, then where it ends, perhaps again and again.
    fn read(self) -> Vec<PackageRange> {
        let mut ranges: Vec<PackageRange> = Vec::new();
        for Event { introduced, fixed, last_affected } in self.events {
            if introduced.is_some() {
                let range = PackageRange { kind: self.kind.clone(), introduced, ..PackageRange::default() };
                ranges.push(range);
            } else if let Some(last) = ranges.last_mut() {
                last.fixed = last.fixed.take().or(fixed);
                last.last_affected = last.last_affected.take().or(last_affected);
            }
        }
        ranges
    }
}
