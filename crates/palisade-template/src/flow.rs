//! The order in which the blocks of a template are asked: `http(1) && (http(2) || !dns())`.
//!
//! Deliberately absent: everything else that JavaScript has; templates that use it are listed.

use crate::template::Protocol;

const CALLS_MAX: usize = 50;
const DEPTH_MAX: usize = 20;

/// A flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Flow {
    Call(Protocol, Which),
    Not(Box<Flow>),
    And(Box<Flow>, Box<Flow>),
    Or(Box<Flow>, Box<Flow>),
}

/// Which blocks of a protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Which {
    All,
    /// From 1 up.
    Number(usize),
    Id(String),
}

impl Flow {
    /// Reads a flow; `None` for one that is more than calls, `&&`, `||`, `!` and brackets.
    pub(crate) fn parse(source: &str) -> Option<Self> {
        let source = source.trim().trim_end_matches(';');
        let mut reading = Reading { rest: source.trim(), calls: 0, depth: 0 };
        let flow = reading.or()?;
        reading.rest.is_empty().then_some(flow)
    }

    /// The calls in it.
    pub(crate) fn calls(&self) -> Vec<(Protocol, &Which)> {
        match self {
            Self::Call(protocol, which) => vec![(*protocol, which)],
            Self::Not(part) => part.calls(),
            Self::And(left, right) | Self::Or(left, right) => [left.calls(), right.calls()].concat(),
        }
    }
}

struct Reading<'a> {
    rest: &'a str,
    calls: usize,
    depth: usize,
}

impl Reading<'_> {
    fn accept(&mut self, mark: &str) -> bool {
        match self.rest.strip_prefix(mark) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    fn or(&mut self) -> Option<Flow> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return None;
        }
        let mut left = self.and()?;
        while self.accept("||") {
            left = Flow::Or(Box::new(left), Box::new(self.and()?));
        }
        self.depth -= 1;
        Some(left)
    }

    fn and(&mut self) -> Option<Flow> {
        let mut left = self.single()?;
        while self.accept("&&") {
            left = Flow::And(Box::new(left), Box::new(self.single()?));
        }
        Some(left)
    }

    fn single(&mut self) -> Option<Flow> {
        if self.accept("!") {
            self.depth += 1;
            let inner = if self.depth > DEPTH_MAX { None } else { self.single() };
            self.depth -= 1;
            return inner.map(|inner| Flow::Not(Box::new(inner)));
        }
        if self.accept("(") {
            let inner = self.or()?;
            return self.accept(")").then_some(inner);
        }
        let end = self.rest.find(|each: char| !each.is_ascii_alphanumeric())?;
        let (name, after) = self.rest.split_at(end);
        let protocol = Protocol::of(name)?;
        let (inner, after) = after.trim_start().strip_prefix('(')?.split_once(')')?;
        self.rest = after.trim_start();
        self.calls += 1;
        let inner = inner.trim();
        let which = if inner.is_empty() {
            Which::All
        } else if let Ok(number) = inner.parse() {
            Which::Number(number)
        } else {
            let quote = inner.chars().next().filter(|first| matches!(first, '"' | '\''))?;
            Which::Id(inner.strip_prefix(quote)?.strip_suffix(quote)?.to_owned())
        };
        (self.calls <= CALLS_MAX).then_some(Flow::Call(protocol, which))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_their_order() {
        let flow = Flow::parse("http(1) && (http(\"second\") || !dns());\n").unwrap();
        let second = Which::Id("second".to_owned());
        let expected =
            [(Protocol::Http, &Which::Number(1)), (Protocol::Http, &second), (Protocol::Dns, &Which::All)];
        assert_eq!(flow.calls(), expected);
        assert!(
            matches!(Flow::parse("http(1) || http(2) && http(3)"), Some(Flow::Or(..))),
            "and binds tighter"
        );
        for script in
            ["", "for (let a of b) { http(1) }", "http(1) http(2)", "http(1", "javascript(1)", "http(x)"]
        {
            assert_eq!(Flow::parse(script), None, "{script}");
        }
        assert_eq!(Flow::parse(&"!".repeat(10_000)), None);
        assert_eq!(Flow::parse(&format!("{}http(1){}", "(".repeat(1_000), ")".repeat(1_000))), None);
    }
}
