//! Taking in what a scanner says about a host: one transaction, and only once.

use std::net::Ipv4Addr;

use palisade_model::fact::SignInStatus;
use palisade_model::{DetectionEvent, HostFacts, HostResult, IpSet, Qid, ScanRef, Timestamp};

use crate::detection::{observe_host, storable};
use crate::error::Result;
use crate::host::{Sighting, add_sighting};
use crate::host_port::observe_ports;
use crate::row::{Read, integer, json_text, number_of};
use crate::slice::{Holding, hold};
use crate::store::{Store, Write, expect_rows};
use crate::ticket_intake::{Remedy, observe_tickets};

/// A host's result as it arrives.
pub struct Delivery<'a> {
    pub slice_id: i64,
    pub token: &'a str,
    pub scan: &'a ScanRef,
    pub result: &'a HostResult,
    /// Which QIDs enter the history of detections.
    pub is_detection: &'a (dyn Fn(Qid) -> bool + Sync),
    /// What is to become of a vulnerability with this QID that has no ticket.
    pub remedy: &'a (dyn Fn(Qid) -> Option<Remedy> + Sync),
    /// Until when the lease holds from now on.
    pub expires_at: Timestamp,
    pub now: Timestamp,
}

impl std::fmt::Debug for Delivery<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Delivery").field("slice_id", &self.slice_id).finish_non_exhaustive()
    }
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intake {
    /// It is safe now; `holding` says whether the scan goes on.
    TakenIn { counts: DetectionCounts, holding: Holding },
    /// It was safe already; nothing changed.
    AlreadyTakenIn { holding: Holding },
    /// The lease is somebody else's now, or the scan is over; nothing changed.
    Lost,
    /// The host is none of the slice's; nothing changed.
    NotOfSlice,
}

/// What a result did to the detections of its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DetectionCounts {
    pub appeared: u32,
    pub confirmed: u32,
    pub fixed: u32,
    pub reopened: u32,
}

impl DetectionCounts {
    pub(crate) fn count(&mut self, event: Option<DetectionEvent>) {
        match event {
            None => {}
            Some(DetectionEvent::Appeared) => self.appeared += 1,
            Some(DetectionEvent::Confirmed) => self.confirmed += 1,
            Some(DetectionEvent::Fixed) => self.fixed += 1,
            Some(DetectionEvent::ReOpened) => self.reopened += 1,
        }
    }
}

impl Store {
    /// Takes in a host's result: the full facts as a document first, then everything else in one
    /// transaction. The key is scan and address, so a repeated delivery changes nothing.
    pub async fn take_in(&self, delivery: &Delivery<'_>) -> Result<Intake> {
        // Looked at before the document is written, so that strangers do not fill the folder, and
        // again in the transaction, where the answer counts.
        let facts = &delivery.result.facts;
        if self.slice_holding(delivery.slice_id, delivery.token).await? == Holding::Lost {
            return Ok(Intake::Lost);
        }
        let document = self.documents().write_facts(delivery.scan, delivery.token, facts).await?;

        let mut write = self.write().await?;
        let Some(held) = hold(self, &mut write, delivery.slice_id, delivery.token).await? else {
            return Ok(Intake::Lost);
        };
        let Some(ip) = facts.ipv4().filter(|ip| held.targets.contains(*ip)) else {
            return Ok(Intake::NotOfSlice);
        };
        let holding = held.holding;
        if !add_scan_host(&mut write, held.scan_id, ip, delivery, document).await? {
            return Ok(Intake::AlreadyTakenIn { holding });
        }
        let counts = if facts.alive {
            add_host(&mut write, held.scan_id, ip, delivery).await?
        } else {
            DetectionCounts::default()
        };
        note_delivery(&mut write, held.scan_id, delivery).await?;
        write.commit().await?;
        Ok(Intake::TakenIn { counts, holding })
    }
}

