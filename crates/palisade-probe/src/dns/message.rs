//! DNS messages: header, questions, records.

use std::net::Ipv4Addr;

use palisade_model::fact::printable;

use super::name::DomainName;
use crate::reader::{Malformed, Reader};

/// Record types.
pub mod kind {
    pub const A: u16 = 1;
    pub const NS: u16 = 2;
    pub const CNAME: u16 = 5;
    pub const SOA: u16 = 6;
    pub const PTR: u16 = 12;
    pub const TXT: u16 = 16;
    pub const AXFR: u16 = 252;
}

/// Record classes.
pub mod class {
    pub const INTERNET: u16 = 1;
    pub const CHAOS: u16 = 3;
}

/// Response codes.
pub mod rcode {
    pub const NO_ERROR: u8 = 0;
    pub const FORMAT_ERROR: u8 = 1;
    pub const SERVER_FAILURE: u8 = 2;
    pub const NAME_ERROR: u8 = 3;
    pub const NOT_IMPLEMENTED: u8 = 4;
    pub const REFUSED: u8 = 5;
}

const RECORDS_MAX: usize = 8192;

/// The header's flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags {
    pub response: bool,
    /// 0 to 15; 0 is a query.
    pub opcode: u8,
    pub authoritative: bool,
    pub truncated: bool,
    pub recursion_desired: bool,
    pub recursion_available: bool,
    /// 0 to 15, see [`rcode`].
    pub rcode: u8,
}

impl Flags {
    fn parse(bits: u16) -> Self {
        let [high, low] = bits.to_be_bytes();
        Self {
            response: high & 0x80 != 0,
            opcode: (high >> 3) & 0x0f,
            authoritative: high & 0x04 != 0,
            truncated: high & 0x02 != 0,
            recursion_desired: high & 0x01 != 0,
            recursion_available: low & 0x80 != 0,
            rcode: low & 0x0f,
        }
    }

    fn to_bytes(self) -> [u8; 2] {
        let high = u8::from(self.response) << 7
            | (self.opcode & 0x0f) << 3
            | u8::from(self.authoritative) << 2
            | u8::from(self.truncated) << 1
            | u8::from(self.recursion_desired);
        [high, u8::from(self.recursion_available) << 7 | self.rcode & 0x0f]
    }
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    pub name: DomainName,
    pub kind: u16,
    pub class: u16,
}

/// What a record holds, as far as it is of use here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordData {
    Address(Ipv4Addr),
    /// NS, CNAME and PTR.
    Name(DomainName),
    /// The primary server and the serial number of a zone.
    Authority {
        primary: DomainName,
        serial: u32,
    },
    Text(Vec<String>),
    /// Anything else, as it came.
    Other(Vec<u8>),
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub name: DomainName,
    pub kind: u16,
    pub class: u16,
    pub ttl_s: u32,
    pub data: RecordData,
}

/// A whole message. Of the records only those of the answer section are kept, and whose zone the
/// authority section names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub id: u16,
    pub flags: Flags,
    pub questions: Vec<Question>,
    pub records: Vec<Record>,
    /// The zone of the first authority record; not written.
    pub zone: Option<DomainName>,
}

impl Message {
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let id = reader.u16()?;
        let flags = Flags::parse(reader.u16()?);
        let question_count = reader.u16()?;
        let record_count = reader.u16()?;
        let authority_count = reader.u16()?;
        let _additional_count = reader.u16()?;
        if usize::from(record_count) > RECORDS_MAX {
            return Err(Malformed::TooLong);
        }
        let mut offset = bytes.len() - reader.left();
        let mut questions = Vec::new();
        for _ in 0..question_count {
            let (name, end) = DomainName::parse(bytes, offset)?;
            let mut reader = Reader::new(bytes.get(end..).ok_or(Malformed::Truncated)?);
            questions.push(Question { name, kind: reader.u16()?, class: reader.u16()? });
            offset = end + 4;
        }
        let mut records = Vec::new();
        for _ in 0..record_count {
            let (record, end) = parse_record(bytes, offset)?;
            records.push(record);
            offset = end;
        }
        // A broken authority section takes nothing from the answer.
        let authority = (authority_count > 0).then(|| parse_record(bytes, offset).ok()).flatten();
        let zone = authority.map(|(record, _)| record.name);
        Ok(Self { id, flags, questions, records, zone })
    }

    /// The wire form, without compression. Names, addresses and texts of records are written as
    /// they are held.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.id.to_be_bytes().to_vec();
        bytes.extend(self.flags.to_bytes());
        for count in [self.questions.len(), self.records.len(), 0, 0] {
            bytes.extend(u16::try_from(count).unwrap_or(u16::MAX).to_be_bytes());
        }
        for question in &self.questions {
            bytes.extend(question.name.to_bytes());
            bytes.extend(question.kind.to_be_bytes());
            bytes.extend(question.class.to_be_bytes());
        }
        for record in &self.records {
            let data = data_bytes(&record.data);
            bytes.extend(record.name.to_bytes());
            bytes.extend(record.kind.to_be_bytes());
            bytes.extend(record.class.to_be_bytes());
            bytes.extend(record.ttl_s.to_be_bytes());
            bytes.extend(u16::try_from(data.len()).unwrap_or(u16::MAX).to_be_bytes());
            bytes.extend(data);
        }
        bytes
    }
}

