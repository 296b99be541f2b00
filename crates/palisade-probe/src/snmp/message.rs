//! SNMP v1 and v2c messages.

use crate::ber::{self, Element};
use crate::reader::{Malformed, Reader};

/// Version of a community-based message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnmpVersion {
    V1,
    V2c,
}

impl SnmpVersion {
    /// As facts name it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "1",
            Self::V2c => "2c",
        }
    }
}

/// What a message asks or answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Get,
    GetNext,
    Response,
    Set,
    /// What v3 answers discovery with.
    Report,
}

impl Operation {
    const fn tag(self) -> u8 {
        match self {
            Self::Get => 0xa0,
            Self::GetNext => 0xa1,
            Self::Response => 0xa2,
            Self::Set => 0xa3,
            Self::Report => 0xa8,
        }
    }

    fn from_tag(tag: u8) -> Result<Self, Malformed> {
        [Self::Get, Self::GetNext, Self::Response, Self::Set, Self::Report]
            .into_iter()
            .find(|operation| operation.tag() == tag)
            .ok_or(Malformed::Value)
    }
}

/// A value bound to an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Null,
    Integer(i64),
    Octets(Vec<u8>),
    ObjectIdentifier(Vec<u32>),
    /// Hundredths of a second.
    TimeTicks(u64),
    /// `noSuchObject`, `noSuchInstance`, `endOfMibView`.
    Missing,
    /// Counters, addresses and the like: tag and content.
    Other(u8, Vec<u8>),
}

impl Value {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let element = Element::read(reader)?;
        Ok(match element.tag {
            ber::NULL => Self::Null,
            ber::INTEGER => Self::Integer(element.integer()?),
            ber::OCTET_STRING => Self::Octets(element.content.to_vec()),
            ber::OBJECT_IDENTIFIER => Self::ObjectIdentifier(element.object_identifier()?),
            0x43 => Self::TimeTicks(element.unsigned()?),
            0x80..=0x82 => Self::Missing,
            tag => Self::Other(tag, element.content.to_vec()),
        })
    }

    fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Null => ber::element(ber::NULL, b""),
            Self::Integer(value) => ber::integer(ber::INTEGER, *value),
            Self::Octets(content) => ber::octets(content),
            Self::ObjectIdentifier(arcs) => ber::object_identifier(arcs),
            Self::TimeTicks(ticks) => ber::unsigned(0x43, *ticks),
            Self::Missing => ber::element(0x80, b""),
            Self::Other(tag, content) => ber::element(*tag, content),
        }
    }
}

/// An object and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    pub object: Vec<u32>,
    pub value: Value,
}

/// The content of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pdu {
    pub operation: Operation,
    pub request_id: i32,
    /// 0: no error; 2 `noSuchName`, 4 `readOnly`, 6 `noAccess`, 17 `notWritable`, ...
    pub error_status: i64,
    pub error_index: i64,
    pub bindings: Vec<Binding>,
}

/// A message with a community.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnmpMessage {
    pub version: SnmpVersion,
    pub community: Vec<u8>,
    pub pdu: Pdu,
}

/// Why a datagram is no answer.
pub type BadMessage = Malformed;

const BINDINGS_MAX: usize = 128;

impl SnmpMessage {
    pub fn parse(datagram: &[u8]) -> Result<Self, BadMessage> {
        let mut reader = Element::read_as(&mut Reader::new(datagram), ber::SEQUENCE)?;
        let version = match Element::read(&mut reader)?.integer()? {
            0 => SnmpVersion::V1,
            1 => SnmpVersion::V2c,
            _ => return Err(Malformed::Value),
        };
        let community = Element::read_as(&mut reader, ber::OCTET_STRING)?.rest().to_vec();
        Ok(Self { version, community, pdu: Pdu::read(&mut reader)? })
    }

    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let version = match self.version {
            SnmpVersion::V1 => 0,
            SnmpVersion::V2c => 1,
        };
        ber::constructed(
            ber::SEQUENCE,
            &[ber::integer(ber::INTEGER, version), ber::octets(&self.community), self.pdu.to_bytes()],
        )
    }

    /// This answers the request with that number.
    #[must_use]
    pub fn answers(&self, request_id: i32) -> bool {
        self.pdu.operation == Operation::Response && self.pdu.request_id == request_id
    }
}

impl Pdu {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let element = Element::read(reader)?;
        let operation = Operation::from_tag(element.tag)?;
        let mut content = Reader::new(element.content);
        let request_id = Element::read(&mut content)?.integer()?;
        let request_id = i32::try_from(request_id).map_err(|_| Malformed::Value)?;
        let error_status = Element::read(&mut content)?.integer()?;
        let error_index = Element::read(&mut content)?.integer()?;
        let mut list = Element::read_as(&mut content, ber::SEQUENCE)?;
        let mut bindings = Vec::new();
        while !list.is_empty() {
            if bindings.len() >= BINDINGS_MAX {
                return Err(Malformed::TooLong);
            }
            let mut binding = Element::read_as(&mut list, ber::SEQUENCE)?;
            let object = Element::read(&mut binding)?.object_identifier()?;
            bindings.push(Binding { object, value: Value::read(&mut binding)? });
        }
        Ok(Self { operation, request_id, error_status, error_index, bindings })
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let bindings: Vec<Vec<u8>> = self
            .bindings
            .iter()
            .map(|binding| {
                let parts = [ber::object_identifier(&binding.object), binding.value.to_bytes()];
                ber::constructed(ber::SEQUENCE, &parts)
            })
            .collect();
        ber::constructed(
            self.operation.tag(),
            &[
                ber::integer(ber::INTEGER, i64::from(self.request_id)),
                ber::integer(ber::INTEGER, self.error_status),
                ber::integer(ber::INTEGER, self.error_index),
                ber::constructed(ber::SEQUENCE, &bindings),
            ],
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::Integer),
            proptest::collection::vec(any::<u8>(), 0..200).prop_map(Value::Octets),
            proptest::collection::vec(0u32..40, 2..12)
                .prop_map(|rest| { Value::ObjectIdentifier([vec![1, 3], rest].concat()) }),
            any::<u64>().prop_map(Value::TimeTicks),
            Just(Value::Missing),
        ]
    }

    proptest! {
        #[test]
        fn messages_read_back(community in "[a-z]{0,12}", request_id: i32, values in proptest::collection::vec(value(), 0..8)) {
            let bindings = values.into_iter().map(|value| Binding { object: vec![1, 3, 6, 1], value }).collect();
            let message = SnmpMessage {
                version: SnmpVersion::V2c,
                community: community.into_bytes(),
                pdu: Pdu { operation: Operation::Response, request_id, error_status: 0, error_index: 0, bindings },
            };
            let bytes = message.to_bytes();
            prop_assert!(message.answers(request_id));
            prop_assert_eq!(SnmpMessage::parse(&bytes).unwrap(), message);
            for short in 0..bytes.len() {
                prop_assert!(SnmpMessage::parse(&bytes[..short]).is_err());
            }
        }

        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let wrapped = ber::element(ber::SEQUENCE, &[&[2, 1, 0, 4, 0][..], &ber::element(0xa2, &bytes)].concat());
            let _ = SnmpMessage::parse(&wrapped);
            let _ = SnmpMessage::parse(&bytes);
        }
    }
}
