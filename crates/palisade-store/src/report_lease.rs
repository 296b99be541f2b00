//! Who makes a report. A report is leased whole: one whose maker fell silent is made anew by another,
//! but not for ever.

use palisade_model::Timestamp;

use crate::error::Result;
use crate::report_job::{ReportJob, columns, read_job};
use crate::row::{Read, integer};
use crate::slice::{SLICE_ATTEMPTS_MAX, SLICE_RESTARTS_MAX};
use crate::store::Store;

/// Whose lease is meant: the report and the token of the holding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportHolding<'a> {
    pub report_id: i64,
    pub token: &'a str,
}

const NEXT: &str = "SELECT id FROM report_job WHERE state = 'Submitted' ORDER BY id LIMIT 1";
/// Why a report ends that nobody gets done.
const GIVEN_UP: &str = "the report came back undone too often";

impl Store {
    /// Hands the oldest report that waits to `worker`; `None` when there is none.
    pub async fn lease_report_job(
        &self,
        worker: &str,
        token: &str,
        leased_until: Timestamp,
    ) -> Result<Option<ReportJob>> {
        // Without a write, because idle makers ask often.
        if sqlx::query(NEXT).fetch_optional(self.pool()).await?.is_none() {
            return Ok(None);
        }
        let mut write = self.write().await?;
        sqlx::query(self.dialect().lock_subscription()).fetch_one(write.connection()).await?;
        let row = sqlx::query(NEXT).fetch_optional(write.connection()).await?;
        let Some(row) = row else { return Ok(None) };
        let id = Read::new("report_job", &row).number("id")?;
        // Somebody may be deleting it, so it may be gone.
        let row = sqlx::query(concat!(
            "UPDATE report_job SET state = 'Running', percent = 0, worker = $2, token = $3, leased_until = $4
             WHERE id = $1 AND state = 'Submitted' RETURNING ",
            columns!()
        ))
        .bind(id)
        .bind(worker.to_owned())
        .bind(token.to_owned())
        .bind(leased_until.as_microsecond())
        .fetch_optional(write.connection())
        .await?;
        let job = row.as_ref().map(read_job).transpose()?;
        write.commit().await?;
        Ok(job)
    }

    /// Keeps a lease and notes how far the report is; `false` when the lease is lost: the report was
    /// canceled or deleted, or given to another.
    pub async fn renew_report_job(
        &self,
        holding: ReportHolding<'_>,
        percent: u8,
        leased_until: Timestamp,
    ) -> Result<bool> {
        let mut write = self.write().await?;
        let done =
            sqlx::query("UPDATE report_job SET percent = $3, leased_until = $4 WHERE id = $1 AND token = $2")
                .bind(holding.report_id)
                .bind(holding.token.to_owned())
                .bind(i64::from(percent.min(100)))
                .bind(leased_until.as_microsecond())
                .execute(write.connection())
                .await?;
        write.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    /// The report is made: from now on its row names the document. `false` when the lease is lost.
    pub async fn complete_report_job(
        &self,
        holding: ReportHolding<'_>,
        document: &str,
        size_bytes: u64,
        now: Timestamp,
    ) -> Result<bool> {
        let mut write = self.write().await?;
        let done = sqlx::query(
            "UPDATE report_job SET state = 'Finished', percent = 100, document = $3, size_bytes = $4,
                    ended_at = $5, token = NULL, leased_until = NULL
             WHERE id = $1 AND token = $2",
        )
        .bind(holding.report_id)
        .bind(holding.token.to_owned())
        .bind(document.to_owned())
        .bind(integer(size_bytes))
        .bind(now.as_microsecond())
        .execute(write.connection())
        .await?;
        write.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    /// The report cannot be made: it ends with `reason`. With `again` it is tried again first, as
    /// often as others that fail. `false` when the lease is lost.
    pub async fn fail_report_job(
        &self,
        holding: ReportHolding<'_>,
        reason: &str,
        again: bool,
        now: Timestamp,
    ) -> Result<bool> {
        let attempts = if again { SLICE_ATTEMPTS_MAX } else { 0 };
        let mut write = self.write().await?;
        let done = sqlx::query(
            "UPDATE report_job SET attempts = attempts + 1, token = NULL, leased_until = NULL, percent = 0,
                    state = CASE WHEN attempts + 1 >= $3 THEN 'Errors' ELSE 'Submitted' END,
                    reason = CASE WHEN attempts + 1 >= $3 THEN $4 END,
                    ended_at = CASE WHEN attempts + 1 >= $3 THEN $5 END
             WHERE id = $1 AND token = $2",
        )
        .bind(holding.report_id)
        .bind(holding.token.to_owned())
        .bind(integer(attempts))
        .bind(reason.to_owned())
        .bind(now.as_microsecond())
        .execute(write.connection())
        .await?;
        write.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    /// Takes back the reports whose leases have expired; gives how many.
    pub async fn take_back_expired_report_jobs(&self, now: Timestamp) -> Result<u64> {
        let expired = sqlx::query("SELECT id FROM report_job WHERE token IS NOT NULL AND leased_until <= $1")
            .bind(now.as_microsecond())
            .fetch_optional(self.pool())
            .await?;
        if expired.is_none() {
            return Ok(0);
        }
        let mut write = self.write().await?;
        let done = sqlx::query(
            "UPDATE report_job SET attempts = attempts + 1, token = NULL, leased_until = NULL, percent = 0,
                    state = CASE WHEN attempts + 1 >= $2 THEN 'Errors' ELSE 'Submitted' END,
                    reason = CASE WHEN attempts + 1 >= $2 THEN $3 END,
                    ended_at = CASE WHEN attempts + 1 >= $2 THEN $1 END
             WHERE token IS NOT NULL AND leased_until <= $1",
        )
        .bind(now.as_microsecond())
        .bind(integer(SLICE_ATTEMPTS_MAX))
        .bind(GIVEN_UP)
        .execute(write.connection())
        .await?;
        write.commit().await?;
        Ok(done.rows_affected())
    }

    /// Takes back everything `worker` holds: its process is new and knows of none; gives how many.
    pub async fn take_back_report_jobs_from(&self, worker: &str, now: Timestamp) -> Result<u64> {
        let mut write = self.write().await?;
        let done = sqlx::query(
            "UPDATE report_job SET restarts = restarts + 1, token = NULL, leased_until = NULL, percent = 0,
                    state = CASE WHEN restarts + 1 >= $3 THEN 'Errors' ELSE 'Submitted' END,
                    reason = CASE WHEN restarts + 1 >= $3 THEN $4 END,
                    ended_at = CASE WHEN restarts + 1 >= $3 THEN $2 END
             WHERE token IS NOT NULL AND worker = $1",
        )
        .bind(worker.to_owned())
        .bind(now.as_microsecond())
        .bind(integer(SLICE_RESTARTS_MAX))
        .bind(GIVEN_UP)
        .execute(write.connection())
        .await?;
        write.commit().await?;
        Ok(done.rows_affected())
    }
}
