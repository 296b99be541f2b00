//! A test double of a TLS server of the nineties: SSLv3 with RC4, 3DES and export suites. No
//! daemon of today can be built that way, so this one plays the clear part of the handshake
//! (hello, certificate, done) and nothing else.

use palisade_model::HostResult;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::scan_loopback;

const SSL3: u16 = 0x0300;
/// TLS_RSA_EXPORT_WITH_RC4_40_MD5, TLS_RSA_WITH_RC4_128_SHA, TLS_RSA_WITH_3DES_EDE_CBC_SHA: the
/// server's own order.
const SUITES: [u16; 3] = [0x0003, 0x0005, 0x000a];

const HANDSHAKE: u8 = 22;
const ALERT: u8 = 21;
const HANDSHAKE_FAILURE: [u8; 2] = [2, 40];

/// Version and suites of a hello in one record; `None` for anything else.
fn read_hello(record: &[u8]) -> Option<(u16, Vec<u16>)> {
    let number = |at: usize| Some(u16::from_be_bytes([*record.get(at)?, *record.get(at + 1)?]));
    if record.first() != Some(&HANDSHAKE) || record.get(5) != Some(&1) {
        return None;
    }
    let version = number(9)?;
    let session = usize::from(*record.get(43)?);
    let length = usize::from(number(44 + session)?);
    let suites = record.get(46 + session..46 + session + length)?;
    Some((version, suites.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()))
}

fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).expect("short").to_be_bytes();
    [&[kind, 3, 0], length.as_slice(), body].concat()
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).expect("short").to_be_bytes();
    [&[kind], &length[1..], body].concat()
}

fn vector24(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).expect("short").to_be_bytes();
    [&length[1..], bytes].concat()
}

/// What the server says to a hello.
fn answer(hello: &[u8], certificate: &[u8]) -> Vec<u8> {
    let chosen = read_hello(hello)
        .filter(|(version, _)| *version >= SSL3)
        .and_then(|(_, offered)| SUITES.into_iter().find(|suite| offered.contains(suite)));
    let Some(suite) = chosen else { return record(ALERT, &HANDSHAKE_FAILURE) };
    let mut hello = SSL3.to_be_bytes().to_vec();
    hello.extend([7; 32]);
    hello.push(0);
    hello.extend(suite.to_be_bytes());
    hello.push(0);
    let flight =
        [message(2, &hello), message(11, &vector24(&vector24(certificate))), message(14, &[])].concat();
    record(HANDSHAKE, &flight)
}

async fn converse(mut stream: TcpStream, certificate: Vec<u8>) -> std::io::Result<()> {
    let mut head = [0; 5];
    stream.read_exact(&mut head).await?;
    let length = usize::from(u16::from_be_bytes([head[3], head[4]]));
    if head[0] != HANDSHAKE || length > 1 << 14 {
        return Ok(());
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    stream.write_all(&answer(&[head.as_slice(), &body].concat(), &certificate)).await?;
    stream.shutdown().await
}

async fn scan_legacy_server() -> HostResult {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let certified =
        rcgen::generate_simple_self_signed(vec!["old.example.org".to_owned()]).expect("a certificate");
    let certificate = certified.cert.der().to_vec();
    let server = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(converse(stream, certificate.clone()));
        }
    });
    let result = scan_loopback([port]).await;
    server.abort();
    result
}

#[tokio::test]
async fn a_server_of_the_nineties_is_taken_apart() {
    let result = scan_legacy_server().await;
    let port = result.facts.ports.first().expect("the port is open");
    let tls = port.tls.as_ref().expect("TLS was recognised");
    assert_eq!(tls.versions, ["SSLv3"]);
    let mut suites: Vec<&str> = tls.suites.iter().map(|suite| suite.name.as_str()).collect();
    suites.sort_unstable();
    assert_eq!(
        suites,
        ["TLS_RSA_EXPORT_WITH_RC4_40_MD5", "TLS_RSA_WITH_3DES_EDE_CBC_SHA", "TLS_RSA_WITH_RC4_128_SHA"]
    );
    assert_eq!(tls.certificates.len(), 1);

    let found: Vec<u32> = result.findings.iter().map(|finding| finding.qid.number()).collect();
    let expected = [
        (38606, "SSLv3"),
        (38603, "POODLE"),
        (38601, "RC4"),
        (38657, "64-bit blocks"),
        (38140, "weak encryption"),
        (900_001, "export-grade key exchange"),
        (38169, "self-signed certificate"),
    ];
    for (qid, what) in expected {
        assert!(found.contains(&qid), "QID {qid} ({what}) is not among {found:?}");
    }
}
