//! ICMP echo without special rights where the kernel permits it, and the TTL of the answer.
//!
//! Linux gives datagram ICMP sockets to the groups in `net.ipv4.ping_group_range`; where it does
//! not, a raw socket is tried, which needs CAP_NET_RAW. With neither, hosts are found by other
//! means and [`open`] says so by giving `None`. No other ICMP messages are sent.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsRawFd;
use std::time::Duration;

use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;
use tokio::time::Instant;

/// What a request and its reply begin with: ICMP, and ICMP for IPv6.
const ECHO: [u8; 2] = [8, 0];
const ECHO_V6: [u8; 2] = [128, 129];

/// An echo reply.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Echo {
    pub(crate) round_trip: Duration,
    /// As it arrived.
    pub(crate) ttl: Option<u8>,
}

/// A socket that sends echo requests to one host and hears its replies.
#[derive(Debug)]
pub(crate) struct EchoSocket {
    /// An ICMP socket in the clothes of a datagram one, which it resembles in all that is done here.
    socket: UdpSocket,
    /// A raw socket delivers the IP header too (of IPv4), and replies to other processes.
    raw: bool,
    kinds: [u8; 2],
    /// Tells our requests apart from others'.
    mark: [u8; 8],
}

/// `None` when the kernel grants neither kind of socket.
pub(crate) fn open(address: IpAddr, mark: [u8; 8]) -> Option<EchoSocket> {
    let (domain, protocol, kinds) = match address {
        IpAddr::V4(_) => (Domain::IPV4, Protocol::ICMPV4, ECHO),
        IpAddr::V6(_) => (Domain::IPV6, Protocol::ICMPV6, ECHO_V6),
    };
    let (socket, raw) = match Socket::new(domain, Type::DGRAM, Some(protocol)) {
        Ok(socket) => (socket, false),
        Err(_) => (Socket::new(domain, Type::RAW, Some(protocol)).ok()?, address.is_ipv4()),
    };
    socket.set_nonblocking(true).ok()?;
    socket.connect(&SocketAddr::new(address, 0).into()).ok()?;
    if address.is_ipv4() {
        setsockopt(&socket, sockopt::Ipv4RecvTtl, &true).ok()?;
    }
    Some(EchoSocket { socket: UdpSocket::from_std(socket.into()).ok()?, raw, kinds, mark })
}

impl EchoSocket {
    /// Sends one request and waits for its reply.
    pub(crate) async fn echo(&self, sequence: u16, patience: Duration) -> Option<Echo> {
        let request = self.request(sequence);
        let started = Instant::now();
        self.socket.send(&request).await.ok()?;
        tokio::time::timeout(patience, self.reply(sequence))
            .await
            .ok()?
            .map(|ttl| Echo { round_trip: started.elapsed(), ttl })
    }

    fn request(&self, sequence: u16) -> Vec<u8> {
        let [high, low, ..] = self.mark;
        let [sequence_high, sequence_low] = sequence.to_be_bytes();
        let [kind, _] = self.kinds;
        // A datagram socket overwrites identifier and checksum with its own; so does every socket of
        // IPv6 with the checksum.
        let mut message = vec![kind, 0, 0, 0, high, low, sequence_high, sequence_low];
        message.extend_from_slice(&self.mark);
        message.extend_from_slice(&[0; 40]);
        let [check_high, check_low] = checksum(&message).to_be_bytes();
        if let Some(field) = message.get_mut(2..4) {
            field.copy_from_slice(&[check_high, check_low]);
        }
        message
    }

    /// The TTL of the reply to `sequence`; `None` when the socket fails.
    async fn reply(&self, sequence: u16) -> Option<Option<u8>> {
        loop {
            let received =
                self.socket.async_io(tokio::io::Interest::READABLE, || receive(&self.socket, self.raw)).await;
            let (message, ttl) = match received {
                Ok(received) => received,
                // An ICMP error for our request; the reply may still come.
                Err(error) if error.kind() == io::ErrorKind::HostUnreachable => continue,
                Err(_) => return None,
            };
            if self.is_reply(&message, sequence) {
                return Some(ttl);
            }
        }
    }

    fn is_reply(&self, message: &[u8], sequence: u16) -> bool {
        let [_, kind] = self.kinds;
        message.first() == Some(&kind)
            && message.get(6..8) == Some(&sequence.to_be_bytes())
            && message.get(8..16) == Some(&self.mark)
    }
}

/// One ICMP message without its IP header, and its TTL.
fn receive(socket: &UdpSocket, raw: bool) -> io::Result<(Vec<u8>, Option<u8>)> {
    let mut bytes = [0_u8; 512];
    let mut control = nix::cmsg_space!(i32);
    let (count, ttl) = {
        let mut parts = [IoSliceMut::new(&mut bytes)];
        let received = recvmsg::<SockaddrStorage>(
            socket.as_raw_fd(),
            &mut parts,
            Some(&mut control),
            MsgFlags::MSG_DONTWAIT,
        )?;
        let ttl = received.cmsgs()?.find_map(|message| match message {
            ControlMessageOwned::Ipv4Ttl(ttl) => u8::try_from(ttl).ok(),
            _ => None,
        });
        (received.bytes, ttl)
    };
    let message = bytes.get(..count).unwrap_or_default();
    let header = if raw { message.first().map_or(0, |first| usize::from(first & 0x0f) * 4) } else { 0 };
    Ok((message.get(header..).unwrap_or_default().to_vec(), ttl))
}

/// RFC 1071.
fn checksum(message: &[u8]) -> u16 {
    let mut sum: u32 = message
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => u32::from(u16::from_be_bytes([*high, *low])),
            [high] => u32::from(*high) << 8,
            _ => 0,
        })
        .sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_with_its_checksum_sums_to_nothing() {
        let mut message = vec![8, 0, 0, 0, 1, 2, 3, 4, 5];
        let sum = checksum(&message);
        message[2..4].copy_from_slice(&sum.to_be_bytes());
        assert_eq!(checksum(&message), 0);
    }

    #[tokio::test]
    async fn the_loopback_echoes_where_the_kernel_lets_us_ask() {
        for (address, ttl) in [("127.0.0.1", Some(64)), ("::1", None)] {
            let Some(socket) = open(address.parse().unwrap(), *b"palisade") else {
                // Neither group range nor capability, or no IPv6: discovery must then do without,
                // which `discovery`'s own tests show.
                continue;
            };
            let echo = socket.echo(7, Duration::from_secs(5)).await.unwrap();
            assert_eq!(echo.ttl, ttl);
        }
    }
}
