//! Questions to pages and XML documents, in the part of XPath that names places:
//! `/html/body/div[2]`, `//a[@class="x"]/@href`, `//p[contains(text(), "x")]/text()`, `*`.
//!
//! Deliberately absent: axes, functions beyond `contains` and `text`, sums, unions.

use crate::html::Page;

const STEPS_MAX: usize = 40;
/// Places that one question may give.
const PLACES_MAX: usize = 1_000;

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct XPath {
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Step {
    /// At any depth.
    deep: bool,
    name: Test,
    conditions: Vec<Condition>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    Any,
    Element(String),
    Attribute(String),
    Text,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Condition {
    Place(usize),
    Has(Test),
    Is(Test, String),
    Contains(Test, String),
}

impl XPath {
    /// Reads a question.
    ///
    /// # Errors
    ///
    /// What of it is not of this part of the language.
    pub(crate) fn parse(source: &str) -> Result<Self, String> {
        let unknown = || format!("'{source}' is no path that we know");
        let mut rest = source.trim();
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let deep = rest.starts_with("//");
            rest = rest.strip_prefix("//").or_else(|| rest.strip_prefix('/')).ok_or_else(unknown)?;
            let end = rest.find(['/', '[']).unwrap_or(rest.len());
            let (name, mut after) = rest.split_at(end);
            let name = test(name).ok_or_else(unknown)?;
            let mut conditions = Vec::new();
            while let Some(inner) = after.strip_prefix('[') {
                let end = closing(inner).ok_or_else(unknown)?;
                conditions.push(inner.get(..end).and_then(condition).ok_or_else(unknown)?);
                after = inner.get(end + 1..).unwrap_or_default();
            }
            steps.push(Step { deep, name, conditions });
            rest = after;
        }
        if steps.is_empty() || steps.len() > STEPS_MAX { Err(unknown()) } else { Ok(Self { steps }) }
    }

    /// The texts at the places it names; with `attribute`, the values of that attribute there.
    pub(crate) fn texts(&self, page: &Page, attribute: Option<&str>) -> Vec<String> {
        let mut places = vec![0];
        let mut steps = self.steps.iter();
        let last_is_value =
            self.steps.last().is_some_and(|step| matches!(step.name, Test::Attribute(_) | Test::Text));
        for step in steps.by_ref().take(self.steps.len() - usize::from(last_is_value)) {
            places = step.take(page, &places);
        }
        let value = steps.next();
        if let Some(step) = value
            && step.deep
        {
            let below = Step { deep: true, name: Test::Any, conditions: Vec::new() };
            places = below.take(page, &places);
        }
        let texts = places.into_iter().filter_map(|place| match (value.map(|step| &step.name), attribute) {
            (Some(test), _) => test.value(page, place),
            (None, Some(name)) => Test::Attribute(name.to_ascii_lowercase()).value(page, place),
            (None, None) => Some(page.inner_text(place).trim().to_owned()),
        });
        texts.collect()
    }
}

impl Step {
    fn take(&self, page: &Page, places: &[usize]) -> Vec<usize> {
        let mut taken = Vec::new();
        for place in places {
            let mut parents = vec![*place];
            while let Some(parent) = parents.pop() {
                let Some(node) = page.nodes.get(parent) else { continue };
                let mut found: Vec<usize> =
                    node.children.iter().copied().filter(|child| self.name.is(page, *child)).collect();
                for condition in &self.conditions {
                    found = condition.filter(page, found);
                }
                taken.extend(found);
                if taken.len() >= PLACES_MAX {
                    break;
                }
                if self.deep {
                    parents.extend(node.children.iter().rev().copied());
                }
            }
        }
        taken.sort_unstable();
        taken.dedup();
        taken.truncate(PLACES_MAX);
        taken
    }
}

impl Test {
    fn is(&self, page: &Page, place: usize) -> bool {
        let name = page.nodes.get(place).map_or("", |node| node.name.as_str());
        match self {
            Self::Any => !name.is_empty(),
            Self::Element(wanted) => name == wanted,
            Self::Attribute(_) | Self::Text => false,
        }
    }

    /// The value it names of a place.
    fn value(&self, page: &Page, place: usize) -> Option<String> {
        let node = page.nodes.get(place)?;
        match self {
            Self::Attribute(wanted) => {
                node.attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone())
            }
            Self::Text => {
                let texts: String = node
                    .children
                    .iter()
                    .filter_map(|child| page.nodes.get(*child))
                    .map(|child| child.text.as_str())
                    .collect();
                (!texts.is_empty()).then(|| texts.trim().to_owned())
            }
            Self::Any | Self::Element(_) => {
                let child = node.children.iter().find(|child| self.is(page, **child))?;
                Some(page.inner_text(*child))
            }
        }
    }
}

