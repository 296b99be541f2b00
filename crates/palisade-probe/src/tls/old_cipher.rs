//! What [`super::old_client`] makes keys with and encrypts with: the pseudo-random functions of TLS
//! 1.0 to 1.2, and AES in CBC mode with a MAC before it (RFC 2246, 4346, 5246).
//!
//! Of what arrives only the padding's length is looked at: nothing here protects anybody.

use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use aes::{Aes128, Aes256};
use sha1::Digest as _;

use super::Version;
use crate::reader::Malformed;

const BLOCK_BYTES: usize = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hash {
    Md5,
    Sha1,
    Sha256,
}

impl Hash {
    fn digest(self, parts: &[&[u8]]) -> Vec<u8> {
        let all = parts.concat();
        match self {
            Self::Md5 => {
                use md5::Digest as _;
                md5::Md5::digest(&all).to_vec()
            }
            Self::Sha1 => sha1::Sha1::digest(&all).to_vec(),
            Self::Sha256 => sha2::Sha256::digest(&all).to_vec(),
        }
    }

    /// RFC 2104. All three hashes have blocks of 64 bytes.
    fn keyed(self, key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
        let hashed;
        let key = if key.len() > 64 {
            hashed = self.digest(&[key]);
            hashed.as_slice()
        } else {
            key
        };
        let pad = |with: u8| -> Vec<u8> {
            key.iter().copied().chain(std::iter::repeat(0)).take(64).map(|byte| byte ^ with).collect()
        };
        let inner = self.digest(&[&pad(0x36), &parts.concat()]);
        self.digest(&[&pad(0x5c), &inner])
    }

    /// `P_hash` of RFC 5246 section 5.
    fn expand(self, secret: &[u8], seed: &[u8], length: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(length + 32);
        let mut chain = self.keyed(secret, &[seed]);
        while out.len() < length {
            out.extend(self.keyed(secret, &[&chain, seed]));
            chain = self.keyed(secret, &[&chain]);
        }
        out.truncate(length);
        out
    }
}

/// The pseudo-random function of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prf {
    /// MD5 and SHA-1 together.
    Both,
    Sha256,
}

impl Prf {
    pub(super) fn of(version: Version) -> Self {
        if version >= Version::Tls12 { Self::Sha256 } else { Self::Both }
    }

    pub(super) fn bytes(self, secret: &[u8], label: &[u8], seed: &[u8], length: usize) -> Vec<u8> {
        let seed = [label, seed].concat();
        match self {
            Self::Sha256 => Hash::Sha256.expand(secret, &seed, length),
            Self::Both => {
                // Two halves, which share the middle byte of an odd length.
                let half = secret.len().div_ceil(2);
                let first = secret.get(..half).unwrap_or_default();
                let second = secret.get(secret.len() - half..).unwrap_or_default();
                let one = Hash::Md5.expand(first, &seed, length);
                let other = Hash::Sha1.expand(second, &seed, length);
                one.into_iter().zip(other).map(|(one, other)| one ^ other).collect()
            }
        }
    }

    /// Of the whole handshake.
    pub(super) fn digest(self, transcript: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Hash::Sha256.digest(&[transcript]),
            Self::Both => [Hash::Md5.digest(&[transcript]), Hash::Sha1.digest(&[transcript])].concat(),
        }
    }
}

#[derive(Clone)]
enum Aes {
    Short(Box<Aes128>),
    Long(Box<Aes256>),
}

impl std::fmt::Debug for Aes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Aes")
    }
}

impl Aes {
    fn new(key: &[u8]) -> Option<Self> {
        match key.len() {
            16 => Aes128::new_from_slice(key).ok().map(|cipher| Self::Short(Box::new(cipher))),
            _ => Aes256::new_from_slice(key).ok().map(|cipher| Self::Long(Box::new(cipher))),
        }
    }

