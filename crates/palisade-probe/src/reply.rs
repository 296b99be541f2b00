//! Replies with a three-digit code, as SMTP, FTP and NNTP give them, and lines in general.
//!
//! A reply may have several lines: all but the last have a dash behind the code. FTP leaves the
//! code out of lines in between (RFC 959, 4.2); SMTP repeats it (RFC 5321, 4.2.1). Both are read.

use palisade_model::fact::printable;

use crate::reader::Malformed;

const LINE_BYTES_MAX: usize = 4096;
const LINES_MAX: usize = 256;

/// The next line without its end, and how many bytes it took; `None` when its end is not there.
pub fn next_line(bytes: &[u8]) -> Result<Option<(&[u8], usize)>, Malformed> {
    match bytes.iter().take(LINE_BYTES_MAX).position(|byte| *byte == b'\n') {
        Some(end) => {
            let (line, _) = bytes.split_at(end);
            Ok(Some((line.strip_suffix(b"\r").unwrap_or(line), end + 1)))
        }
        None if bytes.len() >= LINE_BYTES_MAX => Err(Malformed::TooLong),
        None => Ok(None),
    }
}

/// One complete reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// 100 to 999.
    pub code: u16,
    /// Without the code, printable, at most 1024 characters each.
    pub lines: Vec<String>,
}

impl Reply {
    /// Reads one reply; with it comes how many bytes it took. `None`: read on.
    pub fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, Malformed> {
        let mut used = 0;
        let mut code = None;
        let mut lines = Vec::new();
        loop {
            let Some((line, length)) = next_line(bytes.get(used..).unwrap_or_default())? else {
                // Say early that this is something else, rather than wait for a line end.
                if code.is_none() && !could_be_code(bytes.get(used..).unwrap_or_default()) {
                    return Err(Malformed::OtherProtocol);
                }
                return Ok(None);
            };
            used += length;
            let coded = split_code(line);
            let expected = match code {
                Some(expected) => expected,
                None => coded.ok_or(Malformed::OtherProtocol)?.0,
            };
            code = Some(expected);
            let (last, text) = match coded {
                Some((found, last, text)) if found == expected => (last, text),
                _ => (false, line.trim_ascii_start()),
            };
            lines.push(printable(text, 1024));
            if last {
                return Ok(Some((Self { code: expected, lines }, used)));
            }
            if lines.len() >= LINES_MAX {
                return Err(Malformed::TooLong);
            }
        }
    }

    /// All lines, joined by line feeds.
    #[must_use]
    pub fn text(&self) -> String {
        self.lines.join("\n").trim_end().to_owned()
    }

    /// 2xx: done as asked.
    #[must_use]
    pub const fn accepted(&self) -> bool {
        self.code / 100 == 2
    }

    /// 5xx: will not be done.
    #[must_use]
    pub const fn refused(&self) -> bool {
        self.code / 100 == 5
    }
}

/// Code, whether it is the last line, and the text.
fn split_code(line: &[u8]) -> Option<(u16, bool, &[u8])> {
    let (digits, rest) = line.split_at_checked(3)?;
    let code: u16 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    if !(100..=999).contains(&code) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    match rest.split_first() {
        None => Some((code, true, rest)),
        Some((b' ', text)) => Some((code, true, text)),
        Some((b'-', text)) => Some((code, false, text)),
        Some(_) => None,
    }
}

/// The beginning of a line may still become one with a code.
fn could_be_code(start: &[u8]) -> bool {
    start.iter().take(3).all(u8::is_ascii_digit)
        && start.get(3).is_none_or(|byte| matches!(byte, b' ' | b'-' | b'\r'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn replies_of_one_and_of_many_lines() {
        let (reply, used) = Reply::parse(b"220 ready\r\n250 next\r\n").unwrap().unwrap();
        assert_eq!((reply.code, reply.text().as_str(), used), (220, "ready", 11));
        let ftp = b"211-Features:\r\n EPRT\r\n MDTM\r\n211 End\r\n";
        let (reply, used) = Reply::parse(ftp).unwrap().unwrap();
        assert_eq!(reply.lines, ["Features:", "EPRT", "MDTM", "End"]);
        assert_eq!(used, ftp.len());
    }

    #[test]
    fn other_protocols_are_refused_at_once() {
        assert_eq!(Reply::parse(b"SSH-2.0"), Err(Malformed::OtherProtocol));
        assert_eq!(Reply::parse(b"22"), Ok(None));
        assert_eq!(Reply::parse(b"220x"), Err(Malformed::OtherProtocol));
        assert_eq!(Reply::parse(b"099 no\n"), Err(Malformed::OtherProtocol));
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(Some((_, used))) = Reply::parse(&bytes) {
                prop_assert!(used <= bytes.len());
            }
        }

        #[test]
        fn what_is_written_reads_back(code in 200u16..600, lines in proptest::collection::vec("[a-z]{0,20}", 1..8)) {
            let last = lines.len() - 1;
            let mut bytes = Vec::new();
            for (index, line) in lines.iter().enumerate() {
                let dash = if index == last { ' ' } else { '-' };
                bytes.extend_from_slice(format!("{code}{dash}{line}\r\n").as_bytes());
            }
            let length = bytes.len();
            let expected = Some((Reply { code, lines }, length));
            prop_assert_eq!(Reply::parse(&bytes).unwrap(), expected);
            for short in 0..length {
                prop_assert_eq!(Reply::parse(&bytes[..short]).unwrap(), None);
            }
        }
    }
}
