//! Maps: how far they are, their reports, and their end.
//!
//! A map is within somebody's reach when they launched it, or its domain is within their reach; a
//! map without a domain, when all its addresses are.

use std::net::Ipv4Addr;

use palisade_engine::MapStage;
use palisade_model::{
    Action, DomainName, IpSet, Login, MapNameServer, MapRef, Resource, ScanStatus, Timestamp,
};
use palisade_store::{Cancelled, LaunchType, Map, MapFilter, Reach, StoredMapHost};

use crate::actor::{Actor, Permit};
use crate::app::App;
use crate::error::{Error, Result};

/// Shown as long as no scanner has taken a map.
const DEFAULT_SCANNER: &str = "built-in";
/// Maps read from the store at a time.
const PAGE_MAPS: u32 = 200;
/// Most reports one call lists, and most hosts of one page.
const REPORTS_MAX: usize = 10_000;
const PAGE_HOSTS_MAX: u32 = 1_000;
/// When an unsaved result counts as abandoned, and how many are forgotten with one launch.
const ABANDONED_AFTER_S: i64 = 86_400;
const ABANDONED_AT_ONCE: u32 = 10;

/// A map as its users see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapView {
    pub map: MapRef,
    pub title: String,
    pub domain: DomainName,
    /// As it was asked for; empty when only the DNS is to tell.
    pub netblock: IpSet,
    /// Titles of the asset groups it was launched with.
    pub asset_groups: Vec<String>,
    pub status: ScanStatus,
    pub launched_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub user: Login,
    pub launch_type: LaunchType,
    pub save_report: bool,
    pub option_title: String,
    pub option_is_default: bool,
    /// The option profile in one line, for people.
    pub options_text: String,
    /// Hosts found so far.
    pub hosts: u64,
    /// `None` unless a scanner is at work.
    pub stage: Option<MapStage>,
    /// Work units; comparable with each other only.
    pub work_done: u64,
    pub work_total: u64,
    pub scanner_name: String,
    pub name_servers: Vec<MapNameServer>,
    /// Why the picture is not whole, in words for people.
    pub notes: Vec<String>,
}

/// Which saved maps are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListMapReports {
    /// Only this domain.
    pub domain: Option<DomainName>,
    /// Only the newest.
    pub last: bool,
}

impl App {
    /// One map.
    pub async fn map(&self, actor: &Actor, map: &MapRef) -> Result<MapView> {
        let permit = actor.allow(Action::List, Resource::Map)?;
        self.take_back_expired().await?;
        Ok(view(self.find_map(permit, map).await?))
    }

    /// Maps that have not ended, oldest first.
    pub async fn list_running_maps(&self, actor: &Actor) -> Result<Vec<MapView>> {
        let sight = self.sight(actor.allow(Action::List, Resource::Map)?).await?;
        self.take_back_expired().await?;
        let maps = self.store().list_running_maps().await?;
        Ok(maps.into_iter().filter(|map| sight.has(map)).map(view).collect())
    }

    /// Maps whose report is saved, or will be when they have ended, newest first.
    pub async fn list_map_reports(&self, actor: &Actor, wanted: ListMapReports) -> Result<Vec<MapView>> {
        let sight = self.sight(actor.allow(Action::List, Resource::MapReport)?).await?;
        let mut views = Vec::new();
        let mut filter = MapFilter { domain: wanted.domain, before: None, limit: PAGE_MAPS };
        loop {
            let page = self.store().list_saved_maps(&filter).await?;
            let Some(last) = page.last() else { return Ok(views) };
            filter.before = Some(last.id);
            for map in page.into_iter().filter(|map| sight.has(map)) {
                views.push(view(map));
                if wanted.last || views.len() >= REPORTS_MAX {
                    return Ok(views);
                }
            }
        }
    }

    /// One page of a map's hosts, by address: at most `limit` (and 1,000) after `after`.
    pub async fn map_hosts(
        &self,
        actor: &Actor,
        map: &MapRef,
        after: Option<Ipv4Addr>,
        limit: u32,
    ) -> Result<Vec<StoredMapHost>> {
        let map = self.find_map(actor.allow(Action::List, Resource::MapReport)?, map).await?;
        Ok(self.store().list_map_hosts(map.id, after, limit.clamp(1, PAGE_HOSTS_MAX)).await?)
    }

