//! Accounts: local administration from the command line, and the acceptance of the terms.

use palisade_model::user::Password;
use palisade_model::{IpSet, Login, Role, Timestamp, UserStatus};

use crate::actor::Actor;
use crate::app::App;
use crate::error::Result;

/// An account to be made.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Generated when `None`: five letters of the company, `_`, two letters, digits.
    pub login: Option<Login>,
    pub role: Role,
    pub first_name: String,
    pub last_name: String,
    pub email: String,
    /// Generated when `None`.
    pub password: Option<Password>,
    pub assigned_ips: IpSet,
    pub eula_accepted: bool,
    pub expires_at: Option<Timestamp>,
}

/// An account just made; the one time its password can be read.
#[derive(Debug, Clone)]
pub struct NewAccount {
    pub login: Login,
    pub password: Password,
}

/// An account as administrators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserView {
    pub login: Login,
    pub role: Role,
    pub status: UserStatus,
    pub first_name: String,
    pub last_name: String,
    pub email: String,
    pub assigned_ips: IpSet,
    pub eula_accepted: bool,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub last_login_at: Option<Timestamp>,
}

impl App {
    /// Whether there is any account.
    pub async fn has_users(&self) -> Result<bool> { todo!() }
    /// Makes an account.
    pub async fn add_user(&self, new: NewUser) -> Result<NewAccount> { todo!() }
    /// All accounts, by login.
    pub async fn list_users(&self) -> Result<Vec<UserView>> { todo!() }
    /// Sets a password, or a generated one, and gives it back.
    pub async fn set_password(&self, login: &Login, password: Option<Password>) -> Result<Password> { todo!() }
    /// Switches an account on or off.
    pub async fn set_user_status(&self, login: &Login, status: UserStatus) -> Result<()> { todo!() }
    /// Accepts the terms for the caller.
    pub async fn accept_eula(&self, actor: &Actor) -> Result<()> { todo!() }
}
