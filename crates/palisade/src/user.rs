//! `palisade user`: accounts, managed on the machine that holds the data.

use clap::{Args, Subcommand};
use palisade_app::{Actor, App, Authority, NewUser, RestrictedIpChange};
use palisade_model::business_unit::UNASSIGNED;
use palisade_model::{IpSet, Login, Permissions, Role, Timestamp};

use crate::server::{ServerError, open_shared};
use crate::settings::Settings;
use crate::terminal::{line, plain, titled_table};

/// What to do with accounts.
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Make an account; its password is generated and shown once
    Add(AddArguments),
    /// List the accounts
    List {
        #[command(flatten)]
        settings: Settings,
    },
    /// Give an account a new password, generated and shown once
    Password {
        /// The account
        login: Login,
        #[command(flatten)]
        settings: Settings,
    },
    /// Assign asset groups to an account, in place of those it has
    AssetGroups {
        /// The account
        login: Login,
        /// Their titles, separated by commas; none takes all groups from the account
        #[arg(value_name = "TITLES", value_delimiter = ',')]
        titles: Vec<String>,
        #[command(flatten)]
        settings: Settings,
    },
    /// Move an account to another business unit
    Unit {
        /// The account
        login: Login,
        /// Title of the unit; none takes the account out of all units
        title: Option<String>,
        #[command(flatten)]
        settings: Settings,
    },
    /// Let users sign in from any address again, whatever setup/restricted_ips/ restricted
    FromAnywhere {
        #[command(flatten)]
        settings: Settings,
    },
    /// Say what an account may do beyond its role, in place of what it may
    ///
    /// Managers may all of it. Unit Managers: add_assets, create_option_profiles, edit_auth_records,
    /// edit_remediation_policy, edit_virtual_hosts, purge_hosts. Scanners: create_option_profiles,
    /// edit_asset_groups, edit_virtual_hosts, purge_hosts
    Permissions {
        /// The account
        login: Login,
        /// The permissions, separated by commas; none takes all from the account
        #[arg(value_name = "PERMISSIONS", default_value = "", hide_default_value = true)]
        permissions: Permissions,
        #[command(flatten)]
        settings: Settings,
    },
    /// Switch an account on or off
    Status {
        /// The account
        login: Login,
        /// Whether it may be used
        #[arg(value_parser = ["active", "inactive"])]
        status: String,
        #[command(flatten)]
        settings: Settings,
    },
}

/// A new account.
#[derive(Debug, Args)]
pub(crate) struct AddArguments {
    /// Login; without it one is made from the company's name
    login: Option<Login>,
    /// manager, unit_manager, auditor, scanner, reader, contact or administrator
    #[arg(long, value_name = "ROLE")]
    role: Role,
    #[arg(long, value_name = "NAME", default_value = "")]
    first_name: String,
    #[arg(long, value_name = "NAME", default_value = "")]
    last_name: String,
    #[arg(long, value_name = "ADDRESS", default_value = "")]
    email: String,
    /// Hosts a Unit Manager, Scanner or Reader may see and scan
    #[arg(long, value_name = "IPS")]
    ips: Option<IpSet>,
    /// Titles of asset groups to assign, separated by commas; their hosts come beside those of --ips
    #[arg(long, value_name = "TITLES", value_delimiter = ',')]
    asset_groups: Vec<String>,
    /// Title of the business unit it is in
    #[arg(long, value_name = "TITLE")]
    business_unit: Option<String>,
    /// The account counts as having accepted the terms; else its holder calls acceptEULA.php first
    #[arg(long)]
    accept_terms: bool,
    /// Last moment of use, for example 2030-01-31T00:00:00Z
    #[arg(long, value_name = "TIME")]
    expires: Option<Timestamp>,
    #[command(flatten)]
    settings: Settings,
}

/// Why an account command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UserError {
    #[error("the data cannot be opened")]
    Open(#[from] ServerError),
    #[error("the account cannot be {attempt}")]
    App {
        attempt: &'static str,
        #[source]
        source: palisade_app::Error,
    },
}

fn failed(attempt: &'static str) -> impl FnOnce(palisade_app::Error) -> UserError {
    move |source| UserError::App { attempt, source }
}

