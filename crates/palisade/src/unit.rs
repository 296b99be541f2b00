//! `palisade unit`: business units, managed on the machine that holds the data.

use clap::Subcommand;
use palisade_app::{App, Authority, Error};
use palisade_model::Login;

use crate::server::{ServerError, open_shared};
use crate::settings::Settings;
use crate::terminal::{line, plain, titled_table};
use crate::user::titles;

/// What to do with business units.
#[derive(Debug, Subcommand)]
pub(crate) enum UnitCommand {
    /// List the units, with their asset groups and users
    List {
        #[command(flatten)]
        settings: Settings,
    },
    /// Make a unit
    Add {
        /// Its title
        title: String,
        /// Titles of its asset groups, separated by commas
        #[arg(long, value_name = "TITLES", value_delimiter = ',')]
        asset_groups: Vec<String>,
        #[command(flatten)]
        settings: Settings,
    },
    /// Change the title or the asset groups of a unit
    Edit {
        /// Its title
        title: String,
        /// Another title
        #[arg(long, value_name = "TITLE")]
        new_title: Option<String>,
        /// Titles of its asset groups, in place of those it has; an empty text for none
        #[arg(long, value_name = "TITLES", value_delimiter = ',')]
        asset_groups: Option<Vec<String>>,
        #[command(flatten)]
        settings: Settings,
    },
    /// Delete a unit without users and asset groups
    Delete {
        /// Its title
        title: String,
        #[command(flatten)]
        settings: Settings,
    },
}

/// Why a command about units failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnitError {
    #[error("the data cannot be opened")]
    Open(#[from] ServerError),
    /// With whatever has to leave the unit first.
    #[error("the business unit still has {rest}")]
    InUse { rest: String },
    #[error("the business unit cannot be {attempt}")]
    App {
        attempt: &'static str,
        #[source]
        source: Error,
    },
}

fn failed(attempt: &'static str) -> impl FnOnce(Error) -> UnitError {
    move |source| match source {
        Error::BusinessUnitInUse { users, asset_groups, .. } => {
            let users = users.iter().map(Login::as_str).collect::<Vec<_>>().join(", ");
            let parts = [("users", users), ("asset groups", asset_groups.join(", "))];
            let parts = parts.into_iter().filter(|(_, names)| !names.is_empty());
            let parts: Vec<String> = parts.map(|(what, names)| format!("{what} ({names})")).collect();
            UnitError::InUse { rest: parts.join(" and ") }
        }
        source => UnitError::App { attempt, source },
    }
}

/// Runs the command. A server may be running on the same data.
pub(crate) async fn run(command: UnitCommand) -> Result<(), UnitError> {
    let by = Authority::CommandLine;
    match command {
        UnitCommand::List { settings } => list(&open_shared(&settings).await?).await,
        UnitCommand::Add { title, asset_groups, settings } => {
            let app = open_shared(&settings).await?;
            app.add_business_unit(by, &title, &titles(&asset_groups)).await.map_err(failed("made"))?;
            line(plain(&format!("made the business unit {title}")));
            Ok(())
        }
        UnitCommand::Edit { title, new_title, asset_groups, settings } => {
            let groups = asset_groups.map(|given| titles(&given));
            let app = open_shared(&settings).await?;
            let edited = app.edit_business_unit(by, &title, new_title.as_deref(), groups.as_deref()).await;
            edited.map_err(failed("changed"))?;
            line(plain(&format!("changed the business unit {title}")));
            Ok(())
        }
        UnitCommand::Delete { title, settings } => {
            open_shared(&settings)
                .await?
                .delete_business_unit(by, &title)
                .await
                .map_err(failed("deleted"))?;
            line(plain(&format!("deleted the business unit {title}")));
            Ok(())
        }
    }
}

async fn list(app: &App) -> Result<(), UnitError> {
    let units = app.list_business_units(Authority::CommandLine).await.map_err(failed("listed"))?;
    let head = ["title", "contact", "users", "asset groups"];
    let rows = units.into_iter().map(|unit| {
        vec![
            plain(&unit.title),
            unit.contact.map_or_else(|| "none".to_owned(), |login| login.to_string()),
            unit.users.iter().map(Login::as_str).collect::<Vec<_>>().join(", "),
            plain(&unit.asset_groups.join(", ")),
        ]
    });
    line(titled_table(&head, rows, "none").trim_end());
    Ok(())
}
