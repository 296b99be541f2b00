//! Reports on tickets as CSV: how many there are in which state, put together by vulnerability, user or
//! asset group, or all of them by severity.

use std::collections::BTreeMap;

use palisade_app::{App, ReportTask, Ticket, TicketPlan, TicketSelection};
use palisade_model::{TicketGrouping, TicketState, Timestamp};
use palisade_wire::csv::CsvWriter;

use crate::csv_head::write_origin;
use crate::pages::{Lines, WriteError};

/// Tickets read at a time.
const PAGE_TICKETS: usize = 1_000;

/// How many tickets are in which state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Tally {
    open: u64,
    resolved: u64,
    closed: u64,
    ignored: u64,
    /// Of the open and resolved ones.
    overdue: u64,
}

impl Tally {
    fn count(&mut self, ticket: &Ticket, now: Timestamp) {
        let state = match ticket.state {
            TicketState::Open | TicketState::Reopened => &mut self.open,
            TicketState::Resolved => &mut self.resolved,
            TicketState::Fixed => &mut self.closed,
            TicketState::Ignored => &mut self.ignored,
        };
        *state += 1;
        self.overdue += u64::from(ticket.state.is_pending() && ticket.due_at < now);
    }

    fn cells(self) -> [String; 6] {
        let Self { open, resolved, closed, ignored, overdue } = self;
        [open, resolved, closed, ignored, overdue, open + resolved + closed + ignored]
            .map(|count| count.to_string())
    }
}

const TALLY_COLUMNS: [&str; 6] = ["Open", "Resolved", "Closed", "Ignored", "Overdue", "Total"];

/// Writes the whole document.
pub(crate) async fn write_csv(
    lines: &mut Lines,
    app: &App,
    task: &ReportTask,
    plan: &TicketPlan,
) -> Result<(), WriteError> {
    write_origin(&mut lines.csv, app, task);
    let now = app.clock().now();
    let mut tallies: BTreeMap<Vec<String>, Tally> = BTreeMap::new();
    let mut selection = plan.selection.clone();
    loop {
        let page = app.list_tickets(&task.owner, &selection, false, PAGE_TICKETS).await?;
        let Some(last) = page.tickets.last().map(|view| view.ticket.number) else { break };
        for view in &page.tickets {
            let ticket = &view.ticket;
            match plan.grouping {
                TicketGrouping::AssetGroup => {
                    let of_host = plan.asset_groups.iter().filter(|(_, ips)| ips.contains(ticket.ip));
                    for (title, _) in of_host {
                        tallies.entry(vec![title.clone()]).or_default().count(ticket, now);
                    }
                }
                TicketGrouping::User => {
                    let person = page.person(&ticket.assignee);
                    let key = vec![ticket.assignee.to_string(), person.name];
                    tallies.entry(key).or_default().count(ticket, now);
                }
                TicketGrouping::Vulnerability | TicketGrouping::Everything => {
                    let Some(key) = vulnerability(app, plan.grouping, ticket) else { continue };
                    tallies.entry(key).or_default().count(ticket, now);
                }
            }
        }
        if !page.more {
            break;
        }
        selection = TicketSelection { since_number: Some(last + 1), ..selection };
    }
    write_table(&mut lines.csv, plan.grouping, tallies);
    Ok(())
}

/// What a ticket counts under.
fn vulnerability(app: &App, grouping: TicketGrouping, ticket: &Ticket) -> Option<Vec<String>> {
    let kb = app.kb();
    let entry = kb.entry(ticket.key.qid)?;
    let severity = entry.severity.to_string();
    Some(match grouping {
        TicketGrouping::Everything => vec![severity],
        // Sorted by number; ten digits hold every QID.
        _ => vec![format!("{:>10}", entry.qid.number()), entry.title.clone(), severity],
    })
}

fn write_table(csv: &mut CsvWriter, grouping: TicketGrouping, tallies: BTreeMap<Vec<String>, Tally>) {
    let columns: &[&str] = match grouping {
        TicketGrouping::Everything => &["Severity"],
        TicketGrouping::Vulnerability => &["QID", "Title", "Severity"],
        TicketGrouping::User => &["User", "Name"],
        TicketGrouping::AssetGroup => &["Asset Group"],
    };
    csv.row(columns.iter().chain(&TALLY_COLUMNS));
    for (key, tally) in tallies {
        let key = key.into_iter().map(|cell| cell.trim_start().to_owned());
        csv.row(key.chain(tally.cells()));
    }
}
