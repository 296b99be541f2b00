//! PostgreSQL: `md5` and `scram-sha-256`; a password in the clear only through TLS.

use palisade_model::fact::printable;

use super::hash::{Hash, hex};
use super::scram::Scram;
use super::{Credentials, Verdict};
use crate::conversation::{Conversation, Step};
use crate::postgres::{Message, startup};
use crate::reader::{Malformed, Reader};

/// One sign-in; the session is left as soon as it opens.
#[derive(Debug, Clone)]
pub struct PostgresSignIn {
    credentials: Credentials,
    database: String,
    /// The conversation goes through TLS.
    tls: bool,
    nonce: [u8; 18],
    scram: Option<Scram>,
    signed_in: bool,
    method: &'static str,
    version: Option<String>,
    verdict: Verdict,
}

/// What a sign-in came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseAnswer {
    pub verdict: Verdict,
    /// How the password was proven; empty when it was not asked for.
    pub method: String,
    pub version: Option<String>,
}

impl PostgresSignIn {
    #[must_use]
    pub fn new(credentials: Credentials, database: &str, tls: bool, nonce: [u8; 18]) -> Self {
        Self {
            credentials,
            database: database.to_owned(),
            tls,
            nonce,
            scram: None,
            signed_in: false,
            method: "",
            version: None,
            verdict: Verdict::Unknown,
        }
    }

    #[must_use]
    pub fn finish(self) -> DatabaseAnswer {
        DatabaseAnswer { verdict: self.verdict, method: self.method.to_owned(), version: self.version }
    }

    fn look_at(&mut self, received: &[u8]) -> Result<Step, Malformed> {
        let mut rest = received;
        while let Some((message, used)) = Message::parse(rest)? {
            let content = rest.get(5..used).unwrap_or_default();
            rest = rest.get(used..).unwrap_or_default();
            match message {
                Message::Authentication(code) => {
                    if let Some(step) = self.asked(code, content.get(4..).unwrap_or_default())? {
                        return Ok(step);
                    }
                }
                Message::ParameterStatus { name, value } if name == "server_version" => {
                    self.version = Some(value);
                }
                Message::Error { state, message } => {
                    self.verdict = if self.signed_in {
                        Verdict::Limited(format!("{message} ({state})"))
                    } else {
                        Verdict::Refused(format!("{message} ({state})"))
                    };
                    return Ok(Step::Done);
                }
                Message::ReadyForQuery => {
                    self.verdict = Verdict::Passed;
                    return Ok(Step::Finish(vec![b'X', 0, 0, 0, 4]));
                }
                Message::ParameterStatus { .. } | Message::Other(_) => {}
            }
        }
        Ok(Step::NeedMore)
    }

    /// What the server asks for; `None`: nothing is to be sent.
    fn asked(&mut self, code: u32, data: &[u8]) -> Result<Option<Step>, Malformed> {
        let password = self.credentials.password.reveal();
        let answer = match code {
            0 => {
                self.signed_in = true;
                return Ok(None);
            }
            3 if self.tls => {
                self.method = "password in TLS";
                with_zero(password)
            }
            5 => {
                self.method = "md5";
                let salt = Reader::new(data).take(4)?;
                let inner = Hash::Md5.of(&[password.as_bytes(), self.credentials.user.as_bytes()]);
                with_zero(&format!("md5{}", hex(&Hash::Md5.of(&[hex(&inner).as_bytes(), salt]))))
            }
            10 if data.split(|byte| *byte == 0).any(|name| name == b"SCRAM-SHA-256") => {
                self.method = "scram-sha-256";
                let scram = Scram::new("", self.credentials.password.clone(), self.nonce);
                let first = scram.start();
                self.scram = Some(scram);
                let length = u32::try_from(first.len()).unwrap_or(0).to_be_bytes();
                [b"SCRAM-SHA-256\0".as_slice(), &length, first.as_bytes()].concat()
            }
            11 => {
                let scram = self.scram.as_mut().ok_or(Malformed::Value)?;
                scram.proof(data)?.into_bytes()
            }
            12 => {
                if self.scram.as_ref().is_some_and(|scram| scram.is_genuine(data)) {
                    return Ok(None);
                }
                let reason = "the server does not know the password itself".to_owned();
                self.verdict = Verdict::Refused(reason);
                return Ok(Some(Step::Done));
            }
            3 => return Ok(Some(self.unsupported("the server wants the password in the clear"))),
            7..=9 => return Ok(Some(self.unsupported("the server wants Kerberos"))),
            _ => return Ok(Some(self.unsupported("the server wants an unknown proof"))),
        };
        let length = u32::try_from(answer.len() + 4).unwrap_or(0).to_be_bytes();
        Ok(Some(Step::Send([b"p".as_slice(), &length, &answer].concat())))
    }

    fn unsupported(&mut self, reason: &str) -> Step {
        self.verdict = Verdict::Unsupported(printable(reason.as_bytes(), 200));
        Step::Done
    }
}

fn with_zero(text: &str) -> Vec<u8> {
    text.bytes().filter(|byte| *byte != 0).chain([0]).collect()
}

impl Conversation for PostgresSignIn {
    fn start(&mut self) -> Vec<u8> {
        startup(&self.credentials.user, &self.database)
    }

    fn receive(&mut self, received: &[u8]) -> Step {
        self.look_at(received).unwrap_or_else(Step::Failed)
    }
}

#[cfg(test)]
mod tests {
    use palisade_model::user::Password;
    use proptest::prelude::*;

    use super::*;
    use crate::conversation::scripted::{play, survive};

    fn sign_in(tls: bool) -> PostgresSignIn {
        let credentials =
            Credentials { user: "ada".to_owned(), password: Password::new("lovelace".to_owned()) };
        PostgresSignIn::new(credentials, "postgres", tls, [7; 18])
    }

    fn request(code: u32, data: &[u8]) -> Vec<u8> {
        let length = u32::try_from(data.len() + 8).unwrap().to_be_bytes();
        [b"R".as_slice(), &length, &code.to_be_bytes(), data].concat()
    }

    #[test]
    fn md5_and_a_yes() {
        let version = b"S\0\0\0\x18server_version\x0016.2\0".to_vec();
        let yes = [request(0, b""), version, b"Z\0\0\0\x05I".to_vec()].concat();
        for slowly in [false, true] {
            let mut conversation = sign_in(false);
            let (sent, _) = play(&mut conversation, &[&request(5, b"salt"), &yes], slowly);
            assert!(sent[1].contains("md5") && !sent[1].contains("lovelace"));
            let answer = conversation.finish();
            assert_eq!((answer.verdict, answer.method.as_str()), (Verdict::Passed, "md5"));
            assert_eq!(answer.version.as_deref(), Some("16.2"));
        }
    }

    #[test]
    fn no_password_in_the_clear() {
        let mut conversation = sign_in(false);
        let (sent, last) = play(&mut conversation, &[&request(3, b"")], false);
        assert_eq!((sent.len(), last), (1, Step::Done));
        assert!(matches!(conversation.finish().verdict, Verdict::Unsupported(_)));
        let mut conversation = sign_in(true);
        let (sent, _) = play(&mut conversation, &[&request(3, b"")], false);
        assert!(sent[1].contains("lovelace"), "through TLS it may");
        assert!(!format!("{conversation:?}").contains("lovelace"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(code in 0u32..15, bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            survive(sign_in(true), &[request(code, &bytes), bytes.clone()]);
            survive(sign_in(false), &[request(10, b"SCRAM-SHA-256\0\0"), request(code, &bytes)]);
        }
    }
}
