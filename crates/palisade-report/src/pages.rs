//! Sending a long document page by page, so that memory does not grow with it.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use palisade_app::Error as AppError;
use palisade_model::IpSet;
use palisade_wire::XmlWriter;
use palisade_wire::csv::CsvWriter;
use tokio::sync::mpsc;

/// Pages that wait for a slow reader.
const PAGES_WAITING: usize = 2;
/// Bytes that make a page.
const PAGE_BYTES: usize = 128 * 1024;
/// Ends every XML report.
const CLOSING_NOTICE: &str = "Confidential. Palisade reports what it saw at the time of the scan; \
     that a weakness is not listed does not prove its absence.";

/// Whoever was to read the document is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("nobody reads the document any more")]
pub struct Disconnected;

/// Why a document was not written to its end.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error(transparent)]
    Disconnected(#[from] Disconnected),
    #[error("what the document says could not be read")]
    Read(#[from] AppError),
}

/// How much of a document is written, for those who wait for it.
#[derive(Debug, Clone, Default)]
pub struct Percent(Arc<AtomicU8>);

impl Percent {
    /// 0 to 100.
    #[must_use]
    pub fn get(&self) -> u8 {
        self.0.load(Ordering::Relaxed)
    }

    /// Notes that `done` of `total` are written.
    pub fn reached(&self, done: u64, total: u64) {
        let percent = done.saturating_mul(100).checked_div(total).unwrap_or(0).min(100);
        self.0.store(u8::try_from(percent).unwrap_or(100), Ordering::Relaxed);
    }

    /// Notes that the hosts up to `ip` are written, of those of a target.
    pub fn reached_host(&self, ip: Ipv4Addr, target: &IpSet) {
        let before: u64 = target
            .ranges()
            .iter()
            .take_while(|range| range.first() <= ip)
            .map(|range| u64::from(u32::from(range.last().min(ip)) - u32::from(range.first())) + 1)
            .sum();
        self.reached(before, target.count());
    }
}

/// Where pages go.
#[derive(Debug)]
struct Outlet {
    sender: mpsc::Sender<Vec<u8>>,
    percent: Percent,
}

impl Outlet {
    fn new(percent: Percent) -> (Self, mpsc::Receiver<Vec<u8>>) {
        let (sender, receiver) = mpsc::channel(PAGES_WAITING);
        (Self { sender, percent }, receiver)
    }

    async fn send(&self, page: Vec<u8>) -> Result<(), Disconnected> {
        if page.is_empty() {
            return Ok(());
        }
        self.sender.send(page).await.map_err(|_| Disconnected)
    }
}

/// An XML document on its way.
#[derive(Debug)]
pub struct Pages {
    pub xml: XmlWriter,
    outlet: Outlet,
}

impl Pages {
    /// The document that was begun, and the answer made of the pages that carry it.
    #[must_use]
    pub fn new<A: From<mpsc::Receiver<Vec<u8>>>>(xml: XmlWriter) -> (Self, A) {
        let (document, pages) = Self::watched(xml, Percent::default());
        (document, pages.into())
    }

    /// The document that was begun, and the pages that carry it; notes how much is written.
    #[must_use]
    pub fn watched(xml: XmlWriter, percent: Percent) -> (Self, mpsc::Receiver<Vec<u8>>) {
        let (outlet, pages) = Outlet::new(percent);
        (Self { xml, outlet }, pages)
    }

    /// How much is written.
    #[must_use]
    pub fn percent(&self) -> &Percent {
        &self.outlet.percent
    }

    /// Sends what was written when it makes a page.
    ///
    /// # Errors
    ///
    /// When nobody reads any more.
    pub async fn turn(&mut self) -> Result<(), Disconnected> {
        if self.xml.pending() < PAGE_BYTES { Ok(()) } else { self.send().await }
    }

    /// Sends what was written, and then a [part](XmlWriter::part) of the document that was written
    /// elsewhere.
    ///
    /// # Errors
    ///
    /// When nobody reads any more.
    pub async fn send_part(&mut self, part: Vec<u8>) -> Result<(), Disconnected> {
        self.send().await?;
        self.outlet.send(part).await
    }

    /// Ends the document.
    ///
    /// # Errors
    ///
    /// When nobody reads any more.
    pub async fn end(mut self) -> Result<(), Disconnected> {
        end_report(&mut self.xml);
        self.send().await
    }

    /// Ends a document that cannot be carried on.
    ///
    /// # Errors
    ///
    /// When nobody reads any more.
    pub async fn break_off(mut self, error: &AppError) -> Result<(), Disconnected> {
        log_failure(error);
        let text = "Internal error. Please contact customer support.";
        self.xml.close_to_root();
        self.xml.padded_text("ERROR", &[("number", "999")], text);
        self.end().await
    }

    async fn send(&mut self) -> Result<(), Disconnected> {
        self.outlet.send(self.xml.take()).await
    }
}

/// A CSV document on its way.
#[derive(Debug)]
pub struct Lines {
    pub csv: CsvWriter,
    outlet: Outlet,
}

impl Lines {
    /// An empty document, and the pages that carry it; notes how much is written.
    #[must_use]
    pub fn watched(percent: Percent) -> (Self, mpsc::Receiver<Vec<u8>>) {
        let (outlet, pages) = Outlet::new(percent);
        (Self { csv: CsvWriter::default(), outlet }, pages)
    }

    /// How much is written.
    #[must_use]
    pub fn percent(&self) -> &Percent {
        &self.outlet.percent
    }

    /// Sends what was written when it makes a page.
    ///
    /// # Errors
    ///
    /// When nobody reads any more.
    pub async fn turn(&mut self) -> Result<(), Disconnected> {
        if self.csv.pending() < PAGE_BYTES { Ok(()) } else { self.outlet.send(self.csv.take()).await }
    }

    /// Sends the rest.
    ///
    /// # Errors
    ///
    /// When nobody reads any more.
    pub async fn end(mut self) -> Result<(), Disconnected> {
        self.outlet.send(self.csv.take()).await
    }
}

/// Ends an XML report: closes what is open, and the notice after the root.
pub fn end_report(xml: &mut XmlWriter) {
    xml.close_all();
    xml.notice(CLOSING_NOTICE);
}

fn log_failure(error: &AppError) {
    let error: &dyn std::error::Error = error;
    tracing::error!(error, "a document could not be sent to its end");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_hosts_that_are_written() {
        let target: IpSet = "10.0.0.1-10.0.0.50,10.0.1.1-10.0.1.50".parse().unwrap();
        let percent = Percent::default();
        for (ip, expected) in [("10.0.0.1", 1), ("10.0.0.50", 50), ("10.0.1.25", 75), ("10.0.9.9", 100)] {
            percent.reached_host(ip.parse().unwrap(), &target);
            assert_eq!(percent.get(), expected, "{ip}");
        }
        percent.reached(1, 0);
        assert_eq!(percent.get(), 0);
    }
}
