//! UDP services beside those with surveys of their own: keys, tunnels, voices, games, buildings.
//!
//! Only what answers is open, and only a protocol's own ports are asked: over UDP most services
//! are silent to what they do not understand.

use super::Details;
use super::details::{behind, between, contains, text};
use super::industrial;
use super::row::Protocol;
use crate::ber;
use crate::dns;
use crate::reader::Reader;

/// Numbers of ours that an answer has to repeat.
const MARK: &[u8; 8] = b"palisade";

pub(super) const PROTOCOLS: &[Protocol] = &[
    Protocol::datagram("isakmp", &[500, 4500], isakmp_question, isakmp),
    Protocol::datagram("l2tp", &[1701], l2tp_question, l2tp),
    Protocol::datagram("radius", &[1812, 1645], radius_question, radius),
    Protocol::datagram("kerberos", &[88], kerberos_question, kerberos),
    Protocol::datagram("bacnet", &[47808], bacnet_question, bacnet),
    Protocol::datagram("knxnet-ip", &[3671], knx_question, knx),
    Protocol::datagram(
        "mgcp",
        &[2427, 2727],
        || b"AUEP 5041 *@scanner.invalid MGCP 1.0\r\n\r\n".to_vec(),
        mgcp,
    ),
    Protocol::datagram("iax2", &[4569], iax_question, iax),
    Protocol::datagram("mumble", &[64738], mumble_question, mumble),
    Protocol::datagram("source-engine", &[27015], source_question, source),
    Protocol::datagram("quake3", &[27960], || b"\xff\xff\xff\xffgetstatus 5041\n".to_vec(), quake),
    Protocol::datagram("quic", &[443, 784], quic_question, quic),
    Protocol::datagram("bittorrent-dht", &[6881], dht_question, dht),
    Protocol::datagram("bittorrent-tracker", &[6969], tracker_question, tracker),
    Protocol::datagram("ws-discovery", &[3702], ws_discovery_question, ws_discovery),
    Protocol::datagram("llmnr", &[5355], || dns::question(0x5041, "scanner", 1, 1, false), llmnr),
    Protocol::datagram("ethernet-ip", &[44818], industrial::ethernet_ip_question, industrial::ethernet_ip),
];

/// IKE 1 main mode with one proposal (AES, SHA-1, group 2, shared key): any answer has our cookie.
fn isakmp_question() -> Vec<u8> {
    let mut transform = vec![0, 0, 0, 32, 1, 1, 0, 0];
    for (attribute, value) in [(1, 7), (14, 128), (2, 2), (4, 2), (3, 1), (11, 1)] {
        transform.extend_from_slice(&[0x80, attribute, 0, value]);
    }
    let mut proposal = vec![0, 0, 0, 40, 1, 1, 0, 1];
    proposal.append(&mut transform);
    let mut association = vec![0, 0, 0, 52, 0, 0, 0, 1, 0, 0, 0, 1];
    association.append(&mut proposal);
    let mut message = MARK.to_vec();
    message.extend_from_slice(&[0; 8]);
    message.extend_from_slice(&[1, 0x10, 2, 0, 0, 0, 0, 0]);
    message.extend_from_slice(&u32::try_from(28 + association.len()).unwrap_or(0).to_be_bytes());
    message.append(&mut association);
    message
}

fn isakmp(received: &[u8]) -> Option<Details> {
    // On port 4500 four zero bytes stand in front.
    let message = received.strip_prefix(&[0, 0, 0, 0]).unwrap_or(received);
    let rest = message.strip_prefix(MARK)?;
    let version = *rest.get(9)?;
    let kind = *rest.get(10)?;
    let length = usize::try_from(Reader::new(rest.get(16..)?).u32().ok()?).ok()?;
    // Numbered by the other side, or a notification.
    let answered = rest.get(..8)? != [0; 8] || matches!(kind, 5 | 34 | 36);
    (matches!(version, 0x10 | 0x20) && length == message.len() && answered)
        .then(|| Details::none().version(if version == 0x20 { "2.0" } else { "1.0" }))
}

/// Start of a control connection.
fn l2tp_question() -> Vec<u8> {
    let mut pairs =
        vec![0x80, 8, 0, 0, 0, 0, 0, 1, 0x80, 8, 0, 0, 0, 2, 1, 0, 0x80, 10, 0, 0, 0, 3, 0, 0, 0, 3];
    pairs.extend_from_slice(&[0x80, 13, 0, 0, 0, 7]);
    pairs.extend_from_slice(b"scanner");
    pairs.extend_from_slice(&[0x80, 8, 0, 0, 0, 9, 0x50, 0x41]);
    let length = u16::try_from(pairs.len() + 12).unwrap_or(0).to_be_bytes();
    let mut message = vec![0xc8, 2];
    message.extend_from_slice(&length);
    message.extend_from_slice(&[0; 8]);
    message.append(&mut pairs);
    message
}

