//! Hosts that answer too much, from elsewhere, or not for long: what they cost is counted on their
//! side, in connections and bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use palisade_model::option_profile::ScanPorts;
use palisade_model::{HostResult, PortSet, Transport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinHandle;

use crate::support::{order, scan, scan_loopback};

/// These servers would take for ever; a scan that keeps its budgets is far below this, also on a
/// busy machine.
const PATIENCE: Duration = Duration::from_secs(50);
/// More connections than this no port is worth (a TLS port is: see the enumeration's own limit).
const CONNECTIONS_MAX: usize = 120;
/// What one connection may take in, and what the kernel's buffers on both sides hold besides.
const CONNECTION_BYTES_MAX: usize = (1 << 20) + (12 << 20);

/// What a server counted.
#[derive(Debug, Default)]
struct Counts {
    connections: AtomicUsize,
    bytes: AtomicUsize,
}

impl Counts {
    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// A port that treats every connection as `behave` says, until the test ends.
async fn server<F>(
    behave: impl Fn(TcpStream, Arc<Counts>) -> F + Send + 'static,
) -> (u16, Arc<Counts>, JoinHandle<()>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let counts = Arc::new(Counts::default());
    let counted = Arc::clone(&counts);
    let accepting = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted.connections.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(behave(stream, Arc::clone(&counted)));
        }
    });
    (port, counts, accepting)
}

/// Writes `piece` over and over, and counts, until nobody listens.
async fn flood(stream: &mut TcpStream, counts: &Counts, piece: &[u8]) {
    while let Ok(written) = stream.write(piece).await {
        counts.bytes.fetch_add(written, Ordering::SeqCst);
    }
}

async fn request(stream: &mut TcpStream) -> String {
    let mut bytes = vec![0; 4096];
    let count = stream.read(&mut bytes).await.unwrap_or_default();
    String::from_utf8_lossy(bytes.get(..count).unwrap_or_default()).into_owned()
}

