//! Asking name servers: one question, one answer, over datagrams and where that is cut, over a
//! stream.
//!
//! The servers asked are the configured ones or the system's, and for a zone transfer the domain's
//! own. No cache: a map asks everything once.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;

use palisade_model::IdSource;
use palisade_probe::dns::{self, Message, QuestionConversation, TransferConversation, class};
use tokio::time::{Instant, timeout_at};

use crate::pacing::{HostPace, Pace};
use crate::stream::Stream;

const TRIES: usize = 2;
const PATIENCE: Duration = Duration::from_millis(1_500);
/// A name server may look a zone up on disk.
const STREAM_PATIENCE: Duration = Duration::from_secs(5);
const TRANSFER_TIME_MAX: Duration = Duration::from_secs(30);
const DATAGRAM_BYTES: usize = 4_096;
/// Servers of one configuration that are used.
const SERVERS_MAX: usize = 3;
/// Largest configuration file of the system's resolver, in bytes.
const FILE_BYTES_MAX: u64 = 64 * 1024;
const SYSTEM_FILE: &str = "/etc/resolv.conf";
pub(super) const PORT: u16 = 53;

/// The name servers that the system's resolver asks, at most three with IPv4 addresses.
#[must_use]
pub fn system_resolvers() -> Vec<SocketAddrV4> {
    let small = std::fs::metadata(SYSTEM_FILE).is_ok_and(|about| about.len() <= FILE_BYTES_MAX);
    let text = if small { std::fs::read_to_string(SYSTEM_FILE).unwrap_or_default() } else { String::new() };
    resolvers_in(&text)
}

fn resolvers_in(text: &str) -> Vec<SocketAddrV4> {
    let address = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        let server = words.next().filter(|word| *word == "nameserver").and(words.next())?;
        server.parse::<Ipv4Addr>().ok().map(|address| SocketAddrV4::new(address, PORT))
    };
    text.lines().filter_map(address).take(SERVERS_MAX).collect()
}

/// Asks the servers of one configuration, the first that answers.
#[derive(Debug, Clone)]
pub(super) struct Resolver {
    servers: Vec<(Arc<HostPace>, u16)>,
    pace: Arc<Pace>,
    ids: Arc<dyn IdSource>,
}

impl Resolver {
    pub(super) fn new(servers: &[SocketAddrV4], pace: Arc<Pace>, ids: Arc<dyn IdSource>) -> Self {
        let server = |each: &SocketAddrV4| (HostPace::new(*each.ip(), Arc::clone(&pace)), each.port());
        Self { servers: servers.iter().take(SERVERS_MAX).map(server).collect(), pace, ids }
    }

    /// The answer to one question; `None` when nobody gives one.
    pub(super) async fn ask(&self, name: &str, kind: u16) -> Option<Message> {
        for (host, port) in &self.servers {
            for _ in 0..TRIES {
                match self.ask_server(host, *port, name, kind).await {
                    Some(answer) if answer.flags.truncated => {
                        return self.ask_by_stream(host, *port, name, kind).await.or(Some(answer));
                    }
                    Some(answer) if answer.flags.rcode != dns::rcode::SERVER_FAILURE => return Some(answer),
                    _ => {}
                }
            }
        }
        None
    }

    async fn ask_server(&self, host: &HostPace, port: u16, name: &str, kind: u16) -> Option<Message> {
        let (socket, _permit) = host.datagram(port).await?;
        let id = self.number();
        host.depart().await;
        socket.send(&dns::question(id, name, kind, class::INTERNET, true)).await.ok()?;
        let until = Instant::now() + PATIENCE;
        let mut bytes = vec![0; DATAGRAM_BYTES];
        loop {
            let count = timeout_at(until, socket.recv(&mut bytes)).await.ok()?.ok()?;
            let answer = dns::answer(bytes.get(..count).unwrap_or_default(), id);
            // Anything else is not ours: another's guess, or a late answer to another question.
            if let Ok(answer) = answer.map_err(drop)
                && answer.questions.iter().all(|question| question.kind == kind)
            {
                return Some(answer);
            }
        }
    }

    async fn ask_by_stream(&self, host: &HostPace, port: u16, name: &str, kind: u16) -> Option<Message> {
        let id = self.number();
        let mut question =
            QuestionConversation::new(id, &dns::question(id, name, kind, class::INTERNET, true));
        let mut stream = Stream::connect(host, port).await?;
        stream.converse(&mut question, STREAM_PATIENCE, Instant::now() + TRANSFER_TIME_MAX).await;
        question.finish()
    }

    /// Asks the name server at `address` for a whole zone. `None` when it cannot be asked.
    pub(super) async fn transfer(&self, address: SocketAddr, zone: &str) -> Option<TransferConversation> {
        let SocketAddr::V4(address) = address else { return None };
        let host = HostPace::new(*address.ip(), Arc::clone(&self.pace));
        let mut conversation = TransferConversation::new(zone, self.number());
        let mut stream = Stream::connect(&host, address.port()).await?;
        stream.converse(&mut conversation, STREAM_PATIENCE, Instant::now() + TRANSFER_TIME_MAX).await;
        Some(conversation)
    }

    /// A number nobody else can guess, to know answers by.
    pub(super) fn number(&self) -> u16 {
        let mut bytes = [0; 2];
        self.ids.fill(&mut bytes);
        u16::from_be_bytes(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_servers_are_read_from_its_file() {
        let text = "# nameserver 10.0.0.9\nsearch lab.test\nnameserver 10.0.0.1\nnameserver ::1\n\
                    nameserver\nnameserver 10.0.0.2 # two\nnameserver 10.0.0.3\nnameserver 10.0.0.4\n";
        let found: Vec<String> = resolvers_in(text).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["10.0.0.1:53", "10.0.0.2:53", "10.0.0.3:53"]);
    }
}
