//! Numbers and versions.

use std::cmp::Ordering;

use super::{ANY, Function, Outcome, string, wrong};
use crate::expression::{Evaluation, Value, whole_number};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("bin_to_dec", 1, 1, |_, given| in_base(given, 2, "0b")),
    Function::new("compare_versions", 2, ANY, compare_versions),
    Function::new("dec_to_hex", 1, 1, |_, given| {
        let number = given.first().and_then(Value::number).and_then(whole_number);
        number.map_or_else(|| wrong("a whole number is needed"), |number| Ok(format!("{number:x}").into()))
    }),
    Function::new("hex_to_dec", 1, 1, |_, given| in_base(given, 16, "0x")),
    Function::new("oct_to_dec", 1, 1, |_, given| in_base(given, 8, "0o")),
    Function::new("to_number", 1, 1, |_, given| {
        let number = given.first().and_then(Value::number);
        number.map_or_else(|| wrong("this is no number"), |number| Ok(Value::Number(number)))
    }),
];

fn in_base(given: &[Value], base: u32, prefix: &str) -> Outcome {
    let text = string(given, 0).trim().to_ascii_lowercase();
    match u32::from_str_radix(text.strip_prefix(prefix).unwrap_or(&text), base) {
        Ok(number) => Ok(Value::Number(number.into())),
        Err(_) => wrong("these are no digits of that base"),
    }
}

/// `compare_versions(version, ">= 1.0", "< 2.4")`: whether it fits all of them. Several may also
/// stand in one text, divided by commas.
fn compare_versions(_: &mut Evaluation<'_>, given: &[Value]) -> Outcome {
    let version = string(given, 0);
    if !version.chars().any(|each| each.is_ascii_digit()) {
        return wrong("this is no version");
    }
    let mut fits = true;
    for index in 1..given.len() {
        for bound in string(given, index).split(',').map(str::trim).filter(|bound| !bound.is_empty()) {
            fits &= fits_bound(&version, bound);
        }
    }
    Ok(fits.into())
}

fn fits_bound(version: &str, bound: &str) -> bool {
    let at = bound.find(|each: char| !"<>=!~^ ".contains(each)).unwrap_or(bound.len());
    let (operator, wanted) = bound.split_at(at);
    let order = version_order(version, wanted);
    match operator.trim() {
        "<" => order.is_lt(),
        "<=" | "=<" => order.is_le(),
        ">" => order.is_gt(),
        ">=" | "=>" => order.is_ge(),
        "!=" => order.is_ne(),
        // Up to the next of the last but one number, or of the first.
        "~" | "~>" => {
            order.is_ge() && same_start(version, wanted, numbers(wanted).len().saturating_sub(1).max(1))
        }
        "^" => order.is_ge() && same_start(version, wanted, 1),
        _ => order.is_eq(),
    }
}

fn version_order(left: &str, right: &str) -> Ordering {
    let (mut ours, mut theirs) = (numbers(left), numbers(right));
    let longest = ours.len().max(theirs.len());
    ours.resize(longest, 0);
    theirs.resize(longest, 0);
    // What comes before a release comes before it.
    ours.cmp(&theirs).then_with(|| match (early(left), early(right)) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(ours), Some(theirs)) => ours.cmp(theirs),
    })
}

/// The numbers at the beginning, without a `v` before them.
fn numbers(version: &str) -> Vec<u64> {
    let version = version.trim().trim_start_matches(['v', 'V']);
    let end = version.find(|each: char| !(each.is_ascii_digit() || each == '.')).unwrap_or(version.len());
    let numbers = version.get(..end).unwrap_or_default();
    numbers.split('.').filter(|part| !part.is_empty()).map(|part| part.parse().unwrap_or(u64::MAX)).collect()
}

/// `rc1` of `2.0-rc1`.
fn early(version: &str) -> Option<&str> {
    let version = version.trim().trim_start_matches(['v', 'V']);
    let end = version.find(|each: char| !(each.is_ascii_digit() || each == '.'))?;
    version.get(end..)?.strip_prefix('-').filter(|rest| !rest.is_empty())
}

fn same_start(left: &str, right: &str, length: usize) -> bool {
    let start =
        |version| numbers(version).into_iter().chain(std::iter::repeat(0)).take(length).collect::<Vec<_>>();
    start(left) == start(right)
}
