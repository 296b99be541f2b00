//! Lists, and texts taken as lists.

use std::collections::BTreeSet;

use super::{ANY, Function, Outcome, bytes, count, string, wrong};
use crate::expression::{Evaluation, Value};

/// Members of a list that a text is split into.
const MEMBERS_MAX: usize = 10_000;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("index", 2, 2, index),
    Function::new("join", 2, ANY, join),
    Function::new("sort", 1, ANY, |_, given| arranged(given, |members| members.sort_by_key(Value::bytes))),
    Function::new("split", 2, 3, split),
    Function::new("uniq", 1, ANY, |_, given| {
        arranged(given, |members| {
            let mut seen = BTreeSet::new();
            members.retain(|member| seen.insert(member.bytes()));
        })
    }),
];

/// `index(list, place)`, or the byte at a place of a text.
fn index(_: &mut Evaluation<'_>, given: &[Value]) -> Outcome {
    let place = count(given, 1)?;
    let found = match given.first() {
        Some(Value::List(members)) => members.get(place).cloned(),
        _ => bytes(given, 0).get(place).map(|byte| Value::text([*byte])),
    };
    found.map_or_else(|| wrong("there is nothing at that place"), Ok)
}

/// `join(between, list)` or `join(between, first, second, ...)`.
fn join(_: &mut Evaluation<'_>, given: &[Value]) -> Outcome {
    let members = match given.get(1) {
        Some(Value::List(members)) if given.len() == 2 => members.as_slice(),
        _ => given.get(1..).unwrap_or_default(),
    };
    let parts: Vec<_> = members.iter().map(Value::bytes).collect();
    Ok(parts.join(&bytes(given, 0)[..]).into())
}

/// `split(text, separator)`, `split(text, separator, most)`, or `split(text, length)`.
fn split(_: &mut Evaluation<'_>, given: &[Value]) -> Outcome {
    let text = string(given, 0);
    let parts: Vec<Value> = if let (Some(Value::Number(_)), 2) = (given.get(1), given.len()) {
        let length = count(given, 1)?.max(1);
        bytes(given, 0).chunks(length).take(MEMBERS_MAX).map(Value::text).collect()
    } else {
        let most = if given.len() > 2 { count(given, 2)?.clamp(1, MEMBERS_MAX) } else { MEMBERS_MAX };
        let separator = string(given, 1);
        if separator.is_empty() {
            return wrong("nothing to split at");
        }
        text.splitn(most, separator.as_str()).map(Value::from).collect()
    };
    Ok(Value::List(parts))
}

/// A list put in another order, or the letters of a text.
fn arranged(given: &[Value], arrange: impl FnOnce(&mut Vec<Value>)) -> Outcome {
    match given {
        [Value::List(members)] => {
            let mut members = members.clone();
            arrange(&mut members);
            Ok(Value::List(members))
        }
        [_] => {
            let mut letters =
                string(given, 0).chars().take(MEMBERS_MAX).map(|each| each.to_string().into()).collect();
            arrange(&mut letters);
            Ok(letters.iter().map(ToString::to_string).collect::<String>().into())
        }
        several => {
            let mut members = several.to_vec();
            arrange(&mut members);
            Ok(Value::List(members))
        }
    }
}
