//! Fetching from a real server on loopback that refuses, breaks off and changes its files.
#![expect(clippy::unwrap_used, reason = "a failed step is a failed test, and the panic says where")]

use std::path::Path;
use std::time::Duration;

use palisade_feed::{ChangeWindow, FetchError, Fetched, Fetcher, Patience};
use palisade_model::Timestamp;
use palisade_testkit::feed_source::FeedSource;

const PATIENCE: Patience = Patience {
    attempts_max: 4,
    wait: Duration::from_millis(1),
    wait_max: Duration::from_millis(5),
    page_wait: Duration::ZERO,
};

fn fetcher(folder: &Path) -> Fetcher {
    Fetcher::new(folder, PATIENCE, 1 << 20).unwrap()
}

/// Bytes that are not the same anywhere.
fn bytes(count: u32) -> Vec<u8> {
    (0..count).flat_map(u32::to_be_bytes).collect()
}

fn ranges(source: &FeedSource) -> Vec<Option<String>> {
    source.take_seen().into_iter().map(|mut request| request.headers.remove("range")).collect()
}

#[track_caller]
fn whole(fetched: Fetched, expected: &[u8]) {
    let Fetched::File(path) = fetched else { panic!("{fetched:?}") };
    assert!(std::fs::read(path).unwrap() == expected, "the file is not what was published");
}

#[test]
fn a_transfer_goes_on_where_it_broke_off() {
    let source = FeedSource::start();
    let folder = tempfile::tempdir().unwrap();
    let (url, contents) = (source.url("/file"), bytes(50_000));
    source.publish("/file", "\"one\"", contents.clone());
    source.break_off(&[1_000, 70_000, 100]);
    let first = fetcher(folder.path());
    whole(first.file(&url, "file").unwrap(), &contents);
    let other = Fetcher::new(folder.path(), PATIENCE, 1);
    assert!(matches!(other, Err(FetchError::InUse { .. })));
    drop(first);
    let asked = ranges(&source);
    assert_eq!(asked.len(), 4);
    assert!(asked[0].is_none() && asked[1..].iter().all(Option::is_some), "{asked:?}");
    let fetcher = fetcher(folder.path());
    fetcher.used("file").unwrap();
    assert_eq!(fetcher.file(&url, "file").unwrap(), Fetched::Unchanged);
    source.publish("/file", "\"two\"", bytes(10));
    whole(fetcher.file(&url, "file").unwrap(), &bytes(10));
}

#[test]
fn another_process_goes_on_unless_the_file_has_changed() {
    let source = FeedSource::start();
    let folder = tempfile::tempdir().unwrap();
    let (url, contents) = (source.url("/file"), bytes(50_000));
    source.publish("/file", "\"one\"", contents.clone());
    // As many as are tried without getting anything; the first gets something.
    source.break_off(&[90_000, 0, 0, 0, 0]);
    let error = fetcher(folder.path()).file(&url, "file").unwrap_err();
    assert!(matches!(error, FetchError::Broken { bytes: 90_000, .. }), "{error}");
    source.break_off(&[]);
    let _ = source.take_seen();
    whole(fetcher(folder.path()).file(&url, "file").unwrap(), &contents);
    assert_eq!(ranges(&source), [Some("bytes=90000-".to_owned())]);

    let other = tempfile::tempdir().unwrap();
    source.break_off(&[90_000, 0, 0, 0, 0]);
    fetcher(other.path()).file(&url, "file").unwrap_err();
    source.break_off(&[]);
    let changed: Vec<u8> = contents.iter().rev().copied().collect();
    source.publish("/file", "\"two\"", changed.clone());
    whole(fetcher(other.path()).file(&url, "file").unwrap(), &changed);
}

#[test]
fn refusals_are_waited_out_but_not_for_ever() {
    let source = FeedSource::start();
    let folder = tempfile::tempdir().unwrap();
    let url = source.url("/file");
    source.publish("/file", "\"one\"", "contents");
    source.refuse(&[(503, Some(0)), (403, None), (429, Some(3_600))]);
    whole(fetcher(folder.path()).file(&url, "file").unwrap(), b"contents");
    source.refuse(&[(503, None); 10]);
    let error = fetcher(folder.path()).file(&url, "other").unwrap_err();
    assert!(matches!(error, FetchError::Status { status: 503, .. }), "{error}");
    source.refuse(&[]);
    let _ = source.take_seen();
    let error = fetcher(folder.path()).file(&source.url("/missing"), "missing").unwrap_err();
    assert!(matches!(error, FetchError::Status { status: 404, .. }), "{error}");
    assert_eq!(source.take_seen().len(), 1, "what is not there is asked for once");
}