fn parse_record(bytes: &[u8], offset: usize) -> Result<(Record, usize), Malformed> {
    let (name, end) = DomainName::parse(bytes, offset)?;
    let mut reader = Reader::new(bytes.get(end..).ok_or(Malformed::Truncated)?);
    let kind = reader.u16()?;
    let class = reader.u16()?;
    let ttl_s = reader.u32()?;
    let length = usize::from(reader.u16()?);
    let start = bytes.len() - reader.left();
    let content = reader.take(length)?;
    let data = parse_data(bytes, start, kind, content)?;
    Ok((Record { name, kind, class, ttl_s, data }, start + length))
}

fn parse_data(bytes: &[u8], start: usize, kind: u16, content: &[u8]) -> Result<RecordData, Malformed> {
    Ok(match kind {
        kind::A => match <[u8; 4]>::try_from(content) {
            Ok(octets) => RecordData::Address(octets.into()),
            Err(_) => RecordData::Other(content.to_vec()),
        },
        kind::NS | kind::CNAME | kind::PTR => RecordData::Name(DomainName::parse(bytes, start)?.0),
        kind::SOA => {
            let (primary, next) = DomainName::parse(bytes, start)?;
            let (_mailbox, next) = DomainName::parse(bytes, next)?;
            let serial = Reader::new(bytes.get(next..).ok_or(Malformed::Truncated)?).u32()?;
            RecordData::Authority { primary, serial }
        }
        kind::TXT => {
            let mut reader = Reader::new(content);
            let mut texts = Vec::new();
            while !reader.is_empty() {
                let length = usize::from(reader.u8()?);
                texts.push(printable(reader.take(length)?, 255));
            }
            RecordData::Text(texts)
        }
        _ => RecordData::Other(content.to_vec()),
    })
}

fn data_bytes(data: &RecordData) -> Vec<u8> {
    match data {
        RecordData::Address(address) => address.octets().to_vec(),
        RecordData::Name(name) => name.to_bytes(),
        RecordData::Authority { primary, serial } => {
            // The mailbox is not kept, nor are the timers.
            let mut bytes = primary.to_bytes();
            bytes.push(0);
            bytes.extend(serial.to_be_bytes());
            bytes.extend([0; 16]);
            bytes
        }
        RecordData::Text(texts) => {
            let mut bytes = Vec::new();
            for text in texts {
                bytes.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
                bytes.extend(text.bytes().take(255));
            }
            bytes
        }
        RecordData::Other(bytes) => bytes.clone(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn data() -> impl Strategy<Value = (u16, RecordData)> {
        prop_oneof![
            any::<[u8; 4]>().prop_map(|octets| (kind::A, RecordData::Address(octets.into()))),
            "[a-z]{1,9}\\.[a-z]{1,9}".prop_map(|name| (kind::NS, RecordData::Name(name.parse().unwrap()))),
            ("[a-z]{1,9}", any::<u32>()).prop_map(|(name, serial)| {
                (kind::SOA, RecordData::Authority { primary: name.parse().unwrap(), serial })
            }),
            proptest::collection::vec("[ -~]{0,30}", 0..4)
                .prop_map(|texts| (kind::TXT, RecordData::Text(texts))),
            proptest::collection::vec(any::<u8>(), 0..30).prop_map(|bytes| (99, RecordData::Other(bytes))),
        ]
    }

    proptest! {
        #[test]
        fn messages_read_back(id: u16, bits: u16, name in "[a-z]{1,9}(\\.[a-z]{1,9}){0,3}",
                              data in proptest::collection::vec(data(), 0..6)) {
            // Bits 4 to 6 of the lower half are not kept.
            let flags = Flags::parse(bits);
            let name: DomainName = name.parse().unwrap();
            let records = data.into_iter().map(|(kind, data)| {
                Record { name: name.clone(), kind, class: class::INTERNET, ttl_s: 5, data }
            }).collect();
            let questions = vec![Question { name: name.clone(), kind: kind::A, class: class::CHAOS }];
            let message = Message { id, flags, questions, records, zone: None };
            let bytes = message.to_bytes();
            prop_assert_eq!(Message::parse(&bytes).unwrap(), message);
            for short in 0..bytes.len() {
                prop_assert!(Message::parse(&bytes[..short]).is_err());
            }
        }

        #[test]
        fn any_bytes_are_survived(head in proptest::collection::vec(0u8..8, 12), bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = Message::parse(&[head, bytes].concat());
        }
    }
}
