//! The hosts of a report on hosts, as they are sent: piece by piece, read ahead while the piece
//! before is written.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use palisade_model::report_template::FindingOrder;
use palisade_model::{DetectionStatus, Finding, FindingKind, Qid, Timestamp, Transport};
use palisade_store::{BatchedDetection, DetectionBatch, DetectionKey, ReportedHost, Store, TrackingMethod};
use tokio::sync::mpsc;

use crate::app::App;
use crate::asset_report::{AssetReport, Scores};
use crate::error::Result;
use crate::host_steps::HostSteps;
use crate::scan_report::read_scans;

/// Hosts read at a time: some thousand detections, usually.
const PAGE_HOSTS: u32 = 64;
/// Pages read ahead.
const PAGES_AHEAD: usize = 2;

/// Services by port.
pub(crate) type Services = Vec<(u16, Transport, String)>;

/// How a host is named in a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedHostHead {
    /// `None` unless the template shows it.
    pub id: Option<i64>,
    pub ip: Ipv4Addr,
    pub tracking: TrackingMethod,
    pub dns: Option<String>,
    pub netbios: Option<String>,
    pub os: Option<String>,
    pub os_cpe: Option<String>,
    /// Titles of the groups it is in.
    pub asset_groups: Vec<String>,
}

/// A host with its findings, or with some of very many.
#[derive(Debug)]
pub struct ReportPiece {
    pub host: Arc<ReportedHostHead>,
    /// Whether the host ends with this piece.
    pub ends: bool,
    pub(crate) services: Arc<Services>,
    pub(crate) batch: Arc<DetectionBatch>,
    /// Places in the batch of what is shown, in its order.
    pub(crate) shown: Vec<(usize, FindingKind, Option<Arc<Scores>>)>,
    pub(crate) information: Vec<(Finding, FindingKind)>,
    pub(crate) information_at: Timestamp,
}

/// One finding of a report. What is `None` information does not have.
#[derive(Debug)]
pub struct ReportedFinding<'a> {
    pub qid: Qid,
    pub kind: FindingKind,
    pub port: Option<(u16, Transport)>,
    pub service: Option<&'a str>,
    pub tls: bool,
    pub result: &'a str,
    pub result_is_table: bool,
    pub first_found_at: Option<Timestamp>,
    pub last_found_at: Timestamp,
    pub times_found: Option<u64>,
    pub status: Option<DetectionStatus>,
    pub last_fixed_at: Option<Timestamp>,
    /// The temporal or else the base score.
    pub cvss: Option<&'a str>,
    /// The same of version 3.
    pub cvss3: Option<&'a str>,
}

impl ReportPiece {
    /// What it shows: vulnerabilities, then information.
    pub fn findings(&self) -> impl Iterator<Item = ReportedFinding<'_>> {
        let detections = self.shown.iter().filter_map(|(place, kind, scores)| {
            let detection = self.batch.entries().get(*place)?;
            Some(self.detection(detection, *kind, scores.as_deref()))
        });
        detections.chain(self.information.iter().map(|(finding, kind)| self.gathered(finding, *kind)))
    }

    fn detection<'a>(
        &'a self,
        detection: &'a BatchedDetection,
        kind: FindingKind,
        scores: Option<&'a Scores>,
    ) -> ReportedFinding<'a> {
        ReportedFinding {
            qid: detection.key.qid,
            kind,
            port: detection.key.port,
            service: self.service(detection.key.port),
            tls: detection.tls,
            result: self.batch.result(detection),
            result_is_table: detection.result_is_table,
            first_found_at: Some(detection.first_found_at),
            last_found_at: detection.last_found_at,
            times_found: Some(detection.times_found),
            status: Some(detection.status),
            last_fixed_at: detection.last_fixed_at,
            cvss: scores.and_then(|scores| scores.cvss.as_deref()),
            cvss3: scores.and_then(|scores| scores.cvss3.as_deref()),
        }
    }

    fn gathered<'a>(&'a self, finding: &'a Finding, kind: FindingKind) -> ReportedFinding<'a> {
        let port = DetectionKey::of(finding).port;
        ReportedFinding {
            qid: finding.qid,
            kind,
            port,
            service: self.service(port),
            tls: finding.tls,
            result: &finding.result,
            result_is_table: finding.table,
            first_found_at: None,
            last_found_at: self.information_at,
            times_found: None,
            status: None,
            last_fixed_at: None,
            cvss: None,
            cvss3: None,
        }
    }

    fn service(&self, port: Option<(u16, Transport)>) -> Option<&str> {
        let (port, transport) = port?;
        let known = self.services.iter().find(|(number, over, _)| (*number, *over) == (port, transport));
        known.map(|(.., service)| service.as_str())
    }
}

