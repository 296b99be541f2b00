//! The parts of NTLM that tell who a server is, and the log-in of nobody, in SPNEGO wrapping.

use palisade_model::fact::SmbFacts;

use super::from_utf16;
use crate::ber;
use crate::reader::{Malformed, Reader};

pub(super) const SIGNATURE: &[u8] = b"NTLMSSP\0";
const SPNEGO: [u32; 7] = [1, 3, 6, 1, 5, 5, 2];
const NTLMSSP: [u32; 10] = [1, 3, 6, 1, 4, 1, 311, 2, 2, 10];
// Unicode, request target, NTLM, always sign, extended session security, version, 128, 56.
pub(super) const FLAGS: u32 = 0xa208_8205;
const FLAG_ANONYMOUS: u32 = 0x800;

/// The first token: what we can do.
pub(super) fn negotiate_token() -> Vec<u8> {
    let mut message = SIGNATURE.to_vec();
    message.extend(1_u32.to_le_bytes());
    message.extend(FLAGS.to_le_bytes());
    // No domain, no workstation, no version.
    message.extend([0; 24]);
    let mechanisms = ber::constructed(ber::SEQUENCE, &[ber::object_identifier(&NTLMSSP)]);
    let token = ber::constructed(
        ber::SEQUENCE,
        &[ber::element(0xa0, &mechanisms), ber::element(0xa2, &ber::octets(&message))],
    );
    ber::constructed(0x60, &[ber::object_identifier(&SPNEGO), ber::element(0xa0, &token)])
}

/// The last token: nobody, without a password.
pub(super) fn anonymous_token() -> Vec<u8> {
    const HEADER: u32 = 72;
    let mut message = SIGNATURE.to_vec();
    message.extend(3_u32.to_le_bytes());
    // The old answer is one zero byte; the new one, domain, user, workstation and key are empty.
    for (length, offset) in
        [(1_u16, HEADER), (0, HEADER + 1), (0, HEADER), (0, HEADER), (0, HEADER), (0, HEADER + 1)]
    {
        message.extend(length.to_le_bytes());
        message.extend(length.to_le_bytes());
        message.extend(offset.to_le_bytes());
    }
    message.extend((FLAGS | FLAG_ANONYMOUS).to_le_bytes());
    // The version, then the zero byte.
    message.extend([0; 9]);
    let token = ber::constructed(ber::SEQUENCE, &[ber::element(0xa2, &ber::octets(&message))]);
    ber::element(0xa1, &token)
}

/// What a server says of itself in its challenge.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Challenge {
    pub host_name: Option<String>,
    pub domain: Option<String>,
    pub dns_name: Option<String>,
    pub dns_domain: Option<String>,
    /// `major.minor.build`
    pub os_version: Option<String>,
}

impl Challenge {
    /// Finds and reads the challenge in a security buffer, whatever it is wrapped in.
    pub fn parse(buffer: &[u8]) -> Result<Self, Malformed> {
        let start = buffer
            .windows(SIGNATURE.len())
            .position(|window| window == SIGNATURE)
            .ok_or(Malformed::OtherProtocol)?;
        let message = buffer.get(start..).unwrap_or_default();
        let mut reader = Reader::new(message);
        reader.take(SIGNATURE.len())?;
        if reader.u32_le()? != 2 {
            return Err(Malformed::Value);
        }
        let _target_name = reader.u64()?;
        let _flags = reader.u32_le()?;
        let _challenge = reader.u64()?;
        let _reserved = reader.u64()?;
        let length = usize::from(reader.u16_le()?);
        let _space = reader.u16_le()?;
        let offset = reader.u32_le()? as usize;
        let mut challenge = Self::default();
        // Old servers leave the version out.
        if let (Ok(major), Ok(minor), Ok(build)) = (reader.u8(), reader.u8(), reader.u16_le()) {
            challenge.os_version = (major != 0).then(|| format!("{major}.{minor}.{build}"));
        }
        let info = message.get(offset..).and_then(|rest| rest.get(..length)).ok_or(Malformed::Length)?;
        challenge.take_target_info(info)?;
        Ok(challenge)
    }

    fn take_target_info(&mut self, info: &[u8]) -> Result<(), Malformed> {
        let mut reader = Reader::new(info);
        while !reader.is_empty() {
            let kind = reader.u16_le()?;
            let length = usize::from(reader.u16_le()?);
            let content = reader.take(length)?;
            let text = Some(from_utf16(content)).filter(|text| !text.is_empty());
            match kind {
                0 => break,
                1 => self.host_name = text,
                2 => self.domain = text,
                3 => self.dns_name = text,
                4 => self.dns_domain = text,
                _ => {}
            }
        }
        Ok(())
    }

    /// Writes it into the facts.
    pub fn tell(self, facts: &mut SmbFacts) {
        facts.host_name = self.host_name.or(facts.host_name.take());
        facts.domain = self.domain.or(facts.domain.take());
        facts.dns_name = self.dns_name.or(facts.dns_name.take());
        facts.os_version = self.os_version.or(facts.os_version.take());
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::smb::utf16;

    /// A challenge as Samba sends it.
    pub(crate) fn challenge_bytes() -> Vec<u8> {
        let mut info = Vec::new();
        for (kind, text) in [(2_u16, "LAB"), (1, "FILES"), (4, "lab.test"), (3, "files.lab.test"), (0, "")] {
            let text = utf16(text);
            info.extend(kind.to_le_bytes());
            info.extend(u16::try_from(text.len()).unwrap().to_le_bytes());
            info.extend(text);
        }
        let mut message = SIGNATURE.to_vec();
        message.extend(2_u32.to_le_bytes());
        message.extend([0; 8]);
        message.extend(FLAGS.to_le_bytes());
        message.extend([0xaa; 8]);
        message.extend([0; 8]);
        let length = u16::try_from(info.len()).unwrap().to_le_bytes();
        message.extend([length, length].concat());
        message.extend(56_u32.to_le_bytes());
        message.extend([6, 1, 0, 0, 0, 0, 0, 15]);
        message.extend(info);
        message
    }

    #[test]
    fn the_challenge_tells_names() {
        let wrapped = [b"\xa1\x81\x90".to_vec(), challenge_bytes()].concat();
        let challenge = Challenge::parse(&wrapped).unwrap();
        assert_eq!(challenge.host_name.as_deref(), Some("FILES"));
        assert_eq!(challenge.dns_name.as_deref(), Some("files.lab.test"));
        assert_eq!(challenge.os_version.as_deref(), Some("6.1.0"));
        for short in 0..wrapped.len() {
            assert!(Challenge::parse(&wrapped[..short]).is_err());
        }
    }

    #[test]
    fn tokens_have_their_shape() {
        assert!(negotiate_token().starts_with(&[0x60, 0x48, 0x06, 0x06, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x02]));
        let anonymous = anonymous_token();
        let start = anonymous.windows(8).position(|window| window == SIGNATURE).unwrap();
        assert_eq!(anonymous.len() - start, 73);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = Challenge::parse(&[SIGNATURE, &[2, 0, 0, 0], &bytes].concat());
        }
    }
}
