//! What one scan does on each of its hosts: made once from its order and the KnowledgeBase, read
//! wherever the engine decides whether to ask.

use std::net::IpAddr;
use std::sync::Arc;

use palisade_kb::{KnowledgeBase, Needs};
use palisade_model::option_profile::{PasswordBruteForcing, ProtectedIps, QidSelection};
use palisade_model::{PortSet, Qid, ScanHeader, Transport, VirtualHost, VirtualName};
use palisade_template::{Library, Protocol};

use crate::order::ScanOrder;
use crate::template::TemplatePlan;
use crate::{ports, udp};

/// A line printer daemon takes what it is sent for jobs. The ports that print at once are left
/// alone wherever services are identified.
const PRINTER_PORTS: [u16; 1] = [515];

/// What a scan does on each host.
#[derive(Debug)]
pub(crate) struct Plan {
    tcp: PortSet,
    udp: PortSet,
    pub(crate) needs: Needs,
    pub(crate) header: Option<ScanHeader>,
    pub(crate) guesses: PasswordBruteForcing,
    printers: bool,
    /// Whether several machines at one address are worth telling.
    pub(crate) load_balancers: bool,
    /// The QIDs that are judged; all when `None`.
    pub(crate) wanted: Option<Vec<Qid>>,
    pub(crate) templates: TemplatePlan,
    virtual_hosts: Vec<VirtualHost>,
}

impl Plan {
    pub(crate) fn of(order: &ScanOrder, kb: &KnowledgeBase, templates: Option<&Arc<Library>>) -> Self {
        let profile = &order.profile;
        let mut selection: QidSelection = profile.detection.select(order.qids.as_deref(), kb);
        if profile.password_brute_forcing == PasswordBruteForcing::None {
            selection.except.extend(kb.guessed());
        }
        // What is left out is left out of the facts too, but only where a scan is for chosen QIDs:
        // a complete one also tells names, services and systems of its hosts.
        let mut needs = match &selection.only {
            None => Needs::everything(),
            Some(_) if order.qids.as_ref().is_some_and(Vec::is_empty) => Needs::identities(),
            Some(_) => kb.needs(&selection),
        };
        let templates = TemplatePlan::new(templates, &selection, profile);
        if templates.has(Protocol::Http) || templates.has(Protocol::Tcp) {
            needs.add_services();
        }
        if templates.has(Protocol::Ssl) {
            needs.add_tls();
        }
        if templates.has(Protocol::Dns) {
            needs.add_name_servers();
        }
        let wanted = (!selection.is_complete())
            .then(|| kb.entries().map(|entry| entry.qid).filter(|qid| selection.has(*qid)).collect());
        let mut tcp = if needs.tcp() { ports::wanted(&profile.tcp) } else { PortSet::default() };
        let mut udp = udp::wanted(&profile.udp);
        // One sweep looks at all hosts: a port blocked for one of them is left alone on all.
        let protected = match &profile.additional.blocked.ips {
            ProtectedIps::AllRegistered => true,
            ProtectedIps::Custom(ips) => !ips.intersection(&order.targets).is_empty(),
        };
        if protected {
            let blocked = profile.additional.blocked.ports.ports();
            tcp = tcp.iter().filter(|port| !blocked.contains(*port)).collect();
            udp = udp.iter().filter(|port| !blocked.contains(*port)).collect();
        }
        if let Some(needed) = needs.udp() {
            udp = udp.iter().filter(|port| needed.contains(*port)).collect();
        }
        Self {
            tcp,
            udp,
            needs,
            header: order.http_header.clone().or_else(|| profile.others.http_header.clone()),
            guesses: profile.password_brute_forcing,
            printers: profile.disruptive_checks,
            load_balancers: profile.load_balancer_detection,
            wanted,
            templates,
            virtual_hosts: order.virtual_hosts.clone(),
        }
    }

    /// Everything may be asked, of no ports: for surveys, which have no profile.
    pub(crate) fn everything() -> Self {
        Self {
            tcp: PortSet::default(),
            udp: PortSet::default(),
            needs: Needs::everything(),
            header: None,
            guesses: PasswordBruteForcing::Standard,
            printers: false,
            load_balancers: true,
            wanted: None,
            templates: TemplatePlan::default(),
            virtual_hosts: Vec::new(),
        }
    }

    /// The ports of each host that are looked at.
    pub(crate) fn ports(&self, transport: Transport) -> &PortSet {
        match transport {
            Transport::Tcp => &self.tcp,
            Transport::Udp => &self.udp,
        }
    }

    /// The names that the web server of this address and port is asked by, beside its own.
    pub(crate) fn virtual_names(&self, ip: IpAddr, port: u16) -> impl Iterator<Item = &VirtualName> {
        let of_port =
            self.virtual_hosts.iter().filter(move |host| (IpAddr::from(host.ip), host.port) == (ip, port));
        of_port.flat_map(|host| &host.names)
    }

    /// Whether something may be said to an open port.
    pub(crate) fn may_speak_to(&self, port: u16) -> bool {
        self.printers || !PRINTER_PORTS.contains(&port)
    }
}

#[cfg(test)]
mod tests {
    use palisade_model::option_profile::{BlockedPorts, PortList, ScanPorts};
    use palisade_model::{Ip6Set, OptionProfile, ScanRef};

    use super::*;

    fn order(qids: Option<&[u32]>) -> ScanOrder {
        ScanOrder {
            scan: "scan/1400000000.00001".parse::<ScanRef>().unwrap(),
            targets: "10.0.0.1".parse().unwrap(),
            targets_v6: Ip6Set::default(),
            profile: OptionProfile { udp: ScanPorts::of(PortList::Full), ..OptionProfile::initial() },
            qids: qids.map(|numbers| numbers.iter().filter_map(|number| Qid::new(*number)).collect()),
            http_header: None,
            zones: Vec::new(),
            sign_ins: Vec::new(),
            virtual_hosts: Vec::new(),
        }
    }

    fn plan(order: &ScanOrder) -> Plan {
        Plan::of(order, &KnowledgeBase::embedded().unwrap(), None)
    }

    #[test]
    fn few_qids_take_few_ports() {
        let all = plan(&order(None));
        assert!(all.wanted.is_none() && all.ports(Transport::Udp).len() == 65_535);
        let snmp = plan(&order(Some(&[78_030])));
        assert!(snmp.ports(Transport::Tcp).is_empty());
        assert_eq!(*snmp.ports(Transport::Udp), [161].into_iter().collect());
    }

    #[test]
    fn an_order_for_no_qid_asks_what_services_there_are() {
        let made = plan(&order(Some(&[])));
        assert_eq!(made.wanted, Some(Vec::new()));
        assert!(made.ports(Transport::Tcp).len() > 1_000 && made.ports(Transport::Udp).len() == 65_535);
        assert!(made.needs.asks("http") && made.needs.through_tls() && made.needs.system());
        assert!(!made.needs.tls() && !made.needs.signs_in() && !made.needs.has_word("listings"));
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
        assert!(!made.ports(Transport::Tcp).contains(80) && !made.ports(Transport::Udp).contains(161));
        order.profile.additional.blocked.ips = ProtectedIps::Custom("10.0.0.2".parse().unwrap());
        assert!(plan(&order).ports(Transport::Tcp).contains(80));
        assert!(!made.may_speak_to(515) && made.may_speak_to(80));
        order.profile.disruptive_checks = true;
        assert!(plan(&order).may_speak_to(515));
    }
}
