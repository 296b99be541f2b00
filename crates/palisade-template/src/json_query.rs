//! Questions to JSON documents, in the part of the language `jq` that names places:
//! `.a.b`, `.["a b"]`, `.[0]`, `.[-1]`, `.[]`, `.a?`, several after each other with `|`, and the words
//! `keys`, `length` and `select(.a == "b")`.
//!
//! Deliberately absent: arithmetic, new objects, variables, functions of one's own.

use serde_json::Value;

/// Values that one question may give.
const VALUES_MAX: usize = 1_000;
const STEPS_MAX: usize = 100;

/// A question.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct JsonQuery {
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq)]
enum Step {
    Field(String),
    Place(i64),
    Each,
    Keys,
    Length,
    Select(JsonQuery, Option<Value>),
}

impl JsonQuery {
    /// Reads a question.
    ///
    /// # Errors
    ///
    /// What of it is not of this part of the language.
    pub(crate) fn parse(source: &str) -> Result<Self, String> {
        let mut steps = Vec::new();
        for part in parts(source) {
            stage(part.trim(), &mut steps)?;
        }
        if steps.len() > STEPS_MAX { Err("the question is too long".to_owned()) } else { Ok(Self { steps }) }
    }

    /// What it gives of a document, texts without their quotes. Nothing is not given.
    pub(crate) fn texts(&self, document: &Value) -> Vec<String> {
        let found = self.values(document);
        found
            .into_iter()
            .filter(|value| !value.is_null())
            .map(|value| match value {
                Value::String(text) => text,
                other => other.to_string(),
            })
            .collect()
    }

    fn values(&self, document: &Value) -> Vec<Value> {
        let mut values = vec![document.clone()];
        for step in &self.steps {
            values = values.iter().flat_map(|value| step.take(value)).take(VALUES_MAX).collect();
        }
        values
    }
}

impl Step {
    fn take(&self, value: &Value) -> Vec<Value> {
        match self {
            Self::Field(name) => value.get(name).cloned().into_iter().collect(),
            Self::Place(place) => {
                let Some(members) = value.as_array() else { return Vec::new() };
                let back = usize::try_from(place.unsigned_abs()).unwrap_or(usize::MAX);
                let index = if *place < 0 { members.len().checked_sub(back) } else { Some(back) };
                index.and_then(|index| members.get(index)).cloned().into_iter().collect()
            }
            Self::Each => match value {
                Value::Array(members) => members.clone(),
                Value::Object(fields) => fields.values().cloned().collect(),
                _ => Vec::new(),
            },
            Self::Keys => match value {
                Value::Object(fields) => vec![fields.keys().cloned().collect()],
                _ => Vec::new(),
            },
            Self::Length => {
                let length = match value {
                    Value::Array(members) => members.len(),
                    Value::Object(fields) => fields.len(),
                    Value::String(text) => text.chars().count(),
                    _ => return Vec::new(),
                };
                vec![length.into()]
            }
            Self::Select(query, wanted) => {
                let found = query.values(value);
                let is_so = |found: &Value| match wanted {
                    Some(wanted) => found == wanted,
                    None => !matches!(found, Value::Null | Value::Bool(false)),
                };
                if found.iter().any(is_so) { vec![value.clone()] } else { Vec::new() }
            }
        }
    }
}

/// The parts between bars that stand in no brackets and no quotes.
fn parts(source: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut quoted) = (Vec::new(), 0, 0_i32, false);
    for (index, byte) in source.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'(' | b'[' if !quoted => depth += 1,
            b')' | b']' if !quoted => depth -= 1,
            b'|' if !quoted && depth == 0 => {
                parts.push(source.get(start..index).unwrap_or_default());
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(source.get(start..).unwrap_or_default());
    parts
}

fn stage(source: &str, steps: &mut Vec<Step>) -> Result<(), String> {
    let unknown = || format!("'{source}' is no question that we know");
    match source {
        "keys" => steps.push(Step::Keys),
        "length" => steps.push(Step::Length),
        "" => return Err(unknown()),
        _ => {
            if let Some(inner) = source.strip_prefix("select(").and_then(|rest| rest.strip_suffix(')')) {
                // Not two deep: what is selected by is a place.
                if inner.contains("select(") {
                    return Err(unknown());
                }
                let (place, wanted) = match inner.split_once("==") {
                    Some((place, wanted)) => {
                        (place, Some(serde_json::from_str(wanted.trim()).map_err(|_| unknown())?))
                    }
                    None => (inner, None),
                };
                steps.push(Step::Select(JsonQuery::parse(place.trim())?, wanted));
                return Ok(());
            }
            path(source, steps).ok_or_else(unknown)?;
        }
    }
    Ok(())
}

fn path(source: &str, steps: &mut Vec<Step>) -> Option<()> {
    let mut rest = source.strip_prefix('.')?;
    loop {
        rest = rest.strip_prefix('?').unwrap_or(rest);
        if rest.is_empty() {
            return Some(());
        }
        if let Some(after) = rest.strip_prefix('[') {
            let (inner, behind) = after.split_once(']')?;
            steps.push(match inner.trim() {
                "" => Step::Each,
                quoted if quoted.starts_with('"') => Step::Field(serde_json::from_str(quoted).ok()?),
                number => Step::Place(number.parse().ok()?),
            });
            rest = behind;
        } else if rest.starts_with('"') {
            let end = rest.get(1..)?.find('"')? + 2;
            steps.push(Step::Field(serde_json::from_str(rest.get(..end)?).ok()?));
            rest = rest.get(end..)?;
        } else if let Some(after) = rest.strip_prefix('.') {
            rest = after;
        } else {
            let end = rest.find(|each: char| !(each.is_alphanumeric() || each == '_' || each == '-'));
            let (name, behind) = rest.split_at(end.unwrap_or(rest.len()));
            if name.is_empty() {
                return None;
            }
            steps.push(Step::Field(name.to_owned()));
            rest = behind;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn places_are_found() {
        let document =
            serde_json::json!({"a": {"b c": [1, "two", null]}, "list": [{"n": "x", "v": 1}, {"n": "y"}]});
        let ask = |source: &str| JsonQuery::parse(source).unwrap().texts(&document);
        assert_eq!(ask(r#".a["b c"][1]"#), ["two"]);
        assert_eq!(ask(r#".a."b c"[-3]"#), ["1"]);
        assert_eq!(ask(".list[].n"), ["x", "y"]);
        assert_eq!(ask(".list | .[] | .v?"), ["1"]);
        assert_eq!(ask(r#".list[] | select(.n == "x") | .v"#), ["1"]);
        assert_eq!(ask(".list | length"), ["2"]);
        assert_eq!(ask(". | keys"), [r#"["a","list"]"#]);
        assert!(ask(".missing.more[0]").is_empty() && ask(".a[]?[2]").is_empty());
    }

    #[test]
    fn the_rest_of_the_language_is_refused() {
        for source in ["", "a", ".a + 1", "map(.a)", "{a: .b}", ".[a]", "select(select(.a))", ".a |"] {
            assert!(JsonQuery::parse(source).is_err(), "{source}");
        }
    }

    proptest! {
        #[test]
        fn any_question_is_survived(source in "[.a\\[\\]\"|0-9()? =-]{0,30}") {
            if let Ok(query) = JsonQuery::parse(&source) {
                let _ = query.texts(&serde_json::json!({"a": [[1], {"a": "b"}]}));
            }
        }
    }
}
