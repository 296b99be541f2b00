//! The KnowledgeBase as a whole: loading content, finding entries, judging hosts.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use palisade_model::cve::ThreatIntelligence;
use palisade_model::fact::PortFacts;
use palisade_model::{CustomVulnerability, Finding, HostFacts, Qid, Timestamp};

use crate::check::{Applicability, Check};
use crate::document::{Document, Scope};
use crate::engine::Engine;
use crate::entry::Entry;
use crate::error::Error;
use crate::facts_value::to_cel;

/// The content compiled into the binary: file name, what the build made of it, and its text.
static EMBEDDED: &[(&str, &str, &str)] = include!(concat!(env!("OUT_DIR"), "/content.rs"));

/// Bytes a file may have.
const FILE_BYTES_MAX: u64 = 256 << 10;
/// Files a content folder may have.
const FILES_MAX: usize = 100_000;
/// Day 0 of the content version: 2025-01-01, in days since 1970.
const VERSION_DAY_ZERO: i64 = 20_089;

/// What can be wrong, and how it is told. Immutable; share it behind an `Arc`.
#[derive(Debug, Clone)]
pub struct KnowledgeBase {
    engine: Arc<Engine>,
    entries: BTreeMap<Qid, Entry>,
    /// In ascending QID.
    checks: Arc<Vec<Check>>,
    files: Arc<BTreeMap<Qid, File>>,
    version: String,
}

/// The file of an entry: its name and its text.
#[derive(Debug)]
struct File {
    name: Cow<'static, str>,
    text: Cow<'static, str>,
}

/// What judging a host came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judgement {
    /// By QID, then in the order of the host's ports; at most one for a QID and a port.
    pub findings: Vec<Finding>,
    /// QIDs whose check ran to its end wherever it had something to look at, ascending. Empty for
    /// a host that is not alive or took too long: what is not here must not close a detection.
    pub tested: Vec<Qid>,
    /// QIDs whose expressions failed, and why; for the log.
    pub failed: Vec<(Qid, String)>,
}

impl KnowledgeBase {
    /// The content compiled into the binary. Its expressions are compiled when they are asked; that
    /// all of them can be is the business of the tests.
    pub fn embedded() -> Result<Self, Error> {
        Self::load(EMBEDDED.iter().map(|(name, json, text)| {
            let file = File { name: Cow::Borrowed(name), text: Cow::Borrowed(text) };
            Ok((Document::parse_built(name, json)?, file))
        }))
    }

    /// The same sort of content from a folder: `<folder>/<sort>/<qid>-<name>.toml`.
    pub fn from_directory(path: impl AsRef<Path>) -> Result<Self, Error> {
        let mut names = Vec::new();
        for folder in read_folder(path.as_ref())? {
            if folder.is_dir() {
                let files = read_folder(&folder)?;
                names.extend(
                    files.into_iter().filter(|file| file.extension().is_some_and(|end| end == "toml")),
                );
            }
        }
        if names.len() > FILES_MAX {
            return Err(Error::TooLarge { name: path.as_ref().display().to_string() });
        }
        let loaded = Self::load(names.into_iter().map(|file| {
            let failed = |source| Error::Read { path: file.clone(), source };
            if file.metadata().map_err(failed)?.len() > FILE_BYTES_MAX {
                return Err(Error::TooLarge { name: file.display().to_string() });
            }
            let text = std::fs::read_to_string(&file).map_err(failed)?;
            let name = file.display().to_string();
            Ok((Document::parse(&name, &text)?, File { name: name.into(), text: text.into() }))
        }))?;
        // Nobody has tested this content.
        for check in loaded.checks.iter() {
            check.compile(&loaded.engine).map_err(|(key, problem)| {
                let name = loaded.files.get(&check.qid).map(|file| file.name.to_string());
                Error::Expression { name: name.unwrap_or_default(), key, problem }
            })?;
        }
        Ok(loaded)
    }

    fn load(documents: impl Iterator<Item = Result<(Document, File), Error>>) -> Result<Self, Error> {
        let engine = Engine::new()
            .map_err(|problem| Error::Value { name: "the expression language".to_owned(), problem })?;
        let mut loaded: BTreeMap<Qid, (Entry, Check, File)> = BTreeMap::new();
        for document in documents {
            let (document, file) = document?;
            let (entry, check) = document.split(&file.name)?;
            let qid = entry.qid;
            if loaded.contains_key(&qid) {
                return Err(Error::Duplicate { name: file.name.into_owned(), qid: qid.number() });
            }
            loaded.insert(qid, (entry, check, file));
        }
        let newest = loaded.values().map(|(entry, ..)| entry.updated_at).max();
        let version = version_of(newest.unwrap_or(Timestamp::UNIX_EPOCH));
        let (mut entries, mut checks) = (BTreeMap::new(), Vec::with_capacity(loaded.len()));
        let mut files = BTreeMap::new();
        for (qid, (entry, check, file)) in loaded {
            entries.insert(qid, entry);
            checks.push(check);
            files.insert(qid, file);
        }
        let (engine, checks, files) = (Arc::new(engine), Arc::new(checks), Arc::new(files));
        Ok(Self { engine, entries, checks, files, version })
    }

    /// The same with entries that have no check here, in place of any of their QIDs, and with what
    /// the public lists say of the CVEs of the others.
    #[must_use]
    pub fn with_feeds(
        &self,
        added: impl IntoIterator<Item = Entry>,
        intelligence: impl Fn(&[String]) -> ThreatIntelligence,
    ) -> Self {
        let mut made = self.clone();
        for entry in made.entries.values_mut().filter(|entry| !entry.cves.is_empty()) {
            entry.intelligence = intelligence(&entry.cves);
        }
        made.entries.extend(added.into_iter().map(|entry| (entry.qid, entry)));
        made
    }

