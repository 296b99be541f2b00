//! What the operator decides about the API.

use std::time::Duration;

/// Settings of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiConfig {
    /// Where clients reach the server, without a slash at the end, for example
    /// `https://qualysapi.scans.example`. `None`: taken from each request.
    pub base_url: Option<String>,
    /// Whether the listener speaks TLS; decides the scheme of URLs when `base_url` is `None`.
    pub tls: bool,
    /// Believe `X-Forwarded-Proto` and `X-Forwarded-For`. Only behind a front that sets them:
    /// otherwise any client could choose the address that login throttling counts by.
    pub behind_proxy: bool,
    /// Largest body of a request.
    pub body_max_bytes: usize,
    /// Longest time that reading a body may take.
    pub body_timeout_s: u64,
    /// Interval of the comments that keep a watched scan's connection open.
    pub keep_alive_s: u64,
}

impl Default for ApiConfig {
    fn default() -> Self {
        Self {
            base_url: None,
            tls: true,
            behind_proxy: false,
            body_max_bytes: 2 << 20,
            body_timeout_s: 30,
            keep_alive_s: 30,
        }
    }
}

impl ApiConfig {
    pub(crate) fn keep_alive(&self) -> Duration {
        Duration::from_secs(self.keep_alive_s.max(1))
    }

    pub(crate) fn body_timeout(&self) -> Duration {
        Duration::from_secs(self.body_timeout_s.max(1))
    }
}

/// The API's address on a private platform, from its customer base URL: `scans.example` becomes
/// `https://qualysapi.scans.example`. Also takes the base URL with a scheme or a slash at the end.
#[must_use]
pub fn platform_url(customer_base_url: &str) -> String {
    let host = customer_base_url.trim();
    let host = host.split_once("://").map_or(host, |(_, rest)| rest);
    format!("https://qualysapi.{}", host.trim_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::platform_url;

    #[test]
    fn a_platform_is_reached_under_its_own_name() {
        assert_eq!(platform_url("scans.example"), "https://qualysapi.scans.example");
        assert_eq!(platform_url(" https://scans.example:8443/ "), "https://qualysapi.scans.example:8443");
    }
}
