//! Ignoring detections, and restoring those that were ignored.
//!
//! A detection is ignored by its ticket: one is made when there is none, and it is closed as
//! ignored. Which hosts may be touched was decided above.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use palisade_model::ticket::{RequestedState, come_back, request};
use palisade_model::{DetectionStatus, IpSet, Login, Qid, TicketState, Timestamp};
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::detection::{DetectionKey, read_key};
use crate::error::Result;
use crate::row::{Read, number_of};
use crate::statement::number_list;
use crate::store::{Store, Write};
use crate::ticket::TicketChange;
use crate::ticket_write::{
    Cause, NewTicket, insert_changes, insert_tickets, lock_hosts, move_tickets, note_ignored,
};

/// Which detections are to be ignored or restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetectionsOf {
    pub qids: Vec<Qid>,
    /// The hosts, and what their names must hold, in any case of letters.
    pub ips: IpSet,
    pub dns_contains: Option<String>,
    pub netbios_contains: Option<String>,
}

/// How detections are ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignoring {
    pub actor: Login,
    pub comment: String,
    /// Until when; for good when `None`.
    pub reopen_at: Option<Timestamp>,
    /// Days that tickets made for it have when they are opened later.
    pub deadline_days: u16,
}

/// A detection that was ignored or restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IgnoredDetection {
    pub ticket: u64,
    pub qid: Qid,
    pub ip: Ipv4Addr,
    pub dns_name: Option<String>,
    pub netbios_name: Option<String>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IgnoreOutcome {
    /// These, by address and QID; without those that were so already.
    Done(Vec<IgnoredDetection>),
    /// More detections than may be touched at once; nothing changed.
    TooMany,
}

/// A detection and its ticket, if it has one.
struct Candidate {
    host_id: i64,
    ip: Ipv4Addr,
    dns_name: Option<String>,
    netbios_name: Option<String>,
    key: DetectionKey,
    status: DetectionStatus,
    ticket: Option<(u64, TicketState)>,
}

impl Candidate {
    fn done(self, ticket: u64) -> IgnoredDetection {
        let Self { ip, dns_name, netbios_name, key, .. } = self;
        IgnoredDetection { ticket, qid: key.qid, ip, dns_name, netbios_name }
    }
}

impl Store {
    /// Ignores detections that are not fixed: at most `max`, all or none.
    pub async fn ignore_detections(
        &self,
        wanted: &DetectionsOf,
        ignoring: &Ignoring,
        max: usize,
        now: Timestamp,
    ) -> Result<IgnoreOutcome> {
        let mut write = self.write().await?;
        let Some(found) = hold_detections(self, &mut write, wanted, max).await? else {
            return Ok(IgnoreOutcome::TooMany);
        };
        let (mut moved, mut changes, mut done) = (Vec::new(), Vec::new(), Vec::new());
        let (mut without, mut new) = (Vec::new(), Vec::new());
        let mut hosts = BTreeSet::new();
        for one in found.into_iter().filter(|one| one.status != DetectionStatus::Fixed) {
            let Some((number, old)) = one.ticket else {
                new.push(new_ticket(&one, ignoring));
                hosts.insert(one.host_id);
                without.push(one);
                continue;
            };
            if let Ok(next) = request(old, RequestedState::Ignored) {
                moved.push(number);
                changes.push(change(number, old, next, ignoring, now));
                hosts.insert(one.host_id);
                done.push(one.done(number));
            }
        }
        move_tickets(&mut write, &moved, TicketState::Ignored, ignoring.reopen_at, now).await?;
        insert_changes(&mut write, &changes).await?;
        let cause =
            Cause { actor: ignoring.actor.to_string(), scan: None, comment: Some(ignoring.comment.clone()) };
        let numbers = insert_tickets(&mut write, &new, &cause, now).await?;
        done.extend(without.into_iter().zip(numbers).map(|(one, number)| one.done(number)));
        note_ignored(&mut write, &hosts, now).await?;
        write.commit().await?;
        done.sort_by_key(|one| (one.ip, one.qid, one.ticket));
        Ok(IgnoreOutcome::Done(done))
    }

