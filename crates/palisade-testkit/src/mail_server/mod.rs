//! A real SMTP server that keeps mails as files: `aiosmtpd`, with STARTTLS, TLS and logins.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::tools;

/// The login that a server may ask for.
pub const LOGIN: &str = "palisade";
/// Its password.
pub const PASSWORD: &str = "a password of the mail server";
/// How long the server may take to start, and a mail to arrive.
const PATIENCE: Duration = Duration::from_mins(2);

/// A mail server on 127.0.0.1; dropped, it ends.
#[derive(Debug)]
pub struct MailServer {
    folder: TempDir,
    security: &'static str,
    login: bool,
    port: u16,
    child: Option<Child>,
}

impl MailServer {
    /// Starts a server. `security` is `none`, `starttls` or `tls`; with `login` only [`LOGIN`] may
    /// send.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(security: &'static str, login: bool) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]);
        let made = made.expect("a certificate can be made");
        let write = |name: &str, text: String| fs::write(folder.path().join(name), text);
        write("certificate.pem", made.cert.pem()).expect("the certificate can be written");
        write("key.pem", made.signing_key.serialize_pem()).expect("the key can be written");
        let mut server = Self { folder, security, login, port: 0, child: None };
        server.restart();
        server
    }

    /// Starts the server again on its port, after [`Self::stop`].
    ///
    /// # Panics
    /// When it does not start.
    pub fn restart(&mut self) {
        let port_file = self.path("port");
        let _ = fs::remove_file(&port_file);
        let script = tools::repository().join("crates/palisade-testkit/src/mail_server/server.py");
        let mut command = tools::python();
        command.arg(script).arg(self.folder.path()).args([self.security, &self.port.to_string()]);
        command.args(if self.login { [LOGIN, PASSWORD] } else { ["", ""] }).stdin(Stdio::null());
        self.child = Some(command.spawn().expect("the mail server can be started"));
        self.port = wait(|| fs::read_to_string(&port_file).ok()?.parse().ok()).expect("it listens");
    }

    /// Ends the server; its mails stay.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Whether mails are put off.
    ///
    /// # Panics
    /// When the folder cannot be written.
    pub fn refuse(&self, refuse: bool) {
        let path = self.path("refuse");
        let done = if refuse { fs::write(path, "") } else { fs::remove_file(path) };
        done.expect("the folder can be written");
    }

    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// PEM of the server's certificate.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.path("certificate.pem")
    }

    /// The mails that were kept, oldest first; sender and recipient stand in a line before each.
    ///
    /// # Panics
    /// When the folder cannot be read.
    #[must_use]
    pub fn mails(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).expect("the folder can be read");
        let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "eml"));
        paths.sort();
        paths.iter().map(|path| fs::read_to_string(path).expect("a mail can be read")).collect()
    }

    /// The mails, once there are so many.
    ///
    /// # Panics
    /// When they do not arrive.
    #[must_use]
    pub fn wait_for_mails(&self, count: usize) -> Vec<String> {
        wait(|| Some(self.mails()).filter(|mails| mails.len() >= count)).expect("the mails arrive")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Looks until there is something.
fn wait<T>(look: impl Fn() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Some(found) = look() {
            return Some(found);
        }
        thread::sleep(Duration::from_millis(20));
    }
    None
}
