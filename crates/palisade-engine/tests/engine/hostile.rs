//! Hosts that mean harm, or are merely broken: budgets hold, and what was heard is delivered.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::support::{order, scan, scan_loopback};

/// These servers would take for ever; a scan that keeps its budgets is far below this, also on a
/// busy machine. How fast it is, the benchmarks measure.
const PATIENCE: Duration = Duration::from_secs(45);

/// A port that treats every connection as `behave` says, until the test ends.
async fn server<F>(behave: impl Fn(TcpStream) -> F + Send + 'static) -> (u16, JoinHandle<()>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let accepting = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(behave(stream));
        }
    });
    (port, accepting)
}

/// Scans the port and says how long that took.
async fn timed(port: u16) -> (palisade_model::PortFacts, Duration) {
    let started = Instant::now();
    let host = scan_loopback([port]).await;
    let facts = host.facts.ports.into_iter().find(|facts| facts.port == port).expect("the port is open");
    (facts, started.elapsed())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_that_never_says_a_word_is_not_waited_for() {
    let (port, _server) = server(|mut stream| async move {
        let mut bytes = [0; 1024];
        while stream.read(&mut bytes).await.is_ok_and(|count| count > 0) {}
    })
    .await;
    let (facts, took) = timed(port).await;
    assert_eq!(facts.service, "unknown");
    assert!(took < PATIENCE, "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_byte_a_second_is_not_waited_for() {
    let (port, _server) = server(|mut stream| async move {
        for byte in b"220 slow.test ESMTP".iter().cycle() {
            if stream.write_all(&[*byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    })
    .await;
    let (_, took) = timed(port).await;
    assert!(took < PATIENCE, "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endless_banner_is_cut() {
    let (port, _server) =
        server(|mut stream| async move { while stream.write_all(&[b'x'; 4096]).await.is_ok() {} }).await;
    let (facts, took) = timed(port).await;
    assert!(took < PATIENCE, "{took:?}");
    assert!(facts.banner.unwrap().len() <= 1024);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_headers_end_the_conversation() {
    let (port, _server) = server(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n").await;
        while stream.write_all(b"X-More: and more\r\n").await.is_ok() {}
    })
    .await;
    let (facts, took) = timed(port).await;
    assert_eq!(facts.service, "http");
    assert!(took < PATIENCE, "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handshake_that_never_ends_is_given_up() {
    // A server hello is announced and never sent.
    let (port, _server) = server(|mut stream| async move {
        let _ = stream.write_all(&[0x16, 3, 3, 0x40, 0, 2, 0, 0x3f, 0xfc]).await;
        tokio::time::sleep(Duration::from_mins(1)).await;
    })
    .await;
    let (_, took) = timed(port).await;
    assert!(took < PATIENCE, "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_at_once_is_an_open_port_of_an_unknown_service() {
    let (port, _server) = server(|stream| async move {
        let _ = stream.set_zero_linger();
    })
    .await;
    let (facts, took) = timed(port).await;
    assert_eq!(facts.service, "unknown");
    assert!(took < PATIENCE, "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_costs_all_its_time_is_delivered_with_what_was_found() {
    let (port, _server) = server(|mut stream| async move {
        let _ = stream.write_all(b"220 slow.test ESMTP\r\n").await;
        tokio::time::sleep(Duration::from_mins(1)).await;
    })
    .await;
    let mut order = order("127.0.0.1", [port]);
    order.profile.performance.host_timeout_s = 1;
    let started = Instant::now();
    let host = scan(order).await.pop().unwrap();
    assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
    assert!(host.facts.timed_out);
    assert_eq!(host.facts.ports.len(), 1);
    assert!(!host.tcp_ports.contains(port), "a port cut short does not count as looked at");
    assert!(host.tested.iter().all(|qid| host.findings.iter().any(|finding| finding.qid == *qid)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_bad_port_does_not_hold_up_the_others() {
    let (bad, _bad) = server(|mut stream| async move {
        while stream.write_all(b"*").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    })
    .await;
    let (good, _good) = server(|mut stream| async move {
        let _ = stream.write_all(b"+OK POP3 ready\r\n").await;
        let mut bytes = [0; 256];
        while stream.read(&mut bytes).await.is_ok_and(|count| count > 0) {
            let _ = stream.write_all(b"-ERR no\r\n").await;
        }
    })
    .await;
    let host = scan_loopback([bad, good]).await;
    let service =
        host.facts.ports.iter().find(|facts| facts.port == good).map(|facts| facts.service.as_str());
    assert_eq!(service, Some("pop3"));
}
