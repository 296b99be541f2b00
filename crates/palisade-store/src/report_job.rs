//! Saved reports and those that are being made. Who makes one is the business of `report_lease`, its
//! document that of `report_document`.

use palisade_model::{Login, ReportFormat, ReportState, ReportSubject, Timestamp};
use sqlx::any::AnyRow;

use crate::error::Result;
use crate::row::{Read, json_text};
use crate::store::{Store, Write};

/// A report as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportJob {
    /// 1 and up; never given again.
    pub id: i64,
    pub title: String,
    /// Whoever asked for it.
    pub login: Login,
    pub format: ReportFormat,
    pub hide_header: bool,
    pub subject: ReportSubject,
    /// Scheme, host and port of the server, as whoever asked reached it.
    pub base_url: String,
    pub state: ReportState,
    /// 0 to 100.
    pub percent: u64,
    /// Why it ended in an error.
    pub reason: Option<String>,
    pub launched_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// When it is deleted.
    pub expires_at: Timestamp,
    /// The name of its document, once it is finished.
    pub document: Option<String>,
    pub size_bytes: u64,
}

/// A report to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReport {
    pub title: String,
    pub login: Login,
    pub format: ReportFormat,
    pub hide_header: bool,
    pub subject: ReportSubject,
    pub base_url: String,
    pub launched_at: Timestamp,
    pub expires_at: Timestamp,
}

/// How many reports a subscription may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportLimits {
    /// Submitted and running ones.
    pub unfinished_max: u64,
    /// Saved ones of one user, whatever their state.
    pub of_user_max: u64,
    /// All documents together.
    pub bytes_max: u64,
}

/// What became of a launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportLaunched {
    /// Its id.
    Submitted(i64),
    TooManyUnfinished,
    TooManyOfUser,
    /// The saved documents have as many bytes as they may.
    Full,
}

macro_rules! columns {
    () => {
        "id, title, login, format, hide_header, subject, base_url, state, percent, reason, launched_at, ended_at,
         expires_at, document, size_bytes"
    };
}
pub(crate) use columns;

impl Store {
    /// Puts a report to those that are to be made, unless there are too many.
    pub async fn launch_report_job(&self, new: &NewReport, limits: ReportLimits) -> Result<ReportLaunched> {
        let mut write = self.write().await?;
        // Counting and adding are one step.
        sqlx::query(self.dialect().lock_subscription()).fetch_one(write.connection()).await?;
        let launched = launch_report_within(&mut write, new, limits).await?;
        if matches!(launched, ReportLaunched::Submitted(_)) {
            write.commit().await?;
        }
        Ok(launched)
    }

    /// The reports that have not expired at `now`, the newest first.
    pub async fn list_report_jobs(&self, now: Timestamp) -> Result<Vec<ReportJob>> {
        let rows = sqlx::query(concat!(
            "SELECT ",
            columns!(),
            " FROM report_job WHERE expires_at > $1 ORDER BY id DESC"
        ))
        .bind(now.as_microsecond())
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(read_job).collect()
    }

    /// The report with this id, unless it has expired at `now`.
    pub async fn report_job(&self, id: i64, now: Timestamp) -> Result<Option<ReportJob>> {
        let row =
            sqlx::query(concat!("SELECT ", columns!(), " FROM report_job WHERE id = $1 AND expires_at > $2"))
                .bind(id)
                .bind(now.as_microsecond())
                .fetch_optional(self.pool())
                .await?;
        row.as_ref().map(read_job).transpose()
    }

    /// Ends a report that is not finished; `false` when it has ended already, or is gone. Whoever
    /// makes it hears of it when they renew their lease.
    pub async fn cancel_report_job(&self, id: i64, now: Timestamp) -> Result<bool> {
        let mut write = self.write().await?;
        let done = sqlx::query(
            "UPDATE report_job SET state = 'Canceled', token = NULL, leased_until = NULL, ended_at = $2
             WHERE id = $1 AND state IN ('Submitted', 'Running')",
        )
        .bind(id)
        .bind(now.as_microsecond())
        .execute(write.connection())
        .await?;
        write.commit().await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        self.delete_report_documents(id).await?;
        Ok(true)
    }

