//! Message brokers and work queues.

use super::Details;
use super::details::{behind, between, contains, first_line, text, version_after};
use super::row::Protocol;
use crate::reader::Reader;

pub(super) const PROTOCOLS: &[Protocol] = &[
    Protocol::tells("amqp", &[5672, 5671], || b"AMQP\0\0\x09\x01".to_vec(), amqp),
    Protocol::tells("stomp", &[61613, 61614], stomp_question, stomp),
    Protocol::greets("nats", &[4222], nats),
    Protocol::asked("kafka", &[9092, 9093, 9094], kafka_question, kafka),
    Protocol::greets("openwire", &[61616, 61617], openwire),
    Protocol::greets("zmtp", &[4505, 4506, 5555], zmtp),
    Protocol::tells("beanstalkd", &[11300], || b"stats\r\n".to_vec(), beanstalkd),
    Protocol::tells("gearman", &[4730], || b"version\n".to_vec(), gearman),
    Protocol::tells("ibm-mq", &[1414, 1415], ibm_mq_question, ibm_mq),
    Protocol::asked("pulsar", &[6650], pulsar_question, pulsar),
    Protocol::asked(
        "nsq",
        &[4150],
        || b"  V2IDENTIFY\n\0\0\0\x1c{\"feature_negotiation\":true}".to_vec(),
        nsq,
    ),
    Protocol::tells("xmpp", &[5222, 5223, 5269, 5280], xmpp_question, xmpp),
];

/// Connection.Start with the server's properties, or the header of the version it wants.
fn amqp(received: &[u8]) -> Option<Details> {
    if let [b'A', b'M', b'Q', b'P', _, major, minor, revision, ..] = received {
        return (*major < 10 && *minor < 100)
            .then(|| Details::none().version(&format!("{major}.{minor}.{revision}")));
    }
    let [1, 0, 0, _, _, _, _, 0, 10, 0, 10, major, minor, rest @ ..] = received else { return None };
    // Longer than one segment, perhaps: the frame has to be whole.
    let length = Reader::new(received.get(3..)?).u32().ok()?;
    if received.len() < usize::try_from(length).ok()?.checked_add(8)? {
        return None;
    }
    let property = |name: &[u8]| {
        let rest = behind(rest, name)?;
        let mut reader = Reader::new(rest.strip_prefix(b"S")?);
        let length = usize::try_from(reader.u32().ok()?).ok()?;
        Some(text(reader.take(length).ok()?).into_owned())
    };
    let version = property(b"\x07version");
    let details = match property(b"\x07product").as_deref() {
        Some("RabbitMQ") => {
            Details::of_product("Broadcom", "RabbitMQ", "a:vmware:rabbitmq", version.as_deref())
        }
        Some(other) if other.to_ascii_lowercase().contains("qpid") => {
            Details::of_product("Apache", "Qpid", "a:apache:qpid", version.as_deref())
        }
        other => Details::none().maybe("product", other),
    };
    let details =
        details.maybe("cluster", property(b"\x0ccluster_name")).maybe("platform", property(b"\x08platform"));
    Some(details.version(&format!("{major}.{minor}")))
}

fn stomp_question() -> Vec<u8> {
    b"CONNECT\naccept-version:1.0,1.1,1.2\nhost:scanner.invalid\n\n\0\n".to_vec()
}

fn stomp(received: &[u8]) -> Option<Details> {
    let said = text(received);
    let open = said.starts_with("CONNECTED\n") || said.starts_with("CONNECTED\r\n");
    let refused = said.starts_with("ERROR\n") || said.starts_with("ERROR\r\n");
    // A frame has a header, and ends with a zero byte.
    if !(open || refused) || !said.contains(':') || !contains(received, b"\0") {
        return None;
    }
    let header = |name: &str| said.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let details = match header("server").map(|server| (server, server.split_once('/'))) {
        Some((_, Some(("RabbitMQ", version)))) => {
            Details::of_product("Broadcom", "RabbitMQ", "a:vmware:rabbitmq", Some(version))
        }
        Some((_, Some(("ActiveMQ", version)))) => {
            Details::of_product("Apache", "ActiveMQ", "a:apache:activemq", Some(version))
        }
        Some((_, Some(("ActiveMQ-Artemis", version)))) => {
            let version = version.split_whitespace().next();
            Details::of_product("Apache", "ActiveMQ Artemis", "a:apache:activemq_artemis", version)
        }
        other => Details::none().maybe("server", other.map(|(server, _)| server)),
    };
    let version = header("version").unwrap_or_default();
    Some(details.version(version).open(open).maybe("message", header("message")))
}

