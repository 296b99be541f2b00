//! The public client library, unmodified, against a server with TLS.

use std::net::Ipv4Addr;

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
