//! The worker loop: lease a slice, scan it, hand results in, say how far it is.
//!
//! The same loop serves the built-in scanner and a remote one; only the [`Link`] differs. Leases
//! are renewed while results are being delivered, a server that cannot be reached is asked again
//! with growing pauses, and a slice that is lost, cancelled or paused stops at once: the
//! sweep, and every conversation with a host, within moments of the next renewal. On shutdown slices are
//! simply let go: what was delivered is safe, the rest is leased again when the lease runs out.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::Duration;

use palisade_fingerprint::Fingerprints;
use palisade_kb::KnowledgeBase;
use palisade_model::{Clock, HostResult, IdSource, ScanRef};
use palisade_template::Library;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::link::{Hold, Lease, Link, LinkError, SliceProgress, Stage};
use crate::pacing::{Limits, Pace};
use crate::partial_host::PartialHost;
use crate::plan::Plan;
use crate::scan::{Earlier, Event, ScanContext, scan_slice};
use crate::sheet::Tally;

/// One call over the link takes no longer; a lost one is repeated.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// Results that wait for delivery; a scan that is faster than its server waits for it.
const RESULTS_WAITING_MAX: usize = 16;
/// Tries to hand in what is known of unfinished hosts; after them they begin anew.
const KEEP_TRIES: u32 = 3;
/// Tries to say that a slice is complete; after them the lease runs out by itself.
const COMPLETE_TRIES: u32 = 8;

/// How a worker works. [`Default`] suits the built-in scanner.
#[derive(Debug, Clone)]
pub struct WorkerOptions {
    /// Slices worked on at the same time, 1 and up.
    pub slices_parallel: usize,
    /// Pause between questions for work while there is none.
    pub poll_every: Duration,
    /// Between two renewals of a lease.
    pub renew_every: Duration,
    /// First pause after a failed call; doubles up to `retry_max`.
    pub retry_first: Duration,
    pub retry_max: Duration,
    /// Connections and datagrams a second, all scans together.
    pub rate_pps_max: u32,
    /// See [`ScanContext::fingerprints`].
    pub fingerprints: Option<Arc<Fingerprints>>,
    /// See [`ScanContext::templates`].
    pub templates: Option<Arc<Library>>,
}

impl Default for WorkerOptions {
    fn default() -> Self {
        Self {
            slices_parallel: 4,
            poll_every: Duration::from_millis(500),
            renew_every: Duration::from_secs(1),
            retry_first: Duration::from_millis(250),
            retry_max: Duration::from_secs(15),
            rate_pps_max: 20_000,
            fingerprints: None,
            templates: None,
        }
    }
}

/// Works on slices until told to stop.
#[derive(Debug)]
pub struct Worker<L> {
    shared: Arc<Shared<L>>,
}

#[derive(Debug)]
struct Shared<L> {
    link: Arc<L>,
    context: RwLock<ScanContext>,
    options: WorkerOptions,
    /// Budgets of the scans at work; slices of one scan share them.
    paces: Mutex<HashMap<ScanRef, Weak<Pace>>>,
}

impl<L: Link> Worker<L> {
    /// Takes the machine's limits at once: the soft limit on open files is raised to the hard one.
    pub fn new(
        link: Arc<L>,
        kb: Arc<KnowledgeBase>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
        options: WorkerOptions,
    ) -> Self {
        let limits = Arc::new(Limits::of_machine(options.rate_pps_max));
        let context = ScanContext {
            kb,
            clock,
            ids,
            limits,
            fingerprints: options.fingerprints.clone(),
            templates: options.templates.clone(),
        };
        Self {
            shared: Arc::new(Shared {
                link,
                context: RwLock::new(context),
                options,
                paces: Mutex::default(),
            }),
        }
    }

    /// What the worker scans with, for others in the process who share its limits.
    #[must_use]
    pub fn context(&self) -> ScanContext {
        self.shared.context()
    }

    /// Scans that begin from now on are made with these; those that are under way end as they began.
    pub fn replace_content(&self, kb: Arc<KnowledgeBase>, templates: Option<Arc<Library>>) {
        let mut context = self.shared.context.write().unwrap_or_else(PoisonError::into_inner);
        (context.kb, context.templates) = (kb, templates);
    }

