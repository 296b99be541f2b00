//! Secrets in memory: never printed, wiped when dropped.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

/// Secrets by the names of their fields. `Debug` shows the names alone. Serialising it writes the
/// secrets themselves: only what is sealed afterwards, or sent to a scanner, may be serialised.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets(BTreeMap<String, Zeroizing<String>>);

impl Secrets {
    /// The secret of a field.
    #[must_use]
    pub fn reveal(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|secret| secret.as_str())
    }

    /// Keeps a secret; an empty one removes what was there.
    pub fn set(&mut self, name: &str, secret: String) {
        if secret.is_empty() {
            self.0.remove(name);
        } else {
            self.0.insert(name.to_owned(), Zeroizing::new(secret));
        }
    }

    /// Forgets a secret.
    pub fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// The names of the fields that have one.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets")?;
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Serialize for Secrets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, secret)| (name, secret.as_str())))
    }
}

impl<'de> Deserialize<'de> for Secrets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = BTreeMap::<String, String>::deserialize(deserializer)?;
        Ok(Self(read.into_iter().map(|(name, secret)| (name, Zeroizing::new(secret))).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let mut secrets = Secrets::default();
        secrets.set("password", "open sesame".to_owned());
        assert_eq!(format!("{secrets:?}"), "Secrets{\"password\"}");
        let text = serde_json::to_string(&secrets).unwrap();
        assert_eq!(serde_json::from_str::<Secrets>(&text).unwrap(), secrets);
        secrets.set("password", String::new());
        assert!(secrets.is_empty());
    }
}
