//! Running a template against one port: what to ask next, and what the answers came to.
//!
//! Deliberately absent: sockets. Whoever runs a template carries its questions and brings answers
//! ([`Carrier`]); pacing, deadlines and sharing of answers are the carrier's.

mod answer;
mod http;
mod request;
mod target;

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::Arc;

use palisade_model::{IdSource, Timestamp};

pub use answer::{DnsAnswer, DnsRecord, HttpAnswer, TcpAnswer};
pub use request::HttpRequest;
pub use target::Target;

use crate::expression::{Evaluation, Scope, Value};
use crate::flow::{Flow, Which};
use crate::functions;
use crate::operators::{Verdict, shown};
use crate::template::{Ask, Block, DnsAsk, Protocol, SslAsk, TcpAsk, Template};
use answer::Variables;

/// Letters of the word that `randstr` stands for.
const RANDOM_LETTERS: usize = 27;
const RANDOM_WORDS: [&str; 6] = ["randstr", "randstr_1", "randstr_2", "randstr_3", "randstr_4", "randstr_5"];
/// Lines of evidence of one template on one port.
const EVIDENCE_LINES_MAX: usize = 40;

/// What is sent to a TCP service, and what is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TcpQuestion {
    pub tls: bool,
    /// Bytes to send, and how many to read behind them.
    pub steps: Vec<(Vec<u8>, usize)>,
    /// Bytes to read at the end.
    pub read_bytes: usize,
    /// Read until the other side ends or is silent.
    pub read_all: bool,
}

/// What a name server is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsQuestion {
    pub name: String,
    /// By its number, as the class.
    pub kind: u16,
    pub class: u16,
    pub recursion: bool,
}

/// Brings questions to the target and answers back; `None` where there was no answer.
pub trait Carrier: Send {
    fn http(&mut self, request: &HttpRequest) -> impl Future<Output = Option<Arc<HttpAnswer>>> + Send;

    fn tcp(&mut self, question: &TcpQuestion) -> impl Future<Output = Option<TcpAnswer>> + Send;

    fn dns(&mut self, question: &DnsQuestion) -> impl Future<Output = Option<DnsAnswer>> + Send;
}

/// What a template came to on one port.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// The evidence, in lines, when it found what it looks for.
    pub found: Option<String>,
    /// Every question was answered, so that nothing found means nothing there.
    pub complete: bool,
}

/// Runs a template.
pub async fn run<C: Carrier>(
    template: &Template,
    target: &Target,
    now: Timestamp,
    ids: &dyn IdSource,
    carrier: &mut C,
) -> Outcome {
    let mut run = Run::new(template, target, Evaluation::new(now, ids), carrier);
    match &template.flow {
        None => {
            for index in 0..template.blocks.len() {
                run.block(index).await;
                if run.found && template.stop_at_first_match {
                    break;
                }
            }
        }
        Some(flow) => {
            let held = run.flow(flow).await;
            if !held {
                run.evidence.clear();
                run.found = false;
            }
        }
    }
    run.outcome()
}

/// The requests that a template sends before any answer decides about more: what it may share.
#[must_use]
pub fn opening_requests(
    template: &Template,
    target: &Target,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Vec<HttpRequest> {
    let mut evaluation = Evaluation::new(now, ids);
    http::openings(template, target, &mut evaluation)
}

/// A template at work.
struct Run<'t, C> {
    template: &'t Template,
    target: &'t Target,
    evaluation: Evaluation<'t>,
    carrier: &'t mut C,
    /// What the target is called, and words of chance.
    base: Variables,
    /// The template's own variables, as far as they have values.
    own: Variables,
    /// What was extracted.
    taken: Variables,
    /// What blocks with an id were answered: `id_status_code`.
    history: Variables,
    /// Values that are others the next time, and are not shown.
    chance: BTreeSet<String>,
    http: http::State,
    found: bool,
    complete: bool,
    evidence: Vec<String>,
}

