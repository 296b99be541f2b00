//! Saved results of scans.

use std::net::Ipv4Addr;

use palisade_model::{Finding, IpSet, ScanRef, Timestamp};

use crate::actor::Actor;
use crate::app::App;
use crate::error::Result;
use crate::scan::ScanView;

/// Which saved reports are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListReports {
    /// Only the newest one.
    pub last: bool,
    /// Only scans that had all these addresses among their targets.
    pub target: Option<IpSet>,
    /// Only scans launched at this time or later.
    pub since: Option<Timestamp>,
}

/// What a scan found on one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostReport {
    pub address: Ipv4Addr,
    pub name: Option<String>,
    pub os: Option<String>,
    pub os_cpe: Option<String>,
    pub netbios: Option<String>,
    /// Whether the host answered; when not, there are no findings.
    pub alive: bool,
    pub findings: Vec<Finding>,
}

impl App {
    /// Saved reports of ended scans, newest first.
    pub async fn list_reports(&self, actor: &Actor, wanted: ListReports) -> Result<Vec<ScanView>> { todo!() }
    /// One page of a scan's results, by address.
    pub async fn report_hosts(&self, actor: &Actor, scan: &ScanRef, after: Option<Ipv4Addr>, limit: u32) -> Result<Vec<HostReport>> { todo!() }
    /// Deletes a saved report.
    pub async fn delete_report(&self, actor: &Actor, scan: &ScanRef) -> Result<()> { todo!() }
    /// Forgets the result of a scan that was not to be saved.
    pub async fn forget_unsaved(&self, scan: &ScanRef) -> Result<()> { todo!() }
}
