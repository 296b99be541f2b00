//! `asset/group/`.

use crate::permissions::{A, N, R};
use crate::support::Server;
use crate::v2::{OperationTest, Reach, golden};

/// A group of the maker's as GROUP, and the foreign group Hills as HILLS.
const SETUP: crate::v2::Setup = |server, maker| {
    Box::pin(async move {
        let title = format!("Of {maker} {}", server.last_activity().await.details.len());
        let parameters = [("title", title.as_str()), ("ips", "192.0.2.4")];
        let made = server.operation(maker, "asset/group", "add", &parameters).await;
        let list = server.operation("manager", "asset/group", "list", &[("title", "Hills")]).await;
        let hills = list.text.split_once("<ID>").and_then(|(_, rest)| rest.split_once('<')).unwrap().0;
        vec![("GROUP", made.made_id().unwrap()), ("HILLS", hills.to_owned())]
    })
};

pub(crate) const TESTS: &[OperationTest] = &[
    OperationTest {
        resource: "asset/group",
        action: "list",
        roles: [A, A, A, A, A, N, A],
        harmless: &[],
        reach: Reach::Shows { parameters: &[], inside: "[Quay]", outside: "[Hills]" },
        setup: None,
    },
    OperationTest {
        resource: "asset/group",
        action: "add",
        roles: [A, A, R, A, R, N, A],
        harmless: &[("title", "all")],
        reach: Reach::Takes {
            inside: &[("title", "New of CALLER"), ("ips", "192.0.2.4")],
            outside: &[("title", "Other of CALLER"), ("ips", "192.0.2.40")],
            refusal: "1905 ",
        },
        setup: None,
    },
    OperationTest {
        resource: "asset/group",
        action: "edit",
        roles: [A, A, R, A, R, N, A],
        harmless: &[("id", "4000"), ("set_comments", "x")],
        reach: Reach::Takes {
            inside: &[("id", "GROUP"), ("set_comments", "x")],
            outside: &[("id", "HILLS"), ("set_comments", "x")],
            refusal: "1905 ",
        },
        setup: Some(SETUP),
    },
    OperationTest {
        resource: "asset/group",
        action: "delete",
        roles: [A, A, R, A, R, N, A],
        harmless: &[("id", "4000")],
        reach: Reach::Takes { inside: &[("id", "GROUP")], outside: &[("id", "HILLS")], refusal: "1905 " },
        setup: Some(SETUP),
    },
];
crate::v2::walk_tests!(TESTS);

#[tokio::test]
async fn goldens() {
    let server = Server::start().await;
    for domain in ["corp.example", "x.example"] {
        let add = [("action", "add"), ("domain", domain), ("netblock", "192.0.2.0/28")];
        server.call("manager", "asset_domain.php", &add).await.assert_success();
    }
    let call = async |action: &str, parameters: &[(&str, &str)]| {
        server.operation("manager", "asset/group", action, parameters).await
    };
    let add = [
        ("title", "Web <servers>"),
        ("ips", "192.0.2.4-192.0.2.5,192.0.2.40"),
        ("domains", "corp.example"),
        ("comments", "Reached from the Internet"),
        ("division", "Sales"),
        ("function", "Shop"),
        ("location", "Room 101"),
        ("business_impact", "critical"),
        ("cvss_enviro_cdp", "low-medium"),
        ("cvss_enviro_td", "none"),
        ("cvss_enviro_cr", "high"),
        ("cvss_enviro_ir", "medium"),
        ("cvss_enviro_ar", "low"),
    ];
    golden!("fo-asset-group-add", call("add", &add).await);
    golden!("fo-asset-group-add-taken", call("add", &add).await);
    golden!("fo-asset-group-add-foreign", call("add", &[("title", "X"), ("ips", "203.0.113.1")]).await);
    golden!("fo-asset-group-add-all", call("add", &[("title", "All")]).await);
    let all = [("show_attributes", "ALL"), ("echo_request", "1")];
    golden!("fo-asset-group-list", call("list", &all).await);
    let edit = [
        ("id", "1"),
        ("set_title", "Web"),
        ("add_ips", "192.0.2.7"),
        ("remove_ips", "192.0.2.40"),
        ("add_domains", "x.example"),
        ("remove_domains", "corp.example"),
        ("set_comments", "Behind the <proxy>"),
        ("set_cvss_enviro_td", "low"),
    ];
    golden!("fo-asset-group-edit", call("edit", &edit).await);
    golden!("fo-asset-group-edit-unknown", call("edit", &[("id", "99"), ("set_title", "X")]).await);
    let users = [("action", "edit"), ("title", "Web"), ("user_logins", "scanner")];
    server.call("manager", "asset_group.php", &users).await.assert_success();
    golden!("fo-asset-group-list-edited", call("list", &[("ids", "1"), ("show_attributes", "ALL")]).await);
    let csv =
        [("output_format", "CSV"), ("show_attributes", "ALL"), ("truncation_limit", "1"), ("id_min", "1")];
    golden!("fo-asset-group-list-csv", call("list", &csv).await);
    golden!("fo-asset-group-list-brief", call("list", &[("title", "Web")]).await);
    golden!("fo-asset-group-list-ids", call("list", &[("show_attributes", "None")]).await);
    golden!("fo-asset-group-list-none", call("list", &[("ids", "77")]).await);
    golden!("fo-asset-group-delete-in-use", call("delete", &[("id", "1")]).await);
    let users = [("action", "edit"), ("title", "Web"), ("user_logins", "")];
    server.call("manager", "asset_group.php", &users).await.assert_success();
    golden!("fo-asset-group-delete", call("delete", &[("id", "1")]).await);
}

