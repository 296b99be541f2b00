//! Authentication records: who sees and changes which, and that no host is in two of them.
//!
//! A Unit Manager sees records with a host of the unit, changes them as far as the unit reaches, and
//! deletes those that are of the unit alone. Secrets come in, are encrypted, and are seen again only
//! by the scanner that signs in with them (`sign_in.rs`).

use std::collections::BTreeSet;

use palisade_model::auth_record::{
    BadRecord, COMMENTS_CHARACTERS_MAX, GivenFields, TITLE_CHARACTERS_MAX, VaultReference,
};
use palisade_model::{
    Action, IpSet, Login, NumberSet, RecordContent, RecordKind, Resource, Secrets, Timestamp,
};
use palisade_store::{AuthRecord, Reach, RecordChanges};

use crate::actor::Actor;
use crate::app::App;
use crate::error::{Error, Result, check_length};
use crate::sealed::{seal, unseal};

/// Most records of one type.
const RECORDS_MAX: usize = 10_000;
/// What secrets of records are encrypted for.
const PURPOSE: &str = "authentication record";

/// A record as its users see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthRecordView {
    pub id: i64,
    pub kind: RecordKind,
    pub title: String,
    /// Empty when there are none.
    pub comments: String,
    /// As far as the caller reaches.
    pub ips: IpSet,
    pub network_id: Option<i64>,
    pub content: RecordContent,
    pub created_at: Timestamp,
    pub created_by: Login,
    pub updated_at: Timestamp,
    pub updated_by: Login,
}

/// Which records are wanted. [`Default`] means all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListAuthRecords {
    pub kind: Option<RecordKind>,
    /// In the title, whatever its capitals.
    pub title: Option<String>,
    /// In the comments, whatever their capitals.
    pub comments: Option<String>,
    pub ids: Option<NumberSet>,
    pub id_min: Option<i64>,
    pub id_max: Option<i64>,
}

/// A record to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateAuthRecord {
    pub kind: RecordKind,
    pub title: String,
    pub comments: String,
    pub ips: IpSet,
    pub network_id: Option<i64>,
    pub given: GivenFields,
    pub vault: Option<VaultReference>,
}

/// Changes to records of one type; `None` leaves a thing as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateAuthRecords {
    pub kind: RecordKind,
    pub ids: NumberSet,
    pub title: Option<String>,
    pub comments: Option<String>,
    /// Replaces the addresses within the caller's reach; the two below apply to the result.
    pub ips: Option<IpSet>,
    pub added_ips: IpSet,
    pub removed_ips: IpSet,
    pub network_id: Option<i64>,
    pub given: GivenFields,
    pub password_from: Option<PasswordFrom>,
}

/// Where the password of a record is from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordFrom {
    Record,
    Vault(VaultReference),
}

impl App {
    /// The records within the caller's reach, by id.
    pub async fn list_auth_records(
        &self,
        actor: &Actor,
        wanted: &ListAuthRecords,
    ) -> Result<Vec<AuthRecordView>> {
        let reach = actor.allow(Action::List, Resource::AuthRecord)?.reach();
        let records = self.store().list_auth_records(wanted.kind).await?;
        let seen = records.into_iter().filter(|record| sees(&reach, record) && wanted.takes(record));
        Ok(seen.map(|record| view(&reach, record)).collect())
    }

    /// Login, first and last name of whoever made the records, by login; names are empty where the
    /// account is gone.
    pub async fn auth_record_makers(
        &self,
        actor: &Actor,
        records: &[AuthRecordView],
    ) -> Result<Vec<(Login, String, String)>> {
        let _reach = actor.allow(Action::List, Resource::AuthRecord)?.reach();
        let logins: BTreeSet<&Login> = records.iter().map(|record| &record.created_by).collect();
        let users = self.store().list_users().await?;
        let person = |login: &Login| {
            let user = users.iter().find(|user| user.login == *login);
            let (first, last) =
                user.map(|user| (user.first_name.clone(), user.last_name.clone())).unwrap_or_default();
            (login.clone(), first, last)
        };
        Ok(logins.into_iter().map(person).collect())
    }

