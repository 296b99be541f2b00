//! `asset_range_info.php`: everything known about the hosts of a target.

use palisade_app::WantedReport;
use palisade_wire::{Call, ErrorForm, Example, Parameter, ParameterKind, Rule, dtd};

use crate::answer::Answer;
use crate::error::CallError;
use crate::registry::CallRequest;
use crate::v1::asset_report_document::{Document, answer, origin, write_origin, write_target};

pub const TARGET_IPS: Parameter =
    Parameter::new("target_ips", ParameterKind::IpSet, "192.0.2.0-192.0.2.9", "The hosts.");
pub const TARGET_ASSET_GROUPS: Parameter = Parameter::new(
    "target_asset_groups",
    ParameterKind::Titles { max_items: 100, max_chars: 255 },
    "All",
    "Asset groups with the hosts. All stands for every host the caller may see.",
);

pub const CALL: Call = Call {
    script: "asset_range_info.php",
    summary: "Report on hosts",
    description: &[
        "Reports on hosts without a template: who they are, all of their vulnerabilities (fixed ones too) and \
         the information gathered by the last scan whose results are stored, and what those mean. Each \
         VULN_INFO names its QID in the GLOSSARY. Hosts that the caller may not see are left out.",
    ],
    parameters: &[TARGET_IPS, TARGET_ASSET_GROUPS],
    rules: &[Rule::AtLeastOneOf(&["target_ips", "target_asset_groups"])],
    roles: "Manager: the subscription. Unit Manager: the business unit. Scanner and Reader: assigned asset \
            groups.",
    root: "ASSET_RANGE_INFO",
    dtd: &dtd::ASSET_RANGE_INFO,
    errors: ErrorForm::InRoot { attributes: &[] },
    example: Example {
        parameters: &[("target_ips", "192.0.2.0-192.0.2.9")],
        description: "Show what is known about ten hosts.",
    },
};

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
    let wanted = WantedReport {
        template_id: None,
        ips: arguments.ip_set(&TARGET_IPS).cloned(),
        asset_groups: arguments.titles(&TARGET_ASSET_GROUPS).map(<[_]>::to_vec).unwrap_or_default(),
    };
    let report = request.app.plan_asset_report(&request.actor, wanted).await?;
    let mut xml = request.document();
    xml.open(CALL.root, &[]);
    xml.element("HEADER", &[], |xml| {
        write_origin(xml, &origin(&request));
        write_target(xml, &report);
    });
    Ok(answer(request.app, report, xml, Document::Range))
}
