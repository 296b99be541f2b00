//! The option profiles of the subscription. Fixed in this slice: everybody sees the same.

use palisade_model::OptionProfile;
use palisade_model::option_profile::{TcpPorts, UdpPorts};

use crate::error::{Error, Result};

/// The option profiles there are, the default one first.
#[must_use]
pub fn option_profiles() -> Vec<OptionProfile> {
    let initial = OptionProfile::initial();
    let full = OptionProfile {
        title: "Full TCP Scan".to_owned(),
        is_default: false,
        tcp: TcpPorts::Full,
        ..initial.clone()
    };
    vec![initial, full]
}

/// The profile with this title, or the default one.
pub(crate) fn choose_option_profile(title: Option<&str>) -> Result<OptionProfile> {
    let profiles = option_profiles();
    let known = || profiles.iter().map(|profile| profile.title.clone()).collect();
    let wanted = |profile: &&OptionProfile| match title {
        Some(title) => profile.title == title,
        None => profile.is_default,
    };
    profiles
        .iter()
        .find(wanted)
        .cloned()
        .ok_or_else(|| Error::UnknownOption { title: title.unwrap_or_default().to_owned(), known: known() })
}

/// The profile in one line, for people: which ports, and how hard the scan presses.
#[must_use]
pub fn describe_option_profile(profile: &OptionProfile) -> String {
    let tcp = match &profile.tcp {
        TcpPorts::Standard => "Standard TCP port list".to_owned(),
        TcpPorts::Full => "Full TCP port list".to_owned(),
        TcpPorts::None => "No TCP ports".to_owned(),
        TcpPorts::List(ports) => format!("TCP ports {ports}"),
    };
    let udp = match &profile.udp {
        UdpPorts::Standard => "Standard UDP port list".to_owned(),
        UdpPorts::None => "No UDP ports".to_owned(),
        UdpPorts::List(ports) => format!("UDP ports {ports}"),
    };
    let dead = if profile.scan_dead_hosts { "on" } else { "off" };
    format!(
        "{tcp}, {udp}, scan dead hosts {dead}, hosts in parallel {}, connections per host {}, packets per second {}",
        profile.performance.hosts_parallel,
        profile.performance.connections_per_host,
        profile.performance.rate_pps,
    )
}
