//! Monitoring, power, printing, telephony and other services that answer one plain line.

use super::Details;
use super::details::{between, contains, first_line, text, version_after};
use super::row::Protocol;
use crate::reader::Reader;

pub(super) const PROTOCOLS: &[Protocol] = &[
    Protocol::tells("zabbix-agent", &[10050, 10051], zabbix_question, zabbix),
    Protocol::asked("nrpe", &[5666], nrpe_question, nrpe),
    Protocol::greets("munin", &[4949], munin),
    Protocol::greets("check-mk-agent", &[6556], check_mk),
    Protocol::greets("ganglia", &[8649], ganglia),
    Protocol::asked("mikrotik-api", &[8728], || b"\x06/login\0".to_vec(), mikrotik),
    Protocol::asked("sap-ni", &[3299, 3200, 3600], || b"\0\0\0\x08NI_PING\0".to_vec(), sap),
    Protocol::tells("nut", &[3493], || b"VER\n".to_vec(), nut),
    Protocol::asked("apcupsd", &[3551], || b"\0\x06status".to_vec(), apcupsd),
    Protocol::greets("gpsd", &[2947], gpsd),
    Protocol::greets("hddtemp", &[7634], hddtemp),
    Protocol::greets("varnish-cli", &[6082], varnish),
    Protocol::greets("asterisk-manager", &[5038], asterisk),
    Protocol::greets("freeswitch-event", &[8021], freeswitch),
    Protocol::greets("mpd", &[6600], mpd),
    Protocol::asked("lpd", &[515], || b"\x03scanner\n".to_vec(), lpd),
    Protocol::greets("teamspeak-query", &[10011], teamspeak),
    Protocol::asked("minecraft", &[25565], minecraft_question, minecraft),
    Protocol::asked("rtmp", &[1935], rtmp_question, rtmp),
    Protocol::greets("icecast", &[8001], icy),
    Protocol::asked("h323", &[1720], h323_question, h323),
    Protocol::greets("dict", &[2628], dict),
];

fn zabbix_question() -> Vec<u8> {
    let key = b"agent.version";
    let mut message = b"ZBXD\x01".to_vec();
    message.extend_from_slice(&(key.len() as u64).to_le_bytes());
    message.extend_from_slice(key);
    message
}

fn zabbix(received: &[u8]) -> Option<Details> {
    let mut reader = Reader::new(received.strip_prefix(b"ZBXD")?);
    let (flags, length, _) = (reader.u8().ok()?, reader.u32_le().ok()?, reader.u32_le().ok()?);
    let said = text(reader.take(usize::try_from(length).ok()?).ok()?).into_owned();
    if flags & 1 == 0 || said == "agent.version" {
        return None;
    }
    let number = said.starts_with(|each: char| each.is_ascii_digit()).then_some(said.as_str());
    Some(Details::of_product("Zabbix", "Zabbix", "a:zabbix:zabbix", number).open(number.is_some()))
}

/// Version 2 of the packet, which every daemon knows.
fn nrpe_question() -> Vec<u8> {
    let mut packet = vec![0, 2, 0, 1, 0, 0, 0, 0, 0, 0];
    packet.extend_from_slice(b"_NRPE_CHECK");
    packet.resize(1_036, 0);
    let sum = crc32(&packet).to_be_bytes();
    packet.splice(4..8, sum);
    packet
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(
            sum ^ u32::from(*byte),
            |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 },
        )
    })
}

fn nrpe(received: &[u8]) -> Option<Details> {
    let [0, 2 | 3, 0, 2, ..] = received else { return None };
    let said = text(received.get(10..)?.split(|byte| *byte == 0).next()?).into_owned();
    (received.len() >= 1_034).then(|| {
        Details::of_product(
            "Nagios",
            "NRPE",
            "a:nagios:remote_plug_in_executor",
            version_after(&said, "NRPE v"),
        )
        .open(true)
    })
}

fn munin(received: &[u8]) -> Option<Details> {
    let line = first_line(received)?;
    let host = line.strip_prefix("# munin node at ")?;
    Some(
        Details::of_product("Munin", "Munin node", "a:munin-monitoring:munin", None)
            .open(true)
            .value("host", host),
    )
}

fn check_mk(received: &[u8]) -> Option<Details> {
    let said = text(received);
    let rest = said.strip_prefix("<<<check_mk>>>\n")?;
    Some(
        Details::of_product(
            "Checkmk",
            "Checkmk agent",
            "a:checkmk:checkmk",
            version_after(rest, "Version: "),
        )
        .open(true),
    )
}

fn ganglia(received: &[u8]) -> Option<Details> {
    let said = text(received);
    let version = between(&said, "<GANGLIA_XML VERSION=\"", &['"'])?;
    Some(Details::of_product("Ganglia", "gmond", "a:ganglia:ganglia", Some(version)).open(true))
}

