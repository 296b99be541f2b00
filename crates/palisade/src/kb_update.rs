//! `palisade kb update`: fetches lists of vulnerabilities from those who publish them, and takes them
//! in. What was broken off, here or on the way, goes on with the next call.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use palisade_app::App;
use palisade_feed::{
    ChangeWindow, FeedKind, FetchError, Fetched, Fetcher, Patience, load_note, save_note, sha256_unpacked,
};
use palisade_model::{Clock, SystemClock, Timestamp};
use serde::{Deserialize, Serialize};

use crate::data_directory::DataDirectory;
use crate::kb_feed::{KbFeedError, Progress, tell};
use crate::server::{ServerError, open_shared};
use crate::settings::Settings;
use crate::terminal::{line, note};

/// Largest file of any source, as it is transferred.
const FILE_BYTES_MAX: u64 = 4 << 30;
/// Largest yearly file of the NVD, unpacked.
const YEAR_BYTES_MAX: u64 = 4 << 30;
/// Seconds by which changes are asked for from before the yearly files were fetched: those are made
/// once a day.
const OVERLAP_S: i64 = 2 * 86_400;
/// Seconds after which the yearly files are less work than the changes.
const CHANGES_S_MAX: i64 = 365 * 86_400;
/// Longest API key.
const API_KEY_BYTES_MAX: usize = 200;

/// Which lists, and where they are.
#[derive(Debug, Args)]
pub(crate) struct UpdateArguments {
    /// What to update: nvd, kev, epss, osv [default: nvd kev epss]
    #[arg(value_name = "FEED")]
    feeds: Vec<FeedKind>,

    /// Fetch the yearly files of the NVD where they have changed, instead of asking its API for changes
    #[arg(long)]
    whole: bool,

    /// Where the yearly files of the NVD are
    #[arg(long, env = "PALISADE_NVD_FILES_URL", value_name = "URL", value_parser = source_url,
          default_value = "https://nvd.nist.gov/feeds/json/cve/2.0")]
    nvd_files_url: String,

    /// The CVE API of the NVD
    #[arg(long, env = "PALISADE_NVD_API_URL", value_name = "URL", value_parser = source_url,
          default_value = "https://services.nvd.nist.gov/rest/json/cves/2.0")]
    nvd_api_url: String,

    /// File with a key for the API of the NVD, on its first line
    #[arg(long, env = "PALISADE_NVD_API_KEY_FILE", value_name = "FILE")]
    nvd_api_key_file: Option<PathBuf>,

    /// The first year whose file is fetched
    #[arg(long, env = "PALISADE_NVD_FIRST_YEAR", value_name = "YEAR", default_value_t = 2002,
          value_parser = clap::value_parser!(i16).range(2002..=2999))]
    nvd_first_year: i16,

    /// The catalogue of known exploited vulnerabilities
    #[arg(long, env = "PALISADE_KEV_URL", value_name = "URL", value_parser = source_url,
          default_value = "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json")]
    kev_url: String,

    /// The exploit prediction scores
    #[arg(long, env = "PALISADE_EPSS_URL", value_name = "URL", value_parser = source_url,
          default_value = "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz")]
    epss_url: String,

    /// Where OSV publishes, one folder an ecosystem
    #[arg(long, env = "PALISADE_OSV_URL", value_name = "URL", value_parser = source_url,
          default_value = "https://osv-vulnerabilities.storage.googleapis.com")]
    osv_url: String,

    /// Ecosystems to take from OSV, separated by commas
    #[arg(
        long,
        env = "PALISADE_OSV_ECOSYSTEMS",
        value_name = "NAMES",
        value_delimiter = ',',
        default_value = "Alpine,Debian,Ubuntu"
    )]
    osv_ecosystems: Vec<String>,

    /// Milliseconds before the first further attempt after a refusal; each wait is twice as long (1 to 60000)
    #[arg(long, value_name = "MS", default_value_t = 2_000,
          value_parser = clap::value_parser!(u64).range(1..=60_000))]
    retry_wait_ms: u64,

    /// Milliseconds between two pages of the API [default: 6000, with a key 600]
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(0..=60_000))]
    page_wait_ms: Option<u64>,

    #[command(flatten)]
    settings: Settings,
}

/// What is in the folder of the NVD's files.
#[derive(Debug, Default, Serialize, Deserialize)]
struct NvdNote {
    /// The checksum of each yearly file that was taken in.
    years: BTreeMap<i16, String>,
    /// When the files of which some are still missing were begun with.
    begun_at: Option<Timestamp>,
    /// All changes until then are known.
    changed_until: Option<Timestamp>,
}

