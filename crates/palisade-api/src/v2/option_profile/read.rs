//! Reading `OPTION_PROFILES` documents. What an element does not say is as in a new profile; values that
//! are not understood are refused by name; elements that this server has no setting for are told.

use std::collections::BTreeSet;
use std::str::FromStr;

use palisade_model::option_profile::{
    AdditionalOptions, AuthenticationKind, BlockedPorts, BlockedResources, DetectionScope, DiscoveryUdp,
    HostDiscovery, Intensity, MapOptions, MapPerformance, OtherOptions, PacketDelay, PacketOptions,
    PasswordBruteForcing, Performance, PerformanceLevel, PortList, ProfileKind, ProtectedIps, ScanPorts,
    SearchList, VulnerabilityDetection,
};
use palisade_model::qid::Severity;
use palisade_model::{IpSet, OptionProfile, PortSet};
use palisade_wire::dtd::v2::OPTION_PROFILE_INFO;
use palisade_wire::xml_tree::{Element, TreeError, TreeLimits, read_tree};

use super::document::BASIC_INFORMATION;

/// Room for some hundred profiles.
const LIMITS: TreeLimits = TreeLimits { bytes: 2 << 20, depth: 12, elements: 50_000 };
/// Most profiles of a document.
const PROFILES_MAX: usize = 200;
/// Longest part of a value that an error shows, in characters.
const SHOWN_CHARACTERS: usize = 60;
/// Most elements that are told to be without a setting.
const UNKNOWN_MAX: usize = 20;

/// Why a document is no list of option profiles.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadDocument {
    #[error("the document cannot be read")]
    Tree(#[from] TreeError),
    #[error("the root is {name}, and not OPTION_PROFILES")]
    Root { name: String },
    #[error("there is no OPTION_PROFILE")]
    NoProfiles,
    #[error("there are more than {max} profiles")]
    TooManyProfiles { max: usize },
    #[error("OPTION_PROFILE {number}, {element}: '{value}' is not {expected}")]
    Value { number: usize, element: String, value: String, expected: &'static str },
}

/// What a document holds.
#[derive(Debug)]
pub(super) struct Profiles {
    pub(super) profiles: Vec<OptionProfile>,
    /// Names of elements that there is no setting for.
    pub(super) unknown: BTreeSet<String>,
}

pub(super) fn read(document: &[u8]) -> Result<Profiles, BadDocument> {
    let root = read_tree(document, LIMITS)?;
    if root.name != "OPTION_PROFILES" {
        return Err(BadDocument::Root { name: root.name.chars().take(SHOWN_CHARACTERS).collect() });
    }
    let elements: Vec<&Element> = root.all("OPTION_PROFILE").collect();
    if elements.is_empty() {
        return Err(BadDocument::NoProfiles);
    }
    if elements.len() > PROFILES_MAX {
        return Err(BadDocument::TooManyProfiles { max: PROFILES_MAX });
    }
    let profiles = (1..).zip(elements).map(|(number, element)| {
        let node = Node { number, element: Some(element), path: String::new() };
        read_profile(&node)
    });
    let profiles = profiles.collect::<Result<Vec<_>, _>>()?;
    let known: BTreeSet<&str> = OPTION_PROFILE_INFO.elements().collect();
    let mut unknown = BTreeSet::new();
    note_unknown(&root, &known, &mut unknown);
    Ok(Profiles { profiles, unknown })
}

fn note_unknown(element: &Element, known: &BTreeSet<&str>, unknown: &mut BTreeSet<String>) {
    for child in &element.children {
        if known.contains(child.name.as_str()) {
            note_unknown(child, known, unknown);
        } else if unknown.len() < UNKNOWN_MAX {
            unknown.insert(child.name.chars().take(SHOWN_CHARACTERS).collect());
        }
    }
}

/// A place in the document of one profile, which may not be there.
struct Node<'a> {
    /// Of the profile, from 1 on.
    number: usize,
    element: Option<&'a Element>,
    path: String,
}

