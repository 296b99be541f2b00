//! Hosts by their ids, page by page, chosen by address, id and the times of their scans.
//!
//! Ranges of ids and addresses stand in the text of the query, so that the database sees how narrow
//! they are. More than [`RANGES_IN_QUERY`] are cut to their bounds there; the caller looks again.

use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::ops::Range;

use palisade_model::{IpSet, Timestamp};
use sqlx::AssertSqlSafe;

use crate::error::Result;
use crate::listed_detection::DetectionQuery;
use crate::packed::Unpack;
use crate::row::{Read, number_of};
use crate::store::Store;

/// Ranges that stand in a query one by one.
const RANGES_IN_QUERY: usize = 100;

/// Addresses that are looked for one by one rather than by going through the hosts.
const NARROW_ADDRESSES: u64 = 4_096;

/// Which hosts are wanted: those that everything given is true of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HostQuery {
    /// Never more than these.
    pub ips: IpSet,
    /// First and last id of each range, in order; `None` for any.
    pub ids: Option<Vec<(i64, i64)>>,
    /// The result of the last scan was taken in between these, both included.
    pub processed: Between,
    /// The scanner was done with it between these.
    pub scan_ended: Between,
    /// The same of the last scan that it let in.
    pub auth_scan_ended: Between,
    /// Only hosts with such a detection.
    pub having: Option<DetectionQuery>,
}

/// A span of time without an end where none is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Between {
    /// Included.
    pub from: Option<Timestamp>,
    /// Not included.
    pub before: Option<Timestamp>,
}

impl Between {
    /// What is in both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let before = match (self.before, other.before) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        Self { from: self.from.max(other.from), before }
    }

    pub(crate) fn condition(self, column: &str) -> String {
        let mut text = String::new();
        if let Some(from) = self.from {
            let _ = write!(text, " AND {column} >= {}", from.as_microsecond());
        }
        if let Some(before) = self.before {
            let _ = write!(text, " AND {column} < {}", before.as_microsecond());
        }
        text
    }
}

/// A host as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedHost {
    pub id: i64,
    pub ip: Ipv4Addr,
    pub dns_name: Option<String>,
    pub netbios_name: Option<String>,
    pub os: Option<String>,
    pub os_cpe: Option<String>,
    /// When the result of the last scan was taken in.
    pub last_scan_at: Timestamp,
    /// When the scanner was done with it.
    pub scan_ended_at: Timestamp,
    /// `None`: not known of an old scan.
    pub scan_duration_s: Option<u64>,
    /// The same two of the last scan that it let in.
    pub auth_scan_ended_at: Option<Timestamp>,
    pub auth_scan_duration_s: Option<u64>,
}

impl HostQuery {
    /// Whether a host is among the addresses and ids, however many ranges those are.
    #[must_use]
    pub fn has(&self, id: i64, ip: Ipv4Addr) -> bool {
        let has_id = self.ids.as_ref().is_none_or(|ranges| {
            let after = ranges.partition_point(|(first, _)| *first <= id);
            let range = after.checked_sub(1).and_then(|index| ranges.get(index));
            range.is_some_and(|(_, last)| id <= *last)
        });
        has_id && self.ips.contains(ip)
    }

    /// The id and the address as the query is to see them: one of them is a sum, which no index has. Few
    /// addresses are found by their index, where both databases would rather go through all hosts by id;
    /// many by id up to the limit, where SQLite would rather take all of them and sort.
    fn columns(&self) -> (&'static str, &'static str) {
        let is_narrow = self.ips.ranges().len() <= RANGES_IN_QUERY && self.ips.count() <= NARROW_ADDRESSES;
        if is_narrow { ("id + 0", "ip") } else { ("id", "ip + 0") }
    }

