//! Web requests: made from a template's forms, and written as bytes.

use crate::expression::{Evaluation, Scope};
use crate::template::HttpForm;

/// Bytes of a whole request.
const REQUEST_BYTES_MAX: usize = 1 << 20;
const HEADERS_MAX: usize = 100;

/// A request to the target.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HttpRequest {
    pub method: String,
    /// A path with query.
    pub target: String,
    /// In order. Host, length and connection are added when it is written.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Sent as it stands, instead of all of the above.
    pub verbatim: Option<Vec<u8>>,
    /// One answer may serve all templates that ask the same.
    pub shared: bool,
}

impl HttpRequest {
    /// The bytes to send to a server of this name; every request carries `mark`, a header.
    #[must_use]
    pub fn to_bytes(&self, authority: &str, mark: Option<(&str, &str)>) -> Vec<u8> {
        if let Some(bytes) = &self.verbatim {
            return marked(bytes, mark);
        }
        let has = |name: &str| self.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
        let mut text = format!("{} {} HTTP/1.1\r\n", clean(&self.method), clean(&self.target));
        let mut add = |name: &str, value: &str| {
            text.extend([clean(name).as_str(), ": ", clean(value).as_str(), "\r\n"]);
        };
        for (name, value) in
            [("Host", authority), ("User-Agent", "Mozilla/5.0 (compatible; Palisade)"), ("Accept", "*/*")]
        {
            if !has(name) {
                add(name, value);
            }
        }
        // What we could not read in the answer is not asked for, and lengths are counted here.
        let ours = ["content-length", "connection", "accept-encoding"];
        for (name, value) in &self.headers {
            let taken = mark.is_some_and(|(mark, _)| name.eq_ignore_ascii_case(mark));
            if !taken && !ours.contains(&name.to_ascii_lowercase().as_str()) {
                add(name, value);
            }
        }
        if let Some((name, value)) = mark {
            add(name, value);
        }
        let chunked = has("transfer-encoding");
        if !chunked && (!self.body.is_empty() || matches!(self.method.as_str(), "POST" | "PUT" | "PATCH")) {
            add("Content-Length", &self.body.len().to_string());
        }
        // The connection may serve another request where one that fails can be asked again.
        if !self.is_safe() {
            add("Connection", "close");
        }
        text.push_str("\r\n");
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// Whether it changes nothing, so that asking once is asking often.
    #[must_use]
    pub fn is_safe(&self) -> bool {
        self.verbatim.is_none()
            && self.body.is_empty()
            && matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS")
    }

    /// How reports name it.
    #[must_use]
    pub fn line(&self) -> String {
        match &self.verbatim {
            Some(bytes) => {
                let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
                String::from_utf8_lossy(line).trim().to_owned()
            }
            None => format!("{} {}", self.method, self.target),
        }
    }
}

/// A request of somebody else's words with a header of ours behind its first line.
fn marked(bytes: &[u8], mark: Option<(&str, &str)>) -> Vec<u8> {
    let Some((name, value)) = mark else { return bytes.to_vec() };
    let end = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |end| end + 1);
    let (line, rest) = bytes.split_at(end);
    let ending = if line.ends_with(b"\n") { "" } else { "\r\n" };
    [line, ending.as_bytes(), format!("{}: {}\r\n", clean(name), clean(value)).as_bytes(), rest].concat()
}

/// Nothing in a line ends it.
fn clean(text: &str) -> String {
    text.chars().filter(|character| *character == '\t' || !character.is_control()).collect()
}

