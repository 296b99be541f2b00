//! From a YAML document to a template, or to the list of what it uses and we do not have.
//!
//! A template that uses one thing we do not have is left out as a whole: half a template finds what
//! is not there.

mod block;
mod info;
mod operators;

use std::collections::BTreeSet;

use crate::expression::{Expression, ExpressionError};
use crate::flow::{Flow, Which};
use crate::pattern::Pattern;
use crate::template::{Block, Protocol, Template};
use crate::text::Text;
use crate::yaml::Node;

/// Requests that one template may send.
const REQUESTS_MAX: usize = 1_000;
const BLOCKS_MAX: usize = 30;
const VARIABLES_MAX: usize = 200;
/// Characters of an identifier.
const ID_CHARACTERS_MAX: usize = 200;

/// Keys of a document that need no obeying.
const OTHER_KEYS: [&str; 4] = ["id", "info", "variables", "constants"];
/// Variables that nobody gives a value to here.
const MISSING_VARIABLES: [&str; 3] = ["interactsh", "oast", "callback_url"];

/// Why a document is no template for us.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It is no YAML, or no template.
    #[error("{0}")]
    Form(String),
    /// It uses what we do not have.
    #[error("it uses {}", .0.iter().map(String::as_str).collect::<Vec<_>>().join(", "))]
    Unsupported(BTreeSet<String>),
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    ///
    /// A text that is no template or is beyond the limits, or uses features that there are not.
    pub fn parse(source: &str) -> Result<Self, ReadError> {
        Self::read(source, true)
    }

    /// The same for a text that was accepted before: its patterns are not looked at again.
    ///
    /// # Errors
    ///
    /// As of [`Template::parse`].
    pub fn parse_accepted(source: &str) -> Result<Self, ReadError> {
        Self::read(source, false)
    }

    fn read(source: &str, check_patterns: bool) -> Result<Self, ReadError> {
        let node = Node::parse(source).map_err(|error| ReadError::Form(error.to_string()))?;
        let mut reader = Reader { missing: BTreeSet::new(), check_patterns };
        let template = reader.template(&node)?;
        if reader.missing.is_empty() { Ok(template) } else { Err(ReadError::Unsupported(reader.missing)) }
    }
}

/// Collects what is missing while it reads.
struct Reader {
    missing: BTreeSet<String>,
    check_patterns: bool,
}

fn form(problem: &str) -> ReadError {
    ReadError::Form(problem.to_owned())
}

impl Reader {
    fn template(&mut self, node: &Node) -> Result<Template, ReadError> {
        let id = node.get("id").and_then(Node::text).unwrap_or_default().trim();
        let is_id = |id: &str| {
            !id.is_empty()
                && id.len() <= ID_CHARACTERS_MAX
                && id.chars().all(|each| each.is_ascii_alphanumeric() || "-_.:".contains(each))
        };
        if !is_id(id) {
            return Err(form("it has no id of letters, digits and hyphens"));
        }
        let info = info::read(node.get("info").ok_or_else(|| form("it has no info"))?)?;
        let mut variables = Vec::new();
        for place in ["constants", "variables"] {
            for (name, value) in node.get(place).map_or(&[][..], Node::entries).iter().take(VARIABLES_MAX) {
                match value {
                    Node::Scalar(text) => variables.push((name.clone(), self.text(text))),
                    _ => self.lacks("lists as variables"),
                }
            }
        }
        let mut blocks: Vec<Block> = Vec::new();
        for (key, value) in node.entries() {
            match Protocol::of(key) {
                Some(protocol) => {
                    for each in value.members() {
                        blocks.push(self.block(protocol, each)?);
                    }
                }
                None => self.other_key(key, value),
            }
        }
        if blocks.is_empty() && self.missing.is_empty() {
            return Err(form("it asks nothing"));
        }
        if blocks.len() > BLOCKS_MAX {
            self.lacks("more than 30 blocks");
        }
        let flow = node.get("flow").and_then(Node::text).and_then(|source| self.flow(source, &blocks));
        let template = Template {
            id: id.to_owned(),
            info,
            variables,
            blocks,
            flow,
            stop_at_first_match: node.get("stop-at-first-match").and_then(Node::truth) == Some(true),
        };
        if template.blocks.iter().any(|block| block.ask.protocol() != template.protocol()) {
            self.lacks("several protocols in one template");
        }
        if template.request_count() > REQUESTS_MAX {
            self.lacks("more than 1000 requests");
        }
        if template.blocks.iter().all(|block| block.operators.is_empty()) && self.missing.is_empty() {
            return Err(form("it looks for nothing"));
        }
        Ok(template)
    }

