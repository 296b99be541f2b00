//! Frames from outside: whatever they hold, reading them never fails worse than `None`, and only the
//! answer to a question that was asked is believed.

#![expect(clippy::unwrap_used, reason = "a test may fail on what it built itself")]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use palisade_packet::answer::{self, Said};
use palisade_packet::checksum::{finish, sum};
use palisade_packet::frame::{FRAME_BYTES_MAX, Fields, Mac, Sender, Stencil};
use palisade_packet::proof::Judge;
use palisade_packet::{CookieKey, Probe, Reply};
use proptest::prelude::*;

const MAC: Mac = [2, 0, 0, 0, 0, 1];
const PORT_FIRST: u16 = 61_000;

/// A frame as the scanner sends it, and what it takes to judge answers.
fn asked(probe: Probe, us: IpAddr, host: IpAddr, key: [u8; 16], pass: u8) -> (Vec<u8>, Judge) {
    let key = CookieKey::new(key);
    let stencil = Stencil::new(probe, Sender { mac: MAC, address: us, port_first: PORT_FIRST }).unwrap();
    let mut slot = [0; FRAME_BYTES_MAX];
    let cookie = key.of(host, probe.about(pass));
    let length = stencil.write(&mut slot, &Fields { mac: MAC, to: host, cookie, pass });
    (slot[..length].to_vec(), Judge { key, address: us, port_first: PORT_FIRST })
}

/// What an honest host answers, built by turning the frame round.
fn answer_to(frame: &[u8], probe: Probe, accept: bool) -> Vec<u8> {
    let mut back = frame.to_vec();
    if probe == Probe::Neighbour {
        back[21] = 2;
        back[22..28].copy_from_slice(&[2, 9, 9, 9, 9, 9]);
        back[28..32].copy_from_slice(&frame[38..42]);
        back[32..38].copy_from_slice(&MAC);
        back[38..42].copy_from_slice(&frame[28..32]);
        return back;
    }
    let v6 = frame[12] == 0x86;
    let (from, to, length, start) = if v6 { (22, 38, 16, 54) } else { (26, 30, 4, 34) };
    back[from..from + length].copy_from_slice(&frame[to..to + length]);
    back[to..to + length].copy_from_slice(&frame[from..from + length]);
    match probe {
        Probe::Echo => back[start] = if v6 { 129 } else { 0 },
        Probe::Timestamp => back[start] = 14,
        Probe::Mask => back[start] = 18,
        Probe::Syn(_) | Probe::Ack(_) | Probe::Udp(_) => {
            back.copy_within(start..start + 2, start + 2);
            back[start..start + 2].copy_from_slice(&frame[start + 2..start + 4]);
        }
        Probe::Neighbour => unreachable!(),
    }
    match probe {
        Probe::Syn(_) => {
            let sequence = u32::from_be_bytes(frame[start + 4..start + 8].try_into().unwrap());
            back[start + 8..start + 12].copy_from_slice(&sequence.wrapping_add(1).to_be_bytes());
            back[start + 13] = if accept { 0x12 } else { 0x14 };
        }
        Probe::Ack(_) => {
            back[start + 4..start + 8].copy_from_slice(&frame[start + 8..start + 12]);
            back[start + 13] = 0x04;
        }
        _ => {}
    }
    back
}

/// An ICMP error of `router` about `frame` (IPv4).
fn error_about(frame: &[u8], router: Ipv4Addr, code: u8) -> Vec<u8> {
    let mut back = frame[..14].to_vec();
    let quoted = &frame[14..(14 + 28).min(frame.len())];
    let total = u16::try_from(20 + 8 + quoted.len()).unwrap();
    let mut header = vec![0x45, 0];
    header.extend_from_slice(&total.to_be_bytes());
    header.extend_from_slice(&[0, 0, 0, 0, 64, 1, 0, 0]);
    header.extend_from_slice(&router.octets());
    header.extend_from_slice(&frame[26..30]);
    let check = finish(sum(&header));
    header[10..12].copy_from_slice(&check.to_be_bytes());
    back.extend_from_slice(&header);
    back.extend_from_slice(&[3, code, 0, 0, 0, 0, 0, 0]);
    back.extend_from_slice(quoted);
    back
}

