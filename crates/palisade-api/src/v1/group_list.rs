//! `group_list.php`: the titles of asset groups; `asset_group_list.php` tells more.

use palisade_wire::{Call, ErrorForm, Example, dtd};

use crate::answer::{Answer, end_report};
use crate::error::CallError;
use crate::registry::CallRequest;

pub const CALL: Call = Call {
    script: "group_list.php",
    summary: "List the titles of asset groups",
    description: &["Lists the titles of the asset groups that the caller may see, All first."],
    parameters: &[],
    rules: &[],
    roles: "Every user but Contacts, as in asset_group_list.php.",
    root: "GROUP_LIST",
    dtd: &dtd::GROUP_LIST,
    errors: ErrorForm::InRoot { attributes: &[] },
    example: Example { parameters: &[], description: "Show the titles." },
};

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let groups = request.app.list_asset_groups(&request.actor, None).await?;
    let mut xml = request.document();
    xml.element("GROUP_LIST", &[], |xml| {
        for group in &groups {
            xml.element("GROUP", &[], |xml| xml.cdata("TITLE", &group.title));
        }
    });
    end_report(&mut xml);
    Ok(Answer::Document(xml.finish()))
}
