//! A client of the API, as anybody could write it: used by the guided tour, so that what the tour
//! shows is what a script gets.

use std::io::{BufRead, BufReader, Read};
use std::time::Duration;

use base64::Engine;
use palisade_model::user::Password;
use palisade_model::{Login, ScanRef};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// Largest document the client takes, in bytes.
const DOCUMENT_BYTES_MAX: u64 = 256 << 20;

/// A client with one account on one server.
#[derive(Clone)]
pub(crate) struct Client {
    agent: ureq::Agent,
    base_url: String,
    authorization: String,
}

/// An answer, and what it says about the rate limit.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) body: String,
    pub(crate) rate: RateLimit,
}

/// What the headers of an answer say about the rate limit; 0 where they say nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct RateLimit {
    /// Calls within the window.
    pub(crate) limit: u64,
    /// Calls that are left.
    pub(crate) remaining: u64,
    /// Seconds until the next call is let in, after one that was not.
    pub(crate) to_wait_s: u64,
}

/// Why a call gave no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    #[error("the call of {path} failed")]
    Transport {
        path: String,
        #[source]
        source: Box<ureq::Error>,
    },
    #[error("the answer of {path} broke off")]
    Broken {
        path: String,
        #[source]
        source: std::io::Error,
    },
    #[error("the server answered {path} with status {status}: {body}")]
    Status { path: String, status: u16, body: String },
    #[error("{path} has reached a limit of the API")]
    Blocked { path: String, rate: RateLimit },
    #[error("the server's certificate cannot be read")]
    Certificate(#[source] Box<ureq::Error>),
    #[error("the server refused: {0}")]
    Refused(String),
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

impl Client {
    /// A client that trusts exactly `certificate` (PEM), or speaks plain HTTP when there is none.
    pub(crate) fn new(
        base_url: String,
        certificate: Option<&str>,
        login: &Login,
        password: &Password,
    ) -> Result<Self, ClientError> {
        let mut config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(Duration::from_secs(10)))
            .user_agent(concat!("palisade-quickstart/", env!("CARGO_PKG_VERSION")));
        if let Some(pem) = certificate {
            let certificate = Certificate::from_pem(pem.as_bytes())
                .map_err(|source| ClientError::Certificate(Box::new(source)))?;
            let roots = RootCerts::new_with_certs(&[certificate]);
            config = config.tls_config(TlsConfig::builder().root_certs(roots).build());
        }
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{login}:{}", password.reveal()));
        Ok(Self { agent: config.build().new_agent(), base_url, authorization: format!("Basic {pair}") })
    }

    /// The whole answer to a form.
    pub(crate) fn call(&self, function: &str, form: &[(&str, &str)]) -> Result<String, ClientError> {
        self.ask(function, form).map(|answer| answer.body)
    }

    /// The same, with what it says about the rate limit: for calls that are made again and again.
    pub(crate) fn ask(&self, function: &str, form: &[(&str, &str)]) -> Result<Answer, ClientError> {
        let path = format!("/msp/{function}");
        let mut response = self.send(&path, form, Some(Duration::from_mins(2)))?;
        let status = response.status().as_u16();
        let rate = rate_limit(response.headers());
        let body = response
            .body_mut()
            .with_config()
            .limit(DOCUMENT_BYTES_MAX)
            .read_to_string()
            .map_err(|source| ClientError::Transport { path: path.clone(), source: Box::new(source) })?;
        match status {
            200 => Ok(Answer { body, rate }),
            409 => Err(ClientError::Blocked { path, rate }),
            _ => Err(ClientError::Status { path, status, body }),
        }
    }

    /// Launches a scan. `launched` is told the reference as soon as the answer names it; the call
    /// returns when the scan has ended.
    pub(crate) fn scan(&self, form: &[(&str, &str)], launched: impl Fn(ScanRef)) -> Result<(), ClientError> {
        let path = "/msp/scan.php".to_owned();
        let response = self.send(&path, form, None)?;
        let status = response.status().as_u16();
        let mut reader = BufReader::new(response.into_body().into_reader().take(DOCUMENT_BYTES_MAX));
        let mut head = String::new();
        let mut told = false;
        loop {
            let mut line = String::new();
            let length = reader
                .read_line(&mut line)
                .map_err(|source| ClientError::Broken { path: path.clone(), source })?;
            if length == 0 {
                break;
            }
            if !told {
                head.push_str(&line);
                if let Some(scan) = reference(&head) {
                    launched(scan);
                    told = true;
                }
            }
        }
        if status != 200 {
            return Err(ClientError::Status { path, status, body: head });
        }
        if told { Ok(()) } else { Err(ClientError::Refused(crate::report::error_text(&head))) }
    }

    fn send(
        &self,
        path: &str,
        form: &[(&str, &str)],
        timeout: Option<Duration>,
    ) -> Result<ureq::http::Response<ureq::Body>, ClientError> {
        self.agent
            .post(format!("{}{path}", self.base_url))
            .config()
            .timeout_global(timeout)
            .build()
            .header("Authorization", &self.authorization)
            .header("X-Requested-With", "palisade quickstart")
            .send_form(form.iter().copied())
            .map_err(|source| ClientError::Transport { path: path.to_owned(), source: Box::new(source) })
    }
}

fn rate_limit(headers: &ureq::http::HeaderMap) -> RateLimit {
    let number = |name: &str| {
        headers.get(name).and_then(|value| value.to_str().ok()?.trim().parse().ok()).unwrap_or_default()
    };
    RateLimit {
        limit: number("x-ratelimit-limit"),
        remaining: number("x-ratelimit-remaining"),
        to_wait_s: number("x-ratelimit-towait-sec"),
    }
}

/// The reference in `<SCAN value="scan/…">`, once it is there.
fn reference(head: &str) -> Option<ScanRef> {
    let (_, rest) = head.split_once("<SCAN value=\"")?;
    let (value, _) = rest.split_once('"')?;
    value.parse().ok()
}
