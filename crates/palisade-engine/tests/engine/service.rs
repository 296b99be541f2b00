//! Services are what answers, on whatever port, plain or through TLS.

use std::sync::Arc;

use palisade_model::PortFacts;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::support::scan_loopback;

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

fn tls_acceptor() -> TlsAcceptor {
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
