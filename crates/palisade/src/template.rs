//! `palisade template`: report templates, managed on the machine that holds the data.

use clap::{Args, Subcommand};
use palisade_app::{App, ChooseTemplate, ReportTemplateView};
use palisade_model::report_template::{HostTemplate, Levels, TemplateDisplay, TemplateFilter};
use palisade_model::{DetectionStatus, FindingOrder, IpSet, Login, Qid};

use crate::server::{ServerError, open_shared};
use crate::settings::Settings;
use crate::terminal::{line, plain, titled_table};

/// What to do with report templates.
#[derive(Debug, Subcommand)]
pub(crate) enum TemplateCommand {
    /// List the report templates
    List {
        #[command(flatten)]
        settings: Settings,
    },
    /// Show what a report template holds
    Show {
        /// Its ID
        id: i64,
        #[command(flatten)]
        settings: Settings,
    },
    /// Make a template of reports on hosts
    ///
    /// Example: palisade template add 'Web servers' --global --asset-groups Web --vulnerabilities 3,4,5
    #[command(verbatim_doc_comment)]
    Add {
        /// Its title
        title: String,
        /// The user whose template it is; without one it belongs to nobody
        #[arg(long, value_name = "LOGIN")]
        owner: Option<Login>,
        #[command(flatten)]
        contents: Box<Contents>,
        #[command(flatten)]
        settings: Box<Settings>,
    },
    /// Change a template of reports on hosts; what is not named stays as it is
    Edit {
        /// Its ID
        id: i64,
        /// Another title
        #[arg(long, value_name = "TITLE")]
        title: Option<String>,
        #[command(flatten)]
        contents: Box<Contents>,
        #[command(flatten)]
        settings: Box<Settings>,
    },
    /// Delete a report template
    Delete {
        /// Its ID
        id: i64,
        #[command(flatten)]
        settings: Settings,
    },
}

/// What is chosen of a template. Lists are separated by commas; an empty one stands for all.
#[derive(Debug, Args)]
pub(crate) struct Contents {
    /// Whether everybody may use it
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    global: Option<bool>,
    /// Titles of the asset groups that reports are about
    #[arg(long, value_name = "TITLES")]
    asset_groups: Option<String>,
    /// Addresses that reports are about
    #[arg(long, value_name = "IPS")]
    ips: Option<String>,
    /// Severities of confirmed vulnerabilities, for example 4,5; or none
    #[arg(long, value_name = "LEVELS")]
    vulnerabilities: Option<Levels>,
    /// Severities of potential vulnerabilities, or none
    #[arg(long, value_name = "LEVELS")]
    potential: Option<Levels>,
    /// Severities of information gathered, or none
    #[arg(long, value_name = "LEVELS")]
    information: Option<Levels>,
    /// Statuses of vulnerabilities: New, Active, Re-Opened, Fixed
    #[arg(long, value_name = "STATUSES", value_delimiter = ',')]
    statuses: Option<Vec<DetectionStatus>>,
    /// Categories of the KnowledgeBase
    #[arg(long, value_name = "CATEGORIES")]
    categories: Option<String>,
    /// The only QIDs to show
    #[arg(long, value_name = "QIDS")]
    qids: Option<String>,
    /// QIDs not to show
    #[arg(long, value_name = "QIDS")]
    excluded_qids: Option<String>,
    /// Texts of which a host's operating system has one
    #[arg(long, value_name = "TEXTS")]
    operating_systems: Option<String>,
    /// Only what was found within so many days; 0 for all times
    #[arg(long, value_name = "DAYS")]
    timeframe_days: Option<u32>,
    /// The order of a host's findings: qid, severity or port
    #[arg(long, value_name = "ORDER")]
    order: Option<FindingOrder>,
    /// Parts to show: summary, host-risks, hosts, host-asset-groups, host-ids, glossary, threat, impact,
    /// solution, results, cvss, appendix
    #[arg(long, value_name = "PARTS", value_delimiter = ',', value_parser = PARTS)]
    show: Vec<String>,
    /// Parts not to show
    #[arg(long, value_name = "PARTS", value_delimiter = ',', value_parser = PARTS)]
    hide: Vec<String>,
}

const PARTS: [&str; 12] = [
    "summary",
    "host-risks",
    "hosts",
    "host-asset-groups",
    "host-ids",
    "glossary",
    "threat",
    "impact",
    "solution",
    "results",
    "cvss",
    "appendix",
];

