//! Why content cannot be loaded.

use std::path::PathBuf;

/// Why a KnowledgeBase could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A folder or file of a content folder cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// A file is larger than a vulnerability can reasonably be, or there are too many files.
    #[error("{name} is beyond the limits of a content folder")]
    TooLarge { name: String },
    /// A file is not TOML, lacks a key or has an unknown one.
    #[error("{name} does not have the form of a vulnerability")]
    Form {
        name: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A value is out of its range.
    #[error("{name}: {problem}")]
    Value { name: String, problem: String },
    /// An expression does not compile.
    #[error("{name}: `{key}` is not an expression: {problem}")]
    Expression { name: String, key: &'static str, problem: String },
    /// Two files claim the same QID.
    #[error("{name}: QID {qid} is taken by another file")]
    Duplicate { name: String, qid: u32 },
}
