//! Search lists: who sees and changes which, and what is on a dynamic one at this moment.

use std::collections::HashMap;

use palisade_kb::Entry;
use palisade_model::search_list::{Criterion, DateCriterion, Operand, TITLE_CHARACTERS_MAX};
use palisade_model::{Action, FindingKind, Qid, Resource, Role, SearchListContent, Timestamp};
use palisade_store::{
    PROFILE_USER_KIND, Reach, SearchList, SearchListDeleted, SearchListUse, TEMPLATE_USER_KIND,
};

use crate::actor::Actor;
use crate::app::App;
use crate::error::{Error, Result, check_length};

/// Most lists of a subscription.
const LISTS_MAX: usize = 10_000;
/// Longest comment.
const COMMENTS_CHARACTERS_MAX: usize = 2_000;

/// A list with the QIDs that are on it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchListView {
    pub list: SearchList,
    /// Ascending.
    pub qids: Vec<Qid>,
    /// Ids and titles of the option profiles that go by it, as far as the caller sees them; by id.
    pub option_profiles: Vec<(i64, String)>,
    /// The same of report templates.
    pub report_templates: Vec<(i64, String)>,
}

/// Ids and titles of what goes by lists, by the id of the list.
type UsersOfLists = HashMap<i64, Vec<(i64, String)>>;

/// A list to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddSearchList {
    pub title: String,
    pub is_global: bool,
    pub content: SearchListContent,
    pub comments: Option<String>,
}

/// Changes to a list; `None` leaves a thing as it is.
#[derive(Debug, Clone, Default)]
pub struct EditSearchList {
    pub title: Option<String>,
    pub is_global: Option<bool>,
    /// An empty text removes them.
    pub comments: Option<String>,
}

impl App {
    /// The lists in the caller's sight, static or dynamic ones, by id.
    pub async fn list_search_lists(&self, actor: &Actor, are_static: bool) -> Result<Vec<SearchListView>> {
        let reach = actor.allow(Action::List, Resource::SearchList)?.reach();
        let lists = self.store().list_search_lists().await?;
        let seen =
            lists.into_iter().filter(|list| list.content.is_static() == are_static && sees(&reach, list));
        let (mut profiles, mut templates) = self.users_of_search_lists(actor).await?;
        let view = |list: SearchList| SearchListView {
            qids: self.qids_on(&list.content),
            option_profiles: profiles.remove(&list.id).unwrap_or_default(),
            report_templates: templates.remove(&list.id).unwrap_or_default(),
            list,
        };
        Ok(seen.map(view).collect())
    }

    /// The option profiles and the report templates that go by lists and that the caller sees, by the id of
    /// the list.
    async fn users_of_search_lists(&self, actor: &Actor) -> Result<(UsersOfLists, UsersOfLists)> {
        let (mut profiles, mut templates) = (UsersOfLists::new(), UsersOfLists::new());
        let uses = self.store().list_search_list_uses().await?;
        if uses.is_empty() {
            return Ok((profiles, templates));
        }
        let seen_profiles = self.list_option_profiles(actor).await?;
        let seen_templates = self.list_report_templates(actor).await?;
        for SearchListUse { list, kind, id } in uses {
            if kind == PROFILE_USER_KIND {
                let seen = seen_profiles.iter().find(|view| view.id == id);
                let named = seen.map(|view| (id, view.profile.title.clone()));
                profiles.entry(list).or_default().extend(named);
            } else if kind == TEMPLATE_USER_KIND {
                let seen = seen_templates.iter().find(|view| view.id == id);
                let named = seen.map(|view| (id, view.title.clone()));
                templates.entry(list).or_default().extend(named);
            }
        }
        Ok((profiles, templates))
    }

    /// The lists in the caller's sight, of both kinds, by id.
    pub(crate) async fn lists_in_sight(&self, actor: &Actor) -> Result<Vec<SearchList>> {
        let reach = actor.allow(Action::List, Resource::SearchList)?.reach();
        let mut lists = self.store().list_search_lists().await?;
        lists.retain(|list| sees(&reach, list));
        Ok(lists)
    }

