//! Hosts and their detections through public client libraries, unmodified, against a server with TLS.

use std::net::Ipv4Addr;
use std::process::Command;

use palisade_testkit::server::TestServer;
use palisade_testkit::{listener, tools};

const PALISADE: &str = env!("CARGO_BIN_EXE_palisade");
const FIRST: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 83);
const LAST: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 85);

/// A server that has scanned the hosts from [`FIRST`] to [`LAST`].
fn scanned() -> TestServer {
    for last in FIRST.octets()[3]..=LAST.octets()[3] {
        let _ = listener::plain_mail_server(Ipv4Addr::new(127, 0, 0, last), 25);
    }
    let server = TestServer::start_with_tls(PALISADE);
    let targets = format!("{FIRST}-{LAST}");
    let arguments = [server.host_and_port(), server.login(), &targets];
    let told = run(tools::python(), "qualysapi_scan.py", &arguments, &server);
    assert_eq!(line(&told, "status"), "FINISHED");
    server
}

/// Runs a script of `clients/` to its end; what it prints, line by line.
fn run(mut command: Command, script: &str, arguments: &[&str], server: &TestServer) -> Vec<String> {
    command
        .arg(tools::repository().join("clients").join(script))
        .args(arguments)
        .env("REQUESTS_CA_BUNDLE", server.data().join("certificate.pem"));
    let output = tools::run_with_input(&mut command, &format!("{}\n", server.password()));
    assert!(output.status.success(), "{}\n{}", tools::told(&command, &output), server.log());
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

/// What the line that begins with `word` goes on with.
#[track_caller]
fn line<'a>(lines: &'a [String], word: &str) -> &'a str {
    let rest = lines.iter().find_map(|line| line.strip_prefix(word)?.strip_prefix(' '));
    rest.unwrap_or_else(|| panic!("no {word} in {lines:?}"))
}

/// `1=127.0.0.83 ...`: ids are in the order in which hosts were first scanned, so they are left out.
fn addresses(listed: &str) -> Vec<String> {
    let address = |word: &str| word.split_once('=').map_or(word, |(_, address)| address).to_owned();
    let mut addresses: Vec<String> = listed.split(' ').map(address).collect();
    addresses.sort();
    addresses
}

fn expected(suffix: &str) -> Vec<String> {
    let (first, last) = (FIRST.octets()[3], LAST.octets()[3]);
    (first..=last).map(|last| format!("127.0.0.{last}{suffix}")).collect()
}

#[test]
fn qualysapi_reads_hosts() {
    let server = scanned();
    let arguments = [server.host_and_port(), server.login(), &FIRST.to_string(), &LAST.to_string()];
    let told = run(tools::python(), "qualysapi_hosts.py", &arguments, &server);
    assert!(line(&told, "getHost").contains(&format!("={FIRST}/IP 20")), "{told:?}");
    for helper in ["listHosts", "getHostRange", "notScannedSince-0"] {
        assert_eq!(addresses(line(&told, helper)), expected("/IP"), "{helper}");
    }
    assert_eq!(addresses(line(&told, "listHosts-limit")).len(), 1);
    assert_eq!(addresses(line(&told, "listHosts-detailed")), [format!("{LAST}/IP")]);
    assert_eq!(line(&told, "notScannedSince-9"), "");
}

#[test]
fn pyqualys_reads_hosts_and_detections_page_by_page() {
    let server = scanned();
    let url = format!("https://{}/", server.host_and_port());
    let python = tools::python_with("pyqualys");
    let told = run(python, "pyqualys_hosts.py", &[&url, server.login()], &server);
    for call in ["list_hosts", "iter_hosts", "list_host_detections", "iter_host_detections"] {
        assert_eq!(addresses(line(&told, call)), expected(""), "{call}");
    }
    assert_eq!(line(&told, "iter_hosts"), line(&told, "list_hosts"), "by id");
    assert_eq!(line(&told, "pages"), "3");
    assert!(line(&told, "detected").parse::<u32>().unwrap_or(0) > 1, "{told:?}");
}
