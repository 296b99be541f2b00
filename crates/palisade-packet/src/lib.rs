//! Raw packets: probes that leave no connection behind, and the answers that prove themselves.
//!
//! A probe is a stencil with the host's fields filled in ([`frame`]); it carries a keyed cookie
//! ([`cookie`]), so that nothing need be remembered of it and nobody can answer who was not asked
//! ([`proof`]). Which host and port come next is a keyed permutation of one number ([`permutation`]):
//! no list is held, and one integer resumes it.
//!
//! This is the only crate that may hold unsafe code. There is no async runtime here, and no judgement
//! about hosts: who asked decides what an answer means.

pub mod answer;
pub mod checksum;
mod control;
pub mod cookie;
mod error;
mod filter;
pub mod frame;
mod line;
mod patience;
pub mod permutation;
pub mod probe;
pub mod proof;
mod rate;
pub mod ring;
pub mod route;
pub mod source_ports;
pub mod sweep;
pub mod targets;
pub mod transmit;
mod window;

pub use answer::{IcmpError, Stack};
pub use control::{Control, Wish};
pub use cookie::CookieKey;
pub use error::Error;
pub use frame::Mac;
pub use line::Line;
pub use permutation::Permutation;
pub use probe::{PASSES_MAX, Probe};
pub use proof::{Proven, Reply};
pub use route::{Interface, Route, Routing, Way, WayV6};
pub use sweep::{Gate, Goal, Heard, Hop, OpenGate, Plan, Summary};
pub use targets::Targets;
