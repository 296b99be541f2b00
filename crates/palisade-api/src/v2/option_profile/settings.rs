//! The parameters that settings of option profiles have.
//!
//! Deliberately absent: settings that no scanner of this server could obey (external scanners by use,
//! custom lists of passwords, least privilege, headers by name), so that asking for one is refused.

use palisade_wire::{Parameter, ParameterKind, Rule};

use super::ID;

const PORTS: ParameterKind = ParameterKind::Ports { words: &["none"], max_chars: 4_000 };
const LISTS: ParameterKind = ParameterKind::Titles { max_items: 50, max_chars: 20 };
const HOSTS: ParameterKind = ParameterKind::Integer { min: 1, max: 200 };
const PROCESSES: ParameterKind = ParameterKind::Integer { min: 1, max: 60 };
const NETBLOCKS: ParameterKind = ParameterKind::Integer { min: 1, max: 32 };
const LEVELS: ParameterKind = ParameterKind::Choice(&["high", "normal", "low", "custom"]);
const DELAYS: ParameterKind = ParameterKind::Choice(&["minimum", "short", "medium", "long", "maximum"]);
const PORT_LISTS: ParameterKind = ParameterKind::Choice(&["none", "full", "standard", "light"]);
/// Technologies that scans may sign in to, or none of them.
const TECHNOLOGIES: ParameterKind = ParameterKind::Words(&[
    "Windows",
    "Unix",
    "Oracle",
    "SNMP",
    "Oracle Listener",
    "VMware",
    "DB2",
    "HTTP",
    "MySQL",
    "PostgreSQL",
    "none",
]);

/// 1 turns something on, 0 off.
const fn switch(name: &'static str, description: &'static str) -> Parameter {
    Parameter::new(name, ParameterKind::ZeroOne, "1", description)
}

pub(super) const DEFAULT: Parameter = Parameter::new(
    "default",
    ParameterKind::Choice(&["1"]),
    "1",
    "1: the profile is the one that scans go by unless they name another. Only a Manager makes it so.",
);
pub(super) const TITLE: Parameter = Parameter::new(
    "title",
    ParameterKind::Text { max_chars: 64 },
    "Gentle",
    "The title; no other profile has it.",
);
pub(super) const GLOBAL: Parameter =
    switch("global", "1: everybody sees the profile. Only a Manager makes it so.");
pub(super) const OFFLINE_SCANNER: Parameter =
    switch("offline_scanner", "1: offline scanner appliances get the profile.");
pub(super) const SCAN_TCP_PORTS: Parameter =
    Parameter::new("scan_tcp_ports", PORT_LISTS, "standard", "The TCP ports that are scanned.");
pub(super) const SCAN_TCP_PORTS_ADDITIONAL: Parameter = Parameter::new(
    "scan_tcp_ports_additional",
    PORTS,
    "8080,9000-9010",
    "TCP ports beside them; none for none.",
);
pub(super) const THREE_WAY_HANDSHAKE: Parameter =
    switch("3_way_handshake", "1: connect to TCP ports in full.");
pub(super) const SCAN_UDP_PORTS: Parameter =
    Parameter::new("scan_udp_ports", PORT_LISTS, "light", "The UDP ports that are scanned.");
pub(super) const SCAN_UDP_PORTS_ADDITIONAL: Parameter =
    Parameter::new("scan_udp_ports_additional", PORTS, "161", "UDP ports beside them; none for none.");
pub(super) const AUTHORITATIVE_OPTION: Parameter =
    switch("authoritative_option", "1: scans of few ports close vulnerabilities on others, too.");
pub(super) const SCAN_DEAD_HOSTS: Parameter =
    switch("scan_dead_hosts", "1: scan hosts that do not answer as if they did.");
pub(super) const CLOSE_VULN_ON_DEAD_HOSTS: Parameter =
    switch("close_vuln_on_dead_hosts", "1: close the vulnerabilities of hosts that scans keep finding dead.");
