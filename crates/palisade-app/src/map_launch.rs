//! Launching maps.
//!
//! A netblock that is given with a domain must lie in the netblock noted for it or in the
//! subscription; without one the noted netblock is taken. A Manager may map any domain: one that is
//! not in the subscription has no netblock, and what the DNS says of it is all there is.

use palisade_model::{Action, DomainName, IpSet, MapRef, MapTarget, Resource};
use palisade_store::{LaunchType, NewMap, NewMaps, Reach};

use crate::actor::Actor;
use crate::app::App;
use crate::appliance::AskedScanners;
use crate::error::{Error, Result, check_length};

/// Most domains of one request.
const DOMAINS_MAX: usize = 100;
/// Most addresses one map looks for hosts in: a /16.
const NETBLOCK_MAX: u64 = 65_536;
const TITLE_CHARACTERS_MAX: usize = 2_000;

/// Maps to be launched: one for each domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchMap {
    pub targets: Vec<MapTarget>,
    /// Titles of asset groups whose domains are mapped too.
    pub asset_groups: Vec<String>,
    pub scanners: AskedScanners,
    /// One that names the domain when `None`.
    pub title: Option<String>,
    /// Title of the option profile; the default one when `None`.
    pub option: Option<String>,
    /// Whether the results are kept for later calls.
    pub save_report: bool,
    pub launched_by: LaunchType,
}

impl App {
    /// Launches maps, one for each domain, which run one after another: they are queued when this
    /// returns. Gives their references in the order of the domains.
    ///
    /// # Errors
    ///
    /// In this order: permission, those of [`App::check_scanners`], [`Error::UnknownAssetGroup`],
    /// [`Error::NoTargets`],
    /// [`Error::TooManyMapDomains`], [`Error::UnknownDomain`], [`Error::NoNetblock`],
    /// [`Error::ForeignNetblock`], [`Error::TooLargeNetblock`], [`Error::UnknownOption`],
    /// [`Error::TooManyMaps`].
    pub async fn launch_map(&self, actor: &Actor, launch: LaunchMap) -> Result<Vec<MapRef>> {
        let new = self.prepare_maps(actor, launch).await?;
        self.forget_abandoned_maps().await?;
        let launched = self.store().launch_maps(&new).await?;
        let launched = launched.ok_or(Error::TooManyMaps { max: new.running_max })?;
        self.announce_change();
        for map in &launched {
            self.record_done(actor, "map", "launch", map.to_string()).await?;
        }
        Ok(launched)
    }

    /// Everything about a launch but the launch: what is refused is refused here, except for too
    /// many maps at the same time. More maps than ever may be are refused.
    pub(crate) async fn prepare_maps(&self, actor: &Actor, launch: LaunchMap) -> Result<NewMaps> {
        let reach = actor.allow(Action::Launch, Resource::Map)?.reach();
        let LaunchMap { mut targets, asset_groups, scanners, title, option, save_report, launched_by } =
            launch;
        self.check_scanners(actor, &scanners).await?;
        for target in self.asset_group_domains(actor, &asset_groups).await? {
            if !targets.iter().any(|known| known.domain == target.domain) {
                targets.push(target);
            }
        }
        if targets.is_empty() {
            return Err(Error::NoTargets);
        }
        if targets.len() > DOMAINS_MAX {
            return Err(Error::TooManyMapDomains { max: DOMAINS_MAX });
        }
        let targets = self.check_targets(&reach, targets).await?;
        let profile = self.choose_option_profile(actor, option.as_deref()).await?;
        let title = title.filter(|title| !title.is_empty());
        check_length("title", title.as_deref().unwrap_or_default(), TITLE_CHARACTERS_MAX)?;

        let running_max = self.parts.config.running_scans_max;
        if u32::try_from(targets.len()).is_ok_and(|maps| maps > running_max) {
            return Err(Error::TooManyMaps { max: running_max });
        }
        let maps = targets.into_iter().map(|MapTarget { domain, netblock }| NewMap {
            title: title.clone().unwrap_or_else(|| format!("Network map of {}", shown(&domain, &netblock))),
            domain,
            netblock,
        });
        Ok(NewMaps {
            maps: maps.collect(),
            asset_groups,
            launched_at: self.clock().now(),
            login: actor.login.clone(),
            launch_type: launched_by,
            save_report,
            assigned_only: reach != Reach::Everything,
            profile,
            running_max,
        })
    }

    /// The targets with the netblocks they will be mapped with.
    async fn check_targets(&self, reach: &Reach, targets: Vec<MapTarget>) -> Result<Vec<MapTarget>> {
        let known = self.domains_within(reach).await?;
        let registered = reach.hosts(&self.store().subscription_ips().await?);
        let check = |MapTarget { domain, netblock }: MapTarget| {
            let noted = known.iter().find(|one| one.name == domain).map(|one| one.netblock.clone());
            if noted.is_none() && *reach != Reach::Everything && !domain.is_none() {
                return Err(Error::UnknownDomain { domain });
            }
            let noted = noted.unwrap_or_default();
            let netblock = if netblock.is_empty() { noted.clone() } else { netblock };
            if domain.is_none() && netblock.is_empty() {
                return Err(Error::NoNetblock);
            }
            let foreign = netblock.difference(&noted).difference(&registered);
            if !foreign.is_empty() {
                return Err(Error::ForeignNetblock { ips: foreign });
            }
            if netblock.count() > NETBLOCK_MAX {
                return Err(Error::TooLargeNetblock { max: NETBLOCK_MAX });
            }
            Ok(MapTarget { domain, netblock })
        };
        targets.into_iter().map(check).collect()
    }

    /// The domains of the groups with these titles, each once.
    pub(crate) async fn asset_group_domains(
        &self,
        actor: &Actor,
        titles: &[String],
    ) -> Result<Vec<MapTarget>> {
        let mut targets = Vec::new();
        if titles.is_empty() {
            return Ok(targets);
        }
        let groups = self.list_asset_groups(actor, None).await?;
        for title in titles {
            let named = |group: &&crate::AssetGroupView| {
                group.title == *title || (group.id == 0 && group.title.eq_ignore_ascii_case(title))
            };
            let group = groups.iter().find(named);
            let group = group.ok_or_else(|| Error::UnknownAssetGroup { title: title.clone() })?;
            for domain in &group.domains {
                if !targets.iter().any(|target: &MapTarget| target.domain == domain.name) {
                    targets.push(MapTarget { domain: domain.name.clone(), netblock: IpSet::new() });
                }
            }
        }
        Ok(targets)
    }
}

/// The domain, or the addresses that have none; not too long for a title.
fn shown(domain: &DomainName, netblock: &IpSet) -> String {
    if !domain.is_none() {
        return domain.to_string();
    }
    match netblock.ranges() {
        [first, _, ..] => format!("{first},..."),
        _ => netblock.to_string(),
    }
}
