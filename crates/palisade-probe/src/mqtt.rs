//! MQTT 3.1.1: is a client without a name let in, and what is the broker?
//!
//! Nothing is published, and one topic only subscribed to: the one under which brokers keep their
//! own version. No message of a client's is seen.

use palisade_model::fact::{MqttFacts, printable};

use crate::conversation::{Conversation, Step};
use crate::reader::{Malformed, Reader};

/// CONNECT without user name, a clean session, the broker choosing the client's name.
#[must_use]
pub fn connect() -> Vec<u8> {
    let mut content = vec![0, 4];
    content.extend_from_slice(b"MQTT");
    // Protocol level 4, clean session, 30 seconds, empty client identifier.
    content.extend_from_slice(&[4, 0x02, 0, 30, 0, 0]);
    let mut packet = vec![0x10, u8::try_from(content.len()).unwrap_or(u8::MAX)];
    packet.append(&mut content);
    packet
}

/// Return code of a CONNACK; `None`: read on.
pub fn return_code(received: &[u8]) -> Result<Option<u8>, Malformed> {
    match received {
        [0x20, 2, _, code, ..] if *code <= 5 => Ok(Some(*code)),
        [] | [0x20] | [0x20, 2] | [0x20, 2, _] => Ok(None),
        _ => Err(Malformed::OtherProtocol),
    }
}

const VERSION_TOPIC: &[u8] = b"$SYS/broker/version";
/// Packets looked at behind the subscription; there are three as a rule.
const PACKETS_MAX: usize = 16;
const DISCONNECT: [u8; 2] = [0xe0, 0];

/// SUBSCRIBE to the broker's version, and a PINGREQ behind it: its answer says that nothing more
/// is to be expected.
fn version_question() -> Vec<u8> {
    let length = u8::try_from(VERSION_TOPIC.len()).unwrap_or(0);
    let mut packet = vec![0x82, length + 5, 0, 1, 0, length];
    packet.extend_from_slice(VERSION_TOPIC);
    packet.extend_from_slice(&[0, 0xc0, 0]);
    packet
}

/// Connects, asks for the version where it is let in, and leaves.
#[derive(Debug, Clone, Default)]
pub struct MqttConversation {
    facts: MqttFacts,
    asked: bool,
}

impl MqttConversation {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn finish(self) -> MqttFacts {
        self.facts
    }

    /// The answers to [`version_question`], packet by packet.
    fn version(&mut self, received: &[u8]) -> Result<Step, Malformed> {
        let mut reader = Reader::new(received);
        for _ in 0..PACKETS_MAX {
            let (kind, mut content) = match packet(&mut reader) {
                Err(Malformed::Truncated) => return Ok(Step::NeedMore),
                other => other?,
            };
            match kind >> 4 {
                // PUBLISH, of the quality we asked for: no number in front of the text.
                3 => {
                    let length = usize::from(content.u16()?);
                    if content.take(length)? == VERSION_TOPIC {
                        self.facts.broker = Some(printable(content.rest(), 100));
                    }
                }
                // SUBACK.
                9 => {}
                // PINGRESP.
                13 => break,
                _ => return Err(Malformed::Value),
            }
        }
        Ok(Step::Finish(DISCONNECT.to_vec()))
    }
}

/// The first byte of the next packet, and what is in it.
fn packet<'a>(reader: &mut Reader<'a>) -> Result<(u8, Reader<'a>), Malformed> {
    let kind = reader.u8()?;
    let mut length = 0_usize;
    for shift in [0, 7, 14] {
        let byte = reader.u8()?;
        length |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok((kind, reader.sub(length)?));
        }
    }
    Err(Malformed::TooLong)
}

impl Conversation for MqttConversation {
    fn start(&mut self) -> Vec<u8> {
        connect()
    }

    fn receive(&mut self, received: &[u8]) -> Step {
        if self.asked {
            return self.version(received).unwrap_or_else(Step::Failed);
        }
        match return_code(received) {
            Ok(None) => Step::NeedMore,
            Ok(Some(code)) => {
                self.facts = MqttFacts { anonymous: code == 0, return_code: code, broker: None };
                self.asked = code == 0;
                if self.asked { Step::Send(version_question()) } else { Step::Done }
            }
            Err(reason) => Step::Failed(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::conversation::scripted::survive;

    #[test]
    fn open_and_closed_brokers() {
        let mut open = MqttConversation::new();
        assert_eq!(open.start(), b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x1e\x00\x00");
        assert_eq!(open.receive(&[0x20, 2]), Step::NeedMore);
        assert_eq!(open.receive(&[0x20, 2, 0, 0]), Step::Send(version_question()));
        let answers = [
            &b"\x90\x03\x00\x01\x00\x31\x2d\x00\x13$SYS/broker/version"[..],
            b"mosquitto version 2.0.11",
            b"\xd0\x00",
        ];
        let answers = answers.concat();
        assert_eq!(open.receive(&answers[..20]), Step::NeedMore);
        assert_eq!(open.receive(&answers), Step::Finish(DISCONNECT.to_vec()));
        let facts = open.finish();
        assert!(facts.anonymous);
        assert_eq!(facts.broker.as_deref(), Some("mosquitto version 2.0.11"));
        let mut closed = MqttConversation::new();
        assert_eq!(closed.receive(&[0x20, 2, 0, 5]), Step::Done);
        assert_eq!(closed.finish(), MqttFacts { anonymous: false, return_code: 5, broker: None });
        assert_eq!(return_code(b"HTTP"), Err(Malformed::OtherProtocol));
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..10)) {
            survive(MqttConversation::new(), &[vec![0x20, 2, 0, 0], bytes.clone()]);
            survive(MqttConversation::new(), &[bytes]);
        }
    }
}
