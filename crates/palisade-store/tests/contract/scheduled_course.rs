//! Pauses, resumptions and notices of scheduled scans, and starts of reports, each once; distribution groups.

use palisade_model::report_job::HostChoice;
use palisade_model::{
    BeforeLaunch, LeadUnit, Notifications, ReportFormat, ReportSubject, ScanRef, ScanStatus, ScheduledReport,
};
use palisade_store::{
    Activity, DueTurn, Error, NewReport, ReportLaunched, ReportLimits, RunCourse, Started, Store, TaskEdit,
    TaskKind, TaskStart, Turned,
};

use crate::bench::{Bench, at, ips, login};
use crate::scheduled_task::{add, new_task, scheduled_scan, task, told};

/// A task with a run that pauses at 200 and goes on at 300.
async fn running(bench: &Bench) -> ScanRef {
    bench.add_subscription().await;
    let task_id = add(bench, &new_task("Nightly")).await;
    let start = TaskStart { task_id, due_at: at(100), next_launch_at: Some(at(1_000)) };
    let notifications = Notifications { after: Some("Done".to_owned()), ..Notifications::default() };
    let course = RunCourse {
        end_at: Some(at(900)),
        pause_at: Some(at(200)),
        resume_at: Some(at(300)),
        notifications: Some(&notifications),
    };
    let started = bench.store.launch_task(start, "Nightly", &scheduled_scan(), course, told).await.unwrap();
    let Started::Queued(scan) = started else { panic!("{started:?}") };
    scan
}

async fn due(bench: &Bench, second: i64) -> Vec<DueTurn> {
    bench.store.list_due_turns(at(second), 10).await.unwrap()
}

/// Takes the one turn that is due.
async fn turn(bench: &Bench, second: i64) -> Turned {
    let turn = due(bench, second).await.remove(0);
    bench.store.take_turn(&turn, at(second), at(second + 60)).await.unwrap()
}

async fn status(bench: &Bench, scan: &ScanRef) -> ScanStatus {
    bench.store.scan(scan).await.unwrap().unwrap().status
}

async fn a_run_pauses_and_goes_on_once(bench: Bench) {
    let scan = running(&bench).await;
    bench.lease("a", "token").await.unwrap();
    assert_eq!(due(&bench, 199).await, []);
    let taken = due(&bench, 200).await.remove(0);
    assert_eq!((taken.reference.as_str(), taken.title.as_str()), (scan.as_str(), "Nightly"));
    assert_eq!(bench.store.upcoming().await.unwrap().next(), Some(at(200)));
    assert_eq!(turn(&bench, 200).await, Turned::Paused);
    assert_eq!(bench.store.take_turn(&taken, at(200), at(260)).await.unwrap(), Turned::Gone);
    assert_eq!(status(&bench, &scan).await, ScanStatus::Pausing);
    assert_eq!(turn(&bench, 300).await, Turned::Later, "its scanner has not come home");
    bench.store.take_back_expired(at(301)).await.unwrap();
    assert_eq!(status(&bench, &scan).await, ScanStatus::Paused);
    assert_eq!(due(&bench, 359).await, []);
    assert_eq!(turn(&bench, 360).await, Turned::Resumed);
    assert_eq!(status(&bench, &scan).await, ScanStatus::Resuming);
    assert_eq!(due(&bench, 5_000).await, []);
    assert_eq!(bench.store.upcoming().await.unwrap().next(), Some(at(900)));
    let run = bench.store.list_runs_to_close(at(900), 10).await.unwrap().remove(0);
    assert_eq!(run.notifications.unwrap().after.as_deref(), Some("Done"));
}

async fn a_queued_scan_is_paused_when_it_runs(bench: Bench) {
    let scan = running(&bench).await;
    assert_eq!(turn(&bench, 200).await, Turned::Later);
    assert_eq!(due(&bench, 259).await, []);
    bench.lease("a", "token").await.unwrap();
    assert_eq!(turn(&bench, 260).await, Turned::Paused);
    assert_eq!(status(&bench, &scan).await, ScanStatus::Pausing);
}

async fn what_was_to_go_on_by_now_is_not_paused(bench: Bench) {
    let scan = running(&bench).await;
    bench.lease("a", "token").await.unwrap();
    assert_eq!(turn(&bench, 400).await, Turned::Over);
    assert_eq!(status(&bench, &scan).await, ScanStatus::Running);
    assert_eq!(due(&bench, 5_000).await, []);
}

