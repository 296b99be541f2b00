//! Frames to send: a stencil for each kind of probe, in which only the host's own fields change.
//!
//! The stencil is a whole Ethernet frame with the sums of everything that stays the same. For each
//! host the destination, the cookie and the checksums are written into a copy. Fragmentation, VLAN
//! tags and IP options are absent: the kernel adds tags itself, the others are not needed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::checksum;
use crate::probe::{self, Probe, halves, low16};

/// A hardware address.
pub type Mac = [u8; 6];

/// No probe is longer.
pub const FRAME_BYTES_MAX: usize = 128;

pub(crate) const ETHERNET: usize = 14;
const IPV4: usize = 20;
const IPV6: usize = 40;
pub(crate) const TYPE_IPV4: u16 = 0x0800;
pub(crate) const TYPE_ARP: u16 = 0x0806;
pub(crate) const TYPE_IPV6: u16 = 0x86dd;
pub(crate) const ICMP: u8 = 1;
pub(crate) const TCP: u8 = 6;
pub(crate) const UDP: u8 = 17;
pub(crate) const ICMPV6: u8 = 58;
/// Segment size, selective acknowledgement, timestamps, window scale: what an ordinary host sends,
/// so that no device in between takes offence, and the answer shows its stack.
const SYN_OPTIONS: [u8; 20] = [2, 4, 0x05, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7];

/// Who sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sender {
    pub mac: Mac,
    pub address: IpAddr,
    /// The first of the sweep's 16 source ports.
    pub port_first: u16,
}

/// Why there is no stencil for a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("IPv6 has no such probe")]
pub struct NotForV6;

/// A frame for one kind of probe.
#[derive(Debug, Clone)]
pub struct Stencil {
    probe: Probe,
    sender: Sender,
    bytes: Vec<u8>,
    /// Unfolded sums of the network and of the transport header without the changing fields.
    network_sum: u32,
    transport_sum: u32,
}

/// The fields of one host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fields {
    /// The host's, or the gateway's.
    pub mac: Mac,
    pub to: IpAddr,
    pub cookie: u64,
    /// Below [`PASSES_MAX`](crate::PASSES_MAX).
    pub pass: u8,
}

impl Stencil {
    /// The stencil of `probe` from `sender`.
    ///
    /// # Errors
    /// When the sender has an IPv6 address and the probe is of IPv4 only.
    pub fn new(probe: Probe, sender: Sender) -> Result<Self, NotForV6> {
        let mut stencil = Self { probe, sender, bytes: Vec::new(), network_sum: 0, transport_sum: 0 };
        match sender.address {
            IpAddr::V4(source) => stencil.build_v4(source),
            IpAddr::V6(_) if !probe.is_for_v6() => return Err(NotForV6),
            IpAddr::V6(source) => stencil.build_v6(source),
        }
        Ok(stencil)
    }

    /// Bytes of a frame, at most [`FRAME_BYTES_MAX`].
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    fn build_v4(&mut self, source: Ipv4Addr) {
        if self.probe == Probe::Neighbour {
            self.bytes = ethernet(self.sender.mac, TYPE_ARP);
            // Ethernet, IPv4, lengths, request.
            self.bytes.extend_from_slice(&[0, 1, 8, 0, 6, 4, 0, 1]);
            self.bytes.extend_from_slice(&self.sender.mac);
            self.bytes.extend_from_slice(&source.octets());
            self.bytes.extend_from_slice(&[0; 10]);
            return;
        }
        let (protocol, transport) = self.transport(false);
        let length = u16::try_from(IPV4 + transport.len()).unwrap_or_default();
        let mut header = vec![0x45, 0];
        header.extend_from_slice(&length.to_be_bytes());
        // Identification is the host's own; do not fragment; 64 hops; checksum; addresses.
        header.extend_from_slice(&[0, 0, 0x40, 0, 64, protocol, 0, 0]);
        header.extend_from_slice(&source.octets());
        header.extend_from_slice(&[0; 4]);
        self.network_sum = checksum::sum(&header);
        self.bytes = ethernet(self.sender.mac, TYPE_IPV4);
        self.bytes.extend_from_slice(&header);
        self.bytes.extend_from_slice(&transport);
        self.transport_sum = checksum::sum(&transport);
        if protocol != ICMP {
            self.transport_sum += checksum::sum(&source.octets())
                + u32::from(protocol)
                + u32::try_from(transport.len()).unwrap_or_default();
        }
    }

