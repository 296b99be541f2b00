//! What is known of one host so far, shared between the tasks that look at it.
//!
//! Everything is written here the moment it is seen, so that a host that runs out of time, or a
//! task that fails, still delivers what was found before.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use palisade_model::{Finding, HostFacts, PortFacts, PortSet, Qid, Transport, VirtualName};

use crate::discovery::Life;
use crate::link::{SliceProgress, Stage};
use crate::order::ScanOrder;
use crate::partial_host::{AskedPorts, PartialHost, PartialPorts};
use crate::ports::Found;
use crate::survey::PortSight;

/// Work units of a host, the same for every host.
pub(crate) const WORK_PER_HOST: u64 = 1_000;
/// Where each stage begins, in work units.
const STAGE_STARTS: [u64; 4] = [0, 100, 500, 980];

/// One host's facts in the making.
#[derive(Debug)]
pub(crate) struct Sheet {
    known: Mutex<Known>,
    stage: AtomicU8,
    work: AtomicU64,
    findings: AtomicU32,
}

/// What the sheet holds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    pub(crate) facts: HostFacts,
    pub(crate) tcp_ports: Vec<u16>,
    pub(crate) udp_ports: Vec<u16>,
    /// TCP ports that were connected to and said nothing.
    pub(crate) silent_ports: BTreeSet<u16>,
    /// What a sweep saw of the TCP ports, if there was one.
    pub(crate) swept: Option<PortSight>,
    /// Whether somebody is there is known.
    was_looked_for: bool,
    /// Ports whose service was not looked at to the end, so that nothing follows from what is
    /// missing there.
    pub(crate) unfinished: Vec<(u16, Transport)>,
    /// What web servers show of themselves by the names of their virtual hosts.
    pub(crate) virtual_hosts: Vec<(VirtualName, PortFacts)>,
    /// What templates found, and those that were run to their end wherever they apply.
    pub(crate) template_findings: Vec<Finding>,
    pub(crate) templates_tested: Vec<Qid>,
}

