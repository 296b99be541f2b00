//! `appliance/` and `appliance/replace_iscanner/`.

use crate::permissions::{A, N, R};
use crate::support::Server;
use crate::v2::{OperationTest, Parameters, Reach, golden};

/// An appliance of the caller's group and one of a Manager; `INSIDE` and `OUTSIDE` are their ids.
const SETUP: crate::v2::Setup = |server, maker| {
    Box::pin(async move {
        let id = |text: &str| text.split_once("<ID>").unwrap().1.split_once("</ID>").unwrap().0.to_owned();
        let groups = server.operation("manager", "asset/group", "list", &[("title", "Quay")]).await;
        let quay = id(&groups.text);
        let nth = server.store.list_appliances().await.unwrap().last().map_or(0, |last| last.id);
        let (inside, outside) = (format!("in-{nth}"), format!("out-{nth}"));
        let group = ("asset_group_id", quay.as_str());
        let mine: &[(&str, &str)] = if maker == "manager" { &[] } else { &[group] };
        let named = [&[("name", inside.as_str())], mine].concat();
        let made = server.operation(maker, "appliance", "create", &named).await;
        let other = server.operation("manager", "appliance", "create", &[("name", outside.as_str())]).await;
        vec![
            ("INSIDE_NAME", inside),
            ("OUTSIDE_NAME", outside),
            ("INSIDE", id(&made.text)),
            ("OUTSIDE", id(&other.text)),
            ("QUAY", quay),
        ]
    })
};

const fn write(
    resource: &'static str,
    action: &'static str,
    harmless: Parameters,
    reach: Reach,
) -> OperationTest {
    OperationTest { resource, action, roles: [A, A, R, A, R, N, R], harmless, reach, setup: Some(SETUP) }
}

pub(crate) const TESTS: &[OperationTest] = &[
    OperationTest {
        resource: "appliance",
        action: "list",
        roles: [A, A, R, A, R, N, R],
        harmless: &[],
        reach: Reach::Shows { parameters: &[], inside: "<NAME>INSIDE_NAME<", outside: "<NAME>OUTSIDE_NAME<" },
        setup: Some(SETUP),
    },
    OperationTest { setup: None, ..write("appliance", "create", &[("name", "a b")], Reach::Everybody) },
    write(
        "appliance",
        "update",
        &[("id", "99"), ("comment", "x")],
        Reach::Takes {
            inside: &[("id", "INSIDE"), ("comment", "x")],
            outside: &[("id", "OUTSIDE"), ("comment", "x")],
            refusal: "1905 parameter id has invalid value: OUTSIDE (No such scanner appliance)",
        },
    ),
    write(
        "appliance",
        "delete",
        &[("id", "99")],
        Reach::Takes {
            inside: &[("id", "INSIDE")],
            outside: &[("id", "OUTSIDE")],
            refusal: "1905 parameter id has invalid value: OUTSIDE (No such scanner appliance)",
        },
    ),
    OperationTest {
        roles: [A, R, R, R, R, N, R],
        setup: None,
        ..write(
            "appliance",
            "assign_network_id",
            &[("appliance_id", "99"), ("network_id", "0")],
            Reach::Everybody,
        )
    },
    write(
        "appliance/replace_iscanner",
        "replace",
        &[("old_scanner_name", "nobody-1"), ("new_scanner_name", "nobody-2")],
        Reach::Takes {
            // The same twice is refused for that, which is past the question of reach.
            inside: &[("old_scanner_name", "INSIDE_NAME"), ("new_scanner_name", "INSIDE_NAME")],
            outside: &[("old_scanner_name", "OUTSIDE_NAME"), ("new_scanner_name", "INSIDE_NAME")],
            refusal: "1905 parameter old_scanner_name has invalid value: OUTSIDE_NAME",
        },
    ),
];
crate::v2::walk_tests!(TESTS);

/// An answer whose random parts are put out of sight.
fn masked(mut answer: crate::support::http::Response) -> crate::support::http::Response {
    for element in ["UUID", "ACTIVATION_CODE"] {
        let (open, close) = (format!("<{element}>"), format!("</{element}>"));
        let mut rest = std::mem::take(&mut answer.text);
        while let Some((before, after)) = rest.split_once(&open) {
            let (value, after) = after.split_once(&close).unwrap();
            let length = if element == "UUID" { 36 } else { 14 };
            assert_eq!(value.len(), length, "{value}");
            for part in [before, open.as_str(), &format!("({length} characters)"), close.as_str()] {
                answer.text.push_str(part);
            }
            rest = after.to_owned();
        }
        answer.text.push_str(&rest);
    }
    answer
}

