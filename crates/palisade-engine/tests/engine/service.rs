//! Services are what answers, on whatever port, plain or through TLS.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use palisade_model::option_profile::ScanPorts;
use palisade_model::{PortFacts, Transport};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio_rustls::TlsAcceptor;

use crate::support::{order, scan, scan_loopback};

/// Answers requests: a front page, a listing, and 404 for the rest.
async fn web<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) {
    let mut request = Vec::new();
    let mut bytes = [0; 1024];
    while !request.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut bytes).await {
            Ok(count) if count > 0 => request.extend_from_slice(&bytes[..count]),
            _ => return,
        }
    }
    let text = String::from_utf8_lossy(&request);
    let (status, body) = match text.split(' ').nth(1) {
        Some("/") => ("200 OK", "<title>Home</title><a href=\"/files/\">files</a>"),
        Some("/files/") => {
            ("200 OK", "<title>Index of /files/</title><h1>Index of /files/</h1><a href=\"../\">../</a>")
        }
        _ => ("404 Not Found", "no"),
    };
    let answer = format!(
        "HTTP/1.1 {status}\r\nServer: nginx/1.22.1\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

async fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    (listener, port)
}

async fn facts_of(port: u16) -> PortFacts {
    let host = scan_loopback([port]).await;
    assert!(host.tcp_ports.contains(port), "looked at to the end");
    host.facts.ports.into_iter().next().expect("the port is open")
}

pub(crate) fn tls_acceptor() -> TlsAcceptor {
    let certified =
        rcgen::generate_simple_self_signed(vec!["www.example.org".to_owned()]).expect("a certificate");
    let key =
        rustls::pki_types::PrivateKeyDer::try_from(certified.signing_key.serialize_der()).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .expect("a certificate and its key");
    TlsAcceptor::from(Arc::new(config))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_web_server_on_an_odd_port_is_found_and_questioned() {
    let (listener, port) = listen().await;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(web(stream));
        }
    });
    let facts = facts_of(port).await;
    assert_eq!(facts.service, "http");
    let http = facts.http.unwrap();
    assert_eq!((http.status, http.title.as_deref()), (200, Some("Home")));
    assert_eq!(http.listings, ["/files/"]);
    assert_eq!(http.trace, Some(false));
    assert_eq!(facts.product.unwrap().version.as_deref(), Some("1.22.1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_web_server_that_takes_its_time_is_waited_for() {
    let (listener, port) = listen().await;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut bytes = [0; 1024];
                let count = stream.read(&mut bytes).await.unwrap_or(0);
                if bytes[..count].starts_with(b"GET / ") {
                    tokio::time::sleep(Duration::from_millis(2_500)).await;
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
                }
            });
        }
    });
    assert_eq!(facts_of(port).await.service, "http");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_web_server_behind_tls_shows_both_layers() {
    let (listener, port) = listen().await;
    let acceptor = tls_acceptor();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    web(stream).await;
                }
            });
        }
    });
    let facts = facts_of(port).await;
    assert_eq!((facts.service.as_str(), facts.implicit_tls), ("http", true));
    assert_eq!(facts.http.unwrap().title.as_deref(), Some("Home"));
    let tls = facts.tls.unwrap();
    assert_eq!(tls.versions, ["TLSv1.2", "TLSv1.3"]);
    assert!(!tls.starttls && !tls.suites.is_empty());
    let leaf = &tls.certificates[0];
    assert_eq!(leaf.alternative_names, ["www.example.org"]);
    assert_eq!(leaf.name_matches, Some(false));
    assert_ne!(leaf.trusted, Some(true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_echo_is_an_echo() {
    let (listener, port) = listen().await;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut read, mut write) = stream.split();
                let _ = tokio::io::copy(&mut read, &mut write).await;
            });
        }
    });
    assert_eq!(facts_of(port).await.service, "echo");
}

