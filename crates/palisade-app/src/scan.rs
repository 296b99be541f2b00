//! Scans: how far they are, and what is asked of them: to pause, to go on, to stop, to be forgotten.

use palisade_engine::Stage;
use palisade_model::scan::NotNow;
use palisade_model::{Action, IpSet, Login, Resource, ScanRef, ScanStatus, Timestamp};
use palisade_store::{Cancelled, LaunchType, Progress, Reach, Scan};

use crate::actor::Actor;
use crate::app::App;
use crate::error::{Error, Result};

/// Shown as long as no scanner has taken a slice.
const DEFAULT_SCANNER: &str = "built-in";

/// A scan as its users see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanView {
    /// A number that stays the scan's, and no other scan gets.
    pub id: i64,
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
    /// Seconds from its launch to its end, or until now, without those that it was paused.
    pub duration_s: u64,
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
    /// Addresses left out of it at launch.
    pub excluded: IpSet,
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
        let scans = self.store().list_running_scans().await?;
        let mut progress = self.store().list_running_progress().await?;
        let seen = scans.into_iter().filter(|scan| reach.has_scan(scan));
        Ok(seen.map(|scan| self.view_of(progress.remove(&scan.id).unwrap_or_default(), scan)).collect())
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

    /// Asks a running scan to pause: scanners stop within moments, what they delivered is kept, and
    /// when they have come home the scan is paused. Asking again meanwhile is no error.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::UnknownScan`], [`Error::WrongScanStatus`] when it does not run.
    pub async fn pause_scan(&self, actor: &Actor, scan: &ScanRef) -> Result<()> {
        let reach = actor.allow(Action::Cancel, Resource::Scan)?.reach();
        self.take_back_expired().await?;
        let found = self.find_scan(&reach, scan).await?;
        self.heeded(self.store().pause_scan(found.id, self.clock().now()).await?)?;
        self.record_done(actor, "scan", "pause", scan.to_string()).await
    }

    /// Lets a paused scan go on where it stopped, by whichever scanner asks for work first. A host
    /// that was being looked at when it was paused is looked at anew.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::UnknownScan`], [`Error::WrongScanStatus`] when it is not paused.
    pub async fn resume_scan(&self, actor: &Actor, scan: &ScanRef) -> Result<()> {
        let reach = actor.allow(Action::Cancel, Resource::Scan)?.reach();
        let found = self.find_scan(&reach, scan).await?;
        self.heeded(self.store().resume_scan(found.id, self.clock().now()).await?)?;
        self.record_done(actor, "scan", "resume", scan.to_string()).await
    }

    /// Deletes a scan that has ended or is paused, with its results; the history of detections stays.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::UnknownScan`], [`Error::ScanRunning`].
    pub async fn delete_scan(&self, actor: &Actor, scan: &ScanRef) -> Result<()> {
        let reach = actor.allow(Action::Delete, Resource::Scan)?.reach();
        let found = self.find_scan(&reach, scan).await?;
        if found.status == ScanStatus::Paused {
            self.store().cancel_scan(found.id, self.clock().now()).await?;
        }
        if !self.store().delete_scan(&found).await? {
            return Err(Error::ScanRunning);
        }
        self.announce_change();
        self.record_done(actor, "scan", "delete", scan.to_string()).await
    }

    /// Tells whoever waits for the scan that something was asked of it.
    fn heeded(&self, asked: Option<Result<ScanStatus, NotNow>>) -> Result<()> {
        match asked {
            None => Err(Error::UnknownScan),
            Some(Err(NotNow { status })) => Err(Error::WrongScanStatus { status }),
            Some(Ok(_)) => {
                self.announce_change();
                Ok(())
            }
        }
    }

    /// The scan, if it is within reach.
    pub(crate) async fn find_scan(&self, reach: &Reach, scan: &ScanRef) -> Result<Scan> {
        let found = self.store().scan(scan).await?;
        found.filter(|scan| reach.has_scan(scan)).ok_or(Error::UnknownScan)
    }

    pub(crate) async fn view_scan(&self, scan: Scan) -> Result<ScanView> {
        let progress = self.store().scan_progress(scan.id).await?;
        Ok(self.view_of(progress, scan))
    }

    fn view_of(&self, progress: Progress, scan: Scan) -> ScanView {
        let ended = scan.status.is_ended();
        let work_done = if ended { progress.work_total } else { progress.work_done };
        let now = self.clock().now();
        let running_s = scan.started_at.map(|at| unpaused_s(&scan, at, now));
        ScanView {
            id: scan.id,
            duration_s: duration_s(&scan, now),
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
                .filter(|_| !ended && scan.status != ScanStatus::Paused)
                .and_then(|running_s| seconds_left(running_s, work_done, progress.work_total)),
            scanner_name: scan.scanner.unwrap_or_else(|| DEFAULT_SCANNER.to_owned()),
            excluded: scan.excluded,
        }
    }
}

/// The stage at this position.
fn stage_at(position: i64) -> Option<Stage> {
    Stage::ALL.get(usize::try_from(position).ok()?).copied()
}

/// Seconds of a scan from its launch to its end, or until now, without its pauses.
pub(crate) fn duration_s(scan: &Scan, now: Timestamp) -> u64 {
    u64::try_from(unpaused_s(scan, scan.launched_at, scan.ended_at.unwrap_or(now))).unwrap_or(0)
}

/// Seconds from `since` to `until` without the pauses of the scan. Negative when a clock was set back.
fn unpaused_s(scan: &Scan, since: Timestamp, until: Timestamp) -> i64 {
    let until = scan.paused_at.map_or(until, |paused| paused.min(until));
    let paused_s = i64::try_from(scan.paused_us / 1_000_000).unwrap_or(i64::MAX);
    (until.as_second() - since.as_second()).saturating_sub(paused_s)
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
