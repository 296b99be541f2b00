//! From first bytes to a service name.
//!
//! First the catalogue, whose readers are strict; then the services that have surveys of their own.
//! Names of the latter: `amqp`, `cassandra`, `chargen`, `daytime`, `dns`, `echo`, `finger`, `ftp`, `http`,
//! `imap`, `irc`, `ldap`, `memcached`, `mongodb`, `mqtt`, `mysql`, `nntp`, `pop3`, `postgresql`,
//! `rdp`, `redis`, `rpc`, `rsync`, `rtsp`, `sip`, `smb`, `smtp`, `ssh`, `svn`, `telnet`, `time`,
//! `tls`, `vnc`.

use std::sync::LazyLock;

use regex::Regex;

use super::catalogue::{self, Details};
use crate::{dns, ldap, mysql, pop3, postgres, redis, reply, rpc};

/// A service that gave itself away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// As facts name it.
    pub service: &'static str,
    /// What the same bytes told beyond that; empty for services that are questioned further.
    pub details: Details,
}

impl From<&'static str> for Seen {
    fn from(service: &'static str) -> Self {
        Self { service, details: Details::default() }
    }
}

impl From<(&'static str, Details)> for Seen {
    fn from((service, details): (&'static str, Details)) -> Self {
        Self { service, details }
    }
}

/// The service that sends this before anything is sent to it.
///
/// `closed`: the service ended the connection behind it, as the small ones do.
#[must_use]
pub fn greeting(received: &[u8], closed: bool) -> Option<Seen> {
    catalogue::read("", received)
        .map(Seen::from)
        .or_else(|| surveyed_greeting(received, closed).map(Seen::from))
}

fn surveyed_greeting(received: &[u8], closed: bool) -> Option<&'static str> {
    let text = String::from_utf8_lossy(received.get(..received.len().min(2048)).unwrap_or_default());
    let upper = text.to_ascii_uppercase();
    if text.starts_with("SSH-") {
        return Some("ssh");
    }
    if text.starts_with("RFB 0") {
        return Some("vnc");
    }
    if text.starts_with("@RSYNCD:") {
        return Some("rsync");
    }
    if received.starts_with(b"AMQP") {
        return Some("amqp");
    }
    if text.starts_with("( success ( ") {
        return Some("svn");
    }
    if ["* OK", "* PREAUTH", "* BYE"].iter().any(|start| upper.starts_with(start)) {
        return Some("imap");
    }
    if upper.starts_with("+OK") {
        return Some("pop3");
    }
    if let Ok(Some((reply, _))) = reply::Reply::parse(received) {
        return coded_greeting(reply.code, &reply.text());
    }
    if matches!(received, [255, 250..=254, _, ..]) {
        return Some("telnet");
    }
    if matches!(mysql::Greeting::parse(received), Ok(Some(_))) {
        return Some("mysql");
    }
    if upper.contains("NOTICE AUTH :") || (text.starts_with(':') && upper.contains(" NOTICE ")) {
        return Some("irc");
    }
    small_service(received, &text, closed)
}

/// Mail, news and files all greet with a code.
fn coded_greeting(code: u16, text: &str) -> Option<&'static str> {
    let upper = text.to_ascii_uppercase();
    let has = |words: &[&str]| words.iter().any(|word| upper.contains(word));
    match code {
        200 | 201 if has(&["NNTP", "INN", "NEWS", "POSTING"]) => Some("nntp"),
        220 | 421 | 554 if has(&["SMTP", "MAIL SERVICE", "POSTFIX", "EXIM", "SENDMAIL"]) => Some("smtp"),
        120 | 220 | 421 | 530 if has(&["FTP", "FILEZILLA", "SERV-U"]) => Some("ftp"),
        554 => Some("smtp"),
        _ => None,
    }
}

fn small_service(received: &[u8], text: &str, closed: bool) -> Option<&'static str> {
    static DAYTIME: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^\s*(\S+,? )?.{0,40}\d{1,2}:\d{2}(:\d{2})?.{0,40}$").ok());
    static DATE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")
            .ok()
    });
    // 72 characters of the alphabet in a row, in a line.
    if text.lines().take(2).any(|line| line.len() >= 70 && line.contains("0123456789:;<=>?@ABCDEFG")) {
        return Some("chargen");
    }
    if !closed {
        return None;
    }
    // Seconds since 1900: between 2010 and 2036.
    if let [first, _, _, _] = received
        && (0xcf..=0xff).contains(first)
    {
        return Some("time");
    }
    let line = text.trim();
    let is_date = received.len() < 64
        && !line.contains('\n')
        && DAYTIME.as_ref().is_some_and(|pattern| pattern.is_match(line))
        && DATE.as_ref().is_some_and(|pattern| pattern.is_match(line));
    is_date.then_some("daytime")
}

