//! Making one map, as one future: dropped to cancel, and what was drawn until then stays.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::StreamExt;
use palisade_model::option_profile::PasswordBruteForcing;
use palisade_model::{IpRange, IpSet, MapResult};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::hosts::{self, Details, Live};
use super::link::{MapOrder, MapProgress, MapStage};
use super::names::{self, Gathering};
use super::picture::Picture;
use super::plan::{MAP_TIME_MAX, NAMES_TIME_MAX, Plan, REVERSE_MAX, ROUTES_MAX};
use super::resolver::{Resolver, system_resolvers};
use super::route;
use crate::pacing::Pace;
use crate::scan::ScanContext;
use crate::survey::{Sight, SurveyContext, SurveyOrder, survey_hosts};

/// Hosts the way to which is walked at the same time.
const WALKS_PARALLEL: usize = 12;
/// Sightings that may wait before the survey waits for the picture.
const SIGHTS_WAITING_MAX: usize = 256;
/// What each stage counts for in the progress, in thousandths.
const STAGE_WORK: u64 = 250;

/// A map being made.
#[derive(Debug)]
pub struct MapMaking {
    order: MapOrder,
    plan: Plan,
    context: ScanContext,
    resolver: Resolver,
    pace: Arc<Pace>,
    picture: Mutex<Picture>,
    progress: watch::Sender<MapProgress>,
}

impl MapMaking {
    /// `resolvers`: the name servers to ask; the system's when there are none.
    #[must_use]
    pub fn new(order: MapOrder, context: ScanContext, resolvers: &[SocketAddrV4]) -> Self {
        let plan = Plan::of(&order.profile);
        // Nobody's password is guessed for a map.
        let mut asking = crate::plan::Plan::everything();
        asking.guesses = PasswordBruteForcing::None;
        let pace = Pace::new(Arc::clone(&context.limits), &plan.performance, asking);
        let system = if resolvers.is_empty() { system_resolvers() } else { Vec::new() };
        let servers = if resolvers.is_empty() { &system } else { resolvers };
        let resolver = Resolver::new(servers, Arc::clone(&pace), Arc::clone(&context.ids));
        let start =
            MapProgress { stage: MapStage::Names, work_done: 0, work_total: 4 * STAGE_WORK, hosts: 0 };
        let progress = watch::channel(start).0;
        Self { order, plan, context, resolver, pace, picture: Mutex::default(), progress }
    }

    /// How far the map is.
    #[must_use]
    pub fn progress(&self) -> watch::Receiver<MapProgress> {
        self.progress.subscribe()
    }

    /// Makes the map; what there is of it is taken with [`finish`](Self::finish), also when this is
    /// dropped before its end.
    pub async fn run(&self) {
        if timeout(MAP_TIME_MAX, self.draw()).await.is_err() {
            self.note("the time for the map was up");
        }
    }

    /// What was drawn.
    #[must_use]
    pub fn finish(&self) -> MapResult {
        std::mem::take(&mut *self.picture()).finish()
    }

    async fn draw(&self) {
        let named = self.draw_names().await;
        let live = self.draw_live(&named).await;
        self.look_up(&live).await;
        let details = self.draw_details(&live).await;
        self.draw_ways(&live, &details).await;
    }

