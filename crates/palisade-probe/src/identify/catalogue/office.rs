//! Mail, files, people and health: services of offices beside the large ones.
//!
//! Bacula is absent: its ports are printers' too, and those are not spoken to.

use super::Details;
use super::datagram;
use super::details::{behind, between, contains, first_line, text, version_after};
use super::row::Protocol;
use crate::reader::Reader;

pub(super) const PROTOCOLS: &[Protocol] = &[
    Protocol::greets("lmtp", &[24, 2003], lmtp),
    Protocol::greets("sieve", &[4190, 2000], sieve),
    Protocol::greets("poppassd", &[106], poppassd),
    Protocol::greets("acap", &[674], acap),
    Protocol::greets("mupdate", &[3905], mupdate),
    Protocol::tells("spamd", &[783], || b"PING SPAMC/1.2\r\n\r\n".to_vec(), spamd),
    Protocol::tells("clamd", &[3310], || b"VERSION\n".to_vec(), clamd),
    Protocol::tells("ident", &[113], || b"1,1\r\n".to_vec(), ident),
    Protocol::tells("gopher", &[70], || b"\r\n".to_vec(), gopher),
    Protocol::greets("systat", &[11], systat),
    Protocol::greets("netstat", &[15], netstat),
    Protocol::asked("whois", &[43, 4321], || b"scanner.invalid\r\n".to_vec(), whois),
    Protocol::asked("kerberos", &[88], kerberos_question, kerberos),
    Protocol::asked("afp", &[548], || vec![0, 3, 0x50, 0x41, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], afp),
    Protocol::asked("iscsi", &[3260], iscsi_question, iscsi),
    Protocol::greets("nbd", &[10809], nbd),
    Protocol::asked("git", &[9418], || b"002bgit-upload-pack /\0host=scanner.invalid\0".to_vec(), git),
    Protocol::tells("cvspserver", &[2401], cvs_question, cvs),
    Protocol::asked("perforce", &[1666], perforce_question, perforce),
    Protocol::greets("ndmp", &[10000], ndmp),
    Protocol::tells("dicom", &[104, 11112, 4242], dicom_question, dicom),
    Protocol::greets("hl7", &[2575, 6661], hl7),
];

fn lmtp(received: &[u8]) -> Option<Details> {
    let line = first_line(received)?;
    let rest = line.strip_prefix("220 ")?;
    let words: Vec<&str> = rest.split_whitespace().collect();
    if !words.contains(&"LMTP") || words.contains(&"ESMTP") {
        return None;
    }
    let details = if rest.contains("Dovecot") {
        Details::of_product("Dovecot", "Dovecot", "a:dovecot:dovecot", None)
    } else if rest.contains("Cyrus") {
        Details::of_product("Cyrus", "Cyrus IMAP", "a:cyrus:imap", version_after(rest, "Cyrus "))
    } else {
        Details::none()
    };
    Some(details.maybe("host", words.first()))
}

fn sieve(received: &[u8]) -> Option<Details> {
    let said = text(received);
    let implementation = between(&said, "\"IMPLEMENTATION\" \"", &['"'])?;
    if !said.starts_with('"') || !said.contains("\"SIEVE\"") {
        return None;
    }
    let details = if implementation.contains("Dovecot") {
        Details::of_product("Dovecot", "Pigeonhole", "a:dovecot:pigeonhole", None)
    } else if implementation.contains("Cyrus") {
        Details::of_product(
            "Cyrus",
            "Cyrus timsieved",
            "a:cyrus:imap",
            version_after(implementation, "timsieved v"),
        )
    } else {
        Details::none()
    };
    Some(details.value("implementation", implementation))
}

fn poppassd(received: &[u8]) -> Option<Details> {
    let line = first_line(received)?;
    (line.starts_with("200 ") && line.contains("poppass"))
        .then(|| Details::of_product("poppassd", "poppassd", "", version_after(&line, "poppassd v")))
}

fn acap(received: &[u8]) -> Option<Details> {
    let line = first_line(received)?;
    line.starts_with("* ACAP (")
        .then(|| Details::none().maybe("implementation", between(&line, "IMPLEMENTATION \"", &['"'])))
}

fn mupdate(received: &[u8]) -> Option<Details> {
    let said = text(received);
    let version = between(&said, "\"Cyrus\" \"v", &['"', '-']);
    said.contains("* OK MUPDATE \"")
        .then(|| Details::of_product("Cyrus", "Cyrus Murder", "a:cyrus:imap", version))
}

