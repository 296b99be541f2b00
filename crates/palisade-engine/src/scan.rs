//! A scan of a set of hosts, as one future: events out, dropped to cancel.
//!
//! Used by the worker loop for every slice it leases and by the command line for a scan without a
//! server. Hosts are independent: each is a task of its own with its own budget, and whatever
//! becomes of one (out of time, a defect of ours) it is delivered with what was seen of it.

use std::collections::{HashMap, HashSet, VecDeque};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use palisade_fingerprint::Fingerprints;
use palisade_kb::KnowledgeBase;
use palisade_model::ip_set::IpRange;
use palisade_model::{Clock, HostResult, IdSource, IpSet, Transport};
use palisade_template::Library;
use tokio::sync::mpsc;
use tokio::task::{Id, JoinSet};
use tokio::time::MissedTickBehavior;

use crate::host::{HostScan, Known};
use crate::link::SliceProgress;
use crate::order::ScanOrder;
use crate::pacing::{Limits, Pace};
use crate::partial_host::PartialHost;
use crate::plan::Plan;
use crate::sheet::{Sheet, Tally};
use crate::survey::{Hosts, Sighting, SurveyOrder, Sweeping, Swept};

/// Sightings that wait for their turn before the sweep is made to wait.
const WAITING_MAX: usize = 64;
const PROGRESS_EVERY: Duration = Duration::from_millis(250);

/// What a scan needs besides its order. Cheap to clone; share one [`Limits`] in a process.
#[derive(Debug, Clone)]
pub struct ScanContext {
    pub kb: Arc<KnowledgeBase>,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdSource>,
    pub limits: Arc<Limits>,
    /// Fingerprint databases of others, asked where our own rules say nothing.
    pub fingerprints: Option<Arc<Fingerprints>>,
    /// Community templates, run where the scan's QIDs and profile allow it.
    pub templates: Option<Arc<Library>>,
}

/// What a running scan says.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// How far it is; about four times a second, left out when nobody listens fast enough.
    Progress(SliceProgress),
    /// One host is done. Exactly one for every target, dead or alive.
    Host(Box<HostResult>),
}

/// Scans the order's targets and returns when all are done. Dropping the future, or the receiver
/// of the events, stops it: connections close at once and nothing more is sent.
///
/// Hosts are not delivered in order. Needs a Tokio runtime with I/O and timers; works on a
/// current-thread runtime too.
pub async fn scan_hosts(order: ScanOrder, context: ScanContext, events: mpsc::Sender<Event>) {
    let plan = Plan::of(&order, &context.kb, context.templates.as_ref());
    let pace = Pace::new(Arc::clone(&context.limits), &order.profile.performance, plan);
    let tally = Tally::of(&order);
    scan_slice(Arc::new(order), Earlier::default(), context, pace, tally, events).await;
}

/// What earlier holders of a slice came to.
#[derive(Debug, Default)]
pub(crate) struct Earlier {
    /// Hosts that are done.
    pub(crate) delivered: HashSet<Ipv4Addr>,
    /// Hosts that had begun when the scan was paused.
    pub(crate) partial: Vec<PartialHost>,
}

