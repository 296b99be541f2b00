//! Detections of many hosts at once, as lists show them: packed (see `packed`), host by host, those of
//! a host with very many in batches.

use std::fmt::Write as _;
use std::ops::Range;

use palisade_model::{DetectionStatus, Qid, Timestamp};
use sqlx::AssertSqlSafe;

use crate::detection::DetectionKey;
use crate::error::Result;
use crate::host_report::{BATCH_DETECTIONS, PACKED_KEY, PACKED_STATUS, batch_limit, read_flags, read_key};
use crate::listed_host::Between;
use crate::packed::Unpack;
use crate::row::Read;
use crate::statement::number_list;
use crate::store::Store;

/// Most hosts whose detections are asked for at a time.
pub const DETECTION_HOSTS: usize = 64;
/// Flags of a packed record: what else is in it, and two of its own.
const TESTED_ELSEWHEN: u64 = 32;
const FIXED: u64 = 16;
const IGNORED_CHANGED: u64 = 8;
const REOPENED: u64 = 4;
const IGNORED: u64 = 2;
const TLS: u64 = 1;
/// QIDs that a query names; more are left to the caller.
const QIDS_IN_QUERY: usize = 50;

/// Which detections are wanted: those that everything given is true of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DetectionQuery {
    /// Of these statuses.
    pub statuses: Vec<DetectionStatus>,
    /// Only these; of a long list all detections come, and the caller looks again.
    pub qids: Option<Vec<Qid>>,
    /// Ignored ones too.
    pub include_ignored: bool,
    /// When something about it last changed.
    pub updated: Between,
    /// When it was last tested for.
    pub tested: Between,
    /// With their evidence.
    pub with_results: bool,
}

/// Some detections of one host, by QID and port.
#[derive(Debug, Clone, Default)]
pub struct ListedDetections {
    text: String,
    entries: Vec<ListedDetection>,
}

/// One of them. Its evidence is read with [`ListedDetections::result`].
#[derive(Debug, Clone)]
pub struct ListedDetection {
    pub key: DetectionKey,
    pub status: DetectionStatus,
    pub tls: bool,
    pub ignored: bool,
    pub first_found_at: Timestamp,
    pub last_found_at: Timestamp,
    pub last_tested_at: Timestamp,
    /// The last time that it was found, fixed, ignored, or ignored no longer.
    pub updated_at: Timestamp,
    pub last_fixed_at: Option<Timestamp>,
    /// By how many scans it was found.
    pub times_found: u64,
    pub reopened: Option<Reopened>,
    result: Range<usize>,
}

/// How often a detection came back after it had been fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reopened {
    pub times: u64,
    pub first_at: Timestamp,
    pub last_at: Timestamp,
}

impl ListedDetections {
    #[must_use]
    pub fn entries(&self) -> &[ListedDetection] {
        &self.entries
    }

    /// The evidence of one of these detections; of another one, some text or none.
    #[must_use]
    pub fn result(&self, detection: &ListedDetection) -> &str {
        self.text.get(detection.result.clone()).unwrap_or_default()
    }

    /// Where the next batch begins, unless this one is the last.
    #[must_use]
    pub fn next(&self) -> Option<DetectionKey> {
        self.entries.last().filter(|_| self.entries.len() >= BATCH_DETECTIONS).map(|last| last.key)
    }

