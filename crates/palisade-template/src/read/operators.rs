//! Matchers and extractors.

use super::{Reader, words};
use crate::extractor::{Extractor, Source};
use crate::json_query::JsonQuery;
use crate::matcher::{Matcher, PatternText, Test};
use crate::operators::Operators;
use crate::template::Protocol;
use crate::xpath::XPath;
use crate::yaml::Node;

/// Matchers and extractors of one block.
const OPERATORS_MAX: usize = 500;

const MATCHER_KEYS: [&str; 18] = [
    "type",
    "name",
    "part",
    "condition",
    "negative",
    "internal",
    "case-insensitive",
    "encoding",
    "status",
    "size",
    "words",
    "regex",
    "binary",
    "dsl",
    "xpath",
    "description",
    "match-all",
    "attribute",
];
const EXTRACTOR_KEYS: [&str; 13] = [
    "type",
    "name",
    "part",
    "internal",
    "case-insensitive",
    "regex",
    "group",
    "kval",
    "json",
    "xpath",
    "attribute",
    "dsl",
    "description",
];

impl Reader {
    pub(super) fn operators(&mut self, node: &Node, protocol: Protocol) -> Operators {
        let matchers = node.get("matchers").map_or(&[][..], Node::members);
        let extractors = node.get("extractors").map_or(&[][..], Node::members);
        if matchers.len() + extractors.len() > OPERATORS_MAX {
            self.lacks("more than 500 matchers and extractors");
            return Operators::default();
        }
        Operators {
            matchers: matchers.iter().filter_map(|each| self.matcher(each, protocol)).collect(),
            all: self.is_and(node.get("matchers-condition")),
            extractors: extractors.iter().filter_map(|each| self.extractor(each, protocol)).collect(),
        }
    }

    fn is_and(&mut self, node: Option<&Node>) -> bool {
        match node.and_then(Node::text).map(str::to_ascii_lowercase).as_deref() {
            None | Some("or") => false,
            Some("and") => true,
            Some(_) => {
                self.lacks("conditions that are neither and nor or");
                false
            }
        }
    }

    fn matcher(&mut self, node: &Node, protocol: Protocol) -> Option<Matcher> {
        self.keys(node, "matchers", &MATCHER_KEYS);
        let kind = node.get("type").and_then(Node::text).unwrap_or_default();
        let any_case = node.get("case-insensitive").and_then(Node::truth).unwrap_or_default();
        let numbers = |key: &str| {
            node.get(key).map_or(&[][..], Node::members).iter().map(Node::number).collect::<Option<Vec<_>>>()
        };
        let test = match kind {
            "status" => self.some(numbers("status").map(Test::Status), "status matchers without numbers")?,
            "size" => self.some(numbers("size").map(Test::Size), "size matchers without numbers")?,
            "word" => self.word_test(node, any_case),
            "regex" => Test::Regex(self.patterns(node.get("regex"), any_case)),
            "binary" => Test::Binary(self.texts(node.get("binary"))),
            "dsl" => {
                let sources: Vec<&str> =
                    node.get("dsl").map_or(&[][..], Node::members).iter().filter_map(Node::text).collect();
                Test::Dsl(sources.into_iter().filter_map(|source| self.expression(source)).collect())
            }
            "xpath" => Test::XPath(self.paths(node)),
            other => {
                self.lacks(&format!("matcher type {other}"));
                return None;
            }
        };
        let is_empty = match &test {
            Test::Status(list) | Test::Size(list) => list.is_empty(),
            Test::Word { words, .. } => words.is_empty(),
            Test::Regex(list) => list.is_empty(),
            Test::Binary(list) => list.is_empty(),
            Test::Dsl(list) => list.is_empty(),
            Test::XPath(list) => list.is_empty(),
        };
        if is_empty {
            self.lacks("matchers without values");
        }
        Some(Matcher {
            test,
            part: self.part(node, protocol),
            all: self.is_and(node.get("condition")),
            negative: node.get("negative").and_then(Node::truth).unwrap_or_default(),
            name: node.get("name").and_then(Node::text).map(str::to_owned),
            internal: node.get("internal").and_then(Node::truth).unwrap_or_default(),
        })
    }