/// What web servers say to plain HTTP on a port for TLS.
const WANTS_TLS: [&str; 3] = [
    "plain HTTP request was sent to HTTPS port",
    "speaking plain HTTP to an SSL-enabled server port",
    "sent an HTTP request to an HTTPS server",
];

/// The service that answers like this. `probe` is the name of the [`super::GenericProbe`] that was
/// sent, needed only where an answer means nothing by itself; `sent` its bytes.
#[must_use]
pub fn recognise(probe: &str, sent: &[u8], received: &[u8]) -> Option<Seen> {
    if received.is_empty() {
        return None;
    }
    if received == sent || (received.len() >= 8 && sent.starts_with(received)) {
        return Some("echo".into());
    }
    catalogue::read(probe, received)
        .map(Seen::from)
        .or_else(|| surveyed_answer(probe, received).map(Seen::from))
}

fn surveyed_answer(probe: &str, received: &[u8]) -> Option<&'static str> {
    let text = String::from_utf8_lossy(received.get(..received.len().min(4096)).unwrap_or_default());
    // A TLS alert, or a page that says so: the port wants TLS first.
    if matches!(received, [0x15, 3, 0..=4, 0, 2, _, _]) || WANTS_TLS.iter().any(|mark| text.contains(mark)) {
        return Some("tls");
    }
    textual(&text)
        .or_else(|| binary(probe, received))
        .or_else(|| coded_answer(received))
        .or_else(|| surveyed_greeting(received, false))
}

fn textual(text: &str) -> Option<&'static str> {
    if text.contains("trying to access MongoDB over HTTP") {
        return Some("mongodb");
    }
    for (start, service) in
        [("HTTP/1.", "http"), ("HTTP/2", "http"), ("RTSP/1.", "rtsp"), ("SIP/2.0 ", "sip")]
    {
        if text.starts_with(start) {
            return Some(service);
        }
    }
    if text.starts_with("+PONG\r\n") {
        return Some("redis");
    }
    if let Some(error) = text.strip_prefix('-') {
        let like_redis = [
            "ERR unknown command",
            "ERR wrong number of arguments",
            "ERR Protocol error",
            "NOAUTH",
            "DENIED",
        ];
        if like_redis.iter().any(|start| error.starts_with(start)) && redis::is_redis_error(error) {
            return Some("redis");
        }
    }
    if text.starts_with("VERSION 1.")
        || text == "ERROR\r\n"
        || text.starts_with("ERROR\r\nERROR\r\n")
        || text.starts_with("CLIENT_ERROR ")
    {
        return Some("memcached");
    }
    let finger = text.trim_start().starts_with("Login ") && text.contains("Name") && text.contains("Tty");
    if finger || text.trim() == "No one logged on." {
        return Some("finger");
    }
    None
}

/// Answers in three-digit codes to something that was not asked in that protocol.
fn coded_answer(received: &[u8]) -> Option<&'static str> {
    // Some answer line by line, the greeting first.
    let mut rest = received;
    let mut said = String::new();
    while let Ok(Some((reply, used))) = reply::Reply::parse(rest) {
        if let Some(service) = coded_greeting(reply.code, &reply.text()) {
            return Some(service);
        }
        said.push_str(&reply.text().to_ascii_uppercase());
        said.push('\n');
        rest = rest.get(used..).unwrap_or_default();
    }
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if has(&["EHLO", "HELO", "RCPT"]) || said.starts_with("5.5.") || said.contains("\n5.5.") {
        return Some("smtp");
    }
    if has(&["RETR", "PASV", "LOGIN WITH USER", "USER AND PASS"]) {
        return Some("ftp");
    }
    None
}

