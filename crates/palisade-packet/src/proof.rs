//! Does a frame answer a question of ours? Only what brings the cookie back is believed.
//!
//! The proof is 32 bits for TCP and ICMP, and for ICMP errors about TCP. A datagram proves itself by
//! the bytes its protocol sends back, where it does, and by three bits of our port else; an ICMP
//! error about a datagram by the identification of the packet it quotes (IPv4). An answer has to
//! come from the address that was asked; an error may come from a router on the way.

use std::net::IpAddr;

use crate::answer::{Answer, IcmpError, Quoted, Said, Stack, be16, be32};
use crate::cookie::CookieKey;
use crate::frame::{ICMP, ICMPV6, Mac, TCP, UDP};
use crate::probe::{self, PASSES_MAX, Probe, halves, low16};

/// An answer that proved itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proven {
    /// Who was asked.
    pub host: IpAddr,
    pub probe: Probe,
    /// In which pass, where the answer tells.
    pub pass: Option<u8>,
    pub ttl: u8,
    pub reply: Reply,
}

/// What a host, or somebody for it, answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// A SYN was accepted.
    Open(Stack),
    /// A SYN or an ACK was refused.
    Closed,
    /// An ICMP answer, or a datagram.
    Alive,
    Neighbour(Mac),
    /// An ICMP error that comes from the host itself.
    Refused(IcmpError),
    /// An ICMP error of another machine: it says nothing about the host being there.
    Rejected {
        error: IcmpError,
        by: IpAddr,
    },
}

impl Reply {
    /// Whether the host itself must have spoken.
    #[must_use]
    pub fn shows_life(self) -> bool {
        !matches!(self, Self::Rejected { .. })
    }
}

/// What is needed to judge.
#[derive(Debug, Clone, Copy)]
pub struct Judge {
    pub key: CookieKey,
    /// Our address.
    pub address: IpAddr,
    /// The first of the sweep's 16 source ports.
    pub port_first: u16,
}

impl Judge {
    /// The question that `answer` answers, if it proves itself.
    #[must_use]
    pub fn prove(&self, answer: &Answer<'_>) -> Option<Proven> {
        if answer.to != self.address {
            return None;
        }
        let host = answer.from;
        let proven = |probe, pass, reply| Some(Proven { host, probe, pass, ttl: answer.ttl, reply });
        match answer.said {
            Said::SynAck { port, to_port, acknowledgement, stack } => {
                let pass = self.pass(to_port)?;
                let probe = Probe::Syn(port);
                (acknowledgement == self.first(host, probe, pass).wrapping_add(1)).then_some(())?;
                proven(probe, Some(pass), Reply::Open(stack))
            }
            Said::Reset { port, to_port, sequence, acknowledgement } => {
                let pass = self.pass(to_port)?;
                let syn = self.first(host, Probe::Syn(port), pass).wrapping_add(1);
                if acknowledgement == syn {
                    return proven(Probe::Syn(port), Some(pass), Reply::Closed);
                }
                (sequence == self.first(host, Probe::Ack(port), pass)).then_some(())?;
                proven(Probe::Ack(port), Some(pass), Reply::Closed)
            }
            Said::Echo { ident, payload } => {
                let pass = u8::try_from(be16(payload, 4)?).ok().filter(|pass| *pass < PASSES_MAX)?;
                let cookie = halves(self.key.of(host, Probe::Echo.about(pass)));
                (ident == cookie.first && be32(payload, 0)? == cookie.second).then_some(())?;
                proven(Probe::Echo, Some(pass), Reply::Alive)
            }
            Said::Timestamp { ident } => {
                (ident == self.first(host, Probe::Timestamp, 0)).then_some(())?;
                proven(Probe::Timestamp, None, Reply::Alive)
            }
            Said::Mask { ident } => {
                (ident == self.first(host, Probe::Mask, 0)).then_some(())?;
                proven(Probe::Mask, None, Reply::Alive)
            }
            Said::Datagram { port, to_port, payload } => {
                let probe = Probe::Udp(port);
                let cookie = self.key.of(host, probe.about(0));
                (to_port == self.port_first.wrapping_add(probe::udp_offset(cookie))).then_some(())?;
                probe::datagram(port).mark.is_in(payload, cookie).then_some(())?;
                proven(probe, None, Reply::Alive)
            }
            Said::Neighbour { mac } => proven(Probe::Neighbour, None, Reply::Neighbour(mac)),
            Said::Error { error, about } => {
                let (probe, pass) = self.quoted(&about)?;
                let reply = if host == about.to {
                    Reply::Refused(error)
                } else {
                    Reply::Rejected { error, by: host }
                };
                Some(Proven { host: about.to, probe, pass, ttl: answer.ttl, reply })
            }
        }
    }

    /// The probe that an ICMP error quotes.
    fn quoted(&self, about: &Quoted) -> Option<(Probe, Option<u8>)> {
        if about.from != self.address {
            return None;
        }
        let (source, port) = (be16(&about.head, 0)?, be16(&about.head, 2)?);
        let carried = be32(&about.head, 4)?;
        match about.protocol {
            TCP => {
                let pass = self.pass(source)?;
                if carried == self.first(about.to, Probe::Syn(port), pass) {
                    return Some((Probe::Syn(port), Some(pass)));
                }
                let cookie = halves(self.key.of(about.to, Probe::Ack(port).about(pass)));
                (carried == cookie.second).then_some((Probe::Ack(port), Some(pass)))
            }
            UDP => {
                let cookie = self.key.of(about.to, Probe::Udp(port).about(0));
                let ours = source == self.port_first.wrapping_add(probe::udp_offset(cookie))
                    && (about.to.is_ipv6() || about.identification == low16(halves(cookie).second));
                ours.then_some((Probe::Udp(port), None))
            }
            ICMP | ICMPV6 => {
                let pass = (0..PASSES_MAX).find(|pass| carried == self.first(about.to, Probe::Echo, *pass));
                if pass.is_some() {
                    return Some((Probe::Echo, pass));
                }
                [Probe::Timestamp, Probe::Mask]
                    .into_iter()
                    .find(|probe| carried == self.first(about.to, *probe, 0))
                    .map(|probe| (probe, None))
            }
            _ => None,
        }
    }

    /// The pass that one of our TCP source ports stands for.
    fn pass(&self, port: u16) -> Option<u8> {
        let offset = port.wrapping_sub(self.port_first);
        u8::try_from(offset).ok().filter(|pass| *pass < PASSES_MAX)
    }

    fn first(&self, host: IpAddr, probe: Probe, pass: u8) -> u32 {
        halves(self.key.of(host, probe.about(pass))).first
    }
}
