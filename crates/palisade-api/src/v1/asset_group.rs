//! `asset_group.php`: makes an asset group, or changes one.

use palisade_app::{AddAssetGroup, EditAssetGroup, Error as AppError, GroupApplianceEdit, GroupTexts};
use palisade_model::asset_group::{BusinessImpact, Environment, EnvironmentLevel};
use palisade_model::host_name::{HostNames, HostNamesEdit, dns_names, netbios_names};
use palisade_wire::date_time::date_time;
use palisade_wire::{
    Arguments, Call, ErrorForm, Example, Parameter, ParameterError, ParameterKind, Rule, dtd,
};

use crate::answer::{Answer, GenericReturn};
use crate::error::{CallError, Refusal};
use crate::registry::CallRequest;

const TEXT: ParameterKind = ParameterKind::Text { max_chars: 255 };
const EDIT: Option<&str> = Some("edit");

pub const ACTION: Parameter =
    Parameter::new("action", ParameterKind::Choice(&["add", "edit"]), "add", "What to do.").required();
pub const TITLE: Parameter = Parameter::new(
    "title",
    ParameterKind::AssetGroupTitle,
    "Web servers",
    "The title of the group. It has no comma, because lists of titles are separated by commas.",
)
.required();
pub const NEW_TITLE: Parameter =
    Parameter::new("new_title", ParameterKind::AssetGroupTitle, "Mail servers", "A new title for the group.");
pub const HOST_IPS: Parameter = Parameter::new(
    "host_ips",
    ParameterKind::IpSet,
    "192.0.2.1-192.0.2.9",
    "The addresses of the group. All must be in the subscription and within the caller's reach. When \
     editing, they replace the old ones.",
);
pub const ADD_HOST_IPS: Parameter = Parameter::new(
    "add_host_ips",
    ParameterKind::IpSet,
    "192.0.2.10",
    "Addresses that join the group; the others stay.",
);
pub const REMOVE_HOST_IPS: Parameter = Parameter::new(
    "remove_host_ips",
    ParameterKind::IpSet,
    "192.0.2.9",
    "Addresses that leave the group; the others stay.",
);
pub const DOMAINS: Parameter = Parameter::new(
    "domains",
    ParameterKind::DomainList { max_items: 1_000 },
    "example.com",
    "The domains of the group, which are mapped with it. All must be in the subscription and within the \
     caller's reach. When editing, they replace the old ones, and an empty text removes them.",
);
pub const BUSINESS_IMPACT: Parameter = Parameter::new(
    "business_impact",
    ParameterKind::Choice(BusinessImpact::WORDS),
    "critical",
    "How much the business depends on the hosts.",
)
.default("high for a new group");
pub const COMMENTS: Parameter = Parameter::new(
    "comments",
    ParameterKind::Text { max_chars: 1_024 },
    "Reached from the Internet",
    "A note about the group.",
);
pub const DIVISION: Parameter =
    Parameter::new("division", TEXT, "Sales", "The division the hosts belong to.");
pub const FUNCTION: Parameter = Parameter::new("function", TEXT, "Web shop", "What the hosts are for.");
pub const LOCATION: Parameter = Parameter::new("location", TEXT, "Room 101", "Where the hosts are.");
pub const CVSS_ENVIRO_CDP: Parameter = Parameter::new(
    "cvss_enviro_cdp",
    ParameterKind::Choice(EnvironmentLevel::DAMAGE),
    "high",
    "Collateral damage potential, of the environmental metrics of CVSS version 2.",
);
pub const CVSS_ENVIRO_TD: Parameter = Parameter::new(
    "cvss_enviro_td",
    ParameterKind::Choice(EnvironmentLevel::DISTRIBUTION),
    "high",
    "Target distribution, likewise.",
);
pub const CVSS_ENVIRO_CR: Parameter = Parameter::new(
    "cvss_enviro_cr",
    ParameterKind::Choice(EnvironmentLevel::REQUIREMENT),
    "high",
    "Requirement on confidentiality, likewise.",
);
pub const CVSS_ENVIRO_IR: Parameter = Parameter::new(
    "cvss_enviro_ir",
    ParameterKind::Choice(EnvironmentLevel::REQUIREMENT),
    "medium",
    "Requirement on integrity, likewise.",
);
pub const CVSS_ENVIRO_AR: Parameter = Parameter::new(
    "cvss_enviro_ar",
    ParameterKind::Choice(EnvironmentLevel::REQUIREMENT),
    "low",
    "Requirement on availability, likewise.",
);
pub const HOST_DNS: Parameter = Parameter::new(
    "host_dns",
    ParameterKind::HostNames,
    "www.example.com",
    "DNS names of hosts; when editing they replace the old ones. Scans and reports of the group take in the hosts \
     that scans found under them last.",
);
pub const HOST_NETBIOS: Parameter =
    Parameter::new("host_netbios", ParameterKind::HostNames, "FILES", "NetBIOS names, likewise.");
