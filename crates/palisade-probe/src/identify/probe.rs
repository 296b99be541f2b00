//! What to send to a service that says nothing by itself.

use crate::conversation::Conversation;
use crate::smb::{Dialect, Smb2Conversation};
use crate::{dns, ldap, mqtt, postgres, redis, rpc};

/// Something to send, on a connection of its own. Its answer is for [`super::recognise`].
#[derive(Debug, Clone, Copy)]
pub struct GenericProbe {
    /// The service it is most likely to wake; also names the probe.
    pub name: &'static str,
    build: fn() -> Vec<u8>,
}

impl GenericProbe {
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        (self.build)()
    }
}

const PROBES: &[GenericProbe] = &[
    GenericProbe { name: "http", build: || b"GET / HTTP/1.0\r\n\r\n".to_vec() },
    GenericProbe { name: "line", build: || b"HELP\r\n".to_vec() },
    GenericProbe { name: "redis", build: || redis::command(&["PING"]) },
    GenericProbe { name: "postgresql", build: postgres::tls_request },
    GenericProbe { name: "ldap", build: || ldap::anonymous_bind_request(1) },
    GenericProbe { name: "smb", build: || Smb2Conversation::new(&Dialect::ALL, false, [0x5a; 32]).start() },
    GenericProbe { name: "rpc", build: || rpc::framed(&rpc::null_call(0x5041_4c31, rpc::PORT_MAPPER, 2)) },
    GenericProbe { name: "dns", build: || dns::framed(&dns::version_question(0x5041)) },
    GenericProbe { name: "mqtt", build: mqtt::connect },
    GenericProbe { name: "rdp", build: remote_desktop_request },
    GenericProbe { name: "memcached", build: || b"version\r\n".to_vec() },
    GenericProbe { name: "sip", build: sip_options },
    // OPTIONS, in version 4.
    GenericProbe { name: "cassandra", build: || vec![4, 0, 0, 0, 5, 0, 0, 0, 0] },
];

/// All probes, in the order in which they pay.
#[must_use]
pub fn probes() -> &'static [GenericProbe] {
    PROBES
}

/// The probe of that name.
#[must_use]
pub fn probe(name: &str) -> Option<&'static GenericProbe> {
    PROBES.iter().find(|probe| probe.name == name)
}

/// Services to try first on a TCP port, as names of probes, or of services that speak first
/// (then it pays to listen a little longer). Orders the attempts; decides nothing.
#[must_use]
pub const fn likely(port: u16) -> &'static [&'static str] {
    match port {
        21 | 990 | 2121 => &["ftp"],
        22 | 2222 => &["ssh"],
        23 | 992 | 2323 => &["telnet"],
        25 | 465 | 587 | 2525 => &["smtp"],
        13 => &["daytime"],
        19 => &["chargen"],
        37 => &["time"],
        53 => &["dns"],
        79 => &["line"],
        110 | 995 => &["pop3"],
        111 | 2049 => &["rpc"],
        119 | 563 => &["nntp"],
        139 | 445 => &["smb"],
        143 | 993 => &["imap"],
        389 | 636 | 3268 | 3269 => &["ldap"],
        873 => &["rsync"],
        1883 | 8883 => &["mqtt"],
        3306 | 3307 => &["mysql"],
        3389 => &["rdp"],
        5060 | 5061 => &["sip"],
        5432 | 5433 => &["postgresql"],
        5900..=5910 => &["vnc"],
        6379..=6381 | 16379 => &["redis"],
        6667 | 6697 => &["irc"],
        9042 => &["cassandra"],
        11211 => &["memcached"],
        _ => &["http"],
    }
}

/// X.224 connection request with a negotiation request for TLS or CredSSP.
fn remote_desktop_request() -> Vec<u8> {
    vec![3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 3, 0, 0, 0]
}

fn sip_options() -> Vec<u8> {
    b"OPTIONS sip:nobody@scanner.invalid SIP/2.0\r\n\
      Via: SIP/2.0/TCP scanner.invalid;branch=z9hG4bK5041\r\n\
      From: <sip:scanner@scanner.invalid>;tag=5041\r\n\
      To: <sip:nobody@scanner.invalid>\r\n\
      Call-ID: 5041@scanner.invalid\r\n\
      CSeq: 1 OPTIONS\r\n\
      Max-Forwards: 0\r\n\
      Content-Length: 0\r\n\r\n"
        .to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_bytes_there() {
        for (index, one) in probes().iter().enumerate() {
            assert!(!one.bytes().is_empty(), "{}", one.name);
            assert!(probes().iter().skip(index + 1).all(|other| other.name != one.name), "{}", one.name);
        }
        assert!(probe("smb").unwrap().bytes().windows(4).any(|window| window == b"\xfeSMB"));
        assert!(probe("no such probe").is_none());
        assert_eq!(likely(445), ["smb"]);
        assert_eq!(likely(12345), ["http"]);
    }
}
