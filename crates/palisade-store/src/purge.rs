//! Purging hosts: everything that is known of them goes. What saved scans found stays in their reports.
//!
//! The hosts are queued in one transaction: it deletes their tickets and takes their addresses from
//! them, so that nobody reads them from then on, and a scan that finds something at such an address
//! begins a host anew. What is left of them, mostly detections, is deleted little by little, in
//! transactions that hold nobody up. The queue are the hosts themselves, so a killed server goes on
//! where it was.

use palisade_model::{Login, Timestamp};
use sqlx::AssertSqlSafe;

use crate::error::Result;
use crate::row::Read;
use crate::statement::{ROWS_PER_STATEMENT, number_list};
use crate::store::{Store, Write};
use crate::ticket_write::lock_hosts;

/// Hosts looked at for one step.
const STEP_HOSTS: i64 = 50;
/// Most detections that one step deletes, or about that.
const STEP_DETECTIONS: u64 = 5_000;

impl Store {
    /// Queues hosts for being purged; gives the ids of those that were there, in order. What happens to
    /// one of them happens to all: this is one transaction.
    pub async fn queue_purge(&self, ids: &[i64], actor: &Login, now: Timestamp) -> Result<Vec<i64>> {
        let mut write = self.write().await?;
        lock_hosts(self, &mut write, &ids.iter().copied().collect()).await?;
        let mut queued = Vec::with_capacity(ids.len());
        for ids in ids.chunks(ROWS_PER_STATEMENT) {
            let list = number_list(ids.iter().copied());
            // Numbers only, here and below.
            let keep = AssertSqlSafe(format!(
                "INSERT INTO deleted_ticket (number, deleted_at, deleted_by)
                 SELECT number, $1, $2 FROM ticket WHERE host_id IN ({list})"
            ));
            sqlx::query(keep)
                .bind(now.as_microsecond())
                .bind(actor.to_string())
                .execute(write.connection())
                .await?;
            let delete = AssertSqlSafe(format!("DELETE FROM ticket WHERE host_id IN ({list})"));
            sqlx::query(delete).execute(write.connection()).await?;
            let hide = AssertSqlSafe(format!(
                "UPDATE host SET ip = -id WHERE id IN ({list}) AND ip >= 0 RETURNING id"
            ));
            for row in sqlx::query(hide).fetch_all(write.connection()).await? {
                queued.push(Read::new("host", &row).number("id")?);
            }
        }
        write.commit().await?;
        queued.sort_unstable();
        Ok(queued)
    }

    /// How many queued hosts are not deleted yet.
    pub async fn count_purging(&self) -> Result<u64> {
        let row =
            sqlx::query("SELECT COUNT(*) AS counted FROM host WHERE ip < 0").fetch_one(self.pool()).await?;
        Read::new("host", &row).count("counted")
    }

    /// Deletes some of what is left of queued hosts; `false` when nothing was.
    pub async fn purge_some(&self) -> Result<bool> {
        let rows = sqlx::query("SELECT id FROM host WHERE ip < 0 ORDER BY ip LIMIT $1 + 0")
            .bind(STEP_HOSTS)
            .fetch_all(self.pool())
            .await?;
        let mut ids = Vec::with_capacity(rows.len());
        for row in &rows {
            ids.push(Read::new("host", row).number("id")?);
        }
        let Some(first) = ids.first().copied() else { return Ok(false) };
        let mut write = self.write().await?;
        let list = number_list(ids);
        if count_detections(&mut write, &list).await? <= STEP_DETECTIONS {
            delete_hosts(&mut write, &list).await?;
        } else if !delete_some_detections(&mut write, first).await? {
            delete_hosts(&mut write, &first.to_string()).await?;
        }
        write.commit().await?;
        Ok(true)
    }
}

async fn count_detections(write: &mut Write, list: &str) -> Result<u64> {
    let statement =
        AssertSqlSafe(format!("SELECT COUNT(*) AS counted FROM detection WHERE host_id IN ({list})"));
    let row = sqlx::query(statement).fetch_one(write.connection()).await?;
    Read::new("detection", &row).count("counted")
}

/// The hosts, and what refers to them.
async fn delete_hosts(write: &mut Write, list: &str) -> Result<()> {
    let statement = AssertSqlSafe(format!("DELETE FROM host WHERE id IN ({list}) AND ip < 0"));
    sqlx::query(statement).execute(write.connection()).await?;
    Ok(())
}

/// The first detections of a host; `false` when it has too few for a step of their own.
async fn delete_some_detections(write: &mut Write, host_id: i64) -> Result<bool> {
    let done = sqlx::query(
        "DELETE FROM detection WHERE host_id = $1 AND (qid, port, transport) <
             (SELECT qid, port, transport FROM detection WHERE host_id = $1
              ORDER BY qid, port, transport LIMIT 1 OFFSET $2)",
    )
    .bind(host_id)
    .bind(i64::try_from(STEP_DETECTIONS).unwrap_or(i64::MAX))
    .execute(write.connection())
    .await?;
    Ok(done.rows_affected() > 0)
}
