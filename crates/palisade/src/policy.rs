//! `palisade policy`: remediation policies, managed on the machine that holds the data.

use std::collections::BTreeSet;

use clap::{Args, Subcommand};
use palisade_app::{App, PolicyView};
use palisade_model::remediation::{DEADLINE_DAYS_MAX, VulnerabilitySelection};
use palisade_model::{Assignee, IpSet, PolicyAction, Qid, Severity};

use crate::data_directory::DataDirectory;
use crate::kb_template;
use crate::server::{self, ServerError};
use crate::settings::Settings;
use crate::terminal::{line, plain, titled_table};

/// What to do with policies.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// List the policies in the order in which they are asked
    List {
        #[command(flatten)]
        settings: Settings,
    },
    /// Add a policy after all others
    ///
    /// Examples:
    ///   palisade policy add Severe --severities 4,5 --assign asset-owner --deadline 7
    ///   palisade policy add "Lab hosts" --ips 192.0.2.0/28 --ignore
    ///   palisade policy add Rest --assign user:acme_ab1 --deadline 30
    #[command(verbatim_doc_comment)]
    Add(Box<PolicyArguments>),
    /// Replace a policy: what is not given is as with a new one
    Edit {
        #[command(flatten)]
        policy: Box<PolicyArguments>,
        /// Give it another title
        #[arg(long, value_name = "TITLE")]
        new_title: Option<String>,
    },
    /// Move a policy to another position
    Move {
        /// The policy
        title: String,
        /// 1 for the one that is asked first
        #[arg(value_parser = clap::value_parser!(u32).range(1..))]
        position: u32,
        #[command(flatten)]
        settings: Settings,
    },
    /// Delete a policy; the tickets it made stay
    Delete {
        /// The policy
        title: String,
        #[command(flatten)]
        settings: Settings,
    },
}

/// What a policy is about and what it does.
#[derive(Debug, Args)]
pub(crate) struct PolicyArguments {
    /// Its title; tickets name it
    title: String,
    /// Only vulnerabilities of these hosts; with --asset-groups, of either
    #[arg(long, value_name = "IPS")]
    ips: Option<IpSet>,
    /// Only vulnerabilities of hosts of these asset groups, separated by commas
    #[arg(long, value_name = "TITLES", value_delimiter = ',')]
    asset_groups: Vec<String>,
    /// Only these vulnerabilities, separated by commas
    #[arg(long, value_name = "QIDS", value_delimiter = ',')]
    qids: Vec<Qid>,
    /// Only vulnerabilities of these severities, 1 to 5, separated by commas
    #[arg(long, value_name = "LEVELS", value_delimiter = ',', value_parser = severity)]
    severities: Vec<Severity>,
    /// Only confirmed or only potential vulnerabilities
    #[arg(long, value_name = "KIND", value_parser = ["confirmed", "potential"])]
    kind: Option<String>,
    #[command(flatten)]
    action: ActionArguments,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct ActionGroup {
    /// Make a ticket for scan-launcher, asset-owner, or user: and a login
    #[arg(long, value_name = "WHOM")]
    assign: Option<Assignee>,
    /// Make a closed ticket, and ignore the vulnerability
    #[arg(long)]
    ignore: bool,
    /// Make no ticket, whatever the policies after this one say
    #[arg(long)]
    no_ticket: bool,
}

#[derive(Debug, Args)]
struct ActionArguments {
    #[command(flatten)]
    group: ActionGroup,
    /// Days until the ticket is due
    #[arg(
        long,
        value_name = "DAYS",
        default_value_t = 7,
        value_parser = clap::value_parser!(u16).range(1..=i64::from(DEADLINE_DAYS_MAX))
    )]
    deadline: u16,
}

/// Why a policy command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PolicyError {
    #[error("the data cannot be opened")]
    Open(#[from] ServerError),
    #[error("the policy cannot be {attempt}")]
    App {
        attempt: &'static str,
        #[source]
        source: palisade_app::Error,
    },
}

fn failed(attempt: &'static str) -> impl FnOnce(palisade_app::Error) -> PolicyError {
    move |source| PolicyError::App { attempt, source }
}

fn severity(text: &str) -> Result<Severity, String> {
    let level = text.trim().parse::<u8>().ok().and_then(|level| Severity::try_from(level).ok());
    level.ok_or_else(|| "a severity is 1 to 5".to_owned())
}

