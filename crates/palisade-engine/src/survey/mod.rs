//! Who is there, and which ports are open: for whole sets of addresses, before any of them is looked
//! at closely.
//!
//! With CAP_NET_RAW this is done by stateless sweeps of `palisade-packet`, on a thread of their own;
//! without it, and for this machine's own addresses and links that are not Ethernet, by connecting
//! ([`connect`]). Every sighting says which it was. What an answer means is decided here.

mod connect;
mod discover;
mod hosts;
mod ports;
mod raw;

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use palisade_model::option_profile::{PacketOptions, ProtectedIps};
use palisade_model::{Clock, IdSource, Ip6Set, IpSet, OptionProfile, PortSet};
use palisade_packet::{Control, Probe, Wish};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::link::{SliceProgress, Stage};
use crate::pacing::{Limits, Pace};

pub(crate) use hosts::Hosts;
pub use raw::raw_packets;

/// How ports were found, for reports.
pub(crate) const BY_SYN: &str = "TCP SYN (raw packets)";
pub(crate) const BY_CONNECTING: &str = "TCP connect (the scanner may not send raw packets to this host)";
/// Where the profile wants some hosts' ports left alone, hosts are swept and ports are not.
pub(crate) const BY_CHOICE: &str = "TCP connect";

/// Packets a second to one host, for each connection that the profile permits to it, unless the
/// profile names a higher rate itself.
const HOST_PPS_PER_CONNECTION: u32 = 200;
/// What a network of 256 addresses may get, in hosts' shares.
const NETWORK_SHARES: u32 = 4;
/// Sightings that may wait before the sweep waits for whoever reads them.
const SIGHTS_WAITING_MAX: usize = 256;

/// What to look for, and how hard.
#[derive(Debug, Clone)]
pub struct SurveyOrder {
    pub targets: IpSet,
    pub targets_v6: Ip6Set,
    /// TCP ports to be looked at; `None` when only the hosts matter.
    pub ports: Option<PortSet>,
    /// What is asked to find out whether somebody is there.
    pub probes: Vec<Probe>,
    /// Which answers prove no life.
    pub packets: PacketOptions,
    /// How often a silent address is asked, 1 to 8.
    pub discovery_passes: u8,
    /// Look at the ports of addresses that answer nothing, too.
    pub scan_dead_hosts: bool,
    /// Packets a second: in all, to one host, and to a network of 256 addresses.
    pub rate_pps: u32,
    pub host_pps: u32,
    pub network_pps: u32,
    /// Connections open to one host at the same time, where it is looked at by connecting.
    pub connections_per_host: usize,
}

impl SurveyOrder {
    /// As the profile has it.
    #[must_use]
    pub fn of(profile: &OptionProfile, targets: IpSet, ports: Option<PortSet>) -> Self {
        let budgets = profile.performance.budgets();
        let of_connections = u32::from(budgets.port_scan_connections.max(1)) * HOST_PPS_PER_CONNECTION;
        // Who names a rate of their own wants it, however few the hosts are.
        let host_pps = of_connections.max(profile.performance.rate_pps.unwrap_or_default());
        let additional = &profile.additional;
        let touched = additional.blocked.ports.ports();
        let protected = match &additional.blocked.ips {
            ProtectedIps::AllRegistered => true,
            ProtectedIps::Custom(ips) => !targets.intersection(ips).is_empty(),
        };
        let leave = |port: u16| protected && touched.contains(port);
        let mut probes = discover::probes(&additional.host_discovery, additional.packets);
        probes.retain(|probe| !probe.port().is_some_and(leave));
        Self {
            targets,
            targets_v6: Ip6Set::default(),
            ports: ports.map(|ports| ports.iter().filter(|port| !leave(*port)).collect()),
            probes,
            packets: additional.packets,
            discovery_passes: 2,
            scan_dead_hosts: profile.scan_dead_hosts,
            rate_pps: budgets.rate_pps.max(1),
            host_pps,
            network_pps: host_pps.saturating_mul(NETWORK_SHARES),
            connections_per_host: usize::from(budgets.connections_per_host.max(1)),
        }
    }

    /// The targets of either family.
    fn hosts(&self) -> [Hosts; 2] {
        [Hosts::V4(self.targets.clone()), Hosts::from(&self.targets_v6)]
    }
}

/// What a survey needs besides its order. Share one [`Limits`] in a process.
#[derive(Debug, Clone)]
pub struct SurveyContext {
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdSource>,
    pub limits: Arc<Limits>,
}

/// What was learnt of a host that is there (or is to be scanned as if it were).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    pub address: IpAddr,
    /// For people; `None` when nothing answered.
    pub alive_by: Option<String>,
    /// As it arrived.
    pub ttl: Option<u8>,
    /// `None` when it was not asked.
    pub icmp_echo: Option<bool>,
    pub round_trip: Option<Duration>,
    pub method: &'static str,
    /// `None` when ports were not asked for.
    pub ports: Option<PortSight>,
}

/// What its ports said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortSight {
    /// Ascending.
    pub open: Vec<u16>,
    pub closed: u32,
    /// Nothing came back, or a filter said so.
    pub silent: u32,
    /// Ports that nobody uses accept connections too.
    pub every_port_open: bool,
    /// Connections are accepted with a closed window, as by a proxy that waits for the handshake.
    pub window_closed: bool,
    /// Several machines answer at this address: their stacks introduce themselves differently.
    pub stacks_differ: bool,
}

