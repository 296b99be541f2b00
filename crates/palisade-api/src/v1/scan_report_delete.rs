//! `scan_report_delete.php`: deletes a saved report.

use palisade_wire::date_time::date_time;
use palisade_wire::{Call, ErrorForm, Example, dtd};

use crate::answer::{Answer, GenericReturn};
use crate::error::CallError;
use crate::registry::CallRequest;
use crate::v1::reference::{REF, scan_ref};

pub const CALL: Call = Call {
    script: "scan_report_delete.php",
    summary: "Delete a saved scan report",
    description: &[
        "Deletes the saved report of a scan that has ended. What the scan has told about the hosts, the \
         history of their detections, stays.",
    ],
    parameters: &[REF],
    rules: &[],
    roles: "Manager: any report. Unit Manager: reports within the business unit. Scanner: reports of own scans.",
    root: "GENERIC_RETURN",
    dtd: &dtd::GENERIC_RETURN,
    errors: ErrorForm::GenericReturn,
    example: Example { parameters: &[("ref", "scan/1400000000.10001")], description: "Delete one report." },
};

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let scan = scan_ref(&request.arguments)?;
    request.app.delete_report(&request.actor, scan).await?;
    let answer = GenericReturn {
        base_url: &request.base_url,
        api: CALL.script,
        username: request.actor.login.as_str(),
        at: &date_time(request.app.clock().now()),
        outcome: Ok(&format!("The report {scan} was deleted.")),
    };
    Ok(Answer::Document(answer.document(None)))
}