impl<'t, C: Carrier> Run<'t, C> {
    fn new(
        template: &'t Template,
        target: &'t Target,
        mut evaluation: Evaluation<'t>,
        carrier: &'t mut C,
    ) -> Self {
        let base = base_variables(target, &mut evaluation);
        let mut run = Self {
            chance: chance_names(template),
            template,
            target,
            evaluation,
            carrier,
            base,
            own: Variables::new(),
            taken: Variables::new(),
            history: Variables::new(),
            http: http::State::default(),
            found: false,
            complete: true,
            evidence: Vec::new(),
        };
        run.resolve();
        run
    }

    /// Gives values to variables that had none before: they may be made of what was extracted since.
    fn resolve(&mut self) {
        resolve(self.template, &[&self.base, &self.taken], &mut self.own, &mut self.evaluation);
    }

    fn flow<'a>(&'a mut self, flow: &'a Flow) -> Pin<Box<dyn Future<Output = bool> + Send + 'a>> {
        Box::pin(async move {
            match flow {
                Flow::Not(part) => !self.flow(part).await,
                Flow::And(left, right) => self.flow(left).await && self.flow(right).await,
                Flow::Or(left, right) => self.flow(left).await || self.flow(right).await,
                Flow::Call(protocol, which) => {
                    let mut held = false;
                    for index in self.template.blocks_of(*protocol, which) {
                        held |= self.block(index).await;
                    }
                    held
                }
            }
        })
    }

    /// Asks what a block asks; whether it held: it matched, or was answered and looks for nothing.
    async fn block(&mut self, index: usize) -> bool {
        let template = self.template;
        let Some(block) = template.blocks.get(index) else { return false };
        let mut held = false;
        for number in 0..block.payloads.count() {
            self.resolve();
            let payload = {
                let Self { base, own, taken, evaluation, .. } = self;
                block.payloads.combination(number, evaluation, &Scope::new([&*base, own, taken]))
            };
            held |= match &block.ask {
                Ask::Http(ask) => self.http_block(block, ask, &payload).await,
                Ask::Tcp(ask) => self.tcp_block(block, ask, &payload).await,
                Ask::Dns(ask) => self.dns_block(block, ask, &payload).await,
                Ask::Ssl(ask) => self.ssl_block(block, ask, &payload),
            };
            if held && block.stop_at_first_match {
                break;
            }
        }
        held
    }

    async fn tcp_block(&mut self, block: &Block, ask: &TcpAsk, payload: &Variables) -> bool {
        let mut steps = Vec::new();
        for input in &ask.inputs {
            let Self { base, own, taken, evaluation, .. } = self;
            let (data, missing) = input.data.render(evaluation, &Scope::new([&*base, own, payload, taken]));
            let data = if input.hexadecimal {
                std::str::from_utf8(&data).ok().and_then(functions::from_hexadecimal)
            } else {
                Some(data)
            };
            let (Some(data), None) = (data, missing) else { return false };
            steps.push((data, input.read_bytes));
        }
        let sent = steps.iter().flat_map(|(data, _)| data.clone()).collect::<Vec<u8>>();
        let question =
            TcpQuestion { tls: ask.tls, steps, read_bytes: ask.read_bytes, read_all: ask.read_all };
        let Some(answer) = self.carrier.tcp(&question).await else {
            self.complete = false;
            return false;
        };
        let names = ask.inputs.iter().map(|input| input.name.as_deref());
        let variables = answer.variables(names, &sent);
        self.judge(block, payload, &variables, "")
    }

    async fn dns_block(&mut self, block: &Block, ask: &DnsAsk, payload: &Variables) -> bool {
        let Self { base, own, taken, evaluation, .. } = self;
        let (name, missing) = ask.name.render(evaluation, &Scope::new([&*base, own, payload, taken]));
        let name = String::from_utf8_lossy(&name).into_owned();
        if missing.is_some() || name.is_empty() {
            return false;
        }
        let question = DnsQuestion { name, kind: ask.kind, class: ask.class, recursion: ask.recursion };
        let Some(answer) = self.carrier.dns(&question).await else {
            self.complete = false;
            return false;
        };
        let variables = answer.variables(&question.name);
        self.judge(block, payload, &variables, &format!("Question: {}", question.name))
    }

