//! A client that stops reading does not hold its connection for ever.
#![expect(clippy::unwrap_used, reason = "a test may fail on what it cannot read")]

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use palisade_testkit::server::TestServer;

const PALISADE: &str = env!("CARGO_BIN_EXE_palisade");
/// More answers than the buffers of a connection can hold: some 20 MB.
const REQUESTS: usize = 400;

/// Whether the connection from `local` to `remote`, both ports of loopback, is established.
fn is_open(local: u16, remote: u16) -> bool {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let of = |port: u16| format!(":{port:04X}");
    table.lines().any(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let ends = |field: Option<&str>, port: u16| field.is_some_and(|text| text.ends_with(&of(port)));
        // 01: established.
        ends(fields.next(), local) && ends(fields.next(), remote) && fields.next() == Some("01")
    })
}

#[test]
fn a_client_that_does_not_read_loses_its_connection() {
    let server = TestServer::start_with_settings(PALISADE, None, &["--stall-limit-s", "1"]);
    let mut connection = TcpStream::connect(server.host_and_port()).unwrap();
    connection.set_read_timeout(Some(Duration::from_mins(2))).unwrap();
    connection.set_write_timeout(Some(Duration::from_mins(2))).unwrap();
    let request = format!("GET /resources/api/ HTTP/1.1\r\nHost: {}\r\n\r\n", server.host_and_port());
    // The server may give up before it has read them all.
    let _ = connection.write_all(request.repeat(REQUESTS).as_bytes());
    let (ours, theirs) = (connection.local_addr().unwrap().port(), connection.peer_addr().unwrap().port());
    for _ in 0..1_200 {
        if !is_open(theirs, ours) {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    // What is left in the buffers comes, and after it the end.
    let mut read = Vec::new();
    let ended = connection.read_to_end(&mut read);
    if let Err(error) = ended {
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
    let answers = read.windows(12).filter(|window| window == b"HTTP/1.1 200").count();
    assert!((1..REQUESTS).contains(&answers), "{answers} of {REQUESTS} were answered");
}
