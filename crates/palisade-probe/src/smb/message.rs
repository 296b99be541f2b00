//! The messages of SMB 2 and 3: header, the requests that looking around and signing in both make, answers.
//!
//! Deliberately absent: encryption and compression, which nobody here asks for.

use super::{framed, unframed, utf16};
use crate::reader::{Malformed, Reader};

pub(super) const NEGOTIATE: u16 = 0;
pub(super) const SESSION_SETUP: u16 = 1;
pub(super) const TREE_CONNECT: u16 = 3;
pub(super) const SIGNING_ENABLED: u16 = 1;
pub(super) const SIGNING_REQUIRED: u16 = 2;
pub(super) const HEADER_BYTES: u16 = 64;
/// "Still at it": the real answer follows in a message of its own.
const STATUS_PENDING: u32 = 0x0000_0103;
const FLAG_SIGNED: u32 = 8;
/// Where the signature stands in a message.
const SIGNATURE_AT: usize = 48;

/// What the header of a request says beside the command.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    pub(super) credit_charge: u8,
    /// Credits asked for.
    pub(super) credits: u8,
    /// Which message of the connection it is.
    pub(super) number: u64,
    pub(super) session_id: u64,
}

impl Header {
    /// A request, ready to be sent.
    pub(super) fn request(&self, command: u16, body: &[u8]) -> Vec<u8> {
        framed(&self.message(command, 0, body))
    }

    /// The same with the signature that `sign` makes of it.
    pub(super) fn signed_request(
        &self,
        command: u16,
        body: &[u8],
        sign: impl FnOnce(&[u8]) -> Vec<u8>,
    ) -> Vec<u8> {
        let mut message = self.message(command, FLAG_SIGNED, body);
        let signature = sign(&message);
        message.iter_mut().skip(SIGNATURE_AT).take(16).zip(signature).for_each(|(byte, sign)| *byte = sign);
        framed(&message)
    }

    fn message(&self, command: u16, flags: u32, body: &[u8]) -> Vec<u8> {
        let mut bytes = b"\xfeSMB".to_vec();
        bytes.extend(HEADER_BYTES.to_le_bytes());
        // Then channel sequence and reserved.
        bytes.extend([self.credit_charge, 0, 0, 0, 0, 0]);
        bytes.extend(command.to_le_bytes());
        bytes.extend([self.credits, 0]);
        bytes.extend(flags.to_le_bytes());
        // Nothing chained.
        bytes.extend([0; 4]);
        bytes.extend(self.number.to_le_bytes());
        // Process and tree.
        bytes.extend([0xff, 0xfe, 0, 0, 0, 0, 0, 0]);
        bytes.extend(self.session_id.to_le_bytes());
        // The signature.
        bytes.extend([0; 16]);
        bytes.extend_from_slice(body);
        bytes
    }
}

/// The body of a SESSION_SETUP.
pub(super) fn session_setup(token: &[u8]) -> Vec<u8> {
    let mut body = vec![25, 0, 0, 1];
    body.extend([0; 8]);
    body.extend((HEADER_BYTES + 24).to_le_bytes());
    body.extend(u16::try_from(token.len()).unwrap_or(0).to_le_bytes());
    body.extend([0; 8]);
    body.extend_from_slice(token);
    body
}

/// The body of a TREE_CONNECT to a share of the server that was connected to.
pub(super) fn tree_connect(server: &str, share: &str) -> Vec<u8> {
    let path = utf16(&format!("\\\\{server}\\{share}"));
    let mut body = vec![9, 0, 0, 0];
    body.extend((HEADER_BYTES + 8).to_le_bytes());
    body.extend(u16::try_from(path.len()).unwrap_or(0).to_le_bytes());
    body.extend(path);
    body
}

/// The parts of an answer that matter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer<'a> {
    pub(super) status: u32,
    pub(super) session_id: u64,
    pub(super) body: &'a [u8],
}

impl<'a> Answer<'a> {
    /// The answer in what was received; `None`: read on.
    pub(super) fn read(mut received: &'a [u8]) -> Result<Option<Self>, Malformed> {
        while let Some(message) = unframed(received)? {
            let answer = Self::parse(message)?;
            if answer.status != STATUS_PENDING {
                return Ok(Some(answer));
            }
            received = received.get(message.len() + 4..).unwrap_or_default();
        }
        Ok(None)
    }

    fn parse(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(message);
        if reader.take(4)? != b"\xfeSMB" {
            return Err(Malformed::OtherProtocol);
        }
        reader.take(4)?;
        let status = reader.u32_le()?;
        reader.take(28)?;
        let session_id = reader.u64_le()?;
        reader.take(16)?;
        Ok(Self { status, session_id, body: reader.rest() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(status: u32, body: &[u8]) -> Vec<u8> {
        let header = Header { credit_charge: 0, credits: 0, number: 0, session_id: 77 };
        let mut message = header.message(NEGOTIATE, 0, body);
        message.splice(8..12, status.to_le_bytes());
        framed(&message)
    }

    #[test]
    fn a_host_may_be_at_it_for_long() {
        let mut bytes = received(STATUS_PENDING, b"").repeat(3_000);
        assert!(Answer::read(&bytes).is_ok_and(|answer| answer.is_none()));
        bytes.extend(received(5, b"body"));
        let answer = Answer::read(&bytes).unwrap().unwrap();
        assert_eq!((answer.status, answer.session_id, answer.body), (5, 77, &b"body"[..]));
    }

    #[test]
    fn the_signature_covers_the_message_without_it() {
        let header = Header { credit_charge: 1, credits: 8, number: 2, session_id: 1 };
        let signed = header.signed_request(TREE_CONNECT, b"body", |message| {
            assert_eq!(message.get(SIGNATURE_AT..64), Some(&[0; 16][..]));
            vec![9; 32]
        });
        let plain = framed(&header.message(TREE_CONNECT, FLAG_SIGNED, b"body"));
        let expected = [plain.get(..52).unwrap(), &[9; 16], plain.get(68..).unwrap()].concat();
        assert_eq!(signed, expected);
    }
}
