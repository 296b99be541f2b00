//! The option profiles of the subscription: who sees, makes and changes which.
//!
//! Global profiles are seen by everybody, the others by whoever made them and by Managers. Only
//! Managers make a profile global, and one of the global ones the default. A profile that something
//! goes by, and the default one, cannot be deleted. A scan keeps a copy, so that nothing here
//! reaches back to scans that were launched before.

use std::collections::BTreeSet;

use palisade_model::option_profile::{self, predefined};
use palisade_model::{Action, Login, OptionProfile, Qid, Resource, Timestamp};
use palisade_store::{ProfileDeleted, ProfileEdited, ProfileUser, Reach, StoredProfile, TASK_USER_KIND};

use crate::actor::Actor;
use crate::app::App;
use crate::error::{Error, Result};
use crate::profile_lists::with_lists_by_title;

/// Most profiles of a subscription.
const PROFILES_MAX: usize = 1_000;

/// A profile as its users see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionProfileView {
    pub id: i64,
    /// Counts up with each edit; an edit names the one it was made from.
    pub version: u64,
    pub updated_at: Timestamp,
    pub profile: OptionProfile,
}

/// The profiles that every subscription comes with, the default one first.
#[must_use]
pub fn shipped_option_profiles() -> Vec<OptionProfile> {
    predefined()
}

impl App {
    /// The profiles in the caller's sight: the default one first, then by title.
    pub async fn list_option_profiles(&self, actor: &Actor) -> Result<Vec<OptionProfileView>> {
        let reach = actor.allow(Action::List, Resource::OptionProfile)?.reach();
        self.profiles_in_sight(&reach).await
    }

    /// The profile with this title; the default one for `None`.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::UnknownOptionProfile`], also for those out of sight.
    pub async fn option_profile(&self, actor: &Actor, title: Option<&str>) -> Result<OptionProfileView> {
        let reach = actor.allow(Action::List, Resource::OptionProfile)?.reach();
        self.profile_in_sight(&reach, title).await
    }

    /// Makes a profile, which the caller owns. Gives it back as it was made.
    ///
    /// # Errors
    ///
    /// [`Error::Forbidden`] also for a global one by anybody but a Manager,
    /// [`Error::BadOptionProfile`], [`Error::OptionProfileTaken`], [`Error::TooManyOptionProfiles`].
    pub async fn add_option_profile(
        &self,
        actor: &Actor,
        profile: OptionProfile,
    ) -> Result<OptionProfileView> {
        let reach = actor.allow(Action::Add, Resource::OptionProfile)?.reach();
        let profile = OptionProfile { owner: owner(actor), is_default: false, ..profile };
        refuse_global(&reach, None, &profile)?;
        let profile = self.with_named_lists(actor, profile, None).await?;
        let mut made = self.make_profiles(vec![profile]).await?;
        let made = made.pop().ok_or(Error::Conflict)?;
        self.record_done(actor, "option_profile", "add", made.profile.title.clone()).await?;
        Ok(made)
    }

    /// Makes profiles that were written elsewhere, all or none; the caller owns them, and none of them
    /// is the default one. Search lists without contents stand for those of the subscription with
    /// their titles; where there is none, they are left out, and a custom detection that has no list
    /// left becomes a complete one. Gives them back as they were made.
    ///
    /// # Errors
    ///
    /// Those of [`App::add_option_profile`].
    pub async fn import_option_profiles(
        &self,
        actor: &Actor,
        profiles: Vec<OptionProfile>,
    ) -> Result<Vec<OptionProfileView>> {
        actor.may(Action::Add, Resource::OptionProfileDocument)?;
        let lists = self.lists_in_sight(actor).await?;
        let import = |profile: OptionProfile| {
            let profile = OptionProfile { owner: owner(actor), is_default: false, ..profile };
            with_lists_by_title(profile, &lists)
        };
        let made = self.make_profiles(profiles.into_iter().map(import).collect()).await?;
        for view in &made {
            self.record_done(actor, "option_profile", "import", view.profile.title.clone()).await?;
        }
        Ok(made)
    }

