//! Scheduled tasks: what is to be started, and when next.
//!
//! Adding a task takes the lock of the subscription, as changes of asset groups do: a group that a
//! task is aimed at is not deleted at the same moment.

use std::fmt;
use std::str::FromStr;

use palisade_model::{
    AssetGroupTitle, BeforeLaunch, IpSet, Login, MapTarget, Notifications, ScanHeader, Schedule,
    ScheduledReport, Timestamp,
};
use sqlx::any::AnyRow;

use crate::error::{Error, Result};
use crate::option_profile::{ProfileUser, note_option_profile_use};
use crate::packed::Unpack;
use crate::row::{Read, integer, json_text};
use crate::store::{Store, Write};

/// The kind of [`ProfileUser`] that scheduled tasks are.
pub const TASK_USER_KIND: &str = "scheduled task";

/// What a task starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TaskKind {
    Scan,
    Map,
    Report,
}

impl TaskKind {
    pub const ALL: [Self; 3] = [Self::Scan, Self::Map, Self::Report];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scan => "scan",
            Self::Map => "map",
            Self::Report => "report",
        }
    }
}

/// Which scanners a task asks for. There is one, so that it only matters when the task is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TaskScanner {
    /// The scanner of the server itself.
    External,
    /// The default scanner of each asset group.
    DefaultOfGroups,
    /// All scanners of each asset group.
    AllOfGroups,
}

impl TaskScanner {
    const ALL: [Self; 3] = [Self::External, Self::DefaultOfGroups, Self::AllOfGroups];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::External => "external",
            Self::DefaultOfGroups => "default_of_groups",
            Self::AllOfGroups => "all_of_groups",
        }
    }
}

/// A text that is not what its column holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a word of scheduled tasks")]
pub struct NotAWordOfTasks;

impl FromStr for TaskKind {
    type Err = NotAWordOfTasks;

    fn from_str(text: &str) -> Result<Self, NotAWordOfTasks> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(NotAWordOfTasks)
    }
}

impl FromStr for TaskScanner {
    type Err = NotAWordOfTasks;

    fn from_str(text: &str) -> Result<Self, NotAWordOfTasks> {
        Self::ALL.into_iter().find(|scanner| scanner.as_str() == text).ok_or(NotAWordOfTasks)
    }
}

impl fmt::Display for TaskKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a task is aimed at, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskOrder {
    pub kind: TaskKind,
    pub title: String,
    /// The targets as they were written; domains for a map.
    pub target_text: String,
    /// The addresses among them; none for a map.
    pub targets: IpSet,
    /// DNS names of hosts among them; none for a map.
    pub names: Vec<String>,
    /// The domains among them; none for a scan.
    pub map_targets: Vec<MapTarget>,
    /// Whether everything within the owner's reach is among the targets.
    pub all_hosts: bool,
    pub excluded: IpSet,
    /// Title that the option profile has now; the default one when `None`. A task that is made names
    /// its profile in [`NewTask::option_profile`].
    pub option: Option<String>,
    pub scanner: TaskScanner,
    /// The value that every web request of its scans carries.
    pub http_header: Option<ScanHeader>,
    pub schedule: Schedule,
    /// What its scans are given: 0 for none, 1 (first) to 9.
    pub priority: u8,
    pub notifications: Option<Notifications>,
    /// Of a task that asks for reports.
    pub report: Option<ScheduledReport>,
}

/// A task to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTask {
    pub order: TaskOrder,
    pub owner: Login,
    /// Ids of the asset groups among its targets.
    pub asset_groups: Vec<i64>,
    /// Id of the option profile; the default one of each start when `None`.
    pub option_profile: Option<i64>,
    pub created_at: Timestamp,
    /// `None` for a task that is not active.
    pub next_launch_at: Option<Timestamp>,
    /// Most tasks of the subscription, this one included.
    pub tasks_max: u32,
}

/// A task as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    pub id: i64,
    pub order: TaskOrder,
    pub owner: Login,
    /// Titles of the asset groups among its targets, sorted.
    pub asset_groups: Vec<AssetGroupTitle>,
    pub active: bool,
    pub created_at: Timestamp,
    pub next_launch_at: Option<Timestamp>,
    /// Starts since it was last activated.
    pub starts: u64,
    /// How often it was changed.
    pub changes: u64,
}

/// What a task is to become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskEdit {
    pub id: i64,
    pub order: TaskOrder,
    /// Ids of the asset groups among its targets.
    pub asset_groups: Vec<i64>,
    /// Id of the option profile; the default one of each start when `None`.
    pub option_profile: Option<i64>,
    /// When it starts next, and that its starts are counted anew; `None` leaves both as they are.
    pub next_launch: Option<Option<Timestamp>>,
    /// How often it had been changed when it was read.
    pub changes: u64,
}