    /// Makes a record and gives its id.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::BadAuthRecord`], [`Error::NotInSubscription`],
    /// [`Error::AuthRecordTaken`] for its title, [`Error::AuthRecordOverlap`],
    /// [`Error::TooManyAuthRecords`], [`Error::UnknownVault`].
    pub async fn create_auth_record(&self, actor: &Actor, new: CreateAuthRecord) -> Result<i64> {
        let reach = actor.allow(Action::Add, Resource::AuthRecord)?.reach();
        let CreateAuthRecord { kind, title, comments, ips, network_id, given, vault } = new;
        let title = checked_title(&title)?;
        check_length("comments", &comments, COMMENTS_CHARACTERS_MAX)?;
        self.refuse_foreign_hosts(&reach, &ips).await?;
        self.refuse_unknown_vault(vault.as_ref()).await?;
        let (mut content, mut secrets) =
            (RecordContent { vault, ..RecordContent::default() }, Secrets::default());
        content.take(kind.fields, &given, &mut secrets).map_err(Error::BadAuthRecord)?;
        content.take_access(&given, &mut secrets).map_err(Error::BadAuthRecord)?;
        content.check(kind, !ips.is_empty()).map_err(Error::BadAuthRecord)?;
        if ips.is_empty() && reach != Reach::Everything {
            return Err(Error::BadAuthRecord(BadRecord::Missing { field: "ips".to_owned() }));
        }
        let now = self.clock().now();
        let record = AuthRecord {
            id: 0,
            kind,
            title: title.clone(),
            comments,
            ips,
            network_id,
            content,
            sealed: self.seal_secrets(PURPOSE, &secrets)?,
            created_at: now,
            created_by: actor.login.clone(),
            updated_at: now,
            updated_by: actor.login.clone(),
        };
        let added = self.store().change_auth_records(kind, |records| {
            if records.len() >= RECORDS_MAX {
                return Err(Error::TooManyAuthRecords { max: RECORDS_MAX });
            }
            refuse_overlap(&record, records.iter())?;
            Ok::<_, Error>(RecordChanges { added: vec![record], ..RecordChanges::default() })
        });
        let ids = added.await.map_err(|error| taken(error, &title))??;
        let id = ids.first().copied().unwrap_or_default();
        self.record_done(actor, "auth", "create", format!("{kind} {id}, {title}")).await?;
        Ok(id)
    }

    /// Makes the same change to all named records, or to none, and gives their ids.
    ///
    /// # Errors
    ///
    /// Those of [`App::create_auth_record`]; [`Error::UnknownAuthRecords`].
    pub async fn update_auth_records(&self, actor: &Actor, update: UpdateAuthRecords) -> Result<Vec<i64>> {
        let reach = actor.allow(Action::Edit, Resource::AuthRecord)?.reach();
        let kind = update.kind;
        let title = update.title.as_deref().map(checked_title).transpose()?;
        if let Some(comments) = &update.comments {
            check_length("comments", comments, COMMENTS_CHARACTERS_MAX)?;
        }
        let named = update.ips.clone().unwrap_or_default().union(&update.added_ips);
        self.refuse_foreign_hosts(&reach, &named).await?;
        if let Some(PasswordFrom::Vault(vault)) = &update.password_from {
            self.refuse_unknown_vault(Some(vault)).await?;
        }
        let now = self.clock().now();
        let changed = self.store().change_auth_records(kind, |records| {
            let known = |record: &AuthRecord| sees(&reach, record);
            let chosen = choose(records, &update.ids, known)?;
            let mut updated = Vec::new();
            for record in chosen {
                let mut edited = self.edited(&reach, record, &update)?;
                edited.title = title.clone().unwrap_or(edited.title);
                (edited.updated_at, edited.updated_by) = (now, actor.login.clone());
                updated.push(edited);
            }
            for (index, record) in updated.iter().enumerate() {
                let others = records.iter().filter(|other| updated.iter().all(|each| each.id != other.id));
                refuse_overlap(record, others.chain(updated.iter().take(index)))?;
            }
            Ok::<_, Error>(RecordChanges { updated, ..RecordChanges::default() })
        });
        let shown = title.clone().unwrap_or_default();
        let ids = changed.await.map_err(|error| taken(error, &shown))??;
        self.record_done(actor, "auth", "update", format!("{kind} {}", list(&ids))).await?;
        Ok(ids)
    }

