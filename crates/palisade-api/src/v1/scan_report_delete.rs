//! `scan_report_delete.php`: deletes a saved report of a scan or a map.

use palisade_wire::date_time::date_time;
use palisade_wire::{Call, ErrorForm, Example, dtd};

use crate::answer::{Answer, GenericReturn};
use crate::error::CallError;
use crate::registry::CallRequest;
use crate::v1::reference::{SCAN_OR_MAP, ScanOrMap, scan_or_map};

pub const CALL: Call = Call {
    script: "scan_report_delete.php",
    summary: "Delete a saved scan or map report",
    description: &[
        "Deletes the saved report of a scan or map that has ended. What the scan has told about the hosts, the \
         history of their detections, stays.",
    ],
    parameters: &[SCAN_OR_MAP],
    rules: &[],
    roles: "Manager: any report. Unit Manager: reports within the business unit. Scanner: reports of own scans \
            and maps.",
    root: "GENERIC_RETURN",
    dtd: &dtd::GENERIC_RETURN,
    errors: ErrorForm::GenericReturn,
    example: Example { parameters: &[("ref", "scan/1400000000.10001")], description: "Delete one report." },
};

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let deleted = match scan_or_map(&request.arguments)? {
        ScanOrMap::Scan(scan) => {
            request.app.delete_report(&request.actor, scan).await?;
            scan.as_str()
        }
        ScanOrMap::Map(map) => {
            request.app.delete_map_report(&request.actor, map).await?;
            map.as_str()
        }
    };
    let answer = GenericReturn {
        base_url: &request.base_url,
        api: CALL.script,
        username: request.actor.login.as_str(),
        at: &date_time(request.app.clock().now()),
        outcome: Ok(&format!("The report {deleted} was deleted.")),
    };
    Ok(Answer::Document(answer.document(None)))
}
