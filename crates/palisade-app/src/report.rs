//! Saved results of scans.

use std::net::{IpAddr, Ipv4Addr};

use palisade_model::{Action, Finding, HostResult, IpSet, Resource, ScanRef, Timestamp};
use palisade_store::{ReportFilter, Scan, ScanHost};

use crate::actor::Actor;
use crate::app::App;
use crate::error::{Error, Result};
use crate::scan::ScanView;

/// Scans read from the store at a time.
const PAGE_SCANS: u32 = 200;
/// Most reports one call lists.
const REPORTS_MAX: usize = 10_000;
/// Most hosts of one page of results.
const PAGE_HOSTS_MAX: u32 = 1_000;
/// When an unsaved result counts as abandoned, and how many are forgotten with one launch.
const ABANDONED_AFTER_S: i64 = 86_400;
const ABANDONED_AT_ONCE: u32 = 10;

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
    /// IPv6 only where no server keeps the scan.
    pub address: IpAddr,
    pub name: Option<String>,
    pub os: Option<String>,
    pub os_cpe: Option<String>,
    pub netbios: Option<String>,
    /// Whether the host answered; when not, there are no findings.
    pub alive: bool,
    pub findings: Vec<Finding>,
}

impl App {
    /// Saved reports of ended scans within the caller's reach, newest first.
    pub async fn list_reports(&self, actor: &Actor, wanted: ListReports) -> Result<Vec<ScanView>> {
        let reach = actor.allow(Action::List, Resource::ScanReport)?.reach();
        let covers = |scan: &Scan| {
            wanted.target.as_ref().is_none_or(|target| target.difference(&scan.targets).is_empty())
        };
        let mut views = Vec::new();
        let mut filter = ReportFilter { since: wanted.since, before: None, limit: PAGE_SCANS };
        loop {
            let page = self.store().list_saved_scans(filter).await?;
            let Some(last) = page.last() else { return Ok(views) };
            filter.before = Some(last.id);
            for scan in page.into_iter().filter(|scan| reach.has_scan(scan) && covers(scan)) {
                views.push(self.view_scan(scan).await?);
                if wanted.last || views.len() >= REPORTS_MAX {
                    return Ok(views);
                }
            }
        }
    }

    /// One page of a scan's results, by address: at most `limit` (and 1,000) hosts after `after`.
    /// A running scan gives what it has so far.
    pub async fn report_hosts(
        &self,
        actor: &Actor,
        scan: &ScanRef,
        after: Option<Ipv4Addr>,
        limit: u32,
    ) -> Result<Vec<HostReport>> {
        let reach = actor.allow(Action::List, Resource::ScanReport)?.reach();
        let scan = self.find_scan(&reach, scan).await?;
        let hosts = self.store().list_scan_hosts(scan.id, after, limit.clamp(1, PAGE_HOSTS_MAX)).await?;
        Ok(hosts.into_iter().map(report).collect())
    }

    /// Deletes a saved report; the history of detections stays.
    pub async fn delete_report(&self, actor: &Actor, scan: &ScanRef) -> Result<()> {
        let reach = actor.allow(Action::Delete, Resource::ScanReport)?.reach();
        let found = self.find_scan(&reach, scan).await?;
        if !self.store().delete_scan(&found).await? {
            return Err(Error::ScanRunning);
        }
        self.record_done(actor, "report", "delete", scan.to_string()).await
    }

    /// Forgets unsaved results that nobody fetched within a day: their clients went away, or the
    /// server was killed between the answer and [`App::forget_unsaved`].
    pub(crate) async fn forget_abandoned(&self) -> Result<()> {
        let day_ago = Timestamp::from_second(self.clock().now().as_second() - ABANDONED_AFTER_S);
        let Ok(day_ago) = day_ago else { return Ok(()) };
        for scan in self.store().list_abandoned_scans(day_ago, ABANDONED_AT_ONCE).await? {
            self.store().delete_scan(&scan).await?;
        }
        Ok(())
    }

    /// Forgets the result of a scan that was not to be saved, once its answer is sent. Nothing
    /// happens when it was to be saved, or has not ended, or is gone.
    pub async fn forget_unsaved(&self, scan: &ScanRef) -> Result<()> {
        if let Some(found) = self.store().scan(scan).await?
            && !found.save_report
            && found.status.is_ended()
        {
            self.store().delete_scan(&found).await?;
        }
        Ok(())
    }
}

impl HostReport {
    /// The report of a host that was scanned without a server.
    #[must_use]
    pub fn of(result: &HostResult) -> Self {
        let facts = &result.facts;
        Self {
            address: facts.address,
            name: facts.name.clone(),
            os: facts.os.as_ref().map(|os| os.name.clone()),
            os_cpe: facts.os.as_ref().and_then(|os| os.cpe.clone()),
            netbios: facts.netbios_name().map(str::to_owned),
            alive: facts.alive,
            findings: result.findings.clone(),
        }
    }

    /// `None` for an IPv6 host.
    #[must_use]
    pub const fn ipv4(&self) -> Option<Ipv4Addr> {
        match self.address {
            IpAddr::V4(address) => Some(address),
            IpAddr::V6(_) => None,
        }
    }
}

fn report(host: ScanHost) -> HostReport {
    let ScanHost { ip, name, os, os_cpe, netbios_name, alive, timed_out: _, findings } = host;
    HostReport { address: ip.into(), name, os, os_cpe, netbios: netbios_name, alive, findings }
}