    /// Deletes a report in whatever state; `false` when it was gone already. The row goes first, so
    /// that no row names a document that is not there.
    pub async fn delete_report_job(&self, id: i64) -> Result<bool> {
        let mut write = self.write().await?;
        let done =
            sqlx::query("DELETE FROM report_job WHERE id = $1").bind(id).execute(write.connection()).await?;
        write.commit().await?;
        self.delete_report_documents(id).await?;
        Ok(done.rows_affected() == 1)
    }

    /// Ids of reports that have expired at `now`, at most `limit`.
    pub async fn list_expired_report_jobs(&self, now: Timestamp, limit: u32) -> Result<Vec<i64>> {
        let rows =
            sqlx::query("SELECT id FROM report_job WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 + 0")
                .bind(now.as_microsecond())
                .bind(i64::from(limit))
                .fetch_all(self.pool())
                .await?;
        rows.iter().map(|row| Read::new("report_job", row).number("id")).collect()
    }
}

/// Puts a report to those that are to be made, within a transaction that holds the lock of the
/// subscription; it is to be committed if the report was submitted.
pub(crate) async fn launch_report_within(
    write: &mut Write,
    new: &NewReport,
    limits: ReportLimits,
) -> Result<ReportLaunched> {
    let NewReport { title, login, format, hide_header, subject, base_url, launched_at, expires_at } = new;
    let row = sqlx::query(
        "SELECT COUNT(CASE WHEN state IN ('Submitted', 'Running') THEN 1 END) AS unfinished,
                COUNT(CASE WHEN login = $1 THEN 1 END) AS of_user,
                CAST(COALESCE(SUM(size_bytes), 0) AS BIGINT) AS bytes FROM report_job",
    )
    .bind(login.to_string())
    .fetch_one(write.connection())
    .await?;
    let read = Read::new("report_job", &row);
    if read.count("unfinished")? >= limits.unfinished_max {
        return Ok(ReportLaunched::TooManyUnfinished);
    }
    if read.count("of_user")? >= limits.of_user_max {
        return Ok(ReportLaunched::TooManyOfUser);
    }
    if read.count("bytes")? >= limits.bytes_max {
        return Ok(ReportLaunched::Full);
    }
    let row = sqlx::query(
        "INSERT INTO report_job (title, login, format, hide_header, subject, base_url, state, percent,
                                 launched_at, expires_at, size_bytes, attempts, restarts)
         VALUES ($1, $2, $3, $4, $5, $6, 'Submitted', 0, $7, $8, 0, 0, 0) RETURNING id",
    )
    .bind(title.clone())
    .bind(login.to_string())
    .bind(format.as_str())
    .bind(i64::from(*hide_header))
    .bind(json_text(subject)?)
    .bind(base_url.clone())
    .bind(launched_at.as_microsecond())
    .bind(expires_at.as_microsecond())
    .fetch_one(write.connection())
    .await?;
    Ok(ReportLaunched::Submitted(Read::new("report_job", &row).number("id")?))
}

pub(crate) fn read_job(row: &AnyRow) -> Result<ReportJob> {
    let read = Read::new("report_job", row);
    Ok(ReportJob {
        id: read.number("id")?,
        title: read.text("title")?,
        login: read.word("login")?,
        format: read.word("format")?,
        hide_header: read.yes("hide_header")?,
        subject: read.json("subject")?,
        base_url: read.text("base_url")?,
        state: read.word("state")?,
        percent: read.count("percent")?,
        reason: read.optional_text("reason")?,
        launched_at: read.time("launched_at")?,
        ended_at: read.optional_time("ended_at")?,
        expires_at: read.time("expires_at")?,
        document: read.optional_text("document")?,
        size_bytes: read.count("size_bytes")?,
    })
}
