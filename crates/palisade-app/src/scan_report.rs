//! Reports made of the results of scans that somebody selects. They have the hosts and findings of
//! those results and nothing of the history: no status, no times before the scan. What is ignored
//! by now is shown, because it was found.
//!
//! Of a host that several of the scans looked at, the newest of them counts.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::Arc;

use palisade_model::report_template::FindingOrder;
use palisade_model::{Action, FindingKind, IpSet, Resource, ScanRef};
use palisade_store::{DetectionBatch, ScanHost, Store, TrackingMethod};
use tokio::sync::mpsc;

use crate::actor::Actor;
use crate::app::App;
use crate::asset_report::{AssetReport, HostRisk, ReportSummary, ReportedScan, shown_groups};
use crate::asset_report_piece::{ReportPiece, ReportedHostHead};
use crate::error::{Error, Result};
use crate::host::attributes_of;

/// Hosts read of each scan at a time.
const PAGE_HOSTS: u32 = 16;

impl App {
    /// Decides what a report of these scans is about. `ips`: only these hosts of them.
    pub(crate) async fn plan_scan_report(
        &self,
        actor: &Actor,
        template_id: i64,
        scans: &[ScanRef],
        ips: Option<&IpSet>,
    ) -> Result<AssetReport> {
        let reach = actor.allow(Action::List, Resource::ScanReport)?.reach();
        let template = self.usable_report_template(actor, template_id).await?;
        let mut found = Vec::new();
        for scan in scans {
            let scan = self.find_scan(&reach, scan).await?;
            if !scan.status.is_ended() {
                return Err(Error::ScanRunning);
            }
            found.push(scan);
        }
        found.sort_by_key(|scan| std::cmp::Reverse(scan.id));
        found.dedup_by_key(|scan| scan.id);
        let targets = found.iter().fold(IpSet::new(), |all, scan| all.union(&scan.targets));
        let target = ips.map_or(targets.clone(), |ips| targets.intersection(ips));
        if target.is_empty() {
            return Err(Error::NothingToReport);
        }
        let mut asset_groups: Vec<String> =
            found.iter().flat_map(|scan| scan.asset_groups.iter().cloned()).collect();
        asset_groups.sort_unstable();
        asset_groups.dedup();
        let groups = self.list_asset_groups(actor, None).await?;
        let content = template.content;
        let named = groups.iter().filter(|group| asset_groups.contains(&group.title));
        Ok(AssetReport {
            title: Some(template.title),
            impact: named.map(|group| group.business_impact).max().unwrap_or_default(),
            asset_groups,
            user_ips: ips.cloned(),
            target,
            lists: self.report_lists(&content).await?,
            selected: self.selected(&content).await?,
            found_since: self.found_since(&content),
            ranges: self.store().list_host_ranges().await?,
            groups: shown_groups(&content, &groups),
            scans: found
                .iter()
                .map(|scan| ReportedScan { id: scan.id, at: scan.ended_at.unwrap_or(scan.launched_at) })
                .collect(),
            content,
        })
    }

    /// The totals of a report made of scans: their results are read once for it.
    pub(crate) async fn summarise_scans(&self, report: &AssetReport) -> Result<ReportSummary> {
        let mut summary = ReportSummary::default();
        let (mut hosts, mut risks) = (0_u32, 0.0);
        let mut results = ScanResults::new(report);
        while let Some((host, _)) = results.next(self.store(), report).await? {
            summary.active += 1;
            let severities: Vec<u32> = host
                .findings
                .iter()
                .filter_map(|finding| report.selected.get(&finding.qid))
                .filter(|selected| selected.kind.is_detection() && selected.shows(false))
                .map(|selected| u32::from(selected.severity))
                .collect();
            let Some(vulnerabilities) = u32::try_from(severities.len()).ok().filter(|count| *count > 0)
            else {
                continue;
            };
            let security_risk = f64::from(severities.iter().sum::<u32>()) / f64::from(vulnerabilities);
            summary.vulnerabilities += u64::from(vulnerabilities);
            hosts += 1;
            risks += security_risk;
            if report.content.display.host_risks {
                summary.hosts.push(HostRisk { ip: host.ip, vulnerabilities, security_risk });
            }
        }
        Ok(summary.of_hosts(hosts, risks, report.impact))
    }
}

