//! ICMP echo without special rights where the kernel permits it, and the TTL of the answer.
//!
//! Linux gives datagram ICMP sockets to the groups in `net.ipv4.ping_group_range`; where it does
//! not, a raw socket is tried, which needs CAP_NET_RAW. With neither, hosts are found by other
//! means and [`open`] says so by giving `None`. No other ICMP messages are sent.

use std::io::{self, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::fd::AsRawFd;
use std::time::Duration;

use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrIn, recvmsg, setsockopt, sockopt};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;
use tokio::time::Instant;

const ECHO_REQUEST: u8 = 8;
const ECHO_REPLY: u8 = 0;

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
    /// A raw socket delivers the IP header too, and replies to other processes.
    raw: bool,
    /// Tells our requests apart from others'.
    mark: [u8; 8],
}

/// `None` when the kernel grants neither kind of socket.
pub(crate) fn open(address: Ipv4Addr, mark: [u8; 8]) -> Option<EchoSocket> {
    let (socket, raw) = match Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::ICMPV4)) {
        Ok(socket) => (socket, false),
        Err(_) => (Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4)).ok()?, true),
    };
    socket.set_nonblocking(true).ok()?;
    socket.connect(&SocketAddr::V4(SocketAddrV4::new(address, 0)).into()).ok()?;
    setsockopt(&socket, sockopt::Ipv4RecvTtl, &true).ok()?;
    Some(EchoSocket { socket: UdpSocket::from_std(socket.into()).ok()?, raw, mark })
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
        // A datagram socket overwrites identifier and checksum with its own.
        let mut message = vec![ECHO_REQUEST, 0, 0, 0, high, low, sequence_high, sequence_low];
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
        message.first() == Some(&ECHO_REPLY)
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
        let received = recvmsg::<SockaddrIn>(
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
        let Some(socket) = open(Ipv4Addr::LOCALHOST, *b"palisade") else {
            // Neither group range nor capability: discovery must then do without, which
            // `discovery`'s own tests show.
            return;
        };
        let echo = socket.echo(7, Duration::from_secs(1)).await.unwrap();
        assert_eq!(echo.ttl, Some(64));
        assert!(echo.round_trip < Duration::from_secs(1));
    }
}
