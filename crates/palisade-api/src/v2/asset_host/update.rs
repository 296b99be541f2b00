//! `asset/host/?action=update`: what is noted about hosts that are chosen by id, address or asset group.

use palisade_app::{EditHosts, SelectHosts};
use palisade_model::IpSet;
use palisade_wire::dtd::v2::HOST_UPDATE_OUTPUT;
use palisade_wire::operation::{Answers, Methods, Operation};
use palisade_wire::{Example, Parameter, ParameterKind, Rule};

use crate::answer::Answer;
use crate::error::CallError;
use crate::v2::asset_host::selection::{AG_IDS, AG_TITLES, blame};
use crate::v2::asset_ip::{HOST_DNS, HOST_NETBIOS, check_name, tracking_method};
use crate::v2::network::{NETWORK_ID, has_hosts, named_network, network_of_name};
use crate::v2::request::OperationRequest;

const TRACKING: ParameterKind = ParameterKind::Choice(&["IP", "DNS", "NETBIOS"]);
const FIELD: ParameterKind = ParameterKind::Text { max_chars: 128 };

const IDS: Parameter =
    Parameter::new("ids", ParameterKind::Numbers, "1", "The hosts by their ids, without ranges.");
const IPS: Parameter = Parameter::new(
    "ips",
    ParameterKind::IpSet,
    "192.0.2.4",
    "The hosts by their addresses. All must be in the subscription and within the caller's reach.",
);
const TRACKING_METHOD: Parameter = Parameter::new(
    "tracking_method",
    TRACKING,
    "IP",
    "Only those of the hosts that are tracked like this. With ips, ag_ids or ag_titles.",
);
const NETWORK_NAME: Parameter = Parameter::new(
    "network_name",
    ParameterKind::Text { max_chars: 80 },
    "Global Default Network",
    "The same by the name of the network.",
);
const NEW_TRACKING_METHOD: Parameter =
    Parameter::new("new_tracking_method", TRACKING, "DNS", "What the hosts are recognised by from now on.");
const NEW_OWNER: Parameter = Parameter::new(
    "new_owner",
    ParameterKind::Text { max_chars: 64 },
    "acme_ab1",
    "Login of the hosts' owner; an empty text removes it.",
);
const NEW_UD1: Parameter = Parameter::new("new_ud1", FIELD, "Room 101", "First user-defined field.");
const NEW_UD2: Parameter = Parameter::new("new_ud2", FIELD, "Mail", "Second user-defined field.");
const NEW_UD3: Parameter = Parameter::new("new_ud3", FIELD, "A-1234", "Third user-defined field.");
const NEW_COMMENT: Parameter = Parameter::new(
    "new_comment",
    ParameterKind::Text { max_chars: 1_024 },
    "Mail relay",
    "A note about the hosts; an empty text removes it.",
);

pub(super) const UPDATE: Operation = Operation {
    resource: "asset/host",
    action: "update",
    methods: Methods::Post,
    takes_document: false,
    summary: "Change what is noted about hosts",
    description: &[
        "What begins with new_ replaces what is noted about the chosen hosts; everything else chooses them. \
         asset/ip/ changes the same things.",
    ],
    parameters: &[
        IDS,
        IPS,
        HOST_DNS,
        HOST_NETBIOS,
        NETWORK_ID,
        NETWORK_NAME,
        AG_IDS,
        AG_TITLES,
        TRACKING_METHOD,
        NEW_TRACKING_METHOD,
        NEW_OWNER,
        NEW_UD1,
        NEW_UD2,
        NEW_UD3,
        NEW_COMMENT,
    ],
    rules: &[
        Rule::OneOf(&["ips", "ids", "ag_ids", "ag_titles"]),
        Rule::OnlyWith { parameter: "host_dns", with: "ips", value: None },
        Rule::OnlyWith { parameter: "host_netbios", with: "ips", value: None },
        Rule::OnlyWith { parameter: "network_id", with: "ips", value: None },
        Rule::OnlyWith { parameter: "network_name", with: "ips", value: None },
        Rule::Exclusive(&["host_dns", "host_netbios"]),
        Rule::Exclusive(&["network_id", "network_name"]),
        Rule::Exclusive(&["ids", "tracking_method"]),
        Rule::AtLeastOneOf(&[
            "new_tracking_method",
            "new_owner",
            "new_ud1",
            "new_ud2",
            "new_ud3",
            "new_comment",
        ]),
    ],
    roles: "Manager. Unit Manager: hosts of the business unit.",
    answers: Answers::Document { root: "HOST_UPDATE_OUTPUT", dtd: &HOST_UPDATE_OUTPUT },
    example: Example {
        parameters: &[("ips", "192.0.2.4"), ("new_comment", "Mail relay")],
        description: "Note something about a host.",
    },
};

pub(super) async fn update(request: OperationRequest) -> Result<Answer, CallError> {
    let OperationRequest { app, arguments, .. } = &request;
    let mut ips = chosen(&request).await?;
    if let Some(method) = arguments.choice(&TRACKING_METHOD) {
        ips = app.tracked_hosts(request.actor()?, tracking_method(method)).await?.intersection(&ips);
    }
    let text = |parameter| arguments.text(parameter).map(str::to_owned);
    if !ips.is_empty() {
        let edit = EditHosts {
            ips: ips.clone(),
            tracking: arguments.choice(&NEW_TRACKING_METHOD).map(tracking_method),
            owner: text(&NEW_OWNER),
            comment: text(&NEW_COMMENT),
            ud: [text(&NEW_UD1), text(&NEW_UD2), text(&NEW_UD3)],
        };
        app.edit_hosts(request.actor()?, edit).await?;
    }
    let mut xml = request.document();
    xml.text("TEXT", if ips.is_empty() { "No Assets updated" } else { "Assets successfully updated" });
    Ok(OperationRequest::end(xml))
}

/// The addresses of the hosts that the request names.
async fn chosen(request: &OperationRequest) -> Result<IpSet, CallError> {
    let OperationRequest { app, arguments, .. } = request;
    if let Some(ips) = arguments.ip_set(&IPS) {
        let network = match named_network(request, &NETWORK_ID).await? {
            Some(network) => Some(network),
            None => network_of_name(request, &NETWORK_NAME).await?,
        };
        if !has_hosts(network.as_ref().map(std::slice::from_ref)) {
            return Err(request.invalid(&IPS, "IP(s) do not exist in the network"));
        }
        check_name(request, ips).await?;
        return Ok(ips.clone());
    }
    let ids = arguments.numbers(&IDS);
    if ids.is_some_and(|ids| {
        arguments.written(&IDS).is_some_and(|text| text.contains('-')) || ids.count() > 1_000
    }) {
        return Err(request.invalid(&IDS, "at most 1000 ids, and no ranges"));
    }
    let hosts = SelectHosts {
        ids: ids.cloned(),
        group_ids: arguments.numbers(&AG_IDS).cloned(),
        group_titles: arguments.titles(&AG_TITLES).map(<[_]>::to_vec),
        ..SelectHosts::default()
    };
    let found = app.addresses_to_edit(request.actor()?, hosts).await.map_err(blame)?;
    match ids {
        Some(ids) if found.count() < ids.count() => Err(request.invalid(&IDS, "No such host")),
        _ => Ok(found),
    }
}
