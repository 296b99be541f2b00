//! Ending, pausing, resuming and deleting scans.

use palisade_model::ScanRef;
use palisade_wire::operation::{Answers, Methods, Operation};
use palisade_wire::{Example, Parameter};

use super::{CONTROL_ROLES, SCAN_REF, about_scan};
use crate::answer::Answer;
use crate::error::CallError;
use crate::v2::request::OperationRequest;

/// The one parameter that all four take.
const THE_SCAN: Parameter = SCAN_REF.required();

pub(super) const CANCEL: Operation = Operation {
    resource: "scan",
    action: "cancel",
    methods: Methods::Post,
    takes_document: false,
    summary: "Cancel a scan",
    description: &[
        "Ends a scan that is queued, running or paused. What a scanner is doing for it is broken off within \
         seconds; then the scan is Canceled. What was found until then is kept.",
        "The answer has the items ID and REFERENCE of the scan, in this order.",
    ],
    parameters: &[THE_SCAN],
    rules: &[],
    roles: CONTROL_ROLES,
    answers: Answers::Simple,
    example: Example {
        parameters: &[("scan_ref", "scan/1400000000.10001")],
        description: "Cancel a running scan.",
    },
};

pub(super) const PAUSE: Operation = Operation {
    resource: "scan",
    action: "pause",
    methods: Methods::Post,
    takes_document: false,
    summary: "Pause a scan",
    description: &[
        "Pauses a running scan: scanners stop within two seconds, then its state is Paused. The results of \
         the hosts that are done are kept. It can be resumed, cancelled or deleted.",
        "What a scheduled scan may take at most counts on while it is paused. A paused scan counts among \
         those that may be queued and running at the same time.",
    ],
    parameters: &[THE_SCAN],
    rules: &[],
    roles: CONTROL_ROLES,
    answers: Answers::Simple,
    example: Example {
        parameters: &[("scan_ref", "scan/1400000000.10001")],
        description: "Pause a running scan.",
    },
};

pub(super) const RESUME: Operation = Operation {
    resource: "scan",
    action: "resume",
    methods: Methods::Post,
    takes_document: false,
    summary: "Resume a paused scan",
    description: &[
        "Lets a paused scan go on where it stopped, with whichever scanner has time first. Hosts that were done \
         are not scanned again; of those that were being scanned when it was paused, ports that were looked \
         at are not looked at again, and services are questioned anew.",
    ],
    parameters: &[THE_SCAN],
    rules: &[],
    roles: CONTROL_ROLES,
    answers: Answers::Simple,
    example: Example {
        parameters: &[("scan_ref", "scan/1400000000.10001")],
        description: "Resume a paused scan.",
    },
};

pub(super) const DELETE: Operation = Operation {
    resource: "scan",
    action: "delete",
    methods: Methods::Post,
    takes_document: false,
    summary: "Delete a scan",
    description: &[
        "Deletes a scan that has ended or is paused, with its results. What is known about the hosts from it \
         stays.",
    ],
    parameters: &[THE_SCAN],
    rules: &[],
    roles: CONTROL_ROLES,
    answers: Answers::Simple,
    example: Example {
        parameters: &[("scan_ref", "scan/1400000000.10001")],
        description: "Delete a scan that has ended.",
    },
};

pub(super) async fn cancel(request: OperationRequest) -> Result<Answer, CallError> {
    let (scan, id) = the_scan(&request).await?;
    let done = request.app.cancel_scan(request.actor()?, &scan).await;
    done.map_err(|error| about_scan(&request, error))?;
    Ok(answer(&request, "Canceling scan", id, &scan))
}

pub(super) async fn pause(request: OperationRequest) -> Result<Answer, CallError> {
    let (scan, id) = the_scan(&request).await?;
    let done = request.app.pause_scan(request.actor()?, &scan).await;
    done.map_err(|error| about_scan(&request, error))?;
    Ok(answer(&request, "Pausing scan", id, &scan))
}

pub(super) async fn resume(request: OperationRequest) -> Result<Answer, CallError> {
    let (scan, id) = the_scan(&request).await?;
    let done = request.app.resume_scan(request.actor()?, &scan).await;
    done.map_err(|error| about_scan(&request, error))?;
    Ok(answer(&request, "Resuming scan", id, &scan))
}

pub(super) async fn delete(request: OperationRequest) -> Result<Answer, CallError> {
    let (scan, id) = the_scan(&request).await?;
    let done = request.app.delete_scan(request.actor()?, &scan).await;
    done.map_err(|error| about_scan(&request, error))?;
    Ok(answer(&request, "Deleting scan", id, &scan))
}

/// The scan that the request names, and its id.
async fn the_scan(request: &OperationRequest) -> Result<(ScanRef, i64), CallError> {
    let unknown = || request.invalid(&SCAN_REF, "No such scan");
    let scan = request.arguments.scan_ref(&SCAN_REF).ok_or_else(unknown)?;
    let found = request.app.scan(request.actor()?, scan).await;
    let view = found.map_err(|error| about_scan(request, error))?;
    Ok((view.scan, view.id))
}

/// Clients take the second item as the reference.
pub(super) fn answer(request: &OperationRequest, text: &str, id: i64, scan: &ScanRef) -> Answer {
    request.simple_return(text, &[("ID", id.to_string()), ("REFERENCE", scan.to_string())])
}
