//! Flaws that show only to a client with keys: what a server does about padding that is wrong, about a
//! wish to begin again, and about a ticket that comes with a short session identifier.
//!
//! Each is a conversation for a connection of its own, by [`OldClient`], so a server is tried only with
//! the RSA key exchange and AES in CBC mode. None does harm: what is wrong stands in the client's own
//! last message of the handshake or in its own hello, nothing is decrypted that belongs to anybody else,
//! and of what a flawed server leaks only the length is looked at.

use super::old_client::{HANDSHAKE, Manner, OldClient, SERVER_HELLO, is_spoken, read_message, read_record};
use super::{Alert, ServerHello, Version};
use crate::conversation::{Conversation, Step};
use crate::reader::Reader;

/// Bytes of the session identifier that comes with a ticket; a server that leaks fills up to 32.
const SHORT_IDENTIFIER: [u8; 16] = [0x51; 16];

/// What is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldTrial {
    /// The last message of the handshake has the right MAC, and padding bytes that say nothing right but
    /// their number: only who does not look at them takes it (POODLE on TLS, CVE-2014-8730).
    WrongPadding,
    /// It is padding and nothing else. A sound server finds no MAC; one with CVE-2016-2107 finds the
    /// record too long.
    PaddingAlone,
    /// The client wants to begin again when the handshake is over.
    Renegotiation,
}

impl OldTrial {
    pub const ALL: [Self; 3] = [Self::WrongPadding, Self::PaddingAlone, Self::Renegotiation];
}

/// One trial on one connection.
#[derive(Debug)]
pub struct OldTrialConversation {
    trial: OldTrial,
    client: OldClient,
    hello: Vec<u8>,
    taken: Taken,
    asked: bool,
    verdict: Option<bool>,
}

impl OldTrialConversation {
    /// `server_name` and `seed` as in [`OldClient::new`].
    #[must_use]
    pub fn new(trial: OldTrial, server_name: Option<&str>, seed: [u8; 32]) -> Self {
        let manner = match trial {
            OldTrial::WrongPadding => Manner::WrongPadding,
            OldTrial::PaddingAlone => Manner::PaddingAlone,
            OldTrial::Renegotiation => Manner::Usual,
        };
        let (client, hello) = OldClient::with_manner(server_name, seed, manner);
        Self { trial, client, hello, taken: Taken::default(), asked: false, verdict: None }
    }

    /// Whether the server has the flaw, or begins again; `None` when it came to no answer.
    #[must_use]
    pub const fn finish(&self) -> Option<bool> {
        self.verdict
    }

    /// What follows from an end of the server's.
    fn conclude(&mut self) -> Option<bool> {
        match (self.trial, self.client.alert()) {
            (OldTrial::WrongPadding, _) if self.client.is_open() => Some(true),
            (OldTrial::WrongPadding, Some(_)) if self.client.has_finished() => Some(false),
            (OldTrial::PaddingAlone, Some(alert)) if self.client.has_finished() => {
                Some(alert.description == Alert::RECORD_OVERFLOW)
            }
            (OldTrial::Renegotiation, _) if self.client.begins_again() => Some(true),
            (OldTrial::Renegotiation, Some(_)) if self.asked => Some(false),
            _ => None,
        }
    }
}

impl Conversation for OldTrialConversation {
    fn start(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.hello)
    }

    fn receive(&mut self, received: &[u8]) -> Step {
        let (mut reply, mut data) = (Vec::new(), Vec::new());
        let fed = self.client.feed(self.taken.news(received), &mut reply, &mut data);
        self.verdict = self.conclude();
        if self.verdict.is_some() {
            return Step::Done;
        }
        if let Err(reason) = fed {
            return Step::Failed(reason);
        }
        if self.trial == OldTrial::Renegotiation && self.client.is_open() && !self.asked {
            self.asked = true;
            reply.extend(self.client.begin_again());
        }
        if reply.is_empty() {
            return Step::NeedMore;
        }
        self.taken = Taken::default();
        Step::Send(reply)
    }

    fn closed(&mut self, _: &[u8]) {
        // An end without a word, where the question was asked, is a no as well.
        let was_asked = match self.trial {
            OldTrial::WrongPadding | OldTrial::PaddingAlone => self.client.has_finished(),
            OldTrial::Renegotiation => self.asked,
        };
        if self.verdict.is_none() && was_asked {
            self.verdict = Some(false);
        }
    }
}

/// How much of what was received since the last sending was looked at.
#[derive(Debug, Default)]
struct Taken(usize);

impl Taken {
    fn news<'a>(&mut self, received: &'a [u8]) -> &'a [u8] {
        let news = received.get(self.0..).unwrap_or_default();
        self.0 = received.len();
        news
    }
}

/// Gets a ticket, to come back with.
#[derive(Debug)]
pub struct TicketConversation {
    client: OldClient,
    hello: Vec<u8>,
    taken: Taken,
}

impl TicketConversation {
    /// As [`OldClient::new`].
    #[must_use]
    pub fn new(server_name: Option<&str>, seed: [u8; 32]) -> Self {
        let (client, hello) = OldClient::with_manner(server_name, seed, Manner::WantsTicket);
        Self { client, hello, taken: Taken::default() }
    }

    /// The hello to come back with, once a ticket was handed out.
    #[must_use]
    pub fn finish(&self) -> Option<ReturnConversation> {
        let ticket = self.client.is_open().then(|| self.client.ticket()).flatten()?;
        Some(ReturnConversation { hello: self.client.hello_with(ticket, &SHORT_IDENTIFIER), leaks: None })
    }
}

