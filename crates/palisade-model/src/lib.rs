//! The vocabulary of Palisade and its rules: addresses, QIDs, scans, detections, roles, facts.
//!
//! Pure: no sockets, no SQL, no HTTP, no XML, no async runtime. Everything above uses these
//! words; nothing here knows who uses them. The clock and the source of randomness are traits
//! here so that time-dependent behaviour is tested without sleeping.

pub mod appliance;
pub mod asset_group;
pub mod auth_record;
pub mod business_unit;
pub mod clock;
pub mod cpe;
pub mod custom_vulnerability;
pub mod cve;
pub mod detection;
pub mod dns_name;
pub mod domain;
pub mod fact;
pub mod feed;
pub mod finding;
pub mod host_name;
pub mod ip6_set;
pub mod ip_set;
pub mod map;
pub mod map_ref;
pub mod number_set;
pub mod option_profile;
pub mod osv;
pub mod permission;
pub mod port_set;
pub mod qid;
pub mod remediation;
pub mod report_job;
pub mod report_template;
pub mod role;
pub mod scan;
pub mod scan_header;
pub mod scan_ref;
pub mod schedule;
pub mod search_list;
pub mod ticket;
pub mod time_zone;
pub mod user;
pub mod user_profile;
pub mod version;
pub mod virtual_host;
mod words;

pub use appliance::ApplianceName;
pub use asset_group::{AssetGroupTitle, BusinessImpact, Environment, EnvironmentLevel};
pub use auth_record::{RecordContent, RecordKind, Secrets, SignIn};
pub use business_unit::BusinessUnitTitle;
pub use clock::{Clock, IdSource, ManualClock, SeededIds, SystemClock, SystemIds};
pub use cpe::CpeName;
pub use custom_vulnerability::CustomVulnerability;
pub use cve::{Cve, CveId};
pub use detection::{DetectionEvent, DetectionStatus, Observation};
pub use domain::{DomainName, NotADomain};
pub use fact::{HostFacts, PortFacts, Transport};
pub use feed::FeedKind;
pub use finding::{Finding, FindingKind, HostResult};
pub use ip_set::{IpRange, IpSet, IpSetError};
pub use ip6_set::{Ip6Set, Ip6SetError};
pub use map::{Discovery, MapHost, MapNameServer, MapPort, MapResult, MapTarget, NotAMapTarget};
pub use map_ref::MapRef;
pub use number_set::NumberSet;
pub use option_profile::OptionProfile;
pub use permission::{NotAPermission, Permission, Permissions};
pub use port_set::PortSet;
pub use qid::{Qid, Severity};
pub use remediation::{Assignee, PolicyAction, PolicyRule};
pub use report_job::{
    HostChoice, ReportFormat, ReportKind, ReportState, ReportSubject, ScheduledReport, Scorecard,
    TicketGrouping,
};
pub use report_template::{
    FindingOrder, HostTemplate, Levels, TemplateFamily, TemplateKind, TemplateSelection,
};
pub use role::{Action, Resource, Role, Scope};
pub use scan::ScanStatus;
pub use scan_header::ScanHeader;
pub use scan_ref::ScanRef;
pub use schedule::notify::{BeforeLaunch, LeadUnit, Notifications};
pub use schedule::{MonthDay, Occurrence, RunPause, Schedule, ScheduleZone, WeekOfMonth, Weekdays};
pub use search_list::{SearchCriteria, SearchListContent};
pub use ticket::{RequestedState, TicketState};
pub use time_zone::{ClockRule, TimeZoneCode};
pub use user::{Login, UserStatus};
pub use user_profile::{InterfaceStyle, UserEdit, UserProfile};
pub use virtual_host::{NotAVirtualName, VirtualHost, VirtualName};

/// A point in time, UTC.
pub use jiff::Timestamp;
/// A day of the calendar, wherever it is.
pub use jiff::civil::Date;