fn service(host: &HostResult, port: u16) -> Option<&str> {
    host.facts.ports.iter().find(|facts| facts.port == port).map(|facts| facts.service.as_str())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_byte_a_minute_is_not_waited_for() {
    let (port, counts, _server) = server(|mut stream, _| async move {
        for byte in b"SSH-2.0-slow" {
            if stream.write_all(&[*byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_mins(1)).await;
        }
    })
    .await;
    let started = Instant::now();
    let host = scan_loopback([port]).await;
    assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
    assert_eq!(host.facts.ports.len(), 1);
    assert!(counts.connections() <= CONNECTIONS_MAX, "{counts:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_resets_does_not_hide_a_service_among_them() {
    let mut ports = Vec::new();
    let mut storm = Vec::new();
    for _ in 0..24 {
        let (port, counts, accepting) = server(|mut stream, _| async move {
            // It listens for a word, and hangs up on whoever says one.
            let mut byte = [0];
            let _ = tokio::time::timeout(Duration::from_millis(50), stream.read(&mut byte)).await;
            let _ = stream.set_zero_linger();
        })
        .await;
        ports.push(port);
        storm.push((counts, accepting));
    }
    let (good, _, _good) = server(|mut stream, _| async move {
        let _ = stream.write_all(b"+OK POP3 ready\r\n").await;
        while !request(&mut stream).await.is_empty() {
            let _ = stream.write_all(b"-ERR no\r\n").await;
        }
    })
    .await;
    ports.push(good);
    let host = scan_loopback(ports).await;
    assert_eq!(service(&host, good), Some("pop3"));
    assert_eq!(host.facts.ports.len(), 25);
    for (counts, _) in &storm {
        assert!(counts.connections() <= CONNECTIONS_MAX, "{counts:?}");
    }
}

/// Answers questions that come to `asked`, from there or from elsewhere.
async fn memcached(asked: &'static str, answers_from: &'static str) -> JoinHandle<()> {
    const ANSWER: &[u8] = b"VERSION 1.6.18\r\n";
    let listening = UdpSocket::bind(asked).await.expect("a port nobody has");
    let elsewhere = if asked == answers_from { None } else { UdpSocket::bind(answers_from).await.ok() };
    tokio::spawn(async move {
        let mut bytes = [0; 2048];
        while let Ok((count, from)) = listening.recv_from(&mut bytes).await {
            // The head of the question is that of the answer.
            let head = bytes.get(..8.min(count)).unwrap_or_default();
            let sender = elsewhere.as_ref().unwrap_or(&listening);
            let _ = sender.send_to(&[head, ANSWER].concat(), from).await;
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_from_another_address_are_nobodys() {
    let _honest = memcached("127.0.0.94:11211", "127.0.0.94:11211").await;
    let _forged = memcached("127.0.0.95:11211", "127.0.0.97:11211").await;
    let mut order = order("127.0.0.94-127.0.0.95", []);
    order.profile.scan_dead_hosts = true;
    order.profile.udp = ScanPorts::only([11_211].into_iter().collect::<PortSet>());
    let hosts = scan(order).await;
    let open: Vec<(String, &str)> = hosts
        .iter()
        .flat_map(|host| host.facts.ports.iter().map(|port| (host.facts.address.to_string(), port)))
        .filter(|(_, port)| port.transport == Transport::Udp)
        .map(|(address, port)| (address, port.service.as_str()))
        .collect();
    assert_eq!(open, [("127.0.0.94".to_owned(), "memcached")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_without_end_are_cut_packed_or_not() {
    for head in [
        "",
        "Content-Encoding: gzip\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Content-Length: 99999999999\r\n",
    ] {
        let (port, counts, _server) = server(move |mut stream, counts| async move {
            let asked = request(&mut stream).await;
            assert!(!asked.to_ascii_lowercase().contains("accept-encoding"), "nobody unpacks it: {asked}");
            let head = format!("HTTP/1.1 200 OK\r\nServer: bomb\r\n{head}\r\n");
            let _ = stream.write_all(head.as_bytes()).await;
            // The beginning of much in little, and a chunk that is long.
            let piece = [b"7fffffff\r\n\x1f\x8b\x08\0\0\0\0\0\0\x03".as_slice(), &[0; 16 << 10]].concat();
            flood(&mut stream, &counts, &piece).await;
        })
        .await;
        let started = Instant::now();
        let host = scan_loopback([port]).await;
        assert!(started.elapsed() < PATIENCE, "{head:?}: {:?}", started.elapsed());
        assert_eq!(service(&host, port), Some("http"), "{head:?}");
        let taken = counts.bytes.load(Ordering::SeqCst);
        assert!(counts.connections() <= CONNECTIONS_MAX, "{counts:?}");
        assert!(taken <= counts.connections() * CONNECTION_BYTES_MAX, "{head:?}: {counts:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redirects_are_told_and_never_followed() {
    let elsewhere = TcpListener::bind("127.0.0.96:0").await.expect("an address of the loopback");
    let target = elsewhere.local_addr().expect("an address");
    let followed = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&followed);
    let _elsewhere = tokio::spawn(async move {
        while elsewhere.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    let (port, counts, _server) = server(move |mut stream, counts| async move {
        let _ = request(&mut stream).await;
        let number = counts.connections();
        let to = if number.is_multiple_of(2) {
            format!("http://{target}/{number}")
        } else {
            format!("/{number}/")
        };
        let answer = format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
        let _ = stream.write_all(answer.as_bytes()).await;
    })
    .await;
    let host = scan_loopback([port]).await;
    assert_eq!(service(&host, port), Some("http"));
    assert_eq!(followed.load(Ordering::SeqCst), 0);
    assert!(counts.connections() <= CONNECTIONS_MAX, "{counts:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handshake_without_end_is_cut() {
    let (port, counts, _server) = server(|mut stream, counts| async move {
        let _ = request(&mut stream).await;
        // Requests for another handshake, each a whole message, for ever.
        let record = [[22, 3, 3, 0x10, 0].as_slice(), &[0; 0x1000]].concat();
        flood(&mut stream, &counts, &record).await;
    })
    .await;
    let started = Instant::now();
    let host = scan_loopback([port]).await;
    assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
    assert_eq!(host.facts.ports.len(), 1);
    let taken = counts.bytes.load(Ordering::SeqCst);
    assert!(taken <= counts.connections() * CONNECTION_BYTES_MAX, "{counts:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn escape_codes_end_before_they_reach_a_terminal() {
    const TITLE: &str = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31mred";
    let (mail, _, _mail) = server(|mut stream, _| async move {
        let _ = stream.write_all(format!("220 {TITLE} ESMTP\r\n").as_bytes()).await;
        while !request(&mut stream).await.is_empty() {
            let _ = stream.write_all(format!("250 {TITLE}\r\n").as_bytes()).await;
        }
    })
    .await;
    let (web, _, _web) = server(|mut stream, _| async move {
        let _ = request(&mut stream).await;
        let body = format!("<title>{TITLE}</title>");
        let head = format!(
            "HTTP/1.1 200 {TITLE}\r\nServer: {TITLE}\r\nSet-Cookie: {TITLE}=1\r\nLocation: {TITLE}\r\n\r\n"
        );
        let _ = stream.write_all(head.as_bytes()).await;
        let _ = stream.write_all(body.as_bytes()).await;
    })
    .await;
    let host = scan_loopback([mail, web]).await;
    assert_eq!((service(&host, mail), service(&host, web)), (Some("smtp"), Some("http")));
    let everything = format!("{host:?}");
    // What `Debug` shows of a control character is its number in braces.
    for code in ["\\u{1b}", "\\u{7}", "\\u{9b}", "\u{1b}"] {
        assert!(!everything.contains(code), "{code} in {everything}");
    }
}

/// A server that breaks for good when more than so many clients are there at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_breaks_under_load_is_not_broken() {
    const ROOM: usize = 3;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let (broken, most) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (breaks, seen) = (Arc::clone(&broken), Arc::clone(&most));
    let _server = tokio::spawn(async move {
        let present = Arc::new(AtomicUsize::new(0));
        while let Ok((mut stream, _)) = listener.accept().await {
            let there = present.fetch_add(1, Ordering::SeqCst) + 1;
            seen.fetch_max(there, Ordering::SeqCst);
            if there > ROOM {
                breaks.store(true, Ordering::SeqCst);
                return;
            }
            let present = Arc::clone(&present);
            tokio::spawn(async move {
                if request(&mut stream).await.starts_with("GET / ") {
                    let answer = b"HTTP/1.1 200 OK\r\nServer: fragile\r\nContent-Length: 2\r\n\r\nok";
                    let _ = stream.write_all(answer).await;
                } else {
                    let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await;
                }
                // Before the connection ends on the other side: who sees the end may come again at once.
                present.fetch_sub(1, Ordering::SeqCst);
                let _ = stream.shutdown().await;
            });
        }
    });
    let mut order = order("127.0.0.1", [port]);
    order.profile.performance.connections_per_host = Some(u16::try_from(ROOM).expect("few"));
    let host = scan(order).await.pop().expect("one host");
    assert!(!broken.load(Ordering::SeqCst), "{most:?} clients at once");
    assert_eq!(service(&host, port), Some("http"));
    assert!(most.load(Ordering::SeqCst) >= 1);
}
