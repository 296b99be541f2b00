//! Is somebody there? Asked without special rights, from three sides at once.
//!
//! ICMP echo, TCP connections to the ports most likely to say anything (a refusal is as good as an
//! acceptance), and a datagram to a port where nobody listens, whose ICMP error gives the host
//! away. Two rounds, so that one lost packet hides nobody. This is the way without special rights;
//! with them, and where they help, [`crate::survey`] has found out before.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;

use crate::icmp::{self, Echo};
use crate::pacing::{Connected, HostPace};

/// Ports where machines of every kind accept or refuse.
pub(crate) const PORTS: [u16; 13] = [80, 443, 22, 445, 3389, 135, 139, 21, 23, 25, 53, 110, 8080];
/// Seldom used: almost surely closed.
pub(crate) const CLOSED_DATAGRAM_PORT: u16 = 40_125;
/// Patience of the first and of the second round.
const ROUNDS: [Duration; 2] = [Duration::from_millis(500), Duration::from_millis(1_200)];
/// How long a proof of life waits for the echo that tells the TTL, at least.
const ECHO_GRACE_MIN: Duration = Duration::from_millis(60);

/// What was learnt by asking.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Life {
    /// For people; `None` when nothing answered.
    pub(crate) alive_by: Option<String>,
    pub(crate) ttl: Option<u8>,
    /// `None` when the scanner may not send echo requests.
    pub(crate) icmp_echo: Option<bool>,
}

enum Answer {
    Echo(Option<Echo>),
    Proof(String),
    Nothing,
}

/// Asks one host, at most 1.7 s. Round trips go to the host's pace.
pub(crate) async fn look(host: &HostPace, mark: [u8; 8]) -> Life {
    let echo = icmp::open(host.address, mark);
    let mut life = Life { icmp_echo: echo.as_ref().map(|_| false), ..Life::default() };
    for (round, patience) in (0_u16..).zip(ROUNDS) {
        let mut answers = FuturesUnordered::new();
        if let Some(socket) = &echo {
            answers.push(Ask::Echo(socket, round).answer(host, patience));
        }
        answers.push(Ask::Datagram.answer(host, patience));
        for port in PORTS {
            answers.push(Ask::Port(port).answer(host, patience));
        }
        let mut echo_pending = echo.is_some();
        let mut end = Instant::now() + patience;
        while let Ok(Some(answer)) = tokio::time::timeout_at(end, answers.next()).await {
            match answer {
                Answer::Echo(Some(reply)) => {
                    host.round_trip.record(reply.round_trip);
                    life.icmp_echo = Some(true);
                    life.ttl = reply.ttl;
                    // The strongest proof: it replaces another one.
                    life.alive_by = Some("ICMP echo reply".to_owned());
                    return life;
                }
                Answer::Echo(None) => echo_pending = false,
                Answer::Proof(proof) => {
                    if life.alive_by.is_none() {
                        life.alive_by = Some(proof);
                        let grace = host.round_trip.smoothed().map_or(patience, |trip| trip * 3);
                        end = end.min(Instant::now() + grace.max(ECHO_GRACE_MIN));
                    }
                }
                Answer::Nothing => {}
            }
            if life.alive_by.is_some() && !echo_pending {
                return life;
            }
        }
        if life.alive_by.is_some() {
            return life;
        }
    }
    life
}

enum Ask<'a> {
    Echo(&'a icmp::EchoSocket, u16),
    Port(u16),
    Datagram,
}

impl Ask<'_> {
    async fn answer(self, host: &HostPace, patience: Duration) -> Answer {
        match self {
            Self::Echo(socket, sequence) => {
                host.depart().await;
                Answer::Echo(socket.echo(sequence, patience).await)
            }
            Self::Port(port) => match host.connect_within(port, Some(patience)).await {
                Connected::Open(..) | Connected::Reset => {
                    Answer::Proof(format!("TCP port {port} accepts connections"))
                }
                Connected::Refused => Answer::Proof(format!("TCP port {port} refuses connections")),
                Connected::Silent => Answer::Nothing,
            },
            Self::Datagram => datagram(host, patience).await,
        }
    }
}

async fn datagram(host: &HostPace, patience: Duration) -> Answer {
    let Some((socket, _permit)) = host.datagram(CLOSED_DATAGRAM_PORT).await else { return Answer::Nothing };
    host.depart().await;
    if socket.send(&[0; 8]).await.is_err() {
        return Answer::Nothing;
    }
    let mut bytes = [0; 64];
    match tokio::time::timeout(patience, socket.recv(&mut bytes)).await {
        Ok(Ok(_)) => Answer::Proof(format!("UDP port {CLOSED_DATAGRAM_PORT} answers")),
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            Answer::Proof("ICMP port unreachable".to_owned())
        }
        Ok(Err(_)) | Err(_) => Answer::Nothing,
    }
}
