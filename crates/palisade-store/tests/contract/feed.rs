//! Lists of vulnerabilities that others publish: taken in whole or not at all.

use palisade_model::cpe::VersionRange;
use palisade_model::cve::{Configuration, CpeMatch, CpeNode, Cvss, CvssScores, ExploitScore, KnownExploited};
use palisade_model::osv::{AffectedPackage, PackageAdvisory, PackageRange};
use palisade_model::{Cve, CveId, FeedKind, Timestamp};
use palisade_store::{Error, FeedImport, IMPORT_KEPT_S, Imported, Store};

use crate::bench::{Bench, at, qid};

fn id(text: &str) -> CveId {
    text.parse().unwrap()
}

/// A record about `acme:product`, changed at `second`.
fn cve(number: &str, product: &str, second: i64) -> Cve {
    let criteria = format!("cpe:2.3:a:acme:{product}:*:*:*:*:*:*:*:*").parse().unwrap();
    let matches = vec![CpeMatch { vulnerable: true, criteria, range: VersionRange::default() }];
    let nodes = vec![CpeNode { matches, ..CpeNode::default() }];
    Cve {
        id: id(number),
        published_at: at(0),
        modified_at: at(second),
        rejected: false,
        description: format!("Changed at {second}, with a NUL: \0."),
        scores: CvssScores {
            v2: None,
            v3: Some(Cvss { score: 98, vector: "CVSS:3.1/AV:N".to_owned() }),
            v4: None,
        },
        cwes: vec!["CWE-79".to_owned(), "CWE-80".to_owned()],
        configurations: vec![Configuration { nodes, ..Configuration::default() }],
    }
}

fn score(number: &str, probability: u32) -> ExploitScore {
    ExploitScore { cve: id(number), probability, percentile: 50_000 }
}

async fn import_cves(store: &Store, cves: &[Cve], now: Timestamp) -> Imported {
    let import = store.begin_feed_import(FeedKind::Nvd, now).await.unwrap();
    store.stage_cves(import, cves, now).await.unwrap();
    store.finish_feed_import(import, Some("today"), now).await.unwrap()
}

/// Records known of `acme:product`, with the second of their change.
async fn known(store: &Store, product: &str) -> Vec<(String, i64)> {
    let listed = store.list_cves_of_product("acme", product, 1_000).await.unwrap();
    listed
        .into_iter()
        .map(|cve| (cve.id.to_string(), cve.modified_at.as_second() - at(0).as_second()))
        .collect()
}

async fn staged(bench: &Bench, table: &str) -> i64 {
    let mut raw = bench.connect().await;
    let statement = format!("SELECT COUNT(*) FROM {table} WHERE import_id <> 0");
    sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).fetch_one(&mut raw).await.unwrap()
}

async fn an_import_is_seen_when_it_is_complete(bench: Bench) {
    let store = &bench.store;
    import_cves(store, &[cve("CVE-2026-0001", "server", 1)], at(10)).await;
    let revision = store.feed_revision().await.unwrap();
    let import = store.begin_feed_import(FeedKind::Nvd, at(20)).await.unwrap();
    let changed = [cve("CVE-2026-0001", "client", 2), cve("CVE-2026-0002", "server", 2)];
    store.stage_cves(import, &changed, at(20)).await.unwrap();
    assert_eq!(known(store, "server").await, [("CVE-2026-0001".to_owned(), 1)], "nothing of it is seen");
    assert_eq!(known(&bench.open_again().await, "client").await, []);
    let imported = store.finish_feed_import(import, Some("later"), at(21)).await.unwrap();
    assert_eq!(imported, Imported { taken: 2, records: 2 });
    assert_eq!(known(store, "server").await, [("CVE-2026-0002".to_owned(), 2)]);
    assert_eq!(known(store, "client").await, [("CVE-2026-0001".to_owned(), 2)]);
    assert!(store.feed_revision().await.unwrap() > revision);
    let feeds = store.list_feeds().await.unwrap();
    let nvd = feeds.iter().find(|state| state.feed == FeedKind::Nvd).unwrap();
    assert_eq!((nvd.imported_at, nvd.released.as_deref(), nvd.records), (Some(at(21)), Some("later"), 2));
    assert!(feeds.iter().any(|state| state.feed == FeedKind::Osv && state.imported_at.is_none()));
}

