//! `scan_cancel.php`: stops a scan or a map.

use palisade_wire::date_time::date_time;
use palisade_wire::{Call, ErrorForm, Example, dtd};

use crate::answer::{Answer, GenericReturn};
use crate::error::CallError;
use crate::registry::CallRequest;
use crate::v1::reference::{SCAN_OR_MAP, ScanOrMap, scan_or_map};

pub const CALL: Call = Call {
    script: "scan_cancel.php",
    summary: "Cancel a scan or map",
    description: &[
        "Stops a scan that is queued or running. Conversations with hosts that are under way are ended \
         first, which may take some seconds; what was found until then is kept in the scan's results.",
        "The same holds for maps. Canceling the map of one domain cancels those of the same request that \
         have not begun.",
    ],
    parameters: &[SCAN_OR_MAP],
    rules: &[],
    roles: "Manager: any scan or map. Unit Manager: those within the business unit. Scanner: own ones.",
    root: "GENERIC_RETURN",
    dtd: &dtd::GENERIC_RETURN,
    errors: ErrorForm::GenericReturn,
    example: Example { parameters: &[("ref", "scan/1400000000.10001")], description: "Cancel one scan." },
};

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let done = match scan_or_map(&request.arguments)? {
        ScanOrMap::Scan(scan) => {
            request.app.cancel_scan(&request.actor, scan).await?;
            format!("The scan {scan} is being canceled.")
        }
        ScanOrMap::Map(map) => {
            request.app.cancel_map(&request.actor, map).await?;
            format!("The map {map} is being canceled.")
        }
    };
    let answer = GenericReturn {
        base_url: &request.base_url,
        api: CALL.script,
        username: request.actor.login.as_str(),
        at: &date_time(request.app.clock().now()),
        outcome: Ok(&done),
    };
    Ok(Answer::Document(answer.document(None)))
}
