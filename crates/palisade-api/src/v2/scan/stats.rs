//! `scan/stats/`: how far the results of scans have been taken in.

use palisade_app::ListedScan;
use palisade_model::{Action, Resource};
use palisade_wire::dtd::v2::VM_RECRYPT_RESULTS;
use palisade_wire::operation::{Answers, Methods, Operation};
use palisade_wire::{Example, XmlWriter};

use super::state;
use crate::answer::Answer;
use crate::error::CallError;
use crate::v2::registry::{OperationRow, operation};
use crate::v2::request::OperationRequest;

pub(super) const LIST: Operation = Operation {
    resource: "scan/stats",
    action: "list",
    methods: Methods::Any,
    takes_document: false,
    summary: "Show how far results have been taken in",
    description: &[
        "Counts the scans that have not ended (UNPROCESSED_SCANS) and the hosts of them whose results are still \
         to come (VM_RECRYPT_BACKLOG), and lists these scans with the number of such hosts (COUNT), oldest \
         first.",
        "VM_RECRYPT_BACKLOG_BY_TASK lists the scans that ended last, newest first; results are taken in as they \
         come, so that an ended scan is always processed.",
    ],
    parameters: &[],
    rules: &[],
    roles: "Manager.",
    answers: Answers::Document { root: "TASK_PROCESSING", dtd: &VM_RECRYPT_RESULTS },
    example: Example { parameters: &[], description: "Show what is still to come." },
};

pub(crate) static ROWS: &[OperationRow] = &[operation!(LIST, list, &[(Action::Edit, Resource::Scan)])];

async fn list(request: OperationRequest) -> Result<Answer, CallError> {
    let statistics = request.app.scan_statistics(request.actor()?).await?;
    let left: u64 = statistics.unprocessed.iter().map(hosts_left).sum();
    let mut xml = request.document();
    xml.text("UNPROCESSED_SCANS", &statistics.unprocessed.len().to_string());
    xml.text("VM_RECRYPT_BACKLOG", &left.to_string());
    xml.list("VM_RECRYPT_BACKLOG_BY_SCAN", &statistics.unprocessed, write_scan);
    xml.list("VM_RECRYPT_BACKLOG_BY_TASK", &statistics.processed, write_scan);
    Ok(OperationRequest::end(xml))
}

/// Hosts whose results are still to come.
fn hosts_left(scan: &ListedScan) -> u64 {
    scan.hosts_total.saturating_sub(scan.hosts_done)
}

fn write_scan(xml: &mut XmlWriter, scan: &ListedScan) {
    let left = if scan.processed { 0 } else { hosts_left(scan) };
    xml.element("SCAN", &[], |xml| {
        xml.text("ID", &scan.id.to_string());
        xml.cdata("TITLE", &scan.title);
        xml.text("STATUS", state(scan.status));
        xml.text("PROCESSED", if scan.processed { "1" } else { "0" });
        xml.text("COUNT", &left.to_string());
        xml.text("NBHOST", &scan.hosts_total.to_string());
        xml.date_time("SCAN_DATE", scan.launched_at);
        if let Some(ended_at) = scan.ended_at {
            xml.date_time("SCAN_UPDATED_DATE", ended_at);
        }
    });
}
