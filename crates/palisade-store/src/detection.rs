//! The history of detections: what was found on a host, since when, and whether it still is.
//!
//! Which status follows which is the vocabulary's rule ([`palisade_model::detection::observe`]);
//! here it is only asked for each detection a result says something about.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use palisade_model::detection::observe;
use palisade_model::{DetectionStatus, Finding, HostResult, Observation, Qid, ScanRef, Timestamp, Transport};
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::error::Result;
use crate::intake::DetectionCounts;
use crate::row::{Read, number_of};
use crate::statement::{ROWS_PER_STATEMENT, placeholders, placeholders_after};
use crate::store::{Store, Write};

/// What tells the detections of one host apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DetectionKey {
    pub qid: Qid,
    /// The port and its transport; `None` for a finding of the host as a whole.
    pub port: Option<(u16, Transport)>,
}

impl DetectionKey {
    /// The key of what was found.
    #[must_use]
    pub fn of(finding: &Finding) -> Self {
        let port = finding.port.map(|port| (port, finding.transport.unwrap_or(Transport::Tcp)));
        Self { qid: finding.qid, port }
    }

    pub(crate) fn columns(self) -> (i64, i64, &'static str) {
        let (port, transport) = self.port.map_or((0, ""), |(port, transport)| (port, transport.as_str()));
        (i64::from(self.qid.number()), i64::from(port), transport)
    }
}

/// One QID on one port (or none) of one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detection {
    pub key: DetectionKey,
    pub tls: bool,
    pub status: DetectionStatus,
    pub first_found_at: Timestamp,
    pub last_found_at: Timestamp,
    pub last_tested_at: Timestamp,
    pub last_fixed_at: Option<Timestamp>,
    /// By how many scans it was found.
    pub times_found: u64,
    /// The evidence of the last time it was found.
    pub result: String,
    /// The scan that last tested for it.
    pub last_scan: ScanRef,
    /// Somebody decided that nothing is to be done about it.
    pub ignored: bool,
}

macro_rules! columns {
    () => {
        "qid, port, transport, tls, detection.status, first_found_at, last_found_at, last_tested_at,
         last_fixed_at, times_found, result, detection.last_scan, ignored"
    };
}

impl Store {
    /// The detections of the host with this address, by QID and port.
    pub async fn list_detections(&self, ip: Ipv4Addr) -> Result<Vec<Detection>> {
        let rows = sqlx::query(concat!(
            "SELECT ",
            columns!(),
            " FROM detection JOIN host ON host.id = detection.host_id
             WHERE host.ip = $1 ORDER BY qid, port, transport"
        ))
        .bind(number_of(ip))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(read_detection).collect()
    }
}

/// Runs everything a result says about the host's detections through the state machine.
/// `is_detection` says which QIDs enter the history. Gives what was observed of each beside the
/// counts; what was not tested is left out.
pub(crate) async fn observe_host(
    write: &mut Write,
    host_id: i64,
    scan: &ScanRef,
    result: &HostResult,
    is_detection: &(dyn Fn(Qid) -> bool + Sync),
    now: Timestamp,
) -> Result<(DetectionCounts, Vec<(DetectionKey, Observation)>)> {
    let found: BTreeMap<DetectionKey, &Finding> = result
        .findings
        .iter()
        .filter(|finding| is_detection(finding.qid))
        .map(|finding| (DetectionKey::of(finding), finding))
        .collect();
    let known: BTreeMap<DetectionKey, DetectionStatus> = statuses(write, host_id).await?;
    let mut counts = DetectionCounts::default();
    let mut observed: Vec<_> = found.keys().map(|key| (*key, Observation::Found)).collect();
    let mut present = Vec::with_capacity(found.len());
    for (key, finding) in &found {
        let (status, event) = observe(known.get(key).copied(), Observation::Found);
        counts.count(event);
        present.extend(status.map(|status| (*key, *finding, status)));
    }
    let mut absent = Vec::new();
    for (key, previous) in known.iter().filter(|(key, _)| !found.contains_key(key)) {
        if was_tested(result, *key) {
            counts.count(observe(Some(*previous), Observation::NotFound).1);
            observed.push((*key, Observation::NotFound));
            absent.push(*key);
        }
    }
    write_found(write, host_id, scan, &present, now).await?;
    write_not_found(write, host_id, scan, &absent, now).await?;
    Ok((counts, observed))
}

/// Whether the result, when it does not name the detection, says that it is not there.
fn was_tested(result: &HostResult, key: DetectionKey) -> bool {
    let looked_at = match key.port {
        None => true,
        Some((port, Transport::Tcp)) => result.tcp_ports.contains(port),
        Some((port, Transport::Udp)) => result.udp_ports.contains(port),
    };
    result.facts.alive && !result.facts.timed_out && looked_at && result.tested.contains(&key.qid)
}

