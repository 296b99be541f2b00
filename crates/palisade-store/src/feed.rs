//! Taking in lists of vulnerabilities that others publish: an import is staged in batches, seen by
//! nobody, and becomes what is known in one transaction. One that is broken off leaves everything
//! as it was; its rows go when a later import begins.

use palisade_model::cve::{ExploitScore, KnownExploited};
use palisade_model::osv::PackageAdvisory;
use palisade_model::{Cve, FeedKind, Timestamp};
use sqlx::AssertSqlSafe;

use crate::detection::storable;
use crate::error::{Error, Result};
use crate::feed_rows;
use crate::row::{Read, integer};
use crate::store::{Store, Write, expect_rows};

/// Seconds after which a silent import counts as broken off.
pub const IMPORT_KEPT_S: i64 = 3_600;

/// Tables of a feed, and the column that names a record: the main one first.
const fn tables(feed: FeedKind) -> &'static [(&'static str, &'static str)] {
    match feed {
        FeedKind::Nvd => &[("cve", "number"), ("cve_product", "cve")],
        FeedKind::Kev => &[("known_exploited", "cve")],
        FeedKind::Epss => &[("exploit_score", "cve")],
        FeedKind::Osv => &[("advisory", "name"), ("advisory_package", "advisory")],
    }
}

/// An import on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedImport {
    pub(crate) id: i64,
    feed: FeedKind,
}

/// What is known of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedState {
    pub feed: FeedKind,
    /// `None` when it was never imported.
    pub imported_at: Option<Timestamp>,
    /// What the last file said of its own age.
    pub released: Option<String>,
    /// Records that are known.
    pub records: u64,
}

/// What an import came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// Records that are new or replace older ones.
    pub taken: u64,
    /// Records that are known, all together.
    pub records: u64,
}

impl Store {
    /// Begins an import, and clears away those that were broken off.
    pub async fn begin_feed_import(&self, feed: FeedKind, now: Timestamp) -> Result<FeedImport> {
        let mut write = self.write().await?;
        let silent_since = now.as_microsecond().saturating_sub(IMPORT_KEPT_S * 1_000_000);
        let rows = sqlx::query("SELECT id, feed FROM feed_import WHERE touched_at < $1")
            .bind(silent_since)
            .fetch_all(write.connection())
            .await?;
        for row in &rows {
            let read = Read::new("feed_import", row);
            remove(&mut write, FeedImport { id: read.number("id")?, feed: read.word("feed")? }).await?;
        }
        let row = sqlx::query(
            "INSERT INTO feed_import (feed, started_at, touched_at) VALUES ($1, $2, $2) RETURNING id",
        )
        .bind(feed.as_str())
        .bind(now.as_microsecond())
        .fetch_one(write.connection())
        .await?;
        let id = Read::new("feed_import", &row).number("id")?;
        write.commit().await?;
        Ok(FeedImport { id, feed })
    }

    /// Stages CVE records. Of several with one number the first counts.
    pub async fn stage_cves(&self, import: FeedImport, cves: &[Cve], now: Timestamp) -> Result<()> {
        let mut write = self.staging(import, now).await?;
        feed_rows::insert_cves(&mut write, import.id, cves).await?;
        write.commit().await
    }

    /// Stages entries of the catalogue of known exploited vulnerabilities.
    pub async fn stage_known_exploited(
        &self,
        import: FeedImport,
        entries: &[KnownExploited],
        now: Timestamp,
    ) -> Result<()> {
        let mut write = self.staging(import, now).await?;
        feed_rows::insert_known_exploited(&mut write, import.id, entries).await?;
        write.commit().await
    }

    /// Stages exploit prediction scores.
    pub async fn stage_exploit_scores(
        &self,
        import: FeedImport,
        scores: &[ExploitScore],
        now: Timestamp,
    ) -> Result<()> {
        let mut write = self.staging(import, now).await?;
        feed_rows::insert_exploit_scores(&mut write, import.id, scores).await?;
        write.commit().await
    }

    /// Stages advisories about packages.
    pub async fn stage_advisories(
        &self,
        import: FeedImport,
        advisories: &[PackageAdvisory],
        now: Timestamp,
    ) -> Result<()> {
        let mut write = self.staging(import, now).await?;
        feed_rows::insert_advisories(&mut write, import.id, advisories).await?;
        write.commit().await
    }

