//! Who is calling: the check of login and password.

use std::net::IpAddr;

use palisade_model::IdSource;
use palisade_model::user::Password;

use crate::actor::Actor;
use crate::app::App;
use crate::error::Error;
use crate::password::MasterKey;

/// Why nobody was let in.
#[derive(Debug, thiserror::Error)]
pub enum LoginRefused {
    /// No such login, or another password: which of the two is not told.
    #[error("login or password is wrong")]
    BadCredentials,
    /// Too many failures from this source or for this login.
    #[error("too many failed logins; try again in {retry_after_s} s")]
    Throttled { retry_after_s: u32 },
    /// The account is switched off.
    #[error("the account is not active")]
    Inactive,
    /// The account's time is over.
    #[error("the account has expired")]
    Expired,
    /// The role has no access to the API.
    #[error("the user has no access to the API")]
    NoApiAccess,
    /// The check itself could not be done.
    #[error("the login could not be checked")]
    Unavailable(#[source] Error),
}

#[derive(Debug)]
pub(crate) struct Authentication {}
impl Authentication {
    pub(crate) fn new(_key: MasterKey, _ids: &dyn IdSource) -> Self { Self {} }
}
impl App {
    /// Checks login and password.
    pub async fn authenticate(&self, login: &str, password: &Password, from: IpAddr) -> Result<Actor, LoginRefused> { todo!() }
}
