//! The folder that holds everything one server keeps: database, documents, master key,
//! certificate. Made with mode 0700; secrets in it with mode 0600.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use palisade_app::MasterKey;
use palisade_model::IdSource;
use palisade_store::Store;

/// The folder, opened. Holds the folder's lock for as long as it lives.
#[derive(Debug)]
pub(crate) struct DataDirectory {
    path: PathBuf,
    /// Held, not read: the lock ends with it.
    lock: Option<File>,
}

/// Why the folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DataDirectoryError {
    #[error("cannot {attempt} {}", path.display())]
    Io {
        attempt: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{} is used by another Palisade process", path.display())]
    InUse { path: PathBuf },
    #[error("{} is open to others (mode {mode:o}); make it private: chmod 700", path.display())]
    NotPrivate { path: PathBuf, mode: u32 },
    #[error("the path {} is not valid text", path.display())]
    NotText { path: PathBuf },
    #[error("{} does not hold a master key of 32 bytes", path.display())]
    NotAKey { path: PathBuf },
}

fn failed(attempt: &'static str, path: &Path) -> impl FnOnce(io::Error) -> DataDirectoryError + use<> {
    let path = path.to_owned();
    move |source| DataDirectoryError::Io { attempt, path, source }
}

impl DataDirectory {
    /// Opens the folder, making it first if it is not there, and takes its lock: one server a
    /// folder.
    pub(crate) fn open(path: &Path) -> Result<Self, DataDirectoryError> {
        let mut directory = Self::open_shared(path)?;
        let lock_path = directory.path.join("lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&lock_path)
            .map_err(failed("open", &lock_path))?;
        match lock.try_lock() {
            Ok(()) => directory.lock = Some(lock),
            Err(fs::TryLockError::WouldBlock) => {
                return Err(DataDirectoryError::InUse { path: directory.path });
            }
            Err(fs::TryLockError::Error(source)) => return Err(failed("lock", &lock_path)(source)),
        }
        Ok(directory)
    }

    /// Opens the folder beside a running server, for administration.
    pub(crate) fn open_shared(path: &Path) -> Result<Self, DataDirectoryError> {
        if !path.exists() {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(path)
                .map_err(failed("make the folder", path))?;
        }
        let path = path.canonicalize().map_err(failed("find", path))?;
        let mode = fs::metadata(&path).map_err(failed("look at", &path))?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            // An empty folder was made for us and is tightened; one with contents is somebody's choice.
            let is_empty = fs::read_dir(&path).map_err(failed("list", &path))?.next().is_none();
            if !is_empty {
                return Err(DataDirectoryError::NotPrivate { path, mode });
            }
            fs::set_permissions(&path, fs::Permissions::from_mode(0o700))
                .map_err(failed("make private", &path))?;
        }
        Ok(Self { path, lock: None })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The URL of the embedded database.
    pub(crate) fn sqlite_url(&self) -> Result<String, DataDirectoryError> {
        let path = self.path.join("palisade.sqlite");
        Store::sqlite_url(&path).ok_or(DataDirectoryError::NotText { path })
    }

    /// The folder of saved documents.
    pub(crate) fn documents(&self) -> Result<PathBuf, DataDirectoryError> {
        self.folder("documents")
    }

    /// The folder of lists of vulnerabilities on their way from their publishers.
    pub(crate) fn feeds(&self) -> Result<PathBuf, DataDirectoryError> {
        self.folder("feeds")
    }

    /// The folder of reports that the guided tour fetched.
    pub(crate) fn reports(&self) -> Result<PathBuf, DataDirectoryError> {
        self.folder("reports")
    }

    /// The file that holds imported templates.
    pub(crate) fn templates(&self) -> PathBuf {
        self.path.join("templates.jsonl")
    }

    /// The folder of mails to be collected.
    pub(crate) fn outbox(&self) -> Result<PathBuf, DataDirectoryError> {
        self.folder("outbox")
    }

    fn folder(&self, name: &str) -> Result<PathBuf, DataDirectoryError> {
        let path = self.path.join(name);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)
            .map_err(failed("make the folder", &path))?;
        Ok(path)
    }

