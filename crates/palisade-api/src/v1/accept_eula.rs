//! `acceptEULA.php`: accepts the terms of service for the caller, which completes the first login.

use palisade_wire::date_time::date_time_bare;
use palisade_wire::{Call, ErrorForm, Example, dtd};

use crate::answer::{Answer, GenericReturn};
use crate::error::CallError;
use crate::registry::CallRequest;

pub const CALL: Call = Call {
    script: "acceptEULA.php",
    summary: "Accept the terms of service",
    description: &[
        "A new account may call nothing else until its holder has accepted the terms. The call acts on the \
         caller and turns the account from Pending Activation into Active. Calling it again does no harm.",
    ],
    parameters: &[],
    rules: &[],
    roles: "Every user with access to the API, for their own account.",
    root: "GENERIC_RETURN",
    dtd: &dtd::GENERIC_RETURN,
    errors: ErrorForm::GenericReturn,
    example: Example { parameters: &[], description: "Accept the terms as the calling user." },
};

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    request.app.accept_eula(&request.actor).await?;
    let answer = GenericReturn {
        base_url: &request.base_url,
        api: CALL.script,
        username: request.actor.login.as_str(),
        // The one answer whose date has no `Z`.
        at: &date_time_bare(request.app.clock().now()),
        outcome: Ok("TNC accepted within MSP"),
    };
    Ok(Answer::Document(answer.document(None)))
}
