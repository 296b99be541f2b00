//! A web server that answers by name: plain, and behind TLS with a certificate for each name.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use palisade_model::{HostResult, Qid, VirtualHost};
use rustls::server::ResolvesServerCertUsingSni;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::support::{order, scan};

const LISTABLE: u32 = 86_445;
const CERTIFICATES_OF_VIRTUAL_HOSTS: u32 = 900_019;

/// The `Host` of every request; behind TLS with the name that the handshake asked for.
type Heard = Arc<Mutex<BTreeSet<(String, String)>>>;

/// The shop lists a directory, the door says no to all, and another name is unknown.
fn answer(host: &str, path: &str) -> String {
    let (status, body) = match (host.split(':').next().unwrap_or_default(), path) {
        ("shop.quay.example", "/files/") => (
            "200 OK",
            "<html><head><title>Index of /files</title></head><body><h1>Index of /files</h1>\
              <a href=\"../\">Parent Directory</a> <a href=\"secret.txt\">secret.txt</a></body></html>",
        ),
        ("shop.quay.example" | "www.quay.example", "/") => ("200 OK", "<html><title>Wares</title></html>"),
        _ => ("404 Not Found", "nothing"),
    };
    format!("HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, asked_for: &str, heard: &Heard) {
    let mut bytes = vec![0; 8192];
    let count = stream.read(&mut bytes).await.unwrap_or(0);
    let text = String::from_utf8_lossy(bytes.get(..count).unwrap_or_default()).into_owned();
    let Some(path) = text.split(' ').nth(1).filter(|_| text.contains(" HTTP/1.")) else { return };
    let host = text.lines().find_map(|line| line.strip_prefix("Host: ")).unwrap_or_default();
    heard.lock().expect("the list").insert((asked_for.to_owned(), host.to_owned()));
    let _ = stream.write_all(answer(host, path).as_bytes()).await;
    let _ = stream.shutdown().await;
}

async fn plain_server(heard: Heard) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let heard = Arc::clone(&heard);
            tokio::spawn(async move { serve(stream, "", &heard).await });
        }
    });
    port
}

/// Knows these names and refuses every handshake that asks for another one, or for none.
async fn tls_server(names: &[&str], heard: Heard) -> u16 {
    let mut resolver = ResolvesServerCertUsingSni::new();
    for name in names {
        let certified = rcgen::generate_simple_self_signed(vec![(*name).to_owned()]).expect("a certificate");
        let key = rustls::pki_types::PrivateKeyDer::Pkcs8(certified.signing_key.serialize_der().into());
        let key = rustls::crypto::ring::sign::any_supported_type(&key).expect("a key");
        let certified = rustls::sign::CertifiedKey::new(vec![certified.cert.der().clone()], key);
        resolver.add(name, certified).expect("a certificate of that name");
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver));
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, heard) = (acceptor.clone(), Arc::clone(&heard));
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let asked_for = stream.get_ref().1.server_name().unwrap_or_default().to_owned();
                serve(stream, &asked_for, &heard).await;
            });
        }
    });
    port
}

fn virtual_host(port: u16, names: &[&str]) -> VirtualHost {
    let names = names.iter().map(|name| name.parse().expect("a name")).collect();
    VirtualHost { network_id: 0, ip: "127.0.0.1".parse().expect("an address"), port, names }
}

async fn scan_by(port: u16, virtual_hosts: Vec<VirtualHost>) -> HostResult {
    let mut order = order("127.0.0.1", [port]);
    let qids = [LISTABLE, CERTIFICATES_OF_VIRTUAL_HOSTS];
    order.qids = Some(qids.into_iter().filter_map(Qid::new).collect());
    order.virtual_hosts = virtual_hosts;
    scan(order).await.pop().expect("one host")
}

/// The results of a QID, one a port.
fn results(host: &HostResult, qid: u32) -> Vec<&str> {
    let found = host.findings.iter().filter(|finding| finding.qid.number() == qid);
    found.map(|finding| finding.result.as_str()).collect()
}

fn hosts(heard: &Heard) -> BTreeSet<(String, String)> {
    heard.lock().expect("the list").clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_web_server_is_asked_by_the_names_of_its_virtual_hosts() {
    let heard = Heard::default();
    let port = plain_server(Arc::clone(&heard)).await;
    // Names of another port are not asked for here.
    let elsewhere = virtual_host(port ^ 1, &["elsewhere.quay.example"]);
    let by_address = scan_by(port, vec![elsewhere.clone()]).await;
    assert!(results(&by_address, LISTABLE).is_empty(), "{:?}", by_address.findings);
    let own = (String::new(), format!("127.0.0.1:{port}"));
    assert!(hosts(&heard).contains(&own));
    assert!(!hosts(&heard).iter().any(|(_, host)| host.contains("quay.example")), "{:?}", hosts(&heard));

    let names = virtual_host(port, &["www.quay.example", "shop.quay.example"]);
    let by_name = scan_by(port, vec![elsewhere, names]).await;
    let found = results(&by_name, LISTABLE);
    let [result] = found.as_slice() else { panic!("once a port: {found:?}") };
    assert!(
        result.starts_with("Virtual host shop.quay.example:\n") && result.contains("/files/"),
        "{result}"
    );
    let asked: BTreeSet<String> = hosts(&heard).into_iter().map(|(_, host)| host).collect();
    assert!(asked.contains(&format!("shop.quay.example:{port}")), "{asked:?}");
    assert!(asked.contains(&format!("www.quay.example:{port}")), "{asked:?}");
    assert!(!asked.iter().any(|host| host.contains("elsewhere")), "{asked:?}");
    assert!(by_name.tcp_ports.contains(port), "looked at to the end by every name");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_tls_the_handshake_asks_for_the_name_too() {
    let heard = Heard::default();
    let names = ["shop.quay.example", "www.quay.example"];
    let port = tls_server(&["localhost", names[0], names[1]], Arc::clone(&heard)).await;
    let host = scan_by(port, vec![virtual_host(port, &names)]).await;
    let found = results(&host, LISTABLE);
    let [result] = found.as_slice() else { panic!("once a port: {found:?}") };
    assert!(result.starts_with("Virtual host shop.quay.example:\n"), "{result}");
    for name in names {
        let pair = (name.to_owned(), format!("{name}:{port}"));
        assert!(hosts(&heard).contains(&pair), "{:?}", hosts(&heard));
    }
    let certificates = results(&host, CERTIFICATES_OF_VIRTUAL_HOSTS).join("\n");
    for name in names {
        assert!(certificates.contains(name), "{certificates}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_whose_virtual_host_does_not_answer_closes_nothing() {
    let heard = Heard::default();
    let port = tls_server(&["localhost"], Arc::clone(&heard)).await;
    let host = scan_by(port, vec![virtual_host(port, &["gone.quay.example"])]).await;
    assert!(!host.tcp_ports.contains(port), "{:?}", host.facts.ports);
    let host = scan_by(port, Vec::new()).await;
    assert!(host.tcp_ports.contains(port));
}
