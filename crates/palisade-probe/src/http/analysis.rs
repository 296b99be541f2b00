//! What answers show: the front page's facts, methods, echoes, leaks and forwarding.

use std::net::{IpAddr, Ipv4Addr};

use palisade_model::fact::{HttpCookie, HttpFacts};

use super::listing::is_directory_listing;
use super::page::{default_page, password_form, title};
use super::request::TRACE_HEADER;
use super::response::Response;

const FACT_BODY_CHARACTERS: usize = 2048;

/// The facts that the answer to `GET /` shows. `scanned` is the address it was asked at.
#[must_use]
pub fn front_page(response: &Response, scanned: IpAddr) -> HttpFacts {
    let (password_form, password_autocomplete) = password_form(&response.body);
    HttpFacts {
        status: response.status,
        version: response.version.clone(),
        reason: response.reason.clone(),
        headers: response.headers.clone(),
        header: response
            .headers
            .iter()
            .map(|header| (header.name.to_ascii_lowercase(), header.value.clone()))
            .collect(),
        server: response.header("server").map(str::to_owned),
        title: title(&response.body),
        location: response.header("location").map(str::to_owned),
        body: response.text(FACT_BODY_CHARACTERS),
        cookies: cookies(response),
        methods: Vec::new(),
        trace: None,
        auth_schemes: auth_schemes(response),
        password_form,
        password_autocomplete,
        paths: Vec::new(),
        listings: if is_directory_listing(response) { vec!["/".to_owned()] } else { Vec::new() },
        open_proxy: None,
        etag_inode: response.header("etag").is_some_and(etag_has_inode),
        internal_address: internal_address(response, scanned),
        default_page: default_page(&response.body).map(str::to_owned),
    }
}

/// The cookies that an answer sets.
#[must_use]
pub fn cookies(response: &Response) -> Vec<HttpCookie> {
    response
        .header_values("set-cookie")
        .filter_map(|value| {
            let mut parts = value.split(';').map(str::trim);
            let name = parts.next()?.split_once('=')?.0.trim().to_owned();
            let mut cookie = HttpCookie { name, ..HttpCookie::default() };
            for attribute in parts {
                let lower = attribute.to_ascii_lowercase();
                match lower
                    .split_once('=')
                    .map_or((lower.as_str(), ""), |(key, value)| (key.trim(), value.trim()))
                {
                    ("secure", _) => cookie.secure = true,
                    ("httponly", _) => cookie.http_only = true,
                    ("samesite", value) => value.clone_into(&mut cookie.same_site),
                    _ => {}
                }
            }
            Some(cookie)
        })
        .collect()
}

/// The schemes that an answer asks for, lower case.
#[must_use]
pub fn auth_schemes(response: &Response) -> Vec<String> {
    const KNOWN: [&str; 8] =
        ["basic", "digest", "ntlm", "negotiate", "bearer", "hoba", "mutual", "scram-sha-256"];
    let mut schemes: Vec<String> = Vec::new();
    for value in response.header_values("www-authenticate") {
        // Several challenges may share a line; a scheme is a word not followed by `=`.
        for part in value.split(',') {
            let word = part.trim().split(' ').next().unwrap_or_default().to_ascii_lowercase();
            if KNOWN.contains(&word.as_str()) && !schemes.contains(&word) {
                schemes.push(word);
            }
        }
    }
    schemes
}

/// The methods that an answer to OPTIONS names, upper case.
#[must_use]
pub fn allowed_methods(response: &Response) -> Vec<String> {
    if response.status >= 400 && response.status != 405 {
        return Vec::new();
    }
    let mut methods: Vec<String> = Vec::new();
    for value in response.header_values("allow").chain(response.header_values("public")) {
        for method in value.split(',').map(|method| method.trim().to_ascii_uppercase()) {
            if !method.is_empty() && method.len() <= 32 && methods.len() < 64 && !methods.contains(&method) {
                methods.push(method);
            }
        }
    }
    methods
}

/// The answer to TRACE repeats our header: not merely the path or the user agent, as error pages do.
#[must_use]
pub fn trace_echoed(response: &Response, nonce: &str) -> bool {
    let wanted = format!("{TRACE_HEADER}: {nonce}").to_ascii_lowercase();
    response.status == 200
        && !nonce.is_empty()
        && response.text(16 * 1024).lines().any(|line| line.trim().to_ascii_lowercase() == wanted)
}

