//! What the tests share: an order for the loopback, a context, a server in memory.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, OnceLock};

use palisade_engine::{
    Event, Hold, Lease, Limits, Link, LinkError, PartialHost, ScanContext, ScanOrder, SliceProgress,
    scan_hosts,
};
use palisade_kb::KnowledgeBase;
use palisade_model::option_profile::{PortList, ScanPorts};
use palisade_model::{HostResult, Ip6Set, IpSet, OptionProfile, PortSet, ScanRef, SeededIds, SystemClock};
use tokio::sync::mpsc;

pub(crate) fn kb() -> Arc<KnowledgeBase> {
    static KB: OnceLock<Arc<KnowledgeBase>> = OnceLock::new();
    Arc::clone(KB.get_or_init(|| Arc::new(KnowledgeBase::embedded().expect("the content is sound"))))
}

pub(crate) fn context() -> ScanContext {
    ScanContext {
        kb: kb(),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SeededIds::new(7)),
        limits: Arc::new(Limits::of_machine(50_000)),
        fingerprints: None,
        templates: None,
    }
}

/// TCP ports of `targets` only.
pub(crate) fn order(targets: &str, ports: impl IntoIterator<Item = u16>) -> ScanOrder {
    let mut profile = OptionProfile::initial();
    profile.tcp = ScanPorts::only(ports.into_iter().collect::<PortSet>());
    profile.udp = ScanPorts::of(PortList::None);
    ScanOrder {
        scan: "scan/1400000000.00001".parse::<ScanRef>().expect("a reference"),
        targets: targets.parse::<IpSet>().expect("targets"),
        targets_v6: Ip6Set::default(),
        profile,
        qids: None,
        http_header: None,
        zones: Vec::new(),
        sign_ins: Vec::new(),
        virtual_hosts: Vec::new(),
    }
}

/// Runs the scan to its end; all hosts, in the order of their addresses.
pub(crate) async fn scan(order: ScanOrder) -> Vec<HostResult> {
    scan_with(order, context()).await
}

/// The same with a context of one's own.
pub(crate) async fn scan_with(order: ScanOrder, context: ScanContext) -> Vec<HostResult> {
    let (sender, mut events) = mpsc::channel(4);
    let scanning = tokio::spawn(scan_hosts(order, context, sender));
    let mut hosts = Vec::new();
    while let Some(event) = events.recv().await {
        if let Event::Host(result) = event {
            hosts.push(*result);
        }
    }
    scanning.await.expect("the scan ends");
    hosts.sort_by_key(|host| host.facts.address);
    hosts
}

/// The one host of a scan of the loopback address.
pub(crate) async fn scan_loopback(ports: impl IntoIterator<Item = u16>) -> HostResult {
    scan(order("127.0.0.1", ports)).await.pop().expect("one host")
}

/// A server that keeps everything in memory and can be told to misbehave.
#[derive(Debug, Default)]
pub(crate) struct MemoryLink {
    pub(crate) state: Mutex<Server>,
}

#[derive(Debug, Default)]
pub(crate) struct Server {
    pub(crate) leases: VecDeque<Lease>,
    /// Answer to renewals and deliveries; `None`: held.
    pub(crate) hold: Option<Hold>,
    /// So many calls fail first.
    pub(crate) failures: u32,
    pub(crate) delivered: Vec<Ipv4Addr>,
    /// What was delivered.
    pub(crate) results: Vec<HostResult>,
    /// What was kept of hosts that were not delivered.
    pub(crate) partial: Vec<PartialHost>,
    pub(crate) completed: Vec<i64>,
    pub(crate) failed: Vec<String>,
    pub(crate) progress: Vec<SliceProgress>,
    /// Calls that were answered with another hold than held.
    pub(crate) refused: u32,
}

impl Server {
    fn answer_hold(&mut self) -> Hold {
        let hold = self.hold.unwrap_or(Hold::Held);
        self.refused += u32::from(hold != Hold::Held);
        hold
    }
}

impl MemoryLink {
    pub(crate) fn with(leases: impl IntoIterator<Item = Lease>) -> Arc<Self> {
        let server = Server { leases: leases.into_iter().collect(), ..Server::default() };
        Arc::new(Self { state: Mutex::new(server) })
    }

    pub(crate) fn read<T>(&self, look: impl FnOnce(&mut Server) -> T) -> T {
        look(&mut self.state.lock().expect("no test panics while it holds the lock"))
    }

    fn answer<T>(&self, attempt: &str, take: impl FnOnce(&mut Server) -> T) -> Result<T, LinkError> {
        self.read(|server| {
            if server.failures > 0 {
                server.failures -= 1;
                let source = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
                return Err(LinkError { attempt: attempt.to_owned(), source: Box::new(source) });
            }
            Ok(take(server))
        })
    }
}

pub(crate) fn lease(slice_id: i64, order: ScanOrder) -> Lease {
    let token = format!("token {slice_id}");
    Lease { slice_id, token, order, delivered: Vec::new(), partial: Vec::new(), lease_s: 30 }
}

impl Link for MemoryLink {
    async fn lease(&self) -> Result<Option<Lease>, LinkError> {
        self.answer("lease a slice", |server| server.leases.pop_front())
    }

    async fn renew(&self, _lease: &Lease, progress: SliceProgress) -> Result<Hold, LinkError> {
        self.answer("renew a lease", |server| {
            server.progress.push(progress);
            server.answer_hold()
        })
    }

    async fn deliver(&self, _lease: &Lease, result: HostResult) -> Result<Hold, LinkError> {
        self.answer("take a result in", |server| {
            let hold = server.answer_hold();
            if hold == Hold::Held {
                server.delivered.extend(result.facts.ipv4());
                server.results.push(result);
            }
            hold
        })
    }

    async fn keep(&self, _lease: &Lease, hosts: Vec<PartialHost>) -> Result<(), LinkError> {
        self.answer("keep unfinished hosts", |server| server.partial = hosts)
    }

    async fn complete(&self, lease: &Lease) -> Result<(), LinkError> {
        self.answer("complete a slice", |server| server.completed.push(lease.slice_id))
    }

    async fn fail(&self, _lease: &Lease, reason: String) -> Result<(), LinkError> {
        self.answer("fail a slice", |server| server.failed.push(reason))
    }
}
