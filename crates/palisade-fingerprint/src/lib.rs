//! Fingerprints of others: databases in the XML format of the recog project, read from a directory
//! that the operator names.
//!
//! A database belongs to one kind of text that a service shows (`ssh.banner`,
//! `http_header.server`): [`Fingerprints::find`] gives the first fingerprint whose pattern matches,
//! as a map of parameters such as `service.product` and `os.cpe23`; [`Match::product`] and
//! [`Match::operating_system`] turn these into facts. Every file carries its own tests, the examples:
//! [`Fingerprints::failing_examples`] runs them.
//!
//! Deliberately absent: databases of our own (those are in `palisade-probe`), anything that opens a
//! socket, and the choice between several databases for one text.

mod database;
mod document;
mod fingerprint;
mod pattern;

pub use database::{Fingerprints, LoadError, Problem};
pub use document::ReadError;
pub use fingerprint::{Fingerprint, Match};
