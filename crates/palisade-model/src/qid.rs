//! QIDs and severities.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The number of an entry in the KnowledgeBase; 1 and up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Qid(u32);

impl Qid {
    /// `None` for 0, which names nothing.
    #[must_use]
    pub const fn new(number: u32) -> Option<Self> {
        if number == 0 { None } else { Some(Self(number)) }
    }

    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Qid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why a text is not a QID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a QID is a whole number above 0")]
pub struct NotAQid;

impl FromStr for Qid {
    type Err = NotAQid;

    fn from_str(text: &str) -> Result<Self, NotAQid> {
        text.parse().ok().and_then(Self::new).ok_or(NotAQid)
    }
}

/// How bad: 1 (minimal) to 5 (urgent).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Severity(u8);

/// Why a number is not a severity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a severity is 1 to 5")]
pub struct NotASeverity;

impl Severity {
    pub const SERIOUS: Self = Self(3);
    pub const CRITICAL: Self = Self(4);

    /// `None` for what is not 1 to 5.
    #[must_use]
    pub const fn new(level: u8) -> Option<Self> {
        if level >= 1 && level <= 5 { Some(Self(level)) } else { None }
    }

    #[must_use]
    pub const fn level(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Severity {
    type Error = NotASeverity;

    fn try_from(level: u8) -> Result<Self, NotASeverity> {
        if (1..=5).contains(&level) { Ok(Self(level)) } else { Err(NotASeverity) }
    }
}

impl From<Severity> for u8 {
    fn from(severity: Severity) -> Self {
        severity.0
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
