//! `iscanner_list.php`: scanner appliances. The server's own scanner is none.

use palisade_app::ApplianceView;
use palisade_wire::{Call, ErrorForm, Example, dtd};

use crate::answer::{Answer, end_report};
use crate::error::CallError;
use crate::registry::CallRequest;

pub const CALL: Call = Call {
    script: "iscanner_list.php",
    summary: "List scanner appliances",
    description: &[
        "Lists the scanner appliances of the subscription that the caller may see. Appliances cannot connect to \
         the server yet, so each is Offline: scans are done by the scanner of the server itself, which is no \
         appliance.",
    ],
    parameters: &[],
    rules: &[],
    roles: "Manager, Unit Manager and Scanner.",
    root: "ISCANNER_LIST",
    dtd: &dtd::ISCANNER_LIST,
    errors: ErrorForm::InRoot { attributes: &[] },
    example: Example { parameters: &[], description: "List the appliances." },
};

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let appliances = request.app.list_appliances(&request.actor).await?;
    let mut xml = request.document();
    if appliances.is_empty() {
        xml.empty("ISCANNER_LIST", &[]);
    }
    xml.list("ISCANNER_LIST", &appliances, |xml, ApplianceView { id, name, created_by, .. }| {
        xml.element("ISCANNER", &[("id", &id.to_string())], |xml| {
            xml.cdata("NAME", name.as_str());
            xml.text("STATUS", "Offline");
            xml.text("USER_LOGIN", created_by.as_str());
            xml.text("SOFTWARE_VERSION", "N/A");
        });
    });
    end_report(&mut xml);
    Ok(Answer::Document(xml.finish()))
}
