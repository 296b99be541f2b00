//! `asset/group/`: named sets of addresses and domains.
//!
//! What a group is called by and who it belongs to is one thing; its scanner appliances and its network are
//! kept beside it.

use palisade_app::{
    AddAssetGroup, AssetGroupView, EditAssetGroup, Error as AppError, GroupApplianceEdit, GroupTexts,
};
use palisade_model::asset_group::{BusinessImpact, Environment, EnvironmentLevel};
use palisade_model::host_name::{HostNames, HostNamesEdit, dns_names, netbios_names};
use palisade_model::{Action, AssetGroupTitle, Resource};
use palisade_wire::dtd::v2::ASSET_GROUP_LIST_OUTPUT;
use palisade_wire::operation::{Answers, Methods, Operation};
use palisade_wire::{Arguments, Example, Parameter, ParameterKind, Rule};

use crate::answer::{Answer, Content, ContentKind};
use crate::error::CallError;
use crate::example::Need;
use crate::v2::asset_group_document::{ListedGroup, write_group};
use crate::v2::asset_group_table::table;
use crate::v2::network::{NETWORK_ID, SHOWN_NETWORKS, named_network, named_networks};
use crate::v2::registry::{OperationRow, operation};
use crate::v2::request::{OperationRequest, id_ranges, write_id_set};

const RESOURCE: &str = "asset/group";
/// Groups of a page, unless the client says otherwise.
const PAGE_GROUPS: u64 = 1_000;
const TEXT: ParameterKind = ParameterKind::Text { max_chars: 64 };
const NOTE: ParameterKind = ParameterKind::Text { max_chars: 255 };
const DOMAIN_LIST: ParameterKind = ParameterKind::DomainList { max_items: 1_000 };
const ID: ParameterKind = ParameterKind::Integer { min: 1, max: i64::MAX as u64 };

const IDS: Parameter = Parameter::new("ids", ParameterKind::Numbers, "1-1000", "Only groups with these IDs.");
const ID_MIN: Parameter = Parameter::new("id_min", ID, "1", "Only groups with this ID or a higher one.");
const ID_MAX: Parameter = Parameter::new("id_max", ID, "1000", "Only groups with this ID or a lower one.");
const TRUNCATION_LIMIT: Parameter = Parameter::new(
    "truncation_limit",
    ParameterKind::Integer { min: 0, max: 1_000_000 },
    "100",
    "Groups of one answer; 0 for all of them.",
)
.default("1000");
const UNIT_ID: Parameter =
    Parameter::new("unit_id", ID, "1", "Only groups in the business unit with this ID.");
const USER_ID: Parameter = Parameter::new(
    "user_id",
    ID,
    "1",
    "Only groups that the user with this ID made or that are assigned to them.",
);
const LISTED_TITLE: Parameter =
    Parameter::new("title", ParameterKind::AssetGroupTitle, "Web servers", "Only the group with this title.");
const SHOW_ATTRIBUTES: Parameter = Parameter::new(
    "show_attributes",
    ParameterKind::Choices(ATTRIBUTES),
    "ALL",
    "What is shown of each group beside its ID. None: a set of IDs instead of the groups.",
)
.default("TITLE, OWNER, NETWORK_IDS, LAST_UPDATE, IP_SET and BUSINESS_IMPACT");
const OUTPUT_FORMAT: Parameter = Parameter::new(
    "output_format",
    ParameterKind::Word(&["xml", "csv"]),
    "csv",
    "csv has a line for each group with what is shown of it, and a heading.",
)
.default("xml");
/// What can be shown. The names of what groups never have are known and show nothing.
const ATTRIBUTES: &[&str] = &[
    "None",
    "ALL",
    "ID",
    "TITLE",
    "OWNER",
    "OWNER_USER_NAME",
    "OWNER_USER_ID",
    "OWNER_UNIT_ID",
    "NETWORK_IDS",
    "LAST_UPDATE",
    "IP_SET",
    "APPLIANCE_LIST",
    "DOMAIN_LIST",
    "DNS_LIST",
    "NETBIOS_LIST",
    "EC2_ID_LIST",
    "HOST_IDS",
    "USER_IDS",
    "ASSIGNED_USER_IDS",
    "UNIT_IDS",
    "ASSIGNED_UNIT_IDS",
    "BUSINESS_IMPACT",
    "CVSS",
    "COMMENTS",
];
const SHOWN_BY_DEFAULT: &[&str] =
    &["TITLE", "OWNER", "NETWORK_IDS", "LAST_UPDATE", "IP_SET", "BUSINESS_IMPACT"];

