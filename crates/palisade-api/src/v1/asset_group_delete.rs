//! `asset_group_delete.php`: deletes an asset group.

use palisade_wire::date_time::date_time;
use palisade_wire::{Call, ErrorForm, Example, Parameter, ParameterError, ParameterKind, dtd};

use crate::answer::{Answer, GenericReturn};
use crate::error::CallError;
use crate::registry::CallRequest;

pub const TITLE: Parameter =
    Parameter::new("title", ParameterKind::AssetGroupTitle, "Web servers", "The title of the group.")
        .required();

pub const CALL: Call = Call {
    script: "asset_group_delete.php",
    summary: "Delete an asset group",
    description: &[
        "Deletes the group; its addresses stay in the subscription, and reports of scans that were aimed at \
         it keep its title. A group that is assigned to users is not deleted: error 5303 names them.",
    ],
    parameters: &[TITLE],
    rules: &[],
    roles: "Manager and Administrator: all groups. Unit Manager: groups of the business unit. Scanner: own groups.",
    root: "GENERIC_RETURN",
    dtd: &dtd::GENERIC_RETURN,
    errors: ErrorForm::GenericReturn,
    example: Example { parameters: &[("title", "Web servers")], description: "Delete one group." },
};

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let title = request.arguments.asset_group_title(&TITLE);
    let title = title.ok_or(ParameterError::Missing { parameter: TITLE.name })?;
    request.app.delete_asset_group(&request.actor, title).await?;
    let answer = GenericReturn {
        base_url: &request.base_url,
        api: CALL.script,
        username: request.actor.login.as_str(),
        at: &date_time(request.app.clock().now()),
        outcome: Ok(&format!("Asset group deleted: {title}")),
    };
    Ok(Answer::Document(answer.document(None)))
}