    /// Deletes all named records, or none, and gives their ids.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::UnknownAuthRecords`], also for records that reach beyond the
    /// caller's unit.
    pub async fn delete_auth_records(
        &self,
        actor: &Actor,
        kind: RecordKind,
        ids: &NumberSet,
    ) -> Result<Vec<i64>> {
        let reach = actor.allow(Action::Delete, Resource::AuthRecord)?.reach();
        let deleted = self.store().change_auth_records(kind, |records| {
            let own = |record: &AuthRecord| sees(&reach, record) && reach.hosts(&record.ips) == record.ips;
            let deleted = choose(records, ids, own)?.iter().map(|record| record.id).collect();
            Ok::<_, Error>(RecordChanges { deleted, ..RecordChanges::default() })
        });
        let ids = deleted.await??;
        self.record_done(actor, "auth", "delete", format!("{kind} {}", list(&ids))).await?;
        Ok(ids)
    }

    fn edited(&self, reach: &Reach, record: &AuthRecord, update: &UpdateAuthRecords) -> Result<AuthRecord> {
        let UpdateAuthRecords {
            comments, ips, added_ips, removed_ips, network_id, given, password_from, ..
        } = update;
        let mut edited = record.clone();
        let mut secrets = self.unseal_secrets(PURPOSE, &record.sealed)?;
        edited.content.take(record.kind.fields, given, &mut secrets).map_err(Error::BadAuthRecord)?;
        edited.content.take_access(given, &mut secrets).map_err(Error::BadAuthRecord)?;
        match password_from {
            None => {}
            Some(PasswordFrom::Record) => edited.content.vault = None,
            Some(PasswordFrom::Vault(vault)) => {
                edited.content.vault = Some(vault.clone());
                edited.content.secrets.remove("password");
                secrets.remove("password");
            }
        }
        if let Some(ips) = ips {
            edited.ips = edited.ips.difference(&reach.hosts(&edited.ips)).union(ips);
        }
        edited.ips = edited.ips.union(added_ips).difference(&reach.hosts(removed_ips));
        edited.comments = comments.clone().unwrap_or(edited.comments);
        edited.network_id = network_id.or(edited.network_id);
        keep_domain(&record.content, &edited.content).map_err(Error::BadAuthRecord)?;
        edited.content.check(record.kind, !edited.ips.is_empty()).map_err(Error::BadAuthRecord)?;
        if given.is_empty() && password_from.is_none() {
            // What nobody touched need not be encrypted anew.
            return Ok(edited);
        }
        edited.sealed = self.seal_secrets(PURPOSE, &secrets)?;
        Ok(edited)
    }

    /// Hosts of records are in the subscription and within reach.
    async fn refuse_foreign_hosts(&self, reach: &Reach, ips: &IpSet) -> Result<()> {
        let foreign = ips.difference(&reach.hosts(&self.store().subscription_ips().await?));
        if foreign.is_empty() { Ok(()) } else { Err(Error::NotInSubscription { ips: foreign }) }
    }

    pub(crate) fn seal_secrets(&self, purpose: &str, secrets: &Secrets) -> Result<String> {
        if secrets.is_empty() {
            return Ok(String::new());
        }
        let text = zeroize::Zeroizing::new(serde_json::to_string(secrets).map_err(|_| Error::Seal)?);
        let parts = &self.parts;
        seal(parts.authentication.key(), purpose, &text, parts.ids.as_ref()).ok_or(Error::Seal)
    }

