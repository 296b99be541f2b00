//! `scan_report.php`: one saved report, page by page.

use palisade_app::Error as AppError;
use palisade_wire::{Call, ErrorForm, Example, dtd};

use crate::answer::Answer;
use crate::error::CallError;
use crate::registry::CallRequest;
use crate::v1::reference::{REF, scan_ref};
use crate::v1::scan_stream;

pub const CALL: Call = Call {
    script: "scan_report.php",
    summary: "Read a saved scan report",
    description: &[
        "Returns the results of a scan that was launched with save_report=yes and has ended. The document \
         is that of scan.php, but the HEADER comes first, the IP elements have no status, and hosts that \
         did not answer are left out.",
    ],
    parameters: &[REF],
    rules: &[],
    roles: "Manager: all reports. Unit Manager: the business unit. Scanner and Reader: assigned asset groups.",
    root: "SCAN",
    dtd: &dtd::SCAN,
    errors: ErrorForm::InRoot { attributes: &[("value", "None")] },
    example: Example { parameters: &[("ref", "scan/1400000000.10001")], description: "Read one report." },
};

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let scan = scan_ref(&request.arguments)?;
    let view = request.app.scan(&request.actor, scan).await?;
    if !view.save_report {
        return Err(AppError::UnknownScan.into());
    }
    if !view.status.is_ended() {
        return Err(AppError::ScanRunning.into());
    }
    Ok(scan_stream::replay(request, view)?)
}
