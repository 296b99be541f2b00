//! Making, changing and deleting authentication records.

use std::collections::BTreeMap;

use palisade_app::{CreateAuthRecord, Error as AppError, PasswordFrom, UpdateAuthRecords};
use palisade_model::auth_record::{
    BadRecord, Field, GivenFields, REFERENCE_FIELDS, VaultReference, vault_reference,
};
use palisade_model::{IpSet, NumberSet};
use palisade_wire::operation::MASK;
use palisade_wire::{OperationError, Parameter, Source};

use super::list::ranges;
use super::{ADD_IPS, COMMENTS, IDS, IPS, LOGIN_TYPE, NETWORK_ID, REMOVE_IPS, TITLE, VAULT_ID, kind_of};
use crate::answer::Answer;
use crate::error::CallError;
use crate::v2::network::named_network;
use crate::v2::request::{Batch, OperationRequest};

pub(super) async fn create(request: OperationRequest) -> Result<Answer, CallError> {
    let kind = kind_of(&request)?;
    let arguments = &request.arguments;
    let new = CreateAuthRecord {
        kind,
        title: arguments.text(&TITLE).unwrap_or_default().to_owned(),
        comments: arguments.text(&COMMENTS).unwrap_or_default().to_owned(),
        ips: arguments.ip_set(&IPS).cloned().unwrap_or_default(),
        network_id: named_network(&request, &NETWORK_ID).await?,
        given: GivenFields { access: request.unix_access.clone(), ..given(&request, kind.fields)? },
        vault: match password_from(&request)? {
            Some(PasswordFrom::Vault(vault)) => Some(vault),
            Some(PasswordFrom::Record) | None => None,
        },
    };
    let created = request.app.create_auth_record(request.actor()?, new).await;
    let id = created.map_err(|error| refusal(&request, error))?;
    Ok(done(&request, "Successfully Created", [id]))
}

pub(super) async fn update(request: OperationRequest) -> Result<Answer, CallError> {
    let kind = kind_of(&request)?;
    let arguments = &request.arguments;
    let text = |parameter: &Parameter| arguments.text(parameter).map(str::to_owned);
    let ips = |parameter: &Parameter| arguments.ip_set(parameter).cloned();
    let update = UpdateAuthRecords {
        kind,
        ids: ids(&request)?,
        title: text(&TITLE),
        comments: text(&COMMENTS),
        ips: ips(&IPS),
        added_ips: ips(&ADD_IPS).unwrap_or_else(IpSet::new),
        removed_ips: ips(&REMOVE_IPS).unwrap_or_else(IpSet::new),
        network_id: named_network(&request, &NETWORK_ID).await?,
        given: GivenFields { access: request.unix_access.clone(), ..given(&request, kind.fields)? },
        password_from: password_from(&request)?,
    };
    let updated = request.app.update_auth_records(request.actor()?, update).await;
    let ids = updated.map_err(|error| refusal(&request, error))?;
    Ok(done(&request, "Successfully Updated", ids))
}

pub(super) async fn delete(request: OperationRequest) -> Result<Answer, CallError> {
    let kind = kind_of(&request)?;
    let deleted = request.app.delete_auth_records(request.actor()?, kind, &ids(&request)?).await;
    let ids = deleted.map_err(|error| refusal(&request, error))?;
    Ok(done(&request, "Successfully Deleted", ids))
}

fn done(request: &OperationRequest, text: &str, ids: impl IntoIterator<Item = i64>) -> Answer {
    request.batch_return(&[Batch { text: text.to_owned(), ids: ranges(ids) }])
}

fn ids(request: &OperationRequest) -> Result<NumberSet, CallError> {
    let missing = || CallError::Operation(OperationError::Missing { parameters: vec![IDS.name] });
    request.arguments.numbers(&IDS).cloned().ok_or_else(missing)
}

/// The fields that were given. Secrets in the query, where servers and proxies log them, are refused.
pub(in crate::v2) fn given(request: &OperationRequest, fields: &[Field]) -> Result<GivenFields, CallError> {
    let mut given = GivenFields::default();
    for field in fields {
        let Some(parameter) = request.operation.parameter(field.name) else { continue };
        let Some(text) = request.arguments.written(parameter) else { continue };
        if !field.is_secret() || text.is_empty() {
            given.fields.insert(field.name.to_owned(), text.to_owned());
            continue;
        }
        let in_query =
            |(name, _, source): &(String, String, Source)| name == field.name && *source == Source::Query;
        if request.asked.pairs.iter().any(in_query) {
            return Err(request.invalid(parameter, "Secrets are taken in the body of a POST only"));
        }
        given.secrets.set(field.name, text.to_owned());
    }
    Ok(given)
}

