//! SMB 1 with the dialect `NT LM 0.12`: signing, what the server calls itself, the null session.
//!
//! Extended security is not asked for: the old form of the session set-up tells the names of the
//! operating system and needs no computing.

use palisade_model::fact::{SmbFacts, printable};

use super::{STATUS_SUCCESS, framed, from_utf16, unframed, unix_seconds, utf16};
use crate::conversation::{Conversation, Step};
use crate::reader::{Malformed, Reader};

const DIALECT: &str = "NT LM 0.12";
const NEGOTIATE: u8 = 0x72;
const SESSION_SETUP: u8 = 0x73;
const TREE_CONNECT: u8 = 0x75;
/// Unicode, NT status codes, long names.
const FLAGS2: u16 = 0xc001;
const FLAGS2_UNICODE: u16 = 0x8000;
const HEADER_BYTES: usize = 32;
/// Unicode, NT calls, NT status codes.
const CAPABILITIES: u32 = 0x54;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Negotiate,
    Session,
    Tree,
}

/// Negotiates, sets a session up without a name, connects to IPC$.
#[derive(Debug, Clone)]
pub struct Smb1Conversation {
    state: State,
    user: u16,
    facts: SmbFacts,
}

impl Default for Smb1Conversation {
    fn default() -> Self {
        Self::new()
    }
}

impl Smb1Conversation {
    #[must_use]
    pub fn new() -> Self {
        Self { state: State::Negotiate, user: 0, facts: SmbFacts::default() }
    }

    #[must_use]
    pub fn finish(self) -> SmbFacts {
        self.facts
    }

    fn message(&self, command: u8, words: &[u8], content: &[u8]) -> Vec<u8> {
        let mut bytes = b"\xffSMB".to_vec();
        bytes.push(command);
        // Status; then "paths are canonical and without case".
        bytes.extend([0, 0, 0, 0, 0x18]);
        bytes.extend(FLAGS2.to_le_bytes());
        // Upper process half, signature, reserved, tree.
        bytes.extend([0; 14]);
        bytes.extend([0xfe, 0xff]);
        bytes.extend(self.user.to_le_bytes());
        bytes.extend([1, 0]);
        bytes.push(u8::try_from(words.len() / 2).unwrap_or(0));
        bytes.extend_from_slice(words);
        bytes.extend(u16::try_from(content.len()).unwrap_or(0).to_le_bytes());
        bytes.extend_from_slice(content);
        framed(&bytes)
    }

    fn session_setup(&self) -> Vec<u8> {
        // Nothing chained; sizes; one virtual circuit; no session key.
        let mut words = vec![0xff, 0, 0, 0, 0, 0x40, 2, 0, 1, 0, 0, 0, 0, 0];
        // A password of one zero byte, and none in Unicode; reserved.
        words.extend([1, 0, 0, 0, 0, 0, 0, 0]);
        words.extend(CAPABILITIES.to_le_bytes());
        // The zero byte brings the texts behind it to an even place.
        let mut content = vec![0];
        for text in ["", "", "Unix", "Palisade"] {
            content.extend(utf16(text));
            content.extend([0, 0]);
        }
        self.message(SESSION_SETUP, &words, &content)
    }

    fn tree_connect(&self) -> Vec<u8> {
        let words = [0xff, 0, 0, 0, 0, 0, 1, 0];
        let mut content = vec![0];
        content.extend(utf16("\\\\SERVER\\IPC$"));
        content.extend([0, 0]);
        content.extend_from_slice(b"?????\0");
        self.message(TREE_CONNECT, &words, &content)
    }

    fn advance(&mut self, received: &[u8]) -> Result<Step, Malformed> {
        let Some(message) = unframed(received)? else { return Ok(Step::NeedMore) };
        let answer = Answer::parse(message)?;
        match self.state {
            State::Negotiate => {
                if !self.negotiated(&answer)? {
                    return Ok(Step::Done);
                }
                self.state = State::Session;
                Ok(Step::Send(self.session_setup()))
            }
            State::Session => {
                if answer.status != STATUS_SUCCESS {
                    self.facts.null_session = Some(false);
                    return Ok(Step::Done);
                }
                self.take_names(&answer)?;
                self.user = answer.user;
                self.state = State::Tree;
                Ok(Step::Send(self.tree_connect()))
            }
            State::Tree => {
                self.facts.null_session = Some(answer.status == STATUS_SUCCESS);
                Ok(Step::Done)
            }
        }
    }

    fn negotiated(&mut self, answer: &Answer<'_>) -> Result<bool, Malformed> {
        // Servers without the dialect answer 0xffff, in one word.
        if answer.status != STATUS_SUCCESS || answer.words.len() < 34 {
            return Ok(false);
        }
        let mut reader = Reader::new(answer.words);
        if reader.u16_le()? != 0 {
            return Ok(false);
        }
        let security = reader.u8()?;
        // Counts, sizes and the session key.
        reader.take(16)?;
        let _capabilities = reader.u32_le()?;
        let system_time = reader.u64_le()?;
        let _zone = reader.u16_le()?;
        let challenge_length = usize::from(reader.u8()?);
        self.facts.smb1 = true;
        self.facts.dialects = vec![DIALECT.to_owned()];
        self.facts.signing_enabled = Some(security & 0x0c != 0);
        self.facts.signing_required = Some(security & 0x08 != 0);
        self.facts.system_time = unix_seconds(system_time);
        // Domain and name follow, always in Unicode and without alignment.
        let mut texts =
            Texts { bytes: answer.content.get(challenge_length..).unwrap_or_default(), unicode: true };
        self.facts.domain = texts.next();
        self.facts.host_name = texts.next();
        Ok(true)
    }

