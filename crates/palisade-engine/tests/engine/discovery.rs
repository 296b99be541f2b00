//! Finding hosts and ports on the loopback.

use std::sync::Arc;
use std::time::Duration;

use crate::support::{order, scan, scan_loopback};
use palisade_engine::{Limits, Sight, SurveyContext, SurveyOrder, survey_hosts};
use palisade_model::{OptionProfile, SeededIds, SystemClock};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
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
async fn an_ipv6_host_is_found_and_its_services_are_too() {
    let Ok(listener) = TcpListener::bind("[::1]:0").await else {
        // A kernel without IPv6 has no such hosts.
        return;
    };
    let open = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut bytes = [0; 2_048];
                let count = stream.read(&mut bytes).await.unwrap_or(0);
                let request = String::from_utf8_lossy(&bytes[..count]).into_owned();
                if request.contains(" HTTP/1.1\r\n")
                    && !request.contains(&format!("\r\nHost: [::1]:{open}\r\n"))
                {
                    return;
                }
                if request.starts_with("GET ") {
                    let page = b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nContent-Length: 2\r\n\r\nhi";
                    let _ = stream.write_all(page).await;
                }
            });
        }
    });
    let mut both = order("127.77.0.3", [open]);
    both.targets_v6 = "::1".parse().unwrap();
    let hosts = scan(both).await;
    let addresses: Vec<String> = hosts.iter().map(|host| host.facts.address.to_string()).collect();
    assert_eq!(addresses, ["127.77.0.3", "::1"]);
    let facts = &hosts[1].facts;
    assert!(facts.alive && facts.alive_by.is_some());
    let [port] = facts.ports.as_slice() else { panic!("{:?}", facts.ports) };
    assert_eq!((port.port, port.service.as_str()), (open, "http"));
    assert_eq!(port.http.as_ref().unwrap().server.as_deref(), Some("nginx/1.22.1"));
    assert!(
        hosts[1].findings.iter().any(|finding| finding.qid.number() == 86_000),
        "{:?}",
        hosts[1].findings
    );
}

#[tokio::test]
async fn ipv6_hosts_are_surveyed_beside_others() {
    let Ok(listener) = TcpListener::bind("[::1]:0").await else { return };
    let open = listener.local_addr().unwrap().port();
    let ports = [open].into_iter().collect();
    let mut order = SurveyOrder::of(&OptionProfile::initial(), "127.77.0.4".parse().unwrap(), Some(ports));
    order.targets_v6 = "::1".parse().unwrap();
    let context = SurveyContext {
        clock: Arc::new(SystemClock),
        ids: Arc::new(SeededIds::new(3)),
        limits: Arc::new(Limits::of_machine(50_000)),
    };
    let (sights, mut received) = tokio::sync::mpsc::channel(4);
    let survey = tokio::spawn(survey_hosts(order, context, sights));
    let mut seen = Vec::new();
    while let Some(sight) = received.recv().await {
        if let Sight::Host(sighting) = sight {
            seen.push((sighting.address.to_string(), sighting.ports.unwrap().open));
        }
    }
    survey.await.unwrap();
    seen.sort();
    assert_eq!(seen, [("127.77.0.4".to_owned(), vec![]), ("::1".to_owned(), vec![open])]);
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
