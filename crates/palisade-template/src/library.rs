//! Templates with their QIDs: how numbers are given, and the one file that an import leaves.
//!
//! The file is replaced as a whole or not at all: an interrupted import leaves the old one.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use palisade_model::{Qid, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::Digest;

use crate::template::Template;

/// The first and the last QID of the local range, which templates have.
pub const LOCAL_QIDS: std::ops::RangeInclusive<u32> = 1_000_001..=9_999_999;
/// Templates of one file.
const TEMPLATES_MAX: usize = 50_000;
/// Bytes of one line: a template's text, escaped, and what is kept with it.
const LINE_BYTES_MAX: u64 = 8 << 20;
const BYTES_MAX: u64 = 2 << 30;

/// A template of a library.
#[derive(Debug, Clone, PartialEq)]
pub struct Numbered {
    pub qid: Qid,
    pub template: Template,
    /// When its text was imported first, or changed last.
    pub updated_at: Timestamp,
}

/// Templates with their QIDs. Immutable; share it behind an `Arc`.
#[derive(Debug, Clone, Default)]
pub struct Library {
    /// In ascending order of their QIDs.
    templates: Vec<Numbered>,
}

/// A line of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    pub qid: Qid,
    /// Unix seconds.
    pub updated_at: i64,
    pub text: String,
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LibraryError {
    #[error("cannot {attempt} {}", path.display())]
    Io {
        attempt: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("line {line} of {} is no template of an import", path.display())]
    Damaged { path: PathBuf, line: usize },
    #[error("{} is beyond the limits", path.display())]
    TooLarge { path: PathBuf },
}

/// The QID that a template gets: the one that its id alone leads to, or the next that is free.
#[must_use]
pub fn choose_qid(id: &str, is_taken: impl Fn(Qid) -> bool) -> Option<Qid> {
    let digest = sha2::Sha256::digest(id.as_bytes());
    let start = digest.first_chunk::<4>().map_or(0, |bytes| u32::from_be_bytes(*bytes));
    let (first, width) = (*LOCAL_QIDS.start(), LOCAL_QIDS.end() - LOCAL_QIDS.start() + 1);
    let places = (0..width).map(|step| first + (start % width + step) % width);
    places.filter_map(Qid::new).find(|qid| !is_taken(*qid))
}

/// Gives every id a QID, as [`choose_qid`] does, in the order of the ids.
#[must_use]
pub fn choose_qids<'a>(ids: impl IntoIterator<Item = &'a str>) -> BTreeMap<String, Qid> {
    let mut ids: Vec<&str> = ids.into_iter().collect();
    ids.sort_unstable();
    let (mut chosen, mut taken) = (BTreeMap::new(), std::collections::BTreeSet::new());
    for id in ids {
        if let Some(qid) = choose_qid(id, |qid| taken.contains(&qid)) {
            taken.insert(qid);
            chosen.insert(id.to_owned(), qid);
        }
    }
    chosen
}

impl Library {
    #[must_use]
    pub fn new(mut templates: Vec<Numbered>) -> Self {
        templates.sort_by_key(|each| each.qid);
        templates.dedup_by_key(|each| each.qid);
        Self { templates }
    }

    #[must_use]
    pub fn templates(&self) -> &[Numbered] {
        &self.templates
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.templates.is_empty()
    }

    /// Reads the file of an import; empty where there is none. Templates that this release cannot
    /// read any more are left out; their QIDs are given back.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, is damaged or too large.
    pub fn open(path: &Path) -> Result<(Self, Vec<Qid>), LibraryError> {
        let (mut templates, mut unread) = (Vec::new(), Vec::new());
        for record in records(path)? {
            let updated_at = Timestamp::from_second(record.updated_at).unwrap_or(Timestamp::UNIX_EPOCH);
            match Template::parse_accepted(&record.text) {
                Ok(template) => templates.push(Numbered { qid: record.qid, template, updated_at }),
                Err(_) => unread.push(record.qid),
            }
        }
        Ok((Self::new(templates), unread))
    }
}

