//! Maps: launched, listed, canceled, deleted, and what they found.
//!
//! The maps of one request run one after another, in the order they were launched in. A map is
//! worked on whole; who works on it is the business of `map_lease`.

use std::net::Ipv4Addr;

use palisade_model::{
    DomainName, IpSet, Login, MapHost, MapNameServer, MapRef, OptionProfile, ScanStatus, Timestamp,
};
use sqlx::any::AnyRow;

use crate::error::Result;
use crate::row::{Read, integer, json_text, number_of};
use crate::scan::LaunchType;
use crate::scan_status::Cancelled;
use crate::scheduled_run::note_map_ends;
use crate::slice::Progress;
use crate::store::{Store, Write};

/// A map as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Map {
    pub id: i64,
    pub reference: MapRef,
    /// The id of the first map of the same request.
    pub request: i64,
    pub title: String,
    pub domain: DomainName,
    /// As it was asked for; empty when only the DNS is to tell.
    pub netblock: IpSet,
    /// Titles of the asset groups it was launched with.
    pub asset_groups: Vec<String>,
    pub status: ScanStatus,
    pub launched_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub login: Login,
    pub launch_type: LaunchType,
    pub save_report: bool,
    /// Whether its user reaches only what is assigned to them.
    pub assigned_only: bool,
    pub profile: OptionProfile,
    /// The scanner that took it first.
    pub scanner: Option<String>,
    /// Why it ended in an error.
    pub reason: Option<String>,
    /// `progress.findings` counts hosts.
    pub progress: Progress,
    pub name_servers: Vec<MapNameServer>,
    /// Why the picture is not whole, in words for people.
    pub notes: Vec<String>,
}

/// What is to be mapped, and the titles of the asset groups that named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMap {
    pub title: String,
    pub domain: DomainName,
    pub netblock: IpSet,
}

/// Maps to be launched together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMaps {
    /// At least one.
    pub maps: Vec<NewMap>,
    pub asset_groups: Vec<String>,
    pub launched_at: Timestamp,
    pub login: Login,
    pub launch_type: LaunchType,
    pub save_report: bool,
    pub assigned_only: bool,
    pub profile: OptionProfile,
    /// Most maps queued and running, these included.
    pub running_max: u32,
}

/// A host of a map, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMapHost {
    pub host: MapHost,
    /// Whether the address was in the subscription when the map ended.
    pub approved: bool,
}

/// Which saved maps are wanted, one page of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MapFilter {
    pub domain: Option<DomainName>,
    /// Only those before the map with this id, which is the last of the page before.
    pub before: Option<i64>,
    pub limit: u32,
}

macro_rules! columns {
    () => {
        "id, reference, request, title, domain, netblock, asset_groups, status, launched_at, started_at,
         ended_at, login, launch_type, save_report, assigned_only, profile, scanner, reason, stage,
         work_done, work_total, hosts, name_servers, notes"
    };
}
pub(crate) use columns;

impl Store {
    /// Launches maps: gives each a reference, in their order. `None` when there would be too many.
    pub async fn launch_maps(&self, new: &NewMaps) -> Result<Option<Vec<MapRef>>> {
        let mut write = self.write().await?;
        let launched = launch_maps_within(self, &mut write, new).await?;
        if launched.is_some() {
            write.commit().await?;
        }
        Ok(launched)
    }

    /// The map with this reference.
    pub async fn map(&self, reference: &MapRef) -> Result<Option<Map>> {
        let row = sqlx::query(concat!("SELECT ", columns!(), " FROM map WHERE reference = $1"))
            .bind(reference.to_string())
            .fetch_optional(self.pool())
            .await?;
        row.as_ref().map(read_map).transpose()
    }

    /// Maps that have not ended, oldest first.
    pub async fn list_running_maps(&self) -> Result<Vec<Map>> {
        let rows = sqlx::query(concat!(
            "SELECT ",
            columns!(),
            " FROM map WHERE status IN ('QUEUED', 'RUNNING', 'CANCELLING') ORDER BY id"
        ))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(read_map).collect()
    }

    /// One page of the maps whose report is saved or will be, newest first.
    pub async fn list_saved_maps(&self, filter: &MapFilter) -> Result<Vec<Map>> {
        let domain = filter.domain.as_ref().map(ToString::to_string);
        let rows = sqlx::query(concat!(
            "SELECT ",
            columns!(),
            " FROM map WHERE save_report = 1 AND id < $1 AND ($2 = '' OR domain = $2)
              ORDER BY id DESC LIMIT $3 + 0"
        ))
        .bind(filter.before.unwrap_or(i64::MAX))
        .bind(domain.unwrap_or_default())
        .bind(i64::from(filter.limit))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(read_map).collect()
    }