impl<'a> Node<'a> {
    fn child(&self, name: &str) -> Node<'a> {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}/{name}", self.path) };
        Node { number: self.number, element: self.element.and_then(|element| element.child(name)), path }
    }

    fn is_there(&self) -> bool {
        self.element.is_some()
    }

    fn text(&self) -> Option<&'a str> {
        self.element.map(|element| element.text.as_str())
    }

    fn refused(&self, expected: &'static str) -> BadDocument {
        let value = self.text().unwrap_or_default().chars().take(SHOWN_CHARACTERS).collect();
        BadDocument::Value { number: self.number, element: self.path.clone(), value, expected }
    }

    /// What the text of a child is read as; `None` without the child, and for an empty one.
    fn value<T>(
        &self,
        name: &str,
        expected: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, BadDocument> {
        let child = self.child(name);
        match child.text().filter(|text| !text.is_empty()) {
            None => Ok(None),
            Some(text) => read(text).map(Some).ok_or_else(|| child.refused(expected)),
        }
    }

    fn flag(&self, name: &str, default: bool) -> Result<bool, BadDocument> {
        let read = |text: &str| match text {
            "1" | "true" => Some(true),
            "0" | "false" => Some(false),
            _ => None,
        };
        Ok(self.value(name, "0 or 1", read)?.unwrap_or(default))
    }

    fn number<T: FromStr>(&self, name: &str, default: T) -> Result<T, BadDocument> {
        Ok(self.value(name, "a number within its bounds", |text| text.parse().ok())?.unwrap_or(default))
    }

    /// One of several values, by its word in any case of letters.
    fn word<T: Copy>(
        &self,
        name: &str,
        expected: &'static str,
        words: &[(&str, T)],
        default: T,
    ) -> Result<T, BadDocument> {
        let find = |text: &str| words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
        Ok(self.value(name, expected, |text| find(text).map(|(_, value)| *value))?.unwrap_or(default))
    }

    fn ports(&self, name: &str) -> Result<Option<PortSet>, BadDocument> {
        let child = self.child(name);
        let read = |text: &str| text.parse().map_err(|_| child.refused("a list of ports"));
        child.text().map(read).transpose()
    }
}

const DELAYS: [(&str, PacketDelay); 5] = [
    ("Minimum", PacketDelay::Minimum),
    ("Short", PacketDelay::Short),
    ("Medium", PacketDelay::Medium),
    ("Long", PacketDelay::Long),
    ("Maximum", PacketDelay::Maximum),
];
const DELAY_WORDS: &str = "one of Minimum, Short, Medium, Long, Maximum";
const LEVELS: [(&str, PerformanceLevel); 4] = [
    ("High", PerformanceLevel::High),
    ("Normal", PerformanceLevel::Normal),
    ("Low", PerformanceLevel::Low),
    ("Custom", PerformanceLevel::Custom),
];
const LEVEL_WORDS: &str = "one of High, Normal, Low, Custom";

fn read_profile(node: &Node<'_>) -> Result<OptionProfile, BadDocument> {
    let basic = node.child("BASIC_INFO");
    let scan = node.child("SCAN");
    let title = basic.child("GROUP_NAME");
    let kinds = [("user", ProfileKind::User), ("pci", ProfileKind::Pci)];
    let ports = scan.child("PORTS");
    let new = OptionProfile::default();
    let list = |transport: &str| read_ports(&ports.child(&format!("{transport}_PORTS")), transport);
    Ok(OptionProfile {
        title: title
            .text()
            .filter(|text| !text.is_empty())
            .ok_or_else(|| title.refused("a title"))?
            .to_owned(),
        owner: None,
        is_default: basic.flag("IS_DEFAULT", false)?,
        is_global: basic.flag("IS_GLOBAL", false)?,
        kind: basic.word("GROUP_TYPE", "one of user, pci", &kinds, ProfileKind::User)?,
        tcp: list("TCP")?,
        udp: list("UDP")?,
        scan_dead_hosts: scan.flag("SCAN_DEAD_HOSTS", new.scan_dead_hosts)?,
        performance: read_performance(&scan.child("PERFORMANCE"))?,
        load_balancer_detection: scan.flag("LOAD_BALANCER_DETECTION", new.load_balancer_detection)?,
        password_brute_forcing: read_brute_forcing(&scan.child("PASSWORD_BRUTE_FORCING").child("SYSTEM"))?,
        detection: read_detection(&scan.child("VULNERABILITY_DETECTION"))?,
        authentication: read_authentication(&scan)?,
        disruptive_checks: scan.flag("DISRUPTIVE_CHECKS", new.disruptive_checks)?,
        others: read_others(&basic, &scan)?,
        map: read_map(&node.child("MAP"))?,
        additional: read_additional(&node.child("ADDITIONAL"))?,
    })
}