const GROUP_ID: Parameter = Parameter::new("id", ID, "1", "The group.").required();
const TITLE: Parameter = Parameter::new(
    "title",
    ParameterKind::AssetGroupTitle,
    "Web servers",
    "The title. It has no comma, and no other group has it.",
)
.required();
const IPS: Parameter = Parameter::new(
    "ips",
    ParameterKind::IpSet,
    "192.0.2.1-192.0.2.9",
    "The addresses. All must be in the subscription and within the caller's reach.",
);
const DOMAINS: Parameter = Parameter::new(
    "domains",
    DOMAIN_LIST,
    "example.com",
    "The domains. All must be in the subscription and within the caller's reach.",
);
const DNS_NAMES: Parameter = Parameter::new(
    "dns_names",
    ParameterKind::HostNames,
    "www.example.com",
    "DNS names of hosts. Scans and reports of the group take in the hosts that scans found under them last.",
);
const NETBIOS_NAMES: Parameter =
    Parameter::new("netbios_names", ParameterKind::HostNames, "FILES", "NetBIOS names, likewise.");
const SET_DNS_NAMES: Parameter = Parameter::new(
    "set_dns_names",
    ParameterKind::HostNames,
    "www.example.com",
    "Replaces the DNS names; an empty text removes them all.",
);
const ADD_DNS_NAMES: Parameter = Parameter::new(
    "add_dns_names",
    ParameterKind::HostNames,
    "www.example.com",
    "DNS names that join the group.",
);
const REMOVE_DNS_NAMES: Parameter = Parameter::new(
    "remove_dns_names",
    ParameterKind::HostNames,
    "www.example.com",
    "DNS names that leave it.",
);
const SET_NETBIOS_NAMES: Parameter = Parameter::new(
    "set_netbios_names",
    ParameterKind::HostNames,
    "FILES",
    "Replaces the NetBIOS names; an empty text removes them all.",
);
const ADD_NETBIOS_NAMES: Parameter = Parameter::new(
    "add_netbios_names",
    ParameterKind::HostNames,
    "FILES",
    "NetBIOS names that join the group.",
);
const REMOVE_NETBIOS_NAMES: Parameter =
    Parameter::new("remove_netbios_names", ParameterKind::HostNames, "FILES", "NetBIOS names that leave it.");
const SET_TITLE: Parameter =
    Parameter::new("set_title", ParameterKind::AssetGroupTitle, "Mail servers", "A new title.");
const ADD_IPS: Parameter =
    Parameter::new("add_ips", ParameterKind::IpSet, "192.0.2.10", "Addresses that join the group.");
const REMOVE_IPS: Parameter =
    Parameter::new("remove_ips", ParameterKind::IpSet, "192.0.2.9", "Addresses that leave the group.");
const SET_IPS: Parameter = Parameter::new(
    "set_ips",
    ParameterKind::Netblock,
    "192.0.2.1-192.0.2.9",
    "Replaces the addresses; an empty text removes them all.",
);
const ADD_DOMAINS: Parameter =
    Parameter::new("add_domains", DOMAIN_LIST, "example.com", "Domains that join the group.");
const REMOVE_DOMAINS: Parameter =
    Parameter::new("remove_domains", DOMAIN_LIST, "example.com", "Domains that leave the group.");
const SET_DOMAINS: Parameter = Parameter::new(
    "set_domains",
    DOMAIN_LIST,
    "example.com",
    "Replaces the domains; an empty text removes them all.",
);

const APPLIANCES: ParameterKind = ParameterKind::Text { max_chars: 20_000 };
const APPLIANCE_IDS: Parameter = Parameter::new(
    "appliance_ids",
    APPLIANCES,
    "1,2",
    "IDs of the scanner appliances that scan the group, separated by commas.",
);
const DEFAULT_APPLIANCE_ID: Parameter =
    Parameter::new("default_appliance_id", ID, "1", "The one of them that scans go to where none is named.");