/// Why a command about templates failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TemplateError {
    #[error("the data cannot be opened")]
    Open(#[from] ServerError),
    #[error("there is no report template {0}; `palisade template list` shows all")]
    Unknown(i64),
    #[error("'{text}' is not a list of {what}")]
    List { what: &'static str, text: String },
    #[error("the report template cannot be {attempt}")]
    App {
        attempt: &'static str,
        #[source]
        source: palisade_app::Error,
    },
}

fn failed(attempt: &'static str) -> impl FnOnce(palisade_app::Error) -> TemplateError {
    move |source| TemplateError::App { attempt, source }
}

/// Runs the command. A server may be running on the same data.
pub(crate) async fn run(command: TemplateCommand) -> Result<(), TemplateError> {
    match command {
        TemplateCommand::List { settings } => list(&open_shared(&settings).await?).await,
        TemplateCommand::Show { id, settings } => show(&open_shared(&settings).await?, id).await,
        TemplateCommand::Add { title, owner, contents, settings } => {
            let mut choice = ChooseTemplate { title, ..ChooseTemplate::default() };
            contents.check()?.apply(&mut choice);
            let app = open_shared(&settings).await?;
            let id = app.add_report_template(choice, owner.as_ref()).await.map_err(failed("made"))?;
            line(format!("made report template {id}"));
            Ok(())
        }
        TemplateCommand::Edit { id, title, contents, settings } => {
            let checked = contents.check()?;
            let change = |choice: &mut ChooseTemplate| {
                if let Some(title) = title {
                    choice.title = title;
                }
                checked.apply(choice);
            };
            open_shared(&settings)
                .await?
                .edit_report_template(id, change)
                .await
                .map_err(failed("changed"))?;
            line(format!("changed report template {id}"));
            Ok(())
        }
        TemplateCommand::Delete { id, settings } => {
            open_shared(&settings).await?.delete_report_template(id).await.map_err(failed("deleted"))?;
            line(format!("deleted report template {id}"));
            Ok(())
        }
    }
}

/// The contents with their lists read.
struct Checked {
    contents: Contents,
    ips: Option<IpSet>,
    qids: Option<Vec<Qid>>,
    excluded_qids: Option<Vec<Qid>>,
}

impl Contents {
    fn check(self) -> Result<Checked, TemplateError> {
        let ips = self.ips.as_ref().map(|text| if text.is_empty() { Ok(IpSet::new()) } else { text.parse() });
        let ips = ips.transpose().map_err(|_| TemplateError::List {
            what: "addresses",
            text: self.ips.clone().unwrap_or_default(),
        })?;
        let qids = |text: &Option<String>| text.as_deref().map(read_qids).transpose();
        let (qids, excluded_qids) = (qids(&self.qids)?, qids(&self.excluded_qids)?);
        Ok(Checked { contents: self, ips, qids, excluded_qids })
    }
}

impl Checked {
    fn apply(self, choice: &mut ChooseTemplate) {
        let Self { contents, ips, qids, excluded_qids } = self;
        let HostTemplate { target, filter, display, kept: _ } = &mut choice.content;
        replace(&mut choice.is_global, contents.global);
        replace(&mut target.asset_groups, contents.asset_groups.as_deref().map(texts));
        replace(&mut target.ips, ips);
        replace(&mut filter.vulnerabilities, contents.vulnerabilities);
        replace(&mut filter.potential, contents.potential);
        replace(&mut filter.information, contents.information);
        replace(&mut filter.statuses, contents.statuses);
        replace(&mut filter.categories, contents.categories.as_deref().map(texts));
        replace(&mut filter.qids, qids);
        replace(&mut filter.excluded_qids, excluded_qids);
        replace(&mut filter.operating_systems, contents.operating_systems.as_deref().map(texts));
        replace(
            &mut filter.timeframe_days,
            contents.timeframe_days.map(|days| Some(days).filter(|days| *days > 0)),
        );
        replace(&mut display.order, contents.order);
        for (parts, is_shown) in [(&contents.show, true), (&contents.hide, false)] {
            for part in parts {
                if let Some(flag) = part_of(display, part) {
                    *flag = is_shown;
                }
            }
        }
    }
}

fn replace<T>(value: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *value = given;
    }
}

