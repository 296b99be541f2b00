//! The totals of a report on hosts, counted before it is written: they stand in its head.

use std::net::Ipv4Addr;
use std::pin::pin;

use futures_util::{StreamExt as _, stream};
use palisade_model::report_template::business_risk;
use palisade_model::{BusinessImpact, DetectionStatus, Qid};

use crate::app::App;
use crate::asset_report::{AssetReport, Bounds, HostRisk, ReportSummary};
use crate::error::Result;
use crate::host_steps::{HostSteps, READS_AT_ONCE};

/// Hosts whose weights are read at a time.
const PAGE_WEIGHTS: u32 = 1_000;
/// Ids of hosts whose open detections are counted at a time.
const WINDOW_IDS: i64 = 8_192;
/// So many times as long it takes to count the detections of a host one by one.
const TIMES_SLOWER: u64 = 4;

/// Totals that are being added up.
struct Totals<'a> {
    report: &'a AssetReport,
    summary: ReportSummary,
    hosts: u32,
    risks: f64,
}

impl App {
    /// Counts what a report will show; `None` when its template shows no totals.
    pub async fn summarise_asset_report(&self, report: &AssetReport) -> Result<Option<ReportSummary>> {
        let display = &report.content.display;
        if !(display.summary || display.host_risks) {
            return Ok(None);
        }
        self.count_asset_report(report).await.map(Some)
    }

    /// Counts what a report will show, whether its template shows totals or not.
    pub async fn count_asset_report(&self, report: &AssetReport) -> Result<ReportSummary> {
        if !report.scans.is_empty() {
            return self.summarise_scans(report).await;
        }
        let Some(bounds) = report.bounds() else { return Ok(ReportSummary::default()) };
        let mut totals = Totals::of(report);
        let ids =
            if self.store().counts_open_cheaply() { self.store().host_id_bounds().await? } else { None };
        match ids.filter(|(first, last)| report.is_counted_by_id(last.saturating_sub(*first))) {
            Some((first, last)) => self.count_by_id(&mut totals, bounds, first, last).await?,
            None => self.count_by_address(&mut totals, bounds).await?,
        }
        Ok(totals.summary.of_hosts(totals.hosts, totals.risks, report.impact))
    }

    /// Every detection within the bounds, one by one.
    async fn count_by_address(&self, totals: &mut Totals<'_>, bounds: Bounds) -> Result<()> {
        let report = totals.report;
        let (store, found_since) = (self.store().clone(), report.found_since);
        let beside = report.beside_open();
        let mut steps = HostSteps::new(self.store(), bounds, PAGE_WEIGHTS, move |after, end| {
            let store = store.clone();
            async move { Ok(store.list_host_weights(after, end, found_since, beside, u32::MAX).await?) }
        });
        while let Some(page) = steps.next().await? {
            for (ip, os, weights) in page {
                if totals.knows(ip, os.as_deref()) {
                    totals.add(report.risk_of(ip, &weights));
                }
            }
        }
        Ok(())
    }

    /// What the database counts of all hosts by their ids, from `first` to `last`.
    async fn count_by_id(
        &self,
        totals: &mut Totals<'_>,
        bounds: Bounds,
        first: i64,
        last: i64,
    ) -> Result<()> {
        let severities: Vec<(Qid, u8)> = totals.report.severities().collect();
        let after = bounds.before.map_or(0, u32::from);
        let ips = (Ipv4Addr::from(after), bounds.last);
        let begins = (0..).map(|number: i64| first.saturating_add(number.saturating_mul(WINDOW_IDS)));
        let windows = begins.take_while(|begin| *begin <= last).map(|begin| {
            self.store().count_open((begin, begin.saturating_add(WINDOW_IDS - 1)), ips, &severities)
        });
        let mut pages = pin!(stream::iter(windows).buffered(READS_AT_ONCE));
        while let Some(page) = pages.next().await {
            for host in page? {
                if totals.knows(host.ip, host.os.as_deref()) {
                    totals.add(HostRisk::of(host.ip, host.detections, host.severities, host.detections));
                }
            }
        }
        totals.summary.hosts.sort_unstable_by_key(|host| host.ip);
        Ok(())
    }
}

impl<'a> Totals<'a> {
    fn of(report: &'a AssetReport) -> Self {
        Self { report, summary: ReportSummary::default(), hosts: 0, risks: 0.0 }
    }

    /// Counts a host of the target; whether what was found on it is wanted.
    fn knows(&mut self, ip: Ipv4Addr, os: Option<&str>) -> bool {
        let is_of_target = self.report.target.contains(ip);
        self.summary.active += u32::from(is_of_target);
        is_of_target && self.report.has_system(os)
    }

    fn add(&mut self, risk: HostRisk) {
        if risk.vulnerabilities == 0 {
            return;
        }
        self.summary.vulnerabilities += u64::from(risk.vulnerabilities);
        self.hosts += 1;
        self.risks += risk.security_risk;
        if self.report.content.display.host_risks {
            self.summary.hosts.push(risk);
        }
    }
}

impl AssetReport {
    /// Whether the database can count what is wanted by itself (all that is open and nothing else, whenever
    /// it was found), and the target has so many of the hosts that it is worth it. `ids` is about how many
    /// hosts there are.
    fn is_counted_by_id(&self, ids: i64) -> bool {
        let statuses = &self.content.filter.statuses;
        let all_open = DetectionStatus::ALL
            .into_iter()
            .all(|status| statuses.contains(&status) == (status != DetectionStatus::Fixed));
        all_open
            && !self.content.filter.ignored.is_any()
            && self.found_since.is_none()
            && self.target.count().saturating_mul(TIMES_SLOWER) >= u64::try_from(ids).unwrap_or(0)
    }

    /// What each wanted vulnerability counts for.
    fn severities(&self) -> impl Iterator<Item = (Qid, u8)> {
        let vulnerabilities = self.selected.iter().filter(|(_, selected)| selected.kind.is_detection());
        vulnerabilities.map(|(qid, selected)| (*qid, selected.severity))
    }

    fn risk_of(&self, ip: Ipv4Addr, weights: &[palisade_store::Weight]) -> HostRisk {
        let (mut vulnerabilities, mut open, mut severities) = (0, 0_u32, 0_u64);
        for palisade_store::Weight { qid, status, ignored } in weights {
            if !self.content.filter.statuses.contains(status) {
                continue;
            }
            let selected = self.selected.get(qid).filter(|selected| selected.shows(*ignored));
            let Some(selected) = selected else { continue };
            vulnerabilities += 1;
            if *status != DetectionStatus::Fixed {
                open += 1;
                severities += u64::from(selected.severity);
            }
        }
        HostRisk::of(ip, vulnerabilities, severities, open)
    }
}

impl HostRisk {
    /// `open` of the vulnerabilities are not fixed, and their severities are `severities` together.
    fn of(ip: Ipv4Addr, vulnerabilities: u32, severities: u64, open: u32) -> Self {
        // At most five times as many as there are detections of a host.
        let severities = f64::from(u32::try_from(severities).unwrap_or(u32::MAX));
        let security_risk = if open == 0 { 0.0 } else { severities / f64::from(open) };
        Self { ip, vulnerabilities, security_risk }
    }
}

impl ReportSummary {
    /// Completes the totals of so many hosts, whose risks add up to `risks`.
    pub(crate) fn of_hosts(mut self, hosts: u32, risks: f64, impact: BusinessImpact) -> Self {
        self.matching = hosts;
        if hosts > 0 {
            self.security_risk = risks / f64::from(hosts);
            self.business_risk = business_risk(self.security_risk, impact.rank());
        }
        self
    }
}
