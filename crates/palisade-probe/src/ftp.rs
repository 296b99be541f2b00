//! FTP (RFC 959, 2389, 4217): greeting, features, system, and who is let in.
//!
//! No data connection is ever opened. Whether AUTH TLS is accepted is asked on a connection of
//! its own (see [`crate::starttls`]), because a yes ends the plain part of the connection.

use palisade_model::fact::{FtpFacts, printable};

use crate::conversation::{Conversation, Step};
use crate::reply::Reply;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Greeting,
    Features,
    System,
    OrdinaryUser,
    AnonymousUser,
    AnonymousPassword,
}

/// Asks an FTP server what it is and whether it lets strangers in.
#[derive(Debug, Clone)]
pub struct FtpConversation {
    state: State,
    facts: FtpFacts,
}

impl Default for FtpConversation {
    fn default() -> Self {
        Self::new()
    }
}

impl FtpConversation {
    #[must_use]
    pub fn new() -> Self {
        Self { state: State::Greeting, facts: FtpFacts::default() }
    }

    #[must_use]
    pub fn finish(self) -> FtpFacts {
        self.facts
    }

    fn ask(&mut self, state: State, line: &[u8]) -> Step {
        self.state = state;
        Step::Send(line.to_vec())
    }

    fn answered(&mut self, reply: &Reply) -> Step {
        // A server that is closing says so with 421, whatever it was asked.
        if reply.code == 421 && self.state != State::Greeting {
            return Step::Done;
        }
        match self.state {
            State::Greeting => {
                self.facts.greeting = printable(reply.text().as_bytes(), 1024);
                if reply.accepted() { self.ask(State::Features, b"FEAT\r\n") } else { quit() }
            }
            State::Features => {
                if reply.accepted() {
                    self.facts.features = features(reply);
                }
                self.ask(State::System, b"SYST\r\n")
            }
            State::System => {
                self.facts.system = reply.accepted().then(|| printable(reply.text().as_bytes(), 200));
                self.ask(State::OrdinaryUser, b"USER palisade\r\n")
            }
            State::OrdinaryUser => {
                self.facts.plaintext_login = Some(matches!(reply.code, 331 | 332 | 230));
                self.ask(State::AnonymousUser, b"USER anonymous\r\n")
            }
            State::AnonymousUser => match reply.code {
                230 => {
                    self.facts.anonymous = Some(true);
                    quit()
                }
                331 | 332 => self.ask(State::AnonymousPassword, b"PASS scanner@example.org\r\n"),
                400..=499 => quit(),
                _ => {
                    self.facts.anonymous = Some(false);
                    quit()
                }
            },
            State::AnonymousPassword => {
                // 202: no password was needed. 4xx (too many users) says nothing either way.
                self.facts.anonymous = match reply.code {
                    202 | 230 => Some(true),
                    400..=499 => None,
                    _ => Some(false),
                };
                quit()
            }
        }
    }
}

impl Conversation for FtpConversation {
    fn start(&mut self) -> Vec<u8> {
        Vec::new()
    }

    fn receive(&mut self, received: &[u8]) -> Step {
        let mut received = received;
        loop {
            match Reply::parse(received) {
                Ok(None) => return Step::NeedMore,
                // 120: "ready in some minutes"; the real answer follows.
                Ok(Some((reply, used))) if reply.code / 100 == 1 => {
                    received = received.get(used..).unwrap_or_default();
                }
                Ok(Some((reply, _))) => return self.answered(&reply),
                Err(reason) => return Step::Failed(reason),
            }
        }
    }
}

fn features(reply: &Reply) -> Vec<String> {
    let inner = reply.lines.len().saturating_sub(2);
    reply.lines.iter().skip(1).take(inner).map(|line| line.trim().to_ascii_uppercase()).collect()
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
    fn anonymous_vsftpd() {
        for slowly in [false, true] {
            let mut conversation = FtpConversation::new();
            let (sent, last) = play(
                &mut conversation,
                &[
                    b"220 (vsFTPd 3.0.5)\r\n",
                    b"211-Features:\r\n EPRT\r\n EPSV\r\n AUTH TLS\r\n211 End\r\n",
                    b"530 Please login with USER and PASS.\r\n",
                    b"530 This FTP server is anonymous only.\r\n",
                    b"331 Please specify the password.\r\n",
                    b"230 Login successful.\r\n",
                ],
                slowly,
            );
            assert_eq!(sent.last().map(String::as_str), Some("QUIT\r\n"));
            assert_eq!(last, quit());
            let facts = conversation.finish();
            assert_eq!(facts.greeting, "(vsFTPd 3.0.5)");
            assert_eq!(facts.features, ["EPRT", "EPSV", "AUTH TLS"]);
            assert_eq!(
                (facts.anonymous, facts.plaintext_login, facts.system),
                (Some(true), Some(false), None)
            );
        }
    }

    #[test]
    fn a_server_that_wants_tls_first() {
        let mut conversation = FtpConversation::new();
        play(
            &mut conversation,
            &[
                b"120 wait\r\n220 FTP\r\n",
                b"500 what\r\n",
                b"215 UNIX Type: L8\r\n",
                b"530 Non-anonymous sessions must use encryption.\r\n",
                b"530 no\r\n",
            ],
            false,
        );
        let facts = conversation.finish();
        assert_eq!((facts.anonymous, facts.plaintext_login), (Some(false), Some(false)));
        assert_eq!(facts.system.as_deref(), Some("UNIX Type: L8"));
    }

    proptest! {
        #[test]
        fn any_answers_are_survived(answers in proptest::collection::vec("([1-5][0-9]{2}[ -][ -~]{0,20}\r\n){1,3}", 0..12)) {
            let answers: Vec<Vec<u8>> = answers.into_iter().map(String::into_bytes).collect();
            survive(FtpConversation::new(), &answers);
        }
    }
}
