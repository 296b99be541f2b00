//! DNS (RFC 1035): questions and answers, a name server's version, whether it resolves for
//! strangers, and whether it gives whole zones away.
//!
//! Absent on purpose: EDNS, DNSSEC, and resolving for ourselves (the engine asks the system).

mod message;
mod name;

use palisade_model::fact::printable;

pub use message::{Flags, Message, Question, Record, RecordData, class, kind, rcode};
pub use name::{DomainName, NAME_BYTES_MAX};

use crate::conversation::{Conversation, Step};
use crate::reader::Malformed;

/// What `version.bind` in class CHAOS is asked with.
#[must_use]
pub fn version_question(id: u16) -> Vec<u8> {
    question(id, "version.bind", kind::TXT, class::CHAOS, false)
}

/// A question for a name of somebody else's (one reserved for such use), with recursion desired.
#[must_use]
pub fn recursion_question(id: u16) -> Vec<u8> {
    question(id, "example.com", kind::A, class::INTERNET, true)
}

/// The names of an address, for a name server to tell.
#[must_use]
pub fn pointer_question(id: u16, address: std::net::IpAddr) -> Vec<u8> {
    use std::fmt::Write as _;
    let name = match address {
        std::net::IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        std::net::IpAddr::V6(address) => {
            let mut name = String::new();
            for byte in address.octets().iter().rev() {
                let _ = write!(name, "{:x}.{:x}.", byte & 0xf, byte >> 4);
            }
            name + "ip6.arpa"
        }
    };
    question(id, &name, kind::PTR, class::INTERNET, true)
}

/// A query with one question. A name that is none asks for the root.
#[must_use]
pub fn question(id: u16, name: &str, kind: u16, class: u16, recursion_desired: bool) -> Vec<u8> {
    let name = name.parse::<DomainName>().unwrap_or_default();
    let message = Message {
        id,
        flags: Flags { recursion_desired, ..Flags::default() },
        questions: vec![Question { name, kind, class }],
        records: Vec::new(),
        zone: None,
    };
    message.to_bytes()
}

/// Reads the answer to a question of ours with this number.
pub fn answer(datagram: &[u8], id: u16) -> Result<Message, Malformed> {
    let message = Message::parse(datagram)?;
    if message.id != id || !message.flags.response {
        return Err(Malformed::OtherProtocol);
    }
    Ok(message)
}

/// The text of an answer to [`version_question`]; `None` when the server keeps it to itself.
#[must_use]
pub fn version(answer: &Message) -> Option<String> {
    answer.records.iter().find_map(|record| match &record.data {
        RecordData::Text(texts) if record.class == class::CHAOS => {
            let joined = printable(texts.join("").as_bytes(), 200);
            (!joined.trim().is_empty()).then_some(joined)
        }
        _ => None,
    })
}

/// It is BIND, although it keeps its version to itself: only BIND answers [`version_question`] with
/// nothing out of a zone of that very name.
#[must_use]
pub fn is_bind(answer: &Message) -> bool {
    let zone = answer.zone.as_ref().map(|zone| zone.to_string().to_ascii_lowercase());
    answer.records.is_empty() && zone.is_some_and(|zone| zone.trim_end_matches('.') == "version.bind")
}

/// The server resolves for us, judged from its answer to [`recursion_question`].
#[must_use]
pub fn resolves_for_strangers(answer: &Message) -> bool {
    // A server that cannot reach the world answers SERVFAIL, but it tried.
    answer.flags.recursion_available
        && !matches!(answer.flags.rcode, rcode::REFUSED | rcode::NOT_IMPLEMENTED | rcode::FORMAT_ERROR)
}

/// Zones that a host of this name may be in, the nearest first: parents with at least two labels.
#[must_use]
pub fn zones_of(host_name: &str) -> Vec<String> {
    let name = host_name.trim_end_matches('.').to_ascii_lowercase();
    let plausible = name.parse::<DomainName>().is_ok() && name.parse::<std::net::Ipv4Addr>().is_err();
    let labels: Vec<&str> = name.split('.').collect();
    if !plausible || labels.len() < 2 {
        return Vec::new();
    }
    (0..labels.len() - 1).filter_map(|start| labels.get(start..).map(|zone| zone.join("."))).take(4).collect()
}