async fn records_come_back_as_they_were(bench: Bench) {
    let store = &bench.store;
    let mut all: Vec<Cve> =
        (0..450).map(|number| cve(&format!("CVE-2026-{number:04}"), "server", 5)).collect();
    all[3].rejected = true;
    import_cves(store, &all, at(10)).await;
    let listed = store.list_cves_of_product("acme", "server", 1_000).await.unwrap();
    assert_eq!(listed.len(), 449, "what was taken back is not listed");
    let mut expected = all[0].clone();
    expected.description = expected.description.replace('\0', "\u{fffd}");
    assert_eq!(listed[0], expected);
    assert_eq!(store.list_cves_of_product("acme", "server", 2).await.unwrap().len(), 2);
    let wanted: Vec<CveId> = all.iter().map(|cve| cve.id.clone()).chain([id("CVE-1999-9999")]).collect();
    let knowledge = store.list_cve_knowledge(&wanted).await.unwrap();
    assert_eq!(knowledge.len(), 450);
    assert!(knowledge[&all[3].id].record.as_ref().unwrap().rejected);
    assert!(store.list_cve_knowledge(&[]).await.unwrap().is_empty());
}

async fn older_records_and_repeated_ones_change_nothing(bench: Bench) {
    let store = &bench.store;
    import_cves(store, &[cve("CVE-2026-0001", "server", 5)], at(10)).await;
    let older = [
        cve("CVE-2026-0001", "client", 4),
        cve("CVE-2026-0002", "client", 1),
        cve("CVE-2026-0002", "other", 9),
    ];
    assert_eq!(import_cves(store, &older, at(11)).await, Imported { taken: 1, records: 2 });
    assert_eq!(known(store, "server").await, [("CVE-2026-0001".to_owned(), 5)]);
    assert_eq!(known(store, "client").await, [("CVE-2026-0002".to_owned(), 1)], "the first of two counts");
    assert_eq!(import_cves(store, &older, at(12)).await.records, 2);
}

async fn a_broken_import_leaves_everything_as_it_was(bench: Bench) {
    let store = &bench.store;
    import_cves(store, &[cve("CVE-2026-0001", "server", 1)], at(10)).await;
    let before = store.list_feeds().await.unwrap();

    let given_up = store.begin_feed_import(FeedKind::Nvd, at(20)).await.unwrap();
    store.stage_cves(given_up, &[cve("CVE-2026-0001", "server", 2)], at(20)).await.unwrap();
    store.abandon_feed_import(given_up).await.unwrap();
    assert_eq!(staged(&bench, "cve").await, 0);
    assert!(matches!(store.finish_feed_import(given_up, None, at(20)).await, Err(Error::Conflict)));

    // One whose process was killed: its rows stay until another import finds it silent.
    let killed = store.begin_feed_import(FeedKind::Nvd, at(20)).await.unwrap();
    store.stage_cves(killed, &[cve("CVE-2026-0001", "server", 3)], at(20)).await.unwrap();
    let second = store.begin_feed_import(FeedKind::Kev, at(21)).await.unwrap();
    assert_eq!(staged(&bench, "cve_product").await, 1, "it may still be at work");
    store.abandon_feed_import(second).await.unwrap();
    let later = store.begin_feed_import(FeedKind::Kev, at(21 + IMPORT_KEPT_S)).await.unwrap();
    assert_eq!((staged(&bench, "cve").await, staged(&bench, "cve_product").await), (0, 0));
    store.abandon_feed_import(later).await.unwrap();
    let late = store.stage_cves(killed, &[cve("CVE-2026-0003", "server", 3)], at(9_999)).await;
    assert!(matches!(late, Err(Error::Conflict)), "it comes too late");
    assert_eq!(known(store, "server").await, [("CVE-2026-0001".to_owned(), 1)]);
    assert_eq!(store.list_feeds().await.unwrap(), before);
}

