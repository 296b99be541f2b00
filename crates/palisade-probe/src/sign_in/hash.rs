//! The hash functions that sign-ins use, one by one and as HMAC (RFC 2104).

use sha2::Digest as _;

/// A hash function. Old protocols have no choice but the old ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    Md4,
    Md5,
    Sha1,
    Sha256,
}

/// Bytes that all of them take at once.
const BLOCK_BYTES: usize = 64;

impl Hash {
    /// The hash of the parts, one behind the other.
    pub(crate) fn of(self, parts: &[&[u8]]) -> Vec<u8> {
        match self {
            Self::Md4 => {
                let mut hash = <md4::Md4 as md4::Digest>::new();
                for part in parts {
                    md4::Digest::update(&mut hash, part);
                }
                md4::Digest::finalize(hash).to_vec()
            }
            Self::Md5 => {
                let mut hash = <md5::Md5 as md5::Digest>::new();
                for part in parts {
                    md5::Digest::update(&mut hash, part);
                }
                md5::Digest::finalize(hash).to_vec()
            }
            Self::Sha1 => {
                let mut hash = sha1::Sha1::new();
                for part in parts {
                    hash.update(part);
                }
                hash.finalize().to_vec()
            }
            Self::Sha256 => {
                let mut hash = sha2::Sha256::new();
                for part in parts {
                    hash.update(part);
                }
                hash.finalize().to_vec()
            }
        }
    }

    /// The HMAC of the parts.
    pub(crate) fn hmac(self, key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
        let mut block = if key.len() > BLOCK_BYTES { self.of(&[key]) } else { key.to_vec() };
        block.resize(BLOCK_BYTES, 0);
        let inner: Vec<u8> = block.iter().map(|byte| byte ^ 0x36).collect();
        let outer: Vec<u8> = block.iter().map(|byte| byte ^ 0x5c).collect();
        let inside = self.of(&[&[inner.as_slice()], parts].concat());
        self.of(&[&outer, &inside])
    }
}

/// Bytes as lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        assert_eq!(hex(&Hash::Md4.of(&[b"a", b"bc"])), "a448017aaf21d8525fc10ae87aa6729d");
        assert_eq!(hex(&Hash::Md5.of(&[b"abc"])), "900150983cd24fb0d6963f7d28e17f72");
        // RFC 2202, test case 2, and RFC 4231, test case 2.
        let (key, text): (&[u8], &[u8]) = (b"Jefe", b"what do ya want for nothing?");
        assert_eq!(hex(&Hash::Md5.hmac(key, &[text])), "750c783e6ab0b503eaa86e310a5db738");
        assert_eq!(hex(&Hash::Sha1.hmac(key, &[text])), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
        assert_eq!(
            hex(&Hash::Sha256.hmac(key, &[text])),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
