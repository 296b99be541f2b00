//! What is asked of a host with one packet.

/// The first of the eight UDP source ports, counted from the first of the sweep's block.
pub(crate) const UDP_FIRST: u16 = 8;
/// Most passes of a sweep: the pass is told by the TCP source port, of which there are eight.
pub const PASSES_MAX: u8 = 8;

/// One question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Probe {
    /// Who has this address? ARP, or neighbour solicitation with IPv6. On the link only.
    Neighbour,
    /// ICMP echo.
    Echo,
    /// ICMP timestamp; IPv4 only.
    Timestamp,
    /// ICMP address mask; IPv4 only.
    Mask,
    /// The beginning of a TCP connection to this port.
    Syn(u16),
    /// A TCP acknowledgement out of nowhere, which a host refuses with a reset.
    Ack(u16),
    /// A datagram to this port.
    Udp(u16),
}

impl Probe {
    /// What the cookie of this probe is about, besides the address. TCP probes and echo requests
    /// carry the pass they belong to; the others have no room for it, and it does not count there.
    #[must_use]
    pub fn about(self, pass: u8) -> u64 {
        let (kind, port, pass) = match self {
            Self::Neighbour => (1, 0, 0),
            Self::Echo => (2, 0, pass),
            Self::Timestamp => (3, 0, 0),
            Self::Mask => (4, 0, 0),
            Self::Syn(port) => (5, port, pass),
            Self::Ack(port) => (6, port, pass),
            Self::Udp(port) => (7, port, 0),
        };
        (kind << 40) | (u64::from(port) << 16) | u64::from(pass)
    }

    /// The port that is asked, where one is.
    #[must_use]
    pub fn port(self) -> Option<u16> {
        match self {
            Self::Syn(port) | Self::Ack(port) | Self::Udp(port) => Some(port),
            Self::Neighbour | Self::Echo | Self::Timestamp | Self::Mask => None,
        }
    }

    /// Whether IPv6 has such a thing.
    #[must_use]
    pub fn is_for_v6(self) -> bool {
        !matches!(self, Self::Timestamp | Self::Mask)
    }
}

/// The cookie's halves, as probes carry them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Halves {
    /// In the field that the answer sends back.
    pub(crate) first: u32,
    pub(crate) second: u32,
}

pub(crate) fn halves(cookie: u64) -> Halves {
    let narrow = |value: u64| u32::try_from(value & 0xffff_ffff).unwrap_or_default();
    Halves { first: narrow(cookie), second: narrow(cookie >> 32) }
}

/// The 16 bits of a word that go into an identifier.
pub(crate) fn low16(value: u32) -> u16 {
    u16::try_from(value & 0xffff).unwrap_or_default()
}

/// The source port of a datagram with this cookie, counted from the first of the sweep's block.
pub(crate) fn udp_offset(cookie: u64) -> u16 {
    UDP_FIRST + (low16(halves(cookie).second) & 7)
}

const NTP: [u8; 48] = {
    let mut packet = [0; 48];
    packet[0] = 0x23;
    packet
};

/// Why a text names no probe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not a probe: echo, timestamp, mask, syn:PORT, ack:PORT or udp:PORT")]
pub struct NotAProbe {
    text: String,
}

impl std::str::FromStr for Probe {
    type Err = NotAProbe;

    /// `echo`, `timestamp`, `mask`, `syn:443`, `ack:80`, `udp:53`.
    fn from_str(text: &str) -> Result<Self, NotAProbe> {
        let refused = || NotAProbe { text: text.chars().take(40).collect() };
        let port = |port: &str| port.parse().ok().filter(|port| *port != 0).ok_or_else(refused);
        match text.split_once(':') {
            None => match text {
                "echo" => Ok(Self::Echo),
                "timestamp" => Ok(Self::Timestamp),
                "mask" => Ok(Self::Mask),
                _ => Err(refused()),
            },
            Some(("syn", number)) => port(number).map(Self::Syn),
            Some(("ack", number)) => port(number).map(Self::Ack),
            Some(("udp", number)) => port(number).map(Self::Udp),
            Some(_) => Err(refused()),
        }
    }
}

/// What is sent to a UDP port so that its usual service answers, with eight bytes of the cookie where
/// the service sends them back.
pub(crate) fn datagram(port: u16) -> Datagram {
    match port {
        53 | 5353 => Datagram {
            // One question: the name of the root, type NS, class IN; recursion not wanted.
            payload: &[0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1],
            mark: Mark::Both { at: 0, length: 2 },
        },
        123 => Datagram {
            // Version 4, client; the transmit timestamp comes back as the originate timestamp.
            payload: &NTP,
            mark: Mark::Moved { sent_at: 40, back_at: 24 },
        },
        137 => Datagram {
            // Node status of the wildcard name.
            payload: b"\0\0\0\0\0\x01\0\0\0\0\0\0 CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\0\0\x21\0\x01",
            mark: Mark::Both { at: 0, length: 2 },
        },
        161 => Datagram {
            // Version 1, community public, get system description.
            payload: b"\x30\x26\x02\x01\0\x04\x06public\xa0\x19\x02\x01\x01\x02\x01\0\x02\x01\0\x30\x0e\x30\x0c\x06\x08\x2b\x06\x01\x02\x01\x01\x01\0\x05\0",
            mark: Mark::None,
        },
        _ => Datagram { payload: &[0; 8], mark: Mark::None },
    }
}

/// A payload and where it carries the cookie.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Datagram {
    pub(crate) payload: &'static [u8],
    pub(crate) mark: Mark,
}

/// Where a payload carries bytes of the cookie, and where an answer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// The service sends nothing of ours back; ports and address have to do.
    None,
    /// At the same place.
    Both { at: usize, length: usize },
    /// Eight bytes that move.
    Moved { sent_at: usize, back_at: usize },
}

impl Mark {
    /// Place and length in what is sent.
    pub(crate) fn sent(self) -> Option<(usize, usize)> {
        match self {
            Self::None => None,
            Self::Both { at, length } => Some((at, length)),
            Self::Moved { sent_at, .. } => Some((sent_at, 8)),
        }
    }

    /// Whether `answer` brings the bytes of `cookie` back.
    pub(crate) fn is_in(self, answer: &[u8], cookie: u64) -> bool {
        let bytes = cookie.to_be_bytes();
        let (at, length) = match self {
            Self::None => return true,
            Self::Both { at, length } => (at, length),
            Self::Moved { back_at, .. } => (back_at, 8),
        };
        answer.get(at..at + length).is_some_and(|found| bytes.get(..length) == Some(found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probes_are_read_as_people_write_them() {
        assert_eq!("echo".parse(), Ok(Probe::Echo));
        assert_eq!("syn:443".parse(), Ok(Probe::Syn(443)));
        assert_eq!("udp:53".parse(), Ok(Probe::Udp(53)));
        for text in ["", "syn", "syn:0", "ack:70000", "fin:80"] {
            assert!(text.parse::<Probe>().is_err(), "{text}");
        }
    }
}
