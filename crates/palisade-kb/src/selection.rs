//! What option profiles ask the KnowledgeBase when they choose QIDs.

use palisade_model::option_profile::KnownQids;
use palisade_model::{Qid, Severity};

use crate::entry::Entry;
use crate::knowledge_base::KnowledgeBase;

/// Names, operating system, open ports of TCP and UDP, duration.
const BASIC: [u32; 6] = [6, 45_017, 45_038, 82_004, 82_023, 82_044];

impl KnownQids for KnowledgeBase {
    fn basic(&self) -> Vec<Qid> {
        BASIC.into_iter().filter_map(Qid::new).filter(|qid| self.entry(*qid).is_some()).collect()
    }

    fn vulnerabilities(&self, least: Severity) -> Vec<Qid> {
        let bad = |entry: &&Entry| entry.kind.is_detection() && entry.severity >= least;
        self.entries().filter(bad).map(|entry| entry.qid).collect()
    }
}