    /// The profiles with all that they hold, for being taken elsewhere.
    pub async fn export_option_profiles(&self, actor: &Actor) -> Result<Vec<OptionProfileView>> {
        actor.may(Action::List, Resource::OptionProfileDocument)?;
        self.list_option_profiles(actor).await
    }

    /// Writes new profiles, all or none.
    async fn make_profiles(&self, profiles: Vec<OptionProfile>) -> Result<Vec<OptionProfileView>> {
        for profile in &profiles {
            option_profile::check(profile).map_err(Error::BadOptionProfile)?;
        }
        let known = self.stored_profiles().await?;
        if known.len().saturating_add(profiles.len()) > PROFILES_MAX {
            return Err(Error::TooManyOptionProfiles { max: PROFILES_MAX });
        }
        let mut titles: BTreeSet<&str> = known.iter().map(|stored| stored.profile.title.as_str()).collect();
        if let Some(twice) = profiles.iter().find(|profile| !titles.insert(&profile.title)) {
            return Err(Error::OptionProfileTaken { title: twice.title.clone() });
        }
        let now = self.clock().now();
        // What was looked at was changed at the same moment, if anything still conflicts.
        let ids = self.store().add_option_profiles(&profiles, now).await?;
        let made = ids.into_iter().zip(profiles);
        Ok(made.map(|(id, profile)| OptionProfileView { id, version: 1, updated_at: now, profile }).collect())
    }

    /// Puts `profile` in the place of the one titled `title` (the default one for `None`), as long
    /// as that is still of `version`. Its title may differ: that renames it. Owner and default flag
    /// stay as they are.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::UnknownOptionProfile`], [`Error::Forbidden`] for a profile that
    /// the caller sees and does not own, [`Error::BadOptionProfile`],
    /// [`Error::OptionProfileChanged`], [`Error::OptionProfileTaken`].
    pub async fn edit_option_profile(
        &self,
        actor: &Actor,
        title: Option<&str>,
        version: u64,
        profile: OptionProfile,
    ) -> Result<OptionProfileView> {
        let reach = actor.allow(Action::Edit, Resource::OptionProfile)?.reach();
        let old = self.own_profile(actor, &reach, title, Action::Edit).await?;
        let profile =
            OptionProfile { owner: old.profile.owner.clone(), is_default: old.profile.is_default, ..profile };
        refuse_global(&reach, Some(&old.profile), &profile)?;
        let profile = self.with_named_lists(actor, profile, Some(&old.profile)).await?;
        self.replace_profile(actor, &old, version, profile, "edit").await
    }

    /// Makes a profile the default one, and with that global.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::UnknownOptionProfile`], [`Error::Forbidden`] for anybody but a
    /// Manager, [`Error::OptionProfileChanged`].
    pub async fn set_default_option_profile(&self, actor: &Actor, title: &str) -> Result<OptionProfileView> {
        let reach = actor.allow(Action::Edit, Resource::OptionProfile)?.reach();
        if reach != Reach::Everything {
            return Err(Error::Forbidden { action: Action::Edit, resource: Resource::OptionProfile });
        }
        let old = self.own_profile(actor, &reach, Some(title), Action::Edit).await?;
        let profile = OptionProfile { is_default: true, is_global: true, ..old.profile.clone() };
        let version = old.version;
        self.replace_profile(actor, &old, version, profile, "default").await
    }

