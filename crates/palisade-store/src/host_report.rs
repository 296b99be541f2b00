//! Whole hosts for long reports: each with its detections, page by page.
//!
//! Rows are packed (see `packed`), because a report on a large subscription reads millions of
//! them. A host with very many detections comes in several batches, so that memory stays bounded.

use std::net::Ipv4Addr;
use std::ops::Range;
use std::sync::Arc;

use palisade_model::{DetectionStatus, Finding, Qid, Timestamp, Transport};
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::detection::DetectionKey;
use crate::error::{Error, Result};
use crate::packed::{SharedText, Unpack};
use crate::row::{Read, number_of};
use crate::statement::number_list;
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
    pub ignored: bool,
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
            let key = read_key(unpack.number()?)?;
            let (flags, status, times_found) = read_flags(unpack.number()?, 16)?;
            entries.push(BatchedDetection {
                key,
                tls: flags & 1 != 0,
                status,
                ignored: flags & 8 != 0,
                first_found_at: Timestamp::from_microsecond(unpack.number()?).ok()?,
                last_found_at: Timestamp::from_microsecond(unpack.number()?).ok()?,
                last_fixed_at: match flags & 4 {
                    0 => None,
                    _ => Some(Timestamp::from_microsecond(unpack.number()?).ok()?),
                },
                times_found,
                result_is_table: flags & 2 != 0,
                result: unpack.text()?,
            });
        }
        Some(Self { text, entries })
    }
}

/// Some detections of one host as the database has packed them. Where the next batch begins is known
/// without taking them apart, so that it can be read meanwhile.
#[derive(Debug, Clone)]
pub struct PackedDetections {
    host_id: i64,
    text: String,
    next: Option<DetectionKey>,
}

impl PackedDetections {
    /// Where the next batch begins, unless this one is the last.
    #[must_use]
    pub fn next(&self) -> Option<DetectionKey> {
        self.next
    }

    /// Takes them apart.
    pub fn unpack(self) -> Result<DetectionBatch> {
        let wrong =
            Error::Inconsistent { table: "detection", column: "detections", row: self.host_id.to_string() };
        DetectionBatch::unpack(self.text).ok_or(wrong)
    }
}

/// One page of a search, likewise.
#[derive(Debug, Clone)]
pub struct PackedHosts {
    text: String,
    last: Option<Ipv4Addr>,
    count: u64,
}

impl PackedHosts {
    /// The last of them.
    #[must_use]
    pub fn last(&self) -> Option<Ipv4Addr> {
        self.last
    }

    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Takes them apart; by address.
    pub fn unpack(self) -> Result<Vec<SearchedHost>> {
        let row = self.last.map(|ip| ip.to_string()).unwrap_or_default();
        unpack_hosts(self.text).ok_or(Error::Inconsistent { table: "host", column: "hosts", row })
    }
}

/// A host as searches look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchedHost {
    pub ip: Ipv4Addr,
    pub dns_name: Option<SharedText>,
    pub netbios_name: Option<SharedText>,
    pub os: Option<SharedText>,
    pub first_scan_at: Timestamp,
    pub last_scan_at: Timestamp,
}

/// What the last stored result of a host found: address, findings, and when it was taken in.
pub type LatestFindings = (Ipv4Addr, Vec<Finding>, Timestamp);

/// The QID and the place of a detection as one number, which [`read_key`] takes apart.
pub(crate) const PACKED_KEY: &str =
    "(qid * 65536 + port) * 4 + CASE transport WHEN 'tcp' THEN 1 WHEN 'udp' THEN 2 ELSE 0 END";

/// How often a detection was found and its status, which its length tells, before flags that are added
/// to it; [`read_flags`] takes them apart.
pub(crate) const PACKED_STATUS: &str = "times_found * 16 + octet_length(status)";

