//! `appliance/` and `appliance/replace_iscanner/`: scanner appliances.
//!
//! Deliberately absent: physical appliances and tags, which there are none of, and what only an appliance that has connected
//! can tell of itself. None can connect yet, so that each is offline and runs no scan.

use palisade_app::{APPLIANCES_MAX, ApplianceView, CreateAppliance, Error as AppError, UpdateAppliance};
use palisade_model::appliance::{PARTS_MAX, StaticRoute, Vlan};
use palisade_model::{Action, ApplianceName, Resource};
use palisade_wire::dtd::v2::{APPLIANCE_CREATE_OUTPUT, APPLIANCE_LIST_OUTPUT};
use palisade_wire::operation::{Answers, Methods, Operation};
use palisade_wire::{Example, Parameter, ParameterKind, Rule, XmlWriter};

use crate::answer::Answer;
use crate::error::CallError;
use crate::example::Need;
use crate::v2::network::named_network;
use crate::v2::registry::{OperationRow, operation};
use crate::v2::request::OperationRequest;

const RESOURCE: &str = "appliance";
const ID_NUMBER: ParameterKind = ParameterKind::Integer { min: 1, max: i64::MAX as u64 };
const NAME_TEXT: ParameterKind = ParameterKind::Text { max_chars: 256 };
const PARTS: ParameterKind = ParameterKind::Text { max_chars: PARTS_MAX * 100 };
const POLLING: ParameterKind = ParameterKind::Integer { min: 60, max: 3_600 };
/// What an appliance that has not connected cannot tell.
const UNKNOWN: &str = "N/A";
const WRITERS: &str = "Manager. Unit Manager: appliances of the business unit. Scanner: own appliances.";

const OUTPUT_MODE: Parameter = Parameter::new(
    "output_mode",
    ParameterKind::Choice(&["brief", "full"]),
    "full",
    "full adds the code, VLANs and routes, asset groups and settings.",
)
.default("brief");
const SCAN_DETAIL: Parameter = Parameter::new(
    "scan_detail",
    ParameterKind::ZeroOne,
    "1",
    "1 adds the scans that run on appliances. None do yet, so it changes nothing.",
)
.default("0");
const SHOW_TAGS: Parameter = Parameter::new(
    "show_tags",
    ParameterKind::ZeroOne,
    "1",
    "1 adds tags, with output_mode=full. Appliances have no tags yet, so it changes nothing.",
)
.default("0");
const INCLUDE_CLOUD_INFO: Parameter = Parameter::new(
    "include_cloud_info",
    ParameterKind::ZeroOne,
    "1",
    "1 adds what is known of the cloud an appliance runs in, with output_mode=full. Nothing is, so it changes \
     nothing.",
)
.default("0");
const BUSY: Parameter = Parameter::new(
    "busy",
    ParameterKind::ZeroOne,
    "0",
    "1: only appliances that scan at the moment, which none does yet. 0: only the others.",
);
const SCAN_REF: Parameter = Parameter::new(
    "scan_ref",
    ParameterKind::Text { max_chars: 100 },
    "scan/1400000000.10001",
    "Only appliances that do this scan at the moment, which none does yet.",
);
const PART_OF_NAME: Parameter = Parameter::new(
    "name",
    ParameterKind::Text { max_chars: 15 },
    "quay",
    "Only appliances whose name has this text in it, in any case.",
);
const IDS: Parameter =
    Parameter::new("ids", ParameterKind::Numbers, "1-100", "Only appliances with these IDs.");
const INCLUDE_LICENSE_INFO: Parameter = Parameter::new(
    "include_license_info",
    ParameterKind::ZeroOne,
    "1",
    "1 adds how many appliances there may be and how many there are.",
)
.default("0");
const TYPE: Parameter = Parameter::new(
    "type",
    ParameterKind::Choice(&["physical", "virtual", "offline"]),
    "virtual",
    "Only appliances of this type. All are virtual.",
);
const PLATFORM_PROVIDER: Parameter = Parameter::new(
    "platform_provider",
    ParameterKind::Choice(&["ec2", "ec2_compat", "gce", "azure", "vCenter"]),
    "vCenter",
    "Only appliances that run on this platform. It is known of none.",
);

