//! Databases and stores, each by the one question that needs no login.

use super::Details;
use super::details::{behind, contains, first_line, text, version_after};
use super::row::Protocol;
use crate::reader::Reader;

pub(super) const PROTOCOLS: &[Protocol] = &[
    Protocol::tells("mongodb", &[27017, 27018, 27019], mongodb_question, mongodb),
    Protocol::asked("ms-sql-s", &[1433, 2433], sql_server_question, sql_server),
    Protocol::tells("oracle-tns", &[1521, 1522, 1526], oracle_question, oracle),
    Protocol::tells("drda", &[446, 523, 1527, 50000], drda_question, drda),
    Protocol::asked("firebird", &[3050], firebird_question, firebird),
    Protocol::asked("clickhouse", &[9000], clickhouse_question, clickhouse),
    Protocol::asked("bolt", &[7687], bolt_question, bolt),
    Protocol::tells("zookeeper", &[2181, 2182], || b"srvr\n".to_vec(), zookeeper),
    Protocol::asked("couchbase", &[11210, 11207], couchbase_question, couchbase),
    Protocol::asked("riak", &[8087], || vec![0, 0, 0, 1, 7], riak),
    Protocol::asked("rethinkdb", &[28015], || vec![0xc3, 0xbd, 0xc2, 0x34], rethinkdb),
    Protocol::asked("aerospike", &[3000], aerospike_question, aerospike),
    Protocol::greets("tarantool", &[3301], tarantool),
    Protocol::greets("ceph", &[3300, 6789], ceph),
    Protocol::greets("hadoop-rpc", &[8020, 8021, 9870], hadoop),
];

/// `buildInfo` in an OP_MSG, our number 0x5041.
fn mongodb_question() -> Vec<u8> {
    let mut document = Vec::new();
    document.extend_from_slice(b"\x10buildInfo\0\x01\0\0\0");
    document.extend_from_slice(b"\x02$db\0\x06\0\0\0admin\0\0");
    let length = u32::try_from(document.len() + 4).unwrap_or(0);
    let mut body = vec![0, 0, 0, 0, 0];
    body.extend_from_slice(&length.to_le_bytes());
    body.append(&mut document);
    let mut message = u32::try_from(body.len() + 16).unwrap_or(0).to_le_bytes().to_vec();
    for field in [0x5041_u32, 0, 2013] {
        message.extend_from_slice(&field.to_le_bytes());
    }
    message.append(&mut body);
    message
}

fn mongodb(received: &[u8]) -> Option<Details> {
    if contains(received, b"trying to access MongoDB over HTTP") {
        return Some(Details::of_product("MongoDB", "MongoDB", "a:mongodb:mongodb", None));
    }
    let mut reader = Reader::new(received);
    let length = usize::try_from(reader.u32_le().ok()?).ok()?;
    let _id = reader.u32_le().ok()?;
    let answers = reader.u32_le().ok()?;
    let code = reader.u32_le().ok()?;
    if answers != 0x5041 || code != 2013 || !(36..=64 * 1024).contains(&length) || received.len() < length {
        return None;
    }
    let version = behind(received, b"\x02version\0").and_then(|rest| {
        let mut rest = Reader::new(rest);
        let length = usize::try_from(rest.u32_le().ok()?).ok()?;
        String::from_utf8(rest.take(length.checked_sub(1)?).ok()?.to_vec()).ok()
    });
    let details = Details::of_product("MongoDB", "MongoDB", "a:mongodb:mongodb", version.as_deref());
    Some(details)
}

/// TDS pre-login with the version, encryption and instance options.
fn sql_server_question() -> Vec<u8> {
    let mut options = vec![0, 0, 16, 0, 6, 1, 0, 22, 0, 1, 2, 0, 23, 0, 1, 0xff];
    options.extend_from_slice(&[9, 0, 0, 0, 0, 0, 2, 0]);
    let mut packet = vec![0x12, 1, 0, 0, 0, 0, 1, 0];
    packet.append(&mut options);
    let length = u16::try_from(packet.len()).unwrap_or(0).to_be_bytes();
    packet.splice(2..4, length);
    packet
}

