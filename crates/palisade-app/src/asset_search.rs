//! Searching hosts by what the scans learnt of them.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use palisade_model::{Action, IpSet, Qid, Resource, Timestamp, Transport};
use palisade_store::{HostRange, PackedHosts, SearchedHost, SharedText, TrackingMethod};
use tokio::sync::mpsc;

use crate::actor::Actor;
use crate::app::App;
use crate::asset_report::Bounds;
use crate::error::{Error, Result};
use crate::host::attributes_of;
use crate::host_steps::HostSteps;

/// Hosts that the store chooses for one page of what was found.
const PAGE_HOSTS: u32 = 2_000;
/// Hosts looked at for one page where all are.
const STEP_HOSTS: u32 = 1_000;
/// Pages read ahead.
const PAGES_AHEAD: usize = 2;
/// Most hosts that are put into another order than that of their addresses, which takes all of them
/// at once.
const ORDERED_HOSTS_MAX: usize = 200_000;
const SECONDS_PER_DAY: u64 = 86_400;

/// How a text is compared; upper and lower case are the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextMatch {
    Begin(String),
    Match(String),
    Contain(String),
    End(String),
}

impl TextMatch {
    fn fits(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        match self {
            Self::Begin(wanted) => text.starts_with(&wanted.to_lowercase()),
            Self::Match(wanted) => text == wanted.to_lowercase(),
            Self::Contain(wanted) => text.contains(&wanted.to_lowercase()),
            Self::End(wanted) => text.ends_with(&wanted.to_lowercase()),
        }
    }
}

/// When the last scan was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastScan {
    WithinDays(u64),
    NotWithinDays(u64),
}

/// What the hosts are ordered by; those that are alike stay in the order of their addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AssetOrder {
    #[default]
    Ip,
    Dns,
    Netbios,
    Os,
    Tracking,
    LastScan,
}

/// Which hosts are wanted: those that everything given is true of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SearchAssets {
    /// All within the caller's reach when `None`.
    pub target: Option<IpSet>,
    pub dns: Option<TextMatch>,
    pub netbios: Option<TextMatch>,
    pub os: Option<TextMatch>,
    pub tracking: Option<TrackingMethod>,
    pub last_scan: Option<LastScan>,
    /// A vulnerability that is not fixed, with this QID and this evidence.
    pub qid: Option<Qid>,
    pub results: Option<TextMatch>,
    /// An open port with this number, and this service behind it.
    pub port: Option<u16>,
    pub service: Option<TextMatch>,
}

/// A search that is about to be made: what is wanted, and what it means for the caller.
#[derive(Debug, Clone)]
pub struct AssetSearch {
    wanted: SearchAssets,
    target: IpSet,
    ranges: Vec<HostRange>,
    groups: Vec<(String, IpSet)>,
}

impl AssetSearch {
    /// `None`: it has no target.
    fn bounds(&self) -> Option<Bounds> {
        Bounds::of(&self.target)
    }

    /// Whether every host of the target is looked at, whatever is wanted of it.
    fn looks_at_all(&self) -> bool {
        self.wanted.qid.is_none() && self.wanted.port.is_none()
    }
}

/// A host that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundAsset {
    pub ip: Ipv4Addr,
    pub tracking: TrackingMethod,
    pub dns: Option<SharedText>,
    pub netbios: Option<SharedText>,
    pub os: Option<SharedText>,
    /// The vulnerabilities searched for, with their evidence; empty when none were.
    pub vulnerabilities: Vec<(Qid, String)>,
    /// The open ports searched for, with their services; empty when none were.
    pub ports: Vec<(u16, Transport, String)>,
    pub last_scan_at: Timestamp,
    pub first_scan_at: Timestamp,
    /// Titles of the asset groups within the caller's reach that it is in.
    pub asset_groups: Vec<String>,
}

/// Some of what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundAssets {
    /// By address.
    pub assets: Vec<FoundAsset>,
    /// Where the next page goes on; `None` when this is the last.
    pub next: Option<Ipv4Addr>,
}

