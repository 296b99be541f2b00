//! Reports that are asked for by themselves: who sees such schedules and asks for one out of turn, and how
//! they are made. What happens at their times is in `scheduler`.
//!
//! A schedule's reports are its owner's: asked for with what the owner may at that moment, and listed and read
//! as all reports of the owner. Making schedules is local administration (the command line): no call of the
//! API does it.

use palisade_model::{Action, IpSet, Login, ReportFormat, Resource, Schedule, ScheduledReport, Timestamp};
use palisade_store::{NewTask, ReportTemplate, Started, Task, TaskKind, TaskOrder, TaskScanner, TaskStart};

use crate::activity::ActivityEntry;
use crate::actor::Actor;
use crate::app::App;
use crate::error::{Error, Result, check_length};
use crate::report_job::LaunchReport;
use crate::scheduled_task::{TASKS_MAX, described};

/// Longest title: the title of a report has room for it and for a note.
const TITLE_CHARACTERS_MAX: usize = 80;

/// A schedule of reports to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddReportSchedule {
    pub title: String,
    /// Whose reports they are.
    pub owner: Login,
    /// Whether reports are asked for from now on.
    pub active: bool,
    pub report: ScheduledReport,
    pub schedule: Schedule,
}

/// A schedule of reports as its users see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportScheduleView {
    pub id: i64,
    pub title: String,
    pub owner: Login,
    pub active: bool,
    pub format: ReportFormat,
    /// `None` when the template is gone.
    pub template_title: Option<String>,
    pub schedule: Schedule,
    pub next_launch_at: Option<Timestamp>,
}

impl App {
    /// The schedules of reports within the caller's reach, by id: those whose reports are.
    pub async fn list_report_schedules(&self, actor: &Actor) -> Result<Vec<ReportScheduleView>> {
        let reach = actor.allow(Action::List, Resource::Report)?.users();
        let owners = self.report_owners(reach).await?;
        let mut views = self.report_schedules().await?;
        views.retain(|view| owners.has(&view.owner));
        Ok(views)
    }

    /// Asks for a report of a schedule out of turn, as its owner; gives the report's id. Its times do not
    /// change.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::UnknownReportSchedule`], also when its owner may not use the service; those
    /// of [`App::launch_report`].
    pub async fn launch_report_schedule(&self, actor: &Actor, id: i64, base_url: &str) -> Result<i64> {
        let reach = actor.allow(Action::Launch, Resource::Report)?.users();
        let owners = self.report_owners(reach).await?;
        let tasks = self.store().list_tasks().await?;
        let mut found = tasks.into_iter().filter(|task| task.id == id && owners.has(&task.owner));
        let Task { owner, order: TaskOrder { title, report: Some(report), .. }, .. } =
            found.next().ok_or(Error::UnknownReportSchedule)?
        else {
            return Err(Error::UnknownReportSchedule);
        };
        let Ok(owner) = self.act_for(&owner).await? else { return Err(Error::UnknownReportSchedule) };
        let report = ScheduledReport { base_url: base_url.to_owned(), ..report };
        let launched = self.launch_report(&owner, launch_of_report(&report, title.clone())).await?;
        let details = format!("report {launched}, {}", described(id, &title));
        self.record_done(actor, "schedule", "launch_now", details).await?;
        Ok(launched)
    }

    /// All schedules of reports, by id. Local administration, as all that follows.
    pub async fn report_schedules(&self) -> Result<Vec<ReportScheduleView>> {
        let templates = self.store().list_report_templates().await?;
        let tasks = self.store().list_tasks().await?;
        Ok(tasks.into_iter().filter_map(|task| view(task, &templates)).collect())
    }

