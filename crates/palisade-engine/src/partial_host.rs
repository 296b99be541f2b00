//! What a scan knows of a host that it did not finish: kept while the scan is paused, so that whoever
//! goes on with it asks nobody twice whether he is there, and no port twice whether it is open.
//!
//! What services said is not kept: a conversation that was broken off is begun anew, and facts are
//! concluded from by one scanner with one content only.

use std::net::Ipv4Addr;

use palisade_model::PortSet;
use serde::{Deserialize, Serialize};

use crate::discovery::Life;
use crate::survey::PortSight;

/// A host that is there and was not delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartialHost {
    pub address: Ipv4Addr,
    /// For people; `None` for a host that answers nothing and is scanned all the same.
    pub alive_by: Option<String>,
    /// As it arrived.
    pub ttl: Option<u8>,
    /// `None` when it was not asked.
    pub icmp_echo: Option<bool>,
    /// How ports are looked for, for people.
    pub method: String,
    pub ports: PartialPorts,
}

/// Which of its TCP ports were looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PartialPorts {
    /// All of them, by a sweep.
    Swept(PortSight),
    /// Some, by connecting.
    Connected(AskedPorts),
}

/// Where looking at ports by connecting stands. Ports are asked in one order, so that these sets
/// are a few ranges.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedPorts {
    pub asked: PortSet,
    /// Those of them that accept connections.
    pub open: PortSet,
    /// Those of them that said nothing. The rest refused.
    pub silent: PortSet,
}

impl PartialHost {
    pub(crate) fn life(&self) -> Life {
        Life { alive_by: self.alive_by.clone(), ttl: self.ttl, icmp_echo: self.icmp_echo }
    }

    /// What a sweep saw of its ports, if there was one.
    pub(crate) const fn sight(&self) -> Option<&PortSight> {
        match &self.ports {
            PartialPorts::Swept(sight) => Some(sight),
            PartialPorts::Connected(_) => None,
        }
    }
}
