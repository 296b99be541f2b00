//! Authentication records. What is secret in them arrives encrypted and is kept as it came.
//!
//! Changes are made one after another, under the lock of the subscription: whoever changes records
//! sees all records of the type as they are at that moment, and what they make of them is written
//! in the same transaction.

use std::fmt;

use palisade_model::{IpSet, Login, RecordContent, RecordKind, Timestamp};
use sqlx::any::AnyRow;

use crate::error::Result;
use crate::row::{Read, json_text};
use crate::store::{Store, Write, expect_rows};

/// A record as it is stored. `Debug` leaves the encrypted part out.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthRecord {
    /// 1 and up; never given again. 0 for one that is not stored yet.
    pub id: i64,
    pub kind: RecordKind,
    pub title: String,
    /// Empty when there are none.
    pub comments: String,
    pub ips: IpSet,
    pub network_id: Option<i64>,
    pub content: RecordContent,
    /// The secrets, encrypted; empty when there are none.
    pub sealed: String,
    pub created_at: Timestamp,
    pub created_by: Login,
    pub updated_at: Timestamp,
    pub updated_by: Login,
}

impl fmt::Debug for AuthRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthRecord")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("title", &self.title)
            .field("ips", &self.ips)
            .field("content", &self.content)
            .finish_non_exhaustive()
    }
}

/// What is to become of the records of a type.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecordChanges {
    /// To be made; their ids mean nothing.
    pub added: Vec<AuthRecord>,
    /// As they are to be, by their ids. Their type and who made them stay.
    pub updated: Vec<AuthRecord>,
    /// Ids of those to be deleted.
    pub deleted: Vec<i64>,
}

macro_rules! columns {
    () => {
        "id, kind, title, comments, ips, network_id, content, sealed, created_at, created_by, updated_at,
         updated_by"
    };
}

impl Store {
    /// All records, by id; of one type, if one is named.
    pub async fn list_auth_records(&self, kind: Option<RecordKind>) -> Result<Vec<AuthRecord>> {
        let rows = sqlx::query(concat!("SELECT ", columns!(), " FROM auth_record ORDER BY id"))
            .fetch_all(self.pool())
            .await?;
        let records = rows.iter().map(read_record).collect::<Result<Vec<_>>>()?;
        Ok(records.into_iter().filter(|record| kind.is_none_or(|kind| record.kind == kind)).collect())
    }

    /// Changes the records of a type by what `change` makes of all there are, and gives the ids of
    /// those it deleted, updated and added, in this order. When `change` fails, nothing is changed and its reason is handed on.
    /// [`crate::Error::Conflict`] when a title is taken.
    pub async fn change_auth_records<E>(
        &self,
        kind: RecordKind,
        change: impl FnOnce(&[AuthRecord]) -> Result<RecordChanges, E> + Send,
    ) -> Result<Result<Vec<i64>, E>>
    where
        E: Send,
    {
        let mut write = self.write().await?;
        sqlx::query(self.dialect().lock_subscription()).fetch_one(write.connection()).await?;
        let rows =
            sqlx::query(concat!("SELECT ", columns!(), " FROM auth_record WHERE kind = $1 ORDER BY id"))
                .bind(kind.word)
                .fetch_all(write.connection())
                .await?;
        let records = rows.iter().map(read_record).collect::<Result<Vec<_>>>()?;
        let RecordChanges { added, updated, deleted } = match change(&records) {
            Ok(changes) => changes,
            Err(reason) => return Ok(Err(reason)),
        };
        let mut ids = deleted;
        for id in &ids {
            let done = sqlx::query("DELETE FROM auth_record WHERE id = $1 AND kind = $2")
                .bind(*id)
                .bind(kind.word)
                .execute(write.connection())
                .await?;
            expect_rows(1, done.rows_affected())?;
        }
        for record in &updated {
            update(&mut write, kind, record).await?;
            ids.push(record.id);
        }
        for record in &added {
            ids.push(insert(&mut write, kind, record).await?);
        }
        write.commit().await?;
        Ok(Ok(ids))
    }
}

async fn insert(write: &mut Write, kind: RecordKind, record: &AuthRecord) -> Result<i64> {
    let row = sqlx::query(
        "INSERT INTO auth_record (kind, title, comments, ips, network_id, content, sealed, created_at,
                                  created_by, updated_at, updated_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id",
    )
    .bind(kind.word)
    .bind(record.title.clone())
    .bind(record.comments.clone())
    .bind(record.ips.to_string())
    .bind(record.network_id)
    .bind(json_text(&record.content)?)
    .bind(record.sealed.clone())
    .bind(record.created_at.as_microsecond())
    .bind(record.created_by.to_string())
    .bind(record.updated_at.as_microsecond())
    .bind(record.updated_by.to_string())
    .fetch_one(write.connection())
    .await?;
    Read::new("auth_record", &row).number("id")
}

async fn update(write: &mut Write, kind: RecordKind, record: &AuthRecord) -> Result<()> {
    let done = sqlx::query(
        "UPDATE auth_record SET title = $3, comments = $4, ips = $5, network_id = $6, content = $7,
                sealed = $8, updated_at = $9, updated_by = $10
         WHERE id = $1 AND kind = $2",
    )
    .bind(record.id)
    .bind(kind.word)
    .bind(record.title.clone())
    .bind(record.comments.clone())
    .bind(record.ips.to_string())
    .bind(record.network_id)
    .bind(json_text(&record.content)?)
    .bind(record.sealed.clone())
    .bind(record.updated_at.as_microsecond())
    .bind(record.updated_by.to_string())
    .execute(write.connection())
    .await?;
    expect_rows(1, done.rows_affected())
}

fn read_record(row: &AnyRow) -> Result<AuthRecord> {
    let read = Read::new("auth_record", row);
    Ok(AuthRecord {
        id: read.number("id")?,
        kind: read.word("kind")?,
        title: read.text("title")?,
        comments: read.text("comments")?,
        ips: read.value("ips")?,
        network_id: read.optional_number("network_id")?,
        content: read.json("content")?,
        sealed: read.text("sealed")?,
        created_at: read.time("created_at")?,
        created_by: read.word("created_by")?,
        updated_at: read.time("updated_at")?,
        updated_by: read.word("updated_by")?,
    })
}
