//! `vault/`: vaults that authentication records refer to. They are kept; nothing asks them yet.

use palisade_app::{AuthVaultView, CreateAuthVault, UpdateAuthVault};
use palisade_model::auth_record::{COMMENTS_CHARACTERS_MAX, TITLE_CHARACTERS_MAX, VaultKind};
use palisade_model::{Action, Resource};
use palisade_wire::dtd::v2::{AUTH_VAULT_LIST_OUTPUT, VAULT_OUTPUT};
use palisade_wire::operation::{Answers, Methods, Operation};
use palisade_wire::{Example, Parameter, ParameterKind, Rule};

use crate::answer::Answer;
use crate::error::CallError;
use crate::example::Need;
use crate::v2::auth::{given, refusal};
use crate::v2::registry::{OperationRow, operation};
use crate::v2::request::OperationRequest;

const ID: Parameter = Parameter::new(
    "id",
    ParameterKind::Integer { min: 1, max: i64::MAX as u64 },
    "1",
    "The number of the vault.",
)
.required();
const TITLE: Parameter = Parameter::new(
    "title",
    ParameterKind::Text { max_chars: TITLE_CHARACTERS_MAX },
    "Safe",
    "The title; no other vault has it.",
);
const TITLE_PART: Parameter = Parameter::new(
    "title",
    ParameterKind::Text { max_chars: TITLE_CHARACTERS_MAX },
    "safe",
    "Only vaults with this in their title, whatever its capitals.",
);
const COMMENTS: Parameter = Parameter::new(
    "comments",
    ParameterKind::Text { max_chars: COMMENTS_CHARACTERS_MAX },
    "in the cellar",
    "Comments.",
);
const KINDS: &[&str] = &[
    "CA Access Control",
    "Cyber-Ark PIM Suite",
    "Cyber-Ark AIM",
    "Hitachi ID PAM",
    "Lieberman ERPM",
    "Quest Vault",
    "Thycotic Secret Server",
];
const TYPE: Parameter =
    Parameter::new("type", ParameterKind::Choice(KINDS), "Quest Vault", "The sort of vault.");
const MODIFIED: Parameter =
    Parameter::new("modified", ParameterKind::DateTime, "2026-01-31", "Only vaults changed since then.");
const ORDER_BY: Parameter = Parameter::new(
    "orderby",
    ParameterKind::Choice(&["id", "title", "system_name", "last_modified", "last_modified_by"]),
    "title",
    "What the list is ordered by; system_name is the type.",
)
.default("id");
const SORT_ORDER: Parameter =
    Parameter::new("sortorder", ParameterKind::Choice(&["asc", "desc"]), "asc", "Up or down.").default("asc");
const LIMIT: Parameter = Parameter::new(
    "limit",
    ParameterKind::Integer { min: 1, max: 1_000 },
    "10",
    "Most vaults in the answer.",
);
const OFFSET: Parameter = Parameter::new(
    "offset",
    ParameterKind::Integer { min: 0, max: 1_000_000 },
    "0",
    "So many vaults of the list are passed over.",
);

macro_rules! settings {
    ($($parameter:expr),* ; $($name:ident, $kind:expr, $example:literal, $about:literal);+ $(;)?) => {
        &[$($parameter,)* $(setting(stringify!($name), $kind, $example, $about)),+,
          secret("password", "The user's password."), secret("access_key", "The key to ask with."),
          secret("ca_web_password", "The password of the web server's user."),
          secret("private_key_pwd", "What the key is encrypted with."),
          secret("cert", "The client's certificate, as PEM."), secret("private_key", "Its key, as PEM.")]
    };
}
const fn setting(
    name: &'static str,
    kind: ParameterKind,
    example: &'static str,
    about: &'static str,
) -> Parameter {
    Parameter::new(name, kind, example, about)
}
const fn secret(name: &'static str, about: &'static str) -> Parameter {
    Parameter::new(name, ParameterKind::Text { max_chars: 16_384 }, "a secret", about).secret()
}
const NAME: ParameterKind = ParameterKind::Text { max_chars: 255 };
const ADDRESS: ParameterKind = ParameterKind::Text { max_chars: 1_999 };

/// The settings of all sorts of vaults, behind the parameters given.
macro_rules! with_settings {
    ($($parameter:expr),*) => {
        settings!($($parameter),* ;
            server_address, NAME, "192.0.2.9", "The address of the vault. Cyber-Ark PIM Suite and Quest.";
            port, ParameterKind::Integer { min: 1, max: 65_535 }, "1858", "Its port.";
            safe, NAME, "servers", "The safe. Cyber-Ark.";
            username, NAME, "scan", "The user to ask as.";
            appid, NAME, "palisade", "The application. Cyber-Ark AIM.";
            url, ADDRESS, "https://vault.example", "The address of the vault's service.";
            domain, NAME, "OFFICE", "The user's domain.";
            ssl_verify, ParameterKind::ZeroOne, "1", "1 asks only where the certificate is good.";
            ca_url, ADDRESS, "https://vault.example", "The address of the service. CA Access Control.";
            ca_api_username, NAME, "scan", "The user of the interface. CA Access Control.";
            ca_ssl_verify, ParameterKind::ZeroOne, "1", "1 asks only where the certificate is good.";
            ca_web_username, NAME, "web", "The user of the web server. CA Access Control.";
        )
    };
}