const NAME: Parameter = Parameter::new(
    "name",
    NAME_TEXT,
    "quay-1",
    "The name: at most 15 characters, no blanks and commas. No other appliance has it.",
)
.required();
const NEW_NAME: Parameter =
    Parameter::new("name", NAME_TEXT, "quay-2", "A new name: at most 15 characters, no blanks and commas.");
const POLLING_INTERVAL: Parameter = Parameter::new(
    "polling_interval",
    POLLING,
    "300",
    "Seconds between two times that the appliance asks for work.",
)
.default("180");
const NEW_POLLING_INTERVAL: Parameter = Parameter::new(
    "polling_interval",
    POLLING,
    "300",
    "Seconds between two times that the appliance asks for work.",
);
const ASSET_GROUP_ID: Parameter = Parameter::new(
    "asset_group_id",
    ID_NUMBER,
    "1",
    "The asset group that the appliance is put into. Unit Managers and Scanners have to give it; for Managers \
     there is no such parameter, they put appliances into groups with asset/group/.",
);
const ID: Parameter = Parameter::new("id", ID_NUMBER, "1", "The appliance.").required();
const COMMENT: Parameter = Parameter::new(
    "comment",
    ParameterKind::Text { max_chars: 2_048 },
    "In the rack by the door",
    "A note about the appliance; an empty text removes it.",
);
const SET_VLANS: Parameter = Parameter::new(
    "set_vlans",
    PARTS,
    "7|192.0.2.2|255.255.255.0|quay",
    "The VLANs that the appliance is a member of, in place of all it has: number, address, netmask and name, \
     separated by strokes; several by commas, at most 4094. An empty text removes them.",
);
const SET_ROUTES: Parameter = Parameter::new(
    "set_routes",
    PARTS,
    "198.51.100.0|255.255.255.0|192.0.2.1|pier",
    "The static routes of the appliance, in place of all it has: address, netmask, gateway and name, separated \
     by strokes; several by commas, at most 4094. An empty text removes them.",
);
const APPLIANCE_ID: Parameter = Parameter::new("appliance_id", ID_NUMBER, "1", "The appliance.").required();
const ASSIGNED_NETWORK: Parameter = Parameter::new(
    "network_id",
    ParameterKind::Integer { min: 0, max: i64::MAX as u64 },
    "0",
    "The network that the appliance is in from now on. Only where the subscription has networks.",
)
.required();
const OLD_SCANNER_NAME: Parameter =
    Parameter::new("old_scanner_name", NAME_TEXT, "quay-1", "The appliance that is replaced.");
const OLD_SCANER_NAME: Parameter =
    Parameter::new("old_scaner_name", NAME_TEXT, "quay-1", "The same; some clients write it so.");
const NEW_SCANNER_NAME: Parameter =
    Parameter::new("new_scanner_name", NAME_TEXT, "quay-2", "The one that takes its place.").required();
const DO_NOT_COPY_SETTINGS: Parameter = Parameter::new(
    "do_not_copy_settings",
    ParameterKind::ZeroOne,
    "1",
    "1: the new one keeps its polling interval, comments, VLANs, routes and network.",
)
.default("0");
const DO_NOT_REMOVE: Parameter = Parameter::new(
    "do_not_remove_new_scanner_from_objects",
    ParameterKind::ZeroOne,
    "1",
    "1: the new one stays in the asset groups that it was in before.",
)
.default("0");

