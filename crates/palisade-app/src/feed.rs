//! Taking lists of vulnerabilities in: files that were fetched or brought, read as streams on a
//! thread of their own while the store takes batches.
//!
//! This is done on the server's own command line, so nobody's permission is asked. Several files may
//! be one import; whatever is wrong with any of them leaves all that was known as it was.

use std::path::{Path, PathBuf};

use palisade_feed::{FeedKind, Limits, Record, Stopped, Summary, read_file};
use palisade_model::Cve;
use palisade_model::cve::{ExploitScore, KnownExploited};
use palisade_model::osv::PackageAdvisory;
use palisade_store::{FeedImport, FeedState};
use tokio::sync::mpsc;

use crate::app::App;

/// Records of a batch.
const BATCH_RECORDS: usize = 500;
/// Names of products and versions in a batch, after which it is full with fewer records.
const BATCH_NAMES: usize = 20_000;
/// Batches that wait for the store.
const BATCHES_WAITING: usize = 2;

/// Why a list was not taken in; what was known is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FeedError {
    #[error("{} cannot be used", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: palisade_feed::Error,
    },
    /// A list that is always whole and is empty would take away all that is known.
    #[error("{} has no records", path.display())]
    Empty { path: PathBuf },
    #[error("the records cannot be kept")]
    Store(#[from] palisade_store::Error),
    /// A defect of ours ended the reading.
    #[error("reading stopped with a defect")]
    Defect,
}

/// What was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedImported {
    pub feed: FeedKind,
    /// Records that are new or replace older ones.
    pub taken: u64,
    /// Records left out because a value in them makes no sense.
    pub skipped: u64,
    /// Records that are known now.
    pub records: u64,
    /// What the last file says of its own age.
    pub released: Option<String>,
}

/// Records of one sort on their way to the store.
#[derive(Debug)]
enum Batch {
    Cves(Vec<Cve>),
    KnownExploited(Vec<KnownExploited>),
    ExploitScores(Vec<ExploitScore>),
    Advisories(Vec<PackageAdvisory>),
}

/// What the reading thread found in all files.
#[derive(Debug)]
struct Found {
    kind: FeedKind,
    records: u64,
    skipped: u64,
    released: Option<String>,
}

impl App {
    /// Takes one list in from files of one kind; with `wanted` from no other kind. `progress` is told
    /// the number of records so far.
    ///
    /// # Errors
    ///
    /// Whatever goes wrong, everything that was known is as it was.
    pub async fn import_feed(
        &self,
        paths: Vec<PathBuf>,
        wanted: Option<FeedKind>,
        mut progress: impl FnMut(u64),
    ) -> Result<FeedImported, FeedError> {
        let (sender, mut batches) = mpsc::channel(BATCHES_WAITING);
        let reading = tokio::task::spawn_blocking(move || read_all(&paths, wanted, &sender));
        let mut import: Option<FeedImport> = None;
        let mut records = 0;
        let staged: Result<(), FeedError> = async {
            while let Some(batch) = batches.recv().await {
                records += batch.len() as u64;
                let import = match import {
                    Some(import) => import,
                    None => *import
                        .insert(self.store().begin_feed_import(batch.kind(), self.clock().now()).await?),
                };
                self.stage(import, &batch).await?;
                progress(records);
            }
            Ok(())
        }
        .await;
        // The reader stops as soon as nobody takes its batches.
        drop(batches);
        let read = reading.await.map_err(|_| FeedError::Defect);
        let outcome = async {
            staged?;
            let found = read??;
            let import = match import {
                Some(import) => import,
                // Nothing new in a list of changes.
                None => self.store().begin_feed_import(found.kind, self.clock().now()).await?,
            };
            let released = found.released.as_deref();
            let imported = self.store().finish_feed_import(import, released, self.clock().now()).await?;
            Ok(FeedImported {
                feed: found.kind,
                taken: imported.taken,
                skipped: found.skipped,
                records: imported.records,
                released: found.released,
            })
        }
        .await;
        if let (Err(_), Some(import)) = (&outcome, import) {
            // If this fails too, a later import clears it away.
            if let Err(error) = self.store().abandon_feed_import(import).await {
                tracing::warn!(%error, "a broken import was not cleared away");
            }
        }
        outcome
    }

    /// What is known of each feed.
    pub async fn list_feeds(&self) -> Result<Vec<FeedState>, FeedError> {
        Ok(self.store().list_feeds().await?)
    }