    fn build_v6(&mut self, source: Ipv6Addr) {
        let (protocol, transport) = self.transport(true);
        let length = u16::try_from(transport.len()).unwrap_or_default();
        self.bytes = ethernet(self.sender.mac, TYPE_IPV6);
        self.bytes.extend_from_slice(&[0x60, 0, 0, 0]);
        self.bytes.extend_from_slice(&length.to_be_bytes());
        // Neighbour discovery is believed only with the full number of hops.
        let hops = if self.probe == Probe::Neighbour { 255 } else { 64 };
        self.bytes.extend_from_slice(&[protocol, hops]);
        self.bytes.extend_from_slice(&source.octets());
        self.bytes.extend_from_slice(&[0; 16]);
        self.bytes.extend_from_slice(&transport);
        self.transport_sum = checksum::sum(&transport)
            + checksum::sum(&source.octets())
            + u32::from(protocol)
            + u32::from(length);
    }

    /// Protocol number and header with its payload; the changing fields are zero.
    fn transport(&self, v6: bool) -> (u8, Vec<u8>) {
        let icmp = if v6 { ICMPV6 } else { ICMP };
        match self.probe {
            // Type, code, checksum, reserved, target, option: the source's hardware address.
            Probe::Neighbour => {
                let mut message = vec![135, 0, 0, 0, 0, 0, 0, 0];
                message.extend_from_slice(&[0; 16]);
                message.extend_from_slice(&[1, 1]);
                message.extend_from_slice(&self.sender.mac);
                (icmp, message)
            }
            // Type, code, checksum, identifier and sequence; then the cookie's other half, the pass,
            // and zeros to the length that the commonest program sends.
            Probe::Echo => {
                let mut message = vec![if v6 { 128 } else { 8 }, 0, 0, 0];
                message.extend_from_slice(&[0; 36]);
                (icmp, message)
            }
            // ... originate, receive, transmit.
            Probe::Timestamp => {
                let mut message = vec![13, 0, 0, 0];
                message.extend_from_slice(&[0; 16]);
                (icmp, message)
            }
            // ... mask.
            Probe::Mask => {
                let mut message = vec![17, 0, 0, 0];
                message.extend_from_slice(&[0; 8]);
                (icmp, message)
            }
            Probe::Syn(port) => (TCP, tcp(port, 0x02, &SYN_OPTIONS)),
            Probe::Ack(port) => (TCP, tcp(port, 0x10, &[])),
            Probe::Udp(port) => {
                let payload = probe::datagram(port).payload;
                let length = u16::try_from(8 + payload.len()).unwrap_or_default();
                let mut datagram = vec![0, 0];
                datagram.extend_from_slice(&port.to_be_bytes());
                datagram.extend_from_slice(&length.to_be_bytes());
                datagram.extend_from_slice(&[0, 0]);
                datagram.extend_from_slice(payload);
                (UDP, datagram)
            }
        }
    }

    /// Writes the frame for one host into `slot` and gives its length; 0 when the slot is too short
    /// or the address is of the other family.
    pub fn write(&self, slot: &mut [u8], fields: &Fields) -> usize {
        let length = self.bytes.len();
        let Some(frame) = slot.get_mut(..length) else { return 0 };
        frame.copy_from_slice(&self.bytes);
        let written = match fields.to {
            IpAddr::V4(to) if self.sender.address.is_ipv4() => self.write_v4(frame, to, fields),
            IpAddr::V6(to) if self.sender.address.is_ipv6() => self.write_v6(frame, to, fields),
            _ => None,
        };
        if written.is_some() { length } else { 0 }
    }

