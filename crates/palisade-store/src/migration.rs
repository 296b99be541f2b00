//! Bringing a database's schema up to date.
//!
//! Migrations are numbered SQL files, compiled in. They are written in the portable subset; the
//! one thing a table definition cannot say portably, a key that the database counts up, is
//! written `{counted key}` and filled in by the dialect. All missing ones are applied in one
//! transaction under a lock: two programs started at once do not both migrate, and one that is
//! killed has changed nothing.

use sqlx::{AssertSqlSafe, Row};

use crate::error::{Error, Result};
use crate::store::{Store, Write};

/// The migrations in order; the version of a schema is the number of migrations applied to it.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_first_tables.sql"),
    include_str!("../migrations/0002_asset_groups.sql"),
    include_str!("../migrations/0003_call_limits.sql"),
    include_str!("../migrations/0004_activity_by_time.sql"),
    include_str!("../migrations/0005_ports_and_zones.sql"),
    include_str!("../migrations/0006_user_profiles.sql"),
    include_str!("../migrations/0007_option_profiles.sql"),
    include_str!("../migrations/0008_scheduled_tasks.sql"),
    include_str!("../migrations/0009_domains_and_maps.sql"),
    include_str!("../migrations/0010_tickets.sql"),
    include_str!("../migrations/0011_report_templates.sql"),
    include_str!("../migrations/0012_business_units.sql"),
    include_str!("../migrations/0013_mail_queue.sql"),
    include_str!("../migrations/0014_ends_of_runs.sql"),
    include_str!("../migrations/0015_template_qids.sql"),
    include_str!("../migrations/0016_feeds.sql"),
    include_str!("../migrations/0017_auth_records.sql"),
    include_str!("../migrations/0018_sessions.sql"),
    include_str!("../migrations/0019_detections_and_purging.sql"),
    include_str!("../migrations/0020_paused_scans.sql"),
    include_str!("../migrations/0021_report_jobs.sql"),
    include_str!("../migrations/0022_excluded_hosts.sql"),
    include_str!("../migrations/0023_search_lists.sql"),
    include_str!("../migrations/0024_virtual_hosts_and_sign_in_addresses.sql"),
    include_str!("../migrations/0025_networks_and_appliances.sql"),
    include_str!("../migrations/0026_search_list_uses.sql"),
    include_str!("../migrations/0027_custom_vulnerabilities.sql"),
    include_str!("../migrations/0028_courses_of_scheduled_scans.sql"),
    include_str!("../migrations/0029_scheduled_reports.sql"),
    include_str!("../migrations/0032_permissions.sql"),
    include_str!("../migrations/0033_host_names_of_groups.sql"),
    include_str!("../migrations/0034_scans_with_sign_in.sql"),
    include_str!("../migrations/0035_turns_of_runs.sql"),
    include_str!("../migrations/0037_partial_hosts.sql"),
];

/// Applies what is missing.
pub(crate) async fn migrate(store: &Store) -> Result<()> {
    let mut write = store.write().await?;
    if let Some(lock) = store.dialect().lock_migrations() {
        sqlx::query(lock).execute(write.connection()).await?;
    }
    sqlx::query("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)")
        .execute(write.connection())
        .await?;
    let program = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let database = version(&mut write).await?;
    if database > program {
        return Err(Error::Newer { database, program });
    }
    for (migration, number) in MIGRATIONS.iter().zip(1_i64..).skip(usize::try_from(database).unwrap_or(0)) {
        apply(store, &mut write, migration).await?;
        sqlx::query("UPDATE schema_version SET version = $1")
            .bind(number)
            .execute(write.connection())
            .await?;
    }
    write.commit().await
}

/// The version of the database; 0 for an empty one.
async fn version(write: &mut Write) -> Result<i64> {
    let row = sqlx::query("SELECT version FROM schema_version").fetch_optional(write.connection()).await?;
    if let Some(row) = row {
        return Ok(row.try_get("version")?);
    }
    sqlx::query("INSERT INTO schema_version (version) VALUES (0)").execute(write.connection()).await?;
    Ok(0)
}

/// Runs the statements of one file, one by one. A semicolon at the end of a line ends a statement.
async fn apply(store: &Store, write: &mut Write, migration: &str) -> Result<()> {
    let filled = migration.replace("{counted key}", store.dialect().counted_key());
    for statement in filled.split(";\n").map(str::trim).filter(|statement| !statement.is_empty()) {
        // The text is compiled in; nothing from outside gets into it.
        sqlx::query(AssertSqlSafe(statement)).execute(write.connection()).await?;
    }
    Ok(())
}
