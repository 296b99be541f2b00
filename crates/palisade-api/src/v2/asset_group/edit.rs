//! `asset/group/?action=add`, `edit` and `delete`. What a request says of a group is one change: all of it or
//! nothing.

use palisade_app::{AddAssetGroup, EditAssetGroup, Error as AppError, GroupApplianceEdit, GroupTexts};
use palisade_model::AssetGroupTitle;
use palisade_model::asset_group::{BusinessImpact, Environment};
use palisade_model::host_name::{HostNames, HostNamesEdit, dns_names, netbios_names};
use palisade_wire::operation::{Answers, Methods, Operation};
use palisade_wire::{Arguments, Example, Parameter, Rule};

use crate::answer::Answer;
use crate::error::CallError;
use crate::v2::asset_group::RESOURCE;
use crate::v2::asset_group::parameters::{
    ADD_APPLIANCE_IDS, ADD_DNS_NAMES, ADD_DOMAINS, ADD_IPS, ADD_NETBIOS_NAMES, APPLIANCE_IDS,
    DEFAULT_APPLIANCE_ID, DNS_NAMES, DOMAINS, GROUP_ID, IPS, NETBIOS_NAMES, NOTES, REMOVE_APPLIANCE_IDS,
    REMOVE_DNS_NAMES, REMOVE_DOMAINS, REMOVE_IPS, REMOVE_NETBIOS_NAMES, SET_APPLIANCE_IDS,
    SET_DEFAULT_APPLIANCE_ID, SET_DNS_NAMES, SET_DOMAINS, SET_IPS, SET_NETBIOS_NAMES, SET_NOTES, SET_TITLE,
    TITLE,
};
use crate::v2::network::{NETWORK_ID, named_network};
use crate::v2::request::OperationRequest;

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

pub(super) async fn add(request: OperationRequest) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
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
        appliances: appliance_ids(&request, &APPLIANCE_IDS)?.unwrap_or_default(),
        default_appliance: appliance_id(&request, &DEFAULT_APPLIANCE_ID),
        network_id: named_network(&request, &NETWORK_ID).await?.unwrap_or_default(),
    };
    let added = request.app.add_asset_group(request.actor()?, group).await;
    let id = added.map_err(|error| blame(&request, &[&APPLIANCE_IDS], &DEFAULT_APPLIANCE_ID, error))?;
    Ok(request.simple_return("Asset Group Added Successfully", &[("ID", id.to_string())]))
}

pub(super) async fn edit(request: OperationRequest) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
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
        appliances: GroupApplianceEdit {
            all: appliance_ids(&request, &SET_APPLIANCE_IDS)?,
            added: appliance_ids(&request, &ADD_APPLIANCE_IDS)?.unwrap_or_default(),
            removed: appliance_ids(&request, &REMOVE_APPLIANCE_IDS)?.unwrap_or_default(),
            default: appliance_id(&request, &SET_DEFAULT_APPLIANCE_ID),
        },
    };
    let edited = request.app.edit_asset_group(request.actor()?, edit).await;
    let lists = [&SET_APPLIANCE_IDS, &ADD_APPLIANCE_IDS, &REMOVE_APPLIANCE_IDS];
    edited.map_err(|error| blame(&request, &lists, &SET_DEFAULT_APPLIANCE_ID, error))?;
    Ok(request.simple_return("Asset Group Updated Successfully", &[]))
}

pub(super) async fn delete(request: OperationRequest) -> Result<Answer, CallError> {
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

/// What a fault of the use case is called here: appliances that there are none of by the parameter that names
/// them.
fn blame(
    request: &OperationRequest,
    lists: &[&Parameter],
    default: &Parameter,
    error: AppError,
) -> CallError {
    match error {
        AppError::UnknownAppliance { id } => {
            let has = |parameter: &&&Parameter| {
                appliance_ids(request, parameter).is_ok_and(|ids| ids.is_some_and(|ids| ids.contains(&id)))
            };
            let parameter = lists.iter().find(has).map_or(default, |parameter| parameter);
            request.invalid(parameter, "No such scanner appliance")
        }
        AppError::NotOfGroup { .. } => {
            request.invalid(default, "The asset group does not have this scanner appliance")
        }
        error => error.into(),
    }
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
