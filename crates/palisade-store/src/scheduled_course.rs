//! What happens to what a scheduled task started before it ends: pauses and resumptions, each once; and what
//! is told before a start.
//!
//! A turn is taken and its scan paused or resumed in one transaction. Rows are locked in the order scan, run.

use palisade_model::scan::{NotNow, ScanWish};
use palisade_model::{Login, Notifications, ScanStatus, Timestamp};

use crate::error::Result;
use crate::row::Read;
use crate::scan_status::ask_within;
use crate::store::{Store, Write};

/// When something that is started is cancelled, paused and resumed, unless it has ended; and who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RunCourse<'a> {
    pub end_at: Option<Timestamp>,
    pub pause_at: Option<Timestamp>,
    pub resume_at: Option<Timestamp>,
    pub notifications: Option<&'a Notifications>,
}

/// A run whose scan is to be paused or resumed by now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueTurn {
    pub run_id: i64,
    pub task_id: i64,
    /// Of the task, when it started.
    pub title: String,
    pub owner: Login,
    /// Of the scan.
    pub reference: String,
    pub pause_at: Option<Timestamp>,
    pub resume_at: Option<Timestamp>,
}

/// What became of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turned {
    Paused,
    Resumed,
    /// The scan has to come to something else first.
    Later,
    /// There is nothing to pause or resume any more.
    Over,
    /// Somebody else has taken it.
    Gone,
}

/// A start that somebody is to be told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskNotice {
    pub task_id: i64,
    pub title: String,
    pub owner: Login,
    pub launch_at: Timestamp,
    pub notifications: Notifications,
}

/// Of runs: those that are to be paused or resumed some time. They have an index of their own, because
/// few runs have turns, and many may be open.
macro_rules! has_turns {
    () => {
        "open = 1 AND (pause_at IS NOT NULL OR resume_at IS NOT NULL)"
    };
}
pub(crate) use has_turns;

impl Store {
    /// Open runs whose scans are to be paused or resumed at `now`; at most `limit`, oldest first.
    pub async fn list_due_turns(&self, now: Timestamp, limit: u32) -> Result<Vec<DueTurn>> {
        let rows = sqlx::query(concat!(
            "SELECT id, task_id, title, owner, reference, pause_at, resume_at FROM scheduled_run
             WHERE ",
            has_turns!(),
            " AND (pause_at <= $1 OR resume_at <= $1) ORDER BY id LIMIT $2 + 0"
        ))
        .bind(now.as_microsecond())
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await?;
        rows.iter()
            .map(|row| {
                let read = Read::new("scheduled_run", row);
                Ok(DueTurn {
                    run_id: read.number("id")?,
                    task_id: read.number("task_id")?,
                    title: read.text("title")?,
                    owner: read.word("owner")?,
                    reference: read.text("reference")?,
                    pause_at: read.optional_time("pause_at")?,
                    resume_at: read.optional_time("resume_at")?,
                })
            })
            .collect()
    }

    /// Pauses or resumes the scan of a run, whichever is due; what cannot be done yet is due again at
    /// `retry_at`. A run that was to go on by now is not paused any more.
    pub async fn take_turn(&self, turn: &DueTurn, now: Timestamp, retry_at: Timestamp) -> Result<Turned> {
        let mut write = self.write().await?;
        let row = sqlx::query("SELECT id FROM scan WHERE reference = $1")
            .bind(turn.reference.clone())
            .fetch_optional(write.connection())
            .await?;
        let scan = row.map(|row| Read::new("scan", &row).number("id")).transpose()?;
        let resumes = turn.resume_at.is_some_and(|at| at <= now);
        let wish = if resumes { ScanWish::Resume } else { ScanWish::Pause };
        let asked = match scan {
            Some(scan) => ask_within(self, &mut write, scan, wish, now).await?,
            None => None,
        };
        let (turned, pause_at, resume_at) = match (asked, resumes) {
            (Some(Ok(_)), true) => (Turned::Resumed, None, None),
            (Some(Ok(_)), false) => (Turned::Paused, None, turn.resume_at),
            (Some(Err(NotNow { status: ScanStatus::Pausing })), true) => {
                (Turned::Later, None, Some(retry_at))
            }
            (Some(Err(NotNow { status: ScanStatus::Queued })), false) => {
                (Turned::Later, Some(retry_at), turn.resume_at)
            }
            // Somebody has paused it before.
            (Some(Err(NotNow { status: ScanStatus::Paused })), false) => (Turned::Over, None, turn.resume_at),
            (Some(Err(_)) | None, _) => (Turned::Over, None, None),
        };
        if !note_turn(&mut write, turn, pause_at, resume_at).await? {
            return Ok(Turned::Gone);
        }
        write.commit().await?;
        Ok(turned)
    }

    /// Starts that are to be told of at `now`, the earliest first, at most `limit`.
    pub async fn list_task_notices(&self, now: Timestamp, limit: u32) -> Result<Vec<TaskNotice>> {
        let rows = sqlx::query(
            "SELECT id, title, owner, next_launch_at, notifications FROM scheduled_task
             WHERE next_launch_at - notify_before_us <= $1
             AND (announced_at IS NULL OR announced_at <> next_launch_at)
             ORDER BY next_launch_at, id LIMIT $2 + 0",
        )
        .bind(now.as_microsecond())
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await?;
        rows.iter()
            .map(|row| {
                let read = Read::new("scheduled_task", row);
                Ok(TaskNotice {
                    task_id: read.number("id")?,
                    title: read.text("title")?,
                    owner: read.word("owner")?,
                    launch_at: read.time("next_launch_at")?,
                    notifications: read.optional_json("notifications")?.unwrap_or_default(),
                })
            })
            .collect()
    }

    /// Notes that somebody is being told of a start; `false` when that was noted before, or the start has
    /// changed.
    pub async fn take_task_notice(&self, notice: &TaskNotice) -> Result<bool> {
        let mut write = self.write().await?;
        let done = sqlx::query(
            "UPDATE scheduled_task SET announced_at = $2 WHERE id = $1 AND next_launch_at = $2
             AND (announced_at IS NULL OR announced_at <> $2)",
        )
        .bind(notice.task_id)
        .bind(notice.launch_at.as_microsecond())
        .execute(write.connection())
        .await?;
        write.commit().await?;
        Ok(done.rows_affected() > 0)
    }
}

/// Notes what is still to come of a run, unless somebody else has.
async fn note_turn(
    write: &mut Write,
    turn: &DueTurn,
    pause_at: Option<Timestamp>,
    resume_at: Option<Timestamp>,
) -> Result<bool> {
    let before = |at: Option<Timestamp>| at.map_or(-1, Timestamp::as_microsecond);
    let done = sqlx::query(
        "UPDATE scheduled_run SET pause_at = $2, resume_at = $3
         WHERE id = $1 AND open = 1 AND COALESCE(pause_at, -1) = $4 AND COALESCE(resume_at, -1) = $5",
    )
    .bind(turn.run_id)
    .bind(pause_at.map(Timestamp::as_microsecond))
    .bind(resume_at.map(Timestamp::as_microsecond))
    .bind(before(turn.pause_at))
    .bind(before(turn.resume_at))
    .execute(write.connection())
    .await?;
    Ok(done.rows_affected() > 0)
}
