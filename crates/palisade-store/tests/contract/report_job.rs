//! Saved reports: launched within limits, made by one at a time, taken up again, canceled, expired.

use palisade_model::report_job::HostChoice;
use palisade_model::{ReportFormat, ReportState, ReportSubject, Timestamp};
use palisade_store::{NewReport, ReportHolding, ReportJob, ReportLaunched, ReportLimits};
use tokio::sync::mpsc;

use crate::bench::{Bench, at, ips, login};

const LIMITS: ReportLimits = ReportLimits { unfinished_max: 10, of_user_max: 10, bytes_max: 1_000 };

fn report(title: &str) -> NewReport {
    let hosts = HostChoice { ips: Some(ips("10.0.0.1-10.0.0.9")), asset_groups: vec![7] };
    NewReport {
        title: title.to_owned(),
        login: login("quays_ab1"),
        format: ReportFormat::Csv,
        hide_header: true,
        subject: ReportSubject::Hosts { template_id: 2, hosts },
        base_url: "https://vm.example:8443".to_owned(),
        launched_at: at(0),
        expires_at: at(1_000),
    }
}

impl Bench {
    async fn submit(&self, title: &str) -> i64 {
        match self.store.launch_report_job(&report(title), LIMITS).await.unwrap() {
            ReportLaunched::Submitted(id) => id,
            refused => panic!("{refused:?}"),
        }
    }

    async fn job(&self, id: i64) -> ReportJob {
        self.store.report_job(id, at(0)).await.unwrap().unwrap()
    }

    async fn lease_report(&self, worker: &str, token: &str, until: Timestamp) -> Option<i64> {
        Some(self.store.lease_report_job(worker, token, until).await.unwrap()?.id)
    }

    async fn write(&self, id: i64, token: &str, pages: &[&[u8]], bytes_max: u64) -> Option<(String, u64)> {
        let (sender, mut receiver) = mpsc::channel(pages.len().max(1));
        for page in pages {
            sender.send(page.to_vec()).await.unwrap();
        }
        drop(sender);
        self.store.write_report_document(id, token, &mut receiver, bytes_max).await.unwrap()
    }

    async fn read(&self, name: &str) -> Option<Vec<u8>> {
        let mut pieces = self.store.read_report_document(name).await.ok()?;
        let mut all = Vec::new();
        while let Some(piece) = pieces.recv().await {
            all.extend(piece.unwrap());
        }
        Some(all)
    }

    fn folder_of_report(&self, id: i64) -> std::path::PathBuf {
        self.folder.path().join(format!("documents/report/{id}"))
    }
}

fn held(report_id: i64, token: &str) -> ReportHolding<'_> {
    ReportHolding { report_id, token }
}

async fn a_report_comes_back_as_it_was_launched(bench: Bench) {
    let id = bench.submit("Büro <A>").await;
    let NewReport { title, login, format, hide_header, subject, base_url, launched_at, expires_at } =
        report("Büro <A>");
    let expected = ReportJob {
        id,
        title,
        login,
        format,
        hide_header,
        subject,
        base_url,
        state: ReportState::Submitted,
        percent: 0,
        reason: None,
        launched_at,
        ended_at: None,
        expires_at,
        document: None,
        size_bytes: 0,
    };
    assert_eq!(bench.job(id).await, expected);
    let second = bench.submit("Second").await;
    let listed = bench.store.list_report_jobs(at(0)).await.unwrap();
    assert_eq!(listed.iter().map(|job| job.id).collect::<Vec<_>>(), [second, id], "the newest first");
}