const ADD_APPLIANCE_IDS: Parameter =
    Parameter::new("add_appliance_ids", APPLIANCES, "2", "IDs of scanner appliances that join the group.");
const REMOVE_APPLIANCE_IDS: Parameter = Parameter::new(
    "remove_appliance_ids",
    APPLIANCES,
    "2",
    "IDs of scanner appliances that leave the group.",
);
const SET_APPLIANCE_IDS: Parameter = Parameter::new(
    "set_appliance_ids",
    APPLIANCES,
    "1,2",
    "Replaces the scanner appliances; an empty text removes them all.",
);
const SET_DEFAULT_APPLIANCE_ID: Parameter = Parameter::new(
    "set_default_appliance_id",
    ID,
    "1",
    "The scanner appliance of the group that scans go to where none is named.",
);

/// The parameters of what people note, once with and once without `set_` before the name.
macro_rules! notes {
    ($comments:literal, $division:literal, $function:literal, $location:literal, $impact:literal,
     $damage:literal, $distribution:literal, $confidentiality:literal, $integrity:literal, $availability:literal) => {
        [
            Parameter::new($comments, NOTE, "Reached from the Internet", "A note about the group."),
            Parameter::new($division, TEXT, "Sales", "The division the hosts belong to."),
            Parameter::new($function, TEXT, "Web shop", "What the hosts are for."),
            Parameter::new($location, TEXT, "Room 101", "Where the hosts are."),
            Parameter::new(
                $impact,
                ParameterKind::Word(BusinessImpact::WORDS),
                "critical",
                "How much the business depends on the hosts. A new group has high.",
            ),
            Parameter::new(
                $damage,
                ParameterKind::Choice(EnvironmentLevel::DAMAGE),
                "high",
                "Collateral damage potential, of the environmental metrics of CVSS version 2.",
            ),
            Parameter::new(
                $distribution,
                ParameterKind::Choice(EnvironmentLevel::DISTRIBUTION),
                "high",
                "Target distribution, likewise.",
            ),
            Parameter::new(
                $confidentiality,
                ParameterKind::Choice(EnvironmentLevel::REQUIREMENT),
                "high",
                "Requirement on confidentiality, likewise.",
            ),
            Parameter::new(
                $integrity,
                ParameterKind::Choice(EnvironmentLevel::REQUIREMENT),
                "medium",
                "Requirement on integrity, likewise.",
            ),
            Parameter::new(
                $availability,
                ParameterKind::Choice(EnvironmentLevel::REQUIREMENT),
                "low",
                "Requirement on availability, likewise.",
            ),
        ]
    };
}

/// What people note about a new group, and about one that is edited, in the same order.
const NOTES: [Parameter; 10] = notes!(
    "comments",
    "division",
    "function",
    "location",
    "business_impact",
    "cvss_enviro_cdp",
    "cvss_enviro_td",
    "cvss_enviro_cr",
    "cvss_enviro_ir",
    "cvss_enviro_ar"
);
const SET_NOTES: [Parameter; 10] = notes!(
    "set_comments",
    "set_division",
    "set_function",
    "set_location",
    "set_business_impact",
    "set_cvss_enviro_cdp",
    "set_cvss_enviro_td",
    "set_cvss_enviro_cr",
    "set_cvss_enviro_ir",
    "set_cvss_enviro_ar"
);

pub const LIST: Operation = Operation {
    resource: RESOURCE,
    action: "list",
    methods: Methods::Any,
    takes_document: false,
    summary: "List asset groups",
    description: &[
        "Lists the asset groups that the caller may see, by ID. The group All is every address that the caller \
         may see; its ID is 0 and its LAST_UPDATE the time of the request.",
    ],
    parameters: &[
        IDS,
        ID_MIN,
        ID_MAX,
        TRUNCATION_LIMIT,
        SHOWN_NETWORKS,
        UNIT_ID,
        USER_ID,
        LISTED_TITLE,
        SHOW_ATTRIBUTES,
        OUTPUT_FORMAT,
    ],
    rules: &[],
    roles: "Manager and Administrator: all groups. Unit Manager: groups of the business unit. Scanner and \
            Reader: groups assigned to them, and their own. Auditor: All, with the hosts in policy compliance.",
    answers: Answers::Document { root: "ASSET_GROUP_LIST_OUTPUT", dtd: &ASSET_GROUP_LIST_OUTPUT },
    example: Example { parameters: &[("show_attributes", "ALL")], description: "List the groups in full." },
};

