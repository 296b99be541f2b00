//! Who acts, and what they may do: the only place where permission is decided.

use std::net::{IpAddr, Ipv4Addr};

use palisade_model::{Action, IpSet, Login, Resource, Role, Scope};
use palisade_store::Reach;

use crate::error::{Error, Result};

/// A user who has proven who they are. Made only by [`crate::App::authenticate`],
/// and for the command line by [`Actor::operator`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Actor {
    pub user_id: i64,
    pub login: Login,
    pub role: Role,
    pub first_name: String,
    pub last_name: String,
    pub eula_accepted: bool,
    /// Addresses assigned to the user, by asset groups or one by one.
    pub assigned_ips: IpSet,
    /// Where the call came from.
    pub from: IpAddr,
}

impl Actor {
    /// Whoever runs the program on the machine that holds the data: a Manager without an account.
    #[must_use]
    pub fn operator() -> Self {
        Self {
            user_id: 0,
            login: Login::command_line(),
            role: Role::Manager,
            first_name: String::new(),
            last_name: String::new(),
            eula_accepted: true,
            assigned_ips: IpSet::new(),
            from: IpAddr::V4(Ipv4Addr::LOCALHOST),
        }
    }

    /// Whether the user may do `action` to some `resource` at all; use cases still decide about
    /// single objects.
    ///
    /// # Errors
    ///
    /// [`Error::EulaNotAccepted`] first, then [`Error::Forbidden`].
    pub fn may(&self, action: Action, resource: Resource) -> Result<()> {
        self.allow(action, resource).map(|_| ())
    }

    /// The permission to do `action` to `resource`.
    ///
    /// # Errors
    ///
    /// [`Error::EulaNotAccepted`] first, then [`Error::Forbidden`].
    pub(crate) fn allow(&self, action: Action, resource: Resource) -> Result<Permit<'_>> {
        if !self.eula_accepted {
            return Err(Error::EulaNotAccepted);
        }
        self.allow_before_eula(action, resource)
    }

    /// The same for the one use case that comes before the terms are accepted.
    pub(crate) fn allow_before_eula(&self, action: Action, resource: Resource) -> Result<Permit<'_>> {
        match self.role.scope(action, resource) {
            Scope::None => Err(Error::Forbidden { action, resource }),
            scope => Ok(Permit { actor: self, scope }),
        }
    }
}

/// A granted permission. Neither copied nor kept: a use case consumes it to learn how far it
/// reaches.
#[derive(Debug)]
#[must_use]
pub(crate) struct Permit<'a> {
    actor: &'a Actor,
    scope: Scope,
}

impl Permit<'_> {
    /// The objects the permission reaches.
    pub(crate) fn reach(self) -> Reach {
        match self.scope {
            Scope::Subscription => Reach::Everything,
            Scope::BusinessUnit | Scope::AssetGroups => {
                Reach::Assigned { ips: self.actor.assigned_ips.clone(), login: self.actor.login.clone() }
            }
            Scope::Own => Reach::Own { login: self.actor.login.clone() },
            // No host is in policy compliance yet, and a refusal never becomes a permit.
            Scope::Compliance | Scope::None => Reach::Nothing,
        }
    }

    /// The login that the permission is limited to; `None` when it reaches every user. A Unit
    /// Manager reaches the users of the business unit: themselves, as long as there are no units.
    pub(crate) fn only_login(self) -> Option<Login> {
        match self.scope {
            Scope::Subscription => None,
            Scope::BusinessUnit | Scope::AssetGroups | Scope::Compliance | Scope::Own | Scope::None => {
                Some(self.actor.login.clone())
            }
        }
    }

    /// For use cases that concern nobody but the caller: their own id.
    pub(crate) fn caller(self) -> i64 {
        self.actor.user_id
    }
}
