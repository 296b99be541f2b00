//! `subscription/option_profile/` (list, export, import) and `subscription/option_profile/vm/` (list,
//! create, update, delete): how scans and maps are done. The profiles are those that `scan_options.php` and
//! `palisade profile` know.
//!
//! Deliberately absent: profiles for compliance scans, and making profiles for card industry scans setting by
//! setting; those are imported.

mod document;
mod overlay;
mod read;
mod settings;

use palisade_app::OptionProfileView;
use palisade_model::option_profile::ProfileKind;
use palisade_model::{Action, OptionProfile, Resource};
use palisade_wire::dtd::v2::OPTION_PROFILE_INFO;
use palisade_wire::operation::{Answers, Methods, Operation};
use palisade_wire::{Example, Parameter, ParameterKind, Rule};

use crate::answer::Answer;
use crate::error::CallError;
use crate::example::Need;
use crate::v2::registry::{OperationRow, operation};
use crate::v2::request::OperationRequest;

const RESOURCE: &str = "subscription/option_profile";
const VM: &str = "subscription/option_profile/vm";
const SEES: &str = "Manager: all profiles. Everybody else but Contacts and User Administrators: the global ones \
                    and their own.";
const WRITES: &str = "Manager: all profiles. Unit Manager and Scanner: their own; only a Manager makes profiles \
                      global or the default one.";
const NUMBER: ParameterKind = ParameterKind::Integer { min: 1, max: i64::MAX as u64 };

const OUTPUT_FORMAT: Parameter =
    Parameter::new("output_format", ParameterKind::Word(&["XML"]), "XML", "The format; there is one.")
        .default("XML");
const OPTION_PROFILE_ID: Parameter =
    Parameter::new("option_profile_id", NUMBER, "1", "Only the profile with this id.");
const OPTION_PROFILE_TITLE: Parameter = Parameter::new(
    "option_profile_title",
    ParameterKind::Text { max_chars: 64 },
    "Initial Options",
    "Only the profile with this title.",
);
const OPTION_PROFILE_TYPE: Parameter = Parameter::new(
    "option_profile_type",
    ParameterKind::Choice(&["user", "compliance", "pci"]),
    "user",
    "Only profiles of this type. There are none for compliance.",
);
const INCLUDE_SYSTEM: Parameter = Parameter::new(
    "include_system_option_profiles",
    ParameterKind::ZeroOne,
    "1",
    "1: those that the subscription came with, too. One that is named by id or title is always there.",
)
.default("0");
const ID: Parameter = Parameter::new("id", NUMBER, "1", "The id of the profile.");

const DOCUMENT: Answers = Answers::Document { root: "OPTION_PROFILES", dtd: &OPTION_PROFILE_INFO };

