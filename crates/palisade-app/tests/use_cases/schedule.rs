//! Scheduled tasks: what starts when, and what happens when it cannot.

use std::future::ready;
use std::num::{NonZeroU8, NonZeroU16};

use palisade_app::{
    Actor, AddAssetGroup, AddTask, App, Config, Error, LaunchType, ListMapReports, ListReports, ListTasks,
    ScanView, TaskKind, TaskScanner, TaskView,
};
use palisade_engine::{Link as _, MapLink as _};
use palisade_model::{
    BeforeLaunch, Clock as _, IpSet, LeadUnit, MapResult, MapTarget, Notifications, Occurrence,
    OptionProfile, Role, RunPause, ScanStatus, Schedule, ScheduleZone, Timestamp, UserStatus,
};

use crate::asset_group::{edit_group, new_group};
use crate::desk::{Desk, ip, ips};
use crate::domain::domain;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// A daily task at 02:30 GMT.
pub(crate) fn daily(title: &str, targets: &str) -> AddTask {
    AddTask {
        kind: TaskKind::Scan,
        title: title.to_owned(),
        active: true,
        targets: ips(targets),
        map_targets: Vec::new(),
        target_text: targets.to_owned(),
        asset_groups: Vec::new(),
        excluded: IpSet::new(),
        option: None,
        scanner: TaskScanner::External,
        http_header: None,
        schedule: Schedule {
            occurrence: Occurrence::Daily { frequency_days: NonZeroU16::MIN },
            start_date: "2023-11-15".parse().unwrap(),
            start_hour: 2,
            start_minute: 30,
            zone: ScheduleZone::Shift { hours: 0 },
            end_after_hours: None,
            end_after_mins: 0,
            pause: None,
            recurrence: None,
        },
        names: Vec::new(),
        priority: 0,
        notifications: None,
    }
}

/// A daily task at 02:30 GMT that maps.
fn daily_map(title: &str, targets: &str) -> AddTask {
    AddTask {
        kind: TaskKind::Map,
        targets: IpSet::new(),
        map_targets: MapTarget::list(targets, 10).unwrap(),
        target_text: targets.to_owned(),
        ..daily(title, "10.0.0.1")
    }
}

fn of_groups(title: &str, groups: &[&str]) -> AddTask {
    let asset_groups = groups.iter().map(|title| (*title).to_owned()).collect();
    AddTask { targets: IpSet::new(), target_text: String::new(), asset_groups, ..daily(title, "10.0.0.1") }
}

/// One look of the scheduler, as of now.
pub(crate) async fn look(app: &App) {
    app.run_scheduler(|_| ready(false)).await;
}

impl Desk {
    /// A desk with mails, at midnight before the first start of [`daily`].
    async fn at_night() -> (Self, tempfile::TempDir) {
        let outbox = tempfile::tempdir().unwrap();
        let config =
            Config { running_scans_max: 2, outbox: Some(outbox.path().to_owned()), ..Config::default() };
        let desk = Self::with(config).await;
        desk.clock_to("2023-11-15T00:00:00Z");
        (desk, outbox)
    }

    fn clock_to(&self, at: &str) {
        let at: Timestamp = at.parse().unwrap();
        self.clock.advance(at.as_second() - self.clock.now().as_second());
    }

    async fn running(&self, manager: &Actor) -> Vec<ScanView> {
        self.app.list_running(manager).await.unwrap()
    }

    async fn task(&self, manager: &Actor, id: i64) -> TaskView {
        let tasks = self.app.list_tasks(manager, ListTasks::default()).await.unwrap();
        tasks.into_iter().find(|task| task.id == id).unwrap()
    }

    /// Action and details of the newest entry of the activity log.
    async fn last_entry(&self) -> (String, String) {
        let entry = self.app.list_activity(1).await.unwrap().remove(0);
        assert_eq!(entry.module, "schedule");
        (entry.action, entry.details)
    }

    /// Lets the scanner do what is queued.
    async fn scan_everything(&self) {
        let link = self.app.link("built-in");
        while let Some(lease) = link.lease().await.unwrap() {
            for address in lease.order.targets.iter() {
                link.deliver(&lease, self.result(address)).await.unwrap();
            }
            link.complete(&lease).await.unwrap();
        }
    }
}

/// The texts of all mails, the oldest first.
fn mails(outbox: &tempfile::TempDir) -> Vec<String> {
    let mut paths: Vec<_> =
        std::fs::read_dir(outbox.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read_to_string(path).unwrap().replace("\r\n", "\n")).collect()
}

