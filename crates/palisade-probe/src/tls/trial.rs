//! Messages that tell a flawed server from a sound one, to be sent after its first flight.
//!
//! They do no harm: nothing is read out of a server's memory but a length, no session is attacked,
//! and no key of a client is touched. Deliberately absent: anything that needs a finished handshake.

use num_bigint::BigUint;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;

use super::Version;

const RECORD_CIPHER_CHANGE: u8 = 20;
const RECORD_HANDSHAKE: u8 = 22;
const RECORD_HEARTBEAT: u8 = 24;
const MESSAGE_CLIENT_KEY_EXCHANGE: u8 = 16;

/// What a heartbeat says its payload is long, which is not there.
const HEARTBEAT_BYTES: u16 = 16;
/// Bytes of a heartbeat's head and of the least padding.
const HEARTBEAT_REST: u16 = 3 + 16;
/// Larger keys are left alone, and so are smaller ones, which have no room.
const MODULUS_BYTES: std::ops::RangeInclusive<usize> = 64..=1024;

/// How a key is wrapped wrongly; the first is right.
pub const PADDINGS: usize = 5;

/// A heartbeat request without payload that says it has 16 bytes. A sound server drops it (RFC 6520
/// section 4); one with CVE-2014-0160 answers with 16 bytes that it was never sent.
#[must_use]
pub fn short_heartbeat(version: Version) -> Vec<u8> {
    let [high, low] = HEARTBEAT_BYTES.to_be_bytes();
    record(RECORD_HEARTBEAT, version, &[1, high, low])
}

/// Whether a heartbeat of that length answers [`short_heartbeat`] with what was never sent.
#[must_use]
pub const fn is_overlong(heartbeat_bytes: u16) -> bool {
    heartbeat_bytes >= HEARTBEAT_REST + HEARTBEAT_BYTES
}

/// Two changes of ciphers before any key was agreed. A sound server finds the first unexpected; one
/// with CVE-2014-0224 takes it, and cannot decrypt the second.
#[must_use]
pub fn early_cipher_change(version: Version) -> Vec<u8> {
    record(RECORD_CIPHER_CHANGE, version, &[1]).repeat(2)
}

/// The public key of a certificate, if RSA: modulus and exponent.
#[must_use]
pub fn rsa_key(der: &[u8]) -> Option<(BigUint, BigUint)> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let Ok(PublicKey::RSA(key)) = certificate.public_key().parsed() else { return None };
    let (modulus, exponent) = (BigUint::from_bytes_be(key.modulus), BigUint::from_bytes_be(key.exponent));
    let bytes = usize::try_from(modulus.bits().div_ceil(8)).ok()?;
    let usable = MODULUS_BYTES.contains(&bytes) && exponent.bits() > 1 && exponent.bits() <= 32;
    usable.then_some((modulus, exponent))
}

/// A client's key exchange, change of ciphers and end of handshake, with a secret that is wrapped as
/// `padding` says (below [`PADDINGS`]). Whatever it is, a sound server answers the same. The secret is
/// made of `random` and protects nothing.
#[must_use]
pub fn wrapped_secret(
    version: Version,
    key: &(BigUint, BigUint),
    padding: usize,
    random: [u8; 32],
) -> Vec<u8> {
    let (modulus, exponent) = key;
    let length = usize::try_from(modulus.bits().div_ceil(8)).unwrap_or_default();
    let exchange = power(&block(version, length, padding, random), modulus, exponent, length);
    let mut message = Vec::new();
    if version > Version::Ssl3 {
        message.extend(u16::try_from(length).unwrap_or_default().to_be_bytes());
    }
    message.extend(exchange);
    let mut handshake = vec![MESSAGE_CLIENT_KEY_EXCHANGE, 0];
    handshake.extend(u16::try_from(message.len()).unwrap_or_default().to_be_bytes());
    handshake.extend(message);
    let mut out = record(RECORD_HANDSHAKE, version, &handshake);
    out.extend(record(RECORD_CIPHER_CHANGE, version, &[1]));
    // As long as an encrypted end of handshake could be, with whatever cipher.
    out.extend(record(RECORD_HANDSHAKE, version, &[random, random].concat()));
    out
}