async fn an_ended_scan_has_no_turns(bench: Bench) {
    let scan = running(&bench).await;
    let id = bench.store.scan(&scan).await.unwrap().unwrap().id;
    let taken = due(&bench, 200).await.remove(0);
    bench.store.cancel_scan(id, at(150)).await.unwrap();
    assert_eq!(due(&bench, 5_000).await, []);
    assert_eq!(bench.store.take_turn(&taken, at(200), at(260)).await.unwrap(), Turned::Gone);
}

async fn a_start_is_told_of_once(bench: Bench) {
    let before = BeforeLaunch::new(LeadUnit::Minutes, 5, "Soon".to_owned()).unwrap();
    let notifications = Notifications { before: Some(before), groups: vec![7], ..Notifications::default() };
    let mut new = new_task("Nightly");
    new.order.notifications = Some(notifications.clone());
    new.next_launch_at = Some(at(1_000));
    let id = add(&bench, &new).await;
    assert_eq!(bench.store.upcoming().await.unwrap().next(), Some(at(700)));
    let notices = async |second: i64| bench.store.list_task_notices(at(second), 10).await.unwrap();
    assert_eq!(notices(699).await, []);
    let notice = notices(700).await.remove(0);
    assert_eq!((notice.task_id, notice.launch_at, &notice.notifications), (id, at(1_000), &notifications));
    assert!(bench.store.take_task_notice(&notice).await.unwrap());
    assert!(!bench.store.take_task_notice(&notice).await.unwrap());
    assert_eq!(notices(999).await, []);
    assert_eq!(bench.store.upcoming().await.unwrap().next(), Some(at(1_000)));
    let start = TaskStart { task_id: id, due_at: at(1_000), next_launch_at: Some(at(2_000)) };
    bench.store.skip_start(start).await.unwrap();
    let next = notices(1_700).await.remove(0);
    assert_eq!(next.launch_at, at(2_000));
    bench.store.switch_task(id, None).await.unwrap();
    assert!(!bench.store.take_task_notice(&next).await.unwrap(), "it starts no more");
    assert_eq!(notices(5_000).await, []);
}

async fn an_edit_of_what_was_changed_meanwhile_is_refused(bench: Bench) {
    let id = add(&bench, &new_task("Nightly")).await;
    let known = task(&bench, id).await;
    let mut order = known.order.clone();
    "Weekly".clone_into(&mut order.title);
    order.names = vec!["www.example.test".to_owned()];
    order.priority = 3;
    let edit = TaskEdit {
        id,
        order,
        asset_groups: Vec::new(),
        option_profile: None,
        next_launch: None,
        changes: known.changes,
    };
    assert!(bench.store.edit_task(&edit).await.unwrap());
    assert!(!bench.store.edit_task(&edit).await.unwrap());
    let stored = task(&bench, id).await;
    assert_eq!((&stored.order, stored.active, stored.next_launch_at), (&edit.order, true, Some(at(100))));
    let moved = TaskEdit { next_launch: Some(Some(at(700))), changes: stored.changes, ..edit };
    assert!(bench.store.edit_task(&moved).await.unwrap());
    assert_eq!(task(&bench, id).await.next_launch_at, Some(at(700)));
    let stored = task(&bench, id).await;
    let off = TaskEdit { next_launch: Some(None), changes: stored.changes, ..moved };
    assert!(bench.store.edit_task(&off).await.unwrap());
    let stored = task(&bench, id).await;
    assert_eq!((stored.active, stored.next_launch_at), (false, None));
    let lost = TaskEdit { asset_groups: vec![99], changes: stored.changes, ..off };
    assert!(matches!(bench.store.edit_task(&lost).await, Err(Error::Conflict)));
    let gone = TaskEdit { id: id + 1, asset_groups: Vec::new(), ..lost };
    assert!(!bench.store.edit_task(&gone).await.unwrap());
}

fn new_report() -> NewReport {
    let hosts = HostChoice::default();
    NewReport {
        title: "Weekly".to_owned(),
        login: login("quays_ab1"),
        format: ReportFormat::Csv,
        hide_header: false,
        subject: ReportSubject::Hosts { template_id: 2, hosts },
        base_url: "https://vm.example".to_owned(),
        launched_at: at(100),
        expires_at: at(10_000),
    }
}