#[tokio::test]
async fn a_task_runs_from_its_start_to_the_mail() {
    let (desk, outbox) = Desk::at_night().await;
    let manager = desk.manager().await;
    let task = desk.app.add_task(&manager, daily("Nightly", "10.0.0.1-10.0.0.2")).await.unwrap();
    assert_eq!(task.next_launch_at, Some("2023-11-15T02:30:00Z".parse().unwrap()));
    desk.clock_to("2023-11-15T02:29:59Z");
    look(&desk.app).await;
    assert!(desk.running(&manager).await.is_empty());
    desk.clock.advance(1);
    look(&desk.app).await;
    look(&desk.app).await;
    let scans = desk.running(&manager).await;
    assert_eq!(scans.len(), 1);
    assert_eq!((scans[0].title.as_str(), scans[0].launch_type), ("Nightly", LaunchType::Scheduled));
    assert_eq!((scans[0].user.as_str(), scans[0].launched_at), ("manager", desk.now()));
    let entry = desk.last_entry().await;
    assert_eq!(entry, ("launch".to_owned(), format!("{}, task 1, Nightly", scans[0].scan)));
    assert!(mails(&outbox).is_empty());
    desk.scan_everything().await;
    look(&desk.app).await;
    look(&desk.app).await;
    let mails = mails(&outbox);
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert!(mails[0].contains("To: ada@example.test\n"), "{}", mails[0]);
    assert!(mails[0].ends_with(&format!("Reference: {}\nStatus: FINISHED\n", scans[0].scan)), "{}", mails[0]);
    let wanted = ListReports { last: false, target: Some(ips("10.0.0.2")), since: None };
    assert_eq!(desk.app.list_reports(&manager, wanted).await.unwrap()[0].scan, scans[0].scan);
    let next = desk.task(&manager, task.id).await.next_launch_at;
    assert_eq!(next, Some("2023-11-16T02:30:00Z".parse().unwrap()));
}

#[tokio::test]
async fn a_missed_start_is_made_once_and_says_so() {
    let (mut desk, outbox) = Desk::at_night().await;
    let manager = desk.manager().await;
    let task = desk.app.add_task(&manager, daily("Nightly", "10.0.0.1")).await.unwrap();
    desk.clock.advance(3 * DAY);
    desk.restart().await;
    look(&desk.app).await;
    look(&desk.app).await;
    let scans = desk.running(&manager).await;
    assert_eq!(scans.len(), 1, "three starts were missed, one is made");
    assert_eq!(scans[0].title, "Nightly (missed start of 2023-11-15 02:30 GMT)");
    let (action, details) = desk.last_entry().await;
    assert_eq!(action, "launch_missed");
    assert!(
        details
            .ends_with("task 1, Nightly: missed start of 2023-11-15 02:30 GMT, 2 later ones are passed over"),
        "{details}"
    );
    let next = desk.task(&manager, task.id).await.next_launch_at;
    assert_eq!(next, Some("2023-11-18T02:30:00Z".parse().unwrap()));
    desk.scan_everything().await;
    look(&desk.app).await;
    assert!(mails(&outbox)[0].contains("It was due on 2023-11-15 02:30 GMT and missed."), "{outbox:?}");
}

#[tokio::test]
async fn a_clock_that_is_set_back_makes_no_start_again() {
    let (desk, _outbox) = Desk::at_night().await;
    let manager = desk.manager().await;
    desk.app.add_task(&manager, daily("Nightly", "10.0.0.1")).await.unwrap();
    desk.clock_to("2023-11-15T02:30:00Z");
    look(&desk.app).await;
    desk.clock.advance(-HOUR);
    look(&desk.app).await;
    desk.clock.advance(HOUR);
    look(&desk.app).await;
    assert_eq!(desk.running(&manager).await.len(), 1);
}

