//! `palisade kb import DIR`: takes community templates in; and loading what an import left, for the
//! server and for scans without one.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use palisade_app::{TemplateImportError, TemplatesImported, template_entry};
use palisade_kb::KnowledgeBase;
use palisade_model::{Clock, SystemClock};
use palisade_template::{Collection, Library, LibraryError, LoadError, Numbered, choose_qids};

use crate::data_directory::{DataDirectory, DataDirectoryError};
use crate::server::{self, ServerError};
use crate::settings::Settings;
use crate::terminal::{line, plain, titled_table};

/// Files that are named because they are no templates; the others are counted.
const PROBLEMS_SHOWN_MAX: usize = 20;

/// Why templates cannot be taken in, or used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KbTemplateError {
    #[error("the data cannot be opened")]
    Open(#[from] ServerError),
    #[error("the data folder cannot be used")]
    Data(#[from] DataDirectoryError),
    #[error("the directory cannot be used")]
    Load(#[from] LoadError),
    #[error("{} is no directory", path.display())]
    NotADirectory { path: PathBuf },
    #[error("{} holds no template that can be used", path.display())]
    Nothing { path: PathBuf },
    #[error("the import failed, nothing was changed")]
    Import(#[from] TemplateImportError),
    #[error("the file of an import cannot be read")]
    Library(#[from] LibraryError),
}

/// Takes a directory of templates in, in the place of the last one. A running server takes them for the
/// scans that begin from then on.
pub(crate) async fn import(directory: &Path, settings: &Settings) -> Result<(), KbTemplateError> {
    if !directory.is_dir() {
        return Err(KbTemplateError::NotADirectory { path: directory.to_owned() });
    }
    let collection = Collection::load(directory)?;
    let report = told(&collection);
    if collection.templates.is_empty() {
        report.iter().for_each(line);
        return Err(KbTemplateError::Nothing { path: directory.to_owned() });
    }
    let data = DataDirectory::open_shared(&settings.data)?;
    let app = server::open_app(settings, &data).await?;
    let imported = app.import_templates(collection, &data.templates()).await?;
    report.iter().for_each(line);
    let TemplatesImported { templates, added, changed, removed } = imported;
    line(format!("{templates} templates taken in: {added} new, {changed} changed; {removed} are gone"));
    Ok(())
}

/// What is left out of a collection, and why.
fn told(collection: &Collection) -> Vec<String> {
    let mut lines = Vec::new();
    if collection.unsupported_templates > 0 {
        let mut features: Vec<_> = collection.unsupported.iter().collect();
        features.sort_by_key(|(feature, count)| (std::cmp::Reverse(**count), *feature));
        let rows = features.into_iter().map(|(feature, count)| vec![plain(feature), count.to_string()]);
        lines.push(titled_table(&["not supported", "templates"], rows, "nothing").trim_end().to_owned());
    }
    for problem in collection.problems.iter().take(PROBLEMS_SHOWN_MAX) {
        lines.push(format!("no template: {}: {}", plain(&problem.file), plain(&problem.reason)));
    }
    let disruptive = collection.templates.iter().filter(|source| source.template.is_disruptive()).count();
    let guessing = collection.templates.iter().filter(|source| source.template.guesses_passwords()).count();
    lines.push(format!(
        "{} files that are no templates; {} templates left out because of what is not supported",
        collection.problem_count, collection.unsupported_templates
    ));
    lines.push(format!(
        "{disruptive} run only where a profile has `disruptive_checks`, {guessing} only where it allows guessing passwords"
    ));
    lines
}

/// What the last import left, if there was one.
pub(crate) fn imported(data: &DataDirectory) -> Result<Option<Arc<Library>>, LibraryError> {
    imported_at(&data.templates())
}

/// The same of a file.
pub(crate) fn imported_at(path: &Path) -> Result<Option<Arc<Library>>, LibraryError> {
    let (library, unread) = Library::open(path)?;
    if !unread.is_empty() {
        tracing::warn!(
            templates = unread.len(),
            "imported templates that cannot be read any more; import them again"
        );
    }
    if library.is_empty() {
        return Ok(None);
    }
    tracing::info!(templates = library.templates().len(), "community templates loaded");
    Ok(Some(Arc::new(library)))
}

/// What changes when an import puts another file in the place of the last one; `None` without a file.
pub(crate) fn stamp(path: &Path) -> Option<(u64, u64, SystemTime)> {
    let file = std::fs::metadata(path).ok()?;
    Some((file.ino(), file.len(), file.modified().ok()?))
}

/// The templates of a directory, or those that an import left in a file.
pub(crate) fn of_path(path: &Path) -> Result<Arc<Library>, KbTemplateError> {
    if path.is_dir() {
        return of_directory(path);
    }
    let (library, _) = Library::open(path)?;
    if library.is_empty() {
        return Err(KbTemplateError::Nothing { path: path.to_owned() });
    }
    Ok(Arc::new(library))
}

/// The templates of a directory, with the numbers that an import would most probably give them.
fn of_directory(directory: &Path) -> Result<Arc<Library>, KbTemplateError> {
    let collection = Collection::load(directory)?;
    if collection.templates.is_empty() {
        return Err(KbTemplateError::Nothing { path: directory.to_owned() });
    }
    let left_out = collection.unsupported_templates + collection.problem_count;
    if left_out > 0 {
        tracing::warn!(
            left_out,
            "files of the directory that cannot be used; `palisade kb import` tells why"
        );
    }
    let numbers = choose_qids(collection.templates.iter().map(|source| source.template.id.as_str()));
    let updated_at = SystemClock.now();
    let numbered = collection.templates.into_iter().filter_map(|source| {
        let qid = *numbers.get(&source.template.id)?;
        Some(Numbered { qid, template: source.template, updated_at })
    });
    Ok(Arc::new(Library::new(numbered.collect())))
}

/// Adds what templates find to what is known of vulnerabilities.
pub(crate) fn describe(kb: &mut KnowledgeBase, library: Option<&Library>) {
    if let Some(library) = library {
        kb.add_entries(library.templates().iter().map(template_entry));
    }
}
