//! Accounts.

use palisade_model::{IpSet, Login, Permissions, Role, Timestamp, UserProfile, UserStatus};
use sqlx::any::AnyRow;

use crate::asset_group::assign;
use crate::error::Result;
use crate::row::Read;
use crate::store::{Store, expect_rows};
use crate::user_profile::{read_profile, time_zone_text};

/// An account as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    pub id: i64,
    pub login: Login,
    pub role: Role,
    pub status: UserStatus,
    pub first_name: String,
    pub last_name: String,
    pub email: String,
    pub profile: UserProfile,
    pub password_hash: String,
    pub assigned_ips: IpSet,
    /// What it may do beyond its role.
    pub permissions: Permissions,
    /// The id of the business unit the user is in.
    pub business_unit: Option<i64>,
    pub eula_accepted_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub last_login_at: Option<Timestamp>,
}

impl std::fmt::Debug for User {
    /// Without the hash.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User").field("login", &self.login).field("role", &self.role).finish_non_exhaustive()
    }
}

/// An account to be made.
#[derive(Clone)]
pub struct NewUser {
    pub login: Login,
    pub role: Role,
    pub status: UserStatus,
    pub first_name: String,
    pub last_name: String,
    pub email: String,
    pub profile: UserProfile,
    pub password_hash: String,
    pub assigned_ips: IpSet,
    /// What it may do beyond its role.
    pub permissions: Permissions,
    /// The id of the business unit the user is in.
    pub business_unit: Option<i64>,
    pub eula_accepted_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    /// Ids of the asset groups assigned to it.
    pub asset_groups: Vec<i64>,
}

impl std::fmt::Debug for NewUser {
    /// Without the hash.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewUser")
            .field("login", &self.login)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

/// The columns that an account is made with; the database counts up `id`, and `last_login_at` comes
/// with time.
macro_rules! columns {
    () => {
        "login, role, status, first_name, last_name, email, password_hash, assigned_ips,
         permissions, business_unit_id, eula_accepted_at, created_at, expires_at, external_id, title, phone, fax,
         company, address1, address2, city, country, state, zip_code, time_zone_code,
         ui_interface_style"
    };
}

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT id, last_login_at, ", columns!(), " FROM users ", $rest)
    };
}

/// The account of an id.
pub(crate) const USERS_BY_ID: &str = select!("WHERE id = $1");