/// Adds the host to the scan; `false` when it is there already.
async fn add_scan_host(
    write: &mut Write,
    scan_id: i64,
    ip: Ipv4Addr,
    delivery: &Delivery<'_>,
    document: String,
) -> Result<bool> {
    let HostResult { facts, findings, tested: _, tcp_ports: _, udp_ports: _ } = delivery.result;
    let done = sqlx::query(
        "INSERT INTO scan_host (scan_id, ip, name, os, os_cpe, netbios_name, alive, timed_out, findings,
                                document, taken_in_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (scan_id, ip) DO NOTHING",
    )
    .bind(scan_id)
    .bind(number_of(ip))
    .bind(facts.name.as_deref().map(storable))
    .bind(facts.os.as_ref().map(|os| storable(&os.name)))
    .bind(facts.os.as_ref().and_then(|os| os.cpe.as_deref()).map(storable))
    .bind(netbios_name(delivery.result))
    .bind(i64::from(facts.alive))
    .bind(i64::from(facts.timed_out))
    .bind(json_text(findings)?)
    .bind(document)
    .bind(delivery.now.as_microsecond())
    .execute(write.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes the host and runs its detections and its tickets through their state machines.
async fn add_host(
    write: &mut Write,
    scan_id: i64,
    ip: Ipv4Addr,
    delivery: &Delivery<'_>,
) -> Result<DetectionCounts> {
    let Delivery { scan, result, is_detection, now, .. } = delivery;
    let facts = &result.facts;
    let sighting = Sighting {
        ip,
        dns_name: facts.name.as_deref().map(storable),
        netbios_name: netbios_name(result),
        os: facts.os.as_ref().map(|os| storable(&os.name)),
        os_cpe: facts.os.as_ref().and_then(|os| os.cpe.as_deref()).map(storable),
        seen_at: *now,
        ended_at: ended_at(facts, *now),
        duration_s: duration_s(facts),
        signed_in: facts.sign_ins.iter().any(|sign_in| sign_in.status == SignInStatus::Passed),
        scan: (*scan).clone(),
    };
    let host_id = add_sighting(write, sighting).await?;
    observe_ports(write, host_id, result, *now).await?;
    let (counts, observed) = observe_host(write, host_id, scan, result, is_detection, *now).await?;
    observe_tickets(write, host_id, scan_id, delivery, &observed).await?;
    Ok(counts)
}

/// The lease is alive, its slice gets on, and the scan has one host more.
async fn note_delivery(write: &mut Write, scan_id: i64, delivery: &Delivery<'_>) -> Result<()> {
    let done = sqlx::query("UPDATE slice SET expires_at = $2, attempts = 0, restarts = 0 WHERE id = $1")
        .bind(delivery.slice_id)
        .bind(delivery.expires_at.as_microsecond())
        .execute(write.connection())
        .await?;
    expect_rows(1, done.rows_affected())?;
    let count = |findings: usize| integer(findings.try_into().unwrap_or(u64::MAX));
    let all = &delivery.result.findings;
    let vulnerabilities = all.iter().filter(|finding| (delivery.is_detection)(finding.qid)).count();
    // A sum with NULL is NULL: what was not counted from the start stays unknown.
    let done = sqlx::query(
        "UPDATE scan SET hosts_done = hosts_done + 1, hosts_alive = hosts_alive + $2, findings = findings + $3,
                         vulnerabilities = vulnerabilities + $4
         WHERE id = $1",
    )
    .bind(scan_id)
    .bind(i64::from(delivery.result.facts.alive))
    .bind(count(all.len()))
    .bind(count(vulnerabilities))
    .execute(write.connection())
    .await?;
    expect_rows(1, done.rows_affected())
}

/// When the scanner was done with the host, by its own clock unless that cannot be.
fn ended_at(facts: &HostFacts, now: Timestamp) -> Timestamp {
    let told = Timestamp::from_second(facts.ended_at).ok();
    told.filter(|at| *at > Timestamp::UNIX_EPOCH && *at <= now).unwrap_or(now)
}

fn duration_s(facts: &HostFacts) -> u64 {
    u64::try_from(facts.ended_at.saturating_sub(facts.started_at)).unwrap_or(0)
}

/// The name the host gives itself over NetBIOS, if it does.
fn netbios_name(result: &HostResult) -> Option<String> {
    result.facts.netbios_name().map(storable)
}

/// Hosts of a scan that were taken in, out of `targets`.
pub(crate) async fn delivered(write: &mut Write, scan_id: i64, targets: &IpSet) -> Result<Vec<Ipv4Addr>> {
    let (Some(first), Some(last)) = (targets.ranges().first(), targets.ranges().last()) else {
        return Ok(Vec::new());
    };
    let rows =
        sqlx::query("SELECT ip FROM scan_host WHERE scan_id = $1 AND ip BETWEEN $2 AND $3 ORDER BY ip")
            .bind(scan_id)
            .bind(number_of(first.first()))
            .bind(number_of(last.last()))
            .fetch_all(write.connection())
            .await?;
    let addresses: Result<Vec<Ipv4Addr>> =
        rows.iter().map(|row| Read::new("scan_host", row).address("ip")).collect();
    Ok(addresses?.into_iter().filter(|address| targets.contains(*address)).collect())
}
