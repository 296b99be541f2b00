//! Option profiles, and what goes by them.
//!
//! Changes are made one after another, under the lock of the subscription. An edit names the
//! version it was made from; when that is not the stored one, somebody else was faster. The default
//! profile is the one whose flag is set: there is never more than one.

use palisade_model::{OptionProfile, Timestamp};
use sqlx::any::AnyRow;

use crate::error::Result;
use crate::row::{Read, integer, json_text};
use crate::search_list::{PROFILE_USER_KIND, note_search_list_uses};
use crate::store::{Store, Write};

/// A profile as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredProfile {
    pub id: i64,
    /// 1 for a new profile; one more with each edit.
    pub version: u64,
    pub updated_at: Timestamp,
    pub profile: OptionProfile,
}

/// What became of an edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProfileEdited {
    Edited,
    /// It has another version than the edit was made from.
    Changed,
    Unknown,
}

/// What became of a deletion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProfileDeleted {
    Deleted,
    /// These go by it, and it is still there.
    InUse(Vec<ProfileUser>),
    /// The default profile stays.
    Default,
    Unknown,
}

/// Something that goes by a profile and would miss it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProfileUser {
    /// For example `schedule`.
    pub kind: String,
    pub id: i64,
}

macro_rules! columns {
    () => {
        "id, title, owner, is_default, is_global, version, profile, updated_at"
    };
}

impl Store {
    /// Adds the profiles that a subscription comes with, if it has none at all; whether it did.
    pub async fn seed_option_profiles(&self, profiles: &[OptionProfile], now: Timestamp) -> Result<bool> {
        let mut write = self.write().await?;
        sqlx::query(self.dialect().lock_subscription()).fetch_one(write.connection()).await?;
        let row = sqlx::query("SELECT COUNT(*) AS profiles FROM option_profile")
            .fetch_one(write.connection())
            .await?;
        if Read::new("option_profile", &row).count("profiles")? > 0 {
            return Ok(false);
        }
        for profile in profiles {
            add(&mut write, profile, now).await?;
        }
        write.commit().await?;
        Ok(true)
    }

    /// Adds profiles, all or none, and gives their ids in the order given. [`crate::Error::Conflict`]
    /// when a title is taken, or a search list that one of them stands on is gone.
    pub async fn add_option_profiles(&self, profiles: &[OptionProfile], now: Timestamp) -> Result<Vec<i64>> {
        let mut write = self.write().await?;
        sqlx::query(self.dialect().lock_subscription()).fetch_one(write.connection()).await?;
        let mut ids = Vec::with_capacity(profiles.len());
        for profile in profiles {
            ids.push(add(&mut write, profile, now).await?);
        }
        write.commit().await?;
        Ok(ids)
    }

    /// All profiles, in the order in which they were made.
    pub async fn list_option_profiles(&self) -> Result<Vec<StoredProfile>> {
        let rows = sqlx::query(concat!("SELECT ", columns!(), " FROM option_profile ORDER BY id"))
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(read_profile).collect()
    }

    /// The profile with this title; the default one for `None`.
    pub async fn find_option_profile(&self, title: Option<&str>) -> Result<Option<StoredProfile>> {
        let row = sqlx::query(concat!(
            "SELECT ",
            columns!(),
            " FROM option_profile WHERE ($1 = 1 AND is_default = 1) OR ($1 = 0 AND title = $2)"
        ))
        .bind(i64::from(title.is_none()))
        .bind(title.unwrap_or_default().to_owned())
        .fetch_optional(self.pool())
        .await?;
        row.as_ref().map(read_profile).transpose()
    }

    /// Puts `profile` in the place of what version `version` was.
    /// [`crate::Error::Conflict`] when the new title is taken, or a search list that it stands on is gone.
    pub async fn edit_option_profile(
        &self,
        id: i64,
        version: u64,
        profile: &OptionProfile,
        now: Timestamp,
    ) -> Result<ProfileEdited> {
        let mut write = self.write().await?;
        sqlx::query(self.dialect().lock_subscription()).fetch_one(write.connection()).await?;
        let row = sqlx::query("SELECT id, version FROM option_profile WHERE id = $1")
            .bind(id)
            .fetch_optional(write.connection())
            .await?;
        let Some(row) = row else { return Ok(ProfileEdited::Unknown) };
        if Read::new("option_profile", &row).count("version")? != version {
            return Ok(ProfileEdited::Changed);
        }
        give_up_default(&mut write, profile).await?;
        sqlx::query(
            "UPDATE option_profile SET title = $2, owner = $3, is_default = $4, is_global = $5,
                 version = $6, profile = $7, updated_at = $8 WHERE id = $1",
        )
        .bind(id)
        .bind(profile.title.clone())
        .bind(profile.owner.as_ref().map(ToString::to_string))
        .bind(i64::from(profile.is_default))
        .bind(i64::from(profile.is_global))
        .bind(integer(version.saturating_add(1)))
        .bind(json_text(profile)?)
        .bind(now.as_microsecond())
        .execute(write.connection())
        .await?;
        note_search_list_uses(&mut write, PROFILE_USER_KIND, id, &profile.detection.list_ids()).await?;
        write.commit().await?;
        Ok(ProfileEdited::Edited)
    }