    /// Deletes a profile that nothing goes by.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::UnknownOptionProfile`], [`Error::Forbidden`] for a profile that
    /// the caller sees and does not own, [`Error::OptionProfileInUse`] with what goes by it.
    pub async fn delete_option_profile(&self, actor: &Actor, title: &str) -> Result<()> {
        let reach = actor.allow(Action::Delete, Resource::OptionProfile)?.reach();
        let old = self.own_profile(actor, &reach, Some(title), Action::Delete).await?;
        let in_use = |by| Error::OptionProfileInUse { title: title.to_owned(), by };
        match self.store().delete_option_profile(old.id).await? {
            ProfileDeleted::Deleted => {}
            ProfileDeleted::Default => return Err(in_use(vec!["scans without an option".to_owned()])),
            ProfileDeleted::InUse(users) => {
                return Err(in_use(self.described_users(users).await?));
            }
            ProfileDeleted::Unknown => return Err(unknown(Some(title))),
        }
        self.record_done(actor, "option_profile", "delete", title.to_owned()).await
    }

    /// What goes by a profile, each by its name.
    async fn described_users(&self, users: Vec<ProfileUser>) -> Result<Vec<String>> {
        let tasks = self.store().list_tasks().await?;
        let named = |ProfileUser { kind, id }: ProfileUser| {
            let task = tasks.iter().find(|task| kind == TASK_USER_KIND && task.id == id);
            match task {
                Some(task) => format!("{kind} {id}, {}", task.order.title),
                None => format!("{kind} {id}"),
            }
        };
        Ok(users.into_iter().map(named).collect())
    }

    /// Title of the subscription's default profile.
    pub(crate) async fn default_option_title(&self) -> Result<String> {
        let profiles = self.stored_profiles().await?;
        let default = profiles.into_iter().find(|stored| stored.profile.is_default);
        Ok(default.map(|stored| stored.profile.title).unwrap_or_default())
    }

    /// The profile that a scan of the caller's goes by.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownOption`] with the titles there are.
    pub(crate) async fn choose_option_profile(
        &self,
        actor: &Actor,
        title: Option<&str>,
    ) -> Result<OptionProfile> {
        let reach = actor.allow(Action::List, Resource::OptionProfile)?.reach();
        if let Some(StoredProfile { profile, .. }) = self.store().find_option_profile(title).await?
            && (profile.is_global || reach.has_option_profile(&profile))
        {
            return self.with_lists_looked_up(profile).await;
        }
        let profiles = self.profiles_in_sight(&reach).await?;
        match profiles.iter().find(|view| fits(&view.profile, title)) {
            Some(view) => self.with_lists_looked_up(view.profile.clone()).await,
            None => Err(Error::UnknownOption {
                title: title.unwrap_or_default().to_owned(),
                known: profiles.iter().map(|view| view.profile.title.clone()).collect(),
            }),
        }
    }

    /// Refuses a scan that would look for nothing, or whose profile waits for QIDs to be chosen.
    pub(crate) fn check_selection(&self, profile: &OptionProfile, qids: Option<&[Qid]>) -> Result<()> {
        let title = profile.title.clone();
        if qids.is_none() && profile.detection.scope == option_profile::DetectionScope::Runtime {
            return Err(Error::NoQids { title });
        }
        let kb = self.kb();
        let selection = profile.detection.select(qids, &*kb);
        if selection.is_complete() || kb.entries().any(|entry| selection.has(entry.qid)) {
            Ok(())
        } else {
            Err(Error::NothingToLookFor { title })
        }
    }

    async fn replace_profile(
        &self,
        actor: &Actor,
        old: &OptionProfileView,
        version: u64,
        profile: OptionProfile,
        action: &str,
    ) -> Result<OptionProfileView> {
        option_profile::check_edit(&old.profile, &profile).map_err(Error::BadOptionProfile)?;
        let now = self.clock().now();
        let edited = self.store().edit_option_profile(old.id, version, &profile, now).await;
        let edited = match edited {
            Err(palisade_store::Error::Conflict) => {
                return Err(self.why_conflict(old.id, profile.title).await?);
            }
            edited => edited?,
        };
        let title = || old.profile.title.clone();
        match edited {
            ProfileEdited::Edited => {}
            ProfileEdited::Changed => return Err(Error::OptionProfileChanged { title: title() }),
            ProfileEdited::Unknown => return Err(Error::UnknownOptionProfile { title: title() }),
        }
        let details = if profile.title == old.profile.title {
            title()
        } else {
            format!("{}, now {}", old.profile.title, profile.title)
        };
        self.record_done(actor, "option_profile", action, details).await?;
        Ok(OptionProfileView { id: old.id, version: version.saturating_add(1), updated_at: now, profile })
    }

