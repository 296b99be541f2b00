//! The compatible HTTP API: version 1 (`/msp/*.php`), its document types and its user guide.
//!
//! A call is one file in `v1/` and one row in [`registry`]; `docs/adding-an-api-call.md` walks
//! through it. Every request takes the same way (`dispatch`): find the row, authenticate, read the
//! parameters within limits, look at the API limits, check the role, parse, run the handler, answer
//! or refuse. Nothing is decided here that the use cases of `palisade-app` decide, and nothing is
//! stored.
//!
//! Deliberately absent: TLS, listening and shutting down (the binary does that), version 2.

mod address;
mod answer;
mod authentication;
mod config;
mod dispatch;
mod error;
mod guide;
mod limits;
mod request;
mod router;

pub mod example;
pub mod registry;
pub mod v1;

pub use config::{ApiConfig, platform_url};
pub use router::router;
