//! Sending the results of a scan piece by piece: while it runs, and again from what was saved.
//!
//! The sending end is a task of its own, so that it lives on when the client hangs up: an
//! unsaved scan is then cancelled, a saved one carries on by itself.

use std::net::Ipv4Addr;
use std::time::Duration;

use palisade_app::{About, Actor, App, Error as AppError, HostReport, ScanView};
use palisade_model::{ScanRef, ScanStatus};
use palisade_wire::XmlWriter;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::answer::{Answer, end_report};
use crate::registry::CallRequest;
use crate::v1::scan_document::{Context, write_header, write_host};

/// Hosts fetched at a time, so that memory does not grow with the report.
const PAGE_HOSTS: u32 = 50;
/// Pieces that wait for a slow client.
const PIECES_WAITING: usize = 4;

/// How long a store that fails is asked again before a watched scan is given up.
const STORE_PATIENCE: Duration = Duration::from_secs(15);

/// What a sender needs.
struct Sender {
    app: App,
    actor: Actor,
    scan: ScanRef,
    about: About,
    xml: XmlWriter,
    pieces: mpsc::Sender<Vec<u8>>,
}

/// Why sending stopped before the end.
enum Stopped {
    Disconnected,
    Failed(AppError),
}

impl From<AppError> for Stopped {
    fn from(error: AppError) -> Self {
        Self::Failed(error)
    }
}

/// Answers with a scan just launched, from its reference to its results.
pub(super) async fn watch(request: CallRequest, scan: ScanRef) -> Result<Answer, AppError> {
    let view = request.app.scan(&request.actor, &scan).await?;
    let keep_alive = request.keep_alive;
    let (mut sender, answer) = Sender::new(request, scan)?;
    tokio::spawn(async move {
        match sender.send_live(&view, keep_alive).await {
            Err(Stopped::Disconnected) if !view.save_report => sender.abandon().await,
            Ok(()) | Err(Stopped::Disconnected) => {}
            Err(Stopped::Failed(error)) => sender.break_off(&error).await,
        }
        if !view.save_report {
            sender.forget().await;
        }
    });
    Ok(answer)
}

/// Answers with the saved results of a scan that has ended.
pub(super) fn replay(request: CallRequest, view: ScanView) -> Result<Answer, AppError> {
    let (mut sender, answer) = Sender::new(request, view.scan.clone())?;
    tokio::spawn(async move {
        if let Err(Stopped::Failed(error)) = sender.send_saved(&view).await {
            sender.break_off(&error).await;
        }
    });
    Ok(answer)
}

impl Sender {
    fn new(request: CallRequest, scan: ScanRef) -> Result<(Self, Answer), AppError> {
        let about = request.app.about(&request.actor)?;
        let xml = request.document();
        let (pieces, receiver) = mpsc::channel(PIECES_WAITING);
        let CallRequest { app, actor, .. } = request;
        Ok((Self { app, actor, scan, about, xml, pieces }, Answer::Stream(receiver)))
    }

    /// Hands what was written so far to the client.
    async fn flush(&mut self) -> Result<(), Stopped> {
        let piece = self.xml.take();
        if piece.is_empty() {
            return Ok(());
        }
        self.pieces.send(piece).await.map_err(|_| Stopped::Disconnected)
    }

    async fn send_live(&mut self, launched: &ScanView, keep_alive: Duration) -> Result<(), Stopped> {
        self.xml.notice(&format!("scan is running on {}", launched.targets));
        self.xml.open("SCAN", &[("value", self.scan.as_str())]);
        self.flush().await?;
        let ended = self.wait_for_end(keep_alive).await?;
        let hosts = self.send_hosts(Context::Live).await?;
        self.write_outcome(&ended, hosts);
        write_header(&mut self.xml, &ended, &self.about, self.app.company());
        self.end().await
    }

    async fn send_saved(&mut self, view: &ScanView) -> Result<(), Stopped> {
        self.xml.open("SCAN", &[("value", self.scan.as_str())]);
        write_header(&mut self.xml, view, &self.about, self.app.company());
        let hosts = self.send_hosts(Context::Saved).await?;
        self.write_outcome(view, hosts);
        self.end().await
    }

