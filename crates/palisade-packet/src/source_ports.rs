//! Sixteen source ports that nobody else on this machine uses while a sweep runs.
//!
//! The kernel answers a SYN-ACK it did not ask for with a reset. That is welcome (it closes the half
//! connection on the other side) as long as no connection of its own has the same port: so the block
//! lies outside the range from which the kernel takes ports for connections, and every port of it is
//! held bound. Bound is enough; nothing listens.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, OwnedFd};

use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrStorage, bind, socket};

use crate::error::Error;
use crate::filter::PORTS;
use crate::probe::UDP_FIRST;

/// Ports below are other people's.
const LOWEST: u16 = 10_240;
const HIGHEST: u16 = 65_520;
/// The kernel's range where it cannot be read.
const RANGE_USUAL: (u16, u16) = (32_768, 60_999);

/// A block of source ports, given back when dropped.
#[derive(Debug)]
pub struct SourcePorts {
    first: u16,
    /// Held, and never spoken through.
    held: (Vec<OwnedFd>, Vec<UdpSocket>),
}

impl SourcePorts {
    /// Takes a free block for packets from `source`.
    ///
    /// # Errors
    /// When every block is taken.
    pub fn reserve(source: IpAddr) -> Result<Self, Error> {
        blocks(kernel_range()).find_map(|first| Self::hold(source, first)).ok_or(Error::NoSourcePorts)
    }

    /// The first of the sixteen.
    #[must_use]
    pub fn first(&self) -> u16 {
        self.first
    }

    fn hold(source: IpAddr, first: u16) -> Option<Self> {
        let family = if source.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
        let mut block = Self { first, held: (Vec::new(), Vec::new()) };
        for port in first..first + UDP_FIRST {
            let stream = socket(family, SockType::Stream, SockFlag::SOCK_CLOEXEC, None).ok()?;
            bind(stream.as_raw_fd(), &SockaddrStorage::from(SocketAddr::new(source, port))).ok()?;
            block.held.0.push(stream);
        }
        for port in first + UDP_FIRST..first + PORTS {
            block.held.1.push(UdpSocket::bind((source, port)).ok()?);
        }
        Some(block)
    }
}

fn kernel_range() -> (u16, u16) {
    let text = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let mut numbers = text.split_whitespace().filter_map(|word| word.parse().ok());
    match (numbers.next(), numbers.next()) {
        (Some(first), Some(last)) => (first, last),
        _ => RANGE_USUAL,
    }
}

/// First ports of the blocks that do not touch the kernel's range, highest first; where there is
/// none, all of them: bound ports are left alone by the kernel too.
fn blocks((low, high): (u16, u16)) -> impl Iterator<Item = u16> {
    let all = || (LOWEST..=HIGHEST - PORTS).rev().step_by(usize::from(PORTS));
    let outside = move |first: &u16| *first > high || first + PORTS <= low;
    all().filter(outside).chain(all().filter(move |first| !outside(first)))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn blocks_outside_the_kernels_range_come_first() {
        for (range, first) in [((32_768, 60_999), 65_504), ((10_000, 65_535), 65_504)] {
            assert_eq!(blocks(range).next(), Some(first));
        }
        assert_eq!(blocks((20_000, 65_535)).next().map(|first| first + PORTS <= 20_000), Some(true));
        let every: Vec<u16> = blocks((32_768, 60_999)).collect();
        assert!(every.iter().all(|first| (LOWEST..=HIGHEST).contains(first)));
    }

    #[test]
    fn two_sweeps_get_two_blocks_and_a_block_comes_back() {
        let source = Ipv4Addr::LOCALHOST.into();
        let one = SourcePorts::reserve(source).unwrap();
        let two = SourcePorts::reserve(source).unwrap();
        assert!(one.first().abs_diff(two.first()) >= PORTS);
        assert!(UdpSocket::bind((Ipv4Addr::LOCALHOST, one.first() + UDP_FIRST)).is_err());
        let first = one.first();
        drop(one);
        assert!(UdpSocket::bind((Ipv4Addr::LOCALHOST, first + UDP_FIRST)).is_ok());
    }
}
