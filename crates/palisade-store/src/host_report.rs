//! Whole hosts for long reports: each with its detections, page by page.
//!
//! Rows are packed (see `packed`), because a report on a large subscription reads millions of
//! them. A host with very many detections comes in several batches, so that memory stays bounded.

use std::net::Ipv4Addr;
use std::ops::Range;

use palisade_model::{DetectionStatus, Finding, Qid, Timestamp, Transport};
use sqlx::any::AnyRow;

use crate::detection::DetectionKey;
use crate::error::Result;
use crate::packed::Unpack;
use crate::row::{Read, number_of};
use crate::store::Store;

/// Detections in one batch.
pub const BATCH_DETECTIONS: usize = 2_000;

/// A host with the first batch of its detections.
#[derive(Debug, Clone)]
pub struct ReportedHost {
    pub id: i64,
    pub ip: Ipv4Addr,
    pub dns_name: Option<String>,
    pub netbios_name: Option<String>,
    pub os: Option<String>,
    pub os_cpe: Option<String>,
    pub detections: DetectionBatch,
    /// What answers on its open ports.
    pub services: Vec<(u16, Transport, String)>,
}

/// Some detections of one host, by QID and port.
#[derive(Debug, Clone, Default)]
pub struct DetectionBatch {
    text: String,
    entries: Vec<BatchedDetection>,
}

/// One of them. Its evidence is read with [`DetectionBatch::result`].
#[derive(Debug, Clone)]
pub struct BatchedDetection {
    pub key: DetectionKey,
    pub tls: bool,
    pub status: DetectionStatus,
    pub first_found_at: Timestamp,
    pub last_found_at: Timestamp,
    pub last_fixed_at: Option<Timestamp>,
    pub times_found: u64,
    pub result_is_table: bool,
    result: Range<usize>,
}

impl DetectionBatch {
    #[must_use]
    pub fn entries(&self) -> &[BatchedDetection] {
        &self.entries
    }

    /// The evidence of one of the batch's detections; of another batch's, some text or none.
    #[must_use]
    pub fn result(&self, detection: &BatchedDetection) -> &str {
        self.text.get(detection.result.clone()).unwrap_or_default()
    }

    /// Where the next batch begins, unless this one is the last.
    #[must_use]
    pub fn next(&self) -> Option<DetectionKey> {
        self.entries.last().filter(|_| self.entries.len() >= BATCH_DETECTIONS).map(|last| last.key)
    }

    fn unpack(text: String) -> Option<Self> {
        let mut entries = Vec::with_capacity(text.len() / 128);
        let mut unpack = Unpack::new(&text);
        while !unpack.is_at_end() {
            let qid = u32::try_from(unpack.number()?).ok().and_then(Qid::new)?;
            let port = u16::try_from(unpack.number()?).ok()?;
            let port = match unpack.word()? {
                "" => None,
                transport => Some((port, transport.parse().ok()?)),
            };
            entries.push(BatchedDetection {
                key: DetectionKey { qid, port },
                tls: unpack.number()? == 1,
                status: unpack.word()?.parse().ok()?,
                first_found_at: Timestamp::from_microsecond(unpack.number()?).ok()?,
                last_found_at: Timestamp::from_microsecond(unpack.number()?).ok()?,
                last_fixed_at: match unpack.word()? {
                    "-" => None,
                    at => Some(Timestamp::from_microsecond(at.parse().ok()?).ok()?),
                },
                times_found: u64::try_from(unpack.number()?).ok()?,
                result_is_table: unpack.number()? == 1,
                result: unpack.text()?,
            });
        }
        Some(Self { text, entries })
    }
}

/// What the last stored result of a host found: address, findings, and when it was taken in.
pub type LatestFindings = (Ipv4Addr, Vec<Finding>, Timestamp);

/// The status and QID of one detection, and when it was last found: what a summary needs.
pub type Weight = (Qid, DetectionStatus, Timestamp);

/// The columns of a detection as one packed record.
macro_rules! packed_detection {
    () => {
        "concat_ws(' ', qid, port, transport, tls, status, first_found_at, last_found_at,
                   COALESCE(CAST(last_fixed_at AS TEXT), '-'), times_found, result_is_table,
                   octet_length(result), result, '')"
    };
}

impl Store {
    /// One page of the hosts, by address: at most `limit` of those after `after` up to `last`, each
    /// with the first batch of its detections.
    pub async fn list_reported_hosts(
        &self,
        after: Option<Ipv4Addr>,
        last: Ipv4Addr,
        limit: u32,
    ) -> Result<Vec<ReportedHost>> {
        let rows = sqlx::query(concat!(
            "SELECT id, ip, dns_name, netbios_name, os, os_cpe,
                 (SELECT string_agg(record, '') FROM
                     (SELECT ",
            packed_detection!(),
            " AS record FROM detection WHERE host_id = host.id
                      ORDER BY qid, port, transport LIMIT $4) AS batch) AS detections,
                 (SELECT string_agg(concat_ws(' ', port, transport, octet_length(service), service, ''), '')
                  FROM host_port WHERE host_id = host.id) AS services
             FROM host WHERE ip > $1 AND ip <= $2 ORDER BY ip LIMIT $3"
        ))
        .bind(after.map_or(-1, number_of))
        .bind(number_of(last))
        .bind(i64::from(limit))
        .bind(batch_limit())
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(read_reported).collect()
    }

