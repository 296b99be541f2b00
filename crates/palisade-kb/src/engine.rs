//! The expression language: CEL, its string, list and number extensions, and a few functions of
//! our own that content needs.
//!
//! | function | gives |
//! | --- | --- |
//! | `matches(text, pattern)` | whether a regular expression matches somewhere in the text |
//! | `capture(text, pattern)` | the first group of the first match, or `""` |
//! | `version_less(a, b)` | whether version `a` comes before version `b` |
//! | `version_in(version, [[from, below], ...])` | whether a version is in one of the ranges |
//! | `table(titles, rows)` | tab-separated lines, the titles first |
//! | `suites_table(suites)` | the same for suites of `port.tls.suites` |
//! | `time_text(seconds)` | a moment in words, from Unix seconds |
//! | `date_text(seconds)` | the same, as `2026-01-31` |
//! | `port_name(port, transport)` | the registered name of a port number, or `unknown` |
//! | `port_description(port, transport)` | what is registered for it, or `unknown` |
//!
//! Deliberately absent: anything that reads the clock, randomness or the outside.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use cel::extractors::This;
use cel::objects::KeyRef;
use cel::{Context, Env, ExecutionError, Program, Value};
use palisade_model::{Timestamp, version};
use regex::{Regex, RegexBuilder};

use crate::well_known_ports;

/// Bytes a compiled regular expression may take.
const REGEX_SIZE_MAX: usize = 1 << 20;
/// Regular expressions kept compiled; content has fewer.
const REGEX_COUNT_MAX: usize = 512;
/// Characters a table cell keeps.
const CELL_CHARACTERS_MAX: usize = 500;

type Texts = Arc<Vec<Value>>;

/// Compiles expressions and makes the contexts they run in.
pub(crate) struct Engine {
    environment: Arc<Env>,
    patterns: Arc<Patterns>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Engine {
    pub(crate) fn new() -> Result<Self, String> {
        let mut environment = Env::stdlib();
        for extension in [cel::extensions::strings, cel::extensions::lists, cel::extensions::math] {
            extension(&mut environment).map_err(|error| error.to_string())?;
        }
        Ok(Self { environment: Arc::new(environment), patterns: Arc::default() })
    }

    pub(crate) fn compile(&self, source: &str) -> Result<Program, String> {
        self.environment.compile(source).map_err(|error| error.to_string())
    }

    /// A fresh context with all functions and no variables.
    pub(crate) fn context(&self) -> Result<Context<'static, 'static>, String> {
        let mut context = Context::with_env(Arc::clone(&self.environment));
        self.add_functions(&mut context).map_err(|error| error.to_string())?;
        Ok(context)
    }

    fn add_functions(&self, context: &mut Context<'_, '_>) -> Result<(), cel::DeclarationError> {
        let patterns = Arc::clone(&self.patterns);
        context.add_function("matches", move |This(text): This<Arc<String>>, pattern: Arc<String>| {
            patterns.with(&pattern, |regex| Value::Bool(regex.is_match(&text)))
        })?;
        let patterns = Arc::clone(&self.patterns);
        context.add_function("capture", move |This(text): This<Arc<String>>, pattern: Arc<String>| {
            patterns.with(&pattern, |regex| {
                let group = regex.captures(&text).and_then(|found| found.get(1));
                group.map_or("", |found| found.as_str()).into()
            })
        })?;
        context.add_function("version_less", |left: Arc<String>, right: Arc<String>| {
            version::compare(&left, &right).is_lt()
        })?;
        context.add_function("version_in", |version: Arc<String>, ranges: Texts| {
            version_in(&version, &ranges)
        })?;
        context.add_function("table", |titles: Texts, rows: Texts| table(&titles, &rows))?;
        context.add_function("suites_table", |suites: Texts| suites_table(&suites))?;
        context.add_function("time_text", |seconds: i64| moment(seconds, "%a, %b %d %Y, %H:%M:%S GMT"))?;
        context.add_function("date_text", |seconds: i64| moment(seconds, "%Y-%m-%d"))?;
        context.add_function("port_name", |port: i64, transport: Arc<String>| {
            well_known_ports::find(port, &transport).map_or("unknown", |known| known.name).to_owned()
        })?;
        context.add_function("port_description", |port: i64, transport: Arc<String>| {
            well_known_ports::find(port, &transport).map_or("unknown", |known| known.description).to_owned()
        })
    }
}

/// Regular expressions, compiled once.
#[derive(Default)]
struct Patterns(Mutex<HashMap<String, Arc<Regex>>>);

impl Patterns {
    fn with(&self, pattern: &str, use_it: impl FnOnce(&Regex) -> Value) -> Result<Value, ExecutionError> {
        let regex =
            self.compiled(pattern).map_err(|error| ExecutionError::function_error("matches", error))?;
        Ok(use_it(&regex))
    }

    fn compiled(&self, pattern: &str) -> Result<Arc<Regex>, regex::Error> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(regex) = known.get(pattern) {
            return Ok(Arc::clone(regex));
        }
        let regex = Arc::new(RegexBuilder::new(pattern).size_limit(REGEX_SIZE_MAX).build()?);
        if known.len() < REGEX_COUNT_MAX {
            known.insert(pattern.to_owned(), Arc::clone(&regex));
        }
        Ok(regex)
    }
}

fn moment(seconds: i64, format: &str) -> String {
    Timestamp::from_second(seconds)
        .map_or_else(|_| "unknown".to_owned(), |time| time.strftime(format).to_string())
}

