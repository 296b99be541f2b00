//! Scans: launch, end, cancellation, deletion.

use std::collections::HashSet;

use palisade_model::ScanStatus;
use palisade_store::{Cancelled, Holding, Launched, NewScan, ReportFilter, ScanMark, ScanSpan};

use crate::bench::{Bench, alive, at, dead, finding, ip, ips, new_scan};

async fn status(bench: &Bench, scan: &palisade_model::ScanRef) -> ScanStatus {
    bench.store.scan(scan).await.unwrap().unwrap().status
}

async fn a_scan_comes_back_as_it_was_launched(bench: Bench) {
    let mut new = new_scan("10.0.0.1-10.0.0.3,10.0.0.9");
    new.qids = Some(vec![crate::bench::qid(38_173)]);
    let Launched::Queued(reference) = bench.store.launch_scan(&new).await.unwrap() else { panic!() };
    let scan = bench.store.scan(&reference).await.unwrap().unwrap();
    assert_eq!((scan.title, scan.targets, scan.profile), (new.title, new.targets, new.profile));
    assert_eq!((scan.status, scan.launched_at, scan.ended_at), (ScanStatus::Queued, at(0), None));
    assert_eq!((scan.hosts_total, scan.hosts_done, scan.qids, scan.zones), (4, 0, new.qids, new.zones));
}

async fn launches_at_the_same_moment_get_references_of_their_own(bench: Bench) {
    let new = new_scan("10.0.0.1");
    let launches = (0..20).map(|_| {
        let (store, new) = (bench.store.clone(), new.clone());
        tokio::spawn(async move { store.launch_scan(&new).await.unwrap() })
    });
    let mut references = HashSet::new();
    for launch in launches.collect::<Vec<_>>() {
        let Launched::Queued(reference) = launch.await.unwrap() else { panic!() };
        references.insert(reference);
    }
    assert_eq!(references.len(), 20);
    assert_eq!(bench.store.list_running_scans().await.unwrap().len(), 20);
}

async fn no_more_scans_than_may_be_are_running(bench: Bench) {
    let mut new = new_scan("10.0.0.1");
    new.running_max = 3;
    let launches = (0..10).map(|_| {
        let (store, new) = (bench.store.clone(), new.clone());
        tokio::spawn(async move { store.launch_scan(&new).await.unwrap() })
    });
    let mut queued = 0;
    for launch in launches.collect::<Vec<_>>() {
        queued += u32::from(launch.await.unwrap() != Launched::TooMany);
    }
    assert_eq!(queued, 3);
}

async fn a_scan_ends_with_its_last_slice(bench: Bench) {
    bench.add_subscription().await;
    let scan = bench.launch("10.0.0.1-10.0.0.2").await;
    let one = bench.lease("worker", "one").await.unwrap();
    assert_eq!(status(&bench, &scan).await, ScanStatus::Running);
    let two = bench.lease("worker", "two").await.unwrap();
    bench.deliver(&one, "one", &alive("10.0.0.1", Vec::new(), &[])).await;
    bench.store.complete_slice(one.slice_id, "one", at(30)).await.unwrap();
    assert_eq!(status(&bench, &scan).await, ScanStatus::Running);
    bench.deliver(&two, "two", &dead("10.0.0.2")).await;
    bench.store.complete_slice(two.slice_id, "two", at(40)).await.unwrap();
    let ended = bench.store.scan(&scan).await.unwrap().unwrap();
    assert_eq!((ended.status, ended.ended_at), (ScanStatus::Finished, Some(at(40))));
    assert_eq!((ended.hosts_done, ended.hosts_alive, ended.scanner.as_deref()), (2, 1, Some("worker")));
}

async fn a_scan_of_dead_hosts_says_so(bench: Bench) {
    bench.add_subscription().await;
    bench.scan_host(&dead("10.0.0.1"), 50).await;
    let filter = ReportFilter { limit: 10, ..ReportFilter::default() };
    let scans = bench.store.list_saved_scans(filter).await.unwrap();
    assert_eq!(scans[0].status, ScanStatus::NoHostAlive);
}