fn probes() -> impl Strategy<Value = Probe> {
    prop_oneof![
        Just(Probe::Echo),
        Just(Probe::Timestamp),
        Just(Probe::Mask),
        any::<u16>().prop_map(Probe::Syn),
        any::<u16>().prop_map(Probe::Ack),
        prop_oneof![any::<u16>(), Just(53), Just(137)].prop_map(Probe::Udp),
    ]
}

proptest! {
    #[test]
    fn an_honest_answer_proves_itself(
        probe in probes(), us: u32, host: u32, key: [u8; 16], pass in 0_u8..8, accept: bool
    ) {
        let (us, host) = (IpAddr::V4(us.into()), IpAddr::V4(host.into()));
        let (frame, judge) = asked(probe, us, host, key, pass);
        let back = answer_to(&frame, probe, accept);
        let proven = judge.prove(&answer::read(&back).unwrap());
        let proven = proven.ok_or_else(|| TestCaseError::fail("not believed"))?;
        prop_assert_eq!((proven.host, proven.probe), (host, probe));
        let open = matches!(proven.reply, Reply::Open(_));
        prop_assert_eq!(open, matches!(probe, Probe::Syn(_)) && accept);
        prop_assert!(proven.pass.is_none_or(|told| told == pass));
    }

    #[test]
    fn ipv6_answers_prove_themselves_too(
        port: u16, us: u128, host: u128, key: [u8; 16], pass in 0_u8..8
    ) {
        let (us, host) = (IpAddr::V6(us.into()), IpAddr::V6(host.into()));
        for probe in [Probe::Syn(port), Probe::Ack(port), Probe::Echo, Probe::Udp(port)] {
            if probe == Probe::Udp(123) {
                continue;
            }
            let (frame, judge) = asked(probe, us, host, key, pass);
            let back = answer_to(&frame, probe, true);
            let proven = judge.prove(&answer::read(&back).unwrap());
            prop_assert_eq!(proven.map(|proven| (proven.host, proven.probe)), Some((host, probe)));
        }
    }

    #[test]
    fn foreign_answers_are_refused(
        probe in probes(), us: u32, host: u32, other in 1_u32.., key: [u8; 16], guess: [u8; 16], pass in 0_u8..8
    ) {
        // Three bits of a port are all that a datagram without a mark proves.
        prop_assume!(!matches!(probe, Probe::Udp(_)));
        let (us, host) = (IpAddr::V4(us.into()), Ipv4Addr::from(host));
        let (frame, judge) = asked(probe, us, host.into(), key, pass);
        let back = answer_to(&frame, probe, true);
        // From an address that was not asked.
        let mut wrong = back.clone();
        wrong[26..30].copy_from_slice(&u32::from(host).wrapping_add(other).to_be_bytes());
        prop_assert_eq!(judge.prove(&answer::read(&wrong).unwrap()), None);
        // To an address that is not ours.
        let mut astray = back.clone();
        astray[30] ^= 0x80;
        prop_assert_eq!(judge.prove(&answer::read(&astray).unwrap()), None);
        // By somebody without the key.
        if guess != key {
            let (forged, _) = asked(probe, us, host.into(), guess, pass);
            let back = answer_to(&forged, probe, true);
            prop_assert_eq!(judge.prove(&answer::read(&back).unwrap()), None);
        }
    }

    #[test]
    fn an_error_is_believed_only_about_our_own_packet(
        probe in probes(), us: u32, host: u32, router: u32, key: [u8; 16], guess: [u8; 16], pass in 0_u8..8
    ) {
        prop_assume!(key != guess && router != host);
        let (us, host) = (IpAddr::V4(us.into()), IpAddr::V4(host.into()));
        let (frame, judge) = asked(probe, us, host, key, pass);
        let back = error_about(&frame, router.into(), 13);
        let proven = judge.prove(&answer::read(&back).unwrap());
        prop_assert_eq!(proven.map(|proven| (proven.host, proven.probe)), Some((host, probe)));
        prop_assert!(proven.is_some_and(|proven| !proven.reply.shows_life()));
        if !matches!(probe, Probe::Udp(_)) {
            let (forged, _) = asked(probe, us, host, guess, pass);
            let back = error_about(&forged, router.into(), 3);
            prop_assert_eq!(judge.prove(&answer::read(&back).unwrap()), None);
        }
    }

    #[test]
    fn any_bytes_are_read_without_harm(mut frame in proptest::collection::vec(any::<u8>(), 0..200), kind in 0_usize..4, protocol: u8) {
        if frame.len() > 24 {
            let kinds = [[8, 0], [8, 6], [0x86, 0xdd], [0, 0]];
            frame[12..14].copy_from_slice(&kinds[kind]);
            frame[14] = if kind == 2 { 0x60 } else { 0x45 };
            let place = if kind == 2 { 20 } else { 23 };
            frame[place] = [6, 17, 1, 58][usize::from(protocol % 4)];
        }
        let judge = Judge { key: CookieKey::new([1; 16]), address: Ipv4Addr::LOCALHOST.into(), port_first: PORT_FIRST };
        if let Some(answer) = answer::read(&frame) {
            let _ = judge.prove(&answer);
        }
    }

    #[test]
    fn damaged_answers_are_read_without_harm(
        probe in probes(), key: [u8; 16], cut: u8, damage in proptest::collection::vec((any::<u8>(), any::<u8>()), 0..6)
    ) {
        let (us, host) = (Ipv4Addr::new(192, 0, 2, 1).into(), Ipv4Addr::new(192, 0, 2, 2).into());
        let (frame, judge) = asked(probe, us, host, key, 0);
        let mut back = answer_to(&frame, probe, true);
        for (place, value) in damage {
            let length = back.len();
            back[usize::from(place) % length] ^= value;
        }
        back.truncate(back.len().saturating_sub(usize::from(cut) % 64));
        if let Some(answer) = answer::read(&back) {
            let _ = judge.prove(&answer);
        }
    }
}

