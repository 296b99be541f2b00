//! `ignore_vuln/`: ignoring vulnerabilities on hosts, and restoring them. The parameters and what is done
//! are those of `ignore_vuln.php`.
//!
//! Deliberately absent: hosts by tags.

use palisade_model::{Action, Resource};
use palisade_wire::dtd::v2::IGNORE_VULN_OUTPUT;
use palisade_wire::operation::{Answers, Methods, Operation};
use palisade_wire::{Example, Parameter};

use crate::answer::Answer;
use crate::error::CallError;
use crate::v1::ignore_vuln::{
    ABOUT_IGNORED, ASSET_GROUPS, COMMENTS, Change, DNS_CONTAINS, EXAMPLE, IPS, NETBIOS_CONTAINS, ON_HOSTS,
    ONE_END, QIDS, REOPEN_IGNORED_DATE, REOPEN_IGNORED_DAYS, ROLES,
};
use crate::v2::network::{SHOWN_NETWORK, has_hosts, named_network};
use crate::v2::registry::{OperationRow, operation};
use crate::v2::request::OperationRequest;

const RESOURCE: &str = "ignore_vuln";
const ABOUT_ANSWER: &str = "The attribute number of RESPONSE is the number of vulnerabilities. Without any the status \
     is WARNING.";
const ANSWERS: Answers = Answers::Document { root: "IGNORE_VULN_OUTPUT", dtd: &IGNORE_VULN_OUTPUT };
/// What both take: which vulnerabilities, on which hosts, and why.
const RESTORED: &[Parameter] =
    &[QIDS, ASSET_GROUPS, IPS, DNS_CONTAINS, NETBIOS_CONTAINS, SHOWN_NETWORK, COMMENTS];
const IGNORED: &[Parameter] = &[
    QIDS,
    ASSET_GROUPS,
    IPS,
    DNS_CONTAINS,
    NETBIOS_CONTAINS,
    SHOWN_NETWORK,
    COMMENTS,
    REOPEN_IGNORED_DAYS,
    REOPEN_IGNORED_DATE,
];

pub const IGNORE: Operation = Operation {
    resource: RESOURCE,
    action: "ignore",
    methods: Methods::Any,
    takes_document: false,
    summary: "Ignore vulnerabilities",
    description: &[
        "Ignores vulnerabilities on hosts that were scanned, until they are restored or the named time. The \
         remediation ticket of each is closed, and one is made when there is none. Vulnerabilities that are \
         fixed are not ignored. A request without action is one to ignore.",
        ABOUT_IGNORED,
        ABOUT_ANSWER,
    ],
    parameters: IGNORED,
    rules: &[ON_HOSTS, ONE_END],
    roles: ROLES,
    answers: ANSWERS,
    example: EXAMPLE,
};

pub const RESTORE: Operation = Operation {
    resource: RESOURCE,
    action: "restore",
    methods: Methods::Any,
    takes_document: false,
    summary: "Ignore vulnerabilities no longer",
    description: &[
        "Shows vulnerabilities again that were ignored. The remediation ticket of each is opened again, or \
         closed as fixed where a scan has found it so.",
        ABOUT_ANSWER,
    ],
    parameters: RESTORED,
    rules: &[ON_HOSTS],
    roles: ROLES,
    answers: ANSWERS,
    example: Example {
        parameters: &[("qids", "38173"), ("ips", "192.0.2.4"), ("comments", "The exception has ended")],
        description: "Restore a vulnerability on one host.",
    },
};

const EDIT: &[(Action, Resource)] = &[(Action::Edit, Resource::Ticket)];

pub(crate) static ROWS: &[OperationRow] =
    &[operation!(IGNORE, ignore, EDIT), operation!(RESTORE, restore, EDIT)];

async fn ignore(request: OperationRequest) -> Result<Answer, CallError> {
    change(request, Change::Ignore).await
}

async fn restore(request: OperationRequest) -> Result<Answer, CallError> {
    change(request, Change::Restore).await
}

async fn change(request: OperationRequest, change: Change) -> Result<Answer, CallError> {
    let network = named_network(&request, &SHOWN_NETWORK).await?;
    let done = if has_hosts(network.as_ref().map(std::slice::from_ref)) {
        change.carry_out(&request.app, request.actor()?, &request.arguments).await?
    } else {
        Vec::new()
    };
    let mut xml = request.root();
    let attributes = [("status", Change::status(&done)), ("number", &done.len().to_string())];
    xml.element("RESPONSE", &attributes, |xml| {
        xml.cdata("MESSAGE", &change.message(&done));
        change.write(xml, &done);
    });
    Ok(OperationRequest::end(xml))
}
