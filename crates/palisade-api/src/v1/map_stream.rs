//! Sending maps piece by piece: while they are made, and again from what was saved.
//!
//! Deliberately absent: waiting for the end of a map, and what a client that hangs up leaves behind
//! (`live_report`).

use std::net::Ipv4Addr;
use std::time::Duration;

use palisade_app::{Actor, App, Error as AppError, MapView};
use palisade_model::MapRef;

use crate::answer::Answer;
use crate::registry::CallRequest;
use crate::v1::live_report::{Sender, Stopped, Watched};
use crate::v1::map_document::{write_header, write_host, write_outcome};

/// Hosts fetched at a time, so that memory does not grow with the report.
const PAGE_HOSTS: u32 = 100;

/// What the answer looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A MAP document.
    One,
    /// A MAPREQUEST document with a MAP for each domain.
    Several,
}

impl Watched for MapRef {
    type View = MapView;

    async fn look(&self, app: &App, actor: &Actor) -> Result<MapView, AppError> {
        app.map(actor, self).await
    }

    fn is_ended(view: &MapView) -> bool {
        view.status.is_ended()
    }

    async fn cancel(&self, app: &App, actor: &Actor) -> Result<(), AppError> {
        app.cancel_map(actor, self).await?;
        tracing::info!(map = %self, "canceled: the client hung up");
        Ok(())
    }

    async fn forget(&self, app: &App) -> Result<(), AppError> {
        app.forget_unsaved_map(self).await
    }

    fn log_failure(&self, error: &AppError, what: &'static str) {
        let error: &dyn std::error::Error = error;
        tracing::error!(error, map = %self, "{what}");
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
        match send_live(&mut sender, &views, shape, keep_alive).await {
            Ok(()) => {}
            Err(Stopped::Disconnected) => {
                for map in maps.iter().filter(|_| !saved) {
                    sender.abandon(map).await;
                }
            }
            Err(Stopped::Failed(error)) => break_off(&mut sender, &error).await,
        }
        for map in maps.iter().filter(|_| !saved) {
            sender.forget(map).await;
        }
    });
    Ok(answer)
}

/// Answers with the saved report of a map that has ended.
pub(super) fn replay(request: CallRequest, view: MapView) -> Result<Answer, AppError> {
    let (mut sender, answer) = Sender::new(request)?;
    tokio::spawn(async move {
        if let Err(Stopped::Failed(error)) = send_saved(&mut sender, &view).await {
            break_off(&mut sender, &error).await;
        }
    });
    Ok(answer)
}

async fn send_live(
    sender: &mut Sender,
    launched: &[MapView],
    shape: Shape,
    keep_alive: Duration,
) -> Result<(), Stopped> {
    let domains: Vec<&str> = launched.iter().map(|view| view.domain.as_str()).collect();
    sender.xml.notice(&format!("map is running on {}", domains.join(",")));
    if shape == Shape::Several {
        sender.xml.open("MAPREQUEST", &[]);
    }
    for view in launched {
        sender.xml.open("MAP", &[("value", view.map.as_str())]);
        sender.flush().await?;
        let ended = sender.wait_for_end(&view.map, keep_alive).await?;
        send_map(sender, &ended).await?;
        sender.xml.close();
    }
    sender.end().await
}

async fn send_saved(sender: &mut Sender, view: &MapView) -> Result<(), Stopped> {
    sender.xml.open("MAP", &[("value", view.map.as_str())]);
    send_map(sender, view).await?;
    sender.end().await
}

/// Header, hosts and outcome of a map that has ended.
async fn send_map(sender: &mut Sender, view: &MapView) -> Result<(), Stopped> {
    write_header(&mut sender.xml, view, &sender.about, sender.app.company());
    let mut after: Option<Ipv4Addr> = None;
    loop {
        let page = sender.app.map_hosts(&sender.actor, &view.map, after, PAGE_HOSTS).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.host.address);
        for host in &page {
            write_host(&mut sender.xml, host);
        }
        sender.flush().await?;
    }
    write_outcome(&mut sender.xml, view);
    Ok(())
}

async fn break_off(sender: &mut Sender, error: &AppError) {
    log_break(error);
    sender.break_off().await;
}

fn log_break(error: &AppError) {
    let error: &dyn std::error::Error = error;
    tracing::error!(error, "a map could not be sent");
}