pub(super) const NOT_FOUND_ALIVE_TIMES: Parameter = Parameter::new(
    "not_found_alive_times",
    ParameterKind::Integer { min: 1, max: 99 },
    "5",
    "After so many scans in a row.",
);
pub(super) const PURGE_HOST_DATA: Parameter =
    switch("purge_host_data", "1: forget what is known of a host whose operating system changes.");
pub(super) const SCAN_OVERALL_PERFORMANCE: Parameter = Parameter::new(
    "scan_overall_performance",
    LEVELS,
    "custom",
    "How hard scans press. Each level but custom has numbers of its own.",
);
pub(super) const SCAN_PARALLEL_SCALING: Parameter =
    switch("scan_parallel_scaling", "1: appliances scan as many hosts at once as their hardware bears.");
pub(super) const SCAN_EXTERNAL_SCANNERS: Parameter = Parameter::new(
    "scan_external_scanners",
    HOSTS,
    "10",
    "Hosts that the server's own scanner scans at once.",
);
pub(super) const SCAN_SCANNER_APPLIANCES: Parameter =
    Parameter::new("scan_scanner_appliances", HOSTS, "20", "Hosts that an appliance scans at once.");
pub(super) const SCAN_TOTAL_PROCESS: Parameter =
    Parameter::new("scan_total_process", PROCESSES, "8", "Processes that look at one host at once.");
pub(super) const SCAN_HTTP_PROCESS: Parameter =
    Parameter::new("scan_http_process", PROCESSES, "4", "How many of them ask its web servers.");
pub(super) const SCAN_PACKET_DELAY: Parameter =
    Parameter::new("scan_packet_delay", DELAYS, "long", "The pause between bursts of packets.");
pub(super) const SCAN_INTENSITY: Parameter = Parameter::new(
    "scan_intensity",
    ParameterKind::Choice(&["normal", "medium", "low", "minimum"]),
    "low",
    "How intensely ports are scanned and hosts looked for.",
);
pub(super) const LOAD_BALANCER: Parameter =
    switch("load_balancer", "1: find out whether several hosts answer at one address.");
pub(super) const PASSWORD_BRUTE_FORCING_SYSTEM: Parameter = Parameter::new(
    "password_brute_forcing_system",
    ParameterKind::Choice(&["none", "minimal", "limited", "standard", "exhaustive"]),
    "limited",
    "How many well-known passwords are tried.",
);
pub(super) const VULNERABILITY_DETECTION: Parameter = Parameter::new(
    "vulnerability_detection",
    ParameterKind::Choice(&["complete", "custom", "runtime"]),
    "custom",
    "What is looked for: everything, what is on search lists, or what each launch names.",
);
pub(super) const CUSTOM_SEARCH_LIST_IDS: Parameter =
    Parameter::new("custom_search_list_ids", LISTS, "1,2", "The search lists, by their ids.");
pub(super) const CUSTOM_SEARCH_LIST_TITLE: Parameter = Parameter::new(
    "custom_search_list_title",
    ParameterKind::Titles { max_items: 50, max_chars: 256 },
    "Weak TLS",
    "The search lists, by their titles.",
);
pub(super) const EXCLUDE_SEARCH_LIST_IDS: Parameter = Parameter::new(
    "exclude_search_list_ids",
    LISTS,
    "3",
    "Search lists, by their ids, of what is never looked for; none for none.",
);
pub(super) const BASIC_HOST_INFORMATION_CHECKS: Parameter =
    switch("basic_host_information_checks", "1: beside search lists what tells hosts apart.");
pub(super) const OVAL_CHECKS: Parameter = switch("oval_checks", "1: checks by OVAL definitions.");
pub(super) const AUTHENTICATION: Parameter = Parameter::new(
    "authentication",
    TECHNOLOGIES,
    "Unix,Windows",
    "What scans may sign in to, where there are authentication records; none for nothing.",
);
pub(super) const TEST_AUTHENTICATION: Parameter =
    switch("test_authentication", "1: only see whether signing in works.");
