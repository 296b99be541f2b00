//! Targets as people type them: addresses, ranges, blocks and host names.

use std::net::{IpAddr, ToSocketAddrs};

use palisade_model::{IpSet, IpSetError};

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
    #[error("the name '{name}' does not resolve")]
    Unresolved {
        name: String,
        #[source]
        source: std::io::Error,
    },
    #[error("the name '{name}' has no IPv4 address")]
    NoIpv4 { name: String },
    #[error("{count} addresses are more than the {max} that one command takes")]
    TooMany { count: u64, max: u64 },
}

/// All targets as one set; names are looked up.
pub(crate) fn resolve(targets: &[String], addresses_max: u64) -> Result<IpSet, TargetError> {
    let mut set = IpSet::new();
    for text in
        targets.iter().flat_map(|target| target.split(',')).map(str::trim).filter(|text| !text.is_empty())
    {
        let looks_like_a_name =
            text.contains(|character: char| character.is_ascii_alphabetic()) && !text.contains(':');
        let part = if looks_like_a_name {
            look_up(text)?
        } else {
            text.parse().map_err(|source| TargetError::NotATarget { text: text.to_owned(), source })?
        };
        set = set.union(&part);
    }
    if set.is_empty() {
        return Err(TargetError::NotATarget { text: String::new(), source: IpSetError::Empty });
    }
    match set.count() {
        count if count > addresses_max => Err(TargetError::TooMany { count, max: addresses_max }),
        _ => Ok(set),
    }
}

fn look_up(name: &str) -> Result<IpSet, TargetError> {
    let addresses = (name, 0)
        .to_socket_addrs()
        .map_err(|source| TargetError::Unresolved { name: name.to_owned(), source })?;
    let first = addresses.filter_map(|address| match address.ip() {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(_) => None,
    });
    // One name, one host: of several addresses the first is taken, as a browser would.
    first.take(1).map(IpSet::from).next().ok_or_else(|| TargetError::NoIpv4 { name: name.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(targets: &[&str], expected: &str) {
        let targets: Vec<String> = targets.iter().map(|text| (*text).to_owned()).collect();
        let answer = match resolve(&targets, SCANNED_MAX) {
            Ok(set) => set.to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(answer, expected, "targets {targets:?}");
    }

    #[test]
    fn targets_are_read_as_people_type_them() {
        check(&["127.0.0.1"], "127.0.0.1");
        check(&["127.0.0.1,127.0.0.3", "127.0.0.2"], "127.0.0.1-127.0.0.3");
        check(&["localhost"], "127.0.0.1");
        check(&["::1"], "'::1' is not a target");
        check(&["10.0.0.0/8"], "16777216 addresses are more than the 1048576 that one command takes");
        check(&["nobody.invalid"], "the name 'nobody.invalid' does not resolve");
    }
}
