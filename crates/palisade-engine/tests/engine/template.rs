//! Community templates against real servers: web (plain and through TLS), TCP, DNS, TLS; requests
//! that are shared, what the profile leaves out, and servers that mean harm.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use palisade_engine::{ScanContext, ScanOrder};
use palisade_model::{HostResult, Qid, Timestamp};
use palisade_template::{Library, Numbered, Template};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

use crate::support::{context, order, scan_with};

/// Far above what these scans take, far below what they would without limits.
const PATIENCE: Duration = Duration::from_mins(2);

/// Templates numbered from 1,000,001 in their order.
fn library(templates: &[&str]) -> Arc<Library> {
    let numbered = templates.iter().zip(1_000_001..).map(|(text, number)| Numbered {
        qid: Qid::new(number).expect("a QID"),
        template: Template::parse(text).expect("a template"),
        updated_at: Timestamp::UNIX_EPOCH,
    });
    Arc::new(Library::new(numbered.collect()))
}

fn web(id: &str, path: &str, word: &str) -> String {
    format!(
        "id: {id}\ninfo:\n  name: {id}\n  severity: medium\nhttp:\n  - path: ['{{{{BaseURL}}}}{path}']\n    matchers:\n      - type: word\n        words: ['{word}']\n"
    )
}

fn with(templates: &Arc<Library>) -> ScanContext {
    ScanContext { templates: Some(Arc::clone(templates)), ..context() }
}

async fn scan(order: ScanOrder, templates: &Arc<Library>) -> HostResult {
    scan_with(order, with(templates)).await.pop().expect("one host")
}

/// Only the QIDs of the templates, so that nothing else is asked.
fn only(mut order: ScanOrder, templates: &Arc<Library>) -> ScanOrder {
    order.qids = Some(templates.templates().iter().map(|each| each.qid).collect());
    order
}

fn number(index: u32) -> Qid {
    Qid::new(1_000_000 + index).expect("a QID")
}

/// The evidence of each template that found something.
fn found(host: &HostResult) -> BTreeMap<u32, String> {
    let ours = host.findings.iter().filter(|finding| finding.qid.number() > 1_000_000);
    ours.map(|finding| (finding.qid.number() - 1_000_000, finding.result.clone())).collect()
}

/// A web server that answers by path and keeps every request.
struct Web {
    port: u16,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Web {
    async fn start(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (kept, answer) = (Arc::clone(&heard), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (kept, answer) = (Arc::clone(&kept), Arc::clone(&answer));
                tokio::spawn(async move {
                    let mut bytes = vec![0; 8192];
                    let count = stream.read(&mut bytes).await.unwrap_or(0);
                    let text = String::from_utf8_lossy(bytes.get(..count).unwrap_or_default()).into_owned();
                    if !text.contains(" HTTP/1.") {
                        return;
                    }
                    let path = text.split(' ').nth(1).unwrap_or_default().to_owned();
                    kept.lock().expect("the list").push(text);
                    let _ = stream.write_all(&answer(&path)).await;
                });
            }
        });
        Self { port, heard }
    }

    /// The requests for a path.
    fn asked(&self, path: &str) -> Vec<String> {
        let heard = self.heard.lock().expect("the list");
        let start = format!(" {path} HTTP/1.1\r\n");
        heard.iter().filter(|text| text.contains(&start)).cloned().collect()
    }
}

