//! One connection to an SSH server, as far as its host key.

use palisade_model::fact::SshHostKey;

use super::algorithms::{Method, PublicValue, group_element, method};
use super::host_key::parse_host_key;
use super::identification::{Identification, OWN_IDENTIFICATION};
use super::key_exchange::{KeyExchangeInit, MESSAGE_KEY_EXCHANGE_INIT};
use super::packet::{encode_packet, put_string, put_u32, read_packet, read_string};
use crate::reader::{Malformed, Reader};

const MESSAGE_DISCONNECT: u8 = 1;
const MESSAGE_KEY_EXCHANGE_FIRST: u8 = 30;
const MESSAGE_KEY_EXCHANGE_REPLY: u8 = 31;
const MESSAGE_GROUP_INIT: u8 = 32;
const MESSAGE_GROUP_REPLY: u8 = 33;
const MESSAGE_GROUP_REQUEST: u8 = 34;
/// A whole conversation may be this long.
const STREAM_BYTES_MAX: usize = 256 << 10;

/// What to do next on the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Read on.
    NeedMore,
    /// Write these bytes, then read on.
    Send(Vec<u8>),
    /// Nothing more is to be learnt: close.
    Done,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Identification,
    KeyExchangeInit,
    Group,
    /// Waits for the message of this number.
    Reply(u8),
    Done,
}

/// One connection. Feed it what arrives; it speaks once the server has identified itself.
#[derive(Debug, Clone)]
pub struct Conversation {
    offer: KeyExchangeInit,
    state: State,
    pending: Vec<u8>,
    taken_bytes: usize,
    pub(super) identification: Option<Identification>,
    pub(super) server: Option<KeyExchangeInit>,
    pub(super) host_key: Option<SshHostKey>,
    malformed: Option<Malformed>,
}

impl Conversation {
    pub(super) fn new(cookie: [u8; 16], host_key_algorithms: &[&str]) -> Self {
        Self {
            offer: KeyExchangeInit::offer(cookie, host_key_algorithms),
            state: State::Identification,
            pending: Vec::new(),
            taken_bytes: 0,
            identification: None,
            server: None,
            host_key: None,
            malformed: None,
        }
    }

    /// Takes bytes as they arrived. After `Done` further bytes are ignored.
    pub fn feed(&mut self, bytes: &[u8]) -> Step {
        let room = STREAM_BYTES_MAX.saturating_sub(self.taken_bytes);
        let taken = bytes.get(..room).unwrap_or(bytes);
        self.taken_bytes += taken.len();
        self.pending.extend_from_slice(taken);
        let mut out = Vec::new();
        let mut progress = Ok(());
        while self.state != State::Done && progress.is_ok() {
            progress = self.advance(&mut out);
        }
        match progress {
            Ok(()) => {}
            Err(Malformed::Truncated) if bytes.len() <= room => {}
            Err(error) => self.end(Some(error)),
        }
        match (self.state, out.is_empty()) {
            (State::Done, _) => Step::Done,
            (_, false) => Step::Send(out),
            (_, true) => Step::NeedMore,
        }
    }

    /// Nothing more will be learnt.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// The server's identification line, once it came.
    #[must_use]
    pub const fn identification(&self) -> Option<&Identification> {
        self.identification.as_ref()
    }

    /// Why the conversation ended early, if the server sent something it should not.
    #[must_use]
    pub const fn malformed(&self) -> Option<Malformed> {
        self.malformed
    }

    /// Does one thing with what is pending; `Truncated` when that needs more bytes.
    fn advance(&mut self, out: &mut Vec<u8>) -> Result<(), Malformed> {
        if self.state == State::Identification {
            let (identification, length) = Identification::read(&self.pending)?;
            self.pending.drain(..length);
            if identification.offers_protocol_2() {
                out.extend_from_slice(OWN_IDENTIFICATION);
                out.extend(encode_packet(&self.offer.to_payload()));
                self.state = State::KeyExchangeInit;
            } else {
                self.end(None);
            }
            self.identification = Some(identification);
            return Ok(());
        }
        let (payload, length) = read_packet(&self.pending)?;
        let payload = payload.to_vec();
        self.pending.drain(..length);
        // A packet is whole here: what ends early in it is malformed.
        self.take_packet(&payload, out)
            .map_err(|error| if error == Malformed::Truncated { Malformed::Length } else { error })
    }

    fn take_packet(&mut self, payload: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
        let mut reader = Reader::new(payload);
        let number = reader.u8()?;
        match (self.state, number) {
            (_, MESSAGE_DISCONNECT) => self.end(None),
            (State::KeyExchangeInit, MESSAGE_KEY_EXCHANGE_INIT) => {
                let server = KeyExchangeInit::parse(payload)?;
                self.start(&server, out);
                self.server = Some(server);
            }
            (State::Group, MESSAGE_KEY_EXCHANGE_REPLY) => {
                let _prime = read_string(&mut reader)?;
                let mut init = vec![MESSAGE_GROUP_INIT];
                put_string(&mut init, &group_element());
                out.extend(encode_packet(&init));
                self.state = State::Reply(MESSAGE_GROUP_REPLY);
            }
            (State::Reply(expected), number) if number == expected => {
                self.host_key = Some(parse_host_key(read_string(&mut reader)?)?);
                self.end(None);
            }
            // Debug and ignore messages, and messages sent on a wrong guess.
            _ => {}
        }
        Ok(())
    }

    /// Starts the key exchange that follows from both lists, if there is one that can be started.
    fn start(&mut self, server: &KeyExchangeInit, out: &mut Vec<u8>) {
        let agreed = self.offer.agreed_host_key(server).and_then(|_| self.offer.agreed_key_exchange(server));
        match agreed.and_then(method) {
            Some(Method::Direct(value)) => {
                out.extend(encode_packet(&direct(value)));
                self.state = State::Reply(MESSAGE_KEY_EXCHANGE_REPLY);
            }
            Some(Method::GroupExchange) => {
                let mut request = vec![MESSAGE_GROUP_REQUEST];
                for bits in [1024, 2048, 8192] {
                    put_u32(&mut request, bits);
                }
                out.extend(encode_packet(&request));
                self.state = State::Group;
            }
            None => self.end(None),
        }
    }

    fn end(&mut self, malformed: Option<Malformed>) {
        self.malformed = malformed;
        self.state = State::Done;
    }
}

fn direct(value: PublicValue) -> Vec<u8> {
    let mut init = vec![MESSAGE_KEY_EXCHANGE_FIRST];
    init.extend(value.to_field());
    init
}
