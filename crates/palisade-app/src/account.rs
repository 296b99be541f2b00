//! Accounts: local administration from the command line, and the acceptance of the terms.

use std::net::{IpAddr, Ipv4Addr};

use palisade_model::user::Password;
use palisade_model::{Action, IpSet, Login, Permissions, Resource, Role, Timestamp, UserProfile, UserStatus};
use palisade_store::{AssetGroup, BusinessUnit, User};

use crate::activity::ActivityEntry;
use crate::actor::Actor;
use crate::app::App;
use crate::business_unit::released;
use crate::error::{Error, Result, check_length};
use crate::password::{check_chosen, generate_password};

/// Longest names and addresses.
const TEXT_CHARACTERS_MAX: usize = 256;
/// Generated logins that are tried before giving up.
const LOGINS_TRIED: u32 = 10_000;

/// An account to be made.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Generated when `None`: five letters of the company, `_`, two letters, digits.
    pub login: Option<Login>,
    pub role: Role,
    pub first_name: String,
    pub last_name: String,
    pub email: String,
    /// Generated when `None`.
    pub password: Option<Password>,
    /// Beside the addresses of its asset groups.
    pub assigned_ips: IpSet,
    /// Titles of the asset groups assigned to it.
    pub asset_groups: Vec<String>,
    /// The title of the business unit it is in.
    pub business_unit: Option<String>,
    pub eula_accepted: bool,
    pub expires_at: Option<Timestamp>,
}

/// An account just made; the one time its password can be read.
#[derive(Debug, Clone)]
pub struct NewAccount {
    pub login: Login,
    pub password: Password,
}

/// An account as administrators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserView {
    pub id: i64,
    pub login: Login,
    pub role: Role,
    pub status: UserStatus,
    pub first_name: String,
    pub last_name: String,
    pub email: String,
    pub profile: UserProfile,
    /// Beside the addresses of its asset groups.
    pub assigned_ips: IpSet,
    /// What it may do beyond its role.
    pub permissions: Permissions,
    /// Titles of the asset groups assigned to it; for a Unit Manager those of the unit.
    pub asset_groups: Vec<String>,
    /// The title of the business unit it is in.
    pub business_unit: Option<String>,
    pub eula_accepted: bool,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub last_login_at: Option<Timestamp>,
}

impl App {
    /// Whether there is any account.
    pub async fn has_users(&self) -> Result<bool> {
        Ok(self.store().has_users().await?)
    }

    /// What the caller's own account says about them; nothing for who runs the program itself.
    pub async fn own_details(&self, actor: &Actor) -> Result<UserProfile> {
        let id = actor.allow(Action::Edit, Resource::Account)?.caller();
        let user = self.store().user(&actor.login).await?.filter(|user| user.id == id);
        Ok(user.map(|user| user.profile).unwrap_or_default())
    }

    /// Makes an account. Local administration, so nobody's permission is asked.
    pub async fn add_user(&self, new: NewUser) -> Result<NewAccount> {
        for (field, text) in
            [("first name", &new.first_name), ("last name", &new.last_name), ("email", &new.email)]
        {
            check_length(field, text, TEXT_CHARACTERS_MAX)?;
        }
        let asset_groups = self.asset_group_ids(&new.asset_groups).await?;
        let business_unit = match &new.business_unit {
            Some(_) if !new.role.fits(true) => return Err(Error::UnitDoesNotFit { role: new.role }),
            Some(title) => Some(self.unit_named(title).await?.id),
            None => None,
        };
        let password = self.chosen_or_generated(new.password.clone())?;
        let password_hash = self.hash_password(&password).await?;
        let candidates: Vec<Login> = match &new.login {
            Some(login) => vec![login.clone()],
            None => login_candidates(self.company(), &new.first_name, &new.last_name).collect(),
        };
        let make = |login| palisade_store::NewUser {
            asset_groups: asset_groups.clone(),
            business_unit,
            ..self.user_to_store(&new, login, &password_hash)
        };
        let login = self.store_under_first_free(candidates, make).await?;
        self.record_local("add", format!("{login}, {}", new.role)).await?;
        Ok(NewAccount { login, password })
    }

    /// Stores an account under the first of the logins that is free, and gives the login.
    pub(crate) async fn store_under_first_free(
        &self,
        logins: impl IntoIterator<Item = Login, IntoIter: Send> + Send,
        make: impl Fn(Login) -> palisade_store::NewUser + Send,
    ) -> Result<Login> {
        for login in logins {
            match self.store().add_user(&make(login.clone())).await {
                Err(palisade_store::Error::Conflict) => {}
                Err(error) => return Err(error.into()),
                Ok(_) => return Ok(login),
            }
        }
        Err(Error::LoginTaken)
    }

    /// All accounts, by login.
    pub async fn list_users(&self) -> Result<Vec<UserView>> {
        let groups = self.store().list_asset_groups().await?;
        let units = self.store().list_business_units().await?;
        let users = self.store().list_users().await?.into_iter();
        Ok(users.map(|user| view(user, &groups, &units)).collect())
    }

