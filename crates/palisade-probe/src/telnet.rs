//! Telnet (RFC 854): refuse every option politely, and read what is shown before login.

use palisade_model::fact::{TelnetFacts, printable};

use crate::conversation::{Conversation, Step};

const IAC: u8 = 255;
const DONT: u8 = 254;
const DO: u8 = 253;
const WONT: u8 = 252;
const WILL: u8 = 251;
const SUBNEGOTIATION: u8 = 250;
const SUBNEGOTIATION_END: u8 = 240;
const OPTION_ENCRYPT: u8 = 38;
const TEXT_BYTES_MAX: usize = 8 * 1024;

/// Listens to a telnet server up to its login prompt.
#[derive(Debug, Clone, Default)]
pub struct TelnetConversation {
    /// Text shown so far.
    text: Vec<u8>,
    /// An incomplete command left over from before the last sending.
    tail: Vec<u8>,
    /// How much of the current answer has been looked at.
    seen: usize,
    /// Commands answered; each is answered once, so that two refusals cannot go round.
    answered: Vec<(u8, u8)>,
    facts: TelnetFacts,
}

impl TelnetConversation {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn finish(mut self) -> TelnetFacts {
        self.facts.greeting = printable(self.text.trim_ascii(), 1024);
        self.facts.login_prompt |= is_prompt(&self.text);
        self.facts
    }

    /// Something of the protocol itself was seen, not only text.
    #[must_use]
    pub fn negotiated(&self) -> bool {
        !self.answered.is_empty()
    }

    /// Takes in bytes; gives the answers to the options among them.
    fn take(&mut self, fresh: &[u8]) -> Vec<u8> {
        let bytes = [std::mem::take(&mut self.tail).as_slice(), fresh].concat();
        let mut answers = Vec::new();
        let mut rest = bytes.as_slice();
        while let Some((first, after)) = rest.split_first() {
            if *first != IAC {
                if self.text.len() < TEXT_BYTES_MAX {
                    self.text.push(*first);
                }
                rest = after;
                continue;
            }
            match after {
                [command @ (WILL | WONT | DO | DONT), option, after @ ..] => {
                    answers.extend(self.answer(*command, *option));
                    rest = after;
                }
                [SUBNEGOTIATION, content @ ..] => {
                    let end = content.windows(2).position(|pair| pair == [IAC, SUBNEGOTIATION_END]);
                    let Some(after) = end.and_then(|end| content.get(end + 2..)) else { break };
                    rest = after;
                }
                [WILL | WONT | DO | DONT] | [] => break,
                [IAC, after @ ..] => {
                    self.text.push(IAC);
                    rest = after;
                }
                [_, after @ ..] => rest = after,
            }
        }
        // A subnegotiation without end must not be kept for ever.
        self.tail = if rest.len() < 1024 { rest.to_vec() } else { Vec::new() };
        answers
    }

    fn answer(&mut self, command: u8, option: u8) -> Vec<u8> {
        if option == OPTION_ENCRYPT && matches!(command, WILL | DO) {
            self.facts.encryption_offered = true;
        }
        if self.answered.contains(&(command, option)) {
            return Vec::new();
        }
        self.answered.push((command, option));
        match command {
            DO => vec![IAC, WONT, option],
            WILL => vec![IAC, DONT, option],
            _ => Vec::new(),
        }
    }
}

impl Conversation for TelnetConversation {
    fn start(&mut self) -> Vec<u8> {
        Vec::new()
    }

    fn receive(&mut self, received: &[u8]) -> Step {
        let fresh = received.get(self.seen..).unwrap_or_default().to_vec();
        self.seen = received.len();
        let answers = self.take(&fresh);
        if !answers.is_empty() {
            self.seen = 0;
            return Step::Send(answers);
        }
        if is_prompt(&self.text) {
            self.facts.login_prompt = true;
            return Step::Done;
        }
        if self.text.len() >= TEXT_BYTES_MAX { Step::Done } else { Step::NeedMore }
    }
}

/// The text ends in a question for a name or password, or in a shell's prompt.
fn is_prompt(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text).to_lowercase();
    let last = text.rsplit(['\n', '\r']).next().unwrap_or_default();
    let words = ["login:", "username:", "user name:", "password:", "account:", "user:"];
    let trimmed = last.trim_end();
    words.iter().any(|word| trimmed.ends_with(word))
        || (last.len() < 80 && ["$ ", "# ", "> "].iter().any(|end| last.ends_with(end)))
        || (trimmed.len() > 1 && trimmed.len() < 40 && trimmed.ends_with(['#', '>']))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::conversation::scripted::survive;

    #[test]
    fn inetutils_negotiates_and_asks_for_a_login() {
        let mut conversation = TelnetConversation::new();
        assert!(conversation.start().is_empty());
        let opening = [IAC, DO, 24, IAC, DO, 38, IAC, WILL, 1, IAC];
        let Step::Send(answers) = conversation.receive(&opening) else { panic!("nothing answered") };
        assert_eq!(answers, [IAC, WONT, 24, IAC, WONT, 38, IAC, DONT, 1]);
        // The rest of the cut command, a repeated question, a subnegotiation and the prompt.
        let mut rest = vec![DONT, 3, IAC, DO, 24, IAC, SUBNEGOTIATION, 24, 1, IAC, SUBNEGOTIATION_END];
        rest.extend_from_slice(b"\r\nDebian GNU/Linux 13\r\nhost login: ");
        assert_eq!(conversation.receive(&rest), Step::Done);
        assert!(conversation.negotiated());
        let facts = conversation.finish();
        assert!(facts.encryption_offered && facts.login_prompt);
        assert_eq!(facts.greeting, "Debian GNU/Linux 13\nhost login:");
    }

    #[test]
    fn text_without_a_prompt_is_kept() {
        let mut conversation = TelnetConversation::new();
        assert_eq!(conversation.receive(b"hello"), Step::NeedMore);
        assert_eq!(conversation.receive(b"hello world"), Step::NeedMore);
        let facts = conversation.finish();
        assert_eq!(facts.greeting, "hello world");
        assert!(!facts.login_prompt);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(answers in proptest::collection::vec(
            proptest::collection::vec(prop_oneof![Just(IAC), 240u8..=255, any::<u8>()], 0..60), 0..6)) {
            survive(TelnetConversation::new(), &answers);
        }
    }
}