    fn other_key(&mut self, key: &str, value: &Node) {
        match key {
            _ if OTHER_KEYS.contains(&key) => {}
            "flow" if value.text().is_some() => {}
            "self-contained" => {
                if value.truth() == Some(true) {
                    self.lacks("requests to other hosts");
                }
            }
            "code" | "file" | "headless" | "javascript" | "websocket" | "whois" | "workflows" => {
                self.lacks(&format!("protocol {key}"));
            }
            // A signature is for those who know its key.
            "digest" | "http-connection-reuse" | "signature" | "stop-at-first-match" => {}
            other => self.lacks(&format!("key {other}")),
        }
    }

    fn flow(&mut self, source: &str, blocks: &[Block]) -> Option<Flow> {
        let Some(flow) = Flow::parse(source) else {
            self.lacks("flow in JavaScript");
            return None;
        };
        for (protocol, which) in flow.calls() {
            let mut of_protocol = blocks.iter().filter(|block| block.ask.protocol() == protocol);
            let is_there = match which {
                Which::All => of_protocol.next().is_some(),
                Which::Number(number) => {
                    number.checked_sub(1).is_some_and(|index| of_protocol.nth(index).is_some())
                }
                Which::Id(id) => of_protocol.any(|block| block.id.as_ref() == Some(id)),
            };
            if !is_there {
                self.lacks("flow to blocks that there are not");
            }
        }
        Some(flow)
    }

    /// Notes what there is not.
    fn lacks(&mut self, feature: &str) {
        self.missing.insert(feature.chars().take(80).collect());
    }

    /// Notes every key that is neither obeyed nor without effect.
    fn keys(&mut self, node: &Node, place: &str, known: &[&str]) {
        for (key, _) in node.entries() {
            if !known.contains(&key.as_str()) {
                self.lacks(&format!("key {place}.{key}"));
            }
        }
    }

    fn text(&mut self, source: &str) -> Text {
        self.look_for_variables(source);
        match Text::parse(source) {
            Ok(text) => text,
            Err(error) => {
                self.expression_error(&error);
                Text::default()
            }
        }
    }

    fn texts(&mut self, node: Option<&Node>) -> Vec<Text> {
        let members = node.map_or(&[][..], Node::members);
        members.iter().filter_map(Node::text).map(|source| self.text(source)).collect()
    }

    fn expression(&mut self, source: &str) -> Option<Expression> {
        self.look_for_variables(source);
        match Expression::parse(source) {
            Ok(expression) => Some(expression),
            Err(error) => {
                self.expression_error(&error);
                None
            }
        }
    }

    fn expression_error(&mut self, error: &ExpressionError) {
        match error {
            ExpressionError::UnknownFunction(name) => self.lacks(&format!("function {name}")),
            _ => self.lacks("expressions that we cannot read"),
        }
    }

    fn look_for_variables(&mut self, source: &str) {
        if let Some(name) = MISSING_VARIABLES.iter().find(|name| source.contains(**name)) {
            self.lacks(if *name == "interactsh" { "interactsh (answers to a server outside)" } else { name });
        }
    }

    fn pattern(&mut self, source: &str) -> Pattern {
        let pattern = Pattern::new(source);
        if self.check_patterns && pattern.try_compile().is_err() {
            self.lacks("patterns that we cannot compile");
        }
        pattern
    }
}

/// A list of words, also when they stand in one text with commas.
fn words(node: Option<&Node>) -> Vec<String> {
    let members = node.map_or(&[][..], Node::members);
    members
        .iter()
        .filter_map(Node::text)
        .flat_map(|text| text.split(','))
        .map(|word| word.trim().to_owned())
        .filter(|word| !word.is_empty())
        .collect()
}
