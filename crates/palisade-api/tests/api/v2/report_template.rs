//! `report/template/scan/`, `pciscan/`, `patch/` and `map/`.

use crate::permissions::{A, N, R};
use crate::support::http::{Request, Response, form};
use crate::support::{PASSWORD, Server};
use crate::v2::report::{launch, made, scanned};
use crate::v2::{OperationTest, Parameters, Reach, golden};

type Made<'a> = std::pin::Pin<Box<dyn Future<Output = Vec<(&'static str, String)>> + 'a>>;

const SCAN: &str = "report/template/scan";
const PCI: &str = "report/template/pciscan";
const PATCH: &str = "report/template/patch";
const MAP: &str = "report/template/map";

/// A template of the maker's as OWN, and one of the Manager's as FOREIGN.
fn make<'a>(server: &'a Server, maker: &'a str, resource: &'static str) -> Made<'a> {
    Box::pin(async move {
        let number = server.app.list_activity(10_000).await.unwrap().len();
        let id = async |login: &str, title: String| {
            let answer = server.operation(login, resource, "create", &[("title", &title)]).await;
            answer.assert_success().made_id().unwrap()
        };
        // A Reader makes templates of their own, too; what they make, a Manager reaches.
        let owner = if maker == "manager" { "harbour_re" } else { maker };
        let own = id(owner, format!("Own {number}")).await;
        vec![("OWN", own), ("FOREIGN", id("manager", format!("Foreign {number}")).await)]
    })
}

const NOBODY: Parameters = &[("template_id", "4000")];

const fn takes(inside: Parameters, outside: Parameters) -> Reach {
    Reach::Takes { inside, outside, refusal: "1905 parameter template_id has invalid value: " }
}

/// The tests of one family.
const fn tests(resource: &'static str, setup: crate::v2::Setup) -> [OperationTest; 4] {
    let (writers, readers) = ([A, A, R, A, A, N, R], [A, A, A, A, A, N, R]);
    let own: Parameters = &[("template_id", "OWN")];
    let foreign: Parameters = &[("template_id", "FOREIGN")];
    [
        OperationTest {
            resource,
            action: "create",
            roles: writers,
            harmless: &[("title", " ")],
            reach: Reach::Everybody,
            setup: None,
        },
        OperationTest {
            resource,
            action: "delete",
            roles: writers,
            harmless: NOBODY,
            reach: takes(own, foreign),
            setup: Some(setup),
        },
        OperationTest {
            resource,
            action: "export",
            roles: readers,
            harmless: NOBODY,
            reach: takes(own, foreign),
            setup: Some(setup),
        },
        OperationTest {
            resource,
            action: "update",
            roles: writers,
            harmless: NOBODY,
            reach: takes(own, foreign),
            setup: Some(setup),
        },
    ]
}

const OF_SCANS: [OperationTest; 4] = tests(SCAN, |server, maker| make(server, maker, SCAN));
const OF_PCI: [OperationTest; 4] = tests(PCI, |server, maker| make(server, maker, PCI));
const OF_PATCHES: [OperationTest; 4] = tests(PATCH, |server, maker| make(server, maker, PATCH));
const OF_MAPS: [OperationTest; 4] = tests(MAP, |server, maker| make(server, maker, MAP));

pub(crate) const TESTS: &[OperationTest] = {
    const ALL: [OperationTest; 16] = {
        let mut all = [OF_SCANS[0]; 16];
        let mut at = 0;
        while at < 4 {
            all[at] = OF_MAPS[at];
            all[4 + at] = OF_PATCHES[at];
            all[8 + at] = OF_PCI[at];
            all[12 + at] = OF_SCANS[at];
            at += 1;
        }
        all
    };
    &ALL
};
crate::v2::walk_tests!(TESTS);

async fn call(server: &Server, resource: &str, action: &str, parameters: Parameters) -> Response {
    server.operation("manager", resource, action, parameters).await
}

