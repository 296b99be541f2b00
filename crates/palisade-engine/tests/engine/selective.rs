//! What a scan leaves alone: everything that its QIDs do not need, printers, and web servers that
//! are not told who asks.

use std::sync::{Arc, Mutex};

use palisade_model::{HostResult, Qid};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

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

    /// What was heard since the last time.
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.heard.lock().expect("the list"))
    }
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
    let full = web.take().len();
    assert!(full > 20, "{full} connections of a full scan");

    // Weak TLS protocols: the port is identified, and it has no TLS.
    let tls = scan_for(web.port, &[38_628]).await;
    let few = web.take().len();
    assert!(few * 3 < full && few > 0, "{few} connections for a QID of TLS, {full} for all");
    assert_eq!(tls.facts.ports.first().map(|port| port.http.is_none()), Some(true));

    // The address answers, and the duration needs no port.
    let duration = scan_for(web.port, &[45_038]).await;
    assert_eq!((web.take().len(), duration.findings.len()), (0, 1));
    assert_eq!(duration.tested, [Qid::new(45_038).expect("a QID")]);

    // One question of UDP.
    let snmp = scan_for(web.port, &[78_030]).await;
    assert_eq!((web.take().len(), snmp.tcp_ports.len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_web_request_says_who_asks() {
    let web = Web::start("127.0.0.1:0").await;
    let mut order = order("127.0.0.1", [web.port]);
    order.http_header = Some("quays-7: nightly".parse().expect("a header"));
    scan(order).await;
    let heard = web.take();
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
    assert!(web.take().iter().all(String::is_empty), "paper was wasted");
}
