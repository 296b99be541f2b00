//! Business units: their asset groups, and the users in them.
//!
//! Changes of units are made one after another with those of asset groups and assignments, under
//! the lock of the subscription, so that nothing goes out of use or is deleted in between.

use palisade_model::business_unit::assigned_addresses;
use palisade_model::{BusinessUnitTitle, IpSet, Login, Role, Timestamp, UserStatus};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::error::{Error, Result};
use crate::row::Read;
use crate::store::{Store, Write, expect_rows};
use crate::user::User;

/// A unit as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusinessUnit {
    pub id: i64,
    pub title: BusinessUnitTitle,
    pub created_at: Timestamp,
    /// Ids of its asset groups.
    pub asset_groups: Vec<i64>,
}

/// What became of the deletion of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnitDeleted {
    Deleted,
    /// It has these users or groups, and is still there.
    InUse {
        users: Vec<Login>,
        asset_groups: Vec<String>,
    },
    Unknown,
}

/// What became of a user who was to be switched off or to leave a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Released {
    Released,
    /// The user's status is not the one it was to be, and still the same.
    OtherStatus,
    /// Without this Manager nobody could manage the subscription.
    LastManager,
    /// The unit has users, and no other Unit Manager who is active.
    LastUnitManager,
}

impl Store {
    /// All units, by title.
    pub async fn list_business_units(&self) -> Result<Vec<BusinessUnit>> {
        let groups = sqlx::query(
            "SELECT business_unit_id, asset_group_id FROM business_unit_asset_group ORDER BY 1, 2",
        )
        .fetch_all(self.pool())
        .await?;
        let mut members = Vec::new();
        for row in &groups {
            let read = Read::new("business_unit_asset_group", row);
            members.push((read.number("business_unit_id")?, read.number("asset_group_id")?));
        }
        let rows = sqlx::query("SELECT id, title, created_at FROM business_unit ORDER BY title")
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(|row| read_unit(row, &members)).collect()
    }

    /// Makes a unit and gives its id. [`Error::Conflict`] when the title is taken or a group is gone.
    pub async fn add_business_unit(
        &self,
        title: &BusinessUnitTitle,
        asset_groups: &[i64],
        now: Timestamp,
    ) -> Result<i64> {
        let mut write = self.write_units().await?;
        let row = sqlx::query("INSERT INTO business_unit (title, created_at) VALUES ($1, $2) RETURNING id")
            .bind(title.to_string())
            .bind(now.as_microsecond())
            .fetch_one(write.connection())
            .await?;
        let id = Read::new("business_unit", &row).number("id")?;
        for group in asset_groups {
            join_unit(&mut write, id, *group).await?;
        }
        write.commit().await?;
        Ok(id)
    }

    /// Gives a unit another title or other asset groups; `None` leaves them. `false` when it is
    /// gone; [`Error::Conflict`] when the title is taken or a group is gone.
    pub async fn edit_business_unit(
        &self,
        id: i64,
        title: Option<&BusinessUnitTitle>,
        asset_groups: Option<&[i64]>,
    ) -> Result<bool> {
        let mut write = self.write_units().await?;
        let done = sqlx::query("UPDATE business_unit SET title = COALESCE($2, title) WHERE id = $1")
            .bind(id)
            .bind(title.map(ToString::to_string))
            .execute(write.connection())
            .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        if let Some(groups) = asset_groups {
            sqlx::query("DELETE FROM business_unit_asset_group WHERE business_unit_id = $1")
                .bind(id)
                .execute(write.connection())
                .await?;
            for group in groups {
                join_unit(&mut write, id, *group).await?;
            }
        }
        write.commit().await?;
        Ok(true)
    }

    /// Deletes a unit without users and asset groups.
    pub async fn delete_business_unit(&self, id: i64) -> Result<UnitDeleted> {
        let mut write = self.write_units().await?;
        let users = sqlx::query("SELECT login FROM users WHERE business_unit_id = $1 ORDER BY login")
            .bind(id)
            .fetch_all(write.connection())
            .await?;
        let users: Vec<Login> =
            users.iter().map(|row| Read::new("users", row).word("login")).collect::<Result<_>>()?;
        let groups = sqlx::query(
            "SELECT title FROM asset_group JOIN business_unit_asset_group ON asset_group_id = id
             WHERE business_unit_id = $1 ORDER BY title",
        )
        .bind(id)
        .fetch_all(write.connection())
        .await?;
        let asset_groups: Vec<String> =
            groups.iter().map(|row| Read::new("asset_group", row).text("title")).collect::<Result<_>>()?;
        if !users.is_empty() || !asset_groups.is_empty() {
            return Ok(UnitDeleted::InUse { users, asset_groups });
        }
        let done = sqlx::query("DELETE FROM business_unit WHERE id = $1")
            .bind(id)
            .execute(write.connection())
            .await?;
        if done.rows_affected() == 0 {
            return Ok(UnitDeleted::Unknown);
        }
        write.commit().await?;
        Ok(UnitDeleted::Deleted)
    }