    /// Makes what was staged known. Of a list that is always whole, what is not in it any more goes;
    /// of the others, records are replaced by newer ones of the same name.
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`] when the import was silent for so long that another cleared it away.
    pub async fn finish_feed_import(
        &self,
        import: FeedImport,
        released: Option<&str>,
        now: Timestamp,
    ) -> Result<Imported> {
        let FeedImport { id, feed } = import;
        let mut write = self.write().await?;
        let lock = format!("SELECT feed FROM feed WHERE feed = $1{}", self.dialect().lock_rows());
        sqlx::query(AssertSqlSafe(lock)).bind(feed.as_str()).fetch_one(write.connection()).await?;
        let gone =
            sqlx::query("DELETE FROM feed_import WHERE id = $1").bind(id).execute(write.connection()).await?;
        if gone.rows_affected() != 1 {
            return Err(Error::Conflict);
        }
        let [(main, key), parts @ ..] = tables(feed) else { return Err(Error::Conflict) };
        if feed.is_whole() {
            execute(&mut write, format!("DELETE FROM {main} WHERE import_id = 0"), None).await?;
        } else {
            drop_older(&mut write, id, main, key, parts).await?;
            // The parts first: they are found by the staged records, as the records themselves are.
            for (table, column) in parts.iter().chain([&(*main, *key)]) {
                let replaced = format!(
                    "DELETE FROM {table} WHERE import_id = 0
                     AND {column} IN (SELECT {key} FROM {main} WHERE import_id = $1)"
                );
                execute(&mut write, replaced, Some(id)).await?;
            }
        }
        let mut taken = 0;
        for (table, _) in parts.iter().chain([&(*main, *key)]) {
            let shown = format!("UPDATE {table} SET import_id = 0 WHERE import_id = $1");
            taken = execute(&mut write, shown, Some(id)).await?;
        }
        let records = note(&mut write, feed, main, released, now).await?;
        count_revision(&mut write).await?;
        write.commit().await?;
        Ok(Imported { taken, records })
    }

    /// Gives an import up; what was staged goes.
    pub async fn abandon_feed_import(&self, import: FeedImport) -> Result<()> {
        let mut write = self.write().await?;
        remove(&mut write, import).await?;
        write.commit().await
    }

    /// All feeds.
    pub async fn list_feeds(&self) -> Result<Vec<FeedState>> {
        let rows = sqlx::query("SELECT feed, imported_at, released, records FROM feed ORDER BY feed")
            .fetch_all(self.pool())
            .await?;
        let state = |row| {
            let read = Read::new("feed", row);
            Ok(FeedState {
                feed: read.word("feed")?,
                imported_at: read.optional_time("imported_at")?,
                released: read.optional_text("released")?,
                records: read.count("records")?,
            })
        };
        rows.iter().map(state).collect()
    }

    /// Grows with everything that changes what is known of a CVE.
    pub async fn feed_revision(&self) -> Result<i64> {
        let row =
            sqlx::query("SELECT id, revision FROM feed_revision WHERE id = 1").fetch_one(self.pool()).await?;
        Read::new("feed_revision", &row).number("revision")
    }

    /// A transaction of an import that is still there.
    async fn staging(&self, import: FeedImport, now: Timestamp) -> Result<Write> {
        let mut write = self.write().await?;
        let touched = sqlx::query("UPDATE feed_import SET touched_at = $2 WHERE id = $1")
            .bind(import.id)
            .bind(now.as_microsecond())
            .execute(write.connection())
            .await?;
        if touched.rows_affected() == 1 { Ok(write) } else { Err(Error::Conflict) }
    }
}

/// Staged records that are older than what is known, and parts of records that are not staged.
async fn drop_older(write: &mut Write, id: i64, main: &str, key: &str, parts: &[(&str, &str)]) -> Result<()> {
    let older = format!(
        "DELETE FROM {main} WHERE import_id = $1 AND EXISTS (
             SELECT 1 FROM {main} AS known WHERE known.import_id = 0 AND known.{key} = {main}.{key}
             AND known.modified_at > {main}.modified_at)"
    );
    if execute(write, older, Some(id)).await? == 0 {
        return Ok(());
    }
    for (table, column) in parts {
        let orphans = format!(
            "DELETE FROM {table} WHERE import_id = $1
             AND {column} NOT IN (SELECT {key} FROM {main} WHERE import_id = $1)"
        );
        execute(write, orphans, Some(id)).await?;
    }
    Ok(())
}

/// Notes what is known now, and says how many records that are.
async fn note(
    write: &mut Write,
    feed: FeedKind,
    main: &str,
    released: Option<&str>,
    now: Timestamp,
) -> Result<u64> {
    let count = format!("SELECT COUNT(*) AS records FROM {main} WHERE import_id = 0");
    let row = sqlx::query(AssertSqlSafe(count)).fetch_one(write.connection()).await?;
    let records = Read::new("feed", &row).count("records")?;
    let done = sqlx::query("UPDATE feed SET imported_at = $2, released = $3, records = $4 WHERE feed = $1")
        .bind(feed.as_str())
        .bind(now.as_microsecond())
        .bind(released.map(storable))
        .bind(integer(records))
        .execute(write.connection())
        .await?;
    expect_rows(1, done.rows_affected())?;
    Ok(records)
}

/// What is known of CVEs has changed.
pub(crate) async fn count_revision(write: &mut Write) -> Result<()> {
    sqlx::query("UPDATE feed_revision SET revision = revision + 1 WHERE id = 1")
        .execute(write.connection())
        .await?;
    Ok(())
}

async fn remove(write: &mut Write, import: FeedImport) -> Result<()> {
    for (table, _) in tables(import.feed) {
        execute(write, format!("DELETE FROM {table} WHERE import_id = $1"), Some(import.id)).await?;
    }
    execute(write, "DELETE FROM feed_import WHERE id = $1".to_owned(), Some(import.id)).await?;
    Ok(())
}

/// Runs a statement made of our own words; gives the number of its rows.
async fn execute(write: &mut Write, statement: String, import: Option<i64>) -> Result<u64> {
    let query = sqlx::query(AssertSqlSafe(statement));
    let query = match import {
        Some(id) => query.bind(id),
        None => query,
    };
    Ok(query.execute(write.connection()).await?.rows_affected())
}
