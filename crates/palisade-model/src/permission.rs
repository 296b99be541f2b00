//! What single users may do beyond what every user of their role may: extended permissions.
//!
//! Managers need none. Which role can hold which is part of the role table; who holds one is stored
//! with the user.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::role::{Action, Resource, Role};
use crate::words::words;

words! {
    /// One extended permission. Source: "Setting user permissions" of the service's help.
    #[derive(PartialOrd, Ord)]
    pub enum Permission or NotAPermission {
        /// Add addresses and domains to the subscription.
        AddAssets = "add_assets",
        /// Make, change and delete option profiles.
        CreateOptionProfiles = "create_option_profiles",
        /// Make, change and delete asset groups of one's own.
        EditAssetGroups = "edit_asset_groups",
        /// Make, change and delete authentication records and vaults.
        EditAuthRecords = "edit_auth_records",
        /// Decide how tickets are made, and delete them.
        EditRemediationPolicy = "edit_remediation_policy",
        /// Make, change and delete virtual hosts.
        EditVirtualHosts = "edit_virtual_hosts",
        /// Delete what is known about hosts.
        PurgeHosts = "purge_hosts",
    }
}

impl Permission {
    /// Whether users of the role can be given it. Managers do without.
    #[must_use]
    pub const fn fits(self, role: Role) -> bool {
        match self {
            Self::AddAssets | Self::EditAuthRecords | Self::EditRemediationPolicy => {
                matches!(role, Role::UnitManager)
            }
            Self::CreateOptionProfiles | Self::EditVirtualHosts | Self::PurgeHosts => {
                matches!(role, Role::UnitManager | Role::Scanner)
            }
            Self::EditAssetGroups => matches!(role, Role::Scanner),
        }
    }
}

/// A text that names no extended permission.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a permission is one of add_assets, create_option_profiles, edit_asset_groups, edit_auth_records, \
     edit_remediation_policy, edit_virtual_hosts, purge_hosts"
)]
pub struct NotAPermission;

/// The extended permissions of a user. As text their words, separated by commas.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permissions(BTreeSet<Permission>);

impl Permissions {
    /// What a new user of the role has.
    #[must_use]
    pub fn of_new(role: Role) -> Self {
        match role {
            Role::UnitManager => {
                [Permission::CreateOptionProfiles, Permission::EditAuthRecords, Permission::EditVirtualHosts]
                    .into_iter()
                    .collect()
            }
            Role::Scanner => {
                [Permission::CreateOptionProfiles, Permission::EditAssetGroups, Permission::EditVirtualHosts]
                    .into_iter()
                    .collect()
            }
            Role::Manager | Role::Auditor | Role::Reader | Role::Contact | Role::Administrator => {
                Self::default()
            }
        }
    }

    /// Whether a user of the role with these permissions may do what `permission` is for.
    #[must_use]
    pub fn allow(&self, role: Role, permission: Permission) -> bool {
        role == Role::Manager || (permission.fits(role) && self.0.contains(&permission))
    }

    /// The first that users of the role cannot be given.
    #[must_use]
    pub fn misfit(&self, role: Role) -> Option<Permission> {
        self.0.iter().copied().find(|permission| !permission.fits(role))
    }

    pub fn iter(&self) -> impl Iterator<Item = Permission> + '_ {
        self.0.iter().copied()
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(permissions.into_iter().collect())
    }
}

impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, permission) in self.iter().enumerate() {
            let comma = if position == 0 { "" } else { "," };
            write!(f, "{comma}{permission}")?;
        }
        Ok(())
    }
}

impl FromStr for Permissions {
    type Err = NotAPermission;

    fn from_str(text: &str) -> Result<Self, NotAPermission> {
        text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::parse).collect()
    }
}

impl Role {
    /// The extended permission that users of the role need to do `action` to `resource`, beside
    /// what [`Role::scope`] says.
    #[must_use]
    pub const fn needs(self, action: Action, resource: Resource) -> Option<Permission> {
        use Action::{Add, Delete, Edit};
        use Resource::{AssetGroup, AuthRecord, AuthVault, Domain, Host, OptionProfile, Ticket, VirtualHost};
        match (self, action, resource) {
            (Self::Manager | Self::Administrator, _, _) => None,
            (_, Add, Host | Domain) => Some(Permission::AddAssets),
            (_, Delete, Host) => Some(Permission::PurgeHosts),
            (_, Add | Edit | Delete, OptionProfile) => Some(Permission::CreateOptionProfiles),
            (_, Add | Edit | Delete, AuthRecord | AuthVault) => Some(Permission::EditAuthRecords),
            (_, Add | Edit | Delete, VirtualHost) => Some(Permission::EditVirtualHosts),
            (_, Delete, Ticket) => Some(Permission::EditRemediationPolicy),
            (Self::Scanner, Add | Edit | Delete, AssetGroup) => Some(Permission::EditAssetGroups),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_leave_and_come_back_as_text() {
        let all: Permissions = Permission::ALL.into_iter().collect();
        assert_eq!(all.to_string().parse(), Ok(all));
        assert_eq!("".parse(), Ok(Permissions::default()));
        assert_eq!("fly".parse::<Permissions>(), Err(NotAPermission));
    }

    #[test]
    fn new_users_have_only_what_fits() {
        for role in Role::ALL {
            assert_eq!(Permissions::of_new(role).misfit(role), None, "{role}");
        }
    }

    #[test]
    fn a_permission_of_another_role_allows_nothing() {
        let all: Permissions = Permission::ALL.into_iter().collect();
        assert!(!all.allow(Role::Reader, Permission::PurgeHosts));
        assert!(!all.allow(Role::Scanner, Permission::AddAssets));
        assert!(all.allow(Role::Scanner, Permission::PurgeHosts));
        assert!(Permissions::default().allow(Role::Manager, Permission::PurgeHosts));
        assert!(!Permissions::default().allow(Role::UnitManager, Permission::PurgeHosts));
    }
}
