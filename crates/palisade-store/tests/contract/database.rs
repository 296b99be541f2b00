//! The database itself: migrations, and what is left when a process dies in mid-transaction.

use palisade_store::{Error, Store};
use sqlx::{Connection, Executor};

use crate::bench::{Bench, alive, at, finding, ip, ips, new_scan};

async fn opening_again_changes_nothing(bench: Bench) {
    bench.add_subscription().await;
    let again = bench.open_again().await;
    assert_eq!(again.subscription_ips().await.unwrap(), ips("10.0.0.0/16"));
}

async fn two_programs_started_at_once_migrate_once(bench: Bench) {
    let mut raw = bench.connect().await;
    if bench.database.is_some() {
        raw.execute("DROP SCHEMA public CASCADE").await.unwrap();
        raw.execute("CREATE SCHEMA public").await.unwrap();
    } else {
        raw.execute("PRAGMA foreign_keys = OFF").await.unwrap();
        let tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
        for table in sqlx::query(tables).fetch_all(&mut raw).await.unwrap() {
            let drop = format!("DROP TABLE {}", sqlx::Row::get::<String, _>(&table, "name"));
            raw.execute(sqlx::AssertSqlSafe(drop)).await.unwrap();
        }
    }
    let opened = tokio::join!(bench.open_again(), bench.open_again(), bench.open_again());
    opened.2.subscription_ips().await.unwrap();
    let row = sqlx::query("SELECT COUNT(*) AS counted FROM subscription").fetch_one(&mut raw).await.unwrap();
    assert_eq!(sqlx::Row::get::<i64, _>(&row, "counted"), 1);
}

async fn a_newer_database_is_refused(bench: Bench) {
    let mut raw = bench.connect().await;
    raw.execute("UPDATE schema_version SET version = 1000").await.unwrap();
    let opened = Store::open(&bench.url, &bench.folder.path().join("documents")).await;
    assert!(matches!(opened, Err(Error::Newer { database: 1000, .. })), "{opened:?}");
}

async fn what_contradicts_the_vocabulary_is_named(bench: Bench) {
    bench.add_subscription().await;
    let scan = bench.launch("10.0.0.1").await;
    let mut raw = bench.connect().await;
    raw.execute("UPDATE scan SET status = 'LOST'").await.unwrap();
    match bench.store.scan(&scan).await {
        Err(Error::Inconsistent { table: "scan", column: "status", row }) => assert_eq!(row, "1"),
        other => panic!("{other:?}"),
    }
}

/// A process that dies after it wrote half of a result leaves none of it.
async fn a_transaction_that_breaks_never_was(bench: Bench) {
    bench.add_subscription().await;
    bench.launch("10.0.0.1").await;
    let slice = bench.lease("worker", "token").await.unwrap();
    let mut raw = bench.connect().await;
    raw.execute("BEGIN").await.unwrap();
    raw.execute(
        "INSERT INTO scan_host (scan_id, ip, alive, timed_out, findings, document, taken_in_at)
         VALUES (1, 167772161, 1, 0, '[]', 'nowhere', 0)",
    )
    .await
    .unwrap();
    match &bench.database {
        Some(database) => database.break_connections().unwrap(),
        // SQLite's connection is the file: closing it hard is what a dying process does.
        None => raw.close_hard().await.unwrap(),
    }
    let store = bench.open_again().await;
    assert_eq!(store.facts(&slice.scan.reference, ip("10.0.0.1")).await.unwrap(), None);
    let result = alive("10.0.0.1", vec![finding(7, Some(22))], &[7]);
    let intake = crate::bench::deliver(&store, &slice, "token", &result, 20).await;
    assert!(matches!(intake, palisade_store::Intake::TakenIn { .. }), "{intake:?}");
}

async fn a_broken_connection_is_replaced(bench: Bench) {
    bench.add_subscription().await;
    if let Some(database) = &bench.database {
        database.break_connections().unwrap();
    }
    // The pool notices a dead connection at its next use; what matters is that it recovers.
    for _ in 0..10 {
        if bench.store.subscription_ips().await.is_ok() {
            break;
        }
    }
    bench.launch("10.0.0.1").await;
    assert!(bench.lease("worker", "token").await.is_some());
    assert_eq!(bench.store.take_back_expired(at(1000)).await.unwrap(), 1);
}

crate::both!(
    opening_again_changes_nothing,
    two_programs_started_at_once_migrate_once,
    a_newer_database_is_refused,
    what_contradicts_the_vocabulary_is_named,
    a_transaction_that_breaks_never_was,
    a_broken_connection_is_replaced,
);

/// A full disk makes SQLite roll back without being asked; the trigger makes it do the same.
#[test]
fn writing_goes_on_after_sqlite_rolled_back_by_itself() {
    crate::bench::on_sqlite(async |bench| {
        bench.add_subscription().await;
        let mut raw = bench.connect().await;
        raw.execute(
            "CREATE TRIGGER disk_full BEFORE INSERT ON scan
             BEGIN SELECT RAISE(ROLLBACK, 'database or disk is full'); END",
        )
        .await
        .unwrap();
        // As often as there are connections, so that none is left that has not seen it.
        for _ in 0..10 {
            let refused = bench.store.launch_scan(&new_scan("10.0.0.1")).await;
            assert!(matches!(refused, Err(Error::Driver(_))), "{refused:?}");
        }
        raw.execute("DROP TRIGGER disk_full").await.unwrap();
        bench.launch("10.0.0.1").await;
        assert!(bench.lease("worker", "token").await.is_some());
    });
}

#[tokio::test]
async fn other_databases_are_refused() {
    let folder = tempfile::TempDir::new().unwrap();
    let opened = Store::open("mysql://user:secret@localhost/x", folder.path()).await;
    assert!(matches!(opened, Err(Error::Url)), "{opened:?}");
    assert!(!format!("{opened:?} {}", Error::Url).contains("secret"));
}

#[tokio::test]
async fn a_folder_may_have_any_name() {
    let folder = tempfile::TempDir::new().unwrap();
    let odd = folder.path().join("Ä b?c#d%20e&mode=ro");
    std::fs::create_dir(&odd).unwrap();
    let url = Store::sqlite_url(&odd.join("Palisade.db")).unwrap();
    let store = Store::open(&url, &odd.join("documents")).await.unwrap();
    assert!(!store.has_users().await.unwrap());
    assert!(odd.join("Palisade.db").is_file());
}