    /// Makes a list and gives its id. The caller owns it.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::UnknownQid`], [`Error::GlobalSearchList`] for those who may not make one for
    /// everybody, [`Error::SearchListTaken`], [`Error::TooManySearchLists`], [`Error::TooLong`].
    pub async fn add_search_list(&self, actor: &Actor, new: AddSearchList) -> Result<i64> {
        let _own = actor.allow(Action::Add, Resource::SearchList)?.reach();
        let AddSearchList { title, is_global, content, comments } = new;
        check_texts(&title, comments.as_deref())?;
        refuse_global(actor, is_global)?;
        self.check_content(&content)?;
        if self.store().list_search_lists().await?.len() >= LISTS_MAX {
            return Err(Error::TooManySearchLists { max: LISTS_MAX });
        }
        let now = self.clock().now();
        let list = SearchList {
            id: 0,
            title: title.clone(),
            owner: actor.login.clone(),
            is_global,
            content,
            comments: comments.filter(|text| !text.is_empty()),
            created_at: now,
            modified_at: now,
            modified_by: actor.login.clone(),
        };
        let id = self.store().add_search_list(&list).await.map_err(|error| taken(error, &title))?;
        self.record_done(actor, "search_list", "create", title).await?;
        Ok(id)
    }

    /// Changes a list within the caller's reach; `change` gets what is on it at that moment.
    ///
    /// # Errors
    ///
    /// Those of [`App::add_search_list`], and [`Error::UnknownSearchList`].
    pub async fn edit_search_list(
        &self,
        actor: &Actor,
        id: i64,
        are_static: bool,
        edit: EditSearchList,
        change: impl Fn(SearchListContent) -> SearchListContent + Send,
    ) -> Result<()> {
        let reach = actor.allow(Action::Edit, Resource::SearchList)?.reach();
        let EditSearchList { title, is_global, comments } = edit;
        let old = self.own_search_list(&reach, id, are_static).await?;
        check_texts(title.as_deref().unwrap_or(&old.title), comments.as_deref())?;
        refuse_global(actor, is_global == Some(true))?;
        let wanted = title.clone().unwrap_or_else(|| old.title.clone());
        let (now, by) = (self.clock().now(), actor.login.clone());
        self.check_content(&change(old.content))?;
        let edited = self.store().edit_search_list(id, move |stored| SearchList {
            title: title.unwrap_or(stored.title),
            is_global: is_global.unwrap_or(stored.is_global),
            content: change(stored.content),
            comments: comments.map_or(stored.comments, |text| Some(text).filter(|text| !text.is_empty())),
            modified_at: now,
            modified_by: by,
            ..stored
        });
        if !edited.await.map_err(|error| taken(error, &wanted))? {
            return Err(Error::UnknownSearchList { id });
        }
        self.record_done(actor, "search_list", "update", wanted).await
    }

    /// Deletes a list within the caller's reach.
    pub async fn delete_search_list(&self, actor: &Actor, id: i64, are_static: bool) -> Result<()> {
        let reach = actor.allow(Action::Delete, Resource::SearchList)?.reach();
        let list = self.own_search_list(&reach, id, are_static).await?;
        match self.store().delete_search_list(id).await? {
            SearchListDeleted::Deleted => {}
            SearchListDeleted::Unknown => return Err(Error::UnknownSearchList { id }),
            SearchListDeleted::InUse(uses) => {
                let by = uses.into_iter().map(|one| format!("{} {}", one.kind.replace('_', " "), one.id));
                return Err(Error::SearchListInUse { title: list.title, by: by.collect() });
            }
        }
        self.record_done(actor, "search_list", "delete", list.title).await
    }

