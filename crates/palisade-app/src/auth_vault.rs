//! Vaults: who sees and changes them. What they keep is never asked for yet.

use palisade_model::auth_record::{COMMENTS_CHARACTERS_MAX, GivenFields, VaultKind, VaultReference};
use palisade_model::{Action, Login, RecordContent, Resource, Secrets, Timestamp};
use palisade_store::AuthVault;

use crate::actor::Actor;
use crate::app::App;
use crate::auth_record::checked_title;
use crate::error::{Error, Result, check_length};

/// Most vaults of a subscription.
const VAULTS_MAX: usize = 1_000;
/// What secrets of vaults are encrypted for.
const PURPOSE: &str = "authentication vault";

/// A vault as its users see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthVaultView {
    pub id: i64,
    pub kind: VaultKind,
    pub title: String,
    /// Empty when there are none.
    pub comments: String,
    pub content: RecordContent,
    pub created_at: Timestamp,
    pub created_by: Login,
    pub updated_at: Timestamp,
    pub updated_by: Login,
}

/// A vault to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateAuthVault {
    pub kind: VaultKind,
    pub title: String,
    pub comments: String,
    pub given: GivenFields,
}

/// Changes to a vault; `None` leaves a thing as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateAuthVault {
    pub id: i64,
    pub title: Option<String>,
    pub comments: Option<String>,
    pub given: GivenFields,
}

impl App {
    /// All vaults, by id.
    pub async fn list_auth_vaults(&self, actor: &Actor) -> Result<Vec<AuthVaultView>> {
        let _reach = actor.allow(Action::List, Resource::AuthVault)?.reach();
        Ok(self.store().list_auth_vaults().await?.into_iter().map(view).collect())
    }

    /// Makes a vault and gives its id.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::BadAuthRecord`], [`Error::VaultTaken`], [`Error::TooManyVaults`].
    pub async fn create_auth_vault(&self, actor: &Actor, new: CreateAuthVault) -> Result<i64> {
        let _reach = actor.allow(Action::Add, Resource::AuthVault)?.reach();
        let CreateAuthVault { kind, title, comments, given } = new;
        let title = checked_title(&title)?;
        check_length("comments", &comments, COMMENTS_CHARACTERS_MAX)?;
        if self.store().list_auth_vaults().await?.len() >= VAULTS_MAX {
            return Err(Error::TooManyVaults { max: VAULTS_MAX });
        }
        let (mut content, mut secrets) = (RecordContent::default(), Secrets::default());
        content.take(kind.fields, &given, &mut secrets).map_err(Error::BadAuthRecord)?;
        content.check_required(kind.fields).map_err(Error::BadAuthRecord)?;
        let now = self.clock().now();
        let vault = AuthVault {
            id: 0,
            kind,
            title: title.clone(),
            comments,
            content,
            sealed: self.seal_secrets(PURPOSE, &secrets)?,
            created_at: now,
            created_by: actor.login.clone(),
            updated_at: now,
            updated_by: actor.login.clone(),
        };
        let id = self.store().add_auth_vault(&vault).await.map_err(|error| taken(error, &title))?;
        self.record_done(actor, "vault", "create", format!("{id}, {title}")).await?;
        Ok(id)
    }

    /// Changes a vault.
    ///
    /// # Errors
    ///
    /// Those of [`App::create_auth_vault`]; [`Error::UnknownVault`], [`Error::Conflict`] when
    /// somebody else changed it meanwhile.
    pub async fn update_auth_vault(&self, actor: &Actor, update: UpdateAuthVault) -> Result<()> {
        let _reach = actor.allow(Action::Edit, Resource::AuthVault)?.reach();
        let UpdateAuthVault { id, title, comments, given } = update;
        let mut vault = self.stored_vault(id).await?;
        let read_at = vault.updated_at;
        if let Some(title) = title {
            vault.title = checked_title(&title)?;
        }
        if let Some(comments) = comments {
            check_length("comments", &comments, COMMENTS_CHARACTERS_MAX)?;
            vault.comments = comments;
        }
        let mut secrets = self.unseal_secrets(PURPOSE, &vault.sealed)?;
        vault.content.take(vault.kind.fields, &given, &mut secrets).map_err(Error::BadAuthRecord)?;
        vault.content.check_required(vault.kind.fields).map_err(Error::BadAuthRecord)?;
        vault.sealed = self.seal_secrets(PURPOSE, &secrets)?;
        // Every change moves the time on, so that a change of what was read before is noticed.
        let next = Timestamp::from_microsecond(read_at.as_microsecond() + 1).unwrap_or(read_at);
        (vault.updated_at, vault.updated_by) = (self.clock().now().max(next), actor.login.clone());
        let edited = self.store().edit_auth_vault(&vault, read_at).await;
        if !edited.map_err(|error| taken(error, &vault.title))? {
            return Err(Error::Conflict);
        }
        self.record_done(actor, "vault", "update", id.to_string()).await
    }

    /// Deletes a vault.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::UnknownVault`], [`Error::VaultInUse`].
    pub async fn delete_auth_vault(&self, actor: &Actor, id: i64) -> Result<()> {
        let _reach = actor.allow(Action::Delete, Resource::AuthVault)?.reach();
        let vault = self.stored_vault(id).await?;
        let records = self.store().list_auth_records(None).await?;
        let by = |vault: &VaultReference| vault.vault_id == id;
        if records.iter().any(|record| record.content.vault.as_ref().is_some_and(by)) {
            return Err(Error::VaultInUse { title: vault.title });
        }
        if !self.store().delete_auth_vault(id).await? {
            return Err(Error::UnknownVault { id });
        }
        self.record_done(actor, "vault", "delete", id.to_string()).await
    }

    async fn stored_vault(&self, id: i64) -> Result<AuthVault> {
        let vaults = self.store().list_auth_vaults().await?;
        vaults.into_iter().find(|vault| vault.id == id).ok_or(Error::UnknownVault { id })
    }

    /// Records refer to vaults that there are.
    pub(crate) async fn refuse_unknown_vault(&self, reference: Option<&VaultReference>) -> Result<()> {
        match reference {
            None => Ok(()),
            Some(reference) => self.stored_vault(reference.vault_id).await.map(|_| ()),
        }
    }
}

fn view(vault: AuthVault) -> AuthVaultView {
    let AuthVault {
        id,
        kind,
        title,
        comments,
        content,
        sealed: _,
        created_at,
        created_by,
        updated_at,
        updated_by,
    } = vault;
    AuthVaultView { id, kind, title, comments, content, created_at, created_by, updated_at, updated_by }
}

fn taken(error: palisade_store::Error, title: &str) -> Error {
    match error {
        palisade_store::Error::Conflict => Error::VaultTaken { title: title.to_owned() },
        other => other.into(),
    }
}
