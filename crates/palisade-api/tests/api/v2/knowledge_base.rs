//! `knowledge_base/vuln/`.

use crate::permissions::{A, N, R};
use crate::support::Server;
use crate::v2::{OperationTest, Reach, golden};

pub(crate) const TESTS: &[OperationTest] = &[OperationTest {
    resource: "knowledge_base/vuln",
    action: "list",
    roles: [A, A, R, A, A, N, R],
    harmless: &[],
    reach: Reach::Everybody,
    setup: None,
}];
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
    assert_eq!(count(&[("discovery_method", "RemoteOnly")]).await, all);
    assert_eq!(count(&[("discovery_method", "Authenticated")]).await, 0);
    assert_eq!(count(&[("discovery_auth_types", "Unix")]).await, 0);
    assert_eq!(count(&[("published_after", "2030-01-01")]).await, 0);
    assert_eq!(count(&[("last_modified_before", "2030-01-01")]).await, all);
    assert_eq!(count(&[("last_modified_by_service_before", "1999-01-01")]).await, 0);
    let page = server.operation("reader", "knowledge_base/vuln", "list", &[]).await.text;
    let first = page.split_once("<QID>").unwrap().1.split_once('<').unwrap().0;
    assert_eq!(count(&[("id_min", first), ("id_max", first)]).await, 1);
}