#[test]
fn arp_replies_are_read() {
    let (us, host) = (Ipv4Addr::new(192, 0, 2, 1).into(), Ipv4Addr::new(192, 0, 2, 2).into());
    let (frame, judge) = asked(Probe::Neighbour, us, host, [0; 16], 0);
    let back = answer_to(&frame, Probe::Neighbour, true);
    let answer = answer::read(&back).unwrap();
    assert_eq!(answer.said, Said::Neighbour { mac: [2, 9, 9, 9, 9, 9] });
    assert_eq!(judge.prove(&answer).map(|proven| proven.host), Some(host));
    assert!(answer::read(&frame).is_none(), "a request is no answer");
}

#[test]
fn neighbour_advertisements_are_read_with_all_their_hops_only() {
    let us: Ipv6Addr = "2001:db8::1".parse().unwrap();
    let host: Ipv6Addr = "2001:db8::2".parse().unwrap();
    let mut frame = vec![0; 12];
    frame.extend_from_slice(&[0x86, 0xdd, 0x60, 0, 0, 0, 0, 32, 58, 255]);
    frame.extend_from_slice(&host.octets());
    frame.extend_from_slice(&us.octets());
    frame.extend_from_slice(&[136, 0, 0, 0, 0x60, 0, 0, 0]);
    frame.extend_from_slice(&host.octets());
    frame.extend_from_slice(&[2, 1, 2, 9, 9, 9, 9, 9]);
    let said = answer::read(&frame).map(|answer| answer.said);
    assert_eq!(said, Some(Said::Neighbour { mac: [2, 9, 9, 9, 9, 9] }));
    frame[21] = 64;
    assert_eq!(answer::read(&frame), None);
}

#[test]
fn endless_options_end() {
    // Options of length zero and one would never move on.
    for options in [[5, 0, 1, 1], [3, 1, 1, 1], [2, 255, 1, 1]] {
        let mut frame = vec![0; 12];
        frame.extend_from_slice(&[8, 0, 0x45, 0, 0, 44, 0, 0, 0x40, 0, 64, 6, 0, 0]);
        frame.extend_from_slice(&[192, 0, 2, 2, 192, 0, 2, 1]);
        frame.extend_from_slice(&[0, 80, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0x60, 0x12, 1, 1, 0, 0, 0, 0]);
        frame.extend_from_slice(&options);
        assert!(matches!(answer::read(&frame).unwrap().said, Said::SynAck { .. }));
    }
}
