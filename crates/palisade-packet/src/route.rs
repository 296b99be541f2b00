//! Which way a packet goes: interface, source address and next hop, as the kernel itself decides.
//!
//! The kernel is asked over rtnetlink, by plain messages on a netlink socket. For sets of addresses
//! its tables are read once and the set is cut where a prefix begins or ends: within a piece all
//! addresses go the same way, so one question answers for all. Rules that route by destination
//! prefix (`ip rule ... to`) are not read; they are the one way to make two addresses of a piece differ.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd, OwnedFd};

use nix::ifaddrs::getifaddrs;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, socket};
use palisade_model::IpSet;
use palisade_model::ip_set::IpRange;

use crate::answer::be16;
use crate::error::Error;
use crate::frame::Mac;

const GET_ROUTE: u16 = 26;
const NEW_ROUTE: u16 = 24;
const ERROR: u16 = 2;
const DONE: u16 = 3;
const REQUEST: u16 = 1;
const DUMP: u16 = 0x300;
const UNICAST: u8 = 1;
const ATTRIBUTE_DESTINATION: u16 = 1;
const ATTRIBUTE_INTERFACE: u16 = 4;
const ATTRIBUTE_GATEWAY: u16 = 5;
const ATTRIBUTE_SOURCE: u16 = 7;
/// A gateway of the other address family.
const ATTRIBUTE_VIA: u16 = 18;
/// Header of a message, and what follows it in those about routes.
const HEADER: usize = 16;
const ROUTE_HEADER: usize = 12;
const ARPHRD_ETHER: u16 = 1;
/// More routes than this are not looked at one by one; the rest costs precision, not safety.
const ROUTES_MAX: usize = 200_000;

/// The way to an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    pub interface: u32,
    pub source: IpAddr,
    /// `None` when the address is on the link.
    pub gateway: Option<IpAddr>,
}

/// An interface that frames can be sent on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    pub index: u32,
    pub name: String,
    pub mac: Mac,
}

/// Addresses that go the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    pub route: Route,
    pub interface: Interface,
    pub set: IpSet,
}

/// IPv6 addresses that go the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayV6 {
    pub route: Route,
    pub interface: Interface,
    /// In the order they were asked for.
    pub addresses: Vec<Ipv6Addr>,
}

/// A connection to the kernel's routing.
#[derive(Debug)]
pub struct Routing {
    socket: OwnedFd,
    interfaces: Vec<Interface>,
}

