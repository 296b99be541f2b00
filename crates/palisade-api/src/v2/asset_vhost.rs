//! `asset/vhost/`: names that web servers are asked by, beside their addresses.

use std::net::Ipv4Addr;

use palisade_app::{VirtualHostChange, VirtualHostPlace};
use palisade_model::{Action, IpSet, Resource, VirtualHost, VirtualName};
use palisade_wire::dtd::v2::VIRTUAL_HOST_LIST_OUTPUT;
use palisade_wire::operation::{Answers, Methods, Operation};
use palisade_wire::{Example, Parameter, ParameterKind};

use crate::answer::Answer;
use crate::error::CallError;
use crate::example::Need;
use crate::v2::network::{NETWORK_ID, SHOWN_NETWORK, named_network};
use crate::v2::registry::{OperationRow, operation};
use crate::v2::request::OperationRequest;

const RESOURCE: &str = "asset/vhost";
const PORT_NUMBER: ParameterKind = ParameterKind::Integer { min: 1, max: 65_535 };
const ROLES: &str =
    "Manager. Unit Manager: hosts of the business unit. Scanner: hosts of assigned asset groups.";
/// What scans do with the names.
const USE: &str = "A scan of the address asks the web server of the port by every name, in the TLS handshake \
                   and in its requests, and says in its results what it found by which name. A finding counts \
                   once for a port, by however many names it was found. As long as the server does not answer \
                   by a name, nothing found on the port counts as fixed.";

const SHOWN_IP: Parameter =
    Parameter::new("ip", ParameterKind::IpSet, "192.0.2.4", "Only virtual hosts at this address.");
const SHOWN_PORT: Parameter =
    Parameter::new("port", PORT_NUMBER, "443", "Only virtual hosts of web servers at this port.");
const IP: Parameter = Parameter::new(
    "ip",
    ParameterKind::IpSet,
    "192.0.2.4",
    "The address of the web server, a single one of the subscription.",
)
.required();
const PORT: Parameter = Parameter::new("port", PORT_NUMBER, "443", "The port of the web server.").required();
const FQDN: Parameter = Parameter::new(
    "fqdn",
    ParameterKind::Titles { max_items: 1_000, max_chars: 254 },
    "shop.example.com,www.example.com",
    "The names, fully qualified. Those of one virtual host have at most 4,000 bytes.",
)
.required();

const EXAMPLE: &[(&str, &str)] = &[("ip", "192.0.2.4"), ("port", "443"), ("fqdn", "shop.example.com")];

pub const LIST: Operation = Operation {
    resource: RESOURCE,
    action: "list",
    methods: Methods::Any,
    takes_document: false,
    summary: "List virtual hosts",
    description: &["Lists the virtual hosts that the caller may see, by address and port, with their names."],
    parameters: &[SHOWN_IP, SHOWN_PORT, SHOWN_NETWORK],
    rules: &[],
    roles: "Manager. Unit Manager: hosts of the business unit. Scanner and Reader: hosts of assigned asset \
            groups.",
    answers: Answers::Document { root: "VIRTUAL_HOST_LIST_OUTPUT", dtd: &VIRTUAL_HOST_LIST_OUTPUT },
    example: Example { parameters: &[("port", "443")], description: "List those that speak TLS." },
};

pub const CREATE: Operation = Operation {
    resource: RESOURCE,
    action: "create",
    methods: Methods::Post,
    takes_document: false,
    summary: "Create a virtual host",
    description: &["Names the web server of an address and port.", USE],
    parameters: &[IP, PORT, FQDN, NETWORK_ID],
    rules: &[],
    roles: ROLES,
    answers: Answers::Simple,
    example: Example {
        parameters: &[("ip", "192.0.2.4"), ("port", "443"), ("fqdn", "shop.example.com,www.example.com")],
        description: "Have a web server asked by two names.",
    },
};

pub const UPDATE: Operation = Operation {
    resource: RESOURCE,
    action: "update",
    methods: Methods::Post,
    takes_document: false,
    summary: "Replace the names of a virtual host",
    description: &["The virtual host has these names from now on, and no others."],
    parameters: &[IP, PORT, FQDN, NETWORK_ID],
    rules: &[],
    roles: ROLES,
    answers: Answers::Simple,
    example: Example { parameters: EXAMPLE, description: "Leave it one name." },
};

pub const ADD_FQDN: Operation = Operation {
    resource: RESOURCE,
    action: "add_fqdn",
    methods: Methods::Post,
    takes_document: false,
    summary: "Add names to a virtual host",
    description: &["Names that the virtual host has already stay."],
    parameters: &[IP, PORT, FQDN, NETWORK_ID],
    rules: &[],
    roles: ROLES,
    answers: Answers::Simple,
    example: Example {
        parameters: &[("ip", "192.0.2.4"), ("port", "443"), ("fqdn", "press.example.com")],
        description: "Add a name.",
    },
};

pub const DELETE_FQDN: Operation = Operation {
    resource: RESOURCE,
    action: "delete_fqdn",
    methods: Methods::Post,
    takes_document: false,
    summary: "Delete names from a virtual host",
    description: &["One name has to be left; a virtual host that is to have none is deleted."],
    parameters: &[IP, PORT, FQDN, NETWORK_ID],
    rules: &[],
    roles: ROLES,
    answers: Answers::Simple,
    example: Example { parameters: EXAMPLE, description: "Delete a name." },
};

