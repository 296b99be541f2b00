//! What a request makes of a profile: the settings that it gives, in the place of what they were.

use std::str::FromStr;

use palisade_model::option_profile::{
    AdditionalOptions, AuthenticationKind, BlockedPorts, BlockedResources, DetectionScope, DiscoveryUdp,
    HostDiscovery, Intensity, MapOptions, MapPerformance, OtherOptions, PacketDelay, PacketOptions,
    PasswordBruteForcing, Performance, PerformanceLevel, ProtectedIps, ScanPorts, SearchList,
    VulnerabilityDetection,
};
use palisade_model::{OptionProfile, PortSet};
use palisade_wire::{Arguments, Parameter};

use super::document::BASIC_INFORMATION;
use super::settings as s;
use crate::error::CallError;
use crate::v2::request::OperationRequest;

/// How many scans in a row have to find a host dead, unless the request says.
const DEAD_SCANS: u16 = 5;

/// The profile with what the request gives.
pub(super) async fn overlay(
    request: &OperationRequest,
    old: OptionProfile,
) -> Result<OptionProfile, CallError> {
    let arguments = &request.arguments;
    let flag = |parameter: &Parameter, old| flag(arguments, parameter, old);
    let detection = detection(request, old.detection).await?;
    Ok(OptionProfile {
        title: arguments.text(&s::TITLE).map_or(old.title, |title| title.trim().to_owned()),
        is_global: flag(&s::GLOBAL, old.is_global),
        tcp: ports(arguments, &s::SCAN_TCP_PORTS, &s::SCAN_TCP_PORTS_ADDITIONAL, old.tcp),
        udp: ports(arguments, &s::SCAN_UDP_PORTS, &s::SCAN_UDP_PORTS_ADDITIONAL, old.udp),
        scan_dead_hosts: flag(&s::SCAN_DEAD_HOSTS, old.scan_dead_hosts),
        performance: performance(arguments, old.performance),
        load_balancer_detection: flag(&s::LOAD_BALANCER, old.load_balancer_detection),
        password_brute_forcing: arguments.choice(&s::PASSWORD_BRUTE_FORCING_SYSTEM).map_or(
            old.password_brute_forcing,
            |level| match level {
                "minimal" => PasswordBruteForcing::Minimal,
                "limited" => PasswordBruteForcing::Limited,
                "standard" => PasswordBruteForcing::Standard,
                "exhaustive" => PasswordBruteForcing::Exhaustive,
                _ => PasswordBruteForcing::None,
            },
        ),
        detection,
        authentication: arguments.choices(&s::AUTHENTICATION).map_or(old.authentication, technologies),
        others: others(arguments, old.others),
        map: map(arguments, old.map),
        additional: additional(arguments, old.additional),
        ..old
    })
}

/// A switch that leaves a thing as it is when it is not given.
fn flag(arguments: &Arguments, parameter: &Parameter, old: bool) -> bool {
    if arguments.has(parameter.name) { arguments.switch(parameter) } else { old }
}

/// Ports; the word in their place stands for none.
fn port_set(arguments: &Arguments, parameter: &Parameter, old: PortSet) -> PortSet {
    if !arguments.has(parameter.name) {
        return old;
    }
    arguments.ports(parameter).cloned().unwrap_or_default()
}

fn ports(arguments: &Arguments, list: &Parameter, additional: &Parameter, old: ScanPorts) -> ScanPorts {
    let ScanPorts { list: old_list, additional: old_additional } = old;
    ScanPorts {
        list: arguments.choice(list).and_then(|word| word.parse().ok()).unwrap_or(old_list),
        additional: port_set(arguments, additional, old_additional),
    }
}

/// A whole number within bounds that the type has room for.
fn number<T: TryFrom<u64>>(arguments: &Arguments, parameter: &Parameter, old: T) -> T {
    arguments.integer(parameter).and_then(|number| T::try_from(number).ok()).unwrap_or(old)
}

