//! The matchers and extractors of one block, and what they make of its answers.

use std::collections::BTreeMap;

use crate::expression::{Evaluation, Scope, Value};
use crate::extractor::Extractor;
use crate::matcher::{Matcher, Test};

/// Characters of one extracted value that a report shows.
const SHOWN_CHARACTERS_MAX: usize = 300;

/// Matchers and extractors.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Operators {
    pub(crate) matchers: Vec<Matcher>,
    /// All matchers have to match, not one of them.
    pub(crate) all: bool,
    pub(crate) extractors: Vec<Extractor>,
}

/// What an answer came to.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Verdict {
    pub(crate) matched: bool,
    /// It is for the report, and not only for the flow.
    pub(crate) shown: bool,
    /// The names of matchers that matched.
    pub(crate) names: Vec<String>,
    /// What was extracted for the report: `name: value`, or the value alone.
    pub(crate) extracted: Vec<String>,
}

impl Operators {
    /// Takes out what later requests need.
    pub(crate) fn take_internal(
        &self,
        evaluation: &mut Evaluation<'_>,
        scope: &Scope<'_>,
        taken: &mut BTreeMap<String, Value>,
    ) {
        for extractor in &self.extractors {
            let Some(name) = &extractor.name else { continue };
            // What goes into the report may be asked for by later requests too.
            if let Some(first) = extractor.take(evaluation, scope).into_iter().next() {
                taken.insert(name.clone(), first.into());
            }
        }
    }

    /// Judges an answer.
    pub(crate) fn judge(&self, evaluation: &mut Evaluation<'_>, scope: &Scope<'_>) -> Verdict {
        let mut verdict = Verdict::default();
        let mut fitting = 0;
        for matcher in &self.matchers {
            if matcher.matches(evaluation, scope) {
                fitting += 1;
                verdict.shown |= !matcher.internal;
                verdict.names.extend(matcher.name.clone());
            } else if self.all {
                return Verdict::default();
            }
        }
        for extractor in self.extractors.iter().filter(|extractor| !extractor.internal) {
            for value in extractor.take(evaluation, scope) {
                let value = shown(&value);
                verdict.extracted.push(match &extractor.name {
                    Some(name) => format!("{name}: {value}"),
                    None => value,
                });
            }
        }
        if self.matchers.is_empty() {
            // Without matchers, what is extracted is what is found.
            verdict.matched = !verdict.extracted.is_empty();
            verdict.shown = verdict.matched;
        } else {
            verdict.matched = fitting > 0;
            if !verdict.matched {
                verdict.extracted.clear();
            }
        }
        verdict
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.matchers.is_empty() && self.extractors.is_empty()
    }

    /// It looks at several answers together (`status_code_2`), so it judges them when all are there.
    pub(crate) fn looks_at_several(&self) -> bool {
        let numbered = |name: &str| {
            name.rsplit_once('_').is_some_and(|(before, number)| {
                !before.is_empty() && !number.is_empty() && number.chars().all(|each| each.is_ascii_digit())
            })
        };
        self.matchers.iter().flat_map(Matcher::variables).any(numbered)
    }

    /// Versions are compared, and nothing else tells.
    pub(crate) fn compares_versions(&self) -> bool {
        self.matchers.iter().any(|matcher| match &matcher.test {
            Test::Dsl(expressions) => {
                expressions.iter().any(|expression| expression.functions().contains("compare_versions"))
            }
            _ => false,
        })
    }
}

/// Printable, on one line, and cut.
pub(crate) fn shown(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    let printable = text.chars().map(|each| if each.is_control() { ' ' } else { each });
    printable.take(SHOWN_CHARACTERS_MAX).collect::<String>().trim().to_owned()
}