async fn a_queued_scan_is_cancelled_at_once(bench: Bench) {
    bench.add_subscription().await;
    let scan = bench.launch("10.0.0.1").await;
    let id = bench.store.scan(&scan).await.unwrap().unwrap().id;
    assert_eq!(bench.store.cancel_scan(id, at(5)).await.unwrap(), Cancelled::AtOnce);
    assert_eq!(status(&bench, &scan).await, ScanStatus::Canceled);
    assert_eq!(bench.store.cancel_scan(id, at(6)).await.unwrap(), Cancelled::EndedBefore);
    assert_eq!(bench.lease("worker", "token").await, None);
}

async fn a_running_scan_is_cancelled_when_its_slices_are_home(bench: Bench) {
    bench.add_subscription().await;
    let scan = bench.launch("10.0.0.1-10.0.0.3").await;
    let one = bench.lease("worker", "one").await.unwrap();
    let two = bench.lease("silent", "two").await.unwrap();
    assert_eq!(bench.store.cancel_scan(one.scan.id, at(5)).await.unwrap(), Cancelled::Requested);
    assert_eq!(status(&bench, &scan).await, ScanStatus::Cancelling);
    assert_eq!(bench.lease("worker", "three").await, None, "nothing more is handed out");
    let intake = bench.deliver(&one, "one", &alive("10.0.0.1", vec![finding(7, Some(22))], &[7])).await;
    assert!(
        matches!(intake, palisade_store::Intake::TakenIn { holding: Holding::Cancelled, .. }),
        "{intake:?}"
    );
    let holding = bench.store.complete_slice(one.slice_id, "one", at(30)).await.unwrap();
    assert_eq!(holding, Holding::Cancelled);
    assert_eq!(status(&bench, &scan).await, ScanStatus::Cancelling);
    assert_eq!(bench.store.take_back_expired(at(1000)).await.unwrap(), 1);
    assert_eq!(status(&bench, &scan).await, ScanStatus::Canceled);
    assert_eq!(bench.store.slice_holding(two.slice_id, "two").await.unwrap(), Holding::Lost);
}

async fn an_ended_scan_is_deleted_with_its_documents(bench: Bench) {
    bench.add_subscription().await;
    let scan = bench.launch("10.0.0.1").await;
    let running = bench.store.scan(&scan).await.unwrap().unwrap();
    let slice = bench.lease("worker", "token").await.unwrap();
    bench.deliver(&slice, "token", &alive("10.0.0.1", vec![finding(7, Some(22))], &[7])).await;
    assert!(!bench.store.delete_scan(&running).await.unwrap(), "it has not ended");
    assert!(bench.store.facts(&scan, ip("10.0.0.1")).await.unwrap().is_some());
    bench.store.complete_slice(slice.slice_id, "token", at(30)).await.unwrap();

    assert!(bench.store.delete_scan(&running).await.unwrap());
    assert_eq!(bench.store.scan(&scan).await.unwrap(), None);
    assert!(bench.store.list_scan_hosts(running.id, None, 10).await.unwrap().is_empty());
    assert!(!bench.store.delete_scan(&running).await.unwrap(), "it is gone");
    let left = walk(&bench.folder.path().join("documents"));
    assert_eq!(left, 0, "documents are left");
    assert_eq!(bench.store.list_detections(ip("10.0.0.1")).await.unwrap().len(), 1);
}

/// The number of files below a folder.
fn walk(folder: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { walk(&path) } else { 1 }).sum()
}

async fn saved_scans_are_listed_by_page_newest_first(bench: Bench) {
    bench.add_subscription().await;
    for number in 0..5 {
        let mut new = new_scan("10.0.0.1");
        new.launched_at = at(number);
        new.save_report = number != 2;
        bench.store.launch_scan(&new).await.unwrap();
    }
    for scan in bench.store.list_running_scans().await.unwrap().iter().take(4) {
        bench.store.cancel_scan(scan.id, at(9)).await.unwrap();
    }
    let times = |scans: &[palisade_store::Scan]| -> Vec<_> {
        scans.iter().map(|scan| scan.launched_at.as_second() - at(0).as_second()).collect()
    };
    let filter = ReportFilter { limit: 2, ..ReportFilter::default() };
    let page = bench.store.list_saved_scans(filter).await.unwrap();
    assert_eq!(times(&page), [3, 1], "the running and the unsaved one are not there");
    let next = ReportFilter { before: Some(page[1].id), ..filter };
    assert_eq!(times(&bench.store.list_saved_scans(next).await.unwrap()), [0]);
    let since = ReportFilter { since: Some(at(1)), limit: 10, before: None };
    assert_eq!(times(&bench.store.list_saved_scans(since).await.unwrap()), [3, 1]);
}

