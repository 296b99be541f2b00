//! Extractors: what is taken out of an answer, for the report or for the next request.

use crate::expression::{Evaluation, Expression, Scope};
use crate::html::Page;
use crate::json_query::JsonQuery;
use crate::matcher::PatternText;
use crate::xpath::XPath;

/// Every sort of extractor, as templates call it.
pub const EXTRACTOR_TYPES: [&str; 5] = ["regex", "kval", "json", "xpath", "dsl"];

/// Values of one extractor that are kept.
const VALUES_MAX: usize = 50;
/// Bytes of one value that are kept.
const VALUE_BYTES_MAX: usize = 16 * 1024;

/// An extractor.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Extractor {
    pub(crate) source: Source,
    /// The variable that is looked at.
    pub(crate) part: String,
    pub(crate) name: Option<String>,
    /// For later requests, and not for the report.
    pub(crate) internal: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Source {
    Regex {
        patterns: Vec<PatternText>,
        group: usize,
    },
    /// Names of headers or other variables.
    KeyValue(Vec<String>),
    Json(Vec<JsonQuery>),
    XPath {
        paths: Vec<XPath>,
        attribute: Option<String>,
    },
    Dsl(Vec<Expression>),
}

impl Extractor {
    /// What it takes, each value once.
    pub(crate) fn take(&self, evaluation: &mut Evaluation<'_>, scope: &Scope<'_>) -> Vec<Vec<u8>> {
        let mut values: Vec<Vec<u8>> = Vec::new();
        for mut value in self.all(evaluation, scope) {
            value.truncate(VALUE_BYTES_MAX);
            if values.len() < VALUES_MAX && !values.contains(&value) {
                values.push(value);
            }
        }
        values
    }

    fn all(&self, evaluation: &mut Evaluation<'_>, scope: &Scope<'_>) -> Vec<Vec<u8>> {
        let part = || scope.get(&self.part).map(crate::Value::bytes).unwrap_or_default();
        match &self.source {
            Source::Regex { patterns, group } => {
                let part = part();
                let mut values = Vec::new();
                for pattern in patterns {
                    let Some(pattern) = pattern.resolve(evaluation, scope) else { continue };
                    values.extend(pattern.groups(&part, *group, VALUES_MAX * 4));
                }
                values
            }
            Source::KeyValue(keys) => {
                keys.iter().filter_map(|key| scope.get(key)).map(|value| value.bytes().to_vec()).collect()
            }
            Source::Json(queries) => match serde_json::from_slice(&part()) {
                Ok(document) => {
                    queries.iter().flat_map(|query| query.texts(&document)).map(String::into_bytes).collect()
                }
                Err(_) => Vec::new(),
            },
            Source::XPath { paths, attribute } => {
                let page = Page::parse(&String::from_utf8_lossy(&part()));
                let found = paths.iter().flat_map(|path| path.texts(&page, attribute.as_deref()));
                found.map(String::into_bytes).collect()
            }
            Source::Dsl(expressions) => expressions
                .iter()
                .filter_map(|expression| evaluation.value(expression, scope).ok())
                .map(|value| value.bytes().to_vec())
                .filter(|value| !value.is_empty())
                .collect(),
        }
    }
}