pub const ADD: Operation = Operation {
    resource: RESOURCE,
    action: "add",
    methods: Methods::Post,
    takes_document: false,
    summary: "Make an asset group",
    description: &[
        "An asset group is a named set of addresses and domains. Scans, maps and reports are aimed at groups, \
         and Scanners and Readers see what is in the groups assigned to them. The answer has the ID.",
    ],
    parameters: &[
        TITLE,
        NETWORK_ID,
        IPS,
        APPLIANCE_IDS,
        DEFAULT_APPLIANCE_ID,
        DOMAINS,
        DNS_NAMES,
        NETBIOS_NAMES,
        NOTES[0],
        NOTES[1],
        NOTES[2],
        NOTES[3],
        NOTES[4],
        NOTES[5],
        NOTES[6],
        NOTES[7],
        NOTES[8],
        NOTES[9],
    ],
    rules: &[],
    roles: "Manager and Administrator. Unit Manager: in the business unit. Scanner: own groups.",
    answers: Answers::Simple,
    example: Example {
        parameters: &[
            ("title", "Web servers"),
            ("ips", "192.0.2.4-192.0.2.9"),
            ("business_impact", "critical"),
        ],
        description: "Make a group of six addresses.",
    },
};

pub const EDIT: Operation = Operation {
    resource: RESOURCE,
    action: "edit",
    methods: Methods::Post,
    takes_document: false,
    summary: "Change an asset group",
    description: &[
        "Only what is given changes. What joins and leaves applies to what the group has at that moment, or to \
         what replaces it.",
    ],
    parameters: &[
        GROUP_ID,
        SET_TITLE,
        SET_IPS,
        ADD_IPS,
        REMOVE_IPS,
        SET_DOMAINS,
        ADD_DOMAINS,
        REMOVE_DOMAINS,
        SET_APPLIANCE_IDS,
        ADD_APPLIANCE_IDS,
        REMOVE_APPLIANCE_IDS,
        SET_DEFAULT_APPLIANCE_ID,
        SET_DNS_NAMES,
        ADD_DNS_NAMES,
        REMOVE_DNS_NAMES,
        SET_NETBIOS_NAMES,
        ADD_NETBIOS_NAMES,
        REMOVE_NETBIOS_NAMES,
        SET_NOTES[0],
        SET_NOTES[1],
        SET_NOTES[2],
        SET_NOTES[3],
        SET_NOTES[4],
        SET_NOTES[5],
        SET_NOTES[6],
        SET_NOTES[7],
        SET_NOTES[8],
        SET_NOTES[9],
    ],
    rules: &[Rule::AtLeastOneOf(&[
        "set_title",
        "set_ips",
        "add_ips",
        "remove_ips",
        "set_domains",
        "add_domains",
        "remove_domains",
        "set_appliance_ids",
        "add_appliance_ids",
        "remove_appliance_ids",
        "set_default_appliance_id",
        "set_dns_names",
        "add_dns_names",
        "remove_dns_names",
        "set_netbios_names",
        "add_netbios_names",
        "remove_netbios_names",
        "set_comments",
        "set_division",
        "set_function",
        "set_location",
        "set_business_impact",
        "set_cvss_enviro_cdp",
        "set_cvss_enviro_td",
        "set_cvss_enviro_cr",
        "set_cvss_enviro_ir",
        "set_cvss_enviro_ar",
    ])],
    roles: "Manager and Administrator: all groups. Unit Manager: groups of the business unit. Scanner: own groups.",
    answers: Answers::Simple,
    example: Example {
        parameters: &[("id", "ID"), ("add_ips", "192.0.2.10")],
        description: "Add an address to a group.",
    },
};