/// The columns of a detection as one packed record. A number costs the database more than anything else
/// in it, so small ones share one, and what is absent is left out, which a flag tells. Whether it is
/// ignored is looked at only where ignored ones are wanted.
fn packed_detection(beside: BesideOpen) -> String {
    let ignored = if beside.ignored { "ignored * 8 + " } else { "" };
    format!(
        "concat_ws(' ', {PACKED_KEY},
                   ({PACKED_STATUS}) * 16 + {ignored}CASE WHEN last_fixed_at IS NULL THEN 0 ELSE 4 END
                       + result_is_table * 2 + tls,
                   first_found_at, last_found_at, last_fixed_at, octet_length(result), result, '')"
    )
}

/// Which detections are wanted beside those that are open, which are neither fixed nor ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BesideOpen {
    pub fixed: bool,
    pub ignored: bool,
}

impl BesideOpen {
    /// The conditions, beginning with `AND`, that leave out what is not wanted. Where it is, they are left
    /// out rather than switched off, which would cost as much as reading everything.
    pub(crate) const fn condition(self) -> &'static str {
        match (self.ignored, self.fixed) {
            (false, false) => "AND ignored = 0 AND status <> 'Fixed'",
            (false, true) => "AND ignored = 0",
            (true, false) => "AND status <> 'Fixed'",
            (true, true) => "",
        }
    }
}

/// The remainder and the rest of a number that holds two.
pub(crate) fn divided(number: i64, by: i64) -> Option<(u64, i64)> {
    Some((u64::try_from(number.checked_rem(by)?).ok()?, number.checked_div(by)?))
}

/// The key of a detection: its QID, its port and the transport; both 0 for the host as a whole.
pub(crate) fn read_key(number: i64) -> Option<DetectionKey> {
    let (transport, number) = divided(number, 4)?;
    let (port, qid) = divided(number, 65_536)?;
    let qid = u32::try_from(qid).ok().and_then(Qid::new)?;
    let port = u16::try_from(port).ok()?;
    let port = match transport {
        0 => None,
        1 => Some((port, Transport::Tcp)),
        2 => Some((port, Transport::Udp)),
        _ => return None,
    };
    Some(DetectionKey { qid, port })
}

/// The flags below `by`, the status, and how often it was found.
pub(crate) fn read_flags(number: i64, by: i64) -> Option<(u64, DetectionStatus, u64)> {
    let (flags, number) = divided(number, by)?;
    let (length, times_found) = divided(number, 16)?;
    Some((flags, status_of(length)?, u64::try_from(times_found).ok()?))
}

/// The status whose word has so many letters.
pub(crate) const fn status_of(length: u64) -> Option<DetectionStatus> {
    match length {
        3 => Some(DetectionStatus::New),
        5 => Some(DetectionStatus::Fixed),
        6 => Some(DetectionStatus::Active),
        9 => Some(DetectionStatus::ReOpened),
        _ => None,
    }
}

impl Store {
    /// One page of the hosts, by address: at most `limit` of those after `after` up to `last`, each
    /// with the first batch of its detections.
    pub async fn list_reported_hosts(
        &self,
        after: Option<Ipv4Addr>,
        last: Ipv4Addr,
        limit: u32,
        beside: BesideOpen,
    ) -> Result<Vec<ReportedHost>> {
        let rows = sqlx::query(AssertSqlSafe(format!(
            "SELECT id, ip, dns_name, netbios_name, os, os_cpe,
                 (SELECT string_agg(record, '') FROM
                     (SELECT {} AS record FROM detection WHERE host_id = host.id {}
                      ORDER BY qid, port, transport LIMIT $4 + 0) AS batch) AS detections,
                 (SELECT string_agg(concat_ws(' ', port, transport, octet_length(service), service, ''), '')
                  FROM host_port WHERE host_id = host.id) AS services
             FROM host WHERE ip > $1 AND ip <= $2 ORDER BY ip LIMIT $3 + 0",
            packed_detection(beside),
            beside.condition()
        )))
        .bind(after.map_or(-1, number_of))
        .bind(number_of(last))
        .bind(i64::from(limit))
        .bind(batch_limit())
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(read_reported).collect()
    }

