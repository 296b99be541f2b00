//! What a map does, made of the map section of its option profile, and the limits that hold for
//! every map.

use std::net::Ipv4Addr;
use std::time::Duration;

use palisade_model::{IpSet, OptionProfile, PortSet};

use super::link::MapOrder;

/// Longest a map may take; then it is delivered as far as it is.
pub(super) const MAP_TIME_MAX: Duration = Duration::from_hours(12);
/// Longest all questions to the DNS may take before hosts are looked for.
pub(super) const NAMES_TIME_MAX: Duration = Duration::from_mins(30);
/// Names of a domain whose addresses are asked for.
pub(super) const NAMES_MAX: usize = 2_000;
/// Addresses that a map lists.
pub(super) const HOSTS_MAX: usize = 65_536;
/// Netblocks up to this size have all their addresses looked up; of larger ones only live hosts.
pub(super) const REVERSE_MAX: u64 = 4_096;
/// Names kept of one host.
pub(super) const NAMES_PER_HOST_MAX: usize = 32;
/// Hosts the way to which is walked.
pub(super) const ROUTES_MAX: usize = 4_096;
/// Longest the closer look at one host may take.
pub(super) const DETAILS_TIME_MAX: Duration = Duration::from_mins(3);

/// About which live hosts more is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closer {
    All,
    Registered,
    NetblockOnly,
    None,
}

/// What a map does.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) closer: Closer,
    pub(super) tcp: PortSet,
    pub(super) udp: PortSet,
    /// Look for hosts in the whole netblock, not only where names lead.
    pub(super) sweep: bool,
    /// Ask the DNS.
    pub(super) dns: bool,
}

impl Plan {
    pub(super) fn of(_profile: &OptionProfile) -> Self {
        Self { closer: Closer::All, tcp: standard_tcp(), udp: standard_udp(), sweep: true, dns: true }
    }

    /// Whether more is asked about a live host.
    pub(super) fn looks_closer(&self, order: &MapOrder, address: Ipv4Addr) -> bool {
        match self.closer {
            Closer::All => true,
            Closer::Registered => order.registered.contains(address),
            Closer::NetblockOnly => order.netblock.contains(address),
            Closer::None => false,
        }
    }

    /// The addresses that are asked for life: the netblock if it is swept, and where names lead
    /// within what may be looked at.
    pub(super) fn candidates(&self, order: &MapOrder, named: &IpSet) -> IpSet {
        let named = named.intersection(&order.netblock.union(&order.registered));
        if self.sweep { order.netblock.union(&named) } else { named }
    }
}

/// The TCP ports that tell most about what a host is.
fn standard_tcp() -> PortSet {
    [21, 22, 23, 25, 53, 80, 88, 110, 111, 135, 139, 143, 389, 443, 445, 3389, 8080].into_iter().collect()
}

/// The UDP ports likewise; NetBIOS gives the name.
fn standard_udp() -> PortSet {
    [53, 111, 123, 137, 161, 500].into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> MapOrder {
        MapOrder {
            map: "map/1400000000.1".parse().unwrap(),
            domain: "lab.test".parse().unwrap(),
            netblock: "10.0.0.0/30".parse().unwrap(),
            registered: "10.0.9.9".parse().unwrap(),
            profile: OptionProfile::initial(),
        }
    }

    #[test]
    fn names_never_lead_beyond_the_netblock_and_the_registered_addresses() {
        let mut plan = Plan::of(&OptionProfile::initial());
        let named: IpSet = "10.0.0.2,10.0.9.9,192.0.2.1".parse().unwrap();
        assert_eq!(plan.candidates(&order(), &named).to_string(), "10.0.0.0-10.0.0.3,10.0.9.9");
        plan.sweep = false;
        assert_eq!(plan.candidates(&order(), &named).to_string(), "10.0.0.2,10.0.9.9");
    }

    #[test]
    fn the_closer_look_goes_as_far_as_the_profile_says() {
        let mut plan = Plan::of(&OptionProfile::initial());
        let (inside, registered) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 9, 9));
        for (closer, expected) in [
            (Closer::All, [true, true]),
            (Closer::Registered, [false, true]),
            (Closer::NetblockOnly, [true, false]),
            (Closer::None, [false, false]),
        ] {
            plan.closer = closer;
            let found = [inside, registered].map(|address| plan.looks_closer(&order(), address));
            assert_eq!(found, expected, "{closer:?}");
        }
    }
}
