//! Scans and their results.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use palisade_model::{Finding, IpSet, Login, OptionProfile, Qid, ScanHeader, ScanRef, ScanStatus, Timestamp};
use sqlx::any::AnyRow;

use crate::error::Result;
use crate::row::{Read, integer, json_text, number_of};
use crate::scan_target::note_target;
use crate::store::{Store, Write};

/// How a scan came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LaunchType {
    OnDemand,
    Api,
    Scheduled,
}

impl LaunchType {
    pub const ALL: [Self; 3] = [Self::OnDemand, Self::Api, Self::Scheduled];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OnDemand => "On-demand",
            Self::Api => "API",
            Self::Scheduled => "Scheduled",
        }
    }
}

impl fmt::Display for LaunchType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no launch type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a launch type")]
pub struct NotALaunchType;

impl FromStr for LaunchType {
    type Err = NotALaunchType;

    fn from_str(text: &str) -> Result<Self, NotALaunchType> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(NotALaunchType)
    }
}

/// A scan as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    pub id: i64,
    pub reference: ScanRef,
    pub title: String,
    /// As the client wrote them.
    pub target_text: String,
    pub targets: IpSet,
    pub status: ScanStatus,
    pub launched_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub login: Login,
    pub launch_type: LaunchType,
    pub save_report: bool,
    pub profile: OptionProfile,
    /// The QIDs it is limited to.
    pub qids: Option<Vec<Qid>>,
    /// The value that every web request carries.
    pub http_header: Option<ScanHeader>,
    /// DNS zones that name servers are asked for.
    pub zones: Vec<String>,
    /// Titles of the asset groups it was launched with.
    pub asset_groups: Vec<String>,
    /// Whether it is handed out only as far as its addresses are assigned to its user.
    pub assigned_only: bool,
    pub hosts_total: u64,
    pub hosts_done: u64,
    pub hosts_alive: u64,
    /// On the hosts taken in.
    pub findings: u64,
    /// The scanner that took the first slice.
    pub scanner: Option<String>,
    /// Why it ended in an error.
    pub reason: Option<String>,
    /// What users gave it: 0 for none, 1 (first) to 9.
    pub priority: u8,
    /// Addresses left out of it at launch.
    pub excluded: IpSet,
    /// Vulnerabilities among the findings; `None` when they were not counted.
    pub vulnerabilities: Option<u64>,
    /// When it was paused, if it is.
    pub paused_at: Option<Timestamp>,
    /// Microseconds that it was paused in all before.
    pub paused_us: u64,
}

/// A scan to be launched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewScan {
    pub title: String,
    pub target_text: String,
    pub targets: IpSet,
    pub launched_at: Timestamp,
    pub login: Login,
    pub launch_type: LaunchType,
    pub save_report: bool,
    pub profile: OptionProfile,
    pub qids: Option<Vec<Qid>>,
    /// The value that every web request carries.
    pub http_header: Option<ScanHeader>,
    /// DNS zones that name servers are asked for.
    pub zones: Vec<String>,
    /// Titles of the asset groups among its targets.
    pub asset_groups: Vec<String>,
    /// Hand it out only as far as its addresses are assigned to its user at that moment.
    pub assigned_only: bool,
    /// 0 for none, 1 (first) to 9.
    pub priority: u8,
    /// Addresses that were asked to be left out.
    pub excluded: IpSet,
    /// The targets, cut for scanners.
    pub slices: Vec<IpSet>,
    /// Most scans queued and running, this one included.
    pub running_max: u32,
}

/// What became of a launch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Launched {
    Queued(ScanRef),
    /// As many scans as may be are queued and running.
    TooMany,
}

/// Which saved scans are wanted, one page of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReportFilter {
    /// Launched at this time or later.
    pub since: Option<Timestamp>,
    /// Only those before the scan with this id, which is the last of the page before.
    pub before: Option<i64>,
    pub limit: u32,
}