#[tokio::test]
async fn what_takes_too_long_is_cancelled_and_its_task_deactivated() {
    let (desk, outbox) = Desk::at_night().await;
    let manager = desk.manager().await;
    let mut slow = daily("Slow", "10.0.0.1");
    slow.schedule.end_after_hours = NonZeroU8::new(25);
    let slow = desk.app.add_task(&manager, slow).await.unwrap();
    desk.clock_to("2023-11-15T02:30:00Z");
    look(&desk.app).await;
    let scan = desk.running(&manager).await.remove(0).scan;
    desk.clock.advance(DAY);
    look(&desk.app).await;
    let second = desk.running(&manager).await.remove(1).scan;
    desk.clock.advance(HOUR - 1);
    look(&desk.app).await;
    assert!(desk.task(&manager, slow.id).await.active);
    desk.clock.advance(1);
    look(&desk.app).await;
    assert_eq!(desk.app.scan(&manager, &scan).await.unwrap().status, ScanStatus::Canceled);
    assert_eq!(desk.app.scan(&manager, &second).await.unwrap().status, ScanStatus::Queued);
    let task = desk.task(&manager, slow.id).await;
    assert_eq!((task.active, task.next_launch_at), (false, None));
    let expected =
        format!("{scan}, task {}, Slow: not finished in time, cancelled and the task deactivated", slow.id);
    assert_eq!(desk.last_entry().await, ("end_after".to_owned(), expected));
    assert!(mails(&outbox)[0].contains("has not finished in the time it has"), "{:?}", mails(&outbox));
    desk.clock.advance(2 * DAY);
    look(&desk.app).await;
    assert_eq!(desk.app.scan(&manager, &second).await.unwrap().status, ScanStatus::Canceled);
    assert!(desk.running(&manager).await.is_empty());
}

#[tokio::test]
async fn a_pause_does_not_lengthen_what_a_task_may_take() {
    let (desk, _outbox) = Desk::at_night().await;
    let manager = desk.manager().await;
    let mut slow = daily("Slow", "10.0.0.1");
    slow.schedule.end_after_hours = NonZeroU8::new(2);
    desk.app.add_task(&manager, slow).await.unwrap();
    desk.clock_to("2023-11-15T02:30:00Z");
    look(&desk.app).await;
    let scan = desk.running(&manager).await.remove(0).scan;
    let link = desk.app.link("built-in");
    let lease = link.lease().await.unwrap().unwrap();
    desk.app.pause_scan(&manager, &scan).await.unwrap();
    link.complete(&lease).await.unwrap();
    look(&desk.app).await;
    desk.clock.advance(2 * HOUR - 1);
    look(&desk.app).await;
    assert_eq!(desk.app.scan(&manager, &scan).await.unwrap().status, ScanStatus::Paused);
    desk.clock.advance(1);
    look(&desk.app).await;
    assert_eq!(desk.app.scan(&manager, &scan).await.unwrap().status, ScanStatus::Canceled);
}

#[tokio::test]
async fn a_recurrence_ends_and_begins_anew_when_the_task_is_activated() {
    let (desk, _outbox) = Desk::at_night().await;
    let manager = desk.manager().await;
    let mut twice = daily("Twice", "10.0.0.1");
    twice.schedule.recurrence = NonZeroU8::new(2);
    let id = desk.app.add_task(&manager, twice).await.unwrap().id;
    let mut started = Vec::new();
    for _ in 0..4 {
        desk.clock.advance(DAY);
        look(&desk.app).await;
        started.push(desk.running(&manager).await.len());
        desk.scan_everything().await;
    }
    assert_eq!((started, desk.task(&manager, id).await.active), (vec![1, 1, 0, 0], false));
    desk.app.switch_task(&manager, id, true).await.unwrap();
    desk.app.switch_task(&manager, id, true).await.unwrap();
    look(&desk.app).await;
    assert!(desk.running(&manager).await.is_empty(), "what is over is not missed");
    desk.clock.advance(DAY);
    look(&desk.app).await;
    assert!(desk.task(&manager, id).await.active, "one of two starts is left");
}

#[tokio::test]
async fn a_start_waits_for_its_turn() {
    let (desk, _outbox) = Desk::at_night().await;
    let manager = desk.manager().await;
    for title in ["A", "B", "C"] {
        desk.app.add_task(&manager, daily(title, "10.0.0.1")).await.unwrap();
    }
    desk.clock_to("2023-11-15T02:30:00Z");
    look(&desk.app).await;
    assert_eq!(desk.running(&manager).await.len(), 2, "as many as may");
    desk.scan_everything().await;
    desk.clock.advance(30);
    look(&desk.app).await;
    let titles: Vec<String> = desk.running(&manager).await.into_iter().map(|scan| scan.title).collect();
    assert_eq!(titles, ["C"]);
}

