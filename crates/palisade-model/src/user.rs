//! User accounts.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::words::words;

/// A login name: 1 to 64 characters out of letters, digits, `_`, `-`, `.` and `@`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Login(String);

/// Why a text is not a login.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a login has 1 to 64 letters, digits or any of _ - . @")]
pub struct NotALogin;

impl Login {
    /// Stands for whoever uses the command line, where there are no accounts.
    #[must_use]
    pub fn command_line() -> Self {
        Self("command-line".to_owned())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Login {
    type Err = NotALogin;

    fn from_str(text: &str) -> Result<Self, NotALogin> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.@".contains(&byte);
        if (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotALogin)
        }
    }
}

impl fmt::Display for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Login> for String {
    fn from(login: Login) -> Self {
        login.0
    }
}

impl TryFrom<String> for Login {
    type Error = NotALogin;

    fn try_from(text: String) -> Result<Self, NotALogin> {
        text.parse()
    }
}

words! {
    /// Whether an account may be used.
    #[derive(Serialize, Deserialize)]
    pub enum UserStatus or NotAUserStatus {
        Active = "Active",
        /// Switched off by a Manager.
        Inactive = "Inactive",
        /// Made, but its holder has not accepted the terms yet.
        PendingActivation = "Pending Activation",
    }
}

/// A text that names no account status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an account status")]
pub struct NotAUserStatus;

/// A password in memory: never printed, wiped when dropped.
#[derive(Clone)]
pub struct Password(zeroize::Zeroizing<String>);

impl Password {
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(zeroize::Zeroizing::new(text))
    }

    /// The password itself, for hashing or for showing once.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}
