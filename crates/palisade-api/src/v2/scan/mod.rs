//! `scan/`: vulnerability scans, from launch to result. The words for where a scan stands are here.
//!
//! Deliberately absent: launches by asset tags and in clouds, which this server does not have; their
//! parameters are unknown to it.

mod control;
mod fetch;
pub(crate) mod launch;
mod list;
pub mod stats;
pub mod summary;
mod table;

use palisade_app::Error as AppError;
use palisade_model::{Action, IpSet, Resource, ScanStatus};
use palisade_wire::{Parameter, ParameterKind};

use crate::error::CallError;
use crate::example::Need;
use crate::v2::registry::{OperationRow, operation};
use crate::v2::request::OperationRequest;

const SCAN_REF: Parameter =
    Parameter::new("scan_ref", ParameterKind::ScanRef, "scan/1400000000.10001", "The reference of the scan.");

/// What priorities are called.
const PRIORITIES: [&str; 10] = [
    "No Priority",
    "Emergency",
    "Ultimate",
    "Critical",
    "Major",
    "High",
    "Standard",
    "Medium",
    "Minor",
    "Low",
];

/// Who may end, pause, resume and delete scans.
const CONTROL_ROLES: &str =
    "Manager: any scan. Unit Manager: scans within the business unit. Scanner: own scans.";
const LIST_ROLES: &str =
    "Manager: all scans. Unit Manager: the business unit. Scanner and Reader: assigned asset groups.";

pub(crate) static ROWS: &[OperationRow] = &[
    operation!(
        control::CANCEL,
        control::cancel,
        &[(Action::Cancel, Resource::Scan)],
        needs: &[Need::RunningScan]
    ),
    operation!(
        control::DELETE,
        control::delete,
        &[(Action::Delete, Resource::Scan)],
        needs: &[Need::SavedReport]
    ),
    operation!(fetch::FETCH, fetch::fetch, &[(Action::List, Resource::ScanReport)], needs: &[Need::SavedReport]),
    operation!(launch::LAUNCH, launch::launch, &[(Action::Launch, Resource::Scan)]),
    operation!(list::LIST, list::list, &[(Action::List, Resource::Scan)]),
    operation!(
        control::PAUSE,
        control::pause,
        &[(Action::Cancel, Resource::Scan)],
        needs: &[Need::RunningScan]
    ),
    operation!(
        control::RESUME,
        control::resume,
        &[(Action::Cancel, Resource::Scan)],
        needs: &[Need::PausedScan]
    ),
];

/// Every word for where a scan stands. Results are loaded as they come, so that nothing is `Loading`.
const STATES: &[&str] = &["Running", "Paused", "Canceled", "Finished", "Error", "Queued", "Loading"];

/// Where a scan stands, in the words of version 2. What is on its way to a state is not there yet.
const fn state(status: ScanStatus) -> &'static str {
    match status {
        ScanStatus::Queued => "Queued",
        ScanStatus::Running | ScanStatus::Pausing | ScanStatus::Resuming | ScanStatus::Cancelling => {
            "Running"
        }
        ScanStatus::Paused => "Paused",
        ScanStatus::Finished | ScanStatus::NoHostAlive => "Finished",
        ScanStatus::Canceled => "Canceled",
        ScanStatus::Error => "Error",
    }
}

/// A priority as lists show it.
pub(crate) fn priority_text(priority: u8) -> String {
    let label = PRIORITIES.get(usize::from(priority)).copied().unwrap_or_default();
    format!("{priority} - {label}")
}

/// Addresses as lists show them, with a blank after each comma.
fn spaced(ips: &IpSet) -> String {
    spaced_text(&ips.to_string())
}

/// The same of addresses as they were written.
pub(crate) fn spaced_text(ips: &str) -> String {
    ips.split(',').map(str::trim).collect::<Vec<_>>().join(", ")
}

/// A fault of a use case about one scan; a scan out of sight is told by its reference.
fn about_scan(request: &OperationRequest, error: AppError) -> CallError {
    match error {
        AppError::UnknownScan => request.invalid(&SCAN_REF, "No such scan"),
        error => error.into(),
    }
}
