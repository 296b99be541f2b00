//! Starting scheduled tasks when their time has come, and seeing to the end of what they started.
//!
//! - A start is taken and its scan, or its maps, written in one transaction: however often servers die and
//!   however many share a database, each start is made once.
//! - A start that nobody made in time is made when a server is back, once for all that were missed
//!   meanwhile. The title of the scan, the activity log and the mail to the owner say so.
//! - When as many scans run as may, a start waits for its turn; so do those of maps, apart.
//! - A task runs as its owner. When the owner may not use the service any more, the task is
//!   switched off; when the owner may not do this scan (an asset group was taken away, an option
//!   profile is gone), this start is left out and the next one tried. Both are in the activity log,
//!   and mailed.
//! - A task does not wait for the end of what it started the last time.
//!
//! What happens between is in `task_course`.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};

use palisade_model::{AssetGroupTitle, Login, ScanStatus, Timestamp};
use palisade_store::{RunCourse, RunRef, RunStopped, Started, Task, TaskKind, TaskRun, TaskStart};

use crate::activity::ActivityEntry;
use crate::actor::Actor;
use crate::app::App;
use crate::authentication::LoginRefused;
use crate::error::{Error, Result};
use crate::scheduled_task::{described, launch_of, map_launch_of};
use crate::task_course::{course_from, paragraph};

/// Tasks started, and runs closed, at one look; the next look follows at once.
pub(crate) const LOOK_MAX: u32 = 100;
/// From how late on a start counts as missed, in seconds.
const MISSED_S: i64 = 60;
/// Most missed starts that are counted.
const PASSED_OVER_MAX: usize = 1_000;
pub(crate) const SUBJECT: &str = "Palisade scheduled task";

/// What a look came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// Nothing is left to be done now.
    Done,
    /// There may be more.
    More,
}

impl Look {
    /// After so many were found.
    pub(crate) const fn of(found: usize) -> Self {
        if found >= LOOK_MAX as usize { Self::More } else { Self::Done }
    }
}

/// What became of one start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    Over,
    /// It has to wait for the end of other scans or maps.
    Waiting,
}

