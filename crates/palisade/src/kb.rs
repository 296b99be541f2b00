//! `palisade kb`: looks into the KnowledgeBase.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use palisade_kb::{Entry, KnowledgeBase};
use palisade_model::{FindingKind, Qid};

use crate::settings::Settings;
use crate::terminal::{line, titled_table};
use crate::{fingerprints, kb_template};

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
    },
    /// Look at a directory of fingerprint databases in the recog format, and run their examples
    Fingerprints {
        /// The directory
        directory: PathBuf,
    },
    /// Take community templates in from a directory, in the place of those of the last import
    ///
    /// Templates are YAML files that say what to ask a web server, a TCP service, a name server or
    /// TLS, and what the answer shows. Each gets a QID that stays its own. A server takes them at its
    /// next start.
    Import {
        /// The directory
        #[arg(value_name = "DIR")]
        path: PathBuf,
        #[command(flatten)]
        settings: Box<Settings>,
    },
    /// Show one entry
    Show {
        /// Its number
        qid: Qid,
        /// Look among community templates, too: their directory, or the file that an import left
        #[arg(long, value_name = "PATH")]
        templates: Option<PathBuf>,
    },
}

/// Why a look-up failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KbError {
    #[error("the KnowledgeBase cannot be loaded")]
    Load(#[from] palisade_kb::Error),
    #[error("the fingerprints cannot be used")]
    Fingerprints(#[from] palisade_fingerprint::LoadError),
    #[error(transparent)]
    Template(#[from] kb_template::KbTemplateError),
    #[error("there is no QID {0}")]
    Unknown(Qid),
}

pub(crate) async fn run(command: KbCommand) -> Result<(), KbError> {
    match command {
        KbCommand::Fingerprints { directory } => Ok(fingerprints::show(&directory)?),
        KbCommand::Import { path, settings } => Ok(kb_template::import(&path, &settings).await?),
        KbCommand::List { words, templates } => {
            list(&known(templates.as_deref())?, &words);
            Ok(())
        }
        KbCommand::Show { qid, templates } => {
            show(known(templates.as_deref())?.entry(qid).ok_or(KbError::Unknown(qid))?);
            Ok(())
        }
    }
}

fn known(templates: Option<&Path>) -> Result<KnowledgeBase, KbError> {
    let mut kb = KnowledgeBase::embedded()?;
    let library = templates.map(kb_template::of_path).transpose()?;
    kb_template::describe(&mut kb, library.as_deref());
    Ok(kb)
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
