//! Which templates a scan runs: those of its QIDs that its profile allows.

use std::sync::Arc;

use palisade_model::option_profile::{PasswordBruteForcing, QidSelection};
use palisade_model::{OptionProfile, Qid};
use palisade_template::{Library, Numbered, Protocol};

/// The templates of one scan.
#[derive(Debug, Default)]
pub(crate) struct TemplatePlan {
    library: Arc<Library>,
    /// Places in the library.
    chosen: Vec<usize>,
}

impl TemplatePlan {
    pub(crate) fn new(
        library: Option<&Arc<Library>>,
        selection: &QidSelection,
        profile: &OptionProfile,
    ) -> Self {
        let Some(library) = library else { return Self::default() };
        let (mut disruptive, mut guessing) = (0_usize, 0_usize);
        let mut chosen = Vec::new();
        for (place, numbered) in library.templates().iter().enumerate() {
            if !selection.has(numbered.qid) {
                continue;
            }
            if numbered.template.is_disruptive() && !profile.disruptive_checks {
                disruptive += 1;
            } else if numbered.template.guesses_passwords()
                && profile.password_brute_forcing == PasswordBruteForcing::None
            {
                guessing += 1;
            } else {
                chosen.push(place);
            }
        }
        if disruptive + guessing > 0 {
            tracing::info!(
                disruptive,
                guessing,
                chosen = chosen.len(),
                "templates that the profile leaves out"
            );
        }
        Self { library: Arc::clone(library), chosen }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.chosen.is_empty()
    }

    fn all(&self) -> impl Iterator<Item = &Numbered> {
        self.chosen.iter().filter_map(|place| self.library.templates().get(*place))
    }

    /// The chosen ones of a protocol.
    pub(crate) fn of(&self, protocol: Protocol) -> impl Iterator<Item = &Numbered> {
        self.all().filter(move |numbered| numbered.template.protocol() == protocol)
    }

    pub(crate) fn has(&self, protocol: Protocol) -> bool {
        self.of(protocol).next().is_some()
    }

    pub(crate) fn qids(&self) -> impl Iterator<Item = Qid> {
        self.all().map(|numbered| numbered.qid)
    }
}