impl App {
    /// Starts tasks at their times until `wait` says no. `wait` is told when there is something to
    /// do again, as far as it is known now, and ends then or earlier: other servers on the database
    /// change what there is to do.
    pub async fn run_scheduler<W, F>(&self, mut wait: W)
    where
        W: FnMut(Option<Timestamp>) -> F,
        F: Future<Output = bool>,
    {
        loop {
            let next = match self.look_after_tasks().await {
                Ok(next) => next,
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::error!(error, "scheduled tasks cannot be looked after");
                    None
                }
            };
            if !wait(next).await {
                return;
            }
        }
    }

    /// Does all that is due, and tells when there is something to do again. When nothing is due that is
    /// one query.
    async fn look_after_tasks(&self) -> Result<Option<Timestamp>> {
        let upcoming = self.store().upcoming().await?;
        let now = self.clock().now();
        let is_due = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
        if !upcoming.has_ended && !is_due(upcoming.next()) {
            return Ok(upcoming.next());
        }
        if upcoming.has_ended || is_due(upcoming.end_at) {
            while self.close_runs().await? == Look::More {}
        }
        if is_due(upcoming.turn_at) {
            while self.take_due_turns().await? == Look::More {}
        }
        if is_due(upcoming.notice_at) {
            while self.tell_of_starts().await? == Look::More {}
        }
        if is_due(upcoming.start_at) {
            let mut kinds = TaskKind::ALL.to_vec();
            while !kinds.is_empty() && self.start_due_tasks(&mut kinds).await? == Look::More {}
        }
        Ok(self.store().upcoming().await?.next())
    }

    /// Starts what is due of the `kinds`, and takes those out of them that have to wait for their turn.
    async fn start_due_tasks(&self, kinds: &mut Vec<TaskKind>) -> Result<Look> {
        let due = self.store().list_due_tasks(kinds, self.clock().now(), LOOK_MAX).await?;
        for task in &due {
            let Some(due_at) = task.next_launch_at else { continue };
            let kind = task.order.kind;
            if kinds.contains(&kind) && self.start_task(task, due_at).await? == Start::Waiting {
                kinds.retain(|each| *each != kind);
            }
        }
        Ok(Look::of(due.len()))
    }

    async fn start_task(&self, task: &Task, due_at: Timestamp) -> Result<Start> {
        let now = self.clock().now();
        let Task { id: task_id, ref order, ref owner, starts, .. } = *task;
        // A clock that was set back must not make a start come again.
        let next = order.schedule.next_after(now.max(due_at));
        let last = order.schedule.recurrence.is_some_and(|most| starts + 1 >= u64::from(most.get()));
        let left_out = TaskStart { task_id, due_at, next_launch_at: next };
        let owner = match self.act_for(owner).await? {
            Ok(owner) => owner,
            Err(refused) => return self.switch_off(task, due_at, &refused).await,
        };
        let missed = now.as_second() - due_at.as_second() >= MISSED_S;
        let title = if missed { missed_title(&order.title, due_at) } else { order.title.clone() };
        let course = course_from(now, &order.schedule, order.notifications.as_ref());
        let start = TaskStart { next_launch_at: next.filter(|_| !last), ..left_out };
        let missed = missed.then(|| (due_at, passed_over(task, due_at, now)));
        match self.launch_order(&owner, task, start, title, course, missed).await {
            Err(error @ (Error::Store(_) | Error::Conflict)) => return Err(error),
            Err(refusal) => return self.leave_out(task, left_out, &refusal.to_string()).await,
            Ok(Started::TooMany) => return Ok(Start::Waiting),
            Ok(Started::Gone) => return Ok(Start::Over),
            Ok(Started::Queued(())) => self.announce_change(),
        }
        Ok(Start::Over)
    }

    /// Checks what a task orders as its owner's own launch would be, and launches it.
    async fn launch_order(
        &self,
        owner: &Actor,
        task: &Task,
        start: TaskStart,
        title: String,
        course: RunCourse<'_>,
        missed: Option<(Timestamp, usize)>,
    ) -> Result<Started<()>> {
        let told =
            |references: &[RunRef]| self.written_down(start_entry(owner, task, &shown(references), missed));
        let order = &task.order;
        let groups = task.asset_groups.iter().map(AssetGroupTitle::to_string).collect();
        match order.kind {
            TaskKind::Scan => {
                let new = self.prepare_scan(owner, launch_of(order, groups, title)).await?;
                let started = self.store().launch_task(start, &order.title, &new, course, told).await?;
                Ok(started.map(|_| ()))
            }
            TaskKind::Map => {
                let new = self.prepare_maps(owner, map_launch_of(order, groups, title)).await?;
                let started = self.store().launch_map_task(start, &order.title, &new, course, told).await?;
                Ok(started.map(|_| ()))
            }
            TaskKind::Report => {
                // One that asks for nothing was never made.
                let report = order.report.as_ref().ok_or(Error::UnknownReportSchedule)?;
                let told = |report: String| start_entry(owner, task, &report, missed);
                self.start_report(owner, report, start, title, told).await
            }
        }
    }

    /// Leaves a start out; the task goes on.
    async fn leave_out(&self, task: &Task, start: TaskStart, reason: &str) -> Result<Start> {
        if self.store().skip_start(start).await? {
            self.refused(task, start.due_at, "launch", reason, "The next start will be tried.").await?;
        }
        Ok(Start::Over)
    }

    /// Switches off a task whose owner may not use the service.
    async fn switch_off(&self, task: &Task, due_at: Timestamp, refused: &LoginRefused) -> Result<Start> {
        let off = TaskStart { task_id: task.id, due_at, next_launch_at: None };
        if self.store().skip_start(off).await? {
            self.refused(task, due_at, "deactivate", &refused.to_string(), "The task is deactivated.")
                .await?;
        }
        Ok(Start::Over)
    }

    /// Tells of a start that was not made.
    async fn refused(
        &self,
        task: &Task,
        due_at: Timestamp,
        action: &str,
        reason: &str,
        then: &str,
    ) -> Result<()> {
        let title = &task.order.title;
        let details = format!("{}, due {}: {reason}", described(task.id, title), told(due_at));
        self.record_for(&task.owner, action, details, true).await?;
        let text = format!(
            "The scheduled task {} \"{title}\" was due to start on {} and did not: {reason}.\n{then}\n",
            task.id,
            told(due_at)
        );
        self.tell(&task.owner, &[], &text).await;
        Ok(())
    }

    /// Sees to what has ended, and ends what runs too long.
    async fn close_runs(&self) -> Result<Look> {
        let now = self.clock().now();
        let runs = self.store().list_runs_to_close(now, LOOK_MAX).await?;
        for run in &runs {
            let ended = run.status.is_none_or(ScanStatus::is_ended);
            if !ended {
                self.stop_run(run, now).await?;
            } else if self.store().close_run(run).await?
                && let Some(status) = run.status
            {
                let groups = run.notifications.as_ref().filter(|notified| notified.after.is_some());
                let groups = groups.map_or(&[][..], |notified| &notified.groups);
                self.tell(&run.owner, groups, &ended_text(run, status)).await;
            }
        }
        Ok(Look::of(runs.len()))
    }

    async fn stop_run(&self, run: &TaskRun, now: Timestamp) -> Result<()> {
        let RunStopped::Stopped { deactivated } = self.store().stop_run(run, now).await? else {
            return Ok(());
        };
        self.announce_change();
        let off = if deactivated { " and the task deactivated" } else { "" };
        let details = format!(
            "{}, {}: not finished in time, cancelled{off}",
            run.reference,
            described(run.task_id, &run.title)
        );
        self.record_for(&run.owner, "end_after", details, false).await?;
        let text = format!(
            "What the scheduled task {} \"{}\" started on {} has not finished in the time it has. \
             {} was cancelled{off}.\n",
            run.task_id,
            run.title,
            told(run.launched_at),
            run.reference
        );
        self.tell(&run.owner, &[], &text).await;
        Ok(())
    }

    pub(crate) async fn record_for(
        &self,
        owner: &Login,
        action: &str,
        details: String,
        refused: bool,
    ) -> Result<()> {
        self.record(ActivityEntry {
            login: Some(owner.to_string()),
            from: IpAddr::V4(Ipv4Addr::LOCALHOST),
            module: "schedule".to_owned(),
            action: action.to_owned(),
            details,
            refused,
        })
        .await
    }
}

