//! Matchers: what an answer must show.

use crate::expression::{Evaluation, Expression, Scope, Value, truth_of};
use crate::functions::from_hexadecimal;
use crate::html::Page;
use crate::pattern::Pattern;
use crate::search;
use crate::text::Text;
use crate::xpath::XPath;

/// Every sort of matcher, as templates call it.
pub const MATCHER_TYPES: [&str; 7] = ["status", "size", "word", "regex", "binary", "dsl", "xpath"];

/// A matcher.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Matcher {
    pub(crate) test: Test,
    /// The variable that is looked at.
    pub(crate) part: String,
    /// All of its values have to fit, not one of them.
    pub(crate) all: bool,
    pub(crate) negative: bool,
    pub(crate) name: Option<String>,
    /// It steers the flow, and is no finding.
    pub(crate) internal: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    Status(Vec<u64>),
    Size(Vec<u64>),
    Word { words: Vec<Text>, any_case: bool },
    Regex(Vec<PatternText>),
    Binary(Vec<Text>),
    Dsl(Vec<Expression>),
    XPath(Vec<XPath>),
}

/// A pattern, or a text that becomes one when its values are known.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum PatternText {
    Fixed(Pattern),
    Open(Text),
}

impl PatternText {
    pub(crate) fn resolve(
        &self,
        evaluation: &mut Evaluation<'_>,
        scope: &Scope<'_>,
    ) -> Option<std::borrow::Cow<'_, Pattern>> {
        match self {
            Self::Fixed(pattern) => Some(std::borrow::Cow::Borrowed(pattern)),
            Self::Open(text) => {
                let (source, _) = text.render(evaluation, scope);
                evaluation.pattern(&source).ok().map(std::borrow::Cow::Owned)
            }
        }
    }
}

impl Matcher {
    /// Whether it matches. What cannot be told (the part is not there, an expression fails) is no
    /// match, also for a negative matcher.
    pub(crate) fn matches(&self, evaluation: &mut Evaluation<'_>, scope: &Scope<'_>) -> bool {
        self.test(evaluation, scope).is_some_and(|found| found != self.negative)
    }

    fn test(&self, evaluation: &mut Evaluation<'_>, scope: &Scope<'_>) -> Option<bool> {
        match &self.test {
            Test::Dsl(expressions) => self.any_or_all(expressions.iter().map(|expression| {
                let value = evaluation.value(expression, scope).ok()?;
                truth_of(&value).ok()
            })),
            Test::Status(wanted) => {
                let status = scope.get("status_code").and_then(Value::number)?;
                self.any_or_all(wanted.iter().map(|wanted| Some(is_number(status, *wanted))))
            }
            other => self.test_part(other, &scope.get(&self.part)?.bytes(), evaluation, scope),
        }
    }

    fn test_part(
        &self,
        test: &Test,
        part: &[u8],
        evaluation: &mut Evaluation<'_>,
        scope: &Scope<'_>,
    ) -> Option<bool> {
        match test {
            Test::Size(wanted) => {
                let size = u64::try_from(part.len()).ok()?;
                self.any_or_all(wanted.iter().map(|wanted| Some(size == *wanted)))
            }
            Test::Word { words, any_case } => {
                let lowered = any_case.then(|| String::from_utf8_lossy(part).to_lowercase());
                self.any_or_all(words.iter().map(|word| {
                    let (word, _) = word.render(evaluation, scope);
                    Some(match &lowered {
                        Some(part) => part.contains(&String::from_utf8_lossy(&word).to_lowercase()),
                        None => search::contains(part, &word),
                    })
                }))
            }
            Test::Regex(patterns) => self.any_or_all(
                patterns.iter().map(|pattern| Some(pattern.resolve(evaluation, scope)?.is_match(part))),
            ),
            Test::Binary(texts) => self.any_or_all(texts.iter().map(|text| {
                let (digits, _) = text.render(evaluation, scope);
                let bytes = from_hexadecimal(std::str::from_utf8(&digits).ok()?)?;
                Some(search::contains(part, &bytes))
            })),
            Test::XPath(paths) => {
                let page = Page::parse(&String::from_utf8_lossy(part));
                self.any_or_all(paths.iter().map(|path| Some(!path.texts(&page, None).is_empty())))
            }
            Test::Dsl(_) | Test::Status(_) => None,
        }
    }

    /// One that fits among those that can be told is enough; for all of them every one has to.
    fn any_or_all(&self, results: impl Iterator<Item = Option<bool>>) -> Option<bool> {
        let mut known = false;
        for result in results {
            match result {
                Some(true) if !self.all => return Some(true),
                Some(false) if self.all => return Some(false),
                None if self.all => return None,
                told => known |= told.is_some(),
            }
        }
        known.then_some(self.all)
    }

    /// The variables it looks at.
    pub(crate) fn variables(&self) -> Vec<&str> {
        match &self.test {
            Test::Dsl(expressions) => expressions.iter().flat_map(Expression::variables).collect(),
            Test::Status(_) => Vec::new(),
            _ => vec![&self.part],
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a status is below 1000")]
fn is_number(number: f64, wanted: u64) -> bool {
    (number - wanted as f64).abs() < 0.5
}
