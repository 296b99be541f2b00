//! The targets, by the sort of bytes they read.

pub mod conversation;
pub mod datagram;
pub mod document;
pub mod handshake;
pub mod identify;
pub mod web;

/// Stands between two answers in an input that holds several.
pub const BETWEEN: &[u8] = b"\xff<|>\n";

/// The answers of one input; at most eight, so that no input means a long talk.
pub(crate) fn answers(input: &[u8]) -> Vec<&[u8]> {
    let mut all = Vec::new();
    let mut rest = input;
    while all.len() < 7
        && let Some(at) = rest.windows(BETWEEN.len()).position(|bytes| bytes == BETWEEN)
    {
        let (answer, after) = rest.split_at(at);
        all.push(answer);
        rest = after.get(BETWEEN.len()..).unwrap_or_default();
    }
    all.push(rest);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_taken_apart() {
        assert_eq!(answers(b"one"), [b"one"]);
        assert_eq!(answers(b"one\xff<|>\ntwo\xff<|>\n"), [&b"one"[..], b"two", b""]);
        assert_eq!(answers(&BETWEEN.repeat(20)).len(), 8);
    }
}
