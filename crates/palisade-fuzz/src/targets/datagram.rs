//! Single answers in a datagram, and frames as they come from the wire.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use palisade_model::fact::SnmpFacts;
use palisade_packet::answer;
use palisade_packet::proof::Judge;
use palisade_packet::{CookieKey, Reply};
use palisade_probe::reader::Reader;
use palisade_probe::snmp::{self, SnmpMessage};
use palisade_probe::{ber, dns, memcached, netbios, ntp, rpc, tftp};

use crate::Target;

pub const TARGETS: &[Target] = &[
    Target { name: "ber", run: ber },
    Target { name: "dns", run: dns },
    Target { name: "frame", run: frame },
    Target { name: "memcached-datagram", run: memcached_datagram },
    Target { name: "netbios", run: netbios },
    Target { name: "ntp", run: ntp },
    Target { name: "rpc", run: rpc },
    Target { name: "snmp", run: snmp },
    Target { name: "tftp", run: |input| drop(tftp::parse_answer(input)) },
];

fn be16(input: &[u8], at: usize) -> u16 {
    input.get(at..at + 2).map_or(7, |bytes| u16::from_be_bytes([bytes[0], bytes[1]]))
}

fn be32(input: &[u8], at: usize) -> u32 {
    u32::from(be16(input, at)) << 16 | u32::from(be16(input, at + 2))
}

fn ber(input: &[u8]) {
    if let Ok(Some(length)) = ber::total_length(input) {
        assert!(length >= 2, "an element has a tag and a length");
    }
    let mut reader = Reader::new(input);
    while let Ok(element) = ber::Element::read(&mut reader) {
        let _ = (element.integer(), element.unsigned(), element.object_identifier());
    }
}

fn dns(input: &[u8]) {
    if let Ok(message) = dns::answer(input, be16(input, 0)) {
        let _ = (dns::version(&message), dns::is_bind(&message), dns::resolves_for_strangers(&message));
        for record in &message.records {
            let name = record.name.to_string();
            let _ = dns::zones_of(&name);
        }
    }
    let _ = dns::unframed(input);
}

/// A frame is believed only when it proves itself; nobody can know the key here.
fn frame(input: &[u8]) {
    let Some(answer) = answer::read(input) else { return };
    let addresses = [IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), IpAddr::V6(Ipv6Addr::LOCALHOST), answer.to];
    for address in addresses {
        let judge = Judge { key: CookieKey::new([3; 16]), address, port_first: 61_000 };
        if let Some(proven) = judge.prove(&answer) {
            assert!(proven.host == answer.from || matches!(proven.reply, Reply::Rejected { .. }));
        }
    }
}

fn memcached_datagram(input: &[u8]) {
    drop(memcached::parse_udp(input, be16(input, 0)));
}

fn netbios(input: &[u8]) {
    drop(netbios::parse_status(input, be16(input, 0)));
    let _ = netbios::session_accepted(input);
}

fn ntp(input: &[u8]) {
    let transmit = u64::from(be32(input, 24)) << 32 | u64::from(be32(input, 28));
    drop(ntp::parse_answer(input, transmit));
    drop(ntp::parse_variables(input));
    let _ = ntp::parse_monlist(input);
}

fn rpc(input: &[u8]) {
    let id = be32(input, 0);
    drop(rpc::parse_dump(input, id));
    drop(rpc::parse_exports(input, id));
}

/// What can be read can be written, and reads the same again.
fn snmp(input: &[u8]) {
    if let Ok(message) = SnmpMessage::parse(input) {
        let mut facts = SnmpFacts::default();
        snmp::take_system(&message, &mut facts);
        let _ = snmp::write_back(&message, message.pdu.request_id);
        if let Ok(again) = SnmpMessage::parse(&message.to_bytes()) {
            assert_eq!(again, message);
        }
    }
    let _ = snmp::parse_discovery(input, 7);
}
