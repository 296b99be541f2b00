//! The activity log: who did what, and what was refused.

use std::net::IpAddr;

use palisade_model::{Action, Resource, Role, Timestamp};
use palisade_store::{Activity, ActivityFilter, ActivityMark, ActivityOfUser, ActivitySpan, ActivityUser};

use crate::actor::{Actor, UserReach};
use crate::app::App;
use crate::error::Result;

/// Longest texts that are kept, in characters.
const NAME_CHARACTERS_MAX: usize = 64;
const DETAILS_CHARACTERS_MAX: usize = 1_000;
/// Most entries of one page of a report.
const PAGE_ENTRIES_MAX: u32 = 1_000;
/// Most entries one call lists.
const ENTRIES_MAX: u32 = 10_000;

/// Something to be written down. Longer texts are cut: login, module and action after 64
/// characters, details after 1,000.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityEntry {
    /// As the client gave it; `None` when it gave none.
    pub login: Option<String>,
    pub from: IpAddr,
    /// The part of the service, for example `scan`.
    pub module: String,
    /// What was attempted, for example `launch`.
    pub action: String,
    pub details: String,
    /// Whether it was refused.
    pub refused: bool,
}

/// Something written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityView {
    pub at: Timestamp,
    pub login: Option<String>,
    /// The address the call came from.
    pub from: String,
    pub module: String,
    pub action: String,
    pub details: String,
    pub refused: bool,
}

/// A part of the activity log that somebody wants to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportActivity {
    /// The first and the last moment, both included.
    pub from: Timestamp,
    pub to: Timestamp,
    /// Only what was done under this login.
    pub login: Option<String>,
}

/// Entries that somebody wants to see, newest first; `None` and empty are no restriction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ActivityQuery {
    /// The first and the last moment, both included.
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// Only what was done under this login.
    pub login: Option<String>,
    pub action: Option<String>,
    /// Only entries whose details have this text, in any case of letters.
    pub details: Option<String>,
    /// Roles of the users, as they are now.
    pub roles: Vec<Role>,
    /// Only the entry with this number and older ones.
    pub id_max: Option<i64>,
}

/// Something written down, with the user it was and the place to read on from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedActivity {
    pub mark: ActivityMark,
    pub activity: ActivityView,
    /// The account of this login as it is now; `None` for strangers and for what was done on the
    /// server's own command line.
    pub user: Option<ActivityUser>,
}

impl App {
    /// Up to `limit` (1,000 at most) entries of the part of the log that is wanted and that
    /// `actor` may see, the oldest first. Read on `after` the last entry of the page before; an
    /// empty page is the end.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Forbidden`] for users without access to the API.
    pub async fn report_activity(
        &self,
        actor: &Actor,
        wanted: &ReportActivity,
        after: Option<ActivityMark>,
        limit: u32,
    ) -> Result<Vec<ReportedActivity>> {
        let Some((login, business_unit)) = seen_activity(actor, wanted.login.as_ref())? else {
            return Ok(Vec::new());
        };
        let span = ActivitySpan { from: wanted.from, to: wanted.to, login, business_unit };
        let page = self.store().list_activity_span(&span, after, limit.min(PAGE_ENTRIES_MAX)).await?;
        Ok(page.into_iter().map(reported).collect())
    }

    /// Up to `limit` (1,000 at most) entries that are wanted and that `actor` may see, the newest first.
    /// Read on with an `id_max` one below the last entry's number; an empty page is the end.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Forbidden`] for users without access to the API.
    pub async fn latest_activity(
        &self,
        actor: &Actor,
        query: &ActivityQuery,
        limit: u32,
    ) -> Result<Vec<ReportedActivity>> {
        let Some((login, business_unit)) = seen_activity(actor, query.login.as_ref())? else {
            return Ok(Vec::new());
        };
        let ActivityQuery { since, until, login: _, action, details, roles, id_max } = query.clone();
        let filter = ActivityFilter { since, until, login, business_unit, action, details, roles, id_max };
        let page = self.store().list_latest_activity(&filter, limit.min(PAGE_ENTRIES_MAX)).await?;
        Ok(page.into_iter().map(reported).collect())
    }

    /// Writes one entry.
    pub async fn record(&self, entry: ActivityEntry) -> Result<()> {
        let activity = Activity {
            at: self.clock().now(),
            login: entry.login.map(|login| cut(&login, NAME_CHARACTERS_MAX)),
            from: entry.from.to_string(),
            module: cut(&entry.module, NAME_CHARACTERS_MAX),
            action: cut(&entry.action, NAME_CHARACTERS_MAX),
            details: cut(&entry.details, DETAILS_CHARACTERS_MAX),
            refused: entry.refused,
        };
        Ok(self.store().add_activity(&activity).await?)
    }

    /// The newest entries, newest first; at most 10,000.
    pub async fn list_activity(&self, limit: u32) -> Result<Vec<ActivityView>> {
        let entries = self.store().list_activity(limit.min(ENTRIES_MAX)).await?;
        Ok(entries.into_iter().map(view).collect())
    }

    /// Writes down what `actor` did.
    pub(crate) async fn record_done(
        &self,
        actor: &Actor,
        module: &str,
        action: &str,
        details: String,
    ) -> Result<()> {
        self.record(ActivityEntry {
            login: Some(actor.login.to_string()),
            from: actor.from,
            module: module.to_owned(),
            action: action.to_owned(),
            details,
            refused: false,
        })
        .await
    }
}

/// The login and the business unit whose entries `actor` sees out of those wanted; `None` for no entry.
fn seen_activity(actor: &Actor, login: Option<&String>) -> Result<Option<(Option<String>, Option<i64>)>> {
    let own = actor.login.as_str();
    Ok(match actor.allow(Action::List, Resource::ActivityLog)?.users() {
        UserReach::Everybody | UserReach::ButManagement { .. } => Some((login.cloned(), None)),
        UserReach::Unit { unit, .. } => Some((login.cloned(), Some(unit))),
        // Somebody else's entries are out of sight: none are listed, and none is an error.
        UserReach::Caller { .. } if login.is_some_and(|login| login != own) => None,
        UserReach::Caller { .. } => Some((Some(own.to_owned()), None)),
    })
}

fn reported(entry: ActivityOfUser) -> ReportedActivity {
    let ActivityOfUser { mark, activity, user } = entry;
    ReportedActivity { mark, activity: view(activity), user }
}

fn view(activity: Activity) -> ActivityView {
    let Activity { at, login, from, module, action, details, refused } = activity;
    ActivityView { at, login, from, module, action, details, refused }
}

/// At most `characters_max` characters, control characters made visible: the log is read on
/// terminals.
fn cut(text: &str, characters_max: usize) -> String {
    text.chars()
        .take(characters_max)
        .map(|character| if character.is_control() { '\u{fffd}' } else { character })
        .collect()
}