fn binary(probe: &str, received: &[u8]) -> Option<&'static str> {
    // TPKT with an X.224 connection confirm for our reference, which is zero.
    if let [3, 0, _, _, _, 0xd0, 0, 0, ..] = received {
        return Some("rdp");
    }
    if let [_, _, _, _, 0xfe | 0xff, b'S', b'M', b'B', ..] = received {
        return Some("smb");
    }
    // Protocol version 3 to 5 of Cassandra, as a response, with an error or its options.
    if let [0x83..=0x85, _, _, _, 0 | 6, 0, ..] = received {
        return Some("cassandra");
    }
    if matches!(ldap::Response::parse(received), Ok(Some(_))) {
        return Some("ldap");
    }
    if received.len() == 4 && matches!(crate::mqtt::return_code(received), Ok(Some(_))) {
        return Some("mqtt");
    }
    let fatal = matches!(postgres::Message::parse(received), Ok(Some((postgres::Message::Error { .. }, _))));
    if fatal || (probe == "postgresql" && matches!(received, b"S" | b"N")) {
        return Some("postgresql");
    }
    if probe == "rpc"
        && matches!(rpc::unframed(received), Ok(Some(message)) if message.get(4..8) == Some(&[0, 0, 0, 1]))
    {
        return Some("rpc");
    }
    if probe == "dns" && matches!(dns::unframed(received), Ok(Some((message, _))) if message.flags.response) {
        return Some("dns");
    }
    // A line-based service that was asked in another tongue.
    if matches!(pop3::status(received), Ok(Some((pop3::Status::Ok(_), _)))) {
        return Some("pop3");
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn greeted(received: &[u8], closed: bool) -> Option<&'static str> {
        greeting(received, closed).map(|seen| seen.service)
    }

    fn answered(probe: &str, sent: &[u8], received: &[u8]) -> Option<&'static str> {
        recognise(probe, sent, received).map(|seen| seen.service)
    }

    #[test]
    fn services_that_speak_first() {
        let cases: &[(&[u8], &str)] = &[
            (b"SSH-2.0-OpenSSH_10.0p2 Debian-7\r\n", "ssh"),
            (b"220 (vsFTPd 3.0.5)\r\n", "ftp"),
            (b"220 ProFTPD Server (Debian) [::ffff:10.0.0.1]\r\n", "ftp"),
            (b"220-FileZilla Server 1.8\r\n220 Please visit\r\n", "ftp"),
            (b"220 mail.lab.test ESMTP Exim 4.98.2 Sun\r\n", "smtp"),
            (b"554 no SMTP service here\r\n", "smtp"),
            (b"200 news.lab.test InterNetNews server INN 2.7 ready\r\n", "nntp"),
            (b"* OK [CAPABILITY IMAP4rev1] Dovecot ready.\r\n", "imap"),
            (b"+OK Dovecot ready.\r\n", "pop3"),
            (b"\xff\xfd\x18\xff\xfd\x20", "telnet"),
            (b"@RSYNCD: 32.0 sha512\n", "rsync"),
            (b"RFB 003.008\n", "vnc"),
            (b":irc.lab.test NOTICE * :*** Looking up your hostname...\r\n", "irc"),
            (b" !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefg\r\n", "chargen"),
        ];
        for (bytes, service) in cases {
            assert_eq!(greeted(bytes, false), Some(*service), "{service}");
        }
        assert_eq!(greeted(b"Sun Nov 22 03:14:00 2026\r\n", true), Some("daytime"));
        assert_eq!(greeted(b"22 NOV 2026 03:14:00 UTC\r\n", true), Some("daytime"));
        assert_eq!(greeted(b"\xee\x12\x34\x56", true), Some("time"));
        assert_eq!(greeted(b"220 hello\r\n", false), None);
        assert_eq!(greeted(b"welcome\r\n", true), None);
    }

    #[test]
    fn answers_to_anything() {
        let get = b"GET / HTTP/1.0\r\n\r\n";
        let cases: &[(&[u8], &str)] = &[
            (b"HTTP/1.1 400 Bad Request\r\n\r\n", "http"),
            (b"HTTP/1.0 200 OK\r\n\r\nIt looks like you are trying to access MongoDB over HTTP on the native driver port.\r\n", "mongodb"),
            (b"HTTP/1.1 400 Bad Request\r\n\r\nThe plain HTTP request was sent to HTTPS port", "tls"),
            (b"\x15\x03\x01\x00\x02\x02\x46", "tls"),
            (b"-ERR wrong number of arguments for 'get' command\r\n", "redis"),
            (b"-NOAUTH Authentication required.\r\n", "redis"),
            (b"ERROR\r\n", "memcached"),
            (b"RTSP/1.0 400 Bad Request\r\n\r\n", "rtsp"),
            (b"SIP/2.0 400 Bad\r\n\r\n", "sip"),
            (b"\x03\x00\x00\x13\x0e\xd0\x00\x00\x12\x34\x00\x02\x1f\x08\x00\x02\x00\x00\x00", "rdp"),
            (b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00", "ldap"),
            (b"E\0\0\0\x15SFATAL\0C0A000\0M\0\0", "postgresql"),
            (b"\x20\x02\x00\x00", "mqtt"),
            (b"500 5.5.1 Invalid command: \"GET\"\r\n", "smtp"),
            (b"530 Please login with USER and PASS.\r\n", "ftp"),
            (get, "echo"),
        ];
        for (bytes, service) in cases {
            assert_eq!(answered("http", get, bytes), Some(*service), "{service}");
        }
        assert_eq!(answered("postgresql", b"", b"N"), Some("postgresql"));
        assert_eq!(answered("http", get, b"N"), None);
        assert_eq!(answered("http", get, b""), None);
        assert_eq!(answered("http", get, b"nothing known"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = greeting(&bytes, true);
            for probe in ["http", "rpc", "dns", "postgresql"] {
                let _ = recognise(probe, b"x", &bytes);
            }
        }
    }
}