/// A message as it goes over TCP: its length first.
#[must_use]
pub fn framed(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes(), message].concat()
}

/// The first message of a TCP stream and how many bytes it took; `None`: read on.
pub fn unframed(received: &[u8]) -> Result<Option<(Message, usize)>, Malformed> {
    let Some((&[high, low], rest)) = received.split_first_chunk::<2>() else { return Ok(None) };
    let length = usize::from(u16::from_be_bytes([high, low]));
    // A message has a header, and we ask for nothing with a short answer.
    if length < 12 {
        return Err(Malformed::OtherProtocol);
    }
    match rest.get(..length) {
        Some(bytes) => Ok(Some((Message::parse(bytes)?, length + 2))),
        None => Ok(None),
    }
}

/// Asks one question over TCP.
#[derive(Debug, Clone)]
pub struct QuestionConversation {
    id: u16,
    bytes: Vec<u8>,
    answer: Option<Message>,
}

impl QuestionConversation {
    /// `bytes`: a query from one of the builders here, `id` its number.
    #[must_use]
    pub fn new(id: u16, bytes: &[u8]) -> Self {
        Self { id, bytes: framed(bytes), answer: None }
    }

    #[must_use]
    pub fn finish(self) -> Option<Message> {
        self.answer
    }
}

impl Conversation for QuestionConversation {
    fn start(&mut self) -> Vec<u8> {
        self.bytes.clone()
    }

    fn receive(&mut self, received: &[u8]) -> Step {
        match unframed(received) {
            Ok(None) => Step::NeedMore,
            Ok(Some((message, _))) if message.id == self.id && message.flags.response => {
                self.answer = Some(message);
                Step::Done
            }
            Ok(Some(_)) => Step::Failed(Malformed::OtherProtocol),
            Err(reason) => Step::Failed(reason),
        }
    }
}

/// Asks for a whole zone (AXFR, RFC 5936), and counts and keeps what comes.
#[derive(Debug, Clone)]
pub struct TransferConversation {
    zone: String,
    id: u16,
    records: u32,
    /// Start-of-authority records seen: the second one is the end.
    authorities: u8,
    /// How much of the stream has been counted.
    counted: usize,
    transferred: Option<bool>,
    kept: Vec<Record>,
}

impl TransferConversation {
    /// Counting stops here; the fact is established long before.
    const RECORDS_MAX: u32 = 2_000;

    #[must_use]
    pub fn new(zone: &str, id: u16) -> Self {
        Self {
            zone: zone.to_owned(),
            id,
            records: 0,
            authorities: 0,
            counted: 0,
            transferred: None,
            kept: Vec::new(),
        }
    }

    /// The records that came, without the closing one; at most 2,000.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.kept
    }

    /// Whether the zone was given away, `None` without an answer, and how many records came.
    #[must_use]
    pub fn finish(self) -> (Option<bool>, u32) {
        (self.transferred, self.records)
    }

    fn count(&mut self, received: &[u8]) -> Result<Step, Malformed> {
        while let Some((message, used)) = unframed(received.get(self.counted..).unwrap_or_default())? {
            self.counted += used;
            if message.id != self.id {
                return Err(Malformed::OtherProtocol);
            }
            if message.flags.rcode != rcode::NO_ERROR || message.records.is_empty() {
                self.transferred.get_or_insert(false);
                return Ok(Step::Done);
            }
            for record in &message.records {
                self.authorities += u8::from(record.kind == kind::SOA && self.authorities < 2);
                // The closing record repeats the first.
                if self.authorities < 2 && self.records < Self::RECORDS_MAX {
                    self.records += 1;
                    self.kept.push(record.clone());
                }
            }
            self.transferred = Some(self.authorities > 0);
            if self.authorities != 1 || self.records >= Self::RECORDS_MAX {
                return Ok(Step::Done);
            }
        }
        Ok(Step::NeedMore)
    }
}

