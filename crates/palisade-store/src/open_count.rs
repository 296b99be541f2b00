//! What is open on many hosts, counted by the database. On PostgreSQL an index has all it takes, so that
//! no detection is read; by windows of host ids, as the index is ordered by them.

use std::net::Ipv4Addr;

use palisade_model::Qid;
use sqlx::AssertSqlSafe;

use crate::error::Result;
use crate::packed::Unpack;
use crate::row::{Read, number_of};
use crate::store::Store;

/// What is open on a host: detections that are neither fixed nor ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenCount {
    pub ip: Ipv4Addr,
    pub os: Option<String>,
    pub detections: u32,
    /// The severities of all of them, added up.
    pub severities: u64,
}

impl Store {
    /// Whether [`count_open`](Self::count_open) costs less than to read what every detection weighs.
    #[must_use]
    pub fn counts_open_cheaply(&self) -> bool {
        self.dialect().trusts_partial_indexes()
    }

    /// The least and the greatest id of a host; `None` without any.
    pub async fn host_id_bounds(&self) -> Result<Option<(i64, i64)>> {
        let row =
            sqlx::query("SELECT MIN(id) AS first, MAX(id) AS last FROM host").fetch_one(self.pool()).await?;
        let read = Read::new("host", &row);
        Ok(read.optional_number("first")?.zip(read.optional_number("last")?))
    }

    /// The hosts with an id and an address from the first to the last of each pair, in no order, with what is
    /// open on them of these QIDs, which come with the severity that each counts for.
    pub async fn count_open(
        &self,
        ids: (i64, i64),
        ips: (Ipv4Addr, Ipv4Addr),
        severities: &[(Qid, u8)],
    ) -> Result<Vec<OpenCount>> {
        let wanted: Vec<String> =
            severities.iter().map(|(qid, severity)| format!("({qid}, {severity})")).collect();
        let wanted = if wanted.is_empty() { "(0, 0)".to_owned() } else { wanted.join(", ") };
        // Numbers only.
        let row = sqlx::query(AssertSqlSafe(format!(
            "SELECT string_agg(concat_ws(' ', ip, COALESCE(counted, 0), COALESCE(severities, 0),
                                         octet_length(COALESCE(os, '')), COALESCE(os, ''), ''), '') AS hosts
             FROM host LEFT JOIN
                 (SELECT host_id, COUNT(*) AS counted, SUM(column2) AS severities
                  FROM (VALUES {wanted}) AS wanted JOIN detection ON qid = column1
                  WHERE host_id BETWEEN $1 AND $2 AND status <> 'Fixed' AND ignored = 0
                  GROUP BY host_id) AS open ON host_id = id
             WHERE id BETWEEN $1 AND $2 AND ip BETWEEN $3 AND $4"
        )))
        .bind(ids.0)
        .bind(ids.1)
        .bind(number_of(ips.0))
        .bind(number_of(ips.1))
        .fetch_one(self.pool())
        .await?;
        let read = Read::new("host", &row);
        let packed = read.optional_text("hosts")?.unwrap_or_default();
        unpack_counts(&packed).ok_or_else(|| read.inconsistent("hosts"))
    }
}

fn unpack_counts(packed: &str) -> Option<Vec<OpenCount>> {
    let mut counts = Vec::with_capacity(packed.len() / 32);
    let mut unpack = Unpack::new(packed);
    while !unpack.is_at_end() {
        counts.push(OpenCount {
            ip: Ipv4Addr::from(u32::try_from(unpack.number()?).ok()?),
            detections: u32::try_from(unpack.number()?).ok()?,
            severities: u64::try_from(unpack.number()?).ok()?,
            os: Some(packed.get(unpack.text()?)?).filter(|os| !os.is_empty()).map(str::to_owned),
        });
    }
    Some(counts)
}
