//! Plants and buildings. Every question reads; none of them writes, starts or stops anything.

use super::Details;
use super::details::{between, contains, text};
use super::row::Protocol;
use crate::reader::Reader;

pub(super) const PROTOCOLS: &[Protocol] = &[
    Protocol::asked("modbus", &[502], || vec![0x50, 0x41, 0, 0, 0, 5, 0, 0x2b, 0x0e, 1, 0], modbus),
    Protocol::asked("iso-tsap", &[102], iso_tsap_question, iso_tsap),
    Protocol::asked("ethernet-ip", &[44818, 2222], ethernet_ip_question, ethernet_ip),
    Protocol::asked("dnp3", &[20000, 19999], dnp3_question, dnp3),
    Protocol::asked("iec-104", &[2404], || vec![0x68, 4, 0x43, 0, 0, 0], iec_104),
    Protocol::tells("opc-ua", &[4840, 4843], opc_ua_question, opc_ua),
    Protocol::tells("niagara-fox", &[1911, 4911], fox_question, fox),
    Protocol::tells("omron-fins", &[9600], || b"FINS\0\0\0\x0c\0\0\0\0\0\0\0\0\0\0\0\0".to_vec(), fins),
    Protocol::asked("automatic-tank-gauge", &[10001], || b"\x01I20100\n".to_vec(), tank_gauge),
];

/// Read device identification, or the refusal of a device that cannot tell.
fn modbus(received: &[u8]) -> Option<Details> {
    let [0x50, 0x41, 0, 0, high, low, _unit, function, body @ ..] = received else { return None };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    if received.len() != length.checked_add(6)? {
        return None;
    }
    match (function, body) {
        (0xab, [1..=11]) => Some(Details::none().open(true)),
        (0x2b, [0x0e, 1, _, _, _, count, objects @ ..]) => {
            let mut reader = Reader::new(objects);
            let mut said: [Option<String>; 3] = [None, None, None];
            for _ in 0..*count {
                let (id, size) = (reader.u8().ok()?, reader.u8().ok()?);
                let value = text(reader.take(usize::from(size)).ok()?).into_owned();
                if let Some(place) = said.get_mut(usize::from(id)) {
                    *place = Some(value);
                }
            }
            let [vendor, product, revision] = said;
            let details = match (&vendor, &product) {
                (Some(vendor), Some(product)) => {
                    Details::of_product(vendor, product, "", revision.as_deref())
                }
                _ => Details::none(),
            };
            Some(
                details
                    .open(true)
                    .maybe("vendor", vendor)
                    .maybe("product", product)
                    .maybe("revision", revision),
            )
        }
        _ => None,
    }
}

/// Connection request to slot 2 of rack 0, as programming devices send it.
fn iso_tsap_question() -> Vec<u8> {
    vec![3, 0, 0, 22, 17, 0xe0, 0, 0, 0x50, 0x41, 0, 0xc1, 2, 1, 0, 0xc2, 2, 1, 2, 0xc0, 1, 10]
}

fn iso_tsap(received: &[u8]) -> Option<Details> {
    let [3, 0, high, low, _, 0xd0, to_high, to_low, ..] = received else { return None };
    let whole = usize::from(u16::from_be_bytes([*high, *low])) == received.len();
    // Addressed to us, and it took our transport selectors: a remote desktop has none.
    (whole && [*to_high, *to_low] == [0x50, 0x41] && contains(received, &[0xc1, 2])).then(Details::none)
}

