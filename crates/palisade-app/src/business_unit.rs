//! Business units: parts of the subscription with asset groups and users of their own.
//!
//! Deliberately absent: a call of the API. Units are managed on the command line, and by whatever
//! acts for a Manager or an Administrator.

use palisade_model::business_unit::UNASSIGNED;
use palisade_model::{Action, BusinessUnitTitle, Login, Resource, Role};
use palisade_store::{BusinessUnit, Released, UnitDeleted, User};

use crate::actor::Actor;
use crate::app::App;
use crate::error::{Error, Result};

/// Most units of a subscription.
const UNITS_MAX: usize = 1_000;

/// Who manages units.
#[derive(Debug, Clone, Copy)]
pub enum Authority<'a> {
    /// Whoever holds the data; nobody's permission is asked.
    CommandLine,
    User(&'a Actor),
}

/// A unit as those who manage it see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusinessUnitView {
    pub title: String,
    /// Titles of its asset groups.
    pub asset_groups: Vec<String>,
    /// Logins of the users in it.
    pub users: Vec<Login>,
    /// The Unit Manager to be asked about it: the first there was.
    pub contact: Option<Login>,
}

impl App {
    /// All units, by title.
    ///
    /// # Errors
    ///
    /// [`Error::Forbidden`] for users that do not manage units.
    pub async fn list_business_units(&self, by: Authority<'_>) -> Result<Vec<BusinessUnitView>> {
        by.check(Action::List)?;
        let groups = self.store().list_asset_groups().await?;
        let users = self.store().list_users().await?;
        let units = self.store().list_business_units().await?;
        let title =
            |id: &i64| groups.iter().find(|group| group.id == *id).map(|group| group.title.to_string());
        let view = |unit: BusinessUnit| {
            let mine: Vec<&User> = users.iter().filter(|user| user.business_unit == Some(unit.id)).collect();
            BusinessUnitView {
                title: unit.title.to_string(),
                asset_groups: unit.asset_groups.iter().filter_map(title).collect(),
                contact: contact(&users, unit.id).map(|user| user.login.clone()),
                users: mine.into_iter().map(|user| user.login.clone()).collect(),
            }
        };
        Ok(units.into_iter().map(view).collect())
    }

    /// Makes a unit with the asset groups of these titles.
    ///
    /// # Errors
    ///
    /// [`Error::Forbidden`], [`Error::UnitTitle`], [`Error::UnknownAssetGroup`],
    /// [`Error::BusinessUnitTaken`], [`Error::TooManyBusinessUnits`].
    pub async fn add_business_unit(
        &self,
        by: Authority<'_>,
        title: &str,
        asset_groups: &[String],
    ) -> Result<()> {
        by.check(Action::Add)?;
        let title = unit_title(title)?;
        let groups = self.asset_group_ids(asset_groups).await?;
        if self.store().list_business_units().await?.len() >= UNITS_MAX {
            return Err(Error::TooManyBusinessUnits { max: UNITS_MAX });
        }
        let added = self.store().add_business_unit(&title, &groups, self.clock().now()).await;
        added.map_err(|error| taken(error, &title))?;
        self.record_by(by, "add", title.to_string()).await
    }

    /// Gives a unit another title, or other asset groups in place of those it has. Users of the unit
    /// reach no further than its groups from their next call and their scans' next slice on.
    ///
    /// # Errors
    ///
    /// As [`App::add_business_unit`], and [`Error::UnknownBusinessUnit`].
    pub async fn edit_business_unit(
        &self,
        by: Authority<'_>,
        title: &str,
        new_title: Option<&str>,
        asset_groups: Option<&[String]>,
    ) -> Result<()> {
        by.check(Action::Edit)?;
        let unit = self.unit_named(title).await?;
        let new_title = new_title.map(unit_title).transpose()?;
        let groups = match asset_groups {
            Some(titles) => Some(self.asset_group_ids(titles).await?),
            None => None,
        };
        let edited = self.store().edit_business_unit(unit.id, new_title.as_ref(), groups.as_deref()).await;
        if !edited.map_err(|error| taken(error, new_title.as_ref().unwrap_or(&unit.title)))? {
            return Err(Error::UnknownBusinessUnit { title: title.to_owned() });
        }
        self.record_by(by, "edit", unit.title.to_string()).await
    }

