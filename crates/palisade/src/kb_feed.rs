//! `palisade kb import FILE`: takes lists of vulnerabilities in that others publish.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::Args;
use palisade_app::{App, CveKnowledge, FeedError, FeedImported};
use palisade_feed::{FeedKind, FetchError};
use palisade_model::cve::{ThreatIntelligence, fraction};
use palisade_model::{CveId, Timestamp};

use crate::server::{ServerError, open_shared};
use crate::settings::Settings;
use crate::terminal::{line, note, plain};

/// Records between two lines of progress.
const PROGRESS_RECORDS: u64 = 20_000;
/// Products of a record that are shown.
const PRODUCTS_SHOWN_MAX: usize = 20;

/// A list in a file.
#[derive(Debug, Args)]
pub(crate) struct ImportArguments {
    /// The directory or the file
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// Refuse it unless it is of this kind: nvd, kev, epss or osv
    #[arg(long, value_name = "FEED")]
    feed: Option<FeedKind>,
    #[command(flatten)]
    settings: Settings,
}

/// Why a list was not taken in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KbFeedError {
    #[error("the data cannot be opened")]
    Open(#[from] ServerError),
    #[error("the import failed, nothing was changed")]
    Import(#[from] FeedError),
    #[error("there are no data here; give --data or --database")]
    NothingTakenIn,
    #[error("nothing is known of {0}")]
    UnknownCve(CveId),
    #[error("what is known cannot be read")]
    Read(#[from] palisade_app::Error),
    #[error("not updated: {feeds}")]
    NotUpdated { feeds: String },
    #[error("cannot be fetched")]
    Fetch(#[from] FetchError),
    #[error("cannot read the API key in {}", path.display())]
    ApiKey {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("there is no API key on the first line of {}", path.display())]
    NotAnApiKey { path: PathBuf },
    /// A defect of ours.
    #[error("fetching stopped with a defect")]
    Defect,
}

impl ImportArguments {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }
}

/// Takes a file in. A server may be running on the same data.
pub(crate) async fn import(arguments: ImportArguments) -> Result<(), KbFeedError> {
    let app = open_shared(&arguments.settings).await?;
    let imported = app.import_feed(vec![arguments.path], arguments.feed, Progress::new().teller()).await?;
    tell(&imported);
    Ok(())
}

/// Opens the data there are; `None` where there are none, and none are made.
pub(crate) async fn open_existing(settings: &Settings) -> Result<Option<App>, KbFeedError> {
    if settings.database.is_none() && !settings.data.join("palisade.sqlite").exists() {
        return Ok(None);
    }
    Ok(Some(open_shared(settings).await?))
}

/// Shows what the lists say of a CVE.
pub(crate) async fn show(cve: &CveId, settings: &Settings) -> Result<(), KbFeedError> {
    let app = open_existing(settings).await?.ok_or(KbFeedError::NothingTakenIn)?;
    let known = app.cve_knowledge(cve).await?.ok_or_else(|| KbFeedError::UnknownCve(cve.clone()))?;
    let CveKnowledge { record, known_exploited, exploit_score } = known;
    line(cve.to_string());
    let mut intelligence =
        ThreatIntelligence { known_exploited, exploit_score, ..ThreatIntelligence::default() };
    if let Some(record) = record {
        let date = |time: Timestamp| time.strftime("%Y-%m-%d").to_string();
        let state = if record.rejected { ", taken back" } else { "" };
        line(format!(
            "Published {}, modified {}{state}",
            date(record.published_at),
            date(record.modified_at)
        ));
        for (version, score) in [("2", &record.scores.v2), ("4", &record.scores.v4)] {
            if let Some(score) = score {
                line(plain(&format!("CVSS {version}: {} ({})", score.text(), score.vector)));
            }
        }
        intelligence.cvss3.clone_from(&record.scores.v3);
        if !record.cwes.is_empty() {
            line(plain(&record.cwes.join(", ")));
        }
        tell_intelligence(&intelligence);
        let products = record.products().into_iter().take(PRODUCTS_SHOWN_MAX);
        let products: Vec<String> = products.map(|(vendor, product)| format!("{vendor} {product}")).collect();
        if !products.is_empty() {
            line(plain(&format!("Products: {}", products.join(", "))));
        }
        line(format!("\n{}", plain(record.description.trim())));
    } else {
        tell_intelligence(&intelligence);
    }
    Ok(())
}

/// Prints what the lists say; nothing where they say nothing.
pub(crate) fn tell_intelligence(intelligence: &ThreatIntelligence) {
    // Scores of version 2 and products are told with the record.
    let ThreatIntelligence { cvss2: _, cvss3, software: _, known_exploited, exploit_score } = intelligence;
    if let Some(score) = cvss3 {
        line(plain(&format!("CVSS 3: {} ({})", score.text(), score.vector)));
    }
    if let Some(entry) = known_exploited {
        let due = entry.due_on.map(|day| format!(", due {day}")).unwrap_or_default();
        let ransomware = if entry.ransomware { ", by ransomware too" } else { "" };
        line(plain(&format!("Known exploited since {}{due}{ransomware} ({})", entry.added_on, entry.cve)));
    }
    if let Some(score) = exploit_score {
        let (probability, percentile) = (fraction(score.probability), fraction(score.percentile));
        line(format!("EPSS: {probability}, percentile {percentile} ({})", score.cve));
    }
}

pub(crate) fn tell(imported: &FeedImported) {
    let FeedImported { feed, taken, skipped, records, released } = imported;
    let released = released.as_deref().map(|released| format!(", released {released}")).unwrap_or_default();
    let skipped = if *skipped == 0 { String::new() } else { format!(", {skipped} left out") };
    line(plain(&format!("{feed}: {taken} records taken in{skipped}; {records} known{released}")));
}

/// Tells a person at a terminal how far an import is.
pub(crate) struct Progress {
    next: u64,
    shown: bool,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self { next: PROGRESS_RECORDS, shown: std::io::stderr().is_terminal() }
    }

    pub(crate) fn teller(mut self) -> impl FnMut(u64) {
        move |records| {
            if self.shown && records >= self.next {
                note(format!("{records} records read"));
                self.next = records + PROGRESS_RECORDS;
            }
        }
    }
}