    fn encrypt(&self, block: [u8; BLOCK_BYTES]) -> [u8; BLOCK_BYTES] {
        let mut block = aes::Block::from(block);
        match self {
            Self::Short(cipher) => cipher.encrypt_block(&mut block),
            Self::Long(cipher) => cipher.encrypt_block(&mut block),
        }
        block.into()
    }

    fn decrypt(&self, block: [u8; BLOCK_BYTES]) -> [u8; BLOCK_BYTES] {
        let mut block = aes::Block::from(block);
        match self {
            Self::Short(cipher) => cipher.decrypt_block(&mut block),
            Self::Long(cipher) => cipher.decrypt_block(&mut block),
        }
        block.into()
    }
}

/// What is put behind a message to fill its last block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Padding {
    Right,
    /// As many bytes as the last one says, and none of the others says so.
    Wrong,
    /// Nothing but padding: no message, no MAC.
    Alone,
}

/// The keys of one direction.
#[derive(Debug, Clone)]
pub(super) struct Direction {
    hash: Hash,
    mac_key: Vec<u8>,
    cipher: Option<Aes>,
    /// TLS 1.0: the last block of the record before. Later versions send one with each record.
    chained: Option<[u8; BLOCK_BYTES]>,
    records: u64,
    seed: [u8; 32],
}

impl Direction {
    /// The client's and the server's, from the master secret.
    pub(super) fn pair(
        version: Version,
        master: &[u8],
        randoms: &[u8],
        key_bytes: usize,
        sha256: bool,
        seed: [u8; 32],
    ) -> [Self; 2] {
        let (hash, mac_bytes) = if sha256 { (Hash::Sha256, 32) } else { (Hash::Sha1, 20) };
        let all = Prf::of(version).bytes(
            master,
            b"key expansion",
            randoms,
            2 * (mac_bytes + key_bytes + BLOCK_BYTES),
        );
        let part = |from: usize, length: usize| all.get(from..from + length).unwrap_or_default();
        let keys = 2 * mac_bytes;
        let vectors = keys + 2 * key_bytes;
        [0, 1].map(|side| Self {
            hash,
            mac_key: part(side * mac_bytes, mac_bytes).to_vec(),
            cipher: Aes::new(part(keys + side * key_bytes, key_bytes)),
            chained: (version == Version::Tls10)
                .then(|| block_of(part(vectors + side * BLOCK_BYTES, BLOCK_BYTES))),
            records: 0,
            seed,
        })
    }

    /// The body of a record, encrypted.
    pub(super) fn seal(&mut self, kind: u8, version: Version, body: &[u8], padded: Padding) -> Vec<u8> {
        let Some(cipher) = &self.cipher else { return Vec::new() };
        let number = self.records.to_be_bytes();
        let length = u16::try_from(body.len()).unwrap_or_default().to_be_bytes();
        let head = [number.as_slice(), &[kind], &version.number().to_be_bytes(), &length].concat();
        let mac = self.hash.keyed(&self.mac_key, &[&head, body]);
        let plain = match padded {
            Padding::Alone => vec![PADDING_ALONE; usize::from(PADDING_ALONE) + 1],
            Padding::Right | Padding::Wrong => fill([body, &mac].concat(), padded == Padding::Right),
        };
        let fresh = self.hash.digest(&[&self.seed, &number]);
        let mut out = Vec::with_capacity(plain.len() + BLOCK_BYTES);
        let mut last = self.chained.unwrap_or_else(|| {
            let vector = block_of(&fresh);
            out.extend(vector);
            vector
        });
        for block in plain.chunks(BLOCK_BYTES) {
            last = cipher.encrypt(mixed(block_of(block), last));
            out.extend(last);
        }
        if let Some(chained) = &mut self.chained {
            *chained = last;
        }
        self.records += 1;
        out
    }

    /// The body of an encrypted record, without what was added to it.
    pub(super) fn open(&mut self, body: &[u8]) -> Result<Vec<u8>, Malformed> {
        let mut plain = self.decrypt(body)?;
        let padding = usize::from(*plain.last().ok_or(Malformed::Length)?) + 1;
        let added = padding + if self.hash == Hash::Sha256 { 32 } else { 20 };
        let length = plain.len().checked_sub(added).ok_or(Malformed::Length)?;
        plain.truncate(length);
        Ok(plain)
    }

