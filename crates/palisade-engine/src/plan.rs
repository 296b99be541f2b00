//! What one scan does on each of its hosts: made once from its order and the KnowledgeBase, read
//! wherever the engine decides whether to ask.

use palisade_kb::{KnowledgeBase, Needs};
use palisade_model::option_profile::{PasswordBruteForcing, ProtectedIps, QidSelection};
use palisade_model::{IpSet, PortSet, Qid, ScanHeader, Transport};

use crate::order::ScanOrder;
use crate::{ports, udp};

/// Printers print what is sent to these ports, whatever it is.
const PRINTER_PORTS: [u16; 9] = [515, 9_100, 9_101, 9_102, 9_103, 9_104, 9_105, 9_106, 9_107];

/// What a scan does on each host.
#[derive(Debug)]
pub(crate) struct Plan {
    tcp: PortSet,
    udp: PortSet,
    /// Left alone on `protected`; everywhere when that is `None`.
    blocked: PortSet,
    protected: Option<IpSet>,
    pub(crate) needs: Needs,
    pub(crate) header: Option<ScanHeader>,
    pub(crate) guesses: PasswordBruteForcing,
    printers: bool,
    /// The QIDs that are judged; all when `None`.
    pub(crate) wanted: Option<Vec<Qid>>,
}

impl Plan {
    pub(crate) fn of(order: &ScanOrder, kb: &KnowledgeBase) -> Self {
        let profile = &order.profile;
        let mut selection: QidSelection = profile.detection.select(order.qids.as_deref(), kb);
        if profile.password_brute_forcing == PasswordBruteForcing::None {
            selection.except.extend(kb.guessed());
        }
        // What is left out is left out of the facts too, but only where a scan is for chosen QIDs:
        // a complete one also tells names, services and systems of its hosts.
        let needs = if selection.only.is_some() { kb.needs(&selection) } else { Needs::everything() };
        let wanted = (!selection.is_complete())
            .then(|| kb.entries().map(|entry| entry.qid).filter(|qid| selection.has(*qid)).collect());
        let tcp = if needs.tcp() { ports::wanted(&profile.tcp) } else { PortSet::default() };
        let mut udp = udp::wanted(&profile.udp);
        if let Some(needed) = needs.udp() {
            udp = udp.iter().filter(|port| needed.contains(*port)).collect();
        }
        Self {
            tcp,
            udp,
            blocked: profile.additional.blocked.ports.ports(),
            protected: match &profile.additional.blocked.ips {
                ProtectedIps::AllRegistered => None,
                ProtectedIps::Custom(ips) => Some(ips.clone()),
            },
            needs,
            header: order.http_header.clone().or_else(|| profile.others.http_header.clone()),
            guesses: profile.password_brute_forcing,
            printers: profile.disruptive_checks,
            wanted,
        }
    }

    /// Everything that an order without wishes comes to, and no ports.
    pub(crate) fn everything() -> Self {
        Self {
            tcp: PortSet::default(),
            udp: PortSet::default(),
            blocked: PortSet::default(),
            protected: None,
            needs: Needs::everything(),
            header: None,
            guesses: PasswordBruteForcing::Standard,
            printers: false,
            wanted: None,
        }
    }

    /// The TCP ports that may be swept on every target alike. `None` where there are none, or where
    /// some hosts have ports that are to be left alone and others have not.
    pub(crate) fn swept_ports(&self) -> Option<PortSet> {
        if self.protected.is_some() && !self.blocked.is_empty() {
            return None;
        }
        let ports: PortSet = self.tcp.iter().filter(|port| !self.blocked.contains(*port)).collect();
        Some(ports).filter(|ports| !ports.is_empty())
    }

    /// The ports of a host that are looked at.
    pub(crate) fn ports(&self, address: std::net::Ipv4Addr, transport: Transport) -> PortSet {
        let all = match transport {
            Transport::Tcp => &self.tcp,
            Transport::Udp => &self.udp,
        };
        let protected = self.protected.as_ref().is_none_or(|ips| ips.contains(address));
        if self.blocked.is_empty() || !protected {
            return all.clone();
        }
        all.iter().filter(|port| !self.blocked.contains(*port)).collect()
    }

    /// Whether something may be said to an open port.
    pub(crate) fn may_speak_to(&self, port: u16) -> bool {
        self.printers || !PRINTER_PORTS.contains(&port)
    }
}

#[cfg(test)]
mod tests {
    use palisade_model::option_profile::{BlockedPorts, PortList, ScanPorts};
    use palisade_model::{OptionProfile, ScanRef};

    use super::*;

    fn order(qids: Option<&[u32]>) -> ScanOrder {
        ScanOrder {
            scan: "scan/1400000000.00001".parse::<ScanRef>().unwrap(),
            targets: "10.0.0.1".parse().unwrap(),
            profile: OptionProfile { udp: ScanPorts::of(PortList::Full), ..OptionProfile::initial() },
            qids: qids.map(|numbers| numbers.iter().filter_map(|number| Qid::new(*number)).collect()),
            http_header: None,
            zones: Vec::new(),
        }
    }

    fn plan(order: &ScanOrder) -> Plan {
        Plan::of(order, &KnowledgeBase::embedded().unwrap())
    }

    #[test]
    fn few_qids_take_few_ports() {
        let here = "10.0.0.1".parse().unwrap();
        let all = plan(&order(None));
        assert!(all.wanted.is_none() && all.ports(here, Transport::Udp).len() == 65_535);
        let snmp = plan(&order(Some(&[78_030])));
        assert!(snmp.ports(here, Transport::Tcp).is_empty());
        assert_eq!(snmp.ports(here, Transport::Udp), [161].into_iter().collect());
    }

    #[test]
    fn without_guesses_nothing_that_needs_them_is_judged() {
        let mut order = order(None);
        order.profile.password_brute_forcing = PasswordBruteForcing::None;
        let wanted = plan(&order).wanted.unwrap();
        assert!(!wanted.contains(&Qid::new(900_086).unwrap()) && wanted.len() > 100);
    }

    #[test]
    fn printers_and_blocked_ports_are_left_alone() {
        let mut order = order(None);
        order.profile.additional.blocked.ports = BlockedPorts::Custom("80,161".parse().unwrap());
        let ips = ProtectedIps::Custom("10.0.0.1".parse().unwrap());
        order.profile.additional.blocked.ips = ips;
        let made = plan(&order);
        let (here, there) = ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
        assert!(!made.ports(here, Transport::Tcp).contains(80));
        assert!(!made.ports(here, Transport::Udp).contains(161));
        assert!(made.ports(there, Transport::Tcp).contains(80));
        assert!(!made.may_speak_to(9_100) && !made.may_speak_to(515) && made.may_speak_to(80));
        order.profile.disruptive_checks = true;
        assert!(plan(&order).may_speak_to(9_100));
    }
}
