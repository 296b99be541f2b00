//! `asset_data_report.php`: a report on hosts, from a template.

use palisade_app::WantedReport;
use palisade_wire::{Call, ErrorForm, Example, Parameter, ParameterKind, dtd};

use crate::answer::Answer;
use crate::error::CallError;
use crate::registry::CallRequest;
use crate::v1::asset_report_document::{Document, answer, origin, write_head};

pub const TEMPLATE_ID: Parameter = Parameter::new(
    "template_id",
    ParameterKind::Integer { min: 1, max: i64::MAX as u64 },
    "2",
    "The report template: an ID from report_template_list.php, of TYPE Auto and TEMPLATE_TYPE Scan.",
)
.required();
pub const IPS: Parameter = Parameter::new(
    "ips",
    ParameterKind::IpSet,
    "192.0.2.0-192.0.2.9",
    "The hosts, in place of those of the template; together with asset_groups, the hosts of both.",
);
pub const ASSET_GROUPS: Parameter = Parameter::new(
    "asset_groups",
    ParameterKind::Titles { max_items: 100, max_chars: 255 },
    "All",
    "Asset groups with the hosts, in place of those of the template. All stands for every host the caller \
     may see.",
);

pub const CALL: Call = Call {
    script: "asset_data_report.php",
    summary: "Report on hosts with a template",
    description: &[
        "Reports on the hosts of a report template, or on others: who they are, which of their \
         vulnerabilities and what gathered information fit the template's filters, and what those mean. Each \
         VULN_INFO names its QID in the GLOSSARY. Hosts that the caller may not see are left out.",
        "The security risk of a host is the average severity of its vulnerabilities that are not fixed. The \
         business risk is its square in hundredths of the worst, weighted by the highest business impact of \
         the asset groups.",
    ],
    parameters: &[TEMPLATE_ID, IPS, ASSET_GROUPS],
    rules: &[],
    roles: "Manager: the subscription. Unit Manager: the business unit. Scanner and Reader: assigned asset \
            groups.",
    root: "ASSET_DATA_REPORT",
    dtd: &dtd::ASSET_DATA_REPORT,
    errors: ErrorForm::InRoot { attributes: &[] },
    example: Example {
        parameters: &[("template_id", "2"), ("ips", "192.0.2.0-192.0.2.9")],
        description: "Report on ten hosts with the Technical Report.",
    },
};

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
    let wanted = WantedReport {
        template_id: arguments.integer(&TEMPLATE_ID).and_then(|id| i64::try_from(id).ok()),
        ips: arguments.ip_set(&IPS).cloned(),
        asset_groups: arguments.titles(&ASSET_GROUPS).map(<[_]>::to_vec).unwrap_or_default(),
    };
    let report = request.app.plan_asset_report(&request.actor, wanted).await?;
    let summary = request.app.summarise_asset_report(&report).await?;
    let mut xml = request.document();
    xml.open(CALL.root, &[]);
    write_head(&mut xml, &origin(&request), &report, summary);
    Ok(answer(request.app, report, xml, Document::Report))
}