pub const LIST: Operation = Operation {
    resource: RESOURCE,
    action: "list",
    methods: Methods::Any,
    takes_document: false,
    summary: "List scanner appliances",
    description: &[
        "Lists the scanner appliances that the caller may see, by ID. The scanner of the server itself is none.",
        "Appliances cannot connect to the server yet: each is Offline, and scans through one are refused. What \
         only a connected appliance could tell is left out or N/A. The code in ACTIVATION_CODE is shown to \
         those who may change the appliance.",
    ],
    parameters: &[
        OUTPUT_MODE,
        SCAN_DETAIL,
        SHOW_TAGS,
        INCLUDE_CLOUD_INFO,
        BUSY,
        SCAN_REF,
        PART_OF_NAME,
        IDS,
        INCLUDE_LICENSE_INFO,
        TYPE,
        PLATFORM_PROVIDER,
    ],
    rules: &[
        Rule::OnlyWith { parameter: "show_tags", with: "output_mode", value: Some("full") },
        Rule::OnlyWith { parameter: "include_cloud_info", with: "output_mode", value: Some("full") },
    ],
    roles: "Manager: all. Unit Manager: appliances of the business unit. Scanner: appliances of assigned asset \
            groups.",
    answers: Answers::Document { root: "APPLIANCE_LIST_OUTPUT", dtd: &APPLIANCE_LIST_OUTPUT },
    example: Example {
        parameters: &[("output_mode", "full"), ("include_license_info", "1")],
        description: "List the appliances in full.",
    },
};

pub const CREATE: Operation = Operation {
    resource: RESOURCE,
    action: "create",
    // Vendor scripts create by GET.
    methods: Methods::Any,
    takes_document: false,
    summary: "Create a virtual scanner appliance",
    description: &[
        "The answer has the ID and the code that the appliance is to be personalised with. Appliances cannot \
         connect yet, so it stays Offline.",
    ],
    parameters: &[NAME, POLLING_INTERVAL, ASSET_GROUP_ID],
    rules: &[],
    roles: "Manager. Unit Manager and Scanner: into an asset group of theirs.",
    answers: Answers::Document { root: "APPLIANCE_CREATE_OUTPUT", dtd: &APPLIANCE_CREATE_OUTPUT },
    example: Example { parameters: &[("name", "quay-1")], description: "Create an appliance." },
};

pub const UPDATE: Operation = Operation {
    resource: RESOURCE,
    action: "update",
    methods: Methods::Post,
    takes_document: false,
    summary: "Change a virtual scanner appliance",
    description: &["Only what is given changes."],
    parameters: &[ID, NEW_NAME, NEW_POLLING_INTERVAL, COMMENT, SET_VLANS, SET_ROUTES],
    rules: &[Rule::AtLeastOneOf(&["name", "polling_interval", "comment", "set_vlans", "set_routes"])],
    roles: WRITERS,
    answers: Answers::Simple,
    example: Example {
        parameters: &[("id", "ID"), ("polling_interval", "300"), ("comment", "In the rack by the door")],
        description: "Have it ask for work less often.",
    },
};

pub const DELETE: Operation = Operation {
    resource: RESOURCE,
    action: "delete",
    methods: Methods::Post,
    takes_document: false,
    summary: "Delete a virtual scanner appliance",
    description: &["It leaves the asset groups that it was in."],
    parameters: &[ID],
    rules: &[],
    roles: WRITERS,
    answers: Answers::Simple,
    example: Example { parameters: &[("id", "ID")], description: "Delete an appliance." },
};

pub const ASSIGN_NETWORK_ID: Operation = Operation {
    resource: RESOURCE,
    action: "assign_network_id",
    methods: Methods::Post,
    takes_document: false,
    summary: "Put a scanner appliance into a network",
    description: &["Only where the subscription has networks."],
    parameters: &[APPLIANCE_ID, ASSIGNED_NETWORK],
    rules: &[],
    roles: "Manager.",
    answers: Answers::Simple,
    example: Example {
        parameters: &[("appliance_id", "ID"), ("network_id", "0")],
        description: "Put an appliance into the Global Default Network.",
    },
};

