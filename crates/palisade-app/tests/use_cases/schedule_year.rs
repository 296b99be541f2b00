//! A year of schedules: every task starts exactly once at each of its times. The times are those of
//! another library, on another tz database of the same release, asked in `independent_calendar/`.

use std::future::ready;
use std::path::Path;

use palisade_app::{AddTask, Config, LaunchType, TaskKind, TaskScanner};
use palisade_model::{
    Clock as _, IpSet, MonthDay, Occurrence, Schedule, ScheduleZone, Timestamp, WeekOfMonth,
};
use palisade_testkit::tools;
use serde_json::{Value, json};

use crate::desk::{Desk, ips};

/// The year, in seconds since 1970: from the 1st of July 2025 on, so that the summer of each
/// hemisphere begins and ends in it.
const BEGIN: i64 = 1_751_328_000;
const END: i64 = BEGIN + 365 * 86_400;

/// Clocks that are put forward and back: on four continents, by night and at midnight, in different
/// weeks, one of them three quarters of an hour off; and two that never are.
const PLACES: [&str; 8] = ["US-NY", "GB", "EG", "CL-RM", "AU-NSW", "NZ-CH", "IN", "JP"];

fn occurrence(kind: &str, every: u16, detail: &str) -> Occurrence {
    let every = every.try_into().unwrap();
    match kind {
        "daily" => Occurrence::Daily { frequency_days: every },
        "weekly" => Occurrence::Weekly { frequency_weeks: every, weekdays: detail.parse().unwrap() },
        _ => {
            let day = match detail.split_once(' ') {
                Some((week, weekday)) => {
                    MonthDay::Weekday { week: week.parse().unwrap(), weekday: weekday.parse().unwrap() }
                }
                None => MonthDay::Day(detail.parse().unwrap()),
            };
            Occurrence::Monthly { frequency_months: every, day }
        }
    }
}

fn schedule(occurrence: Occurrence, zone: ScheduleZone, time: (u8, u8)) -> Schedule {
    Schedule {
        occurrence,
        start_date: "2025-07-01".parse().unwrap(),
        start_hour: time.0,
        start_minute: time.1,
        zone,
        end_after_hours: None,
        end_after_mins: 0,
        pause: None,
        recurrence: None,
    }
}

fn places(observe_dst: bool) -> impl Iterator<Item = ScheduleZone> {
    PLACES.into_iter().map(move |code| ScheduleZone::Place { code: code.parse().unwrap(), observe_dst })
}

/// A schedule as the script is told it.
fn told(schedule: &Schedule) -> Value {
    let (kind, every, weekdays, day, week, weekday) = match schedule.occurrence {
        Occurrence::Daily { frequency_days } => ("daily", frequency_days, vec![], None, 0, 0),
        Occurrence::Weekly { frequency_weeks, weekdays } => {
            ("weekly", frequency_weeks, weekdays.numbers().collect(), None, 0, 0)
        }
        Occurrence::Monthly { frequency_months, day: MonthDay::Day(day) } => {
            ("monthly", frequency_months, vec![], Some(day), 0, 0)
        }
        Occurrence::Monthly { frequency_months, day: MonthDay::Weekday { weekday, week } } => {
            let nth = match week {
                WeekOfMonth::First => 1,
                WeekOfMonth::Second => 2,
                WeekOfMonth::Third => 3,
                WeekOfMonth::Fourth => 4,
                WeekOfMonth::Last => -1,
            };
            ("monthly", frequency_months, vec![], None, nth, weekday)
        }
    };
    let (zone, observe_dst, shift) = match schedule.zone {
        ScheduleZone::Place { code, observe_dst } => (Some(code.zone_name()), observe_dst, None),
        ScheduleZone::Shift { hours } => (None, false, Some(hours)),
    };
    json!({
        "occurrence": kind, "every": every, "weekdays": weekdays, "day": day, "week": week, "weekday": weekday,
        "start_date": schedule.start_date.to_string(), "hour": schedule.start_hour,
        "minute": schedule.start_minute, "zone": zone, "observe_dst": observe_dst, "shift": shift,
    })
}

