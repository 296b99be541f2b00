//! `asset/domain/`: the domains of the subscription, with the addresses that belong to each.
//!
//! Deliberately absent: deleting. Maps and asset groups name domains.

use palisade_model::{Action, IpSet, Resource};
use palisade_wire::dtd::v2::DOMAIN_LIST_OUTPUT;
use palisade_wire::operation::{Answers, Methods, Operation};
use palisade_wire::{Example, Parameter, ParameterError, ParameterKind};

use crate::answer::Answer;
use crate::error::CallError;
use crate::example::Need;
use crate::v1::asset_domain_list::write_domain;
use crate::v2::registry::{Door, OperationRow, operation};
use crate::v2::request::OperationRequest;

const RESOURCE: &str = "asset/domain";

const DOMAIN: Parameter = Parameter::new(
    "domain",
    ParameterKind::Domain,
    "example.com",
    "The domain, without www. The name none stands for addresses without a domain, such as internal \
     networks; it needs a netblock.",
)
.required();
const NETBLOCK: Parameter = Parameter::new(
    "netblock",
    ParameterKind::Netblock,
    "192.0.2.1-192.0.2.254",
    "The addresses that belong to the domain.",
);
const NEW_NETBLOCK: Parameter = Parameter::new(
    "netblock",
    ParameterKind::Netblock,
    "192.0.2.1-192.0.2.254",
    "The addresses that belong to the domain from now on, in place of the old ones; an empty text removes \
     them.",
)
.default("unchanged");

pub const LIST: Operation = Operation {
    resource: RESOURCE,
    action: "list",
    methods: Methods::Any,
    takes_document: false,
    summary: "List the domains in the subscription",
    description: &[
        "Lists the domains that the caller may see by name, each with the addresses that belong to it as \
         closed ranges. The domain none stands for addresses without a domain.",
    ],
    parameters: &[],
    rules: &[],
    roles: "Manager: all domains. Unit Manager: those of the business unit. Scanner and Reader: those of \
            assigned asset groups.",
    answers: Answers::Document { root: "DOMAIN_LIST_OUTPUT", dtd: &DOMAIN_LIST_OUTPUT },
    example: Example { parameters: &[], description: "Show the domains." },
};

pub const ADD: Operation = Operation {
    resource: RESOURCE,
    action: "add",
    methods: Methods::Post,
    takes_document: false,
    summary: "Add a domain",
    description: &[
        "Maps are made of domains. The netblock of a domain is where a map looks for hosts beside those that \
         the DNS names; its addresses need not be hosts of the subscription.",
    ],
    parameters: &[DOMAIN, NETBLOCK],
    rules: &[],
    roles: "Manager.",
    answers: Answers::Simple,
    example: Example {
        parameters: &[("domain", "example.com"), ("netblock", "192.0.2.1-192.0.2.254")],
        description: "Add a domain with its addresses.",
    },
};

pub const EDIT: Operation = Operation {
    resource: RESOURCE,
    action: "edit",
    methods: Methods::Post,
    takes_document: false,
    summary: "Edit the netblock of a domain",
    description: &["Replaces the addresses that belong to a domain."],
    parameters: &[DOMAIN, NEW_NETBLOCK],
    rules: &[],
    roles: "Manager.",
    answers: Answers::Simple,
    example: Example {
        parameters: &[("domain", "example.com"), ("netblock", "192.0.2.0/25")],
        description: "Give a domain other addresses.",
    },
};

/// A domain that examples name.
const ADDED: &[Need] =
    &[Need::Operation { resource: RESOURCE, action: "add", parameters: &[("domain", "example.com")] }];

/// The resource takes no session.
const fn basic(row: OperationRow) -> OperationRow {
    OperationRow { door: Door::Basic, ..row }
}

pub(crate) static ROWS: &[OperationRow] = &[
    basic(operation!(LIST, list, &[(Action::List, Resource::Domain)])),
    basic(operation!(ADD, add, &[(Action::Add, Resource::Domain)])),
    basic(operation!(EDIT, edit, &[(Action::Edit, Resource::Domain)], needs: ADDED)),
];

async fn list(request: OperationRequest) -> Result<Answer, CallError> {
    let domains = request.app.list_domains(request.actor()?).await?;
    let mut xml = request.document();
    xml.list("DOMAIN_LIST", &domains, |xml, domain| write_domain(xml, domain, true));
    Ok(OperationRequest::end(xml))
}

async fn add(request: OperationRequest) -> Result<Answer, CallError> {
    let OperationRequest { app, arguments, .. } = &request;
    let domain = arguments.domain(&DOMAIN).ok_or(ParameterError::Missing { parameter: DOMAIN.name })?;
    let netblock = arguments.ip_set(&NETBLOCK).cloned().unwrap_or_else(IpSet::new);
    app.add_domain(request.actor()?, domain, &netblock).await?;
    Ok(request.simple_return("Domain added", &[("DOMAIN", domain.to_string())]))
}

async fn edit(request: OperationRequest) -> Result<Answer, CallError> {
    let OperationRequest { app, arguments, .. } = &request;
    let domain = arguments.domain(&DOMAIN).ok_or(ParameterError::Missing { parameter: DOMAIN.name })?;
    app.edit_domain(request.actor()?, domain, arguments.ip_set(&NEW_NETBLOCK)).await?;
    Ok(request.simple_return("Domain edited", &[("DOMAIN", domain.to_string())]))
}
