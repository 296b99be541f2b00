//! `network/`: what equal addresses of different places are told apart by; and the parameters that
//! other resources name networks with.
//!
//! The API has no way to delete a network.

use palisade_app::{Error as AppError, GLOBAL_NETWORK, NetworkView};
use palisade_model::{Action, Resource};
use palisade_wire::dtd::v2::NETWORK_LIST_OUTPUT;
use palisade_wire::operation::{Answers, Methods, Operation};
use palisade_wire::{Example, Parameter, ParameterKind};

use crate::answer::Answer;
use crate::error::CallError;
use crate::example::Need;
use crate::v2::registry::{OperationRow, operation};
use crate::v2::request::OperationRequest;

const RESOURCE: &str = "network";
const NETWORK: ParameterKind = ParameterKind::Integer { min: 0, max: i64::MAX as u64 };

/// Names of the parameters that are there only with networks.
pub(crate) const OF_NETWORKS: &[&str] = &["network_id", "network_ids", "network_name"];

/// What tells of addresses that they are in the Global Default Network.
pub(crate) const GLOBAL_ATTRIBUTE: (&str, &str) = ("network_id", "0");
/// The element that tells it of hosts, and its value.
pub(crate) const GLOBAL_ELEMENT: (&str, &str) = ("NETWORK_ID", "0");

/// For lists: of what is in one network.
pub(crate) const SHOWN_NETWORK: Parameter = Parameter::new(
    "network_id",
    NETWORK,
    "0",
    "Only what is in the network with this number. Only where the subscription has networks.",
)
.default("all networks");
/// The same for several networks.
pub(crate) const SHOWN_NETWORKS: Parameter = Parameter::new(
    "network_ids",
    ParameterKind::Text { max_chars: 10_000 },
    "0",
    "Only what is in the networks with these numbers, separated by commas. Only where the subscription has \
     networks.",
)
.default("all networks");
/// For what is put into a network.
pub(crate) const NETWORK_ID: Parameter = Parameter::new(
    "network_id",
    NETWORK,
    "0",
    "The number of the network that it is in. Only where the subscription has networks.",
)
.default("0");

const IDS: Parameter = Parameter::new(
    "ids",
    ParameterKind::Text { max_chars: 10_000 },
    "0,1",
    "Only networks with these numbers, separated by commas.",
);
const NAME: Parameter = Parameter::new(
    "name",
    ParameterKind::Text { max_chars: 80 },
    "Harbour",
    "The name. No other network has it.",
)
.required();
const ID: Parameter =
    Parameter::new("id", ParameterKind::Integer { min: 1, max: i64::MAX as u64 }, "1", "The network.")
        .required();

pub const LIST: Operation = Operation {
    resource: RESOURCE,
    action: "list",
    methods: Methods::Any,
    takes_document: false,
    summary: "List networks",
    description: &[
        "Lists the networks of the subscription with the scanner appliances that are in them, as far as the \
         caller sees these. Number 0 is the Global Default Network, which is there always.",
        "A subscription has networks only if the server was started with networks=true; else the resource is \
         refused with code 2012, and so are the network parameters of other resources, with code 1901.",
        "A host is in the network of the scanner that found it. As scanner appliances do no scans yet, every \
         host is in the Global Default Network; appliances, asset groups and virtual hosts can be put into \
         others, and no address is told apart by them.",
    ],
    parameters: &[IDS],
    rules: &[],
    roles: "Manager, Unit Manager, Scanner and Reader.",
    answers: Answers::Document { root: "NETWORK_LIST_OUTPUT", dtd: &NETWORK_LIST_OUTPUT },
    example: Example { parameters: &[], description: "List all networks." },
};

pub const CREATE: Operation = Operation {
    resource: RESOURCE,
    action: "create",
    methods: Methods::Post,
    takes_document: false,
    summary: "Make a network",
    description: &["The answer has the number of the network. A network is never deleted."],
    parameters: &[NAME],
    rules: &[],
    roles: "Manager.",
    answers: Answers::Simple,
    example: Example { parameters: &[("name", "Harbour")], description: "Make a network." },
};

pub const UPDATE: Operation = Operation {
    resource: RESOURCE,
    action: "update",
    methods: Methods::Post,
    takes_document: false,
    summary: "Rename a network",
    description: &["The Global Default Network keeps its name."],
    parameters: &[ID, NAME],
    rules: &[],
    roles: "Manager.",
    answers: Answers::Simple,
    example: Example { parameters: &[("id", "ID"), ("name", "Harbour East")], description: "Rename it." },
};

/// A network that examples name.
const MADE: &[Need] =
    &[Need::Operation { resource: RESOURCE, action: "create", parameters: &[("name", "Harbour")] }];

