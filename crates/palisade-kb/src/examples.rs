//! Every file proves itself: its examples are judged, and have to come out as they say.

use palisade_model::{HostFacts, Qid};

use crate::document::{Document, Example};
use crate::error::Error;
use crate::knowledge_base::KnowledgeBase;

impl KnowledgeBase {
    /// The examples of each entry, with the name of its file. They are read here: nothing else
    /// needs them.
    pub(crate) fn examples(&self) -> impl Iterator<Item = (Qid, &str, Result<Vec<Example>, Error>)> {
        self.files().map(|(qid, name, text)| {
            (qid, name, Document::parse(name, text).map(|document| document.example))
        })
    }

    /// One line for every example that is not judged as its file says; empty when all are right.
    #[must_use]
    pub fn failing_examples(&self) -> Vec<String> {
        let mut failures = Vec::new();
        for (qid, name, examples) in self.examples() {
            let examples = match examples {
                Ok(examples) => examples,
                Err(error) => {
                    failures.push(error.to_string());
                    continue;
                }
            };
            for finds in [true, false] {
                if !examples.iter().any(|example| example.finds == finds) {
                    failures.push(format!("{name}: there is no example with finds = {finds}"));
                }
            }
            for (index, example) in examples.iter().enumerate() {
                if let Err(problem) = self.examine(qid, example) {
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

pub(crate) fn facts_of(example: &Example) -> HostFacts {
    let mut facts = example.host.clone().unwrap_or_default();
    facts.ports.extend(example.port.clone());
    facts
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    /// Shared between threads, as servers share it.
    static CONTENT: LazyLock<KnowledgeBase> = LazyLock::new(|| KnowledgeBase::embedded().unwrap());

    /// What strangers may put where a text or a number is expected.
    #[derive(Debug, Clone)]
    struct Noise {
        texts: Vec<String>,
        numbers: Vec<u8>,
        next: usize,
    }

    impl Noise {
        fn draw<'a, T>(next: &mut usize, choices: &'a [T]) -> Option<&'a T> {
            *next += 1;
            choices.get(*next % choices.len().max(1))
        }

        /// Replaces about half of the leaves.
        fn spoil(&mut self, json: &mut Value) {
            self.next += 1;
            let keep = self.next.is_multiple_of(2);
            match json {
                Value::String(text) if !keep => {
                    *text = Self::draw(&mut self.next, &self.texts).cloned().unwrap_or_default();
                }
                Value::Number(number) if !keep && number.is_u64() => {
                    *json =
                        Value::from(Self::draw(&mut self.next, &self.numbers).copied().unwrap_or_default());
                }
                Value::Array(items) => {
                    if !keep && self.next.is_multiple_of(3) {
                        items.clear();
                    }
                    for item in items {
                        self.spoil(item);
                    }
                }
                Value::Object(fields) => {
                    for field in fields.values_mut() {
                        self.spoil(field);
                    }
                }
                _ => {}
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Ports of the examples, mixed on one host and spoilt: nothing panics, no expression
        /// fails, and nothing is found twice in a place.
        #[test]
        fn no_expression_fails_on_any_facts(
            picks in prop::collection::vec(any::<prop::sample::Index>(), 1..30),
            texts in prop::collection::vec(".{0,20}", 1..8),
            numbers in prop::collection::vec(any::<u8>(), 1..8),
            next in 0_usize..100,
        ) {
            let knowledge_base: &KnowledgeBase = &CONTENT;
            let examples: Vec<Example> =
                knowledge_base.examples().flat_map(|(.., examples)| examples.unwrap()).collect();
            let mut facts = HostFacts::default();
            let mut noise = Noise { texts, numbers, next };
            for pick in picks {
                let mut json = serde_json::to_value(facts_of(pick.get(&examples))).unwrap();
                if let Some(ports) = json.get_mut("ports") {
                    for port in ports.as_array_mut().unwrap() {
                        let transport = port["transport"].clone();
                        noise.spoil(port);
                        port["transport"] = transport;
                    }
                }
                let address = Value::from("192.0.2.1");
                json["address"] = address;
                let spoilt: HostFacts = serde_json::from_value(json).unwrap();
                let mut ports = std::mem::take(&mut facts.ports);
                ports.extend(spoilt.ports);
                facts = HostFacts { ports, alive: true, ..spoilt };
            }
            let judgement = knowledge_base.judge(&facts, None);
            prop_assert_eq!(&judgement.failed, &Vec::new());
            let mut places: Vec<_> = judgement.findings.iter()
                .map(|finding| (finding.qid, finding.port, finding.transport.map(palisade_model::Transport::as_str)))
                .collect();
            places.sort_unstable();
            let count = places.len();
            places.dedup();
            prop_assert_eq!(count, places.len());
        }
    }
}
