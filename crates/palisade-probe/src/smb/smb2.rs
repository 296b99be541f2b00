//! SMB 2 and 3: NEGOTIATE, SESSION_SETUP as nobody, TREE_CONNECT to IPC$.

use palisade_model::fact::SmbFacts;

use super::message::{
    Answer, HEADER_BYTES, Header, NEGOTIATE, SESSION_SETUP, SIGNING_ENABLED, SIGNING_REQUIRED, TREE_CONNECT,
    session_setup, tree_connect,
};
use super::ntlm::{self, Challenge};
use super::{STATUS_MORE_PROCESSING, STATUS_SUCCESS, unix_seconds};
use crate::conversation::{Conversation, Step};
use crate::reader::{Malformed, Reader};

/// A version of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    Smb202,
    Smb21,
    Smb30,
    Smb302,
    Smb311,
}

impl Dialect {
    pub const ALL: [Self; 5] = [Self::Smb202, Self::Smb21, Self::Smb30, Self::Smb302, Self::Smb311];

    const fn code(self) -> u16 {
        match self {
            Self::Smb202 => 0x0202,
            Self::Smb21 => 0x0210,
            Self::Smb30 => 0x0300,
            Self::Smb302 => 0x0302,
            Self::Smb311 => 0x0311,
        }
    }

    /// As facts name it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Smb202 => "2.0.2",
            Self::Smb21 => "2.1",
            Self::Smb30 => "3.0",
            Self::Smb302 => "3.0.2",
            Self::Smb311 => "3.1.1",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Negotiate,
    Challenge,
    Session,
    Tree,
}

/// Negotiates one of some dialects; then, if asked to, tries a session without a name.
#[derive(Debug, Clone)]
pub struct Smb2Conversation {
    dialects: Vec<Dialect>,
    session: bool,
    salt: [u8; 32],
    state: State,
    session_id: u64,
    facts: SmbFacts,
}

impl Smb2Conversation {
    /// `session`: go on to the null session. `salt`: any bytes, fresh for each connection.
    #[must_use]
    pub fn new(dialects: &[Dialect], session: bool, salt: [u8; 32]) -> Self {
        Self {
            dialects: dialects.to_vec(),
            session,
            salt,
            state: State::Negotiate,
            session_id: 0,
            facts: SmbFacts::default(),
        }
    }

    #[must_use]
    pub fn finish(self) -> SmbFacts {
        self.facts
    }

    fn message(&self, command: u16, body: &[u8]) -> Vec<u8> {
        let number = match self.state {
            State::Negotiate => 0,
            State::Challenge => 1,
            State::Session => 2,
            State::Tree => 3,
        };
        let header = Header { credit_charge: 0, credits: 1, number, session_id: self.session_id };
        header.request(command, body)
    }

    fn negotiate(&self) -> Vec<u8> {
        let contexts = self.dialects.contains(&Dialect::Smb311);
        let dialect_bytes = self.dialects.len() * 2;
        let mut body = 36_u16.to_le_bytes().to_vec();
        body.extend(u16::try_from(self.dialects.len()).unwrap_or(0).to_le_bytes());
        body.extend(SIGNING_ENABLED.to_le_bytes());
        body.extend([0; 6]);
        body.extend(self.salt.first_chunk::<16>().copied().unwrap_or_default());
        // Contexts start at the next multiple of eight.
        let offset = (usize::from(HEADER_BYTES) + 36 + dialect_bytes).next_multiple_of(8);
        if contexts {
            body.extend(u32::try_from(offset).unwrap_or(0).to_le_bytes());
            body.extend([2, 0, 0, 0]);
        } else {
            body.extend([0; 8]);
        }
        for dialect in &self.dialects {
            body.extend(dialect.code().to_le_bytes());
        }
        if contexts {
            body.resize(offset - usize::from(HEADER_BYTES), 0);
            // Integrity: one hash, SHA-512, 32 bytes of salt; padded to eight.
            body.extend([1, 0, 38, 0, 0, 0, 0, 0, 1, 0, 32, 0, 1, 0]);
            body.extend(self.salt);
            body.extend([0; 2]);
            // Encryption: AES-128-GCM, AES-128-CCM.
            body.extend([2, 0, 6, 0, 0, 0, 0, 0, 2, 0, 2, 0, 1, 0]);
        }
        self.message(NEGOTIATE, &body)
    }

    fn advance(&mut self, received: &[u8]) -> Result<Step, Malformed> {
        let Some(answer) = Answer::read(received)? else { return Ok(Step::NeedMore) };
        match self.state {
            State::Negotiate => {
                self.negotiated(&answer)?;
                if !self.session || self.facts.dialects.is_empty() {
                    return Ok(Step::Done);
                }
                self.state = State::Challenge;
                Ok(Step::Send(self.message(SESSION_SETUP, &session_setup(&ntlm::negotiate_token()))))
            }
            State::Challenge => {
                if answer.status != STATUS_MORE_PROCESSING {
                    self.facts.null_session = Some(false);
                    return Ok(Step::Done);
                }
                // Servers that speak only Kerberos send no challenge.
                if let Ok(challenge) = Challenge::parse(answer.body) {
                    challenge.tell(&mut self.facts);
                }
                self.session_id = answer.session_id;
                self.state = State::Session;
                Ok(Step::Send(self.message(SESSION_SETUP, &session_setup(&ntlm::anonymous_token()))))
            }
            State::Session => {
                if answer.status != STATUS_SUCCESS {
                    self.facts.null_session = Some(false);
                    return Ok(Step::Done);
                }
                self.session_id = answer.session_id;
                self.state = State::Tree;
                Ok(Step::Send(self.message(TREE_CONNECT, &tree_connect("server", "IPC$"))))
            }
            State::Tree => {
                // A session that may connect to nothing is none.
                self.facts.null_session = Some(answer.status == STATUS_SUCCESS);
                Ok(Step::Done)
            }
        }
    }