#[tokio::test]
async fn groups_of_a_unit() {
    let server = crate::business_unit::harbour().await;
    let all = [("show_attributes", "ALL"), ("unit_id", "1")];
    golden!("fo-asset-group-list-unit", server.operation("harbour_um", "asset/group", "list", &all).await);
}

#[tokio::test]
async fn groups_come_in_pages_whose_urls_lead_on() {
    let server = Server::start().await;
    for title in ["A", "B", "C"] {
        server.operation("manager", "asset/group", "add", &[("title", title)]).await.assert_success();
    }
    let first = [("id_min", "1"), ("truncation_limit", "2"), ("show_attributes", "TITLE")];
    let page = server.operation("manager", "asset/group", "list", &first).await;
    assert!(page.text.contains("[B]") && !page.text.contains("[C]"), "{}", page.text);
    golden!("fo-asset-group-list-page", page.clone());
    let url = page.text.split_once("<URL><![CDATA[").unwrap().1.split_once("]]>").unwrap().0;
    let next = crate::support::http::Request::get(url.strip_prefix("https://scans.example").unwrap());
    let next = next.header("X-Requested-With", "x").login("manager", crate::support::PASSWORD);
    let page = server.send(next).await;
    assert!(
        page.text.contains("[C]") && !page.text.contains("[B]") && !page.text.contains("WARNING"),
        "{}",
        page.text
    );
}

#[tokio::test]
async fn hosts_belong_to_a_group_by_their_names() {
    let server = crate::business_unit::harbour().await;
    // As scans find it: 192.0.2.4 is host-4.scans.example.
    server.finished_scan("manager", "192.0.2.4,192.0.2.40").await;
    let made = [
        ("title", "By name"),
        ("dns_names", "HOST-4.scans.example.,nobody.example,host-40.scans.example"),
        ("netbios_names", "nobody"),
    ];
    let group = server.operation("harbour_um", "asset/group", "add", &made).await.made_id().unwrap();
    let shown = [("ids", group.as_str()), ("show_attributes", "OWNER,DNS_LIST,NETBIOS_LIST")];
    golden!("fo-asset-group-list-names", server.operation("harbour_um", "asset/group", "list", &shown).await);
    let hosts = async |login: &str| {
        server.operation(login, "asset/host", "list", &[("ag_ids", group.as_str())]).await.text
    };
    let (all, unit) = (hosts("manager").await, hosts("harbour_um").await);
    assert!(all.contains("<IP>192.0.2.4<") && all.contains("<IP>192.0.2.40<"), "{all}");
    assert!(
        unit.contains("<IP>192.0.2.4<") && !unit.contains("<IP>192.0.2.40<"),
        "a name is no right: {unit}"
    );
    // The first version sees and changes the same.
    let list = server.call("manager", "asset_group_list.php", &[("title", "By name")]).await;
    golden!("asset_group_list-names", list);
    let edit = [("action", "edit"), ("title", "By name"), ("host_dns", "")];
    server.call("manager", "asset_group.php", &edit).await.assert_success();
    assert!(!hosts("manager").await.contains("<IP>"), "no name is left");
}
