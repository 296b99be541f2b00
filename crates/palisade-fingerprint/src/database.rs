//! A directory of files, as one collection.

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::document::{DOCUMENT_BYTES_MAX, Document, ReadError, read};
use crate::fingerprint::{Fingerprint, Match};

/// Files looked at in a directory.
const FILES_MAX: usize = 1_000;
/// Bytes of a text that are looked at.
const TEXT_BYTES_MAX: usize = 16 * 1024;

/// Why a directory could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("the fingerprint directory {} cannot be read", path.display())]
    Directory { path: PathBuf, source: std::io::Error },
    #[error("there is no fingerprint file (*.xml) in {}", path.display())]
    Empty { path: PathBuf },
    #[error("there are more than {FILES_MAX} files in {}", path.display())]
    TooManyFiles { path: PathBuf },
}

/// Something in a file that could not be used, or an example that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file's name without its directory.
    pub file: String,
    /// The fingerprint's description; empty for the whole file.
    pub fingerprint: String,
    pub reason: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.fingerprint.is_empty() {
            write!(f, "{}: {}", self.file, self.reason)
        } else {
            write!(f, "{}: {}: {}", self.file, self.fingerprint, self.reason)
        }
    }
}

#[derive(Debug)]
struct Database {
    file: String,
    /// The kind of text: the attribute `matches`, or the file's name where that is absent.
    kind: String,
    preference: f32,
    fingerprints: Vec<Fingerprint>,
}

/// Fingerprints by the kind of text that they are about.
#[derive(Debug, Default)]
pub struct Fingerprints {
    databases: Vec<Database>,
    problems: Vec<Problem>,
}

impl Fingerprints {
    /// Loads all files `*.xml` of a directory. Files that are malformed are left out and become
    /// [`Fingerprints::problems`]; the others are used.
    ///
    /// # Errors
    ///
    /// [`LoadError`] when the directory cannot be read, or has no such file or far too many.
    pub fn load(directory: &Path) -> Result<Self, LoadError> {
        let failed = |source| LoadError::Directory { path: directory.to_owned(), source };
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(directory).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_some_and(|extension| extension == "xml") {
                paths.push(path);
            }
            if paths.len() > FILES_MAX {
                return Err(LoadError::TooManyFiles { path: directory.to_owned() });
            }
        }
        if paths.is_empty() {
            return Err(LoadError::Empty { path: directory.to_owned() });
        }
        paths.sort();
        let mut all = Self::default();
        for path in paths {
            let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            match read_file(&path) {
                Ok(document) => all.add(file, document),
                Err(reason) => all.problems.push(Problem { file, fingerprint: String::new(), reason }),
            }
        }
        // The most trusted first; of equally trusted ones the first by name.
        all.databases.sort_by(|left, right| right.preference.total_cmp(&left.preference));
        Ok(all)
    }

    /// The fingerprints of one document that was read already, as if it were the only file.
    #[must_use]
    pub fn of_document(file: &str, xml: &str) -> Self {
        let mut all = Self::default();
        match read(xml) {
            Ok(document) => all.add(file.to_owned(), document),
            Err(error) => all.problems.push(Problem {
                file: file.to_owned(),
                fingerprint: String::new(),
                reason: describe(&error),
            }),
        }
        all
    }

    fn add(&mut self, file: String, document: Document) {
        let kind = document.matches.unwrap_or_else(|| file.trim_end_matches(".xml").to_owned());
        let Document { preference, fingerprints, .. } = document;
        self.databases.push(Database { file, kind, preference, fingerprints });
    }

    /// How many fingerprints there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.databases.iter().map(|database| database.fingerprints.len()).sum()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Files that were left out.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// What a text of this kind (`ssh.banner`, `http_header.server`, ...) means: the first
    /// fingerprint that matches, of the most trusted database. Only the first 16 KiB count.
    #[must_use]
    pub fn find(&self, kind: &str, text: &[u8]) -> Option<Match> {
        let text = text.get(..TEXT_BYTES_MAX).unwrap_or(text);
        self.databases
            .iter()
            .filter(|database| database.kind == kind)
            .flat_map(|database| &database.fingerprints)
            .find_map(|fingerprint| fingerprint.matches(text))
    }

    /// Number of examples of all files.
    #[must_use]
    pub fn example_count(&self) -> usize {
        let fingerprints = self.databases.iter().flat_map(|database| &database.fingerprints);
        fingerprints.map(|fingerprint| fingerprint.examples.len()).sum()
    }

    /// Examples that their fingerprint does not recognise, or of which it says something else than
    /// the file, and patterns that cannot be compiled.
    #[must_use]
    pub fn failing_examples(&self) -> Vec<Problem> {
        let mut failing = Vec::new();
        for database in &self.databases {
            for fingerprint in &database.fingerprints {
                let mut fail = |reason: String| {
                    failing.push(Problem {
                        file: database.file.clone(),
                        fingerprint: fingerprint.description.clone(),
                        reason,
                    });
                };
                if let Err(reason) = fingerprint.regex() {
                    fail(format!("the pattern does not compile: {reason}"));
                    continue;
                }
                reasons(fingerprint).for_each(&mut fail);
            }
        }
        failing
    }
}

fn reasons(fingerprint: &Fingerprint) -> impl Iterator<Item = String> {
    fingerprint.examples.iter().filter_map(|example| {
        let shown = String::from_utf8_lossy(&example.text);
        let Some(found) = fingerprint.matches(&example.text) else {
            return Some(format!("the pattern does not match its example {shown:?}"));
        };
        example.expected.iter().find_map(|(name, expected)| {
            let value = found.values().get(name).map(String::as_str);
            (value != Some(expected.as_str()))
                .then(|| format!("{name} of {shown:?} is {value:?} and not {expected:?}"))
        })
    })
}

fn read_file(path: &Path) -> Result<Document, String> {
    let mut file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut text = String::new();
    let limit = u64::try_from(DOCUMENT_BYTES_MAX).unwrap_or(u64::MAX);
    let length = Read::by_ref(&mut file)
        .take(limit + 1)
        .read_to_string(&mut text)
        .map_err(|error| error.to_string())?;
    if length > DOCUMENT_BYTES_MAX {
        return Err(format!("the file is larger than {DOCUMENT_BYTES_MAX} bytes"));
    }
    read(&text).map_err(|error| describe(&error))
}

/// An error with what caused it, in one line.
fn describe(error: &ReadError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