pub const SCANNER_APPLIANCES: Parameter = Parameter::new(
    "scanner_appliances",
    ParameterKind::HostNames,
    "quay-1",
    "Names of the scanner appliances that scan the group, separated by commas; when editing they replace the old ones.",
);
pub const DEFAULT_SCANNER_APPLIANCE: Parameter = Parameter::new(
    "default_scanner_appliance",
    ParameterKind::Text { max_chars: 64 },
    "quay-1",
    "The one of them that scans go to where none is named.",
);
pub const USER_LOGINS: Parameter = Parameter::new(
    "user_logins",
    ParameterKind::Text { max_chars: 6_600 },
    "scanner",
    "Logins of the Scanners, Readers and Contacts that the group is assigned to, separated by commas; when \
     editing they replace the old ones, and an empty text takes the group from everybody. For Managers and administrators, and for \
     Unit Managers with users of the business unit.",
);

pub const CALL: Call = Call {
    script: "asset_group.php",
    summary: "Add or edit an asset group",
    description: &[
        "An asset group is a named set of addresses and domains of the subscription. Scans and maps can be \
         aimed at groups, and Scanners and Readers see the addresses and domains of the groups that are \
         assigned to them.",
        "The group named All is every address that the caller may see. It is always there and cannot be \
         added, edited or deleted.",
        "With action=edit only what is given changes; an empty text removes a text. An assignment counts \
         from the next call of the user on, and running scans of a user go no further into addresses that \
         were taken away.",
    ],
    parameters: &[
        ACTION,
        TITLE,
        NEW_TITLE,
        HOST_IPS,
        ADD_HOST_IPS,
        REMOVE_HOST_IPS,
        DOMAINS,
        BUSINESS_IMPACT,
        COMMENTS,
        DIVISION,
        FUNCTION,
        LOCATION,
        CVSS_ENVIRO_CDP,
        CVSS_ENVIRO_TD,
        CVSS_ENVIRO_CR,
        CVSS_ENVIRO_IR,
        CVSS_ENVIRO_AR,
        HOST_DNS,
        HOST_NETBIOS,
        SCANNER_APPLIANCES,
        DEFAULT_SCANNER_APPLIANCE,
        USER_LOGINS,
    ],
    rules: &[
        Rule::OnlyWith { parameter: NEW_TITLE.name, with: ACTION.name, value: EDIT },
        Rule::OnlyWith { parameter: ADD_HOST_IPS.name, with: ACTION.name, value: EDIT },
        Rule::OnlyWith { parameter: REMOVE_HOST_IPS.name, with: ACTION.name, value: EDIT },
    ],
    roles: "Manager and Administrator: all groups. Unit Manager: groups of the business unit. Scanner: own groups.",
    root: "GENERIC_RETURN",
    dtd: &dtd::GENERIC_RETURN,
    errors: ErrorForm::GenericReturn,
    example: Example {
        parameters: &[
            ("action", "add"),
            ("title", "Web servers"),
            ("host_ips", "192.0.2.1-192.0.2.9"),
            ("business_impact", "critical"),
        ],
        description: "Make a group of nine addresses.",
    },
};

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let CallRequest { app, actor, arguments, .. } = &request;
    let title = arguments.asset_group_title(&TITLE).cloned();
    let title = title.ok_or(ParameterError::Missing { parameter: TITLE.name })?;
    let shown = title.clone();
    let business_impact = arguments.choice(&BUSINESS_IMPACT).and_then(|word| word.parse().ok());
    let (texts, environment, users) = (texts(arguments), environment(arguments), logins(arguments));
    let domains = arguments.domains(&DOMAINS).map(<[_]>::to_vec);
    let ips = |parameter| arguments.ip_set(parameter).cloned();
    let names = arguments.titles(&SCANNER_APPLIANCES);
    let all = match names {
        Some(names) => Some(appliance_ids(&request, &SCANNER_APPLIANCES, names).await?),
        None => None,
    };
    let default_name = arguments.filled_text(&DEFAULT_SCANNER_APPLIANCE).map(|name| name.trim().to_owned());
    let default = match &default_name {
        Some(name) => {
            let found =
                appliance_ids(&request, &DEFAULT_SCANNER_APPLIANCE, std::slice::from_ref(name)).await?;
            found.first().copied()
        }
        None => None,
    };
    let not_of_group = |error| match (error, &default_name) {
        (AppError::NotOfGroup { .. }, Some(name)) => {
            refused(&DEFAULT_SCANNER_APPLIANCE, name, "None of the appliances of the group")
        }
        (error, _) => error.into(),
    };
    let done = if arguments.choice(&ACTION) == EDIT {
        let edit = EditAssetGroup {
            title,
            new_title: arguments.asset_group_title(&NEW_TITLE).cloned(),
            ips: ips(&HOST_IPS),
            added_ips: ips(&ADD_HOST_IPS).unwrap_or_default(),
            removed_ips: ips(&REMOVE_HOST_IPS).unwrap_or_default(),
            added_domains: Vec::new(),
            removed_domains: Vec::new(),
            domains,
            names: HostNamesEdit {
                dns: arguments.titles(&HOST_DNS).map(dns_names),
                netbios: arguments.titles(&HOST_NETBIOS).map(netbios_names),
                ..HostNamesEdit::default()
            },
            business_impact,
            texts,
            environment,
            users,
            appliances: GroupApplianceEdit { all, default, ..GroupApplianceEdit::default() },
        };
        app.edit_asset_group(actor, edit).await.map_err(not_of_group)?;
        "edited"
    } else {
        let ips = ips(&HOST_IPS).unwrap_or_default();
        let domains = domains.unwrap_or_default();
        let given = |parameter| arguments.titles(parameter).unwrap_or_default();
        let names = HostNames::new(given(&HOST_DNS), given(&HOST_NETBIOS));
        let group = AddAssetGroup {
            title,
            ips,
            domains,
            names,
            business_impact,
            texts,
            environment,
            users,
            appliances: all.unwrap_or_default(),
            default_appliance: default,
            network_id: 0,
        };
        app.add_asset_group(actor, group).await.map_err(not_of_group)?;
        "added"
    };
    let answer = GenericReturn {
        base_url: &request.base_url,
        api: CALL.script,
        username: actor.login.as_str(),
        at: &date_time(app.clock().now()),
        outcome: Ok(&format!("Asset group {done}: {shown}")),
    };
    Ok(Answer::Document(answer.document(None)))
}