fn read_ports(node: &Node<'_>, transport: &str) -> Result<ScanPorts, BadDocument> {
    let lists = [PortList::None, PortList::Full, PortList::Standard, PortList::Light];
    let lists = lists.map(|list| (list.as_str(), list));
    let additional = node.child(&format!("{transport}_PORTS_ADDITIONAL"));
    Ok(ScanPorts {
        list: node.word(
            &format!("{transport}_PORTS_TYPE"),
            "one of none, full, standard, light",
            &lists,
            PortList::default(),
        )?,
        additional: read_additional_ports(&additional)?,
    })
}

fn read_additional_ports(node: &Node<'_>) -> Result<PortSet, BadDocument> {
    let has = node.flag("HAS_ADDITIONAL", true)?;
    Ok(node.ports("ADDITIONAL_PORTS")?.filter(|_| has).unwrap_or_default())
}

fn read_performance(node: &Node<'_>) -> Result<Performance, BadDocument> {
    let level = node.word("OVERALL_PERFORMANCE", LEVEL_WORDS, &LEVELS, PerformanceLevel::default())?;
    let of_level = Performance::of(level);
    let (hosts, processes) = (node.child("HOSTS_TO_SCAN"), node.child("PROCESSES_TO_RUN"));
    let intensities = [
        ("Normal", Intensity::Normal),
        ("Medium", Intensity::Medium),
        ("Low", Intensity::Low),
        ("Minimum", Intensity::Minimum),
    ];
    let number = "a number within its bounds";
    let read = Performance {
        level,
        hosts_external: hosts.number("EXTERNAL_SCANNERS", of_level.hosts_external)?,
        hosts_appliance: hosts.number("SCANNER_APPLIANCES", of_level.hosts_appliance)?,
        processes_total: processes.number("TOTAL_PROCESSES", of_level.processes_total)?,
        processes_http: processes.number("HTTP_PROCESSES", of_level.processes_http)?,
        packet_delay: node.word("PACKET_DELAY", DELAY_WORDS, &DELAYS, of_level.packet_delay)?,
        intensity: node.word(
            "PORT_SCANNING_AND_HOST_DISCOVERY",
            "one of Normal, Medium, Low, Minimum",
            &intensities,
            of_level.intensity,
        )?,
        parallel_scaling: node.flag("PARALLEL_SCALING", of_level.parallel_scaling)?,
        host_timeout_s: node.number("HOST_TIMEOUT_SECONDS", of_level.host_timeout_s)?,
        connections_per_host: node.value("CONNECTIONS_PER_HOST", number, |text| text.parse().ok())?,
        rate_pps: node.value("PACKETS_PER_SECOND", number, |text| text.parse().ok())?,
    };
    // The levels of others have other numbers behind them; the level's name says what was meant.
    if read.is_of_its_level() {
        return Ok(read);
    }
    let (parallel_scaling, host_timeout_s) = (read.parallel_scaling, read.host_timeout_s);
    Ok(Performance { parallel_scaling, host_timeout_s, ..of_level })
}

fn read_brute_forcing(node: &Node<'_>) -> Result<PasswordBruteForcing, BadDocument> {
    if !node.is_there() {
        return Ok(PasswordBruteForcing::None);
    }
    let levels = [
        PasswordBruteForcing::Minimal,
        PasswordBruteForcing::Limited,
        PasswordBruteForcing::Standard,
        PasswordBruteForcing::Exhaustive,
    ];
    let words: Vec<(&str, PasswordBruteForcing)> =
        levels.into_iter().filter_map(|level| Some((level.title()?, level))).collect();
    let expected = "one of Minimal, Limited, Standard, Exhaustive";
    let level = node.word("SYSTEM_LEVEL", expected, &words, PasswordBruteForcing::Standard)?;
    Ok(if node.flag("HAS_SYSTEM", true)? { level } else { PasswordBruteForcing::None })
}