macro_rules! columns {
    () => {
        "id, kind, title, owner, active, target_text, targets, map_targets, all_hosts, excluded, scanner,
         http_header, schedule, created_at, next_launch_at, starts, names, priority, notifications, report,
         changes,
         (SELECT option_profile.title FROM option_profile
          JOIN option_profile_use ON option_profile.id = option_profile_id
          WHERE user_kind = 'scheduled task' AND user_id = scheduled_task.id) AS option_title"
    };
}

impl Store {
    /// Makes a task and gives its id; `None` when there are as many as may be. [`Error::Conflict`]
    /// when one of its asset groups or its option profile is gone.
    pub async fn add_task(&self, new: &NewTask) -> Result<Option<i64>> {
        let NewTask { order, owner, asset_groups, option_profile, created_at, next_launch_at, tasks_max } =
            new;
        let TaskOrder {
            kind,
            title,
            target_text,
            targets,
            map_targets,
            all_hosts,
            excluded,
            option: _,
            scanner,
            http_header,
            schedule,
            names,
            priority,
            notifications,
            report,
        } = order;
        let mut write = self.write().await?;
        sqlx::query(self.dialect().lock_subscription()).fetch_one(write.connection()).await?;
        let row =
            sqlx::query("SELECT COUNT(*) AS tasks FROM scheduled_task").fetch_one(write.connection()).await?;
        if Read::new("scheduled_task", &row).count("tasks")? >= u64::from(*tasks_max) {
            return Ok(None);
        }
        let row = sqlx::query(
            "INSERT INTO scheduled_task (kind, title, owner, active, target_text, targets, map_targets,
                                         all_hosts, excluded, scanner, http_header, schedule, created_at,
                                         next_launch_at, starts, names, priority, notifications,
                                         notify_before_us, report)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0, $15, $16, $17, $18, $19)
             RETURNING id",
        )
        .bind(kind.as_str())
        .bind(title.clone())
        .bind(owner.to_string())
        .bind(i64::from(next_launch_at.is_some()))
        .bind(target_text.clone())
        .bind(targets.to_string())
        .bind(json_text(map_targets)?)
        .bind(i64::from(*all_hosts))
        .bind(excluded.to_string())
        .bind(scanner.as_str())
        .bind(http_header.as_ref().map(ToString::to_string))
        .bind(json_text(schedule)?)
        .bind(created_at.as_microsecond())
        .bind(next_launch_at.map(Timestamp::as_microsecond))
        .bind(json_text(names)?)
        .bind(i64::from(*priority))
        .bind(notifications.as_ref().map(json_text).transpose()?)
        .bind(lead_us(notifications.as_ref()))
        .bind(report.as_ref().map(json_text).transpose()?)
        .fetch_one(write.connection())
        .await?;
        let id = Read::new("scheduled_task", &row).number("id")?;
        for group in asset_groups {
            aim_at(&mut write, id, *group).await?;
        }
        note_option_profile_use(&mut write, &profile_user(id), *option_profile).await?;
        write.commit().await?;
        Ok(Some(id))
    }

    /// All tasks, by id.
    pub async fn list_tasks(&self) -> Result<Vec<Task>> {
        let rows = sqlx::query(concat!("SELECT ", columns!(), " FROM scheduled_task ORDER BY id"))
            .fetch_all(self.pool())
            .await?;
        let groups = sqlx::query(
            "SELECT task_id, title FROM scheduled_task_asset_group
             JOIN asset_group ON asset_group.id = asset_group_id ORDER BY title",
        )
        .fetch_all(self.pool())
        .await?;
        let groups: Vec<(i64, AssetGroupTitle)> = groups.iter().map(read_group).collect::<Result<_>>()?;
        rows.iter().map(|row| read_task(row, &groups)).collect()
    }

    /// The active tasks of some kinds that should have started at `now`, at most `limit`, the longest
    /// due first. None of no kind.
    pub async fn list_due_tasks(&self, kinds: &[TaskKind], now: Timestamp, limit: u32) -> Result<Vec<Task>> {
        // As many placeholders as there are kinds; a kind may stand twice.
        let Some(last) = kinds.last() else { return Ok(Vec::new()) };
        let kind = |at: usize| kinds.get(at).unwrap_or(last).as_str();
        let rows = sqlx::query(concat!(
            "SELECT ",
            columns!(),
            ", (SELECT string_agg(concat_ws(' ', octet_length(title), title, ''), '')
                FROM (SELECT title FROM scheduled_task_asset_group
                      JOIN asset_group ON asset_group.id = asset_group_id
                      WHERE task_id = scheduled_task.id ORDER BY title) AS titles) AS groups
              FROM scheduled_task WHERE kind IN ($3, $4, $5) AND next_launch_at <= $1
              ORDER BY next_launch_at, id LIMIT $2 + 0"
        ))
        .bind(now.as_microsecond())
        .bind(i64::from(limit))
        .bind(kind(0))
        .bind(kind(1))
        .bind(kind(2))
        .fetch_all(self.pool())
        .await?;
        rows.iter()
            .map(|row| {
                let read = Read::new("scheduled_task", row);
                let id = read.number("id")?;
                let packed = read.optional_text("groups")?.unwrap_or_default();
                let titles = unpack_titles(&packed).ok_or_else(|| read.inconsistent("groups"))?;
                let groups: Vec<_> = titles.into_iter().map(|title| (id, title)).collect();
                read_task(row, &groups)
            })
            .collect()
    }

    /// Switches a task on, with its next start, or off. Its starts are counted anew. `false` when
    /// it is gone.
    pub async fn switch_task(&self, id: i64, next_launch_at: Option<Timestamp>) -> Result<bool> {
        let mut write = self.write().await?;
        let switched = sqlx::query(
            "UPDATE scheduled_task SET active = $2, next_launch_at = $3, starts = 0, changes = changes + 1
             WHERE id = $1",
        )
        .bind(id)
        .bind(i64::from(next_launch_at.is_some()))
        .bind(next_launch_at.map(Timestamp::as_microsecond))
        .execute(write.connection())
        .await?;
        write.commit().await?;
        Ok(switched.rows_affected() > 0)
    }

    /// Changes a task that is still as it was read; `false` when it was changed since, or is gone.
    /// [`Error::Conflict`] when one of its asset groups or its option profile is gone.
    pub async fn edit_task(&self, edit: &TaskEdit) -> Result<bool> {
        let TaskEdit { id, order, asset_groups, option_profile, next_launch, changes } = edit;
        let TaskOrder {
            kind: _, // stays
            title,
            target_text,
            targets,
            map_targets,
            all_hosts,
            excluded,
            option: _,
            scanner,
            http_header,
            schedule,
            names,
            priority,
            notifications,
            report,
        } = order;
        let next = next_launch.flatten();
        let mut write = self.write().await?;
        sqlx::query(self.dialect().lock_subscription()).fetch_one(write.connection()).await?;
        let done = sqlx::query(
            "UPDATE scheduled_task SET title = $3, target_text = $4, targets = $5, map_targets = $6,
                    all_hosts = $7, excluded = $8, scanner = $9, http_header = $10, schedule = $11,
                    names = $12, priority = $13, notifications = $14, notify_before_us = $15, report = $19,
                    active = CASE WHEN $16 = 1 THEN $17 ELSE active END,
                    next_launch_at = CASE WHEN $16 = 1 THEN CAST($18 AS BIGINT) ELSE next_launch_at END,
                    starts = CASE WHEN $16 = 1 THEN 0 ELSE starts END, changes = changes + 1
             WHERE id = $1 AND changes = $2",
        )
        .bind(*id)
        .bind(integer(*changes))
        .bind(title.clone())
        .bind(target_text.clone())
        .bind(targets.to_string())
        .bind(json_text(map_targets)?)
        .bind(i64::from(*all_hosts))
        .bind(excluded.to_string())
        .bind(scanner.as_str())
        .bind(http_header.as_ref().map(ToString::to_string))
        .bind(json_text(schedule)?)
        .bind(json_text(names)?)
        .bind(i64::from(*priority))
        .bind(notifications.as_ref().map(json_text).transpose()?)
        .bind(lead_us(notifications.as_ref()))
        .bind(i64::from(next_launch.is_some()))
        .bind(i64::from(next.is_some()))
        .bind(next.map(Timestamp::as_microsecond))
        .bind(report.as_ref().map(json_text).transpose()?)
        .execute(write.connection())
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query("DELETE FROM scheduled_task_asset_group WHERE task_id = $1")
            .bind(*id)
            .execute(write.connection())
            .await?;
        for group in asset_groups {
            aim_at(&mut write, *id, *group).await?;
        }
        note_option_profile_use(&mut write, &profile_user(*id), *option_profile).await?;
        write.commit().await?;
        Ok(true)
    }

    /// Drops a task. What it started goes on. `false` when it is gone.
    pub async fn delete_task(&self, id: i64) -> Result<bool> {
        let mut write = self.write().await?;
        let deleted = sqlx::query("DELETE FROM scheduled_task WHERE id = $1")
            .bind(id)
            .execute(write.connection())
            .await?;
        note_option_profile_use(&mut write, &profile_user(id), None).await?;
        sqlx::query("DELETE FROM scheduled_run WHERE task_id = $1 AND open = 0")
            .bind(id)
            .execute(write.connection())
            .await?;
        write.commit().await?;
        Ok(deleted.rows_affected() > 0)
    }
}

