//! SMTP (RFC 5321): greeting, extensions, and what a stranger may ask for.
//!
//! The relay question ends with RSET: DATA is never sent, so no mail ever moves.

use palisade_model::fact::{SmtpFacts, printable};

use crate::conversation::{Conversation, Step};
use crate::reply::Reply;

/// What the conversation says of itself and asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpQuestions {
    /// Our name in EHLO.
    pub own_name: String,
    /// A user that exists nearly everywhere.
    pub known_user: String,
    /// A user that exists nowhere.
    pub unknown_user: String,
    /// Sender and recipient, both foreign to any server that is asked; `None` does not ask.
    pub relay: Option<(String, String)>,
}

impl Default for SmtpQuestions {
    fn default() -> Self {
        Self {
            own_name: "scanner.invalid".to_owned(),
            known_user: "root".to_owned(),
            unknown_user: "no-such-user-7f3a9c".to_owned(),
            relay: Some(("sender@example.org".to_owned(), "recipient@example.com".to_owned())),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Greeting,
    Ehlo,
    Helo,
    VerifyKnown,
    VerifyUnknown,
    Expand,
    MailFrom,
    RecipientTo,
    Reset,
}

/// Asks an SMTP server what it is and what it lets strangers do.
#[derive(Debug, Clone)]
pub struct SmtpConversation {
    questions: SmtpQuestions,
    state: State,
    facts: SmtpFacts,
}

impl SmtpConversation {
    #[must_use]
    pub fn new(questions: SmtpQuestions) -> Self {
        Self { questions, state: State::Greeting, facts: SmtpFacts::default() }
    }

    #[must_use]
    pub fn finish(self) -> SmtpFacts {
        self.facts
    }

    fn ask(&mut self, state: State) -> Step {
        self.state = state;
        let questions = &self.questions;
        let line = match state {
            State::Greeting => return Step::NeedMore,
            State::Ehlo => format!("EHLO {}", questions.own_name),
            State::Helo => format!("HELO {}", questions.own_name),
            State::VerifyKnown => format!("VRFY {}", questions.known_user),
            State::VerifyUnknown => format!("VRFY {}", questions.unknown_user),
            State::Expand => format!("EXPN {}", questions.known_user),
            State::MailFrom | State::RecipientTo => match &questions.relay {
                None => return quit(),
                Some((sender, _)) if state == State::MailFrom => format!("MAIL FROM:<{sender}>"),
                Some((_, recipient)) => format!("RCPT TO:<{recipient}>"),
            },
            State::Reset => "RSET".to_owned(),
        };
        Step::Send(command(&line))
    }

    fn answered(&mut self, reply: &Reply) -> Step {
        if reply.code == 421 {
            return Step::Done;
        }
        match self.state {
            State::Greeting => {
                self.facts.greeting = printable(reply.text().as_bytes(), 1024);
                if reply.accepted() { self.ask(State::Ehlo) } else { quit() }
            }
            State::Ehlo if reply.accepted() => {
                take_extensions(reply, &mut self.facts);
                self.ask(State::VerifyKnown)
            }
            State::Ehlo => self.ask(State::Helo),
            State::Helo => {
                if reply.accepted() {
                    self.ask(State::VerifyKnown)
                } else {
                    quit()
                }
            }
            State::VerifyKnown => {
                if names_user(reply, &self.questions.known_user) {
                    return self.ask(State::VerifyUnknown);
                }
                self.facts.vrfy = Some(false);
                self.ask(State::Expand)
            }
            State::VerifyUnknown => {
                // A server that agrees to every name tells nothing.
                self.facts.vrfy = Some(!names_user(reply, &self.questions.unknown_user));
                self.ask(State::Expand)
            }
            State::Expand => {
                self.facts.expn = Some(reply.code == 250);
                self.ask(State::MailFrom)
            }
            State::MailFrom => {
                if reply.accepted() {
                    return self.ask(State::RecipientTo);
                }
                self.facts.open_relay = reply.refused().then_some(false);
                quit()
            }
            State::RecipientTo => {
                self.facts.open_relay = match reply.code {
                    250 | 251 => Some(true),
                    500..=599 => Some(false),
                    _ => None,
                };
                self.ask(State::Reset)
            }
            State::Reset => quit(),
        }
    }
}

impl Conversation for SmtpConversation {
    fn start(&mut self) -> Vec<u8> {
        Vec::new()
    }

    fn receive(&mut self, received: &[u8]) -> Step {
        match Reply::parse(received) {
            Ok(None) => Step::NeedMore,
            Ok(Some((reply, _))) => self.answered(&reply),
            Err(reason) => Step::Failed(reason),
        }
    }
}

/// One command with its line end. Line ends inside are left out, so no text can add a command.
#[must_use]
pub fn command(line: &str) -> Vec<u8> {
    let mut bytes: Vec<u8> = line.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    bytes.extend_from_slice(b"\r\n");
    bytes
}

/// What an answer to EHLO says, for a server that was asked again after STARTTLS.
pub fn take_extensions(reply: &Reply, facts: &mut SmtpFacts) {
    // The first line is the server's name for itself.
    facts.extensions = reply.lines.iter().skip(1).map(|line| line.trim().to_ascii_uppercase()).collect();
    facts.starttls = facts.extensions.iter().any(|extension| extension == "STARTTLS");
    facts.auth_mechanisms.clear();
    for extension in &facts.extensions {
        // `AUTH=LOGIN` is the form of old Outlook and old servers.
        let Some(list) = extension.strip_prefix("AUTH ").or_else(|| extension.strip_prefix("AUTH=")) else {
            continue;
        };
        for mechanism in list.split_ascii_whitespace() {
            if !facts.auth_mechanisms.iter().any(|known| known == mechanism) {
                facts.auth_mechanisms.push(mechanism.to_owned());
            }
        }
    }
}

fn quit() -> Step {
    Step::Finish(b"QUIT\r\n".to_vec())
}

/// 250 and 251 always confirm a user; 252 does where the answer repeats the name.
fn names_user(reply: &Reply, user: &str) -> bool {
    match reply.code {
        250 | 251 => true,
        252 => reply.text().to_ascii_lowercase().contains(&user.to_ascii_lowercase()),
        _ => false,
    }
}

/// The name a server gives itself at the start of its greeting, if it looks like a host name.
#[must_use]
pub fn greeting_name(greeting: &str) -> Option<&str> {
    let name = greeting.split_ascii_whitespace().next()?.trim_end_matches('.');
    let plausible = name.contains('.')
        && name.len() <= 253
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
        && !name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    plausible.then_some(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::conversation::scripted::{play, survive};

    fn exim(slowly: bool) -> (Vec<String>, Step, SmtpFacts) {
        let mut conversation = SmtpConversation::new(SmtpQuestions::default());
        let (sent, last) = play(
            &mut conversation,
            &[
                b"220 mail.lab.test ESMTP Exim 4.98.2 Sun, 22 Nov 2026 03:14:00 +0000\r\n",
                b"250-mail.lab.test Hello scanner.invalid [10.77.0.2]\r\n250-SIZE 52428800\r\n250-8BITMIME\r\n250-AUTH PLAIN LOGIN\r\n250-STARTTLS\r\n250 HELP\r\n",
                b"250 <root@lab.test> is deliverable\r\n",
                b"550 <no-such-user-7f3a9c@lab.test> unknown user\r\n",
                b"550 EXPN not available\r\n",
                b"250 OK\r\n",
                b"250 Accepted\r\n",
                b"250 Reset OK\r\n",
            ],
            slowly,
        );
        (sent, last, conversation.finish())
    }

    #[test]
    fn an_open_relay_is_seen_and_no_mail_sent() {
        let (sent, last, facts) = exim(false);
        assert_eq!(last, Step::Finish(b"QUIT\r\n".to_vec()));
        assert_eq!((facts.open_relay, facts.vrfy, facts.expn), (Some(true), Some(true), Some(false)));
        assert_eq!(facts.auth_mechanisms, ["PLAIN", "LOGIN"]);
        assert!(facts.starttls);
        assert!(facts.greeting.starts_with("mail.lab.test ESMTP Exim 4.98.2"));
        assert!(sent.iter().all(|line| !line.starts_with("DATA")));
        assert_eq!(exim(true), (sent, last, facts));
    }

    #[test]
    fn agreeing_to_every_name_tells_nothing() {
        let mut conversation = SmtpConversation::new(SmtpQuestions::default());
        play(
            &mut conversation,
            &[
                b"220 a.test ESMTP Postfix\r\n",
                b"502 no\r\n",
                b"250 a.test\r\n",
                b"252 2.0.0 root\r\n",
                b"252 2.0.0 no-such-user-7f3a9c\r\n",
                b"502 5.5.1 Error: command not recognized\r\n",
                b"250 2.1.0 Ok\r\n",
                b"454 4.7.1 Relay access denied\r\n",
                b"250 2.0.0 Ok\r\n",
            ],
            false,
        );
        let facts = conversation.finish();
        assert_eq!((facts.open_relay, facts.vrfy, facts.expn), (None, Some(false), Some(false)));
    }

    #[test]
    fn names_come_from_greetings_that_have_one() {
        assert_eq!(greeting_name("mail.lab.test ESMTP"), Some("mail.lab.test"));
        assert_eq!(greeting_name("127.0.0.1 ESMTP"), None);
        assert_eq!(greeting_name("ESMTP"), None);
        assert_eq!(command("VRFY a\r\nDATA"), b"VRFY aDATA\r\n");
    }

    proptest! {
        #[test]
        fn any_answers_are_survived(answers in proptest::collection::vec("([2-5][0-9]{2}[ -][ -~]{0,20}\r\n){1,3}", 0..12)) {
            let answers: Vec<Vec<u8>> = answers.into_iter().map(String::into_bytes).collect();
            survive(SmtpConversation::new(SmtpQuestions::default()), &answers);
        }
    }
}