    /// Puts a user into a unit, or into none. Assigned asset groups that are not of the unit are
    /// taken from the user. [`Error::Conflict`] when the unit is gone; the user must be there.
    pub async fn move_user(&self, user: i64, unit: Option<i64>) -> Result<Released> {
        let mut write = self.write_units().await?;
        let standing = standing(&mut write, user).await?;
        if standing.unit != unit && is_last_unit_manager(&mut write, user, &standing).await? {
            return Ok(Released::LastUnitManager);
        }
        if let Some(unit) = unit {
            let found = sqlx::query("SELECT id FROM business_unit WHERE id = $1")
                .bind(unit)
                .fetch_optional(write.connection())
                .await?;
            if found.is_none() {
                return Err(Error::Conflict);
            }
            sqlx::query(
                "DELETE FROM asset_group_user WHERE user_id = $1 AND asset_group_id NOT IN
                 (SELECT asset_group_id FROM business_unit_asset_group WHERE business_unit_id = $2)",
            )
            .bind(user)
            .bind(unit)
            .execute(write.connection())
            .await?;
        }
        sqlx::query("UPDATE users SET business_unit_id = $2 WHERE id = $1")
            .bind(user)
            .bind(unit)
            .execute(write.connection())
            .await?;
        write.commit().await?;
        Ok(Released::Released)
    }

    /// Switches a user off; only from the status `from` when it is given. The user must be there.
    pub async fn deactivate_user(&self, user: i64, from: Option<UserStatus>) -> Result<Released> {
        let mut write = self.write_units().await?;
        let standing = standing(&mut write, user).await?;
        if from.is_some_and(|from| from != standing.status) {
            return Ok(Released::OtherStatus);
        }
        if standing.role == Role::Manager && standing.status == UserStatus::Active {
            let others =
                sqlx::query("SELECT id FROM users WHERE id <> $1 AND role = $2 AND status = $3 LIMIT 1")
                    .bind(user)
                    .bind(Role::Manager.as_str())
                    .bind(UserStatus::Active.as_str())
                    .fetch_optional(write.connection())
                    .await?;
            if others.is_none() {
                return Ok(Released::LastManager);
            }
        }
        if is_last_unit_manager(&mut write, user, &standing).await? {
            return Ok(Released::LastUnitManager);
        }
        let done = sqlx::query("UPDATE users SET status = $2 WHERE id = $1")
            .bind(user)
            .bind(UserStatus::Inactive.as_str())
            .execute(write.connection())
            .await?;
        expect_rows(1, done.rows_affected())?;
        write.commit().await?;
        Ok(Released::Released)
    }

    /// The addresses that the user reaches: single ones and those of asset groups, as far as they are
    /// within the user's unit.
    pub async fn assigned_addresses(&self, user: &User) -> Result<IpSet> {
        let mut connection = self.pool().acquire().await?;
        let assignment = Assignment {
            user_id: user.id,
            role: user.role,
            single: user.assigned_ips.clone(),
            unit: user.business_unit,
        };
        assignment.addresses(&mut connection).await
    }

    /// A transaction in which units, groups and assignments stay as they are.
    async fn write_units(&self) -> Result<Write> {
        let mut write = self.write().await?;
        sqlx::query(self.dialect().lock_subscription()).fetch_one(write.connection()).await?;
        Ok(write)
    }
}

/// What of a user decides which addresses are reached.
struct Assignment {
    user_id: i64,
    role: Role,
    single: IpSet,
    unit: Option<i64>,
}

impl Assignment {
    async fn addresses(self, connection: &mut AnyConnection) -> Result<IpSet> {
        let rows = sqlx::query(
            "SELECT id, ips FROM asset_group JOIN asset_group_user ON asset_group_id = id WHERE user_id = $1",
        )
        .bind(self.user_id)
        .fetch_all(&mut *connection)
        .await?;
        let assigned = self.single.union(&union(&rows)?);
        let unit = match self.unit {
            None => None,
            Some(unit) => {
                let rows = sqlx::query(
                    "SELECT id, ips FROM asset_group JOIN business_unit_asset_group ON asset_group_id = id
                     WHERE business_unit_id = $1",
                )
                .bind(unit)
                .fetch_all(connection)
                .await?;
                Some(union(&rows)?)
            }
        };
        Ok(assigned_addresses(self.role, &assigned, unit.as_ref()))
    }
}

