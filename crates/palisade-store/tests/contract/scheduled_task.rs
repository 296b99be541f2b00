//! Scheduled tasks: each start is taken once, with its scan or not at all.

use std::num::NonZeroU16;

use palisade_model::{
    IpSet, MapRef, MapTarget, Occurrence, OptionProfile, ScanRef, ScanStatus, Schedule, ScheduleZone,
};
use palisade_store::{
    Activity, Error, GroupDeleted, LaunchType, NewScan, NewTask, ProfileDeleted, ProfileUser, RunCourse,
    RunRef, RunStopped, Started, Store, Task, TaskKind, TaskOrder, TaskScanner, TaskStart,
};

use crate::asset_group::new_group;
use crate::bench::{Bench, at, ips, login, new_scan};
use crate::map::new_maps;

fn schedule() -> Schedule {
    Schedule {
        occurrence: Occurrence::Daily { frequency_days: NonZeroU16::MIN },
        start_date: "2026-11-22".parse().unwrap(),
        start_hour: 2,
        start_minute: 30,
        zone: ScheduleZone::Shift { hours: -5 },
        end_after_hours: None,
        end_after_mins: 0,
        pause: None,
        recurrence: None,
    }
}

pub(crate) fn new_task(title: &str) -> NewTask {
    NewTask {
        order: TaskOrder {
            kind: TaskKind::Scan,
            title: title.to_owned(),
            target_text: "10.0.0.1".to_owned(),
            targets: ips("10.0.0.1"),
            names: vec!["www.example.test".to_owned()],
            map_targets: Vec::new(),
            all_hosts: false,
            excluded: IpSet::new(),
            option: None,
            scanner: TaskScanner::External,
            http_header: Some("let me in".parse().unwrap()),
            schedule: schedule(),
            priority: 2,
            notifications: None,
            report: None,
        },
        owner: login("quays_ab1"),
        asset_groups: Vec::new(),
        option_profile: None,
        created_at: at(0),
        next_launch_at: Some(at(100)),
        tasks_max: 10,
    }
}

pub(crate) async fn add(bench: &Bench, new: &NewTask) -> i64 {
    bench.store.add_task(new).await.unwrap().unwrap()
}

pub(crate) async fn task(bench: &Bench, id: i64) -> Task {
    bench.store.list_tasks().await.unwrap().into_iter().find(|task| task.id == id).unwrap()
}

fn start(task_id: i64, due: i64, next: Option<i64>) -> TaskStart {
    TaskStart { task_id, due_at: at(due), next_launch_at: next.map(at) }
}

pub(crate) fn scheduled_scan() -> NewScan {
    NewScan { launch_type: LaunchType::Scheduled, ..new_scan("10.0.0.1") }
}

/// What the activity log is told of a start.
pub(crate) fn told(started: &[RunRef]) -> Activity {
    let details: Vec<String> = started.iter().map(RunRef::to_string).collect();
    Activity {
        at: at(100),
        login: None,
        from: "127.0.0.1".to_owned(),
        module: "schedule".to_owned(),
        action: "launch".to_owned(),
        details: details.join(" "),
        refused: false,
    }
}

/// What is cancelled at that second.
fn until(second: i64) -> RunCourse<'static> {
    RunCourse { end_at: Some(at(second)), ..RunCourse::default() }
}

async fn launch(store: &Store, start: TaskStart) -> Started<ScanRef> {
    store.launch_task(start, "Nightly", &scheduled_scan(), until(500), told).await.unwrap()
}

async fn a_task_comes_back_as_it_was_made(bench: Bench) {
    let group = bench.store.add_asset_group(&new_group("Web", "10.0.0.1")).await.unwrap();
    let new = NewTask { asset_groups: vec![group, group], ..new_task("Büro <1>") };
    let id = add(&bench, &new).await;
    let stored = task(&bench, id).await;
    assert_eq!((&stored.order, &stored.owner), (&new.order, &new.owner));
    assert_eq!(stored.asset_groups, ["Web".parse().unwrap()]);
    assert_eq!((stored.active, stored.next_launch_at, stored.starts), (true, Some(at(100)), 0));
    let idle = NewTask { next_launch_at: None, ..new_task("B") };
    let idle = add(&bench, &idle).await;
    assert!(!task(&bench, idle).await.active);
    let lost = NewTask { asset_groups: vec![group + 1], ..new_task("C") };
    assert!(matches!(bench.store.add_task(&lost).await, Err(Error::Conflict)));
    let full = NewTask { tasks_max: 2, ..new_task("C") };
    assert_eq!(bench.store.add_task(&full).await.unwrap(), None);
    assert!(bench.store.delete_task(id).await.unwrap());
    assert!(!bench.store.delete_task(id).await.unwrap());
    assert!(!bench.store.switch_task(id, Some(at(1))).await.unwrap());
    assert_eq!(bench.store.list_tasks().await.unwrap().len(), 1);
}

