//! Time zones as the API names them: by a code for the country, and the region where a country has
//! several zones. How a zone's clocks go is the tz database's business, which is compiled in.

mod table;

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use self::table::TABLE;

/// A code for a time zone, such as `IN` or `US-CA`. Only codes that are in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeZoneCode {
    code: &'static str,
    place: &'static str,
    zone: &'static str,
}

/// A text that is no code of a time zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a time zone code")]
pub struct NotATimeZoneCode;

impl TimeZoneCode {
    /// All codes, sorted.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|(code, place, zone)| Self { code, place, zone })
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.code
    }

    /// The country, and the region if there is one.
    #[must_use]
    pub const fn place(self) -> &'static str {
        self.place
    }

    /// The zone's name in the tz database.
    #[must_use]
    pub const fn zone_name(self) -> &'static str {
        self.zone
    }

    /// How the zone's clocks go. `None` when the tz database has no such zone.
    #[must_use]
    pub fn time_zone(self) -> Option<TimeZone> {
        TimeZone::get(self.zone).ok()
    }

    /// The distance from UTC without daylight saving, in seconds to the east, and whether daylight
    /// saving is observed: both in the calendar year of `now`. `None` likewise.
    #[must_use]
    pub fn clock_rule(self, now: Timestamp) -> Option<ClockRule> {
        let zone = self.time_zone()?;
        // Midwinter and midsummer of the year differ where daylight saving is observed, whichever
        // hemisphere it is and whatever the law calls the two times.
        let offset_s = |day: i64| {
            let at = Timestamp::from_second(now.as_second() + day * 86_400).ok()?;
            Some(zone.to_offset(at).seconds())
        };
        let day = now.to_zoned(TimeZone::UTC).day_of_year();
        let (january, july) = (offset_s(1 - i64::from(day))?, offset_s(182 - i64::from(day))?);
        Some(ClockRule { standard_offset_s: january.min(july), daylight_saving: january != july })
    }
}

/// How clocks go in a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockRule {
    /// Seconds east of UTC without daylight saving.
    pub standard_offset_s: i32,
    pub daylight_saving: bool,
}

impl FromStr for TimeZoneCode {
    type Err = NotATimeZoneCode;

    fn from_str(text: &str) -> Result<Self, NotATimeZoneCode> {
        Self::all().find(|known| known.code == text).ok_or(NotATimeZoneCode)
    }
}

impl Serialize for TimeZoneCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code)
    }
}

impl<'de> Deserialize<'de> for TimeZoneCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl fmt::Display for TimeZoneCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_and_unique_and_their_zones_exist() {
        let codes: Vec<&str> = TimeZoneCode::all().map(TimeZoneCode::as_str).collect();
        let mut sorted = codes.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(codes, sorted);
        for code in TimeZoneCode::all() {
            assert!(code.time_zone().is_some(), "{code}: {}", code.zone_name());
            assert_eq!(code.as_str().parse(), Ok(code));
        }
        assert_eq!("XX".parse::<TimeZoneCode>(), Err(NotATimeZoneCode));
    }

    #[track_caller]
    fn check(code: &str, standard_offset_s: i32, daylight_saving: bool) {
        let code: TimeZoneCode = code.parse().unwrap();
        for at in ["2026-01-01T00:00:00Z", "2026-07-15T12:00:00Z", "2026-12-31T23:59:59Z"] {
            let rule = code.clock_rule(at.parse().unwrap());
            assert_eq!(rule, Some(ClockRule { standard_offset_s, daylight_saving }), "{code} at {at}");
        }
    }

    #[test]
    fn clocks_go_as_they_do() {
        check("US-CA", -8 * 3600, true);
        check("US-AZ", -7 * 3600, false);
        check("IN", 19_800, false);
        check("JP", 9 * 3600, false);
        check("GB", 0, true);
        check("IE", 0, true);
        check("AU-NSW", 10 * 3600, true);
        check("AU-QLD", 10 * 3600, false);
        check("NP", 20_700, false);
        check("UTC", 0, false);
    }
}
