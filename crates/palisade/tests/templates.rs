//! Community templates from a directory to a report: import, QIDs that stay, scans with and without a
//! server.
#![expect(clippy::unwrap_used, reason = "a test may fail on what it cannot read")]

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use palisade_testkit::server::{self, TestServer};
use palisade_testkit::{listener, tools};

const PALISADE: &str = env!("CARGO_BIN_EXE_palisade");

/// A template that finds the title of the test's web server.
const TITLE: &str = "id: quay-title\ninfo:\n  name: Quay shows its title\n  severity: high\n  description: The title is there.\n  remediation: Take it away.\n  reference: ['https://harbour.test/advisory']\n  classification:\n    cve-id: CVE-2021-12345\n    cvss-score: 7.5\nhttp:\n  - path: ['{{BaseURL}}/']\n    matchers:\n      - type: word\n        words: ['<title>Test</title>']\n";

fn write(folder: &Path, name: &str, text: &str) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join(name), text).unwrap();
}

fn other(id: &str) -> String {
    TITLE.replace("quay-title", id).replace("Quay shows its title", id).replace("<title>", "nothing of it")
}

/// QIDs and ids of the file that an import left.
fn numbers(data: &Path) -> Vec<(u64, String)> {
    let text = fs::read_to_string(data.join("templates.jsonl")).unwrap();
    let records = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let mut numbers: Vec<(u64, String)> = records
        .map(|record| {
            let text = record["text"].as_str().unwrap();
            let id = text.lines().next().unwrap().strip_prefix("id: ").unwrap().to_owned();
            (record["qid"].as_u64().unwrap(), id)
        })
        .collect();
    numbers.sort_by(|one, other| one.1.cmp(&other.1));
    numbers
}

fn import(folder: &Path, data: &Path) -> Command {
    let mut command = server::clean(Path::new(PALISADE));
    command.args(["kb", "import"]).arg(folder).arg("--data").arg(data);
    command
}

#[test]
fn numbers_stay_from_import_to_import() {
    let root = tempfile::tempdir().unwrap();
    let (folder, data) = (root.path().join("templates"), root.path().join("data"));
    write(&folder.join("http"), "title.yaml", TITLE);
    write(&folder.join("http"), "b.yaml", &other("b"));
    write(&folder, "broken.yaml", "id: [\n");
    write(&folder, "script.yaml", "id: script\ninfo: {name: a, severity: low}\njavascript:\n  - code: x\n");
    write(
        &folder,
        "outside.yaml",
        &other("outside").replace("{{BaseURL}}/", "{{BaseURL}}/?u={{interactsh-url}}"),
    );
    let told = tools::output(&mut import(&folder, &data));
    assert!(told.contains("protocol javascript") && told.contains("interactsh"), "{told}");
    assert!(told.contains("no template: broken.yaml: "), "{told}");
    assert!(told.contains("1 files that are no templates; 2 templates left out"), "{told}");
    assert!(told.contains("2 templates taken in: 2 new, 0 changed; 0 are gone"), "{told}");
    let first = numbers(&data);
    assert_eq!(first.len(), 2);
    assert!(first.iter().all(|(qid, _)| (1_000_001..=9_999_999).contains(qid)), "{first:?}");

    // One goes, one comes; what stays keeps its number.
    fs::remove_file(folder.join("http/title.yaml")).unwrap();
    write(&folder, "c.yaml", &other("c"));
    write(&folder.join("http"), "b.yaml", &other("b").replace("high", "low"));
    let told = tools::output(&mut import(&folder, &data));
    assert!(told.contains("2 templates taken in: 1 new, 1 changed; 1 are gone"), "{told}");
    assert_eq!(numbers(&data)[0], first[0]);

    // It comes back, and has its number again.
    write(&folder.join("http"), "title.yaml", TITLE);
    let _ = tools::output(&mut import(&folder, &data));
    let third = numbers(&data);
    assert_eq!((&third[0], &third[2]), (&first[0], &first[1]));

    // What cannot be imported changes nothing.
    let nothing = root.path().join("nothing");
    write(&nothing, "a.yaml", "id: [\n");
    for bad in [&nothing, &root.path().join("missing")] {
        assert!(!import(bad, &data).output().unwrap().status.success());
    }
    assert_eq!(numbers(&data), third);
}

