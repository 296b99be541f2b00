//! Launching a scan.

use palisade_model::{IpSet, Qid, ScanRef};
use palisade_store::LaunchType;

use crate::actor::Actor;
use crate::app::App;
use crate::error::Result;

/// A scan to be launched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchScan {
    pub targets: IpSet,
    /// The targets as the client wrote them.
    pub target_text: String,
    pub excluded: IpSet,
    pub title: Option<String>,
    /// Title of the option profile; the default one when `None`.
    pub option: Option<String>,
    /// Whether the result is kept for later calls.
    pub save_report: bool,
    /// Only these QIDs; all when `None`.
    pub specific_vulns: Option<Vec<Qid>>,
    pub launched_by: LaunchType,
}

impl App {
    /// Launches a scan.
    pub async fn launch_scan(&self, actor: &Actor, launch: LaunchScan) -> Result<ScanRef> { todo!() }
}