#[tokio::test]
async fn goldens() {
    let server = Server::start().await;
    let ask = async |action: &str, parameters: &[(&str, &str)]| {
        masked(server.operation("manager", "appliance", action, parameters).await)
    };
    golden!("fo-appliance-list-none", ask("list", &[("include_license_info", "1")]).await);
    golden!(
        "fo-appliance-create",
        ask("create", &[("name", "quay-1"), ("polling_interval", "60"), ("echo_request", "1")]).await
    );
    golden!("fo-appliance-create-refused", ask("create", &[("name", "quay-1")]).await);
    golden!("fo-appliance-create-name", ask("create", &[("name", "quay number one")]).await);
    golden!("fo-appliance-create-group", ask("create", &[("name", "q"), ("asset_group_id", "1")]).await);
    let scanner = server.operation("scanner", "appliance", "create", &[("name", "q")]).await;
    golden!("fo-appliance-create-scanner", scanner);
    ask("create", &[("name", "pier-2")]).await.assert_success();
    let changes = [
        ("id", "1"),
        ("comment", "By <the> door"),
        ("set_vlans", "7|192.0.2.2|255.255.255.0|quay,8|192.0.2.130|255.255.255.128|pier"),
        ("set_routes", "198.51.100.0|255.255.255.0|192.0.2.1|far"),
    ];
    golden!("fo-appliance-update", ask("update", &changes).await);
    golden!("fo-appliance-update-refused", ask("update", &[("id", "9"), ("name", "quay-9")]).await);
    golden!("fo-appliance-update-name", ask("update", &[("id", "2"), ("name", "quay-1")]).await);
    golden!("fo-appliance-update-vlan", ask("update", &[("id", "2"), ("set_vlans", "7|192.0.2.2")]).await);
    let group = [("title", "Quay"), ("appliance_ids", "1,2"), ("default_appliance_id", "1")];
    server.operation("manager", "asset/group", "add", &group).await.assert_success();
    golden!("fo-appliance-list", ask("list", &[("echo_request", "1")]).await);
    let full = [("output_mode", "full"), ("ids", "1"), ("include_license_info", "1")];
    golden!("fo-appliance-list-full", ask("list", &full).await);
    for (filter, shown) in [
        (&[("name", "QUAY")][..], 1),
        (&[("busy", "1")], 0),
        (&[("busy", "0")], 2),
        (&[("type", "physical")], 0),
        (&[("type", "virtual")], 2),
        (&[("scan_ref", "scan/1400000000.10001")], 0),
        (&[("platform_provider", "ec2")], 0),
        (&[("ids", "2-9")], 1),
    ] {
        let answer = ask("list", filter).await;
        assert_eq!(answer.text.matches("<APPLIANCE>").count(), shown, "{filter:?}: {}", answer.text);
    }
    golden!("iscanner_list-full", server.call("manager", "iscanner_list.php", &[]).await);
    let listed = [("title", "Quay"), ("show_attributes", "APPLIANCE_LIST")];
    golden!(
        "fo-asset-group-list-appliances",
        server.operation("manager", "asset/group", "list", &listed).await
    );
    golden!("fo-appliance-delete", ask("delete", &[("id", "2")]).await);
    golden!("fo-appliance-delete-refused", ask("delete", &[("id", "2")]).await);
}

