//! Sending the results of a scan piece by piece: while it runs, and again from what was saved.
//!
//! Deliberately absent: waiting for the end of a scan, and what a client that hangs up leaves behind
//! (`live_report`).

use std::net::Ipv4Addr;
use std::time::Duration;

use palisade_app::{Actor, App, Error as AppError, HostReport, ScanView};
use palisade_model::{ScanRef, ScanStatus};
use palisade_wire::XmlWriter;

use crate::answer::Answer;
use crate::registry::CallRequest;
use crate::v1::live_report::{Sender, Stopped, Watched};
use crate::v1::scan_document::{Context, write_header, write_host};

/// Hosts fetched at a time, so that memory does not grow with the report.
const PAGE_HOSTS: u32 = 50;

impl Watched for ScanRef {
    type View = ScanView;

    async fn look(&self, app: &App, actor: &Actor) -> Result<ScanView, AppError> {
        app.scan(actor, self).await
    }

    fn is_ended(view: &ScanView) -> bool {
        view.status.is_ended()
    }

    async fn cancel(&self, app: &App, actor: &Actor) -> Result<(), AppError> {
        app.cancel_scan(actor, self).await?;
        tracing::info!(scan = %self, "canceled: the client hung up");
        Ok(())
    }

    async fn forget(&self, app: &App) -> Result<(), AppError> {
        app.forget_unsaved(self).await
    }

    fn log_failure(&self, error: &AppError, what: &'static str) {
        let error: &dyn std::error::Error = error;
        tracing::error!(error, scan = %self, "{what}");
    }
}

/// Answers with a scan just launched, from its reference to its results.
pub(super) async fn watch(request: CallRequest, scan: ScanRef) -> Result<Answer, AppError> {
    let view = request.app.scan(&request.actor, &scan).await?;
    let keep_alive = request.keep_alive;
    let (mut sender, answer) = Sender::new(request)?;
    tokio::spawn(async move {
        match send_live(&mut sender, &view, keep_alive).await {
            Err(Stopped::Disconnected) if !view.save_report => sender.abandon(&scan).await,
            Ok(()) | Err(Stopped::Disconnected) => {}
            Err(Stopped::Failed(error)) => break_off(&mut sender, &scan, &error).await,
        }
        if !view.save_report {
            sender.forget(&scan).await;
        }
    });
    Ok(answer)
}

/// Answers with the saved results of a scan that has ended.
pub(super) fn replay(request: CallRequest, view: ScanView) -> Result<Answer, AppError> {
    let (mut sender, answer) = Sender::new(request)?;
    tokio::spawn(async move {
        if let Err(Stopped::Failed(error)) = send_saved(&mut sender, &view).await {
            break_off(&mut sender, &view.scan, &error).await;
        }
    });
    Ok(answer)
}

async fn send_live(sender: &mut Sender, launched: &ScanView, keep_alive: Duration) -> Result<(), Stopped> {
    sender.xml.notice(&format!("scan is running on {}", launched.targets));
    sender.xml.open("SCAN", &[("value", launched.scan.as_str())]);
    sender.flush().await?;
    let ended = sender.wait_for_end(&launched.scan, keep_alive).await?;
    let hosts = send_hosts(sender, &ended.scan, Context::Live).await?;
    write_outcome(&mut sender.xml, &ended, hosts);
    write_header(&mut sender.xml, &ended, &sender.about, sender.app.company());
    sender.end().await
}

async fn send_saved(sender: &mut Sender, view: &ScanView) -> Result<(), Stopped> {
    sender.xml.open("SCAN", &[("value", view.scan.as_str())]);
    write_header(&mut sender.xml, view, &sender.about, sender.app.company());
    let hosts = send_hosts(sender, &view.scan, Context::Saved).await?;
    write_outcome(&mut sender.xml, view, hosts);
    sender.end().await
}

/// Sends all hosts; gives the number of those that answered.
async fn send_hosts(sender: &mut Sender, scan: &ScanRef, context: Context) -> Result<u64, Stopped> {
    let mut after: Option<Ipv4Addr> = None;
    let mut alive = 0;
    loop {
        let page = sender.app.report_hosts(&sender.actor, scan, after, PAGE_HOSTS).await?;
        let Some(last) = page.last().and_then(HostReport::ipv4) else {
            return Ok(alive);
        };
        after = Some(last);
        let kb = sender.app.kb();
        for host in &page {
            alive += u64::from(host.alive);
            write_host(&mut sender.xml, &kb, host, context);
        }
        sender.flush().await?;
    }
}

/// The errors that belong to the end of a scan.
fn write_outcome(xml: &mut XmlWriter, ended: &ScanView, alive: u64) {
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
    xml.padded_text("ERROR", &[("number", number)], text);
}

async fn break_off(sender: &mut Sender, scan: &ScanRef, error: &AppError) {
    scan.log_failure(error, "the results could not be sent");
    sender.break_off().await;
}
