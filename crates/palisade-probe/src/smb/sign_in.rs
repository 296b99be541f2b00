//! Signing in to Windows and Samba: NTLMv2 in SESSION_SETUP over SMB 2.0.2 or 2.1, whose signatures
//! need no more than HMAC-SHA256; then TREE_CONNECT to IPC$ and to ADMIN$, which only
//! administrators reach. Deliberately absent: Kerberos, NTLM's first version, SMB 3 and reading files.

use palisade_model::user::Password;

use super::message::{
    Answer, Header, NEGOTIATE, SESSION_SETUP, SIGNING_ENABLED, SIGNING_REQUIRED, TREE_CONNECT, session_setup,
    tree_connect,
};
use super::ntlm::{FLAGS, SIGNATURE};
use super::{STATUS_MORE_PROCESSING, STATUS_SUCCESS, utf16};
use crate::ber;
use crate::conversation::{Conversation, Step};
use crate::reader::{Malformed, Reader};
use crate::sign_in::{Hash, Verdict};

/// 2.0.2 and 2.1.
const DIALECTS: [u16; 2] = [0x0202, 0x0210];
const SESSION_IS_GUEST: u16 = 1;
const SESSION_IS_NOBODY: u16 = 2;
/// Hundreds of nanoseconds from 1601 to 1970.
const EPOCH: u64 = 116_444_736_000_000_000;

/// Who signs in, where from, and with what.
#[derive(Debug, Clone)]
pub struct SmbCredentials {
    pub user: String,
    /// Empty for an account of the host itself.
    pub domain: String,
    pub password: Password,
}

/// What a sign-in came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SmbAnswer {
    pub verdict: Verdict,
    /// `2.0.2` or `2.1`.
    pub dialect: Option<String>,
    pub signing_required: bool,
    /// ADMIN$ was opened.
    pub administrator: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Negotiate,
    Challenge,
    Session,
    Pipe,
    Administration,
}

/// One sign-in.
#[derive(Clone)]
pub struct SmbSignIn {
    credentials: SmbCredentials,
    /// Fresh for each connection.
    nonce: [u8; 24],
    now_s: i64,
    server: String,
    state: State,
    session_id: u64,
    key: Option<Vec<u8>>,
    answer: SmbAnswer,
}

impl std::fmt::Debug for SmbSignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SmbSignIn").field("state", &self.state).finish_non_exhaustive()
    }
}

impl SmbSignIn {
    /// `server`: its address, as shares are named by; `now_s`: Unix seconds.
    #[must_use]
    pub fn new(credentials: SmbCredentials, server: &str, nonce: [u8; 24], now_s: i64) -> Self {
        Self {
            credentials,
            nonce,
            now_s,
            server: server.to_owned(),
            state: State::Negotiate,
            session_id: 0,
            key: None,
            answer: SmbAnswer::default(),
        }
    }

    #[must_use]
    pub fn finish(self) -> SmbAnswer {
        self.answer
    }

    fn message(&self, command: u16, body: &[u8]) -> Vec<u8> {
        let number = match self.state {
            State::Negotiate => 0,
            State::Challenge => 1,
            State::Session => 2,
            State::Pipe => 3,
            State::Administration => 4,
        };
        // Nothing is charged before a dialect is agreed on.
        let credit_charge = u8::from(self.state != State::Negotiate);
        let header = Header { credit_charge, credits: 8, number, session_id: self.session_id };
        match &self.key {
            None => header.request(command, body),
            Some(key) => header.signed_request(command, body, |message| Hash::Sha256.hmac(key, &[message])),
        }
    }

    fn negotiate(&self) -> Vec<u8> {
        let mut body = vec![36, 0, 2, 0];
        body.extend(SIGNING_ENABLED.to_le_bytes());
        body.extend([0; 6]);
        body.extend(self.nonce.first_chunk::<16>().copied().unwrap_or_default());
        body.extend([0; 8]);
        body.extend(DIALECTS.iter().flat_map(|dialect| dialect.to_le_bytes()));
        self.message(NEGOTIATE, &body)
    }

