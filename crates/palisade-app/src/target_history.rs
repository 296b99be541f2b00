//! Which addresses scans were aimed at in some time, and which were not.

use palisade_model::{Action, IpSet, Resource, ScanRef, Timestamp};
use palisade_store::ScanTarget;

use crate::actor::Actor;
use crate::app::App;
use crate::error::{Error, Result};

/// Launches read from the store at a time.
const PAGE_LAUNCHES: u32 = 500;
/// Most ranges of addresses that one history has, over all its scans.
const RANGES_MAX: usize = 100_000;

/// A title of option profiles, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TitleFilter {
    Begin(String),
    Contain(String),
    Match(String),
}

impl TitleFilter {
    fn fits(&self, title: &str) -> bool {
        match self {
            Self::Begin(part) => title.starts_with(part.as_str()),
            Self::Contain(part) => title.contains(part.as_str()),
            Self::Match(whole) => title == whole,
        }
    }
}

/// Which history is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListTargetHistory {
    /// Launched at this time or later.
    pub from: Timestamp,
    /// Launched at this time or before.
    pub to: Timestamp,
    /// The addresses asked about, beside those of `asset_groups`. What is not within the caller's
    /// reach is left out.
    pub ips: IpSet,
    pub asset_groups: Vec<String>,
    /// Only scans with such an option profile.
    pub option_title: Option<TitleFilter>,
}

/// What became of the addresses asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetHistory {
    pub targeted: IpSet,
    pub not_targeted: IpSet,
    /// The scans that targeted any of them, oldest first.
    pub scans: Vec<TargetedScan>,
}

/// A scan that targeted some of the addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetedScan {
    pub scan: ScanRef,
    pub launched_at: Timestamp,
    pub option_title: String,
    /// Those of the addresses asked about that it targeted.
    pub ips: IpSet,
}

impl App {
    /// What scans were aimed at; scans whose reports are deleted or were never saved count too.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::UnknownAssetGroup`], [`Error::TooMuchHistory`].
    pub async fn list_target_history(
        &self,
        actor: &Actor,
        wanted: ListTargetHistory,
    ) -> Result<TargetHistory> {
        let reach = actor.allow(Action::List, Resource::Scan)?.reach();
        let ListTargetHistory { from, to, ips, asset_groups, option_title } = wanted;
        let asked = ips.union(&self.asset_group_ips(actor, &asset_groups).await?);
        let asked = reach.hosts(&asked.intersection(&self.store().subscription_ips().await?));
        let mut scans = Vec::new();
        let mut targeted = IpSet::new();
        let mut ranges = 0;
        let mut after = None;
        loop {
            let page = self.store().list_scan_targets(from, to, after, PAGE_LAUNCHES).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            for ScanTarget { id: _, scan, launched_at, targets, profile } in page {
                let ips = targets.intersection(&asked);
                let fits = option_title.as_ref().is_none_or(|filter| filter.fits(&profile.title));
                if ips.is_empty() || !fits {
                    continue;
                }
                ranges += ips.ranges().len();
                if ranges > RANGES_MAX {
                    return Err(Error::TooMuchHistory { max: RANGES_MAX });
                }
                targeted = targeted.union(&ips);
                scans.push(TargetedScan { scan, launched_at, option_title: profile.title, ips });
            }
        }
        Ok(TargetHistory { not_targeted: asked.difference(&targeted), targeted, scans })
    }
}
