//! Which TCP ports are open, found by connecting.
//!
//! A refusal is final; silence is asked again, because a lost packet looks the same. Where a first
//! sample of the silent ports stays silent, it is a filter and not loss, and the rest is not asked
//! twice: that is what keeps a filtered host within seconds. Open connections are closed in the
//! ordinary way, without a reset, so that services do not log an error for being looked at.

use std::sync::OnceLock;

use futures_util::StreamExt;
use palisade_model::option_profile::{PortList, ScanPorts};
use palisade_model::{OptionProfile, PortSet};

use crate::pacing::{Connected, HostPace};
use crate::sheet::Sheet;

/// Silent ports asked again before the rest is believed.
const SAMPLE: usize = 96;

/// The standard list, about 2,000 ports.
#[must_use]
pub fn standard_tcp_ports() -> &'static PortSet {
    static PORTS: OnceLock<PortSet> = OnceLock::new();
    PORTS.get_or_init(|| read_list(include_str!("ports/tcp-standard.txt")))
}

/// The light list, about 160 ports.
fn light_tcp_ports() -> &'static PortSet {
    static PORTS: OnceLock<PortSet> = OnceLock::new();
    PORTS.get_or_init(|| read_list(include_str!("ports/tcp-light.txt")))
}

/// Ports and ranges separated by white space; `#` starts a remark. Words that are neither are
/// passed over: the list is part of the program, and a test reads it strictly.
fn read_list(text: &str) -> PortSet {
    words(text)
        .filter_map(|word| word.parse::<PortSet>().ok())
        .flat_map(|set| set.iter().collect::<Vec<_>>())
        .collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| line.split('#').next().unwrap_or_default().split_ascii_whitespace())
}

/// The TCP ports that a scan by this profile looks at.
#[must_use]
pub fn tcp_ports(profile: &OptionProfile) -> PortSet {
    wanted(&profile.tcp)
}

/// The TCP ports a profile asks for.
pub(crate) fn wanted(profile: &ScanPorts) -> PortSet {
    let list = match profile.list {
        PortList::Standard => standard_tcp_ports().clone(),
        PortList::Light => light_tcp_ports().clone(),
        PortList::Full => return PortSet::full(),
        PortList::None => PortSet::default(),
    };
    list.iter().chain(profile.additional.iter()).collect()
}

/// Looks at every port of `ports` that the sheet does not know of yet and writes what is found to it as
/// it is found. Gives the open ones, ascending.
pub(crate) async fn scan(host: &HostPace, sheet: &Sheet, ports: &PortSet) -> Vec<u16> {
    let known = sheet.lock().asked_ports();
    let mut open = known.open.as_slice().to_vec();
    let mut order = in_order_of_interest(ports);
    order.retain(|port| !known.asked.contains(*port));
    let newly_silent = pass(host, sheet, &order, host.port_scan_max(), Pass::First, &mut open).await;
    let mut silent = in_order_of_interest(&known.silent);
    silent.extend(newly_silent);

    // Half the pressure the second time, in case the silence was of our making.
    let parallel = (host.port_scan_max() / 2).max(1);
    let rest = silent.split_off(silent.len().min(SAMPLE));
    let still_silent = pass(host, sheet, &silent, parallel, Pass::Again, &mut open).await;
    if still_silent.len() < silent.len() {
        pass(host, sheet, &rest, parallel, Pass::Again, &mut open).await;
    }
    open.sort_unstable();
    open
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    First,
    Again,
}

/// Asks the ports once; gives those that said nothing.
async fn pass(
    host: &HostPace,
    sheet: &Sheet,
    ports: &[u16],
    parallel: usize,
    pass: Pass,
    open: &mut Vec<u16>,
) -> Vec<u16> {
    let mut silent = Vec::new();
    let mut seen = sheet.lock().tcp_ports.len();
    let total = seen + ports.len();
    let mut answers = futures_util::stream::iter(ports.iter().copied())
        .map(|port| async move {
            let found = match host.connect(port).await {
                Connected::Open(..) | Connected::Reset => Found::Open,
                Connected::Refused => Found::Closed,
                Connected::Silent => Found::Silent,
            };
            (port, found)
        })
        .buffer_unordered(parallel);
    while let Some((port, found)) = answers.next().await {
        match found {
            Found::Open => open.push(port),
            Found::Closed => {}
            Found::Silent => silent.push(port),
        }
        sheet.tcp_port_seen(port, found, pass == Pass::Again);
        seen += 1;
        if pass == Pass::First {
            sheet.advance(seen, total);
        }
    }
    silent
}

/// What a port said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    Open,
    Closed,
    Silent,
}

/// Ports that are open most often come first: a host that runs out of time has shown them, and
/// the sample of silent ports is made of them.
pub(crate) fn in_order_of_interest(ports: &PortSet) -> Vec<u16> {
    const FIRST: [u16; 40] = [
        80, 443, 22, 21, 25, 23, 53, 110, 111, 135, 139, 143, 389, 445, 465, 587, 636, 873, 993, 995, 1433,
        1521, 1723, 1883, 2049, 2222, 3128, 3306, 3389, 5060, 5432, 5900, 6379, 8000, 8008, 8080, 8443, 8888,
        11211, 27017,
    ];
    let first = FIRST.into_iter().filter(|port| ports.contains(*port));
    first.chain(ports.iter().filter(|port| !FIRST.contains(port))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_list_reads_and_holds_what_everybody_expects() {
        for text in [include_str!("ports/tcp-standard.txt"), include_str!("ports/tcp-light.txt")] {
            for word in words(text) {
                assert!(word.parse::<PortSet>().is_ok(), "{word}");
            }
        }
        let ports = standard_tcp_ports();
        assert!((1_800..2_300).contains(&ports.len()), "{}", ports.len());
        for port in [21, 22, 23, 25, 80, 111, 443, 445, 631, 873, 2049, 3306, 5432, 6379, 8080, 11211, 27017]
        {
            assert!(ports.contains(port), "{port}");
        }
    }

    #[test]
    fn lists_grow_from_light_to_full_and_take_more_ports() {
        let of = |list| wanted(&ScanPorts::of(list));
        let light = of(PortList::Light);
        assert!((140..180).contains(&light.len()), "{}", light.len());
        assert!(light.iter().all(|port| standard_tcp_ports().contains(port)));
        assert_eq!((of(PortList::None).len(), of(PortList::Full).len()), (0, 65_535));
        let additional = "80,47999".parse::<PortSet>().unwrap();
        let more = wanted(&ScanPorts { list: PortList::Light, additional: additional.clone() });
        assert_eq!(more.len(), light.len() + 1, "80 is one of them");
        assert_eq!(wanted(&ScanPorts::only(additional.clone())), additional);
    }

    #[test]
    fn every_port_is_asked_once() {
        let order = in_order_of_interest(standard_tcp_ports());
        assert_eq!(order.iter().copied().collect::<PortSet>(), *standard_tcp_ports());
        assert_eq!(order.len(), standard_tcp_ports().len());
        assert_eq!(order.first(), Some(&80));
    }
}
