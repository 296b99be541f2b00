//! What signs in where: the technologies a profile allows authentication for, and how many
//! passwords it allows to be guessed. Scans sign in only to what the profile allows, and only where
//! an authentication record says how (`crate::auth_record`).

use serde::{Deserialize, Serialize};

/// A technology that scans may sign in to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthenticationKind {
    Windows,
    Unix,
    Oracle,
    Snmp,
    OracleListener,
    Vmware,
    Db2,
    Http,
    Mysql,
    Postgresql,
}

impl AuthenticationKind {
    /// In the order in which options are described.
    pub const ALL: [Self; 10] = [
        Self::Windows,
        Self::Unix,
        Self::Oracle,
        Self::Snmp,
        Self::OracleListener,
        Self::Vmware,
        Self::Db2,
        Self::Http,
        Self::Mysql,
        Self::Postgresql,
    ];

    /// The name shown to people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Windows => "Windows",
            Self::Unix => "Unix",
            Self::Oracle => "Oracle",
            Self::Snmp => "SNMP",
            Self::OracleListener => "Oracle Listener",
            Self::Vmware => "VMware",
            Self::Db2 => "DB2",
            Self::Http => "HTTP",
            Self::Mysql => "MySQL",
            Self::Postgresql => "PostgreSQL",
        }
    }
}

/// How many of the well-known and default passwords are tried. Custom lists are absent: they would
/// be secrets in a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PasswordBruteForcing {
    /// None at all: nothing that only a guess can show is reported.
    #[default]
    None,
    /// Empty passwords.
    Minimal,
    /// The few most frequent.
    Limited,
    Standard,
    Exhaustive,
}

impl PasswordBruteForcing {
    /// The name shown to people; `None` when it is off.
    #[must_use]
    pub const fn title(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Minimal => Some("Minimal"),
            Self::Limited => Some("Limited"),
            Self::Standard => Some("Standard"),
            Self::Exhaustive => Some("Exhaustive"),
        }
    }

    /// How many of `candidates`, the most frequent first, may be tried.
    #[must_use]
    pub const fn tries(self, candidates: usize) -> usize {
        let allowed = match self {
            Self::None => 0,
            Self::Minimal => 2,
            Self::Limited => 4,
            Self::Standard => 16,
            Self::Exhaustive => usize::MAX,
        };
        if allowed < candidates { allowed } else { candidates }
    }
}
