//! Scheduled tasks: made, listed, switched and dropped by their users. What happens when their time
//! comes is in `scheduler`.
//!
//! A task runs with the permissions that its owner has at that moment. When it is made, everything
//! is checked as if it started at once.

use palisade_model::asset_group::ALL;
use palisade_model::{Action, AssetGroupTitle, IpSet, Login, Resource, Schedule, Timestamp};
use palisade_store::{LaunchType, NewTask, Reach, Task, TaskKind, TaskOrder, TaskScanner};

use crate::actor::Actor;
use crate::app::App;
use crate::error::{Error, Result, check_length};
use crate::launch::LaunchScan;

/// Most tasks of a subscription.
const TASKS_MAX: u32 = 1_000;
/// Longest title: the title of a scan has room for it and for a note.
pub const TASK_TITLE_CHARACTERS_MAX: usize = 1_000;

/// A task to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddTask {
    pub title: String,
    /// Whether it starts by itself from now on.
    pub active: bool,
    /// Beside those of `asset_groups`.
    pub targets: IpSet,
    /// The targets as the client wrote them.
    pub target_text: String,
    /// Titles; the groups' addresses are those at the time of each start.
    pub asset_groups: Vec<String>,
    pub excluded: IpSet,
    /// Title of the option profile; the default one of each start when `None`.
    pub option: Option<String>,
    pub scanner: TaskScanner,
    pub schedule: Schedule,
}

/// Which tasks are to be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ListTasks {
    /// All kinds when `None`.
    pub kind: Option<TaskKind>,
    /// Only those that are, or are not, active.
    pub active: Option<bool>,
}

/// A task as its users see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskView {
    pub id: i64,
    pub kind: TaskKind,
    pub title: String,
    pub owner: Login,
    pub active: bool,
    /// As they were written; with asset groups, all addresses as of now.
    pub target_text: String,
    /// Titles, sorted.
    pub asset_groups: Vec<String>,
    pub excluded: IpSet,
    pub option_title: String,
    pub option_is_default: bool,
    pub scanner: TaskScanner,
    pub schedule: Schedule,
    pub next_launch_at: Option<Timestamp>,
}

impl App {
    /// Makes a task that scans. The caller owns it.
    ///
    /// # Errors
    ///
    /// Those of [`App::launch_scan`] but for too many running scans, [`Error::NeverStarts`],
    /// [`Error::TooManyTasks`].
    pub async fn add_task(&self, actor: &Actor, new: AddTask) -> Result<TaskView> {
        // Nobody owns a task that is not there yet, so this reach decides nothing.
        let _own = actor.allow(Action::Add, Resource::ScheduledTask)?.reach();
        let AddTask {
            title,
            active,
            targets,
            target_text,
            asset_groups,
            excluded,
            option,
            scanner,
            schedule,
        } = new;
        check_length("scan_title", &title, TASK_TITLE_CHARACTERS_MAX)?;
        let (everything, groups): (Vec<String>, Vec<String>) =
            asset_groups.into_iter().partition(|title| title.eq_ignore_ascii_case(ALL));
        let order = TaskOrder {
            kind: TaskKind::Scan,
            title,
            target_text,
            targets,
            all_hosts: !everything.is_empty(),
            excluded,
            option,
            scanner,
            schedule,
        };
        self.prepare_scan(actor, launch_of(&order, groups.clone(), order.title.clone())).await?;
        let now = self.clock().now();
        let next_launch_at = order.schedule.next_after(now).ok_or(Error::NeverStarts)?;
        let new = NewTask {
            order,
            owner: actor.login.clone(),
            asset_groups: self.asset_group_ids(&groups).await?,
            created_at: now,
            next_launch_at: active.then_some(next_launch_at),
            tasks_max: TASKS_MAX,
        };
        let id = self.store().add_task(&new).await?.ok_or(Error::TooManyTasks { max: TASKS_MAX })?;
        self.record_done(actor, "schedule", "add", described(id, &new.order.title)).await?;
        self.find_task(&Reach::Everything, id).await
    }

    /// The tasks within the caller's reach, by id.
    pub async fn list_tasks(&self, actor: &Actor, wanted: ListTasks) -> Result<Vec<TaskView>> {
        let reach = actor.allow(Action::List, Resource::ScheduledTask)?.reach();
        let ListTasks { kind, active } = wanted;
        let mut tasks = self.tasks_within(&reach).await?;
        tasks.retain(|task| {
            kind.is_none_or(|kind| task.kind == kind) && active.is_none_or(|active| task.active == active)
        });
        Ok(tasks)
    }

