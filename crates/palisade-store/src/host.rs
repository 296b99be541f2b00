//! Hosts that a scan has seen alive.

use std::net::Ipv4Addr;

use futures_util::TryStreamExt as _;
use palisade_model::host_name::HostNames;
use palisade_model::{IpRange, IpSet, ScanRef, Timestamp};
use sqlx::any::AnyRow;

use crate::detection::storable;
use crate::error::Result;
use crate::row::{Read, integer, number_of};
use crate::store::{Store, Write};

/// What the last scans learnt of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    pub ip: Ipv4Addr,
    pub dns_name: Option<String>,
    pub netbios_name: Option<String>,
    pub os: Option<String>,
    pub os_cpe: Option<String>,
    pub first_scan_at: Timestamp,
    pub last_scan_at: Timestamp,
    pub last_scan: ScanRef,
}

/// What one scan learnt of a host; `None` leaves what an earlier one learnt.
#[derive(Debug, Clone)]
pub(crate) struct Sighting {
    pub(crate) ip: Ipv4Addr,
    pub(crate) dns_name: Option<String>,
    pub(crate) netbios_name: Option<String>,
    pub(crate) os: Option<String>,
    pub(crate) os_cpe: Option<String>,
    pub(crate) seen_at: Timestamp,
    /// When the scanner was done with it.
    pub(crate) ended_at: Timestamp,
    pub(crate) duration_s: u64,
    /// Whether the host let the scanner in.
    pub(crate) signed_in: bool,
    pub(crate) scan: ScanRef,
}

macro_rules! columns {
    () => {
        "ip, dns_name, netbios_name, os, os_cpe, first_scan_at, last_scan_at, last_scan"
    };
}

impl Store {
    /// The host with this address, if a scan has seen it alive.
    pub async fn host(&self, ip: Ipv4Addr) -> Result<Option<Host>> {
        let row = sqlx::query(concat!("SELECT ", columns!(), " FROM host WHERE ip = $1"))
            .bind(number_of(ip))
            .fetch_optional(self.pool())
            .await?;
        row.as_ref().map(read_host).transpose()
    }

    /// One page of the hosts, by address: at most `limit` of those after `after`.
    pub async fn list_hosts(&self, after: Option<Ipv4Addr>, limit: u32) -> Result<Vec<Host>> {
        let rows =
            sqlx::query(concat!("SELECT ", columns!(), " FROM host WHERE ip > $1 ORDER BY ip LIMIT $2 + 0"))
                .bind(after.map_or(-1, number_of))
                .bind(i64::from(limit))
                .fetch_all(self.pool())
                .await?;
        rows.iter().map(read_host).collect()
    }

    /// The hosts with this DNS name, in any case of letters, by address.
    pub async fn list_hosts_by_dns_name(&self, name: &str) -> Result<Vec<Host>> {
        let rows = sqlx::query(concat!(
            "SELECT ",
            columns!(),
            " FROM host WHERE LOWER(dns_name) = LOWER($1) AND ip >= 0 ORDER BY ip"
        ))
        .bind(storable(name))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(read_host).collect()
    }

    /// The addresses of the hosts that have one of these names.
    pub async fn ips_of_names(&self, names: &HostNames) -> Result<IpSet> {
        let mut ranges = Vec::new();
        let mut rows = sqlx::query(
            "SELECT ip, dns_name, netbios_name FROM host
             WHERE ip >= 0 AND (dns_name IS NOT NULL OR netbios_name IS NOT NULL)",
        )
        .fetch(self.pool());
        while let Some(row) = rows.try_next().await? {
            let read = Read::new("host", &row);
            let dns = read.optional_text("dns_name")?.map(|name| name.to_ascii_lowercase());
            let netbios = read.optional_text("netbios_name")?.map(|name| name.to_ascii_uppercase());
            if dns.is_some_and(|name| names.dns.contains(name.trim_end_matches('.')))
                || netbios.is_some_and(|name| names.netbios.contains(&name))
            {
                let ip = read.address("ip")?;
                ranges.extend(IpRange::new(ip, ip));
            }
        }
        Ok(ranges.into_iter().collect())
    }

    /// The hosts with this NetBIOS name, in any case of letters, by address.
    pub async fn list_hosts_by_netbios_name(&self, name: &str) -> Result<Vec<Host>> {
        let rows = sqlx::query(concat!(
            "SELECT ",
            columns!(),
            " FROM host WHERE LOWER(netbios_name) = LOWER($1) AND ip >= 0 ORDER BY ip"
        ))
        .bind(storable(name))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(read_host).collect()
    }
}

/// Notes what was seen and gives the host's id. The operating system and its CPE belong
/// together, so they are replaced together.
pub(crate) async fn add_sighting(write: &mut Write, sighting: Sighting) -> Result<i64> {
    let Sighting { ip, dns_name, netbios_name, os, os_cpe, seen_at, ended_at, duration_s, signed_in, scan } =
        sighting;
    let row = sqlx::query(
        "INSERT INTO host (ip, dns_name, netbios_name, os, os_cpe, first_scan_at, last_scan_at, last_scan,
                           scan_ended_at, scan_duration_s, auth_scan_ended_at, auth_scan_duration_s)
         VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (ip) DO UPDATE SET
             dns_name = COALESCE(excluded.dns_name, host.dns_name),
             netbios_name = COALESCE(excluded.netbios_name, host.netbios_name),
             os_cpe = CASE WHEN excluded.os IS NULL THEN host.os_cpe ELSE excluded.os_cpe END,
             os = COALESCE(excluded.os, host.os),
             last_scan_at = excluded.last_scan_at,
             last_scan = excluded.last_scan,
             scan_ended_at = excluded.scan_ended_at,
             scan_duration_s = excluded.scan_duration_s,
             auth_scan_ended_at = COALESCE(excluded.auth_scan_ended_at, host.auth_scan_ended_at),
             auth_scan_duration_s = COALESCE(excluded.auth_scan_duration_s, host.auth_scan_duration_s)
         RETURNING id",
    )
    .bind(number_of(ip))
    .bind(dns_name)
    .bind(netbios_name)
    .bind(os)
    .bind(os_cpe)
    .bind(seen_at.as_microsecond())
    .bind(scan.to_string())
    .bind(ended_at.as_microsecond())
    .bind(integer(duration_s))
    .bind(signed_in.then(|| ended_at.as_microsecond()))
    .bind(signed_in.then(|| integer(duration_s)))
    .fetch_one(write.connection())
    .await?;
    Read::new("host", &row).number("id")
}

fn read_host(row: &AnyRow) -> Result<Host> {
    let read = Read::new("host", row);
    Ok(Host {
        ip: read.address("ip")?,
        dns_name: read.optional_text("dns_name")?,
        netbios_name: read.optional_text("netbios_name")?,
        os: read.optional_text("os")?,
        os_cpe: read.optional_text("os_cpe")?,
        first_scan_at: read.time("first_scan_at")?,
        last_scan_at: read.time("last_scan_at")?,
        last_scan: read.word("last_scan")?,
    })
}