const READERS: &str = "Managers, Unit Managers and Scanners.";
const WRITERS: &str = "Managers and Unit Managers.";
const MADE: &[(&str, &str)] = &[
    ("title", "Safe"),
    ("type", "Quest Vault"),
    ("server_address", "192.0.2.9"),
    ("username", "scan"),
    ("access_key", "a secret"),
];
const MADE_BEFORE: &[Need] = &[Need::Operation { resource: "vault", action: "create", parameters: MADE }];

const LIST: Operation = Operation {
    resource: "vault",
    action: "list",
    methods: Methods::Any,
    takes_document: false,
    summary: "List vaults",
    description: &["The vaults that authentication records may refer to."],
    parameters: &[TITLE_PART, TYPE, MODIFIED, ORDER_BY, SORT_ORDER, LIMIT, OFFSET],
    rules: &[
        Rule::OnlyWith { parameter: "limit", with: "offset", value: None },
        Rule::OnlyWith { parameter: "offset", with: "limit", value: None },
    ],
    roles: READERS,
    answers: Answers::Document { root: "AUTH_VAULT_LIST_OUTPUT", dtd: &AUTH_VAULT_LIST_OUTPUT },
    example: Example { parameters: &[("orderby", "title")], description: "List all vaults by title." },
};

const VIEW: Operation = Operation {
    action: "view",
    summary: "Show a vault",
    description: &["One vault with its settings, but without its secrets."],
    parameters: &[ID],
    rules: &[],
    answers: Answers::Document { root: "VAULT_OUTPUT", dtd: &VAULT_OUTPUT },
    example: Example { parameters: &[("id", "ID")], description: "Show a vault." },
    ..LIST
};

const CREATE: Operation = Operation {
    action: "create",
    methods: Methods::Post,
    summary: "Make a vault",
    description: &[
        "Describes a vault. Which settings it needs depends on its sort; secrets are taken in the body only.",
        "Vaults are kept, and records refer to them. Scans do not ask vaults for passwords yet, and report \
         that they did not sign in.",
    ],
    parameters: with_settings!(TITLE.required(), TYPE.required(), COMMENTS),
    rules: &[],
    roles: WRITERS,
    answers: Answers::Simple,
    example: Example { parameters: MADE, description: "Make a vault." },
    ..LIST
};

const UPDATE: Operation = Operation {
    action: "update",
    summary: "Change a vault",
    description: &["Changes what is named; an empty text clears a setting that may be empty."],
    parameters: with_settings!(ID, TITLE, COMMENTS),
    example: Example {
        parameters: &[("id", "ID"), ("comments", "in the cellar")],
        description: "Change the comments of a vault.",
    },
    ..CREATE
};

const DELETE: Operation = Operation {
    action: "delete",
    summary: "Delete a vault",
    description: &["Deletes a vault that no record refers to."],
    parameters: &[ID],
    example: Example { parameters: &[("id", "ID")], description: "Delete a vault." },
    ..CREATE
};

pub(crate) static ROWS: &[OperationRow] = &[
    operation!(LIST, list, &[(Action::List, Resource::AuthVault)]),
    operation!(VIEW, view, &[(Action::List, Resource::AuthVault)], needs: MADE_BEFORE),
    operation!(CREATE, create, &[(Action::Add, Resource::AuthVault)]),
    operation!(UPDATE, update, &[(Action::Edit, Resource::AuthVault)], needs: MADE_BEFORE),
    operation!(DELETE, delete, &[(Action::Delete, Resource::AuthVault)], needs: MADE_BEFORE),
];

async fn list(request: OperationRequest) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
    let mut vaults = request.app.list_auth_vaults(request.actor()?).await?;
    if let Some(part) = arguments.filled_text(&TITLE_PART) {
        vaults.retain(|vault| vault.title.to_lowercase().contains(&part.to_lowercase()));
    }
    if let Some(kind) = arguments.choice(&TYPE) {
        vaults.retain(|vault| vault.kind.title == kind);
    }
    if let Some(since) = arguments.date_time(&MODIFIED) {
        vaults.retain(|vault| vault.updated_at >= since);
    }
    match arguments.choice(&ORDER_BY) {
        Some("title") => vaults.sort_by_key(|vault| vault.title.to_lowercase()),
        Some("system_name") => vaults.sort_by_key(|vault| vault.kind.title),
        Some("last_modified") => vaults.sort_by_key(|vault| vault.updated_at),
        Some("last_modified_by") => vaults.sort_by(|one, other| one.updated_by.cmp(&other.updated_by)),
        _ => {}
    }
    if arguments.choice(&SORT_ORDER) == Some("desc") {
        vaults.reverse();
    }
    let count =
        |parameter| arguments.integer(parameter).map(|count| usize::try_from(count).unwrap_or(usize::MAX));
    let page = vaults.iter().skip(count(&OFFSET).unwrap_or(0)).take(count(&LIMIT).unwrap_or(usize::MAX));
    let mut xml = request.document();
    xml.list("AUTH_VAULTS", page, |xml, vault| {
        xml.element("AUTH_VAULT", &[], |xml| {
            xml.cdata("TITLE", &vault.title);
            xml.text("VAULT_TYPE", vault.kind.title);
            xml.element("LAST_MODIFIED", &[], |xml| {
                xml.date_time("DATETIME", vault.updated_at);
                xml.text("BY", vault.updated_by.as_str());
            });
            xml.text("ID", &vault.id.to_string());
        });
    });
    Ok(OperationRequest::end(xml))
}

