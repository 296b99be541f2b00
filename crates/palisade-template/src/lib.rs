//! Community templates: YAML files that say what to ask a service and what its answer shows.
//!
//! [`Template::parse`] reads one, [`Collection::load`] a directory of them; [`run::run`] runs one
//! against a port, over whatever carries its questions. [`Library`] is what an import leaves: the
//! templates with QIDs that stay theirs.
//!
//! Deliberately absent: sockets and waiting (the engine's), and whatever makes a template a program:
//! loops, scripts, files of the machine, servers outside. Features that there are not are told by
//! name, and templates that use them are left out.

mod directory;
mod expression;
mod extractor;
mod flow;
mod functions;
mod html;
mod json_query;
mod library;
mod matcher;
mod operators;
mod pattern;
mod payload;
mod read;
pub mod run;
mod search;
mod template;
mod text;
mod xpath;
mod yaml;

pub use directory::{Collection, LoadError, Problem, Source};
pub use expression::{Evaluation, Expression, ExpressionError, Scope, Value};
pub use extractor::EXTRACTOR_TYPES;
pub use functions::{Function, all as functions};
pub use library::{
    LOCAL_QIDS, Library, LibraryError, Numbered, Record, choose_qid, choose_qids, records, replace,
};
pub use matcher::MATCHER_TYPES;
pub use pattern::Pattern;
pub use read::ReadError;
pub use template::{Info, Protocol, Template};
pub use text::Text;
