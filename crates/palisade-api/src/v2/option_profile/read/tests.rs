//! The law: every profile that keeps the rules reads back; and what is refused, and how it is told.

use palisade_app::OptionProfileView;
use palisade_model::option_profile::{NETBLOCK_SIZES, check, predefined};
use palisade_model::{Qid, Timestamp};
use palisade_wire::XmlWriter;
use proptest::prelude::*;

use super::super::document::write_profile;
use super::*;

/// Numbers that decide about settings, one after another; zeros when they are used up.
struct Draw(std::vec::IntoIter<u64>);

impl Draw {
    fn below(&mut self, end: u64) -> u64 {
        self.0.next().unwrap_or_default() % end
    }

    fn yes(&mut self) -> bool {
        self.below(2) == 1
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(u64::try_from(all.len()).unwrap())).unwrap()]
    }

    fn from(&mut self, min: u64, max: u64) -> u16 {
        u16::try_from(min + self.below(max - min + 1)).unwrap()
    }

    fn ports(&mut self) -> PortSet {
        (0..self.below(4)).map(|_| self.from(1, 65_535)).collect()
    }

    fn title(&mut self) -> String {
        let letters = ['a', '<', '&', ']', '>', 'ä', '"', ' ', '7'];
        let inner: String = (0..self.below(6)).map(|_| self.of(&letters)).collect();
        format!("x{inner}x")
    }

    fn lists(&mut self, at_least: u64) -> Vec<SearchList> {
        let count = at_least + self.below(3);
        let list = |draw: &mut Self| {
            let qid = |draw: &mut Self| Qid::new(u32::from(draw.from(1, 60_000))).unwrap();
            if draw.yes() {
                return SearchList { id: Some(7), title: draw.title(), ..SearchList::default() };
            }
            let qids = (0..=draw.below(3)).map(|_| qid(draw)).collect();
            let severity = draw.from(0, 5).to_le_bytes()[0];
            SearchList { id: None, title: draw.title(), qids, least_severity: Severity::new(severity) }
        };
        (0..count).map(|_| list(self)).collect()
    }

    fn performance(&mut self) -> Performance {
        let level = self.of(&LEVELS).1;
        let of_level = Performance::of(level);
        let (parallel_scaling, host_timeout_s) = (self.yes(), u32::from(self.from(60, 9_000)));
        if level != PerformanceLevel::Custom {
            return Performance { parallel_scaling, host_timeout_s, ..of_level };
        }
        Performance {
            level,
            hosts_external: self.from(1, 200),
            hosts_appliance: self.from(1, 200),
            processes_total: self.from(1, 60),
            processes_http: self.from(1, 60),
            packet_delay: self.of(&DELAYS).1,
            intensity: self.of(&[Intensity::Normal, Intensity::Medium, Intensity::Low, Intensity::Minimum]),
            parallel_scaling,
            host_timeout_s,
            connections_per_host: self.yes().then(|| self.from(1, 1_000)),
            rate_pps: self.yes().then(|| self.from(1, 60_000).into()),
        }
    }

    fn scan_ports(&mut self) -> ScanPorts {
        let lists = [PortList::Standard, PortList::Full, PortList::Light];
        ScanPorts { list: self.of(&lists), additional: self.ports() }
    }

    fn others(&mut self) -> OtherOptions {
        OtherOptions {
            three_way_handshake: self.yes(),
            authoritative: self.yes(),
            close_after_dead_scans: self.yes().then(|| self.from(1, 99)),
            purge_when_system_changes: self.yes(),
            test_authentication: self.yes(),
            additional_certificates: self.yes(),
            dissolvable_agent: self.yes(),
            windows_share_enumeration: self.yes(),
            lite_os_scan: self.yes(),
            offline_scanner_sync: self.yes(),
            http_header: self.yes().then(|| "night <scan>".parse().unwrap()),
        }
    }

    fn map(&mut self) -> MapOptions {
        MapOptions {
            basic_information: self.of(&BASIC_INFORMATION).1,
            tcp_standard: self.yes(),
            tcp_additional: self.ports(),
            udp_standard: self.yes(),
            udp_additional: self.ports(),
            live_host_sweep: self.yes(),
            disable_dns_traffic: self.yes(),
            performance: MapPerformance {
                level: self.of(&LEVELS).1,
                netblocks_external: self.from(1, 32),
                netblocks_appliance: self.from(1, 32),
                netblock_size: self.of(&NETBLOCK_SIZES),
                packet_delay: self.of(&DELAYS).1,
            },
            vmware_authentication: self.yes(),
        }
    }

    fn additional(&mut self) -> AdditionalOptions {
        let ips: IpSet = "10.0.0.1-10.0.0.9,192.0.2.7".parse().unwrap();
        AdditionalOptions {
            host_discovery: HostDiscovery {
                tcp_standard: self.yes(),
                tcp_additional: self.ports(),
                udp: if self.yes() { DiscoveryUdp::Custom(self.ports()) } else { DiscoveryUdp::Standard },
                icmp: self.yes(),
            },
            blocked: BlockedResources {
                ports: match self.below(3) {
                    0 => BlockedPorts::None,
                    1 => BlockedPorts::Default,
                    _ => BlockedPorts::Custom(self.ports()),
                },
                ips: match self.below(3) {
                    0 => ProtectedIps::AllRegistered,
                    1 => ProtectedIps::Custom(IpSet::new()),
                    _ => ProtectedIps::Custom(ips),
                },
            },
            packets: PacketOptions {
                ignore_firewall_rst: self.yes(),
                ignore_all_rst: self.yes(),
                ignore_firewall_syn_ack: self.yes(),
                no_ack_in_discovery: self.yes(),
            },
        }
    }

    fn profile(&mut self) -> OptionProfile {
        let scopes = [DetectionScope::Complete, DetectionScope::Custom, DetectionScope::Runtime];
        let scope = self.of(&scopes);
        let guesses = [
            PasswordBruteForcing::None,
            PasswordBruteForcing::Minimal,
            PasswordBruteForcing::Limited,
            PasswordBruteForcing::Standard,
            PasswordBruteForcing::Exhaustive,
        ];
        let is_global = self.yes();
        let technologies = AuthenticationKind::ALL.into_iter().filter(|_| self.yes()).collect();
        OptionProfile {
            title: self.title(),
            owner: None,
            is_default: is_global && self.yes(),
            is_global,
            kind: self.of(&[ProfileKind::User, ProfileKind::Pci]),
            tcp: self.scan_ports(),
            udp: self.scan_ports(),
            scan_dead_hosts: self.yes(),
            performance: self.performance(),
            load_balancer_detection: self.yes(),
            password_brute_forcing: self.of(&guesses),
            detection: VulnerabilityDetection {
                scope,
                include: if scope == DetectionScope::Custom { self.lists(1) } else { Vec::new() },
                exclude: self.lists(0),
                basic_host_information: self.yes(),
                oval_checks: self.yes(),
            },
            authentication: technologies,
            disruptive_checks: self.yes(),
            others: self.others(),
            map: self.map(),
            additional: self.additional(),
        }
    }
}

