//! The worker loop against a server in memory.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::support::{MemoryLink, lease, order};
use palisade_engine::{AskedPorts, Hold, PartialHost, PartialPorts, Worker, WorkerOptions};
use palisade_model::{PortSet, SeededIds, SystemClock};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

fn options() -> WorkerOptions {
    WorkerOptions {
        poll_every: Duration::from_millis(20),
        renew_every: Duration::from_millis(50),
        retry_first: Duration::from_millis(10),
        ..WorkerOptions::default()
    }
}

/// Runs a worker until `until` is true of the server, at most a minute.
async fn work(link: &Arc<MemoryLink>, until: impl FnMut(&mut crate::support::Server) -> bool) {
    work_with(options(), link, until).await;
}

async fn work_with(
    options: WorkerOptions,
    link: &Arc<MemoryLink>,
    mut until: impl FnMut(&mut crate::support::Server) -> bool,
) {
    let worker = Worker::new(
        Arc::clone(link),
        crate::support::kb(),
        Arc::new(SystemClock),
        Arc::new(SeededIds::new(1)),
        options,
    );
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(async move {
        worker
            .run(async {
                let _ = stopped.await;
            })
            .await;
    });
    let started = Instant::now();
    while !link.read(&mut until) {
        assert!(started.elapsed() < Duration::from_mins(1), "{:?}", link.state);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let _ = stop.send(());
    running.await.expect("the worker ends");
}

/// A listener that accepts and never says a word.
async fn silent_port() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    (listener, port)
}

#[tokio::test]
async fn slices_are_delivered_host_by_host_and_completed() {
    let link =
        MemoryLink::with([lease(1, order("127.0.0.1-127.0.0.3", [1])), lease(2, order("127.0.0.9", [1]))]);
    work(&link, |server| server.completed.len() == 2).await;
    let mut delivered = link.read(|server| server.delivered.clone());
    delivered.sort_unstable();
    let expected = [1, 2, 3, 9].map(|last| Ipv4Addr::new(127, 0, 0, last));
    assert_eq!(delivered, expected);
}

#[tokio::test]
async fn hosts_delivered_before_are_not_scanned_again() {
    let mut again = lease(1, order("127.0.0.1-127.0.0.3", [1]));
    again.delivered = vec![Ipv4Addr::new(127, 0, 0, 2)];
    let link = MemoryLink::with([again]);
    work(&link, |server| server.completed.len() == 1).await;
    assert!(!link.read(|server| server.delivered.contains(&Ipv4Addr::new(127, 0, 0, 2))));
    assert_eq!(link.read(|server| server.delivered.len()), 2);
}

#[tokio::test]
async fn a_server_that_is_away_for_a_while_loses_nothing() {
    let link = MemoryLink::with([lease(1, order("127.0.0.1", [1]))]);
    link.read(|server| server.failures = 5);
    work(&link, |server| server.completed.len() == 1).await;
    assert_eq!(link.read(|server| server.delivered.len()), 1);
}

#[tokio::test]
async fn a_cancelled_slice_stops_at_once_and_is_completed() {
    let (_listener, port) = silent_port().await;
    let link = MemoryLink::with([lease(1, order("127.0.0.1", [port]))]);
    link.read(|server| server.hold = Some(Hold::Cancelled));
    let started = Instant::now();
    work(&link, |server| server.completed.len() == 1).await;
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    assert_eq!(link.read(|server| server.delivered.len()), 0);
}

