//! `setup/restricted_ips/`: the addresses that users may sign in from.

use palisade_app::{RestrictedIpChange, RestrictedIps};
use palisade_model::{Action, IpSet, Resource};
use palisade_wire::csv::CsvWriter;
use palisade_wire::dtd::v2::RESTRICTED_IPS_OUTPUT;
use palisade_wire::operation::{Answers, Methods, Operation};
use palisade_wire::{Example, Parameter, ParameterKind};

use crate::answer::{Answer, ContentKind};
use crate::error::CallError;
use crate::example::Need;
use crate::v2::asset_ip::write_ip_set;
use crate::v2::registry::{BodyForm, OperationRow, operation};
use crate::v2::request::OperationRequest;

const RESOURCE: &str = "setup/restricted_ips";
const ROLES: &str = "Manager.";
const CAUTION: &str = "A request that would shut out the address it comes from is refused with code 6302.";

const OUTPUT_FORMAT: Parameter = Parameter::new(
    "output_format",
    ParameterKind::Word(&["xml", "csv"]),
    "csv",
    "In which format the answer comes. As CSV it has a row for each range.",
)
.default("xml");
const ENABLE: Parameter = Parameter::new(
    "enable",
    ParameterKind::ZeroOne,
    "1",
    "1: users sign in from the named addresses only. 0: from anywhere, and no addresses are named any more.",
)
.required();
/// Where addresses may be, for people.
pub(super) const POSTED_ADDRESSES: &str = "The addresses. They may also be the body of the request, as comma-separated values \
     with Content-Type text/csv; the other parameters are in the URL then.";
const IPS: Parameter =
    Parameter::new("ips", ParameterKind::IpSet, "192.0.2.0/24,127.0.0.1", POSTED_ADDRESSES).required();

pub const LIST: Operation = Operation {
    resource: RESOURCE,
    action: "list",
    methods: Methods::Any,
    takes_document: false,
    summary: "See where users may sign in from",
    description: &[
        "Lists the addresses that are named, and whether users may sign in from these only (enabled) or from \
         anywhere (disabled).",
    ],
    parameters: &[OUTPUT_FORMAT],
    rules: &[],
    roles: ROLES,
    answers: Answers::Document { root: "RESTRICTED_IPS_OUTPUT", dtd: &RESTRICTED_IPS_OUTPUT },
    example: Example { parameters: &[], description: "See what is restricted." },
};

pub const ACTIVATE: Operation = Operation {
    resource: RESOURCE,
    action: "activate",
    methods: Methods::Post,
    takes_document: false,
    summary: "Restrict sign-ins to the named addresses, or do so no more",
    description: &[
        "While the restriction is enabled, requests from other addresses are refused with code 6301, with \
         whatever login, and sessions opened before are of no use there. Addresses are IPv4. Behind a proxy \
         the address is the one that a trusted proxy names.",
        CAUTION,
    ],
    parameters: &[ENABLE],
    rules: &[],
    roles: ROLES,
    answers: Answers::Simple,
    example: Example { parameters: &[("enable", "1")], description: "Enable the restriction." },
};

pub const ADD: Operation = Operation {
    resource: RESOURCE,
    action: "add",
    methods: Methods::Post,
    takes_document: false,
    summary: "Name addresses that users may sign in from",
    description: &["They are added to those that are named. The restriction stays enabled or disabled."],
    parameters: &[IPS],
    rules: &[],
    roles: ROLES,
    answers: Answers::Simple,
    example: Example { parameters: &[("ips", "192.0.2.0/24,127.0.0.1")], description: "Name a network." },
};

pub const DELETE: Operation = Operation {
    resource: RESOURCE,
    action: "delete",
    methods: Methods::Post,
    takes_document: false,
    summary: "Take addresses from those that users may sign in from",
    description: &["The restriction stays enabled or disabled.", CAUTION],
    parameters: &[IPS],
    rules: &[],
    roles: ROLES,
    answers: Answers::Simple,
    example: Example { parameters: &[("ips", "192.0.2.128/25")], description: "Take half a network out." },
};