    /// Deletes a unit that has neither users nor asset groups.
    ///
    /// # Errors
    ///
    /// [`Error::Forbidden`], [`Error::UnknownBusinessUnit`], [`Error::BusinessUnitInUse`].
    pub async fn delete_business_unit(&self, by: Authority<'_>, title: &str) -> Result<()> {
        by.check(Action::Delete)?;
        let unit = self.unit_named(title).await?;
        match self.store().delete_business_unit(unit.id).await? {
            UnitDeleted::Deleted => {}
            UnitDeleted::Unknown => return Err(Error::UnknownBusinessUnit { title: title.to_owned() }),
            UnitDeleted::InUse { users, asset_groups } => {
                return Err(Error::BusinessUnitInUse { title: unit.title.to_string(), users, asset_groups });
            }
        }
        self.record_by(by, "delete", unit.title.to_string()).await
    }

    /// Moves a user to another unit, or with `None` out of all units, and gives the titles of the
    /// asset groups that the user lost by it: those that are not of the new unit. It takes effect
    /// with the next call and the next slice.
    ///
    /// # Errors
    ///
    /// [`Error::Forbidden`], [`Error::UnknownUser`], [`Error::UnknownBusinessUnit`],
    /// [`Error::UnitDoesNotFit`], [`Error::LastUnitManager`].
    pub async fn move_user(
        &self,
        by: Authority<'_>,
        login: &Login,
        title: Option<&str>,
    ) -> Result<Vec<String>> {
        by.check(Action::Edit)?;
        let user = self.store().user(login).await?.ok_or(Error::UnknownUser)?;
        let unit = match title {
            Some(title) => Some(self.unit_named(title).await?),
            None => None,
        };
        if !user.role.fits(unit.is_some()) {
            return Err(Error::UnitDoesNotFit { role: user.role });
        }
        let before = self.titles_assigned(&user).await?;
        released(self.store().move_user(user.id, unit.as_ref().map(|unit| unit.id)).await?, &user)?;
        let after = self.titles_assigned(&user).await?;
        let title = unit.map_or_else(|| UNASSIGNED.to_owned(), |unit| unit.title.to_string());
        self.record_by(by, "move", format!("{login}, {title}")).await?;
        Ok(before.into_iter().filter(|title| !after.contains(title)).collect())
    }

    async fn titles_assigned(&self, user: &User) -> Result<Vec<String>> {
        let groups = self.store().list_asset_groups().await?;
        let mine = groups.iter().filter(|group| group.users.iter().any(|assigned| assigned.id == user.id));
        Ok(mine.map(|group| group.title.to_string()).collect())
    }

    /// The unit with this title.
    pub(crate) async fn unit_named(&self, title: &str) -> Result<BusinessUnit> {
        let units = self.store().list_business_units().await?;
        let found = units.into_iter().find(|unit| unit.title.as_str() == title.trim());
        found.ok_or_else(|| Error::UnknownBusinessUnit { title: title.to_owned() })
    }

    async fn record_by(&self, by: Authority<'_>, action: &str, details: String) -> Result<()> {
        match by {
            Authority::CommandLine => self.record_local(&format!("unit {action}"), details).await,
            Authority::User(actor) => self.record_done(actor, "business_unit", action, details).await,
        }
    }
}

impl Authority<'_> {
    fn check(self, action: Action) -> Result<()> {
        match self {
            Self::CommandLine => Ok(()),
            Self::User(actor) => actor.may(action, Resource::BusinessUnit),
        }
    }
}

/// The Unit Manager to be asked about a unit.
pub(crate) fn contact(users: &[User], unit: i64) -> Option<&User> {
    let managers =
        users.iter().filter(|user| user.business_unit == Some(unit) && user.role == Role::UnitManager);
    managers.min_by_key(|user| user.id)
}

/// Refuses where the store did not let a user go.
pub(crate) fn released(outcome: Released, user: &User) -> Result<()> {
    match outcome {
        Released::Released => Ok(()),
        Released::OtherStatus => Err(Error::WrongStatus { status: user.status }),
        Released::LastManager => Err(Error::LastManager),
        Released::LastUnitManager => Err(Error::LastUnitManager),
    }
}

fn unit_title(text: &str) -> Result<BusinessUnitTitle> {
    text.parse().map_err(Error::UnitTitle)
}

fn taken(error: palisade_store::Error, title: &BusinessUnitTitle) -> Error {
    match error {
        palisade_store::Error::Conflict => Error::BusinessUnitTaken { title: title.to_string() },
        other => other.into(),
    }
}
