//! An expression's text, cut into tokens.

use super::ExpressionError;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Name(String),
    Number(f64),
    Text(Vec<u8>),
    /// An operator, a bracket or a comma.
    Mark(&'static str),
}

/// Longer ones first: the first that fits is taken.
const MARKS: [&str; 28] = [
    "**", "==", "!=", "<=", ">=", "<<", ">>", "=~", "!~", "&&", "||", "??", "(", ")", ",", "+", "-", "*",
    "/", "%", "<", ">", "!", "?", ":", "&", "|", "^",
];

pub(super) fn tokens(source: &str) -> Result<Vec<Token>, ExpressionError> {
    let mut rest = source;
    let mut tokens = Vec::new();
    loop {
        rest = rest.trim_start();
        let Some(first) = rest.chars().next() else { return Ok(tokens) };
        if tokens.len() >= super::TOKENS_MAX {
            return Err(ExpressionError::TooLong);
        }
        if let Some(after) = rest.strip_prefix("{{") {
            // Braces around a variable mean what brackets do.
            let Some((inner, behind)) = after.split_once("}}").filter(|(inner, _)| !inner.contains("{{"))
            else {
                return Err(ExpressionError::Form("braces are not closed".to_owned()));
            };
            tokens.push(Token::Mark("("));
            tokens.extend(self::tokens(inner)?);
            tokens.push(Token::Mark(")"));
            rest = behind;
        } else if first == '"' || first == '\'' || first == '`' {
            let (text, used) = quoted(rest, first)?;
            tokens.push(Token::Text(text));
            rest = rest.get(used..).unwrap_or_default();
        } else if first.is_ascii_digit() {
            let (number, used) = number(rest)?;
            tokens.push(Token::Number(number));
            rest = rest.get(used..).unwrap_or_default();
        } else if first.is_alphabetic() || first == '_' {
            let used = rest.find(|each: char| !(each.is_alphanumeric() || each == '_' || each == '.'));
            let (name, after) = rest.split_at(used.unwrap_or(rest.len()));
            tokens.push(Token::Name(name.to_owned()));
            rest = after;
        } else if let Some(mark) = MARKS.iter().find(|mark| rest.starts_with(**mark)) {
            tokens.push(Token::Mark(mark));
            rest = rest.get(mark.len()..).unwrap_or_default();
        } else {
            return Err(ExpressionError::Form(format!("'{first}' has no meaning here")));
        }
    }
}

/// A number, and how many bytes it took.
fn number(text: &str) -> Result<(f64, usize), ExpressionError> {
    let end = text.find(|each: char| !(each.is_ascii_alphanumeric() || each == '.')).unwrap_or(text.len());
    let digits = text.get(..end).unwrap_or_default();
    let hexadecimal = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"));
    let number = match hexadecimal {
        Some(digits) => u32::from_str_radix(digits, 16).ok().map(f64::from),
        None => digits.parse().ok(),
    };
    number
        .map(|number| (number, end))
        .ok_or_else(|| ExpressionError::Form(format!("'{digits}' is no number")))
}

/// A text in quotes with its escapes read, and how many bytes it took.
fn quoted(text: &str, quote: char) -> Result<(Vec<u8>, usize), ExpressionError> {
    let unterminated = || ExpressionError::Form("a text has no end".to_owned());
    let mut bytes = Vec::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((index, character)) = characters.next() {
        if character == quote {
            return Ok((bytes, index + quote.len_utf8()));
        }
        if character != '\\' || quote == '`' {
            push(&mut bytes, character);
            continue;
        }
        let (_, escaped) = characters.next().ok_or_else(unterminated)?;
        match escaped {
            'n' => bytes.push(b'\n'),
            'r' => bytes.push(b'\r'),
            't' => bytes.push(b'\t'),
            '0' => bytes.push(0),
            'x' => {
                let mut digit = || characters.next().and_then(|(_, each)| each.to_digit(16));
                let (Some(high), Some(low)) = (digit(), digit()) else { return Err(unterminated()) };
                bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
            }
            '\\' | '"' | '\'' => push(&mut bytes, escaped),
            // Patterns escape what is special in them; that is none of our business.
            other => {
                bytes.push(b'\\');
                push(&mut bytes, other);
            }
        }
    }
    Err(unterminated())
}

fn push(bytes: &mut Vec<u8>, character: char) {
    bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}
