//! IMAP (RFC 3501, 9051): greeting and capabilities.
//!
//! Nobody is logged in; the capability list says whether a clear-text login would be taken.

use palisade_model::fact::{ImapFacts, printable};

use crate::conversation::{Conversation, Step};
use crate::reader::Malformed;
use crate::reply::next_line;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Greeting,
    Capability,
}

/// Asks an IMAP server for its capabilities.
#[derive(Debug, Clone)]
pub struct ImapConversation {
    state: State,
    facts: ImapFacts,
}

impl Default for ImapConversation {
    fn default() -> Self {
        Self::new()
    }
}

impl ImapConversation {
    #[must_use]
    pub fn new() -> Self {
        Self { state: State::Greeting, facts: ImapFacts::default() }
    }

    #[must_use]
    pub fn finish(self) -> ImapFacts {
        self.facts
    }
}

impl Conversation for ImapConversation {
    fn start(&mut self) -> Vec<u8> {
        Vec::new()
    }

    fn receive(&mut self, received: &[u8]) -> Step {
        match self.state {
            State::Greeting => match greeting(received) {
                Ok(None) => Step::NeedMore,
                Ok(Some(text)) => {
                    let bye = text.to_ascii_uppercase().starts_with("BYE");
                    self.facts.greeting = text;
                    if bye {
                        return Step::Done;
                    }
                    self.state = State::Capability;
                    Step::Send(b"a1 CAPABILITY\r\n".to_vec())
                }
                Err(reason) => Step::Failed(reason),
            },
            State::Capability => match answer(received, "a1") {
                Ok(None) => Step::NeedMore,
                Ok(Some((lines, _))) => {
                    take_capabilities(&lines, &mut self.facts);
                    Step::Finish(b"a2 LOGOUT\r\n".to_vec())
                }
                Err(reason) => Step::Failed(reason),
            },
        }
    }
}

/// The greeting behind its star; `None` when it is not complete.
pub fn greeting(received: &[u8]) -> Result<Option<String>, Malformed> {
    if !received.starts_with(b"* ") && !b"* ".starts_with(received) {
        return Err(Malformed::OtherProtocol);
    }
    let Some((line, _)) = next_line(received)? else { return Ok(None) };
    let text = printable(line.strip_prefix(b"* ").ok_or(Malformed::OtherProtocol)?, 1024);
    let known = ["OK", "PREAUTH", "BYE"].iter().any(|word| text.to_ascii_uppercase().starts_with(word));
    if known { Ok(Some(text)) } else { Err(Malformed::OtherProtocol) }
}

/// The untagged lines of an answer, and whether its tagged line says OK; `None` when the tagged
/// line has not come.
pub fn answer(received: &[u8], tag: &str) -> Result<Option<(Vec<String>, bool)>, Malformed> {
    let mut lines = Vec::new();
    let mut rest = received;
    while let Some((line, used)) = next_line(rest)? {
        rest = rest.get(used..).unwrap_or_default();
        let text = printable(line, 4096);
        if let Some(status) = text.strip_prefix(tag).and_then(|status| status.strip_prefix(' ')) {
            return Ok(Some((lines, status.to_ascii_uppercase().starts_with("OK"))));
        }
        if lines.len() >= 256 {
            return Err(Malformed::TooLong);
        }
        lines.push(text);
    }
    Ok(None)
}

fn take_capabilities(lines: &[String], facts: &mut ImapFacts) {
    for line in lines {
        let upper = line.to_ascii_uppercase();
        if let Some(list) = upper.strip_prefix("* CAPABILITY ") {
            facts.capabilities = list.split_ascii_whitespace().map(str::to_owned).collect();
        }
    }
    let has = |name: &str| facts.capabilities.iter().any(|capability| capability == name);
    facts.starttls = has("STARTTLS");
    // LOGIN is a command every server has unless it says otherwise.
    facts.plaintext_login =
        !facts.capabilities.is_empty() && (!has("LOGINDISABLED") || has("AUTH=PLAIN") || has("AUTH=LOGIN"));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::conversation::scripted::{play, survive};

    fn facts(capability: &[u8], slowly: bool) -> ImapFacts {
        let mut conversation = ImapConversation::new();
        let greeting = b"* OK [CAPABILITY IMAP4rev1 LITERAL+] Dovecot (Debian) ready.\r\n";
        let (sent, _) = play(&mut conversation, &[greeting, capability], slowly);
        assert_eq!(sent, ["", "a1 CAPABILITY\r\n", "a2 LOGOUT\r\n"]);
        conversation.finish()
    }

    #[test]
    fn dovecot_with_and_without_clear_text_login() {
        let open: &[u8] = b"* CAPABILITY IMAP4rev1 SASL-IR STARTTLS AUTH=PLAIN AUTH=LOGIN\r\na1 OK Pre-login capabilities listed, post-login capabilities have more.\r\n";
        let weak = facts(open, false);
        assert!(weak.starttls && weak.plaintext_login);
        assert!(weak.greeting.ends_with("Dovecot (Debian) ready."));
        assert_eq!(facts(open, true), weak);
        let hard = facts(b"* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\na1 OK done\r\n", false);
        assert!(hard.starttls && !hard.plaintext_login);
    }

    #[test]
    fn other_protocols_are_refused() {
        assert_eq!(greeting(b"220 hello\r\n"), Err(Malformed::OtherProtocol));
        assert_eq!(greeting(b"*"), Ok(None));
        assert_eq!(greeting(b"* 12 EXISTS\r\n"), Err(Malformed::OtherProtocol));
    }

    proptest! {
        #[test]
        fn any_answers_are_survived(answers in proptest::collection::vec("([*a] ?1? ?[ -~]{0,20}\r?\n){1,4}", 0..5)) {
            let answers: Vec<Vec<u8>> = answers.into_iter().map(String::into_bytes).collect();
            survive(ImapConversation::new(), &answers);
        }
    }
}
