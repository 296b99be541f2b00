//! Who asks and what they call us: the client's address, and the base URL of this server as the
//! client sees it.

use std::net::{IpAddr, SocketAddr};

use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri};

use crate::config::ApiConfig;

/// The address of the client: the peer, or what a trusted front says about it.
pub(crate) fn client_address(config: &ApiConfig, headers: &HeaderMap, peer: SocketAddr) -> IpAddr {
    // The front appends, to the last line or in a line of its own, so the last item of the last
    // line is the one it saw itself.
    let last_line = headers.get_all("x-forwarded-for").iter().next_back();
    let forwarded = last_line.and_then(|line| line.to_str().ok()).and_then(|list| list.rsplit(',').next());
    forwarded
        .filter(|_| config.behind_proxy)
        .and_then(|address| address.trim().parse().ok())
        .unwrap_or_else(|| peer.ip().to_canonical())
}

/// Scheme, host and port under which the client reached us, without a slash at the end.
///
/// HTTP/2 names the host in the request's target and has no `Host` header.
pub(crate) fn base_url(config: &ApiConfig, target: &Uri, headers: &HeaderMap) -> String {
    if let Some(url) = &config.base_url {
        return url.trim_end_matches('/').to_owned();
    }
    let forwarded = header(headers, "x-forwarded-proto").filter(|_| config.behind_proxy);
    let scheme = match forwarded.map(str::trim) {
        Some("https") => "https",
        Some("http") => "http",
        _ if config.tls => "https",
        _ => "http",
    };
    let authority = target.authority().map(Authority::as_str);
    let host = authority.or_else(|| header(headers, HOST.as_str()));
    let host = host.filter(|host| is_host(host)).unwrap_or("localhost");
    format!("{scheme}://{host}")
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Whether a `Host` header holds nothing but a host and a port: it goes into every answer.
fn is_host(host: &str) -> bool {
    (1..=255).contains(&host.len())
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[track_caller]
    fn check(config: &ApiConfig, pairs: &[(&'static str, &'static str)], expected: &str) {
        assert_eq!(base_url(config, &Uri::from_static("/msp/about.php"), &headers(pairs)), expected);
    }

    #[test]
    fn the_host_of_the_target_counts_before_the_header() {
        let config = ApiConfig::default();
        let found = |target, pairs: &[_]| base_url(&config, &Uri::from_static(target), &headers(pairs));
        assert_eq!(found("https://scans.example:8443/msp/about.php", &[]), "https://scans.example:8443");
        assert_eq!(found("http://scans.example/", &[("host", "other")]), "https://scans.example");
        assert_eq!(found("https://me@scans.example/", &[]), "https://localhost");
    }

    #[test]
    fn the_base_url_is_what_the_client_called() {
        let plain = ApiConfig { tls: false, ..ApiConfig::default() };
        check(&ApiConfig::default(), &[("host", "scans.example:8443")], "https://scans.example:8443");
        check(&plain, &[("host", "[::1]:8080")], "http://[::1]:8080");
        check(&plain, &[("host", "a\"><b")], "http://localhost");
        check(&plain, &[], "http://localhost");
        let fixed = ApiConfig { base_url: Some("https://qualysapi.x.example/".to_owned()), ..plain };
        check(&fixed, &[("host", "other")], "https://qualysapi.x.example");
    }

    #[test]
    fn a_front_is_believed_only_when_there_is_one() {
        let sent = [("host", "h"), ("x-forwarded-proto", "https"), ("x-forwarded-for", "9.9.9.9, 10.0.0.1")];
        let peer = SocketAddr::from(([127, 0, 0, 1], 40_000));
        let alone = ApiConfig { tls: false, ..ApiConfig::default() };
        check(&alone, &sent, "http://h");
        assert_eq!(client_address(&alone, &headers(&sent), peer), peer.ip());
        let behind = ApiConfig { behind_proxy: true, ..alone };
        check(&behind, &sent, "https://h");
        assert_eq!(client_address(&behind, &headers(&sent), peer), IpAddr::from([10, 0, 0, 1]));
        let mut twice = headers(&sent);
        twice.append("x-forwarded-for", "10.0.0.2".parse().unwrap());
        assert_eq!(client_address(&behind, &twice, peer), IpAddr::from([10, 0, 0, 2]));
    }
}