/// Like [`scan_hosts`], going on from where it stood and sharing the scan's budgets with its other
/// slices. The `tally` tells how far it is, and keeps telling what was learnt when this is dropped.
pub(crate) async fn scan_slice(
    order: Arc<ScanOrder>,
    earlier: Earlier,
    context: ScanContext,
    pace: Arc<Pace>,
    tally: Arc<Tally>,
    events: mpsc::Sender<Event>,
) {
    let Earlier { delivered, mut partial } = earlier;
    partial.retain(|host| order.targets.contains(host.address) && !delivered.contains(&host.address));
    tally.skip(delivered.iter().filter(|address| order.targets.contains(**address)).count());
    let mut running = Running { tasks: JoinSet::new(), sheets: HashMap::new() };
    let known = delivered.iter().copied().chain(partial.iter().map(|host| host.address));
    let gone: IpSet = known.filter_map(|address| IpRange::new(address, address)).collect();
    let targets = order.targets.difference(&gone);
    let ports = Some(pace.plan.ports(Transport::Tcp).clone()).filter(|ports| !ports.is_empty());
    let mut survey = SurveyOrder::of(&order.profile, targets, ports);
    survey.targets_v6.clone_from(&order.targets_v6);
    let mut sweeping = Sweeping::start(survey, &context.ids, Arc::clone(&pace));
    let mut waiting = Waiting { partial, ..Waiting::default() };
    let mut sweep_over = false;
    let mut ticks = tokio::time::interval(PROGRESS_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        if sweep_over && waiting.is_empty() && running.tasks.is_empty() {
            break;
        }
        tokio::select! {
            swept = sweeping.swept.recv(), if !sweep_over && waiting.has_room() => match swept {
                Some(swept) => waiting.push(swept),
                None => sweep_over = true,
            },
            permit = Arc::clone(&pace.discoveries).acquire_owned(), if !waiting.is_empty() => {
                let (Ok(permit), Some((address, known))) = (permit, waiting.next()) else { break };
                let scan = HostScan::new(address, Arc::clone(&order), context.clone(), Arc::clone(&pace), known);
                tally.begin(&scan.sheet);
                running.spawn(scan, permit);
            }
            Some((sheet, result)) = running.next(&context, &order, &pace), if !running.tasks.is_empty() => {
                if events.send(Event::Host(Box::new(result))).await.is_err() {
                    return;
                }
                tally.end(&sheet);
            }
            _ = ticks.tick() => {
                let _ = events.try_send(Event::Progress(tally.progress()));
            }
            () = events.closed() => return,
        }
    }
    let _ = events.send(Event::Progress(tally.progress())).await;
}

/// Hosts that the sweep has spoken of and that have not begun. Sets are taken apart only as it goes.
#[derive(Default)]
struct Waiting {
    partial: Vec<PartialHost>,
    sighted: VecDeque<Box<Sighting>>,
    sets: VecDeque<(Hosts, fn() -> Known)>,
    /// The next address of the first set.
    offset: u64,
}

impl Waiting {
    fn has_room(&self) -> bool {
        self.sighted.len() < WAITING_MAX
    }

    fn is_empty(&self) -> bool {
        self.partial.is_empty() && self.sighted.is_empty() && self.sets.is_empty()
    }

    fn push(&mut self, swept: Swept) {
        match swept {
            Swept::Host(sighting) => self.sighted.push_back(sighting),
            Swept::Dead(set) if !set.is_empty() => self.sets.push_back((set, || Known::Dead)),
            Swept::Unlooked(set) if !set.is_empty() => self.sets.push_back((set, || Known::Nothing)),
            Swept::Dead(_) | Swept::Unlooked(_) => {}
        }
    }

    /// Hosts that are there come first.
    fn next(&mut self) -> Option<(IpAddr, Known)> {
        if let Some(partial) = self.partial.pop() {
            return Some((partial.address.into(), Known::Partial(Box::new(partial))));
        }
        if let Some(sighting) = self.sighted.pop_front() {
            return Some((sighting.address, Known::Sighted(sighting)));
        }
        let (set, known) = self.sets.front()?;
        let (address, known) = (set.nth(self.offset)?, known());
        self.offset += 1;
        if self.offset >= set.count() {
            self.sets.pop_front();
            self.offset = 0;
        }
        Some((address, known))
    }
}

/// The hosts at work. Dropping it stops them.
struct Running {
    tasks: JoinSet<HostResult>,
    sheets: HashMap<Id, Arc<Sheet>>,
}

impl Running {
    fn spawn(&mut self, scan: HostScan, permit: tokio::sync::OwnedSemaphorePermit) {
        let sheet = Arc::clone(&scan.sheet);
        let handle = self.tasks.spawn(scan.run(permit));
        self.sheets.insert(handle.id(), sheet);
    }

    /// The next host that is done, also when its task failed.
    async fn next(
        &mut self,
        context: &ScanContext,
        order: &ScanOrder,
        pace: &Pace,
    ) -> Option<(Arc<Sheet>, HostResult)> {
        match self.tasks.join_next_with_id().await? {
            Ok((id, result)) => Some((self.sheets.remove(&id)?, result)),
            Err(failure) => {
                let sheet = self.sheets.remove(&failure.id())?;
                let address = sheet.lock().facts.address;
                tracing::error!(scan = %order.scan, host = %address, error = %failure, "the scan of a host failed");
                let result = crate::judge::result(
                    &sheet,
                    context,
                    order,
                    crate::judge::Ending::Failed,
                    pace.plan.wanted.clone(),
                )
                .await;
                Some((sheet, result))
            }
        }
    }
}