    /// The QIDs on lists in the caller's sight, static and dynamic ones, by id or by title.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownSearchList`], [`Error::UnknownSearchListTitle`].
    pub async fn qids_of_search_lists(
        &self,
        actor: &Actor,
        ids: &[i64],
        titles: &[String],
    ) -> Result<std::collections::BTreeSet<Qid>> {
        let lists = self.lists_in_sight(actor).await?;
        let mut qids = std::collections::BTreeSet::new();
        for id in ids {
            let list = lists.iter().find(|list| list.id == *id);
            qids.extend(self.qids_on(&list.ok_or(Error::UnknownSearchList { id: *id })?.content));
        }
        for title in titles {
            let list = lists.iter().find(|list| list.title == *title);
            let unknown = || Error::UnknownSearchListTitle { title: title.clone() };
            qids.extend(self.qids_on(&list.ok_or_else(unknown)?.content));
        }
        Ok(qids)
    }

    /// Titles of lists with these ids, and the QIDs on them, for something that goes by them: whoever made
    /// it saw the lists.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownSearchList`] when one of them is gone.
    pub(crate) async fn qids_of_named_lists(
        &self,
        ids: &[i64],
    ) -> Result<(Vec<String>, std::collections::BTreeSet<Qid>)> {
        let (mut titles, mut qids) = (Vec::new(), std::collections::BTreeSet::new());
        if ids.is_empty() {
            return Ok((titles, qids));
        }
        let lists = self.store().list_search_lists().await?;
        for id in ids {
            let list = lists.iter().find(|list| list.id == *id);
            let list = list.ok_or(Error::UnknownSearchList { id: *id })?;
            titles.push(list.title.clone());
            qids.extend(self.qids_on(&list.content));
        }
        Ok((titles, qids))
    }

    /// A list that the caller may change.
    async fn own_search_list(&self, reach: &Reach, id: i64, are_static: bool) -> Result<SearchList> {
        let lists = self.store().list_search_lists().await?;
        let mine = |list: &SearchList| match reach {
            Reach::Everything => true,
            Reach::Assigned { login, .. } | Reach::Own { login } => list.owner == *login,
            Reach::Nothing => false,
        };
        let found = lists.into_iter().find(|list| list.id == id && list.content.is_static() == are_static);
        found.filter(mine).ok_or(Error::UnknownSearchList { id })
    }

    fn check_content(&self, content: &SearchListContent) -> Result<()> {
        let SearchListContent::Static(qids) = content else { return Ok(()) };
        match qids.iter().find(|qid| self.kb().entry(**qid).is_none()) {
            Some(qid) => Err(Error::UnknownQid { qid: *qid }),
            None => Ok(()),
        }
    }

    /// What is on a list now.
    pub(crate) fn qids_on(&self, content: &SearchListContent) -> Vec<Qid> {
        match content {
            SearchListContent::Static(qids) => qids.iter().copied().collect(),
            SearchListContent::Dynamic(criteria) => {
                let (now, criteria) = (self.clock().now(), criteria.given());
                let kb = self.kb();
                let wanted = kb.entries().filter(|entry| meets(&criteria, entry, now));
                wanted.map(|entry| entry.qid).collect()
            }
        }
    }
}

fn sees(reach: &Reach, list: &SearchList) -> bool {
    match reach {
        Reach::Everything => true,
        Reach::Assigned { login, .. } | Reach::Own { login } => list.is_global || list.owner == *login,
        Reach::Nothing => false,
    }
}

/// Lists for everybody are the Managers' to make.
fn refuse_global(actor: &Actor, is_global: bool) -> Result<()> {
    if is_global && actor.role != Role::Manager { Err(Error::GlobalSearchList) } else { Ok(()) }
}

fn check_texts(title: &str, comments: Option<&str>) -> Result<()> {
    if title.trim().is_empty() {
        return Err(Error::EmptyTitle);
    }
    check_length("title", title, TITLE_CHARACTERS_MAX)?;
    check_length("comments", comments.unwrap_or_default(), COMMENTS_CHARACTERS_MAX)
}

fn taken(error: palisade_store::Error, title: &str) -> Error {
    match error {
        palisade_store::Error::Conflict => Error::SearchListTaken { title: title.to_owned() },
        other => other.into(),
    }
}

