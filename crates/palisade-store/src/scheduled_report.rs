//! Reports that scheduled tasks ask for. A start is taken and its report submitted in one transaction, as with
//! scans: of two servers one does it, and one that is killed has done both or neither.

use crate::activity::{Activity, add_activity_within};
use crate::error::Result;
use crate::report_job::{NewReport, ReportLaunched, ReportLimits, launch_report_within};
use crate::scheduled_run::Started;
use crate::scheduled_task::{TaskStart, take_start};
use crate::store::Store;

impl Store {
    /// Takes a start and submits its report; what `told` makes of its id goes into the activity log with it.
    /// A report that has no room for its owner, or at all, comes back as that, and the start is not taken.
    pub async fn launch_report_task(
        &self,
        start: TaskStart,
        new: &NewReport,
        limits: ReportLimits,
        told: impl FnOnce(i64) -> Activity,
    ) -> Result<Started<Result<i64, ReportLaunched>>> {
        let mut write = self.write().await?;
        sqlx::query(self.dialect().lock_subscription()).fetch_one(write.connection()).await?;
        if !take_start(&mut write, start, true).await? {
            return Ok(Started::Gone);
        }
        let id = match launch_report_within(&mut write, new, limits).await? {
            ReportLaunched::Submitted(id) => id,
            ReportLaunched::TooManyUnfinished => return Ok(Started::TooMany),
            full @ (ReportLaunched::TooManyOfUser | ReportLaunched::Full) => {
                return Ok(Started::Queued(Err(full)));
            }
        };
        add_activity_within(&mut write, &told(id)).await?;
        write.commit().await?;
        Ok(Started::Queued(Ok(id)))
    }
}
