//! SMB 1, 2 and 3: dialects, signing, what the server says of itself, and the null session.
//!
//! A connection for each conversation. Looking around connects to no share but IPC$ and gives no user
//! name; only a sign-in with an authentication record ([`SmbSignIn`]) does.

mod message;
mod ntlm;
mod sign_in;
mod smb1;
mod smb2;

use palisade_model::fact::{SmbFacts, printable};

pub use ntlm::Challenge;
pub use sign_in::{SmbAnswer, SmbCredentials, SmbSignIn};
pub use smb1::Smb1Conversation;
pub use smb2::{Dialect, Smb2Conversation};

use crate::reader::{Malformed, Reader};

const MESSAGE_BYTES_MAX: usize = 64 * 1024;
const STATUS_SUCCESS: u32 = 0;
const STATUS_MORE_PROCESSING: u32 = 0xc000_0016;

/// Adds what a later conversation showed; what is known already stays.
pub fn merge(facts: &mut SmbFacts, later: SmbFacts) {
    for dialect in later.dialects {
        if !facts.dialects.contains(&dialect) {
            facts.dialects.push(dialect);
        }
    }
    facts.smb1 |= later.smb1;
    facts.signing_enabled = facts.signing_enabled.or(later.signing_enabled);
    facts.signing_required = facts.signing_required.or(later.signing_required);
    facts.null_session = match (facts.null_session, later.null_session) {
        (Some(one), Some(other)) => Some(one || other),
        (one, other) => one.or(other),
    };
    facts.host_name = facts.host_name.take().or(later.host_name);
    facts.domain = facts.domain.take().or(later.domain);
    facts.dns_name = facts.dns_name.take().or(later.dns_name);
    facts.native_os = facts.native_os.take().or(later.native_os);
    facts.native_lan_manager = facts.native_lan_manager.take().or(later.native_lan_manager);
    facts.os_version = facts.os_version.take().or(later.os_version);
    facts.system_time = facts.system_time.or(later.system_time);
}

/// A message with the length in front that SMB has over TCP.
fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap_or(0).to_be_bytes();
    [&length, message].concat()
}

/// The first message received; `None`: read on.
fn unframed(received: &[u8]) -> Result<Option<&[u8]>, Malformed> {
    let mut reader = Reader::new(received);
    let Ok(kind) = reader.u8() else { return Ok(None) };
    if kind != 0 {
        return Err(Malformed::OtherProtocol);
    }
    let Ok(length) = reader.u24() else { return Ok(None) };
    let length = length as usize;
    if length > MESSAGE_BYTES_MAX {
        return Err(Malformed::TooLong);
    }
    if length < 32 {
        return Err(Malformed::OtherProtocol);
    }
    Ok(reader.take(length).ok())
}

/// Text as SMB has it: UTF-16, little-endian.
fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// The same back, printable.
fn from_utf16(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|pair| match pair {
        [low, high] => u16::from_le_bytes([*low, *high]),
        _ => 0,
    });
    let text: String = char::decode_utf16(units).map(|unit| unit.unwrap_or('\u{fffd}')).collect();
    printable(text.as_bytes(), 256)
}

/// Hundreds of nanoseconds since 1601 as Unix seconds; `None` for "not told".
fn unix_seconds(file_time: u64) -> Option<i64> {
    const EPOCH_DIFFERENCE_S: i64 = 11_644_473_600;
    if file_time == 0 {
        return None;
    }
    i64::try_from(file_time / 10_000_000).ok().map(|seconds| seconds - EPOCH_DIFFERENCE_S)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn framing_and_text() {
        assert_eq!(unframed(b"HTTP"), Err(Malformed::OtherProtocol));
        assert_eq!(unframed(&[0, 0, 0]), Ok(None));
        let message = [7; 40];
        assert_eq!(unframed(&framed(&message)), Ok(Some(&message[..])));
        assert_eq!(from_utf16(&utf16("LAB\u{e4}")), "LAB\u{e4}");
        assert_eq!(unix_seconds(133_000_000_000_000_000), Some(1_655_526_400));
        assert_eq!(unix_seconds(0), None);
    }

    #[test]
    fn earlier_facts_stay() {
        let mut facts = SmbFacts { host_name: Some("A".to_owned()), ..SmbFacts::default() };
        let later = SmbFacts {
            host_name: Some("B".to_owned()),
            smb1: true,
            dialects: vec!["NT LM 0.12".to_owned()],
            null_session: Some(true),
            ..SmbFacts::default()
        };
        merge(&mut facts, later);
        assert_eq!(
            (facts.host_name.as_deref(), facts.smb1, facts.null_session),
            (Some("A"), true, Some(true))
        );
    }
}
