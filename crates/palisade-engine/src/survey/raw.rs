//! The sweeping thread: from a set of targets to sightings, way by way, block by block.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use palisade_model::{IdSource, IpSet};
use palisade_packet::sweep::{self, neighbours};
use palisade_packet::transmit;
use palisade_packet::{
    Control, Error, Gate, Goal, Hop, Interface, Line, Mac, Plan, Probe, Route, Routing, Targets, Wish,
};
use tokio::sync::mpsc;

use super::discover::{self, Found};
use super::hosts::Hosts;
use super::ports::{PortProbes, Tally};
use super::{BY_SYN, Sighting, SurveyOrder, Swept};
use crate::pacing::Pace;

/// Addresses asked for life in one sweep.
const DISCOVERY_BLOCK: u32 = 1 << 16;
/// Hosts whose ports are looked at in one sweep: as many as take about this long at the permitted
/// rate, so that the first hosts are known soon.
const PORT_BLOCK_S: u64 = 10;
const PORT_BLOCK_HOSTS: u64 = 1 << 14;
const PORT_PASSES: u8 = 3;
/// Solicitations a second; a link's switches and hosts handle each of them.
const NEIGHBOUR_PPS: u32 = 20_000;

/// Whether this process may send raw packets; `Err` says why not, for people.
///
/// # Errors
/// Without CAP_NET_RAW.
pub fn raw_packets() -> Result<(), Error> {
    transmit::may_send_raw()
}

/// One sweep of all of an order's targets.
pub(crate) struct Sweep {
    order: SurveyOrder,
    ids: Arc<dyn IdSource>,
    gate: Arc<Pace>,
    control: Arc<Control>,
    sender: mpsc::Sender<Swept>,
    /// Not accounted for yet, of either family.
    left: [Hosts; 2],
}

/// Hosts that go the same way.
struct Way {
    route: Route,
    interface: Interface,
    hosts: Hosts,
}

impl Gate for Pace {
    fn admit(&self, packets: u32) -> Option<Duration> {
        self.admit_packets(packets)
    }
}

/// The receiver is gone, or the sweep was cancelled.
struct Stopped;

impl Drop for Sweep {
    /// Whatever ended it: what it did not look at is looked at otherwise.
    fn drop(&mut self) {
        let left = std::mem::replace(&mut self.left, [IpSet::new().into(), IpSet::new().into()]);
        for hosts in left.into_iter().filter(|hosts| !hosts.is_empty()) {
            if self.control.wish() != Wish::Cancel {
                let _ = self.sender.blocking_send(Swept::Unlooked(hosts));
            }
        }
    }
}

impl Sweep {
    pub(crate) fn new(
        order: SurveyOrder,
        ids: Arc<dyn IdSource>,
        gate: Arc<Pace>,
        control: Arc<Control>,
        sender: mpsc::Sender<Swept>,
    ) -> Self {
        Self { left: order.hosts(), order, ids, gate, control, sender }
    }