/// Whether `version` is at or after the first and before the second of a pair. An empty first of a
/// pair means "from the beginning"; an empty version is in no range.
fn version_in(version: &str, ranges: &[Value]) -> Result<Value, ExecutionError> {
    let mut inside = false;
    for range in ranges {
        let Value::List(bounds) = range else {
            return Err(ExecutionError::function_error("version_in", "a range is not a list"));
        };
        let [Value::String(from), Value::String(below)] = bounds.as_slice() else {
            return Err(ExecutionError::function_error("version_in", "a range is not a pair of texts"));
        };
        inside |= !version::compare(version, from.as_str()).is_lt()
            && version::compare(version, below.as_str()).is_lt();
    }
    Ok(Value::Bool(inside && !version.is_empty()))
}

fn table(titles: &[Value], rows: &[Value]) -> Result<Value, ExecutionError> {
    let mut lines = Vec::with_capacity(rows.len() + 1);
    lines.push(line(titles));
    for row in rows {
        let Value::List(cells) = row else {
            return Err(ExecutionError::function_error("table", "a row is not a list"));
        };
        if cells.len() != titles.len() {
            return Err(ExecutionError::function_error(
                "table",
                "a row has not as many cells as there are titles",
            ));
        }
        lines.push(line(cells));
    }
    Ok(lines.join("\n").into())
}

/// Titles of [`suites_table`] and the fields of a suite below them.
const SUITE_COLUMNS: [(&str, &str); 7] = [
    ("PROTOCOL", "version"),
    ("CIPHER", "name"),
    ("KEY-EXCHANGE", "key_exchange"),
    ("AUTHENTICATION", "authentication"),
    ("MAC", "mac"),
    ("ENCRYPTION", "encryption"),
    ("KEY-STRENGTH", "bits"),
];

fn suites_table(suites: &[Value]) -> Result<Value, ExecutionError> {
    let mut lines = vec![SUITE_COLUMNS.map(|(title, _)| title).join("\t")];
    for suite in suites {
        let Value::Map(fields) = suite else {
            return Err(ExecutionError::function_error("suites_table", "a suite is not a map"));
        };
        let cells =
            SUITE_COLUMNS.map(|(_, field)| fields.get(&KeyRef::String(field)).map(cell).unwrap_or_default());
        lines.push(cells.join("\t"));
    }
    Ok(lines.join("\n").into())
}

fn line(cells: &[Value]) -> String {
    cells.iter().map(cell).collect::<Vec<_>>().join("\t")
}

/// A cell never has a tab or a line break of its own.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.as_str().to_owned(),
        Value::Int(number) => number.to_string(),
        Value::UInt(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Bool(truth) => if *truth { "yes" } else { "no" }.to_owned(),
        _ => String::new(),
    };
    let words: Vec<&str> =
        text.split(['\t', '\n', '\r']).map(str::trim).filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(CELL_CHARACTERS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evaluate(source: &str) -> Result<Value, String> {
        let engine = Engine::new()?;
        let context = engine.context()?;
        engine.compile(source)?.execute(&context).map_err(|error| error.to_string())
    }

    #[test]
    fn functions_of_our_own_answer() {
        assert_eq!(evaluate("'SSH-2.0-x'.matches('^SSH-2')"), Ok(Value::Bool(true)));
        assert_eq!(evaluate("capture('OpenSSH_9.2p1', 'OpenSSH_([0-9.]+)')"), Ok("9.2".into()));
        assert_eq!(evaluate("capture('nothing', 'OpenSSH_([0-9.]+)')"), Ok("".into()));
        assert_eq!(evaluate("version_less('9.2p1', '9.10')"), Ok(Value::Bool(true)));
        for (version, inside) in [
            ("2.2.9", true),
            ("2.4.0", false),
            ("2.4.1", true),
            ("2.4.9", true),
            ("2.4.10", false),
            ("", false),
        ] {
            let source = format!("version_in('{version}', [['', '2.4.0'], ['2.4.1', '2.4.10']])");
            assert_eq!(evaluate(&source), Ok(Value::Bool(inside)), "{version}");
        }
        assert_eq!(evaluate("time_text(0)"), Ok("Thu, Jan 01 1970, 00:00:00 GMT".into()));
        assert_eq!(evaluate("date_text(86400)"), Ok("1970-01-02".into()));
        assert_eq!(evaluate("port_name(22, 'tcp')"), Ok("ssh".into()));
        assert_eq!(evaluate("port_name(-1, 'tcp')"), Ok("unknown".into()));
        assert_eq!(evaluate("table(['a', 'b'], [['x\\ty', 2]])"), Ok("a\tb\nx y\t2".into()));
        assert_eq!(evaluate("['b', 'a'].sort().join(', ')"), Ok("a, b".into()));
    }

    #[test]
    fn what_is_wrong_is_an_error_and_not_a_panic() {
        assert!(evaluate("matches('a', '(')").is_err());
        assert!(evaluate("matches('a', 'a{1000}{1000}{1000}')").is_err());
        assert!(evaluate("table(['a'], [['x', 'y']])").is_err());
        assert!(evaluate("table(['a'], ['x'])").is_err());
        assert!(evaluate("version_in('1', ['2'])").is_err());
        assert!(evaluate("version_in('1', [['2']])").is_err());
        assert!(evaluate("version_in('1', [['1', 2]])").is_err());
        assert!(evaluate("1 +").is_err());
        assert!(evaluate("nobody.home").is_err());
    }
}
