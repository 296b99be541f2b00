//! What is known of one host so far, shared between the tasks that look at it.
//!
//! Everything is written here the moment it is seen, so that a host that runs out of time, or a
//! task that fails, still delivers what was found before.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use palisade_model::{Finding, HostFacts, PortFacts, PortSet, Qid, Transport, VirtualName};

use crate::link::{SliceProgress, Stage};
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

    /// Writes down what a TCP port said. `again`: it was silent before.
    pub(crate) fn tcp_port_seen(&self, port: u16, found: Found, again: bool) {
        let mut known = self.lock();
        if again {
            known.facts.tcp_silent = known.facts.tcp_silent.saturating_sub(1);
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
            Found::Silent => known.facts.tcp_silent += 1,
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
}
