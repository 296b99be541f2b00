//! `asset/host/` and `asset/host/vm/detection/`.

use std::pin::Pin;

use palisade_model::HostResult;

use crate::business_unit::{INSIDE, OUTSIDE};
use crate::permissions::{A, N, R};
use crate::support::http::{Request, Response};
use crate::support::scanner::{finding, sample_result};
use crate::support::{PASSWORD, Server, assert_valid_answer};
use crate::v2::{OperationTest, Reach, golden};

const HOST: &str = "asset/host";
const DETECTION: &str = "asset/host/vm/detection";

pub(crate) const TESTS: &[OperationTest] = &[
    OperationTest {
        resource: HOST,
        action: "list",
        roles: [A, A, A, A, A, N, R],
        harmless: &[],
        reach: Reach::Shows {
            parameters: &[("details", "Basic"), ("ag_titles", "All")],
            inside: "<IP>192.0.2.4</IP>",
            outside: "<IP>192.0.2.40</IP>",
        },
        setup: Some(both_scanned),
    },
    OperationTest {
        resource: HOST,
        action: "purge",
        roles: [A, R, R, R, R, N, R],
        harmless: &[("ids", "999999")],
        reach: Reach::Takes { inside: &[("ips", INSIDE)], outside: &[("ips", OUTSIDE)], refusal: "2012 " },
        setup: Some(both_scanned),
    },
    OperationTest {
        resource: HOST,
        action: "update",
        roles: [A, A, R, R, R, N, R],
        harmless: &[("ids", "999999"), ("new_comment", "x")],
        reach: Reach::Takes {
            inside: &[("ips", INSIDE), ("new_comment", "x")],
            outside: &[("ips", OUTSIDE), ("new_comment", "x")],
            refusal: "1905 parameter ips has invalid value: 192.0.2.40",
        },
        setup: Some(both_scanned),
    },
    OperationTest {
        resource: DETECTION,
        action: "list",
        roles: [A, A, R, A, A, N, R],
        harmless: &[],
        reach: Reach::Shows {
            parameters: &[("show_igs", "1")],
            inside: "<IP>192.0.2.4</IP>",
            outside: "<IP>192.0.2.40</IP>",
        },
        setup: Some(both_scanned),
    },
];
crate::v2::walk_tests!(TESTS);

/// What a set-up gives.
pub(super) type Made<'a> = Pin<Box<dyn Future<Output = Vec<(&'static str, String)>> + 'a>>;

/// Scans the two hosts of which one is within the reach of the unit.
pub(super) fn both_scanned<'a>(server: &'a Server, _maker: &'a str) -> Made<'a> {
    Box::pin(async move {
        server.finished_scan("manager", &format!("{INSIDE},{OUTSIDE}")).await;
        Vec::new()
    })
}

async fn hosts(server: &Server, parameters: &[(&str, &str)]) -> Response {
    server.operation("manager", HOST, "list", parameters).await
}

async fn detections(server: &Server, parameters: &[(&str, &str)]) -> Response {
    server.operation("manager", DETECTION, "list", parameters).await
}

/// Has one host scanned, with this result.
async fn scan(server: &Server, result: HostResult) {
    let targets = result.facts.address.to_string();
    let parameters = [("ip", targets.as_str()), ("save_report", "yes")];
    let scanner = server.scanner();
    let scanning = async {
        let lease = scanner.lease().await;
        scanner.deliver(&lease, result).await;
        scanner.complete(&lease).await;
    };
    tokio::join!(server.call("manager", "scan.php", &parameters), scanning);
}

/// The texts of an element, in the order of the document.
fn texts<'a>(answer: &'a Response, element: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    let rest = answer.text.split(open.as_str()).skip(1);
    rest.filter_map(|rest| Some(rest.split_once(close.as_str())?.0)).collect()
}

