//! Fetching feeds over HTTP(S) into a folder: files that go on where they were broken off, and the
//! pages of the NVD's API. Everything blocks; it belongs on a thread that may.
//!
//! Whoever is told "not now" (403, 429, 5xx) waits and asks again, longer each time, a bounded number
//! of times; a `Retry-After` is followed as far as the longest wait goes. Redirects never lead from
//! HTTPS to plain HTTP. Proxies are those of the environment (`HTTPS_PROXY`, `NO_PROXY`).

mod changes;
mod checksum;
mod download;
mod error;
mod state;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ureq::http::{HeaderMap, Response, StatusCode};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body};

pub use changes::{ChangeWindow, Changes};
pub use checksum::{Meta, sha256_unpacked};
pub use download::Fetched;
pub use error::FetchError;
pub use state::{load as load_note, save as save_note};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
const ANSWER_TIMEOUT: Duration = Duration::from_mins(2);
/// After this a transfer is broken off, and goes on where it was.
const BODY_TIMEOUT: Duration = Duration::from_mins(30);
const REDIRECTS_MAX: u32 = 5;
/// Bytes of a text such as a checksum file.
const TEXT_BYTES_MAX: u64 = 16 << 10;

/// How patiently sources are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Times that one thing is asked for without getting any of it.
    pub attempts_max: u32,
    /// The first wait after a refusal; each further one is twice as long.
    pub wait: Duration,
    pub wait_max: Duration,
    /// Between two pages of an API, so that nobody has to refuse.
    pub page_wait: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            attempts_max: 6,
            wait: Duration::from_secs(2),
            wait_max: Duration::from_mins(2),
            // What the NVD asks of those without a key.
            page_wait: Duration::from_secs(6),
        }
    }
}

/// Fetches into one folder, which it makes. One process at a time may use a folder.
#[derive(Debug)]
pub struct Fetcher {
    agent: Agent,
    folder: PathBuf,
    patience: Patience,
    /// Largest file taken, as it is transferred.
    file_bytes_max: u64,
    /// Held, not read: the lock ends with it.
    _lock: File,
}

impl Fetcher {
    /// # Errors
    ///
    /// [`FetchError::Folder`] when the folder cannot be made, [`FetchError::InUse`] when another
    /// process uses it.
    pub fn new(folder: &Path, patience: Patience, file_bytes_max: u64) -> Result<Self, FetchError> {
        std::fs::create_dir_all(folder).map_err(|source| FetchError::folder(folder, source))?;
        let lock_path = folder.join("lock");
        let lock = File::create(&lock_path).map_err(|source| FetchError::folder(&lock_path, source))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(FetchError::InUse { path: folder.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(FetchError::folder(&lock_path, source)),
        }
        let certificates: Vec<Certificate<'static>> = rustls_native_certs::load_native_certs()
            .certs
            .iter()
            .map(|certificate| Certificate::from_der(certificate.as_ref()).to_owned())
            .collect();
        let roots = RootCerts::Specific(Arc::new(certificates));
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_recv_response(Some(ANSWER_TIMEOUT))
            .timeout_recv_body(Some(BODY_TIMEOUT))
            .max_redirects(REDIRECTS_MAX)
            .user_agent(concat!("palisade/", env!("CARGO_PKG_VERSION")))
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .build()
            .new_agent();
        Ok(Self { agent, folder: folder.to_owned(), patience, file_bytes_max, _lock: lock })
    }

    /// A small text, such as a checksum file.
    ///
    /// # Errors
    ///
    /// [`FetchError`] when it cannot be had.
    pub fn text(&self, url: &str) -> Result<String, FetchError> {
        let mut failures = Failures::new(self.patience);
        loop {
            let outcome = self.ask(url, &[]).and_then(|mut response| {
                if response.status() != StatusCode::OK {
                    return Err(refused(url, &response));
                }
                let body = response.body_mut().with_config().limit(TEXT_BYTES_MAX);
                body.read_to_string().map_err(|source| FetchError::transport(url, source))
            });
            match outcome {
                Ok(text) => return Ok(text),
                Err(error) => failures.wait_or(error)?,
            }
        }
    }

    /// One question, whatever the status of its answer.
    fn ask(&self, url: &str, headers: &[(&str, &str)]) -> Result<Response<Body>, FetchError> {
        let mut request = self.agent.get(url).config().https_only(url.starts_with("https://")).build();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.call().map_err(|source| FetchError::transport(url, source))
    }
}

/// How often something failed in a row, and how long to wait before it is tried again.
#[derive(Debug)]
struct Failures {
    patience: Patience,
    count: u32,
}

impl Failures {
    const fn new(patience: Patience) -> Self {
        Self { patience, count: 0 }
    }

    /// Waits, or gives the error back when it is one that waiting does not mend or was met too often.
    fn wait_or(&mut self, error: FetchError) -> Result<(), FetchError> {
        self.count += 1;
        if !error.may_pass() || self.count >= self.patience.attempts_max {
            return Err(error);
        }
        let doubled = self.patience.wait.saturating_mul(1 << (self.count - 1).min(16));
        let asked = error.retry_after().unwrap_or_default();
        let wait = doubled.max(asked).min(self.patience.wait_max);
        tracing::warn!(%error, wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX), "asking again");
        std::thread::sleep(wait);
        Ok(())
    }

    /// Something went forward.
    const fn forget(&mut self) {
        self.count = 0;
    }
}

fn refused(url: &str, response: &Response<Body>) -> FetchError {
    FetchError::Status {
        url: url.to_owned(),
        status: response.status().as_u16(),
        retry_after_s: header(response.headers(), "retry-after").and_then(|value| value.parse().ok()),
    }
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}
