//! What scans were aimed at, kept when their results are deleted.

use palisade_model::{IpSet, OptionProfile, ScanRef, Timestamp};
use sqlx::any::AnyRow;

use crate::error::Result;
use crate::row::Read;
use crate::store::{Store, Write};

/// What one scan was aimed at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanTarget {
    /// Counts up in the order of launches.
    pub id: i64,
    pub scan: ScanRef,
    pub launched_at: Timestamp,
    pub targets: IpSet,
    pub profile: OptionProfile,
}

impl Store {
    /// One page of what was launched from `from` to `to`, both included, oldest first: at most
    /// `limit` of those after the one with the id `after`.
    pub async fn list_scan_targets(
        &self,
        from: Timestamp,
        to: Timestamp,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Vec<ScanTarget>> {
        let rows = sqlx::query(
            "SELECT id, reference, launched_at, targets, profile FROM scan_target
             WHERE launched_at >= $1 AND launched_at <= $2 AND id > $3 ORDER BY id LIMIT $4 + 0",
        )
        .bind(from.as_microsecond())
        .bind(to.as_microsecond())
        .bind(after.unwrap_or(0))
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(read_target).collect()
    }
}

/// Notes what a scan just launched is aimed at.
pub(crate) async fn note_target(write: &mut Write, scan_id: i64) -> Result<()> {
    sqlx::query(
        "INSERT INTO scan_target (reference, launched_at, targets, profile)
         SELECT reference, launched_at, targets, profile FROM scan WHERE id = $1",
    )
    .bind(scan_id)
    .execute(write.connection())
    .await?;
    Ok(())
}

fn read_target(row: &AnyRow) -> Result<ScanTarget> {
    let read = Read::new("scan_target", row);
    Ok(ScanTarget {
        id: read.number("id")?,
        scan: read.word("reference")?,
        launched_at: read.time("launched_at")?,
        targets: read.value("targets")?,
        profile: read.json("profile")?,
    })
}
