//! Fifty clients at once, half of them reading and half of them writing: nobody sees an error, every
//! document is whole, and every change is there afterwards. The API limits count all of it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod filled;

use std::sync::Barrier;
use std::thread;

use palisade_kb::KnowledgeBase;
use palisade_model::IpSet;
use palisade_testkit::postgres::Database;
use palisade_testkit::server::{Answer, TestServer};

use crate::filled::{Filling, fill_database};

const PALISADE: &str = env!("CARGO_BIN_EXE_palisade");
const READERS: usize = 25;
const WRITERS: usize = 25;
/// What each writer does, and each reader asks.
const ROUNDS: usize = 3;
/// One host for every change of a writer.
const FILLING: Filling = Filling { hosts: 75, findings: 20 };
/// As many calls at once as there are clients: each gives its slot back before the next one takes it.
const SETTINGS: [&str; 4] = ["--rate-limit-calls", "100000", "--concurrency-limit", "50"];

const GROUP: &str = "api/2.0/fo/asset/group/";
const SEARCH_LIST: &str = "api/2.0/fo/qid/search_list/static/";
const EXCLUDED: &str = "api/2.0/fo/asset/excluded_ip/";
const DETECTION: &str = "api/2.0/fo/asset/host/vm/detection/";

/// The texts of all elements with this name.
fn texts<'a>(document: &'a str, element: &str) -> Vec<&'a str> {
    let (start, end) = (format!("<{element}>"), format!("</{element}>"));
    document.split(&start).skip(1).filter_map(|rest| rest.split(&end).next()).collect()
}

/// The addresses that a document lists, as single ones and as ranges.
fn addresses(document: &str) -> IpSet {
    [texts(document, "IP"), texts(document, "IP_RANGE")].concat().join(",").parse().unwrap()
}

fn made_id(answer: &str) -> String {
    texts(answer, "VALUE")[0].to_owned()
}

/// What all writers change.
struct Shared {
    group: String,
    list: String,
    /// One for each change, and one that is found on every host.
    qids: Vec<u32>,
    common: u32,
}

impl Shared {
    fn make(server: &TestServer) -> Self {
        let kb = KnowledgeBase::embedded().unwrap();
        let detections = kb.entries().filter(|entry| entry.kind.is_detection());
        let qids: Vec<u32> = detections.map(|entry| entry.qid.number()).take(WRITERS * ROUNDS + 1).collect();
        let (common, first) = (qids[0].to_string(), qids[WRITERS * ROUNDS].to_string());
        let group = server.call(GROUP, &[("action", "add"), ("title", "Shared")]);
        let list = server.call(SEARCH_LIST, &[("action", "create"), ("title", "Shared"), ("qids", &first)]);
        let common = common.parse().unwrap();
        Self { group: made_id(&group), list: made_id(&list), qids, common }
    }
}

type Call<'a> = &'a dyn Fn(&str, &[(&str, &str)]) -> String;

/// The change with this number, of each kind. No two have anything in common but the rows they are in.
fn write(call: Call<'_>, shared: &Shared, number: usize) {
    let host = format!("10.0.0.{number}");
    let qid = shared.qids[number].to_string();
    let common = shared.common.to_string();
    let new = format!("10.9.0.{}", number * 2);
    call("msp/asset_ip.php", &[("action", "add"), ("host_ips", &new)]);
    call(GROUP, &[("action", "edit"), ("id", &shared.group), ("add_ips", &host)]);
    call(SEARCH_LIST, &[("action", "update"), ("id", &shared.list), ("add_qids", &qid)]);
    let excluded = format!("10.8.0.{}", number * 2);
    call(EXCLUDED, &[("action", "add"), ("ips", &excluded), ("comment", "busy")]);
    let ignored =
        call("msp/ignore_vuln.php", &[("qids", &common), ("ips", &host), ("comments", "on purpose")]);
    assert_eq!(texts(&ignored, "IGNORED").len(), 1, "{ignored}");
}