async fn statuses(write: &mut Write, host_id: i64) -> Result<BTreeMap<DetectionKey, DetectionStatus>> {
    let rows = sqlx::query("SELECT qid, port, transport, status FROM detection WHERE host_id = $1")
        .bind(host_id)
        .fetch_all(write.connection())
        .await?;
    rows.iter()
        .map(|row| {
            let read = Read::new("detection", row);
            Ok((read_key(&read)?, read.word("status")?))
        })
        .collect()
}

/// Writes everything that was found, in few statements.
async fn write_found(
    write: &mut Write,
    host_id: i64,
    scan: &ScanRef,
    found: &[(DetectionKey, &Finding, DetectionStatus)],
    now: Timestamp,
) -> Result<()> {
    for found in found.chunks(ROWS_PER_STATEMENT) {
        // Counted only.
        let statement = AssertSqlSafe(format!(
            "INSERT INTO detection (host_id, qid, port, transport, tls, status, first_found_at, last_found_at,
                                    last_tested_at, times_found, result, last_scan,
                                    result_is_table)
             VALUES {}
             ON CONFLICT (host_id, qid, port, transport) DO UPDATE SET
                 tls = excluded.tls, status = excluded.status, last_found_at = excluded.last_found_at,
                 last_tested_at = excluded.last_tested_at, times_found = detection.times_found + 1,
                 result = excluded.result, last_scan = excluded.last_scan,
                 result_is_table = excluded.result_is_table,
                 times_reopened = detection.times_reopened
                     + CASE excluded.status WHEN 'Re-Opened' THEN 1 ELSE 0 END,
                 first_reopened_at = CASE excluded.status
                     WHEN 'Re-Opened' THEN COALESCE(detection.first_reopened_at, excluded.last_found_at)
                     ELSE detection.first_reopened_at END,
                 last_reopened_at = CASE excluded.status
                     WHEN 'Re-Opened' THEN excluded.last_found_at ELSE detection.last_reopened_at END",
            placeholders(found.len(), 13)
        ));
        let now_us = now.as_microsecond();
        let mut query = sqlx::query(statement);
        for (key, finding, status) in found {
            let (qid, port, transport) = key.columns();
            query = query
                .bind(host_id)
                .bind(qid)
                .bind(port)
                .bind(transport)
                .bind(i64::from(finding.tls))
                .bind(status.as_str())
                .bind(now_us)
                .bind(now_us)
                .bind(now_us)
                .bind(1_i64)
                .bind(storable(&finding.result))
                .bind(scan.to_string())
                .bind(i64::from(finding.table));
        }
        query.execute(write.connection()).await?;
    }
    Ok(())
}

/// Writes that these were tested for and not found: those that were there are fixed now.
async fn write_not_found(
    write: &mut Write,
    host_id: i64,
    scan: &ScanRef,
    keys: &[DetectionKey],
    now: Timestamp,
) -> Result<()> {
    for keys in keys.chunks(ROWS_PER_STATEMENT) {
        let fixed = DetectionStatus::Fixed;
        // Counted only; the keys follow the four other values.
        let statement = AssertSqlSafe(format!(
            "UPDATE detection SET
                 last_fixed_at = CASE WHEN status = $1 THEN last_fixed_at ELSE $2 END,
                 status = $1, last_tested_at = $2, last_scan = $3, times_not_found = times_not_found + 1
             WHERE host_id = $4 AND (qid, port, transport) IN (VALUES {})",
            placeholders_after(4, keys.len(), 3)
        ));
        let mut query = sqlx::query(statement)
            .bind(fixed.as_str())
            .bind(now.as_microsecond())
            .bind(scan.to_string())
            .bind(host_id);
        for key in keys {
            let (qid, port, transport) = key.columns();
            query = query.bind(qid).bind(port).bind(transport);
        }
        query.execute(write.connection()).await?;
    }
    Ok(())
}

/// A text without NUL, which PostgreSQL does not take.
pub(crate) fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

pub(crate) fn read_key(read: &Read<'_>) -> Result<DetectionKey> {
    let qid = u32::try_from(read.number("qid")?).ok().and_then(Qid::new);
    let port = u16::try_from(read.number("port")?).map_err(|_| read.inconsistent("port"))?;
    let transport = match read.text("transport")?.as_str() {
        "" => None,
        text => Some(text.parse().map_err(|_| read.inconsistent("transport"))?),
    };
    Ok(DetectionKey {
        qid: qid.ok_or_else(|| read.inconsistent("qid"))?,
        port: transport.map(|transport| (port, transport)),
    })
}

fn read_detection(row: &AnyRow) -> Result<Detection> {
    let read = Read::new("detection", row);
    Ok(Detection {
        key: read_key(&read)?,
        tls: read.yes("tls")?,
        status: read.word("status")?,
        first_found_at: read.time("first_found_at")?,
        last_found_at: read.time("last_found_at")?,
        last_tested_at: read.time("last_tested_at")?,
        last_fixed_at: read.optional_time("last_fixed_at")?,
        times_found: read.count("times_found")?,
        result: read.text("result")?,
        last_scan: read.word("last_scan")?,
        ignored: read.yes("ignored")?,
    })
}
