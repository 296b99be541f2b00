//! The hosts of a sweep as numbers: host number `n` is the `n`-th address of sorted intervals.
//!
//! A /8 costs one interval. IPv6 comes as a list of single addresses: nobody sweeps a /64.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use palisade_model::IpSet;

/// Hosts of one address family, numbered from zero in ascending order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Targets {
    V4(Intervals),
    /// Sorted and distinct.
    V6(Vec<Ipv6Addr>),
}

/// Closed intervals of IPv4 addresses with the number of addresses before each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Intervals {
    /// First, last, addresses before.
    parts: Vec<(u32, u32, u64)>,
    count: u64,
}

impl Targets {
    /// Addresses in any order; those that come twice count once.
    #[must_use]
    pub fn v6(mut addresses: Vec<Ipv6Addr>) -> Self {
        addresses.sort_unstable();
        addresses.dedup();
        Self::V6(addresses)
    }

    #[must_use]
    pub fn count(&self) -> u64 {
        match self {
            Self::V4(intervals) => intervals.count,
            Self::V6(addresses) => addresses.len() as u64,
        }
    }

    #[must_use]
    pub fn is_v6(&self) -> bool {
        matches!(self, Self::V6(_))
    }

    /// The address of host `number`, if there is such a host.
    #[must_use]
    pub fn address(&self, number: u64) -> Option<IpAddr> {
        match self {
            Self::V4(intervals) => intervals.address(number).map(IpAddr::V4),
            Self::V6(addresses) => addresses.get(usize::try_from(number).ok()?).copied().map(IpAddr::V6),
        }
    }

    /// The number of the host at `address`, if it is one of ours.
    #[must_use]
    pub fn number(&self, address: IpAddr) -> Option<u64> {
        match (self, address) {
            (Self::V4(intervals), IpAddr::V4(address)) => intervals.number(address),
            (Self::V6(addresses), IpAddr::V6(address)) => {
                addresses.binary_search(&address).ok().map(|index| index as u64)
            }
            _ => None,
        }
    }
}

impl From<&IpSet> for Targets {
    fn from(set: &IpSet) -> Self {
        let mut intervals = Intervals::default();
        for range in set.ranges() {
            intervals.parts.push((range.first().into(), range.last().into(), intervals.count));
            intervals.count += range.count();
        }
        Self::V4(intervals)
    }
}

impl Intervals {
    fn address(&self, number: u64) -> Option<Ipv4Addr> {
        if number >= self.count {
            return None;
        }
        let after = self.parts.partition_point(|(_, _, before)| *before <= number);
        let (first, _, before) = self.parts.get(after.checked_sub(1)?)?;
        Some(Ipv4Addr::from(first.checked_add(u32::try_from(number - before).ok()?)?))
    }

    fn number(&self, address: Ipv4Addr) -> Option<u64> {
        let address = u32::from(address);
        let after = self.parts.partition_point(|(first, ..)| *first <= address);
        let (first, last, before) = self.parts.get(after.checked_sub(1)?)?;
        (address <= *last).then(|| before + u64::from(address - first))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hosts_are_numbered_across_intervals() {
        let set: IpSet = "10.0.0.1,10.0.0.8/30,192.0.2.0/24".parse().unwrap();
        let targets = Targets::from(&set);
        let all: Vec<IpAddr> = (0..targets.count()).map_while(|number| targets.address(number)).collect();
        assert_eq!(all, set.iter().map(IpAddr::V4).collect::<Vec<_>>());
        assert_eq!(targets.address(targets.count()), None);
        assert_eq!(targets.number("10.0.0.2".parse().unwrap()), None);
        assert_eq!(targets.number("::1".parse().unwrap()), None);
    }

    #[test]
    fn ipv6_addresses_are_sorted_and_count_once() {
        let one: Ipv6Addr = "2001:db8::1".parse().unwrap();
        let two: Ipv6Addr = "2001:db8::2".parse().unwrap();
        let targets = Targets::v6(vec![two, one, two]);
        assert_eq!(targets.count(), 2);
        assert_eq!(targets.address(0), Some(one.into()));
        assert_eq!(targets.number(two.into()), Some(1));
    }

    proptest! {
        #[test]
        fn number_and_address_are_inverse(blocks in proptest::collection::vec((1_u8..200, any::<u8>(), 8_u8..33), 1..8), pick: u64) {
            let text: Vec<String> =
                blocks.iter().map(|(first, second, length)| format!("{first}.{second}.7.1/{length}")).collect();
            let set: IpSet = text.join(",").parse().unwrap();
            let targets = Targets::from(&set);
            let number = pick % targets.count();
            let address = targets.address(number).unwrap();
            prop_assert_eq!(targets.number(address), Some(number));
        }
    }
}
