//! Sessions: a login that is remembered under a token until it is closed or idle for too long.
//!
//! A session acts for its user as the user is now: a changed password, an account that was switched
//! off or lost an asset group count at once. The token is random and is given out once; the store
//! has a digest of it.

use std::fmt::Write as _;
use std::net::IpAddr;

use palisade_model::user::Password;
use palisade_model::{IdSource, Timestamp};
use palisade_store::{NewSession, User};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::actor::Actor;
use crate::app::App;
use crate::authentication::{LoginRefused, let_in};
use crate::error::{Error, Result};

/// Most sessions of one user at the same time.
const SESSIONS_MAX: u64 = 100;
/// Random bytes of a token.
const TOKEN_BYTES: usize = 16;

/// What a client proves its session with: 32 hexadecimal digits.
#[derive(Clone)]
pub struct SessionToken(Zeroizing<String>);

impl std::fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionToken(..)")
    }
}

impl SessionToken {
    /// A token as a client sent it; `None` for what no server gave out.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let right = text.len() == TOKEN_BYTES * 2 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        right.then(|| Self(Zeroizing::new(text.to_ascii_lowercase())))
    }

    fn random(ids: &dyn IdSource) -> Self {
        let mut bytes = Zeroizing::new([0; TOKEN_BYTES]);
        ids.fill(bytes.as_mut());
        Self(Zeroizing::new(hex(bytes.as_slice())))
    }

    /// The text to give out.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    fn digest(&self) -> String {
        hex(&Sha256::digest(self.0.as_bytes()))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What a session of this user is bound to.
fn bound_to(user: &User) -> String {
    hex(&Sha256::digest(user.password_hash.as_bytes()))
}

impl App {
    /// Checks login and password and opens a session. The user is returned too.
    ///
    /// # Errors
    ///
    /// Those of [`App::authenticate`], and [`LoginRefused::TooManySessions`].
    pub async fn open_session(
        &self,
        login: &str,
        password: &Password,
        from: IpAddr,
    ) -> Result<(SessionToken, Actor), LoginRefused> {
        let actor = self.authenticate(login, password, from).await?;
        let user = self.store().user(&actor.login).await.map_err(unavailable)?;
        let user = user.ok_or(LoginRefused::BadCredentials)?;
        let token = SessionToken::random(self.parts.ids.as_ref());
        let now = self.clock().now();
        let new = NewSession {
            digest: token.digest(),
            user_id: user.id,
            bound_to: bound_to(&user),
            opened_at: now,
        };
        let idle_since = self.idle_since(now);
        if !self.store().open_session(&new, idle_since, SESSIONS_MAX).await.map_err(unavailable)? {
            return Err(LoginRefused::TooManySessions);
        }
        let done = self.record_done(&actor, "auth", "login", "a session was opened".to_owned());
        done.await.map_err(LoginRefused::Unavailable)?;
        Ok((token, actor))
    }

    /// The user of a session, who may act.
    ///
    /// # Errors
    ///
    /// [`LoginRefused::BadCredentials`] when there is no such session any more, else those of an
    /// account that may not be used.
    pub async fn session_actor(&self, token: &SessionToken, from: IpAddr) -> Result<Actor, LoginRefused> {
        let now = self.clock().now();
        let found = self.store().use_session(&token.digest(), self.idle_since(now), now).await;
        let session = found.map_err(unavailable)?.ok_or(LoginRefused::BadCredentials)?;
        if session.bound_to != bound_to(&session.user) {
            return Err(LoginRefused::BadCredentials);
        }
        let mut actor = let_in(&session.user, from, now)?;
        self.check_sign_in_address(from).await?;
        self.note_reach(&mut actor, &session.user).await.map_err(LoginRefused::Unavailable)?;
        Ok(actor)
    }

    /// Ends a session.
    pub async fn close_session(&self, actor: &Actor, token: &SessionToken) -> Result<()> {
        if self.store().close_session(&token.digest()).await? {
            self.record_done(actor, "auth", "logout", "a session was closed".to_owned()).await?;
        }
        Ok(())
    }

    /// Sessions that were not used since then are over.
    fn idle_since(&self, now: Timestamp) -> Timestamp {
        let idle_us = i64::from(self.parts.config.session_idle_s).saturating_mul(1_000_000);
        Timestamp::from_microsecond(now.as_microsecond().saturating_sub(idle_us)).unwrap_or(Timestamp::MIN)
    }
}

fn unavailable(error: palisade_store::Error) -> LoginRefused {
    LoginRefused::Unavailable(Error::from(error))
}
