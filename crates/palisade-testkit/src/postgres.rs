//! A real PostgreSQL for tests: one cluster of our own, a fresh database for each test.
//!
//! Tests run in many processes, so the cluster is shared through lock files: whoever needs it
//! first starts it, everybody holds a shared lock while they live, and a watcher beside the
//! server stops it once nobody has held one for some seconds, however the tests ended. It
//! listens on a Unix socket in a folder of its user only, never on the network. The data
//! stay for the next run, without syncs: nothing in them is worth keeping.
//!
//! Missing server programs are an error that says what to install, never a reason to skip.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

/// How often a starting server is asked whether it is there, and for how long.
const ASK_EVERY: Duration = Duration::from_millis(100);
const ASKS_MAX: u32 = 600;

/// Why there is no database to test with.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "PostgreSQL's server programs (initdb, postgres, psql) were not found in PATH or /usr/lib/postgresql; install them: apt-get install postgresql"
    )]
    NotInstalled,
    #[error("could not {attempt}")]
    File {
        attempt: &'static str,
        #[source]
        source: io::Error,
    },
    #[error("{program} failed: {output}")]
    Program { program: &'static str, output: String },
    #[error("the server did not start; its log: {log}")]
    NotStarted { log: String },
}

/// A fresh, empty database; dropped with this value.
#[derive(Debug)]
pub struct Database {
    name: String,
    cluster: &'static Cluster,
}

impl Database {
    /// Makes a database, starting the cluster if need be.
    pub fn create() -> Result<Self, Error> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let cluster = Cluster::shared()?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{number}", std::process::id());
        // An earlier process with this number may have been killed before it could clean up.
        cluster.run(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))?;
        cluster.run(&format!("CREATE DATABASE {name}"))?;
        Ok(Self { name, cluster })
    }

    /// Where to connect to.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://palisade@localhost/{}?host={}", self.name, self.cluster.socket.display())
    }

    /// Refuses new connections, and ends those there are, until they are allowed again: what a
    /// restart of the database looks like from outside.
    pub fn allow_connections(&self, allowed: bool) -> Result<(), Error> {
        self.cluster.run(&format!("ALTER DATABASE {} ALLOW_CONNECTIONS {allowed}", self.name))?;
        if allowed { Ok(()) } else { self.break_connections() }
    }

    /// Ends every connection to the database, as a failing network or server does.
    pub fn break_connections(&self) -> Result<(), Error> {
        let name = &self.name;
        self.cluster
            .run(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // What remains is dropped by whoever uses the name next.
        let _ = self.cluster.run(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

/// The cluster all tests of this user share.
#[derive(Debug)]
struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    data: PathBuf,
    socket: PathBuf,
    /// The server does not run as root, so root runs it as `postgres`.
    as_postgres: bool,
    /// Held shared as long as this process lives.
    _users: File,
}

impl Cluster {
    fn shared() -> Result<&'static Self, Error> {
        static CLUSTER: OnceLock<Cluster> = OnceLock::new();
        if let Some(cluster) = CLUSTER.get() {
            return Ok(cluster);
        }
        let cluster = Self::start()?;
        Ok(CLUSTER.get_or_init(|| cluster))
    }

    fn start() -> Result<Self, Error> {
        let programs = find_programs().ok_or(Error::NotInstalled)?;
        let own = |source| Error::File { attempt: "find out who we are", source };
        let user = fs::metadata("/proc/self").map_err(own)?.uid();
        let version = programs.to_string_lossy().replace('/', "-");
        let folder = std::env::temp_dir().join(format!("palisade-postgres-{user}{version}"));
        make_folder(&folder, user)?;

        let users = open_lock(&folder.join("users.lock"))?;
        users.lock_shared().map_err(|source| Error::File { attempt: "join the cluster's users", source })?;
        let starting = open_lock(&folder.join("start.lock"))?;
        starting.lock().map_err(|source| Error::File { attempt: "take the start lock", source })?;

        let home = folder.join("server");
        let cluster = Self {
            programs,
            data: home.join("data"),
            socket: home.clone(),
            folder,
            as_postgres: user == 0,
            _users: users,
        };
        if cluster.run("SELECT 1").is_err() {
            cluster.make_home(&home)?;
            cluster.start_server()?;
        }
        Ok(cluster)
    }

    /// The folder of the server's own user, and the data in it.
    fn make_home(&self, home: &Path) -> Result<(), Error> {
        if !home.exists() {
            let made = fs::create_dir(home)
                .and_then(|()| fs::set_permissions(home, fs::Permissions::from_mode(0o700)));
            made.map_err(|source| Error::File { attempt: "make the server's folder", source })?;
            if self.as_postgres {
                check("chown", Command::new("chown").arg("postgres:").arg(home).output())?;
            }
        }
        if !self.data.exists() {
            // Made beside and renamed, so that a killed run leaves nothing half made.
            let script = r#"set -e; rm -rf "$2.new"; "$1/initdb" --no-sync --auth=trust --username=palisade --encoding=UTF8 --locale=C "$2.new"; mv "$2.new" "$2""#;
            let mut initdb = self.server_user("sh");
            initdb.args(["-c", script, "sh"]).arg(&self.programs).arg(&self.data);
            check("initdb", initdb.current_dir("/").output())?;
        }
        Ok(())
    }

    /// Starts the server and the watcher that stops it, and waits until it answers.
    fn start_server(&self) -> Result<(), Error> {
        let log_path = self.folder.join("server.log");
        let log =
            File::create(&log_path).map_err(|source| Error::File { attempt: "make the log", source })?;
        let errors = log.try_clone().map_err(|source| Error::File { attempt: "share the log", source })?;
        let mut server = self.server_user("sh");
        server
            .args(["-c", WATCHER, "sh"])
            .arg(self.programs.join("postgres"))
            .arg(&self.data)
            .arg(&self.socket)
            .arg(self.folder.join("users.lock"))
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .process_group(0);
        // Not waited for: it outlives this process, and the watcher in it ends it.
        let _watcher =
            server.spawn().map_err(|source| Error::File { attempt: "start the server", source })?;
        for _ in 0..ASKS_MAX {
            if self.run("SELECT 1").is_ok() {
                return Ok(());
            }
            thread::sleep(ASK_EVERY);
        }
        Err(Error::NotStarted { log: fs::read_to_string(&log_path).unwrap_or_default() })
    }

    /// A command run by the user the server runs as.
    fn server_user(&self, program: &str) -> Command {
        if self.as_postgres {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--", program]);
            command
        } else {
            Command::new(program)
        }
    }

    /// Runs one statement as the cluster's owner.
    fn run(&self, statement: &str) -> Result<(), Error> {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["--no-psqlrc", "--quiet", "--username=palisade", "--dbname=postgres", "--host"])
            .arg(&self.socket)
            .args(["--command", statement])
            .stdin(Stdio::null());
        check("psql", psql.output())
    }
}

