//! The documents of saved reports: streamed into the folder and out of it.
//!
//! Each holder of a report writes a document of its own, named after the lease; the row names the one
//! that counts. All documents of a report lie in one folder and are deleted together, with what a
//! killed process left behind half written.

use futures_util::StreamExt;
use object_store::path::Path;
use object_store::{ObjectStoreExt, WriteMultipart};
use tokio::sync::mpsc;

use crate::document::Documents;
use crate::error::{Error, Result};
use crate::store::Store;

/// Bytes that are written at a time, and how many such parts are on their way at most.
const PART_BYTES: usize = 1024 * 1024;
const PARTS_AHEAD: usize = 2;
/// Pages that wait for a slow reader.
const PAGES_WAITING: usize = 2;

impl Store {
    /// Writes a document piece by piece, until the sender is dropped; gives its name and size in
    /// bytes. `None` when it would have more than `bytes_max`: then nothing of it is kept.
    pub async fn write_report_document(
        &self,
        report_id: i64,
        token: &str,
        pages: &mut mpsc::Receiver<Vec<u8>>,
        bytes_max: u64,
    ) -> Result<Option<(String, u64)>> {
        let name = folder_of(report_id).join(token);
        let upload = self.documents().objects().put_multipart(&name).await?;
        let mut write = WriteMultipart::new_with_chunk_size(upload, PART_BYTES);
        let mut size: u64 = 0;
        while let Some(page) = pages.recv().await {
            size = size.saturating_add(u64::try_from(page.len()).unwrap_or(u64::MAX));
            if size > bytes_max {
                write.abort().await?;
                return Ok(None);
            }
            write.wait_for_capacity(PARTS_AHEAD).await?;
            write.put(page.into());
        }
        write.finish().await?;
        Ok(Some((name.to_string(), size)))
    }

    /// Reads a document piece by piece; an error is the last piece. A document that is deleted
    /// meanwhile is still read to its end.
    pub async fn read_report_document(&self, name: &str) -> Result<mpsc::Receiver<Result<Vec<u8>>>> {
        let inconsistent =
            || Error::Inconsistent { table: "report_job", column: "document", row: name.to_owned() };
        let path = Path::parse(name).map_err(|_| inconsistent())?;
        let mut pieces = self.documents().objects().get(&path).await?.into_stream();
        let (sender, receiver) = mpsc::channel(PAGES_WAITING);
        tokio::spawn(async move {
            while let Some(piece) = pieces.next().await {
                let piece = piece.map(|bytes| bytes.to_vec()).map_err(Error::from);
                if sender.send(piece).await.is_err() {
                    return;
                }
            }
        });
        Ok(receiver)
    }

    /// Deletes the documents of a report, whole and half written ones.
    pub async fn delete_report_documents(&self, report_id: i64) -> Result<()> {
        self.documents().delete_folder(&folder_of(report_id)).await
    }
}

impl Documents {
    /// Deletes a folder with everything in it; one that is not there is no error.
    async fn delete_folder(&self, folder: &Path) -> Result<()> {
        let folder = self.objects().path_to_filesystem(folder)?;
        match tokio::fs::remove_dir_all(folder).await {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(Error::Folder(error)),
        }
    }
}

fn folder_of(report_id: i64) -> Path {
    Path::from("report").join(report_id.to_string())
}
