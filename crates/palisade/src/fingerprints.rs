//! Fingerprint databases of others, for the scanner and for whoever wants to look at them.

use std::path::Path;
use std::sync::Arc;

use palisade_fingerprint::{Fingerprints, LoadError};

use crate::terminal::line;

/// Loads a directory for the scanner. Files that cannot be used are named in the log.
pub(crate) fn load(directory: &Path) -> Result<Arc<Fingerprints>, LoadError> {
    let fingerprints = Fingerprints::load(directory)?;
    for problem in fingerprints.problems() {
        tracing::warn!(%problem, "fingerprints were left out");
    }
    tracing::info!(fingerprints = fingerprints.len(), "fingerprint databases loaded");
    Ok(Arc::new(fingerprints))
}

/// Prints what a directory has, and what in it does not hold.
pub(crate) fn show(directory: &Path) -> Result<(), LoadError> {
    let fingerprints = Fingerprints::load(directory)?;
    for problem in fingerprints.problems() {
        line(format!("left out: {problem}"));
    }
    let failing = fingerprints.failing_examples();
    for problem in &failing {
        line(format!("does not hold: {problem}"));
    }
    line(format!(
        "{} fingerprints with {} examples; {} files left out, {} examples or patterns that do not hold",
        fingerprints.len(),
        fingerprints.example_count(),
        fingerprints.problems().len(),
        failing.len(),
    ));
    Ok(())
}
