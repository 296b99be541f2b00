//! The search lists that option profiles stand on: which may be named, what they are called, and
//! what is on them when a scan is launched.

use std::collections::HashMap;

use palisade_model::OptionProfile;
use palisade_model::option_profile::{DetectionScope, SearchList as ProfileList};
use palisade_store::SearchList;

use crate::actor::Actor;
use crate::app::App;
use crate::error::{Error, Result};
use crate::option_profile::OptionProfileView;

impl App {
    /// The profile with the lists of the subscription that it stands on called what they are called. Those
    /// that `old` did not stand on have to be in the caller's sight.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownSearchList`]; [`Error::UnknownSearchListTitle`] for an id that is a list of another
    /// title's.
    pub(crate) async fn with_named_lists(
        &self,
        actor: &Actor,
        mut profile: OptionProfile,
        old: Option<&OptionProfile>,
    ) -> Result<OptionProfile> {
        let kept = old.map(|old| old.detection.list_ids()).unwrap_or_default();
        let wanted = profile.detection.list_ids();
        if wanted.is_empty() {
            return Ok(profile);
        }
        let seen = self.lists_in_sight(actor).await?;
        let unknown = |id: &&i64| !kept.contains(id) && !seen.iter().any(|list| list.id == **id);
        if let Some(id) = wanted.iter().find(unknown) {
            return Err(Error::UnknownSearchList { id: *id });
        }
        let all = self.store().list_search_lists().await?;
        for (list, stored) in standing_on(&mut profile, &all) {
            // A profile from elsewhere may carry an id that is another list's here.
            let other = !list.title.is_empty() && list.title != stored.title;
            if other && !kept.contains(&stored.id) {
                return Err(Error::UnknownSearchListTitle { title: list.title.clone() });
            }
            *list = reference_to(stored);
        }
        Ok(profile)
    }

    /// Calls the lists of profiles what they are called now.
    pub(crate) async fn name_lists(&self, views: &mut [OptionProfileView]) -> Result<()> {
        if views.iter().all(|view| view.profile.detection.list_ids().is_empty()) {
            return Ok(());
        }
        let all = self.store().list_search_lists().await?;
        for view in views {
            for (list, stored) in standing_on(&mut view.profile, &all) {
                list.title.clone_from(&stored.title);
            }
        }
        Ok(())
    }

    /// The profile with what is on its lists now, as a scan goes by it.
    pub(crate) async fn with_lists_looked_up(&self, mut profile: OptionProfile) -> Result<OptionProfile> {
        if profile.detection.list_ids().is_empty() {
            return Ok(profile);
        }
        let all = self.store().list_search_lists().await?;
        for (list, stored) in standing_on(&mut profile, &all) {
            list.title.clone_from(&stored.title);
            list.qids = self.qids_on(&stored.content).into_iter().collect();
        }
        Ok(profile)
    }
}

/// The lists of a profile that stand for those of the subscription, beside these.
fn standing_on<'a>(
    profile: &'a mut OptionProfile,
    all: &'a [SearchList],
) -> impl Iterator<Item = (&'a mut ProfileList, &'a SearchList)> {
    let stored: HashMap<i64, &SearchList> = all.iter().map(|list| (list.id, list)).collect();
    let detection = &mut profile.detection;
    let lists = detection.include.iter_mut().chain(&mut detection.exclude);
    lists.filter_map(move |list| {
        let stored = stored.get(&list.id?).copied()?;
        Some((list, stored))
    })
}

fn reference_to(stored: &SearchList) -> ProfileList {
    ProfileList { id: Some(stored.id), title: stored.title.clone(), ..ProfileList::default() }
}

/// A profile from elsewhere, whose lists without contents stand for those here with their titles.
pub(crate) fn with_lists_by_title(mut profile: OptionProfile, known: &[SearchList]) -> OptionProfile {
    let find = |list: ProfileList| {
        let list = ProfileList { id: None, ..list };
        if list.is_empty() {
            known.iter().find(|one| one.title == list.title).map(reference_to)
        } else {
            Some(list)
        }
    };
    let detection = &mut profile.detection;
    detection.include = std::mem::take(&mut detection.include).into_iter().filter_map(find).collect();
    detection.exclude = std::mem::take(&mut detection.exclude).into_iter().filter_map(find).collect();
    if detection.scope == DetectionScope::Custom && detection.include.is_empty() {
        detection.scope = DetectionScope::Complete;
    }
    profile
}
