//! Slices of scans, and the leases scanners hold them by.
//!
//! A slice is `queued`, `leased`, `done` or `dropped` (its scan ended before it did). A lease is
//! a token and a time: whoever has the token has the slice until the time has passed *and*
//! somebody noticed. A slice that comes back undone is queued again, but not for ever: without a
//! single host delivered in between, its scan ends in an error.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use palisade_model::{IpSet, ScanStatus, Timestamp};
use sqlx::any::AnyRow;

use crate::business_unit::assigned_within;
use crate::error::Result;
use crate::intake::delivered;
use crate::partial_host::{PartialHostRow, partial_hosts};
use crate::row::{Read, integer};
use crate::scan::{Scan, open_statuses, scan_by_id};
use crate::scan_status::{end_scan, lock_scan, set_status, settle};
use crate::store::{Store, Write, expect_rows};
use crate::subscription::ips_within;

/// Times a slice may come back undone because its scanner fell silent or failed.
pub const SLICE_ATTEMPTS_MAX: u64 = 5;

/// Times a slice may come back because its scanner's process was replaced. More, because a
/// restart says little about the slice; bounded, because a slice that brings the process down
/// must not do so for ever.
pub const SLICE_RESTARTS_MAX: u64 = 300;

/// Whether a lease still stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holding {
    Held,
    /// It stands, and its scan is being cancelled.
    Cancelled,
    /// It stands, and its scan is being paused.
    Paused,
    /// The slice is somebody else's, or the scan is over.
    Lost,
}

/// A slice handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeasedSlice {
    pub slice_id: i64,
    pub scan: Scan,
    /// The slice's hosts, as far as they are still in the subscription and, for a scan of assigned
    /// addresses only, still assigned to its user.
    pub targets: IpSet,
    /// Those of them whose results were taken in under earlier leases.
    pub delivered: Vec<Ipv4Addr>,
    /// What was kept of others of them when the scan was paused.
    pub partial: Vec<PartialHostRow>,
}

/// How far a slice or a scan has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Position among the stages of a scan, the earliest 0; `None` when nobody is at work.
    pub stage: Option<i64>,
    pub work_done: u64,
    pub work_total: u64,
    /// Findings on hosts not taken in yet.
    pub findings: u64,
}

/// The columns of a [`Progress`], added up.
macro_rules! progress {
    () => {
        "COALESCE(CAST(SUM(hosts) AS BIGINT), 0) * 1000 AS work_total,
         COALESCE(CAST(SUM(CASE
             WHEN state IN ('done', 'dropped') THEN hosts * 1000
             WHEN work_total > 0 THEN hosts * 1000 * work_done / work_total
             ELSE 0 END) AS BIGINT), 0) AS work_done,
         COALESCE(CAST(SUM(findings) AS BIGINT), 0) AS findings,
         MIN(CASE WHEN state = 'leased' THEN stage END) AS stage"
    };
}
/// A lease being renewed.
#[derive(Debug, Clone, Copy)]
struct Renewal {
    expires_at: Timestamp,
    progress: Progress,
}

/// A slice whose row is locked and whose lease stands.
pub(crate) struct Held {
    pub(crate) scan_id: i64,
    pub(crate) targets: IpSet,
    /// Never [`Holding::Lost`].
    pub(crate) holding: Holding,
    slice: SliceRow,
}

/// Why a slice comes back undone.
#[derive(Debug, Clone, Copy)]
enum Return<'a> {
    /// Its scanner fell silent.
    Expired,
    /// Its scanner's process is another now.
    Restarted,
    /// Its scanner said so.
    Failed { reason: &'a str },
    /// Its scan is being paused; so many of its hosts were delivered.
    Paused { delivered: u64 },
}

