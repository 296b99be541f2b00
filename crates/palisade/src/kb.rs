//! `palisade kb`: looks into the KnowledgeBase.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use clap::Subcommand;
use palisade_kb::{Entry, KnowledgeBase};
use palisade_model::qid::NotAQid;
use palisade_model::{CveId, FindingKind, Qid};

use crate::settings::Settings;
use crate::terminal::{line, titled_table};
use crate::{fingerprints, kb_feed, kb_update};

/// What to look up.
#[derive(Debug, Subcommand)]
pub(crate) enum KbCommand {
    /// List all entries, or those whose title, category or CVE has a word
    List {
        /// Words that all must occur, in any case
        words: Vec<String>,
        #[command(flatten)]
        settings: Box<Settings>,
    },
    /// Look at a directory of fingerprint databases in the recog format, and run their examples
    Fingerprints {
        /// The directory
        directory: PathBuf,
    },
    /// Take a list of vulnerabilities in from a file: NVD JSON 2.0, KEV, EPSS or OSV
    ///
    /// The file may be packed with gzip or zip; its kind is told from its contents. What is wrong
    /// with any of it leaves all that was known as it was.
    Import(Box<kb_feed::ImportArguments>),
    /// Show one entry, or what public lists say of a CVE
    Show {
        /// Its QID, or the number of a CVE
        #[arg(value_name = "QID|CVE")]
        wanted: Wanted,
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
    #[error("there is no QID {0}")]
    Unknown(Qid),
}

pub(crate) async fn run(command: KbCommand) -> Result<(), KbError> {
    match command {
        KbCommand::Fingerprints { directory } => Ok(fingerprints::show(&directory)?),
        KbCommand::Import(arguments) => Ok(kb_feed::import(*arguments).await?),
        KbCommand::Update(arguments) => Ok(kb_update::update(*arguments).await?),
        KbCommand::List { words, settings } => {
            let kb = known(&settings).await?;
            list(&kb, &words);
            Ok(())
        }
        KbCommand::Show { wanted: Wanted::Cve(cve), settings } => Ok(kb_feed::show(&cve, &settings).await?),
        KbCommand::Show { wanted: Wanted::Qid(qid), settings } => {
            let kb = known(&settings).await?;
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
/// there is none.
async fn known(settings: &Settings) -> Result<Arc<KnowledgeBase>, KbError> {
    match kb_feed::open_existing(settings).await? {
        Some(app) => Ok(app.kb()),
        None => Ok(Arc::new(KnowledgeBase::embedded()?)),
    }
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
