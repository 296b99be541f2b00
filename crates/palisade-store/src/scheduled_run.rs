//! What scheduled tasks start, each start once, and the end of what was started.
//!
//! A start is taken and its scan, or its maps, written in one transaction: a server that is killed
//! has done both or neither, and of two servers one does it. Rows are locked in the order
//! subscription, task, scan or map, run: what ends notes it in its run. Of a start that makes several maps, each has its own run.

use std::fmt;
use std::str::FromStr;

use palisade_model::{Login, MapRef, Notifications, ScanRef, ScanStatus, Timestamp};
use sqlx::any::AnyRow;

use crate::activity::{Activity, add_activity_within};
use crate::error::Result;
use crate::map::{NewMaps, cancel_map_within, launch_maps_within};
use crate::row::{Read, json_text};
use crate::scan::{Launched, NewScan, launch_within, take_launch_number};
use crate::scan_status::{Cancelled, cancel_within};
use crate::scheduled_course::{RunCourse, has_turns};
use crate::scheduled_task::{NotAWordOfTasks, TaskStart, deactivate, take_start};
use crate::store::{Store, Write};

/// What became of a start; `References` name what was launched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Started<References> {
    Queued(References),
    /// As many as may be are queued and running; the start can still be taken.
    TooMany,
    /// Another server has taken the start, or the task was switched off or dropped.
    Gone,
}

impl<References> Started<References> {
    /// The same with the references in another shape.
    pub fn map<Other>(self, shape: impl FnOnce(References) -> Other) -> Started<Other> {
        match self {
            Self::Queued(references) => Started::Queued(shape(references)),
            Self::TooMany => Started::TooMany,
            Self::Gone => Started::Gone,
        }
    }
}

/// What a task started.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RunRef {
    Scan(ScanRef),
    Map(MapRef),
}

impl fmt::Display for RunRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scan(scan) => scan.fmt(f),
            Self::Map(map) => map.fmt(f),
        }
    }
}

impl FromStr for RunRef {
    type Err = NotAWordOfTasks;

    fn from_str(text: &str) -> Result<Self, NotAWordOfTasks> {
        match text.parse() {
            Ok(scan) => Ok(Self::Scan(scan)),
            Err(_) => text.parse().map(Self::Map).map_err(|_| NotAWordOfTasks),
        }
    }
}

/// Something a task started, whose end has to be seen to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskRun {
    pub id: i64,
    pub task_id: i64,
    /// Of the task, when it started.
    pub title: String,
    /// Of the task, when it started.
    pub owner: Login,
    pub due_at: Timestamp,
    pub launched_at: Timestamp,
    pub reference: RunRef,
    /// When it is cancelled if it has not ended.
    pub end_at: Option<Timestamp>,
    /// Of the task, when it started.
    pub notifications: Option<Notifications>,
    /// Of the scan or map; `None` when it was deleted.
    pub status: Option<ScanStatus>,
}

/// What scheduled tasks need next, and when; `None` where nothing is to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Upcoming {
    /// A task starts.
    pub start_at: Option<Timestamp>,
    /// Somebody is told of a start.
    pub notice_at: Option<Timestamp>,
    /// A run is paused or resumed.
    pub turn_at: Option<Timestamp>,
    /// A run is stopped if it has not ended.
    pub end_at: Option<Timestamp>,
    /// Whether a run has ended and nobody has seen to that.
    pub has_ended: bool,
}

impl Upcoming {
    /// The earliest of the times.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        let Self { start_at, notice_at, turn_at, end_at, has_ended: _ } = *self;
        [start_at, notice_at, turn_at, end_at].into_iter().flatten().min()
    }
}

/// What became of something that ran too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunStopped {
    /// It is or will be cancelled; whether its task was switched off by this.
    Stopped { deactivated: bool },
    /// It had ended by itself, or somebody else has seen to it.
    Over,
}

impl Store {
    /// Takes a start and launches its scan, titled as `new` says; the run is of the task's `title`. What
    /// `told` makes of the references goes into the activity log with it.
    pub async fn launch_task(
        &self,
        start: TaskStart,
        title: &str,
        new: &NewScan,
        course: RunCourse<'_>,
        told: impl FnOnce(&[RunRef]) -> Activity,
    ) -> Result<Started<ScanRef>> {
        let mut write = self.write().await?;
        // Before the task, as all lock them.
        let number = take_launch_number(&mut write).await?;
        if !take_start(&mut write, start, true).await? {
            return Ok(Started::Gone);
        }
        let reference = match launch_within(&mut write, Some(number), new).await? {
            Launched::Queued(reference) => reference,
            Launched::TooMany => return Ok(Started::TooMany),
        };
        let run = NewRun { start, title, owner: &new.login, launched_at: new.launched_at, course };
        let started = RunRef::Scan(reference.clone());
        add_run(&mut write, run, &started).await?;
        add_activity_within(&mut write, &told(&[started])).await?;
        write.commit().await?;
        Ok(Started::Queued(reference))
    }