fn l2tp(received: &[u8]) -> Option<Details> {
    let mut reader = Reader::new(received);
    let (flags, length, tunnel) = (reader.u16().ok()?, reader.u16().ok()?, reader.u16().ok()?);
    if flags & 0xcb0f != 0xc802 || usize::from(length) != received.len() || tunnel != 0x5041 {
        return None;
    }
    let _numbers = reader.take(6).ok()?;
    let (mut host, mut vendor) = (None, None);
    while let Ok(head) = reader.u16() {
        let size = usize::from(head & 0x3ff).checked_sub(6)?;
        let (_vendor, kind) = (reader.u16().ok()?, reader.u16().ok()?);
        let value = reader.take(size).ok()?;
        match kind {
            7 => host = Some(value),
            8 => vendor = Some(value),
            _ => {}
        }
    }
    Some(Details::none().maybe("host", host).maybe("vendor", vendor))
}

/// Status-Server. Its authenticator says nothing to a server that does not know us.
fn radius_question() -> Vec<u8> {
    let mut message = vec![12, 0x50, 0, 38];
    message.extend_from_slice(b"palisadepalisade");
    message.extend_from_slice(&[80, 18]);
    message.extend_from_slice(&[0; 16]);
    message
}

fn radius(received: &[u8]) -> Option<Details> {
    let [2 | 3 | 5 | 11, 0x50, high, low, ..] = received else { return None };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    (length >= 20 && length == received.len()).then(Details::none)
}

/// AS-REQ for a user and a realm that do not exist.
pub(super) fn kerberos_question() -> Vec<u8> {
    let name = |kind: i64, parts: &[&str]| {
        let parts: Vec<Vec<u8>> = parts.iter().map(|part| ber::element(0x1b, part.as_bytes())).collect();
        ber::constructed(
            0x30,
            &[
                ber::constructed(0xa0, &[ber::integer(2, kind)]),
                ber::constructed(0xa1, &[ber::constructed(0x30, &parts)]),
            ],
        )
    };
    let realm = "SCANNER.INVALID";
    let body = ber::constructed(
        0x30,
        &[
            ber::constructed(0xa0, &[ber::element(3, &[0, 0, 0, 0, 0])]),
            ber::constructed(0xa1, &[name(1, &["scanner"])]),
            ber::constructed(0xa2, &[ber::element(0x1b, realm.as_bytes())]),
            ber::constructed(0xa3, &[name(2, &["krbtgt", realm])]),
            ber::constructed(0xa5, &[ber::element(0x18, b"20370101000000Z")]),
            ber::constructed(0xa7, &[ber::integer(2, 0x5041)]),
            ber::constructed(0xa8, &[ber::constructed(0x30, &[ber::integer(2, 18), ber::integer(2, 17)])]),
        ],
    );
    ber::constructed(
        0x6a,
        &[ber::constructed(
            0x30,
            &[
                ber::constructed(0xa1, &[ber::integer(2, 5)]),
                ber::constructed(0xa2, &[ber::integer(2, 10)]),
                ber::constructed(0xa4, &[body]),
            ],
        )],
    )
}

/// KRB-ERROR, which names the server's own realm and its clock.
pub(super) fn kerberos(received: &[u8]) -> Option<Details> {
    let whole = ber::total_length(received).ok().flatten() == Some(received.len());
    if !whole
        || received.first() != Some(&0x7e)
        || !contains(received, &[0xa0, 3, 2, 1, 5, 0xa1, 3, 2, 1, 30])
    {
        return None;
    }
    // [9] realm, a GeneralString.
    let realm = received.windows(4).position(|window| matches!(window, [0xa9, _, 0x1b, _])).and_then(|at| {
        let length = usize::from(*received.get(at + 3)?);
        received.get(at + 4..at + 4 + length)
    });
    let clock = behind(received, &[0xa4, 0x11, 0x18, 0x0f]).and_then(|rest| rest.get(..15));
    Some(Details::none().version("5").maybe("realm", realm).maybe("clock", clock))
}

