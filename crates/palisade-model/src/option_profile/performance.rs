//! How hard a scan presses on hosts and on the network: the levels people choose, their numbers,
//! and the budgets that a scanner makes of them.

use serde::{Deserialize, Serialize};

/// Connections to one host that one process stands for.
const CONNECTIONS_PER_PROCESS: u16 = 6;
/// Longest a host may take unless a profile says otherwise.
const HOST_TIMEOUT_S: u32 = 1_800;

/// The overall level. All but the last have numbers of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PerformanceLevel {
    High,
    #[default]
    Normal,
    Low,
    /// The numbers are chosen one by one.
    Custom,
}

impl PerformanceLevel {
    /// The name shown to people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::High => "High",
            Self::Normal => "Normal",
            Self::Low => "Low",
            Self::Custom => "Custom",
        }
    }
}

/// The pause between bursts of packets: the longer, the lower the rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PacketDelay {
    Minimum,
    Short,
    #[default]
    Medium,
    Long,
    Maximum,
}

impl PacketDelay {
    /// The name shown to people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Minimum => "Minimum",
            Self::Short => "Short",
            Self::Medium => "Medium",
            Self::Long => "Long",
            Self::Maximum => "Maximum",
        }
    }

    /// Packets and connections a second, all hosts of a scan together.
    #[must_use]
    pub const fn rate_pps(self) -> u32 {
        match self {
            Self::Minimum => 20_000,
            Self::Short => 10_000,
            Self::Medium => 5_000,
            Self::Long => 1_000,
            Self::Maximum => 200,
        }
    }
}

/// How intensely ports are scanned and hosts looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Intensity {
    #[default]
    Normal,
    Medium,
    Low,
    Minimum,
}

impl Intensity {
    /// The name shown to people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Medium => "Medium",
            Self::Low => "Low",
            Self::Minimum => "Minimum",
        }
    }

    /// The part of a host's connections that its port scan may use, in percent.
    #[must_use]
    pub const fn percent(self) -> u8 {
        match self {
            Self::Normal => 100,
            Self::Medium => 60,
            Self::Low => 30,
            Self::Minimum => 10,
        }
    }
}

/// How hard a scan may press.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored")]
pub struct Performance {
    pub level: PerformanceLevel,
    /// Hosts scanned at the same time by the server's own scanner.
    pub hosts_external: u16,
    /// Hosts scanned at the same time by a scanner appliance.
    pub hosts_appliance: u16,
    /// Processes that look at one host at the same time.
    pub processes_total: u16,
    /// How many of them ask its web servers.
    pub processes_http: u16,
    pub packet_delay: PacketDelay,
    pub intensity: Intensity,
    /// Appliances multiply their hosts by what their hardware bears.
    pub parallel_scaling: bool,
    /// Longest a host may take, all stages together.
    pub host_timeout_s: u32,
    /// In place of the connections that the processes stand for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connections_per_host: Option<u16>,
    /// In place of the rate that the packet delay stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_pps: Option<u32>,
}

/// What a scanner may do at once in one scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budgets {
    /// Hosts scanned at the same time.
    pub hosts_parallel: u16,
    /// Connections open to one host at the same time.
    pub connections_per_host: u16,
    /// How many of them may ask web servers.
    pub http_connections_per_host: u16,
    /// How many of them the port scan may use.
    pub port_scan_connections: u16,
    /// Packets and connections started in a second, all hosts together.
    pub rate_pps: u32,
    /// Longest a host may take, all stages together.
    pub host_timeout_s: u32,
}

impl Performance {
    /// The numbers of a level; those of Normal for Custom, as a start. Source for Normal: what
    /// reports say of such scans; High and Low are chosen around it.
    #[must_use]
    pub const fn of(level: PerformanceLevel) -> Self {
        let (hosts_external, hosts_appliance, processes_total, processes_http, packet_delay) = match level {
            PerformanceLevel::High => (25, 40, 15, 15, PacketDelay::Short),
            PerformanceLevel::Normal | PerformanceLevel::Custom => (15, 30, 10, 10, PacketDelay::Medium),
            PerformanceLevel::Low => (5, 10, 4, 4, PacketDelay::Long),
        };
        let intensity = match level {
            PerformanceLevel::High | PerformanceLevel::Normal | PerformanceLevel::Custom => Intensity::Normal,
            PerformanceLevel::Low => Intensity::Medium,
        };
        Self {
            level,
            hosts_external,
            hosts_appliance,
            processes_total,
            processes_http,
            packet_delay,
            intensity,
            parallel_scaling: false,
            host_timeout_s: HOST_TIMEOUT_S,
            connections_per_host: None,
            rate_pps: None,
        }
    }

