//! MQTT 3.1.1: is a client without a name let in?
//!
//! Nothing is subscribed to and nothing published.

use palisade_model::fact::MqttFacts;

use crate::conversation::{Conversation, Step};
use crate::reader::Malformed;

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

/// Connects and leaves.
#[derive(Debug, Clone, Default)]
pub struct MqttConversation {
    facts: MqttFacts,
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
}

impl Conversation for MqttConversation {
    fn start(&mut self) -> Vec<u8> {
        connect()
    }

    fn receive(&mut self, received: &[u8]) -> Step {
        match return_code(received) {
            Ok(None) => Step::NeedMore,
            Ok(Some(code)) => {
                self.facts = MqttFacts { anonymous: code == 0, return_code: code };
                // DISCONNECT
                if code == 0 { Step::Finish(vec![0xe0, 0]) } else { Step::Done }
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
        assert_eq!(open.receive(&[0x20, 2, 0, 0]), Step::Finish(vec![0xe0, 0]));
        assert!(open.finish().anonymous);
        let mut closed = MqttConversation::new();
        assert_eq!(closed.receive(&[0x20, 2, 0, 5]), Step::Done);
        assert_eq!(closed.finish(), MqttFacts { anonymous: false, return_code: 5 });
        assert_eq!(return_code(b"HTTP"), Err(Malformed::OtherProtocol));
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..10)) {
            survive(MqttConversation::new(), &[bytes]);
        }
    }
}
