//! What the service says about itself.

use palisade_kb::KnowledgeBase;
use palisade_model::{Action, Resource};

use crate::actor::Actor;
use crate::app::App;
use crate::error::Result;

/// Versions of the service's parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    pub web_version: String,
    pub scanner_version: String,
    pub signatures_version: String,
}

impl About {
    /// The versions of this program with the content of `kb`.
    #[must_use]
    pub fn of(kb: &KnowledgeBase) -> Self {
        Self {
            web_version: env!("CARGO_PKG_VERSION").to_owned(),
            scanner_version: env!("CARGO_PKG_VERSION").to_owned(),
            signatures_version: kb.version().to_owned(),
        }
    }
}

impl App {
    /// The versions of the service.
    pub fn about(&self, actor: &Actor) -> Result<About> {
        actor.allow(Action::List, Resource::Service)?.caller();
        Ok(About::of(self.kb()))
    }
}
