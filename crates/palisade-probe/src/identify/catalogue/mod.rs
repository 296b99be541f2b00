//! The catalogue: protocols that are told by one greeting, or by the answer to one question.
//!
//! A family of protocols is a file: for each a row (its name, its ports, its question) and a reader
//! that takes an answer apart. Readers are strict, because an answer may come from anything: they
//! check lengths, identifiers and echoes of what was asked, and say `None` when in doubt.
//!
//! Questions are harmless: they ask who is there, log nobody in, change nothing, print nothing.
//! Protocols that are held in longer conversations (mail, files, directories) are not here, nor
//! are those that say nothing to a stranger at all (WireGuard, collectd, syslog).

mod application;
mod database;
mod datagram;
mod details;
mod household;
mod industrial;
mod message;
mod office;
mod row;
mod terminal;
mod tunnel;

use palisade_model::Transport;

pub use details::Details;
pub use row::Protocol;

const FAMILIES: &[&[Protocol]] = &[
    application::PROTOCOLS,
    database::PROTOCOLS,
    datagram::PROTOCOLS,
    household::PROTOCOLS,
    industrial::PROTOCOLS,
    message::PROTOCOLS,
    office::PROTOCOLS,
    terminal::PROTOCOLS,
    tunnel::PROTOCOLS,
];

/// All protocols of the catalogue.
pub fn protocols() -> impl Iterator<Item = &'static Protocol> {
    FAMILIES.iter().copied().flatten()
}

/// The protocol of that name over that transport.
#[must_use]
pub fn protocol(name: &str, transport: Transport) -> Option<&'static Protocol> {
    protocols().find(|protocol| protocol.name == name && protocol.transport == transport)
}

/// Protocols usually found on this port.
pub fn usual_on(port: u16, transport: Transport) -> impl Iterator<Item = &'static Protocol> {
    protocols().filter(move |protocol| protocol.transport == transport && protocol.ports.contains(&port))
}

/// Reads what came back when `asked` (a protocol's name, or anything else) was asked over TCP.
#[must_use]
pub fn read(asked: &str, received: &[u8]) -> Option<(&'static str, Details)> {
    let own = protocol(asked, Transport::Tcp);
    let telling = protocols().filter(|each| each.transport == Transport::Tcp && each.is_telling());
    own.into_iter()
        .chain(telling)
        .find_map(|protocol| protocol.read(received).map(|details| (protocol.name, details)))
}

#[cfg(test)]
mod tests;
