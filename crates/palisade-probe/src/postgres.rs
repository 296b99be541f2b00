//! PostgreSQL (frontend/backend protocol 3): TLS, and what a start-up is answered with.
//!
//! No password is ever sent; a session that opens by trust is left at once.

use palisade_model::fact::{PostgresFacts, printable};

use crate::conversation::{Conversation, Step};
use crate::reader::{Malformed, Reader};

const MESSAGE_BYTES_MAX: u32 = 64 * 1024;

/// SSLRequest.
#[must_use]
pub fn tls_request() -> Vec<u8> {
    vec![0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]
}

/// The one byte that answers [`tls_request`]; `None`: read on. Servers from before TLS answer
/// with an error message, which is a no.
pub fn tls_answer(received: &[u8]) -> Result<Option<bool>, Malformed> {
    match received.first() {
        None => Ok(None),
        Some(b'S') => Ok(Some(true)),
        Some(b'N' | b'E') => Ok(Some(false)),
        Some(_) => Err(Malformed::OtherProtocol),
    }
}

/// StartupMessage of protocol 3.0.
#[must_use]
pub fn startup(user: &str, database: &str) -> Vec<u8> {
    let mut content = vec![0, 3, 0, 0];
    for text in ["user", user, "database", database, "application_name", "palisade"] {
        content.extend(text.bytes().filter(|byte| *byte != 0));
        content.push(0);
    }
    content.push(0);
    let length = u32::try_from(content.len() + 4).unwrap_or(u32::MAX);
    [&length.to_be_bytes(), content.as_slice()].concat()
}

/// One message of the server's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// `R` with its code.
    Authentication(u32),
    /// `S`
    ParameterStatus { name: String, value: String },
    /// `E`: SQLSTATE and text.
    Error { state: String, message: String },
    /// `Z`
    ReadyForQuery,
    /// Any other type.
    Other(u8),
}

impl Message {
    /// Reads one message; `None`: read on.
    pub fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, Malformed> {
        let mut reader = Reader::new(bytes);
        let Ok(kind) = reader.u8() else { return Ok(None) };
        if !b"RSEZKNvA".contains(&kind) {
            return Err(Malformed::OtherProtocol);
        }
        let Ok(length) = reader.u32() else { return Ok(None) };
        if !(4..=MESSAGE_BYTES_MAX).contains(&length) {
            return Err(Malformed::Length);
        }
        let length = length as usize;
        let Ok(content) = reader.take(length - 4) else { return Ok(None) };
        Ok(Some((Self::parse_content(kind, content)?, length + 1)))
    }

    fn parse_content(kind: u8, content: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(content);
        Ok(match kind {
            b'R' => Self::Authentication(reader.u32()?),
            b'S' => Self::ParameterStatus {
                name: printable(reader.c_string()?, 100),
                value: printable(reader.c_string()?, 200),
            },
            b'Z' => Self::ReadyForQuery,
            b'E' => {
                let (mut state, mut message) = (String::new(), String::new());
                loop {
                    match reader.u8()? {
                        0 => break,
                        b'C' => state = printable(reader.c_string()?, 10),
                        b'M' => message = printable(reader.c_string()?, 500),
                        _ => {
                            reader.c_string()?;
                        }
                    }
                }
                Self::Error { state, message }
            }
            other => Self::Other(other),
        })
    }
}

/// Starts a session as `postgres` without TLS.
#[derive(Debug, Clone, Default)]
pub struct PostgresConversation {
    facts: PostgresFacts,
}

impl PostgresConversation {
    /// `tls`: what the server said to [`tls_request`], on a connection of its own.
    #[must_use]
    pub fn new(tls: bool) -> Self {
        Self { facts: PostgresFacts { tls, authentication: "unknown".to_owned(), version: None } }
    }

    #[must_use]
    pub fn finish(self) -> PostgresFacts {
        self.facts
    }

    fn look_at(&mut self, received: &[u8]) -> Result<Step, Malformed> {
        let mut rest = received;
        while let Some((message, used)) = Message::parse(rest)? {
            rest = rest.get(used..).unwrap_or_default();
            match message {
                // The version follows only after a yes.
                Message::Authentication(0) => "trust".clone_into(&mut self.facts.authentication),
                Message::Authentication(code) => {
                    authentication_name(code).clone_into(&mut self.facts.authentication);
                    return Ok(Step::Done);
                }
                Message::ParameterStatus { name, value } if name == "server_version" => {
                    self.facts.version = Some(value);
                }
                Message::Error { .. } => {
                    // After a yes it is only the database that is missing.
                    if self.facts.authentication != "trust" {
                        "error".clone_into(&mut self.facts.authentication);
                    }
                    return Ok(Step::Done);
                }
                // Terminate.
                Message::ReadyForQuery => return Ok(Step::Finish(vec![b'X', 0, 0, 0, 4])),
                Message::ParameterStatus { .. } | Message::Other(_) => {}
            }
        }
        Ok(Step::NeedMore)
    }
}

impl Conversation for PostgresConversation {
    fn start(&mut self) -> Vec<u8> {
        startup("postgres", "postgres")
    }

    fn receive(&mut self, received: &[u8]) -> Step {
        self.look_at(received).unwrap_or_else(Step::Failed)
    }
}

fn authentication_name(code: u32) -> &'static str {
    match code {
        0 => "trust",
        3 => "password",
        5 => "md5",
        7 | 8 | 9 => "gss",
        10..=12 => "scram-sha-256",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::conversation::scripted::{play, survive};

    #[test]
    fn trust_tells_the_version() {
        let answer = b"R\0\0\0\x08\0\0\0\0S\0\0\0\x1cserver_version\018.0 (D)\0K\0\0\0\x0c\0\0\0\x01\0\0\0\x02Z\0\0\0\x05I";
        for slowly in [false, true] {
            let mut conversation = PostgresConversation::new(false);
            let (sent, last) = play(&mut conversation, &[answer], slowly);
            assert_eq!(last, Step::Finish(vec![b'X', 0, 0, 0, 4]));
            assert!(sent[0].contains("user\0postgres\0database\0postgres\0"));
            let facts = conversation.finish();
            assert_eq!(
                (facts.authentication.as_str(), facts.version.as_deref()),
                ("trust", Some("18.0 (D)"))
            );
        }
    }

    #[test]
    fn requests_for_passwords_and_refusals() {
        for (answer, name) in [
            (&b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0"[..], "scram-sha-256"),
            (b"R\0\0\0\x0c\0\0\0\x05abcd", "md5"),
            (b"R\0\0\0\x08\0\0\0\x03", "password"),
            (b"E\0\0\0\x13SFATAL\0C28000\0\0", "error"),
        ] {
            let mut conversation = PostgresConversation::new(true);
            assert_eq!(play(&mut conversation, &[answer], true).1, Step::Done);
            assert_eq!(conversation.finish().authentication, name);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(kind in prop_oneof![Just(b'R'), Just(b'S'), Just(b'E')],
                                  bytes in proptest::collection::vec(0u8..80, 0..80)) {
            let mut answer = vec![kind];
            answer.extend_from_slice(&u32::try_from(bytes.len() + 4).unwrap().to_be_bytes());
            answer.extend(bytes);
            survive(PostgresConversation::new(false), &[answer]);
        }
    }
}
