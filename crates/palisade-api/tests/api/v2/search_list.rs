//! `qid/search_list/static/` and `qid/search_list/dynamic/`.

use crate::permissions::{A, N, R};
use crate::support::Server;
use crate::v2::{OperationTest, Parameters, Reach, golden};

type Made<'a> = std::pin::Pin<Box<dyn Future<Output = Vec<(&'static str, String)>> + 'a>>;

/// A list of the maker's as OWN, one of the Manager's as FOREIGN; both kinds in turn.
fn make<'a>(
    server: &'a Server,
    maker: &'a str,
    resource: &'static str,
    rest: (&'static str, &'static str),
) -> Made<'a> {
    Box::pin(async move {
        let number = server.app.list_activity(10_000).await.unwrap().len();
        let id = async |login: &str, title: String| {
            let parameters = [("title", title.as_str()), rest];
            server.operation(login, resource, "create", &parameters).await.made_id().unwrap()
        };
        // A Reader makes lists of their own, too; what they make, a Manager reaches.
        let owner = if maker == "manager" { "harbour_re" } else { maker };
        let own = id(owner, format!("Own {number}")).await;
        vec![("OWN", own), ("FOREIGN", id("manager", format!("Foreign {number}")).await)]
    })
}
const STATIC: crate::v2::Setup =
    |server, maker| make(server, maker, "qid/search_list/static", ("qids", "900001"));
const DYNAMIC: crate::v2::Setup =
    |server, maker| make(server, maker, "qid/search_list/dynamic", ("confirmed_severities", "4,5"));

const fn test(
    resource: &'static str,
    action: &'static str,
    harmless: Parameters,
    reach: Reach,
    setup: Option<crate::v2::Setup>,
) -> OperationTest {
    OperationTest { resource, action, roles: [A, A, R, A, A, N, R], harmless, reach, setup }
}

const S: &str = "qid/search_list/static";
const D: &str = "qid/search_list/dynamic";
const NOBODY: Parameters = &[("id", "4000")];
const EDIT_NOBODY: Parameters = &[("id", "4000"), ("title", "x")];
const DELETES: Reach =
    Reach::Takes { inside: &[("id", "OWN")], outside: &[("id", "FOREIGN")], refusal: "1905 " };
const EDITS: Reach = Reach::Takes {
    inside: &[("id", "OWN"), ("comments", "x")],
    outside: &[("id", "FOREIGN"), ("comments", "x")],
    refusal: "1905 ",
};
const SHOWS: Reach = Reach::Shows { parameters: &[], inside: "<ID>OWN</ID>", outside: "<ID>FOREIGN</ID>" };

pub(crate) const TESTS: &[OperationTest] = &[
    test(D, "create", &[("title", " ")], Reach::Everybody, None),
    test(D, "delete", NOBODY, DELETES, Some(DYNAMIC)),
    test(D, "list", &[], SHOWS, Some(DYNAMIC)),
    test(D, "update", EDIT_NOBODY, EDITS, Some(DYNAMIC)),
    test(S, "create", &[("title", " "), ("qids", "900001")], Reach::Everybody, None),
    test(S, "delete", NOBODY, DELETES, Some(STATIC)),
    test(S, "list", &[], SHOWS, Some(STATIC)),
    test(S, "update", EDIT_NOBODY, EDITS, Some(STATIC)),
];
crate::v2::walk_tests!(TESTS);

#[tokio::test]
async fn goldens_of_static_lists() {
    let server = Server::start().await;
    let call = async |login: &str, action: &str, parameters: &[(&str, &str)]| {
        server.operation(login, S, action, parameters).await
    };
    golden!("fo-qid-search_list-static-list-none", call("manager", "list", &[]).await);
    let create =
        [("title", "Weak <TLS>"), ("qids", "900001"), ("global", "1"), ("comments", "For the web team")];
    golden!("fo-qid-search_list-static-create", call("manager", "create", &create).await);
    golden!("fo-qid-search_list-static-create-taken", call("manager", "create", &create).await);
    let mine = [("title", "Mine"), ("qids", "900001"), ("global", "1")];
    golden!("fo-qid-search_list-static-create-global", call("scanner", "create", &mine).await);
    let unknown = [("title", "Mine"), ("qids", "4000000000")];
    golden!("fo-qid-search_list-static-create-unknown", call("scanner", "create", &unknown).await);
    server.clock.advance(60);
    let update = [("id", "1"), ("add_qids", "900002"), ("remove_qids", "900001"), ("comments", "")];
    golden!("fo-qid-search_list-static-update", call("manager", "update", &update).await);
    golden!("fo-qid-search_list-static-update-foreign", call("scanner", "update", &update).await);
    golden!("fo-qid-search_list-static-list-edited", call("reader", "list", &[]).await);
    call("manager", "update", &[("id", "1"), ("qids", "900001"), ("comments", "Back")])
        .await
        .assert_success();
    golden!("fo-qid-search_list-static-list", call("manager", "list", &[("echo_request", "1")]).await);
    golden!("fo-qid-search_list-static-delete", call("manager", "delete", &[("id", "1")]).await);
    golden!("fo-qid-search_list-static-delete-gone", call("manager", "delete", &[("id", "1")]).await);
}

