//! The way to a host: packets that live for one hop more each time, and who says that they died.
//!
//! Without special rights: the kernel hands the ICMP errors of our own sockets over when it is
//! asked to (`IP_RECVERR`). Datagrams first; where a host answers none, echo requests if the kernel
//! permits them, and then a connection to a port that is known to answer. A router that says
//! nothing leaves a gap, and no link is drawn over a gap.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::fd::AsRawFd;
use std::time::Duration;

use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrIn, recvmsg, setsockopt, sockopt};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

use crate::pacing::HostPace;

/// Most routers on a way.
const HOPS_MAX: u8 = 24;
/// Routers in a row that may say nothing before the way is given up.
const SILENT_MAX: usize = 4;
const PATIENCE_MIN: Duration = Duration::from_millis(250);
/// Ports that walks by datagram count up from.
const DATAGRAM_PORT: u16 = 33_434;
/// ICMP messages that errors are made of, and where they came from (`linux/errqueue.h`).
const TIME_EXCEEDED: u8 = 11;
const ORIGIN_ICMP: u8 = 2;

/// By what a way is walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Walk {
    Datagram,
    Echo,
    /// To this TCP port.
    Connection(u16),
}

/// What one packet came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// It died here.
    Router(Ipv4Addr),
    /// It arrived.
    Arrived,
    /// Somebody on the way does not let it through.
    Blocked(Ipv4Addr),
    Silent,
}

/// The routers on the way to the host, the nearest first, `None` where one says nothing; empty when
/// the host is a neighbour. `None` when no walk arrives. `port` is a TCP port that answers.
pub(super) async fn walk(host: &HostPace, port: Option<u16>) -> Option<Vec<Option<Ipv4Addr>>> {
    let walks = [Some(Walk::Datagram), Some(Walk::Echo), port.map(Walk::Connection)];
    let mut best: Option<Vec<Option<Ipv4Addr>>> = None;
    for kind in walks.into_iter().flatten() {
        let (way, arrived) = walk_by(host, kind).await;
        if arrived {
            return Some(way);
        }
        if way.iter().flatten().count() > best.as_ref().map_or(0, |best| best.iter().flatten().count()) {
            best = Some(way);
        }
    }
    // As far as somebody answered: what comes after is not known, so the end is a gap.
    best.map(|mut way| {
        way.push(None);
        way
    })
}

/// One walk; whether it arrived.
async fn walk_by(host: &HostPace, kind: Walk) -> (Vec<Option<Ipv4Addr>>, bool) {
    let mut way: Vec<Option<Ipv4Addr>> = Vec::new();
    for hops in 1..=HOPS_MAX {
        match step(host, kind, hops).await {
            Step::Arrived => return (way, true),
            Step::Router(router) | Step::Blocked(router) if way.contains(&Some(router)) => break,
            Step::Router(router) => way.push(Some(router)),
            Step::Blocked(router) => {
                way.push(Some(router));
                break;
            }
            Step::Silent => way.push(None),
        }
        if way.iter().rev().take_while(|hop| hop.is_none()).count() >= SILENT_MAX {
            break;
        }
    }
    while way.last() == Some(&None) {
        way.pop();
    }
    (way, false)
}

async fn step(host: &HostPace, kind: Walk, hops: u8) -> Step {
    for _ in 0..2 {
        host.depart().await;
        match step_once(host, kind, hops).await {
            Ok(Step::Silent) => {}
            Ok(step) => return step,
            // No right to such a socket, or no way at all.
            Err(_) => return Step::Silent,
        }
    }
    Step::Silent
}

async fn step_once(host: &HostPace, kind: Walk, hops: u8) -> io::Result<Step> {
    let socket = open(kind, hops)?;
    let port = match kind {
        Walk::Datagram => DATAGRAM_PORT + u16::from(hops),
        Walk::Echo => 0,
        Walk::Connection(port) => port,
    };
    // Maps are drawn of IPv4 networks.
    let IpAddr::V4(address) = host.address else { return Err(io::ErrorKind::Unsupported.into()) };
    let target = SocketAddr::V4(SocketAddrV4::new(address, port));
    match socket.connect(&target.into()) {
        Ok(()) => {}
        Err(error) if error.raw_os_error() == Some(nix::errno::Errno::EINPROGRESS as i32) => {}
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => return Ok(Step::Arrived),
        Err(error) => return Err(error),
    }
    match kind {
        Walk::Datagram => drop(socket.send(&[0; 24])?),
        Walk::Echo => drop(socket.send(&echo_request(hops))?),
        Walk::Connection(_) => {}
    }
    let until = Instant::now() + host.round_trip.timeout().max(PATIENCE_MIN);
    // An ICMP or TCP socket in the clothes of a datagram one, which it resembles in all that is done here.
    let socket = UdpSocket::from_std(socket.into())?;
    wait(&socket, address, kind, until).await
}