/// Runs the command. A server may be running on the same data.
pub(crate) async fn run(command: PolicyCommand) -> Result<(), PolicyError> {
    match command {
        PolicyCommand::List { settings } => list(&open(&settings).await?).await,
        PolicyCommand::Add(arguments) => {
            let (app, policy) = (open(&arguments.settings).await?, policy(*arguments));
            app.add_policy(policy).await.map_err(failed("added"))?;
            list(&app).await
        }
        PolicyCommand::Edit { policy: arguments, new_title } => {
            let (app, old) = (open(&arguments.settings).await?, arguments.title.clone());
            let mut policy = policy(*arguments);
            policy.title = new_title.unwrap_or(policy.title);
            app.edit_policy(&old, policy).await.map_err(failed("changed"))?;
            list(&app).await
        }
        PolicyCommand::Move { title, position, settings } => {
            let app = open(&settings).await?;
            let position = usize::try_from(position).unwrap_or(usize::MAX);
            app.move_policy(&title, position).await.map_err(failed("moved"))?;
            list(&app).await
        }
        PolicyCommand::Delete { title, settings } => {
            let app = open(&settings).await?;
            app.delete_policy(&title).await.map_err(failed("deleted"))?;
            list(&app).await
        }
    }
}

async fn open(settings: &Settings) -> Result<App, PolicyError> {
    let data = DataDirectory::open_shared(&settings.data).map_err(ServerError::Data)?;
    // A policy may name the QIDs of templates.
    let templates = kb_template::imported(&data).map_err(ServerError::Templates)?;
    Ok(server::open_app_with(settings, &data, templates.as_deref()).await?)
}

fn policy(arguments: PolicyArguments) -> PolicyView {
    let PolicyArguments { title, ips, asset_groups, qids, severities, kind, action, settings: _ } = arguments;
    let ActionArguments { group: ActionGroup { assign, ignore, no_ticket: _ }, deadline } = action;
    let action = match assign {
        Some(assignee) => PolicyAction::CreateTicket { assignee, deadline_days: deadline },
        None if ignore => PolicyAction::Ignore,
        None => PolicyAction::NoTicket,
    };
    let asset_groups = asset_groups.iter().map(|title| title.trim().to_owned());
    PolicyView {
        title,
        ips: ips.unwrap_or_default(),
        asset_groups: asset_groups.filter(|title| !title.is_empty()).collect(),
        vulnerabilities: VulnerabilitySelection {
            qids: qids.into_iter().collect(),
            severities: severities.into_iter().collect(),
            potential: kind.map(|kind| kind == "potential"),
        },
        action,
    }
}

async fn list(app: &App) -> Result<(), PolicyError> {
    let policies = app.list_policies().await.map_err(failed("listed"))?;
    let head = ["position", "title", "hosts", "vulnerabilities", "action"];
    let rows = policies.into_iter().zip(1_u32..).map(|(policy, position)| {
        let PolicyView { title, ips, asset_groups, vulnerabilities, action } = policy;
        vec![
            position.to_string(),
            plain(&title),
            plain(&hosts(&ips, &asset_groups)),
            described(&vulnerabilities),
            done(&action),
        ]
    });
    line(titled_table(&head, rows, "none, so no tickets are made").trim_end());
    Ok(())
}

fn hosts(ips: &IpSet, asset_groups: &[String]) -> String {
    let ips = (!ips.is_empty()).then(|| ips.to_string());
    let parts: Vec<String> = ips.into_iter().chain(asset_groups.iter().cloned()).collect();
    if parts.is_empty() { "all".to_owned() } else { parts.join(", ") }
}

fn described(vulnerabilities: &VulnerabilitySelection) -> String {
    let VulnerabilitySelection { qids, severities, potential } = vulnerabilities;
    let mut parts = Vec::new();
    parts.extend(potential.map(|potential| if potential { "potential" } else { "confirmed" }.to_owned()));
    parts.extend(listed("severity", severities));
    parts.extend(listed("QID", qids));
    if parts.is_empty() { "all".to_owned() } else { parts.join(", ") }
}

/// `severity 4 5`, or nothing.
fn listed<T: ToString>(word: &str, items: &BTreeSet<T>) -> Option<String> {
    let items: Vec<String> = items.iter().map(ToString::to_string).collect();
    (!items.is_empty()).then(|| format!("{word} {}", items.join(" ")))
}

fn done(action: &PolicyAction) -> String {
    match action {
        PolicyAction::CreateTicket { assignee, deadline_days } => {
            format!("ticket for {assignee}, {deadline_days} days")
        }
        PolicyAction::Ignore => "ignore".to_owned(),
        PolicyAction::NoTicket => "no ticket".to_owned(),
    }
}