/// Counts the connections to a port that `behave`s so.
async fn counted<F>(behave: impl Fn(tokio::net::TcpStream) -> F + Send + 'static) -> (u16, Arc<AtomicUsize>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let (listener, port) = listen().await;
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(behave(stream));
        }
    });
    (port, count)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_port_costs_few_connections() {
    let (port, count) = counted(|mut stream| async move {
        let mut bytes = [0; 2048];
        while stream.read(&mut bytes).await.is_ok_and(|count| count > 0) {}
    })
    .await;
    assert_eq!(facts_of(port).await.service, "unknown");
    // One more is the connection by which the port was found open.
    let connections = count.load(Ordering::SeqCst);
    assert!(connections <= 8 + 1, "{connections} connections");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_nobody_understands_costs_a_bounded_number() {
    let (port, count) = counted(|mut stream| async move {
        let mut bytes = [0; 2048];
        if stream.read(&mut bytes).await.is_ok_and(|count| count > 0) {
            let _ = stream.write_all(b"\x99\x98\x97").await;
        }
    })
    .await;
    assert_eq!(facts_of(port).await.service, "unknown");
    let connections = count.load(Ordering::SeqCst);
    assert!(connections <= 28 + 1, "{connections} connections");
}

/// Answers ZooKeeper's question, and hangs up on everything else.
async fn keeper<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) {
    let mut bytes = [0; 1024];
    let count = stream.read(&mut bytes).await.unwrap_or(0);
    if bytes[..count] == *b"srvr\n" {
        let _ = stream.write_all(b"Zookeeper version: 3.9.2-abc, built on 2024\nMode: leader\n").await;
    }
    let _ = stream.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_binary_service_is_told_on_an_odd_port_plain_and_through_tls() {
    let (plain, _) = counted(keeper).await;
    let acceptor = tls_acceptor();
    let (wrapped, _) = counted(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                keeper(stream).await;
            }
        }
    })
    .await;
    for (port, tls) in [(plain, false), (wrapped, true)] {
        let facts = facts_of(port).await;
        assert_eq!((facts.service.as_str(), facts.implicit_tls), ("zookeeper", tls));
        let product = facts.product.unwrap();
        assert_eq!((product.name.as_str(), product.version.as_deref()), ("ZooKeeper", Some("3.9.2")));
        assert_eq!(facts.protocol.unwrap().values["mode"], "leader");
    }
}

/// POP3 that knows CAPA and STLS, and after STLS nothing but the handshake.
pub(crate) async fn mail(mut stream: tokio::net::TcpStream, acceptor: TlsAcceptor) {
    let _ = stream.write_all(b"+OK mail ready\r\n").await;
    let mut bytes = [0; 512];
    loop {
        let count = match stream.read(&mut bytes).await {
            Ok(count) if count > 0 => count,
            _ => return,
        };
        let answer: &[u8] = match &bytes[..count] {
            b"STLS\r\n" => {
                let _ = stream.write_all(b"+OK begin\r\n").await;
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    let _ = stream.shutdown().await;
                }
                return;
            }
            b"CAPA\r\n" => b"+OK\r\nUSER\r\nSTLS\r\n.\r\n",
            b"QUIT\r\n" => return,
            _ => b"-ERR no\r\n",
        };
        let _ = stream.write_all(answer).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_switches_to_tls_shows_both_sides() {
    let (listener, port) = listen().await;
    let acceptor = tls_acceptor();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(mail(stream, acceptor.clone()));
        }
    });
    let facts = facts_of(port).await;
    assert_eq!((facts.service.as_str(), facts.implicit_tls), ("pop3", false));
    let pop3 = facts.pop3.unwrap();
    assert!(pop3.stls && pop3.plaintext_login);
    let tls = facts.tls.unwrap();
    assert!(tls.starttls);
    assert_eq!(tls.versions, ["TLSv1.2", "TLSv1.3"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_datagram_port_is_open_only_when_it_answers() {
    let talker = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mute = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let (open, silent) = (talker.local_addr().unwrap().port(), mute.local_addr().unwrap().port());
    tokio::spawn(async move {
        let mut bytes = [0; 512];
        while let Ok((_, from)) = talker.recv_from(&mut bytes).await {
            let _ = talker.send_to(b"good day", from).await;
        }
    });
    let mut order = order("127.0.0.1", []);
    order.profile.udp = ScanPorts::only([open, silent].into_iter().collect());
    let host = scan(order).await.pop().unwrap();
    let found: Vec<_> = host.facts.ports.iter().map(|port| (port.port, port.transport)).collect();
    assert_eq!(found, [(open, Transport::Udp)]);
    assert_eq!(host.facts.ports[0].banner.as_deref(), Some("good day"));
    assert_eq!(host.facts.udp_scanned, 2);
    assert!(host.udp_ports.contains(silent));
}