/// Waits for whatever comes back first.
async fn wait(socket: &UdpSocket, target: Ipv4Addr, kind: Walk, until: Instant) -> io::Result<Step> {
    // A datagram socket can always be written to: only a connection is waited for that way.
    let interest = match kind {
        Walk::Connection(_) => Interest::WRITABLE | Interest::ERROR,
        Walk::Datagram | Walk::Echo => Interest::READABLE | Interest::ERROR,
    };
    let heard = socket.async_io(interest, || {
        if let Some((reporter, kind_of_error)) = reported(socket)? {
            return Ok(match kind_of_error {
                _ if reporter == target => Step::Arrived,
                TIME_EXCEEDED => Step::Router(reporter),
                _ => Step::Blocked(reporter),
            });
        }
        answered(socket, kind)?.ok_or_else(|| io::ErrorKind::WouldBlock.into())
    });
    timeout_at(until, heard).await.unwrap_or(Ok(Step::Silent))
}

/// Whether the host itself has answered.
fn answered(socket: &UdpSocket, kind: Walk) -> io::Result<Option<Step>> {
    if let Walk::Connection(_) = kind {
        return Ok(match socket.take_error()? {
            None if socket.peer_addr().is_ok() => Some(Step::Arrived),
            Some(error) if error.kind() == io::ErrorKind::ConnectionRefused => Some(Step::Arrived),
            Some(_) | None => None,
        });
    }
    let mut bytes = [0; 64];
    let mut parts = [IoSliceMut::new(&mut bytes)];
    let received = recvmsg::<SockaddrIn>(socket.as_raw_fd(), &mut parts, None, MsgFlags::MSG_DONTWAIT);
    match received {
        // A port where nobody listens is an arrival too.
        Ok(_) | Err(nix::errno::Errno::ECONNREFUSED) => Ok(Some(Step::Arrived)),
        Err(_) => Ok(None),
    }
}

/// The ICMP error that waits for the socket, if one does: who reported it, and of what type.
fn reported(socket: &UdpSocket) -> io::Result<Option<(Ipv4Addr, u8)>> {
    let mut bytes = [0; 256];
    let mut parts = [IoSliceMut::new(&mut bytes)];
    // Room for the error (16 bytes) and the address of whoever reported it (16 bytes).
    let mut control = nix::cmsg_space!([u8; 64]);
    let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
    let received = match recvmsg::<SockaddrIn>(socket.as_raw_fd(), &mut parts, Some(&mut control), flags) {
        Ok(received) => received,
        Err(nix::errno::Errno::EAGAIN) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    Ok(received.cmsgs()?.find_map(|message| match message {
        ControlMessageOwned::Ipv4RecvErr(error, Some(reporter)) if error.ee_origin == ORIGIN_ICMP => {
            Some((Ipv4Addr::from(u32::from_be(reporter.sin_addr.s_addr)), error.ee_type))
        }
        _ => None,
    }))
}

fn open(kind: Walk, hops: u8) -> io::Result<Socket> {
    let socket = match kind {
        Walk::Datagram => Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?,
        Walk::Echo => Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::ICMPV4))?,
        Walk::Connection(_) => Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?,
    };
    socket.set_nonblocking(true)?;
    setsockopt(&socket, sockopt::Ipv4RecvErr, &true)?;
    setsockopt(&socket, sockopt::Ipv4Ttl, &i32::from(hops))?;
    Ok(socket)
}

/// An echo request; the kernel fills in identifier and checksum.
fn echo_request(hops: u8) -> [u8; 32] {
    let mut request = [0; 32];
    request[0] = 8;
    request[7] = hops;
    request
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use palisade_model::option_profile::OptionProfile;

    use super::*;
    use crate::pacing::{Limits, Pace};

    fn host(address: Ipv4Addr) -> Arc<HostPace> {
        let limits = Arc::new(Limits::new(100, 10_000));
        let performance = OptionProfile::initial().performance;
        let pace = Pace::new(limits, &performance, crate::plan::Plan::everything());
        HostPace::new(address, pace)
    }

    #[tokio::test]
    async fn a_neighbour_has_no_router_before_it() {
        assert_eq!(walk(&host(Ipv4Addr::LOCALHOST), None).await, Some(Vec::new()));
    }

    #[tokio::test]
    async fn a_connection_arrives_whether_it_is_accepted_or_refused() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let host = host(Ipv4Addr::LOCALHOST);
        assert_eq!(step(&host, Walk::Connection(port), 1).await, Step::Arrived);
        drop(listener);
        assert_eq!(step(&host, Walk::Connection(port), 1).await, Step::Arrived);
    }
}
