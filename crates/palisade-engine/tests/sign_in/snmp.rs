//! net-snmp.

use std::process::Command;

use palisade_model::SignIn;
use palisade_model::fact::SignInStatus;

use crate::daemon::{Daemon, Home, free_port};
use crate::{assert_status, has, only, record, scan};

const SIGNING: &str = "signing-password";
const PRIVACY: &str = "privacy-password";

/// An agent with a community and users; `blind` may ask and sees nothing of the system.
fn agent() -> Daemon {
    let home = Home::new();
    let conf = home.write(
        "conf",
        &format!(
            "rocommunity quay 127.0.0.1\nsysDescr An agent of the tests\n\
             createUser sha SHA \"{SIGNING}\" AES \"{PRIVACY}\"\nrouser sha priv\n\
             createUser md5 MD5 \"{SIGNING}\" DES \"{PRIVACY}\"\nrouser md5 auth\n\
             createUser blind SHA \"{SIGNING}\"\nview nothing included .1.3.6.1.2.1.2\nrouser blind auth -V nothing\n"
        ),
    );
    let port = free_port();
    let mut command = Command::new("/usr/sbin/snmpd");
    command
        .args(["-f", "-Lo", "-C", "-r", "-p"])
        // Removed when the agent ends.
        .arg(home.path("pid"))
        .arg("-c")
        .arg(conf)
        .arg(format!("udp:127.0.0.1:{port}"));
    command.env("SNMP_PERSISTENT_DIR", home.path("persistent"));
    Daemon::start_datagram(home, port, &mut command)
}

fn user(port: u16, name: &str, fields: &[(&str, &str)], secrets: &[(&str, &str)]) -> SignIn {
    let port = port.to_string();
    record("snmp", &[&[("version", "v3"), ("username", name), ("port", &port)], fields].concat(), secrets)
}

#[tokio::test]
async fn communities_are_tried_and_told_apart() {
    let agent = agent();
    let port = agent.port.to_string();
    for version in ["v1", "v2c"] {
        let fields = [("version", version), ("port", port.as_str())];
        let host = scan(agent.port, record("snmp", &fields, &[("community_strings", "wrong,quay")])).await;
        assert_status(&host, SignInStatus::Passed, "");
        assert_eq!(only(&host).version.as_deref(), Some("An agent of the tests"));
        assert!(has(&host, 900_503));
        let host =
            scan(agent.port, record("snmp", &fields, &[("community_strings", "no-such-community")])).await;
        assert_status(&host, SignInStatus::Failed, "communities");
        assert!(has(&host, 900_504));
    }
}

#[tokio::test]
async fn users_of_version_3_sign_and_encrypt() {
    let agent = agent();
    let sha_aes = [("auth_alg", "SHA1"), ("priv_alg", "AES")];
    let md5_des = [("auth_alg", "MD5"), ("priv_alg", "DES")];
    let both = [("password", SIGNING), ("encrypt_password", PRIVACY)];
    for (name, fields) in [("sha", sha_aes), ("md5", md5_des)] {
        let host = scan(agent.port, user(agent.port, name, &fields, &both)).await;
        assert_status(&host, SignInStatus::Passed, "");
        assert_eq!(only(&host).version.as_deref(), Some("An agent of the tests"), "{name}");
    }
    let signed = user(agent.port, "md5", &[("auth_alg", "MD5")], &[("password", SIGNING)]);
    assert_status(&scan(agent.port, signed).await, SignInStatus::Passed, "");
}

#[tokio::test]
async fn what_version_3_refuses() {
    let agent = agent();
    let sha = [("auth_alg", "SHA1")];
    let wrong = user(agent.port, "sha", &sha, &[("password", "another-password")]);
    assert_status(&scan(agent.port, wrong).await, SignInStatus::Failed, "password");
    let unknown = user(agent.port, "nobody", &sha, &[("password", SIGNING)]);
    assert_status(&scan(agent.port, unknown).await, SignInStatus::Failed, "unknown");
    let blind = user(agent.port, "blind", &sha, &[("password", SIGNING)]);
    assert_status(&scan(agent.port, blind).await, SignInStatus::InsufficientPrivileges, "description");
}
