//! The use cases on a real store (SQLite in a temporary folder), with a clock that moves only
//! when told and identifiers from a seed.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test, and the panic says where")]

mod account;
mod activity;
mod asset_group;
mod asset_search;
mod auth_record;
mod cancel;
mod desk;
mod domain;
mod every_scan_ends;
mod host;
mod knowledge_base;
mod launch;
mod limits;
mod login;
mod mail;
mod map;
mod option_profile;
mod pause;
mod permission;
mod report;
mod report_schedule;
mod schedule;
mod schedule_year;
mod session;
mod takeover;
mod target_history;
mod version_match;
