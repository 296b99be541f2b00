//! What totals need of hosts: what each detection counts as, and nothing of what was found.

use std::net::Ipv4Addr;

use palisade_model::{DetectionStatus, Qid, Timestamp};
use sqlx::AssertSqlSafe;

use crate::error::Result;
use crate::host_report::{BesideOpen, divided, status_of};
use crate::listed_host::Between;
use crate::row::{Read, number_of};
use crate::store::Store;

/// What one detection counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weight {
    pub qid: Qid,
    pub status: DetectionStatus,
    pub ignored: bool,
}

impl Store {
    /// One page of what summaries need of hosts, by address: the addresses and operating systems, and the
    /// weights of the detections of each (only those last found at `since` or later, if there is such a
    /// time).
    pub async fn list_host_weights(
        &self,
        after: Option<Ipv4Addr>,
        last: Ipv4Addr,
        since: Option<Timestamp>,
        beside: BesideOpen,
        limit: u32,
    ) -> Result<Vec<(Ipv4Addr, Option<String>, Vec<Weight>)>> {
        let since = Between { from: since, before: None };
        // Numbers only. Whether a detection is ignored is looked at only where ignored ones are wanted.
        let weight = if beside.ignored {
            "qid * 32 + ignored * 16 + octet_length(status)"
        } else {
            "qid * 16 + octet_length(status)"
        };
        let rows = sqlx::query(AssertSqlSafe(format!(
            "SELECT ip, os,
                 (SELECT string_agg(CAST({weight} AS TEXT), ' ')
                  FROM detection WHERE host_id = host.id {} {}) AS detections
             FROM host WHERE ip > $1 AND ip <= $2 ORDER BY ip LIMIT $3 + 0",
            beside.condition(),
            since.condition("last_found_at")
        )))
        .bind(after.map_or(-1, number_of))
        .bind(number_of(last))
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await?;
        rows.iter()
            .map(|row| {
                let read = Read::new("host", row);
                let packed = read.optional_text("detections")?.unwrap_or_default();
                let weights =
                    unpack_weights(&packed, beside).ok_or_else(|| read.inconsistent("detections"))?;
                Ok((read.address("ip")?, read.optional_text("os")?, weights))
            })
            .collect()
    }
}

fn unpack_weights(packed: &str, beside: BesideOpen) -> Option<Vec<Weight>> {
    let weight = |number: &str| {
        let (length, number) = divided(number.parse().ok()?, 16)?;
        let (ignored, qid) = if beside.ignored { divided(number, 2)? } else { (0, number) };
        let qid = u32::try_from(qid).ok().and_then(Qid::new)?;
        Some(Weight { qid, status: status_of(length)?, ignored: ignored == 1 })
    };
    let mut weights = Vec::with_capacity(packed.len() / 6);
    for number in packed.split_ascii_whitespace() {
        weights.push(weight(number)?);
    }
    Some(weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_tell_what_is_ignored_where_that_is_asked() {
        let unpacked = |packed: &str, ignored| {
            let weights = unpack_weights(packed, BesideOpen { fixed: false, ignored })?;
            let told = |weight: &Weight| (weight.qid.number(), weight.status, weight.ignored);
            Some(weights.iter().map(told).collect::<Vec<_>>())
        };
        let (open, ignored) =
            ((38_173, DetectionStatus::Active, false), (38_173, DetectionStatus::Active, true));
        assert_eq!(unpacked("610774 610774", false), Some(vec![open, open]));
        assert_eq!(unpacked("1221542 1221558", true), Some(vec![open, ignored]));
        for wrong in ["x", "-1", "0", "610772", "6"] {
            assert_eq!(unpacked(wrong, false), None, "{wrong}");
        }
    }
}
