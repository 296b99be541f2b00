//! What is known about vulnerabilities.

use palisade_kb::Entry;
use palisade_model::{Action, Qid, Resource};

use crate::actor::Actor;
use crate::app::App;
use crate::error::{Error, Result};

/// Which entries of the KnowledgeBase are wanted; `None` is no restriction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ListVulnerabilities {
    pub qid: Option<Qid>,
    /// Whether the vendor has a patch or a fixed release.
    pub patchable: Option<bool>,
}

impl App {
    /// The QIDs of the entries, ascending; the entries themselves are in [`App::kb`].
    ///
    /// # Errors
    ///
    /// [`Error::UnknownQid`] when the KnowledgeBase has nothing of the QID.
    pub fn list_vulnerabilities(&self, actor: &Actor, wanted: ListVulnerabilities) -> Result<Vec<Qid>> {
        // The entries are the same for everybody who may see them.
        let _ = actor.allow(Action::List, Resource::KnowledgeBase)?.reach();
        let ListVulnerabilities { qid, patchable } = wanted;
        if let Some(qid) = qid.filter(|qid| self.kb().entry(*qid).is_none()) {
            return Err(Error::UnknownQid { qid });
        }
        let is_wanted = |entry: &&Entry| {
            qid.is_none_or(|qid| entry.qid == qid)
                && patchable.is_none_or(|patchable| entry.patchable == patchable)
        };
        Ok(self.kb().entries().filter(is_wanted).map(|entry| entry.qid).collect())
    }
}