fn sql_server(received: &[u8]) -> Option<Details> {
    let mut reader = Reader::new(received);
    let (kind, status, length) = (reader.u8().ok()?, reader.u8().ok()?, reader.u16().ok()?);
    if kind != 4 || status != 1 || usize::from(length) != received.len() {
        return None;
    }
    let body = received.get(8..)?;
    // The first option is the version, and says where it stands.
    let [0, high, low, 0, 6, ..] = body else { return None };
    let at = usize::from(u16::from_be_bytes([*high, *low]));
    let [major, minor, build_high, build_low, ..] = body.get(at..)? else { return None };
    let version = format!("{major}.{minor}.{}", u16::from_be_bytes([*build_high, *build_low]));
    Some(Details::of_product("Microsoft", "SQL Server", "a:microsoft:sql_server", Some(&version)))
}

/// TNS CONNECT that asks the listener for its version.
fn oracle_question() -> Vec<u8> {
    let data = b"(CONNECT_DATA=(COMMAND=version))";
    let data_length = u16::try_from(data.len()).unwrap_or(0);
    let length = 58 + data_length;
    let mut packet = length.to_be_bytes().to_vec();
    packet.extend_from_slice(&[0, 0, 1, 0, 0, 0]);
    // Version 3.14, compatible from 3.0; 8 KiB units; big-endian one.
    packet.extend_from_slice(&[1, 0x3a, 1, 0x2c, 0, 0, 0x20, 0, 0x7f, 0xff, 0xc6, 0x0e, 0, 0, 1, 0]);
    packet.extend_from_slice(&data_length.to_be_bytes());
    packet.extend_from_slice(&[0, 58]);
    packet.extend_from_slice(&[0; 30]);
    packet.extend_from_slice(data);
    packet
}

fn oracle(received: &[u8]) -> Option<Details> {
    let mut reader = Reader::new(received);
    let length = usize::from(reader.u16().ok()?);
    let (sum, kind, flags) = (reader.u16().ok()?, reader.u8().ok()?, reader.u8().ok()?);
    let plausible = match kind {
        // Accept, refuse, redirect: with a text. Resend: a header alone.
        2 | 5 => length > 16,
        4 => contains(received, b"(DESCRIPTION=") || contains(received, b"(ERR="),
        11 => length == 8,
        _ => false,
    };
    if sum != 0 || flags > 0x7f || length < 8 || received.len() != length || !plausible {
        return None;
    }
    let number = behind(received, b"VSNNUM=")
        .map(|rest| rest.iter().take_while(|byte| byte.is_ascii_digit()).copied().collect::<Vec<u8>>())
        .and_then(|digits| String::from_utf8(digits).ok()?.parse::<u32>().ok());
    let version = number.map(|number| {
        let nibble = |shift: u32, mask: u32| (number >> shift) & mask;
        let parts = [nibble(24, 0xff), nibble(20, 0xf), nibble(12, 0xff), nibble(8, 0xf), nibble(0, 0xff)];
        parts.map(|part| part.to_string()).join(".")
    });
    Some(Details::of_product("Oracle", "Oracle TNS listener", "a:oracle:database_server", version.as_deref()))
}

/// EXCSAT: who are you, said in DRDA.
fn drda_question() -> Vec<u8> {
    let mut packet = vec![0, 0x22, 0xd0, 0x41, 0, 1, 0, 0x1c, 0x10, 0x41];
    // Manager levels: agent 3, SQL application manager 3, RDB 3, communications 5.
    packet.extend_from_slice(&[0, 0x14, 0x14, 0x04, 0x14, 3, 0, 3, 0x24, 7, 0, 3, 0x24, 0x0f, 0, 3]);
    packet.extend_from_slice(&[0x14, 0x74, 0, 5, 0, 4, 0x11, 0x5e]);
    packet
}

