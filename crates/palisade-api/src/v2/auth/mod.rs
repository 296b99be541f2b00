//! `auth/` and `auth/<type>/`: authentication records. The operations of a type are made from the
//! type's row (`palisade_model::auth_record`): its fields are the parameters and the elements.

mod list;
mod unix_access;
mod unix_document;
mod write;

pub(in crate::v2) use self::unix_document::read_unix_document;
pub(in crate::v2) use self::write::{given, refusal};

use std::sync::LazyLock;

use palisade_model::auth_record::{
    COMMENTS_CHARACTERS_MAX, Field, FieldKind, REFERENCE_FIELDS, Rule as FieldRule, TITLE_CHARACTERS_MAX,
    field::LIST_ITEMS_MAX,
};
use palisade_model::{Action, RecordKind, Resource};
use palisade_wire::dtd::auth::{self as auth_dtd, AuthList};
use palisade_wire::operation::{Answers, Methods, Operation};
use palisade_wire::{Example, Parameter, ParameterKind, Rule};

use crate::error::CallError;
use crate::example::Need;
use crate::v2::registry::{BodyForm, OperationRow, operation};
use crate::v2::request::OperationRequest;

/// Records of one answer.
const PAGE: usize = 1_000;
const READERS: &str = "Managers see all records, Unit Managers and Scanners those with a host that they see.";
const WRITERS: &str = "Managers; Unit Managers as far as the hosts of their unit.";

const TITLE: Parameter = Parameter::new(
    "title",
    ParameterKind::Text { max_chars: TITLE_CHARACTERS_MAX },
    "Office",
    "The title; no other record of the type has it.",
);
const TITLE_PART: Parameter = Parameter::new(
    "title",
    ParameterKind::Text { max_chars: TITLE_CHARACTERS_MAX },
    "office",
    "Only records with this in their title, whatever its capitals.",
);
const COMMENTS: Parameter = Parameter::new(
    "comments",
    ParameterKind::Text { max_chars: COMMENTS_CHARACTERS_MAX },
    "for the weekly scan",
    "Comments.",
);
const COMMENTS_PART: Parameter = Parameter::new(
    "comments",
    ParameterKind::Text { max_chars: COMMENTS_CHARACTERS_MAX },
    "weekly",
    "Only records with this in their comments, whatever its capitals.",
);
const IDS: Parameter =
    Parameter::new("ids", ParameterKind::Numbers, "1,5-9", "The numbers of records, and ranges of them.");
const ID_MIN: Parameter = Parameter::new(
    "id_min",
    ParameterKind::Integer { min: 1, max: i64::MAX as u64 },
    "1",
    "Only records with this number or a higher one.",
);
const ID_MAX: Parameter = Parameter::new(
    "id_max",
    ParameterKind::Integer { min: 1, max: i64::MAX as u64 },
    "999",
    "Only records with this number or a lower one.",
);
const DETAILS: Parameter = Parameter::new(
    "details",
    ParameterKind::Choice(&["None", "Basic", "All"]),
    "All",
    "None: numbers only. Basic: everything but secrets. All: with the names of whoever made the records.",
)
.default("Basic");
const IPS: Parameter = Parameter::new("ips", ParameterKind::IpSet, "192.0.2.1-192.0.2.5", "The hosts.");
const NEW_IPS: Parameter = Parameter::new(
    "ips",
    ParameterKind::IpSet,
    "192.0.2.1-192.0.2.5",
    "The hosts, in place of those that are there.",
);
const ADD_IPS: Parameter = Parameter::new("add_ips", ParameterKind::IpSet, "192.0.2.7", "Hosts to be added.");
const REMOVE_IPS: Parameter =
    Parameter::new("remove_ips", ParameterKind::IpSet, "192.0.2.7", "Hosts to be taken out.");