#[tokio::test]
async fn groups_have_appliances_and_a_default_one() {
    let server = Server::start().await;
    for name in ["one", "two", "three"] {
        server.operation("manager", "appliance", "create", &[("name", name)]).await.assert_success();
    }
    server.operation("manager", "asset/group", "add", &[("title", "Quay")]).await.assert_success();
    let edit = async |pairs: &[(&str, &str)]| {
        let pairs = [&[("id", "1")], pairs].concat();
        server.operation("manager", "asset/group", "edit", &pairs).await
    };
    let shown = async || {
        let listed = [("title", "Quay"), ("show_attributes", "APPLIANCE_LIST")];
        let text = server.operation("manager", "asset/group", "list", &listed).await.text;
        let part = |element: &str| {
            let rest = text.split_once(&format!("<{element}>"))?.1;
            rest.split_once('<').map(|(value, _)| value.to_owned())
        };
        (part("APPLIANCE_IDS"), part("DEFAULT_APPLIANCE_ID"))
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(shown().await, (None, None));
    edit(&[("set_appliance_ids", "1,2")]).await.assert_success();
    assert_eq!(shown().await, (some("1, 2"), None));
    edit(&[("set_default_appliance_id", "2")]).await.assert_success();
    edit(&[("add_appliance_ids", "3"), ("remove_appliance_ids", "1")]).await.assert_success();
    assert_eq!(shown().await, (some("2, 3"), some("2")));
    edit(&[("set_appliance_ids", "2,1")]).await.assert_success();
    assert_eq!(shown().await, (some("1, 2"), some("2")), "the one that stays keeps being the default one");
    let refused = edit(&[("set_default_appliance_id", "3")]).await;
    golden!("fo-asset-group-edit-appliance", refused);
    let refused = edit(&[("add_appliance_ids", "9")]).await.refusal().unwrap();
    assert!(refused.starts_with("1905 parameter add_appliance_ids has invalid value: 9"), "{refused}");
    // The new one takes the place of the old one, and leaves the groups it was in.
    let names = [("old_scanner_name", "two"), ("new_scanner_name", "three")];
    let replaced = server.operation("manager", "appliance/replace_iscanner", "replace", &names).await;
    golden!("fo-appliance-replace_iscanner-replace", replaced);
    assert_eq!(shown().await, (some("1, 3"), some("3")));
    let names = [("old_scanner_name", "two"), ("new_scanner_name", "four")];
    let refused = server.operation("manager", "appliance/replace_iscanner", "replace", &names).await;
    golden!("fo-appliance-replace_iscanner-replace-refused", refused);
    let same = [("old_scaner_name", "two"), ("new_scanner_name", "two")];
    let refused = server.operation("manager", "appliance/replace_iscanner", "replace", &same).await;
    golden!("fo-appliance-replace_iscanner-replace-same", refused);
    server.operation("manager", "appliance", "delete", &[("id", "3")]).await.assert_success();
    assert_eq!(shown().await, (some("1"), None));
}

#[tokio::test]
async fn a_group_is_changed_as_a_whole_or_not_at_all() {
    let server = Server::with_networks().await;
    for name in ["one", "two"] {
        server.operation("manager", "appliance", "create", &[("name", name)]).await.assert_success();
    }
    server.operation("manager", "network", "create", &[("name", "Pier")]).await.assert_success();
    let ask = async |action: &'static str, pairs: &[(&str, &str)]| {
        server.operation("manager", "asset/group", action, pairs).await
    };
    let quay = [("title", "Quay"), ("appliance_ids", "1,2"), ("network_id", "1")];
    for (parameter, value) in [("default_appliance_id", "3"), ("appliance_ids", "1,9")] {
        let refusal = ask("add", &[&quay[..], &[(parameter, value)]].concat()).await.refusal().unwrap();
        assert!(refusal.starts_with(&format!("1905 parameter {parameter} ")), "{refusal}");
    }
    let listed = ask("list", &[("title", "Quay")]).await;
    assert!(!listed.text.contains("<ASSET_GROUP>"), "{}", listed.text);
    ask("add", &[&quay[..], &[("default_appliance_id", "2")]].concat()).await.assert_success();
    let before = ask("list", &[("title", "Quay"), ("show_attributes", "ALL")]).await.text;
    for (pairs, parameter) in [
        (&[("set_appliance_ids", "1"), ("set_default_appliance_id", "2")][..], "set_default_appliance_id"),
        (&[("remove_appliance_ids", "1"), ("add_appliance_ids", "9")], "add_appliance_ids"),
        (&[("remove_appliance_ids", "1"), ("add_ips", "203.0.113.7")], ""),
    ] {
        let changes = [&[("id", "1"), ("set_title", "Pier"), ("set_comments", "x")], pairs].concat();
        let refusal = ask("edit", &changes).await.refusal().unwrap();
        assert!(refusal.contains(parameter), "{refusal}");
    }
    assert_eq!(ask("list", &[("title", "Quay"), ("show_attributes", "ALL")]).await.text, before);
    let csv = [("title", "Quay"), ("output_format", "csv"), ("show_attributes", "ALL")];
    golden!("fo-asset-group-list-csv-appliances", ask("list", &csv).await);
}

#[tokio::test]
async fn whoever_sees_a_group_sees_its_appliances() {
    let server = Server::start().await;
    server.operation("manager", "appliance", "create", &[("name", "one")]).await.assert_success();
    let group =
        [("action", "add"), ("title", "Quay"), ("scanner_appliances", "one"), ("user_logins", "reader")];
    server.call("manager", "asset_group.php", &group).await.assert_success();
    for login in ["manager", "reader", "administrator"] {
        let listed = server.call(login, "asset_group_list.php", &[("title", "Quay")]).await.text;
        assert!(listed.contains("<SCANNER_APPLIANCE_NAME><![CDATA[one]]>"), "{login}: {listed}");
        let listed = [("title", "Quay"), ("show_attributes", "APPLIANCE_LIST")];
        let listed = server.operation(login, "asset/group", "list", &listed).await.text;
        assert!(listed.contains("<APPLIANCE_IDS>1</APPLIANCE_IDS>"), "{login}: {listed}");
    }
    let edit = [("action", "edit"), ("title", "Quay"), ("default_scanner_appliance", "one")];
    server.call("administrator", "asset_group.php", &edit).await.assert_success();
}