    /// Restores ignored detections: at most `max`, all or none. Their tickets are open again, or
    /// closed as fixed where that is what they are by now.
    pub async fn restore_detections(
        &self,
        wanted: &DetectionsOf,
        actor: &Login,
        comment: &str,
        max: usize,
        now: Timestamp,
    ) -> Result<IgnoreOutcome> {
        let mut write = self.write().await?;
        let Some(found) = hold_detections(self, &mut write, wanted, max).await? else {
            return Ok(IgnoreOutcome::TooMany);
        };
        let restoring =
            Ignoring { actor: actor.clone(), comment: comment.to_owned(), reopen_at: None, deadline_days: 0 };
        let (mut open, mut fixed, mut changes, mut done) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut hosts = BTreeSet::new();
        for one in found {
            let Some((number, TicketState::Ignored)) = one.ticket else { continue };
            let next = come_back(one.status);
            if next == TicketState::Fixed {
                fixed.push(number);
            } else {
                open.push(number);
            }
            changes.push(change(number, TicketState::Ignored, next, &restoring, now));
            hosts.insert(one.host_id);
            done.push(one.done(number));
        }
        move_tickets(&mut write, &open, TicketState::Reopened, None, now).await?;
        move_tickets(&mut write, &fixed, TicketState::Fixed, None, now).await?;
        insert_changes(&mut write, &changes).await?;
        note_ignored(&mut write, &hosts, now).await?;
        write.commit().await?;
        done.sort_by_key(|one| (one.ip, one.qid, one.ticket));
        Ok(IgnoreOutcome::Done(done))
    }
}

fn new_ticket(one: &Candidate, ignoring: &Ignoring) -> NewTicket {
    NewTicket {
        host_id: one.host_id,
        key: one.key,
        state: TicketState::Ignored,
        assignee: ignoring.actor.clone(),
        deadline_days: ignoring.deadline_days,
        reopen_at: ignoring.reopen_at,
        rule: None,
    }
}

fn change(
    number: u64,
    old: TicketState,
    new: TicketState,
    ignoring: &Ignoring,
    now: Timestamp,
) -> TicketChange {
    TicketChange {
        number,
        at: now,
        actor: ignoring.actor.to_string(),
        old_state: Some(old),
        new_state: Some(new),
        added_assignee: None,
        removed_assignee: None,
        scan: None,
        rule: None,
        comment: Some(ignoring.comment.clone()),
    }
}

/// The detections as they stand, their hosts held; `None` when there are more than `max`.
async fn hold_detections(
    store: &Store,
    write: &mut Write,
    wanted: &DetectionsOf,
    max: usize,
) -> Result<Option<Vec<Candidate>>> {
    let Some(found) = read_candidates(write, wanted, max).await? else { return Ok(None) };
    lock_hosts(store, write, &found.iter().map(|one| one.host_id).collect()).await?;
    read_candidates(write, wanted, max).await
}

async fn read_candidates(
    write: &mut Write,
    wanted: &DetectionsOf,
    max: usize,
) -> Result<Option<Vec<Candidate>>> {
    let (Some(first), Some(last)) = (wanted.ips.ranges().first(), wanted.ips.ranges().last()) else {
        return Ok(Some(Vec::new()));
    };
    let qids = number_list(wanted.qids.iter().map(|qid| i64::from(qid.number())));
    // Numbers only.
    let statement = AssertSqlSafe(format!(
        "SELECT host.id, host.ip, dns_name, netbios_name, detection.qid, detection.port, detection.transport,
                detection.status, ticket.number, ticket.state
         FROM detection JOIN host ON host.id = detection.host_id
         LEFT JOIN ticket ON ticket.host_id = detection.host_id AND ticket.qid = detection.qid
              AND ticket.port = detection.port AND ticket.transport = detection.transport
         WHERE host.ip BETWEEN $1 AND $2 AND detection.qid IN ({qids})
         ORDER BY host.ip, detection.qid, detection.port, detection.transport"
    ));
    let rows = sqlx::query(statement)
        .bind(number_of(first.first()))
        .bind(number_of(last.last()))
        .fetch_all(write.connection())
        .await?;
    let mut found = Vec::new();
    for row in &rows {
        let one = read_candidate(row)?;
        if wanted.has(&one) {
            if found.len() >= max {
                return Ok(None);
            }
            found.push(one);
        }
    }
    Ok(Some(found))
}

impl DetectionsOf {
    fn has(&self, one: &Candidate) -> bool {
        let contains = |name: Option<&str>, part: Option<&str>| {
            part.is_none_or(|part| {
                name.is_some_and(|name| name.to_lowercase().contains(&part.to_lowercase()))
            })
        };
        self.ips.contains(one.ip)
            && contains(one.dns_name.as_deref(), self.dns_contains.as_deref())
            && contains(one.netbios_name.as_deref(), self.netbios_contains.as_deref())
    }
}

fn read_candidate(row: &AnyRow) -> Result<Candidate> {
    let read = Read::new("detection", row);
    let ticket = match read.optional_number("number")? {
        Some(number) => {
            let number = number.try_into().map_err(|_| read.inconsistent("number"))?;
            Some((number, read.word("state")?))
        }
        None => None,
    };
    Ok(Candidate {
        host_id: read.number("id")?,
        ip: read.address("ip")?,
        dns_name: read.optional_text("dns_name")?,
        netbios_name: read.optional_text("netbios_name")?,
        key: read_key(&read)?,
        status: read.word("status")?,
        ticket,
    })
}