pub const DELETE: Operation = Operation {
    resource: RESOURCE,
    action: "delete",
    methods: Methods::Post,
    takes_document: false,
    summary: "Delete an asset group",
    description: &[
        "A group that is assigned to users, scheduled or in another's business unit is not deleted.",
    ],
    parameters: &[GROUP_ID],
    rules: &[],
    roles: "Manager and Administrator: all groups. Unit Manager: groups of the business unit. Scanner: own groups.",
    answers: Answers::Simple,
    example: Example { parameters: &[("id", "ID")], description: "Delete a group." },
};

/// A group that examples name.
const MADE: &[Need] = &[Need::Operation {
    resource: RESOURCE,
    action: "add",
    parameters: &[("title", "Web servers"), ("ips", "192.0.2.4")],
}];

pub(crate) static ROWS: &[OperationRow] = &[
    operation!(LIST, list, &[(Action::List, Resource::AssetGroup)], needs: MADE),
    operation!(ADD, add, &[(Action::Add, Resource::AssetGroup)]),
    operation!(EDIT, edit, &[(Action::Edit, Resource::AssetGroup)], needs: MADE),
    operation!(DELETE, delete, &[(Action::Delete, Resource::AssetGroup)], needs: MADE),
];

async fn list(request: OperationRequest) -> Result<Answer, CallError> {
    let OperationRequest { app, arguments, .. } = &request;
    let mut groups =
        app.list_asset_groups(request.actor()?, arguments.asset_group_title(&LISTED_TITLE)).await?;
    groups.retain(|group| is_wanted(arguments, group));
    let networks = app.list_group_networks(request.actor()?).await?;
    let network_of = |id: i64| {
        let found = networks.iter().find(|network| network.asset_group_id == id);
        found.map_or(0, |network| network.network_id)
    };
    if let Some(wanted) = named_networks(&request, &SHOWN_NETWORKS).await? {
        groups.retain(|group| wanted.contains(&network_of(group.id)));
    }
    let members = app.list_group_appliances(request.actor()?).await?;
    groups.sort_by_key(|group| group.id);
    let limit = arguments.integer(&TRUNCATION_LIMIT).unwrap_or(PAGE_GROUPS);
    let shown = if limit == 0 { groups.len() } else { usize::try_from(limit).unwrap_or(usize::MAX) };
    let next = groups.get(shown).map(|group| group.id);
    groups.truncate(shown);
    let attributes = arguments.choices(&SHOW_ATTRIBUTES).unwrap_or(SHOWN_BY_DEFAULT);
    if arguments.choice(&OUTPUT_FORMAT) == Some("csv") {
        let mut csv = table(&groups, attributes);
        if let Some(next) = next {
            request.write_footer(&mut csv, limit, &[("id_min", next.to_string())]);
        }
        return Ok(Answer::Typed {
            kind: ContentKind::Csv,
            content: Content::Whole(csv.take()),
            cookie: None,
        });
    }
    let mut xml = request.document();
    if attributes.contains(&"None") {
        write_id_set(&mut xml, &id_ranges(groups.iter().filter_map(|group| u64::try_from(group.id).ok())));
    } else {
        xml.list("ASSET_GROUP_LIST", &groups, |xml, group| {
            let of_group = || members.iter().filter(|member| member.asset_group_id == group.id);
            let listed = ListedGroup {
                group,
                network_id: app.has_networks().then(|| network_of(group.id)),
                appliances: of_group().map(|member| member.appliance_id).collect(),
                default_appliance: of_group().find(|member| member.is_default).map(|one| one.appliance_id),
            };
            write_group(xml, &listed, attributes);
        });
    }
    if let Some(next) = next {
        request.write_warning(&mut xml, limit, &[("id_min", next.to_string())]);
    }
    Ok(OperationRequest::end(xml))
}

fn is_wanted(arguments: &Arguments, group: &AssetGroupView) -> bool {
    let number = |parameter| arguments.integer(parameter);
    let id = u64::try_from(group.id).unwrap_or_default();
    let is = |id: i64, wanted: u64| u64::try_from(id) == Ok(wanted);
    arguments.numbers(&IDS).is_none_or(|ids| ids.contains(id))
        && number(&ID_MIN).is_none_or(|min| id >= min)
        && number(&ID_MAX).is_none_or(|max| id <= max)
        && number(&UNIT_ID).is_none_or(|unit| group.business_units.iter().any(|id| is(*id, unit)))
        && number(&USER_ID).is_none_or(|user| {
            group.owner.as_ref().is_some_and(|owner| is(owner.id, user))
                || group.users.iter().any(|assigned| is(assigned.id, user))
        })
}