/// Reads the object name, vendor and model of whatever device listens.
fn bacnet_question() -> Vec<u8> {
    vec![0x81, 0x0a, 0, 17, 1, 4, 0, 5, 0x50, 12, 12, 2, 0x3f, 0xff, 0xff, 25, 77]
}

fn bacnet(received: &[u8]) -> Option<Details> {
    let [0x81, 0x0a | 0x0b | 0, high, low, rest @ ..] = received else { return None };
    if usize::from(u16::from_be_bytes([*high, *low])) != received.len() {
        return None;
    }
    let name = behind(rest, &[0x3e, 0x75]).and_then(|value| {
        let length = usize::from(*value.first()?).checked_sub(1)?;
        // The first byte of the text is its character set.
        value.get(2..2 + length)
    });
    // An answer to our number: complex, error, reject or abort.
    let answers = matches!(rest, [1, _, 0x30 | 0x50 | 0x60 | 0x70 | 0x71, 0x50, ..])
        || matches!(rest, [0, 0x30 | 0x60]);
    answers.then(|| Details::none().open(true).maybe("name", name))
}

/// Description request; the answer comes back the way it came.
fn knx_question() -> Vec<u8> {
    vec![6, 0x10, 2, 3, 0, 14, 8, 1, 0, 0, 0, 0, 0, 0]
}

fn knx(received: &[u8]) -> Option<Details> {
    let [6, 0x10, 2, 4, high, low, _size, 1, rest @ ..] = received else { return None };
    let name = rest.get(22..52).map(|name| name.split(|byte| *byte == 0).next().unwrap_or_default());
    (usize::from(u16::from_be_bytes([*high, *low])) == received.len())
        .then(|| Details::none().open(true).maybe("name", name))
}

fn mgcp(received: &[u8]) -> Option<Details> {
    let said = text(received);
    let (code, rest) = said.split_once(' ')?;
    (code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit()) && rest.starts_with("5041"))
        .then(|| Details::none().value("code", code))
}

/// POKE. A PONG has our call number.
fn iax_question() -> Vec<u8> {
    vec![0xd0, 0x41, 0, 0, 0, 0, 0, 0, 0, 0, 6, 30]
}

fn iax(received: &[u8]) -> Option<Details> {
    matches!(received, [high, _, 0x50, 0x41, _, _, _, _, _, _, 6, 2..=40, ..] if high & 0x80 != 0)
        .then(|| Details::none().version("2"))
        .or_else(|| {
            matches!(received, [high, _, _, _, _, _, _, _, 0 | 1, 0 | 1, 6, 3, ..] if high & 0x80 != 0)
                .then(|| Details::none().version("2"))
        })
}

fn mumble_question() -> Vec<u8> {
    [&[0; 4][..], MARK].concat()
}

fn mumble(received: &[u8]) -> Option<Details> {
    let [0, major, minor, patch, rest @ ..] = received else { return None };
    let numbers = rest.strip_prefix(MARK)?;
    (numbers.len() == 12 && *major > 0).then(|| {
        Details::of_product(
            "Mumble",
            "Mumble server",
            "a:mumble:mumble",
            Some(&format!("{major}.{minor}.{patch}")),
        )
    })
}

fn source_question() -> Vec<u8> {
    b"\xff\xff\xff\xffTSource Engine Query\0".to_vec()
}

fn source(received: &[u8]) -> Option<Details> {
    let rest = received.strip_prefix(b"\xff\xff\xff\xff")?;
    match rest {
        [b'A', _, _, _, _] => Some(Details::none()),
        [b'I', protocol, rest @ ..] => {
            let mut reader = Reader::new(rest);
            let (name, map) = (reader.c_string().ok()?, reader.c_string().ok()?);
            let (_folder, game) = (reader.c_string().ok()?, reader.c_string().ok()?);
            Some(
                Details::none()
                    .version(&protocol.to_string())
                    .value("name", name)
                    .value("map", map)
                    .value("game", game),
            )
        }
        _ => None,
    }
}

fn quake(received: &[u8]) -> Option<Details> {
    let said = text(received.strip_prefix(b"\xff\xff\xff\xffstatusResponse\n")?).into_owned();
    let value = |name: &str| between(&said, &format!("\\{name}\\"), &['\\', '\n']);
    said.starts_with('\\')
        .then(|| Details::none().maybe("name", value("sv_hostname")).maybe("version", value("version")))
}