fn written(profile: &OptionProfile) -> Vec<u8> {
    let mut xml = XmlWriter::new();
    let updated_at = Timestamp::UNIX_EPOCH;
    let view = OptionProfileView { id: 1, version: 1, updated_at, profile: profile.clone() };
    xml.element("OPTION_PROFILES", &[], |xml| {
        xml.element("OPTION_PROFILE", &[], |xml| write_profile(xml, &view));
    });
    xml.finish()
}

/// What a document says of a profile: lists of the subscription by title alone.
fn told(mut profile: OptionProfile) -> OptionProfile {
    let VulnerabilityDetection { include, exclude, .. } = &mut profile.detection;
    include.iter_mut().chain(exclude).for_each(|list| list.id = None);
    profile
}

proptest! {
    #[test]
    fn every_profile_reads_back(numbers in proptest::collection::vec(any::<u64>(), 0..220)) {
        let profile = Draw(numbers.into_iter()).profile();
        prop_assert_eq!(check(&profile), Ok(()));
        let read = read(&written(&profile)).unwrap();
        prop_assert!(read.unknown.is_empty(), "{:?}", read.unknown);
        prop_assert_eq!(read.profiles, vec![told(profile)]);
    }
}

#[test]
fn shipped_profiles_read_back() {
    for profile in predefined() {
        assert_eq!(read(&written(&profile)).unwrap().profiles, [profile]);
    }
}

