//! The filter that the kernel runs on every frame: only what may answer a probe comes through.
//!
//! Classic BPF, assembled here with named jumps. It lets through, cut to [`SNAP_BYTES`]: ARP replies;
//! TCP and UDP to the sweep's 16 ports; ICMP answers and errors; neighbour advertisements. What the
//! machine itself sends, and fragments, are refused.

use libc::sock_filter;

use crate::frame::{ICMP, ICMPV6, TCP, TYPE_ARP, TYPE_IPV4, TYPE_IPV6, UDP};

/// Enough for every header, with the packet that an ICMP error quotes.
pub(crate) const SNAP_BYTES: u32 = 192;
/// Ports of a sweep: eight for passes over TCP, eight for datagrams.
pub(crate) const PORTS: u16 = 16;

const LOAD_HALF: u16 = 0x28;
const LOAD_BYTE: u16 = 0x30;
const LOAD_HALF_INDEXED: u16 = 0x48;
const LOAD_BYTE_INDEXED: u16 = 0x50;
const LOAD_HEADER_LENGTH: u16 = 0xb1;
const JUMP_EQUAL: u16 = 0x15;
const JUMP_NOT_BELOW: u16 = 0x35;
const JUMP_ANY_BIT: u16 = 0x45;
const RETURN: u16 = 0x06;
/// Where the kernel's own knowledge of a packet begins: -4096, and its kind 4 bytes on.
const PACKET_KIND: u32 = 0xffff_f004;
const OUTGOING: u32 = 4;

/// A place to jump to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Next,
    Accept,
    Refuse,
    V4,
    V4Ports,
    V4Icmp,
    V6,
    V6Ports,
    V6Icmp,
}

#[derive(Debug, Clone, Copy)]
struct Step {
    at: Option<Place>,
    code: u16,
    value: u32,
    yes: Place,
    no: Place,
}

/// The program for a sweep whose source ports begin at `port_first`.
pub(crate) fn program(port_first: u16) -> Vec<sock_filter> {
    let steps = steps(port_first);
    let place = |wanted: Place, from: usize| -> u8 {
        let target = match wanted {
            Place::Next => from + 1,
            _ => steps.iter().position(|step| step.at == Some(wanted)).unwrap_or(from + 1),
        };
        u8::try_from(target.saturating_sub(from + 1)).unwrap_or_default()
    };
    steps
        .iter()
        .enumerate()
        .map(|(index, step)| sock_filter {
            code: step.code,
            jt: place(step.yes, index),
            jf: place(step.no, index),
            k: step.value,
        })
        .collect()
}