    fn write_v4(&self, frame: &mut [u8], to: Ipv4Addr, fields: &Fields) -> Option<()> {
        if self.probe == Probe::Neighbour {
            put(frame, 0, &[0xff; 6])?;
            return put(frame, ETHERNET + 24, &to.octets());
        }
        put(frame, 0, &fields.mac)?;
        let identification = low16(halves(fields.cookie).second);
        put(frame, ETHERNET + 4, &identification.to_be_bytes())?;
        put(frame, ETHERNET + 16, &to.octets())?;
        let address_sum = checksum::words(to.into());
        let sum = self.network_sum + u32::from(identification) + address_sum;
        put(frame, ETHERNET + 10, &checksum::finish(sum).to_be_bytes())?;
        let pseudo =
            if matches!(self.probe, Probe::Echo | Probe::Timestamp | Probe::Mask) { 0 } else { address_sum };
        self.write_transport(frame, ETHERNET + IPV4, pseudo, fields)
    }

    fn write_v6(&self, frame: &mut [u8], to: Ipv6Addr, fields: &Fields) -> Option<()> {
        let octets = to.octets();
        if self.probe != Probe::Neighbour {
            put(frame, 0, &fields.mac)?;
            put(frame, ETHERNET + 24, &octets)?;
            return self.write_transport(frame, ETHERNET + IPV6, checksum::sum(&octets), fields);
        }
        // The solicited-node group, by the last three bytes of the address.
        let [.., x, y, z] = octets;
        let group = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, x, y, z];
        put(frame, 0, &[0x33, 0x33, 0xff, x, y, z])?;
        put(frame, ETHERNET + 24, &group)?;
        put(frame, ETHERNET + IPV6 + 8, &octets)?;
        let sum = self.transport_sum + checksum::sum(&group) + checksum::sum(&octets);
        put(frame, ETHERNET + IPV6 + 2, &checksum::finish(sum).to_be_bytes())
    }

    /// Cookie, pass and checksum of what stands at `start`.
    fn write_transport(&self, frame: &mut [u8], start: usize, pseudo: u32, fields: &Fields) -> Option<()> {
        let cookie = halves(fields.cookie);
        let mut sum = self.transport_sum + pseudo;
        let checksum_at = match self.probe {
            Probe::Neighbour => return None,
            Probe::Echo => {
                put(frame, start + 4, &cookie.first.to_be_bytes())?;
                put(frame, start + 8, &cookie.second.to_be_bytes())?;
                put(frame, start + 12, &[0, fields.pass])?;
                sum +=
                    checksum::words(cookie.first) + checksum::words(cookie.second) + u32::from(fields.pass);
                2
            }
            Probe::Timestamp | Probe::Mask => {
                put(frame, start + 4, &cookie.first.to_be_bytes())?;
                sum += checksum::words(cookie.first);
                2
            }
            Probe::Syn(_) | Probe::Ack(_) => {
                let port = self.sender.port_first.wrapping_add(u16::from(fields.pass));
                put(frame, start, &port.to_be_bytes())?;
                // A SYN's sequence comes back raised by one; a reset repeats an ACK's acknowledgement.
                let (sequence, acknowledgement) = match self.probe {
                    Probe::Syn(_) => (cookie.first, 0),
                    _ => (cookie.second, cookie.first),
                };
                put(frame, start + 4, &sequence.to_be_bytes())?;
                put(frame, start + 8, &acknowledgement.to_be_bytes())?;
                sum += u32::from(port) + checksum::words(sequence) + checksum::words(acknowledgement);
                16
            }
            Probe::Udp(port) => {
                let source = self.sender.port_first.wrapping_add(probe::udp_offset(fields.cookie));
                put(frame, start, &source.to_be_bytes())?;
                if let Some((at, length)) = probe::datagram(port).mark.sent() {
                    put(frame, start + 8 + at, fields.cookie.to_be_bytes().get(..length)?)?;
                }
                // Short and rare: summed as a whole.
                sum = self.transport_sum + pseudo - checksum::sum(self.bytes.get(start..)?)
                    + checksum::sum(frame.get(start..)?);
                6
            }
        };
        let field = match checksum::finish(sum) {
            // Zero means "no checksum" in UDP.
            0 if matches!(self.probe, Probe::Udp(_)) => 0xffff,
            field => field,
        };
        put(frame, start + checksum_at, &field.to_be_bytes())
    }
}

fn ethernet(from: Mac, kind: u16) -> Vec<u8> {
    let mut bytes = vec![0; 6];
    bytes.extend_from_slice(&from);
    bytes.extend_from_slice(&kind.to_be_bytes());
    bytes
}

