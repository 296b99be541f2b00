//! Passwords: how they are kept, checked and generated.
//!
//! Kept as argon2id with OWASP's parameters (19 MiB, two passes, one lane), the server's
//! [`MasterKey`] mixed in as the secret. The text form names algorithm, parameters, salt and hash,
//! so that stronger parameters can come later without a migration.

use std::sync::{Mutex, PoisonError};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use palisade_model::IdSource;
use palisade_model::user::Password;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// The server's key: without it a stolen database gives no passwords. Wiped when dropped.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// A new key.
    pub fn generate(ids: &dyn IdSource) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        ids.fill(bytes.as_mut());
        Self(bytes)
    }

    /// A key read back from its file.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// For writing it to its file.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

/// Fewest and most characters of a password that somebody chooses.
pub(crate) const PASSWORD_CHARACTERS_MIN: usize = 8;
pub(crate) const PASSWORD_CHARACTERS_MAX: usize = 256;

/// Without the letters that are taken for digits.
const ALPHABET: &[u8; 56] = b"abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ2345679";
const GENERATED_CHARACTERS: usize = 20;

const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;
const PREFIX: &str = "argon2id$v=19$m=19456,t=2,p=1$";

/// A password of 20 characters, about 116 bits.
pub(crate) fn generate_password(ids: &dyn IdSource) -> Password {
    let bound = u32::try_from(ALPHABET.len()).unwrap_or(1);
    let character = |_| {
        let index = usize::try_from(ids.below(bound)).unwrap_or(0);
        ALPHABET.get(index).map_or('x', |byte| char::from(*byte))
    };
    Password::new((0..GENERATED_CHARACTERS).map(character).collect())
}

/// Checks a password that somebody chose.
pub(crate) fn check_chosen(password: &Password) -> Result<()> {
    let characters = password.reveal().chars().count();
    if (PASSWORD_CHARACTERS_MIN..=PASSWORD_CHARACTERS_MAX).contains(&characters) {
        Ok(())
    } else {
        Err(Error::PasswordLength { min: PASSWORD_CHARACTERS_MIN, max: PASSWORD_CHARACTERS_MAX })
    }
}

/// Hashes a password with a fresh salt. Takes 19 MiB and tens of milliseconds.
pub(crate) fn hash(key: &MasterKey, password: &Password, ids: &dyn IdSource) -> Result<String> {
    let mut salt = [0; SALT_BYTES];
    ids.fill(&mut salt);
    let hash = derive(key, password, &salt)?;
    Ok(format!("{PREFIX}{}${}", BASE64.encode(salt), BASE64.encode(hash.as_slice())))
}

/// Whether the password is the one that was hashed. Takes as long without a `stored` hash (or
/// with one that cannot be read) as with one, and then says no.
pub(crate) fn verify(key: &MasterKey, password: &Password, stored: Option<&str>) -> Result<bool> {
    let parts = stored.and_then(read_stored);
    let (salt, expected) = parts.clone().unwrap_or_else(|| (vec![0; SALT_BYTES], vec![0; HASH_BYTES]));
    let hash = derive(key, password, &salt)?;
    Ok(bool::from(hash.ct_eq(expected.as_slice())) & parts.is_some())
}

fn read_stored(stored: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let (salt, hash) = stored.strip_prefix(PREFIX)?.split_once('$')?;
    let (salt, hash) = (BASE64.decode(salt).ok()?, BASE64.decode(hash).ok()?);
    (salt.len() == SALT_BYTES && hash.len() == HASH_BYTES).then_some((salt, hash))
}

fn derive(key: &MasterKey, password: &Password, salt: &[u8]) -> Result<Zeroizing<[u8; HASH_BYTES]>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(HASH_BYTES)).map_err(|_| Error::Hash)?;
    let argon2 = Argon2::new_with_secret(key.as_bytes(), Algorithm::Argon2id, Version::V0x13, params)
        .map_err(|_| Error::Hash)?;
    let mut hash = Zeroizing::new([0; HASH_BYTES]);
    let mut blocks = borrow_blocks(argon2.params().block_count());
    let derived = argon2.hash_password_into_with_memory(
        password.reveal().as_bytes(),
        salt,
        hash.as_mut(),
        blocks.as_mut_slice(),
    );
    give_back_blocks(blocks);
    derived.map_err(|_| Error::Hash)?;
    Ok(hash)
}

