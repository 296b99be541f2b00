//! The calls there are: one row each. Tests walk this table, and so does the user guide.

use std::pin::Pin;
use std::time::Duration;

use palisade_app::{Actor, App};
use palisade_model::{Action, Resource};
use palisade_wire::{Arguments, Call, XmlWriter};

use crate::answer::Answer;
use crate::error::CallError;
use crate::example::Need;

/// What a handler is given.
#[derive(Debug)]
pub struct CallRequest {
    pub app: App,
    pub actor: Actor,
    pub arguments: Arguments,
    /// Scheme, host and port of this server as the client sees it.
    pub base_url: String,
    /// Interval of keep-alive comments.
    pub keep_alive: Duration,
    pub call: &'static Call,
}

impl CallRequest {
    /// Starts the call's document: declaration and document type.
    #[must_use]
    pub fn document(&self) -> XmlWriter {
        XmlWriter::document(self.call.root, &self.call.dtd.url(&self.base_url))
    }
}

/// What a handler gives.
pub type HandlerFuture = Pin<Box<dyn Future<Output = Result<Answer, CallError>> + Send>>;

/// A call: how it is declared, what it does, and which permission it needs.
#[derive(Debug)]
pub struct Row {
    pub call: &'static Call,
    pub handler: fn(CallRequest) -> HandlerFuture,
    /// The caller's role must permit one of these; the use case decides about the rest.
    pub permissions: &'static [(Action, Resource)],
    /// May be called before the terms are accepted.
    pub before_eula: bool,
    /// What has to be there before the example of the guide works; the tests make it.
    pub example_needs: &'static [Need],
}

impl Row {
    /// Lets the caller through to the parameters, or refuses.
    pub(crate) fn admit(&self, actor: &Actor) -> palisade_app::Result<()> {
        if self.before_eula { Ok(()) } else { admit(self.permissions, actor) }
    }

    /// The word for it in the activity log.
    pub(crate) fn module(&self) -> &'static str {
        module(self.permissions)
    }
}

/// Lets whoever has one of the permissions through, or refuses.
pub(crate) fn admit(permissions: &[(Action, Resource)], actor: &Actor) -> palisade_app::Result<()> {
    let mut refusal = Ok(());
    for (action, resource) in permissions {
        match actor.may(*action, *resource) {
            Ok(()) => return Ok(()),
            Err(error) => refusal = Err(error),
        }
    }
    refusal
}

/// The word of the activity log for what a permission is about.
pub(crate) fn module(permissions: &[(Action, Resource)]) -> &'static str {
    match permissions.first() {
        Some((_, Resource::Service)) | None => "service",
        Some((_, Resource::Appliance)) => "appliance",
        Some((_, Resource::Network)) => "network",
        Some((_, Resource::RestrictedIp)) => "restricted_ips",
        Some((_, Resource::VirtualHost)) => "vhost",
        Some((_, Resource::Account)) => "account",
        Some((_, Resource::ActivityLog)) => "activity",
        Some((_, Resource::AssetGroup)) => "asset_group",
        Some((_, Resource::AuthRecord)) => "auth",
        Some((_, Resource::AuthVault)) => "vault",
        Some((_, Resource::BusinessUnit)) => "business_unit",
        Some((_, Resource::ExcludedHost)) => "excluded_ip",
        Some((_, Resource::Host | Resource::HostVulnerability)) => "host",
        Some((_, Resource::Scan)) => "scan",
        Some((
            _,
            Resource::Report | Resource::ReportTemplate | Resource::ScanReport | Resource::MapReport,
        )) => "report",
        Some((_, Resource::Domain)) => "domain",
        Some((_, Resource::Map)) => "map",
        Some((_, Resource::KnowledgeBase)) => "knowledgebase",
        Some((_, Resource::OptionProfile | Resource::OptionProfileDocument)) => "option_profile",
        Some((_, Resource::ScheduledTask)) => "schedule",
        Some((_, Resource::SearchList)) => "search_list",
        Some((_, Resource::Ticket)) => "ticket",
        Some((_, Resource::User)) => "user",
    }
}

/// A row for a handler that is an `async fn`.
macro_rules! row {
    ($module:ident, $permissions:expr) => {
        Row {
            call: &crate::v1::$module::CALL,
            handler: |request| Box::pin(crate::v1::$module::handle(request)),
            permissions: $permissions,
            before_eula: false,
            example_needs: &[],
        }
    };
    ($module:ident, $permissions:expr, needs: $needs:expr) => {
        Row { example_needs: $needs, ..row!($module, $permissions) }
    };
}

/// A group that examples name.
const WEB_SERVERS: Need = Need::Call {
    script: "asset_group.php",
    parameters: &[("action", "add"), ("title", "Web servers"), ("host_ips", "192.0.2.4")],
};

