//! Texts encrypted for the store under the master key: ChaCha20-Poly1305, a random nonce each, and a
//! key of its own for each purpose, so that what was sealed for one is nothing for another.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use palisade_model::IdSource;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use zeroize::Zeroizing;

use crate::password::MasterKey;

/// Encrypts a text: base64 of nonce, ciphertext and tag. `None` only if the cipher refuses, which it
/// does for texts of many gigabytes.
pub(crate) fn seal(key: &MasterKey, purpose: &str, text: &str, ids: &dyn IdSource) -> Option<String> {
    let mut nonce = [0; NONCE_LEN];
    ids.fill(&mut nonce);
    let mut bytes = text.as_bytes().to_vec();
    let key = key_for(key, purpose)?;
    let nonce_once = Nonce::assume_unique_for_key(nonce);
    // In place, so that no copy of the text stays behind.
    key.seal_in_place_append_tag(nonce_once, Aad::from(purpose.as_bytes()), &mut bytes).ok()?;
    Some(BASE64.encode([nonce.as_slice(), bytes.as_slice()].concat()))
}

/// Decrypts what [`seal`] gave; `None` for anything else, and under another key or for another
/// purpose.
pub(crate) fn unseal(key: &MasterKey, purpose: &str, sealed: &str) -> Option<Zeroizing<String>> {
    let bytes = BASE64.decode(sealed).ok()?;
    let (nonce, rest) = bytes.split_at_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut rest = Zeroizing::new(rest.to_vec());
    let key = key_for(key, purpose)?;
    let text = key.open_in_place(nonce, Aad::from(purpose.as_bytes()), &mut rest).ok()?;
    Some(Zeroizing::new(std::str::from_utf8(text).ok()?.to_owned()))
}

fn key_for(key: &MasterKey, purpose: &str) -> Option<LessSafeKey> {
    let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()), purpose.as_bytes());
    UnboundKey::new(&CHACHA20_POLY1305, derived.as_ref()).ok().map(LessSafeKey::new)
}

#[cfg(test)]
mod tests {
    use palisade_model::SeededIds;

    use super::*;

    #[test]
    fn what_was_sealed_opens_under_its_key_for_its_purpose_only() {
        let (key, other) = (MasterKey::from_bytes([1; 32]), MasterKey::from_bytes([2; 32]));
        let ids = SeededIds::new(1);
        let sealed = seal(&key, "mail", "Passwort: Grüße", &ids).unwrap();
        assert_ne!(seal(&key, "mail", "Passwort: Grüße", &ids).unwrap(), sealed);
        let opened = |key, purpose, sealed: &str| unseal(key, purpose, sealed).map(|text| text.to_string());
        assert_eq!(opened(&key, "mail", &sealed).as_deref(), Some("Passwort: Grüße"));
        assert_eq!(opened(&other, "mail", &sealed), None);
        assert_eq!(opened(&key, "other", &sealed), None);
        for broken in ["", "AAAA", &sealed[1..], &sealed[..sealed.len() - 4]] {
            assert_eq!(opened(&key, "mail", broken), None, "{broken}");
        }
    }
}
