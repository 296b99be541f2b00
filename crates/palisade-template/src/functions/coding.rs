//! The same bytes written in another way.

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD, STANDARD};

use super::{Function, Outcome, bytes, string, wrong};
use crate::expression::{Evaluation, Value};

/// Letters on a line of `base64_py`.
const LINE_LETTERS: usize = 76;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("base64", 1, 1, |_, given| Ok(STANDARD.encode(bytes(given, 0)).into())),
    Function::new("base64_decode", 1, 1, base64_decode),
    Function::new("base64_py", 1, 1, base64_py),
    Function::new("hex_decode", 1, 1, |_, given| {
        from_hexadecimal(&string(given, 0))
            .map_or_else(|| wrong("these are no hexadecimal digits"), |text| Ok(text.into()))
    }),
    Function::new("hex_encode", 1, 1, |_, given| Ok(hexadecimal(&bytes(given, 0)).into())),
    Function::new("html_escape", 1, 1, |_, given| Ok(html_escape(&string(given, 0)).into())),
    Function::new("html_unescape", 1, 1, |_, given| Ok(html_unescape(&string(given, 0)).into())),
    Function::new("json_minify", 1, 1, |_, given| json(given, serde_json::to_string)),
    Function::new("json_prettify", 1, 1, |_, given| json(given, serde_json::to_string_pretty)),
    Function::new("url_decode", 1, 1, |_, given| Ok(url_decode(&bytes(given, 0)).into())),
    Function::new("url_encode", 1, 1, |_, given| Ok(url_encode(&bytes(given, 0)).into())),
    Function::new("xor", 2, 2, xor),
];

fn base64_decode(_: &mut Evaluation<'_>, given: &[Value]) -> Outcome {
    // With and without padding, of both alphabets, on one line or many.
    let letters: Vec<u8> = bytes(given, 0)
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace() && **byte != b'=')
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        })
        .collect();
    let lenient = GeneralPurpose::new(&alphabet::STANDARD, NO_PAD.with_decode_allow_trailing_bits(true));
    lenient.decode(letters).map_or_else(|_| wrong("this is no base64"), |text| Ok(text.into()))
}

/// As Python's `encodebytes` writes it: in lines, each ended.
fn base64_py(_: &mut Evaluation<'_>, given: &[Value]) -> Outcome {
    let letters = STANDARD.encode(bytes(given, 0));
    let mut lines = Vec::with_capacity(letters.len() + letters.len() / LINE_LETTERS + 1);
    for line in letters.as_bytes().chunks(LINE_LETTERS) {
        lines.extend_from_slice(line);
        lines.push(b'\n');
    }
    Ok(lines.into())
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing into a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The bytes that hexadecimal digits stand for; blanks between them are passed over.
pub(crate) fn from_hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> = text
        .chars()
        .filter(|each| !each.is_whitespace())
        .map(|each| each.to_digit(16))
        .collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    let byte = |[high, low]: &[u32; 2]| u8::try_from(high * 16 + low).ok();
    if rest.is_empty() { pairs.iter().map(byte).collect() } else { None }
}

fn html_escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '\'' => out.push_str("&#39;"),
            '"' => out.push_str("&#34;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            other => out.push(other),
        }
    }
    out
}

pub(crate) fn html_unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let entity =
            from.get(1..).and_then(|after| after.split_once(';')).filter(|(name, _)| name.len() <= 10);
        if let Some((character, after)) = entity.and_then(|(name, after)| Some((character_of(name)?, after)))
        {
            out.push(character);
            rest = after;
        } else {
            out.push('&');
            rest = from.get(1..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    out
}

fn character_of(entity: &str) -> Option<char> {
    if let Some(number) = entity.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code);
    }
    Some(match entity {
        "amp" => '&',
        "apos" => '\'',
        "copy" => '©',
        "gt" => '>',
        "lt" => '<',
        "nbsp" => '\u{a0}',
        "quot" => '"',
        "reg" => '®',
        _ => return None,
    })
}

fn json(given: &[Value], write: impl Fn(&serde_json::Value) -> serde_json::Result<String>) -> Outcome {
    let read = serde_json::from_slice::<serde_json::Value>(&bytes(given, 0));
    match read.and_then(|document| write(&document)) {
        Ok(text) => Ok(text.into()),
        Err(_) => wrong("this is no JSON"),
    }
}

fn url_decode(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let escaped = after.first_chunk::<2>().filter(|_| *first == b'%');
        let decoded = escaped.and_then(|digits| from_hexadecimal(std::str::from_utf8(digits).ok()?));
        if let Some(byte) = decoded {
            out.extend(byte);
            rest = after.get(2..).unwrap_or_default();
        } else {
            out.push(if *first == b'+' { b' ' } else { *first });
            rest = after;
        }
    }
    out
}

fn url_encode(text: &[u8]) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(text.len() * 2);
    for byte in text {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(*byte));
            }
            other => {
                // Writing into a text cannot fail.
                let _ = write!(out, "%{other:02X}");
            }
        }
    }
    out
}

fn xor(_: &mut Evaluation<'_>, given: &[Value]) -> Outcome {
    let (left, right) = (bytes(given, 0), bytes(given, 1));
    if left.len() != right.len() {
        return wrong("both texts have to be of one length");
    }
    Ok(left.iter().zip(right.iter()).map(|(left, right)| left ^ right).collect::<Vec<u8>>().into())
}
