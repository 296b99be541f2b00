//! Screens, shells and desktops of other machines.

use super::Details;
use super::details::{behind, first_line, text, version_after};
use super::row::Protocol;
use crate::reader::Reader;

pub(super) const PROTOCOLS: &[Protocol] = &[
    Protocol::asked("x11", &[6000, 6001, 6002, 6003, 6010], x11_question, x11),
    Protocol::tells("spice", &[5900, 5930, 3001], spice_question, spice),
    Protocol::greets("ica", &[1494], ica),
    Protocol::asked(
        "teamviewer",
        &[5938],
        || vec![0x17, 0x24, 0x0a, 0x20, 0, 0, 0, 0, 0, 0x88, 0x13],
        teamviewer,
    ),
    Protocol::asked("radmin", &[4899], || vec![1, 0, 0, 0, 1, 0, 0, 0, 8, 8], radmin),
    Protocol::greets("vmware-auth", &[902, 912], vmware),
    Protocol::asked("rexec", &[512], || b"0\0scanner\0\0\0".to_vec(), rexec),
    Protocol::asked("rlogin", &[513], || b"\0scanner\0scanner\0vt100/9600\0".to_vec(), rlogin),
    Protocol::asked("rsh", &[514], || b"0\0scanner\0scanner\0\0".to_vec(), rsh),
    Protocol::tells("adb", &[5555, 5037], adb_question, adb),
    Protocol::greets("synergy", &[24800], synergy),
    Protocol::tells("msrpc", &[135, 593, 1025, 1026, 49152, 49664], msrpc_question, msrpc),
    Protocol::tells("nx", &[4000], || b"NXSH-3.2.0\n".to_vec(), nx),
    Protocol::greets("netbus", &[12345, 20034], netbus),
];

/// A client of X11 without an authority; big-endian.
fn x11_question() -> Vec<u8> {
    vec![0x42, 0, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0]
}

fn x11(received: &[u8]) -> Option<Details> {
    let mut reader = Reader::new(received);
    let (outcome, reason) = (reader.u8().ok()?, usize::from(reader.u8().ok()?));
    let (major, minor, length) = (reader.u16().ok()?, reader.u16().ok()?, reader.u16().ok()?);
    let whole = received.len() >= usize::from(length) * 4 + 8;
    if major != 11 || minor > 9 || !whole {
        return None;
    }
    let details = match outcome {
        0 => Details::none().open(false).value("reason", reader.take(reason).ok()?),
        1 => {
            let release = reader.u32().ok()?;
            let _masks = reader.take(12).ok()?;
            let vendor_length = usize::from(reader.u16().ok()?);
            let _limits = reader.take(14).ok()?;
            let vendor = text(reader.take(vendor_length).ok()?).into_owned();
            let version =
                format!("{}.{}.{}", release / 10_000_000, release / 100_000 % 100, release / 1000 % 100);
            let details = if vendor.contains("X.Org") {
                Details::of_product("X.Org", "X.Org server", "a:x.org:x_server", Some(&version))
            } else {
                Details::none()
            };
            details.open(true).value("vendor", vendor)
        }
        2 => Details::none().open(false),
        _ => return None,
    };
    Some(details.version(&format!("{major}.{minor}")))
}

fn spice_question() -> Vec<u8> {
    let mut message = b"REDQ\x02\0\0\0\x02\0\0\0\x12\0\0\0".to_vec();
    // Main channel, no capabilities.
    message.extend_from_slice(&[0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 18, 0, 0, 0]);
    message
}

fn spice(received: &[u8]) -> Option<Details> {
    let mut reader = Reader::new(received.strip_prefix(b"REDQ")?);
    let (major, minor, size) = (reader.u32_le().ok()?, reader.u32_le().ok()?, reader.u32_le().ok()?);
    // Ours is eighteen bytes long; an answer carries a public key.
    (major <= 9 && minor <= 99 && size != 18).then(|| {
        Details::of_product("SPICE", "SPICE server", "a:spice_project:spice", None)
            .version(&format!("{major}.{minor}"))
    })
}

fn ica(received: &[u8]) -> Option<Details> {
    received
        .starts_with(b"\x7f\x7fICA\0")
        .then(|| Details::of_product("Citrix", "ICA server", "a:citrix:virtual_apps_and_desktops", None))
}

fn teamviewer(received: &[u8]) -> Option<Details> {
    matches!(received, [0x17, 0x24, command, ..] if *command != 0x0a)
        .then(|| Details::of_product("TeamViewer", "TeamViewer", "a:teamviewer:teamviewer", None))
}

fn radmin(received: &[u8]) -> Option<Details> {
    let [1, 0, 0, 0, length, _, _, kind, rest @ ..] = received else { return None };
    (*length >= 0x10 && *kind != 0 && rest.len() >= usize::from(*length) / 2)
        .then(|| Details::of_product("Famatech", "Radmin", "a:famatech:radmin", None))
}

