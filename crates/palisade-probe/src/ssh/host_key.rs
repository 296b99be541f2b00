//! A host key as the server sends it in a key exchange (RFC 4253 section 6.6, RFC 5656, RFC 8709).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use palisade_model::fact::{SshHostKey, printable};
use sha2::{Digest, Sha256};

use super::packet::read_string;
use crate::reader::{Malformed, Reader};
use crate::tls::server_hello::integer_bits;

/// Reads a key blob (`K_S`). The size of an algorithm that is not known is 0.
pub fn parse_host_key(blob: &[u8]) -> Result<SshHostKey, Malformed> {
    let mut reader = Reader::new(blob);
    let algorithm = read_string(&mut reader)?;
    let bits = match algorithm {
        b"ssh-rsa" => {
            let _exponent = read_string(&mut reader)?;
            integer_bits(read_string(&mut reader)?)
        }
        b"ssh-dss" => integer_bits(read_string(&mut reader)?),
        b"ecdsa-sha2-nistp256" | b"ssh-ed25519" => 256,
        b"ecdsa-sha2-nistp384" => 384,
        b"ecdsa-sha2-nistp521" => 521,
        b"ssh-ed448" => 456,
        [] => return Err(Malformed::Value),
        _ => 0,
    };
    Ok(SshHostKey {
        algorithm: printable(algorithm, 128),
        bits,
        fingerprint: format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(blob))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_the_numbers() {
        let mut blob = Vec::new();
        for field in [b"ssh-rsa".as_slice(), &[1, 0, 1], &[&[0, 0x80][..], &[1; 127]].concat()] {
            super::super::packet::put_string(&mut blob, field);
        }
        let key = parse_host_key(&blob).unwrap();
        assert_eq!((key.algorithm.as_str(), key.bits), ("ssh-rsa", 1024));
        assert!(key.fingerprint.starts_with("SHA256:") && key.fingerprint.len() == 50);
        assert_eq!(parse_host_key(&blob[..20]), Err(Malformed::Truncated));
    }
}
