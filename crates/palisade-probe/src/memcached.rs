//! memcached: version and statistics, over TCP and in the frames it uses over UDP.

use palisade_model::fact::{MemcachedFacts, printable};

use crate::conversation::{Conversation, Step};
use crate::reader::{Malformed, Reader};
use crate::reply::next_line;

/// `version`, then `stats`.
#[derive(Debug, Clone, Default)]
pub struct MemcachedConversation {
    statistics: bool,
    facts: MemcachedFacts,
}

impl MemcachedConversation {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn finish(self) -> MemcachedFacts {
        self.facts
    }
}

impl Conversation for MemcachedConversation {
    fn start(&mut self) -> Vec<u8> {
        b"version\r\n".to_vec()
    }

    fn receive(&mut self, received: &[u8]) -> Step {
        let line = match next_line(received) {
            Ok(Some((line, _))) => line,
            Ok(None) => return Step::NeedMore,
            Err(reason) => return Step::Failed(reason),
        };
        if self.statistics {
            // One line is enough to know that they are given away.
            self.facts.open = line.starts_with(b"STAT ") || line == b"END";
            return Step::Finish(b"quit\r\n".to_vec());
        }
        if let Some(version) = line.strip_prefix(b"VERSION ") {
            self.facts.version = Some(printable(version, 100));
            self.statistics = true;
            return Step::Send(b"stats\r\n".to_vec());
        }
        // With passwords on, nothing is answered before one is given.
        if line.starts_with(b"CLIENT_ERROR unauthenticated") {
            return Step::Done;
        }
        Step::Failed(Malformed::OtherProtocol)
    }
}

/// A datagram that asks for the version.
#[must_use]
pub fn udp_probe(request_id: u16) -> Vec<u8> {
    let mut datagram = request_id.to_be_bytes().to_vec();
    datagram.extend_from_slice(&[0, 0, 0, 1, 0, 0]);
    datagram.extend_from_slice(b"version\r\n");
    datagram
}

/// Reads the answer to [`udp_probe`]. Whoever answers at all answers strangers.
pub fn parse_udp(datagram: &[u8], request_id: u16) -> Result<MemcachedFacts, Malformed> {
    let mut reader = Reader::new(datagram);
    let id = reader.u16()?;
    let _sequence = reader.u16()?;
    let _total = reader.u16()?;
    let _reserved = reader.u16()?;
    let version = reader.rest().strip_prefix(b"VERSION ").ok_or(Malformed::OtherProtocol)?;
    if id != request_id {
        return Err(Malformed::OtherProtocol);
    }
    Ok(MemcachedFacts { version: Some(printable(version.trim_ascii_end(), 100)), open: true })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::conversation::scripted::{play, survive};

    #[test]
    fn an_open_cache() {
        for slowly in [false, true] {
            let mut conversation = MemcachedConversation::new();
            let (sent, _) =
                play(&mut conversation, &[b"VERSION 1.6.38\r\n", b"STAT pid 4711\r\nEND\r\n"], slowly);
            assert_eq!(sent, ["version\r\n", "stats\r\n", "quit\r\n"]);
            let facts = conversation.finish();
            assert_eq!(facts, MemcachedFacts { version: Some("1.6.38".to_owned()), open: true });
        }
    }

    #[test]
    fn a_cache_with_passwords() {
        let mut conversation = MemcachedConversation::new();
        let (_, last) = play(&mut conversation, &[b"CLIENT_ERROR unauthenticated\r\n"], false);
        assert_eq!(last, Step::Done);
        assert!(!conversation.finish().open);
    }

    #[test]
    fn datagrams_carry_a_frame() {
        let answer = [&[0x12, 0x34, 0, 0, 0, 1, 0, 0][..], b"VERSION 1.6.38\r\n"].concat();
        assert_eq!(parse_udp(&answer, 0x1234).unwrap().version.as_deref(), Some("1.6.38"));
        assert_eq!(parse_udp(&answer, 1), Err(Malformed::OtherProtocol));
        assert_eq!(udp_probe(0x1234).len(), 17);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = parse_udp(&bytes, 0);
            survive(MemcachedConversation::new(), &[bytes]);
        }
    }
}
