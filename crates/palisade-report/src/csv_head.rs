//! What stands before the tables of reports as CSV, unless it is left out.

use palisade_app::{App, ReportTask};
use palisade_model::Timestamp;
use palisade_wire::csv::CsvWriter;

/// Title and time, and who asked; an empty line after each. Nothing when the report was asked for
/// without.
pub(crate) fn write_origin(csv: &mut CsvWriter, app: &App, task: &ReportTask) {
    if task.job.hide_header {
        return;
    }
    let now = app.clock().now();
    csv.row([task.job.title.as_str(), &now.strftime("%m/%d/%Y at %H:%M:%S (GMT)").to_string()]);
    csv.blank();
    csv.row([app.company(), task.job.login.as_str(), task.owner.role.title()]);
    csv.blank();
}

/// A time as cells hold it: `MM/DD/YYYY HH:MM:SS`; nothing without one.
pub(crate) fn time(at: Option<Timestamp>) -> String {
    at.map(|at| at.strftime("%m/%d/%Y %H:%M:%S").to_string()).unwrap_or_default()
}

/// `yes` or `no`.
pub(crate) const fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}
