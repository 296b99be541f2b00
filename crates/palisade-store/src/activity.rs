//! The activity log: appended to, read from its end or through a stretch of time.

use palisade_model::{Role, Timestamp};
use sqlx::any::AnyRow;

use crate::error::Result;
use crate::row::Read;
use crate::store::{Store, Write};

/// One entry of the activity log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    pub at: Timestamp,
    /// The login as it was given; `None` when none was.
    pub login: Option<String>,
    /// The address the call came from.
    pub from: String,
    pub module: String,
    pub action: String,
    pub details: String,
    pub refused: bool,
}

/// A part of the activity log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivitySpan {
    /// The first and the last moment, both included.
    pub from: Timestamp,
    pub to: Timestamp,
    /// Only entries with this login.
    pub login: Option<String>,
    /// Only entries of users who are in this business unit now.
    pub business_unit: Option<i64>,
}

/// Where a page of the activity log ended. Pages are in the order of time, and of writing where
/// the time is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActivityMark {
    at: Timestamp,
    id: i64,
}

impl ActivityMark {
    /// Counts up with every entry.
    #[must_use]
    pub const fn id(self) -> i64 {
        self.id
    }
}

/// An entry with the account that its login names, if there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityOfUser {
    pub mark: ActivityMark,
    pub activity: Activity,
    pub user: Option<ActivityUser>,
}

/// The account of an entry, as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityUser {
    pub first_name: String,
    pub last_name: String,
    pub role: Role,
}

/// Entries that are kept; older ones make room, because strangers can cause entries.
const ENTRIES_KEPT: i64 = 1_000_000;
/// Entries after which room is made.
const ENTRIES_BETWEEN: i64 = 100;

impl Store {
    /// Appends an entry. The newest million are kept.
    pub async fn add_activity(&self, activity: &Activity) -> Result<()> {
        let mut write = self.write().await?;
        add_activity_within(&mut write, activity).await?;
        write.commit().await
    }

    /// The newest entries, newest first.
    pub async fn list_activity(&self, limit: u32) -> Result<Vec<Activity>> {
        let rows = sqlx::query(
            "SELECT id, at, login, from_address, module, action, details, refused
             FROM activity_log ORDER BY id DESC LIMIT $1 + 0",
        )
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(read_activity).collect()
    }

    /// Up to `limit` entries of a part of the log, the oldest first; the next page begins `after`
    /// the last entry of the one before.
    pub async fn list_activity_span(
        &self,
        span: &ActivitySpan,
        after: Option<ActivityMark>,
        limit: u32,
    ) -> Result<Vec<ActivityOfUser>> {
        let ActivitySpan { from, to, login, business_unit } = span;
        // Before the first entry of the part, when there is no page before this one.
        let (after_at, after_id) =
            after.map_or((from.as_microsecond(), i64::MIN), |mark| (mark.at.as_microsecond(), mark.id));
        let rows = sqlx::query(
            "SELECT a.id AS id, a.at AS at, a.login AS login, a.from_address AS from_address,
                    a.module AS module, a.action AS action, a.details AS details, a.refused AS refused,
                    u.first_name AS first_name, u.last_name AS last_name, u.role AS role
             FROM activity_log a LEFT JOIN users u ON u.login = a.login
             WHERE a.at >= $1 AND (a.at > $1 OR a.id > $2) AND a.at <= $3
               AND ($4 = 0 OR a.login = $5) AND ($6 = 0 OR u.business_unit_id = $7)
             ORDER BY a.at, a.id LIMIT $8 + 0",
        )
        .bind(after_at)
        .bind(after_id)
        .bind(to.as_microsecond())
        .bind(i64::from(login.is_some()))
        .bind(login.clone().unwrap_or_default())
        .bind(i64::from(business_unit.is_some()))
        .bind(business_unit.unwrap_or_default())
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(read_activity_of_user).collect()
    }
}

