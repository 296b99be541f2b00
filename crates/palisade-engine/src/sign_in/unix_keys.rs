//! The private keys of a Unix record, read for SSH, with the certificates made for them.
//!
//! Deliberately absent: DSA, which services refuse, and certificates of RSA keys, which would be signed
//! with SHA-1.

use std::sync::Arc;

use palisade_model::SignIn;
use palisade_model::auth_record::{KeySort, PrivateKeyInUse};
use russh::keys::{Algorithm, Certificate, PrivateKey};

/// A key to be presented, with its certificate where it has one.
pub(super) struct Key {
    pub(super) key: Arc<PrivateKey>,
    pub(super) certificate: Option<Certificate>,
}

impl Key {
    /// The keys of a record that can be read, in their order. None at all is fine where the record
    /// names none.
    ///
    /// # Errors
    ///
    /// Why no key of those there are can be used, for people.
    pub(super) fn all_of(record: &SignIn) -> Result<Vec<Self>, String> {
        let given = record.private_keys_in_use();
        let usable: Vec<_> = given.iter().filter(|key| key.sort != Some(KeySort::Dsa)).collect();
        let (mut keys, mut first_reason) = (Vec::new(), None);
        for each in &usable {
            match Self::read(each) {
                Ok(key) => keys.push(key),
                Err(reason) => first_reason = first_reason.or(Some(reason)),
            }
        }
        if let Some(reason) = first_reason.filter(|_| keys.is_empty()) {
            return Err(reason.to_owned());
        }
        if usable.is_empty() && !given.is_empty() && record.secrets.reveal("password").is_none() {
            return Err("DSA keys are not used".to_owned());
        }
        Ok(keys)
    }

    /// Reasons are ours: those of the library could quote the key.
    fn read(given: &PrivateKeyInUse<'_>) -> Result<Self, &'static str> {
        let key = russh::keys::decode_secret_key(given.key(), given.passphrase())
            .map_err(|_| "the private key or its passphrase cannot be read")?;
        let certificate = given.certificate().map(|text| certificate(text, &key)).transpose()?;
        Ok(Self { key: Arc::new(key), certificate })
    }

    /// What signing in with it is called.
    pub(super) fn method(&self) -> &'static str {
        if self.certificate.is_some() { "certificate" } else { "public key" }
    }
}

fn certificate(text: &str, key: &PrivateKey) -> Result<Certificate, &'static str> {
    let certificate = Certificate::from_openssh(text).map_err(|_| "the certificate cannot be read")?;
    if certificate.public_key() != key.public_key().key_data() {
        return Err("the certificate is for another key");
    }
    if matches!(certificate.algorithm(), Algorithm::Rsa { .. }) {
        return Err("certificates of RSA keys are not used");
    }
    Ok(certificate)
}
