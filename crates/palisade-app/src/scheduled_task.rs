//! Scheduled tasks: made, listed, switched and dropped by their users. What happens when their time
//! comes is in `scheduler`.
//!
//! A task runs with the permissions that its owner has at that moment. When it is made, everything
//! is checked as if it started at once. A task scans addresses or maps domains.

use std::fmt;

use palisade_model::asset_group::ALL;
use palisade_model::schedule::notify::MESSAGE_CHARACTERS_MAX;
use palisade_model::{
    Action, AssetGroupTitle, DomainName, IpSet, Login, MapTarget, Notifications, Resource, ScanHeader,
    Schedule, Timestamp,
};
use palisade_store::{LaunchType, NewTask, Reach, Task, TaskEdit, TaskKind, TaskOrder, TaskScanner};

use crate::actor::Actor;
use crate::app::App;
use crate::appliance::AskedScanners;
use crate::error::{Error, Result, check_length};
use crate::launch::LaunchScan;
use crate::map_launch::LaunchMap;

/// Most tasks of a subscription.
pub(crate) const TASKS_MAX: u32 = 1_000;
/// Longest title: the title of a scan has room for it and for a note.
pub const TASK_TITLE_CHARACTERS_MAX: usize = 1_000;

/// A task to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddTask {
    pub kind: TaskKind,
    pub title: String,
    /// Whether it starts by itself from now on.
    pub active: bool,
    /// Of a task that scans, beside those of `asset_groups`.
    pub targets: IpSet,
    /// Of a task that maps, beside those of `asset_groups`.
    pub map_targets: Vec<MapTarget>,
    /// The targets as the client wrote them.
    pub target_text: String,
    /// Titles; the groups' addresses or domains are those at the time of each start.
    pub asset_groups: Vec<String>,
    pub excluded: IpSet,
    /// Title of the option profile; the default one of each start when `None`.
    pub option: Option<String>,
    pub scanner: TaskScanner,
    /// The value that every web request of its scans carries; the profile's own when `None`.
    pub http_header: Option<ScanHeader>,
    pub schedule: Schedule,
    /// DNS names of hosts, of a task that scans; their addresses are those at the time of each start.
    pub names: Vec<String>,
    /// What its scans are given: 0 for none, 1 (first) to 9.
    pub priority: u8,
    /// Who is told of starts and ends; `None`: the owner, of ends.
    pub notifications: Option<Notifications>,
}

/// Which tasks are to be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ListTasks {
    /// Scans and maps when `None`.
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
    /// As they were written; with asset groups, all addresses or domains as of now.
    pub target_text: String,
    /// Titles, sorted.
    pub asset_groups: Vec<String>,
    pub excluded: IpSet,
    pub option_title: String,
    pub option_is_default: bool,
    pub scanner: TaskScanner,
    pub schedule: Schedule,
    pub next_launch_at: Option<Timestamp>,
    /// DNS names of hosts among the targets.
    pub names: Vec<String>,
    pub priority: u8,
    pub notifications: Option<Notifications>,
}

impl App {
    /// Makes a task. The caller owns it.
    ///
    /// # Errors
    ///
    /// Those of [`App::launch_scan`] or [`App::launch_map`], but for what runs already;
    /// [`Error::NeverStarts`], [`Error::TooManyTasks`].
    pub async fn add_task(&self, actor: &Actor, new: AddTask) -> Result<TaskView> {
        // Nobody owns a task that is not there yet, so this reach decides nothing.
        let _own = actor.allow(Action::Add, Resource::ScheduledTask)?.reach();
        let (order, groups, active) = self.checked_order(actor, new).await?;
        let now = self.clock().now();
        let next_launch_at = order.schedule.next_after(now).ok_or(Error::NeverStarts)?;
        let new = NewTask {
            owner: actor.login.clone(),
            asset_groups: self.asset_group_ids(&groups).await?,
            option_profile: self.profile_of_order(actor, &order).await?,
            order,
            created_at: now,
            next_launch_at: active.then_some(next_launch_at),
            tasks_max: TASKS_MAX,
        };
        let id = self.store().add_task(&new).await?.ok_or(Error::TooManyTasks { max: TASKS_MAX })?;
        self.record_done(actor, "schedule", "add", described(id, &new.order.title)).await?;
        self.find_task(&Reach::Everything, id).await
    }