    /// Deletes a profile that nothing goes by and that is not the default one.
    pub async fn delete_option_profile(&self, id: i64) -> Result<ProfileDeleted> {
        let mut write = self.write().await?;
        sqlx::query(self.dialect().lock_subscription()).fetch_one(write.connection()).await?;
        let row = sqlx::query("SELECT id, is_default FROM option_profile WHERE id = $1")
            .bind(id)
            .fetch_optional(write.connection())
            .await?;
        let Some(row) = row else { return Ok(ProfileDeleted::Unknown) };
        if Read::new("option_profile", &row).yes("is_default")? {
            return Ok(ProfileDeleted::Default);
        }
        let users = sqlx::query(
            "SELECT user_kind, user_id FROM option_profile_use WHERE option_profile_id = $1
             ORDER BY user_kind, user_id",
        )
        .bind(id)
        .fetch_all(write.connection())
        .await?;
        if !users.is_empty() {
            return Ok(ProfileDeleted::InUse(users.iter().map(read_user).collect::<Result<_>>()?));
        }
        note_search_list_uses(&mut write, PROFILE_USER_KIND, id, &std::collections::BTreeSet::new()).await?;
        sqlx::query("DELETE FROM option_profile WHERE id = $1").bind(id).execute(write.connection()).await?;
        write.commit().await?;
        Ok(ProfileDeleted::Deleted)
    }

    /// Notes that `user` goes by a profile, in place of the one it went by before; with `None`
    /// that it goes by none any more. [`crate::Error::Conflict`] when the profile is gone.
    pub async fn note_option_profile_use(&self, user: &ProfileUser, profile: Option<i64>) -> Result<()> {
        let mut write = self.write().await?;
        note_option_profile_use(&mut write, user, profile).await?;
        write.commit().await
    }
}

/// The same within a transaction that also writes the user itself.
pub(crate) async fn note_option_profile_use(
    write: &mut Write,
    user: &ProfileUser,
    profile: Option<i64>,
) -> Result<()> {
    sqlx::query("DELETE FROM option_profile_use WHERE user_kind = $1 AND user_id = $2")
        .bind(user.kind.clone())
        .bind(user.id)
        .execute(write.connection())
        .await?;
    let Some(profile) = profile else { return Ok(()) };
    let noted = sqlx::query(
        "INSERT INTO option_profile_use (option_profile_id, user_kind, user_id) VALUES ($1, $2, $3)",
    )
    .bind(profile)
    .bind(user.kind.clone())
    .bind(user.id)
    .execute(write.connection())
    .await;
    match noted {
        Ok(_) => Ok(()),
        Err(error)
            if error
                .as_database_error()
                .is_some_and(sqlx::error::DatabaseError::is_foreign_key_violation) =>
        {
            Err(crate::Error::Conflict)
        }
        Err(error) => Err(error.into()),
    }
}

/// Takes the flag from the present default profile when `profile` is to have it.
async fn give_up_default(write: &mut Write, profile: &OptionProfile) -> Result<()> {
    if profile.is_default {
        sqlx::query("UPDATE option_profile SET is_default = 0 WHERE is_default = 1")
            .execute(write.connection())
            .await?;
    }
    Ok(())
}

async fn add(write: &mut Write, profile: &OptionProfile, now: Timestamp) -> Result<i64> {
    give_up_default(write, profile).await?;
    let row = sqlx::query(
        "INSERT INTO option_profile (title, owner, is_default, is_global, version, profile, updated_at)
         VALUES ($1, $2, $3, $4, 1, $5, $6) RETURNING id",
    )
    .bind(profile.title.clone())
    .bind(profile.owner.as_ref().map(ToString::to_string))
    .bind(i64::from(profile.is_default))
    .bind(i64::from(profile.is_global))
    .bind(json_text(profile)?)
    .bind(now.as_microsecond())
    .fetch_one(write.connection())
    .await?;
    let id = Read::new("option_profile", &row).number("id")?;
    note_search_list_uses(write, PROFILE_USER_KIND, id, &profile.detection.list_ids()).await?;
    Ok(id)
}

/// The columns win over the JSON: flags are moved without touching the rest.
fn read_profile(row: &AnyRow) -> Result<StoredProfile> {
    let read = Read::new("option_profile", row);
    let settings: OptionProfile = read.json("profile")?;
    Ok(StoredProfile {
        id: read.number("id")?,
        version: read.count("version")?,
        updated_at: read.time("updated_at")?,
        profile: OptionProfile {
            title: read.text("title")?,
            owner: read.optional_word("owner")?,
            is_default: read.yes("is_default")?,
            is_global: read.yes("is_global")?,
            ..settings
        },
    })
}

fn read_user(row: &AnyRow) -> Result<ProfileUser> {
    let read = Read::new("option_profile_use", row);
    Ok(ProfileUser { kind: read.text("user_kind")?, id: read.number("user_id")? })
}
