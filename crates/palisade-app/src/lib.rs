//! The use cases and their permissions.
//!
//! Every call takes the [`Actor`] who asks, turns the question "may they?" into a `Permit` and
//! consumes it; so a use case without a decision does not compile. Nothing here knows of HTTP,
//! XML or SQL text. Time and randomness come from the [`palisade_model::Clock`] and
//! [`palisade_model::IdSource`] that [`App::new`] is handed.

mod account;
mod activity;
mod actor;
mod app;
mod appliance;
mod asset_group;
mod asset_report;
mod asset_report_count;
mod asset_report_piece;
mod asset_search;
mod auth_record;
mod auth_vault;
mod authentication;
mod business_unit;
mod community_template;
mod detection_list;
mod domain;
mod error;
mod excluded_host;
mod feed;
mod host;
mod host_info;
mod host_list;
mod host_selection;
mod host_steps;
mod ignore;
mod knowledge_base;
mod launch;
mod limits;
mod mail_queue;
mod mail_server;
mod map;
mod map_launch;
mod map_lease;
mod network;
mod option_profile;
mod outbox;
mod password;
mod password_change;
mod policy;
mod profile_lists;
mod report;
mod report_job;
mod report_making;
mod report_plan;
mod report_schedule;
mod report_template;
mod restricted_ip;
mod scan;
mod scan_list;
mod scan_options;
mod scan_report;
mod scan_summary;
mod scheduled_task;
mod scheduler;
mod sealed;
mod search_list;
mod service;
mod session;
mod sign_in;
mod slice;
mod target_history;
mod task_course;
mod throttle;
mod ticket;
mod ticket_edit;
mod user;
mod version_match;
mod virtual_host;

pub use account::{NewAccount, NewUser, UserView};
pub use activity::{ActivityEntry, ActivityQuery, ActivityView, ReportActivity, ReportedActivity};
pub use actor::{Actor, UnitOfActor};
pub use app::{App, Config};
pub use appliance::{
    APPLIANCES_MAX, ApplianceView, AskedScanners, CreateAppliance, CreatedAppliance, GroupApplianceView,
    UpdateAppliance,
};
pub use asset_group::{AddAssetGroup, AssetGroupView, EditAssetGroup, GroupOwner};
pub use asset_report::{AssetReport, HostRisk, ReportLists, ReportSummary, WantedReport};
pub use asset_report_piece::{ReportPiece, ReportedFinding, ReportedHostHead};
pub use asset_search::{AssetOrder, AssetSearch, FoundAsset, FoundAssets, LastScan, SearchAssets, TextMatch};
pub use auth_record::{AuthRecordView, CreateAuthRecord, ListAuthRecords, PasswordFrom, UpdateAuthRecords};
pub use auth_vault::{AuthVaultView, CreateAuthVault, UpdateAuthVault};
pub use authentication::LoginRefused;
pub use business_unit::{Authority, BusinessUnitView};
pub use community_template::{TemplateImportError, TemplatesImported, template_entry};
pub use detection_list::{
    DetectionList, DetectionPage, DetectionPiece, ListDetections, ListedFinding, SearchListsOf,
};
pub use domain::DomainView;
pub use error::{Error, Result};
pub use excluded_host::ExclusionView;
pub use feed::{FeedError, FeedImported};
pub use host::{AddHosts, EditHosts, HostListing, HostView, ListHosts, OwnerView};
pub use host_info::{HostInfo, HostKey};
pub use host_list::{HostEntry, HostList, HostPage};
pub use host_selection::{SelectHosts, SystemPattern};
pub use ignore::{IgnoreOn, IgnoreUntil, IgnoreVulnerabilities};
pub use knowledge_base::{EditVulnerability, ListVulnerabilities};
pub use launch::LaunchScan;
pub use limits::{Admission, LimitReached, LimitStatus, Limits, Slot};
pub use mail_server::{MailSecurity, MailServer, MailServerError};
pub use map::{ListMapReports, MapView};
pub use map_launch::LaunchMap;
pub use network::{GLOBAL_NETWORK, NetworkView};
pub use option_profile::{OptionProfileView, shipped_option_profiles};
pub use outbox::check_address;
pub use palisade_store::{
    ActivityMark, ActivityUser, AssignedUser, Between, CveKnowledge, DeletedTicket, DistributionGroup,
    ExcludedHosts, ExclusionChange, FeedState, GroupApplianceEdit, GroupNetwork, GroupTexts,
    IgnoredDetection, LaunchType, ListedDetection, ReportJob, RestrictedIps, ScanMark, SearchList,
    StoredMapHost, TaskKind, TaskScanner, Ticket, TicketChange, TrackingMethod,
};
pub use password::MasterKey;
pub use password_change::{PasswordChanges, PasswordKept, PasswordsOf};
pub use policy::PolicyView;
pub use report::{HostReport, ListReports};
pub use report_job::{FetchedReport, LaunchReport, ListReportJobs, ReportOrder};
pub use report_making::ReportTask;
pub use report_plan::{MapPlan, ReportPlan, ScorecardPlan, ScoredGroup, TicketPlan};
pub use report_schedule::{AddReportSchedule, ReportScheduleView};
pub use report_template::{ChooseTemplate, ReportTemplateView, TemplateOwner};
pub use restricted_ip::RestrictedIpChange;
pub use scan::ScanView;
pub use scan_list::{ListScans, ListedScan, ScanPage, ScanStatistics};
pub use scan_options::{EditScanOptions, ScanOptionsView, ScanPortsView};
pub use scan_summary::{ScanSummary, Unscanned, UnscannedHosts, WantedSummary};
pub use scheduled_task::{AddTask, ListTasks, TASK_TITLE_CHARACTERS_MAX, TaskView};
pub use search_list::{AddSearchList, EditSearchList, SearchListView};
pub use service::About;
pub use session::SessionToken;
pub use slice::InProcessLink;
pub use target_history::{ListTargetHistory, TargetHistory, TargetedScan, TitleFilter};
pub use ticket::{ListDeletedTickets, PersonView, TicketPage, TicketSelection, TicketView};
pub use ticket_edit::{EditTickets, TicketSkipped, TicketsEdited};
pub use user::{CreateUser, ListUsers, ListedUser};
pub use virtual_host::{VirtualHostChange, VirtualHostPlace};
