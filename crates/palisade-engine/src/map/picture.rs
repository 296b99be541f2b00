//! Putting together what the DNS, the hosts and the ways to them told: one host an address.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use palisade_model::{Discovery, MapHost, MapResult};

use super::hosts::{Details, Live};
use super::names::{Named, Names};
use super::plan::{HOSTS_MAX, NAMES_PER_HOST_MAX};

/// The picture as far as it is drawn.
#[derive(Debug, Default)]
pub(super) struct Picture {
    hosts: BTreeMap<Ipv4Addr, MapHost>,
    pub(super) notes: BTreeSet<String>,
    names: Names,
}

impl Picture {
    /// The host with this address, which is put on the map if there is room.
    fn host(&mut self, address: Ipv4Addr) -> Option<&mut MapHost> {
        if !self.hosts.contains_key(&address) && self.hosts.len() >= HOSTS_MAX {
            self.notes.insert("there are more hosts than a map lists".to_owned());
            return None;
        }
        Some(self.hosts.entry(address).or_insert_with(|| MapHost::new(address)))
    }

    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.hosts.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn add_names(&mut self, names: Names) {
        for (address, Named { names, discoveries }) in &names.by_address {
            let Some(host) = self.host(*address) else { continue };
            add_all(&mut host.names, names.iter().cloned(), NAMES_PER_HOST_MAX);
            add_all(&mut host.discoveries, discoveries.iter().cloned(), usize::MAX);
        }
        self.notes.extend(names.notes.iter().map(|note| (*note).to_owned()));
        self.names = names;
    }

    /// The registered name of an address, which comes before its others.
    pub(super) fn add_registered(&mut self, address: Ipv4Addr, name: String) {
        let Some(host) = self.host(address) else { return };
        host.names.retain(|known| *known != name);
        host.names.insert(0, name);
        host.names.truncate(NAMES_PER_HOST_MAX);
        add_all(&mut host.discoveries, [Discovery::ReverseDns], usize::MAX);
    }

    pub(super) fn add_live(&mut self, live: &Live) {
        let Some(host) = self.host(live.address) else { return };
        // Life is what clients look for first.
        host.discoveries.retain(|known| *known != live.discovery);
        host.discoveries.insert(0, live.discovery.clone());
    }

    pub(super) fn add_details(&mut self, address: Ipv4Addr, details: Details) {
        let Some(host) = self.host(address) else { return };
        let Details { ports, os, netbios } = details;
        host.ports = ports;
        host.os = os;
        host.netbios = netbios;
    }

    /// The way to a host: its routers are on the map, and neighbours on the way are linked.
    pub(super) fn add_way(&mut self, target: Ipv4Addr, way: &[Option<Ipv4Addr>]) {
        let mut before: Option<Ipv4Addr> = None;
        for router in way {
            if let Some(router) = *router {
                let Some(host) = self.host(router) else { return };
                host.router = true;
                add_all(&mut host.discoveries, [Discovery::Traceroute], usize::MAX);
                self.link(before, router);
            }
            before = *router;
        }
        self.link(before, target);
    }

    /// Links a router and what comes after it, both ways if that is a router too.
    fn link(&mut self, router: Option<Ipv4Addr>, next: Ipv4Addr) {
        let Some(router) = router.filter(|router| *router != next) else { return };
        let is_router = self.hosts.get(&next).is_some_and(|host| host.router);
        if let Some(host) = self.hosts.get_mut(&next) {
            add_all(&mut host.links, [router], usize::MAX);
        }
        if is_router && let Some(host) = self.hosts.get_mut(&router) {
            add_all(&mut host.links, [next], usize::MAX);
        }
    }

    pub(super) fn addresses(&self) -> Vec<Ipv4Addr> {
        self.hosts.keys().copied().collect()
    }

    pub(super) fn finish(self) -> MapResult {
        let hosts = self.hosts.into_values().map(|mut host| {
            host.links.sort_unstable();
            host
        });
        MapResult {
            hosts: hosts.collect(),
            name_servers: self.names.servers,
            notes: self.notes.into_iter().collect(),
        }
    }
}

fn add_all<T: PartialEq>(known: &mut Vec<T>, new: impl IntoIterator<Item = T>, max: usize) {
    for item in new {
        if !known.contains(&item) && known.len() < max {
            known.push(item);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(last: u8) -> Ipv4Addr {
        Ipv4Addr::new(10, 0, 0, last)
    }

    #[test]
    fn ways_share_their_routers_and_gaps_are_not_linked() {
        let mut picture = Picture::default();
        let mut names = Names::default();
        for last in [5, 6] {
            names.add(ip(last), &format!("h{last}.lab.test"), Discovery::Dns);
        }
        picture.add_names(names);
        picture.add_way(ip(5), &[Some(ip(1)), Some(ip(2))]);
        picture.add_way(ip(6), &[Some(ip(1)), None, Some(ip(3))]);
        picture.add_registered(ip(5), "five.lab.test".to_owned());
        let hosts = picture.finish().hosts;
        let found: Vec<_> =
            hosts.iter().map(|host| (host.address, host.router, host.links.clone())).collect();
        assert_eq!(
            found,
            [
                (ip(1), true, vec![ip(2)]),
                (ip(2), true, vec![ip(1)]),
                (ip(3), true, vec![]),
                (ip(5), false, vec![ip(2)]),
                (ip(6), false, vec![ip(3)]),
            ]
        );
        assert_eq!(hosts[3].names, ["five.lab.test", "h5.lab.test"]);
        assert_eq!(hosts[3].discoveries, [Discovery::Dns, Discovery::ReverseDns]);
        assert_eq!(hosts[0].discoveries, [Discovery::Traceroute]);
    }
}
