//! Saved reports.

use std::sync::Arc;

use palisade_app::{
    Actor, AssetReport, ChooseTemplate, Config, Error, IgnoreOn, IgnoreUntil, IgnoreVulnerabilities,
    LaunchScan, ListReports, WantedReport,
};
use palisade_engine::Link as _;
use palisade_model::report_template::{HostTemplate, IgnoredShown};
use palisade_model::{DetectionStatus, Levels, ScanRef};

use crate::desk::{Desk, ips, launch, open_targets};

/// Runs a scan to its end.
async fn finish(desk: &Desk, actor: &Actor, wanted: LaunchScan) -> ScanRef {
    let scan = desk.app.launch_scan(actor, wanted).await.unwrap();
    let link = desk.app.link("built-in");
    while let Some(lease) = link.lease().await.unwrap() {
        for address in open_targets(&lease) {
            link.deliver(&lease, desk.result(address)).await.unwrap();
        }
        link.complete(&lease).await.unwrap();
    }
    scan
}

async fn listed(desk: &Desk, actor: &Actor, wanted: ListReports) -> Vec<ScanRef> {
    let views = desk.app.list_reports(actor, wanted).await.unwrap();
    views.into_iter().map(|view| view.scan).collect()
}

#[tokio::test]
async fn reports_are_listed_newest_first_and_by_target_and_time() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    let narrow = finish(&desk, &manager, launch("10.0.0.1")).await;
    desk.clock.advance(100);
    let middle = desk.now();
    let wide = finish(&desk, &manager, launch("10.0.0.1-10.0.0.4")).await;
    desk.clock.advance(100);
    let unsaved = LaunchScan { save_report: false, ..launch("10.0.0.1") };
    finish(&desk, &manager, unsaved).await;
    desk.launch(&manager, "10.0.0.1").await;

    let all = ListReports::default();
    assert_eq!(listed(&desk, &manager, all.clone()).await, [wide.clone(), narrow.clone()]);
    let last = ListReports { last: true, ..all.clone() };
    assert_eq!(listed(&desk, &manager, last).await, std::slice::from_ref(&wide));
    let target = ListReports { target: Some(ips("10.0.0.2")), ..all.clone() };
    assert_eq!(listed(&desk, &manager, target).await, std::slice::from_ref(&wide));
    let last_of_target = ListReports { last: true, target: Some(ips("10.0.0.1")), since: None };
    assert_eq!(listed(&desk, &manager, last_of_target).await, std::slice::from_ref(&wide));
    let since = ListReports { since: Some(middle), ..all.clone() };
    assert_eq!(listed(&desk, &manager, since).await, [wide]);
    let nothing = ListReports { target: Some(ips("10.0.0.9")), ..all };
    assert!(listed(&desk, &manager, nothing).await.is_empty());
}

#[tokio::test]
async fn a_report_on_hosts_has_all_of_them_in_order() {
    has_all_hosts_in_order(&Desk::with(Config::default()).await).await;
}

#[tokio::test]
async fn on_postgresql_too_a_report_on_hosts_has_all_of_them_in_order() {
    has_all_hosts_in_order(&Desk::on_postgres(Config::default()).await).await;
}

async fn has_all_hosts_in_order(desk: &Desk) {
    // More than are read at a time.
    const HOSTS: &str = "10.0.0.1-10.0.0.70,10.0.7.9,10.0.9.1-10.0.9.2";
    let manager = desk.manager().await;
    // The last of them first, so that ids are not in the order of addresses.
    finish(desk, &manager, launch("10.0.9.2")).await;
    finish(desk, &manager, launch(HOSTS)).await;
    finish(desk, &manager, launch("10.0.8.8")).await;
    let wanted = WantedReport { ips: Some(ips(HOSTS)), ..WantedReport::default() };
    let mut report = desk.app.plan_asset_report(&manager, wanted).await.unwrap();
    report.content.display.host_risks = true;
    let counted = desk.app.count_asset_report(&report).await.unwrap();
    assert_eq!((counted.active, counted.matching, counted.vulnerabilities), (73, 73, 73));
    let risks: Vec<_> = counted.hosts.iter().map(|host| host.ip).collect();
    assert_eq!(risks, ips(HOSTS).iter().collect::<Vec<_>>());
    assert!(counted.security_risk > 0.0 && counted.hosts.iter().all(|host| host.vulnerabilities == 1));
    // What is fixed is asked for, and nothing is: the totals are those of before, however they are counted.
    report.content.filter.statuses.retain(|status| *status != DetectionStatus::Fixed);
    assert_eq!(desk.app.count_asset_report(&report).await.unwrap(), counted);

    let mut pages = desk.app.asset_report_pieces(Arc::new(report));
    let mut listed = Vec::new();
    while let Some(pieces) = pages.recv().await {
        for piece in pieces.unwrap() {
            assert!(piece.ends && piece.findings().count() == 2, "{piece:?}");
            listed.push(piece.host.ip);
        }
    }
    assert_eq!(listed, ips(HOSTS).iter().collect::<Vec<_>>());
}

