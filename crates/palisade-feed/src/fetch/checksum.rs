//! What the NVD says of its files in the `.meta` files beside them.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use super::Fetcher;
use super::error::FetchError;

/// Bytes that are unpacked at once.
const BUFFER_BYTES: usize = 64 << 10;

/// A `.meta` file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// Of the unpacked file, 64 hexadecimal digits in lower case.
    pub sha256: String,
}

impl Meta {
    fn read(text: &str) -> Option<Self> {
        let sha256 = text.lines().find_map(|line| line.trim().strip_prefix("sha256:"))?.trim();
        let is_sum = sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_sum.then(|| Self { sha256: sha256.to_ascii_lowercase() })
    }
}

impl Fetcher {
    /// Fetches and reads a `.meta` file.
    ///
    /// # Errors
    ///
    /// [`FetchError::NoChecksum`] when it has none.
    pub fn meta(&self, url: &str) -> Result<Meta, FetchError> {
        Meta::read(&self.text(url)?).ok_or_else(|| FetchError::NoChecksum { url: url.to_owned() })
    }
}

/// The SHA-256 of what a gzip file holds, of which at most `bytes_max` bytes are unpacked.
///
/// # Errors
///
/// When it cannot be read or unpacked, or holds more.
pub fn sha256_unpacked(path: &Path, bytes_max: u64) -> std::io::Result<String> {
    let file = BufReader::new(File::open(path)?);
    let mut unpacked = MultiGzDecoder::new(file).take(bytes_max.saturating_add(1));
    let mut sum = Sha256::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut bytes = 0_u64;
    loop {
        let length = unpacked.read(&mut buffer)?;
        if length == 0 {
            break;
        }
        bytes += length as u64;
        if bytes > bytes_max {
            return Err(std::io::Error::other("it holds too much"));
        }
        sum.update(buffer.get(..length).unwrap_or_default());
    }
    let mut text = String::with_capacity(64);
    for byte in sum.finalize() {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_checksum_is_one() {
        let sum = "0123456789ABCDEF".repeat(4);
        let text = format!("lastModifiedDate:2026-11-20T03:00:02-05:00\r\nsize:1\r\nsha256:{sum}\r\n");
        assert_eq!(Meta::read(&text), Some(Meta { sha256: sum.to_ascii_lowercase() }));
        for text in ["", "sha256:", "sha256:12", &format!("sha256:{}", "x".repeat(64)), "<html>"] {
            assert_eq!(Meta::read(text), None, "{text}");
        }
    }
}
