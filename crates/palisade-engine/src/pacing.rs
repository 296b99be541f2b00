//! How hard the scanner presses: one rate for everything that leaves, budgets for each host.
//!
//! Three layers, outermost first. [`Limits`] belongs to the process: open sockets (bounded by what
//! the operating system grants) and a rate no scan may exceed. [`Pace`] belongs to a scan: the
//! budgets of its option profile. [`HostPace`] belongs to one host: its connections, its round
//! trips, its end of time. Nothing in this crate opens a socket to a host without passing here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, InsufficientCapacity, Quota, RateLimiter};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use palisade_model::option_profile::Performance;
use tokio::net::{TcpSocket, TcpStream, UdpSocket};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::plan::Plan;
use crate::round_trip::RoundTrip;

/// Files the process needs for other things than sockets to hosts (database, clients, logs).
const FILES_RESERVED: u64 = 512;
/// More sockets than this bring no speed, only memory.
const SOCKETS_MAX: u64 = 8_192;
/// Look-ups of the system's resolver at the same time; each holds a thread.
const LOOK_UPS_MAX: usize = 24;
/// Longest that one host may take in a survey.
const SURVEY_HOST_TIMEOUT: Duration = Duration::from_hours(1);
/// Tries when the machine itself is short of ports or buffers for a moment.
const LOCAL_SHORTAGE_TRIES: u32 = 20;

/// What the whole process may do at once; make one and share it.
#[derive(Debug)]
pub struct Limits {
    sockets: Arc<Semaphore>,
    look_ups: Arc<Semaphore>,
    rate: DefaultDirectRateLimiter,
}

impl Limits {
    /// `sockets_max` sockets open to hosts, `rate_pps_max` connections and datagrams a second,
    /// all scans together. Zero is taken as one.
    #[must_use]
    pub fn new(sockets_max: usize, rate_pps_max: u32) -> Self {
        Self {
            sockets: Arc::new(Semaphore::new(sockets_max.max(1))),
            look_ups: Arc::new(Semaphore::new(LOOK_UPS_MAX)),
            rate: limiter(rate_pps_max),
        }
    }

    /// Raises the soft limit on open files to the hard one and takes what is left of it beside
    /// the process's other needs, at most 8,192 sockets.
    #[must_use]
    pub fn of_machine(rate_pps_max: u32) -> Self {
        let files = match getrlimit(Resource::RLIMIT_NOFILE) {
            Ok((soft, hard)) if soft < hard => match setrlimit(Resource::RLIMIT_NOFILE, hard, hard) {
                Ok(()) => hard,
                Err(_) => soft,
            },
            Ok((soft, _)) => soft,
            Err(_) => 1_024,
        };
        let sockets = files.saturating_sub(FILES_RESERVED.min(files / 2)).min(SOCKETS_MAX);
        Self::new(usize::try_from(sockets).unwrap_or(1), rate_pps_max)
    }
}

fn limiter(rate_pps: u32) -> DefaultDirectRateLimiter {
    let rate = NonZeroU32::new(rate_pps).unwrap_or(NonZeroU32::MIN);
    // Timers tick in milliseconds: a burst of a twentieth of a second loses nothing to that.
    let burst = NonZeroU32::new(rate_pps / 20).unwrap_or(NonZeroU32::MIN);
    RateLimiter::direct(Quota::per_second(rate).allow_burst(burst))
}

async fn wait_for(limiter: &DefaultDirectRateLimiter) {
    while let Err(not_until) = limiter.check() {
        tokio::time::sleep(not_until.wait_time_from(DefaultClock::default().now())).await;
    }
}

/// How long to wait for room for a batch; a batch that is larger than any burst counts as one burst.
fn wait_of(limiter: &DefaultDirectRateLimiter, packets: u32) -> Option<Duration> {
    let mut packets = NonZeroU32::new(packets)?;
    loop {
        match limiter.check_n(packets) {
            Ok(Ok(())) => return None,
            Ok(Err(not_until)) => return Some(not_until.wait_time_from(DefaultClock::default().now())),
            Err(InsufficientCapacity(most)) => packets = NonZeroU32::new(most)?,
        }
    }
}

