//! `ticket_list_deleted.php`: the numbers of deleted tickets, a thousand a call.

use palisade_app::{DeletedTicket, ListDeletedTickets};
use palisade_wire::date_time::date_time;
use palisade_wire::{Call, ErrorForm, Example, Parameter, ParameterKind, Rule, dtd};

use crate::answer::{Answer, end_report};
use crate::error::CallError;
use crate::registry::CallRequest;
use crate::v1::ticket_selection::{SINCE_TICKET_NUMBER, TICKET_NUMBERS, UNTIL_TICKET_NUMBER, write_header};

/// Most tickets of one answer.
const TICKETS_MAX: usize = 1_000;

pub const DELETED_SINCE_DATETIME: Parameter = Parameter::new(
    "deleted_since_datetime",
    ParameterKind::DateTime,
    "2026-01-01",
    "Only tickets that were deleted at this time or later.",
);
pub const DELETED_BEFORE_DATETIME: Parameter = Parameter::new(
    "deleted_before_datetime",
    ParameterKind::DateTime,
    "2026-12-31T23:59:59Z",
    "Only tickets that were deleted before this time.",
);

pub const CALL: Call = Call {
    script: "ticket_list_deleted.php",
    summary: "List deleted tickets",
    description: &[
        "Lists the tickets that were deleted and that all given filters fit, by number. An answer has at most \
         1,000 tickets. When there are more, TRUNCATION follows the list: repeat the call with \
         since_ticket_number set to the number of its attribute last.",
    ],
    parameters: &[
        TICKET_NUMBERS,
        SINCE_TICKET_NUMBER,
        UNTIL_TICKET_NUMBER,
        DELETED_SINCE_DATETIME,
        DELETED_BEFORE_DATETIME,
    ],
    rules: &[Rule::AtLeastOneOf(&[
        "ticket_numbers",
        "since_ticket_number",
        "until_ticket_number",
        "deleted_since_datetime",
        "deleted_before_datetime",
    ])],
    roles: "Manager.",
    root: "TICKET_LIST_DELETED_OUTPUT",
    dtd: &dtd::TICKET_LIST_DELETED_OUTPUT,
    errors: ErrorForm::InRoot { attributes: &[] },
    example: Example {
        parameters: &[("deleted_since_datetime", "2026-01-01")],
        description: "List what was deleted since the beginning of a year.",
    },
};

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
    let wanted = ListDeletedTickets {
        numbers: arguments.numbers(&TICKET_NUMBERS).cloned(),
        since_number: arguments.integer(&SINCE_TICKET_NUMBER),
        until_number: arguments.integer(&UNTIL_TICKET_NUMBER),
        deleted_since: arguments.date_time(&DELETED_SINCE_DATETIME),
        deleted_before: arguments.date_time(&DELETED_BEFORE_DATETIME),
    };
    let (tickets, more) = request.app.list_deleted_tickets(&request.actor, &wanted, TICKETS_MAX).await?;
    let mut xml = request.document();
    xml.open("TICKET_LIST_DELETED_OUTPUT", &[]);
    write_header(&mut xml, &request, CALL.parameters, |_| {});
    xml.list("TICKET_LIST", &tickets, |xml, DeletedTicket { number, deleted_at }| {
        xml.element("TICKET", &[], |xml| {
            xml.text("NUMBER", &number.to_string());
            xml.text("DELETION_DATETIME", &date_time(*deleted_at));
        });
    });
    if let Some(last) = tickets.last().filter(|_| more) {
        let number = last.number.to_string();
        let text = format!("Truncated after {TICKETS_MAX} records");
        xml.text_with("TRUNCATION", &[("last", &number)], &text);
    }
    end_report(&mut xml);
    Ok(Answer::Document(xml.finish()))
}