#[tokio::test]
async fn the_task_of_a_deactivated_owner_is_deactivated() {
    let (desk, outbox) = Desk::at_night().await;
    let manager = desk.manager().await;
    let login = desk.add_user("scanner", Role::Scanner, "10.0.0.0/24").await;
    let scanner = desk.actor("scanner").await;
    let task = desk.app.add_task(&scanner, daily("Mine", "10.0.0.1")).await.unwrap();
    desk.app.set_user_status(&login, UserStatus::Inactive).await.unwrap();
    desk.clock.advance(DAY);
    look(&desk.app).await;
    assert!(desk.running(&manager).await.is_empty());
    assert!(!desk.task(&manager, task.id).await.active);
    let (action, details) = desk.last_entry().await;
    assert_eq!(action, "deactivate");
    assert_eq!(details, "task 1, Mine, due 2023-11-15 02:30 GMT: the account is not active");
    assert!(mails(&outbox)[0].contains("The task is deactivated."), "{:?}", mails(&outbox));
}

#[tokio::test]
async fn a_start_beyond_the_owners_reach_is_left_out() {
    let (desk, outbox) = Desk::at_night().await;
    let manager = desk.manager().await;
    let login = desk.add_user("scanner", Role::Scanner, "10.0.9.0/24").await;
    desk.app.add_asset_group(&manager, new_group("Web", "10.0.0.1")).await.unwrap();
    desk.app.set_user_asset_groups(&login, &["Web".to_owned()]).await.unwrap();
    let scanner = desk.actor("scanner").await;
    desk.app.add_task(&scanner, of_groups("Group", &["Web"])).await.unwrap();
    let single = desk.app.add_task(&scanner, daily("Single", "10.0.0.1")).await.unwrap();
    desk.app.set_user_asset_groups(&login, &[]).await.unwrap();
    desk.clock_to("2023-11-15T02:30:00Z");
    look(&desk.app).await;
    assert!(desk.running(&manager).await.is_empty());
    let (action, details) = desk.last_entry().await;
    let expected =
        "task 2, Single, due 2023-11-15 02:30 GMT: addresses are not in the subscription: 10.0.0.1";
    assert_eq!((action.as_str(), details.as_str()), ("launch", expected));
    assert!(desk.app.list_activity(1).await.unwrap()[0].refused);
    assert_eq!(
        mails(&outbox).iter().filter(|mail| mail.contains("The next start will be tried.")).count(),
        2
    );
    assert!(desk.task(&manager, single.id).await.active);
    // Given back, the next start is made.
    desk.app.set_user_asset_groups(&login, &["Web".to_owned()]).await.unwrap();
    desk.clock.advance(DAY);
    look(&desk.app).await;
    assert_eq!(desk.running(&manager).await.len(), 2);
}

#[tokio::test]
async fn groups_are_those_of_the_start() {
    let (desk, _outbox) = Desk::at_night().await;
    let manager = desk.manager().await;
    desk.app.add_asset_group(&manager, new_group("Web", "10.0.0.1")).await.unwrap();
    let task = desk.app.add_task(&manager, of_groups("Group", &["Web"])).await.unwrap();
    let edit = edit_group("Web");
    let edit = palisade_app::EditAssetGroup {
        new_title: Some("Shop".parse().unwrap()),
        added_ips: ips("10.0.0.7"),
        ..edit
    };
    desk.app.edit_asset_group(&manager, edit).await.unwrap();
    let deleted = desk.app.delete_asset_group(&manager, &"Shop".parse().unwrap()).await;
    assert!(matches!(deleted, Err(Error::AssetGroupScheduled { .. })), "{deleted:?}");
    assert_eq!(desk.task(&manager, task.id).await.target_text, "10.0.0.1,10.0.0.7");
    desk.clock_to("2023-11-15T02:30:00Z");
    look(&desk.app).await;
    let scan = desk.running(&manager).await.remove(0);
    assert_eq!((scan.targets.contains(ip("10.0.0.7")), scan.asset_groups), (true, vec!["Shop".to_owned()]));
}

#[tokio::test]
async fn everything_is_what_the_owner_may_see() {
    let (desk, _outbox) = Desk::at_night().await;
    let manager = desk.manager().await;
    desk.add_user("scanner", Role::Scanner, "10.0.9.0/28").await;
    let scanner = desk.actor("scanner").await;
    let task = desk.app.add_task(&scanner, of_groups("All of mine", &["all"])).await.unwrap();
    let seen = desk.task(&manager, task.id).await;
    assert_eq!(
        (seen.target_text.as_str(), seen.asset_groups),
        ("10.0.9.0-10.0.9.15", vec!["All".to_owned()])
    );
    desk.clock_to("2023-11-15T02:30:00Z");
    look(&desk.app).await;
    assert_eq!(desk.running(&manager).await[0].targets, ips("10.0.9.0/28"));
}