/// A request with a document in its body.
async fn send(
    server: &Server,
    method: &'static str,
    parameters: &[(&str, &str)],
    document: &str,
) -> Response {
    let path = format!("/api/2.0/fo/{SCAN}/?{}", form(parameters));
    let mut request = Request::get(&path).header("X-Requested-With", "tests").body(document);
    request.method = method;
    server.send(request.header("Content-Type", "text/xml").login("manager", PASSWORD)).await
}

/// What an export says of a key.
fn info(export: &str, key: &str) -> String {
    let (_, rest) = export.split_once(&format!("<INFO key=\"{key}\">")).unwrap_or_else(|| panic!("{export}"));
    rest.split_once("</INFO>").unwrap().0.trim_start_matches("<![CDATA[").trim_end_matches("]]>").to_owned()
}

#[tokio::test]
async fn goldens_of_scan_templates() {
    let server = Server::start().await;
    let lists: Parameters = &[("title", "Shells"), ("qids", "900006")];
    call(&server, "qid/search_list/static", "create", lists).await.assert_success();
    let group: Parameters = &[("action", "add"), ("title", "Web <1>"), ("host_ips", "192.0.2.4-192.0.2.6")];
    server.call("manager", "asset_group.php", group).await.assert_success();
    let everything: Parameters = &[
        ("title", "Weekly <web>"),
        ("scan_selection", "HostBased"),
        ("limit_timeframe", "1"),
        ("selection_type", "week"),
        ("selection_range", "2"),
        ("asset_groups", "Web <1>"),
        ("ips", "192.0.2.13"),
        ("graph_os", "1"),
        ("display_custom_footer", "1"),
        ("display_custom_footer_text", "For the board"),
        ("sort_by", "service"),
        ("cvss", "cvssv2"),
        ("host_ag_details", "1"),
        ("include_vuln_details_impact", "0"),
        ("selective_vulns", "custom"),
        ("search_list_ids", "1"),
        ("included_os", "Linux,Windows"),
        ("status_fixed", "1"),
        ("ig_active", "1"),
        ("vuln_ignored", "1"),
        ("categories_list", "ALL"),
        ("unauthorized_services", "telnet"),
        ("report_access_users", "reader"),
        ("global", "1"),
    ];
    golden!("fo-report-template-scan-create", call(&server, SCAN, "create", everything).await);
    golden!("fo-report-template-scan-create-taken", call(&server, SCAN, "create", everything).await);
    let own: Parameters = &[("title", "Mine"), ("global", "1")];
    golden!("fo-report-template-scan-create-global", server.operation("reader", SCAN, "create", own).await);
    let one: Parameters = &[("template_id", "15"), ("report_format", "xml")];
    let exported = call(&server, SCAN, "export", one).await;
    golden!("fo-report-template-scan-export", exported.clone());
    golden!(
        "fo-report-template-scan-export-unknown",
        call(&server, SCAN, "export", &[("template_id", "3")]).await
    );

    let renamed = exported.text.replace("Weekly &lt;web&gt;", "Copy").replace("Weekly <web>", "Copy");
    let copied = send(&server, "POST", &[("action", "create"), ("report_format", "xml")], &renamed).await;
    let copy = copied.assert_success().made_id().unwrap();
    let parameters = [("template_id", copy.as_str())];
    let copy = server.operation("manager", SCAN, "export", &parameters).await;
    assert_eq!(copy.text, renamed, "a document comes back as it was given");

    let change: Parameters = &[("template_id", "15"), ("title", "Daily"), ("limit_timeframe", "0")];
    golden!("fo-report-template-scan-update", call(&server, SCAN, "update", change).await);
    let foreign: Parameters =
        &[("template_id", "15"), ("search_list_ids", "9"), ("selective_vulns", "custom")];
    golden!("fo-report-template-scan-update-refused", call(&server, SCAN, "update", foreign).await);
    let put = "<A><INFO key=\"status_new\">0</INFO><INFO key=\"graph_os\"></INFO></A>";
    let put = send(&server, "PUT", &[("action", "update"), ("template_id", "15")], put).await;
    put.assert_success();
    let changed = call(&server, SCAN, "export", one).await.text;
    let told = ["title", "limit_timeframe", "selection_range", "status_new", "status_fixed", "graph_os"];
    assert_eq!(told.map(|key| info(&changed, key)), ["Daily", "0", "", "0", "1", "1"]);
    golden!("fo-report-template-scan-delete", call(&server, SCAN, "delete", one).await);
    golden!("fo-report-template-scan-delete-unknown", call(&server, SCAN, "delete", one).await);
}