pub(super) const ADDITIONAL_CERTIFICATES: Parameter =
    switch("enable_additional_certificate_detection", "1: look for certificates beyond ports.");
pub(super) const DISSOLVABLE_AGENT: Parameter =
    switch("enable_dissolvable_agent", "1: allow an agent that removes itself.");
pub(super) const SHARE_ENUMERATION: Parameter =
    switch("enable_windows_share_enumeration", "1: list what Windows hosts share.");
pub(super) const LITE_OS_SCAN: Parameter =
    switch("enable_lite_os_scan", "1: find out operating systems with fewer probes.");
pub(super) const CUSTOM_HTTP_HEADER: Parameter = Parameter::new(
    "custom_http_header",
    ParameterKind::ScanHeader,
    "nightly",
    "The value of the header that every web request carries, unless a launch names another.",
);
pub(super) const BASIC_INFORMATION_GATHERING: Parameter = Parameter::new(
    "basic_information_gathering",
    ParameterKind::Choice(&["all", "register", "netblockonly", "none"]),
    "all",
    "Maps: about which hosts more is asked than whether they are there.",
);
pub(super) const MAP_TCP_STANDARD: Parameter =
    switch("map_tcp_ports_standard_scan", "Maps: 1 asks the standard TCP ports.");
pub(super) const MAP_TCP_ADDITIONAL: Parameter =
    Parameter::new("map_tcp_ports_additional", PORTS, "8080", "Maps: TCP ports beside them; none for none.");
pub(super) const MAP_UDP_STANDARD: Parameter =
    switch("map_udp_ports_standard_scan", "Maps: 1 asks the standard UDP ports.");
pub(super) const MAP_UDP_ADDITIONAL: Parameter =
    Parameter::new("map_udp_ports_additional", PORTS, "161", "Maps: UDP ports beside them; none for none.");
pub(super) const LIVE_HOST_SWEEP: Parameter =
    switch("perform_live_host_sweep", "Maps: 1 looks for live hosts in the whole netblock.");
pub(super) const DISABLE_DNS_TRAFFIC: Parameter =
    switch("disable_dns_traffic", "Maps: 1 asks no name server anything.");
pub(super) const MAP_OVERALL_PERFORMANCE: Parameter =
    Parameter::new("map_overall_performance", LEVELS, "normal", "Maps: how hard they press.");
pub(super) const MAP_EXTERNAL_SCANNERS: Parameter = Parameter::new(
    "map_external_scanners",
    NETBLOCKS,
    "2",
    "Maps: netblocks that the server's own scanner maps at once.",
);
pub(super) const MAP_SCANNER_APPLIANCES: Parameter = Parameter::new(
    "map_scanner_appliances",
    NETBLOCKS,
    "4",
    "Maps: netblocks that an appliance maps at once.",
);
pub(super) const MAP_NETBLOCK_SIZE: Parameter = Parameter::new(
    "map_netblock_size",
    ParameterKind::Choice(&["1024", "4096", "8192", "16384", "32768", "65536"]),
    "1024",
    "Maps: addresses of one netblock; larger ones are cut.",
);
pub(super) const MAP_PACKET_DELAY: Parameter =
    Parameter::new("map_packet_delay", DELAYS, "short", "Maps: the pause between bursts of packets.");
pub(super) const MAP_AUTHENTICATION: Parameter = Parameter::new(
    "map_authentication",
    ParameterKind::Choice(&["VMware", "vCenter", "none"]),
    "VMware",
    "Maps: what they sign in to.",
);
pub(super) const DISCOVERY_TCP_STANDARD: Parameter =
    switch("additional_tcp_ports_standard_scan", "1: the standard TCP ports are asked for life.");
