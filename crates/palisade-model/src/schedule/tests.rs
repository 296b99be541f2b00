//! The calendar's corners by hand, and what holds for every schedule. A whole year is compared
//! with another library's calendar in the tests of the use cases.

use std::num::NonZeroU16;

use proptest::prelude::*;

use super::*;

fn every(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).unwrap()
}

fn place(code: &str, observe_dst: bool) -> ScheduleZone {
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    ScheduleZone::of_place(code.parse().unwrap(), observe_dst, now).unwrap()
}

/// `time` as `hh:mm`.
fn schedule(occurrence: Occurrence, start_date: &str, time: &str, zone: ScheduleZone) -> Schedule {
    let (hour, minute) = time.split_once(':').unwrap();
    Schedule {
        occurrence,
        start_date: start_date.parse().unwrap(),
        start_hour: hour.parse().unwrap(),
        start_minute: minute.parse().unwrap(),
        zone,
        end_after_hours: None,
        end_after_mins: 0,
        pause: None,
        recurrence: None,
    }
}

const DAILY: Occurrence = Occurrence::Daily { frequency_days: NonZeroU16::MIN };

fn monthly(day: MonthDay) -> Occurrence {
    Occurrence::Monthly { frequency_months: NonZeroU16::MIN, day }
}

/// The starts after `after`, one after the other.
#[track_caller]
fn check(schedule: &Schedule, after: &str, expected: &[&str]) {
    let mut after: Timestamp = after.parse().unwrap();
    for expected in expected {
        let next = schedule.next_after(after).unwrap();
        assert_eq!(next.to_string(), *expected, "after {after}: {schedule:?}");
        after = next;
    }
}

#[test]
fn a_start_is_later_than_the_one_before() {
    let daily = schedule(DAILY, "2026-03-01", "07:15", ScheduleZone::Shift { hours: 0 });
    check(&daily, "2020-01-01T00:00:00Z", &["2026-03-01T07:15:00Z", "2026-03-02T07:15:00Z"]);
    check(&daily, "2026-03-02T07:14:59.999Z", &["2026-03-02T07:15:00Z"]);
    check(&daily, "2026-03-02T07:15:00Z", &["2026-03-03T07:15:00Z"]);
    let third = Occurrence::Daily { frequency_days: every(3) };
    let third = schedule(third, "2026-03-01", "07:15", ScheduleZone::Shift { hours: -12 });
    check(&third, "2026-03-02T12:00:00Z", &["2026-03-04T19:15:00Z", "2026-03-07T19:15:00Z"]);
}

#[test]
fn a_start_that_the_clocks_jump_over_comes_after_the_jump() {
    let zone = place("US-CA", true);
    let night = schedule(DAILY, "2026-03-01", "02:30", zone);
    check(
        &night,
        "2026-03-07T00:00:00Z",
        &["2026-03-07T10:30:00Z", "2026-03-08T10:30:00Z", "2026-03-09T09:30:00Z"],
    );
}

#[test]
fn a_start_that_comes_twice_is_the_first() {
    let night = schedule(DAILY, "2026-03-01", "01:30", place("US-CA", true));
    check(
        &night,
        "2026-10-31T00:00:00Z",
        &["2026-10-31T08:30:00Z", "2026-11-01T08:30:00Z", "2026-11-02T09:30:00Z"],
    );
}

#[test]
fn without_daylight_saving_the_clock_is_never_put_forward() {
    let night = schedule(DAILY, "2026-03-01", "02:30", place("US-CA", false));
    check(&night, "2026-03-08T00:00:00Z", &["2026-03-08T10:30:00Z", "2026-03-09T10:30:00Z"]);
    // Southern summers go over the turn of the year.
    let night = schedule(DAILY, "2026-01-01", "02:30", place("AU-NSW", false));
    check(&night, "2026-12-31T00:00:00Z", &["2026-12-31T16:30:00Z", "2027-01-01T16:30:00Z"]);
    assert_eq!(
        ScheduleZone::of_place("JP".parse().unwrap(), true, Timestamp::UNIX_EPOCH),
        Err(NoDaylightSaving)
    );
}

#[test]
fn a_day_that_a_month_does_not_have_is_its_last() {
    let last = schedule(monthly(MonthDay::Day(31)), "2028-01-15", "00:00", ScheduleZone::Shift { hours: 0 });
    let expected =
        ["2028-01-31T00:00:00Z", "2028-02-29T00:00:00Z", "2028-03-31T00:00:00Z", "2028-04-30T00:00:00Z"];
    check(&last, "2028-01-01T00:00:00Z", &expected);
}

