//! `scan_running_list.php`: scans and maps in progress, and how far they are.

use palisade_app::{MapView, ScanView};
use palisade_wire::date_time::{date_time, duration};
use palisade_wire::{Call, ErrorForm, Example, XmlWriter, dtd};

use crate::answer::{Answer, end_report};
use crate::error::CallError;
use crate::registry::CallRequest;
use crate::v1::scan_document::{status_word, write_asset_groups, write_key, write_option_profile};

pub const CALL: Call = Call {
    script: "scan_running_list.php",
    summary: "List scans and maps in progress",
    description: &[
        "Lists the scans that are queued, running, paused or being canceled, oldest first. Each SCAN has KEY \
         elements, always in this order: startdate, target, status, type, title, nbhost_total, nbhost_done, \
         stage (discovery, ports, services or checks), findings, work_done and work_total (units without a \
         name, good for a progress bar), time_left (hh:mm:ss, an estimate). The stage and the time left are \
         absent as long as they are not known.",
        "Maps follow the scans, as SCAN elements whose value begins with map/ and whose type is map. They \
         have the same KEY elements but for nbhost_done, findings and time_left; nbhost_total counts the \
         hosts found so far, and the stages are names, discovery, ports and routes.",
        "When nothing is running, the answer is a single ERROR.",
    ],
    parameters: &[],
    rules: &[],
    roles: "Manager: all scans and maps. Unit Manager: the business unit. Scanner and Reader: assigned asset \
            groups.",
    root: "SCAN_RUNNING_LIST",
    dtd: &dtd::SCAN_RUNNING_LIST,
    errors: ErrorForm::InRoot { attributes: &[] },
    example: Example { parameters: &[], description: "Show what is running." },
};

/// What is answered when there is nothing to list. Not a refusal: nothing is logged.
pub(crate) const NOTHING_RUNNING: (u32, &str) = (3511, "No scan or map currently running");

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let scans = request.app.list_running(&request.actor).await?;
    let maps = request.app.list_running_maps(&request.actor).await?;
    let now = date_time(request.app.clock().now());
    let attributes = [("user", request.actor.login.as_str()), ("from", now.as_str())];
    let mut xml = request.document();
    xml.element("SCAN_RUNNING_LIST", &attributes, |xml| {
        if scans.is_empty() && maps.is_empty() {
            let (number, text) = NOTHING_RUNNING;
            xml.padded_text("ERROR", &[("number", &number.to_string())], text);
        }
        for scan in &scans {
            write_scan(xml, scan);
        }
        for map in &maps {
            write_map(xml, map);
        }
    });
    end_report(&mut xml);
    Ok(Answer::Document(xml.finish()))
}

fn write_scan(xml: &mut XmlWriter, view: &ScanView) {
    xml.element("SCAN", &[("value", view.scan.as_str())], |xml| {
        // Clients take the second KEY as the target: the first three stay where they are.
        write_key(xml, "startdate", &date_time(view.launched_at));
        xml.cdata_with("KEY", &[("value", "target")], &view.target_text);
        write_key(xml, "status", status_word(view.status));
        write_key(xml, "type", "scan");
        xml.cdata_with("KEY", &[("value", "title")], &view.title);
        write_key(xml, "nbhost_total", &view.hosts_total.to_string());
        write_key(xml, "nbhost_done", &view.hosts_done.to_string());
        if let Some(stage) = view.stage {
            write_key(xml, "stage", stage.as_str());
        }
        write_key(xml, "findings", &view.findings.to_string());
        write_key(xml, "work_done", &view.work_done.to_string());
        write_key(xml, "work_total", &view.work_total.to_string());
        if let Some(seconds) = view.seconds_left {
            write_key(xml, "time_left", &duration(seconds));
        }
        write_asset_groups(xml, &view.asset_groups);
        write_option_profile(xml, &view.option_title, view.option_is_default);
    });
}

fn write_map(xml: &mut XmlWriter, view: &MapView) {
    xml.element("SCAN", &[("value", view.map.as_str())], |xml| {
        write_key(xml, "startdate", &date_time(view.launched_at));
        xml.cdata_with("KEY", &[("value", "target")], view.domain.as_str());
        write_key(xml, "status", view.status.as_str());
        write_key(xml, "type", "map");
        xml.cdata_with("KEY", &[("value", "title")], &view.title);
        write_key(xml, "nbhost_total", &view.hosts.to_string());
        if let Some(stage) = view.stage {
            write_key(xml, "stage", stage.as_str());
        }
        write_key(xml, "work_done", &view.work_done.to_string());
        write_key(xml, "work_total", &view.work_total.to_string());
        write_asset_groups(xml, &view.asset_groups);
        write_option_profile(xml, &view.option_title, view.option_is_default);
    });
}
