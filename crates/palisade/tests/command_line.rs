//! What the commands refuse, and what others read of them: exit status, plain logs.
#![expect(clippy::unwrap_used, reason = "a test may fail on what it cannot read")]

use std::fs::OpenOptions;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;

use palisade_testkit::server::{self, TestServer};
use palisade_testkit::{dtd, listener, tools};

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
fn every_stage_and_format_of_a_scan_tells_open_ports() {
    let web = listener::plain_web_server(Ipv4Addr::new(127, 0, 78, 1), 0);
    let (address, port) = (web.ip().to_string(), web.port().to_string());
    let scan = |stage: &str, format: &str| {
        let options = ["--stage", stage, "--format", format, "--ports", &port, "--udp", "none"];
        let mut command = palisade(&["scan", "--progress", "json"]);
        let output = tools::run(command.args(options).arg(&address));
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{told}");
        // Whoever reads the events learns of the host and of the end.
        let events: Vec<serde_json::Value> =
            told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(
            events.iter().any(|event| event["event"] == "host" && event["address"] == *address),
            "{told}"
        );
        let last = events.iter().rfind(|event| event["event"] == "progress").unwrap();
        assert_eq!((&last["hosts_done"], &last["work_done"]), (&1.into(), &last["work_total"]), "{told}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    for stage in ["ports", "services", "full"] {
        for format in ["table", "json"] {
            let text = scan(stage, format);
            assert!(text.contains(&port), "{stage} {format}: {text}");
            assert_eq!(text.contains("http"), stage != "ports", "{stage} {format}: {text}");
        }
        let text = scan(stage, "xml");
        dtd::assert_valid(text.as_bytes(), palisade_wire::dtd::SCAN.text);
        let list = text.split_once("number=\"82023\"").unwrap().1.split_once("</RESULT>").unwrap().0;
        assert!(list.contains(&port), "{stage}: {list}");
        assert_eq!(list.contains("http"), stage != "ports", "{stage}: {list}");
        assert_eq!(text.contains("number=\"11827\""), stage == "full", "{stage}: {text}");
    }
    let services = scan("services", "table");
    assert!(!services.contains("vulnerabilities"), "none were looked for: {services}");
}

#[test]
fn a_map_of_an_address_is_refused_with_the_way_to_write_it() {
    let told = refusal(&mut palisade(&["map", "192.0.2.7"]));
    assert!(told.contains("none:192.0.2.7"), "{told}");
}

#[test]
fn the_stage_of_services_names_them_and_judges_nothing() {
    let web = listener::plain_web_server(Ipv4Addr::new(127, 0, 0, 71), 18_090);
    let mail = listener::plain_mail_server(Ipv4Addr::new(127, 0, 0, 71), 18_025);
    let ports = format!("{},{}", web.port(), mail.port());
    let scan = |stage: &str| {
        let words =
            ["scan", "--stage", stage, "--format", "json", "--udp", "none", "--ports", &ports, "127.0.0.71"];
        let output = palisade(&words).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let (services, full) = (scan("services"), scan("full"));
    let named = |results: &serde_json::Value| -> Vec<(u64, String, serde_json::Value)> {
        let ports = results[0]["facts"]["ports"].as_array().unwrap().iter();
        ports
            .map(|port| {
                let service = port["service"].as_str().unwrap().to_owned();
                (port["port"].as_u64().unwrap(), service, port["product"].clone())
            })
            .collect()
    };
    let words: Vec<_> = named(&services).into_iter().map(|(port, service, _)| (port, service)).collect();
    assert_eq!(words, [(18_025, "smtp".to_owned()), (18_090, "http".to_owned())]);
    assert_eq!(named(&services), named(&full), "less is judged, and nothing less is named");
    assert_eq!(services[0]["findings"], serde_json::json!([]));
    assert!(!full[0]["findings"].as_array().unwrap().is_empty());
}

#[test]
fn policies_are_managed_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    // The data folder is made by the first command that needs one.
    let mut add_user = palisade(&["user", "add", "quays_ab1", "--role", "scanner", "--data"]);
    assert!(add_user.arg(&data).status().unwrap().success());
    let policy = |words: &[&str]| {
        let mut command = palisade(&["policy"]);
        command.args(words).arg("--data").arg(&data);
        command
    };
    let told = |words: &[&str]| {
        let output = policy(words).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(told(&["list"]).contains("none, so no tickets are made"));
    told(&["add", "Severe", "--severities", "4,5", "--assign", "user:quays_ab1", "--deadline", "3"]);
    told(&["add", "Lab", "--ips", "192.0.2.0/28", "--kind", "potential", "--ignore"]);
    let list = told(&["move", "Lab", "1"]);
    let rows: Vec<&str> = list.lines().skip(1).collect();
    assert!(
        rows[0].contains("Lab") && rows[0].contains("192.0.2.0-192.0.2.15") && rows[0].contains("ignore")
    );
    assert!(
        rows[1].contains("severity 4 5") && rows[1].contains("ticket for user:quays_ab1, 3 days"),
        "{list}"
    );
    let list = told(&["edit", "Severe", "--new-title", "Everything", "--no-ticket"]);
    assert!(list.contains("Everything") && list.contains("no ticket") && !list.contains("Severe"), "{list}");
    assert!(!told(&["delete", "Lab"]).contains("Lab"));

    let refused = |words: &[&str]| refusal(&mut policy(words));
    assert!(
        refused(&["add", "X", "--assign", "user:nobody"]).contains("tickets cannot be given to 'nobody'")
    );
    assert!(refused(&["add", "Everything", "--ignore"]).contains("already"));
    assert!(refused(&["add", "X", "--ignore", "--qids", "99999999"]).contains("no QID 99999999"));
    assert!(refused(&["add", "X", "--ignore", "--asset-groups", "Web"]).contains("no asset group 'Web'"));
    assert!(refused(&["delete", "Lab"]).contains("no remediation policy 'Lab'"));
    assert!(refused(&["add", "X"]).contains("--assign"), "an action is needed");
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
fn business_units_are_managed_beside_the_server() {
    let server = TestServer::start(PALISADE, None);
    let _ = server.call("msp/asset_ip.php", &[("action", "add"), ("host_ips", "192.0.2.1-192.0.2.9")]);
    for (title, ips) in [("Quay", "192.0.2.1"), ("Hills", "192.0.2.2")] {
        let form = [("action", "add"), ("title", title), ("host_ips", ips)];
        let _ = server.call("msp/asset_group.php", &form);
    }
    let told = |words: &[&str]| tools::output(&mut server.command(words));
    let unit = |words: &[&str]| told(&[&["unit"], words].concat());
    assert_eq!(unit(&["add", "Harbour", "--asset-groups", "Quay"]), "made the business unit Harbour\n");
    unit(&["add", "Inland", "--asset-groups", "Hills"]);
    told(&[
        "user",
        "add",
        "quays_sc1",
        "--role",
        "scanner",
        "--business-unit",
        "Harbour",
        "--asset-groups",
        "Quay",
    ]);
    let listed = unit(&["list"]);
    assert!(listed.contains("Harbour  none     quays_sc1  Quay"), "{listed}");
    let refused = refusal(&mut server.command(&["unit", "delete", "Harbour"]));
    let rest = "the business unit still has users (quays_sc1) and asset groups (Quay)\n";
    assert_eq!(refused, format!("palisade: {rest}"));
    let moved = told(&["user", "unit", "quays_sc1", "Inland"]);
    assert!(moved.contains("quays_sc1 is now in Inland\n") && moved.contains("taken away"), "{moved}");
    unit(&["edit", "Harbour", "--asset-groups", "", "--new-title", "Port"]);
    assert_eq!(unit(&["delete", "Port"]), "deleted the business unit Port\n");
    let last = refusal(&mut server.command(&["user", "status", server.login(), "inactive"]));
    assert!(last.ends_with("the user is the last active Manager\n"), "{last}");
    assert_eq!(told(&["user", "from-anywhere"]), "users sign in from any address\n");
    let misfit = refusal(&mut server.command(&["user", "unit", server.login(), "Inland"]));
    assert!(misfit.ends_with("a Manager is in no business unit\n"), "{misfit}");
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

#[test]
fn scheduled_reports_and_distribution_groups_are_managed() {
    let server = TestServer::start(PALISADE, None);
    let owner = server.login();
    let command = |words: &[&str]| server.command(words);
    let told = |words: &[&str]| {
        let output = command(words).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let add = ["schedule", "add", "Weekly", "--owner", owner, "--template", "8", "--format", "csv"];
    let weekly = ["--weekly", "1", "--weekdays", "monday", "--at", "06:30", "--time-zone", "US-CA"];
    assert_eq!(told(&[&add[..], &weekly].concat()), "made scheduled report 1\n");
    let list = told(&["schedule", "list"]);
    assert!(list.contains("Executive Remediation Report") && list.contains(owner), "{list}");
    told(&["schedule", "off", "1"]);
    assert!(told(&["schedule", "list"]).contains("off"));
    told(&["schedule", "on", "1"]);
    told(&["schedule", "delete", "1"]);
    assert!(refusal(&mut command(&["schedule", "off", "1"])).contains("the schedule of reports is unknown"));
    let when = |words: &[&str]| refusal(&mut command(&[&add[..], words].concat()));
    assert!(when(&["--monthly", "1", "--at", "06:30"]).contains("--monthly needs --day"));
    assert!(when(&["--daily", "1", "--at", "6.30"]).contains("'6.30' is no time of day"));
    let group = ["distribution", "add", "Crew", "--addresses", "ada@example.org,web@example.org"];
    assert_eq!(told(&group), "made distribution group 1\n");
    assert!(refusal(&mut command(&group)).contains("there is a distribution group 'Crew' already"));
    told(&["distribution", "edit", "1", "--addresses", "ada@example.org"]);
    assert!(told(&["distribution", "list"]).contains("ada@example.org"));
    told(&["distribution", "delete", "1"]);
    let wrong = refusal(&mut command(&["distribution", "add", "Crew", "--addresses", "nobody"]));
    assert!(wrong.contains("'nobody' is not a mail address"), "{wrong}");
}