impl Conversation for TicketConversation {
    fn start(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.hello)
    }

    fn receive(&mut self, received: &[u8]) -> Step {
        let (mut reply, mut data) = (Vec::new(), Vec::new());
        match self.client.feed(self.taken.news(received), &mut reply, &mut data) {
            Err(reason) => Step::Failed(reason),
            Ok(()) if self.client.is_open() => Step::Done,
            Ok(()) if reply.is_empty() => Step::NeedMore,
            Ok(()) => {
                self.taken = Taken::default();
                Step::Send(reply)
            }
        }
    }
}

/// Comes back with a ticket and a short session identifier. A sound server repeats the identifier, or
/// makes one of its own; one with CVE-2016-9244 repeats it and fills it up from its memory.
#[derive(Debug)]
pub struct ReturnConversation {
    hello: Vec<u8>,
    leaks: Option<bool>,
}

impl ReturnConversation {
    /// Whether the server leaks; `None` when it did not answer with a hello.
    #[must_use]
    pub const fn finish(&self) -> Option<bool> {
        self.leaks
    }
}

impl Conversation for ReturnConversation {
    fn start(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.hello)
    }

    fn receive(&mut self, received: &[u8]) -> Step {
        let mut records = Reader::new(received);
        let mut message = Vec::new();
        while let Ok((kind, body)) = read_record(&mut records) {
            if kind != HANDSHAKE {
                return Step::Done;
            }
            message.extend_from_slice(body);
            let Ok((SERVER_HELLO, body)) = read_message(&mut Reader::new(&message)) else { continue };
            return match ServerHello::parse(body) {
                Ok(hello) => {
                    let longer = hello.session_id.len() > SHORT_IDENTIFIER.len();
                    self.leaks = Some(longer && hello.session_id.starts_with(&SHORT_IDENTIFIER));
                    Step::Done
                }
                Err(reason) => Step::Failed(reason),
            };
        }
        Step::NeedMore
    }
}

/// Whether a suite is one that trials are made with.
#[must_use]
pub fn can_try(version: &str, suite: u16) -> bool {
    let spoken = [Version::Tls10, Version::Tls11, Version::Tls12];
    spoken.iter().any(|each| each.as_str() == version) && is_spoken(suite)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::old_double::{Double, Flaws};

    fn talk(conversation: &mut impl Conversation, server: &mut Double) {
        let mut received = server.hear(&conversation.start());
        loop {
            match conversation.receive(&received) {
                Step::Send(bytes) => received = server.hear(&bytes),
                Step::NeedMore => return conversation.closed(&received),
                _ => return,
            }
        }
    }

    fn verdict(trial: OldTrial, flaws: Flaws) -> Option<bool> {
        let mut conversation = OldTrialConversation::new(trial, Some("host.test"), [7; 32]);
        let mut server = Double::new(flaws, [7; 32]);
        talk(&mut conversation, &mut server);
        conversation.finish()
    }

    #[test]
    fn each_trial_tells_the_flawed_server_from_the_sound_one() {
        let cases = [
            (OldTrial::WrongPadding, Flaws { padding_unchecked: true, ..Flaws::default() }),
            (OldTrial::PaddingAlone, Flaws { padding_overlong: true, ..Flaws::default() }),
            (OldTrial::Renegotiation, Flaws { begins_again: true, ..Flaws::default() }),
        ];
        for (trial, flaws) in cases {
            assert_eq!(verdict(trial, flaws), Some(true), "{trial:?}");
            assert_eq!(verdict(trial, Flaws::default()), Some(false), "{trial:?}");
            // A flaw of another kind is not taken for this one.
            for (_, other) in cases.iter().filter(|(other, _)| *other != trial) {
                assert_eq!(verdict(trial, *other), Some(false), "{trial:?} and {other:?}");
            }
        }
    }

    #[test]
    fn a_server_that_passes_over_the_wish_is_not_waited_for() {
        let mut conversation = OldTrialConversation::new(OldTrial::Renegotiation, None, [7; 32]);
        let mut server = Double::new(Flaws { passes_over: true, ..Flaws::default() }, [7; 32]);
        let mut received = server.hear(&conversation.start());
        // Its end comes as an answer: nobody has to tell the conversation that time is up.
        while let Step::Send(bytes) = conversation.receive(&received) {
            received = server.hear(&bytes);
        }
        assert_eq!(conversation.finish(), Some(false));
    }

    #[test]
    fn a_server_that_refuses_the_handshake_says_nothing() {
        for trial in OldTrial::ALL {
            let mut conversation = OldTrialConversation::new(trial, None, [7; 32]);
            conversation.start();
            assert_ne!(conversation.receive(&[21, 3, 3, 0, 2, 2, 40]), Step::NeedMore);
            conversation.closed(&[]);
            assert_eq!(conversation.finish(), None, "{trial:?}");
        }
    }

    fn leaks(flaws: Flaws) -> Option<bool> {
        let mut first = TicketConversation::new(Some("host.test"), [7; 32]);
        talk(&mut first, &mut Double::new(flaws, [7; 32]));
        let mut second = first.finish()?;
        talk(&mut second, &mut Double::new(flaws, [7; 32]));
        second.finish()
    }

    #[test]
    fn a_short_identifier_is_repeated_or_filled_up() {
        let tickets = Flaws { tickets: true, ..Flaws::default() };
        assert_eq!(leaks(tickets), Some(false));
        assert_eq!(leaks(Flaws { fills_identifiers: true, ..tickets }), Some(true));
        assert_eq!(leaks(Flaws::default()), None, "without tickets there is nothing to come back with");
    }

    #[test]
    fn trials_need_what_the_old_client_speaks() {
        assert!(can_try("TLSv1.0", 0x002f) && can_try("TLSv1.2", 0x003d));
        assert!(!can_try("SSLv3", 0x002f) && !can_try("TLSv1.2", 0xc02f));
    }
}
