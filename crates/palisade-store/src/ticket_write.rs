//! The statements that change tickets, for many of them at once.
//!
//! Whoever changes tickets holds the rows of their hosts, taken in the order of their ids: results
//! that are taken in and people who edit take turns host by host, and none waits in a circle.

use std::collections::{BTreeMap, BTreeSet};

use palisade_model::{Login, ScanRef, TicketState, Timestamp};
use sqlx::AssertSqlSafe;

use crate::detection::{DetectionKey, read_key, storable};
use crate::error::{Error, Result};
use crate::row::{Read, integer};
use crate::statement::{ROWS_PER_STATEMENT, number_list, placeholders};
use crate::store::{Store, Write, expect_rows};
use crate::ticket::TicketChange;

/// Microseconds of a day.
const DAY_US: i64 = 86_400_000_000;

/// A ticket to be made.
#[derive(Debug, Clone)]
pub(crate) struct NewTicket {
    pub(crate) host_id: i64,
    pub(crate) key: DetectionKey,
    /// Open or Ignored.
    pub(crate) state: TicketState,
    pub(crate) assignee: Login,
    pub(crate) deadline_days: u16,
    pub(crate) reopen_at: Option<Timestamp>,
    /// The title of the policy that makes it.
    pub(crate) rule: Option<String>,
}

/// What a row of the history says beside what changed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cause {
    pub(crate) actor: String,
    pub(crate) scan: Option<(ScanRef, Timestamp)>,
    pub(crate) comment: Option<String>,
}

/// Takes the rows of the hosts, so that nobody else changes their tickets meanwhile.
pub(crate) async fn lock_hosts(store: &Store, write: &mut Write, hosts: &BTreeSet<i64>) -> Result<()> {
    let hosts: Vec<i64> = hosts.iter().copied().collect();
    for hosts in hosts.chunks(ROWS_PER_STATEMENT) {
        let list = number_list(hosts.iter().copied());
        let lock = store.dialect().lock_rows();
        // Numbers only.
        let statement = AssertSqlSafe(format!("SELECT id FROM host WHERE id IN ({list}) ORDER BY id{lock}"));
        sqlx::query(statement).fetch_all(write.connection()).await?;
    }
    Ok(())
}

/// Makes tickets and the first entries of their histories; gives their numbers, in the order given.
pub(crate) async fn insert_tickets(
    write: &mut Write,
    tickets: &[NewTicket],
    cause: &Cause,
    now: Timestamp,
) -> Result<Vec<u64>> {
    let mut numbers = Vec::with_capacity(tickets.len());
    for tickets in tickets.chunks(ROWS_PER_STATEMENT) {
        numbers.extend(insert_some(write, tickets, now).await?);
    }
    let changes = tickets.iter().zip(&numbers).map(|(ticket, number)| TicketChange {
        number: *number,
        at: now,
        actor: cause.actor.clone(),
        old_state: None,
        new_state: Some(ticket.state),
        added_assignee: Some(ticket.assignee.clone()),
        removed_assignee: None,
        scan: cause.scan.clone(),
        rule: ticket.rule.clone(),
        comment: cause.comment.clone(),
    });
    insert_changes(write, &changes.collect::<Vec<_>>()).await?;
    Ok(numbers)
}

async fn insert_some(write: &mut Write, tickets: &[NewTicket], now: Timestamp) -> Result<Vec<u64>> {
    let statement = AssertSqlSafe(format!(
        "INSERT INTO ticket (host_id, qid, port, transport, state, assignee, created_at, deadline_days, due_at,
                             changed_at, opened_at, ignored_at, reopen_at)
         VALUES {} RETURNING number, host_id, qid, port, transport",
        placeholders(tickets.len(), 13)
    ));
    let mut query = sqlx::query(statement);
    let now_us = now.as_microsecond();
    for NewTicket { host_id, key, state, assignee, deadline_days, reopen_at, rule: _ } in tickets {
        let (qid, port, transport) = key.columns();
        let ignored = *state == TicketState::Ignored;
        query = query
            .bind(*host_id)
            .bind(qid)
            .bind(port)
            .bind(transport)
            .bind(state.as_str())
            .bind(assignee.to_string())
            .bind(now_us)
            .bind(i64::from(*deadline_days))
            .bind(now_us.saturating_add(i64::from(*deadline_days) * DAY_US))
            .bind(now_us)
            .bind((!ignored).then_some(now_us))
            .bind(ignored.then_some(now_us))
            .bind(reopen_at.map(Timestamp::as_microsecond));
    }
    let rows = query.fetch_all(write.connection()).await?;
    // The order in which a database gives them back is its own.
    let mut made: BTreeMap<(i64, DetectionKey), u64> = BTreeMap::new();
    for row in &rows {
        let read = Read::new("ticket", row);
        made.insert((read.number("host_id")?, read_key(&read)?), read.count("number")?);
    }
    let number = |ticket: &NewTicket| made.get(&(ticket.host_id, ticket.key)).copied();
    let numbers: Option<Vec<u64>> = tickets.iter().map(number).collect();
    numbers.ok_or_else(|| Error::RowsAffected {
        expected: tickets.len().try_into().unwrap_or(u64::MAX),
        actual: made.len().try_into().unwrap_or(u64::MAX),
    })
}

