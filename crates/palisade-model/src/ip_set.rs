//! Sets of IPv4 addresses as sorted, disjoint, closed intervals: a /8 costs eight bytes.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A closed interval of addresses, `first <= last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IpRange {
    first: u32,
    last: u32,
}

impl IpRange {
    /// `None` when the range is reversed.
    #[must_use]
    pub fn new(first: Ipv4Addr, last: Ipv4Addr) -> Option<Self> {
        (first <= last).then(|| Self { first: first.into(), last: last.into() })
    }

    #[must_use]
    pub fn first(self) -> Ipv4Addr {
        self.first.into()
    }

    #[must_use]
    pub fn last(self) -> Ipv4Addr {
        self.last.into()
    }

    /// Number of addresses, 1 to 2³².
    #[must_use]
    pub fn count(self) -> u64 {
        u64::from(self.last) - u64::from(self.first) + 1
    }
}

impl fmt::Display for IpRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first())
        } else {
            write!(f, "{}-{}", self.first(), self.last())
        }
    }
}

/// Why a text names no set of addresses. `item` is the offending part of the list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IpSetError {
    #[error("the list is empty")]
    Empty,
    #[error("'{item}' is not an IPv4 address or range")]
    NotAnAddress { item: String },
    #[error("'{item}' is an IPv6 address; only IPv4 is supported")]
    Ipv6 { item: String },
    #[error("the range '{item}' ends before it starts")]
    Reversed { item: String },
    #[error("'{item}' has no prefix length between 8 and 32")]
    Prefix { item: String },
    #[error("'{item}' is not an address a host can have")]
    NotAHost { item: String },
    #[error("the list has more than {max} items")]
    TooManyItems { max: usize },
}

/// Most items one list may have, so that a request cannot cost unbounded work.
pub const ITEMS_MAX: usize = 100_000;

/// A set of IPv4 addresses.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IpSet {
    /// Sorted, disjoint, not adjacent.
    ranges: Vec<IpRange>,
}

impl IpSet {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn ranges(&self) -> &[IpRange] {
        &self.ranges
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Number of addresses in the set.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.ranges.iter().map(|range| range.count()).sum()
    }

    #[must_use]
    pub fn contains(&self, address: Ipv4Addr) -> bool {
        let address = u32::from(address);
        let after = self.ranges.partition_point(|range| range.first <= address);
        after
            .checked_sub(1)
            .and_then(|index| self.ranges.get(index))
            .is_some_and(|range| address <= range.last)
    }

    /// The addresses in order. Lazy: a /8 is not written out.
    pub fn iter(&self) -> impl Iterator<Item = Ipv4Addr> + '_ {
        self.ranges.iter().flat_map(|range| (range.first..=range.last).map(Ipv4Addr::from))
    }

    /// The address with `number` others of the set before it.
    #[must_use]
    pub fn nth(&self, mut number: u64) -> Option<Ipv4Addr> {
        for range in &self.ranges {
            if number < range.count() {
                return Some(narrow(u64::from(range.first) + number).into());
            }
            number -= range.count();
        }
        None
    }

    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.ranges.iter().chain(&other.ranges).copied().collect()
    }

    /// What is in `self` and not in `other`.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        let mut kept = Vec::new();
        let mut holes = other.ranges.iter().copied().peekable();
        for range in &self.ranges {
            let mut first = u64::from(range.first);
            let last = u64::from(range.last);
            while let Some(hole) = holes.peek().copied() {
                if u64::from(hole.last) < first {
                    holes.next();
                    continue;
                }
                if u64::from(hole.first) > last {
                    break;
                }
                if u64::from(hole.first) > first {
                    kept.push(IpRange { first: narrow(first), last: hole.first - 1 });
                }
                first = u64::from(hole.last) + 1;
                if first > last {
                    break;
                }
                holes.next();
            }
            if first <= last {
                kept.push(IpRange { first: narrow(first), last: range.last });
            }
        }
        Self { ranges: kept }
    }

    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.difference(&self.difference(other))
    }

    /// Splits the set into consecutive sets of at most `size` addresses each.
    pub fn chunks(&self, size: u32) -> Vec<Self> {
        let size = u64::from(size.max(1));
        let mut chunks = Vec::new();
        let mut current = Self::new();
        let mut room = size;
        for range in &self.ranges {
            let mut first = u64::from(range.first);
            let last = u64::from(range.last);
            while first <= last {
                let end = last.min(first + room - 1);
                current.ranges.push(IpRange { first: narrow(first), last: narrow(end) });
                room -= end - first + 1;
                first = end + 1;
                if room == 0 {
                    chunks.push(std::mem::take(&mut current));
                    room = size;
                }
            }
        }
        if !current.is_empty() {
            chunks.push(current);
        }
        chunks
    }
}

