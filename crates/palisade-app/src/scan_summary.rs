//! What scans did not get to: per scan the targets that were not scanned, and why not.

use std::net::Ipv4Addr;

use palisade_model::{Action, IpSet, Resource, ScanRef, ScanStatus, Timestamp};
use palisade_store::{HostRange, Scan, ScanMark, ScanSpan, TrackingMethod};

use crate::actor::Actor;
use crate::app::App;
use crate::error::{Error, Result};

/// Most scans of one summary.
const SCANS_MAX: usize = 10_000;
/// Scans, and hosts of a scan, that are read at a time.
const PAGE_SCANS: u32 = 200;
const PAGE_HOSTS: u32 = 10_000;

/// Why a target was not scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unscanned {
    /// It did not answer.
    Dead,
    /// It was left out at launch.
    Excluded,
    /// The scan ended before.
    Cancelled,
}

impl Unscanned {
    pub const ALL: [Self; 3] = [Self::Dead, Self::Excluded, Self::Cancelled];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dead => "dead",
            Self::Excluded => "excluded",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Which scans and targets are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedSummary {
    /// Launched at this time or later, and at this time or earlier.
    pub from: Timestamp,
    pub until: Timestamp,
    pub reasons: Vec<Unscanned>,
    /// Only hosts that go by this.
    pub tracking: Option<TrackingMethod>,
}

/// Targets of a scan that were not scanned for one reason, and go by the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnscannedHosts {
    pub reason: Unscanned,
    pub tracking: TrackingMethod,
    /// At least one.
    pub ips: IpSet,
}

/// What one scan did not get to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanSummary {
    pub scan: ScanRef,
    pub launched_at: Timestamp,
    /// At least one entry.
    pub unscanned: Vec<UnscannedHosts>,
}

impl App {
    /// The ended scans within the caller's reach that did not get to some of their targets, newest first.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::TooManyToList`] when more scans were launched meanwhile than one answer
    /// holds.
    pub async fn summarise_unscanned(
        &self,
        actor: &Actor,
        wanted: &WantedSummary,
    ) -> Result<Vec<ScanSummary>> {
        let reach = actor.allow(Action::Edit, Resource::Scan)?.reach();
        let ranges = self.store().list_host_ranges().await?;
        let (mut summaries, mut seen, mut after) = (Vec::new(), 0_usize, None);
        loop {
            let (from, until) = (Some(wanted.from), Some(wanted.until));
            let page = self.store().list_scans(ScanSpan { from, until, after, limit: PAGE_SCANS }).await?;
            let Some(last) = page.last() else { return Ok(summaries) };
            after = Some(ScanMark { launched_at: last.launched_at, id: last.id });
            seen += page.len();
            if seen > SCANS_MAX {
                return Err(Error::TooManyToList { max: SCANS_MAX });
            }
            for scan in page.iter().filter(|scan| reach.has_scan(scan) && scan.status.is_ended()) {
                summaries.extend(self.summarise_scan(scan, wanted, &ranges).await?);
            }
        }
    }

    /// `None` when the scan got to everything that is asked for.
    async fn summarise_scan(
        &self,
        scan: &Scan,
        wanted: &WantedSummary,
        ranges: &[HostRange],
    ) -> Result<Option<ScanSummary>> {
        let looked_at =
            [Unscanned::Dead, Unscanned::Cancelled].iter().any(|one| wanted.reasons.contains(one));
        let (alive, dead) =
            if looked_at { self.hosts_of_scan(scan.id).await? } else { (IpSet::new(), IpSet::new()) };
        let mut unscanned = Vec::new();
        for reason in &wanted.reasons {
            let ips = match reason {
                Unscanned::Dead => dead.clone(),
                Unscanned::Excluded => scan.excluded.clone(),
                Unscanned::Cancelled if scan.status == ScanStatus::Finished => IpSet::new(),
                Unscanned::Cancelled => scan.targets.difference(&alive).difference(&dead),
            };
            let methods = [TrackingMethod::Ip, TrackingMethod::Dns, TrackingMethod::Netbios];
            for tracking in methods.into_iter().filter(|one| wanted.tracking.is_none_or(|only| only == *one))
            {
                let ips = of_tracking(&ips, ranges, tracking);
                if !ips.is_empty() {
                    unscanned.push(UnscannedHosts { reason: *reason, tracking, ips });
                }
            }
        }
        let (reference, launched_at) = (scan.reference.clone(), scan.launched_at);
        Ok((!unscanned.is_empty()).then_some(ScanSummary { scan: reference, launched_at, unscanned }))
    }

    /// The hosts whose results came in: those that answered, and those that did not.
    async fn hosts_of_scan(&self, scan: i64) -> Result<(IpSet, IpSet)> {
        let (mut alive, mut dead) = (Vec::new(), Vec::new());
        let mut after: Option<Ipv4Addr> = None;
        loop {
            let page = self.store().list_scanned_hosts(scan, after, PAGE_HOSTS).await?;
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            for (ip, is_alive) in page {
                if is_alive { alive.push(ip) } else { dead.push(ip) }
            }
        }
        let set = |ips: Vec<Ipv4Addr>| -> IpSet {
            ips.into_iter().filter_map(|ip| palisade_model::IpRange::new(ip, ip)).collect()
        };
        Ok((set(alive), set(dead)))
    }
}

/// Those of the addresses that go by this. What is not in the subscription goes by its address.
fn of_tracking(ips: &IpSet, ranges: &[HostRange], tracking: TrackingMethod) -> IpSet {
    let ranges_of = |wanted: &dyn Fn(TrackingMethod) -> bool| -> IpSet {
        ranges.iter().filter(|known| wanted(known.attributes.tracking)).map(|known| known.range).collect()
    };
    match tracking {
        TrackingMethod::Ip => ips.difference(&ranges_of(&|one| one != TrackingMethod::Ip)),
        other => ips.intersection(&ranges_of(&|one| one == other)),
    }
}