pub const REPLACE: Operation = Operation {
    resource: "appliance/replace_iscanner",
    action: "replace",
    methods: Methods::Post,
    takes_document: false,
    summary: "Put a scanner appliance into the place of another",
    description: &[
        "In every asset group that has the old one, the new one takes its place, also as the default one. \
         Unless the parameters say otherwise, it first leaves the groups that it was in and gets the settings \
         of the old one. The old one is then in no group.",
    ],
    parameters: &[OLD_SCANNER_NAME, OLD_SCANER_NAME, NEW_SCANNER_NAME, DO_NOT_COPY_SETTINGS, DO_NOT_REMOVE],
    rules: &[Rule::OneOf(&["old_scanner_name", "old_scaner_name"])],
    roles: WRITERS,
    answers: Answers::Simple,
    example: Example {
        parameters: &[("old_scanner_name", "quay-1"), ("new_scanner_name", "quay-2")],
        description: "Replace an appliance.",
    },
};

/// Appliances that examples name.
const FIRST: Need =
    Need::Operation { resource: RESOURCE, action: "create", parameters: &[("name", "quay-1")] };
const SECOND: Need =
    Need::Operation { resource: RESOURCE, action: "create", parameters: &[("name", "quay-2")] };

pub(crate) static ROWS: &[OperationRow] = &[
    operation!(LIST, list, &[(Action::List, Resource::Appliance)], needs: &[FIRST]),
    operation!(CREATE, create, &[(Action::Add, Resource::Appliance)]),
    operation!(UPDATE, update, &[(Action::Edit, Resource::Appliance)], needs: &[FIRST]),
    operation!(DELETE, delete, &[(Action::Delete, Resource::Appliance)], needs: &[FIRST]),
    operation!(ASSIGN_NETWORK_ID, assign_network_id, &[(Action::Edit, Resource::Network)], needs: &[FIRST]),
    operation!(REPLACE, replace, &[(Action::Edit, Resource::Appliance)], needs: &[FIRST, SECOND]),
];

async fn list(request: OperationRequest) -> Result<Answer, CallError> {
    let OperationRequest { app, arguments, .. } = &request;
    let all = app.list_appliances(request.actor()?).await?;
    let used = all.len();
    let idle = !arguments.has(SCAN_REF.name) && !arguments.switch(&BUSY);
    let kind = arguments.choice(&TYPE).is_none_or(|kind| kind == "virtual");
    let possible = idle && kind && !arguments.has(PLATFORM_PROVIDER.name);
    let part = arguments.text(&PART_OF_NAME).unwrap_or_default().to_lowercase();
    let wanted = |appliance: &ApplianceView| {
        let id = u64::try_from(appliance.id).unwrap_or_default();
        possible
            && appliance.name.as_str().to_lowercase().contains(&part)
            && arguments.numbers(&IDS).is_none_or(|ids| ids.contains(id))
    };
    let shown: Vec<ApplianceView> = all.into_iter().filter(wanted).collect();
    let full = arguments.choice(&OUTPUT_MODE) == Some("full");
    let mut xml = request.document();
    xml.list("APPLIANCE_LIST", &shown, |xml, appliance| {
        write_appliance(xml, appliance, full, app.has_networks());
    });
    if arguments.switch(&INCLUDE_LICENSE_INFO) {
        xml.element("LICENSE_INFO", &[], |xml| {
            xml.number("QVSA_LICENSES_COUNT", APPLIANCES_MAX);
            xml.text("QVSA_LICENSES_USED", &used.to_string());
        });
    }
    Ok(OperationRequest::end(xml))
}

