//! Passwords.

use palisade_model::IdSource;
use zeroize::Zeroizing;

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
