//! YAML as a tree, with limits on everything a file can grow by: bytes, depth, nodes, and what
//! aliases multiply.
//!
//! Deliberately absent: tags, merge keys, several documents, and telling numbers from texts; a reader
//! that wants a number asks for one.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle};

/// Bytes of one file.
pub(crate) const FILE_BYTES_MAX: usize = 1 << 20;
/// Collections inside collections.
const DEPTH_MAX: usize = 24;
/// Scalars and collections of a file, every use of an alias counted with all it stands for.
const NODES_MAX: usize = 50_000;

/// A value of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    Null,
    Scalar(String),
    List(Vec<Node>),
    /// In the order of the file.
    Map(Vec<(String, Node)>),
}

/// Why a text is not a document that can be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum YamlError {
    #[error("it is longer than {FILE_BYTES_MAX} bytes")]
    TooLong,
    #[error("it is nested deeper than {DEPTH_MAX} levels")]
    TooDeep,
    #[error("it has more than {NODES_MAX} values, with all that aliases stand for")]
    TooMany,
    #[error("line {line}: {problem}")]
    Form { line: usize, problem: String },
    #[error("the key '{key}' stands twice in one place")]
    Twice { key: String },
    #[error("it holds no document")]
    Empty,
}

impl Node {
    /// Reads the first document of a text.
    pub(crate) fn parse(text: &str) -> Result<Self, YamlError> {
        if text.len() > FILE_BYTES_MAX {
            return Err(YamlError::TooLong);
        }
        Builder::default().build(text)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// A scalar's text.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Scalar(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn truth(&self) -> Option<bool> {
        match self.text()?.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => Some(true),
            "false" | "no" | "off" => Some(false),
            _ => None,
        }
    }

    pub(crate) fn number(&self) -> Option<u64> {
        self.text()?.trim().parse().ok()
    }

    /// The members of a list; a scalar stands for a list of itself.
    pub(crate) fn members(&self) -> &[Self] {
        match self {
            Self::List(members) => members,
            Self::Null => &[],
            single => std::slice::from_ref(single),
        }
    }

    pub(crate) fn entries(&self) -> &[(String, Self)] {
        match self {
            Self::Map(entries) => entries,
            _ => &[],
        }
    }

    /// Values in it, itself included.
    fn count(&self) -> usize {
        1 + match self {
            Self::Null | Self::Scalar(_) => 0,
            Self::List(members) => members.iter().map(Self::count).sum(),
            Self::Map(entries) => entries.iter().map(|(_, value)| value.count()).sum(),
        }
    }
}

/// A collection that is being read, with the number of its anchor.
enum Open {
    List(Vec<Node>, usize),
    /// The key that waits for its value.
    Map(Vec<(String, Node)>, Option<String>, usize),
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    done: Option<Node>,
}

