//! `ticket_edit.php`: giving tickets to others, moving them, commenting on them.

use palisade_app::{EditTickets, TicketSkipped, TicketsEdited};
use palisade_model::RequestedState;
use palisade_model::ticket::NotPossible;
use palisade_wire::{Call, ErrorForm, Example, Parameter, ParameterKind, Rule, dtd};

use crate::answer::{Answer, end_report};
use crate::error::CallError;
use crate::registry::CallRequest;
use crate::v1::ticket_selection::{
    SELECTION, SELECTION_NAMES, selection, with_selection, write_header, write_numbers,
};

pub const CHANGE_ASSIGNEE: Parameter = Parameter::new(
    "change_assignee",
    ParameterKind::Text { max_chars: 64 },
    "acme_cd1",
    "Gives the tickets to the user with this login: no Contact, and one who reaches the hosts.",
);
pub const CHANGE_STATE: Parameter = Parameter::new(
    "change_state",
    ParameterKind::Choice(RequestedState::WORDS),
    "RESOLVED",
    "OPEN opens tickets again, RESOLVED says that the next scan will not find the vulnerability any more, \
     IGNORED closes them and ignores the vulnerability. Closed and ignored tickets cannot be RESOLVED.",
);
pub const ADD_COMMENT: Parameter = Parameter::new(
    "add_comment",
    ParameterKind::Text { max_chars: 2_000 },
    "Patched on all servers",
    "A comment for the histories of the tickets.",
);
pub const REOPEN_IGNORED_DAYS: Parameter = Parameter::new(
    "reopen_ignored_days",
    ParameterKind::Integer { min: 1, max: 730 },
    "30",
    "Days after which ignored tickets are opened again, or closed if a scan found the vulnerability fixed.",
);

pub const CALL: Call = Call {
    script: "ticket_edit.php",
    summary: "Edit tickets",
    description: &[
        "Changes the remediation tickets that all given filters fit, at most 20,000 of them; with more, none is \
         changed. The answer lists the tickets that were changed, and those that were left as they are with \
         the reason. What two users change in the same moment is applied one after the other.",
    ],
    parameters: with_selection!(CHANGE_ASSIGNEE, CHANGE_STATE, ADD_COMMENT, REOPEN_IGNORED_DAYS),
    rules: &[
        Rule::AtLeastOneOf(SELECTION_NAMES),
        Rule::AtLeastOneOf(&["change_assignee", "change_state", "add_comment", "reopen_ignored_days"]),
    ],
    roles: "Manager: all tickets. Unit Manager: hosts of the business unit.",
    root: "TICKET_EDIT_OUTPUT",
    dtd: &dtd::TICKET_EDIT_OUTPUT,
    errors: ErrorForm::InRoot { attributes: &[] },
    example: Example {
        parameters: &[("ticket_numbers", "1800-1810"), ("change_state", "RESOLVED")],
        description: "Say that what some tickets are about is done.",
    },
};

/// The parameters that change something, and their elements.
const UPDATES: [(&Parameter, &str); 4] = [
    (&CHANGE_ASSIGNEE, "ASSIGNEE"),
    (&CHANGE_STATE, "STATE"),
    (&ADD_COMMENT, "COMMENT"),
    (&REOPEN_IGNORED_DAYS, "REOPEN_IGNORED_DAYS"),
];

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
    let edit = EditTickets {
        selection: selection(arguments),
        assignee: arguments.text(&CHANGE_ASSIGNEE).map(|login| login.trim().to_owned()),
        state: arguments.choice(&CHANGE_STATE).and_then(|word| word.parse().ok()),
        comment: arguments.text(&ADD_COMMENT).map(str::to_owned),
        reopen_ignored_days: arguments.integer(&REOPEN_IGNORED_DAYS).and_then(|days| days.try_into().ok()),
    };
    let TicketsEdited { changed, skipped } = request.app.edit_tickets(&request.actor, &edit).await?;
    let mut xml = request.document();
    xml.open("TICKET_EDIT_OUTPUT", &[]);
    write_header(&mut xml, &request, SELECTION, |xml| {
        xml.element("UPDATE", &[], |xml| {
            for (parameter, element) in UPDATES {
                match (arguments.written(parameter), parameter.kind) {
                    (Some(written), ParameterKind::Text { .. }) => xml.cdata(element, written),
                    (Some(written), _) => xml.text(element, written),
                    (None, _) => {}
                }
            }
        });
    });
    if !changed.is_empty() {
        let count = changed.len().to_string();
        xml.element("CHANGES", &[("count", &count)], |xml| write_numbers(xml, &changed));
    }
    if !skipped.is_empty() {
        let count = skipped.len().to_string();
        xml.element("SKIPPED", &[("count", &count)], |xml| {
            xml.list("TICKET_LIST", skipped, |xml, (number, skipped)| {
                xml.element("TICKET", &[], |xml| {
                    xml.text("NUMBER", &number.to_string());
                    xml.text("REASON", reason(skipped));
                });
            });
        });
    }
    end_report(&mut xml);
    Ok(Answer::Document(xml.finish()))
}

fn reason(skipped: TicketSkipped) -> &'static str {
    match skipped {
        TicketSkipped::NotPossible(NotPossible::Already) => "The ticket is in this state already.",
        TicketSkipped::NotPossible(NotPossible::Closed) => "A closed ticket cannot be resolved.",
        TicketSkipped::SameAssignee => "The ticket is given to this user already.",
        TicketSkipped::NotIgnored => "The ticket is not ignored.",
        TicketSkipped::HostOutOfReach => "The user does not have the host.",
        TicketSkipped::ChangedMeanwhile => "The ticket was changed by somebody else at the same moment.",
    }
}