fn page(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nServer: Quay\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_many_templates_ask_is_asked_once() {
    let server =
        Web::start(|path| page(if path == "/status" { "harbour open, berth 12" } else { "nothing" })).await;
    let mut texts: Vec<String> = (0..40)
        .map(|index| {
            web(&format!("shared-{index}"), "/status", if index % 2 == 0 { "harbour" } else { "closed" })
        })
        .collect();
    texts.push(web("alone", "/alone", "nothing"));
    // One that asks twice wants to look twice, and one that writes first wants to see what became of it.
    texts.push("id: twice\ninfo: {name: twice, severity: low}\nhttp:\n  - path: ['{{BaseURL}}/again', '{{BaseURL}}/again']\n    matchers:\n      - type: dsl\n        dsl: ['body_1 == body_2']\n".to_owned());
    texts.push("id: writes\ninfo: {name: writes, severity: low}\nhttp:\n  - raw:\n      - |\n        POST /in HTTP/1.1\n\n        a=b\n      - |\n        GET /status HTTP/1.1\n\n    matchers:\n      - type: word\n        words: [berth]\n".to_owned());
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let templates = library(&texts);
    let mut order = only(order("127.0.0.1", [server.port]), &templates);
    order.http_header = Some("quays-7".parse().expect("a header"));
    let host = scan(order, &templates).await;

    let found = found(&host);
    assert_eq!(found.len(), 23, "{found:?}");
    assert_eq!(found.get(&1).map(String::as_str), Some("Template: shared-0\nRequest: GET /status"));
    assert_eq!(server.asked("/status").len(), 2, "once for forty, once after something was written");
    assert_eq!(server.asked("/alone").len(), 1);
    assert_eq!(server.asked("/again").len(), 2);
    assert_eq!(host.tested.len(), 43, "all were asked to the end");
    let heard = server.heard.lock().expect("the list").clone();
    for request in &heard {
        assert_eq!(request.matches("\r\nQualys-Scan: quays-7\r\n").count(), 1, "{request}");
    }
}

/// A web server that keeps its connections, and counts them and the requests of templates; every `spell`
/// requests it closes one without a word.
async fn keeping_server(spell: usize) -> (u16, Arc<[AtomicUsize; 2]>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let counts = Arc::new([const { AtomicUsize::new(0) }; 2]);
    let counted = Arc::clone(&counts);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let counted = Arc::clone(&counted);
            tokio::spawn(async move {
                let mut bytes = vec![0; 8192];
                for turn in 0.. {
                    let count = stream.read(&mut bytes).await.unwrap_or(0);
                    let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
                    if !text.contains(" HTTP/1.") || (turn > 0 && turn % spell == 0) {
                        return;
                    }
                    if text.contains("/berth/") {
                        counted[0].fetch_add(usize::from(turn == 0), Ordering::SeqCst);
                        counted[1].fetch_add(1, Ordering::SeqCst);
                    }
                    let path = text.split(' ').nth(1).unwrap_or_default();
                    let _ = stream.write_all(&page(&format!("here is {path}."))).await;
                }
            });
        }
    });
    (port, counts)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_change_nothing_share_connections_and_none_is_lost() {
    for spell in [usize::MAX, 7] {
        let (port, counts) = keeping_server(spell).await;
        // Each template finds its own path, so an answer to another's request would show.
        let texts: Vec<String> = (0..120)
            .map(|index| {
                web(
                    &format!("berth-{index}"),
                    &format!("/berth/{index}"),
                    &format!("here is /berth/{index}."),
                )
            })
            .collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let templates = library(&texts);
        let host = scan(only(order("127.0.0.1", [port]), &templates), &templates).await;
        assert_eq!(found(&host).len(), 120, "every {spell} requests");
        assert_eq!(host.tested.len(), 120);
        let [connections, requests] = [&counts[0], &counts[1]].map(|count| count.load(Ordering::SeqCst));
        assert_eq!(requests, 120, "what was answered was asked once");
        assert!(connections < 90, "{connections} connections for {requests} requests");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_chosen_and_allowed_templates_run() {
    let server = Web::start(|_| page("harbour")).await;
    let intrusive = web("intrusive", "/intrusive", "harbour")
        .replace("severity: medium", "severity: medium\n  tags: cve,intrusive");
    let guessing = web("guessing", "/guessing", "harbour")
        .replace("severity: medium", "severity: medium\n  tags: default-login");
    let deleting =
        web("deleting", "/deleting", "harbour").replace("  - path", "  - method: DELETE\n    path");
    let texts = [
        &web("plain", "/plain", "harbour"),
        &web("other", "/other", "harbour"),
        &intrusive,
        &guessing,
        &deleting,
    ];
    let templates = library(&texts.map(String::as_str));

    let mut chosen = order("127.0.0.1", [server.port]);
    chosen.qids = Some(vec![number(1)]);
    let host = scan(chosen, &templates).await;
    assert_eq!(found(&host).into_keys().collect::<Vec<_>>(), [1]);
    assert_eq!(host.tested, [number(1)]);
    assert!(server.asked("/other").is_empty());

    let mut usual = only(order("127.0.0.1", [server.port]), &templates);
    usual.profile.password_brute_forcing = palisade_model::option_profile::PasswordBruteForcing::None;
    let host = scan(usual.clone(), &templates).await;
    assert_eq!(found(&host).into_keys().collect::<Vec<_>>(), [1, 2]);
    assert_eq!(host.tested, [number(1), number(2)], "what was left out was not tested");
    for path in ["/intrusive", "/guessing", "/deleting"] {
        assert!(server.asked(path).is_empty(), "{path}");
    }

    usual.profile.password_brute_forcing = palisade_model::option_profile::PasswordBruteForcing::Standard;
    usual.profile.disruptive_checks = true;
    let host = scan(usual, &templates).await;
    assert_eq!(found(&host).into_keys().collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_leaves_the_server_and_nothing_is_endless() {
    let elsewhere = Web::start(|_| page("harbour")).await;
    let away = format!(
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{}/away\r\nContent-Length: 0\r\n\r\n",
        elsewhere.port
    );
    let server = Web::start(move |path| match path {
        "/away" => away.clone().into_bytes(),
        "/circle" => b"HTTP/1.1 302 Found\r\nLocation: /circle\r\nContent-Length: 0\r\n\r\n".to_vec(),
        "/giant" => [b"HTTP/1.1 200 OK\r\n\r\nharbour".to_vec(), vec![b'x'; 20 << 20]].concat(),
        "/headers" => [b"HTTP/1.1 200 OK\r\n".to_vec(), b"X-More: and more\r\n".repeat(100_000)].concat(),
        _ => page("front"),
    })
    .await;
    let follow = |id: &str, path: &str| {
        web(id, path, "harbour")
            .replace("    matchers:", "    redirects: true\n    max-redirects: 10\n    matchers:")
    };
    let texts = [
        follow("away", "/away"),
        follow("circle", "/circle"),
        web("giant", "/giant", "harbour"),
        web("headers", "/headers", "harbour"),
    ];
    let templates = library(&texts.each_ref().map(String::as_str));
    let started = Instant::now();
    let host = scan(only(order("127.0.0.1", [server.port]), &templates), &templates).await;
    assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
    assert_eq!(
        found(&host).into_keys().collect::<Vec<_>>(),
        [3],
        "the beginning of a giant page is looked at"
    );
    assert!(elsewhere.heard.lock().expect("the list").is_empty());
    assert!(server.asked("/circle").len() <= 11);
    assert!(!host.tested.contains(&number(4)), "a head without an end is no answer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_answering_is_left_alone() {
    let heard = Arc::new(Mutex::new(0_usize));
    let kept = Arc::clone(&heard);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let kept = Arc::clone(&kept);
            tokio::spawn(async move {
                let mut bytes = vec![0; 4096];
                let count = stream.read(&mut bytes).await.unwrap_or(0);
                let text = String::from_utf8_lossy(bytes.get(..count).unwrap_or_default()).into_owned();
                if text.contains("/crash") {
                    *kept.lock().expect("the count") += 1;
                } else if text.contains(" HTTP/1.") {
                    let _ = stream.write_all(&page("front")).await;
                }
            });
        }
    });
    let texts: Vec<String> =
        (0..200).map(|index| web(&format!("t{index}"), &format!("/crash/{index}"), "harbour")).collect();
    let templates = library(&texts.iter().map(String::as_str).collect::<Vec<_>>());
    let host = scan(only(order("127.0.0.1", [port]), &templates), &templates).await;
    let asked = *heard.lock().expect("the count");
    assert!((10..60).contains(&asked), "{asked} requests to a server that breaks off");
    assert!(host.tested.is_empty() && found(&host).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tcp_templates_speak_on_their_ports() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut bytes = [0; 64];
                while let Ok(count) = stream.read(&mut bytes).await {
                    let answer: &[u8] = match bytes.get(..count) {
                        Some(b"FIRST") => b"PING",
                        Some(b"SECOND") => b"PONGHARBOR",
                        Some(_) | None => return,
                    };
                    if stream.write_all(answer).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    let steps = "id: steps\ninfo: {name: steps, severity: high}\ntcp:\n  - host: ['{{Hostname}}']\n    port: PORT\n    inputs:\n      - data: FIRST\n        read: 4\n        name: first\n      - data: SECOND\n        read: 4\n        name: second\n    read-size: 6\n    matchers-condition: and\n    matchers:\n      - type: word\n        part: first\n        words: [PING]\n      - type: word\n        part: second\n        words: [PONG]\n      - type: word\n        part: data\n        words: [HARBOR]\n    extractors:\n      - type: dsl\n        dsl: ['len(raw)']\n";
    let here = steps.replace("PORT", &port.to_string());
    let elsewhere = steps.replace("PORT", "9").replace("id: steps", "id: elsewhere");
    let templates = library(&[&here, &elsewhere]);
    let host = scan(only(order("127.0.0.1", [port]), &templates), &templates).await;
    let found = found(&host);
    assert_eq!(found.into_iter().collect::<Vec<_>>(), [(1, "Template: steps\nExtracted: 14".to_owned())]);
    assert_eq!(host.tested, [number(1), number(2)]);
}

/// A name server that knows one host, and tells its version.
async fn name_server(address: &str) -> u16 {
    use palisade_probe::dns::{DomainName, Flags, Message, Record, RecordData, kind};
    let socket = UdpSocket::bind(address).await.expect("a free port");
    let port = socket.local_addr().expect("an address").port();
    tokio::spawn(async move {
        let mut bytes = [0; 1500];
        while let Ok((count, from)) = socket.recv_from(&mut bytes).await {
            let Ok(mut message) = Message::parse(bytes.get(..count).unwrap_or_default()) else { continue };
            let Some(question) = message.questions.first() else { continue };
            let known = question.name == "quay.harbour.test".parse::<DomainName>().expect("a name");
            let record = Record {
                name: question.name.clone(),
                kind: kind::A,
                class: 1,
                ttl_s: 60,
                data: RecordData::Address(Ipv4Addr::new(192, 0, 2, 7)),
            };
            message.flags = Flags { response: true, rcode: if known { 0 } else { 3 }, ..message.flags };
            message.records = if known { vec![record] } else { Vec::new() };
            let _ = socket.send_to(&message.to_bytes(), from).await;
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dns_templates_ask_the_hosts_own_name_server() {
    assert_eq!(name_server("127.0.0.53:53").await, 53);
    let known = "id: known\ninfo: {name: known, severity: info}\ndns:\n  - name: quay.harbour.test\n    type: A\n    matchers:\n      - type: word\n        words: [\"IN\\tA\"]\n    extractors:\n      - type: regex\n        group: 1\n        regex: [\"IN\\tA\\t(.+)\"]\n";
    let unknown = "id: unknown\ninfo: {name: unknown, severity: info}\ndns:\n  - name: nobody.harbour.test\n    type: TXT\n    matchers:\n      - type: dsl\n        dsl: ['rcode == 3']\n";
    let templates = library(&[known, unknown]);
    let mut order = only(order("127.0.0.53", []), &templates);
    order.profile.udp = palisade_model::option_profile::ScanPorts::only("53".parse().expect("a port"));
    order.profile.scan_dead_hosts = true;
    let host = scan(order, &templates).await;
    let found = found(&host);
    assert_eq!(
        found.get(&1).map(String::as_str),
        Some("Template: known\nQuestion: quay.harbour.test\nExtracted: 192.0.2.7")
    );
    assert!(found.contains_key(&2), "{found:?}");
    assert_eq!(host.tested.len(), 2);
}

/// A web server behind TLS with a certificate for another name.
async fn tls_server(requests: Arc<Mutex<Vec<String>>>) -> u16 {
    let certified =
        rcgen::generate_simple_self_signed(vec!["quay.harbour.test".to_owned()]).expect("a certificate");
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(certified.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .expect("a certificate and its key");
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, requests) = (acceptor.clone(), Arc::clone(&requests));
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut bytes = vec![0; 4096];
                let count = stream.read(&mut bytes).await.unwrap_or(0);
                let text = String::from_utf8_lossy(bytes.get(..count).unwrap_or_default()).into_owned();
                if text.contains(" HTTP/1.") {
                    requests.lock().expect("the list").push(text);
                    let _ = stream.write_all(&page("harbour")).await;
                    let _ = stream.shutdown().await;
                }
            });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_templates_look_at_facts_and_web_templates_go_through_tls() {
    let requests = Arc::new(Mutex::new(Vec::new()));
    let port = tls_server(Arc::clone(&requests)).await;
    let certificate = "id: certificate\ninfo: {name: certificate, severity: low}\nssl:\n  - address: '{{Host}}:{{Port}}'\n    matchers:\n      - type: dsl\n        dsl: ['self_signed && contains(subject_an, \"quay.harbour.test\")']\n    extractors:\n      - type: dsl\n        dsl: ['tls_version']\n";
    let old = "id: old\ninfo: {name: old, severity: low}\nssl:\n  - address: '{{Host}}:{{Port}}'\n    max_version: tls11\n    matchers:\n      - type: dsl\n        dsl: ['probe_status']\n";
    let behind = web("behind", "/behind", "harbour");
    let templates = library(&[certificate, old, &behind]);
    let host = scan(only(order("127.0.0.1", [port]), &templates), &templates).await;
    let found = found(&host);
    assert_eq!(found.get(&1).map(String::as_str), Some("Template: certificate\nExtracted: tls13"));
    assert_eq!(found.into_keys().collect::<Vec<_>>(), [1, 3]);
    assert!(host.findings.iter().all(|finding| finding.tls));
    assert_eq!(host.tested, [number(1), number(2), number(3)]);
    let behind =
        requests.lock().expect("the list").iter().filter(|text| text.starts_with("GET /behind ")).count();
    assert_eq!(behind, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_complete_scan_runs_templates_beside_its_own_checks() {
    let server = Web::start(|_| page("harbour")).await;
    let templates = library(&[&web("plain", "/plain", "harbour")]);
    let host = scan(order("127.0.0.1", [server.port]), &templates).await;
    assert!(found(&host).contains_key(&1) && host.findings.len() > 1);
    assert!(host.tested.len() > 100 && host.tested.is_sorted());
}