impl Condition {
    fn filter(&self, page: &Page, places: Vec<usize>) -> Vec<usize> {
        match self {
            Self::Place(number) => {
                number.checked_sub(1).and_then(|index| places.get(index)).copied().into_iter().collect()
            }
            Self::Has(test) => {
                places.into_iter().filter(|place| test.value(page, *place).is_some()).collect()
            }
            Self::Is(test, wanted) => {
                places.into_iter().filter(|place| test.value(page, *place).as_ref() == Some(wanted)).collect()
            }
            Self::Contains(test, wanted) => {
                let holds = |place: &usize| {
                    test.value(page, *place).is_some_and(|value| value.contains(wanted.as_str()))
                };
                places.into_iter().filter(holds).collect()
            }
        }
    }
}

fn test(name: &str) -> Option<Test> {
    let name = name.trim();
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|each| each.is_ascii_alphanumeric() || "-_:.".contains(each))
    };
    match name {
        "*" => Some(Test::Any),
        "text()" => Some(Test::Text),
        _ => match name.strip_prefix('@') {
            Some(attribute) if is_name(attribute) => Some(Test::Attribute(attribute.to_ascii_lowercase())),
            None if is_name(name) && !name.starts_with('.') && !name.contains("::") => {
                Some(Test::Element(name.to_ascii_lowercase()))
            }
            _ => None,
        },
    }
}

/// Where the bracket closes that stands before this.
fn closing(source: &str) -> Option<usize> {
    let mut quote = None;
    source.char_indices().find_map(|(index, character)| {
        match (quote, character) {
            (None, ']') => return Some(index),
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            _ => {}
        }
        None
    })
}

fn condition(source: &str) -> Option<Condition> {
    let source = source.trim();
    if let Ok(number) = source.parse() {
        return Some(Condition::Place(number));
    }
    if let Some(inner) = source.strip_prefix("contains(").and_then(|rest| rest.strip_suffix(')')) {
        let (name, wanted) = inner.split_once(',')?;
        return Some(Condition::Contains(test(name)?, unquoted(wanted)?));
    }
    match source.split_once('=') {
        Some((name, wanted)) => Some(Condition::Is(test(name)?, unquoted(wanted)?)),
        None => test(source).map(Condition::Has),
    }
}

fn unquoted(text: &str) -> Option<String> {
    let text = text.trim();
    let quote = text.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    text.strip_prefix(quote)?.strip_suffix(quote).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PAGE: &str = r#"<!doctype html><html><head><title>A &amp; B</title><script>if (a < b) x()</script></head>
        <body><div class="one">first<br>line</div><div class=two><a href='/x?a=1&amp;b=2' id=link>go</a>
        <p>one</p><p>two <b>bold</b></p></div><!-- <a href="no"> --></body></html>"#;

    fn ask(path: &str) -> Vec<String> {
        XPath::parse(path).unwrap().texts(&Page::parse(PAGE), None)
    }

    #[test]
    fn places_are_found() {
        assert_eq!(ask("/html/head/title"), ["A & B"]);
        assert_eq!(ask("//a/@href"), ["/x?a=1&b=2"]);
        assert_eq!(ask("/html/body/div[2]/p[2]/b"), ["bold"]);
        assert_eq!(ask(r#"//div[@class="two"]/p/text()"#), ["one", "two"]);
        assert_eq!(ask("//p[contains(text(), 'tw')]"), ["two bold"]);
        assert_eq!(ask("//*[@id='link']"), ["go"]);
        assert_eq!(ask("//p[b]"), ["two bold"]);
        assert_eq!(ask("//@class"), ["one", "two"]);
        assert!(ask("/body").is_empty() && ask("//div[3]").is_empty());
        let link = XPath::parse("//a").unwrap().texts(&Page::parse(PAGE), Some("id"));
        assert_eq!(link, ["link"]);
    }

    #[test]
    fn the_rest_of_the_language_is_refused() {
        for path in
            ["", "a", "//a | //b", "//a/following-sibling::b", "//a[last()]", "//a[", "//a[@x=y]", "/"]
        {
            assert!(XPath::parse(path).is_err(), "{path}");
        }
    }

    #[test]
    fn large_pages_are_cut() {
        let page = Page::parse(&"<div>".repeat(50_000));
        assert!(page.nodes.len() <= 20_002);
        assert!(XPath::parse("//div").unwrap().texts(&page, None).len() <= PLACES_MAX);
    }

    proptest! {
        #[test]
        fn any_page_and_any_path_is_survived(page in "[<>/a=\"'! -]{0,60}", path in "[/a@*\\[\\]()=\"'1]{0,20}") {
            let page = Page::parse(&page);
            if let Ok(path) = XPath::parse(&path) {
                let _ = path.texts(&page, None);
            }
        }
    }
}
