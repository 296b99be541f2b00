//! The forms in which clients send requests.

use palisade_api::ApiConfig;

use crate::support::http::{Request, Response};
use crate::support::scanner::silent;
use crate::support::{PASSWORD, Server, config};

fn logged_in(request: Request) -> Request {
    request.login("manager", PASSWORD)
}

#[track_caller]
fn lists_hosts(response: &Response) {
    response.assert_success();
    assert!(response.text.contains("<NO_RESULTS>"), "{}", response.text);
}

#[tokio::test]
async fn parameters_come_in_the_query_the_body_or_both() {
    let server = Server::start().await;
    let path = "/msp/asset_ip_list.php";
    for query in ["?detailed_no_results=1", "?&detailed_no_results=1&", "?detailed_no_results=%31"] {
        lists_hosts(&server.send(logged_in(Request::get(&format!("{path}{query}")))).await);
    }
    lists_hosts(&server.call("manager", "asset_ip_list.php", &[("detailed_no_results", "1")]).await);
    let both = Request {
        path: format!("{path}?detailed_results=1"),
        ..Request::post("", &[("detailed_no_results", "1")])
    };
    let both = server.send(logged_in(both)).await;
    lists_hosts(&both);
    assert!(both.text.contains("<RESULTS/>"), "{}", both.text);
    let query_of_a_post = Request { path: format!("{path}?detailed_no_results=1"), ..Request::post("", &[]) };
    lists_hosts(&server.send(logged_in(query_of_a_post)).await);
}

#[tokio::test]
async fn bare_and_foreign_requests_do_not_choke() {
    let server = Server::start().await;
    for path in
        ["/msp/about.php", "/msp/about.php?", "/msp/about.php?&", "/msp/about.php/", "/msp/about.php/x/y"]
    {
        server.send(logged_in(Request::get(path))).await.assert_success();
    }
    server
        .send(logged_in(Request::get("/msp/about.php").header("Content-Type", "text/xml")))
        .await
        .assert_success();
    server
        .send(logged_in(Request::get("/msp/about.php").header("X-Requested-With", "x")))
        .await
        .assert_success();
    let raw = server.send(logged_in(Request::get("/msp/scan_report.php?ref=scan/1400000000.10001"))).await;
    assert!(raw.refusal().is_some_and(|text| text.starts_with("3502 ")), "{}", raw.text);
    let encoded =
        server.send(logged_in(Request::get("/msp/scan_report.php?ref=scan%2F1400000000.10001"))).await;
    assert_eq!(raw.refusal(), encoded.refusal());
}

#[tokio::test]
async fn multipart_forms_are_read() {
    let server = Server::start().await;
    let kind = "multipart/form-data; boundary=cut";
    let part =
        "--cut\r\nContent-Disposition: form-data; name=\"detailed_no_results\"\r\n\r\n1\r\n--cut--\r\n";
    let request = Request::post("asset_ip_list.php", &[]);
    let multipart = Request { headers: Vec::new(), ..request }.header("Content-Type", kind);
    lists_hosts(&server.send(logged_in(multipart.clone().body(part))).await);
    server.send(logged_in(multipart.clone().body("--cut--\r\n"))).await.assert_success();
    server.send(logged_in(multipart.clone())).await.assert_success();
    let broken = server.send(logged_in(multipart.body("--cut\r\nnonsense"))).await;
    assert!(broken.refusal().is_some_and(|text| text.starts_with("5008 ")), "{}", broken.text);
}

#[tokio::test]
async fn other_methods_and_other_scripts_are_told_plainly() {
    let server = Server::start().await;
    for method in ["PUT", "DELETE", "HEAD", "OPTIONS"] {
        let response = server.send(Request { method, ..Request::get("/msp/about.php") }).await;
        assert_eq!((response.status, response.header("allow")), (405, Some("GET, POST")), "{method}");
    }
    for path in ["/msp/nothing.php", "/msp/About.php", "/msp/", "/nothing"] {
        let response = server.send(logged_in(Request::get(path))).await;
        assert_eq!((response.status, response.text.as_str()), (404, "Not Found"), "{path}");
    }
}