/// All calls, by name.
pub static CALLS: &[Row] = &[
    row!(about, &[(Action::List, Resource::Service)]),
    Row { before_eula: true, ..row!(accept_eula, &[(Action::Edit, Resource::Account)]) },
    row!(action_log_report, &[(Action::List, Resource::ActivityLog)], needs: &[Need::User]),
    row!(asset_data_report, &[(Action::List, Resource::HostVulnerability)]),
    row!(asset_domain, &[(Action::Add, Resource::Domain), (Action::Edit, Resource::Domain)]),
    row!(asset_domain_list, &[(Action::List, Resource::Domain)]),
    row!(asset_group, &[(Action::Add, Resource::AssetGroup), (Action::Edit, Resource::AssetGroup)]),
    row!(asset_group_delete, &[(Action::Delete, Resource::AssetGroup)], needs: &[WEB_SERVERS]),
    row!(asset_group_list, &[(Action::List, Resource::AssetGroup)], needs: &[WEB_SERVERS]),
    row!(asset_ip, &[(Action::Add, Resource::Host), (Action::Edit, Resource::Host)]),
    row!(asset_ip_list, &[(Action::List, Resource::Host)]),
    row!(asset_range_info, &[(Action::List, Resource::HostVulnerability)]),
    row!(asset_search, &[(Action::List, Resource::HostVulnerability)]),
    row!(domain_list, &[(Action::List, Resource::Domain)]),
    row!(get_host_info, &[(Action::List, Resource::HostVulnerability)], needs: &[Need::SavedReport]),
    row!(get_tickets, &[(Action::List, Resource::Ticket)]),
    row!(group_list, &[(Action::List, Resource::AssetGroup)]),
    row!(ignore_vuln, &[(Action::Edit, Resource::Ticket)]),
    row!(ip_list, &[(Action::List, Resource::Host)]),
    row!(iscanner_list, &[(Action::List, Resource::Appliance)]),
    row!(knowledgebase_download, &[(Action::List, Resource::KnowledgeBase)]),
    row!(map_2, &[(Action::Launch, Resource::Map)]),
    row!(map, &[(Action::Launch, Resource::Map)]),
    row!(map_report, &[(Action::List, Resource::MapReport)], needs: &[Need::SavedMap]),
    row!(map_report_list, &[(Action::List, Resource::MapReport)]),
    row!(password_change, &[(Action::Edit, Resource::User)], needs: &[Need::User]),
    row!(report_template_list, &[(Action::List, Resource::ReportTemplate)]),
    row!(scan, &[(Action::Launch, Resource::Scan)]),
    row!(
        scan_cancel,
        &[(Action::Cancel, Resource::Scan), (Action::Cancel, Resource::Map)],
        needs: &[Need::RunningScan]
    ),
    row!(scan_options, &[(Action::List, Resource::OptionProfile)]),
    row!(scan_report, &[(Action::List, Resource::ScanReport)], needs: &[Need::SavedReport]),
    row!(
        scan_report_delete,
        &[(Action::Delete, Resource::ScanReport), (Action::Delete, Resource::MapReport)],
        needs: &[Need::SavedReport]
    ),
    row!(scan_report_list, &[(Action::List, Resource::ScanReport)]),
    row!(scan_reports_list, &[(Action::List, Resource::ScanReport)]),
    row!(
        scan_running_list,
        &[(Action::List, Resource::Scan), (Action::List, Resource::Map)],
        needs: &[Need::RunningScan]
    ),
    row!(scan_target_history, &[(Action::List, Resource::Scan)]),
    row!(
        scheduled_scans,
        &[
            (Action::List, Resource::ScheduledTask),
            (Action::Add, Resource::ScheduledTask),
            (Action::Edit, Resource::ScheduledTask),
            (Action::Delete, Resource::ScheduledTask),
        ]
    ),
    row!(ticket_delete, &[(Action::Delete, Resource::Ticket)]),
    row!(ticket_edit, &[(Action::Edit, Resource::Ticket)]),
    row!(ticket_list, &[(Action::List, Resource::Ticket)]),
    row!(ticket_list_deleted, &[(Action::Delete, Resource::Ticket)]),
    row!(time_zone_code_list, &[(Action::List, Resource::Service)]),
    row!(user, &[(Action::Add, Resource::User), (Action::Edit, Resource::User)]),
    row!(user_list, &[(Action::List, Resource::User)]),
];

/// Other names that clients call scripts by.
const ALIASES: &[(&str, &str)] = &[("time_zone_code.php", "time_zone_code_list.php")];

/// The row of a script.
#[must_use]
pub fn find(script: &str) -> Option<&'static Row> {
    let script = ALIASES.iter().find(|(alias, _)| *alias == script).map_or(script, |(_, script)| script);
    CALLS.iter().find(|row| row.call.script == script)
}