/// Inode, size and time as Apache wrote them: three parts in hex.
#[must_use]
pub fn etag_has_inode(etag: &str) -> bool {
    let tag = etag.trim().trim_start_matches("W/").trim_matches('"');
    let parts: Vec<&str> = tag.split('-').collect();
    parts.len() == 3
        && parts
            .iter()
            .all(|part| (1..=16).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// A private address other than the scanned one in a header that names the server.
#[must_use]
pub fn internal_address(response: &Response, scanned: IpAddr) -> Option<String> {
    const NAMES: [&str; 6] =
        ["location", "content-location", "www-authenticate", "via", "x-backend-server", "x-served-by"];
    NAMES.iter().flat_map(|name| response.header_values(name)).find_map(|value| {
        value
            .split(|character: char| !character.is_ascii_digit() && character != '.')
            .filter_map(|word| word.trim_matches('.').parse::<Ipv4Addr>().ok())
            .find(|address| address.is_private() && *address != scanned)
            .map(|address| address.to_string())
    })
}

/// The server forwarded [`super::proxy_request`].
///
/// `direct` is its own answer to `GET /`, `proxied` the answer to the forwarded request. With
/// `expected`, the page that the address asked for really serves, forwarding is proved by getting
/// that page. Without one (a closed port of the target was asked for), by a proxy's error that
/// the address could not be reached.
#[must_use]
pub fn is_open_proxy(direct: &Response, proxied: &Response, expected: Option<&Response>) -> bool {
    if let Some(expected) = expected {
        let same = |a: &Response, b: &Response| a.status == b.status && a.body == b.body;
        return same(proxied, expected) && !same(direct, expected) && !expected.body.is_empty();
    }
    let gateway_error = matches!(proxied.status, 500 | 502..=504) && direct.status < 500;
    if let Some(error) = proxied.header("x-squid-error") {
        return gateway_error
            && ["ERR_CONNECT_FAIL", "ERR_READ_ERROR", "ERR_ZERO"].iter().any(|word| error.starts_with(word));
    }
    let server = proxied.header("server").unwrap_or_default().to_ascii_lowercase();
    let is_proxy = proxied.header("via").is_some()
        || proxied.header("proxy-connection").is_some()
        || ["tinyproxy", "privoxy", "polipo", "3proxy"].iter().any(|name| server.contains(name));
    gateway_error && is_proxy
}

#[cfg(test)]
mod tests {
    use palisade_model::fact::Header;

    use super::*;

    fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
        Response {
            version: "HTTP/1.1".to_owned(),
            status,
            headers: headers
                .iter()
                .map(|(name, value)| Header { name: (*name).to_owned(), value: (*value).to_owned() })
                .collect(),
            body: body.as_bytes().to_vec(),
            ..Response::default()
        }
    }

    #[test]
    fn cookies_and_schemes() {
        let answer = response(
            401,
            &[
                ("Set-Cookie", "id=a=b; Path=/; HttpOnly; SameSite=Lax"),
                ("set-cookie", "t=1; Secure"),
                ("WWW-Authenticate", "Digest realm=\"Basic things\", nonce=\"x\", Basic realm=\"a\""),
                ("WWW-Authenticate", "Negotiate"),
            ],
            "",
        );
        let cookies = cookies(&answer);
        assert_eq!((cookies[0].name.as_str(), cookies[0].http_only, cookies[0].secure), ("id", true, false));
        assert_eq!((cookies[0].same_site.as_str(), cookies[1].secure), ("lax", true));
        assert_eq!(auth_schemes(&answer), ["digest", "basic", "negotiate"]);
    }

    #[test]
    fn methods_and_echoes() {
        let options = response(200, &[("Allow", "GET,HEAD, trace"), ("Public", "GET")], "");
        assert_eq!(allowed_methods(&options), ["GET", "HEAD", "TRACE"]);
        let echo = response(200, &[], "TRACE / HTTP/1.1\r\nHost: a\r\nx-palisade-trace: n1\r\n");
        assert!(trace_echoed(&echo, "n1"));
        assert!(!trace_echoed(&echo, "n2"));
        assert!(!trace_echoed(&response(405, &[], "X-Palisade-Trace: n1"), "n1"));
    }

    #[test]
    fn leaks() {
        assert!(etag_has_inode("\"2f1a-264-5d9c1f0b\"") && etag_has_inode("W/\"a-b-c\""));
        assert!(!etag_has_inode("\"264-5d9c1f0b\"") && !etag_has_inode("\"x-y-z\""));
        let answer = response(302, &[("Location", "https://10.0.0.7:8443/x")], "");
        assert_eq!(
            internal_address(&answer, Ipv4Addr::new(203, 0, 113, 1).into()).as_deref(),
            Some("10.0.0.7")
        );
        assert_eq!(internal_address(&answer, Ipv4Addr::new(10, 0, 0, 7).into()), None);
    }

    #[test]
    fn forwarding_must_be_proved() {
        let own = response(400, &[("Server", "squid/6.13")], "ERR_INVALID_URL");
        let page = response(200, &[], "<h1>other port</h1>");
        assert!(is_open_proxy(&own, &page, Some(&page)));
        assert!(!is_open_proxy(&page, &page, Some(&page)));
        assert!(!is_open_proxy(&own, &response(403, &[], "denied"), Some(&page)));
        let failed = response(503, &[("X-Squid-Error", "ERR_CONNECT_FAIL 111")], "");
        assert!(is_open_proxy(&own, &failed, None));
        let denied = response(403, &[("X-Squid-Error", "ERR_ACCESS_DENIED 0")], "");
        assert!(!is_open_proxy(&own, &denied, None));
        assert!(!is_open_proxy(&response(503, &[], ""), &response(503, &[], ""), None));
    }

    #[test]
    fn the_front_page_becomes_facts() {
        let answer = response(
            200,
            &[("Server", "nginx/1.26.3"), ("ETag", "\"1-2-3\"")],
            "<title>Index of /</title><pre><a href=\"x\">",
        );
        let facts = front_page(&answer, Ipv4Addr::LOCALHOST.into());
        assert_eq!(
            (facts.server.as_deref(), facts.title.as_deref()),
            (Some("nginx/1.26.3"), Some("Index of /"))
        );
        assert_eq!(facts.header["server"], "nginx/1.26.3");
        assert_eq!(facts.listings, ["/"]);
        assert!(facts.etag_inode);
    }
}
