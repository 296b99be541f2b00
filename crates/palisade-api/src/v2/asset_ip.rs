//! `asset/ip/`: the addresses of the subscription.

use palisade_app::{AddHosts, EditHosts, ListHosts, TrackingMethod};
use palisade_model::{Action, IpRange, IpSet, Resource, Role};
use palisade_wire::dtd::v2::IP_LIST_OUTPUT;
use palisade_wire::operation::{Answers, Methods, Operation};
use palisade_wire::{Example, Parameter, ParameterKind, Rule, XmlWriter};

use crate::answer::Answer;
use crate::error::CallError;
use crate::v2::network::{GLOBAL_ATTRIBUTE, NETWORK_ID, SHOWN_NETWORK, has_hosts, named_network};
use crate::v2::registry::{BodyForm, OperationRow, operation};
use crate::v2::request::OperationRequest;

const RESOURCE: &str = "asset/ip";
const NAME: ParameterKind = ParameterKind::Text { max_chars: 128 };
const TRACKING: ParameterKind = ParameterKind::Choice(&["IP", "DNS", "NETBIOS"]);

const AG_TITLE: Parameter = Parameter::new(
    "ag_title",
    ParameterKind::Text { max_chars: 255 },
    "Quay",
    "The asset group that gets the addresses. Unit Managers have to give one of their unit; nobody else may.",
);

const SHOWN_IPS: Parameter =
    Parameter::new("ips", ParameterKind::IpSet, "192.0.2.1-192.0.2.9", "Only these addresses.");
const SHOWN_TRACKING: Parameter =
    Parameter::new("tracking_method", TRACKING, "IP", "Only addresses that are tracked like this.");
const COMPLIANCE_ENABLED: Parameter = Parameter::new(
    "compliance_enabled",
    ParameterKind::ZeroOne,
    "0",
    "1: only hosts in policy compliance, of which there are none yet; 0: only the others.",
);
const IPS: Parameter =
    Parameter::new("ips", ParameterKind::IpSet, "192.0.2.1-192.0.2.9", "The addresses.").required();
const ENABLE_VM: Parameter = Parameter::new(
    "enable_vm",
    ParameterKind::ZeroOne,
    "1",
    "1 adds the addresses to vulnerability management. Has to be 1, as long as the subscription has no other \
     module.",
)
.required();
const ENABLE_PC: Parameter = Parameter::new(
    "enable_pc",
    ParameterKind::ZeroOne,
    "0",
    "1 adds the addresses to policy compliance, which the subscription does not have yet.",
)
.default("0");
const ENABLE_SCA: Parameter = Parameter::new(
    "enable_sca",
    ParameterKind::ZeroOne,
    "0",
    "1 adds the addresses to security configuration assessment, which the subscription does not have.",
)
.default("0");
const ENABLE_CERTVIEW: Parameter = Parameter::new(
    "enable_certview",
    ParameterKind::ZeroOne,
    "0",
    "1 adds the addresses to certificate view, which the subscription does not have.",
)
.default("0");
const CERTVIEW_ENABLED: Parameter = Parameter::new(
    "certview_enabled",
    ParameterKind::ZeroOne,
    "0",
    "1: only hosts in certificate view, of which there are none; 0: only the others.",
);
const TRACKING_METHOD: Parameter =
    Parameter::new("tracking_method", TRACKING, "IP", "What a host is recognised by in later scans.")
        .default("IP for new addresses; unchanged by an update");
const OWNER: Parameter =
    Parameter::new("owner", ParameterKind::Text { max_chars: 64 }, "acme_ab1", "Login of the hosts' owner.");
const UD1: Parameter = Parameter::new("ud1", NAME, "Room 101", "First user-defined field.");
const UD2: Parameter = Parameter::new("ud2", NAME, "Mail", "Second user-defined field.");
const UD3: Parameter = Parameter::new("ud3", NAME, "A-1234", "Third user-defined field.");
const COMMENT: Parameter = Parameter::new(
    "comment",
    ParameterKind::Text { max_chars: 1_024 },
    "Mail relay",
    "A note about the hosts.",
);
pub(super) const HOST_DNS: Parameter = Parameter::new(
    "host_dns",
    ParameterKind::Text { max_chars: 255 },
    "www.example.com",
    "With a single address: update only if the scanned host has this DNS name.",
);
pub(super) const HOST_NETBIOS: Parameter = Parameter::new(
    "host_netbios",
    ParameterKind::Text { max_chars: 255 },
    "FILES",
    "With a single address: update only if the scanned host has this NetBIOS name.",
);

