//! Pages as trees, as far as questions about places in them need it: tags, attributes, texts.
//!
//! Deliberately absent: the rules by which browsers mend pages. A tag that is not closed holds what
//! follows until something around it is.

use crate::functions::html_unescape;

const NODES_MAX: usize = 20_000;
const DEPTH_MAX: usize = 200;
const VOID: [&str; 14] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
    "wbr",
];
/// What is in these is text until they end.
const RAW: [&str; 4] = ["script", "style", "textarea", "title"];

/// A page. The first node is above all others.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) nodes: Vec<PageNode>,
}

#[derive(Debug, Default)]
pub(crate) struct PageNode {
    /// In lower case; empty for a text.
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) text: String,
    pub(crate) children: Vec<usize>,
}

impl Page {
    pub(crate) fn parse(source: &str) -> Self {
        let mut page = Self { nodes: vec![PageNode::default()] };
        let mut open = vec![0_usize];
        let mut rest = source;
        while let Some(at) = rest.find('<') {
            let (before, from) = rest.split_at(at);
            page.text(&open, before);
            rest = if let Some(comment) = from.strip_prefix("<!--") {
                comment.split_once("-->").map_or("", |(_, after)| after)
            } else if from.get(1..).is_some_and(|after| after.starts_with(['!', '?'])) {
                from.split_once('>').map_or("", |(_, after)| after)
            } else if let Some(after) = from.strip_prefix("</") {
                let (name, behind) = after.split_once('>').unwrap_or((after, ""));
                page.close(&mut open, &name.trim().to_ascii_lowercase());
                behind
            } else {
                page.tag(&mut open, from.get(1..).unwrap_or_default())
            };
            if page.nodes.len() > NODES_MAX {
                return page;
            }
        }
        page.text(&open, rest);
        page
    }

    fn add(&mut self, open: &[usize], node: PageNode) -> usize {
        let index = self.nodes.len();
        self.nodes.push(node);
        if let Some(parent) = open.last().and_then(|parent| self.nodes.get_mut(*parent)) {
            parent.children.push(index);
        }
        index
    }

    fn text(&mut self, open: &[usize], text: &str) {
        if !text.trim().is_empty() {
            self.add(open, PageNode { text: html_unescape(text), ..PageNode::default() });
        }
    }

    fn close(&mut self, open: &mut Vec<usize>, name: &str) {
        let place =
            open.iter().rposition(|index| self.nodes.get(*index).is_some_and(|node| node.name == name));
        if let Some(place) = place.filter(|place| *place > 0) {
            open.truncate(place);
        }
    }

    /// Reads a tag behind its bracket; gives what follows.
    fn tag<'a>(&mut self, open: &mut Vec<usize>, source: &'a str) -> &'a str {
        let end = source.find(|each: char| !(each.is_ascii_alphanumeric() || "-_:.".contains(each)));
        let (name, mut rest) = source.split_at(end.unwrap_or(source.len()));
        if !name.starts_with(|first: char| first.is_ascii_alphabetic()) {
            self.text(open, "<");
            return source;
        }
        let mut node = PageNode { name: name.to_ascii_lowercase(), ..PageNode::default() };
        loop {
            rest = rest.trim_start_matches(|each: char| each.is_whitespace() || each == '/');
            if rest.is_empty() || rest.starts_with('>') {
                break;
            }
            let end =
                rest.find(|each: char| each.is_whitespace() || "=/>".contains(each)).unwrap_or(rest.len());
            // An equals sign without a name before it is passed over.
            let (key, after) = rest.split_at(end.max(usize::from(rest.starts_with('='))));
            let (value, after) = value(after);
            node.attributes.push((key.to_ascii_lowercase(), html_unescape(value)));
            rest = after;
        }
        let closed = source.get(..source.len() - rest.len()).is_some_and(|tag| tag.ends_with('/'));
        rest = rest.strip_prefix('>').unwrap_or(rest);
        let name = node.name.clone();
        let index = self.add(open, node);
        if closed || VOID.contains(&name.as_str()) {
            return rest;
        }
        if RAW.contains(&name.as_str()) {
            let end = format!("</{name}");
            let at = rest.to_ascii_lowercase().find(&end).unwrap_or(rest.len());
            let (inner, after) = rest.split_at(at);
            self.text(&[index], inner);
            return after.split_once('>').map_or("", |(_, after)| after);
        }
        if open.len() < DEPTH_MAX {
            open.push(index);
        }
        rest
    }

    /// All the text in a node.
    pub(crate) fn inner_text(&self, index: usize) -> String {
        let Some(node) = self.nodes.get(index) else { return String::new() };
        let mut text = node.text.clone();
        for child in &node.children {
            text.push_str(&self.inner_text(*child));
        }
        text
    }
}

/// The value behind an attribute's name, and what follows.
fn value(source: &str) -> (&str, &str) {
    let Some(after) = source.trim_start().strip_prefix('=') else { return ("", source) };
    let after = after.trim_start();
    for quote in ['"', '\''] {
        if let Some(inner) = after.strip_prefix(quote) {
            return inner.split_once(quote).unwrap_or((inner, ""));
        }
    }
    let end = after.find(|each: char| each.is_whitespace() || each == '>').unwrap_or(after.len());
    after.split_at(end)
}
