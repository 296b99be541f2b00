//! Which addresses answer at all: what is asked, and what an answer proves.

use std::collections::HashMap;
use std::time::Duration;

use palisade_packet::{Heard, IcmpError, Probe, Reply};

use crate::discovery::{CLOSED_DATAGRAM_PORT, PORTS};

/// What is asked where the profile does not say otherwise: echo and timestamp, a SYN to the ports
/// where machines of every kind accept or refuse, an ACK for filters that let only answers through,
/// and datagrams.
pub(crate) fn standard_probes() -> Vec<Probe> {
    let mut probes = vec![Probe::Echo, Probe::Timestamp, Probe::Ack(80)];
    probes.extend(PORTS.map(Probe::Syn));
    probes.extend([53, 137, 161, CLOSED_DATAGRAM_PORT].map(Probe::Udp));
    probes
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
    pub(crate) fn alive_by(&self) -> String {
        match self.proof {
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
        assert_eq!((host.alive_by().as_str(), host.ttl, host.echo), ("ICMP echo reply", Some(62), true));
    }

    #[test]
    fn the_standard_probes_fit_into_one_batch() {
        let probes = standard_probes();
        assert!(probes.len() <= 32, "{}", probes.len());
        assert_eq!(probes.iter().collect::<std::collections::HashSet<_>>().len(), probes.len());
    }
}