/// An initial packet of a version that does not exist: the server lists those it has.
fn quic_question() -> Vec<u8> {
    let mut packet = vec![0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 8];
    packet.extend_from_slice(MARK);
    packet.extend_from_slice(&[8, 0, 0, 0, 0, 0, 0, 0x50, 0x41]);
    packet.resize(1_200, 0);
    packet
}

fn quic(received: &[u8]) -> Option<Details> {
    let mut reader = Reader::new(received);
    if reader.u8().ok()? & 0x80 == 0 || reader.u32().ok()? != 0 {
        return None;
    }
    let (to, from) = {
        let length = usize::from(reader.u8().ok()?);
        let to = reader.take(length).ok()?;
        let length = usize::from(reader.u8().ok()?);
        (to, reader.take(length).ok()?)
    };
    let mut versions = Vec::new();
    while let Ok(version) = reader.u32() {
        versions.push(match version {
            1 => "1".to_owned(),
            0x6b33_43cf => "2".to_owned(),
            other => format!("{other:08x}"),
        });
    }
    (to.ends_with(&[0x50, 0x41]) && from == MARK && !versions.is_empty() && versions.len() <= 64)
        .then(|| Details::none().value("versions", versions.join(" ")))
}

fn dht_question() -> Vec<u8> {
    b"d1:ad2:id20:palisadepalisadepalie1:q4:ping1:t2:PA1:y1:qe".to_vec()
}

fn dht(received: &[u8]) -> Option<Details> {
    let answers =
        contains(received, b"1:t2:PA") && (contains(received, b"1:y1:r") || contains(received, b"1:y1:e"));
    (received.starts_with(b"d") && received.ends_with(b"e") && answers).then(Details::none)
}

fn tracker_question() -> Vec<u8> {
    vec![0, 0, 4, 0x17, 0x27, 0x10, 0x19, 0x80, 0, 0, 0, 0, 0x50, 0x41, 0x4c, 0x31]
}

fn tracker(received: &[u8]) -> Option<Details> {
    (received.len() == 16 && received.starts_with(&[0, 0, 0, 0, 0x50, 0x41, 0x4c, 0x31])).then(Details::none)
}

fn ws_discovery_question() -> Vec<u8> {
    b"<?xml version=\"1.0\"?><s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" \
      xmlns:a=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\" \
      xmlns:d=\"http://schemas.xmlsoap.org/ws/2005/04/discovery\"><s:Header>\
      <a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action>\
      <a:MessageID>urn:uuid:50414c31-0000-4000-8000-000000005041</a:MessageID>\
      <a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To></s:Header>\
      <s:Body><d:Probe/></s:Body></s:Envelope>"
        .to_vec()
}

fn ws_discovery(received: &[u8]) -> Option<Details> {
    let said = text(received);
    let types = between(&said, "Types>", &['<']);
    (said.contains("ProbeMatches") && said.contains("Envelope"))
        .then(|| Details::none().maybe("types", types).maybe("address", between(&said, "XAddrs>", &['<'])))
}

