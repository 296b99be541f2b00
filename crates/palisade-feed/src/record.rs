//! What reading a feed gives.

use palisade_model::cve::{ExploitScore, KnownExploited};
use palisade_model::osv::PackageAdvisory;
use palisade_model::{Cve, FeedKind};

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
    /// For pages: the number of their first record.
    pub start: Option<u64>,
    /// For pages: how many records the whole answer has.
    pub total: Option<u64>,
}

impl Summary {
    pub(crate) const fn new(kind: FeedKind) -> Self {
        Self { kind, records: 0, skipped: 0, released: None, start: None, total: None }
    }
}
