//! Remediation policies: who gets a ticket for what the scans find.
//!
//! They are managed on the server's own command line, so nobody's permission is asked. There are
//! none until somebody makes one: a server that nobody told what to do makes no tickets.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use palisade_kb::KnowledgeBase;
use palisade_model::remediation::{DEADLINE_DAYS_MAX, HostSelection, VulnerabilitySelection, first_match};
use palisade_model::{Assignee, IpSet, Login, PolicyAction, PolicyRule, Qid, Role, ScanRef};
use palisade_store::{Policy, Remedy};

use crate::activity::ActivityEntry;
use crate::app::App;
use crate::error::{Error, Result, check_length};
use crate::host::attributes_of;

/// Most policies of a subscription.
const POLICIES_MAX: usize = 1_000;
/// Longest title.
const TITLE_CHARACTERS_MAX: usize = 255;
/// Days that the ticket of an ignored vulnerability has once it is opened.
pub(crate) const IGNORED_DEADLINE_DAYS: u16 = 7;

/// A policy as people write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyView {
    pub title: String,
    /// All hosts when there are neither addresses nor groups.
    pub ips: IpSet,
    /// Titles; of a group that was deleted, its id in brackets.
    pub asset_groups: Vec<String>,
    pub vulnerabilities: VulnerabilitySelection,
    pub action: PolicyAction,
}

impl App {
    /// The policies in the order in which they are asked.
    pub async fn list_policies(&self) -> Result<Vec<PolicyView>> {
        let policies = self.store().list_policies().await?;
        let groups = self.store().list_asset_groups().await?;
        let title = |id: i64| {
            let group = groups.iter().find(|group| group.id == id);
            group.map_or_else(|| format!("[{id}]"), |group| group.title.to_string())
        };
        let view = |Policy { id: _, title: name, rule }: Policy| {
            let PolicyRule { hosts: HostSelection { ips, asset_groups }, vulnerabilities, action } = rule;
            let asset_groups = asset_groups.into_iter().map(title).collect();
            PolicyView { title: name, ips, asset_groups, vulnerabilities, action }
        };
        Ok(policies.into_iter().map(view).collect())
    }

    /// Adds a policy after all others.
    ///
    /// # Errors
    ///
    /// [`Error::PolicyTaken`], [`Error::TooManyPolicies`], [`Error::UnknownAssetGroup`],
    /// [`Error::UnknownQid`], [`Error::NotATicketAssignee`], [`Error::DeadlineDays`].
    pub async fn add_policy(&self, policy: PolicyView) -> Result<()> {
        if self.store().list_policies().await?.len() >= POLICIES_MAX {
            return Err(Error::TooManyPolicies { max: POLICIES_MAX });
        }
        let (title, rule) = self.policy_rule(policy).await?;
        self.store().add_policy(&title, &rule).await.map_err(|error| taken(error, &title))?;
        self.note_policy("add", title).await
    }

    /// Replaces the policy with this title.
    ///
    /// # Errors
    ///
    /// Those of [`App::add_policy`], and [`Error::UnknownPolicy`].
    pub async fn edit_policy(&self, title: &str, policy: PolicyView) -> Result<()> {
        let id = self.policy_id(title).await?;
        let (new_title, rule) = self.policy_rule(policy).await?;
        let edited = self.store().edit_policy(id, &new_title, &rule).await;
        policy_found(title, edited.map_err(|error| taken(error, &new_title))?)?;
        self.note_policy("edit", title.to_owned()).await
    }

    /// Moves the policy with this title to a position, 1 for the first.
    pub async fn move_policy(&self, title: &str, position: usize) -> Result<()> {
        let id = self.policy_id(title).await?;
        let moved = self.store().move_policy(id, position.saturating_sub(1)).await?;
        policy_found(title, moved)?;
        self.note_policy("move", format!("{title}, {position}")).await
    }

    /// Deletes the policy with this title; the tickets it made stay.
    pub async fn delete_policy(&self, title: &str) -> Result<()> {
        let id = self.policy_id(title).await?;
        policy_found(title, self.store().delete_policy(id).await?)?;
        self.note_policy("delete", title.to_owned()).await
    }

    /// Writes down what was done on this machine, without a login.
    async fn note_policy(&self, action: &str, details: String) -> Result<()> {
        self.record(ActivityEntry {
            login: None,
            from: IpAddr::V4(Ipv4Addr::LOCALHOST),
            module: "policy".to_owned(),
            action: action.to_owned(),
            details,
            refused: false,
        })
        .await
    }

    async fn policy_id(&self, title: &str) -> Result<i64> {
        let policies = self.store().list_policies().await?;
        let policy = policies.into_iter().find(|policy| policy.title == title);
        policy.map(|policy| policy.id).ok_or_else(|| Error::UnknownPolicy { title: title.to_owned() })
    }

