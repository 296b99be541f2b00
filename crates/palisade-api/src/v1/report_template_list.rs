//! `report_template_list.php`: the report templates that the caller may use.

use palisade_app::{ReportTemplateView, TemplateOwner};
use palisade_wire::date_time::date_time;
use palisade_wire::{Call, ErrorForm, Example, XmlWriter, dtd};

use crate::answer::{Answer, end_report};
use crate::error::CallError;
use crate::registry::CallRequest;

pub const CALL: Call = Call {
    script: "report_template_list.php",
    summary: "List report templates",
    description: &[
        "Lists the report templates that the caller may use, with the IDs that asset_data_report.php takes. \
         TYPE is Auto for reports from the history of the hosts, and Manual for reports from results that \
         somebody selects. Templates are made and changed by report/template/ of version 2, and with `palisade \
         template` on the server.",
    ],
    parameters: &[],
    rules: &[],
    roles: "Manager: all. Unit Manager, Scanner and Reader: global ones and their own. Auditor: global ones \
            for compliance.",
    root: "REPORT_TEMPLATE_LIST",
    dtd: &dtd::REPORT_TEMPLATE_LIST,
    errors: ErrorForm::InRoot { attributes: &[] },
    example: Example { parameters: &[], description: "List the report templates." },
};

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let templates = request.app.list_report_templates(&request.actor).await?;
    let mut xml = request.document();
    xml.element("REPORT_TEMPLATE_LIST", &[], |xml| {
        for template in &templates {
            write_template(xml, template);
        }
    });
    end_report(&mut xml);
    Ok(Answer::Document(xml.finish()))
}

fn write_template(xml: &mut XmlWriter, template: &ReportTemplateView) {
    let ReportTemplateView {
        id,
        title,
        kind,
        selection,
        owner,
        is_global,
        content: _, // these two show in exports
        unknown_only: _,
        updated_at,
    } = template;
    let TemplateOwner { login, first_name, last_name } = owner;
    xml.element("REPORT_TEMPLATE", &[], |xml| {
        xml.text("ID", &id.to_string());
        xml.text("TYPE", selection.as_str());
        xml.text("TEMPLATE_TYPE", kind.as_str());
        xml.cdata("TITLE", title);
        xml.element("USER", &[], |xml| {
            xml.cdata("LOGIN", login);
            xml.cdata("FIRSTNAME", first_name);
            xml.cdata("LASTNAME", last_name);
        });
        xml.text("LAST_UPDATE", &date_time(*updated_at));
        xml.text("GLOBAL", if *is_global { "1" } else { "0" });
    });
}
