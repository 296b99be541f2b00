//! TFTP (RFC 1350): which well-known files can be read. Only a first block is ever fetched.
//!
//! An error answer ends the transfer for the server; a data block is answered with an error of
//! ours, which does the same.

use palisade_model::fact::printable;

use crate::reader::{Malformed, Reader};

/// Files that boot servers and devices hand out, none of them large.
pub const WELL_KNOWN_FILES: &[&str] = &[
    "startup-config",
    "running-config",
    "network-confg",
    "router-confg",
    "config.cfg",
    "pxelinux.cfg/default",
    "pxelinux.0",
    "boot.ini",
    "/etc/passwd",
];

/// A name that no server has; a server that reads it out answers everything.
pub const UNLIKELY_FILE: &str = "no-such-file-7f3a9c";

/// Asks to read a file, as octets.
#[must_use]
pub fn read_request(file: &str) -> Vec<u8> {
    let mut packet = vec![0, 1];
    packet.extend(file.bytes().filter(|byte| *byte != 0));
    packet.extend_from_slice(b"\0octet\0");
    packet
}

/// Tells the server to stop sending.
#[must_use]
pub fn stop() -> Vec<u8> {
    b"\0\x05\0\0enough\0".to_vec()
}

/// What the server says to [`read_request`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The first block.
    Data(Vec<u8>),
    Error {
        code: u16,
        message: String,
    },
}

/// Reads an answer. It comes from another port than the one that was asked.
pub fn parse_answer(datagram: &[u8]) -> Result<Answer, Malformed> {
    let mut reader = Reader::new(datagram);
    match reader.u16()? {
        3 => {
            if reader.u16()? != 1 {
                return Err(Malformed::Value);
            }
            if reader.left() > 512 {
                return Err(Malformed::TooLong);
            }
            Ok(Answer::Data(reader.rest().to_vec()))
        }
        5 => {
            let code = reader.u16()?;
            let message = printable(reader.rest().split(|byte| *byte == 0).next().unwrap_or_default(), 200);
            if code > 8 { Err(Malformed::Value) } else { Ok(Answer::Error { code, message }) }
        }
        _ => Err(Malformed::OtherProtocol),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn data_and_errors() {
        assert_eq!(read_request("a\0b"), b"\0\x01ab\0octet\0");
        assert_eq!(parse_answer(b"\0\x03\0\x01hostname sw1"), Ok(Answer::Data(b"hostname sw1".to_vec())));
        let error = Answer::Error { code: 1, message: "File not found".to_owned() };
        assert_eq!(parse_answer(b"\0\x05\0\x01File not found\0"), Ok(error));
        assert_eq!(parse_answer(b"\0\x04\0\x01"), Err(Malformed::OtherProtocol));
        assert!(matches!(parse_answer(&stop()), Ok(Answer::Error { code: 0, .. })));
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..20)) {
            let _ = parse_answer(&bytes);
        }
    }
}