/// What a scan found on one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanHost {
    pub ip: Ipv4Addr,
    pub name: Option<String>,
    pub os: Option<String>,
    pub os_cpe: Option<String>,
    pub netbios_name: Option<String>,
    pub alive: bool,
    pub timed_out: bool,
    pub findings: Vec<Finding>,
}

macro_rules! columns {
    () => {
        "id, reference, title, target_text, targets, status, launched_at, started_at, ended_at, login,
         launch_type, save_report, profile, qids, http_header, zones, asset_groups, assigned_only, hosts_total,
         hosts_done, hosts_alive, findings, scanner, reason, priority, excluded, vulnerabilities, paused_at,
         paused_us"
    };
}
pub(crate) use columns;

/// Statuses of scans that have not ended.
macro_rules! open_statuses {
    () => {
        "('QUEUED', 'RUNNING', 'PAUSING', 'PAUSED', 'RESUMING', 'CANCELLING')"
    };
}
pub(crate) use open_statuses;

impl Store {
    /// Launches a scan: gives it a reference and writes it and its slices.
    pub async fn launch_scan(&self, new: &NewScan) -> Result<Launched> {
        let mut write = self.write().await?;
        let launched = launch_within(&mut write, None, new).await?;
        if let Launched::Queued(_) = launched {
            write.commit().await?;
        }
        Ok(launched)
    }

    /// The scan with this reference.
    pub async fn scan(&self, reference: &ScanRef) -> Result<Option<Scan>> {
        let row = sqlx::query(concat!("SELECT ", columns!(), " FROM scan WHERE reference = $1"))
            .bind(reference.to_string())
            .fetch_optional(self.pool())
            .await?;
        row.as_ref().map(read_scan).transpose()
    }

    /// Scans that have not ended, oldest first; as many as a launch lets be.
    pub async fn list_running_scans(&self) -> Result<Vec<Scan>> {
        let rows = sqlx::query(concat!(
            "SELECT ",
            columns!(),
            " FROM scan WHERE status IN ",
            open_statuses!(),
            " ORDER BY id"
        ))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(read_scan).collect()
    }

    /// One page of the ended scans whose report was saved, newest first.
    pub async fn list_saved_scans(&self, filter: ReportFilter) -> Result<Vec<Scan>> {
        let ReportFilter { since, before, limit } = filter;
        let rows = sqlx::query(concat!(
            "SELECT ",
            columns!(),
            " FROM scan WHERE save_report = 1 AND status NOT IN ",
            open_statuses!(),
            " AND launched_at >= $1 AND id < $2 ORDER BY id DESC LIMIT $3 + 0"
        ))
        .bind(since.map_or(i64::MIN, Timestamp::as_microsecond))
        .bind(before.unwrap_or(i64::MAX))
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(read_scan).collect()
    }

    /// Ended scans whose report was not to be saved and that nobody has deleted since before
    /// `ended_before`: their clients went away. At most `limit`, oldest first.
    pub async fn list_abandoned_scans(&self, ended_before: Timestamp, limit: u32) -> Result<Vec<Scan>> {
        let rows = sqlx::query(concat!(
            "SELECT ",
            columns!(),
            " FROM scan WHERE save_report = 0 AND ended_at < $1 ORDER BY id LIMIT $2 + 0"
        ))
        .bind(ended_before.as_microsecond())
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(read_scan).collect()
    }

    /// One page of a scan's hosts, by address: at most `limit` of those after `after`.
    pub async fn list_scan_hosts(
        &self,
        scan_id: i64,
        after: Option<Ipv4Addr>,
        limit: u32,
    ) -> Result<Vec<ScanHost>> {
        let rows = sqlx::query(
            "SELECT ip, name, os, os_cpe, netbios_name, alive, timed_out, findings FROM scan_host
             WHERE scan_id = $1 AND ip > $2 ORDER BY ip LIMIT $3 + 0",
        )
        .bind(scan_id)
        .bind(after.map_or(-1, number_of))
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(read_scan_host).collect()
    }