/// Whether an entry of the KnowledgeBase meets the criteria.
fn meets(criteria: &[Criterion<'_>], entry: &Entry, now: Timestamp) -> bool {
    criteria.iter().all(|criterion| meets_one(*criterion, entry, now))
}

fn meets_one(criterion: Criterion<'_>, entry: &Entry, now: Timestamp) -> bool {
    let has = |text: &str, part: &str| text.to_lowercase().contains(&part.to_lowercase());
    let among = |any: &[String], word: &str| any.iter().any(|one| one.eq_ignore_ascii_case(word));
    match criterion {
        Criterion::Title { part, not } => has(&entry.title, part) != not,
        Criterion::Remote(remote) => entry.remote == remote,
        Criterion::Categories { any, not } => any.contains(&entry.category) != not,
        Criterion::Severities { confirmed, potential, information } => {
            let levels = match entry.kind {
                FindingKind::Vulnerability => confirmed,
                FindingKind::Potential => potential,
                FindingKind::Information | FindingKind::Service => information,
            };
            levels.contains(&entry.severity.level())
        }
        Criterion::Patchable(patchable) => entry.patchable == patchable,
        Criterion::Cves { any, not } => entry.cves.iter().any(|cve| among(any, cve)) != not,
        Criterion::VendorReferences { any, not } => {
            entry.vendor_references.iter().any(|one| among(any, &one.id)) != not
        }
        Criterion::Bugtraq { any, not } => any.iter().any(|one| entry.bugtraq.contains(one)) != not,
        Criterion::Details { part } => {
            [&entry.threat, &entry.impact, &entry.solution].into_iter().any(|text| has(text, part))
        }
        Criterion::Pci(pci) => entry.pci == pci,
        Criterion::CvssBase { tenths, operand } => {
            compares(tenths_of(entry.cvss_base.as_deref()), operand, tenths)
        }
        Criterion::Cvss3Base { tenths, operand } => {
            let score = entry.intelligence.cvss3.as_ref().map(|score| score.score.into());
            compares(score, operand, tenths)
        }
        Criterion::AuthTypes { any } => {
            entry.auth_types.iter().any(|one| any.iter().any(|wanted| wanted == one))
        }
        Criterion::Configuration { disabled, custom } => {
            disabled && entry.is_disabled() || custom && is_edited(entry)
        }
        Criterion::UserModified(when) => {
            entry.custom.as_ref().is_some_and(|custom| happened(when, custom.modified_at, now))
        }
        Criterion::Modified(when) => happened(when, entry.updated_at, now),
        Criterion::Published(when) => happened(when, entry.published_at, now),
    }
}

/// Whether the subscription gave it another severity or remarks.
fn is_edited(entry: &Entry) -> bool {
    let severity = entry.custom.as_ref().is_some_and(|custom| custom.severity.is_some());
    severity || entry.comments().iter().any(Option::is_some)
}

/// Whether a score compares as it is to; nothing compares with what has none.
fn compares(score: Option<u16>, operand: Operand, tenths: u16) -> bool {
    score.is_some_and(|score| match operand {
        Operand::AtLeast => score >= tenths,
        Operand::Below => score < tenths,
    })
}

/// A score such as `4.3` in tenths.
fn tenths_of(score: Option<&str>) -> Option<u16> {
    let (whole, tenths) = score?.split_once('.')?;
    whole.parse::<u16>().ok()?.checked_mul(10)?.checked_add(tenths.parse().ok()?)
}

fn happened(when: DateCriterion, at: Timestamp, now: Timestamp) -> bool {
    let day = |at: Timestamp| at.as_second().div_euclid(86_400);
    match when {
        DateCriterion::Today => day(at) == day(now),
        DateCriterion::WithinLastDays(days) => (day(now) - i64::from(days)..=day(now)).contains(&day(at)),
        DateCriterion::Between(first, last) => (i64::from(first)..=i64::from(last)).contains(&day(at)),
    }
}
