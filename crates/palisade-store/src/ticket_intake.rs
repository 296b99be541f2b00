//! What a host's results do to its tickets, in the transaction that takes the results in.
//!
//! What is to become of a vulnerability without a ticket was decided above ([`Remedy`]); which
//! state follows which is the vocabulary's rule ([`palisade_model::ticket::observe`]). A host
//! without changes costs one statement, however much was found on it.

use std::collections::{BTreeMap, BTreeSet};

use palisade_model::ticket::observe;
use palisade_model::{Login, Observation, TicketState};

use crate::detection::{DetectionKey, read_key};
use crate::error::Result;
use crate::intake::Delivery;
use crate::row::Read;
use crate::store::Write;
use crate::ticket::TicketChange;
use crate::ticket_write::{Cause, NewTicket, insert_changes, insert_tickets, move_tickets, note_ignored};

/// What a policy does about a vulnerability that has no ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedy {
    pub assignee: Login,
    /// Days until the ticket is due, from each time it is opened.
    pub deadline_days: u16,
    /// The ticket is closed at once and the detection ignored.
    pub ignore: bool,
    /// The title of the policy.
    pub rule: String,
}

/// Moves the tickets of the host by what was observed, and makes those that policies ask for. The
/// caller holds the host's row.
pub(crate) async fn observe_tickets(
    write: &mut Write,
    host_id: i64,
    scan_id: i64,
    delivery: &Delivery<'_>,
    observed: &[(DetectionKey, Observation)],
) -> Result<()> {
    let tickets = tickets_of(write, host_id).await?;
    let mut moves: BTreeMap<TicketState, Vec<(u64, TicketState)>> = BTreeMap::new();
    let mut new = Vec::new();
    for (key, observation) in observed {
        match tickets.get(key) {
            Some((number, state)) => {
                let next = observe(*state, *observation);
                if next != *state {
                    moves.entry(next).or_default().push((*number, *state));
                }
            }
            None if *observation == Observation::Found => {
                new.extend((delivery.remedy)(key.qid).map(|remedy| ticket(host_id, *key, remedy)));
            }
            None => {}
        }
    }
    if moves.is_empty() && new.is_empty() {
        return Ok(());
    }
    let cause = cause(write, scan_id, delivery).await?;
    for (state, moved) in moves {
        let numbers: Vec<u64> = moved.iter().map(|(number, _)| *number).collect();
        move_tickets(write, &numbers, state, None, delivery.now).await?;
        let changes = moved.into_iter().map(|(number, old)| TicketChange {
            number,
            at: delivery.now,
            actor: cause.actor.clone(),
            old_state: Some(old),
            new_state: Some(state),
            added_assignee: None,
            removed_assignee: None,
            scan: cause.scan.clone(),
            rule: None,
            comment: None,
        });
        insert_changes(write, &changes.collect::<Vec<_>>()).await?;
    }
    insert_tickets(write, &new, &cause, delivery.now).await?;
    if new.iter().any(|ticket| ticket.state == TicketState::Ignored) {
        note_ignored(write, &BTreeSet::from([host_id]), delivery.now).await?;
    }
    Ok(())
}

fn ticket(host_id: i64, key: DetectionKey, remedy: Remedy) -> NewTicket {
    let Remedy { assignee, deadline_days, ignore, rule } = remedy;
    let state = if ignore { TicketState::Ignored } else { TicketState::Open };
    NewTicket { host_id, key, state, assignee, deadline_days, reopen_at: None, rule: Some(rule) }
}

async fn tickets_of(write: &mut Write, host_id: i64) -> Result<BTreeMap<DetectionKey, (u64, TicketState)>> {
    let rows = sqlx::query("SELECT number, qid, port, transport, state FROM ticket WHERE host_id = $1")
        .bind(host_id)
        .fetch_all(write.connection())
        .await?;
    rows.iter()
        .map(|row| {
            let read = Read::new("ticket", row);
            Ok((read_key(&read)?, (read.count("number")?, read.word("state")?)))
        })
        .collect()
}

/// The scan acts for whoever launched it.
async fn cause(write: &mut Write, scan_id: i64, delivery: &Delivery<'_>) -> Result<Cause> {
    let row = sqlx::query("SELECT id, login, launched_at FROM scan WHERE id = $1")
        .bind(scan_id)
        .fetch_one(write.connection())
        .await?;
    let read = Read::new("scan", &row);
    let scan = Some((delivery.scan.clone(), read.time("launched_at")?));
    Ok(Cause { actor: read.text("login")?, scan, comment: None })
}
