//! MySQL and MariaDB: the handshake, and whether a user without a password is let in.
//!
//! Only the empty password is ever tried. A session that opens is left with COM_QUIT.

use palisade_model::fact::{MysqlFacts, printable};

use crate::conversation::{Conversation, Step};
use crate::reader::{Malformed, Reader};

const PACKET_BYTES_MAX: u32 = 64 * 1024;
const CLIENT_LONG_PASSWORD: u32 = 1;
const CLIENT_PROTOCOL_41: u32 = 1 << 9;
const CLIENT_SSL: u32 = 1 << 11;
const CLIENT_TRANSACTIONS: u32 = 1 << 13;
const CLIENT_SECURE_CONNECTION: u32 = 1 << 15;
const CLIENT_PLUGIN_AUTH: u32 = 1 << 19;

/// A packet's number and content, and how many bytes it took.
pub type Packet<'a> = (u8, &'a [u8], usize);

/// Reads one packet; `None`: read on.
pub fn packet(bytes: &[u8]) -> Result<Option<Packet<'_>>, Malformed> {
    let mut reader = Reader::new(bytes);
    let Ok([a, b, c, number]) = reader.array::<4>() else { return Ok(None) };
    let length = u32::from_le_bytes([a, b, c, 0]);
    if length == 0 || length > PACKET_BYTES_MAX {
        return Err(Malformed::OtherProtocol);
    }
    match reader.take(length as usize) {
        Ok(content) => Ok(Some((number, content, content.len() + 4))),
        Err(_) => Ok(None),
    }
}

pub(crate) fn write_packet(number: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap_or(0).to_le_bytes();
    [&length[..3], &[number], content].concat()
}

/// What the server sends first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Greeting {
    Handshake(Handshake),
    /// An error instead of a handshake, for example 1130: this host may not connect.
    Error(ServerError),
}

impl Greeting {
    /// Reads it; `None`: read on.
    pub fn parse(bytes: &[u8]) -> Result<Option<Self>, Malformed> {
        let Some((number, content, _)) = packet(bytes)? else { return Ok(None) };
        if number != 0 {
            return Err(Malformed::OtherProtocol);
        }
        match content.first() {
            Some(0xff) => ServerError::parse(content).map(Self::Error).map(Some),
            Some(9 | 10) => Handshake::parse(content).map(Self::Handshake).map(Some),
            _ => Err(Malformed::OtherProtocol),
        }
    }

    #[must_use]
    pub const fn handshake(&self) -> Option<&Handshake> {
        match self {
            Self::Handshake(handshake) => Some(handshake),
            Self::Error(_) => None,
        }
    }
}

/// An error packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerError {
    pub code: u16,
    pub message: String,
}

impl ServerError {
    pub(crate) fn parse(content: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(content);
        let _kind = reader.u8()?;
        let code = reader.u16_le()?;
        if !(1000..=9999).contains(&code) {
            return Err(Malformed::OtherProtocol);
        }
        let text = reader.rest();
        // `#` and five characters of SQLSTATE, once capabilities are known.
        let text = if text.starts_with(b"#") { text.get(6..).unwrap_or_default() } else { text };
        Ok(Self { code, message: printable(text, 500) })
    }

    /// The server turns this address away whoever comes.
    #[must_use]
    pub const fn is_host_refused(&self) -> bool {
        // Not privileged; blocked after too many errors.
        matches!(self.code, 1129 | 1130)
    }
}

/// Version and abilities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handshake {
    /// 10, or 9 before MySQL 3.22.
    pub protocol: u8,
    pub version: String,
    pub capabilities: u32,
    /// Name of the authentication plug-in; empty when the server has none.
    pub plugin: String,
    /// What a password is proven with; 8 bytes from old servers, else 20.
    pub scramble: Vec<u8>,
}

impl Handshake {
    fn parse(content: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(content);
        let protocol = reader.u8()?;
        // MariaDB hides its version from old replicas behind this prefix.
        let version = printable(reader.c_string()?, 100);
        let version = version.strip_prefix("5.5.5-").map_or_else(|| version.clone(), str::to_owned);
        let mut handshake =
            Self { protocol, version, capabilities: 0, plugin: String::new(), scramble: Vec::new() };
        let _thread = reader.u32_le()?;
        if protocol == 9 {
            return Ok(handshake);
        }
        handshake.scramble = reader.take(8)?.to_vec();
        let _filler = reader.u8()?;
        handshake.capabilities = u32::from(reader.u16_le()?);
        // Servers before 4.1 end here.
        if let (Ok(_character_set), Ok(_status), Ok(upper)) = (reader.u8(), reader.u16_le(), reader.u16_le())
        {
            handshake.capabilities |= u32::from(upper) << 16;
            handshake.take_plugin(&mut reader);
        }
        Ok(handshake)
    }