    fn take_names(&mut self, answer: &Answer<'_>) -> Result<(), Malformed> {
        // Texts are at an even place, counted from the header.
        let start = HEADER_BYTES + 1 + answer.words.len() + 2;
        let skip = if answer.unicode { start % 2 } else { 0 };
        let bytes = answer.content.get(skip..).ok_or(Malformed::Truncated)?;
        let mut texts = Texts { bytes, unicode: answer.unicode };
        self.facts.native_os = texts.next();
        self.facts.native_lan_manager = texts.next();
        self.facts.domain = texts.next().or(self.facts.domain.take());
        Ok(())
    }
}

impl Conversation for Smb1Conversation {
    fn start(&mut self) -> Vec<u8> {
        let content = [b"\x02", DIALECT.as_bytes(), b"\0"].concat();
        self.message(NEGOTIATE, &[], &content)
    }

    fn receive(&mut self, received: &[u8]) -> Step {
        self.advance(received).unwrap_or_else(Step::Failed)
    }
}

/// Texts one behind the other, each with a zero at its end; the last may lack it.
struct Texts<'a> {
    bytes: &'a [u8],
    unicode: bool,
}

impl Iterator for Texts<'_> {
    type Item = String;

    /// `None` for an empty text too: nothing was told.
    fn next(&mut self) -> Option<String> {
        let width = if self.unicode { 2 } else { 1 };
        let unit = self.bytes.chunks_exact(width).position(|unit| unit.iter().all(|byte| *byte == 0));
        let end = unit.map_or(self.bytes.len(), |unit| unit * width);
        let text = self.bytes.get(..end).unwrap_or_default();
        let text = if self.unicode { from_utf16(text) } else { printable(text, 256) };
        self.bytes = self.bytes.get(end + width..).unwrap_or_default();
        Some(text).filter(|text| !text.is_empty())
    }
}

/// The parts of an answer that matter.
struct Answer<'a> {
    status: u32,
    unicode: bool,
    user: u16,
    words: &'a [u8],
    content: &'a [u8],
}

impl<'a> Answer<'a> {
    fn parse(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(message);
        if reader.take(4)? != b"\xffSMB" {
            return Err(Malformed::OtherProtocol);
        }
        let _command = reader.u8()?;
        let status = reader.u32_le()?;
        let _flags = reader.u8()?;
        let unicode = reader.u16_le()? & FLAGS2_UNICODE != 0;
        reader.take(16)?;
        let user = reader.u16_le()?;
        let _number = reader.u16_le()?;
        let word_count = usize::from(reader.u8()?);
        let words = reader.take(word_count * 2)?;
        let length = usize::from(reader.u16_le()?);
        Ok(Self { status, unicode, user, words, content: reader.take(length)? })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::conversation::scripted::{play, survive};

    fn answer(status: u32, words: &[u8], content: &[u8]) -> Vec<u8> {
        let mut bytes = Smb1Conversation::new().message(0x72, words, content);
        bytes[9..13].copy_from_slice(&status.to_le_bytes());
        bytes
    }

    fn negotiated() -> Vec<u8> {
        let mut words = vec![0, 0, 0x07];
        words.extend([0; 20]);
        words.extend(133_000_000_000_000_000_u64.to_le_bytes());
        words.extend([0, 0, 8]);
        let content = [vec![0xaa; 8], utf16("LAB"), vec![0, 0], utf16("FILES"), vec![0, 0]].concat();
        answer(0, &words, &content)
    }

    #[test]
    fn samba_tells_what_it_is() {
        let mut content = vec![0];
        for text in ["Windows 6.1", "Samba 4.22.4-Debian", "LAB"] {
            content.extend(utf16(text));
            content.extend([0, 0]);
        }
        let answers = [negotiated(), answer(0, &[0xff, 0, 0, 0, 0, 0], &content), answer(0, &[], b"IPC\0")];
        let answers: Vec<&[u8]> = answers.iter().map(Vec::as_slice).collect();
        for slowly in [false, true] {
            let mut conversation = Smb1Conversation::new();
            assert_eq!(play(&mut conversation, &answers, slowly).1, Step::Done);
            let facts = conversation.finish();
            assert!(facts.smb1);
            assert_eq!((facts.signing_enabled, facts.signing_required), (Some(true), Some(false)));
            assert_eq!(facts.native_os.as_deref(), Some("Windows 6.1"));
            assert_eq!(facts.native_lan_manager.as_deref(), Some("Samba 4.22.4-Debian"));
            assert_eq!((facts.domain.as_deref(), facts.host_name.as_deref()), (Some("LAB"), Some("FILES")));
            assert_eq!(facts.null_session, Some(true));
        }
    }

    #[test]
    fn servers_without_it() {
        let mut conversation = Smb1Conversation::new();
        assert_eq!(play(&mut conversation, &[&answer(0, &[0xff, 0xff], b"")], false).1, Step::Done);
        assert!(!conversation.finish().smb1);
        let start = Smb1Conversation::new().start();
        assert!(start.ends_with(b"\x00\x0c\x00\x02NT LM 0.12\0"));
    }

    proptest! {
        #[test]
        fn any_answer_is_survived(words in proptest::collection::vec(any::<[u8; 2]>(), 0..20),
                                  content in proptest::collection::vec(any::<u8>(), 0..60)) {
            let second = answer(0, &words.concat(), &content);
            survive(Smb1Conversation::new(), &[second.clone()]);
            survive(Smb1Conversation::new(), &[negotiated(), second, content]);
        }
    }
}