#[test]
fn a_scan_without_a_server_runs_a_directory_of_templates() {
    let address = Ipv4Addr::new(127, 0, 0, 86);
    let _ = listener::plain_web_server(address, 8080);
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "title.yaml", TITLE);
    write(root.path(), "b.yaml", &other("b"));
    let mut command = server::clean(Path::new(PALISADE));
    command.args(["scan", "--format", "json", "--ports", "8080", "--udp", "none", "--templates"]);
    let told = tools::output(command.arg(root.path()).arg(address.to_string()));
    let hosts: serde_json::Value = serde_json::from_str(&told).unwrap();
    let findings = hosts[0]["findings"].as_array().unwrap();
    let ours: Vec<&serde_json::Value> =
        findings.iter().filter(|finding| finding["qid"].as_u64().unwrap() > 1_000_000).collect();
    assert_eq!(ours.len(), 1, "{told}");
    assert_eq!(
        (ours[0]["title"].as_str(), ours[0]["severity"].as_u64()),
        (Some("Quay shows its title"), Some(4))
    );
    assert_eq!(ours[0]["result"].as_str(), Some("Template: quay-title\nRequest: GET /"));
}

#[test]
fn a_running_server_takes_what_is_imported() {
    let address = "127.0.0.88";
    let _ = listener::plain_web_server(Ipv4Addr::new(127, 0, 0, 88), 8080);
    let server = TestServer::start(PALISADE, None);
    let _ = server.call("msp/asset_ip.php", &[("action", "add"), ("host_ips", address)]);
    let root = tempfile::tempdir().unwrap();
    // The second import takes the first template away again.
    for (id, name) in [("quay-title", "Quay shows its title"), ("quay-other", "Quay shows more")] {
        let folder = root.path().join(id);
        write(&folder, "title.yaml", &TITLE.replace("quay-title", id).replace("Quay shows its title", name));
        let mut command = server.command(&["kb", "import"]);
        let _ = tools::output(command.arg(&folder));
        let qid = numbers(&server.data())[0].0.to_string();
        let begun = Instant::now();
        while !server.call("msp/knowledgebase_download.php", &[("vuln_id", &qid)]).contains(name) {
            assert!(begun.elapsed() < Duration::from_mins(2), "{}", server.log());
            std::thread::sleep(Duration::from_millis(200));
        }
        let wanted = [("ip", address), ("save_report", "yes"), ("specific_vulns", qid.as_str())];
        let report = server.call("msp/scan.php", &wanted);
        assert!(report.contains(name) && report.contains("Request: GET /"), "{report}\n{}", server.log());
    }
    let gone = server.call("msp/knowledgebase_download.php", &[]);
    assert!(!gone.contains("Quay shows its title") && gone.contains("Quay shows more"));
}

#[test]
fn a_server_scans_with_imported_templates_and_reports_them() {
    let address = "127.0.0.87";
    let _ = listener::plain_web_server(Ipv4Addr::new(127, 0, 0, 87), 8080);
    let mut server = TestServer::start(PALISADE, None);
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "title.yaml", TITLE);
    let mut command = server.command(&["kb", "import"]);
    let _ = tools::output(command.arg(root.path()));
    server.kill();
    server.restart();
    let qid = numbers(&server.data())[0].0.to_string();

    let entry = server.call("msp/knowledgebase_download.php", &[("vuln_id", &qid)]);
    for part in
        ["Quay shows its title", "CVE-2021-12345", "https://harbour.test/advisory", "Take it away.", "7.5"]
    {
        assert!(entry.contains(part), "{part}: {entry}");
    }

    let _ = server.call("msp/asset_ip.php", &[("action", "add"), ("host_ips", address)]);
    let wanted = [("ip", address), ("save_report", "yes"), ("specific_vulns", qid.as_str())];
    let report = server.call("msp/scan.php", &wanted);
    assert!(report.contains(&format!("number=\"{qid}\"")), "{report}\n{}", server.log());
    assert!(report.contains("Quay shows its title") && report.contains("Request: GET /"), "{report}");
}
