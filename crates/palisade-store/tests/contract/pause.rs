//! Scans that are paused and go on.

use palisade_model::ScanStatus;
use palisade_model::scan::NotNow;
use palisade_store::{Cancelled, Holding, Intake, LeasedSlice, PartialHostRow, Progress};

use crate::bench::{Bench, alive, at, dead, ip, ips, new_scan};

/// A scan of three hosts in one slice and two in another; gives its id.
async fn launch(bench: &Bench) -> i64 {
    bench.add_subscription().await;
    let mut new = new_scan("10.0.0.1-10.0.0.5");
    new.slices = vec![ips("10.0.0.1-10.0.0.3"), ips("10.0.0.4-10.0.0.5")];
    bench.store.launch_scan(&new).await.unwrap();
    bench.store.list_running_scans().await.unwrap()[0].id
}

async fn status(bench: &Bench) -> ScanStatus {
    let scan = bench.store.scan(&"scan/1700000000.1".parse().unwrap()).await.unwrap();
    scan.unwrap().status
}

async fn pause(bench: &Bench, scan: i64, second: i64) -> Result<ScanStatus, NotNow> {
    bench.store.pause_scan(scan, at(second)).await.unwrap().unwrap()
}

async fn resume(bench: &Bench, scan: i64, second: i64) -> Result<ScanStatus, NotNow> {
    bench.store.resume_scan(scan, at(second)).await.unwrap().unwrap()
}

/// Delivers what is missing of a slice, all of it silent, and completes it.
async fn finish(bench: &Bench, slice: &LeasedSlice, token: &str) {
    for address in slice.targets.iter().filter(|address| !slice.delivered.contains(address)) {
        bench.deliver(slice, token, &dead(&address.to_string())).await;
    }
    bench.store.complete_slice(slice.slice_id, token, at(90)).await.unwrap();
}

async fn a_paused_scan_keeps_its_hosts_and_goes_on_elsewhere(bench: Bench) {
    let scan = launch(&bench).await;
    let slice = bench.lease("one", "token-1").await.unwrap();
    bench.deliver(&slice, "token-1", &alive("10.0.0.2", Vec::new(), &[])).await;
    assert_eq!(pause(&bench, scan, 20).await, Ok(ScanStatus::Pausing));
    assert_eq!(pause(&bench, scan, 21).await, Ok(ScanStatus::Pausing), "asking again is no error");
    assert_eq!(resume(&bench, scan, 21).await, Err(NotNow { status: ScanStatus::Pausing }));
    assert_eq!(bench.lease("two", "token-2").await, None, "the other slice is not handed out");

    // What arrives meanwhile is kept, and says that the slice is to come home.
    let intake = bench.deliver(&slice, "token-1", &alive("10.0.0.1", Vec::new(), &[])).await;
    assert!(matches!(intake, Intake::TakenIn { holding: Holding::Paused, .. }), "{intake:?}");
    let renewed = bench.store.renew_slice(slice.slice_id, "token-1", Progress::default(), at(100)).await;
    assert_eq!(renewed.unwrap(), Holding::Paused);
    let completed = bench.store.complete_slice(slice.slice_id, "token-1", at(25)).await.unwrap();
    assert_eq!((completed, status(&bench).await), (Holding::Paused, ScanStatus::Paused));
    let progress = bench.store.scan_progress(scan).await.unwrap();
    assert_eq!((progress.work_done, progress.work_total), (2_000, 5_000), "done work shows");
    assert_eq!(bench.lease("two", "token-2").await, None, "nothing of it is handed out");
    let late = bench.store.complete_slice(slice.slice_id, "token-1", at(26)).await.unwrap();
    assert_eq!(late, Holding::Lost);

    assert_eq!(resume(&bench, scan, 35).await, Ok(ScanStatus::Resuming));
    assert_eq!(resume(&bench, scan, 36).await, Ok(ScanStatus::Resuming), "asking again is no error");
    let again = bench.lease("two", "token-2").await.unwrap();
    assert_eq!(again.slice_id, slice.slice_id);
    assert_eq!(again.delivered, [ip("10.0.0.1"), ip("10.0.0.2")]);
    assert_eq!(status(&bench).await, ScanStatus::Running);
    let other = bench.lease("one", "token-3").await.unwrap();
    finish(&bench, &again, "token-2").await;
    finish(&bench, &other, "token-3").await;
    let ended = bench.store.scan(&again.scan.reference).await.unwrap().unwrap();
    assert_eq!((ended.status, ended.hosts_done, ended.hosts_alive), (ScanStatus::Finished, 5, 2));
    assert_eq!((ended.paused_at, ended.paused_us), (None, 10_000_000));
    assert_eq!(ended.started_at, Some(at(10)), "the start of the scan stays");
}