/// Asks for long and short answers; all of them are whole.
fn read(call: Call<'_>, number: usize) {
    let hosts = usize::try_from(FILLING.hosts).unwrap();
    let detections = call(DETECTION, &[("action", "list"), ("include_ignored", "1")]);
    assert_eq!(texts(&detections, "DETECTION").len(), hosts * FILLING.findings);
    let ip = format!("10.0.0.{}", number % hosts);
    let one = call(DETECTION, &[("action", "list"), ("ips", &ip), ("include_ignored", "1")]);
    assert_eq!(texts(&one, "DETECTION").len(), FILLING.findings);
    let listed = call("api/2.0/fo/asset/host/", &[("action", "list"), ("truncation_limit", "10")]);
    assert_eq!((texts(&listed, "HOST").len(), listed.contains("1980")), (10, true));
    let report = call("msp/asset_data_report.php", &[("template_id", "2")]);
    assert!(report.contains("</ASSET_DATA_REPORT>"), "{report}");
    call("msp/get_host_info.php", &[("host_ip", &ip), ("general_info", "1"), ("vuln_details", "1")]);
    call(GROUP, &[("action", "list")]);
    call("msp/scan_report_list.php", &[]);
    call("msp/user_list.php", &[]);
}

fn check(server: &TestServer, shared: &Shared) {
    let changes = u32::try_from(WRITERS * ROUNDS).unwrap();
    let every_second = |network: &str| -> IpSet {
        let listed: Vec<String> = (0..changes).map(|number| format!("{network}.{}", number * 2)).collect();
        listed.join(",").parse().unwrap()
    };
    let known =
        addresses(&server.call("api/2.0/fo/asset/ip/", &[("action", "list"), ("ips", "10.9.0.0/16")]));
    assert_eq!(known, every_second("10.9.0"));
    let excluded = server.call(EXCLUDED, &[("action", "list")]);
    assert_eq!(addresses(&excluded), every_second("10.8.0"));
    let group = server.call(GROUP, &[("action", "list"), ("ids", &shared.group)]);
    assert_eq!(addresses(&group), format!("10.0.0.0-10.0.0.{}", changes - 1).parse().unwrap());
    let list = server.call(SEARCH_LIST, &[("action", "list"), ("ids", &shared.list)]);
    let mut listed: Vec<u32> = texts(&list, "QID").iter().map(|qid| qid.parse().unwrap()).collect();
    let mut expected = shared.qids.clone();
    listed.sort_unstable();
    expected.sort_unstable();
    assert_eq!(listed, expected);
    let everything = server.call(DETECTION, &[("action", "list"), ("include_ignored", "1")]);
    let ignored = texts(&everything, "IS_IGNORED").into_iter().filter(|word| *word == "1").count();
    assert_eq!(ignored, WRITERS * ROUNDS);
}

fn fifty_clients(server: &mut TestServer, database: &str) {
    fill_database(server, database, FILLING);
    let server = &*server;
    let excluded = "10.8.0.0-10.8.0.255";
    let _ = server.call("msp/asset_ip.php", &[("action", "add"), ("host_ips", excluded)]);
    let shared = Shared::make(server);
    let start = Barrier::new(READERS + WRITERS);
    thread::scope(|scope| {
        for client in 0..READERS + WRITERS {
            let (caller, shared, start) = (server.caller(), &shared, &start);
            scope.spawn(move || {
                let call = |function: &str, form: &[(&str, &str)]| {
                    let Answer { status, body } = caller(function, form).unwrap();
                    let refused = body.contains("<ERROR") || body.contains("status=\"FAILED\"");
                    assert!(status == 200 && !refused, "{function} {form:?}: {status} {body}");
                    body
                };
                start.wait();
                for round in 0..ROUNDS {
                    if client < WRITERS {
                        write(&call, shared, client * ROUNDS + round);
                    } else {
                        read(&call, client * ROUNDS + round);
                    }
                }
            });
        }
    });
    check(server, &shared);
}

#[test]
fn fifty_clients_lose_nothing_on_sqlite() {
    let mut server = TestServer::start_with_settings(PALISADE, None, &SETTINGS);
    let url = server.sqlite_url();
    fifty_clients(&mut server, &url);
}

#[test]
fn fifty_clients_lose_nothing_on_postgresql() {
    let database = Database::create().unwrap();
    let mut server = TestServer::start_with_settings(PALISADE, Some(&database.url()), &SETTINGS);
    fifty_clients(&mut server, &database.url());
}