/// Runs the command. A server may be running on the same data.
pub(crate) async fn run(command: UserCommand) -> Result<(), UserError> {
    match command {
        UserCommand::Add(arguments) => add(arguments).await,
        UserCommand::List { settings } => list(&open_shared(&settings).await?).await,
        UserCommand::Password { login, settings } => {
            let password =
                open_shared(&settings).await?.set_password(&login, None).await.map_err(failed("changed"))?;
            line(format!("login     {login}\npassword  {}", password.reveal()));
            Ok(())
        }
        UserCommand::AssetGroups { login, titles: given, settings } => {
            let titles = titles(&given);
            open_shared(&settings)
                .await?
                .set_user_asset_groups(&login, &titles)
                .await
                .map_err(failed("changed"))?;
            let shown = if titles.is_empty() { "none".to_owned() } else { titles.join(", ") };
            line(plain(&format!("asset groups of {login}: {shown}")));
            Ok(())
        }
        UserCommand::Unit { login, title, settings } => {
            let app = open_shared(&settings).await?;
            let lost = app.move_user(Authority::CommandLine, &login, title.as_deref()).await;
            let lost = lost.map_err(failed("moved"))?;
            line(plain(&format!("{login} is now in {}", title.as_deref().unwrap_or(UNASSIGNED))));
            if !lost.is_empty() {
                line(plain(&format!(
                    "asset groups taken away, for they are not of the unit: {}",
                    lost.join(", ")
                )));
            }
            Ok(())
        }
        UserCommand::FromAnywhere { settings } => {
            let app = open_shared(&settings).await?;
            let cleared = app.change_restricted_ips(&Actor::operator(), RestrictedIpChange::Clear).await;
            cleared.map_err(failed("let in from anywhere"))?;
            line("users sign in from any address");
            Ok(())
        }
        UserCommand::Permissions { login, permissions, settings } => {
            open_shared(&settings)
                .await?
                .set_permissions(&login, &permissions)
                .await
                .map_err(failed("changed"))?;
            let shown =
                if permissions.iter().next().is_none() { "none".to_owned() } else { permissions.to_string() };
            line(plain(&format!("permissions of {login}: {shown}")));
            Ok(())
        }
        UserCommand::Status { login, status, settings } => {
            let status = if status == "active" {
                palisade_model::UserStatus::Active
            } else {
                palisade_model::UserStatus::Inactive
            };
            open_shared(&settings).await?.set_user_status(&login, status).await.map_err(failed("changed"))?;
            line(format!("{login} is now {status}"));
            Ok(())
        }
    }
}

/// Titles as they were written around commas.
pub(crate) fn titles(given: &[String]) -> Vec<String> {
    given.iter().map(|title| title.trim().to_owned()).filter(|title| !title.is_empty()).collect()
}

async fn add(arguments: AddArguments) -> Result<(), UserError> {
    let app = open_shared(&arguments.settings).await?;
    let new = NewUser {
        login: arguments.login,
        role: arguments.role,
        first_name: arguments.first_name,
        last_name: arguments.last_name,
        email: arguments.email,
        password: None,
        assigned_ips: arguments.ips.unwrap_or_default(),
        asset_groups: titles(&arguments.asset_groups),
        business_unit: arguments.business_unit,
        eula_accepted: arguments.accept_terms,
        expires_at: arguments.expires,
    };
    let account = app.add_user(new).await.map_err(failed("made"))?;
    line(format!("login     {}\npassword  {}", account.login, account.password.reveal()));
    Ok(())
}

async fn list(app: &App) -> Result<(), UserError> {
    let users = app.list_users().await.map_err(failed("listed"))?;
    let head = ["login", "role", "status", "name", "unit", "hosts", "asset groups", "permissions"];
    let rows = users.into_iter().map(|user| {
        vec![
            user.login.to_string(),
            user.role.to_string(),
            user.status.to_string(),
            plain(&format!("{} {}", user.first_name, user.last_name)),
            plain(user.business_unit.as_deref().unwrap_or(UNASSIGNED)),
            user.assigned_ips.to_string(),
            plain(&user.asset_groups.join(", ")),
            user.permissions.to_string(),
        ]
    });
    line(titled_table(&head, rows, "none").trim_end());
    Ok(())
}