async fn view(request: OperationRequest) -> Result<Answer, CallError> {
    let vault = find(&request).await?;
    let AuthVaultView { id, kind, title, comments, content, created_at, created_by, updated_at, updated_by } =
        vault;
    let mut xml = request.document();
    xml.element("VAULT", &[], |xml| {
        xml.text("ID", &id.to_string());
        xml.cdata("TITLE", &title);
        xml.optional_cdata("COMMENTS", Some(comments.as_str()).filter(|text| !text.is_empty()));
        xml.text("VAULT_TYPE", kind.title);
        let shown = kind.fields.iter().filter(|field| !field.is_secret());
        let given = shown.filter_map(|field| Some((field.element_name(), content.value(field)?)));
        xml.list("VAULT_SETTINGS", given, |xml, (name, value)| xml.cdata(&name, value));
        for (name, at, by) in [("CREATED", created_at, created_by), ("LAST_MODIFIED", updated_at, updated_by)]
        {
            xml.element(name, &[], |xml| {
                xml.date_time("DATETIME", at);
                xml.text("BY", by.as_str());
            });
        }
    });
    Ok(OperationRequest::end(xml))
}

async fn create(request: OperationRequest) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
    let no_type = || request.invalid(&TYPE, "No such type of vaults");
    let kind: VaultKind = arguments.choice(&TYPE).unwrap_or_default().parse().map_err(|_| no_type())?;
    refuse_foreign(&request, kind)?;
    let new = CreateAuthVault {
        kind,
        title: arguments.text(&TITLE).unwrap_or_default().to_owned(),
        comments: arguments.text(&COMMENTS).unwrap_or_default().to_owned(),
        given: given(&request, kind.fields)?,
    };
    let created = request.app.create_auth_vault(request.actor()?, new).await;
    let id = created.map_err(|error| refusal(&request, error))?;
    Ok(request.simple_return("Vault created", &[("ID", id.to_string())]))
}

async fn update(request: OperationRequest) -> Result<Answer, CallError> {
    let vault = find(&request).await?;
    refuse_foreign(&request, vault.kind)?;
    let text = |parameter: &Parameter| request.arguments.text(parameter).map(str::to_owned);
    let update = UpdateAuthVault {
        id: vault.id,
        title: text(&TITLE),
        comments: text(&COMMENTS),
        given: given(&request, vault.kind.fields)?,
    };
    let updated = request.app.update_auth_vault(request.actor()?, update).await;
    updated.map_err(|error| refusal(&request, error))?;
    Ok(request.simple_return("Vault updated", &[("ID", vault.id.to_string())]))
}

async fn delete(request: OperationRequest) -> Result<Answer, CallError> {
    let id = id(&request);
    let deleted = request.app.delete_auth_vault(request.actor()?, id).await;
    deleted.map_err(|error| refusal(&request, error))?;
    Ok(request.simple_return("Vault deleted", &[("ID", id.to_string())]))
}

fn id(request: &OperationRequest) -> i64 {
    request.arguments.integer(&ID).and_then(|id| i64::try_from(id).ok()).unwrap_or_default()
}

async fn find(request: &OperationRequest) -> Result<AuthVaultView, CallError> {
    let id = id(request);
    // Who may change a vault may see it; the use case decides about the change itself.
    let vaults = request.app.list_auth_vaults(request.actor()?).await?;
    let vault = vaults.into_iter().find(|vault| vault.id == id);
    vault.ok_or_else(|| refusal(request, palisade_app::Error::UnknownVault { id }))
}

/// Refuses settings that vaults of the sort do not have.
fn refuse_foreign(request: &OperationRequest, kind: VaultKind) -> Result<(), CallError> {
    let of_some_kind = |name: &str| VaultKind::all().any(|kind| kind.field(name).is_some());
    let foreign = request.operation.parameters.iter().find(|parameter| {
        request.arguments.has(parameter.name)
            && of_some_kind(parameter.name)
            && kind.field(parameter.name).is_none()
    });
    match foreign {
        None => Ok(()),
        Some(parameter) => {
            let text = format!("{} vaults have no {}", kind.title, parameter.name);
            Err(CallError::Coded { code: 1907, text })
        }
    }
}
