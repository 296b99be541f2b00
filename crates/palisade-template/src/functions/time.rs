//! The moment, and times as texts. Always UTC.

use jiff::civil::DateTime;
use palisade_model::Timestamp;

use super::{Function, Outcome, string, wrong};
use crate::expression::{Evaluation, ExpressionError, Value, whole_number};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("date_time", 1, 2, date_time),
    Function::new("to_unix_time", 1, 1, to_unix_time),
    Function::new("unix_time", 0, 1, unix_time),
    Function::new("unixtime", 0, 1, unix_time),
];

/// Seconds since 1970, moved by the argument.
#[expect(clippy::cast_precision_loss, reason = "moments in seconds are far below 2^53")]
fn unix_time(evaluation: &mut Evaluation<'_>, given: &[Value]) -> Outcome {
    let moved = given.first().and_then(Value::number).unwrap_or_default();
    Ok(Value::Number(evaluation.now.as_second() as f64 + moved))
}

/// `date_time(layout)` of now, or `date_time(layout, seconds)`. A layout is made of `%Y %M %D %H %m %S`,
/// or an example: `2006-01-02 15:04:05`.
fn date_time(evaluation: &mut Evaluation<'_>, given: &[Value]) -> Outcome {
    let moment = match given.get(1) {
        None => evaluation.now,
        Some(value) => {
            let second = value.number().and_then(whole_number);
            let moment = second.and_then(|second| Timestamp::from_second(second).ok());
            moment.ok_or_else(|| ExpressionError::Value("this is no moment".to_owned()))?
        }
    };
    let time = moment.to_zoned(jiff::tz::TimeZone::UTC).datetime();
    let layout = string(given, 0);
    Ok(if layout.contains('%') { by_letters(&layout, time) } else { by_example(&layout, time) }.into())
}

fn by_letters(layout: &str, time: DateTime) -> String {
    let mut format = String::new();
    let mut after_sign = false;
    for character in layout.chars() {
        // Months and minutes go by each other's letters here.
        format.push(match character {
            'M' if after_sign => 'm',
            'm' if after_sign => 'M',
            'D' if after_sign => 'd',
            other => other,
        });
        after_sign = character == '%' && !after_sign;
    }
    written(&format, time)
}

/// By a layout of our library; as the layout stands where it is none.
fn written(format: &str, time: DateTime) -> String {
    jiff::fmt::strtime::format(format, time).unwrap_or_else(|_| format.to_owned())
}

/// The parts of an example, and what they stand for.
const EXAMPLES: [(&str, &str); 13] = [
    ("January", "%B"),
    ("Jan", "%b"),
    ("Monday", "%A"),
    ("Mon", "%a"),
    ("MST", "UTC"),
    ("Z07:00", "Z"),
    ("2006", "%Y"),
    ("06", "%y"),
    ("01", "%m"),
    ("02", "%d"),
    ("15", "%H"),
    ("04", "%M"),
    ("05", "%S"),
];

fn by_example(layout: &str, time: DateTime) -> String {
    let mut format = String::new();
    let mut rest = layout;
    while let Some(character) = rest.chars().next() {
        if let Some((part, letter)) = EXAMPLES.iter().find(|(part, _)| rest.starts_with(part)) {
            format.push_str(letter);
            rest = rest.get(part.len()..).unwrap_or_default();
        } else {
            format.push(character);
            rest = rest.get(character.len_utf8()..).unwrap_or_default();
        }
    }
    written(&format, time)
}

#[expect(clippy::cast_precision_loss, reason = "moments in seconds are far below 2^53")]
fn to_unix_time(_: &mut Evaluation<'_>, given: &[Value]) -> Outcome {
    let text = string(given, 0).trim().replace('/', "-");
    let moment = text.parse::<Timestamp>().ok().or_else(|| {
        let civil = text.parse::<DateTime>().ok()?;
        Some(civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    });
    moment.map_or_else(|| wrong("this is no time"), |moment| Ok(Value::Number(moment.as_second() as f64)))
}