/// What is known beside the host itself, by address.
type Vulnerabilities = BTreeMap<Ipv4Addr, Vec<(Qid, String)>>;
type Ports = BTreeMap<Ipv4Addr, Vec<(u16, Transport, String)>>;

impl App {
    /// Decides where a search looks and who may see it. Nothing is read of the hosts yet.
    pub async fn plan_asset_search(&self, actor: &Actor, wanted: SearchAssets) -> Result<AssetSearch> {
        let reach = actor.allow(Action::List, Resource::HostVulnerability)?.reach();
        let ranges = self.store().list_host_ranges().await?;
        let visible = reach.hosts(&ranges.iter().map(|part| part.range).collect());
        let mut target =
            wanted.target.as_ref().map_or_else(|| visible.clone(), |ips| ips.intersection(&visible));
        if wanted.qid.is_some_and(|qid| self.kb().is_disabled(qid)) {
            target = IpSet::new();
        }
        let groups = self.list_asset_groups(actor, None).await?.into_iter().filter(|group| group.id != 0);
        let groups = groups.map(|group| (group.title, group.ips)).collect();
        Ok(AssetSearch { wanted, target, ranges, groups })
    }

    /// What `write` makes of the hosts of the search, in pages, by address, read ahead: the database is at
    /// the next page while the last one is taken apart and written, and two are written at the same time
    /// where that can be. Reading stops when the receiver is dropped; an error is the last thing it gives.
    #[must_use]
    pub fn asset_pages<T, Write>(&self, search: AssetSearch, write: Write) -> mpsc::Receiver<Result<T>>
    where
        T: Send + 'static,
        Write: Fn(Vec<FoundAsset>) -> T + Send + Sync + 'static,
    {
        let (sender, receiver) = mpsc::channel(PAGES_AHEAD);
        let search = Searching { app: self.clone(), search: Arc::new(search), write: Arc::new(write) };
        tokio::spawn(async move {
            let sent = match search.search.bounds() {
                Some(bounds) if search.search.looks_at_all() => search.send_steps(bounds, &sender).await,
                _ => search.send_chosen(&sender).await,
            };
            if let Err(error) = sent {
                // Nobody is left to be told when the receiver is gone.
                let _ = sender.send(Err(error)).await;
            }
        });
        receiver
    }

    fn packed_pages(&self, search: Arc<AssetSearch>) -> mpsc::Receiver<Result<PackedHosts>> {
        let (sender, receiver) = mpsc::channel(1);
        let app = self.clone();
        tokio::spawn(async move {
            let mut after = None;
            loop {
                let page = app.packed_page(&search, after).await.transpose();
                let Some(page) = page else { return };
                after = page.as_ref().ok().and_then(next_of);
                if sender.send(page).await.is_err() || after.is_none() {
                    return;
                }
            }
        });
        receiver
    }

    /// One page of the hosts of the search, by address; the first page is after `None`. A page may be
    /// empty though others follow.
    pub async fn asset_page(&self, search: &AssetSearch, after: Option<Ipv4Addr>) -> Result<FoundAssets> {
        let Some(page) = self.packed_page(search, after).await? else {
            return Ok(FoundAssets { assets: Vec::new(), next: None });
        };
        let next = next_of(&page);
        Ok(FoundAssets { assets: self.found_assets(search, page).await?, next })
    }

    /// `None`: the search has no target.
    async fn packed_page(
        &self,
        search: &AssetSearch,
        after: Option<Ipv4Addr>,
    ) -> Result<Option<PackedHosts>> {
        let Some(Bounds { before, last }) = search.bounds() else { return Ok(None) };
        let SearchAssets { qid, port, .. } = search.wanted;
        // Evidence is compared here, so the store's own choice is only of QIDs.
        let page = self.store().search_hosts(after.or(before), last, qid, port, PAGE_HOSTS);
        Ok(Some(page.await?))
    }

