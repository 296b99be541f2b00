//! The NetBIOS name service (RFC 1002): the table of names of a host.

use palisade_model::fact::{NetbiosFacts, printable};

use crate::reader::{Malformed, Reader};

/// Asks for the status of `*`, which every host answers.
#[must_use]
pub fn status_question(id: u16) -> Vec<u8> {
    let mut packet = id.to_be_bytes().to_vec();
    packet.extend_from_slice(&[0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    packet.push(32);
    packet.extend(encode_name(b"*", 0));
    // End of the name, type NBSTAT, class IN.
    packet.extend_from_slice(&[0, 0, 0x21, 0, 1]);
    packet
}

/// First-level encoding: sixteen bytes as thirty-two letters. `*` is filled with zeroes, any
/// other name with spaces.
fn encode_name(name: &[u8], suffix: u8) -> Vec<u8> {
    let filler = if name == b"*" { 0 } else { b' ' };
    let mut padded: Vec<u8> = name.iter().copied().take(15).collect();
    padded.resize(15, filler);
    padded.push(suffix);
    padded.iter().flat_map(|byte| [b'A' + (byte >> 4), b'A' + (byte & 0x0f)]).collect()
}

/// A session request, which a server on TCP port 139 wants before SMB.
#[must_use]
pub fn session_request() -> Vec<u8> {
    let mut content = vec![32];
    content.extend(encode_name(b"*SMBSERVER", 0x20));
    content.push(0);
    content.push(32);
    content.extend(encode_name(b"PALISADE", 0));
    content.push(0);
    let mut packet = vec![0x81, 0, 0, u8::try_from(content.len()).unwrap_or(0)];
    packet.extend(content);
    packet
}

/// The answer to [`session_request`]; `None`: read on.
pub fn session_accepted(received: &[u8]) -> Result<Option<bool>, Malformed> {
    match received {
        [0x82, _, _, _, ..] => Ok(Some(true)),
        [0x83, _, _, _, ..] => Ok(Some(false)),
        [] | [0x82 | 0x83, ..] => Ok(None),
        _ => Err(Malformed::OtherProtocol),
    }
}

/// Reads the answer to [`status_question`].
pub fn parse_status(datagram: &[u8], id: u16) -> Result<NetbiosFacts, Malformed> {
    let mut reader = Reader::new(datagram);
    let answered = reader.u16()?;
    let flags = reader.u16()?;
    let _counts = reader.u64()?;
    if answered != id || flags & 0x8000 == 0 {
        return Err(Malformed::OtherProtocol);
    }
    // The name we asked with, or a pointer to one.
    match reader.u8()? {
        32 => {
            reader.take(33)?;
        }
        0xc0 => {
            reader.take(1)?;
        }
        _ => return Err(Malformed::Value),
    }
    let kind = reader.u16()?;
    let _class = reader.u16()?;
    let _ttl = reader.u32()?;
    let _length = reader.u16()?;
    if kind != 0x21 {
        return Err(Malformed::Value);
    }
    let mut facts = NetbiosFacts::default();
    for _ in 0..reader.u8()? {
        let name = printable(reader.take(15)?.trim_ascii_end(), 15);
        let suffix = reader.u8()?;
        let group = reader.u16()? & 0x8000 != 0;
        match (suffix, group) {
            (0, false) if facts.host_name.is_none() => facts.host_name = Some(name.clone()),
            (0, true) if facts.workgroup.is_none() => facts.workgroup = Some(name.clone()),
            _ => {}
        }
        facts.names.push(format!("{name}<{suffix:02x}>"));
    }
    let mac = reader.array::<6>()?;
    // Samba has none to tell.
    if mac != [0; 6] {
        facts.mac_address = Some(mac.map(|byte| format!("{byte:02x}")).join(":"));
    }
    Ok(facts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answer(mac: [u8; 6]) -> Vec<u8> {
        let mut packet = vec![0, 7, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0, 32];
        packet.extend(encode_name(b"*", 0));
        packet.extend([0, 0, 0x21, 0, 1, 0, 0, 0, 0, 0, 101, 3]);
        for (name, suffix, flags) in
            [(b"FILES          ", 0, 0x04), (b"FILES          ", 0x20, 0x04), (b"LAB            ", 0, 0x84)]
        {
            packet.extend(name);
            packet.extend([suffix, flags, 0]);
        }
        packet.extend(mac);
        packet
    }

    #[test]
    fn the_question_is_the_well_known_one() {
        let question = status_question(0x1234);
        assert_eq!(question.len(), 50);
        assert!(question[12..].starts_with(b"\x20CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\0"));
        assert_eq!(session_request().len(), 72);
    }

    #[test]
    fn names_become_facts() {
        let facts = parse_status(&answer([0, 0x16, 0x3e, 1, 2, 3]), 7).unwrap();
        assert_eq!(facts.names, ["FILES<00>", "FILES<20>", "LAB<00>"]);
        assert_eq!((facts.host_name.as_deref(), facts.workgroup.as_deref()), (Some("FILES"), Some("LAB")));
        assert_eq!(facts.mac_address.as_deref(), Some("00:16:3e:01:02:03"));
        assert_eq!(parse_status(&answer([0; 6]), 7).unwrap().mac_address, None);
        assert_eq!(parse_status(&answer([0; 6]), 8), Err(Malformed::OtherProtocol));
        let whole = answer([1; 6]);
        for short in 0..whole.len() {
            assert!(parse_status(&whole[..short], 7).is_err());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = parse_status(&bytes, 0);
            let _ = parse_status(&[&answer([0; 6])[..56], &bytes].concat(), 7);
            let _ = session_accepted(&bytes);
        }
    }
}
