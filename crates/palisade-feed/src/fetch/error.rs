//! Why something could not be fetched.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::Error;

/// Why something could not be fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    #[error("{url} cannot be reached")]
    Transport {
        url: String,
        #[source]
        source: Box<ureq::Error>,
    },
    /// The connection ended before everything was there.
    #[error("{url} broke off after {bytes} bytes")]
    Broken { url: String, bytes: u64 },
    #[error("{url} answered with status {status}")]
    Status { url: String, status: u16, retry_after_s: Option<u64> },
    #[error("{url} has more than {max} bytes")]
    TooLarge { url: String, max: u64 },
    /// What came is not what the source says it is.
    #[error("{url} does not have the checksum that its source gives")]
    Checksum { url: String },
    /// A checksum file without a checksum.
    #[error("{url} has no checksum")]
    NoChecksum { url: String },
    /// A page is not the one that was asked for.
    #[error("{url} answered with another page")]
    OtherPage { url: String },
    /// A page that cannot be read.
    #[error("{url} answered with something else than a page")]
    Page {
        url: String,
        #[source]
        source: Error,
    },
    /// Another process fetches into the same folder.
    #[error("{} is used by another Palisade process", path.display())]
    InUse { path: PathBuf },
    #[error("cannot use {}", path.display())]
    Folder {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
}

impl FetchError {
    pub(crate) fn folder(path: &Path, source: std::io::Error) -> Self {
        Self::Folder { path: path.to_owned(), source }
    }

    pub(crate) fn transport(url: &str, source: ureq::Error) -> Self {
        match source {
            ureq::Error::BodyExceedsLimit(max) => Self::TooLarge { url: url.to_owned(), max },
            source => Self::Transport { url: url.to_owned(), source: Box::new(source) },
        }
    }

    /// Whether asking again may help.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Transport { source, .. } => !matches!(
                **source,
                ureq::Error::BadUri(_) | ureq::Error::RequireHttpsOnly(_) | ureq::Error::TooManyRedirects
            ),
            Self::Broken { .. } | Self::Page { .. } | Self::OtherPage { .. } => true,
            // The NVD says 403 to those who ask too often.
            Self::Status { status, .. } => matches!(status, 403 | 408 | 429 | 500..=599),
            Self::InUse { .. }
            | Self::TooLarge { .. }
            | Self::Checksum { .. }
            | Self::NoChecksum { .. }
            | Self::Folder { .. } => false,
        }
    }

    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after_s, .. } => retry_after_s.map(Duration::from_secs),
            _ => None,
        }
    }
}