fn nats(received: &[u8]) -> Option<Details> {
    let line = first_line(received)?;
    let rest = line.strip_prefix("INFO {")?;
    let version = between(rest, "\"version\":\"", &['"'])?;
    rest.contains("\"server_id\"").then(|| {
        Details::of_product("Synadia", "NATS server", "a:linuxfoundation:nats-server", Some(version))
            .open(!rest.contains("\"auth_required\":true"))
            .maybe("name", between(rest, "\"server_name\":\"", &['"']))
    })
}

/// ApiVersions 0, our number 0x50414c31.
fn kafka_question() -> Vec<u8> {
    let mut message = vec![0, 0, 0, 0x11, 0, 18, 0, 0, 0x50, 0x41, 0x4c, 0x31, 0, 7];
    message.extend_from_slice(b"scanner");
    message
}

fn kafka(received: &[u8]) -> Option<Details> {
    let mut reader = Reader::new(received);
    let length = usize::try_from(reader.u32().ok()?).ok()?;
    let (number, error) = (reader.u32().ok()?, reader.u16().ok()?);
    if number != 0x5041_4c31 || length != received.len().checked_sub(4)? || error > 100 {
        return None;
    }
    let count = reader.u32().ok()?;
    let newest = (0..count.min(200)).map_while(|_| {
        let (key, _, last) = (reader.u16().ok()?, reader.u16().ok()?, reader.u16().ok()?);
        Some((key, last))
    });
    // The newest metadata request is as good as a version number.
    let metadata = newest.collect::<Vec<_>>().into_iter().find(|(key, _)| *key == 3).map(|(_, last)| last);
    let details = Details::of_product("Apache", "Kafka", "a:apache:kafka", None);
    Some(
        details
            .maybe("metadata version", metadata.map(|last| last.to_string()))
            .value("interfaces", count.to_string()),
    )
}

fn openwire(received: &[u8]) -> Option<Details> {
    let mut reader = Reader::new(received);
    let length = usize::try_from(reader.u32().ok()?).ok()?;
    if reader.u8().ok()? != 1
        || !reader.rest().starts_with(b"ActiveMQ")
        || received.len() < length.checked_add(4)?
    {
        return None;
    }
    let version = behind(received, b"ProviderVersion").and_then(|rest| {
        let mut rest = Reader::new(rest.strip_prefix(b"\x09")?);
        let length = usize::from(rest.u16().ok()?);
        Some(text(rest.take(length).ok()?).into_owned())
    });
    Some(Details::of_product("Apache", "ActiveMQ", "a:apache:activemq", version.as_deref()))
}

/// The signature with which both sides of ZeroMQ begin.
fn zmtp(received: &[u8]) -> Option<Details> {
    match received {
        [0xff, 0, 0, 0, 0, 0, 0, 0, _, 0x7f, rest @ ..] => {
            let details = Details::of_product("ZeroMQ", "ZeroMQ", "", None);
            Some(match rest {
                [major @ 1..=3, minor @ 0..=9, ..] => details.version(&format!("{major}.{minor}")),
                _ => details,
            })
        }
        _ => None,
    }
}

fn beanstalkd(received: &[u8]) -> Option<Details> {
    let said = text(received);
    let product =
        |version| Details::of_product("beanstalkd", "beanstalkd", "a:beanstalkd_project:beanstalkd", version);
    if said.starts_with("UNKNOWN_COMMAND\r\n") {
        return Some(product(None));
    }
    let listed = said.starts_with("OK ") && said.contains("current-jobs-ready:");
    let version = between(&said, "\nversion: ", &['\n']).map(|version| version.trim_matches(['"', '\r']));
    listed.then(|| product(version).open(true))
}

fn gearman(received: &[u8]) -> Option<Details> {
    let line = first_line(received)?;
    let product = |version| Details::of_product("Gearman", "gearmand", "a:gearman:gearmand", version);
    if line.starts_with("ERR unknown_command ")
        || line.starts_with("ERR UNKNOWN_COMMAND Unknown+server+command")
    {
        return Some(product(None));
    }
    let version = line.strip_prefix("OK ")?;
    let numbers =
        version.split('.').count() >= 2 && version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    numbers.then(|| product(Some(version)).open(true))
}

