//! Why a call is refused, as number and text. The one place where faults of the use cases become
//! numbers of the API; the match is exhaustive, so a new fault does not compile without one.
//!
//! 3509, 5000, 5101, 19001, 999, 1960, 1965 and 2012 are numbers that clients know. The others are free
//! choices next to them, and stay as they are.

use palisade_app::Error as AppError;
use palisade_model::appliance::BUILT_IN;
use palisade_model::{IpSet, Login, Role};
use palisade_wire::{Arguments, FormError, OperationError, ParameterError};

use crate::v1::{
    asset_domain, asset_group, asset_ip, asset_search, ignore_vuln, knowledgebase_download, reference, scan,
    scheduled_scans, ticket_edit, user,
};

/// Longest list of addresses that an error shows, in characters.
const IPS_SHOWN_CHARS: usize = 1_000;

/// Most users, and most scheduled tasks, that an error names.
const LOGINS_SHOWN: usize = 20;
const TASKS_SHOWN: usize = 20;

/// Most business units that an error names.
const UNITS_SHOWN: usize = 20;

/// A refusal that the caller is told about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub number: u32,
    pub text: String,
}

impl Refusal {
    pub(crate) fn new(number: u32, text: impl Into<String>) -> Self {
        Self { number, text: text.into() }
    }
}

