//! Versions of products against the public records of CVEs: findings that are concluded when a
//! host's result is taken in, from the facts it brings. Each is a potential vulnerability.
//!
//! The KnowledgeBase in use is made of its content and of what the store knows of CVEs; it is made
//! anew whenever that has changed, by whatever process.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use palisade_engine::ScanOrder;
use palisade_kb::{Decision, Entry, KnowledgeBase, decide, entry_of, first_cve_qid, is_cve_qid, names_of};
use palisade_model::cve::{Cvss, SOFTWARE_MAX, ThreatIntelligence};
use palisade_model::{CpeName, Cve, CveId, FeedKind, Finding, HostFacts, HostResult, Qid, Timestamp};
use palisade_store::{CveKnowledge, KnowledgeOfCves};

use crate::app::App;
use crate::error::Result;

/// Most CVEs that become findings of one service; the worst of them.
const FINDINGS_OF_SERVICE_MAX: usize = 100;
/// Most records looked at for one product.
const RECORDS_OF_PRODUCT_MAX: u32 = 20_000;
/// Products whose records are kept in memory.
const PRODUCTS_KEPT_MAX: usize = 32;
/// Records kept in memory, all together.
const RECORDS_KEPT_MAX: usize = 20_000;

type Records = Arc<Vec<Cve>>;
/// By vendor and product.
type RecordsOfProducts = HashMap<(String, String), Records>;

/// The KnowledgeBase in use, and what was looked up to make it.
#[derive(Debug)]
pub(crate) struct Knowledge {
    /// The content alone.
    content: RwLock<Arc<KnowledgeBase>>,
    in_use: RwLock<Arc<KnowledgeBase>>,
    looked_up: Mutex<Arc<LookedUp>>,
    /// Records of products, without their descriptions, as of an import.
    records: Mutex<(Option<i64>, RecordsOfProducts)>,
    /// Held while the KnowledgeBase is made anew.
    making: tokio::sync::Mutex<()>,
}

/// What is known of CVEs, as of a revision of the store.
#[derive(Debug, Default)]
struct LookedUp {
    revision: i64,
    /// When records were last taken in, in microseconds; `None` when there are none.
    imported_at_us: Option<i64>,
    qids: BTreeMap<CveId, Qid>,
}

/// What was concluded about a host.
#[derive(Debug, Default)]
struct Concluded {
    /// By the place of the port, each CVE with the words for it.
    affected: Vec<(usize, CveId, String)>,
    /// CVEs of which nothing can be said: the version is not known, or there are too many.
    undecided: BTreeSet<CveId>,
}

impl Knowledge {
    pub(crate) fn new(content: Arc<KnowledgeBase>) -> Self {
        Self {
            in_use: RwLock::new(Arc::clone(&content)),
            content: RwLock::new(content),
            looked_up: Mutex::default(),
            records: Mutex::default(),
            making: tokio::sync::Mutex::default(),
        }
    }

