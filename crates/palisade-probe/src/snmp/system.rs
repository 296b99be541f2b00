//! The system group, the harmless write test, and whether SNMPv3 is spoken.

use palisade_model::fact::{SnmpFacts, printable};

use super::message::{Binding, Operation, Pdu, SnmpMessage, SnmpVersion, Value};
use crate::ber::{self, Element};
use crate::reader::{Malformed, Reader};

/// Communities that devices come with, the likeliest first. All are tried; an agent that does not
/// know one says nothing at all.
pub const COMMUNITIES: &[&str] = &[
    "public",
    "private",
    "community",
    "manager",
    "admin",
    "snmp",
    "cisco",
    "default",
    "monitor",
    "write",
    "secret",
    "security",
    "read",
    "network",
    "system",
    "root",
    "test",
    "ILMI",
];

const SYSTEM: [u32; 7] = [1, 3, 6, 1, 2, 1, 1];
/// sysContact.0
pub const SYSTEM_CONTACT: [u32; 9] = [1, 3, 6, 1, 2, 1, 1, 4, 0];
/// sysLocation.0
pub const SYSTEM_LOCATION: [u32; 9] = [1, 3, 6, 1, 2, 1, 1, 6, 0];

fn request(
    version: SnmpVersion,
    community: &str,
    request_id: i32,
    operation: Operation,
    bindings: Vec<Binding>,
) -> Vec<u8> {
    let pdu = Pdu { operation, request_id, error_status: 0, error_index: 0, bindings };
    SnmpMessage { version, community: community.as_bytes().to_vec(), pdu }.to_bytes()
}

/// Asks for description, object identifier, uptime, contact, name and location.
///
/// With GETNEXT, so that a v1 agent which lacks one of them still answers for the others.
#[must_use]
pub fn system_request(version: SnmpVersion, community: &str, request_id: i32) -> Vec<u8> {
    let bindings = (1..=6)
        .map(|member| Binding { object: [&SYSTEM[..], &[member]].concat(), value: Value::Null })
        .collect();
    request(version, community, request_id, Operation::GetNext, bindings)
}

/// Takes an answer to [`system_request`] into the facts.
pub fn take_system(answer: &SnmpMessage, facts: &mut SnmpFacts) {
    let version = answer.version.as_str();
    if !facts.versions.iter().any(|known| known == version) {
        facts.versions.push(version.to_owned());
    }
    let community = printable(&answer.community, 64);
    if !facts.communities.contains(&community) {
        facts.communities.push(community);
    }
    for binding in &answer.pdu.bindings {
        let Some([member, 0]) = binding.object.strip_prefix(&SYSTEM[..]) else { continue };
        match (member, &binding.value) {
            (1, value) => facts.description = text(value),
            (2, Value::ObjectIdentifier(arcs)) => facts.object_id = Some(dotted(arcs)),
            (3, Value::TimeTicks(ticks)) => facts.uptime_s = Some(ticks / 100),
            (4, value) => facts.contact = text(value),
            (5, value) => facts.name = text(value),
            (6, value) => facts.location = text(value),
            _ => {}
        }
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Octets(content) => Some(printable(content, 500)),
        _ => None,
    }
}

fn dotted(arcs: &[u32]) -> String {
    arcs.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
}

/// A SET of contact or location to the value it was just read with; `None` when neither was read.
/// The community may write when the answer has error status 0.
#[must_use]
pub fn write_back(answer: &SnmpMessage, request_id: i32) -> Option<Vec<u8>> {
    let binding = answer.pdu.bindings.iter().find(|binding| {
        let writable = [&SYSTEM_CONTACT[..], &SYSTEM_LOCATION[..]].contains(&binding.object.as_slice());
        writable && matches!(binding.value, Value::Octets(_))
    })?;
    let pdu = Pdu {
        operation: Operation::Set,
        request_id,
        error_status: 0,
        error_index: 0,
        bindings: vec![binding.clone()],
    };
    Some(SnmpMessage { version: answer.version, community: answer.community.clone(), pdu }.to_bytes())
}

/// An SNMPv3 message without user, which every v3 engine answers with its identity.
#[must_use]
pub fn discovery(message_id: i32) -> Vec<u8> {
    let number = |value: i64| ber::integer(ber::INTEGER, value);
    let header = ber::constructed(
        ber::SEQUENCE,
        // Identifier, size we take, flags (reportable), user-based security.
        &[number(i64::from(message_id)), number(65_507), ber::octets(&[4]), number(3)],
    );
    let empty = ber::octets(b"");
    let security = ber::constructed(
        ber::SEQUENCE,
        &[empty.clone(), number(0), number(0), empty.clone(), empty.clone(), empty.clone()],
    );
    let pdu = Pdu {
        operation: Operation::Get,
        request_id: message_id,
        error_status: 0,
        error_index: 0,
        bindings: Vec::new(),
    };
    let scoped = ber::constructed(ber::SEQUENCE, &[empty.clone(), empty, pdu.to_bytes()]);
    ber::constructed(ber::SEQUENCE, &[number(3), header, ber::octets(&security), scoped])
}