impl Routing {
    /// Reads the interfaces and opens the connection; needs no special rights.
    ///
    /// # Errors
    /// When the kernel refuses either.
    pub fn open() -> Result<Self, Error> {
        let socket =
            socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::NetlinkRoute)
                .map_err(|source| Error::from_io("open a netlink socket", source.into()))?;
        Ok(Self { socket, interfaces: interfaces()? })
    }

    /// The Ethernet interface with this index.
    #[must_use]
    pub fn interface(&self, index: u32) -> Option<&Interface> {
        self.interfaces.iter().find(|interface| interface.index == index)
    }

    /// The way to one address.
    ///
    /// # Errors
    /// [`Error::NoRoute`] also for the machine's own addresses and for broadcast addresses.
    pub fn route(&self, to: IpAddr) -> Result<Route, Error> {
        let mut attribute = Vec::new();
        let (family, length) = match to {
            IpAddr::V4(address) => {
                attribute.extend_from_slice(&address.octets());
                (libc::AF_INET, 32)
            }
            IpAddr::V6(address) => {
                attribute.extend_from_slice(&address.octets());
                (libc::AF_INET6, 128)
            }
        };
        self.ask(u8::try_from(family).unwrap_or_default(), length, &attribute, REQUEST)?;
        let mut found = None;
        self.hear(|kind, body| {
            if kind == NEW_ROUTE {
                found = read_route(body);
            }
            false
        })?;
        found.ok_or(Error::NoRoute { to })
    }

    /// Cuts a set into parts that go the same way, and the rest, for which frames cannot be used:
    /// this machine's own addresses, interfaces that are not Ethernet, and what has no route.
    ///
    /// # Errors
    /// When the routing tables cannot be read.
    pub fn ways(&self, set: &IpSet) -> Result<(Vec<Way>, IpSet), Error> {
        let cuts = self.cuts()?;
        let mut ways = Vec::<Way>::new();
        let mut parts = Vec::<Vec<IpRange>>::new();
        let mut rest = Vec::new();
        for range in set.ranges().iter().flat_map(|range| cut(*range, &cuts)) {
            let route = match self.route(range.first().into()) {
                Ok(route) => route,
                Err(Error::NoRoute { .. }) => {
                    rest.push(range);
                    continue;
                }
                Err(error) => return Err(error),
            };
            let Some(interface) = self.interface(route.interface) else {
                rest.push(range);
                continue;
            };
            let known = ways.iter().position(|way| way.route == route).unwrap_or(ways.len());
            if known == ways.len() {
                ways.push(Way { route, interface: interface.clone(), set: IpSet::new() });
                parts.push(Vec::new());
            }
            parts.get_mut(known).into_iter().for_each(|part| part.push(range));
        }
        for (way, part) in ways.iter_mut().zip(parts) {
            way.set = part.into_iter().collect();
        }
        Ok((ways, rest.into_iter().collect()))
    }

    /// The same for a list of IPv6 addresses, each of which is asked for: lists are short.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    pub fn ways_v6(&self, addresses: &[Ipv6Addr]) -> Result<(Vec<WayV6>, Vec<Ipv6Addr>), Error> {
        let mut ways = Vec::<WayV6>::new();
        let mut rest = Vec::new();
        for address in addresses {
            let route = match self.route((*address).into()) {
                Ok(route) => route,
                Err(Error::NoRoute { .. }) => {
                    rest.push(*address);
                    continue;
                }
                Err(error) => return Err(error),
            };
            let Some(interface) = self.interface(route.interface) else {
                rest.push(*address);
                continue;
            };
            match ways.iter_mut().find(|way| way.route == route) {
                Some(way) => way.addresses.push(*address),
                None => ways.push(WayV6 { route, interface: interface.clone(), addresses: vec![*address] }),
            }
        }
        Ok((ways, rest))
    }

    /// The addresses at which some prefix of the tables begins, or the one after its end.
    fn cuts(&self) -> Result<BTreeSet<u32>, Error> {
        let family = u8::try_from(libc::AF_INET).unwrap_or_default();
        self.ask(family, 0, &[], REQUEST | DUMP)?;
        let mut cuts = BTreeSet::new();
        self.hear(|kind, body| {
            if kind == NEW_ROUTE
                && cuts.len() < ROUTES_MAX
                && let Some((first, last)) = read_prefix(body)
            {
                cuts.insert(first);
                cuts.extend(last.checked_add(1));
            }
            true
        })?;
        Ok(cuts)
    }

    fn ask(&self, family: u8, length: u8, destination: &[u8], flags: u16) -> Result<(), Error> {
        let mut body = vec![family, length, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        if !destination.is_empty() {
            let length = u16::try_from(4 + destination.len()).unwrap_or_default();
            body.extend_from_slice(&length.to_ne_bytes());
            body.extend_from_slice(&ATTRIBUTE_DESTINATION.to_ne_bytes());
            body.extend_from_slice(destination);
        }
        let mut message = Vec::with_capacity(HEADER + body.len());
        message.extend_from_slice(&u32::try_from(HEADER + body.len()).unwrap_or_default().to_ne_bytes());
        message.extend_from_slice(&GET_ROUTE.to_ne_bytes());
        message.extend_from_slice(&flags.to_ne_bytes());
        message.extend_from_slice(&[0; 8]);
        message.extend_from_slice(&body);
        send(self.socket.as_raw_fd(), &message, MsgFlags::empty())
            .map(|_| ())
            .map_err(|source| Error::from_io("be asked for a route", source.into()))
    }

    /// Calls `take` with kind and body of every message of the answer. `many`, its result, says
    /// whether more datagrams follow; they end with a message that says so.
    fn hear(&self, mut take: impl FnMut(u16, &[u8]) -> bool) -> Result<(), Error> {
        let mut buffer = vec![0; 1 << 16];
        loop {
            let count = recv(self.socket.as_raw_fd(), &mut buffer, MsgFlags::empty())
                .map_err(|source| Error::from_io("answer about routes", source.into()))?;
            let mut messages = buffer.get(..count).unwrap_or_default();
            let mut more = false;
            while let Some(length) = u32_at(messages, 0).and_then(|length| usize::try_from(length).ok()) {
                let Some(message) = messages.get(HEADER.min(length)..length).filter(|_| length >= HEADER)
                else {
                    break;
                };
                match u16_at(messages, 4).unwrap_or_default() {
                    // Also "network unreachable": whoever asked has got nothing, and knows.
                    ERROR | DONE => return Ok(()),
                    kind => more |= take(kind, message),
                }
                // Messages are padded to four bytes.
                messages = messages.get(length.next_multiple_of(4)..).unwrap_or_default();
            }
            if !more {
                return Ok(());
            }
        }
    }
}