/// Arguments: the server program, its data, its socket folder, the users' lock. Stops the server
/// once the lock was free ten seconds in a row, and holds it while the server stops, so that a
/// newcomer waits and then starts another.
const WATCHER: &str = r#"
"$1" -D "$2" -k "$3" -c listen_addresses= -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=300 -c shared_buffers=32MB 9<&- &
server=$!
exec 9<"$4"
free=0
while kill -0 "$server" 2>/dev/null; do
    if flock --exclusive --nonblock 9; then
        free=$((free + 1))
        if [ "$free" -ge 10 ]; then
            kill -INT "$server"
            wait "$server"
            exit
        fi
        flock --unlock 9
    else
        free=0
    fi
    sleep 1
done
"#;

/// The folder with the server programs: where PATH has them, or the newest Debian has.
fn find_programs() -> Option<PathBuf> {
    let complete = |folder: &PathBuf| {
        ["initdb", "postgres", "psql"].iter().all(|program| folder.join(program).is_file())
    };
    let path = std::env::var_os("PATH")?;
    if let Some(folder) = std::env::split_paths(&path).find(complete) {
        return Some(folder);
    }
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let version = |folder: &PathBuf| folder.parent()?.file_name()?.to_str()?.parse::<u32>().ok();
    versions
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(complete)
        .max_by_key(|folder| version(folder).unwrap_or(0))
}

/// Makes the folder, or checks that the one that is there is our own.
fn make_folder(folder: &Path, user: u32) -> Result<(), Error> {
    let failed = |source| Error::File { attempt: "make the cluster's folder", source };
    match fs::create_dir(folder) {
        Ok(()) => fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).map_err(failed),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let found = fs::symlink_metadata(folder).map_err(failed)?;
            if found.is_dir() && found.uid() == user { Ok(()) } else { Err(failed(error)) }
        }
        Err(error) => Err(failed(error)),
    }
}

fn open_lock(path: &Path) -> Result<File, Error> {
    let opened = File::options().create(true).append(true).open(path);
    opened.map_err(|source| Error::File { attempt: "open a lock file", source })
}

fn check(program: &'static str, output: io::Result<Output>) -> Result<(), Error> {
    let output = output.map_err(|source| Error::File { attempt: "run a program", source })?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].concat();
    Err(Error::Program { program, output: String::from_utf8_lossy(&text).trim().to_owned() })
}