fn spamd(received: &[u8]) -> Option<Details> {
    let line = first_line(received)?;
    let version = line.strip_prefix("SPAMD/")?.split(' ').next()?;
    Some(Details::of_product("Apache", "SpamAssassin", "a:apache:spamassassin", None).version(version))
}

fn clamd(received: &[u8]) -> Option<Details> {
    let line = first_line(received)?;
    let product = |version| Details::of_product("Cisco", "ClamAV", "a:clamav:clamav", version);
    if let Some(rest) = line.strip_prefix("ClamAV ") {
        let mut parts = rest.split('/');
        return Some(product(parts.next()).open(true).maybe("signatures", parts.next()));
    }
    (line == "UNKNOWN COMMAND").then(|| product(None))
}

/// The answer repeats the two ports.
fn ident(received: &[u8]) -> Option<Details> {
    let line = first_line(received)?;
    let mut parts = line.split(':').map(str::trim);
    let (ports, kind, what) = (parts.next()?, parts.next()?, parts.next()?);
    let numbers = ports.split(',').all(|each| each.trim().bytes().all(|byte| byte.is_ascii_digit()));
    (numbers && matches!(kind, "ERROR" | "USERID")).then(|| Details::none().value("answer", what))
}

/// A menu: kind, text, selector, host and port in each line.
fn gopher(received: &[u8]) -> Option<Details> {
    let line = first_line(received)?;
    let fields: Vec<&str> = line.split('\t').collect();
    let [head, _, host, port, ..] = fields.as_slice() else { return None };
    let kind = head.starts_with(|each: char| each.is_ascii_digit() || "iIghs;T+".contains(each));
    (kind && !host.is_empty() && port.trim().parse::<u16>().is_ok())
        .then(|| Details::none().open(true).value("host", *host))
}

fn systat(received: &[u8]) -> Option<Details> {
    let line = first_line(received)?;
    let words: Vec<&str> = line.split_whitespace().collect();
    (words.contains(&"PID") && (words.contains(&"TIME") || words.contains(&"%CPU")))
        .then(|| Details::none().open(true))
}

fn netstat(received: &[u8]) -> Option<Details> {
    let line = first_line(received)?;
    (line.starts_with("Active Internet connections") || line.starts_with("Active connections"))
        .then(|| Details::none().open(true))
}

fn whois(received: &[u8]) -> Option<Details> {
    let said = text(received).to_ascii_lowercase();
    let marks = [
        "no match",
        "not found",
        "no data found",
        "no entries found",
        "whois",
        "% this is the",
        "domain name:",
    ];
    let other = said.starts_with("http/") || said.starts_with('<');
    (!other && marks.iter().any(|mark| said.contains(mark)) && said.contains('\n')).then(Details::none)
}

fn kerberos_question() -> Vec<u8> {
    let mut message = datagram::kerberos_question();
    let length = u32::try_from(message.len()).unwrap_or(0).to_be_bytes();
    message.splice(..0, length);
    message
}

fn kerberos(received: &[u8]) -> Option<Details> {
    let mut reader = Reader::new(received);
    let length = usize::try_from(reader.u32().ok()?).ok()?;
    datagram::kerberos(reader.take(length).ok()?)
}

/// DSIGetStatus: machine type and protocol versions stand where the offsets say.
fn afp(received: &[u8]) -> Option<Details> {
    let [1, 3, 0x50, 0x41, 0, 0, 0, 0, ..] = received else { return None };
    let mut reader = Reader::new(received.get(8..)?);
    let length = usize::try_from(reader.u32().ok()?).ok()?;
    let _reserved = reader.u32().ok()?;
    let block = reader.take(length).ok()?;
    let string_at = |at: usize| {
        let length = usize::from(*block.get(at)?);
        block.get(at + 1..at + 1 + length).map(|found| text(found).into_owned())
    };
    let offset = |at: usize| Some(usize::from(u16::from_be_bytes(block.get(at..at + 2)?.try_into().ok()?)));
    let machine = string_at(offset(0)?)?;
    let name = string_at(10);
    let details = if machine.contains("Netatalk") {
        Details::of_product(
            "Netatalk",
            "Netatalk",
            "a:netatalk:netatalk",
            version_after(&machine, "Netatalk"),
        )
    } else {
        Details::none()
    };
    Some(details.value("machine", machine).maybe("host", name))
}

