//! Which service an answer is of.

use palisade_model::fact::Product;
use palisade_probe::{http, ldap, mqtt, mysql, postgres, reply::Reply, rpc, rsync};

use super::first_words::FirstWords;

/// A recognised service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Recognised {
    /// As facts name it.
    pub(super) service: String,
    pub(super) product: Option<Product>,
    /// The answer is an error that another layer in front may explain better.
    pub(super) doubtful: bool,
}

fn known(service: &str) -> Option<Recognised> {
    Some(Recognised { service: service.to_owned(), product: None, doubtful: false })
}

/// What `bytes` are an answer of, to `words`, which were `sent` with the number `nonce`. `ended`:
/// nothing more will come. `None`: read on, or nobody knows.
pub(super) fn recognise(
    words: FirstWords,
    sent: &[u8],
    bytes: &[u8],
    nonce: u16,
    ended: bool,
) -> Option<Recognised> {
    if bytes.is_empty() {
        return None;
    }
    if !sent.is_empty() && sent.starts_with(bytes) {
        // An echo, once all of it came back.
        return if bytes.len() == sent.len() { known("echo") } else { None };
    }
    let found = match words {
        FirstWords::Listen => greeting(bytes, ended),
        FirstWords::Http => match http::Response::parse(bytes, "GET", ended) {
            Ok(Some(response)) => {
                return Some(Recognised { doubtful: response.status == 400, ..known("http")? });
            }
            _ => None,
        },
        FirstWords::Tls => None,
        FirstWords::Dns => match palisade_probe::dns::unframed(bytes) {
            Ok(Some((message, _))) if message.id == nonce && message.flags.response => known("dns"),
            _ => None,
        },
        FirstWords::Rpc => rpc::unframed(bytes)
            .ok()
            .flatten()
            .and_then(|message| rpc::reply_content(&message, u32::from(nonce)).ok().map(|_| ()))
            .and_then(|()| known("rpcbind")),
        FirstWords::Ldap => {
            matches!(ldap::Response::parse(bytes), Ok(Some(_))).then(|| known("ldap")).flatten()
        }
        FirstWords::Mqtt => matches!(mqtt::return_code(bytes), Ok(Some(_))).then(|| known("mqtt")).flatten(),
        FirstWords::Postgres => matches!((postgres::tls_answer(bytes), bytes.len()), (Ok(Some(_)), 1))
            .then(|| known("postgresql"))
            .flatten(),
        FirstWords::Redis => (bytes.starts_with(b"+PONG\r\n")
            || bytes.starts_with(b"-NOAUTH ")
            || bytes.starts_with(b"-DENIED "))
        .then(|| known("redis"))
        .flatten(),
        FirstWords::Memcached => bytes.starts_with(b"VERSION ").then(|| known("memcached")).flatten(),
        FirstWords::Smb => {
            matches!(bytes.get(4..8), Some(b"\xfeSMB" | b"\xffSMB")).then(|| known("smb")).flatten()
        }
        FirstWords::Rdp => matches!(bytes, [3, 0, _, _, _, 0xd0, ..]).then(|| known("rdp")).flatten(),
    };
    // Services that speak first do so whatever was asked.
    found.or_else(|| greeting(bytes, ended))
}

/// What a service says without, or before, being asked.
fn greeting(bytes: &[u8], ended: bool) -> Option<Recognised> {
    if bytes.starts_with(b"SSH-") {
        return bytes.contains(&b'\n').then(|| known("ssh")).flatten();
    }
    if bytes.starts_with(b"@RSYNCD:") {
        return matches!(rsync::greeting(bytes), Ok(Some(_))).then(|| known("rsync")).flatten();
    }
    if bytes.starts_with(b"RFB ") && bytes.len() >= 12 {
        return known("vnc");
    }
    if matches!(bytes, [0xff, 0xfb..=0xfe, ..]) {
        return known("telnet");
    }
    if bytes.starts_with(b"+OK") && bytes.contains(&b'\n') {
        return known("pop3");
    }
    if bytes.starts_with(b"* OK") || bytes.starts_with(b"* PREAUTH") {
        return bytes.contains(&b'\n').then(|| known("imap")).flatten();
    }
    if let Ok(Some(reply)) = Reply::parse(bytes) {
        return code_of(&reply.0);
    }
    if matches!(mysql::Greeting::parse(bytes), Ok(Some(_))) {
        return known("mysql");
    }
    if chargen(bytes) {
        return known("chargen");
    }
    if ended && bytes.len() == 4 && !bytes.is_ascii() {
        return known("time");
    }
    if ended && daytime(bytes) {
        return known("daytime");
    }
    None
}

fn code_of(reply: &Reply) -> Option<Recognised> {
    let text = reply.text().to_ascii_lowercase();
    match reply.code {
        220 | 421 | 554 if ["smtp", "mail", "exim", "postfix"].iter().any(|mark| text.contains(mark)) => {
            known("smtp")
        }
        220 | 230 | 421 | 530 if text.contains("ftp") => known("ftp"),
        220 if text.contains("filezilla") => known("ftp"),
        220 => known("smtp"),
        _ => None,
    }
}

/// The rotating lines of RFC 864.
fn chargen(bytes: &[u8]) -> bool {
    const RUN: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdef";
    bytes.len() >= 74 && bytes.windows(RUN.len()).any(|window| window == RUN)
}

/// One short line with a time of day in it, and the end.
fn daytime(bytes: &[u8]) -> bool {
    let line = bytes.trim_ascii();
    let time = |window: &[u8]| {
        matches!(window, [a, b, b':', c, d, b':', e, f]
            if [a, b, c, d, e, f].iter().all(|byte| byte.is_ascii_digit()))
    };
    (8..80).contains(&line.len()) && !line.contains(&b'\n') && line.windows(8).any(time)
}