/// An address with nobody in between: HTTPS, or plain HTTP on this machine.
fn source_url(text: &str) -> Result<String, &'static str> {
    let text = text.trim().trim_end_matches('/');
    let local = ["http://127.0.0.1", "http://localhost", "http://[::1]"].iter().any(|start| {
        text.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
    });
    if local || text.starts_with("https://") {
        Ok(text.to_owned())
    } else {
        Err("expecting an address that begins with https://")
    }
}

/// Fetches and takes in what was asked for, each feed for itself. A server may be running on the
/// same data.
pub(crate) async fn update(arguments: UpdateArguments) -> Result<(), KbFeedError> {
    let api_key = arguments.nvd_api_key_file.as_deref().map(read_api_key).transpose()?;
    let app = open_shared(&arguments.settings).await?;
    let data = DataDirectory::open_shared(&arguments.settings.data).map_err(ServerError::Data)?;
    let folder = data.feeds().map_err(ServerError::Data)?;
    let page_wait_ms = arguments.page_wait_ms.unwrap_or(if api_key.is_some() { 600 } else { 6_000 });
    let patience = Patience {
        wait: Duration::from_millis(arguments.retry_wait_ms),
        page_wait: Duration::from_millis(page_wait_ms),
        ..Patience::default()
    };
    let fetcher = Arc::new(Fetcher::new(&folder, patience, FILE_BYTES_MAX)?);
    let feeds = if arguments.feeds.is_empty() {
        vec![FeedKind::Nvd, FeedKind::Kev, FeedKind::Epss]
    } else {
        arguments.feeds.clone()
    };
    let update = Update { app, fetcher, folder, api_key, arguments };
    let mut failed = Vec::new();
    for feed in feeds {
        if let Err(error) = update.feed(feed).await {
            note(format!("{feed}: {}", crate::chain(&error)));
            failed.push(feed.to_string());
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(KbFeedError::NotUpdated { feeds: failed.join(", ") }) }
}

fn read_api_key(path: &Path) -> Result<String, KbFeedError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| KbFeedError::ApiKey { path: path.to_owned(), source })?;
    let key = text.lines().next().unwrap_or_default().trim().to_owned();
    let is_key =
        (1..=API_KEY_BYTES_MAX).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    if is_key { Ok(key) } else { Err(KbFeedError::NotAnApiKey { path: path.to_owned() }) }
}

struct Update {
    app: App,
    fetcher: Arc<Fetcher>,
    folder: PathBuf,
    api_key: Option<String>,
    arguments: UpdateArguments,
}

impl Update {
    async fn feed(&self, feed: FeedKind) -> Result<(), KbFeedError> {
        let feeds = self.app.list_feeds().await?;
        let known = feeds.iter().any(|state| state.feed == feed && state.imported_at.is_some());
        match feed {
            FeedKind::Kev => self.file(feed, &self.arguments.kev_url, "kev.json-file", known).await,
            FeedKind::Epss => self.file(feed, &self.arguments.epss_url, "epss.csv.gz", known).await,
            FeedKind::Osv => {
                for ecosystem in &self.arguments.osv_ecosystems {
                    let url = format!("{}/{}/all.zip", self.arguments.osv_url, path_segment(ecosystem));
                    let name = format!("osv-{}.zip", path_segment(ecosystem).replace('%', "_"));
                    self.file(feed, &url, &name, known).await?;
                }
                Ok(())
            }
            FeedKind::Nvd => self.nvd(known).await,
        }
    }

    /// A file that is one import.
    async fn file(&self, feed: FeedKind, url: &str, name: &str, known: bool) -> Result<(), KbFeedError> {
        if !known {
            // Used for another database, perhaps.
            self.fetcher.forget(name)?;
        }
        match self.fetch(url, name).await? {
            Fetched::Unchanged => line(format!("{feed}: nothing new at {url}")),
            Fetched::File(path) => self.import(feed, path, name).await?,
        }
        Ok(())
    }

    async fn fetch(&self, url: &str, name: &str) -> Result<Fetched, KbFeedError> {
        let (url, name) = (url.to_owned(), name.to_owned());
        self.blocking(move |fetcher| fetcher.file(&url, &name)).await
    }

    async fn import(&self, feed: FeedKind, path: PathBuf, name: &str) -> Result<(), KbFeedError> {
        match self.app.import_feed(vec![path], Some(feed), Progress::new().teller()).await {
            Ok(imported) => {
                tell(&imported);
                Ok(self.fetcher.used(name)?)
            }
            Err(error) => {
                // What cannot be read today cannot be read tomorrow either.
                self.fetcher.discard(name)?;
                Err(error.into())
            }
        }
    }