    /// Works until `shutdown` is ready, then lets go of everything within moments.
    pub async fn run(&self, shutdown: impl Future<Output = ()>) {
        tokio::pin!(shutdown);
        let options = &self.shared.options;
        let mut slices = JoinSet::new();
        let mut failures = Backoff::new(options);
        // The question for work is never dropped half-way: a slice leased by an answer that nobody
        // heard would have to wait for its lease to run out.
        let mut asking = Box::pin(self.shared.lease_after(Duration::ZERO));
        loop {
            let room = slices.len() < options.slices_parallel.max(1);
            tokio::select! {
                () = &mut shutdown => break,
                Some(_) = slices.join_next(), if !slices.is_empty() => {}
                leased = &mut asking, if room => {
                    let pause = match leased {
                        Ok(Some(lease)) => {
                            failures.reset();
                            slices.spawn(Arc::clone(&self.shared).work_guarded(lease));
                            Duration::ZERO
                        }
                        Ok(None) => {
                            failures.reset();
                            options.poll_every
                        }
                        Err(error) => {
                            tracing::warn!(error = &error as &dyn std::error::Error, "no work could be asked for");
                            failures.next()
                        }
                    };
                    asking.set(self.shared.lease_after(pause));
                }
            }
        }
        slices.shutdown().await;
    }
}

/// Pauses that double.
struct Backoff {
    first: Duration,
    max: Duration,
    next: Duration,
}

impl Backoff {
    fn new(options: &WorkerOptions) -> Self {
        Self { first: options.retry_first, max: options.retry_max, next: options.retry_first }
    }

    fn reset(&mut self) {
        self.next = self.first;
    }

    fn next(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(self.max);
        pause
    }
}

/// Why the work on a slice stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stopped {
    Delivered,
    Cancelled,
    Paused,
    Lost,
}

impl From<Hold> for Option<Stopped> {
    fn from(hold: Hold) -> Self {
        match hold {
            Hold::Held => None,
            Hold::Cancelled => Some(Stopped::Cancelled),
            Hold::Paused => Some(Stopped::Paused),
            Hold::Lost => Some(Stopped::Lost),
        }
    }
}

impl<L: Link> Shared<L> {
    async fn lease_after(&self, pause: Duration) -> Result<Option<Lease>, LinkError> {
        tokio::time::sleep(pause).await;
        in_time("lease a slice", self.link.lease()).await
    }

    /// Works on a slice and tells the server when a defect of ours ended that.
    async fn work_guarded(self: Arc<Self>, lease: Lease) {
        let mut guarded = JoinSet::new();
        guarded.spawn(Arc::clone(&self).work(lease.clone()));
        let Some(Err(failure)) = guarded.join_next().await else { return };
        tracing::error!(scan = %lease.order.scan, slice = lease.slice_id, error = %failure, "the work on a slice failed");
        if let Err(error) = in_time("fail a slice", self.link.fail(&lease, failure.to_string())).await {
            tracing::warn!(scan = %lease.order.scan, error = &error as &dyn std::error::Error, "not told");
        }
    }

    /// The whole life of a slice here.
    async fn work(self: Arc<Self>, lease: Lease) {
        let scan = L::describe(&lease);
        tracing::info!(%scan, slice = lease.slice_id, hosts = lease.order.targets.count(), "slice leased");
        let (events, received) = mpsc::channel(RESULTS_WAITING_MAX);
        let (progress, shown) = watch::channel(SliceProgress {
            stage: Stage::Discovery,
            work_done: 0,
            work_total: 0,
            findings: 0,
        });
        let earlier =
            Earlier { delivered: lease.delivered.iter().copied().collect(), partial: lease.partial.clone() };
        let tally = Tally::of(&lease.order);
        let scanning = scan_slice(
            Arc::new(lease.order.clone()),
            earlier,
            self.context(),
            self.pace(&lease),
            Arc::clone(&tally),
            events,
        );
        let working = async {
            let ((), stopped) = tokio::join!(scanning, self.deliver_all(&lease, received, progress));
            stopped
        };
        // Whichever knows first: the delivery of the last host, or a renewal that is refused.
        let stopped = tokio::select! {
            stopped = working => stopped,
            stopped = self.renew_until_refused(&lease, shown) => stopped,
        };
        match stopped {
            Stopped::Delivered | Stopped::Cancelled => self.complete(&lease).await,
            Stopped::Paused => {
                self.keep(&lease, tally.partial_hosts()).await;
                self.complete(&lease).await;
            }
            Stopped::Lost => {}
        }
        tracing::info!(%scan, slice = lease.slice_id, ?stopped, "slice ended");
    }