    /// Blocks until every target is accounted for, or nobody listens any more.
    pub(crate) fn run(mut self) {
        if let Err(error) = raw_packets() {
            tracing::debug!(error = &error as &dyn std::error::Error, "no raw packets");
            return;
        }
        let routing = match Routing::open() {
            Ok(routing) => routing,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "no routes; connecting instead");
                return;
            }
        };
        for family in 0..self.left.len() {
            let blocks = self.left.get(family).map(|hosts| hosts.chunks(DISCOVERY_BLOCK)).unwrap_or_default();
            for block in blocks {
                if self.block(&routing, &block).is_err() {
                    self.control.set(Wish::Cancel);
                    return;
                }
                self.left.get_mut(family).into_iter().for_each(|left| *left = left.difference(&block));
            }
        }
    }

    fn block(&mut self, routing: &Routing, block: &Hosts) -> Result<(), Stopped> {
        let (ways, rest) = match ways(routing, block) {
            Ok(cut) => cut,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "no routes; connecting instead");
                (Vec::new(), block.clone())
            }
        };
        if !rest.is_empty() {
            self.tell(Swept::Unlooked(rest))?;
        }
        for way in &ways {
            if let Err(error) = self.way(way)? {
                tracing::warn!(
                    interface = way.interface.name, targets = %way.hosts.count(),
                    error = &error as &dyn std::error::Error, "no raw packets this way; connecting instead"
                );
                self.tell(Swept::Unlooked(way.hosts.clone()))?;
            }
        }
        Ok(())
    }

    /// Everything on one way. Nothing was told when it fails.
    fn way(&self, way: &Way) -> Result<Result<(), Error>, Stopped> {
        let mut line = match Line::open(&way.route, &way.interface) {
            Ok(line) => line,
            Err(error) => return Ok(Err(error)),
        };
        let looked = match way.route.gateway {
            Some(gateway) => self.behind(way, &mut line, gateway),
            None => self.on_link(way, &mut line),
        };
        let (alive, hop) = match looked {
            Ok(looked) => looked,
            Err(error) => return Ok(Err(error)),
        };
        self.still_wanted()?;
        self.ports(&mut line, &way.hosts.alike(alive.keys().copied()), &alive, &hop)?;
        let there = way.hosts.alike(alive.keys().copied());
        self.tell(Swept::Dead(way.hosts.difference(&there)))?;
        Ok(Ok(()))
    }

    /// Hosts behind a gateway.
    fn behind(
        &self,
        way: &Way,
        line: &mut Line,
        gateway: IpAddr,
    ) -> Result<(HashMap<IpAddr, Option<Found>>, Macs), Error> {
        let found = self.neighbours(line, Hosts::from(gateway).targets())?;
        let Some((_, mac)) = found.first() else { return Err(Error::SilentGateway { gateway }) };
        let hop = Hop::Gateway(*mac);
        let mut found =
            self.discover(line, &way.hosts, hop, &self.order.probes, self.order.discovery_passes)?;
        discover::without_firewalls(&mut found, self.order.packets);
        Ok((self.alive(&way.hosts, found), Macs::One(*mac)))
    }

    /// Hosts on the link: who has no hardware address is not there.
    fn on_link(&self, way: &Way, line: &mut Line) -> Result<(HashMap<IpAddr, Option<Found>>, Macs), Error> {
        let macs: HashMap<IpAddr, Mac> = self.neighbours(line, way.hosts.targets())?.into_iter().collect();
        let there = way.hosts.alike(macs.keys().copied());
        let macs = Macs::Each(macs);
        // They are there; what an echo tells beyond that is their distance.
        let echo: Vec<Probe> =
            self.order.probes.iter().copied().filter(|probe| *probe == Probe::Echo).collect();
        let mut found = self.discover(line, &there, macs.hop(&there), &echo, 2)?;
        for address in there.iter() {
            found.entry(address).or_insert_with(Found::neighbour);
        }
        Ok((found.into_iter().map(|(address, found)| (address, Some(found))).collect(), macs))
    }

    fn alive(&self, hosts: &Hosts, found: HashMap<IpAddr, Found>) -> HashMap<IpAddr, Option<Found>> {
        let mut alive: HashMap<_, _> =
            found.into_iter().map(|(address, found)| (address, Some(found))).collect();
        if self.order.scan_dead_hosts {
            for address in hosts.iter() {
                alive.entry(address).or_insert(None);
            }
        }
        alive
    }

    fn neighbours(&self, line: &mut Line, targets: Targets) -> Result<Vec<(IpAddr, Mac)>, Error> {
        let rate = self.order.rate_pps.min(NEIGHBOUR_PPS);
        neighbours(targets, line, &*self.gate, &self.control, rate, self.seed())
    }

    fn discover(
        &self,
        line: &mut Line,
        hosts: &Hosts,
        hop: Hop,
        probes: &[Probe],
        passes: u8,
    ) -> Result<HashMap<IpAddr, Found>, Error> {
        let targets = hosts.targets();
        let probes = probes.iter().copied().filter(|probe| !targets.is_v6() || probe.is_for_v6());
        let plan = Plan {
            probes: probes.collect(),
            targets,
            goal: Goal::AnyAnswer,
            passes,
            rate_pps: self.rate(hosts),
            hop,
            seed: self.seed(),
            start: 0,
        };
        let mut found = HashMap::new();
        sweep::run(&plan, line, &*self.gate, &self.control, |heard| {
            discover::learn(&mut found, heard);
        })?;
        let named =
            found.into_iter().filter_map(|(number, found)| Some((plan.targets.address(number)?, found)));
        Ok(named.collect())
    }

    /// Tells every host of `alive`, with its ports where they are asked for.
    fn ports(
        &self,
        line: &mut Line,
        all: &Hosts,
        alive: &HashMap<IpAddr, Option<Found>>,
        macs: &Macs,
    ) -> Result<(), Stopped> {
        let Some(ports) = &self.order.ports else {
            return all.iter().try_for_each(|address| self.tell_host(address, alive, None));
        };
        let probes = PortProbes::new(ports, self.ids.as_ref());
        let hosts = u64::from(self.order.rate_pps) * PORT_BLOCK_S / (probes.probes.len() as u64).max(1);
        let hosts = u32::try_from(hosts.clamp(1, PORT_BLOCK_HOSTS)).unwrap_or(1);
        for block in all.chunks(hosts) {
            self.still_wanted()?;
            let plan = Plan {
                targets: block.targets(),
                probes: probes.probes.clone(),
                goal: Goal::EveryProbe,
                passes: PORT_PASSES,
                rate_pps: self.rate(&block),
                hop: macs.hop(&block),
                seed: self.seed(),
                start: 0,
            };
            let mut tallies = vec![Tally::default(); usize::try_from(block.count()).unwrap_or_default()];
            let swept = sweep::run(&plan, line, &*self.gate, &self.control, |heard| {
                let tally = usize::try_from(heard.number).ok().and_then(|number| tallies.get_mut(number));
                if let Some(tally) = tally {
                    tally.add(heard, probes.wanted());
                }
            });
            if let Err(error) = swept {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a port sweep failed; connecting instead"
                );
                self.tell(Swept::Unlooked(block))?;
                continue;
            }
            self.still_wanted()?;
            for (address, tally) in block.iter().zip(tallies) {
                self.tell_host(address, alive, Some((tally, probes.wanted())))?;
            }
        }
        Ok(())
    }

    fn tell_host(
        &self,
        address: IpAddr,
        alive: &HashMap<IpAddr, Option<Found>>,
        tally: Option<(Tally, usize)>,
    ) -> Result<(), Stopped> {
        let found = alive.get(&address).copied().flatten();
        let asked_echo = self.order.probes.contains(&Probe::Echo);
        let ttl = found.and_then(|found| found.ttl);
        self.tell(Swept::Host(Box::new(Sighting {
            address,
            alive_by: found.map(|found| found.alive_by(address)),
            ttl: ttl.or_else(|| tally.as_ref().and_then(|(tally, _)| tally.ttl)),
            icmp_echo: asked_echo.then(|| found.is_some_and(|found| found.echo)),
            round_trip: found.and_then(|found| found.round_trip),
            method: BY_SYN,
            ports: tally.map(|(tally, wanted)| tally.into_sight(wanted)),
        })))
    }

    /// The permitted rate, less where the hosts or their networks are too few to bear it.
    fn rate(&self, set: &Hosts) -> u32 {
        let hosts = set.count().saturating_mul(u64::from(self.order.host_pps));
        let networks = set.networks().saturating_mul(u64::from(self.order.network_pps));
        let rate = u64::from(self.order.rate_pps).min(hosts).min(networks).max(1);
        u32::try_from(rate).unwrap_or(u32::MAX)
    }

    fn seed(&self) -> [u8; 24] {
        let mut seed = [0; 24];
        self.ids.fill(&mut seed);
        seed
    }

    fn still_wanted(&self) -> Result<(), Stopped> {
        if self.control.wish() == Wish::Cancel || self.sender.is_closed() { Err(Stopped) } else { Ok(()) }
    }

    /// Waits while the receiver is busy.
    fn tell(&self, swept: Swept) -> Result<(), Stopped> {
        self.still_wanted()?;
        self.sender.blocking_send(swept).map_err(|_| Stopped)
    }
}