    /// Makes a schedule of reports and gives its id. What its owner could not ask for now is refused.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownUser`] when the owner is none, or may not use the service; [`Error::EmptyTitle`],
    /// [`Error::TooLong`], [`Error::NeverStarts`], [`Error::TooManyTasks`]; those of [`App::launch_report`].
    pub async fn add_report_schedule(&self, new: AddReportSchedule) -> Result<i64> {
        let AddReportSchedule { title, owner, active, report, schedule } = new;
        let title = title.trim().to_owned();
        if title.is_empty() {
            return Err(Error::EmptyTitle);
        }
        check_length("title", &title, TITLE_CHARACTERS_MAX)?;
        let Ok(actor) = self.act_for(&owner).await? else { return Err(Error::UnknownUser) };
        let order = self.report_to_order(&actor, launch_of_report(&report, title.clone())).await?;
        self.prepare_report(&actor, order).await?;
        let now = self.clock().now();
        let next = schedule.next_after(now).ok_or(Error::NeverStarts)?;
        let task = NewTask {
            order: TaskOrder {
                kind: TaskKind::Report,
                title: title.clone(),
                target_text: String::new(),
                targets: IpSet::new(),
                names: Vec::new(),
                map_targets: Vec::new(),
                all_hosts: false,
                excluded: IpSet::new(),
                option: None,
                scanner: TaskScanner::External,
                http_header: None,
                schedule,
                priority: 0,
                notifications: None,
                report: Some(report),
            },
            owner,
            asset_groups: Vec::new(),
            option_profile: None,
            created_at: now,
            next_launch_at: active.then_some(next),
            tasks_max: TASKS_MAX,
        };
        let id = self.store().add_task(&task).await?.ok_or(Error::TooManyTasks { max: TASKS_MAX })?;
        self.record_local("report_schedule_add", described(id, &title)).await?;
        Ok(id)
    }

    /// Switches a schedule of reports on or off. One that is switched on starts next at its first time from
    /// now on, and its starts are counted anew.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownReportSchedule`], [`Error::NeverStarts`].
    pub async fn switch_report_schedule(&self, id: i64, on: bool) -> Result<()> {
        let known = self.report_schedules().await?.into_iter().find(|view| view.id == id);
        let known = known.ok_or(Error::UnknownReportSchedule)?;
        let next = known.schedule.next_after(self.clock().now()).ok_or(Error::NeverStarts)?;
        if !self.store().switch_task(id, on.then_some(next)).await? {
            return Err(Error::UnknownReportSchedule);
        }
        let action = if on { "report_schedule_on" } else { "report_schedule_off" };
        self.record_local(action, described(id, &known.title)).await
    }

    /// Deletes a schedule of reports. Reports that it asked for stay.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownReportSchedule`].
    pub async fn delete_report_schedule(&self, id: i64) -> Result<()> {
        let known = self.report_schedules().await?.into_iter().find(|view| view.id == id);
        let known = known.ok_or(Error::UnknownReportSchedule)?;
        if !self.store().delete_task(id).await? {
            return Err(Error::UnknownReportSchedule);
        }
        self.record_local("report_schedule_delete", described(id, &known.title)).await
    }

    /// Takes a start of a schedule and asks for its report, titled `title`. What `told` makes of the report
    /// goes into the activity log with it.
    pub(crate) async fn start_report(
        &self,
        owner: &Actor,
        report: &ScheduledReport,
        start: TaskStart,
        title: String,
        told: impl FnOnce(String) -> ActivityEntry,
    ) -> Result<Started<()>> {
        let order = self.report_to_order(owner, launch_of_report(report, title)).await?;
        let (new, limits) = self.prepare_report(owner, order).await?;
        let told = |id: i64| self.written_down(told(format!("report {id}")));
        match self.store().launch_report_task(start, &new, limits, told).await? {
            Started::Queued(Ok(_)) => {
                self.report_waits();
                Ok(Started::Queued(()))
            }
            Started::Queued(Err(refused)) => Err(self.no_room(refused)),
            Started::TooMany => Ok(Started::TooMany),
            Started::Gone => Ok(Started::Gone),
        }
    }
}

fn launch_of_report(report: &ScheduledReport, title: String) -> LaunchReport {
    let ScheduledReport { template_id, format, hide_header, hosts, own_tickets, base_url } = report.clone();
    LaunchReport {
        template_id,
        kind: None,
        title: Some(title),
        format,
        hide_header,
        hosts,
        scans: Vec::new(),
        maps: Vec::new(),
        domain: None,
        ip_restriction: None,
        own_tickets,
        base_url,
    }
}

/// `None` for tasks that do not ask for reports.
fn view(task: Task, templates: &[ReportTemplate]) -> Option<ReportScheduleView> {
    let Task { id, order, owner, active, next_launch_at, .. } = task;
    let TaskOrder { title, schedule, report, .. } = order;
    let report = report?;
    let template = templates.iter().find(|template| template.id == report.template_id);
    Some(ReportScheduleView {
        id,
        title,
        owner,
        active,
        format: report.format,
        template_title: template.map(|template| template.title.clone()),
        schedule,
        next_launch_at,
    })
}
