//! `OPTION_PROFILES`: option profiles with all that they hold, as a document that can be read back
//! (`read`). What the API's own documents have no element for is written only where it is not as in a new
//! profile.

use palisade_app::OptionProfileView;
use palisade_model::option_profile::{
    AdditionalOptions, BasicInformation, BlockedPorts, DetectionScope, DiscoveryUdp, MapOptions, Performance,
    ProfileKind, ProtectedIps, ScanPorts, SearchList, VulnerabilityDetection,
};
use palisade_model::{OptionProfile, PortSet};
use palisade_wire::XmlWriter;
use palisade_wire::dtd::v2::OPTION_PROFILE_INFO;

use crate::answer::{Answer, end_report};

/// Shown as the owner of profiles that every subscription starts with.
const SYSTEM: &str = "System";
/// No unit; and the one subscription of a server.
const UNIT_ID: &str = "0";
const SUBSCRIPTION_ID: &str = "1";

pub(super) fn write(views: &[OptionProfileView], base_url: &str) -> Answer {
    let mut xml = XmlWriter::document("OPTION_PROFILES", &OPTION_PROFILE_INFO.url(base_url));
    xml.element("OPTION_PROFILES", &[], |xml| {
        for view in views {
            xml.element("OPTION_PROFILE", &[], |xml| write_profile(xml, view));
        }
    });
    end_report(&mut xml);
    Answer::Document(xml.finish())
}

fn flag(xml: &mut XmlWriter, name: &str, on: bool) {
    xml.text(name, if on { "1" } else { "0" });
}

pub(super) fn write_profile(xml: &mut XmlWriter, view: &OptionProfileView) {
    let OptionProfileView { id, version: _, updated_at, profile } = view;
    let OptionProfile { title, owner, is_default, is_global, kind, map, additional, others, .. } = profile;
    xml.element("BASIC_INFO", &[], |xml| {
        xml.text("ID", &id.to_string());
        xml.cdata("GROUP_NAME", title);
        xml.text("GROUP_TYPE", kind_word(*kind));
        xml.cdata("USER_ID", owner.as_ref().map_or(SYSTEM, |owner| owner.as_str()));
        xml.text("UNIT_ID", UNIT_ID);
        xml.text("SUBSCRIPTION_ID", SUBSCRIPTION_ID);
        flag(xml, "IS_DEFAULT", *is_default);
        flag(xml, "IS_GLOBAL", *is_global);
        flag(xml, "IS_OFFLINE_SYNCABLE", others.offline_scanner_sync);
        xml.date_time("UPDATE_DATE", *updated_at);
    });
    xml.element("SCAN", &[], |xml| write_scan(xml, profile));
    xml.element("MAP", &[], |xml| write_map(xml, map));
    xml.element("ADDITIONAL", &[], |xml| write_additional(xml, additional));
}

/// The word of documents for a kind of profiles.
pub(super) const fn kind_word(kind: ProfileKind) -> &'static str {
    match kind {
        ProfileKind::User => "user",
        ProfileKind::Pci => "pci",
    }
}

/// The words of documents for about which hosts of a map more is asked.
pub(super) const BASIC_INFORMATION: [(&str, BasicInformation); 4] = [
    ("all", BasicInformation::All),
    ("register", BasicInformation::Registered),
    ("netblockonly", BasicInformation::NetblockOnly),
    ("none", BasicInformation::None),
];