pub const LIST: Operation = Operation {
    resource: RESOURCE,
    action: "list",
    methods: Methods::Any,
    takes_document: false,
    summary: "List the addresses of the subscription",
    description: &[
        "Lists the addresses that the caller may see, as single ones and closed ranges, ascending.",
    ],
    parameters: &[SHOWN_IPS, SHOWN_TRACKING, COMPLIANCE_ENABLED, CERTVIEW_ENABLED, SHOWN_NETWORK],
    rules: &[],
    roles: "Manager: the subscription. Unit Manager: the business unit. Scanner and Reader: assigned asset \
            groups. Auditor: hosts in policy compliance.",
    answers: Answers::Document { root: "IP_LIST_OUTPUT", dtd: &IP_LIST_OUTPUT },
    example: Example { parameters: &[("ips", "192.0.2.0/24")], description: "See which of these are known." },
};

pub const ADD: Operation = Operation {
    resource: RESOURCE,
    action: "add",
    methods: Methods::Post,
    takes_document: false,
    summary: "Add addresses to the subscription",
    description: &[
        "Only addresses in the subscription can be scanned. Addresses that are in it already stay as they are.",
        "The addresses may also be the body of the request, as comma-separated values with Content-Type \
         text/csv; the other parameters are in the URL then.",
    ],
    parameters: &[
        IPS,
        ENABLE_VM,
        ENABLE_PC,
        ENABLE_SCA,
        ENABLE_CERTVIEW,
        TRACKING_METHOD,
        OWNER,
        UD1,
        UD2,
        UD3,
        COMMENT,
        AG_TITLE,
    ],
    rules: &[],
    roles: "Manager. Unit Manager with the permission add_assets: to an asset group of the business unit.",
    answers: Answers::Simple,
    example: Example {
        parameters: &[("ips", "192.0.2.1-192.0.2.9"), ("enable_vm", "1"), ("comment", "Mail relays")],
        description: "Add nine addresses.",
    },
};

pub const UPDATE: Operation = Operation {
    resource: RESOURCE,
    action: "update",
    methods: Methods::Post,
    takes_document: false,
    summary: "Change what is noted about addresses",
    description: &[
        "What is given replaces what is noted about all the addresses; an empty text removes it. All must be \
         in the subscription and within the caller's reach, otherwise nothing changes.",
    ],
    parameters: &[IPS, NETWORK_ID, TRACKING_METHOD, HOST_DNS, HOST_NETBIOS, OWNER, UD1, UD2, UD3, COMMENT],
    rules: &[
        Rule::AtLeastOneOf(&["tracking_method", "owner", "ud1", "ud2", "ud3", "comment"]),
        Rule::Exclusive(&["host_dns", "host_netbios"]),
    ],
    roles: "Manager. Unit Manager: hosts of the business unit.",
    answers: Answers::Simple,
    example: Example {
        parameters: &[("ips", "192.0.2.4"), ("comment", "Mail relay")],
        description: "Note something about a host.",
    },
};

pub(crate) static ROWS: &[OperationRow] = &[
    operation!(LIST, list, &[(Action::List, Resource::Host)]),
    OperationRow {
        body: BodyForm::Addresses(IPS.name),
        ..operation!(ADD, add, &[(Action::Add, Resource::Host)])
    },
    operation!(UPDATE, update, &[(Action::Edit, Resource::Host)]),
];

async fn list(request: OperationRequest) -> Result<Answer, CallError> {
    let OperationRequest { app, arguments, .. } = &request;
    let wanted = ListHosts { results: false, no_results: false };
    let mut ips = app.list_hosts(request.actor()?, wanted).await?.ips;
    if let Some(shown) = arguments.ip_set(&SHOWN_IPS) {
        ips = ips.intersection(shown);
    }
    if let Some(method) = arguments.choice(&SHOWN_TRACKING) {
        ips = app.tracked_hosts(request.actor()?, tracking_method(method)).await?.intersection(&ips);
    }
    let of_module = |parameter: &Parameter| arguments.has(parameter.name) && arguments.switch(parameter);
    if of_module(&COMPLIANCE_ENABLED) || of_module(&CERTVIEW_ENABLED) {
        ips = IpSet::new();
    }
    let network = named_network(&request, &SHOWN_NETWORK).await?;
    if !has_hosts(network.as_ref().map(std::slice::from_ref)) {
        ips = IpSet::new();
    }
    let mut xml = request.document();
    write_ip_set_of(&mut xml, &ips, app.has_networks());
    Ok(OperationRequest::end(xml))
}

