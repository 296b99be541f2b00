//! Answering page by page with documents that are there from the start; a scan that is being watched
//! has `scan_stream`.

pub(crate) use palisade_report::{Disconnected, Pages};
use tokio::sync::mpsc;

use crate::answer::Answer;

/// For the operator: why a document is not whole.
pub(crate) fn log_failure(error: &palisade_app::Error) {
    let error: &dyn std::error::Error = error;
    tracing::error!(error, "a document could not be sent to its end");
}

impl From<mpsc::Receiver<Vec<u8>>> for Answer {
    /// The answer that is sent page by page.
    fn from(pages: mpsc::Receiver<Vec<u8>>) -> Self {
        Self::Stream(pages)
    }
}