    /// Takes a start and launches its maps, titled as `new` says; the runs are of the task's `title`.
    /// Gives their references in the order of `new`. What `told` makes of them goes into the activity
    /// log with it.
    pub async fn launch_map_task(
        &self,
        start: TaskStart,
        title: &str,
        new: &NewMaps,
        course: RunCourse<'_>,
        told: impl FnOnce(&[RunRef]) -> Activity,
    ) -> Result<Started<Vec<MapRef>>> {
        let mut write = self.write().await?;
        sqlx::query(self.dialect().lock_subscription()).fetch_one(write.connection()).await?;
        if !take_start(&mut write, start, true).await? {
            return Ok(Started::Gone);
        }
        let Some(references) = launch_maps_within(self, &mut write, new).await? else {
            return Ok(Started::TooMany);
        };
        let run = NewRun { start, title, owner: &new.login, launched_at: new.launched_at, course };
        let started: Vec<RunRef> = references.iter().cloned().map(RunRef::Map).collect();
        for reference in &started {
            add_run(&mut write, run, reference).await?;
        }
        add_activity_within(&mut write, &told(&started)).await?;
        write.commit().await?;
        Ok(Started::Queued(references))
    }

    /// Takes a start without launching anything; `false` when it is gone.
    pub async fn skip_start(&self, start: TaskStart) -> Result<bool> {
        let mut write = self.write().await?;
        let taken = take_start(&mut write, start, false).await?;
        write.commit().await?;
        Ok(taken)
    }

    /// When what scheduled tasks need is due next. Of runs only those are looked at that have something
    /// to come.
    pub async fn upcoming(&self) -> Result<Upcoming> {
        let row = sqlx::query(concat!(
            "SELECT id, (SELECT MIN(next_launch_at) FROM scheduled_task) AS start_at,
                    (SELECT MIN(next_launch_at - notify_before_us) FROM scheduled_task
                     WHERE notify_before_us IS NOT NULL
                     AND (announced_at IS NULL OR announced_at <> next_launch_at)) AS notice_at,
                    (SELECT MIN(end_at) FROM scheduled_run WHERE open = 1) AS end_at,
                    (SELECT MIN(pause_at) FROM scheduled_run WHERE ",
            has_turns!(),
            ") AS pause_at, (SELECT MIN(resume_at) FROM scheduled_run WHERE ",
            has_turns!(),
            ") AS resume_at,
                    (SELECT COUNT(*) FROM (SELECT id FROM scheduled_run WHERE open = 2 LIMIT 1) AS ended) AS ended
             FROM subscription"
        ))
        .fetch_one(self.pool())
        .await?;
        let read = Read::new("scheduled_task", &row);
        let turns = [read.optional_time("pause_at")?, read.optional_time("resume_at")?];
        Ok(Upcoming {
            start_at: read.optional_time("start_at")?,
            notice_at: read.optional_time("notice_at")?,
            turn_at: turns.into_iter().flatten().min(),
            end_at: read.optional_time("end_at")?,
            has_ended: read.yes("ended")?,
        })
    }

    /// Open runs that have ended or run too long at `now`; at most `limit`, oldest first.
    pub async fn list_runs_to_close(&self, now: Timestamp, limit: u32) -> Result<Vec<TaskRun>> {
        let rows = sqlx::query(
            "SELECT scheduled_run.id, task_id, scheduled_run.title, owner, due_at, scheduled_run.launched_at,
                    scheduled_run.reference, end_at, scheduled_run.notifications, COALESCE(scan.status, map.status) AS status
             FROM scheduled_run LEFT JOIN scan ON scan.reference = scheduled_run.reference
             LEFT JOIN map ON map.reference = scheduled_run.reference
             WHERE open = 2 OR (open = 1 AND end_at <= $1)
             ORDER BY scheduled_run.id LIMIT $2 + 0",
        )
        .bind(now.as_microsecond())
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(read_run).collect()
    }

    /// Notes that the end of a run was seen to; `false` when somebody else has.
    pub async fn close_run(&self, run: &TaskRun) -> Result<bool> {
        let mut write = self.write().await?;
        let closed = close(&mut write, run.id).await?;
        write.commit().await?;
        Ok(closed)
    }

    /// Cancels what runs too long and switches its task off, all or nothing.
    pub async fn stop_run(&self, run: &TaskRun, now: Timestamp) -> Result<RunStopped> {
        let mut write = self.write().await?;
        sqlx::query(self.dialect().lock_subscription()).fetch_one(write.connection()).await?;
        let deactivated = deactivate(&mut write, run.task_id).await?;
        let found = match &run.reference {
            RunRef::Scan(_) => "SELECT id FROM scan WHERE reference = $1",
            RunRef::Map(_) => "SELECT id FROM map WHERE reference = $1",
        };
        let row =
            sqlx::query(found).bind(run.reference.to_string()).fetch_optional(write.connection()).await?;
        let id = row.map(|row| Read::new("scheduled_run", &row).number("id")).transpose()?;
        let cancelled = match (id, &run.reference) {
            (Some(scan), RunRef::Scan(_)) => cancel_within(self, &mut write, scan, now).await?,
            (Some(map), RunRef::Map(_)) => cancel_map_within(self, &mut write, map, now).await?,
            (None, _) => Cancelled::EndedBefore,
        };
        if cancelled == Cancelled::EndedBefore {
            // It is found ended at the next look, and closed as such.
            return Ok(RunStopped::Over);
        }
        if !close(&mut write, run.id).await? {
            return Ok(RunStopped::Over);
        }
        write.commit().await?;
        Ok(RunStopped::Stopped { deactivated })
    }
}

/// What the runs of one start have in common.
#[derive(Debug, Clone, Copy)]
struct NewRun<'a> {
    start: TaskStart,
    /// Of the task.
    title: &'a str,
    owner: &'a Login,
    launched_at: Timestamp,
    course: RunCourse<'a>,
}