/// Addresses and QIDs in the order of the list.
fn found(answer: &Response) -> Vec<String> {
    let mut host = String::new();
    let mut found = Vec::new();
    for line in answer.text.lines().map(str::trim) {
        if let Some(ip) = line.strip_prefix("<IP>192.0.2.").and_then(|rest| rest.strip_suffix("</IP>")) {
            ip.clone_into(&mut host);
        } else if let Some(qid) = line.strip_prefix("<QID>90000").and_then(|rest| rest.strip_suffix("</QID>"))
        {
            found.push(format!("{host}:{qid}"));
        }
    }
    found
}

#[tokio::test]
async fn goldens_of_hosts() {
    let server = Server::start().await;
    golden!("fo-asset-host-list-none", hosts(&server, &[("ids", "999"), ("details", "None")]).await);
    let group = [("action", "add"), ("title", "Docks & <bays>"), ("host_ips", "192.0.2.4-192.0.2.7")];
    server.call("manager", "asset_group.php", &group).await.assert_success();
    let noted = [
        ("action", "edit"),
        ("host_ips", "192.0.2.4"),
        ("owner", "reader"),
        ("comment", "Mind <it> & ]]>"),
        ("ud1", "A"),
        ("ud2", "Hall 3"),
        ("ud3", "C"),
    ];
    server.call("manager", "asset_ip.php", &noted).await.assert_success();
    server.finished_scan("manager", "192.0.2.3-192.0.2.6").await;
    golden!("fo-asset-host-list", hosts(&server, &[("details", "All/AGs"), ("show_asset_id", "1")]).await);
    golden!("fo-asset-host-list-basic", hosts(&server, &[("ips", "192.0.2.4"), ("echo_request", "1")]).await);
    golden!("fo-asset-host-list-ids", hosts(&server, &[("details", "None"), ("ids", "1-2,4,77")]).await);
    let truncated = [("details", "None"), ("truncation_limit", "2"), ("ips", "192.0.2.0/24")];
    golden!("fo-asset-host-list-truncated", hosts(&server, &truncated).await);
    golden!("fo-asset-host-list-refused", hosts(&server, &[("os_pattern", "(a")]).await);
    let purge =
        async |parameters: &[(&str, &str)]| server.operation("manager", HOST, "purge", parameters).await;
    golden!("fo-asset-host-purge", purge(&[("ids", "1-3,9"), ("echo_request", "1")]).await);
    golden!("fo-asset-host-purge-none", purge(&[("ips", "192.0.2.3"), ("data_scope", "vm,pc")]).await);
}

#[tokio::test]
async fn goldens_of_detections() {
    let server = Server::start().await;
    golden!("fo-asset-host-vm-detection-list-none", detections(&server, &[("ids", "5")]).await);
    server.finished_scan("manager", "192.0.2.3-192.0.2.5").await;
    server.clock.advance(3_600);
    server.finished_scan("manager", "192.0.2.4").await;
    golden!(
        "fo-asset-host-vm-detection-list",
        detections(&server, &[("show_igs", "1"), ("ips", "192.0.2.4"), ("echo_request", "1")]).await
    );
    let truncated = [
        ("truncation_limit", "1"),
        ("show_results", "0"),
        ("qids", "900001"),
        ("id_min", "2"),
        ("show_asset_id", "1"),
    ];
    golden!("fo-asset-host-vm-detection-list-truncated", detections(&server, &truncated).await);
    let csv = [("output_format", "csv"), ("show_igs", "1"), ("id_max", "2"), ("echo_request", "1")];
    let answer = detections(&server, &csv).await;
    assert_eq!(answer.header("content-type"), Some("text/csv;charset=UTF-8"));
    golden!("fo-asset-host-vm-detection-list-csv", answer);
    let suppressed = [
        ("output_format", "CSV_NO_METADATA"),
        ("suppress_duplicated_data_from_csv", "1"),
        ("show_results", "0"),
    ];
    golden!("fo-asset-host-vm-detection-list-csv-bare", detections(&server, &suppressed).await);
    let truncated = [("output_format", "CSV"), ("truncation_limit", "1"), ("qids", "900001")];
    golden!("fo-asset-host-vm-detection-list-csv-truncated", detections(&server, &truncated).await);
    golden!("fo-asset-host-vm-detection-list-refused", detections(&server, &[("ids", "abc123")]).await);
}