fn mikrotik(received: &[u8]) -> Option<Details> {
    let ours = [&b"\x05!done"[..], b"\x05!trap", b"\x06!fatal"].iter().any(|word| received.starts_with(word));
    ours.then(|| Details::of_product("MikroTik", "RouterOS API", "o:mikrotik:routeros", None))
}

fn sap(received: &[u8]) -> Option<Details> {
    let pong = received == b"\0\0\0\x08NI_PONG\0";
    let error = received.get(4..).is_some_and(|rest| rest.starts_with(b"NI_RTERR\0"));
    if !(pong || error) {
        return None;
    }
    let said = text(received);
    let release = between(&said, "*ERR*\0", &['*']).and_then(|_| version_after(&said, "SAProuter "));
    Some(Details::of_product("SAP", "SAP network interface", "", release))
}

fn nut(received: &[u8]) -> Option<Details> {
    let line = first_line(received)?;
    let product =
        |version| Details::of_product("Network UPS Tools", "upsd", "a:networkupstools:nut", version);
    if let Some(rest) = line.strip_prefix("Network UPS Tools upsd ") {
        return Some(product(version_after(rest, "")));
    }
    (line == "ERR UNKNOWN-COMMAND").then(|| product(None))
}

fn apcupsd(received: &[u8]) -> Option<Details> {
    let mut reader = Reader::new(received);
    let length = usize::from(reader.u16().ok()?);
    let line = reader.take(length).ok()?;
    if !line.starts_with(b"APC      :") {
        return None;
    }
    let said = text(received);
    let version = between(&said, "VERSION  : ", &[' ', '\n']);
    Some(Details::of_product("apcupsd", "apcupsd", "a:apcupsd:apc_ups_daemon", version).open(true))
}

fn gpsd(received: &[u8]) -> Option<Details> {
    let line = first_line(received)?;
    (line.starts_with("{\"class\":\"VERSION\"")).then(|| {
        Details::of_product("gpsd", "gpsd", "a:gpsd_project:gpsd", between(&line, "\"release\":\"", &['"']))
            .open(true)
    })
}

fn hddtemp(received: &[u8]) -> Option<Details> {
    let said = text(received);
    (said.starts_with("|/dev/") && said.ends_with('|') && said.matches('|').count() >= 5)
        .then(|| Details::of_product("hddtemp", "hddtemp", "", None).open(true))
}

fn varnish(received: &[u8]) -> Option<Details> {
    let said = text(received);
    let (status, rest) = said.split_once(' ')?;
    let asks = status == "107" && rest.contains("Authentication required.");
    let greets = status == "200" && rest.contains("Varnish Cache CLI");
    let version = version_after(&said, "varnish-");
    (asks || greets).then(|| {
        Details::of_product("Varnish", "Varnish", "a:varnish_cache_project:varnish_cache", version)
            .open(greets)
    })
}

fn asterisk(received: &[u8]) -> Option<Details> {
    let line = first_line(received)?;
    let version = line.strip_prefix("Asterisk Call Manager/")?;
    Some(Details::of_product("Asterisk", "Asterisk", "a:digium:asterisk", None).version(version))
}

fn freeswitch(received: &[u8]) -> Option<Details> {
    (received.starts_with(b"Content-Type: auth/request\n\n")
        || contains(received, b"Content-Type: text/rude-rejection"))
    .then(|| Details::of_product("FreeSWITCH", "FreeSWITCH", "a:freeswitch:freeswitch", None))
}

fn mpd(received: &[u8]) -> Option<Details> {
    let line = first_line(received)?;
    let version = line.strip_prefix("OK MPD ")?;
    Some(
        Details::of_product("Music Player Daemon", "MPD", "a:musicpd:music_player_daemon", None)
            .version(version),
    )
}

/// The short state of a queue that does not exist.
fn lpd(received: &[u8]) -> Option<Details> {
    let said = text(received).to_ascii_lowercase();
    let marks =
        ["unknown printer", "no entries", "lpd: ", "not have line printer access", "printer", "queue"];
    let plain = !said.is_empty() && said.chars().all(|each| !each.is_control() || each.is_whitespace());
    let other = said.starts_with("http/") || said.starts_with("220");
    (plain && !other && marks.iter().any(|mark| said.contains(mark)))
        .then(|| Details::none().value("message", said.trim()))
}

fn teamspeak(received: &[u8]) -> Option<Details> {
    let said = text(received);
    (said.starts_with("TS3\n") && said.contains("TeamSpeak"))
        .then(|| Details::of_product("TeamSpeak", "TeamSpeak server", "a:teamspeak:teamspeak3", None))
}

