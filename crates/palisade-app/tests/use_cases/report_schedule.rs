//! Scheduled reports: asked for at their times, once, as their owners.

use std::num::NonZeroU16;

use palisade_app::{Actor, AddReportSchedule, App, Config, Error, ListReportJobs, ListTasks, ReportJob};
use palisade_model::report_job::HostChoice;
use palisade_model::{
    Clock as _, Occurrence, ReportFormat, Role, Schedule, ScheduleZone, ScheduledReport, Timestamp,
};

use crate::desk::Desk;
use crate::schedule::look;

/// Every day at 02:30 GMT: the Technical Report on everything.
fn nightly(title: &str, owner: &str) -> AddReportSchedule {
    AddReportSchedule {
        title: title.to_owned(),
        owner: owner.parse().unwrap(),
        active: true,
        report: ScheduledReport {
            template_id: 2,
            format: ReportFormat::Csv,
            hide_header: true,
            hosts: HostChoice::default(),
            own_tickets: false,
            base_url: "https://scans.example".to_owned(),
        },
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
    }
}

async fn at_midnight(config: Config) -> (Desk, Actor) {
    let desk = Desk::with(config).await;
    let manager = desk.manager().await;
    to(&desk, "2023-11-15T00:00:00Z");
    (desk, manager)
}

fn to(desk: &Desk, at: &str) {
    let at: Timestamp = at.parse().unwrap();
    desk.clock.advance(at.as_second() - desk.clock.now().as_second());
}

async fn reports(app: &App, actor: &Actor) -> Vec<ReportJob> {
    app.list_report_jobs(actor, &ListReportJobs::default()).await.unwrap()
}

#[tokio::test]
async fn a_report_is_asked_for_at_its_time_by_one_of_the_servers() {
    let (mut desk, manager) = at_midnight(Config::default()).await;
    let id = desk.app.add_report_schedule(nightly("Nightly", "manager")).await.unwrap();
    to(&desk, "2023-11-15T02:29:59Z");
    look(&desk.app).await;
    assert!(reports(&desk.app, &manager).await.is_empty());
    desk.clock.advance(1);
    let other = desk.another_server().await;
    tokio::join!(look(&desk.app), look(&other));
    look(&desk.app).await;
    let made = reports(&desk.app, &manager).await;
    assert_eq!(made.iter().map(|job| job.title.as_str()).collect::<Vec<_>>(), ["Nightly"]);
    assert_eq!((made[0].login.as_str(), made[0].hide_header), ("manager", true));
    let task = desk.app.lease_report().await.unwrap().unwrap();
    assert_eq!(task.job.id, made[0].id);
    let entries = desk.app.list_activity(50).await.unwrap();
    let launched: Vec<&str> = entries
        .iter()
        .filter(|entry| (entry.module.as_str(), entry.action.as_str()) == ("schedule", "launch"))
        .map(|entry| entry.details.as_str())
        .collect();
    assert_eq!(launched, [format!("report {}, task {id}, Nightly", made[0].id)]);
    // What was missed is made up for once.
    to(&desk, "2023-11-18T12:00:00Z");
    desk.restart().await;
    look(&desk.app).await;
    look(&desk.app).await;
    let titles: Vec<String> = reports(&desk.app, &manager).await.into_iter().map(|job| job.title).collect();
    assert_eq!(titles, ["Nightly (missed start of 2023-11-16 02:30 GMT)", "Nightly"]);
    let views = desk.app.list_report_schedules(&manager).await.unwrap();
    assert_eq!(views[0].next_launch_at, Some("2023-11-19T02:30:00Z".parse().unwrap()));
    assert_eq!(views[0].template_title.as_deref(), Some("Technical Report"));
    assert!(desk.app.list_tasks(&manager, ListTasks::default()).await.unwrap().is_empty());
}