const NETWORK_ID: Parameter = Parameter::new(
    "network_id",
    ParameterKind::Integer { min: 0, max: i64::MAX as u64 },
    "0",
    "The network of the hosts.",
);
const LOGIN_TYPE: Parameter = Parameter::new(
    "login_type",
    ParameterKind::Choice(&["basic", "vault"]),
    "basic",
    "Where the password is: in the record, or in a vault.",
);
const VAULT_ID: Parameter = Parameter::new(
    "vault_id",
    ParameterKind::Integer { min: 1, max: i64::MAX as u64 },
    "1",
    "The number of the vault.",
);
const VAULT_TYPE: Parameter = Parameter::new(
    "vault_type",
    ParameterKind::Text { max_chars: 100 },
    "Quest Vault",
    "The sort of the vault; its number is what counts.",
);

static LIST_ALL: Operation = Operation {
    resource: "auth",
    action: "list",
    methods: Methods::Any,
    takes_document: false,
    summary: "List the numbers of all authentication records",
    description: &[
        "The numbers of all records that the user sees, by their types. The resource of each type tells more \
         about its records.",
        "An answer has the numbers of 1,000 records at most; a WARNING then has the URL of the next ones.",
    ],
    parameters: &[TITLE_PART, COMMENTS_PART, IDS, ID_MIN, ID_MAX],
    rules: &[],
    roles: READERS,
    answers: Answers::Other("AUTH_RECORDS_OUTPUT"),
    example: Example { parameters: &[], description: "List all records." },
};

static ROWS: LazyLock<Vec<OperationRow>> = LazyLock::new(|| {
    let all: &'static Operation = Box::leak(Box::new(Operation {
        answers: Answers::Document { root: "AUTH_RECORDS_OUTPUT", dtd: auth_dtd::records() },
        ..LIST_ALL
    }));
    let first = OperationRow {
        operation: all,
        ..operation!(LIST_ALL, list::list_all, &[(Action::List, Resource::AuthRecord)])
    };
    let types = RecordKind::all().filter_map(auth_dtd::list).flat_map(rows_of);
    [first].into_iter().chain(types).collect()
});

/// The operations of all types.
pub(crate) fn rows() -> &'static [OperationRow] {
    &ROWS
}

/// Made once, and as long as the program runs.
fn kept<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

fn rows_of(list: &'static AuthList) -> [OperationRow; 4] {
    let (kind, resource) = (list.kind, kept(format!("auth/{}", list.kind.word)).as_str());
    let example: &'static [(&str, &str)] = example_of(kind).leak();
    let needs: &'static [Need] =
        kept([Need::Operation { resource, action: "create", parameters: example }]).as_slice();
    let base =
        Operation { resource, methods: Methods::Post, roles: WRITERS, answers: Answers::Batch, ..LIST_ALL };
    let listing = kept(Operation {
        methods: Methods::Any,
        summary: kept(format!("List {} records", kind.title)),
        description: listing_text(kind).leak(),
        parameters: &[TITLE_PART, COMMENTS_PART, IDS, ID_MIN, ID_MAX, DETAILS],
        roles: READERS,
        answers: Answers::Document { root: list.root, dtd: &list.dtd },
        example: Example { parameters: &[("details", "All")], description: "List all records of the type." },
        ..base
    });
    let creating = kept(Operation {
        action: "create",
        summary: kept(format!("Make a record for {}", kind.title)),
        description: [
            kept(use_of(kind)).as_str(),
            "A host is in one record of a type only. Secrets are taken in the body of a POST only, and \
             are never shown again.",
        ]
        .into_iter()
        .chain(body_text(kind))
        .collect::<Vec<_>>()
        .leak(),
        parameters: parameters_of(kind, true).leak(),
        example: Example { parameters: example, description: "Make a record." },
        ..base
    });
    let updating = kept(Operation {
        action: "update",
        summary: kept(format!("Change records for {}", kind.title)),
        description: &[
            "Makes the same change to all named records, or to none. What is not named stays; an empty text \
             clears a field that may be empty.",
        ],
        parameters: parameters_of(kind, false).leak(),
        rules: &[Rule::Exclusive(&["ips", "add_ips"]), Rule::Exclusive(&["ips", "remove_ips"])],
        example: Example {
            parameters: &[("ids", "1"), ("comments", "for the weekly scan")],
            description: "Change the comments of a record.",
        },
        ..base
    });
    let deleting = kept(Operation {
        action: "delete",
        summary: kept(format!("Delete records for {}", kind.title)),
        description: &[
            "Deletes all named records, or none. A Unit Manager deletes records whose hosts are all in the unit.",
        ],
        parameters: kept([IDS.required()]),
        example: Example { parameters: &[("ids", "1")], description: "Delete a record." },
        ..base
    });
    let row = |operation: &'static Operation, action: Action, needs: &'static [Need]| {
        let handler: fn(OperationRequest) -> crate::v2::registry::HandlerFuture = match action {
            Action::Add => |request| Box::pin(write::create(request)),
            Action::Edit => |request| Box::pin(write::update(request)),
            Action::Delete => |request| Box::pin(write::delete(request)),
            _ => |request| Box::pin(list::list(request)),
        };
        let permissions = kept([(action, Resource::AuthRecord)]).as_slice();
        OperationRow {
            operation,
            handler,
            permissions,
            door: crate::v2::registry::Door::Any,
            example_needs: needs,
            example_document: "",
            body: body_of(kind, action),
        }
    };
    [
        row(listing, Action::List, &[]),
        row(creating, Action::Add, &[]),
        row(updating, Action::Edit, needs),
        row(deleting, Action::Delete, needs),
    ]
}