/// What the activity log says of a start: its due time and how many later ones it stands for, when it was
/// missed.
fn start_entry(
    owner: &Actor,
    task: &Task,
    started: &str,
    missed: Option<(Timestamp, usize)>,
) -> ActivityEntry {
    let launched = format!("{started}, {}", described(task.id, &task.order.title));
    let (action, details) = match missed {
        None => ("launch", launched),
        Some((due_at, passed_over)) => (
            "launch_missed",
            format!("{launched}: missed start of {}, {passed_over} later ones are passed over", told(due_at)),
        ),
    };
    ActivityEntry {
        login: Some(owner.login.to_string()),
        from: owner.from,
        module: "schedule".to_owned(),
        action: action.to_owned(),
        details,
        refused: false,
    }
}

/// What was started, in a line: the first, and how many more.
fn shown(references: &[RunRef]) -> String {
    match references {
        [] => String::new(),
        [only] => only.to_string(),
        [first, more @ ..] => format!("{first} and {} more", more.len()),
    }
}

fn missed_title(title: &str, due_at: Timestamp) -> String {
    format!("{title} (missed start of {})", told(due_at))
}

/// A point in time for people.
pub(crate) fn told(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M GMT").to_string()
}

fn ended_text(run: &TaskRun, status: ScanStatus) -> String {
    let missed = run.launched_at.as_second() - run.due_at.as_second() >= MISSED_S;
    let late =
        if missed { format!(" It was due on {} and missed.", told(run.due_at)) } else { String::new() };
    let message = run.notifications.as_ref().and_then(|notified| notified.after.as_deref());
    format!(
        "What the scheduled task {} \"{}\" started on {} has ended.{late}\n\nReference: {}\nStatus: {status}\n{}",
        run.task_id,
        run.title,
        told(run.launched_at),
        run.reference,
        paragraph(message.unwrap_or_default())
    )
}

/// Starts after the one at `due_at` that were missed too.
fn passed_over(task: &Task, due_at: Timestamp, now: Timestamp) -> usize {
    let next = |after: &Timestamp| task.order.schedule.next_after(*after);
    let starts = std::iter::successors(next(&due_at), next);
    starts.take(PASSED_OVER_MAX).take_while(|start| *start <= now).count()
}