/// Appends an entry within a transaction, with which it stays or goes.
pub(crate) async fn add_activity_within(write: &mut Write, activity: &Activity) -> Result<()> {
    let Activity { at, login, from, module, action, details, refused } = activity;
    let row = sqlx::query(
        "INSERT INTO activity_log (at, login, from_address, module, action, details, refused)
         VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
    )
    .bind(at.as_microsecond())
    .bind(login.clone())
    .bind(from.clone())
    .bind(module.clone())
    .bind(action.clone())
    .bind(details.clone())
    .bind(i64::from(*refused))
    .fetch_one(write.connection())
    .await?;
    let id = Read::new("activity_log", &row).number("id")?;
    if id % ENTRIES_BETWEEN == 0 {
        sqlx::query("DELETE FROM activity_log WHERE id <= $1")
            .bind(id - ENTRIES_KEPT)
            .execute(write.connection())
            .await?;
    }
    Ok(())
}

/// Which entries are wanted; `None` and empty are no restriction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ActivityFilter {
    /// The first and the last moment, both included.
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub login: Option<String>,
    /// Only entries of users in this business unit.
    pub business_unit: Option<i64>,
    pub action: Option<String>,
    /// Only entries whose details have this text, in any case of letters.
    pub details: Option<String>,
    /// Only entries of users that have one of these roles now.
    pub roles: Vec<Role>,
    /// Only the entry with this id and older ones.
    pub id_max: Option<i64>,
}

impl Store {
    /// The newest entries that are wanted, newest first.
    pub async fn list_latest_activity(
        &self,
        filter: &ActivityFilter,
        limit: u32,
    ) -> Result<Vec<ActivityOfUser>> {
        let ActivityFilter { since, until, login, business_unit, action, details, roles, id_max } = filter;
        // Words of the vocabulary, each between commas.
        let roles = roles.iter().fold(String::new(), |list, role| list + "," + role.as_str() + ",");
        let rows = sqlx::query(
            "SELECT a.id AS id, a.at AS at, a.login AS login, a.from_address AS from_address,
                    a.module AS module, a.action AS action, a.details AS details, a.refused AS refused,
                    u.first_name AS first_name, u.last_name AS last_name, u.role AS role
             FROM activity_log a LEFT JOIN users u ON u.login = a.login
             WHERE a.id <= $1 AND a.at >= $2 AND a.at <= $3
               AND ($4 = 0 OR a.login = $5) AND ($6 = 0 OR u.business_unit_id = $7)
               AND ($8 = 0 OR a.action = $9) AND ($10 = 0 OR LOWER(a.details) LIKE $11 ESCAPE '!')
               AND ($12 = 0 OR $13 LIKE '%,' || u.role || ',%')
             ORDER BY a.id DESC LIMIT $14 + 0",
        )
        .bind(id_max.unwrap_or(i64::MAX))
        .bind(since.map_or(i64::MIN, Timestamp::as_microsecond))
        .bind(until.map_or(i64::MAX, Timestamp::as_microsecond))
        .bind(i64::from(login.is_some()))
        .bind(login.clone().unwrap_or_default())
        .bind(i64::from(business_unit.is_some()))
        .bind(business_unit.unwrap_or_default())
        .bind(i64::from(action.is_some()))
        .bind(action.clone().unwrap_or_default())
        .bind(i64::from(details.is_some()))
        .bind(pattern(details.as_deref().unwrap_or_default()))
        .bind(i64::from(!roles.is_empty()))
        .bind(roles)
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(read_activity_of_user).collect()
    }
}

/// A pattern of `LIKE` for what has this text somewhere; `!` stands before signs of patterns.
fn pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.to_lowercase().chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

fn read_activity_of_user(row: &AnyRow) -> Result<ActivityOfUser> {
    let read = Read::new("activity_log", row);
    let activity = read_activity(row)?;
    let user = match (read.optional_text("first_name")?, read.optional_text("last_name")?) {
        (Some(first_name), Some(last_name)) => {
            Some(ActivityUser { first_name, last_name, role: read.word("role")? })
        }
        _ => None,
    };
    let mark = ActivityMark { at: activity.at, id: read.number("id")? };
    Ok(ActivityOfUser { mark, activity, user })
}

fn read_activity(row: &AnyRow) -> Result<Activity> {
    let read = Read::new("activity_log", row);
    Ok(Activity {
        at: read.time("at")?,
        login: read.optional_text("login")?,
        from: read.text("from_address")?,
        module: read.text("module")?,
        action: read.text("action")?,
        details: read.text("details")?,
        refused: read.yes("refused")?,
    })
}
