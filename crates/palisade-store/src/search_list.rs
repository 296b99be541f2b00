//! Search lists, and what goes by them.

use std::collections::BTreeSet;

use palisade_model::{Login, SearchListContent, Timestamp};
use sqlx::any::AnyRow;

use crate::error::{Error, Result};
use crate::row::{Read, json_text};
use crate::store::{Store, Write};

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

/// Kind of an option profile that goes by a list.
pub const PROFILE_USER_KIND: &str = "option_profile";

/// Kind of a report template that goes by a list.
pub const TEMPLATE_USER_KIND: &str = "report_template";

/// Something that goes by a list and would miss it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SearchListUse {
    pub list: i64,
    /// For example [`PROFILE_USER_KIND`].
    pub kind: String,
    /// Of the user.
    pub id: i64,
}

/// What became of a deletion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchListDeleted {
    Deleted,
    /// These go by it, and it is still there.
    InUse(Vec<SearchListUse>),
    Unknown,
}

macro_rules! columns {
    () => {
        "id, title, owner, is_global, content, comments, created_at, modified_at, modified_by"
    };
}

macro_rules! uses {
    () => {
        "SELECT search_list_id, user_kind, user_id FROM search_list_use"
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

    /// Deletes a list that nothing goes by.
    pub async fn delete_search_list(&self, id: i64) -> Result<SearchListDeleted> {
        let mut write = self.write().await?;
        sqlx::query(self.dialect().lock_subscription()).fetch_one(write.connection()).await?;
        let uses = sqlx::query(concat!(uses!(), " WHERE search_list_id = $1 ORDER BY user_kind, user_id"))
            .bind(id)
            .fetch_all(write.connection())
            .await?;
        if !uses.is_empty() {
            return Ok(SearchListDeleted::InUse(uses.iter().map(read_use).collect::<Result<_>>()?));
        }
        let done =
            sqlx::query("DELETE FROM search_list WHERE id = $1").bind(id).execute(write.connection()).await?;
        write.commit().await?;
        Ok(if done.rows_affected() > 0 { SearchListDeleted::Deleted } else { SearchListDeleted::Unknown })
    }

    /// What goes by which list: by list, kind and id.
    pub async fn list_search_list_uses(&self) -> Result<Vec<SearchListUse>> {
        let rows = sqlx::query(concat!(uses!(), " ORDER BY search_list_id, user_kind, user_id"))
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(read_use).collect()
    }
}

/// Notes which lists something goes by, in place of those it went by before.
/// [`crate::Error::Conflict`] when one of them is gone.
pub(crate) async fn note_search_list_uses(
    write: &mut Write,
    kind: &str,
    id: i64,
    lists: &BTreeSet<i64>,
) -> Result<()> {
    sqlx::query("DELETE FROM search_list_use WHERE user_kind = $1 AND user_id = $2")
        .bind(kind.to_owned())
        .bind(id)
        .execute(write.connection())
        .await?;
    for list in lists {
        sqlx::query("INSERT INTO search_list_use (search_list_id, user_kind, user_id) VALUES ($1, $2, $3)")
            .bind(*list)
            .bind(kind.to_owned())
            .bind(id)
            .execute(write.connection())
            .await
            .map_err(Error::gone_is_conflict)?;
    }
    Ok(())
}

fn read_use(row: &AnyRow) -> Result<SearchListUse> {
    let read = Read::new("search_list_use", row);
    Ok(SearchListUse {
        list: read.number("search_list_id")?,
        kind: read.text("user_kind")?,
        id: read.number("user_id")?,
    })
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
