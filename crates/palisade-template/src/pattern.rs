//! Patterns as templates write them (the syntax of RE2), compiled for linear-time matching over
//! bytes when they are needed.
//!
//! Compiled patterns are many times as large as their text, and directories have tens of thousands of
//! them: the process keeps those used last. What our library reads differently is translated: a brace
//! that is no repetition, brackets inside classes, escaped angle brackets, `\Q...\E`.

use std::collections::{HashMap, VecDeque};
use std::sync::{LazyLock, Mutex, PoisonError};

use regex::bytes::{Regex, RegexBuilder};

/// Bytes one compiled pattern may take.
const COMPILED_BYTES_MAX: usize = 4 << 20;
/// Bytes that matching with one pattern may take beside it.
const MATCHING_BYTES_MAX: usize = 256 * 1024;
/// Bytes of a pattern's text.
const PATTERN_BYTES_MAX: usize = 16 * 1024;
/// Compiled patterns that are kept.
const KEPT_MAX: usize = 1_000;

static KEPT: LazyLock<Mutex<Kept>> = LazyLock::new(Mutex::default);

/// Compiled patterns by their text, and the order in which they came.
#[derive(Default)]
struct Kept {
    compiled: HashMap<String, Regex>,
    order: VecDeque<String>,
}

/// A pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    source: String,
}

impl Pattern {
    #[must_use]
    pub fn new(source: &str) -> Self {
        Self { source: source.to_owned() }
    }

    /// Whether it compiles.
    ///
    /// # Errors
    ///
    /// The compiler's words when it is too large, malformed, or asks for what linear time cannot.
    pub fn check(&self) -> Result<(), String> {
        self.compiled().map(|_| ())
    }

    /// The same, and keeps nothing.
    pub(crate) fn try_compile(&self) -> Result<(), String> {
        compile(&self.source).map(|_| ())
    }

    fn compiled(&self) -> Result<Regex, String> {
        let kept = || KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(regex) = kept().compiled.get(&self.source) {
            return Ok(regex.clone());
        }
        // Others may look things up while this one is compiled.
        let regex = compile(&self.source)?;
        let mut kept = kept();
        if kept.compiled.insert(self.source.clone(), regex.clone()).is_none() {
            kept.order.push_back(self.source.clone());
        }
        while kept.order.len() > KEPT_MAX {
            if let Some(oldest) = kept.order.pop_front() {
                kept.compiled.remove(&oldest);
            }
        }
        Ok(regex)
    }

    /// Whether it matches somewhere; one that does not compile matches nowhere.
    #[must_use]
    pub fn is_match(&self, bytes: &[u8]) -> bool {
        self.compiled().is_ok_and(|regex| regex.is_match(bytes))
    }

    /// What a group holds of each match, from the left, of at most so many.
    pub(crate) fn groups(&self, bytes: &[u8], group: usize, most: usize) -> Vec<Vec<u8>> {
        let Ok(regex) = self.compiled() else { return Vec::new() };
        let found = regex.captures_iter(bytes).filter_map(|captures| captures.get(group));
        found.take(most).map(|found| found.as_bytes().to_vec()).collect()
    }

    /// Every match replaced; `$1` in the replacement is the first group.
    pub(crate) fn replace_all(&self, bytes: &[u8], by: &[u8]) -> Vec<u8> {
        match self.compiled() {
            Ok(regex) => regex.replace_all(bytes, by).into_owned(),
            Err(_) => bytes.to_vec(),
        }
    }
}

fn compile(source: &str) -> Result<Regex, String> {
    if source.len() > PATTERN_BYTES_MAX {
        return Err(format!("the pattern is longer than {PATTERN_BYTES_MAX} bytes"));
    }
    let translated = translated(source);
    let build = |unicode: bool| {
        RegexBuilder::new(&translated)
            .unicode(unicode)
            .size_limit(COMPILED_BYTES_MAX)
            .dfa_size_limit(MATCHING_BYTES_MAX)
            .build()
    };
    // Bytes first: then a dot is any byte, and classes are those of ASCII, as in RE2.
    let built = if source.is_ascii() { build(false).or_else(|_| build(true)) } else { build(true) };
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "the pattern is too large when compiled".to_owned(),
        other => other.to_string().lines().last().unwrap_or_default().trim().to_owned(),
    })
}

