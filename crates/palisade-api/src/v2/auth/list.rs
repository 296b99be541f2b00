//! Lists of authentication records.

use palisade_app::{AuthRecordView, AuthVaultView, ListAuthRecords};
use palisade_model::auth_record::{Field, FieldKind, REFERENCE_FIELDS};
use palisade_model::{IpSet, RecordContent, RecordKind};
use palisade_wire::XmlWriter;
use palisade_wire::dtd::auth as auth_dtd;

use super::unix_access::write_access;
use super::{COMMENTS_PART, DETAILS, ID_MAX, ID_MIN, IDS, PAGE, TITLE_PART, kind_of};
use crate::answer::Answer;
use crate::error::CallError;
use crate::v2::request::{OperationRequest, write_id_set};

/// `auth/`
pub(super) async fn list_all(request: OperationRequest) -> Result<Answer, CallError> {
    let records = find(&request, None).await?;
    let (page, next) = paged(&records);
    let mut xml = request.document();
    xml.list("AUTH_RECORDS", types(page), |xml, (kind, ids)| {
        let Some(names) = auth_dtd::list(kind) else { return };
        xml.element(names.ids, &[], |xml| write_id_set(xml, &ids));
    });
    write_warning(&request, &mut xml, next);
    Ok(OperationRequest::end(xml))
}

/// `auth/<type>/`
pub(super) async fn list(request: OperationRequest) -> Result<Answer, CallError> {
    let kind = kind_of(&request)?;
    let details = request.arguments.choice(&DETAILS).unwrap_or("Basic");
    let records = find(&request, Some(kind)).await?;
    let (page, next) = paged(&records);
    let vaults = if page.iter().any(|record| record.content.vault.is_some()) {
        request.app.list_auth_vaults(request.actor()?).await?
    } else {
        Vec::new()
    };
    let mut xml = request.document();
    if details == "None" {
        write_id_set(&mut xml, &ranges(page.iter().map(|record| record.id)));
    } else if let Some(names) = auth_dtd::list(kind) {
        xml.list(names.list, page, |xml, record| {
            xml.element(names.record, &[], |xml| write_record(xml, record, &vaults));
        });
    }
    write_warning(&request, &mut xml, next);
    if details == "All" {
        let people = request.app.auth_record_makers(request.actor()?, page).await?;
        if !people.is_empty() {
            xml.element("GLOSSARY", &[], |xml| {
                xml.list("USER_LIST", &people, |xml, (login, first_name, last_name)| {
                    xml.element("USER", &[], |xml| {
                        xml.text("USER_LOGIN", login.as_str());
                        xml.cdata("FIRST_NAME", first_name);
                        xml.cdata("LAST_NAME", last_name);
                    });
                });
            });
        }
    }
    Ok(OperationRequest::end(xml))
}

async fn find(
    request: &OperationRequest,
    kind: Option<RecordKind>,
) -> Result<Vec<AuthRecordView>, CallError> {
    let arguments = &request.arguments;
    let number = |parameter| arguments.integer(parameter).map(|id| i64::try_from(id).unwrap_or(i64::MAX));
    let wanted = ListAuthRecords {
        kind,
        title: arguments.filled_text(&TITLE_PART).map(str::to_owned),
        comments: arguments.filled_text(&COMMENTS_PART).map(str::to_owned),
        ids: arguments.numbers(&IDS).cloned(),
        id_min: number(&ID_MIN),
        id_max: number(&ID_MAX),
    };
    Ok(request.app.list_auth_records(request.actor()?, &wanted).await?)
}

/// What one answer holds, and the number that the next one begins with.
fn paged(records: &[AuthRecordView]) -> (&[AuthRecordView], Option<i64>) {
    let (page, rest) = records.split_at(records.len().min(PAGE));
    (page, rest.first().map(|record| record.id))
}

fn write_warning(request: &OperationRequest, xml: &mut XmlWriter, next: Option<i64>) {
    if let Some(next) = next {
        xml.element("WARNING_LIST", &[], |xml| {
            request.write_warning(xml, PAGE as u64, &[(ID_MIN.name, next.to_string())]);
        });
    }
}

