//! The vocabulary of Palisade and its rules: addresses, QIDs, scans, detections, roles, facts.
//!
//! Pure: no sockets, no SQL, no HTTP, no XML, no async runtime. Everything above uses these
//! words; nothing here knows who uses them. The clock and the source of randomness are traits
//! here so that time-dependent behaviour is tested without sleeping.

pub mod asset_group;
pub mod clock;
pub mod detection;
pub mod fact;
pub mod finding;
pub mod ip_set;
pub mod number_set;
pub mod option_profile;
pub mod port_set;
pub mod qid;
pub mod remediation;
pub mod role;
pub mod scan;
pub mod scan_ref;
pub mod ticket;
pub mod time_zone;
pub mod user;
pub mod user_profile;

pub use asset_group::{AssetGroupTitle, BusinessImpact, Environment, EnvironmentLevel};
pub use clock::{Clock, IdSource, ManualClock, SeededIds, SystemClock, SystemIds};
pub use detection::{DetectionEvent, DetectionStatus, Observation};
pub use fact::{HostFacts, PortFacts, Transport};
pub use finding::{Finding, FindingKind, HostResult};
pub use ip_set::{IpRange, IpSet, IpSetError};
pub use number_set::NumberSet;
pub use option_profile::OptionProfile;
pub use port_set::PortSet;
pub use qid::{Qid, Severity};
pub use remediation::{Assignee, PolicyAction, PolicyRule};
pub use role::{Action, Resource, Role, Scope};
pub use scan::ScanStatus;
pub use scan_ref::ScanRef;
pub use ticket::{RequestedState, TicketState};
pub use time_zone::{ClockRule, TimeZoneCode};
pub use user::{Login, UserStatus};
pub use user_profile::{InterfaceStyle, UserEdit, UserProfile};

/// A point in time, UTC.
pub use jiff::Timestamp;