#[tokio::test]
async fn what_could_not_start_now_is_no_task() {
    let (desk, _outbox) = Desk::at_night().await;
    let manager = desk.manager().await;
    let add = async |task: AddTask| desk.app.add_task(&manager, task).await;
    assert!(matches!(add(daily("A", "10.1.0.1")).await, Err(Error::NotInSubscription { .. })));
    assert!(matches!(add(of_groups("A", &["Web"])).await, Err(Error::UnknownAssetGroup { .. })));
    let option = Some("No such profile".to_owned());
    let unknown = AddTask { option, ..daily("A", "10.0.0.1") };
    assert!(matches!(add(unknown).await, Err(Error::UnknownOption { .. })));
    assert!(matches!(add(daily(&"A".repeat(1_001), "10.0.0.1")).await, Err(Error::TooLong { .. })));
    let mut never = daily("A", "10.0.0.1");
    never.schedule.start_date = "9999-12-31".parse().unwrap();
    never.schedule.start_hour = 24;
    assert!(matches!(add(never).await, Err(Error::NeverStarts)));
    assert!(desk.app.list_tasks(&manager, ListTasks::default()).await.unwrap().is_empty());
    assert!(matches!(desk.app.drop_task(&manager, 1).await, Err(Error::UnknownTask)));
    assert!(matches!(desk.app.switch_task(&manager, 1, true).await, Err(Error::UnknownTask)));
}

#[tokio::test]
async fn a_dropped_task_leaves_its_scan_alone() {
    let (desk, outbox) = Desk::at_night().await;
    let manager = desk.manager().await;
    let task = desk.app.add_task(&manager, daily("Nightly", "10.0.0.1")).await.unwrap();
    desk.clock_to("2023-11-15T02:30:00Z");
    look(&desk.app).await;
    desk.app.drop_task(&manager, task.id).await.unwrap();
    desk.scan_everything().await;
    desk.clock.advance(DAY);
    look(&desk.app).await;
    assert!(desk.running(&manager).await.is_empty());
    assert!(mails(&outbox)[0].ends_with("Status: FINISHED\n"), "{:?}", mails(&outbox));
}

#[tokio::test]
async fn the_maps_of_a_task_are_made_once_and_kept() {
    let (mut desk, outbox) = Desk::at_night().await;
    let manager = desk.manager().await;
    let task = desk.app.add_task(&manager, daily_map("Picture", "a.test,b.test:10.0.9.0/30")).await.unwrap();
    assert_eq!((task.kind, task.target_text.as_str()), (TaskKind::Map, "a.test,b.test:10.0.9.0/30"));
    desk.clock_to("2023-11-15T02:30:00Z");
    look(&desk.app).await;
    desk.restart().await;
    look(&desk.app).await;
    let maps = desk.app.list_running_maps(&manager).await.unwrap();
    let made: Vec<_> = maps.iter().map(|map| (map.domain.as_str(), map.title.as_str())).collect();
    assert_eq!(made, [("a.test", "Picture"), ("b.test", "Picture")]);
    assert!(maps.iter().all(|map| map.launch_type == LaunchType::Scheduled && map.save_report));
    let entry = desk.last_entry().await;
    assert_eq!(entry, ("launch".to_owned(), format!("{} and 1 more, task 1, Picture", maps[0].map)));
    let link = desk.app.link("worker");
    for map in &maps {
        let lease = link.lease_map().await.unwrap().unwrap();
        assert_eq!(lease.order.map, map.map);
        link.complete_map(&lease, MapResult::default()).await.unwrap();
    }
    look(&desk.app).await;
    look(&desk.app).await;
    let mails = mails(&outbox);
    assert_eq!(mails.len(), 2, "one a report: {mails:?}");
    for map in &maps {
        let end = format!("Reference: {}\nStatus: NOHOSTALIVE\n", map.map);
        assert!(mails.iter().any(|mail| mail.ends_with(&end)), "{mails:?}");
    }
    let reports = desk.app.list_map_reports(&manager, ListMapReports::default()).await.unwrap();
    assert_eq!(reports.len(), 2);
    let next = desk.task(&manager, task.id).await.next_launch_at;
    assert_eq!(next, Some("2023-11-16T02:30:00Z".parse().unwrap()));
}

