//! A scan of a set of hosts, as one future: events out, dropped to cancel.
//!
//! Used by the worker loop for every slice it leases and by the command line for a scan without a
//! server. Hosts are independent: each is a task of its own with its own budget, and whatever
//! becomes of one (out of time, a defect of ours) it is delivered with what was seen of it.

use std::collections::{HashMap, HashSet};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use palisade_fingerprint::Fingerprints;
use palisade_kb::KnowledgeBase;
use palisade_model::{Clock, HostResult, IdSource};
use tokio::sync::mpsc;
use tokio::task::{Id, JoinSet};
use tokio::time::MissedTickBehavior;

use crate::host::HostScan;
use crate::link::SliceProgress;
use crate::order::ScanOrder;
use crate::pacing::{Limits, Pace};
use crate::plan::Plan;
use crate::sheet::{Sheet, Tally};

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
    let pace =
        Pace::new(Arc::clone(&context.limits), &order.profile.performance, Plan::of(&order, &context.kb));
    scan_slice(Arc::new(order), HashSet::new(), context, pace, events).await;
}

/// Like [`scan_hosts`], leaving out `delivered` and sharing the scan's budgets with its other
/// slices.
pub(crate) async fn scan_slice(
    order: Arc<ScanOrder>,
    delivered: HashSet<Ipv4Addr>,
    context: ScanContext,
    pace: Arc<Pace>,
    events: mpsc::Sender<Event>,
) {
    let tally = Arc::new(Tally::new(order.targets.count()));
    tally.skip(delivered.iter().filter(|address| order.targets.contains(**address)).count());
    let mut running = Running { tasks: JoinSet::new(), sheets: HashMap::new() };
    let mut targets = order.targets.iter().filter(|address| !delivered.contains(address)).peekable();
    let mut ticks = tokio::time::interval(PROGRESS_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        if targets.peek().is_none() && running.tasks.is_empty() {
            break;
        }
        tokio::select! {
            permit = Arc::clone(&pace.discoveries).acquire_owned(), if targets.peek().is_some() => {
                let (Ok(permit), Some(address)) = (permit, targets.next()) else { break };
                let scan = HostScan::new(address, Arc::clone(&order), context.clone(), Arc::clone(&pace));
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