    pub(crate) fn unseal_secrets(&self, purpose: &str, sealed: &str) -> Result<Secrets> {
        if sealed.is_empty() {
            return Ok(Secrets::default());
        }
        let text = unseal(self.parts.authentication.key(), purpose, sealed).ok_or(Error::Unseal)?;
        serde_json::from_str(&text).map_err(|_| Error::Unseal)
    }

    /// The secrets of a record.
    pub(crate) fn secrets_of_record(&self, record: &AuthRecord) -> Result<Secrets> {
        self.unseal_secrets(PURPOSE, &record.sealed)
    }
}

impl ListAuthRecords {
    fn takes(&self, record: &AuthRecord) -> bool {
        let within = |text: &str, part: &Option<String>| {
            part.as_ref().is_none_or(|part| text.to_lowercase().contains(&part.to_lowercase()))
        };
        let number = u64::try_from(record.id).unwrap_or_default();
        within(&record.title, &self.title)
            && within(&record.comments, &self.comments)
            && self.ids.as_ref().is_none_or(|ids| ids.contains(number))
            && self.id_min.is_none_or(|min| record.id >= min)
            && self.id_max.is_none_or(|max| record.id <= max)
    }
}

fn sees(reach: &Reach, record: &AuthRecord) -> bool {
    *reach == Reach::Everything || !reach.hosts(&record.ips).is_empty()
}

fn view(reach: &Reach, record: AuthRecord) -> AuthRecordView {
    let AuthRecord {
        id,
        kind,
        title,
        comments,
        ips,
        network_id,
        content,
        sealed: _,
        created_at,
        created_by,
        updated_at,
        updated_by,
    } = record;
    let ips = reach.hosts(&ips);
    AuthRecordView {
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
        updated_by,
    }
}

/// The records with these ids, all of which there must be.
fn choose<'a>(
    records: &'a [AuthRecord],
    ids: &NumberSet,
    may: impl Fn(&AuthRecord) -> bool,
) -> Result<Vec<&'a AuthRecord>> {
    let number = |record: &AuthRecord| u64::try_from(record.id).unwrap_or_default();
    let chosen: Vec<&AuthRecord> =
        records.iter().filter(|record| ids.contains(number(record)) && may(record)).collect();
    if chosen.len() as u64 == ids.count() {
        return Ok(chosen);
    }
    let all = ids.ranges().iter().flat_map(|(first, last)| *first..=*last);
    let unknown = all.filter(|id| chosen.iter().all(|record| number(record) != *id));
    Err(Error::UnknownAuthRecords { ids: unknown.take(20).collect() })
}

/// One address is in one record of a type only, unless something tells the records apart.
fn refuse_overlap<'a>(record: &AuthRecord, others: impl Iterator<Item = &'a AuthRecord>) -> Result<()> {
    for other in others.filter(|other| other.id != record.id) {
        let both = record.ips.intersection(&other.ips);
        if !both.is_empty() && !record.content.is_distinct_from(&other.content, record.kind) {
            return Err(Error::AuthRecordOverlap { id: other.id, title: other.title.clone(), ips: both });
        }
    }
    Ok(())
}

/// Whether a Windows record is for a domain of the one sort or the other is decided when it is made.
fn keep_domain(before: &RecordContent, after: &RecordContent) -> Result<(), BadRecord> {
    for (field, other) in [("windows_domain", "windows_ad_domain"), ("windows_ad_domain", "windows_domain")] {
        if before.fields.contains_key(field) && after.fields.contains_key(other) {
            return Err(BadRecord::Fixed { field });
        }
    }
    Ok(())
}

pub(crate) fn checked_title(title: &str) -> Result<String> {
    let title = title.trim().to_owned();
    check_length("title", &title, TITLE_CHARACTERS_MAX)?;
    if title.is_empty() { Err(Error::EmptyTitle) } else { Ok(title) }
}

fn list(ids: &[i64]) -> String {
    ids.iter().map(i64::to_string).collect::<Vec<_>>().join(",")
}

fn taken(error: palisade_store::Error, title: &str) -> Error {
    match error {
        palisade_store::Error::Conflict => Error::AuthRecordTaken { title: title.to_owned() },
        other => other.into(),
    }
}