#[test]
fn weekdays_of_a_month_are_counted_from_either_end() {
    let utc = ScheduleZone::Shift { hours: 0 };
    let second = MonthDay::Weekday { weekday: 2, week: WeekOfMonth::Second };
    let second = schedule(monthly(second), "2026-11-10", "00:00", utc);
    check(&second, "2026-01-01T00:00:00Z", &["2026-11-10T00:00:00Z", "2026-12-08T00:00:00Z"]);
    let last = MonthDay::Weekday { weekday: 0, week: WeekOfMonth::Last };
    let last = schedule(monthly(last), "2026-11-10", "00:00", utc);
    check(&last, "2026-01-01T00:00:00Z", &["2026-11-29T00:00:00Z", "2026-12-27T00:00:00Z"]);
    let quarterly = Occurrence::Monthly { frequency_months: every(3), day: MonthDay::Day(1) };
    let quarterly = schedule(quarterly, "2026-11-10", "00:00", utc);
    check(&quarterly, "2026-01-01T00:00:00Z", &["2027-02-01T00:00:00Z", "2027-05-01T00:00:00Z"]);
}

#[test]
fn weeks_begin_on_sunday_and_are_counted_from_the_start_date() {
    let weekdays = "Saturday, sunday,2".parse().unwrap();
    let fortnightly = Occurrence::Weekly { frequency_weeks: every(2), weekdays };
    // A Wednesday.
    let fortnightly = schedule(fortnightly, "2026-11-04", "12:00", ScheduleZone::Shift { hours: 0 });
    let expected = [
        "2026-11-07T12:00:00Z",
        "2026-11-15T12:00:00Z",
        "2026-11-17T12:00:00Z",
        "2026-11-21T12:00:00Z",
        "2026-11-29T12:00:00Z",
    ];
    check(&fortnightly, "2026-01-01T00:00:00Z", &expected);
    assert_eq!(weekdays.to_string(), "0,2,6");
    for text in ["", ",", "7", "-1", "Sun", "sunday;monday"] {
        assert!(text.parse::<Weekdays>().is_err(), "{text:?}");
    }
}

#[test]
fn stored_nonsense_has_no_start_and_no_panic() {
    let utc = ScheduleZone::Shift { hours: 120 };
    let late = Timestamp::MAX;
    assert_eq!(schedule(DAILY, "2026-03-01", "24:00", utc).next_after(Timestamp::UNIX_EPOCH), None);
    assert_eq!(schedule(DAILY, "9999-12-31", "12:00", utc).next_after(late), None);
    let day = MonthDay::Weekday { weekday: 9, week: WeekOfMonth::Last };
    assert_eq!(schedule(monthly(day), "2026-03-01", "12:00", utc).next_after(Timestamp::UNIX_EPOCH), None);
    assert!(
        schedule(monthly(MonthDay::Day(0)), "2026-03-01", "12:00", utc)
            .next_after(Timestamp::UNIX_EPOCH)
            .is_some()
    );
}

#[test]
fn a_schedule_reads_back() {
    let weekdays = "0,3".parse().unwrap();
    let weekly = Occurrence::Weekly { frequency_weeks: every(52), weekdays };
    let mut weekly = schedule(weekly, "2026-11-04", "12:00", place("AU-NSW", true));
    weekly.end_after_hours = NonZeroU8::new(48);
    let text = serde_json::to_string(&weekly).unwrap();
    assert_eq!(serde_json::from_str::<Schedule>(&text).unwrap(), weekly, "{text}");
}

fn any_occurrence() -> impl Strategy<Value = Occurrence> {
    let weekdays = (1_u8..128).prop_map(|days| {
        let numbers: Vec<String> =
            (0..7).filter(|day| days & (1 << day) != 0).map(|day| day.to_string()).collect();
        numbers.join(",").parse::<Weekdays>().unwrap()
    });
    let week = proptest::sample::select(WeekOfMonth::ALL.to_vec());
    let day = prop_oneof![
        (1_u8..=31).prop_map(MonthDay::Day),
        (0_u8..7, week).prop_map(|(weekday, week)| MonthDay::Weekday { weekday, week }),
    ];
    prop_oneof![
        (1_u16..=365).prop_map(|days| Occurrence::Daily { frequency_days: every(days) }),
        (1_u16..=52, weekdays)
            .prop_map(|(weeks, weekdays)| Occurrence::Weekly { frequency_weeks: every(weeks), weekdays }),
        (1_u16..=12, day)
            .prop_map(|(months, day)| Occurrence::Monthly { frequency_months: every(months), day }),
    ]
}

