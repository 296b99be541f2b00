//! Versions against the public records of CVEs: potential, stable, and never twice.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use palisade_app::{Actor, FeedImported, HostKey, LaunchScan};
use palisade_engine::Link as _;
use palisade_model::fact::{PortFacts, Product};
use palisade_model::{Finding, FindingKind, HostFacts, HostResult, Qid, ScanRef, Transport};

use crate::desk::{Desk, launch, open_targets};

const HOST: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);

/// A record about `acme:server` before a version.
fn record(number: &str, before: &str, score: f32) -> String {
    format!(
        r#"{{"cve":{{"id":"{number}","published":"2026-01-01T00:00:00.000","lastModified":"2026-01-02T00:00:00.000",
        "descriptions":[{{"lang":"en","value":"Something of {number}."}}],
        "metrics":{{"cvssMetricV31":[{{"type":"Primary","cvssData":{{"vectorString":"CVSS:3.1/AV:N","baseScore":{score}}}}}]}},
        "configurations":[{{"nodes":[{{"operator":"OR","negate":false,"cpeMatch":[
            {{"vulnerable":true,"criteria":"cpe:2.3:a:acme:server:*:*:*:*:*:*:*:*","versionEndExcluding":"{before}"}}]}}]}}]}}}}"#
    )
}

async fn import(desk: &Desk, text: &str) -> FeedImported {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    desk.app.import_feed(vec![PathBuf::from(file.path())], None, |_| {}).await.unwrap()
}

async fn import_records(desk: &Desk, records: &[String]) -> FeedImported {
    let text = format!(r#"{{"format":"NVD_CVE","vulnerabilities":[{}]}}"#, records.join(","));
    import(desk, &text).await
}

/// A host whose port 80 names this version of the product.
fn host(version: Option<&str>) -> HostResult {
    let mut port = PortFacts::new(80, Transport::Tcp);
    port.product = Some(Product {
        vendor: "Acme".to_owned(),
        name: "Server".to_owned(),
        version: version.map(str::to_owned),
        cpe: Some(format!("cpe:2.3:a:acme:server:{}:*:*:*:*:*:*:*", version.unwrap_or("*"))),
    });
    HostResult {
        facts: HostFacts { address: HOST.into(), ports: vec![port], ..HostFacts::default() },
        findings: Vec::new(),
        tested: Vec::new(),
        tcp_ports: [80].into_iter().collect(),
        udp_ports: [53].into_iter().collect(),
    }
}

/// Scans the host and gives what the report of the scan has.
async fn scan(desk: &Desk, actor: &Actor, wanted: LaunchScan, result: &HostResult) -> Vec<Finding> {
    let scan: ScanRef = desk.app.launch_scan(actor, wanted).await.unwrap();
    desk.clock.advance(10);
    let link = desk.app.link("built-in");
    while let Some(lease) = link.lease().await.unwrap() {
        for _ in open_targets(&lease) {
            link.deliver(&lease, result.clone()).await.unwrap();
        }
        link.complete(&lease).await.unwrap();
    }
    let hosts = desk.app.report_hosts(actor, &scan, None, 10).await.unwrap();
    hosts.into_iter().flat_map(|host| host.findings).collect()
}

fn qids(findings: &[Finding]) -> Vec<u32> {
    findings.iter().map(|finding| finding.qid.number()).collect()
}

/// QIDs that the history has as open.
async fn open_qids(desk: &Desk, actor: &Actor) -> Vec<u32> {
    let info = desk.app.host_info(actor, HostKey::Ip(HOST)).await.unwrap();
    info.qids().into_iter().map(Qid::number).collect()
}

const FIRST: u32 = 10_000_001;

#[tokio::test]
async fn a_version_in_a_record_is_a_potential_vulnerability() {
    let mut desk = Desk::new().await;
    let manager = desk.manager().await;
    assert!(
        scan(&desk, &manager, launch("10.0.0.1"), &host(Some("1.0"))).await.is_empty(),
        "nothing is known"
    );
    import_records(&desk, &[record("CVE-2026-0001", "2.0", 9.8), record("CVE-2026-0002", "1.0", 9.8)]).await;
    let found = scan(&desk, &manager, launch("10.0.0.1"), &host(Some("1.0"))).await;
    assert_eq!(qids(&found), [FIRST]);
    assert_eq!((found[0].port, found[0].transport), (Some(80), Some(Transport::Tcp)));
    assert!(found[0].result.contains("CVE-2026-0001 names: before 2.0"), "{}", found[0].result);
    assert!(found[0].result.contains("from the version alone"));
    let kb = desk.app.kb();
    let entry = kb.entry(Qid::new(FIRST).unwrap()).unwrap();
    assert_eq!((entry.kind, entry.severity.level()), (FindingKind::Potential, 5));
    assert_eq!(entry.cves, ["CVE-2026-0001"]);
    assert_eq!(open_qids(&desk, &manager).await, [FIRST], "it has entered the history");

    // The next process knows it by the same number, and what was learnt since.
    desk.restart().await;
    import_records(&desk, &[record("CVE-2026-0003", "2.0", 5.0)]).await;
    import(&desk, "#score_date:2026-11-20T00:00:00Z\ncve,epss,percentile\nCVE-2026-0001,0.5,0.9\n").await;
    assert!(
        desk.app.refresh_knowledge_base().await.unwrap() && !desk.app.refresh_knowledge_base().await.unwrap()
    );
    let found = scan(&desk, &manager, launch("10.0.0.1"), &host(Some("1.0"))).await;
    assert_eq!(qids(&found), [FIRST, FIRST + 1]);
    let kb = desk.app.kb();
    let intelligence = &kb.entry(Qid::new(FIRST).unwrap()).unwrap().intelligence;
    assert_eq!(intelligence.exploit_score.as_ref().unwrap().probability, 50_000);
    assert_eq!(intelligence.cvss3.as_ref().unwrap().text(), "9.8");
}

#[tokio::test]
async fn an_update_of_the_product_fixes_it_and_silence_does_not() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    import_records(&desk, &[record("CVE-2026-0001", "2.0", 5.0)]).await;
    scan(&desk, &manager, launch("10.0.0.1"), &host(Some("1.0"))).await;
    assert!(scan(&desk, &manager, launch("10.0.0.1"), &host(None)).await.is_empty(), "no version, no match");
    assert_eq!(open_qids(&desk, &manager).await, [FIRST], "and no repair either");
    let mut cut_short = host(Some("2.0"));
    cut_short.facts.timed_out = true;
    scan(&desk, &manager, launch("10.0.0.1"), &cut_short).await;
    assert_eq!(open_qids(&desk, &manager).await, [FIRST]);
    scan(&desk, &manager, launch("10.0.0.1"), &host(Some("2.0"))).await;
    assert!(open_qids(&desk, &manager).await.is_empty());
}