    fn ssl_block(&mut self, block: &Block, ask: &SslAsk, payload: &Variables) -> bool {
        let Some(facts) = &self.target.tls_facts else {
            self.complete = false;
            return false;
        };
        // Who does not agree on a version has no answer to look at.
        match answer::tls_variables(facts, ask) {
            Some(variables) => self.judge(block, payload, &variables, ""),
            None => false,
        }
    }

    /// Looks at one answer; notes what it shows.
    fn judge(&mut self, block: &Block, payload: &Variables, answer: &Variables, place: &str) -> bool {
        if let Some(id) = &block.id {
            let named = answer.iter().map(|(name, value)| (format!("{id}_{name}"), value.clone()));
            self.history.extend(named.collect::<Vec<_>>());
        }
        let Self { base, own, taken, history, evaluation, .. } = self;
        let mut internal = BTreeMap::new();
        let scope = Scope::new([&*base, history, own, payload, taken, answer]);
        block.operators.take_internal(evaluation, &scope, &mut internal);
        let verdict = block.operators.judge(evaluation, &scope.with(&internal));
        self.taken.extend(internal);
        self.note(block, &verdict, place)
    }

    fn note(&mut self, block: &Block, verdict: &Verdict, place: &str) -> bool {
        if !verdict.matched {
            return block.operators.matchers.is_empty();
        }
        if verdict.shown {
            self.found = true;
            let mut lines: Vec<String> = Vec::new();
            if !place.is_empty() {
                lines.push(shown(place.as_bytes()));
            }
            lines.extend(verdict.names.iter().map(|name| format!("Matched: {}", shown(name.as_bytes()))));
            lines.extend(verdict.extracted.iter().map(|text| format!("Extracted: {text}")));
            for line in lines {
                let line = self.without_chance(line);
                if self.evidence.len() < EVIDENCE_LINES_MAX && !self.evidence.contains(&line) {
                    self.evidence.push(line);
                }
            }
        }
        true
    }

    /// The evidence says the same the next time: words of chance go by their names.
    fn without_chance(&self, mut line: String) -> String {
        for name in &self.chance {
            let value = self.own.get(name).or_else(|| self.base.get(name)).map(Value::to_string);
            if let Some(value) = value.filter(|value| value.len() >= 3) {
                line = line.replace(&value, &format!("{{{{{name}}}}}"));
            }
        }
        line
    }

    fn outcome(self) -> Outcome {
        let found = self.found.then(|| self.evidence.join("\n"));
        Outcome { found, complete: self.complete }
    }
}

impl Template {
    fn blocks_of(&self, protocol: Protocol, which: &Which) -> Vec<usize> {
        let of_protocol =
            self.blocks.iter().enumerate().filter(|(_, block)| block.ask.protocol() == protocol);
        let chosen = of_protocol.enumerate().filter(|(place, (_, block))| match which {
            Which::All => true,
            Which::Number(number) => place + 1 == *number,
            Which::Id(id) => block.id.as_ref() == Some(id),
        });
        chosen.map(|(_, (index, _))| index).collect()
    }
}

fn base_variables(target: &Target, evaluation: &mut Evaluation<'_>) -> Variables {
    let mut base = target.variables();
    for name in RANDOM_WORDS {
        base.insert(name.to_owned(), functions::word(evaluation, RANDOM_LETTERS));
    }
    base
}

/// Gives values to the template's variables that have none yet and can have one.
fn resolve(template: &Template, layers: &[&Variables], own: &mut Variables, evaluation: &mut Evaluation<'_>) {
    for (name, text) in &template.variables {
        if own.contains_key(name) {
            continue;
        }
        let scope = Scope::new(layers.iter().copied()).with(own);
        if let (value, None) = text.render(evaluation, &scope) {
            own.insert(name.clone(), value.into());
        }
    }
}

/// The variables whose values nobody can foretell.
fn chance_names(template: &Template) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = RANDOM_WORDS.iter().map(|name| (*name).to_owned()).collect();
    for (name, text) in &template.variables {
        let by_chance = text.expressions().any(|expression| {
            expression
                .functions()
                .iter()
                .any(|function| function.starts_with("rand_") || function.contains("time"))
                || expression.variables().iter().any(|variable| names.contains(*variable))
        });
        if by_chance {
            names.insert(name.clone());
        }
    }
    names
}