    /// Why an edit conflicts: its title is taken, or something that it names is gone.
    async fn why_conflict(&self, id: i64, title: String) -> Result<Error> {
        let mut profiles = self.store().list_option_profiles().await?.into_iter();
        let is_taken = profiles.any(|stored| stored.id != id && stored.profile.title == title);
        Ok(if is_taken { Error::OptionProfileTaken { title } } else { Error::Conflict })
    }

    /// All there are; those that a subscription comes with are made when there are none.
    async fn stored_profiles(&self) -> Result<Vec<StoredProfile>> {
        let profiles = self.store().list_option_profiles().await?;
        if !profiles.is_empty() {
            return Ok(profiles);
        }
        self.store().seed_option_profiles(&predefined(), self.clock().now()).await?;
        Ok(self.store().list_option_profiles().await?)
    }

    async fn profiles_in_sight(&self, reach: &Reach) -> Result<Vec<OptionProfileView>> {
        let profiles = self.stored_profiles().await?.into_iter();
        let in_sight =
            profiles.filter(|stored| stored.profile.is_global || reach.has_option_profile(&stored.profile));
        let mut views: Vec<OptionProfileView> = in_sight.map(view).collect();
        self.name_lists(&mut views).await?;
        views.sort_by(|one, two| {
            (!one.profile.is_default, &one.profile.title).cmp(&(!two.profile.is_default, &two.profile.title))
        });
        Ok(views)
    }

    async fn profile_in_sight(&self, reach: &Reach, title: Option<&str>) -> Result<OptionProfileView> {
        let profiles = self.profiles_in_sight(reach).await?;
        profiles.into_iter().find(|view| fits(&view.profile, title)).ok_or_else(|| unknown(title))
    }

    /// A profile in sight that is the caller's to change.
    async fn own_profile(
        &self,
        actor: &Actor,
        reach: &Reach,
        title: Option<&str>,
        action: Action,
    ) -> Result<OptionProfileView> {
        let sight = actor.allow(Action::List, Resource::OptionProfile)?.reach();
        let view = self.profile_in_sight(&sight, title).await?;
        if reach.has_option_profile(&view.profile) {
            Ok(view)
        } else {
            Err(Error::Forbidden { action, resource: Resource::OptionProfile })
        }
    }
}

fn view(stored: StoredProfile) -> OptionProfileView {
    let StoredProfile { id, version, updated_at, profile } = stored;
    OptionProfileView { id, version, updated_at, profile }
}

fn fits(profile: &OptionProfile, title: Option<&str>) -> bool {
    title.map_or(profile.is_default, |title| profile.title == title)
}

/// Nobody owns what is made on the command line, where there are no accounts.
fn owner(actor: &Actor) -> Option<Login> {
    Some(actor.login.clone()).filter(|login| *login != Login::command_line())
}

/// Only those who reach everything decide what everybody sees.
fn refuse_global(reach: &Reach, old: Option<&OptionProfile>, new: &OptionProfile) -> Result<()> {
    if *reach != Reach::Everything && new.is_global != old.is_some_and(|old| old.is_global) {
        return Err(Error::Forbidden { action: Action::Edit, resource: Resource::OptionProfile });
    }
    Ok(())
}

fn unknown(title: Option<&str>) -> Error {
    Error::UnknownOptionProfile { title: title.unwrap_or("the default one").to_owned() }
}
