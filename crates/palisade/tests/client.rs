//! Public client libraries, unmodified, against a server; with TLS where they cannot do without.

use std::net::Ipv4Addr;

use palisade_api::registry;
use palisade_testkit::server::TestServer;
use palisade_testkit::{listener, tools};

const PALISADE: &str = env!("CARGO_BIN_EXE_palisade");

#[test]
fn qualysapi_runs_a_scan_and_reads_its_report() {
    let target = Ipv4Addr::new(127, 0, 0, 79);
    let _ = listener::plain_mail_server(target, 25);
    let server = TestServer::start_with_tls(PALISADE);

    let mut command = tools::python();
    command
        .arg(tools::repository().join("clients/qualysapi_scan.py"))
        .args([server.host_and_port(), server.login(), &target.to_string()])
        .env("REQUESTS_CA_BUNDLE", server.data().join("certificate.pem"));
    let output = tools::run_with_input(&mut command, &format!("{}\n", server.password()));
    assert!(output.status.success(), "{}\n{}", tools::told(&command, &output), server.log());

    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("status FINISHED\n"), "{told}");
    let found = |qid: &str, port: &str| {
        told.lines().any(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            matches!(words.as_slice(), ["finding", address, number, _, at]
                if *address == target.to_string() && *number == qid && *at == port)
        })
    };
    assert!(found("82023", "-"), "the list of open TCP services is there:\n{told}");
    assert!(found("74042", "25"), "the mail server's banner is there:\n{told}");
}

#[test]
fn qualysapi_makes_every_call_it_wraps() {
    let target = Ipv4Addr::new(127, 0, 0, 81);
    let _ = listener::plain_mail_server(target, 25);
    let server = TestServer::start_with_tls(PALISADE);
    let calls = registry::CALLS.iter().map(|row| row.call);
    let served: serde_json::Map<String, serde_json::Value> = calls
        .map(|call| (call.script.to_owned(), serde_json::json!([call.example.parameters, call.root])))
        .collect();
    let input = format!("{}\n{}\n", server.password(), serde_json::Value::Object(served));

    let mut command = tools::python();
    command
        .arg(tools::repository().join("clients/qualysapi_calls.py"))
        .args([server.host_and_port(), server.login(), &target.to_string()])
        .env("REQUESTS_CA_BUNDLE", server.data().join("certificate.pem"));
    let output = tools::run_with_input(&mut command, &input);
    assert!(output.status.success(), "{}\n{}", tools::told(&command, &output), server.log());
    let told = String::from_utf8_lossy(&output.stdout);
    let lines = |word: &str| -> Vec<String> {
        told.lines().filter_map(|line| Some(line.strip_prefix(word)?.trim().to_owned())).collect()
    };
    let (missing, exercised) = (lines("missing "), lines("exercised "));
    assert_eq!(missing.len() + exercised.len(), 37, "what version 8.1.0 of the library wraps:\n{told}");
    assert!(missing.is_empty(), "the library wraps what the server has not: {missing:?}");
}

#[test]
fn qualysapi_launches_pauses_resumes_and_cancels_scans() {
    let target = Ipv4Addr::new(127, 0, 0, 82);
    let _ = listener::plain_mail_server(target, 25);
    let server = TestServer::start_with_tls(PALISADE);
    let mut command = tools::python();
    command
        .arg(tools::repository().join("clients/qualysapi_scans.py"))
        .args([server.host_and_port(), server.login(), &target.to_string()])
        .env("REQUESTS_CA_BUNDLE", server.data().join("certificate.pem"));
    let output = tools::run_with_input(&mut command, &format!("{}\n", server.password()));
    assert!(output.status.success(), "{}\n{}", tools::told(&command, &output), server.log());
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(told.lines().filter(|line| line.starts_with("scan scan/")).count(), 2, "{told}");
}

#[test]
fn pyqualys_and_bibt_qualys_read_the_results_of_a_scan() {
    let target = Ipv4Addr::new(127, 0, 0, 83);
    let _ = listener::plain_mail_server(target, 25);
    let server = TestServer::start(PALISADE, None);
    let _ = server.call("msp/asset_ip.php", &[("action", "add"), ("host_ips", &target.to_string())]);
    let other = [("ip", target.to_string()), ("save_report", "yes".to_owned())];
    let other: Vec<(&str, &str)> = other.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let _ = server.call("msp/scan.php", &other);
    let findings = |name: &str, script: &str, server_url: &str, last: &str| {
        let mut command = tools::python_with(name);
        command
            .arg(tools::repository().join("clients").join(script))
            .args([server_url, server.login(), last])
            .env("no_proxy", "127.0.0.1");
        let output = tools::run_with_input(&mut command, &format!("{}\n", server.password()));
        assert!(output.status.success(), "{}\n{}", tools::told(&command, &output), server.log());
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(told.contains("finding 74042\n"), "the mail server's banner is there:\n{told}");
        told.lines().filter(|line| line.starts_with("finding ")).count()
    };
    let url = format!("{}/", server.base_url());
    let brief = findings("pyqualys", "pyqualys_scans.py", &url, &target.to_string());
    let extended = findings("bibt-qualys", "bibt_qualys_scans.py", server.base_url(), "Through pyqualys");
    assert_eq!(brief, extended, "both forms have every result");
}
