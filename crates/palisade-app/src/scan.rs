//! Scans: how far they are, and their cancellation.

use palisade_engine::Stage;
use palisade_model::{IpSet, Login, ScanRef, ScanStatus, Timestamp};
use palisade_store::LaunchType;

use crate::actor::Actor;
use crate::app::App;
use crate::error::Result;

/// A scan as its users see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanView {
    pub scan: ScanRef,
    pub title: String,
    /// The targets as the client wrote them.
    pub target_text: String,
    pub targets: IpSet,
    pub status: ScanStatus,
    pub launched_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub user: Login,
    pub launch_type: LaunchType,
    pub save_report: bool,
    pub option_title: String,
    pub option_is_default: bool,
    /// The option profile in one line, for people.
    pub options_text: String,
    pub hosts_total: u64,
    pub hosts_done: u64,
    pub hosts_alive: u64,
    /// The earliest stage any slice is in; `None` unless a scanner is at work.
    pub stage: Option<Stage>,
    /// Findings so far.
    pub findings: u64,
    /// Work units; comparable with each other only.
    pub work_done: u64,
    pub work_total: u64,
    /// Estimated from the work done so far; `None` as long as there is nothing to go by.
    pub seconds_left: Option<u64>,
    pub scanner_name: String,
}

impl App {
    /// One scan.
    pub async fn scan(&self, actor: &Actor, scan: &ScanRef) -> Result<ScanView> { todo!() }
    /// Scans that have not ended, oldest first.
    pub async fn list_running(&self, actor: &Actor) -> Result<Vec<ScanView>> { todo!() }
    /// Cancels a scan.
    pub async fn cancel_scan(&self, actor: &Actor, scan: &ScanRef) -> Result<()> { todo!() }
}