#[tokio::test]
async fn pages_follow_each_other_by_their_urls() {
    let server = Server::start().await;
    server.finished_scan("manager", "192.0.2.1-192.0.2.12").await;
    for (resource, more) in [(HOST, ""), (DETECTION, "&qids=900001&status=new")] {
        let mut path = format!("/api/5.0/fo/{resource}/?action=list&truncation_limit=5&echo_request=1{more}");
        let mut seen = Vec::new();
        let mut pages = 0;
        loop {
            let request = Request::get(&path).header("X-Requested-With", "tests").login("manager", PASSWORD);
            let answer = server.send(request).await;
            assert_valid_answer(&answer);
            seen.extend(texts(&answer, "IP").into_iter().map(str::to_owned));
            pages += 1;
            let Some(url) = texts(&answer, "URL").first().copied() else { break };
            let url = url.trim_start_matches("<![CDATA[").trim_end_matches("]]>");
            path = url.strip_prefix("https://scans.example").unwrap().to_owned();
            assert!(path.starts_with(&format!("/api/5.0/fo/{resource}/?action=list&")), "{path}");
        }
        let expected: Vec<String> = (1..=12).map(|last| format!("192.0.2.{last}")).collect();
        assert_eq!((seen, pages), (expected, 3), "{resource}");
    }
}

#[tokio::test]
async fn a_compressed_stream_comes_to_its_end() {
    let server = Server::start().await;
    server.finished_scan("manager", "192.0.2.1-192.0.2.12").await;
    for resource in [HOST, DETECTION] {
        let request = Request::operation(resource, "list", &[]).login("manager", PASSWORD);
        let request = request.header("Accept-Encoding", "gzip");
        let mut connection = crate::support::http::Connection::open(server.address, request).await;
        let whole = connection.read_until("\r\n0\r\n\r\n", 1).await.to_ascii_lowercase();
        assert!(whole.contains("content-encoding: gzip"), "{whole}");
    }
}

