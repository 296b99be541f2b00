//! `domain_list.php`: the domains of the subscription; `asset_domain_list.php` tells more.

use palisade_wire::{Call, ErrorForm, Example, dtd};

use crate::answer::{Answer, end_report};
use crate::error::CallError;
use crate::registry::CallRequest;
use crate::v1::asset_domain_list::write_domain;

pub const CALL: Call = Call {
    script: "domain_list.php",
    summary: "List domains",
    description: &["Lists the domains that the caller may see, by name."],
    parameters: &[],
    rules: &[],
    roles: "Manager, Unit Manager, Scanner and Reader, as in asset_domain_list.php.",
    root: "DOMAIN_LIST",
    dtd: &dtd::DOMAIN_LIST,
    errors: ErrorForm::InRoot { attributes: &[] },
    example: Example { parameters: &[], description: "Show the domains." },
};

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let domains = request.app.list_domains(&request.actor).await?;
    let mut xml = request.document();
    xml.element("DOMAIN_LIST", &[], |xml| {
        for domain in &domains {
            write_domain(xml, domain, false);
        }
    });
    end_report(&mut xml);
    Ok(Answer::Document(xml.finish()))
}