    /// Ended maps whose report was not to be saved and that nobody has deleted since before
    /// `ended_before`: their clients went away. At most `limit`, oldest first.
    pub async fn list_abandoned_maps(&self, ended_before: Timestamp, limit: u32) -> Result<Vec<Map>> {
        let rows = sqlx::query(concat!(
            "SELECT ",
            columns!(),
            " FROM map WHERE save_report = 0 AND ended_at < $1 ORDER BY id LIMIT $2 + 0"
        ))
        .bind(ended_before.as_microsecond())
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(read_map).collect()
    }

    /// One page of a map's hosts, by address: at most `limit` of those after `after`.
    pub async fn list_map_hosts(
        &self,
        map_id: i64,
        after: Option<Ipv4Addr>,
        limit: u32,
    ) -> Result<Vec<StoredMapHost>> {
        let rows = sqlx::query(
            "SELECT ip, approved, host FROM map_host WHERE map_id = $1 AND ip > $2 ORDER BY ip LIMIT $3 + 0",
        )
        .bind(map_id)
        .bind(after.map_or(-1, number_of))
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await?;
        let host = |row| {
            let read = Read::new("map_host", row);
            Ok(StoredMapHost { host: read.json("host")?, approved: read.yes("approved")? })
        };
        rows.iter().map(host).collect()
    }

    /// Asks a map to stop, and ends the maps of its request that have not begun. Without a scanner
    /// at work it is over at once.
    pub async fn cancel_map(&self, map_id: i64, now: Timestamp) -> Result<Cancelled> {
        let mut write = self.write().await?;
        let answer = cancel_map_within(self, &mut write, map_id, now).await?;
        write.commit().await?;
        Ok(answer)
    }

    /// Deletes an ended map with its hosts. `false` when it has not ended, or is gone.
    pub async fn delete_map(&self, map_id: i64) -> Result<bool> {
        let mut write = self.write().await?;
        let deleted = sqlx::query(
            "DELETE FROM map WHERE id = $1 AND status NOT IN ('QUEUED', 'RUNNING', 'CANCELLING')",
        )
        .bind(map_id)
        .execute(write.connection())
        .await?;
        write.commit().await?;
        Ok(deleted.rows_affected() == 1)
    }
}

/// Launches maps within a transaction; `None` when there would be too many.
pub(crate) async fn launch_maps_within(
    store: &Store,
    write: &mut Write,
    new: &NewMaps,
) -> Result<Option<Vec<MapRef>>> {
    let row = sqlx::query(store.dialect().lock_subscription()).fetch_one(write.connection()).await?;
    let mut number = Read::new("subscription", &row).count("scans_launched")?;
    let row = sqlx::query(
        "SELECT COUNT(*) AS running FROM map WHERE status IN ('QUEUED', 'RUNNING', 'CANCELLING')",
    )
    .fetch_one(write.connection())
    .await?;
    let running = Read::new("map", &row).count("running")?;
    let wanted = u64::try_from(new.maps.len()).unwrap_or(u64::MAX);
    if running.saturating_add(wanted) > u64::from(new.running_max) {
        return Ok(None);
    }
    let mut references = Vec::new();
    let mut request = None;
    for map in &new.maps {
        number += 1;
        // Five digits tell the maps of one second apart, and counting up makes them differ.
        let reference = MapRef::new(new.launched_at, u32::try_from(number % 100_000).unwrap_or(0));
        let id = add_map(write, &reference, new, map, request.unwrap_or(0)).await?;
        if request.is_none() {
            request = Some(id);
            sqlx::query("UPDATE map SET request = id WHERE id = $1")
                .bind(id)
                .execute(write.connection())
                .await?;
        }
        references.push(reference);
    }
    sqlx::query("UPDATE subscription SET scans_launched = $1")
        .bind(integer(number))
        .execute(write.connection())
        .await?;
    Ok(Some(references))
}

