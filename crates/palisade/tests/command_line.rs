//! What the commands refuse, and what others read of them: exit status, plain logs.
#![expect(clippy::unwrap_used, reason = "a test may fail on what it cannot read")]

use std::fs::OpenOptions;
use std::path::Path;
use std::process::Command;

use palisade_testkit::server::{self, TestServer};

const PALISADE: &str = env!("CARGO_BIN_EXE_palisade");

fn palisade(words: &[&str]) -> Command {
    let mut command = server::clean(Path::new(PALISADE));
    command.args(words);
    command
}

/// What it says on standard error when it refuses.
#[track_caller]
fn refusal(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{told}");
    told
}

#[test]
fn a_log_in_a_file_has_no_colours() {
    let server = TestServer::start(PALISADE, None);
    let log = server.log();
    assert!(log.contains("listening") && !log.contains('\x1b'), "{log:?}");
}

#[test]
fn a_log_filter_that_says_nothing_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut command = palisade(&["serve", "--listen", "127.0.0.1:0", "--log", "palisade[=", "--data"]);
    let told = refusal(command.arg(&data));
    assert!(told.contains("--log"), "{told}");
    assert!(!data.exists());
}

#[test]
fn a_report_that_cannot_be_written_is_a_failure() {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let told = refusal(palisade(&["settings"]).stdout(full));
    assert!(told.starts_with("palisade: cannot write to standard output: No space left"), "{told}");
}

#[test]
fn a_scan_for_a_qid_that_does_not_exist_is_refused() {
    let told = refusal(&mut palisade(&["scan", "127.0.0.1", "--qids", "38169,99999999"]));
    assert_eq!(told, "palisade: there is no QID 99999999; `palisade kb list` shows all\n");
}

#[test]
fn a_certificate_without_its_key_is_not_replaced_by_another() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("palisade.toml");
    std::fs::write(&file, "tls_certificate = \"certificate.pem\"\n").unwrap();
    let mut command = palisade(&["serve", "--listen", "127.0.0.1:0", "--config"]);
    let told = refusal(command.arg(&file).arg("--data").arg(folder.path().join("data")));
    assert!(told.ends_with("tls_certificate and tls_key are needed together\n"), "{told}");
}

#[test]
fn report_templates_are_made_changed_and_deleted() {
    let server = TestServer::start(PALISADE, None);
    let run = |words: &[&str]| {
        let output = server.command(words).output().unwrap();
        let told = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(told).unwrap())
    };
    let choice =
        ["--global", "--ips", "192.0.2.1-192.0.2.9", "--vulnerabilities", "4,5", "--qids", "38173,38628"];
    let (made, told) = run(&[&["template", "add", "Web servers"], &choice[..]].concat());
    assert!(made, "{told}");
    let id = told.trim().rsplit(' ').next().unwrap();
    let list = server.call("msp/report_template_list.php", &[]);
    assert!(list.contains(&format!("<ID>{id}</ID>")) && list.contains("Web servers"), "{list}");
    let edit = ["--hide", "results,cvss", "--qids", "", "--timeframe-days", "30", "--order", "severity"];
    let (changed, told) = run(&[&["template", "edit", id], &edit[..]].concat());
    assert!(changed, "{told}");
    let (_, shown) = run(&["template", "show", id]);
    for line in ["192.0.2.1-192.0.2.9", "4,5", "30 days", "severity", "results, cvss", "Auto, Scan"] {
        assert!(shown.contains(line), "{line}\n{shown}");
    }
    assert!(!shown.contains("38173"), "{shown}");
    let (taken, told) = run(&["template", "add", "Web servers"]);
    assert!(!taken && told.ends_with("there is a report template 'Web servers' already\n"), "{told}");
    let (other, told) = run(&["template", "edit", "12", "--title", "Devices"]);
    assert!(!other && told.contains("is not for automatic reports on hosts"), "{told}");
    assert!(run(&["template", "delete", id]).0);
    let (gone, told) = run(&["template", "show", id]);
    assert!(!gone && told.contains("there is no report template"), "{told}");
}