/// A task that asks for reports.
async fn report_task_of(bench: &Bench) -> i64 {
    let mut new = new_task("Weekly");
    new.order.kind = TaskKind::Report;
    new.order.report = Some(ScheduledReport {
        template_id: 2,
        format: ReportFormat::Csv,
        hide_header: true,
        hosts: HostChoice { ips: Some(ips("10.0.0.1")), asset_groups: vec![4] },
        own_tickets: true,
        base_url: "https://vm.example".to_owned(),
    });
    let id = add(bench, &new).await;
    assert_eq!(task(bench, id).await.order.report, new.order.report);
    id
}

async fn a_start_of_a_report_is_taken_once(bench: Bench) {
    let task_id = report_task_of(&bench).await;
    let due = bench.store.list_due_tasks(&TaskKind::ALL, at(100), 10).await.unwrap();
    assert_eq!(due.iter().map(|task| task.id).collect::<Vec<_>>(), [task_id]);
    let limits = ReportLimits { unfinished_max: 2, of_user_max: 10, bytes_max: 1_000 };
    let start = TaskStart { task_id, due_at: at(100), next_launch_at: Some(at(200)) };
    let other = bench.open_again().await;
    let new = new_report();
    let launch = async |store: &Store, start: TaskStart, limits: ReportLimits| {
        let told = |id: i64| Activity { details: format!("report {id}"), ..told(&[]) };
        store.launch_report_task(start, &new, limits, told).await.unwrap()
    };
    let (one, two, three) = tokio::join!(
        launch(&bench.store, start, limits),
        launch(&other, start, limits),
        launch(&bench.store, start, limits),
    );
    let started = [one, two, three];
    assert_eq!(started.iter().filter(|started| matches!(started, Started::Queued(Ok(_)))).count(), 1);
    assert_eq!(started.iter().filter(|started| **started == Started::Gone).count(), 2, "{started:?}");
    let jobs = bench.store.list_report_jobs(at(100)).await.unwrap();
    assert_eq!(jobs.iter().map(|job| job.title.as_str()).collect::<Vec<_>>(), ["Weekly"]);
    // A start without room stays as it is.
    let next = TaskStart { task_id, due_at: at(200), next_launch_at: Some(at(300)) };
    let full = ReportLimits { unfinished_max: 1, ..limits };
    assert_eq!(launch(&bench.store, next, full).await, Started::TooMany);
    let of_user = ReportLimits { of_user_max: 1, ..limits };
    assert_eq!(
        launch(&bench.store, next, of_user).await,
        Started::Queued(Err(ReportLaunched::TooManyOfUser))
    );
    assert_eq!(task(&bench, task_id).await.next_launch_at, Some(at(200)));
    assert_eq!(bench.store.list_report_jobs(at(100)).await.unwrap().len(), 1);
}

async fn distribution_groups_come_back(bench: Bench) {
    let addresses = ["a@example.test".to_owned(), "b@example.test".to_owned()];
    let id = bench.store.add_distribution_group("Büro <1>", &addresses).await.unwrap();
    let taken = bench.store.add_distribution_group("Büro <1>", &[]).await;
    assert!(matches!(taken, Err(Error::Conflict)), "{taken:?}");
    let groups = bench.store.list_distribution_groups().await.unwrap();
    let group = groups.first().unwrap();
    assert_eq!((group.id, group.title.as_str(), &group.addresses[..]), (id, "Büro <1>", &addresses[..]));
    assert!(bench.store.edit_distribution_group(id, &addresses[..1]).await.unwrap());
    assert_eq!(bench.store.list_distribution_groups().await.unwrap()[0].addresses, addresses[..1]);
    assert!(bench.store.delete_distribution_group(id).await.unwrap());
    assert!(!bench.store.delete_distribution_group(id).await.unwrap());
    assert!(!bench.store.edit_distribution_group(id, &[]).await.unwrap());
    assert_eq!(bench.store.list_distribution_groups().await.unwrap(), []);
}

crate::both!(
    a_run_pauses_and_goes_on_once,
    a_queued_scan_is_paused_when_it_runs,
    what_was_to_go_on_by_now_is_not_paused,
    an_ended_scan_has_no_turns,
    a_start_is_told_of_once,
    an_edit_of_what_was_changed_meanwhile_is_refused,
    a_start_of_a_report_is_taken_once,
    distribution_groups_come_back,
);