#[tokio::test]
async fn what_the_content_covers_is_left_to_it() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    let kb = desk.app.kb();
    let covered = kb.entries().flat_map(|entry| &entry.cves).next().unwrap();
    import_records(&desk, &[record(covered, "2.0", 9.8)]).await;
    assert!(scan(&desk, &manager, launch("10.0.0.1"), &host(Some("1.0"))).await.is_empty());
    let kb = desk.app.kb();
    let entry = kb.entries().find(|entry| entry.cves.contains(covered)).unwrap();
    assert!(entry.intelligence.cvss3.is_some(), "what the list says of it is known");
    assert!(kb.entry(Qid::new(FIRST).unwrap()).is_none());
}

#[tokio::test]
async fn a_scan_for_few_qids_finds_no_others() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    import_records(&desk, &[record("CVE-2026-0001", "2.0", 5.0), record("CVE-2026-0002", "2.0", 5.0)]).await;
    scan(&desk, &manager, launch("10.0.0.1"), &host(Some("1.0"))).await;
    let only =
        |number| LaunchScan { specific_vulns: Some(vec![Qid::new(number).unwrap()]), ..launch("10.0.0.1") };
    assert_eq!(qids(&scan(&desk, &manager, only(FIRST + 1), &host(Some("1.0"))).await), [FIRST + 1]);
    let other = desk.qids().0.number();
    assert!(scan(&desk, &manager, only(other), &host(Some("1.0"))).await.is_empty());
    scan(&desk, &manager, only(FIRST + 1), &host(Some("2.0"))).await;
    assert_eq!(open_qids(&desk, &manager).await, [FIRST], "only what was looked for is fixed");
}

#[tokio::test]
async fn a_service_has_a_bounded_number_of_findings_the_worst_first() {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    let mut records: Vec<String> =
        (0..150).map(|number| record(&format!("CVE-2026-{number:04}"), "2.0", 5.0)).collect();
    records.push(record("CVE-2026-8000", "2.0", 9.9));
    records.push(record("CVE-2020-7000", "2.0", 1.0));
    import_records(&desk, &records).await;
    import(
        &desk,
        r#"{"catalogVersion":"1","vulnerabilities":[{"cveID":"CVE-2020-7000","dateAdded":"2026-01-01"}]}"#,
    )
    .await;
    let found = scan(&desk, &manager, launch("10.0.0.1"), &host(Some("1.0"))).await;
    assert_eq!(found.len(), 100);
    let has = |cve: &str| found.iter().any(|finding| finding.result.contains(cve));
    assert!(has("CVE-2020-7000") && has("CVE-2026-8000") && has("CVE-2026-0149") && !has("CVE-2026-0001"));
}