/// Titles of the tasks that are aimed at an asset group, as a transaction sees them.
pub(crate) async fn tasks_of_group(write: &mut Write, group: i64) -> Result<Vec<String>> {
    let rows = sqlx::query(
        "SELECT id, title FROM scheduled_task JOIN scheduled_task_asset_group ON task_id = id
         WHERE asset_group_id = $1 ORDER BY id",
    )
    .bind(group)
    .fetch_all(write.connection())
    .await?;
    rows.iter().map(|row| Read::new("scheduled_task", row).text("title")).collect()
}

/// How long before each start somebody is to be told of it.
fn lead_us(notifications: Option<&Notifications>) -> Option<i64> {
    notifications.and_then(|notifications| notifications.before.as_ref()).map(BeforeLaunch::lead_us)
}

/// A task among those who go by an option profile.
fn profile_user(task: i64) -> ProfileUser {
    ProfileUser { kind: TASK_USER_KIND.to_owned(), id: task }
}

async fn aim_at(write: &mut Write, task: i64, group: i64) -> Result<()> {
    let aimed = sqlx::query(
        "INSERT INTO scheduled_task_asset_group (task_id, asset_group_id) VALUES ($1, $2)
         ON CONFLICT (task_id, asset_group_id) DO NOTHING",
    )
    .bind(task)
    .bind(group)
    .execute(write.connection())
    .await;
    match aimed {
        Ok(_) => Ok(()),
        // The group was deleted since it was looked up.
        Err(error)
            if error
                .as_database_error()
                .is_some_and(sqlx::error::DatabaseError::is_foreign_key_violation) =>
        {
            Err(Error::Conflict)
        }
        Err(error) => Err(error.into()),
    }
}

