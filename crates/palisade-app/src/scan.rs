//! Scans: how far they are, and their cancellation.

use palisade_engine::Stage;
use palisade_model::{Action, IpSet, Login, Resource, ScanRef, ScanStatus, Timestamp};
use palisade_store::{Cancelled, LaunchType, Reach, Scan};

use crate::actor::Actor;
use crate::app::App;
use crate::error::{Error, Result};

/// Shown as long as no scanner has taken a slice.
const DEFAULT_SCANNER: &str = "built-in";

/// A scan as its users see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanView {
    pub scan: ScanRef,
    pub title: String,
    /// The targets as the client wrote them.
    pub target_text: String,
    pub targets: IpSet,
    /// Titles of the asset groups it was launched with.
    pub asset_groups: Vec<String>,
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
    pub async fn scan(&self, actor: &Actor, scan: &ScanRef) -> Result<ScanView> {
        let reach = actor.allow(Action::List, Resource::Scan)?.reach();
        self.take_back_expired().await?;
        let scan = self.find_scan(&reach, scan).await?;
        self.view_scan(scan).await
    }

    /// Scans that have not ended, oldest first.
    pub async fn list_running(&self, actor: &Actor) -> Result<Vec<ScanView>> {
        let reach = actor.allow(Action::List, Resource::Scan)?.reach();
        self.take_back_expired().await?;
        let mut views = Vec::new();
        for scan in self.store().list_running_scans().await? {
            if reach.has_scan(&scan) {
                views.push(self.view_scan(scan).await?);
            }
        }
        Ok(views)
    }

    /// Asks a scan to stop. A queued scan is over at once, a running one when its scanners have
    /// heard of it or fallen silent. Asking again is no error.
    pub async fn cancel_scan(&self, actor: &Actor, scan: &ScanRef) -> Result<()> {
        let reach = actor.allow(Action::Cancel, Resource::Scan)?.reach();
        self.take_back_expired().await?;
        let found = self.find_scan(&reach, scan).await?;
        match self.store().cancel_scan(found.id, self.clock().now()).await? {
            Cancelled::EndedBefore => return Err(Error::ScanEnded),
            Cancelled::AtOnce | Cancelled::Requested => {}
        }
        self.announce_change();
        self.record_done(actor, "scan", "cancel", scan.to_string()).await
    }

    /// The scan, if it is within reach.
    pub(crate) async fn find_scan(&self, reach: &Reach, scan: &ScanRef) -> Result<Scan> {
        let found = self.store().scan(scan).await?;
        found.filter(|scan| reach.has_scan(scan)).ok_or(Error::UnknownScan)
    }

    pub(crate) async fn view_scan(&self, scan: Scan) -> Result<ScanView> {
        let progress = self.store().scan_progress(scan.id).await?;
        let ended = scan.status.is_ended();
        let work_done = if ended { progress.work_total } else { progress.work_done };
        let running_s = scan.started_at.map(|at| self.clock().now().as_second() - at.as_second());
        Ok(ScanView {
            scan: scan.reference,
            title: scan.title,
            target_text: scan.target_text,
            targets: scan.targets,
            asset_groups: scan.asset_groups,
            status: scan.status,
            launched_at: scan.launched_at,
            ended_at: scan.ended_at,
            user: scan.login,
            launch_type: scan.launch_type,
            save_report: scan.save_report,
            options_text: scan.profile.options_text(),
            option_title: scan.profile.title,
            option_is_default: scan.profile.is_default,
            hosts_total: scan.hosts_total,
            hosts_done: scan.hosts_done,
            hosts_alive: scan.hosts_alive,
            stage: progress.stage.and_then(stage_at).filter(|_| !ended),
            findings: scan.findings + if ended { 0 } else { progress.findings },
            work_done,
            work_total: progress.work_total,
            seconds_left: running_s
                .filter(|_| !ended)
                .and_then(|running_s| seconds_left(running_s, work_done, progress.work_total)),
            scanner_name: scan.scanner.unwrap_or_else(|| DEFAULT_SCANNER.to_owned()),
        })
    }
}

/// The stage at this position.
fn stage_at(position: i64) -> Option<Stage> {
    Stage::ALL.get(usize::try_from(position).ok()?).copied()
}

/// The rest takes as long for its work as what is done took for its own.
fn seconds_left(running_s: i64, work_done: u64, work_total: u64) -> Option<u64> {
    let running_s = u64::try_from(running_s).ok()?;
    let left = work_total.checked_sub(work_done)?;
    running_s.checked_mul(left)?.checked_div(work_done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_goes_by_the_work_done() {
        assert_eq!(seconds_left(10, 0, 100), None, "nothing to go by");
        assert_eq!(seconds_left(10, 20, 100), Some(40));
        assert_eq!(seconds_left(10, 100, 100), Some(0));
        assert_eq!(seconds_left(-5, 20, 100), None, "the clock was set back");
        assert_eq!(seconds_left(10, 200, 100), None, "more done than there is");
    }
}
