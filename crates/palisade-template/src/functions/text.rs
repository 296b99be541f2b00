//! Texts: looking into them, cutting and joining them.

use super::{ANY, Function, Outcome, bytes, count, string, wrong};
use crate::expression::{Evaluation, Value};
use crate::search;

/// Bytes of a text that is made by repeating another.
const REPEATED_BYTES_MAX: usize = 1 << 20;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("concat", 1, ANY, concat),
    Function::new("contains", 2, 2, |_, given| Ok(holds(given, 1).into())),
    Function::new("contains_all", 2, ANY, |_, given| {
        Ok((1..given.len()).all(|each| holds(given, each)).into())
    }),
    Function::new("contains_any", 2, ANY, |_, given| {
        Ok((1..given.len()).any(|each| holds(given, each)).into())
    }),
    Function::new("ends_with", 2, ANY, |_, given| {
        Ok((1..given.len()).any(|each| bytes(given, 0).ends_with(&bytes(given, each))).into())
    }),
    Function::new("equals_any", 2, ANY, |_, given| {
        Ok((1..given.len()).any(|each| bytes(given, 0) == bytes(given, each)).into())
    }),
    Function::new("len", 1, 1, len),
    Function::new("line_ends_with", 2, ANY, |_, given| Ok(lines(given, <[u8]>::ends_with).into())),
    Function::new("line_starts_with", 2, ANY, |_, given| Ok(lines(given, <[u8]>::starts_with).into())),
    Function::new("padding", 4, 4, padding),
    Function::new("regex", 2, 2, |evaluation, given| Ok(matches(evaluation, given, 0, 1)?.into())),
    Function::new("regex_all", 2, ANY, |evaluation, given| {
        for each in 1..given.len() {
            if !matches(evaluation, given, each, 0)? {
                return Ok(false.into());
            }
        }
        Ok(true.into())
    }),
    Function::new("regex_any", 2, ANY, |evaluation, given| {
        for each in 1..given.len() {
            if matches(evaluation, given, each, 0)? {
                return Ok(true.into());
            }
        }
        Ok(false.into())
    }),
    Function::new("remove_bad_chars", 2, 2, remove_bad_chars),
    Function::new("repeat", 2, 2, repeat),
    Function::new("replace", 3, 3, |evaluation, given| {
        // Whoever replaces a byte by a thousand pays before it is done.
        let (whole, from, by) = (bytes(given, 0), bytes(given, 1), bytes(given, 2));
        evaluation.spend(whole.len().saturating_mul(by.len()) / from.len().max(1))?;
        Ok(search::replace(&whole, &from, &by).into())
    }),
    Function::new("replace_regex", 3, 3, |evaluation, given| {
        let (whole, by) = (bytes(given, 0), bytes(given, 2));
        evaluation.spend(whole.len().saturating_mul(by.len()))?;
        Ok(evaluation.pattern(&bytes(given, 1))?.replace_all(&whole, &by).into())
    }),
    Function::new("reverse", 1, 1, |_, given| Ok(string(given, 0).chars().rev().collect::<String>().into())),
    Function::new("starts_with", 2, ANY, |_, given| {
        Ok((1..given.len()).any(|each| bytes(given, 0).starts_with(&bytes(given, each))).into())
    }),
    Function::new("substr", 2, 3, substr),
    Function::new("to_lower", 1, 1, |_, given| Ok(bytes(given, 0).to_ascii_lowercase().into())),
    Function::new("tolower", 1, 1, |_, given| Ok(bytes(given, 0).to_ascii_lowercase().into())),
    Function::new("to_title", 1, 1, |_, given| Ok(title(&string(given, 0)).into())),
    Function::new("to_upper", 1, 1, |_, given| Ok(bytes(given, 0).to_ascii_uppercase().into())),
    Function::new("toupper", 1, 1, |_, given| Ok(bytes(given, 0).to_ascii_uppercase().into())),
    Function::new("to_string", 1, 1, |_, given| Ok(Value::Text(bytes(given, 0)))),
    Function::new("trim", 2, 2, |_, given| {
        let cut = string(given, 1);
        Ok(string(given, 0).trim_matches(|each| cut.contains(each)).into())
    }),
    Function::new("trim_left", 2, 2, |_, given| {
        let cut = string(given, 1);
        Ok(string(given, 0).trim_start_matches(|each| cut.contains(each)).into())
    }),
    Function::new("trim_prefix", 2, 2, |_, given| {
        let whole = bytes(given, 0);
        Ok(Value::text(whole.strip_prefix(&*bytes(given, 1)).unwrap_or(&whole)))
    }),
    Function::new("trim_right", 2, 2, |_, given| {
        let cut = string(given, 1);
        Ok(string(given, 0).trim_end_matches(|each| cut.contains(each)).into())
    }),
    Function::new("trim_space", 1, 1, |_, given| Ok(Value::text(bytes(given, 0).trim_ascii()))),
    Function::new("trim_suffix", 2, 2, |_, given| {
        let whole = bytes(given, 0);
        Ok(Value::text(whole.strip_suffix(&*bytes(given, 1)).unwrap_or(&whole)))
    }),
];

