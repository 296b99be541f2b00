//! What is known: SQLite and PostgreSQL, one set of queries.
//!
//! One module an aggregate; each adds its operations to [`Store`]. Every operation is one
//! transaction. What differs between the databases stands in `dialect` and nowhere else. The
//! store knows the vocabulary's state machines and no permissions: who may is the business of
//! the use cases above it. No HTTP, no XML here.
//!
//! Where operations lock rows (PostgreSQL), they do it in one order everywhere: subscription, a
//! scheduled task, its run, a slice, hosts (by id), detections and tickets, scan. No operation locks
//! two slices or two scans; the tickets of a host are changed only by whoever holds the host. The rows of the API
//! limits are locked by operations of their own, which lock nothing else; so are those of feeds.

mod activity;
mod appliance;
mod asset_group;
mod auth_record;
mod auth_vault;
mod business_unit;
mod custom_vulnerability;
mod cve;
mod detection;
mod dialect;
mod distribution_group;
mod document;
mod domain;
mod error;
mod excluded_host;
mod feed;
mod feed_rows;
mod host;
mod host_port;
mod host_report;
mod host_weight;
mod ignored;
mod intake;
mod launch_basis;
mod limits;
mod listed_detection;
mod listed_host;
mod mail;
mod map;
mod map_lease;
mod migration;
mod network;
mod open_count;
mod option_profile;
mod packed;
mod partial_host;
mod policy;
mod purge;
mod reach;
mod report_document;
mod report_job;
mod report_lease;
mod report_template;
mod restricted_ip;
mod row;
mod scan;
mod scan_list;
mod scan_status;
mod scan_target;
mod scheduled_course;
mod scheduled_report;
mod scheduled_run;
mod scheduled_task;
mod search_list;
mod session;
mod slice;
mod statement;
mod store;
mod subscription;
mod template_qid;
mod ticket;
mod ticket_edit;
mod ticket_intake;
mod ticket_write;
mod user;
mod user_profile;
mod virtual_host;

pub use activity::{Activity, ActivityFilter, ActivityMark, ActivityOfUser, ActivitySpan, ActivityUser};
pub use appliance::{Appliance, GroupAppliance, GroupApplianceEdit, Replacing};
pub use asset_group::{
    AssetGroup, AssetGroupEdit, AssignedUser, GroupDeleted, GroupEdited, GroupTexts, NewAssetGroup,
};
pub use auth_record::{AuthRecord, RecordChanges};
pub use auth_vault::AuthVault;
pub use business_unit::{BusinessUnit, Released, UnitDeleted};
pub use cve::{CveKnowledge, KnowledgeOfCves};
pub use detection::{Detection, DetectionKey};
pub use distribution_group::DistributionGroup;
pub use domain::Domain;
pub use error::{Error, Result};
pub use excluded_host::{ExcludedHosts, ExclusionChange};
pub use feed::{FeedImport, FeedState, IMPORT_KEPT_S, Imported};
pub use host::Host;
pub use host_port::HostPort;
pub use host_report::{
    BATCH_DETECTIONS, BatchedDetection, BesideOpen, DetectionBatch, LatestFindings, PackedDetections,
    PackedHosts, ReportedHost, SearchedHost,
};
pub use host_weight::Weight;
pub use ignored::{DetectionsOf, IgnoreOutcome, IgnoredDetection, Ignoring};
pub use intake::{Delivery, DetectionCounts, Intake};
pub use launch_basis::LaunchBasis;
pub use limits::{CallEntry, CallLimits};
pub use listed_detection::{DETECTION_HOSTS, DetectionQuery, ListedDetection, ListedDetections, Reopened};
pub use listed_host::{Between, HostQuery, ListedHost};
pub use mail::QueuedMail;
pub use map::{Map, MapFilter, NewMap, NewMaps, StoredMapHost};
pub use map_lease::MapHolding;
pub use network::{GroupNetwork, Network};
pub use open_count::OpenCount;
pub use option_profile::{ProfileDeleted, ProfileEdited, ProfileUser, StoredProfile};
pub use packed::SharedText;
pub use partial_host::PartialHostRow;
pub use policy::Policy;
pub use reach::Reach;
pub use report_job::{NewReport, ReportJob, ReportLaunched, ReportLimits};
pub use report_lease::ReportHolding;
pub use report_template::{ReportTemplate, TemplateChoice};
pub use restricted_ip::RestrictedIps;
pub use scan::{LaunchType, Launched, NewScan, ReportFilter, Scan, ScanHost};
pub use scan_list::{ScanMark, ScanSpan};
pub use scan_status::Cancelled;
pub use scan_target::ScanTarget;
pub use scheduled_course::{DueTurn, RunCourse, TaskNotice, Turned};
pub use scheduled_run::{RunRef, RunStopped, Started, TaskRun, Upcoming};
pub use scheduled_task::{
    NewTask, TASK_USER_KIND, Task, TaskEdit, TaskKind, TaskOrder, TaskScanner, TaskStart,
};
pub use search_list::{PROFILE_USER_KIND, SearchList, SearchListDeleted, SearchListUse, TEMPLATE_USER_KIND};
pub use session::{NewSession, Session};
pub use slice::{Holding, LeasedSlice, Progress, SLICE_ATTEMPTS_MAX, SLICE_RESTARTS_MAX};
pub use store::Store;
pub use subscription::{
    AttributeEdit, GroupHostsAdded, HostAttributes, HostRange, RANGES_MAX, TrackingMethod,
};
pub use ticket::{DeletedTicket, Ticket, TicketChange, TicketQuery};
pub use ticket_edit::{TicketEdit, TicketEdited};
pub use ticket_intake::Remedy;
pub use user::{NewUser, User};
