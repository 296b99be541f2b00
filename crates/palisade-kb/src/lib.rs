//! The KnowledgeBase: what can be wrong, and how it is told from facts.
//!
//! One TOML file a vulnerability, in `kb/` at the root of the repository, holds the texts, the
//! expression that finds it and examples that prove the expression. This crate loads the files,
//! compiles the expressions once, and judges the facts of a host with all of them.
//!
//! Deliberately absent: sockets, storage, the clock. What a check has to know about the time is
//! among the facts already; who looks for what, and what becomes of a finding, is decided above.

mod check;
mod document;
mod engine;
mod entry;
mod error;
mod examples;
mod facts_value;
mod knowledge_base;
mod needs;
mod read;
mod selection;
mod version_match;
mod well_known_ports;

pub use entry::{Entry, Reference};
pub use error::Error;
pub use knowledge_base::{Judgement, KnowledgeBase};
pub use needs::{Needs, TlsDepth};
pub use version_match::{Decision, decide, entry_of, first_cve_qid, is_cve_qid, names_of};

/// The service a port number is registered for, by its IANA name; for comparison only.
#[must_use]
pub fn expected_service(port: u16, transport: palisade_model::Transport) -> Option<&'static str> {
    well_known_ports::find(i64::from(port), transport.as_str()).map(|known| known.name)
}
