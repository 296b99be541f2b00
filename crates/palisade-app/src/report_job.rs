//! Saved reports: asked for, listed, read, canceled and deleted. They are made in the background, see
//! `report_making`.
//!
//! A report belongs to whoever asked for it, and holds what they reach at the moment it is made. A
//! Manager sees all, a Unit Manager those of the unit's users, others their own.

use std::time::Duration;

use palisade_model::report_job::{
    ASSET_GROUPS_MAX, HostChoice, MAPS_MAX, SCANS_MAX, ScorecardSource, TITLE_CHARACTERS_MAX,
};
use palisade_model::{
    Action, DomainName, IpSet, Login, MapRef, ReportFormat, ReportState, ReportSubject, Resource, ScanRef,
    TemplateKind, TemplateSelection, Timestamp,
};
use palisade_store::{NewReport, ReportJob, ReportLaunched, ReportLimits, ReportTemplate};
use tokio::sync::mpsc;

use crate::actor::{Actor, UserReach};
use crate::app::App;
use crate::error::{Error, Result, check_length};

/// Expired reports that are deleted at a time.
const EXPIRED_AT_ONCE: u32 = 100;

/// A report to be made with a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchReport {
    pub template_id: i64,
    /// What the template is to be of, if the caller knows.
    pub kind: Option<TemplateKind>,
    /// The template's title when `None`.
    pub title: Option<String>,
    pub format: ReportFormat,
    /// Only the table, of a format that has anything before it.
    pub hide_header: bool,
    pub hosts: HostChoice,
    pub scans: Vec<ScanRef>,
    pub maps: Vec<MapRef>,
    pub domain: Option<DomainName>,
    /// Only these addresses of scans and maps.
    pub ip_restriction: Option<IpSet>,
    /// Of tickets, only those given to the caller.
    pub own_tickets: bool,
    /// Scheme, host and port the caller reaches the server by; documents name it.
    pub base_url: String,
}

/// A report as it is ordered: what it is about and how it is saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportOrder {
    pub subject: ReportSubject,
    /// For a scorecard its name when empty.
    pub title: String,
    pub format: ReportFormat,
    pub hide_header: bool,
    pub base_url: String,
}

/// Which reports are wanted: those that everything given is true of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListReportJobs {
    pub id: Option<i64>,
    pub state: Option<ReportState>,
    pub login: Option<String>,
    pub expires_before: Option<Timestamp>,
}

/// A saved report that is being read.
#[derive(Debug)]
pub struct FetchedReport {
    pub job: ReportJob,
    /// An error is the last piece.
    pub pieces: mpsc::Receiver<palisade_store::Result<Vec<u8>>>,
}

impl App {
    /// Asks for a report with a template, and gives its id. What can be refused is refused now.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::UnknownReportTemplate`], [`Error::TemplateOfOtherKind`],
    /// [`Error::ReportNotMade`], [`Error::ReportNeeds`], [`Error::ReportTakesNo`], those of the
    /// limits ([`Error::TooManyReportsUnfinished`], [`Error::TooManyReports`],
    /// [`Error::ReportsFull`]), and what the report itself would be refused for.
    pub async fn launch_report(&self, actor: &Actor, wanted: LaunchReport) -> Result<i64> {
        let order = self.report_to_order(actor, wanted).await?;
        self.order_report(actor, order).await
    }

    /// What a report with a template is about.
    pub(crate) async fn report_to_order(&self, actor: &Actor, wanted: LaunchReport) -> Result<ReportOrder> {
        actor.may(Action::Launch, Resource::Report)?;
        let template = self.usable_report_template(actor, wanted.template_id).await?;
        if wanted.kind.is_some_and(|kind| kind != template.kind) {
            return Err(Error::TemplateOfOtherKind { title: template.title });
        }
        let title = wanted.title.clone().unwrap_or_else(|| template.title.clone());
        let (format, hide_header, base_url) = (wanted.format, wanted.hide_header, wanted.base_url.clone());
        let subject = subject_of(&template, wanted)?;
        Ok(ReportOrder { subject, title, format, hide_header, base_url })
    }

    /// Asks for a report whose subject is known, and gives its id.
    ///
    /// # Errors
    ///
    /// Those of [`App::launch_report`].
    pub async fn order_report(&self, actor: &Actor, order: ReportOrder) -> Result<i64> {
        let (new, limits) = self.prepare_report(actor, order).await?;
        let id = match self.store().launch_report_job(&new, limits).await? {
            ReportLaunched::Submitted(id) => id,
            refused => return Err(self.no_room(refused)),
        };
        self.parts.report.notify_one();
        self.record_done(actor, "report", "launch", format!("{id}, {}", new.title)).await?;
        Ok(id)
    }

