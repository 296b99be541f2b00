//! Sending a long document page by page, so that memory does not grow with it. For documents that
//! are there from the start; a scan that is being watched has `scan_stream`.

use palisade_app::Error as AppError;
use palisade_wire::XmlWriter;
use tokio::sync::mpsc;

use crate::answer::{Answer, end_report};

/// Pages that wait for a slow client.
const PAGES_WAITING: usize = 2;
/// Bytes that make a page.
const PAGE_BYTES: usize = 128 * 1024;

/// The client hung up.
#[derive(Debug)]
pub(crate) struct Disconnected;

/// A document on its way.
pub(crate) struct Pages {
    pub(crate) xml: XmlWriter,
    sender: mpsc::Sender<Vec<u8>>,
}

impl Pages {
    /// The document that was begun, and the answer that carries it.
    pub(crate) fn new(xml: XmlWriter) -> (Self, Answer) {
        let (sender, receiver) = mpsc::channel(PAGES_WAITING);
        (Self { xml, sender }, Answer::Stream(receiver))
    }

    /// Sends what was written when it makes a page.
    pub(crate) async fn turn(&mut self) -> Result<(), Disconnected> {
        if self.xml.pending() < PAGE_BYTES { Ok(()) } else { self.send().await }
    }

    /// Ends the document.
    pub(crate) async fn end(mut self) -> Result<(), Disconnected> {
        end_report(&mut self.xml);
        self.send().await
    }

    /// Ends a document that cannot be carried on.
    pub(crate) async fn break_off(mut self, error: &AppError) -> Result<(), Disconnected> {
        log_failure(error);
        let text = "Internal error. Please contact customer support.";
        self.xml.close_to_root();
        self.xml.padded_text("ERROR", &[("number", "999")], text);
        self.end().await
    }

    async fn send(&mut self) -> Result<(), Disconnected> {
        self.sender.send(self.xml.take()).await.map_err(|_| Disconnected)
    }
}

/// For the operator: why a document is not whole.
pub(crate) fn log_failure(error: &AppError) {
    let error: &dyn std::error::Error = error;
    tracing::error!(error, "a document could not be sent to its end");
}
