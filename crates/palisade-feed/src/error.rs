//! Why a feed cannot be read or fetched.

use palisade_model::FeedKind;

/// Why a feed could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file broke off or could not be read.
    #[error("cannot read the feed")]
    Read(#[source] std::io::Error),
    /// It is not JSON, or has not the form of its kind.
    #[error("the feed does not have the form of {kind}")]
    Form {
        kind: FeedKind,
        #[source]
        source: serde_json::Error,
    },
    /// A line of a CSV file is wrong.
    #[error("line {line} of the feed {problem}")]
    Line { line: u64, problem: &'static str },
    /// The file, or one record of it, is larger than anything its kind has.
    #[error("the feed is beyond its limit of {what}")]
    TooLarge { what: &'static str },
    /// The file says how many records it has, and has another number of them.
    #[error("the feed says it has {said} records and has {had}")]
    Count { said: u64, had: u64 },
    /// The contents are of no kind that we know.
    #[error("this is no feed we know: expecting NVD JSON 2.0, KEV JSON, EPSS CSV or OSV JSON")]
    UnknownKind,
    /// The contents are of another kind than was wanted.
    #[error("expecting {wanted}, this is {found}")]
    OtherKind { wanted: FeedKind, found: FeedKind },
    /// The archive is damaged or of a sort that we do not read.
    #[error("the archive {problem}")]
    Archive { problem: &'static str },
    /// Whoever took the records wanted no more.
    #[error("the import was stopped")]
    Stopped,
}
