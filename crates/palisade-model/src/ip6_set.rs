//! Lists of IPv6 addresses, each of which is one host: nobody scans a /64. Blocks and ranges are taken
//! as far as they are short.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Most addresses in one list.
pub const ADDRESSES_MAX: usize = 1 << 16;
/// The shortest prefix whose block a list has room for.
const PREFIX_MIN: u32 = 112;

/// Why a text names no list of IPv6 addresses. `item` is the offending part of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Ip6SetError {
    #[error("the list is empty")]
    Empty,
    #[error("'{item}' is not an IPv6 address or range")]
    NotAnAddress { item: String },
    #[error("the range '{item}' ends before it starts")]
    Reversed { item: String },
    #[error("'{item}' has no prefix length between {PREFIX_MIN} and 128")]
    Prefix { item: String },
    #[error("'{item}' is not an address a host can have beyond its link")]
    NotAHost { item: String },
    #[error("the list has more than {ADDRESSES_MAX} addresses")]
    TooMany,
}

/// Distinct IPv6 addresses, ascending; at most [`ADDRESSES_MAX`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<Ipv6Addr>", into = "Vec<Ipv6Addr>")]
pub struct Ip6Set {
    addresses: Vec<Ipv6Addr>,
}

impl Ip6Set {
    /// # Errors
    /// [`Ip6SetError::TooMany`].
    pub fn new(mut addresses: Vec<Ipv6Addr>) -> Result<Self, Ip6SetError> {
        addresses.sort_unstable();
        addresses.dedup();
        if addresses.len() > ADDRESSES_MAX { Err(Ip6SetError::TooMany) } else { Ok(Self { addresses }) }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.addresses.is_empty()
    }

    /// Number of addresses.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.addresses.len() as u64
    }

    /// Ascending.
    pub fn iter(&self) -> impl Iterator<Item = Ipv6Addr> + '_ {
        self.addresses.iter().copied()
    }

    /// # Errors
    /// [`Ip6SetError::TooMany`].
    pub fn union(&self, other: &Self) -> Result<Self, Ip6SetError> {
        Self::new([self.addresses.as_slice(), &other.addresses].concat())
    }
}

impl From<Ipv6Addr> for Ip6Set {
    fn from(address: Ipv6Addr) -> Self {
        Self { addresses: vec![address] }
    }
}

impl TryFrom<Vec<Ipv6Addr>> for Ip6Set {
    type Error = Ip6SetError;

    fn try_from(addresses: Vec<Ipv6Addr>) -> Result<Self, Ip6SetError> {
        Self::new(addresses)
    }
}

impl From<Ip6Set> for Vec<Ipv6Addr> {
    fn from(set: Ip6Set) -> Self {
        set.addresses
    }
}

impl fmt::Display for Ip6Set {
    /// Neighbours as ranges, with commas between.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.addresses.as_slice();
        while let Some(first) = rest.first() {
            let follows = |pair: &[Ipv6Addr]| matches!(pair, [one, two] if next(*one) == Some(*two));
            let length = 1 + rest.windows(2).take_while(|pair| follows(pair)).count();
            let last = rest.get(length - 1).unwrap_or(first);
            let comma = if rest.len() == self.addresses.len() { "" } else { "," };
            if first == last {
                write!(f, "{comma}{first}")?;
            } else {
                write!(f, "{comma}{first}-{last}")?;
            }
            rest = rest.get(length..).unwrap_or_default();
        }
        Ok(())
    }
}

fn next(address: Ipv6Addr) -> Option<Ipv6Addr> {
    u128::from(address).checked_add(1).map(Ipv6Addr::from)
}

impl FromStr for Ip6Set {
    type Err = Ip6SetError;

