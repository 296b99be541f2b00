//! A service that lives as long as its test.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// How often a starting service is asked for, and for how long.
const ASK_EVERY: Duration = Duration::from_millis(100);
const ASKS_MAX: u32 = 600;

/// A folder for a service, which its own user can reach.
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        run(Command::new("chmod").arg("755").arg(folder.path()));
        Self(folder)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn show(&self) -> String {
        self.0.path().display().to_string()
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

/// A running service; ended with its test.
pub(crate) struct Daemon {
    child: Child,
    pub(crate) port: u16,
    pub(crate) home: Home,
}

impl Daemon {
    /// Starts a service that listens on the TCP port.
    pub(crate) fn start(home: Home, port: u16, command: &mut Command) -> Self {
        let daemon = Self::launch(home, port, command);
        daemon.wait_until(|| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok());
        daemon
    }

    /// Starts a service that listens on the UDP port.
    pub(crate) fn start_datagram(home: Home, port: u16, command: &mut Command) -> Self {
        let daemon = Self::launch(home, port, command);
        daemon.wait_until(|| UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_err());
        daemon
    }

    fn launch(home: Home, port: u16, command: &mut Command) -> Self {
        let log = File::create(home.path("log")).unwrap();
        // Some end everything in their process group when they end: a group of their own, not the test's.
        command.process_group(0);
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}; `./test setup` installs it"));
        Self { child, port, home }
    }

    fn wait_until(&self, listens: impl Fn() -> bool) {
        for _ in 0..ASKS_MAX {
            if listens() {
                return;
            }
            std::thread::sleep(ASK_EVERY);
        }
        let log = std::fs::read_to_string(self.home.path("log")).unwrap_or_default();
        panic!("the service does not listen: {log}");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Asked first, so that what it started itself ends too; by its own number, never by name.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        for _ in 0..50 {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(ASK_EVERY);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A TCP port that nobody listens on, and a UDP port of the same number.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

pub(crate) fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The first of the folders that has the program.
pub(crate) fn find(program: &str, folders: &[&str]) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(folders.iter().map(PathBuf::from));
    let found = folders.map(|folder| folder.join(program)).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("there is no {program}; `./test setup` installs it"))
}

/// Folders of PostgreSQL's programs on Debian.
pub(crate) fn postgres_folders() -> Vec<String> {
    let versions = std::fs::read_dir(Path::new("/usr/lib/postgresql"));
    let versions = versions.into_iter().flatten().filter_map(Result::ok);
    versions.map(|version| version.path().join("bin").display().to_string()).collect()
}