fn texts(list: &str) -> Vec<String> {
    list.split(',').map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect()
}

fn read_qids(list: &str) -> Result<Vec<Qid>, TemplateError> {
    let read = texts(list).iter().map(|text| text.parse()).collect::<Result<_, _>>();
    read.map_err(|_| TemplateError::List { what: "QIDs", text: list.to_owned() })
}

fn part_of<'a>(display: &'a mut TemplateDisplay, part: &str) -> Option<&'a mut bool> {
    Some(match part {
        "summary" => &mut display.summary,
        "host-risks" => &mut display.host_risks,
        "hosts" => &mut display.hosts,
        "host-asset-groups" => &mut display.host_asset_groups,
        "host-ids" => &mut display.host_ids,
        "glossary" => &mut display.glossary,
        "threat" => &mut display.threat,
        "impact" => &mut display.impact,
        "solution" => &mut display.solution,
        "results" => &mut display.results,
        "cvss" => &mut display.cvss,
        "appendix" => &mut display.appendix,
        _ => return None,
    })
}

async fn list(app: &App) -> Result<(), TemplateError> {
    let templates = app.report_templates().await.map_err(failed("listed"))?;
    let head = ["ID", "type", "about", "global", "owner", "title"];
    let rows = templates.into_iter().map(|template| {
        vec![
            template.id.to_string(),
            template.selection.to_string(),
            template.kind.to_string(),
            yes(template.is_global).to_owned(),
            plain(&template.owner.login),
            plain(&template.title),
        ]
    });
    line(titled_table(&head, rows, "none").trim_end());
    Ok(())
}

async fn show(app: &App, id: i64) -> Result<(), TemplateError> {
    let templates = app.report_templates().await.map_err(failed("listed"))?;
    let template = templates.into_iter().find(|template| template.id == id);
    let ReportTemplateView { title, kind, selection, owner, is_global, content, .. } =
        template.ok_or(TemplateError::Unknown(id))?;
    let HostTemplate { target, filter, mut display, kept: _ } = content;
    let TemplateFilter { vulnerabilities, potential, information, statuses, categories, qids, .. } = &filter;
    let listed = |texts: Vec<String>| if texts.is_empty() { "all".to_owned() } else { texts.join(", ") };
    let numbers = |qids: &[Qid]| qids.iter().map(Qid::to_string).collect::<Vec<_>>();
    let ids = |ids: &[i64]| ids.iter().map(i64::to_string).collect::<Vec<_>>();
    let none = |texts: Vec<String>| if texts.is_empty() { "none".to_owned() } else { texts.join(", ") };
    let (shown, hidden): (Vec<&str>, Vec<&str>) =
        PARTS.iter().partition(|part| part_of(&mut display, part).is_some_and(|flag| *flag));
    let ips = if target.ips.is_empty() { "all".to_owned() } else { target.ips.to_string() };
    let excluded = numbers(&filter.excluded_qids).join(", ");
    let rows = [
        ("title", title),
        ("type", format!("{selection}, {kind}")),
        ("owner", owner.login),
        ("global", yes(is_global).to_owned()),
        ("asset groups", listed(target.asset_groups)),
        ("addresses", ips),
        ("vulnerabilities", vulnerabilities.to_string()),
        ("potential", potential.to_string()),
        ("information", information.to_string()),
        ("statuses", listed(statuses.iter().map(DetectionStatus::to_string).collect())),
        ("categories", listed(categories.clone())),
        ("QIDs", listed(numbers(qids))),
        ("search lists", none(ids(&filter.search_lists))),
        ("without QIDs", if excluded.is_empty() { "none".to_owned() } else { excluded }),
        ("without search lists", none(ids(&filter.excluded_search_lists))),
        ("systems", listed(filter.operating_systems.clone())),
        ("timeframe", filter.timeframe_days.map_or("all times".to_owned(), |days| format!("{days} days"))),
        ("order", display.order.to_string()),
        ("shown", shown.join(", ")),
        ("hidden", hidden.join(", ")),
    ];
    let rows = rows.into_iter().map(|(name, value)| vec![name.to_owned(), plain(&value)]);
    line(titled_table(&["what", "value"], rows, "none").trim_end());
    Ok(())
}

const fn yes(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}