async fn a_group_that_a_task_is_aimed_at_is_not_deleted(bench: Bench) {
    let group = bench.store.add_asset_group(&new_group("Web", "10.0.0.1")).await.unwrap();
    let id = add(&bench, &NewTask { asset_groups: vec![group], ..new_task("Nightly") }).await;
    let deleted = bench.store.delete_asset_group(group, None).await.unwrap();
    assert_eq!(deleted, GroupDeleted::Scheduled(vec!["Nightly".to_owned()]));
    bench.store.delete_task(id).await.unwrap();
    assert_eq!(bench.store.delete_asset_group(group, None).await.unwrap(), GroupDeleted::Deleted);
}

async fn the_profile_of_a_task_is_not_deleted(bench: Bench) {
    let profile = OptionProfile { title: "Gentle".to_owned(), ..OptionProfile::initial() };
    let profile = OptionProfile { is_default: false, ..profile };
    let gentle = bench.store.add_option_profiles(std::slice::from_ref(&profile), at(0)).await.unwrap()[0];
    let id = add(&bench, &NewTask { option_profile: Some(gentle), ..new_task("Nightly") }).await;
    let renamed = OptionProfile { title: "Softly".to_owned(), ..profile };
    bench.store.edit_option_profile(gentle, 1, &renamed, at(1)).await.unwrap();
    assert_eq!(task(&bench, id).await.order.option.as_deref(), Some("Softly"));
    let user = ProfileUser { kind: "scheduled task".to_owned(), id };
    let deleted = bench.store.delete_option_profile(gentle).await.unwrap();
    assert_eq!(deleted, ProfileDeleted::InUse(vec![user]));
    bench.store.delete_task(id).await.unwrap();
    assert_eq!(bench.store.delete_option_profile(gentle).await.unwrap(), ProfileDeleted::Deleted);
    let lost = NewTask { option_profile: Some(gentle), ..new_task("Nightly") };
    assert!(matches!(bench.store.add_task(&lost).await, Err(Error::Conflict)));
}

async fn due_tasks_are_the_active_ones_in_order(bench: Bench) {
    let late = add(&bench, &NewTask { next_launch_at: Some(at(90)), ..new_task("late") }).await;
    let early = add(&bench, &NewTask { next_launch_at: Some(at(10)), ..new_task("early") }).await;
    add(&bench, &NewTask { next_launch_at: None, ..new_task("off") }).await;
    let due = async |second| {
        let tasks = bench.store.list_due_tasks(&[TaskKind::Scan], at(second), 10).await.unwrap();
        tasks.iter().map(|task| task.id).collect::<Vec<_>>()
    };
    assert!(due(9).await.is_empty());
    assert_eq!(due(10).await, [early]);
    assert_eq!(due(90).await, [early, late]);
    assert_eq!(bench.store.upcoming().await.unwrap().next(), Some(at(10)));
    assert!(bench.store.switch_task(early, None).await.unwrap());
    assert_eq!((due(90).await, bench.store.upcoming().await.unwrap().next()), (vec![late], Some(at(90))));
}