/// Login to a discovery session, without saying any target's name.
fn iscsi_question() -> Vec<u8> {
    let mut keys =
        b"InitiatorName=iqn.2026-11.invalid.scanner\0SessionType=Discovery\0AuthMethod=None\0".to_vec();
    let length = u32::try_from(keys.len()).unwrap_or(0).to_be_bytes();
    while !keys.len().is_multiple_of(4) {
        keys.push(0);
    }
    let mut message = vec![0x43, 0x81, 0, 0];
    message.extend_from_slice(&length);
    message.extend_from_slice(&[0x80, 0, 0x50, 0x41, 0, 0, 0, 0, 0x50, 0x41, 0x4c, 0x31]);
    message.resize(48, 0);
    message.append(&mut keys);
    message
}

fn iscsi(received: &[u8]) -> Option<Details> {
    let head = received.get(..48)?;
    let login = head.first() == Some(&0x23) && head.get(16..20) == Some(b"PAL1");
    let reject = head.first() == Some(&0x3f);
    let status = head.get(36..38)?;
    (login || reject).then(|| {
        let alias = text(received).into_owned();
        Details::none()
            .open(login && status == [0, 0])
            .maybe("alias", between(&alias, "TargetAlias=", &['\0']))
    })
}

fn nbd(received: &[u8]) -> Option<Details> {
    let rest = received.strip_prefix(b"NBDMAGIC")?;
    (rest.starts_with(b"IHAVEOPT") || rest.starts_with(&[0, 0, 0x42, 2, 0x81, 0x86])).then(Details::none)
}

/// A packet line that refuses, or lists.
fn git(received: &[u8]) -> Option<Details> {
    let length = usize::from_str_radix(std::str::from_utf8(received.get(..4)?).ok()?, 16).ok()?;
    let line = text(received.get(4..length)?).into_owned();
    let lists = line.len() > 41 && line.get(..40)?.bytes().all(|byte| byte.is_ascii_hexdigit());
    let agent = between(&line, "agent=git/", &[' ', '\n']);
    (lists || line.starts_with("ERR "))
        .then(|| Details::of_product("Git", "git daemon", "a:git-scm:git", agent).open(lists))
}

/// A log-in that cannot succeed: the server has no such root.
fn cvs_question() -> Vec<u8> {
    b"BEGIN VERIFICATION REQUEST\n/scanner.invalid\nscanner\nA\nEND VERIFICATION REQUEST\n".to_vec()
}

fn cvs(received: &[u8]) -> Option<Details> {
    let line = first_line(received)?;
    let says = line.starts_with("cvs [pserver")
        || line.starts_with("cvs pserver: ")
        || line == "I HATE YOU"
        || line.starts_with("error 0 /scanner.invalid: no such repository");
    says.then(|| Details::of_product("CVS", "CVS pserver", "a:nongnu:cvs", None))
}

/// `protocol`, which both sides say first.
fn perforce_question() -> Vec<u8> {
    let mut body = Vec::new();
    for (key, value) in [("client", "58"), ("func", "protocol")] {
        body.extend_from_slice(key.as_bytes());
        body.push(0);
        body.extend_from_slice(&u32::try_from(value.len()).unwrap_or(0).to_le_bytes());
        body.extend_from_slice(value.as_bytes());
        body.push(0);
    }
    let length = u32::try_from(body.len()).unwrap_or(0).to_le_bytes();
    let [a, b, c, d] = length;
    let mut message = vec![a ^ b ^ c ^ d, a, b, c, d];
    message.append(&mut body);
    message
}

fn perforce(received: &[u8]) -> Option<Details> {
    let [check, a, b, c, d, rest @ ..] = received else { return None };
    let value = |name: &[u8]| {
        let mut reader = Reader::new(behind(rest, name)?.strip_prefix(b"\0")?);
        let length = usize::try_from(reader.u32_le().ok()?).ok()?;
        reader.take(length).ok()
    };
    let server = value(b"server2").or_else(|| value(b"server"))?;
    (*check == a ^ b ^ c ^ d && contains(rest, b"protocol")).then(|| {
        Details::of_product("Perforce", "Helix Core", "a:perforce:helix_core", None).version(&text(server))
    })
}

