//! Which addresses answer at all: what is asked, and what an answer proves.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::time::Duration;

use palisade_model::option_profile::{DiscoveryUdp, HostDiscovery, PacketOptions};
use palisade_packet::{Heard, IcmpError, Probe, Reply};

use crate::discovery::{CLOSED_DATAGRAM_PORT, PORTS};

/// Probes of one host leave together, in one batch.
const PROBES_MAX: usize = 48;
/// So many addresses of a network of 256 that answer alike are one firewall.
const ALIKE_MIN: usize = 200;

/// What is asked: echo and timestamp, a SYN to the ports where machines of every kind accept or refuse,
/// an ACK for filters that let only answers through, and datagrams; as far as the profile wants them.
pub(crate) fn probes(wished: &HostDiscovery, packets: PacketOptions) -> Vec<Probe> {
    let mut probes = Vec::new();
    if wished.icmp {
        probes.extend([Probe::Echo, Probe::Timestamp]);
    }
    if !packets.no_ack_in_discovery {
        probes.push(Probe::Ack(80));
    }
    if wished.tcp_standard {
        probes.extend(PORTS.map(Probe::Syn));
    }
    match &wished.udp {
        DiscoveryUdp::Standard => probes.extend([53, 137, 161, CLOSED_DATAGRAM_PORT].map(Probe::Udp)),
        DiscoveryUdp::Custom(ports) => probes.extend(ports.iter().map(Probe::Udp)),
    }
    probes.extend(wished.tcp_additional.iter().map(Probe::Syn));
    let mut seen = HashSet::new();
    probes.retain(|probe| seen.insert(*probe));
    probes.truncate(PROBES_MAX);
    probes
}

/// Takes out hosts that only a firewall speaks for, as the options say: all resets, or what comes from
/// so much of a network, with as many hops left, that it cannot be the hosts themselves.
pub(crate) fn without_firewalls(found: &mut HashMap<IpAddr, Found>, packets: PacketOptions) {
    let mut alike = HashMap::<(u128, u8, bool), usize>::new();
    let kind = |address: IpAddr, found: &Found| {
        let refuses = match found.proof {
            Proof::Refusal(_) | Proof::RefusedAcknowledgement(_) => true,
            Proof::Acceptance(_) => false,
            _ => return None,
        };
        let network = match address {
            IpAddr::V4(address) => u128::from(address.to_bits() >> 8),
            IpAddr::V6(address) => address.to_bits() >> 8,
        };
        Some((network, found.ttl.unwrap_or_default(), refuses))
    };
    for (address, each) in found.iter() {
        if let Some(kind) = kind(*address, each) {
            *alike.entry(kind).or_default() += 1;
        }
    }
    found.retain(|address, each| {
        let Some(kind) = kind(*address, each) else { return true };
        let seems_a_firewall = alike.get(&kind).is_some_and(|count| *count >= ALIKE_MIN);
        match kind {
            (_, _, true) => !(packets.ignore_all_rst || (packets.ignore_firewall_rst && seems_a_firewall)),
            (_, _, false) => !(packets.ignore_firewall_syn_ack && seems_a_firewall),
        }
    });
}

/// What is known of a host that answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    proof: Proof,
    pub(crate) ttl: Option<u8>,
    pub(crate) echo: bool,
    pub(crate) round_trip: Option<Duration>,
}

/// The strongest comes last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Proof {
    Neighbour,
    Datagram(u16),
    PortUnreachable,
    Refusal(u16),
    RefusedAcknowledgement(u16),
    Acceptance(u16),
    Mask,
    Timestamp,
    Echo,
}

impl Found {
    pub(crate) fn neighbour() -> Self {
        Self { proof: Proof::Neighbour, ttl: None, echo: false, round_trip: None }
    }

    /// For people.
    pub(crate) fn alive_by(&self, address: IpAddr) -> String {
        match self.proof {
            Proof::Neighbour if address.is_ipv6() => "neighbour advertisement".to_owned(),
            Proof::Neighbour => "ARP reply".to_owned(),
            Proof::Datagram(port) => format!("UDP port {port} answers"),
            Proof::PortUnreachable => "ICMP port unreachable".to_owned(),
            Proof::Refusal(port) => format!("TCP port {port} refuses connections"),
            Proof::RefusedAcknowledgement(port) => format!("TCP port {port} refuses an acknowledgement"),
            Proof::Acceptance(port) => format!("TCP port {port} accepts connections"),
            Proof::Mask => "ICMP address mask reply".to_owned(),
            Proof::Timestamp => "ICMP timestamp reply".to_owned(),
            Proof::Echo => "ICMP echo reply".to_owned(),
        }
    }

