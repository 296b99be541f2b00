//! Lists of hosts with their detections, as they are sent: piece by piece, by the ids of the hosts,
//! read ahead while the piece before is written. Hosts without a wanted detection are left out.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::Ipv4Addr;
use std::sync::Arc;

use palisade_model::{
    Action, DetectionStatus, Finding, FindingKind, NumberSet, Qid, Resource, Timestamp, Transport,
};
use palisade_store::{
    Between, DETECTION_HOSTS, DetectionKey, DetectionQuery, ListedDetection, ListedDetections, ListedHost,
    Store,
};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::actor::Actor;
use crate::app::App;
use crate::error::{Error, Result};
use crate::host_list::{SharedHost, host_entry};
use crate::host_selection::{ChosenHosts, SelectHosts, first_page_hosts};

/// Hosts read from the store at a time; their detections are read in smaller steps.
const PAGE_HOSTS: u32 = 1_024;
/// Steps that are read at the same time, by as many connections.
const READS_AT_ONCE: usize = 2;
/// Steps that wait for being written.
const STEPS_AHEAD: usize = 1;

/// Which detections of which hosts are wanted.
#[derive(Debug, Clone, Default)]
pub struct ListDetections {
    pub hosts: SelectHosts,
    pub statuses: Vec<DetectionStatus>,
    pub qids: Option<NumberSet>,
    /// Levels of severity.
    pub severities: Option<NumberSet>,
    /// Only QIDs on these search lists; all without any.
    pub search_lists: Option<SearchListsOf>,
    /// None of the QIDs on these.
    pub excluded_search_lists: Option<SearchListsOf>,
    /// Confirmed vulnerabilities, and potential ones.
    pub confirmed: bool,
    pub potential: bool,
    /// Gathered information too.
    pub information: bool,
    pub include_ignored: bool,
    /// Detections of QIDs that the subscription has disabled.
    pub include_disabled: bool,
    /// When something about it last changed, and when it was last tested for.
    pub updated: Between,
    pub tested: Between,
    pub with_results: bool,
    /// Most hosts; all when `None`.
    pub limit: Option<u64>,
}

/// Search lists, as a caller names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchListsOf {
    Ids(Vec<i64>),
    Titles(Vec<String>),
}

/// A list that is about to be read.
#[derive(Debug)]
pub struct DetectionList {
    chosen: ChosenHosts,
    query: DetectionQuery,
    /// What the KnowledgeBase says of each wanted QID.
    wanted: HashMap<Qid, Known>,
    /// Whether any of them is gathered information.
    information: bool,
    limit: Option<u64>,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    kind: FindingKind,
    severity: u8,
    disabled: bool,
}

/// Some of a host's detections.
#[derive(Debug)]
pub struct DetectionPiece {
    pub host: SharedHost,
    /// Whether the host ends with this piece.
    pub ends: bool,
    batch: ListedDetections,
    /// Places in the batch of what is wanted.
    shown: Vec<(usize, Known)>,
    information: Vec<(Finding, Known)>,
    information_at: Timestamp,
}

/// A piece of a list.
#[derive(Debug)]
pub enum DetectionPage {
    Pieces(Vec<DetectionPiece>),
    /// The limit is reached, and this is the next host. Nothing follows.
    More {
        next_id: u64,
    },
}

/// A detection of a list.
#[derive(Debug, Clone, Copy)]
pub enum ListedFinding<'a> {
    Detection {
        detection: &'a ListedDetection,
        kind: FindingKind,
        severity: u8,
        disabled: bool,
        result: &'a str,
    },
    Information {
        finding: &'a Finding,
        severity: u8,
        found_at: Timestamp,
    },
}