async fn add_run(write: &mut Write, run: NewRun<'_>, reference: &RunRef) -> Result<()> {
    let NewRun { start, title, owner, launched_at, course } = run;
    let RunCourse { end_at, pause_at, resume_at, notifications } = course;
    sqlx::query(
        "INSERT INTO scheduled_run (task_id, title, owner, due_at, launched_at, reference, end_at, open,
                                    pause_at, resume_at, notifications)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $9, $10)",
    )
    .bind(start.task_id)
    .bind(title.to_owned())
    .bind(owner.to_string())
    .bind(start.due_at.as_microsecond())
    .bind(launched_at.as_microsecond())
    .bind(reference.to_string())
    .bind(end_at.map(Timestamp::as_microsecond))
    .bind(pause_at.map(Timestamp::as_microsecond))
    .bind(resume_at.map(Timestamp::as_microsecond))
    .bind(notifications.map(json_text).transpose()?)
    .execute(write.connection())
    .await?;
    Ok(())
}

async fn close(write: &mut Write, run: i64) -> Result<bool> {
    let closed = sqlx::query("UPDATE scheduled_run SET open = 0 WHERE id = $1 AND open <> 0")
        .bind(run)
        .execute(write.connection())
        .await?;
    Ok(closed.rows_affected() > 0)
}

/// Notes the end of a scan in the run that started it, if one did.
pub(crate) async fn note_scan_end(write: &mut Write, scan_id: i64) -> Result<()> {
    sqlx::query(
        "UPDATE scheduled_run SET open = 2
         WHERE open = 1 AND reference = (SELECT reference FROM scan WHERE id = $1)",
    )
    .bind(scan_id)
    .execute(write.connection())
    .await?;
    Ok(())
}

/// The same for a map, and for the others of its request that have ended with it.
pub(crate) async fn note_map_ends(write: &mut Write, map_id: i64) -> Result<()> {
    sqlx::query(
        "UPDATE scheduled_run SET open = 2 WHERE open = 1 AND reference IN
             (SELECT reference FROM map WHERE request = (SELECT request FROM map WHERE id = $1)
              AND status NOT IN ('QUEUED', 'RUNNING', 'CANCELLING'))",
    )
    .bind(map_id)
    .execute(write.connection())
    .await?;
    Ok(())
}

fn read_run(row: &AnyRow) -> Result<TaskRun> {
    let read = Read::new("scheduled_run", row);
    Ok(TaskRun {
        id: read.number("id")?,
        task_id: read.number("task_id")?,
        title: read.text("title")?,
        owner: read.word("owner")?,
        due_at: read.time("due_at")?,
        launched_at: read.time("launched_at")?,
        reference: read.word("reference")?,
        end_at: read.optional_time("end_at")?,
        notifications: read.optional_json("notifications")?,
        status: read.optional_word("status")?,
    })
}
