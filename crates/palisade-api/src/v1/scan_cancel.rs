//! `scan_cancel.php`: stops a scan.

use palisade_wire::date_time::date_time;
use palisade_wire::{Call, ErrorForm, Example, dtd};

use crate::answer::{Answer, GenericReturn};
use crate::error::CallError;
use crate::registry::CallRequest;
use crate::v1::reference::{REF, scan_ref};

pub const CALL: Call = Call {
    script: "scan_cancel.php",
    summary: "Cancel a scan",
    description: &[
        "Stops a scan that is queued or running. Conversations with hosts that are under way are ended \
         first, which may take some seconds; what was found until then is kept in the scan's results.",
    ],
    parameters: &[REF],
    rules: &[],
    roles: "Manager: any scan. Unit Manager: scans within the business unit. Scanner: own scans.",
    root: "GENERIC_RETURN",
    dtd: &dtd::GENERIC_RETURN,
    errors: ErrorForm::GenericReturn,
    example: Example { parameters: &[("ref", "scan/1400000000.10001")], description: "Cancel one scan." },
};

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let scan = scan_ref(&request.arguments)?;
    request.app.cancel_scan(&request.actor, scan).await?;
    let answer = GenericReturn {
        base_url: &request.base_url,
        api: CALL.script,
        username: request.actor.login.as_str(),
        at: &date_time(request.app.clock().now()),
        outcome: Ok(&format!("The scan {scan} is being canceled.")),
    };
    Ok(Answer::Document(answer.document(None)))
}