#[tokio::test]
async fn every_export_can_be_given_back() {
    let server = Server::start().await;
    for (resource, id) in [(SCAN, "2"), (PCI, "6"), (PATCH, "3"), (MAP, "12")] {
        let exported = server.operation("manager", resource, "export", &[("template_id", id)]).await;
        let title = info(&exported.text, "title");
        let renamed = exported.text.replace(&format!("[{title}]"), &format!("[{title}, again]"));
        let path = format!("/api/2.0/fo/{resource}/?action=create&report_format=xml");
        let mut request = Request::get(&path).header("X-Requested-With", "tests").body(renamed.as_str());
        request.method = "POST";
        let made = server.send(request.header("Content-Type", "text/xml").login("manager", PASSWORD)).await;
        let made = made.assert_success().made_id().unwrap();
        let again = server.operation("manager", resource, "export", &[("template_id", &made)]).await;
        assert_eq!(again.text, renamed);
    }
}

#[tokio::test]
async fn documents_that_cannot_be_read_are_refused() {
    let server = Server::start().await;
    let create = [("action", "create")];
    for (document, expected) in [
        ("<A>", "1905 The document in the body of the request cannot be read: it ends within an element."),
        ("<A><INFO key=\"color\">red</INFO></A>", "1901 Unrecognized parameter(s): color"),
        (
            "<A><INFO key=\"title\"></INFO><INFO key=\"graph_os\">1</INFO></A>",
            "1903 Missing required parameter(s): title",
        ),
        (
            "<A><INFO key=\"title\">T</INFO><INFO key=\"graph_os\">on</INFO></A>",
            "1905 parameter graph_os has invalid value: on",
        ),
    ] {
        let refused = send(&server, "POST", &create, document).await;
        let text = refused.refusal().unwrap_or_default();
        assert!(text.starts_with(expected), "{document}: {text}");
    }
    let put = send(&server, "PUT", &create, "<A><INFO key=\"title\">T</INFO></A>").await;
    let text = "1908 Request method PUT is incompatible with specified parameter(s): action=create";
    assert_eq!(put.refusal().as_deref(), Some(text));
    let path = "/api/2.0/fo/report/?action=list";
    let mut elsewhere = Request::get(path).header("X-Requested-With", "tests").login("manager", PASSWORD);
    elsewhere.method = "PUT";
    assert_eq!(server.send(elsewhere).await.status, 405);
}

