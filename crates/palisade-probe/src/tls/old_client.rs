//! A client of TLS 1.0 to 1.2 with the RSA key exchange and AES in CBC mode, for servers that speak
//! nothing newer: no library does it any more, and what stands behind such TLS has to be looked at.
//!
//! It gives no security and must not be used for anything but looking: certificates, signatures, and
//! what protects records and the handshake against changes are not verified. The scanner would take
//! the same answers in plain text. Deliberately absent: SSLv3, Diffie-Hellman, resumption.

use num_bigint::BigUint;

use super::old_cipher::{Direction, Padding, Prf};
use super::server_hello::parse_certificates;
use super::trial::{rsa_key, wrap};
use super::{Alert, ClientHello, ServerHello, Version};
use crate::reader::{Malformed, Reader};

/// TLS_RSA_WITH_AES_{128,256}_CBC_{SHA,SHA256}: number, bytes of the key, hash of the MAC is SHA-256.
const SUITES: [(u16, usize, bool); 4] =
    [(0x002f, 16, false), (0x0035, 32, false), (0x003c, 16, true), (0x003d, 32, true)];
const SUITE_NUMBERS: [u16; 4] = [0x002f, 0x0035, 0x003c, 0x003d];
/// A ticket longer than this is not kept.
const TICKET_BYTES_MAX: usize = 4 << 10;
/// A handshake message may be this long.
const MESSAGE_BYTES_MAX: usize = 64 << 10;
const RECORD_BYTES_MAX: usize = (16 << 10) + (2 << 10);
/// What one record of ours carries.
const SENDING_BYTES_MAX: usize = 8 << 10;

pub(super) const CIPHER_CHANGE: u8 = 20;
pub(super) const ALERT: u8 = 21;
/// The alert with which a side ends.
const CLOSE_NOTIFY: [u8; 2] = [1, 0];
pub(super) const HANDSHAKE: u8 = 22;
const DATA: u8 = 23;

const HELLO_REQUEST: u8 = 0;
pub(super) const SERVER_HELLO: u8 = 2;
const NEW_SESSION_TICKET: u8 = 4;
const CERTIFICATE: u8 = 11;
const CERTIFICATE_REQUEST: u8 = 13;
const SERVER_HELLO_DONE: u8 = 14;
const CLIENT_KEY_EXCHANGE: u8 = 16;
const FINISHED: u8 = 20;
const CERTIFICATE_STATUS: u8 = 22;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The server's first flight is awaited.
    Flight,
    /// Its end of the handshake is awaited.
    Finishing,
    Open,
    /// The server said good-bye.
    Closed,
}

/// How a client goes about its handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    Usual,
    WantsTicket,
    /// Its last message is padded wrongly.
    WrongPadding,
    /// Its last message is padding and nothing else.
    PaddingAlone,
}

/// Whether the client speaks this suite.
pub(super) fn is_spoken(suite: u16) -> bool {
    SUITE_NUMBERS.contains(&suite)
}

/// One side of one connection.
#[derive(Debug, Clone)]
pub struct OldClient {
    state: State,
    random: [u8; 32],
    secret: [u8; 48],
    hello: Option<ServerHello>,
    key: Option<(BigUint, BigUint)>,
    chain: Vec<Vec<u8>>,
    certificate_requested: bool,
    /// Every handshake message so far.
    transcript: Vec<u8>,
    /// Bytes of a record that is not whole yet.
    pending: Vec<u8>,
    /// Bytes of a handshake message that is not whole yet.
    message: Vec<u8>,
    sending: Option<Direction>,
    receiving: Option<Direction>,
    /// What the server sends is encrypted.
    receives_encrypted: bool,
    manner: Manner,
    server_name: Option<String>,
    /// The last one that came.
    alert: Option<Alert>,
    /// What the client's part of the handshake ended with.
    verify_data: Vec<u8>,
    ticket: Vec<u8>,
    begins_again: bool,
}

impl OldClient {
    /// A client, and the hello it begins with. `server_name` is a host name; `seed` any bytes.
    #[must_use]
    pub fn new(server_name: Option<&str>, seed: [u8; 32]) -> (Self, Vec<u8>) {
        Self::with_manner(server_name, seed, Manner::Usual)
    }