fn level(arguments: &Arguments, parameter: &Parameter) -> Option<PerformanceLevel> {
    arguments.choice(parameter).map(|word| match word {
        "high" => PerformanceLevel::High,
        "low" => PerformanceLevel::Low,
        "custom" => PerformanceLevel::Custom,
        _ => PerformanceLevel::Normal,
    })
}

fn delay(arguments: &Arguments, parameter: &Parameter, old: PacketDelay) -> PacketDelay {
    arguments.choice(parameter).map_or(old, |word| match word {
        "minimum" => PacketDelay::Minimum,
        "short" => PacketDelay::Short,
        "long" => PacketDelay::Long,
        "maximum" => PacketDelay::Maximum,
        _ => PacketDelay::Medium,
    })
}

fn performance(arguments: &Arguments, old: Performance) -> Performance {
    let level = level(arguments, &s::SCAN_OVERALL_PERFORMANCE);
    // Another level brings its numbers along; custom begins with those there are.
    let old = match level {
        None => old,
        Some(PerformanceLevel::Custom) => Performance { level: PerformanceLevel::Custom, ..old },
        Some(level) => Performance {
            host_timeout_s: old.host_timeout_s,
            parallel_scaling: old.parallel_scaling,
            ..Performance::of(level)
        },
    };
    Performance {
        hosts_external: number(arguments, &s::SCAN_EXTERNAL_SCANNERS, old.hosts_external),
        hosts_appliance: number(arguments, &s::SCAN_SCANNER_APPLIANCES, old.hosts_appliance),
        processes_total: number(arguments, &s::SCAN_TOTAL_PROCESS, old.processes_total),
        processes_http: number(arguments, &s::SCAN_HTTP_PROCESS, old.processes_http),
        packet_delay: delay(arguments, &s::SCAN_PACKET_DELAY, old.packet_delay),
        intensity: arguments.choice(&s::SCAN_INTENSITY).map_or(old.intensity, |word| match word {
            "medium" => Intensity::Medium,
            "low" => Intensity::Low,
            "minimum" => Intensity::Minimum,
            _ => Intensity::Normal,
        }),
        parallel_scaling: flag(arguments, &s::SCAN_PARALLEL_SCALING, old.parallel_scaling),
        ..old
    }
}

fn technologies(words: &[&str]) -> Vec<AuthenticationKind> {
    let named = |word: &&str| AuthenticationKind::ALL.into_iter().find(|kind| kind.title() == *word);
    words.iter().filter_map(named).collect()
}

async fn detection(
    request: &OperationRequest,
    old: VulnerabilityDetection,
) -> Result<VulnerabilityDetection, CallError> {
    let arguments = &request.arguments;
    let scope = arguments.choice(&s::VULNERABILITY_DETECTION).map_or(old.scope, |word| match word {
        "custom" => DetectionScope::Custom,
        "runtime" => DetectionScope::Runtime,
        _ => DetectionScope::Complete,
    });
    let include = if scope != DetectionScope::Custom {
        Vec::new()
    } else if arguments.has(s::CUSTOM_SEARCH_LIST_IDS.name) {
        lists(request, &s::CUSTOM_SEARCH_LIST_IDS, Named::ById).await?
    } else if arguments.has(s::CUSTOM_SEARCH_LIST_TITLE.name) {
        lists(request, &s::CUSTOM_SEARCH_LIST_TITLE, Named::ByTitle).await?
    } else {
        old.include
    };
    let exclude = if arguments.has(s::EXCLUDE_SEARCH_LIST_IDS.name) {
        lists(request, &s::EXCLUDE_SEARCH_LIST_IDS, Named::ById).await?
    } else {
        old.exclude
    };
    Ok(VulnerabilityDetection {
        scope,
        include,
        exclude,
        basic_host_information: flag(
            arguments,
            &s::BASIC_HOST_INFORMATION_CHECKS,
            old.basic_host_information,
        ),
        oval_checks: flag(arguments, &s::OVAL_CHECKS, old.oval_checks),
    })
}