/// Why a handler did not answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    #[error("the use case refused")]
    App(#[from] AppError),
    #[error("the parameters are refused")]
    Parameter(#[from] ParameterError),
    #[error("the form is refused")]
    Form(#[from] FormError),
    #[error("the call is refused")]
    Refused(Refusal),
    /// Of version 2.
    #[error("the parameters of the operation are refused")]
    Operation(#[from] OperationError),
    /// Of version 2, with its code.
    #[error("the operation is refused")]
    Coded { code: u32, text: String },
}

/// What a fault comes to: something the caller did, or something of ours.
#[derive(Debug)]
pub(crate) enum Fault {
    Refused(Refusal),
    Internal(AppError),
}

impl CallError {
    /// The fault, with the arguments of the call to name what was wrong.
    pub(crate) fn into_fault(self, arguments: &Arguments) -> Fault {
        match self {
            Self::App(error) => from_app(error, arguments),
            Self::Parameter(error) => Fault::Refused(Refusal::new(error.number(), error.to_string())),
            Self::Form(error) => Fault::Refused(Refusal::new(5008, sentence(&error.to_string()))),
            Self::Refused(refusal) => Fault::Refused(refusal),
            Self::Operation(error) => Fault::Refused(Refusal::new(error.code(), error.to_string())),
            Self::Coded { code, text } => Fault::Refused(Refusal::new(code, text)),
        }
    }
}

fn from_app(error: AppError, arguments: &Arguments) -> Fault {
    let (number, text) = match error {
        AppError::EulaNotAccepted => {
            (2003, "The terms of service have not been accepted. Call acceptEULA.php first.".to_owned())
        }
        AppError::Forbidden { .. } => (2012, "The user's role does not permit this call.".to_owned()),
        AppError::UnknownScan => (3502, about_scan(arguments, "No such scan or report.")),
        AppError::UnknownHost => (5103, "There is no such host in the user account.".to_owned()),
        AppError::UnknownHostName { name } => {
            (5104, format!("Invalid value for 'fqdn' : {name}. No host in the user account has this name."))
        }
        AppError::ScanEnded => {
            (3503, about_scan(arguments, &format!("The {} has ended already.", kind(arguments))))
        }
        AppError::ScanRunning => {
            (3504, about_scan(arguments, &format!("The {} has not finished yet.", kind(arguments))))
        }
        AppError::WrongScanStatus { status } => {
            (3513, about_scan(arguments, &format!("The scan is {}.", status.as_str().to_lowercase())))
        }
        AppError::NotInSubscription { ips } if hosts_parameter(arguments).is_some() => {
            (5101, foreign_hosts(arguments, &ips))
        }
        AppError::NotInSubscription { ips } => {
            (3501, format!("Cannot launch scan. These IPs are not in your subscription: {}", shown(&ips)))
        }
        AppError::UnknownOption { title, known } => (
            19_001,
            format!(
                "Invalid value for 'option' : {title}. Invalid option profile name {title}, expecting one of ({})",
                known.join(", ")
            ),
        ),
        AppError::UnknownAppliance { id } => {
            (5009, format!("Invalid value for 'iscanner_id' : {id}. No such scanner appliance."))
        }
        AppError::UnknownApplianceName { name } => (
            5009,
            format!(
                "Invalid value for 'iscanner_name' : {name}. Invalid scanner appliance name {name}, \
                 expecting one of ({BUILT_IN})"
            ),
        ),
        AppError::ApplianceOffline { name } => {
            (6320, format!("The scanner appliance {name} is offline. Nothing was launched."))
        }
        AppError::ApplianceTaken { name } => {
            (6321, format!("Invalid value for 'name' : {name}. There is a scanner appliance of this name."))
        }
        AppError::ApplianceGroup { .. } => {
            (6322, "A scanner appliance is made in an asset group, but by a Manager.".to_owned())
        }
        AppError::NotOfGroup { id } => (
            6323,
            format!(
                "Invalid value for 'set_default_appliance_id' : {id}. The asset group does not have this \
                 scanner appliance."
            ),
        ),
        AppError::SameAppliance => {
            (6324, "A scanner appliance does not take the place of itself.".to_owned())
        }
        AppError::TooManyAppliances { max } => {
            (6325, format!("The subscription has at most {max} scanner appliances."))
        }
        AppError::NoNetworks => (2012, "The subscription has no networks.".to_owned()),
        AppError::UnknownNetwork { id } => {
            (6310, format!("Invalid value for 'network_id' : {id}. No such network ID."))
        }
        AppError::NetworkTaken { name } => (
            6311,
            format!("Invalid value for 'name' : {name}. No network can have this name, or one has it."),
        ),
        AppError::TooManyNetworks { max } => (6312, format!("The subscription has at most {max} networks.")),
        AppError::LockedOut { from } => {
            (6302, format!("Users could not sign in from {from} any more, where this request comes from."))
        }
        AppError::VirtualHostTaken { ip, port } => {
            (6303, format!("Invalid value for 'ip' : {ip}. There is a virtual host at port {port}."))
        }
        AppError::UnknownVirtualHost { ip, port } => {
            (6304, format!("Invalid value for 'ip' : {ip}. There is no virtual host at port {port}."))
        }
        AppError::UnknownVirtualName { name } => {
            (6305, format!("Invalid value for 'fqdn' : {name}. The virtual host has no such name."))
        }
        AppError::NoVirtualNames => {
            (6306, "The virtual host would have no names; it can be deleted.".to_owned())
        }
        AppError::TooManyVirtualNames { max_bytes } => {
            (6307, format!("The names of a virtual host have at most {max_bytes} bytes."))
        }
        AppError::TooManyVirtualHosts { max } => {
            (6308, format!("The subscription has at most {max} virtual hosts."))
        }
        AppError::NoRestrictedIps => (6309, "No addresses are named that users may sign in from.".to_owned()),
        AppError::UnknownSearchList { id } => {
            let parameter = ["search_list_ids", "exclude_search_list_ids"]
                .into_iter()
                .find(|name| arguments.has(name))
                .unwrap_or("id");
            (5410, format!("Invalid value for '{parameter}' : {id}. No such search list."))
        }
        AppError::UnknownSearchListTitle { title } => (5410, format!("No such search list: {title}.")),
        AppError::SearchListTaken { title } => {
            (5411, format!("Invalid value for 'title' : {title}. There is a search list of this title."))
        }
        AppError::GlobalSearchList => (
            5412,
            "Invalid value for 'global' : 1. Only a Manager makes search lists for everybody.".to_owned(),
        ),
        AppError::TooManySearchLists { max } => {
            (5413, format!("The subscription has at most {max} search lists."))
        }
        AppError::OnlyInformation => (
            6502,
            "The search lists hold nothing but gathered information; show_igs=1 asks for it.".to_owned(),
        ),
        AppError::SearchListInUse { title, by } => {
            let by: Vec<String> = by.into_iter().take(LOGINS_SHOWN).collect();
            (6501, format!("The search list {title} is in use by: {}.", by.join(", ")))
        }
        AppError::UnknownAuthRecords { ids } => {
            let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
            (6001, format!("No such authentication records: {}.", ids.join(", ")))
        }
        AppError::AuthRecordTaken { title } => {
            (6002, format!("There is an authentication record {title} already."))
        }
        AppError::AuthRecordOverlap { id, title, ips } => {
            (6003, format!("These IPs are in the record {title} (ID {id}) already: {}", shown(&ips)))
        }
        AppError::BadAuthRecord(bad) => (6004, format!("The authentication record is refused: {bad}.")),
        AppError::TooManyAuthRecords { max } => {
            (6005, format!("The subscription has at most {max} authentication records of a type."))
        }
        AppError::UnknownVault { id } => (6006, format!("No such vault: {id}.")),
        AppError::VaultTaken { title } => (6007, format!("There is a vault {title} already.")),
        AppError::VaultInUse { title } => {
            (6008, format!("Authentication records refer to the vault {title}."))
        }
        AppError::TooManyVaults { max } => (6009, format!("The subscription has at most {max} vaults.")),
        AppError::BadOptionProfile(bad) => (5401, format!("The option profile cannot be used: {bad}.")),
        AppError::OptionProfileTaken { title } => {
            (5402, format!("There is an option profile {title} already."))
        }
        AppError::OptionProfileInUse { title, by } => {
            let by: Vec<String> = by.into_iter().take(LOGINS_SHOWN).collect();
            (5403, format!("The option profile {title} is in use by: {}.", by.join(", ")))
        }
        AppError::OptionProfileChanged { title } => {
            (5404, format!("The option profile {title} was changed at the same moment. Repeat the call."))
        }
        AppError::TooManyOptionProfiles { max } => {
            (5405, format!("The subscription has at most {max} option profiles."))
        }
        AppError::UnknownOptionProfile { title } => (5406, format!("No such option profile: {title}.")),
        AppError::NoQids { title } => (
            5407,
            format!(
                "The option profile {title} leaves the QIDs to the launch. Name them with 'specific_vulns'."
            ),
        ),
        AppError::NothingToLookFor { title } => {
            (5408, format!("The option profile {title} excludes every QID the scan was to look for."))
        }
        AppError::UnknownOwner { login } => {
            (5000, format!("Invalid value for 'owner' : {login}. No such user."))
        }
        AppError::UnknownAssetGroup { title } => {
            let parameter = [scan::ASSET_GROUPS.name, asset_search::TARGET_ASSET_GROUPS.name]
                .into_iter()
                .find(|name| arguments.has(name))
                .unwrap_or("title");
            (
                5009,
                format!(
                    "Invalid value for '{parameter}' : {title}. No such asset group in the user account."
                ),
            )
        }
        AppError::UnknownAssetGroupId { id } => {
            let parameter = ["asset_group_ids", "ag_ids"]
                .into_iter()
                .find(|name| arguments.has(name))
                .unwrap_or("ag_ids");
            (
                5009,
                format!("Invalid value for '{parameter}' : {id}. No such asset group in the user account."),
            )
        }
        AppError::SystemPattern(_) => (5000, "The pattern for operating systems cannot be used.".to_owned()),
        AppError::AssetGroupTaken { title } => (5301, format!("There is an asset group {title} already.")),
        AppError::EverythingGroup => {
            (5302, "The asset group All cannot be added, edited or deleted.".to_owned())
        }
        AppError::AssetGroupInUse { title, users } => {
            let users: Vec<&str> = users.iter().take(LOGINS_SHOWN).map(Login::as_str).collect();
            (5303, format!("The asset group {title} is in use. It is assigned to: {}.", users.join(", ")))
        }
        AppError::AssetGroupScheduled { title, tasks } => (
            5504,
            format!(
                "The asset group {title} is in use. Scheduled tasks are aimed at it: {}.",
                tasks.into_iter().take(TASKS_SHOWN).collect::<Vec<_>>().join(", ")
            ),
        ),
        AppError::UnknownTask => match arguments.written(&scheduled_scans::TASK_ID) {
            Some(id) => (5501, format!("Invalid value for 'task_id' : {id}. No such scheduled task.")),
            None => (5501, "No such scheduled task.".to_owned()),
        },
        AppError::TooManyTasks { max } => {
            (5502, format!("The subscription has at most {max} scheduled tasks."))
        }
        AppError::NeverStarts => (5503, "The task would never start.".to_owned()),
        AppError::UnknownDistributionGroup { id } => {
            (6602, format!("Invalid value for 'recipient_group_ids' : {id}. No such distribution group."))
        }
        AppError::NotAssignable { login } => {
            (5000, format!("Invalid value for 'user_logins' : {login}. No such Scanner, Reader or Contact."))
        }
        AppError::TooManyAssetGroups { max } => {
            (5304, format!("The subscription has at most {max} asset groups."))
        }
        AppError::UnknownReportTemplate { id } => (
            5801,
            format!("Invalid value for 'template_id' : {id}. No such report template in the user account."),
        ),
        AppError::NotAHostTemplate { title } => (
            5802,
            format!(
                "The report template {title} is not for host based reports from the history of the hosts."
            ),
        ),
        AppError::NothingToReport => {
            (5803, "None of the hosts of the report are in the user account.".to_owned())
        }
        AppError::GlobalTemplate => (
            6601,
            "Invalid value for 'global' : 1. Only a Manager makes report templates for everybody.".to_owned(),
        ),
        AppError::TemplateTitleTaken { title } => {
            (5804, format!("There is a report template {title} already."))
        }
        AppError::TooManyReportTemplates { max } => {
            (5805, format!("The subscription has at most {max} report templates."))
        }
        AppError::TooManyTemplateItems { max } => {
            (5806, format!("A list in a report template has at most {max} items."))
        }
        AppError::TemplateOfOtherKind { title } => {
            (5809, format!("The report template {title} is of another kind than 'report_type'."))
        }
        AppError::ReportNotMade { what } => {
            (5810, format!("Such a report is not made by this server: {what}."))
        }
        AppError::ReportNeeds { parameter } => (5811, format!("Missing required parameter(s): {parameter}")),
        AppError::ReportTakesNo { parameter, title } => {
            (5812, format!("Reports with the template {title} take no '{parameter}'."))
        }
        AppError::UnknownReport => (5813, "No such report in the user account.".to_owned()),
        AppError::UnknownReportSchedule => (6603, "No such scheduled report in the user account.".to_owned()),
        AppError::ReportNotFetched => (7001, "Report cannot be fetched.".to_owned()),
        AppError::ReportEnded => (5814, "The report has ended already.".to_owned()),
        AppError::TooManyReportsUnfinished { .. } => {
            (5815, "Max number of allowed reports already running. Please try again later.".to_owned())
        }
        AppError::TooManyReports { max } => {
            (5816, format!("The user has {max} saved reports already. Delete some first."))
        }
        AppError::ReportsFull { bytes_max } => {
            (5817, format!("The saved reports have more than {bytes_max} bytes. Delete some first."))
        }
        AppError::MapOfOtherDomain { map, domain } => {
            (5818, format!("Invalid value for 'report_refs' : {map}. The map is not of the domain {domain}."))
        }
        AppError::TooManyToOrder { max } => {
            (5808, format!("At most {max} hosts can be ordered by anything but ip. Search for fewer."))
        }
        AppError::TooManyToList { max } => {
            (6604, format!("One answer has at most {max} of them. Ask for fewer days."))
        }
        AppError::EmptyTitle => (5807, "Invalid value for 'title' : The title is empty.".to_owned()),
        AppError::TooMuchHistory { max } => (
            3512,
            format!(
                "The history has more than {max} ranges of addresses. Ask for fewer addresses or less time."
            ),
        ),
        AppError::UnknownDomain { domain } => {
            let parameter = [asset_group::DOMAINS.name, scheduled_scans::SCAN_TARGET.name]
                .into_iter()
                .find(|name| arguments.has(name));
            let parameter = parameter.unwrap_or(asset_domain::DOMAIN.name);
            (5602, format!("Invalid value for '{parameter}' : {domain}. No such domain in the user account."))
        }
        AppError::DomainTaken { domain } => {
            (5601, format!("The domain {domain} is in the subscription already."))
        }
        AppError::TooManyDomains { max } => (5603, format!("The subscription has at most {max} domains.")),
        AppError::NoNetblock => (5604, "The domain none needs a netblock.".to_owned()),
        AppError::ForeignNetblock { ips } => (
            5605,
            format!(
                "Cannot launch map. These IPs are neither in the domain's netblock nor in your subscription: {}",
                shown(&ips)
            ),
        ),
        AppError::TooLargeNetblock { max } => {
            (5606, format!("Cannot launch map. A map has at most {max} addresses."))
        }
        AppError::TooManyMapDomains { max } => {
            (5607, format!("Cannot launch map. A request has at most {max} domains."))
        }
        AppError::TooManyMaps { max } => (
            5608,
            format!("Cannot launch map. At most {max} maps may be queued and running at the same time."),
        ),
        AppError::NoTargets => {
            (3505, "Cannot launch scan. No targets are left after the exclusions.".to_owned())
        }
        AppError::TooManyTargets { max } => {
            (3506, format!("Cannot launch scan. A scan has at most {max} targets."))
        }
        AppError::TooManyScans { max } => (
            3507,
            format!("Cannot launch scan. At most {max} scans may be queued and running at the same time."),
        ),
        AppError::TooManyRanges { max } => {
            (5102, format!("The subscription has at most {max} ranges of addresses."))
        }
        AppError::UnknownQid { qid } => {
            let parameter = [knowledgebase_download::VULN_ID.name]
                .into_iter()
                .find(|name| arguments.has(name))
                .unwrap_or(scan::SPECIFIC_VULNS.name);
            (5000, format!("Invalid value for '{parameter}' : {qid}. No such QID."))
        }
        AppError::NotATicketAssignee { login } => (
            5000,
            format!(
                "Invalid value for '{}' : {login}. No such user who works on tickets.",
                ticket_edit::CHANGE_ASSIGNEE.name
            ),
        ),
        AppError::TooManyTickets { max } => {
            (5701, format!("At most {max} tickets are changed at once. Nothing was changed."))
        }
        AppError::NeverIgnored { qid } => (5702, format!("The QID {qid} cannot be ignored.")),
        AppError::PastMoment => (
            5000,
            format!(
                "Invalid value for '{}' : {}. The day has passed.",
                ignore_vuln::REOPEN_IGNORED_DATE.name,
                arguments.written(&ignore_vuln::REOPEN_IGNORED_DATE).unwrap_or_default()
            ),
        ),
        AppError::TooLong { field, max } => {
            (5004, format!("Invalid value for '{field}' : longer than {max} characters."))
        }
        AppError::ControlCharacter { field } => {
            (5000, format!("Invalid value for '{field}' : Control characters are not allowed."))
        }
        AppError::UnknownUser => match arguments.written(&user::LOGIN) {
            Some(login) => (5000, format!("Invalid value for 'login' : {login}. No such user.")),
            None => (5000, "No such user.".to_owned()),
        },
        AppError::UnknownBusinessUnit { title } => {
            (5000, format!("Invalid value for 'business_unit' : {title}. No such business unit."))
        }
        AppError::UnitTitle(fault) => (5000, sentence(&fault.to_string())),
        AppError::NoAssetGroups { role } => {
            (5901, format!("Asset groups are assigned to Scanners, Readers and Contacts, not to a {role}."))
        }
        AppError::HostsOfOthers { ips } => {
            let ips = shown(&ips);
            (5102, format!("These IPs are in the subscription already, beyond your business unit: {ips}"))
        }
        AppError::UnitWithoutGroups => {
            (5909, "Your business unit has no asset group to put it into. Ask a Manager for one.".to_owned())
        }
        AppError::PermissionDoesNotFit { permission, role } => {
            (5910, format!("A {role} cannot have the permission {permission}."))
        }
        AppError::UnitDoesNotFit { role } => (5902, about_unit(role)),
        AppError::RoleBeyondCaller { role } => {
            (5903, format!("The user's role does not permit making a {role}."))
        }
        AppError::LastManager => (5904, "The user is the last active Manager.".to_owned()),
        AppError::LastUnitManager => {
            (5905, "The user is the last active Unit Manager of a business unit that has users.".to_owned())
        }
        AppError::BusinessUnitTaken { title } => (5906, format!("There is a business unit {title} already.")),
        AppError::BusinessUnitInUse { title, .. } => {
            (5907, format!("The business unit {title} is in use. It has users or asset groups."))
        }
        AppError::AssetGroupInUnits { title, units } => {
            let units = units.iter().take(UNITS_SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
            (5908, format!("The asset group {title} is in use. It is in the business units: {units}."))
        }
        AppError::TooManyBusinessUnits { max } => {
            (5909, format!("The subscription has at most {max} business units."))
        }
        AppError::NotAMailAddress { address } => {
            (5000, format!("Invalid value for 'email' : {address}. Expecting a mail address."))
        }
        AppError::WrongStatus { status } => {
            (5201, format!("The user's status is {status}, which the action does not apply to."))
        }
        AppError::OwnAccount => (5202, "Nobody can activate or deactivate their own account.".to_owned()),
        AppError::NoOutbox => {
            (5203, "This server sends no mail. Repeat the call with 'send_email=0'.".to_owned())
        }
        AppError::TooManyMails { max } => {
            (5910, format!("{max} mails are waiting for the mail server already. Repeat the call later."))
        }
        AppError::LoginTaken => (5000, "The login is taken.".to_owned()),
        AppError::Conflict => (3508, "Something changed at the same moment. Repeat the call.".to_owned()),
        AppError::PasswordLength { .. } => (5000, "The password is too short or too long.".to_owned()),
        // The command line alone manages policies and distribution groups.
        error @ (AppError::DistributionGroupTaken { .. }
        | AppError::TooManyAddresses { .. }
        | AppError::TooManyDistributionGroups { .. }
        | AppError::UnknownPolicy { .. }
        | AppError::PolicyTaken { .. }
        | AppError::TooManyPolicies { .. }
        | AppError::DeadlineDays { .. }
        | AppError::Empty { .. }
        | AppError::Hash
        | AppError::Seal
        | AppError::Unseal
        | AppError::Outbox(_)
        | AppError::NotOfSlice { .. }
        | AppError::ReportTooLarge { .. }
        | AppError::TaskEnded(_)
        | AppError::Store(_)) => return Fault::Internal(error),
    };
    Fault::Refused(Refusal { number, text })
}

/// The parameter of a call about hosts that named them, if it is such a call.
fn hosts_parameter(arguments: &Arguments) -> Option<&'static str> {
    if arguments.has(ignore_vuln::QIDS.name) && arguments.has(ignore_vuln::IPS.name) {
        return Some(ignore_vuln::IPS.name);
    }
    [asset_group::HOST_IPS.name, asset_group::ADD_HOST_IPS.name].into_iter().find(|name| arguments.has(name))
}

fn foreign_hosts(arguments: &Arguments, ips: &IpSet) -> String {
    let parameter = hosts_parameter(arguments).unwrap_or(asset_ip::HOST_IPS.name);
    // Clients of asset groups look for these words.
    let owner = if arguments.has(asset_group::TITLE.name) { " (not assigned to AG owner)" } else { "" };
    let ips = shown(ips);
    format!("Invalid value for '{parameter}' : {ips}{owner}. IPs do not exist in the user account.")
}

fn about_unit(role: Role) -> String {
    let rule = if role == Role::UnitManager { "must be in one" } else { "is in none: use Unassigned" };
    format!("Invalid value for 'business_unit'. A {role} {rule}.")
}

fn about_scan(arguments: &Arguments, reason: &str) -> String {
    match arguments.written(&reference::REF) {
        Some(given) => format!("Invalid value for 'ref' : {given}. {reason}"),
        None => reason.to_owned(),
    }
}

/// What the reference given is of.
fn kind(arguments: &Arguments) -> &'static str {
    let map = arguments.written(&reference::REF).is_some_and(|given| given.starts_with("map/"));
    if map { "map" } else { "scan" }
}

pub(crate) fn shown(ips: &IpSet) -> String {
    let text = ips.to_string();
    if text.len() <= IPS_SHOWN_CHARS {
        return text;
    }
    let cut = text.get(..IPS_SHOWN_CHARS).and_then(|cut| cut.rsplit_once(',')).map_or("", |(cut, _)| cut);
    format!("{cut},[...]")
}

/// A lower-case phrase as a sentence.
fn sentence(phrase: &str) -> String {
    let mut chars = phrase.chars();
    chars.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), chars.as_str()))
}

