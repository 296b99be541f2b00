//! Tickets: which there are within the caller's reach, and what is known of them.
//!
//! A Manager sees all, others those of the hosts they reach and those given to them.

use std::collections::{BTreeSet, HashMap};
use std::net::Ipv4Addr;

use palisade_kb::Entry;
use palisade_model::{
    Action, FindingKind, IpSet, Login, NumberSet, Qid, Resource, Scope, TicketState, Timestamp, UserStatus,
};
use palisade_store::{DeletedTicket, Reach, Ticket, TicketChange, TicketQuery, User};

use crate::actor::Actor;
use crate::app::App;
use crate::error::{Error, Result};

/// Tickets read from the store at a time.
const PAGE_TICKETS: u32 = 1_000;

/// Most tickets shown of one host: more than it has QIDs and ports in all likelihood.
const HOST_TICKETS_MAX: usize = 100_000;

/// Which tickets are wanted: those that everything given is true of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TicketSelection {
    pub numbers: Option<NumberSet>,
    /// Both included.
    pub since_number: Option<u64>,
    pub until_number: Option<u64>,
    pub assignee: Option<String>,
    /// Due before now, and not closed.
    pub overdue: Option<bool>,
    /// Given to somebody who cannot work on it, or about a host that is not in the subscription.
    pub invalid: Option<bool>,
    /// Empty: every state.
    pub states: Vec<TicketState>,
    /// Last changed then or later, and then or earlier.
    pub modified_since: Option<Timestamp>,
    pub unmodified_since: Option<Timestamp>,
    pub ips: Option<IpSet>,
    /// Titles of asset groups.
    pub asset_groups: Option<Vec<String>>,
    /// Parts of texts, in any case of letters.
    pub dns_contains: Option<String>,
    pub netbios_contains: Option<String>,
    pub host_id: Option<i64>,
    /// Severities of confirmed and of potential vulnerabilities. With one of the two, the other
    /// kind is left out.
    pub severities: Option<Vec<u8>>,
    pub potential_severities: Option<Vec<u8>>,
    pub qids: Option<Vec<Qid>>,
    pub title_contains: Option<String>,
    /// In what the KnowledgeBase says, and in the evidence.
    pub details_contains: Option<String>,
    pub vendor_reference_contains: Option<String>,
}

/// A ticket and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketView {
    pub ticket: Ticket,
    pub invalid: bool,
    /// The newest entry first.
    pub changes: Vec<TicketChange>,
}

/// A user as tickets name them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonView {
    /// First and last name; the login when there are none.
    pub name: String,
    pub email: String,
    pub login: Login,
}

/// Tickets by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketPage {
    pub tickets: Vec<TicketView>,
    /// Everybody the tickets name.
    pub people: HashMap<Login, PersonView>,
    /// There are more of them.
    pub more: bool,
}

impl TicketPage {
    /// Whoever has this login, also when the account is gone.
    #[must_use]
    pub fn person(&self, login: &Login) -> PersonView {
        let stranger = || PersonView { name: login.to_string(), email: String::new(), login: login.clone() };
        self.people.get(login).cloned().unwrap_or_else(stranger)
    }
}

/// Which deleted tickets are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListDeletedTickets {
    pub numbers: Option<NumberSet>,
    /// Both included.
    pub since_number: Option<u64>,
    pub until_number: Option<u64>,
    /// Deleted then or later, and before then.
    pub deleted_since: Option<Timestamp>,
    pub deleted_before: Option<Timestamp>,
}

/// A ticket that was chosen.
pub(crate) struct Chosen {
    pub(crate) ticket: Ticket,
    pub(crate) invalid: bool,
}

