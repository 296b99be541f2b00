//! The rsync daemon: which modules there are and which open without a password.
//!
//! A module is opened and left at once; no file list is asked for.

use palisade_model::fact::{RsyncFacts, printable};

use crate::conversation::{Conversation, Step};
use crate::reader::Malformed;
use crate::reply::next_line;

/// Low enough that every daemon speaks it and none wants a digest list.
const OWN_GREETING: &str = "@RSYNCD: 30.0\n";
const MODULES_MAX: usize = 256;

/// The protocol version of a daemon's greeting and its length; `None`: read on.
pub fn greeting(received: &[u8]) -> Result<Option<(String, usize)>, Malformed> {
    const START: &[u8] = b"@RSYNCD: ";
    if !received.starts_with(START) && !START.starts_with(received) {
        return Err(Malformed::OtherProtocol);
    }
    let Some((line, used)) = next_line(received)? else { return Ok(None) };
    let text = printable(line.strip_prefix(START).ok_or(Malformed::OtherProtocol)?, 200);
    let version = text.split_ascii_whitespace().next().ok_or(Malformed::Value)?;
    Ok(Some((version.to_owned(), used)))
}

/// Asks for the list of modules.
#[derive(Debug, Clone, Default)]
pub struct RsyncConversation {
    greeted: bool,
    facts: RsyncFacts,
}

impl RsyncConversation {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn finish(self) -> RsyncFacts {
        self.facts
    }

    fn list(&mut self, received: &[u8]) -> Result<Step, Malformed> {
        let mut modules = Vec::new();
        let mut rest = received;
        while let Some((line, used)) = next_line(rest)? {
            rest = rest.get(used..).unwrap_or_default();
            if line.starts_with(b"@RSYNCD: EXIT") || line.starts_with(b"@ERROR") {
                self.facts.modules = modules;
                return Ok(Step::Done);
            }
            // Message-of-the-day lines have no tab.
            let Some(tab) = line.iter().position(|byte| *byte == b'\t') else { continue };
            let name = printable(line.get(..tab).unwrap_or_default().trim_ascii(), 200);
            if !name.is_empty() && modules.len() < MODULES_MAX {
                modules.push(name);
            }
        }
        Ok(Step::NeedMore)
    }
}

impl Conversation for RsyncConversation {
    fn start(&mut self) -> Vec<u8> {
        Vec::new()
    }

    fn receive(&mut self, received: &[u8]) -> Step {
        if self.greeted {
            return self.list(received).unwrap_or_else(Step::Failed);
        }
        match greeting(received) {
            Ok(None) => Step::NeedMore,
            Ok(Some((version, _))) => {
                self.greeted = true;
                self.facts.protocol = version;
                Step::Send(format!("{OWN_GREETING}#list\n").into_bytes())
            }
            Err(reason) => Step::Failed(reason),
        }
    }
}

/// Opens one module. A connection for each.
#[derive(Debug, Clone)]
pub struct ModuleConversation {
    module: String,
    greeted: bool,
    open: Option<bool>,
}

impl ModuleConversation {
    #[must_use]
    pub fn new(module: &str) -> Self {
        Self { module: module.to_owned(), greeted: false, open: None }
    }

    /// It opened without a password; `None` when there was no answer.
    #[must_use]
    pub const fn open(&self) -> Option<bool> {
        self.open
    }

    fn judge(&mut self, received: &[u8]) -> Result<Step, Malformed> {
        let mut rest = received;
        while let Some((line, used)) = next_line(rest)? {
            rest = rest.get(used..).unwrap_or_default();
            self.open = match line {
                b"@RSYNCD: OK" => Some(true),
                _ if line.starts_with(b"@RSYNCD: AUTHREQD") || line.starts_with(b"@ERROR") => Some(false),
                // The message of the day.
                _ => continue,
            };
            return Ok(Step::Done);
        }
        Ok(Step::NeedMore)
    }
}

impl Conversation for ModuleConversation {
    fn start(&mut self) -> Vec<u8> {
        Vec::new()
    }

    fn receive(&mut self, received: &[u8]) -> Step {
        if self.greeted {
            return self.judge(received).unwrap_or_else(Step::Failed);
        }
        match greeting(received) {
            Ok(None) => Step::NeedMore,
            Ok(Some(_)) => {
                self.greeted = true;
                let module: String = self.module.chars().filter(|character| *character != '\n').collect();
                Step::Send(format!("{OWN_GREETING}{module}\n").into_bytes())
            }
            Err(reason) => Step::Failed(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::conversation::scripted::{play, survive};

    const GREETING: &[u8] = b"@RSYNCD: 32.0 sha512 sha256 sha1 md5 md4\n";

    #[test]
    fn modules_are_listed_and_opened() {
        for slowly in [false, true] {
            let mut conversation = RsyncConversation::new();
            let list = b"Welcome\n\nbackup         \tnightly\nwww            \t\n@RSYNCD: EXIT\n";
            let (sent, last) = play(&mut conversation, &[GREETING, list], slowly);
            assert_eq!((sent[1].as_str(), last), ("@RSYNCD: 30.0\n#list\n", Step::Done));
            let facts = conversation.finish();
            assert_eq!((facts.protocol.as_str(), facts.modules.len()), ("32.0", 2));
            assert_eq!(facts.modules, ["backup", "www"]);
        }
        for (answer, open) in [
            (&b"Welcome\n@RSYNCD: OK\n"[..], true),
            (b"@RSYNCD: AUTHREQD 7oB1gXY0cw\n", false),
            (b"@ERROR: access denied to www from localhost (127.0.0.1)\n", false),
        ] {
            let mut module = ModuleConversation::new("www");
            play(&mut module, &[GREETING, answer], false);
            assert_eq!(module.open(), Some(open));
        }
    }

    proptest! {
        #[test]
        fn any_answers_are_survived(answers in proptest::collection::vec("(@RSYNCD: )?[ -~\t]{0,20}\n([ -~\t]{0,9}\n){0,3}", 0..4)) {
            let answers: Vec<Vec<u8>> = answers.into_iter().map(String::into_bytes).collect();
            survive(RsyncConversation::new(), &answers);
            survive(ModuleConversation::new("a"), &answers);
        }
    }
}
