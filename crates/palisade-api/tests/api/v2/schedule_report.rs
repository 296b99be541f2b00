//! `schedule/report/`.

use std::num::{NonZeroU8, NonZeroU16};

use palisade_app::AddReportSchedule;
use palisade_model::report_job::HostChoice;
use palisade_model::{
    MonthDay, Occurrence, ReportFormat, Schedule, ScheduleZone, ScheduledReport, WeekOfMonth,
};

use crate::permissions::{A, N, R};
use crate::support::Server;
use crate::support::http::Response;
use crate::v2::report::made;
use crate::v2::{OperationTest, Parameters, Reach, golden};

/// A schedule of reports on everything with the Technical Report.
pub(crate) fn schedule(title: &str, owner: &str) -> AddReportSchedule {
    AddReportSchedule {
        title: title.to_owned(),
        owner: owner.parse().unwrap(),
        active: true,
        report: ScheduledReport {
            template_id: 2,
            format: ReportFormat::Csv,
            hide_header: false,
            hosts: HostChoice::default(),
            own_tickets: false,
            base_url: "https://scans.example".to_owned(),
        },
        schedule: Schedule {
            occurrence: Occurrence::Daily { frequency_days: NonZeroU16::MIN },
            start_date: "2026-11-22".parse().unwrap(),
            start_hour: 9,
            start_minute: 30,
            zone: ScheduleZone::Shift { hours: 0 },
            end_after_hours: None,
            end_after_mins: 0,
            pause: None,
            recurrence: None,
        },
    }
}

/// A schedule of the maker's as MINE, and one of the Manager's as FOREIGN.
const SETUP: crate::v2::Setup = |server, maker| {
    Box::pin(async move {
        let mine = server.app.add_report_schedule(schedule("Mine", maker)).await.unwrap();
        let foreign = server.app.add_report_schedule(schedule("Foreign", "manager")).await.unwrap();
        vec![("MINE", mine.to_string()), ("FOREIGN", foreign.to_string())]
    })
};

pub(crate) const TESTS: &[OperationTest] = &[
    OperationTest {
        resource: "schedule/report",
        action: "launch_now",
        roles: [A, A, A, A, A, N, R],
        harmless: &[("id", "4000")],
        reach: Reach::Takes {
            inside: &[("id", "MINE")],
            outside: &[("id", "FOREIGN")],
            refusal: "1905 parameter id has invalid value: ",
        },
        setup: Some(SETUP),
    },
    OperationTest {
        resource: "schedule/report",
        action: "list",
        roles: [A, A, A, A, A, N, R],
        harmless: &[],
        reach: Reach::Shows { parameters: &[], inside: "<ID>MINE</ID>", outside: "<ID>FOREIGN</ID>" },
        setup: Some(SETUP),
    },
];
crate::v2::walk_tests!(TESTS);

async fn call(server: &Server, login: &str, action: &str, parameters: Parameters) -> Response {
    server.operation(login, "schedule/report", action, parameters).await
}

#[tokio::test]
async fn goldens() {
    let server = Server::start().await;
    server.finished_scan("manager", "192.0.2.4").await;
    golden!("fo-schedule-report-list-none", call(&server, "manager", "list", &[]).await);
    server.app.add_report_schedule(schedule("Every <morning>", "manager")).await.unwrap();
    let mut weekly = schedule("Weekly", "reader");
    weekly.schedule.occurrence =
        Occurrence::Weekly { frequency_weeks: NonZeroU16::new(2).unwrap(), weekdays: "0,2".parse().unwrap() };
    weekly.schedule.zone = ScheduleZone::Place { code: "FR".parse().unwrap(), observe_dst: true };
    weekly.schedule.recurrence = NonZeroU8::new(5);
    server.app.add_report_schedule(weekly).await.unwrap();
    let mut monthly = schedule("Monthly", "manager");
    monthly.active = false;
    monthly.report.format = ReportFormat::Xml;
    monthly.schedule.occurrence = Occurrence::Monthly {
        frequency_months: NonZeroU16::MIN,
        day: MonthDay::Weekday { weekday: 2, week: WeekOfMonth::Last },
    };
    server.app.add_report_schedule(monthly).await.unwrap();
    let mut on_day = schedule("On a day", "manager");
    on_day.schedule.occurrence =
        Occurrence::Monthly { frequency_months: NonZeroU16::MIN, day: MonthDay::Day(31) };
    server.app.add_report_schedule(on_day).await.unwrap();
    golden!("fo-schedule-report-list", call(&server, "manager", "list", &[("echo_request", "1")]).await);
    let off = call(&server, "manager", "list", &[("is_active", "false")]).await.text;
    assert!(off.contains("<ID>3</ID>") && !off.contains("<ID>1</ID>"), "{off}");
    let one = call(&server, "manager", "list", &[("id", "2")]).await.text;
    assert!(one.contains("<ID>2</ID>") && !one.contains("<ID>1</ID>"), "{one}");
    let launched = call(&server, "manager", "launch_now", &[("id", "1")]).await;
    golden!("fo-schedule-report-launch_now", launched.clone());
    golden!(
        "fo-schedule-report-launch_now-unknown",
        call(&server, "reader", "launch_now", &[("id", "1")]).await
    );
    let report = made(&server, &launched.made_id().unwrap()).await;
    assert!(report.text.contains("\"192.0.2.4\""), "{}", report.text);
    let listed = server.operation("manager", "report", "list", &[]).await.text;
    assert!(listed.contains("<![CDATA[Every <morning>]]>"), "{listed}");
}

#[tokio::test]
async fn schedules_of_reports_are_no_scheduled_scans() {
    let server = Server::start().await;
    let id = server.app.add_report_schedule(schedule("Mine", "manager")).await.unwrap().to_string();
    let all = server.call("manager", "scheduled_scans.php", &[("type", "all")]).await.text;
    assert!(!all.contains("Mine"), "{all}");
    let drop = [("drop_task", "yes"), ("task_id", id.as_str())];
    let dropped = server.call("manager", "scheduled_scans.php", &drop).await;
    assert_eq!(
        dropped.refusal().as_deref(),
        Some("5501 Invalid value for 'task_id' : 1. No such scheduled task.")
    );
    let delete = server.operation("manager", "schedule/scan", "delete", &[("id", &id)]).await;
    let text = "1905 parameter id has invalid value: 1 (No such scheduled scan)";
    assert_eq!(delete.refusal().as_deref(), Some(text));
}