fn body_of(kind: RecordKind, action: Action) -> BodyForm {
    if kind.word == "unix" && matches!(action, Action::Add | Action::Edit) {
        BodyForm::UnixDocument
    } else {
        BodyForm::Parameters
    }
}

fn listing_text(kind: RecordKind) -> Vec<&'static str> {
    let mut text = vec![
        kept(format!("The authentication records for {} that the user sees.", kind.title)).as_str(),
        "Passwords, keys and communities are never shown.",
    ];
    if kind.access_lists {
        text.push(
            "ROOT_TOOL_INFO_LIST has the root tools in the order they are tried, with PASSWORD_INFO where one has \
             a password of its own; ROOT_TOOL is the first. PRIVATE_KEY_CERTIFICATE_LIST has the private keys in \
             the order they are tried, with their sort where it was said, PASSPHRASE_INFO where one is encrypted, \
             and CERTIFICATE where one has a certificate.",
        );
    }
    text.push("An answer has 1,000 records at most; a WARNING then has the URL of the next ones.");
    text
}

/// What is said of a type whose records may be sent as documents.
fn body_text(kind: RecordKind) -> Option<&'static str> {
    (body_of(kind, Action::Add) == BodyForm::UnixDocument).then_some(
        "The root tools and the private keys may come as an XML document UNIX_AUTH_PARAMS in the body instead, \
         with Content-Type text/xml and the other parameters in the URL: ROOT_TOOLS with up to 5 ROOT_TOOL \
         (STANDARD_TYPE with TYPE: Sudo, Pimsu, PowerBroker or Su; PASSWORD_INFO with PASSWORD) and \
         PRIVATE_KEY_CERTIFICATES with up to 5 PRIVATE_KEY_CERTIFICATE (PRIVATE_KEY_INFO with PRIVATE_KEY, whose \
         type is rsa, dsa, ecdsa or ed25519; PASSPHRASE_INFO with PASSPHRASE; CERTIFICATE with type openssh). \
         Scans try the keys in their order until one lets them in, and the tools in theirs until one makes the \
         user root; a tool without a password of its own is given the user's. A key with a certificate is used \
         with it only. Each list replaces what the record had of the sort, and so do root_tool and the parameters \
         for keys, which name one. Not kept, and refused, are tools of one's own (CUSTOM_TYPE), vaults for these \
         secrets, certificates of x.509, and certificates of RSA keys. A password is not taken in the URL, so a \
         record that needs one is made with parameters, and updated with the document.",
    )
}