/// An initial data segment of a channel that does not exist.
fn ibm_mq_question() -> Vec<u8> {
    let mut packet = b"TSH \0\0\0\x84\x01\x01\x31\x00\0\0\0\0\0\0\0\0".to_vec();
    packet.extend_from_slice(&[0, 0, 1, 0x11, 3, 0x33, 0, 0]);
    packet.extend_from_slice(b"ID  \x0d\x26\0\0\0\x32\0\0\0\0\x7f\xf6\x06\x40\0\0\0\0\0\0");
    packet.extend_from_slice(b"SYSTEM.NONE         ");
    packet.resize(0x84, b' ');
    packet
}

fn ibm_mq(received: &[u8]) -> Option<Details> {
    let mut reader = Reader::new(received.strip_prefix(b"TSH ")?);
    let length = usize::try_from(reader.u32().ok()?).ok()?;
    // Ours came back when it has our channel's name in it.
    let whole = (28..=64 * 1024).contains(&length) && received.len() >= length;
    (whole && !contains(received, b"SYSTEM.NONE")).then(|| Details::of_product("IBM", "MQ", "a:ibm:mq", None))
}

/// CONNECT of a client named `scanner`, as a protocol buffer.
fn pulsar_question() -> Vec<u8> {
    let mut connect = vec![0x0a, 7];
    connect.extend_from_slice(b"scanner");
    connect.extend_from_slice(&[0x20, 6]);
    let mut command = vec![8, 2, 0x12, u8::try_from(connect.len()).unwrap_or(0)];
    command.append(&mut connect);
    let size = u32::try_from(command.len()).unwrap_or(0);
    [&(size + 4).to_be_bytes()[..], &size.to_be_bytes(), &command].concat()
}

fn pulsar(received: &[u8]) -> Option<Details> {
    let mut reader = Reader::new(received);
    let (total, size) = (reader.u32().ok()?, reader.u32().ok()?);
    let command = reader.rest();
    if total != size.checked_add(4)? || command.len() != usize::try_from(size).ok()? {
        return None;
    }
    // CONNECTED, or ERROR.
    let [8, 3 | 14, rest @ ..] = command else { return None };
    let said = text(rest).into_owned();
    let version = version_after(&said, "Pulsar Server").map(|word| word.trim_start_matches("-v"));
    let open = command.get(1) == Some(&3);
    Some(Details::of_product("Apache", "Pulsar", "a:apache:pulsar", version).open(open))
}

fn nsq(received: &[u8]) -> Option<Details> {
    let mut reader = Reader::new(received);
    let (length, kind) = (reader.u32().ok()?, reader.u32().ok()?);
    let said = text(reader.rest()).into_owned();
    if kind > 1 || said.len() + 4 != usize::try_from(length).ok()? {
        return None;
    }
    let version = between(&said, "\"version\":\"", &['"']);
    (said.contains("max_rdy_count") || said.starts_with("E_"))
        .then(|| Details::of_product("NSQ", "nsqd", "a:nsq:nsqd", version))
}

fn xmpp_question() -> Vec<u8> {
    b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
      xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
        .to_vec()
}