/// Writes entries of histories.
pub(crate) async fn insert_changes(write: &mut Write, changes: &[TicketChange]) -> Result<()> {
    for changes in changes.chunks(ROWS_PER_STATEMENT) {
        let statement = AssertSqlSafe(format!(
            "INSERT INTO ticket_change (number, at, actor, old_state, new_state, added_assignee,
                                        removed_assignee, scan, scan_launched_at, rule, comment)
             VALUES {}",
            placeholders(changes.len(), 11)
        ));
        let mut query = sqlx::query(statement);
        for change in changes {
            let TicketChange {
                number,
                at,
                actor,
                old_state,
                new_state,
                added_assignee,
                removed_assignee,
                scan,
                rule,
                comment,
            } = change;
            query = query
                .bind(integer(*number))
                .bind(at.as_microsecond())
                .bind(actor.clone())
                .bind(old_state.map(TicketState::as_str))
                .bind(new_state.map(TicketState::as_str))
                .bind(added_assignee.as_ref().map(ToString::to_string))
                .bind(removed_assignee.as_ref().map(ToString::to_string))
                .bind(scan.as_ref().map(|(scan, _)| scan.to_string()))
                .bind(scan.as_ref().map(|(_, launched_at)| launched_at.as_microsecond()))
                .bind(rule.as_deref().map(storable))
                .bind(comment.as_deref().map(storable));
        }
        query.execute(write.connection()).await?;
    }
    Ok(())
}

/// Puts tickets into a state they were not in. Opened tickets have all their days again.
pub(crate) async fn move_tickets(
    write: &mut Write,
    numbers: &[u64],
    state: TicketState,
    reopen_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<()> {
    let noted = match state {
        TicketState::Open | TicketState::Reopened => {
            "opened_at = $2, due_at = $2 + deadline_days * 86400000000"
        }
        TicketState::Resolved => "resolved_at = $2",
        TicketState::Fixed => "closed_at = $2",
        TicketState::Ignored => "ignored_at = $2",
    };
    for numbers in numbers.chunks(ROWS_PER_STATEMENT) {
        let list = number_list(numbers.iter().map(|number| integer(*number)));
        // Our own words and numbers only.
        let statement = AssertSqlSafe(format!(
            "UPDATE ticket SET state = $1, changed_at = $2, reopen_at = $3, {noted} WHERE number IN ({list})"
        ));
        let done = sqlx::query(statement)
            .bind(state.as_str())
            .bind(now.as_microsecond())
            .bind(reopen_at.map(Timestamp::as_microsecond))
            .execute(write.connection())
            .await?;
        expect_rows(numbers.len().try_into().unwrap_or(u64::MAX), done.rows_affected())?;
    }
    Ok(())
}

/// Notes beside the detections of these hosts which of them are ignored: those with an ignored
/// ticket.
pub(crate) async fn note_ignored(write: &mut Write, hosts: &BTreeSet<i64>, now: Timestamp) -> Result<()> {
    let hosts: Vec<i64> = hosts.iter().copied().collect();
    for hosts in hosts.chunks(ROWS_PER_STATEMENT) {
        let list = number_list(hosts.iter().copied());
        // Numbers only. A detection has one ticket at most, so what is counted is 0 or 1.
        let statement = AssertSqlSafe(format!(
            "UPDATE detection SET ignored = 1 - ignored, ignored_changed_at = $1 WHERE host_id IN ({list}) AND ignored <>
                 (SELECT COUNT(*) FROM ticket
                  WHERE ticket.host_id = detection.host_id AND ticket.qid = detection.qid
                    AND ticket.port = detection.port AND ticket.transport = detection.transport
                    AND ticket.state = 'Ignored')"
        ));
        sqlx::query(statement).bind(now.as_microsecond()).execute(write.connection()).await?;
    }
    Ok(())
}