    /// The key under which secrets are kept; made on first use.
    pub(crate) fn master_key(&self, ids: &dyn IdSource) -> Result<MasterKey, DataDirectoryError> {
        let path = self.path.join("master.key");
        if !path.exists() {
            let key = MasterKey::generate(ids);
            write_secret(&path, key.as_bytes())?;
            return Ok(key);
        }
        let bytes = zeroize::Zeroizing::new(fs::read(&path).map_err(failed("read", &path))?);
        let bytes: [u8; 32] =
            bytes.as_slice().try_into().map_err(|_| DataDirectoryError::NotAKey { path: path.clone() })?;
        Ok(MasterKey::from_bytes(bytes))
    }

    /// Paths of the server's certificate and key, both PEM. `make` gives their contents when they
    /// are not there yet.
    pub(crate) fn certificate(
        &self,
        make: impl FnOnce() -> (String, String),
    ) -> Result<(PathBuf, PathBuf), DataDirectoryError> {
        let (certificate, key) = (self.path.join("certificate.pem"), self.path.join("certificate.key"));
        if !certificate.exists() || !key.exists() {
            let (certificate_pem, key_pem) = make();
            write_secret(&key, key_pem.as_bytes())?;
            write_secret(&certificate, certificate_pem.as_bytes())?;
        }
        Ok((certificate, key))
    }
}

/// Writes a file that only its owner can read, whole or not at all. Refuses to write over a file
/// that belongs to somebody else.
pub(crate) fn write_secret(path: &Path, contents: &[u8]) -> Result<(), DataDirectoryError> {
    if let Ok(existing) = fs::symlink_metadata(path)
        && existing.uid() != nix::unistd::geteuid().as_raw()
    {
        let source = io::Error::from(io::ErrorKind::PermissionDenied);
        return Err(failed("replace another user's file", path)(source));
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let temporary = path.with_file_name(name);
    let written = (|| {
        let _ = fs::remove_file(&temporary);
        let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&temporary)?;
        file.write_all(contents)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    })();
    written.map_err(failed("write", path))
}

#[cfg(test)]
mod tests {
    use palisade_model::SeededIds;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_new_folder_is_private_and_keeps_its_key() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("deep/data");
        let ids = SeededIds::new(1);
        let key = DataDirectory::open(&path).unwrap().master_key(&ids).unwrap();
        assert_eq!(mode(&path), 0o700);
        assert_eq!(mode(&path.join("master.key")), 0o600);
        let again = DataDirectory::open(&path).unwrap().master_key(&ids).unwrap();
        assert_eq!(again.as_bytes(), key.as_bytes());
    }

    #[test]
    fn a_folder_of_any_name_has_a_database_url() {
        let parent = tempfile::tempdir().unwrap();
        let directory = DataDirectory::open(&parent.path().join("my data?#%20")).unwrap();
        assert!(directory.sqlite_url().unwrap().starts_with("sqlite:"));
    }

    #[test]
    fn two_servers_cannot_share_a_folder_but_administration_can() {
        let parent = tempfile::tempdir().unwrap();
        let first = DataDirectory::open(parent.path()).unwrap();
        assert!(matches!(DataDirectory::open(parent.path()), Err(DataDirectoryError::InUse { .. })));
        assert!(DataDirectory::open_shared(parent.path()).is_ok());
        drop(first);
        assert!(DataDirectory::open(parent.path()).is_ok());
    }

    #[test]
    fn a_folder_open_to_others_is_refused_when_it_has_contents() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("open");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("something"), "").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(matches!(
            DataDirectory::open(&path),
            Err(DataDirectoryError::NotPrivate { mode: 0o755, .. })
        ));
    }

    #[test]
    fn a_damaged_key_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        let directory = DataDirectory::open_shared(parent.path()).unwrap();
        fs::write(parent.path().join("master.key"), "short").unwrap();
        let error = directory.master_key(&SeededIds::new(1)).unwrap_err();
        assert!(matches!(error, DataDirectoryError::NotAKey { .. }));
    }
}