/// The budgets of one scan.
#[derive(Debug)]
pub(crate) struct Pace {
    limits: Arc<Limits>,
    rate: DefaultDirectRateLimiter,
    /// Hosts being scanned.
    pub(crate) hosts: Arc<Semaphore>,
    /// Hosts being looked for; more than are scanned, because most of a network is silence.
    pub(crate) discoveries: Arc<Semaphore>,
    connections_per_host: usize,
    http: usize,
    port_scan: usize,
    host_timeout: Duration,
    /// What is done on each host.
    pub(crate) plan: Plan,
}

/// Addresses asked for life at the same time, for each host that may be scanned at once.
const DISCOVERIES_PER_HOST: usize = 6;

impl Pace {
    pub(crate) fn new(limits: Arc<Limits>, performance: &Performance, plan: Plan) -> Arc<Self> {
        let budgets = performance.budgets();
        let hosts = usize::from(budgets.hosts_parallel);
        Arc::new(Self {
            limits,
            rate: limiter(budgets.rate_pps),
            hosts: Arc::new(Semaphore::new(hosts)),
            discoveries: Arc::new(Semaphore::new(hosts * DISCOVERIES_PER_HOST)),
            connections_per_host: usize::from(budgets.connections_per_host),
            http: usize::from(budgets.http_connections_per_host),
            port_scan: usize::from(budgets.port_scan_connections),
            host_timeout: Duration::from_secs(u64::from(budgets.host_timeout_s)),
            plan,
        })
    }

    /// The budgets of a survey, which has no profile of its own.
    pub(crate) fn of_survey(limits: Arc<Limits>, rate_pps: u32, connections_per_host: usize) -> Arc<Self> {
        Arc::new(Self {
            limits,
            rate: limiter(rate_pps),
            hosts: Arc::new(Semaphore::new(1)),
            discoveries: Arc::new(Semaphore::new(1)),
            connections_per_host: connections_per_host.max(1),
            http: 1,
            port_scan: connections_per_host.max(1),
            host_timeout: SURVEY_HOST_TIMEOUT,
            plan: Plan::everything(),
        })
    }

    /// `None` when that many packets may leave now, else how long to wait before asking again.
    pub(crate) fn admit_packets(&self, packets: u32) -> Option<Duration> {
        [&self.rate, &self.limits.rate].into_iter().find_map(|limiter| wait_of(limiter, packets))
    }

    /// Returns when one more connection or datagram may leave.
    pub(crate) async fn depart(&self) {
        wait_for(&self.rate).await;
        wait_for(&self.limits.rate).await;
    }
}

/// What a TCP connection attempt came to.
#[derive(Debug)]
pub(crate) enum Connected {
    Open(TcpStream, SocketPermit),
    /// Accepted, and reset before it could be used: somebody listens and does not like us.
    Reset,
    /// A reset (or an ICMP port unreachable) came back: somebody is there.
    Refused,
    /// Nothing came back, or a router said that there is no way.
    Silent,
}

/// Room for one socket; given back when dropped.
#[derive(Debug)]
pub(crate) struct SocketPermit {
    _host: OwnedSemaphorePermit,
    _machine: OwnedSemaphorePermit,
}

/// One host's share: its connections, its round trips, the moment its time is up.
#[derive(Debug)]
pub(crate) struct HostPace {
    pub(crate) address: IpAddr,
    pub(crate) deadline: Instant,
    pub(crate) round_trip: Arc<RoundTrip>,
    pace: Arc<Pace>,
    connections: Arc<Semaphore>,
}