    /// Whether the numbers are those of the level, so that the level's name says them.
    #[must_use]
    pub fn is_of_its_level(&self) -> bool {
        let of_level = Self::of(self.level);
        self.level == PerformanceLevel::Custom
            || Self {
                parallel_scaling: self.parallel_scaling,
                host_timeout_s: self.host_timeout_s,
                ..of_level
            } == *self
    }

    /// What the server's own scanner makes of the numbers.
    #[must_use]
    pub fn budgets(&self) -> Budgets {
        let connections = self
            .connections_per_host
            .unwrap_or_else(|| self.processes_total.saturating_mul(CONNECTIONS_PER_PROCESS))
            .max(1);
        let port_scan = u32::from(connections) * u32::from(self.intensity.percent()) / 100;
        Budgets {
            hosts_parallel: self.hosts_external.max(1),
            connections_per_host: connections,
            http_connections_per_host: self.processes_http.saturating_mul(CONNECTIONS_PER_PROCESS).max(1),
            port_scan_connections: u16::try_from(port_scan).unwrap_or(connections).max(1),
            rate_pps: self.rate_pps.unwrap_or_else(|| self.packet_delay.rate_pps()),
            host_timeout_s: self.host_timeout_s.max(1),
        }
    }
}

impl Default for Performance {
    fn default() -> Self {
        Self::of(PerformanceLevel::Normal)
    }
}

/// What is read: numbers that are missing are those of the level. Early releases stored the hosts
/// under another name and no level.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Stored {
    level: Option<PerformanceLevel>,
    #[serde(alias = "hosts_parallel")]
    hosts_external: Option<u16>,
    hosts_appliance: Option<u16>,
    processes_total: Option<u16>,
    processes_http: Option<u16>,
    packet_delay: Option<PacketDelay>,
    intensity: Option<Intensity>,
    parallel_scaling: bool,
    host_timeout_s: Option<u32>,
    connections_per_host: Option<u16>,
    rate_pps: Option<u32>,
}

impl From<Stored> for Performance {
    fn from(stored: Stored) -> Self {
        let of_level = Self::of(stored.level.unwrap_or_default());
        let read = Self {
            level: of_level.level,
            hosts_external: stored.hosts_external.unwrap_or(of_level.hosts_external),
            hosts_appliance: stored.hosts_appliance.unwrap_or(of_level.hosts_appliance),
            processes_total: stored.processes_total.unwrap_or(of_level.processes_total),
            processes_http: stored.processes_http.unwrap_or(of_level.processes_http),
            packet_delay: stored.packet_delay.unwrap_or(of_level.packet_delay),
            intensity: stored.intensity.unwrap_or(of_level.intensity),
            parallel_scaling: stored.parallel_scaling,
            host_timeout_s: stored.host_timeout_s.unwrap_or(of_level.host_timeout_s),
            // What the level stands for anyway is no number of its own.
            connections_per_host: stored
                .connections_per_host
                .filter(|own| *own != of_level.budgets().connections_per_host),
            rate_pps: stored.rate_pps.filter(|own| *own != of_level.budgets().rate_pps),
        };
        if stored.level.is_none() && !read.is_of_its_level() {
            return Self { level: PerformanceLevel::Custom, ..read };
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_enough_to_know_its_numbers() {
        let read: Performance = serde_json::from_str(r#"{"level":"low"}"#).unwrap();
        assert_eq!(read, Performance::of(PerformanceLevel::Low));
        assert!(read.is_of_its_level());
    }

    #[test]
    fn what_early_releases_stored_reads_with_its_budgets() {
        let normal =
            r#"{"hosts_parallel":15,"connections_per_host":60,"rate_pps":5000,"host_timeout_s":1800}"#;
        assert_eq!(serde_json::from_str::<Performance>(normal).unwrap(), Performance::default());
        let own = r#"{"hosts_parallel":2,"connections_per_host":4,"rate_pps":200,"host_timeout_s":60}"#;
        let read: Performance = serde_json::from_str(own).unwrap();
        let budgets = read.budgets();
        assert_eq!(read.level, PerformanceLevel::Custom);
        assert_eq!((budgets.hosts_parallel, budgets.connections_per_host), (2, 4));
        assert_eq!((budgets.rate_pps, budgets.host_timeout_s), (200, 60));
    }

    #[test]
    fn every_level_presses_less_than_the_one_above() {
        let levels = [PerformanceLevel::High, PerformanceLevel::Normal, PerformanceLevel::Low];
        let budgets = levels.map(|level| Performance::of(level).budgets());
        for pair in budgets.windows(2) {
            let [more, less] = pair else { panic!("pairs") };
            assert!(more.hosts_parallel > less.hosts_parallel && more.rate_pps > less.rate_pps);
            assert!(more.connections_per_host > less.connections_per_host);
        }
    }
}