#[tokio::test]
async fn filters_choose_detections() {
    let server = Server::start().await;
    server.add_policy("Ignore", palisade_model::PolicyAction::Ignore).await;
    scan(&server, sample_result([192, 0, 2, 7].into())).await;
    let policies = server.app.list_policies().await.unwrap();
    for policy in policies {
        server.app.delete_policy(&policy.title).await.unwrap();
    }
    server.clock.advance(86_400);
    scan(&server, sample_result([192, 0, 2, 3].into())).await;
    server.clock.advance(86_400);
    scan(&server, sample_result([192, 0, 2, 4].into())).await;
    let listed = async |parameters: &[(&str, &str)]| {
        let answer = detections(&server, parameters).await;
        answer.assert_success();
        assert_valid_answer(&answer);
        found(&answer).join(" ")
    };
    let three = "3:1 3:2 3:5 3:5";
    let four = "4:1 4:2 4:5 4:5";
    let both = format!("{three} {four}");
    for (parameters, expected) in [
        (&[][..], both.as_str()),
        (&[("include_ignored", "1"), ("qids", "900001")], "7:1 3:1 4:1"),
        (&[("include_disabled", "1")], &both),
        (&[("ids", "2")], three),
        (&[("id_min", "3")], four),
        (&[("id_max", "2")], three),
        (&[("ips", "192.0.2.4-192.0.2.63")], four),
        (&[("ag_titles", "All"), ("severities", "4")], "3:1 4:1"),
        (&[("severities", "1-5"), ("include_vuln_type", "potential")], "3:2 4:2"),
        (&[("include_vuln_type", "confirmed"), ("ids", "2")], "3:1 3:5 3:5"),
        (&[("qids", "900003-900004")], ""),
        (&[("qids", "900003-900004"), ("show_igs", "1")], "7:3 7:4 7:4 3:3 3:4 3:4 4:3 4:4 4:4"),
        (&[("status", "new,ACTIVE"), ("ids", "2")], three),
        (&[("status", "Fixed,Re-Opened")], ""),
        (&[("os_pattern", "^Debian .*12$")], four),
        (&[("os_pattern", "^$")], three),
        (&[("vm_scan_since", "2026-11-24")], four),
        (&[("no_vm_scan_since", "2026-11-24T00:00:00Z")], three),
        (&[("max_days_since_last_vm_scan", "0")], four),
        (&[("max_days_since_last_vm_scan", "1")], &both),
        (&[("vm_processed_after", "2026-11-24")], four),
        (&[("vm_processed_before", "2026-11-24")], three),
        (&[("vm_scan_date_after", "2026-11-24")], four),
        (&[("vm_scan_date_before", "2026-11-24")], three),
        (&[("vm_auth_scan_date_after", "2026-01-01")], ""),
        (&[("compliance_enabled", "1")], ""),
        (&[("compliance_enabled", "0"), ("show_tags", "1"), ("host_metadata", "all")], &both),
        (&[("use_tags", "1"), ("tag_set_include", "7")], ""),
        (&[("use_tags", "1"), ("tag_set_exclude", "7")], &both),
        (&[("detection_updated_since", "2026-11-24")], four),
        (&[("detection_updated_before", "2026-11-24")], three),
        (&[("max_days_since_detection_updated", "0")], four),
        (&[("detection_processed_after", "2026-11-24")], four),
        (&[("detection_processed_before", "2026-11-24")], three),
        (&[("detection_last_tested_since", "2026-11-24")], four),
        (&[("detection_last_tested_before", "2026-11-24")], three),
        (&[("detection_last_tested_since_days", "0")], four),
        (&[("detection_last_tested_before_days", "0")], three),
        (&[("active_kernels_only", "1"), ("arf_service_filter", "0"), ("arf_config_filter", "4")], &both),
        (&[("arf_kernel_filter", "2")], ""),
        (&[("filter_superseded_qids", "1"), ("show_asset_id", "1")], &both),
        (&[("truncation_limit", "0"), ("show_reopened_info", "1")], &both),
        (&[("truncation_limit", "1")], three),
    ] {
        assert_eq!(listed(parameters).await, expected, "{parameters:?}");
    }
    for (title, qids) in [("One", "900001"), ("Facts", "900003"), ("Both", "900001,900002")] {
        let list = [("title", title), ("qids", qids), ("global", "1")];
        server.operation("manager", "qid/search_list/static", "create", &list).await.assert_success();
    }
    let list = [("title", "Weak"), ("potential_severities", "1,2,3,4,5"), ("global", "1")];
    server.operation("manager", "qid/search_list/dynamic", "create", &list).await.assert_success();
    for (parameters, expected) in [
        (&[("include_search_list_ids", "1")][..], "3:1 4:1"),
        (&[("include_search_list_titles", "One,Weak")], "3:1 3:2 4:1 4:2"),
        (&[("include_search_list_ids", "1-3"), ("exclude_search_list_titles", "Weak")], "3:1 4:1"),
        (&[("exclude_search_list_ids", "1,4"), ("ids", "2")], "3:5 3:5"),
        (&[("exclude_search_list_titles", "Both"), ("include_vuln_type", "potential")], ""),
        (&[("include_search_list_titles", "Facts"), ("show_igs", "1"), ("ids", "2")], "3:3"),
    ] {
        assert_eq!(listed(parameters).await, expected, "{parameters:?}");
    }
    for (parameters, refusal) in [
        ([("include_search_list_titles", "Facts")], "1907 The search lists hold nothing but gathered"),
        (
            [("include_search_list_ids", "1,77")],
            "1905 parameter include_search_list_ids has invalid value: 1,77 (No such search list)",
        ),
        (
            [("exclude_search_list_titles", "None")],
            "1905 parameter exclude_search_list_titles has invalid value: None (No such search list)",
        ),
        ([("exclude_search_list_ids", "1-4000")], "1905 parameter exclude_search_list_ids has invalid value"),
        ([("severities", "3,6")], "1905 parameter severities has invalid value: 3,6 (a severity is 1 to 5)"),
        ([("ag_ids", "77")], "1905 parameter ag_ids has invalid value: 77 (No such asset group"),
        ([("ag_titles", "Nowhere")], "1905 parameter ag_titles has invalid value: Nowhere (No such"),
    ] {
        let refused = detections(&server, &parameters).await.refusal().unwrap_or_default();
        assert!(refused.starts_with(refusal), "{refused}");
    }
}