fn password_from(request: &OperationRequest) -> Result<Option<PasswordFrom>, CallError> {
    let arguments = &request.arguments;
    let mut named = BTreeMap::new();
    for field in REFERENCE_FIELDS {
        let parameter = request.operation.parameter(field.name);
        if let Some(text) = parameter.and_then(|parameter| arguments.written(parameter)) {
            named.insert(field.name.to_owned(), text.to_owned());
        }
    }
    let vault_id = arguments.integer(&VAULT_ID).and_then(|id| i64::try_from(id).ok());
    let combined =
        |pairs: Vec<(&'static str, String)>| Err(CallError::Operation(OperationError::Combination { pairs }));
    match (arguments.choice(&LOGIN_TYPE), vault_id) {
        (Some("vault"), Some(vault_id)) => {
            let reference: VaultReference = vault_reference(vault_id, &named)
                .map_err(|bad| refusal(request, AppError::BadAuthRecord(bad)))?;
            Ok(Some(PasswordFrom::Vault(reference)))
        }
        (Some("vault"), None) => {
            Err(CallError::Operation(OperationError::Missing { parameters: vec![VAULT_ID.name] }))
        }
        (choice, vault_id) if vault_id.is_some() || !named.is_empty() => combined(vec![
            (LOGIN_TYPE.name, choice.unwrap_or("basic").to_owned()),
            (VAULT_ID.name, vault_id.map(|id| id.to_string()).unwrap_or_default()),
        ]),
        (Some(_), _) => Ok(Some(PasswordFrom::Record)),
        (None, _) => Ok(None),
    }
}

/// What a fault of the use cases is called here.
pub(in crate::v2) fn refusal(request: &OperationRequest, error: AppError) -> CallError {
    let coded = |code, text: String| CallError::Coded { code, text };
    let invalid = |parameter: &Parameter, reason: &str| request.invalid(parameter, reason);
    let hosts = if request.arguments.has(ADD_IPS.name) { &ADD_IPS } else { &IPS };
    match error {
        AppError::BadAuthRecord(bad) => bad_record(request, &bad),
        AppError::AuthRecordOverlap { id, title, ips } => {
            let ips: String = ips.to_string().chars().take(500).collect();
            invalid(hosts, &format!("These hosts are in the record {title} ({id}) already: {ips}"))
        }
        AppError::NotInSubscription { ips } => {
            let ips: String = ips.to_string().chars().take(500).collect();
            invalid(hosts, &format!("These hosts are not in the user account: {ips}"))
        }
        AppError::UnknownAuthRecords { ids } => {
            let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
            invalid(&IDS, &format!("No such records in the user account: {}", ids.join(", ")))
        }
        AppError::AuthRecordTaken { .. } => invalid(&TITLE, "There is a record with this title already"),
        AppError::VaultTaken { .. } => invalid(&TITLE, "There is a vault with this title already"),
        AppError::EmptyTitle => invalid(&TITLE, "The title is empty"),
        AppError::UnknownVault { .. } if request.arguments.has(VAULT_ID.name) => {
            invalid(&VAULT_ID, "No such vault in the user account")
        }
        AppError::UnknownVault { id } => {
            coded(1905, format!("parameter id has invalid value: {id} (No such vault)"))
        }
        other => CallError::App(other),
    }
}

fn bad_record(request: &OperationRequest, bad: &BadRecord) -> CallError {
    // A vault stands for the parameter that asks for one.
    let named = |name: &str| if name == "vault" { LOGIN_TYPE.name.to_owned() } else { name.to_owned() };
    let list = |names: &[&'static str]| names.iter().map(|name| named(name)).collect::<Vec<_>>().join(", ");
    let (code, text) = match bad {
        BadRecord::Missing { field } => (1903, format!("Missing required parameter(s): {}", named(field))),
        BadRecord::NoneOf { fields } => {
            (1922, format!("Please specify at least one of the following parameters: {}", list(fields)))
        }
        BadRecord::MoreThanOne { fields } => {
            (1904, format!("Please specify only one of these parameters: {}", list(fields)))
        }
        BadRecord::Value { field } => {
            let parameter = request.operation.parameter(field);
            let shown = parameter.filter(|parameter| !parameter.secret);
            let shown = shown.and_then(|parameter| request.arguments.written(parameter)).unwrap_or(MASK);
            let shown: String = shown.chars().take(200).collect();
            (1905, format!("parameter {field} has invalid value: {shown} (The field cannot hold it)"))
        }
        BadRecord::UnknownField { field } => (1901, format!("Unrecognized parameter(s): {field}")),
        BadRecord::Apart { fields } => {
            (1907, format!("These parameters have to be given together: {}", list(fields)))
        }
        BadRecord::Needs { field, other } => {
            (1907, format!("The parameter {} needs the parameter {}", named(field), named(other)))
        }
        BadRecord::Fixed { field } => (1907, format!("The kind of domain cannot be changed: {field}")),
    };
    CallError::Coded { code, text }
}