#[tokio::test]
async fn goldens_of_dynamic_lists() {
    let server = Server::start().await;
    let call = async |action: &str, parameters: &[(&str, &str)]| {
        server.operation("manager", D, action, parameters).await
    };
    let create = [
        ("title", "Everything at once"),
        ("vuln_title", "no such words"),
        ("not_vuln_title", "1"),
        ("discovery_methods", "Remote"),
        ("categories", "Web server,General remote services"),
        ("not_categories", "1"),
        ("confirmed_severities", "4,5"),
        ("potential_severities", "5"),
        ("ig_severities", "1"),
        ("patch_available", "0"),
        ("cve_ids", "CVE-2014-3566"),
        ("vendor_refs", "RFC 7568"),
        ("bugtraq_id", "12345"),
        ("not_bugtraq_id", "1"),
        ("vuln_details", "sample"),
        ("compliance_types", "PCI"),
        ("cvss_base", "7.5"),
        ("cvss_base_operand", "2"),
        ("cvss3_base", "9.0"),
        ("auth_types", "Unix,Windows"),
        ("user_configuration", "disabled,custom"),
        ("user_modified_date_within_last_days", "30"),
        ("service_modified_date_within_last_days", "30"),
        ("published_date_between", "01/01/2026-12/31/2026"),
        ("comments", "Nothing meets this"),
    ];
    golden!("fo-qid-search_list-dynamic-create", call("create", &create).await);
    golden!("fo-qid-search_list-dynamic-create-taken", call("create", &create).await);
    let urgent = [("title", "Urgent"), ("confirmed_severities", "4,5")];
    call("create", &urgent).await.assert_success();
    golden!("fo-qid-search_list-dynamic-list", call("list", &[("echo_request", "1")]).await);
    let two = [("confirmed_severities", "4"), ("service_modified_date_today", "1"), ("id", "2")];
    golden!("fo-qid-search_list-dynamic-update", call("update", &two).await);
    golden!(
        "fo-qid-search_list-dynamic-list-edited",
        call("list", &[("ids", "2"), ("show_qids", "0")]).await
    );
    let wrong = [("id", "2"), ("published_date_between", "12/31/2026-01/01/2026")];
    golden!("fo-qid-search_list-dynamic-update-wrong", call("update", &wrong).await);
    golden!("fo-qid-search_list-dynamic-delete", call("delete", &[("id", "2")]).await);
    golden!("fo-qid-search_list-dynamic-delete-gone", call("delete", &[("id", "2")]).await);
    let static_one = [("title", "Counted out"), ("qids", "900001")];
    let id = server.operation("manager", S, "create", &static_one).await.made_id().unwrap();
    let other = call("delete", &[("id", &id)]).await;
    assert!(other.refusal().is_some_and(|text| text.starts_with("1905 ")), "{}", other.text);
}

#[tokio::test]
async fn lists_find_what_people_say_and_what_takes_a_login() {
    let server = Server::start().await;
    for edit in [[("qid", "900001"), ("disable", "1")], [("qid", "900002"), ("severity", "1")]] {
        server.operation("manager", "knowledge_base/vuln", "edit", &edit).await.assert_success();
    }
    let mut number = 0;
    for (criterion, expected) in [
        (("user_configuration", "disabled"), "900001"),
        (("user_configuration", "custom"), "900002"),
        (("user_configuration", "custom,disabled"), "900001 900002"),
        (("user_modified_date_today", "1"), "900001 900002"),
        (("user_modified_date_between", "01/01/2020-12/31/2020"), ""),
        (("auth_types", "Unix,Oracle"), "900007"),
        (("auth_types", "Windows"), ""),
        (("discovery_methods", "Authenticated"), "900007"),
        (("cvss3_base", "0.0"), ""),
    ] {
        number += 1;
        let title = format!("List {number}");
        let list = [("title", title.as_str()), criterion];
        let id = server.operation("manager", D, "create", &list).await.made_id().unwrap();
        let listed = server.operation("manager", D, "list", &[("ids", &id)]).await.text;
        let qids: Vec<&str> = listed
            .split("<QID>")
            .skip(1)
            .filter_map(|rest| rest.split_once('<'))
            .map(|(qid, _)| qid)
            .collect();
        assert_eq!(qids.join(" "), expected, "{criterion:?}");
    }
}
