//! Small JSON files that say how far a transfer is. One that cannot be read counts as none: the
//! transfer then begins anew.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::FetchError;

/// Bytes a state may have.
const STATE_BYTES_MAX: u64 = 1 << 20;

/// What a small JSON file says; `None` when there is none or it says something else.
#[must_use]
pub fn load<T: DeserializeOwned>(path: &Path) -> Option<T> {
    if fs::metadata(path).ok()?.len() > STATE_BYTES_MAX {
        return None;
    }
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// Writes a small JSON file, whole or not at all.
///
/// # Errors
///
/// [`FetchError::Folder`].
pub fn save<T: Serialize>(path: &Path, state: &T) -> Result<(), FetchError> {
    let failed = |source| FetchError::folder(path, source);
    let bytes = serde_json::to_vec(state).map_err(|error| failed(error.into()))?;
    let new = path.with_extension("new");
    let written = (|| {
        let mut file = File::create(&new)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&new, path)
    })();
    written.map_err(failed)
}

/// Removes a file that may not be there.
pub(super) fn remove(path: &Path) -> Result<(), FetchError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(FetchError::folder(path, source)),
        _ => Ok(()),
    }
}