async fn add(request: OperationRequest) -> Result<Answer, CallError> {
    let OperationRequest { app, arguments, .. } = &request;
    let title = arguments.asset_group_title(&TITLE).cloned();
    let group = AddAssetGroup {
        title: title.ok_or_else(|| request.invalid(&TITLE, "missing"))?,
        ips: arguments.ip_set(&IPS).cloned().unwrap_or_default(),
        domains: arguments.domains(&DOMAINS).map(<[_]>::to_vec).unwrap_or_default(),
        names: names(arguments, &DNS_NAMES, &NETBIOS_NAMES),
        business_impact: business_impact(arguments, &NOTES),
        texts: texts(arguments, &NOTES),
        environment: environment(arguments, &NOTES),
        users: None,
    };
    let actor = request.actor()?;
    let appliances = GroupApplianceEdit {
        all: appliance_ids(&request, &APPLIANCE_IDS)?,
        default: appliance_id(&request, &DEFAULT_APPLIANCE_ID),
        ..GroupApplianceEdit::default()
    };
    check_appliances(&request, &appliances, &[&APPLIANCE_IDS], &DEFAULT_APPLIANCE_ID).await?;
    let network = named_network(&request, &NETWORK_ID).await?;
    if let Some(default) = appliances.default
        && !appliances.all.iter().flatten().any(|id| *id == default)
    {
        return Err(request.invalid(&DEFAULT_APPLIANCE_ID, "None of the appliances of the group"));
    }
    let id = app.add_asset_group(actor, group).await?;
    if appliances != GroupApplianceEdit::default() {
        app.edit_group_appliances(actor, id, &appliances).await?;
    }
    if let Some(network) = network.filter(|network| *network != 0) {
        app.set_group_network(actor, id, network).await?;
    }
    Ok(request.simple_return("Asset Group Added Successfully", &[("ID", id.to_string())]))
}

async fn edit(request: OperationRequest) -> Result<Answer, CallError> {
    let OperationRequest { app, arguments, .. } = &request;
    let ips = |parameter| arguments.ip_set(parameter).cloned();
    let domains = |parameter| arguments.domains(parameter).map(<[_]>::to_vec);
    let edit = EditAssetGroup {
        title: title_of(&request).await?,
        new_title: arguments.asset_group_title(&SET_TITLE).cloned(),
        ips: ips(&SET_IPS),
        added_ips: ips(&ADD_IPS).unwrap_or_default(),
        removed_ips: ips(&REMOVE_IPS).unwrap_or_default(),
        domains: domains(&SET_DOMAINS),
        added_domains: domains(&ADD_DOMAINS).unwrap_or_default(),
        removed_domains: domains(&REMOVE_DOMAINS).unwrap_or_default(),
        names: HostNamesEdit {
            dns: arguments.titles(&SET_DNS_NAMES).map(dns_names),
            netbios: arguments.titles(&SET_NETBIOS_NAMES).map(netbios_names),
            added: names(arguments, &ADD_DNS_NAMES, &ADD_NETBIOS_NAMES),
            removed: names(arguments, &REMOVE_DNS_NAMES, &REMOVE_NETBIOS_NAMES),
        },
        business_impact: business_impact(arguments, &SET_NOTES),
        texts: texts(arguments, &SET_NOTES),
        environment: environment(arguments, &SET_NOTES),
        users: None,
    };
    let appliances = GroupApplianceEdit {
        all: appliance_ids(&request, &SET_APPLIANCE_IDS)?,
        added: appliance_ids(&request, &ADD_APPLIANCE_IDS)?.unwrap_or_default(),
        removed: appliance_ids(&request, &REMOVE_APPLIANCE_IDS)?.unwrap_or_default(),
        default: appliance_id(&request, &SET_DEFAULT_APPLIANCE_ID),
    };
    let parameters = [&SET_APPLIANCE_IDS, &ADD_APPLIANCE_IDS, &REMOVE_APPLIANCE_IDS];
    check_appliances(&request, &appliances, &parameters, &SET_DEFAULT_APPLIANCE_ID).await?;
    let actor = request.actor()?;
    if appliances != GroupApplianceEdit::default() {
        let id = appliance_id(&request, &GROUP_ID).unwrap_or_default();
        app.edit_group_appliances(actor, id, &appliances).await?;
    }
    app.edit_asset_group(actor, edit).await?;
    Ok(request.simple_return("Asset Group Updated Successfully", &[]))
}

