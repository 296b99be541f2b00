//! `knowledge_base/vuln/`, and what public lists and the subscription say in other documents.

use std::path::PathBuf;

use crate::business_unit::harbour;
use crate::permissions::{A, Expected, N, R};
use crate::support::{Server, assert_valid_answer};
use crate::v2::{OperationTest, Parameters, Reach, golden};

const KB: &str = "knowledge_base/vuln";
const MANAGER: [Expected; 7] = [A, R, R, R, R, N, R];

const fn test(action: &'static str, roles: [Expected; 7], harmless: Parameters) -> OperationTest {
    OperationTest { resource: KB, action, roles, harmless, reach: Reach::Everybody, setup: None }
}

pub(crate) const TESTS: &[OperationTest] = &[
    test("custom", MANAGER, &[]),
    test("edit", MANAGER, &[("qid", "4000000000"), ("disable", "0")]),
    test("list", [A, A, R, A, A, N, R], &[]),
    test("reset", MANAGER, &[("qid", "4000000000")]),
];
crate::v2::walk_tests!(TESTS);

#[tokio::test]
async fn goldens() {
    let server = Server::start().await;
    let list = async |parameters: &[(&str, &str)]| {
        server.operation("reader", "knowledge_base/vuln", "list", parameters).await
    };
    let all = [
        ("details", "All"),
        ("show_pci_reasons", "1"),
        ("show_supported_modules_info", "1"),
        ("show_disabled_flag", "1"),
        ("echo_request", "1"),
    ];
    golden!("fo-knowledge_base-vuln-list", list(&all).await);
    golden!("fo-knowledge_base-vuln-list-ids", list(&[("details", "None")]).await);
    golden!("fo-knowledge_base-vuln-list-none", list(&[("ids", "4000000000")]).await);
    golden!("fo-knowledge_base-vuln-list-bad-id", list(&[("ids", "abc123")]).await);
}

#[tokio::test]
async fn filters_leave_out_what_is_not_wanted() {
    let server = Server::start().await;
    let count = async |parameters: &[(&str, &str)]| {
        server
            .operation("reader", "knowledge_base/vuln", "list", parameters)
            .await
            .text
            .matches("<QID>")
            .count()
    };
    let all = count(&[]).await;
    assert!(all > 2);
    let (patchable, others) = (count(&[("is_patchable", "1")]).await, count(&[("is_patchable", "0")]).await);
    assert!(patchable > 0 && others > 0 && patchable + others == all, "{patchable} {others} {all}");
    for remote in ["RemoteOnly", "Remote"] {
        assert_eq!(count(&[("discovery_method", remote)]).await, all - 1);
    }
    for from_inside in ["AuthenticatedOnly", "Authenticated"] {
        assert_eq!(count(&[("discovery_method", from_inside)]).await, 1);
    }
    assert_eq!(count(&[("discovery_method", "RemoteAndAuthenticated")]).await, 0);
    assert_eq!(count(&[("discovery_auth_types", "Oracle,Unix")]).await, 1);
    assert_eq!(count(&[("discovery_auth_types", "Windows")]).await, 0);
    assert_eq!(count(&[("last_modified_by_user_after", "2000-01-01")]).await, 0);
    server.operation("manager", KB, "edit", &[("qid", "900001"), ("disable", "0")]).await.assert_success();
    assert_eq!(count(&[("last_modified_by_user_after", "2026-11-22")]).await, 1);
    assert_eq!(count(&[("last_modified_by_user_before", "2026-11-21")]).await, 0);
    assert_eq!(count(&[("last_modified_after", "2026-11-22")]).await, 1);
    assert_eq!(count(&[("last_modified_by_service_after", "2026-11-22")]).await, 0);
    assert_eq!(count(&[("published_after", "2030-01-01")]).await, 0);
    assert_eq!(count(&[("last_modified_before", "2030-01-01")]).await, all);
    assert_eq!(count(&[("last_modified_by_service_before", "1999-01-01")]).await, 0);
    let page = server.operation("reader", "knowledge_base/vuln", "list", &[]).await.text;
    let first = page.split_once("<QID>").unwrap().1.split_once('<').unwrap().0;
    assert_eq!(count(&[("id_min", first), ("id_max", first)]).await, 1);
}

async fn import(server: &Server, text: &str) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    server.app.import_feed(vec![PathBuf::from(file.path())], None, |_| {}).await.unwrap();
    server.app.refresh_knowledge_base().await.unwrap();
}

