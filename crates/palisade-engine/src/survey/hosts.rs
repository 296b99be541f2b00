//! Hosts of one address family, as sweeps take them: sets of IPv4 addresses, lists of IPv6 addresses.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv6Addr};

use palisade_model::ip_set::IpRange;
use palisade_model::{Ip6Set, IpSet};
use palisade_packet::Targets;

/// Ascending and distinct.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Hosts {
    V4(IpSet),
    V6(Vec<Ipv6Addr>),
}

impl From<IpSet> for Hosts {
    fn from(set: IpSet) -> Self {
        Self::V4(set)
    }
}

impl From<&Ip6Set> for Hosts {
    fn from(set: &Ip6Set) -> Self {
        Self::V6(set.iter().collect())
    }
}

impl From<IpAddr> for Hosts {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::V4(address.into()),
            IpAddr::V6(address) => Self::V6(vec![address]),
        }
    }
}

impl Hosts {
    pub(crate) fn is_empty(&self) -> bool {
        self.count() == 0
    }

    pub(crate) fn count(&self) -> u64 {
        match self {
            Self::V4(set) => set.count(),
            Self::V6(addresses) => addresses.len() as u64,
        }
    }

    /// The host with this number, from zero on.
    pub(crate) fn nth(&self, number: u64) -> Option<IpAddr> {
        match self {
            Self::V4(set) => set.nth(number).map(IpAddr::V4),
            Self::V6(addresses) => {
                addresses.get(usize::try_from(number).ok()?).map(|address| IpAddr::V6(*address))
            }
        }
    }

    pub(crate) fn iter(&self) -> Box<dyn Iterator<Item = IpAddr> + Send + '_> {
        match self {
            Self::V4(set) => Box::new(set.iter().map(IpAddr::V4)),
            Self::V6(addresses) => Box::new(addresses.iter().copied().map(IpAddr::V6)),
        }
    }

    /// All of them, one by one.
    pub(crate) fn into_addresses(self) -> impl Iterator<Item = IpAddr> + Send {
        (0..self.count()).map_while(move |number| self.nth(number))
    }

    /// Those of `addresses` that are of the same family.
    pub(crate) fn alike(&self, addresses: impl Iterator<Item = IpAddr>) -> Self {
        match self {
            Self::V4(_) => {
                let v4 = addresses.filter_map(|address| match address {
                    IpAddr::V4(address) => IpRange::new(address, address),
                    IpAddr::V6(_) => None,
                });
                Self::V4(v4.collect())
            }
            Self::V6(_) => {
                let v6 = addresses.filter_map(|address| match address {
                    IpAddr::V4(_) => None,
                    IpAddr::V6(address) => Some(address),
                });
                let mut v6: Vec<Ipv6Addr> = v6.collect();
                v6.sort_unstable();
                v6.dedup();
                Self::V6(v6)
            }
        }
    }

    /// Without those of `other`, which is of the same family.
    pub(crate) fn difference(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::V4(set), Self::V4(gone)) => Self::V4(set.difference(gone)),
            (Self::V6(addresses), Self::V6(gone)) => {
                let gone: HashSet<&Ipv6Addr> = gone.iter().collect();
                Self::V6(addresses.iter().filter(|address| !gone.contains(address)).copied().collect())
            }
            _ => self.clone(),
        }
    }

    /// Parts of at most `size` hosts.
    pub(crate) fn chunks(&self, size: u32) -> Vec<Self> {
        match self {
            Self::V4(set) => set.chunks(size).into_iter().map(Self::V4).collect(),
            Self::V6(addresses) => {
                let size = usize::try_from(size.max(1)).unwrap_or(usize::MAX);
                addresses.chunks(size).map(|part| Self::V6(part.to_vec())).collect()
            }
        }
    }

    pub(crate) fn targets(&self) -> Targets {
        match self {
            Self::V4(set) => Targets::from(set),
            Self::V6(addresses) => Targets::v6(addresses.clone()),
        }
    }

    /// Networks of 256 addresses that hosts are in.
    pub(crate) fn networks(&self) -> u64 {
        match self {
            Self::V4(set) => set
                .ranges()
                .iter()
                .map(|range| u64::from((u32::from(range.last()) >> 8) - (u32::from(range.first()) >> 8)) + 1)
                .sum(),
            Self::V6(addresses) => {
                let networks: HashSet<u128> =
                    addresses.iter().map(|address| address.to_bits() >> 8).collect();
                networks.len() as u64
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(v6: &str) -> Hosts {
        Hosts::from(&v6.parse::<Ip6Set>().unwrap())
    }

    #[test]
    fn both_families_are_counted_cut_and_taken_apart_alike() {
        for all in [Hosts::V4("10.0.0.250-10.0.1.3".parse().unwrap()), hosts("fd00::fa-fd00::103")] {
            assert_eq!((all.count(), all.networks()), (10, 2));
            assert_eq!(all.clone().into_addresses().collect::<Vec<_>>(), all.iter().collect::<Vec<_>>());
            assert_eq!((all.nth(0), all.nth(10)), (all.iter().next(), None));
            let parts = all.chunks(4);
            assert_eq!(parts.iter().map(Hosts::count).collect::<Vec<_>>(), [4, 4, 2]);
            let rest = all.difference(&parts[0]);
            assert_eq!((rest.count(), rest.nth(0)), (6, all.nth(4)));
            assert_eq!(all.alike(all.iter()), all);
            assert!(all.difference(&all).is_empty());
            assert_eq!(all.targets().count(), 10);
        }
        let one: IpAddr = "fd00::1".parse().unwrap();
        assert_eq!(Hosts::from(one), hosts("fd00::1"));
        assert!(Hosts::V4(IpSet::new()).alike([one].into_iter()).is_empty());
    }
}