fn holds(given: &[Value], index: usize) -> bool {
    if let Some(Value::List(members)) = given.first() {
        return given.get(index).is_some_and(|wanted| members.contains(wanted));
    }
    search::contains(&bytes(given, 0), &bytes(given, index))
}

fn concat(evaluation: &mut Evaluation<'_>, given: &[Value]) -> Outcome {
    evaluation.spend(given.iter().map(Value::size).sum())?;
    Ok((0..given.len()).map(|index| bytes(given, index)).collect::<Vec<_>>().concat().into())
}

fn len(_: &mut Evaluation<'_>, given: &[Value]) -> Outcome {
    Ok(Value::count(match given.first() {
        Some(Value::List(members)) => members.len(),
        _ => bytes(given, 0).len(),
    }))
}

/// Whether some line fits some of the arguments behind the first.
fn lines(given: &[Value], fits: impl Fn(&[u8], &[u8]) -> bool) -> bool {
    bytes(given, 0).split(|byte| *byte == b'\n').any(|line| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        (1..given.len()).any(|each| fits(line, &bytes(given, each)))
    })
}

/// `padding(text, with, length, "prefix" or "suffix")`.
fn padding(_: &mut Evaluation<'_>, given: &[Value]) -> Outcome {
    let (text, with, length) = (bytes(given, 0), bytes(given, 1), count(given, 2)?);
    if with.is_empty() || length > REPEATED_BYTES_MAX {
        return wrong("nothing to pad with, or too much");
    }
    let missing = length.saturating_sub(text.len());
    let pad: Vec<u8> = with.iter().copied().cycle().take(missing).collect();
    match string(given, 3).as_str() {
        "prefix" => Ok([pad.as_slice(), &text].concat().into()),
        "suffix" => Ok([&text, pad.as_slice()].concat().into()),
        _ => wrong("padding is a prefix or a suffix"),
    }
}

fn matches(
    evaluation: &mut Evaluation<'_>,
    given: &[Value],
    pattern: usize,
    text: usize,
) -> Result<bool, crate::ExpressionError> {
    Ok(evaluation.pattern(&bytes(given, pattern))?.is_match(&bytes(given, text)))
}

fn remove_bad_chars(_: &mut Evaluation<'_>, given: &[Value]) -> Outcome {
    let bad = bytes(given, 1);
    Ok(bytes(given, 0).iter().copied().filter(|byte| !bad.contains(byte)).collect::<Vec<u8>>().into())
}

fn repeat(_: &mut Evaluation<'_>, given: &[Value]) -> Outcome {
    let (text, times) = (bytes(given, 0), count(given, 1)?);
    if text.len().saturating_mul(times) > REPEATED_BYTES_MAX {
        return wrong("the text is repeated too often");
    }
    Ok(text.repeat(times).into())
}

/// `substr(text, start)` to the end, or `substr(text, start, end)`; negative numbers count from the end.
fn substr(_: &mut Evaluation<'_>, given: &[Value]) -> Outcome {
    let text = bytes(given, 0);
    let place = |index: usize| -> Result<usize, crate::ExpressionError> {
        let number = given.get(index).and_then(Value::number).and_then(crate::expression::whole_number);
        let Some(number) = number else { return wrong("a place in a text is a whole number") };
        let from_end = usize::try_from(number.unsigned_abs()).unwrap_or(usize::MAX);
        Ok(if number < 0 { text.len().saturating_sub(from_end) } else { from_end.min(text.len()) })
    };
    let (start, end) = (place(1)?, if given.len() > 2 { place(2)? } else { text.len() });
    Ok(Value::text(text.get(start..end).unwrap_or_default()))
}

fn title(text: &str) -> String {
    let mut starts = true;
    let upper = |character: char| {
        let letter = if starts { character.to_ascii_uppercase() } else { character };
        starts = character.is_whitespace();
        letter
    };
    text.chars().map(upper).collect()
}