    /// The same with what the subscription says of entries.
    #[must_use]
    pub fn with_custom(mut self, said: impl IntoIterator<Item = CustomVulnerability>) -> Self {
        for custom in said {
            if let Some(entry) = self.entries.get_mut(&custom.qid) {
                entry.severity = custom.severity.unwrap_or(entry.severity);
                entry.custom = Some(custom);
            }
        }
        self
    }

    /// Adds entries of what others find; those whose QID is taken are left out.
    pub fn add_entries(&mut self, entries: impl IntoIterator<Item = Entry>) {
        for entry in entries {
            self.entries.entry(entry.qid).or_insert(entry);
        }
    }

    /// The version of the content, `1.0.N-1`; N grows with the date of the newest change.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All entries, by ascending QID.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    #[must_use]
    pub fn entry(&self, qid: Qid) -> Option<&Entry> {
        self.entries.get(&qid)
    }

    /// Whether the subscription has switched the QID off.
    #[must_use]
    pub fn is_disabled(&self, qid: Qid) -> bool {
        self.entry(qid).is_some_and(Entry::is_disabled)
    }

    pub(crate) fn checks(&self) -> &[Check] {
        &self.checks
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// QID, name and text of every file.
    pub(crate) fn files(&self) -> impl Iterator<Item = (Qid, &str, &str)> {
        self.files.iter().map(|(qid, file)| (*qid, file.name.as_ref(), file.text.as_ref()))
    }

    /// What the facts of a host show: of all entries, or of the `wanted` ones.
    ///
    /// Never panics; an expression that fails is reported in [`Judgement::failed`].
    #[must_use]
    pub fn judge(&self, facts: &HostFacts, wanted: Option<&[Qid]>) -> Judgement {
        let mut judgement = Judgement::default();
        if !facts.alive {
            return judgement;
        }
        let wanted: Option<BTreeSet<Qid>> = wanted.map(|qids| qids.iter().copied().collect());
        let checks: Vec<&Check> = self
            .checks
            .iter()
            .filter(|check| wanted.as_ref().is_none_or(|qids| qids.contains(&check.qid)))
            .collect();
        if let Err(problem) = self.judge_with(facts, &checks, &mut judgement) {
            judgement = Judgement::default();
            judgement.failed = checks.iter().map(|check| (check.qid, problem.clone())).collect();
        }
        if facts.timed_out {
            judgement.tested.clear();
        }
        judgement
    }

    fn judge_with(
        &self,
        facts: &HostFacts,
        checks: &[&Check],
        judgement: &mut Judgement,
    ) -> Result<(), String> {
        let host_json = serde_json::to_value(facts).map_err(|error| error.to_string())?;
        let mut context = self.engine.context()?;
        context.add_variable_from_value("host", to_cel(&host_json));

        let no_ports = Vec::new();
        let ports_json = host_json.get("ports").and_then(serde_json::Value::as_array).unwrap_or(&no_ports);
        let mut ports = Vec::with_capacity(facts.ports.len());
        for (port, json) in facts.ports.iter().zip(ports_json) {
            let mut inner = context.new_inner_scope();
            inner.add_variable_from_value("port", to_cel(json));
            ports.push(PortView { facts: port, json, context: inner });
        }

        for check in checks {
            let outcome = match check.scope {
                Scope::Host => check.evaluate(&self.engine, &context).map(|found| {
                    judgement.findings.extend(found.map(|evidence| check.finding(None, evidence)));
                    true
                }),
                Scope::Port => judge_ports(check, &self.engine, &ports, &mut judgement.findings),
            };
            match outcome {
                Ok(true) => judgement.tested.push(check.qid),
                Ok(false) => {}
                Err(problem) => judgement.failed.push((check.qid, problem)),
            }
        }
        Ok(())
    }
}

struct PortView<'a, 'c> {
    facts: &'a PortFacts,
    json: &'a serde_json::Value,
    context: cel::Context<'c, 'static>,
}

/// Judges every port; says whether all that had to be looked at was looked at. A failure on one
/// port does not keep the findings on others.
fn judge_ports(
    check: &Check,
    engine: &Engine,
    ports: &[PortView<'_, '_>],
    findings: &mut Vec<Finding>,
) -> Result<bool, String> {
    let mut complete = true;
    let mut problem = None;
    let mut seen = BTreeSet::new();
    for port in ports {
        match check.applicability(port.json) {
            Applicability::OtherSort => continue,
            Applicability::NotLookedAt => {
                complete = false;
                continue;
            }
            Applicability::Applies => {}
        }
        match check.evaluate(engine, &port.context) {
            Ok(Some(evidence)) => {
                if seen.insert((port.facts.transport, port.facts.port)) {
                    findings.push(check.finding(Some(port.facts), evidence));
                }
            }
            Ok(None) => {}
            Err(failure) => problem = Some(format!("port {}: {failure}", port.facts.port)),
        }
    }
    problem.map_or(Ok(complete), Err)
}

fn version_of(newest: Timestamp) -> String {
    let days = newest.as_second() / 86_400 - VERSION_DAY_ZERO;
    format!("1.0.{}-1", days.max(0))
}

fn read_folder(path: &Path) -> Result<Vec<std::path::PathBuf>, Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(path).map_err(failed)? {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.sort();
    Ok(paths)
}
