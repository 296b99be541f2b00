//! Cancelling scans.

use palisade_app::Error;
use palisade_engine::{Hold, Link as _};
use palisade_model::ScanStatus;

use crate::desk::{Desk, ip, progress};

#[tokio::test]
async fn a_queued_scan_is_over_at_once() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    let scan = desk.launch(&manager, "10.0.0.1").await;
    desk.app.cancel_scan(&manager, &scan).await.unwrap();
    let view = desk.app.scan(&manager, &scan).await.unwrap();
    assert_eq!((view.status, view.ended_at), (ScanStatus::Canceled, Some(desk.now())));
    assert!(desk.app.link("built-in").lease().await.unwrap().is_none());
    assert!(matches!(desk.app.cancel_scan(&manager, &scan).await, Err(Error::ScanEnded)));
}

#[tokio::test]
async fn a_running_scan_stops_when_its_scanner_hears_of_it() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    let scan = desk.launch(&manager, "10.0.0.1-10.0.0.8").await;
    let link = desk.app.link("built-in");
    let lease = link.lease().await.unwrap().unwrap();
    link.deliver(&lease, desk.result(ip("10.0.0.1"))).await.unwrap();
    desk.app.cancel_scan(&manager, &scan).await.unwrap();
    desk.app.cancel_scan(&manager, &scan).await.unwrap();
    assert_eq!(desk.app.scan(&manager, &scan).await.unwrap().status, ScanStatus::Cancelling);
    assert_eq!(link.renew(&lease, progress(1, 2)).await.unwrap(), Hold::Cancelled);
    assert!(link.lease().await.unwrap().is_none());
    link.complete(&lease).await.unwrap();
    let view = desk.app.scan(&manager, &scan).await.unwrap();
    assert_eq!((view.status, view.hosts_done), (ScanStatus::Canceled, 1));
    let hosts = desk.app.report_hosts(&manager, &scan, None, 10).await.unwrap();
    assert_eq!(hosts.len(), 1, "what was found until then stays");
}

#[tokio::test]
async fn a_silent_scanner_does_not_hold_up_a_cancellation() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    let scan = desk.launch(&manager, "10.0.0.1").await;
    let link = desk.app.link("built-in");
    let lease = link.lease().await.unwrap().unwrap();
    desk.app.cancel_scan(&manager, &scan).await.unwrap();
    desk.clock.advance(59);
    assert_eq!(desk.app.scan(&manager, &scan).await.unwrap().status, ScanStatus::Cancelling);
    desk.clock.advance(1);
    assert_eq!(desk.app.scan(&manager, &scan).await.unwrap().status, ScanStatus::Canceled);
    assert_eq!(link.deliver(&lease, desk.result(ip("10.0.0.1"))).await.unwrap(), Hold::Lost);
}

#[tokio::test]
async fn an_unknown_scan_cannot_be_cancelled() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    let scan = "scan/1400000000.10001".parse().unwrap();
    assert!(matches!(desk.app.cancel_scan(&manager, &scan).await, Err(Error::UnknownScan)));
}