impl App {
    /// Up to `limit` tickets within the caller's reach, by number. With `details`, the evidence
    /// too.
    ///
    /// # Errors
    ///
    /// Beside permission: [`crate::Error::UnknownAssetGroup`].
    pub async fn list_tickets(
        &self,
        actor: &Actor,
        wanted: &TicketSelection,
        details: bool,
        limit: usize,
    ) -> Result<TicketPage> {
        let reach = actor.allow(Action::List, Resource::Ticket)?.reach();
        self.store().bring_tickets_back(self.clock().now()).await?;
        let mut people = People::read(self).await?;
        let may = |ticket: &Ticket| has_ticket(&reach, ticket);
        let (chosen, more) = self.choose_tickets(actor, wanted, may, &mut people, details, limit).await?;
        let numbers: Vec<u64> = chosen.iter().map(|one| one.ticket.number).collect();
        let mut changes: HashMap<u64, Vec<TicketChange>> = HashMap::new();
        for change in self.store().list_ticket_changes(&numbers).await? {
            changes.entry(change.number).or_default().push(change);
        }
        let view = |Chosen { ticket, invalid }: Chosen| {
            let changes = changes.remove(&ticket.number).unwrap_or_default();
            TicketView { ticket, invalid, changes }
        };
        Ok(TicketPage { tickets: chosen.into_iter().map(view).collect(), people: people.named(), more })
    }

    /// The tickets about one host that the caller may see, by number.
    pub async fn host_tickets(&self, actor: &Actor, host: Ipv4Addr) -> Result<Vec<Ticket>> {
        let reach = actor.allow(Action::List, Resource::Ticket)?.reach();
        self.store().bring_tickets_back(self.clock().now()).await?;
        let wanted = TicketSelection { ips: Some(host.into()), ..TicketSelection::default() };
        let may = |ticket: &Ticket| has_ticket(&reach, ticket);
        let mut people = People::read(self).await?;
        let limit = HOST_TICKETS_MAX;
        let (chosen, _) = self.choose_tickets(actor, &wanted, may, &mut people, false, limit).await?;
        Ok(chosen.into_iter().map(|one| one.ticket).collect())
    }

    /// Up to `limit` deleted tickets, by number, and whether there are more.
    pub async fn list_deleted_tickets(
        &self,
        actor: &Actor,
        wanted: &ListDeletedTickets,
        limit: usize,
    ) -> Result<(Vec<DeletedTicket>, bool)> {
        // Nobody has a deleted ticket any more, so that only who reaches everything reaches it.
        if actor.allow(Action::Delete, Resource::Ticket)?.reach() != Reach::Everything {
            return Err(Error::Forbidden { action: Action::Delete, resource: Resource::Ticket });
        }
        let ListDeletedTickets { numbers, since_number, until_number, deleted_since, deleted_before } =
            wanted;
        let to = deleted_before.and_then(|at| at.checked_sub(std::time::Duration::from_micros(1)).ok());
        let mut all = Vec::new();
        for (first, last) in ranges(numbers.as_ref(), *since_number, *until_number) {
            let missing =
                u32::try_from(limit.saturating_add(1).saturating_sub(all.len())).unwrap_or(u32::MAX);
            let times = (*deleted_since, to);
            all.extend(self.store().list_deleted_tickets((first, last), times, missing).await?);
            if all.len() > limit {
                break;
            }
        }
        let more = all.len() > limit;
        all.truncate(limit);
        Ok((all, more))
    }

    /// Up to `limit` tickets that are wanted and that `may` lets through, and whether there are
    /// more.
    pub(crate) async fn choose_tickets(
        &self,
        actor: &Actor,
        wanted: &TicketSelection,
        may: impl Fn(&Ticket) -> bool,
        people: &mut People,
        details: bool,
        limit: usize,
    ) -> Result<(Vec<Chosen>, bool)> {
        let Some(filter) = self.ticket_filter(actor, wanted).await? else { return Ok((Vec::new(), false)) };
        let mut query = filter.query.clone();
        query.with_result = details || wanted.details_contains.is_some();
        let mut chosen = Vec::new();
        for (first, last) in ranges(wanted.numbers.as_ref(), wanted.since_number, wanted.until_number) {
            (query.first, query.last) = (first, last);
            loop {
                let page = self.store().list_tickets(&query).await?;
                let Some(end) = page.last().map(|ticket| ticket.number) else { break };
                let full = page.len() >= PAGE_TICKETS as usize;
                for ticket in page.into_iter().filter(|ticket| may(ticket) && self.fits(&filter, ticket)) {
                    let invalid = people.is_invalid(self, &ticket).await?;
                    if wanted.invalid.is_some_and(|wanted| wanted != invalid) {
                        continue;
                    }
                    if chosen.len() >= limit {
                        return Ok((chosen, true));
                    }
                    chosen.push(Chosen { ticket, invalid });
                }
                if !full || end >= last {
                    break;
                }
                query.first = end + 1;
            }
        }
        Ok((chosen, false))
    }

