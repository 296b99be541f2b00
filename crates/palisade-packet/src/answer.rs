//! Received frames, read without trusting a byte of them.
//!
//! Reading says what a frame says; whether it answers a question of ours is judged by
//! [`crate::proof`]. Checksums are not looked at: the kernel has done so, or has left them to a
//! network card that never saw the frame (virtual links).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::frame::{ETHERNET, ICMP, ICMPV6, Mac, TCP, TYPE_ARP, TYPE_IPV4, TYPE_IPV6, UDP};

/// One received frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer<'a> {
    pub from: IpAddr,
    pub to: IpAddr,
    /// As it arrived: hops that were left.
    pub ttl: u8,
    pub said: Said<'a>,
}

/// What it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said<'a> {
    SynAck {
        port: u16,
        to_port: u16,
        acknowledgement: u32,
        stack: Stack,
    },
    Reset {
        port: u16,
        to_port: u16,
        sequence: u32,
        acknowledgement: u32,
    },
    /// What follows the identifier and the sequence number.
    Echo {
        ident: u32,
        payload: &'a [u8],
    },
    Timestamp {
        ident: u32,
    },
    Mask {
        ident: u32,
    },
    Datagram {
        port: u16,
        to_port: u16,
        payload: &'a [u8],
    },
    /// An ICMP error and the packet it is about.
    Error {
        error: IcmpError,
        about: Quoted,
    },
    Neighbour {
        mac: Mac,
    },
}

/// How a host's TCP introduces itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Stack {
    pub window: u16,
    /// Kinds of the options in their order, four bits each, the first lowest; kinds from 15 on as 15.
    pub options: u64,
    pub segment_bytes_max: u16,
}

/// Kinds of ICMP errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IcmpError {
    PortUnreachable,
    HostUnreachable,
    /// A filter says so itself.
    Prohibited,
    /// It came to the end of its hops: a loop, or a far host.
    TimeExceeded,
    Other,
}

/// The beginning of a packet of ours, as an ICMP error quotes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quoted {
    pub from: IpAddr,
    pub to: IpAddr,
    pub protocol: u8,
    /// Zero with IPv6.
    pub identification: u16,
    /// The first eight bytes of the transport header.
    pub head: [u8; 8],
}

/// Reads a frame; `None` when it is nothing that could answer a probe, or cut off.
#[must_use]
pub fn read(frame: &[u8]) -> Option<Answer<'_>> {
    let packet = frame.get(ETHERNET..)?;
    match be16(frame, 12)? {
        TYPE_IPV4 => read_v4(packet),
        TYPE_IPV6 => read_v6(packet),
        TYPE_ARP => read_arp(packet),
        _ => None,
    }
}

fn read_arp(packet: &[u8]) -> Option<Answer<'_>> {
    // Ethernet and IPv4, their lengths, a reply.
    if packet.get(..8)? != [0, 1, 8, 0, 6, 4, 0, 2] {
        return None;
    }
    let mac: Mac = array(packet, 8)?;
    // Somebody who answers with a group address is no neighbour.
    if mac.first()? & 1 == 1 {
        return None;
    }
    Some(Answer { from: v4(packet, 14)?, to: v4(packet, 24)?, ttl: 0, said: Said::Neighbour { mac } })
}

/// The parts of an IPv4 header.
struct Header4 {
    length: usize,
    /// With header.
    total: usize,
    identification: u16,
    fragment: bool,
    ttl: u8,
    protocol: u8,
    from: IpAddr,
    to: IpAddr,
}

fn header_v4(packet: &[u8]) -> Option<Header4> {
    let first = *packet.first()?;
    let length = usize::from(first & 0x0f) * 4;
    if first >> 4 != 4 || length < 20 {
        return None;
    }
    Some(Header4 {
        length,
        total: usize::from(be16(packet, 2)?),
        identification: be16(packet, 4)?,
        fragment: be16(packet, 6)? & 0x1fff != 0,
        ttl: *packet.get(8)?,
        protocol: *packet.get(9)?,
        from: v4(packet, 12)?,
        to: v4(packet, 16)?,
    })
}

fn read_v4(packet: &[u8]) -> Option<Answer<'_>> {
    let header = header_v4(packet)?;
    if header.fragment {
        return None;
    }
    // What follows the packet is padding of the frame.
    let end = header.total.min(packet.len());
    let transport = packet.get(header.length..end)?;
    let said = match header.protocol {
        TCP => read_tcp(transport)?,
        UDP => read_udp(transport)?,
        ICMP => read_icmp(transport)?,
        _ => return None,
    };
    Some(Answer { from: header.from, to: header.to, ttl: header.ttl, said })
}

fn read_v6(packet: &[u8]) -> Option<Answer<'_>> {
    if packet.first()? >> 4 != 6 {
        return None;
    }
    let length = usize::from(be16(packet, 4)?);
    let end = (40 + length).min(packet.len());
    let transport = packet.get(40..end)?;
    let (from, to) = (v6(packet, 8)?, v6(packet, 24)?);
    let ttl = *packet.get(7)?;
    let (from, said) = match *packet.get(6)? {
        TCP => (from, read_tcp(transport)?),
        UDP => (from, read_udp(transport)?),
        ICMPV6 if *transport.first()? == 136 => {
            // A neighbour speaks with all 255 hops, for the address it names.
            let mac = (ttl == 255).then(|| link_address(transport.get(24..)?)).flatten()?;
            (v6(transport, 8)?, Said::Neighbour { mac })
        }
        ICMPV6 => (from, read_icmp_v6(transport)?),
        _ => return None,
    };
    Some(Answer { from, to, ttl, said })
}

