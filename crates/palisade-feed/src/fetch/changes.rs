//! The pages of the NVD's API: everything that was changed between two moments. Pages are kept in a
//! folder with a note of how far they go; asked again for the same, the rest is fetched.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::PathBuf;

use palisade_model::{FeedKind, Timestamp};
use serde::{Deserialize, Serialize};
use ureq::http::StatusCode;

use super::error::FetchError;
use super::{Failures, Fetcher, refused, state};
use crate::file::{Limits, read_file};
use crate::record::Summary;

/// Records of a page, the most that the API gives.
const PAGE_RECORDS: u64 = 2_000;
/// Pages of one answer.
const PAGES_MAX: u64 = 10_000;
/// Bytes of a page.
const PAGE_BYTES_MAX: u64 = 256 << 20;
/// Longest span of time the API answers for, in seconds: 120 days.
const WINDOW_S_MAX: i64 = 120 * 86_400;

/// A span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeWindow {
    pub since: Timestamp,
    pub until: Timestamp,
}

impl ChangeWindow {
    /// From `since` to `now`, or as far as the API answers for.
    #[must_use]
    pub fn from(since: Timestamp, now: Timestamp) -> Self {
        let last = Timestamp::from_second(since.as_second().saturating_add(WINDOW_S_MAX)).unwrap_or(now);
        Self { since, until: now.min(last) }
    }
}

/// Everything that was changed in a span of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// The span that they are for; it ends earlier than was asked when pages were left over from an
    /// earlier call.
    pub window: ChangeWindow,
    pub pages: Vec<PathBuf>,
}

/// How far the pages go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    url: String,
    window: ChangeWindow,
    /// Where each page that is there begins.
    starts: Vec<u64>,
    next: u64,
    complete: bool,
}

impl Fetcher {
    fn changes_folder(&self) -> PathBuf {
        self.folder.join("nvd-changes")
    }

    /// Fetches what the API at `url` has for a span of time; goes on with pages that an earlier call
    /// or process left, if they begin at the same moment.
    ///
    /// # Errors
    ///
    /// [`FetchError`]; the pages that have come are kept for the next call.
    pub fn changes(
        &self,
        url: &str,
        api_key: Option<&str>,
        window: ChangeWindow,
    ) -> Result<Changes, FetchError> {
        let folder = self.changes_folder();
        let note = folder.join("position.json");
        let left = state::load::<Position>(&note)
            .filter(|left| left.url == url && left.window.since == window.since)
            .filter(|left| left.starts.iter().all(|start| self.page(*start).exists()));
        let mut position = if let Some(left) = left {
            left
        } else {
            self.discard_changes()?;
            fs::create_dir_all(&folder).map_err(|source| FetchError::folder(&folder, source))?;
            Position { url: url.to_owned(), window, starts: Vec::new(), next: 0, complete: false }
        };
        for _ in 0..PAGES_MAX {
            if position.complete {
                let pages = position.starts.iter().map(|start| self.page(*start)).collect();
                return Ok(Changes { window: position.window, pages });
            }
            if !position.starts.is_empty() {
                std::thread::sleep(self.patience.page_wait);
            }
            let start = position.next;
            let summary = self.fetch_page(url, api_key, position.window, start)?;
            let had = summary.records + summary.skipped;
            position.starts.push(start);
            position.next = start + had;
            position.complete = had == 0 || summary.total.is_none_or(|total| position.next >= total);
            state::save(&note, &position)?;
        }
        Err(FetchError::TooLarge { url: url.to_owned(), max: PAGES_MAX * PAGE_RECORDS })
    }

    /// The pages were used, or are no good: they go.
    ///
    /// # Errors
    ///
    /// [`FetchError::Folder`].
    pub fn discard_changes(&self) -> Result<(), FetchError> {
        let folder = self.changes_folder();
        match fs::remove_dir_all(&folder) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(FetchError::folder(&folder, source))
            }
            _ => Ok(()),
        }
    }

    fn page(&self, start: u64) -> PathBuf {
        self.changes_folder().join(format!("page-{start}.json"))
    }

    /// Fetches one page and reads it through: what is kept is a page.
    fn fetch_page(
        &self,
        url: &str,
        api_key: Option<&str>,
        window: ChangeWindow,
        start: u64,
    ) -> Result<Summary, FetchError> {
        let time = |time: Timestamp| time.strftime("%Y-%m-%dT%H:%M:%S.000").to_string();
        let separator = if url.contains('?') { '&' } else { '?' };
        let question = format!(
            "{url}{separator}lastModStartDate={}&lastModEndDate={}&startIndex={start}&resultsPerPage={PAGE_RECORDS}",
            time(window.since),
            time(window.until),
        );
        let mut failures = Failures::new(self.patience);
        loop {
            match self.try_page(&question, api_key, start) {
                Ok(summary) => return Ok(summary),
                Err(error) => failures.wait_or(error)?,
            }
        }
    }

    fn try_page(&self, question: &str, api_key: Option<&str>, start: u64) -> Result<Summary, FetchError> {
        let headers: Vec<(&str, &str)> = api_key.into_iter().map(|key| ("apiKey", key)).collect();
        let response = self.ask(question, &headers)?;
        if response.status() != StatusCode::OK {
            return Err(refused(question, &response));
        }
        let path = self.page(start);
        let part = path.with_extension("part");
        let failed = |source| FetchError::folder(&part, source);
        let mut file = File::create(&part).map_err(failed)?;
        let mut body = response.into_body().into_reader().take(PAGE_BYTES_MAX + 1);
        let bytes = io::copy(&mut body, &mut file)
            .map_err(|_| FetchError::Broken { url: question.to_owned(), bytes: 0 })?;
        if bytes > PAGE_BYTES_MAX {
            return Err(FetchError::TooLarge { url: question.to_owned(), max: PAGE_BYTES_MAX });
        }
        file.sync_all().map_err(failed)?;
        let summary = read_file(&part, Some(FeedKind::Nvd), Limits::default(), &mut |_| Ok(()))
            .map_err(|source| FetchError::Page { url: question.to_owned(), source })?;
        if summary.start.is_some_and(|said| said != start) {
            return Err(FetchError::OtherPage { url: question.to_owned() });
        }
        fs::rename(&part, &path).map_err(failed)?;
        Ok(summary)
    }
}