/// Reads the results of a report's scans, host by host, while others are written.
pub(crate) async fn read_scans(
    store: &Store,
    report: &AssetReport,
    sender: &mpsc::Sender<Result<Vec<ReportPiece>>>,
) -> Result<()> {
    let mut results = ScanResults::new(report);
    while let Some((host, scan)) = results.next(store, report).await? {
        if sender.send(Ok(vec![piece(report, host, scan)])).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// The results of several scans by address, each host once.
struct ScanResults {
    /// Each with its place among the report's scans: the first is the newest.
    queues: Vec<Queue>,
}

struct Queue {
    scan: usize,
    after: Option<Ipv4Addr>,
    hosts: VecDeque<ScanHost>,
    is_at_end: bool,
}

impl ScanResults {
    fn new(report: &AssetReport) -> Self {
        let queue = |scan| Queue { scan, after: None, hosts: VecDeque::new(), is_at_end: false };
        Self { queues: (0..report.scans.len()).map(queue).collect() }
    }

    /// The next host of the report's target that answered, and the place of the scan it is from.
    async fn next(&mut self, store: &Store, report: &AssetReport) -> Result<Option<(ScanHost, usize)>> {
        loop {
            for queue in &mut self.queues {
                queue.fill(store, report).await?;
            }
            let Some(ip) =
                self.queues.iter().filter_map(|queue| queue.hosts.front()).map(|host| host.ip).min()
            else {
                return Ok(None);
            };
            let mut newest = None;
            for queue in &mut self.queues {
                if queue.hosts.front().is_some_and(|host| host.ip == ip) {
                    let host = queue.hosts.pop_front().filter(|host| host.alive);
                    newest = newest.or(host.map(|host| (host, queue.scan)));
                }
            }
            if let Some(found) = newest.filter(|(host, _)| report.target.contains(host.ip)) {
                return Ok(Some(found));
            }
        }
    }
}

impl Queue {
    /// Reads on when nothing is left.
    async fn fill(&mut self, store: &Store, report: &AssetReport) -> Result<()> {
        let Some(scan) = report.scans.get(self.scan).filter(|_| self.hosts.is_empty() && !self.is_at_end)
        else {
            return Ok(());
        };
        let page = store.list_scan_hosts(scan.id, self.after, PAGE_HOSTS).await?;
        self.is_at_end = page.is_empty();
        self.after = page.last().map(|host| host.ip);
        self.hosts.extend(page);
        Ok(())
    }
}

fn piece(report: &AssetReport, host: ScanHost, scan: usize) -> ReportPiece {
    let ScanHost { ip, name, os, os_cpe, netbios_name, alive: _, timed_out: _, findings } = host;
    let at = report.scans.get(scan).map_or(palisade_model::Timestamp::UNIX_EPOCH, |scan| scan.at);
    let is_wanted = report.has_system(os.as_deref()) && report.found_since.is_none_or(|since| since <= at);
    let mut shown: Vec<_> = findings
        .into_iter()
        .filter(|_| is_wanted)
        .filter_map(|finding| {
            let selected = report.selected.get(&finding.qid).filter(|selected| selected.shows(false))?;
            Some((finding, selected.kind, selected.severity))
        })
        .collect();
    shown.sort_by_key(|(finding, kind, severity)| {
        let is_information = matches!(kind, FindingKind::Information | FindingKind::Service);
        let severity = std::cmp::Reverse(*severity);
        let (severity, port) = match report.order() {
            FindingOrder::Qid => (None, None),
            FindingOrder::Severity => (Some(severity), None),
            FindingOrder::Port => (None, finding.port),
        };
        (is_information, severity, port, finding.qid, finding.port)
    });
    let groups = report.groups.iter().filter(|(_, ips)| ips.contains(ip));
    let head = ReportedHostHead {
        id: None,
        ip,
        tracking: attributes_of(&report.ranges, ip).map_or(TrackingMethod::Ip, |known| known.tracking),
        dns: name,
        netbios: netbios_name,
        os,
        os_cpe,
        asset_groups: groups.map(|(title, _)| title.clone()).collect(),
    };
    ReportPiece {
        host: Arc::new(head),
        ends: true,
        services: Arc::default(),
        batch: Arc::new(DetectionBatch::default()),
        shown: Vec::new(),
        information: shown.into_iter().map(|(finding, kind, _)| (finding, kind)).collect(),
        information_at: at,
    }
}
