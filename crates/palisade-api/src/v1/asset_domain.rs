//! `asset_domain.php`: adds a domain to the subscription, or edits its netblock.

use palisade_model::IpSet;
use palisade_wire::date_time::date_time;
use palisade_wire::{Call, ErrorForm, Example, Parameter, ParameterError, ParameterKind, dtd};

use crate::answer::{Answer, GenericReturn};
use crate::error::CallError;
use crate::registry::CallRequest;
use crate::v1::network::NETWORK_ID;

pub const ACTION: Parameter =
    Parameter::new("action", ParameterKind::Choice(&["add", "edit"]), "add", "What to do.").required();
pub const DOMAIN: Parameter = Parameter::new(
    "domain",
    ParameterKind::Domain,
    "example.com",
    "The domain, without www. The name none stands for addresses without a domain, such as internal \
     networks; it needs a netblock.",
)
.required();
pub const NETBLOCK: Parameter = Parameter::new(
    "netblock",
    ParameterKind::Netblock,
    "192.0.2.1-192.0.2.254",
    "The addresses that belong to the domain. When editing, they replace the old ones; an empty text \
     removes them.",
);

pub const CALL: Call = Call {
    script: "asset_domain.php",
    summary: "Add or edit a domain",
    description: &[
        "Maps are made of domains. The netblock of a domain is where a map looks for hosts beside those that \
         the DNS names; its addresses need not be hosts of the subscription.",
    ],
    parameters: &[ACTION, DOMAIN, NETBLOCK, NETWORK_ID],
    rules: &[],
    roles: "Manager. Unit Manager with the permission add_assets: add domains, which come into the first asset \
            group of the unit.",
    root: "GENERIC_RETURN",
    dtd: &dtd::GENERIC_RETURN,
    errors: ErrorForm::GenericReturn,
    example: Example {
        parameters: &[("action", "add"), ("domain", "example.com"), ("netblock", "192.0.2.1-192.0.2.254")],
        description: "Add a domain with its addresses.",
    },
};

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let CallRequest { app, actor, arguments, .. } = &request;
    let domain = arguments.domain(&DOMAIN).ok_or(ParameterError::Missing { parameter: DOMAIN.name })?;
    let netblock = arguments.ip_set(&NETBLOCK);
    let done = if arguments.choice(&ACTION) == Some("edit") {
        app.edit_domain(actor, domain, netblock).await?;
        "edited"
    } else {
        app.add_domain(actor, domain, netblock.unwrap_or(&IpSet::new())).await?;
        "added"
    };
    let answer = GenericReturn {
        base_url: &request.base_url,
        api: CALL.script,
        username: actor.login.as_str(),
        at: &date_time(app.clock().now()),
        outcome: Ok(&format!("Domain {done}: {domain}")),
    };
    Ok(Answer::Document(answer.document(None)))
}
