//! How far long work is, on standard error: a bar for people, hidden where nobody looks, or lines of
//! JSON for programs.

use std::io::IsTerminal;
use std::net::IpAddr;

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use palisade_engine::SliceProgress;
use serde::Serialize;

use crate::terminal::note;

/// Who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressFormat {
    /// A bar, on a terminal
    Bar,
    /// A line of JSON for each event, on standard error
    Json,
    /// Nothing
    None,
}

/// Tells how far a scan is.
#[derive(Debug)]
pub(crate) struct Reporter {
    bar: ProgressBar,
    json: bool,
}

/// One event for programs.
#[derive(Serialize)]
struct ProgressEvent<'a> {
    event: &'a str,
    stage: &'a str,
    work_done: u64,
    work_total: u64,
    hosts_done: u64,
    hosts_total: u64,
    findings: u32,
}

impl Reporter {
    pub(crate) fn new(format: ProgressFormat) -> Self {
        let bar = if format == ProgressFormat::Bar { percent_bar() } else { ProgressBar::hidden() };
        Self { bar, json: format == ProgressFormat::Json }
    }

    /// `done` of `total` hosts are done.
    pub(crate) fn tell(&mut self, progress: &SliceProgress, done: u64, total: u64) {
        if self.json {
            let event = ProgressEvent {
                event: "progress",
                stage: progress.stage.as_str(),
                work_done: progress.work_done,
                work_total: progress.work_total,
                hosts_done: done,
                hosts_total: total,
                findings: progress.findings,
            };
            // Numbers and fixed words always become JSON.
            note(serde_json::to_string(&event).unwrap_or_default());
        }
        advance(&self.bar, progress.work_done, progress.work_total);
        self.bar.set_message(format!(
            "{done} of {total} hosts done, {}, {} findings",
            progress.stage.as_str(),
            progress.findings
        ));
    }

    /// One host is done.
    pub(crate) fn tell_host(&self, address: IpAddr, alive: bool, findings: usize) {
        if self.json {
            note(serde_json::json!({"event": "host", "address": address, "alive": alive, "findings": findings}).to_string());
        }
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// A bar that counts percent and says a sentence.
pub(crate) fn percent_bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {percent:>3} %  {msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    let target = if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    ProgressBar::with_draw_target(Some(100), target).with_style(style)
}

/// Moves the bar to the share of the work that is done; stays where it is while the total is unknown.
pub(crate) fn advance(bar: &ProgressBar, work_done: u64, work_total: u64) {
    if let Some(percent) = work_done.saturating_mul(100).checked_div(work_total) {
        bar.set_position(percent.min(100));
    }
}
