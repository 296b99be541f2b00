//! Small real listeners for scans of loopback: enough of a service to be found and judged.
//!
//! Deliberately absent: anything a daemon of the lab does better.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// How long a listener waits for a client to say something.
const PATIENCE: Duration = Duration::from_secs(2);

/// A web server without a single security header; serves until the process ends.
///
/// # Panics
/// When the port is taken.
#[must_use]
pub fn plain_web_server(address: Ipv4Addr, port: u16) -> SocketAddr {
    listen(address, port, |mut stream| {
        let mut request = [0; 4096];
        if stream.read(&mut request).is_ok_and(|length| length > 0) {
            let body = "<html><title>Test</title></html>";
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nServer: test-listener\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\
                 Connection: close\r\n\r\n{body}",
                body.len()
            );
        }
    })
}

/// A mail server that greets and knows EHLO and QUIT; serves until the process ends.
///
/// # Panics
/// When the port is taken.
#[must_use]
pub fn plain_mail_server(address: Ipv4Addr, port: u16) -> SocketAddr {
    listen(address, port, |mut stream| {
        let _ = stream.write_all(b"220 mail.test ESMTP ready\r\n");
        let mut line = [0; 1024];
        while let Ok(length @ 1..) = stream.read(&mut line) {
            let word = line[..length.min(4)].to_ascii_uppercase();
            let answer: &[u8] = match word.as_slice() {
                b"EHLO" => b"250-mail.test\r\n250 SIZE 1000\r\n",
                b"HELO" => b"250 mail.test\r\n",
                b"QUIT" => b"221 bye\r\n",
                _ => b"502 not here\r\n",
            };
            if stream.write_all(answer).is_err() || word == *b"QUIT" {
                break;
            }
        }
    })
}

fn listen(
    address: Ipv4Addr,
    port: u16,
    serve: impl Fn(TcpStream) + Send + Sync + Clone + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind((address, port))
        .unwrap_or_else(|error| panic!("cannot listen on {address}:{port}: {error}"));
    let bound = listener.local_addr().expect("a listener has an address");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = serve.clone();
            let _ = stream.set_read_timeout(Some(PATIENCE));
            thread::spawn(move || serve(stream));
        }
    });
    bound
}
