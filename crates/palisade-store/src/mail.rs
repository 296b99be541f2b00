//! Mails on their way to the mail server: queued, taken by one sender at a time, sent or put off.

use palisade_model::Timestamp;

use crate::error::Result;
use crate::row::{Read, integer};
use crate::store::{Store, expect_rows};

/// A mail that is on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedMail {
    pub id: i64,
    pub recipient: String,
    /// The whole mail, encrypted.
    pub sealed: String,
    pub queued_at: Timestamp,
    /// Attempts that failed.
    pub attempts: u64,
}

impl Store {
    /// Queues a mail, to be sent at once. `false` when `mails_max` are queued already.
    pub async fn queue_mail(
        &self,
        recipient: &str,
        sealed: &str,
        now: Timestamp,
        mails_max: u64,
    ) -> Result<bool> {
        let mut write = self.write().await?;
        sqlx::query(self.dialect().lock_subscription()).fetch_one(write.connection()).await?;
        let row = sqlx::query("SELECT COUNT(*) AS queued FROM mail").fetch_one(write.connection()).await?;
        if Read::new("mail", &row).count("queued")? >= mails_max {
            return Ok(false);
        }
        sqlx::query(
            "INSERT INTO mail (recipient, sealed, queued_at, attempts, next_at) VALUES ($1, $2, $3, 0, $3)",
        )
        .bind(recipient.to_owned())
        .bind(sealed.to_owned())
        .bind(now.as_microsecond())
        .execute(write.connection())
        .await?;
        write.commit().await?;
        Ok(true)
    }

    /// The mail that is due the longest. Until `until` nobody else is given it.
    pub async fn take_due_mail(&self, now: Timestamp, until: Timestamp) -> Result<Option<QueuedMail>> {
        let mut write = self.write().await?;
        sqlx::query(self.dialect().lock_subscription()).fetch_one(write.connection()).await?;
        let row = sqlx::query(
            "SELECT id, recipient, sealed, queued_at, attempts FROM mail WHERE next_at <= $1
             ORDER BY next_at, id LIMIT 1",
        )
        .bind(now.as_microsecond())
        .fetch_optional(write.connection())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let read = Read::new("mail", &row);
        let mail = QueuedMail {
            id: read.number("id")?,
            recipient: read.text("recipient")?,
            sealed: read.text("sealed")?,
            queued_at: read.time("queued_at")?,
            attempts: read.count("attempts")?,
        };
        let done = sqlx::query("UPDATE mail SET next_at = $2 WHERE id = $1")
            .bind(mail.id)
            .bind(until.as_microsecond())
            .execute(write.connection())
            .await?;
        expect_rows(1, done.rows_affected())?;
        write.commit().await?;
        Ok(Some(mail))
    }

    /// Notes that so many attempts failed, and when the next one is due.
    pub async fn put_off_mail(&self, id: i64, attempts: u64, next_at: Timestamp) -> Result<()> {
        let mut write = self.write().await?;
        let done = sqlx::query("UPDATE mail SET attempts = $2, next_at = $3 WHERE id = $1")
            .bind(id)
            .bind(integer(attempts))
            .bind(next_at.as_microsecond())
            .execute(write.connection())
            .await?;
        expect_rows(1, done.rows_affected())?;
        write.commit().await
    }

    /// Forgets a mail that was sent or given up.
    pub async fn forget_mail(&self, id: i64) -> Result<()> {
        let mut write = self.write().await?;
        sqlx::query("DELETE FROM mail WHERE id = $1").bind(id).execute(write.connection()).await?;
        write.commit().await
    }
}
