//! `asset/excluded_ip/` and its history: addresses that no scan and no map touches.

use palisade_app::{ExcludedHosts, ExclusionChange, ExclusionView};
use palisade_model::{Action, IpSet, Login, Resource};
use palisade_wire::date_time::date_time;
use palisade_wire::dtd::v2::{EXCLUDED_IP_LIST_OUTPUT, HISTORY_LIST_OUTPUT};
use palisade_wire::operation::{Answers, Methods, Operation};
use palisade_wire::{Example, Parameter, ParameterKind, Rule, XmlWriter};

use crate::answer::Answer;
use crate::error::CallError;
use crate::example::Need;
use crate::v2::asset_ip::write_ip_set;
use crate::v2::network::{GLOBAL_ATTRIBUTE, NETWORK_ID, SHOWN_NETWORK, has_hosts, named_network};
use crate::v2::registry::{OperationRow, operation};
use crate::v2::request::OperationRequest;

const RESOURCE: &str = "asset/excluded_ip";
/// Records of a page of the history.
const PAGE_CHANGES: usize = 1_000;
const ID: ParameterKind = ParameterKind::Integer { min: 1, max: i64::MAX as u64 };

const SHOWN_IPS: Parameter =
    Parameter::new("ips", ParameterKind::IpSet, "192.0.2.1-192.0.2.9", "Only these addresses.");
const AG_IDS: Parameter = Parameter::new(
    "ag_ids",
    ParameterKind::Numbers,
    "1-9",
    "Only addresses of the asset groups with these IDs.",
);
const AG_TITLES: Parameter = Parameter::new(
    "ag_titles",
    ParameterKind::Titles { max_items: 100, max_chars: 255 },
    "All",
    "Only addresses of the asset groups with these titles.",
);
const IPS: Parameter =
    Parameter::new("ips", ParameterKind::IpSet, "192.0.2.60-192.0.2.63", "The addresses.").required();
const COMMENT: Parameter = Parameter::new(
    "comment",
    ParameterKind::Text { max_chars: 1_024 },
    "Printers of the press",
    "Why; it is kept in the history.",
);
const EXPIRY_DAYS: Parameter = Parameter::new(
    "expiry_days",
    ParameterKind::Integer { min: 1, max: 3_650 },
    "30",
    "After so many days the addresses are scanned again.",
)
.default("never");
const IDS: Parameter = Parameter::new("ids", ParameterKind::Numbers, "1-100", "Only records with these IDs.");
const ID_MIN: Parameter = Parameter::new("id_min", ID, "1", "Only records with this ID or a higher one.");
const ID_MAX: Parameter = Parameter::new("id_max", ID, "1000", "Only records with this ID or a lower one.");

pub const LIST: Operation = Operation {
    resource: RESOURCE,
    action: "list",
    methods: Methods::Any,
    takes_document: false,
    summary: "List excluded addresses",
    description: &[
        "Lists the addresses that no scan and no map touches, ascending, with the time at which they are scanned \
         again if there is one.",
    ],
    parameters: &[SHOWN_IPS, AG_IDS, AG_TITLES, SHOWN_NETWORK],
    rules: &[Rule::Exclusive(&["ag_ids", "ag_titles"])],
    roles: "Manager. Unit Manager: addresses of the business unit. Scanner: addresses of assigned asset groups.",
    answers: Answers::Document { root: "IP_LIST_OUTPUT", dtd: &EXCLUDED_IP_LIST_OUTPUT },
    example: Example { parameters: &[], description: "See what is not scanned." },
};

pub const ADD: Operation = Operation {
    resource: RESOURCE,
    action: "add",
    methods: Methods::Post,
    takes_document: false,
    summary: "Exclude addresses",
    description: &[
        "Scans and maps that are launched from now on leave the addresses out, whoever launches them. The \
         addresses need not be in the subscription. For addresses that are excluded already the new end counts.",
    ],
    parameters: &[IPS, COMMENT, EXPIRY_DAYS, NETWORK_ID],
    rules: &[],
    roles: "Manager.",
    answers: Answers::Simple,
    example: Example {
        parameters: &[("ips", "192.0.2.60-192.0.2.63"), ("expiry_days", "30"), ("comment", "Presses run")],
        description: "Leave four addresses alone for a month.",
    },
};

pub const REMOVE: Operation = Operation {
    resource: RESOURCE,
    action: "remove",
    methods: Methods::Post,
    takes_document: false,
    summary: "Scan excluded addresses again",
    description: &["Addresses that are not excluded stay as they are; the answer tells which were."],
    parameters: &[IPS, COMMENT, NETWORK_ID],
    rules: &[],
    roles: "Manager.",
    answers: Answers::Simple,
    example: Example { parameters: &[("ips", "192.0.2.60")], description: "Scan an address again." },
};