    /// Sets a password, or a generated one, and gives it back.
    pub async fn set_password(&self, login: &Login, password: Option<Password>) -> Result<Password> {
        let user = self.store().user(login).await?.ok_or(Error::UnknownUser)?;
        let password = self.chosen_or_generated(password)?;
        let password_hash = self.hash_password(&password).await?;
        self.store().set_password_hash(user.id, &password_hash).await?;
        self.record_local("password", login.to_string()).await?;
        Ok(password)
    }

    /// Switches an account on or off. It takes effect with the next call the account makes.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownUser`], [`Error::LastManager`], [`Error::LastUnitManager`].
    pub async fn set_user_status(&self, login: &Login, status: UserStatus) -> Result<()> {
        let user = self.store().user(login).await?.ok_or(Error::UnknownUser)?;
        if status == UserStatus::Inactive {
            released(self.store().deactivate_user(user.id, None).await?, &user)?;
        } else {
            self.store().set_user_status(user.id, status).await?;
        }
        self.record_local("status", format!("{login}, {status}")).await
    }

    /// Replaces what an account may do beyond its role. Local administration, so nobody's permission is
    /// asked. It takes effect with the next call the account makes.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownUser`], [`Error::PermissionDoesNotFit`].
    pub async fn set_permissions(&self, login: &Login, permissions: &Permissions) -> Result<()> {
        let user = self.store().user(login).await?.ok_or(Error::UnknownUser)?;
        if let Some(permission) = permissions.misfit(user.role) {
            return Err(Error::PermissionDoesNotFit { permission, role: user.role });
        }
        self.store().set_permissions(user.id, permissions).await?;
        self.record_local("permissions", format!("{login}, {permissions}")).await
    }

    /// Accepts the terms for the caller; an account that waited for it becomes active.
    pub async fn accept_eula(&self, actor: &Actor) -> Result<()> {
        let caller = actor.allow_before_eula(Action::Edit, Resource::Account)?.caller();
        self.store().accept_eula(caller, self.clock().now()).await?;
        self.record_done(actor, "user", "accept_eula", String::new()).await
    }

    fn chosen_or_generated(&self, password: Option<Password>) -> Result<Password> {
        match password {
            Some(chosen) => check_chosen(&chosen).map(|()| chosen),
            None => Ok(generate_password(self.parts.ids.as_ref())),
        }
    }

    fn user_to_store(&self, new: &NewUser, login: Login, password_hash: &str) -> palisade_store::NewUser {
        let now = self.clock().now();
        palisade_store::NewUser {
            login,
            role: new.role,
            status: if new.eula_accepted { UserStatus::Active } else { UserStatus::PendingActivation },
            first_name: new.first_name.clone(),
            last_name: new.last_name.clone(),
            email: new.email.clone(),
            profile: UserProfile { company: self.company().to_owned(), ..UserProfile::default() },
            password_hash: password_hash.to_owned(),
            assigned_ips: new.assigned_ips.clone(),
            permissions: Permissions::of_new(new.role),
            business_unit: None,
            eula_accepted_at: new.eula_accepted.then_some(now),
            created_at: now,
            expires_at: new.expires_at,
            asset_groups: Vec::new(),
        }
    }

    /// Writes down what was done on this machine, without a login.
    pub(crate) async fn record_local(&self, action: &str, details: String) -> Result<()> {
        self.record(ActivityEntry {
            login: None,
            from: IpAddr::V4(Ipv4Addr::LOCALHOST),
            module: "user".to_owned(),
            action: action.to_owned(),
            details,
            refused: false,
        })
        .await
    }
}

/// Logins in the order they are tried: `palis_ab1`, `palis_ab2`, ...
pub(crate) fn login_candidates(
    company: &str,
    first_name: &str,
    last_name: &str,
) -> impl Iterator<Item = Login> + use<> {
    let letters = |text: &str, count: usize| -> String {
        let letters =
            text.chars().filter(char::is_ascii_alphabetic).map(|letter| letter.to_ascii_lowercase());
        letters.chain(std::iter::repeat('x')).take(count).collect()
    };
    let stem = format!("{}_{}{}", letters(company, 5), letters(first_name, 1), letters(last_name, 1));
    (1..=LOGINS_TRIED).filter_map(move |number| format!("{stem}{number}").parse().ok())
}

/// The account as users see it; `groups` and `units` are those of the subscription.
pub(crate) fn view(user: User, groups: &[AssetGroup], units: &[BusinessUnit]) -> UserView {
    let unit = units.iter().find(|unit| Some(unit.id) == user.business_unit);
    let mine = |group: &&AssetGroup| match unit {
        Some(unit) if user.role == Role::UnitManager => unit.asset_groups.contains(&group.id),
        _ => group.users.iter().any(|assigned| assigned.id == user.id),
    };
    let asset_groups = groups.iter().filter(mine).map(|group| group.title.to_string()).collect();
    UserView {
        id: user.id,
        login: user.login,
        role: user.role,
        status: user.status,
        first_name: user.first_name,
        last_name: user.last_name,
        email: user.email,
        profile: user.profile,
        assigned_ips: user.assigned_ips,
        permissions: user.permissions,
        asset_groups,
        business_unit: unit.map(|unit| unit.title.to_string()),
        eula_accepted: user.eula_accepted_at.is_some(),
        created_at: user.created_at,
        expires_at: user.expires_at,
        last_login_at: user.last_login_at,
    }
}