async fn a_scan_without_slices_out_is_paused_at_once(bench: Bench) {
    let scan = launch(&bench).await;
    assert_eq!(pause(&bench, scan, 1).await, Err(NotNow { status: ScanStatus::Queued }));
    let slice = bench.lease("one", "token").await.unwrap();
    finish(&bench, &slice, "token").await;
    assert_eq!(pause(&bench, scan, 20).await, Ok(ScanStatus::Paused));
    assert_eq!(pause(&bench, scan, 20).await, Err(NotNow { status: ScanStatus::Paused }));
    assert_eq!(resume(&bench, scan, 30).await, Ok(ScanStatus::Resuming));
    assert_eq!(pause(&bench, scan, 40).await, Ok(ScanStatus::Paused));
    let paused = bench.store.list_running_scans().await.unwrap();
    assert_eq!((paused[0].paused_at, paused[0].paused_us), (Some(at(40)), 10_000_000));
}

async fn a_scan_that_is_done_before_it_pauses_is_finished(bench: Bench) {
    let scan = launch(&bench).await;
    let slices = [bench.lease("one", "a").await.unwrap(), bench.lease("one", "b").await.unwrap()];
    assert_eq!(pause(&bench, scan, 20).await, Ok(ScanStatus::Pausing));
    finish(&bench, &slices[0], "a").await;
    assert_eq!(status(&bench).await, ScanStatus::Pausing);
    finish(&bench, &slices[1], "b").await;
    assert_eq!(status(&bench).await, ScanStatus::NoHostAlive);
    assert_eq!(resume(&bench, scan, 30).await, Err(NotNow { status: ScanStatus::NoHostAlive }));
}

async fn a_scanner_that_dies_while_its_scan_pauses_holds_nothing_up(bench: Bench) {
    let scan = launch(&bench).await;
    let slice = bench.lease("one", "a").await.unwrap();
    bench.deliver(&slice, "a", &alive("10.0.0.1", Vec::new(), &[])).await;
    bench.lease("two", "b").await.unwrap();
    pause(&bench, scan, 20).await.unwrap();
    assert_eq!(bench.store.take_back_from("one", at(30)).await.unwrap(), 1, "its process was replaced");
    assert_eq!(status(&bench).await, ScanStatus::Pausing);
    assert_eq!(bench.store.take_back_expired(at(1_000)).await.unwrap(), 1, "it fell silent");
    assert_eq!(status(&bench).await, ScanStatus::Paused);
    resume(&bench, scan, 1_100).await.unwrap();
    assert_eq!(bench.lease("two", "c").await.unwrap().delivered, [ip("10.0.0.1")]);
}

async fn a_paused_scan_can_be_cancelled(bench: Bench) {
    let scan = launch(&bench).await;
    let slice = bench.lease("one", "a").await.unwrap();
    pause(&bench, scan, 20).await.unwrap();
    assert_eq!(bench.store.cancel_scan(scan, at(21)).await.unwrap(), Cancelled::Requested);
    assert_eq!(bench.store.complete_slice(slice.slice_id, "a", at(22)).await.unwrap(), Holding::Cancelled);
    assert_eq!(status(&bench).await, ScanStatus::Canceled);

    bench.store.launch_scan(&new_scan("10.0.0.1-10.0.0.2")).await.unwrap();
    let second = bench.store.list_running_scans().await.unwrap()[0].clone();
    finish(&bench, &bench.lease("one", "b").await.unwrap(), "b").await;
    pause(&bench, second.id, 30).await.unwrap();
    assert!(!bench.store.delete_scan(&second).await.unwrap(), "it has not ended");
    assert_eq!(bench.store.cancel_scan(second.id, at(50)).await.unwrap(), Cancelled::AtOnce);
    let ended = bench.store.scan(&second.reference).await.unwrap().unwrap();
    assert_eq!((ended.status, ended.ended_at), (ScanStatus::Canceled, Some(at(50))));
    assert_eq!((ended.paused_at, ended.paused_us), (None, 20_000_000));
}

/// Pauses are no failures: however often a scan is paused, it is not given up.
async fn pausing_again_and_again_gives_nothing_up(bench: Bench) {
    let scan = launch(&bench).await;
    for round in 0..2 * i64::try_from(palisade_store::SLICE_ATTEMPTS_MAX).unwrap() {
        let slice = bench.lease("one", "token").await.unwrap();
        pause(&bench, scan, 20 + round).await.unwrap();
        bench.store.complete_slice(slice.slice_id, "token", at(20 + round)).await.unwrap();
        assert_eq!(status(&bench).await, ScanStatus::Paused);
        resume(&bench, scan, 20 + round).await.unwrap();
    }
    assert!(bench.lease("one", "token").await.is_some());
}

