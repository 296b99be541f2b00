//! Answers, read leniently: odd status lines, bare line feeds, wrong lengths.

use palisade_model::fact::{Header, printable};

use super::request::Request;
use crate::conversation::{Conversation, Step};
use crate::reader::Malformed;

const HEAD_BYTES_MAX: usize = 64 * 1024;
const HEADERS_MAX: usize = 64;
const HEADER_CHARACTERS_MAX: usize = 1024;
/// More of a body is not kept.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Response {
    /// `HTTP/1.0`, `HTTP/1.1`.
    pub version: String,
    pub status: u16,
    pub reason: String,
    /// In order, as sent; at most 64, each value at most 1024 characters.
    pub headers: Vec<Header>,
    /// Decoded, at most 64 KiB.
    pub body: Vec<u8>,
    /// The connection can take another request.
    pub reusable: bool,
}

/// How the end of a body is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    None,
    Length(usize),
    Chunked,
    UntilClose,
}

impl Response {
    /// The first value of a header, whatever its case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.header_values(name).next()
    }

    /// All values of a header.
    pub fn header_values<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.headers
            .iter()
            .filter(move |header| header.name.eq_ignore_ascii_case(name))
            .map(|header| header.value.as_str())
    }

    /// The body as text, printable, at most that many characters.
    #[must_use]
    pub fn text(&self, characters_max: usize) -> String {
        printable(&self.body, characters_max)
    }

    /// Reads the answer to a request with this method; `None`: read on.
    ///
    /// `closed`: nothing more will come, so what is there is all of the body.
    pub fn parse(bytes: &[u8], method: &str, closed: bool) -> Result<Option<Self>, Malformed> {
        Self::parse_up_to(bytes, method, closed, BODY_BYTES_MAX)
    }

    /// The same with another limit to its body.
    pub fn parse_up_to(
        bytes: &[u8],
        method: &str,
        closed: bool,
        body_bytes_max: usize,
    ) -> Result<Option<Self>, Malformed> {
        let mut bytes = bytes;
        loop {
            let Some((mut response, used)) = parse_head(bytes, closed)? else {
                return if closed { Err(Malformed::Truncated) } else { Ok(None) };
            };
            let rest = bytes.get(used..).unwrap_or_default();
            // 100 and 103 announce the real answer.
            if (100..200).contains(&response.status) && response.status != 101 {
                bytes = rest;
                continue;
            }
            let framing = response.framing(method);
            return Ok(response.take_body(rest, framing, closed, body_bytes_max).then_some(response));
        }
    }

    fn framing(&self, method: &str) -> Framing {
        if method == "HEAD" || matches!(self.status, 101 | 204 | 304) {
            return Framing::None;
        }
        let chunked = |value: &str| value.to_ascii_lowercase().contains("chunked");
        if self.header_values("transfer-encoding").any(chunked) {
            return Framing::Chunked;
        }
        match self.header("content-length").map(str::trim).map(str::parse::<usize>) {
            Some(Ok(length)) => Framing::Length(length),
            Some(Err(_)) | None => Framing::UntilClose,
        }
    }

    /// Takes what there is of the body; says whether it is complete.
    fn take_body(&mut self, rest: &[u8], framing: Framing, closed: bool, bytes_max: usize) -> bool {
        let (mut body, complete) = match framing {
            Framing::None => (Vec::new(), true),
            Framing::Length(length) => (rest.get(..length).unwrap_or(rest).to_vec(), rest.len() >= length),
            Framing::Chunked => dechunk(rest, bytes_max),
            Framing::UntilClose => (rest.to_vec(), false),
        };
        let full = body.len() >= bytes_max;
        body.truncate(bytes_max);
        self.body = body;
        let connection = self.header("connection").unwrap_or_default().to_ascii_lowercase();
        let keeps = match self.version.as_str() {
            "HTTP/1.1" => !connection.contains("close"),
            _ => connection.contains("keep-alive"),
        };
        self.reusable = complete && !closed && keeps;
        complete || full || closed
    }
}