fn read_detection(node: &Node<'_>) -> Result<VulnerabilityDetection, BadDocument> {
    let include = node.child("DETECTION_INCLUDE");
    let custom = node.child("CUSTOM_LIST");
    let scope = if custom.is_there() {
        DetectionScope::Custom
    } else if node.child("RUNTIME").is_there() {
        DetectionScope::Runtime
    } else {
        DetectionScope::Complete
    };
    let new = VulnerabilityDetection::default();
    Ok(VulnerabilityDetection {
        scope,
        include: read_lists(&custom)?,
        exclude: read_lists(&node.child("DETECTION_EXCLUDE").child("CUSTOM_LIST"))?,
        basic_host_information: include.flag("BASIC_HOST_INFO_CHECKS", new.basic_host_information)?,
        oval_checks: include.flag("OVAL_CHECKS", new.oval_checks)?,
    })
}

/// Lists; those of a subscription come without contents, and their ids are not the ones here.
fn read_lists(node: &Node<'_>) -> Result<Vec<SearchList>, BadDocument> {
    let Some(element) = node.element else { return Ok(Vec::new()) };
    let lists = element.all("CUSTOM").map(|custom| {
        let node = Node { number: node.number, element: Some(custom), path: format!("{}/CUSTOM", node.path) };
        let qids =
            |text: &str| text.split(',').map(|qid| qid.trim().parse().ok()).collect::<Option<BTreeSet<_>>>();
        let severity = |text: &str| text.parse().ok().and_then(Severity::new);
        Ok(SearchList {
            id: None,
            title: node.child("TITLE").text().unwrap_or_default().to_owned(),
            qids: node.value("QIDS", "a list of QIDs", qids)?.unwrap_or_default(),
            least_severity: node.value("LEAST_SEVERITY", "a severity from 1 to 5", severity)?,
        })
    });
    lists.collect()
}

fn read_authentication(scan: &Node<'_>) -> Result<Vec<AuthenticationKind>, BadDocument> {
    let kind = |word: &str| {
        AuthenticationKind::ALL.into_iter().find(|kind| kind.title().eq_ignore_ascii_case(word.trim()))
    };
    let kinds = |text: &str| text.split(',').map(kind).collect();
    let expected = "a list of technologies that this server can sign in to";
    Ok(scan.value("AUTHENTICATION", expected, kinds)?.unwrap_or_default())
}

fn read_others(basic: &Node<'_>, scan: &Node<'_>) -> Result<OtherOptions, BadDocument> {
    let ports = scan.child("PORTS");
    let closing = scan.child("CLOSE_VULNERABILITIES");
    let agent = scan.child("DISSOLVABLE_AGENT");
    let closes =
        closing.flag("HAS_CLOSE_VULNERABILITIES", closing.child("HOST_NOT_FOUND_ALIVE").is_there())?;
    let scans = closing.value("HOST_NOT_FOUND_ALIVE", "a number of scans", |text| text.parse().ok())?;
    let header = "printable ASCII characters on one line";
    Ok(OtherOptions {
        three_way_handshake: ports.child("TCP_PORTS").flag("THREE_WAY_HANDSHAKE", false)?,
        authoritative: ports.flag("AUTHORITATIVE_OPTION", false)?,
        close_after_dead_scans: scans.filter(|_| closes),
        purge_when_system_changes: scan.flag("PURGE_OLD_HOST_OS_CHANGED", false)?,
        test_authentication: scan.flag("TEST_AUTHENTICATION", false)?,
        additional_certificates: scan.flag("ADDL_CERT_DETECTION", false)?,
        dissolvable_agent: agent.flag("DISSOLVABLE_AGENT_ENABLE", false)?,
        windows_share_enumeration: agent.flag("WINDOWS_SHARE_ENUMERATION_ENABLE", false)?,
        lite_os_scan: scan.flag("LITE_OS_SCAN", false)?,
        offline_scanner_sync: basic.flag("IS_OFFLINE_SYNCABLE", false)?,
        http_header: scan.child("CUSTOM_HTTP_HEADER").value("VALUE", header, |text| text.parse().ok())?,
    })
}

