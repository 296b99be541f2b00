//! The mail server of the settings: a new user's login and password arrive, and work.

use std::path::Path;

use base64::Engine as _;
use palisade_testkit::mail_server::{LOGIN, MailServer, PASSWORD};
use palisade_testkit::server::{self, TestServer};

const PALISADE: &str = env!("CARGO_BIN_EXE_palisade");

#[test]
fn a_new_users_login_and_password_come_by_mail() {
    let mail = MailServer::start("starttls", true);
    let folder = tempfile::tempdir().unwrap();
    let password_file = folder.path().join("password");
    std::fs::write(&password_file, format!("{PASSWORD}\n")).unwrap();
    let certificate = mail.certificate();
    let settings = [
        "--mail-server",
        &format!("127.0.0.1:{}", mail.port()),
        "--mail-login",
        LOGIN,
        "--mail-password-file",
        password_file.to_str().unwrap(),
        "--mail-certificate",
        certificate.to_str().unwrap(),
        "--mail-from",
        "palisade@scans.example",
    ];
    let server = TestServer::start_with_settings(PALISADE, None, &settings);
    let form = [
        ("action", "add"),
        ("user_role", "reader"),
        ("business_unit", "Unassigned"),
        ("first_name", "Ada"),
        ("last_name", "Brown"),
        ("title", "Analyst"),
        ("email", "ada@scans.example"),
        ("address1", "1 Main Street"),
        ("city", "Paris"),
        ("country", "France"),
    ];
    let answer = server.call("msp/user.php", &form);
    assert!(answer.contains("status=\"SUCCESS\"") && !answer.contains("<PASSWORD>"), "{answer}");
    let mails = mail.wait_for_mails(1);
    let value = |label: &str| {
        let (_, rest) = mails[0].split_once(label).unwrap();
        rest.lines().next().unwrap().to_owned()
    };
    let (login, password) = (value("Login: "), value("Password: "));
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("{login}:{password}"));
    let url = format!("{}/msp/acceptEULA.php", server.base_url());
    let accepted = ureq::get(url).header("Authorization", format!("Basic {pair}")).call().unwrap();
    assert_eq!(accepted.status(), 200);
    let log = server.log();
    assert!(!log.contains(&password) && !log.contains(PASSWORD), "{log}");
    let outbox = server.data().join("outbox");
    let left = std::fs::read_dir(outbox).map_or(0, Iterator::count);
    assert_eq!(left, 0, "with a mail server the outbox stays empty");
}

#[test]
fn a_mail_server_that_cannot_be_used_is_told_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let refusal = |arguments: &[&str]| {
        let mut command = server::clean(Path::new(PALISADE));
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--http", "--data"])
            .arg(folder.path())
            .args(arguments);
        let output = command.output().unwrap();
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let clear = refusal(&["--mail-server", "mail.example", "--mail-security", "none"]);
    assert!(clear.contains("mail_security = none is for a mail server on loopback"), "{clear}");
    let half = refusal(&["--mail-server", "mail.example", "--mail-login", "x"]);
    assert!(half.contains("mail_login and mail_password_file are needed together"), "{half}");
    let file = refusal(&["--mail-server", "mail.example", "--mail-certificate", "/nonexistent"]);
    assert!(file.contains("/nonexistent cannot be read"), "{file}");
    for (flag, value) in [("--mail-server", "a b"), ("--base-url", "<x>"), ("--company", " ")] {
        assert!(refusal(&[flag, value]).contains(flag), "{flag}");
    }
}
