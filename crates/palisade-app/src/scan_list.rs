//! Scans in lists, whatever became of them, and how many of their results are still to come.

use palisade_model::{Action, IpSet, Login, Resource, ScanRef, ScanStatus, Timestamp};
use palisade_store::{LaunchType, Reach, Scan, ScanMark, ScanSpan};

use crate::actor::Actor;
use crate::app::App;
use crate::error::Result;
use crate::scan::duration_s;

/// Scans read from the store at a time.
const PAGE_SCANS: u32 = 200;
/// Scans whose results came in last.
const PROCESSED_LAST: usize = 20;

/// Which scans are wanted. What is `None` does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListScans {
    pub scan: Option<ScanRef>,
    pub id: Option<u64>,
    /// Any of these.
    pub statuses: Option<Vec<ScanStatus>>,
    /// Whether all results have been taken in.
    pub processed: Option<bool>,
    pub launch_type: Option<LaunchType>,
    pub user: Option<String>,
    /// With any of these addresses among their targets.
    pub target: Option<IpSet>,
    /// Title of the option profile.
    pub option: Option<String>,
    /// Launched at this time or later, and at this time or earlier.
    pub launched_from: Option<Timestamp>,
    pub launched_until: Option<Timestamp>,
}

/// A scan in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedScan {
    pub id: i64,
    pub scan: ScanRef,
    pub title: String,
    pub targets: IpSet,
    /// Titles of the asset groups it was launched with.
    pub asset_groups: Vec<String>,
    pub status: ScanStatus,
    /// Whether all results there are have been taken in.
    pub processed: bool,
    pub launched_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// Seconds from its launch to its end, or until now, without those that it was paused.
    pub duration_s: u64,
    pub user: Login,
    pub launch_type: LaunchType,
    /// 0 for none, 1 (first) to 9.
    pub priority: u8,
    pub option_title: String,
    pub option_is_default: bool,
    pub hosts_total: u64,
    pub hosts_done: u64,
    /// Vulnerabilities found so far; `None` when they were not counted.
    pub vulnerabilities: Option<u64>,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanPage {
    /// Possibly none, though there is a next page.
    pub scans: Vec<ListedScan>,
    /// Where the next page begins; `None` after the last one.
    pub next: Option<ScanMark>,
}

/// Scans whose results are still to come, and those whose results came last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanStatistics {
    /// Oldest first.
    pub unprocessed: Vec<ListedScan>,
    /// Newest first.
    pub processed: Vec<ListedScan>,
}

impl App {
    /// One page of the scans within the caller's reach, newest first; the first one for `None`.
    pub async fn list_scans(
        &self,
        actor: &Actor,
        wanted: &ListScans,
        after: Option<ScanMark>,
    ) -> Result<ScanPage> {
        let reach = actor.allow(Action::List, Resource::Scan)?.reach();
        self.take_back_expired().await?;
        let (found, next) = match (&wanted.scan, wanted.id) {
            (Some(scan), _) => (self.store().scan(scan).await?.into_iter().collect(), None),
            (None, Some(id)) => (self.store().scan_with_id(id).await?.into_iter().collect(), None),
            (None, None) => {
                let (from, until) = (wanted.launched_from, wanted.launched_until);
                let page =
                    self.store().list_scans(ScanSpan { from, until, after, limit: PAGE_SCANS }).await?;
                let full = page.len() >= PAGE_SCANS as usize;
                let last = page.last().filter(|_| full);
                let next = last.map(|scan: &Scan| ScanMark { launched_at: scan.launched_at, id: scan.id });
                (page, next)
            }
        };
        let now = self.clock().now();
        let admitted = found.into_iter().filter(|scan| wanted.admits(&reach, scan));
        Ok(ScanPage { scans: admitted.map(|scan| listed(scan, now)).collect(), next })
    }

    /// How far the results of scans within the caller's reach have been taken in.
    pub async fn scan_statistics(&self, actor: &Actor) -> Result<ScanStatistics> {
        let reach = actor.allow(Action::Edit, Resource::Scan)?.reach();
        self.take_back_expired().await?;
        let now = self.clock().now();
        let running = self.store().list_running_scans().await?.into_iter();
        let unprocessed = running.filter(|scan| reach.has_scan(scan)).map(|scan| listed(scan, now)).collect();
        let span = ScanSpan { from: None, until: None, after: None, limit: PAGE_SCANS };
        let newest = self.store().list_scans(span).await?.into_iter();
        let processed = newest
            .filter(|scan| reach.has_scan(scan) && scan.status.is_ended())
            .take(PROCESSED_LAST)
            .map(|scan| listed(scan, now))
            .collect();
        Ok(ScanStatistics { unprocessed, processed })
    }
}

impl ListScans {
    fn admits(&self, reach: &Reach, scan: &Scan) -> bool {
        let Self {
            scan: reference,
            id,
            statuses,
            processed,
            launch_type,
            user,
            target,
            option,
            launched_from,
            launched_until,
        } = self;
        reach.has_scan(scan)
            && reference.as_ref().is_none_or(|reference| *reference == scan.reference)
            && id.is_none_or(|id| u64::try_from(scan.id) == Ok(id))
            && statuses.as_ref().is_none_or(|statuses| statuses.contains(&scan.status))
            && processed.is_none_or(|processed| processed == scan.status.is_ended())
            && launch_type.is_none_or(|launch_type| launch_type == scan.launch_type)
            && user.as_ref().is_none_or(|user| user == scan.login.as_str())
            && target.as_ref().is_none_or(|target| !target.intersection(&scan.targets).is_empty())
            && option.as_ref().is_none_or(|option| *option == scan.profile.title)
            && launched_from.is_none_or(|from| scan.launched_at >= from)
            && launched_until.is_none_or(|until| scan.launched_at <= until)
    }
}

fn listed(scan: Scan, now: Timestamp) -> ListedScan {
    ListedScan {
        duration_s: duration_s(&scan, now),
        id: scan.id,
        processed: scan.status.is_ended(),
        scan: scan.reference,
        title: scan.title,
        targets: scan.targets,
        asset_groups: scan.asset_groups,
        status: scan.status,
        launched_at: scan.launched_at,
        ended_at: scan.ended_at,
        user: scan.login,
        launch_type: scan.launch_type,
        priority: scan.priority,
        option_title: scan.profile.title,
        option_is_default: scan.profile.is_default,
        hosts_total: scan.hosts_total,
        hosts_done: scan.hosts_done,
        vulnerabilities: scan.vulnerabilities,
    }
}