async fn launches_stay_within_limits(bench: Bench) {
    let id = bench.submit("One").await;
    let refused = async |limits| bench.store.launch_report_job(&report("Another"), limits).await.unwrap();
    let one = ReportLimits { unfinished_max: 1, ..LIMITS };
    assert_eq!(refused(one).await, ReportLaunched::TooManyUnfinished);
    assert_eq!(refused(ReportLimits { of_user_max: 1, ..LIMITS }).await, ReportLaunched::TooManyOfUser);
    bench.lease_report("a", "t", at(60)).await.unwrap();
    assert_eq!(refused(one).await, ReportLaunched::TooManyUnfinished, "running ones count");
    assert!(bench.store.complete_report_job(held(id, "t"), "x", 1_000, at(9)).await.unwrap());
    assert_eq!(refused(one).await, ReportLaunched::Full);
    let wide = ReportLimits { bytes_max: 1_001, ..one };
    assert!(matches!(refused(wide).await, ReportLaunched::Submitted(_)));
}

async fn a_report_is_made_by_one_at_a_time(bench: Bench) {
    let (first, second) = (bench.submit("One").await, bench.submit("Two").await);
    let (one, two) =
        tokio::join!(bench.lease_report("a", "token-a", at(60)), bench.lease_report("b", "token-b", at(60)));
    let mut leased = [one.unwrap(), two.unwrap()];
    leased.sort_unstable();
    assert_eq!(leased, [first, second]);
    assert_eq!(bench.lease_report("a", "token-c", at(60)).await, None);
    let token = if one == Some(first) { "token-a" } else { "token-b" };
    assert!(bench.store.renew_report_job(held(first, token), 40, at(90)).await.unwrap());
    assert_eq!((bench.job(first).await.state, bench.job(first).await.percent), (ReportState::Running, 40));
    assert!(!bench.store.renew_report_job(held(second, token), 40, at(90)).await.unwrap());
}

async fn a_finished_report_is_read_back(bench: Bench) {
    let id = bench.submit("One").await;
    bench.lease_report("a", "token", at(60)).await.unwrap();
    let long = vec![b'x'; 3 * 1024 * 1024];
    let (name, size) = bench.write(id, "token", &[b"head\n", &long, b"end"], u64::MAX).await.unwrap();
    assert_eq!(bench.job(id).await.document, None, "not before it is whole");
    assert!(bench.store.complete_report_job(held(id, "token"), &name, size, at(20)).await.unwrap());
    let job = bench.job(id).await;
    assert_eq!((job.state, job.percent, job.ended_at), (ReportState::Finished, 100, Some(at(20))));
    let read = bench.read(&job.document.unwrap()).await.unwrap();
    assert_eq!(u64::try_from(read.len()).unwrap(), job.size_bytes);
    assert!(read.starts_with(b"head\nxx") && read.ends_with(b"xend"));
    assert!(!bench.store.complete_report_job(held(id, "token"), &name, size, at(30)).await.unwrap());
    assert!(!bench.store.cancel_report_job(id, at(30)).await.unwrap(), "it has ended");
    assert!(bench.store.delete_report_job(id).await.unwrap());
    assert!(!bench.folder_of_report(id).exists());
    assert_eq!(bench.store.report_job(id, at(0)).await.unwrap(), None);
    assert!(!bench.store.delete_report_job(id).await.unwrap());
}

async fn a_document_that_grows_too_large_is_not_kept(bench: Bench) {
    let id = bench.submit("One").await;
    assert_eq!(bench.write(id, "token", &[b"12345", b"67890"], 9).await, None);
    let left = std::fs::read_dir(bench.folder_of_report(id)).map_or(0, Iterator::count);
    assert_eq!(left, 0);
}

async fn a_report_whose_maker_fell_silent_is_made_anew(bench: Bench) {
    let id = bench.submit("One").await;
    bench.lease_report("a", "silent", at(60)).await.unwrap();
    let (name, size) = bench.write(id, "silent", &[b"half"], u64::MAX).await.unwrap();
    assert_eq!(bench.store.take_back_expired_report_jobs(at(59)).await.unwrap(), 0);
    assert_eq!(bench.store.take_back_expired_report_jobs(at(60)).await.unwrap(), 1);
    assert_eq!(bench.job(id).await.state, ReportState::Submitted);
    assert_eq!(bench.lease_report("b", "second", at(120)).await, Some(id));
    let late = bench.store.complete_report_job(held(id, "silent"), &name, size, at(70)).await.unwrap();
    assert!(!late, "what comes late does not count");
    let (name, size) = bench.write(id, "second", &[b"whole"], u64::MAX).await.unwrap();
    assert!(bench.store.complete_report_job(held(id, "second"), &name, size, at(80)).await.unwrap());
    assert_eq!(bench.read(&bench.job(id).await.document.unwrap()).await.unwrap(), b"whole");
}

