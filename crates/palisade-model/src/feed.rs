//! Which lists of vulnerabilities are taken in from outside.

use std::fmt;
use std::str::FromStr;

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
