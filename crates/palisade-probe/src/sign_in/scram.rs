//! SCRAM-SHA-256 (RFC 5802, 7677) without channel binding.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::hash::Hash;
use crate::reader::Malformed;

/// A server that asks for more rounds than this wants to keep us busy.
const ROUNDS_MAX: u32 = 100_000;

/// The client's side.
#[derive(Clone)]
pub(super) struct Scram {
    first: String,
    password: palisade_model::user::Password,
    nonce: String,
    /// What the server has to prove at the end.
    expected: Vec<u8>,
}

impl std::fmt::Debug for Scram {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scram").finish_non_exhaustive()
    }
}

impl Scram {
    /// `user` may be empty where the protocol has named it before.
    pub(super) fn new(user: &str, password: palisade_model::user::Password, nonce: [u8; 18]) -> Self {
        let nonce = BASE64.encode(nonce);
        let user = user.replace('=', "=3D").replace(',', "=2C");
        Self { first: format!("n={user},r={nonce}"), password, nonce, expected: Vec::new() }
    }

    /// The first message.
    pub(super) fn start(&self) -> String {
        format!("n,,{}", self.first)
    }

    /// The answer to the server's first message.
    pub(super) fn proof(&mut self, server_first: &[u8]) -> Result<String, Malformed> {
        let server_first = std::str::from_utf8(server_first).map_err(|_| Malformed::Value)?;
        let value = |name: char| {
            let part = server_first.split(',').find(|part| part.starts_with(name));
            part.and_then(|part| part.get(1..)?.strip_prefix('=')).ok_or(Malformed::Value)
        };
        let (nonce, salt) = (value('r')?, value('s')?);
        let rounds: u32 = value('i')?.parse().map_err(|_| Malformed::Value)?;
        if !nonce.starts_with(&self.nonce) || !(1..=ROUNDS_MAX).contains(&rounds) {
            return Err(Malformed::Value);
        }
        let salt = BASE64.decode(salt).map_err(|_| Malformed::Value)?;
        let salted = salted(self.password.reveal().as_bytes(), &salt, rounds);
        let bare = format!("c=biws,r={nonce}");
        let message = format!("{},{server_first},{bare}", self.first);
        let client_key = Hash::Sha256.hmac(&salted, &[b"Client Key"]);
        let signature = Hash::Sha256.hmac(&Hash::Sha256.of(&[&client_key]), &[message.as_bytes()]);
        let proof: Vec<u8> = client_key.iter().zip(&signature).map(|(key, sign)| key ^ sign).collect();
        let server_key = Hash::Sha256.hmac(&salted, &[b"Server Key"]);
        self.expected = Hash::Sha256.hmac(&server_key, &[message.as_bytes()]);
        Ok(format!("{bare},p={}", BASE64.encode(proof)))
    }

    /// Whether the server knows the password too.
    pub(super) fn is_genuine(&self, server_final: &[u8]) -> bool {
        let proof = server_final.strip_prefix(b"v=").and_then(|text| BASE64.decode(text).ok());
        !self.expected.is_empty() && proof.is_some_and(|proof| proof == self.expected)
    }
}

fn salted(password: &[u8], salt: &[u8], rounds: u32) -> Vec<u8> {
    let mut last = Hash::Sha256.hmac(password, &[salt, &[0, 0, 0, 1]]);
    let mut sum = last.clone();
    for _ in 1..rounds {
        last = Hash::Sha256.hmac(password, &[&last]);
        sum.iter_mut().zip(&last).for_each(|(sum, byte)| *sum ^= byte);
    }
    sum
}

#[cfg(test)]
mod tests {
    use palisade_model::user::Password;

    use super::*;

    /// The exchange of RFC 7677, section 3.
    #[test]
    fn the_example_of_the_standard() {
        let mut scram = Scram::new("user", Password::new("pencil".to_owned()), [0; 18]);
        scram.nonce = "rOprNGfwEbeRWgbNEkqO".to_owned();
        scram.first = "n=user,r=rOprNGfwEbeRWgbNEkqO".to_owned();
        let server =
            b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let proof = scram.proof(server).unwrap();
        assert!(proof.ends_with(",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="));
        assert!(scram.is_genuine(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
        assert!(!scram.is_genuine(b"v=AAAA") && !scram.is_genuine(b"e=other-error"));
        assert!(!format!("{scram:?}").contains("pencil"));
    }

    #[test]
    fn servers_that_cheat_are_left() {
        let scram = Scram::new("", Password::new("x".to_owned()), [1; 18]);
        for bad in ["", "r=other,s=AAAA,i=1", "r=AQEBAQEBAQEBAQEBAQEBAQEBAQEB,s=AAAA,i=900000000", "r,s,i"] {
            assert!(scram.clone().proof(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(!scram.is_genuine(b"v="), "nothing was proven");
    }
}