impl Store {
    /// Makes an account and gives its id. [`crate::Error::Conflict`] when the login is taken.
    pub async fn add_user(&self, user: &NewUser) -> Result<i64> {
        let NewUser {
            login,
            role,
            status,
            first_name,
            last_name,
            email,
            profile,
            password_hash,
            assigned_ips,
            permissions,
            business_unit,
            eula_accepted_at,
            created_at,
            expires_at,
            asset_groups,
        } = user;
        let mut write = self.write().await?;
        let row = sqlx::query(concat!(
            "INSERT INTO users (",
            columns!(),
            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
                      $19, $20, $21, $22, $23, $24, $25, $26) RETURNING id",
        ))
        .bind(login.to_string())
        .bind(role.as_str())
        .bind(status.as_str())
        .bind(first_name.clone())
        .bind(last_name.clone())
        .bind(email.clone())
        .bind(password_hash.clone())
        .bind(assigned_ips.to_string())
        .bind(permissions.to_string())
        .bind(*business_unit)
        .bind(eula_accepted_at.map(Timestamp::as_microsecond))
        .bind(created_at.as_microsecond())
        .bind(expires_at.map(Timestamp::as_microsecond))
        .bind(profile.external_id.clone())
        .bind(profile.title.clone())
        .bind(profile.phone.clone())
        .bind(profile.fax.clone())
        .bind(profile.company.clone())
        .bind(profile.address1.clone())
        .bind(profile.address2.clone())
        .bind(profile.city.clone())
        .bind(profile.country.clone())
        .bind(profile.state.clone())
        .bind(profile.zip_code.clone())
        .bind(time_zone_text(profile.time_zone))
        .bind(profile.interface_style.as_str())
        .fetch_one(write.connection())
        .await?;
        let id = Read::new("users", &row).number("id")?;
        for group in asset_groups {
            assign(&mut write, *group, id).await?;
        }
        write.commit().await?;
        Ok(id)
    }

    /// Whether there is any account.
    pub async fn has_users(&self) -> Result<bool> {
        Ok(sqlx::query("SELECT id FROM users LIMIT 1").fetch_optional(self.pool()).await?.is_some())
    }

    /// The account with this login.
    pub async fn user(&self, login: &Login) -> Result<Option<User>> {
        let row = sqlx::query(select!("WHERE login = $1"))
            .bind(login.to_string())
            .fetch_optional(self.pool())
            .await?;
        row.as_ref().map(read_user).transpose()
    }

    /// All accounts, by login.
    pub async fn list_users(&self) -> Result<Vec<User>> {
        let rows = sqlx::query(select!("ORDER BY login")).fetch_all(self.pool()).await?;
        rows.iter().map(read_user).collect()
    }

    /// Replaces the password's hash. The account must be there.
    pub async fn set_password_hash(&self, id: i64, password_hash: &str) -> Result<()> {
        let mut write = self.write().await?;
        let done = sqlx::query("UPDATE users SET password_hash = $2 WHERE id = $1")
            .bind(id)
            .bind(password_hash.to_owned())
            .execute(write.connection())
            .await?;
        expect_rows(1, done.rows_affected())?;
        write.commit().await
    }

    /// Switches the account on or off. The account must be there.
    pub async fn set_user_status(&self, id: i64, status: UserStatus) -> Result<()> {
        let mut write = self.write().await?;
        let done = sqlx::query("UPDATE users SET status = $2 WHERE id = $1")
            .bind(id)
            .bind(status.as_str())
            .execute(write.connection())
            .await?;
        expect_rows(1, done.rows_affected())?;
        write.commit().await
    }

    /// Replaces what the account may do beyond its role. The account must be there.
    pub async fn set_permissions(&self, id: i64, permissions: &Permissions) -> Result<()> {
        let mut write = self.write().await?;
        let done = sqlx::query("UPDATE users SET permissions = $2 WHERE id = $1")
            .bind(id)
            .bind(permissions.to_string())
            .execute(write.connection())
            .await?;
        expect_rows(1, done.rows_affected())?;
        write.commit().await
    }

    /// Moves the account from one status to another; `false` when its status is another one.
    pub async fn move_user_status(&self, id: i64, from: UserStatus, to: UserStatus) -> Result<bool> {
        let mut write = self.write().await?;
        let done = sqlx::query("UPDATE users SET status = $3 WHERE id = $1 AND status = $2")
            .bind(id)
            .bind(from.as_str())
            .bind(to.as_str())
            .execute(write.connection())
            .await?;
        write.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    /// The holder accepted the terms: an account that waited for it becomes active. Accepting
    /// again changes nothing.
    pub async fn accept_eula(&self, id: i64, now: Timestamp) -> Result<()> {
        let mut write = self.write().await?;
        let done = sqlx::query(
            "UPDATE users SET eula_accepted_at = COALESCE(eula_accepted_at, $2),
                              status = CASE WHEN status = $3 THEN $4 ELSE status END
             WHERE id = $1",
        )
        .bind(id)
        .bind(now.as_microsecond())
        .bind(UserStatus::PendingActivation.as_str())
        .bind(UserStatus::Active.as_str())
        .execute(write.connection())
        .await?;
        expect_rows(1, done.rows_affected())?;
        write.commit().await
    }

    /// Notes a successful login. The account must be there.
    pub async fn note_login(&self, id: i64, now: Timestamp) -> Result<()> {
        let mut write = self.write().await?;
        let done = sqlx::query("UPDATE users SET last_login_at = $2 WHERE id = $1")
            .bind(id)
            .bind(now.as_microsecond())
            .execute(write.connection())
            .await?;
        expect_rows(1, done.rows_affected())?;
        write.commit().await
    }
}

pub(crate) fn read_user(row: &AnyRow) -> Result<User> {
    let read = Read::new("users", row);
    Ok(User {
        id: read.number("id")?,
        login: read.word("login")?,
        role: read.word("role")?,
        status: read.word("status")?,
        first_name: read.text("first_name")?,
        last_name: read.text("last_name")?,
        email: read.text("email")?,
        profile: read_profile(&read)?,
        password_hash: read.text("password_hash")?,
        assigned_ips: read.value("assigned_ips")?,
        permissions: read.word("permissions")?,
        business_unit: read.optional_number("business_unit_id")?,
        eula_accepted_at: read.optional_time("eula_accepted_at")?,
        created_at: read.time("created_at")?,
        expires_at: read.optional_time("expires_at")?,
        last_login_at: read.optional_time("last_login_at")?,
    })
}
