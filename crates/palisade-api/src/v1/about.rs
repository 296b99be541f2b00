//! `about.php`: the versions of the service. Clients use it to try out their login.

use palisade_app::About;
use palisade_wire::date_time::date_time;
use palisade_wire::{Call, ErrorForm, Example, dtd};

use crate::answer::Answer;
use crate::error::CallError;
use crate::registry::CallRequest;

/// The version of the API that is spoken.
const API_VERSION: [(&str, &str); 2] = [("MAJOR", "1"), ("MINOR", "4")];

pub const CALL: Call = Call {
    script: "about.php",
    summary: "Versions of the service",
    description: &[
        "Tells the version of the API, of the server, of the scanner and of the KnowledgeBase. It changes \
         nothing and every user may call it, so it is the call to try out a connection and a login with.",
    ],
    parameters: &[],
    rules: &[],
    roles: "Every user with access to the API.",
    root: "ABOUT",
    dtd: &dtd::ABOUT,
    errors: ErrorForm::GenericReturn,
    example: Example { parameters: &[], description: "Show the versions." },
};

#[expect(clippy::unused_async, reason = "handlers have one shape")]
pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let About { web_version, scanner_version, signatures_version } = request.app.about(&request.actor)?;
    let mut xml = request.document();
    xml.element("ABOUT", &[], |xml| {
        xml.empty("API-VERSION", &API_VERSION);
        xml.text("WEB-VERSION", &web_version);
        xml.text("SCANNER-VERSION", &scanner_version);
        xml.text("VULNSIGS-VERSION", &signatures_version);
    });
    let login = &request.actor.login;
    let at = date_time(request.app.clock().now());
    xml.comment(&format!("Generated for username=\"{login}\" date=\"{at}\""));
    Ok(Answer::Document(xml.finish()))
}
