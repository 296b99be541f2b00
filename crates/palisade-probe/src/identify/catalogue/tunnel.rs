//! Tunnels, proxies, routing and peer networks.

use sha2::{Digest, Sha256};

use super::Details;
use super::details::{contains, text, version_after};
use super::row::Protocol;
use crate::reader::Reader;

pub(super) const PROTOCOLS: &[Protocol] = &[
    Protocol::asked("pptp", &[1723], pptp_question, pptp),
    Protocol::asked("openvpn", &[1194], openvpn_question, openvpn),
    Protocol::asked("socks5", &[1080, 9050, 1081], || vec![5, 2, 0, 2], socks),
    Protocol::tells("tor-control", &[9051], || b"PROTOCOLINFO\r\n".to_vec(), tor_control),
    Protocol::asked("bitcoin", &[8333, 18333], bitcoin_question, bitcoin),
    Protocol::greets("bgp", &[179], bgp),
    Protocol::asked("smart-install", &[4786], smart_install_question, smart_install),
    Protocol::asked("fw1-topology", &[264], || vec![0x51, 0, 0, 0, 0, 0, 0, 0x21], topology),
    Protocol::asked("tacacs", &[49], tacacs_question, tacacs),
];

/// Start-Control-Connection-Request.
fn pptp_question() -> Vec<u8> {
    let mut message = vec![
        0, 156, 0, 1, 0x1a, 0x2b, 0x3c, 0x4d, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0,
    ];
    message.extend_from_slice(b"scanner");
    message.resize(156, 0);
    message
}

fn pptp(received: &[u8]) -> Option<Details> {
    let mut reader = Reader::new(received);
    let (length, kind, cookie) = (reader.u16().ok()?, reader.u16().ok()?, reader.u32().ok()?);
    let (command, _reserved) = (reader.u16().ok()?, reader.u16().ok()?);
    if length != 156 || kind != 1 || cookie != 0x1a2b_3c4d || command != 2 || received.len() < 156 {
        return None;
    }
    let firmware = u16::from_be_bytes(received.get(26..28)?.try_into().ok()?);
    let until_zero =
        |field: &[u8]| text(field.split(|byte| *byte == 0).next().unwrap_or_default()).into_owned();
    let (host, vendor) = (until_zero(received.get(28..92)?), until_zero(received.get(92..156)?));
    Some(Details::none().value("host", host).value("vendor", vendor).value("firmware", firmware.to_string()))
}

/// P_CONTROL_HARD_RESET_CLIENT_V2 in the framing of TCP.
fn openvpn_question() -> Vec<u8> {
    let mut message = vec![0, 14, 0x38];
    message.extend_from_slice(b"palisade");
    message.extend_from_slice(&[0, 0, 0, 0, 0]);
    message
}

fn openvpn(received: &[u8]) -> Option<Details> {
    let [high, low, 0x40, rest @ ..] = received else { return None };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    // It acknowledges our number, and repeats who we are.
    (rest.len() + 1 == length && contains(rest, b"palisade"))
        .then(|| Details::of_product("OpenVPN", "OpenVPN", "a:openvpn:openvpn", None))
}

fn socks(received: &[u8]) -> Option<Details> {
    match received {
        [5, method @ (0 | 2 | 0xff)] => Some(Details::none().version("5").open(*method == 0)),
        _ => None,
    }
}

fn tor_control(received: &[u8]) -> Option<Details> {
    let said = text(received);
    let product = |version| Details::of_product("The Tor Project", "Tor", "a:torproject:tor", version);
    if said.starts_with("250-PROTOCOLINFO ") {
        let open = said.contains("METHODS=NULL");
        return Some(product(version_after(&said, "Tor=\"")).open(open));
    }
    let refuses =
        said.starts_with("514 Authentication required.") || said.starts_with("510 Unrecognized command \"");
    refuses.then(|| product(None).open(false))
}

/// The version message of a node that knows nothing yet.
fn bitcoin_question() -> Vec<u8> {
    let mut payload = 70_015_u32.to_le_bytes().to_vec();
    payload.extend_from_slice(&[0; 16]);
    payload.extend_from_slice(&[0; 52]);
    payload.extend_from_slice(b"palisade");
    payload.push(7);
    payload.extend_from_slice(b"/look:/");
    payload.extend_from_slice(&[0; 5]);
    let sum = Sha256::digest(Sha256::digest(&payload));
    let mut message = vec![0xf9, 0xbe, 0xb4, 0xd9];
    message.extend_from_slice(b"version\0\0\0\0\0");
    message.extend_from_slice(&u32::try_from(payload.len()).unwrap_or(0).to_le_bytes());
    message.extend_from_slice(sum.get(..4).unwrap_or_default());
    message.append(&mut payload);
    message
}

fn bitcoin(received: &[u8]) -> Option<Details> {
    let mut reader = Reader::new(received);
    let (magic, command) = (reader.u32().ok()?, reader.take(12).ok()?);
    if magic != 0xf9be_b4d9 || !command.starts_with(b"version\0") {
        return None;
    }
    let (_length, _sum) = (reader.u32_le().ok()?, reader.u32_le().ok()?);
    let protocol = reader.u32_le().ok()?;
    let _rest = reader.take(16 + 52).ok()?;
    if reader.take(8).ok()? == b"palisade" {
        return None;
    }
    let length = usize::from(reader.u8().ok()?);
    let agent = text(reader.take(length).ok()?).into_owned();
    let details = match agent.strip_prefix("/Satoshi:") {
        Some(rest) => {
            Details::of_product("Bitcoin", "Bitcoin Core", "a:bitcoin:bitcoin_core", rest.split('/').next())
        }
        None => Details::none(),
    };
    Some(details.version(&protocol.to_string()).value("agent", agent))
}