    /// The name of the document with the facts of a host of a scan.
    pub(crate) async fn document_name(&self, scan: &ScanRef, address: Ipv4Addr) -> Result<Option<String>> {
        let row = sqlx::query(
            "SELECT document FROM scan_host JOIN scan ON scan.id = scan_host.scan_id
             WHERE scan.reference = $1 AND scan_host.ip = $2",
        )
        .bind(scan.to_string())
        .bind(number_of(address))
        .fetch_optional(self.pool())
        .await?;
        row.map(|row| Read::new("scan_host", &row).text("document")).transpose()
    }

    /// The findings of the last stored result in which the host answered, and when it was taken in.
    /// Nothing of a host that was purged since.
    pub async fn latest_result(&self, ip: Ipv4Addr) -> Result<Option<(Vec<Finding>, Timestamp)>> {
        let row = sqlx::query(
            "SELECT scan_id, findings, taken_in_at FROM scan_host
             WHERE ip = $1 AND alive = 1 AND EXISTS
                 (SELECT 1 FROM host WHERE host.ip = scan_host.ip AND first_scan_at <= taken_in_at)
             ORDER BY scan_id DESC LIMIT 1",
        )
        .bind(number_of(ip))
        .fetch_optional(self.pool())
        .await?;
        row.map(|row| {
            let read = Read::new("scan_host", &row);
            Ok((read.json("findings")?, read.time("taken_in_at")?))
        })
        .transpose()
    }

    /// Deletes an ended scan with all its results; detections stay. `false` when the scan has not
    /// ended, or is gone.
    pub async fn delete_scan(&self, scan: &Scan) -> Result<bool> {
        let mut write = self.write().await?;
        // Slices before their scan: the order in which everybody locks.
        sqlx::query("DELETE FROM slice WHERE scan_id = $1").bind(scan.id).execute(write.connection()).await?;
        let deleted =
            sqlx::query(concat!("DELETE FROM scan WHERE id = $1 AND status NOT IN ", open_statuses!()))
                .bind(scan.id)
                .execute(write.connection())
                .await?;
        if deleted.rows_affected() == 0 {
            return Ok(false);
        }
        write.commit().await?;
        self.documents().delete_scan(&scan.reference).await?;
        Ok(true)
    }
}

/// Takes the number of the next scan or map, and locks the subscription by it.
pub(crate) async fn take_launch_number(write: &mut Write) -> Result<u64> {
    let row = sqlx::query(
        "UPDATE subscription SET scans_launched = scans_launched + 1 RETURNING id, scans_launched",
    )
    .fetch_one(write.connection())
    .await?;
    Read::new("subscription", &row).count("scans_launched")
}

/// Launches a scan within a transaction, which is to be committed unless there are too many; by the
/// `number` that was taken for it, if one was.
pub(crate) async fn launch_within(write: &mut Write, number: Option<u64>, new: &NewScan) -> Result<Launched> {
    let number = match number {
        Some(number) => number,
        None => take_launch_number(write).await?,
    };
    // Paused ones too: they are to run again.
    let row = sqlx::query(concat!("SELECT COUNT(*) AS running FROM scan WHERE status IN ", open_statuses!()))
        .fetch_one(write.connection())
        .await?;
    if Read::new("scan", &row).count("running")? >= u64::from(new.running_max) {
        return Ok(Launched::TooMany);
    }
    // Five digits tell the scans of one second apart, and counting up makes them differ.
    let number = u32::try_from(number % 100_000).unwrap_or(0);
    let reference = ScanRef::new(new.launched_at, number);
    let id = add_scan(write, &reference, new).await?;
    note_target(write, id).await?;
    for (slice, number) in new.slices.iter().zip(0_i64..) {
        add_slice(write, id, number, slice).await?;
    }
    Ok(Launched::Queued(reference))
}

