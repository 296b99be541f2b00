//! The open ports of hosts, as the scans that looked at each of them last saw it.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use palisade_model::{HostResult, Timestamp, Transport};
use sqlx::any::AnyRow;

use crate::detection::storable;
use crate::error::Result;
use crate::row::{Read, number_of};
use crate::store::{Store, Write};

/// Most open ports kept of one host; something that answers everywhere is no host with services.
const PORTS_MAX: usize = 4_096;

/// An open port of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPort {
    pub ip: Ipv4Addr,
    pub port: u16,
    pub transport: Transport,
    /// The protocol that answered, in lower case; `unknown` when nothing identified it.
    pub service: String,
    pub first_seen_at: Timestamp,
    pub last_seen_at: Timestamp,
}

impl Store {
    /// The open ports of the hosts from `first` to `last`, by address and port.
    pub async fn list_host_ports(&self, first: Ipv4Addr, last: Ipv4Addr) -> Result<Vec<HostPort>> {
        let rows = sqlx::query(
            "SELECT host.ip, port, transport, service, first_seen_at, last_seen_at
             FROM host JOIN host_port ON host_port.host_id = host.id
             WHERE host.ip BETWEEN $1 AND $2 ORDER BY host.ip, port, transport",
        )
        .bind(number_of(first))
        .bind(number_of(last))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(read_host_port).collect()
    }
}

/// Notes the open ports of a result. A port that was looked at and is not open any more goes; what
/// was not looked at, or not to the end, stays.
pub(crate) async fn observe_ports(
    write: &mut Write,
    host_id: i64,
    result: &HostResult,
    now: Timestamp,
) -> Result<()> {
    let HostResult { facts, findings: _, tested: _, tcp_ports, udp_ports } = result;
    let mut open = BTreeSet::new();
    for seen in facts.ports.iter().take(PORTS_MAX) {
        open.insert((seen.port, seen.transport));
        sqlx::query(
            "INSERT INTO host_port (host_id, port, transport, service, first_seen_at, last_seen_at)
             VALUES ($1, $2, $3, $4, $5, $5)
             ON CONFLICT (host_id, port, transport) DO UPDATE SET
                 service = excluded.service, last_seen_at = excluded.last_seen_at",
        )
        .bind(host_id)
        .bind(i64::from(seen.port))
        .bind(seen.transport.as_str())
        .bind(storable(&seen.service))
        .bind(now.as_microsecond())
        .execute(write.connection())
        .await?;
    }
    if facts.timed_out {
        return Ok(());
    }
    for (port, transport) in known_ports(write, host_id).await? {
        let looked_at = match transport {
            Transport::Tcp => tcp_ports.contains(port),
            Transport::Udp => udp_ports.contains(port),
        };
        if looked_at && !open.contains(&(port, transport)) {
            sqlx::query("DELETE FROM host_port WHERE host_id = $1 AND port = $2 AND transport = $3")
                .bind(host_id)
                .bind(i64::from(port))
                .bind(transport.as_str())
                .execute(write.connection())
                .await?;
        }
    }
    Ok(())
}

async fn known_ports(write: &mut Write, host_id: i64) -> Result<Vec<(u16, Transport)>> {
    let rows = sqlx::query("SELECT port, transport FROM host_port WHERE host_id = $1")
        .bind(host_id)
        .fetch_all(write.connection())
        .await?;
    rows.iter()
        .map(|row| {
            let read = Read::new("host_port", row);
            Ok((port(&read)?, read.word("transport")?))
        })
        .collect()
}

fn port(read: &Read<'_>) -> Result<u16> {
    u16::try_from(read.number("port")?).map_err(|_| read.inconsistent("port"))
}

fn read_host_port(row: &AnyRow) -> Result<HostPort> {
    let read = Read::new("host_port", row);
    Ok(HostPort {
        ip: read.address("ip")?,
        port: port(&read)?,
        transport: read.word("transport")?,
        service: read.text("service")?,
        first_seen_at: read.time("first_seen_at")?,
        last_seen_at: read.time("last_seen_at")?,
    })
}