/// What a parameter names lists by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    ById,
    ByTitle,
}

/// The lists that a parameter names, all of which must be in the caller's sight.
async fn lists(
    request: &OperationRequest,
    parameter: &Parameter,
    by: Named,
) -> Result<Vec<SearchList>, CallError> {
    let names = request.arguments.titles(parameter).unwrap_or_default();
    if names == ["none"] && by == Named::ById {
        return Ok(Vec::new());
    }
    let actor = request.actor()?;
    let mut seen = request.app.list_search_lists(actor, true).await?;
    seen.extend(request.app.list_search_lists(actor, false).await?);
    let mut lists: Vec<SearchList> = Vec::new();
    for name in names {
        let found = seen.iter().map(|view| &view.list).find(|list| match by {
            Named::ById => i64::from_str(name) == Ok(list.id),
            Named::ByTitle => list.title == *name,
        });
        let list = found.ok_or_else(|| request.invalid(parameter, "No such search list"))?;
        let reference = SearchList { id: Some(list.id), title: list.title.clone(), ..SearchList::default() };
        if !lists.contains(&reference) {
            lists.push(reference);
        }
    }
    Ok(lists)
}

fn others(arguments: &Arguments, old: OtherOptions) -> OtherOptions {
    let flag = |parameter: &Parameter, old| flag(arguments, parameter, old);
    let closes = flag(&s::CLOSE_VULN_ON_DEAD_HOSTS, old.close_after_dead_scans.is_some());
    let scans =
        number(arguments, &s::NOT_FOUND_ALIVE_TIMES, old.close_after_dead_scans.unwrap_or(DEAD_SCANS));
    OtherOptions {
        three_way_handshake: flag(&s::THREE_WAY_HANDSHAKE, old.three_way_handshake),
        authoritative: flag(&s::AUTHORITATIVE_OPTION, old.authoritative),
        close_after_dead_scans: closes.then_some(scans),
        purge_when_system_changes: flag(&s::PURGE_HOST_DATA, old.purge_when_system_changes),
        test_authentication: flag(&s::TEST_AUTHENTICATION, old.test_authentication),
        additional_certificates: flag(&s::ADDITIONAL_CERTIFICATES, old.additional_certificates),
        dissolvable_agent: flag(&s::DISSOLVABLE_AGENT, old.dissolvable_agent),
        windows_share_enumeration: flag(&s::SHARE_ENUMERATION, old.windows_share_enumeration),
        lite_os_scan: flag(&s::LITE_OS_SCAN, old.lite_os_scan),
        offline_scanner_sync: flag(&s::OFFLINE_SCANNER, old.offline_scanner_sync),
        http_header: arguments.scan_header(&s::CUSTOM_HTTP_HEADER).cloned().or(old.http_header),
    }
}