#[test]
fn what_is_too_large_is_not_kept() {
    let source = FeedSource::start();
    let folder = tempfile::tempdir().unwrap();
    source.publish("/file", "\"one\"", bytes(300_000));
    let error = fetcher(folder.path()).file(&source.url("/file"), "file").unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { .. }), "{error}");
    assert!(!folder.path().join("file.part").exists());
    source.publish("/text", "\"one\"", bytes(10_000));
    let error = fetcher(folder.path()).text(&source.url("/text")).unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { .. }), "{error}");
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn record(number: u32, modified: &str) -> String {
    format!(
        "{{\"id\":\"CVE-2026-{number:04}\",\"published\":\"2026-01-01T00:00:00.000\",\"lastModified\":\"{modified}\"}}"
    )
}

fn starts(source: &FeedSource) -> Vec<String> {
    let start = |path: &str| {
        let (_, rest) = path.split_once("startIndex=").unwrap();
        rest.split('&').next().unwrap().to_owned()
    };
    source.take_seen().iter().map(|request| start(&request.path)).collect()
}

#[test]
fn changes_come_page_by_page_and_go_on() {
    let source = FeedSource::start();
    let folder = tempfile::tempdir().unwrap();
    for number in 0..7 {
        let modified = format!("2026-11-{:02}T00:00:00.000", number + 10);
        source.publish_record(&modified, &record(number, &modified));
    }
    source.limit_pages(2);
    source.require_api_key("secret");
    let since = at("2026-11-11T00:00:00Z");
    let window = ChangeWindow::from(since, at("2026-11-20T00:00:00Z"));
    let fetcher = fetcher(folder.path());
    let error = fetcher.changes(&source.api_url(), None, window).unwrap_err();
    assert!(matches!(error, FetchError::Status { status: 403, .. }), "{error}");

    // The second page breaks off every time.
    source.break_off(&[10_000, 50, 50, 50, 50]);
    let _ = source.take_seen();
    let error = fetcher.changes(&source.api_url(), Some("secret"), window).unwrap_err();
    assert!(matches!(error, FetchError::Broken { .. }), "{error}");
    source.break_off(&[]);
    assert_eq!(starts(&source), ["0", "2", "2", "2", "2"]);

    // Another process asks a day later for the same beginning.
    let later = ChangeWindow::from(since, at("2026-11-21T00:00:00Z"));
    drop(fetcher);
    let again = self::fetcher(folder.path());
    source.refuse(&[(503, None)]);
    let changes = again.changes(&source.api_url(), Some("secret"), later).unwrap();
    assert_eq!(starts(&source), ["2", "2", "4"], "the first page is not fetched again");
    assert_eq!((changes.window, changes.pages.len()), (window, 3));
    again.discard_changes().unwrap();
    let changes = again.changes(&source.api_url(), Some("secret"), later).unwrap();
    assert_eq!(changes.window, later);
}

#[test]
fn a_page_that_is_none_is_not_kept() {
    let source = FeedSource::start();
    let folder = tempfile::tempdir().unwrap();
    source.publish("/other", "\"one\"", "<html>Please wait</html>");
    let window = ChangeWindow::from(at("2026-01-01T00:00:00Z"), at("2026-11-21T00:00:00Z"));
    assert_eq!(window.until, at("2026-05-01T00:00:00Z"), "the API answers for 120 days");
    let error = fetcher(folder.path()).changes(&source.url("/other"), None, window).unwrap_err();
    assert!(matches!(error, FetchError::Page { .. }), "{error}");
    source.publish("/third", "\"one\"", r#"{"format":"NVD_CVE","startIndex":5,"vulnerabilities":[]}"#);
    let error = fetcher(folder.path()).changes(&source.url("/third"), None, window).unwrap_err();
    assert!(matches!(error, FetchError::OtherPage { .. }), "{error}");
    let changes = fetcher(folder.path()).changes(&source.api_url(), None, window).unwrap();
    assert_eq!(changes.pages.len(), 1, "nothing was changed, and that is known");
}