async fn add(request: OperationRequest) -> Result<Answer, CallError> {
    let OperationRequest { app, arguments, .. } = &request;
    for (parameter, module) in [
        (&ENABLE_PC, "policy compliance is not in the subscription"),
        (&ENABLE_SCA, "security configuration assessment is not in the subscription"),
        (&ENABLE_CERTVIEW, "certificate view is not in the subscription"),
    ] {
        if arguments.switch(parameter) {
            return Err(request.invalid(parameter, module));
        }
    }
    if !arguments.switch(&ENABLE_VM) {
        return Err(request.invalid(&ENABLE_VM, "the addresses have to be in a module"));
    }
    let Texts { owner, comment, ud } = texts(&request);
    let asset_group = arguments.text(&AG_TITLE).map(str::to_owned);
    match (request.actor()?.role, &asset_group) {
        (Role::UnitManager, None) => {
            return Err(CallError::Coded {
                code: 1903,
                text: "Missing required parameter(s): ag_title".to_owned(),
            });
        }
        (Role::UnitManager, _) | (_, None) => {}
        (_, Some(_)) => {
            return Err(CallError::Coded {
                code: 1901,
                text: "Unrecognized parameter(s): ag_title".to_owned(),
            });
        }
    }
    let hosts = AddHosts {
        ips: arguments.ip_set(&IPS).cloned().unwrap_or_default(),
        tracking: arguments.choice(&TRACKING_METHOD).map(tracking_method),
        owner,
        comment,
        ud,
        asset_group,
    };
    app.add_hosts(request.actor()?, hosts).await?;
    Ok(request.simple_return("IPs successfully added to Vulnerability Management", &[]))
}

async fn update(request: OperationRequest) -> Result<Answer, CallError> {
    let OperationRequest { app, arguments, .. } = &request;
    let ips = arguments.ip_set(&IPS).cloned().unwrap_or_default();
    let network = named_network(&request, &NETWORK_ID).await?;
    if !has_hosts(network.as_ref().map(std::slice::from_ref)) {
        return Err(request.invalid(&IPS, "IP(s) do not exist in the network"));
    }
    check_name(&request, &ips).await?;
    let Texts { owner, comment, ud } = texts(&request);
    let tracking = arguments.choice(&TRACKING_METHOD).map(tracking_method);
    app.edit_hosts(request.actor()?, EditHosts { ips, tracking, owner, comment, ud }).await?;
    Ok(request.simple_return("IPs successfully updated", &[]))
}

/// What people note about hosts.
struct Texts {
    owner: Option<String>,
    comment: Option<String>,
    ud: [Option<String>; 3],
}

fn texts(request: &OperationRequest) -> Texts {
    let text = |parameter| request.arguments.text(parameter).map(str::to_owned);
    Texts { owner: text(&OWNER), comment: text(&COMMENT), ud: [text(&UD1), text(&UD2), text(&UD3)] }
}

/// Refuses a host that has another name than the one given.
pub(super) async fn check_name(request: &OperationRequest, ips: &IpSet) -> Result<(), CallError> {
    let OperationRequest { app, arguments, .. } = request;
    let given = [&HOST_DNS, &HOST_NETBIOS].into_iter().find(|parameter| arguments.has(parameter.name));
    let Some(parameter) = given else { return Ok(()) };
    if ips.count() != 1 {
        return Err(request.invalid(parameter, "only together with a single IP"));
    }
    let wanted = ListHosts { results: true, no_results: false };
    let hosts = app.list_hosts(request.actor()?, wanted).await?.results.unwrap_or_default();
    let name = arguments.text(parameter).unwrap_or_default().trim();
    let host = hosts.iter().find(|host| ips.contains(host.ip));
    let known = host.and_then(|host| {
        if parameter.name == HOST_DNS.name { host.dns.as_deref() } else { host.netbios.as_deref() }
    });
    match known {
        Some(known) if known.eq_ignore_ascii_case(name) => Ok(()),
        _ => Err(request.invalid(parameter, "the host has no such name")),
    }
}

pub(super) fn tracking_method(word: &str) -> TrackingMethod {
    match word {
        "DNS" => TrackingMethod::Dns,
        "NETBIOS" => TrackingMethod::Netbios,
        _ => TrackingMethod::Ip,
    }
}

/// `IP_SET`; nothing for an empty one.
pub(super) fn write_ip_set(xml: &mut XmlWriter, ips: &IpSet) {
    write_ip_set_of(xml, ips, false);
}

/// The same, with the network that the addresses are in where there are `networks`.
fn write_ip_set_of(xml: &mut XmlWriter, ips: &IpSet, networks: bool) {
    let attributes = if networks { &[GLOBAL_ATTRIBUTE][..] } else { &[] };
    xml.list("IP_SET", ips.ranges(), |xml, range: &IpRange| {
        let element = if range.count() == 1 { "IP" } else { "IP_RANGE" };
        xml.text_with(element, attributes, &range.to_string());
    });
}
