//! Samba, which speaks what Windows speaks.

use std::io::Write as _;
use std::process::{Command, Stdio};

use palisade_model::fact::SignInStatus;

use crate::daemon::{Daemon, Home, find, free_port};
use crate::{PASSWORD, assert_status, has, only, record, scan};

/// A server that knows `root` and `daemon` with [`PASSWORD`], of whom `root` alone may open ADMIN$, and
/// takes everybody unknown for a guest; messages are signed as `signing` says in smb.conf.
fn samba(signing: &str) -> Daemon {
    let home = Home::new();
    let (port, folder) = (free_port(), home.show());
    let conf = home.write(
        "smb.conf",
        &format!(
            "[global]\nworkgroup = LAB\nserver role = standalone server\nsmb ports = {port}\n\
             interfaces = 127.0.0.1\nbind interfaces only = yes\ndisable netbios = yes\n\
             private dir = {folder}\nlock directory = {folder}\nstate directory = {folder}\n\
             cache directory = {folder}\npid directory = {folder}\nncalrpc dir = {folder}/rpc\n\
             passdb backend = smbpasswd:{folder}/smbpasswd\nlog file = {folder}/smbd.log\n\
             map to guest = bad user\nserver signing = {signing}\nserver min protocol = SMB2\n\
             load printers = no\ndisable spoolss = yes\nrpc start on demand helpers = no\n\
             [ADMIN$]\npath = {folder}\nvalid users = root\n"
        ),
    );
    for user in ["root", "daemon"] {
        let mut smbpasswd = Command::new(find("smbpasswd", &["/usr/bin"]));
        smbpasswd.arg("-c").arg(&conf).args(["-s", "-a", user]).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut child = smbpasswd.spawn().unwrap();
        write!(child.stdin.take().unwrap(), "{PASSWORD}\n{PASSWORD}\n").unwrap();
        assert!(child.wait().unwrap().success());
    }
    let mut command = Command::new(find("smbd", &["/usr/sbin"]));
    command.args(["-F", "--no-process-group", "--debug-stdout", "-s"]).arg(conf);
    Daemon::start(home, port, &mut command)
}

#[tokio::test]
async fn the_right_password_lets_in_signed_and_unsigned() {
    for signing in ["disabled", "mandatory"] {
        let server = samba(signing);
        let host =
            scan(server.port, record("windows", &[("username", "root")], &[("password", PASSWORD)])).await;
        assert_status(&host, SignInStatus::Passed, "signed in");
        let facts = only(&host);
        assert_eq!((facts.method.as_str(), facts.version.as_deref()), ("NTLMv2", Some("SMB 2.1")));
        assert!(has(&host, 70_028) && has(&host, 70_053) && !has(&host, 105_015));
    }
}

#[tokio::test]
async fn whoever_is_no_administrator_has_too_few_privileges() {
    let server = samba("mandatory");
    let user = record("windows", &[("username", "daemon")], &[("password", PASSWORD)]);
    let host = scan(server.port, user).await;
    assert_status(&host, SignInStatus::InsufficientPrivileges, "ADMIN$ is denied: access is denied");
    assert!(has(&host, 900_502) && has(&host, 70_053));
}

#[tokio::test]
async fn the_wrong_password_and_guests_do_not() {
    let server = samba("auto");
    let wrong = record("windows", &[("username", "root")], &[("password", "wrong-password")]);
    let host = scan(server.port, wrong).await;
    assert_status(&host, SignInStatus::Failed, "wrong");
    assert!(has(&host, 105_015) && has(&host, 70_028) && !has(&host, 70_053));
    let guest = record("windows", &[("username", "stranger")], &[("password", PASSWORD)]);
    assert_status(&scan(server.port, guest).await, SignInStatus::Failed, "guest");
    let fields = [("username", "root"), ("minimum_smb_version", "3.0")];
    let modern = record("windows", &fields, &[("password", PASSWORD)]);
    assert_status(&scan(server.port, modern).await, SignInStatus::NotAttempted, "SMB 3");
}