impl Conversation for TransferConversation {
    fn start(&mut self) -> Vec<u8> {
        framed(&question(self.id, &self.zone, kind::AXFR, class::INTERNET, false))
    }

    fn receive(&mut self, received: &[u8]) -> Step {
        self.count(received).unwrap_or_else(Step::Failed)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_silent_bind_is_still_bind() {
        let mut answer = version_question(7);
        // Response; one authority record: SOA of the zone, behind the question.
        answer[2] |= 0x80;
        answer[9] = 1;
        answer.extend_from_slice(&[0xc0, 12, 0, 6, 0, 3, 0, 1, 0x51, 0x80, 0, 24, 0xc0, 12, 0xc0, 12]);
        answer.extend_from_slice(&[0; 20]);
        let message = Message::parse(&answer).unwrap();
        assert!(is_bind(&message));
        assert_eq!(version(&message), None);
        // A broken section is no evidence, and harms nothing.
        answer.truncate(answer.len() - 21);
        assert!(!is_bind(&Message::parse(&answer).unwrap()));
        assert!(!is_bind(&Message::parse(&version_question(7)).unwrap()));
    }
    use crate::conversation::scripted::{play, survive};

    fn reply(id: u16, rcode: u8, records: Vec<Record>) -> Vec<u8> {
        let flags = Flags { response: true, rcode, ..Flags::default() };
        framed(&Message { id, flags, questions: Vec::new(), records, zone: None }.to_bytes())
    }

    fn record(kind: u16, data: &[u8]) -> Record {
        Record {
            name: "lab.test".parse().unwrap(),
            kind,
            class: class::INTERNET,
            ttl_s: 60,
            data: RecordData::Other(data.to_vec()),
        }
    }

    #[test]
    fn a_zone_over_two_messages() {
        let soa = b"\x01a\x00\x01b\x00\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0\x04\0\0\0\x05";
        let first = reply(7, 0, vec![record(kind::SOA, soa), record(kind::A, &[10, 0, 0, 1])]);
        let second = reply(7, 0, vec![record(kind::A, &[10, 0, 0, 2]), record(kind::SOA, soa)]);
        for slowly in [false, true] {
            let mut conversation = TransferConversation::new("lab.test", 7);
            let stream = [first.clone(), second.clone()].concat();
            assert_eq!(play(&mut conversation, &[&stream], slowly).1, Step::Done);
            let kinds: Vec<u16> = conversation.records().iter().map(|record| record.kind).collect();
            assert_eq!(kinds, [kind::SOA, kind::A, kind::A]);
            assert_eq!(conversation.finish(), (Some(true), 3));
        }
        let mut refused = TransferConversation::new("lab.test", 7);
        play(&mut refused, &[&reply(7, rcode::REFUSED, Vec::new())], true);
        assert_eq!(refused.finish(), (Some(false), 0));
    }

    #[test]
    fn bind_tells_its_version() {
        // As sent by BIND 9 to a CHAOS TXT question.
        let datagram = b"\x12\x34\x84\x00\x00\x01\x00\x01\x00\x00\x00\x00\x07version\x04bind\x00\x00\x10\x00\x03\xc0\x0c\x00\x10\x00\x03\x00\x00\x00\x00\x00\x07\x069.20.9";
        let message = answer(datagram, 0x1234).unwrap();
        assert_eq!(version(&message).as_deref(), Some("9.20.9"));
        assert!(!resolves_for_strangers(&message));
        assert_eq!(answer(datagram, 1), Err(Malformed::OtherProtocol));
        for short in 0..datagram.len() {
            assert!(Message::parse(&datagram[..short]).is_err(), "{short}");
        }
    }

    #[test]
    fn zones_come_from_names() {
        assert_eq!(
            zones_of("www.lab.example.test."),
            ["www.lab.example.test", "lab.example.test", "example.test"]
        );
        assert!(zones_of("localhost").is_empty());
        assert!(zones_of("10.0.0.1").is_empty());
    }

    proptest! {
        #[test]
        fn any_stream_is_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            survive(TransferConversation::new("a.test", 0), &[framed(&bytes), bytes]);
        }
    }
}
