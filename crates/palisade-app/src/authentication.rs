//! Who is calling: the check of login and password.
//!
//! An unknown login costs as much as a known one. A check takes 19 MiB and tens of milliseconds,
//! so only a few run at a time, and credentials that were right a moment ago are remembered for a
//! minute (under a keyed digest, bound to the stored hash they matched): clients send theirs with
//! every call.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, PoisonError};

use palisade_model::user::Password;
use palisade_model::{IdSource, IpSet, Login, Timestamp, UserStatus};
use palisade_store::User;
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::activity::ActivityEntry;
use crate::actor::{Actor, UnitOfActor};
use crate::app::App;
use crate::error::{Error, Result};
use crate::password::{MasterKey, PASSWORD_CHARACTERS_MAX, generate_password, hash, verify};
use crate::throttle::Throttle;

/// Checks that run at the same time; each takes 19 MiB.
const CHECKS_PARALLEL: usize = 2;
/// How long right credentials are remembered, and how many.
const REMEMBERED_S: i64 = 60;
const REMEMBERED_MAX: usize = 1_000;
/// How long a lent password is good for.
const LENT_S: i64 = 86_400;

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
    /// Users may not sign in from where this one does.
    #[error("users may not sign in from this address")]
    RestrictedAddress,
    /// The user has as many sessions as may be.
    #[error("too many sessions at the same time")]
    TooManySessions,
    /// The check itself could not be done.
    #[error("the login could not be checked")]
    Unavailable(#[source] Error),
}

/// What checking logins needs to remember.
pub(crate) struct Authentication {
    key: MasterKey,
    /// Keys the digests of remembered credentials; another one in every process.
    digest_key: Zeroizing<[u8; 32]>,
    remembered: Mutex<HashMap<[u8; 32], Remembered>>,
    throttle: Mutex<Throttle>,
    checks: Semaphore,
}

/// Credentials that were right.
struct Remembered {
    /// The stored hash they matched: a changed password is another hash.
    password_hash: String,
    until: Timestamp,
}

impl std::fmt::Debug for Authentication {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authentication(..)")
    }
}

impl Authentication {
    pub(crate) fn new(key: MasterKey, ids: &dyn IdSource) -> Self {
        let mut digest_key = Zeroizing::new([0; 32]);
        ids.fill(digest_key.as_mut());
        Self {
            key,
            digest_key,
            remembered: Mutex::default(),
            throttle: Mutex::default(),
            checks: Semaphore::new(CHECKS_PARALLEL),
        }
    }

    /// For what is encrypted in the store.
    pub(crate) fn key(&self) -> &MasterKey {
        &self.key
    }

    fn digest(&self, login: &str, password: &Password) -> [u8; 32] {
        let inner = Sha256::new().chain_update(self.digest_key.as_slice()).chain_update(password.reveal());
        Sha256::new()
            .chain_update(self.digest_key.as_slice())
            .chain_update(inner.finalize())
            .chain_update(login)
            .finalize()
            .into()
    }

    fn is_remembered(&self, digest: &[u8; 32], user: &User, now: Timestamp) -> bool {
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        remembered
            .get(digest)
            .is_some_and(|known| now < known.until && known.password_hash == user.password_hash)
    }

    fn remember(&self, digest: [u8; 32], user: &User, now: Timestamp, for_s: i64) {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED_MAX {
            remembered.retain(|_, known| now < known.until);
            if remembered.len() >= REMEMBERED_MAX {
                remembered.clear();
            }
        }
        let until = Timestamp::from_second(now.as_second() + for_s).unwrap_or(now);
        remembered.insert(digest, Remembered { password_hash: user.password_hash.clone(), until });
    }

    fn forget(&self, digest: &[u8; 32]) {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner).remove(digest);
    }

    fn wait_s(&self, login: &str, from: IpAddr, now: Timestamp) -> u32 {
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner).wait_s(login, from, now)
    }
}

impl App {
    /// Checks login and password; the answer may act. A refusal is in the activity log.
    pub async fn authenticate(
        &self,
        login: &str,
        password: &Password,
        from: IpAddr,
    ) -> Result<Actor, LoginRefused> {
        let answer = self.check_login(login, password, from).await;
        if let Err(refused) = &answer {
            let entry = ActivityEntry {
                login: Some(login.to_owned()),
                from,
                module: "auth".to_owned(),
                action: "login".to_owned(),
                details: refused.to_string(),
                refused: true,
            };
            self.record(entry).await.map_err(LoginRefused::Unavailable)?;
        }
        answer
    }

    /// A second password for an account, known to this process only and good until
    /// [`App::take_back_password`], for a day at most: so that whoever holds the data can act as a
    /// client of the API without knowing or changing the account's own password.
    pub async fn lend_password(&self, login: &Login) -> Result<Password> {
        let user = self.store().user(login).await?.ok_or(Error::UnknownUser)?;
        let password = generate_password(self.parts.ids.as_ref());
        let authentication = &self.parts.authentication;
        let digest = authentication.digest(login.as_str(), &password);
        authentication.remember(digest, &user, self.clock().now(), LENT_S);
        Ok(password)
    }

    /// Ends the use of a lent password.
    pub fn take_back_password(&self, login: &Login, password: &Password) {
        let authentication = &self.parts.authentication;
        authentication.forget(&authentication.digest(login.as_str(), password));
    }