    /// Switches a task on or off. A task that is switched on starts next at its first time from
    /// now on, and its starts are counted anew. What it is already changes nothing.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownTask`] also for those out of reach, [`Error::NeverStarts`].
    pub async fn switch_task(&self, actor: &Actor, id: i64, on: bool) -> Result<TaskView> {
        let reach = actor.allow(Action::Edit, Resource::ScheduledTask)?.reach();
        let task = self.find_task(&reach, id).await?;
        if task.active == on {
            return Ok(task);
        }
        let next = task.schedule.next_after(self.clock().now()).ok_or(Error::NeverStarts)?;
        if !self.store().switch_task(id, on.then_some(next)).await? {
            return Err(Error::UnknownTask);
        }
        let action = if on { "activate" } else { "deactivate" };
        self.record_done(actor, "schedule", action, described(id, &task.title)).await?;
        self.find_task(&Reach::Everything, id).await
    }

    /// Drops a task. A scan that it started goes on.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownTask`] also for those out of reach.
    pub async fn drop_task(&self, actor: &Actor, id: i64) -> Result<()> {
        let reach = actor.allow(Action::Delete, Resource::ScheduledTask)?.reach();
        let task = self.find_task(&reach, id).await?;
        if !self.store().delete_task(id).await? {
            return Err(Error::UnknownTask);
        }
        self.record_done(actor, "schedule", "drop", described(id, &task.title)).await
    }

    async fn find_task(&self, reach: &Reach, id: i64) -> Result<TaskView> {
        let mut tasks = self.tasks_within(reach).await?.into_iter();
        tasks.find(|task| task.id == id).ok_or(Error::UnknownTask)
    }

    async fn tasks_within(&self, reach: &Reach) -> Result<Vec<TaskView>> {
        let default = self.default_option_title().await?;
        let mut views = Vec::new();
        for task in self.store().list_tasks().await? {
            let targets = self.task_targets(&task).await?;
            let within = match reach {
                Reach::Everything => true,
                Reach::Assigned { ips, login } => {
                    task.owner == *login || (!targets.is_empty() && targets.difference(ips).is_empty())
                }
                Reach::Own { login } => task.owner == *login,
                Reach::Nothing => false,
            };
            if within {
                views.push(view(task, &targets, &default));
            }
        }
        Ok(views)
    }

    /// The addresses a task is aimed at as of now, before exclusions.
    async fn task_targets(&self, task: &Task) -> Result<IpSet> {
        let mut targets = task.order.targets.clone();
        if !task.asset_groups.is_empty() {
            let groups = self.store().list_asset_groups().await?;
            for group in groups.iter().filter(|group| task.asset_groups.contains(&group.title)) {
                targets = targets.union(&group.ips);
            }
        }
        if task.order.all_hosts
            && let Ok(owner) = self.act_for(&task.owner).await?
        {
            let reach = owner.allow(Action::List, Resource::Host)?.reach();
            targets = targets.union(&reach.hosts(&self.store().subscription_ips().await?));
        }
        Ok(targets)
    }
}

/// The scan that an order comes to; `groups` without the one of everything.
pub(crate) fn launch_of(order: &TaskOrder, groups: Vec<String>, title: String) -> LaunchScan {
    let everything = order.all_hosts.then(|| ALL.to_owned());
    LaunchScan {
        targets: order.targets.clone(),
        asset_groups: everything.into_iter().chain(groups).collect(),
        target_text: order.target_text.clone(),
        excluded: order.excluded.clone(),
        title: Some(title),
        option: order.option.clone(),
        // The results of tasks are always kept: nobody waits for them.
        save_report: true,
        specific_vulns: None,
        http_header: None,
        launched_by: LaunchType::Scheduled,
    }
}

/// A task in the activity log.
pub(crate) fn described(id: i64, title: &str) -> String {
    format!("task {id}, {title}")
}

/// `default` is the title of the default option profile.
fn view(task: Task, targets: &IpSet, default: &str) -> TaskView {
    let Task { id, order, owner, asset_groups, active, created_at: _, next_launch_at, starts: _ } = task;
    let TaskOrder { kind, title, target_text, targets: _, all_hosts, excluded, option, scanner, schedule } =
        order;
    let by_groups = all_hosts || !asset_groups.is_empty();
    let everything = all_hosts.then(|| ALL.to_owned());
    let groups = asset_groups.iter().map(AssetGroupTitle::to_string);
    TaskView {
        id,
        kind,
        title,
        owner,
        active,
        target_text: if by_groups { targets.to_string() } else { target_text },
        asset_groups: everything.into_iter().chain(groups).collect(),
        excluded,
        option_is_default: option.as_ref().is_none_or(|option| option == default),
        option_title: option.unwrap_or_else(|| default.to_owned()),
        scanner,
        schedule,
        next_launch_at,
    }
}