    /// Fetching waits for the network: not on a thread of the runtime.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Fetcher) -> Result<T, FetchError> + Send + 'static,
    ) -> Result<T, KbFeedError> {
        let fetcher = Arc::clone(&self.fetcher);
        let done = tokio::task::spawn_blocking(move || work(&fetcher)).await;
        Ok(done.map_err(|_| KbFeedError::Defect)??)
    }

    fn note_path(&self) -> PathBuf {
        self.folder.join("nvd.json")
    }

    /// The yearly files the first time, then what was changed.
    async fn nvd(&self, known: bool) -> Result<(), KbFeedError> {
        let mut nvd: NvdNote =
            if known { load_note(&self.note_path()).unwrap_or_default() } else { NvdNote::default() };
        let now = SystemClock.now();
        let is_recent = |until: Timestamp| now.as_second() - until.as_second() < CHANGES_S_MAX;
        if self.arguments.whole || !nvd.changed_until.is_some_and(is_recent) {
            self.nvd_years(&mut nvd, now).await?;
        }
        self.nvd_changes(&mut nvd, now).await
    }

    async fn nvd_years(&self, nvd: &mut NvdNote, now: Timestamp) -> Result<(), KbFeedError> {
        let begun_at = *nvd.begun_at.get_or_insert(now);
        save_note(&self.note_path(), nvd)?;
        let this_year = now.to_zoned(jiff::tz::TimeZone::UTC).year();
        for year in self.arguments.nvd_first_year..=this_year {
            match self.nvd_year(nvd, year).await {
                // In the first days of a year it may have no file yet.
                Err(KbFeedError::Fetch(FetchError::Status { status: 404, .. })) if year == this_year => {}
                outcome => outcome?,
            }
        }
        let until = Timestamp::from_second(begun_at.as_second() - OVERLAP_S).unwrap_or(begun_at);
        nvd.changed_until = Some(until);
        nvd.begun_at = None;
        Ok(save_note(&self.note_path(), nvd)?)
    }

    async fn nvd_year(&self, nvd: &mut NvdNote, year: i16) -> Result<(), KbFeedError> {
        let base = format!("{}/nvdcve-2.0-{year}", self.arguments.nvd_files_url);
        let meta_url = format!("{base}.meta");
        let meta = self.blocking(move |fetcher| fetcher.meta(&meta_url)).await?;
        if nvd.years.get(&year) == Some(&meta.sha256) {
            return Ok(());
        }
        let (url, name) = (format!("{base}.json.gz"), format!("nvdcve-2.0-{year}.json.gz"));
        self.fetcher.forget(&name)?;
        let Fetched::File(path) = self.fetch(&url, &name).await? else { return Ok(()) };
        let unpacked = path.clone();
        let sum = tokio::task::spawn_blocking(move || sha256_unpacked(&unpacked, YEAR_BYTES_MAX)).await;
        if sum.map_err(|_| KbFeedError::Defect)?.ok().as_ref() != Some(&meta.sha256) {
            self.fetcher.discard(&name)?;
            return Err(FetchError::Checksum { url }.into());
        }
        self.import(FeedKind::Nvd, path, &name).await?;
        nvd.years.insert(year, meta.sha256);
        Ok(save_note(&self.note_path(), nvd)?)
    }

    async fn nvd_changes(&self, nvd: &mut NvdNote, now: Timestamp) -> Result<(), KbFeedError> {
        while let Some(since) = nvd.changed_until.filter(|until| *until < now) {
            let (url, key) = (self.arguments.nvd_api_url.clone(), self.api_key.clone());
            let window = ChangeWindow::from(since, now);
            let changes = self.blocking(move |fetcher| fetcher.changes(&url, key.as_deref(), window)).await?;
            let imported =
                self.app.import_feed(changes.pages, Some(FeedKind::Nvd), Progress::new().teller()).await;
            // Good or bad, these pages are of no more use.
            self.fetcher.discard_changes()?;
            tell(&imported?);
            nvd.changed_until = Some(changes.window.until);
            save_note(&self.note_path(), nvd)?;
        }
        Ok(())
    }
}

/// A name as one segment of a path.
fn path_segment(name: &str) -> String {
    name.trim()
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_reached_over_tls_or_on_this_machine() {
        for good in ["https://nvd.example", "http://127.0.0.1:80/x", "http://localhost", "http://[::1]:8080"]
        {
            assert_eq!(source_url(good).as_deref(), Ok(good));
        }
        for bad in ["", "nvd.example", "http://nvd.example", "http://127.0.0.1.example", "file:///etc/passwd"]
        {
            assert!(source_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ecosystems_are_one_segment_of_a_path() {
        assert_eq!(path_segment("Red Hat"), "Red%20Hat");
        assert_eq!(path_segment("../x"), "%2E%2E%2Fx");
    }
}