fn vmware(received: &[u8]) -> Option<Details> {
    let line = first_line(received)?;
    let version = version_after(&line, "VMware Authentication Daemon Version ")?;
    line.starts_with("220 ").then(|| {
        Details::of_product("VMware", "VMware Authentication Daemon", "", Some(version))
            .value("tls", if line.contains("SSL Required") { "required" } else { "optional" })
    })
}

/// What the r-services say to a stranger from a port anybody may use.
fn refusal(received: &[u8], marks: &[&str]) -> Option<Details> {
    let [first, rest @ ..] = received else { return None };
    let said = text(rest).into_owned();
    let ours = *first <= 1 && marks.iter().any(|mark| said.contains(mark));
    ours.then(|| Details::none().open(false).value("message", said))
}

fn rexec(received: &[u8]) -> Option<Details> {
    refusal(
        received,
        &["Where are you?", "rexecd: ", "Login incorrect", "User not found", "Authentication failed"],
    )
}

fn rlogin(received: &[u8]) -> Option<Details> {
    if received.starts_with(b"\0Password: ") || received == b"\0" {
        return Some(Details::none());
    }
    refusal(received, &["rlogind: ", "Permission denied"])
}

fn rsh(received: &[u8]) -> Option<Details> {
    refusal(received, &["rshd: ", "remshd: ", "Permission denied", "getaddrinfo: "])
}

/// CNXN of the Android debug bridge, without features.
fn adb_question() -> Vec<u8> {
    let payload = b"host::\0";
    let sum: u32 = payload.iter().map(|byte| u32::from(*byte)).sum();
    let mut message = b"CNXN\0\0\0\x01\0\x10\0\0".to_vec();
    message.extend_from_slice(&7_u32.to_le_bytes());
    message.extend_from_slice(&sum.to_le_bytes());
    message.extend_from_slice(&[0xbc, 0xb1, 0xa7, 0xb1]);
    message.extend_from_slice(payload);
    message
}

fn adb(received: &[u8]) -> Option<Details> {
    let kind = received.get(..4)?;
    let complement = u32::from_le_bytes(kind.try_into().ok()?) ^ u32::MAX;
    let mut reader = Reader::new(received.get(12..)?);
    let length = usize::try_from(reader.u32_le().ok()?).ok()?;
    let (_sum, magic) = (reader.u32_le().ok()?, reader.u32_le().ok()?);
    if magic != complement || received.len() < length.checked_add(24)? {
        return None;
    }
    let banner = reader.take(length).ok()?;
    match kind {
        b"CNXN" if !banner.starts_with(b"host:") => {
            let said = text(banner).into_owned();
            let model = super::details::between(&said, "ro.product.model=", &[';', '\0']);
            Some(
                Details::of_product("Google", "Android Debug Bridge", "o:google:android", None)
                    .open(true)
                    .maybe("model", model),
            )
        }
        b"AUTH" | b"STLS" => {
            Some(Details::of_product("Google", "Android Debug Bridge", "o:google:android", None).open(false))
        }
        _ => None,
    }
}

fn synergy(received: &[u8]) -> Option<Details> {
    let mut reader = Reader::new(received);
    let _length = reader.u32().ok()?;
    let rest = reader.rest();
    for (name, mark) in [("Synergy", &b"Synergy"[..]), ("Barrier", b"Barrier")] {
        if let Some([major_high, major, minor_high, minor, ..]) = rest.strip_prefix(mark) {
            let number = |high: &u8, low: &u8| u16::from_be_bytes([*high, *low]);
            let version = format!("{}.{}", number(major_high, major), number(minor_high, minor));
            return Some(Details::of_product("Symless", name, "", None).version(&version));
        }
    }
    None
}

/// BIND to the endpoint mapper.
fn msrpc_question() -> Vec<u8> {
    let mut packet =
        vec![5, 0, 11, 3, 0x10, 0, 0, 0, 72, 0, 0, 0, 1, 0, 0, 0, 0xb8, 0x10, 0xb8, 0x10, 0, 0, 0, 0];
    packet.extend_from_slice(&[1, 0, 0, 0, 0, 0, 1, 0]);
    packet.extend_from_slice(&[
        8, 0x83, 0xaf, 0xe1, 0x1f, 0x5d, 0xc9, 0x11, 0x91, 0xa4, 8, 0, 0x2b, 0x14, 0xa0, 0xfa, 3, 0, 0, 0,
    ]);
    packet.extend_from_slice(&[
        4, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11, 0x9f, 0xe8, 8, 0, 0x2b, 0x10, 0x48, 0x60, 2, 0, 0, 0,
    ]);
    packet
}

fn msrpc(received: &[u8]) -> Option<Details> {
    // Bind acknowledged, refused, or a fault; little-endian.
    let [5, 0 | 1, 12 | 13 | 3, flags, 0x10, 0, 0, 0, low, high, ..] = received else { return None };
    let length = usize::from(u16::from_le_bytes([*low, *high]));
    (flags & 3 == 3 && (16..=8_192).contains(&length) && received.len() >= length)
        .then(|| Details::of_product("Microsoft", "Windows RPC", "o:microsoft:windows", None))
}