async fn a_start_is_taken_once(bench: Bench) {
    bench.add_subscription().await;
    let id = add(&bench, &new_task("Nightly")).await;
    let other = bench.open_again().await;
    let starts = [start(id, 100, Some(200)); 4];
    let (one, two, three, four) = tokio::join!(
        launch(&bench.store, starts[0]),
        launch(&other, starts[1]),
        launch(&bench.store, starts[2]),
        launch(&other, starts[3]),
    );
    let started = [one, two, three, four];
    let queued = started.iter().filter(|started| matches!(started, Started::Queued(_))).count();
    let gone = started.iter().filter(|started| **started == Started::Gone).count();
    assert_eq!((queued, gone), (1, 3), "{started:?}");
    let stored = task(&bench, id).await;
    assert_eq!((stored.active, stored.next_launch_at, stored.starts), (true, Some(at(200)), 1));
    assert_eq!(bench.store.list_running_scans().await.unwrap().len(), 1);
    // The last one switches it off.
    assert!(matches!(launch(&bench.store, start(id, 200, None)).await, Started::Queued(_)));
    let stored = task(&bench, id).await;
    assert_eq!((stored.active, stored.next_launch_at, stored.starts), (false, None, 2));
}

async fn a_start_that_cannot_be_launched_stays(bench: Bench) {
    let id = add(&bench, &new_task("Nightly")).await;
    let full = NewScan { running_max: 0, ..scheduled_scan() };
    let started = bench
        .store
        .launch_task(start(id, 100, Some(200)), "Nightly", &full, RunCourse::default(), told)
        .await
        .unwrap();
    assert_eq!(started, Started::TooMany);
    assert!(bench.store.list_activity(10).await.unwrap().is_empty(), "what did not start is not told");
    assert_eq!(task(&bench, id).await.next_launch_at, Some(at(100)));
    assert!(bench.store.skip_start(start(id, 100, Some(200))).await.unwrap());
    assert!(!bench.store.skip_start(start(id, 100, Some(200))).await.unwrap());
    let stored = task(&bench, id).await;
    assert_eq!((stored.next_launch_at, stored.starts), (Some(at(200)), 0), "nothing was started");
}

async fn what_runs_too_long_is_stopped_with_its_task(bench: Bench) {
    bench.add_subscription().await;
    let id = add(&bench, &new_task("Nightly")).await;
    let Started::Queued(scan) = launch(&bench.store, start(id, 100, Some(200))).await else { panic!() };
    let to_close = async |second| bench.store.list_runs_to_close(at(second), 10).await.unwrap();
    assert!(to_close(499).await.is_empty());
    let run = to_close(500).await.remove(0);
    assert_eq!((run.task_id, &run.reference, run.due_at), (id, &RunRef::Scan(scan.clone()), at(100)));
    assert_eq!((run.title.as_str(), run.status), ("Nightly", Some(ScanStatus::Queued)));
    let stopped = bench.store.stop_run(&run, at(500)).await.unwrap();
    assert_eq!(stopped, RunStopped::Stopped { deactivated: true });
    assert_eq!(bench.store.scan(&scan).await.unwrap().unwrap().status, ScanStatus::Canceled);
    assert_eq!(task(&bench, id).await.next_launch_at, None);
    assert_eq!(bench.store.stop_run(&run, at(500)).await.unwrap(), RunStopped::Over);
    assert!(to_close(500).await.is_empty());
}

async fn the_end_of_a_run_is_seen_to_once(bench: Bench) {
    bench.add_subscription().await;
    let id = add(&bench, &new_task("Nightly")).await;
    let Started::Queued(scan) = launch(&bench.store, start(id, 100, Some(200))).await else { panic!() };
    assert!(bench.store.delete_task(id).await.unwrap(), "what it started goes on");
    let stored = bench.store.scan(&scan).await.unwrap().unwrap();
    bench.store.cancel_scan(stored.id, at(300)).await.unwrap();
    let run = bench.store.list_runs_to_close(at(300), 10).await.unwrap().remove(0);
    assert_eq!(run.status, Some(ScanStatus::Canceled));
    // It ended before it was stopped: its task keeps going.
    assert_eq!(bench.store.stop_run(&run, at(600)).await.unwrap(), RunStopped::Over);
    assert!(bench.store.close_run(&run).await.unwrap());
    assert!(!bench.store.close_run(&run).await.unwrap());
    // Of a deleted scan there is nothing left but the run.
    let id = add(&bench, &new_task("Again")).await;
    let Started::Queued(scan) = launch(&bench.store, start(id, 100, Some(200))).await else { panic!() };
    let stored = bench.store.scan(&scan).await.unwrap().unwrap();
    bench.store.cancel_scan(stored.id, at(300)).await.unwrap();
    assert!(bench.store.delete_scan(&stored).await.unwrap());
    assert_eq!(bench.store.list_runs_to_close(at(300), 10).await.unwrap().remove(0).status, None);
}

