//! A check: the expressions of an entry, and what they say about a host.

use std::sync::OnceLock;

use cel::{Context, Program, Value};
use palisade_model::fact::PortFacts;
use palisade_model::{Finding, Qid};

use crate::document::Scope;
use crate::engine::Engine;

/// Characters of evidence kept.
const RESULT_CHARACTERS_MAX: usize = 32_000;
/// Characters of an evaluation error kept; the language prints whole values in them.
const PROBLEM_CHARACTERS_MAX: usize = 300;

/// What finds an entry.
pub(crate) struct Check {
    pub(crate) qid: Qid,
    pub(crate) scope: Scope,
    pub(crate) needs: Vec<Need>,
    pub(crate) when: Expression,
    pub(crate) result: Option<Expression>,
    pub(crate) table: bool,
}

impl std::fmt::Debug for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Check").field("qid", &self.qid).field("scope", &self.scope).finish_non_exhaustive()
    }
}

/// An expression, compiled when it is asked for the first time: a scan for one QID has no use for
/// all the others.
pub(crate) struct Expression {
    source: String,
    program: OnceLock<Result<Program, String>>,
}

impl Expression {
    pub(crate) fn new(source: String) -> Self {
        Self { source, program: OnceLock::new() }
    }

    /// Compiled; `Err` says what is wrong with the source.
    pub(crate) fn program(&self, engine: &Engine) -> Result<&Program, &str> {
        self.program.get_or_init(|| engine.compile(&self.source)).as_ref().map_err(String::as_str)
    }
}

/// A fact that has to be known: `tls`, or `http.trace`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Need {
    pub(crate) fact: String,
    pub(crate) field: Option<String>,
}

/// Whether a check has anything to say about a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Applicability {
    Applies,
    /// The port is of another sort: nothing to find here.
    OtherSort,
    /// The port is of the sort, but the step that tells was not taken or had no answer.
    NotLookedAt,
}

/// What a check found in one place.
pub(crate) struct Evidence {
    pub(crate) result: String,
}

impl Check {
    /// Whether the facts of `port` (as JSON) are the ones this check speaks about.
    pub(crate) fn applicability(&self, port: &serde_json::Value) -> Applicability {
        for need in &self.needs {
            let Some(fact) = port.get(&need.fact) else { return Applicability::OtherSort };
            if need.field.as_ref().is_some_and(|field| fact.get(field).is_none()) {
                return Applicability::NotLookedAt;
            }
        }
        Applicability::Applies
    }

    /// What it says in a context that has `host` (and `port`, when its scope is a port).
    pub(crate) fn evaluate(
        &self,
        engine: &Engine,
        context: &Context<'_, '_>,
    ) -> Result<Option<Evidence>, String> {
        match run("when", &self.when, engine, context)? {
            Value::Bool(true) => {}
            Value::Bool(false) => return Ok(None),
            _ => return Err("`when` gives something else than true or false".to_owned()),
        }
        let Some(result) = &self.result else { return Ok(Some(Evidence { result: String::new() })) };
        match run("result", result, engine, context)? {
            Value::String(text) => {
                Ok(Some(Evidence { result: text.chars().take(RESULT_CHARACTERS_MAX).collect() }))
            }
            _ => Err("`result` gives something else than a text".to_owned()),
        }
    }

    /// Whether the word stands anywhere in what it asks; what it reads does.
    pub(crate) fn mentions(&self, word: &str) -> bool {
        let named = |need: &Need| need.fact == word || need.field.as_deref() == Some(word);
        [Some(&self.when), self.result.as_ref()].into_iter().flatten().any(|each| each.source.contains(word))
            || self.needs.iter().any(named)
    }

    /// Compiles both expressions; the key of the one that is none, and what is wrong with it.
    pub(crate) fn compile(&self, engine: &Engine) -> Result<(), (&'static str, String)> {
        let both = [("when", Some(&self.when)), ("result", self.result.as_ref())];
        for (key, expression) in both {
            if let Some(expression) = expression {
                expression.program(engine).map_err(|problem| (key, problem.to_owned()))?;
            }
        }
        Ok(())
    }

    pub(crate) fn finding(&self, port: Option<&PortFacts>, evidence: Evidence) -> Finding {
        let about_tls = self.needs.iter().any(|need| need.fact == "tls");
        Finding {
            qid: self.qid,
            port: port.map(|port| port.port),
            transport: port.map(|port| port.transport),
            tls: port.is_some_and(|port| port.implicit_tls || about_tls),
            result: evidence.result,
            table: self.table,
        }
    }
}

fn run(
    key: &str,
    expression: &Expression,
    engine: &Engine,
    context: &Context<'_, '_>,
) -> Result<Value, String> {
    let program = expression.program(engine).map_err(|problem| shortened(key, problem))?;
    program.execute(context).map_err(|error| shortened(key, &error.to_string()))
}

fn shortened(key: &str, problem: &str) -> String {
    format!("`{key}`: {problem}").chars().take(PROBLEM_CHARACTERS_MAX).collect()
}