pub(super) fn ethernet_ip_question() -> Vec<u8> {
    let mut packet = vec![0x63, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    packet.extend_from_slice(b"palisade");
    packet.extend_from_slice(&[0; 4]);
    packet
}

pub(super) fn ethernet_ip(received: &[u8]) -> Option<Details> {
    let mut reader = Reader::new(received);
    let (command, length) = (reader.u16_le().ok()?, usize::from(reader.u16_le().ok()?));
    let _session = reader.take(8).ok()?;
    if command != 0x63 || reader.take(8).ok()? != b"palisade" || received.len() != length.checked_add(24)? {
        return None;
    }
    let _options = reader.u32_le().ok()?;
    let (_count, kind, _size) = (reader.u16_le().ok()?, reader.u16_le().ok()?, reader.u16_le().ok()?);
    let (_version, _address) = (reader.u16_le().ok()?, reader.take(16).ok()?);
    let (vendor, device) = (reader.u16_le().ok()?, reader.u16_le().ok()?);
    let (code, major, minor) = (reader.u16_le().ok()?, reader.u8().ok()?, reader.u8().ok()?);
    let (_status, serial) = (reader.u16_le().ok()?, reader.u32_le().ok()?);
    let name_length = usize::from(reader.u8().ok()?);
    let name = text(reader.take(name_length).ok()?).trim().to_owned();
    let vendor_name = match vendor {
        1 => "Rockwell Automation",
        47 => "Omron",
        243 => "Schneider Electric",
        _ => "",
    };
    (kind == 0x0c).then(|| {
        Details::of_product(vendor_name, &name, "", Some(&format!("{major}.{minor}")))
            .value("vendor", vendor.to_string())
            .value("device type", device.to_string())
            .value("product code", code.to_string())
            .value("serial number", format!("{serial:08x}"))
    })
}

/// Link status request to outstation 1 from master 0x5041, with its checksum.
fn dnp3_question() -> Vec<u8> {
    let mut frame = vec![5, 0x64, 5, 0xc9, 1, 0, 0x41, 0x50];
    let sum = dnp3_checksum(&frame).to_le_bytes();
    frame.extend_from_slice(&sum);
    frame
}

fn dnp3_checksum(bytes: &[u8]) -> u16 {
    let sum = bytes.iter().fold(0_u16, |sum, byte| {
        (0..8)
            .fold(sum ^ u16::from(*byte), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xa6bc } else { sum >> 1 })
    });
    !sum
}

fn dnp3(received: &[u8]) -> Option<Details> {
    let head = received.get(..8)?;
    let [5, 0x64, 5..=255, control, ..] = head else { return None };
    let sum = u16::from_le_bytes(received.get(8..10)?.try_into().ok()?);
    // From an outstation: the direction bit is clear.
    (control & 0x80 == 0 && sum == dnp3_checksum(head)).then(|| {
        let source =
            u16::from_le_bytes([head.get(6).copied().unwrap_or(0), head.get(7).copied().unwrap_or(0)]);
        Details::none().value("address", source.to_string())
    })
}

/// A test frame is confirmed.
fn iec_104(received: &[u8]) -> Option<Details> {
    received.starts_with(&[0x68, 4, 0x83, 0, 0, 0]).then(Details::none)
}

fn opc_ua_question() -> Vec<u8> {
    let url = b"opc.tcp://scanner.invalid/";
    let mut message = b"HELF\0\0\0\0\0\0\0\0".to_vec();
    for field in [65_535_u32, 65_535, 0, 0, 26] {
        message.extend_from_slice(&field.to_le_bytes());
    }
    message.extend_from_slice(url);
    let length = u32::try_from(message.len()).unwrap_or(0).to_le_bytes();
    message.splice(4..8, length);
    message
}

fn opc_ua(received: &[u8]) -> Option<Details> {
    let mut reader = Reader::new(received);
    let kind = reader.take(4).ok()?;
    let length = usize::try_from(reader.u32_le().ok()?).ok()?;
    if received.len() != length {
        return None;
    }
    match kind {
        b"ACKF" if length == 28 => Some(Details::none().version(&reader.u32_le().ok()?.to_string())),
        b"ERRF" if length >= 16 => {
            let _code = reader.u32_le().ok()?;
            Some(Details::none().value("error", reader.rest().get(4..)?))
        }
        _ => None,
    }
}

fn fox_question() -> Vec<u8> {
    b"fox a 1 -1 fox hello\n{\nfox.version=s:1.0\nid=i:1\n};;\n".to_vec()
}

fn fox(received: &[u8]) -> Option<Details> {
    let said = text(received);
    if !said.starts_with("fox a 0 ") || !said.contains("fox.version=s:") {
        return None;
    }
    let value = |name: &str| between(&said, &format!("\n{name}=s:"), &['\n']);
    Some(
        Details::of_product("Tridium", "Niagara", "a:tridium:niagara", value("app.version"))
            .version(value("fox.version").unwrap_or_default())
            .maybe("host", value("hostName"))
            .maybe("brand", value("brandId"))
            .maybe("system", value("os.name"))
            .maybe("station", value("station.name")),
    )
}

/// Node addresses are given out: that is the answer to the first message.
fn fins(received: &[u8]) -> Option<Details> {
    let mut reader = Reader::new(received.strip_prefix(b"FINS")?);
    let (length, command) = (reader.u32().ok()?, reader.u32().ok()?);
    (matches!(command, 1 | 3) && received.len() == usize::try_from(length).ok()?.checked_add(8)?)
        .then(|| Details::of_product("Omron", "FINS controller", "", None))
}