    async fn end(&mut self) -> Result<(), Stopped> {
        end_report(&mut self.xml);
        self.flush().await
    }

    /// Sends comments until the scan has ended or the client has hung up.
    async fn wait_for_end(&mut self, keep_alive: Duration) -> Result<ScanView, Stopped> {
        let mut next_comment = Instant::now() + keep_alive;
        let mut failing_since: Option<Instant> = None;
        loop {
            match self.app.scan(&self.actor, &self.scan).await {
                Ok(view) if view.status.is_ended() => return Ok(view),
                Ok(_) => failing_since = None,
                // The scanner waits for a store that comes back, and so does its client.
                Err(error @ AppError::Store(_)) => match failing_since {
                    None => {
                        log_failure(&self.scan, &error, "the scan cannot be looked at; will try again");
                        failing_since = Some(Instant::now());
                    }
                    Some(since) if since.elapsed() < STORE_PATIENCE => {}
                    Some(_) => return Err(error.into()),
                },
                Err(error) => return Err(error.into()),
            }
            tokio::select! {
                () = self.app.changed() => {}
                () = self.pieces.closed() => return Err(Stopped::Disconnected),
                () = tokio::time::sleep_until(next_comment) => {
                    self.xml.comment("keep-alive");
                    self.flush().await?;
                    next_comment = Instant::now() + keep_alive;
                }
            }
        }
    }

    /// Sends all hosts; gives the number of those that answered.
    async fn send_hosts(&mut self, context: Context) -> Result<u64, Stopped> {
        let mut after: Option<Ipv4Addr> = None;
        let mut alive = 0;
        loop {
            let page = self.app.report_hosts(&self.actor, &self.scan, after, PAGE_HOSTS).await?;
            let Some(last) = page.last().and_then(HostReport::ipv4) else {
                return Ok(alive);
            };
            after = Some(last);
            let kb = self.app.kb();
            for host in &page {
                alive += u64::from(host.alive);
                write_host(&mut self.xml, &kb, host, context);
            }
            self.flush().await?;
        }
    }

    /// The errors that belong to the end of a scan.
    fn write_outcome(&mut self, ended: &ScanView, alive: u64) {
        let (number, text) = match ended.status {
            ScanStatus::NoHostAlive => ("3509", "No host alive. None of the targets answered."),
            ScanStatus::Finished if alive == 0 => ("3509", "No host alive. None of the targets answered."),
            ScanStatus::Error => ("3510", "The scanner failed. The results are incomplete."),
            ScanStatus::Finished
            | ScanStatus::Canceled
            | ScanStatus::Queued
            | ScanStatus::Running
            | ScanStatus::Pausing
            | ScanStatus::Paused
            | ScanStatus::Resuming
            | ScanStatus::Cancelling => return,
        };
        self.xml.padded_text("ERROR", &[("number", number)], text);
    }

    /// Ends a document that cannot be carried on.
    async fn break_off(&mut self, error: &AppError) {
        log_failure(&self.scan, error, "the results could not be sent");
        let text = "Internal error. Please contact customer support.";
        self.xml.padded_text("ERROR", &[("number", "999")], text);
        // A client that hung up meanwhile has nothing left to be told.
        let _ = self.end().await;
    }

    /// Cancels a scan that nobody waits for any more, and waits until it has ended.
    async fn abandon(&mut self) {
        match self.app.cancel_scan(&self.actor, &self.scan).await {
            Ok(()) => tracing::info!(scan = %self.scan, "canceled: the client hung up"),
            Err(AppError::ScanEnded | AppError::UnknownScan) => return,
            Err(error) => log_failure(&self.scan, &error, "an abandoned scan could not be canceled"),
        }
        while self.app.scan(&self.actor, &self.scan).await.is_ok_and(|view| !view.status.is_ended()) {
            self.app.changed().await;
        }
    }

    /// Drops the results of a scan that was not to be saved.
    async fn forget(&mut self) {
        if let Err(error) = self.app.forget_unsaved(&self.scan).await {
            log_failure(&self.scan, &error, "an unsaved result could not be forgotten");
        }
    }
}

fn log_failure(scan: &ScanRef, error: &AppError, what: &'static str) {
    let error: &dyn std::error::Error = error;
    tracing::error!(error, %scan, "{what}");
}
