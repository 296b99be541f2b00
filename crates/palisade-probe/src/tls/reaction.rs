//! What a server does when something is said after its first flight.
//!
//! Of what comes only the header of the first record is read, and an alert's two bytes: whatever else
//! a server gives away is dropped unseen.

use super::Alert;
use super::flight::Progress;

const RECORD_ALERT: u8 = 21;
const RECORD_HEARTBEAT: u8 = 24;

/// The first thing that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reaction {
    /// Nothing in time.
    Silence,
    /// The server ended the connection, or broke it, without a word.
    Closed,
    Alert(Alert),
    /// A heartbeat message of this many bytes.
    Heartbeat {
        bytes: u16,
    },
    /// A record of another kind, or no record.
    Other(u8),
}

/// Takes the bytes that come; keeps seven of them at most.
#[derive(Debug, Clone, Default)]
pub struct ReactionReader {
    head: Vec<u8>,
}

impl ReactionReader {
    #[must_use]
    pub const fn new() -> Self {
        Self { head: Vec::new() }
    }

    /// Takes bytes as they arrived. After `Done` further bytes are ignored.
    pub fn feed(&mut self, bytes: &[u8]) -> Progress {
        let room = 7_usize.saturating_sub(self.head.len());
        self.head.extend(bytes.iter().take(room));
        if self.read().is_some() { Progress::Done } else { Progress::NeedMore }
    }

    fn read(&self) -> Option<Reaction> {
        match *self.head.as_slice() {
            [RECORD_ALERT, _, _, 0, 2, level, description] => {
                Some(Reaction::Alert(Alert { level, description }))
            }
            [RECORD_HEARTBEAT, _, _, high, low, ..] => {
                Some(Reaction::Heartbeat { bytes: u16::from_be_bytes([high, low]) })
            }
            // Not whole yet. Alerts of another length are encrypted ones.
            []
            | [RECORD_ALERT | RECORD_HEARTBEAT]
            | [RECORD_ALERT | RECORD_HEARTBEAT, _]
            | [RECORD_ALERT | RECORD_HEARTBEAT, _, _]
            | [RECORD_HEARTBEAT, _, _, _]
            | [RECORD_ALERT, _, _, 0]
            | [RECORD_ALERT, _, _, 0, 2, ..] => None,
            [kind, ..] => Some(Reaction::Other(kind)),
        }
    }

    /// What it was; `closed` when the connection ended, otherwise time did.
    #[must_use]
    pub fn finish(&self, closed: bool) -> Reaction {
        self.read().unwrap_or(if closed { Reaction::Closed } else { Reaction::Silence })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], closed: bool) -> Reaction {
        let mut reader = ReactionReader::new();
        for byte in bytes {
            if reader.feed(&[*byte]) == Progress::Done {
                break;
            }
        }
        reader.finish(closed)
    }

    #[test]
    fn reactions_are_told_apart() {
        assert_eq!(read(&[], false), Reaction::Silence);
        assert_eq!(read(&[], true), Reaction::Closed);
        assert_eq!(read(&[21, 3], true), Reaction::Closed);
        let alert = Alert { level: 2, description: 20 };
        assert_eq!(read(&[21, 3, 3, 0, 2, 2, 20, 9, 9], true), Reaction::Alert(alert));
        assert_eq!(read(&[24, 3, 2, 0, 37, 2, 0, 16], false), Reaction::Heartbeat { bytes: 37 });
        assert_eq!(read(&[21, 3, 3, 0, 26, 1, 2], false), Reaction::Other(21));
        assert_eq!(read(&[20, 3, 3, 0, 1, 1], false), Reaction::Other(20));
    }

    #[test]
    fn nothing_is_kept_of_what_a_server_leaks() {
        let mut reader = ReactionReader::new();
        reader.feed(&[[24, 3, 2, 0x40, 0].as_slice(), &[0x5a; 4096]].concat());
        reader.feed(&[0x5a; 4096]);
        assert!(reader.head.len() <= 7);
    }
}