async fn delete(request: OperationRequest) -> Result<Answer, CallError> {
    let title = title_of(&request).await?;
    request.app.delete_asset_group(request.actor()?, &title).await?;
    Ok(request.simple_return("Asset Group Deleted Successfully", &[]))
}

fn appliance_id(request: &OperationRequest, parameter: &Parameter) -> Option<i64> {
    request.arguments.integer(parameter).and_then(|id| i64::try_from(id).ok())
}

/// IDs separated by commas, possibly none.
fn appliance_ids(request: &OperationRequest, parameter: &Parameter) -> Result<Option<Vec<i64>>, CallError> {
    let Some(text) = request.arguments.text(parameter) else { return Ok(None) };
    let items = text.split(',').map(str::trim).filter(|_| !text.trim().is_empty());
    let read = |item: &str| {
        let id = item.parse::<i64>().ok().filter(|id| *id > 0);
        id.ok_or_else(|| request.invalid(parameter, &format!("not a positive integer: {item}")))
    };
    items.map(read).collect::<Result<_, _>>().map(Some)
}

/// Refuses appliances that there are none of, by the parameter that names them.
async fn check_appliances(
    request: &OperationRequest,
    edit: &GroupApplianceEdit,
    lists: &[&Parameter],
    default: &Parameter,
) -> Result<(), CallError> {
    let checked = request.app.check_group_appliances(request.actor()?, edit).await;
    checked.map_err(|error| match error {
        AppError::UnknownAppliance { id } => {
            let has = |parameter: &&&Parameter| {
                appliance_ids(request, parameter).is_ok_and(|ids| ids.is_some_and(|ids| ids.contains(&id)))
            };
            let parameter = lists.iter().find(has).map_or(default, |parameter| parameter);
            request.invalid(parameter, "No such scanner appliance")
        }
        error => error.into(),
    })
}

/// The title of the group that the request names by its ID.
async fn title_of(request: &OperationRequest) -> Result<AssetGroupTitle, CallError> {
    let id = request.arguments.integer(&GROUP_ID).unwrap_or_default();
    let groups = request.app.list_asset_groups(request.actor()?, None).await?;
    let group = groups.into_iter().find(|group| u64::try_from(group.id) == Ok(id));
    let title = group.and_then(|group| group.title.parse().ok());
    title.ok_or_else(|| request.invalid(&GROUP_ID, "No such asset group"))
}

fn names(arguments: &Arguments, dns: &Parameter, netbios: &Parameter) -> HostNames {
    let given = |parameter| arguments.titles(parameter).unwrap_or_default();
    HostNames::new(given(dns), given(netbios))
}

fn texts(arguments: &Arguments, notes: &[Parameter; 10]) -> GroupTexts {
    let [comments, division, function, location, ..] = notes;
    let text = |parameter| arguments.text(parameter).map(|text| text.trim().to_owned());
    GroupTexts {
        comments: text(comments),
        division: text(division),
        function: text(function),
        location: text(location),
    }
}

fn business_impact(arguments: &Arguments, notes: &[Parameter; 10]) -> Option<BusinessImpact> {
    let [_, _, _, _, impact, ..] = notes;
    arguments.choice(impact).and_then(|word| word.parse().ok())
}

fn environment(arguments: &Arguments, notes: &[Parameter; 10]) -> Environment {
    let [.., damage, distribution, confidentiality, integrity, availability] = notes;
    let level = |parameter| arguments.choice(parameter).and_then(|word| word.parse().ok());
    Environment {
        collateral_damage: level(damage),
        target_distribution: level(distribution),
        confidentiality: level(confidentiality),
        integrity: level(integrity),
        availability: level(availability),
    }
}
