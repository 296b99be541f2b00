//! Option profiles: how a scan is to be done.
//!
//! A profile is kept whole with each scan, so that editing it later never changes what a past scan
//! says of itself. Profiles stored by earlier releases read as they were meant: what they did not
//! know is as in [`OptionProfile::initial`].

mod additional;
mod authentication;
mod check;
mod detection;
mod map_options;
mod options_text;
mod performance;
mod ports;
mod predefined;

use serde::{Deserialize, Serialize};

pub use additional::{
    AdditionalOptions, BlockedPorts, BlockedResources, DiscoveryUdp, HostDiscovery, PacketOptions,
    ProtectedIps,
};
pub use authentication::{AuthenticationKind, PasswordBruteForcing};
pub use check::{BadProfile, TITLE_CHARACTERS_MAX, check, check_edit};
pub use detection::{DetectionScope, KnownQids, QidSelection, SearchList, VulnerabilityDetection};
pub use map_options::{BasicInformation, MapOptions, MapPerformance, NETBLOCK_SIZES};
pub use performance::{Budgets, Intensity, PacketDelay, Performance, PerformanceLevel};
pub use ports::{NotAPortList, PortList, ScanPorts};
pub use predefined::{FULL_TCP_TITLE, INITIAL_TITLE, PCI_TITLE, SANS20_TITLE, TOP20_TITLE, predefined};

use crate::scan_header::ScanHeader;
use crate::user::Login;

/// What a profile is for; decides what of it may be edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProfileKind {
    #[default]
    User,
    /// For scans that the card industry asks for: only performance, dead hosts and additional TCP
    /// ports can be edited.
    Pci,
}

/// How a scan is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "switches, as people see them")]
pub struct OptionProfile {
    pub title: String,
    /// Whoever made it; `None` for what the subscription came with.
    pub owner: Option<Login>,
    /// Taken when a scan names none. A default profile is global.
    pub is_default: bool,
    /// Seen by everybody, not only by its owner and the Managers.
    pub is_global: bool,
    pub kind: ProfileKind,
    pub tcp: ScanPorts,
    pub udp: ScanPorts,
    /// Scan addresses that answer no discovery probe as if they were alive.
    pub scan_dead_hosts: bool,
    pub performance: Performance,
    /// Find out whether several hosts answer at one address.
    pub load_balancer_detection: bool,
    pub password_brute_forcing: PasswordBruteForcing,
    pub detection: VulnerabilityDetection,
    /// What may be signed in to; kept, and obeyed by nothing yet.
    pub authentication: Vec<AuthenticationKind>,
    /// Checks that write to what they look at, or may disturb a service. Off as long as nobody
    /// asks for them.
    pub disruptive_checks: bool,
    pub others: OtherOptions,
    pub map: MapOptions,
    pub additional: AdditionalOptions,
}

/// Options that few profiles change. All but the header are kept for what reads them later.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "switches, as people see them")]
pub struct OtherOptions {
    pub three_way_handshake: bool,
    pub authoritative: bool,
    /// Close the vulnerabilities of a host that so many scans in a row found dead.
    pub close_after_dead_scans: Option<u16>,
    pub purge_when_system_changes: bool,
    pub test_authentication: bool,
    pub additional_certificates: bool,
    pub dissolvable_agent: bool,
    pub windows_share_enumeration: bool,
    pub lite_os_scan: bool,
    pub offline_scanner_sync: bool,
    /// Carried by every web request of a scan that brings no header of its own.
    pub http_header: Option<ScanHeader>,
}

impl OptionProfile {
    /// The profile every subscription starts with.
    #[must_use]
    pub fn initial() -> Self {
        Self {
            title: INITIAL_TITLE.to_owned(),
            owner: None,
            is_default: true,
            is_global: true,
            kind: ProfileKind::User,
            tcp: ScanPorts::of(PortList::Standard),
            udp: ScanPorts::of(PortList::Standard),
            scan_dead_hosts: false,
            performance: Performance::default(),
            load_balancer_detection: false,
            password_brute_forcing: PasswordBruteForcing::Standard,
            detection: VulnerabilityDetection::default(),
            authentication: Vec::new(),
            disruptive_checks: false,
            others: OtherOptions::default(),
            map: MapOptions::default(),
            additional: AdditionalOptions::default(),
        }
    }

    /// The profile in one line, as the headers of reports show it.
    #[must_use]
    pub fn options_text(&self) -> String {
        options_text::describe(self)
    }
}

impl Default for OptionProfile {
    /// [`OptionProfile::initial`] without a title, and not the default one.
    fn default() -> Self {
        Self { title: String::new(), is_default: false, is_global: false, ..Self::initial() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_first_release_stored_reads_as_it_was_meant() {
        let stored = r#"{"title":"Full TCP Scan","is_default":false,"tcp":"Full","udp":{"List":"53,161"},
            "performance":{"hosts_parallel":15,"connections_per_host":60,"rate_pps":5000,
            "host_timeout_s":1800},"scan_dead_hosts":true}"#;
        let read: OptionProfile = serde_json::from_str(stored).unwrap();
        let expected = OptionProfile {
            title: "Full TCP Scan".to_owned(),
            tcp: ScanPorts::of(PortList::Full),
            udp: ScanPorts::only("53,161".parse().unwrap()),
            scan_dead_hosts: true,
            ..OptionProfile::default()
        };
        assert_eq!(read, expected);
    }

    #[test]
    fn every_shipped_profile_reads_back() {
        for profile in predefined() {
            let text = serde_json::to_string(&profile).unwrap();
            assert_eq!(serde_json::from_str::<OptionProfile>(&text).unwrap(), profile, "{text}");
        }
    }

    #[test]
    fn a_misspelt_setting_is_no_setting() {
        let read = serde_json::from_str::<OptionProfile>(r#"{"title":"A","scan_dead_host":true}"#);
        assert!(read.unwrap_err().to_string().contains("scan_dead_host"));
    }
}
