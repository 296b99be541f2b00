//! Who acts, and what they may do: the only place where permission is decided.

use std::net::{IpAddr, Ipv4Addr};

use palisade_model::{Action, IpSet, Login, Permissions, Resource, Role, Scope};
use palisade_store::{AssetGroup, Reach, User};

use crate::error::{Error, Result};

/// A user who has proven who they are. Made only by [`crate::App::authenticate`],
/// and for the command line by [`Actor::operator`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Actor {
    pub user_id: i64,
    pub login: Login,
    pub role: Role,
    /// What the user may do beyond the role.
    pub permissions: Permissions,
    pub first_name: String,
    pub last_name: String,
    pub eula_accepted: bool,
    /// Addresses the user reaches: those of the unit for a Unit Manager, else those assigned by
    /// asset groups or one by one, within the unit.
    pub assigned_ips: IpSet,
    /// The business unit the user is in.
    pub business_unit: Option<UnitOfActor>,
    /// Where the call came from.
    pub from: IpAddr,
}

/// The business unit of whoever acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitOfActor {
    pub id: i64,
    /// Ids of its asset groups.
    pub asset_groups: Vec<i64>,
}

impl Actor {
    /// Whoever runs the program on the machine that holds the data: a Manager without an account.
    #[must_use]
    pub fn operator() -> Self {
        Self {
            user_id: 0,
            login: Login::command_line(),
            business_unit: None,
            role: Role::Manager,
            permissions: Permissions::default(),
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
        let needed = self.role.needs(action, resource);
        match self.role.scope(action, resource) {
            Scope::None => Err(Error::Forbidden { action, resource }),
            _ if needed.is_some_and(|needed| !self.permissions.allow(self.role, needed)) => {
                Err(Error::Forbidden { action, resource })
            }
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
            Scope::BusinessUnit | Scope::AssetGroups => Reach::Assigned {
                ips: self.actor.assigned_ips.clone(),
                login: self.actor.login.clone(),
                asset_groups: self.unit().map(|unit| unit.asset_groups.clone()).unwrap_or_default(),
            },
            Scope::Own => Reach::Own { login: self.actor.login.clone() },
            // No host is in policy compliance yet, and a refusal never becomes a permit.
            Scope::Compliance | Scope::None => Reach::Nothing,
        }
    }

    /// The business unit, where the permission reaches all of it.
    fn unit(&self) -> Option<&UnitOfActor> {
        self.actor.business_unit.as_ref().filter(|_| self.scope == Scope::BusinessUnit)
    }

    /// The asset groups the permission reaches.
    pub(crate) fn asset_groups(self) -> GroupReach {
        GroupReach { unit: self.unit().map(|unit| unit.id), reach: self.reach() }
    }

    /// The users the permission reaches.
    pub(crate) fn users(self) -> UserReach {
        let caller = self.actor.user_id;
        match (self.scope, &self.actor.business_unit) {
            (Scope::Subscription, _) if self.actor.role == Role::Administrator => {
                UserReach::ButManagement { caller }
            }
            (Scope::Subscription, _) => UserReach::Everybody,
            (Scope::BusinessUnit, Some(unit)) => UserReach::Unit { unit: unit.id, caller },
            // A Unit Manager without a unit has nobody to manage.
            _ => UserReach::Caller { caller },
        }
    }

    /// For use cases that concern nobody but the caller: their own id.
    pub(crate) fn caller(self) -> i64 {
        self.actor.user_id
    }
}

/// Asset groups within a permission's reach.
#[derive(Debug)]
pub(crate) struct GroupReach {
    /// For addresses, and for groups that somebody made or is assigned.
    pub(crate) reach: Reach,
    /// The unit that new groups are put into.
    pub(crate) unit: Option<i64>,
}

impl GroupReach {
    pub(crate) fn has(&self, group: &AssetGroup) -> bool {
        self.reach.has_asset_group(group)
    }
}

/// Users within a permission's reach. Whoever calls reaches themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UserReach {
    Everybody,
    /// Everybody but Managers and Administrators.
    ButManagement {
        caller: i64,
    },
    /// The users of a business unit.
    Unit {
        unit: i64,
        caller: i64,
    },
    Caller {
        caller: i64,
    },
}

impl UserReach {
    pub(crate) fn has(self, user: &User) -> bool {
        match self {
            Self::Everybody => true,
            Self::ButManagement { caller } => user.id == caller || !is_management(user.role),
            Self::Unit { unit, caller } => user.id == caller || user.business_unit == Some(unit),
            Self::Caller { caller } => user.id == caller,
        }
    }

    /// Whether whoever has this reach may make a user of this role. Which roles fit into a unit is
    /// another question.
    pub(crate) fn may_make(self, role: Role) -> bool {
        !matches!(self, Self::ButManagement { .. }) || !is_management(role)
    }
}

fn is_management(role: Role) -> bool {
    matches!(role, Role::Manager | Role::Administrator)
}
