//! Redis and those who speak like it (RESP): is INFO answered without a password?

use palisade_model::fact::{RedisFacts, printable};

use crate::conversation::{Conversation, Step};
use crate::reader::Malformed;
use crate::reply::next_line;

const BULK_BYTES_MAX: usize = 128 * 1024;

/// One complete answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// `+PONG`
    Simple(String),
    /// `-NOAUTH Authentication required.`
    Error(String),
    /// `$5`, bytes. `None` for the null string.
    Bulk(Option<Vec<u8>>),
    /// `:1`
    Integer(i64),
}

impl Answer {
    /// Reads one answer; `None`: read on.
    pub fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, Malformed> {
        let Some(kind) = bytes.first() else { return Ok(None) };
        if !b"+-$:".contains(kind) {
            return Err(Malformed::OtherProtocol);
        }
        let Some((line, used)) = next_line(bytes)? else { return Ok(None) };
        let text = printable(line.get(1..).unwrap_or_default(), 1024);
        let answer = match kind {
            b'+' => Self::Simple(text),
            b'-' => Self::Error(text),
            b':' => Self::Integer(text.parse().map_err(|_| Malformed::Value)?),
            _ if text == "-1" => Self::Bulk(None),
            _ => {
                let length: usize = text.parse().map_err(|_| Malformed::Value)?;
                if length > BULK_BYTES_MAX {
                    return Err(Malformed::TooLong);
                }
                let Some(content) = bytes.get(used..used + length) else { return Ok(None) };
                let Some(end) = bytes.get(used + length..used + length + 2) else { return Ok(None) };
                if end != b"\r\n" {
                    return Err(Malformed::Value);
                }
                return Ok(Some((Self::Bulk(Some(content.to_vec())), used + length + 2)));
            }
        };
        Ok(Some((answer, used)))
    }
}

/// A command as an array of strings.
#[must_use]
pub fn command(words: &[&str]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend_from_slice(format!("${}\r\n{word}\r\n", word.len()).as_bytes());
    }
    bytes
}

/// PING, then INFO.
#[derive(Debug, Clone, Default)]
pub struct RedisConversation {
    pinged: bool,
    facts: RedisFacts,
}

impl RedisConversation {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn finish(self) -> RedisFacts {
        self.facts
    }
}

impl Conversation for RedisConversation {
    fn start(&mut self) -> Vec<u8> {
        command(&["PING"])
    }

    fn receive(&mut self, received: &[u8]) -> Step {
        let answer = match Answer::parse(received) {
            Ok(None) => return Step::NeedMore,
            Ok(Some((answer, _))) => answer,
            Err(reason) => return Step::Failed(reason),
        };
        match (self.pinged, answer) {
            (false, Answer::Simple(text)) if text == "PONG" => {
                self.pinged = true;
                Step::Send(command(&["INFO", "server"]))
            }
            (false, Answer::Error(text)) if is_redis_error(&text) => Step::Done,
            (true, Answer::Bulk(Some(content))) => {
                take_info(&content, &mut self.facts);
                Step::Finish(command(&["QUIT"]))
            }
            (true, Answer::Error(_)) => Step::Done,
            _ => Step::Failed(Malformed::OtherProtocol),
        }
    }
}

/// The error is one that Redis and its relatives give to strangers.
#[must_use]
pub fn is_redis_error(text: &str) -> bool {
    ["NOAUTH", "DENIED", "ERR ", "NOPERM", "WRONGPASS", "LOADING", "MASTERDOWN"]
        .iter()
        .any(|word| text.starts_with(word))
}

fn take_info(content: &[u8], facts: &mut RedisFacts) {
    facts.open = true;
    for line in content.split(|byte| *byte == b'\n') {
        let text = printable(line, 200);
        match text.split_once(':') {
            Some(("redis_version", version)) => facts.version = Some(version.trim().to_owned()),
            Some(("os", os)) => facts.os = Some(os.trim().to_owned()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::conversation::scripted::{play, survive};

    const INFO: &[u8] = b"$87\r\n# Server\r\nredis_version:8.0.2\r\nredis_git_sha1:00000000\r\nos:Linux 6.12.43 x86_64\r\narch_b\r\n\r\n";

    #[test]
    fn an_open_server_tells_its_version() {
        for slowly in [false, true] {
            let mut conversation = RedisConversation::new();
            let (sent, last) = play(&mut conversation, &[b"+PONG\r\n", INFO], slowly);
            assert_eq!(sent[1], "*2\r\n$4\r\nINFO\r\n$6\r\nserver\r\n");
            assert_eq!(last, Step::Finish(command(&["QUIT"])));
            let facts = conversation.finish();
            assert!(facts.open);
            assert_eq!(facts.version.as_deref(), Some("8.0.2"));
            assert_eq!(facts.os.as_deref(), Some("Linux 6.12.43 x86_64"));
        }
    }

    #[test]
    fn a_password_keeps_it_closed() {
        let mut conversation = RedisConversation::new();
        let (_, last) = play(&mut conversation, &[b"-NOAUTH Authentication required.\r\n"], false);
        assert_eq!(last, Step::Done);
        assert!(!conversation.finish().open);
        let mut other = RedisConversation::new();
        let (_, last) = play(&mut other, &[b"-nothing of the kind\r\n"], false);
        assert_eq!(last, Step::Failed(Malformed::OtherProtocol));
    }

    proptest! {
        #[test]
        fn any_answers_are_survived(answers in proptest::collection::vec("[-+:$]-?[0-9A-Z]{0,6}\r\n[ -~]{0,8}(\r\n)?", 0..4)) {
            let answers: Vec<Vec<u8>> = answers.into_iter().map(String::into_bytes).collect();
            survive(RedisConversation::new(), &answers);
        }
    }
}
