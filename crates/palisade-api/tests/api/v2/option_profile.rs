//! `subscription/option_profile/` and `subscription/option_profile/vm/`.

use crate::permissions::{A, N, R};
use crate::support::http::{Request, Response};
use crate::support::{PASSWORD, Server};
use crate::v2::{OperationTest, Parameters, Reach, Setup, golden};

const PROFILE: &str = "subscription/option_profile";
const VM: &str = "subscription/option_profile/vm";

/// A profile of the maker's as OWN and called OWN_TITLE, one of the Manager's as FOREIGN.
const MAKE: Setup = |server, maker| {
    Box::pin(async move {
        let number = server.app.list_activity(10_000).await.unwrap().len();
        let id = async |login: &str, title: &str, global: &str| {
            let parameters = [("title", title), ("global", global)];
            server.operation(login, VM, "create", &parameters).await.made_id().unwrap()
        };
        // Who makes none sees those that are for everybody.
        let global = if maker == "manager" { "1" } else { "0" };
        let (own, foreign) = (format!("Own {number}"), format!("Foreign {number}"));
        let (own_id, foreign_id) = (id(maker, &own, global).await, id("manager", &foreign, "0").await);
        vec![("OWN_TITLE", own), ("FOREIGN_TITLE", foreign), ("OWN", own_id), ("FOREIGN", foreign_id)]
    })
};

const ALL: [crate::permissions::Expected; 7] = [A, A, A, A, A, N, R];
const MAKERS: [crate::permissions::Expected; 7] = [A, A, R, A, R, N, R];
const MANAGER: [crate::permissions::Expected; 7] = [A, R, R, R, R, N, R];
const SHOWS: Reach = Reach::Shows { parameters: &[], inside: "[OWN_TITLE]", outside: "[FOREIGN_TITLE]" };

const fn test(
    resource: &'static str,
    action: &'static str,
    roles: [crate::permissions::Expected; 7],
    harmless: Parameters,
    reach: Reach,
) -> OperationTest {
    OperationTest { resource, action, roles, harmless, reach, setup: Some(MAKE) }
}

pub(crate) const TESTS: &[OperationTest] = &[
    test(PROFILE, "export", MANAGER, &[], SHOWS),
    test(PROFILE, "import", MANAGER, &[], Reach::Everybody),
    test(PROFILE, "list", ALL, &[], SHOWS),
    test(VM, "create", MAKERS, &[("title", " ")], Reach::Everybody),
    test(
        VM,
        "delete",
        MAKERS,
        &[("id", "4000")],
        Reach::Takes { inside: &[("id", "OWN")], outside: &[("id", "FOREIGN")], refusal: "1905 " },
    ),
    test(VM, "list", ALL, &[], SHOWS),
    test(
        VM,
        "update",
        MAKERS,
        &[("id", "4000")],
        Reach::Takes {
            inside: &[("id", "OWN"), ("scan_dead_hosts", "1")],
            outside: &[("id", "FOREIGN"), ("scan_dead_hosts", "1")],
            refusal: "1905 ",
        },
    ),
];
crate::v2::walk_tests!(TESTS);

async fn import(server: &Server, login: &str, document: &str) -> Response {
    let path = format!("/api/2.0/fo/{PROFILE}/?action=import");
    let mut request = Request::get(&path).header("X-Requested-With", "tests");
    request.method = "POST";
    server.send(request.header("Content-Type", "text/xml").body(document).login(login, PASSWORD)).await
}

