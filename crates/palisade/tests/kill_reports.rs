//! `kill -9` at random moments while saved reports are made: after all of them every report is whole, and
//! nothing else is left in the folder of documents.
//!
//! `PALISADE_KILLS` sets how often (10), `PALISADE_SEED` repeats a run.

mod filled;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use palisade_testkit::dice::{Dice, kills};
use palisade_testkit::postgres::Database;
use palisade_testkit::server::TestServer;

use crate::filled::{Filling, fill_database};

const PALISADE: &str = env!("CARGO_BIN_EXE_palisade");
/// What the reports are about; large enough that a kill hits one that is being made.
const FILLING: Filling = Filling { hosts: 250, findings: 80 };
/// How long the reports may take to end once nobody kills the server any more.
const PATIENCE: Duration = Duration::from_mins(3);
const SETTINGS: [&str; 2] = ["--rate-limit-calls", "0"];

const REPORT: &str = "api/2.0/fo/report/";

/// Ids and states of all reports.
fn states(server: &TestServer) -> BTreeMap<u64, String> {
    let list = server.call(REPORT, &[("action", "list")]);
    let value = |text: &str, before: &str| {
        text.split(before).nth(1).and_then(|rest| rest.split('<').next()).map(str::to_owned)
    };
    let report = |text: &str| Some((value(text, "<ID>")?.parse().ok()?, value(text, "<STATE>")?));
    list.split("<REPORT>").skip(1).filter_map(report).collect()
}

/// Asks for a report; gives its id, unless there are too many already.
fn launch(server: &TestServer, format: &str) -> Option<u64> {
    let form = [("action", "launch"), ("template_id", "2"), ("output_format", format)];
    let answer = server.try_call(REPORT, &form).expect("the server answers");
    if answer.status == 409 {
        return None;
    }
    let id = answer.body.split("<VALUE>").nth(1).and_then(|rest| rest.split('<').next());
    Some(id.and_then(|id| id.parse().ok()).unwrap_or_else(|| panic!("no id: {}", answer.body)))
}

/// How long a report takes on this machine: kills come within that time.
fn span_ms(server: &TestServer) -> u64 {
    let begun = Instant::now();
    let id = launch(server, "xml").expect("there are no other reports");
    settled(server);
    let span = begun.elapsed();
    let _ = server.call(REPORT, &[("action", "delete"), ("id", &id.to_string())]);
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX).max(50)
}

/// Kills the server again and again while it makes reports; some are canceled or deleted meanwhile. Gives
/// the reports that are to be there, with their formats.
fn torment(server: &mut TestServer, dice: &mut Dice) -> BTreeMap<u64, &'static str> {
    let mut wanted = BTreeMap::new();
    let mut hits = 0;
    let bound_ms = span_ms(server);
    for round in 0..kills(10) {
        for format in ["xml", "csv"] {
            wanted.extend(launch(server, format).map(|id| (id, format)));
        }
        thread::sleep(Duration::from_millis(dice.below(bound_ms)));
        let now = states(server);
        let running = now.iter().find(|(_, state)| *state == "Running").map(|(id, _)| *id);
        if let Some(id) = running.filter(|_| dice.below(4) == 0) {
            let action = if dice.below(2) == 0 { "cancel" } else { "delete" };
            // It may have ended just now.
            let _ = server.try_call(REPORT, &[("action", action), ("id", &id.to_string())]);
            if action == "delete" {
                wanted.remove(&id);
            }
        }
        hits += u32::from(running.is_some());
        server.kill();
        server.restart();
        let now = states(server);
        assert!(now.keys().all(|id| wanted.contains_key(id)), "round {round}");
        // They would fill the disk.
        for id in now.iter().filter(|(_, state)| *state == "Finished").map(|(id, _)| *id) {
            check_report(server, id, wanted.remove(&id).unwrap_or_default());
            let _ = server.call(REPORT, &[("action", "delete"), ("id", &id.to_string())]);
        }
    }
    assert!(hits * 3 >= kills(10), "only {hits} of {} kills hit a report", kills(10));
    wanted
}

/// Waits until every report has ended; gives their states.
fn settled(server: &TestServer) -> BTreeMap<u64, String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let states = states(server);
        if states.values().all(|state| state == "Finished" || state == "Canceled") {
            return states;
        }
        assert!(Instant::now() < deadline, "a report does not end: {states:?}\n{}", server.log());
        thread::sleep(Duration::from_millis(100));
    }
}

/// A finished report is whole.
fn check_report(server: &TestServer, id: u64, format: &str) {
    let document = server.call(REPORT, &[("action", "fetch"), ("id", &id.to_string())]);
    let findings = usize::try_from(FILLING.hosts).expect("few hosts") * FILLING.findings;
    let (counted, end) = if format == "xml" {
        (document.matches("<VULN_INFO>").count(), document.contains("</ASSET_DATA_REPORT>"))
    } else {
        (document.matches("\n\"10.0.0.").count(), document.ends_with('\n'))
    };
    assert_eq!((counted, end), (findings, true), "{id} as {format}");
}

/// Every finished report is whole, and no document is there but theirs.
fn check(server: &TestServer, documents: &Path, wanted: &BTreeMap<u64, &'static str>) {
    let states = settled(server);
    assert_eq!(states.keys().collect::<Vec<_>>(), wanted.keys().collect::<Vec<_>>());
    let mut finished = BTreeSet::new();
    for (id, format) in wanted.iter().filter(|(id, _)| states[*id] == "Finished") {
        check_report(server, *id, format);
        finished.insert(id.to_string());
    }
    let folder = documents.join("report");
    let mut left = BTreeSet::new();
    for report in std::fs::read_dir(&folder).expect("the folder is there") {
        let report = report.expect("an entry").path();
        let files = std::fs::read_dir(&report).expect("a folder").count();
        if files > 0 {
            assert_eq!(files, 1, "{}", report.display());
            left.insert(report.file_name().and_then(|name| name.to_str()).expect("a name").to_owned());
        }
    }
    assert_eq!(left, finished, "no other documents are left");
    for id in wanted.keys() {
        let _ = server.call(REPORT, &[("action", "delete"), ("id", &id.to_string())]);
    }
    assert_eq!(std::fs::read_dir(&folder).expect("the folder is there").count(), 0);
}

#[test]
fn killed_reports_end_right_on_sqlite() {
    let mut server = TestServer::start_with_settings(PALISADE, None, &SETTINGS);
    let documents = server.data().join("documents");
    let url = server.sqlite_url();
    fill_database(&mut server, &url, FILLING);
    let mut wanted = torment(&mut server, &mut Dice::new());
    wanted.extend(launch(&server, "xml").map(|id| (id, "xml")));
    check(&server, &documents, &wanted);
}

#[test]
fn killed_reports_end_right_on_postgresql() {
    let database = Database::create().expect("PostgreSQL runs");
    let mut server = TestServer::start_with_settings(PALISADE, Some(&database.url()), &SETTINGS);
    let documents = server.data().join("documents");
    fill_database(&mut server, &database.url(), FILLING);
    let mut wanted = torment(&mut server, &mut Dice::new());
    wanted.extend(launch(&server, "xml").map(|id| (id, "xml")));
    check(&server, &documents, &wanted);
}
