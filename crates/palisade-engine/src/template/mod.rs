//! Community templates, run against a host whose ports and services are known.
//!
//! Web templates run on ports that speak HTTP, TCP templates on the ports they name, DNS templates
//! on name servers, TLS templates over the facts of TLS ports without a connection of their own. All
//! of it happens inside the host's budgets and ends before the host's time does, so that a large set
//! of templates never costs the host its other results.

mod carrier;
mod plan;
mod web;

pub(crate) use plan::TemplatePlan;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt;
use palisade_model::{Finding, PortFacts, Qid, Transport, VirtualName};
use palisade_probe::identify::prints;
use palisade_template::run::{Outcome, Target, run};
use palisade_template::{Numbered, Protocol};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use self::carrier::{Datagrams, Streams, WebCarrier};
use self::web::Web;
use crate::pacing::HostPace;
use crate::scan::ScanContext;
use crate::sheet::Sheet;

/// Ports that templates run against at the same time.
const PORTS_PARALLEL: usize = 4;
/// Templates at work on one port, most of them waiting for an answer.
const TEMPLATES_PARALLEL: usize = 16;
/// Characters of evidence kept.
const RESULT_CHARACTERS_MAX: usize = 16_000;

/// What the templates of a scan came to on one host.
#[derive(Debug, Default)]
struct Results {
    findings: Vec<Finding>,
    /// Not asked to the end somewhere, so that nothing follows from what they did not find.
    incomplete: BTreeSet<Qid>,
}

/// One host, as all its ports share it.
struct Job {
    host: Arc<HostPace>,
    context: ScanContext,
    name: Option<String>,
    results: Mutex<Results>,
    /// Connections of web templates.
    turns: Arc<Semaphore>,
    /// Those that wait for another request. Most of the host's room is left, so that nobody waits for
    /// connections that nobody uses.
    idle_room: Arc<Semaphore>,
    until: Instant,
}

/// Runs all chosen templates; findings go to the sheet.
pub(crate) async fn run_all(host: &Arc<HostPace>, sheet: &Sheet, context: &ScanContext, name: Option<&str>) {
    let plan = &host.plan().templates;
    if plan.is_empty() {
        return;
    }
    let now = Instant::now();
    // The host's other results are not risked for these.
    let until = now + host.deadline.saturating_duration_since(now) / 4 * 3;
    let job = Arc::new(Job {
        host: Arc::clone(host),
        context: context.clone(),
        name: name.map(str::to_owned),
        results: Mutex::default(),
        turns: Arc::new(Semaphore::new(host.http_max().max(1))),
        idle_room: Arc::new(Semaphore::new(host.http_max().min(host.connections_max() / 4))),
        until,
    });
    let ports: Vec<PortFacts> = sheet.snapshot().facts.ports;
    let allowed = |port: &PortFacts| !prints(port.port) && host.plan().may_speak_to(port.port);
    let udp_dns = ports.iter().any(|port| port.transport == Transport::Udp && port.service == "dns");
    let ports_at_once = Arc::new(Semaphore::new(PORTS_PARALLEL));
    let mut tasks = JoinSet::new();
    for port in ports.into_iter().filter(allowed) {
        let (job, turns) = (Arc::clone(&job), Arc::clone(&ports_at_once));
        // The same name server is not asked everything twice.
        let second = port.transport == Transport::Tcp && udp_dns;
        tasks.spawn(async move {
            let Ok(_turn) = turns.acquire().await else { return };
            job.port(port, second).await;
        });
    }
    while let Some(ended) = tasks.join_next().await {
        if let Err(failure) = ended {
            tracing::error!(host = %host.address, error = %failure, "templates failed on a port");
            job.results().incomplete.extend(plan.qids());
        }
    }
    let results = std::mem::take(&mut *job.results());
    let tested = plan.qids().filter(|qid| !results.incomplete.contains(qid)).collect();
    sheet.write_templates(results.findings, tested);
}

impl Job {
    fn results(&self) -> std::sync::MutexGuard<'_, Results> {
        self.results.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn port(self: Arc<Self>, mut port: PortFacts, asked_over_udp: bool) {
        let tls = port.implicit_tls;
        let name = self.name.clone().filter(|_| tls);
        let target = Target {
            address: self.host.address,
            port: port.port,
            tls,
            host: name.unwrap_or_else(|| self.host.authority()),
            name: self.name.clone(),
            tls_facts: port.tls.take().map(Arc::new),
        };
        if port.transport == Transport::Tcp {
            if port.service == "http" {
                self.web(&target, &port, None).await;
                for name in self.host.plan().virtual_names(self.host.address, port.port) {
                    let host = name.to_string();
                    let target = Target { name: Some(host.clone()), host, ..target.clone() };
                    self.web(&target, &port, Some(name)).await;
                }
            }
            self.tcp(&target, &port).await;
            if target.tls_facts.is_some() {
                self.tls(&target, &port).await;
            }
        }
        if port.service == "dns" && !asked_over_udp {
            self.dns(&target, &port).await;
        }
    }