fn write_appliance(xml: &mut XmlWriter, appliance: &ApplianceView, full: bool, networks: bool) {
    let ApplianceView {
        id,
        uuid,
        name,
        code,
        network_id,
        polling_interval_s,
        comments,
        vlans,
        routes,
        created_by,
        asset_groups,
    } = appliance;
    xml.element("APPLIANCE", &[], |xml| {
        xml.text("ID", &id.to_string());
        xml.text("UUID", uuid);
        xml.text("NAME", name.as_str());
        if networks {
            xml.text("NETWORK_ID", &network_id.to_string());
        }
        xml.text("SOFTWARE_VERSION", UNKNOWN);
        xml.text("RUNNING_SLICES_COUNT", "0");
        xml.text("RUNNING_SCAN_COUNT", "0");
        xml.text("STATUS", "Offline");
        if !full {
            return;
        }
        xml.text("MODEL_NUMBER", "cvscanner");
        xml.text("TYPE", "Virtual");
        xml.text("SERIAL_NUMBER", "0");
        xml.optional_text("ACTIVATION_CODE", code.as_deref());
        write_vlans(xml, vlans);
        xml.list("STATIC_ROUTES", routes, write_route);
        xml.text("ASSET_GROUP_COUNT", &asset_groups.len().to_string());
        xml.list("ASSET_GROUP_LIST", asset_groups, |xml, (id, title)| {
            xml.element("ASSET_GROUP", &[], |xml| {
                xml.text("ID", &id.to_string());
                xml.cdata("NAME", title);
            });
        });
        xml.text("LAST_UPDATED_DATE", UNKNOWN);
        xml.text("POLLING_INTERVAL", &format!("{polling_interval_s} seconds"));
        xml.text("USER_LOGIN", created_by.as_str());
        xml.text("SS_LAST_CONNECTED", UNKNOWN);
        xml.text("UPDATED", "No");
        xml.cdata("COMMENTS", comments);
    });
}

fn write_vlans(xml: &mut XmlWriter, vlans: &[Vlan]) {
    xml.element("VLANS", &[], |xml| {
        xml.text("SETTING", if vlans.is_empty() { "Disabled" } else { "Enabled" });
        for Vlan { number, ip, netmask, name } in vlans {
            xml.element("VLAN", &[], |xml| {
                xml.text("ID", &number.to_string());
                xml.cdata("NAME", name);
                xml.text("IP_ADDRESS", &ip.to_string());
                xml.text("NETMASK", &netmask.to_string());
            });
        }
    });
}

fn write_route(xml: &mut XmlWriter, route: &StaticRoute) {
    let StaticRoute { ip, netmask, gateway, name } = route;
    xml.element("ROUTE", &[], |xml| {
        xml.cdata("NAME", name);
        xml.text("IP_ADDRESS", &ip.to_string());
        xml.text("NETMASK", &netmask.to_string());
        xml.text("GATEWAY", &gateway.to_string());
    });
}

fn read_name(request: &OperationRequest, parameter: &Parameter) -> Result<Option<ApplianceName>, CallError> {
    let name = request.arguments.text(parameter).map(|text| text.trim().parse());
    name.transpose().map_err(|error| request.invalid(parameter, &format!("{error}")))
}

fn seconds(request: &OperationRequest, parameter: &Parameter) -> Option<u32> {
    request.arguments.integer(parameter).and_then(|seconds| u32::try_from(seconds).ok())
}

fn number(request: &OperationRequest, parameter: &Parameter) -> Option<i64> {
    request.arguments.integer(parameter).and_then(|id| i64::try_from(id).ok())
}

async fn create(request: OperationRequest) -> Result<Answer, CallError> {
    let name = read_name(&request, &NAME)?.ok_or_else(|| request.invalid(&NAME, "missing"))?;
    let new = CreateAppliance {
        name: name.clone(),
        polling_interval_s: seconds(&request, &POLLING_INTERVAL),
        asset_group: number(&request, &ASSET_GROUP_ID),
    };
    let created = request.app.create_appliance(request.actor()?, new).await;
    let created = created.map_err(|error| match error {
        AppError::ApplianceGroup { by_manager: true } => {
            let text = format!("Unrecognized parameter(s): {}", ASSET_GROUP_ID.name);
            CallError::Coded { code: 1901, text }
        }
        AppError::ApplianceGroup { by_manager: false } => {
            let text = format!("Missing required parameter(s): {}", ASSET_GROUP_ID.name);
            CallError::Coded { code: 1903, text }
        }
        AppError::UnknownAssetGroupId { .. } => request.invalid(&ASSET_GROUP_ID, "No such asset group"),
        error => error.into(),
    })?;
    let mut xml = request.document();
    xml.element("APPLIANCE", &[], |xml| {
        xml.text("ID", &created.id.to_string());
        xml.text("FRIENDLY_NAME", name.as_str());
        xml.text("ACTIVATION_CODE", &created.code);
        xml.number("REMAINING_QVSA_LICENSES", created.remaining);
    });
    Ok(OperationRequest::end(xml))
}