/// Settings that no parameter has, and lists of the profile's own.
const RARE: &str = "<OPTION_PROFILES><OPTION_PROFILE>
  <BASIC_INFO><GROUP_NAME>Rare &amp; odd</GROUP_NAME><IS_DEFAULT>1</IS_DEFAULT><IS_GLOBAL>1</IS_GLOBAL></BASIC_INFO>
  <SCAN>
    <PERFORMANCE><OVERALL_PERFORMANCE>Custom</OVERALL_PERFORMANCE><HOST_TIMEOUT_SECONDS>900</HOST_TIMEOUT_SECONDS>
      <CONNECTIONS_PER_HOST>7</CONNECTIONS_PER_HOST><PACKETS_PER_SECOND>70</PACKETS_PER_SECOND></PERFORMANCE>
    <VULNERABILITY_DETECTION><CUSTOM_LIST>
      <CUSTOM><ID>4000</ID><TITLE>Weak TLS</TITLE></CUSTOM>
      <CUSTOM><TITLE>Own</TITLE><QIDS>900001,900002</QIDS><LEAST_SEVERITY>5</LEAST_SEVERITY></CUSTOM>
    </CUSTOM_LIST></VULNERABILITY_DETECTION>
    <DISRUPTIVE_CHECKS>1</DISRUPTIVE_CHECKS>
  </SCAN>
  <ADDITIONAL><BLOCK_RESOURCES><WATCHGUARD_DEFAULT_BLOCKED_PORTS>1</WATCHGUARD_DEFAULT_BLOCKED_PORTS>
    <ALL_REGISTERED_IPS>1</ALL_REGISTERED_IPS></BLOCK_RESOURCES></ADDITIONAL>
</OPTION_PROFILE><OPTION_PROFILE>
  <BASIC_INFO><GROUP_NAME>At launch</GROUP_NAME></BASIC_INFO>
  <SCAN><VULNERABILITY_DETECTION><RUNTIME>runtime</RUNTIME></VULNERABILITY_DETECTION><LUCK>1</LUCK></SCAN>
</OPTION_PROFILE></OPTION_PROFILES>";

/// Every parameter, each with another value than a new profile has.
const SETTINGS: Parameters = &[
    ("title", "Everything"),
    ("global", "1"),
    ("offline_scanner", "1"),
    ("scan_tcp_ports", "light"),
    ("scan_tcp_ports_additional", "8080,9000-9010"),
    ("3_way_handshake", "1"),
    ("scan_udp_ports", "none"),
    ("scan_udp_ports_additional", "161"),
    ("authoritative_option", "1"),
    ("scan_dead_hosts", "1"),
    ("close_vuln_on_dead_hosts", "1"),
    ("not_found_alive_times", "7"),
    ("purge_host_data", "1"),
    ("scan_overall_performance", "custom"),
    ("scan_parallel_scaling", "1"),
    ("scan_external_scanners", "3"),
    ("scan_scanner_appliances", "4"),
    ("scan_total_process", "5"),
    ("scan_http_process", "2"),
    ("scan_packet_delay", "maximum"),
    ("scan_intensity", "minimum"),
    ("load_balancer", "1"),
    ("password_brute_forcing_system", "limited"),
    ("vulnerability_detection", "custom"),
    ("custom_search_list_title", "Weak TLS"),
    ("exclude_search_list_ids", "2"),
    ("basic_host_information_checks", "0"),
    ("oval_checks", "1"),
    ("authentication", "Unix,windows"),
    ("test_authentication", "1"),
    ("enable_additional_certificate_detection", "1"),
    ("enable_dissolvable_agent", "1"),
    ("enable_windows_share_enumeration", "1"),
    ("enable_lite_os_scan", "1"),
    ("custom_http_header", "nightly"),
    ("basic_information_gathering", "register"),
    ("map_tcp_ports_standard_scan", "0"),
    ("map_tcp_ports_additional", "8081"),
    ("map_udp_ports_standard_scan", "0"),
    ("map_udp_ports_additional", "162"),
    ("perform_live_host_sweep", "0"),
    ("disable_dns_traffic", "1"),
    ("map_overall_performance", "low"),
    ("map_external_scanners", "1"),
    ("map_scanner_appliances", "2"),
    ("map_netblock_size", "65536"),
    ("map_packet_delay", "long"),
    ("map_authentication", "vCenter"),
    ("additional_tcp_ports_standard_scan", "0"),
    ("additional_tcp_ports_additional", "8082"),
    ("additional_udp_ports_type", "custom"),
    ("additional_udp_ports_custom", "53,163"),
    ("icmp", "0"),
    ("protected_ports", "custom"),
    ("protected_ports_custom", "1,111"),
    ("protected_ips", "custom"),
    ("protected_ips_custom", "192.0.2.4"),
    ("ignore_firewall_generated_tcp_rst_packets", "1"),
    ("ignore_all_tcp_rst_packets", "1"),
    ("ignore_firewall_generated_tcp_syn_ack_packets", "1"),
    ("not_send_tcp_ack_or_syn_ack_packets_during_host_discovery", "1"),
];

