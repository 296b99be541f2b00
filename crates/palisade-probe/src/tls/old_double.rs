//! A test double of a server that the old client speaks to, sound or with chosen flaws. It knows the
//! client's secret by the seed, so it needs no private key, and does not look at the client's MAC.

use super::Version;
use super::old_cipher::{Direction, Padding, Prf};
use super::old_client::{
    ALERT, CIPHER_CHANGE, HANDSHAKE, OldClient, SERVER_HELLO, put_message, put_record, read_message,
    read_record,
};
use super::server_hello::ServerHello;
use crate::reader::Reader;

const CERTIFICATE: &[u8] = include_bytes!("../../../palisade-engine/tests/engine/two_names.der");
const VERSION: Version = Version::Tls12;
const RANDOM: [u8; 32] = [9; 32];
const MAC_BYTES: usize = 20;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Flaws {
    /// Looks at the number of padding bytes only.
    pub(super) padding_unchecked: bool,
    /// Finds a record without MAC too long.
    pub(super) padding_overlong: bool,
    /// Does the handshake again for whoever asks.
    pub(super) begins_again: bool,
    /// Says nothing about a wish to do the handshake again.
    pub(super) passes_over: bool,
    /// Hands out tickets.
    pub(super) tickets: bool,
    /// Repeats session identifiers, and more.
    pub(super) fills_identifiers: bool,
}

#[derive(Debug)]
pub(super) struct Double {
    flaws: Flaws,
    /// What the client sends, and what the server sends.
    keys: [Direction; 2],
    encrypted: bool,
    open: bool,
}

impl Double {
    pub(super) fn new(flaws: Flaws, seed: [u8; 32]) -> Self {
        let (client, _) = OldClient::new(None, seed);
        let prf = Prf::of(VERSION);
        let master = prf.bytes(client.secret(), b"master secret", &[seed, RANDOM].concat(), 48);
        let keys = Direction::pair(VERSION, &master, &[RANDOM, seed].concat(), 16, false, seed);
        Self { flaws, keys, encrypted: false, open: false }
    }

    /// What the server says to this.
    pub(super) fn hear(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut records = Reader::new(bytes);
        while let Ok((kind, body)) = read_record(&mut records) {
            match kind {
                HANDSHAKE if self.open => self.hear_again(body, &mut out),
                HANDSHAKE if self.encrypted => self.end(body, &mut out),
                HANDSHAKE => self.hear_plainly(body, &mut out),
                CIPHER_CHANGE => self.encrypted = true,
                ALERT if self.open => self.hear_end(body, &mut out),
                _ => {}
            }
        }
        out
    }

    fn hear_plainly(&self, body: &[u8], out: &mut Vec<u8>) {
        let Ok((1, hello)) = read_message(&mut Reader::new(body)) else { return };
        let length = usize::from(hello[34]);
        let mut identifier = hello[35..35 + length].to_vec();
        let resumed = !identifier.is_empty();
        if resumed && self.flaws.fills_identifiers {
            identifier.resize(32, 0x77);
        }
        let mut messages = Vec::new();
        put_message(&mut messages, SERVER_HELLO, &server_hello(&identifier));
        if !resumed {
            put_message(&mut messages, 11, &vector(&vector(CERTIFICATE)));
            put_message(&mut messages, 14, &[]);
        }
        put_record(out, HANDSHAKE, VERSION, &messages);
    }

    /// The client's last message.
    fn end(&mut self, body: &[u8], out: &mut Vec<u8>) {
        let plain = self.keys[0].decrypt(body).expect("whole blocks");
        let padding = plain[plain.len() - 1];
        let added = usize::from(padding) + 1 + MAC_BYTES;
        if added > plain.len() {
            return refuse(if self.flaws.padding_overlong { 22 } else { 20 }, out);
        }
        let filled = &plain[plain.len() - usize::from(padding) - 1..];
        if !self.flaws.padding_unchecked && filled.iter().any(|byte| *byte != padding) {
            return refuse(20, out);
        }
        if self.flaws.tickets {
            let mut ticket = Vec::new();
            put_message(&mut ticket, 4, &[0, 0, 0, 60, 0, 3, 7, 7, 7]);
            put_record(out, HANDSHAKE, VERSION, &ticket);
        }
        put_record(out, CIPHER_CHANGE, VERSION, &[1]);
        let mut finished = Vec::new();
        put_message(&mut finished, 20, &[0; 12]);
        self.say(HANDSHAKE, &finished, out);
        self.open = true;
    }

    fn hear_again(&mut self, body: &[u8], out: &mut Vec<u8>) {
        let message = self.keys[0].open(body).expect("a sealed record");
        assert_eq!(message.first(), Some(&1), "a hello");
        if self.flaws.begins_again {
            let mut hello = Vec::new();
            put_message(&mut hello, SERVER_HELLO, &server_hello(&[]));
            self.say(HANDSHAKE, &hello, out);
        } else if !self.flaws.passes_over {
            self.say(ALERT, &[1, 100], out);
        }
    }

    /// The client ends, and so does the server.
    fn hear_end(&mut self, body: &[u8], out: &mut Vec<u8>) {
        let alert = self.keys[0].open(body).expect("a sealed record");
        assert_eq!(alert, [1, 0], "the end");
        self.say(ALERT, &[1, 0], out);
    }

    fn say(&mut self, kind: u8, body: &[u8], out: &mut Vec<u8>) {
        let sealed = self.keys[1].seal(kind, VERSION, body, Padding::Right);
        put_record(out, kind, VERSION, &sealed);
    }
}

fn refuse(description: u8, out: &mut Vec<u8>) {
    put_record(out, ALERT, VERSION, &[2, description]);
}

/// Three bytes of length, and the bytes.
fn vector(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).expect("short").to_be_bytes();
    [&length[1..], bytes].concat()
}

fn server_hello(identifier: &[u8]) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend(RANDOM);
    body.push(u8::try_from(identifier.len()).expect("short"));
    body.extend(identifier);
    body.extend([0, 0x2f, 0]);
    assert!(ServerHello::parse(&body).is_ok());
    body
}