/// Handshake towards the state, and the question for it.
fn minecraft_question() -> Vec<u8> {
    let mut message = vec![0x16, 0, 0xff, 0xff, 0xff, 0xff, 0x0f, 12];
    message.extend_from_slice(b"scan.invalid");
    message.extend_from_slice(&[0x63, 0xdd, 1, 1, 0]);
    let length = u8::try_from(message.len() - 3).unwrap_or(0);
    message.splice(..1, [length]);
    message
}

fn minecraft(received: &[u8]) -> Option<Details> {
    let at = received.iter().take(8).position(|byte| *byte == b'{')?;
    let said = text(received.get(at..)?).into_owned();
    let version =
        between(&said, "\"version\":{", &['}']).and_then(|object| between(object, "\"name\":\"", &['"']));
    (received.get(1..3)?.contains(&0) || received.get(2) == Some(&0))
        .then_some(())
        .filter(|()| said.contains("\"protocol\":") && said.contains("\"players\""))
        .map(|()| {
            let number = version.and_then(|version| version.split_whitespace().next_back());
            Details::of_product("Mojang", "Minecraft server", "a:minecraft:minecraft", number).open(true)
        })
}

fn rtmp_question() -> Vec<u8> {
    let mut message = vec![3, 0, 0, 0, 0, 0, 0, 0, 0];
    message.extend((0..1_528_u16).map(|number| number.to_be_bytes()[1] ^ 0x5a));
    message
}

fn rtmp(received: &[u8]) -> Option<Details> {
    // S0, S1, and S2 that repeats what we sent.
    let [3, rest @ ..] = received else { return None };
    let repeats = rest.get(1_536..)?.windows(32).any(|window| rtmp_question().get(100..132) == Some(window));
    (rest.len() >= 3_072 && repeats).then(|| Details::none().version("3"))
}

fn icy(received: &[u8]) -> Option<Details> {
    let said = text(received);
    let rest = said.strip_prefix("ICY ")?;
    let status = rest.get(..3)?.bytes().all(|byte| byte.is_ascii_digit());
    status.then(|| Details::none().maybe("name", between(&said, "icy-name:", &['\r', '\n'])))
}

/// Q.931 status enquiry for a call that does not exist.
fn h323_question() -> Vec<u8> {
    vec![3, 0, 0, 9, 8, 2, 0x50, 0x41, 0x75]
}

fn h323(received: &[u8]) -> Option<Details> {
    let [3, 0, high, low, 8, 2, call_high, call_low, kind, ..] = received else { return None };
    let whole = usize::from(u16::from_be_bytes([*high, *low])) == received.len();
    (whole && [call_high & 0x7f, *call_low] == [0x50, 0x41] && matches!(kind, 0x5a | 0x7d | 0x45))
        .then(Details::none)
}