    async fn stage(&self, import: FeedImport, batch: &Batch) -> Result<(), FeedError> {
        let (store, now) = (self.store(), self.clock().now());
        match batch {
            Batch::Cves(records) => store.stage_cves(import, records, now).await,
            Batch::KnownExploited(records) => store.stage_known_exploited(import, records, now).await,
            Batch::ExploitScores(records) => store.stage_exploit_scores(import, records, now).await,
            Batch::Advisories(records) => store.stage_advisories(import, records, now).await,
        }?;
        Ok(())
    }
}

impl Batch {
    fn of(record: Record) -> Self {
        match record {
            Record::Cve(cve) => Self::Cves(vec![*cve]),
            Record::KnownExploited(entry) => Self::KnownExploited(vec![entry]),
            Record::ExploitScore(score) => Self::ExploitScores(vec![score]),
            Record::Advisory(advisory) => Self::Advisories(vec![*advisory]),
        }
    }

    /// Adds a record of the same sort; gives one of another sort back.
    fn push(&mut self, record: Record) -> Option<Record> {
        match (self, record) {
            (Self::Cves(records), Record::Cve(cve)) => records.push(*cve),
            (Self::KnownExploited(records), Record::KnownExploited(entry)) => records.push(entry),
            (Self::ExploitScores(records), Record::ExploitScore(score)) => records.push(score),
            (Self::Advisories(records), Record::Advisory(advisory)) => records.push(*advisory),
            (_, record) => return Some(record),
        }
        None
    }

    fn len(&self) -> usize {
        match self {
            Self::Cves(records) => records.len(),
            Self::KnownExploited(records) => records.len(),
            Self::ExploitScores(records) => records.len(),
            Self::Advisories(records) => records.len(),
        }
    }

    fn kind(&self) -> FeedKind {
        match self {
            Self::Cves(_) => FeedKind::Nvd,
            Self::KnownExploited(_) => FeedKind::Kev,
            Self::ExploitScores(_) => FeedKind::Epss,
            Self::Advisories(_) => FeedKind::Osv,
        }
    }
}

/// Names that a record brings beside itself.
fn names(record: &Record) -> usize {
    match record {
        Record::Cve(cve) => {
            cve.configurations.iter().flat_map(|each| &each.nodes).map(|node| node.matches.len()).sum()
        }
        Record::Advisory(advisory) => {
            advisory.affected.iter().map(|each| each.ranges.len() + each.versions.len()).sum()
        }
        Record::KnownExploited(_) | Record::ExploitScore(_) => 0,
    }
}

/// Reads the files one after the other, on a thread that may wait.
fn read_all(
    paths: &[PathBuf],
    wanted: Option<FeedKind>,
    sender: &mpsc::Sender<Batch>,
) -> Result<Found, FeedError> {
    let mut found: Option<Found> = None;
    for path in paths {
        let wanted = found.as_ref().map(|found| found.kind).or(wanted);
        let Summary { kind, records, skipped, released, start: _, total: _ } = read_one(path, wanted, sender)
            .map_err(|source| FeedError::File { path: path.clone(), source })?;
        let found = found.get_or_insert(Found { kind, records: 0, skipped: 0, released: None });
        found.records += records;
        found.skipped += skipped;
        found.released = released.or(found.released.take());
    }
    let path = || paths.first().cloned().unwrap_or_default();
    match found {
        Some(found) if found.records > 0 || found.kind == FeedKind::Nvd => Ok(found),
        _ => Err(FeedError::Empty { path: path() }),
    }
}

fn read_one(
    path: &Path,
    wanted: Option<FeedKind>,
    sender: &mpsc::Sender<Batch>,
) -> Result<Summary, palisade_feed::Error> {
    let mut pending: Option<Batch> = None;
    let mut pending_names = 0;
    let send = |batch: Option<Batch>| match batch {
        Some(batch) => sender.blocking_send(batch).map_err(|_| Stopped),
        None => Ok(()),
    };
    let summary = read_file(path, wanted, Limits::default(), &mut |record| {
        pending_names += names(&record);
        let other = match &mut pending {
            Some(batch) => batch.push(record),
            None => Some(record),
        };
        if let Some(record) = other {
            send(pending.replace(Batch::of(record)))?;
        }
        let full = pending.as_ref().is_some_and(|batch| batch.len() >= BATCH_RECORDS);
        if full || pending_names >= BATCH_NAMES {
            pending_names = 0;
            send(pending.take())?;
        }
        Ok(())
    })?;
    send(pending.take()).map_err(|_| palisade_feed::Error::Stopped)?;
    Ok(summary)
}