async fn launch_maps(store: &Store, start: TaskStart) -> Started<Vec<MapRef>> {
    store.launch_map_task(start, "Nightly", &new_maps(&["a.test", "b.test"]), until(500), told).await.unwrap()
}

fn new_map_task(title: &str) -> NewTask {
    let new = new_task(title);
    let order = TaskOrder {
        kind: TaskKind::Map,
        target_text: "a.test,none:10.0.0.1".to_owned(),
        targets: IpSet::new(),
        map_targets: MapTarget::list("a.test,none:10.0.0.1", 10).unwrap(),
        http_header: None,
        ..new.order
    };
    NewTask { order, ..new }
}

async fn a_start_of_maps_is_taken_once(bench: Bench) {
    let new = new_map_task("Nightly");
    let id = add(&bench, &new).await;
    assert_eq!(task(&bench, id).await.order, new.order);
    let scans = bench.store.list_due_tasks(&[TaskKind::Scan], at(100), 10).await.unwrap();
    let maps = bench.store.list_due_tasks(&[TaskKind::Map], at(100), 10).await.unwrap();
    assert_eq!((scans.len(), maps.len()), (0, 1));
    let other = bench.open_again().await;
    let first = start(id, 100, Some(200));
    let (one, two) = tokio::join!(launch_maps(&bench.store, first), launch_maps(&other, first));
    let [Started::Queued(maps)] =
        &[one, two].into_iter().filter(|one| *one != Started::Gone).collect::<Vec<_>>()[..]
    else {
        panic!("one of them")
    };
    let running: Vec<MapRef> =
        bench.store.list_running_maps().await.unwrap().into_iter().map(|map| map.reference).collect();
    assert_eq!(running, *maps);
    // Three may be at the same time: nothing of the next start is written.
    assert_eq!(launch_maps(&bench.store, start(id, 200, Some(300))).await, Started::TooMany);
    assert_eq!(task(&bench, id).await.next_launch_at, Some(at(200)));
    assert_eq!(bench.store.list_running_maps().await.unwrap().len(), 2);
}

async fn maps_that_run_too_long_are_stopped_with_their_task(bench: Bench) {
    let id = add(&bench, &new_map_task("Nightly")).await;
    let Started::Queued(maps) = launch_maps(&bench.store, start(id, 100, Some(200))).await else { panic!() };
    let to_close = async |second| bench.store.list_runs_to_close(at(second), 10).await.unwrap();
    assert!(to_close(499).await.is_empty());
    let runs = to_close(500).await;
    let references: Vec<_> = runs.iter().map(|run| run.reference.clone()).collect();
    assert_eq!(references, maps.iter().cloned().map(RunRef::Map).collect::<Vec<_>>());
    let stopped = bench.store.stop_run(&runs[0], at(500)).await.unwrap();
    assert_eq!(stopped, RunStopped::Stopped { deactivated: true });
    // Those that have not begun end with it, and are seen to as ended.
    assert_eq!(bench.store.stop_run(&runs[1], at(500)).await.unwrap(), RunStopped::Over);
    for map in &maps {
        assert_eq!(bench.store.map(map).await.unwrap().unwrap().status, ScanStatus::Canceled);
    }
    let ended = to_close(500).await;
    assert_eq!((ended.len(), ended[0].status), (1, Some(ScanStatus::Canceled)));
    assert!(bench.store.close_run(&ended[0]).await.unwrap());
    assert!(to_close(500).await.is_empty());
    assert!(!task(&bench, id).await.active);
}

crate::both!(
    a_task_comes_back_as_it_was_made,
    a_group_that_a_task_is_aimed_at_is_not_deleted,
    the_profile_of_a_task_is_not_deleted,
    due_tasks_are_the_active_ones_in_order,
    a_start_is_taken_once,
    a_start_that_cannot_be_launched_stays,
    what_runs_too_long_is_stopped_with_its_task,
    the_end_of_a_run_is_seen_to_once,
    a_start_of_maps_is_taken_once,
    maps_that_run_too_long_are_stopped_with_their_task,
);
