//! The messages of a server's first flight: hello, certificate, key exchange.
//!
//! Each function reads the body of one whole handshake message; putting messages together from
//! records is [`super::flight`].

use super::Version;
use crate::reader::{Malformed, Reader};

const EXTENSION_HEARTBEAT: u16 = 15;
const EXTENSION_ALPN: u16 = 16;
const EXTENSION_EXTENDED_MASTER_SECRET: u16 = 23;
const EXTENSION_SESSION_TICKET: u16 = 35;
const EXTENSION_SUPPORTED_VERSIONS: u16 = 43;
const EXTENSION_KEY_SHARE: u16 = 51;
const EXTENSION_RENEGOTIATION_INFO: u16 = 0xff01;

/// A chain longer than this is cut; what is sent in practice is five at most.
const CERTIFICATES_MAX: usize = 32;

/// The random of a server hello that is really a hello retry request (RFC 8446 section 4.1.3).
const RETRY_RANDOM: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2,
    0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// What the server chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerHello {
    /// The negotiated version, from `supported_versions` where it was sent. A raw number, for
    /// servers invent some; see [`ServerHello::version`].
    pub version_number: u16,
    pub random: [u8; 32],
    pub session_id: Vec<u8>,
    pub suite: u16,
    /// 0 is none, 1 is DEFLATE.
    pub compression: u8,
    /// Numbers of all extensions sent, in order.
    pub extensions: Vec<u16>,
    /// The group of the key share (TLS 1.3).
    pub group: Option<u16>,
    /// The application protocol chosen (TLS 1.2 and older).
    pub alpn: Option<Vec<u8>>,
    /// It is a hello retry request.
    pub retry: bool,
}

impl ServerHello {
    /// The negotiated version, where it is one that exists.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        Version::from_number(self.version_number)
    }

    /// Whether an extension of this number was sent.
    #[must_use]
    pub fn has_extension(&self, number: u16) -> bool {
        self.extensions.contains(&number)
    }

    /// RFC 5746.
    #[must_use]
    pub fn secure_renegotiation(&self) -> bool {
        self.has_extension(EXTENSION_RENEGOTIATION_INFO)
    }

    /// RFC 6520.
    #[must_use]
    pub fn heartbeat(&self) -> bool {
        self.has_extension(EXTENSION_HEARTBEAT)
    }

    /// RFC 5077.
    #[must_use]
    pub fn session_ticket(&self) -> bool {
        self.has_extension(EXTENSION_SESSION_TICKET)
    }

    /// RFC 7627.
    #[must_use]
    pub fn extended_master_secret(&self) -> bool {
        self.has_extension(EXTENSION_EXTENDED_MASTER_SECRET)
    }

    /// Reads the body of a server hello or hello retry request.
    pub fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(body);
        let version_number = reader.u16()?;
        let random = reader.array()?;
        let session_id = short(&mut reader)?.to_vec();
        if session_id.len() > 32 {
            return Err(Malformed::Length);
        }
        let mut hello = Self {
            version_number,
            random,
            session_id,
            suite: reader.u16()?,
            compression: reader.u8()?,
            extensions: Vec::new(),
            group: None,
            alpn: None,
            retry: random == RETRY_RANDOM,
        };
        if !reader.is_empty() {
            let length = usize::from(reader.u16()?);
            hello.read_extensions(&mut reader.sub(length)?)?;
        }
        Ok(hello)
    }

    fn read_extensions(&mut self, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        while !reader.is_empty() {
            let number = reader.u16()?;
            let length = usize::from(reader.u16()?);
            let mut body = reader.sub(length)?;
            self.extensions.push(number);
            match number {
                EXTENSION_SUPPORTED_VERSIONS => self.version_number = body.u16()?,
                EXTENSION_ALPN => {
                    body.u16()?;
                    self.alpn = Some(short(&mut body)?.to_vec());
                }
                EXTENSION_KEY_SHARE => self.group = Some(body.u16()?),
                _ => {}
            }
        }
        Ok(())
    }
}

/// How keys are agreed, from the server key exchange message (TLS 1.2 and older).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyExchange {
    /// Finite-field Diffie-Hellman with a prime of this many bits; `family` says which standard it
    /// is from.
    Dh { prime_bits: u32, family: Option<&'static str> },
    /// Elliptic curve; the number of the named group.
    Ecdh { group: u16 },
    /// An export RSA key of this many bits.
    Rsa { modulus_bits: u32 },
}

