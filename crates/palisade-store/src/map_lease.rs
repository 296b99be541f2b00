//! Who works on a map. A map is leased whole: one whose scanner fell silent begins anew, but not
//! for ever.

use palisade_model::{IpSet, MapResult, ScanStatus, Timestamp};
use sqlx::any::AnyRow;

use crate::error::Result;
use crate::map::{Map, columns, end_map, read_map};
use crate::row::{Read, integer, json_text, number_of};
use crate::slice::{Holding, Progress, SLICE_ATTEMPTS_MAX, SLICE_RESTARTS_MAX};
use crate::store::{Store, Write};

/// Whose lease is meant: the map and the token of the holding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MapHolding<'a> {
    pub map_id: i64,
    pub token: &'a str,
}

/// Where a held map stands.
struct Held {
    status: ScanStatus,
    attempts: u64,
}

impl Store {
    /// Hands the next map to `worker`: the oldest that nobody holds and whose request has no earlier
    /// one left. `None` when there is nothing to do.
    pub async fn lease_map(
        &self,
        worker: &str,
        token: &str,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Option<Map>> {
        // Without a write, because idle scanners ask often.
        if sqlx::query(NEXT_MAP).fetch_optional(self.pool()).await?.is_none() {
            return Ok(None);
        }
        let mut write = self.write().await?;
        sqlx::query(self.dialect().lock_subscription()).fetch_one(write.connection()).await?;
        let row = sqlx::query(NEXT_MAP).fetch_optional(write.connection()).await?;
        let Some(row) = row else { return Ok(None) };
        let id = Read::new("map", &row).number("id")?;
        sqlx::query(
            "UPDATE map SET status = 'RUNNING', started_at = COALESCE(started_at, $2),
                    scanner = COALESCE(scanner, $3), worker = $3, token = $4, expires_at = $5 WHERE id = $1",
        )
        .bind(id)
        .bind(now.as_microsecond())
        .bind(worker.to_owned())
        .bind(token.to_owned())
        .bind(expires_at.as_microsecond())
        .execute(write.connection())
        .await?;
        let row = sqlx::query(concat!("SELECT ", columns!(), " FROM map WHERE id = $1"))
            .bind(id)
            .fetch_one(write.connection())
            .await?;
        let map = read_map(&row)?;
        write.commit().await?;
        Ok(Some(map))
    }

    /// Keeps a lease until `expires_at` and notes how far the map is.
    pub async fn renew_map(
        &self,
        holding: MapHolding<'_>,
        progress: Progress,
        expires_at: Timestamp,
    ) -> Result<Holding> {
        let mut write = self.write().await?;
        let Some(held) = hold(self, &mut write, holding).await? else { return Ok(Holding::Lost) };
        sqlx::query(
            "UPDATE map SET expires_at = $2, stage = $3, work_done = $4, work_total = $5, hosts = $6
             WHERE id = $1",
        )
        .bind(holding.map_id)
        .bind(expires_at.as_microsecond())
        .bind(progress.stage)
        .bind(integer(progress.work_done.min(progress.work_total)))
        .bind(integer(progress.work_total))
        .bind(integer(progress.findings))
        .execute(write.connection())
        .await?;
        write.commit().await?;
        Ok(held.holding())
    }

    /// Takes in what a map came to and ends it: canceled when that was asked for, without live
    /// hosts when there are none. The hosts in `subscription` are the approved ones.
    pub async fn complete_map(
        &self,
        holding: MapHolding<'_>,
        result: &MapResult,
        subscription: &IpSet,
        now: Timestamp,
    ) -> Result<Holding> {
        let mut write = self.write().await?;
        let Some(held) = hold(self, &mut write, holding).await? else { return Ok(Holding::Lost) };
        for host in &result.hosts {
            sqlx::query(
                "INSERT INTO map_host (map_id, ip, approved, host) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (map_id, ip) DO NOTHING",
            )
            .bind(holding.map_id)
            .bind(number_of(host.address))
            .bind(i64::from(subscription.contains(host.address)))
            .bind(json_text(host)?)
            .execute(write.connection())
            .await?;
        }
        sqlx::query(
            "UPDATE map SET hosts = $2, name_servers = $3, notes = $4, work_done = work_total WHERE id = $1",
        )
        .bind(holding.map_id)
        .bind(i64::try_from(result.hosts.len()).unwrap_or(i64::MAX))
        .bind(json_text(&result.name_servers)?)
        .bind(json_text(&result.notes)?)
        .execute(write.connection())
        .await?;
        let status = match held.status {
            ScanStatus::Cancelling => ScanStatus::Canceled,
            _ if result.hosts.is_empty() => ScanStatus::NoHostAlive,
            _ => ScanStatus::Finished,
        };
        end_map(&mut write, holding.map_id, status, None, now).await?;
        write.commit().await?;
        Ok(held.holding())
    }

    /// The scanner could not do the map; it begins anew, or ends in an error.
    pub async fn fail_map(&self, holding: MapHolding<'_>, reason: &str, now: Timestamp) -> Result<Holding> {
        let mut write = self.write().await?;
        let Some(held) = hold(self, &mut write, holding).await? else { return Ok(Holding::Lost) };
        let over = held.attempts + 1 >= SLICE_ATTEMPTS_MAX;
        let_go(&mut write, holding.map_id, held.status, over.then_some(reason), now).await?;
        sqlx::query("UPDATE map SET attempts = attempts + 1 WHERE id = $1")
            .bind(holding.map_id)
            .execute(write.connection())
            .await?;
        write.commit().await?;
        Ok(held.holding())
    }

    /// Takes back the maps whose leases have expired; gives how many.
    pub async fn take_back_expired_maps(&self, now: Timestamp) -> Result<u64> {
        let expired = sqlx::query("SELECT id FROM map WHERE token IS NOT NULL AND expires_at <= $1")
            .bind(now.as_microsecond())
            .fetch_optional(self.pool())
            .await?;
        if expired.is_none() {
            return Ok(0);
        }
        let mut write = self.write().await?;
        sqlx::query(self.dialect().lock_subscription()).fetch_one(write.connection()).await?;
        let rows = sqlx::query(
            "SELECT id, status, attempts FROM map WHERE token IS NOT NULL AND expires_at <= $1 ORDER BY id",
        )
        .bind(now.as_microsecond())
        .fetch_all(write.connection())
        .await?;
        for row in &rows {
            let over = Read::new("map", row).count("attempts")? + 1 >= SLICE_ATTEMPTS_MAX;
            take_back(&mut write, row, "attempts", over, now).await?;
        }
        write.commit().await?;
        Ok(u64::try_from(rows.len()).unwrap_or(u64::MAX))
    }

    /// Takes back everything `worker` holds: its process is new and knows of none; gives how many.
    pub async fn take_back_maps_from(&self, worker: &str, now: Timestamp) -> Result<u64> {
        let mut write = self.write().await?;
        sqlx::query(self.dialect().lock_subscription()).fetch_one(write.connection()).await?;
        let rows = sqlx::query(
            "SELECT id, status, restarts FROM map WHERE token IS NOT NULL AND worker = $1 ORDER BY id",
        )
        .bind(worker.to_owned())
        .fetch_all(write.connection())
        .await?;
        for row in &rows {
            let over = Read::new("map", row).count("restarts")? + 1 >= SLICE_RESTARTS_MAX;
            take_back(&mut write, row, "restarts", over, now).await?;
        }
        write.commit().await?;
        Ok(u64::try_from(rows.len()).unwrap_or(u64::MAX))
    }
}

const NEXT_MAP: &str = "SELECT id FROM map WHERE status IN ('QUEUED', 'RUNNING') AND token IS NULL
     AND NOT EXISTS (SELECT 1 FROM map AS earlier WHERE earlier.request = map.request
                     AND earlier.id < map.id AND earlier.status IN ('QUEUED', 'RUNNING', 'CANCELLING'))
     ORDER BY id LIMIT 1";

impl Held {
    const fn holding(&self) -> Holding {
        if matches!(self.status, ScanStatus::Cancelling) { Holding::Cancelled } else { Holding::Held }
    }
}

/// Checks that a lease stands; `None` when it is lost. All changes of held maps are made under the
/// lock of the subscription.
async fn hold(store: &Store, write: &mut Write, holding: MapHolding<'_>) -> Result<Option<Held>> {
    sqlx::query(store.dialect().lock_subscription()).fetch_one(write.connection()).await?;
    let row = sqlx::query("SELECT id, status, attempts FROM map WHERE id = $1 AND token = $2")
        .bind(holding.map_id)
        .bind(holding.token.to_owned())
        .fetch_optional(write.connection())
        .await?;
    row.map(|row| {
        let read = Read::new("map", &row);
        Ok(Held { status: read.word("status")?, attempts: read.count("attempts")? })
    })
    .transpose()
}

/// Takes one map back and counts that in `column`; when it is `over`, the map ends in an error.
async fn take_back(
    write: &mut Write,
    row: &AnyRow,
    column: &'static str,
    over: bool,
    now: Timestamp,
) -> Result<()> {
    let read = Read::new("map", row);
    let id = read.number("id")?;
    let reason = over.then_some("the map came back undone too often");
    let_go(write, id, read.word("status")?, reason, now).await?;
    let count = match column {
        "restarts" => "UPDATE map SET restarts = restarts + 1 WHERE id = $1",
        _ => "UPDATE map SET attempts = attempts + 1 WHERE id = $1",
    };
    sqlx::query(count).bind(id).execute(write.connection()).await?;
    Ok(())
}

/// Nobody holds the map any more: it waits again, or is over.
async fn let_go(
    write: &mut Write,
    map_id: i64,
    status: ScanStatus,
    error: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    match (status, error) {
        (ScanStatus::Cancelling, _) => end_map(write, map_id, ScanStatus::Canceled, None, now).await,
        (_, Some(reason)) => end_map(write, map_id, ScanStatus::Error, Some(reason), now).await,
        (_, None) => {
            sqlx::query("UPDATE map SET token = NULL, expires_at = NULL, stage = NULL WHERE id = $1")
                .bind(map_id)
                .execute(write.connection())
                .await?;
            Ok(())
        }
    }
}