/// Records of a CVE of QID 900001: of the NVD, of KEV and of EPSS.
async fn import_lists(server: &Server) {
    import(
        server,
        r#"{"format":"NVD_CVE","vulnerabilities":[{"cve":{"id":"CVE-2014-0001",
        "published":"2014-01-01T00:00:00.000","lastModified":"2014-01-02T00:00:00.000",
        "descriptions":[{"lang":"en","value":"A sample."}],
        "metrics":{"cvssMetricV31":[{"type":"Primary","cvssData":{
            "vectorString":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H","baseScore":7.5}}],
          "cvssMetricV2":[{"type":"Primary","cvssData":{
            "vectorString":"AV:N/AC:M/Au:N/C:P/I:N/A:N","baseScore":4.3}}]},
        "configurations":[{"nodes":[{"operator":"OR","negate":false,"cpeMatch":[
            {"vulnerable":true,"criteria":"cpe:2.3:a:acme:server:*:*:*:*:*:*:*:*","versionEndExcluding":"2.0"}]}]}]}}]}"#,
    )
    .await;
    import(
        server,
        r#"{"title":"A catalogue","catalogVersion":"2026.11.20","count":1,"vulnerabilities":[{
        "cveID":"CVE-2014-0001","vendorProject":"Acme","product":"Server",
        "vulnerabilityName":"Acme Server <weak> key exchange","dateAdded":"2026-01-05","requiredAction":"Update.",
        "knownRansomwareCampaignUse":"Known"}]}"#,
    )
    .await;
    import(server, "#score_date:2026-11-20T00:00:00Z\ncve,epss,percentile\nCVE-2014-0001,0.9,0.99\n").await;
}

#[tokio::test]
async fn goldens_of_edits() {
    let server = Server::start().await;
    let call = async |login: &str, action: &str, parameters: &[(&str, &str)]| {
        server.operation(login, KB, action, parameters).await
    };
    golden!("fo-knowledge_base-vuln-custom-none", call("manager", "custom", &[]).await);
    let edit = [
        ("qid", "900001"),
        ("severity", "2"),
        ("disable", "1"),
        ("threat_comment", "Seen in <our> harbour"),
        ("impact_comment", "Cranes stop"),
        ("solution_comment", "Ask the web team"),
        ("echo_request", "1"),
    ];
    golden!("fo-knowledge_base-vuln-edit", call("manager", "edit", &edit).await);
    let unknown = [("qid", "4000000000"), ("severity", "2")];
    golden!("fo-knowledge_base-vuln-edit-unknown", call("manager", "edit", &unknown).await);
    golden!("fo-knowledge_base-vuln-edit-refused", call("reader", "edit", &edit).await);
    server.clock.advance(60);
    let second = [("qid", "900001"), ("disable", "0"), ("impact_comment", "")];
    call("manager", "edit", &second).await.assert_success();
    golden!("fo-knowledge_base-vuln-custom", call("manager", "custom", &[("show_disabled_flag", "1")]).await);
    golden!("fo-knowledge_base-vuln-reset", call("manager", "reset", &[("qid", "900001")]).await);
    golden!("fo-knowledge_base-vuln-reset-unknown", call("manager", "reset", &unknown[..1]).await);
    assert!(!call("manager", "custom", &[]).await.text.contains("<VULN>"));
    let listed = call("reader", "list", &[("ids", "900001")]).await.text;
    assert!(listed.contains("<SEVERITY_LEVEL>4<") && !listed.contains("_COMMENT>"), "{listed}");
}

#[tokio::test]
async fn goldens_of_what_lists_and_people_say() {
    let server = Server::start().await;
    server.ticket_everything().await;
    import_lists(&server).await;
    let edit = [
        ("qid", "900001"),
        ("severity", "5"),
        ("threat_comment", "Seen here"),
        ("impact_comment", "Cranes stop"),
        ("solution_comment", "Ask the web team"),
    ];
    server.operation("manager", KB, "edit", &edit).await.assert_success();
    let one = [("ids", "900001"), ("details", "All")];
    golden!("fo-knowledge_base-vuln-list-known", server.operation("reader", KB, "list", &one).await);
    let basic = server.operation("reader", KB, "list", &[("ids", "900001")]).await.text;
    assert!(basic.contains("<CVSS_V3>") && !basic.contains("VECTOR"), "{basic}");
    let scan = server.finished_scan("manager", "192.0.2.4").await;
    let v1 = async |script: &str, parameters: &[(&str, &str)]| {
        let answer = server.call("manager", script, parameters).await;
        assert_valid_answer(&answer);
        answer
    };
    let metrics = [("vuln_id", "900001"), ("show_cvss_submetrics", "1")];
    golden!("knowledgebase_download-known", v1("knowledgebase_download.php", &metrics).await);
    golden!("scan_report-known", v1("scan_report.php", &[("ref", &scan)]).await);
    let range = [("target_ips", "192.0.2.4")];
    golden!("asset_range_info-known", v1("asset_range_info.php", &range).await);
    golden!("asset_data_report-known", v1("asset_data_report.php", &[("template_id", "2")]).await);
    let tickets = [("qids", "900001"), ("show_vuln_details", "1")];
    golden!("ticket_list-known", v1("ticket_list.php", &tickets).await);
    let complete = [("scan_ref", scan.as_str()), ("output_format", "json_extended")];
    let fetched = server.operation("manager", "scan", "fetch", &complete).await.text;
    assert!(fetched.contains("Acme Server") && fetched.contains("Ransomware"), "{fetched}");
    let detections = [("qids", "900001")];
    let listed = server.operation("manager", "asset/host/vm/detection", "list", &detections).await.text;
    assert!(listed.contains("<SEVERITY>5</SEVERITY>"), "{listed}");
}

