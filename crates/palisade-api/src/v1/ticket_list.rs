//! `ticket_list.php`: remediation tickets by number, a thousand a call.

use palisade_app::TicketPage;
use palisade_wire::{Call, ErrorForm, Example, Parameter, ParameterKind, Rule, dtd};

use crate::answer::Answer;
use crate::error::CallError;
use crate::registry::CallRequest;
use crate::v1::pages::{Disconnected, Pages};
use crate::v1::ticket_document::{Shown, VendorForm, write_ticket};
use crate::v1::ticket_selection::{SELECTION, SELECTION_NAMES, selection, with_selection, write_header};

/// Most tickets of one answer.
const TICKETS_MAX: usize = 1_000;

pub const SHOW_VULN_DETAILS: Parameter = Parameter::new(
    "show_vuln_details",
    ParameterKind::ZeroOne,
    "1",
    "1 shows diagnosis, consequence, solution and evidence.",
)
.default("0");
pub const SHOW_HOST_ID: Parameter =
    Parameter::new("show_host_id", ParameterKind::ZeroOne, "1", "1 shows the IDs of hosts.").default("0");

pub const CALL: Call = Call {
    script: "ticket_list.php",
    summary: "List tickets",
    description: &[
        "Lists the remediation tickets that all given filters fit, by number. Tickets are made by remediation \
         policies when scan results come in, and by ignoring vulnerabilities.",
        "An answer has at most 1,000 tickets. When there are more, TRUNCATION follows the list: repeat the call \
         with since_ticket_number set to the number of its attribute last. That ticket is then sent once more.",
        "The newest entry of a history stands first. A ticket whose newest state went from CLOSED to OPEN was \
         reopened by a scan that found the vulnerability again.",
    ],
    parameters: with_selection!(SHOW_VULN_DETAILS, SHOW_HOST_ID),
    rules: &[Rule::AtLeastOneOf(SELECTION_NAMES)],
    roles: "Manager: all tickets. Unit Manager: hosts of the business unit. Scanner and Reader: hosts of \
            assigned asset groups. Beside these, everybody sees the tickets given to them.",
    root: "REMEDIATION_TICKETS",
    dtd: &dtd::TICKET_LIST_OUTPUT,
    errors: ErrorForm::InRoot { attributes: &[] },
    example: Example {
        parameters: &[("states", "OPEN"), ("vuln_severities", "4,5"), ("overdue", "1")],
        description: "List the open tickets about severe vulnerabilities that are overdue.",
    },
};

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let details = request.arguments.switch(&SHOW_VULN_DETAILS);
    let wanted = selection(&request.arguments);
    let page = request.app.list_tickets(&request.actor, &wanted, details, TICKETS_MAX).await?;
    let shown = Shown { details, host_id: request.arguments.switch(&SHOW_HOST_ID), vendor: VendorForm::Text };
    let (mut pages, answer) = Pages::new(request.document());
    pages.xml.open("REMEDIATION_TICKETS", &[]);
    write_header(&mut pages.xml, &request, SELECTION, |_| {});
    tokio::spawn(async move {
        // A client that hung up has nothing left to be told.
        let _ = send(request, page, shown, pages).await;
    });
    Ok(answer)
}

async fn send(
    request: CallRequest,
    page: TicketPage,
    shown: Shown,
    mut pages: Pages,
) -> Result<(), Disconnected> {
    if !page.tickets.is_empty() {
        pages.xml.open("TICKET_LIST", &[]);
        for view in &page.tickets {
            if let Some(entry) = request.app.kb().entry(view.ticket.key.qid) {
                write_ticket(&mut pages.xml, &page, view, entry, shown);
            }
            pages.turn().await?;
        }
        pages.xml.close();
    }
    if let Some(last) = page.tickets.last().filter(|_| page.more) {
        let number = last.ticket.number.to_string();
        let text = format!("Truncated after {TICKETS_MAX} records");
        pages.xml.text_with("TRUNCATION", &[("last", &number)], &text);
    }
    pages.end().await
}
