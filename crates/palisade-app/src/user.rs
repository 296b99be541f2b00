//! Users as other users see and manage them.

use palisade_model::business_unit::UNASSIGNED;
use palisade_model::user::Password;
use palisade_model::{Action, IpSet, Login, Permissions, Resource, Role, UserEdit, UserProfile, UserStatus};
use palisade_store::User;
use zeroize::Zeroizing;

use crate::account::{NewAccount, UserView, login_candidates, view};
use crate::actor::{Actor, UserReach};
use crate::app::App;
use crate::business_unit::{contact, released};
use crate::error::{Error, Result, check_length};
use crate::outbox::{Mail, check_address};
use crate::password::generate_password;

/// Which users to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListUsers {
    /// Only those whose external id has this part; case matters.
    pub external_id_contains: Option<String>,
    /// Only those that have an external id, or only those that have none.
    pub external_id_assigned: Option<bool>,
}

/// A user in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedUser {
    pub user: UserView,
    /// Whether this is the Manager to be asked about the subscription: the first there was.
    pub manager_poc: bool,
    /// Whether this is the Unit Manager to be asked about the business unit.
    pub unit_manager_poc: bool,
    /// Whether the caller is told when the user was last there.
    pub shows_last_login: bool,
}

impl App {
    /// The users that are wanted and that `actor` may see, by login.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Forbidden`] for roles that do not manage users.
    pub async fn list_users_in_sight(&self, actor: &Actor, wanted: &ListUsers) -> Result<Vec<ListedUser>> {
        let reach = actor.allow(Action::List, Resource::User)?.users();
        let groups = self.store().list_asset_groups().await?;
        let units = self.store().list_business_units().await?;
        let users = self.store().list_users().await?;
        let first_manager = users.iter().filter(|user| user.role == Role::Manager).map(|user| user.id).min();
        let contacts: Vec<i64> =
            units.iter().filter_map(|unit| contact(&users, unit.id)).map(|user| user.id).collect();
        let listed = users.into_iter().filter(|user| reach.has(user)).map(|user| ListedUser {
            manager_poc: first_manager == Some(user.id),
            unit_manager_poc: contacts.contains(&user.id),
            shows_last_login: actor.role != Role::Administrator,
            user: view(user, &groups, &units),
        });
        Ok(listed.filter(|listed| wanted.admits(&listed.user.profile.external_id)).collect())
    }
}

impl ListUsers {
    fn admits(&self, external_id: &str) -> bool {
        self.external_id_contains.as_ref().is_none_or(|part| external_id.contains(part.as_str()))
            && self.external_id_assigned.is_none_or(|assigned| assigned != external_id.is_empty())
    }
}

/// Longest names and addresses of a person.
const TEXT_CHARACTERS_MAX: usize = 256;

/// A user to be made by another.
#[derive(Debug, Clone)]
pub struct CreateUser {
    pub role: Role,
    /// The title of a business unit, or [`UNASSIGNED`].
    pub business_unit: String,
    /// Titles of the asset groups assigned to a Scanner, Reader or Contact.
    pub asset_groups: Vec<String>,
    pub first_name: String,
    pub last_name: String,
    pub email: String,
    /// The company is the subscription's; an empty ZIP code becomes the caller's.
    pub profile: UserProfile,
    /// Whether login and password go to the user by mail. A Contact has none to get.
    pub send_mail: bool,
}

impl App {
    /// Makes a user, with a generated login and password.
    ///
    /// # Errors
    ///
    /// [`Error::Forbidden`], [`Error::RoleBeyondCaller`], [`Error::UnknownBusinessUnit`] when it is
    /// none of the caller's, [`Error::UnitDoesNotFit`], [`Error::NoAssetGroups`],
    /// [`Error::UnknownAssetGroup`], [`Error::NotAMailAddress`], [`Error::TooLong`], [`Error::NoOutbox`] before anything is
    /// made; [`Error::Outbox`] when the user was made but the mail could not be written.
    pub async fn create_user(&self, actor: &Actor, new: CreateUser) -> Result<NewAccount> {
        let reach = actor.allow(Action::Add, Resource::User)?.users();
        let CreateUser {
            role,
            business_unit,
            asset_groups,
            first_name,
            last_name,
            email,
            mut profile,
            send_mail,
        } = new;
        if !reach.may_make(role) {
            return Err(Error::RoleBeyondCaller { role });
        }
        let business_unit = self.unit_for(reach, role, &business_unit).await?;
        let asset_groups = self.asset_groups_for(actor, role, business_unit, &asset_groups).await?;
        check_length("first_name", &first_name, TEXT_CHARACTERS_MAX)?;
        check_length("last_name", &last_name, TEXT_CHARACTERS_MAX)?;
        check_address(&email)?;
        let send_mail = send_mail && role.may_log_in();
        if send_mail {
            self.check_outbox()?;
        }
        self.company().clone_into(&mut profile.company);
        if profile.zip_code.is_empty()
            && let Some(caller) = self.store().user(&actor.login).await?
        {
            profile.zip_code = caller.profile.zip_code;
        }
        let password = generate_password(self.parts.ids.as_ref());
        let password_hash = self.hash_password(&password).await?;
        let logins = login_candidates(self.company(), &first_name, &last_name);
        let mail_to = email.clone();
        let created_at = self.clock().now();
        let login = self
            .store_under_first_free(logins, |login| palisade_store::NewUser {
                login,
                role,
                status: if role.may_log_in() { UserStatus::PendingActivation } else { UserStatus::Active },
                first_name: first_name.clone(),
                last_name: last_name.clone(),
                email: email.clone(),
                profile: profile.clone(),
                password_hash: password_hash.clone(),
                assigned_ips: IpSet::new(),
                permissions: Permissions::of_new(role),
                business_unit,
                eula_accepted_at: None,
                created_at,
                expires_at: None,
                asset_groups: asset_groups.clone(),
            })
            .await?;
        self.record_done(actor, "user", "add", format!("{login}, {role}")).await?;
        if send_mail {
            self.send_mail(credentials_mail(mail_to, "Your Palisade account", &login, &password)).await?;
        }
        Ok(NewAccount { login, password })
    }