fn write_scan(xml: &mut XmlWriter, profile: &OptionProfile) {
    let others = &profile.others;
    xml.element("PORTS", &[], |xml| {
        xml.element("TCP_PORTS", &[], |xml| {
            write_ports(xml, &profile.tcp, ("TCP_PORTS_TYPE", "TCP_PORTS_ADDITIONAL"));
            flag(xml, "THREE_WAY_HANDSHAKE", others.three_way_handshake);
        });
        xml.element("UDP_PORTS", &[], |xml| {
            write_ports(xml, &profile.udp, ("UDP_PORTS_TYPE", "UDP_PORTS_ADDITIONAL"));
        });
        flag(xml, "AUTHORITATIVE_OPTION", others.authoritative);
    });
    flag(xml, "SCAN_DEAD_HOSTS", profile.scan_dead_hosts);
    xml.element("CLOSE_VULNERABILITIES", &[], |xml| {
        flag(xml, "HAS_CLOSE_VULNERABILITIES", others.close_after_dead_scans.is_some());
        let scans = others.close_after_dead_scans.map(|scans| scans.to_string());
        xml.optional_text("HOST_NOT_FOUND_ALIVE", scans.as_deref());
    });
    flag(xml, "PURGE_OLD_HOST_OS_CHANGED", others.purge_when_system_changes);
    xml.element("PERFORMANCE", &[], |xml| write_performance(xml, &profile.performance));
    flag(xml, "LOAD_BALANCER_DETECTION", profile.load_balancer_detection);
    xml.element("PASSWORD_BRUTE_FORCING", &[], |xml| {
        xml.element("SYSTEM", &[], |xml| {
            let level = profile.password_brute_forcing.title();
            flag(xml, "HAS_SYSTEM", level.is_some());
            xml.optional_text("SYSTEM_LEVEL", level);
        });
    });
    xml.element("VULNERABILITY_DETECTION", &[], |xml| write_detection(xml, &profile.detection));
    let technologies: Vec<&str> = profile.authentication.iter().map(|kind| kind.title()).collect();
    if !technologies.is_empty() {
        xml.cdata("AUTHENTICATION", &technologies.join(","));
    }
    flag(xml, "TEST_AUTHENTICATION", others.test_authentication);
    flag(xml, "ADDL_CERT_DETECTION", others.additional_certificates);
    xml.element("DISSOLVABLE_AGENT", &[], |xml| {
        flag(xml, "DISSOLVABLE_AGENT_ENABLE", others.dissolvable_agent);
        flag(xml, "WINDOWS_SHARE_ENUMERATION_ENABLE", others.windows_share_enumeration);
    });
    flag(xml, "LITE_OS_SCAN", others.lite_os_scan);
    if let Some(header) = &others.http_header {
        xml.element("CUSTOM_HTTP_HEADER", &[], |xml| xml.cdata("VALUE", header.as_str()));
    }
    if profile.disruptive_checks {
        flag(xml, "DISRUPTIVE_CHECKS", true);
    }
}

