//! Roles and what they may do: the one table that the permission layer reads and the matrix
//! test walks.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A user's role in the subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Role {
    Manager,
    UnitManager,
    Auditor,
    Scanner,
    Reader,
    /// Receives mail; cannot log in.
    Contact,
    /// Manages users, asset groups and business units, and sees nothing of hosts and scans.
    Administrator,
}

impl Role {
    pub const ALL: [Self; 7] = [
        Self::Manager,
        Self::UnitManager,
        Self::Auditor,
        Self::Scanner,
        Self::Reader,
        Self::Contact,
        Self::Administrator,
    ];

    /// The words of parameters, in the order of [`Role::ALL`].
    pub const WORDS: &'static [&'static str] =
        &["manager", "unit_manager", "auditor", "scanner", "reader", "contact", "administrator"];

    /// The name shown to people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Manager => "Manager",
            Self::UnitManager => "Unit Manager",
            Self::Auditor => "Auditor",
            Self::Scanner => "Scanner",
            Self::Reader => "Reader",
            Self::Contact => "Contact",
            Self::Administrator => "User Administrator",
        }
    }

    /// The name used in parameters and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Manager => "manager",
            Self::UnitManager => "unit_manager",
            Self::Auditor => "auditor",
            Self::Scanner => "scanner",
            Self::Reader => "reader",
            Self::Contact => "contact",
            Self::Administrator => "administrator",
        }
    }

    /// Whether the role may call the API at all.
    #[must_use]
    pub const fn may_log_in(self) -> bool {
        !matches!(self, Self::Contact)
    }

    /// Whether asset groups are assigned to users of the role one by one.
    #[must_use]
    pub const fn takes_asset_groups(self) -> bool {
        matches!(self, Self::Scanner | Self::Reader | Self::Contact)
    }

    /// Whether users of the role may be in a business unit (`in_unit`) or in none: Managers,
    /// Auditors and Administrators are in none, a Unit Manager is in one.
    #[must_use]
    pub const fn fits(self, in_unit: bool) -> bool {
        match self {
            Self::Manager | Self::Auditor | Self::Administrator => !in_unit,
            Self::UnitManager => in_unit,
            Self::Scanner | Self::Reader | Self::Contact => true,
        }
    }

    /// How far the role reaches when it does `action` to `resource`. Source: the role table of
    /// the API (Manager the whole subscription, Unit Manager the business unit, Scanner and
    /// Reader the assigned asset groups, Auditor compliance only). For some of it single users need a
    /// permission besides: [`Role::needs`].
    #[must_use]
    #[expect(clippy::match_same_arms, reason = "one line a cell of the role table, in the table's order")]
    pub const fn scope(self, action: Action, resource: Resource) -> Scope {
        use Action::{Add, Cancel, Delete, Edit, Launch, List};
        use Resource::{
            Account, ActivityLog, Appliance, AssetGroup, AuthRecord, AuthVault, BusinessUnit, Domain,
            ExcludedHost, Host, HostVulnerability, KnowledgeBase, Map, MapReport, Network, OptionProfile,
            Report, ReportTemplate, Scan, ScanReport, ScheduledTask, SearchList, Service, Ticket, User,
            VirtualHost,
        };
        match (self, action, resource) {
            (Self::Contact, _, _) => Scope::None,
            (_, List, Service) | (_, Edit, Account) => Scope::Own,
            (Self::Manager, _, _) => Scope::Subscription,
            (Self::Administrator, _, User | AssetGroup | BusinessUnit) => Scope::Subscription,
            (Self::Administrator, List, ActivityLog) => Scope::Own,
            (Self::UnitManager | Self::Scanner | Self::Reader, List, KnowledgeBase) => Scope::Subscription,
            (Self::UnitManager, List | Launch | Cancel | Delete, Map | MapReport) => Scope::BusinessUnit,
            (Self::Scanner, Launch, Map) => Scope::AssetGroups,
            (Self::Scanner | Self::Reader, List, Map | MapReport) => Scope::AssetGroups,
            (Self::Scanner, Cancel | Delete, Map | MapReport) => Scope::Own,
            (Self::UnitManager, List | Add | Edit | Delete, AuthRecord) => Scope::BusinessUnit,
            (Self::Scanner, List, AuthRecord) => Scope::AssetGroups,
            // A vault has no hosts.
            (Self::UnitManager, List | Add | Edit | Delete, AuthVault) => Scope::BusinessUnit,
            (Self::Scanner, List, AuthVault) => Scope::AssetGroups,
            (Self::UnitManager, List | Add, Domain) => Scope::BusinessUnit,
            (Self::Scanner | Self::Reader, List, Domain) => Scope::AssetGroups,
            (Self::UnitManager, List, HostVulnerability) => Scope::BusinessUnit,
            (Self::Scanner | Self::Reader, List, HostVulnerability) => Scope::AssetGroups,
            (Self::UnitManager, List | Launch | Cancel | Delete, Report) => Scope::BusinessUnit,
            (Self::Scanner | Self::Reader, List | Launch | Cancel | Delete, Report) => Scope::Own,
            (Self::Auditor, List, Report) => Scope::Subscription,
            (Self::Auditor, Launch | Cancel | Delete, Report) => Scope::Own,
            (
                Self::UnitManager | Self::Scanner | Self::Reader,
                List | Add | Edit | Delete,
                ReportTemplate,
            ) => Scope::Own,
            (Self::Auditor, List, ReportTemplate) => Scope::Compliance,
            (Self::UnitManager, List | Launch | Cancel | Delete, Scan | ScanReport) => Scope::BusinessUnit,
            (Self::UnitManager, List | Add | Edit | Delete, Host) => Scope::BusinessUnit,
            (Self::UnitManager, List, ExcludedHost) => Scope::BusinessUnit,
            (Self::Scanner, List, ExcludedHost) => Scope::AssetGroups,
            (Self::UnitManager, List | Add | Edit | Delete, OptionProfile) => Scope::BusinessUnit,
            (Self::Scanner, List | Add | Edit | Delete, OptionProfile) => Scope::Own,
            (Self::Auditor | Self::Reader, List, OptionProfile) => Scope::Own,
            (Self::UnitManager | Self::Scanner | Self::Reader, List | Add | Edit | Delete, SearchList) => {
                Scope::Own
            }
            (Self::UnitManager, List | Edit | Delete, Ticket) => Scope::BusinessUnit,
            (Self::Scanner | Self::Reader, List, Ticket) => Scope::AssetGroups,
            (Self::UnitManager, List, ActivityLog) => Scope::BusinessUnit,
            (Self::UnitManager, List | Add | Edit, User) => Scope::BusinessUnit,
            (Self::Auditor | Self::Scanner | Self::Reader, List, ActivityLog) => Scope::Own,
            (Self::UnitManager, List | Add | Edit | Delete, AssetGroup) => Scope::BusinessUnit,
            (Self::Scanner | Self::Reader, List, AssetGroup) => Scope::AssetGroups,
            (Self::Scanner, Add | Edit | Delete, AssetGroup) => Scope::Own,
            (Self::Auditor, List, AssetGroup) => Scope::Compliance,
            (Self::Scanner, Launch, Scan) => Scope::AssetGroups,
            (Self::Scanner, List, Scan | ScanReport) => Scope::AssetGroups,
            (Self::Scanner, Cancel | Delete, Scan | ScanReport) => Scope::Own,
            (Self::Reader, List, Scan | ScanReport) => Scope::AssetGroups,
            (Self::UnitManager, List | Add | Edit | Delete, ScheduledTask) => Scope::BusinessUnit,
            (Self::Scanner, List | Add | Edit | Delete, ScheduledTask) => Scope::Own,
            (Self::Reader, List, ScheduledTask) => Scope::AssetGroups,
            (Self::Scanner, Delete, Host) => Scope::AssetGroups,
            (Self::Scanner | Self::Reader, List, Host) => Scope::AssetGroups,
            (Self::Auditor, List, Host) => Scope::Compliance,
            (Self::UnitManager, List | Add | Edit | Delete, VirtualHost) => Scope::BusinessUnit,
            (Self::Scanner, List | Add | Edit | Delete, VirtualHost) => Scope::AssetGroups,
            (Self::Reader, List, VirtualHost) => Scope::AssetGroups,
            (Self::UnitManager, List | Add | Edit | Delete, Appliance) => Scope::BusinessUnit,
            (Self::Scanner, List | Add, Appliance) => Scope::AssetGroups,
            (Self::Scanner, Edit | Delete, Appliance) => Scope::Own,
            (Self::UnitManager | Self::Scanner | Self::Reader, List, Network) => Scope::Subscription,
            (
                Self::UnitManager | Self::Auditor | Self::Scanner | Self::Reader | Self::Administrator,
                _,
                _,
            ) => Scope::None,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

/// A text that names no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a role is one of manager, unit_manager, auditor, scanner, reader, contact, administrator")]
pub struct NotARole;

impl FromStr for Role {
    type Err = NotARole;

    fn from_str(text: &str) -> Result<Self, NotARole> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(NotARole)
    }
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// See a list or one item.
    List,
    Launch,
    /// Stop, or pause and resume.
    Cancel,
    Add,
    Edit,
    Delete,
}

/// To what it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Resource {
    /// The service's own description (versions).
    Service,
    /// The caller's own account.
    Account,
    /// What users did, and what they were refused.
    ActivityLog,
    /// Scanner appliances.
    Appliance,
    /// Named sets of addresses.
    AssetGroup,
    /// What scans sign in to hosts with.
    AuthRecord,
    /// Programs of others that keep passwords.
    AuthVault,
    /// Parts of the subscription with asset groups and users of their own.
    BusinessUnit,
    /// Saved reports and those that are being made. An Auditor sees that they are there.
    Report,
    /// What reports are about and what they show; own ones, and those that are for everybody.
    ReportTemplate,
    /// Hosts that no scan and no map may touch.
    ExcludedHost,
    /// Domains of the subscription, which maps are made of.
    Domain,
    /// Hosts (addresses) of the subscription.
    Host,
    /// Maps, running or queued.
    Map,
    /// Saved results of maps.
    MapReport,
    /// Networks that addresses are told apart by.
    Network,
    /// Scans, running or queued.
    Scan,
    /// Saved results of scans.
    ScanReport,
    /// Scans and maps that start by themselves.
    ScheduledTask,
    /// What is known about vulnerabilities.
    KnowledgeBase,
    /// How scans are done; everybody sees the global ones.
    OptionProfile,
    /// Option profiles as whole documents, to be taken to another subscription; Managers only.
    OptionProfileDocument,
    /// Named lists of QIDs; own ones, and those that are for everybody.
    SearchList,
    /// What is known about the weaknesses of hosts: their detections.
    HostVulnerability,
    /// Remediation tickets.
    Ticket,
    /// The addresses that users may sign in from. Managers only.
    RestrictedIp,
    /// Accounts, those of others included.
    User,
    /// Names that web servers are asked by.
    VirtualHost,
}

/// How far a permission reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Refused.
    None,
    /// What the caller owns or launched.
    Own,
    /// The hosts of the asset groups assigned to the caller.
    AssetGroups,
    /// The caller's business unit.
    BusinessUnit,
    /// Hosts that are in policy compliance.
    Compliance,
    /// Everything.
    Subscription,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_name_the_roles_in_their_order() {
        assert_eq!(Role::ALL.map(Role::as_str), Role::WORDS);
    }
}