fn parse_head(bytes: &[u8], closed: bool) -> Result<Option<(Response, usize)>, Malformed> {
    const START: &[u8] = b"HTTP/";
    if !bytes.starts_with(START) && !START.starts_with(bytes) {
        return Err(Malformed::OtherProtocol);
    }
    let Some((head, used)) = split_head(bytes, closed) else {
        return if bytes.len() > HEAD_BYTES_MAX { Err(Malformed::TooLong) } else { Ok(None) };
    };
    let mut lines = head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let mut response = parse_status_line(lines.next().unwrap_or_default())?;
    for line in lines {
        if line.is_empty() || response.headers.len() >= HEADERS_MAX {
            break;
        }
        // A line that starts with a space continues the one before (obsolete, but met).
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            if let Some(header) = response.headers.last_mut() {
                let both =
                    format!("{} {}", header.value, printable(line.trim_ascii(), HEADER_CHARACTERS_MAX));
                header.value = both.chars().take(HEADER_CHARACTERS_MAX).collect();
            }
            continue;
        }
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = line.split_at(colon);
        response.headers.push(Header {
            name: printable(name.trim_ascii(), 100),
            value: printable(value.get(1..).unwrap_or_default().trim_ascii(), HEADER_CHARACTERS_MAX),
        });
    }
    Ok(Some((response, used)))
}

/// Status line and headers, and how many bytes they took with the empty line.
fn split_head(bytes: &[u8], closed: bool) -> Option<(&[u8], usize)> {
    let mut start = 0;
    while let Some(length) = bytes.get(start..)?.iter().position(|byte| *byte == b'\n') {
        let line = bytes.get(start..start + length)?;
        if line.is_empty() || line == b"\r" {
            return Some((bytes.get(..start)?, start + length + 1));
        }
        start += length + 1;
        if start > HEAD_BYTES_MAX {
            return None;
        }
    }
    // Some devices send a status line and close.
    (closed && start > 0).then_some((bytes.get(..start)?, bytes.len()))
}

fn parse_status_line(line: &[u8]) -> Result<Response, Malformed> {
    let text = printable(line, 300);
    let mut parts = text.splitn(3, ' ');
    let version = parts.next().unwrap_or_default().to_owned();
    let code = parts.next().unwrap_or_default();
    // IIS gives sub-codes: `403.1`.
    let code = code.split('.').next().unwrap_or_default();
    let status: u16 = code.parse().map_err(|_| Malformed::Value)?;
    if !(100..=999).contains(&status) || version.len() > 10 {
        return Err(Malformed::Value);
    }
    Ok(Response {
        version,
        status,
        reason: parts.next().unwrap_or_default().trim().to_owned(),
        ..Response::default()
    })
}

/// Joins chunks; says whether the last one was there. A broken chunk ends the body.
fn dechunk(bytes: &[u8], bytes_max: usize) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    let mut rest = bytes;
    loop {
        let Some(end) = rest.iter().take(1024).position(|byte| *byte == b'\n') else {
            return (body, rest.len() >= 1024);
        };
        let (line, after) = rest.split_at(end);
        let digits = String::from_utf8_lossy(line);
        let digits = digits.split(';').next().unwrap_or_default().trim();
        let Ok(size) = usize::from_str_radix(digits, 16) else { return (body, true) };
        let content = after.get(1..).unwrap_or_default();
        if size == 0 {
            // Trailers are not looked at, but they belong to the answer.
            return (body, trailers_end(content));
        }
        if size > bytes_max || body.len() + size > bytes_max {
            body.extend_from_slice(content.get(..size).unwrap_or(content));
            return (body, false);
        }
        match content.get(..size) {
            None => {
                body.extend_from_slice(content);
                return (body, false);
            }
            Some(chunk) => body.extend_from_slice(chunk),
        }
        let after = content.get(size..).unwrap_or_default();
        rest = after.strip_prefix(b"\r\n").or_else(|| after.strip_prefix(b"\n")).unwrap_or_default();
        if rest.is_empty() && !after.is_empty() && after != b"\r\n" && after != b"\n" && after != b"\r" {
            return (body, true);
        }
    }
}

fn trailers_end(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\r\n")
        || bytes.starts_with(b"\n")
        || bytes.windows(4).any(|window| window == b"\r\n\r\n")
        || bytes.windows(2).any(|window| window == b"\n\n")
}

/// One request and its answer.
#[derive(Debug, Clone)]
pub struct HttpConversation {
    request: Request,
    response: Option<Response>,
}

impl HttpConversation {
    #[must_use]
    pub const fn new(request: Request) -> Self {
        Self { request, response: None }
    }