    fn condition(&self) -> String {
        let ips: Vec<(i64, i64)> = self
            .ips
            .ranges()
            .iter()
            .map(|range| (number_of(range.first()), number_of(range.last())))
            .collect();
        let (id, ip) = self.columns();
        let mut text = within(ip, &ips);
        if let Some(ids) = &self.ids {
            let _ = write!(text, " AND {}", within(id, ids));
        }
        text + &self.processed.condition("last_scan_at")
            + &self.scan_ended.condition("COALESCE(scan_ended_at, last_scan_at)")
            // A host that never let a scan in has no such time, and is in no span.
            + &self.auth_scan_ended.condition("auth_scan_ended_at")
            + &self.having.as_ref().map(DetectionQuery::on_host).unwrap_or_default()
    }
}

/// `(ip BETWEEN 1 AND 2 OR ip BETWEEN 5 AND 6)`; of too many ranges, their bounds.
fn within(column: &str, ranges: &[(i64, i64)]) -> String {
    let (Some((first, _)), Some((_, last))) = (ranges.first(), ranges.last()) else {
        return "1 = 0".to_owned();
    };
    if ranges.len() > RANGES_IN_QUERY {
        return format!("{column} BETWEEN {first} AND {last}");
    }
    let each: Vec<String> =
        ranges.iter().map(|(first, last)| format!("{column} BETWEEN {first} AND {last}")).collect();
    format!("({})", each.join(" OR "))
}

impl Store {
    /// One page of the hosts, by id: at most `limit` of those after the id `after`. A page with fewer is the
    /// last one. See [`HostQuery::has`].
    pub async fn list_hosts_by_id(
        &self,
        query: &HostQuery,
        after: i64,
        limit: u32,
    ) -> Result<Vec<ListedHost>> {
        // Numbers only.
        let row = sqlx::query(AssertSqlSafe(format!(
            "SELECT string_agg(record, '') AS hosts FROM
                 (SELECT concat_ws(' ', id, ip, last_scan_at, COALESCE(scan_ended_at, last_scan_at),
                                   COALESCE(scan_duration_s, -1),
                                   COALESCE(auth_scan_ended_at, -1), COALESCE(auth_scan_duration_s, -1),
                                   octet_length(COALESCE(dns_name, '')), COALESCE(dns_name, ''),
                                   octet_length(COALESCE(netbios_name, '')), COALESCE(netbios_name, ''),
                                   octet_length(COALESCE(os, '')), COALESCE(os, ''),
                                   octet_length(COALESCE(os_cpe, '')), COALESCE(os_cpe, ''), '') AS record
                  FROM host WHERE {id} > $1 AND {} ORDER BY {id} LIMIT $2 + 0) AS page",
            query.condition(),
            id = query.columns().0
        )))
        .bind(after)
        .bind(i64::from(limit))
        .fetch_one(self.pool())
        .await?;
        let read = Read::new("host", &row);
        let packed = read.optional_text("hosts")?.unwrap_or_default();
        unpack_hosts(&packed).ok_or_else(|| read.inconsistent("hosts"))
    }
}

fn unpack_hosts(packed: &str) -> Option<Vec<ListedHost>> {
    let mut hosts = Vec::with_capacity(packed.len() / 120);
    let mut unpack = Unpack::new(packed);
    let filled = |range: Range<usize>| {
        let text = packed.get(range)?;
        Some(Some(text).filter(|text| !text.is_empty()).map(str::to_owned))
    };
    while !unpack.is_at_end() {
        hosts.push(ListedHost {
            id: unpack.number()?,
            ip: Ipv4Addr::from(u32::try_from(unpack.number()?).ok()?),
            last_scan_at: Timestamp::from_microsecond(unpack.number()?).ok()?,
            scan_ended_at: Timestamp::from_microsecond(unpack.number()?).ok()?,
            scan_duration_s: u64::try_from(unpack.number()?).ok(),
            auth_scan_ended_at: match unpack.number()? {
                at @ 0.. => Some(Timestamp::from_microsecond(at).ok()?),
                _ => None,
            },
            auth_scan_duration_s: u64::try_from(unpack.number()?).ok(),
            dns_name: filled(unpack.text()?)?,
            netbios_name: filled(unpack.text()?)?,
            os: filled(unpack.text()?)?,
            os_cpe: filled(unpack.text()?)?,
        });
    }
    Some(hosts)
}
