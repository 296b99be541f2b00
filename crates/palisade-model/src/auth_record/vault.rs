//! Vaults: other programs that keep passwords. They are described and referred to; nothing asks
//! them for a password yet.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::field::{Field, KEY_CHARACTERS_MAX};

/// A sort of vault.
#[derive(Debug, PartialEq, Eq)]
pub struct VaultType {
    /// The name of parameters and documents.
    pub title: &'static str,
    pub fields: &'static [Field],
}

const URL: Field = Field::text("url", 1_999, "The address of the vault's service.");
const USERNAME: Field = Field::text("username", 255, "The user to ask as.");
const PASSWORD: Field = Field::secret("password", 255, "The user's password.");
const DOMAIN: Field = Field::text("domain", 255, "The user's domain.");
const SERVER: Field = Field::text("server_address", 255, "The address of the vault.");
const PORT: Field = Field::port("The port of the vault.");
const SAFE: Field = Field::text("safe", 255, "The safe.");
const SSL_VERIFY: Field =
    Field::switch("ssl_verify", "1 asks only where the certificate is good.").default("1");

const TYPES: &[VaultType] = &[
    VaultType {
        title: "CA Access Control",
        fields: &[
            Field::text("ca_url", 1_999, "The address of the vault's service.").required(),
            Field::text("ca_api_username", 255, "The user of the interface.").required(),
            Field::switch("ca_ssl_verify", "1 asks only where the certificate is good.").default("1"),
            Field::text("ca_web_username", 255, "The user of the web server."),
            Field::secret("ca_web_password", 255, "The password of that user."),
        ],
    },
    VaultType {
        title: "Cyber-Ark PIM Suite",
        fields: &[SERVER.required(), PORT, SAFE.required(), USERNAME.required(), PASSWORD.required()],
    },
    VaultType {
        title: "Cyber-Ark AIM",
        fields: &[
            Field::text("appid", 255, "The name of the application.").required(),
            SAFE.required(),
            URL.required(),
            SSL_VERIFY,
            Field::secret("cert", KEY_CHARACTERS_MAX, "The client's certificate, as PEM."),
            Field::secret("private_key", KEY_CHARACTERS_MAX, "The key of the certificate, as PEM."),
            Field::secret("private_key_pwd", 255, "What the key is encrypted with."),
        ],
    },
    VaultType {
        title: "Hitachi ID PAM",
        fields: &[URL.required(), USERNAME.required(), PASSWORD.required()],
    },
    VaultType {
        title: "Lieberman ERPM",
        fields: &[URL.required(), USERNAME.required(), PASSWORD.required(), DOMAIN, SSL_VERIFY],
    },
    VaultType {
        title: "Quest Vault",
        fields: &[
            SERVER.required(),
            PORT,
            USERNAME.required(),
            Field::secret("access_key", KEY_CHARACTERS_MAX, "The key to ask with.").required(),
        ],
    },
    VaultType {
        title: "Thycotic Secret Server",
        fields: &[URL.required(), USERNAME.required(), PASSWORD.required(), DOMAIN, SSL_VERIFY],
    },
];

/// What a record says of the password in its vault; which of it counts depends on the vault's sort.
pub const REFERENCE_FIELDS: &[Field] = &[
    Field::text("vault_username", 255, "The user whose password it is.").element("VAULT_USERNAME"),
    Field::text("folder", 255, "The folder of the password.").element("VAULT_FOLDER"),
    Field::text("file", 255, "The file of the password.").element("VAULT_FILE"),
    Field::text("secret_name", 255, "The name of the password.").element("VAULT_SECRET_NAME"),
    Field::text("system_name", 255, "The system the password is for.").element("VAULT_SYSTEM_NAME"),
    Field::text("end_point_name", 255, "The managed system.").element("VAULT_EP_NAME"),
    Field::text("end_point_type", 255, "The sort of managed system.").element("VAULT_EP_TYPE"),
    Field::text("end_point_container", 255, "The container of the managed system.").element("VAULT_EP_CONT"),
];

/// Where the password of a record is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VaultReference {
    pub vault_id: i64,
    /// By the names of [`REFERENCE_FIELDS`].
    pub fields: BTreeMap<String, String>,
}

/// One of the sorts.
#[derive(Clone, Copy)]
pub struct VaultKind(&'static VaultType);

/// A text that names no sort of vault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a sort of vault")]
pub struct NotAVaultKind;

impl VaultKind {
    pub fn all() -> impl Iterator<Item = Self> {
        TYPES.iter().map(Self)
    }

    /// The field with this name.
    #[must_use]
    pub fn field(self, name: &str) -> Option<&'static Field> {
        self.0.fields.iter().find(|field| field.name == name)
    }
}

impl std::ops::Deref for VaultKind {
    type Target = VaultType;

    fn deref(&self) -> &VaultType {
        self.0
    }
}

impl PartialEq for VaultKind {
    fn eq(&self, other: &Self) -> bool {
        self.0.title == other.0.title
    }
}

impl Eq for VaultKind {}

impl fmt::Debug for VaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VaultKind({})", self.0.title)
    }
}

impl fmt::Display for VaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.title)
    }
}

impl FromStr for VaultKind {
    type Err = NotAVaultKind;

    fn from_str(text: &str) -> Result<Self, NotAVaultKind> {
        Self::all().find(|kind| kind.0.title.eq_ignore_ascii_case(text)).ok_or(NotAVaultKind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_are_found_by_their_titles() {
        for kind in VaultKind::all() {
            assert_eq!(kind.title.to_lowercase().parse(), Ok(kind));
            assert!(kind.fields.iter().any(|field| field.required), "{kind}");
        }
        assert!("Cardboard box".parse::<VaultKind>().is_err());
    }
}