/// Asks a map to stop within a transaction, which is to be committed unless it had ended before.
pub(crate) async fn cancel_map_within(
    store: &Store,
    write: &mut Write,
    map_id: i64,
    now: Timestamp,
) -> Result<Cancelled> {
    sqlx::query(store.dialect().lock_subscription()).fetch_one(write.connection()).await?;
    let row = sqlx::query("SELECT id, request, status, token FROM map WHERE id = $1")
        .bind(map_id)
        .fetch_optional(write.connection())
        .await?;
    let Some(row) = row else { return Ok(Cancelled::EndedBefore) };
    let read = Read::new("map", &row);
    let (request, held) = (read.number("request")?, read.optional_text("token")?.is_some());
    let status: ScanStatus = read.word("status")?;
    let answer = match status {
        ScanStatus::Cancelling => return Ok(Cancelled::Requested),
        status if status.is_ended() => return Ok(Cancelled::EndedBefore),
        _ if held => {
            sqlx::query("UPDATE map SET status = 'CANCELLING' WHERE id = $1")
                .bind(map_id)
                .execute(write.connection())
                .await?;
            Cancelled::Requested
        }
        _ => {
            end_map(write, map_id, ScanStatus::Canceled, None, now).await?;
            Cancelled::AtOnce
        }
    };
    sqlx::query("UPDATE map SET status = 'CANCELED', ended_at = $2 WHERE request = $1 AND status = 'QUEUED'")
        .bind(request)
        .bind(now.as_microsecond())
        .execute(write.connection())
        .await?;
    note_map_ends(write, map_id).await?;
    Ok(answer)
}

/// Ends a map: nobody holds it any more.
pub(crate) async fn end_map(
    write: &mut Write,
    map_id: i64,
    status: ScanStatus,
    reason: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "UPDATE map SET status = $2, reason = $3, ended_at = $4, token = NULL, expires_at = NULL,
                stage = NULL WHERE id = $1",
    )
    .bind(map_id)
    .bind(status.as_str())
    .bind(reason.map(str::to_owned))
    .bind(now.as_microsecond())
    .execute(write.connection())
    .await?;
    note_map_ends(write, map_id).await
}

async fn add_map(
    write: &mut Write,
    reference: &MapRef,
    together: &NewMaps,
    map: &NewMap,
    request: i64,
) -> Result<i64> {
    let NewMaps {
        maps: _,
        asset_groups,
        launched_at,
        login,
        launch_type,
        save_report,
        assigned_only,
        profile,
        running_max: _,
    } = together;
    let NewMap { title, domain, netblock } = map;
    let row = sqlx::query(
        "INSERT INTO map (reference, request, title, domain, netblock, asset_groups, status, launched_at,
                          login, launch_type, save_report, assigned_only, profile, attempts, restarts,
                          work_done, work_total, hosts, name_servers, notes)
         VALUES ($1, $2, $3, $4, $5, $6, 'QUEUED', $7, $8, $9, $10, $11, $12, 0, 0, 0, 0, 0, '[]', '[]')
         RETURNING id",
    )
    .bind(reference.to_string())
    .bind(request)
    .bind(title.clone())
    .bind(domain.to_string())
    .bind(netblock.to_string())
    .bind(json_text(asset_groups)?)
    .bind(launched_at.as_microsecond())
    .bind(login.to_string())
    .bind(launch_type.as_str())
    .bind(i64::from(*save_report))
    .bind(i64::from(*assigned_only))
    .bind(json_text(profile)?)
    .fetch_one(write.connection())
    .await?;
    Read::new("map", &row).number("id")
}

pub(crate) fn read_map(row: &AnyRow) -> Result<Map> {
    let read = Read::new("map", row);
    Ok(Map {
        id: read.number("id")?,
        reference: read.word("reference")?,
        request: read.number("request")?,
        title: read.text("title")?,
        domain: read.word("domain")?,
        netblock: read.value("netblock")?,
        asset_groups: read.json("asset_groups")?,
        status: read.word("status")?,
        launched_at: read.time("launched_at")?,
        started_at: read.optional_time("started_at")?,
        ended_at: read.optional_time("ended_at")?,
        login: read.word("login")?,
        launch_type: read.word("launch_type")?,
        save_report: read.yes("save_report")?,
        assigned_only: read.yes("assigned_only")?,
        profile: read.json("profile")?,
        scanner: read.optional_text("scanner")?,
        reason: read.optional_text("reason")?,
        progress: Progress {
            stage: read.optional_number("stage")?,
            work_done: read.count("work_done")?,
            work_total: read.count("work_total")?,
            findings: read.count("hosts")?,
        },
        name_servers: read.json("name_servers")?,
        notes: read.json("notes")?,
    })
}