    fn advance(&mut self, received: &[u8]) -> Result<Step, Malformed> {
        let Some(Answer { status, session_id, body }) = Answer::read(received)? else {
            return Ok(Step::NeedMore);
        };
        match self.state {
            State::Negotiate => {
                if status != STATUS_SUCCESS {
                    let reason = "the server speaks neither SMB 2.0.2 nor 2.1".to_owned();
                    return Ok(self.end(Verdict::Unsupported(reason)));
                }
                let mut reader = Reader::new(body);
                reader.take(2)?;
                self.answer.signing_required = reader.u16_le()? & SIGNING_REQUIRED != 0;
                let dialect = if reader.u16_le()? == 0x0210 { "2.1" } else { "2.0.2" };
                self.answer.dialect = Some(dialect.to_owned());
                self.state = State::Challenge;
                Ok(Step::Send(self.message(SESSION_SETUP, &session_setup(&super::ntlm::negotiate_token()))))
            }
            State::Challenge => {
                if status != STATUS_MORE_PROCESSING {
                    let reason = format!("the server takes no NTLM (status {status:#010x})");
                    return Ok(self.end(Verdict::Unsupported(reason)));
                }
                self.session_id = session_id;
                let challenge = ServerChallenge::parse(body)?;
                let (token, key) = self.authenticate(&challenge);
                self.state = State::Session;
                let step = Step::Send(self.message(SESSION_SETUP, &session_setup(&token)));
                self.key = Some(key);
                Ok(step)
            }
            State::Session => {
                if status != STATUS_SUCCESS {
                    return Ok(self.end(Verdict::Refused(reason_of(status))));
                }
                let mut reader = Reader::new(body);
                reader.take(2)?;
                if reader.u16_le()? & (SESSION_IS_GUEST | SESSION_IS_NOBODY) != 0 {
                    let reason = "the server took the user for a guest".to_owned();
                    return Ok(self.end(Verdict::Refused(reason)));
                }
                self.state = State::Pipe;
                Ok(Step::Send(self.message(TREE_CONNECT, &tree_connect(&self.server, "IPC$"))))
            }
            State::Pipe => {
                if status != STATUS_SUCCESS {
                    return Ok(self.end(Verdict::Limited(format!("IPC$ is denied: {}", reason_of(status)))));
                }
                self.state = State::Administration;
                Ok(Step::Send(self.message(TREE_CONNECT, &tree_connect(&self.server, "ADMIN$"))))
            }
            State::Administration => {
                self.answer.administrator = status == STATUS_SUCCESS;
                Ok(self.end(if self.answer.administrator {
                    Verdict::Passed
                } else {
                    Verdict::Limited(format!("ADMIN$ is denied: {}", reason_of(status)))
                }))
            }
        }
    }

    fn end(&mut self, verdict: Verdict) -> Step {
        self.answer.verdict = verdict;
        Step::Done
    }