    fn unpack(text: String) -> Option<Self> {
        let mut entries = Vec::with_capacity(text.len() / 160);
        let mut unpack = Unpack::new(&text);
        let time = |at: i64| Timestamp::from_microsecond(at).ok();
        while !unpack.is_at_end() {
            let key = read_key(unpack.number()?)?;
            let (flags, status, times_found) = read_flags(unpack.number()?, 64)?;
            let first_found_us = unpack.number()?;
            let found_us = unpack.number()?;
            let mut given = |flag: u64| match flags & flag {
                0 => Some(None),
                _ => unpack.number().map(Some),
            };
            let tested_us = given(TESTED_ELSEWHEN)?.unwrap_or(found_us);
            let fixed_us = given(FIXED)?;
            let ignored_changed_us = given(IGNORED_CHANGED)?.unwrap_or(found_us);
            let reopened = match given(REOPENED)? {
                None => None,
                Some(times) => {
                    let times = u64::try_from(times).ok()?;
                    let (first_at, last_at) = (time(unpack.number()?)?, time(unpack.number()?)?);
                    Some(Reopened { times, first_at, last_at })
                }
            };
            let updated_us = found_us.max(fixed_us.unwrap_or(found_us)).max(ignored_changed_us);
            let last_found_at = time(found_us)?;
            entries.push(ListedDetection {
                key,
                status,
                tls: flags & TLS != 0,
                ignored: flags & IGNORED != 0,
                first_found_at: time(first_found_us)?,
                last_found_at,
                last_tested_at: if tested_us == found_us { last_found_at } else { time(tested_us)? },
                updated_at: if updated_us == found_us { last_found_at } else { time(updated_us)? },
                last_fixed_at: match fixed_us {
                    Some(at) => Some(time(at)?),
                    None => None,
                },
                times_found,
                reopened,
                result: unpack.text()?,
            });
        }
        Some(Self { text, entries })
    }
}

impl DetectionQuery {
    /// The columns as one packed record. Small numbers share one, and what is absent or the same as another
    /// time is left out, which a flag tells: a number costs more than a flag.
    fn record(&self) -> String {
        let result = if self.with_results { "octet_length(result), result" } else { "0, ''" };
        let flag = |number: u64, condition: &str| format!("CASE WHEN {condition} THEN {number} ELSE 0 END");
        format!(
            "concat_ws(' ', {PACKED_KEY},
                 ({PACKED_STATUS}) * 64 + {tested} + {fixed} + {ignored_changed} + {reopened}
                     + ignored * {IGNORED} + tls * {TLS},
                 first_found_at, last_found_at,
                 CASE WHEN last_tested_at <> last_found_at THEN last_tested_at END,
                 last_fixed_at, ignored_changed_at,
                 CASE WHEN times_reopened > 0
                     THEN concat_ws(' ', times_reopened, first_reopened_at, last_reopened_at) END,
                 {result}, '')",
            tested = flag(TESTED_ELSEWHEN, "last_tested_at <> last_found_at"),
            fixed = flag(FIXED, "last_fixed_at IS NOT NULL"),
            ignored_changed = flag(IGNORED_CHANGED, "ignored_changed_at IS NOT NULL"),
            reopened = flag(REOPENED, "times_reopened > 0"),
        )
    }

    /// Whether few hosts may have what is wanted: to ask which they are is less work than to look for it on
    /// every host.
    #[must_use]
    pub fn is_selective(&self) -> bool {
        self.named_qids().is_some() || self.updated.from.is_some() || self.tested.from.is_some()
    }

    /// That a host has one. The database is not to begin with all that have (PostgreSQL would, were it
    /// `EXISTS`): of most pages there are some among the next hosts.
    pub(crate) fn on_host(&self) -> String {
        format!(" AND (SELECT 1 FROM detection WHERE host_id = host.id{} LIMIT 1) = 1", self.condition())
    }

    /// QIDs that the query itself tells apart.
    fn named_qids(&self) -> Option<&[Qid]> {
        self.qids.as_deref().filter(|qids| qids.len() <= QIDS_IN_QUERY)
    }

    /// What the detections of a host have to fit.
    fn condition(&self) -> String {
        let mut text = String::new();
        let has = |status| self.statuses.contains(&status);
        if DetectionStatus::ALL.into_iter().all(has) {
            // All of them.
        } else if !has(DetectionStatus::Fixed) && self.statuses.len() + 1 == DetectionStatus::ALL.len() {
            text.push_str(" AND status <> 'Fixed'");
        } else {
            // Words of the vocabulary.
            let words: Vec<String> = self.statuses.iter().map(|status| format!("'{status}'")).collect();
            let list = if words.is_empty() { "''".to_owned() } else { words.join(", ") };
            let _ = write!(text, " AND status IN ({list})");
        }
        if !self.include_ignored {
            text.push_str(" AND ignored = 0");
        }
        if let Some(qids) = self.named_qids() {
            let list = number_list(qids.iter().map(|qid| i64::from(qid.number())));
            let _ = write!(text, " AND qid IN ({})", if list.is_empty() { "-1" } else { &list });
        }
        if let Some(from) = self.updated.from {
            let from = from.as_microsecond();
            let _ = write!(
                text,
                " AND (last_found_at >= {from} OR last_fixed_at >= {from} OR ignored_changed_at >= {from})"
            );
        }
        if let Some(before) = self.updated.before {
            let before = before.as_microsecond();
            let _ = write!(
                text,
                " AND last_found_at < {before} AND COALESCE(last_fixed_at, 0) < {before}
                  AND COALESCE(ignored_changed_at, 0) < {before}"
            );
        }
        text + &self.tested.condition("last_tested_at")
    }
}