#[tokio::test]
async fn a_slice_of_a_paused_scan_stops_at_once_keeps_what_was_delivered_and_goes_on_from_there() {
    let (_listener, port) = silent_port().await;
    let link = MemoryLink::with([lease(1, order("127.0.0.1-127.0.0.3", [port]))]);
    // The listener is one host's: the others refuse, and are delivered at once.
    work(&link, |server| {
        if server.delivered.len() == 2 {
            server.hold = Some(Hold::Paused);
        }
        server.completed.len() == 1
    })
    .await;
    let delivered = link.read(|server| server.delivered.clone());
    assert!(!delivered.contains(&Ipv4Addr::LOCALHOST), "{delivered:?}");

    // Another worker takes up the rest.
    let mut rest = lease(2, order("127.0.0.1-127.0.0.3", [port]));
    rest.delivered = delivered;
    link.read(|server| {
        server.hold = None;
        server.leases.push_back(rest);
    });
    work(&link, |server| server.completed.len() == 2).await;
    let mut delivered = link.read(|server| server.delivered.clone());
    delivered.sort_unstable();
    assert_eq!(delivered, [1, 2, 3].map(|last| Ipv4Addr::new(127, 0, 0, last)), "each once");
}

#[tokio::test]
async fn a_lost_slice_delivers_and_completes_nothing() {
    let (_listener, port) = silent_port().await;
    let link = MemoryLink::with([lease(1, order("127.0.0.1", [port]))]);
    link.read(|server| server.hold = Some(Hold::Lost));
    work(&link, |server| server.refused > 0).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(link.read(|server| (server.delivered.len(), server.completed.len())), (0, 0));
}

#[tokio::test]
async fn progress_is_told_while_the_scan_runs() {
    let (_listener, port) = silent_port().await;
    let link = MemoryLink::with([lease(1, order("127.0.0.1", [port]))]);
    work(&link, |server| server.completed.len() == 1).await;
    let progress = link.read(|server| server.progress.clone());
    assert!(progress.iter().all(|step| step.work_done <= step.work_total), "{progress:?}");
    assert!(progress.is_sorted_by_key(|step| step.work_done), "{progress:?}");
}

/// When each connection was made, as the host sees it.
type Visits = Arc<Mutex<Vec<Instant>>>;

/// Ports of one host, each of which waits for the first word and never says one.
async fn silent_ports(count: usize) -> (Vec<u16>, Visits) {
    let visits = Visits::default();
    let mut ports = Vec::new();
    for _ in 0..count {
        let (listener, port) = silent_port().await;
        let visits = Arc::clone(&visits);
        ports.push(port);
        tokio::spawn(async move {
            let mut held = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                visits.lock().expect("nobody panics with it").push(Instant::now());
                held.push(stream);
            }
        });
    }
    (ports, visits)
}

/// The usual pace of renewals, by which a worker hears of an order.
fn usual_renewals() -> WorkerOptions {
    WorkerOptions { renew_every: WorkerOptions::default().renew_every, ..options() }
}

#[tokio::test]
async fn an_order_to_stop_is_felt_by_the_host_within_two_seconds() {
    for order_to_stop in [Hold::Paused, Hold::Cancelled] {
        let (ports, visits) = silent_ports(40).await;
        let count = || visits.lock().expect("nobody panics with it").len();
        let link = MemoryLink::with([lease(1, order("127.0.0.1", ports.clone()))]);
        let mut ordered_at = None;
        work_with(usual_renewals(), &link, |server| {
            // In the midst of its services: every port was found, and some are being spoken to.
            if ordered_at.is_none() && count() > ports.len() + 20 {
                ordered_at = Some(Instant::now());
                server.hold = Some(order_to_stop);
            }
            server.completed.len() == 1
        })
        .await;
        let ordered_at = ordered_at.expect("the order was given");
        let last = visits.lock().expect("nobody panics with it").last().copied().expect("there were some");
        let felt_after = last.saturating_duration_since(ordered_at);
        assert!(felt_after < Duration::from_secs(2), "{order_to_stop:?}: {felt_after:?}");
        let visited = count();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(count(), visited, "{order_to_stop:?}: the host is still spoken to");
        assert_eq!(link.read(|server| server.delivered.len()), 0);
    }
}

