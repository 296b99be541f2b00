//! Application servers, remote objects and debuggers.

use super::Details;
use super::details::{between, first_line, text, version_after};
use super::row::Protocol;
use crate::reader::Reader;

pub(super) const PROTOCOLS: &[Protocol] = &[
    Protocol::tells("ajp13", &[8009], || vec![0x12, 0x34, 0, 1, 10], ajp),
    Protocol::asked("fastcgi", &[9000, 9001], fastcgi_question, fastcgi),
    Protocol::asked("java-rmi", &[1099, 1098, 9010, 9999], || b"JRMI\0\x02K".to_vec(), rmi),
    Protocol::asked("jdwp", &[5005, 8000, 8787], jdwp_question, jdwp),
    Protocol::tells("giop", &[2809, 3700, 683], giop_question, giop),
    Protocol::tells("t3", &[7001, 7002], || b"t3 12.2.1\nAS:255\nHL:19\n\n".to_vec(), t3),
    Protocol::asked("epmd", &[4369], || vec![0, 1, b'n'], epmd),
    Protocol::tells("http2", &[50051], http2_question, http2),
    Protocol::asked("gdb", &[2345, 1234], || b"+$qSupported#37".to_vec(), gdb),
    Protocol::greets("java-serialised", &[4444, 4445], java_object),
    Protocol::greets("php-debug", &[9003], php_debug),
];

/// CPong. A refusal of anything else is not told.
fn ajp(received: &[u8]) -> Option<Details> {
    (received == [b'A', b'B', 0, 1, 9])
        .then(|| Details::of_product("Apache", "Apache JServ Protocol", "", None).version("1.3"))
}

/// GET_VALUES for three names.
fn fastcgi_question() -> Vec<u8> {
    let mut names = Vec::new();
    for name in [&b"FCGI_MAX_CONNS"[..], b"FCGI_MPXS_CONNS"] {
        names.extend_from_slice(&[u8::try_from(name.len()).unwrap_or(0), 0]);
        names.extend_from_slice(name);
    }
    let mut record = vec![1, 9, 0, 0, 0, u8::try_from(names.len()).unwrap_or(0), 0, 0];
    record.append(&mut names);
    record
}

fn fastcgi(received: &[u8]) -> Option<Details> {
    let [1, 10, 0, 0, high, low, padding, 0, rest @ ..] = received else { return None };
    let length = usize::from(u16::from_be_bytes([*high, *low])) + usize::from(*padding);
    (rest.len() == length).then(Details::none)
}

/// The registry repeats where it sees us.
fn rmi(received: &[u8]) -> Option<Details> {
    let mut reader = Reader::new(received.strip_prefix(b"N")?);
    let length = usize::from(reader.u16().ok()?);
    let host = text(reader.take(length).ok()?).into_owned();
    let port = reader.u32().ok()?;
    let plausible =
        !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".:-_%".contains(&byte));
    (plausible && port <= 65_535 && reader.is_empty())
        .then(|| Details::of_product("Oracle", "Java RMI", "", None))
}

/// The handshake, and behind it the question for the version.
fn jdwp_question() -> Vec<u8> {
    let mut bytes = b"JDWP-Handshake".to_vec();
    bytes.extend_from_slice(&[0, 0, 0, 11, 0, 0, 0x50, 0x41, 0, 1, 1]);
    bytes
}

fn jdwp(received: &[u8]) -> Option<Details> {
    let mut reader = Reader::new(received.strip_prefix(b"JDWP-Handshake")?);
    let length = usize::try_from(reader.u32().ok()?).ok()?;
    let (number, flags, error) = (reader.u32().ok()?, reader.u8().ok()?, reader.u16().ok()?);
    if number != 0x5041 || flags != 0x80 || received.len() < length.checked_add(14)? {
        return None;
    }
    let mut string = || {
        let length = usize::try_from(reader.u32().ok()?).ok()?;
        Some(text(reader.take(length).ok()?).into_owned())
    };
    let description = if error == 0 { string() } else { None };
    let version =
        description.as_deref().and_then(|said| version_after(said, "JVM version ").map(str::to_owned));
    Some(
        Details::of_product("Oracle", "Java debugger", "", version.as_deref())
            .open(true)
            .maybe("description", description),
    )
}

/// LocateRequest for an object named `x`.
fn giop_question() -> Vec<u8> {
    let mut message = b"GIOP\x01\0\0\x03\0\0\0\x09\0\0\x50\x41\0\0\0\x01".to_vec();
    message.push(b'x');
    message
}

fn giop(received: &[u8]) -> Option<Details> {
    let [b'G', b'I', b'O', b'P', 1, minor @ 0..=3, _, kind @ (1 | 4 | 5 | 6), ..] = received else {
        return None;
    };
    let _ = kind;
    (received.len() >= 12).then(|| Details::none().version(&format!("1.{minor}")))
}

fn t3(received: &[u8]) -> Option<Details> {
    let line = first_line(received)?;
    let product =
        |version| Details::of_product("Oracle", "WebLogic Server", "a:oracle:weblogic_server", version);
    if let Some(rest) = line.strip_prefix("HELO:") {
        let version = rest.trim_end_matches(".true").trim_end_matches(".false");
        return Some(product(Some(version)));
    }
    let refused =
        ["LGIN:", "CATG:", "UNAV:", "SERV:", "RESC:", "VERS:"].iter().any(|start| line.starts_with(start));
    refused.then(|| product(None).value("message", line.as_bytes()))
}

