//! What the service says about itself.

use palisade_kb::KnowledgeBase;
use palisade_model::{Action, ClockRule, Resource, TimeZoneCode};

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
        Ok(About::of(&self.kb()))
    }

    /// The codes of time zones, sorted, and how their clocks go this year.
    pub fn list_time_zones(&self, actor: &Actor) -> Result<Vec<(TimeZoneCode, ClockRule)>> {
        actor.allow(Action::List, Resource::Service)?.caller();
        let now = self.clock().now();
        Ok(TimeZoneCode::all().filter_map(|code| Some((code, code.clock_rule(now)?))).collect())
    }
}