pub const REMOVE_ALL: Operation = Operation {
    resource: RESOURCE,
    action: "remove_all",
    methods: Methods::Post,
    takes_document: false,
    summary: "Scan all excluded addresses again",
    description: &["Nothing is excluded any more; the answer tells what was."],
    parameters: &[COMMENT, NETWORK_ID],
    rules: &[],
    roles: "Manager.",
    answers: Answers::Simple,
    example: Example { parameters: &[("comment", "The presses stand")], description: "Exclude nothing." },
};

pub const HISTORY: Operation = Operation {
    resource: "asset/excluded_ip/history",
    action: "list",
    methods: Methods::Any,
    takes_document: false,
    summary: "See how addresses came to be excluded",
    description: &["Lists what was excluded and what no longer is, by whom and why, newest first."],
    parameters: &[SHOWN_IPS, IDS, ID_MIN, ID_MAX, SHOWN_NETWORK],
    rules: &[],
    roles: "Manager. Unit Manager: addresses of the business unit. Scanner: addresses of assigned asset groups.",
    answers: Answers::Document { root: "HISTORY_LIST_OUTPUT", dtd: &HISTORY_LIST_OUTPUT },
    example: Example { parameters: &[("ips", "192.0.2.60")], description: "Ask about one address." },
};

/// An exclusion that examples name.
const EXCLUDED: &[Need] =
    &[Need::Operation { resource: RESOURCE, action: "add", parameters: &[("ips", "192.0.2.60")] }];

pub(crate) static ROWS: &[OperationRow] = &[
    operation!(LIST, list, &[(Action::List, Resource::ExcludedHost)], needs: EXCLUDED),
    operation!(ADD, add, &[(Action::Edit, Resource::ExcludedHost)]),
    operation!(REMOVE, remove, &[(Action::Edit, Resource::ExcludedHost)], needs: EXCLUDED),
    operation!(REMOVE_ALL, remove, &[(Action::Edit, Resource::ExcludedHost)], needs: EXCLUDED),
    operation!(HISTORY, history, &[(Action::List, Resource::ExcludedHost)], needs: EXCLUDED),
];

async fn list(request: OperationRequest) -> Result<Answer, CallError> {
    let mut excluded = request.app.list_excluded_hosts(request.actor()?).await?;
    if let Some(shown) = shown_ips(&request).await? {
        let part = |part: ExcludedHosts| {
            let ranges = IpSet::from_iter([part.range]).intersection(&shown).ranges().to_vec();
            ranges.into_iter().map(move |range| ExcludedHosts { range, ..part.clone() })
        };
        excluded = excluded.into_iter().flat_map(part).collect();
    }
    let network = named_network(&request, &SHOWN_NETWORK).await?;
    if !has_hosts(network.as_ref().map(std::slice::from_ref)) {
        excluded = Vec::new();
    }
    let networks = request.app.has_networks();
    let mut xml = request.document();
    xml.list("IP_SET", &excluded, |xml, ExcludedHosts { range, expires_at }| {
        let element = if range.count() == 1 { "IP" } else { "IP_RANGE" };
        let end = expires_at.map(date_time).unwrap_or_default();
        let mut attributes: Vec<(&str, &str)> = Vec::new();
        attributes.extend(networks.then_some(GLOBAL_ATTRIBUTE));
        attributes.extend((!end.is_empty()).then_some(("expiration_date", end.as_str())));
        xml.text_with(element, &attributes, &range.to_string());
    });
    Ok(OperationRequest::end(xml))
}

/// The addresses that the request restricts itself to, if it does.
async fn shown_ips(request: &OperationRequest) -> Result<Option<IpSet>, CallError> {
    let OperationRequest { app, arguments, .. } = request;
    let mut shown = arguments.ip_set(&SHOWN_IPS).cloned();
    let mut narrow = |ips: IpSet| {
        shown = Some(shown.take().map_or(ips.clone(), |shown| shown.intersection(&ips)));
    };
    if let Some(titles) = arguments.titles(&AG_TITLES) {
        narrow(app.asset_group_ips(request.actor()?, titles).await?);
    }
    if let Some(ids) = arguments.numbers(&AG_IDS) {
        let groups = app.list_asset_groups(request.actor()?, None).await?;
        let wanted = groups.iter().filter(|group| u64::try_from(group.id).is_ok_and(|id| ids.contains(id)));
        narrow(wanted.flat_map(|group| group.ips.ranges().iter().copied()).collect());
    }
    Ok(shown)
}

