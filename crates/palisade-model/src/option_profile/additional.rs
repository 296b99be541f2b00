//! What scans and maps share: how hosts are looked for, what firewalls and intrusion detection
//! must not see, and how odd packets are taken.

use serde::{Deserialize, Serialize};

use crate::ip_set::IpSet;
use crate::port_set::PortSet;

/// UDP ports that are asked for life.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DiscoveryUdp {
    #[default]
    Standard,
    /// These, and none when there are none.
    Custom(PortSet),
}

/// How hosts are looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HostDiscovery {
    /// Whether the standard TCP ports are asked.
    pub tcp_standard: bool,
    pub tcp_additional: PortSet,
    pub udp: DiscoveryUdp,
    pub icmp: bool,
}

impl Default for HostDiscovery {
    fn default() -> Self {
        Self {
            tcp_standard: true,
            tcp_additional: PortSet::default(),
            udp: DiscoveryUdp::Standard,
            icmp: true,
        }
    }
}

/// Ports that make a firewall block whoever touches them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BlockedPorts {
    #[default]
    None,
    /// The ports that WatchGuard firewalls block for as they are delivered.
    Default,
    Custom(PortSet),
}

impl BlockedPorts {
    /// The ports themselves.
    #[must_use]
    pub fn ports(&self) -> PortSet {
        match self {
            Self::None => PortSet::default(),
            Self::Default => {
                [1, 111, 513, 514, 2049, 6000, 6001, 6002, 6003, 6004, 6005, 7100, 8000].into_iter().collect()
            }
            Self::Custom(ports) => ports.clone(),
        }
    }
}

/// Addresses behind such a firewall.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProtectedIps {
    #[default]
    AllRegistered,
    Custom(IpSet),
}

/// What scans leave alone because something in the way would block them for it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BlockedResources {
    pub ports: BlockedPorts,
    pub ips: ProtectedIps,
}

/// How odd packets are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "four switches, as people see them")]
pub struct PacketOptions {
    /// Resets that a firewall seems to send for hosts prove no life.
    pub ignore_firewall_rst: bool,
    /// No reset proves life.
    pub ignore_all_rst: bool,
    /// Acceptances that a firewall seems to send for hosts prove no life.
    pub ignore_firewall_syn_ack: bool,
    /// Send neither ACK nor SYN-ACK packets while looking for hosts.
    pub no_ack_in_discovery: bool,
}

/// What scans and maps share.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdditionalOptions {
    pub host_discovery: HostDiscovery,
    pub blocked: BlockedResources,
    pub packets: PacketOptions,
}
