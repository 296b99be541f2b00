//! Files that go on where they were broken off. Beside `name` the folder then has `name.part`, what
//! is there of it, and `name.part.json`, which version of the file that is; after its use
//! `name.json` says which version was used, so that the same one is not fetched again.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use ureq::Body;
use ureq::http::{Response, StatusCode};

use super::error::FetchError;
use super::{Failures, Fetcher, header, refused, state};

/// Times that a transfer may go on after breaking off, however much came in between.
const CONTINUATIONS_MAX: u32 = 100;
const BUFFER_BYTES: usize = 64 << 10;

/// What fetching a file came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// The version that was used last is still the newest.
    Unchanged,
    /// It is here.
    File(PathBuf),
}

/// Which version of a file something is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Version {
    url: String,
    etag: Option<String>,
    last_modified: Option<String>,
}

impl Version {
    fn of(url: &str, response: &Response<Body>) -> Self {
        let text = |name| header(response.headers(), name).map(str::to_owned);
        Self { url: url.to_owned(), etag: text("etag"), last_modified: text("last-modified") }
    }

    /// What tells that a part belongs to the same bytes: a strong tag, or a time.
    fn validator(&self) -> Option<&str> {
        let strong = self.etag.as_deref().filter(|tag| !tag.starts_with("W/"));
        strong.or(self.last_modified.as_deref())
    }
}

/// The files of one transfer.
struct Places {
    whole: PathBuf,
    part: PathBuf,
    part_version: PathBuf,
    used_version: PathBuf,
}

impl Fetcher {
    fn places(&self, name: &str) -> Places {
        let place = |end: &str| self.folder.join(format!("{name}{end}"));
        Places {
            whole: place(""),
            part: place(".part"),
            part_version: place(".part.json"),
            used_version: place(".json"),
        }
    }

    /// Fetches `url` as `name` in the folder. A transfer that an earlier call or process left goes on.
    ///
    /// # Errors
    ///
    /// [`FetchError`]; what has come so far is kept for the next call.
    pub fn file(&self, url: &str, name: &str) -> Result<Fetched, FetchError> {
        let places = self.places(name);
        if places.whole.exists() {
            return Ok(Fetched::File(places.whole));
        }
        let mut failures = Failures::new(self.patience);
        for _ in 0..CONTINUATIONS_MAX {
            let before = length(&places.part);
            match self.attempt(url, &places) {
                Ok(true) => {
                    fs::rename(&places.part, &places.whole)
                        .map_err(|source| FetchError::folder(&places.whole, source))?;
                    return Ok(Fetched::File(places.whole));
                }
                Ok(false) => return Ok(Fetched::Unchanged),
                Err(error) => {
                    if length(&places.part) > before {
                        failures.forget();
                    }
                    failures.wait_or(error)?;
                }
            }
        }
        Err(FetchError::Broken { url: url.to_owned(), bytes: length(&places.part) })
    }

    /// The file was used: it goes, and the same version is not fetched again.
    ///
    /// # Errors
    ///
    /// [`FetchError::Folder`].
    pub fn used(&self, name: &str) -> Result<(), FetchError> {
        let places = self.places(name);
        if let Some(version) = state::load::<Version>(&places.part_version) {
            state::save(&places.used_version, &version)?;
        }
        state::remove(&places.part_version)?;
        state::remove(&places.whole)
    }

    /// Forgets which version was used, so that the next call fetches the file.
    ///
    /// # Errors
    ///
    /// [`FetchError::Folder`].
    pub fn forget(&self, name: &str) -> Result<(), FetchError> {
        state::remove(&self.places(name).used_version)
    }

    /// The file is no good: it goes, and the next call fetches it anew.
    ///
    /// # Errors
    ///
    /// [`FetchError::Folder`].
    pub fn discard(&self, name: &str) -> Result<(), FetchError> {
        let places = self.places(name);
        for place in [&places.whole, &places.part, &places.part_version, &places.used_version] {
            state::remove(place)?;
        }
        Ok(())
    }

