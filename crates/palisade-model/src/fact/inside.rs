//! What came of signing in to a host, and what it told from inside. No secret is among it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How signing in went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInStatus {
    Passed,
    Failed,
    /// The user was let in, and may not do what a scan needs.
    InsufficientPrivileges,
    #[default]
    NotAttempted,
}

impl SignInStatus {
    /// The name shown to people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Passed => "Passed",
            Self::Failed => "Failed",
            Self::InsufficientPrivileges => "Insufficient privileges",
            Self::NotAttempted => "Not attempted",
        }
    }
}

impl fmt::Display for SignInStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

/// One sign-in, or the reason for none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SignInFacts {
    /// The type of record: `unix`, `windows`, `snmp`, ...
    pub technology: String,
    /// The name of the type, for people: `Unix`, `MySQL`.
    pub title: String,
    pub status: SignInStatus,
    /// The record's number; `None` where there was no record for the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<i64>,
    /// Empty where there is none.
    pub user: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// How: `password`, `public key`, `SCRAM-SHA-256`, `NTLMv2`, ...; empty where it was not tried.
    pub method: String,
    /// What was said or went wrong, for people; printable, at most 300 characters.
    pub detail: String,
    /// The time was up before an answer.
    pub timed_out: bool,
    /// What the server proved itself with, such as the fingerprint of its SSH host key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_key: Option<String>,
    /// The version of what was signed in to, as it told the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The name of the domain or database signed in to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
}

/// A Unix system from inside.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InsideFacts {
    /// The answer to `uname -a`, or of a device to `show version`, its first line.
    pub kernel: String,
    /// The system and its version, for example `Debian Linux 12`; empty when it says neither.
    pub system: String,
    /// `PRETTY_NAME` of the release file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// Commands could be run as root.
    pub root: bool,
    /// `dpkg`, `rpm` or `apk`; empty when there is none of them.
    pub package_manager: String,
    /// By name, at most 5000.
    pub packages: Vec<Package>,
}

/// An installed package.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Package {
    pub name: String,
    pub version: String,
    pub architecture: String,
}
