//! What scanners had learnt of hosts that they did not finish because their scan was paused. The store
//! keeps it for whoever goes on with the slice, and does not look into it.

use std::net::Ipv4Addr;

use crate::error::Result;
use crate::row::{Read, number_of};
use crate::slice::{Holding, hold};
use crate::store::{Store, Write};

/// One host, as its scanner wrote it down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartialHostRow {
    pub address: Ipv4Addr,
    /// JSON of the scanner's own.
    pub known: String,
}

impl Store {
    /// Keeps what the holder of a slice knows of hosts of it, in place of what was kept of the same
    /// hosts before. Hosts that are not of the slice are passed over.
    pub async fn keep_partial_hosts(
        &self,
        slice_id: i64,
        token: &str,
        hosts: &[PartialHostRow],
    ) -> Result<Holding> {
        let mut write = self.write().await?;
        let Some(held) = hold(self, &mut write, slice_id, token).await? else {
            return Ok(Holding::Lost);
        };
        for host in hosts.iter().filter(|host| held.targets.contains(host.address)) {
            sqlx::query(
                "INSERT INTO partial_host (slice_id, ip, known) VALUES ($1, $2, $3)
                 ON CONFLICT (slice_id, ip) DO UPDATE SET known = excluded.known",
            )
            .bind(slice_id)
            .bind(number_of(host.address))
            .bind(host.known.clone())
            .execute(write.connection())
            .await?;
        }
        write.commit().await?;
        Ok(held.holding)
    }
}

/// What is kept of hosts of a slice, ascending.
pub(crate) async fn partial_hosts(write: &mut Write, slice_id: i64) -> Result<Vec<PartialHostRow>> {
    let rows = sqlx::query("SELECT ip, known FROM partial_host WHERE slice_id = $1 ORDER BY ip")
        .bind(slice_id)
        .fetch_all(write.connection())
        .await?;
    let read = |row| {
        let read = Read::new("partial_host", row);
        Ok(PartialHostRow { address: read.address("ip")?, known: read.text("known")? })
    };
    rows.iter().map(read).collect()
}

/// Forgets what is kept of a scan that has ended.
pub(crate) async fn forget_partial_hosts(write: &mut Write, scan_id: i64) -> Result<()> {
    sqlx::query("DELETE FROM partial_host WHERE slice_id IN (SELECT id FROM slice WHERE scan_id = $1)")
        .bind(scan_id)
        .execute(write.connection())
        .await?;
    Ok(())
}
