//! Lists of scans by the time of their launch, page by page.

use std::net::Ipv4Addr;

use palisade_model::Timestamp;

use crate::error::Result;
use crate::row::{Read, integer, number_of};
use crate::scan::{Scan, columns, read_scan};
use crate::store::Store;

/// Where a page of scans ended: the launch and the id of its last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanMark {
    pub launched_at: Timestamp,
    pub id: i64,
}

/// A stretch of time, and one page of the scans launched in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanSpan {
    /// The first and the last moment, both included; `None` for no bound.
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// Only those after this one, which is the last of the page before.
    pub after: Option<ScanMark>,
    pub limit: u32,
}

impl Store {
    /// One page of the scans launched in a stretch of time, whatever became of them, newest first.
    pub async fn list_scans(&self, span: ScanSpan) -> Result<Vec<Scan>> {
        let ScanSpan { from, until, after, limit } = span;
        let (launched_at, id) =
            after.map_or((i64::MAX, i64::MAX), |mark| (mark.launched_at.as_microsecond(), mark.id));
        let rows = sqlx::query(concat!(
            "SELECT ",
            columns!(),
            " FROM scan WHERE launched_at >= $1 AND launched_at <= $2 AND launched_at <= $3
             AND (launched_at < $3 OR id < $4)
             ORDER BY launched_at DESC, id DESC LIMIT $5 + 0"
        ))
        .bind(from.map_or(i64::MIN, Timestamp::as_microsecond))
        .bind(until.map_or(i64::MAX, Timestamp::as_microsecond))
        .bind(launched_at)
        .bind(id)
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(read_scan).collect()
    }

    /// One page of the hosts whose results a scan has, by address, and whether they answered: at most `limit`
    /// of those after `after`.
    pub async fn list_scanned_hosts(
        &self,
        scan_id: i64,
        after: Option<Ipv4Addr>,
        limit: u32,
    ) -> Result<Vec<(Ipv4Addr, bool)>> {
        let rows = sqlx::query(
            "SELECT ip, alive FROM scan_host WHERE scan_id = $1 AND ip > $2 ORDER BY ip LIMIT $3 + 0",
        )
        .bind(scan_id)
        .bind(after.map_or(-1, number_of))
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await?;
        rows.iter()
            .map(|row| {
                let read = Read::new("scan_host", row);
                Ok((read.address("ip")?, read.yes("alive")?))
            })
            .collect()
    }

    /// The scan with this id.
    pub async fn scan_with_id(&self, id: u64) -> Result<Option<Scan>> {
        let row = sqlx::query(concat!("SELECT ", columns!(), " FROM scan WHERE id = $1"))
            .bind(integer(id))
            .fetch_optional(self.pool())
            .await?;
        row.as_ref().map(read_scan).transpose()
    }
}
