//! Launching, scanning and reading the report.

use palisade_app::{Config, Error, LaunchScan};
use palisade_engine::{Hold, Link as _, Stage};
use palisade_model::{Qid, Role, ScanStatus};

use crate::desk::{Desk, ip, ips, launch, open_targets, progress};

#[tokio::test]
async fn a_scan_runs_from_launch_to_report() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    let scan = desk.launch(&manager, "10.0.0.1-10.0.0.3").await;
    let view = desk.app.scan(&manager, &scan).await.unwrap();
    assert_eq!((view.status, view.hosts_total, view.hosts_done), (ScanStatus::Queued, 3, 0));
    assert_eq!((view.stage, view.seconds_left), (None, None));
    assert_eq!((view.option_title.as_str(), view.option_is_default), ("Initial Options", true));

    let link = desk.app.link("built-in");
    let first = link.lease().await.unwrap().unwrap();
    assert_eq!(
        (first.order.scan.clone(), first.order.targets.clone()),
        (scan.clone(), ips("10.0.0.1-10.0.0.2"))
    );
    desk.clock.advance(10);
    assert_eq!(link.renew(&first, progress(3, 4)).await.unwrap(), Hold::Held);
    let view = desk.app.scan(&manager, &scan).await.unwrap();
    assert_eq!((view.status, view.stage), (ScanStatus::Running, Some(Stage::Ports)));
    assert_eq!((view.work_done, view.work_total, view.findings), (1_500, 3_000, 1));
    assert_eq!(view.seconds_left, Some(10), "half is done after ten seconds");

    for address in open_targets(&first) {
        assert_eq!(link.deliver(&first, desk.result(address)).await.unwrap(), Hold::Held);
    }
    link.complete(&first).await.unwrap();
    let last = link.lease().await.unwrap().unwrap();
    let mut dead = desk.result(ip("10.0.0.3"));
    dead.facts.alive = false;
    dead.findings.clear();
    link.deliver(&last, dead).await.unwrap();
    link.complete(&last).await.unwrap();
    assert!(link.lease().await.unwrap().is_none());

    let view = desk.app.scan(&manager, &scan).await.unwrap();
    assert_eq!((view.status, view.ended_at), (ScanStatus::Finished, Some(desk.now())));
    assert_eq!((view.hosts_done, view.hosts_alive, view.findings), (3, 2, 4));
    assert_eq!((view.work_done, view.work_total, view.seconds_left), (3_000, 3_000, None));
    assert_eq!(view.scanner_name, "built-in");
    let hosts = desk.app.report_hosts(&manager, &scan, None, 2).await.unwrap();
    let rest = desk.app.report_hosts(&manager, &scan, hosts[1].ipv4(), 2).await.unwrap();
    let shown: Vec<_> = hosts.iter().chain(&rest).map(|host| (host.address, host.findings.len())).collect();
    assert_eq!(shown, [(ip("10.0.0.1").into(), 2), (ip("10.0.0.2").into(), 2), (ip("10.0.0.3").into(), 0)]);
}

#[tokio::test]
async fn only_what_is_in_the_subscription_is_scanned() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    match desk.app.launch_scan(&manager, launch("10.0.255.254-10.1.0.1,192.168.0.1")).await {
        Err(Error::NotInSubscription { ips: beyond }) => {
            assert_eq!(beyond, ips("10.1.0.0-10.1.0.1,192.168.0.1"));
        }
        other => panic!("{other:?}"),
    }
    desk.add_user("scanner", Role::Scanner, "10.0.0.0/24,192.168.0.0/24").await;
    let scanner = desk.actor("scanner").await;
    for beyond in ["10.0.1.1", "192.168.0.1"] {
        let launched = desk.app.launch_scan(&scanner, launch(beyond)).await;
        assert!(matches!(launched, Err(Error::NotInSubscription { .. })), "{beyond}: {launched:?}");
    }
    desk.launch(&scanner, "10.0.0.1").await;
    assert_eq!(desk.app.list_running(&manager).await.unwrap().len(), 1);
}