pub const EXPORT: Operation = Operation {
    resource: RESOURCE,
    action: "export",
    methods: Methods::Any,
    takes_document: false,
    summary: "Export option profiles",
    description: &[
        "Gives profiles with all that they hold, as a document that the action import takes.",
        "Search lists of the subscription are named by title; those of a profile's own come with what is on them.",
    ],
    parameters: &[
        OUTPUT_FORMAT,
        OPTION_PROFILE_ID,
        OPTION_PROFILE_TITLE,
        OPTION_PROFILE_TYPE,
        INCLUDE_SYSTEM,
    ],
    rules: &[Rule::Exclusive(&[OPTION_PROFILE_ID.name, OPTION_PROFILE_TITLE.name])],
    roles: "Manager.",
    answers: DOCUMENT,
    example: Example {
        parameters: &[("option_profile_title", "Initial Options")],
        description: "Take a profile to another server.",
    },
};
pub const IMPORT: Operation = Operation {
    action: "import",
    methods: Methods::Post,
    takes_document: true,
    summary: "Import option profiles",
    description: &[
        "Makes the profiles of an OPTION_PROFILES document, all or none. The caller owns them; none of them \
         becomes the default one. What the document does not say is as in a new profile.",
        "Search lists without contents stand for those of the subscription that have their titles. Those that \
         are not there are left out, and a profile that has no list left to detect by detects everything.",
        "The answer has the ids in the order of the document, and as NOT_IMPORTED the names of elements that \
         this server has no setting for.",
    ],
    parameters: &[],
    rules: &[],
    answers: Answers::Simple,
    example: Example { parameters: &[], description: "Make a profile with a few settings of its own." },
    ..EXPORT
};
pub const LIST: Operation = Operation {
    action: "list",
    summary: "List option profiles",
    description: &["Lists the profiles that the caller may see, the default one first, then by title."],
    parameters: &[ID],
    rules: &[],
    roles: SEES,
    example: Example { parameters: &[], description: "See the profiles." },
    ..EXPORT
};
pub const VM_LIST: Operation = Operation { resource: VM, ..LIST };
pub const VM_CREATE: Operation = Operation {
    resource: VM,
    action: "create",
    methods: Methods::Post,
    summary: "Make an option profile",
    description: &[
        "What is not given is as in a new profile: the standard ports, normal performance, every vulnerability. \
         The answer has the ID.",
    ],
    parameters: settings::CREATE,
    rules: settings::RULES,
    roles: WRITES,
    answers: Answers::Simple,
    example: Example {
        parameters: &[
            ("title", "Gentle"),
            ("scan_tcp_ports", "light"),
            ("scan_tcp_ports_additional", "8080,9443"),
            ("scan_overall_performance", "low"),
        ],
        description: "Make a profile that presses less hard.",
    },
    ..LIST
};
pub const VM_UPDATE: Operation = Operation {
    action: "update",
    summary: "Change an option profile",
    description: &[
        "Only what is given changes. Scans that were launched before stay as they are.",
        "Of a profile of the type pci only performance, dead hosts and additional TCP ports can be changed.",
    ],
    parameters: settings::UPDATE,
    example: Example {
        parameters: &[("id", "ID"), ("scan_dead_hosts", "1")],
        description: "Scan hosts that do not answer, too.",
    },
    ..VM_CREATE
};
pub const VM_DELETE: Operation = Operation {
    action: "delete",
    summary: "Delete an option profile",
    description: &["The default profile, and one that a scheduled scan or map goes by, is not deleted."],
    parameters: &[ID.required()],
    rules: &[],
    example: Example { parameters: &[("id", "ID")], description: "Delete a profile." },
    ..VM_CREATE
};

const MADE: &[Need] =
    &[Need::Operation { resource: VM, action: "create", parameters: &[("title", "Gentle")] }];

pub(crate) static ROWS: &[OperationRow] = &[
    operation!(EXPORT, export, &[(Action::List, Resource::OptionProfileDocument)]),
    OperationRow {
        example_document: include_str!("example.xml"),
        ..operation!(IMPORT, import, &[(Action::Add, Resource::OptionProfileDocument)])
    },
    operation!(LIST, list, &[(Action::List, Resource::OptionProfile)]),
    operation!(VM_CREATE, create, &[(Action::Add, Resource::OptionProfile)]),
    operation!(VM_DELETE, delete, &[(Action::Delete, Resource::OptionProfile)], needs: MADE),
    operation!(VM_LIST, list, &[(Action::List, Resource::OptionProfile)]),
    operation!(VM_UPDATE, update, &[(Action::Edit, Resource::OptionProfile)], needs: MADE),
];

fn has_id(view: &OptionProfileView, id: u64) -> bool {
    u64::try_from(view.id) == Ok(id)
}

async fn list(request: OperationRequest) -> Result<Answer, CallError> {
    let mut views = request.app.list_option_profiles(request.actor()?).await?;
    if let Some(id) = request.arguments.integer(&ID) {
        views.retain(|view| has_id(view, id));
    }
    Ok(document::write(&views, &request.base_url))
}

