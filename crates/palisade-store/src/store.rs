//! Opening a store, and the transactions everything else is written in.

use std::fmt::Write as _;
use std::future::ready;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::{Any, AnyConnection, AnyPool, Connection as _, Executor, Transaction};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::dialect::Dialect;
use crate::document::Documents;
use crate::error::{Error, Result};
use crate::migration;

/// Connections kept at most. SQLite has one writer; the others read.
const CONNECTIONS_MAX: u32 = 8;

/// Longest wait for a connection before an operation fails.
const CONNECTION_TIMEOUT_S: u64 = 30;

/// What is known, in a database and a folder of documents. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pool: AnyPool,
    dialect: Dialect,
    /// SQLite only: writers queue here in order, where the database would make them poll.
    writer: Option<Arc<Mutex<()>>>,
    documents: Documents,
}

impl Store {
    /// The URL of an SQLite database in the file `path`, whatever characters its folders have.
    /// `None` when the path is not UTF-8 or the working folder is unknown.
    #[must_use]
    pub fn sqlite_url(path: &Path) -> Option<String> {
        let absolute = std::path::absolute(path).ok()?;
        let mut url = "sqlite://".to_owned();
        for byte in absolute.to_str()?.bytes() {
            if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
                url.push(char::from(byte));
            } else {
                let _ = write!(url, "%{byte:02X}");
            }
        }
        Some(url)
    }

    /// Opens the database at `url` ([`Store::sqlite_url`] or `postgres://user@host/name`) and the
    /// folder of documents; makes SQLite's file and the folder when they are missing, and brings
    /// the database's schema up to date.
    ///
    /// # Errors
    ///
    /// [`Error::Url`] for another scheme, [`Error::Newer`] when a newer release has been here,
    /// [`Error::Folder`] or [`Error::Driver`] when something cannot be opened.
    pub async fn open(url: &str, documents: &Path) -> Result<Self> {
        sqlx::any::install_default_drivers();
        let dialect = Dialect::of_url(url)?;
        let documents = Documents::open(documents)?;
        let pool = AnyPoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .acquire_timeout(Duration::from_secs(CONNECTION_TIMEOUT_S))
            // Connections are tried when they are given back; only one to a server goes bad meanwhile.
            .test_before_acquire(dialect == Dialect::Postgres)
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    for statement in dialect.session() {
                        connection.execute(*statement).await?;
                    }
                    Ok(())
                })
            })
            // SQLite ends a transaction by itself when the disk is full. The driver does not hear
            // of that, and its connection could never begin another: it is replaced.
            .before_acquire(|connection, _| Box::pin(ready(Ok(!connection.is_in_transaction()))))
            .connect(&dialect.complete_url(url))
            .await?;
        let writer = (dialect == Dialect::Sqlite).then(Arc::default);
        let store = Self { pool, dialect, writer, documents };
        migration::migrate(&store).await?;
        Ok(store)
    }

    /// Closes all connections; what was committed stays.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// For queries that change nothing.
    pub(crate) fn pool(&self) -> &AnyPool {
        &self.pool
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub(crate) fn documents(&self) -> &Documents {
        &self.documents
    }

    /// Begins a transaction that will write. Dropped without a commit, it never was.
    pub(crate) async fn write(&self) -> Result<Write> {
        let turn = match &self.writer {
            Some(writer) => Some(Arc::clone(writer).lock_owned().await),
            None => None,
        };
        let transaction = self.pool.begin_with(self.dialect.begin()).await?;
        Ok(Write { transaction, _turn: turn })
    }
}

/// A transaction that writes, and the turn it has while it does.
pub(crate) struct Write {
    // Declared first, so that the transaction is over before the next writer begins.
    transaction: Transaction<'static, Any>,
    _turn: Option<OwnedMutexGuard<()>>,
}

impl Write {
    pub(crate) fn connection(&mut self) -> &mut AnyConnection {
        &mut self.transaction
    }

    /// Makes the transaction last; when this returns, a killed process loses none of it.
    pub(crate) async fn commit(self) -> Result<()> {
        Ok(self.transaction.commit().await?)
    }
}

/// Checks that a statement changed as many rows as it must.
pub(crate) fn expect_rows(expected: u64, actual: u64) -> Result<()> {
    if expected == actual { Ok(()) } else { Err(Error::RowsAffected { expected, actual }) }
}
