//! Launching a scan.

use std::collections::BTreeMap;

use palisade_model::{Action, IpSet, Qid, Resource, ScanHeader, ScanRef};
use palisade_store::{LaunchType, Launched, NewScan, Reach};

use crate::actor::Actor;
use crate::app::App;
use crate::appliance::AskedScanners;
use crate::error::{Error, Result, check_length};

/// Most addresses one scan may have: a /16.
const TARGETS_MAX: u64 = 65_536;
/// Longest texts kept with a scan.
const TITLE_CHARACTERS_MAX: usize = 2_000;
const TARGET_TEXT_CHARACTERS_MAX: usize = 2_000_000;
/// Most DNS zones that name servers are asked for, and names of hosts they are told from.
const ZONES_MAX: usize = 5;
const ZONE_NAMES_MAX: u32 = 20_000;
/// For scans launched without a title.
const DEFAULT_TITLE: &str = "Vulnerability scan";

/// A scan to be launched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchScan {
    /// Beside those of `asset_groups`.
    pub targets: IpSet,
    /// Titles of asset groups whose addresses are scanned too.
    pub asset_groups: Vec<String>,
    /// DNS names of hosts, as scans have found them, whose addresses are scanned too.
    pub names: Vec<String>,
    /// The targets as the client wrote them. With asset groups or names the addresses take its place.
    pub target_text: String,
    /// Beside those that no scan may touch.
    pub excluded: IpSet,
    pub scanners: AskedScanners,
    pub title: Option<String>,
    /// Title of the option profile; the default one when `None`.
    pub option: Option<String>,
    /// Whether the result is kept for later calls.
    pub save_report: bool,
    /// Only these QIDs; all when `None`.
    pub specific_vulns: Option<Vec<Qid>>,
    /// The value that every web request of the scan carries; the profile's own when `None`.
    pub http_header: Option<ScanHeader>,
    pub launched_by: LaunchType,
    /// 0 for none, 1 (first) to 9. Shown, and nothing else: results are taken in as they come.
    pub priority: u8,
    /// Whether targets beyond the caller's reach are left out instead of refused, as long as others
    /// remain.
    pub leave_out_foreign: bool,
}

impl App {
    /// Launches a scan: it is queued when this returns, and cut into slices for the scanners.
    ///
    /// # Errors
    ///
    /// In this order: permission, those of [`App::check_scanners`], [`Error::UnknownAssetGroup`],
    /// [`Error::UnknownHostName`], [`Error::TooManyTargets`], [`Error::NoTargets`],
    /// [`Error::NotInSubscription`] with the addresses that are not, or are beyond the caller's
    /// reach, [`Error::UnknownOption`], [`Error::UnknownQid`], [`Error::NoQids`],
    /// [`Error::NothingToLookFor`], [`Error::TooManyScans`].
    pub async fn launch_scan(&self, actor: &Actor, launch: LaunchScan) -> Result<ScanRef> {
        let new = self.prepare_scan(actor, launch).await?;
        self.forget_abandoned().await?;
        match self.store().launch_scan(&new).await? {
            Launched::TooMany => Err(Error::TooManyScans { max: new.running_max }),
            Launched::Queued(scan) => {
                self.announce_change();
                self.record_done(actor, "scan", "launch", scan.to_string()).await?;
                Ok(scan)
            }
        }
    }