fn interfaces() -> Result<Vec<Interface>, Error> {
    let all = getifaddrs().map_err(|source| Error::from_io("list its interfaces", source.into()))?;
    let mut interfaces = Vec::new();
    for entry in all {
        let Some(link) = entry.address.as_ref().and_then(|address| address.as_link_addr()) else { continue };
        let (Some(mac), Ok(index)) = (link.addr(), u32::try_from(link.ifindex())) else { continue };
        if link.hatype() == ARPHRD_ETHER {
            interfaces.push(Interface { index, name: entry.interface_name.clone(), mac });
        }
    }
    Ok(interfaces)
}

/// The attributes of a message about a route: kind and value.
fn attributes(mut rest: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let length = usize::from(u16_at(rest, 0)?);
        let kind = u16_at(rest, 2)?;
        let value = rest.get(4..length)?;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    })
}

/// `None` for anything but a way to another machine.
fn read_route(body: &[u8]) -> Option<Route> {
    if *body.get(7)? != UNICAST {
        return None;
    }
    let (mut interface, mut source, mut gateway) = (None, None, None);
    for (kind, value) in attributes(body.get(ROUTE_HEADER..)?) {
        match kind {
            ATTRIBUTE_INTERFACE => interface = u32_at(value, 0),
            ATTRIBUTE_GATEWAY => gateway = address(value),
            // Family first, then the address.
            ATTRIBUTE_VIA => gateway = address(value.get(2..)?),
            ATTRIBUTE_SOURCE => source = address(value),
            _ => {}
        }
    }
    Some(Route { interface: interface?, source: source?, gateway })
}

/// First and last address of an IPv4 route's prefix.
fn read_prefix(body: &[u8]) -> Option<(u32, u32)> {
    let length = u32::from(*body.get(1)?);
    let first = attributes(body.get(ROUTE_HEADER..)?)
        .find(|(kind, _)| *kind == ATTRIBUTE_DESTINATION)
        .and_then(|(_, value)| address(value));
    let first = match first {
        Some(IpAddr::V4(address)) => u32::from(address),
        Some(IpAddr::V6(_)) => return None,
        None => 0,
    };
    let hosts = u32::MAX.checked_shr(length).unwrap_or(0);
    Some((first & !hosts, first | hosts))
}

/// The parts of a range between the cuts.
fn cut(range: IpRange, cuts: &BTreeSet<u32>) -> Vec<IpRange> {
    let (first, last) = (u32::from(range.first()), u32::from(range.last()));
    let mut parts = Vec::new();
    let mut start = first;
    // A cut at the very beginning changes nothing.
    for place in cuts.range(first..=last).copied().filter(|place| *place > first) {
        parts.extend(IpRange::new(start.into(), (place - 1).into()));
        start = place;
    }
    parts.extend(IpRange::new(start.into(), last.into()));
    parts
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(octets) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(octets).into());
    }
    <[u8; 16]>::try_from(bytes).ok().map(|octets| Ipv6Addr::from(octets).into())
}

/// Netlink speaks the machine's own byte order.
fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    be16(bytes, at).map(|value| u16::from_ne_bytes(value.to_be_bytes()))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    crate::answer::be32(bytes, at).map(|value| u32::from_ne_bytes(value.to_be_bytes()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn this_machine_is_no_way_to_somebody_else() {
        let routing = Routing::open().unwrap();
        assert!(matches!(routing.route(Ipv4Addr::LOCALHOST.into()), Err(Error::NoRoute { .. })));
        let (ways, rest) = routing.ways(&"127.0.0.1-127.0.0.9".parse().unwrap()).unwrap();
        assert_eq!((ways.len(), rest.count()), (0, 9));
        let (ways, rest) = routing.ways_v6(&[Ipv6Addr::LOCALHOST]).unwrap();
        assert_eq!((ways, rest), (Vec::new(), vec![Ipv6Addr::LOCALHOST]));
    }

    proptest! {
        #[test]
        fn cutting_loses_nothing(
            first in 0x0100_0000_u32..0x0200_0000, length in 0_u32..10_000,
            cuts in proptest::collection::btree_set(0x00ff_ff00_u32..0x0200_4000, 0..50)
        ) {
            let range = IpRange::new(first.into(), (first + length).into()).unwrap();
            let parts = cut(range, &cuts);
            let whole: IpSet = parts.iter().copied().collect();
            prop_assert_eq!(whole, [range].into_iter().collect::<IpSet>());
            prop_assert_eq!(parts.iter().map(|part| part.count()).sum::<u64>(), range.count());
            for part in parts {
                let (first, last) = (u32::from(part.first()), u32::from(part.last()));
                prop_assert_eq!(cuts.range(first..=last).filter(|place| **place > first).count(), 0);
            }
        }

        #[test]
        fn any_message_is_read_without_harm(body in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = (read_route(&body), read_prefix(&body));
        }
    }
}