/// The memory of derivations that have ended, for the next ones. Given back to the allocator it
/// would stay with whichever thread used it, 19 MiB in each.
static IDLE_BLOCKS: Mutex<Vec<Vec<Block>>> = Mutex::new(Vec::new());
/// As many as are in use at the same time while logins are checked.
const IDLE_BLOCKS_MAX: usize = 2;

fn borrow_blocks(count: usize) -> Vec<Block> {
    let idle = IDLE_BLOCKS.lock().unwrap_or_else(PoisonError::into_inner).pop();
    idle.filter(|blocks| blocks.len() == count).unwrap_or_else(|| vec![Block::default(); count])
}

fn give_back_blocks(mut blocks: Vec<Block>) {
    // Nothing of a password stays.
    blocks.fill(Block::default());
    let mut idle = IDLE_BLOCKS.lock().unwrap_or_else(PoisonError::into_inner);
    if idle.len() < IDLE_BLOCKS_MAX {
        idle.push(blocks);
    }
}

#[cfg(test)]
mod tests {
    use palisade_model::SeededIds;

    use super::*;

    fn password(text: &str) -> Password {
        Password::new(text.to_owned())
    }

    #[test]
    fn only_the_right_password_with_the_right_key_is_accepted() {
        let ids = SeededIds::new(1);
        let key = MasterKey::generate(&ids);
        let stored = hash(&key, &password("correct horse"), &ids).unwrap();
        assert!(verify(&key, &password("correct horse"), Some(&stored)).unwrap());
        assert!(!verify(&key, &password("correct horsf"), Some(&stored)).unwrap());
        assert!(!verify(&MasterKey::generate(&ids), &password("correct horse"), Some(&stored)).unwrap());
        assert!(!verify(&key, &password("correct horse"), None).unwrap());
        assert!(!verify(&key, &password("correct horse"), Some("argon2id$broken")).unwrap());
    }

    #[test]
    fn many_threads_do_not_keep_the_memory_of_a_check_each() {
        let resident_pages = || {
            let counts = std::fs::read_to_string("/proc/self/statm").unwrap();
            counts.split(' ').nth(1).unwrap().parse::<usize>().unwrap()
        };
        let before = resident_pages();
        let (key, one_at_a_time) = (MasterKey::from_bytes([7; 32]), Mutex::new(()));
        let all_have_checked = std::sync::Barrier::new(17);
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    let turn = one_at_a_time.lock().unwrap();
                    assert!(!verify(&key, &password("wrong"), None).unwrap());
                    drop(turn);
                    all_have_checked.wait();
                });
            }
            all_have_checked.wait();
        });
        let grown_pages = resident_pages().saturating_sub(before);
        assert!(grown_pages < 25_000, "{grown_pages} pages for 16 threads");
    }

    #[test]
    fn equal_passwords_have_different_hashes() {
        let ids = SeededIds::new(1);
        let key = MasterKey::generate(&ids);
        let stored = || hash(&key, &password("correct horse"), &ids).unwrap();
        assert_ne!(stored(), stored());
    }

    #[test]
    fn generated_passwords_are_long_and_differ() {
        let ids = SeededIds::new(1);
        let (one, two) = (generate_password(&ids), generate_password(&ids));
        assert_eq!(one.reveal().len(), GENERATED_CHARACTERS);
        assert_ne!(one.reveal(), two.reveal());
        assert!(check_chosen(&one).is_ok());
    }

    #[test]
    fn nothing_secret_is_printed() {
        let key = MasterKey::from_bytes([7; 32]);
        assert_eq!(format!("{key:?} {:?}", password("secret")), "MasterKey(..) Password(..)");
    }
}
