//! Which ports a scan looks at. The lists behind the words are the scanner's.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::port_set::PortSet;

/// One of the lists of ports that every scanner knows, for TCP or for UDP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PortList {
    None,
    /// 1 to 65535.
    Full,
    /// TCP: about 2,000 well-known ports. UDP: the ports of the common services.
    #[default]
    Standard,
    /// The most frequent ones: about 160 of TCP, about 30 of UDP.
    Light,
}

impl PortList {
    /// The words of documents and of the command line.
    pub const WORDS: [&'static str; 4] = ["none", "full", "standard", "light"];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Full => "full",
            Self::Standard => "standard",
            Self::Light => "light",
        }
    }
}

impl fmt::Display for PortList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no list of ports.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a port list is one of none, full, standard, light")]
pub struct NotAPortList;

impl FromStr for PortList {
    type Err = NotAPortList;

    fn from_str(text: &str) -> Result<Self, NotAPortList> {
        [Self::None, Self::Full, Self::Standard, Self::Light]
            .into_iter()
            .find(|list| list.as_str() == text)
            .ok_or(NotAPortList)
    }
}

/// The ports of one transport: a list, and more ports beside it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Stored")]
pub struct ScanPorts {
    pub list: PortList,
    pub additional: PortSet,
}

impl ScanPorts {
    /// A list and nothing beside it.
    #[must_use]
    pub fn of(list: PortList) -> Self {
        Self { list, additional: PortSet::default() }
    }

    /// These ports only.
    #[must_use]
    pub fn only(ports: PortSet) -> Self {
        Self { list: PortList::None, additional: ports }
    }

    /// Whether no port is looked at.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list == PortList::None && self.additional.is_empty()
    }
}

/// What is read: the present form, and the one that early releases stored with their scans.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Early(EarlyPorts),
    Present(PresentPorts),
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct PresentPorts {
    list: PortList,
    additional: PortSet,
}

impl Default for PresentPorts {
    fn default() -> Self {
        let ScanPorts { list, additional } = ScanPorts::default();
        Self { list, additional }
    }
}

#[derive(Deserialize)]
enum EarlyPorts {
    Standard,
    Full,
    None,
    List(PortSet),
}

impl From<Stored> for ScanPorts {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Present(PresentPorts { list, additional }) => Self { list, additional },
            Stored::Early(EarlyPorts::Standard) => Self::of(PortList::Standard),
            Stored::Early(EarlyPorts::Full) => Self::of(PortList::Full),
            Stored::Early(EarlyPorts::None) => Self::of(PortList::None),
            Stored::Early(EarlyPorts::List(ports)) => Self::only(ports),
        }
    }
}