#[tokio::test]
async fn ignored_vulnerabilities_are_reported_and_counted_when_they_are_wanted() {
    ignored_ones_are_reported_when_wanted(&Desk::with(Config::default()).await).await;
}

#[tokio::test]
async fn on_postgresql_too_ignored_vulnerabilities_are_reported_and_counted_when_they_are_wanted() {
    ignored_ones_are_reported_when_wanted(&Desk::on_postgres(Config::default()).await).await;
}

async fn ignored_ones_are_reported_when_wanted(desk: &Desk) {
    const HOSTS: &str = "10.0.0.1-10.0.0.4";
    let manager = desk.manager().await;
    finish(desk, &manager, launch(HOSTS)).await;
    let wanted = IgnoreVulnerabilities {
        qids: vec![desk.qids().0],
        hosts: IgnoreOn::Ips(ips("10.0.0.2-10.0.0.4")),
        comment: "Accepted".to_owned(),
    };
    let ignored = desk.app.ignore_vulnerabilities(&manager, &wanted, IgnoreUntil::Forever).await.unwrap();
    assert_eq!(ignored.len(), 3);
    let wanted = WantedReport { ips: Some(ips(HOSTS)), ..WantedReport::default() };
    let mut title = 0;
    for (statuses, open, confirmed, potential, expected) in [
        ("all", true, false, false, 1),
        ("all", true, true, false, 4),
        ("unfixed", true, false, true, 1),
        ("unfixed", true, true, false, 4),
        ("unfixed", false, true, false, 3),
        ("unfixed", false, false, false, 0),
    ] {
        let mut content = HostTemplate::everything();
        content.filter.information = Levels::NONE;
        content.filter.ignored = IgnoredShown { vulnerabilities: confirmed, potential };
        if statuses == "unfixed" {
            content.filter.statuses.retain(|status| *status != DetectionStatus::Fixed);
        }
        if !open {
            content.filter.vulnerabilities = Levels::NONE;
        }
        title += 1;
        let choice = ChooseTemplate {
            title: format!("Template {title}"),
            is_global: true,
            content,
            ..ChooseTemplate::default()
        };
        let id = desk.app.add_report_template(choice, None).await.unwrap();
        let wanted = WantedReport { template_id: Some(id), ..wanted.clone() };
        let report = desk.app.plan_asset_report(&manager, wanted).await.unwrap();
        let counted = desk.app.count_asset_report(&report).await.unwrap();
        let case = (statuses, open, confirmed, potential);
        assert_eq!((counted.vulnerabilities, counted.active), (expected, 4), "{case:?}");
        assert_eq!(u64::from(counted.matching), expected, "{case:?}");
        assert_eq!(findings(desk, report).await, expected, "{case:?}");
    }
}

/// How many findings a report shows.
async fn findings(desk: &Desk, report: AssetReport) -> u64 {
    let mut pages = desk.app.asset_report_pieces(Arc::new(report));
    let mut shown = 0;
    while let Some(pieces) = pages.recv().await {
        for piece in pieces.unwrap() {
            shown += piece.findings().count() as u64;
        }
    }
    shown
}

#[tokio::test]
async fn a_report_is_deleted_once_its_scan_is_over() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    let scan = desk.launch(&manager, "10.0.0.1").await;
    assert!(matches!(desk.app.delete_report(&manager, &scan).await, Err(Error::ScanRunning)));
    desk.app.cancel_scan(&manager, &scan).await.unwrap();
    desk.app.delete_report(&manager, &scan).await.unwrap();
    assert!(matches!(desk.app.scan(&manager, &scan).await, Err(Error::UnknownScan)));
    assert!(matches!(desk.app.delete_report(&manager, &scan).await, Err(Error::UnknownScan)));
}

#[tokio::test]
async fn only_unsaved_ended_results_are_forgotten() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    let saved = finish(&desk, &manager, launch("10.0.0.1")).await;
    let unsaved = finish(&desk, &manager, LaunchScan { save_report: false, ..launch("10.0.0.1") }).await;
    let running = desk
        .app
        .launch_scan(&manager, LaunchScan { save_report: false, ..launch("10.0.0.1") })
        .await
        .unwrap();
    for scan in [&saved, &unsaved, &running, &unsaved] {
        desk.app.forget_unsaved(scan).await.unwrap();
    }
    desk.app.scan(&manager, &saved).await.unwrap();
    desk.app.scan(&manager, &running).await.unwrap();
    assert!(matches!(desk.app.scan(&manager, &unsaved).await, Err(Error::UnknownScan)));
}

#[tokio::test]
async fn results_nobody_fetched_are_forgotten_after_a_day() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    let unsaved = finish(&desk, &manager, LaunchScan { save_report: false, ..launch("10.0.0.1") }).await;
    let saved = finish(&desk, &manager, launch("10.0.0.1")).await;
    desk.clock.advance(86_400);
    desk.launch(&manager, "10.0.0.1").await;
    desk.app.scan(&manager, &unsaved).await.unwrap();
    desk.clock.advance(1);
    desk.launch(&manager, "10.0.0.1").await;
    assert!(matches!(desk.app.scan(&manager, &unsaved).await, Err(Error::UnknownScan)));
    desk.app.scan(&manager, &saved).await.unwrap();
}