fn any_zone() -> impl Strategy<Value = ScheduleZone> {
    let codes: Vec<crate::TimeZoneCode> = crate::TimeZoneCode::all().collect();
    prop_oneof![
        (-12_i8..=12).prop_map(|hours| ScheduleZone::Shift { hours }),
        (proptest::sample::select(codes), any::<bool>())
            .prop_map(|(code, observe_dst)| ScheduleZone::Place { code, observe_dst }),
    ]
}

fn any_schedule() -> impl Strategy<Value = Schedule> {
    (any_occurrence(), 0_i64..30_000, 0_u8..24, 0_u8..60, any_zone()).prop_map(
        |(occurrence, day, start_hour, start_minute, zone)| Schedule {
            occurrence,
            start_date: day_of_number(day).unwrap(),
            start_hour,
            start_minute,
            zone,
            end_after_hours: None,
            end_after_mins: 0,
            pause: None,
            recurrence: None,
        },
    )
}

#[test]
fn a_scan_goes_on_after_it_has_paused_for_a_while() {
    let pause = |after: u16, hours: u16| RunPause::new(every(after), NonZeroU16::new(hours));
    for (after, hours_min) in [(1, 2), (60, 2), (61, 3), (120, 3), (121, 4), (119 * 60 + 59, 121)] {
        assert_eq!(
            pause(after, hours_min - 1),
            Err(ResumesTooEarly { after_mins: after, hours_min }),
            "{after}"
        );
        let taken = pause(after, hours_min).unwrap();
        assert_eq!((taken.after_mins(), taken.resume_in_hours()), (after, Some(hours_min)));
        let json = serde_json::to_string(&taken).unwrap();
        assert_eq!(serde_json::from_str::<RunPause>(&json).unwrap(), taken);
    }
    assert_eq!(pause(600, 0).unwrap().resume_in_hours(), None, "until somebody resumes it");
    assert!(serde_json::from_str::<RunPause>("{\"after_mins\":90,\"resume_in_hours\":2}").is_err());
}

#[test]
fn what_was_stored_without_pauses_reads_back() {
    let daily = schedule(DAILY, "2026-03-01", "07:15", ScheduleZone::Shift { hours: 0 });
    let mut json = serde_json::to_value(&daily).unwrap();
    json.as_object_mut().unwrap().retain(|key, _| key != "pause" && key != "end_after_mins");
    assert_eq!(serde_json::from_value::<Schedule>(json).unwrap(), daily);
    let minutes = Schedule { end_after_mins: 30, ..daily.clone() };
    assert_eq!((daily.end_after(), minutes.end_after()), (None, Some(30)));
}

proptest! {
    /// Whoever asks at any moment before a start is told that start: none is passed over, none is
    /// told again when it has come.
    #[test]
    fn the_next_start_does_not_depend_on_when_one_asks(
        schedule in any_schedule(),
        after in 0_i64..2_600_000_000,
        share in 0.0_f64..1.0,
    ) {
        let after = Timestamp::from_second(after).unwrap();
        let next = schedule.next_after(after).unwrap();
        prop_assert!(next > after);
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "any moment will do")]
        let waited = ((next.as_second() - after.as_second()) as f64 * share) as i64;
        let later = Timestamp::from_second(after.as_second() + waited).unwrap();
        if later < next {
            prop_assert_eq!(schedule.next_after(later), Some(next));
        }
        prop_assert!(schedule.next_after(next).unwrap() > next);
    }

    /// A start is at its time of day on a day of the recurrence, unless the clocks jumped over it.
    #[test]
    fn starts_are_on_their_days(schedule in any_schedule(), after in 0_i64..2_600_000_000) {
        let start = schedule.next_after(Timestamp::from_second(after).unwrap()).unwrap();
        if let ScheduleZone::Place { code, observe_dst: true } = schedule.zone {
            let zone = code.time_zone().unwrap();
            let (hour, minute) = (schedule.start_hour, schedule.start_minute);
            let wanted = Time::new(hour.try_into().unwrap(), minute.try_into().unwrap(), 0, 0).unwrap();
            let local = zone.to_datetime(start);
            let day = [local.date(), local.date().yesterday().unwrap()]
                .into_iter()
                .find(|day| schedule.start_on(*day) == Some(start))
                .unwrap();
            let number = day_number(day).unwrap();
            prop_assert_eq!(schedule.occurrence.days(schedule.start_date, number).next(), Some(day));
            let jumped_over = zone.to_ambiguous_timestamp(day.to_datetime(wanted)).offset();
            let jumped_over = matches!(jumped_over, jiff::tz::AmbiguousOffset::Gap { .. });
            prop_assert_eq!(local == day.to_datetime(wanted), !jumped_over);
        }
    }
}