/// NOTIFY_CONNECTED, in a record of one fragment.
fn ndmp(received: &[u8]) -> Option<Details> {
    let mut reader = Reader::new(received);
    let (mark, _sequence, _time) = (reader.u32().ok()?, reader.u32().ok()?, reader.u32().ok()?);
    let (kind, message, _reply, _error) =
        (reader.u32().ok()?, reader.u32().ok()?, reader.u32().ok()?, reader.u32().ok()?);
    let (reason, version) = (reader.u32().ok()?, reader.u32().ok()?);
    (mark & 0x8000_0000 != 0 && kind == 0 && message == 0x502 && reason <= 2 && (1..=9).contains(&version))
        .then(|| Details::none().version(&version.to_string()))
}

/// An association for verification between two titles that nobody has.
fn dicom_question() -> Vec<u8> {
    let item = |kind: u8, content: &[u8]| {
        let mut item = vec![kind, 0];
        item.extend_from_slice(&u16::try_from(content.len()).unwrap_or(0).to_be_bytes());
        item.extend_from_slice(content);
        item
    };
    let syntaxes = [item(0x30, b"1.2.840.10008.1.1"), item(0x40, b"1.2.840.10008.1.2")].concat();
    let mut body = vec![0, 1, 0, 0];
    body.extend_from_slice(b"ANY-SCP         SCANNER         ");
    body.extend_from_slice(&[0; 32]);
    body.extend(item(0x10, b"1.2.840.10008.3.1.1.1"));
    body.extend(item(0x20, &[&[1, 0, 0, 0][..], &syntaxes].concat()));
    body.extend(item(0x50, &[item(0x51, &[0, 0, 0x40, 0]), item(0x52, b"1.2.3.4")].concat()));
    let mut message = vec![1, 0];
    message.extend_from_slice(&u32::try_from(body.len()).unwrap_or(0).to_be_bytes());
    message.append(&mut body);
    message
}

fn dicom(received: &[u8]) -> Option<Details> {
    let mut reader = Reader::new(received);
    let (kind, zero, length) =
        (reader.u8().ok()?, reader.u8().ok()?, usize::try_from(reader.u32().ok()?).ok()?);
    let body = reader.take(length).ok()?;
    if zero != 0 || !reader.is_empty() {
        return None;
    }
    match (kind, body) {
        (2, [0, 1, ..]) if length >= 68 && contains(body, b"1.2.840.10008.3.1.1.1") => {
            let said = text(body).into_owned();
            Some(Details::none().open(true).maybe(
                "implementation",
                between(&said, "OFFIS_", &['\0']).map(|rest| format!("OFFIS_{rest}")),
            ))
        }
        // Refused: result, source, reason. Aborted: source, reason.
        (3, [0, 1 | 2, 1..=3, _]) => Some(Details::none().open(false)),
        (7, [0, 0, 0 | 2, 0..=6]) => Some(Details::none()),
        _ => None,
    }
}