    /// The last token and the key that messages are signed with from then on.
    fn authenticate(&self, challenge: &ServerChallenge) -> (Vec<u8>, Vec<u8>) {
        let SmbCredentials { user, domain, password } = &self.credentials;
        let own = Hash::Md4.of(&[&utf16(password.reveal())]);
        let who = utf16(&format!("{}{domain}", user.to_uppercase()));
        let own = Hash::Md5.hmac(&own, &[&who]);
        let since = u64::try_from(self.now_s).unwrap_or(0).saturating_mul(10_000_000).saturating_add(EPOCH);
        let time = challenge.time.unwrap_or_else(|| since.to_le_bytes());
        let nonce = self.nonce.last_chunk::<8>().copied().unwrap_or_default();
        let blob = [&[1, 1, 0, 0, 0, 0, 0, 0], &time[..], &nonce, &[0; 4], &challenge.target_info, &[0; 4]];
        let blob = blob.concat();
        let proof = Hash::Md5.hmac(&own, &[&challenge.challenge, &blob]);
        let key = Hash::Md5.hmac(&own, &[&proof]);
        let answer = [proof, blob].concat();
        let parts: [Vec<u8>; 6] =
            [vec![0; 24], answer, utf16(domain), utf16(user), utf16("PALISADE"), Vec::new()];
        let mut head = [SIGNATURE, &3_u32.to_le_bytes()].concat();
        let mut payload = Vec::new();
        for part in &parts {
            let length = u16::try_from(part.len()).unwrap_or(0).to_le_bytes();
            let offset = u32::try_from(72 + payload.len()).unwrap_or(0);
            head.extend([length, length].concat());
            head.extend(offset.to_le_bytes());
            payload.extend_from_slice(part);
        }
        head.extend(FLAGS.to_le_bytes());
        // The version.
        head.extend([0; 8]);
        let message = [head, payload].concat();
        let token = ber::constructed(ber::SEQUENCE, &[ber::element(0xa2, &ber::octets(&message))]);
        (ber::element(0xa1, &token), key)
    }
}

impl Conversation for SmbSignIn {
    fn start(&mut self) -> Vec<u8> {
        self.negotiate()
    }

    fn receive(&mut self, received: &[u8]) -> Step {
        self.advance(received).unwrap_or_else(Step::Failed)
    }
}

/// What of a challenge the answer is made of.
struct ServerChallenge {
    challenge: [u8; 8],
    target_info: Vec<u8>,
    /// The server's own time, where it tells it.
    time: Option<[u8; 8]>,
}

impl ServerChallenge {
    fn parse(buffer: &[u8]) -> Result<Self, Malformed> {
        let start = buffer.windows(SIGNATURE.len()).position(|window| window == SIGNATURE);
        let message = start.and_then(|start| buffer.get(start..)).ok_or(Malformed::OtherProtocol)?;
        let mut reader = Reader::new(message);
        reader.take(SIGNATURE.len())?;
        if reader.u32_le()? != 2 {
            return Err(Malformed::Value);
        }
        // Target name and flags.
        reader.take(12)?;
        let challenge = reader.array::<8>()?;
        reader.take(8)?;
        let length = usize::from(reader.u16_le()?);
        reader.take(2)?;
        let offset = reader.u32_le()? as usize;
        let info = message.get(offset..).and_then(|rest| rest.get(..length)).ok_or(Malformed::Length)?;
        let mut items = Reader::new(info);
        let mut time = None;
        while let (Ok(kind), Ok(length)) = (items.u16_le(), items.u16_le()) {
            let content = items.take(usize::from(length))?;
            if kind == 7 {
                time = <[u8; 8]>::try_from(content).ok();
            }
        }
        Ok(Self { challenge, target_info: info.to_vec(), time })
    }
}

