//! Vaults, as authentication records refer to them. What is secret arrives encrypted.

use std::fmt;

use palisade_model::auth_record::VaultKind;
use palisade_model::{Login, RecordContent, Timestamp};
use sqlx::any::AnyRow;

use crate::error::Result;
use crate::row::{Read, json_text};
use crate::store::{Store, expect_rows};

/// A vault as it is stored. `Debug` leaves the encrypted part out.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthVault {
    /// 1 and up; never given again. 0 for one that is not stored yet.
    pub id: i64,
    pub kind: VaultKind,
    pub title: String,
    /// Empty when there are none.
    pub comments: String,
    /// Its fields and the names of its secrets; a vault is in no vault.
    pub content: RecordContent,
    /// The secrets, encrypted; empty when there are none.
    pub sealed: String,
    pub created_at: Timestamp,
    pub created_by: Login,
    pub updated_at: Timestamp,
    pub updated_by: Login,
}

impl fmt::Debug for AuthVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthVault")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("title", &self.title)
            .field("content", &self.content)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// All vaults, by id.
    pub async fn list_auth_vaults(&self) -> Result<Vec<AuthVault>> {
        let rows = sqlx::query(
            "SELECT id, kind, title, comments, content, sealed, created_at, created_by, updated_at,
                    updated_by
             FROM auth_vault ORDER BY id",
        )
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(read_vault).collect()
    }

    /// Makes a vault and gives its id. [`crate::Error::Conflict`] when the title is taken.
    pub async fn add_auth_vault(&self, vault: &AuthVault) -> Result<i64> {
        let mut write = self.write().await?;
        let row = sqlx::query(
            "INSERT INTO auth_vault (kind, title, comments, content, sealed, created_at, created_by,
                                     updated_at, updated_by)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id",
        )
        .bind(vault.kind.title)
        .bind(vault.title.clone())
        .bind(vault.comments.clone())
        .bind(json_text(&vault.content)?)
        .bind(vault.sealed.clone())
        .bind(vault.created_at.as_microsecond())
        .bind(vault.created_by.to_string())
        .bind(vault.updated_at.as_microsecond())
        .bind(vault.updated_by.to_string())
        .fetch_one(write.connection())
        .await?;
        let id = Read::new("auth_vault", &row).number("id")?;
        write.commit().await?;
        Ok(id)
    }

    /// Changes a vault that is still as it was at `read_at`; `false` when it was changed since, or is
    /// gone. [`crate::Error::Conflict`] when the new title is taken.
    pub async fn edit_auth_vault(&self, vault: &AuthVault, read_at: Timestamp) -> Result<bool> {
        let mut write = self.write().await?;
        let done = sqlx::query(
            "UPDATE auth_vault SET title = $2, comments = $3, content = $4, sealed = $5,
                    updated_at = $6, updated_by = $7
             WHERE id = $1 AND updated_at = $8",
        )
        .bind(vault.id)
        .bind(vault.title.clone())
        .bind(vault.comments.clone())
        .bind(json_text(&vault.content)?)
        .bind(vault.sealed.clone())
        .bind(vault.updated_at.as_microsecond())
        .bind(vault.updated_by.to_string())
        .bind(read_at.as_microsecond())
        .execute(write.connection())
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        expect_rows(1, done.rows_affected())?;
        write.commit().await?;
        Ok(true)
    }

    /// Deletes a vault; `false` when it was gone already. Whether records refer to it is the
    /// caller's business.
    pub async fn delete_auth_vault(&self, id: i64) -> Result<bool> {
        let mut write = self.write().await?;
        let done =
            sqlx::query("DELETE FROM auth_vault WHERE id = $1").bind(id).execute(write.connection()).await?;
        write.commit().await?;
        Ok(done.rows_affected() == 1)
    }
}

fn read_vault(row: &AnyRow) -> Result<AuthVault> {
    let read = Read::new("auth_vault", row);
    Ok(AuthVault {
        id: read.number("id")?,
        kind: read.word("kind")?,
        title: read.text("title")?,
        comments: read.text("comments")?,
        content: read.json("content")?,
        sealed: read.text("sealed")?,
        created_at: read.time("created_at")?,
        created_by: read.word("created_by")?,
        updated_at: read.time("updated_at")?,
        updated_by: read.word("updated_by")?,
    })
}