fn tank_gauge(received: &[u8]) -> Option<Details> {
    let said = text(received);
    let report = said.trim_start_matches(['\x01', '\r', '\n']);
    if !report.starts_with("I20100") || !received.contains(&3) {
        return None;
    }
    let station = report.lines().map(str::trim).filter(|line| !line.is_empty()).nth(2);
    Some(Details::none().open(true).maybe("station", station))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::tests::{Foreign, Sample, sample};
    use super::*;

    pub(crate) const SAMPLES: &[Sample] = &[
        sample(
            "modbus",
            b"\x50\x41\0\0\0\x23\0\x2b\x0e\x01\x01\0\0\x03\0\x0aTelemecani\x01\x07TSX P57\x02\x04v2.1",
            "TSX P57 v2.1",
        ),
        sample("modbus", b"\x50\x41\0\0\0\x03\0\xab\x01", ""),
        sample("iso-tsap", b"\x03\0\0\x16\x11\xd0\x50\x41\0\x01\0\xc0\x01\x0a\xc1\x02\x01\0\xc2\x02\x01\x02", ""),
        sample(
            "ethernet-ip",
            b"\x63\0\x37\0\0\0\0\0\0\0\0\0palisade\0\0\0\0\x01\0\x0c\0\x31\0\x01\0\0\x02\xaf\x12\x0a\0\0\x05\0\0\0\0\0\0\0\0\x01\0\x0e\0\x36\0\x14\x0b\x30\0\x78\x56\x34\x12\x101756-L61/B LOGIX",
            "1756-L61/B LOGIX 20.11",
        ),
        sample("dnp3", b"\x05\x64\x05\x0b\x41\x50\x01\0\xaa\x6e", ""),
        sample("iec-104", b"\x68\x04\x83\0\0\0", ""),
        sample("opc-ua", b"ACKF\x1c\0\0\0\0\0\0\0\xff\xff\0\0\xff\xff\0\0\0\0\0\0\0\0\0\0", ""),
        sample(
            "niagara-fox",
            b"fox a 0 -1 fox hello\n{\nfox.version=s:1.0.1\nid=i:1\nhostName=s:10.0.0.9\napp.version=s:3.8.38\nbrandId=s:vykon\n};;\n",
            "Niagara 3.8.38",
        ),
        sample("omron-fins", b"FINS\0\0\0\x10\0\0\0\x01\0\0\0\0\0\0\0\xef\0\0\0\x0a", "FINS controller"),
        sample(
            "automatic-tank-gauge",
            b"\x01\r\nI20100\r\nNOV 22, 2026 3:14 AM\r\n\r\nCORNER STATION\r\n\r\nIN-TANK INVENTORY\r\n\x03",
            "",
        ),
    ];

    pub(crate) const FOREIGN: &[Foreign] = &[
        ("modbus", b"\x50\x41\0\0\0\x03\0\xab\x41"),
        ("iso-tsap", b"\x03\0\0\x0b\x06\xd0\x50\x41\x12\x34\0"),
        ("ethernet-ip", b"\x63\0\0\0\0\0\0\0\0\0\0\0palisadE\0\0\0\0"),
        ("dnp3", b"\x05\x64\x05\x0b\x41\x50\x01\0\0\0"),
        ("iec-104", b"\x68\x04\x43\0\0\0"),
        ("opc-ua", b"ACKF\x1c\0\0\0\0\0\0\0"),
        ("niagara-fox", b"fox a 1 -1 fox hello\n{\nfox.version=s:1.0\n};;\n"),
        ("omron-fins", b"FINS\0\0\0\x0c\0\0\0\0\0\0\0\0\0\0\0\0"),
        ("automatic-tank-gauge", b"\x01I20100\n"),
    ];

    #[test]
    fn controllers_tell_their_makes() {
        let gauge = tank_gauge(SAMPLES[9].bytes).unwrap();
        assert_eq!(gauge.facts.values["station"], "CORNER STATION");
        let logix = ethernet_ip(SAMPLES[3].bytes).unwrap();
        assert_eq!(logix.product.unwrap().vendor, "Rockwell Automation");
        assert_eq!(logix.facts.values["serial number"], "12345678");
        // The checksum's published check value.
        assert_eq!(dnp3_checksum(b"123456789"), 0xea82);
    }
}
