//! Every file proves itself: its examples are judged, and have to come out as they say.

use palisade_model::{HostFacts, Qid};

use crate::document::Example;
use crate::knowledge_base::KnowledgeBase;

impl KnowledgeBase {
    /// One line for every example that is not judged as its file says; empty when all are right.
    #[must_use]
    pub fn failing_examples(&self) -> Vec<String> {
        let mut failures = Vec::new();
        for (qid, (name, examples)) in &self.examples {
            for finds in [true, false] {
                if !examples.iter().any(|example| example.finds == finds) {
                    failures.push(format!("{name}: there is no example with finds = {finds}"));
                }
            }
            for (index, example) in examples.iter().enumerate() {
                if let Err(problem) = self.examine(*qid, example) {
                    failures.push(format!("{name}: example {}: {problem}", index + 1));
                }
            }
        }
        failures
    }

    fn examine(&self, qid: Qid, example: &Example) -> Result<(), String> {
        let facts = facts_of(example);
        let judgement = self.judge(&facts, Some(&[qid]));
        if let Some((_, problem)) = judgement.failed.first() {
            return Err(problem.clone());
        }
        let found = judgement.findings.first();
        match (example.finds, found) {
            (true, None) => Err("finds nothing".to_owned()),
            (false, Some(finding)) => Err(format!("finds what it should not: {:?}", finding.result)),
            (true, Some(finding)) => match &example.result {
                Some(expected) if expected.trim() != finding.result.trim() => {
                    Err(format!("says {:?} instead of {:?}", finding.result.trim(), expected.trim()))
                }
                _ if finding.result.trim().is_empty() => Err("gives no evidence".to_owned()),
                _ => Ok(()),
            },
            (false, None) => Ok(()),
        }
    }
}

fn facts_of(example: &Example) -> HostFacts {
    let mut facts = example.host.clone().unwrap_or_default();
    facts.ports.extend(example.port.clone());
    facts
}
