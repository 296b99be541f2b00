//! What nobody can guess: names of files that do not exist, marks to be looked for in an answer.

use super::{ANY, Function, Outcome, count, string, wrong};
use crate::expression::{Evaluation, ExpressionError, Value, whole_number};

const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LETTERS_AND_DIGITS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const DIGITS: &str = "0123456789";
const LENGTH_MAX: usize = 10_000;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("rand_base", 1, 2, |evaluation, given| {
        let own = string(given, 1);
        drawn(evaluation, count(given, 0)?, if own.is_empty() { LETTERS_AND_DIGITS } else { &own }, "")
    }),
    Function::new("rand_char", 0, 1, |evaluation, given| {
        let own = string(given, 0);
        drawn(evaluation, 1, if own.is_empty() { LETTERS_AND_DIGITS } else { &own }, "")
    }),
    Function::new("rand_int", 0, 2, rand_int),
    Function::new("rand_ip", 1, ANY, rand_ip),
    Function::new("rand_text_alpha", 1, 2, |evaluation, given| {
        drawn(evaluation, count(given, 0)?, LETTERS, &string(given, 1))
    }),
    Function::new("rand_text_alphanumeric", 1, 2, |evaluation, given| {
        drawn(evaluation, count(given, 0)?, LETTERS_AND_DIGITS, &string(given, 1))
    }),
    Function::new("rand_text_numeric", 1, 2, |evaluation, given| {
        drawn(evaluation, count(given, 0)?, DIGITS, &string(given, 1))
    }),
];

/// A word of lower-case letters, for `randstr`.
pub(crate) fn word(evaluation: &mut Evaluation<'_>, length: usize) -> Value {
    drawn(evaluation, length, LOWER, "").unwrap_or_else(|_| "word".into())
}

fn drawn(evaluation: &mut Evaluation<'_>, length: usize, letters: &str, without: &str) -> Outcome {
    let letters: Vec<char> = letters.chars().filter(|each| !without.contains(*each)).collect();
    let Ok(bound) = u32::try_from(letters.len()) else { return wrong("too many letters to draw from") };
    if bound == 0 || length > LENGTH_MAX {
        return wrong("no letters to draw from, or too long a text");
    }
    let mut text = String::with_capacity(length);
    for _ in 0..length {
        let index = usize::try_from(evaluation.ids.below(bound)).unwrap_or_default();
        text.extend(letters.get(index));
    }
    Ok(text.into())
}

/// From the first number up to, but without, the second.
#[expect(clippy::cast_precision_loss, reason = "the numbers come from such values")]
fn rand_int(evaluation: &mut Evaluation<'_>, given: &[Value]) -> Outcome {
    let bound = |index: usize, usual: i64| -> Result<i64, ExpressionError> {
        match given.get(index) {
            None => Ok(usual),
            Some(value) => {
                value.number().and_then(whole_number).map_or_else(|| wrong("a whole number is needed"), Ok)
            }
        }
    };
    let (least, most) = (bound(0, 0)?, bound(1, i64::from(i32::MAX))?);
    let Some(width) =
        most.checked_sub(least).and_then(|width| u32::try_from(width).ok()).filter(|width| *width > 0)
    else {
        return wrong("the second number is not above the first");
    };
    Ok(Value::Number((least + i64::from(evaluation.ids.below(width))) as f64))
}

/// An address out of one of the given blocks.
fn rand_ip(evaluation: &mut Evaluation<'_>, given: &[Value]) -> Outcome {
    let chosen = evaluation.ids.below(u32::try_from(given.len()).unwrap_or(1).max(1));
    let block = string(given, usize::try_from(chosen).unwrap_or_default());
    let (start, bits) = block.split_once('/').unwrap_or((&block, "32"));
    let (Ok(start), Ok(bits)) = (start.parse::<std::net::Ipv4Addr>(), bits.parse::<u32>()) else {
        return wrong("this is no block of addresses");
    };
    if bits > 32 {
        return wrong("this is no block of addresses");
    }
    let mask = u32::MAX.checked_shr(bits).unwrap_or(0);
    let offset = if mask == 0 { 0 } else { evaluation.ids.below(mask) };
    Ok(std::net::Ipv4Addr::from((start.to_bits() & !mask) | offset).to_string().into())
}