#[tokio::test]
async fn maps_that_take_too_long_are_cancelled_all() {
    let (desk, _outbox) = Desk::at_night().await;
    let manager = desk.manager().await;
    let mut slow = daily_map("Slow", "a.test,b.test");
    slow.schedule.end_after_hours = NonZeroU8::new(1);
    let slow = desk.app.add_task(&manager, slow).await.unwrap();
    desk.clock_to("2023-11-15T02:30:00Z");
    look(&desk.app).await;
    let maps = desk.app.list_running_maps(&manager).await.unwrap();
    assert_eq!(maps.len(), 2);
    desk.clock.advance(HOUR);
    look(&desk.app).await;
    look(&desk.app).await;
    for map in maps {
        assert_eq!(desk.app.map(&manager, &map.map).await.unwrap().status, ScanStatus::Canceled);
    }
    assert!(!desk.task(&manager, slow.id).await.active);
    desk.clock.advance(DAY);
    look(&desk.app).await;
    assert!(desk.app.list_running_maps(&manager).await.unwrap().is_empty());
}

#[tokio::test]
async fn maps_wait_for_maps_and_not_for_scans() {
    let (desk, _outbox) = Desk::at_night().await;
    let manager = desk.manager().await;
    for title in ["A", "B"] {
        desk.app.add_task(&manager, daily_map(title, "a.test,b.test")).await.unwrap();
    }
    desk.app.add_task(&manager, daily("C", "10.0.0.1")).await.unwrap();
    let three = desk.app.add_task(&manager, daily_map("D", "a.test,b.test,c.test")).await;
    assert!(matches!(three, Err(Error::TooManyMaps { max: 2 })), "it would wait for ever");
    desk.clock_to("2023-11-15T02:30:00Z");
    look(&desk.app).await;
    let titles = async || {
        let maps = desk.app.list_running_maps(&manager).await.unwrap();
        maps.into_iter().map(|map| map.title).collect::<Vec<_>>()
    };
    assert_eq!(titles().await, ["A", "A"]);
    assert_eq!(desk.running(&manager).await.len(), 1, "the scan does not wait for maps");
    for map in desk.app.list_running_maps(&manager).await.unwrap() {
        // The second is over with the first: they are of one request.
        let cancelled = desk.app.cancel_map(&manager, &map.map).await;
        assert!(matches!(cancelled, Ok(()) | Err(Error::ScanEnded)), "{cancelled:?}");
    }
    look(&desk.app).await;
    assert_eq!(titles().await, ["B", "B"]);
}

#[tokio::test]
async fn the_profile_of_a_task_is_in_use() {
    let (desk, _outbox) = Desk::at_night().await;
    let manager = desk.manager().await;
    let gentle = OptionProfile { title: "Gentle".to_owned(), ..OptionProfile::default() };
    desk.app.add_option_profile(&manager, gentle).await.unwrap();
    let option = Some("Gentle".to_owned());
    let id =
        desk.app.add_task(&manager, AddTask { option, ..daily("Nightly", "10.0.0.1") }).await.unwrap().id;
    let kept = desk.app.delete_option_profile(&manager, "Gentle").await;
    let expected = format!("scheduled task {id}, Nightly");
    assert!(
        matches!(&kept, Err(Error::OptionProfileInUse { title, by }) if title == "Gentle" && *by == [expected.clone()]),
        "{kept:?}"
    );
    desk.app.drop_task(&manager, id).await.unwrap();
    desk.app.delete_option_profile(&manager, "Gentle").await.unwrap();
}