impl Sheet {
    pub(crate) fn new(address: impl Into<IpAddr>, started_at: i64) -> Arc<Self> {
        let facts = HostFacts { address: address.into(), started_at, alive: false, ..HostFacts::default() };
        Arc::new(Self {
            known: Mutex::new(Known { facts, ..Known::default() }),
            stage: AtomicU8::new(0),
            work: AtomicU64::new(0),
            findings: AtomicU32::new(0),
        })
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything known at this moment.
    pub(crate) fn snapshot(&self) -> Known {
        self.lock().clone()
    }

    pub(crate) fn enter(&self, stage: Stage) {
        let index = Stage::ALL.iter().position(|each| *each == stage).unwrap_or_default();
        self.stage.store(u8::try_from(index).unwrap_or_default(), Ordering::Relaxed);
        self.work.fetch_max(STAGE_STARTS.get(index).copied().unwrap_or_default(), Ordering::Relaxed);
    }

    fn stage(&self) -> Stage {
        Stage::ALL.get(usize::from(self.stage.load(Ordering::Relaxed))).copied().unwrap_or(Stage::Discovery)
    }

    /// `done` of `total` steps of the present stage are behind us.
    pub(crate) fn advance(&self, done: usize, total: usize) {
        let index = usize::from(self.stage.load(Ordering::Relaxed));
        let start = STAGE_STARTS.get(index).copied().unwrap_or_default();
        let end = STAGE_STARTS.get(index + 1).copied().unwrap_or(WORK_PER_HOST);
        let (done, total) = (done as u64, (total as u64).max(1));
        self.work.fetch_max(start + (end - start) * done.min(total) / total, Ordering::Relaxed);
    }

    pub(crate) fn count_findings(&self, findings: usize) {
        self.findings.store(u32::try_from(findings).unwrap_or(u32::MAX), Ordering::Relaxed);
    }

    /// Writes down whether somebody is there; `alive`: it is looked at as if.
    pub(crate) fn write_life(&self, life: Life, alive: bool) {
        let mut known = self.lock();
        known.facts.alive = alive;
        known.facts.alive_by = life.alive_by;
        known.facts.ttl = life.ttl;
        known.facts.icmp_echo = life.icmp_echo;
        known.was_looked_for = true;
    }

    /// What is worth keeping of the host, should the scan be paused now. Nothing of a host that is not
    /// there: it is asked again, or delivered, in no time.
    pub(crate) fn partial(&self) -> Option<PartialHost> {
        let known = self.lock();
        let address = known.facts.ipv4().filter(|_| known.was_looked_for && known.facts.alive)?;
        let ports = known
            .swept
            .clone()
            .map_or_else(|| PartialPorts::Connected(known.asked_ports()), PartialPorts::Swept);
        Some(PartialHost {
            address,
            alive_by: known.facts.alive_by.clone(),
            ttl: known.facts.ttl,
            icmp_echo: known.facts.icmp_echo,
            method: known.facts.method.clone(),
            ports,
        })
    }

    /// Writes down what was learnt by connecting before the scan was paused, as far as it is `wanted` still.
    pub(crate) fn tcp_ports_kept(&self, wanted: &PortSet, kept: &AskedPorts) {
        for port in kept.asked.iter().filter(|port| wanted.contains(*port)) {
            let found = match () {
                () if kept.open.contains(port) => Found::Open,
                () if kept.silent.contains(port) => Found::Silent,
                () => Found::Closed,
            };
            self.tcp_port_seen(port, found, false);
        }
    }

    /// Writes down what a TCP port said. `again`: it was silent before.
    pub(crate) fn tcp_port_seen(&self, port: u16, found: Found, again: bool) {
        let mut known = self.lock();
        if again {
            known.facts.tcp_silent = known.facts.tcp_silent.saturating_sub(1);
            known.silent_ports.remove(&port);
        } else {
            known.facts.tcp_scanned += 1;
            known.tcp_ports.push(port);
        }
        match found {
            Found::Open => {
                let facts = PortFacts::new(port, Transport::Tcp);
                place(&mut known.facts.ports, facts);
            }
            Found::Closed => known.facts.tcp_closed += 1,
            Found::Silent => {
                known.facts.tcp_silent += 1;
                known.silent_ports.insert(port);
            }
        }
    }

    /// Writes down what a sweep saw of the wanted ports.
    pub(crate) fn tcp_ports_sighted(&self, wanted: &PortSet, sight: &PortSight) {
        let mut known = self.lock();
        known.facts.tcp_scanned = u32::try_from(wanted.len()).unwrap_or(u32::MAX);
        known.facts.tcp_closed = sight.closed;
        known.facts.tcp_silent = sight.silent;
        known.tcp_ports = wanted.as_slice().to_vec();
        for port in &sight.open {
            place(&mut known.facts.ports, PortFacts::new(*port, Transport::Tcp));
        }
    }

    /// A port that a sweep took for open is not.
    pub(crate) fn tcp_port_denied(&self, port: u16) {
        let mut known = self.lock();
        known.facts.ports.retain(|each| (each.port, each.transport) != (port, Transport::Tcp));
        known.facts.tcp_closed += 1;
    }

    /// Writes down what the templates of the scan came to.
    pub(crate) fn write_templates(&self, findings: Vec<Finding>, tested: Vec<Qid>) {
        let mut known = self.lock();
        known.template_findings = findings;
        known.templates_tested = tested;
    }

    /// Puts a port's facts in place of what was there.
    pub(crate) fn write_port(&self, facts: PortFacts, finished: bool) {
        let mut known = self.lock();
        let key = (facts.port, facts.transport);
        known.unfinished.retain(|each| *each != key);
        if !finished {
            known.unfinished.push(key);
        }
        place(&mut known.facts.ports, facts);
    }

    /// Writes down what a web server showed by the name of a virtual host.
    pub(crate) fn write_virtual_host(&self, name: VirtualName, facts: PortFacts) {
        self.lock().virtual_hosts.push((name, facts));
    }

    /// A service of the port was not heard to the end: nothing follows there from what is missing.
    pub(crate) fn leave_unfinished(&self, port: u16, transport: Transport) {
        let mut known = self.lock();
        let key = (port, transport);
        if !known.unfinished.contains(&key) {
            known.unfinished.push(key);
        }
    }
}

impl Known {
    /// Where looking at TCP ports by connecting stands.
    pub(crate) fn asked_ports(&self) -> AskedPorts {
        let open = self.facts.ports.iter().filter(|port| port.transport == Transport::Tcp);
        AskedPorts {
            asked: self.tcp_ports.iter().copied().collect(),
            open: open.map(|port| port.port).collect(),
            silent: self.silent_ports.iter().copied().collect(),
        }
    }
}

/// Puts `facts` in the place of the same port's, or adds them.
fn place(ports: &mut Vec<PortFacts>, mut facts: PortFacts) {
    facts.expected_service = palisade_kb::expected_service(facts.port, facts.transport).map(str::to_owned);
    match ports.iter_mut().find(|each| (each.port, each.transport) == (facts.port, facts.transport)) {
        Some(known) => *known = facts,
        None => ports.push(facts),
    }
}

/// The hosts of a slice that are being worked on, for the progress report.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    hosts: AtomicU64,
    hosts_done: AtomicU64,
    active: Mutex<Vec<Arc<Sheet>>>,
}

impl Tally {
    pub(crate) fn new(hosts: u64) -> Self {
        Self { hosts: AtomicU64::new(hosts), ..Self::default() }
    }

    fn active(&self) -> MutexGuard<'_, Vec<Arc<Sheet>>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For all targets of an order.
    pub(crate) fn of(order: &ScanOrder) -> Arc<Self> {
        Arc::new(Self::new(order.targets.count() + order.targets_v6.count()))
    }

