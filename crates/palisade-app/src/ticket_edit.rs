//! Changing and deleting tickets by hand.

use std::collections::BTreeSet;

use palisade_model::ticket::NotPossible;
use palisade_model::{Action, Login, RequestedState, Resource, Timestamp};
use palisade_store::{Reach, Ticket, TicketEdit, TicketEdited};

use crate::actor::Actor;
use crate::app::App;
use crate::error::{Error, Result, check_length};
use crate::ticket::{People, TicketSelection};

/// Most tickets that are changed or deleted at once.
const TICKETS_AT_ONCE_MAX: usize = 20_000;
/// Longest comment.
const COMMENT_CHARACTERS_MAX: usize = 2_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// Changes to tickets; `None` leaves a thing as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EditTickets {
    pub selection: TicketSelection,
    /// Login of a user who reaches the hosts.
    pub assignee: Option<String>,
    pub state: Option<RequestedState>,
    pub comment: Option<String>,
    /// Days until ignored tickets come back.
    pub reopen_ignored_days: Option<u16>,
}

/// Why a ticket was left as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketSkipped {
    NotPossible(NotPossible),
    SameAssignee,
    NotIgnored,
    /// The new assignee does not reach the host.
    HostOutOfReach,
    /// Somebody else changed or deleted it at the same moment.
    ChangedMeanwhile,
}

/// What became of the tickets, by number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TicketsEdited {
    pub changed: Vec<u64>,
    pub skipped: Vec<(u64, TicketSkipped)>,
}

impl App {
    /// Changes the tickets of hosts within the caller's reach.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::TooManyTickets`], [`Error::NotATicketAssignee`],
    /// [`Error::UnknownAssetGroup`], [`Error::TooLong`]. Then nothing was changed.
    pub async fn edit_tickets(&self, actor: &Actor, edit: &EditTickets) -> Result<TicketsEdited> {
        let reach = actor.allow(Action::Edit, Resource::Ticket)?.reach();
        let EditTickets { selection, assignee, state, comment, reopen_ignored_days } = edit;
        check_length("add_comment", comment.as_deref().unwrap_or_default(), COMMENT_CHARACTERS_MAX)?;
        let assignee = match assignee {
            Some(login) => Some(self.ticket_assignee(login).await?.login),
            None => None,
        };
        let mut edited = TicketsEdited::default();
        let numbers = self.editable(actor, &reach, selection, assignee.as_ref(), &mut edited).await?;
        let now = self.clock().now();
        let change = TicketEdit {
            assignee,
            state: *state,
            reopen_at: reopen_ignored_days.map(|days| days_after(now, days)),
            comment: comment.clone(),
            only_in: selection.states.clone(),
        };
        for (number, outcome) in self.store().edit_tickets(&numbers, &change, &actor.login, now).await? {
            match skipped(outcome) {
                None => edited.changed.push(number),
                Some(reason) => edited.skipped.push((number, reason)),
            }
        }
        edited.skipped.sort_unstable_by_key(|(number, _)| *number);
        let details = format!("{} changed, {} skipped", edited.changed.len(), edited.skipped.len());
        self.record_done(actor, "ticket", "edit", details).await?;
        Ok(edited)
    }

    /// Deletes tickets; gives their numbers.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::TooManyTickets`], [`Error::UnknownAssetGroup`].
    pub async fn delete_tickets(&self, actor: &Actor, selection: &TicketSelection) -> Result<Vec<u64>> {
        let reach = actor.allow(Action::Delete, Resource::Ticket)?.reach();
        let numbers = self.editable(actor, &reach, selection, None, &mut TicketsEdited::default()).await?;
        let deleted = self.store().delete_tickets(&numbers, &actor.login, self.clock().now()).await?;
        self.record_done(actor, "ticket", "delete", format!("{} deleted", deleted.len())).await?;
        Ok(deleted)
    }

    /// The numbers of the tickets that may be changed. Those that `assignee` cannot work on are
    /// noted as skipped.
    async fn editable(
        &self,
        actor: &Actor,
        reach: &Reach,
        selection: &TicketSelection,
        assignee: Option<&Login>,
        edited: &mut TicketsEdited,
    ) -> Result<BTreeSet<u64>> {
        self.store().bring_tickets_back(self.clock().now()).await?;
        let mut people = People::read(self).await?;
        // Being given a ticket is not enough to change it: the host must be within reach.
        let may = |ticket: &Ticket| match reach {
            Reach::Everything => true,
            Reach::Assigned { ips, .. } => ips.contains(ticket.ip),
            Reach::Own { .. } | Reach::Nothing => false,
        };
        let (chosen, more) =
            self.choose_tickets(actor, selection, may, &mut people, false, TICKETS_AT_ONCE_MAX).await?;
        if more {
            return Err(Error::TooManyTickets { max: TICKETS_AT_ONCE_MAX });
        }
        let mut numbers = BTreeSet::new();
        for one in chosen {
            let number = one.ticket.number;
            let fits = match assignee {
                Some(login) => people.can_work(self, login, one.ticket.ip).await?,
                None => true,
            };
            if fits {
                numbers.insert(number);
            } else {
                edited.skipped.push((number, TicketSkipped::HostOutOfReach));
            }
        }
        Ok(numbers)
    }
}

/// Why it was left as it is; `None` when it was changed.
fn skipped(outcome: TicketEdited) -> Option<TicketSkipped> {
    match outcome {
        TicketEdited::Changed => None,
        TicketEdited::NotPossible(reason) => Some(TicketSkipped::NotPossible(reason)),
        TicketEdited::SameAssignee => Some(TicketSkipped::SameAssignee),
        TicketEdited::NotIgnored => Some(TicketSkipped::NotIgnored),
        TicketEdited::Moved | TicketEdited::Gone => Some(TicketSkipped::ChangedMeanwhile),
    }
}

/// So many days later.
pub(crate) fn days_after(now: Timestamp, days: u16) -> Timestamp {
    let later = now.as_second().saturating_add(i64::from(days) * SECONDS_PER_DAY);
    Timestamp::from_second(later).unwrap_or(Timestamp::MAX)
}
