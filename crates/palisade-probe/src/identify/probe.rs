//! What to send to a service that says nothing by itself.

use palisade_model::Transport;

use super::catalogue;
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

/// Binary protocols that wait in silence for more when they hear text: asked where nothing reacted.
const QUIET: [&str; 3] = ["dns", "oracle-tns", "sip"];

/// Binary protocols that hang up on text, in the order in which they pay: asked where something
/// reacted to other tongues and was not understood.
const PICKY: [&str; 24] = [
    "postgresql",
    "ldap",
    "smb",
    "rpc",
    "mqtt",
    "rdp",
    "msrpc",
    "ms-sql-s",
    "mongodb",
    "redis",
    "ajp13",
    "java-rmi",
    "socks5",
    "http2",
    "kafka",
    "zookeeper",
    "cassandra",
    "amqp",
    "bolt",
    "x11",
    "epmd",
    "iso-tsap",
    "modbus",
    "drda",
];

/// For ports on which nothing reacted to anything so far.
pub fn for_quiet() -> impl Iterator<Item = GenericProbe> {
    QUIET.into_iter().filter_map(probe)
}

/// For ports on which something reacted, but made no sense.
pub fn for_picky() -> impl Iterator<Item = GenericProbe> {
    PICKY.into_iter().filter_map(probe)
}

/// The probe of that name: a surveyed service's, or the question of the catalogue.
#[must_use]
pub fn probe(name: &str) -> Option<GenericProbe> {
    PROBES.iter().find(|probe| probe.name == name).copied().or_else(|| {
        let protocol = catalogue::protocol(name, Transport::Tcp)?;
        Some(GenericProbe { name: protocol.name, build: protocol.builder()? })
    })
}

/// Services to try first on a TCP port: names of probes, or of services that speak first (then it
/// pays to listen a little longer). Orders the attempts; decides nothing. Never empty.
#[must_use]
pub fn likely(port: u16) -> Vec<&'static str> {
    let mut names = surveyed_on(port).to_vec();
    names.extend(catalogue::usual_on(port, Transport::Tcp).map(|protocol| protocol.name));
    if names.is_empty() {
        names.push("http");
    }
    names
}

/// What comes in on these ports is put on paper: they are listened to and never spoken to.
#[must_use]
pub const fn prints(port: u16) -> bool {
    matches!(port, 9100..=9107)
}

const fn surveyed_on(port: u16) -> &'static [&'static str] {
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
        80..=83
        | 443
        | 2375
        | 2379
        | 3000
        | 4000
        | 4443
        | 5000
        | 5985
        | 5986
        | 7001
        | 7002
        | 8000..=8008
        | 8080..=8090
        | 8443
        | 8888
        | 9000
        | 9090
        | 9200
        | 9443
        | 9999
        | 10000
        | 50000 => &["http"],
        _ => &[],
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
        for (index, one) in PROBES.iter().enumerate() {
            assert!(!one.bytes().is_empty(), "{}", one.name);
            assert!(PROBES.iter().skip(index + 1).all(|other| other.name != one.name), "{}", one.name);
        }
        assert_eq!(for_quiet().count(), QUIET.len(), "all of them can be asked");
        assert_eq!(for_picky().count(), PICKY.len(), "all of them can be asked");
        assert!(probe("smb").unwrap().bytes().windows(4).any(|window| window == b"\xfeSMB"));
        assert!(probe("no such probe").is_none());
        assert_eq!(likely(445), ["smb"]);
        assert_eq!(likely(12346), ["http"]);
        assert_eq!(likely(8000), ["http", "jdwp"]);
        assert!(prints(9100) && !prints(9090));
    }
}