fn llmnr(received: &[u8]) -> Option<Details> {
    let [0x50, 0x41, flags, _, 0, 1, _, _, ..] = received else { return None };
    (flags & 0xf8 == 0x80).then(Details::none)
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::tests::{Foreign, Sample, sample};
    use super::*;

    pub(crate) const SAMPLES: &[Sample] = &[
        sample("isakmp", b"palisade\x01\x02\x03\x04\x05\x06\x07\x08\x0b\x10\x05\x00\x00\x00\x00\x00\x00\x00\x00(\x00\x00\x00\x0c\x00\x00\x00\x01\x01\x00\x00\x0e", ""),
        sample("l2tp", b"\xc8\x02\x00)PA\x00\x00\x00\x00\x00\x01\x80\x08\x00\x00\x00\x00\x00\x02\x80\x0a\x00\x00\x00\x07gate\x00\x0b\x00\x00\x00\x08xl2tp", ""),
        sample("radius", b"\x03P\x00\x140123456789abcdef", ""),
        sample("kerberos", b"~705\xa0\x03\x02\x01\x05\xa1\x03\x02\x01\x1e\xa4\x11\x18\x0f20261122031400Z\xa5\x05\x02\x03\x00\xab\xcd\xa6\x03\x02\x01\x06\xa9\x0a\x1b\x08LAB.TEST", ""),
        sample("bacnet", b"\x81\x0a\x00\x1a\x01\x000P\x0c\x0c\x02\x00\x00\x01\x19M>u\x06\x00Plant?", ""),
        sample("knxnet-ip", b"\x06\x10\x02\x04\x00<6\x01\x02\x00\x11\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00KNX gateway\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", ""),
        sample("mgcp", b"500 5041 Endpoint unknown\x0d\x0a", ""),
        sample("iax2", b"\x80\x01PA\x00\x00\x00\x09\x00\x01\x06\x03", ""),
        sample("mumble", b"\x00\x01\x04\xe6palisade\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", "Mumble server 1.4.230"),
        sample("source-engine", b"\xff\xff\xff\xffI\x11Fun\x00de_dust2\x00cstrike\x00Counter-Strike\x00", ""),
        sample("quake3", b"\xff\xff\xff\xffstatusResponse\x0a\x5cversion\x5cioq3 1.36\x5csv_hostname\x5cHome\x0a", ""),
        sample("quic", b"\xc0\x00\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00PA\x08palisade\x00\x00\x00\x01k3C\xcf", ""),
        sample("bittorrent-dht", b"d1:rd2:id20:abcdefghij0123456789e1:t2:PA1:y1:re", ""),
        sample("bittorrent-tracker", b"\x00\x00\x00\x00PAL112345678", ""),
        sample("ws-discovery", b"<s:Envelope><s:Body><d:ProbeMatches><d:Types>dn:NetworkVideoTransmitter</d:Types></d:ProbeMatches></s:Body></s:Envelope>", ""),
        sample("llmnr", b"PA\x80\x00\x00\x01\x00\x01\x00\x00\x00\x00\x07scanner\x00\x00\x01\x00\x01", ""),
    ];

    pub(crate) const FOREIGN: &[Foreign] = &[
        ("isakmp", b"palisade\x01\x02\x03\x04\x05\x06\x07\x08\x0b\x10\x05\x00\x00\x00\x00\x00\x00\x00\x00(\x00\x00\x00\x0c\x00\x00\x00\x01\x01\x00\x00"),
        ("l2tp", b"\xc8\x02\x00)PB\x00\x00\x00\x00\x00\x01\x80\x08\x00\x00\x00\x00\x00\x02\x80\x0a\x00\x00\x00\x07gate\x00\x0b\x00\x00\x00\x08xl2tp"),
        ("radius", b"\x03Q\x00\x140123456789abcdef"),
        ("kerberos", b"k705\xa0\x03\x02\x01\x05\xa1\x03\x02\x01\x1e\xa4\x11\x18\x0f20261122031400Z\xa5\x05\x02\x03\x00\xab\xcd\xa6\x03\x02\x01\x06\xa9\x0a\x1b\x08LAB.TEST"),
        ("bacnet", b"\x81\x0a\x00\x1a\x01\x000P\x0c\x0c\x02\x00\x00\x01\x19M>u\x06\x00Plant?x"),
        ("knxnet-ip", b"\x06\x10\x02\x02\x00<6\x01\x02\x00\x11\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00KNX gateway\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
        ("mgcp", b"500 77 Endpoint unknown\x0d\x0a"),
        ("iax2", b"\x00\x01PA\x00\x00\x00\x09\x00\x01\x06\x03"),
        ("mumble", b"\x00\x01\x04\xe6palisadE\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
        ("source-engine", b"\xff\xff\xff\xffn\x00"),
        ("quake3", b"\xff\xff\xff\xffstatusResponse\x0ano"),
        ("quic", b"\xc0\x00\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00PA\x08palisade"),
        ("bittorrent-dht", b"d1:t2:XX1:y1:re"),
        ("bittorrent-tracker", b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
        ("ws-discovery", b"<s:Envelope/>"),
        ("llmnr", b"PA\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00"),
    ];

    #[test]
    fn what_datagrams_say_besides() {
        let kerberos = kerberos(SAMPLES[3].bytes).unwrap();
        assert_eq!(kerberos.facts.values["realm"], "LAB.TEST");
        assert_eq!(kerberos.facts.values["clock"], "20261122031400Z");
        assert_eq!(bacnet(SAMPLES[4].bytes).unwrap().facts.values["name"], "Plant");
        assert_eq!(knx(SAMPLES[5].bytes).unwrap().facts.values["name"], "KNX gateway");
        assert_eq!(quic(SAMPLES[11].bytes).unwrap().facts.values["versions"], "1 2");
        let question = isakmp_question();
        assert_eq!(question.len(), usize::from(question[27]));
        let question = l2tp_question();
        assert_eq!(question.len(), usize::from(question[3]));
        assert!(ber::total_length(&kerberos_question()).unwrap().is_some());
    }
}