pub(crate) static ROWS: &[OperationRow] = &[
    operation!(LIST, list, &[(Action::List, Resource::Network)]),
    operation!(CREATE, create, &[(Action::Add, Resource::Network)]),
    operation!(UPDATE, update, &[(Action::Edit, Resource::Network)], needs: MADE),
];

async fn list(request: OperationRequest) -> Result<Answer, CallError> {
    let mut networks = request.app.list_networks(request.actor()?).await?;
    if let Some(ids) = numbers(&request, &IDS)? {
        networks.retain(|network| ids.contains(&network.id));
    }
    let mut xml = request.document();
    xml.list("NETWORK_LIST", &networks, |xml, NetworkView { id, name, appliances }| {
        xml.element("NETWORK", &[], |xml| {
            xml.text("ID", &id.to_string());
            xml.cdata("NAME", name);
            xml.list("SCANNER_APPLIANCE_LIST", appliances, |xml, (id, name)| {
                xml.element("SCANNER_APPLIANCE", &[], |xml| {
                    xml.text("ID", &id.to_string());
                    xml.cdata("FRIENDLY_NAME", name);
                });
            });
        });
    });
    Ok(OperationRequest::end(xml))
}

async fn create(request: OperationRequest) -> Result<Answer, CallError> {
    let name = request.arguments.text(&NAME).unwrap_or_default();
    let id = request.app.create_network(request.actor()?, name).await?;
    Ok(request.simple_return("Network created with ID", &[("id", id.to_string())]))
}

async fn update(request: OperationRequest) -> Result<Answer, CallError> {
    let OperationRequest { app, arguments, .. } = &request;
    let name = arguments.text(&NAME).unwrap_or_default();
    let id = arguments.integer(&ID).and_then(|id| i64::try_from(id).ok()).unwrap_or_default();
    app.update_network(request.actor()?, id, name).await.map_err(|error| match error {
        AppError::UnknownNetwork { .. } => request.invalid(&ID, "No such network ID"),
        error => error.into(),
    })?;
    let name = name.trim().to_owned();
    Ok(request.simple_return("Network updated", &[("id", id.to_string()), ("name", name)]))
}

/// Numbers separated by commas; 0 is one of them. Ranges are not known here.
fn numbers(request: &OperationRequest, parameter: &Parameter) -> Result<Option<Vec<i64>>, CallError> {
    let Some(text) = request.arguments.text(parameter) else { return Ok(None) };
    let read = |item: &str| {
        let number = item.trim().parse::<i64>().ok().filter(|number| *number >= 0);
        number.ok_or_else(|| request.invalid(parameter, &format!("not a number: {item}")))
    };
    text.split(',').map(read).collect::<Result<Vec<i64>, _>>().map(Some)
}

/// The network that a request names with this parameter, which has to be there; `None` when it names
/// none.
pub(crate) async fn named_network(
    request: &OperationRequest,
    parameter: &Parameter,
) -> Result<Option<i64>, CallError> {
    let Some(id) = request.arguments.integer(parameter) else { return Ok(None) };
    let id = i64::try_from(id).unwrap_or(i64::MAX);
    match request.app.check_networks([id]).await {
        Ok(()) => Ok(Some(id)),
        Err(AppError::UnknownNetwork { .. }) => Err(request.invalid(parameter, "No such network ID")),
        Err(error) => Err(error.into()),
    }
}

/// The same by the network's name.
pub(crate) async fn network_of_name(
    request: &OperationRequest,
    parameter: &Parameter,
) -> Result<Option<i64>, CallError> {
    let Some(name) = request.arguments.text(parameter) else { return Ok(None) };
    let networks = request.app.list_networks(request.actor()?).await?;
    let found = networks.iter().find(|network| network.name == name.trim());
    found.map(|network| Some(network.id)).ok_or_else(|| request.invalid(parameter, "No such network"))
}

/// The same for several networks.
pub(crate) async fn named_networks(
    request: &OperationRequest,
    parameter: &Parameter,
) -> Result<Option<Vec<i64>>, CallError> {
    let Some(ids) = numbers(request, parameter)? else { return Ok(None) };
    match request.app.check_networks(ids.iter().copied()).await {
        Ok(()) => Ok(Some(ids)),
        Err(AppError::UnknownNetwork { .. }) => Err(request.invalid(parameter, "No such network ID")),
        Err(error) => Err(error.into()),
    }
}

/// Whether hosts are among what is asked for: they all are in the Global Default Network.
pub(crate) fn has_hosts(networks: Option<&[i64]>) -> bool {
    networks.is_none_or(|networks| networks.contains(&GLOBAL_NETWORK.0))
}
