//! Finding hosts and ports on the loopback.

use std::time::Duration;

use crate::support::{order, scan, scan_loopback};
use tokio::net::TcpListener;

#[tokio::test]
async fn open_and_closed_ports_are_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let open = listener.local_addr().unwrap().port();
    let closed = {
        let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
        other.local_addr().unwrap().port()
    };
    let host = scan_loopback([open, closed]).await;
    assert!(host.facts.alive);
    assert!(host.facts.alive_by.is_some());
    assert_eq!(host.facts.ports.iter().map(|port| port.port).collect::<Vec<_>>(), [open]);
    assert_eq!((host.facts.tcp_scanned, host.facts.tcp_closed, host.facts.tcp_silent), (2, 1, 0));
    assert!(host.tcp_ports.contains(closed));
    assert!(host.facts.round_trip_us.is_some());
}

#[tokio::test]
async fn two_thousand_closed_ports_are_all_refused() {
    // An address of the loopback where nothing listens on the low ports.
    let hosts = scan(order("127.77.0.1", 1..2_000)).await;
    let facts = &hosts[0].facts;
    assert_eq!((facts.tcp_scanned, facts.tcp_silent), (1_999, 0));
}

#[tokio::test]
async fn connections_that_meet_themselves_are_not_open_ports() {
    let hosts = scan(order("127.77.0.2", 33_000..36_000)).await;
    let facts = &hosts[0].facts;
    assert_eq!(facts.ports.len(), 0, "{:?}", facts.ports);
    assert_eq!(facts.tcp_scanned, 3_000);
}

#[tokio::test]
async fn dropping_the_scan_stops_it() {
    let (sender, mut events) = tokio::sync::mpsc::channel(4);
    let scanning =
        palisade_engine::scan_hosts(order("127.0.0.1", 1..60_000), crate::support::context(), sender);
    assert!(tokio::time::timeout(Duration::from_millis(50), scanning).await.is_err());
    while let Some(event) = events.recv().await {
        assert!(matches!(event, palisade_engine::Event::Progress(_)), "{event:?}");
    }
}
