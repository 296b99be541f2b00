//! Documents: full fact sheets as JSON, in a folder beside the database. Those of saved reports lie
//! there too, see `report_document`.
//!
//! A document is written before the row that names it, and deleted after that row. So a row
//! never names a document that was not written; a document that no row names is waste until its
//! scan's documents are deleted together, and nothing worse.

use std::path::Path as FolderPath;
use std::sync::Arc;

use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use palisade_model::{HostFacts, ScanRef};

use crate::error::{Error, Result};
use crate::store::Store;

/// The folder of documents.
#[derive(Debug, Clone)]
pub(crate) struct Documents(Arc<LocalFileSystem>);

impl Documents {
    pub(crate) fn open(folder: &FolderPath) -> Result<Self> {
        std::fs::create_dir_all(folder).map_err(Error::Folder)?;
        // Synced like the database, because the row that is committed next relies on it.
        Ok(Self(Arc::new(LocalFileSystem::new_with_prefix(folder)?.with_fsync(true))))
    }

    pub(crate) fn objects(&self) -> &LocalFileSystem {
        &self.0
    }

    /// Writes the facts of one host of a scan and gives the document's name. `token` names the
    /// lease, so that a late delivery of a lost lease does not overwrite what was taken in.
    pub(crate) async fn write_facts(&self, scan: &ScanRef, token: &str, facts: &HostFacts) -> Result<String> {
        let name = folder_of(scan).join(format!("{}-{token}.json", facts.address));
        let bytes = serde_json::to_vec(facts).map_err(Error::Json)?;
        self.0.put(&name, bytes.into()).await?;
        Ok(name.to_string())
    }

    async fn read_facts(&self, name: &str) -> Result<HostFacts> {
        let inconsistent =
            || Error::Inconsistent { table: "scan_host", column: "document", row: name.to_owned() };
        let name = Path::parse(name).map_err(|_| inconsistent())?;
        let bytes = self.0.get(&name).await?.bytes().await?;
        serde_json::from_slice(&bytes).map_err(|_| inconsistent())
    }

    /// Deletes every document of a scan, named by a row or not.
    pub(crate) async fn delete_scan(&self, scan: &ScanRef) -> Result<()> {
        let found = self.0.list_with_delimiter(Some(&folder_of(scan))).await?;
        for document in found.objects {
            match self.0.delete(&document.location).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

/// `scan/1400000000.10001`, as a folder.
fn folder_of(scan: &ScanRef) -> Path {
    Path::from(scan.as_str())
}

impl Store {
    /// The full facts of a host of a scan, if it was taken in.
    pub async fn facts(&self, scan: &ScanRef, address: std::net::Ipv4Addr) -> Result<Option<HostFacts>> {
        match self.document_name(scan, address).await? {
            Some(name) => self.documents().read_facts(&name).await.map(Some),
            None => Ok(None),
        }
    }
}