fn use_of(kind: RecordKind) -> String {
    match kind.switch {
        Some(switch) if kind.signs_in => format!(
            "Scans sign in to the hosts of the record with it, once a host, where their option profile has {} \
             authentication on.",
            switch.title()
        ),
        _ => format!(
            "The record is kept. Scans do not sign in to {} yet, and report that they did not try.",
            kind.title
        ),
    }
}

/// The parameters that make or change a record.
fn parameters_of(kind: RecordKind, creating: bool) -> Vec<Parameter> {
    let mut parameters = if creating {
        let hosts = kind.rules.contains(&FieldRule::AnyOf(&["ips"]));
        vec![TITLE.required(), COMMENTS, if hosts { IPS.required() } else { IPS }, NETWORK_ID]
    } else {
        vec![IDS.required(), TITLE, COMMENTS, NEW_IPS, ADD_IPS, REMOVE_IPS, NETWORK_ID]
    };
    parameters.extend(kind.fields.iter().map(|field| parameter_of(field, creating)));
    if kind.vault {
        parameters.extend([LOGIN_TYPE, VAULT_ID, VAULT_TYPE]);
        parameters.extend(REFERENCE_FIELDS.iter().map(|field| parameter_of(field, false)));
    }
    parameters
}

/// A field as a parameter.
pub(super) fn parameter_of(field: &Field, creating: bool) -> Parameter {
    let (kind, example) = match field.kind {
        FieldKind::Text { characters_max } => (ParameterKind::Text { max_chars: characters_max }, "sample"),
        FieldKind::Secret { characters_max } => {
            (ParameterKind::Text { max_chars: characters_max }, "a secret")
        }
        FieldKind::Port => (ParameterKind::Integer { min: 1, max: 65_535 }, "1234"),
        FieldKind::Ports => (ParameterKind::Text { max_chars: 6 * LIST_ITEMS_MAX }, "1234,1235"),
        FieldKind::Switch => (ParameterKind::ZeroOne, "1"),
        FieldKind::Word(words) => (ParameterKind::Choice(words), words.first().copied().unwrap_or_default()),
        FieldKind::List { characters_max } => (
            ParameterKind::Text { max_chars: (characters_max + 1) * LIST_ITEMS_MAX },
            "db1.example,db2.example",
        ),
    };
    let mut parameter = Parameter::new(field.name, kind, example, field.about);
    parameter.default = field.default.filter(|_| creating);
    parameter.required = field.required && creating;
    parameter.secret = field.is_secret();
    parameter
}

/// What the guide's example makes: what has to be said, and what a rule wants.
fn example_of(kind: RecordKind) -> Vec<(&'static str, &'static str)> {
    let mut pairs = vec![("title", "Office"), ("ips", "192.0.2.1-192.0.2.5")];
    let example = |name: &str| kind.field(name).map(|field| (field.name, parameter_of(field, true).example));
    pairs.extend(kind.fields.iter().filter(|field| field.required).filter_map(|field| example(field.name)));
    for rule in kind.rules {
        let wanted: &[&str] = match rule {
            FieldRule::AnyOf(names) | FieldRule::OneOf(names) => names,
            FieldRule::Needs("version", "v1", name) => &[*name],
            _ => continue,
        };
        if !wanted.iter().any(|name| pairs.iter().any(|(known, _)| known == name)) {
            pairs.extend(wanted.iter().find_map(|name| example(name)));
        }
    }
    for rule in kind.rules {
        if let FieldRule::Together(names) = rule
            && names.iter().any(|name| pairs.iter().any(|(known, _)| known == name))
        {
            let missing = names.iter().filter(|name| pairs.iter().all(|(known, _)| known != *name));
            let missing: Vec<_> = missing.filter_map(|name| example(name)).collect();
            pairs.extend(missing);
        }
    }
    pairs
}

/// The type that a request is about.
fn kind_of(request: &OperationRequest) -> Result<RecordKind, CallError> {
    let word = request.operation.resource.strip_prefix("auth/").unwrap_or_default();
    let unknown = |_| CallError::Coded { code: 1905, text: "there is no such type of records".to_owned() };
    word.parse().map_err(unknown)
}