    /// Why a report has no room.
    pub(crate) fn no_room(&self, refused: ReportLaunched) -> Error {
        let config = &self.parts.config;
        match refused {
            ReportLaunched::TooManyOfUser => Error::TooManyReports { max: config.reports_of_user_max },
            ReportLaunched::Full => Error::ReportsFull { bytes_max: config.reports_bytes_max },
            ReportLaunched::TooManyUnfinished | ReportLaunched::Submitted(_) => {
                Error::TooManyReportsUnfinished { max: config.unfinished_reports_max }
            }
        }
    }

    /// Everything about asking for a report but the asking, and how many there may be: what is refused is
    /// refused here, except for too many.
    pub(crate) async fn prepare_report(
        &self,
        actor: &Actor,
        order: ReportOrder,
    ) -> Result<(NewReport, ReportLimits)> {
        actor.may(Action::Launch, Resource::Report)?;
        let ReportOrder { subject, title, format, hide_header, base_url } = order;
        let title = match (title.trim(), &subject) {
            ("", ReportSubject::Scorecard { scorecard, .. }) => scorecard.as_str().to_owned(),
            (title, _) => title.to_owned(),
        };
        check_length("report_title", &title, TITLE_CHARACTERS_MAX)?;
        check_subject(&subject)?;
        // What would be refused when it is made is refused now.
        self.plan_report(actor, &subject).await?;
        self.forget_expired_reports().await?;
        let now = self.clock().now();
        let config = &self.parts.config;
        let kept = Duration::from_secs(u64::from(config.report_days) * 86_400);
        let new = NewReport {
            title,
            login: actor.login.clone(),
            format,
            hide_header,
            subject,
            base_url,
            launched_at: now,
            expires_at: now.checked_add(kept).unwrap_or(Timestamp::MAX),
        };
        let limits = ReportLimits {
            unfinished_max: u64::from(config.unfinished_reports_max),
            of_user_max: u64::from(config.reports_of_user_max),
            bytes_max: config.reports_bytes_max,
        };
        Ok((new, limits))
    }

    /// The saved reports within the caller's reach, the newest first.
    pub async fn list_report_jobs(&self, actor: &Actor, wanted: &ListReportJobs) -> Result<Vec<ReportJob>> {
        let reach = actor.allow(Action::List, Resource::Report)?.users();
        let owners = self.report_owners(reach).await?;
        let ListReportJobs { id, state, login, expires_before } = wanted;
        let mut jobs = self.store().list_report_jobs(self.clock().now()).await?;
        jobs.retain(|job| {
            owners.has(&job.login)
                && id.is_none_or(|id| job.id == id)
                && state.is_none_or(|state| job.state == state)
                && login.as_ref().is_none_or(|login| job.login.as_str() == login)
                && expires_before.is_none_or(|before| job.expires_at < before)
        });
        Ok(jobs)
    }

    /// Begins to read a finished report. Whoever sees no vulnerabilities reads nothing but their own.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::ReportNotFetched`] as long as there is nothing to read.
    pub async fn fetch_report(&self, actor: &Actor, id: i64) -> Result<FetchedReport> {
        let reach = actor.allow(Action::Launch, Resource::Report)?.users();
        let job = self.find_report_job(reach, id).await?.ok_or(Error::ReportNotFetched)?;
        let name = job.document.clone().ok_or(Error::ReportNotFetched)?;
        let pieces = self.store().read_report_document(&name).await?;
        self.record_done(actor, "report", "fetch", format!("{id}, {}", job.title)).await?;
        Ok(FetchedReport { job, pieces })
    }

    /// Ends a report that is not finished.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::UnknownReport`], [`Error::ReportEnded`].
    pub async fn cancel_report(&self, actor: &Actor, id: i64) -> Result<()> {
        let reach = actor.allow(Action::Cancel, Resource::Report)?.users();
        let job = self.find_report_job(reach, id).await?.ok_or(Error::UnknownReport)?;
        if !self.store().cancel_report_job(id, self.clock().now()).await? {
            return Err(Error::ReportEnded);
        }
        self.record_done(actor, "report", "cancel", format!("{id}, {}", job.title)).await
    }

    /// Deletes a saved report in whatever state.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::UnknownReport`].
    pub async fn delete_saved_report(&self, actor: &Actor, id: i64) -> Result<()> {
        let reach = actor.allow(Action::Delete, Resource::Report)?.users();
        let job = self.find_report_job(reach, id).await?.ok_or(Error::UnknownReport)?;
        if !self.store().delete_report_job(id).await? {
            return Err(Error::UnknownReport);
        }
        self.record_done(actor, "report", "delete", format!("{id}, {}", job.title)).await
    }

    /// Deletes reports that have expired, some at a time.
    pub(crate) async fn forget_expired_reports(&self) -> Result<()> {
        for id in self.store().list_expired_report_jobs(self.clock().now(), EXPIRED_AT_ONCE).await? {
            self.store().delete_report_job(id).await?;
            tracing::info!(report = id, "a saved report has expired");
        }
        Ok(())
    }