async fn hosts_are_read_by_page(bench: Bench) {
    bench.add_subscription().await;
    let scan = bench.launch("10.0.0.1-10.0.0.5").await;
    for number in 1..=5 {
        let token = format!("token-{number}");
        let slice = bench.lease("worker", &token).await.unwrap();
        let address = slice.targets.to_string();
        bench.deliver(&slice, &token, &alive(&address, Vec::new(), &[])).await;
    }
    let id = bench.store.scan(&scan).await.unwrap().unwrap().id;
    let mut after = None;
    let mut seen = Vec::new();
    loop {
        let page = bench.store.list_scan_hosts(id, after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.ip);
        seen.extend(page.iter().map(|host| host.ip.octets()[3]));
    }
    assert_eq!(seen, [1, 2, 3, 4, 5]);
    let hosts = bench.store.list_hosts(Some(ip("10.0.0.3")), 10).await.unwrap();
    assert_eq!(hosts.iter().map(|host| host.ip).collect::<Vec<_>>(), [ip("10.0.0.4"), ip("10.0.0.5")]);
}

async fn scans_are_listed_by_their_launch_page_by_page(bench: Bench) {
    bench.add_subscription().await;
    for second in [5, 7, 7, 9] {
        let new = NewScan {
            launched_at: at(second),
            priority: 3,
            excluded: ips("10.0.0.9"),
            ..new_scan("10.0.0.1")
        };
        bench.store.launch_scan(&new).await.unwrap();
    }
    let page = async |from, until, after, limit| {
        let span = ScanSpan { from, until, after, limit };
        let scans = bench.store.list_scans(span).await.unwrap();
        scans.into_iter().map(|scan| (scan.launched_at, scan.id)).collect::<Vec<_>>()
    };
    let all = page(None, None, None, 10).await;
    assert!(all.len() == 4 && all.is_sorted_by(|one, other| one > other), "{all:?}");
    for cut in 1..4 {
        let (launched_at, id) = all[cut - 1];
        let mark = Some(ScanMark { launched_at, id });
        assert_eq!(page(None, None, mark, 10).await, all[cut..]);
        assert_eq!(page(None, None, mark, 1).await, all[cut..=cut]);
    }
    assert_eq!(page(Some(at(7)), Some(at(7)), None, 10).await, all[1..3]);
    assert_eq!(page(Some(at(10)), None, None, 10).await, []);

    let id = u64::try_from(all[3].1).unwrap();
    let scan = bench.store.scan_with_id(id).await.unwrap().unwrap();
    assert_eq!((scan.launched_at, scan.priority), (at(5), 3));
    assert_eq!((scan.excluded, scan.vulnerabilities), (ips("10.0.0.9"), Some(0)));
    assert_eq!(bench.store.scan_with_id(4_711).await.unwrap(), None);
    let found = vec![finding(7, Some(22)), finding(8, None), finding(2_000, None)];
    let slice = bench.lease("worker", "token").await.unwrap();
    bench.deliver(&slice, "token", &alive("10.0.0.1", found, &[7, 8, 2_000])).await;
    let scan = bench.store.scan(&slice.scan.reference).await.unwrap().unwrap();
    assert_eq!((scan.findings, scan.vulnerabilities), (3, Some(2)), "information is none");
}

crate::both!(
    scans_are_listed_by_their_launch_page_by_page,
    a_scan_comes_back_as_it_was_launched,
    launches_at_the_same_moment_get_references_of_their_own,
    no_more_scans_than_may_be_are_running,
    a_scan_ends_with_its_last_slice,
    a_scan_of_dead_hosts_says_so,
    a_queued_scan_is_cancelled_at_once,
    a_running_scan_is_cancelled_when_its_slices_are_home,
    an_ended_scan_is_deleted_with_its_documents,
    saved_scans_are_listed_by_page_newest_first,
    hosts_are_read_by_page,
);