fn steps(port_first: u16) -> Vec<Step> {
    use Place::{Accept, Next, Refuse, V4, V4Icmp, V4Ports, V6, V6Icmp, V6Ports};
    let first = u32::from(port_first);
    let end = first + u32::from(PORTS);
    let load = |code, value| Step { at: None, code, value, yes: Next, no: Next };
    let jump = |code, value, yes, no| Step { at: None, code, value, yes, no };
    let at = |place, step: Step| Step { at: Some(place), ..step };
    vec![
        load(LOAD_HALF, PACKET_KIND),
        jump(JUMP_EQUAL, OUTGOING, Refuse, Next),
        load(LOAD_HALF, 12),
        jump(JUMP_EQUAL, u32::from(TYPE_IPV4), V4, Next),
        jump(JUMP_EQUAL, u32::from(TYPE_IPV6), V6, Next),
        jump(JUMP_EQUAL, u32::from(TYPE_ARP), Next, Refuse),
        load(LOAD_HALF, 20),
        jump(JUMP_EQUAL, 2, Accept, Refuse),
        // IPv4: no fragment, then by protocol.
        at(V4, load(LOAD_HALF, 20)),
        jump(JUMP_ANY_BIT, 0x1fff, Refuse, Next),
        load(LOAD_HEADER_LENGTH, 14),
        load(LOAD_BYTE, 23),
        jump(JUMP_EQUAL, u32::from(TCP), V4Ports, Next),
        jump(JUMP_EQUAL, u32::from(UDP), V4Ports, Next),
        jump(JUMP_EQUAL, u32::from(ICMP), V4Icmp, Refuse),
        at(V4Ports, load(LOAD_HALF_INDEXED, 16)),
        jump(JUMP_NOT_BELOW, first, Next, Refuse),
        jump(JUMP_NOT_BELOW, end, Refuse, Accept),
        at(V4Icmp, load(LOAD_BYTE_INDEXED, 14)),
        jump(JUMP_EQUAL, 0, Accept, Next),
        jump(JUMP_EQUAL, 3, Accept, Next),
        jump(JUMP_EQUAL, 11, Accept, Next),
        jump(JUMP_EQUAL, 14, Accept, Next),
        jump(JUMP_EQUAL, 18, Accept, Refuse),
        // IPv6: no extension headers before the transport.
        at(V6, load(LOAD_BYTE, 20)),
        jump(JUMP_EQUAL, u32::from(TCP), V6Ports, Next),
        jump(JUMP_EQUAL, u32::from(UDP), V6Ports, Next),
        jump(JUMP_EQUAL, u32::from(ICMPV6), V6Icmp, Refuse),
        at(V6Ports, load(LOAD_HALF, 56)),
        jump(JUMP_NOT_BELOW, first, Next, Refuse),
        jump(JUMP_NOT_BELOW, end, Refuse, Accept),
        at(V6Icmp, load(LOAD_BYTE, 54)),
        jump(JUMP_EQUAL, 1, Accept, Next),
        jump(JUMP_EQUAL, 3, Accept, Next),
        jump(JUMP_EQUAL, 129, Accept, Next),
        jump(JUMP_EQUAL, 136, Accept, Refuse),
        at(Accept, Step { at: None, code: RETURN, value: SNAP_BYTES, yes: Next, no: Next }),
        at(Refuse, Step { at: None, code: RETURN, value: 0, yes: Next, no: Next }),
    ]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What the kernel would do: the filter's own instructions, on bytes.
    fn run(program: &[sock_filter], frame: &[u8], kind: u32) -> u32 {
        let (mut accumulator, mut index, mut at) = (0_u32, 0_usize, 0);
        let byte = |place: usize| frame.get(place).copied().map(u32::from);
        let half = |place: usize| Some(byte(place)? << 8 | byte(place + 1)?);
        loop {
            let step = program[at];
            let place = usize::try_from(step.k).unwrap();
            at += 1;
            let loaded = match step.code {
                LOAD_HALF if step.k == PACKET_KIND => Some(kind),
                LOAD_HALF => half(place),
                LOAD_BYTE => byte(place),
                LOAD_HALF_INDEXED => half(place + index),
                LOAD_BYTE_INDEXED => byte(place + index),
                LOAD_HEADER_LENGTH => {
                    let Some(length) = byte(place) else { return 0 };
                    index = usize::try_from(length & 15).unwrap() * 4;
                    continue;
                }
                RETURN => return step.k,
                _ => {
                    let yes = match step.code {
                        JUMP_EQUAL => accumulator == step.k,
                        JUMP_NOT_BELOW => accumulator >= step.k,
                        _ => accumulator & step.k != 0,
                    };
                    at += usize::from(if yes { step.jt } else { step.jf });
                    continue;
                }
            };
            match loaded {
                Some(value) => accumulator = value,
                None => return 0,
            }
        }
    }

    fn tcp_to(port: u16) -> Vec<u8> {
        let mut frame = vec![0; 12];
        frame.extend_from_slice(&[8, 0, 0x46, 0, 0, 44, 0, 0, 0x40, 0, 64, 6, 0, 0]);
        frame.extend_from_slice(&[192, 0, 2, 2, 192, 0, 2, 1, 1, 1, 1, 1, 0, 80]);
        frame.extend_from_slice(&port.to_be_bytes());
        frame.extend_from_slice(&[0; 16]);
        frame
    }

    #[test]
    fn our_ports_come_through_and_what_we_send_does_not() {
        let program = program(61_000);
        for (port, wanted) in [(60_999, false), (61_000, true), (61_015, true), (61_016, false)] {
            assert_eq!(run(&program, &tcp_to(port), 0) == SNAP_BYTES, wanted, "port {port}");
        }
        assert_eq!(run(&program, &tcp_to(61_000), OUTGOING), 0);
        let mut fragment = tcp_to(61_000);
        fragment[21] = 1;
        assert_eq!(run(&program, &fragment, 0), 0);
    }

    proptest! {
        #[test]
        fn every_path_ends(frame in proptest::collection::vec(any::<u8>(), 0..100), kind in 0_u32..6, first: u16) {
            let answer = run(&program(first), &frame, kind);
            prop_assert!(answer == 0 || answer == SNAP_BYTES);
        }

        #[test]
        fn what_comes_through_for_tcp_is_ours(port: u16, first in 1_024_u16..65_000) {
            let ours = (first..first.saturating_add(PORTS)).contains(&port);
            prop_assert_eq!(run(&program(first), &tcp_to(port), 0) > 0, ours);
        }
    }
}