pub const REPLACE: Operation = Operation {
    resource: RESOURCE,
    action: "replace",
    methods: Methods::Post,
    takes_document: false,
    summary: "Replace the addresses that users may sign in from",
    description: &["The restriction stays enabled or disabled.", CAUTION],
    parameters: &[IPS],
    rules: &[],
    roles: ROLES,
    answers: Answers::Simple,
    example: Example { parameters: &[("ips", "198.51.100.0/24,127.0.0.1")], description: "Name others." },
};

pub const CLEAR: Operation = Operation {
    resource: RESOURCE,
    action: "clear",
    methods: Methods::Post,
    takes_document: false,
    summary: "Let users sign in from anywhere",
    description: &["No addresses are named any more, and the restriction is disabled."],
    parameters: &[],
    rules: &[],
    roles: ROLES,
    answers: Answers::Simple,
    example: Example { parameters: &[], description: "Restrict nothing." },
};

/// Addresses that examples name.
const NAMED: &[Need] = &[Need::Operation {
    resource: RESOURCE,
    action: "add",
    parameters: &[("ips", "192.0.2.0/24,127.0.0.1")],
}];
const EDIT: &[(Action, Resource)] = &[(Action::Edit, Resource::RestrictedIp)];

/// The addresses may be posted as a table.
const POSTED: BodyForm = BodyForm::Addresses(IPS.name);

pub(crate) static ROWS: &[OperationRow] = &[
    operation!(LIST, list, &[(Action::List, Resource::RestrictedIp)], needs: NAMED),
    operation!(ACTIVATE, activate, EDIT, needs: NAMED),
    OperationRow { body: POSTED, ..operation!(ADD, add, EDIT) },
    OperationRow { body: POSTED, ..operation!(DELETE, delete, EDIT, needs: NAMED) },
    OperationRow { body: POSTED, ..operation!(REPLACE, replace, EDIT) },
    operation!(CLEAR, clear, EDIT, needs: NAMED),
];

const fn status(restricted: &RestrictedIps) -> &'static str {
    if restricted.enabled { "enabled" } else { "disabled" }
}

async fn list(request: OperationRequest) -> Result<Answer, CallError> {
    let restricted = request.app.restricted_ips(request.actor()?).await?;
    if request.arguments.choice(&OUTPUT_FORMAT) == Some("csv") {
        let mut csv = CsvWriter::default();
        csv.row(["IP", "Status"]);
        for range in restricted.ips.ranges() {
            csv.row([range.to_string().as_str(), status(&restricted)]);
        }
        return Ok(Answer::of(ContentKind::Csv, csv.take()));
    }
    let mut xml = request.document();
    write_ip_set(&mut xml, &restricted.ips);
    xml.text("STATUS", status(&restricted));
    Ok(OperationRequest::end(xml))
}

async fn change(
    request: OperationRequest,
    change: RestrictedIpChange,
    done: &str,
) -> Result<Answer, CallError> {
    let changed = request.app.change_restricted_ips(request.actor()?, change).await?;
    Ok(request.simple_return(done, &[("STATUS", status(&changed).to_owned())]))
}

fn ips(request: &OperationRequest) -> IpSet {
    request.arguments.ip_set(&IPS).cloned().unwrap_or_default()
}

async fn activate(request: OperationRequest) -> Result<Answer, CallError> {
    if request.arguments.switch(&ENABLE) {
        change(request, RestrictedIpChange::Activate, "Restricted IPs successfully activated.").await
    } else {
        change(request, RestrictedIpChange::Clear, "Restricted IPs successfully deactivated.").await
    }
}

async fn add(request: OperationRequest) -> Result<Answer, CallError> {
    let ips = ips(&request);
    change(request, RestrictedIpChange::Add(ips), "Restricted IPs successfully added.").await
}

async fn delete(request: OperationRequest) -> Result<Answer, CallError> {
    let ips = ips(&request);
    change(request, RestrictedIpChange::Delete(ips), "Restricted IPs successfully deleted.").await
}

async fn replace(request: OperationRequest) -> Result<Answer, CallError> {
    let ips = ips(&request);
    change(request, RestrictedIpChange::Replace(ips), "Restricted IPs successfully replaced.").await
}

async fn clear(request: OperationRequest) -> Result<Answer, CallError> {
    change(request, RestrictedIpChange::Clear, "Restricted IPs successfully cleared.").await
}