#[tokio::test]
async fn bodies_are_bounded() {
    let server = Server::start_with(ApiConfig { body_max_bytes: 1000, ..config() }).await;
    let long = "x".repeat(2000);
    let response = server.call("manager", "asset_ip.php", &[("action", "add"), ("comment", &long)]).await;
    assert_eq!(response.status, 413);
    assert_eq!(response.refusal().as_deref(), Some("5008 The request has more than 1000 bytes."));
    let entry = server.last_activity().await;
    assert!(entry.refused && entry.action == "asset_ip.php", "{entry:?}");
    let json = Request::post("about.php", &[]);
    let json = Request { headers: Vec::new(), ..json }.header("Content-Type", "application/json").body("{}");
    let refused = server.send(logged_in(json)).await;
    assert!(refused.refusal().is_some_and(|text| text.starts_with("5008 ")), "{}", refused.text);
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_given_up() {
    let server = Server::start_with(ApiConfig { body_timeout_s: 1, ..config() }).await;
    let request = logged_in(Request::get("/msp/about.php")).header("Content-Length", "10");
    let response = server.send(request).await;
    assert_eq!(response.status, 408);
    assert_eq!(response.refusal().as_deref(), Some("5008 The request did not arrive within 1 seconds."));
}

#[tokio::test]
async fn the_document_type_leads_to_this_server() {
    let server = Server::start_with(ApiConfig { base_url: None, ..config() }).await;
    let response = server.send(logged_in(Request::get("/msp/about.php"))).await;
    assert_eq!(
        response.text.lines().nth(1),
        Some("<!DOCTYPE ABOUT SYSTEM \"http://scans.example/about.dtd\">")
    );
    for definition in palisade_wire::dtd::all() {
        let response = server.send(Request::get(&format!("/{}", definition.file))).await;
        assert_eq!((response.status, response.text.as_str()), (200, definition.text), "{}", definition.file);
    }
}

#[tokio::test]
async fn hosts_are_edited_by_their_names() {
    let server = Server::start().await;
    server.finished_scan("manager", "192.0.2.4-192.0.2.6").await;
    let edit = async |parameter: &str, name: &str| {
        let parameters = [("action", "edit"), (parameter, name), ("comment", "Edited by name")];
        server.call("manager", "asset_ip.php", &parameters).await
    };
    let by_dns = edit("host_dns", "HOST-4.scans.example").await;
    assert!(by_dns.assert_success().text.contains("Hosts edited: 192.0.2.4\n"), "{}", by_dns.text);
    let by_netbios = edit("host_netbios", "host6").await;
    assert!(by_netbios.assert_success().text.contains("Hosts edited: 192.0.2.6\n"), "{}", by_netbios.text);
    let unknown = edit("host_dns", "host-5.scans.example").await;
    let refusal =
        "5101 Invalid value for 'host_dns' : host-5.scans.example. No such host in the user account.";
    assert_eq!(unknown.refusal().as_deref(), Some(refusal));
}

#[tokio::test]
async fn a_selective_scan_passes_over_foreign_qids() {
    let server = Server::start().await;
    let scanner = server.scanner();
    let parameters = [("ip", "192.0.2.4"), ("specific_vulns", "900001,82044")];
    let looking = async {
        let lease = scanner.lease().await;
        assert_eq!(lease.order.qids, Some(vec![palisade_model::Qid::new(900_001).unwrap()]));
        scanner.deliver(&lease, silent([192, 0, 2, 4].into())).await;
        scanner.complete(&lease).await;
    };
    let (response, ()) = tokio::join!(server.call("manager", "scan.php", &parameters), looking);
    assert!(response.text.contains("3509"), "{}", response.text);
}

#[tokio::test]
async fn the_group_all_stands_for_what_the_caller_sees() {
    let server = Server::start().await;
    let scanner = server.scanner();
    let parameters =
        [("asset_groups", "All"), ("exclude_ip_per_scan", "192.0.2.2-192.0.2.31"), ("default_scanner", "1")];
    let (response, ()) = tokio::join!(server.call("scanner", "scan.php", &parameters), scanner.finish_scan());
    assert!(response.text.contains("<![CDATA[192.0.2.0-192.0.2.1]]>"), "{}", response.text);
}
