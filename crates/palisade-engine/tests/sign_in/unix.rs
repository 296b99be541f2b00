//! OpenSSH, in a mount namespace with users of its own.

use std::process::Command;

use palisade_model::auth_record::{GivenAccess, KeySort, RootTool};
use palisade_model::fact::SignInStatus;
use palisade_model::option_profile::AuthenticationKind;

use crate::daemon::{Daemon, Home, free_port, run};
use crate::{PASSWORD, assert_status, has, listed, only, record, scan, scan_with};

/// An SSH service that knows `scan` and `root` with [`PASSWORD`], and a key of `scan`.
fn sshd(settings: &str) -> Daemon {
    let home = Home::new();
    let hash = Command::new("openssl").args(["passwd", "-6", PASSWORD]).output().unwrap().stdout;
    let hash = String::from_utf8(hash).unwrap();
    let hash = hash.trim();
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap();
    home.write("passwd", &format!("{passwd}scan:x:12345:12345::/tmp:/bin/sh\n"));
    home.write("shadow", &format!("root:{hash}:19000:0:99999:7:::\nscan:{hash}:19000:0:99999:7:::\n"));
    for (kind, name, passphrase) in [
        ("ed25519", "host", ""),
        ("ed25519", "scan", "open sesame"),
        ("rsa", "rsa", ""),
        ("ed25519", "authority", ""),
    ] {
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
        "mount -t tmpfs none /run; mkdir /run/sshd; cp {folder}/authority.pub /run; mount --bind {folder}/passwd /etc/passwd; \
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
async fn root_tools_are_tried_in_their_order() {
    let sshd = sshd("");
    let port = port_of(&sshd);
    let with = |tools: &[(RootTool, &str)]| {
        let mut access = GivenAccess::default();
        for (tool, password) in tools {
            access.add_root_tool(*tool, (*password).to_owned());
        }
        let fields = [("username", "scan"), ("port", port.as_str())];
        listed("unix", &fields, &[("password", PASSWORD)], access)
    };
    let tools = [(RootTool::PowerBroker, ""), (RootTool::Su, "wrong-password"), (RootTool::Su, PASSWORD)];
    let host = scan(sshd.port, with(&tools)).await;
    assert_status(&host, SignInStatus::Passed, "as root");
    assert!(host.facts.inside.unwrap().root);
    let host = scan(sshd.port, with(&tools[..2])).await;
    assert_status(&host, SignInStatus::InsufficientPrivileges, "by powerbroker, su");
    assert!(has(&host, 900_502) && !host.facts.inside.unwrap().root);
    // A tool without a password of its own is given that of the user.
    let host = scan(sshd.port, with(&[(RootTool::PowerBroker, "wrong-password"), (RootTool::Su, "")])).await;
    assert_status(&host, SignInStatus::Passed, "as root");
}

#[tokio::test]
async fn keys_are_tried_in_their_order() {
    let sshd = sshd("PasswordAuthentication no\nKbdInteractiveAuthentication no");
    let port = port_of(&sshd);
    let mut keygen = Command::new("ssh-keygen");
    run(keygen.args(["-q", "-t", "ecdsa", "-N", "", "-f"]).arg(sshd.home.path("stranger")));
    let key = |name: &str| std::fs::read_to_string(sshd.home.path(name)).unwrap();
    let with = |keys: &[(KeySort, &str, &str)]| {
        let mut access = GivenAccess::default();
        for (sort, name, passphrase) in keys {
            access.add_private_key(Some(*sort), key(name), (*passphrase).to_owned(), String::new());
        }
        listed("unix", &[("username", "scan"), ("port", &port)], &[], access)
    };
    let (stranger, rsa) = ((KeySort::Ecdsa, "stranger", ""), (KeySort::Rsa, "rsa", ""));
    let locked = (KeySort::Ed25519, "scan", "another passphrase");
    let host = scan(sshd.port, with(&[locked, stranger, rsa])).await;
    assert_status(&host, SignInStatus::Passed, "signed in");
    assert_eq!(only(&host).method, "public key");
    assert_status(&scan(sshd.port, with(&[stranger])).await, SignInStatus::Failed, "the key was refused");
    let host = scan(sshd.port, with(&[stranger, stranger])).await;
    assert_status(&host, SignInStatus::Failed, "none of the 2 keys");
    assert_status(&scan(sshd.port, with(&[locked])).await, SignInStatus::NotAttempted, "passphrase");
    let right = (KeySort::Ed25519, "scan", "open sesame");
    assert_status(&scan(sshd.port, with(&[right])).await, SignInStatus::Passed, "signed in");
}

#[tokio::test]
async fn certificates_of_a_trusted_authority_let_in() {
    // No key of anybody is authorised: the certificate alone lets in.
    let sshd = sshd(
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\nTrustedUserCAKeys /run/authority.pub",
    );
    let (port, home) = (port_of(&sshd), &sshd.home);
    let certify = |kind: &str, name: &str, authority: &str, principal: &str| {
        let new = ["-q", "-t", kind, "-N", "", "-f"];
        run(Command::new("ssh-keygen").args(new).arg(home.path(name)));
        let sign = ["-q", "-I", "tests", "-n", principal, "-s"];
        let mut keygen = Command::new("ssh-keygen");
        run(keygen.args(sign).arg(home.path(authority)).arg(home.path(&format!("{name}.pub"))));
    };
    run(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(home.path("impostor")));
    certify("ed25519", "first", "authority", "scan");
    certify("ecdsa", "second", "authority", "scan");
    certify("ed25519", "foreign", "impostor", "scan");
    certify("ed25519", "other", "authority", "somebody");
    certify("rsa", "third", "authority", "scan");
    let text = |name: &str| std::fs::read_to_string(home.path(name)).unwrap();
    let with = |keys: &[(KeySort, &str, &str)]| {
        let mut access = GivenAccess::default();
        for (sort, key, certificate) in keys {
            let certificate = text(&format!("{certificate}-cert.pub"));
            access.add_private_key(Some(*sort), text(key), String::new(), certificate);
        }
        listed("unix", &[("username", "scan"), ("port", &port)], &[], access)
    };
    let (first, second) = ((KeySort::Ed25519, "first", "first"), (KeySort::Ecdsa, "second", "second"));
    let foreign = (KeySort::Ed25519, "foreign", "foreign");
    for keys in [&[first][..], &[second], &[foreign, first]] {
        let host = scan(sshd.port, with(keys)).await;
        assert_status(&host, SignInStatus::Passed, "signed in");
        assert_eq!(only(&host).method, "certificate", "{keys:?}");
    }
    for refused in [foreign, (KeySort::Ed25519, "other", "other")] {
        let host = scan(sshd.port, with(&[refused])).await;
        assert_status(&host, SignInStatus::Failed, "the certificate was refused");
    }
    let mixed = scan(sshd.port, with(&[(KeySort::Ed25519, "first", "other")])).await;
    assert_status(&mixed, SignInStatus::NotAttempted, "for another key");
    let rsa = scan(sshd.port, with(&[(KeySort::Rsa, "third", "third")])).await;
    assert_status(&rsa, SignInStatus::NotAttempted, "RSA");
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