/// The target's hardware address among the options of a neighbour advertisement.
fn link_address(mut options: &[u8]) -> Option<Mac> {
    loop {
        let length = usize::from(*options.get(1)?) * 8;
        if length == 0 {
            return None;
        }
        if *options.first()? == 2 {
            return array(options, 2).filter(|mac: &Mac| mac[0] & 1 == 0);
        }
        options = options.get(length..)?;
    }
}

const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const ACK: u8 = 0x10;

fn read_tcp(segment: &[u8]) -> Option<Said<'_>> {
    let (port, to_port) = (be16(segment, 0)?, be16(segment, 2)?);
    let (sequence, acknowledgement) = (be32(segment, 4)?, be32(segment, 8)?);
    let flags = *segment.get(13)?;
    if flags & RST != 0 {
        return Some(Said::Reset { port, to_port, sequence, acknowledgement });
    }
    if flags & (SYN | ACK) != SYN | ACK {
        return None;
    }
    let header = usize::from(*segment.get(12)? >> 4) * 4;
    let options = segment.get(20..header).or_else(|| segment.get(20..)).unwrap_or_default();
    let (kinds, segment_bytes_max) = read_options(options);
    let stack = Stack { window: be16(segment, 14)?, options: kinds, segment_bytes_max };
    Some(Said::SynAck { port, to_port, acknowledgement, stack })
}

/// Kinds in their order, and the largest segment.
fn read_options(mut options: &[u8]) -> (u64, u16) {
    let (mut kinds, mut shift, mut segment) = (0_u64, 0, 0);
    while let Some(kind) = options.first().copied() {
        if shift < 64 {
            kinds |= u64::from(kind.min(15)) << shift;
            shift += 4;
        }
        let length = match kind {
            0 => break,
            1 => 1,
            _ => usize::from(options.get(1).copied().unwrap_or_default()),
        };
        if kind == 2 {
            segment = be16(options, 2).unwrap_or_default();
        }
        // A length that does not move on ends it.
        match options.get(length..) {
            Some(rest) if length > 0 && (kind == 1 || length > 1) => options = rest,
            _ => break,
        }
    }
    (kinds, segment)
}

fn read_udp(datagram: &[u8]) -> Option<Said<'_>> {
    let (port, to_port) = (be16(datagram, 0)?, be16(datagram, 2)?);
    Some(Said::Datagram { port, to_port, payload: datagram.get(8..)? })
}

fn read_icmp(message: &[u8]) -> Option<Said<'_>> {
    let (kind, code) = (*message.first()?, *message.get(1)?);
    let ident = be32(message, 4)?;
    let error = match kind {
        0 => return Some(Said::Echo { ident, payload: message.get(8..)? }),
        14 => return Some(Said::Timestamp { ident }),
        18 => return Some(Said::Mask { ident }),
        3 => match code {
            3 => IcmpError::PortUnreachable,
            0 | 1 | 5 | 6 | 7 | 8 | 11 | 12 => IcmpError::HostUnreachable,
            9 | 10 | 13 => IcmpError::Prohibited,
            _ => IcmpError::Other,
        },
        11 => IcmpError::TimeExceeded,
        _ => return None,
    };
    let quoted = message.get(8..)?;
    let header = header_v4(quoted)?;
    let about = Quoted {
        from: header.from,
        to: header.to,
        protocol: header.protocol,
        identification: header.identification,
        head: array(quoted, header.length)?,
    };
    Some(Said::Error { error, about })
}

fn read_icmp_v6(message: &[u8]) -> Option<Said<'_>> {
    let error = match (*message.first()?, *message.get(1)?) {
        (129, _) => return Some(Said::Echo { ident: be32(message, 4)?, payload: message.get(8..)? }),
        (1, 4) => IcmpError::PortUnreachable,
        (1, 1 | 5 | 6) => IcmpError::Prohibited,
        (1, _) => IcmpError::HostUnreachable,
        (3, _) => IcmpError::TimeExceeded,
        _ => return None,
    };
    let quoted = message.get(8..)?;
    if quoted.first()? >> 4 != 6 {
        return None;
    }
    let about = Quoted {
        from: v6(quoted, 8)?,
        to: v6(quoted, 24)?,
        protocol: *quoted.get(6)?,
        identification: 0,
        head: array(quoted, 40)?,
    };
    Some(Said::Error { error, about })
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

pub(crate) fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_be_bytes)
}

pub(crate) fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_be_bytes)
}

fn v4(bytes: &[u8], at: usize) -> Option<IpAddr> {
    array::<4>(bytes, at).map(|octets| Ipv4Addr::from(octets).into())
}

fn v6(bytes: &[u8], at: usize) -> Option<IpAddr> {
    array::<16>(bytes, at).map(|octets| Ipv6Addr::from(octets).into())
}