    /// Takes one more answer of the same host into account.
    fn add(&mut self, other: Self) {
        if other.proof > self.proof {
            self.proof = other.proof;
            self.ttl = other.ttl;
        }
        self.echo |= other.echo;
        self.round_trip = match (self.round_trip, other.round_trip) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
    }
}

/// Takes an answer into account; one that proves nothing is passed over. An error that another
/// machine sends, or a filter, does not show that the host is there.
pub(crate) fn learn(found: &mut HashMap<u64, Found>, heard: &Heard) {
    let proof = match (heard.proven.probe, heard.proven.reply) {
        (_, Reply::Refused(IcmpError::PortUnreachable)) => Proof::PortUnreachable,
        (_, Reply::Rejected { .. } | Reply::Refused(_)) => return,
        (Probe::Neighbour, _) | (_, Reply::Neighbour(_)) => Proof::Neighbour,
        (Probe::Echo, _) => Proof::Echo,
        (Probe::Timestamp, _) => Proof::Timestamp,
        (Probe::Mask, _) => Proof::Mask,
        (Probe::Syn(port), Reply::Open(_)) => Proof::Acceptance(port),
        (Probe::Syn(port), _) => Proof::Refusal(port),
        (Probe::Ack(port), _) => Proof::RefusedAcknowledgement(port),
        (Probe::Udp(port), _) => Proof::Datagram(port),
    };
    let new = Found {
        proof,
        ttl: Some(heard.proven.ttl),
        echo: proof == Proof::Echo,
        round_trip: heard.round_trip,
    };
    found.entry(heard.number).and_modify(|known| known.add(new)).or_insert(new);
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use palisade_packet::Proven;

    use super::*;

    fn heard(probe: Probe, reply: Reply, ttl: u8) -> Heard {
        let host = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
        Heard {
            number: 1,
            probe: 0,
            proven: Proven { host, probe, pass: None, ttl, reply },
            round_trip: None,
        }
    }

    #[test]
    fn the_strongest_proof_is_told_and_errors_of_others_prove_nothing() {
        let mut found = HashMap::new();
        let by = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 254));
        learn(
            &mut found,
            &heard(Probe::Syn(80), Reply::Rejected { error: IcmpError::HostUnreachable, by }, 60),
        );
        learn(&mut found, &heard(Probe::Syn(80), Reply::Refused(IcmpError::Prohibited), 60));
        assert!(found.is_empty());
        learn(&mut found, &heard(Probe::Syn(81), Reply::Closed, 61));
        learn(&mut found, &heard(Probe::Echo, Reply::Alive, 62));
        learn(&mut found, &heard(Probe::Ack(80), Reply::Closed, 63));
        let host = found[&1];
        assert_eq!((host.alive_by(by).as_str(), host.ttl, host.echo), ("ICMP echo reply", Some(62), true));
    }

    #[test]
    fn what_is_asked_follows_the_profile() {
        let standard = probes(&HostDiscovery::default(), PacketOptions::default());
        assert!(standard.contains(&Probe::Echo) && standard.contains(&Probe::Syn(443)));
        assert!(standard.len() <= PROBES_MAX);
        let wished = HostDiscovery {
            tcp_standard: false,
            tcp_additional: (1..200).collect(),
            udp: DiscoveryUdp::Custom([161].into_iter().collect()),
            icmp: false,
        };
        let packets = PacketOptions { no_ack_in_discovery: true, ..PacketOptions::default() };
        let asked = probes(&wished, packets);
        assert_eq!(asked.first(), Some(&Probe::Udp(161)));
        assert_eq!(asked.len(), PROBES_MAX);
        assert!(asked.iter().skip(1).all(|probe| matches!(probe, Probe::Syn(_))));
    }

    #[test]
    fn a_firewall_that_refuses_for_a_whole_network_is_no_host() {
        let refused = Found { proof: Proof::Refusal(80), ttl: Some(60), echo: false, round_trip: None };
        let echoed = Found { proof: Proof::Echo, ttl: Some(60), echo: true, round_trip: None };
        let network = || {
            let at = |network: [u8; 3], last| IpAddr::from([network[0], network[1], network[2], last]);
            let mut found: HashMap<IpAddr, Found> =
                (0..250).map(|last| (at([192, 0, 2], last), refused)).collect();
            found.insert(at([192, 0, 2], 251), echoed);
            found.insert(at([198, 51, 100], 7), refused);
            found
        };
        let left = |packets| {
            let mut found = network();
            without_firewalls(&mut found, packets);
            found.len()
        };
        assert_eq!(left(PacketOptions::default()), 252);
        assert_eq!(left(PacketOptions { ignore_firewall_rst: true, ..PacketOptions::default() }), 2);
        assert_eq!(left(PacketOptions { ignore_all_rst: true, ..PacketOptions::default() }), 1);
        assert_eq!(left(PacketOptions { ignore_firewall_syn_ack: true, ..PacketOptions::default() }), 252);
    }
}
