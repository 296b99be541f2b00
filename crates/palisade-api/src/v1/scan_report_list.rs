//! `scan_report_list.php`: saved scan reports, newest first.

use palisade_app::{ListReports, ScanView};
use palisade_model::Timestamp;
use palisade_wire::date_time::date_time;
use palisade_wire::{Call, ErrorForm, Example, Parameter, ParameterKind, XmlWriter, dtd};

use crate::answer::{Answer, end_report};
use crate::error::CallError;
use crate::registry::CallRequest;
use crate::v1::scan_document::{status_word, write_asset_groups, write_option_profile};

/// Longest target text of an entry, in bytes; what is longer ends in `[...]`.
const TARGET_BYTES_MAX: usize = 2_000;

pub const LAST: Parameter = Parameter::new(
    "last",
    ParameterKind::YesNo,
    "yes",
    "yes lists only the newest report, or the newest that matches the other parameters.",
)
.default("no");
pub const TARGET: Parameter = Parameter::new(
    "target",
    ParameterKind::IpSet,
    "192.0.2.7",
    "Only scans that had all of these addresses among their targets.",
);
pub const SINCE_DATETIME: Parameter = Parameter::new(
    "since_datetime",
    ParameterKind::DateTime,
    "2026-01-01",
    "Only scans that were launched at this time or later.",
);

pub const CALL: Call = Call {
    script: "scan_report_list.php",
    summary: "List saved scan reports",
    description: &[
        "Lists the saved reports that the caller may see, newest first. The target of an entry is what was \
         given to scan.php, unchanged; a very long one is cut and ends in [...]. When there is no report, \
         the root is empty.",
    ],
    parameters: &[LAST, TARGET, SINCE_DATETIME],
    rules: &[],
    roles: "Manager: all reports. Unit Manager: the business unit. Scanner and Reader: assigned asset groups.",
    root: "SCAN_REPORT_LIST",
    dtd: &dtd::SCAN_REPORT_LIST,
    errors: ErrorForm::InRoot { attributes: &[] },
    example: Example {
        parameters: &[("last", "yes"), ("target", "192.0.2.7")],
        description: "Find the newest report about one host.",
    },
};

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
    let since = arguments.date_time(&SINCE_DATETIME);
    let wanted =
        ListReports { last: arguments.switch(&LAST), target: arguments.ip_set(&TARGET).cloned(), since };
    let reports = request.app.list_reports(&request.actor, wanted).await?;
    let now = request.app.clock().now();
    let oldest = reports.iter().map(|report| report.launched_at).min();
    let from: Timestamp = since.or(oldest).unwrap_or(now);

    let (from, to) = (date_time(from), date_time(now));
    let mut attributes = vec![("user", request.actor.login.as_str()), ("from", &from), ("to", &to)];
    if let Some(target) = arguments.written(&TARGET) {
        attributes.push(("with_target", target));
    }
    let mut xml = request.document();
    xml.element("SCAN_REPORT_LIST", &attributes, |xml| {
        for report in &reports {
            write_report(xml, report);
        }
    });
    end_report(&mut xml);
    Ok(Answer::Document(xml.finish()))
}

fn write_report(xml: &mut XmlWriter, report: &ScanView) {
    let date = date_time(report.launched_at);
    let target = shortened(&report.target_text);
    let attributes = [
        ("ref", report.scan.as_str()),
        ("date", &date),
        ("target", &target),
        ("status", status_word(report.status)),
    ];
    xml.element("SCAN_REPORT", &attributes, |xml| {
        xml.cdata("TITLE", &report.title);
        write_asset_groups(xml, &report.asset_groups);
        write_option_profile(xml, &report.option_title, report.option_is_default);
    });
}

/// The target text, cut between two of its items when it is too long.
fn shortened(target: &str) -> String {
    if target.len() <= TARGET_BYTES_MAX {
        return target.to_owned();
    }
    let end = (0..=TARGET_BYTES_MAX).rev().find(|end| target.is_char_boundary(*end)).unwrap_or(0);
    let cut = target.get(..end).unwrap_or_default();
    format!("{},[...]", cut.rsplit_once(',').map_or("", |(kept, _)| kept))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_targets_end_in_brackets() {
        assert_eq!(shortened("10.0.0.1, 10.0.0.2"), "10.0.0.1, 10.0.0.2");
        let long = vec!["10.0.0.1"; 500].join(",");
        let short = shortened(&long);
        assert!(short.len() <= TARGET_BYTES_MAX + 6 && short.ends_with("10.0.0.1,[...]"), "{short}");
    }
}
