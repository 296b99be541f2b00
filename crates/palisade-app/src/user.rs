//! Users as other users see and manage them.

use palisade_model::user::Password;
use palisade_model::{Action, IpSet, Login, Resource, Role, UserEdit, UserProfile, UserStatus};
use palisade_store::User;
use zeroize::Zeroizing;

use crate::account::{NewAccount, UserView, login_candidates, view};
use crate::actor::Actor;
use crate::app::App;
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
}

impl App {
    /// The users that are wanted and that `actor` may see, by login.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Forbidden`] for roles that do not manage users.
    pub async fn list_users_in_sight(&self, actor: &Actor, wanted: &ListUsers) -> Result<Vec<ListedUser>> {
        let only = actor.allow(Action::List, Resource::User)?.only_login();
        let groups = self.store().list_asset_groups().await?;
        let users = self.store().list_users().await?;
        let first_manager = users.iter().filter(|user| user.role == Role::Manager).map(|user| user.id).min();
        let seen = users.into_iter().filter(|user| only.as_ref().is_none_or(|own| *own == user.login));
        let listed = seen.map(|user| {
            let manager_poc = first_manager == Some(user.id);
            ListedUser { user: view(user, &groups), manager_poc }
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

/// The unit of everybody, as long as there are no business units.
const UNASSIGNED: &str = "Unassigned";
/// Longest names and addresses of a person.
const TEXT_CHARACTERS_MAX: usize = 256;

/// A user to be made by another.
#[derive(Debug, Clone)]
pub struct CreateUser {
    pub role: Role,
    pub business_unit: String,
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
    /// [`Error::Forbidden`], [`Error::UnknownBusinessUnit`] when it is none of the caller's,
    /// [`Error::NotAMailAddress`], [`Error::TooLong`], [`Error::NoOutbox`] before anything is
    /// made; [`Error::Outbox`] when the user was made but the mail could not be written.
    pub async fn create_user(&self, actor: &Actor, new: CreateUser) -> Result<NewAccount> {
        let limited = actor.allow(Action::Add, Resource::User)?.only_login().is_some();
        let CreateUser { role, business_unit, first_name, last_name, email, mut profile, send_mail } = new;
        if limited || business_unit != UNASSIGNED {
            return Err(Error::UnknownBusinessUnit { title: business_unit });
        }
        check_length("first_name", &first_name, TEXT_CHARACTERS_MAX)?;
        check_length("last_name", &last_name, TEXT_CHARACTERS_MAX)?;
        check_address(&email)?;
        let send_mail = send_mail && role.may_log_in();
        if send_mail {
            self.outbox()?;
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
                eula_accepted_at: None,
                created_at,
                expires_at: None,
                asset_groups: Vec::new(),
            })
            .await?;
        self.record_done(actor, "user", "add", format!("{login}, {role}")).await?;
        if send_mail {
            self.send_mail(credentials_mail(mail_to, "Your Palisade account", &login, &password)).await?;
        }
        Ok(NewAccount { login, password })
    }

    /// Changes what `edit` names about a user.
    ///
    /// # Errors
    ///
    /// [`Error::Forbidden`], [`Error::UnknownUser`] also for those out of sight,
    /// [`Error::NotAMailAddress`].
    pub async fn edit_user(&self, actor: &Actor, login: &str, edit: &UserEdit) -> Result<Login> {
        let only = actor.allow(Action::Edit, Resource::User)?.only_login();
        let user = self.user_in_sight(only, login).await?;
        if let Some(email) = &edit.email {
            check_address(email)?;
        }
        self.store().edit_user(user.id, edit).await?;
        self.record_done(actor, "user", "edit", user.login.to_string()).await?;
        Ok(user.login)
    }

    /// Switches a user on (only from Inactive) or off (only from Active). It takes effect with the
    /// next call that the user makes.
    ///
    /// # Errors
    ///
    /// [`Error::Forbidden`], [`Error::UnknownUser`] also for those out of sight,
    /// [`Error::OwnAccount`], [`Error::WrongStatus`].
    pub async fn switch_user(&self, actor: &Actor, login: &str, on: bool) -> Result<Login> {
        let only = actor.allow(Action::Edit, Resource::User)?.only_login();
        let user = self.user_in_sight(only, login).await?;
        if user.id == actor.user_id {
            return Err(Error::OwnAccount);
        }
        let (from, to, action) = if on {
            (UserStatus::Inactive, UserStatus::Active, "activate")
        } else {
            (UserStatus::Active, UserStatus::Inactive, "deactivate")
        };
        if user.status != from {
            return Err(Error::WrongStatus { status: user.status });
        }
        if !self.store().move_user_status(user.id, from, to).await? {
            return Err(Error::Conflict);
        }
        self.record_done(actor, "user", action, user.login.to_string()).await?;
        Ok(user.login)
    }

    /// The user with this login, if the permission reaches them.
    async fn user_in_sight(&self, only: Option<Login>, login: &str) -> Result<User> {
        let login: Login = login.parse().map_err(|_| Error::UnknownUser)?;
        if only.is_some_and(|own| own != login) {
            return Err(Error::UnknownUser);
        }
        self.store().user(&login).await?.ok_or(Error::UnknownUser)
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