/// Makes a request of its form. `None` where a value is missing, or where it would go elsewhere than
/// to `base`.
pub(super) fn build(
    form: &HttpForm,
    base: &str,
    evaluation: &mut Evaluation<'_>,
    scope: &Scope<'_>,
) -> Option<HttpRequest> {
    let request = match form {
        HttpForm::Path { method, url, headers, body } => {
            let mut text = |text: &crate::Text| match text.render(evaluation, scope) {
                (bytes, None) => Some(bytes),
                (_, Some(_)) => None,
            };
            let url = String::from_utf8_lossy(&text(url)?).into_owned();
            let mut rendered = Vec::new();
            for (name, value) in headers.iter().take(HEADERS_MAX) {
                rendered.push((name.clone(), String::from_utf8_lossy(&text(value)?).into_owned()));
            }
            let body = body.as_ref().map_or(Some(Vec::new()), &mut text)?;
            HttpRequest {
                method: method.clone(),
                target: target_of(&url, base)?,
                headers: rendered,
                body,
                ..HttpRequest::default()
            }
        }
        HttpForm::Raw(text) => match text.render(evaluation, scope) {
            (bytes, None) => raw(&bytes, base)?,
            (_, Some(_)) => return None,
        },
        HttpForm::Unsafe(text) => match text.render(evaluation, scope) {
            (bytes, None) => HttpRequest { verbatim: Some(with_line_ends(&bytes)), ..HttpRequest::default() },
            (_, Some(_)) => return None,
        },
    };
    let size = request.body.len() + request.target.len() + request.verbatim.as_ref().map_or(0, Vec::len);
    (size <= REQUEST_BYTES_MAX).then_some(request)
}

/// The path of an address on the target, with what cannot stand in a request line escaped.
pub(super) fn target_of(url: &str, base: &str) -> Option<String> {
    use std::fmt::Write;
    let path = match url.strip_prefix(base) {
        Some(path) if path.is_empty() || path.starts_with(['/', '?', '#']) => path,
        _ if url.contains("://") && !url.starts_with(['/', '?']) => return None,
        _ => url,
    };
    let path = path.split('#').next().unwrap_or_default();
    let mut target = if path.starts_with('/') { String::new() } else { "/".to_owned() };
    for character in path.chars() {
        if character.is_ascii_graphic() {
            target.push(character);
        } else {
            for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                // Writing into a text cannot fail.
                let _ = write!(target, "%{byte:02X}");
            }
        }
    }
    Some(target)
}

/// Reads a request as templates write it: lines, an empty one, a body.
fn raw(bytes: &[u8], base: &str) -> Option<HttpRequest> {
    let mut rest = bytes;
    let mut lines = Vec::new();
    loop {
        let end = rest.iter().position(|byte| *byte == b'\n');
        let (line, after) = rest.split_at(end.map_or(rest.len(), |end| end + 1));
        rest = after;
        let line = String::from_utf8_lossy(line).trim_end().to_owned();
        if lines.is_empty() && (line.starts_with('@') || (line.is_empty() && end.is_some())) {
            continue;
        }
        if line.trim().is_empty() {
            break;
        }
        lines.push(line);
        if end.is_none() || lines.len() > HEADERS_MAX {
            break;
        }
    }
    let mut lines = lines.into_iter();
    let first = lines.next()?;
    let (method, after) = first.split_once(' ')?;
    let after = after.trim_start();
    let url = after.rsplit_once(" HTTP/").map_or(after, |(url, _)| url).trim();
    let headers = lines.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.trim().to_owned(), value.trim().to_owned()))
    });
    Some(HttpRequest {
        method: method.trim().to_ascii_uppercase(),
        target: target_of(url, base)?,
        headers: headers.collect(),
        // A block of text in YAML ends with a line feed that nobody meant.
        body: rest.strip_suffix(b"\n").unwrap_or(rest).to_vec(),
        ..HttpRequest::default()
    })
}

/// Every line of the head ended as the protocol wants it.
fn with_line_ends(bytes: &[u8]) -> Vec<u8> {
    let lines = bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let mut out = lines.collect::<Vec<_>>().join(&b"\r\n"[..]);
    let has_end = out.windows(4).any(|window| window == b"\r\n\r\n");
    while !has_end && !out.ends_with(b"\r\n\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out
}
