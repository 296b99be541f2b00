//! The part of a profile that network maps go by.

use serde::{Deserialize, Serialize};

use super::performance::{PacketDelay, PerformanceLevel};
use crate::port_set::PortSet;

/// About which hosts of a map more is asked than whether they are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BasicInformation {
    All,
    /// Those of the subscription.
    Registered,
    /// Those of the netblock the map was asked for.
    #[default]
    NetblockOnly,
    None,
}

/// How hard a map presses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MapPerformance {
    pub level: PerformanceLevel,
    /// Netblocks mapped at the same time by the server's own scanner.
    pub netblocks_external: u16,
    /// Netblocks mapped at the same time by a scanner appliance.
    pub netblocks_appliance: u16,
    /// Addresses of one netblock: larger ones are cut.
    pub netblock_size: u32,
    pub packet_delay: PacketDelay,
}

/// Sizes that netblocks are cut to.
pub const NETBLOCK_SIZES: [u32; 6] = [1_024, 4_096, 8_192, 16_384, 32_768, 65_536];

impl Default for MapPerformance {
    fn default() -> Self {
        Self {
            level: PerformanceLevel::Normal,
            netblocks_external: 4,
            netblocks_appliance: 8,
            netblock_size: 4_096,
            packet_delay: PacketDelay::Medium,
        }
    }
}

/// How maps are to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MapOptions {
    pub basic_information: BasicInformation,
    /// Whether the standard list of TCP ports is asked for life.
    pub tcp_standard: bool,
    pub tcp_additional: PortSet,
    /// Whether the standard list of UDP ports is asked for life.
    pub udp_standard: bool,
    pub udp_additional: PortSet,
    /// Look for live hosts in the whole netblock, not only for those that names lead to.
    pub live_host_sweep: bool,
    /// Ask no name server anything.
    pub disable_dns_traffic: bool,
    pub performance: MapPerformance,
    /// Sign in to VMware and vCenter; kept, and obeyed by nothing yet.
    pub vmware_authentication: bool,
}

impl Default for MapOptions {
    fn default() -> Self {
        Self {
            basic_information: BasicInformation::NetblockOnly,
            tcp_standard: true,
            tcp_additional: PortSet::default(),
            udp_standard: true,
            udp_additional: PortSet::default(),
            live_host_sweep: true,
            disable_dns_traffic: false,
            performance: MapPerformance::default(),
            vmware_authentication: false,
        }
    }
}