impl Store {
    /// The first batch of the detections of each of these hosts, with the host's id; hosts without any are
    /// left out. At most [`DETECTION_HOSTS`] hosts.
    pub async fn list_detections_of_hosts(
        &self,
        hosts: &[i64],
        query: &DetectionQuery,
    ) -> Result<Vec<(i64, ListedDetections)>> {
        let Some(last) = hosts.last() else { return Ok(Vec::new()) };
        // Always as many, so that the database sees one query: the last one is named again and again.
        let places: Vec<String> = (2..DETECTION_HOSTS + 2).map(|place| format!("${place}")).collect();
        // Words and numbers only.
        let statement = AssertSqlSafe(format!(
            "SELECT id, (SELECT string_agg(record, '') FROM
                 (SELECT {} AS record FROM detection WHERE host_id = host.id{}
                  ORDER BY qid, port, transport LIMIT $1 + 0) AS batch) AS detections
             FROM host WHERE id IN ({})",
            query.record(),
            query.condition(),
            places.join(", ")
        ));
        let mut statement = sqlx::query(statement).bind(batch_limit());
        for place in 0..DETECTION_HOSTS {
            statement = statement.bind(*hosts.get(place).unwrap_or(last));
        }
        let rows = statement.fetch_all(self.pool()).await?;
        let mut found = Vec::with_capacity(rows.len());
        for row in &rows {
            let read = Read::new("detection", row);
            if let Some(packed) = read.optional_text("detections")? {
                let detections = ListedDetections::unpack(packed);
                found.push((read.number("id")?, detections.ok_or_else(|| read.inconsistent("detections"))?));
            }
        }
        Ok(found)
    }

    /// The next batch of a host's detections, those after `after`.
    pub async fn list_more_detections(
        &self,
        host_id: i64,
        query: &DetectionQuery,
        after: DetectionKey,
    ) -> Result<ListedDetections> {
        let (qid, port, transport) = after.columns();
        let row = sqlx::query(AssertSqlSafe(format!(
            "SELECT string_agg(record, '') AS detections FROM
                 (SELECT {} AS record FROM detection
                  WHERE host_id = $1 AND (qid, port, transport) > ($2, $3, $4){}
                  ORDER BY qid, port, transport LIMIT $5 + 0) AS batch",
            query.record(),
            query.condition()
        )))
        .bind(host_id)
        .bind(qid)
        .bind(port)
        .bind(transport)
        .bind(batch_limit())
        .fetch_one(self.pool())
        .await?;
        let read = Read::new("detection", &row);
        let packed = read.optional_text("detections")?.unwrap_or_default();
        ListedDetections::unpack(packed).ok_or_else(|| read.inconsistent("detections"))
    }
}
