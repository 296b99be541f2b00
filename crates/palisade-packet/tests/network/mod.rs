//! Namespaces for a test, and the hosts at the other end of the cable.
//!
//! The hosts are one program on a packet socket: it answers ARP for all of them, and everything else
//! each in its own way. No kernel stands behind them, so nothing answers that should not.

use std::collections::HashSet;
use std::net::Ipv4Addr;
use std::os::fd::AsRawFd;
use std::process::Command;
use std::time::Duration;

use nix::sys::socket::{
    AddressFamily, LinkAddr, MsgFlags, SockFlag, SockProtocol, SockType, recvfrom, sendto, setsockopt,
    socket, sockopt,
};
use palisade_packet::checksum::{finish, sum};

pub(crate) const SCANNER: Ipv4Addr = Ipv4Addr::new(10, 92, 0, 1);
/// Ports that are open, where some are.
pub(crate) const OPEN: [u16; 4] = [22, 80, 143, 443];
const ROLE: &str = "PALISADE_WIRE_ROLE";
/// What the hosts are asked faster than they answer.
const BUFFER_BYTES: usize = 64 << 20;
const MAC: [u8; 6] = [2, 0, 0, 92, 0, 2];

/// How a host behaves; its place in the list is the last part of its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behaviour {
    Ordinary = 10,
    /// Drops what is not for an open port.
    Filtered,
    /// Answers a question when it comes the second time.
    LosesTheFirst,
    ResetStorm,
    /// Answers as another host.
    WrongAddress,
    /// Acknowledges what nobody sent.
    WrongCookie,
    SynProxy,
    LoadBalancer,
    /// A router says that it is not to be reached.
    RouterSaysNo,
    OnlyIcmp,
}

const ALL: [Behaviour; 10] = [
    Behaviour::Ordinary,
    Behaviour::Filtered,
    Behaviour::LosesTheFirst,
    Behaviour::ResetStorm,
    Behaviour::WrongAddress,
    Behaviour::WrongCookie,
    Behaviour::SynProxy,
    Behaviour::LoadBalancer,
    Behaviour::RouterSaysNo,
    Behaviour::OnlyIcmp,
];

pub(crate) fn host(behaviour: Behaviour) -> Ipv4Addr {
    Ipv4Addr::new(10, 92, 0, behaviour as u8)
}

/// Runs `test` in a namespace with the hosts at the other end of a cable. Without root it says that
/// nothing was tested.
pub(crate) fn inside(name: &str, test: impl FnOnce()) {
    match std::env::var(ROLE).as_deref() {
        Ok("network") => return answer_all(),
        Ok(_) => return test(),
        Err(_) => {}
    }
    if !nix::unistd::geteuid().is_root() {
        println!("not tested: namespaces need root (`./test wire` asks sudo for it)");
        return;
    }
    let wire = Wire::lay();
    let mut network = wire.inside("network", name).spawn().unwrap();
    let scanner = wire.inside("scanner", name).output().unwrap();
    let _ = network.kill();
    let _ = network.wait();
    let told = String::from_utf8_lossy(&scanner.stdout) + String::from_utf8_lossy(&scanner.stderr);
    assert!(scanner.status.success(), "{told}");
}

/// Two namespaces and the cable between them; gone when dropped.
struct Wire {
    name: String,
}

impl Wire {
    fn lay() -> Self {
        let wire = Self { name: format!("palisade-wire-{}", std::process::id()) };
        let (scanner, network) = (wire.namespace("scanner"), wire.namespace("network"));
        ip(&format!("netns add {scanner}"));
        ip(&format!("netns add {network}"));
        ip(&format!("-n {scanner} link add lan type veth peer name lan netns {network}"));
        ip(&format!("-n {scanner} link set lo up"));
        ip(&format!("-n {scanner} address add {SCANNER}/24 dev lan"));
        ip(&format!("-n {network} link set lan up"));
        ip(&format!("-n {scanner} link set lan up"));
        ip(&format!("-n {scanner} route add 203.0.113.0/24 via {}", host(Behaviour::Ordinary)));
        wire
    }

    fn namespace(&self, role: &str) -> String {
        format!("{}-{role}", self.name)
    }