    /// Addresses, ranges (`fd00::1-fd00::9`) and blocks (`fd00::/120`), with commas between.
    fn from_str(text: &str) -> Result<Self, Ip6SetError> {
        let mut addresses = Vec::new();
        for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            let (first, last) = range(item)?;
            let count = u128::from(last) - u128::from(first);
            if count >= (ADDRESSES_MAX - addresses.len()) as u128 {
                return Err(Ip6SetError::TooMany);
            }
            if [first, last].into_iter().any(|address| !is_host(address)) {
                return Err(Ip6SetError::NotAHost { item: item.to_owned() });
            }
            addresses.extend((u128::from(first)..=u128::from(last)).map(Ipv6Addr::from));
        }
        if addresses.is_empty() { Err(Ip6SetError::Empty) } else { Self::new(addresses) }
    }
}

/// First and last address of an item.
fn range(item: &str) -> Result<(Ipv6Addr, Ipv6Addr), Ip6SetError> {
    let address =
        |text: &str| text.trim().parse().map_err(|_| Ip6SetError::NotAnAddress { item: item.to_owned() });
    if let Some((first, last)) = item.split_once('-') {
        let (first, last): (Ipv6Addr, Ipv6Addr) = (address(first)?, address(last)?);
        return if first <= last {
            Ok((first, last))
        } else {
            Err(Ip6SetError::Reversed { item: item.to_owned() })
        };
    }
    let Some((start, length)) = item.split_once('/') else {
        let only = address(item)?;
        return Ok((only, only));
    };
    let length: u32 = length
        .parse()
        .ok()
        .filter(|length| (PREFIX_MIN..=128).contains(length))
        .ok_or_else(|| Ip6SetError::Prefix { item: item.to_owned() })?;
    let hosts = (1_u128 << (128 - length)) - 1;
    let first = u128::from(address(start)?) & !hosts;
    // The first address of a block is that of its routers, unless the block is one host or two.
    let first_host = if length < 127 && first.trailing_zeros() >= 16 { first + 1 } else { first };
    Ok((first_host.into(), (first | hosts).into()))
}

/// Unspecified, multicast and link-local addresses are none; a link-local one means nothing without
/// its link.
fn is_host(address: Ipv6Addr) -> bool {
    !(address.is_unspecified() || address.is_multicast() || address.is_unicast_link_local())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str, count: u64) {
        let set: Ip6Set = text.parse().unwrap();
        assert_eq!((set.to_string().as_str(), set.count()), (expected, count), "{text}");
        assert_eq!(set.to_string().parse::<Ip6Set>().unwrap(), set);
    }

    #[test]
    fn addresses_ranges_and_blocks_are_read() {
        check("::1", "::1", 1);
        check("fd00::2, fd00::1,fd00::1", "fd00::1-fd00::2", 2);
        check("fd00::/120", "fd00::1-fd00::ff", 255);
        check("fd00::100/120", "fd00::100-fd00::1ff", 256);
        check("fd00::9-fd00::a,2001:db8::1", "2001:db8::1,fd00::9-fd00::a", 3);
        check("fd00::4/127", "fd00::4-fd00::5", 2);
        check("fd00::1:0/112", "fd00::1:1-fd00::1:ffff", 65_535);
    }

    #[test]
    fn what_is_no_list_of_hosts_is_refused_by_its_item() {
        for (text, expected) in [
            ("", "the list is empty"),
            ("fd00::g", "'fd00::g' is not an IPv6 address or range"),
            ("10.0.0.1", "'10.0.0.1' is not an IPv6 address or range"),
            ("fd00::2-fd00::1", "the range 'fd00::2-fd00::1' ends before it starts"),
            ("fd00::/64", "'fd00::/64' has no prefix length between 112 and 128"),
            ("fd00::-fd00::ffff:ffff", "the list has more than 65536 addresses"),
            ("fe80::1", "'fe80::1' is not an address a host can have beyond its link"),
            ("::", "'::' is not an address a host can have beyond its link"),
            ("ff02::1", "'ff02::1' is not an address a host can have beyond its link"),
        ] {
            assert_eq!(text.parse::<Ip6Set>().unwrap_err().to_string(), expected);
        }
    }
}
