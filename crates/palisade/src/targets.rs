//! Targets as people type them: addresses, ranges, blocks and host names.

use std::net::{IpAddr, ToSocketAddrs};

use palisade_model::{Ip6Set, Ip6SetError, IpSet, IpSetError};

/// Most addresses that one command scans...
pub(crate) const SCANNED_MAX: u64 = 1 << 20;
/// ... and that one only surveys.
pub(crate) const SURVEYED_MAX: u64 = 1 << 32;

/// Why a target cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TargetError {
    #[error("'{text}' is not a target")]
    NotATarget {
        text: String,
        #[source]
        source: IpSetError,
    },
    #[error("'{text}' is not a target")]
    NotAnIpv6Target {
        text: String,
        #[source]
        source: Ip6SetError,
    },
    #[error("a server has no IPv6 hosts, such as {targets}; `palisade scan` has")]
    Ipv6 { targets: String },
    #[error("there are too many IPv6 targets")]
    TooManyIpv6(#[source] Ip6SetError),
    #[error("the name '{name}' does not resolve")]
    Unresolved {
        name: String,
        #[source]
        source: std::io::Error,
    },
    #[error("the name '{name}' has no address")]
    NoAddress { name: String },
    #[error("{count} addresses are more than the {max} that one command takes")]
    TooMany { count: u64, max: u64 },
}

/// What is to be scanned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Targets {
    pub(crate) v4: IpSet,
    pub(crate) v6: Ip6Set,
}

impl Targets {
    pub(crate) fn count(&self) -> u64 {
        self.v4.count() + self.v6.count()
    }
}

/// All targets as one set of each family; names are looked up.
pub(crate) fn resolve(targets: &[String], addresses_max: u64) -> Result<Targets, TargetError> {
    let mut set = Targets { v4: IpSet::new(), v6: Ip6Set::default() };
    for text in
        targets.iter().flat_map(|target| target.split(',')).map(str::trim).filter(|text| !text.is_empty())
    {
        let looks_like_a_name =
            text.contains(|character: char| character.is_ascii_alphabetic()) && !text.contains(':');
        if looks_like_a_name {
            match look_up(text)? {
                IpAddr::V4(address) => set.v4 = set.v4.union(&IpSet::from(address)),
                IpAddr::V6(address) => add(&mut set.v6, &Ip6Set::from(address))?,
            }
        } else if text.contains(':') {
            let part = text
                .parse()
                .map_err(|source| TargetError::NotAnIpv6Target { text: text.to_owned(), source })?;
            add(&mut set.v6, &part)?;
        } else {
            let part =
                text.parse().map_err(|source| TargetError::NotATarget { text: text.to_owned(), source })?;
            set.v4 = set.v4.union(&part);
        }
    }
    if set.count() == 0 {
        return Err(TargetError::NotATarget { text: String::new(), source: IpSetError::Empty });
    }
    match set.count() {
        count if count > addresses_max => Err(TargetError::TooMany { count, max: addresses_max }),
        _ => Ok(set),
    }
}

/// The same for a server, which has IPv4 hosts only.
pub(crate) fn resolve_v4(targets: &[String], addresses_max: u64) -> Result<IpSet, TargetError> {
    let Targets { v4, v6 } = resolve(targets, addresses_max)?;
    if v6.is_empty() { Ok(v4) } else { Err(TargetError::Ipv6 { targets: v6.to_string() }) }
}

fn add(set: &mut Ip6Set, part: &Ip6Set) -> Result<(), TargetError> {
    *set = set.union(part).map_err(TargetError::TooManyIpv6)?;
    Ok(())
}

/// One name, one host: of several addresses the first is taken, as a browser would, and an IPv4 one
/// before those of IPv6.
fn look_up(name: &str) -> Result<IpAddr, TargetError> {
    let addresses = (name, 0)
        .to_socket_addrs()
        .map_err(|source| TargetError::Unresolved { name: name.to_owned(), source })?;
    let addresses: Vec<IpAddr> = addresses.map(|address| address.ip()).collect();
    let first = addresses.iter().find(|address| address.is_ipv4()).or_else(|| addresses.first());
    first.copied().ok_or_else(|| TargetError::NoAddress { name: name.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(targets: &[&str], expected: &str) {
        let targets: Vec<String> = targets.iter().map(|text| (*text).to_owned()).collect();
        let answer = match resolve(&targets, SCANNED_MAX) {
            Ok(set) if set.v6.is_empty() => set.v4.to_string(),
            Ok(set) => format!("{} {}", set.v4, set.v6).trim().to_owned(),
            Err(error) => error.to_string(),
        };
        assert_eq!(answer, expected, "targets {targets:?}");
    }

    #[test]
    fn targets_are_read_as_people_type_them() {
        check(&["127.0.0.1"], "127.0.0.1");
        check(&["127.0.0.1,127.0.0.3", "127.0.0.2"], "127.0.0.1-127.0.0.3");
        check(&["localhost"], "127.0.0.1");
        check(&["::1"], "::1");
        check(&["127.0.0.1,fd00::/126", "fd00::7"], "127.0.0.1 fd00::1-fd00::3,fd00::7");
        check(&["fd00::/64"], "'fd00::/64' is not a target");
        check(&["10.0.0.0/8"], "16777216 addresses are more than the 1048576 that one command takes");
        check(&["nobody.invalid"], "the name 'nobody.invalid' does not resolve");
    }
}