fn drda(received: &[u8]) -> Option<Details> {
    let mut reader = Reader::new(received);
    let length = usize::from(reader.u16().ok()?);
    let (magic, format, _id) = (reader.u8().ok()?, reader.u8().ok()?, reader.u16().ok()?);
    let (_inner, code) = (reader.u16().ok()?, reader.u16().ok()?);
    // EXCSATRD, or one of the refusals.
    if magic != 0xd0 || format & 0x0f > 3 || !matches!(code, 0x1443 | 0x1219 | 0x1218 | 0x124c) {
        return None;
    }
    if received.len() < length {
        return None;
    }
    let parameter = |code: u16| {
        let mut rest = reader.clone();
        while let (Ok(length), Ok(found)) = (rest.u16(), rest.u16()) {
            let content = rest.take(usize::from(length).checked_sub(4)?).ok()?;
            if found == code {
                return Some(readable(content));
            }
        }
        None
    };
    let (class, level) = (parameter(0x1147), parameter(0x115a));
    let details = match class.as_deref() {
        Some(class) if class.contains("Derby") => {
            let version =
                level.as_deref().and_then(|level| level.split_once('/')).map(|(_, version)| version);
            Details::of_product("Apache", "Derby", "a:apache:derby", version)
        }
        Some(class) if class.contains("DB2") => {
            let version = level.as_deref().map(db2_version);
            Details::of_product("IBM", "DB2", "a:ibm:db2", version.as_deref())
        }
        _ => Details::none(),
    };
    Some(details.maybe("class", class).maybe("level", level))
}

/// `SQL11055` is 11.05.5.
fn db2_version(level: &str) -> String {
    let digits = level.trim_start_matches(|each: char| !each.is_ascii_digit());
    match (digits.get(..2), digits.get(2..4), digits.get(4..5)) {
        (Some(major), Some(minor), Some(fix)) => {
            format!("{}.{}.{fix}", major.trim_start_matches('0'), minor.trim_start_matches('0'))
        }
        _ => level.to_owned(),
    }
}

/// ASCII, or EBCDIC when the letters say so.
fn readable(bytes: &[u8]) -> String {
    let ascii = bytes.iter().all(|byte| (0x20..0x7f).contains(byte));
    let letters = bytes.iter().map(|byte| match byte {
        byte if ascii => char::from(*byte),
        0xc1..=0xc9 => char::from(byte - 0xc1 + b'A'),
        0xd1..=0xd9 => char::from(byte - 0xd1 + b'J'),
        0xe2..=0xe9 => char::from(byte - 0xe2 + b'S'),
        0x81..=0x89 => char::from(byte - 0x81 + b'a'),
        0x91..=0x99 => char::from(byte - 0x91 + b'j'),
        0xa2..=0xa9 => char::from(byte - 0xa2 + b's'),
        0xf0..=0xf9 => char::from(byte - 0xf0 + b'0'),
        0x40 => ' ',
        0x61 => '/',
        0x4b => '.',
        _ => '?',
    });
    letters.collect()
}

/// op_connect for a database that does not exist, with protocol versions 10 to 13.
fn firebird_question() -> Vec<u8> {
    let mut packet = Vec::new();
    for field in [1_u32, 19, 3, 36, 1] {
        packet.extend_from_slice(&field.to_be_bytes());
    }
    packet.extend_from_slice(b"x\0\0\0");
    // Two protocols, no identification.
    for field in [2_u32, 0, 10, 1, 0, 5, 2, 0x800d, 1, 0, 5, 4] {
        packet.extend_from_slice(&field.to_be_bytes());
    }
    packet
}

fn firebird(received: &[u8]) -> Option<Details> {
    let mut reader = Reader::new(received);
    let code = reader.u32().ok()?;
    let version = match code {
        3 | 94 | 98 => {
            let version = reader.u32().ok()? & 0x7fff;
            let (architecture, kind) = (reader.u32().ok()?, reader.u32().ok()?);
            if !(8..=30).contains(&version) || architecture > 64 || kind & 0xff > 6 {
                return None;
            }
            Some(version.to_string())
        }
        4 if received.len() == 4 => None,
        _ => return None,
    };
    let details = Details::of_product("Firebird", "Firebird", "a:firebirdsql:firebird", None);
    Some(version.map_or(details.clone(), |version| details.version(&version)))
}

/// The hello of a client that will not be known: it gets an exception, or a hello.
fn clickhouse_question() -> Vec<u8> {
    let mut packet = vec![0, 7];
    packet.extend_from_slice(b"scanner");
    // Version 1.1, revision 54058; database, user and password are empty.
    packet.extend_from_slice(&[1, 1, 0xaa, 0xa6, 3, 0, 0, 0]);
    packet
}

