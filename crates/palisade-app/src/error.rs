//! Why a use case could not be carried out. No numbers, no HTTP: those are the API's business.

use std::net::Ipv4Addr;

use palisade_model::auth_record::BadRecord;
use palisade_model::business_unit::NotAUnitTitle;
use palisade_model::option_profile::BadProfile;
use palisade_model::{
    Action, DomainName, IpSet, Login, MapRef, Permission, Qid, Resource, Role, ScanStatus, VirtualName,
};

/// Shorthand for the results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a use case could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No authentication records of the type have these ids, or they are beyond the user's reach;
    /// at most 20 are named.
    #[error("there are no such authentication records: {ids:?}")]
    UnknownAuthRecords { ids: Vec<u64> },
    /// Another authentication record of the type has this title.
    #[error("there is an authentication record '{title}' already")]
    AuthRecordTaken { title: String },
    /// Hosts of an authentication record are in another one of the type.
    #[error("hosts are in the authentication record '{title}' already: {ips}")]
    AuthRecordOverlap { id: i64, title: String, ips: IpSet },
    /// What an authentication record or a vault says cannot be.
    #[error("the authentication record cannot be so")]
    BadAuthRecord(#[source] BadRecord),
    /// More authentication records of a type than a subscription may have.
    #[error("a subscription has at most {max} authentication records of a type")]
    TooManyAuthRecords { max: usize },
    /// There is no such vault.
    #[error("there is no vault {id}")]
    UnknownVault { id: i64 },
    /// Another vault has this title.
    #[error("there is a vault '{title}' already")]
    VaultTaken { title: String },
    /// Authentication records refer to the vault.
    #[error("the vault '{title}' is in use")]
    VaultInUse { title: String },
    /// More vaults than a subscription may have.
    #[error("a subscription has at most {max} vaults")]
    TooManyVaults { max: usize },
    /// The terms have to be accepted before anything else.
    #[error("the terms of service have not been accepted")]
    EulaNotAccepted,
    /// The role may never do this, to whatever object.
    #[error("the user's role does not permit {action:?} on {resource:?}")]
    Forbidden { action: Action, resource: Resource },
    /// There is no such scan, or it is out of the user's sight.
    #[error("the scan reference is unknown")]
    UnknownScan,
    /// There is no such host, or it is out of the user's sight.
    #[error("the host is unknown")]
    UnknownHost,
    /// No host within the user's reach was found to have this name.
    #[error("no host is known by the name '{name}'")]
    UnknownHostName { name: String },
    /// There is nothing left to cancel.
    #[error("the scan has ended already")]
    ScanEnded,
    /// What is asked is not for a scan in this status.
    #[error("the scan is {status}")]
    WrongScanStatus { status: ScanStatus },
    /// A report can be deleted only once its scan has ended.
    #[error("the scan has not ended yet")]
    ScanRunning,
    /// Some addresses are not in the subscription or not within the user's reach.
    #[error("addresses are not in the subscription: {ips}")]
    NotInSubscription { ips: IpSet },
    /// There is no such scanner appliance, or it is beyond the user's reach.
    #[error("there is no scanner appliance {id}")]
    UnknownAppliance { id: i64 },
    /// The same by name.
    #[error("there is no scanner appliance '{name}'")]
    UnknownApplianceName { name: String },
    /// Another scanner appliance has this name.
    #[error("there is a scanner appliance '{name}' already")]
    ApplianceTaken { name: String },
    /// The scanner appliance is not connected.
    #[error("the scanner appliance '{name}' is offline")]
    ApplianceOffline { name: String },
    /// Managers make scanner appliances outside of groups, all others within one.
    #[error("a scanner appliance is made in an asset group, but by a Manager")]
    ApplianceGroup { by_manager: bool },
    /// The default scanner appliance of a group is one of the group's.
    #[error("the asset group does not have the scanner appliance {id}")]
    NotOfGroup { id: i64 },
    /// A scanner appliance does not replace itself.
    #[error("the scanner appliances are the same")]
    SameAppliance,
    /// More scanner appliances than a subscription may have.
    #[error("a subscription has at most {max} scanner appliances")]
    TooManyAppliances { max: u64 },
    /// The subscription has no networks.
    #[error("the subscription has no networks")]
    NoNetworks,
    /// There is no such network.
    #[error("there is no network {id}")]
    UnknownNetwork { id: i64 },
    /// A network has no name, or another one has it.
    #[error("no network can be named '{name}'")]
    NetworkTaken { name: String },
    /// More networks than a subscription may have.
    #[error("a subscription has at most {max} networks")]
    TooManyNetworks { max: u64 },
    /// These addresses are in the subscription already, but not in the user's business unit.
    #[error("these addresses are in the subscription already, beyond the business unit: {ips}")]
    HostsOfOthers { ips: IpSet },
    /// A Unit Manager adds something, and the business unit has no asset group to put it into.
    #[error("the business unit has no asset group to put it into")]
    UnitWithoutGroups,
    /// Users of the role cannot be given the permission.
    #[error("a {role} cannot have the permission {permission}")]
    PermissionDoesNotFit { permission: Permission, role: Role },
    /// The caller comes from an address that the change would shut out.
    #[error("users could not sign in from {from} any more")]
    LockedOut { from: std::net::IpAddr },
    /// Sign-ins cannot be restricted to no address at all.
    #[error("no addresses are named that users may sign in from")]
    NoRestrictedIps,
    /// The web server has names already.
    #[error("there is a virtual host at {ip}:{port} already")]
    VirtualHostTaken { ip: Ipv4Addr, port: u16 },
    /// The web server has no names.
    #[error("there is no virtual host at {ip}:{port}")]
    UnknownVirtualHost { ip: Ipv4Addr, port: u16 },
    /// The virtual host has no such name.
    #[error("the virtual host has no name {name}")]
    UnknownVirtualName { name: VirtualName },
    /// A virtual host without names is deleted instead.
    #[error("the virtual host would have no names")]
    NoVirtualNames,
    /// More names than a virtual host may have.
    #[error("the names of a virtual host have at most {max_bytes} bytes")]
    TooManyVirtualNames { max_bytes: usize },
    /// More virtual hosts than a subscription may have.
    #[error("a subscription has at most {max} virtual hosts")]
    TooManyVirtualHosts { max: u64 },
    /// No search list in the user's sight has this id.
    #[error("there is no search list {id}")]
    UnknownSearchList { id: i64 },
    /// The same by title.
    #[error("there is no search list '{title}'")]
    UnknownSearchListTitle { title: String },
    /// Another search list has this title.
    #[error("there is a search list '{title}' already")]
    SearchListTaken { title: String },
    /// What is asked for is gathered information alone, and that is not wanted.
    #[error("there is nothing but gathered information, which is not wanted")]
    OnlyInformation,
    /// Something goes by the search list.
    #[error("the search list '{title}' is in use")]
    SearchListInUse { title: String, by: Vec<String> },
    /// Only Managers make search lists for everybody.
    #[error("a search list for everybody is made by a Manager")]
    GlobalSearchList,
    /// More search lists than a subscription may have.
    #[error("a subscription has at most {max} search lists")]
    TooManySearchLists { max: usize },
    /// No option profile has this title; `known` are the titles there are.
    #[error("there is no option profile '{title}'")]
    UnknownOption { title: String, known: Vec<String> },
    /// No option profile in the user's sight has this title.
    #[error("there is no option profile '{title}'")]
    UnknownOptionProfile { title: String },
    /// Another option profile has this title.
    #[error("there is an option profile '{title}' already")]
    OptionProfileTaken { title: String },
    /// Something goes by the profile, or it is the default one.
    #[error("the option profile '{title}' is in use")]
    OptionProfileInUse { title: String, by: Vec<String> },
    /// Somebody else edited the profile since it was read.
    #[error("the option profile '{title}' was changed since it was read")]
    OptionProfileChanged { title: String },
    /// A profile that breaks a rule.
    #[error("the option profile cannot be used")]
    BadOptionProfile(#[source] BadProfile),
    /// More profiles than a subscription may have.
    #[error("a subscription has at most {max} option profiles")]
    TooManyOptionProfiles { max: usize },
    /// The profile leaves the QIDs to the launch, and the launch names none.
    #[error("the option profile '{title}' needs QIDs at launch")]
    NoQids { title: String },
    /// The profile excludes every QID the scan was to look for.
    #[error("the option profile '{title}' leaves nothing to look for")]
    NothingToLookFor { title: String },
    /// The owner named for a host is no user.
    #[error("there is no user '{login}' to own the hosts")]
    UnknownOwner { login: String },
    /// No asset group within the user's reach has this title.
    #[error("there is no asset group '{title}'")]
    UnknownAssetGroup { title: String },
    /// No asset group within the user's reach has this id.
    #[error("there is no asset group {id}")]
    UnknownAssetGroupId { id: u64 },
    /// A text that is no regular expression, or too large a one.
    #[error("the pattern for operating systems cannot be used")]
    SystemPattern(#[source] Box<regex::Error>),
    /// Another asset group has this title.
    #[error("there is an asset group '{title}' already")]
    AssetGroupTaken { title: String },
    /// The group of everything is not made, changed or deleted.
    #[error("the asset group of everything cannot be made, changed or deleted")]
    EverythingGroup,
    /// The group is assigned to users.
    #[error("the asset group '{title}' is assigned to users")]
    AssetGroupInUse { title: String, users: Vec<Login> },
    /// Scheduled tasks with these titles are aimed at the group.
    #[error("the asset group '{title}' is the target of scheduled tasks")]
    AssetGroupScheduled { title: String, tasks: Vec<String> },
    /// There is no such scheduled task, or it is out of the user's reach.
    #[error("the scheduled task is unknown")]
    UnknownTask,
    /// More scheduled tasks than a subscription may have.
    #[error("a subscription has at most {max} scheduled tasks")]
    TooManyTasks { max: u32 },
    /// The calendar has no day that the task would start on.
    #[error("the scheduled task would never start")]
    NeverStarts,
    /// There is no such distribution group.
    #[error("there is no distribution group {id}")]
    UnknownDistributionGroup { id: i64 },
    /// Another distribution group has this title.
    #[error("there is a distribution group '{title}' already")]
    DistributionGroupTaken { title: String },
    /// More distribution groups than a subscription may have.
    #[error("a subscription has at most {max} distribution groups")]
    TooManyDistributionGroups { max: usize },
    /// More addresses than a distribution group may have.
    #[error("a distribution group has at most {max} addresses")]
    TooManyAddresses { max: usize },
    /// Asset groups are assigned to Scanners, Readers and Contacts only, and this is none of them.
    #[error("'{login}' is no user that asset groups are assigned to")]
    NotAssignable { login: String },
    /// More asset groups than a subscription may have.
    #[error("a subscription has at most {max} asset groups")]
    TooManyAssetGroups { max: usize },
    /// No report template within the user's reach has this id.
    #[error("there is no report template {id}")]
    UnknownReportTemplate { id: i64 },
    /// The template is for other reports than those on hosts from their history.
    #[error("the report template '{title}' is not for automatic reports on hosts")]
    NotAHostTemplate { title: String },
    /// The template is of another kind than the caller said.
    #[error("the report template '{title}' is of another kind")]
    TemplateOfOtherKind { title: String },
    /// No report of this sort is made; `what` says what is.
    #[error("{what}")]
    ReportNotMade { what: &'static str },
    /// The report needs to be told something.
    #[error("the report needs {parameter}")]
    ReportNeeds { parameter: &'static str },
    /// The report does not take something.
    #[error("reports with the template '{title}' take no {parameter}")]
    ReportTakesNo { parameter: &'static str, title: String },
    /// There is no such saved report, or it is out of the user's reach.
    #[error("the report is unknown")]
    UnknownReport,
    /// There is no such schedule of reports, or it is out of the user's reach.
    #[error("the schedule of reports is unknown")]
    UnknownReportSchedule,
    /// There is nothing to read: the report is not finished, or not there.
    #[error("the report cannot be fetched")]
    ReportNotFetched,
    /// There is nothing left to cancel.
    #[error("the report has ended already")]
    ReportEnded,
    /// More reports waiting and being made than the subscription may have.
    #[error("at most {max} reports may be made at the same time")]
    TooManyReportsUnfinished { max: u32 },
    /// More saved reports than a user may have.
    #[error("a user has at most {max} saved reports")]
    TooManyReports { max: u32 },
    /// The saved reports have as many bytes as they may.
    #[error("the saved reports have more than {bytes_max} bytes")]
    ReportsFull { bytes_max: u64 },
    /// The document grew too large.
    #[error("the report has more than {bytes_max} bytes")]
    ReportTooLarge { bytes_max: u64 },
    /// The map is not of the report's domain.
    #[error("the map {map} is not of the domain '{domain}'")]
    MapOfOtherDomain { map: MapRef, domain: DomainName },
    /// Only Managers make report templates for everybody.
    #[error("a report template for everybody is made by a Manager")]
    GlobalTemplate,
    /// Another report template has this title.
    #[error("there is a report template '{title}' already")]
    TemplateTitleTaken { title: String },
    /// More report templates than a subscription may have.
    #[error("a subscription has at most {max} report templates")]
    TooManyReportTemplates { max: usize },
    /// A list in a report template is longer than it may be.
    #[error("a list in a report template has at most {max} items")]
    TooManyTemplateItems { max: usize },
    /// A title without a character to see.
    #[error("the title is empty")]
    EmptyTitle,
    /// More hosts than can be put into an order other than that of their addresses.
    #[error("at most {max} hosts can be ordered")]
    TooManyToOrder { max: usize },
    /// More of something than one answer holds.
    #[error("one answer has at most {max} of them")]
    TooManyToList { max: usize },
    /// No address of a report's target is within the user's reach.
    #[error("the report has no hosts")]
    NothingToReport,
    /// No domain within the user's reach has this name.
    #[error("there is no domain '{domain}'")]
    UnknownDomain { domain: DomainName },
    /// The domain is in the subscription already.
    #[error("there is a domain '{domain}' already")]
    DomainTaken { domain: DomainName },
    /// More domains than a subscription may have.
    #[error("a subscription has at most {max} domains")]
    TooManyDomains { max: usize },
    /// Addresses without a domain have to be named.
    #[error("the domain 'none' needs a netblock")]
    NoNetblock,
    /// Addresses of a netblock that are neither noted for the domain nor in the subscription.
    #[error("the netblock reaches beyond the domain and the subscription: {ips}")]
    ForeignNetblock { ips: IpSet },
    /// More addresses than one map looks at.
    #[error("a map has at most {max} addresses")]
    TooLargeNetblock { max: u64 },
    /// More domains than one request may have.
    #[error("at most {max} domains are mapped by one request")]
    TooManyMapDomains { max: usize },
    /// More maps queued and running than the subscription may have.
    #[error("at most {max} maps may be queued and running at the same time")]
    TooManyMaps { max: u32 },
    /// Nothing is left after the exclusions.
    #[error("there are no targets")]
    NoTargets,
    /// More addresses than one scan may have.
    #[error("a scan has at most {max} targets")]
    TooManyTargets { max: u64 },
    /// More scans queued and running than the subscription may have.
    #[error("at most {max} scans may be queued and running at the same time")]
    TooManyScans { max: u32 },
    /// The subscription would be cut into more pieces than it may have.
    #[error("the subscription has at most {max} address ranges")]
    TooManyRanges { max: usize },
    /// A history would have more entries than one answer holds.
    #[error("the history has more than {max} ranges of addresses")]
    TooMuchHistory { max: usize },
    /// A QID that is not in the KnowledgeBase.
    #[error("the KnowledgeBase has no QID {qid}")]
    UnknownQid { qid: Qid },
    /// No remediation policy has this title.
    #[error("there is no remediation policy '{title}'")]
    UnknownPolicy { title: String },
    /// Another remediation policy has this title.
    #[error("there is a remediation policy '{title}' already")]
    PolicyTaken { title: String },
    /// More remediation policies than a subscription may have.
    #[error("a subscription has at most {max} remediation policies")]
    TooManyPolicies { max: usize },
    /// A ticket is due tomorrow at the earliest.
    #[error("a deadline is 1 to {max} days")]
    DeadlineDays { max: u16 },
    /// There is no such user, or one whose role does not work on tickets.
    #[error("tickets cannot be given to '{login}'")]
    NotATicketAssignee { login: String },
    /// More tickets than are changed at once.
    #[error("at most {max} tickets are changed at once")]
    TooManyTickets { max: usize },
    /// Information gathered, and some vulnerabilities, are not ignored.
    #[error("QID {qid} cannot be ignored")]
    NeverIgnored { qid: Qid },
    /// A moment that was to come has passed.
    #[error("the moment has passed")]
    PastMoment,
    /// A text that must not be empty.
    #[error("{field} is empty")]
    Empty { field: &'static str },
    /// No account has this login.
    #[error("the user is unknown")]
    UnknownUser,
    /// Another account has this login.
    #[error("the login is taken")]
    LoginTaken,
    /// A text is longer than it may be.
    #[error("{field} has at most {max} characters")]
    TooLong { field: &'static str, max: usize },
    /// A text holds a character that cannot be shown.
    #[error("{field} holds a control character")]
    ControlCharacter { field: &'static str },
    /// A chosen password is too short or too long.
    #[error("a password has {min} to {max} characters")]
    PasswordLength { min: usize, max: usize },
    /// There is no such business unit, or the caller may not put users into it.
    #[error("there is no business unit '{title}'")]
    UnknownBusinessUnit { title: String },
    /// A text that is no title of a business unit.
    #[error("the business unit cannot be called that")]
    UnitTitle(#[source] NotAUnitTitle),
    /// Another business unit has this title.
    #[error("there is a business unit '{title}' already")]
    BusinessUnitTaken { title: String },
    /// The business unit has users or asset groups.
    #[error("the business unit '{title}' has users or asset groups")]
    BusinessUnitInUse { title: String, users: Vec<Login>, asset_groups: Vec<String> },
    /// More business units than a subscription may have.
    #[error("a subscription has at most {max} business units")]
    TooManyBusinessUnits { max: usize },
    /// Users of the role are in no unit, or (Unit Managers) always in one.
    #[error("a {role} {}", if *role == Role::UnitManager { "is in a business unit" } else { "is in no business unit" })]
    UnitDoesNotFit { role: Role },
    /// The caller may not make users of the role.
    #[error("the user's role does not permit making a {role}")]
    RoleBeyondCaller { role: Role },
    /// Asset groups are not assigned to users of the role one by one.
    #[error("asset groups are not assigned to a {role}")]
    NoAssetGroups { role: Role },
    /// The asset group is in business units.
    #[error("the asset group '{title}' is in business units")]
    AssetGroupInUnits { title: String, units: Vec<String> },
    /// Without this Manager nobody could manage the subscription.
    #[error("the user is the last active Manager")]
    LastManager,
    /// Without this Unit Manager nobody could manage the unit, which has users.
    #[error("the user is the last active Unit Manager of a business unit with users")]
    LastUnitManager,
    /// A text that is no mail address.
    #[error("'{address}' is not a mail address")]
    NotAMailAddress { address: String },
    /// The action is not for a user in this status.
    #[error("the user is {status}")]
    WrongStatus { status: palisade_model::UserStatus },
    /// Nobody switches their own account.
    #[error("it is the caller's own account")]
    OwnAccount,
    /// Too many mails wait for the mail server.
    #[error("{max} mails are waiting for the mail server already")]
    TooManyMails { max: u64 },
    /// Something could not be encrypted for the store.
    #[error("a text could not be encrypted")]
    Seal,
    /// Something was encrypted under another master key.
    #[error("a text could not be decrypted")]
    Unseal,
    /// Mails are not configured.
    #[error("there is neither a mail server nor an outbox for mails")]
    NoOutbox,
    /// A mail could not be written.
    #[error("a mail could not be put into the outbox")]
    Outbox(#[source] std::io::Error),
    /// A scanner delivered a host that it was not given.
    #[error("{address} is none of the slice's hosts")]
    NotOfSlice { address: std::net::IpAddr },
    /// Somebody else changed the same thing at the same moment.
    #[error("somebody else changed the same thing at the same moment")]
    Conflict,
    /// A password could not be hashed.
    #[error("the password could not be hashed")]
    Hash,
    /// Something that was to go on beside the use case did not.
    #[error("a task of the server ended early")]
    TaskEnded(#[source] tokio::task::JoinError),
    /// The store could not do its work.
    #[error("the store failed")]
    Store(#[source] palisade_store::Error),
}

impl From<palisade_store::Error> for Error {
    fn from(error: palisade_store::Error) -> Self {
        match error {
            palisade_store::Error::Conflict => Self::Conflict,
            palisade_store::Error::TooManyRanges { max } => Self::TooManyRanges { max },
            other => Self::Store(other),
        }
    }
}

/// Refuses a text with more than `max` characters, or with control characters other than line
/// breaks and tabs (which no database and no XML document takes everywhere).
pub(crate) fn check_length(field: &'static str, text: &str, max: usize) -> Result<()> {
    if text.chars().count() > max {
        return Err(Error::TooLong { field, max });
    }
    if text.chars().any(|character| character.is_control() && !matches!(character, '\n' | '\r' | '\t')) {
        return Err(Error::ControlCharacter { field });
    }
    Ok(())
}