impl Store {
    /// Hands the next slice to `worker`. `None` when there is nothing to do.
    pub async fn lease_slice(
        &self,
        worker: &str,
        token: &str,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Option<LeasedSlice>> {
        // Without a write, because idle scanners ask often.
        let waiting = sqlx::query(
            "SELECT slice.id FROM slice JOIN scan ON scan.id = slice.scan_id
             WHERE slice.state = 'queued' AND scan.status IN ('QUEUED', 'RUNNING', 'RESUMING') LIMIT 1",
        );
        if waiting.fetch_optional(self.pool()).await?.is_none() {
            return Ok(None);
        }
        loop {
            let mut write = self.write().await?;
            let row = sqlx::query(self.dialect().next_slice()).fetch_optional(write.connection()).await?;
            let Some(slice) = row.as_ref().map(read_slice).transpose()? else {
                return Ok(None);
            };
            let targets = still_permitted(&mut write, &slice).await?;
            if targets != slice.targets {
                narrow(&mut write, &slice, &targets).await?;
            }
            if targets.is_empty() {
                end_slice(&mut write, slice.id, "done").await?;
                settle(self, &mut write, slice.scan_id, now).await?;
                write.commit().await?;
                continue;
            }
            if !start_scan(self, &mut write, slice.scan_id, worker, now).await? {
                continue;
            }
            sqlx::query(
                "UPDATE slice SET state = 'leased', worker = $2, token = $3, expires_at = $4 WHERE id = $1",
            )
            .bind(slice.id)
            .bind(worker.to_owned())
            .bind(token.to_owned())
            .bind(expires_at.as_microsecond())
            .execute(write.connection())
            .await?;
            let delivered = delivered(&mut write, slice.scan_id, &targets).await?;
            let mut partial = partial_hosts(&mut write, slice.id).await?;
            partial.retain(|host| targets.contains(host.address) && !delivered.contains(&host.address));
            let scan = scan_by_id(&mut write, slice.scan_id).await?;
            write.commit().await?;
            return Ok(Some(LeasedSlice { slice_id: slice.id, scan, targets, delivered, partial }));
        }
    }

    /// Whether the lease stands, at this moment.
    pub async fn slice_holding(&self, slice_id: i64, token: &str) -> Result<Holding> {
        let row = sqlx::query(
            "SELECT slice.id, scan.status FROM slice JOIN scan ON scan.id = slice.scan_id
             WHERE slice.id = $1 AND slice.state = 'leased' AND slice.token = $2",
        )
        .bind(slice_id)
        .bind(token.to_owned())
        .fetch_optional(self.pool())
        .await?;
        let Some(row) = row else { return Ok(Holding::Lost) };
        Ok(holding(Read::new("scan", &row).word("status")?))
    }

    /// Keeps a lease until `expires_at` and notes how far the slice is.
    pub async fn renew_slice(
        &self,
        slice_id: i64,
        token: &str,
        progress: Progress,
        expires_at: Timestamp,
    ) -> Result<Holding> {
        let mut write = self.write().await?;
        let Some(held) = hold(self, &mut write, slice_id, token).await? else {
            return Ok(Holding::Lost);
        };
        note_progress(&mut write, slice_id, Renewal { expires_at, progress }).await?;
        write.commit().await?;
        Ok(held.holding)
    }

    /// The slice is done, or its scan was cancelled or paused. A slice of which hosts are missing
    /// counts as failed otherwise, so that no scan ends without them.
    pub async fn complete_slice(&self, slice_id: i64, token: &str, now: Timestamp) -> Result<Holding> {
        let mut write = self.write().await?;
        let Some(held) = hold(self, &mut write, slice_id, token).await? else {
            return Ok(Holding::Lost);
        };
        let arrived = delivered(&mut write, held.scan_id, &held.targets).await?.len();
        let arrived = arrived.try_into().unwrap_or(u64::MAX);
        let missing = held.targets.count().saturating_sub(arrived);
        if held.holding == Holding::Cancelled {
            end_slice(&mut write, slice_id, "dropped").await?;
            settle(self, &mut write, held.scan_id, now).await?;
        } else if missing == 0 {
            end_slice(&mut write, slice_id, "done").await?;
            settle(self, &mut write, held.scan_id, now).await?;
        } else if held.holding == Holding::Paused {
            return_slice(self, &mut write, &held.slice, Return::Paused { delivered: arrived }, now).await?;
        } else {
            let reason = format!("a slice came back with {missing} hosts missing");
            return_slice(self, &mut write, &held.slice, Return::Failed { reason: &reason }, now).await?;
        }
        write.commit().await?;
        Ok(held.holding)
    }

    /// The scanner could not do the slice.
    pub async fn fail_slice(
        &self,
        slice_id: i64,
        token: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<Holding> {
        let mut write = self.write().await?;
        let Some(held) = hold(self, &mut write, slice_id, token).await? else {
            return Ok(Holding::Lost);
        };
        return_slice(self, &mut write, &held.slice, Return::Failed { reason }, now).await?;
        write.commit().await?;
        Ok(held.holding)
    }

    /// Takes back the slices whose leases have expired; gives how many.
    pub async fn take_back_expired(&self, now: Timestamp) -> Result<u64> {
        let rows = sqlx::query("SELECT id, token FROM slice WHERE state = 'leased' AND expires_at <= $1")
            .bind(now.as_microsecond())
            .fetch_all(self.pool())
            .await?;
        self.take_back(&rows, Return::Expired, now).await
    }

    /// Takes back everything `worker` holds: its process is new and knows of none; gives how many.
    pub async fn take_back_from(&self, worker: &str, now: Timestamp) -> Result<u64> {
        let rows = sqlx::query("SELECT id, token FROM slice WHERE state = 'leased' AND worker = $1")
            .bind(worker.to_owned())
            .fetch_all(self.pool())
            .await?;
        self.take_back(&rows, Return::Restarted, now).await
    }

    /// Takes back those of the slices that still are as they were when they were read.
    async fn take_back(&self, rows: &[AnyRow], why: Return<'_>, now: Timestamp) -> Result<u64> {
        let mut taken = 0;
        for row in rows {
            let read = Read::new("slice", row);
            let (id, token) = (read.number("id")?, read.optional_text("token")?);
            let mut write = self.write().await?;
            let Some(slice) = lock_slice(self, &mut write, id).await? else { continue };
            let renewed = matches!(why, Return::Expired) && slice.expires_at.is_some_and(|at| at > now);
            if slice.state != "leased" || slice.token != token || renewed {
                continue;
            }
            return_slice(self, &mut write, &slice, why, now).await?;
            write.commit().await?;
            taken += 1;
        }
        Ok(taken)
    }

    /// How far a scan is: work in thousandths of a host, so that hosts and parts of hosts add up.
    pub async fn scan_progress(&self, scan_id: i64) -> Result<Progress> {
        let row = sqlx::query(concat!("SELECT ", progress!(), " FROM slice WHERE scan_id = $1"))
            .bind(scan_id)
            .fetch_one(self.pool())
            .await?;
        read_progress(&Read::new("slice", &row))
    }

    /// The same of all scans that have not ended, by their ids.
    pub async fn list_running_progress(&self) -> Result<HashMap<i64, Progress>> {
        let rows = sqlx::query(concat!(
            "SELECT scan_id, ",
            progress!(),
            " FROM slice WHERE scan_id IN (SELECT id FROM scan WHERE status IN ",
            open_statuses!(),
            ") GROUP BY scan_id"
        ))
        .fetch_all(self.pool())
        .await?;
        rows.iter()
            .map(|row| {
                let read = Read::new("slice", row);
                Ok((read.number("scan_id")?, read_progress(&read)?))
            })
            .collect()
    }
}

fn read_progress(read: &Read<'_>) -> Result<Progress> {
    Ok(Progress {
        stage: read.optional_number("stage")?,
        work_done: read.count("work_done")?,
        work_total: read.count("work_total")?,
        findings: read.count("findings")?,
    })
}

/// A slice as far as leasing needs it.
#[derive(Debug, Clone)]
struct SliceRow {
    id: i64,
    scan_id: i64,
    targets: IpSet,
    state: String,
    token: Option<String>,
    expires_at: Option<Timestamp>,
    attempts: u64,
    restarts: u64,
}

/// Locks the slice and checks that the lease stands; `None` when it is lost.
pub(crate) async fn hold(
    store: &Store,
    write: &mut Write,
    slice_id: i64,
    token: &str,
) -> Result<Option<Held>> {
    let Some(slice) = lock_slice(store, write, slice_id).await? else { return Ok(None) };
    if slice.state != "leased" || slice.token.as_deref() != Some(token) {
        return Ok(None);
    }
    let row = sqlx::query("SELECT id, status FROM scan WHERE id = $1")
        .bind(slice.scan_id)
        .fetch_one(write.connection())
        .await?;
    match holding(Read::new("scan", &row).word("status")?) {
        Holding::Lost => Ok(None),
        holding => Ok(Some(Held { scan_id: slice.scan_id, targets: slice.targets.clone(), holding, slice })),
    }
}

/// What a scan in this status says to whoever holds a slice of it.
fn holding(status: ScanStatus) -> Holding {
    match status {
        ScanStatus::Cancelling => Holding::Cancelled,
        // A paused scan has no slices out; should it have one, that is to come home.
        ScanStatus::Pausing | ScanStatus::Paused => Holding::Paused,
        status if status.is_ended() => Holding::Lost,
        _ => Holding::Held,
    }
}

async fn lock_slice(store: &Store, write: &mut Write, slice_id: i64) -> Result<Option<SliceRow>> {
    let row =
        sqlx::query(store.dialect().lock_slice()).bind(slice_id).fetch_optional(write.connection()).await?;
    row.as_ref().map(read_slice).transpose()
}

/// The targets that are still in the subscription and, where the scan asks for it, still assigned
/// to its user.
async fn still_permitted(write: &mut Write, slice: &SliceRow) -> Result<IpSet> {
    let subscribed = slice.targets.intersection(&ips_within(write).await?);
    let scan = scan_by_id(write, slice.scan_id).await?;
    if scan.assigned_only {
        Ok(subscribed.intersection(&assigned_within(write.connection(), &scan.login).await?))
    } else {
        Ok(subscribed)
    }
}

/// Leaves out the targets that are not permitted any more.
async fn narrow(write: &mut Write, slice: &SliceRow, targets: &IpSet) -> Result<()> {
    let gone = slice.targets.count() - targets.count();
    sqlx::query("UPDATE slice SET targets = $2, hosts = $3 WHERE id = $1")
        .bind(slice.id)
        .bind(targets.to_string())
        .bind(integer(targets.count()))
        .execute(write.connection())
        .await?;
    sqlx::query("UPDATE scan SET hosts_total = hosts_total - $2 WHERE id = $1")
        .bind(slice.scan_id)
        .bind(integer(gone))
        .execute(write.connection())
        .await?;
    Ok(())
}

/// The scan runs from its first slice on; `false` when nothing of it is to be handed out.
async fn start_scan(
    store: &Store,
    write: &mut Write,
    scan_id: i64,
    worker: &str,
    now: Timestamp,
) -> Result<bool> {
    let Some(standing) = lock_scan(store, write, scan_id).await? else { return Ok(false) };
    match standing.status {
        ScanStatus::Running => Ok(true),
        ScanStatus::Queued => {
            set_status(write, standing, ScanStatus::Running).await?;
            sqlx::query("UPDATE scan SET started_at = $2, scanner = $3 WHERE id = $1")
                .bind(scan_id)
                .bind(now.as_microsecond())
                .bind(worker.to_owned())
                .execute(write.connection())
                .await?;
            Ok(true)
        }
        ScanStatus::Resuming => {
            set_status(write, standing, ScanStatus::Running).await?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

async fn note_progress(write: &mut Write, slice_id: i64, renewal: Renewal) -> Result<()> {
    let Renewal { expires_at, progress: Progress { stage, work_done, work_total, findings } } = renewal;
    let done = sqlx::query(
        "UPDATE slice SET expires_at = $2, stage = $3, work_done = $4, work_total = $5, findings = $6
         WHERE id = $1",
    )
    .bind(slice_id)
    .bind(expires_at.as_microsecond())
    .bind(stage)
    // Bounded, so that the sum over a scan cannot overflow whatever a scanner says.
    .bind(integer(work_done.min(work_total).min(WORK_MAX)))
    .bind(integer(work_total.min(WORK_MAX)))
    .bind(integer(findings.min(WORK_MAX)))
    .execute(write.connection())
    .await?;
    expect_rows(1, done.rows_affected())
}

/// Most work units a slice may claim.
const WORK_MAX: u64 = 1_000_000_000;

/// Ends a slice: nothing more is awaited of it.
async fn end_slice(write: &mut Write, slice_id: i64, state: &'static str) -> Result<()> {
    let done = sqlx::query(
        "UPDATE slice SET state = $2, token = NULL, expires_at = NULL, stage = NULL, findings = 0
         WHERE id = $1",
    )
    .bind(slice_id)
    .bind(state)
    .execute(write.connection())
    .await?;
    expect_rows(1, done.rows_affected())
}

/// A leased slice comes back undone: queued again, or dropped because its scan needs it no more,
/// or the last straw for its scan.
async fn return_slice(
    store: &Store,
    write: &mut Write,
    slice: &SliceRow,
    why: Return<'_>,
    now: Timestamp,
) -> Result<()> {
    let (attempts, restarts) = match why {
        Return::Expired | Return::Failed { .. } => (slice.attempts + 1, slice.restarts),
        Return::Restarted => (slice.attempts, slice.restarts + 1),
        Return::Paused { .. } => (slice.attempts, slice.restarts),
    };
    // What was delivered stays done, and shows while the scan is paused.
    let (work_done, work_total) = match why {
        Return::Paused { delivered } => (delivered, slice.targets.count()),
        Return::Expired | Return::Restarted | Return::Failed { .. } => (0, 0),
    };
    let done = sqlx::query(
        "UPDATE slice SET state = 'queued', worker = NULL, token = NULL, expires_at = NULL, stage = NULL,
                          work_done = $4, work_total = $5, findings = 0, attempts = $2, restarts = $3
         WHERE id = $1",
    )
    .bind(slice.id)
    .bind(integer(attempts))
    .bind(integer(restarts))
    .bind(integer(work_done.min(WORK_MAX)))
    .bind(integer(work_total.min(WORK_MAX)))
    .execute(write.connection())
    .await?;
    expect_rows(1, done.rows_affected())?;

    let Some(standing) = lock_scan(store, write, slice.scan_id).await? else { return Ok(()) };
    let given_up = match why {
        Return::Expired | Return::Failed { .. } if attempts >= SLICE_ATTEMPTS_MAX => true,
        Return::Restarted => restarts >= SLICE_RESTARTS_MAX,
        Return::Expired | Return::Failed { .. } | Return::Paused { .. } => false,
    };
    let reason = match why {
        Return::Failed { reason } => reason,
        Return::Restarted => "the scanner was restarted again and again",
        Return::Expired | Return::Paused { .. } => "the scanner fell silent again and again",
    };
    match standing.status {
        status if given_up && (status.is_handed_out() || status == ScanStatus::Pausing) => {
            end_slice(write, slice.id, "dropped").await?;
            end_scan(write, standing, ScanStatus::Error, Some(reason), now).await
        }
        status if status.is_handed_out() => Ok(()),
        ScanStatus::Pausing | ScanStatus::Paused => {
            settle(store, write, slice.scan_id, now).await?;
            Ok(())
        }
        _ => {
            end_slice(write, slice.id, "dropped").await?;
            settle(store, write, slice.scan_id, now).await?;
            Ok(())
        }
    }
}

fn read_slice(row: &AnyRow) -> Result<SliceRow> {
    let read = Read::new("slice", row);
    Ok(SliceRow {
        id: read.number("id")?,
        scan_id: read.number("scan_id")?,
        targets: read.value("targets")?,
        state: read.text("state")?,
        token: read.optional_text("token")?,
        expires_at: read.optional_time("expires_at")?,
        attempts: read.count("attempts")?,
        restarts: read.count("restarts")?,
    })
}