fn clickhouse(received: &[u8]) -> Option<Details> {
    let product = |version: Option<&str>| {
        Details::of_product("ClickHouse", "ClickHouse", "a:clickhouse:clickhouse", version)
    };
    if let Some(rest) = received.strip_prefix(b"\0\x0aClickHouse") {
        let mut reader = Reader::new(rest);
        let (major, minor) = (variable(&mut reader)?, variable(&mut reader)?);
        return Some(product(Some(&format!("{major}.{minor}"))).open(true));
    }
    let exception = received.first() == Some(&2) && contains(received, b"DB::Exception");
    let wrong_port = contains(received, b"is for clickhouse-client program");
    (exception || wrong_port).then(|| product(None))
}

fn variable(reader: &mut Reader<'_>) -> Option<u32> {
    let mut value = 0;
    for shift in [0, 7, 14, 21] {
        let byte = reader.u8().ok()?;
        value |= u32::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Bolt's preamble, with versions 5.0, 4.4, 4.1 and 3.
fn bolt_question() -> Vec<u8> {
    vec![0x60, 0x60, 0xb0, 0x17, 0, 0, 0, 5, 0, 0, 4, 4, 0, 0, 1, 4, 0, 0, 0, 3]
}

fn bolt(received: &[u8]) -> Option<Details> {
    match received {
        [0, 0, minor @ 0..=9, major @ 1..=6] => Some(
            Details::of_product("Neo4j", "Neo4j", "a:neo4j:neo4j", None).version(&format!("{major}.{minor}")),
        ),
        _ => None,
    }
}

fn zookeeper(received: &[u8]) -> Option<Details> {
    let said = text(received);
    let product = |version| Details::of_product("Apache", "ZooKeeper", "a:apache:zookeeper", version);
    if let Some(rest) = said.strip_prefix("Zookeeper version: ") {
        let version = version_after(rest, "").map(|word| word.split('-').next().unwrap_or(word));
        let mode = said.lines().find_map(|line| line.strip_prefix("Mode: "));
        return Some(product(version).maybe("mode", mode).open(true));
    }
    let refused = said.starts_with("srvr is not executed because it is not in the whitelist");
    refused.then(|| product(None).open(false))
}

/// The binary protocol's VERSION.
fn couchbase_question() -> Vec<u8> {
    let mut packet = vec![0x80, 0x0b];
    packet.extend_from_slice(&[0; 10]);
    packet.extend_from_slice(b"\x50\x41\x4c\x31");
    packet.extend_from_slice(&[0; 8]);
    packet
}

fn couchbase(received: &[u8]) -> Option<Details> {
    let [0x81, 0x0b, 0, 0, 0, 0, 0, 0, ..] = received else { return None };
    let version = text(received.get(24..)?).into_owned();
    let number = version.split('-').next().filter(|number| number.contains('.'))?;
    let ours = received.get(12..16) == Some(b"\x50\x41\x4c\x31");
    ours.then(|| {
        Details::of_product("Couchbase", "Couchbase Server", "a:couchbase:couchbase_server", Some(number))
    })
}

fn riak(received: &[u8]) -> Option<Details> {
    let mut reader = Reader::new(received);
    let length = usize::try_from(reader.u32().ok()?).ok()?;
    let code = reader.u8().ok()?;
    if code != 8 || received.len() != length.checked_add(4)? {
        return None;
    }
    let (mut node, mut version) = (None, None);
    while let Ok(tag) = reader.u8() {
        let size = usize::from(reader.u8().ok()?);
        let content = reader.take(size).ok()?;
        match tag {
            0x0a => node = Some(content),
            0x12 => version = Some(text(content).into_owned()),
            _ => return None,
        }
    }
    Some(
        Details::of_product("Basho", "Riak", "a:basho:riak", version.as_deref())
            .maybe("node", node)
            .open(true),
    )
}

fn rethinkdb(received: &[u8]) -> Option<Details> {
    let end = received.iter().position(|byte| *byte == 0)?;
    let said = text(received.get(..end)?).into_owned();
    if !said.starts_with('{') && !said.starts_with("ERROR: ") {
        return None;
    }
    let ours = said.contains("min_protocol_version")
        || said.contains("RethinkDB")
        || said.contains("protocol version");
    let version = super::details::between(&said, "\"server_version\":\"", &['"']);
    ours.then(|| Details::of_product("RethinkDB", "RethinkDB", "a:rethinkdb:rethinkdb", version))
}

fn aerospike_question() -> Vec<u8> {
    let mut packet = vec![2, 1, 0, 0, 0, 0, 0, 6];
    packet.extend_from_slice(b"build\n");
    packet
}

fn aerospike(received: &[u8]) -> Option<Details> {
    let [2, 1, 0, 0, 0, 0, high, low, rest @ ..] = received else { return None };
    if usize::from(u16::from_be_bytes([*high, *low])) != rest.len() {
        return None;
    }
    let version = text(rest.strip_prefix(b"build\t")?).trim_end().to_owned();
    Some(Details::of_product("Aerospike", "Aerospike", "a:aerospike:database_server", Some(&version)))
}

fn tarantool(received: &[u8]) -> Option<Details> {
    let line = first_line(received)?;
    let version = version_after(&line, "Tarantool ")?;
    let number = version.split('-').next();
    (line.starts_with("Tarantool ") && line.contains('('))
        .then(|| Details::of_product("Tarantool", "Tarantool", "a:tarantool:tarantool", number))
}

fn ceph(received: &[u8]) -> Option<Details> {
    let rest = received.strip_prefix(b"ceph v")?;
    let version = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = text(rest.get(..version)?).into_owned();
    (1..=3)
        .contains(&version)
        .then(|| Details::of_product("Ceph", "Ceph", "a:redhat:ceph", None).version(&number))
}

fn hadoop(received: &[u8]) -> Option<Details> {
    contains(received, b"HTTP request to a Hadoop IPC port")
        .then(|| Details::of_product("Apache", "Hadoop IPC", "a:apache:hadoop", None))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::tests::{Foreign, Sample, sample};
    use super::*;

    pub(crate) const SAMPLES: &[Sample] = &[
        sample(
            "mongodb",
            b"\x2d\0\0\0\x01\0\0\0\x41\x50\0\0\xdd\x07\0\0\0\0\0\0\0\x18\0\0\0\x02version\0\x06\0\0\x007.0.5\0\0",
            "MongoDB 7.0.5",
        ),
        sample(
            "mongodb",
            b"HTTP/1.0 200 OK\r\n\r\nIt looks like you are trying to access MongoDB over HTTP on the native driver port.\r\n",
            "MongoDB",
        ),
        sample(
            "ms-sql-s",
            b"\x04\x01\0\x1b\0\0\x01\0\0\0\x0b\0\x06\x01\0\x11\0\x01\xff\x0f\0\x07\xd0\0\0\0\0",
            "SQL Server 15.0.2000",
        ),
        sample(
            "oracle-tns",
            b"\0\x53\0\0\x04\0\0\0\x22\0\0\x47(DESCRIPTION=(TMP=)(VSNNUM=318767104)(ERR=1189)(ERROR_STACK=(ERROR=x)))",
            "Oracle TNS listener 19.0.0.0.0",
        ),
        sample(
            "drda",
            b"\0\x30\xd0\x03\0\x01\0\x2a\x14\x43\0\x10\x11\x47Apache Derby\0\x16\x11\x5aCSS10160/10.16.1.1",
            "Derby 10.16.1.1",
        ),
        sample(
            "drda",
            b"\0\x22\xd0\x03\0\x01\0\x1c\x14\x43\0\x0c\x11\x47\xd8\xc4\xc2\xf2\x61\xd3\xc9\xd5\0\x0c\x11\x5a\xe2\xd8\xd3\xf1\xf1\xf0\xf5\xf5",
            "DB2 11.5.5",
        ),
        sample("firebird", b"\0\0\0\x5e\xff\xff\x80\x0d\0\0\0\x01\0\0\0\x05", "Firebird"),
        sample("clickhouse", b"\0\x0aClickHouse\x17\x08\xc4\xa9\x03", "ClickHouse 23.8"),
        sample("clickhouse", b"\x02\x04\x02\0\0\x0dDB::Exception\x20DB::Exception: : Authentication", "ClickHouse"),
        sample("bolt", b"\0\0\x04\x04", "Neo4j"),
        sample(
            "zookeeper",
            b"Zookeeper version: 3.8.0-${mvngit.commit.id}, built on 2022-02-25 08:49 UTC\nMode: standalone\n",
            "ZooKeeper 3.8.0",
        ),
        sample("zookeeper", b"srvr is not executed because it is not in the whitelist.\n", "ZooKeeper"),
        sample(
            "couchbase",
            b"\x81\x0b\0\0\0\0\0\0\0\0\0\x15PAL1\0\0\0\0\0\0\0\x007.2.0-5325-enterprise",
            "Couchbase Server 7.2.0",
        ),
        sample("riak", b"\0\0\0\x17\x08\x0a\x0friak@127.0.0.11\x12\x033.0", "Riak 3.0"),
        sample(
            "rethinkdb",
            b"{\"max_protocol_version\":0,\"min_protocol_version\":0,\"server_version\":\"2.4.1\",\"success\":true}\0",
            "RethinkDB 2.4.1",
        ),
        sample("aerospike", b"\x02\x01\0\0\0\0\0\x0dbuild\t6.1.0.2", "Aerospike 6.1.0.2"),
        sample(
            "tarantool",
            b"Tarantool 2.11.1-0-g96877bd (Binary) 5b1c0ac1-4bd0-4a13-8fe1-b5e9d3a4bb43\nc2FsdA==\n",
            "Tarantool 2.11.1",
        ),
        sample("ceph", b"ceph v027\0\0\0\0", "Ceph"),
        sample(
            "hadoop-rpc",
            b"HTTP/1.1 404 Not Found\r\nContent-type: text/plain\r\n\r\nIt looks like you are making an HTTP request to a Hadoop IPC port.\r\n",
            "Hadoop IPC",
        ),
    ];

    pub(crate) const FOREIGN: &[Foreign] = &[
        ("mongodb", b"\x2d\0\0\0\x01\0\0\0\x42\x50\0\0\xdd\x07\0\0\0\0\0\0\0\x1b\0\0\0\x02version\0\x06\0\0\x007.0.5\0\0"),
        ("ms-sql-s", b"\x04\x01\0\x1c\0\0\x01\0\0\0\x0b\0\x06\x01\0\x11\0\x01\xff\x0f\0\x07\xd0\0\0\0\0"),
        ("oracle-tns", b"\0\x08\0\0\x04\0\0\0"),
        ("drda", b"\0\x10\xd0\x03\0\x01\0\x0a\x20\x43\0\0\0\0\0\0"),
        ("firebird", b"\0\0\0\x04more"),
        ("clickhouse", b"\0\x0aclickhouse\x17\x08"),
        ("bolt", b"\0\0\0\0"),
        ("zookeeper", b"Zoo version: 3.8.0\n"),
        ("couchbase", b"\x81\x0b\0\0\0\0\0\0\0\0\0\x051.2.3\0\0\0\0\0\0\0\0\0\0\0"),
        ("riak", b"\0\0\0\x05\x09\x0a\x02ok"),
        ("rethinkdb", b"{\"success\":true}\0"),
        ("aerospike", b"\x02\x01\0\0\0\0\0\x0cbuild\t6.1"),
        ("tarantool", b"Tarantool is a fish\n"),
        ("ceph", b"ceph is down\n"),
        ("hadoop-rpc", b"HTTP/1.1 404 Not Found\r\n\r\n"),
    ];

    #[test]
    fn what_databases_say_besides() {
        let derby = drda(SAMPLES[4].bytes).unwrap();
        assert_eq!(derby.facts.values["level"], "CSS10160/10.16.1.1");
        assert_eq!(bolt(b"\0\0\x04\x05").unwrap().facts.version.as_deref(), Some("5.4"));
        assert_eq!(mongodb_question().len(), usize::from(mongodb_question()[0]));
        assert_eq!(sql_server_question()[3], 32);
        assert_eq!(oracle_question().len(), usize::from(oracle_question()[1]));
        assert_eq!(drda_question().len(), 34);
    }
}
