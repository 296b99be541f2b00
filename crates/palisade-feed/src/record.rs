//! What reading a feed gives.

use std::fmt;
use std::str::FromStr;

use palisade_model::Cve;
use palisade_model::cve::{ExploitScore, KnownExploited};
use palisade_model::osv::PackageAdvisory;

/// Whose list it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FeedKind {
    /// CVE records of the National Vulnerability Database, JSON 2.0.
    Nvd,
    /// CISA's catalogue of known exploited vulnerabilities, JSON.
    Kev,
    /// FIRST's exploit prediction scores, CSV.
    Epss,
    /// Advisories in the OSV format: one JSON document each.
    Osv,
}

/// A text that names no feed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expecting nvd, kev, epss or osv")]
pub struct NotAFeed;

impl FeedKind {
    pub const ALL: [Self; 4] = [Self::Nvd, Self::Kev, Self::Epss, Self::Osv];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nvd => "nvd",
            Self::Kev => "kev",
            Self::Epss => "epss",
            Self::Osv => "osv",
        }
    }

    /// Whether a file of it is always the whole list, so that what is not in it is gone.
    #[must_use]
    pub const fn is_whole(self) -> bool {
        matches!(self, Self::Kev | Self::Epss)
    }
}

impl fmt::Display for FeedKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for FeedKind {
    type Err = NotAFeed;

    fn from_str(text: &str) -> Result<Self, NotAFeed> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(NotAFeed)
    }
}

/// One entry of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    Cve(Box<Cve>),
    KnownExploited(KnownExploited),
    ExploitScore(ExploitScore),
    Advisory(Box<PackageAdvisory>),
}

/// Whoever takes the records wants no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped;

/// What a file was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    pub kind: FeedKind,
    /// Records handed on.
    pub records: u64,
    /// Records left out because a value in them makes no sense, such as a number that is no CVE's.
    pub skipped: u64,
    /// What the file says of its own age: a time, a date or a catalogue's version.
    pub released: Option<String>,
    /// For pages: how many records the whole answer has.
    pub total: Option<u64>,
}

impl Summary {
    pub(crate) const fn new(kind: FeedKind) -> Self {
        Self { kind, records: 0, skipped: 0, released: None, total: None }
    }
}
