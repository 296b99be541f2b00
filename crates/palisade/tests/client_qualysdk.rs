//! Hosts and detections through the public client library `qualysdk`, unmodified, against a server with
//! TLS. Its requirements are heavy, so it is run by its name only: see `docs/testing.md`.

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