fn comment(request: &OperationRequest) -> Option<String> {
    request.arguments.filled_text(&COMMENT).map(|text| text.trim().to_owned())
}

/// No scan reaches addresses of other networks, so that none of them is excluded.
async fn refuse_other_networks(request: &OperationRequest) -> Result<(), CallError> {
    match named_network(request, &NETWORK_ID).await? {
        None | Some(0) => Ok(()),
        Some(_) => Err(request.invalid(&NETWORK_ID, "no scan reaches other networks than number 0 yet")),
    }
}

async fn add(request: OperationRequest) -> Result<Answer, CallError> {
    refuse_other_networks(&request).await?;
    let OperationRequest { app, arguments, .. } = &request;
    let ips = arguments.ip_set(&IPS).cloned().unwrap_or_default();
    let days = arguments.integer(&EXPIRY_DAYS).and_then(|days| u32::try_from(days).ok());
    app.exclude_hosts(request.actor()?, &ips, days, comment(&request)).await?;
    Ok(request.simple_return("Adding IPs to Excluded IPs list.", &[("Added IPs", ips.to_string())]))
}

async fn remove(request: OperationRequest) -> Result<Answer, CallError> {
    refuse_other_networks(&request).await?;
    let ips = request.arguments.ip_set(&IPS);
    let removed = request.app.include_hosts(request.actor()?, ips, comment(&request)).await?;
    let removed = if removed.is_empty() { "none".to_owned() } else { removed.to_string() };
    Ok(request.simple_return("Removing IPs from Excluded IPs list.", &[("Removed IPs", removed)]))
}

async fn history(request: OperationRequest) -> Result<Answer, CallError> {
    let OperationRequest { app, arguments, .. } = &request;
    let number = |parameter, otherwise| {
        arguments.integer(parameter).and_then(|id| i64::try_from(id).ok()).unwrap_or(otherwise)
    };
    let (id_min, id_max) = (number(&ID_MIN, 0), number(&ID_MAX, i64::MAX));
    let mut changes = app.list_exclusion_changes(request.actor()?, id_min, id_max).await?;
    let next = changes.get(PAGE_CHANGES - 1).map(|last| last.id - 1).filter(|next| *next >= id_min.max(1));
    let (ips, ids) = (arguments.ip_set(&SHOWN_IPS), arguments.numbers(&IDS));
    let network = named_network(&request, &SHOWN_NETWORK).await?;
    let shown = has_hosts(network.as_ref().map(std::slice::from_ref));
    changes.retain(|view| {
        shown
            && ips.is_none_or(|ips| !view.change.ips.intersection(ips).is_empty())
            && ids.is_none_or(|ids| u64::try_from(view.id).is_ok_and(|id| ids.contains(id)))
    });
    let mut xml = request.document();
    xml.list("HISTORY_LIST", &changes, write_change);
    if let Some(next) = next {
        request.write_warning(&mut xml, PAGE_CHANGES as u64, &[(ID_MAX.name, next.to_string())]);
    }
    write_glossary(&mut xml, &changes);
    Ok(OperationRequest::end(xml))
}

fn write_change(xml: &mut XmlWriter, view: &ExclusionView) {
    let ExclusionView { id, change, user: _ } = view;
    let ExclusionChange { at, login, added, ips, comment } = change;
    xml.element("HISTORY", &[], |xml| {
        xml.text("ID", &id.to_string());
        write_ip_set(xml, ips);
        xml.text("ACTION", if *added { "Added" } else { "Removed" });
        xml.date_time("DATETIME", *at);
        xml.text("USER_LOGIN", login.as_str());
        xml.optional_cdata("COMMENTS", comment.as_deref());
    });
}

/// Who the logins are, each once.
fn write_glossary(xml: &mut XmlWriter, changes: &[ExclusionView]) {
    let mut users: Vec<(&Login, &(String, String))> =
        changes.iter().filter_map(|view| Some((&view.change.login, view.user.as_ref()?))).collect();
    users.sort_unstable_by_key(|(login, _)| login.as_str());
    users.dedup_by_key(|(login, _)| login.as_str());
    if users.is_empty() {
        return;
    }
    xml.element("GLOSSARY", &[], |xml| {
        xml.list("USER_LIST", users, |xml, (login, (first_name, last_name))| {
            xml.element("USER", &[], |xml| {
                xml.text("USER_LOGIN", login.as_str());
                xml.cdata("FIRST_NAME", first_name);
                xml.cdata("LAST_NAME", last_name);
            });
        });
    });
}