    /// Changes a task by what `change` makes of it. Its owner stays; what it is to be is checked as if the
    /// caller made it. When it is to start at other times, or is switched on or off, its starts are counted
    /// anew.
    ///
    /// # Errors
    ///
    /// Those of [`App::add_task`]; [`Error::UnknownTask`], also for those out of reach; [`Error::Conflict`]
    /// when somebody else changed it meanwhile.
    pub async fn edit_task(
        &self,
        actor: &Actor,
        id: i64,
        change: impl FnOnce(&mut AddTask) + Send,
    ) -> Result<()> {
        let reach = actor.allow(Action::Edit, Resource::ScheduledTask)?.reach();
        let known = self.find_task(&reach, id).await?;
        let stored = self.store().list_tasks().await?.into_iter().find(|task| task.id == id);
        let stored = stored.ok_or(Error::UnknownTask)?;
        let changes = stored.changes;
        let mut wanted = again(stored);
        let before = wanted.clone();
        change(&mut wanted);
        wanted.kind = known.kind;
        let (order, groups, active) = self.checked_order(actor, wanted).await?;
        let times = order.schedule != before.schedule || active != before.active;
        let next = order.schedule.next_after(self.clock().now()).ok_or(Error::NeverStarts)?;
        let edit = TaskEdit {
            id,
            asset_groups: self.asset_group_ids(&groups).await?,
            option_profile: self.profile_of_order(actor, &order).await?,
            next_launch: times.then(|| active.then_some(next)),
            changes,
            order,
        };
        if !self.store().edit_task(&edit).await? {
            return Err(Error::Conflict);
        }
        self.record_done(actor, "schedule", "edit", described(id, &edit.order.title)).await
    }

    /// What a task comes to as an order, with the titles of its asset groups and whether it is active, if the
    /// caller may start it.
    async fn checked_order(&self, actor: &Actor, new: AddTask) -> Result<(TaskOrder, Vec<String>, bool)> {
        let AddTask {
            kind,
            title,
            active,
            targets,
            map_targets,
            target_text,
            asset_groups,
            excluded,
            option,
            scanner,
            http_header,
            schedule,
            names,
            priority,
            notifications,
        } = new;
        check_length("scan_title", &title, TASK_TITLE_CHARACTERS_MAX)?;
        if let Some(Notifications { before, after, groups }) = &notifications {
            for message in before.iter().map(|before| &before.message).chain(after) {
                check_length("message", message, MESSAGE_CHARACTERS_MAX)?;
            }
            self.check_distribution_groups(groups).await?;
        }
        let (everything, groups): (Vec<String>, Vec<String>) =
            asset_groups.into_iter().partition(|title| title.eq_ignore_ascii_case(ALL));
        let order = TaskOrder {
            kind,
            title,
            target_text,
            targets,
            map_targets,
            all_hosts: !everything.is_empty(),
            excluded,
            option,
            scanner,
            http_header,
            schedule,
            names,
            priority,
            notifications,
            report: None,
        };
        match kind {
            TaskKind::Scan => {
                self.prepare_scan(actor, launch_of(&order, groups.clone(), order.title.clone())).await?;
            }
            TaskKind::Map => {
                self.prepare_maps(actor, map_launch_of(&order, groups.clone(), order.title.clone())).await?;
            }
            // Made and changed by local administration alone.
            TaskKind::Report => return Err(Error::UnknownTask),
        }
        Ok((order, groups, active))
    }

