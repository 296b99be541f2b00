//! MariaDB and PostgreSQL.

use std::process::Command;

use palisade_model::SignIn;
use palisade_model::fact::SignInStatus;

use crate::daemon::{Daemon, Home, find, free_port, postgres_folders, run};
use crate::{PASSWORD, assert_status, has, only, record, scan};

fn mariadb() -> Daemon {
    let home = Home::new();
    let data = format!("--datadir={}/data", home.show());
    // Not the folder everybody shares: a server that starts removes the temporary tables of others.
    let temporary = format!("--tmpdir={}", home.show());
    let mut install = Command::new(find("mariadb-install-db", &["/usr/bin"]));
    run(install.args([
        "--no-defaults",
        "--user=root",
        "--auth-root-authentication-method=normal",
        &data,
        &temporary,
    ]));
    let users = home.write(
        "users.sql",
        &format!(
            "CREATE USER scan@localhost IDENTIFIED BY '{PASSWORD}';\nGRANT SELECT ON mysql.* TO scan@localhost;\n\
             CREATE USER poor@localhost IDENTIFIED BY '{PASSWORD}';\n"
        ),
    );
    let port = free_port();
    let mut command = Command::new(find("mariadbd", &["/usr/sbin"]));
    command.args(["--no-defaults", "--user=root", "--bind-address=127.0.0.1", &data, &temporary]);
    command.args([format!("--port={port}"), format!("--socket={}/socket", home.show())]);
    command.arg(format!("--init-file={}", users.display()));
    Daemon::start(home, port, &mut command)
}

fn postgres() -> Daemon {
    let home = Home::new();
    let folders = postgres_folders();
    let folders: Vec<&str> = folders.iter().map(String::as_str).collect();
    let as_postgres = |program: &str| {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(find(program, &folders));
        command
    };
    run(Command::new("chown").arg("postgres:").arg(home.show()));
    let data = home.path("data");
    let (data, folder) = (data.display().to_string(), home.show());
    let password = home.write("password", PASSWORD);
    run(Command::new("chown").arg("postgres:").arg(&password));
    run(as_postgres("initdb")
        .args(["-D", &data, "-U", "postgres", "--auth=scram-sha-256", "--pwfile"])
        .arg(&password));
    let port = free_port();
    let mut command = as_postgres("postgres");
    command.args(["-D", &data, "-k", &folder, "-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"]);
    command.args(["-c", "fsync=off"]);
    let daemon = Daemon::start(home, port, &mut command);
    let statements = format!(
        "SET password_encryption = 'md5'; CREATE ROLE older LOGIN PASSWORD '{PASSWORD}';\
         CREATE DATABASE closed; REVOKE CONNECT ON DATABASE closed FROM PUBLIC;"
    );
    for statement in statements.split_inclusive(';').collect::<Vec<_>>().chunks(2) {
        let mut psql = Command::new(find("psql", &folders));
        psql.args(["-h", "127.0.0.1", "-p", &port.to_string(), "-U", "postgres", "-d", "postgres"]);
        for each in statement {
            psql.args(["-c", each]);
        }
        run(psql.env("PGPASSWORD", PASSWORD));
    }
    let allow = "host all older 127.0.0.1/32 md5\nhost all all 127.0.0.1/32 scram-sha-256\n";
    std::fs::write(daemon.home.path("data/pg_hba.conf"), allow).unwrap();
    let mut psql = Command::new(find("psql", &folders));
    psql.args(["-h", "127.0.0.1", "-p", &port.to_string(), "-U", "postgres", "-d", "postgres"]);
    run(psql.args(["-c", "SELECT pg_reload_conf()"]).env("PGPASSWORD", PASSWORD));
    daemon
}

fn database_record(kind: &str, port: u16, user: &str, database: (&str, &str), password: &str) -> SignIn {
    let port = port.to_string();
    record(kind, &[("username", user), ("port", &port), database], &[("password", password)])
}

#[tokio::test]
async fn mariadb_lets_in_and_refuses() {
    let server = mariadb();
    let with = |user: &str, database: &str, password: &str| {
        database_record("mariadb", server.port, user, ("database", database), password)
    };
    let host = scan(server.port, with("scan", "mysql", PASSWORD)).await;
    assert_status(&host, SignInStatus::Passed, "signed in");
    assert!(
        only(&host).version.as_ref().is_some_and(|version| version.contains("MariaDB")),
        "{:?}",
        only(&host)
    );
    assert!(only(&host).method.starts_with("mysql_native_password"));
    assert!(has(&host, 900_503));
    let host = scan(server.port, with("scan", "mysql", "wrong-password")).await;
    assert_status(&host, SignInStatus::Failed, "Access denied");
    assert!(has(&host, 900_504));
    let host = scan(server.port, with("poor", "mysql", PASSWORD)).await;
    assert_status(&host, SignInStatus::InsufficientPrivileges, "denied");
    let elsewhere = database_record("mysql", 1, "scan", ("database", "mysql"), PASSWORD);
    assert_status(&scan(server.port, elsewhere).await, SignInStatus::NotAttempted, "not open");
    let mut verified = with("scan", "mysql", PASSWORD);
    verified.fields.insert("ssl_verify".to_owned(), "1".to_owned());
    assert_status(&scan(server.port, verified).await, SignInStatus::NotAttempted, "certificate");
}

#[tokio::test]
async fn postgresql_lets_in_and_refuses() {
    let server = postgres();
    let with = |user: &str, database: &str, password: &str| {
        database_record("postgresql", server.port, user, ("pgsql_db_name", database), password)
    };
    let host = scan(server.port, with("postgres", "postgres", PASSWORD)).await;
    assert_status(&host, SignInStatus::Passed, "signed in");
    assert_eq!(only(&host).method, "scram-sha-256");
    assert!(only(&host).version.as_ref().is_some_and(|version| version.contains('.')));
    let host = scan(server.port, with("older", "postgres", PASSWORD)).await;
    assert_status(&host, SignInStatus::Passed, "signed in");
    assert_eq!(only(&host).method, "md5");
    for user in ["postgres", "older", "nobody"] {
        let host = scan(server.port, with(user, "postgres", "wrong-password")).await;
        assert_status(&host, SignInStatus::Failed, "authentication failed");
    }
    let host = scan(server.port, with("older", "closed", PASSWORD)).await;
    assert_status(&host, SignInStatus::InsufficientPrivileges, "");
}