fn row(address: &str, known: &str) -> PartialHostRow {
    PartialHostRow { address: ip(address), known: known.to_owned() }
}

async fn count_kept(bench: &Bench) -> i64 {
    let mut raw = bench.connect().await;
    let rows = sqlx::query_scalar("SELECT COUNT(*) FROM partial_host");
    rows.fetch_one(&mut raw).await.unwrap()
}

async fn what_is_known_of_unfinished_hosts_waits_for_whoever_goes_on(bench: Bench) {
    let scan = launch(&bench).await;
    let slice = bench.lease("one", "token-1").await.unwrap();
    assert_eq!(slice.partial, []);
    pause(&bench, scan, 20).await.unwrap();
    let keep = async |token: &str, rows: &[PartialHostRow]| {
        bench.store.keep_partial_hosts(slice.slice_id, token, rows).await.unwrap()
    };
    assert_eq!(
        keep("token-1", &[row("10.0.0.2", "{\"a\":1}"), row("10.0.0.1", "one")]).await,
        Holding::Paused
    );
    // Once more, as after a lost answer; and a host that is not of the slice.
    let again = [row("10.0.0.2", "{\"a\":2}"), row("10.0.0.3", "three"), row("10.0.0.4", "elsewhere")];
    assert_eq!(keep("token-1", &again).await, Holding::Paused);
    bench.store.complete_slice(slice.slice_id, "token-1", at(25)).await.unwrap();
    assert_eq!(keep("token-1", &[row("10.0.0.2", "late")]).await, Holding::Lost);

    resume(&bench, scan, 30).await.unwrap();
    let taken_up = bench.lease("two", "token-2").await.unwrap();
    let kept = [row("10.0.0.1", "one"), row("10.0.0.2", "{\"a\":2}"), row("10.0.0.3", "three")];
    assert_eq!((taken_up.slice_id, taken_up.partial.as_slice()), (slice.slice_id, kept.as_slice()));
    // A scanner that dies then leaves it for the next; what was delivered meanwhile is left out, and
    // what is not in the subscription any more.
    bench.deliver(&taken_up, "token-2", &alive("10.0.0.1", Vec::new(), &[])).await;
    bench.store.take_back_from("two", at(40)).await.unwrap();
    let mut raw = bench.connect().await;
    sqlx::query("UPDATE slice SET targets = '10.0.0.1,10.0.0.3' WHERE id = $1")
        .bind(slice.slice_id)
        .execute(&mut raw)
        .await
        .unwrap();
    let last = bench.lease("one", "token-3").await.unwrap();
    assert_eq!((last.slice_id, last.partial.as_slice()), (slice.slice_id, &kept[2..]));
    finish(&bench, &last, "token-3").await;
    assert_eq!(count_kept(&bench).await, 3, "its scan has not ended");
    finish(&bench, &bench.lease("one", "token-4").await.unwrap(), "token-4").await;
    assert!(status(&bench).await.is_ended());
    assert_eq!(count_kept(&bench).await, 0);
}

async fn what_is_known_of_unfinished_hosts_goes_with_a_cancelled_scan(bench: Bench) {
    let scan = launch(&bench).await;
    let slice = bench.lease("one", "token").await.unwrap();
    pause(&bench, scan, 20).await.unwrap();
    bench.store.keep_partial_hosts(slice.slice_id, "token", &[row("10.0.0.1", "one")]).await.unwrap();
    bench.store.complete_slice(slice.slice_id, "token", at(25)).await.unwrap();
    assert_eq!(count_kept(&bench).await, 1);
    assert_eq!(bench.store.cancel_scan(scan, at(30)).await.unwrap(), Cancelled::AtOnce);
    assert_eq!(count_kept(&bench).await, 0);
}

crate::both!(
    a_paused_scan_keeps_its_hosts_and_goes_on_elsewhere,
    a_scan_without_slices_out_is_paused_at_once,
    a_scan_that_is_done_before_it_pauses_is_finished,
    a_scanner_that_dies_while_its_scan_pauses_holds_nothing_up,
    a_paused_scan_can_be_cancelled,
    pausing_again_and_again_gives_nothing_up,
    what_is_known_of_unfinished_hosts_waits_for_whoever_goes_on,
    what_is_known_of_unfinished_hosts_goes_with_a_cancelled_scan,
);
