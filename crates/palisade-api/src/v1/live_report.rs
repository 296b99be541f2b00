//! The sending end of a report that is made while its client waits: of a scan, or of a map.
//!
//! It lives in a task of its own, so that it outlives a client that hangs up: what was not to be saved is then
//! cancelled, what was carries on by itself. Deliberately absent: what the reports say.

use std::time::Duration;

use palisade_app::{About, Actor, App, Error as AppError};
use palisade_wire::XmlWriter;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::answer::{Answer, end_report};
use crate::registry::CallRequest;

/// Pieces that wait for a slow client.
const PIECES_WAITING: usize = 4;
/// How long a store that fails is asked again before something watched is given up.
const STORE_PATIENCE: Duration = Duration::from_secs(15);

/// Something whose end a client waits for, by its reference.
pub(super) trait Watched {
    type View;

    /// How it stands now.
    async fn look(&self, app: &App, actor: &Actor) -> Result<Self::View, AppError>;

    fn is_ended(view: &Self::View) -> bool;

    async fn cancel(&self, app: &App, actor: &Actor) -> Result<(), AppError>;

    /// Drops its results, which were not to be saved.
    async fn forget(&self, app: &App) -> Result<(), AppError>;

    /// For the operator.
    fn log_failure(&self, error: &AppError, what: &'static str);
}

/// Why sending stopped before the end.
pub(super) enum Stopped {
    Disconnected,
    Failed(AppError),
}

impl From<AppError> for Stopped {
    fn from(error: AppError) -> Self {
        Self::Failed(error)
    }
}

/// What writes a report and hands it to the client piece by piece.
pub(super) struct Sender {
    pub(super) app: App,
    pub(super) actor: Actor,
    pub(super) about: About,
    pub(super) xml: XmlWriter,
    pieces: mpsc::Sender<Vec<u8>>,
}

impl Sender {
    pub(super) fn new(request: CallRequest) -> Result<(Self, Answer), AppError> {
        let about = request.app.about(&request.actor)?;
        let xml = request.document();
        let (pieces, receiver) = mpsc::channel(PIECES_WAITING);
        let CallRequest { app, actor, .. } = request;
        Ok((Self { app, actor, about, xml, pieces }, Answer::Stream(receiver)))
    }

    /// Hands what was written so far to the client.
    pub(super) async fn flush(&mut self) -> Result<(), Stopped> {
        let piece = self.xml.take();
        if piece.is_empty() {
            return Ok(());
        }
        self.pieces.send(piece).await.map_err(|_| Stopped::Disconnected)
    }

    pub(super) async fn end(&mut self) -> Result<(), Stopped> {
        end_report(&mut self.xml);
        self.flush().await
    }

    /// Ends a document that cannot be carried on.
    pub(super) async fn break_off(&mut self) {
        let text = "Internal error. Please contact customer support.";
        self.xml.padded_text("ERROR", &[("number", "999")], text);
        // A client that hung up meanwhile has nothing left to be told.
        let _ = self.end().await;
    }

    /// Sends comments until it has ended or the client has hung up.
    pub(super) async fn wait_for_end<W: Watched>(
        &mut self,
        watched: &W,
        keep_alive: Duration,
    ) -> Result<W::View, Stopped> {
        let mut next_comment = Instant::now() + keep_alive;
        let mut failing_since: Option<Instant> = None;
        loop {
            match watched.look(&self.app, &self.actor).await {
                Ok(view) if W::is_ended(&view) => return Ok(view),
                Ok(_) => failing_since = None,
                // The scanner waits for a store that comes back, and so does its client.
                Err(error @ AppError::Store(_)) => match failing_since {
                    None => {
                        watched.log_failure(&error, "it cannot be looked at; will try again");
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

    /// Cancels what nobody waits for any more, and waits until it has ended.
    pub(super) async fn abandon<W: Watched>(&self, watched: &W) {
        match watched.cancel(&self.app, &self.actor).await {
            Ok(()) => {}
            Err(AppError::ScanEnded | AppError::UnknownScan) => return,
            Err(error) => watched.log_failure(&error, "nobody waits for it, and it could not be canceled"),
        }
        while watched.look(&self.app, &self.actor).await.is_ok_and(|view| !W::is_ended(&view)) {
            self.app.changed().await;
        }
    }

    /// Drops results that were not to be saved.
    pub(super) async fn forget(&self, watched: &impl Watched) {
        if let Err(error) = watched.forget(&self.app).await {
            watched.log_failure(&error, "its results were not to be saved, and could not be forgotten");
        }
    }
}