impl DetectionPiece {
    /// What it shows: vulnerabilities, then information; each by QID and port.
    pub fn findings(&self) -> impl Iterator<Item = ListedFinding<'_>> {
        let detections = self.shown.iter().filter_map(|(place, known)| {
            let detection = self.batch.entries().get(*place)?;
            let Known { kind, severity, disabled } = *known;
            let result = self.batch.result(detection);
            Some(ListedFinding::Detection { detection, kind, severity, disabled, result })
        });
        let found_at = self.information_at;
        detections.chain(self.information.iter().map(move |(finding, known)| ListedFinding::Information {
            finding,
            severity: known.severity,
            found_at,
        }))
    }

    /// A number for what was found where: always the same one for a QID on a port of a host, as long as
    /// the host is not purged. Two of a million have the same with a chance of one in millions.
    #[must_use]
    pub fn unique_id(&self, finding: &ListedFinding<'_>) -> u64 {
        let key = match finding {
            ListedFinding::Detection { detection, .. } => detection.key,
            ListedFinding::Information { finding, .. } => DetectionKey::of(finding),
        };
        let place = key.port.map_or(0, |(port, transport)| {
            u64::from(port) * 4 + if transport == Transport::Tcp { 1 } else { 2 }
        });
        let what = (u64::from(key.qid.number()) << 32) | place;
        mixed(mixed(self.host.id) ^ what) >> 1
    }

    fn is_empty(&self) -> bool {
        self.shown.is_empty() && self.information.is_empty()
    }
}

impl App {
    /// Decides which detections a list has. Nothing is read of the hosts yet.
    ///
    /// # Errors
    ///
    /// Beside permission those of an asset group or a search list that is unknown, and
    /// [`Error::OnlyInformation`] for search lists of nothing but gathered information, when that is not
    /// wanted.
    pub async fn plan_detection_list(&self, actor: &Actor, wanted: ListDetections) -> Result<DetectionList> {
        let reach = actor.allow(Action::List, Resource::HostVulnerability)?.reach();
        self.store().bring_tickets_back(self.clock().now()).await?;
        let known = self.wanted_qids(actor, &wanted).await?;
        let ListDetections { hosts, statuses, include_ignored, updated, tested, with_results, limit, .. } =
            wanted;
        let mut chosen = self.choose_hosts(actor, &reach, hosts).await?;
        let information = known.values().any(|known| !known.kind.is_detection());
        let mut qids: Vec<Qid> = known.keys().copied().collect();
        qids.sort_unstable();
        let query =
            DetectionQuery { statuses, qids: Some(qids), include_ignored, updated, tested, with_results };
        // Information is not among the detections: a host may have nothing else.
        if !information && query.is_selective() {
            chosen.query.having = Some(query.clone());
        }
        Ok(DetectionList { chosen, query, wanted: known, information, limit })
    }

    async fn wanted_qids(&self, actor: &Actor, wanted: &ListDetections) -> Result<HashMap<Qid, Known>> {
        let ListDetections {
            qids,
            severities,
            search_lists,
            excluded_search_lists,
            confirmed,
            potential,
            information,
            include_disabled,
            ..
        } = wanted;
        let has_kind = |kind: FindingKind| match kind {
            FindingKind::Vulnerability => *confirmed,
            FindingKind::Potential => *potential,
            FindingKind::Information | FindingKind::Service => *information,
        };
        let listed = self.qids_on_lists(actor, search_lists.as_ref()).await?;
        let unlisted = self.qids_on_lists(actor, excluded_search_lists.as_ref()).await?;
        let kb = self.kb();
        let detects = |qid: &Qid| kb.entry(*qid).is_some_and(|entry| entry.kind.is_detection());
        if !information && listed.as_ref().is_some_and(|qids| !qids.is_empty() && !qids.iter().any(detects)) {
            return Err(Error::OnlyInformation);
        }
        let entries = kb.entries().filter(|entry| {
            has_kind(entry.kind)
                && (*include_disabled || !entry.is_disabled())
                && qids.as_ref().is_none_or(|qids| qids.contains(u64::from(entry.qid.number())))
                && severities.as_ref().is_none_or(|levels| levels.contains(u64::from(entry.severity.level())))
                && listed.as_ref().is_none_or(|listed| listed.contains(&entry.qid))
                && !unlisted.as_ref().is_some_and(|unlisted| unlisted.contains(&entry.qid))
        });
        Ok(entries
            .map(|entry| {
                let (kind, severity) = (entry.kind, entry.severity.level());
                (entry.qid, Known { kind, severity, disabled: entry.is_disabled() })
            })
            .collect())
    }

