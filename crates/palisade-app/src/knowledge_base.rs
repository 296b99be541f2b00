//! What is known about vulnerabilities, and what the subscription says of it: Managers give a QID another
//! severity and remarks of their own, or switch it off. That holds in everything that is shown from then on;
//! the history of detections stays as it is.

use palisade_kb::Entry;
use palisade_model::custom_vulnerability::COMMENT_CHARACTERS_MAX;
use palisade_model::{Action, CustomVulnerability, Qid, Resource, Severity};

use crate::actor::Actor;
use crate::app::App;
use crate::error::{Error, Result, check_length};

/// Which entries of the KnowledgeBase are wanted; `None` is no restriction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ListVulnerabilities {
    pub qid: Option<Qid>,
    /// Whether the vendor has a patch or a fixed release.
    pub patchable: Option<bool>,
}

/// What is to be said of a QID; `None` leaves a thing as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EditVulnerability {
    pub severity: Option<Severity>,
    pub disabled: Option<bool>,
    /// Remarks; an empty text removes one.
    pub threat_comment: Option<String>,
    pub impact_comment: Option<String>,
    pub solution_comment: Option<String>,
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

    /// The QIDs that the subscription says something of, ascending.
    pub async fn list_custom_vulnerabilities(&self, actor: &Actor) -> Result<Vec<Qid>> {
        actor.may(Action::Edit, Resource::KnowledgeBase)?;
        self.refresh_knowledge_base().await?;
        Ok(self.kb().entries().filter(|entry| entry.custom.is_some()).map(|entry| entry.qid).collect())
    }

    /// Says something of a QID, beside what was said before.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::UnknownQid`], [`Error::TooLong`], [`Error::ControlCharacter`].
    pub async fn edit_vulnerability(&self, actor: &Actor, qid: Qid, edit: EditVulnerability) -> Result<()> {
        actor.may(Action::Edit, Resource::KnowledgeBase)?;
        if self.kb().entry(qid).is_none() {
            return Err(Error::UnknownQid { qid });
        }
        let EditVulnerability { severity, disabled, threat_comment, impact_comment, solution_comment } = edit;
        for (field, text) in [
            ("threat_comment", &threat_comment),
            ("impact_comment", &impact_comment),
            ("solution_comment", &solution_comment),
        ] {
            check_length(field, text.as_deref().unwrap_or_default(), COMMENT_CHARACTERS_MAX)?;
        }
        let comment = |new: Option<String>, old| match new {
            Some(text) => Some(text).filter(|text| !text.trim().is_empty()),
            None => old,
        };
        let change = move |old: CustomVulnerability| CustomVulnerability {
            severity: severity.or(old.severity),
            disabled: disabled.unwrap_or(old.disabled),
            threat_comment: comment(threat_comment, old.threat_comment),
            impact_comment: comment(impact_comment, old.impact_comment),
            solution_comment: comment(solution_comment, old.solution_comment),
            ..old
        };
        self.store().edit_custom_vulnerability(qid, self.clock().now(), &actor.login, change).await?;
        self.refresh_knowledge_base().await?;
        self.record_done(actor, "knowledgebase", "edit", qid.to_string()).await
    }

    /// Forgets what is said of a QID, so that the content holds again.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::UnknownQid`].
    pub async fn reset_vulnerability(&self, actor: &Actor, qid: Qid) -> Result<()> {
        actor.may(Action::Edit, Resource::KnowledgeBase)?;
        if self.kb().entry(qid).is_none() {
            return Err(Error::UnknownQid { qid });
        }
        if self.store().reset_custom_vulnerability(qid).await? {
            self.refresh_knowledge_base().await?;
            self.record_done(actor, "knowledgebase", "reset", qid.to_string()).await?;
        }
        Ok(())
    }
}