    /// Asks a map to stop; the maps of its request that have not begun are over at once. Asking
    /// again is no error.
    pub async fn cancel_map(&self, actor: &Actor, map: &MapRef) -> Result<()> {
        let permit = actor.allow(Action::Cancel, Resource::Map)?;
        self.take_back_expired().await?;
        let found = self.find_map(permit, map).await?;
        match self.store().cancel_map(found.id, self.clock().now()).await? {
            Cancelled::EndedBefore => return Err(Error::ScanEnded),
            Cancelled::AtOnce | Cancelled::Requested => {}
        }
        self.announce_change();
        self.record_done(actor, "map", "cancel", map.to_string()).await
    }

    /// Deletes the saved report of a map.
    pub async fn delete_map_report(&self, actor: &Actor, map: &MapRef) -> Result<()> {
        let found = self.find_map(actor.allow(Action::Delete, Resource::MapReport)?, map).await?;
        if !self.store().delete_map(found.id).await? {
            return Err(Error::ScanRunning);
        }
        self.record_done(actor, "report", "delete", map.to_string()).await
    }

    /// Forgets the result of a map that was not to be saved, once its answer is sent. Nothing
    /// happens when it was to be saved, or has not ended, or is gone.
    pub async fn forget_unsaved_map(&self, map: &MapRef) -> Result<()> {
        if let Some(found) = self.store().map(map).await?
            && !found.save_report
        {
            self.store().delete_map(found.id).await?;
        }
        Ok(())
    }

    /// Forgets unsaved results that nobody fetched within a day.
    pub(crate) async fn forget_abandoned_maps(&self) -> Result<()> {
        let day_ago = Timestamp::from_second(self.clock().now().as_second() - ABANDONED_AFTER_S);
        let Ok(day_ago) = day_ago else { return Ok(()) };
        for map in self.store().list_abandoned_maps(day_ago, ABANDONED_AT_ONCE).await? {
            self.store().delete_map(map.id).await?;
        }
        Ok(())
    }

    /// The map, if it is within reach.
    async fn find_map(&self, permit: Permit<'_>, map: &MapRef) -> Result<Map> {
        let sight = self.sight(permit).await?;
        let found = self.store().map(map).await?;
        found.filter(|map| sight.has(map)).ok_or(Error::UnknownScan)
    }

    async fn sight(&self, permit: Permit<'_>) -> Result<Sight> {
        let reach = permit.reach();
        let domains = match reach {
            Reach::Assigned { .. } => self.domains_within(&reach).await?,
            Reach::Everything | Reach::Own { .. } | Reach::Nothing => Vec::new(),
        };
        Ok(Sight { reach, domains: domains.into_iter().map(|domain| domain.name).collect() })
    }
}

/// Which maps somebody sees.
struct Sight {
    reach: Reach,
    /// Looked at only where reach goes by assets.
    domains: Vec<DomainName>,
}

impl Sight {
    fn has(&self, map: &Map) -> bool {
        match &self.reach {
            Reach::Everything => true,
            Reach::Assigned { login, .. } if map.login == *login => true,
            Reach::Assigned { ips, .. } if map.domain.is_none() => map.netblock.difference(ips).is_empty(),
            Reach::Assigned { .. } => self.domains.contains(&map.domain),
            Reach::Own { login } => map.login == *login,
            Reach::Nothing => false,
        }
    }
}

fn view(map: Map) -> MapView {
    let ended = map.status.is_ended();
    let stage = map.progress.stage.and_then(|stage| MapStage::ALL.get(usize::try_from(stage).ok()?).copied());
    MapView {
        map: map.reference,
        title: map.title,
        domain: map.domain,
        netblock: map.netblock,
        asset_groups: map.asset_groups,
        status: map.status,
        launched_at: map.launched_at,
        started_at: map.started_at,
        ended_at: map.ended_at,
        user: map.login,
        launch_type: map.launch_type,
        save_report: map.save_report,
        options_text: map.profile.options_text(),
        option_title: map.profile.title,
        option_is_default: map.profile.is_default,
        hosts: map.progress.findings,
        stage: stage.filter(|_| !ended),
        work_done: map.progress.work_done,
        work_total: map.progress.work_total,
        scanner_name: map.scanner.unwrap_or_else(|| DEFAULT_SCANNER.to_owned()),
        name_servers: map.name_servers,
        notes: map.notes,
    }
}
