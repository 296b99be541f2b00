//! The progress bar of long work, on standard error; hidden where nobody looks.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

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
