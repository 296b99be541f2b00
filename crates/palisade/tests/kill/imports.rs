//! `kill -9` while option profiles are imported and addresses are added: all of a document is there
//! after the restart, or nothing of it.

use std::fmt::Write as _;
use std::thread;
use std::time::Duration;

use palisade_testkit::dice::{Dice, kills};
use palisade_testkit::postgres::Database;
use palisade_testkit::server::TestServer;

use crate::{PALISADE, SETTINGS};

const PROFILES: &str = "api/2.0/fo/subscription/option_profile/";
const ADDRESSES: &str = "api/2.0/fo/asset/ip/";
/// Profiles of one document.
const EACH: usize = 30;
/// Ranges of one call that adds addresses.
const RANGES: u32 = 200;
/// A kill comes at most this long after the document was sent.
const DELAY_BOUND_MS: u64 = 60;

/// A document of profiles that are named after the `round`.
fn document(round: u32) -> String {
    let mut document = String::from("<OPTION_PROFILES>");
    for number in 0..EACH {
        let _ = write!(
            document,
            "<OPTION_PROFILE><BASIC_INFO><GROUP_NAME>Round {round}, {number}</GROUP_NAME></BASIC_INFO>\
             <SCAN><PORTS><TCP_PORTS><TCP_PORTS_ADDITIONAL><HAS_ADDITIONAL>1</HAS_ADDITIONAL>\
             <ADDITIONAL_PORTS>{}</ADDITIONAL_PORTS></TCP_PORTS_ADDITIONAL></TCP_PORTS></PORTS></SCAN></OPTION_PROFILE>",
            1 + number
        );
    }
    document + "</OPTION_PROFILES>"
}

/// How many profiles of a round there are.
fn profiles_of(server: &TestServer, round: u32) -> usize {
    let exported = server.call(&format!("{PROFILES}?action=export"), &[]);
    exported.matches(&format!("Round {round}, ")).count()
}

/// Every other address of a network of the round's own, so that each is a range.
fn addresses(round: u32) -> String {
    let ranges: Vec<String> =
        (0..RANGES).map(|number| format!("10.{round}.{}.{}", number / 100, number % 100 * 2)).collect();
    ranges.join(",")
}

fn addresses_of(server: &TestServer, round: u32) -> usize {
    let list = server.call(ADDRESSES, &[("action", "list")]);
    list.matches(&format!(">10.{round}.")).count()
}

/// Kills the server at about the moment it takes something in.
fn torment_imports(server: &mut TestServer, rounds: u32, dice: &mut Dice) {
    let mut answered = 0;
    for round in 1..=rounds {
        let (send, call) = (server.document_sender(), server.caller());
        let (document, ranges) = (document(round), addresses(round));
        let importing = thread::spawn(move || send(&format!("{PROFILES}?action=import"), &document));
        let adding = thread::spawn(move || {
            call(ADDRESSES, &[("action", "add"), ("ips", &ranges), ("enable_vm", "1")])
        });
        thread::sleep(Duration::from_millis(dice.below(DELAY_BOUND_MS)));
        server.kill();
        let said = |answer: Result<palisade_testkit::server::Answer, String>| {
            answer.is_ok_and(|answer| answer.status == 200)
        };
        let (imported, added) =
            (said(importing.join().expect("no panic")), said(adding.join().expect("no panic")));
        server.restart();
        let (profiles, ranges) = (profiles_of(server, round), addresses_of(server, round));
        assert!(profiles == 0 || profiles == EACH, "{profiles} of {EACH} profiles were imported");
        assert!(ranges == 0 || ranges == RANGES as usize, "{ranges} of {RANGES} addresses were added");
        assert!(!imported || profiles == EACH, "an import that was answered is lost");
        assert!(!added || ranges == RANGES as usize, "addresses whose adding was answered are lost");
        answered += u32::from(imported) + u32::from(added);
    }
    // What a kill broke off does not stand in the way of the same document.
    let (send, last) = (server.document_sender(), rounds + 1);
    let answer = send(&format!("{PROFILES}?action=import"), &document(last)).expect("an answer");
    assert_eq!(answer.status, 200, "{answered} were answered before: {}", answer.body);
    assert_eq!(profiles_of(server, last), EACH);
}

#[test]
fn killed_imports_are_whole_on_sqlite() {
    let mut server = TestServer::start_with_settings(PALISADE, None, &SETTINGS);
    torment_imports(&mut server, kills(10), &mut Dice::new());
}

#[test]
fn killed_imports_are_whole_on_postgresql() {
    let database = Database::create().expect("PostgreSQL runs");
    let mut server = TestServer::start_with_settings(PALISADE, Some(&database.url()), &SETTINGS);
    torment_imports(&mut server, kills(10).div_ceil(3), &mut Dice::new());
}