#[tokio::test]
async fn goldens_of_the_other_families() {
    let server = Server::start().await;
    let titled: Parameters = &[("title", "Other <one>")];
    golden!("fo-report-template-pciscan-create", call(&server, PCI, "create", titled).await);
    golden!("fo-report-template-pciscan-create-taken", call(&server, PCI, "create", titled).await);
    let one: Parameters = &[("template_id", "15")];
    golden!("fo-report-template-pciscan-export", call(&server, PCI, "export", one).await);
    golden!(
        "fo-report-template-pciscan-export-other",
        call(&server, PCI, "export", &[("template_id", "2")]).await
    );
    let change: Parameters = &[("template_id", "15"), ("sort_by", "vulnerability")];
    golden!("fo-report-template-pciscan-update", call(&server, PCI, "update", change).await);
    let foreign: Parameters = &[("template_id", "2"), ("sort_by", "vulnerability")];
    golden!("fo-report-template-pciscan-update-other", call(&server, PCI, "update", foreign).await);
    golden!("fo-report-template-pciscan-delete", call(&server, PCI, "delete", one).await);
    golden!("fo-report-template-pciscan-delete-unknown", call(&server, PCI, "delete", one).await);

    let patches: Parameters = &[("title", "Patches"), ("ips", "192.0.2.4")];
    golden!("fo-report-template-patch-create", call(&server, PATCH, "create", patches).await);
    golden!("fo-report-template-patch-create-taken", call(&server, PATCH, "create", patches).await);
    golden!("fo-report-template-patch-export", call(&server, PATCH, "export", &[]).await);
    golden!(
        "fo-report-template-patch-export-other",
        call(&server, PATCH, "export", &[("template_id", "2")]).await
    );
    let change: Parameters = &[("template_id", "16"), ("ips", "")];
    golden!("fo-report-template-patch-update", call(&server, PATCH, "update", change).await);
    let foreign: Parameters = &[("template_id", "16"), ("asset_groups", "Nobody")];
    golden!("fo-report-template-patch-update-refused", call(&server, PATCH, "update", foreign).await);
    let one: Parameters = &[("template_id", "16")];
    golden!("fo-report-template-patch-delete", call(&server, PATCH, "delete", one).await);
    golden!("fo-report-template-patch-delete-unknown", call(&server, PATCH, "delete", one).await);

    let maps: Parameters = &[("title", "Strangers"), ("included_hosts", "unknown")];
    golden!("fo-report-template-map-create", call(&server, MAP, "create", maps).await);
    golden!("fo-report-template-map-create-taken", call(&server, MAP, "create", maps).await);
    let one: Parameters = &[("template_id", "17")];
    golden!("fo-report-template-map-export", call(&server, MAP, "export", one).await);
    golden!(
        "fo-report-template-map-export-other",
        call(&server, MAP, "export", &[("template_id", "2")]).await
    );
    let change: Parameters = &[("template_id", "17"), ("included_hosts", "all")];
    golden!("fo-report-template-map-update", call(&server, MAP, "update", change).await);
    let foreign: Parameters = &[("template_id", "2"), ("included_hosts", "all")];
    golden!("fo-report-template-map-update-other", call(&server, MAP, "update", foreign).await);
    golden!("fo-report-template-map-delete", call(&server, MAP, "delete", one).await);
    golden!("fo-report-template-map-delete-unknown", call(&server, MAP, "delete", one).await);
}

#[tokio::test]
async fn reports_go_by_what_their_templates_say() {
    let server = scanned().await;
    for (title, qids) in [("Shells", "900006,900001"), ("Never", "900001")] {
        let list = [("title", title), ("qids", qids)];
        server.operation("manager", "qid/search_list/static", "create", &list).await.assert_success();
    }
    let template: Parameters = &[
        ("title", "Shells only"),
        ("ips", "192.0.2.4"),
        ("selective_vulns", "custom"),
        ("search_list_ids", "1"),
        ("exclude_qid_option", "1"),
        ("exclude_search_list_ids", "2"),
        ("host_ag_details", "1"),
        ("include_text_summary", "1"),
        ("include_vuln_details_threat", "0"),
        ("include_vuln_details_results", "0"),
    ];
    let id = call(&server, SCAN, "create", template).await.assert_success().made_id().unwrap();
    let number: i64 = id.parse().unwrap();
    let report = launch(&server, "manager", number, "xml", &[]).await;
    golden!("fo-report-fetch-template", made(&server, &report).await);
    let change =
        [("template_id", id.as_str()), ("status_new", "0"), ("status_active", "0"), ("status_reopen", "0")];
    server.operation("manager", SCAN, "update", &change).await.assert_success();
    let report = launch(&server, "manager", number, "csv", &[("hide_header", "1")]).await;
    let none = made(&server, &report).await.text;
    assert_eq!(none.lines().count(), 1, "{none}");
    let used = server.operation("manager", "qid/search_list/static", "delete", &[("id", "1")]).await;
    let used = used.refusal().unwrap_or_default();
    assert!(used.starts_with("1920 ") && used.contains("Shells is in use by: report template"), "{used}");
}

