//! Requests.

/// Header that a TRACE request carries to be looked for in the echo.
pub const TRACE_HEADER: &str = "X-Palisade-Trace";

/// A request without a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `HEAD`, `OPTIONS`, `TRACE`.
    pub method: String,
    /// A path with query, `*`, or for a proxy an absolute address.
    pub target: String,
    /// Host name or address, with port where it is not the scheme's own.
    pub host: String,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// The connection is to stay open behind the answer.
    pub keep_alive: bool,
}

impl Request {
    /// A GET that closes the connection.
    #[must_use]
    pub fn get(host: &str, path: &str) -> Self {
        Self::new("GET", host, path)
    }

    /// OPTIONS for the server as a whole is often refused, so it is asked of `/`.
    #[must_use]
    pub fn options(host: &str) -> Self {
        Self::new("OPTIONS", host, "/")
    }

    /// TRACE with a header to be echoed.
    #[must_use]
    pub fn trace(host: &str, nonce: &str) -> Self {
        let mut request = Self::new("TRACE", host, "/");
        request.headers.push((TRACE_HEADER.to_owned(), nonce.to_owned()));
        request
    }

    /// Any method.
    #[must_use]
    pub fn new(method: &str, host: &str, target: &str) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            host: host.to_owned(),
            headers: Vec::new(),
            keep_alive: false,
        }
    }

    /// The same, keeping the connection.
    #[must_use]
    pub fn keep_alive(mut self) -> Self {
        self.keep_alive = true;
        self
    }

    /// The bytes to send. Line ends inside texts are left out: no text can add a header.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = format!(
            "{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: Mozilla/5.0 (compatible; Palisade)\r\nAccept: */*\r\n",
            clean(&self.method),
            clean(&self.target),
            clean(&self.host),
        );
        for (name, value) in &self.headers {
            text.push_str(&format!("{}: {}\r\n", clean(name), clean(value)));
        }
        text.push_str(if self.keep_alive {
            "Connection: keep-alive\r\n\r\n"
        } else {
            "Connection: close\r\n\r\n"
        });
        text.into_bytes()
    }
}

fn clean(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).collect()
}

/// Asks a proxy for its own front page under the address it is scanned at. A web server that is
/// no proxy answers with its own page too, so `path` must be one that the target serves alone:
/// see [`super::is_open_proxy`].
#[must_use]
pub fn proxy_request(authority: &str, path: &str) -> Request {
    Request::get(authority, &format!("http://{authority}{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_plain_and_cannot_be_split() {
        let bytes = Request::get("10.0.0.1:8080", "/a\r\nX: y").to_bytes();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with("GET /aX: y HTTP/1.1\r\nHost: 10.0.0.1:8080\r\n"));
        assert!(text.ends_with("Connection: close\r\n\r\n"));
        let trace = String::from_utf8(Request::trace("a", "n0").keep_alive().to_bytes()).unwrap();
        assert!(trace.contains("X-Palisade-Trace: n0\r\n") && trace.contains("keep-alive"));
        assert!(proxy_request("a:1", "/x").target.starts_with("http://a:1/x"));
    }
}