fn dict(received: &[u8]) -> Option<Details> {
    let line = first_line(received)?;
    let rest = line.strip_prefix("220 ")?;
    let version = version_after(rest, " dictd ").map(|word| word.split("-rf").next().unwrap_or(word));
    // The message ends with what the server can and a number of its own.
    (version.is_some() || (rest.ends_with('>') && rest.contains("<auth")))
        .then(|| Details::of_product("DICT", "dictd", "a:dict:dictd", version))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::tests::{Foreign, Sample, sample};
    use super::*;

    pub(crate) const SAMPLES: &[Sample] = &[
        sample("nrpe", &padded::<1_036>(b"\x00\x02\x00\x02\x12\x34\x56\x78\x00\x00NRPE v4.1.0"), "NRPE 4.1.0"),
        sample("rtmp", &RTMP, ""),
        sample("zabbix-agent", b"ZBXD\x01\x06\x00\x00\x00\x00\x00\x00\x006.0.14", "Zabbix 6.0.14"),
        sample("munin", b"# munin node at web1\n", "Munin node"),
        sample("check-mk-agent", b"<<<check_mk>>>\nVersion: 2.1.0p11\nAgentOS: linux\n", "Checkmk agent 2.1.0p11"),
        sample("ganglia", b"<?xml version=\x221.0\x22?>\n<GANGLIA_XML VERSION=\x223.7.2\x22 SOURCE=\x22gmond\x22>\n", "gmond 3.7.2"),
        sample("mikrotik-api", b"\x05!trap\x1a=message=cannot log in\x00", "RouterOS API"),
        sample("sap-ni", b"\x00\x00\x00\x08NI_PONG\x00", "SAP network interface"),
        sample("nut", b"Network UPS Tools upsd 2.8.0 - https://www.networkupstools.org/\n", "upsd 2.8.0"),
        sample("nut", b"ERR UNKNOWN-COMMAND\n", "upsd"),
        sample("apcupsd", b"\x00\x18APC      : 001,036,0872\n\x00(VERSION  : 3.14.14 (31 May 2016) debian\n\x00\x00", "apcupsd 3.14.14"),
        sample("gpsd", b"{\x22class\x22:\x22VERSION\x22,\x22release\x22:\x223.22\x22,\x22rev\x22:\x223.22\x22,\x22proto_major\x22:3}\r\n", "gpsd 3.22"),
        sample("hddtemp", b"|/dev/sda|ST1000DM003|38|C|", "hddtemp"),
        sample("varnish-cli", b"107 59      \nabcdefghijklmnopqrstuvwxyzabcdef\n\nAuthentication required.\n", "Varnish"),
        sample("varnish-cli", b"200 277     \n-----------------------------\nVarnish Cache CLI 1.0\n-----------------------------\nvarnish-7.1.1 revision 7\n", "Varnish 7.1.1"),
        sample("asterisk-manager", b"Asterisk Call Manager/5.0.2\r\n", "Asterisk"),
        sample("freeswitch-event", b"Content-Type: auth/request\n\n", "FreeSWITCH"),
        sample("mpd", b"OK MPD 0.23.5\n", "MPD"),
        sample("lpd", b"scanner: unknown printer\n", ""),
        sample("teamspeak-query", b"TS3\n\rWelcome to the TeamSpeak 3 ServerQuery interface\n\r", "TeamSpeak server"),
        sample("minecraft", b"T\x00R{\x22version\x22:{\x22name\x22:\x22Paper 1.20.1\x22,\x22protocol\x22:763},\x22players\x22:{\x22max\x22:20,\x22online\x22:0}}", "Minecraft server 1.20.1"),
        sample("icecast", b"ICY 200 OK\r\nicy-name:Radio\r\n\r\n", ""),
        sample("h323", b"\x03\x00\x00\r\x08\x02\xd0A}\x08\x02\x80\xe5", ""),
        sample("dict", b"220 lab.test dictd 1.13.1/rf on Linux 6.1.0 <auth.mime> <1.2.3@lab.test>\r\n", "dictd 1.13.1"),
    ];

    const fn padded<const N: usize>(beginning: &[u8]) -> [u8; N] {
        let mut bytes = [0; N];
        let mut at = 0;
        while at < beginning.len() {
            bytes[at] = beginning[at];
            at += 1;
        }
        bytes
    }

    /// The server's version and numbers, then ours again.
    const RTMP: [u8; 3_073] = {
        let mut bytes = padded::<3_073>(&[3]);
        let mut number = 0;
        while number < 1_528 {
            bytes[1 + 1_536 + 8 + number] = number.to_be_bytes()[7] ^ 0x5a;
            number += 1;
        }
        bytes
    };

    pub(crate) const FOREIGN: &[Foreign] = &[
        ("zabbix-agent", b"ZBXD\x01\x09\x00\x00\x00\x00\x00\x00\x00short"),
        ("nrpe", b"\x00\x02\x00\x02short"),
        ("munin", b"# munin master\n"),
        ("check-mk-agent", b"<<<uptime>>>\n"),
        ("ganglia", b"<GANGLIA>\n"),
        ("mikrotik-api", b"\x05!what"),
        ("sap-ni", b"\x00\x00\x00\x08NI_PANG\x00"),
        ("nut", b"ERR\n"),
        ("apcupsd", b"\x00\x04what"),
        ("gpsd", b"{\x22class\x22:\x22DEVICE\x22}\n"),
        ("hddtemp", b"|/dev/sda|"),
        ("varnish-cli", b"107 0\nno\n"),
        ("asterisk-manager", b"Asterisk\n"),
        ("freeswitch-event", b"Content-Type: text/html\n\n"),
        ("mpd", b"OK\n"),
        ("lpd", b"HTTP/1.0 400 no printer\r\n"),
        ("teamspeak-query", b"TS3\n"),
        ("minecraft", b"{\x22protocol\x22:1}"),
        ("rtmp", b"\x03\x00\x00\x00\x00"),
        ("icecast", b"ICY cold\r\n"),
        ("h323", b"\x03\x00\x00\x09\x08\x02PBZ"),
        ("dict", b"220 ready\r\n"),
    ];

    #[test]
    fn what_they_say_besides() {
        assert_eq!(munin(b"# munin node at web1\n").unwrap().facts.values["host"], "web1");
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926, "the published check value");
        assert_eq!(nrpe_question().len(), 1_036);
        assert_eq!(usize::from(minecraft_question()[0]) + 3, minecraft_question().len());
        assert_eq!(rtmp_question().len(), 1_537);
    }
}