/// Static list 1, and dynamic list 2.
async fn add_lists(server: &Server) {
    let one = [("title", "Weak TLS"), ("qids", "900001"), ("global", "1")];
    server.operation("manager", "qid/search_list/static", "create", &one).await.assert_success();
    let two = [("title", "Minimal"), ("confirmed_severities", "1")];
    server.operation("manager", "qid/search_list/dynamic", "create", &two).await.assert_success();
}

#[tokio::test]
async fn goldens_of_documents() {
    let server = Server::start().await;
    add_lists(&server).await;
    let call = async |action: &str, parameters: &[(&str, &str)]| {
        server.operation("manager", PROFILE, action, parameters).await
    };
    golden!("fo-subscription-option_profile-export-none", call("export", &[]).await);
    golden!("fo-subscription-option_profile-import", import(&server, "manager", RARE).await);
    golden!("fo-subscription-option_profile-import-taken", import(&server, "manager", RARE).await);
    let bad = RARE.replace("<HOST_TIMEOUT_SECONDS>900", "<HOST_TIMEOUT_SECONDS>1").replace("odd", "even");
    golden!("fo-subscription-option_profile-import-rule", import(&server, "manager", &bad).await);
    let bad = RARE.replace("900001,", "none,");
    golden!("fo-subscription-option_profile-import-value", import(&server, "manager", &bad).await);
    let bad = RARE.replace("</OPTION_PROFILES>", "");
    golden!("fo-subscription-option_profile-import-cut", import(&server, "manager", &bad).await);
    let all = [("include_system_option_profiles", "1")];
    golden!("fo-subscription-option_profile-export", call("export", &all).await);
    let pci = [("option_profile_type", "pci"), ("include_system_option_profiles", "1")];
    let pci = call("export", &pci).await;
    assert_eq!(pci.text.matches("<OPTION_PROFILE>").count(), 1, "{}", pci.text);
    let unknown = [("option_profile_title", "None of them")];
    golden!("fo-subscription-option_profile-export-unknown", call("export", &unknown).await);
    golden!("fo-subscription-option_profile-list", call("list", &[("id", "6")]).await);
    golden!("fo-subscription-option_profile-list-none", call("list", &[("id", "4000")]).await);
    let profiles = server.app.list_option_profiles(&server.actor("manager").await).await.unwrap();
    assert_eq!(profiles[0].profile.title, "Initial Options", "nothing that is imported becomes the default");
}