fn read_map(node: &Node<'_>) -> Result<MapOptions, BadDocument> {
    let new = MapOptions::default();
    let (tcp, udp) = (node.child("TCP_PORTS"), node.child("UDP_PORTS"));
    let (options, performance) = (node.child("MAP_OPTIONS"), node.child("MAP_PERFORMANCE"));
    let parallel = performance.child("MAP_PARALLEL");
    let size = |text: &str| text.strip_suffix("IPs").unwrap_or(text).trim().parse().ok();
    Ok(MapOptions {
        basic_information: node.word(
            "BASIC_INFO_GATHERING_ON",
            "one of all, register, netblockonly, none",
            &BASIC_INFORMATION,
            new.basic_information,
        )?,
        tcp_standard: tcp.flag("TCP_PORTS_STANDARD_SCAN", new.tcp_standard)?,
        tcp_additional: read_additional_ports(&tcp.child("TCP_PORTS_ADDITIONAL"))?,
        udp_standard: udp.flag("UDP_PORTS_STANDARD_SCAN", new.udp_standard)?,
        udp_additional: read_additional_ports(&udp.child("UDP_PORTS_ADDITIONAL"))?,
        live_host_sweep: options.flag("PERFORM_LIVE_HOST_SWEEP", new.live_host_sweep)?,
        disable_dns_traffic: options.flag("DISABLE_DNS_TRAFFIC", new.disable_dns_traffic)?,
        performance: MapPerformance {
            level: performance.word(
                "OVERALL_PERFORMANCE",
                LEVEL_WORDS,
                &LEVELS,
                PerformanceLevel::default(),
            )?,
            netblocks_external: parallel.number("EXTERNAL_SCANNERS", new.performance.netblocks_external)?,
            netblocks_appliance: parallel
                .number("SCANNER_APPLIANCES", new.performance.netblocks_appliance)?,
            netblock_size: parallel
                .value("NETBLOCK_SIZE", "a number of addresses", size)?
                .unwrap_or(new.performance.netblock_size),
            packet_delay: performance.word(
                "PACKET_DELAY",
                DELAY_WORDS,
                &DELAYS,
                new.performance.packet_delay,
            )?,
        },
        vmware_authentication: node
            .value("MAP_AUTHENTICATION", "VMware", |text| text.contains("VMware").then_some(true))?
            .unwrap_or(false),
    })
}

fn read_additional(node: &Node<'_>) -> Result<AdditionalOptions, BadDocument> {
    let discovery = node.child("HOST_DISCOVERY");
    let (tcp, udp) = (discovery.child("TCP_PORTS"), discovery.child("UDP_PORTS"));
    let blocked = node.child("BLOCK_RESOURCES");
    let packets = node.child("PACKET_OPTIONS");
    let new = HostDiscovery::default();
    let custom_ips = blocked.child("CUSTOM_IP_LIST");
    Ok(AdditionalOptions {
        host_discovery: HostDiscovery {
            tcp_standard: tcp.flag("STANDARD_SCAN", new.tcp_standard)?,
            tcp_additional: read_additional_ports(&tcp.child("TCP_ADDITIONAL"))?,
            udp: udp.ports("CUSTOM")?.map_or(DiscoveryUdp::Standard, DiscoveryUdp::Custom),
            icmp: discovery.flag("ICMP", new.icmp)?,
        },
        blocked: BlockedResources {
            ports: match blocked.ports("CUSTOM_PORT_LIST")? {
                Some(ports) => BlockedPorts::Custom(ports),
                None if blocked.flag("WATCHGUARD_DEFAULT_BLOCKED_PORTS", false)? => BlockedPorts::Default,
                None => BlockedPorts::None,
            },
            ips: match custom_ips.text() {
                None => ProtectedIps::AllRegistered,
                Some("") => ProtectedIps::Custom(IpSet::new()),
                Some(text) => ProtectedIps::Custom(
                    text.parse().map_err(|_| custom_ips.refused("a list of IPv4 addresses"))?,
                ),
            },
        },
        packets: PacketOptions {
            ignore_firewall_rst: packets.flag("IGNORE_FIREWALL_GENERATED_TCP_RST", false)?,
            ignore_all_rst: packets.flag("IGNORE_ALL_TCP_RST", false)?,
            ignore_firewall_syn_ack: packets.flag("IGNORE_FIREWALL_GENERATED_TCP_SYN_ACK", false)?,
            no_ack_in_discovery: packets.flag("NOT_SEND_TCP_ACK_OR_SYN_ACK_DURING_HOST_DISCOVERY", false)?,
        },
    })
}

#[cfg(test)]
mod tests;
