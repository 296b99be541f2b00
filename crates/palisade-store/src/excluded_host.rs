//! Addresses that no scan and no map may touch, and the history of how they came to be so.

use palisade_model::{IpRange, IpSet, Login, Timestamp};
use sqlx::any::AnyRow;

use crate::error::Result;
use crate::row::{Read, number_of};
use crate::store::{Store, Write};
use crate::subscription::read_interval;

/// Excluded addresses with the same end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExcludedHosts {
    pub range: IpRange,
    /// When they are scanned again; `None` for good.
    pub expires_at: Option<Timestamp>,
}

/// A change of what is excluded, for its history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExclusionChange {
    pub at: Timestamp,
    pub login: Login,
    /// Whether the addresses were added; else they were removed.
    pub added: bool,
    pub ips: IpSet,
    pub comment: Option<String>,
}

/// Most entries of the history; older ones make room.
const HISTORY_MAX: i64 = 100_000;

impl Store {
    /// What is excluded at `now`, by address.
    pub async fn list_excluded_hosts(&self, now: Timestamp) -> Result<Vec<ExcludedHosts>> {
        let rows = sqlx::query(
            "SELECT first_ip, last_ip, expires_at FROM excluded_host
             WHERE expires_at IS NULL OR expires_at > $1 ORDER BY first_ip",
        )
        .bind(now.as_microsecond())
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(read_excluded).collect()
    }

    /// Excludes addresses until `expires_at`; those that were excluded already get the new end. `false`
    /// when there would be more than `ranges_max` ranges.
    pub async fn exclude_hosts(
        &self,
        change: &ExclusionChange,
        expires_at: Option<Timestamp>,
        ranges_max: usize,
    ) -> Result<bool> {
        let mut write = self.write().await?;
        let old = lock_excluded(self, &mut write, change.at).await?;
        let mut wanted = without(&old, &change.ips);
        wanted.extend(change.ips.ranges().iter().map(|range| ExcludedHosts { range: *range, expires_at }));
        if wanted.len() > ranges_max {
            return Ok(false);
        }
        replace(&mut write, &wanted).await?;
        note(&mut write, change).await?;
        write.commit().await?;
        Ok(true)
    }

    /// Takes the addresses of the change from what is excluded; gives those that were.
    pub async fn include_hosts(&self, change: &ExclusionChange) -> Result<IpSet> {
        let mut write = self.write().await?;
        let old = lock_excluded(self, &mut write, change.at).await?;
        let removed = old.iter().map(|part| part.range).collect::<IpSet>().intersection(&change.ips);
        if removed.is_empty() {
            return Ok(removed);
        }
        replace(&mut write, &without(&old, &removed)).await?;
        note(&mut write, &ExclusionChange { ips: removed.clone(), ..change.clone() }).await?;
        write.commit().await?;
        Ok(removed)
    }

    /// Up to `limit` changes with ids from `id_min` to `id_max`, newest first, each with its id.
    pub async fn list_exclusion_changes(
        &self,
        id_min: i64,
        id_max: i64,
        limit: u32,
    ) -> Result<Vec<(i64, ExclusionChange)>> {
        let rows = sqlx::query(
            "SELECT id, at, login, added, ips, comment FROM excluded_host_history
             WHERE id >= $1 AND id <= $2 ORDER BY id DESC LIMIT $3 + 0",
        )
        .bind(id_min)
        .bind(id_max)
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(read_change).collect()
    }
}

/// What is excluded, for a change that nobody else makes meanwhile.
async fn lock_excluded(store: &Store, write: &mut Write, now: Timestamp) -> Result<Vec<ExcludedHosts>> {
    sqlx::query(store.dialect().lock_subscription()).fetch_one(write.connection()).await?;
    let rows = sqlx::query(
        "SELECT first_ip, last_ip, expires_at FROM excluded_host
         WHERE expires_at IS NULL OR expires_at > $1 ORDER BY first_ip",
    )
    .bind(now.as_microsecond())
    .fetch_all(write.connection())
    .await?;
    rows.iter().map(read_excluded).collect()
}

/// The parts that are left when addresses are taken away.
fn without(parts: &[ExcludedHosts], ips: &IpSet) -> Vec<ExcludedHosts> {
    let left = |part: &ExcludedHosts| {
        let part = part.clone();
        let rest = IpSet::from_iter([part.range]).difference(ips);
        rest.ranges().iter().map(|range| ExcludedHosts { range: *range, ..part.clone() }).collect::<Vec<_>>()
    };
    parts.iter().flat_map(left).collect()
}

async fn replace(write: &mut Write, wanted: &[ExcludedHosts]) -> Result<()> {
    sqlx::query("DELETE FROM excluded_host").execute(write.connection()).await?;
    for ExcludedHosts { range, expires_at } in wanted {
        sqlx::query("INSERT INTO excluded_host (first_ip, last_ip, expires_at) VALUES ($1, $2, $3)")
            .bind(number_of(range.first()))
            .bind(number_of(range.last()))
            .bind(expires_at.map(Timestamp::as_microsecond))
            .execute(write.connection())
            .await?;
    }
    Ok(())
}

async fn note(write: &mut Write, change: &ExclusionChange) -> Result<()> {
    let ExclusionChange { at, login, added, ips, comment } = change;
    let row = sqlx::query(
        "INSERT INTO excluded_host_history (at, login, added, ips, comment) VALUES ($1, $2, $3, $4, $5)
         RETURNING id",
    )
    .bind(at.as_microsecond())
    .bind(login.to_string())
    .bind(i64::from(*added))
    .bind(ips.to_string())
    .bind(comment.clone())
    .fetch_one(write.connection())
    .await?;
    let id = Read::new("excluded_host_history", &row).number("id")?;
    sqlx::query("DELETE FROM excluded_host_history WHERE id <= $1")
        .bind(id - HISTORY_MAX)
        .execute(write.connection())
        .await?;
    Ok(())
}

fn read_excluded(row: &AnyRow) -> Result<ExcludedHosts> {
    let read = Read::new("excluded_host", row);
    Ok(ExcludedHosts { range: read_interval(&read)?, expires_at: read.optional_time("expires_at")? })
}

fn read_change(row: &AnyRow) -> Result<(i64, ExclusionChange)> {
    let read = Read::new("excluded_host_history", row);
    let change = ExclusionChange {
        at: read.time("at")?,
        login: read.word("login")?,
        added: read.yes("added")?,
        ips: read.value("ips")?,
        comment: read.optional_text("comment")?,
    };
    Ok((read.number("id")?, change))
}