#[tokio::test]
async fn goldens_of_settings() {
    let server = Server::start().await;
    add_lists(&server).await;
    let call = async |login: &str, action: &str, parameters: &[(&str, &str)]| {
        server.operation(login, VM, action, parameters).await
    };
    golden!("fo-subscription-option_profile-vm-create", call("manager", "create", SETTINGS).await);
    golden!("fo-subscription-option_profile-vm-create-taken", call("manager", "create", SETTINGS).await);
    let mine = [("title", "Mine"), ("global", "1")];
    golden!("fo-subscription-option_profile-vm-create-global", call("scanner", "create", &mine).await);
    let hidden = [("title", "Mine"), ("exclude_search_list_ids", "2")];
    golden!("fo-subscription-option_profile-vm-create-hidden", call("scanner", "create", &hidden).await);
    golden!("fo-subscription-option_profile-vm-list", call("reader", "list", &[("id", "6")]).await);
    let template = [
        ("title", "Weak ones"),
        ("global", "1"),
        ("selective_vulns", "custom"),
        ("search_list_ids", "1"),
        ("exclude_qid_option", "1"),
        ("exclude_search_list_ids", "2"),
    ];
    let template = server.operation("manager", "report/template/scan", "create", &template).await.made_id();
    let used = server.operation("manager", "qid/search_list/static", "delete", &[("id", "1")]).await;
    golden!("fo-qid-search_list-static-delete-used", used);
    let listed = server.operation("scanner", "qid/search_list/static", "list", &[]).await;
    golden!("fo-qid-search_list-static-list-used", listed);
    let listed = server.operation("manager", "qid/search_list/dynamic", "list", &[("show_qids", "0")]).await;
    golden!("fo-qid-search_list-dynamic-list-used", listed);

    server.clock.advance(60);
    let back = [
        ("id", "6"),
        ("title", "Something"),
        ("default", "1"),
        ("scan_tcp_ports_additional", "none"),
        ("close_vuln_on_dead_hosts", "0"),
        ("scan_overall_performance", "high"),
        ("vulnerability_detection", "complete"),
        ("exclude_search_list_ids", "none"),
        ("authentication", "none"),
        ("map_authentication", "none"),
        ("additional_udp_ports_type", "standard"),
        ("blocked_resources", "0"),
    ];
    golden!("fo-subscription-option_profile-vm-update", call("manager", "update", &back).await);
    golden!("fo-subscription-option_profile-vm-update-foreign", call("scanner", "update", &back).await);
    golden!("fo-subscription-option_profile-vm-list-updated", call("manager", "list", &[("id", "6")]).await);
    let id = [("id", "6")];
    golden!("fo-subscription-option_profile-vm-delete-default", call("manager", "delete", &id).await);
    golden!("fo-subscription-option_profile-vm-delete", call("manager", "delete", &[("id", "1")]).await);
    golden!("fo-subscription-option_profile-vm-delete-gone", call("manager", "delete", &[("id", "1")]).await);
    let template = [("template_id", template.as_deref().unwrap())];
    server.operation("manager", "report/template/scan", "delete", &template).await.assert_success();
    // Nothing goes by the list any more.
    server.operation("manager", "qid/search_list/static", "delete", &[("id", "1")]).await.assert_success();
}

#[tokio::test]
async fn what_is_exported_comes_back_by_importing_it() {
    let server = Server::start().await;
    add_lists(&server).await;
    import(&server, "manager", RARE).await.assert_success();
    server.operation("manager", VM, "create", SETTINGS).await.assert_success();
    for title in ["Rare &amp; odd", "Everything"] {
        let title = title.replace("&amp;", "&");
        let named = [("option_profile_title", title.as_str())];
        let export = async || server.operation("manager", PROFILE, "export", &named).await.text;
        let before = export().await;
        let id = before.split_once("<ID>").unwrap().1.split_once('<').unwrap().0.to_owned();
        server.operation("manager", VM, "delete", &[("id", &id)]).await.assert_success();
        import(&server, "manager", &before).await.assert_success();
        let settings = |text: &str| text.split_once("</BASIC_INFO>").unwrap().1.to_owned();
        assert_eq!(settings(&export().await), settings(&before));
    }
}

#[tokio::test]
async fn a_scan_looks_for_what_is_on_the_lists_at_its_launch() {
    let server = Server::start().await;
    let list = [("title", "Some"), ("qids", "900001")];
    server.operation("manager", "qid/search_list/static", "create", &list).await.assert_success();
    let profile = [
        ("title", "Some"),
        ("vulnerability_detection", "custom"),
        ("custom_search_list_ids", "1"),
        ("basic_host_information_checks", "0"),
    ];
    server.operation("manager", VM, "create", &profile).await.assert_success();
    let launch = async |scanner: &str| {
        let parameters = [("ip", "192.0.2.4"), ("option_title", "Some")];
        let launched = server.operation("manager", "scan", "launch", &parameters).await;
        launched.assert_success();
        let lease = palisade_engine::Link::lease(&server.app.link(scanner)).await.unwrap().unwrap();
        let lists = &lease.order.profile.detection.include;
        lists.iter().flat_map(|list| list.qids.iter().map(|qid| qid.number())).collect::<Vec<_>>()
    };
    assert_eq!(launch("one").await, [900_001]);
    let edit = [("id", "1"), ("qids", "900002")];
    server.operation("manager", "qid/search_list/static", "update", &edit).await.assert_success();
    assert_eq!(launch("two").await, [900_002]);
}