/// The starts of each schedule in the year, by the other library.
fn independent_calendar(schedules: &[Schedule]) -> Vec<Vec<i64>> {
    let wanted: Vec<Value> = schedules.iter().map(told).collect();
    let wanted = json!({ "from": BEGIN, "to": END, "tasks": wanted }).to_string();
    let mut command = tools::python();
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/independent_calendar/starts.py"));
    let output = tools::run_with_input(&mut command, &wanted);
    assert!(output.status.success(), "`./test setup` installs it: {}", tools::told(&command, &output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// All starts in the year, each asked for with the one before.
fn our_calendar(schedule: &Schedule) -> Vec<i64> {
    let first = schedule.next_after(second(BEGIN));
    let starts = std::iter::successors(first, |start| schedule.next_after(*start));
    starts.map(Timestamp::as_second).take_while(|start| *start < END).collect()
}

fn second(at: i64) -> Timestamp {
    Timestamp::from_second(at).unwrap()
}

#[test]
fn the_calendar_is_that_of_another_library() {
    let mut schedules = Vec::new();
    let shifts = [-12, -3, 0, 12].map(|hours| ScheduleZone::Shift { hours });
    for zone in places(true).chain(places(false)).chain(shifts) {
        // Every quarter of an hour of the nights in which clocks are put, on every day of the year.
        for quarter in [0, 1, 2, 4, 6, 7, 8, 9, 10, 11, 12, 15, 95] {
            let time = (quarter / 4, quarter % 4 * 15);
            schedules.push(schedule(occurrence("daily", 1, ""), zone, time));
        }
        for (kind, every, detail) in [
            ("daily", 5, ""),
            ("daily", 365, ""),
            ("weekly", 1, "0,6"),
            ("weekly", 3, "1,3,5"),
            ("weekly", 52, "2"),
            ("monthly", 1, "31"),
            ("monthly", 1, "29"),
            ("monthly", 5, "1"),
            ("monthly", 12, "15"),
            ("monthly", 1, "last 0"),
            ("monthly", 1, "second 0"),
            ("monthly", 2, "fourth 6"),
        ] {
            schedules.push(schedule(occurrence(kind, every, detail), zone, (2, 30)));
        }
    }
    let expected = independent_calendar(&schedules);
    assert_eq!(expected.len(), schedules.len());
    let mut starts = 0;
    for (schedule, expected) in schedules.iter().zip(&expected) {
        assert_eq!(&our_calendar(schedule), expected, "{schedule:?}");
        starts += expected.len();
    }
    assert!(starts > 20 * 13 * 364, "the calendar is not empty: {starts}");
}

#[tokio::test]
async fn every_task_starts_exactly_once_at_each_of_its_times() {
    let desk = Desk::with(Config { running_scans_max: 100_000, ..Config::default() }).await;
    let manager = desk.manager().await;
    desk.clock.advance(BEGIN - desk.now().as_second());
    // On the days and at the times at which clocks are put: on Sundays, in Egypt on Fridays, and there
    // and in Chile at midnight.
    let weekly = |zone| {
        let day = if is_in(zone, &["EG"]) { "5" } else { "0" };
        let hour = if is_in(zone, &["EG", "CL-RM"]) { 0 } else { 2 };
        schedule(occurrence("weekly", 1, day), zone, (hour, 30))
    };
    let mut schedules: Vec<Schedule> = places(true).map(weekly).collect();
    schedules.extend(places(false).map(|zone| schedule(occurrence("monthly", 1, "31"), zone, (23, 45))));
    for (number, schedule) in schedules.iter().enumerate() {
        let task = AddTask {
            kind: TaskKind::Scan,
            title: number.to_string(),
            active: true,
            targets: ips("10.0.0.1"),
            map_targets: Vec::new(),
            target_text: "10.0.0.1".to_owned(),
            asset_groups: Vec::new(),
            excluded: IpSet::new(),
            option: None,
            scanner: TaskScanner::External,
            http_header: None,
            schedule: schedule.clone(),
            names: Vec::new(),
            priority: 0,
            notifications: None,
        };
        desk.app.add_task(&manager, task).await.unwrap();
    }

    desk.app
        .run_scheduler(|next| {
            let next = next.map_or(END, Timestamp::as_second).min(END);
            desk.clock.advance(next - desk.clock.now().as_second());
            ready(next < END)
        })
        .await;

    let mut started = vec![Vec::new(); schedules.len()];
    for scan in desk.app.list_running(&manager).await.unwrap() {
        assert_eq!((scan.launch_type, scan.launched_at.subsec_nanosecond()), (LaunchType::Scheduled, 0));
        started[scan.title.parse::<usize>().unwrap()].push(scan.launched_at.as_second());
    }
    for ((schedule, mut started), expected) in
        schedules.iter().zip(started).zip(independent_calendar(&schedules))
    {
        started.sort_unstable();
        assert_eq!(started, expected, "{schedule:?}");
    }
}

fn is_in(zone: ScheduleZone, codes: &[&str]) -> bool {
    matches!(zone, ScheduleZone::Place { code, .. } if codes.contains(&code.as_str()))
}