fn map(arguments: &Arguments, old: MapOptions) -> MapOptions {
    let flag = |parameter: &Parameter, old| flag(arguments, parameter, old);
    let basic = arguments.choice(&s::BASIC_INFORMATION_GATHERING);
    let basic = basic.and_then(|given| BASIC_INFORMATION.iter().find(|(word, _)| *word == given));
    let MapPerformance {
        level: old_level,
        netblocks_external,
        netblocks_appliance,
        netblock_size,
        packet_delay,
    } = old.performance;
    let size = arguments.choice(&s::MAP_NETBLOCK_SIZE).and_then(|size| size.parse().ok());
    MapOptions {
        basic_information: basic.map_or(old.basic_information, |(_, value)| *value),
        tcp_standard: flag(&s::MAP_TCP_STANDARD, old.tcp_standard),
        tcp_additional: port_set(arguments, &s::MAP_TCP_ADDITIONAL, old.tcp_additional),
        udp_standard: flag(&s::MAP_UDP_STANDARD, old.udp_standard),
        udp_additional: port_set(arguments, &s::MAP_UDP_ADDITIONAL, old.udp_additional),
        live_host_sweep: flag(&s::LIVE_HOST_SWEEP, old.live_host_sweep),
        disable_dns_traffic: flag(&s::DISABLE_DNS_TRAFFIC, old.disable_dns_traffic),
        performance: MapPerformance {
            level: level(arguments, &s::MAP_OVERALL_PERFORMANCE).unwrap_or(old_level),
            netblocks_external: number(arguments, &s::MAP_EXTERNAL_SCANNERS, netblocks_external),
            netblocks_appliance: number(arguments, &s::MAP_SCANNER_APPLIANCES, netblocks_appliance),
            netblock_size: size.unwrap_or(netblock_size),
            packet_delay: delay(arguments, &s::MAP_PACKET_DELAY, packet_delay),
        },
        vmware_authentication: arguments
            .choice(&s::MAP_AUTHENTICATION)
            .map_or(old.vmware_authentication, |word| word != "none"),
    }
}

fn additional(arguments: &Arguments, old: AdditionalOptions) -> AdditionalOptions {
    let flag = |parameter: &Parameter, old| flag(arguments, parameter, old);
    let AdditionalOptions { host_discovery, blocked, packets } = old;
    let old_udp = match &host_discovery.udp {
        DiscoveryUdp::Custom(ports) => ports.clone(),
        DiscoveryUdp::Standard => PortSet::default(),
    };
    AdditionalOptions {
        host_discovery: HostDiscovery {
            tcp_standard: flag(&s::DISCOVERY_TCP_STANDARD, host_discovery.tcp_standard),
            tcp_additional: port_set(arguments, &s::DISCOVERY_TCP_ADDITIONAL, host_discovery.tcp_additional),
            udp: match arguments.choice(&s::DISCOVERY_UDP_TYPE) {
                None => host_discovery.udp,
                Some("custom") => {
                    DiscoveryUdp::Custom(port_set(arguments, &s::DISCOVERY_UDP_CUSTOM, old_udp))
                }
                Some(_) => DiscoveryUdp::Standard,
            },
            icmp: flag(&s::ICMP, host_discovery.icmp),
        },
        blocked: if arguments.has(s::BLOCKED_RESOURCES.name) {
            BlockedResources::default()
        } else {
            blocked_resources(arguments, blocked)
        },
        packets: PacketOptions {
            ignore_firewall_rst: flag(&s::IGNORE_FIREWALL_RST, packets.ignore_firewall_rst),
            ignore_all_rst: flag(&s::IGNORE_ALL_RST, packets.ignore_all_rst),
            ignore_firewall_syn_ack: flag(&s::IGNORE_FIREWALL_SYN_ACK, packets.ignore_firewall_syn_ack),
            no_ack_in_discovery: flag(&s::NO_ACK_IN_DISCOVERY, packets.no_ack_in_discovery),
        },
    }
}

fn blocked_resources(arguments: &Arguments, old: BlockedResources) -> BlockedResources {
    let BlockedResources { ports, ips } = old;
    BlockedResources {
        ports: match arguments.choice(&s::PROTECTED_PORTS) {
            None => ports,
            Some("custom") => {
                BlockedPorts::Custom(port_set(arguments, &s::PROTECTED_PORTS_CUSTOM, ports.ports()))
            }
            Some(_) => BlockedPorts::Default,
        },
        ips: match (arguments.choice(&s::PROTECTED_IPS), arguments.ip_set(&s::PROTECTED_IPS_CUSTOM)) {
            (None, _) | (Some("custom"), None) => ips,
            (Some("custom"), Some(given)) => ProtectedIps::Custom(given.clone()),
            (Some(_), _) => ProtectedIps::AllRegistered,
        },
    }
}
