//! The activity log: appended to, read from its end.

use palisade_model::Timestamp;
use sqlx::any::AnyRow;

use crate::error::Result;
use crate::row::Read;
use crate::store::Store;

/// One entry of the activity log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    pub at: Timestamp,
    /// The login as it was given; `None` when none was.
    pub login: Option<String>,
    /// The address the call came from.
    pub from: String,
    pub module: String,
    pub action: String,
    pub details: String,
    pub refused: bool,
}

/// Entries that are kept; older ones make room, because strangers can cause entries.
const ENTRIES_KEPT: i64 = 1_000_000;

impl Store {
    /// Appends an entry. The newest million are kept.
    pub async fn add_activity(&self, activity: &Activity) -> Result<()> {
        let Activity { at, login, from, module, action, details, refused } = activity;
        let mut write = self.write().await?;
        let row = sqlx::query(
            "INSERT INTO activity_log (at, login, from_address, module, action, details, refused)
             VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
        )
        .bind(at.as_microsecond())
        .bind(login.clone())
        .bind(from.clone())
        .bind(module.clone())
        .bind(action.clone())
        .bind(details.clone())
        .bind(i64::from(*refused))
        .fetch_one(write.connection())
        .await?;
        sqlx::query("DELETE FROM activity_log WHERE id <= $1")
            .bind(Read::new("activity_log", &row).number("id")? - ENTRIES_KEPT)
            .execute(write.connection())
            .await?;
        write.commit().await
    }

    /// The newest entries, newest first.
    pub async fn list_activity(&self, limit: u32) -> Result<Vec<Activity>> {
        let rows = sqlx::query(
            "SELECT id, at, login, from_address, module, action, details, refused
             FROM activity_log ORDER BY id DESC LIMIT $1",
        )
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(read_activity).collect()
    }
}

fn read_activity(row: &AnyRow) -> Result<Activity> {
    let read = Read::new("activity_log", row);
    Ok(Activity {
        at: read.time("at")?,
        login: read.optional_text("login")?,
        from: read.text("from_address")?,
        module: read.text("module")?,
        action: read.text("action")?,
        details: read.text("details")?,
        refused: read.yes("refused")?,
    })
}
