//! Builds the hello a client opens with, SSLv3 to TLS 1.3, down to the last extension.
//!
//! The bytes are whole records, ready to send. SSLv2 has a hello of its own in [`super::sslv2`].

use super::suite::FALLBACK_SCSV;
use super::{Version, group};

const EXTENSION_SERVER_NAME: u16 = 0;
const EXTENSION_STATUS_REQUEST: u16 = 5;
const EXTENSION_GROUPS: u16 = 10;
const EXTENSION_POINT_FORMATS: u16 = 11;
const EXTENSION_SIGNATURE_ALGORITHMS: u16 = 13;
const EXTENSION_HEARTBEAT: u16 = 15;
const EXTENSION_ALPN: u16 = 16;
const EXTENSION_PADDING: u16 = 21;
const EXTENSION_EXTENDED_MASTER_SECRET: u16 = 23;
const EXTENSION_SESSION_TICKET: u16 = 35;
const EXTENSION_SUPPORTED_VERSIONS: u16 = 43;
const EXTENSION_KEY_EXCHANGE_MODES: u16 = 45;
const EXTENSION_KEY_SHARE: u16 = 51;
const EXTENSION_RENEGOTIATION_INFO: u16 = 0xff01;

/// Everything a server may sign with: ECDSA, Ed25519, Ed448, PSS, PKCS #1 and DSA, down to MD5.
pub const SIGNATURE_ALGORITHMS: &[u16] = &[
    0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0x081a, 0x081b,
    0x081c, 0x0401, 0x0501, 0x0601, 0x0301, 0x0303, 0x0201, 0x0203, 0x0402, 0x0502, 0x0602, 0x0302, 0x0202,
    0x0101,
];

/// The key exchange share offered for TLS 1.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyShare {
    /// No `key_share` extension at all.
    Absent,
    /// An empty list: asks for a hello retry request, which names the group the server wants.
    Empty,
    /// A public value for x25519. Any 32 bytes are one; nobody has to know its secret.
    X25519([u8; 32]),
}

/// What a client says first. Fields are written as they are: nothing is checked or corrected, so
/// that servers can be asked odd things too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientHello<'a> {
    /// The version field inside the hello; 0x0303 for TLS 1.3.
    pub version: u16,
    /// The version field of the record around it.
    pub record_version: u16,
    pub random: [u8; 32],
    /// At most 32 bytes.
    pub session_id: &'a [u8],
    pub suites: &'a [u16],
    /// Adds the signal that this is a second try with a lower version.
    pub fallback_scsv: bool,
    /// 0 is none, 1 is DEFLATE.
    pub compression: &'a [u8],
    /// Without it there is no extension block, as SSLv3 demands; what follows is then ignored.
    pub extensions: bool,
    /// SNI; never an address.
    pub server_name: Option<&'a str>,
    /// Supported groups; empty leaves out the extension and the point formats.
    pub groups: &'a [u16],
    /// Empty leaves out the extension.
    pub signature_algorithms: &'a [u16],
    /// Empty leaves out the extension.
    pub supported_versions: &'a [u16],
    pub key_share: KeyShare,
    /// Protocol names, for example `http/1.1`; empty leaves out the extension.
    pub alpn: &'a [&'a str],
    pub renegotiation_info: bool,
    /// What the client's last handshake on this connection ended with; empty in a first one.
    pub verify_data: &'a [u8],
    pub extended_master_secret: bool,
    pub session_ticket: bool,
    /// The ticket to come back with; empty asks for one.
    pub ticket: &'a [u8],
    pub heartbeat: bool,
    /// Asks for a stapled OCSP response.
    pub status_request: bool,
    /// Pads hellos of 256 to 511 bytes to 512 (RFC 7685): some load balancers hang on those.
    pub padding: bool,
}

impl<'a> ClientHello<'a> {
    /// A hello for one version with all the extensions that suit it.
    #[must_use]
    pub fn new(version: Version, suites: &'a [u16], random: [u8; 32]) -> Self {
        let tls13 = version == Version::Tls13;
        Self {
            version: version.number().min(Version::Tls12.number()),
            record_version: version.number().clamp(Version::Ssl3.number(), Version::Tls10.number()),
            random,
            session_id: &[],
            suites,
            fallback_scsv: false,
            compression: &[0],
            extensions: version > Version::Ssl3,
            server_name: None,
            groups: if tls13 { group::OFFERED_TO_TLS13 } else { group::OFFERED_TO_TLS12 },
            signature_algorithms: if version >= Version::Tls12 { SIGNATURE_ALGORITHMS } else { &[] },
            supported_versions: if tls13 { &[0x0304] } else { &[] },
            key_share: if tls13 { KeyShare::X25519(random) } else { KeyShare::Absent },
            alpn: &[],
            renegotiation_info: !tls13,
            verify_data: &[],
            extended_master_secret: !tls13,
            session_ticket: false,
            ticket: &[],
            heartbeat: !tls13,
            status_request: false,
            padding: true,
        }
    }

