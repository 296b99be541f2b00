//! Saved reports through public client libraries, unmodified; with TLS where they cannot do without.

use std::net::Ipv4Addr;
use std::process::Command;

use palisade_testkit::server::TestServer;
use palisade_testkit::{listener, tools};

const PALISADE: &str = env!("CARGO_BIN_EXE_palisade");

/// Runs a script of `clients/` to its end; what it prints.
fn run(mut command: Command, script: &str, arguments: &[&str], server: &TestServer) -> String {
    command
        .arg(tools::repository().join("clients").join(script))
        .args(arguments)
        .env("REQUESTS_CA_BUNDLE", server.data().join("certificate.pem"))
        .env("no_proxy", "127.0.0.1");
    let output = tools::run_with_input(&mut command, &format!("{}\n", server.password()));
    assert!(output.status.success(), "{}\n{}", tools::told(&command, &output), server.log());
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn qualysapi_launches_reads_and_deletes_reports() {
    let server = TestServer::start_with_tls(PALISADE);
    let told =
        run(tools::python(), "qualysapi_reports.py", &[server.host_and_port(), server.login()], &server);
    assert!(told.contains("document ASSET_DATA_REPORT\n") && told.contains("kept 2\n"), "{told}");
}

#[test]
fn pyqualys_and_bibt_qualys_read_reports() {
    let target = Ipv4Addr::new(127, 0, 0, 89);
    let _ = listener::plain_mail_server(target, 25);
    let server = TestServer::start(PALISADE, None);
    let ip = target.to_string();
    let _ = server.call("msp/asset_ip.php", &[("action", "add"), ("host_ips", &ip)]);
    let _ = server.call("msp/scan.php", &[("ip", &ip), ("save_report", "yes")]);
    let url = format!("{}/", server.base_url());
    let pyqualys = tools::python_with("pyqualys");
    let told = run(pyqualys, "pyqualys_reports.py", &[&url, server.login()], &server);
    assert!(told.contains("report 1\n"), "{told}");
    let arguments = [server.base_url(), server.login(), "Through pyqualys"];
    let told = run(tools::python_with("bibt-qualys"), "bibt_qualys_reports.py", &arguments, &server);
    assert!(told.contains("format JSON\n") && told.contains(&format!("host {ip}\n")), "{told}");
}
