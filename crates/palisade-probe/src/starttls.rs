//! From a plain connection to the point where a TLS handshake may start.
//!
//! One conversation for each TLS connection: the service's greeting, its command, its yes.
//! What the plain part of the service shows is asked for elsewhere.

use crate::conversation::{Conversation, Step};
use crate::imap;
use crate::ldap;
use crate::mysql;
use crate::pop3;
use crate::postgres;
use crate::reader::Malformed;
use crate::reply::Reply;
use crate::smtp;

/// The services that switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Upgrade {
    Smtp,
    Imap,
    Pop3,
    Ftp,
    Ldap,
    Mysql,
    Postgres,
}

impl Upgrade {
    /// By service name; `None` for services that cannot switch.
    #[must_use]
    pub fn of_service(service: &str) -> Option<Self> {
        match service {
            "smtp" => Some(Self::Smtp),
            "imap" => Some(Self::Imap),
            "pop3" => Some(Self::Pop3),
            "ftp" => Some(Self::Ftp),
            "ldap" => Some(Self::Ldap),
            "mysql" => Some(Self::Mysql),
            "postgresql" => Some(Self::Postgres),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Greeting,
    /// EHLO was sent (SMTP only).
    Hello,
    /// The command to switch was sent.
    Asked,
}

/// Asks one service to switch to TLS. [`Step::Done`]: the handshake may start.
#[derive(Debug, Clone)]
pub struct StartTls {
    upgrade: Upgrade,
    state: State,
    accepted: Option<bool>,
}

impl StartTls {
    #[must_use]
    pub const fn new(upgrade: Upgrade) -> Self {
        Self { upgrade, state: State::Greeting, accepted: None }
    }

    /// The service's answer; `None` when there was none.
    #[must_use]
    pub const fn accepted(&self) -> Option<bool> {
        self.accepted
    }

    fn send(&mut self, state: State, bytes: &[u8]) -> Step {
        self.state = state;
        Step::Send(bytes.to_vec())
    }

    fn judged(&mut self, accepted: bool) -> Step {
        self.accepted = Some(accepted);
        if accepted { Step::Done } else { Step::Failed(Malformed::Value) }
    }

    fn coded(&mut self, received: &[u8]) -> Result<Step, Malformed> {
        let Some((reply, _)) = Reply::parse(received)? else { return Ok(Step::NeedMore) };
        Ok(match (self.state, self.upgrade) {
            (State::Greeting, _) if !reply.accepted() => Step::Failed(Malformed::Value),
            (State::Greeting, Upgrade::Smtp) => {
                self.send(State::Hello, &smtp::command("EHLO scanner.invalid"))
            }
            (State::Greeting, _) => self.send(State::Asked, b"AUTH TLS\r\n"),
            (State::Hello, _) => self.send(State::Asked, b"STARTTLS\r\n"),
            // SMTP says 220, FTP 234 (334 from servers of before RFC 4217).
            (State::Asked, _) => self.judged(matches!(reply.code, 220 | 234 | 334)),
        })
    }

    fn imap(&mut self, received: &[u8]) -> Result<Step, Malformed> {
        if self.state == State::Greeting {
            return Ok(match imap::greeting(received)? {
                None => Step::NeedMore,
                Some(_) => self.send(State::Asked, b"s1 STARTTLS\r\n"),
            });
        }
        Ok(match imap::answer(received, "s1")? {
            None => Step::NeedMore,
            Some((_, ok)) => self.judged(ok),
        })
    }

    fn pop3(&mut self, received: &[u8]) -> Result<Step, Malformed> {
        let Some((status, _)) = pop3::status(received)? else { return Ok(Step::NeedMore) };
        Ok(match self.state {
            State::Greeting if status.ok().is_none() => Step::Failed(Malformed::Value),
            State::Greeting => self.send(State::Asked, b"STLS\r\n"),
            State::Hello | State::Asked => self.judged(status.ok().is_some()),
        })
    }

    fn mysql(&mut self, received: &[u8]) -> Result<Step, Malformed> {
        let Some(greeting) = mysql::Greeting::parse(received)? else { return Ok(Step::NeedMore) };
        let offered = greeting.handshake().is_some_and(mysql::Handshake::offers_tls);
        self.accepted = Some(offered);
        // The server does not answer the request: the handshake follows at once.
        Ok(if offered { Step::Finish(mysql::tls_request()) } else { Step::Failed(Malformed::Value) })
    }
}

impl Conversation for StartTls {
    fn start(&mut self) -> Vec<u8> {
        match self.upgrade {
            Upgrade::Postgres => postgres::tls_request(),
            Upgrade::Ldap => ldap::starttls_request(),
            _ => Vec::new(),
        }
    }

    /// MySQL ends with [`Step::Finish`], after whose sending the handshake may start.
    fn receive(&mut self, received: &[u8]) -> Step {
        let step = match self.upgrade {
            Upgrade::Smtp | Upgrade::Ftp => self.coded(received),
            Upgrade::Imap => self.imap(received),
            Upgrade::Pop3 => self.pop3(received),
            Upgrade::Mysql => self.mysql(received),
            Upgrade::Postgres => postgres::tls_answer(received)
                .map(|answer| answer.map_or(Step::NeedMore, |accepted| self.judged(accepted))),
            Upgrade::Ldap => ldap::starttls_accepted(received)
                .map(|answer| answer.map_or(Step::NeedMore, |accepted| self.judged(accepted))),
        };
        step.unwrap_or_else(Step::Failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::scripted::play;

    #[test]
    fn every_service_switches_with_its_own_words() {
        let cases: &[(Upgrade, &[&[u8]], &str)] = &[
            (Upgrade::Smtp, &[b"220 a\r\n", b"250-a\r\n250 STARTTLS\r\n", b"220 go\r\n"], "STARTTLS\r\n"),
            (Upgrade::Ftp, &[b"220 a\r\n", b"234 go\r\n"], "AUTH TLS\r\n"),
            (Upgrade::Imap, &[b"* OK a\r\n", b"s1 OK Begin TLS negotiation now.\r\n"], "s1 STARTTLS\r\n"),
            (Upgrade::Pop3, &[b"+OK a\r\n", b"+OK Begin TLS negotiation now.\r\n"], "STLS\r\n"),
            (Upgrade::Postgres, &[b"S"], "\0\0\0\x08\x04\u{fffd}\x16/"),
        ];
        for (upgrade, answers, last_sent) in cases {
            let mut conversation = StartTls::new(*upgrade);
            let (sent, last) = play(&mut conversation, answers, false);
            assert_eq!((last, conversation.accepted()), (Step::Done, Some(true)), "{upgrade:?}");
            assert_eq!(sent.last().map(String::as_str), Some(*last_sent), "{upgrade:?}");
        }
    }

    #[test]
    fn a_no_is_a_no() {
        let mut conversation = StartTls::new(Upgrade::Ftp);
        let (_, last) = play(&mut conversation, &[b"220 a\r\n", b"530 Please login.\r\n"], false);
        assert_eq!((last, conversation.accepted()), (Step::Failed(Malformed::Value), Some(false)));
        let mut conversation = StartTls::new(Upgrade::Postgres);
        let (_, last) = play(&mut conversation, &[b"N"], false);
        assert_eq!((last, conversation.accepted()), (Step::Failed(Malformed::Value), Some(false)));
    }
}