    /// What is on lists; `None` where none are named.
    async fn qids_on_lists(
        &self,
        actor: &Actor,
        lists: Option<&SearchListsOf>,
    ) -> Result<Option<BTreeSet<Qid>>> {
        match lists {
            None => Ok(None),
            Some(SearchListsOf::Ids(ids)) => self.qids_of_search_lists(actor, ids, &[]).await.map(Some),
            Some(SearchListsOf::Titles(titles)) => {
                self.qids_of_search_lists(actor, &[], titles).await.map(Some)
            }
        }
    }

    /// The hosts of the list with their detections, read ahead. Reading stops when the receiver is
    /// dropped; an error is the last thing it gives.
    #[must_use]
    pub fn detection_pages(&self, list: DetectionList) -> mpsc::Receiver<Result<DetectionPage>> {
        let (sender, receiver) = mpsc::channel(STEPS_AHEAD);
        let app = self.clone();
        tokio::spawn(async move {
            let room = list.limit.unwrap_or(u64::MAX);
            let mut reader = Reader { app, room, list: Arc::new(list), sender };
            if let Err(error) = reader.read().await {
                // Nobody is left to be told when the receiver is gone.
                let _ = reader.sender.send(Err(error)).await;
            }
        });
        receiver
    }
}

/// Whether reading goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Going {
    On,
    Over,
}

/// Some hosts whose detections are being read.
struct Step {
    hosts: Vec<ListedHost>,
    reading: JoinHandle<Result<Found>>,
}

/// Detections by the host's id, and information by its address.
type Found = (HashMap<i64, ListedDetections>, HashMap<Ipv4Addr, Gathered>);

/// Reads a list.
struct Reader {
    app: App,
    list: Arc<DetectionList>,
    /// Hosts that there is room for.
    room: u64,
    sender: mpsc::Sender<Result<DetectionPage>>,
}

