//! Sets of ports, and the lists a scan goes by.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Sorted, distinct ports, 1 to 65535.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PortSet(Vec<u16>);

/// Why a text names no ports.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{item}' is not a port or a range of ports between 1 and 65535")]
pub struct NotAPort {
    pub item: String,
}

impl PortSet {
    /// Every TCP port.
    #[must_use]
    pub fn full() -> Self {
        Self((1..=u16::MAX).collect())
    }

    #[must_use]
    pub fn as_slice(&self) -> &[u16] {
        &self.0
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[must_use]
    pub fn contains(&self, port: u16) -> bool {
        self.0.binary_search(&port).is_ok()
    }

    pub fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        self.0.iter().copied()
    }
}

impl FromIterator<u16> for PortSet {
    /// Port 0 is left out.
    fn from_iter<I: IntoIterator<Item = u16>>(ports: I) -> Self {
        let mut all: Vec<u16> = ports.into_iter().filter(|port| *port != 0).collect();
        all.sort_unstable();
        all.dedup();
        Self(all)
    }
}

impl fmt::Display for PortSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut runs = Vec::<(u16, u16)>::new();
        for port in self.iter() {
            match runs.last_mut() {
                Some((_, last)) if u32::from(*last) + 1 == u32::from(port) => *last = port,
                _ => runs.push((port, port)),
            }
        }
        for (index, (first, last)) in runs.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            if first == last {
                write!(f, "{comma}{first}")?;
            } else {
                write!(f, "{comma}{first}-{last}")?;
            }
        }
        Ok(())
    }
}

impl FromStr for PortSet {
    type Err = NotAPort;

    /// Ports and `first-last` ranges, separated by commas; the empty text is the empty set.
    fn from_str(text: &str) -> Result<Self, NotAPort> {
        let mut ports = Vec::new();
        for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            let refused = || NotAPort { item: item.chars().take(40).collect() };
            let (first, last) = item.split_once('-').unwrap_or((item, item));
            let first: u16 = first.trim().parse().map_err(|_| refused())?;
            let last: u16 = last.trim().parse().map_err(|_| refused())?;
            if first == 0 || first > last {
                return Err(refused());
            }
            ports.extend(first..=last);
        }
        Ok(ports.into_iter().collect())
    }
}

impl From<PortSet> for String {
    fn from(set: PortSet) -> Self {
        set.to_string()
    }
}

impl TryFrom<String> for PortSet {
    type Error = NotAPort;

    fn try_from(text: String) -> Result<Self, NotAPort> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let answer = match text.parse::<PortSet>() {
            Ok(set) => set.to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(answer, expected, "input {text:?}");
    }

    #[test]
    fn ports_and_ranges_are_read_and_printed_as_runs() {
        check("80", "80");
        check("443,80,81, 82", "80-82,443");
        check("1-3,2-5", "1-5");
        check("", "");
        check("1-65535", "1-65535");
    }

    #[test]
    fn what_is_no_port_is_refused() {
        for text in ["0", "65536", "x", "9-3", "-5", "80-"] {
            assert!(text.parse::<PortSet>().is_err(), "input {text:?}");
        }
    }
}