    /// The answer, if one came.
    #[must_use]
    pub fn finish(self) -> Option<Response> {
        self.response
    }
}

impl Conversation for HttpConversation {
    fn start(&mut self) -> Vec<u8> {
        self.request.to_bytes()
    }

    fn receive(&mut self, received: &[u8]) -> Step {
        match Response::parse(received, &self.request.method, false) {
            Ok(None) => Step::NeedMore,
            Ok(Some(response)) => {
                self.response = Some(response);
                Step::Done
            }
            Err(reason) => Step::Failed(reason),
        }
    }

    fn closed(&mut self, received: &[u8]) {
        if self.response.is_none() {
            self.response = Response::parse(received, &self.request.method, true).ok().flatten();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::conversation::scripted::{play, survive};

    #[test]
    fn lengths_chunks_and_closing() {
        let length = b"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 5\r\n\r\nhello";
        let chunked =
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n";
        for (bytes, slowly) in [(&length[..], false), (length, true), (chunked, false), (chunked, true)] {
            let mut conversation = HttpConversation::new(Request::get("a", "/"));
            assert_eq!(play(&mut conversation, &[bytes], slowly).1, Step::Done);
            let response = conversation.finish().unwrap();
            assert_eq!(
                (response.status, response.body.as_slice(), response.reusable),
                (200, &b"hello"[..], true)
            );
        }
        let closing = b"HTTP/1.0 200\nX:  y \n\nhello";
        assert_eq!(Response::parse(closing, "GET", false), Ok(None));
        let response = Response::parse(closing, "GET", true).unwrap().unwrap();
        assert_eq!(
            (response.body.as_slice(), response.header("x"), response.reusable),
            (&b"hello"[..], Some("y"), false)
        );
    }

    #[test]
    fn odd_answers() {
        let odd = Response::parse(b"HTTP/1.1 403.1 Forbidden\r\nA: b\r\n c\r\n\r\n", "HEAD", false)
            .unwrap()
            .unwrap();
        assert_eq!((odd.status, odd.header("a")), (403, Some("b c")));
        let continued = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No\r\n\r\n";
        assert_eq!(Response::parse(continued, "GET", false).unwrap().unwrap().status, 204);
        assert_eq!(Response::parse(b"SSH-2.0-x\r\n", "GET", false), Err(Malformed::OtherProtocol));
        assert_eq!(Response::parse(b"HTTP/1.1 abc\r\n\r\n", "GET", false), Err(Malformed::Value));
        assert_eq!(Response::parse(b"HTTP/1.1 400 Bad\r\n", "GET", true).unwrap().unwrap().status, 400);
        assert_eq!(Response::parse(b"HTTP/1.1 400", "GET", true), Err(Malformed::Truncated));
    }

    #[test]
    fn everything_is_limited() {
        let mut many = b"HTTP/1.1 200 OK\r\n".to_vec();
        for number in 0..100 {
            many.extend_from_slice(format!("H{number}: {}\r\n", "x".repeat(600 + number * 10)).as_bytes());
        }
        let endless = [many.clone(), vec![b'y'; 70_000]].concat();
        assert_eq!(Response::parse(&endless, "GET", false), Err(Malformed::TooLong));
        many.truncate(40_000);
        many.extend_from_slice(b"\r\n\r\n");
        many.extend(vec![b'z'; 70_000]);
        let response = Response::parse(&many, "GET", false).unwrap().unwrap();
        assert!(response.headers.len() <= HEADERS_MAX);
        assert!(response.headers.iter().all(|header| header.value.len() <= HEADER_CHARACTERS_MAX));
        assert_eq!(response.body.len(), BODY_BYTES_MAX);
    }

    proptest! {
        #[test]
        fn any_answer_is_survived(head in "HTTP/1.[01] [0-9]{3}( [a-z]{0,4})?\r?\n((Content-Length|Transfer-Encoding|X)?:? ?(chunked|[0-9]{1,9})?\r?\n){0,4}\r?\n?",
                                  body in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), b'0'..=b'f', any::<u8>()], 0..60)) {
            let bytes = [head.into_bytes(), body].concat();
            for length in 0..=bytes.len() {
                let _ = Response::parse(&bytes[..length], "GET", length % 2 == 0);
            }
            survive(HttpConversation::new(Request::get("a", "/")), &[bytes]);
        }
    }
}
