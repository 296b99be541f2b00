//! Texts with values to be put in: `/api/{{version}}?q={{base64(name)}}`, or `§name§`.
//!
//! Values are put in once: what an answer held stays as it is, also when it looks like this. What
//! names no variable and calls no function, such as `{{7*7}}`, is a text like any other.

use crate::expression::{Evaluation, Expression, ExpressionError, Scope};

/// Places for values in one text.
const PLACES_MAX: usize = 500;
/// Bytes between the braces of one place.
const PLACE_BYTES_MAX: usize = 8 * 1024;

/// A text and the places in it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Text {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Literal(String),
    /// The expression and how it stands in the text, which is left there when it has no value.
    Place(Box<Expression>, String),
}

impl Text {
    /// Reads a text.
    ///
    /// # Errors
    ///
    /// A place that calls a function that there is not, or too many places.
    pub fn parse(source: &str) -> Result<Self, ExpressionError> {
        let mut text = Self::default();
        let mut rest = source;
        let mut places = 0;
        while let Some(at) = next_mark(rest) {
            let (before, from) = rest.split_at(at);
            text.add(before);
            places += 1;
            if places > PLACES_MAX {
                return Err(ExpressionError::TooLong);
            }
            let Some((inner, whole)) = place(from) else {
                let mark = from.chars().next().map_or(1, char::len_utf8);
                text.add(from.get(..mark).unwrap_or_default());
                rest = from.get(mark..).unwrap_or_default();
                continue;
            };
            match Expression::parse(inner) {
                Ok(expression)
                    if !expression.variables().is_empty() || !expression.functions().is_empty() =>
                {
                    text.parts.push(Part::Place(Box::new(expression), whole.to_owned()));
                    rest = from.get(whole.len()..).unwrap_or_default();
                }
                Err(error @ ExpressionError::UnknownFunction(_)) => return Err(error),
                Ok(_) | Err(_) => {
                    let mark = from.chars().next().map_or(1, char::len_utf8);
                    text.add(from.get(..mark).unwrap_or_default());
                    rest = from.get(mark..).unwrap_or_default();
                }
            }
        }
        text.add(rest);
        Ok(text)
    }

    fn add(&mut self, literal: &str) {
        match self.parts.last_mut() {
            _ if literal.is_empty() => {}
            Some(Part::Literal(known)) => known.push_str(literal),
            _ => self.parts.push(Part::Literal(literal.to_owned())),
        }
    }

    /// The expressions in it.
    pub fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.parts.iter().filter_map(|part| match part {
            Part::Literal(_) => None,
            Part::Place(expression, _) => Some(&**expression),
        })
    }

    /// As it was written.
    #[must_use]
    pub fn source(&self) -> String {
        let parts = self.parts.iter().map(|part| match part {
            Part::Literal(text) | Part::Place(_, text) => text.as_str(),
        });
        parts.collect()
    }

    /// The text with its values, and the first place that has none.
    #[must_use]
    pub fn render(&self, evaluation: &mut Evaluation<'_>, scope: &Scope<'_>) -> (Vec<u8>, Option<String>) {
        evaluation.refill();
        match self.render_within(evaluation, scope) {
            Ok(rendered) => rendered,
            Err(error) => (Vec::new(), Some(error.to_string())),
        }
    }

    pub(crate) fn render_within(
        &self,
        evaluation: &mut Evaluation<'_>,
        scope: &Scope<'_>,
    ) -> Result<(Vec<u8>, Option<String>), ExpressionError> {
        let mut bytes = Vec::new();
        let mut unresolved = None;
        for part in &self.parts {
            match part {
                Part::Literal(text) => bytes.extend_from_slice(text.as_bytes()),
                Part::Place(expression, source) => match evaluation.value_within(expression, scope) {
                    Ok(value) => {
                        let value = value.bytes();
                        evaluation.spend(value.len())?;
                        bytes.extend_from_slice(&value);
                    }
                    Err(ExpressionError::TooMuch) => return Err(ExpressionError::TooMuch),
                    Err(_) => {
                        bytes.extend_from_slice(source.as_bytes());
                        unresolved.get_or_insert_with(|| source.clone());
                    }
                },
            }
        }
        Ok((bytes, unresolved))
    }
}

fn next_mark(text: &str) -> Option<usize> {
    match (text.find("{{"), text.find('§')) {
        (Some(braces), Some(sign)) => Some(braces.min(sign)),
        (braces, sign) => braces.or(sign),
    }
}

/// What stands between the marks that a text begins with, and the same with its marks.
fn place(text: &str) -> Option<(&str, &str)> {
    if let Some(after) = text.strip_prefix('§') {
        let (inner, _) = after.split_once('§')?;
        let whole = text.get(..inner.len() + 2 * '§'.len_utf8())?;
        return (inner.len() <= PLACE_BYTES_MAX).then_some((inner, whole));
    }
    let mut depth = 0_usize;
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len().min(PLACE_BYTES_MAX) {
        match bytes.get(at..at + 2)? {
            b"{{" => {
                depth += 1;
                at += 2;
            }
            b"}}" => {
                depth = depth.checked_sub(1)?;
                at += 2;
                if depth == 0 {
                    return Some((text.get(2..at - 2)?, text.get(..at)?));
                }
            }
            _ => at += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use palisade_model::{SeededIds, Timestamp};
    use proptest::prelude::*;

    use super::*;
    use crate::expression::Value;

    fn render(source: &str) -> (String, Option<String>) {
        let ids = SeededIds::new(1);
        let mut evaluation = Evaluation::new(Timestamp::UNIX_EPOCH, &ids);
        let known =
            BTreeMap::from([("a".to_owned(), Value::from("x")), ("body".to_owned(), Value::from("{{a}}"))]);
        let (bytes, unresolved) = Text::parse(source).unwrap().render(&mut evaluation, &Scope::new([&known]));
        (String::from_utf8(bytes).unwrap(), unresolved)
    }

    #[test]
    fn values_are_put_in_once() {
        assert_eq!(render("/{{a}}/§a§/{{base64(a)}}"), ("/x/x/eA==".to_owned(), None));
        assert_eq!(render("{{body}}").0, "{{a}}", "an answer is no template");
        assert_eq!(render("{{base64('{{a}}')}}-{{concat(\"§a§\", 'y')}}").0, "eA==-xy");
        assert_eq!(render("{{7*7}} {{ }} {{ {{a}}").0, "{{7*7}} {{ }} {{ x");
        assert_eq!(render("{{unknown}}!"), ("{{unknown}}!".to_owned(), Some("{{unknown}}".to_owned())));
        assert_eq!(render("100 § {a} }}").0, "100 § {a} }}");
        let missing = Text::parse("{{resolve('a')}}");
        assert_eq!(missing, Err(ExpressionError::UnknownFunction("resolve".to_owned())));
    }

    proptest! {
        #[test]
        fn any_text_is_survived_and_kept(source in "[{}§a-c()'\", +]{0,40}") {
            if let Ok(text) = Text::parse(&source) {
                prop_assert_eq!(text.source(), source);
            }
        }
    }
}
