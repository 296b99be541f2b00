//! Report templates: those every subscription starts with, and those people made.

use palisade_model::report_template::HostTemplate;
use palisade_model::{Login, TemplateKind, TemplateSelection, TicketGrouping, Timestamp};
use sqlx::any::AnyRow;

use crate::error::Result;
use crate::row::{Read, json_text};
use crate::search_list::{TEMPLATE_USER_KIND, note_search_list_uses};
use crate::store::{Store, expect_rows};

/// A template as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportTemplate {
    /// 1 and up; never given again.
    pub id: i64,
    pub title: String,
    pub kind: TemplateKind,
    pub selection: TemplateSelection,
    /// Whoever made it; `None` for those that every subscription starts with.
    pub owner: Option<Login>,
    /// Whether everybody may use it.
    pub is_global: bool,
    /// Means something for reports on hosts only.
    pub content: HostTemplate,
    /// What reports on tickets put them together by.
    pub tickets_by: TicketGrouping,
    /// Whether reports on maps have only hosts that are not in the subscription.
    pub unknown_only: bool,
    pub updated_at: Timestamp,
}

/// What of a template is chosen by people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateChoice {
    pub title: String,
    /// Stays what it was made with.
    pub kind: TemplateKind,
    pub selection: TemplateSelection,
    pub is_global: bool,
    pub content: HostTemplate,
    pub unknown_only: bool,
}

macro_rules! columns {
    () => {
        "id, title, kind, selection, owner, is_global, content, tickets_by, unknown_only,
         updated_at"
    };
}

impl Store {
    /// Makes a template and gives its id. [`crate::Error::Conflict`] when the title is taken, or
    /// a search list that it goes by is gone.
    pub async fn add_report_template(
        &self,
        choice: &TemplateChoice,
        owner: Option<&Login>,
        now: Timestamp,
    ) -> Result<i64> {
        let TemplateChoice { title, kind, selection, is_global, content, unknown_only } = choice;
        let mut write = self.write().await?;
        let row = sqlx::query(
            "INSERT INTO report_template (title, kind, selection, owner, is_global, content, updated_at,
                                          unknown_only)
             VALUES ($1, $6, $7, $2, $3, $4, $5, $8) RETURNING id",
        )
        .bind(title.clone())
        .bind(owner.map(Login::to_string))
        .bind(i64::from(*is_global))
        .bind(json_text(content)?)
        .bind(now.as_microsecond())
        .bind(kind.as_str())
        .bind(selection.as_str())
        .bind(i64::from(*unknown_only))
        .fetch_one(write.connection())
        .await?;
        let id = Read::new("report_template", &row).number("id")?;
        note_search_list_uses(&mut write, TEMPLATE_USER_KIND, id, &content.filter.list_ids()).await?;
        write.commit().await?;
        Ok(id)
    }

    /// All templates, by id.
    pub async fn list_report_templates(&self) -> Result<Vec<ReportTemplate>> {
        let rows = sqlx::query(concat!("SELECT ", columns!(), " FROM report_template ORDER BY id"))
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(read_template).collect()
    }

    /// The template with this id.
    pub async fn report_template(&self, id: i64) -> Result<Option<ReportTemplate>> {
        let row = sqlx::query(concat!("SELECT ", columns!(), " FROM report_template WHERE id = $1"))
            .bind(id)
            .fetch_optional(self.pool())
            .await?;
        row.as_ref().map(read_template).transpose()
    }

    /// Changes a template that is still as it was at `read_at`; `false` when it was changed since,
    /// or is gone. [`crate::Error::Conflict`] when the new title is taken, or a search list that it
    /// goes by is gone.
    pub async fn edit_report_template(
        &self,
        id: i64,
        choice: &TemplateChoice,
        read_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool> {
        let TemplateChoice { title, kind: _, selection, is_global, content, unknown_only } = choice;
        let mut write = self.write().await?;
        let done = sqlx::query(
            "UPDATE report_template SET title = $2, is_global = $3, content = $4, updated_at = $5,
                                        selection = $7, unknown_only = $8
             WHERE id = $1 AND updated_at = $6",
        )
        .bind(id)
        .bind(title.clone())
        .bind(i64::from(*is_global))
        .bind(json_text(content)?)
        .bind(now.as_microsecond())
        .bind(read_at.as_microsecond())
        .bind(selection.as_str())
        .bind(i64::from(*unknown_only))
        .execute(write.connection())
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        expect_rows(1, done.rows_affected())?;
        note_search_list_uses(&mut write, TEMPLATE_USER_KIND, id, &content.filter.list_ids()).await?;
        write.commit().await?;
        Ok(true)
    }

    /// Deletes a template; `false` when it was gone already.
    pub async fn delete_report_template(&self, id: i64) -> Result<bool> {
        let mut write = self.write().await?;
        note_search_list_uses(&mut write, TEMPLATE_USER_KIND, id, &std::collections::BTreeSet::new()).await?;
        let done = sqlx::query("DELETE FROM report_template WHERE id = $1")
            .bind(id)
            .execute(write.connection())
            .await?;
        write.commit().await?;
        Ok(done.rows_affected() == 1)
    }
}

fn read_template(row: &AnyRow) -> Result<ReportTemplate> {
    let read = Read::new("report_template", row);
    Ok(ReportTemplate {
        id: read.number("id")?,
        title: read.text("title")?,
        kind: read.word("kind")?,
        selection: read.word("selection")?,
        owner: read.optional_word("owner")?,
        is_global: read.yes("is_global")?,
        content: read.json("content")?,
        tickets_by: read.word("tickets_by")?,
        unknown_only: read.yes("unknown_only")?,
        updated_at: read.time("updated_at")?,
    })
}
