//! Reads what a server sends after a client hello, as it comes in.
//!
//! Bytes may arrive in any pieces, handshake messages may be cut over records, and the parser
//! stops by itself when the server waits for the client, so the connection can be closed. What is
//! encrypted (everything after the hello of TLS 1.3) is not read.

use super::server_hello::{parse_certificates, signature_algorithm};
use super::sslv2::{self, Ssl2ServerHello};
use super::suite::describe_suite;
use super::{KeyExchange, ServerHello, Version};
use crate::reader::{Malformed, Reader};

/// A handshake message may be this long.
const MESSAGE_BYTES_MAX: usize = 64 << 10;
/// A whole flight may be this long.
const FLIGHT_BYTES_MAX: usize = 256 << 10;
/// TLS allows 16 KiB and 2 KiB of expansion.
const RECORD_BYTES_MAX: usize = (16 << 10) + (2 << 10);
/// What is kept of an answer that is no TLS.
const FOREIGN_BYTES_MAX: usize = 256;

const RECORD_ALERT: u8 = 21;
const RECORD_HANDSHAKE: u8 = 22;
const MESSAGE_SERVER_HELLO: u8 = 2;
const MESSAGE_CERTIFICATE: u8 = 11;
const MESSAGE_SERVER_KEY_EXCHANGE: u8 = 12;
const MESSAGE_CERTIFICATE_REQUEST: u8 = 13;
const MESSAGE_SERVER_HELLO_DONE: u8 = 14;
const MESSAGE_CERTIFICATE_STATUS: u8 = 22;
const ALERT_FATAL: u8 = 2;

/// Whether to read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    NeedMore,
    /// Nothing more is to be learnt on this connection; take [`ServerFlight::into_flight`].
    Done,
}

/// An alert, as sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alert {
    /// 1 is a warning, 2 is fatal.
    pub level: u8,
    pub description: u8,
}

impl Alert {
    pub const BAD_RECORD_MAC: u8 = 20;
    pub const DECRYPTION_FAILED: u8 = 21;
    pub const RECORD_OVERFLOW: u8 = 22;
    pub const HANDSHAKE_FAILURE: u8 = 40;
    pub const PROTOCOL_VERSION: u8 = 70;
    pub const INSUFFICIENT_SECURITY: u8 = 71;
    pub const INAPPROPRIATE_FALLBACK: u8 = 86;
    pub const UNRECOGNIZED_NAME: u8 = 112;
}

/// Everything read of a server's first flight; after an early end, what was read until then.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Flight {
    pub hello: Option<ServerHello>,
    /// An SSLv2 server's hello, which says everything in one message.
    pub ssl2: Option<Ssl2ServerHello>,
    /// DER, the server's own first. Empty with TLS 1.3, where it is encrypted: see
    /// [`Flight::certificates_encrypted`].
    pub certificates: Vec<Vec<u8>>,
    pub key_exchange: Option<KeyExchange>,
    /// What the key exchange is signed with (TLS 1.2).
    pub signature_algorithm: Option<u16>,
    /// A stapled OCSP response came (TLS 1.2 and older).
    pub certificate_status: bool,
    /// The server asks the client for a certificate (TLS 1.2 and older).
    pub certificate_requested: bool,
    /// The alert that ended the flight, or the last warning.
    pub alert: Option<Alert>,
    /// The flight came to its proper end: hello done, or the hello of TLS 1.3 or SSLv2.
    pub complete: bool,
    /// Why it could not be read to its end.
    pub malformed: Option<Malformed>,
    /// The start of an answer that is not TLS at all.
    pub foreign: Vec<u8>,
}

impl Flight {
    /// Something in it was TLS or SSL: a hello or an alert.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.hello.is_some() || self.ssl2.is_some() || self.alert.is_some()
    }

    /// Nothing at all arrived.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The server negotiated TLS 1.3: its certificate is encrypted and has to be fetched with a
    /// real client.
    #[must_use]
    pub fn certificates_encrypted(&self) -> bool {
        self.hello.as_ref().is_some_and(|hello| hello.version_number >= Version::Tls13.number())
    }
}

/// How the stream is framed; known after its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Unknown,
    Records,
    Ssl2,
}