/// The appliances of the names given.
async fn appliance_ids(
    request: &CallRequest,
    parameter: &Parameter,
    names: &[String],
) -> Result<Vec<i64>, CallError> {
    let found = request.app.appliance_ids(&request.actor, names).await;
    found.map_err(|error| match error {
        AppError::UnknownApplianceName { name } => refused(parameter, &name, "No such scanner appliance"),
        error => error.into(),
    })
}

fn refused(parameter: &Parameter, name: &str, reason: &str) -> CallError {
    let name: String = name.chars().take(64).collect();
    let text = format!("Invalid value for '{}' : {name}. {reason}.", parameter.name);
    CallError::Refused(Refusal::new(5000, text))
}

fn texts(arguments: &Arguments) -> GroupTexts {
    let text = |parameter| arguments.text(parameter).map(|text| text.trim().to_owned());
    GroupTexts {
        comments: text(&COMMENTS),
        division: text(&DIVISION),
        function: text(&FUNCTION),
        location: text(&LOCATION),
    }
}

fn environment(arguments: &Arguments) -> Environment {
    let level = |parameter| arguments.choice(parameter).and_then(|word| word.parse().ok());
    Environment {
        collateral_damage: level(&CVSS_ENVIRO_CDP),
        target_distribution: level(&CVSS_ENVIRO_TD),
        confidentiality: level(&CVSS_ENVIRO_CR),
        integrity: level(&CVSS_ENVIRO_IR),
        availability: level(&CVSS_ENVIRO_AR),
    }
}

/// The logins given; an empty text is nobody.
fn logins(arguments: &Arguments) -> Option<Vec<String>> {
    let logins = arguments.text(&USER_LOGINS)?.split(',').map(str::trim);
    Some(logins.filter(|login| !login.is_empty()).map(str::to_owned).collect())
}
