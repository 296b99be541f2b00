//! OpenSSH, in a mount namespace with users of its own.

use std::process::Command;

use palisade_model::fact::SignInStatus;
use palisade_model::option_profile::AuthenticationKind;

use crate::daemon::{Daemon, Home, free_port, run};
use crate::{PASSWORD, assert_status, has, only, record, scan, scan_with};

/// An SSH service that knows `scan` and `root` with [`PASSWORD`], and a key of `scan`.
fn sshd(settings: &str) -> Daemon {
    let home = Home::new();
    let hash = Command::new("openssl").args(["passwd", "-6", PASSWORD]).output().unwrap().stdout;
    let hash = String::from_utf8(hash).unwrap();
    let hash = hash.trim();
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap();
    home.write("passwd", &format!("{passwd}scan:x:12345:12345::/tmp:/bin/sh\n"));
    home.write("shadow", &format!("root:{hash}:19000:0:99999:7:::\nscan:{hash}:19000:0:99999:7:::\n"));
    for (kind, name, passphrase) in
        [("ed25519", "host", ""), ("ed25519", "scan", "open sesame"), ("rsa", "rsa", "")]
    {
        let mut keygen = Command::new("ssh-keygen");
        run(keygen.args(["-q", "-t", kind, "-N", passphrase, "-f"]).arg(home.path(name)));
    }
    let public = ["scan.pub", "rsa.pub"].map(|name| std::fs::read_to_string(home.path(name)).unwrap());
    home.write("authorized_keys", &public.concat());
    let (port, folder) = (free_port(), home.show());
    home.write(
        "conf",
        &format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nUsePAM no\nPidFile none\n\
             StrictModes no\nAuthorizedKeysFile {folder}/authorized_keys\nPermitRootLogin yes\n\
             LogLevel VERBOSE\nMaxStartups 100\nUseDNS no\n{settings}\n"
        ),
    );
    let script = format!(
        "mount -t tmpfs none /run; mkdir /run/sshd; mount --bind {folder}/passwd /etc/passwd; \
         mount --bind {folder}/shadow /etc/shadow; exec /usr/sbin/sshd -D -e -f {folder}/conf"
    );
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private", "bash", "-ec", &script]);
    Daemon::start(home, port, &mut command)
}

/// How often the service refused somebody.
fn refusals(sshd: &Daemon) -> usize {
    let log = std::fs::read_to_string(sshd.home.path("log")).unwrap();
    log.lines().filter(|line| line.starts_with("Failed ") && !line.starts_with("Failed none")).count()
}

fn port_of(sshd: &Daemon) -> String {
    sshd.port.to_string()
}

#[tokio::test]
async fn a_password_lets_in_and_the_system_tells_about_itself() {
    let sshd = sshd("");
    let port = port_of(&sshd);
    let record = record("unix", &[("username", "scan"), ("port", &port)], &[("password", PASSWORD)]);
    let host = scan(sshd.port, record).await;
    assert_status(&host, SignInStatus::Passed, "signed in");
    let facts = only(&host);
    assert_eq!((facts.user.as_str(), facts.method.as_str()), ("scan", "password"));
    let seen = &host.facts.ports[0].ssh.as_ref().unwrap().host_keys;
    assert!(seen.iter().any(|key| Some(&key.fingerprint) == facts.server_key.as_ref()), "{facts:?}");
    let inside = host.facts.inside.as_ref().unwrap();
    assert!(inside.kernel.starts_with("Linux ") && !inside.root, "{inside:?}");
    assert_eq!(inside.package_manager, "dpkg");
    assert!(inside.packages.iter().any(|package| package.name == "openssh-server"), "{inside:?}");
    for qid in [38_307, 45_141, 900_501] {
        assert!(has(&host, qid), "{qid}");
    }
    assert!(!has(&host, 105_053));
    let system = host.facts.os.as_ref().unwrap();
    assert!(system.evidence.iter().any(|vote| vote.technique == "Unix sign-in"), "{system:?}");
    assert_eq!(system.name, inside.system);
}

