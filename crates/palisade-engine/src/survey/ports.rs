//! What the answers to a port sweep say about each host, its oddities among it.
//!
//! To the ports that are asked for, six are added that nobody uses. A host that accepts connections
//! there accepts them everywhere: a proxy or a tarpit answers in its place, and an open port of it
//! proves nothing by itself.

use palisade_model::{IdSource, PortSet};
use palisade_packet::{Heard, Probe, Reply, Stack};

use super::PortSight;

/// Ports that nobody uses, and how many of them must be open for all to count as open.
const CONTROL_PORTS: usize = 6;
const CONTROLS_OPEN_MIN: u8 = 5;
/// Where they are drawn from.
const CONTROL_FIRST: u16 = 20_000;
const CONTROL_SPAN: u32 = 40_000;

/// The probes of a port sweep.
#[derive(Debug)]
pub(crate) struct PortProbes {
    pub(crate) probes: Vec<Probe>,
    /// How many of them, from the first, were asked for.
    wanted: usize,
}

impl PortProbes {
    /// Those of `ports`, and where few enough are asked for that some are left, the control ports.
    pub(crate) fn new(ports: &PortSet, ids: &dyn IdSource) -> Self {
        let mut probes: Vec<Probe> = ports.iter().map(Probe::Syn).collect();
        let wanted = probes.len();
        // Few ports do not make a device that has all of them open: controls are for real scans.
        if wanted >= CONTROL_PORTS * 4 {
            for _ in 0..CONTROL_PORTS * 8 {
                let port = CONTROL_FIRST + u16::try_from(ids.below(CONTROL_SPAN)).unwrap_or_default();
                if !ports.contains(port) && !probes.contains(&Probe::Syn(port)) {
                    probes.push(Probe::Syn(port));
                }
                if probes.len() == wanted + CONTROL_PORTS {
                    break;
                }
            }
        }
        Self { probes, wanted }
    }

    /// Ports that were asked for.
    pub(crate) fn wanted(&self) -> usize {
        self.wanted
    }
}

/// One host's answers, counted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    open: Vec<u16>,
    closed: u32,
    controls_open: u8,
    stack: Option<Stack>,
    stacks_differ: bool,
    window_closed: u32,
    pub(crate) ttl: Option<u8>,
}

impl Tally {
    /// Takes an answer into account. An ICMP error leaves the port silent: a filter spoke, not the port.
    pub(crate) fn add(&mut self, heard: &Heard, wanted: usize) {
        let Probe::Syn(port) = heard.proven.probe else { return };
        let control = heard.probe >= wanted;
        match heard.proven.reply {
            Reply::Open(stack) => {
                self.ttl = self.ttl.or(Some(heard.proven.ttl));
                self.window_closed += u32::from(stack.window == 0);
                self.compare(stack);
                if control {
                    self.controls_open += 1;
                } else {
                    self.open.push(port);
                }
            }
            Reply::Closed if !control => self.closed += 1,
            _ => {}
        }
    }

    /// The options of one machine do not depend on the port; those of several may tell them apart.
    fn compare(&mut self, stack: Stack) {
        match self.stack {
            None => self.stack = Some(stack),
            Some(first) => self.stacks_differ |= first.options != stack.options,
        }
    }

    pub(crate) fn into_sight(mut self, wanted: usize) -> PortSight {
        self.open.sort_unstable();
        let answered = self.open.len() + usize::try_from(self.closed).unwrap_or(usize::MAX);
        let acceptances = u32::try_from(self.open.len()).unwrap_or(u32::MAX) + u32::from(self.controls_open);
        PortSight {
            silent: u32::try_from(wanted.saturating_sub(answered)).unwrap_or(u32::MAX),
            every_port_open: self.controls_open >= CONTROLS_OPEN_MIN,
            window_closed: acceptances > 0 && self.window_closed == acceptances,
            stacks_differ: self.stacks_differ,
            open: self.open,
            closed: self.closed,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use palisade_model::SeededIds;
    use palisade_packet::Proven;

    use super::*;

    fn answer(probe: usize, port: u16, reply: Reply) -> Heard {
        let host = Ipv4Addr::new(192, 0, 2, 1).into();
        let proven = Proven { host, probe: Probe::Syn(port), pass: Some(0), ttl: 60, reply };
        Heard { number: 0, probe, proven, round_trip: None }
    }

    #[test]
    fn control_ports_are_not_among_those_asked_for() {
        let ports: PortSet = (19_990..60_000).collect();
        let probes = PortProbes::new(&ports, &SeededIds::new(1));
        assert_eq!(probes.wanted(), ports.len());
        assert!(probes.probes.len() <= ports.len() + CONTROL_PORTS);
        let few = PortProbes::new(&[80].into_iter().collect(), &SeededIds::new(1));
        assert_eq!(few.probes, [Probe::Syn(80)]);
    }

    #[test]
    fn a_device_with_every_port_open_is_recognised_and_an_ordinary_host_is_not() {
        let stack = Stack { window: 0, ..Stack::default() };
        let mut device = Tally::default();
        for probe in 0..106 {
            device.add(&answer(probe, 1_000, Reply::Open(stack)), 100);
        }
        let sight = device.into_sight(100);
        assert!(sight.every_port_open && sight.window_closed && !sight.stacks_differ);

        let mut host = Tally::default();
        host.add(&answer(0, 22, Reply::Open(Stack { window: 100, ..stack })), 100);
        host.add(&answer(1, 23, Reply::Closed), 100);
        host.add(&answer(101, 40_000, Reply::Closed), 100);
        let sight = host.into_sight(100);
        assert_eq!((sight.open, sight.closed, sight.silent), (vec![22], 1, 98));
        assert!(!sight.every_port_open && !sight.window_closed);
    }
}