    /// The rest of the scramble and the plug-in's name; what is missing is left empty.
    fn take_plugin(&mut self, reader: &mut Reader<'_>) {
        let Ok(length) = reader.u8() else { return };
        let Ok(_reserved) = reader.take(10) else { return };
        let Ok(scramble) = reader.take(usize::from(length).saturating_sub(8).max(13)) else { return };
        self.scramble.extend(scramble.strip_suffix(&[0]).unwrap_or(scramble));
        if self.capabilities & CLIENT_PLUGIN_AUTH == 0 {
            return;
        }
        let name = reader.rest();
        let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
        self.plugin = printable(name.get(..end).unwrap_or_default(), 64);
    }

    #[must_use]
    pub const fn offers_tls(&self) -> bool {
        self.capabilities & CLIENT_SSL != 0
    }
}

pub(crate) fn login_head(capabilities: u32) -> Vec<u8> {
    let mut content = capabilities.to_le_bytes().to_vec();
    content.extend_from_slice(&0x0100_0000_u32.to_le_bytes());
    // Character set utf8, then the filler.
    content.push(33);
    content.extend_from_slice(&[0; 23]);
    content
}

/// The packet behind which the TLS handshake starts.
#[must_use]
pub fn tls_request() -> Vec<u8> {
    let capabilities = CLIENT_LONG_PASSWORD | CLIENT_PROTOCOL_41 | CLIENT_SSL | CLIENT_SECURE_CONNECTION;
    write_packet(1, &login_head(capabilities))
}

/// A log-in with an empty password. An empty answer to the scramble is what both
/// `mysql_native_password` and `caching_sha2_password` take for "no password".
#[must_use]
pub fn login(user: &str, plugin: &str) -> Vec<u8> {
    let mut capabilities =
        CLIENT_LONG_PASSWORD | CLIENT_PROTOCOL_41 | CLIENT_TRANSACTIONS | CLIENT_SECURE_CONNECTION;
    if !plugin.is_empty() {
        capabilities |= CLIENT_PLUGIN_AUTH;
    }
    let mut content = login_head(capabilities);
    content.extend(user.bytes().filter(|byte| *byte != 0));
    // End of the name, length of the answer.
    content.extend_from_slice(&[0, 0]);
    if !plugin.is_empty() {
        content.extend(plugin.bytes().filter(|byte| *byte != 0));
        content.push(0);
    }
    write_packet(1, &content)
}

/// Reads the handshake, then tries one user without a password.
#[derive(Debug, Clone)]
pub struct MysqlConversation {
    user: Option<String>,
    asked: bool,
    switches: u8,
    error: Option<ServerError>,
    facts: MysqlFacts,
}

impl MysqlConversation {
    /// `user`: to be tried without a password; `None` reads the handshake only.
    #[must_use]
    pub fn new(user: Option<&str>) -> Self {
        Self {
            user: user.map(str::to_owned),
            asked: false,
            switches: 0,
            error: None,
            facts: MysqlFacts::default(),
        }
    }

    #[must_use]
    pub fn finish(self) -> MysqlFacts {
        self.facts
    }

    /// Why the server said no, for people.
    #[must_use]
    pub const fn error(&self) -> Option<&ServerError> {
        self.error.as_ref()
    }

    fn greeted(&mut self, received: &[u8]) -> Result<Step, Malformed> {
        match Greeting::parse(received)? {
            None => Ok(Step::NeedMore),
            Some(Greeting::Error(error)) => {
                self.facts.refused = error.is_host_refused();
                self.error = Some(error);
                Ok(Step::Done)
            }
            Some(Greeting::Handshake(handshake)) => {
                self.facts.protocol = handshake.protocol;
                self.facts.tls = handshake.offers_tls();
                self.facts.version = handshake.version;
                let modern = handshake.capabilities & CLIENT_PROTOCOL_41 != 0;
                let (Some(user), true) = (&self.user, modern) else { return Ok(Step::Done) };
                self.asked = true;
                Ok(Step::Send(login(user, &handshake.plugin)))
            }
        }
    }