#[tokio::test]
async fn keys_let_in_with_and_without_a_passphrase() {
    let sshd = sshd("PasswordAuthentication no\nKbdInteractiveAuthentication no");
    let port = port_of(&sshd);
    let key = |name: &str| std::fs::read_to_string(sshd.home.path(name)).unwrap();
    let fields = [("username", "scan"), ("port", port.as_str())];
    let host = scan(
        sshd.port,
        record("unix", &fields, &[("private_key", &key("scan")), ("passphrase", "open sesame")]),
    )
    .await;
    assert_status(&host, SignInStatus::Passed, "signed in");
    assert_eq!(only(&host).method, "public key");
    let host = scan(sshd.port, record("unix", &fields, &[("rsa_private_key", &key("rsa"))])).await;
    assert_status(&host, SignInStatus::Passed, "signed in");
    let locked =
        record("unix", &fields, &[("private_key", &key("scan")), ("passphrase", "another passphrase")]);
    assert_status(&scan(sshd.port, locked).await, SignInStatus::NotAttempted, "passphrase");
    let password = record("unix", &fields, &[("password", PASSWORD)]);
    assert_status(&scan(sshd.port, password).await, SignInStatus::Failed, "takes no passwords");
    assert_eq!(refusals(&sshd), 0, "nobody was refused");
}

#[tokio::test]
async fn a_wrong_password_is_tried_once() {
    let sshd = sshd("");
    let port = port_of(&sshd);
    let wrong = record("unix", &[("username", "scan"), ("port", &port)], &[("password", "wrong-password")]);
    let host = scan(sshd.port, wrong).await;
    assert_status(&host, SignInStatus::Failed, "refused");
    assert!(has(&host, 105_053) && !has(&host, 38_307));
    assert!(host.facts.inside.is_none());
    assert_eq!(refusals(&sshd), 1, "{}", std::fs::read_to_string(sshd.home.path("log")).unwrap());
}

#[tokio::test]
async fn whoever_does_not_become_root_has_too_few_privileges() {
    let sshd = sshd("");
    let port = port_of(&sshd);
    let with = |tool: &'static str, secrets: &[(&str, &str)]| {
        record("unix", &[("username", "scan"), ("port", &port), ("root_tool", tool)], secrets)
    };
    let host = scan(sshd.port, with("powerbroker", &[("password", PASSWORD)])).await;
    assert_status(&host, SignInStatus::InsufficientPrivileges, "powerbroker");
    assert!(has(&host, 900_502) && has(&host, 38_307) && has(&host, 45_141));
    let wrong = with("su", &[("password", PASSWORD), ("root_tool_password", "wrong-password")]);
    let host = scan(sshd.port, wrong).await;
    assert_status(&host, SignInStatus::InsufficientPrivileges, "by su");
    let right = with("su", &[("password", PASSWORD), ("root_tool_password", PASSWORD)]);
    let host = scan(sshd.port, right).await;
    assert_status(&host, SignInStatus::Passed, "as root");
    assert!(host.facts.inside.unwrap().root);
}

#[tokio::test]
async fn what_the_profile_has_off_is_not_tried() {
    let sshd = sshd("");
    let port = port_of(&sshd);
    let right = || record("unix", &[("username", "scan"), ("port", &port)], &[("password", PASSWORD)]);
    let host = scan_with(sshd.port, vec![right()], vec![AuthenticationKind::Windows]).await;
    assert!(host.facts.sign_ins.is_empty() && host.facts.inside.is_none());
    let host = scan_with(sshd.port, Vec::new(), vec![AuthenticationKind::Unix]).await;
    assert_status(&host, SignInStatus::NotAttempted, "no authentication record");
    assert!(has(&host, 105_297));
    let mut vaulted = right();
    vaulted.unusable = Some("the password is kept by a vault".to_owned());
    let host = scan(sshd.port, vaulted).await;
    assert_status(&host, SignInStatus::NotAttempted, "vault");
    let log = std::fs::read_to_string(sshd.home.path("log")).unwrap();
    assert!(!log.contains("Accepted"), "{log}");
}