#[tokio::test]
async fn filters_choose_hosts() {
    let server = Server::start().await;
    server.finished_scan("manager", "192.0.2.3").await;
    server.clock.advance(86_400);
    server.finished_scan("manager", "192.0.2.4").await;
    let group = [("action", "add"), ("title", "Docks"), ("host_ips", "192.0.2.4")];
    server.call("manager", "asset_group.php", &group).await.assert_success();
    let groups = hosts(&server, &[("details", "Basic/AGs"), ("ips", "192.0.2.4")]).await;
    let id = texts(&groups, "ASSET_GROUP_IDS")[0].to_owned();
    for (parameters, expected) in [
        (&[][..], "1 2"),
        (&[("show_attributes", "ALL"), ("truncation_limit", "0")], "1 2"),
        (&[("ag_ids", &id)], "2"),
        (&[("ag_titles", "Docks")], "2"),
        (&[("ids", "1"), ("id_min", "1"), ("id_max", "9")], "1"),
        (&[("os_pattern", "Debian")], "2"),
        (&[("vm_scan_since", "2026-11-23")], "2"),
        (&[("no_vm_scan_since", "2026-11-23")], "1"),
        (&[("vm_processed_after", "2026-11-23"), ("vm_scan_date_after", "2026-11-23")], "2"),
        (&[("vm_processed_before", "2026-11-23"), ("vm_scan_date_before", "2026-11-23")], "1"),
        (&[("vm_auth_scan_date_before", "2026-11-30")], ""),
        (&[("compliance_scan_since", "2026-01-01")], ""),
        (&[("scap_scan_since", "2026-01-01")], ""),
        (&[("no_compliance_scan_since", "2026-01-01"), ("no_scap_scan_since", "2026-01-01")], "1 2"),
        (&[("compliance_enabled", "1")], ""),
    ] {
        let answer = hosts(&server, parameters).await;
        answer.assert_success();
        assert_valid_answer(&answer);
        let ids: Vec<&str> = texts(&answer, "ID");
        assert_eq!(ids.join(" "), expected, "{parameters:?}");
    }
}