    /// This very test, in the namespace of `role`.
    fn inside(&self, role: &str, test: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.namespace(role)]);
        command.arg(std::env::current_exe().unwrap()).args(["--exact", test, "--nocapture"]).env(ROLE, role);
        command
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        for role in ["scanner", "network"] {
            let _ = Command::new("ip").args(["netns", "del", &self.namespace(role)]).status();
        }
    }
}

fn ip(arguments: &str) {
    let done = Command::new("ip").args(arguments.split(' ')).status().unwrap();
    assert!(done.success(), "ip {arguments}");
}

/// The network's side: reads and answers until it is killed.
fn answer_all() {
    let raw = socket(AddressFamily::Packet, SockType::Raw, SockFlag::empty(), SockProtocol::EthAll).unwrap();
    // On a busy machine the hosts may answer late; they must not lose what they were asked.
    setsockopt(&raw, sockopt::RcvBufForce, &BUFFER_BYTES).unwrap();
    let mut seen = HashSet::new();
    let mut frame = [0_u8; 2_048];
    loop {
        let Ok((count, Some(from))) = recvfrom::<LinkAddr>(raw.as_raw_fd(), &mut frame) else { continue };
        let frame = &frame[..count];
        // Our own frames come by, too.
        if frame[6..12] == MAC {
            continue;
        }
        for answer in answers(frame, &mut seen) {
            while sendto(raw.as_raw_fd(), &answer, &from, MsgFlags::empty()).is_err() {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }
}

fn answers(frame: &[u8], seen: &mut HashSet<(u8, u16)>) -> Vec<Vec<u8>> {
    match frame.get(12..14) {
        Some([8, 6]) => arp(frame).into_iter().collect(),
        Some([8, 0]) => {
            let Some(behaviour) = ALL.into_iter().find(|one| frame.get(30..34) == Some(&host(*one).octets()))
            else {
                return Vec::new();
            };
            match frame.get(23) {
                Some(6) => tcp(frame, behaviour, seen),
                Some(1) => icmp(frame, behaviour).into_iter().collect(),
                _ => Vec::new(),
            }
        }
        _ => Vec::new(),
    }
}

fn arp(frame: &[u8]) -> Option<Vec<u8>> {
    let asked = frame.get(38..42)?;
    if frame.get(21) != Some(&1) || !ALL.iter().any(|one| host(*one).octets() == asked) {
        return None;
    }
    let mut reply = frame.get(..42)?.to_vec();
    reply[21] = 2;
    reply[32..38].copy_from_slice(&frame[22..28]);
    reply[38..42].copy_from_slice(&frame[28..32]);
    reply[22..28].copy_from_slice(&MAC);
    reply[28..32].copy_from_slice(asked);
    address(&mut reply, frame);
    Some(reply)
}

/// Ethernet: back to where it came from.
fn address(reply: &mut [u8], frame: &[u8]) {
    reply[..6].copy_from_slice(&frame[6..12]);
    reply[6..12].copy_from_slice(&MAC);
}

/// The IPv4 header of an answer with this payload.
fn packet(frame: &[u8], from: [u8; 4], protocol: u8, payload: &[u8]) -> Vec<u8> {
    let mut reply = vec![0; 12];
    address(&mut reply, frame);
    reply.extend_from_slice(&[8, 0, 0x45, 0]);
    reply.extend_from_slice(&u16::try_from(20 + payload.len()).unwrap().to_be_bytes());
    reply.extend_from_slice(&[0, 0, 0x40, 0, 61, protocol, 0, 0]);
    reply.extend_from_slice(&from);
    reply.extend_from_slice(&frame[26..30]);
    let check = finish(sum(&reply[14..34]));
    reply[24..26].copy_from_slice(&check.to_be_bytes());
    reply.extend_from_slice(payload);
    reply
}

fn icmp(frame: &[u8], behaviour: Behaviour) -> Option<Vec<u8>> {
    if !matches!(behaviour, Behaviour::Ordinary | Behaviour::OnlyIcmp) {
        return None;
    }
    let mut message = frame.get(34..)?.to_vec();
    let kind = message.first_mut()?;
    *kind = match *kind {
        8 => 0,
        13 => 14,
        17 => 18,
        _ => return None,
    };
    message[2..4].fill(0);
    let check = finish(sum(&message));
    message[2..4].copy_from_slice(&check.to_be_bytes());
    Some(packet(frame, host(behaviour).octets(), 1, &message))
}

const SYN_ACK: u8 = 0x12;
const RESET: u8 = 0x04;
const RESET_ACK: u8 = 0x14;

fn tcp(frame: &[u8], behaviour: Behaviour, seen: &mut HashSet<(u8, u16)>) -> Vec<Vec<u8>> {
    let Some(segment) = frame.get(34..54) else { return Vec::new() };
    let word = |at: usize| u32::from_be_bytes(segment[at..at + 4].try_into().unwrap());
    let port = u16::from_be_bytes([segment[2], segment[3]]);
    let (sequence, acknowledgement) = (word(4), word(8));
    let from = host(behaviour).octets();
    let is_open = OPEN.contains(&port);
    if segment[13] == 0x10 {
        let refuses = matches!(behaviour, Behaviour::Ordinary);
        return refuses.then(|| reply(frame, from, RESET, acknowledgement, 0, 0, &[])).into_iter().collect();
    }
    if segment[13] != 0x02 {
        return Vec::new();
    }
    let next = sequence.wrapping_add(1);
    let accept = |window, options: &[u8]| reply(frame, from, SYN_ACK, 7, next, window, options);
    let refuse = || reply(frame, from, RESET_ACK, 0, next, 0, &[]);
    let usual: &[u8] = &[2, 4, 5, 0xb4];
    match behaviour {
        Behaviour::Ordinary | Behaviour::Filtered if is_open => vec![accept(1_000, usual)],
        Behaviour::Filtered | Behaviour::OnlyIcmp => Vec::new(),
        Behaviour::LosesTheFirst if seen.insert((behaviour as u8, port)) => Vec::new(),
        Behaviour::Ordinary | Behaviour::LosesTheFirst => vec![refuse()],
        Behaviour::ResetStorm => vec![refuse(); 40],
        Behaviour::WrongAddress => {
            vec![reply(frame, [10, 92, 0, 200], SYN_ACK, 7, next, 1_000, usual)]
        }
        Behaviour::WrongCookie => vec![reply(frame, from, SYN_ACK, 7, next.wrapping_add(1), 1_000, usual)],
        Behaviour::SynProxy => vec![accept(0, usual)],
        Behaviour::LoadBalancer if port % 2 == 0 => vec![accept(1_000, usual)],
        Behaviour::LoadBalancer => vec![accept(1_000, &[2, 4, 5, 0xb4, 1, 3, 3, 7])],
        Behaviour::RouterSaysNo => {
            let mut error = vec![3, 13, 0, 0, 0, 0, 0, 0];
            error.extend_from_slice(&frame[14..42]);
            let check = finish(sum(&error));
            error[2..4].copy_from_slice(&check.to_be_bytes());
            vec![packet(frame, [10, 92, 0, 254], 1, &error)]
        }
    }
}

fn reply(
    frame: &[u8],
    from: [u8; 4],
    flags: u8,
    sequence: u32,
    acknowledgement: u32,
    window: u16,
    options: &[u8],
) -> Vec<u8> {
    let mut segment = Vec::new();
    segment.extend_from_slice(&frame[36..38]);
    segment.extend_from_slice(&frame[34..36]);
    segment.extend_from_slice(&sequence.to_be_bytes());
    segment.extend_from_slice(&acknowledgement.to_be_bytes());
    let words = u8::try_from(5 + options.len() / 4).unwrap();
    segment.extend_from_slice(&[words << 4, flags]);
    segment.extend_from_slice(&window.to_be_bytes());
    segment.extend_from_slice(&[0; 4]);
    segment.extend_from_slice(options);
    let pseudo = sum(&from) + sum(&frame[26..30]) + 6 + u32::try_from(segment.len()).unwrap();
    let check = finish(pseudo + sum(&segment));
    segment[16..18].copy_from_slice(&check.to_be_bytes());
    packet(frame, from, 6, &segment)
}