    /// The next batch of a host's detections, those after `after`.
    pub async fn list_detections_after(&self, host_id: i64, after: DetectionKey) -> Result<DetectionBatch> {
        let (qid, port, transport) = after.columns();
        let row = sqlx::query(concat!(
            "SELECT string_agg(record, '') AS detections FROM
                 (SELECT ",
            packed_detection!(),
            " AS record FROM detection WHERE host_id = $1 AND (qid, port, transport) > ($2, $3, $4)
                  ORDER BY qid, port, transport LIMIT $5) AS batch"
        ))
        .bind(host_id)
        .bind(qid)
        .bind(port)
        .bind(transport)
        .bind(batch_limit())
        .fetch_one(self.pool())
        .await?;
        read_batch(&Read::new("detection", &row))
    }

    /// One page of what summaries need of hosts, by address: the addresses, and the weights of all
    /// detections of each.
    pub async fn list_host_weights(
        &self,
        after: Option<Ipv4Addr>,
        last: Ipv4Addr,
        limit: u32,
    ) -> Result<Vec<(Ipv4Addr, Option<String>, Vec<Weight>)>> {
        let rows = sqlx::query(
            "SELECT ip, os, (SELECT string_agg(concat_ws(' ', qid, status, last_found_at, ''), '')
                         FROM detection WHERE host_id = host.id) AS detections
             FROM host WHERE ip > $1 AND ip <= $2 ORDER BY ip LIMIT $3",
        )
        .bind(after.map_or(-1, number_of))
        .bind(number_of(last))
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await?;
        rows.iter()
            .map(|row| {
                let read = Read::new("host", row);
                let packed = read.optional_text("detections")?.unwrap_or_default();
                let weights = unpack_weights(&packed).ok_or_else(|| read.inconsistent("detections"))?;
                Ok((read.address("ip")?, read.optional_text("os")?, weights))
            })
            .collect()
    }

    /// What the last stored results found on the hosts from `first` to `last`, by address.
    pub async fn list_latest_findings(&self, first: Ipv4Addr, last: Ipv4Addr) -> Result<Vec<LatestFindings>> {
        let rows = sqlx::query(
            "SELECT ip, findings, taken_in_at FROM scan_host
             WHERE ip BETWEEN $1 AND $2 AND alive = 1 AND scan_id =
                 (SELECT MAX(other.scan_id) FROM scan_host AS other
                  WHERE other.ip = scan_host.ip AND other.alive = 1)
             ORDER BY ip",
        )
        .bind(number_of(first))
        .bind(number_of(last))
        .fetch_all(self.pool())
        .await?;
        rows.iter()
            .map(|row| {
                let read = Read::new("scan_host", row);
                Ok((read.address("ip")?, read.json("findings")?, read.time("taken_in_at")?))
            })
            .collect()
    }
}

fn batch_limit() -> i64 {
    i64::try_from(BATCH_DETECTIONS).unwrap_or(i64::MAX)
}

fn read_reported(row: &AnyRow) -> Result<ReportedHost> {
    let read = Read::new("host", row);
    let services = read.optional_text("services")?.unwrap_or_default();
    Ok(ReportedHost {
        id: read.number("id")?,
        ip: read.address("ip")?,
        dns_name: read.optional_text("dns_name")?,
        netbios_name: read.optional_text("netbios_name")?,
        os: read.optional_text("os")?,
        os_cpe: read.optional_text("os_cpe")?,
        detections: read_batch(&read)?,
        services: unpack_services(&services).ok_or_else(|| read.inconsistent("services"))?,
    })
}

fn read_batch(read: &Read<'_>) -> Result<DetectionBatch> {
    let packed = read.optional_text("detections")?.unwrap_or_default();
    DetectionBatch::unpack(packed).ok_or_else(|| read.inconsistent("detections"))
}

fn unpack_services(packed: &str) -> Option<Vec<(u16, Transport, String)>> {
    let mut services = Vec::new();
    let mut unpack = Unpack::new(packed);
    while !unpack.is_at_end() {
        let port = u16::try_from(unpack.number()?).ok()?;
        let transport = unpack.word()?.parse().ok()?;
        let service = packed.get(unpack.text()?)?;
        services.push((port, transport, service.to_owned()));
    }
    Some(services)
}

fn unpack_weights(packed: &str) -> Option<Vec<Weight>> {
    let mut weights = Vec::with_capacity(packed.len() / 28);
    let mut unpack = Unpack::new(packed);
    while !unpack.is_at_end() {
        let qid = u32::try_from(unpack.number()?).ok().and_then(Qid::new)?;
        let status = unpack.word()?.parse().ok()?;
        weights.push((qid, status, Timestamp::from_microsecond(unpack.number()?).ok()?));
    }
    Some(weights)
}
