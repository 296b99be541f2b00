//! `report/scorecard/`.

use crate::permissions::{A, N, R};
use crate::support::Server;
use crate::support::http::Response;
use crate::v2::report::{made, scanned};
use crate::v2::{OperationTest, Reach, golden};

pub(crate) const TESTS: &[OperationTest] = &[OperationTest {
    resource: "report/scorecard",
    action: "launch",
    roles: [A, A, A, A, A, N, R],
    harmless: &[
        ("name", "Ignored Vulnerabilities Report"),
        ("output_format", "xml"),
        ("source", "asset_groups"),
        ("asset_groups", "No such group"),
    ],
    reach: Reach::Takes {
        inside: &[
            ("name", "Ignored Vulnerabilities Report"),
            ("output_format", "xml"),
            ("source", "asset_groups"),
            ("asset_groups", "Quay"),
        ],
        outside: &[
            ("name", "Ignored Vulnerabilities Report"),
            ("output_format", "xml"),
            ("source", "asset_groups"),
            ("asset_groups", "Hills"),
        ],
        refusal: "1905 parameter asset_groups has invalid value: ",
    },
    setup: None,
}];
crate::v2::walk_tests!(TESTS);

async fn launch(server: &Server, name: &str, format: &str, more: &[(&str, &str)]) -> Response {
    let parameters = [&[("name", name), ("output_format", format)], more].concat();
    server.operation("manager", "report/scorecard", "launch", &parameters).await
}

async fn scorecard(server: &Server, name: &str, format: &str, more: &[(&str, &str)]) -> Response {
    let answer = launch(server, name, format, more).await;
    made(server, &answer.assert_success().made_id().unwrap()).await
}

const WEB: [(&str, &str); 2] = [("source", "asset_groups"), ("asset_groups", "Web <1>")];

#[tokio::test]
async fn goldens() {
    let server = scanned().await;
    let ignored =
        [("action", "ignore"), ("qids", "900001"), ("ips", "192.0.2.5"), ("comments", "Never mind")];
    server.call("manager", "ignore_vuln.php", &ignored).await.assert_success();
    golden!("fo-report-scorecard-launch", launch(&server, "Most Vulnerable Hosts Report", "csv", &WEB).await);
    let all = [("source", "asset_groups"), ("all_asset_groups", "1")];
    golden!(
        "fo-report-fetch-scorecard-groups",
        scorecard(&server, "Asset Group Vulnerability Report", "xml", &all).await
    );
    golden!(
        "fo-report-fetch-scorecard-ignored",
        scorecard(&server, "Ignored Vulnerabilities Report", "xml", &WEB).await
    );
    golden!(
        "fo-report-fetch-scorecard-prevalent",
        scorecard(&server, "Most Prevalent Vulnerabilities Report", "xml", &WEB).await
    );
    let docks = [("source", "business_unit"), ("division", "Docks"), ("report_title", "The docks")];
    golden!(
        "fo-report-fetch-scorecard-hosts",
        scorecard(&server, "Most Vulnerable Hosts Report", "xml", &docks).await
    );
    let patches = [WEB[0], WEB[1], ("patch_qids", "900001,900005"), ("missing_qids", "900002")];
    golden!("fo-report-fetch-scorecard-patches", scorecard(&server, "Patch Report", "xml", &patches).await);
    golden!(
        "fo-report-fetch-scorecard-hosts-csv",
        scorecard(&server, "Most Vulnerable Hosts Report", "csv", &WEB).await
    );
    let bare = [WEB[0], WEB[1], ("hide_header", "1")];
    golden!(
        "fo-report-fetch-scorecard-ignored-csv",
        scorecard(&server, "Ignored Vulnerabilities Report", "csv", &bare).await
    );
}

#[tokio::test]
async fn launches_that_are_refused() {
    let server = scanned().await;
    let nothing = [("source", "business_unit"), ("location", "Nowhere")];
    let refused = launch(&server, "Most Vulnerable Hosts Report", "xml", &nothing).await;
    golden!("fo-report-scorecard-launch-nothing", refused);
    let unknown = launch(&server, "Patch Report", "xml", &[WEB[0], WEB[1], ("patch_qids", "77")]).await;
    assert_eq!(
        unknown.refusal().as_deref(),
        Some("1905 parameter patch_qids has invalid value: 77 (No such QID)"),
        "{}",
        unknown.text
    );
}