fn changes(request: &OperationRequest) -> Result<UpdateAppliance, CallError> {
    let arguments = &request.arguments;
    let vlans = arguments.text(&SET_VLANS).map(Vlan::list).transpose();
    let routes = arguments.text(&SET_ROUTES).map(StaticRoute::list).transpose();
    Ok(UpdateAppliance {
        name: read_name(request, &NEW_NAME)?,
        polling_interval_s: seconds(request, &NEW_POLLING_INTERVAL),
        comments: arguments.text(&COMMENT).map(|text| text.trim().to_owned()),
        vlans: vlans.map_err(|error| request.invalid(&SET_VLANS, &error.to_string()))?,
        routes: routes.map_err(|error| request.invalid(&SET_ROUTES, &error.to_string()))?,
    })
}

fn unknown(request: &OperationRequest, parameter: &Parameter, error: AppError) -> CallError {
    match error {
        AppError::UnknownAppliance { .. } => request.invalid(parameter, "No such scanner appliance"),
        error => error.into(),
    }
}

async fn update(request: OperationRequest) -> Result<Answer, CallError> {
    let changes = changes(&request)?;
    let id = number(&request, &ID).unwrap_or_default();
    let updated = request.app.update_appliance(request.actor()?, id, changes).await;
    updated.map_err(|error| unknown(&request, &ID, error))?;
    Ok(request.simple_return("Virtual scanner updated successfully", &[("ID", id.to_string())]))
}

async fn delete(request: OperationRequest) -> Result<Answer, CallError> {
    let id = number(&request, &ID).unwrap_or_default();
    let deleted = request.app.delete_appliance(request.actor()?, id).await;
    deleted.map_err(|error| unknown(&request, &ID, error))?;
    Ok(request.simple_return("Virtual scanner deleted successfully", &[("ID", id.to_string())]))
}

async fn assign_network_id(request: OperationRequest) -> Result<Answer, CallError> {
    let actor = request.actor()?;
    let id = number(&request, &APPLIANCE_ID).unwrap_or_default();
    let network = named_network(&request, &ASSIGNED_NETWORK).await?.unwrap_or_default();
    let assigned = request.app.assign_network(actor, id, network).await;
    assigned.map_err(|error| unknown(&request, &APPLIANCE_ID, error))?;
    let text = format!("Success: Network ID=[{network}] assigned to Appliance with ID=[{id}]");
    Ok(request.simple_return(&text, &[]))
}

async fn replace(request: OperationRequest) -> Result<Answer, CallError> {
    let OperationRequest { app, arguments, .. } = &request;
    let old_parameter =
        if arguments.has(OLD_SCANNER_NAME.name) { &OLD_SCANNER_NAME } else { &OLD_SCANER_NAME };
    let old = arguments.text(old_parameter).unwrap_or_default().trim();
    let new = arguments.text(&NEW_SCANNER_NAME).unwrap_or_default().trim();
    let (copies, leaves) = (!arguments.switch(&DO_NOT_COPY_SETTINGS), !arguments.switch(&DO_NOT_REMOVE));
    let replaced = app.replace_appliance(request.actor()?, (old, new), copies, leaves).await;
    replaced.map_err(|error| match error {
        AppError::UnknownApplianceName { name } if name == old => {
            request.invalid(old_parameter, "No such scanner appliance")
        }
        AppError::UnknownApplianceName { .. } => {
            request.invalid(&NEW_SCANNER_NAME, "No such scanner appliance")
        }
        error => error.into(),
    })?;
    Ok(request.simple_return("Scanner appliance replaced successfully", &[]))
}