/// Reads the answer to [`discovery`]: the engine's identifier in lower-case hex.
pub fn parse_discovery(datagram: &[u8], message_id: i32) -> Result<String, Malformed> {
    let mut reader = Element::read_as(&mut Reader::new(datagram), ber::SEQUENCE)?;
    if Element::read(&mut reader)?.integer()? != 3 {
        return Err(Malformed::OtherProtocol);
    }
    let mut header = Element::read_as(&mut reader, ber::SEQUENCE)?;
    if Element::read(&mut header)?.integer()? != i64::from(message_id) {
        return Err(Malformed::OtherProtocol);
    }
    let mut security = Element::read_as(&mut reader, ber::OCTET_STRING)?;
    let mut security = Element::read_as(&mut security, ber::SEQUENCE)?;
    let engine = Element::read_as(&mut security, ber::OCTET_STRING)?.rest();
    if engine.len() > 32 {
        return Err(Malformed::TooLong);
    }
    Ok(engine.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered() -> SnmpMessage {
        let of = |member: u32, value| Binding { object: [&SYSTEM[..], &[member, 0]].concat(), value };
        SnmpMessage {
            version: SnmpVersion::V1,
            community: b"public".to_vec(),
            pdu: Pdu {
                operation: Operation::Response,
                request_id: 5,
                error_status: 0,
                error_index: 0,
                bindings: vec![
                    of(1, Value::Octets(b"Cisco IOS Software, C2960 Software".to_vec())),
                    of(2, Value::ObjectIdentifier(vec![1, 3, 6, 1, 4, 1, 9, 1, 716])),
                    of(3, Value::TimeTicks(12_345)),
                    of(4, Value::Octets(b"noc@lab.test".to_vec())),
                ],
            },
        }
    }

    #[test]
    fn the_system_group_becomes_facts() {
        let mut facts = SnmpFacts::default();
        take_system(&answered(), &mut facts);
        take_system(&answered(), &mut facts);
        assert_eq!(
            (facts.versions.as_slice(), facts.communities.as_slice()),
            (&["1".to_owned()][..], &["public".to_owned()][..])
        );
        assert_eq!(facts.uptime_s, Some(123));
        assert_eq!(facts.object_id.as_deref(), Some("1.3.6.1.4.1.9.1.716"));
        assert_eq!(facts.contact.as_deref(), Some("noc@lab.test"));
    }

    #[test]
    fn writing_back_changes_nothing() {
        let bytes = write_back(&answered(), 6).unwrap();
        let set = SnmpMessage::parse(&bytes).unwrap();
        assert_eq!((set.pdu.operation, set.pdu.request_id), (Operation::Set, 6));
        assert_eq!(set.pdu.bindings, answered().pdu.bindings[3..]);
        let mut without = answered();
        without.pdu.bindings.truncate(3);
        assert_eq!(write_back(&without, 6), None);
    }

    #[test]
    fn a_request_is_the_well_known_one() {
        let bytes = system_request(SnmpVersion::V2c, "public", 1);
        let message = SnmpMessage::parse(&bytes).unwrap();
        assert_eq!(message.pdu.bindings.len(), 6);
        assert!(bytes.starts_with(b"\x30\x66\x02\x01\x01\x04\x06public\xa1"));
    }

    #[test]
    fn discovery_reads_the_engine() {
        // A report from net-snmp: engine 80001f8880..., usmStatsUnknownEngineIDs.
        let number = |value: i64| ber::integer(ber::INTEGER, value);
        let header =
            ber::constructed(ber::SEQUENCE, &[number(9), number(65_507), ber::octets(&[0]), number(3)]);
        let engine = ber::octets(b"\x80\x00\x1f\x88\x80\x01");
        let security = ber::constructed(ber::SEQUENCE, &[engine, number(1), number(2)]);
        let report =
            ber::constructed(ber::SEQUENCE, &[number(3), header, ber::octets(&security), ber::octets(b"")]);
        assert_eq!(parse_discovery(&report, 9).unwrap(), "80001f888001");
        assert_eq!(parse_discovery(&report, 8), Err(Malformed::OtherProtocol));
        for short in 0..report.len() {
            assert!(parse_discovery(&report[..short], 9).is_err());
        }
        assert_eq!(discovery(1).first(), Some(&ber::SEQUENCE));
    }
}
