//! NTP: the time (mode 3), the variables (mode 6), and the old list of clients (mode 7).
//!
//! The dates of the answer are not used: the scanner does not set its clock.

use std::net::Ipv4Addr;

use palisade_model::fact::{NtpFacts, printable};

use crate::reader::{Malformed, Reader};

/// A client's question in version 4.
#[must_use]
pub fn client_question(transmit: u64) -> Vec<u8> {
    let mut packet = vec![0; 48];
    // Leap indicator 0, version 4, mode 3.
    if let Some(first) = packet.first_mut() {
        *first = 0x23;
    }
    packet.truncate(40);
    packet.extend(transmit.to_be_bytes());
    packet
}

/// Reads the answer to [`client_question`].
pub fn parse_answer(datagram: &[u8], transmit: u64) -> Result<NtpFacts, Malformed> {
    let mut reader = Reader::new(datagram);
    let first = reader.u8()?;
    let stratum = reader.u8()?;
    let _poll = reader.u8()?;
    let _precision = reader.u8()?;
    let _delay = reader.u32()?;
    let _dispersion = reader.u32()?;
    let reference = reader.array::<4>()?;
    let _reference_time = reader.u64()?;
    let originate = reader.u64()?;
    let _receive = reader.u64()?;
    let _transmit = reader.u64()?;
    // Mode 4 is a server, mode 2 a peer; both repeat our time.
    if !matches!(first & 7, 2 | 4) || originate != transmit {
        return Err(Malformed::OtherProtocol);
    }
    Ok(NtpFacts {
        version: (first >> 3) & 7,
        stratum,
        reference_id: reference_text(reference, stratum),
        variables: None,
        monlist: None,
    })
}

/// A clock's four letters for strata 0 and 1, the address of the next server above.
fn reference_text(reference: [u8; 4], stratum: u8) -> String {
    if stratum > 1 {
        return Ipv4Addr::from(reference).to_string();
    }
    let end = reference.iter().position(|byte| *byte == 0).unwrap_or(4);
    printable(reference.get(..end).unwrap_or_default(), 4)
}

/// Mode 6: read the system's variables.
#[must_use]
pub fn variables_question() -> Vec<u8> {
    // Version 2, mode 6; operation 2; sequence 1; status, association, offset and count 0.
    vec![0x16, 0x02, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]
}

/// The text of an answer to [`variables_question`] (its first fragment is enough).
pub fn parse_variables(datagram: &[u8]) -> Result<String, Malformed> {
    let mut reader = Reader::new(datagram);
    let first = reader.u8()?;
    let operation = reader.u8()?;
    // Mode 6, response bit set, operation 2.
    if first & 7 != 6 || operation & 0x9f != 0x82 {
        return Err(Malformed::OtherProtocol);
    }
    if operation & 0x40 != 0 {
        return Err(Malformed::Value);
    }
    let _sequence = reader.u16()?;
    let _status = reader.u16()?;
    let _association = reader.u16()?;
    let _offset = reader.u16()?;
    let count = usize::from(reader.u16()?);
    let text = printable(reader.take(count)?, 1024);
    if text.trim().is_empty() { Err(Malformed::Value) } else { Ok(text.trim().to_owned()) }
}

/// Mode 7: the list of recent clients (MON_GETLIST_1 of the implementation "xntpd").
#[must_use]
pub fn monlist_question() -> Vec<u8> {
    let mut packet = vec![0x17, 0, 3, 42];
    packet.resize(48, 0);
    packet
}

/// The answer to [`monlist_question`] lists clients. An error answer is a no.
pub fn parse_monlist(datagram: &[u8]) -> Result<bool, Malformed> {
    let mut reader = Reader::new(datagram);
    let first = reader.u8()?;
    let _sequence = reader.u8()?;
    let _implementation = reader.u8()?;
    let request = reader.u8()?;
    let error_and_count = reader.u16()?;
    let _size = reader.u16()?;
    // Mode 7 with the response bit, for what we asked.
    if first & 0x87 != 0x87 || request != 42 {
        return Err(Malformed::OtherProtocol);
    }
    Ok(error_and_count >> 12 == 0 && error_and_count & 0x0fff > 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answer() -> Vec<u8> {
        let mut packet = vec![0x24, 1, 0, 0xe9, 0, 0, 0, 0, 0, 0, 0, 0];
        packet.extend_from_slice(b"GPS\0");
        packet.extend([0; 8]);
        packet.extend(77_u64.to_be_bytes());
        packet.extend([1; 16]);
        packet
    }

    #[test]
    fn a_server_answers_our_question_only() {
        let facts = parse_answer(&answer(), 77).unwrap();
        assert_eq!((facts.version, facts.stratum, facts.reference_id.as_str()), (4, 1, "GPS"));
        assert_eq!(parse_answer(&answer(), 78), Err(Malformed::OtherProtocol));
        assert_eq!(client_question(77).len(), 48);
        assert!(client_question(77).ends_with(&77_u64.to_be_bytes()));
        for short in 0..48 {
            assert!(parse_answer(&answer()[..short], 77).is_err());
        }
    }

    #[test]
    fn variables_and_client_lists() {
        let text = b"version=\"ntpd ntpsec-1.2.3\", processor=\"x86_64\"";
        let mut packet = vec![0x16, 0xa2, 0, 1, 6, 0x15, 0, 0, 0, 0, 0, 47];
        packet.extend_from_slice(text);
        assert!(parse_variables(&packet).unwrap().starts_with("version=\"ntpd ntpsec"));
        packet[1] = 0xc2;
        assert_eq!(parse_variables(&packet), Err(Malformed::Value));
        assert_eq!(parse_variables(&variables_question()), Err(Malformed::OtherProtocol));
        assert_eq!(parse_monlist(&[0xd7, 0, 3, 42, 0, 6, 0, 72]), Ok(true));
        assert_eq!(parse_monlist(&[0x97, 0, 3, 42, 0x40, 0, 0, 0]), Ok(false));
        assert_eq!(parse_monlist(&monlist_question()), Err(Malformed::OtherProtocol));
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = parse_answer(&bytes, 0);
            let _ = parse_variables(&bytes);
            let _ = parse_monlist(&bytes);
        }
    }
}