    /// One that does otherwise than a client should, or more.
    pub(super) fn with_manner(server_name: Option<&str>, seed: [u8; 32], manner: Manner) -> (Self, Vec<u8>) {
        let hello = ClientHello { session_ticket: manner == Manner::WantsTicket, ..hello(server_name, seed) };
        let bytes = hello.to_bytes();
        let mut secret = [0; 48];
        secret.iter_mut().zip(seed.iter().chain(&seed)).for_each(|(to, from)| *to = from.rotate_left(3));
        // The version of the hello, so that nobody can change it unnoticed.
        [secret[0], secret[1]] = Version::Tls12.number().to_be_bytes();
        let client = Self {
            state: State::Flight,
            random: seed,
            secret,
            hello: None,
            key: None,
            chain: Vec::new(),
            certificate_requested: false,
            transcript: bytes.get(5..).unwrap_or_default().to_vec(),
            pending: Vec::new(),
            message: Vec::new(),
            sending: None,
            receiving: None,
            receives_encrypted: false,
            manner,
            server_name: server_name.map(str::to_owned),
            alert: None,
            verify_data: Vec::new(),
            ticket: Vec::new(),
            begins_again: false,
        };
        (client, bytes)
    }

    /// The handshake is over: [`OldClient::seal`] may be used.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// The server said that nothing more will come.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// The client's part of the handshake is over.
    pub(super) fn has_finished(&self) -> bool {
        matches!(self.state, State::Finishing | State::Open)
    }

    #[cfg(test)]
    pub(super) const fn secret(&self) -> &[u8; 48] {
        &self.secret
    }

    pub(super) const fn alert(&self) -> Option<Alert> {
        self.alert
    }

    /// The server answered [`OldClient::begin_again`] with a hello.
    pub(super) const fn begins_again(&self) -> bool {
        self.begins_again
    }

    /// The ticket that was handed out, if one was.
    pub(super) fn ticket(&self) -> Option<&[u8]> {
        Some(self.ticket.as_slice()).filter(|ticket| !ticket.is_empty())
    }

    /// The hello of a client that comes back with a ticket.
    pub(super) fn hello_with(&self, ticket: &[u8], session_id: &[u8]) -> Vec<u8> {
        let hello = hello(self.server_name.as_deref(), self.random);
        ClientHello { session_id, session_ticket: true, ticket, ..hello }.to_bytes()
    }

    /// The wish to do the handshake again, as RFC 5746 has it, and the end of all talk right behind it:
    /// a server that passes over wishes ends at once, and who grants them answers this one first.
    /// Nothing before [`OldClient::is_open`].
    pub(super) fn begin_again(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        if self.state == State::Open {
            let hello = hello(self.server_name.as_deref(), self.random);
            let bytes = ClientHello { verify_data: &self.verify_data, ..hello }.to_bytes();
            self.write_record(HANDSHAKE, bytes.get(5..).unwrap_or_default(), Padding::Right, &mut out);
            self.write_record(ALERT, &CLOSE_NOTIFY, Padding::Right, &mut out);
        }
        out
    }

    /// DER, the server's own first.
    #[must_use]
    pub fn certificates(&self) -> &[Vec<u8>] {
        &self.chain
    }

