//! Sessions of the API: found by a digest of their token, over when they were idle for too long.

use palisade_model::Timestamp;

use crate::error::Result;
use crate::row::Read;
use crate::store::Store;
use crate::user::{USERS_BY_ID, User, read_user};

/// A session is noted as used at most this often, in microseconds: clients call many times a second.
const NOTED_EVERY_US: i64 = 30_000_000;

/// A session to be opened.
#[derive(Clone)]
pub struct NewSession {
    /// Of the token.
    pub digest: String,
    pub user_id: i64,
    /// Of the password hash that the user has now.
    pub bound_to: String,
    pub opened_at: Timestamp,
}

impl std::fmt::Debug for NewSession {
    /// Without the digests.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewSession").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

/// A session that goes on.
#[derive(Debug, Clone)]
pub struct Session {
    pub user: User,
    pub bound_to: String,
}

impl Store {
    /// Opens a session, and forgets those that were idle since before `idle_since`. `false` when the
    /// user has `sessions_max` already.
    pub async fn open_session(
        &self,
        new: &NewSession,
        idle_since: Timestamp,
        sessions_max: u64,
    ) -> Result<bool> {
        let NewSession { digest, user_id, bound_to, opened_at } = new;
        let mut write = self.write().await?;
        sqlx::query(self.dialect().lock_subscription()).fetch_one(write.connection()).await?;
        sqlx::query("DELETE FROM api_session WHERE used_at < $1")
            .bind(idle_since.as_microsecond())
            .execute(write.connection())
            .await?;
        let row = sqlx::query("SELECT COUNT(*) AS open FROM api_session WHERE user_id = $1")
            .bind(*user_id)
            .fetch_one(write.connection())
            .await?;
        if Read::new("api_session", &row).count("open")? >= sessions_max {
            write.commit().await?;
            return Ok(false);
        }
        sqlx::query(
            "INSERT INTO api_session (digest, user_id, bound_to, opened_at, used_at)
             VALUES ($1, $2, $3, $4, $4)",
        )
        .bind(digest.clone())
        .bind(*user_id)
        .bind(bound_to.clone())
        .bind(opened_at.as_microsecond())
        .execute(write.connection())
        .await?;
        write.commit().await?;
        Ok(true)
    }

    /// The session of this digest, if it was used at `idle_since` or later; it is noted as used `now`.
    pub async fn use_session(
        &self,
        digest: &str,
        idle_since: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Session>> {
        let row = sqlx::query("SELECT user_id, bound_to, used_at FROM api_session WHERE digest = $1")
            .bind(digest.to_owned())
            .fetch_optional(self.pool())
            .await?;
        let Some(row) = row else { return Ok(None) };
        let read = Read::new("api_session", &row);
        let (user_id, used_at) = (read.number("user_id")?, read.time("used_at")?);
        if used_at < idle_since {
            return Ok(None);
        }
        let user = sqlx::query(USERS_BY_ID).bind(user_id).fetch_optional(self.pool()).await?;
        let Some(user) = user else { return Ok(None) };
        let session = Session { user: read_user(&user)?, bound_to: read.text("bound_to")? };
        if now.as_microsecond() - used_at.as_microsecond() >= NOTED_EVERY_US {
            let mut write = self.write().await?;
            // Never backwards: another server's clock may be ahead.
            sqlx::query("UPDATE api_session SET used_at = $2 WHERE digest = $1 AND used_at < $2")
                .bind(digest.to_owned())
                .bind(now.as_microsecond())
                .execute(write.connection())
                .await?;
            write.commit().await?;
        }
        Ok(Some(session))
    }

    /// Ends a session; gives whether there was one.
    pub async fn close_session(&self, digest: &str) -> Result<bool> {
        let mut write = self.write().await?;
        let done = sqlx::query("DELETE FROM api_session WHERE digest = $1")
            .bind(digest.to_owned())
            .execute(write.connection())
            .await?;
        write.commit().await?;
        Ok(done.rows_affected() > 0)
    }
}
