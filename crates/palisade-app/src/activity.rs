//! The activity log: who did what, and what was refused.

use std::net::IpAddr;

use palisade_model::{Action, Resource, Timestamp};
use palisade_store::{Activity, ActivityMark, ActivityOfUser, ActivitySpan, ActivityUser};

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
        let own = actor.login.as_str();
        let (login, business_unit) = match actor.allow(Action::List, Resource::ActivityLog)?.users() {
            UserReach::Everybody | UserReach::ButManagement { .. } => (wanted.login.clone(), None),
            UserReach::Unit { unit, .. } => (wanted.login.clone(), Some(unit)),
            UserReach::Caller { .. } => {
                // Somebody else's entries are out of sight: none are listed, and none is an error.
                if wanted.login.as_ref().is_some_and(|login| login != own) {
                    return Ok(Vec::new());
                }
                (Some(own.to_owned()), None)
            }
        };
        let span = ActivitySpan { from: wanted.from, to: wanted.to, login, business_unit };
        let page = self.store().list_activity_span(&span, after, limit.min(PAGE_ENTRIES_MAX)).await?;
        let reported = |entry: ActivityOfUser| {
            let ActivityOfUser { mark, activity, user } = entry;
            ReportedActivity { mark, activity: view(activity), user }
        };
        Ok(page.into_iter().map(reported).collect())
    }

    /// Writes one entry.
    pub async fn record(&self, entry: ActivityEntry) -> Result<()> {
        Ok(self.store().add_activity(&self.written_down(entry)).await?)
    }

    /// An entry as it is kept.
    pub(crate) fn written_down(&self, entry: ActivityEntry) -> Activity {
        Activity {
            at: self.clock().now(),
            login: entry.login.map(|login| cut(&login, NAME_CHARACTERS_MAX)),
            from: entry.from.to_string(),
            module: cut(&entry.module, NAME_CHARACTERS_MAX),
            action: cut(&entry.action, NAME_CHARACTERS_MAX),
            details: cut(&entry.details, DETAILS_CHARACTERS_MAX),
            refused: entry.refused,
        }
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
