//! A small HTTP client that sends exactly the bytes a test wants, and can hang up.

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use palisade_wire::form::encode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longest time that a test waits for bytes.
const PATIENCE: Duration = Duration::from_mins(1);

/// A request, in parts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn get(path: &str) -> Self {
        Self { method: "GET", path: path.to_owned(), ..Self::default() }
    }

    /// A form in the body.
    pub(crate) fn post(script: &str, parameters: &[(&str, &str)]) -> Self {
        let body = form(parameters);
        Self { method: "POST", path: format!("/msp/{script}"), body: body.into_bytes(), ..Self::default() }
            .header("Content-Type", "application/x-www-form-urlencoded")
    }

    /// A request of version 2 with a form in the body.
    pub(crate) fn operation(resource: &str, action: &str, parameters: &[(&str, &str)]) -> Self {
        let body = form(&[&[("action", action)], parameters].concat());
        let path = format!("/api/2.0/fo/{resource}/");
        Self { method: "POST", path, body: body.into_bytes(), ..Self::default() }
            .header("Content-Type", "application/x-www-form-urlencoded")
            .header("X-Requested-With", "tests")
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn login(self, login: &str, password: &str) -> Self {
        let credentials = STANDARD.encode(format!("{login}:{password}"));
        self.header("Authorization", &format!("Basic {credentials}"))
    }

    fn bytes(&self) -> Vec<u8> {
        let mut head =
            format!("{} {} HTTP/1.1\r\nHost: scans.example\r\nConnection: close\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        if !self.body.is_empty() || self.method == "POST" {
            head.extend(["Content-Length: ", &self.body.len().to_string(), "\r\n"]);
        }
        let mut bytes = format!("{head}\r\n").into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// A URL-encoded form.
pub(crate) fn form(parameters: &[(&str, &str)]) -> String {
    let pairs: Vec<String> =
        parameters.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    pairs.join("&")
}

/// A response, whole.
#[derive(Debug, Clone)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) text: String,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The text of the refusal, whichever form it has.
    pub(crate) fn refusal(&self) -> Option<String> {
        if self.text.contains("<SIMPLE_RETURN>") {
            let between = |from: &str, to: &str| Some(self.text.split_once(from)?.1.split_once(to)?.0);
            // Some successes are told in place of a code.
            let code: u32 = between("<CODE>", "</CODE>")?.parse().ok()?;
            return Some(format!("{code} {}", between("<TEXT>", "</TEXT>")?));
        }
        let (_, rest) =
            self.text.split_once("<ERROR").or_else(|| self.text.split_once("<RETURN status=\"FAILED\""))?;
        let (number, rest) = rest.split_once("number=\"")?.1.split_once("\">")?;
        // Some calls wrap the text in a MESSAGE.
        let rest = rest.trim_start();
        let (text, _) = match rest.strip_prefix("<MESSAGE><![CDATA[") {
            Some(message) => message.split_once("]]></")?,
            None => rest.split_once("</")?,
        };
        Some(format!("{number} {}", text.trim()))
    }

    /// The id that a `SIMPLE_RETURN` tells, or that of an appliance that was made.
    pub(crate) fn made_id(&self) -> Option<String> {
        if let Some((_, rest)) = self.text.split_once("Created Successfully [") {
            return Some(rest.split_once(']')?.0.to_owned());
        }
        let of_item = || self.text.split_once("<ITEM>")?.1.split_once("<VALUE>");
        let of_appliance = || self.text.split_once("<APPLIANCE>")?.1.split_once("<ID>");
        let (_, rest) = of_item().or_else(of_appliance)?;
        Some(rest.split_once('<')?.0.to_owned())
    }

    #[track_caller]
    pub(crate) fn assert_success(&self) -> &Self {
        assert_eq!((self.status, self.refusal()), (200, None), "{}", self.text);
        self
    }

    /// The reference of a SCAN document.
    #[track_caller]
    pub(crate) fn map_ref(&self) -> String {
        let value = self.text.split_once("<MAP value=\"").and_then(|(_, rest)| rest.split_once('"'));
        value.unwrap_or_else(|| panic!("no map in\n{}", self.text)).0.to_owned()
    }

    pub(crate) fn scan_ref(&self) -> String {
        let value = self.text.split_once("<SCAN value=\"").and_then(|(_, rest)| rest.split_once('"'));
        value.unwrap_or_else(|| panic!("no scan in\n{}", self.text)).0.to_owned()
    }
}

/// Sends a request and reads the response to its end.
pub(crate) async fn send(address: SocketAddr, request: Request) -> Response {
    let mut connection = Connection::open(address, request).await;
    tokio::time::timeout(PATIENCE, connection.read_to_end()).await.expect("the response ends");
    connection.response()
}

/// A response on its way.
pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr, request: Request) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // A server may answer before it has read a large body to its end.
        let _ = stream.write_all(&request.bytes()).await;
        Self { stream, received: Vec::new() }
    }

    async fn read_to_end(&mut self) {
        let _ = self.stream.read_to_end(&mut self.received).await;
    }

    /// Reads until `text` was received `times` times, and gives what there is.
    pub(crate) async fn read_until(&mut self, text: &str, times: usize) -> String {
        let reading = async {
            let mut buffer = [0; 4096];
            while String::from_utf8_lossy(&self.received).matches(text).count() < times {
                let length = self.stream.read(&mut buffer).await.unwrap();
                assert!(length > 0, "closed before {text:?}: {}", String::from_utf8_lossy(&self.received));
                self.received.extend_from_slice(&buffer[..length]);
            }
        };
        tokio::time::timeout(PATIENCE, reading).await.expect("the text arrives");
        String::from_utf8_lossy(&self.received).into_owned()
    }

    /// Reads the rest.
    pub(crate) async fn finish(mut self) -> Response {
        tokio::time::timeout(PATIENCE, self.read_to_end()).await.expect("the response ends");
        self.response()
    }

    fn response(&self) -> Response {
        let end = self.received.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8_lossy(&self.received[..end]).into_owned();
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap().parse().unwrap();
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let mut response = Response { status, headers, text: String::new() };
        let body = &self.received[end + 4..];
        let chunked = response.header("transfer-encoding") == Some("chunked");
        let body = if chunked { unchunk(body) } else { body.to_vec() };
        response.text = String::from_utf8(body).unwrap();
        response
    }
}

/// The content of a chunked body.
fn unchunk(mut body: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    loop {
        let end = body.windows(2).position(|bytes| bytes == b"\r\n").expect("a chunk's size");
        let size = usize::from_str_radix(std::str::from_utf8(&body[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            return content;
        }
        content.extend_from_slice(&body[end + 2..end + 2 + size]);
        body = &body[end + 4 + size..];
    }
}
