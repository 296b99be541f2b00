//! A host on loopback that notes when it is connected to, made so that a scan of it is slow in one
//! stage.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::sync::watch;

/// The stage in which a scan of the host takes its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It has many open ports, and the scan may not hurry.
    Sweep,
    /// Its services say nothing.
    Identification,
    /// It has a web server behind TLS that takes its time.
    Web,
}

impl Stage {
    pub(crate) const ALL: [Self; 3] = [Self::Sweep, Self::Identification, Self::Web];

    /// Connections a second that a scan may make.
    pub(crate) const fn rate_pps(self) -> u32 {
        match self {
            Self::Sweep => 40,
            Self::Identification | Self::Web => 400,
        }
    }

    const fn ports(self) -> usize {
        match self {
            Self::Sweep => 200,
            Self::Identification => 12,
            Self::Web => 1,
        }
    }

    /// Visits after which a scan is in the middle of it.
    const fn visits_min(self) -> usize {
        match self {
            Self::Sweep => 30,
            // Every port was found, and some are being spoken to.
            Self::Identification => 18,
            Self::Web => 8,
        }
    }
}

/// The web server answers after this long.
const WEB_DELAY: Duration = Duration::from_millis(200);

/// A connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Visit {
    pub(crate) at: Instant,
    pub(crate) port: u16,
}

type Visits = Arc<Mutex<Vec<Visit>>>;

/// The host. Its ports close when it is dropped, except for a web server's.
pub(crate) struct Double {
    pub(crate) address: IpAddr,
    pub(crate) stage: Stage,
    ports: Vec<u16>,
    visits: Visits,
    _runtime: Runtime,
}

impl Double {
    /// A host at an address of its own.
    pub(crate) fn new(stage: Stage) -> Self {
        static HOSTS: AtomicU8 = AtomicU8::new(1);
        let address = Ipv4Addr::new(127, 0, 77, HOSTS.fetch_add(1, Ordering::Relaxed)).into();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let visits = Visits::default();
        let ports = if stage == Stage::Web {
            vec![web_server(address, &visits)]
        } else {
            runtime.block_on(silent_ports(address, stage, &visits))
        };
        Self { address, stage, ports, visits, _runtime: runtime }
    }

    pub(crate) fn ports(&self) -> &[u16] {
        &self.ports
    }

    /// All connections so far, in their order.
    pub(crate) fn visits(&self) -> Vec<Visit> {
        self.visits.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn is_in_the_middle(&self) -> bool {
        self.visits().len() >= self.stage.visits_min()
    }
}

fn note(visits: &Visits, port: u16) {
    let visit = Visit { at: Instant::now(), port };
    visits.lock().unwrap_or_else(PoisonError::into_inner).push(visit);
}

/// Ports that take connections and never say a word. Those of a host with many close for good when
/// each was visited: only its sweep is to take long.
async fn silent_ports(address: IpAddr, stage: Stage, visits: &Visits) -> Vec<u16> {
    let (close, _) = watch::channel(false);
    let mut ports = Vec::new();
    let mut listeners = Vec::new();
    for _ in 0..stage.ports() {
        let listener = tokio::net::TcpListener::bind((address, 0)).await.expect("a free port");
        ports.push(listener.local_addr().expect("an address").port());
        listeners.push(listener);
    }
    let all: Arc<BTreeSet<u16>> = Arc::new(ports.iter().copied().collect());
    for (listener, port) in listeners.into_iter().zip(ports.iter().copied()) {
        let (visits, all, close) = (Arc::clone(visits), Arc::clone(&all), close.clone());
        tokio::spawn(async move {
            let mut closed = close.subscribe();
            let mut held = Vec::new();
            loop {
                let accepted = tokio::select! {
                    accepted = listener.accept() => accepted,
                    _ = closed.wait_for(|closed| *closed) => return,
                };
                let Ok((stream, _)) = accepted else { return };
                note(&visits, port);
                if stage == Stage::Sweep {
                    let visits = visits.lock().unwrap_or_else(PoisonError::into_inner);
                    let visited: BTreeSet<u16> = visits.iter().map(|visit| visit.port).collect();
                    if visited == *all {
                        close.send_replace(true);
                    }
                } else {
                    held.push(stream);
                }
            }
        });
    }
    ports
}

/// A web server behind TLS; serves until the process ends.
fn web_server(address: IpAddr, visits: &Visits) -> u16 {
    let certified = rcgen::generate_simple_self_signed(vec!["slow.test".to_owned()]).expect("a certificate");
    let key =
        rustls::pki_types::PrivateKeyDer::try_from(certified.signing_key.serialize_der()).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .expect("a certificate and its key");
    let config = Arc::new(config);
    let listener = std::net::TcpListener::bind((address, 0)).expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let visits = Arc::clone(visits);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            note(&visits, port);
            let config = Arc::clone(&config);
            thread::spawn(move || serve(stream, config));
        }
    });
    port
}

/// One slow request and its answer; whatever goes wrong ends it.
fn serve(stream: std::net::TcpStream, config: Arc<rustls::ServerConfig>) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
    thread::sleep(WEB_DELAY);
    let Ok(connection) = rustls::ServerConnection::new(config) else { return };
    let mut stream = rustls::StreamOwned::new(connection, stream);
    if stream.read(&mut [0; 4_096]).is_ok_and(|length| length > 0) {
        thread::sleep(WEB_DELAY);
        let body = "<html><title>Slow</title></html>";
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n";
        let _ = write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len());
        stream.conn.send_close_notify();
        let _ = stream.flush();
    }
}
