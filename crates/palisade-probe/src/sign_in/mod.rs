//! Signing in to services with credentials, as pure bytes: what is sent, and what the answers mean.
//!
//! Everything random comes in as an argument. No password is sent in the clear except through TLS
//! and where the protocol knows nothing else; no state shows one with `Debug`.

mod hash;
pub mod http;
pub mod mysql;
pub mod postgres;
mod scram;
pub mod snmp;

pub(crate) use hash::Hash;
use palisade_model::user::Password;

/// How a service took a sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Verdict {
    /// Nothing was said, or not to the end.
    #[default]
    Unknown,
    Passed,
    /// The user or the password is wrong, or the user may not come from here.
    Refused(String),
    /// The password is right, and something else is denied.
    Limited(String),
    /// The service wants something that is not given to it, for example a password in the clear.
    Unsupported(String),
}

/// Who signs in, and with what.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub user: String,
    pub password: Password,
}