    /// `None` when nothing can fit.
    async fn ticket_filter<'a>(
        &self,
        actor: &Actor,
        wanted: &'a TicketSelection,
    ) -> Result<Option<Filter<'a>>> {
        let mut ips = wanted.ips.clone();
        if let Some(titles) = &wanted.asset_groups {
            let of_groups = self.asset_group_ips(actor, titles).await?;
            ips = Some(ips.map_or(of_groups.clone(), |ips| ips.intersection(&of_groups)));
        }
        let mut query = TicketQuery::everything(PAGE_TICKETS);
        if let Some(ips) = &ips {
            let (Some(first), Some(last)) = (ips.ranges().first(), ips.ranges().last()) else {
                return Ok(None);
            };
            (query.first_ip, query.last_ip) = (first.first(), last.last());
        }
        if let Some(login) = &wanted.assignee {
            // What is no login is nobody's.
            let Ok(login) = login.parse() else { return Ok(None) };
            query.assignee = Some(login);
        }
        query.states.clone_from(&wanted.states);
        query.changed_from = wanted.modified_since;
        query.changed_to = wanted.unmodified_since;
        query.host_id = wanted.host_id;
        Ok(Some(Filter { wanted, ips, query, now: self.clock().now() }))
    }

    /// What the database did not look at. QIDs that are not in the KnowledgeBase are left out:
    /// there is nothing to say about them.
    fn fits(&self, filter: &Filter<'_>, ticket: &Ticket) -> bool {
        let Filter { wanted, ips, query: _, now } = filter;
        let kb = self.kb();
        let Some(entry) = kb.entry(ticket.key.qid) else { return false };
        let overdue = ticket.state.is_pending() && ticket.due_at < *now;
        ips.as_ref().is_none_or(|ips| ips.contains(ticket.ip))
            && wanted.overdue.is_none_or(|wanted| wanted == overdue)
            && holds(wanted.dns_contains.as_deref(), [ticket.dns_name.as_deref().unwrap_or_default()])
            && holds(wanted.netbios_contains.as_deref(), [ticket.netbios_name.as_deref().unwrap_or_default()])
            && wanted.qids.as_ref().is_none_or(|qids| qids.contains(&ticket.key.qid))
            && has_severity(wanted, entry)
            && holds(wanted.title_contains.as_deref(), [entry.title.as_str()])
            && holds(
                wanted.details_contains.as_deref(),
                [entry.threat.as_str(), &entry.impact, &entry.solution, &ticket.result],
            )
            && holds(
                wanted.vendor_reference_contains.as_deref(),
                entry.vendor_references.iter().map(|reference| reference.id.as_str()),
            )
    }
}

/// What is wanted, made ready.
struct Filter<'a> {
    wanted: &'a TicketSelection,
    ips: Option<IpSet>,
    query: TicketQuery,
    now: Timestamp,
}

/// Whether the ticket is within reach: about a host there, or given to the user.
fn has_ticket(reach: &Reach, ticket: &Ticket) -> bool {
    match reach {
        Reach::Everything => true,
        Reach::Assigned { ips, login, .. } => ips.contains(ticket.ip) || ticket.assignee == *login,
        Reach::Own { login } => ticket.assignee == *login,
        Reach::Nothing => false,
    }
}

