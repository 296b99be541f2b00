//! Assets, users, templates and appliances through public client libraries, unmodified; with TLS where
//! they cannot do without.

use std::process::Command;

use palisade_testkit::server::TestServer;
use palisade_testkit::tools;

const PALISADE: &str = env!("CARGO_BIN_EXE_palisade");

/// Runs a script of `clients/` to its end; the lines that it prints.
fn run(mut command: Command, script: &str, arguments: &[&str], server: &TestServer) -> Vec<String> {
    command
        .arg(tools::repository().join("clients").join(script))
        .args(arguments)
        .env("REQUESTS_CA_BUNDLE", server.data().join("certificate.pem"))
        .env("no_proxy", "127.0.0.1");
    let output = tools::run_with_input(&mut command, &format!("{}\n", server.password()));
    assert!(output.status.success(), "{}\n{}", tools::told(&command, &output), server.log());
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

#[track_caller]
fn assert_told(lines: &[String], expected: &[&str]) {
    for line in expected {
        assert!(lines.iter().any(|told| told.trim_end() == *line), "{line}\n\n{}", lines.join("\n"));
    }
}

#[test]
fn qualysapi_manages_assets() {
    let server = TestServer::start_with_tls(PALISADE);
    let lines =
        run(tools::python(), "qualysapi_assets.py", &[server.host_and_port(), server.login()], &server);
    assert_told(
        &lines,
        &[
            "listAssetGroups All 198.51.100.1-198.51.100.3",
            "listAssetGroups Through qualysapi 198.51.100.1 www.scans.example",
            "listVirtualHosts 198.51.100.1 8080 shop.scans.example",
            "listAppliances Harbour Offline",
        ],
    );
    let templates = lines.iter().find_map(|line| line.strip_prefix("listReportTemplates ")).unwrap();
    let counts: Vec<u32> = templates.split(' ').map(|count| count.parse().unwrap()).collect();
    assert!(matches!(counts.as_slice(), [all, global] if *all > 5 && global == all), "{templates}");
}

#[test]
fn pyqualys_and_bibt_qualys_manage_assets() {
    let server = TestServer::start(PALISADE, None);
    let url = format!("{}/", server.base_url());
    let lines = run(tools::python_with("pyqualys"), "pyqualys_surface.py", &[&url, server.login()], &server);
    assert_told(
        &lines,
        &[
            "add_asset Asset Group Added Successfully",
            "update_asset Asset Group Updated Successfully",
            "search_asset Through pyqualys",
            "list_assets All Through pyqualys",
            "delete_asset Asset Group Deleted Successfully",
        ],
    );
    let users = lines.iter().find_map(|line| line.strip_prefix("get_users ")).unwrap();
    assert!(
        users.split(' ').any(|login| login == server.login()) && users.split(' ').count() == 2,
        "{users}"
    );

    // Of lists with a single entry the library makes no list: two of each.
    let group = [("action", "add"), ("title", "Quay"), ("host_ips", "198.51.100.3")];
    let _ = server.call("msp/asset_group.php", &group);
    let task = |title| {
        [
            ("add_task", "yes"),
            ("type", "scan"),
            ("scan_title", title),
            ("active", "no"),
            ("scan_target", "198.51.100.1"),
            ("iscanner_name", "External"),
            ("occurrence", "daily"),
            ("frequency_days", "1"),
            ("time_zone_code", "GB"),
            ("observe_dst", "no"),
            ("start_hour", "2"),
            ("start_minute", "30"),
        ]
    };
    for title in ["Nightly", "Daily"] {
        let _ = server.call("msp/scheduled_scans.php", &task(title));
    }
    let arguments = [server.base_url(), server.login()];
    let lines = run(tools::python_with("bibt-qualys"), "bibt_qualys_assets.py", &arguments, &server);
    assert_told(&lines, &["groups All Quay", "hosts", "schedules Nightly Daily"]);
}