impl KeyExchange {
    /// Reads the body of a server key exchange message; its form depends on the suite's
    /// key exchange (`DHE`, `ECDHE`, `DH` or `ECDH` anonymous, `RSA` export) and authentication.
    /// `None` for forms that say nothing of interest (PSK hints, SRP).
    pub fn parse(body: &[u8], key_exchange: &str, authentication: &str) -> Result<Option<Self>, Malformed> {
        let mut reader = Reader::new(body);
        if authentication == "PSK" {
            let hint_length = usize::from(reader.u16()?);
            reader.take(hint_length)?;
        }
        match key_exchange {
            "DHE" | "DH" => {
                let prime = long(&mut reader)?;
                Ok(Some(Self::Dh { prime_bits: integer_bits(prime), family: prime_family(prime) }))
            }
            "ECDHE" | "ECDH" => match reader.u8()? {
                3 => Ok(Some(Self::Ecdh { group: reader.u16()? })),
                _ => Ok(None),
            },
            "RSA" if authentication == "RSA" => {
                Ok(Some(Self::Rsa { modulus_bits: integer_bits(long(&mut reader)?) }))
            }
            _ => Ok(None),
        }
    }
}

/// The primes of RFC 2409 and RFC 3526 (`MODP`) and of RFC 7919 (`FFDHE`) begin and end with 64 ones
/// and have the digits of a well-known number between them: pi, or e.
fn prime_family(prime: &[u8]) -> Option<&'static str> {
    const ONES: [u8; 8] = [0xff; 8];
    const FAMILIES: [([u8; 8], &str); 2] = [
        ([0xc9, 0x0f, 0xda, 0xa2, 0x21, 0x68, 0xc2, 0x34], "MODP"),
        ([0xad, 0xf8, 0x54, 0x58, 0xa2, 0xbb, 0x4a, 0x9a], "FFDHE"),
    ];
    let start = prime.iter().position(|byte| *byte != 0)?;
    let middle = prime.get(start..)?.strip_prefix(&ONES)?.strip_suffix(&ONES)?;
    FAMILIES.iter().find(|(digits, _)| middle.starts_with(digits)).map(|(_, name)| *name)
}

/// What the key exchange is signed with (TLS 1.2 only; before, there was no choice). `None` where
/// nothing is signed.
pub fn signature_algorithm(
    body: &[u8],
    key_exchange: &str,
    authentication: &str,
) -> Result<Option<u16>, Malformed> {
    let mut reader = Reader::new(body);
    if !matches!(authentication, "RSA" | "ECDSA" | "DSS") {
        return Ok(None);
    }
    match key_exchange {
        "DHE" => {
            for _ in 0..3 {
                long(&mut reader)?;
            }
        }
        "ECDHE" => {
            if reader.u8()? != 3 {
                return Ok(None);
            }
            reader.u16()?;
            short(&mut reader)?;
        }
        _ => return Ok(None),
    }
    reader.u16().map(Some)
}

/// Reads the body of a certificate message (TLS 1.2 and older): DER, the server's own first.
pub fn parse_certificates(body: &[u8]) -> Result<Vec<Vec<u8>>, Malformed> {
    let mut reader = Reader::new(body);
    let length = u24_length(&mut reader)?;
    let mut list = reader.sub(length)?;
    let mut certificates = Vec::new();
    while !list.is_empty() && certificates.len() < CERTIFICATES_MAX {
        let length = u24_length(&mut list)?;
        certificates.push(list.take(length)?.to_vec());
    }
    Ok(certificates)
}

/// Bits of an unsigned big-endian integer, leading zeros not counted.
#[must_use]
pub fn integer_bits(bytes: &[u8]) -> u32 {
    let significant: &[u8] =
        bytes.iter().position(|byte| *byte != 0).and_then(|at| bytes.get(at..)).unwrap_or_default();
    let spare = significant.first().map_or(0, |byte| byte.leading_zeros());
    u32::try_from(significant.len()).unwrap_or(u32::MAX / 8).saturating_mul(8).saturating_sub(spare)
}

fn u24_length(reader: &mut Reader<'_>) -> Result<usize, Malformed> {
    usize::try_from(reader.u24()?).map_err(|_| Malformed::Length)
}

fn short<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Malformed> {
    let length = usize::from(reader.u8()?);
    reader.take(length)
}

fn long<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Malformed> {
    let length = usize::from(reader.u16()?);
    reader.take(length)
}