pub(super) const DISCOVERY_TCP_ADDITIONAL: Parameter = Parameter::new(
    "additional_tcp_ports_additional",
    PORTS,
    "8080",
    "TCP ports that are asked for life beside them; none for none.",
);
pub(super) const DISCOVERY_UDP_TYPE: Parameter = Parameter::new(
    "additional_udp_ports_type",
    ParameterKind::Choice(&["standard", "custom"]),
    "custom",
    "The UDP ports that are asked for life.",
);
pub(super) const DISCOVERY_UDP_CUSTOM: Parameter =
    Parameter::new("additional_udp_ports_custom", PORTS, "53,161", "These; none for none.");
pub(super) const ICMP: Parameter = switch("icmp", "1: hosts are asked for life by ICMP.");
pub(super) const BLOCKED_RESOURCES: Parameter = Parameter::new(
    "blocked_resources",
    ParameterKind::Choice(&["0"]),
    "0",
    "0: no ports make a firewall block whoever touches them.",
);
pub(super) const PROTECTED_PORTS: Parameter = Parameter::new(
    "protected_ports",
    ParameterKind::Choice(&["default", "custom"]),
    "custom",
    "Ports that make a firewall block whoever touches them; scans leave them alone.",
);
pub(super) const PROTECTED_PORTS_CUSTOM: Parameter =
    Parameter::new("protected_ports_custom", PORTS, "1,111", "These ports; none for none.");
pub(super) const PROTECTED_IPS: Parameter = Parameter::new(
    "protected_ips",
    ParameterKind::Choice(&["all", "custom"]),
    "custom",
    "Hosts behind such a firewall.",
);
pub(super) const PROTECTED_IPS_CUSTOM: Parameter =
    Parameter::new("protected_ips_custom", ParameterKind::IpSet, "192.0.2.4", "These hosts.");
pub(super) const IGNORE_FIREWALL_RST: Parameter = switch(
    "ignore_firewall_generated_tcp_rst_packets",
    "1: resets that a firewall seems to send for hosts prove no life.",
);
pub(super) const IGNORE_ALL_RST: Parameter = switch("ignore_all_tcp_rst_packets", "1: no reset proves life.");
pub(super) const IGNORE_FIREWALL_SYN_ACK: Parameter = switch(
    "ignore_firewall_generated_tcp_syn_ack_packets",
    "1: acceptances that a firewall seems to send for hosts prove no life.",
);
pub(super) const NO_ACK_IN_DISCOVERY: Parameter = switch(
    "not_send_tcp_ack_or_syn_ack_packets_during_host_discovery",
    "1: send neither ACK nor SYN-ACK packets while looking for hosts.",
);