/// Hardware addresses of next hops.
enum Macs {
    One(Mac),
    Each(HashMap<IpAddr, Mac>),
}

impl Macs {
    fn hop(&self, hosts: &Hosts) -> Hop {
        match self {
            Self::One(mac) => Hop::Gateway(*mac),
            Self::Each(macs) => Hop::Each(
                hosts.iter().map(|address| macs.get(&address).copied().unwrap_or([0xff; 6])).collect(),
            ),
        }
    }
}

/// Hosts by the way that they go, and those that frames cannot be used for.
fn ways(routing: &Routing, hosts: &Hosts) -> Result<(Vec<Way>, Hosts), Error> {
    match hosts {
        Hosts::V4(set) => {
            let (ways, rest) = routing.ways(set)?;
            let ways = ways.into_iter().map(|way| Way {
                route: way.route,
                interface: way.interface,
                hosts: way.set.into(),
            });
            Ok((ways.collect(), rest.into()))
        }
        Hosts::V6(addresses) => {
            let (ways, rest) = routing.ways_v6(addresses)?;
            let ways = ways.into_iter().map(|way| Way {
                route: way.route,
                interface: way.interface,
                hosts: Hosts::V6(way.addresses),
            });
            Ok((ways.collect(), Hosts::V6(rest)))
        }
    }
}