/// The lines of the file of an import; none where there is no file.
///
/// # Errors
///
/// As of [`Library::open`].
pub fn records(path: &Path) -> Result<Vec<Record>, LibraryError> {
    let failed = |source| LibraryError::Io { attempt: "read", path: path.to_owned(), source };
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(failed(source)),
    };
    if file.metadata().map_err(failed)?.len() > BYTES_MAX {
        return Err(LibraryError::TooLarge { path: path.to_owned() });
    }
    let mut reader = BufReader::new(file);
    let mut records = Vec::new();
    loop {
        let mut line = Vec::new();
        let count =
            std::io::Read::take(&mut reader, LINE_BYTES_MAX).read_until(b'\n', &mut line).map_err(failed)?;
        if count == 0 {
            return Ok(records);
        }
        if records.len() >= TEMPLATES_MAX {
            return Err(LibraryError::TooLarge { path: path.to_owned() });
        }
        let number = records.len() + 1;
        let damaged = |_| LibraryError::Damaged { path: path.to_owned(), line: number };
        records.push(serde_json::from_slice(&line).map_err(damaged)?);
    }
}

/// Writes the file of an import in place of the last one.
///
/// # Errors
///
/// What the file system says. The last file is left as it was.
pub fn replace(path: &Path, records: &[Record]) -> Result<(), LibraryError> {
    let failed = |source| LibraryError::Io { attempt: "write", path: path.to_owned(), source };
    let temporary = path.with_extension("new");
    let written = (|| {
        let _ = std::fs::remove_file(&temporary);
        let file = std::fs::OpenOptions::new().create_new(true).write(true).open(&temporary)?;
        let mut writer = std::io::BufWriter::new(file);
        for record in records {
            serde_json::to_writer(&mut writer, record)?;
            writer.write_all(b"\n")?;
        }
        writer.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
        std::fs::rename(&temporary, path)?;
        // The new name has to last as well as what it names.
        match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => std::fs::File::open(folder)?.sync_all(),
            _ => Ok(()),
        }
    })();
    written.map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "id: a\ninfo: {name: A, severity: low}\nhttp:\n  - path: ['{{BaseURL}}']\n    matchers:\n      - {type: status, status: [200]}\n";

    fn record(qid: u32, text: &str) -> Record {
        Record { qid: Qid::new(qid).unwrap(), updated_at: 7, text: text.to_owned() }
    }

    #[test]
    fn numbers_follow_from_names() {
        let chosen = choose_qids(["b", "a", "c"]);
        assert_eq!(chosen, choose_qids(["c", "b", "a"]));
        assert!(chosen.values().all(|qid| LOCAL_QIDS.contains(&qid.number())));
        let first = chosen["a"];
        let next = choose_qid("a", |qid| qid == first).unwrap();
        assert_eq!(next.number(), first.number() + 1);
    }

    #[test]
    fn a_file_is_replaced_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("templates.jsonl");
        assert!(Library::open(&path).unwrap().0.is_empty());
        replace(&path, &[record(1_000_002, TEXT), record(1_000_001, "id: gone\n")]).unwrap();
        let (library, unread) = Library::open(&path).unwrap();
        assert_eq!(unread, [Qid::new(1_000_001).unwrap()]);
        assert_eq!(library.templates().len(), 1);
        // A file that was begun and not finished changes nothing.
        std::fs::write(path.with_extension("new"), "{\"qid\":").unwrap();
        assert_eq!(Library::open(&path).unwrap().0.templates().len(), 1);
        replace(&path, &[]).unwrap();
        assert!(Library::open(&path).unwrap().0.is_empty() && !path.with_extension("new").exists());
        std::fs::write(&path, "nonsense\n").unwrap();
        assert!(matches!(Library::open(&path), Err(LibraryError::Damaged { line: 1, .. })));
    }
}
