//! `iscanner_list.php`: scanner appliances. The server's own scanner is none, and there are no
//! others yet.

use palisade_model::{Action, Resource};
use palisade_wire::{Call, ErrorForm, Example, dtd};

use crate::answer::{Answer, end_report};
use crate::error::CallError;
use crate::registry::CallRequest;

pub const CALL: Call = Call {
    script: "iscanner_list.php",
    summary: "List scanner appliances",
    description: &[
        "Lists the scanner appliances of the subscription. There are none yet: scans are done by the \
         scanner of the server itself, which is no appliance, so the list is empty.",
    ],
    parameters: &[],
    rules: &[],
    roles: "Manager, Unit Manager and Scanner.",
    root: "ISCANNER_LIST",
    dtd: &dtd::ISCANNER_LIST,
    errors: ErrorForm::InRoot { attributes: &[] },
    example: Example { parameters: &[], description: "Show that there is no appliance." },
};

#[expect(clippy::unused_async, reason = "handlers have one shape")]
pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    request.actor.may(Action::Launch, Resource::Scan)?;
    let mut xml = request.document();
    xml.empty("ISCANNER_LIST", &[]);
    end_report(&mut xml);
    Ok(Answer::Document(xml.finish()))
}
