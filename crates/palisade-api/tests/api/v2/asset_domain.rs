//! `asset/domain/`.

use crate::permissions::{A, N, R};
use crate::support::Server;
use crate::support::http::Request;
use crate::v2::{OperationTest, Reach, golden};

/// A domain of the unit's asset group and one out of it.
const SETUP: crate::v2::Setup = |server, _| {
    Box::pin(async move {
        for domain in ["inside.example", "outside.example"] {
            // They stay from caller to caller.
            server.operation("manager", "asset/domain", "add", &[("domain", domain)]).await;
        }
        let group = [("action", "edit"), ("title", "Quay"), ("domains", "inside.example")];
        server.call("manager", "asset_group.php", &group).await.assert_success();
        Vec::new()
    })
};
const WRITE: OperationTest = OperationTest {
    resource: "asset/domain",
    action: "add",
    roles: [A, R, R, R, R, N, R],
    harmless: &[("domain", "none")],
    reach: Reach::Everybody,
    setup: None,
};

pub(crate) const TESTS: &[OperationTest] = &[
    OperationTest {
        action: "list",
        roles: [A, A, R, A, A, N, R],
        harmless: &[],
        reach: Reach::Shows { parameters: &[], inside: "inside.example", outside: "outside.example" },
        setup: Some(SETUP),
        ..WRITE
    },
    WRITE,
    OperationTest { action: "edit", harmless: &[("domain", "nowhere.example")], ..WRITE },
];
crate::v2::walk_tests!(TESTS);

#[tokio::test]
async fn goldens() {
    let server = Server::start().await;
    let ask = async |action: &str, parameters: &[(&str, &str)]| {
        server.operation("manager", "asset/domain", action, parameters).await
    };
    golden!("fo-asset-domain-list-none", ask("list", &[]).await);
    let new = [("domain", "Example.com"), ("netblock", "192.0.2.1-192.0.2.9,198.51.100.7")];
    golden!("fo-asset-domain-add", ask("add", &new).await);
    golden!("fo-asset-domain-add-refused", ask("add", &new).await);
    golden!("fo-asset-domain-add-none", ask("add", &[("domain", "none")]).await);
    ask("add", &[("domain", "quay.example")]).await.assert_success();
    golden!("fo-asset-domain-list", ask("list", &[("echo_request", "1")]).await);
    golden!("fo-asset-domain-edit", ask("edit", &[("domain", "example.com"), ("netblock", "")]).await);
    golden!("fo-asset-domain-edit-refused", ask("edit", &[("domain", "nowhere.example")]).await);
}

#[tokio::test]
async fn both_versions_show_the_same_domains_and_sessions_show_none() {
    let server = Server::start().await;
    let new = [("domain", "example.com"), ("netblock", "192.0.2.1-192.0.2.9")];
    server.operation("manager", "asset/domain", "add", &new).await.assert_success();
    let old = server.call("manager", "asset_domain_list.php", &[]).await;
    let new = server.operation("manager", "asset/domain", "list", &[]).await;
    let part = |text: &str| {
        let start = text.find("<DOMAIN>").unwrap();
        let end = text.find("</DOMAIN>").unwrap();
        text[start..end].split_whitespace().collect::<String>()
    };
    assert_eq!(part(&old.text), part(&new.text));
    let token = server.session("manager").await;
    let request = Request::operation("asset/domain", "list", &[]);
    let refused = server.send(request.header("Cookie", &format!("QualysSession={token}"))).await;
    assert_eq!(refused.status, 401, "{}", refused.text);
}