fn reason_of(status: u32) -> String {
    let known = match status {
        0xc000_006d => "the user or the password is wrong",
        0xc000_006a => "the password is wrong",
        0xc000_0064 => "there is no such user",
        0xc000_006e => "the account is restricted",
        0xc000_006f => "the account may not sign in at this hour",
        0xc000_0071 => "the password has expired",
        0xc000_0072 => "the account is disabled",
        0xc000_0193 => "the account has expired",
        0xc000_0224 => "the password has to be changed",
        0xc000_0234 => "the account is locked",
        0xc000_015b => "the account may not sign in in this way",
        0xc000_0022 => "access is denied",
        0xc000_00cc => "there is no such share",
        _ => return format!("status {status:#010x}"),
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::ntlm::tests::challenge_bytes;
    use super::super::framed;
    use super::*;
    use crate::conversation::scripted::{play, survive};

    fn sign_in(user: &str, domain: &str, password: &str) -> SmbSignIn {
        let credentials = SmbCredentials {
            user: user.to_owned(),
            domain: domain.to_owned(),
            password: Password::new(password.to_owned()),
        };
        SmbSignIn::new(credentials, "10.0.0.1", [0xaa; 24], 0)
    }

    fn answer(status: u32, body: &[u8]) -> Vec<u8> {
        let mut bytes = b"\xfeSMB\x40\0\0\0".to_vec();
        bytes.extend(status.to_le_bytes());
        bytes.extend([0; 28]);
        bytes.extend(77_u64.to_le_bytes());
        bytes.extend([0; 16]);
        bytes.extend_from_slice(body);
        framed(&bytes)
    }

    fn played(last: &[Vec<u8>]) -> SmbAnswer {
        let setup = [&[9, 0, 0, 0, 72, 0, 0, 1][..], &challenge_bytes()].concat();
        let mut answers =
            vec![answer(0, &[65, 0, 3, 0, 0x10, 2, 0, 0]), answer(STATUS_MORE_PROCESSING, &setup)];
        answers.extend_from_slice(last);
        let answers: Vec<&[u8]> = answers.iter().map(Vec::as_slice).collect();
        let mut conversation = sign_in("ada", "LAB", "open sesame");
        assert_eq!(play(&mut conversation, &answers, true).1, Step::Done);
        assert!(!format!("{conversation:?}").contains("sesame"));
        conversation.finish()
    }

    /// The values of MS-NLMP, section 4.2.4: user `User`, domain `Domain`, password `Password`.
    #[test]
    fn the_proof_of_the_specification() {
        let conversation = sign_in("User", "Domain", "Password");
        let target_info =
            [&[2, 0, 12, 0][..], &utf16("Domain"), &[1, 0, 12, 0], &utf16("Server"), &[0; 4]].concat();
        let challenge = ServerChallenge {
            challenge: [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef],
            target_info,
            time: Some([0; 8]),
        };
        let (token, key) = conversation.authenticate(&challenge);
        let proof =
            [0x68, 0xcd, 0x0a, 0xb8, 0x51, 0xe5, 0x1c, 0x96, 0xaa, 0xbc, 0x92, 0x7b, 0xeb, 0xef, 0x6a, 0x1c];
        assert!(token.windows(16).any(|window| window == proof));
        let session_key =
            [0x8d, 0xe4, 0x0c, 0xca, 0xdb, 0xc1, 0x4a, 0x82, 0xf1, 0x5c, 0xb0, 0xad, 0x0d, 0xe9, 0x5c, 0xa3];
        assert_eq!(key, session_key);
    }

    #[test]
    fn what_is_granted_and_what_is_not() {
        let in_session = answer(0, &[9, 0, 0, 0]);
        let denied = answer(0xc000_0022, &[9, 0]);
        let open = answer(0, &[16, 0, 2, 0]);
        let administrator = played(&[in_session.clone(), open.clone(), open.clone()]);
        assert_eq!((administrator.verdict, administrator.administrator), (Verdict::Passed, true));
        assert!(administrator.signing_required && administrator.dialect.as_deref() == Some("2.1"));
        let user = played(&[in_session.clone(), open, denied.clone()]);
        assert!(matches!(user.verdict, Verdict::Limited(_)) && !user.administrator);
        let wrong = played(&[answer(0xc000_006d, &[9, 0])]);
        assert_eq!(wrong.verdict, Verdict::Refused("the user or the password is wrong".to_owned()));
        let guest = played(&[answer(0, &[9, 0, 1, 0])]);
        assert!(matches!(guest.verdict, Verdict::Refused(_)));
        assert!(matches!(played(&[in_session, denied]).verdict, Verdict::Limited(_)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = ServerChallenge::parse(&[SIGNATURE, &[2, 0, 0, 0], &bytes].concat());
            survive(sign_in("a", "", "b"), &[answer(0, &bytes), answer(STATUS_MORE_PROCESSING, &bytes)]);
        }
    }
}
