//! RPC calls and replies, and the records they travel in over TCP.

use crate::reader::{Malformed, Reader};

const RECORD_BYTES_MAX: usize = 128 * 1024;
const CALL: u32 = 0;
const REPLY: u32 = 1;

/// A call without credentials and arguments.
#[must_use]
pub fn call(id: u32, program: u32, version: u32, procedure: u32) -> Vec<u8> {
    // RPC version 2; then credentials and verifier: none, of length 0.
    [id, CALL, 2, program, version, procedure, 0, 0, 0, 0]
        .iter()
        .flat_map(|word| word.to_be_bytes())
        .collect()
}

/// The result of a reply that says success.
pub fn reply_content(message: &[u8], id: u32) -> Result<Reader<'_>, Malformed> {
    let mut reader = Reader::new(message);
    if reader.u32()? != id || reader.u32()? != REPLY {
        return Err(Malformed::OtherProtocol);
    }
    let accepted = reader.u32()? == 0;
    if !accepted {
        return Err(Malformed::Value);
    }
    let _verifier = reader.u32()?;
    let length = reader.u32()? as usize;
    reader.take(length.min(400))?;
    if reader.u32()? == 0 { Ok(reader) } else { Err(Malformed::Value) }
}

/// A message as one last fragment of a record (RFC 5531, 11).
#[must_use]
pub fn framed(message: &[u8]) -> Vec<u8> {
    let head = 0x8000_0000 | u32::try_from(message.len()).unwrap_or(0);
    [&head.to_be_bytes(), message].concat()
}

/// The message of the first record, its fragments joined; `None`: read on.
pub fn unframed(received: &[u8]) -> Result<Option<Vec<u8>>, Malformed> {
    let mut reader = Reader::new(received);
    let mut message = Vec::new();
    loop {
        let Ok(head) = reader.u32() else { return Ok(None) };
        let length = (head & 0x7fff_ffff) as usize;
        if message.len() + length > RECORD_BYTES_MAX {
            return Err(Malformed::TooLong);
        }
        let Ok(fragment) = reader.take(length) else { return Ok(None) };
        message.extend_from_slice(fragment);
        if head & 0x8000_0000 != 0 {
            return Ok(Some(message));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn refusals_are_not_results() {
        let denied: Vec<u8> = [7u32, 1, 1, 0, 2, 2].iter().flat_map(|word| word.to_be_bytes()).collect();
        assert!(reply_content(&denied, 7).is_err());
        let unavailable: Vec<u8> = [7u32, 1, 0, 0, 0, 1].iter().flat_map(|word| word.to_be_bytes()).collect();
        assert!(matches!(reply_content(&unavailable, 7), Err(Malformed::Value)));
    }

    proptest! {
        #[test]
        fn records_read_back(message in proptest::collection::vec(any::<u8>(), 0..100), cut in 0usize..100) {
            prop_assert_eq!(unframed(&framed(&message)).unwrap(), Some(message.clone()));
            let (first, second) = message.split_at(cut.min(message.len()));
            let mut bytes = u32::try_from(first.len()).unwrap().to_be_bytes().to_vec();
            bytes.extend_from_slice(first);
            bytes.extend(framed(second));
            prop_assert_eq!(unframed(&bytes).unwrap(), Some(message));
            for short in 0..bytes.len() {
                prop_assert_eq!(unframed(&bytes[..short]).unwrap(), None);
            }
        }

        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = unframed(&bytes);
            let _ = reply_content(&bytes, 0).map(|mut reader| reader.rest().len());
        }
    }
}
