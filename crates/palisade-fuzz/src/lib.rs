//! One function for each parser of foreign bytes, to be called with any bytes whatever.
//!
//! A target fails by panicking: where the parser panics, or where a law that is written in the
//! target does not hold. `./test fuzz` lets libFuzzer make the inputs (`src/main.rs`); the everyday
//! tests replay the seeds, among them every input that once was a finding (`tests/seeds.rs`).
//!
//! Deliberately absent: parsers of what the server wrote itself (rows, saved documents, content
//! files), and of what the kernel says.

pub mod targets;

/// One parser, or a few that read the same bytes.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Also the name of its folder of seeds.
    pub name: &'static str,
    /// Takes any bytes; panics when something is wrong.
    pub run: fn(&[u8]),
}

/// Every target, in the order of their names.
#[must_use]
pub fn targets() -> Vec<Target> {
    let mut all: Vec<Target> = [
        targets::conversation::TARGETS,
        targets::datagram::TARGETS,
        targets::document::TARGETS,
        targets::handshake::TARGETS,
        targets::identify::TARGETS,
        targets::web::TARGETS,
    ]
    .into_iter()
    .flatten()
    .copied()
    .collect();
    all.sort_by_key(|target| target.name);
    all
}

/// The target of that name.
#[must_use]
pub fn target(name: &str) -> Option<Target> {
    targets().into_iter().find(|target| target.name == name)
}
