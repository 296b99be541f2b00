//! Where scans stand: what users ask of them, and what they come to when slices come home. The
//! rules are those of [`ScanStatus`]; here they are applied to rows, each under the lock of its scan.

use palisade_model::scan::{NotNow, OpenSlices, ScanWish};
use palisade_model::{ScanStatus, Timestamp};

use crate::error::{Error, Result};
use crate::partial_host::forget_partial_hosts;
use crate::row::Read;
use crate::scheduled_run::note_scan_end;
use crate::store::{Store, Write, expect_rows};

/// What became of a cancellation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    /// The scan is over.
    AtOnce,
    /// It will be, when the slices out with scanners have come home.
    Requested,
    /// It had ended before.
    EndedBefore,
}

impl Store {
    /// Asks a scan to stop. With no slice out it is over at once.
    pub async fn cancel_scan(&self, scan_id: i64, now: Timestamp) -> Result<Cancelled> {
        let mut write = self.write().await?;
        let answer = cancel_within(self, &mut write, scan_id, now).await?;
        write.commit().await?;
        Ok(answer)
    }

    /// Asks a scan to pause. With no slice out it is paused at once; else when the last one has come
    /// home. `None` when there is no such scan, [`NotNow`] when it does not run.
    pub async fn pause_scan(
        &self,
        scan_id: i64,
        now: Timestamp,
    ) -> Result<Option<Result<ScanStatus, NotNow>>> {
        self.ask(scan_id, ScanWish::Pause, now).await
    }

    /// Lets a paused scan go on: its slices are handed out again, without the hosts that were
    /// delivered. `None` when there is no such scan, [`NotNow`] when it is not paused.
    pub async fn resume_scan(
        &self,
        scan_id: i64,
        now: Timestamp,
    ) -> Result<Option<Result<ScanStatus, NotNow>>> {
        self.ask(scan_id, ScanWish::Resume, now).await
    }

    async fn ask(
        &self,
        scan_id: i64,
        wish: ScanWish,
        now: Timestamp,
    ) -> Result<Option<Result<ScanStatus, NotNow>>> {
        let mut write = self.write().await?;
        let Some(asked) = ask_within(self, &mut write, scan_id, wish, now).await? else { return Ok(None) };
        write.commit().await?;
        Ok(Some(asked))
    }
}

/// Asks a scan to stop within a transaction, which is to be committed unless it had ended before.
pub(crate) async fn cancel_within(
    store: &Store,
    write: &mut Write,
    scan_id: i64,
    now: Timestamp,
) -> Result<Cancelled> {
    Ok(match ask_within(store, write, scan_id, ScanWish::Cancel, now).await? {
        None | Some(Err(NotNow { .. })) => Cancelled::EndedBefore,
        Some(Ok(status)) if status.is_ended() => Cancelled::AtOnce,
        Some(Ok(_)) => Cancelled::Requested,
    })
}

/// Asks something of a scan; `None` when there is none.
pub(crate) async fn ask_within(
    store: &Store,
    write: &mut Write,
    scan_id: i64,
    wish: ScanWish,
    now: Timestamp,
) -> Result<Option<Result<ScanStatus, NotNow>>> {
    let Some(standing) = lock_scan(store, write, scan_id).await? else { return Ok(None) };
    let open = open_slices(write, scan_id).await?;
    let asked = standing.status.asked(wish, open.leased);
    if let Ok(next) = asked {
        move_on(write, standing, next, now).await?;
    }
    Ok(Some(asked))
}

/// Where a scan stands, locked until the transaction ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    pub(crate) scan_id: i64,
    pub(crate) status: ScanStatus,
    pub(crate) hosts_alive: u64,
}

pub(crate) async fn lock_scan(store: &Store, write: &mut Write, scan_id: i64) -> Result<Option<Standing>> {
    let row =
        sqlx::query(store.dialect().lock_scan()).bind(scan_id).fetch_optional(write.connection()).await?;
    row.map(|row| {
        let read = Read::new("scan", &row);
        Ok(Standing { scan_id, status: read.word("status")?, hosts_alive: read.count("hosts_alive")? })
    })
    .transpose()
}