    /// What a page has of what is wanted.
    async fn found_assets(&self, search: &AssetSearch, page: PackedHosts) -> Result<Vec<FoundAsset>> {
        let AssetSearch { wanted, target, ranges, groups } = search;
        let hosts: Vec<SearchedHost> = page
            .unpack()?
            .into_iter()
            .filter(|host| target.contains(host.ip) && self.is_wanted(wanted, host, ranges))
            .collect();
        let (Some(low), Some(high)) = (hosts.first().map(|host| host.ip), hosts.last().map(|host| host.ip))
        else {
            return Ok(Vec::new());
        };
        let mut vulnerabilities = self.vulnerabilities_wanted(wanted, low, high).await?;
        let mut ports = self.ports_wanted(wanted, low, high).await?;
        let searches_vulnerabilities = wanted.qid.is_some() || wanted.results.is_some();
        let searches_ports = wanted.port.is_some() || wanted.service.is_some();
        let assets = hosts
            .into_iter()
            .map(|host| {
                let vulnerabilities = match wanted.qid {
                    // The store has found it on each of them.
                    Some(qid) if wanted.results.is_none() => vec![(qid, String::new())],
                    _ => vulnerabilities.remove(&host.ip).unwrap_or_default(),
                };
                let ports = ports.remove(&host.ip).unwrap_or_default();
                let groups = groups.iter().filter(|(_, ips)| ips.contains(host.ip));
                let asset_groups = groups.map(|(title, _)| title.clone()).collect();
                asset(host, ranges, vulnerabilities, ports, asset_groups)
            })
            .filter(|asset| !searches_vulnerabilities || !asset.vulnerabilities.is_empty())
            .filter(|asset| !searches_ports || !asset.ports.is_empty())
            .collect();
        Ok(assets)
    }

    /// All hosts that are wanted, in an order that takes all of them at once.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::TooManyToOrder`].
    pub async fn search_assets_ordered(
        &self,
        actor: &Actor,
        wanted: SearchAssets,
        order: AssetOrder,
        descending: bool,
    ) -> Result<Vec<FoundAsset>> {
        let search = self.plan_asset_search(actor, wanted).await?;
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let FoundAssets { assets, next } = self.asset_page(&search, after).await?;
            all.extend(assets);
            if all.len() > ORDERED_HOSTS_MAX {
                return Err(Error::TooManyToOrder { max: ORDERED_HOSTS_MAX });
            }
            after = next;
            if after.is_none() {
                break;
            }
        }
        let lower = |text: &Option<SharedText>| text.as_ref().map(|text| text.to_lowercase());
        match order {
            AssetOrder::Ip => {}
            AssetOrder::Dns => all.sort_by_cached_key(|asset| lower(&asset.dns)),
            AssetOrder::Netbios => all.sort_by_cached_key(|asset| lower(&asset.netbios)),
            AssetOrder::Os => all.sort_by_cached_key(|asset| lower(&asset.os)),
            AssetOrder::Tracking => all.sort_by_key(|asset| asset.tracking.as_str()),
            AssetOrder::LastScan => all.sort_by_key(|asset| asset.last_scan_at),
        }
        if descending {
            all.reverse();
        }
        Ok(all)
    }

    /// Whether the host itself is wanted; its vulnerabilities and ports are looked at later.
    fn is_wanted(&self, wanted: &SearchAssets, host: &SearchedHost, ranges: &[HostRange]) -> bool {
        let fits = |text: &Option<SharedText>, wanted: &Option<TextMatch>| {
            wanted.as_ref().is_none_or(|wanted| text.as_ref().is_some_and(|text| wanted.fits(text)))
        };
        let tracking = || attributes_of(ranges, host.ip).map_or(TrackingMethod::Ip, |known| known.tracking);
        let is_recent = |days: u64| {
            let seconds = self.clock().now().as_second().saturating_sub(host.last_scan_at.as_second());
            u64::try_from(seconds).unwrap_or(0) <= days.saturating_mul(SECONDS_PER_DAY)
        };
        fits(&host.dns_name, &wanted.dns)
            && fits(&host.netbios_name, &wanted.netbios)
            && fits(&host.os, &wanted.os)
            && wanted.tracking.is_none_or(|wanted| tracking() == wanted)
            && match wanted.last_scan {
                None => true,
                Some(LastScan::WithinDays(days)) => is_recent(days),
                Some(LastScan::NotWithinDays(days)) => !is_recent(days),
            }
    }

    async fn vulnerabilities_wanted(
        &self,
        wanted: &SearchAssets,
        first: Ipv4Addr,
        last: Ipv4Addr,
    ) -> Result<Vulnerabilities> {
        let mut found = Vulnerabilities::new();
        if wanted.results.is_none() {
            return Ok(found);
        }
        let kb = self.kb();
        for (ip, qid, result) in self.store().list_open_detections(first, last, wanted.qid).await? {
            if kb.is_disabled(qid) || wanted.results.as_ref().is_some_and(|wanted| !wanted.fits(&result)) {
                continue;
            }
            let here = found.entry(ip).or_default();
            // A QID on several ports is one, unless its evidence was searched and differs.
            let is_told = here.last().is_some_and(|(known, told)| *known == qid && *told == result);
            if !is_told {
                here.push((qid, result));
            }
        }
        Ok(found)
    }

    async fn ports_wanted(&self, wanted: &SearchAssets, first: Ipv4Addr, last: Ipv4Addr) -> Result<Ports> {
        let mut found = Ports::new();
        if wanted.port.is_none() && wanted.service.is_none() {
            return Ok(found);
        }
        for open in self.store().list_host_ports(first, last).await? {
            let fits = wanted.service.as_ref().is_none_or(|wanted| wanted.fits(&open.service));
            if fits && wanted.port.is_none_or(|port| open.port == port) {
                found.entry(open.ip).or_default().push((open.port, open.transport, open.service));
            }
        }
        Ok(found)
    }
}

