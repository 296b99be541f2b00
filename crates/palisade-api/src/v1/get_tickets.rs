//! `get_tickets.php`: the older export of tickets, for programs that keep tickets themselves.

use palisade_app::{TicketPage, TicketSelection};
use palisade_model::TicketState;
use palisade_wire::{Arguments, Call, ErrorForm, Example, Parameter, ParameterKind, Rule, dtd};

use crate::answer::Answer;
use crate::error::{CallError, Refusal};
use crate::registry::CallRequest;
use crate::v1::pages::{Disconnected, Pages};
use crate::v1::ticket_document::{Shown, VendorForm, write_ticket};
use crate::v1::ticket_selection::write_header;

/// Most numbers of one call.
const NUMBERS_MAX: u64 = 1_000;
/// Tickets fetched at a time.
const PAGE_TICKETS: usize = 500;

pub const TICKET_NUMBERS: Parameter = Parameter::new(
    "ticket_numbers",
    ParameterKind::Numbers,
    "1800,2000-2100",
    "Only tickets with these numbers, at most 1,000 of them.",
);
pub const SINCE: Parameter = Parameter::new(
    "since",
    ParameterKind::DateTime,
    "2026-01-01T00:00:00Z",
    "Only tickets that were changed at this time or later.",
);
pub const STATE: Parameter = Parameter::new(
    "state",
    ParameterKind::Choice(&["OPEN", "RESOLVED", "CLOSED"]),
    "OPEN",
    "Only tickets in this state. A reopened ticket is OPEN, an ignored one CLOSED.",
)
.default("all states");
pub const VULN_DETAILS: Parameter = Parameter::new(
    "vuln_details",
    ParameterKind::ZeroOne,
    "1",
    "1 shows diagnosis, consequence, solution and evidence.",
)
.default("0");

pub const CALL: Call = Call {
    script: "get_tickets.php",
    summary: "Export tickets",
    description: &[
        "Exports remediation tickets by number: those that are named, or all that were changed since a time. \
         Programs that keep tickets of their own call it with the time of their last call. The answer is not \
         cut; ticket_list.php has more filters.",
    ],
    parameters: &[TICKET_NUMBERS, SINCE, STATE, VULN_DETAILS],
    rules: &[Rule::OneOf(&["ticket_numbers", "since"])],
    roles: "Manager: all tickets. Unit Manager: hosts of the business unit. Scanner and Reader: hosts of \
            assigned asset groups. Beside these, everybody sees the tickets given to them.",
    root: "REMEDIATION_TICKETS",
    dtd: &dtd::REMEDIATION_TICKETS,
    errors: ErrorForm::InRoot { attributes: &[] },
    example: Example {
        parameters: &[("since", "2026-01-01T00:00:00Z"), ("state", "OPEN")],
        description: "Export the open tickets that were changed since the beginning of a year.",
    },
};

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let wanted = selection(&request.arguments)?;
    let details = request.arguments.switch(&VULN_DETAILS);
    // The first page is read before anything is answered, so that a refusal is one.
    let first = request.app.list_tickets(&request.actor, &wanted, details, PAGE_TICKETS).await?;
    let (mut pages, answer) = Pages::new(request.document());
    pages.xml.open("REMEDIATION_TICKETS", &[]);
    write_header(&mut pages.xml, &request, &[TICKET_NUMBERS, SINCE, STATE], |_| {});
    tokio::spawn(async move {
        // A client that hung up has nothing left to be told.
        let _ = send(request, wanted, first, pages).await;
    });
    Ok(answer)
}

fn selection(arguments: &Arguments) -> Result<TicketSelection, CallError> {
    let numbers = arguments.numbers(&TICKET_NUMBERS).cloned();
    if numbers.as_ref().is_some_and(|numbers| numbers.count() > NUMBERS_MAX) {
        let text =
            format!("Invalid value for 'ticket_numbers' : The list has more than {NUMBERS_MAX} numbers.");
        return Err(CallError::Refused(Refusal::new(5000, text)));
    }
    let states = match arguments.choice(&STATE) {
        Some("OPEN") => vec![TicketState::Open, TicketState::Reopened],
        Some("RESOLVED") => vec![TicketState::Resolved],
        Some(_) => vec![TicketState::Fixed, TicketState::Ignored],
        None => Vec::new(),
    };
    let modified_since = arguments.date_time(&SINCE);
    Ok(TicketSelection { numbers, states, modified_since, ..TicketSelection::default() })
}

async fn send(
    request: CallRequest,
    mut wanted: TicketSelection,
    mut page: TicketPage,
    mut pages: Pages,
) -> Result<(), Disconnected> {
    let details = request.arguments.switch(&VULN_DETAILS);
    let shown = Shown { details, host_id: false, vendor: VendorForm::Attribute };
    let any = !page.tickets.is_empty();
    if any {
        pages.xml.open("TICKET_LIST", &[]);
    }
    loop {
        for view in &page.tickets {
            if let Some(entry) = request.app.kb().entry(view.ticket.key.qid) {
                write_ticket(&mut pages.xml, &page, view, entry, shown);
            }
            pages.turn().await?;
        }
        let Some(last) = page.tickets.last().filter(|_| page.more) else { break };
        wanted.since_number = Some(last.ticket.number.saturating_add(1));
        match request.app.list_tickets(&request.actor, &wanted, details, PAGE_TICKETS).await {
            Ok(next) => page = next,
            Err(error) => {
                pages.xml.close();
                return pages.break_off(&error).await;
            }
        }
    }
    if any {
        pages.xml.close();
    }
    pages.end().await
}
