//! Dates and durations as the API writes and reads them. All times are UTC.

use palisade_model::{Date, Timestamp};

/// `YYYY-MM-DDThh:mm:ssZ`.
#[must_use]
pub fn date_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `YYYY-MM-DDThh:mm:ss`, the form of the few answers that leave the `Z` out.
#[must_use]
pub fn date_time_bare(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// `hh:mm:ss`; the hours grow past two digits when they must.
#[must_use]
pub fn duration(seconds: u64) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Reads `YYYY-MM-DD` (midnight), `YYYY-MM-DDThh:mm:ssZ` and the same without the `Z`.
#[must_use]
pub fn parse_date_time(text: &str) -> Option<Timestamp> {
    let whole = match text.len() {
        10 => format!("{text}T00:00:00Z"),
        19 => format!("{text}Z"),
        _ => text.to_owned(),
    };
    has_shape(&whole).then(|| whole.parse().ok()).flatten()
}

/// Reads `MM/DD/YYYY`, from 1970 to 2099.
#[must_use]
pub fn parse_american_date(text: &str) -> Option<Date> {
    let digits = |part: &str, count| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
    let (month, rest) = text.split_once('/')?;
    let (day, year) = rest.split_once('/')?;
    if !(digits(month, 2) && digits(day, 2) && digits(year, 4)) {
        return None;
    }
    let year = year.parse().ok().filter(|year| (1970..2100).contains(year))?;
    Date::new(year, month.parse().ok()?, day.parse().ok()?).ok()
}

/// Whether every character is of the kind the long form has in its place.
fn has_shape(text: &str) -> bool {
    const SHAPE: &[u8] = b"dddd-dd-ddTdd:dd:ddZ";
    text.len() == SHAPE.len()
        && text.bytes().zip(SHAPE).all(|(byte, shape)| match shape {
            b'd' => byte.is_ascii_digit(),
            literal => byte == *literal,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(parse_date_time(text).map(date_time).as_deref(), expected, "input {text:?}");
    }

    #[test]
    fn the_three_forms_are_read() {
        check("2014-06-25", Some("2014-06-25T00:00:00Z"));
        check("2014-06-25T10:20:30Z", Some("2014-06-25T10:20:30Z"));
        check("2014-06-25T10:20:30", Some("2014-06-25T10:20:30Z"));
    }

    #[test]
    fn other_texts_are_no_dates() {
        for text in [
            "",
            "today",
            "2014-02-30",
            "2014-6-25",
            "25.06.2014",
            "2014-06-25 10:20:30",
            "2014-06-25T25:00:00Z",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn american_dates_name_the_month_first() {
        assert_eq!(
            parse_american_date("11/22/2026").map(|date| date.to_string()).as_deref(),
            Some("2026-11-22")
        );
        for text in
            ["", "22/11/2026", "02/30/2026", "1/2/2026", "11/22/26", "11/22/2100", "+1/01/2026", "2026-11-22"]
        {
            assert_eq!(parse_american_date(text), None, "{text:?}");
        }
    }

    #[test]
    fn durations_have_two_digits_and_more_hours_when_needed() {
        assert_eq!(duration(669), "00:11:09");
        assert_eq!(duration(360_000), "100:00:00");
    }
}
