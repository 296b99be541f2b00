//! `palisade kb import FILE`: takes lists of vulnerabilities in that others publish.

use std::io::IsTerminal;
use std::path::PathBuf;

use clap::Args;
use palisade_app::{App, FeedError, FeedImported};
use palisade_feed::{FeedKind, FetchError};

use crate::data_directory::DataDirectory;
use crate::server::{self, ServerError};
use crate::settings::Settings;
use crate::terminal::{line, note, plain};

/// Records between two lines of progress.
const PROGRESS_RECORDS: u64 = 20_000;

/// A list in a file.
#[derive(Debug, Args)]
pub(crate) struct ImportArguments {
    /// The file
    #[arg(value_name = "FILE")]
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

/// Takes a file in. A server may be running on the same data.
pub(crate) async fn import(arguments: ImportArguments) -> Result<(), KbFeedError> {
    let app = open(&arguments.settings).await?;
    let imported = app.import_feed(vec![arguments.path], arguments.feed, Progress::new().teller()).await?;
    tell(&imported);
    Ok(())
}

pub(crate) async fn open(settings: &Settings) -> Result<App, KbFeedError> {
    let data = DataDirectory::open_shared(&settings.data).map_err(ServerError::Data)?;
    Ok(server::open_app(settings, &data).await?)
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