    /// One question. `false`: the version that was used last is still the newest.
    fn attempt(&self, url: &str, places: &Places) -> Result<bool, FetchError> {
        let part = state::load::<Version>(&places.part_version).filter(|version| version.url == url);
        let validator = part.as_ref().and_then(Version::validator);
        let offset = if validator.is_some() { length(&places.part) } else { 0 };
        let used = state::load::<Version>(&places.used_version).filter(|version| version.url == url);
        let range = format!("bytes={offset}-");
        let mut headers: Vec<(&str, &str)> = Vec::new();
        if let Some(validator) = validator.filter(|_| offset > 0) {
            headers.extend([("Range", range.as_str()), ("If-Range", validator)]);
        } else if let Some(used) = &used {
            headers.extend(used.etag.as_deref().map(|tag| ("If-None-Match", tag)));
            headers.extend(used.last_modified.as_deref().map(|time| ("If-Modified-Since", time)));
        }
        let response = self.ask(url, &headers)?;
        match response.status() {
            StatusCode::OK => {
                state::remove(&places.part)?;
                state::save(&places.part_version, &Version::of(url, &response))?;
                let total = number(header(response.headers(), "content-length"));
                self.append(url, places, response, 0, total)
            }
            StatusCode::PARTIAL_CONTENT if offset > 0 => {
                let Some((from, total)) = header(response.headers(), "content-range").and_then(content_range)
                else {
                    state::remove(&places.part)?;
                    return Err(FetchError::Broken { url: url.to_owned(), bytes: 0 });
                };
                if from != offset {
                    state::remove(&places.part)?;
                    return Err(FetchError::Broken { url: url.to_owned(), bytes: 0 });
                }
                self.append(url, places, response, offset, total)
            }
            StatusCode::NOT_MODIFIED if offset == 0 && used.is_some() => Ok(false),
            StatusCode::RANGE_NOT_SATISFIABLE => {
                state::remove(&places.part)?;
                Err(FetchError::Broken { url: url.to_owned(), bytes: offset })
            }
            _ => Err(refused(url, &response)),
        }
    }

    /// Adds the answer to the part; `true` when it is whole.
    fn append(
        &self,
        url: &str,
        places: &Places,
        response: Response<Body>,
        offset: u64,
        total: Option<u64>,
    ) -> Result<bool, FetchError> {
        let failed = |source| FetchError::folder(&places.part, source);
        let mut file = OpenOptions::new().create(true).append(true).open(&places.part).map_err(failed)?;
        let mut body = response.into_body().into_reader();
        let mut buffer = vec![0; BUFFER_BYTES];
        let mut bytes = offset;
        let broken = |bytes| FetchError::Broken { url: url.to_owned(), bytes };
        loop {
            let length = match body.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => length,
                Err(error) => {
                    tracing::debug!(%error, url, "a transfer broke off");
                    return Err(broken(bytes));
                }
            };
            bytes += length as u64;
            if bytes > self.file_bytes_max {
                drop(file);
                state::remove(&places.part)?;
                return Err(FetchError::TooLarge { url: url.to_owned(), max: self.file_bytes_max });
            }
            file.write_all(buffer.get(..length).unwrap_or_default()).map_err(failed)?;
        }
        file.sync_all().map_err(failed)?;
        if total.is_some_and(|total| total != bytes) {
            return Err(broken(bytes));
        }
        Ok(true)
    }
}

fn length(path: &PathBuf) -> u64 {
    File::open(path).and_then(|file| file.metadata()).map_or(0, |metadata| metadata.len())
}

fn number(text: Option<&str>) -> Option<u64> {
    text?.parse().ok()
}

/// The first byte and the whole length in `bytes 100-199/200`.
fn content_range(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (from, _) = range.split_once('-')?;
    Some((from.trim().parse().ok()?, total.trim().parse().ok()))
}
