//! A check: the compiled expressions of an entry, and what they say about a host.

use cel::{Context, Program, Value};
use palisade_model::fact::PortFacts;
use palisade_model::{Finding, Qid};

use crate::document::Scope;

/// Characters of evidence kept.
const RESULT_CHARACTERS_MAX: usize = 32_000;
/// Characters of an evaluation error kept; the language prints whole values in them.
const PROBLEM_CHARACTERS_MAX: usize = 300;

/// What finds an entry.
pub(crate) struct Check {
    pub(crate) qid: Qid,
    pub(crate) scope: Scope,
    pub(crate) needs: Vec<Need>,
    pub(crate) when: Program,
    pub(crate) result: Option<Program>,
    pub(crate) table: bool,
}

impl std::fmt::Debug for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Check").field("qid", &self.qid).field("scope", &self.scope).finish_non_exhaustive()
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
    pub(crate) fn evaluate(&self, context: &Context<'_, '_>) -> Result<Option<Evidence>, String> {
        match self.when.execute(context) {
            Ok(Value::Bool(true)) => {}
            Ok(Value::Bool(false)) => return Ok(None),
            Ok(_) => return Err("`when` gives something else than true or false".to_owned()),
            Err(error) => return Err(shortened("when", &error)),
        }
        let Some(program) = &self.result else { return Ok(Some(Evidence { result: String::new() })) };
        match program.execute(context) {
            Ok(Value::String(text)) => {
                Ok(Some(Evidence { result: text.chars().take(RESULT_CHARACTERS_MAX).collect() }))
            }
            Ok(_) => Err("`result` gives something else than a text".to_owned()),
            Err(error) => Err(shortened("result", &error)),
        }
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

fn shortened(key: &str, error: &cel::ExecutionError) -> String {
    format!("`{key}`: {error}").chars().take(PROBLEM_CHARACTERS_MAX).collect()
}
