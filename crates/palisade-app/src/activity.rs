//! The activity log: who did what, and what was refused.

use std::net::IpAddr;

use palisade_model::Timestamp;
use palisade_store::Activity;

use crate::actor::Actor;
use crate::app::App;
use crate::error::Result;

/// Longest texts that are kept, in characters.
const NAME_CHARACTERS_MAX: usize = 64;
const DETAILS_CHARACTERS_MAX: usize = 1_000;
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

impl App {
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
        Ok(entries
            .into_iter()
            .map(|Activity { at, login, from, module, action, details, refused }| ActivityView {
                at,
                login,
                from,
                module,
                action,
                details,
                refused,
            })
            .collect())
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

/// At most `characters_max` characters, control characters made visible: the log is read on
/// terminals.
fn cut(text: &str, characters_max: usize) -> String {
    text.chars()
        .take(characters_max)
        .map(|character| if character.is_control() { '\u{fffd}' } else { character })
        .collect()
}
