//! The public client library `qualysdk`, unmodified, against a server with TLS: hosts and detections, and
//! every call of its vulnerability management. Its requirements are heavy, so it is run by its name only: see `docs/testing.md`.

use std::net::Ipv4Addr;
use std::process::Command;

use palisade_testkit::server::TestServer;
use palisade_testkit::{listener, tools};

const PALISADE: &str = env!("CARGO_BIN_EXE_palisade");
const HOSTS: [Ipv4Addr; 2] = [Ipv4Addr::new(127, 0, 0, 87), Ipv4Addr::new(127, 0, 0, 88)];

/// Runs a script of `clients/` to its end; what it prints.
fn run(mut command: Command, script: &str, arguments: &[&str], server: &TestServer) -> String {
    command
        .arg(tools::repository().join("clients").join(script))
        .args(arguments)
        .env("REQUESTS_CA_BUNDLE", server.data().join("certificate.pem"));
    let output = tools::run_with_input(&mut command, &format!("{}\n", server.password()));
    assert!(output.status.success(), "{}\n{}", tools::told(&command, &output), server.log());
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn qualysdk_reads_hosts_and_detections() {
    for host in HOSTS {
        let _ = listener::plain_mail_server(host, 25);
    }
    let server = TestServer::start_with_tls(PALISADE);
    let targets = HOSTS.map(|host| host.to_string()).join(",");
    let arguments = [server.host_and_port(), server.login(), &targets];
    let told = run(tools::python(), "qualysapi_scan.py", &arguments, &server);
    assert!(told.contains("status FINISHED\n"), "{told}");

    let url = format!("https://{}", server.host_and_port());
    let python = tools::python_with("qualysdk");
    let told = run(python, "qualysdk_hosts.py", &[&url, server.login()], &server);
    for call in ["get_host_list ", "get_hld "] {
        let line = told.lines().find_map(|line| line.strip_prefix(call));
        let line = line.unwrap_or_else(|| panic!("no {call} in {told}"));
        assert!(HOSTS.iter().all(|host| line.contains(&format!("={host}"))), "{told}");
    }
    let detected = told.lines().find_map(|line| line.strip_prefix("detected "));
    assert!(detected.is_some_and(|detected| !detected.starts_with("0 ")), "{told}");
}

#[test]
fn qualysdk_makes_every_call_of_its_vulnerability_management() {
    let target = Ipv4Addr::new(127, 0, 0, 86);
    let _ = listener::plain_web_server(target, 8080);
    let server = TestServer::start_with_tls(PALISADE);
    let ip = target.to_string();
    let scanned =
        run(tools::python(), "qualysapi_scan.py", &[server.host_and_port(), server.login(), &ip], &server);
    assert!(scanned.contains("status FINISHED\n"), "{scanned}");
    let schedule = ["schedule", "add", "Weekly", "--owner", server.login(), "--template", "2"];
    let times = ["--ips", &ip, "--daily", "1", "--at", "06:30"];
    let _ = tools::output(server.command(&schedule).args(times));

    let url = format!("https://{}", server.host_and_port());
    let arguments = [&url, server.login(), &ip, "1"];
    let told = run(tools::python_with("qualysdk"), "qualysdk_surface.py", &arguments, &server);
    for line in [
        "add_ips IPs successfully added to Vulnerability Management",
        "update_ips IPs successfully updated",
        "add_ag Asset Group Added Successfully",
        "edit_ag Asset Group Updated Successfully",
        "get_scan_list Finished Finished",
        "fetch_scan True",
        "query_kb 38170 38739 86000",
        "get_scheduled_report_list Weekly",
        "delete_report Report deleted",
        "purge_hosts Hosts Queued for Purging",
        "delete_ag Asset Group Deleted Successfully",
        // Scores of the vendor's own, and a look-up by CVE in data of a later service.
        "not called get_cve_hld get_kb_qvs",
    ] {
        assert!(told.lines().any(|said| said == line), "{line}\n\n{told}");
    }
    let hosts = format!("get_hld {target}");
    assert!(told.lines().any(|said| said.starts_with(&hosts)), "{told}");
}