fn epmd(received: &[u8]) -> Option<Details> {
    let names = text(received.strip_prefix(&[0, 0, 0x11, 0x11])?).into_owned();
    names.lines().all(|line| line.starts_with("name ") && line.contains(" at port ")).then(|| {
        let nodes: Vec<&str> = names.lines().filter_map(|line| between(line, "name ", &[' '])).collect();
        Details::of_product("Ericsson", "Erlang port mapper", "a:erlang:erlang\\/otp", None)
            .open(true)
            .value("nodes", nodes.join(", "))
    })
}

fn http2_question() -> Vec<u8> {
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend_from_slice(&[0, 0, 0, 4, 0, 0, 0, 0, 0]);
    bytes
}

/// SETTINGS is the first frame of every server.
fn http2(received: &[u8]) -> Option<Details> {
    let [0, high, low, 4, 0, 0, 0, 0, 0, rest @ ..] = received else { return None };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    let settings = rest.get(..length)?;
    let known = settings.chunks(6).all(|each| matches!(each, [0, 1..=9, _, _, _, _]));
    (length % 6 == 0 && (6..=120).contains(&length) && known).then(Details::none)
}

fn gdb(received: &[u8]) -> Option<Details> {
    let said = text(received);
    let packet = said.strip_prefix('+').unwrap_or(&said);
    let features =
        packet.starts_with("$PacketSize=") || packet.contains(";qXfer:") || packet.starts_with("$qXfer");
    (features && packet.contains('#'))
        .then(|| Details::of_product("GNU", "gdbserver", "a:gnu:gdb", None).open(true))
}

fn java_object(received: &[u8]) -> Option<Details> {
    received.starts_with(&[0xac, 0xed, 0, 5]).then(Details::none)
}

/// An engine that meets what it takes for its editor says hello in DBGp.
fn php_debug(received: &[u8]) -> Option<Details> {
    let said = text(received);
    let version = version_after(&said, "xdebug:language_version=\"");
    (said.contains("<init ") && said.contains("urn:debugger_protocol_v1")).then(|| {
        Details::of_product("Xdebug", "Xdebug", "a:xdebug:xdebug", None)
            .open(true)
            .maybe("language version", version)
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::tests::{Foreign, Sample, sample};
    use super::*;

    pub(crate) const SAMPLES: &[Sample] = &[
        sample("ajp13", b"AB\0\x01\x09", "Apache JServ Protocol"),
        sample("fastcgi", b"\x01\x0a\0\0\0\x11\x07\0\x0e\x01FCGI_MAX_CONNS1\0\0\0\0\0\0\0", ""),
        sample("java-rmi", b"N\0\x0910.91.0.2\0\0\xd4\x31", "Java RMI"),
        sample(
            "jdwp",
            b"JDWP-Handshake\0\0\0\x2a\0\0\x50\x41\x80\0\0\0\0\0\x13JVM version 17.0.9 \0\0\0\x0b\0\0\0\0",
            "Java debugger 17.0.9",
        ),
        sample("giop", b"GIOP\x01\0\0\x04\0\0\0\x08\0\0\x50\x41\0\0\0\0", ""),
        sample("t3", b"HELO:12.2.1.3.0.false\nAS:2048\nHL:19\n\n", "WebLogic Server 12.2.1.3.0"),
        sample("epmd", b"\0\0\x11\x11name rabbit at port 25672\n", "Erlang port mapper"),
        sample("http2", b"\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64", ""),
        sample("gdb", b"+$PacketSize=3fff;qXfer:features:read+#2f", "gdbserver"),
        sample("java-serialised", b"\xac\xed\0\x05sr", ""),
        sample(
            "php-debug",
            b"493\0<?xml version=\"1.0\"?>\n<init xmlns=\"urn:debugger_protocol_v1\" xdebug:language_version=\"8.2.7\" language=\"PHP\">",
            "Xdebug",
        ),
    ];

    pub(crate) const FOREIGN: &[Foreign] = &[
        ("ajp13", b"AB\0\x01\x08"),
        ("fastcgi", b"\x01\x0b\0\0\0\0\0\0"),
        ("java-rmi", b"N\0\x05hello"),
        ("jdwp", b"JDWP-Handshake"),
        ("giop", b"GIOP\x01\0\0\x03\0\0\0\x09"),
        ("t3", b"HELO there\n"),
        ("epmd", b"\0\0\x11\x11names\n"),
        ("http2", b"\0\0\x05\x04\0\0\0\0\0\0\x03\0\0\0"),
        ("gdb", b"+"),
        ("java-serialised", b"\xac\xed\0\x06"),
        ("php-debug", b"<init there>"),
    ];

    #[test]
    fn what_application_servers_say_besides() {
        assert_eq!(epmd(SAMPLES[6].bytes).unwrap().facts.values["nodes"], "rabbit");
        assert_eq!(jdwp(SAMPLES[3].bytes).unwrap().facts.open, Some(true));
    }
}