/// Ports, sequence, acknowledgement, length and flags, window, checksum, urgent pointer, options.
fn tcp(port: u16, flags: u8, options: &[u8]) -> Vec<u8> {
    let words = u8::try_from(5 + options.len() / 4).unwrap_or(5);
    let mut header = vec![0, 0];
    header.extend_from_slice(&port.to_be_bytes());
    header.extend_from_slice(&[0; 8]);
    header.extend_from_slice(&[words << 4, flags, 0xfa, 0xf0, 0, 0, 0, 0]);
    header.extend_from_slice(options);
    header
}

/// `None` when it does not fit.
fn put(frame: &mut [u8], at: usize, bytes: &[u8]) -> Option<()> {
    frame.get_mut(at..at + bytes.len())?.copy_from_slice(bytes);
    Some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn probes() -> impl Strategy<Value = Probe> {
        prop_oneof![
            Just(Probe::Neighbour),
            Just(Probe::Echo),
            Just(Probe::Timestamp),
            Just(Probe::Mask),
            any::<u16>().prop_map(Probe::Syn),
            any::<u16>().prop_map(Probe::Ack),
            prop_oneof![any::<u16>(), Just(53), Just(123), Just(137), Just(161)].prop_map(Probe::Udp),
        ]
    }

    /// The checksum over all, computed without the stencil's sums: zero when it is right.
    fn left_over(frame: &[u8]) -> (u16, u16) {
        match u16::from_be_bytes([frame[12], frame[13]]) {
            TYPE_IPV4 => {
                let (header, transport) = frame[ETHERNET..].split_at(IPV4);
                let pseudo = if header[9] == ICMP {
                    0
                } else {
                    checksum::sum(&header[12..20])
                        + u32::from(header[9])
                        + u32::try_from(transport.len()).unwrap()
                };
                (checksum::finish(checksum::sum(header)), checksum::finish(pseudo + checksum::sum(transport)))
            }
            TYPE_IPV6 => {
                let (header, transport) = frame[ETHERNET..].split_at(IPV6);
                let pseudo = checksum::sum(&header[8..40])
                    + u32::from(header[6])
                    + u32::try_from(transport.len()).unwrap();
                (0, checksum::finish(pseudo + checksum::sum(transport)))
            }
            _ => (0, 0),
        }
    }

    proptest! {
        #[test]
        fn checksums_equal_a_full_computation(
            probe in probes(), mac: Mac, port_first: u16, cookie: u64, pass in 0_u8..8,
            four: (u32, u32), six: (u128, u128), v6: bool
        ) {
            let (source, to) = if v6 {
                (IpAddr::V6(six.0.into()), IpAddr::V6(six.1.into()))
            } else {
                (IpAddr::V4(four.0.into()), IpAddr::V4(four.1.into()))
            };
            let Ok(stencil) = Stencil::new(probe, Sender { mac, address: source, port_first }) else {
                prop_assert!(v6 && !probe.is_for_v6());
                return Ok(());
            };
            let mut slot = [0xaa; FRAME_BYTES_MAX];
            let length = stencil.write(&mut slot, &Fields { mac, to, cookie, pass });
            prop_assert_eq!(length, stencil.len());
            prop_assert_eq!(left_over(&slot[..length]), (0, 0));
            prop_assert!(slot[length..].iter().all(|byte| *byte == 0xaa));
        }
    }

    #[test]
    fn the_other_family_and_a_short_slot_are_refused() {
        let sender = Sender { mac: [2; 6], address: Ipv4Addr::LOCALHOST.into(), port_first: 1 };
        let stencil = Stencil::new(Probe::Syn(80), sender).unwrap();
        let fields = Fields { mac: [4; 6], to: Ipv6Addr::LOCALHOST.into(), cookie: 1, pass: 0 };
        assert_eq!(stencil.write(&mut [0; FRAME_BYTES_MAX], &fields), 0);
        let fields = Fields { to: Ipv4Addr::LOCALHOST.into(), ..fields };
        assert_eq!(stencil.write(&mut [0; 20], &fields), 0);
    }
}