    /// Hosts that were delivered before.
    pub(crate) fn skip(&self, hosts: usize) {
        self.hosts_done.fetch_add(hosts as u64, Ordering::Relaxed);
    }

    pub(crate) fn begin(&self, sheet: &Arc<Sheet>) {
        self.active().push(Arc::clone(sheet));
    }

    pub(crate) fn end(&self, sheet: &Arc<Sheet>) {
        self.active().retain(|each| !Arc::ptr_eq(each, sheet));
        self.hosts_done.fetch_add(1, Ordering::Relaxed);
    }

    /// What is worth keeping of the hosts that have begun and not ended.
    pub(crate) fn partial_hosts(&self) -> Vec<PartialHost> {
        self.active().iter().filter_map(|sheet| sheet.partial()).collect()
    }

    pub(crate) fn progress(&self) -> SliceProgress {
        let hosts = self.hosts.load(Ordering::Relaxed);
        let done = self.hosts_done.load(Ordering::Relaxed);
        let active = self.active();
        let all_begun = done + active.len() as u64 >= hosts;
        let earliest = active.iter().map(|sheet| sheet.stage()).min();
        let stage = match earliest {
            Some(stage) if all_begun => stage,
            None if done >= hosts => Stage::Checks,
            _ => Stage::Discovery,
        };
        let part: u64 = active.iter().map(|sheet| sheet.work.load(Ordering::Relaxed)).sum();
        SliceProgress {
            stage,
            work_done: done * WORK_PER_HOST + part,
            work_total: hosts * WORK_PER_HOST,
            findings: active.iter().map(|sheet| sheet.findings.load(Ordering::Relaxed)).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn progress_only_grows_and_ends_full() {
        let tally = Tally::new(2);
        assert_eq!(tally.progress().stage, Stage::Discovery);
        let first = Sheet::new(Ipv4Addr::LOCALHOST, 0);
        let second = Sheet::new(Ipv4Addr::LOCALHOST, 0);
        tally.begin(&first);
        first.enter(Stage::Services);
        assert_eq!(tally.progress().stage, Stage::Discovery, "the second host has not begun");
        tally.begin(&second);
        second.enter(Stage::Ports);
        second.advance(1, 2);
        assert_eq!(tally.progress().stage, Stage::Ports);
        assert_eq!(tally.progress().work_done, 500 + 300);
        second.advance(1, 4);
        assert_eq!(tally.progress().work_done, 500 + 300, "work is not undone");
        tally.end(&first);
        tally.end(&second);
        let progress = tally.progress();
        assert_eq!((progress.work_done, progress.work_total), (2_000, 2_000));
    }

    #[test]
    fn a_port_that_answers_the_second_time_is_not_silent() {
        let sheet = Sheet::new(Ipv4Addr::LOCALHOST, 0);
        sheet.tcp_port_seen(80, Found::Silent, false);
        sheet.tcp_port_seen(80, Found::Open, true);
        sheet.tcp_port_seen(81, Found::Closed, false);
        let facts = sheet.snapshot().facts;
        assert_eq!((facts.tcp_scanned, facts.tcp_silent, facts.tcp_closed), (2, 0, 1));
        assert_eq!(facts.ports.len(), 1);
    }

    #[test]
    fn what_is_kept_of_a_host_reads_back_as_it_was() {
        let sheet = Sheet::new(Ipv4Addr::LOCALHOST, 0);
        sheet.tcp_port_seen(80, Found::Open, false);
        assert_eq!(sheet.partial(), None, "nobody knows whether it is there");
        sheet.write_life(Life { ttl: Some(60), ..Life::default() }, true);
        for (port, found) in [(22, Found::Silent), (23, Found::Silent), (81, Found::Closed)] {
            sheet.tcp_port_seen(port, found, false);
        }
        sheet.tcp_port_seen(22, Found::Closed, true);
        let kept = sheet.partial().expect("it is there");
        let PartialPorts::Connected(asked) = &kept.ports else { panic!("{kept:?}") };
        let again = Sheet::new(Ipv4Addr::LOCALHOST, 0);
        again.write_life(kept.life(), true);
        again.tcp_ports_kept(&PortSet::full(), asked);
        assert_eq!(again.partial().as_ref(), Some(&kept));
        let (was, is) = (sheet.snapshot().facts, again.snapshot().facts);
        let counts = |facts: &HostFacts| (facts.tcp_scanned, facts.tcp_closed, facts.tcp_silent);
        assert_eq!(counts(&was), (4, 2, 1));
        assert_eq!((counts(&is), is.ports.len(), is.ttl), (counts(&was), 1, Some(60)));
        let less = Sheet::new(Ipv4Addr::LOCALHOST, 0);
        less.tcp_ports_kept(&[80, 443].into_iter().collect(), asked);
        assert_eq!(less.snapshot().tcp_ports, [80], "ports that nobody wants are left out");
    }
}