/// A secret wrapped as it should be, for a handshake that is to succeed.
pub(super) fn wrap(key: &(BigUint, BigUint), secret: &[u8; 48], random: [u8; 32]) -> Vec<u8> {
    let (modulus, exponent) = key;
    let length = usize::try_from(modulus.bits().div_ceil(8)).unwrap_or_default();
    let mut block = vec![0, 2];
    block.extend(random.iter().map(|byte| byte | 1).cycle().take(length.saturating_sub(3 + secret.len())));
    block.push(0);
    block.extend(secret);
    power(&block, modulus, exponent, length)
}

/// As long as the modulus: leading zeros are part of it.
fn power(block: &[u8], modulus: &BigUint, exponent: &BigUint, length: usize) -> Vec<u8> {
    let wrapped = BigUint::from_bytes_be(block).modpow(exponent, modulus).to_bytes_be();
    let mut out = vec![0; length.saturating_sub(wrapped.len())];
    out.extend(wrapped);
    out
}

/// The padded secret before it is wrapped, as PKCS #1 1.5 has it and as it has it not.
fn block(version: Version, length: usize, padding: usize, random: [u8; 32]) -> Vec<u8> {
    let filler = || random.iter().map(|byte| byte | 1).cycle();
    let number = if padding == 4 { [2, 2] } else { version.number().to_be_bytes() };
    let secret: Vec<u8> = number.into_iter().chain(filler().take(46)).collect();
    let (head, before, tail): ([u8; 2], u8, &[u8]) = match padding {
        // No type of block.
        1 => ([0x41, 0x17], 0, &[]),
        // The zero stands behind the secret.
        2 => ([0, 2], 0x11, &[0, 0x11]),
        // There is no zero.
        3 => ([0, 2], 0x11, &[]),
        // Right; or with a version that was not agreed.
        _ => ([0, 2], 0, &[]),
    };
    let filled = length.saturating_sub(head.len() + 1 + secret.len() + tail.len());
    let mut out = head.to_vec();
    out.extend(filler().take(filled));
    out.push(before);
    out.extend(secret);
    out.extend(tail);
    out
}

fn record(kind: u8, version: Version, body: &[u8]) -> Vec<u8> {
    let mut out = vec![kind];
    out.extend(version.number().min(Version::Tls12.number()).to_be_bytes());
    out.extend(u16::try_from(body.len()).unwrap_or_default().to_be_bytes());
    out.extend(body);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_fill_the_key_and_differ_in_their_padding() {
        let blocks: Vec<Vec<u8>> =
            (0..PADDINGS).map(|padding| block(Version::Tls12, 128, padding, [6; 32])).collect();
        for block in &blocks {
            assert_eq!(block.len(), 128);
        }
        // Right: 0, 2, no zero, 0, the version, 46 bytes.
        assert_eq!(blocks[0][..2], [0, 2]);
        assert!(blocks[0][2..79].iter().all(|byte| *byte != 0));
        assert_eq!(blocks[0][79..82], [0, 3, 3]);
        assert_eq!(blocks[1][..2], [0x41, 0x17]);
        assert_eq!(blocks[2][126..], [0, 0x11]);
        assert!(!blocks[3][1..].contains(&0));
        assert_eq!(blocks[4][79..82], [0, 2, 2]);
    }

    #[test]
    fn a_secret_is_wrapped_with_the_key() {
        // 512 bits, not prime, which does not matter here; exponent 1 would show the block itself.
        let key = (BigUint::from_bytes_be(&[0xff; 64]), BigUint::from(1_u8));
        let bytes = wrapped_secret(Version::Tls12, &key, 0, [5; 32]);
        assert_eq!(bytes[..11], [22, 3, 3, 0, 70, 16, 0, 0, 66, 0, 64]);
        assert_eq!(bytes[11..75], block(Version::Tls12, 64, 0, [5; 32]));
        assert_eq!(bytes[75..81], [20, 3, 3, 0, 1, 1]);
    }

    #[test]
    fn trials_are_whole_records() {
        assert_eq!(short_heartbeat(Version::Tls11), [24, 3, 2, 0, 3, 1, 0, 16]);
        assert!(is_overlong(35) && !is_overlong(34));
        assert_eq!(early_cipher_change(Version::Tls10), [20, 3, 1, 0, 1, 1, 20, 3, 1, 0, 1, 1]);
        assert_eq!(rsa_key(b"not a certificate"), None);
    }
}
