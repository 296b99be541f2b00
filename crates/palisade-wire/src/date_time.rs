//! Dates and durations as the API writes and reads them. All times are UTC.

use palisade_model::{Date, Timestamp};

/// `YYYY-MM-DDThh:mm:ssZ`.
#[must_use]
pub fn date_time(at: Timestamp) -> String {
    DateTime::of(at).as_str().to_owned()
}

/// A time in its written form, without memory of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DateTime([u8; 20]);

impl DateTime {
    /// Years before 0 are written as 0000; no time of ours is as old.
    pub(crate) fn of(at: Timestamp) -> Self {
        let mut written = *b"0000-00-00T00:00:00Z";
        let seconds = at.as_second();
        // The calendar repeats itself every 400 years of 146,097 days; counted from March, the leap
        // day is the last of a year.
        let days = seconds.div_euclid(86_400) + 719_468;
        let era = days.div_euclid(146_097);
        let day = days.rem_euclid(146_097);
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day_of_year = day - (365 * year + year / 4 - year / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let second = seconds.rem_euclid(86_400);
        let fields = [
            (3, (year + era * 400 + i64::from(month <= 2)).max(0)),
            (6, month),
            (9, day_of_year - (153 * month_from_march + 2) / 5 + 1),
            (12, second / 3_600),
            (15, second / 60 % 60),
            (18, second % 60),
        ];
        for (end, field) in fields {
            let mut rest = field;
            let digits = if end == 3 { 4 } else { 2 };
            for place in written.iter_mut().take(end + 1).rev().take(digits) {
                *place = b'0' + u8::try_from(rest % 10).unwrap_or(0);
                rest /= 10;
            }
        }
        Self(written)
    }

    /// The same day at this second of it.
    pub(crate) fn at_second(mut self, second: i64) -> Self {
        for (end, field) in [(12, second / 3_600), (15, second / 60 % 60), (18, second % 60)] {
            for (place, digit) in [(end - 1, field / 10), (end, field % 10)] {
                if let Some(byte) = self.0.get_mut(place) {
                    *byte = b'0' + u8::try_from(digit).unwrap_or(0);
                }
            }
        }
        self
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn as_str(&self) -> &str {
        // Digits and signs are ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
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

/// Reads `YYYY-MM-DD` (midnight), `YYYY-MM-DDThh:mm:ssZ`, the same without the `Z`, and with a blank in
/// place of the `T` then.
#[must_use]
pub fn parse_date_time(text: &str) -> Option<Timestamp> {
    let whole = match text.len() {
        10 => format!("{text}T00:00:00Z"),
        // Some clients write a blank between day and time.
        19 => format!("{}Z", text.replacen(' ', "T", 1)),
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
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_time_is_written_as_the_calendar_has_it(second in -62_135_596_800_i64..=253_402_207_200) {
            let at = Timestamp::from_second(second).unwrap();
            prop_assert_eq!(date_time(at), at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        }
    }

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(parse_date_time(text).map(date_time).as_deref(), expected, "input {text:?}");
    }

    #[test]
    fn the_three_forms_are_read() {
        check("2014-06-25", Some("2014-06-25T00:00:00Z"));
        check("2014-06-25T10:20:30Z", Some("2014-06-25T10:20:30Z"));
        check("2014-06-25T10:20:30", Some("2014-06-25T10:20:30Z"));
        check("2014-06-25 10:20:30", Some("2014-06-25T10:20:30Z"));
    }

    #[test]
    fn other_texts_are_no_dates() {
        for text in [
            "",
            "today",
            "2014-02-30",
            "2014-6-25",
            "25.06.2014",
            "2014-06-25 10:20:30Z",
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
