//! POP3 (RFC 1939, 2449, 2595): greeting, capabilities, and whether a clear-text login is taken.

use palisade_model::fact::{Pop3Facts, printable};

use crate::conversation::{Conversation, Step};
use crate::reader::Malformed;
use crate::reply::next_line;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Greeting,
    Capabilities,
    User,
}

/// Asks a POP3 server for its capabilities; where it has no such command, tries USER.
#[derive(Debug, Clone)]
pub struct Pop3Conversation {
    state: State,
    facts: Pop3Facts,
}

impl Default for Pop3Conversation {
    fn default() -> Self {
        Self::new()
    }
}

impl Pop3Conversation {
    #[must_use]
    pub fn new() -> Self {
        Self { state: State::Greeting, facts: Pop3Facts::default() }
    }

    #[must_use]
    pub fn finish(self) -> Pop3Facts {
        self.facts
    }

    fn advance(&mut self, received: &[u8]) -> Result<Step, Malformed> {
        let Some((status, used)) = status(received)? else { return Ok(Step::NeedMore) };
        match self.state {
            State::Greeting => {
                let Some(text) = status.ok() else { return Ok(quit()) };
                self.facts.greeting = text.to_owned();
                self.state = State::Capabilities;
                Ok(Step::Send(b"CAPA\r\n".to_vec()))
            }
            State::Capabilities if status.ok().is_none() => {
                self.state = State::User;
                Ok(Step::Send(b"USER palisade\r\n".to_vec()))
            }
            State::Capabilities => {
                let Some(lines) = dotted_lines(received.get(used..).unwrap_or_default())? else {
                    return Ok(Step::NeedMore);
                };
                take_capabilities(&lines, &mut self.facts);
                Ok(quit())
            }
            State::User => {
                self.facts.plaintext_login = status.ok().is_some();
                Ok(quit())
            }
        }
    }
}

impl Conversation for Pop3Conversation {
    fn start(&mut self) -> Vec<u8> {
        Vec::new()
    }

    fn receive(&mut self, received: &[u8]) -> Step {
        self.advance(received).unwrap_or_else(Step::Failed)
    }
}

/// A status line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// `+OK`, with its text.
    Ok(String),
    /// `-ERR`, with its text.
    Error(String),
}

impl Status {
    /// The text, when it is a yes.
    #[must_use]
    pub fn ok(&self) -> Option<&str> {
        match self {
            Self::Ok(text) => Some(text),
            Self::Error(_) => None,
        }
    }
}

/// Reads a status line; with it comes how many bytes it took. `None`: read on.
pub fn status(received: &[u8]) -> Result<Option<(Status, usize)>, Malformed> {
    let Some((line, used)) = next_line(received)? else {
        let possible = [b"+OK".as_slice(), b"-ERR"]
            .iter()
            .any(|word| word.starts_with(received) || received.starts_with(word));
        return if possible { Ok(None) } else { Err(Malformed::OtherProtocol) };
    };
    let text = |rest: &[u8]| printable(rest.trim_ascii_start(), 1024);
    if let Some(rest) = line.strip_prefix(b"+OK") {
        Ok(Some((Status::Ok(text(rest)), used)))
    } else if let Some(rest) = line.strip_prefix(b"-ERR") {
        Ok(Some((Status::Error(text(rest)), used)))
    } else {
        Err(Malformed::OtherProtocol)
    }
}

/// Lines up to the lone dot.
fn dotted_lines(received: &[u8]) -> Result<Option<Vec<String>>, Malformed> {
    let mut lines = Vec::new();
    let mut rest = received;
    while let Some((line, used)) = next_line(rest)? {
        if line == b"." {
            return Ok(Some(lines));
        }
        if lines.len() >= 256 {
            return Err(Malformed::TooLong);
        }
        lines.push(printable(line, 512).to_ascii_uppercase());
        rest = rest.get(used..).unwrap_or_default();
    }
    Ok(None)
}

fn take_capabilities(lines: &[String], facts: &mut Pop3Facts) {
    facts.capabilities = lines.to_vec();
    facts.stls = lines.iter().any(|line| line == "STLS");
    facts.plaintext_login = lines.iter().any(|line| {
        line == "USER"
            || line
                .strip_prefix("SASL ")
                .is_some_and(|list| list.split(' ').any(|word| matches!(word, "PLAIN" | "LOGIN")))
    });
}

fn quit() -> Step {
    Step::Finish(b"QUIT\r\n".to_vec())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::conversation::scripted::{play, survive};

    #[test]
    fn dovecot_capabilities() {
        for slowly in [false, true] {
            let mut conversation = Pop3Conversation::new();
            let (sent, _) = play(
                &mut conversation,
                &[
                    b"+OK Dovecot (Debian) ready.\r\n",
                    b"+OK\r\nCAPA\r\nTOP\r\nUIDL\r\nRESP-CODES\r\nSTLS\r\nUSER\r\nSASL PLAIN\r\n.\r\n",
                ],
                slowly,
            );
            assert_eq!(sent, ["", "CAPA\r\n", "QUIT\r\n"]);
            let facts = conversation.finish();
            assert!(facts.stls && facts.plaintext_login);
            assert_eq!(facts.greeting, "Dovecot (Debian) ready.");
        }
    }

    #[test]
    fn a_server_without_capa_is_asked_for_user() {
        let mut conversation = Pop3Conversation::new();
        play(&mut conversation, &[b"+OK hi\r\n", b"-ERR what\r\n", b"-ERR use STLS first\r\n"], false);
        assert!(!conversation.finish().plaintext_login);
        assert_eq!(status(b"220"), Err(Malformed::OtherProtocol));
    }

    proptest! {
        #[test]
        fn any_answers_are_survived(answers in proptest::collection::vec("(\\+OK|-ERR|[A-Z.]{0,4})[ -~]{0,9}\r\n([A-Z .]{0,9}\r\n){0,3}", 0..5)) {
            let answers: Vec<Vec<u8>> = answers.into_iter().map(String::into_bytes).collect();
            survive(Pop3Conversation::new(), &answers);
        }
    }
}
