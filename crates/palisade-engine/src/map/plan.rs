//! What a map does, made of the map section of its option profile, and the limits that hold for
//! every map.

use std::net::Ipv4Addr;
use std::time::Duration;

use palisade_model::option_profile::{
    BasicInformation, MapOptions, MapPerformance, Performance, PerformanceLevel,
};
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

/// What a map does.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// About which live hosts more is asked.
    pub(super) closer: BasicInformation,
    pub(super) tcp: PortSet,
    pub(super) udp: PortSet,
    /// Look for hosts in the whole netblock, not only where names lead.
    pub(super) sweep: bool,
    /// Ask the DNS.
    pub(super) dns: bool,
    pub(super) performance: Performance,
    /// Netblocks looked for life in at the same time, and the addresses of one: larger ones are cut.
    pub(super) netblocks: usize,
    pub(super) netblock_size: u32,
}

impl Plan {
    pub(super) fn of(profile: &OptionProfile) -> Self {
        let MapOptions {
            basic_information,
            tcp_standard,
            tcp_additional,
            udp_standard,
            udp_additional,
            live_host_sweep,
            disable_dns_traffic,
            performance,
            vmware_authentication: _,
        } = &profile.map;
        let ports = |standard: bool, list: PortSet, additional: &PortSet| {
            let list = if standard { list } else { PortSet::default() };
            list.iter().chain(additional.iter()).collect()
        };
        Self {
            closer: *basic_information,
            tcp: ports(*tcp_standard, standard_tcp(), tcp_additional),
            udp: ports(*udp_standard, standard_udp(), udp_additional),
            sweep: *live_host_sweep,
            dns: !disable_dns_traffic,
            netblocks: usize::from(performance.netblocks_external.max(1)),
            netblock_size: performance.netblock_size.max(1),
            performance: pressure(performance),
        }
    }

    /// What a survey for life goes by: the methods that scans and maps share, at this map's pressure.
    pub(super) fn survey_profile(&self, profile: &OptionProfile) -> OptionProfile {
        OptionProfile { performance: self.performance.clone(), scan_dead_hosts: false, ..profile.clone() }
    }

    /// Whether more is asked about a live host.
    pub(super) fn looks_closer(&self, order: &MapOrder, address: Ipv4Addr) -> bool {
        match self.closer {
            BasicInformation::All => true,
            BasicInformation::Registered => order.registered.contains(address),
            BasicInformation::NetblockOnly => order.netblock.contains(address),
            BasicInformation::None => false,
        }
    }

    /// The addresses that are asked for life: the netblock if it is swept, and where names lead
    /// within what may be looked at.
    pub(super) fn candidates(&self, order: &MapOrder, named: &IpSet) -> IpSet {
        let named = named.intersection(&order.netblock.union(&order.registered));
        if self.sweep { order.netblock.union(&named) } else { named }
    }
}

/// How hard the level presses; of a custom one the delay between packets is its own.
fn pressure(map: &MapPerformance) -> Performance {
    let of_level = Performance::of(map.level);
    match map.level {
        PerformanceLevel::Custom => Performance { packet_delay: map.packet_delay, ..of_level },
        PerformanceLevel::High | PerformanceLevel::Normal | PerformanceLevel::Low => of_level,
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
    use palisade_model::option_profile::PacketDelay;

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
    fn every_setting_of_the_map_section_counts() {
        let mut profile = OptionProfile::initial();
        let initial = Plan::of(&profile);
        assert!(initial.sweep && initial.dns && initial.tcp.contains(80) && initial.udp.contains(137));
        profile.map.tcp_standard = false;
        profile.map.tcp_additional = [8_888].into_iter().collect();
        profile.map.udp_standard = false;
        profile.map.live_host_sweep = false;
        profile.map.disable_dns_traffic = true;
        profile.map.basic_information = BasicInformation::None;
        profile.map.performance.level = PerformanceLevel::Custom;
        profile.map.performance.packet_delay = PacketDelay::Maximum;
        profile.map.performance.netblocks_external = 2;
        let plan = Plan::of(&profile);
        assert_eq!((plan.tcp.to_string().as_str(), plan.udp.len()), ("8888", 0));
        assert_eq!((plan.sweep, plan.dns, plan.closer), (false, false, BasicInformation::None));
        assert_eq!((plan.netblocks, plan.performance.packet_delay), (2, PacketDelay::Maximum));
    }

    #[test]
    fn the_closer_look_goes_as_far_as_the_profile_says() {
        let mut plan = Plan::of(&OptionProfile::initial());
        let (inside, registered) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 9, 9));
        for (closer, expected) in [
            (BasicInformation::All, [true, true]),
            (BasicInformation::Registered, [false, true]),
            (BasicInformation::NetblockOnly, [true, false]),
            (BasicInformation::None, [false, false]),
        ] {
            plan.closer = closer;
            let found = [inside, registered].map(|address| plan.looks_closer(&order(), address));
            assert_eq!(found, expected, "{closer:?}");
        }
    }
}