#[tokio::test]
async fn a_detection_tells_its_history() {
    let server = Server::start().await;
    let address = [192, 0, 2, 4].into();
    let present = || {
        let mut result = sample_result(address);
        result.findings = vec![finding(900_001, Some(443), "Weak.", false)];
        result.tcp_ports = [443].into_iter().collect();
        let now = server.clock_seconds();
        (result.facts.started_at, result.facts.ended_at) = (now - 100, now - 10);
        result
    };
    let absent = || HostResult { findings: Vec::new(), ..present() };
    for result in [present(), absent()] {
        scan(&server, result).await;
        server.clock.advance(3_600);
    }
    let fixed = detections(&server, &[("status", "fixed"), ("show_reopened_info", "1")]).await;
    assert_eq!(texts(&fixed, "LAST_FIXED_DATETIME"), ["2026-11-22T09:00:00Z"]);
    assert_eq!(texts(&fixed, "LAST_UPDATE_DATETIME"), ["2026-11-22T09:00:00Z"]);
    assert!(texts(&fixed, "TIMES_REOPENED").is_empty(), "{}", fixed.text);
    let number = texts(&fixed, "UNIQUE_VULN_ID")[0].to_owned();
    for result in [present(), absent()] {
        scan(&server, result).await;
        server.clock.advance(3_600);
    }
    scan(&server, present()).await;
    let answer = detections(&server, &[("show_reopened_info", "1")]).await;
    assert_valid_answer(&answer);
    for (element, expected) in [
        ("UNIQUE_VULN_ID", number.as_str()),
        ("STATUS", "Re-Opened"),
        ("FIRST_FOUND_DATETIME", "2026-11-22T08:00:00Z"),
        ("LAST_FOUND_DATETIME", "2026-11-22T12:00:00Z"),
        ("TIMES_FOUND", "3"),
        ("LAST_FIXED_DATETIME", "2026-11-22T11:00:00Z"),
        ("FIRST_REOPENED_DATETIME", "2026-11-22T10:00:00Z"),
        ("LAST_REOPENED_DATETIME", "2026-11-22T12:00:00Z"),
        ("TIMES_REOPENED", "2"),
        ("LAST_SCAN_DATETIME", "2026-11-22T12:00:00Z"),
        ("LAST_VM_SCANNED_DATE", "2026-11-22T11:59:50Z"),
        ("LAST_VM_SCANNED_DURATION", "90"),
    ] {
        assert_eq!(texts(&answer, element), [expected], "{element}");
    }
    golden!("fo-asset-host-vm-detection-list-reopened", answer);
    let plain = detections(&server, &[]).await;
    assert!(!plain.text.contains("REOPENED"), "{}", plain.text);
}

#[tokio::test]
async fn a_purged_host_leaves_nothing_behind() {
    let server = Server::start().await;
    server.ticket_everything().await;
    server.finished_scan("manager", "192.0.2.4-192.0.2.5").await;
    let info = async || {
        let parameters = [("host_ip", "192.0.2.4"), ("general_info", "1"), ("vuln_details", "1")];
        server.call("manager", "get_host_info.php", &parameters).await.text
    };
    let tickets = async || server.call("manager", "ticket_list.php", &[("states", "OPEN")]).await.text;
    assert!(info().await.contains("900003") && tickets().await.contains("<IP>192.0.2.4</IP>"));
    let purged = server.operation("manager", HOST, "purge", &[("ips", "192.0.2.4")]).await;
    assert_valid_answer(&purged);
    assert_eq!((texts(&purged, "TEXT"), texts(&purged, "ID")), (vec!["Hosts Queued for Purging"], vec!["1"]));
    // Out of sight at once, and still so when the rest is gone.
    for _ in 0..2 {
        assert_eq!(texts(&hosts(&server, &[]).await, "ID"), ["2"]);
        assert!(!detections(&server, &[("show_igs", "1")]).await.text.contains("192.0.2.4<"));
        let info = info().await;
        assert!(!info.contains("90000") && !info.contains("scans.example</"), "{info}");
        let tickets = tickets().await;
        assert!(
            !tickets.contains("<IP>192.0.2.4</IP>") && tickets.contains("<IP>192.0.2.5</IP>"),
            "{tickets}"
        );
        while server.app.purge_some().await.unwrap() {}
    }
    let deleted =
        server.call("manager", "ticket_list_deleted.php", &[("since_ticket_number", "1")]).await.text;
    assert!(deleted.contains("<NUMBER>1</NUMBER>"), "{deleted}");
    assert!(server.call("manager", "ip_list.php", &[]).await.text.contains("192.0.2.0"), "the address stays");
    server.finished_scan("manager", "192.0.2.4").await;
    let again = detections(&server, &[("ips", "192.0.2.4")]).await;
    assert_eq!((texts(&again, "ID"), texts(&again, "TIMES_FOUND")), (vec!["3"], vec!["1"; 4]));
}