fn hl7(received: &[u8]) -> Option<Details> {
    let rest = received.strip_prefix(&[0x0b])?;
    let said = text(rest);
    said.starts_with("MSH|^~\\&|").then(|| Details::none().maybe("application", said.split('|').nth(2)))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::tests::{Foreign, Sample, sample};
    use super::*;

    pub(crate) const SAMPLES: &[Sample] = &[
        sample("lmtp", b"220 lab.test Dovecot ready LMTP\r\n", "Dovecot"),
        sample("sieve", b"\x22IMPLEMENTATION\x22 \x22Dovecot Pigeonhole\x22\r\n\x22SIEVE\x22 \x22fileinto reject\x22\r\nOK \x22Dovecot ready.\x22\r\n", "Pigeonhole"),
        sample("poppassd", b"200 poppassd v1.8.5 hello, who are you?\r\n", "poppassd 1.8.5"),
        sample("acap", b"* ACAP (IMPLEMENTATION \x22CommuniGate Pro ACAP 5.4\x22) (STARTTLS)\r\n", ""),
        sample("mupdate", b"* AUTH \x22PLAIN\x22\r\n* OK MUPDATE \x22lab.test\x22 \x22Cyrus\x22 \x22v3.6.1-Debian\x22 \x22(master)\x22\r\n", "Cyrus Murder 3.6.1"),
        sample("spamd", b"SPAMD/1.5 0 PONG\r\n", "SpamAssassin"),
        sample("clamd", b"ClamAV 1.0.3/26789/Sat Nov 21 08:26:31 2026\n", "ClamAV 1.0.3"),
        sample("clamd", b"UNKNOWN COMMAND\n", "ClamAV"),
        sample("ident", b"1,1:ERROR:NO-USER\r\n", ""),
        sample("gopher", b"iWelcome\x09fake\x09(NULL)\x090\r\n0About\x09/about\x09lab.test\x0970\r\n.\r\n", ""),
        sample("systat", b"USER       PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n", ""),
        sample("netstat", b"Active Internet connections (servers and established)\n", ""),
        sample("whois", b"No match for SCANNER.INVALID.\r\n", ""),
        sample("kerberos", b"\x00\x00\x009~705\xa0\x03\x02\x01\x05\xa1\x03\x02\x01\x1e\xa4\x11\x18\x0f20261122031400Z\xa5\x05\x02\x03\x00\xab\xcd\xa6\x03\x02\x01\x06\xa9\n\x1b\x08LAB.TEST", ""),
        sample("afp", b"\x01\x03PA\x00\x00\x00\x00\x00\x00\x00!\x00\x00\x00\x00\x00\x12\x00\x00\x00\x00\x00\x00\x00\x00\x05files\x00\x00\x0eNetatalk3.1.12", "Netatalk 3.1.12"),
        sample("iscsi", b"#\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00PAL1\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00TargetAlias=disk1\x00AuthMethod=None\x00", ""),
        sample("nbd", b"NBDMAGICIHAVEOPT\x00\x03", ""),
        sample("git", b"0034ERR access denied or repository not exported: /\n", "git daemon"),
        sample("cvspserver", b"error 0 /scanner.invalid: no such repository\n", "CVS pserver"),
        sample("perforce", b"!!\x00\x00\x00server2\x00\x02\x00\x00\x0054\x00func\x00\x08\x00\x00\x00protocol\x00", "Helix Core"),
        sample("ndmp", b"\x80\x00\x00 \x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x05\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x04\x00\x00\x00\x00", ""),
        sample("dicom", b"\x07\x00\x00\x00\x00\x04\x00\x00\x02\x02", ""),
        sample("dicom", b"\x03\x00\x00\x00\x00\x04\x00\x01\x01\x07", ""),
        sample("hl7", b"\x0bMSH|^~\x5c&|LAB|HOSPITAL|||20261122||ACK|1|P|2.3\r\x1c\r", ""),
    ];

    pub(crate) const FOREIGN: &[Foreign] = &[
        ("lmtp", b"220 lab.test ESMTP LMTP\r\n"),
        ("sieve", b"\x22IMPLEMENTATION\x22 \x22x\x22\r\n"),
        ("poppassd", b"200 hello\r\n"),
        ("acap", b"* OK ACAP\r\n"),
        ("mupdate", b"* OK IMAP\r\n"),
        ("spamd", b"SPAMC/1.5\r\n"),
        ("clamd", b"UNKNOWN\n"),
        ("ident", b"a,b:ERROR:x\r\n"),
        ("gopher", b"iWelcome\x09to\r\n"),
        ("systat", b"PID\n"),
        ("netstat", b"Active\n"),
        ("whois", b"HTTP/1.1 404 Not Found\r\n"),
        ("kerberos", b"\x00\x00\x00\x03abc"),
        ("afp", b"\x01\x03PB\x00\x00\x00\x00\x00\x00\x00!\x00\x00\x00\x00\x00\x12\x00\x00\x00\x00\x00\x00\x00\x00\x05files\x00\x00\x0eNetatalk3.1.12"),
        ("iscsi", b"#\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00PAL2\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00TargetAlias=disk1\x00AuthMethod=None\x00"),
        ("nbd", b"NBDMAGICx"),
        ("git", b"0008ERR?"),
        ("cvspserver", b"cvs\n"),
        ("perforce", b"\x00!\x00\x00\x00server2\x00\x02\x00\x00\x0054\x00func\x00\x08\x00\x00\x00protocol\x00"),
        ("ndmp", b"\x80\x00\x00 \x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x05\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x04\x00\x00\x00\x00"),
        ("dicom", b"\x07\x00\x00\x00\x00\x04\x01\x00\x02\x02"),
        ("hl7", b"\x0bMSA|"),
    ];

    #[test]
    fn questions_have_their_lengths() {
        assert_eq!(iscsi_question().len() % 4, 0);
        let dicom = dicom_question();
        assert_eq!(dicom.len(), usize::from(dicom[5]) + 6);
        assert_eq!(kerberos_question().len(), usize::from(kerberos_question()[3]) + 4);
        assert_eq!(hl7(SAMPLES[23].bytes).unwrap().facts.values["application"], "LAB");
    }
}
