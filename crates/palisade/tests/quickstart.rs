//! The guided tour, from nothing to a report of services that really listen.
#![expect(clippy::unwrap_used, reason = "a test may fail on what it cannot read")]

use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use palisade_testkit::{listener, server, tools};

const PALISADE: &str = env!("CARGO_BIN_EXE_palisade");
/// Ports of the standard list that are rarely taken on a machine with tests.
const WEB_PORTS: [u16; 4] = [8088, 8880, 8008, 8888];

/// A folder of the test's own; everything the tour writes lies in it.
struct Tour {
    folder: tempfile::TempDir,
}

impl Tour {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn credentials(&self) -> PathBuf {
        self.folder.path().join("credentials")
    }

    fn command(&self, target: Ipv4Addr) -> Command {
        let mut command = server::clean(Path::new(PALISADE));
        command
            .current_dir(self.folder.path())
            .args(["quickstart", &target.to_string(), "--exit", "--listen", "127.0.0.1:0"])
            .arg("--data")
            .arg(self.data())
            .arg("--credentials")
            .arg(self.credentials());
        command
    }

    fn reports(&self) -> Vec<PathBuf> {
        let mut reports: Vec<PathBuf> =
            fs::read_dir(self.data().join("reports")).unwrap().map(|entry| entry.unwrap().path()).collect();
        reports.sort();
        reports
    }

    fn accounts(&self) -> String {
        let mut command = server::clean(Path::new(PALISADE));
        tools::output(command.args(["user", "list", "--data"]).arg(self.data()))
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_first_run_reports_what_listens_and_a_second_keeps_the_account() {
    let target = Ipv4Addr::new(127, 0, 0, 77);
    let web = WEB_PORTS
        .iter()
        .copied()
        .find(|port| std::net::TcpListener::bind((target, *port)).is_ok())
        .expect("one of the ports is free");
    let _ = listener::plain_web_server(target, web);
    let _ = listener::plain_mail_server(target, 25);

    let tour = Tour::new();
    let told = tools::output(&mut tour.command(target));

    // What people see: the account once, a table with the ports, and commands to copy.
    let credentials = fs::read_to_string(tour.credentials()).unwrap();
    let (login, password) = login_and_password(&credentials);
    assert_eq!(told.matches(password).count(), 1, "the password is shown once:\n{told}");
    assert!(told.contains(&format!("{web}")) && told.contains("25"), "the table names the ports:\n{told}");
    assert!(
        told.contains("curl ") && told.contains("qualysapi") && told.contains("/resources/api/"),
        "{told}"
    );

    // What is kept, is kept from others.
    assert_eq!(mode(&tour.credentials()), 0o600);
    assert_eq!(mode(&tour.data()), 0o700);
    for secret in ["master.key", "certificate.key"] {
        assert_eq!(mode(&tour.data().join(secret)), 0o600, "{secret}");
    }

    // The report is there, and says the same.
    let [report] = tour.reports().try_into().unwrap_or_else(|reports| panic!("one report: {reports:?}"));
    assert!(told.contains(report.to_str().unwrap()), "where the XML lies is told:\n{told}");
    let report = fs::read_to_string(report).unwrap();
    assert!(report.contains(&format!("<IP value=\"{target}\"")), "{report}");
    assert!(report.contains(&format!("port=\"{web}\"")), "the web server has findings:\n{report}");
    assert!(report.contains("port=\"25\""), "the mail server has findings:\n{report}");

    // A second run finds its data.
    let again = tools::output(&mut tour.command(target));
    assert!(again.contains(login) && !again.contains(password), "no second password is made:\n{again}");
    assert_eq!(tour.accounts().matches("Manager  Active").count(), 1, "{}", tour.accounts());
    assert_eq!(fs::read_to_string(tour.credentials()).unwrap(), credentials);
    assert_eq!(tour.reports().len(), 2);
}

fn login_and_password(credentials: &str) -> (&str, &str) {
    let value = |key: &str| credentials.lines().find_map(|line| line.strip_prefix(key)).unwrap();
    (value("login="), value("password="))
}

#[test]
fn the_report_is_valid_under_the_dtd_that_the_server_serves() {
    let target = Ipv4Addr::new(127, 0, 0, 78);
    let _ = listener::plain_mail_server(target, 25);
    let mut server = server::TestServer::start(PALISADE, None);
    let _ = server.call("msp/asset_ip.php", &[("action", "add"), ("host_ips", &target.to_string())]);
    for save in ["yes", "no"] {
        let form = [("ip", "127.0.0.78"), ("save_report", save)];
        let document = server.call("msp/scan.php", &form);
        assert!(document.contains("<IP value=\"127.0.0.78\""), "{document}");
        validate(&server, &document);
    }
    for function in ["about.php", "scan_running_list.php", "scan_report_list.php", "asset_ip_list.php"] {
        validate(&server, &server.call(&format!("msp/{function}"), &[]));
    }
    server.kill();
}

/// The document under the DTD that its own DOCTYPE names, fetched from the server.
fn validate(server: &server::TestServer, document: &str) {
    let (_, rest) = document.split_once("<!DOCTYPE ").unwrap_or_else(|| panic!("no DOCTYPE: {document}"));
    let url = rest.split('"').nth(1).unwrap_or_else(|| panic!("no DTD is named: {document}"));
    assert!(url.starts_with(server.base_url()), "{url} is not on {}", server.base_url());
    let dtd = server.call(url.trim_start_matches(server.base_url()).trim_start_matches('/'), &[]);
    let complaint = tools::complaint_of_xmllint(document, &dtd);
    assert_eq!(complaint, None, "{document}");
}
