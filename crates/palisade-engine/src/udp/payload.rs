//! What to say to UDP services whose first answer is all we want of them.

use palisade_model::Transport;
use palisade_probe::identify::catalogue;
use palisade_probe::{dns, ldap};

/// A payload that the service known for `port` answers, and the service's name. `None` where a
/// service of its own is asked elsewhere, or nothing is known.
pub(super) fn known_for(port: u16, nonce: u16) -> Option<(&'static str, Vec<u8>)> {
    let [high, low] = nonce.to_be_bytes();
    Some(match port {
        7 => ("echo", b"palisade\r\n".to_vec()),
        13 => ("daytime", b"\r\n".to_vec()),
        17 => ("qotd", b"\r\n".to_vec()),
        19 => ("chargen", b"\r\n".to_vec()),
        37 => ("time", b"\r\n".to_vec()),
        // X display manager: a query without authentication names.
        177 => ("xdmcp", vec![0, 1, 0, 2, 0, 1, 0]),
        389 => ("ldap", ldap::search_request(1, "", ldap::SearchScope::Base, 1, &["dnsHostName", "vendorName"])),
        // The whole table, asked for as RFC 2453 (3.9.1) says.
        520 => {
            let mut request = vec![1, 2, 0, 0];
            request.extend_from_slice(&[0; 19]);
            request.push(16);
            ("rip", request)
        }
        // Presence ping of the remote management control protocol.
        623 => ("ipmi", vec![6, 0, 0xff, 6, 0, 0, 0x11, 0xbe, 0x80, 0, 0, 0]),
        1_194 => ("openvpn", vec![0x38, high, low, 1, 2, 3, 4, 5, 6, 0, 0, 0, 0, 0]),
        1_434 => ("ms-sql-m", vec![2]),
        1_900 => (
            "upnp",
            b"M-SEARCH * HTTP/1.1\r\nHost: 239.255.255.250:1900\r\nMan: \"ssdp:discover\"\r\nMX: 1\r\nST: ssdp:all\r\n\r\n"
                .to_vec(),
        ),
        3_478 => {
            let mut request = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, high, low];
            request.extend_from_slice(&[7; 10]);
            ("stun", request)
        }
        5_060 => ("sip", sip_options(nonce)),
        5_351 => ("nat-pmp", vec![0, 0]),
        5_353 => ("mdns", dns::question(nonce, "_services._dns-sd._udp.local", dns::kind::PTR, 1, false)),
        // GET /.well-known/core
        5_683 => {
            let mut request = vec![0x40, 1, high, low, 0xbb];
            request.extend_from_slice(b".well-known\x04core");
            ("coap", request)
        }
        _ => {
            let protocol = catalogue::usual_on(port, Transport::Udp).next()?;
            (protocol.name, protocol.question()?)
        }
    })
}

/// Whether an answer is one of the service, so that an echo does not pass for it.
pub(super) fn is_answer(service: &str, payload: &[u8], answer: &[u8]) -> bool {
    match service {
        "echo" => answer == payload,
        "daytime" | "qotd" | "chargen" => !answer.is_empty() && answer != payload,
        "time" => answer.len() == 4,
        "xdmcp" => matches!(answer, [0, 1, 0, 4..=13, ..]),
        "ldap" => matches!(answer, [0x30, ..]) && answer != payload,
        "rip" => matches!(answer, [2, 1..=2, ..]),
        "ipmi" => matches!(answer, [6, 0, _, 6, 0, 0, 0x11, 0xbe, 0x40, ..]),
        "openvpn" => matches!(answer, [first, ..] if first >> 3 == 8) && answer.len() >= 14,
        "ms-sql-m" => matches!(answer, [5, ..]),
        "upnp" => answer.starts_with(b"HTTP/1."),
        "stun" => matches!(answer, [1, 1 | 0x11, ..]) && answer.get(4..20) == payload.get(4..20),
        "sip" => answer.starts_with(b"SIP/2.0 "),
        "nat-pmp" => matches!(answer, [0, 128, ..]),
        "mdns" => answer.get(2).is_some_and(|flags| flags & 0x80 != 0) && answer.get(..2) == payload.get(..2),
        "coap" => answer.get(2..4) == payload.get(2..4) && answer != payload,
        _ => match catalogue::protocol(service, Transport::Udp) {
            Some(protocol) => answer != payload && protocol.read(answer).is_some(),
            None => !answer.is_empty(),
        },
    }
}

fn sip_options(nonce: u16) -> Vec<u8> {
    format!(
        "OPTIONS sip:scanner.invalid SIP/2.0\r\nVia: SIP/2.0/UDP scanner.invalid;branch=z9hG4bK{nonce};rport\r\n\
         From: <sip:scanner.invalid>;tag={nonce}\r\nTo: <sip:scanner.invalid>\r\nCall-ID: {nonce}\r\nCSeq: 1 OPTIONS\r\n\
         Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::udp::standard_udp_ports;

    #[test]
    fn an_echo_is_never_taken_for_another_service() {
        for port in standard_udp_ports().iter() {
            if let Some((service, payload)) = known_for(port, 0x1234) {
                assert_eq!(is_answer(service, &payload, &payload), service == "echo", "port {port}");
            }
        }
    }
}