    /// The unit of a new user: one that the caller reaches, and that takes users of the role.
    async fn unit_for(&self, reach: UserReach, role: Role, title: &str) -> Result<Option<i64>> {
        let unit = if title.trim() == UNASSIGNED { None } else { Some(self.unit_named(title).await?.id) };
        let within = match reach {
            UserReach::Everybody | UserReach::ButManagement { .. } => true,
            UserReach::Unit { unit: own, .. } => unit == Some(own),
            UserReach::Caller { .. } => false,
        };
        if !within {
            return Err(Error::UnknownBusinessUnit { title: title.to_owned() });
        }
        if role.fits(unit.is_some()) { Ok(unit) } else { Err(Error::UnitDoesNotFit { role }) }
    }

    /// Changes what `edit` names about a user, and replaces the asset groups by those with
    /// the titles in `asset_groups`.
    ///
    /// # Errors
    ///
    /// [`Error::Forbidden`], [`Error::UnknownUser`] also for those out of sight,
    /// [`Error::NotAMailAddress`], [`Error::NoAssetGroups`], [`Error::UnknownAssetGroup`].
    pub async fn edit_user(
        &self,
        actor: &Actor,
        login: &str,
        edit: &UserEdit,
        asset_groups: Option<&[String]>,
    ) -> Result<Login> {
        let reach = actor.allow(Action::Edit, Resource::User)?.users();
        let user = self.user_in_sight(reach, login).await?;
        let asset_groups = match asset_groups {
            // Also when there are none: a role without asset groups has none to lose.
            Some(_) if !user.role.takes_asset_groups() => {
                return Err(Error::NoAssetGroups { role: user.role });
            }
            Some(titles) => Some(self.asset_groups_for(actor, user.role, user.business_unit, titles).await?),
            None => None,
        };
        if let Some(email) = &edit.email {
            check_address(email)?;
        }
        self.store().edit_user(user.id, edit, asset_groups.as_deref()).await?;
        self.record_done(actor, "user", "edit", user.login.to_string()).await?;
        Ok(user.login)
    }

    /// Switches a user on (only from Inactive) or off (only from Active). It takes effect with the
    /// next call that the user makes.
    ///
    /// # Errors
    ///
    /// [`Error::Forbidden`], [`Error::UnknownUser`] also for those out of sight,
    /// [`Error::OwnAccount`], [`Error::WrongStatus`], [`Error::LastManager`],
    /// [`Error::LastUnitManager`].
    pub async fn switch_user(&self, actor: &Actor, login: &str, on: bool) -> Result<Login> {
        let reach = actor.allow(Action::Edit, Resource::User)?.users();
        let user = self.user_in_sight(reach, login).await?;
        if user.id == actor.user_id {
            return Err(Error::OwnAccount);
        }
        let (from, action) =
            if on { (UserStatus::Inactive, "activate") } else { (UserStatus::Active, "deactivate") };
        if user.status != from {
            return Err(Error::WrongStatus { status: user.status });
        }
        if !on {
            released(self.store().deactivate_user(user.id, Some(from)).await?, &user)?;
        } else if !self.store().move_user_status(user.id, from, UserStatus::Active).await? {
            return Err(Error::Conflict);
        }
        self.record_done(actor, "user", action, user.login.to_string()).await?;
        Ok(user.login)
    }

    /// The user with this login, if the permission reaches them.
    async fn user_in_sight(&self, reach: UserReach, login: &str) -> Result<User> {
        let login: Login = login.parse().map_err(|_| Error::UnknownUser)?;
        let user = self.store().user(&login).await?;
        user.filter(|user| reach.has(user)).ok_or(Error::UnknownUser)
    }
}

/// The mail that tells somebody how to log in.
pub(crate) fn credentials_mail(
    to: String,
    subject: &'static str,
    login: &Login,
    password: &Password,
) -> Mail {
    let text = Zeroizing::new(format!(
        "Login: {login}\nPassword: {}\n\nBefore anything else, a new user accepts the terms of service by \
         calling acceptEULA.php.\n",
        password.reveal()
    ));
    Mail { to, subject, text }
}