impl Reader {
    async fn read(&mut self) -> Result<()> {
        if self.list.wanted.is_empty() {
            return Ok(());
        }
        let mut steps: VecDeque<Step> = VecDeque::with_capacity(READS_AT_ONCE);
        let mut page_hosts = first_page_hosts(self.room, PAGE_HOSTS);
        let mut after = Some(0);
        while let Some(from) = after {
            let (page, next) = self.app.chosen_page(&self.list.chosen, from, page_hosts).await?;
            after = next;
            page_hosts = PAGE_HOSTS;
            let mut hosts = page.into_iter().peekable();
            while hosts.peek().is_some() {
                steps.push_back(self.begin(hosts.by_ref().take(DETECTION_HOSTS).collect()));
                if self.has_enough(&steps) && self.finish(&mut steps).await? == Going::Over {
                    return Ok(());
                }
            }
        }
        while !steps.is_empty() {
            if self.finish(&mut steps).await? == Going::Over {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Begins to read the detections of some hosts.
    fn begin(&self, hosts: Vec<ListedHost>) -> Step {
        let (store, list) = (self.app.store().clone(), Arc::clone(&self.list));
        let ids: Vec<i64> = hosts.iter().map(|host| host.id).collect();
        let ips: Vec<Ipv4Addr> = hosts.iter().map(|host| host.ip).collect();
        let reading = tokio::spawn(async move {
            let found = store.list_detections_of_hosts(&ids, &list.query).await?;
            Ok((found.into_iter().collect(), list.information_of(&store, &ips).await?))
        });
        Step { hosts, reading }
    }

    /// Whether nothing more is to be begun: the database is busy, or the hosts may be enough.
    fn has_enough(&self, steps: &VecDeque<Step>) -> bool {
        let hosts: usize = steps.iter().map(|step| step.hosts.len()).sum();
        steps.len() >= READS_AT_ONCE || u64::try_from(hosts).unwrap_or(u64::MAX) > self.room
    }

    /// Ends the first of the steps, and sends what was found.
    async fn finish(&mut self, steps: &mut VecDeque<Step>) -> Result<Going> {
        let Some(Step { hosts, reading }) = steps.pop_front() else { return Ok(Going::On) };
        let (mut found, mut information) = reading.await.map_err(Error::TaskEnded)??;
        let mut pieces = Vec::new();
        for host in hosts {
            let mut batch = found.remove(&host.id).unwrap_or_default();
            let mut gathered = information.remove(&host.ip);
            let id = host.id;
            let entry = Arc::new(host_entry(&self.list.chosen, host, Vec::new()));
            let mut is_listed = false;
            loop {
                let after = batch.next();
                // Information goes with the last batch.
                let told = if after.is_none() { gathered.take() } else { None };
                let piece = self.list.piece(&entry, batch, told, after.is_none());
                if !piece.is_empty() && !is_listed {
                    if self.room == 0 {
                        return Ok(self.end(pieces, entry.id).await);
                    }
                    self.room -= 1;
                    is_listed = true;
                }
                if is_listed {
                    pieces.push(piece);
                }
                let Some(after) = after else { break };
                // A host that takes more than one batch fills memory by itself.
                if self.send(std::mem::take(&mut pieces)).await == Going::Over {
                    return Ok(Going::Over);
                }
                batch = self.app.store().list_more_detections(id, &self.list.query, after).await?;
            }
        }
        Ok(self.send(pieces).await)
    }

    async fn send(&self, pieces: Vec<DetectionPiece>) -> Going {
        if pieces.is_empty() {
            return if self.sender.is_closed() { Going::Over } else { Going::On };
        }
        match self.sender.send(Ok(DetectionPage::Pieces(pieces))).await {
            Ok(()) => Going::On,
            Err(_) => Going::Over,
        }
    }

    async fn end(&self, pieces: Vec<DetectionPiece>, next_id: u64) -> Going {
        if self.send(pieces).await == Going::On {
            // Nobody is left to be told when the receiver is gone.
            let _ = self.sender.send(Ok(DetectionPage::More { next_id })).await;
        }
        Going::Over
    }
}

impl DetectionList {
    fn piece(
        &self,
        host: &SharedHost,
        batch: ListedDetections,
        gathered: Option<Gathered>,
        ends: bool,
    ) -> DetectionPiece {
        let known = |entry: &ListedDetection| {
            self.wanted.get(&entry.key.qid).copied().filter(|known| known.kind.is_detection())
        };
        let shown = batch.entries().iter().enumerate();
        let shown = shown.filter_map(|(place, entry)| Some((place, known(entry)?))).collect();
        let (information, information_at) = gathered.unwrap_or_default();
        DetectionPiece { host: Arc::clone(host), ends, batch, shown, information, information_at }
    }

    async fn information_of(&self, store: &Store, ips: &[Ipv4Addr]) -> Result<HashMap<Ipv4Addr, Gathered>> {
        if !self.information {
            return Ok(HashMap::new());
        }
        let latest = store.list_latest_findings_of(ips).await?;
        Ok(latest
            .into_iter()
            .map(|(ip, findings, at)| {
                let known = |finding: Finding| {
                    let known = *self.wanted.get(&finding.qid)?;
                    (!known.kind.is_detection()).then_some((finding, known))
                };
                let mut told: Vec<_> = findings.into_iter().filter_map(known).collect();
                told.sort_by_key(|(finding, _)| (finding.qid, finding.port));
                (ip, (told, at))
            })
            .collect())
    }
}

/// A number whose bits all hang on all bits of the other (splitmix64).
const fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Information of one host and when it was gathered.
type Gathered = (Vec<(Finding, Known)>, Timestamp);