    async fn policy_rule(&self, policy: PolicyView) -> Result<(String, PolicyRule)> {
        let PolicyView { title, ips, asset_groups, vulnerabilities, action } = policy;
        check_length("title", &title, TITLE_CHARACTERS_MAX)?;
        if title.trim().is_empty() {
            return Err(Error::Empty { field: "title" });
        }
        if let Some(qid) = vulnerabilities.qids.iter().find(|qid| self.kb().entry(**qid).is_none()) {
            return Err(Error::UnknownQid { qid: *qid });
        }
        if let PolicyAction::CreateTicket { assignee, deadline_days } = &action {
            if !(1..=DEADLINE_DAYS_MAX).contains(deadline_days) {
                return Err(Error::DeadlineDays { max: DEADLINE_DAYS_MAX });
            }
            if let Assignee::User(login) = assignee {
                self.ticket_assignee(login.as_str()).await?;
            }
        }
        let asset_groups: BTreeSet<i64> = self.asset_group_ids(&asset_groups).await?.into_iter().collect();
        Ok((title, PolicyRule { hosts: HostSelection { ips, asset_groups }, vulnerabilities, action }))
    }

    /// The user with this login, if tickets may be given to them.
    pub(crate) async fn ticket_assignee(&self, login: &str) -> Result<palisade_store::User> {
        let unknown = || Error::NotATicketAssignee { login: login.chars().take(64).collect() };
        let known: Login = login.parse().map_err(|_| unknown())?;
        let user = self.store().user(&known).await?.ok_or_else(unknown)?;
        if matches!(user.role, Role::Contact | Role::Auditor | Role::Administrator) {
            Err(unknown())
        } else {
            Ok(user)
        }
    }

    /// What the policies say about a host that `scan` looked at.
    pub(crate) async fn remedies(&self, scan: &ScanRef, host: Ipv4Addr) -> Result<Remedies> {
        let policies = self.store().list_policies().await?;
        let mut remedies = Remedies { host, policies, groups: BTreeMap::new(), launcher: None, owner: None };
        if remedies.policies.is_empty() {
            return Ok(remedies);
        }
        remedies.launcher = self.store().scan(scan).await?.map(|scan| scan.login);
        let groups = remedies.policies.iter().any(|policy| !policy.rule.hosts.asset_groups.is_empty());
        if groups {
            let groups = self.store().list_asset_groups().await?;
            remedies.groups = groups.into_iter().map(|group| (group.id, group.ips)).collect();
        }
        let owner = |policy: &Policy| {
            matches!(&policy.rule.action, PolicyAction::CreateTicket { assignee: Assignee::AssetOwner, .. })
        };
        if remedies.policies.iter().any(owner) {
            let ranges = self.store().list_host_ranges().await?;
            remedies.owner = attributes_of(&ranges, host).and_then(|attributes| attributes.owner.clone());
        }
        Ok(remedies)
    }
}

/// The policies, and what they need to know of one host.
#[derive(Debug)]
pub(crate) struct Remedies {
    host: Ipv4Addr,
    policies: Vec<Policy>,
    groups: BTreeMap<i64, IpSet>,
    launcher: Option<Login>,
    owner: Option<Login>,
}

impl Remedies {
    /// What is to become of a vulnerability that has no ticket. Nothing of one that the subscription has
    /// switched off.
    pub(crate) fn remedy(&self, kb: &KnowledgeBase, qid: Qid) -> Option<Remedy> {
        let entry = kb.entry(qid).filter(|entry| !entry.is_disabled())?;
        let group_has = |id: i64| self.groups.get(&id).is_some_and(|ips| ips.contains(self.host));
        let vulnerability = (qid, entry.severity, entry.kind);
        let policy = first_match(&self.policies, |policy| &policy.rule, self.host, group_has, vulnerability)?;
        let rule = policy.title.clone();
        let launcher = self.launcher.clone()?;
        match &policy.rule.action {
            PolicyAction::NoTicket => None,
            PolicyAction::Ignore => {
                Some(Remedy { assignee: launcher, deadline_days: IGNORED_DEADLINE_DAYS, ignore: true, rule })
            }
            PolicyAction::CreateTicket { assignee, deadline_days } => {
                let assignee = match assignee {
                    Assignee::User(login) => login.clone(),
                    Assignee::ScanLauncher => launcher,
                    Assignee::AssetOwner => self.owner.clone().unwrap_or(launcher),
                };
                Some(Remedy { assignee, deadline_days: *deadline_days, ignore: false, rule })
            }
        }
    }
}

/// Whether the policy was still there when it came to it.
fn policy_found(title: &str, found: bool) -> Result<()> {
    if found { Ok(()) } else { Err(Error::UnknownPolicy { title: title.to_owned() }) }
}

fn taken(error: palisade_store::Error, title: &str) -> Error {
    match error {
        palisade_store::Error::Conflict => Error::PolicyTaken { title: title.to_owned() },
        other => other.into(),
    }
}