    /// Everything about a launch but the launch: what is refused is refused here, except for too
    /// many scans at the same time.
    pub(crate) async fn prepare_scan(&self, actor: &Actor, launch: LaunchScan) -> Result<NewScan> {
        let reach = actor.allow(Action::Launch, Resource::Scan)?.reach();
        let LaunchScan {
            targets,
            asset_groups,
            names,
            mut target_text,
            excluded,
            scanners,
            title,
            option,
            save_report,
            specific_vulns: qids,
            http_header,
            launched_by: launch_type,
            priority,
            leave_out_foreign,
        } = launch;
        self.check_scanners(actor, &scanners).await?;
        let mut targets = targets;
        if !asset_groups.is_empty() {
            targets = targets.union(&self.asset_group_ips(actor, &asset_groups).await?);
            target_text = targets.to_string();
        }
        if !names.is_empty() {
            targets = targets.union(&self.named_ips(&reach, &names).await?);
            target_text = targets.to_string();
        }
        // What is excluded is left out, whoever launches.
        let basis = self.store().launch_basis(self.clock().now(), ZONE_NAMES_MAX).await?;
        let targets = targets.difference(&excluded).difference(&basis.excluded);
        if targets.count() > TARGETS_MAX {
            return Err(Error::TooManyTargets { max: TARGETS_MAX });
        }
        if targets.is_empty() {
            return Err(Error::NoTargets);
        }
        let within = targets.intersection(&reach.hosts(&basis.subscription));
        let beyond = targets.difference(&within);
        if !beyond.is_empty() && (within.is_empty() || !leave_out_foreign) {
            return Err(Error::NotInSubscription { ips: beyond });
        }
        if !beyond.is_empty() {
            target_text = within.to_string();
        }
        let targets = within;
        let profile = self.choose_option_profile(actor, option.as_deref()).await?;
        self.check_qids(qids.as_deref())?;
        self.check_selection(&profile, qids.as_deref())?;
        let title = title.filter(|title| !title.is_empty()).unwrap_or_else(|| DEFAULT_TITLE.to_owned());
        check_length("title", &title, TITLE_CHARACTERS_MAX)?;
        check_length("targets", &target_text, TARGET_TEXT_CHARACTERS_MAX)?;

        Ok(NewScan {
            title,
            target_text,
            slices: targets.chunks(self.parts.config.slice_hosts),
            targets,
            launched_at: self.clock().now(),
            login: actor.login.clone(),
            launch_type,
            save_report,
            http_header: http_header.or_else(|| profile.others.http_header.clone()),
            profile,
            qids,
            zones: frequent_zones(&basis.dns_names),
            asset_groups,
            assigned_only: matches!(reach, Reach::Assigned { .. }),
            priority,
            excluded,
            running_max: self.parts.config.running_scans_max,
        })
    }

    /// The addresses within reach that scans have found to have these names. No name server is
    /// asked: what is scanned is not for somebody else to say.
    async fn named_ips(&self, reach: &Reach, names: &[String]) -> Result<IpSet> {
        let visible = reach.hosts(&self.store().subscription_ips().await?);
        let mut ips = IpSet::new();
        for name in names {
            let hosts = self.store().list_hosts_by_dns_name(name.trim_end_matches('.')).await?;
            let known = hosts.iter().map(|host| host.ip).filter(|ip| visible.contains(*ip));
            let known = known.fold(IpSet::new(), |all, ip| all.union(&IpSet::from(ip)));
            if known.is_empty() {
                return Err(Error::UnknownHostName { name: name.clone() });
            }
            ips = ips.union(&known);
        }
        Ok(ips)
    }

    pub(crate) fn check_qids(&self, qids: Option<&[Qid]>) -> Result<()> {
        let unknown = |qid: &&Qid| self.kb().entry(**qid).is_none();
        match qids.unwrap_or_default().iter().find(unknown) {
            Some(qid) => Err(Error::UnknownQid { qid: *qid }),
            None => Ok(()),
        }
    }
}

/// The zones most names are in, the most frequent first. A name server whose own names do not tell
/// its zone can then still be asked for it.
fn frequent_zones(names: &[String]) -> Vec<String> {
    let mut counts = BTreeMap::<String, u32>::new();
    for zone in names.iter().filter_map(|name| zone_of(name)) {
        *counts.entry(zone).or_default() += 1;
    }
    let mut zones: Vec<(String, u32)> = counts.into_iter().collect();
    // Stable, so that zones of equally many names stay in their order.
    zones.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    zones.into_iter().take(ZONES_MAX).map(|(zone, _)| zone).collect()
}

/// The parent domain of a name; a name right below a top-level domain is its own. A top-level
/// domain is nobody's to give away.
fn zone_of(name: &str) -> Option<String> {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let (_, parent) = name.split_once('.')?;
    Some(if parent.contains('.') { parent.to_owned() } else { name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_few_and_the_most_frequent_first() {
        let names = ["a.one.test", "b.Two.test", "c.two.test.", "example.org", "printer", ""];
        let zones = frequent_zones(&names.map(str::to_owned));
        assert_eq!(zones, ["two.test", "example.org", "one.test"]);
        let many: Vec<String> = (0..20).map(|number| format!("host.z{number:02}.test")).collect();
        assert_eq!(frequent_zones(&many).len(), ZONES_MAX);
    }
}