/// News of a survey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    Host(Box<Sighting>),
    /// Nobody there, as far as was asked.
    Dead(IpSet),
    /// The same of an IPv6 host.
    DeadV6(Ipv6Addr),
    /// How far it is.
    Progress(SliceProgress),
}

/// What the sweeping thread says.
#[derive(Debug)]
pub(crate) enum Swept {
    Host(Box<Sighting>),
    Dead(Hosts),
    /// To be looked at by connecting.
    Unlooked(Hosts),
}

/// A running sweep. Dropping it stops it within milliseconds.
#[derive(Debug)]
pub(crate) struct Sweeping {
    pub(crate) swept: mpsc::Receiver<Swept>,
    control: Arc<Control>,
}

impl Drop for Sweeping {
    fn drop(&mut self) {
        self.control.set(Wish::Cancel);
    }
}

impl Sweeping {
    /// Starts a thread that sweeps the order's targets, each of which it accounts for once.
    pub(crate) fn start(order: SurveyOrder, ids: &Arc<dyn IdSource>, pace: Arc<Pace>) -> Self {
        let (sender, swept) = mpsc::channel(SIGHTS_WAITING_MAX);
        let control = Arc::new(Control::default());
        let all = order.hosts();
        let sweep = raw::Sweep::new(order, Arc::clone(ids), pace, Arc::clone(&control), sender.clone());
        let spawned = std::thread::Builder::new().name("sweep".to_owned()).spawn(move || sweep.run());
        if let Err(error) = spawned {
            tracing::error!(%error, "no thread for sweeping");
            // The channel is new: there is room.
            for hosts in all {
                let _ = sender.try_send(Swept::Unlooked(hosts));
            }
        }
        Self { swept, control }
    }

    /// Questions asked, and in all, of the sweep at work.
    pub(crate) fn progress(&self) -> (u64, u64) {
        self.control.progress()
    }
}

/// Looks at the order's targets and says what is seen, as it is seen. Dropping the future, or the
/// receiver, stops it.
///
/// # Panics
/// Outside of a Tokio runtime with timers.
pub async fn survey_hosts(order: SurveyOrder, context: SurveyContext, sights: mpsc::Sender<Sight>) {
    let pace = Pace::of_survey(Arc::clone(&context.limits), order.rate_pps, order.connections_per_host);
    let mut sweeping = Sweeping::start(order.clone(), &context.ids, Arc::clone(&pace));
    let mut unlooked = Vec::new();
    let mut ticks = tokio::time::interval(Duration::from_millis(250));
    loop {
        tokio::select! {
            swept = sweeping.swept.recv() => {
                let Some(swept) = swept else { break };
                let told = match swept {
                    Swept::Host(sighting) => sights.send(Sight::Host(sighting)).await,
                    Swept::Dead(Hosts::V4(set)) => sights.send(Sight::Dead(set)).await,
                    Swept::Dead(Hosts::V6(addresses)) => dead_v6(addresses, &sights).await,
                    Swept::Unlooked(hosts) => {
                        unlooked.push(hosts);
                        Ok(())
                    }
                };
                if told.is_err() {
                    return;
                }
            }
            _ = ticks.tick() => {
                let _ = sights.try_send(progress(&order, sweeping.progress()));
            }
            () = sights.closed() => return,
        }
    }
    let rest_total: u64 = unlooked.iter().map(Hosts::count).sum();
    let rest_done = AtomicU64::new(0);
    let rest = unlooked.into_iter().flat_map(Hosts::into_addresses);
    let connecting = connect::survey(rest, &order, &pace, &context, &sights, &rest_done);
    tokio::pin!(connecting);
    loop {
        tokio::select! {
            () = &mut connecting => return,
            _ = ticks.tick() => {
                let work = (rest_done.load(Ordering::Relaxed), rest_total);
                let _ = sights.try_send(progress(&order, work));
            }
        }
    }
}

fn progress(order: &SurveyOrder, (work_done, work_total): (u64, u64)) -> Sight {
    let stage = if order.ports.is_some() { Stage::Ports } else { Stage::Discovery };
    Sight::Progress(SliceProgress { stage, work_done, work_total, findings: 0 })
}

async fn dead_v6(
    addresses: Vec<Ipv6Addr>,
    sights: &mpsc::Sender<Sight>,
) -> Result<(), mpsc::error::SendError<Sight>> {
    for address in addresses {
        sights.send(Sight::DeadV6(address)).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_host_gets_its_share_unless_a_rate_is_named() {
        let of = |rate_pps| {
            let mut profile = OptionProfile::initial();
            profile.performance.rate_pps = rate_pps;
            SurveyOrder::of(&profile, "10.0.0.1".parse().unwrap(), None)
        };
        let usual = of(None);
        assert_eq!(usual.network_pps, usual.host_pps * NETWORK_SHARES);
        assert_eq!(of(Some(100)).host_pps, usual.host_pps);
        assert_eq!((of(Some(100_000)).host_pps, of(Some(100_000)).rate_pps), (100_000, 100_000));
    }
}