pub const DELETE: Operation = Operation {
    resource: RESOURCE,
    action: "delete",
    methods: Methods::Post,
    takes_document: false,
    summary: "Delete a virtual host",
    description: &["Scans ask the web server by its address alone from now on."],
    parameters: &[IP, PORT, NETWORK_ID],
    rules: &[],
    roles: ROLES,
    answers: Answers::Simple,
    example: Example {
        parameters: &[("ip", "192.0.2.4"), ("port", "443")],
        description: "Delete a virtual host with all its names.",
    },
};

/// A virtual host that examples name.
const CREATED: &[Need] = &[Need::Operation {
    resource: RESOURCE,
    action: "create",
    parameters: &[("ip", "192.0.2.4"), ("port", "443"), ("fqdn", "shop.example.com,www.example.com")],
}];

pub(crate) static ROWS: &[OperationRow] = &[
    operation!(LIST, list, &[(Action::List, Resource::VirtualHost)], needs: CREATED),
    operation!(CREATE, create, &[(Action::Add, Resource::VirtualHost)]),
    operation!(UPDATE, update, &[(Action::Edit, Resource::VirtualHost)], needs: CREATED),
    operation!(ADD_FQDN, add_fqdn, &[(Action::Edit, Resource::VirtualHost)], needs: CREATED),
    operation!(DELETE_FQDN, delete_fqdn, &[(Action::Edit, Resource::VirtualHost)], needs: CREATED),
    operation!(DELETE, delete, &[(Action::Delete, Resource::VirtualHost)], needs: CREATED),
];

async fn list(request: OperationRequest) -> Result<Answer, CallError> {
    let OperationRequest { app, arguments, .. } = &request;
    let mut hosts = app.list_virtual_hosts(request.actor()?).await?;
    let (ips, port) = (arguments.ip_set(&SHOWN_IP), arguments.integer(&SHOWN_PORT));
    let network = named_network(&request, &SHOWN_NETWORK).await?;
    hosts.retain(|host| {
        network.is_none_or(|network| network == host.network_id)
            && ips.is_none_or(|ips| ips.contains(host.ip))
            && port.is_none_or(|port| port == u64::from(host.port))
    });
    let mut xml = request.document();
    xml.list("VIRTUAL_HOST_LIST", &hosts, |xml, host| {
        let VirtualHost { network_id, ip, port, names } = host;
        xml.element("VIRTUAL_HOST", &[], |xml| {
            xml.text("IP", &ip.to_string());
            xml.number("PORT", u64::from(*port));
            if app.has_networks() {
                xml.text("NETWORK_ID", &network_id.to_string());
            }
            for name in names {
                xml.cdata("FQDN", name.as_str());
            }
        });
    });
    Ok(OperationRequest::end(xml))
}

/// The web server that the request names.
async fn place(request: &OperationRequest) -> Result<VirtualHostPlace, CallError> {
    let ips = request.arguments.ip_set(&IP).filter(|ips| ips.count() == 1);
    let ip: Option<Ipv4Addr> = ips.and_then(|ips: &IpSet| ips.nth(0));
    let ip = ip.ok_or_else(|| request.invalid(&IP, "a single address is wanted"))?;
    let port = request.arguments.integer(&PORT).and_then(|port| u16::try_from(port).ok());
    let port = port.ok_or_else(|| request.invalid(&PORT, "not a port"))?;
    let network_id = named_network(request, &NETWORK_ID).await?.unwrap_or_default();
    Ok(VirtualHostPlace { network_id, ip, port })
}

fn names(request: &OperationRequest) -> Result<Vec<VirtualName>, CallError> {
    let given = request.arguments.titles(&FQDN).unwrap_or_default();
    let read =
        |name: &String| name.parse().map_err(|error| request.invalid(&FQDN, &format!("{name}: {error}")));
    given.iter().map(read).collect()
}

async fn change(
    request: OperationRequest,
    change: VirtualHostChange,
    done: &str,
) -> Result<Answer, CallError> {
    let place = place(&request).await?;
    request.app.change_virtual_host(request.actor()?, place, change).await?;
    Ok(request.simple_return(done, &[]))
}

async fn create(request: OperationRequest) -> Result<Answer, CallError> {
    let names = names(&request)?;
    change(request, VirtualHostChange::Create(names), "Virtual host successfully created.").await
}

async fn update(request: OperationRequest) -> Result<Answer, CallError> {
    let names = names(&request)?;
    change(request, VirtualHostChange::Update(names), "Virtual host successfully updated.").await
}

async fn add_fqdn(request: OperationRequest) -> Result<Answer, CallError> {
    let names = names(&request)?;
    change(request, VirtualHostChange::AddNames(names), "FQDN(s) successfully added to the virtual host.")
        .await
}

async fn delete_fqdn(request: OperationRequest) -> Result<Answer, CallError> {
    let names = names(&request)?;
    let done = "FQDN(s) successfully deleted from the virtual host.";
    change(request, VirtualHostChange::DeleteNames(names), done).await
}

async fn delete(request: OperationRequest) -> Result<Answer, CallError> {
    change(request, VirtualHostChange::Delete, "Virtual host successfully deleted.").await
}
