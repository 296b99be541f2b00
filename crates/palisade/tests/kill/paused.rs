//! `kill -9` while scans are launched, paused and resumed: what was answered holds after the restart,
//! and when all is over every scan is right.

use std::thread;
use std::time::{Duration, Instant};

use palisade_testkit::dice::{Dice, kills};
use palisade_testkit::postgres::Database;
use palisade_testkit::server::TestServer;

use crate::{PALISADE, PATIENCE, SETTINGS, check_all, check_reports, listen_everywhere, targets};

/// A kill comes at most this long after something was asked of a scan.
const DELAY_BOUND_MS: u64 = 1_600;
const SCAN: &str = "api/2.0/fo/scan/";

/// Reference and state of every scan, newest first.
fn states(server: &TestServer) -> Vec<(String, String)> {
    let list = server.call(SCAN, &[("action", "list")]);
    let scans = list.split("<REF>").skip(1).map(|rest| {
        let state = rest.split_once("<STATE>").map_or("", |(_, rest)| rest);
        let word = |text: &str| text.split('<').next().unwrap_or_default().to_owned();
        (word(rest), word(state))
    });
    scans.collect()
}

fn state_of(server: &TestServer, scan: &str) -> Option<String> {
    states(server).into_iter().find(|(reference, _)| reference == scan).map(|(_, state)| state)
}

/// What to ask next: for a new scan, if there is none under way.
fn wish(server: &TestServer) -> Vec<(&'static str, String)> {
    let under_way = states(server).into_iter().find(|(_, state)| state != "Finished");
    match under_way {
        None => vec![
            ("action", "launch".to_owned()),
            ("ip", targets()),
            ("option_title", "Initial Options".to_owned()),
        ],
        Some((scan, state)) => {
            let action = if state == "Paused" { "resume" } else { "pause" };
            vec![("action", action.to_owned()), ("scan_ref", scan)]
        }
    }
}

/// Asks for something and kills the server at about the moment that it is done. What was answered
/// has to hold. Gives whether a scan was found paused.
fn torment_once(server: &mut TestServer, dice: &mut Dice) -> bool {
    let asked = wish(server);
    let call = server.caller();
    let form = asked.clone();
    let asking = thread::spawn(move || {
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        call(SCAN, &form)
    });
    thread::sleep(Duration::from_millis(dice.below(DELAY_BOUND_MS)));
    server.kill();
    let answer = asking.join().expect("the call does not panic");
    server.restart();
    let Ok(answer) = answer else { return false };
    // Refused: the scan had ended, or was not running yet, or not paused yet.
    assert!([200, 409].contains(&answer.status), "{asked:?}: {}", answer.body);
    if answer.status == 409 {
        return false;
    }
    let reference = answer.body.split_once("<VALUE>scan/").expect("a reference is answered").1;
    let scan = format!("scan/{}", reference.split('<').next().unwrap_or_default());
    let state = state_of(server, &scan);
    match asked[0].1.as_str() {
        "launch" => assert!(state.is_some(), "{scan} was launched and is gone"),
        "pause" => return wait_for(server, &scan, &["Paused", "Finished"]) == "Paused",
        _ => assert!(state.is_some_and(|state| state != "Paused"), "{scan} was resumed and is paused"),
    }
    false
}

/// Waits until a scan is in one of the states.
fn wait_for(server: &TestServer, scan: &str, wanted: &[&str]) -> String {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let state = state_of(server, scan).expect("the scan is there");
        if wanted.contains(&state.as_str()) {
            return state;
        }
        assert!(Instant::now() < deadline, "{scan} is {state}, not {wanted:?}: {}", server.log());
        thread::sleep(Duration::from_millis(50));
    }
}

fn torment(server: &mut TestServer, rounds: u32, dice: &mut Dice) {
    let _ = server.call("msp/asset_ip.php", &[("action", "add"), ("host_ips", &targets())]);
    let mut paused = 0;
    // Rounds in which nothing was paused tell little: so many more are played at most.
    for round in 0..rounds * 4 {
        paused += u32::from(torment_once(server, dice));
        if round + 1 >= rounds && paused * 4 >= rounds {
            break;
        }
    }
    assert!(paused > 0, "no scan was ever paused");
    for (scan, _) in states(server) {
        if wait_for(server, &scan, &["Running", "Queued", "Paused", "Finished"]) == "Paused" {
            let _ = server.call(SCAN, &[("action", "resume"), ("scan_ref", &scan)]);
        }
        // A pause that was asked for last may still come.
        while wait_for(server, &scan, &["Paused", "Finished"]) == "Paused" {
            let _ = server.call(SCAN, &[("action", "resume"), ("scan_ref", &scan)]);
        }
    }
}

#[test]
fn killed_scans_pause_and_resume_right_on_sqlite() {
    listen_everywhere();
    let mut server = TestServer::start_with_settings(PALISADE, None, &SETTINGS);
    torment(&mut server, kills(10), &mut Dice::new());
    let url = server.sqlite_url();
    check_all(&mut server, &url);
}

#[test]
fn killed_scans_pause_and_resume_right_on_postgresql() {
    listen_everywhere();
    let database = Database::create().expect("PostgreSQL runs");
    let mut server = TestServer::start_with_settings(PALISADE, Some(&database.url()), &SETTINGS);
    torment(&mut server, kills(10).div_ceil(2), &mut Dice::new());
    check_all(&mut server, &database.url());
}

/// The server that scanned is gone for good; the other on the same database goes on.
#[test]
fn a_paused_scan_goes_on_with_the_scanner_of_another_server() {
    listen_everywhere();
    let database = Database::create().expect("PostgreSQL runs");
    let start = |name| {
        let settings = [&SETTINGS[..], &["--scanner-name", name]].concat();
        TestServer::start_with_settings(PALISADE, Some(&database.url()), &settings)
    };
    let mut first = start("one");
    let _ = first.call("msp/asset_ip.php", &[("action", "add"), ("host_ips", &targets())]);
    let launch = [("action", "launch"), ("ip", &targets()), ("option_title", "Initial Options")];
    let mut paused = None;
    // A scan that ends before it is paused is no use; the next may be slower.
    for _ in 0..20 {
        let launched = first.call(SCAN, &launch);
        let reference = launched.split_once("<VALUE>scan/").expect("a reference is answered").1;
        let scan = format!("scan/{}", reference.split('<').next().unwrap_or_default());
        wait_for(&first, &scan, &["Running", "Finished"]);
        let asked = first.try_call(SCAN, &[("action", "pause"), ("scan_ref", &scan)]);
        assert!(asked.is_ok_and(|answer| [200, 409].contains(&answer.status)));
        if wait_for(&first, &scan, &["Paused", "Finished"]) == "Paused" {
            paused = Some(scan);
            break;
        }
    }
    let scan = paused.expect("a scan can be paused");
    first.kill();
    let second = start("two");
    assert_eq!(state_of(&second, &scan).as_deref(), Some("Paused"));
    let _ = second.call(SCAN, &[("action", "resume"), ("scan_ref", &scan)]);
    assert_eq!(wait_for(&second, &scan, &["Finished"]), "Finished");
    check_reports(&second);
}
