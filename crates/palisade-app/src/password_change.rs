//! New passwords for users, generated at the wish of another.

use palisade_model::user::Password;
use palisade_model::{Action, Login, Resource, UserStatus};
use palisade_store::User;

use crate::actor::Actor;
use crate::app::App;
use crate::error::Result;
use crate::outbox::check_address;
use crate::password::generate_password;
use crate::user::credentials_mail;

/// Whose passwords to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordsOf {
    /// Of everybody in sight who can log in, but the caller.
    All,
    /// Of the users with these logins.
    Logins(Vec<String>),
}

/// What became of the passwords.
#[derive(Debug, Clone, Default)]
pub struct PasswordChanges {
    /// Each with the new password, unless that was mailed.
    pub changed: Vec<(Login, Option<Password>)>,
    /// Each as it was named, and why it was left alone.
    pub unchanged: Vec<(String, PasswordKept)>,
}

/// Why a password was left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordKept {
    /// There is no such user, or they are out of the caller's sight.
    UnknownUser,
    /// A Contact cannot log in.
    Contact,
    /// The user has no address that a mail could be sent to.
    NoMailAddress,
}

impl App {
    /// Gives users new passwords, by mail or in the answer. In the answer only, a user who waits for
    /// activation becomes active.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Forbidden`]; [`crate::Error::NoOutbox`] before anything is changed; [`crate::Error::Outbox`] when
    /// a mail could not be written: that user's password and those of the users after it stay.
    pub async fn change_passwords(
        &self,
        actor: &Actor,
        wanted: PasswordsOf,
        send_mail: bool,
    ) -> Result<PasswordChanges> {
        let reach = actor.allow(Action::Edit, Resource::User)?.users();
        if send_mail {
            self.outbox()?;
        }
        let mut users = self.store().list_users().await?;
        users.retain(|user| reach.has(user));
        let mut changes = PasswordChanges::default();
        let chosen: Vec<User> = match wanted {
            PasswordsOf::All => {
                users.into_iter().filter(|user| user.id != actor.user_id && user.role.may_log_in()).collect()
            }
            PasswordsOf::Logins(names) => choose(users, names, &mut changes),
        };
        for user in chosen {
            if !user.role.may_log_in() {
                changes.unchanged.push((user.login.to_string(), PasswordKept::Contact));
            } else if send_mail && check_address(&user.email).is_err() {
                changes.unchanged.push((user.login.to_string(), PasswordKept::NoMailAddress));
            } else {
                let password = self.change_password(actor, &user, send_mail).await?;
                changes.changed.push((user.login, (!send_mail).then_some(password)));
            }
        }
        Ok(changes)
    }

    async fn change_password(&self, actor: &Actor, user: &User, send_mail: bool) -> Result<Password> {
        let password = generate_password(self.parts.ids.as_ref());
        let password_hash = self.hash_password(&password).await?;
        if send_mail {
            // First: without its mail, a new password would lock the user out.
            let subject = "Your new Palisade password";
            self.send_mail(credentials_mail(user.email.clone(), subject, &user.login, &password)).await?;
        }
        self.store().set_password_hash(user.id, &password_hash).await?;
        if !send_mail {
            let (from, to) = (UserStatus::PendingActivation, UserStatus::Active);
            self.store().move_user_status(user.id, from, to).await?;
        }
        self.record_done(actor, "user", "password", user.login.to_string()).await?;
        Ok(password)
    }
}

/// The users named, each once, in the order they are named.
fn choose(users: Vec<User>, names: Vec<String>, changes: &mut PasswordChanges) -> Vec<User> {
    let mut users: Vec<Option<User>> = users.into_iter().map(Some).collect();
    let mut taken: Vec<String> = Vec::new();
    let mut chosen = Vec::new();
    for name in names {
        if taken.contains(&name) {
            continue;
        }
        let is_named = |user: &Option<User>| user.as_ref().is_some_and(|user| user.login.as_str() == name);
        match users.iter_mut().find(|user| is_named(user)).and_then(Option::take) {
            Some(user) => chosen.push(user),
            None => changes.unchanged.push((name.clone(), PasswordKept::UnknownUser)),
        }
        taken.push(name);
    }
    chosen
}
