//! How far a reader sees.

use palisade_model::{IpSet, Login, OptionProfile};

use crate::asset_group::AssetGroup;
use crate::scan::Scan;

/// Which objects an operation may touch. Decided by the use cases, applied by the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    Everything,
    /// Hosts with these addresses; scans of nothing but such hosts, and the user's own.
    Assigned {
        ips: IpSet,
        login: Login,
        /// Ids of asset groups within reach beside those the user made or is assigned: for a Unit
        /// Manager those of the unit.
        asset_groups: Vec<i64>,
    },
    /// What the user launched.
    Own {
        login: Login,
    },
    Nothing,
}

impl Reach {
    /// Whether the scan is within reach.
    #[must_use]
    pub fn has_scan(&self, scan: &Scan) -> bool {
        match self {
            Self::Everything => true,
            Self::Assigned { ips, login, .. } => {
                scan.login == *login || scan.targets.difference(ips).is_empty()
            }
            Self::Own { login } => scan.login == *login,
            Self::Nothing => false,
        }
    }

    /// Whether the asset group is within reach: the user made it, it is assigned to them, or they
    /// manage its unit.
    #[must_use]
    pub fn has_asset_group(&self, group: &AssetGroup) -> bool {
        match self {
            Self::Everything => true,
            Self::Assigned { login, asset_groups, .. } => {
                asset_groups.contains(&group.id)
                    || group.owner == *login
                    || group.users.iter().any(|user| user.login == *login)
            }
            Self::Own { login } => group.owner == *login,
            Self::Nothing => false,
        }
    }

    /// Whether the option profile is the reach's own: the user made it. Global ones are seen by
    /// everybody and changed by those who reach everything.
    #[must_use]
    pub fn has_option_profile(&self, profile: &OptionProfile) -> bool {
        match self {
            Self::Everything => true,
            Self::Assigned { login, .. } | Self::Own { login } => profile.owner.as_ref() == Some(login),
            Self::Nothing => false,
        }
    }

    /// What of `ips` is within reach. Nobody owns an address, so [`Reach::Own`] has none.
    #[must_use]
    pub fn hosts(&self, ips: &IpSet) -> IpSet {
        match self {
            Self::Everything => ips.clone(),
            Self::Assigned { ips: assigned, .. } => ips.intersection(assigned),
            Self::Own { .. } | Self::Nothing => IpSet::new(),
        }
    }
}
