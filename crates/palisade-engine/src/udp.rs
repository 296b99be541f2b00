//! UDP services, found by asking them something they understand.
//!
//! Only an answer makes a port open: silence and "open or filtered" are no facts. Every port gets a
//! payload of the service it is known for; a port without one gets an empty line, which the old
//! simple services answer. What a service says beyond its first answer is asked in [`questions`].

mod payload;
mod questions;

use std::time::Duration;

use futures_util::StreamExt;
use palisade_model::fact::printable;
use palisade_model::option_profile::{PortList, ScanPorts};
use palisade_model::{IdSource, PortFacts, PortSet, Transport};
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

use crate::pacing::{HostPace, SocketPermit};
use crate::sheet::Sheet;

const TRIES: u32 = 2;
const PATIENCE_MIN: Duration = Duration::from_millis(350);
const PATIENCE_MAX: Duration = Duration::from_millis(1_500);
/// No answer is longer.
const DATAGRAM_BYTES: usize = 8 * 1024;

/// The UDP ports of the standard list.
pub fn standard_udp_ports() -> PortSet {
    [
        7, 13, 17, 19, 37, 53, 69, 88, 111, 123, 137, 161, 177, 389, 443, 500, 520, 623, 1194, 1434, 1701,
        1812, 1900, 2049, 2427, 3478, 3671, 3702, 4500, 4569, 5060, 5351, 5353, 5355, 5683, 6881, 6969,
        11211, 27015, 27960, 44818, 47808, 64738,
    ]
    .into_iter()
    .collect()
}

/// The UDP ports of the light list.
fn light_udp_ports() -> PortSet {
    [53, 69, 111, 123, 137, 161, 177, 389, 520, 623, 1_434, 1_900, 5_060, 5_353, 11_211].into_iter().collect()
}

/// The UDP ports a profile asks for.
pub(crate) fn wanted(profile: &ScanPorts) -> PortSet {
    let list = match profile.list {
        PortList::Standard => standard_udp_ports(),
        PortList::Light => light_udp_ports(),
        PortList::Full => return PortSet::full(),
        PortList::None => PortSet::default(),
    };
    list.iter().chain(profile.additional.iter()).collect()
}

/// Asks every port; what answers goes to the sheet with all that could be learnt.
pub(crate) async fn scan(host: &HostPace, sheet: &Sheet, ports: &PortSet, ids: &dyn IdSource) {
    futures_util::stream::iter(ports.iter())
        .for_each_concurrent(host.port_scan_max(), |port| async move {
            let facts = questions::ask(host, port, ids).await;
            {
                let mut known = sheet.lock();
                known.facts.udp_scanned += 1;
                known.udp_ports.push(port);
            }
            if let Some(mut facts) = facts {
                facts.product = crate::service::product_of(&facts).or(facts.product.take());
                sheet.write_port(facts, true);
            }
        })
        .await;
}

/// Asks a name server over UDP; the answer to the question with this number.
pub(crate) async fn ask_name_server(
    host: &HostPace,
    port: u16,
    question: Vec<u8>,
    id: u16,
) -> Option<palisade_probe::dns::Message> {
    let exchange = Exchange::open(host, port).await?;
    exchange.ask(&question, |bytes| palisade_probe::dns::answer(bytes, id).ok()).await
}

/// How long to wait for a service: longer than for the network stack in front of it.
fn patience(host: &HostPace) -> Duration {
    host.round_trip.smoothed().map_or(PATIENCE_MAX, |trip| (trip * 4).clamp(PATIENCE_MIN, PATIENCE_MAX))
}

/// A socket that hears one port of the host.
struct Exchange<'a> {
    host: &'a HostPace,
    socket: UdpSocket,
    _permit: SocketPermit,
}

/// What came back, or did not.
enum Heard {
    Answer(Vec<u8>),
    /// ICMP says that nobody is there.
    Refused,
    Nothing,
}

impl<'a> Exchange<'a> {
    async fn open(host: &'a HostPace, port: u16) -> Option<Self> {
        let (socket, permit) = host.datagram(port).await?;
        Some(Self { host, socket, _permit: permit })
    }

    async fn send(&self, payload: &[u8]) -> bool {
        self.host.depart().await;
        self.socket.send(payload).await.is_ok()
    }

    async fn hear(&self, until: Instant) -> Heard {
        let mut bytes = vec![0; DATAGRAM_BYTES];
        match timeout_at(until, self.socket.recv(&mut bytes)).await {
            Ok(Ok(count)) => {
                bytes.truncate(count);
                Heard::Answer(bytes)
            }
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => Heard::Refused,
            Ok(Err(_)) | Err(_) => Heard::Nothing,
        }
    }

    /// Sends until something that `read` understands comes back, [`TRIES`] times at most.
    async fn ask<T>(&self, payload: &[u8], read: impl Fn(&[u8]) -> Option<T>) -> Option<T> {
        for _ in 0..TRIES {
            if !self.send(payload).await {
                return None;
            }
            let until = self.host.until(patience(self.host));
            loop {
                match self.hear(until).await {
                    Heard::Answer(bytes) => {
                        if let Some(answer) = read(&bytes) {
                            return Some(answer);
                        }
                    }
                    Heard::Refused => return None,
                    Heard::Nothing => break,
                }
            }
        }
        None
    }
}

/// A request whose answer comes from another port (TFTP): one try each for `payloads`, all sent
/// from a socket of its own. Gives answer and where it came from.
async fn ask_from_any_port(host: &HostPace, port: u16, payload: &[u8], farewell: &[u8]) -> Option<Vec<u8>> {
    let (socket, _permit) = host.listener().await?;
    for _ in 0..TRIES {
        host.depart().await;
        socket.send_to(payload, (host.address, port)).await.ok()?;
        let until = host.until(patience(host));
        let mut bytes = vec![0; DATAGRAM_BYTES];
        while let Ok(Ok((count, from))) = timeout_at(until, socket.recv_from(&mut bytes)).await {
            if from.ip() == host.address {
                bytes.truncate(count);
                let _ = socket.send_to(farewell, from).await;
                return Some(bytes);
            }
        }
    }
    None
}

/// An open port of which only an answer is known.
fn answered(port: u16, service: &str, answer: &[u8]) -> PortFacts {
    let mut facts = PortFacts::new(port, Transport::Udp);
    service.clone_into(&mut facts.service);
    let text = printable(answer, 1_024);
    let readable = text.chars().filter(|each| *each != '\u{fffd}').count();
    if !text.is_empty() && readable * 10 >= text.chars().count() * 9 {
        facts.banner = Some(text);
    }
    facts
}

/// A number nobody else can guess, to know answers by.
fn nonce(ids: &dyn IdSource) -> u16 {
    let mut bytes = [0; 2];
    ids.fill(&mut bytes);
    u16::from_be_bytes(bytes)
}