    fn negotiated(&mut self, answer: &Answer<'_>) -> Result<(), Malformed> {
        if answer.status != STATUS_SUCCESS {
            return Ok(());
        }
        let mut reader = Reader::new(answer.body);
        let _size = reader.u16_le()?;
        let security = reader.u16_le()?;
        let code = reader.u16_le()?;
        // Contexts, identity, abilities, and three sizes.
        reader.take(2 + 16 + 4 + 12)?;
        let system_time = reader.u64_le()?;
        let dialect = self.dialects.iter().find(|dialect| dialect.code() == code).ok_or(Malformed::Value)?;
        self.facts.dialects = vec![dialect.as_str().to_owned()];
        self.facts.signing_enabled = Some(security & (SIGNING_ENABLED | SIGNING_REQUIRED) != 0);
        self.facts.signing_required = Some(security & SIGNING_REQUIRED != 0);
        self.facts.system_time = unix_seconds(system_time);
        Ok(())
    }
}

impl Conversation for Smb2Conversation {
    fn start(&mut self) -> Vec<u8> {
        self.negotiate()
    }

    fn receive(&mut self, received: &[u8]) -> Step {
        self.advance(received).unwrap_or_else(Step::Failed)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::ntlm::tests::challenge_bytes;
    use super::super::framed;
    use super::*;
    use crate::conversation::scripted::{play, survive};

    fn answer(status: u32, body: &[u8]) -> Vec<u8> {
        let mut bytes = b"\xfeSMB\x40\0\0\0".to_vec();
        bytes.extend(status.to_le_bytes());
        bytes.extend([0; 28]);
        bytes.extend(77_u64.to_le_bytes());
        bytes.extend([0; 16]);
        bytes.extend_from_slice(body);
        framed(&bytes)
    }

    fn negotiated(security: u16, code: u16) -> Vec<u8> {
        let mut body = 65_u16.to_le_bytes().to_vec();
        body.extend(security.to_le_bytes());
        body.extend(code.to_le_bytes());
        body.extend([0; 34]);
        body.extend(133_000_000_000_000_000_u64.to_le_bytes());
        body.extend([0; 16]);
        answer(0, &body)
    }

    #[test]
    fn a_null_session_on_samba() {
        let setup = [&[9, 0, 0, 0, 72, 0, 0, 1][..], &challenge_bytes()].concat();
        let answers = [
            negotiated(1, 0x0311),
            answer(STATUS_MORE_PROCESSING, &setup),
            answer(0, &[9, 0, 2, 0]),
            answer(0, &[16, 0, 2, 0]),
        ];
        let answers: Vec<&[u8]> = answers.iter().map(Vec::as_slice).collect();
        for slowly in [false, true] {
            let mut conversation = Smb2Conversation::new(&Dialect::ALL, true, [7; 32]);
            assert_eq!(play(&mut conversation, &answers, slowly).1, Step::Done);
            let facts = conversation.finish();
            assert_eq!((facts.dialects.as_slice(), facts.smb1), (&["3.1.1".to_owned()][..], false));
            assert_eq!((facts.signing_enabled, facts.signing_required), (Some(true), Some(false)));
            assert_eq!((facts.null_session, facts.system_time), (Some(true), Some(1_655_526_400)));
            assert_eq!((facts.host_name.as_deref(), facts.domain.as_deref()), (Some("FILES"), Some("LAB")));
        }
    }

    #[test]
    fn a_session_that_may_do_nothing_is_none() {
        let setup = [&[9, 0, 0, 0, 72, 0, 0, 1][..], &challenge_bytes()].concat();
        let mut conversation = Smb2Conversation::new(&Dialect::ALL, true, [7; 32]);
        let answers = [
            negotiated(3, 0x0302),
            answer(STATUS_MORE_PROCESSING, &setup),
            answer(0, &[9, 0, 2, 0]),
            answer(0xc000_0022, &[9, 0]),
        ];
        let answers: Vec<&[u8]> = answers.iter().map(Vec::as_slice).collect();
        play(&mut conversation, &answers, false);
        let facts = conversation.finish();
        assert_eq!((facts.null_session, facts.signing_required), (Some(false), Some(true)));
    }

    #[test]
    fn a_dialect_that_is_not_spoken() {
        let mut conversation = Smb2Conversation::new(&[Dialect::Smb202], false, [7; 32]);
        assert_eq!(play(&mut conversation, &[&answer(0xc000_00bb, &[9, 0])], false).1, Step::Done);
        assert!(conversation.finish().dialects.is_empty());
    }

    proptest! {
        #[test]
        fn any_body_is_survived(status in prop_oneof![Just(0u32), Just(STATUS_MORE_PROCESSING), Just(0x103)],
                                body in proptest::collection::vec(any::<u8>(), 0..90)) {
            let conversation = || Smb2Conversation::new(&Dialect::ALL, true, [7; 32]);
            survive(conversation(), &[answer(status, &body)]);
            survive(conversation(), &[negotiated(1, 0x0210), answer(status, &body), answer(0, &body)]);
            survive(conversation(), &[body]);
        }
    }
}
