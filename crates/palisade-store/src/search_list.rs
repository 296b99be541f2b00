//! Search lists.

use palisade_model::{Login, SearchListContent, Timestamp};
use sqlx::any::AnyRow;

use crate::error::Result;
use crate::row::{Read, json_text};
use crate::store::Store;

/// A list as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchList {
    pub id: i64,
    pub title: String,
    /// Whoever made it.
    pub owner: Login,
    /// Whether everybody sees it.
    pub is_global: bool,
    pub content: SearchListContent,
    pub comments: Option<String>,
    pub created_at: Timestamp,
    pub modified_at: Timestamp,
    pub modified_by: Login,
}

macro_rules! columns {
    () => {
        "id, title, owner, is_global, content, comments, created_at, modified_at, modified_by"
    };
}

impl Store {
    /// Makes a list and gives its id; that of `list` does not matter. [`crate::Error::Conflict`] when
    /// the title is taken.
    pub async fn add_search_list(&self, list: &SearchList) -> Result<i64> {
        let SearchList {
            id: _,
            title,
            owner,
            is_global,
            content,
            comments,
            created_at,
            modified_at,
            modified_by,
        } = list;
        let mut write = self.write().await?;
        let row = sqlx::query(
            "INSERT INTO search_list (title, owner, is_global, content, comments, created_at, modified_at,
                                      modified_by)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id",
        )
        .bind(title.clone())
        .bind(owner.to_string())
        .bind(i64::from(*is_global))
        .bind(json_text(content)?)
        .bind(comments.clone())
        .bind(created_at.as_microsecond())
        .bind(modified_at.as_microsecond())
        .bind(modified_by.to_string())
        .fetch_one(write.connection())
        .await?;
        write.commit().await?;
        Read::new("search_list", &row).number("id")
    }

    /// All lists, by id.
    pub async fn list_search_lists(&self) -> Result<Vec<SearchList>> {
        let rows = sqlx::query(concat!("SELECT ", columns!(), " FROM search_list ORDER BY id"))
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(read_list).collect()
    }

    /// Changes a list as it is stored at that moment; `change` gets it and gives what it becomes. `false`
    /// when it is gone; [`crate::Error::Conflict`] when the new title is taken.
    pub async fn edit_search_list(
        &self,
        id: i64,
        change: impl FnOnce(SearchList) -> SearchList + Send,
    ) -> Result<bool> {
        let mut write = self.write().await?;
        sqlx::query(self.dialect().lock_subscription()).fetch_one(write.connection()).await?;
        let row = sqlx::query(concat!("SELECT ", columns!(), " FROM search_list WHERE id = $1"))
            .bind(id)
            .fetch_optional(write.connection())
            .await?;
        let Some(row) = row else { return Ok(false) };
        let SearchList { title, is_global, content, comments, modified_at, modified_by, .. } =
            change(read_list(&row)?);
        sqlx::query(
            "UPDATE search_list SET title = $2, is_global = $3, content = $4, comments = $5, modified_at = $6,
                 modified_by = $7 WHERE id = $1",
        )
        .bind(id)
        .bind(title)
        .bind(i64::from(is_global))
        .bind(json_text(&content)?)
        .bind(comments)
        .bind(modified_at.as_microsecond())
        .bind(modified_by.to_string())
        .execute(write.connection())
        .await?;
        write.commit().await?;
        Ok(true)
    }

    /// Deletes a list; gives whether it was there.
    pub async fn delete_search_list(&self, id: i64) -> Result<bool> {
        let mut write = self.write().await?;
        let done =
            sqlx::query("DELETE FROM search_list WHERE id = $1").bind(id).execute(write.connection()).await?;
        write.commit().await?;
        Ok(done.rows_affected() > 0)
    }
}

fn read_list(row: &AnyRow) -> Result<SearchList> {
    let read = Read::new("search_list", row);
    Ok(SearchList {
        id: read.number("id")?,
        title: read.text("title")?,
        owner: read.word("owner")?,
        is_global: read.yes("is_global")?,
        content: read.json("content")?,
        comments: read.optional_text("comments")?,
        created_at: read.time("created_at")?,
        modified_at: read.time("modified_at")?,
        modified_by: read.word("modified_by")?,
    })
}