    async fn find_report_job(&self, reach: UserReach, id: i64) -> Result<Option<ReportJob>> {
        let owners = self.report_owners(reach).await?;
        let job = self.store().report_job(id, self.clock().now()).await?;
        Ok(job.filter(|job| owners.has(&job.login)))
    }

    /// Whose reports somebody sees.
    pub(crate) async fn report_owners(&self, reach: UserReach) -> Result<Owners> {
        if reach == UserReach::Everybody {
            return Ok(Owners::Everybody);
        }
        let users = self.store().list_users().await?;
        Ok(Owners::These(users.into_iter().filter(|user| reach.has(user)).map(|user| user.login).collect()))
    }
}

/// Whose reports somebody sees.
pub(crate) enum Owners {
    /// Also of accounts that are gone.
    Everybody,
    These(Vec<Login>),
}

impl Owners {
    pub(crate) fn has(&self, login: &Login) -> bool {
        match self {
            Self::Everybody => true,
            Self::These(logins) => logins.contains(login),
        }
    }
}

/// What a report with this template is about.
fn subject_of(template: &ReportTemplate, wanted: LaunchReport) -> Result<ReportSubject> {
    let LaunchReport { template_id, format, hosts, scans, maps, domain, ip_restriction, own_tickets, .. } =
        wanted;
    let needs = |parameter| Err(Error::ReportNeeds { parameter });
    let takes_no = |given: bool, parameter| {
        if given { Err(Error::ReportTakesNo { parameter, title: template.title.clone() }) } else { Ok(()) }
    };
    let of_hosts = !matches!(
        (template.kind, template.selection),
        (TemplateKind::Scan, TemplateSelection::Manual) | (TemplateKind::Map, _)
    );
    takes_no(of_hosts && !(scans.is_empty() && maps.is_empty()), "report_refs")?;
    takes_no(of_hosts && ip_restriction.is_some(), "ip_restriction")?;
    takes_no(!of_hosts && hosts.ips.is_some(), "ips")?;
    takes_no(!of_hosts && !hosts.asset_groups.is_empty(), "asset_group_ids")?;
    takes_no(template.kind != TemplateKind::Map && domain.is_some(), "domain")?;
    match (template.kind, template.selection) {
        (TemplateKind::Scan, TemplateSelection::Automatic) => Ok(ReportSubject::Hosts { template_id, hosts }),
        (TemplateKind::Scan, TemplateSelection::Manual) => {
            takes_no(!maps.is_empty(), "report_refs")?;
            if scans.is_empty() {
                return needs("report_refs");
            }
            Ok(ReportSubject::Scans { template_id, scans, ips: ip_restriction })
        }
        (TemplateKind::Map, _) => {
            takes_no(!scans.is_empty(), "report_refs")?;
            let Some(domain) = domain else { return needs("domain") };
            if maps.is_empty() {
                return needs("report_refs");
            }
            if domain.is_none() && ip_restriction.is_none() {
                return needs("ip_restriction");
            }
            Ok(ReportSubject::Maps { template_id, domain, maps, ips: ip_restriction })
        }
        (TemplateKind::Patch, _) => Ok(ReportSubject::Patches { template_id, hosts }),
        (TemplateKind::Remediation, _) if format == ReportFormat::Csv => {
            Ok(ReportSubject::Tickets { template_id, hosts, own: own_tickets })
        }
        (TemplateKind::Remediation, _) => {
            Err(Error::ReportNotMade { what: "reports on tickets are made as csv" })
        }
        (TemplateKind::Compliance | TemplateKind::Policy, _) => Err(Error::ReportNotMade {
            what: "reports with templates of TEMPLATE_TYPE Scan, Map, Patch and Remediation are made",
        }),
    }
}

/// Lists that are longer than they may be.
fn check_subject(subject: &ReportSubject) -> Result<()> {
    let within = |length: usize, max: usize| {
        if length > max { Err(Error::TooManyTemplateItems { max }) } else { Ok(()) }
    };
    match subject {
        ReportSubject::Hosts { hosts, .. }
        | ReportSubject::Patches { hosts, .. }
        | ReportSubject::Tickets { hosts, .. } => within(hosts.asset_groups.len(), ASSET_GROUPS_MAX),
        ReportSubject::Scans { scans, .. } => within(scans.len(), SCANS_MAX),
        ReportSubject::Maps { maps, .. } => within(maps.len(), MAPS_MAX),
        ReportSubject::Scorecard { source: ScorecardSource::AssetGroups { titles }, .. } => {
            within(titles.len(), ASSET_GROUPS_MAX)
        }
        ReportSubject::Scorecard { .. } => Ok(()),
    }
}