#[tokio::test]
async fn tasks_that_map_go_by_domains() {
    let (desk, _outbox) = Desk::at_night().await;
    let manager = desk.manager().await;
    for name in ["a.test", "b.test"] {
        desk.app.add_domain(&manager, &domain(name), &IpSet::new()).await.unwrap();
    }
    let group = AddAssetGroup { domains: vec![domain("a.test")], ..new_group("A", "10.0.1.0/24") };
    desk.app.add_asset_group(&manager, group).await.unwrap();
    let login = desk.add_user("reader", Role::Reader, "10.0.0.0/24").await;
    desk.app.set_user_asset_groups(&login, &["A".to_owned()]).await.unwrap();
    let login = desk.add_user("scanner", Role::Scanner, "10.0.0.0/24").await;
    desk.app.set_user_asset_groups(&login, &["A".to_owned()]).await.unwrap();
    let (reader, scanner) = (desk.actor("reader").await, desk.actor("scanner").await);
    desk.app.add_task(&manager, daily_map("Both", "a.test,b.test")).await.unwrap();
    desk.app.add_task(&manager, daily_map("A", "a.test")).await.unwrap();
    desk.app.add_task(&manager, daily_map("Far", "none:10.9.0.1")).await.unwrap_err();
    let of_group = AddTask { kind: TaskKind::Map, ..of_groups("G", &["A"]) };
    let of_group = desk.app.add_task(&scanner, of_group).await.unwrap();
    assert_eq!(of_group.target_text, "a.test");
    let beyond = desk.app.add_task(&scanner, daily_map("B", "b.test")).await;
    assert!(matches!(beyond, Err(Error::UnknownDomain { .. })), "{beyond:?}");
    let refused = desk.app.add_task(&reader, daily_map("A", "a.test")).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })), "{refused:?}");
    let seen = async |actor: &Actor| {
        let tasks = desk.app.list_tasks(actor, ListTasks::default()).await.unwrap();
        tasks.into_iter().map(|task| task.title).collect::<Vec<_>>()
    };
    assert_eq!(seen(&manager).await, ["Both", "A", "G"]);
    assert_eq!(seen(&reader).await, ["A", "G"], "all domains of a task must be in reach");
    assert_eq!(seen(&scanner).await, ["G"]);
}

#[tokio::test]
async fn a_scan_pauses_and_goes_on_by_its_schedule_on_whichever_server() {
    let (desk, _outbox) = Desk::at_night().await;
    let manager = desk.manager().await;
    let mut long = daily("Long", "10.0.0.1-10.0.0.2");
    long.schedule.pause = RunPause::new(NonZeroU16::new(90).unwrap(), NonZeroU16::new(5)).ok();
    long.schedule.end_after_mins = 30;
    long.schedule.end_after_hours = NonZeroU8::new(6);
    desk.app.add_task(&manager, long).await.unwrap();
    desk.clock_to("2023-11-15T02:30:00Z");
    look(&desk.app).await;
    let scan = desk.running(&manager).await.remove(0).scan;
    let status = async || desk.app.scan(&manager, &scan).await.unwrap().status;
    let link = desk.app.link("built-in");
    link.lease().await.unwrap().unwrap();
    let other = desk.another_server().await;
    desk.clock_to("2023-11-15T03:59:59Z");
    tokio::join!(look(&desk.app), look(&other));
    assert_eq!(status().await, ScanStatus::Running);
    desk.clock.advance(1);
    tokio::join!(look(&desk.app), look(&other));
    assert_eq!(desk.last_entry().await, ("pause".to_owned(), format!("{scan}, task 1, Long")));
    // The scanner has fallen silent meanwhile, and its slice is taken back.
    assert_eq!(status().await, ScanStatus::Paused);
    desk.clock_to("2023-11-15T07:29:59Z");
    look(&desk.app).await;
    assert_eq!(status().await, ScanStatus::Paused);
    desk.clock.advance(1);
    tokio::join!(look(&desk.app), look(&other));
    assert_eq!(status().await, ScanStatus::Resuming);
    let resumed = ("resume".to_owned(), format!("{scan}, task 1, Long"));
    assert_eq!(desk.last_entry().await, resumed);
    let entries = desk.app.list_activity(100).await.unwrap();
    assert_eq!(entries.iter().filter(|entry| entry.action == "resume").count(), 1, "each turn is taken once");
    desk.scan_everything().await;
    assert_eq!(status().await, ScanStatus::Finished);
}

#[tokio::test]
async fn a_scan_that_goes_on_by_hand_stays_paused_until_it_is_cancelled() {
    let (desk, _outbox) = Desk::at_night().await;
    let manager = desk.manager().await;
    let mut long = daily("Long", "10.0.0.1");
    long.schedule.pause = RunPause::new(NonZeroU16::new(60).unwrap(), None).ok();
    long.schedule.end_after_hours = NonZeroU8::new(20);
    desk.app.add_task(&manager, long).await.unwrap();
    desk.clock_to("2023-11-15T02:30:00Z");
    look(&desk.app).await;
    let scan = desk.running(&manager).await.remove(0).scan;
    let link = desk.app.link("built-in");
    let lease = link.lease().await.unwrap().unwrap();
    desk.clock.advance(HOUR);
    look(&desk.app).await;
    link.complete(&lease).await.unwrap();
    desk.clock.advance(18 * HOUR);
    look(&desk.app).await;
    assert_eq!(desk.app.scan(&manager, &scan).await.unwrap().status, ScanStatus::Paused);
    desk.clock.advance(HOUR);
    look(&desk.app).await;
    assert_eq!(desk.app.scan(&manager, &scan).await.unwrap().status, ScanStatus::Canceled);
}