async fn add_scan(write: &mut Write, reference: &ScanRef, new: &NewScan) -> Result<i64> {
    let NewScan {
        title,
        target_text,
        targets,
        launched_at,
        login,
        launch_type,
        save_report,
        profile,
        qids,
        http_header,
        zones,
        asset_groups,
        assigned_only,
        priority,
        excluded,
        slices: _,
        running_max: _,
    } = new;
    let row = sqlx::query(
        "INSERT INTO scan (reference, title, target_text, targets, status, launched_at, login, launch_type,
                           save_report, profile, qids, zones, hosts_total, asset_groups, assigned_only,
                           http_header, priority, excluded, hosts_done, hosts_alive, findings, vulnerabilities)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, 0, 0, 0, 0)
         RETURNING id",
    )
    .bind(reference.to_string())
    .bind(title.clone())
    .bind(target_text.clone())
    .bind(targets.to_string())
    .bind(ScanStatus::Queued.as_str())
    .bind(launched_at.as_microsecond())
    .bind(login.to_string())
    .bind(launch_type.as_str())
    .bind(i64::from(*save_report))
    .bind(json_text(profile)?)
    .bind(qids.as_ref().map(json_text).transpose()?)
    .bind(json_text(zones)?)
    .bind(integer(targets.count()))
    .bind(json_text(asset_groups)?)
    .bind(i64::from(*assigned_only))
    .bind(http_header.as_ref().map(ToString::to_string))
    .bind(i64::from(*priority))
    .bind(excluded.to_string())
    .fetch_one(write.connection())
    .await?;
    Read::new("scan", &row).number("id")
}

async fn add_slice(write: &mut Write, scan_id: i64, number: i64, targets: &IpSet) -> Result<()> {
    sqlx::query(
        "INSERT INTO slice (scan_id, number, targets, hosts, state, attempts, restarts, work_done, work_total,
                            findings)
         VALUES ($1, $2, $3, $4, 'queued', 0, 0, 0, 0, 0)",
    )
    .bind(scan_id)
    .bind(number)
    .bind(targets.to_string())
    .bind(integer(targets.count()))
    .execute(write.connection())
    .await?;
    Ok(())
}

pub(crate) async fn scan_by_id(write: &mut Write, scan_id: i64) -> Result<Scan> {
    let row = sqlx::query(concat!("SELECT ", columns!(), " FROM scan WHERE id = $1"))
        .bind(scan_id)
        .fetch_one(write.connection())
        .await?;
    read_scan(&row)
}

pub(crate) fn read_scan(row: &AnyRow) -> Result<Scan> {
    let read = Read::new("scan", row);
    Ok(Scan {
        id: read.number("id")?,
        reference: read.word("reference")?,
        title: read.text("title")?,
        target_text: read.text("target_text")?,
        targets: read.value("targets")?,
        status: read.word("status")?,
        launched_at: read.time("launched_at")?,
        started_at: read.optional_time("started_at")?,
        ended_at: read.optional_time("ended_at")?,
        login: read.word("login")?,
        launch_type: read.word("launch_type")?,
        save_report: read.yes("save_report")?,
        profile: read.json("profile")?,
        qids: read.optional_json("qids")?,
        http_header: read.optional_word("http_header")?,
        zones: read.json("zones")?,
        asset_groups: read.json("asset_groups")?,
        assigned_only: read.yes("assigned_only")?,
        hosts_total: read.count("hosts_total")?,
        hosts_done: read.count("hosts_done")?,
        hosts_alive: read.count("hosts_alive")?,
        findings: read.count("findings")?,
        scanner: read.optional_text("scanner")?,
        reason: read.optional_text("reason")?,
        priority: read.count("priority")?.try_into().map_err(|_| read.inconsistent("priority"))?,
        excluded: read.value("excluded")?,
        vulnerabilities: read.optional_count("vulnerabilities")?,
        paused_at: read.optional_time("paused_at")?,
        paused_us: read.count("paused_us")?,
    })
}

fn read_scan_host(row: &AnyRow) -> Result<ScanHost> {
    let read = Read::new("scan_host", row);
    Ok(ScanHost {
        ip: read.address("ip")?,
        name: read.optional_text("name")?,
        os: read.optional_text("os")?,
        os_cpe: read.optional_text("os_cpe")?,
        netbios_name: read.optional_text("netbios_name")?,
        alive: read.yes("alive")?,
        timed_out: read.yes("timed_out")?,
        findings: read.json("findings")?,
    })
}