/// The numbers of each type that has some, in the order of types.
fn types(records: &[AuthRecordView]) -> Vec<(RecordKind, Vec<(u64, u64)>)> {
    let of = |kind: RecordKind| {
        ranges(records.iter().filter(|record| record.kind == kind).map(|record| record.id))
    };
    RecordKind::all().map(|kind| (kind, of(kind))).filter(|(_, ids)| !ids.is_empty()).collect()
}

/// Sorted numbers as ranges.
pub(super) fn ranges(ids: impl IntoIterator<Item = i64>) -> Vec<(u64, u64)> {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for id in ids.into_iter().filter_map(|id| u64::try_from(id).ok()) {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == id => *last = id,
            _ => ranges.push((id, id)),
        }
    }
    ranges
}

fn write_record(xml: &mut XmlWriter, record: &AuthRecordView, vaults: &[AuthVaultView]) {
    let AuthRecordView {
        id,
        kind,
        title,
        comments,
        ips,
        network_id,
        content,
        created_at,
        created_by,
        updated_at,
        updated_by: _,
    } = record;
    let shown = kind.fields.iter().filter(|field| !field.is_secret());
    let (last, first): (Vec<&Field>, Vec<&Field>) = shown.partition(|field| field.is_last());
    xml.text("ID", &id.to_string());
    xml.cdata("TITLE", title);
    write_fields(xml, &first, content);
    write_ip_set(xml, ips);
    if kind.vault {
        xml.text("LOGIN_TYPE", if content.vault.is_some() { "vault" } else { "basic" });
        write_vault(xml, content, vaults);
    }
    xml.optional_text("NETWORK_ID", network_id.map(|id| id.to_string()).as_deref());
    xml.element("CREATED", &[], |xml| {
        xml.date_time("DATETIME", *created_at);
        xml.text("BY", created_by.as_str());
    });
    xml.element("LAST_MODIFIED", &[], |xml| xml.date_time("DATETIME", *updated_at));
    xml.optional_cdata("COMMENTS", Some(comments.as_str()).filter(|text| !text.is_empty()));
    write_fields(xml, &last, content);
}

fn write_fields(xml: &mut XmlWriter, fields: &[&Field], content: &RecordContent) {
    let mut written: Vec<&str> = Vec::new();
    for field in fields {
        match field.group {
            None => {
                write_field(xml, field, content);
                if field.name == auth_dtd::ACCESS_AFTER {
                    write_access(xml, content);
                }
            }
            Some(group) if !written.contains(&group) => {
                written.push(group);
                let members = fields.iter().filter(|other| other.group == Some(group));
                let given = members.filter(|member| content.value(member).is_some());
                xml.list(group, given, |xml, member| write_field(xml, member, content));
            }
            Some(_) => {}
        }
    }
}

fn write_field(xml: &mut XmlWriter, field: &Field, content: &RecordContent) {
    let Some(value) = content.value(field) else { return };
    let name = field.element_name();
    match field.kind {
        FieldKind::List { .. } => {
            let item = auth_dtd::item_name(&name).to_owned();
            let Some(wrapper) = field.element else { return };
            xml.list(wrapper, value.split(','), |xml, each| xml.cdata(&item, each));
        }
        FieldKind::Text { .. } => xml.cdata(&name, value),
        _ => xml.text(&name, value),
    }
}

fn write_ip_set(xml: &mut XmlWriter, ips: &IpSet) {
    xml.list("IP_SET", ips.ranges(), |xml, range| {
        if range.first() == range.last() {
            xml.text("IP", &range.first().to_string());
        } else {
            xml.text("IP_RANGE", &format!("{}-{}", range.first(), range.last()));
        }
    });
}

fn write_vault(xml: &mut XmlWriter, content: &RecordContent, vaults: &[AuthVaultView]) {
    let Some(reference) = &content.vault else { return };
    let vault = vaults.iter().find(|vault| vault.id == reference.vault_id);
    xml.element("DIGITAL_VAULT", &[], |xml| {
        xml.text("DIGITAL_VAULT_ID", &reference.vault_id.to_string());
        xml.text("DIGITAL_VAULT_TYPE", vault.map(|vault| vault.kind.title).unwrap_or_default());
        xml.cdata("DIGITAL_VAULT_TITLE", vault.map(|vault| vault.title.as_str()).unwrap_or_default());
        for field in REFERENCE_FIELDS {
            xml.optional_cdata(&field.element_name(), reference.fields.get(field.name).map(String::as_str));
        }
    });
}
