//! Why the store could not do its work. "Not found" is not among it: that is an `Option`.

/// Shorthand for the results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the store could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something with this name is there already, or somebody else changed the same rows at the
    /// same moment.
    #[error("the change conflicts with what is stored")]
    Conflict,
    /// What is stored contradicts itself or our vocabulary.
    #[error("table {table}, column {column}, row {row} holds what cannot be")]
    Inconsistent { table: &'static str, column: &'static str, row: String },
    /// A statement changed another number of rows than it must.
    #[error("{actual} rows were changed where {expected} had to be")]
    RowsAffected { expected: u64, actual: u64 },
    /// The database was last used by a newer release.
    #[error("the database has schema version {database}, this program knows versions up to {program}")]
    Newer { database: i64, program: i64 },
    /// The URL names no database of a kind we know. It is not shown: it may hold a password.
    #[error("the database URL is neither sqlite: nor postgres:")]
    Url,
    /// The subscription would be cut into more pieces than it may have.
    #[error("more than {max} address ranges")]
    TooManyRanges { max: usize },
    /// The database could not be reached or refused a statement.
    #[error("the database failed")]
    Driver(#[source] sqlx::Error),
    /// The document folder could not be read or written.
    #[error("the document folder failed")]
    Document(#[source] object_store::Error),
    /// A document could not be written as JSON.
    #[error("a document could not be written as JSON")]
    Json(#[source] serde_json::Error),
    /// The folder for the database or the documents could not be made, or one within it not deleted.
    #[error("the data folder could not be changed")]
    Folder(#[source] std::io::Error),
}

impl Error {
    /// For statements that refer to rows looked up before: one that was deleted since is a
    /// conflict.
    pub(crate) fn gone_is_conflict(error: sqlx::Error) -> Self {
        let gone =
            error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_foreign_key_violation);
        if gone { Self::Conflict } else { error.into() }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let conflict = error.as_database_error().is_some_and(|database| {
            // PostgreSQL: serialization failure and deadlock.
            database.is_unique_violation()
                || database.code().is_some_and(|code| matches!(code.as_ref(), "40001" | "40P01"))
        });
        if conflict { Self::Conflict } else { Self::Driver(error) }
    }
}

impl From<object_store::Error> for Error {
    fn from(error: object_store::Error) -> Self {
        Self::Document(error)
    }
}