    /// The hello as records, ready to send.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut body = self.body();
        let long = body.len() + 4;
        if self.padding && self.extensions && (256..512).contains(&long) {
            // Four bytes of the padding are its own header.
            let padded = Padding { bytes: 512_usize.saturating_sub(long + 4) };
            body = self.body_with(Some(padded));
        }
        let mut message = vec![1];
        put_u24(&mut message, body.len());
        message.extend_from_slice(&body);
        let mut out = Vec::with_capacity(message.len() + 5);
        for chunk in message.chunks(1 << 14) {
            out.push(22);
            put_u16(&mut out, self.record_version);
            put_length(&mut out, chunk);
        }
        out
    }

    fn body(&self) -> Vec<u8> {
        self.body_with(None)
    }

    fn body_with(&self, padding: Option<Padding>) -> Vec<u8> {
        let mut out = Vec::with_capacity(512);
        put_u16(&mut out, self.version);
        out.extend_from_slice(&self.random);
        put_short(&mut out, self.session_id);
        let mut suites = Vec::new();
        for suite in self.suites {
            put_u16(&mut suites, *suite);
        }
        if self.fallback_scsv {
            put_u16(&mut suites, FALLBACK_SCSV);
        }
        put_length(&mut out, &suites);
        put_short(&mut out, self.compression);
        if self.extensions {
            put_length(&mut out, &self.extension_block(padding));
        }
        out
    }

    fn extension_block(&self, padding: Option<Padding>) -> Vec<u8> {
        let mut out = Vec::new();
        if let Some(name) = self.server_name {
            let mut entry = vec![0];
            put_length(&mut entry, name.as_bytes());
            put_extension(&mut out, EXTENSION_SERVER_NAME, &with_length(&entry));
        }
        if self.renegotiation_info {
            let mut body = Vec::new();
            put_short(&mut body, self.verify_data);
            put_extension(&mut out, EXTENSION_RENEGOTIATION_INFO, &body);
        }
        if self.extended_master_secret {
            put_extension(&mut out, EXTENSION_EXTENDED_MASTER_SECRET, &[]);
        }
        if !self.groups.is_empty() {
            put_extension(&mut out, EXTENSION_GROUPS, &number_list(self.groups));
            put_extension(&mut out, EXTENSION_POINT_FORMATS, &[3, 0, 1, 2]);
        }
        if self.session_ticket {
            put_extension(&mut out, EXTENSION_SESSION_TICKET, self.ticket);
        }
        if self.status_request {
            put_extension(&mut out, EXTENSION_STATUS_REQUEST, &[1, 0, 0, 0, 0]);
        }
        if !self.signature_algorithms.is_empty() {
            put_extension(&mut out, EXTENSION_SIGNATURE_ALGORITHMS, &number_list(self.signature_algorithms));
        }
        if !self.alpn.is_empty() {
            let mut names = Vec::new();
            for name in self.alpn {
                put_short(&mut names, name.as_bytes());
            }
            put_extension(&mut out, EXTENSION_ALPN, &with_length(&names));
        }
        if self.heartbeat {
            put_extension(&mut out, EXTENSION_HEARTBEAT, &[1]);
        }
        self.put_tls13_extensions(&mut out);
        if let Some(padding) = padding {
            put_extension(&mut out, EXTENSION_PADDING, &vec![0; padding.bytes]);
        }
        out
    }

    fn put_tls13_extensions(&self, out: &mut Vec<u8>) {
        if !self.supported_versions.is_empty() {
            let mut versions = Vec::new();
            for version in self.supported_versions {
                put_u16(&mut versions, *version);
            }
            let mut list = Vec::new();
            put_short(&mut list, &versions);
            put_extension(out, EXTENSION_SUPPORTED_VERSIONS, &list);
            put_extension(out, EXTENSION_KEY_EXCHANGE_MODES, &[1, 1]);
        }
        match self.key_share {
            KeyShare::Absent => {}
            KeyShare::Empty => put_extension(out, EXTENSION_KEY_SHARE, &[0, 0]),
            KeyShare::X25519(share) => {
                let mut entry = Vec::new();
                put_u16(&mut entry, group::X25519);
                put_length(&mut entry, &share);
                put_extension(out, EXTENSION_KEY_SHARE, &with_length(&entry));
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Padding {
    bytes: usize,
}

fn put_u16(out: &mut Vec<u8>, number: u16) {
    out.extend_from_slice(&number.to_be_bytes());
}

fn put_u24(out: &mut Vec<u8>, number: usize) {
    let bytes = u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes();
    out.extend_from_slice(bytes.get(1..).unwrap_or_default());
}

/// One length byte and the bytes, cut at 255.
fn put_short(out: &mut Vec<u8>, bytes: &[u8]) {
    let length = u8::try_from(bytes.len()).unwrap_or(u8::MAX);
    out.push(length);
    out.extend(bytes.iter().take(usize::from(length)));
}

/// Two length bytes and the bytes, cut at 65,535.
fn put_length(out: &mut Vec<u8>, bytes: &[u8]) {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    put_u16(out, length);
    out.extend(bytes.iter().take(usize::from(length)));
}

fn with_length(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 2);
    put_length(&mut out, bytes);
    out
}

fn number_list(numbers: &[u16]) -> Vec<u8> {
    let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_be_bytes()).collect();
    with_length(&bytes)
}

fn put_extension(out: &mut Vec<u8>, number: u16, body: &[u8]) {
    put_u16(out, number);
    put_length(out, body);
}
