//! Mails on their way to a real mail server: over TLS, through restarts, and given up in the end.

use palisade_app::{Actor, Config, CreateUser, Error, MailSecurity, MailServer};
use palisade_model::user::Password;
use palisade_model::{Role, UserProfile};
use palisade_testkit::mail_server::{self, LOGIN, PASSWORD};

use crate::desk::{Desk, HERE, password};

/// How the application reaches the mail server.
fn reach(server: &mail_server::MailServer, security: MailSecurity) -> MailServer {
    MailServer {
        host: "127.0.0.1".to_owned(),
        port: server.port(),
        security,
        login: Some((LOGIN.to_owned(), Password::new(PASSWORD.to_owned()))),
        certificates: Some(std::fs::read(server.certificate()).unwrap()),
    }
}

async fn desk(mail_server: MailServer) -> (Desk, Actor) {
    let from = "palisade@scans.example".to_owned();
    let config = Config { mail_server: Some(mail_server), mail_from: from, ..Config::default() };
    let desk = Desk::with(config).await;
    let manager = desk.manager().await;
    (desk, manager)
}

/// A user whose login and password go by mail.
fn mailed() -> CreateUser {
    CreateUser {
        role: Role::Reader,
        business_unit: "Unassigned".to_owned(),
        asset_groups: Vec::new(),
        first_name: "Ada".to_owned(),
        last_name: "Brown".to_owned(),
        email: "ada@scans.example".to_owned(),
        profile: UserProfile::default(),
        send_mail: true,
    }
}

fn after<'a>(mail: &'a str, label: &str) -> &'a str {
    mail.split_once(label).and_then(|(_, rest)| rest.split_once("\r\n")).map_or("", |(value, _)| value)
}

/// What the activity log says about mails, newest first.
async fn log(desk: &Desk) -> Vec<(String, String)> {
    let entries = desk.app.list_activity(100).await.unwrap();
    entries
        .into_iter()
        .filter(|entry| entry.module == "mail")
        .map(|entry| (entry.action, entry.details))
        .collect()
}

#[tokio::test]
async fn a_mail_goes_over_tls_with_a_login() {
    for (name, security) in [("starttls", MailSecurity::StartTls), ("tls", MailSecurity::Tls)] {
        let server = mail_server::MailServer::start(name, true);
        let (desk, manager) = desk(reach(&server, security)).await;
        let account = desk.app.create_user(&manager, mailed()).await.unwrap();
        assert!(!desk.holds(account.password.reveal()), "what waits is encrypted");
        assert!(desk.app.send_due_mail().await.unwrap());
        assert!(!desk.app.send_due_mail().await.unwrap(), "it is sent once");
        let mails = server.mails();
        assert_eq!(mails.len(), 1, "{mails:?}");
        assert!(
            mails[0].starts_with("X-Envelope: palisade@scans.example ada@scans.example\r\n"),
            "{}",
            mails[0]
        );
        assert!(mails[0].contains("\r\nMessage-ID: <") && mails[0].contains("\r\nTo: ada@scans.example\r\n"));
        assert_eq!(after(&mails[0], "\r\nLogin: "), account.login.as_str());
        let mailed = password(after(&mails[0], "\r\nPassword: "));
        desk.app.authenticate(account.login.as_str(), &mailed, HERE).await.unwrap();
        assert_eq!(log(&desk).await, [("sent".to_owned(), "to ada@scans.example".to_owned())]);
    }
}

#[tokio::test]
async fn a_mail_outlives_a_restart_and_a_mail_server_that_is_down() {
    let mut server = mail_server::MailServer::start("none", false);
    server.stop();
    let reach = MailServer { login: None, certificates: None, ..reach(&server, MailSecurity::None) };
    let (mut desk, manager) = desk(reach).await;
    desk.app.create_user(&manager, mailed()).await.unwrap();
    assert!(desk.app.send_due_mail().await.unwrap(), "tried");
    assert!(!desk.app.send_due_mail().await.unwrap(), "put off");
    desk.restart().await;
    desk.clock.advance(59);
    assert!(!desk.app.send_due_mail().await.unwrap(), "not yet");
    server.restart();
    server.refuse(true);
    desk.clock.advance(1);
    assert!(desk.app.send_due_mail().await.unwrap());
    server.refuse(false);
    desk.clock.advance(119);
    assert!(!desk.app.send_due_mail().await.unwrap(), "the pauses grow");
    assert!(server.mails().is_empty());
    desk.clock.advance(1);
    assert!(desk.app.send_due_mail().await.unwrap());
    assert_eq!(server.mails().len(), 1);
    assert_eq!(log(&desk).await.len(), 1, "attempts are not in the log, the end is");
}

#[tokio::test]
async fn a_mail_that_nobody_takes_is_given_up_and_the_log_says_so() {
    let server = mail_server::MailServer::start("starttls", true);
    let good = reach(&server, MailSecurity::StartTls);
    let wrong = Some((LOGIN.to_owned(), Password::new("wrong".to_owned())));
    let cases = [
        MailServer { certificates: None, ..good.clone() },
        MailServer { login: wrong, ..good.clone() },
        MailServer { login: None, ..good },
    ];
    for mail_server in cases {
        let (desk, manager) = desk(mail_server).await;
        let account = desk.app.create_user(&manager, mailed()).await.unwrap();
        let mut attempts = 0;
        for _ in 0..2_000 {
            if log(&desk).await.is_empty() {
                attempts += u32::from(desk.app.send_due_mail().await.unwrap());
                desk.clock.advance(30);
            }
        }
        let log = log(&desk).await;
        assert_eq!((attempts, log.len()), (10, 1), "{log:?}");
        let (action, details) = &log[0];
        assert_eq!(action, "given up");
        assert!(
            details.starts_with("to ada@scans.example: the mail server 127.0.0.1 did not take the mail: "),
            "{details}"
        );
        assert!(!details.contains(account.password.reveal()) && !details.contains(PASSWORD), "{details}");
        assert!(!desk.app.send_due_mail().await.unwrap(), "it is over");
    }
    assert!(server.mails().is_empty());
}

#[tokio::test]
async fn without_anywhere_to_go_no_user_is_made() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    let refused = desk.app.create_user(&manager, mailed()).await;
    assert!(matches!(refused, Err(Error::NoOutbox)), "{refused:?}");
    assert!(!desk.app.send_due_mail().await.unwrap());
}
