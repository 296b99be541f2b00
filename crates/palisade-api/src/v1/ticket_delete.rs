//! `ticket_delete.php`: deleting tickets; their numbers are kept for `ticket_list_deleted.php`.

use palisade_wire::{Call, ErrorForm, Example, Rule, dtd};

use crate::answer::{Answer, end_report};
use crate::error::CallError;
use crate::registry::CallRequest;
use crate::v1::ticket_selection::{
    SELECTION, SELECTION_NAMES, selection, with_selection, write_header, write_numbers,
};

pub const CALL: Call = Call {
    script: "ticket_delete.php",
    summary: "Delete tickets",
    description: &[
        "Deletes the remediation tickets that all given filters fit, with their histories: at most 20,000 of \
         them; with more, none is deleted. A vulnerability that was ignored by its ticket is ignored no longer, \
         and a policy may make a new ticket when a scan finds it.",
    ],
    parameters: with_selection!(),
    rules: &[Rule::AtLeastOneOf(SELECTION_NAMES)],
    roles: "Manager. Unit Manager with the permission edit_remediation_policy: tickets of the unit's hosts.",
    root: "TICKET_DELETE_OUTPUT",
    dtd: &dtd::TICKET_DELETE_OUTPUT,
    errors: ErrorForm::InRoot { attributes: &[] },
    example: Example {
        parameters: &[("states", "CLOSED"), ("unmodified_since_datetime", "2026-01-01")],
        description: "Delete the tickets that were closed before a year began.",
    },
};

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let wanted = selection(&request.arguments);
    let deleted = request.app.delete_tickets(&request.actor, &wanted).await?;
    let mut xml = request.document();
    xml.open("TICKET_DELETE_OUTPUT", &[]);
    write_header(&mut xml, &request, SELECTION, |_| {});
    let count = deleted.len().to_string();
    xml.element("RETURN", &[], |xml| {
        xml.element("CHANGES", &[("count", &count)], |xml| write_numbers(xml, &deleted));
    });
    end_report(&mut xml);
    Ok(Answer::Document(xml.finish()))
}