/// The incremental parser of one connection.
#[derive(Debug, Clone)]
pub struct ServerFlight {
    /// Bytes of a record that is not whole yet.
    pending: Vec<u8>,
    /// Bytes of a handshake message that is not whole yet.
    message: Vec<u8>,
    framing: Framing,
    taken_bytes: usize,
    done: bool,
    flight: Flight,
}

impl Default for ServerFlight {
    fn default() -> Self {
        Self::new()
    }
}

impl ServerFlight {
    #[must_use]
    pub fn new() -> Self {
        Self {
            pending: Vec::new(),
            message: Vec::new(),
            framing: Framing::Unknown,
            taken_bytes: 0,
            done: false,
            flight: Flight::default(),
        }
    }

    /// Takes bytes as they arrived. After `Done` further bytes are ignored.
    pub fn feed(&mut self, bytes: &[u8]) -> Progress {
        if !self.done {
            let room = FLIGHT_BYTES_MAX.saturating_sub(self.taken_bytes);
            let taken = bytes.get(..room).unwrap_or(bytes);
            self.taken_bytes += taken.len();
            self.pending.extend_from_slice(taken);
            self.advance();
            if !self.done && bytes.len() > room {
                self.fail(Malformed::TooLong);
            }
        }
        if self.done { Progress::Done } else { Progress::NeedMore }
    }

    /// What was read. When the connection ended before `Done`, what came until then; bytes too few
    /// to tell any protocol are in [`Flight::foreign`].
    #[must_use]
    pub fn into_flight(mut self) -> Flight {
        if self.framing == Framing::Unknown && !self.done {
            self.keep_foreign();
        } else if !self.done && self.flight.malformed.is_none() && self.taken_bytes > 0 {
            self.flight.malformed = Some(Malformed::Truncated);
        }
        self.flight
    }

    fn advance(&mut self) {
        if self.framing == Framing::Unknown {
            self.framing = match frame_of(&self.pending) {
                Some(Framing::Unknown) => return,
                Some(framing) => framing,
                None => {
                    self.keep_foreign();
                    return self.fail(Malformed::OtherProtocol);
                }
            };
        }
        match self.framing {
            Framing::Unknown => {}
            Framing::Records => self.advance_records(),
            Framing::Ssl2 => self.advance_ssl2(),
        }
    }

    fn advance_ssl2(&mut self) {
        match sslv2::parse_answer(&self.pending) {
            Ok(Some(hello)) => {
                if !hello.certificate.is_empty() {
                    self.flight.certificates = vec![hello.certificate.clone()];
                }
                self.flight.ssl2 = Some(hello);
                self.flight.complete = true;
                self.done = true;
            }
            Ok(None) => {
                self.flight.alert = Some(Alert { level: ALERT_FATAL, description: Alert::HANDSHAKE_FAILURE });
                self.done = true;
            }
            Err(Malformed::Truncated) => {}
            Err(error) => {
                self.keep_foreign();
                self.fail(error);
            }
        }
    }

    fn advance_records(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        let mut reader = Reader::new(&pending);
        while !self.done {
            let mark = reader.clone();
            match read_record(&mut reader) {
                Ok((kind, body)) => self.take_record(kind, body),
                Err(Malformed::Truncated) => {
                    self.pending = mark.clone().rest().to_vec();
                    return;
                }
                Err(error) => return self.fail(error),
            }
        }
    }

    fn take_record(&mut self, kind: u8, body: &[u8]) {
        match kind {
            RECORD_HANDSHAKE => {
                if self.message.len() + body.len() > MESSAGE_BYTES_MAX + RECORD_BYTES_MAX {
                    return self.fail(Malformed::TooLong);
                }
                self.message.extend_from_slice(body);
                self.advance_messages();
            }
            RECORD_ALERT => match *body {
                [level @ (1 | ALERT_FATAL), description] => {
                    self.flight.alert = Some(Alert { level, description });
                    // Warnings (an unrecognised name, say) precede a hello that still comes.
                    self.done = level != 1 || description == 0;
                }
                _ => self.fail(Malformed::Value),
            },
            // A change of ciphers or encrypted data: nothing further can be read.
            _ => self.fail(Malformed::Value),
        }
    }

