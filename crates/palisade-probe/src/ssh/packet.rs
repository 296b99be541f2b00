//! Packets before encryption starts (RFC 4253 section 6), and the fields inside.

use crate::reader::{Malformed, Reader};

/// The RFC asks for 35,000; long algorithm lists and chains of certificates stay below too.
const PACKET_BYTES_MAX: usize = 64 << 10;
const BLOCK_BYTES: usize = 8;
const PADDING_BYTES_MIN: usize = 4;

/// A payload as a packet. The padding is zeros: it hides nothing here.
#[must_use]
pub fn encode_packet(payload: &[u8]) -> Vec<u8> {
    let unpadded = 5 + payload.len() + PADDING_BYTES_MIN;
    let padding = PADDING_BYTES_MIN + unpadded.next_multiple_of(BLOCK_BYTES) - unpadded;
    let mut out = Vec::with_capacity(5 + payload.len() + padding);
    put_u32(&mut out, 1 + payload.len() + padding);
    out.push(u8::try_from(padding).unwrap_or_default());
    out.extend_from_slice(payload);
    out.resize(out.len() + padding, 0);
    out
}

/// The payload of the packet a stream starts with, and how many bytes the packet took.
pub fn read_packet(bytes: &[u8]) -> Result<(&[u8], usize), Malformed> {
    let mut reader = Reader::new(bytes);
    let length = usize::try_from(reader.u32()?).map_err(|_| Malformed::TooLong)?;
    if length > PACKET_BYTES_MAX {
        return Err(Malformed::TooLong);
    }
    let mut body = reader.sub(length)?;
    let padding = usize::from(body.u8().map_err(|_| Malformed::Length)?);
    let payload_length = body.left().checked_sub(padding).ok_or(Malformed::Length)?;
    Ok((body.take(payload_length)?, 4 + length))
}

/// A string field: four length bytes and the bytes.
pub(super) fn read_string<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Malformed> {
    let length = usize::try_from(reader.u32()?).map_err(|_| Malformed::Length)?;
    reader.take(length)
}

pub(super) fn put_string(out: &mut Vec<u8>, bytes: &[u8]) {
    put_u32(out, bytes.len());
    out.extend_from_slice(bytes);
}

pub(super) fn put_u32(out: &mut Vec<u8>, number: usize) {
    out.extend_from_slice(&u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn packets_read_back(payload in prop::collection::vec(any::<u8>(), 0..300)) {
            let packet = encode_packet(&payload);
            prop_assert_eq!(packet.len() % BLOCK_BYTES, 0);
            prop_assert_eq!(read_packet(&packet), Ok((payload.as_slice(), packet.len())));
            for end in 0..packet.len() {
                prop_assert_eq!(read_packet(&packet[..end]), Err(Malformed::Truncated));
            }
        }
    }

    #[test]
    fn wrong_lengths_are_refused() {
        assert_eq!(read_packet(&[0, 0, 0, 0]), Err(Malformed::Length));
        assert_eq!(read_packet(&[0, 0, 0, 2, 9, 0]), Err(Malformed::Length));
        assert_eq!(read_packet(&[0xff; 8]), Err(Malformed::TooLong));
    }
}
