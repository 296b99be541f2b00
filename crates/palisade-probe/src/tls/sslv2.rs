//! SSLv2, which is dead and still answers: its hello and the server's.
//!
//! Only what tells that it is there: the cipher kinds and the certificate. Nothing after the
//! server hello.

use super::suite::all_ssl2_kinds;
use crate::reader::{Malformed, Reader};

/// What an SSLv2 server says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ssl2ServerHello {
    /// 2.
    pub version_number: u16,
    /// DER; empty when a session was resumed.
    pub certificate: Vec<u8>,
    /// Three-byte numbers, as [`super::suite::describe_ssl2_kind`] takes them.
    pub kinds: Vec<u32>,
    pub connection_id: Vec<u8>,
}

/// A client hello offering all seven cipher kinds.
#[must_use]
pub fn client_hello(challenge: [u8; 16]) -> Vec<u8> {
    let mut body = vec![1, 0, 2];
    let kinds: Vec<u8> = all_ssl2_kinds().flat_map(|kind| kind.to_be_bytes().into_iter().skip(1)).collect();
    for length in [kinds.len(), 0, challenge.len()] {
        body.extend_from_slice(&u16::try_from(length).unwrap_or_default().to_be_bytes());
    }
    body.extend_from_slice(&kinds);
    body.extend_from_slice(&challenge);
    let length = u16::try_from(body.len()).unwrap_or_default() | 0x8000;
    let mut out = length.to_be_bytes().to_vec();
    out.extend_from_slice(&body);
    out
}

/// Whether an answer could be an SSLv2 record with a server hello or an error in it.
#[must_use]
pub fn looks_like_answer(bytes: &[u8]) -> bool {
    match bytes {
        // Two-byte header: server hello (version 2), or error (its code is small).
        [first, _, 4, hit, ..] if first & 0x80 != 0 => *hit <= 1,
        [0x80, 3, 0, 0, ..] => true,
        [first, _] | [first] => first & 0x80 != 0,
        [first, _, kind] => first & 0x80 != 0 && (*kind == 4 || *kind == 0),
        _ => false,
    }
}

/// Reads a whole SSLv2 record: `Ok(None)` is an error message (the server speaks SSLv2 and
/// refuses).
pub fn parse_answer(bytes: &[u8]) -> Result<Option<Ssl2ServerHello>, Malformed> {
    let mut reader = Reader::new(bytes);
    let header = reader.u16()?;
    if header & 0x8000 == 0 {
        return Err(Malformed::OtherProtocol);
    }
    let mut record = reader.sub(usize::from(header & 0x7fff))?;
    let hello = match record.u8() {
        Ok(4) => read_hello(&mut record),
        Ok(0) => return Ok(None),
        _ => Err(Malformed::OtherProtocol),
    };
    // Inside a whole record nothing more will come: a short field is a wrong one.
    hello.map(Some).map_err(|error| if error == Malformed::Truncated { Malformed::Length } else { error })
}

fn read_hello(record: &mut Reader<'_>) -> Result<Ssl2ServerHello, Malformed> {
    let _session_hit = record.u8()?;
    let _certificate_type = record.u8()?;
    let version_number = record.u16()?;
    if version_number != 2 {
        return Err(Malformed::OtherProtocol);
    }
    let certificate_length = usize::from(record.u16()?);
    let kinds_length = usize::from(record.u16()?);
    let connection_id_length = usize::from(record.u16()?);
    let certificate = record.take(certificate_length)?.to_vec();
    let mut list = record.sub(kinds_length)?;
    let mut kinds = Vec::new();
    while list.left() >= 3 && kinds.len() < 256 {
        kinds.push(list.u24()?);
    }
    let connection_id = record.take(connection_id_length)?.to_vec();
    Ok(Ssl2ServerHello { version_number, certificate, kinds, connection_id })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server hello with a three-byte certificate, two kinds and a connection identifier.
    fn answer() -> Vec<u8> {
        let mut body = vec![4, 0, 1, 0, 2, 0, 3, 0, 6, 0, 16];
        body.extend([0x30, 0x01, 0x00]);
        body.extend([0x01, 0x00, 0x80, 0x07, 0x00, 0xc0]);
        body.extend([9; 16]);
        let mut out = vec![0x80, u8::try_from(body.len()).unwrap()];
        out.extend(body);
        out
    }

    #[test]
    fn the_hello_offers_every_kind() {
        let bytes = client_hello([7; 16]);
        assert_eq!(bytes.len(), 2 + 9 + 21 + 16);
        assert_eq!(&bytes[..11], &[0x80, 46, 1, 0, 2, 0, 21, 0, 0, 0, 16]);
    }

    #[test]
    fn a_server_hello_is_read() {
        let hello = parse_answer(&answer()).unwrap().unwrap();
        assert_eq!(hello.kinds, [0x01_00_80, 0x07_00_c0]);
        assert_eq!(hello.certificate, [0x30, 1, 0]);
        assert_eq!(hello.connection_id.len(), 16);
    }

    #[test]
    fn an_error_is_a_refusal() {
        assert_eq!(parse_answer(&[0x80, 3, 0, 0, 1]), Ok(None));
        assert!(looks_like_answer(&[0x80, 3, 0, 0, 1]));
    }

    #[test]
    fn half_a_record_wants_more() {
        let whole = answer();
        for end in 0..whole.len() {
            assert_eq!(parse_answer(&whole[..end]), Err(Malformed::Truncated));
        }
        assert!(!looks_like_answer(b"HTTP/1.1 400"));
        assert!(!looks_like_answer(&[21, 3, 1, 0, 2, 2, 40]));
    }
}