    /// Id of the option profile that an order names; `None` when it names none.
    async fn profile_of_order(&self, actor: &Actor, order: &TaskOrder) -> Result<Option<i64>> {
        Ok(match &order.option {
            Some(title) => Some(self.option_profile(actor, Some(title)).await?.id),
            None => None,
        })
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
        let domains = match reach {
            Reach::Assigned { .. } => self.domains_within(reach).await?,
            Reach::Everything | Reach::Own { .. } | Reach::Nothing => Vec::new(),
        };
        let domains: Vec<DomainName> = domains.into_iter().map(|domain| domain.name).collect();
        let mut views = Vec::new();
        for task in self.store().list_tasks().await? {
            let targets = match task.order.kind {
                TaskKind::Scan => Targets::Hosts(self.task_targets(&task).await?),
                TaskKind::Map => Targets::Domains(self.task_domains(&task).await?),
                // Seen by those who see their reports.
                TaskKind::Report => continue,
            };
            let within = match reach {
                Reach::Everything => true,
                Reach::Assigned { ips, login, .. } => {
                    task.owner == *login || targets.are_within(ips, &domains)
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
        for name in &task.order.names {
            let hosts = self.store().list_hosts_by_dns_name(name.trim_end_matches('.')).await?;
            targets = hosts.iter().fold(targets, |all, host| all.union(&IpSet::from(host.ip)));
        }
        if task.order.all_hosts
            && let Ok(owner) = self.act_for(&task.owner).await?
        {
            let reach = owner.allow(Action::List, Resource::Host)?.reach();
            targets = targets.union(&reach.hosts(&self.store().subscription_ips().await?));
        }
        Ok(targets)
    }

    /// The domains a task is aimed at as of now, each once.
    async fn task_domains(&self, task: &Task) -> Result<Vec<MapTarget>> {
        let mut domains: Vec<DomainName> = Vec::new();
        if !task.asset_groups.is_empty() {
            let groups = self.store().list_asset_groups().await?;
            for group in groups.iter().filter(|group| task.asset_groups.contains(&group.title)) {
                domains.extend(group.domains.iter().cloned());
            }
        }
        if task.order.all_hosts
            && let Ok(owner) = self.act_for(&task.owner).await?
        {
            let reach = owner.allow(Action::List, Resource::Domain)?.reach();
            domains.extend(self.domains_within(&reach).await?.into_iter().map(|domain| domain.name));
        }
        let mut targets = task.order.map_targets.clone();
        for domain in domains {
            if !targets.iter().any(|target| target.domain == domain) {
                targets.push(MapTarget { domain, netblock: IpSet::new() });
            }
        }
        Ok(targets)
    }
}

/// What a task is aimed at as of now.
enum Targets {
    /// Before exclusions.
    Hosts(IpSet),
    Domains(Vec<MapTarget>),
}

impl Targets {
    /// Whether there are any, and all are among these addresses or domains.
    fn are_within(&self, ips: &IpSet, domains: &[DomainName]) -> bool {
        let named = |MapTarget { domain, netblock }: &MapTarget| {
            if domain.is_none() { netblock.difference(ips).is_empty() } else { domains.contains(domain) }
        };
        match self {
            Self::Hosts(targets) => !targets.is_empty() && targets.difference(ips).is_empty(),
            Self::Domains(targets) => !targets.is_empty() && targets.iter().all(named),
        }
    }
}

impl fmt::Display for Targets {
    /// In the form that clients write them in.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |MapTarget { domain, netblock }: &MapTarget| {
            if netblock.is_empty() { domain.to_string() } else { format!("{domain}:{netblock}") }
        };
        match self {
            Self::Hosts(targets) => targets.fmt(f),
            Self::Domains(targets) => f.write_str(&targets.iter().map(shown).collect::<Vec<_>>().join(",")),
        }
    }
}

/// The scan that an order comes to; `groups` without the one of everything.
pub(crate) fn launch_of(order: &TaskOrder, groups: Vec<String>, title: String) -> LaunchScan {
    let everything = order.all_hosts.then(|| ALL.to_owned());
    let scanners = scanners_of(order, &groups);
    LaunchScan {
        targets: order.targets.clone(),
        asset_groups: everything.into_iter().chain(groups).collect(),
        target_text: order.target_text.clone(),
        excluded: order.excluded.clone(),
        scanners,
        title: Some(title),
        option: order.option.clone(),
        // The results of tasks are always kept: nobody waits for them.
        save_report: true,
        specific_vulns: None,
        http_header: order.http_header.clone(),
        launched_by: LaunchType::Scheduled,
        names: order.names.clone(),
        priority: order.priority,
        leave_out_foreign: false,
    }
}

/// The scanners that an order asks for.
fn scanners_of(order: &TaskOrder, groups: &[String]) -> AskedScanners {
    match order.scanner {
        TaskScanner::External => AskedScanners::default(),
        TaskScanner::DefaultOfGroups => AskedScanners::DefaultOfGroups(groups.to_vec()),
        TaskScanner::AllOfGroups => AskedScanners::AllOfGroups(groups.to_vec()),
    }
}

/// The maps that an order comes to; `groups` without the one of everything.
pub(crate) fn map_launch_of(order: &TaskOrder, groups: Vec<String>, title: String) -> LaunchMap {
    let everything = order.all_hosts.then(|| ALL.to_owned());
    let scanners = scanners_of(order, &groups);
    LaunchMap {
        targets: order.map_targets.clone(),
        scanners,
        asset_groups: everything.into_iter().chain(groups).collect(),
        title: Some(title),
        option: order.option.clone(),
        // As with scans.
        save_report: true,
        launched_by: LaunchType::Scheduled,
    }
}

/// A task in the activity log.
pub(crate) fn described(id: i64, title: &str) -> String {
    format!("task {id}, {title}")
}

/// `default` is the title of the default option profile.
fn view(task: Task, targets: &Targets, default: &str) -> TaskView {
    let Task {
        id,
        order,
        owner,
        asset_groups,
        active,
        created_at: _, // these three concern nobody
        next_launch_at,
        starts: _,
        changes: _,
    } = task;
    let TaskOrder {
        kind,
        title,
        target_text,
        targets: _,
        map_targets: _,
        all_hosts,
        excluded,
        option,
        scanner,
        http_header: _,
        schedule,
        names,
        priority,
        notifications,
        report: _, // none
    } = order;
    let by_groups = all_hosts || !asset_groups.is_empty() || !names.is_empty();
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
        names,
        priority,
        notifications,
    }
}

/// A task as it would be made again.
fn again(task: Task) -> AddTask {
    let Task { order, asset_groups, active, .. } = task;
    let TaskOrder {
        kind,
        title,
        target_text,
        targets,
        map_targets,
        all_hosts,
        excluded,
        option,
        scanner,
        http_header,
        schedule,
        names,
        priority,
        notifications,
        report: _, // none
    } = order;
    let everything = all_hosts.then(|| ALL.to_owned());
    let groups = asset_groups.iter().map(AssetGroupTitle::to_string);
    AddTask {
        kind,
        title,
        active,
        targets,
        map_targets,
        target_text,
        asset_groups: everything.into_iter().chain(groups).collect(),
        excluded,
        option,
        scanner,
        http_header,
        schedule,
        names,
        priority,
        notifications,
    }
}