#[tokio::test]
async fn what_is_noted_of_hosts_is_changed_by_id_address_or_group() {
    let server = Server::start().await;
    server.finished_scan("manager", "192.0.2.4,192.0.2.5").await;
    let group = [("title", "Quay"), ("ips", "192.0.2.5-192.0.2.6")];
    server.operation("manager", "asset/group", "add", &group).await.assert_success();
    let update =
        async |parameters: &[(&str, &str)]| server.operation("manager", HOST, "update", parameters).await;
    let all = [
        ("ids", "1"),
        ("new_comment", "Mail relay"),
        ("new_owner", "reader"),
        ("new_ud1", "Room 101"),
        ("new_ud3", "A-1234"),
        ("new_tracking_method", "DNS"),
        ("echo_request", "1"),
    ];
    golden!("fo-asset-host-update", update(&all).await);
    golden!("fo-asset-host-update-refused", update(&[("ids", "1,7"), ("new_comment", "x")]).await);
    golden!("fo-asset-host-update-range", update(&[("ids", "1-2"), ("new_comment", "x")]).await);
    golden!("fo-asset-host-update-nothing", update(&[("ids", "1")]).await);
    let tracked = [("ag_titles", "All"), ("tracking_method", "DNS"), ("new_ud2", "By name")];
    update(&tracked).await.assert_success();
    update(&[("ag_titles", "Quay"), ("new_comment", "On the quay")]).await.assert_success();
    let none = [("ips", "192.0.2.5"), ("tracking_method", "NETBIOS"), ("new_comment", "x")];
    golden!("fo-asset-host-update-none", update(&none).await);
    let named = [("ips", "192.0.2.5"), ("host_dns", "another.example"), ("new_comment", "x")];
    let refused = update(&named).await.refusal().unwrap();
    assert_eq!(
        refused,
        "1905 parameter host_dns has invalid value: another.example (the host has no such name)"
    );
    golden!("fo-asset-host-list-updated", hosts(&server, &[("details", "All")]).await);
}

#[tokio::test]
async fn hosts_tell_when_they_last_let_a_scan_in() {
    let server = Server::start().await;
    // The scripted scanner is let in by .22 alone.
    server.finished_scan("manager", "192.0.2.22,192.0.2.24").await;
    let only = [("ips", "192.0.2.22")];
    golden!("fo-asset-host-list-signed-in", server.operation("manager", HOST, "list", &only).await);
    golden!(
        "fo-asset-host-vm-detection-list-signed-in",
        server.operation("manager", DETECTION, "list", &only).await
    );
    for (resource, parameters) in [(HOST, &[][..]), (DETECTION, &[("output_format", "XML")][..])] {
        for (name, time, expected) in [
            ("vm_auth_scan_date_after", "2000-01-01", &["192.0.2.22"][..]),
            ("vm_auth_scan_date_before", "2100-01-01", &["192.0.2.22"]),
            ("vm_auth_scan_date_before", "2000-01-01", &[]),
        ] {
            let asked = [&[(name, time)][..], parameters].concat();
            let answer = server.operation("manager", resource, "list", &asked).await;
            assert_valid_answer(&answer);
            assert_eq!(texts(&answer, "IP"), expected, "{resource} {name} {time}");
            assert_eq!(texts(&answer, "LAST_VM_AUTH_SCANNED_DATE").len(), expected.len(), "{}", answer.text);
        }
    }
    let csv =
        server.operation("manager", DETECTION, "list", &[("output_format", "CSV_NO_METADATA")]).await.text;
    let mut lines = csv.lines();
    let column = lines.next().unwrap().split(',').position(|name| name.contains("Last VM Auth Scanned Date"));
    let column = column.unwrap();
    // A result may have more lines, without an address.
    for line in lines.filter(|line| line.contains("192.0.2.2")) {
        let date = line.split(',').nth(column).unwrap();
        assert_eq!(line.contains("192.0.2.22"), date.contains('T'), "{line}");
    }
}
