//! Sending maps piece by piece: while they are made, and again from what was saved.
//!
//! The sending end is a task of its own, so that it lives on when the client hangs up: unsaved
//! maps are then cancelled, saved ones carry on by themselves.

use std::net::Ipv4Addr;
use std::time::Duration;

use palisade_app::{About, Actor, App, Error as AppError, MapView};
use palisade_model::MapRef;
use palisade_wire::XmlWriter;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::answer::{Answer, end_report};
use crate::registry::CallRequest;
use crate::v1::map_document::{write_header, write_host, write_outcome};

/// Hosts fetched at a time, so that memory does not grow with the report.
const PAGE_HOSTS: u32 = 100;
/// Pieces that wait for a slow client.
const PIECES_WAITING: usize = 4;
/// How long a store that fails is asked again before a watched map is given up.
const STORE_PATIENCE: Duration = Duration::from_secs(15);

/// What the answer looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A MAP document.
    One,
    /// A MAPREQUEST document with a MAP for each domain.
    Several,
}

struct Sender {
    app: App,
    actor: Actor,
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

/// Answers with maps just launched, from their references to their results.
pub(super) async fn watch(request: CallRequest, maps: Vec<MapRef>, shape: Shape) -> Result<Answer, AppError> {
    let mut views = Vec::new();
    for map in &maps {
        views.push(request.app.map(&request.actor, map).await?);
    }
    let keep_alive = request.keep_alive;
    let (mut sender, answer) = Sender::new(request)?;
    tokio::spawn(async move {
        let saved = views.iter().all(|view| view.save_report);
        match sender.send_live(&views, shape, keep_alive).await {
            Err(Stopped::Disconnected) if !saved => sender.abandon(&maps).await,
            Ok(()) | Err(Stopped::Disconnected) => {}
            Err(Stopped::Failed(error)) => sender.break_off(&error).await,
        }
        if !saved {
            sender.forget(&maps).await;
        }
    });
    Ok(answer)
}

/// Answers with the saved report of a map that has ended.
pub(super) fn replay(request: CallRequest, view: MapView) -> Result<Answer, AppError> {
    let (mut sender, answer) = Sender::new(request)?;
    tokio::spawn(async move {
        if let Err(Stopped::Failed(error)) = sender.send_saved(&view).await {
            sender.break_off(&error).await;
        }
    });
    Ok(answer)
}

impl Sender {
    fn new(request: CallRequest) -> Result<(Self, Answer), AppError> {
        let about = request.app.about(&request.actor)?;
        let xml = request.document();
        let (pieces, receiver) = mpsc::channel(PIECES_WAITING);
        let CallRequest { app, actor, .. } = request;
        Ok((Self { app, actor, about, xml, pieces }, Answer::Stream(receiver)))
    }

    /// Hands what was written so far to the client.
    async fn flush(&mut self) -> Result<(), Stopped> {
        let piece = self.xml.take();
        if piece.is_empty() {
            return Ok(());
        }
        self.pieces.send(piece).await.map_err(|_| Stopped::Disconnected)
    }

    async fn send_live(
        &mut self,
        launched: &[MapView],
        shape: Shape,
        keep_alive: Duration,
    ) -> Result<(), Stopped> {
        let domains: Vec<&str> = launched.iter().map(|view| view.domain.as_str()).collect();
        self.xml.notice(&format!("map is running on {}", domains.join(",")));
        if shape == Shape::Several {
            self.xml.open("MAPREQUEST", &[]);
        }
        for view in launched {
            self.xml.open("MAP", &[("value", view.map.as_str())]);
            self.flush().await?;
            let ended = self.wait_for_end(&view.map, keep_alive).await?;
            self.send_map(&ended).await?;
            self.xml.close();
        }
        self.end().await
    }

    async fn send_saved(&mut self, view: &MapView) -> Result<(), Stopped> {
        self.xml.open("MAP", &[("value", view.map.as_str())]);
        self.send_map(view).await?;
        self.end().await
    }

    async fn end(&mut self) -> Result<(), Stopped> {
        end_report(&mut self.xml);
        self.flush().await
    }

    /// Header, hosts and outcome of a map that has ended.
    async fn send_map(&mut self, view: &MapView) -> Result<(), Stopped> {
        write_header(&mut self.xml, view, &self.about, self.app.company());
        let mut after: Option<Ipv4Addr> = None;
        loop {
            let page = self.app.map_hosts(&self.actor, &view.map, after, PAGE_HOSTS).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.host.address);
            for host in &page {
                write_host(&mut self.xml, host);
            }
            self.flush().await?;
        }
        write_outcome(&mut self.xml, view);
        Ok(())
    }

    /// Sends comments until the map has ended or the client has hung up.
    async fn wait_for_end(&mut self, map: &MapRef, keep_alive: Duration) -> Result<MapView, Stopped> {
        let mut next_comment = Instant::now() + keep_alive;
        let mut failing_since: Option<Instant> = None;
        loop {
            match self.app.map(&self.actor, map).await {
                Ok(view) if view.status.is_ended() => return Ok(view),
                Ok(_) => failing_since = None,
                // The scanner waits for a store that comes back, and so does its client.
                Err(error @ AppError::Store(_)) => match failing_since {
                    None => {
                        log_failure(map, &error, "the map cannot be looked at; will try again");
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

    /// Ends a document that cannot be carried on.
    async fn break_off(&mut self, error: &AppError) {
        log_break(error);
        let text = "Internal error. Please contact customer support.";
        self.xml.padded_text("ERROR", &[("number", "999")], text);
        // A client that hung up meanwhile has nothing left to be told.
        let _ = self.end().await;
    }

    /// Cancels maps that nobody waits for any more, and waits until they have ended.
    async fn abandon(&mut self, maps: &[MapRef]) {
        for map in maps {
            match self.app.cancel_map(&self.actor, map).await {
                Ok(()) => tracing::info!(%map, "canceled: the client hung up"),
                Err(AppError::ScanEnded | AppError::UnknownScan) => continue,
                Err(error) => log_failure(map, &error, "an abandoned map could not be canceled"),
            }
            while self.app.map(&self.actor, map).await.is_ok_and(|view| !view.status.is_ended()) {
                self.app.changed().await;
            }
        }
    }

    /// Drops the results of maps that were not to be saved.
    async fn forget(&mut self, maps: &[MapRef]) {
        for map in maps {
            if let Err(error) = self.app.forget_unsaved_map(map).await {
                log_failure(map, &error, "an unsaved map could not be forgotten");
            }
        }
    }
}

fn log_break(error: &AppError) {
    let error: &dyn std::error::Error = error;
    tracing::error!(error, "a map could not be sent");
}

fn log_failure(map: &MapRef, error: &AppError, what: &'static str) {
    let error: &dyn std::error::Error = error;
    tracing::error!(error, %map, "{what}");
}
