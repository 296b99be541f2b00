//! The dialect seam: everything in which SQLite and PostgreSQL differ. Each of the two files has
//! the same items; queries elsewhere are written once, in the subset both understand.

mod postgres;
mod sqlite;

use crate::error::{Error, Result};

/// Which database is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// Told from the URL's scheme.
    pub(crate) fn of_url(url: &str) -> Result<Self> {
        match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => Ok(Self::Sqlite),
            Some("postgres" | "postgresql") => Ok(Self::Postgres),
            _ => Err(Error::Url),
        }
    }

    /// The URL with what the driver has to be told: SQLite is to make the file.
    pub(crate) fn complete_url(self, url: &str) -> String {
        match self {
            Self::Sqlite if !url.contains("mode=") => {
                let separator = if url.contains('?') { '&' } else { '?' };
                format!("{url}{separator}mode=rwc")
            }
            Self::Sqlite | Self::Postgres => url.to_owned(),
        }
    }

    /// How a transaction that will write begins.
    pub(crate) fn begin(self) -> &'static str {
        match self {
            Self::Sqlite => sqlite::BEGIN,
            Self::Postgres => postgres::BEGIN,
        }
    }

    /// The type of a key that the database counts up.
    pub(crate) fn counted_key(self) -> &'static str {
        match self {
            Self::Sqlite => sqlite::COUNTED_KEY,
            Self::Postgres => postgres::COUNTED_KEY,
        }
    }

    /// Whether a partial index alone answers for what its condition says.
    pub(crate) fn trusts_partial_indexes(self) -> bool {
        match self {
            Self::Sqlite => sqlite::TRUSTS_PARTIAL_INDEXES,
            Self::Postgres => postgres::TRUSTS_PARTIAL_INDEXES,
        }
    }

    /// What every new connection is told.
    pub(crate) fn session(self) -> &'static [&'static str] {
        match self {
            Self::Sqlite => sqlite::SESSION,
            Self::Postgres => postgres::SESSION,
        }
    }

    /// Taken as the first thing in the transaction of the migrations, so that two programs
    /// started at once do not both migrate.
    pub(crate) fn lock_migrations(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => sqlite::LOCK_MIGRATIONS,
            Self::Postgres => postgres::LOCK_MIGRATIONS,
        }
    }

    /// Reads the subscription row and keeps others from changing it until the transaction ends.
    pub(crate) fn lock_subscription(self) -> &'static str {
        match self {
            Self::Sqlite => sqlite::LOCK_SUBSCRIPTION,
            Self::Postgres => postgres::LOCK_SUBSCRIPTION,
        }
    }

    /// Reads the status of the scan with this id (`$1`), and locks it likewise.
    pub(crate) fn lock_scan(self) -> &'static str {
        match self {
            Self::Sqlite => sqlite::LOCK_SCAN,
            Self::Postgres => postgres::LOCK_SCAN,
        }
    }

    /// Reads the slice with this id (`$1`), and locks it likewise.
    pub(crate) fn lock_slice(self) -> &'static str {
        match self {
            Self::Sqlite => sqlite::LOCK_SLICE,
            Self::Postgres => postgres::LOCK_SLICE,
        }
    }

    /// Ends a query, so that others cannot change its rows until the transaction ends.
    pub(crate) fn lock_rows(self) -> &'static str {
        match self {
            Self::Sqlite => sqlite::LOCK_ROWS,
            Self::Postgres => postgres::LOCK_ROWS,
        }
    }

    /// The next slice to hand out, locked, passing over those that others are just taking.
    pub(crate) fn next_slice(self) -> &'static str {
        match self {
            Self::Sqlite => sqlite::NEXT_SLICE,
            Self::Postgres => postgres::NEXT_SLICE,
        }
    }
}