async fn whole_lists_replace_what_was_known(bench: Bench) {
    let store = &bench.store;
    let import = async |scores: &[ExploitScore]| {
        let import: FeedImport = store.begin_feed_import(FeedKind::Epss, at(1)).await.unwrap();
        store.stage_exploit_scores(import, scores, at(1)).await.unwrap();
        store.finish_feed_import(import, None, at(1)).await.unwrap().records
    };
    assert_eq!(import(&[score("CVE-2026-0001", 10), score("CVE-2026-0002", 20)]).await, 2);
    assert_eq!(import(&[score("CVE-2026-0002", 30)]).await, 1);
    let knowledge = store.list_cve_knowledge(&[id("CVE-2026-0001"), id("CVE-2026-0002")]).await.unwrap();
    assert_eq!(knowledge.len(), 1);
    assert_eq!(knowledge[&id("CVE-2026-0002")].exploit_score, Some(score("CVE-2026-0002", 30)));

    let entry = KnownExploited {
        cve: id("CVE-2026-0002"),
        vendor: "Acme".to_owned(),
        product: "Server".to_owned(),
        name: "Name".to_owned(),
        added_on: "2026-02-01".parse().unwrap(),
        due_on: None,
        action: "Update.".to_owned(),
        ransomware: true,
    };
    let kev = store.begin_feed_import(FeedKind::Kev, at(2)).await.unwrap();
    store.stage_known_exploited(kev, std::slice::from_ref(&entry), at(2)).await.unwrap();
    store.finish_feed_import(kev, Some("2026.02.01"), at(2)).await.unwrap();
    let knowledge = store.list_cve_knowledge(&[id("CVE-2026-0002")]).await.unwrap();
    assert_eq!(knowledge[&id("CVE-2026-0002")].known_exploited, Some(entry));
}

async fn advisories_are_found_by_package(bench: Bench) {
    let store = &bench.store;
    let package = |ecosystem: &str, name: &str| AffectedPackage {
        ecosystem: ecosystem.to_owned(),
        name: name.to_owned(),
        ranges: vec![PackageRange {
            kind: "SEMVER".to_owned(),
            fixed: Some("2".to_owned()),
            ..PackageRange::default()
        }],
        versions: vec!["1".to_owned()],
    };
    let advisory = |name: &str, withdrawn| PackageAdvisory {
        id: name.to_owned(),
        modified_at: at(3),
        published_at: None,
        withdrawn,
        summary: "Summary".to_owned(),
        aliases: vec!["CVE-2026-0001".to_owned()],
        severities: Vec::new(),
        affected: vec![package("npm", "x"), package("PyPI", "x"), package("PyPI", "y")],
    };
    let import = store.begin_feed_import(FeedKind::Osv, at(1)).await.unwrap();
    let all = [advisory("B-1", false), advisory("A-1", false), advisory("C-1", true)];
    store.stage_advisories(import, &all, at(1)).await.unwrap();
    assert_eq!(store.finish_feed_import(import, None, at(1)).await.unwrap().records, 3);
    let found = store.list_advisories_of_package("PyPI", "x", 10).await.unwrap();
    let names: Vec<&str> = found.iter().map(|advisory| advisory.id.as_str()).collect();
    assert_eq!(names, ["A-1", "B-1"]);
    assert_eq!(found[0], PackageAdvisory { affected: vec![package("PyPI", "x")], ..advisory("A-1", false) });
}

async fn qids_stay_with_their_cve(bench: Bench) {
    let store = &bench.store;
    let assign = async |numbers: &[&str]| {
        let cves: Vec<CveId> = numbers.iter().map(|number| id(number)).collect();
        let assigned = store.assign_cve_qids(&cves, qid(5_000_001), at(1)).await.unwrap();
        numbers.iter().map(|number| assigned[&id(number)].number()).collect::<Vec<_>>()
    };
    assert_eq!(assign(&["CVE-2026-0002", "CVE-2026-0001"]).await, [5_000_001, 5_000_002]);
    assert_eq!(assign(&["CVE-2026-0001", "CVE-2026-0003"]).await, [5_000_002, 5_000_003]);
    let again = bench.open_again().await;
    let wanted = [id("CVE-2026-0004"), id("CVE-2026-0005")];
    let (one, two) = tokio::join!(
        store.assign_cve_qids(&wanted, qid(5_000_001), at(2)),
        again.assign_cve_qids(&wanted, qid(5_000_001), at(2)),
    );
    assert_eq!(one.unwrap(), two.unwrap());
    assert_eq!(store.list_cve_qids().await.unwrap().len(), 5);
}

crate::both!(
    an_import_is_seen_when_it_is_complete,
    records_come_back_as_they_were,
    older_records_and_repeated_ones_change_nothing,
    a_broken_import_leaves_everything_as_it_was,
    whole_lists_replace_what_was_known,
    advisories_are_found_by_package,
    qids_stay_with_their_cve,
);