#[track_caller]
fn refused(document: &str, expected: &str) {
    assert_eq!(read(document.as_bytes()).unwrap_err().to_string(), expected, "{document}");
}

fn with(settings: &str) -> String {
    let basic = "<BASIC_INFO><GROUP_NAME>A</GROUP_NAME></BASIC_INFO>";
    format!("<OPTION_PROFILES><OPTION_PROFILE>{basic}{settings}</OPTION_PROFILE></OPTION_PROFILES>")
}

#[test]
fn values_that_mean_nothing_are_named() {
    refused("<OPTION_PROFILES>", "the document cannot be read");
    refused("<PROFILES/>", "the root is PROFILES, and not OPTION_PROFILES");
    refused("<OPTION_PROFILES/>", "there is no OPTION_PROFILE");
    let many = format!("<OPTION_PROFILES>{}</OPTION_PROFILES>", "<OPTION_PROFILE/>".repeat(201));
    refused(&many, "there are more than 200 profiles");
    refused(
        "<OPTION_PROFILES><OPTION_PROFILE/></OPTION_PROFILES>",
        "OPTION_PROFILE 1, BASIC_INFO/GROUP_NAME: '' is not a title",
    );
    refused(
        &with("<SCAN><SCAN_DEAD_HOSTS>yes</SCAN_DEAD_HOSTS></SCAN>"),
        "OPTION_PROFILE 1, SCAN/SCAN_DEAD_HOSTS: 'yes' is not 0 or 1",
    );
    refused(
        &with("<SCAN><PERFORMANCE><OVERALL_PERFORMANCE>Fast</OVERALL_PERFORMANCE></PERFORMANCE></SCAN>"),
        "OPTION_PROFILE 1, SCAN/PERFORMANCE/OVERALL_PERFORMANCE: 'Fast' is not one of High, Normal, Low, Custom",
    );
    refused(
        &with(
            "<MAP><MAP_PERFORMANCE><MAP_PARALLEL><NETBLOCK_SIZE>big</NETBLOCK_SIZE></MAP_PARALLEL></MAP_PERFORMANCE></MAP>",
        ),
        "OPTION_PROFILE 1, MAP/MAP_PERFORMANCE/MAP_PARALLEL/NETBLOCK_SIZE: 'big' is not a number of addresses",
    );
    refused(
        &with(
            "<ADDITIONAL><BLOCK_RESOURCES><CUSTOM_IP_LIST>here</CUSTOM_IP_LIST></BLOCK_RESOURCES></ADDITIONAL>",
        ),
        "OPTION_PROFILE 1, ADDITIONAL/BLOCK_RESOURCES/CUSTOM_IP_LIST: 'here' is not a list of IPv4 addresses",
    );
}

#[test]
fn what_others_write_is_read_as_far_as_it_is_known() {
    let level = "<PERFORMANCE><OVERALL_PERFORMANCE>high</OVERALL_PERFORMANCE><HOSTS_TO_SCAN>\
        <EXTERNAL_SCANNERS>20</EXTERNAL_SCANNERS></HOSTS_TO_SCAN></PERFORMANCE><LUCK><BIG>1</BIG></LUCK>";
    let read = read(with(&format!("<SCAN>{level}</SCAN>")).as_bytes()).unwrap();
    assert_eq!(read.profiles[0].performance, Performance::of(PerformanceLevel::High));
    assert_eq!(read.unknown.into_iter().collect::<Vec<_>>(), ["LUCK"]);
    // Without a word about guessing there is none.
    assert_eq!(read.profiles[0].password_brute_forcing, PasswordBruteForcing::None);
}