#[tokio::test]
async fn reports_that_have_no_room_wait_or_are_left_out() {
    let config = Config { unfinished_reports_max: 1, reports_of_user_max: 2, ..Config::default() };
    let (desk, manager) = at_midnight(config).await;
    for title in ["One", "Two", "Three"] {
        desk.app.add_report_schedule(nightly(title, "manager")).await.unwrap();
    }
    to(&desk, "2023-11-15T02:30:00Z");
    look(&desk.app).await;
    assert_eq!(reports(&desk.app, &manager).await.len(), 1, "the others wait");
    let first = reports(&desk.app, &manager).await[0].id;
    desk.app.cancel_report(&manager, first).await.unwrap();
    look(&desk.app).await;
    let second = reports(&desk.app, &manager).await[0].id;
    assert_ne!(second, first);
    desk.app.cancel_report(&manager, second).await.unwrap();
    look(&desk.app).await;
    assert_eq!(reports(&desk.app, &manager).await.len(), 2, "the third is one too many, and left out");
    let entry = desk.app.list_activity(1).await.unwrap().remove(0);
    assert!(entry.refused && entry.details.contains("Three, due 2023-11-15 02:30 GMT"), "{entry:?}");
    let views = desk.app.report_schedules().await.unwrap();
    assert!(views.iter().all(|view| view.next_launch_at == Some("2023-11-16T02:30:00Z".parse().unwrap())));
}

#[tokio::test]
async fn a_schedule_is_its_owners_and_ends_with_their_account() {
    let (desk, manager) = at_midnight(Config::default()).await;
    desk.add_user("reader", Role::Reader, "10.0.0.0/24").await;
    desk.add_user("other", Role::Reader, "10.0.1.0/24").await;
    let (reader, other) = (desk.actor("reader").await, desk.actor("other").await);
    let id = desk.app.add_report_schedule(nightly("Mine", "reader")).await.unwrap();
    assert_eq!(desk.app.list_report_schedules(&reader).await.unwrap().len(), 1);
    assert!(desk.app.list_report_schedules(&other).await.unwrap().is_empty());
    let theirs = desk.app.launch_report_schedule(&other, id, "https://x").await;
    assert!(matches!(theirs, Err(Error::UnknownReportSchedule)), "{theirs:?}");
    let now = desk.app.launch_report_schedule(&manager, id, "https://x").await.unwrap();
    let job = reports(&desk.app, &reader).await.remove(0);
    assert_eq!((job.id, job.login.as_str(), job.base_url.as_str()), (now, "reader", "https://x"));
    desk.app.switch_user(&manager, "reader", false).await.unwrap();
    to(&desk, "2023-11-15T02:30:00Z");
    look(&desk.app).await;
    let views = desk.app.report_schedules().await.unwrap();
    assert!(!views[0].active, "whoever may not use the service gets no reports");
    assert_eq!(reports(&desk.app, &manager).await.len(), 1);
    let again = desk.app.launch_report_schedule(&manager, id, "https://x").await;
    assert!(matches!(again, Err(Error::UnknownReportSchedule)), "{again:?}");
    let inactive = desk.app.add_report_schedule(nightly("No", "reader")).await;
    assert!(matches!(inactive, Err(Error::UnknownUser)), "{inactive:?}");
}

#[tokio::test]
async fn what_could_not_be_asked_for_is_not_scheduled() {
    let (desk, _manager) = at_midnight(Config::default()).await;
    let mut foreign = nightly("Foreign", "manager");
    foreign.report.hosts.ips = Some("192.0.2.1".parse().unwrap());
    let refused = desk.app.add_report_schedule(foreign).await;
    assert!(matches!(refused, Err(Error::NothingToReport)), "{refused:?}");
    let mut selected = nightly("Selected", "manager");
    selected.report.template_id = 13;
    let refused = desk.app.add_report_schedule(selected).await;
    assert!(matches!(refused, Err(Error::ReportNeeds { parameter: "report_refs" })), "{refused:?}");
    let untitled = desk.app.add_report_schedule(nightly(" ", "manager")).await;
    assert!(matches!(untitled, Err(Error::EmptyTitle)), "{untitled:?}");
    let id = desk.app.add_report_schedule(nightly("Nightly", "manager")).await.unwrap();
    desk.app.switch_report_schedule(id, false).await.unwrap();
    to(&desk, "2023-11-15T02:30:00Z");
    look(&desk.app).await;
    let views = desk.app.report_schedules().await.unwrap();
    assert_eq!((views[0].active, views[0].next_launch_at), (false, None));
    desk.app.switch_report_schedule(id, true).await.unwrap();
    assert!(desk.app.report_schedules().await.unwrap()[0].active);
    desk.app.delete_report_schedule(id).await.unwrap();
    let gone = desk.app.delete_report_schedule(id).await;
    assert!(matches!(gone, Err(Error::UnknownReportSchedule)), "{gone:?}");
    let scans = desk.app.add_report_schedule(nightly("Nightly", "nobody")).await;
    assert!(scans.is_err(), "{scans:?}");
}