#[tokio::test]
async fn disabled_findings_are_in_reports_whose_template_asks_for_them() {
    let server = scanned().await;
    let edit = [("qid", "900001"), ("disable", "1")];
    server.operation("manager", "knowledge_base/vuln", "edit", &edit).await.assert_success();
    let template: Parameters = &[("title", "Everything"), ("ips", "192.0.2.4")];
    let id = call(&server, SCAN, "create", template).await.assert_success().made_id().unwrap();
    let number: i64 = id.parse().unwrap();
    // The QIDs of a report, and whether the disabled one is among them.
    let shown = async |changes: &[(&str, &str)]| {
        let changes = [&[("template_id", id.as_str())], changes].concat();
        server.operation("manager", SCAN, "update", &changes).await.assert_success();
        let report = launch(&server, "manager", number, "xml", &[]).await;
        let text = made(&server, &report).await.text;
        (text.matches("<VULN_INFO>").count() > 1, text.contains("qid_900001"))
    };
    assert_eq!(shown(&[("vuln_disabled", "0")]).await, (true, false));
    assert_eq!(shown(&[("vuln_disabled", "1"), ("potential_disabled", "1")]).await, (true, true));
    let alone = [("vuln_active", "0"), ("potential_active", "0"), ("ig_active", "0")];
    assert_eq!(shown(&alone).await, (false, true));
}

#[tokio::test]
async fn flags_of_ignored_findings_come_back_as_they_were_set() {
    const FLAGS: [&str; 3] = ["vuln_ignored", "potential_ignored", "ig_ignored"];
    let server = Server::start().await;
    let id = call(&server, SCAN, "create", &[("title", "Flags")]).await.assert_success().made_id().unwrap();
    for values in [["0", "0", "0"], ["1", "0", "0"], ["0", "1", "0"], ["0", "0", "1"], ["1", "1", "1"]] {
        let changes: Vec<_> = FLAGS.into_iter().zip(values).collect();
        let changes = [&[("template_id", id.as_str())], changes.as_slice()].concat();
        server.operation("manager", SCAN, "update", &changes).await.assert_success();
        let exported = server.operation("manager", SCAN, "export", &[("template_id", &id)]).await.text;
        assert_eq!(FLAGS.map(|key| info(&exported, key)), values);
    }
}

#[tokio::test]
async fn ignored_findings_are_in_reports_whose_template_asks_for_them() {
    let server = scanned().await;
    let ignore = [("qids", "900001,900002"), ("ips", "192.0.2.4"), ("comments", "Accepted")];
    let ignored = server.call("manager", "ignore_vuln.php", &ignore).await.text;
    assert_eq!(ignored.matches("<IGNORED>").count(), 2, "{ignored}");
    let template: Parameters =
        &[("title", "Everything"), ("ips", "192.0.2.4"), ("include_text_summary", "1")];
    let id = call(&server, SCAN, "create", template).await.assert_success().made_id().unwrap();
    // Which of the ignored two are shown, and how many vulnerabilities there are, as found and as told.
    let shown = async |changes: &[(&str, &str)]| {
        let changes = [&[("template_id", id.as_str())], changes].concat();
        server.operation("manager", SCAN, "update", &changes).await.assert_success();
        let xml = server.call("manager", "asset_data_report.php", &[("template_id", &id)]).await.text;
        let told = xml.split_once("<TOTAL_VULNERABILITIES>").unwrap().1.split_once('<').unwrap().0;
        let told = (xml.matches("<VULN_INFO>").count(), told.parse::<usize>().unwrap());
        let (confirmed, potential) = (xml.contains("qid_900001"), xml.contains("qid_900002"));
        let report = launch(&server, "manager", id.parse().unwrap(), "csv", &[]).await;
        let csv = made(&server, &report).await.text;
        let (_, rest) = csv.split_once("\"Total Vulnerabilities\"").unwrap();
        let total = rest.lines().nth(1).unwrap().split('"').nth(1).unwrap();
        let rows = csv.matches("\n\"192.0.2.4\",\"host-4").count();
        assert_eq!((rows, total.parse::<usize>().unwrap()), told, "{csv}");
        assert_eq!(csv.contains("\"900001\""), confirmed, "{csv}");
        assert_eq!(csv.contains("\"900002\""), potential, "{csv}");
        (confirmed, potential, told, xml)
    };
    let (confirmed, potential, told, xml) = shown(&[("ig_ignored", "1")]).await;
    assert!(!xml.contains("Included Ignored:"), "{xml}");
    let (without, _) = told;
    assert_eq!((confirmed, potential, told), (false, false, (without, without)));
    let (confirmed, potential, told, xml) = shown(&[("vuln_ignored", "1")]).await;
    assert!(xml.contains("Included Ignored:"), "{xml}");
    assert_eq!((confirmed, potential, told), (true, false, (without + 1, without + 1)));
    let (confirmed, potential, told, xml) = shown(&[("potential_ignored", "1")]).await;
    assert!(xml.contains("Vulnerabilities, Potential Vulnerabilities"), "{xml}");
    assert_eq!((confirmed, potential, told), (true, true, (without + 2, without + 2)));
    let (confirmed, potential, told, xml) = shown(&[("vuln_active", "0"), ("potential_active", "0")]).await;
    assert_eq!((confirmed, potential, told), (true, true, (2, 2)), "ignored ones alone: {xml}");
}