    fn answered(&mut self, received: &[u8]) -> Result<Step, Malformed> {
        let Some((number, content, used)) = packet(received)? else { return Ok(Step::NeedMore) };
        match content.first() {
            Some(0) => {
                self.facts.empty_password_users.extend(self.user.clone());
                Ok(Step::Finish(write_packet(0, &[1])))
            }
            Some(0xff) => {
                self.error = Some(ServerError::parse(content)?);
                Ok(Step::Done)
            }
            // Use another plug-in: again an empty answer. Twice is more than any server asks.
            Some(0xfe) if self.switches < 2 => {
                self.switches += 1;
                Ok(Step::Send(vec![0, 0, 0, number.wrapping_add(1)]))
            }
            // More data of `caching_sha2_password`: 3 is "fast way done", the OK packet follows.
            Some(1) if content.get(1) == Some(&3) => self.answered(received.get(used..).unwrap_or_default()),
            Some(1 | 0xfe) => Ok(Step::Done),
            _ => Err(Malformed::Value),
        }
    }
}

impl Conversation for MysqlConversation {
    fn start(&mut self) -> Vec<u8> {
        Vec::new()
    }

    fn receive(&mut self, received: &[u8]) -> Step {
        let step = if self.asked { self.answered(received) } else { self.greeted(received) };
        step.unwrap_or_else(Step::Failed)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::conversation::scripted::{play, survive};

    fn handshake() -> Vec<u8> {
        let mut content = b"\x0a5.5.5-11.8.3-MariaDB-0+deb13u1 from Debian\0\x1f\0\0\0abcdefgh\0".to_vec();
        content.extend_from_slice(&[0xfe, 0xff, 0x2d, 0x02, 0x00, 0xff, 0x81, 21]);
        content.extend_from_slice(&[0; 10]);
        content.extend_from_slice(b"ijklmnopqrst\0mysql_native_password\0");
        write_packet(0, &content)
    }

    #[test]
    fn root_without_a_password() {
        for slowly in [false, true] {
            let mut conversation = MysqlConversation::new(Some("root"));
            let ok = write_packet(2, &[0, 0, 0, 2, 0, 0, 0]);
            let (sent, last) = play(&mut conversation, &[&handshake(), &ok], slowly);
            assert!(sent[1].contains("root\0\0mysql_native_password\0"));
            assert_eq!(last, Step::Finish(vec![1, 0, 0, 0, 1]));
            let facts = conversation.finish();
            assert_eq!(facts.version, "11.8.3-MariaDB-0+deb13u1 from Debian");
            assert!(facts.tls && !facts.refused);
            assert_eq!(facts.empty_password_users, ["root"]);
        }
    }

    #[test]
    fn another_plug_in_and_a_no() {
        let mut conversation = MysqlConversation::new(Some("root"));
        let switch = write_packet(2, b"\xfecaching_sha2_password\0aaaaaaaaaaaaaaaaaaaa\0");
        let no = write_packet(4, b"\xff\x15\x04#28000Access denied for user 'root'@'localhost'");
        let (sent, last) = play(&mut conversation, &[&handshake(), &switch, &no], false);
        assert_eq!((sent[2].as_bytes(), last), (&[0, 0, 0, 3][..], Step::Done));
        let error = conversation.error().unwrap();
        assert_eq!((error.code, error.message.as_str()), (1045, "Access denied for user 'root'@'localhost'"));
        assert!(conversation.finish().empty_password_users.is_empty());
    }

    #[test]
    fn a_host_that_may_not_connect() {
        let mut conversation = MysqlConversation::new(Some("root"));
        let no =
            write_packet(0, b"\xff\x6a\x04Host '10.0.0.1' is not allowed to connect to this MariaDB server");
        assert_eq!(play(&mut conversation, &[&no], true).1, Step::Done);
        assert!(conversation.finish().refused);
    }

    #[test]
    fn other_protocols_are_refused() {
        assert_eq!(Greeting::parse(b"220 ready\r\n"), Err(Malformed::OtherProtocol));
        assert_eq!(Greeting::parse(b"\x01\0\0\0\x47"), Err(Malformed::OtherProtocol));
    }

    proptest! {
        #[test]
        fn any_content_is_survived(first in prop_oneof![Just(10u8), Just(9), Just(255), Just(254), any::<u8>()],
                                   bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let answer = write_packet(0, &[&[first], bytes.as_slice()].concat());
            survive(MysqlConversation::new(Some("root")), std::slice::from_ref(&answer));
            survive(MysqlConversation::new(Some("root")), &[handshake(), answer]);
        }
    }
}
