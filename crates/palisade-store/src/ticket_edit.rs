//! Changing and deleting tickets by hand, and bringing back those that were ignored for a time.
//!
//! An edit is applied to each ticket as it stands when its turn comes, not as its maker saw it: of
//! two edits at once, none is lost, and what the first made impossible the second is told.

use std::collections::{BTreeMap, BTreeSet};

use palisade_model::ticket::{NotPossible, RequestedState, come_back, request};
use palisade_model::{Login, TicketState, Timestamp};
use sqlx::AssertSqlSafe;

use crate::error::Result;
use crate::row::{Read, integer};
use crate::statement::{ROWS_PER_STATEMENT, number_list};
use crate::store::{Store, Write};
use crate::ticket::TicketChange;
use crate::ticket_write::{insert_changes, lock_hosts, move_tickets, note_ignored};

/// Who acts when the time has come for an ignored ticket.
const SERVICE: &str = "service";
/// Tickets brought back in one transaction.
const COME_BACK_AT_ONCE: i64 = 1_000;

/// What is to be changed; `None` leaves a thing as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TicketEdit {
    pub assignee: Option<Login>,
    pub state: Option<RequestedState>,
    /// When ignored tickets are to come back.
    pub reopen_at: Option<Timestamp>,
    /// Noted in the history.
    pub comment: Option<String>,
    /// Only tickets in these states are changed; in any when it is empty.
    pub only_in: Vec<TicketState>,
}

/// What became of one ticket of an edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketEdited {
    Changed,
    /// The state asked for does not follow from the ticket's.
    NotPossible(NotPossible),
    /// It has this assignee, and nothing else was asked for.
    SameAssignee,
    /// Only ignored tickets come back by themselves.
    NotIgnored,
    /// Somebody else moved it out of the states that were asked for.
    Moved,
    /// It was deleted meanwhile.
    Gone,
}

/// A ticket as an edit finds it.
struct Standing {
    host_id: i64,
    state: TicketState,
    assignee: Login,
}

/// What an edit makes of one ticket.
struct Step {
    next: Option<TicketState>,
    added: Option<Login>,
}

impl Store {
    /// Changes tickets, all in one transaction; says of each what became of it, in the order of
    /// their numbers.
    pub async fn edit_tickets(
        &self,
        numbers: &BTreeSet<u64>,
        edit: &TicketEdit,
        actor: &Login,
        now: Timestamp,
    ) -> Result<Vec<(u64, TicketEdited)>> {
        let mut write = self.write().await?;
        let standing = hold_tickets(self, &mut write, numbers).await?;
        let mut outcomes = Vec::with_capacity(numbers.len());
        let mut changes = Vec::new();
        let mut moved: BTreeMap<TicketState, Vec<u64>> = BTreeMap::new();
        let mut edited = Vec::new();
        let mut assigned = Vec::new();
        for number in numbers {
            let Some(ticket) = standing.get(number) else {
                outcomes.push((*number, TicketEdited::Gone));
                continue;
            };
            match step(ticket, edit) {
                Err(reason) => outcomes.push((*number, reason)),
                Ok(Step { next, added }) => {
                    outcomes.push((*number, TicketEdited::Changed));
                    changes.push(change(*number, ticket, next, added.clone(), edit, actor, now));
                    assigned.extend(added.map(|_| *number));
                    edited.push(*number);
                    if let Some(state) = next {
                        moved.entry(state).or_default().push(*number);
                    }
                }
            }
        }
        for (state, numbers) in &moved {
            let reopen_at = edit.reopen_at.filter(|_| *state == TicketState::Ignored);
            move_tickets(&mut write, numbers, *state, reopen_at, now).await?;
        }
        touch(&mut write, &edited, now).await?;
        if let Some(assignee) = &edit.assignee {
            assign(&mut write, &assigned, assignee).await?;
        }
        if let (None, Some(at)) = (edit.state, edit.reopen_at) {
            set_reopening(&mut write, &edited, at).await?;
        }
        insert_changes(&mut write, &changes).await?;
        if !moved.is_empty() {
            note_ignored(&mut write, &standing.values().map(|ticket| ticket.host_id).collect(), now).await?;
        }
        write.commit().await?;
        Ok(outcomes)
    }

