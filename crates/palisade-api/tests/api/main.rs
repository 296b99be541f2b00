//! The API over real HTTP on the loopback, with a real store and the real use cases. Only the
//! clock, the random source and the scanner are scripted.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod asset_report;
mod authentication;
mod bad_input;
mod business_unit;
mod coverage;
mod examples;
mod extended_permissions;
mod golden;
mod guide;
mod limits;
mod map;
mod permissions;
mod requests;
mod samples;
mod scopes;
mod streaming;
mod support;
mod tickets;
mod user;
mod v2;