#[tokio::test]
async fn a_host_that_was_paused_half_way_is_delivered_once_and_whole() {
    let (ports, visits) = silent_ports(12).await;
    let whole = order("127.0.0.1", ports.clone());
    let link = MemoryLink::with([lease(1, whole.clone())]);
    work_with(options(), &link, |server| {
        if visits.lock().expect("nobody panics with it").len() > ports.len() + 4 {
            server.hold = Some(Hold::Paused);
        }
        server.completed.len() == 1
    })
    .await;
    link.read(|server| {
        server.hold = None;
        server.leases.push_back(lease(2, whole));
    });
    work_with(options(), &link, |server| server.completed.len() == 2).await;
    let results = link.read(|server| std::mem::take(&mut server.results));
    let [result] = results.as_slice() else { panic!("delivered {} times", results.len()) };
    let open: Vec<u16> = result.facts.ports.iter().map(|port| port.port).collect();
    let mut expected = ports;
    expected.sort_unstable();
    assert_eq!(open, expected);
    assert!(!result.facts.timed_out);
    let told: std::collections::BTreeSet<_> =
        result.findings.iter().map(|finding| (finding.qid, finding.transport, finding.port)).collect();
    assert_eq!(told.len(), result.findings.len(), "no finding twice");
}

#[tokio::test]
async fn what_was_kept_of_a_paused_host_is_not_asked_again() {
    let (ports, visits) = silent_ports(2).await;
    let [open, said_to_refuse] = ports.as_slice() else { panic!("{ports:?}") };
    let set = |ports: &[u16]| ports.iter().copied().collect::<PortSet>();
    let kept = PartialHost {
        address: Ipv4Addr::LOCALHOST,
        alive_by: Some("told before".to_owned()),
        ttl: Some(61),
        icmp_echo: None,
        method: "as before".to_owned(),
        ports: PartialPorts::Connected(AskedPorts {
            asked: set(&ports),
            open: set(&[*open]),
            silent: PortSet::default(),
        }),
    };
    let elsewhere = PartialHost { address: Ipv4Addr::new(127, 0, 0, 9), ..kept.clone() };
    let mut again = lease(1, order("127.0.0.1", ports.clone()));
    again.partial = vec![kept, elsewhere];
    let link = MemoryLink::with([again]);
    work(&link, |server| server.completed.len() == 1).await;
    let results = link.read(|server| std::mem::take(&mut server.results));
    let [result] = results.as_slice() else { panic!("{} hosts were delivered", results.len()) };
    let found: Vec<u16> = result.facts.ports.iter().map(|port| port.port).collect();
    assert_eq!(found, [*open], "{said_to_refuse} was not looked at");
    assert_eq!((result.facts.tcp_scanned, result.facts.tcp_closed), (2, 1));
    assert_eq!((result.facts.alive_by.as_deref(), result.facts.ttl), (Some("told before"), Some(61)));
    assert_eq!(result.facts.method, "as before");
    assert!(!visits.lock().expect("nobody panics with it").is_empty(), "its service is looked at");
}

#[tokio::test]
async fn a_paused_slice_hands_in_what_it_knows_of_hosts_that_are_not_done() {
    let (ports, visits) = silent_ports(12).await;
    let link = MemoryLink::with([lease(1, order("127.0.0.1", ports.clone()))]);
    work_with(options(), &link, |server| {
        // Every port was found, and some are being spoken to.
        if visits.lock().expect("nobody panics with it").len() > ports.len() + 4 {
            server.hold = Some(Hold::Paused);
        }
        server.completed.len() == 1
    })
    .await;
    let kept = link.read(|server| std::mem::take(&mut server.partial));
    let [host] = kept.as_slice() else { panic!("{kept:?}") };
    assert_eq!(host.address, Ipv4Addr::LOCALHOST);
    assert!(host.alive_by.is_some());
    let PartialPorts::Connected(asked) = &host.ports else { panic!("{host:?}") };
    let all: PortSet = ports.into_iter().collect();
    assert_eq!((&asked.asked, &asked.open), (&all, &all));
}