    /// Deletes tickets with their histories; their numbers are kept. What was ignored by them is
    /// ignored no longer. Gives the numbers of those that were there.
    pub async fn delete_tickets(
        &self,
        numbers: &BTreeSet<u64>,
        actor: &Login,
        now: Timestamp,
    ) -> Result<Vec<u64>> {
        let mut write = self.write().await?;
        let standing = hold_tickets(self, &mut write, numbers).await?;
        let deleted: Vec<u64> = standing.keys().copied().collect();
        for numbers in deleted.chunks(ROWS_PER_STATEMENT) {
            let list = number_list(numbers.iter().map(|number| integer(*number)));
            // Numbers only.
            let keep = AssertSqlSafe(format!(
                "INSERT INTO deleted_ticket (number, deleted_at, deleted_by)
                 SELECT number, $1, $2 FROM ticket WHERE number IN ({list})"
            ));
            sqlx::query(keep)
                .bind(now.as_microsecond())
                .bind(actor.to_string())
                .execute(write.connection())
                .await?;
            let delete = AssertSqlSafe(format!("DELETE FROM ticket WHERE number IN ({list})"));
            sqlx::query(delete).execute(write.connection()).await?;
        }
        note_ignored(&mut write, &standing.values().map(|ticket| ticket.host_id).collect(), now).await?;
        write.commit().await?;
        Ok(deleted)
    }

    /// Brings back tickets whose time of being ignored has ended; says how many, a thousand at
    /// most. Without any it costs one look.
    pub async fn bring_tickets_back(&self, now: Timestamp) -> Result<usize> {
        let due = sqlx::query("SELECT number FROM ticket WHERE reopen_at <= $1 ORDER BY number LIMIT $2 + 0")
            .bind(now.as_microsecond())
            .bind(COME_BACK_AT_ONCE)
            .fetch_all(self.pool())
            .await?;
        if due.is_empty() {
            return Ok(0);
        }
        let numbers: Result<BTreeSet<u64>> =
            due.iter().map(|row| Read::new("ticket", row).count("number")).collect();
        let mut write = self.write().await?;
        let standing = hold_tickets(self, &mut write, &numbers?).await?;
        let mut moved: BTreeMap<TicketState, Vec<u64>> = BTreeMap::new();
        for (number, next) in still_due(&mut write, &standing, now).await? {
            moved.entry(next).or_default().push(number);
        }
        for (state, numbers) in &moved {
            move_tickets(&mut write, numbers, *state, None, now).await?;
            let changes = numbers.iter().map(|number| TicketChange {
                number: *number,
                at: now,
                actor: SERVICE.to_owned(),
                old_state: Some(TicketState::Ignored),
                new_state: Some(*state),
                added_assignee: None,
                removed_assignee: None,
                scan: None,
                rule: None,
                comment: None,
            });
            insert_changes(&mut write, &changes.collect::<Vec<_>>()).await?;
        }
        note_ignored(&mut write, &standing.values().map(|ticket| ticket.host_id).collect(), now).await?;
        write.commit().await?;
        Ok(moved.values().map(Vec::len).sum())
    }
}

/// What the edit makes of the ticket; all of it or nothing.
fn step(ticket: &Standing, edit: &TicketEdit) -> Result<Step, TicketEdited> {
    if !edit.only_in.is_empty() && !edit.only_in.contains(&ticket.state) {
        return Err(TicketEdited::Moved);
    }
    let next = match edit.state {
        Some(requested) => Some(request(ticket.state, requested).map_err(TicketEdited::NotPossible)?),
        None => None,
    };
    if edit.state.is_none() && edit.reopen_at.is_some() && ticket.state != TicketState::Ignored {
        return Err(TicketEdited::NotIgnored);
    }
    let added = edit.assignee.clone().filter(|assignee| *assignee != ticket.assignee);
    let nothing = next.is_none() && added.is_none() && edit.comment.is_none() && edit.reopen_at.is_none();
    if nothing { Err(TicketEdited::SameAssignee) } else { Ok(Step { next, added }) }
}