    pub(crate) fn in_use(&self) -> Arc<KnowledgeBase> {
        Arc::clone(&self.in_use.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn looked_up(&self) -> Arc<LookedUp> {
        Arc::clone(&self.looked_up.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn content(&self) -> Arc<KnowledgeBase> {
        Arc::clone(&self.content.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// CVEs that entries of the content speak about: their own checks decide.
fn covered(content: &KnowledgeBase) -> BTreeSet<&str> {
    content.entries().flat_map(|entry| &entry.cves).map(String::as_str).collect()
}

impl App {
    /// Makes the KnowledgeBase anew if what is known of CVEs, or said by the subscription, has changed,
    /// here or by another process; says whether it had.
    pub async fn refresh_knowledge_base(&self) -> Result<bool> {
        let knowledge = &self.parts.knowledge;
        if self.store().feed_revision().await? == knowledge.looked_up().revision {
            return Ok(false);
        }
        let _making = knowledge.making.lock().await;
        // The revision first: what changes from here on is seen the next time.
        let revision = self.store().feed_revision().await?;
        if revision == knowledge.looked_up().revision {
            return Ok(false);
        }
        self.make_knowledge_base(revision).await?;
        Ok(true)
    }

    /// Puts other content in the place of what there was, for who asks from now on: our own checks are
    /// the same for as long as the process lives, what community templates find is not.
    pub async fn replace_content(&self, content: Arc<KnowledgeBase>) -> Result<()> {
        let knowledge = &self.parts.knowledge;
        let _making = knowledge.making.lock().await;
        *knowledge.content.write().unwrap_or_else(PoisonError::into_inner) = content;
        let revision = self.store().feed_revision().await?;
        self.make_knowledge_base(revision).await
    }

    /// Makes it of the content and of what the store knows at this revision, or later.
    async fn make_knowledge_base(&self, revision: i64) -> Result<()> {
        let knowledge = &self.parts.knowledge;
        let content = knowledge.content();
        let feeds = self.store().list_feeds().await?;
        let nvd = feeds.iter().find(|state| state.feed == FeedKind::Nvd && state.records > 0);
        let imported_at_us = nvd.and_then(|state| state.imported_at).map(Timestamp::as_microsecond);
        let qids = self.store().list_cve_qids().await?;
        let of_content = covered(&content).into_iter().filter_map(|cve| cve.parse().ok());
        let wanted: BTreeSet<CveId> = of_content.chain(qids.keys().cloned()).collect();
        let wanted: Vec<CveId> = wanted.into_iter().collect();
        let known = self.store().list_cve_knowledge(&wanted).await?;
        let made = content.with_feeds(added(&qids, &known), |cves| {
            intelligence(cves.iter().filter_map(|cve| known.get(&cve.parse().ok()?)))
        });
        let made = made.with_custom(self.store().list_custom_vulnerabilities().await?);
        *knowledge.in_use.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(made);
        let looked_up = Arc::new(LookedUp { revision, imported_at_us, qids });
        *knowledge.looked_up.lock().unwrap_or_else(PoisonError::into_inner) = looked_up;
        Ok(())
    }

    /// What the public lists say of a CVE.
    pub async fn cve_knowledge(&self, cve: &CveId) -> Result<Option<CveKnowledge>> {
        Ok(self.store().list_cve_knowledge(std::slice::from_ref(cve)).await?.remove(cve))
    }

    /// Adds to a host's result what follows from the versions of its products.
    pub async fn add_version_matches(&self, order: &ScanOrder, result: &mut HostResult) -> Result<()> {
        let knowledge = &self.parts.knowledge;
        self.refresh_knowledge_base().await?;
        if !result.facts.alive || knowledge.looked_up().imported_at_us.is_none() || !asks_for_cves(order) {
            return Ok(());
        }
        let Concluded { affected, undecided } = self.conclude(&result.facts).await?;
        let known = &knowledge.looked_up().qids;
        let new: BTreeSet<CveId> =
            affected.iter().map(|(_, cve, _)| cve).filter(|cve| !known.contains_key(*cve)).cloned().collect();
        if !new.is_empty() {
            let new: Vec<CveId> = new.into_iter().collect();
            self.store().assign_cve_qids(&new, first_cve_qid(), self.clock().now()).await?;
            self.refresh_knowledge_base().await?;
        }
        let looked_up = knowledge.looked_up();
        let selection = order.profile.detection.select(order.qids.as_deref(), &*knowledge.in_use());
        let mut findings: Vec<Finding> = affected
            .into_iter()
            .filter_map(|(place, cve, words)| {
                let qid = *looked_up.qids.get(&cve)?;
                let port = result.facts.ports.get(place)?;
                selection.has(qid).then_some(Finding {
                    qid,
                    port: Some(port.port),
                    transport: Some(port.transport),
                    tls: port.implicit_tls,
                    result: words,
                    table: false,
                })
            })
            .collect();
        findings.sort_by_key(|finding| (finding.qid, finding.transport, finding.port));
        if result.facts.timed_out {
            result.tested.extend(findings.iter().map(|finding| finding.qid).collect::<BTreeSet<_>>());
        } else {
            let decided = looked_up.qids.iter().filter(|(cve, _)| !undecided.contains(*cve));
            result.tested.extend(decided.map(|(_, qid)| *qid).filter(|qid| selection.has(*qid)));
        }
        result.findings.extend(findings);
        Ok(())
    }

    async fn conclude(&self, facts: &HostFacts) -> Result<Concluded> {
        let content = self.parts.knowledge.content();
        let covered = covered(&content);
        let beside = names_on(facts);
        let mut concluded = Concluded::default();
        for (place, port) in facts.ports.iter().enumerate() {
            let cpe = port.product.as_ref().and_then(|product| product.cpe.as_deref());
            let Some(seen) = cpe.and_then(|cpe| cpe.parse::<CpeName>().ok()) else { continue };
            let mut affected: BTreeMap<CveId, (u8, String)> = BTreeMap::new();
            for name in names_of(&seen) {
                for cve in self.records_of(&name).await?.iter() {
                    if covered.contains(cve.id.as_str()) {
                        continue;
                    }
                    match decide(cve, &name, &beside) {
                        Decision::No => {}
                        Decision::Undecided => {
                            concluded.undecided.insert(cve.id.clone());
                        }
                        Decision::Affected(range) => {
                            let score = cve.scores.leading().map_or(0, |score| score.score);
                            affected.insert(cve.id.clone(), (score, evidence(&seen, &cve.id, &range)));
                        }
                    }
                }
            }
            let (kept, left) = self.worst(affected).await?;
            concluded.affected.extend(kept.into_iter().map(|(cve, words)| (place, cve, words)));
            concluded.undecided.extend(left);
        }
        Ok(concluded)
    }

    /// The worst of what was concluded about one service: what is known to be exploited, then by
    /// score, the newest first; and the numbers of the others.
    async fn worst(
        &self,
        affected: BTreeMap<CveId, (u8, String)>,
    ) -> Result<(Vec<(CveId, String)>, Vec<CveId>)> {
        let mut ranked: Vec<(CveId, u8, String)> =
            affected.into_iter().map(|(cve, (score, words))| (cve, score, words)).collect();
        let mut left = Vec::new();
        if ranked.len() > FINDINGS_OF_SERVICE_MAX {
            let cves: Vec<CveId> = ranked.iter().map(|(cve, ..)| cve.clone()).collect();
            let known = self.store().list_cve_knowledge(&cves).await?;
            let exploited = |cve: &CveId| known.get(cve).is_some_and(|known| known.known_exploited.is_some());
            ranked.sort_by_cached_key(|(cve, score, _)| {
                std::cmp::Reverse((exploited(cve), *score, number_of(cve)))
            });
            left = ranked.drain(FINDINGS_OF_SERVICE_MAX..).map(|(cve, ..)| cve).collect();
        }
        Ok((ranked.into_iter().map(|(cve, _, words)| (cve, words)).collect(), left))
    }

    async fn records_of(&self, name: &CpeName) -> Result<Records> {
        let (Some(vendor), Some(product)) = (name.vendor.text(), name.product.text()) else {
            return Ok(Records::default());
        };
        let knowledge = &self.parts.knowledge;
        let imported = knowledge.looked_up().imported_at_us;
        let key = (vendor.to_owned(), product.to_owned());
        {
            let mut kept = knowledge.records.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.0 != imported {
                *kept = (imported, HashMap::new());
            }
            if let Some(records) = kept.1.get(&key) {
                return Ok(Arc::clone(records));
            }
        }
        let mut records = self.store().list_cves_of_product(vendor, product, RECORDS_OF_PRODUCT_MAX).await?;
        for record in &mut records {
            record.description = String::new();
        }
        let records = Arc::new(records);
        let mut kept = knowledge.records.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.0 == imported {
            let count = kept.1.values().map(|records| records.len()).sum::<usize>() + records.len();
            if kept.1.len() >= PRODUCTS_KEPT_MAX || count > RECORDS_KEPT_MAX {
                kept.1.clear();
            }
            kept.1.insert(key, Arc::clone(&records));
        }
        Ok(records)
    }
}

/// Whether a scan may be for CVEs at all: it is not when it names QIDs, and none of theirs.
fn asks_for_cves(order: &ScanOrder) -> bool {
    order.qids.as_ref().is_none_or(|qids| qids.iter().any(|qid| is_cve_qid(*qid)))
}

/// All names of a host: its products' and its operating system's.
fn names_on(facts: &HostFacts) -> Vec<CpeName> {
    let products = facts.ports.iter().filter_map(|port| port.product.as_ref()?.cpe.as_deref());
    let system = facts.os.as_ref().and_then(|os| os.cpe.as_deref());
    products.chain(system).filter_map(|cpe| cpe.parse().ok()).collect()
}

/// The same whenever the same version is seen.
fn evidence(seen: &CpeName, cve: &CveId, range: &str) -> String {
    format!(
        "Detected version: {}\nCPE name: {seen}\n{cve} names: {range}\nConcluded from the version alone: \
         distributions repair errors without changing it.",
        seen.version_text().unwrap_or_default()
    )
}

/// Year and number, for the order of age.
fn number_of(cve: &CveId) -> (u32, u64) {
    let mut parts = cve.as_str().split('-').skip(1);
    let mut next = || parts.next().unwrap_or_default();
    (next().parse().unwrap_or_default(), next().parse().unwrap_or_default())
}

/// The entries of CVEs that have QIDs.
fn added(qids: &BTreeMap<CveId, Qid>, known: &KnowledgeOfCves) -> Vec<Entry> {
    let entry = |(cve, qid): (&CveId, &Qid)| {
        let of_cve = known.get(cve)?;
        Some(entry_of(of_cve.record.as_ref()?, *qid, intelligence([of_cve].into_iter())))
    };
    qids.iter().filter_map(entry).collect()
}

/// Puts the higher score in the place of the other.
fn raise(highest: &mut Option<Cvss>, score: Option<&Cvss>) {
    if let Some(score) = score.filter(|new| highest.as_ref().is_none_or(|old| new.score > old.score)) {
        *highest = Some(score.clone());
    }
}

/// What the lists say of an entry's CVEs, all together.
fn intelligence<'k>(known: impl Iterator<Item = &'k CveKnowledge>) -> ThreatIntelligence {
    let mut all = ThreatIntelligence::default();
    for CveKnowledge { record, known_exploited, exploit_score } in known {
        if let Some(record) = record {
            raise(&mut all.cvss2, record.scores.v2.as_ref());
            raise(&mut all.cvss3, record.scores.v3.as_ref());
            let room = SOFTWARE_MAX.saturating_sub(all.software.len());
            let products = record.products().into_iter().filter(|each| !all.software.contains(each));
            let products: Vec<(String, String)> = products.take(room).collect();
            all.software.extend(products);
        }
        let earlier = |new: &&palisade_model::cve::KnownExploited| {
            all.known_exploited.as_ref().is_none_or(|old| new.added_on < old.added_on)
        };
        if let Some(entry) = known_exploited.as_ref().filter(earlier) {
            all.known_exploited = Some(entry.clone());
        }
        let higher = |new: &&palisade_model::cve::ExploitScore| {
            all.exploit_score.as_ref().is_none_or(|old| new.probability > old.probability)
        };
        if let Some(score) = exploit_score.as_ref().filter(higher) {
            all.exploit_score = Some(score.clone());
        }
    }
    all
}
