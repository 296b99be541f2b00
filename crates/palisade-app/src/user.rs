//! Users as other users see and manage them.

use palisade_model::{Action, Resource, Role};

use crate::account::{UserView, view};
use crate::actor::Actor;
use crate::app::App;
use crate::error::Result;

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
        let users = self.store().list_users().await?;
        let first_manager = users.iter().filter(|user| user.role == Role::Manager).map(|user| user.id).min();
        let seen = users.into_iter().filter(|user| only.as_ref().is_none_or(|own| *own == user.login));
        let listed = seen.map(|user| {
            let manager_poc = first_manager == Some(user.id);
            ListedUser { user: view(user), manager_poc }
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
