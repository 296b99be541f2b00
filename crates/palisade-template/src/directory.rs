//! A directory of templates as others keep it: folders in folders, one template a file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::read::ReadError;
use crate::template::Template;
use crate::yaml::FILE_BYTES_MAX;

/// Files of one directory.
const FILES_MAX: usize = 50_000;
/// Folders inside folders.
const DEPTH_MAX: usize = 16;
/// Bytes of all files together.
const BYTES_MAX: u64 = 512 << 20;
/// Problems that are kept with their names; the others are counted.
const PROBLEMS_MAX: usize = 1_000;

/// A template and the text it was read from.
#[derive(Debug, Clone)]
pub struct Source {
    pub template: Template,
    pub text: String,
}

/// A file that is no template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Relative to the directory.
    pub file: String,
    pub reason: String,
}

/// What a directory holds.
#[derive(Debug, Default)]
pub struct Collection {
    /// In ascending order of their ids.
    pub templates: Vec<Source>,
    /// What is used and there is not, with the number of templates that use it.
    pub unsupported: BTreeMap<String, usize>,
    /// Templates left out because of that.
    pub unsupported_templates: usize,
    /// Files that are no templates, or whose id another has; at most a thousand are kept.
    pub problems: Vec<Problem>,
    pub problem_count: usize,
}

/// Why a directory cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    #[error("cannot read {}", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{} has more than {FILES_MAX} templates, or more than {} MiB of them", path.display(), BYTES_MAX >> 20)]
    TooLarge { path: PathBuf },
    #[error("{} holds no templates", path.display())]
    Empty { path: PathBuf },
}

impl Collection {
    /// Reads a directory. Links are not followed.
    ///
    /// # Errors
    ///
    /// A directory that cannot be read, is too large or has no files that could be templates. Single
    /// files that cannot be used are problems of the collection.
    pub fn load(directory: &Path) -> Result<Self, LoadError> {
        let mut files = Vec::new();
        walk(directory, 0, &mut files)?;
        if files.len() > FILES_MAX {
            return Err(LoadError::TooLarge { path: directory.to_owned() });
        }
        if files.is_empty() {
            return Err(LoadError::Empty { path: directory.to_owned() });
        }
        let mut collection = Self::default();
        let mut read: BTreeMap<String, Source> = BTreeMap::new();
        let mut bytes = 0;
        for path in files {
            let file = path.strip_prefix(directory).unwrap_or(&path).display().to_string();
            match read_text(&path)? {
                None => collection.problem(file, "it is too long, or no text"),
                Some(text) => {
                    bytes += text.len() as u64;
                    if bytes > BYTES_MAX {
                        return Err(LoadError::TooLarge { path: directory.to_owned() });
                    }
                    collection.take(file, text, &mut read);
                }
            }
        }
        collection.templates = read.into_values().collect();
        Ok(collection)
    }

    fn take(&mut self, file: String, text: String, read: &mut BTreeMap<String, Source>) {
        match Template::parse(&text) {
            Ok(template) if read.contains_key(&template.id) => {
                self.problem(file, &format!("another file has the id {}", template.id));
            }
            Ok(template) => {
                read.insert(template.id.clone(), Source { template, text });
            }
            Err(ReadError::Form(reason)) => self.problem(file, &reason),
            Err(ReadError::Unsupported(features)) => self.lacks(features),
        }
    }

    fn lacks(&mut self, features: BTreeSet<String>) {
        self.unsupported_templates += 1;
        for feature in features {
            *self.unsupported.entry(feature).or_default() += 1;
        }
    }

    fn problem(&mut self, file: String, reason: &str) {
        self.problem_count += 1;
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(Problem { file, reason: reason.to_owned() });
        }
    }
}

fn walk(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), LoadError> {
    let failed = |source| LoadError::Read { path: folder.to_owned(), source };
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        entries.push(entry.map_err(failed)?);
        if entries.len() > FILES_MAX * 2 {
            return Err(LoadError::TooLarge { path: folder.to_owned() });
        }
    }
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let (path, kind) = (entry.path(), entry.file_type().map_err(failed)?);
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if kind.is_dir() && !hidden && depth < DEPTH_MAX {
            walk(&path, depth + 1, files)?;
        } else if kind.is_file() && path.extension().is_some_and(|end| end == "yaml" || end == "yml") {
            files.push(path);
        }
        if files.len() > FILES_MAX {
            return Ok(());
        }
    }
    Ok(())
}

/// A file's text, if it is one and not too long.
fn read_text(path: &Path) -> Result<Option<String>, LoadError> {
    let failed = |source| LoadError::Read { path: path.to_owned(), source };
    if std::fs::metadata(path).map_err(failed)?.len() > FILE_BYTES_MAX as u64 {
        return Ok(None);
    }
    Ok(String::from_utf8(std::fs::read(path).map_err(failed)?).ok())
}