fn xmpp(received: &[u8]) -> Option<Details> {
    let said = text(received);
    let stream = said.contains("stream:stream") && said.contains("etherx.jabber.org/streams");
    // An echo of what we sent is no answer: a server gives the stream a number, or an error.
    let answered = said.contains(" id=") || said.contains("stream:error");
    if !(stream && answered) {
        return None;
    }
    let details = if said.contains("Openfire") {
        Details::of_product("Ignite Realtime", "Openfire", "a:igniterealtime:openfire", None)
    } else {
        Details::none()
    };
    let host = between(&said, " from='", &['\'']).or_else(|| between(&said, " from=\"", &['"']));
    Some(details.maybe("host", host))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::tests::{Foreign, Sample, sample};
    use super::*;

    pub(crate) const SAMPLES: &[Sample] = &[
        sample(
            "amqp",
            b"\x01\0\0\0\0\0\x2e\0\x0a\0\x0a\0\x09\0\0\0\x24\x07productS\0\0\0\x08RabbitMQ\x07versionS\0\0\0\x06\x33.12.1\0\xce",
            "RabbitMQ 3.12.1",
        ),
        sample("amqp", b"AMQP\0\0\x09\x01", ""),
        sample("stomp", b"CONNECTED\nserver:RabbitMQ/3.12.1\nversion:1.2\n\n\0\n", "RabbitMQ 3.12.1"),
        sample("stomp", b"ERROR\nmessage:Bad CONNECT\ncontent-type:text/plain\n\nAccess refused\0", ""),
        sample(
            "nats",
            b"INFO {\"server_id\":\"NDJ\",\"server_name\":\"n1\",\"version\":\"2.10.7\",\"auth_required\":true} \r\n",
            "NATS server 2.10.7",
        ),
        sample("kafka", b"\0\0\0\x16PAL1\0\0\0\0\0\x02\0\0\0\0\0\x09\0\x03\0\0\0\x0c", "Kafka"),
        sample(
            "openwire",
            b"\0\0\0\x2b\x01ActiveMQ\0\0\0\x0c\x01\0\0\0\x05\0\0\0\x01\0\x0fProviderVersion\x09\0\x015",
            "ActiveMQ 5",
        ),
        sample("zmtp", b"\xff\0\0\0\0\0\0\0\x01\x7f", "ZeroMQ"),
        sample("beanstalkd", b"OK 60\r\n---\ncurrent-jobs-urgent: 0\ncurrent-jobs-ready: 0\nversion: \"1.13\"\n", "beanstalkd 1.13"),
        sample("beanstalkd", b"UNKNOWN_COMMAND\r\n", "beanstalkd"),
        sample("gearman", b"OK 1.1.21\n", "gearmand 1.1.21"),
        sample("gearman", b"ERR unknown_command Unknown+server+command%3A+HELP\r\n", "gearmand"),
        sample("ibm-mq", b"TSH \0\0\0\x24\x01\x05\x34\0\0\0\0\0\0\0\0\0\0\0\x02\x22\0\0\0\0\0\0\0\x08\0\0\0\x02", "MQ"),
        sample("pulsar", b"\0\0\0\x1e\0\0\0\x1a\x08\x03\x1a\x16\x0a\x14Pulsar Server-v3.1.0", "Pulsar 3.1.0"),
        sample("nsq", b"\0\0\0\x2c\0\0\0\0{\"max_rdy_count\":2500,\"version\":\"1.2.1\"}", "nsqd 1.2.1"),
        sample(
            "xmpp",
            b"<?xml version='1.0'?><stream:stream id='17' from='lab.test' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>",
            "",
        ),
    ];

    pub(crate) const FOREIGN: &[Foreign] = &[
        ("amqp", b"\x01\0\0\0\0\0\x2e\0\x0a\0\x0b\0\x09\0\0\0\0"),
        ("stomp", b"ERROR\r\n"),
        ("nats", b"INFO {\"version\":\"1\"}\r\n"),
        ("kafka", b"\0\0\0\x16PAL2\0\0\0\0\0\x02\0\0\0\0\0\x09\0\x03\0\0\0\x0c"),
        ("openwire", b"\0\0\0\x2d\x02ActiveMQ"),
        ("zmtp", b"\xff\0\0\0\0\0\0\x01\x01\x7f"),
        ("beanstalkd", b"OK 60\r\n---\njobs: 3\n"),
        ("gearman", b"OK ready\n"),
        ("ibm-mq", b"TSH \0\0\0\x04"),
        ("pulsar", b"\0\0\0\x06\0\0\0\x02\x08\x04"),
        ("nsq", b"\0\0\0\x06\0\0\0\0no"),
        ("xmpp", b"<html>stream:stream</html>"),
    ];

    #[test]
    fn what_brokers_say_besides() {
        let rabbit = amqp(SAMPLES[0].bytes).unwrap();
        assert_eq!(rabbit.facts.version.as_deref(), Some("0.9"));
        assert_eq!(nats(SAMPLES[4].bytes).unwrap().facts.open, Some(false));
        assert_eq!(kafka(SAMPLES[5].bytes).unwrap().facts.values["metadata version"], "12");
        assert_eq!(kafka_question().len(), 21);
        assert_eq!(xmpp(SAMPLES[15].bytes).unwrap().facts.values["host"], "lab.test");
        assert_eq!(ibm_mq_question().len(), 0x84);
    }
}
