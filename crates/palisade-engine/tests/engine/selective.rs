//! What a scan leaves alone: everything that its QIDs do not need, printers, and web servers that
//! are not told who asks. And what it finds all the same: its QIDs, wherever their services stand.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use palisade_model::{HostResult, Qid};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::service::{mail, tls_acceptor};
use crate::support::{order, scan};

/// A web server that keeps the first bytes of every connection.
struct Web {
    port: u16,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Web {
    async fn start(address: &str) -> Self {
        let listener = TcpListener::bind(address).await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let kept = Arc::clone(&kept);
                tokio::spawn(async move {
                    let mut bytes = [0; 2048];
                    let count = stream.read(&mut bytes).await.unwrap_or(0);
                    let text = String::from_utf8_lossy(bytes.get(..count).unwrap_or_default()).into_owned();
                    let web = text.contains(" HTTP/1.");
                    kept.lock().expect("the list").push(text);
                    if web {
                        let page = b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nContent-Length: 2\r\n\r\nhi";
                        let _ = stream.write_all(page).await;
                    }
                });
            }
        });
        Self { port, heard }
    }

    /// What was heard since the last time, once the connections of an ended scan have been noted.
    async fn take(&self) -> Vec<String> {
        tokio::time::sleep(std::time::Duration::from_millis(700)).await;
        std::mem::take(&mut self.heard.lock().expect("the list"))
    }
}

/// Serves each connection to a port of its own, and counts them.
async fn serve<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> (u16, Arc<AtomicUsize>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(serve(stream));
        }
    });
    (port, count)
}

/// Says who it is, and hears the other side out.
async fn shell(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let _ = stream.write_all(b"SSH-2.0-Quay_1.0\r\n").await;
    let _ = stream.read_to_end(&mut Vec::new()).await;
}

async fn web_page(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut bytes = [0; 2048];
    let count = stream.read(&mut bytes).await.unwrap_or(0);
    if bytes.get(..count).is_some_and(|bytes| bytes.starts_with(b"GET ")) {
        let page = b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nContent-Length: 2\r\n\r\nhi";
        let _ = stream.write_all(page).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_qid_is_found_on_every_port_and_costs_little() {
    let acceptor = tls_acceptor();
    let (ssh, ssh_count) = serve(shell).await;
    let hidden_acceptor = acceptor.clone();
    let (hidden_ssh, _) = serve(move |stream| {
        let acceptor = hidden_acceptor.clone();
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                shell(stream).await;
            }
        }
    })
    .await;
    let (web, web_count) = serve(web_page).await;
    let tls_web_acceptor = acceptor.clone();
    let (tls_web, tls_count) = serve(move |stream| {
        let acceptor = tls_web_acceptor.clone();
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                web_page(stream).await;
            }
        }
    })
    .await;
    let (pop3, pop3_count) = serve(move |stream| mail(stream, acceptor.clone())).await;

    let ports = [ssh, hidden_ssh, web, tls_web, pop3];
    let counts = [&ssh_count, &web_count, &tls_count, &pop3_count];
    // What is found by a scan for one QID, and the connections to each of the servers.
    let look = async |qid: u32| {
        for count in counts {
            count.store(0, Ordering::Relaxed);
        }
        let mut order = order("127.0.0.1", ports);
        order.qids = Some(Qid::new(qid).into_iter().collect());
        let host = scan(order).await.pop().expect("one host");
        assert_eq!(host.tested.first().map(|qid| qid.number()), Some(qid), "{:?}", host.tested);
        let mut found: Vec<u16> = host.findings.iter().filter_map(|finding| finding.port).collect();
        found.sort_unstable();
        (found, counts.map(|count| count.load(Ordering::Relaxed)))
    };
    let sorted = |mut ports: Vec<u16>| {
        ports.sort_unstable();
        ports
    };

    // The SSH banner. The port is found open, listened to, and asked what a web server would answer.
    let (found, [to_ssh, ..]) = look(38_050).await;
    assert_eq!(found, sorted(vec![ssh, hidden_ssh]));
    assert!(to_ssh <= 5, "{to_ssh} connections to the SSH server");

    // The version of a web server without TLS: what stands behind TLS does not matter.
    let (found, [_, to_web, to_tls, _]) = look(86_000).await;
    assert_eq!(found, [web]);
    assert!(to_web <= 5 && to_tls <= 5, "{to_web} connections to the web server, {to_tls} to that with TLS");

    // The certificate, which one handshake shows; two where TLS 1.3 hides it.
    let (found, [.., to_tls, to_pop3]) = look(86_002).await;
    assert_eq!(found, sorted(vec![hidden_ssh, tls_web, pop3]));
    assert!(to_tls <= 7 && to_pop3 <= 7, "{to_tls} connections to TLS, {to_pop3} to POP3");

    // All suites take more, and the single questions beyond them are left out.
    let (found, [.., to_tls, _]) = look(38_116).await;
    assert_eq!(found, sorted(vec![hidden_ssh, tls_web, pop3]));
    let (_, [.., to_all, _]) = look(38_706).await;
    assert!(to_tls > 7 && to_tls < to_all, "{to_tls} connections for suites, {to_all} for everything");
}

async fn scan_for(port: u16, qids: &[u32]) -> HostResult {
    let mut order = order("127.0.0.1", [port]);
    order.qids = Some(qids.iter().filter_map(|number| Qid::new(*number)).collect());
    scan(order).await.pop().expect("one host")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn few_qids_cost_few_connections() {
    let web = Web::start("127.0.0.1:0").await;
    let all = scan(order("127.0.0.1", [web.port])).await;
    assert!(all.iter().all(|host| host.tcp_ports.contains(web.port)));
    let full = web.take().await.len();
    assert!(full > 20, "{full} connections of a full scan");

    // Weak TLS protocols: the port is identified, and it has no TLS.
    let tls = scan_for(web.port, &[38_628]).await;
    let few = web.take().await.len();
    assert!(few * 3 < full && few > 0, "{few} connections for a QID of TLS, {full} for all");
    assert_eq!(tls.facts.ports.first().map(|port| port.http.is_none()), Some(true));

    // The address answers, and the duration needs no port.
    let duration = scan_for(web.port, &[45_038]).await;
    assert_eq!((web.take().await.len(), duration.findings.len()), (0, 1));
    assert_eq!(duration.tested, [Qid::new(45_038).expect("a QID")]);

    // One question of UDP.
    let snmp = scan_for(web.port, &[78_030]).await;
    assert_eq!((web.take().await.len(), snmp.tcp_ports.len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_web_request_says_who_asks() {
    let web = Web::start("127.0.0.1:0").await;
    let mut order = order("127.0.0.1", [web.port]);
    order.http_header = Some("quays-7: nightly".parse().expect("a header"));
    scan(order).await;
    let heard = web.take().await;
    let requests: Vec<&String> = heard.iter().filter(|text| text.contains(" HTTP/1.")).collect();
    assert!(requests.len() > 15, "{heard:?}");
    for request in requests {
        assert_eq!(request.matches("\r\nQualys-Scan: quays-7: nightly\r\n").count(), 1, "{request:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_said_to_a_printer() {
    let web = Web::start("127.0.0.77:9100").await;
    let host = scan(order("127.0.0.77", [web.port])).await.pop().expect("one host");
    assert_eq!(host.facts.ports.first().map(|port| port.service.as_str()), Some("unknown"));
    assert!(web.take().await.iter().all(String::is_empty), "paper was wasted");
}
