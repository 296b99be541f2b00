//! The line both sides open with (RFC 4253 section 4.2).

use palisade_model::fact::printable;

use crate::reader::Malformed;

/// What the scanner calls itself, with the line end.
pub const OWN_IDENTIFICATION: &[u8] = b"SSH-2.0-Palisade\r\n";

/// The RFC allows 255; some servers say more.
const LINE_BYTES_MAX: usize = 1024;
/// Bytes of lines a server may send before its identification.
const PREAMBLE_BYTES_MAX: usize = 16 << 10;
const PREAMBLE_LINES_MAX: usize = 64;

/// A server's identification line, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identification {
    /// The whole line without its end, printable.
    pub line: String,
    /// `2.0`, `1.99`, `1.5`.
    pub protocol: String,
    /// Up to the first space, for example `OpenSSH_9.2p1`.
    pub software: String,
    /// After the first space, for example `Debian-2+deb12u3`.
    pub comments: Option<String>,
    /// Lines sent before.
    pub preamble: Vec<String>,
}

impl Identification {
    /// Reads the line from the start of a stream; also gives how many bytes it took, line end
    /// included. `Truncated` when it is not whole yet, `OtherProtocol` when it will never come.
    pub fn read(bytes: &[u8]) -> Result<(Self, usize), Malformed> {
        let mut preamble = Vec::new();
        let mut start = 0;
        loop {
            let rest = bytes.get(start..).unwrap_or_default();
            let Some(length) = rest.iter().position(|byte| *byte == b'\n') else {
                return Err(unfinished(rest, start));
            };
            let line = rest.get(..length).unwrap_or_default();
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            start += length + 1;
            if line.starts_with(b"SSH-") {
                return Self::parse(line, preamble).map(|identification| (identification, start));
            }
            if line.contains(&0) || preamble.len() >= PREAMBLE_LINES_MAX || start > PREAMBLE_BYTES_MAX {
                return Err(Malformed::OtherProtocol);
            }
            preamble.push(printable(line, LINE_BYTES_MAX));
        }
    }

    fn parse(line: &[u8], preamble: Vec<String>) -> Result<Self, Malformed> {
        if line.len() > LINE_BYTES_MAX {
            return Err(Malformed::TooLong);
        }
        let line = printable(line, LINE_BYTES_MAX);
        let rest = line.strip_prefix("SSH-").ok_or(Malformed::OtherProtocol)?;
        let (protocol, rest) = rest.split_once('-').ok_or(Malformed::Value)?;
        let numeric = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if protocol.len() > 16 || !protocol.split('.').all(numeric) {
            return Err(Malformed::Value);
        }
        let (software, comments) = match rest.split_once(' ') {
            Some((software, comments)) => (software, Some(comments.to_owned())),
            None => (rest, None),
        };
        Ok(Self { protocol: protocol.to_owned(), software: software.to_owned(), comments, preamble, line })
    }

    /// Protocol 1 is offered: `1.x`, or `1.99` for both.
    #[must_use]
    pub fn offers_protocol_1(&self) -> bool {
        self.protocol.starts_with("1.")
    }

    /// Protocol 2 is offered.
    #[must_use]
    pub fn offers_protocol_2(&self) -> bool {
        self.protocol == "1.99" || self.protocol.starts_with("2.")
    }
}

/// Why a line without an end is not an identification (yet).
fn unfinished(rest: &[u8], before: usize) -> Malformed {
    let own = rest.starts_with(b"SSH-");
    if rest.contains(&0) && !own {
        return Malformed::OtherProtocol;
    }
    match (own, rest.len() > LINE_BYTES_MAX || before + rest.len() > PREAMBLE_BYTES_MAX) {
        (_, false) => Malformed::Truncated,
        (true, true) => Malformed::TooLong,
        (false, true) => Malformed::OtherProtocol,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_apart() {
        let (line, taken) = Identification::read(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n\0\0").unwrap();
        assert_eq!(line.line, "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3");
        assert_eq!((line.protocol.as_str(), line.software.as_str()), ("2.0", "OpenSSH_9.2p1"));
        assert_eq!(line.comments.as_deref(), Some("Debian-2+deb12u3"));
        assert_eq!(taken, 40);
        assert!(line.offers_protocol_2() && !line.offers_protocol_1());
    }

    #[test]
    fn lines_before_it_are_kept() {
        let (line, _) = Identification::read(b"Keep out\nReally\r\nSSH-1.99-Cisco-1.25\n").unwrap();
        assert_eq!(line.preamble, ["Keep out", "Really"]);
        assert!(line.offers_protocol_1() && line.offers_protocol_2());
    }

    #[test]
    fn protocol_1_alone_is_told() {
        let (line, _) = Identification::read(b"SSH-1.5-1.2.27\n").unwrap();
        assert!(line.offers_protocol_1() && !line.offers_protocol_2());
    }

    #[test]
    fn what_is_not_ssh_is_told() {
        assert_eq!(Identification::read(b"SSH-2.0-Open").unwrap_err(), Malformed::Truncated);
        assert_eq!(Identification::read(b"").unwrap_err(), Malformed::Truncated);
        assert_eq!(Identification::read(b"\x16\x03\x01\0\x02").unwrap_err(), Malformed::OtherProtocol);
        assert_eq!(Identification::read(b"SSH-banana-x\r\n").unwrap_err(), Malformed::Value);
        assert_eq!(Identification::read(&[b'a'; 2000]).unwrap_err(), Malformed::OtherProtocol);
        assert_eq!(Identification::read(&b"220 hi\r\n".repeat(65)).unwrap_err(), Malformed::OtherProtocol);
    }
}
