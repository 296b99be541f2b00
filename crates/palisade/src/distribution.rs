//! `palisade distribution`: distribution groups, managed on the machine that holds the data.

use clap::Subcommand;
use palisade_app::{App, Error};

use crate::server::{ServerError, open_shared};
use crate::settings::Settings;
use crate::terminal::{line, plain, titled_table};

/// What to do with distribution groups.
#[derive(Debug, Subcommand)]
pub(crate) enum DistributionCommand {
    /// List the groups, with their addresses
    List {
        #[command(flatten)]
        settings: Settings,
    },
    /// Make a group
    ///
    /// Example: palisade distribution add 'Web team' --addresses ada@example.org,web@example.org
    #[command(verbatim_doc_comment)]
    Add {
        /// Its title
        title: String,
        /// Mail addresses of its people, separated by commas
        #[arg(long, value_name = "ADDRESSES", value_delimiter = ',', required = true)]
        addresses: Vec<String>,
        #[command(flatten)]
        settings: Settings,
    },
    /// Give a group other addresses
    Edit {
        /// Its ID
        id: i64,
        /// Mail addresses, in place of those it has
        #[arg(long, value_name = "ADDRESSES", value_delimiter = ',', required = true)]
        addresses: Vec<String>,
        #[command(flatten)]
        settings: Settings,
    },
    /// Delete a group; scheduled scans that name it tell nobody in its place
    Delete {
        /// Its ID
        id: i64,
        #[command(flatten)]
        settings: Settings,
    },
}

/// Why a command about distribution groups failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DistributionError {
    #[error("the data cannot be opened")]
    Open(#[from] ServerError),
    #[error("the distribution group cannot be {attempt}")]
    App {
        attempt: &'static str,
        #[source]
        source: Error,
    },
}

fn failed(attempt: &'static str) -> impl FnOnce(Error) -> DistributionError {
    move |source| DistributionError::App { attempt, source }
}

/// Runs the command. A server may be running on the same data.
pub(crate) async fn run(command: DistributionCommand) -> Result<(), DistributionError> {
    match command {
        DistributionCommand::List { settings } => list(&open_shared(&settings).await?).await,
        DistributionCommand::Add { title, addresses, settings } => {
            let app = open_shared(&settings).await?;
            let id =
                app.add_distribution_group(&title, &trimmed(&addresses)).await.map_err(failed("made"))?;
            line(format!("made distribution group {id}"));
            Ok(())
        }
        DistributionCommand::Edit { id, addresses, settings } => {
            let app = open_shared(&settings).await?;
            app.edit_distribution_group(id, &trimmed(&addresses)).await.map_err(failed("changed"))?;
            line(format!("changed distribution group {id}"));
            Ok(())
        }
        DistributionCommand::Delete { id, settings } => {
            open_shared(&settings).await?.delete_distribution_group(id).await.map_err(failed("deleted"))?;
            line(format!("deleted distribution group {id}"));
            Ok(())
        }
    }
}

fn trimmed(addresses: &[String]) -> Vec<String> {
    addresses.iter().map(|address| address.trim().to_owned()).collect()
}

async fn list(app: &App) -> Result<(), DistributionError> {
    let groups = app.list_distribution_groups().await.map_err(failed("listed"))?;
    let rows = groups
        .into_iter()
        .map(|group| vec![group.id.to_string(), plain(&group.title), plain(&group.addresses.join(", "))]);
    line(titled_table(&["ID", "title", "addresses"], rows, "none").trim_end());
    Ok(())
}
