//! The rules a profile keeps, checked when it is made, edited or read from outside.

use std::ops::RangeInclusive;

use super::{DetectionScope, NETBLOCK_SIZES, OptionProfile, ProfileKind, SearchList};
use crate::port_set::PortSet;

/// Longest title, in characters.
pub const TITLE_CHARACTERS_MAX: usize = 64;
/// Search lists of one profile, and QIDs of one list.
const LISTS_MAX: usize = 50;
const LIST_QIDS_MAX: usize = 50_000;
/// Ports beside a list: as runs, so that a profile stays readable.
const PORTS_TEXT_MAX: usize = 4_000;
const HOSTS: RangeInclusive<u64> = 1..=200;
const PROCESSES: RangeInclusive<u64> = 1..=60;
const HOST_TIMEOUT_S: RangeInclusive<u64> = 60..=86_400;
const RATE_PPS: RangeInclusive<u64> = 1..=1_000_000;
const CONNECTIONS: RangeInclusive<u64> = 1..=1_000;
const NETBLOCKS: RangeInclusive<u64> = 1..=32;
const DEAD_SCANS: RangeInclusive<u64> = 1..=99;

/// Why a profile cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadProfile {
    #[error("the title is empty")]
    NoTitle,
    #[error("the title has more than {max} characters")]
    TitleTooLong { max: usize },
    #[error("the title has a control character, or blanks around it")]
    TitleCharacters,
    #[error("a default profile is global")]
    DefaultNotGlobal,
    #[error("{setting} is {value}, and not from {min} to {max}")]
    OutOfRange { setting: &'static str, value: u64, min: u64, max: u64 },
    #[error("level {level} has numbers of its own; choose custom to set others")]
    NumbersOfLevel { level: &'static str },
    #[error("the scan looks at no port of TCP and of UDP")]
    NoPorts,
    #[error("{setting} is too long a list of ports")]
    TooManyPorts { setting: &'static str },
    #[error("a custom detection needs a list with at least one QID")]
    NothingToDetect,
    #[error("search lists belong to a custom detection")]
    ListsWithoutCustom,
    #[error("a profile has at most {max} search lists")]
    TooManyLists { max: usize },
    #[error("the search list '{title}' has no title, too long a one, or more than {max} QIDs")]
    BadList { title: String, max: usize },
    #[error("map.performance.netblock_size is {value}, and none of 1024, 4096, 8192, 16384, 32768, 65536")]
    NetblockSize { value: u32 },
    #[error("an authentication is named twice")]
    AuthenticationTwice,
    #[error("only performance, dead hosts and additional TCP ports of this profile can be edited")]
    Fixed,
}

/// Whether the profile keeps the rules.
///
/// # Errors
///
/// The first rule it breaks.
pub fn check(profile: &OptionProfile) -> Result<(), BadProfile> {
    check_title(&profile.title, TITLE_CHARACTERS_MAX)?;
    if profile.is_default && !profile.is_global {
        return Err(BadProfile::DefaultNotGlobal);
    }
    if profile.tcp.is_empty() && profile.udp.is_empty() {
        return Err(BadProfile::NoPorts);
    }
    check_port_lists(profile)?;
    check_performance(profile)?;
    check_detection(profile)?;
    check_map(profile)?;
    if let Some(scans) = profile.others.close_after_dead_scans {
        within("others.close_after_dead_scans", scans.into(), DEAD_SCANS)?;
    }
    let mut kinds = profile.authentication.clone();
    kinds.sort_unstable();
    kinds.dedup();
    if kinds.len() == profile.authentication.len() { Ok(()) } else { Err(BadProfile::AuthenticationTwice) }
}

/// Whether `new` may take the place of `old`.
///
/// # Errors
///
/// As [`check`], and [`BadProfile::Fixed`] when it changes what is fixed in profiles of its kind.
pub fn check_edit(old: &OptionProfile, new: &OptionProfile) -> Result<(), BadProfile> {
    check(new)?;
    if old.kind != new.kind {
        return Err(BadProfile::Fixed);
    }
    if old.kind == ProfileKind::Pci {
        let mut allowed = old.clone();
        allowed.performance.clone_from(&new.performance);
        allowed.scan_dead_hosts = new.scan_dead_hosts;
        allowed.tcp.additional.clone_from(&new.tcp.additional);
        // Whose default a profile is, is no setting of it.
        allowed.is_default = new.is_default;
        if allowed != *new {
            return Err(BadProfile::Fixed);
        }
    }
    Ok(())
}

fn check_title(title: &str, max: usize) -> Result<(), BadProfile> {
    if title.is_empty() {
        Err(BadProfile::NoTitle)
    } else if title.chars().count() > max {
        Err(BadProfile::TitleTooLong { max })
    } else if title.trim() != title || title.chars().any(char::is_control) {
        Err(BadProfile::TitleCharacters)
    } else {
        Ok(())
    }
}

fn within(setting: &'static str, value: u64, range: RangeInclusive<u64>) -> Result<(), BadProfile> {
    if range.contains(&value) {
        Ok(())
    } else {
        Err(BadProfile::OutOfRange { setting, value, min: *range.start(), max: *range.end() })
    }
}

fn check_port_lists(profile: &OptionProfile) -> Result<(), BadProfile> {
    let short = |setting, ports: &PortSet| {
        if ports.to_string().len() <= PORTS_TEXT_MAX {
            Ok(())
        } else {
            Err(BadProfile::TooManyPorts { setting })
        }
    };
    short("tcp.additional", &profile.tcp.additional)?;
    short("udp.additional", &profile.udp.additional)?;
    short("map.tcp_additional", &profile.map.tcp_additional)?;
    short("map.udp_additional", &profile.map.udp_additional)?;
    short("additional.host_discovery.tcp_additional", &profile.additional.host_discovery.tcp_additional)?;
    if let super::DiscoveryUdp::Custom(ports) = &profile.additional.host_discovery.udp {
        short("additional.host_discovery.udp", ports)?;
    }
    short("additional.blocked.ports", &profile.additional.blocked.ports.ports())
}

fn check_performance(profile: &OptionProfile) -> Result<(), BadProfile> {
    let performance = &profile.performance;
    within("performance.hosts_external", performance.hosts_external.into(), HOSTS)?;
    within("performance.hosts_appliance", performance.hosts_appliance.into(), HOSTS)?;
    within("performance.processes_total", performance.processes_total.into(), PROCESSES)?;
    within("performance.processes_http", performance.processes_http.into(), PROCESSES)?;
    within("performance.host_timeout_s", performance.host_timeout_s.into(), HOST_TIMEOUT_S)?;
    if let Some(rate) = performance.rate_pps {
        within("performance.rate_pps", rate.into(), RATE_PPS)?;
    }
    if let Some(connections) = performance.connections_per_host {
        within("performance.connections_per_host", connections.into(), CONNECTIONS)?;
    }
    if performance.is_of_its_level() {
        Ok(())
    } else {
        Err(BadProfile::NumbersOfLevel { level: performance.level.title() })
    }
}

fn check_detection(profile: &OptionProfile) -> Result<(), BadProfile> {
    let detection = &profile.detection;
    for lists in [&detection.include, &detection.exclude] {
        if lists.len() > LISTS_MAX {
            return Err(BadProfile::TooManyLists { max: LISTS_MAX });
        }
        for SearchList { id, title, qids, least_severity: _ } in lists {
            // Lists of the subscription have rules of their own.
            let bad_title = id.is_none() && check_title(title, TITLE_CHARACTERS_MAX).is_err();
            if bad_title || qids.len() > LIST_QIDS_MAX {
                let title = title.chars().take(TITLE_CHARACTERS_MAX).collect();
                return Err(BadProfile::BadList { title, max: LIST_QIDS_MAX });
            }
        }
    }
    let wanted = detection.include.iter().any(|list| !list.is_empty());
    match detection.scope {
        DetectionScope::Custom if !wanted => Err(BadProfile::NothingToDetect),
        DetectionScope::Complete | DetectionScope::Runtime if !detection.include.is_empty() => {
            Err(BadProfile::ListsWithoutCustom)
        }
        _ => Ok(()),
    }
}

fn check_map(profile: &OptionProfile) -> Result<(), BadProfile> {
    let performance = &profile.map.performance;
    within("map.performance.netblocks_external", performance.netblocks_external.into(), NETBLOCKS)?;
    within("map.performance.netblocks_appliance", performance.netblocks_appliance.into(), NETBLOCKS)?;
    if NETBLOCK_SIZES.contains(&performance.netblock_size) {
        Ok(())
    } else {
        Err(BadProfile::NetblockSize { value: performance.netblock_size })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{AuthenticationKind, Performance, PerformanceLevel, PortList, ScanPorts, predefined};
    use super::*;
    use crate::qid::Qid;

    #[track_caller]
    fn refused(change: impl FnOnce(&mut OptionProfile), expected: &BadProfile) {
        let mut profile = OptionProfile::initial();
        change(&mut profile);
        assert_eq!(check(&profile).as_ref(), Err(expected));
    }

    #[test]
    fn each_rule_is_kept() {
        assert_eq!(check(&OptionProfile::initial()), Ok(()));
        refused(|profile| profile.title.clear(), &BadProfile::NoTitle);
        refused(|profile| profile.title = "x".repeat(65), &BadProfile::TitleTooLong { max: 64 });
        refused(|profile| profile.title = "a\nb".to_owned(), &BadProfile::TitleCharacters);
        refused(|profile| profile.is_global = false, &BadProfile::DefaultNotGlobal);
        let nothing = |profile: &mut OptionProfile| {
            profile.tcp = ScanPorts::of(PortList::None);
            profile.udp = ScanPorts::of(PortList::None);
        };
        refused(nothing, &BadProfile::NoPorts);
        let setting = "performance.processes_http";
        let range = BadProfile::OutOfRange { setting, value: 0, min: 1, max: 60 };
        refused(|profile| profile.performance.processes_http = 0, &range);
        let numbers = BadProfile::NumbersOfLevel { level: "Normal" };
        refused(|profile| profile.performance.hosts_external = 16, &numbers);
        refused(|profile| profile.detection.scope = DetectionScope::Custom, &BadProfile::NothingToDetect);
        let list = SearchList {
            title: "A".to_owned(),
            qids: [Qid::new(1).unwrap()].into(),
            ..SearchList::default()
        };
        refused(|profile| profile.detection.include = vec![list], &BadProfile::ListsWithoutCustom);
        let size = BadProfile::NetblockSize { value: 7 };
        refused(|profile| profile.map.performance.netblock_size = 7, &size);
        let twice = vec![AuthenticationKind::Unix; 2];
        refused(|profile| profile.authentication = twice, &BadProfile::AuthenticationTwice);
        let odd: PortSet = (1..=u16::MAX).step_by(2).collect();
        let ports = BadProfile::TooManyPorts { setting: "tcp.additional" };
        refused(|profile| profile.tcp.additional = odd, &ports);
    }

    #[test]
    fn what_a_subscription_comes_with_is_in_order() {
        let profiles = predefined();
        for profile in &profiles {
            assert_eq!(check(profile), Ok(()), "{}", profile.title);
        }
        assert_eq!(profiles.iter().filter(|profile| profile.is_default).count(), 1);
    }

    #[test]
    fn a_pci_profile_gives_little_to_edit() {
        let pci = predefined().into_iter().find(|profile| profile.kind == ProfileKind::Pci).unwrap();
        let mut edited = pci.clone();
        edited.performance = Performance::of(PerformanceLevel::Low);
        edited.scan_dead_hosts = true;
        edited.tcp.additional = "8080".parse().unwrap();
        assert_eq!(check_edit(&pci, &edited), Ok(()));
        let full = OptionProfile { udp: ScanPorts::of(PortList::Full), ..pci.clone() };
        assert_eq!(check_edit(&pci, &full), Err(BadProfile::Fixed));
        let other = OptionProfile { kind: ProfileKind::User, ..pci.clone() };
        assert_eq!(check_edit(&pci, &other), Err(BadProfile::Fixed));
        let renamed = OptionProfile { title: "B".to_owned(), ..OptionProfile::initial() };
        assert_eq!(check_edit(&OptionProfile::initial(), &renamed), Ok(()));
    }
}