impl HostPace {
    pub(crate) fn new(address: impl Into<IpAddr>, pace: Arc<Pace>) -> Arc<Self> {
        Arc::new(Self {
            address: address.into(),
            deadline: Instant::now() + pace.host_timeout,
            round_trip: Arc::default(),
            connections: Arc::new(Semaphore::new(pace.connections_per_host)),
            pace,
        })
    }

    /// The same host with its whole time before it: what it waited for its turn does not count.
    pub(crate) fn begin(&self) -> Arc<Self> {
        Arc::new(Self {
            address: self.address,
            deadline: Instant::now() + self.pace.host_timeout,
            round_trip: Arc::clone(&self.round_trip),
            connections: Arc::clone(&self.connections),
            pace: Arc::clone(&self.pace),
        })
    }

    /// Runs a look-up of the system's resolver, which cannot be interrupted: at most `patience`,
    /// and never more of them at once than the process can spare threads for.
    pub(crate) async fn look_up<T: Send + 'static>(
        &self,
        patience: Duration,
        ask: impl FnOnce() -> Option<T> + Send + 'static,
    ) -> Option<T> {
        let asking = async {
            let permit = Arc::clone(&self.pace.limits.look_ups).acquire_owned().await.ok()?;
            tokio::task::spawn_blocking(move || {
                let answer = ask();
                drop(permit);
                answer
            })
            .await
            .ok()?
        };
        tokio::time::timeout(patience, asking).await.ok()?
    }

    /// What the scan does on each host.
    pub(crate) fn plan(&self) -> &Plan {
        &self.pace.plan
    }

    /// Requests that web servers of this host may be asked at the same time.
    pub(crate) fn http_max(&self) -> usize {
        self.pace.http
    }

    /// Sockets that may be open to this host at the same time.
    pub(crate) fn connections_max(&self) -> usize {
        self.pace.connections_per_host
    }

    /// Ports that may be looked at at the same time.
    pub(crate) fn port_scan_max(&self) -> usize {
        self.pace.port_scan
    }

    /// Room for one more socket to this host. The semaphores are never closed; should one be, the
    /// host is treated as silent.
    async fn room(&self) -> Option<SocketPermit> {
        let host = Arc::clone(&self.connections).acquire_owned().await.ok()?;
        let machine = Arc::clone(&self.pace.limits.sockets).acquire_owned().await.ok()?;
        Some(SocketPermit { _host: host, _machine: machine })
    }

    /// Connects, waiting as long as the measured round trips say. A refusal and an acceptance are
    /// measurements themselves.
    pub(crate) async fn connect(&self, port: u16) -> Connected {
        self.connect_within(port, None).await
    }

    /// Like [`connect`](Self::connect) with a patience of the caller's.
    pub(crate) async fn connect_within(&self, port: u16, patience: Option<Duration>) -> Connected {
        let Some(permit) = self.room().await else { return Connected::Silent };
        for attempt in 0..LOCAL_SHORTAGE_TRIES {
            self.pace.depart().await;
            let started = Instant::now();
            let limit = patience.unwrap_or_else(|| self.round_trip.timeout());
            let socket = if self.address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
            let Ok(socket) = socket else {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            };
            let target = SocketAddr::new(self.address, port);
            match tokio::time::timeout(limit, socket.connect(target)).await {
                Err(_) => return Connected::Silent,
                Ok(Ok(stream)) => {
                    self.round_trip.record(started.elapsed());
                    return if is_self_connection(&stream) {
                        Connected::Refused
                    } else {
                        let _ = stream.set_nodelay(true);
                        Connected::Open(stream, permit)
                    };
                }
                Ok(Err(error)) => match error.kind() {
                    std::io::ErrorKind::ConnectionRefused => {
                        self.round_trip.record(started.elapsed());
                        return Connected::Refused;
                    }
                    std::io::ErrorKind::ConnectionReset => return Connected::Reset,
                    _ if is_local_shortage(&error) => {
                        tokio::time::sleep(Duration::from_millis(5 * u64::from(attempt + 1))).await;
                    }
                    _ => return Connected::Silent,
                },
            }
        }
        Connected::Silent
    }

    /// Of the host's family: none of ours in particular.
    const fn any_address(&self) -> IpAddr {
        match self.address {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        }
    }

    /// The host as it stands in front of a port, in addresses of the web and elsewhere.
    pub(crate) fn authority(&self) -> String {
        match self.address {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        }
    }

    /// A datagram socket that hears this host's port only, and its ICMP errors.
    pub(crate) async fn datagram(&self, port: u16) -> Option<(UdpSocket, SocketPermit)> {
        let permit = self.room().await?;
        let socket = UdpSocket::bind((self.any_address(), 0)).await.ok()?;
        socket.connect((self.address, port)).await.ok()?;
        Some((socket, permit))
    }

    /// A datagram socket that hears everybody, for services that answer from another port.
    pub(crate) async fn listener(&self) -> Option<(UdpSocket, SocketPermit)> {
        let permit = self.room().await?;
        Some((UdpSocket::bind((self.any_address(), 0)).await.ok()?, permit))
    }

    /// Returns when one more datagram may leave.
    pub(crate) async fn depart(&self) {
        self.pace.depart().await;
    }

    /// The end of a conversation that may take `budget`, never after the host's own end.
    pub(crate) fn until(&self, budget: Duration) -> Instant {
        (Instant::now() + budget).min(self.deadline)
    }
}