/// The last host of a page that is full, after which another may follow.
fn next_of(page: &PackedHosts) -> Option<Ipv4Addr> {
    page.last().filter(|_| page.count() >= u64::from(PAGE_HOSTS))
}

/// A search that is being made, and what its pages are written with.
struct Searching<Write> {
    app: App,
    search: Arc<AssetSearch>,
    write: Arc<Write>,
}

impl<T, Write> Searching<Write>
where
    T: Send + 'static,
    Write: Fn(Vec<FoundAsset>) -> T + Send + Sync + 'static,
{
    /// Sends pages of a search that looks at every host: where they end is known before they are read, so
    /// two are read, taken apart and written at the same time.
    async fn send_steps(&self, bounds: Bounds, sender: &mpsc::Sender<Result<T>>) -> Result<()> {
        let (app, search, write) = (self.app.clone(), Arc::clone(&self.search), Arc::clone(&self.write));
        let mut steps = HostSteps::new(self.app.store(), bounds, STEP_HOSTS, move |after, end| {
            let (app, search, write) = (app.clone(), Arc::clone(&search), Arc::clone(&write));
            async move {
                let page = app.store().search_hosts(after, end, None, None, u32::MAX).await?;
                Ok(write(app.found_assets(&search, page).await?))
            }
        });
        while let Some(page) = steps.next().await? {
            if sender.send(Ok(page)).await.is_err() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Sends pages of a search for which the store chooses the hosts: where the next one begins is known
    /// when the last one is read.
    async fn send_chosen(&self, sender: &mpsc::Sender<Result<T>>) -> Result<()> {
        let mut packed = self.app.packed_pages(Arc::clone(&self.search));
        while let Some(page) = packed.recv().await {
            let page = self.app.found_assets(&self.search, page?).await?;
            if sender.send(Ok((self.write)(page))).await.is_err() {
                return Ok(());
            }
        }
        Ok(())
    }
}

fn asset(
    host: SearchedHost,
    ranges: &[HostRange],
    vulnerabilities: Vec<(Qid, String)>,
    ports: Vec<(u16, Transport, String)>,
    asset_groups: Vec<String>,
) -> FoundAsset {
    let SearchedHost { ip, dns_name, netbios_name, os, first_scan_at, last_scan_at } = host;
    FoundAsset {
        ip,
        tracking: attributes_of(ranges, ip).map_or(TrackingMethod::Ip, |known| known.tracking),
        dns: dns_name,
        netbios: netbios_name,
        os,
        vulnerabilities,
        ports,
        last_scan_at,
        first_scan_at,
        asset_groups,
    }
}