/// A speaker that opens, or says why it will not.
fn bgp(received: &[u8]) -> Option<Details> {
    let mut reader = Reader::new(received.strip_prefix(&[0xff; 16])?);
    let (length, kind) = (usize::from(reader.u16().ok()?), reader.u8().ok()?);
    if !(19..=4096).contains(&length) || received.len() < length {
        return None;
    }
    match kind {
        1 => {
            let (version, system) = (reader.u8().ok()?, reader.u16().ok()?);
            (version == 4)
                .then(|| Details::none().version("4").value("autonomous system", system.to_string()))
        }
        3 => Some(Details::none().value("refusal", format!("{}/{}", reader.u8().ok()?, reader.u8().ok()?))),
        _ => None,
    }
}

/// Asks a switch whether it would be installed by others. Nothing is installed.
fn smart_install_question() -> Vec<u8> {
    [1_u32, 1, 4, 8, 1, 0].into_iter().flat_map(u32::to_be_bytes).collect()
}

fn smart_install(received: &[u8]) -> Option<Details> {
    let answer: Vec<u8> = [4_u32, 0, 3, 8, 1, 0].into_iter().flat_map(u32::to_be_bytes).collect();
    (received == answer).then(|| Details::of_product("Cisco", "Smart Install client", "", None).open(true))
}

fn topology(received: &[u8]) -> Option<Details> {
    received.starts_with(b"Y\0\0\0").then(|| {
        Details::of_product("Check Point", "FireWall-1 topology service", "a:checkpoint:firewall-1", None)
    })
}

/// An authentication that begins in clear.
fn tacacs_question() -> Vec<u8> {
    let mut message = vec![0xc0, 1, 1, 1, 0x50, 0x41, 0x4c, 0x31, 0, 0, 0, 8];
    message.extend_from_slice(&[1, 0, 1, 1, 0, 0, 0, 0]);
    message
}

fn tacacs(received: &[u8]) -> Option<Details> {
    matches!(received, [0xc0 | 0xc1, 1, 2, _, 0x50, 0x41, 0x4c, 0x31, 0, 0, _, _, ..]).then(Details::none)
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::tests::{Foreign, Sample, sample};
    use super::*;

    pub(crate) const SAMPLES: &[Sample] = &[
        sample("pptp", b"\x00\x9c\x00\x01\x1a+<M\x00\x02\x00\x00\x01\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01gw\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00linux\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", ""),
        sample("openvpn", b"\0\x1a\x40abcdefgh\x01\0\0\0\0palisade\0\0\0\0", "OpenVPN"),
        sample("socks5", b"\x05\0", ""),
        sample("tor-control", b"250-PROTOCOLINFO 1\r\n250-AUTH METHODS=NULL\r\n250-VERSION Tor=\"0.4.7.13\"\r\n250 OK\r\n", "Tor 0.4.7.13"),
        sample("tor-control", b"514 Authentication required.\r\n", "Tor"),
        sample("bitcoin", b"\xf9\xbe\xb4\xd9version\x00\x00\x00\x00\x00f\x00\x00\x00\x00\x00\x00\x00\x7f\x11\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00nonce123\x10/Satoshi:25.0.0/\x00\x00\x00\x00\x00", "Bitcoin Core 25.0.0"),
        sample("bgp", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\x15\x03\x06\x05", ""),
        sample("bgp", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\x1d\x01\x04\xfd\xe8\0\xb4\x0a\x5b\0\x01\0", ""),
        sample("smart-install", b"\0\0\0\x04\0\0\0\0\0\0\0\x03\0\0\0\x08\0\0\0\x01\0\0\0\0", "Smart Install client"),
        sample("fw1-topology", b"Y\0\0\0", "FireWall-1 topology service"),
        sample("tacacs", b"\xc0\x01\x02\0PAL1\0\0\0\x06\x04\0\0\0\0\0", ""),
    ];

    pub(crate) const FOREIGN: &[Foreign] = &[
        ("pptp", b"\0\x9c\0\x01\x1a\x2b\x3c\x4d\0\x02"),
        ("openvpn", b"\0\x0e\x40abcdefgh\0\0\0\0\0"),
        ("socks5", b"\x05\x01"),
        ("tor-control", b"510 no\r\n"),
        ("bitcoin", b"\xf9\xbe\xb4\xd9verack\0\0\0\0\0\0"),
        ("bgp", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\x03\x03"),
        ("smart-install", b"\0\0\0\x04\0\0\0\0"),
        ("fw1-topology", b"Yes\n"),
        ("tacacs", b"\xc0\x01\x02\0PAL2\0\0\0\x06\x04\0\0\0\0\0"),
    ];

    #[test]
    fn what_routers_say_besides() {
        let gateway = pptp(SAMPLES[0].bytes).unwrap();
        assert_eq!(
            (gateway.facts.values["host"].as_str(), gateway.facts.values["firmware"].as_str()),
            ("gw", "1")
        );
        assert_eq!(socks(b"\x05\x02").unwrap().facts.open, Some(false));
        assert_eq!(bgp(SAMPLES[7].bytes).unwrap().facts.values["autonomous system"], "65000");
    }
}
