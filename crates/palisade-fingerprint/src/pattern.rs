//! Patterns as the databases write them, in the expression language they were made for, compiled
//! for linear-time matching over bytes.
//!
//! Two things mean something else there: `^` and `$` always stand at lines, and the flag `m` lets
//! the dot match line breaks. Look-around and back-references do not exist here: such a pattern is
//! refused, and listed as a problem of its file.

use regex::bytes::{Regex, RegexBuilder};

/// Bytes one compiled pattern may take.
const COMPILED_BYTES_MAX: usize = 4 << 20;
/// Bytes of a pattern's text.
const PATTERN_BYTES_MAX: usize = 8 * 1024;

/// How the whole pattern is to be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Flags {
    pub(crate) ignore_case: bool,
    pub(crate) dot_matches_line_break: bool,
}

impl Flags {
    /// From the attribute `flags`: names separated by commas. Gives the name that is not known.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut flags = Self::default();
        for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            match name {
                "REG_ICASE" => flags.ignore_case = true,
                "REG_DOT_NEWLINE" | "REG_MULTILINE" => flags.dot_matches_line_break = true,
                // The lines of our expressions end at line feeds; that is all this asks for.
                "REG_LINE_ANY_CRLF" => {}
                unknown => return Err(unknown.to_owned()),
            }
        }
        Ok(flags)
    }
}

/// Compiles one pattern, for bytes or for text: in text a dot is a character of up to four bytes.
///
/// # Errors
///
/// The compiler's words when the pattern is too large, malformed or asks for what there is not.
pub(crate) fn compile(pattern: &str, flags: Flags, text: bool) -> Result<Regex, String> {
    if pattern.len() > PATTERN_BYTES_MAX {
        return Err(format!("the pattern is longer than {PATTERN_BYTES_MAX} bytes"));
    }
    RegexBuilder::new(&translated(pattern))
        .unicode(text)
        .multi_line(true)
        .case_insensitive(flags.ignore_case)
        .dot_matches_new_line(flags.dot_matches_line_break)
        .size_limit(COMPILED_BYTES_MAX)
        .build()
        .map_err(|error| error.to_string().lines().last().unwrap_or_default().trim().to_owned())
}

/// The same pattern in our words: flags in groups, hexadecimal digits, the end of the text, and
/// escapes of characters that need none.
fn translated(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut characters = pattern.chars().peekable();
    let mut in_class = false;
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('h') if in_class => out.push_str("0-9a-fA-F"),
                Some('h') => out.push_str("[0-9a-fA-F]"),
                Some('Z') => out.push_str(r"(?:\n?\z)"),
                Some('e') => out.push_str(r"\x1b"),
                Some(escaped @ ('<' | '>')) => out.push(escaped),
                Some(escaped) => out.extend(['\\', escaped]),
                None => out.push('\\'),
            },
            '[' if in_class => out.push_str(r"\["),
            '[' => {
                in_class = true;
                out.push('[');
                if characters.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
                // A bracket that comes first is one of the class.
                if characters.next_if_eq(&']').is_some() {
                    out.push_str(r"\]");
                }
            }
            ']' if in_class => {
                in_class = false;
                out.push(']');
            }
            // Operators on classes exist here and not there.
            '&' | '~' if in_class => out.extend(['\\', character]),
            '(' if !in_class && characters.peek() == Some(&'?') => {
                out.push('(');
                flags_of_group(&mut characters, &mut out);
            }
            _ => out.push(character),
        }
    }
    out
}

/// `(?im)` and `(?im:` say `(?is` here.
fn flags_of_group(characters: &mut std::iter::Peekable<std::str::Chars<'_>>, out: &mut String) {
    out.extend(characters.next());
    while let Some(flag) = characters.next_if(|next| next.is_ascii_alphabetic() || *next == '-') {
        out.push(if flag == 'm' { 's' } else { flag });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matches(pattern: &str, text: &[u8]) -> bool {
        compile(pattern, Flags::default(), false).unwrap().is_match(text)
    }

    #[test]
    fn what_means_something_else_there_is_translated() {
        assert!(matches("^b$", b"a\nb\nc"));
        assert!(!matches("a.b", b"a\nb"));
        assert!(matches("(?m)a.b", b"a\nb"));
        assert!(matches("(?im:A.b)", b"a\nB"));
        assert!(matches(r"^\h+\Z", b"09af\n"));
        assert!(matches(r"^[\hx]+$", b"0xff"));
        assert!(matches(r"^[]a]+$", b"a]"));
        assert!(matches(r"^[[a]+$", b"[a"));
        assert!(matches(r"^[&&a]+$", b"&a"));
        assert!(matches(r"\<a\>", b"<a>"));
        assert!(matches(r"^\x{ff}|\xff$", b"\xff"));
    }

    #[test]
    fn what_there_is_not_is_refused_in_words() {
        for pattern in [r"(?=a)b", r"(a)\1", "(", "a{2000}{2000}"] {
            assert!(!compile(pattern, Flags::default(), false).unwrap_err().is_empty(), "{pattern}");
        }
        assert_eq!(Flags::parse("REG_ICASE,REG_NEW"), Err("REG_NEW".to_owned()));
    }

    proptest! {
        #[test]
        fn no_pattern_panics(pattern in ".{0,40}", text in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let Ok(regex) = compile(&pattern, Flags::default(), text.is_ascii()) {
                regex.is_match(&text);
            }
        }
    }
}