async fn open_slices(write: &mut Write, scan_id: i64) -> Result<OpenSlices> {
    let row = sqlx::query(
        "SELECT COALESCE(CAST(SUM(CASE WHEN state = 'queued' THEN 1 ELSE 0 END) AS BIGINT), 0) AS queued,
                COALESCE(CAST(SUM(CASE WHEN state = 'leased' THEN 1 ELSE 0 END) AS BIGINT), 0) AS leased
         FROM slice WHERE scan_id = $1",
    )
    .bind(scan_id)
    .fetch_one(write.connection())
    .await?;
    let read = Read::new("slice", &row);
    Ok(OpenSlices { queued: read.count("queued")?, leased: read.count("leased")? })
}

/// Moves a scan on, as far as its state machine permits.
pub(crate) async fn set_status(write: &mut Write, standing: Standing, next: ScanStatus) -> Result<()> {
    if !standing.status.may_become(next) {
        let row = standing.scan_id.to_string();
        return Err(Error::Inconsistent { table: "scan", column: "status", row });
    }
    let done = sqlx::query("UPDATE scan SET status = $2 WHERE id = $1")
        .bind(standing.scan_id)
        .bind(next.as_str())
        .execute(write.connection())
        .await?;
    expect_rows(1, done.rows_affected())
}

/// Ends a scan.
pub(crate) async fn end_scan(
    write: &mut Write,
    standing: Standing,
    status: ScanStatus,
    reason: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    set_status(write, standing, status).await?;
    note_pause(write, standing, status, now).await?;
    let done = sqlx::query("UPDATE scan SET ended_at = $2, reason = $3 WHERE id = $1")
        .bind(standing.scan_id)
        .bind(now.as_microsecond())
        .bind(reason.map(str::to_owned))
        .execute(write.connection())
        .await?;
    expect_rows(1, done.rows_affected())?;
    forget_partial_hosts(write, standing.scan_id).await?;
    note_scan_end(write, standing.scan_id).await
}

/// Moves a scan to where it goes, unless it is there.
async fn move_on(write: &mut Write, standing: Standing, next: ScanStatus, now: Timestamp) -> Result<()> {
    if next == standing.status {
        return Ok(());
    }
    if next.is_ended() {
        return end_scan(write, standing, next, None, now).await;
    }
    set_status(write, standing, next).await?;
    note_pause(write, standing, next, now).await
}

/// Notes when a pause begins, and how long it was when it is over.
async fn note_pause(write: &mut Write, standing: Standing, next: ScanStatus, now: Timestamp) -> Result<()> {
    let statement = match (standing.status, next) {
        (_, ScanStatus::Paused) => "UPDATE scan SET paused_at = $2 WHERE id = $1",
        // A clock that was set back makes no pause shorter than nothing.
        (ScanStatus::Paused, _) => {
            "UPDATE scan SET paused_us = paused_us
                 + CASE WHEN paused_at < $2 THEN CAST($2 AS BIGINT) - paused_at ELSE 0 END,
                 paused_at = NULL WHERE id = $1"
        }
        _ => return Ok(()),
    };
    let done = sqlx::query(statement)
        .bind(standing.scan_id)
        .bind(now.as_microsecond())
        .execute(write.connection())
        .await?;
    expect_rows(1, done.rows_affected())
}

/// Moves a scan on when a slice has come home: to its end if nothing of it is left to do, to its
/// pause if it is to pause and nobody is at work; gives whether it is over.
pub(crate) async fn settle(store: &Store, write: &mut Write, scan_id: i64, now: Timestamp) -> Result<bool> {
    let Some(standing) = lock_scan(store, write, scan_id).await? else {
        return Ok(true);
    };
    let next = standing.status.settled(open_slices(write, scan_id).await?, standing.hosts_alive);
    move_on(write, standing, next, now).await?;
    Ok(next.is_ended())
}