impl Builder {
    fn build(mut self, text: &str) -> Result<Node, YamlError> {
        for event in Parser::new_from_str(text) {
            let (event, span) = event.map_err(|error| YamlError::Form {
                line: error.marker().line(),
                problem: error.info().chars().take(200).collect(),
            })?;
            let line = span.start.line();
            match event {
                Event::Scalar(text, style, anchor, _) => {
                    let plain = style == ScalarStyle::Plain;
                    let null = plain && matches!(text.as_ref(), "" | "~" | "null" | "Null" | "NULL");
                    let node = if null && !self.expects_key() {
                        Node::Null
                    } else {
                        Node::Scalar(text.into_owned())
                    };
                    self.keep(anchor, &node);
                    self.place(node, 1, line)?;
                }
                Event::SequenceStart(anchor, _) => self.enter(Open::List(Vec::new(), anchor))?,
                Event::MappingStart(anchor, _) => self.enter(Open::Map(Vec::new(), None, anchor))?,
                Event::SequenceEnd | Event::MappingEnd => self.leave(line)?,
                Event::Alias(anchor) => {
                    let form = |problem: &str| YamlError::Form { line, problem: problem.to_owned() };
                    let node = self.anchors.get(&anchor).cloned();
                    let node = node.ok_or_else(|| form("an alias stands inside what it stands for"))?;
                    let count = node.count();
                    self.place(node, count, line)?;
                }
                Event::DocumentEnd => break,
                Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) => {}
            }
        }
        self.done.ok_or(YamlError::Empty)
    }

    fn expects_key(&self) -> bool {
        matches!(self.open.last(), Some(Open::Map(_, None, _)))
    }

    fn keep(&mut self, anchor: usize, node: &Node) {
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
    }

    fn enter(&mut self, open: Open) -> Result<(), YamlError> {
        if self.open.len() >= DEPTH_MAX {
            return Err(YamlError::TooDeep);
        }
        self.open.push(open);
        Ok(())
    }

    fn leave(&mut self, line: usize) -> Result<(), YamlError> {
        let (node, anchor) = match self.open.pop() {
            Some(Open::List(members, anchor)) => (Node::List(members), anchor),
            Some(Open::Map(entries, _, anchor)) => (Node::Map(entries), anchor),
            None => return Ok(()),
        };
        self.keep(anchor, &node);
        // What is in it was counted when it was placed.
        self.place(node, 1, line)
    }

    fn place(&mut self, node: Node, count: usize, line: usize) -> Result<(), YamlError> {
        self.nodes += count;
        if self.nodes > NODES_MAX {
            return Err(YamlError::TooMany);
        }
        match self.open.last_mut() {
            None => {
                self.done.get_or_insert(node);
            }
            Some(Open::List(members, _)) => members.push(node),
            Some(Open::Map(entries, waiting, _)) => match waiting.take() {
                Some(key) if entries.iter().any(|(known, _)| *known == key) => {
                    return Err(YamlError::Twice { key });
                }
                Some(key) => entries.push((key, node)),
                None => match node {
                    Node::Scalar(key) => *waiting = Some(key),
                    _ => {
                        return Err(YamlError::Form { line, problem: "a key is not a text".to_owned() });
                    }
                },
            },
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn documents_become_trees() {
        let node = Node::parse("a: 1\nb:\n  - x\n  - 'y: z'\nc: |\n  two\n  lines\nd: ~\ne: \"\"\n").unwrap();
        assert_eq!(node.get("a").and_then(Node::number), Some(1));
        assert_eq!(node.get("b").map(|list| list.members().len()), Some(2));
        assert_eq!(node.get("c").and_then(Node::text), Some("two\nlines\n"));
        assert_eq!((node.get("d"), node.get("e")), (Some(&Node::Null), Some(&Node::Scalar(String::new()))));
        assert_eq!(node.get("a").map(|a| a.members().len()), Some(1), "a scalar is a list of itself");
    }

    #[test]
    fn aliases_cost_what_they_stand_for() {
        let shared = Node::parse("a: &x [1, 2]\nb: *x\n").unwrap();
        assert_eq!(shared.get("a"), shared.get("b"));
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let below = level - 1;
            let uses = vec![format!("*a{below}"); 10].join(", ");
            bomb.extend([format!("a{level}: &a{level} [{uses}]\n")]);
        }
        assert!(matches!(Node::parse(&bomb), Err(YamlError::TooMany | YamlError::Form { .. })));
        assert!(Node::parse("a: &x [*x]\n").is_err(), "an alias of itself");
    }

    #[test]
    fn depth_and_length_are_limited() {
        assert_eq!(Node::parse(&"[".repeat(100)), Err(YamlError::TooDeep));
        assert!(Node::parse(&"[".repeat(10_000)).is_err());
        assert_eq!(Node::parse(&format!("a: {}", "x".repeat(FILE_BYTES_MAX))), Err(YamlError::TooLong));
        assert_eq!(Node::parse(&"- x\n".repeat(60_000)), Err(YamlError::TooMany));
        assert_eq!(Node::parse("a: 1\na: 2\n"), Err(YamlError::Twice { key: "a".to_owned() }));
        assert_eq!(Node::parse(""), Err(YamlError::Empty));
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "[-a-z:&*\\[\\]{}|>\"'#%!?, \n]{0,80}") {
            let _ = Node::parse(&text);
        }
    }
}