    /// Takes bytes as they arrived. What is to be sent back is added to `reply`, what the service
    /// said to `received`.
    pub fn feed(
        &mut self,
        bytes: &[u8],
        reply: &mut Vec<u8>,
        received: &mut Vec<u8>,
    ) -> Result<(), Malformed> {
        self.pending.extend_from_slice(bytes);
        let pending = std::mem::take(&mut self.pending);
        let mut reader = Reader::new(&pending);
        loop {
            let mark = reader.clone();
            match read_record(&mut reader) {
                Ok((kind, body)) => self.take_record(kind, body, reply, received)?,
                Err(Malformed::Truncated) => {
                    self.pending = mark.clone().rest().to_vec();
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// What the service is to hear, as records. Nothing before [`OldClient::is_open`].
    pub fn seal(&mut self, data: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        if self.state == State::Open {
            for piece in data.chunks(SENDING_BYTES_MAX) {
                self.write_record(DATA, piece, Padding::Right, &mut out);
            }
        }
        out
    }

    fn take_record(
        &mut self,
        kind: u8,
        body: &[u8],
        reply: &mut Vec<u8>,
        received: &mut Vec<u8>,
    ) -> Result<(), Malformed> {
        let opened;
        let body = if self.receives_encrypted {
            opened = self.receiving.as_mut().ok_or(Malformed::Value)?.open(body)?;
            opened.as_slice()
        } else {
            body
        };
        if let (ALERT, [level, description]) = (kind, body) {
            self.alert = Some(Alert { level: *level, description: *description });
        }
        match (kind, self.state) {
            (HANDSHAKE, _) => {
                if self.message.len() + body.len() > MESSAGE_BYTES_MAX + RECORD_BYTES_MAX {
                    return Err(Malformed::TooLong);
                }
                self.message.extend_from_slice(body);
                self.take_messages(reply)
            }
            (CIPHER_CHANGE, State::Finishing) => {
                self.receives_encrypted = true;
                Ok(())
            }
            (DATA, State::Open) if self.receives_encrypted => {
                received.extend_from_slice(body);
                Ok(())
            }
            // Warnings but the good-bye say nothing that matters here.
            (ALERT, _) => match body {
                [1, description] if *description != 0 => Ok(()),
                [1, 0] => {
                    self.state = State::Closed;
                    Ok(())
                }
                _ => Err(Malformed::Value),
            },
            _ => Err(Malformed::Value),
        }
    }

    fn take_messages(&mut self, reply: &mut Vec<u8>) -> Result<(), Malformed> {
        let buffer = std::mem::take(&mut self.message);
        let mut reader = Reader::new(&buffer);
        loop {
            let mark = reader.clone();
            let Ok((kind, body)) = read_message(&mut reader) else {
                let mut rest = mark;
                self.message = rest.rest().to_vec();
                return if self.message.len() > MESSAGE_BYTES_MAX { Err(Malformed::TooLong) } else { Ok(()) };
            };
            if kind != HELLO_REQUEST && self.state != State::Open {
                put_message(&mut self.transcript, kind, body);
            }
            self.take_message(kind, body, reply)?;
        }
    }

    fn take_message(&mut self, kind: u8, body: &[u8], reply: &mut Vec<u8>) -> Result<(), Malformed> {
        match (kind, self.state) {
            (SERVER_HELLO, State::Flight) => {
                let hello = ServerHello::parse(body)?;
                let spoken =
                    matches!(hello.version(), Some(Version::Tls10 | Version::Tls11 | Version::Tls12));
                if !spoken || !SUITES.iter().any(|(id, _, _)| *id == hello.suite) || hello.compression != 0 {
                    return Err(Malformed::Value);
                }
                self.hello = Some(hello);
            }
            (CERTIFICATE, State::Flight) => {
                self.chain = parse_certificates(body)?;
                self.key = self.chain.first().and_then(|leaf| rsa_key(leaf));
            }
            (CERTIFICATE_REQUEST, State::Flight) => self.certificate_requested = true,
            (SERVER_HELLO_DONE, State::Flight) => self.exchange_keys(reply)?,
            (FINISHED, State::Finishing) if self.receives_encrypted => self.state = State::Open,
            (NEW_SESSION_TICKET, State::Finishing) => {
                let mut reader = Reader::new(body);
                reader.take(4)?;
                let length = usize::from(reader.u16()?);
                let ticket = reader.take(length)?;
                if ticket.len() <= TICKET_BYTES_MAX {
                    self.ticket = ticket.to_vec();
                }
            }
            (SERVER_HELLO, State::Open) => self.begins_again = true,
            // Requests to begin again are not followed; stapled responses not needed.
            (_, State::Open) | (HELLO_REQUEST | NEW_SESSION_TICKET | CERTIFICATE_STATUS, _) => {}
            _ => return Err(Malformed::Value),
        }
        Ok(())
    }

    /// The client's part of the handshake, all at once.
    fn exchange_keys(&mut self, reply: &mut Vec<u8>) -> Result<(), Malformed> {
        let hello = self.hello.clone().ok_or(Malformed::Value)?;
        let key = self.key.take().ok_or(Malformed::Value)?;
        let version = hello.version().ok_or(Malformed::Value)?;
        let (_, key_bytes, sha256) =
            SUITES.into_iter().find(|(id, _, _)| *id == hello.suite).ok_or(Malformed::Value)?;
        let mut messages = Vec::new();
        if self.certificate_requested {
            // There is none.
            put_message(&mut messages, CERTIFICATE, &[0, 0, 0]);
        }
        let wrapped = wrap(&key, &self.secret, self.random);
        let mut body = u16::try_from(wrapped.len()).unwrap_or_default().to_be_bytes().to_vec();
        body.extend(wrapped);
        put_message(&mut messages, CLIENT_KEY_EXCHANGE, &body);
        self.transcript.extend_from_slice(&messages);
        put_record(reply, HANDSHAKE, version, &messages);
        put_record(reply, CIPHER_CHANGE, version, &[1]);

        let prf = Prf::of(version);
        let both = [self.random, hello.random].concat();
        let master = prf.bytes(&self.secret, b"master secret", &both, 48);
        let [sending, receiving] = Direction::pair(
            version,
            &master,
            &[hello.random, self.random].concat(),
            key_bytes,
            sha256,
            self.random,
        );
        (self.sending, self.receiving) = (Some(sending), Some(receiving));
        let digest = prf.digest(&self.transcript);
        let mut finished = Vec::new();
        self.verify_data = prf.bytes(&master, b"client finished", &digest, 12);
        put_message(&mut finished, FINISHED, &self.verify_data);
        self.transcript.extend_from_slice(&finished);
        let padding = match self.manner {
            Manner::Usual | Manner::WantsTicket => Padding::Right,
            Manner::WrongPadding => Padding::Wrong,
            Manner::PaddingAlone => Padding::Alone,
        };
        self.write_record(HANDSHAKE, &finished, padding, reply);
        self.state = State::Finishing;
        Ok(())
    }

    fn write_record(&mut self, kind: u8, body: &[u8], padding: Padding, out: &mut Vec<u8>) {
        let version = self.hello.as_ref().and_then(ServerHello::version).unwrap_or(Version::Tls10);
        if let Some(sending) = &mut self.sending {
            let sealed = sending.seal(kind, version, body, padding);
            put_record(out, kind, version, &sealed);
        }
    }
}

/// What the client offers.
fn hello(server_name: Option<&str>, seed: [u8; 32]) -> ClientHello<'_> {
    let mut hello = ClientHello::new(Version::Tls12, &SUITE_NUMBERS, seed);
    hello.server_name = server_name;
    // Both would change how keys are made, or what has to be answered.
    hello.extended_master_secret = false;
    hello.heartbeat = false;
    hello
}

pub(super) fn read_record<'a>(reader: &mut Reader<'a>) -> Result<(u8, &'a [u8]), Malformed> {
    let kind = reader.u8()?;
    if !(CIPHER_CHANGE..=DATA).contains(&kind) {
        return Err(Malformed::OtherProtocol);
    }
    if reader.u8()? != 3 {
        return Err(Malformed::OtherProtocol);
    }
    reader.u8()?;
    let length = usize::from(reader.u16()?);
    if length > RECORD_BYTES_MAX {
        return Err(Malformed::TooLong);
    }
    Ok((kind, reader.take(length)?))
}

pub(super) fn read_message<'a>(reader: &mut Reader<'a>) -> Result<(u8, &'a [u8]), Malformed> {
    let kind = reader.u8()?;
    let length = usize::try_from(reader.u24()?).map_err(|_| Malformed::Length)?;
    Ok((kind, reader.take(length)?))
}

pub(super) fn put_message(out: &mut Vec<u8>, kind: u8, body: &[u8]) {
    out.push(kind);
    let length = u32::try_from(body.len()).unwrap_or_default().to_be_bytes();
    out.extend(length.iter().skip(1));
    out.extend_from_slice(body);
}

pub(super) fn put_record(out: &mut Vec<u8>, kind: u8, version: Version, body: &[u8]) {
    out.push(kind);
    out.extend(version.number().to_be_bytes());
    out.extend(u16::try_from(body.len()).unwrap_or_default().to_be_bytes());
    out.extend_from_slice(body);
}
