//! Enumerates real TLS servers on loopback: `openssl s_server`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use palisade_model::fact::TlsFacts;
use palisade_probe::conversation::{Conversation, Step};
use palisade_probe::tls::old_trial::{OldTrial, OldTrialConversation, TicketConversation};
use palisade_probe::tls::{
    Enumeration, EnumerationOptions, Flight, OldClient, Outcome, Progress, ReactionReader, ServerFlight,
    Verdict, names_match,
};

/// A server that ends with the test.
struct Server {
    process: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn openssl(folder: &Path, arguments: &[&str]) {
    let output = Command::new("openssl").args(arguments).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn certificate(folder: &Path, name: &str, key: &[&str]) {
    let file = format!("{name}.pem");
    let mut arguments = vec!["req", "-x509", "-nodes", "-days", "30", "-subj", "/O=Example/CN=live.test"];
    arguments.extend([
        "-addext",
        "subjectAltName=DNS:live.test,IP:127.0.0.1",
        "-keyout",
        &file,
        "-out",
        &file,
    ]);
    arguments.extend(key);
    openssl(folder, &arguments);
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

fn serve(folder: &Path, arguments: &[&str]) -> Server {
    let port = free_port();
    let process = Command::new("openssl")
        .args(["s_server", "-quiet", "-naccept", "400", "-accept", &format!("127.0.0.1:{port}")])
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let server = Server { process, port };
    for _ in 0..100 {
        if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return server;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("the server did not start");
}

fn attempt(port: u16, bytes: &[u8], follow: Option<&[u8]>) -> Outcome {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let Ok(mut stream) = TcpStream::connect_timeout(&address, Duration::from_secs(5)) else {
        return Outcome::Refused;
    };
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    if stream.write_all(bytes).is_err() {
        return Outcome::Closed;
    }
    let mut flight = ServerFlight::new();
    let mut buffer = [0; 4096];
    let ended = loop {
        match stream.read(&mut buffer) {
            Ok(0) => break Outcome::Closed,
            Ok(count) => {
                if flight.feed(&buffer[..count]) == Progress::Done {
                    let Some(follow) = follow else { break Outcome::Closed };
                    let flight = Box::new(flight.into_flight());
                    return if flight.complete {
                        react(stream, flight, follow)
                    } else {
                        Outcome::Flight(flight)
                    };
                }
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                break Outcome::Timeout;
            }
            Err(_) => break Outcome::Closed,
        }
    };
    let flight = flight.into_flight();
    if flight.is_empty() { ended } else { Outcome::Flight(Box::new(flight)) }
}

/// Sends what follows the flight; what comes of it.
fn react(mut stream: TcpStream, flight: Box<Flight>, follow: &[u8]) -> Outcome {
    let mut reaction = ReactionReader::new();
    let _ = stream.write_all(follow);
    let mut buffer = [0; 64];
    let closed = loop {
        match stream.read(&mut buffer) {
            Ok(0) => break true,
            Ok(count) if reaction.feed(&buffer[..count]) == Progress::Done => break false,
            Ok(_) => {}
            Err(error) => break !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        }
    };
    Outcome::Followed(flight, reaction.finish(closed))
}

fn enumerate(port: u16) -> (TlsFacts, Enumeration) {
    enumerate_with(port, &[])
}

/// The same, asking for further names.
fn enumerate_with(port: u16, names: &[&str]) -> (TlsFacts, Enumeration) {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let mut enumeration = Enumeration::new(EnumerationOptions {
        server_name: Some("live.test".to_owned()),
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        now: i64::try_from(now).unwrap(),
        ..EnumerationOptions::default()
    });
    while let Some(next) = enumeration.next_attempt() {
        enumeration.answer(next.id, attempt(port, &next.bytes, next.follow.as_deref()));
    }
    assert!(enumeration.is_finished());
    (enumeration.finish(), enumeration)
}

fn names(facts: &TlsFacts, version: &str) -> Vec<String> {
    let mut names: Vec<String> = facts
        .suites
        .iter()
        .filter(|suite| suite.version == version)
        .map(|suite| suite.name.clone())
        .collect();
    names.sort();
    names
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("palisade-live-tls-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn an_old_server_shows_everything() {
    let folder = folder("old");
    // The size of the key decides that of the prime.
    certificate(&folder, "rsa", &["-newkey", "rsa:1024"]);
    let ciphers = "AES128-SHA:DHE-RSA-AES256-SHA:ECDHE-RSA-AES128-GCM-SHA256:CAMELLIA256-SHA:NULL-SHA:\
                   AECDH-AES128-SHA:@SECLEVEL=0";
    let server = serve(&folder, &["-cert", "rsa.pem", "-cipher", ciphers, "-serverpref"]);
    let (facts, enumeration) = enumerate(server.port);

    assert_eq!(enumeration.verdict(), Verdict::Tls);
    assert_eq!(facts.versions, ["TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"]);
    let old = [
        "TLS_DHE_RSA_WITH_AES_256_CBC_SHA",
        "TLS_ECDH_anon_WITH_AES_128_CBC_SHA",
        "TLS_RSA_WITH_AES_128_CBC_SHA",
        "TLS_RSA_WITH_CAMELLIA_256_CBC_SHA",
        "TLS_RSA_WITH_NULL_SHA",
    ];
    assert_eq!(names(&facts, "TLSv1.0"), old);
    assert_eq!(names(&facts, "TLSv1.1"), old);
    let mut newer = vec!["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"];
    newer.extend(old);
    newer.sort_unstable();
    assert_eq!(names(&facts, "TLSv1.2"), newer);
    assert_eq!(names(&facts, "TLSv1.3").len(), 3);

    assert_eq!(facts.server_preference, Some(true));
    assert_eq!(facts.dh_bits, Some(1024));
    assert_eq!((facts.secure_renegotiation, facts.compression), (Some(true), Some(false)));
    assert_eq!((facts.session_tickets, facts.session_ids), (Some(true), Some(true)));
    assert_eq!((facts.fallback_scsv, facts.extended_master_secret), (Some(true), Some(true)));
    assert_eq!(facts.version_tolerance, Some(true));
    assert!(facts.groups.iter().any(|group| group == "x25519"), "{:?}", facts.groups);
    for algorithm in ["rsa_pkcs1_sha1", "rsa_pkcs1_sha256", "rsa_pss_rsae_sha256"] {
        assert!(facts.signature_algorithms.iter().any(|name| name == algorithm), "{facts:?}");
    }
    // A library of today has none of the old errors, and is asked for all of them.
    assert_eq!((facts.heartbleed, facts.early_cipher_change), (None, Some(false)));
    assert_eq!(facts.rsa_padding_oracle, Some(false));
    assert_eq!(facts.ocsp_stapled, Some(false));
    let certificate = facts.certificates.first().unwrap();
    assert_eq!((certificate.key_algorithm.as_str(), certificate.key_bits), ("RSA", 1024));
    assert!(names_match(certificate, &["live.test".to_owned()], Ipv4Addr::LOCALHOST.into()));
    std::fs::remove_dir_all(folder).unwrap();
}

/// Asks for a page through the old client; what came, without the encryption.
fn old_page(port: u16) -> Option<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let (mut client, hello) = OldClient::new(Some("live.test"), [0x42; 32]);
    stream.write_all(&hello).unwrap();
    let (mut page, mut asked) = (Vec::new(), false);
    let mut buffer = [0; 777];
    while let Ok(count) = stream.read(&mut buffer)
        && count > 0
    {
        let mut reply = Vec::new();
        client.feed(&buffer[..count], &mut reply, &mut page).ok()?;
        stream.write_all(&reply).unwrap();
        if client.is_open() && !asked {
            asked = true;
            assert_eq!(client.certificates().len(), 1);
            stream.write_all(&client.seal(b"GET / HTTP/1.0\r\n\r\n")).unwrap();
        }
    }
    asked.then(|| String::from_utf8_lossy(&page).into_owned())
}

#[test]
fn old_versions_are_spoken_to_their_end() {
    let folder = folder("spoken");
    certificate(&folder, "rsa", &["-newkey", "rsa:1024"]);
    for version in ["-tls1", "-tls1_1", "-tls1_2"] {
        for cipher in ["AES128-SHA", "AES256-SHA", "AES128-SHA256", "AES256-SHA256"] {
            if cipher.ends_with("256") && version != "-tls1_2" {
                continue;
            }
            let cipher = format!("{cipher}:@SECLEVEL=0");
            let server = serve(&folder, &["-cert", "rsa.pem", "-www", version, "-cipher", &cipher]);
            let page = old_page(server.port);
            assert!(
                page.as_deref().is_some_and(|page| page.contains("HTTP/1.0 200")),
                "{version} {cipher}: {page:?}"
            );
        }
    }
    // What it cannot speak is an error and not a page.
    let server = serve(
        &folder,
        &["-cert", "rsa.pem", "-www", "-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0"],
    );
    assert_eq!(old_page(server.port), None);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn names_and_protocols_have_answers_of_their_own() {
    let folder = folder("names");
    certificate(&folder, "first", &["-newkey", "rsa:2048"]);
    // The names of the first certificate are asked for; the second one is shown for one of them.
    openssl(
        &folder,
        &[
            "req",
            "-x509",
            "-nodes",
            "-days",
            "30",
            "-subj",
            "/CN=shop.test",
            "-newkey",
            "rsa:1024",
            "-keyout",
            "second.pem",
            "-out",
            "second.pem",
        ],
    );
    let arguments = [
        "-cert",
        "first.pem",
        "-cert2",
        "second.pem",
        "-key2",
        "second.pem",
        "-servername",
        "shop.test",
        "-tls1_2",
        "-alpn",
        "http/1.1,h2",
        "-cipher",
        "DEFAULT:@SECLEVEL=0",
    ];
    let server = serve(&folder, &arguments);
    let (facts, _) = enumerate_with(server.port, &["shop.test", "live.test", "192.0.2.7"]);
    let shown: Vec<(&str, u32)> =
        facts.virtual_hosts.iter().map(|host| (host.name.as_str(), host.certificates[0].key_bits)).collect();
    assert_eq!(shown, [("shop.test", 1024)]);
    assert_eq!(facts.certificates[0].key_bits, 2048);
    assert_eq!(facts.alpn, ["http/1.1", "h2"]);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_tls13_only_server_keeps_its_certificate() {
    let folder = folder("new");
    certificate(&folder, "ec", &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]);
    let server = serve(&folder, &["-cert", "ec.pem", "-tls1_3", "-groups", "P-256:P-384"]);
    let (facts, enumeration) = enumerate(server.port);
    assert_eq!(facts.versions, ["TLSv1.3"]);
    assert_eq!(facts.suites.len(), 3);
    assert_eq!(facts.groups, ["secp256r1", "secp384r1"]);
    assert!(enumeration.needs_certificates());
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_tls12_only_server_with_an_elliptic_key() {
    let folder = folder("elliptic");
    certificate(&folder, "ec", &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp384r1"]);
    let server = serve(&folder, &["-cert", "ec.pem", "-tls1_2", "-no_ticket"]);
    let (facts, _) = enumerate(server.port);
    assert_eq!(facts.versions, ["TLSv1.2"]);
    assert!(
        facts.suites.iter().all(|suite| suite.key_exchange == "ECDHE" && suite.authentication == "ECDSA")
    );
    assert!(facts.suites.len() >= 5);
    assert_eq!((facts.session_tickets, facts.session_ids), (Some(false), Some(true)));
    assert_eq!(facts.certificates.first().unwrap().key_bits, 384);
    std::fs::remove_dir_all(folder).unwrap();
}

/// Holds a conversation with the server to its end.
fn converse(port: u16, conversation: &mut impl Conversation) {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(&conversation.start()).unwrap();
    let (mut received, mut buffer) = (Vec::new(), [0; 777]);
    loop {
        match stream.read(&mut buffer) {
            Ok(count) if count > 0 => received.extend_from_slice(&buffer[..count]),
            _ => return conversation.closed(&received),
        }
        match conversation.receive(&received) {
            Step::NeedMore => {}
            Step::Send(bytes) => {
                received.clear();
                stream.write_all(&bytes).unwrap();
            }
            _ => return,
        }
    }
}

#[test]
fn a_library_of_today_withstands_the_trials_and_begins_again_where_it_is_told_to() {
    let folder = folder("trials");
    certificate(&folder, "rsa", &["-newkey", "rsa:1024"]);
    let tried = |port: u16, trial: OldTrial| {
        let mut conversation = OldTrialConversation::new(trial, Some("live.test"), [0x42; 32]);
        converse(port, &mut conversation);
        conversation.finish()
    };
    for version in ["-tls1", "-tls1_1", "-tls1_2"] {
        for suite in ["AES128-SHA:@SECLEVEL=0", "AES256-SHA256:AES256-SHA:@SECLEVEL=0"] {
            let usual = ["-cert", "rsa.pem", version, "-cipher", suite];
            let server = serve(&folder, &usual);
            for trial in OldTrial::ALL {
                assert_eq!(tried(server.port, trial), Some(false), "{trial:?} {version} {suite}");
            }
            let mut first = TicketConversation::new(Some("live.test"), [0x42; 32]);
            converse(server.port, &mut first);
            let mut second = first.finish().expect("a ticket was handed out");
            converse(server.port, &mut second);
            assert_eq!(second.finish(), Some(false), "{version} {suite}");

            let server = serve(&folder, &[usual.as_slice(), &["-client_renegotiation"]].concat());
            assert_eq!(tried(server.port, OldTrial::Renegotiation), Some(true), "{version} {suite}");
        }
    }
    std::fs::remove_dir_all(folder).unwrap();
}