fn nx(received: &[u8]) -> Option<Details> {
    let said = text(received);
    let version = version_after(&said, "NXD - Version ").or_else(|| version_after(&said, "NXD-"))?;
    Some(Details::of_product("NoMachine", "NX server", "a:nomachine:nomachine", Some(version)))
}

fn netbus(received: &[u8]) -> Option<Details> {
    let rest = behind(received.get(..64.min(received.len()))?, b"NetBus ")?;
    let said = text(rest).into_owned();
    let version = said.split(['\r', '\n', ' ']).next()?;
    (received.starts_with(b"NetBus ") && version.starts_with(|each: char| each.is_ascii_digit()))
        .then(|| Details::of_product("NetBus", "NetBus", "", Some(version)).open(true))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::tests::{Foreign, Sample, sample};
    use super::*;

    pub(crate) const SAMPLES: &[Sample] = &[
        sample("x11", b"\0\x16\0\x0b\0\0\0\x06No protocol specified\n\0\0", ""),
        sample(
            "x11",
            b"\x01\0\0\x0b\0\0\0\x0d\x07\x3d\x3f\x48\0\0\0\0\0\0\0\0\0\0\0\0\0\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0The X.Org Foundation",
            "X.Org server 12.14.54",
        ),
        sample("spice", b"REDQ\x02\0\0\0\x02\0\0\0\xba\0\0\0\0\0\0\0", "SPICE server"),
        sample("ica", b"\x7f\x7fICA\0\x7f\x7fICA\0", "ICA server"),
        sample("teamviewer", b"\x17\x24\x11\x04\0\0\0\0\0", "TeamViewer"),
        sample("radmin", b"\x01\0\0\0\x25\0\0\x02\x12\x08\x02\0\0\x0a\0\0\0\0\0\0\0\0\0\0\0\0\0", "Radmin"),
        sample(
            "vmware-auth",
            b"220 VMware Authentication Daemon Version 1.10: SSL Required, ServerDaemonProtocol:SOAP\r\n",
            "VMware Authentication Daemon 1.10",
        ),
        sample("rexec", b"\x01Where are you?\n", ""),
        sample("rlogin", b"\x01rlogind: Permission denied.\r\n", ""),
        sample("rsh", b"\x01rshd: Permission denied.\n", ""),
        sample(
            "adb",
            b"CNXN\0\0\0\x01\0\x10\0\0\x1c\0\0\0\0\0\0\0\xbc\xb1\xa7\xb1device::ro.product.model=X1;",
            "Android Debug Bridge",
        ),
        sample("synergy", b"\0\0\0\x0bSynergy\0\x01\0\x06", "Synergy"),
        sample("synergy", b"\0\0\0\x0bBarrier\0\x01\0\x06", "Barrier"),
        sample("msrpc", b"\x05\0\x0d\x03\x10\0\0\0\x18\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0", "Windows RPC"),
        sample("nx", b"HELLO NXSERVER - Version 3.2.0\nNXD - Version 3.2.0\n", "NX server 3.2.0"),
        sample("netbus", b"NetBus 1.70 \r", "NetBus 1.70"),
    ];

    pub(crate) const FOREIGN: &[Foreign] = &[
        ("x11", b"\0\x16\0\x0c\0\0\0\x06No protocol specified\n\0\0"),
        ("spice", b"REDQ\x02\0\0"),
        ("ica", b"\x7fICA\0"),
        ("teamviewer", b"\x17\x03\x03\0\x02"),
        ("radmin", b"\x01\0\0\0\x04\0\0\0"),
        ("vmware-auth", b"220 VMware FTP\r\n"),
        ("rexec", b"\x01no\n"),
        ("rlogin", b"rlogind: Permission denied.\r\n"),
        ("rsh", b"\x02rshd: Permission denied.\n"),
        ("adb", b"CNXN\0\0\0\x01\0\x10\0\0\0\0\0\0\0\0\0\0\xbc\xb1\xa7\xb2"),
        ("synergy", b"\0\0\0\x0bSynergy"),
        ("msrpc", b"\x05\0\x0d\x03\x10\0\0\0\x18\0\0\0"),
        ("nx", b"NXD\n"),
        ("netbus", b"the NetBus 1.70\r"),
    ];

    #[test]
    fn open_screens_and_debuggers_are_called_open() {
        assert_eq!(x11(SAMPLES[0].bytes).unwrap().facts.open, Some(false));
        assert_eq!(x11(SAMPLES[1].bytes).unwrap().facts.open, Some(true));
        let device = adb(SAMPLES[10].bytes).unwrap();
        assert_eq!((device.facts.open, device.facts.values["model"].as_str()), (Some(true), "X1"));
        assert_eq!(msrpc_question().len(), 72);
    }
}