#[tokio::test]
async fn reports_on_scans_show_what_was_found_ignored_or_not() {
    let server = scanned().await;
    let ignore = [("qids", "900001"), ("ips", "192.0.2.4"), ("comments", "Accepted")];
    server.call("manager", "ignore_vuln.php", &ignore).await.assert_success();
    let template: Parameters =
        &[("title", "Of scans"), ("scan_selection", "ScanBased"), ("include_text_summary", "1")];
    let id = call(&server, SCAN, "create", template).await.assert_success().made_id().unwrap();
    let listed = server.call("manager", "scan_report_list.php", &[]).await.text;
    let scan = listed.split("<SCAN_REPORT ref=\"").nth(1).unwrap().split('"').next().unwrap();
    // Whether the ignored one is shown, and the vulnerabilities as told.
    let shown = async |changes: &[(&str, &str)]| {
        let changes = [&[("template_id", id.as_str())], changes].concat();
        server.operation("manager", SCAN, "update", &changes).await.assert_success();
        let report = launch(&server, "manager", id.parse().unwrap(), "xml", &[("report_refs", scan)]).await;
        let text = made(&server, &report).await.text;
        let told = text.split_once("<TOTAL_VULNERABILITIES>").unwrap().1.split_once('<').unwrap().0;
        (text.contains("qid_900001"), told.parse::<usize>().unwrap())
    };
    let (is_shown, all) = shown(&[("vuln_ignored", "0")]).await;
    assert!(is_shown && all > 0);
    assert_eq!(shown(&[("vuln_ignored", "1")]).await, (true, all));
    assert_eq!(shown(&[("vuln_active", "0"), ("potential_active", "0")]).await, (false, 0));
}

#[tokio::test]
async fn map_and_patch_templates_steer_their_reports() {
    let server = scanned().await;
    let patches: Parameters = &[("title", "Patches of one"), ("ips", "192.0.2.13")];
    let id = call(&server, PATCH, "create", patches).await.assert_success().made_id().unwrap();
    let report = launch(&server, "manager", id.parse().unwrap(), "csv", &[]).await;
    let text = made(&server, &report).await.text;
    assert!(!text.contains("192.0.2.4"), "{text}");
    let maps: Parameters = &[("title", "Strangers"), ("included_hosts", "unknown")];
    let id = call(&server, MAP, "create", maps).await.assert_success().made_id().unwrap();
    let domain = [("action", "add"), ("domain", "example.com"), ("netblock", "192.0.2.0-192.0.2.63")];
    let _ = server.call("manager", "asset_domain.php", &domain).await;
    let map = server.finished_map("manager", "example.com").await;
    let refs = [("domain", "example.com"), ("report_refs", map.as_str())];
    let report = launch(&server, "manager", id.parse().unwrap(), "csv", &refs).await;
    let text = made(&server, &report).await.text;
    assert!(!text.contains("\"yes\",\"yes\",\"yes\""), "approved hosts are known:\n{text}");
}