async fn a_new_process_takes_up_what_its_last_one_left(bench: Bench) {
    let id = bench.submit("One").await;
    bench.lease_report("server-1", "old", at(60)).await.unwrap();
    assert_eq!(bench.store.take_back_report_jobs_from("server-2", at(5)).await.unwrap(), 0);
    assert_eq!(bench.store.take_back_report_jobs_from("server-1", at(5)).await.unwrap(), 1);
    assert_eq!(bench.lease_report("server-1", "new", at(60)).await, Some(id));
}

async fn a_report_that_cannot_be_made_ends_in_an_error(bench: Bench) {
    let id = bench.submit("One").await;
    bench.lease_report("a", "t", at(60)).await.unwrap();
    assert!(bench.store.fail_report_job(held(id, "t"), "no such group", false, at(9)).await.unwrap());
    let job = bench.job(id).await;
    assert_eq!((job.state, job.reason.as_deref()), (ReportState::Errors, Some("no such group")));
    let again = bench.submit("Two").await;
    for attempt in 0..palisade_store::SLICE_ATTEMPTS_MAX {
        assert_eq!(bench.job(again).await.state, ReportState::Submitted, "attempt {attempt}");
        bench.lease_report("a", "t", at(60)).await.unwrap();
        assert!(
            bench.store.fail_report_job(held(again, "t"), "the disk is full", true, at(9)).await.unwrap()
        );
    }
    assert_eq!(bench.job(again).await.state, ReportState::Errors, "not for ever");
}

async fn a_canceled_report_is_nobodys(bench: Bench) {
    let (id, waiting) = (bench.submit("One").await, bench.submit("Two").await);
    bench.lease_report("a", "t", at(60)).await.unwrap();
    for id in [id, waiting] {
        assert!(bench.store.cancel_report_job(id, at(9)).await.unwrap());
        assert_eq!(bench.job(id).await.state, ReportState::Canceled);
        assert!(!bench.store.cancel_report_job(id, at(9)).await.unwrap());
    }
    assert!(!bench.store.renew_report_job(held(id, "t"), 9, at(90)).await.unwrap());
    assert!(!bench.store.complete_report_job(held(id, "t"), "x", 1, at(90)).await.unwrap());
    assert_eq!(bench.lease_report("a", "t", at(60)).await, None);
}

async fn an_expired_report_is_not_shown_any_more(bench: Bench) {
    let id = bench.submit("One").await;
    assert_eq!(bench.store.list_expired_report_jobs(at(999), 9).await.unwrap(), [0_i64; 0]);
    assert_eq!(bench.store.list_expired_report_jobs(at(1_000), 9).await.unwrap(), [id]);
    assert_eq!(bench.store.report_job(id, at(1_000)).await.unwrap(), None);
    assert_eq!(bench.store.list_report_jobs(at(1_000)).await.unwrap(), []);
}

crate::both!(
    a_report_comes_back_as_it_was_launched,
    launches_stay_within_limits,
    a_report_is_made_by_one_at_a_time,
    a_finished_report_is_read_back,
    a_document_that_grows_too_large_is_not_kept,
    a_report_whose_maker_fell_silent_is_made_anew,
    a_new_process_takes_up_what_its_last_one_left,
    a_report_that_cannot_be_made_ends_in_an_error,
    a_canceled_report_is_nobodys,
    an_expired_report_is_not_shown_any_more,
);