/// Every number beside those of parameters, with what it means, for the user guide.
pub(crate) const NUMBERS: &[(u32, &str)] = &[
    (999, "Internal error. The comment after the answer holds a signature to look for in the server's log."),
    (1960, "As many instances of the call are running as may be; status 409. Repeat it when one has ended."),
    (
        1965,
        "The call was made as often as may be within the window; status 409. Repeat it after X-RateLimit-ToWait-Sec.",
    ),
    (2001, "The account has expired."),
    (2002, "The account is not active."),
    (2003, "The terms of service have not been accepted yet; only acceptEULA.php may be called."),
    (2012, "The user's role does not permit the call."),
    (3501, "Targets are not in the subscription or not within the user's reach."),
    (3502, "There is no such scan, map or report within the user's reach."),
    (3503, "The scan or map has ended, so that it cannot be cancelled."),
    (3504, "The scan or map has not ended yet, so that there is no report to read or to delete."),
    (3505, "No targets are left after the exclusions."),
    (3506, "The scan has too many targets."),
    (3507, "Too many scans are queued or running."),
    (3508, "Something changed at the same moment. The call may be repeated."),
    (3509, "No host answered. The scan itself went well."),
    (3510, "The scanner failed; the results are incomplete."),
    (3511, "No scan or map is running."),
    (3512, "The history of targets is too long for one answer. Ask for fewer addresses or less time."),
    (3513, "The scan is in a status that what is asked is not for."),
    (5008, "The request is too large or takes too long to arrive, or its body cannot be read."),
    (5009, "There is no such scanner appliance or asset group."),
    (5101, "Addresses are not in the subscription or not within the user's reach."),
    (5102, "The subscription would have too many ranges of addresses."),
    (5103, "There is no such host within the user's reach."),
    (5104, "No host within the user's reach was found to have this name."),
    (5201, "The user's status is not one that the action applies to."),
    (5202, "Nobody can activate or deactivate their own account."),
    (5203, "The server has neither a mail server nor an outbox, so that it cannot send mail."),
    (5204, "No password was changed; the answer says why for each user."),
    (5301, "Another asset group has this title."),
    (5302, "The asset group All cannot be added, edited or deleted."),
    (5303, "The asset group is assigned to users, so that it cannot be deleted. The text names them."),
    (5304, "The subscription would have too many asset groups."),
    (5401, "The option profile breaks a rule. The text says which."),
    (5402, "Another option profile has this title."),
    (5403, "The option profile is in use, so that it cannot be deleted. The text says by what."),
    (5404, "Somebody else changed the option profile at the same moment."),
    (5405, "The subscription would have too many option profiles."),
    (5406, "There is no option profile of this title in the user account."),
    (5407, "The option profile leaves the QIDs to the launch, and specific_vulns names none."),
    (5408, "The option profile excludes every QID that the scan was to look for."),
    (5410, "There is no such search list within the user's reach."),
    (5411, "Another search list has this title."),
    (5412, "Search lists for everybody are made by Managers."),
    (5413, "The subscription would have too many search lists."),
    (5501, "There is no such scheduled task within the user's reach."),
    (5502, "The subscription would have too many scheduled tasks."),
    (5503, "The calendar has no day on which the task would start."),
    (
        5504,
        "Scheduled tasks are aimed at the asset group, so that it cannot be deleted. The text names them.",
    ),
    (5901, "Asset groups are not assigned to users of this role."),
    (5902, "Users of this role are in no business unit, or a Unit Manager is in none."),
    (5903, "The caller's role does not permit making users of this role."),
    (5904, "The user is the last active Manager."),
    (5905, "The user is the last active Unit Manager of a business unit that has users."),
    (5906, "Another business unit has this title."),
    (5907, "The business unit has users or asset groups, so that it cannot be deleted."),
    (5908, "The asset group is in business units, so that it cannot be deleted. The text names them."),
    (5909, "The subscription would have too many business units."),
    (5910, "Too many mails are waiting for the mail server. Repeat the call later."),
    (5601, "The domain is in the subscription already; it can be edited."),
    (5602, "There is no such domain within the user's reach."),
    (5603, "The subscription would have too many domains."),
    (5604, "The domain none stands for addresses, so that it needs a netblock."),
    (5605, "A netblock reaches beyond that of the domain and beyond the subscription."),
    (5606, "The netblock of a map has too many addresses."),
    (5607, "A request for maps has too many domains."),
    (5608, "Too many maps are queued or running."),
    (5701, "The call would change more tickets than are changed at once. Nothing was changed."),
    (5702, "A QID is none of a vulnerability that can be ignored."),
    (6301, "Users may not sign in from the address that the call comes from."),
    (6320, "The scanner appliance is offline, so that nothing is launched through it."),
    (19_001, "There is no option profile of this title. The text names those there are."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_cut_between_two_addresses() {
        let ips: IpSet =
            (0..200).map(|n| format!("10.0.{n}.1")).collect::<Vec<_>>().join(",").parse().unwrap();
        let text = shown(&ips);
        assert!(text.len() < IPS_SHOWN_CHARS + 10 && text.ends_with(".1,[...]"), "{text}");
        assert_eq!(shown(&"10.0.0.1".parse().unwrap()), "10.0.0.1");
    }

    #[test]
    fn numbers_are_told_once() {
        let mut numbers: Vec<u32> =
            NUMBERS.iter().chain(ParameterError::NUMBERS).map(|(number, _)| *number).collect();
        let count = numbers.len();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), count);
    }
}
