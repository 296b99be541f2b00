//! Reading tickets: with the detections they follow, and with what became of them.

use std::net::Ipv4Addr;

use palisade_model::{DetectionStatus, Login, ScanRef, TicketState, Timestamp};
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::detection::{DetectionKey, read_key};
use crate::error::Result;
use crate::row::{Read, integer, number_of};
use crate::statement::{ROWS_PER_STATEMENT, number_list};
use crate::store::Store;

/// A ticket, and what is known of the detection it follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// 1 and up; never given twice.
    pub number: u64,
    pub host_id: i64,
    pub ip: Ipv4Addr,
    pub dns_name: Option<String>,
    pub netbios_name: Option<String>,
    pub key: DetectionKey,
    pub tls: bool,
    /// What answers on the port, where that is known.
    pub service: Option<String>,
    pub state: TicketState,
    pub assignee: Login,
    pub created_at: Timestamp,
    pub due_at: Timestamp,
    pub changed_at: Timestamp,
    /// The last times it was put into each state.
    pub opened_at: Option<Timestamp>,
    pub resolved_at: Option<Timestamp>,
    pub closed_at: Option<Timestamp>,
    pub ignored_at: Option<Timestamp>,
    /// When it is to be ignored no longer.
    pub reopen_at: Option<Timestamp>,
    pub detection_status: DetectionStatus,
    pub first_found_at: Timestamp,
    pub last_found_at: Timestamp,
    pub last_tested_at: Timestamp,
    pub times_found: u64,
    /// By how many scans that tested for it, it was not found.
    pub times_not_found: u64,
    /// The evidence; empty when it was not asked for.
    pub result: String,
}

/// Which tickets, as far as the database tells them apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketQuery {
    /// Numbers, both included.
    pub first: u64,
    pub last: u64,
    /// Empty: every state.
    pub states: Vec<TicketState>,
    pub assignee: Option<Login>,
    /// Last changed at these times, both included.
    pub changed_from: Option<Timestamp>,
    pub changed_to: Option<Timestamp>,
    /// Addresses, both included.
    pub first_ip: Ipv4Addr,
    pub last_ip: Ipv4Addr,
    pub host_id: Option<i64>,
    /// Whether the evidence is read.
    pub with_result: bool,
    pub limit: u32,
}

impl TicketQuery {
    /// Every ticket, up to `limit` of them.
    #[must_use]
    pub fn everything(limit: u32) -> Self {
        Self {
            first: 0,
            last: u64::MAX,
            states: Vec::new(),
            assignee: None,
            changed_from: None,
            changed_to: None,
            first_ip: Ipv4Addr::UNSPECIFIED,
            last_ip: Ipv4Addr::BROADCAST,
            host_id: None,
            with_result: false,
            limit,
        }
    }
}

/// One entry of a ticket's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketChange {
    pub number: u64,
    pub at: Timestamp,
    /// A login, or the service itself.
    pub actor: String,
    /// The states before and after, where the state changed; nothing comes before the first.
    pub old_state: Option<TicketState>,
    pub new_state: Option<TicketState>,
    pub added_assignee: Option<Login>,
    pub removed_assignee: Option<Login>,
    /// The scan that caused it, and when it was launched.
    pub scan: Option<(ScanRef, Timestamp)>,
    /// The title of the policy that made the ticket.
    pub rule: Option<String>,
    pub comment: Option<String>,
}

/// A ticket that was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeletedTicket {
    pub number: u64,
    pub deleted_at: Timestamp,
}

impl Store {
    /// One page of tickets, by number.
    pub async fn list_tickets(&self, wanted: &TicketQuery) -> Result<Vec<Ticket>> {
        let has = |state| i64::from(wanted.states.is_empty() || wanted.states.contains(&state));
        let time = |at: Option<Timestamp>, otherwise| at.map_or(otherwise, Timestamp::as_microsecond);
        let rows = sqlx::query(
            "SELECT ticket.number, ticket.host_id, ticket.state, assignee, created_at, due_at, changed_at,
                    opened_at, resolved_at, closed_at, ignored_at, reopen_at,
                    detection.qid, detection.port, detection.transport, detection.tls, detection.status,
                    first_found_at, last_found_at, last_tested_at, times_found, times_not_found,
                    CASE WHEN $1 = 1 THEN detection.result ELSE '' END AS result,
                    host.ip, host.dns_name, host.netbios_name, host_port.service
             FROM ticket
             JOIN detection ON detection.host_id = ticket.host_id AND detection.qid = ticket.qid
                  AND detection.port = ticket.port AND detection.transport = ticket.transport
             JOIN host ON host.id = ticket.host_id
             LEFT JOIN host_port ON host_port.host_id = ticket.host_id AND host_port.port = ticket.port
                  AND host_port.transport = ticket.transport
             WHERE ticket.number BETWEEN $2 AND $3
               AND ((ticket.state = 'Open' AND $4 = 1) OR (ticket.state = 'Reopened' AND $5 = 1)
                    OR (ticket.state = 'Resolved' AND $6 = 1) OR (ticket.state = 'Fixed' AND $7 = 1)
                    OR (ticket.state = 'Ignored' AND $8 = 1))
               AND ($9 = '' OR assignee = $9)
               AND changed_at BETWEEN $10 AND $11
               AND host.ip BETWEEN $12 AND $13
               AND ($14 = -1 OR ticket.host_id = $14)
             ORDER BY ticket.number LIMIT $15 + 0",
        )
        .bind(i64::from(wanted.with_result))
        .bind(integer(wanted.first))
        .bind(integer(wanted.last))
        .bind(has(TicketState::Open))
        .bind(has(TicketState::Reopened))
        .bind(has(TicketState::Resolved))
        .bind(has(TicketState::Fixed))
        .bind(has(TicketState::Ignored))
        .bind(wanted.assignee.as_ref().map_or_else(String::new, ToString::to_string))
        .bind(time(wanted.changed_from, i64::MIN))
        .bind(time(wanted.changed_to, i64::MAX))
        .bind(number_of(wanted.first_ip))
        .bind(number_of(wanted.last_ip))
        .bind(wanted.host_id.unwrap_or(-1))
        .bind(i64::from(wanted.limit))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(read_ticket).collect()
    }

