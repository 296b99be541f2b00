//! Launching a scan.

use palisade_model::{Action, IpSet, Qid, Resource, ScanRef};
use palisade_store::{LaunchType, Launched, NewScan, Reach};

use crate::actor::Actor;
use crate::app::App;
use crate::error::{Error, Result, check_length};
use crate::option_profile::choose_option_profile;

/// Most addresses one scan may have: a /16.
const TARGETS_MAX: u64 = 65_536;
/// Longest texts kept with a scan.
const TITLE_CHARACTERS_MAX: usize = 2_000;
const TARGET_TEXT_CHARACTERS_MAX: usize = 2_000_000;
/// For scans launched without a title.
const DEFAULT_TITLE: &str = "Vulnerability scan";

/// A scan to be launched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchScan {
    /// Beside those of `asset_groups`.
    pub targets: IpSet,
    /// Titles of asset groups whose addresses are scanned too.
    pub asset_groups: Vec<String>,
    /// The targets as the client wrote them. With asset groups the addresses take its place.
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
    /// Launches a scan: it is queued when this returns, and cut into slices for the scanners.
    ///
    /// # Errors
    ///
    /// In this order: permission, [`Error::UnknownAssetGroup`], [`Error::TooManyTargets`], [`Error::NoTargets`],
    /// [`Error::NotInSubscription`] with the addresses that are not, or are beyond the caller's
    /// reach, [`Error::UnknownOption`], [`Error::UnknownQid`], [`Error::TooManyScans`].
    pub async fn launch_scan(&self, actor: &Actor, launch: LaunchScan) -> Result<ScanRef> {
        let reach = actor.allow(Action::Launch, Resource::Scan)?.reach();
        let LaunchScan {
            targets,
            asset_groups,
            mut target_text,
            excluded,
            title,
            option,
            save_report,
            specific_vulns: qids,
            launched_by: launch_type,
        } = launch;
        let mut targets = targets;
        if !asset_groups.is_empty() {
            targets = targets.union(&self.asset_group_ips(actor, &asset_groups).await?);
            target_text = targets.to_string();
        }
        let targets = targets.difference(&excluded);
        if targets.count() > TARGETS_MAX {
            return Err(Error::TooManyTargets { max: TARGETS_MAX });
        }
        if targets.is_empty() {
            return Err(Error::NoTargets);
        }
        let beyond = targets.difference(&reach.hosts(&self.store().subscription_ips().await?));
        if !beyond.is_empty() {
            return Err(Error::NotInSubscription { ips: beyond });
        }
        let profile = choose_option_profile(option.as_deref())?;
        self.check_qids(qids.as_deref())?;
        let title = title.filter(|title| !title.is_empty()).unwrap_or_else(|| DEFAULT_TITLE.to_owned());
        check_length("title", &title, TITLE_CHARACTERS_MAX)?;
        check_length("targets", &target_text, TARGET_TEXT_CHARACTERS_MAX)?;

        self.forget_abandoned().await?;
        let running_max = self.parts.config.running_scans_max;
        let new = NewScan {
            title,
            target_text,
            slices: targets.chunks(self.parts.config.slice_hosts),
            targets,
            launched_at: self.clock().now(),
            login: actor.login.clone(),
            launch_type,
            save_report,
            profile,
            qids,
            asset_groups,
            assigned_only: matches!(reach, Reach::Assigned { .. }),
            running_max,
        };
        match self.store().launch_scan(&new).await? {
            Launched::TooMany => Err(Error::TooManyScans { max: running_max }),
            Launched::Queued(scan) => {
                self.announce_change();
                self.record_done(actor, "scan", "launch", scan.to_string()).await?;
                Ok(scan)
            }
        }
    }

    fn check_qids(&self, qids: Option<&[Qid]>) -> Result<()> {
        let unknown = |qid: &&Qid| self.kb().entry(**qid).is_none();
        match qids.unwrap_or_default().iter().find(unknown) {
            Some(qid) => Err(Error::UnknownQid { qid: *qid }),
            None => Ok(()),
        }
    }
}