    /// `virtual_host`: the name that the server is asked by, beside its own.
    async fn web(self: &Arc<Self>, target: &Target, port: &PortFacts, virtual_host: Option<&VirtualName>) {
        let templates: Vec<&Numbered> = self.host.plan().templates.of(Protocol::Http).collect();
        if templates.is_empty() {
            return;
        }
        let (turns, idle_room) = (Arc::clone(&self.turns), Arc::clone(&self.idle_room));
        let web = Web::new(Arc::clone(&self.host), target.clone(), self.until, turns, idle_room);
        let order = web.share(&templates, self.context.clock.now(), self.context.ids.as_ref()).await;
        let web = &web;
        futures_util::stream::iter(order)
            .for_each_concurrent(TEMPLATES_PARALLEL, |numbered| async move {
                let mut carrier = WebCarrier { web };
                let found = self.ask(numbered, target, &mut carrier).await;
                self.note(numbered, target, port, virtual_host, found);
                // Looking at answers takes its time too; others get their turn.
                tokio::task::yield_now().await;
            })
            .await;
    }

    async fn tcp(&self, target: &Target, port: &PortFacts) {
        for numbered in self.host.plan().templates.of(Protocol::Tcp) {
            if runs_on(numbered, port) {
                let mut carrier = Streams { host: &self.host, port: target.port, until: self.until };
                self.one(numbered, target, port, &mut carrier).await;
            }
        }
    }

    async fn dns(&self, target: &Target, port: &PortFacts) {
        for numbered in self.host.plan().templates.of(Protocol::Dns) {
            // A host without a name has none to ask about.
            if self.name.is_some() || !numbered.template.asks_for_host_name() {
                let ids = self.context.ids.as_ref();
                let mut carrier = Datagrams { host: &self.host, port, until: self.until, ids };
                self.one(numbered, target, port, &mut carrier).await;
            }
        }
    }

    async fn tls(&self, target: &Target, port: &PortFacts) {
        for numbered in self.host.plan().templates.of(Protocol::Ssl) {
            let mut carrier = Streams { host: &self.host, port: target.port, until: self.until };
            self.one(numbered, target, port, &mut carrier).await;
        }
    }

    /// Runs one template and notes what it came to.
    async fn one<C: palisade_template::run::Carrier>(
        &self,
        numbered: &Numbered,
        target: &Target,
        port: &PortFacts,
        carrier: &mut C,
    ) {
        let outcome = self.ask(numbered, target, carrier).await;
        self.note(numbered, target, port, None, outcome);
    }

    async fn ask<C: palisade_template::run::Carrier>(
        &self,
        numbered: &Numbered,
        target: &Target,
        carrier: &mut C,
    ) -> Outcome {
        let now = self.context.clock.now();
        let running = run(&numbered.template, target, now, self.context.ids.as_ref(), carrier);
        timeout_at(self.until, running).await.unwrap_or_default()
    }

    fn note(
        &self,
        numbered: &Numbered,
        target: &Target,
        port: &PortFacts,
        virtual_host: Option<&VirtualName>,
        outcome: Outcome,
    ) {
        let Outcome { found, complete } = outcome;
        let mut results = self.results();
        if let Some(evidence) = found {
            let by = virtual_host.map(|name| format!("Virtual host {name}:\n")).unwrap_or_default();
            let result = format!("{by}Template: {}\n{evidence}", numbered.template.id);
            results.findings.push(Finding {
                qid: numbered.qid,
                port: Some(port.port),
                transport: Some(port.transport),
                tls: target.tls || numbered.template.protocol() == Protocol::Ssl,
                result: result.trim_end().chars().take(RESULT_CHARACTERS_MAX).collect(),
                table: false,
            });
        } else if !complete {
            results.incomplete.insert(numbered.qid);
        }
    }
}

/// A TCP template runs on the ports it names and where their services really are; one that names
/// none where nothing else is known.
fn runs_on(numbered: &Numbered, port: &PortFacts) -> bool {
    let ports = numbered.template.ports();
    if ports.is_empty() {
        return port.service == "unknown";
    }
    ports.contains(&port.port)
        || ports
            .iter()
            .any(|number| palisade_kb::expected_service(*number, Transport::Tcp) == Some(&port.service))
}