#[tokio::test]
async fn people_are_told_before_a_start_and_after_an_end() {
    let (desk, outbox) = Desk::at_night().await;
    let manager = desk.manager().await;
    let people = ["ada@example.test".to_owned(), "web@example.test".to_owned()];
    let group = desk.app.add_distribution_group("Web team", &people).await.unwrap();
    let before = BeforeLaunch::new(LeadUnit::Minutes, 30, "Do not be surprised.".to_owned()).unwrap();
    let mut nightly = daily("Nightly", "10.0.0.1");
    nightly.notifications = Some(Notifications {
        before: Some(before),
        after: Some("All is well.".to_owned()),
        groups: vec![group],
    });
    desk.app.add_task(&manager, nightly).await.unwrap();
    desk.clock_to("2023-11-15T01:59:59Z");
    look(&desk.app).await;
    assert!(mails(&outbox).is_empty());
    desk.clock.advance(1);
    let other = desk.another_server().await;
    tokio::join!(look(&desk.app), look(&other));
    look(&desk.app).await;
    let told = mails(&outbox);
    assert_eq!(told.len(), 2, "each address once: {told:?}");
    for mail in &told {
        assert!(
            mail.contains("\"Nightly\" will start on 2023-11-15 02:30 GMT.\n\nDo not be surprised.\n"),
            "{mail}"
        );
    }
    assert!(told.iter().any(|mail| mail.contains("To: web@example.test\n")), "{told:?}");
    desk.clock_to("2023-11-15T02:30:00Z");
    look(&desk.app).await;
    desk.scan_everything().await;
    look(&desk.app).await;
    let told = mails(&outbox);
    assert_eq!(told.iter().filter(|mail| mail.contains("All is well.")).count(), 2, "{told:?}");
    desk.clock_to("2023-11-16T02:00:00Z");
    look(&desk.app).await;
    assert_eq!(mails(&outbox).len(), 6, "the next start is told of, too");
    let unknown = Notifications { groups: vec![99], ..Notifications::default() };
    let mut lost = daily("Lost", "10.0.0.1");
    lost.notifications = Some(unknown);
    let refused = desk.app.add_task(&manager, lost).await;
    assert!(matches!(refused, Err(Error::UnknownDistributionGroup { id: 99 })), "{refused:?}");
}

#[tokio::test]
async fn a_change_keeps_what_it_does_not_name() {
    let (desk, _outbox) = Desk::at_night().await;
    let manager = desk.manager().await;
    let id = desk.app.add_task(&manager, daily("Nightly", "10.0.0.1")).await.unwrap().id;
    let next = desk.task(&manager, id).await.next_launch_at;
    desk.app.edit_task(&manager, id, |task| task.title = "Every night".to_owned()).await.unwrap();
    let task = desk.task(&manager, id).await;
    assert_eq!((task.title.as_str(), task.next_launch_at), ("Every night", next));
    desk.app.edit_task(&manager, id, |task| task.schedule.start_hour = 4).await.unwrap();
    let moved = desk.task(&manager, id).await.next_launch_at;
    assert_eq!(moved, Some("2023-11-15T04:30:00Z".parse().unwrap()));
    desk.app.edit_task(&manager, id, |task| task.active = false).await.unwrap();
    assert_eq!(desk.task(&manager, id).await.next_launch_at, None);
    let beyond = desk.app.edit_task(&manager, id, |task| task.targets = ips("192.0.2.1")).await;
    assert!(matches!(beyond, Err(Error::NotInSubscription { .. })), "{beyond:?}");
    desk.add_user("scanner", Role::Scanner, "10.0.0.0/24").await;
    let scanner = desk.actor("scanner").await;
    let theirs = desk.app.edit_task(&scanner, id, |task| task.active = true).await;
    assert!(matches!(theirs, Err(Error::UnknownTask)), "{theirs:?}");
}