#[tokio::test]
async fn nothing_is_launched_through_an_appliance_that_is_offline() {
    let server = Server::start().await;
    server.operation("manager", "appliance", "create", &[("name", "quay-1")]).await.assert_success();
    let group =
        [("title", "Quay"), ("ips", "192.0.2.4"), ("appliance_ids", "1"), ("default_appliance_id", "1")];
    server.operation("manager", "asset/group", "add", &group).await.assert_success();
    let launch = async |pairs: &[(&str, &str)]| {
        let pairs = [&[("option_id", "1")], pairs].concat();
        server.operation("manager", "scan", "launch", &pairs).await
    };
    golden!("fo-scan-launch-offline", launch(&[("ip", "192.0.2.4"), ("iscanner_name", "quay-1")]).await);
    for pairs in [
        &[("ip", "192.0.2.4"), ("iscanner_id", "1")][..],
        &[("asset_groups", "Quay"), ("default_scanner", "1")],
        &[("asset_groups", "Quay"), ("scanners_in_ag", "1")],
    ] {
        let refused = launch(pairs).await.refusal().unwrap_or_default();
        assert!(refused.starts_with("1905 ") && refused.contains("quay-1"), "{pairs:?}: {refused}");
        assert!(refused.contains("offline"), "{pairs:?}: {refused}");
    }
    golden!("scan-offline-scanner", {
        server.call("manager", "scan.php", &[("ip", "192.0.2.4"), ("iscanner_name", "quay-1")]).await
    });
    let refused = launch(&[("ip", "192.0.2.4"), ("iscanner_id", "7")]).await.refusal().unwrap();
    assert_eq!(refused, "1905 parameter iscanner_id has invalid value: 7 (No such scanner appliance)");
    // Without the appliance the group is the server's own to scan.
    let alone = [("id", "1"), ("set_appliance_ids", "")];
    server.operation("manager", "asset/group", "edit", &alone).await.assert_success();
    launch(&[("asset_groups", "Quay"), ("default_scanner", "1")]).await.assert_success();
}

#[tokio::test]
async fn the_first_version_puts_appliances_into_groups() {
    let server = Server::start().await;
    for name in ["quay-1", "quay-2"] {
        server.operation("manager", "appliance", "create", &[("name", name)]).await;
    }
    let group =
        async |parameters: &[(&str, &str)]| server.call("manager", "asset_group.php", parameters).await;
    let add = [
        ("action", "add"),
        ("title", "Quay"),
        ("host_ips", "192.0.2.4"),
        ("scanner_appliances", "quay-1,quay-2"),
        ("default_scanner_appliance", "quay-2"),
    ];
    group(&add).await.assert_success();
    golden!(
        "asset_group_list-appliances",
        server.call("manager", "asset_group_list.php", &[("title", "Quay")]).await
    );
    // Nothing is made or changed by a call that is refused.
    let unknown = group(&[("action", "add"), ("title", "Hills"), ("scanner_appliances", "quay-3")]).await;
    assert!(unknown.refusal().is_some_and(|refusal| refusal.starts_with("5000 ")), "{}", unknown.text);
    let other = [("action", "edit"), ("title", "Quay"), ("comments", "x"), ("scanner_appliances", "quay-1")];
    let other = group(&[&other[..], &[("default_scanner_appliance", "quay-2")]].concat()).await;
    assert!(other.refusal().is_some_and(|refusal| refusal.starts_with("5000 ")), "{}", other.text);
    let alone = [("action", "add"), ("title", "Hills"), ("default_scanner_appliance", "quay-2")];
    let alone = group(&alone).await;
    assert!(alone.refusal().is_some_and(|refusal| refusal.starts_with("5000 ")), "{}", alone.text);
    let listed = server.call("manager", "asset_group_list.php", &[]).await.text;
    assert!(!listed.contains("Hills") && !listed.contains("<COMMENTS>"), "{listed}");
    // An empty text takes them all out.
    group(&[("action", "edit"), ("title", "Quay"), ("new_title", "Pier"), ("scanner_appliances", "")])
        .await
        .assert_success();
    let listed = server.call("manager", "asset_group_list.php", &[]).await.text;
    assert!(listed.contains("Pier") && !listed.contains("SCANNER_APPLIANCE"), "{listed}");
}