/// The same pattern as our library writes it.
fn translated(source: &str) -> String {
    let mut out = String::with_capacity(source.len() + 8);
    let mut rest = source;
    let mut in_class = false;
    while let Some(character) = rest.chars().next() {
        let after = rest.get(character.len_utf8()..).unwrap_or_default();
        rest = after;
        match character {
            '\\' => rest = escape(after, &mut out),
            '[' if in_class => {
                if after.starts_with(':') && after.contains(":]") {
                    let end = after.find(":]").unwrap_or_default() + 2;
                    out.push('[');
                    out.push_str(after.get(..end).unwrap_or_default());
                    rest = after.get(end..).unwrap_or_default();
                } else {
                    out.push_str(r"\[");
                }
            }
            '[' => {
                in_class = true;
                out.push('[');
                if let Some(negated) = rest.strip_prefix('^') {
                    out.push('^');
                    rest = negated;
                }
                if let Some(bracket) = rest.strip_prefix(']') {
                    out.push_str(r"\]");
                    rest = bracket;
                }
            }
            ']' if in_class => {
                in_class = false;
                out.push(']');
            }
            '&' | '~' if in_class => out.extend(['\\', character]),
            '{' if !in_class && !is_repetition(after) => out.push_str(r"\{"),
            '}' if !in_class && !closes_repetition(&out) => out.push_str(r"\}"),
            _ => out.push(character),
        }
    }
    out
}

/// What follows a backslash; gives what is left.
fn escape<'a>(after: &'a str, out: &mut String) -> &'a str {
    let Some(character) = after.chars().next() else {
        out.push('\\');
        return after;
    };
    let rest = after.get(character.len_utf8()..).unwrap_or_default();
    match character {
        '<' | '>' | ' ' | '_' => out.push(character),
        'Q' => {
            let end = rest.find(r"\E").unwrap_or(rest.len());
            let (literal, after) = rest.split_at(end);
            out.push_str(&regex::escape(literal));
            return after.strip_prefix(r"\E").unwrap_or(after);
        }
        'p' | 'P' | 'x' if rest.starts_with('{') => {
            let end = rest.find('}').map_or(rest.len(), |end| end + 1);
            let (name, after) = rest.split_at(end);
            out.extend(['\\', character]);
            out.push_str(name);
            return after;
        }
        _ => out.extend(['\\', character]),
    }
    rest
}

/// Whether `{` before this begins a repetition: `2}`, `2,}`, `2,3}`.
fn is_repetition(after: &str) -> bool {
    let Some((inner, _)) = after.split_once('}') else { return false };
    let (least, most) = inner.split_once(',').unwrap_or((inner, ""));
    !least.is_empty() && [least, most].iter().all(|part| part.chars().all(|each| each.is_ascii_digit()))
}

fn closes_repetition(out: &str) -> bool {
    let Some(open) = out.rfind('{') else { return false };
    let escaped = out.get(..open).is_some_and(|before| before.ends_with('\\'));
    !escaped && out.get(open + 1..).is_some_and(|inner| is_repetition(&format!("{inner}}}")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        let pattern = Pattern::new(pattern);
        assert_eq!(pattern.check(), Ok(()), "{}", pattern.source);
        pattern.is_match(text.as_bytes())
    }

    #[test]
    fn what_is_written_differently_means_the_same() {
        assert!(matches(r#"{"a":[0-9]{2}}"#, r#"{"a":42}"#));
        assert!(matches(r"^[[a]+$", "[a["));
        assert!(matches(r"[]a]", "]") && matches(r"[^]a]", "b"));
        assert!(matches(r"\<b\>\/\-", "<b>/-"));
        assert!(matches(r"\Qa.b(\E+", "a.b(") && !matches(r"\Qa.b\E", "axb"));
        assert!(matches(r"[[:alpha:]&~]{3}", "a&~"));
        assert!(matches(r"(?i)HELLO\s+w.rld", "hello  World"));
        assert!(matches(r"x{,3}", "x{,3}") && matches(r"}", "}"));
        assert!(matches("(?s)a.b", "a\nb") && matches("é+", "éé"));
        assert!(Pattern::new("(?s)^.*$").is_match(&[0xff, 0xfe, 10, 0x80]), "bytes that are no text");
    }

    #[test]
    fn what_would_cost_too_much_is_refused() {
        for bad in ["(a{1000}){1000}", "(?=a)b", r"(a)\1", "(unclosed", &"x".repeat(20_000)] {
            assert!(Pattern::new(bad).check().is_err(), "{bad:.40}");
            assert!(!Pattern::new(bad).is_match(b"aaa"));
        }
    }

    #[test]
    fn the_last_ones_are_kept() {
        for number in 0..KEPT_MAX * 2 {
            assert!(Pattern::new(&format!("a{number}$")).is_match(format!("a{number}").as_bytes()));
        }
        let kept = KEPT.lock().unwrap();
        assert!(kept.order.len() <= KEPT_MAX && kept.compiled.len() == kept.order.len());
    }

    proptest! {
        #[test]
        fn any_pattern_is_survived(source in "[\\\\QE\\[\\]{}()a-c^&~:,.0-9é|?*+<>-]{0,24}", text in ".{0,20}") {
            let pattern = Pattern::new(&source);
            let _ = pattern.check();
            let _ = pattern.is_match(text.as_bytes());
        }
    }
}