    /// Where steps of `hosts` hosts each end, of those after `after` up to `last`; at most `steps` of them.
    /// Nothing of the hosts but their addresses is looked at.
    pub async fn list_step_ends(
        &self,
        after: Option<Ipv4Addr>,
        last: Ipv4Addr,
        hosts: u32,
        steps: u32,
    ) -> Result<Vec<Ipv4Addr>> {
        // From the end of one step to that of the next; the last one has fewer hosts.
        let rows = sqlx::query(
            "WITH RECURSIVE step (number, ip) AS
                 (SELECT CAST(0 AS BIGINT), CAST($1 AS BIGINT)
                  UNION ALL
                  SELECT number + 1, COALESCE(
                      (SELECT ip FROM host WHERE ip > step.ip AND ip <= $2 ORDER BY ip LIMIT 1 OFFSET $3),
                      (SELECT MAX(ip) FROM host WHERE ip > step.ip AND ip <= $2))
                  FROM step WHERE number < $4 AND ip IS NOT NULL)
             SELECT ip FROM step WHERE number > 0 AND ip IS NOT NULL ORDER BY number",
        )
        .bind(after.map_or(-1, number_of))
        .bind(number_of(last))
        .bind(i64::from(hosts.max(1)) - 1)
        .bind(i64::from(steps))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(|row| Read::new("host", row).address("ip")).collect()
    }

