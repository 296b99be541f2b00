//! The compatible HTTP API: version 1 (`/msp/*.php`), version 2 (`/api/2.0/fo/...`), their document types
//! and their user guide.
//!
//! A call of version 1 is one file in `v1/` and one row in [`registry`]; what version 2 can do is a file of
//! `v2/` for each resource, and a row in [`v2::registry`] for each operation.
//! `docs/adding-an-api-call.md` walks through both. Every request takes the same way (`dispatch`): find the row, authenticate, read the
//! parameters within limits, look at the API limits, check the role, parse, run the handler, answer
//! or refuse. Nothing is decided here that the use cases of `palisade-app` decide, and nothing is
//! stored.
//!
//! Deliberately absent: TLS, listening and shutting down (the binary does that).

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
pub mod v2;

pub use config::{ApiConfig, platform_url};
pub use router::router;