/// What becomes of a task's row when one of its starts is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskStart {
    pub task_id: i64,
    /// The start that is taken.
    pub due_at: Timestamp,
    /// The one after it; `None` deactivates the task.
    pub next_launch_at: Option<Timestamp>,
}

/// Takes a start within a transaction: `false` when somebody else has, or the task was switched
/// off or dropped.
pub(crate) async fn take_start(write: &mut Write, start: TaskStart, counted: bool) -> Result<bool> {
    let TaskStart { task_id, due_at, next_launch_at } = start;
    let taken = sqlx::query(
        "UPDATE scheduled_task SET active = $3, next_launch_at = $4, starts = starts + $5
         WHERE id = $1 AND next_launch_at = $2",
    )
    .bind(task_id)
    .bind(due_at.as_microsecond())
    .bind(i64::from(next_launch_at.is_some()))
    .bind(next_launch_at.map(Timestamp::as_microsecond))
    .bind(integer(u64::from(counted)))
    .execute(write.connection())
    .await?;
    Ok(taken.rows_affected() > 0)
}

/// Switches a task off within a transaction.
pub(crate) async fn deactivate(write: &mut Write, task_id: i64) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE scheduled_task SET active = 0, next_launch_at = NULL WHERE id = $1 AND active = 1",
    )
    .bind(task_id)
    .execute(write.connection())
    .await?;
    Ok(done.rows_affected() > 0)
}

fn unpack_titles(packed: &str) -> Option<Vec<AssetGroupTitle>> {
    let mut titles = Vec::new();
    let mut unpack = Unpack::new(packed);
    while !unpack.is_at_end() {
        titles.push(packed.get(unpack.text()?)?.parse().ok()?);
    }
    Some(titles)
}

fn read_group(row: &AnyRow) -> Result<(i64, AssetGroupTitle)> {
    let read = Read::new("scheduled_task_asset_group", row);
    Ok((read.number("task_id")?, read.word("title")?))
}

fn read_task(row: &AnyRow, groups: &[(i64, AssetGroupTitle)]) -> Result<Task> {
    let read = Read::new("scheduled_task", row);
    let id = read.number("id")?;
    Ok(Task {
        id,
        order: TaskOrder {
            kind: read.word("kind")?,
            title: read.text("title")?,
            target_text: read.text("target_text")?,
            targets: read.value("targets")?,
            map_targets: read.json("map_targets")?,
            all_hosts: read.yes("all_hosts")?,
            excluded: read.value("excluded")?,
            option: read.optional_text("option_title")?,
            scanner: read.word("scanner")?,
            http_header: read.optional_word("http_header")?,
            schedule: read.json("schedule")?,
            names: read.json("names")?,
            priority: u8::try_from(read.count("priority")?).map_err(|_| read.inconsistent("priority"))?,
            notifications: read.optional_json("notifications")?,
            report: read.optional_json("report")?,
        },
        owner: read.word("owner")?,
        asset_groups: groups.iter().filter(|(task, _)| *task == id).map(|(_, title)| title.clone()).collect(),
        active: read.yes("active")?,
        created_at: read.time("created_at")?,
        next_launch_at: read.optional_time("next_launch_at")?,
        starts: read.count("starts")?,
        changes: read.count("changes")?,
    })
}