#[tokio::test]
async fn excluded_hosts_are_not_targets() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    let some = LaunchScan { excluded: ips("10.0.0.2"), ..launch("10.0.0.1-10.0.0.3") };
    let scan = desk.app.launch_scan(&manager, some).await.unwrap();
    let view = desk.app.scan(&manager, &scan).await.unwrap();
    assert_eq!((view.targets, view.target_text.as_str()), (ips("10.0.0.1,10.0.0.3"), "10.0.0.1-10.0.0.3"));
    let all = LaunchScan { excluded: ips("10.0.0.0/24"), ..launch("10.0.0.1-10.0.0.3") };
    assert!(matches!(desk.app.launch_scan(&manager, all).await, Err(Error::NoTargets)));
}

#[tokio::test]
async fn what_the_service_does_not_know_is_refused() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    let option = LaunchScan { option: Some("Gentle".to_owned()), ..launch("10.0.0.1") };
    match desk.app.launch_scan(&manager, option).await {
        Err(Error::UnknownOption { title, known }) => {
            assert_eq!(title, "Gentle");
            let shipped = [
                "Initial Options",
                "2008 SANS20 Options",
                "Full TCP Scan",
                "Payment Card Industry (PCI) Options",
                "Qualys Top 20 Options",
            ];
            assert_eq!(known, shipped);
        }
        other => panic!("{other:?}"),
    }
    let unknown = Qid::new(4_294_967_295).unwrap();
    let qids = LaunchScan { specific_vulns: Some(vec![desk.qids().0, unknown]), ..launch("10.0.0.1") };
    match desk.app.launch_scan(&manager, qids).await {
        Err(Error::UnknownQid { qid }) => assert_eq!(qid, unknown),
        other => panic!("{other:?}"),
    }
    let many = desk.app.launch_scan(&manager, launch("10.0.0.0/15")).await;
    assert!(matches!(many, Err(Error::TooManyTargets { max: 65_536 })), "{many:?}");
    assert!(desk.app.list_running(&manager).await.unwrap().is_empty());
}

#[tokio::test]
async fn no_more_scans_run_than_may() {
    let desk = Desk::with(Config { running_scans_max: 2, ..Config::default() }).await;
    let manager = desk.manager().await;
    let first = desk.launch(&manager, "10.0.0.1").await;
    desk.launch(&manager, "10.0.0.1").await;
    let third = desk.app.launch_scan(&manager, launch("10.0.0.1")).await;
    assert!(matches!(third, Err(Error::TooManyScans { max: 2 })), "{third:?}");
    desk.app.cancel_scan(&manager, &first).await.unwrap();
    desk.launch(&manager, "10.0.0.1").await;
}

#[tokio::test]
async fn the_order_says_what_was_asked_for() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    let qid = desk.qids().0;
    let asked = LaunchScan {
        option: Some("Full TCP Scan".to_owned()),
        specific_vulns: Some(vec![qid]),
        title: Some("weekly".to_owned()),
        ..launch("10.0.0.1")
    };
    let scan = desk.app.launch_scan(&manager, asked).await.unwrap();
    let lease = desk.app.link("built-in").lease().await.unwrap().unwrap();
    assert_eq!((lease.order.profile.title.as_str(), lease.order.qids), ("Full TCP Scan", Some(vec![qid])));
    assert_eq!(desk.app.scan(&manager, &scan).await.unwrap().title, "weekly");
}

#[tokio::test]
async fn name_servers_are_asked_for_the_zones_of_known_hosts() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    desk.launch(&manager, "10.0.0.1-10.0.0.2").await;
    let link = desk.app.link("built-in");
    let lease = link.lease().await.unwrap().unwrap();
    assert_eq!(lease.order.zones, [""; 0], "nothing is known yet");
    for (address, name) in [("10.0.0.1", "www.shop.test"), ("10.0.0.2", "Mail.Office.test")] {
        let mut result = desk.result(ip(address));
        result.facts.name = Some(name.to_owned());
        link.deliver(&lease, result).await.unwrap();
    }
    link.complete(&lease).await.unwrap();
    desk.launch(&manager, "10.0.0.3").await;
    let lease = link.lease().await.unwrap().unwrap();
    assert_eq!(lease.order.zones, ["office.test", "shop.test"]);
}