async fn export(request: OperationRequest) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
    let mut views = request.app.export_option_profiles(request.actor()?).await?;
    let id = arguments.integer(&OPTION_PROFILE_ID);
    let title = arguments.text(&OPTION_PROFILE_TITLE);
    let is_named = id.is_some() || title.is_some();
    let with_system = is_named || arguments.switch(&INCLUDE_SYSTEM);
    let kind = arguments.choice(&OPTION_PROFILE_TYPE);
    views.retain(|view| {
        let OptionProfileView { profile, .. } = view;
        id.is_none_or(|id| has_id(view, id))
            && title.is_none_or(|title| profile.title == title)
            && kind.is_none_or(|kind| document::kind_word(profile.kind) == kind)
            && (with_system || profile.owner.is_some())
    });
    if is_named && views.is_empty() {
        let parameter = if id.is_some() { &OPTION_PROFILE_ID } else { &OPTION_PROFILE_TITLE };
        return Err(request.invalid(parameter, "No such option profile"));
    }
    Ok(document::write(&views, &request.base_url))
}

async fn import(request: OperationRequest) -> Result<Answer, CallError> {
    let sent = request.document.clone().unwrap_or_default();
    let read::Profiles { profiles, unknown } = read::read(&sent).map_err(|error| {
        let source = std::error::Error::source(&error).map(|source| format!(": {source}"));
        CallError::Coded {
            code: 1905,
            text: format!("Invalid document: {error}{}", source.unwrap_or_default()),
        }
    })?;
    let made = request.app.import_option_profiles(request.actor()?, profiles).await?;
    let mut items: Vec<(&str, String)> = made.iter().map(|view| ("ID", view.id.to_string())).collect();
    if !unknown.is_empty() {
        items.push(("NOT_IMPORTED", unknown.into_iter().collect::<Vec<_>>().join(", ")));
    }
    Ok(request.simple_return("Successfully imported option profile(s)", &items))
}

async fn create(request: OperationRequest) -> Result<Answer, CallError> {
    let profile = overlay::overlay(&request, OptionProfile::default()).await?;
    let made = request.app.add_option_profile(request.actor()?, profile).await?;
    Ok(request.simple_return("Option profile successfully added.", &[("ID", made.id.to_string())]))
}

async fn update(request: OperationRequest) -> Result<Answer, CallError> {
    let actor = request.actor()?;
    let OptionProfileView { id, version, profile, .. } = named(&request).await?;
    let title = profile.title.clone();
    if profile.kind == ProfileKind::Pci && request.arguments.has(settings::SCAN_TCP_PORTS.name) {
        return Err(request.invalid(&settings::SCAN_TCP_PORTS, "The ports of this profile are prescribed"));
    }
    let changed = overlay::overlay(&request, profile).await?;
    let edited = request.app.edit_option_profile(actor, Some(&title), version, changed).await?;
    if request.arguments.has(settings::DEFAULT.name) {
        request.app.set_default_option_profile(actor, &edited.profile.title).await?;
    }
    Ok(request.simple_return("Option profile successfully updated.", &[("ID", id.to_string())]))
}

async fn delete(request: OperationRequest) -> Result<Answer, CallError> {
    let OptionProfileView { id, profile, .. } = named(&request).await?;
    request.app.delete_option_profile(request.actor()?, &profile.title).await?;
    Ok(request.simple_return("Option profile successfully deleted.", &[("ID", id.to_string())]))
}

/// The profile that the request is about.
async fn named(request: &OperationRequest) -> Result<OptionProfileView, CallError> {
    let id = request.arguments.integer(&ID).unwrap_or_default();
    let profiles = request.app.list_option_profiles(request.actor()?).await?;
    let found = profiles.into_iter().find(|view| has_id(view, id));
    found.ok_or_else(|| request.invalid(&ID, "No such option profile"))
}
