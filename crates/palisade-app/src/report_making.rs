//! Handing reports out to those who make them, and taking them in. A report is leased as a slice of a
//! scan is: whoever falls silent loses it, and it is made anew.
//!
//! A report is made as whoever asked for it: what they reach at that moment is in it.

use std::future::Future;
use std::time::Duration;

use palisade_store::{ReportHolding, ReportJob};
use tokio::sync::mpsc;

use crate::actor::Actor;
use crate::app::App;
use crate::error::{Error, Result};
use crate::slice::kept_reason;

/// How often reports that wait are looked for: other servers' callers submit them too.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A report to be made.
#[derive(Debug)]
pub struct ReportTask {
    pub job: ReportJob,
    /// Whoever asked for it.
    pub owner: Actor,
    token: String,
}

impl ReportTask {
    fn holding(&self) -> ReportHolding<'_> {
        ReportHolding { report_id: self.job.id, token: &self.token }
    }
}

impl App {
    /// Takes up what the last process of this server left unfinished; gives how many reports.
    pub async fn take_up_reports(&self) -> Result<u64> {
        let worker = &self.parts.config.server_name;
        Ok(self.store().take_back_report_jobs_from(worker, self.clock().now()).await?)
    }

    /// The next report to be made, if there is one. Deletes what has expired on the way.
    pub async fn lease_report(&self) -> Result<Option<ReportTask>> {
        self.forget_expired_reports().await?;
        let taken_back = self.store().take_back_expired_report_jobs(self.clock().now()).await?;
        if taken_back > 0 {
            tracing::warn!(taken_back, "took back the reports of servers that fell silent");
        }
        loop {
            let token = self.lease_token();
            let worker = &self.parts.config.server_name;
            let leased = self.store().lease_report_job(worker, &token, self.lease_end()).await?;
            let Some(job) = leased else { return Ok(None) };
            // What a former holder wrote counts no more.
            self.store().delete_report_documents(job.id).await?;
            match self.act_for(&job.login).await? {
                Ok(owner) => return Ok(Some(ReportTask { job, owner, token })),
                Err(refused) => {
                    let holding = ReportHolding { report_id: job.id, token: &token };
                    let reason = format!("{}: {refused}", job.login);
                    let now = self.clock().now();
                    self.store().fail_report_job(holding, &reason, false, now).await?;
                }
            }
        }
    }

    /// Tells those who make reports that one waits.
    pub(crate) fn report_waits(&self) {
        self.parts.report.notify_one();
    }

    /// Waits until there may be a report to make.
    pub async fn reports_changed(&self) {
        let _ = tokio::time::timeout(LOOK_EVERY, self.parts.report.notified()).await;
    }

    /// Keeps the lease of a report for as long as `making` lasts, and notes how far it is. `None`
    /// when the lease was lost before the end: the report was canceled or deleted.
    pub async fn hold_report<T>(
        &self,
        task: &ReportTask,
        percent: impl Fn() -> u8,
        making: impl Future<Output = T>,
    ) -> Result<Option<T>> {
        // Several chances before the lease is over, and often enough for whoever watches.
        let every = Duration::from_secs(u64::from(self.parts.config.lease_s) / 4).min(LOOK_EVERY);
        let every = every.max(Duration::from_millis(100));
        let mut making = std::pin::pin!(making);
        loop {
            tokio::select! {
                biased;
                made = &mut making => return Ok(Some(made)),
                () = tokio::time::sleep(every) => {}
            }
            if !self.store().renew_report_job(task.holding(), percent(), self.lease_end()).await? {
                return Ok(None);
            }
        }
    }

    /// Writes the document of a report as it comes; gives its name and size.
    ///
    /// # Errors
    ///
    /// [`Error::ReportTooLarge`], and what the store fails with.
    pub async fn write_report(
        &self,
        task: &ReportTask,
        mut pages: mpsc::Receiver<Vec<u8>>,
    ) -> Result<(String, u64)> {
        let bytes_max = self.parts.config.report_bytes_max;
        let (id, token) = (task.job.id, &task.token);
        let written = self.store().write_report_document(id, token, &mut pages, bytes_max).await?;
        written.ok_or(Error::ReportTooLarge { bytes_max })
    }

    /// The report is made: from now on it can be read.
    pub async fn complete_report(&self, task: &ReportTask, document: &str, size_bytes: u64) -> Result<()> {
        let now = self.clock().now();
        if self.store().complete_report_job(task.holding(), document, size_bytes, now).await? {
            let ReportJob { id, title, .. } = &task.job;
            return self.record_done(&task.owner, "report", "finished", format!("{id}, {title}")).await;
        }
        self.drop_report(task).await
    }

    /// The report could not be made. What may be over soon is tried again.
    pub async fn fail_report(&self, task: &ReportTask, error: &Error) -> Result<()> {
        let again = matches!(error, Error::Store(_) | Error::Conflict);
        tracing::warn!(
            report = task.job.id,
            error = error as &dyn std::error::Error,
            "a report could not be made"
        );
        let reason = if again { "what is known could not be read".to_owned() } else { error.to_string() };
        let now = self.clock().now();
        let failed = self.store().fail_report_job(task.holding(), &kept_reason(&reason), again, now).await?;
        // Whoever tries again does so before they write.
        if failed && !again {
            self.store().delete_report_documents(task.job.id).await?;
        }
        Ok(())
    }

    /// Forgets what was written of a report that nobody waits for any more.
    pub async fn drop_report(&self, task: &ReportTask) -> Result<()> {
        let now = self.clock().now();
        // Unless somebody else is making it by now.
        let job = self.store().report_job(task.job.id, now).await?;
        if job.is_none_or(|job| job.state.is_ended() && job.document.is_none()) {
            self.store().delete_report_documents(task.job.id).await?;
        }
        Ok(())
    }
}