    fn picture(&self) -> MutexGuard<'_, Picture> {
        self.picture.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, note: &str) {
        self.picture().notes.insert(note.to_owned());
    }

    fn tell(&self, stage: MapStage, done: usize, total: usize) {
        let position = MapStage::ALL.iter().position(|known| *known == stage).unwrap_or_default() as u64;
        let part = STAGE_WORK * done as u64 / (total as u64).max(1);
        let hosts = self.picture().count();
        self.progress.send_replace(MapProgress {
            stage,
            work_done: position * STAGE_WORK + part,
            work_total: 4 * STAGE_WORK,
            hosts,
        });
    }

    /// Asks the DNS for the names of the domain; gives where they lead.
    async fn draw_names(&self) -> IpSet {
        self.tell(MapStage::Names, 0, 1);
        if !self.plan.dns || self.order.domain.is_none() {
            return IpSet::new();
        }
        let mut gathering = Gathering::new(&self.resolver, &self.order.domain);
        if timeout(NAMES_TIME_MAX, gathering.run()).await.is_err() {
            self.note("the time for questions to the DNS was up");
        }
        let found = gathering.found;
        let named = found.by_address.keys().filter_map(|address| IpRange::new(*address, *address)).collect();
        self.picture().add_names(found);
        named
    }

    /// Looks for life in the netblock and where names lead.
    async fn draw_live(&self, named: &IpSet) -> Vec<Live> {
        let candidates = self.plan.candidates(&self.order, named);
        let total = usize::try_from(candidates.count()).unwrap_or(usize::MAX);
        let (found, looked) = (Mutex::new(Vec::new()), AtomicUsize::new(0));
        futures_util::stream::iter(candidates.chunks(self.plan.netblock_size))
            .for_each_concurrent(self.plan.netblocks, |netblock| self.sweep(netblock, &found, &looked, total))
            .await;
        found.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks for life in one netblock, with raw packets where the process may send them.
    async fn sweep(&self, netblock: IpSet, found: &Mutex<Vec<Live>>, looked: &AtomicUsize, total: usize) {
        let ScanContext { clock, ids, limits, .. } = self.context.clone();
        let survey = SurveyOrder::of(&self.plan.survey_profile(&self.order.profile), netblock, None);
        let (sights, mut seen) = mpsc::channel(SIGHTS_WAITING_MAX);
        let telling = async {
            while let Some(sight) = seen.recv().await {
                let count = match sight {
                    Sight::Host(sighting) => {
                        if let Some(live) = Live::of(&sighting, &self.pace) {
                            self.picture().add_live(&live);
                            found.lock().unwrap_or_else(PoisonError::into_inner).push(live);
                        }
                        1
                    }
                    Sight::DeadV6(_) => 1,
                    Sight::Dead(set) => usize::try_from(set.count()).unwrap_or(usize::MAX),
                    Sight::Progress(_) => continue,
                };
                let done = looked.fetch_add(count, Ordering::Relaxed).saturating_add(count);
                self.tell(MapStage::Hosts, done, total);
            }
        };
        tokio::join!(survey_hosts(survey, SurveyContext { clock, ids, limits }, sights), telling);
    }

    /// Looks up what the addresses are registered as: those of the netblock if it is small, those
    /// on the map otherwise.
    async fn look_up(&self, live: &[Live]) {
        if !self.plan.dns {
            return;
        }
        let addresses: Vec<Ipv4Addr> = if self.order.netblock.count() <= REVERSE_MAX {
            let mut all = self.picture().addresses();
            all.extend(self.order.netblock.iter());
            all.sort_unstable();
            all.dedup();
            all
        } else {
            live.iter().map(|live| live.address).collect()
        };
        let asking = names::reverse(&self.resolver, addresses);
        match timeout(NAMES_TIME_MAX, asking).await {
            Ok(found) => {
                let mut picture = self.picture();
                for (address, name) in found {
                    picture.add_registered(address, name);
                }
            }
            Err(_) => self.note("the time for reverse look-ups was up"),
        }
    }

    /// Looks closer at the live hosts that the profile names.
    async fn draw_details(&self, live: &[Live]) -> Vec<(Ipv4Addr, Details)> {
        self.tell(MapStage::Details, 0, 1);
        let closer = |live: &&Live| self.plan.looks_closer(&self.order, live.address);
        let chosen: Vec<Live> = live.iter().filter(closer).cloned().collect();
        let total = chosen.len();
        let parallel = self.pace.hosts.available_permits().max(1);
        let mut looks = futures_util::stream::iter(chosen)
            .map(|live| async move { (live.address, hosts::details(&live, &self.plan, &self.context).await) })
            .buffer_unordered(parallel);
        let mut all = Vec::new();
        while let Some((address, details)) = looks.next().await {
            self.picture().add_details(address, details.clone());
            all.push((address, details));
            self.tell(MapStage::Details, all.len(), total);
        }
        all
    }

    /// Walks the ways to the live hosts.
    async fn draw_ways(&self, live: &[Live], details: &[(Ipv4Addr, Details)]) {
        self.tell(MapStage::Routes, 0, 1);
        if live.len() > ROUTES_MAX {
            self.note("there are more live hosts than ways are walked to");
        }
        let total = live.len().min(ROUTES_MAX);
        let details: HashMap<Ipv4Addr, &Details> =
            details.iter().map(|(at, details)| (*at, details)).collect();
        let targets: Vec<_> = live
            .iter()
            .take(ROUTES_MAX)
            .map(|live| {
                let known = details.get(&live.address).copied();
                (live.address, Arc::clone(&live.host), hosts::answering_port(live, known))
            })
            .collect();
        let mut walks = futures_util::stream::iter(targets)
            .map(|(address, host, port)| async move { (address, route::walk(&host, port).await) })
            .buffer_unordered(WALKS_PARALLEL);
        let mut done = 0;
        while let Some((address, way)) = walks.next().await {
            if let Some(way) = way {
                self.picture().add_way(address, &way);
            }
            done += 1;
            self.tell(MapStage::Routes, done, total);
        }
    }
}
