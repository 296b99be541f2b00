//! The life of a scan.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Where a scan stands. The texts are those of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ScanStatus {
    /// Accepted; no scanner has taken a slice yet.
    Queued,
    /// At least one slice was taken.
    Running,
    /// Asked to stop; slices out with scanners have not all come home.
    Cancelling,
    /// All slices done, at least one host answered.
    Finished,
    /// All slices done, no host answered.
    NoHostAlive,
    /// Stopped on request before all slices were done.
    Canceled,
    /// The scanner could not do its work.
    Error,
}

impl ScanStatus {
    pub const ALL: [Self; 7] = [
        Self::Queued,
        Self::Running,
        Self::Cancelling,
        Self::Finished,
        Self::NoHostAlive,
        Self::Canceled,
        Self::Error,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::Running => "RUNNING",
            Self::Cancelling => "CANCELLING",
            Self::Finished => "FINISHED",
            Self::NoHostAlive => "NOHOSTALIVE",
            Self::Canceled => "CANCELED",
            Self::Error => "ERROR",
        }
    }

    /// Whether nothing more will happen to the scan.
    #[must_use]
    pub const fn is_ended(self) -> bool {
        match self {
            Self::Queued | Self::Running | Self::Cancelling => false,
            Self::Finished | Self::NoHostAlive | Self::Canceled | Self::Error => true,
        }
    }

    /// Whether the scan may go from `self` to `next`. An ended scan stays as it ended.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::Queued => !matches!(next, Self::Queued),
            Self::Running => !matches!(next, Self::Queued | Self::Running),
            Self::Cancelling => matches!(next, Self::Canceled | Self::Error),
            Self::Finished | Self::NoHostAlive | Self::Canceled | Self::Error => false,
        }
    }
}

impl fmt::Display for ScanStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no scan status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a scan status")]
pub struct NotAScanStatus;

impl FromStr for ScanStatus {
    type Err = NotAScanStatus;

    fn from_str(text: &str) -> Result<Self, NotAScanStatus> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or(NotAScanStatus)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_reads_back() {
        for status in ScanStatus::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
        }
    }

    #[test]
    fn an_ended_scan_stays_ended() {
        for status in ScanStatus::ALL.into_iter().filter(|status| status.is_ended()) {
            assert!(ScanStatus::ALL.into_iter().all(|next| !status.may_become(next)), "{status}");
        }
    }
}
