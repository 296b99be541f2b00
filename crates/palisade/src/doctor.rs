//! `palisade doctor`: what is missing on this machine, and how to mend it.

use std::net::{TcpListener, UdpSocket};
use std::path::Path;

use nix::sys::resource::{Resource, getrlimit};
use nix::sys::socket::{AddressFamily, SockFlag, SockProtocol, SockType, socket};
use palisade_kb::KnowledgeBase;
use palisade_store::Store;

use crate::data_directory::DataDirectory;
use crate::settings::Settings;
use crate::terminal::line;

/// Fewest open files a scan of many hosts is comfortable with.
const OPEN_FILES_WISHED: u64 = 4096;

/// How a check went.
enum Outcome {
    Good(String),
    /// Works, but less well; the second text is the cure.
    Poor(String, String),
    /// Does not work; the second text is the cure.
    Bad(String, String),
}

/// Runs every check. `false` when something does not work.
pub(crate) async fn run(settings: &Settings) -> bool {
    let checks = [
        ("data folder", data_folder(&settings.data)),
        ("database", database(settings).await),
        ("KnowledgeBase", knowledge_base()),
        ("listening address", listening(settings)),
        ("certificate", certificate(settings)),
        ("open files", open_files()),
        ("raw packets", raw_packets()),
        ("ICMP echo", icmp()),
        ("UDP", udp()),
        ("name look-ups", names()),
    ];
    let mut works = true;
    for (name, outcome) in checks {
        match outcome {
            Outcome::Good(text) => line(format!("good  {name}: {text}")),
            Outcome::Poor(text, cure) => line(format!("poor  {name}: {text}\n      {cure}")),
            Outcome::Bad(text, cure) => {
                works = false;
                line(format!("BAD   {name}: {text}\n      {cure}"));
            }
        }
    }
    works
}

fn data_folder(path: &Path) -> Outcome {
    if !path.exists() {
        return Outcome::Good(format!("{} will be made at the first start", path.display()));
    }
    match DataDirectory::open_shared(path) {
        Ok(directory) => Outcome::Good(directory.path().display().to_string()),
        Err(error) => {
            Outcome::Bad(error.to_string(), "Use --data with a folder of your own (mode 0700).".to_owned())
        }
    }
}

async fn database(settings: &Settings) -> Outcome {
    let url = match (&settings.database, settings.data.exists()) {
        (Some(url), _) => url.clone(),
        (None, false) => return Outcome::Good("a SQLite file will be made at the first start".to_owned()),
        (None, true) => match DataDirectory::open_shared(&settings.data) {
            Ok(directory) => match directory.sqlite_url() {
                Ok(url) => url,
                Err(error) => {
                    return Outcome::Bad(error.to_string(), "Choose another data folder.".to_owned());
                }
            },
            Err(error) => return Outcome::Bad(error.to_string(), "Mend the data folder first.".to_owned()),
        },
    };
    let documents = settings.data.join("documents");
    match Store::open(&url, &documents).await {
        Ok(_) => Outcome::Good("opens, and its tables are current".to_owned()),
        Err(error) => Outcome::Bad(
            crate::chain(&error),
            "Check --database: the server must run, and the database and the account must exist.".to_owned(),
        ),
    }
}

fn knowledge_base() -> Outcome {
    match KnowledgeBase::embedded() {
        Ok(kb) => Outcome::Good(format!("{} entries, version {}", kb.len(), kb.version())),
        Err(error) => {
            Outcome::Bad(crate::chain(&error), "This binary is damaged; build it again.".to_owned())
        }
    }
}

fn listening(settings: &Settings) -> Outcome {
    if settings.http && !settings.listen.ip().is_loopback() {
        return Outcome::Bad(
            format!("{} is not a loopback address", settings.listen),
            "Plain HTTP is for loopback only: drop --http, or listen on 127.0.0.1.".to_owned(),
        );
    }
    match TcpListener::bind(settings.listen) {
        Ok(_) => Outcome::Good(format!("{} is free", settings.listen)),
        Err(error) => Outcome::Poor(
            format!("{}: {error}", settings.listen),
            "If a Palisade server is running there, all is well; else choose another with --listen."
                .to_owned(),
        ),
    }
}

fn certificate(settings: &Settings) -> Outcome {
    match (&settings.tls_certificate, &settings.tls_key) {
        (Some(certificate), Some(key)) => {
            for path in [certificate, key] {
                if let Err(error) = std::fs::File::open(path) {
                    return Outcome::Bad(
                        format!("{}: {error}", path.display()),
                        "Name readable PEM files.".to_owned(),
                    );
                }
            }
            Outcome::Good(certificate.display().to_string())
        }
        _ if settings.http => Outcome::Good("not needed with plain HTTP".to_owned()),
        _ => Outcome::Good("self-signed, in the data folder".to_owned()),
    }
}

fn open_files() -> Outcome {
    match getrlimit(Resource::RLIMIT_NOFILE) {
        Ok((_, hard)) if hard >= OPEN_FILES_WISHED => Outcome::Good(format!("up to {hard}")),
        Ok((_, hard)) => Outcome::Poor(
            format!("at most {hard}"),
            format!(
                "Scans of many hosts go slower; raise the limit to {OPEN_FILES_WISHED} (ulimit -n, LimitNOFILE)."
            ),
        ),
        Err(error) => Outcome::Poor(error.to_string(), "The limit could not be read.".to_owned()),
    }
}

fn raw_packets() -> Outcome {
    match palisade_engine::raw_packets() {
        Ok(()) => Outcome::Good("allowed: hosts and ports are found by stateless sweeps".to_owned()),
        Err(error) => Outcome::Poor(
            crate::chain(&error),
            "Hosts are found and ports scanned by connecting, which is slower; allow it: setcap \
             cap_net_raw+ep on the binary, or AmbientCapabilities=CAP_NET_RAW in the unit."
                .to_owned(),
        ),
    }
}

fn icmp() -> Outcome {
    match socket(AddressFamily::Inet, SockType::Datagram, SockFlag::empty(), SockProtocol::Icmp) {
        Ok(_) => Outcome::Good("allowed".to_owned()),
        Err(_) if palisade_engine::raw_packets().is_ok() => {
            Outcome::Good("sent as raw packets".to_owned())
        }
        Err(error) => Outcome::Poor(
            error.to_string(),
            "Hosts are found by TCP and UDP alone; allow it: sysctl net.ipv4.ping_group_range='0 2147483647'."
                .to_owned(),
        ),
    }
}

fn udp() -> Outcome {
    match UdpSocket::bind("127.0.0.1:0") {
        Ok(_) => Outcome::Good("allowed".to_owned()),
        Err(error) => Outcome::Bad(error.to_string(), "This process may not open UDP sockets.".to_owned()),
    }
}

fn names() -> Outcome {
    match crate::targets::resolve(&["localhost".to_owned()], 1) {
        Ok(_) => Outcome::Good("localhost resolves".to_owned()),
        Err(error) => Outcome::Poor(
            crate::chain(&error),
            "Check /etc/hosts and /etc/resolv.conf; without look-ups reports have no names.".to_owned(),
        ),
    }
}
