//! A test double of a TLS server of the nineties: SSLv3 with RC4, 3DES and export suites. No
//! daemon of today can be built that way, so this one plays the clear part of the handshake
//! (hello, certificate, done), and falls for what such servers fell for after it.

use std::sync::{Arc, Mutex};

use palisade_model::HostResult;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::scan_loopback;

const SSL3: u16 = 0x0300;
/// TLS_RSA_EXPORT_WITH_RC4_40_MD5, TLS_RSA_WITH_RC4_128_SHA, TLS_RSA_WITH_3DES_EDE_CBC_SHA: the
/// server's own order.
const SUITES: [u16; 3] = [0x0003, 0x0005, 0x000a];

/// TLS_RSA_WITH_AES_128_CBC_SHA.
const RSA_AES: u16 = 0x002f;
/// For www.example.test and shop.example.test, with an RSA key; and for the latter only.
const CERTIFICATE: &[u8] = include_bytes!("two_names.der");
const SHOP_CERTIFICATE: &[u8] = include_bytes!("shop.der");
const SHOP: &[u8] = b"shop.example.test";

const CIPHER_CHANGE: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const HEARTBEAT: u8 = 24;
const UNEXPECTED_MESSAGE: u8 = 10;
const BAD_RECORD_MAC: u8 = 20;
const DECODE_ERROR: u8 = 50;
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

/// One whole record.
async fn read_record(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut head = [0; 5];
    stream.read_exact(&mut head).await?;
    let length = usize::from(u16::from_be_bytes([head[3], head[4]]));
    if !(20..=24).contains(&head[0]) || length > 1 << 14 {
        return Err(std::io::ErrorKind::InvalidData.into());
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok([head.as_slice(), &body].concat())
}

async fn converse(mut stream: TcpStream, behaviour: Arc<Behaviour>) -> std::io::Result<()> {
    let hello = read_record(&mut stream).await?;
    stream.write_all(&(behaviour.answer)(&hello)).await?;
    let Ok(next) = read_record(&mut stream).await else { return stream.shutdown().await };
    // Who offers many suites wants a session, and gets none.
    let lone = read_hello(&hello).is_some_and(|(_, offered)| offered.len() == 1);
    let reaction = if lone || next[0] != HANDSHAKE { behaviour.react(&next) } else { alert(BAD_RECORD_MAC) };
    stream.write_all(&reaction).await?;
    stream.shutdown().await
}

type Answer = Box<dyn Fn(&[u8]) -> Vec<u8> + Send + Sync>;

/// What a server does.
struct Behaviour {
    /// To a hello.
    answer: Answer,
    /// It has the old errors.
    flawed: bool,
    /// The first wrapped secret that came; the only one that is well formed, for what it knows.
    secret: Mutex<Option<Vec<u8>>>,
}

impl Behaviour {
    /// To what comes after its flight.
    fn react(&self, record: &[u8]) -> Vec<u8> {
        match record[0] {
            CIPHER_CHANGE if self.flawed => alert(BAD_RECORD_MAC),
            HEARTBEAT if self.flawed => {
                let leaked = [&[2, 0, 16], [0x5a; 16 + 16].as_slice()].concat();
                self::record(HEARTBEAT, &leaked)
            }
            HEARTBEAT => Vec::new(),
            HANDSHAKE => {
                let mut first = self.secret.lock().expect("nobody panics with it");
                let well_formed = first.get_or_insert_with(|| record.to_vec()) == record;
                alert(if well_formed || !self.flawed { BAD_RECORD_MAC } else { DECODE_ERROR })
            }
            _ => alert(UNEXPECTED_MESSAGE),
        }
    }
}

fn alert(description: u8) -> Vec<u8> {
    record(ALERT, &[2, description])
}

/// Scans a server with that behaviour on a port of its own.
async fn scan_double(behaviour: Behaviour) -> HostResult {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let behaviour = Arc::new(behaviour);
    let server = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(converse(stream, Arc::clone(&behaviour)));
        }
    });
    let result = scan_loopback([port]).await;
    server.abort();
    result
}

/// TLS 1.2 with the RSA key exchange, the heartbeat extension, and a certificate for each of two names.
fn answer_tls12(hello: &[u8]) -> Vec<u8> {
    let Some((0x0303, offered)) = read_hello(hello) else { return record(ALERT, &[2, 70]) };
    if !offered.contains(&RSA_AES) {
        return record(ALERT, &HANDSHAKE_FAILURE);
    }
    let asks_for_shop = hello.windows(SHOP.len()).any(|bytes| bytes == SHOP);
    let certificate = if asks_for_shop { SHOP_CERTIFICATE } else { CERTIFICATE };
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.push(0);
    body.extend(RSA_AES.to_be_bytes());
    body.extend([0, 0, 5, 0, 15, 0, 1, 1]);
    let flight =
        [message(2, &body), message(11, &vector24(&vector24(certificate))), message(14, &[])].concat();
    record(HANDSHAKE, &flight)
}

async fn scan_legacy_server() -> HostResult {
    let certified =
        rcgen::generate_simple_self_signed(vec!["old.example.org".to_owned()]).expect("a certificate");
    let certificate = certified.cert.der().to_vec();
    let answer = Box::new(move |hello: &[u8]| answer(hello, &certificate));
    scan_double(Behaviour { answer, flawed: false, secret: Mutex::new(None) }).await
}

#[tokio::test]
async fn what_comes_after_the_first_flight_gives_flaws_away() {
    for flawed in [true, false] {
        let behaviour = Behaviour { answer: Box::new(answer_tls12), flawed, secret: Mutex::new(None) };
        let result = scan_double(behaviour).await;
        let port = result.facts.ports.first().expect("the port is open");
        let tls = port.tls.as_ref().expect("TLS was recognised");
        assert_eq!(tls.versions, ["TLSv1.2"]);
        assert_eq!(tls.heartbeat, Some(true));
        assert_eq!(
            (tls.heartbleed, tls.early_cipher_change, tls.rsa_padding_oracle),
            (Some(flawed), Some(flawed), Some(flawed))
        );
        for qid in [42430, 900_012, 38695] {
            let found = result.findings.iter().any(|finding| finding.qid.number() == qid);
            assert_eq!(found, flawed, "QID {qid}");
        }
        let shop = tls.virtual_hosts.first().expect("another name has another certificate");
        assert_eq!((tls.virtual_hosts.len(), shop.name.as_bytes()), (1, SHOP));
    }
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
