//! Pausing scans and letting them go on.

use palisade_app::Error;
use palisade_engine::{AskedPorts, Hold, Link as _, PartialHost, PartialPorts};
use palisade_model::{PortSet, Role, ScanStatus};

use crate::desk::{Desk, ip, progress};

#[tokio::test]
async fn a_running_scan_is_paused_when_its_scanner_has_stopped_and_goes_on_with_any() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    let scan = desk.launch(&manager, "10.0.0.1-10.0.0.2").await;
    let early = desk.app.pause_scan(&manager, &scan).await;
    assert!(matches!(early, Err(Error::WrongScanStatus { status: ScanStatus::Queued })), "{early:?}");
    let first = desk.app.link("first");
    let lease = first.lease().await.unwrap().unwrap();
    first.deliver(&lease, desk.result(ip("10.0.0.2"))).await.unwrap();
    desk.app.pause_scan(&manager, &scan).await.unwrap();
    assert_eq!(desk.app.scan(&manager, &scan).await.unwrap().status, ScanStatus::Pausing);
    assert_eq!(first.renew(&lease, progress(1, 2)).await.unwrap(), Hold::Paused);
    first.complete(&lease).await.unwrap();
    desk.clock.advance(3_600);
    let view = desk.app.scan(&manager, &scan).await.unwrap();
    assert_eq!((view.status, view.hosts_done, view.duration_s), (ScanStatus::Paused, 1, 0));
    assert_eq!(view.seconds_left, None, "nobody knows");
    assert_eq!(desk.app.list_running(&manager).await.unwrap().len(), 1);
    assert!(desk.app.link("second").lease().await.unwrap().is_none());

    desk.app.resume_scan(&manager, &scan).await.unwrap();
    let entry = desk.app.list_activity(1).await.unwrap().remove(0);
    assert_eq!((entry.action.as_str(), entry.details.as_str()), ("resume", scan.as_str()));
    let second = desk.app.link("second");
    let lease = second.lease().await.unwrap().unwrap();
    assert_eq!(lease.delivered, [ip("10.0.0.2")]);
    assert_eq!(second.deliver(&lease, desk.result(ip("10.0.0.1"))).await.unwrap(), Hold::Held);
    desk.clock.advance(5);
    second.complete(&lease).await.unwrap();
    let view = desk.app.scan(&manager, &scan).await.unwrap();
    assert_eq!((view.status, view.hosts_done, view.duration_s), (ScanStatus::Finished, 2, 5));
}

#[tokio::test]
async fn a_restarted_server_finds_its_pausing_scan_paused() {
    let mut desk = Desk::new().await;
    let manager = desk.manager().await;
    let scan = desk.launch(&manager, "10.0.0.1-10.0.0.2").await;
    let link = desk.app.link("built-in");
    let lease = link.lease().await.unwrap().unwrap();
    link.deliver(&lease, desk.result(ip("10.0.0.2"))).await.unwrap();
    desk.app.pause_scan(&manager, &scan).await.unwrap();
    desk.restart().await;
    // The scanner of the new process takes back what the old one held, and is given nothing.
    let link = desk.app.link("built-in");
    assert!(link.lease().await.unwrap().is_none());
    assert_eq!(desk.app.scan(&manager, &scan).await.unwrap().status, ScanStatus::Paused);
    desk.app.resume_scan(&manager, &scan).await.unwrap();
    desk.restart().await;
    let lease = desk.app.link("built-in").lease().await.unwrap().unwrap();
    assert_eq!(lease.delivered, [ip("10.0.0.2")]);
}

#[tokio::test]
async fn what_a_scanner_knew_of_a_host_reaches_the_next_also_past_a_restart() {
    let mut desk = Desk::new().await;
    let manager = desk.manager().await;
    let scan = desk.launch(&manager, "10.0.0.1-10.0.0.2").await;
    let link = desk.app.link("built-in");
    let lease = link.lease().await.unwrap().unwrap();
    desk.app.pause_scan(&manager, &scan).await.unwrap();
    let asked = AskedPorts {
        asked: "1-1000".parse::<PortSet>().unwrap(),
        open: "22,80".parse::<PortSet>().unwrap(),
        silent: PortSet::default(),
    };
    let host = PartialHost {
        address: "10.0.0.1".parse().unwrap(),
        alive_by: Some("ICMP echo reply".to_owned()),
        ttl: Some(64),
        icmp_echo: Some(true),
        method: "TCP connect".to_owned(),
        ports: PartialPorts::Connected(asked),
    };
    let mut too_much = host.clone();
    too_much.address = "10.0.0.2".parse().unwrap();
    too_much.method = "x".repeat(2 << 20);
    link.keep(&lease, vec![host.clone(), too_much]).await.unwrap();
    link.complete(&lease).await.unwrap();
    desk.restart().await;
    desk.app.resume_scan(&manager, &scan).await.unwrap();
    let lease = desk.app.link("another").lease().await.unwrap().unwrap();
    assert_eq!(lease.partial, [host]);
}

#[tokio::test]
async fn a_paused_scan_is_cancelled_or_deleted_at_once_and_a_running_one_is_not_deleted() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    let mut paused = Vec::new();
    for _ in 0..2 {
        let scan = desk.launch(&manager, "10.0.0.1").await;
        let link = desk.app.link("built-in");
        let lease = link.lease().await.unwrap().unwrap();
        let refused = desk.app.delete_scan(&manager, &scan).await;
        assert!(matches!(refused, Err(Error::ScanRunning)), "{refused:?}");
        desk.app.pause_scan(&manager, &scan).await.unwrap();
        link.complete(&lease).await.unwrap();
        paused.push(scan);
    }
    desk.app.cancel_scan(&manager, &paused[0]).await.unwrap();
    assert_eq!(desk.app.scan(&manager, &paused[0]).await.unwrap().status, ScanStatus::Canceled);
    let over = desk.app.resume_scan(&manager, &paused[0]).await;
    assert!(matches!(over, Err(Error::WrongScanStatus { status: ScanStatus::Canceled })), "{over:?}");
    desk.app.delete_scan(&manager, &paused[1]).await.unwrap();
    assert!(matches!(desk.app.scan(&manager, &paused[1]).await, Err(Error::UnknownScan)));
}

#[tokio::test]
async fn scanners_pause_their_own_scans_only() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    desk.add_user("quays_sc1", Role::Scanner, "10.0.0.0-10.0.0.255").await;
    let scanner = desk.actor("quays_sc1").await;
    let scan = desk.launch(&manager, "10.0.0.1").await;
    desk.app.link("built-in").lease().await.unwrap().unwrap();
    assert!(desk.app.scan(&scanner, &scan).await.is_ok(), "it is in their sight");
    let refused = desk.app.pause_scan(&scanner, &scan).await;
    assert!(matches!(refused, Err(Error::UnknownScan)), "{refused:?}");
}