fn has_severity(wanted: &TicketSelection, entry: &Entry) -> bool {
    let (confirmed, potential) = (&wanted.severities, &wanted.potential_severities);
    if confirmed.is_none() && potential.is_none() {
        return true;
    }
    let of_kind = if entry.kind == FindingKind::Potential { potential } else { confirmed };
    of_kind.as_ref().is_some_and(|levels| levels.contains(&entry.severity.level()))
}

/// Whether one of the texts has the part, in any case of letters.
fn holds<'a>(part: Option<&str>, texts: impl IntoIterator<Item = &'a str>) -> bool {
    let Some(part) = part else { return true };
    let part = part.to_lowercase();
    texts.into_iter().any(|text| text.to_lowercase().contains(&part))
}

/// The numbers to look at, as intervals in order.
fn ranges(numbers: Option<&NumberSet>, since: Option<u64>, until: Option<u64>) -> Vec<(u64, u64)> {
    let (since, until) = (since.unwrap_or(0), until.unwrap_or(u64::MAX));
    let everything = [(0, u64::MAX)];
    let ranges = numbers.map_or(everything.as_slice(), NumberSet::ranges);
    let cut = ranges.iter().map(|(first, last)| ((*first).max(since), (*last).min(until)));
    cut.filter(|(first, last)| first <= last).collect()
}

/// The users, and which hosts each can work on.
pub(crate) struct People {
    now: Timestamp,
    users: HashMap<Login, User>,
    subscription: IpSet,
    /// As they were asked for; `None` is every host.
    reach: HashMap<Login, Option<IpSet>>,
    asked: BTreeSet<Login>,
}

impl People {
    pub(crate) async fn read(app: &App) -> Result<Self> {
        let users = app.store().list_users().await?;
        Ok(Self {
            now: app.clock().now(),
            users: users.into_iter().map(|user| (user.login.clone(), user)).collect(),
            subscription: app.store().subscription_ips().await?,
            reach: HashMap::new(),
            asked: BTreeSet::new(),
        })
    }

    /// Whether nobody can work on the ticket.
    async fn is_invalid(&mut self, app: &App, ticket: &Ticket) -> Result<bool> {
        Ok(!self.subscription.contains(ticket.ip) || !self.can_work(app, &ticket.assignee, ticket.ip).await?)
    }

    /// Whether the user has the host and a working account.
    pub(crate) async fn can_work(&mut self, app: &App, login: &Login, host: Ipv4Addr) -> Result<bool> {
        if self.asked.insert(login.clone()) {
            let reach = self.find_reach(app, login).await?;
            self.reach.insert(login.clone(), reach);
        }
        let reach = self.reach.get(login);
        Ok(reach.is_some_and(|reach| reach.as_ref().is_none_or(|ips| ips.contains(host))))
    }

    async fn find_reach(&self, app: &App, login: &Login) -> Result<Option<IpSet>> {
        let Some(user) = self.users.get(login) else { return Ok(Some(IpSet::new())) };
        let expired = user.expires_at.is_some_and(|at| at <= self.now);
        if user.status == UserStatus::Inactive || expired {
            return Ok(Some(IpSet::new()));
        }
        match user.role.scope(Action::List, Resource::Ticket) {
            Scope::Subscription => Ok(None),
            Scope::BusinessUnit | Scope::AssetGroups => Ok(Some(app.store().assigned_addresses(user).await?)),
            Scope::None | Scope::Own | Scope::Compliance => Ok(Some(IpSet::new())),
        }
    }

    fn named(self) -> HashMap<Login, PersonView> {
        let person = |user: User| {
            let name = format!("{} {}", user.first_name, user.last_name).trim().to_owned();
            let name = if name.is_empty() { user.login.to_string() } else { name };
            (user.login.clone(), PersonView { name, email: user.email, login: user.login })
        };
        self.users.into_values().map(person).collect()
    }
}