    /// One page of the hosts, by address: at most `limit` of those after `after` up to `last`. With
    /// `qid` only those on which it was found and is not fixed, with `port` only those on which it
    /// is open.
    pub async fn search_hosts(
        &self,
        after: Option<Ipv4Addr>,
        last: Ipv4Addr,
        qid: Option<Qid>,
        port: Option<u16>,
        limit: u32,
    ) -> Result<PackedHosts> {
        // Conditions that are not wanted are left out rather than switched off with OR, for which
        // PostgreSQL would read every host that has the QID, for every page.
        let has_qid = qid.map_or("$3 = 0", |_| {
            "EXISTS (SELECT 1 FROM detection
                     WHERE host_id = host.id AND qid = $3 AND status <> 'Fixed' AND ignored = 0)"
        });
        let has_port = port
            .map_or("$4 = 0", |_| "EXISTS (SELECT 1 FROM host_port WHERE host_id = host.id AND port = $4)");
        let row = sqlx::query(AssertSqlSafe(format!(
            "SELECT MAX(ip) AS last, COUNT(*) AS counted, string_agg(record, '') AS hosts FROM
                 (SELECT ip, concat_ws(' ', ip, first_scan_at, last_scan_at,
                                   octet_length(COALESCE(dns_name, '')), COALESCE(dns_name, ''),
                                   octet_length(COALESCE(netbios_name, '')), COALESCE(netbios_name, ''),
                                   octet_length(COALESCE(os, '')), COALESCE(os, ''), '') AS record
                  FROM host WHERE ip > $1 AND ip <= $2 AND {has_qid} AND {has_port}
                  ORDER BY ip LIMIT $5 + 0) AS page"
        )))
        .bind(after.map_or(-1, number_of))
        .bind(number_of(last))
        .bind(qid.map_or(0, |qid| i64::from(qid.number())))
        .bind(port.map_or(0, i64::from))
        .bind(i64::from(limit))
        .fetch_one(self.pool())
        .await?;
        let read = Read::new("host", &row);
        let last = match read.optional_number("last")? {
            Some(_) => Some(read.address("last")?),
            None => None,
        };
        let text = read.optional_text("hosts")?.unwrap_or_default();
        Ok(PackedHosts { text, last, count: read.count("counted")? })
    }

    /// How many detections of a host are not fixed, by QID; and the host's id.
    pub async fn count_open_detections(&self, ip: Ipv4Addr) -> Result<Vec<(i64, Qid, u64)>> {
        let rows = sqlx::query(
            "SELECT host_id, qid, COUNT(*) AS counted FROM detection
             WHERE host_id = (SELECT id FROM host WHERE ip = $1) AND status <> 'Fixed' AND ignored = 0
             GROUP BY host_id, qid ORDER BY qid",
        )
        .bind(number_of(ip))
        .fetch_all(self.pool())
        .await?;
        rows.iter()
            .map(|row| {
                let read = Read::new("detection", row);
                let qid = u32::try_from(read.number("qid")?).ok().and_then(Qid::new);
                let qid = qid.ok_or_else(|| read.inconsistent("qid"))?;
                Ok((read.number("host_id")?, qid, read.count("counted")?))
            })
            .collect()
    }

    /// The next batch of a host's detections of one QID, those on ports after `after`.
    pub async fn list_detections_of(
        &self,
        host_id: i64,
        qid: Qid,
        after: Option<DetectionKey>,
    ) -> Result<PackedDetections> {
        let (_, port, transport) = after.map_or((0, -1, ""), DetectionKey::columns);
        let row = sqlx::query(AssertSqlSafe(format!(
            "SELECT MAX(place) AS last, COUNT(*) AS counted, string_agg(record, '') AS detections FROM
                 (SELECT {PACKED_KEY} AS place, {} AS record FROM detection
                  WHERE host_id = $1 AND ignored = 0 AND qid = $2 AND (port, transport) > ($3, $4)
                  ORDER BY qid, port, transport LIMIT $5 + 0) AS batch",
            packed_detection(BesideOpen { fixed: true, ignored: false })
        )))
        .bind(host_id)
        .bind(i64::from(qid.number()))
        .bind(port)
        .bind(transport)
        .bind(batch_limit())
        .fetch_one(self.pool())
        .await?;
        read_packed(host_id, &Read::new("detection", &row))
    }

    /// The next batch of a host's detections, those after `after`.
    pub async fn list_detections_after(
        &self,
        host_id: i64,
        after: Option<DetectionKey>,
        beside: BesideOpen,
    ) -> Result<PackedDetections> {
        let (qid, port, transport) = after.map_or((0, 0, ""), DetectionKey::columns);
        let row = sqlx::query(AssertSqlSafe(format!(
            "SELECT MAX(place) AS last, COUNT(*) AS counted, string_agg(record, '') AS detections FROM
                 (SELECT {PACKED_KEY} AS place, {} AS record FROM detection
                  WHERE host_id = $1 {} AND (qid, port, transport) > ($2, $3, $4)
                  ORDER BY qid, port, transport LIMIT $5 + 0) AS batch",
            packed_detection(beside),
            beside.condition()
        )))
        .bind(host_id)
        .bind(qid)
        .bind(port)
        .bind(transport)
        .bind(batch_limit())
        .fetch_one(self.pool())
        .await?;
        read_packed(host_id, &Read::new("detection", &row))
    }

    /// The detections of the hosts from `first` to `last` that are not fixed (only those of `qid`, if
    /// there is one), by address and QID, with their evidence.
    pub async fn list_open_detections(
        &self,
        first: Ipv4Addr,
        last: Ipv4Addr,
        qid: Option<Qid>,
    ) -> Result<Vec<(Ipv4Addr, Qid, String)>> {
        let rows = sqlx::query(
            "SELECT ip, (SELECT string_agg(record, '') FROM
                 (SELECT concat_ws(' ', qid, octet_length(result), result, '') AS record
                  FROM detection WHERE host_id = host.id AND ignored = 0 AND status <> 'Fixed' AND ($3 = 0 OR qid = $3)
                  ORDER BY qid, port, transport) AS open) AS detections
             FROM host WHERE ip BETWEEN $1 AND $2 ORDER BY ip",
        )
        .bind(number_of(first))
        .bind(number_of(last))
        .bind(qid.map_or(0, |qid| i64::from(qid.number())))
        .fetch_all(self.pool())
        .await?;
        let mut found = Vec::new();
        for row in &rows {
            let read = Read::new("host", row);
            let (ip, packed) = (read.address("ip")?, read.optional_text("detections")?.unwrap_or_default());
            let mut unpack = Unpack::new(&packed);
            while !unpack.is_at_end() {
                let open = unpack_open(&packed, &mut unpack);
                let (qid, result) = open.ok_or_else(|| read.inconsistent("detections"))?;
                found.push((ip, qid, result));
            }
        }
        Ok(found)
    }

    /// What the last stored results found on the hosts from `first` to `last`, by address. Nothing of
    /// a host that was purged since.
    pub async fn list_latest_findings(&self, first: Ipv4Addr, last: Ipv4Addr) -> Result<Vec<LatestFindings>> {
        self.list_latest_findings_where(&format!(
            "scan_host.ip BETWEEN {} AND {}",
            number_of(first),
            number_of(last)
        ))
        .await
    }

    /// The same of single hosts.
    pub async fn list_latest_findings_of(&self, ips: &[Ipv4Addr]) -> Result<Vec<LatestFindings>> {
        if ips.is_empty() {
            return Ok(Vec::new());
        }
        let list = number_list(ips.iter().map(|ip| number_of(*ip)));
        self.list_latest_findings_where(&format!("scan_host.ip IN ({list})")).await
    }

    /// `condition` holds numbers only.
    async fn list_latest_findings_where(&self, condition: &str) -> Result<Vec<LatestFindings>> {
        let rows = sqlx::query(AssertSqlSafe(format!(
            "SELECT scan_host.ip, findings, taken_in_at FROM scan_host
             JOIN host ON host.ip = scan_host.ip AND host.first_scan_at <= taken_in_at
             WHERE {condition} AND alive = 1 AND scan_id =
                 (SELECT MAX(other.scan_id) FROM scan_host AS other
                  WHERE other.ip = scan_host.ip AND other.alive = 1)
             ORDER BY scan_host.ip",
        )))
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

pub(crate) fn batch_limit() -> i64 {
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

fn read_packed(host_id: i64, read: &Read<'_>) -> Result<PackedDetections> {
    let is_full = read.number("counted")? >= batch_limit();
    let next = match read.optional_number("last")?.filter(|_| is_full) {
        None => None,
        Some(last) => Some(read_key(last).ok_or_else(|| read.inconsistent("last"))?),
    };
    Ok(PackedDetections { host_id, text: read.optional_text("detections")?.unwrap_or_default(), next })
}

fn unpack_hosts(packed: String) -> Option<Vec<SearchedHost>> {
    let packed: Arc<str> = packed.into();
    let mut hosts = Vec::with_capacity(packed.len() / 100);
    let mut unpack = Unpack::new(&packed);
    while !unpack.is_at_end() {
        let ip = Ipv4Addr::from(u32::try_from(unpack.number()?).ok()?);
        let first_scan_at = Timestamp::from_microsecond(unpack.number()?).ok()?;
        let last_scan_at = Timestamp::from_microsecond(unpack.number()?).ok()?;
        let mut text = || match unpack.text()? {
            place if place.is_empty() => Some(None),
            place => SharedText::new(&packed, place).map(Some),
        };
        let (dns_name, netbios_name, os) = (text()?, text()?, text()?);
        hosts.push(SearchedHost { ip, dns_name, netbios_name, os, first_scan_at, last_scan_at });
    }
    Some(hosts)
}

fn unpack_open(packed: &str, unpack: &mut Unpack<'_>) -> Option<(Qid, String)> {
    let qid = u32::try_from(unpack.number()?).ok().and_then(Qid::new)?;
    Some((qid, packed.get(unpack.text()?)?.to_owned()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_told_by_the_length_of_their_words() {
        for status in DetectionStatus::ALL {
            let length = u64::try_from(status.to_string().len()).unwrap();
            assert_eq!(status_of(length), Some(status));
        }
        assert_eq!(status_of(0), None);
    }

    #[test]
    fn numbers_that_hold_no_key_are_refused() {
        let key = |number| read_key(number).map(|key| (key.qid.number(), key.port));
        assert_eq!(key(38_173 * 262_144), Some((38_173, None)));
        assert_eq!(key(38_173 * 262_144 + 443 * 4 + 1), Some((38_173, Some((443, Transport::Tcp)))));
        for wrong in [-1, 0, 3, 38_173 * 262_144 + 3, i64::MIN, i64::MAX] {
            assert_eq!(key(wrong), None, "{wrong}");
            assert_eq!(read_flags(wrong, 16), None, "{wrong}");
        }
    }
}