fn change(
    number: u64,
    ticket: &Standing,
    next: Option<TicketState>,
    added: Option<Login>,
    edit: &TicketEdit,
    actor: &Login,
    now: Timestamp,
) -> TicketChange {
    TicketChange {
        number,
        at: now,
        actor: actor.to_string(),
        old_state: next.map(|_| ticket.state),
        new_state: next,
        removed_assignee: added.as_ref().map(|_| ticket.assignee.clone()),
        added_assignee: added,
        scan: None,
        rule: None,
        comment: edit.comment.clone(),
    }
}

/// The tickets as they stand, their hosts held. Those that are not there are missing.
async fn hold_tickets(
    store: &Store,
    write: &mut Write,
    numbers: &BTreeSet<u64>,
) -> Result<BTreeMap<u64, Standing>> {
    let hosts = read_standing(write, numbers).await?;
    lock_hosts(store, write, &hosts.values().map(|ticket| ticket.host_id).collect()).await?;
    read_standing(write, numbers).await
}

async fn read_standing(write: &mut Write, numbers: &BTreeSet<u64>) -> Result<BTreeMap<u64, Standing>> {
    let numbers: Vec<i64> = numbers.iter().map(|number| integer(*number)).collect();
    let mut standing = BTreeMap::new();
    for numbers in numbers.chunks(ROWS_PER_STATEMENT) {
        let list = number_list(numbers.iter().copied());
        // Numbers only.
        let statement = AssertSqlSafe(format!(
            "SELECT number, host_id, state, assignee FROM ticket WHERE number IN ({list})"
        ));
        for row in &sqlx::query(statement).fetch_all(write.connection()).await? {
            let read = Read::new("ticket", row);
            let ticket = Standing {
                host_id: read.number("host_id")?,
                state: read.word("state")?,
                assignee: read.word("assignee")?,
            };
            standing.insert(read.count("number")?, ticket);
        }
    }
    Ok(standing)
}

/// Of tickets that are held, those whose time has come, and what each becomes.
async fn still_due(
    write: &mut Write,
    standing: &BTreeMap<u64, Standing>,
    now: Timestamp,
) -> Result<Vec<(u64, TicketState)>> {
    let numbers: Vec<i64> = standing.keys().map(|number| integer(*number)).collect();
    let mut due = Vec::new();
    for numbers in numbers.chunks(ROWS_PER_STATEMENT) {
        let list = number_list(numbers.iter().copied());
        // Numbers only.
        let statement = AssertSqlSafe(format!(
            "SELECT number, detection.status FROM ticket
             JOIN detection ON detection.host_id = ticket.host_id AND detection.qid = ticket.qid
                  AND detection.port = ticket.port AND detection.transport = ticket.transport
             WHERE number IN ({list}) AND reopen_at <= $1"
        ));
        let rows = sqlx::query(statement).bind(now.as_microsecond()).fetch_all(write.connection()).await?;
        for row in &rows {
            let read = Read::new("ticket", row);
            due.push((read.count("number")?, come_back(read.word("status")?)));
        }
    }
    Ok(due)
}

async fn touch(write: &mut Write, numbers: &[u64], now: Timestamp) -> Result<()> {
    for list in lists(numbers) {
        let statement = AssertSqlSafe(format!("UPDATE ticket SET changed_at = $1 WHERE number IN ({list})"));
        sqlx::query(statement).bind(now.as_microsecond()).execute(write.connection()).await?;
    }
    Ok(())
}

async fn assign(write: &mut Write, numbers: &[u64], assignee: &Login) -> Result<()> {
    for list in lists(numbers) {
        let statement = AssertSqlSafe(format!("UPDATE ticket SET assignee = $1 WHERE number IN ({list})"));
        sqlx::query(statement).bind(assignee.to_string()).execute(write.connection()).await?;
    }
    Ok(())
}

async fn set_reopening(write: &mut Write, numbers: &[u64], at: Timestamp) -> Result<()> {
    for list in lists(numbers) {
        let statement = AssertSqlSafe(format!("UPDATE ticket SET reopen_at = $1 WHERE number IN ({list})"));
        sqlx::query(statement).bind(at.as_microsecond()).execute(write.connection()).await?;
    }
    Ok(())
}

/// The numbers as lists for as many statements as it takes.
fn lists(numbers: &[u64]) -> impl Iterator<Item = String> + '_ {
    numbers.chunks(ROWS_PER_STATEMENT).map(|some| number_list(some.iter().map(|number| integer(*number))))
}
