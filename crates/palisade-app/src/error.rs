//! Why a use case could not be carried out. No numbers, no HTTP: those are the API's business.

use palisade_model::business_unit::NotAUnitTitle;
use palisade_model::{Action, IpSet, Login, Qid, Resource, Role};

/// Shorthand for the results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a use case could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
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
    /// There is nothing left to cancel.
    #[error("the scan has ended already")]
    ScanEnded,
    /// A report can be deleted only once its scan has ended.
    #[error("the scan has not ended yet")]
    ScanRunning,
    /// Some addresses are not in the subscription or not within the user's reach.
    #[error("addresses are not in the subscription: {ips}")]
    NotInSubscription { ips: IpSet },
    /// No option profile has this title; `known` are the titles there are.
    #[error("there is no option profile '{title}'")]
    UnknownOption { title: String, known: Vec<String> },
    /// The owner named for a host is no user.
    #[error("there is no user '{login}' to own the hosts")]
    UnknownOwner { login: String },
    /// No asset group within the user's reach has this title.
    #[error("there is no asset group '{title}'")]
    UnknownAssetGroup { title: String },
    /// Another asset group has this title.
    #[error("there is an asset group '{title}' already")]
    AssetGroupTaken { title: String },
    /// The group of everything is not made, changed or deleted.
    #[error("the asset group of everything cannot be made, changed or deleted")]
    EverythingGroup,
    /// The group is assigned to users.
    #[error("the asset group '{title}' is assigned to users")]
    AssetGroupInUse { title: String, users: Vec<Login> },
    /// Asset groups are assigned to Scanners, Readers and Contacts only, and this is none of them.
    #[error("'{login}' is no user that asset groups are assigned to")]
    NotAssignable { login: String },
    /// More asset groups than a subscription may have.
    #[error("a subscription has at most {max} asset groups")]
    TooManyAssetGroups { max: usize },
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
    /// Mails are not configured.
    #[error("there is neither a mail server nor an outbox for mails")]
    NoOutbox,
    /// A mail could not be written.
    #[error("a mail could not be put into the outbox")]
    Outbox(#[source] std::io::Error),
    /// A scanner delivered a host that it was not given.
    #[error("{address} is none of the slice's hosts")]
    NotOfSlice { address: std::net::Ipv4Addr },
    /// Somebody else changed the same thing at the same moment.
    #[error("somebody else changed the same thing at the same moment")]
    Conflict,
    /// A password could not be hashed.
    #[error("the password could not be hashed")]
    Hash,
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