/// The parameters given, and every setting.
macro_rules! with_settings {
    ($($first:expr),+ $(,)?) => {
        &[
            $($first,)+
            GLOBAL,
            OFFLINE_SCANNER,
            SCAN_TCP_PORTS,
            SCAN_TCP_PORTS_ADDITIONAL,
            THREE_WAY_HANDSHAKE,
            SCAN_UDP_PORTS,
            SCAN_UDP_PORTS_ADDITIONAL,
            AUTHORITATIVE_OPTION,
            SCAN_DEAD_HOSTS,
            CLOSE_VULN_ON_DEAD_HOSTS,
            NOT_FOUND_ALIVE_TIMES,
            PURGE_HOST_DATA,
            SCAN_OVERALL_PERFORMANCE,
            SCAN_PARALLEL_SCALING,
            SCAN_EXTERNAL_SCANNERS,
            SCAN_SCANNER_APPLIANCES,
            SCAN_TOTAL_PROCESS,
            SCAN_HTTP_PROCESS,
            SCAN_PACKET_DELAY,
            SCAN_INTENSITY,
            LOAD_BALANCER,
            PASSWORD_BRUTE_FORCING_SYSTEM,
            VULNERABILITY_DETECTION,
            CUSTOM_SEARCH_LIST_IDS,
            CUSTOM_SEARCH_LIST_TITLE,
            EXCLUDE_SEARCH_LIST_IDS,
            BASIC_HOST_INFORMATION_CHECKS,
            OVAL_CHECKS,
            AUTHENTICATION,
            TEST_AUTHENTICATION,
            ADDITIONAL_CERTIFICATES,
            DISSOLVABLE_AGENT,
            SHARE_ENUMERATION,
            LITE_OS_SCAN,
            CUSTOM_HTTP_HEADER,
            BASIC_INFORMATION_GATHERING,
            MAP_TCP_STANDARD,
            MAP_TCP_ADDITIONAL,
            MAP_UDP_STANDARD,
            MAP_UDP_ADDITIONAL,
            LIVE_HOST_SWEEP,
            DISABLE_DNS_TRAFFIC,
            MAP_OVERALL_PERFORMANCE,
            MAP_EXTERNAL_SCANNERS,
            MAP_SCANNER_APPLIANCES,
            MAP_NETBLOCK_SIZE,
            MAP_PACKET_DELAY,
            MAP_AUTHENTICATION,
            DISCOVERY_TCP_STANDARD,
            DISCOVERY_TCP_ADDITIONAL,
            DISCOVERY_UDP_TYPE,
            DISCOVERY_UDP_CUSTOM,
            ICMP,
            BLOCKED_RESOURCES,
            PROTECTED_PORTS,
            PROTECTED_PORTS_CUSTOM,
            PROTECTED_IPS,
            PROTECTED_IPS_CUSTOM,
            IGNORE_FIREWALL_RST,
            IGNORE_ALL_RST,
            IGNORE_FIREWALL_SYN_ACK,
            NO_ACK_IN_DISCOVERY,
        ]
    };
}

pub(super) const CREATE: &[Parameter] = with_settings![TITLE.required()];
pub(super) const UPDATE: &[Parameter] = with_settings![ID.required(), TITLE, DEFAULT];

/// A parameter that is there only with a word of another.
const fn only(parameter: &'static str, with: &'static str, value: &'static str) -> Rule {
    Rule::OnlyWith { parameter, with, value: Some(value) }
}

const CUSTOM: &str = "custom";
const LEVEL: &str = SCAN_OVERALL_PERFORMANCE.name;

pub(super) const RULES: &[Rule] = &[
    Rule::Exclusive(&[CUSTOM_SEARCH_LIST_IDS.name, CUSTOM_SEARCH_LIST_TITLE.name]),
    only(NOT_FOUND_ALIVE_TIMES.name, CLOSE_VULN_ON_DEAD_HOSTS.name, "1"),
    only(SCAN_EXTERNAL_SCANNERS.name, LEVEL, CUSTOM),
    only(SCAN_SCANNER_APPLIANCES.name, LEVEL, CUSTOM),
    only(SCAN_TOTAL_PROCESS.name, LEVEL, CUSTOM),
    only(SCAN_HTTP_PROCESS.name, LEVEL, CUSTOM),
    only(SCAN_PACKET_DELAY.name, LEVEL, CUSTOM),
    only(SCAN_INTENSITY.name, LEVEL, CUSTOM),
    only(CUSTOM_SEARCH_LIST_IDS.name, VULNERABILITY_DETECTION.name, CUSTOM),
    only(CUSTOM_SEARCH_LIST_TITLE.name, VULNERABILITY_DETECTION.name, CUSTOM),
    only(DISCOVERY_UDP_CUSTOM.name, DISCOVERY_UDP_TYPE.name, CUSTOM),
    only(PROTECTED_PORTS_CUSTOM.name, PROTECTED_PORTS.name, CUSTOM),
    only(PROTECTED_IPS_CUSTOM.name, PROTECTED_IPS.name, CUSTOM),
    Rule::Exclusive(&[BLOCKED_RESOURCES.name, PROTECTED_PORTS.name]),
    Rule::Exclusive(&[BLOCKED_RESOURCES.name, PROTECTED_IPS.name]),
];