    fn context(&self) -> ScanContext {
        self.context.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The budgets of the lease's scan.
    fn pace(&self, lease: &Lease) -> Arc<Pace> {
        let context = self.context();
        let mut paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        paces.retain(|_, pace| pace.strong_count() > 0);
        if let Some(pace) = paces.get(&lease.order.scan).and_then(Weak::upgrade) {
            return pace;
        }
        let pace = Pace::new(
            Arc::clone(&context.limits),
            &lease.order.profile.performance,
            Plan::of(&lease.order, &context.kb, context.templates.as_ref()),
        );
        paces.insert(lease.order.scan.clone(), Arc::downgrade(&pace));
        pace
    }

    async fn deliver_all(
        &self,
        lease: &Lease,
        mut received: mpsc::Receiver<Event>,
        progress: watch::Sender<SliceProgress>,
    ) -> Stopped {
        while let Some(event) = received.recv().await {
            match event {
                Event::Progress(now) => {
                    progress.send_replace(now);
                }
                Event::Host(result) => {
                    if let Some(stopped) = self.deliver(lease, *result).await.into() {
                        return stopped;
                    }
                }
            }
        }
        Stopped::Delivered
    }

    /// Repeats until the server has answered; meanwhile the renewals learn whether that is in vain.
    async fn deliver(&self, lease: &Lease, result: HostResult) -> Hold {
        let mut failures = Backoff::new(&self.options);
        loop {
            let attempt = format!("take in the result of {}", result.facts.address);
            match in_time(&attempt, self.link.deliver(lease, result.clone())).await {
                Ok(hold) => return hold,
                Err(error) => self.pause_after(lease, &error, &mut failures).await,
            }
        }
    }

    async fn renew_until_refused(&self, lease: &Lease, shown: watch::Receiver<SliceProgress>) -> Stopped {
        loop {
            tokio::time::sleep(self.options.renew_every).await;
            let progress = *shown.borrow();
            match in_time("renew a lease", self.link.renew(lease, progress)).await {
                Ok(hold) => {
                    if let Some(stopped) = hold.into() {
                        return stopped;
                    }
                }
                Err(error) => {
                    tracing::warn!(scan = %lease.order.scan, error = &error as &dyn std::error::Error, "not renewed");
                }
            }
        }
    }

    /// Hosts that a paused scan leaves unfinished need not begin anew.
    async fn keep(&self, lease: &Lease, hosts: Vec<PartialHost>) {
        if hosts.is_empty() {
            return;
        }
        let mut failures = Backoff::new(&self.options);
        for _ in 0..KEEP_TRIES {
            match in_time("keep unfinished hosts", self.link.keep(lease, hosts.clone())).await {
                Ok(()) => return,
                Err(error) => self.pause_after(lease, &error, &mut failures).await,
            }
        }
    }

    async fn complete(&self, lease: &Lease) {
        let mut failures = Backoff::new(&self.options);
        for _ in 0..COMPLETE_TRIES {
            match in_time("complete a slice", self.link.complete(lease)).await {
                Ok(()) => return,
                Err(error) => self.pause_after(lease, &error, &mut failures).await,
            }
        }
    }

    async fn pause_after(&self, lease: &Lease, error: &LinkError, failures: &mut Backoff) {
        let pause = failures.next();
        tracing::warn!(scan = %lease.order.scan, error = error as &dyn std::error::Error, ?pause, "will try again");
        tokio::time::sleep(pause).await;
    }
}

/// A call that does not return counts as failed.
async fn in_time<T>(attempt: &str, call: impl Future<Output = Result<T, LinkError>>) -> Result<T, LinkError> {
    match tokio::time::timeout(CALL_TIMEOUT, call).await {
        Ok(answer) => answer,
        Err(elapsed) => Err(LinkError { attempt: attempt.to_owned(), source: Box::new(elapsed) }),
    }
}
