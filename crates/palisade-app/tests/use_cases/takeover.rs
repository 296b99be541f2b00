//! Processes that die: the next one takes up the work, and nothing is counted twice.

use palisade_engine::{Hold, Link as _};
use palisade_model::ScanStatus;

use crate::desk::{Desk, ip, open_targets};

#[tokio::test]
async fn the_next_process_takes_up_a_scan_at_once() {
    let mut desk = Desk::new().await;
    let manager = desk.manager().await;
    let scan = desk.launch(&manager, "10.0.0.1-10.0.0.2").await;
    let dead_link = desk.app.link("built-in");
    let lost = dead_link.lease().await.unwrap().unwrap();
    dead_link.deliver(&lost, desk.result(ip("10.0.0.1"))).await.unwrap();

    desk.clock.advance(1);
    desk.restart().await;
    let link = desk.app.link("built-in");
    let lease = link.lease().await.unwrap().unwrap();
    assert_eq!(lease.slice_id, lost.slice_id);
    assert_eq!(lease.delivered, [ip("10.0.0.1")]);
    assert_eq!(dead_link.deliver(&lost, desk.result(ip("10.0.0.2"))).await.unwrap(), Hold::Lost);
    for address in open_targets(&lease) {
        link.deliver(&lease, desk.result(address)).await.unwrap();
    }
    // As after an answer that got lost on its way.
    assert_eq!(link.deliver(&lease, desk.result(ip("10.0.0.2"))).await.unwrap(), Hold::Held);
    link.complete(&lease).await.unwrap();

    let view = desk.app.scan(&manager, &scan).await.unwrap();
    assert_eq!((view.status, view.hosts_done, view.hosts_alive), (ScanStatus::Finished, 2, 2));
    assert_eq!(view.findings, 4);
}

#[tokio::test]
async fn another_scanners_leases_are_left_alone() {
    let mut desk = Desk::new().await;
    let manager = desk.manager().await;
    desk.launch(&manager, "10.0.0.1").await;
    let other = desk.app.link("other");
    let lease = other.lease().await.unwrap().unwrap();
    desk.clock.advance(1);
    desk.restart().await;
    assert!(desk.app.link("built-in").lease().await.unwrap().is_none());
    assert_eq!(other.deliver(&lease, desk.result(ip("10.0.0.1"))).await.unwrap(), Hold::Held);
}

#[tokio::test]
async fn a_silent_scanner_loses_its_slice() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    desk.launch(&manager, "10.0.0.1").await;
    let silent = desk.app.link("silent");
    silent.lease().await.unwrap().unwrap();
    let other = desk.app.link("other");
    desk.clock.advance(59);
    assert!(other.lease().await.unwrap().is_none());
    desk.clock.advance(1);
    assert!(other.lease().await.unwrap().is_some());
}

#[tokio::test]
async fn a_clock_that_is_set_back_does_not_leave_slices_with_silent_scanners() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    desk.launch(&manager, "10.0.0.1").await;
    desk.clock.advance(3_600);
    // A look at the leases, in what is the future a moment later.
    desk.app.list_running(&manager).await.unwrap();
    desk.clock.advance(-3_600);
    desk.app.link("silent").lease().await.unwrap().unwrap();
    desk.clock.advance(60);
    assert!(desk.app.link("other").lease().await.unwrap().is_some());
}

#[tokio::test]
async fn a_scanner_that_never_gets_on_does_not_loop_for_ever() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    let scan = desk.launch(&manager, "10.0.0.1").await;
    let link = desk.app.link("broken");
    let mut rounds = 0;
    while let Some(lease) = link.lease().await.unwrap() {
        rounds += 1;
        assert!(rounds <= 5);
        link.fail(&lease, "no permission for sockets".to_owned()).await.unwrap();
    }
    assert_eq!(rounds, 5);
    assert_eq!(desk.app.scan(&manager, &scan).await.unwrap().status, ScanStatus::Error);
}

#[tokio::test]
async fn a_host_nobody_asked_for_is_refused() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    desk.launch(&manager, "10.0.0.1").await;
    let link = desk.app.link("built-in");
    let lease = link.lease().await.unwrap().unwrap();
    let error = link.deliver(&lease, desk.result(ip("10.0.0.9"))).await.unwrap_err();
    assert_eq!(error.attempt, "take in the result of 10.0.0.9");
    assert_eq!(error.source.to_string(), "10.0.0.9 is none of the slice's hosts");
}
