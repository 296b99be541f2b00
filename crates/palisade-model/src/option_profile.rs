//! Option profiles: how a scan is to be done.

use serde::{Deserialize, Serialize};

use crate::port_set::PortSet;

/// Which TCP ports are looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TcpPorts {
    /// The standard list (about 1,900 well-known ports).
    Standard,
    /// 1 to 65535.
    Full,
    None,
    List(PortSet),
}

/// Which UDP ports are looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum UdpPorts {
    /// The ports of the common UDP services.
    Standard,
    None,
    List(PortSet),
}

/// Budgets of a scan: how hard it may press on hosts and on the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Performance {
    /// Hosts scanned at the same time.
    pub hosts_parallel: u16,
    /// Connections open to one host at the same time.
    pub connections_per_host: u16,
    /// Connections and datagrams started in a second, all hosts together.
    pub rate_pps: u32,
    /// Longest a host may take, all stages together.
    pub host_timeout_s: u32,
}

/// How a scan is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptionProfile {
    pub title: String,
    pub is_default: bool,
    pub tcp: TcpPorts,
    pub udp: UdpPorts,
    pub performance: Performance,
    /// Treat addresses that answer no discovery probe as alive.
    pub scan_dead_hosts: bool,
}

impl OptionProfile {
    /// The profile every subscription starts with.
    #[must_use]
    pub fn initial() -> Self {
        Self {
            title: "Initial Options".to_owned(),
            is_default: true,
            tcp: TcpPorts::Standard,
            udp: UdpPorts::Standard,
            performance: Performance {
                hosts_parallel: 15,
                connections_per_host: 60,
                rate_pps: 5_000,
                host_timeout_s: 1_800,
            },
            scan_dead_hosts: false,
        }
    }
}
