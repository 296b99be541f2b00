//! The guided tour: data folder, first account, server, and a real scan, done as a client of the
//! server's own API.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use clap::Args;
use indicatif::ProgressBar;
use palisade_app::{App, NewUser};
use palisade_model::user::Password;
use palisade_model::{IpSet, Login, Role, ScanRef, UserStatus};

use crate::client::{Answer, Client, ClientError, RateLimit};
use crate::data_directory::{DataDirectory, write_secret};
use crate::kb_template;
use crate::polling::Polling;
use crate::progress::{advance, percent_bar};
use crate::report::{self, Host, Report, Row};
use crate::server::{self, Server};
use crate::settings::Settings;
use crate::targets;
use crate::terminal::{line, plain, titled_table};

/// How often the tour looks whether the scan has ended.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The tour's own arguments.
#[derive(Debug, Args)]
pub(crate) struct QuickstartArguments {
    /// Hosts to scan: addresses, ranges, CIDR blocks or names; only hosts you may scan
    #[arg(value_name = "TARGET", default_value = "127.0.0.1")]
    targets: Vec<String>,

    /// Write the first account's login and password to this file (mode 0600)
    #[arg(long, value_name = "FILE")]
    credentials: Option<PathBuf>,

    /// End after the report, with status 0, instead of serving on
    #[arg(long)]
    exit: bool,

    #[command(flatten)]
    settings: Settings,
}

impl QuickstartArguments {
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }
}