#[tokio::test]
async fn hosts_tell_their_units_and_records() {
    let server = harbour().await;
    import_lists(&server).await;
    let record = [
        ("title", "Harbour <root>"),
        ("username", "scan"),
        ("password", "x"),
        ("ips", "192.0.2.4,192.0.2.9"),
    ];
    server.operation("manager", "auth/unix", "create", &record).await.assert_success();
    server.finished_scan("manager", "192.0.2.4").await;
    let parameters =
        [("host_ip", "192.0.2.4"), ("general_info", "1"), ("vuln_details", "1"), ("vuln_severity", "4")];
    golden!("get_host_info-known", server.call("harbour_um", "get_host_info.php", &parameters).await);
    let reader = server.call("harbour_re", "get_host_info.php", &parameters).await.text;
    assert!(!reader.contains("AUTHENTICATION_RECORD"), "a Reader sees no records: {reader}");
}

#[tokio::test]
async fn what_is_disabled_is_left_out_and_keeps_its_history() {
    let server = Server::start().await;
    server.finished_scan("manager", "192.0.2.4").await;
    let listed = async |parameters: &[(&str, &str)]| {
        let parameters = [&[("qids", "900001"), ("show_reopened_info", "1")], parameters].concat();
        server.operation("manager", "asset/host/vm/detection", "list", &parameters).await.text
    };
    let before = listed(&[]).await;
    assert!(before.contains("<IS_DISABLED>0<"), "{before}");
    let disable = async |flag: &str| {
        let edit = [("qid", "900001"), ("disable", flag)];
        server.operation("manager", KB, "edit", &edit).await.assert_success();
    };
    disable("1").await;
    assert!(!listed(&[]).await.contains("<DETECTION>"));
    assert!(listed(&[("include_disabled", "1")]).await.contains("<IS_DISABLED>1<"));
    let report = server.call("manager", "asset_range_info.php", &[("target_ips", "192.0.2.4")]).await.text;
    assert!(!report.contains("qid_900001"), "{report}");
    disable("0").await;
    assert_eq!(listed(&[]).await, before);
}

#[tokio::test]
async fn what_is_disabled_shows_nowhere_but_in_results_of_scans() {
    let server = Server::start().await;
    let scan = server.finished_scan("manager", "192.0.2.4").await;
    let about_host = [
        ("host_ip", "192.0.2.4"),
        ("general_info", "1"),
        ("vuln_details", "1"),
        ("vuln_severity", "1,2,3,4,5"),
        ("potential_vuln_severity", "1,2,3,4,5"),
        ("ig_severity", "1,2,3,4,5"),
    ];
    let search = [("target_ips", "192.0.2.4"), ("vuln_qid", "900001")];
    let evidence = [("target_ips", "192.0.2.4"), ("vuln_results", "contain:a")];
    let told = async || {
        let about_host = server.call("manager", "get_host_info.php", &about_host).await;
        let found = [
            server.call("manager", "asset_search.php", &search).await,
            server.call("manager", "asset_search.php", &evidence).await,
        ];
        let [by_qid, by_evidence] = found.map(|answer| answer.text.contains("<ID>900001<"));
        [about_host.text.contains("900001"), by_qid, by_evidence]
    };
    assert_eq!(told().await, [true; 3]);
    let edit = [("qid", "900001"), ("disable", "1")];
    server.operation("manager", KB, "edit", &edit).await.assert_success();
    assert_eq!(told().await, [false; 3]);
    let results = server.call("manager", "scan_report.php", &[("ref", &scan)]).await.text;
    assert!(results.contains("number=\"900001\""), "{results}");
    // Nor does it make work, while it stays disabled.
    server.ticket_everything().await;
    server.finished_scan("manager", "192.0.2.4").await;
    let tickets = server.call("manager", "ticket_list.php", &[("ips", "192.0.2.4")]).await.text;
    assert!(tickets.contains("<TICKET>") && !tickets.contains("900001"), "{tickets}");
}