/// The same as [`Store::assigned_addresses`], as a transaction sees it. Nothing when there is no user
/// with this login.
pub(crate) async fn assigned_within(connection: &mut AnyConnection, login: &Login) -> Result<IpSet> {
    let user = sqlx::query("SELECT id, role, assigned_ips, business_unit_id FROM users WHERE login = $1")
        .bind(login.to_string())
        .fetch_optional(&mut *connection)
        .await?;
    let Some(user) = user else { return Ok(IpSet::new()) };
    let read = Read::new("users", &user);
    let assignment = Assignment {
        user_id: read.number("id")?,
        role: read.word("role")?,
        single: read.value("assigned_ips")?,
        unit: read.optional_number("business_unit_id")?,
    };
    assignment.addresses(connection).await
}

/// Puts a group into a unit.
pub(crate) async fn join_unit(write: &mut Write, unit: i64, group: i64) -> Result<()> {
    let joined = sqlx::query(
        "INSERT INTO business_unit_asset_group (business_unit_id, asset_group_id) VALUES ($1, $2)
         ON CONFLICT (business_unit_id, asset_group_id) DO NOTHING",
    )
    .bind(unit)
    .bind(group)
    .execute(write.connection())
    .await;
    joined.map(|_| ()).map_err(Error::gone_is_conflict)
}

/// The titles of the units that a group is in, but for one of them.
pub(crate) async fn units_of_group(
    write: &mut Write,
    group: i64,
    but: Option<i64>,
) -> Result<Vec<BusinessUnitTitle>> {
    let rows = sqlx::query(
        "SELECT id, title FROM business_unit JOIN business_unit_asset_group ON business_unit_id = id
         WHERE asset_group_id = $1 AND id <> $2 ORDER BY title",
    )
    .bind(group)
    .bind(but.unwrap_or_default())
    .fetch_all(write.connection())
    .await?;
    rows.iter().map(|row| Read::new("business_unit", row).word("title")).collect()
}

/// What decides whether a user can be spared.
struct Standing {
    role: Role,
    status: UserStatus,
    unit: Option<i64>,
}

async fn standing(write: &mut Write, user: i64) -> Result<Standing> {
    let row = sqlx::query("SELECT id, role, status, business_unit_id FROM users WHERE id = $1")
        .bind(user)
        .fetch_optional(write.connection())
        .await?;
    let row = row.ok_or(Error::RowsAffected { expected: 1, actual: 0 })?;
    let read = Read::new("users", &row);
    let (role, status) = (read.word("role")?, read.word("status")?);
    Ok(Standing { role, status, unit: read.optional_number("business_unit_id")? })
}

/// Whether the unit of an active Unit Manager has users but no other active Unit Manager.
async fn is_last_unit_manager(write: &mut Write, user: i64, standing: &Standing) -> Result<bool> {
    let Standing { role: Role::UnitManager, status: UserStatus::Active, unit: Some(unit) } = *standing else {
        return Ok(false);
    };
    let row = sqlx::query(
        "SELECT COUNT(*) AS users, SUM(CASE WHEN role = $3 AND status = $4 THEN 1 ELSE 0 END) AS managers
         FROM users WHERE business_unit_id = $1 AND id <> $2",
    )
    .bind(unit)
    .bind(user)
    .bind(Role::UnitManager.as_str())
    .bind(UserStatus::Active.as_str())
    .fetch_one(write.connection())
    .await?;
    let read = Read::new("users", &row);
    Ok(read.number("users")? > 0 && read.optional_number("managers")?.unwrap_or_default() == 0)
}

fn union(rows: &[AnyRow]) -> Result<IpSet> {
    let mut ranges = Vec::new();
    for row in rows {
        let ips: IpSet = Read::new("asset_group", row).value("ips")?;
        ranges.extend_from_slice(ips.ranges());
    }
    Ok(ranges.into_iter().collect())
}

fn read_unit(row: &AnyRow, members: &[(i64, i64)]) -> Result<BusinessUnit> {
    let read = Read::new("business_unit", row);
    let id = read.number("id")?;
    Ok(BusinessUnit {
        id,
        title: read.word("title")?,
        created_at: read.time("created_at")?,
        asset_groups: members.iter().filter(|(unit, _)| *unit == id).map(|(_, group)| *group).collect(),
    })
}