    /// The same with MAC and padding.
    pub(super) fn decrypt(&mut self, body: &[u8]) -> Result<Vec<u8>, Malformed> {
        let cipher = self.cipher.as_ref().ok_or(Malformed::Value)?;
        let (mut last, blocks) = if let Some(chained) = self.chained {
            (chained, body)
        } else {
            let (vector, rest) = body.split_at_checked(BLOCK_BYTES).ok_or(Malformed::Length)?;
            (block_of(vector), rest)
        };
        if !blocks.len().is_multiple_of(BLOCK_BYTES) {
            return Err(Malformed::Length);
        }
        let mut plain = Vec::with_capacity(blocks.len());
        for block in blocks.chunks(BLOCK_BYTES) {
            let block = block_of(block);
            plain.extend(mixed(cipher.decrypt(block), last));
            last = block;
        }
        if let Some(chained) = &mut self.chained {
            *chained = last;
        }
        self.records += 1;
        Ok(plain)
    }
}

/// Two blocks of the longest padding that has room for no MAC in them.
const PADDING_ALONE: u8 = 31;

/// Fills the last block. What fills it says how long it is: in all its bytes when `right`, in the last
/// one alone when not.
fn fill(mut plain: Vec<u8>, right: bool) -> Vec<u8> {
    let mut length = BLOCK_BYTES - 1 - plain.len() % BLOCK_BYTES;
    if length == 0 && !right {
        length = BLOCK_BYTES;
    }
    let last = u8::try_from(length).unwrap_or_default();
    plain.extend(std::iter::repeat_n(if right { last } else { !last }, length));
    plain.push(last);
    plain
}

/// The first block of some bytes, filled up with zeros.
fn block_of(bytes: &[u8]) -> [u8; BLOCK_BYTES] {
    let mut block = [0; BLOCK_BYTES];
    block.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    block
}

fn mixed(one: [u8; BLOCK_BYTES], other: [u8; BLOCK_BYTES]) -> [u8; BLOCK_BYTES] {
    let mut out = one;
    out.iter_mut().zip(other).for_each(|(to, from)| *to ^= from);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        use std::fmt::Write as _;
        bytes.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    #[test]
    fn keyed_hashes_are_those_of_rfc_2202_and_rfc_4231() {
        let (key, data) = ([0x0b; 20], b"Hi There".as_slice());
        assert_eq!(hex(&Hash::Sha1.keyed(&key, &[data])), "b617318655057264e28bc0b6fb378c8ef146be00");
        assert_eq!(hex(&Hash::Md5.keyed(&[0x0b; 16], &[data])), "9294727a3638bb1c13f48ef8158bfc9d");
        assert_eq!(
            hex(&Hash::Sha256.keyed(&key, &[data])),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        );
        assert_eq!(
            hex(&Hash::Sha1.keyed(&[0xaa; 80], &[b"Test Using Larger Than Block-Size Key - Hash Key First"])),
            "aa4ae5e15272d00e95705637ce8a3b55ed402112"
        );
    }

    #[test]
    fn what_one_side_seals_the_other_opens() {
        for version in [Version::Tls10, Version::Tls11, Version::Tls12] {
            for (key_bytes, sha256) in [(16, false), (32, false), (16, true), (32, true)] {
                let [mut one, _] = Direction::pair(version, &[7; 48], &[8; 64], key_bytes, sha256, [9; 32]);
                let mut other = one.clone();
                for length in [0, 1, 11, 12, 300] {
                    let text = vec![b'x'; length];
                    let sealed = one.seal(23, version, &text, Padding::Right);
                    assert_eq!(other.open(&sealed).as_deref(), Ok(text.as_slice()));
                }
                assert_eq!(other.open(&[1; 15]), Err(Malformed::Length));
            }
        }
    }
}