    fn some<T>(&mut self, value: Option<T>, otherwise: &str) -> Option<T> {
        if value.is_none() {
            self.lacks(otherwise);
        }
        value
    }

    fn word_test(&mut self, node: &Node, any_case: bool) -> Test {
        let encoded = node.get("encoding").and_then(Node::text);
        match encoded {
            None => Test::Word { words: self.texts(node.get("words")), any_case },
            Some("hex") => Test::Binary(self.texts(node.get("words"))),
            Some(other) => {
                self.lacks(&format!("encoding {other}"));
                Test::Word { words: Vec::new(), any_case }
            }
        }
    }

    fn patterns(&mut self, node: Option<&Node>, any_case: bool) -> Vec<PatternText> {
        let members = node.map_or(&[][..], Node::members);
        let mut patterns = Vec::new();
        for source in members.iter().filter_map(Node::text) {
            let source = if any_case { format!("(?i){source}") } else { source.to_owned() };
            let text = self.text(&source);
            patterns.push(if text.expressions().next().is_some() {
                PatternText::Open(text)
            } else {
                PatternText::Fixed(self.pattern(&source))
            });
        }
        patterns
    }

    fn paths(&mut self, node: &Node) -> Vec<XPath> {
        let members = node.get("xpath").map_or(&[][..], Node::members);
        let mut paths = Vec::new();
        for source in members.iter().filter_map(Node::text) {
            match XPath::parse(source) {
                Ok(path) => paths.push(path),
                Err(_) => self.lacks("XPath beyond places in a page"),
            }
        }
        paths
    }

    /// The variable that holds a part; what a part is called differs between protocols.
    fn part(&mut self, node: &Node, protocol: Protocol) -> String {
        let part = node.get("part").and_then(Node::text).unwrap_or_default().trim();
        self.look_for_variables(part);
        let part = match (protocol, part) {
            (Protocol::Http, "") => "body",
            (Protocol::Tcp, "" | "body") => "data",
            (Protocol::Dns, "" | "body") => "raw",
            (Protocol::Ssl, "" | "body" | "raw") => "response",
            (Protocol::Http, "all_headers" | "headers") => "header",
            (_, named) => named,
        };
        part.to_owned()
    }

    fn extractor(&mut self, node: &Node, protocol: Protocol) -> Option<Extractor> {
        self.keys(node, "extractors", &EXTRACTOR_KEYS);
        let kind = node.get("type").and_then(Node::text).unwrap_or_default();
        let any_case = node.get("case-insensitive").and_then(Node::truth).unwrap_or_default();
        let list = |key: &str| -> Vec<String> {
            let members = node.get(key).map_or(&[][..], Node::members);
            members.iter().filter_map(Node::text).map(str::to_owned).collect()
        };
        let source = match kind {
            "regex" => Source::Regex {
                patterns: self.patterns(node.get("regex"), any_case),
                group: node
                    .get("group")
                    .and_then(Node::number)
                    .and_then(|group| usize::try_from(group).ok())
                    .unwrap_or_default(),
            },
            // Variables are named without hyphens, and headers in lower case.
            "kval" => Source::KeyValue(
                words(node.get("kval")).iter().map(|key| variable_of(key, protocol)).collect(),
            ),
            "json" => {
                let mut queries = Vec::new();
                for source in list("json") {
                    match JsonQuery::parse(&source) {
                        Ok(query) => queries.push(query),
                        Err(_) => self.lacks("jq beyond places in a document"),
                    }
                }
                Source::Json(queries)
            }
            "xpath" => Source::XPath {
                paths: self.paths(node),
                attribute: node.get("attribute").and_then(Node::text).map(str::to_owned),
            },
            "dsl" => Source::Dsl(list("dsl").iter().filter_map(|source| self.expression(source)).collect()),
            other => {
                self.lacks(&format!("extractor type {other}"));
                return None;
            }
        };
        Some(Extractor {
            source,
            part: self.part(node, protocol),
            name: node.get("name").and_then(Node::text).map(str::to_owned),
            internal: node.get("internal").and_then(Node::truth).unwrap_or_default(),
        })
    }
}

/// The variable of a header's name.
fn variable_of(key: &str, protocol: Protocol) -> String {
    let key = key.replace('-', "_");
    if protocol == Protocol::Http { key.to_ascii_lowercase() } else { key }
}
