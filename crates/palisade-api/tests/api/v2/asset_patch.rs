//! `asset/patch/`.

use crate::business_unit::{INSIDE, OUTSIDE};
use crate::permissions::{A, N, R};
use crate::support::http::Request;
use crate::support::{PASSWORD, Server, assert_valid_answer};
use crate::v2::asset_host::{Made, both_scanned};
use crate::v2::{OperationTest, Reach, golden};

const RESOURCE: &str = "asset/patch";

pub(crate) const TESTS: &[OperationTest] = &[OperationTest {
    resource: RESOURCE,
    action: "list",
    roles: [A, A, R, A, A, N, R],
    harmless: &[("host_id", "999999")],
    reach: Reach::Takes {
        inside: &[("host_id", "INSIDE_ID")],
        outside: &[("host_id", "OUTSIDE_ID")],
        refusal: "1905 parameter host_id has invalid value: ",
    },
    setup: Some(both_known),
}];
crate::v2::walk_tests!(TESTS);

/// Scans the two hosts of which one is within the reach of the unit; gives their ids.
fn both_known<'a>(server: &'a Server, maker: &'a str) -> Made<'a> {
    Box::pin(async move {
        both_scanned(server, maker).await;
        vec![("INSIDE_ID", host_id(server, INSIDE).await), ("OUTSIDE_ID", host_id(server, OUTSIDE).await)]
    })
}

async fn host_id(server: &Server, ip: &str) -> String {
    let listed = server.operation("manager", "asset/host", "list", &[("ips", ip)]).await.text;
    let id = listed.split_once("<ID>").and_then(|(_, rest)| rest.split_once("</ID>"));
    id.unwrap_or_else(|| panic!("{listed}")).0.to_owned()
}

#[tokio::test]
async fn goldens() {
    let server = Server::with_networks().await;
    server.finished_scan("manager", "192.0.2.4,192.0.2.13").await;
    let id = host_id(&server, "192.0.2.4").await;
    let ask = async |host_id: &str| {
        server.operation("manager", RESOURCE, "list", &[("host_id", host_id), ("echo_request", "1")]).await
    };
    golden!("fo-asset-patch-list", ask(&id).await);
    golden!("fo-asset-patch-list-refused", ask("99").await);
    // What is ignored is not lacking.
    let open = ask(&id).await.text;
    let first = open.split_once("<PATCH_QID").and_then(|(_, rest)| rest.split_once('>'));
    let qid = first.and_then(|(_, rest)| rest.split_once('<')).unwrap().0.to_owned();
    let ignored = [("qids", qid.as_str()), ("ips", "192.0.2.4"), ("comments", "x")];
    server.operation("manager", "ignore_vuln", "ignore", &ignored).await;
    let answer = ask(&id).await;
    assert_valid_answer(&answer);
    assert!(!answer.text.contains(&qid) && answer.text.contains("<HOST_ID>"), "{}", answer.text);
}

#[tokio::test]
async fn the_path_of_a_script_needs_no_action() {
    let server = Server::start().await;
    server.finished_scan("manager", "192.0.2.4").await;
    let path = format!(
        "/api/2.0/fo/asset/patch/index.php?host_id={}&output_format=xml",
        host_id(&server, "192.0.2.4").await
    );
    let asked = Request::get(&path).header("X-Requested-With", "tests").login("reader", PASSWORD);
    let answer = server.send(asked).await;
    assert_valid_answer(&answer);
    assert!(answer.text.contains("<PATCH_INFO>"), "{}", answer.text);
}