    fn advance_messages(&mut self) {
        let buffer = std::mem::take(&mut self.message);
        let mut reader = Reader::new(&buffer);
        while !self.done {
            let mark = reader.clone();
            match read_message(&mut reader) {
                Ok((kind, body)) => {
                    if let Err(error) = self.take_message(kind, body) {
                        // A message is whole here: what ends early in it is malformed.
                        return self.fail(if error == Malformed::Truncated {
                            Malformed::Length
                        } else {
                            error
                        });
                    }
                }
                Err(Malformed::Truncated) => {
                    self.message = mark.clone().rest().to_vec();
                    return;
                }
                Err(error) => return self.fail(error),
            }
        }
    }

    fn take_message(&mut self, kind: u8, body: &[u8]) -> Result<(), Malformed> {
        match kind {
            MESSAGE_SERVER_HELLO => {
                let hello = ServerHello::parse(body)?;
                if hello.version_number >= Version::Tls13.number() {
                    self.flight.complete = true;
                    self.done = true;
                }
                self.flight.hello = Some(hello);
            }
            MESSAGE_CERTIFICATE => self.flight.certificates = parse_certificates(body)?,
            MESSAGE_CERTIFICATE_STATUS => self.flight.certificate_status = true,
            MESSAGE_SERVER_KEY_EXCHANGE => {
                let hello = self.flight.hello.as_ref().ok_or(Malformed::Value)?;
                let suite = describe_suite(Version::Tls12, hello.suite);
                if hello.version() == Some(Version::Tls12) {
                    // Some leave it out; what is of interest comes before it.
                    self.flight.signature_algorithm =
                        signature_algorithm(body, &suite.key_exchange, &suite.authentication).unwrap_or(None);
                }
                self.flight.key_exchange =
                    KeyExchange::parse(body, &suite.key_exchange, &suite.authentication)?;
            }
            MESSAGE_CERTIFICATE_REQUEST => self.flight.certificate_requested = true,
            MESSAGE_SERVER_HELLO_DONE => {
                self.flight.complete = self.flight.hello.is_some();
                self.done = true;
            }
            // Hello requests and whatever else is allowed to be ignored.
            _ => {}
        }
        Ok(())
    }

    fn fail(&mut self, error: Malformed) {
        self.flight.malformed = Some(error);
        self.done = true;
    }

    fn keep_foreign(&mut self) {
        self.flight.foreign = self.pending.iter().copied().take(FOREIGN_BYTES_MAX).collect();
    }
}

/// `None` is another protocol, `Unknown` is too few bytes to tell.
fn frame_of(bytes: &[u8]) -> Option<Framing> {
    match bytes {
        // Some servers say version 0 in alerts before one is agreed.
        [RECORD_HANDSHAKE | RECORD_ALERT, 3, ..] | [RECORD_ALERT, 0, 0, 0, 2, ..] => Some(Framing::Records),
        []
        | [RECORD_ALERT | RECORD_HANDSHAKE]
        | [RECORD_ALERT, 0]
        | [RECORD_ALERT, 0, 0]
        | [RECORD_ALERT, 0, 0, 0] => Some(Framing::Unknown),
        _ if sslv2::looks_like_answer(bytes) => {
            Some(if bytes.len() < 4 { Framing::Unknown } else { Framing::Ssl2 })
        }
        _ => None,
    }
}

fn read_record<'a>(reader: &mut Reader<'a>) -> Result<(u8, &'a [u8]), Malformed> {
    let kind = reader.u8()?;
    if !(20..=24).contains(&kind) {
        return Err(Malformed::Value);
    }
    let _version = reader.u16()?;
    let length = usize::from(reader.u16()?);
    if length > RECORD_BYTES_MAX {
        return Err(Malformed::TooLong);
    }
    Ok((kind, reader.take(length)?))
}

fn read_message<'a>(reader: &mut Reader<'a>) -> Result<(u8, &'a [u8]), Malformed> {
    let kind = reader.u8()?;
    let length = usize::try_from(reader.u24()?).map_err(|_| Malformed::Length)?;
    if length > MESSAGE_BYTES_MAX {
        return Err(Malformed::TooLong);
    }
    Ok((kind, reader.take(length)?))
}