/// A value known to be at most `u32::MAX`, kept wider so that the end of the space cannot overflow.
fn narrow(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

impl FromIterator<IpRange> for IpSet {
    fn from_iter<I: IntoIterator<Item = IpRange>>(ranges: I) -> Self {
        let mut all: Vec<IpRange> = ranges.into_iter().collect();
        all.sort_unstable();
        let mut merged: Vec<IpRange> = Vec::with_capacity(all.len());
        for range in all {
            match merged.last_mut() {
                Some(last) if u64::from(range.first) <= u64::from(last.last) + 1 => {
                    last.last = last.last.max(range.last);
                }
                _ => merged.push(range),
            }
        }
        Self { ranges: merged }
    }
}

impl From<Ipv4Addr> for IpSet {
    fn from(address: Ipv4Addr) -> Self {
        Self { ranges: vec![IpRange { first: address.into(), last: address.into() }] }
    }
}

impl fmt::Display for IpSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, range) in self.ranges.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            range.fmt(f)?;
        }
        Ok(())
    }
}

impl From<IpSet> for String {
    fn from(set: IpSet) -> Self {
        set.to_string()
    }
}

impl TryFrom<String> for IpSet {
    type Error = IpSetError;

    /// Like [`FromStr`], but the empty text is the empty set: what was stored comes back.
    fn try_from(text: String) -> Result<Self, IpSetError> {
        if text.is_empty() { Ok(Self::new()) } else { text.parse() }
    }
}

impl FromStr for IpSet {
    type Err = IpSetError;

    /// Addresses, `first-last` ranges and CIDR blocks, separated by commas; blanks are ignored.
    fn from_str(text: &str) -> Result<Self, IpSetError> {
        let mut ranges = Vec::new();
        for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            if ranges.len() >= ITEMS_MAX {
                return Err(IpSetError::TooManyItems { max: ITEMS_MAX });
            }
            ranges.push(parse_item(item)?);
        }
        if ranges.is_empty() { Err(IpSetError::Empty) } else { Ok(ranges.into_iter().collect()) }
    }
}

fn parse_item(item: &str) -> Result<IpRange, IpSetError> {
    if item.contains(':') {
        return Err(IpSetError::Ipv6 { item: shown(item) });
    }
    let range = if let Some((first, last)) = item.split_once('-') {
        let (first, last) = (parse_address(first, item)?, parse_address(last, item)?);
        IpRange::new(first, last).ok_or_else(|| IpSetError::Reversed { item: shown(item) })?
    } else if let Some((base, prefix)) = item.split_once('/') {
        let base = u32::from(parse_address(base, item)?);
        let prefix: u32 = prefix
            .trim()
            .parse()
            .ok()
            .filter(|prefix| (8..=32).contains(prefix))
            .ok_or_else(|| IpSetError::Prefix { item: shown(item) })?;
        let host_bits = u32::MAX.checked_shr(prefix).unwrap_or(0);
        IpRange { first: base & !host_bits, last: base | host_bits }
    } else {
        let address = parse_address(item, item)?.into();
        IpRange { first: address, last: address }
    };
    if range.first().octets()[0] == 0 || range.last().octets()[0] >= 224 {
        return Err(IpSetError::NotAHost { item: shown(item) });
    }
    Ok(range)
}

