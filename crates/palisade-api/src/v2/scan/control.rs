//! Ending, pausing, resuming and deleting scans.

use palisade_app::Error as AppError;
use palisade_model::ScanRef;
use palisade_wire::Example;
use palisade_wire::operation::{Answers, Methods, Operation};

use super::{CONTROL_ROLES, SCAN_REF, about_scan};
use crate::answer::Answer;
use crate::error::CallError;
use crate::v2::request::OperationRequest;

/// What is done with one scan: all such operations take its reference and answer its id.
const fn control(
    action: &'static str,
    summary: &'static str,
    description: &'static [&'static str],
    example: &'static str,
) -> Operation {
    Operation {
        resource: "scan",
        action,
        methods: Methods::Post,
        takes_document: false,
        summary,
        description,
        parameters: const { &[SCAN_REF.required()] },
        rules: &[],
        roles: CONTROL_ROLES,
        answers: Answers::Simple,
        example: Example { parameters: &[("scan_ref", "scan/1400000000.10001")], description: example },
    }
}

pub(super) const CANCEL: Operation = control(
    "cancel",
    "Cancel a scan",
    &[
        "Ends a scan that is queued, running or paused. What a scanner is doing for it is broken off within \
         seconds; then the scan is Canceled. What was found until then is kept.",
        "The answer has the items ID and REFERENCE of the scan, in this order.",
    ],
    "Cancel a running scan.",
);
pub(super) const PAUSE: Operation = control(
    "pause",
    "Pause a scan",
    &[
        "Pauses a running scan: scanners stop within two seconds, then its state is Paused. The results of \
         the hosts that are done are kept. It can be resumed, cancelled or deleted.",
        "What a scheduled scan may take at most counts on while it is paused. A paused scan counts among \
         those that may be queued and running at the same time.",
    ],
    "Pause a running scan.",
);
pub(super) const RESUME: Operation = control(
    "resume",
    "Resume a paused scan",
    &[
        "Lets a paused scan go on where it stopped, with whichever scanner has time first. Hosts that were done \
         are not scanned again; of those that were being scanned when it was paused, ports that were looked \
         at are not looked at again, and services are questioned anew.",
    ],
    "Resume a paused scan.",
);
pub(super) const DELETE: Operation = control(
    "delete",
    "Delete a scan",
    &["Deletes a scan that has ended or is paused, with its results. What is known about the hosts from it \
         stays."],
    "Delete a scan that has ended.",
);

pub(super) async fn cancel(request: OperationRequest) -> Result<Answer, CallError> {
    let (scan, id) = the_scan(&request).await?;
    let done = request.app.cancel_scan(request.actor()?, &scan).await;
    finish(&request, done, "Canceling scan", id, &scan)
}

pub(super) async fn pause(request: OperationRequest) -> Result<Answer, CallError> {
    let (scan, id) = the_scan(&request).await?;
    let done = request.app.pause_scan(request.actor()?, &scan).await;
    finish(&request, done, "Pausing scan", id, &scan)
}

pub(super) async fn resume(request: OperationRequest) -> Result<Answer, CallError> {
    let (scan, id) = the_scan(&request).await?;
    let done = request.app.resume_scan(request.actor()?, &scan).await;
    finish(&request, done, "Resuming scan", id, &scan)
}

pub(super) async fn delete(request: OperationRequest) -> Result<Answer, CallError> {
    let (scan, id) = the_scan(&request).await?;
    let done = request.app.delete_scan(request.actor()?, &scan).await;
    finish(&request, done, "Deleting scan", id, &scan)
}

/// The scan that the request names, and its id.
async fn the_scan(request: &OperationRequest) -> Result<(ScanRef, i64), CallError> {
    let unknown = || request.invalid(&SCAN_REF, "No such scan");
    let scan = request.arguments.scan_ref(&SCAN_REF).ok_or_else(unknown)?;
    let found = request.app.scan(request.actor()?, scan).await;
    let view = found.map_err(|error| about_scan(request, error))?;
    Ok((view.scan, view.id))
}

/// What is answered once it was done, or was not.
fn finish(
    request: &OperationRequest,
    done: Result<(), AppError>,
    text: &str,
    id: i64,
    scan: &ScanRef,
) -> Result<Answer, CallError> {
    done.map_err(|error| about_scan(request, error))?;
    Ok(answer(request, text, id, scan))
}

/// Clients take the second item as the reference.
pub(super) fn answer(request: &OperationRequest, text: &str, id: i64, scan: &ScanRef) -> Answer {
    request.simple_return(text, &[("ID", id.to_string()), ("REFERENCE", scan.to_string())])
}
