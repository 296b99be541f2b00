//! Digests. They tell texts apart here; nothing is kept secret by them.

use sha2::Digest;

use super::coding::hexadecimal;
use super::{Function, Outcome, bytes, string, wrong};
use crate::expression::{Evaluation, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("hmac", 3, 3, hmac),
    Function::new("md5", 1, 1, |_, given| Ok(hexadecimal(&md5(&bytes(given, 0))).into())),
    Function::new("mmh3", 1, 1, |_, given| Ok(mmh3(&bytes(given, 0)).cast_signed().to_string().into())),
    Function::new("sha1", 1, 1, |_, given| Ok(hexadecimal(&sha1::Sha1::digest(bytes(given, 0))).into())),
    Function::new("sha256", 1, 1, |_, given| Ok(hexadecimal(&sha2::Sha256::digest(bytes(given, 0))).into())),
    Function::new("sha512", 1, 1, |_, given| Ok(hexadecimal(&sha2::Sha512::digest(bytes(given, 0))).into())),
];

/// From a text to its digest.
type Digesting = fn(&[u8]) -> Vec<u8>;

fn md5(text: &[u8]) -> Vec<u8> {
    use md5::Digest;
    md5::Md5::digest(text).to_vec()
}

/// `hmac(algorithm, text, key)` (RFC 2104), in hexadecimal digits.
fn hmac(_: &mut Evaluation<'_>, given: &[Value]) -> Outcome {
    let (digest, block): (Digesting, usize) = match string(given, 0).as_str() {
        "md5" => (md5, 64),
        "sha1" => (|text| sha1::Sha1::digest(text).to_vec(), 64),
        "sha256" => (|text| sha2::Sha256::digest(text).to_vec(), 64),
        "sha512" => (|text| sha2::Sha512::digest(text).to_vec(), 128),
        _ => return wrong("hmac takes md5, sha1, sha256 or sha512"),
    };
    let (text, given_key) = (bytes(given, 1), bytes(given, 2));
    let mut key = if given_key.len() > block { digest(&given_key) } else { given_key.to_vec() };
    key.resize(block, 0);
    let padded = |with: u8| key.iter().map(|byte| byte ^ with).collect::<Vec<u8>>();
    let inner = digest(&[padded(0x36).as_slice(), &text].concat());
    Ok(hexadecimal(&digest(&[padded(0x5c), inner].concat())).into())
}

/// Murmur3 of 32 bits, seed 0: how pictures of web applications are told apart.
fn mmh3(text: &[u8]) -> u32 {
    const FIRST: u32 = 0xcc9e_2d51;
    const SECOND: u32 = 0x1b87_3593;
    let scrambled = |word: u32| word.wrapping_mul(FIRST).rotate_left(15).wrapping_mul(SECOND);
    let (words, tail) = text.as_chunks::<4>();
    let mut state = words.iter().fold(0_u32, |state, word| {
        let mixed = (state ^ scrambled(u32::from_le_bytes(*word))).rotate_left(13);
        mixed.wrapping_mul(5).wrapping_add(0xe654_6b64)
    });
    if !tail.is_empty() {
        let mut word = [0; 4];
        word.iter_mut().zip(tail).for_each(|(place, byte)| *place = *byte);
        state ^= scrambled(u32::from_le_bytes(word));
    }
    state ^= u32::try_from(text.len()).unwrap_or(u32::MAX);
    state = (state ^ (state >> 16)).wrapping_mul(0x85eb_ca6b);
    state = (state ^ (state >> 13)).wrapping_mul(0xc2b2_ae35);
    state ^ (state >> 16)
}