fn parse_address(text: &str, item: &str) -> Result<Ipv4Addr, IpSetError> {
    text.trim().parse().map_err(|_| IpSetError::NotAnAddress { item: shown(item) })
}

/// At most 100 characters of an input, for an error message.
fn shown(item: &str) -> String {
    item.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: &str) {
        let answer = match text.parse::<IpSet>() {
            Ok(set) => set.to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(answer, expected, "input {text:?}");
    }

    #[test]
    fn addresses_ranges_and_blocks_are_read() {
        check("10.0.0.1", "10.0.0.1");
        check(" 10.0.0.1 , 10.0.0.3-10.0.0.5 ", "10.0.0.1,10.0.0.3-10.0.0.5");
        check("10.0.0.1,10.0.0.2,10.0.0.2-10.0.0.9", "10.0.0.1-10.0.0.9");
        check("10.0.0.77/24", "10.0.0.0-10.0.0.255");
        check("10.0.0.7/32", "10.0.0.7");
    }

    #[test]
    fn what_is_no_address_is_refused_with_its_reason() {
        check("", "the list is empty");
        check(" , ", "the list is empty");
        check("foo", "'foo' is not an IPv4 address or range");
        check("10.0.0.256", "'10.0.0.256' is not an IPv4 address or range");
        check("10.0.0.9-10.0.0.1", "the range '10.0.0.9-10.0.0.1' ends before it starts");
        check("::1", "'::1' is an IPv6 address; only IPv4 is supported");
        check("0.0.0.0/0", "'0.0.0.0/0' has no prefix length between 8 and 32");
        check("10.0.0.0/33", "'10.0.0.0/33' has no prefix length between 8 and 32");
        check("0.0.0.0", "'0.0.0.0' is not an address a host can have");
        check("239.0.0.1", "'239.0.0.1' is not an address a host can have");
        check("1.0.0.0-255.255.255.255", "'1.0.0.0-255.255.255.255' is not an address a host can have");
    }

    fn set() -> impl Strategy<Value = IpSet> {
        proptest::collection::vec((0u32..400, 0u32..40), 0..12).prop_map(|items| {
            items.into_iter().map(|(first, length)| IpRange { first, last: first + length }).collect()
        })
    }

    fn has(set: &IpSet, address: u32) -> bool {
        set.contains(address.into())
    }

    proptest! {
        #[test]
        fn algebra_agrees_with_single_addresses(left in set(), right in set(), address in 0u32..450) {
            prop_assert_eq!(has(&left.union(&right), address), has(&left, address) || has(&right, address));
            prop_assert_eq!(has(&left.difference(&right), address), has(&left, address) && !has(&right, address));
            prop_assert_eq!(has(&left.intersection(&right), address), has(&left, address) && has(&right, address));
        }

        #[test]
        fn addresses_are_numbered_in_order(set in set()) {
            let all: Vec<_> = (0..set.count()).map_while(|number| set.nth(number)).collect();
            prop_assert_eq!(all, set.iter().collect::<Vec<_>>());
            prop_assert_eq!(set.nth(set.count()), None);
        }

        #[test]
        fn chunks_hold_every_address_once(set in set(), size in 1u32..50) {
            let chunks = set.chunks(size);
            prop_assert!(chunks.iter().all(|chunk| chunk.count() <= u64::from(size)));
            let addresses: Vec<_> = chunks.iter().flat_map(IpSet::iter).collect();
            prop_assert_eq!(addresses, set.iter().collect::<Vec<_>>());
        }

        #[test]
        fn printing_and_reading_is_identity(first in 0x0100_0000u32..0xdfff_ff00, length in 0u32..255) {
            let set: IpSet = [IpRange { first, last: first + length }].into_iter().collect();
            prop_assert_eq!(set.to_string().parse::<IpSet>(), Ok(set));
        }
    }
}
