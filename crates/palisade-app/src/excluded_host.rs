//! Excluded hosts: addresses that no scan and no map touches, for good or until a day.

use palisade_model::{Action, IpSet, Login, Resource, Timestamp};
use palisade_store::{ExcludedHosts, ExclusionChange, User};

use crate::actor::Actor;
use crate::app::App;
use crate::error::{Error, Result, check_length};

/// Longest comment on a change.
const COMMENT_CHARACTERS_MAX: usize = 1_024;
/// Most ranges that are excluded.
const RANGES_MAX: usize = 10_000;
/// Changes of a page of the history.
const PAGE_CHANGES: u32 = 1_000;

/// A change of what is excluded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExclusionView {
    pub id: i64,
    pub change: ExclusionChange,
    /// First and last name of who made it; `None` when they are gone.
    pub user: Option<(String, String)>,
}

impl App {
    /// What is excluded within the caller's reach, by address.
    pub async fn list_excluded_hosts(&self, actor: &Actor) -> Result<Vec<ExcludedHosts>> {
        let reach = actor.allow(Action::List, Resource::ExcludedHost)?.reach();
        let all = self.store().list_excluded_hosts(self.clock().now()).await?;
        let seen = |part: ExcludedHosts| {
            let within = reach.hosts(&IpSet::from_iter([part.range]));
            let ranges = within.ranges().to_vec();
            ranges.into_iter().map(move |range| ExcludedHosts { range, ..part.clone() })
        };
        Ok(all.into_iter().flat_map(seen).collect())
    }

    /// Excludes addresses for so many days, or for good. They need not be in the subscription.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::TooLong`], [`Error::TooManyRanges`].
    pub async fn exclude_hosts(
        &self,
        actor: &Actor,
        ips: &IpSet,
        expiry_days: Option<u32>,
        comment: Option<String>,
    ) -> Result<()> {
        let change = self.exclusion(actor, true, ips.clone(), comment)?;
        let days = |days: u32| change.at.as_second().saturating_add(i64::from(days) * 86_400);
        let expires_at = expiry_days.and_then(|number| Timestamp::from_second(days(number)).ok());
        if !self.store().exclude_hosts(&change, expires_at, RANGES_MAX).await? {
            return Err(Error::TooManyRanges { max: RANGES_MAX });
        }
        self.record_done(actor, "excluded_ip", "add", ips.to_string()).await
    }

    /// Takes addresses from what is excluded, or all of them; gives those that were excluded.
    pub async fn include_hosts(
        &self,
        actor: &Actor,
        ips: Option<&IpSet>,
        comment: Option<String>,
    ) -> Result<IpSet> {
        let everything = || "0.0.0.1-255.255.255.254".parse().unwrap_or_default();
        let ips = ips.cloned().unwrap_or_else(everything);
        let change = self.exclusion(actor, false, ips, comment)?;
        let removed = self.store().include_hosts(&change).await?;
        self.record_done(actor, "excluded_ip", "remove", removed.to_string()).await?;
        Ok(removed)
    }

    /// Changes with ids from `id_min` to `id_max`, newest first, 1,000 at most; those out of the
    /// caller's reach are left out.
    pub async fn list_exclusion_changes(
        &self,
        actor: &Actor,
        id_min: i64,
        id_max: i64,
    ) -> Result<Vec<ExclusionView>> {
        let reach = actor.allow(Action::List, Resource::ExcludedHost)?.reach();
        let users = self.store().list_users().await?;
        let name = |login: &Login| {
            let user = users.iter().find(|user| user.login == *login);
            user.map(|User { first_name, last_name, .. }| (first_name.clone(), last_name.clone()))
        };
        let changes = self.store().list_exclusion_changes(id_min, id_max, PAGE_CHANGES).await?;
        let seen = changes.into_iter().filter_map(|(id, change)| {
            let ips = reach.hosts(&change.ips);
            let user = name(&change.login);
            (!ips.is_empty()).then_some(ExclusionView { id, change: ExclusionChange { ips, ..change }, user })
        });
        Ok(seen.collect())
    }

    /// Every address that is excluded now. What launches scans and maps leaves these out; nobody's
    /// permission is asked, because they hold for everybody.
    pub(crate) async fn excluded_ips(&self) -> Result<IpSet> {
        let excluded = self.store().list_excluded_hosts(self.clock().now()).await?;
        Ok(excluded.into_iter().map(|part| part.range).collect())
    }

    fn exclusion(
        &self,
        actor: &Actor,
        added: bool,
        ips: IpSet,
        comment: Option<String>,
    ) -> Result<ExclusionChange> {
        // Excluding concerns addresses, whoever reaches them.
        let _reach = actor.allow(Action::Edit, Resource::ExcludedHost)?.reach();
        let comment = comment.filter(|comment| !comment.trim().is_empty());
        check_length("comment", comment.as_deref().unwrap_or_default(), COMMENT_CHARACTERS_MAX)?;
        Ok(ExclusionChange { at: self.clock().now(), login: actor.login.clone(), added, ips, comment })
    }
}