impl App {
    /// The hosts of the report in pages of pieces, by address; also those without a finding that is
    /// wanted. Reading stops when the receiver is dropped; an error is the last thing it gives.
    #[must_use]
    pub fn asset_report_pieces(&self, report: Arc<AssetReport>) -> mpsc::Receiver<Result<Vec<ReportPiece>>> {
        let (sender, receiver) = mpsc::channel(PAGES_AHEAD);
        let store = self.store().clone();
        tokio::spawn(async move {
            let read = if report.scans.is_empty() {
                read_ahead(&store, &report, &sender).await
            } else {
                read_scans(&store, &report, &sender).await
            };
            if let Err(error) = read {
                // Nobody is left to be told when the receiver is gone.
                let _ = sender.send(Err(error)).await;
            }
        });
        receiver
    }
}

async fn read_ahead(
    store: &Store,
    report: &Arc<AssetReport>,
    sender: &mpsc::Sender<Result<Vec<ReportPiece>>>,
) -> Result<()> {
    let Some(bounds) = report.bounds() else { return Ok(()) };
    let reader = (store.clone(), Arc::clone(report));
    let mut steps = HostSteps::new(store, bounds, PAGE_HOSTS, move |after, end| {
        let (store, report) = reader.clone();
        async move {
            let page = store.list_reported_hosts(after, end, u32::MAX, report.beside_open()).await?;
            let information = match (page.first(), page.last()) {
                (Some(first), Some(last)) => information_of(&store, &report, first.ip, last.ip).await?,
                _ => HashMap::new(),
            };
            Ok((page, information))
        }
    });
    while let Some((page, mut information)) = steps.next().await? {
        let mut pieces = Vec::with_capacity(page.len());
        for mut host in page.into_iter().filter(|host| report.target.contains(host.ip)) {
            if !report.has_system(host.os.as_deref()) {
                host.detections = DetectionBatch::default();
                information.remove(&host.ip);
            }
            let head = Arc::new(report.head(&host));
            let services = Arc::new(std::mem::take(&mut host.services));
            let ReportedHost { id, ip, detections: mut batch, .. } = host;
            while let Some(last) = batch.next() {
                let next = store.list_detections_after(id, Some(last), report.beside_open()).await?;
                let full = std::mem::replace(&mut batch, next.unpack()?);
                pieces.push(piece(report, &head, &services, full, None));
                if sender.send(Ok(std::mem::take(&mut pieces))).await.is_err() {
                    return Ok(());
                }
            }
            let gathered = information.remove(&ip).unwrap_or_default();
            pieces.push(piece(report, &head, &services, batch, Some(gathered)));
        }
        if sender.send(Ok(pieces)).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// Information of one host and when it was gathered.
type Gathered = (Vec<(Finding, FindingKind)>, Timestamp);

async fn information_of(
    store: &Store,
    report: &AssetReport,
    first: Ipv4Addr,
    last: Ipv4Addr,
) -> Result<HashMap<Ipv4Addr, Gathered>> {
    if !report.selected.values().any(|selected| !selected.kind.is_detection()) {
        return Ok(HashMap::new());
    }
    let latest = store.list_latest_findings(first, last).await?;
    let gathered = latest.into_iter().filter(|(.., at)| report.found_since.is_none_or(|since| since <= *at));
    Ok(gathered
        .map(|(ip, findings, at)| {
            let shown = findings.into_iter().filter_map(|finding| {
                let kind = report.selected.get(&finding.qid)?.kind;
                (!kind.is_detection()).then_some((finding, kind))
            });
            (ip, (shown.collect(), at))
        })
        .collect())
}

fn piece(
    report: &AssetReport,
    host: &Arc<ReportedHostHead>,
    services: &Arc<Services>,
    batch: DetectionBatch,
    gathered: Option<Gathered>,
) -> ReportPiece {
    let mut shown = Vec::with_capacity(batch.entries().len());
    shown.extend(batch.entries().iter().enumerate().filter_map(|(place, entry)| {
        let selected = report.wants(entry)?;
        Some((place, selected.kind, selected.severity, selected.scores.clone(), entry.key))
    }));
    match report.order() {
        FindingOrder::Qid => {}
        FindingOrder::Severity => shown.sort_by_key(|(_, _, severity, ..)| Reverse(*severity)),
        FindingOrder::Port => shown.sort_by_key(|(.., key)| key.port.map(|(port, _)| port)),
    }
    let ends = gathered.is_some();
    let (information, information_at) = gathered.unwrap_or_default();
    ReportPiece {
        host: Arc::clone(host),
        ends,
        services: Arc::clone(services),
        shown: shown.into_iter().map(|(place, kind, _, scores, _)| (place, kind, scores)).collect(),
        batch: Arc::new(batch),
        information,
        information_at,
    }
}
