//! Documents made from what is known: reports, in the formats that people and programs save them in.
//!
//! What is in a report is decided by the use cases of `palisade-app`; here it is written. Writers
//! stream: memory does not grow with a report. Nothing here knows HTTP.

pub mod asset_report;
mod asset_report_csv;
mod csv_head;
mod job;
mod map_report;
mod pages;
mod patch_report;
mod scorecard;
mod ticket_report;
pub mod vulnerability;

pub use job::{make_next_report, make_reports};
pub use pages::{Disconnected, Lines, Pages, Percent, WriteError, end_report};