    async fn check_login(
        &self,
        login: &str,
        password: &Password,
        from: IpAddr,
    ) -> Result<Actor, LoginRefused> {
        let now = self.clock().now();
        let authentication = &self.parts.authentication;
        // A login is counted under what was written, cut so that it cannot fill the table.
        let counted: String = login.chars().take(64).collect();
        self.refuse_throttled(&counted, from)?;

        let user = match login.parse::<Login>() {
            Ok(login) => {
                self.store().user(&login).await.map_err(|error| LoginRefused::Unavailable(error.into()))?
            }
            Err(_) => None,
        };
        let digest = authentication.digest(login, password);
        let remembered = user.as_ref().is_some_and(|user| authentication.is_remembered(&digest, user, now));
        if !remembered {
            let permit = authentication.checks.acquire().await;
            // Again, because others may have failed while this one waited for its turn.
            self.refuse_throttled(&counted, from)?;
            let right =
                self.check_password(user.as_ref(), password).await.map_err(LoginRefused::Unavailable)?;
            let mut throttle = authentication.throttle.lock().unwrap_or_else(PoisonError::into_inner);
            if right {
                throttle.note_success(&counted);
            } else {
                throttle.note_failure(&counted, from, now);
            }
            drop((throttle, permit));
            if !right {
                return Err(LoginRefused::BadCredentials);
            }
        }
        let Some(user) = user else { return Err(LoginRefused::BadCredentials) };
        let mut actor = let_in(&user, from, now)?;
        self.check_sign_in_address(from).await?;
        self.note_reach(&mut actor, &user).await.map_err(LoginRefused::Unavailable)?;
        if !remembered {
            authentication.remember(digest, &user, now, REMEMBERED_S);
            let noted = self.store().note_login(user.id, now).await;
            noted.map_err(|error| LoginRefused::Unavailable(error.into()))?;
        }
        Ok(actor)
    }

    /// The user as somebody who acts without having called: the owner of what starts by itself.
    /// Refused as a call of theirs would be.
    pub(crate) async fn act_for(&self, login: &Login) -> Result<Result<Actor, LoginRefused>> {
        let Some(user) = self.store().user(login).await? else {
            return Ok(Err(LoginRefused::Inactive));
        };
        let mut actor = match let_in(&user, IpAddr::V4(Ipv4Addr::LOCALHOST), self.clock().now()) {
            Ok(actor) => actor,
            Err(refused) => return Ok(Err(refused)),
        };
        self.note_reach(&mut actor, &user).await?;
        Ok(Ok(actor))
    }

    /// Completes what [`let_in`] leaves open: the unit and the addresses of the user.
    pub(crate) async fn note_reach(&self, actor: &mut Actor, user: &User) -> Result<()> {
        actor.assigned_ips = self.store().assigned_addresses(user).await?;
        actor.business_unit = self.unit_of(user).await?;
        Ok(())
    }

    /// The business unit that the user is in.
    pub(crate) async fn unit_of(&self, user: &User) -> Result<Option<UnitOfActor>> {
        let Some(id) = user.business_unit else { return Ok(None) };
        let units = self.store().list_business_units().await?;
        let unit = units.into_iter().find(|unit| unit.id == id);
        let asset_groups = unit.map(|unit| unit.asset_groups).unwrap_or_default();
        Ok(Some(UnitOfActor { id, asset_groups }))
    }

    fn refuse_throttled(&self, login: &str, from: IpAddr) -> Result<(), LoginRefused> {
        match self.parts.authentication.wait_s(login, from, self.clock().now()) {
            0 => Ok(()),
            retry_after_s => Err(LoginRefused::Throttled { retry_after_s }),
        }
    }

    /// Runs the check where it holds up nobody.
    async fn check_password(&self, user: Option<&User>, password: &Password) -> Result<bool> {
        let stored = user.map(|user| user.password_hash.clone());
        let (key, password) = (self.parts.authentication.key.clone(), password.clone());
        if password.reveal().len() > PASSWORD_CHARACTERS_MAX * 4 {
            return Ok(false);
        }
        tokio::task::spawn_blocking(move || verify(&key, &password, stored.as_deref()))
            .await
            .map_err(|_| Error::Hash)?
    }

    /// Hashes a password likewise.
    pub(crate) async fn hash_password(&self, password: &Password) -> Result<String> {
        let parts = std::sync::Arc::clone(&self.parts);
        let password = password.clone();
        tokio::task::spawn_blocking(move || hash(&parts.authentication.key, &password, parts.ids.as_ref()))
            .await
            .map_err(|_| Error::Hash)?
    }
}

/// Whether the account may be used, now that its holder is known. The user's unit and addresses are
/// still missing in the answer.
pub(crate) fn let_in(user: &User, from: IpAddr, now: Timestamp) -> Result<Actor, LoginRefused> {
    if user.status == UserStatus::Inactive {
        return Err(LoginRefused::Inactive);
    }
    if user.expires_at.is_some_and(|at| at <= now) {
        return Err(LoginRefused::Expired);
    }
    if !user.role.may_log_in() {
        return Err(LoginRefused::NoApiAccess);
    }
    Ok(Actor {
        user_id: user.id,
        login: user.login.clone(),
        role: user.role,
        permissions: user.permissions.clone(),
        first_name: user.first_name.clone(),
        last_name: user.last_name.clone(),
        eula_accepted: user.eula_accepted_at.is_some(),
        assigned_ips: IpSet::new(),
        business_unit: None,
        from,
    })
}