/// Why the tour ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TourError {
    #[error("the targets cannot be used")]
    Targets(#[from] targets::TargetError),
    #[error("the server cannot start")]
    Server(#[from] server::ServerError),
    #[error("the first account cannot be made")]
    Account(#[source] palisade_app::Error),
    #[error("there is no active Manager account in this data folder; make one with `palisade user add`")]
    NoManager,
    #[error("the credentials cannot be written")]
    Credentials(#[source] crate::data_directory::DataDirectoryError),
    #[error("the tour's call of its own API failed")]
    Client(#[from] ClientError),
    #[error("the report cannot be read")]
    Report(#[from] quick_xml::Error),
    #[error("the report cannot be saved")]
    Save(#[source] crate::data_directory::DataDirectoryError),
    #[error("the scan ended as {status}: {reason}")]
    ScanFailed { status: String, reason: String },
    #[error("a part of the tour stopped unexpectedly")]
    Broken,
}

/// Runs the tour.
pub(crate) async fn run(arguments: QuickstartArguments) -> Result<(), TourError> {
    let settings = &arguments.settings;
    let targets = targets::resolve_v4(&arguments.targets, targets::SCANNED_MAX)?;
    let data = DataDirectory::open(&settings.data).map_err(server::ServerError::Data)?;
    let templates = kb_template::imported(&data).map_err(server::ServerError::Templates)?;
    let app = server::open_app_with(settings, &data, templates.as_deref()).await?;
    let login = account(&app, arguments.credentials.as_deref()).await?;

    let server = Server::start(&app, settings, &data, templates, true).await?;
    if server.address().port() != settings.listen.port() && settings.listen.port() != 0 {
        line(format!("Port {} is taken; using {} instead.", settings.listen.port(), server.address().port()));
    }
    line(format!("Palisade listens on {}", server.base_url()));

    let password = app.lend_password(&login).await.map_err(TourError::Account)?;
    let client = Client::new(server.base_url(), server.certificate(), &login, &password)?;
    let outcome = tokio::select! {
        outcome = tokio::task::spawn_blocking(move || tour(&client, &targets)) => {
            outcome.map_err(|_| TourError::Broken)?
        }
        () = server::asked_to_stop() => {
            line("\nStopped. A scan that was running is taken up again at the next start.");
            server.stop().await;
            return Ok(());
        }
    };
    app.take_back_password(&login, &password);
    let (scan, document) = match outcome {
        Ok(outcome) => outcome,
        Err(error) => {
            server.stop().await;
            return Err(error);
        }
    };
    let saved = save(&data, &scan, &document)?;
    let report = report::read(&document)?;
    show(&report, &saved);
    if arguments.exit {
        line(format!("\nThe server ends; start it again: palisade serve --data {}", settings.data.display()));
    }
    show_calls(&server, &login, &scan);
    finish(&report)?;
    if arguments.exit {
        server.stop().await;
    } else {
        line("\nServing until Ctrl-C.");
        server.run().await?;
    }
    Ok(())
}

/// The Manager the tour goes as: made on the first run, found on later ones.
async fn account(app: &App, credentials: Option<&Path>) -> Result<Login, TourError> {
    if app.has_users().await.map_err(TourError::Account)? {
        let users = app.list_users().await.map_err(TourError::Account)?;
        let manager = users
            .into_iter()
            .find(|user| user.role == Role::Manager && user.status == UserStatus::Active)
            .ok_or(TourError::NoManager)?;
        line(format!("Using the data and the account {} of an earlier run.", manager.login));
        return Ok(manager.login);
    }
    let new = NewUser {
        login: None,
        role: Role::Manager,
        first_name: "First".to_owned(),
        last_name: "Manager".to_owned(),
        email: String::new(),
        password: None,
        assigned_ips: IpSet::new(),
        asset_groups: Vec::new(),
        business_unit: None,
        eula_accepted: true,
        expires_at: None,
    };
    let account = app.add_user(new).await.map_err(TourError::Account)?;
    line("Made the first account (Manager). The password is shown only now:");
    line(format!("  login     {}", account.login));
    line(format!("  password  {}", account.password.reveal()));
    if let Some(path) = credentials {
        write_credentials(path, &account.login, &account.password)?;
        line(format!("  also in   {}", path.display()));
    }
    Ok(account.login)
}

fn write_credentials(path: &Path, login: &Login, password: &Password) -> Result<(), TourError> {
    let text = format!("login={login}\npassword={}\n", password.reveal());
    write_secret(path, text.as_bytes()).map_err(TourError::Credentials)
}

/// Adds the targets, scans them and fetches the report, all through the API.
fn tour(client: &Client, targets: &IpSet) -> Result<(ScanRef, String), TourError> {
    let ips = targets.to_string();
    let answer = client.call("asset_ip.php", &[("action", "add"), ("host_ips", &ips)])?;
    if !answer.contains("status=\"SUCCESS\"") {
        return Err(ClientError::Refused(report::return_text(&answer)).into());
    }
    let option = option_profile(targets);
    line(format!("Scanning {ips} through the API (scan.php, scan_report.php) with the profile {option}."));

    let (launched, reference) = mpsc::channel();
    let scanning = client.clone();
    let form_ips = ips.clone();
    let running = std::thread::spawn(move || {
        let form = [
            ("ip", form_ips.as_str()),
            ("option", option),
            ("save_report", "yes"),
            ("scan_title", "Quickstart"),
        ];
        scanning.scan(&form, |scan| {
            let _ = launched.send(scan);
        })
    });
    let bar = percent_bar();
    let mut scan = None;
    let mut polling = Polling::new();
    while !running.is_finished() {
        match scan.as_ref() {
            None => scan = reference.recv_timeout(LOOK_EVERY).ok(),
            Some(scan) => {
                if polling.is_due(LOOK_EVERY) {
                    polling.wait(show_progress(&bar, client, scan));
                }
                std::thread::sleep(LOOK_EVERY);
            }
        }
    }
    bar.finish_and_clear();
    running.join().map_err(|_| TourError::Broken)??;
    let scan = scan.or_else(|| reference.try_recv().ok()).ok_or(TourError::Broken)?;
    let document = client.call("scan_report.php", &[("ref", scan.as_str())])?;
    Ok((scan, document))
}

/// This machine is looked at on every port, so that whatever listens is in the report, this server
/// too, whatever port it took. Other hosts are treated as any scan treats them.
fn option_profile(targets: &IpSet) -> &'static str {
    const ADDRESSES_MAX: u64 = 4;
    let own = targets.count() <= ADDRESSES_MAX && targets.iter().all(|address| address.is_loopback());
    if own { "Full TCP Scan" } else { "Initial Options" }
}

/// Asks the running list, as any client can, and shows what it says. A failed question is asked
/// again at the next turn. Gives what the answer says about the rate limit.
fn show_progress(bar: &ProgressBar, client: &Client, scan: &ScanRef) -> RateLimit {
    match client.ask("scan_running_list.php", &[]) {
        Ok(Answer { body, rate }) => {
            show_running(bar, &body, scan);
            rate
        }
        Err(ClientError::Blocked { rate, .. }) => rate,
        Err(_) => RateLimit::default(),
    }
}

fn show_running(bar: &ProgressBar, answer: &str, scan: &ScanRef) {
    let Ok(running) = report::read_running(answer, scan.as_str()) else { return };
    let key = |name: &str| running.key(name).unwrap_or("0").to_owned();
    let number = |name: &str| key(name).parse::<u64>().unwrap_or(0);
    advance(bar, number("work_done"), number("work_total"));
    let left = running
        .key("time_left")
        .map_or_else(|| "working out the time".to_owned(), |time| format!("{time} left"));
    let state = format!(
        "{} of {} hosts done, {}, {} findings",
        key("nbhost_done"),
        key("nbhost_total"),
        running.key("stage").unwrap_or("waiting for a scanner"),
        key("findings"),
    );
    if bar.is_hidden() {
        // In a log, a line for what changed; the time left changes always.
        if bar.message() != state {
            line(format!("{state}, {left}"));
        }
        bar.set_message(state);
    } else {
        bar.set_message(format!("{state}, {left}"));
    }
}

fn save(data: &DataDirectory, scan: &ScanRef, document: &str) -> Result<PathBuf, TourError> {
    let folder = data.reports().map_err(TourError::Save)?;
    let path = folder.join(format!("{}.xml", scan.as_str().replace('/', "-")));
    write_secret(&path, document.as_bytes()).map_err(TourError::Save)?;
    Ok(path)
}

/// A scan that did not finish is the tour's failure; a host that is not there is the scan's result.
fn finish(report: &Report) -> Result<(), TourError> {
    match report.key("STATUS") {
        Some("FINISHED" | "NOHOSTALIVE") => Ok(()),
        status => Err(TourError::ScanFailed {
            status: status.unwrap_or("unknown").to_owned(),
            reason: report.errors.first().cloned().unwrap_or_default(),
        }),
    }
}

fn show(report: &Report, saved: &Path) {
    for host in &report.hosts {
        line(format!("\n{}  {}  {}", host.address, plain(&host.name), plain(&host.os)));
        line(findings(host));
    }
    for error in &report.errors {
        line(plain(error));
    }
    line(summary(report));
    line(format!("The report (XML): {}", saved.display()));
}

/// What to ask the server next.
fn show_calls(server: &Server, login: &Login, scan: &ScanRef) {
    let (base, trust) = (server.base_url(), server.certificate_path());
    let authority = base.split_once("://").map_or(base.as_str(), |(_, rest)| rest);
    line("\nTry it yourself (put in the password):");
    let cacert = trust.map(|path| format!(" --cacert {}", path.display())).unwrap_or_default();
    line(format!("  curl{cacert} -u {login} '{base}/msp/scan_report.php?ref={scan}'"));
    let bundle = trust.map(|path| format!("REQUESTS_CA_BUNDLE={} ", path.display())).unwrap_or_default();
    line(format!(
        "  {bundle}python3 -c 'import getpass, qualysapi; print(qualysapi.connect(username=\"{login}\", \
         password=getpass.getpass(), hostname=\"{authority}\").request(\"scan_report_list.php\"))'"
    ));
    line(format!("  xdg-open {base}/resources/api/    (the API user guide, in a browser)"));
}

/// A host's vulnerabilities as a table, worst first; information is counted, not listed.
fn findings(host: &Host) -> String {
    let (mut found, information): (Vec<&Row>, Vec<&Row>) =
        host.rows.iter().partition(|row| row.is_detection());
    found
        .sort_by_key(|row| (std::cmp::Reverse(row.severity), row.qid.parse::<u32>().unwrap_or(0), &row.port));
    let rows = found.into_iter().map(|row| {
        let kind = if row.kind == "VULN" { "confirmed" } else { "potential" };
        vec![row.severity.to_string(), kind.to_owned(), row.qid.clone(), row.port.clone(), plain(&row.title)]
    });
    let text = titled_table(&["severity", "kind", "QID", "port", "title"], rows, "no vulnerabilities found");
    let ports: BTreeSet<(u32, &str)> = information.iter().filter_map(|row| row.port_key()).collect();
    let ports: Vec<String> = ports.into_iter().map(|(port, protocol)| format!("{port}/{protocol}")).collect();
    let places = if ports.is_empty() { String::new() } else { format!(", on the ports {}", ports.join(" ")) };
    text + &format!("and {} pieces of information gathered{places}", information.len())
}

fn summary(report: &Report) -> String {
    let count = |severity: u8| {
        report
            .hosts
            .iter()
            .flat_map(|host| &host.rows)
            .filter(|row| row.severity == severity && row.is_detection())
            .count()
    };
    let counts: Vec<String> =
        (1..=5).rev().map(|severity| format!("severity {severity}: {}", count(severity))).collect();
    format!(
        "\n{} of {} hosts alive, {}; duration {}",
        report.key("NBHOST_ALIVE").unwrap_or("0"),
        report.key("NBHOST_TOTAL").unwrap_or("0"),
        counts.join(", "),
        report.key("DURATION").unwrap_or("unknown"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_scanned_on_every_port() {
        let profile = |targets: &str| option_profile(&targets.parse().unwrap());
        assert_eq!(profile("127.0.0.1"), "Full TCP Scan");
        assert_eq!(profile("127.0.0.1,192.0.2.7"), "Initial Options");
        assert_eq!(profile("127.0.0.0/24"), "Initial Options");
        let known: Vec<String> =
            palisade_app::shipped_option_profiles().into_iter().map(|profile| profile.title).collect();
        for title in [profile("127.0.0.1"), profile("192.0.2.7")] {
            assert!(known.contains(&title.to_owned()), "{title} is not among {known:?}");
        }
    }
}
