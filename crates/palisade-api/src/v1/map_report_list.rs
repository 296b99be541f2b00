//! `map_report_list.php`: saved map reports, newest first.

use palisade_app::{ListMapReports, MapView};
use palisade_wire::date_time::date_time;
use palisade_wire::{Call, ErrorForm, Example, Parameter, ParameterKind, XmlWriter, dtd};

use crate::answer::{Answer, end_report};
use crate::error::CallError;
use crate::registry::CallRequest;
use crate::v1::scan_document::{write_asset_groups, write_option_profile};

pub const DOMAIN: Parameter =
    Parameter::new("domain", ParameterKind::Domain, "example.com", "Only maps of this domain.");
pub const LAST: Parameter = Parameter::new(
    "last",
    ParameterKind::YesNo,
    "yes",
    "yes lists only the newest report, or the newest of the domain.",
)
.default("no");

pub const CALL: Call = Call {
    script: "map_report_list.php",
    summary: "List saved map reports",
    description: &[
        "Lists the saved reports that the caller may see, newest first, and those that will be saved when \
         their maps have ended: only what is FINISHED can be fetched. When there is no report, the root is \
         empty.",
    ],
    parameters: &[DOMAIN, LAST],
    rules: &[],
    roles: "Manager: all maps. Unit Manager: domains of the business unit. Scanner and Reader: domains of \
            assigned asset groups.",
    root: "MAP_REPORT_LIST",
    dtd: &dtd::MAP_REPORT_LIST,
    errors: ErrorForm::InRoot { attributes: &[] },
    example: Example {
        parameters: &[("domain", "example.com"), ("last", "yes")],
        description: "Find the newest map of a domain.",
    },
};

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
    let domain = arguments.domain(&DOMAIN).cloned();
    let wanted = ListMapReports { domain: domain.clone(), last: arguments.switch(&LAST) };
    let reports = request.app.list_map_reports(&request.actor, wanted).await?;
    let now = request.app.clock().now();
    let oldest = reports.iter().map(|report| report.launched_at).min().unwrap_or(now);

    let (from, to) = (date_time(oldest), date_time(now));
    let mut attributes = vec![("user", request.actor.login.as_str()), ("from", &from), ("to", &to)];
    attributes.extend(domain.as_ref().map(|domain| ("with_domain", domain.as_str())));
    let mut xml = request.document();
    xml.element("MAP_REPORT_LIST", &attributes, |xml| {
        for report in &reports {
            write_report(xml, report);
        }
    });
    end_report(&mut xml);
    Ok(Answer::Document(xml.finish()))
}

fn write_report(xml: &mut XmlWriter, report: &MapView) {
    let date = date_time(report.launched_at);
    let attributes = [
        ("ref", report.map.as_str()),
        ("date", &date),
        ("domain", report.domain.as_str()),
        ("status", report.status.as_str()),
    ];
    xml.element("MAP_REPORT", &attributes, |xml| {
        xml.cdata("TITLE", &report.title);
        write_asset_groups(xml, &report.asset_groups);
        write_option_profile(xml, &report.option_title, report.option_is_default);
    });
}
