//! `palisade kb`: looks into the KnowledgeBase.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use clap::Subcommand;
use palisade_kb::{Entry, KnowledgeBase};
use palisade_model::qid::NotAQid;
use palisade_model::{CveId, FindingKind, Qid};

use crate::settings::Settings;
use crate::terminal::{line, titled_table};
use crate::{fingerprints, kb_feed, kb_template, kb_update};

/// What to look up.
#[derive(Debug, Subcommand)]
pub(crate) enum KbCommand {
    /// List all entries, or those whose title, category or CVE has a word
    List {
        /// Words that all must occur, in any case
        words: Vec<String>,
        /// Add community templates: their directory, or the file that an import left
        #[arg(long, value_name = "PATH")]
        templates: Option<PathBuf>,
        #[command(flatten)]
        settings: Box<Settings>,
    },
    /// Look at a directory of fingerprint databases in the recog format, and run their examples
    Fingerprints {
        /// The directory
        directory: PathBuf,
    },
    /// Take in community templates from a directory, or a list of vulnerabilities from a file
    ///
    /// A directory holds templates: YAML files that say what to ask a web server, a TCP service, a
    /// name server or TLS, and what the answer shows. They take the place of those of the last import;
    /// each gets a QID that stays its own, and a server takes them at its next start.
    ///
    /// A file is NVD JSON 2.0, KEV, EPSS or OSV. It may be packed with gzip or zip; its kind is told
    /// from its contents. What is wrong with any of it leaves all that was known as it was.
    Import(Box<kb_feed::ImportArguments>),
    /// Show one entry, or what public lists say of a CVE
    Show {
        /// Its QID, or the number of a CVE
        #[arg(value_name = "QID|CVE")]
        wanted: Wanted,
        /// Look among community templates, too: their directory, or the file that an import left
        #[arg(long, value_name = "PATH")]
        templates: Option<PathBuf>,
        #[command(flatten)]
        settings: Box<Settings>,
    },
    /// Fetch lists of vulnerabilities from those who publish them, and take them in
    ///
    /// The first time the NVD's yearly files are fetched, later only what was changed. What is broken
    /// off goes on with the next call.
    Update(Box<kb_update::UpdateArguments>),
}

/// Why a look-up failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KbError {
    #[error("the KnowledgeBase cannot be loaded")]
    Load(#[from] palisade_kb::Error),
    #[error("the fingerprints cannot be used")]
    Fingerprints(#[from] palisade_fingerprint::LoadError),
    #[error(transparent)]
    Feed(#[from] kb_feed::KbFeedError),
    #[error(transparent)]
    Template(#[from] kb_template::KbTemplateError),
    #[error("there is no QID {0}")]
    Unknown(Qid),
}

pub(crate) async fn run(command: KbCommand) -> Result<(), KbError> {
    match command {
        KbCommand::Fingerprints { directory } => Ok(fingerprints::show(&directory)?),
        KbCommand::Import(arguments) if arguments.path().is_dir() => {
            Ok(kb_template::import(arguments.path(), arguments.settings()).await?)
        }
        KbCommand::Import(arguments) => Ok(kb_feed::import(*arguments).await?),
        KbCommand::Update(arguments) => Ok(kb_update::update(*arguments).await?),
        KbCommand::List { words, templates, settings } => {
            let kb = known(&settings, templates.as_deref()).await?;
            list(&kb, &words);
            Ok(())
        }
        KbCommand::Show { wanted: Wanted::Cve(cve), settings, .. } => {
            Ok(kb_feed::show(&cve, &settings).await?)
        }
        KbCommand::Show { wanted: Wanted::Qid(qid), templates, settings } => {
            let kb = known(&settings, templates.as_deref()).await?;
            show(kb.entry(qid).ok_or(KbError::Unknown(qid))?);
            Ok(())
        }
    }
}

/// What `palisade kb show` may be asked for.
#[derive(Debug, Clone)]
pub(crate) enum Wanted {
    Qid(Qid),
    Cve(CveId),
}

impl FromStr for Wanted {
    type Err = NotAQid;

    fn from_str(text: &str) -> Result<Self, NotAQid> {
        text.to_uppercase().parse().map(Self::Cve).or_else(|_| text.parse().map(Self::Qid))
    }
}

/// The KnowledgeBase with what was taken in, where there is a data folder; the content alone where
/// there is none. With the templates at `templates` beside it.
async fn known(settings: &Settings, templates: Option<&Path>) -> Result<Arc<KnowledgeBase>, KbError> {
    let kb = match kb_feed::open_existing(settings).await? {
        Some(app) => app.kb(),
        None => Arc::new(KnowledgeBase::embedded()?),
    };
    let Some(path) = templates else { return Ok(kb) };
    let mut kb = KnowledgeBase::clone(&kb);
    kb_template::describe(&mut kb, Some(kb_template::of_path(path)?.as_ref()));
    Ok(Arc::new(kb))
}

fn list(kb: &KnowledgeBase, words: &[String]) {
    let words: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    let titles = ["QID", "severity", "kind", "title"];
    let rows = kb.entries().filter(|entry| has_all(entry, &words)).map(|entry| {
        vec![
            entry.qid.to_string(),
            entry.severity.to_string(),
            kind(entry.kind).to_owned(),
            entry.title.clone(),
        ]
    });
    line(titled_table(&titles, rows, "none").trim_end());
}

fn show(entry: &Entry) {
    line(format!("QID {}: {}", entry.qid, entry.title));
    line(format!("Severity {}, {}, {}", entry.severity, kind(entry.kind), entry.category));
    if !entry.cves.is_empty() {
        line(entry.cves.join(", "));
    }
    kb_feed::tell_intelligence(&entry.intelligence);
    for (title, text) in [("Threat", &entry.threat), ("Impact", &entry.impact), ("Solution", &entry.solution)]
    {
        line(format!("\n{title}\n{}", text.trim()));
    }
}

fn has_all(entry: &Entry, words: &[String]) -> bool {
    let text =
        format!("{} {} {} {}", entry.qid, entry.title, entry.category, entry.cves.join(" ")).to_lowercase();
    words.iter().all(|word| text.contains(word))
}

pub(crate) const fn kind(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Vulnerability => "confirmed",
        FindingKind::Potential => "potential",
        FindingKind::Information => "information",
        FindingKind::Service => "service information",
    }
}
