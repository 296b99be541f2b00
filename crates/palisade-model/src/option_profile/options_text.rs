//! The one line that the headers of reports show of a profile. Phrases and their order are what
//! clients know from such reports; what has no phrase there follows the phrase it belongs to.

use super::{OptionProfile, PortList, ScanPorts};

/// The line.
pub(super) fn describe(profile: &OptionProfile) -> String {
    let mut phrases = Vec::new();
    describe_ports(&mut phrases, "TCP", &profile.tcp);
    describe_ports(&mut phrases, "UDP", &profile.udp);
    if profile.scan_dead_hosts {
        phrases.push("Scan dead hosts ON".to_owned());
    }
    if let Some(level) = profile.password_brute_forcing.title() {
        phrases.push(format!("{level} Password Brute Forcing"));
    }
    let scaling = if profile.performance.parallel_scaling { "enabled" } else { "disabled" };
    phrases.push(format!("parallel ML scaling {scaling} for appliances"));
    let balancer = if profile.load_balancer_detection { "ON" } else { "OFF" };
    phrases.push(format!("Load balancer detection {balancer}"));
    for kind in super::AuthenticationKind::ALL {
        if profile.authentication.contains(&kind) {
            phrases.push(format!("{} Authentication ON", kind.title()));
        }
    }
    if profile.additional.host_discovery.icmp {
        phrases.push("ICMP Host Discovery".to_owned());
    }
    let performance = &profile.performance;
    phrases.extend([
        format!("Overall Performance: {}", performance.level.title()),
        format!("Hosts to Scan in Parallel - External Scanners: {}", performance.hosts_external),
        format!("Hosts to Scan in Parallel - Scanner Appliances: {}", performance.hosts_appliance),
        format!("Total Processes to Run in Parallel: {}", performance.processes_total),
        format!("HTTP Processes to Run in Parallel: {}", performance.processes_http),
        format!("Packet (Burst) Delay: {}", performance.packet_delay.title()),
        format!("Intensity: {}", performance.intensity.title()),
    ]);
    phrases.join(", ")
}

fn describe_ports(phrases: &mut Vec<String>, transport: &str, ports: &ScanPorts) {
    match ports.list {
        PortList::None => {}
        PortList::Full => phrases.push(format!("Full {transport} scan")),
        PortList::Standard => phrases.push(format!("Standard {transport} port list")),
        PortList::Light => phrases.push(format!("Light {transport} port list")),
    }
    if !ports.additional.is_empty() {
        // Commas would tear the list of ports out of its phrase.
        let list = ports.additional.to_string().replace(',', " ");
        phrases.push(format!("Additional {transport} ports: {list}"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::{AuthenticationKind, PacketDelay, PerformanceLevel};
    use super::*;

    #[test]
    fn phrases_come_in_their_order() {
        assert_eq!(
            OptionProfile::initial().options_text(),
            "Standard TCP port list, Standard UDP port list, Standard Password Brute Forcing, parallel ML \
             scaling disabled for appliances, Load balancer detection OFF, ICMP Host Discovery, Overall \
             Performance: Normal, Hosts to Scan in Parallel - External Scanners: 15, Hosts to Scan in \
             Parallel - Scanner Appliances: 30, Total Processes to Run in Parallel: 10, HTTP Processes to \
             Run in Parallel: 10, Packet (Burst) Delay: Medium, Intensity: Normal"
        );
        let mut profile = OptionProfile::initial();
        profile.tcp = ScanPorts { list: PortList::Full, additional: "80,443".parse().unwrap() };
        profile.udp = ScanPorts::of(PortList::None);
        profile.load_balancer_detection = true;
        profile.authentication = vec![AuthenticationKind::Mysql, AuthenticationKind::Windows];
        profile.performance.level = PerformanceLevel::Custom;
        profile.performance.packet_delay = PacketDelay::Maximum;
        let text = profile.options_text();
        assert!(text.starts_with("Full TCP scan, Additional TCP ports: 80 443, Standard Password"), "{text}");
        assert!(
            text.contains("balancer detection ON, Windows Authentication ON, MySQL Authentication ON, ICMP")
        );
        assert!(
            text.contains("Overall Performance: Custom, ") && text.contains("Delay: Maximum, "),
            "{text}"
        );
    }
}
