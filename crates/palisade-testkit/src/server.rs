//! A real `palisade serve` in a process of its own, to be called, killed and started again.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use tempfile::TempDir;

use crate::tools;

/// How long a server may take until it listens.
const START_TIMEOUT: Duration = Duration::from_mins(1);
/// Version 2 of the API wants it; version 1 does not mind it.
const HEADER: &str = "X-Requested-With";
/// Largest document taken from it, in bytes.
const DOCUMENT_BYTES_MAX: u64 = 64 << 20;

/// A data folder, its Manager, and the server that runs on it now.
#[derive(Debug)]
pub struct TestServer {
    binary: PathBuf,
    folder: TempDir,
    database: Option<String>,
    /// Further arguments of `palisade serve`.
    settings: Vec<String>,
    child: Option<Child>,
    base_url: String,
    login: String,
    password: String,
    /// Over TLS with the server's own certificate, not plain HTTP.
    tls: bool,
}

/// An answer of the server.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub body: String,
}

impl TestServer {
    /// Makes a data folder with one Manager and starts a server on it, over plain HTTP on a free
    /// port of loopback.
    ///
    /// # Panics
    /// When it does not start; the message holds its log.
    #[must_use]
    pub fn start(binary: &str, database: Option<&str>) -> Self {
        Self::make(binary, database, false, &[])
    }

    /// The same with further arguments of `palisade serve`, for every start of it.
    ///
    /// # Panics
    /// When it does not start; the message holds its log.
    #[must_use]
    pub fn start_with_settings(binary: &str, database: Option<&str>, settings: &[&str]) -> Self {
        Self::make(binary, database, false, settings)
    }

    /// The same over TLS, with the certificate that the server makes for itself. [`Self::call`]
    /// does not reach it: its callers are clients of their own.
    ///
    /// # Panics
    /// When it does not start; the message holds its log.
    #[must_use]
    pub fn start_with_tls(binary: &str) -> Self {
        Self::make(binary, None, true, &[])
    }

    fn make(binary: &str, database: Option<&str>, tls: bool, settings: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let mut server = Self {
            binary: binary.into(),
            folder,
            database: database.map(str::to_owned),
            settings: settings.iter().map(|word| (*word).to_owned()).collect(),
            child: None,
            base_url: String::new(),
            login: String::new(),
            password: String::new(),
            tls,
        };
        let mut command = server.command(&["user", "add"]);
        command.args([
            "--role",
            "manager",
            "--first-name",
            "Test",
            "--last-name",
            "Manager",
            "--accept-terms",
        ]);
        let told = tools::output(&mut command);
        let word_after = |label: &str| {
            let line =
                told.lines().find(|line| line.starts_with(label)).expect("login and password are told");
            line.split_whitespace().last().expect("the line has a value").to_owned()
        };
        server.login = word_after("login");
        server.password = word_after("password");
        server.restart();
        server
    }

    /// Starts the server again after [`Self::kill`].
    ///
    /// # Panics
    /// When it does not listen in time; the message holds its log.
    pub fn restart(&mut self) {
        let log = self.log_path();
        let file = File::create(&log).expect("the log can be written");
        let mut command = self.command(&["serve"]);
        command
            .args(["--listen", "127.0.0.1:0"])
            .args((!self.tls).then_some("--http"))
            .args(&self.settings)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file);
        self.child = Some(command.spawn().expect("the server can be started"));
        let deadline = Instant::now() + START_TIMEOUT;
        while Instant::now() < deadline {
            let text = fs::read_to_string(&log).unwrap_or_default();
            if let Some((_, rest)) = text.split_once("Palisade listens on ")
                && let Some((url, _)) = rest.split_once('\n')
            {
                url.trim().clone_into(&mut self.base_url);
                return;
            }
            let child = self.child.as_mut().expect("it was just started");
            if let Ok(Some(status)) = child.try_wait() {
                panic!("the server ended with {status}: {text}");
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("the server does not listen: {}", self.log());
    }

    /// Kills the server with SIGKILL, as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Calls a function of the API: by POST with a form, by GET without one.
    ///
    /// # Errors
    /// A text that says why there is no whole answer: the server was killed, for one.
    pub fn try_call(&self, function: &str, form: &[(&str, &str)]) -> Result<Answer, String> {
        let caller = self.caller();
        caller(function, form)
    }

    /// The same, when it has to succeed.
    ///
    /// # Panics
    /// Without an answer of status 200.
    #[must_use]
    pub fn call(&self, function: &str, form: &[(&str, &str)]) -> String {
        let answer = self.try_call(function, form).unwrap_or_else(|error| panic!("{error}: {}", self.log()));
        assert_eq!(answer.status, 200, "{function}: {}\n{}", answer.body, self.log());
        answer.body
    }

    /// Something that calls this server from another thread; it calls into nothing after a restart.
    pub fn caller(&self) -> impl Fn(&str, &[(&str, &str)]) -> Result<Answer, String> + Send + use<> {
        let (agent, authorization, base_url) = (agent(), self.authorization(), self.base_url.clone());
        move |function, form| {
            let url = format!("{base_url}/{function}");
            let sent = if form.is_empty() {
                agent.get(url).header("Authorization", &authorization).header(HEADER, "tests").call()
            } else {
                let request = agent.post(url).header("Authorization", &authorization);
                request.header(HEADER, "tests").send_form(form.iter().copied())
            };
            answer(function, sent)
        }
    }

    /// The same for calls that take an XML document: something that is given the function, with its
    /// parameters, and the document.
    pub fn document_sender(&self) -> impl Fn(&str, &str) -> Result<Answer, String> + Send + use<> {
        let (agent, authorization, base_url) = (agent(), self.authorization(), self.base_url.clone());
        move |function, document| {
            let request =
                agent.post(format!("{base_url}/{function}")).header("Authorization", &authorization);
            let request = request.header(HEADER, "tests").header("Content-Type", "text/xml");
            answer(function, request.send(document))
        }
    }

    fn authorization(&self) -> String {
        let pair = format!("{}:{}", self.login, self.password);
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
    }

    /// Scheme, host and port.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// As the URL has them, without the scheme.
    #[must_use]
    pub fn host_and_port(&self) -> &str {
        self.base_url.split_once("://").map_or("", |(_, rest)| rest)
    }

    /// The Manager's login.
    #[must_use]
    pub fn login(&self) -> &str {
        &self.login
    }

    /// The Manager's password.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The database in the data folder, for a server without another.
    #[must_use]
    pub fn sqlite_url(&self) -> String {
        format!("sqlite://{}", self.data().join("palisade.sqlite").display())
    }

    /// The data folder.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// What the server logged since its last start.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// `palisade COMMAND` on this server's data.
    #[must_use]
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = clean(&self.binary);
        command.args(words).arg("--data").arg(self.data());
        if let Some(database) = &self.database {
            command.args(["--database", database]);
        }
        command
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.kill();
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_mins(5)))
        .build()
        .new_agent()
}

fn answer(
    function: &str,
    sent: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
) -> Result<Answer, String> {
    let mut response = sent.map_err(|error| format!("{function}: {error}"))?;
    let body = response
        .body_mut()
        .with_config()
        .limit(DOCUMENT_BYTES_MAX)
        .read_to_string()
        .map_err(|error| format!("{function}: {error}"))?;
    Ok(Answer { status: response.status().as_u16(), body })
}

/// The binary, without any setting that the environment of the test may hold.
#[must_use]
pub fn clean(binary: &Path) -> Command {
    let mut command = Command::new(binary);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PALISADE_") {
            command.env_remove(name);
        }
    }
    command
}