fn write_ports(xml: &mut XmlWriter, ports: &ScanPorts, (list, additional): (&str, &'static str)) {
    xml.text(list, ports.list.as_str());
    write_additional_ports(xml, additional, &ports.additional);
}

/// Ports beside a list.
fn write_additional_ports(xml: &mut XmlWriter, element: &'static str, ports: &PortSet) {
    if ports.is_empty() {
        return;
    }
    xml.element(element, &[], |xml| {
        flag(xml, "HAS_ADDITIONAL", true);
        xml.text("ADDITIONAL_PORTS", &ports.to_string());
    });
}

fn write_performance(xml: &mut XmlWriter, performance: &Performance) {
    let Performance {
        level,
        hosts_external,
        hosts_appliance,
        processes_total,
        processes_http,
        packet_delay,
        intensity,
        parallel_scaling,
        host_timeout_s,
        connections_per_host,
        rate_pps,
    } = performance;
    flag(xml, "PARALLEL_SCALING", *parallel_scaling);
    xml.text("OVERALL_PERFORMANCE", level.title());
    xml.element("HOSTS_TO_SCAN", &[], |xml| {
        xml.number("EXTERNAL_SCANNERS", (*hosts_external).into());
        xml.number("SCANNER_APPLIANCES", (*hosts_appliance).into());
    });
    xml.element("PROCESSES_TO_RUN", &[], |xml| {
        xml.number("TOTAL_PROCESSES", (*processes_total).into());
        xml.number("HTTP_PROCESSES", (*processes_http).into());
    });
    xml.text("PACKET_DELAY", packet_delay.title());
    xml.text("PORT_SCANNING_AND_HOST_DISCOVERY", intensity.title());
    if *host_timeout_s != Performance::of(*level).host_timeout_s {
        xml.number("HOST_TIMEOUT_SECONDS", (*host_timeout_s).into());
    }
    xml.optional_text(
        "CONNECTIONS_PER_HOST",
        connections_per_host.map(|number| number.to_string()).as_deref(),
    );
    xml.optional_text("PACKETS_PER_SECOND", rate_pps.map(|number| number.to_string()).as_deref());
}

fn write_detection(xml: &mut XmlWriter, detection: &VulnerabilityDetection) {
    let VulnerabilityDetection { scope, include, exclude, basic_host_information, oval_checks } = detection;
    match scope {
        DetectionScope::Complete => xml.text("COMPLETE", "complete"),
        DetectionScope::Custom => write_lists(xml, include),
        DetectionScope::Runtime => xml.text("RUNTIME", "runtime"),
    }
    xml.element("DETECTION_INCLUDE", &[], |xml| {
        flag(xml, "BASIC_HOST_INFO_CHECKS", *basic_host_information);
        flag(xml, "OVAL_CHECKS", *oval_checks);
    });
    if !exclude.is_empty() {
        xml.element("DETECTION_EXCLUDE", &[], |xml| write_lists(xml, exclude));
    }
}

fn write_lists(xml: &mut XmlWriter, lists: &[SearchList]) {
    xml.list("CUSTOM_LIST", lists, |xml, list| {
        let SearchList { id, title, qids, least_severity } = list;
        xml.element("CUSTOM", &[], |xml| {
            xml.optional_text("ID", id.map(|id| id.to_string()).as_deref());
            xml.cdata("TITLE", title);
            if id.is_some() {
                return;
            }
            if !qids.is_empty() {
                let qids: Vec<String> = qids.iter().map(ToString::to_string).collect();
                xml.text("QIDS", &qids.join(","));
            }
            let least = least_severity.map(|severity| severity.level().to_string());
            xml.optional_text("LEAST_SEVERITY", least.as_deref());
        });
    });
}

fn write_map(xml: &mut XmlWriter, map: &MapOptions) {
    let MapOptions {
        basic_information,
        tcp_standard,
        tcp_additional,
        udp_standard,
        udp_additional,
        live_host_sweep,
        disable_dns_traffic,
        performance,
        vmware_authentication,
    } = map;
    let word = BASIC_INFORMATION.iter().find(|(_, value)| value == basic_information);
    xml.text("BASIC_INFO_GATHERING_ON", word.map_or("", |(word, _)| word));
    xml.element("TCP_PORTS", &[], |xml| {
        flag(xml, "TCP_PORTS_STANDARD_SCAN", *tcp_standard);
        write_additional_ports(xml, "TCP_PORTS_ADDITIONAL", tcp_additional);
    });
    xml.element("UDP_PORTS", &[], |xml| {
        flag(xml, "UDP_PORTS_STANDARD_SCAN", *udp_standard);
        write_additional_ports(xml, "UDP_PORTS_ADDITIONAL", udp_additional);
    });
    xml.element("MAP_OPTIONS", &[], |xml| {
        flag(xml, "PERFORM_LIVE_HOST_SWEEP", *live_host_sweep);
        flag(xml, "DISABLE_DNS_TRAFFIC", *disable_dns_traffic);
    });
    xml.element("MAP_PERFORMANCE", &[], |xml| {
        xml.text("OVERALL_PERFORMANCE", performance.level.title());
        xml.element("MAP_PARALLEL", &[], |xml| {
            xml.number("EXTERNAL_SCANNERS", performance.netblocks_external.into());
            xml.number("SCANNER_APPLIANCES", performance.netblocks_appliance.into());
            xml.text("NETBLOCK_SIZE", &format!("{} IPs", performance.netblock_size));
        });
        xml.text("PACKET_DELAY", performance.packet_delay.title());
    });
    if *vmware_authentication {
        xml.cdata("MAP_AUTHENTICATION", "VMware");
    }
}

fn write_additional(xml: &mut XmlWriter, additional: &AdditionalOptions) {
    let AdditionalOptions { host_discovery, blocked, packets } = additional;
    xml.element("HOST_DISCOVERY", &[], |xml| {
        xml.element("TCP_PORTS", &[], |xml| {
            flag(xml, "STANDARD_SCAN", host_discovery.tcp_standard);
            write_additional_ports(xml, "TCP_ADDITIONAL", &host_discovery.tcp_additional);
        });
        xml.element("UDP_PORTS", &[], |xml| match &host_discovery.udp {
            DiscoveryUdp::Standard => flag(xml, "STANDARD_SCAN", true),
            DiscoveryUdp::Custom(ports) => xml.text("CUSTOM", &ports.to_string()),
        });
        flag(xml, "ICMP", host_discovery.icmp);
    });
    if *blocked != palisade_model::option_profile::BlockedResources::default() {
        xml.element("BLOCK_RESOURCES", &[], |xml| {
            match &blocked.ports {
                BlockedPorts::None => {}
                BlockedPorts::Default => flag(xml, "WATCHGUARD_DEFAULT_BLOCKED_PORTS", true),
                BlockedPorts::Custom(ports) => xml.text("CUSTOM_PORT_LIST", &ports.to_string()),
            }
            match &blocked.ips {
                ProtectedIps::AllRegistered => flag(xml, "ALL_REGISTERED_IPS", true),
                ProtectedIps::Custom(ips) => xml.text("CUSTOM_IP_LIST", &ips.to_string()),
            }
        });
    }
    xml.element("PACKET_OPTIONS", &[], |xml| {
        flag(xml, "IGNORE_FIREWALL_GENERATED_TCP_RST", packets.ignore_firewall_rst);
        flag(xml, "IGNORE_ALL_TCP_RST", packets.ignore_all_rst);
        flag(xml, "IGNORE_FIREWALL_GENERATED_TCP_SYN_ACK", packets.ignore_firewall_syn_ack);
        flag(xml, "NOT_SEND_TCP_ACK_OR_SYN_ACK_DURING_HOST_DISCOVERY", packets.no_ack_in_discovery);
    });
}