/// On the loopback a connection to a port of the ephemeral range can meet itself: the kernel picks
/// the very port as its source, and both halves of a simultaneous open are ours.
fn is_self_connection(stream: &TcpStream) -> bool {
    match (stream.local_addr(), stream.peer_addr()) {
        (Ok(local), Ok(peer)) => local == peer,
        _ => false,
    }
}

/// The machine is out of ephemeral ports, files or buffers; this passes.
fn is_local_shortage(error: &std::io::Error) -> bool {
    use nix::errno::Errno;
    let Some(code) = error.raw_os_error() else { return false };
    matches!(
        Errno::from_raw(code),
        Errno::EADDRNOTAVAIL
            | Errno::EADDRINUSE
            | Errno::EMFILE
            | Errno::ENFILE
            | Errno::ENOBUFS
            | Errno::ENOMEM
    )
}

#[cfg(test)]
mod tests {
    use palisade_model::option_profile::PerformanceLevel;

    use super::*;

    fn pace(rate_pps: u32) -> Arc<Pace> {
        let performance = Performance {
            hosts_external: 2,
            connections_per_host: Some(4),
            rate_pps: Some(rate_pps),
            host_timeout_s: 60,
            ..Performance::of(PerformanceLevel::Custom)
        };
        Pace::new(Arc::new(Limits::new(100, 100_000)), &performance, Plan::everything())
    }

    #[tokio::test]
    async fn nothing_leaves_faster_than_the_rate() {
        let pace = pace(200);
        let started = Instant::now();
        for _ in 0..60 {
            pace.depart().await;
        }
        // A burst of ten, then fifty at five milliseconds each.
        assert!(started.elapsed() >= Duration::from_millis(240), "{:?}", started.elapsed());
    }

    #[tokio::test]
    async fn a_host_never_has_more_connections_than_its_share() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let host = HostPace::new(Ipv4Addr::LOCALHOST, pace(10_000));
        let mut held = Vec::new();
        for _ in 0..4 {
            held.push(host.connect(port).await);
        }
        let fifth = tokio::time::timeout(Duration::from_millis(100), host.connect(port)).await;
        assert!(fifth.is_err(), "{fifth:?}");
        held.pop();
        assert!(matches!(host.connect(port).await, Connected::Open(..)));
    }

    #[tokio::test]
    async fn a_connection_that_met_itself_is_no_open_port() {
        // Bind first, then connect to the bound address: a simultaneous open with itself.
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let own = socket.local_addr().unwrap();
        let stream = socket.connect(own).await.unwrap();
        assert!(is_self_connection(&stream));
    }
}