    /// What became of these tickets: by number, the newest entry first.
    pub async fn list_ticket_changes(&self, numbers: &[u64]) -> Result<Vec<TicketChange>> {
        let mut changes = Vec::new();
        for numbers in numbers.chunks(ROWS_PER_STATEMENT) {
            let list = number_list(numbers.iter().map(|number| integer(*number)));
            // Numbers only.
            let statement = AssertSqlSafe(format!(
                "SELECT number, at, actor, old_state, new_state, added_assignee, removed_assignee, scan,
                        scan_launched_at, rule, comment
                 FROM ticket_change WHERE number IN ({list}) ORDER BY number, id DESC"
            ));
            let rows = sqlx::query(statement).fetch_all(self.pool()).await?;
            for row in &rows {
                changes.push(read_change(row)?);
            }
        }
        Ok(changes)
    }

    /// Deleted tickets by number: those from `first` to `last` that were deleted from `from` to
    /// `to` (all included), up to `limit`.
    pub async fn list_deleted_tickets(
        &self,
        (first, last): (u64, u64),
        (from, to): (Option<Timestamp>, Option<Timestamp>),
        limit: u32,
    ) -> Result<Vec<DeletedTicket>> {
        let rows = sqlx::query(
            "SELECT number, deleted_at FROM deleted_ticket
             WHERE number BETWEEN $1 AND $2 AND deleted_at BETWEEN $3 AND $4 ORDER BY number LIMIT $5 + 0",
        )
        .bind(integer(first))
        .bind(integer(last))
        .bind(from.map_or(i64::MIN, Timestamp::as_microsecond))
        .bind(to.map_or(i64::MAX, Timestamp::as_microsecond))
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await?;
        rows.iter()
            .map(|row| {
                let read = Read::new("deleted_ticket", row);
                Ok(DeletedTicket { number: read.count("number")?, deleted_at: read.time("deleted_at")? })
            })
            .collect()
    }
}

fn read_ticket(row: &AnyRow) -> Result<Ticket> {
    let read = Read::new("ticket", row);
    Ok(Ticket {
        number: read.count("number")?,
        host_id: read.number("host_id")?,
        ip: read.address("ip")?,
        dns_name: read.optional_text("dns_name")?,
        netbios_name: read.optional_text("netbios_name")?,
        key: read_key(&read)?,
        tls: read.yes("tls")?,
        service: read.optional_text("service")?,
        state: read.word("state")?,
        assignee: read.word("assignee")?,
        created_at: read.time("created_at")?,
        due_at: read.time("due_at")?,
        changed_at: read.time("changed_at")?,
        opened_at: read.optional_time("opened_at")?,
        resolved_at: read.optional_time("resolved_at")?,
        closed_at: read.optional_time("closed_at")?,
        ignored_at: read.optional_time("ignored_at")?,
        reopen_at: read.optional_time("reopen_at")?,
        detection_status: read.word("status")?,
        first_found_at: read.time("first_found_at")?,
        last_found_at: read.time("last_found_at")?,
        last_tested_at: read.time("last_tested_at")?,
        times_found: read.count("times_found")?,
        times_not_found: read.count("times_not_found")?,
        result: read.text("result")?,
    })
}

fn read_change(row: &AnyRow) -> Result<TicketChange> {
    let read = Read::new("ticket_change", row);
    let scan = match read.optional_word("scan")? {
        Some(scan) => Some((scan, read.time("scan_launched_at")?)),
        None => None,
    };
    Ok(TicketChange {
        number: read.count("number")?,
        at: read.time("at")?,
        actor: read.text("actor")?,
        old_state: read.optional_word("old_state")?,
        new_state: read.optional_word("new_state")?,
        added_assignee: read.optional_word("added_assignee")?,
        removed_assignee: read.optional_word("removed_assignee")?,
        scan,
        rule: read.optional_text("rule")?,
        comment: read.optional_text("comment")?,
    })
}
