//! Searching hosts.

use palisade_app::{Actor, AssetOrder, EditHosts, LastScan, SearchAssets, TextMatch, TrackingMethod};
use palisade_engine::Link as _;
use palisade_model::fact::{NetbiosFacts, OperatingSystem, PortFacts};
use palisade_model::{Role, Transport};

use crate::desk::{Desk, ip, ips};

/// Three scanned hosts: a web server with a vulnerability, a mail server a month later, and one of
/// which nothing is known.
async fn scanned() -> (Desk, Actor) {
    let desk = Desk::new().await;
    let manager = desk.manager().await;
    for address in ["10.0.0.1", "10.0.0.2", "10.0.1.3"] {
        desk.launch(&manager, address).await;
        let link = desk.app.link("built-in");
        let lease = link.lease().await.unwrap().unwrap();
        let mut result = desk.result(ip(address));
        match address {
            "10.0.0.1" => {
                result.facts.name = Some("www.Shop.test".to_owned());
                let linux =
                    OperatingSystem { name: "Debian Linux 12".to_owned(), ..OperatingSystem::default() };
                result.facts.os = Some(linux);
                let web = PortFacts { service: "http".to_owned(), ..PortFacts::new(8080, Transport::Tcp) };
                result.facts.ports = vec![web];
            }
            "10.0.0.2" => {
                result.facts.name = Some("mail.shop.test".to_owned());
                let name = NetbiosFacts { host_name: Some("POST".to_owned()), ..NetbiosFacts::default() };
                let netbios = PortFacts { netbios: Some(name), ..PortFacts::new(137, Transport::Udp) };
                let mail = PortFacts { service: "smtp".to_owned(), ..PortFacts::new(25, Transport::Tcp) };
                result.facts.ports = vec![mail, netbios];
                result.findings.clear();
            }
            _ => result.findings.clear(),
        }
        link.deliver(&lease, result).await.unwrap();
        link.complete(&lease).await.unwrap();
        desk.clock.advance(30 * 86_400);
    }
    let dns = EditHosts { ips: ips("10.0.0.2"), tracking: Some(TrackingMethod::Dns), ..EditHosts::default() };
    desk.app.edit_hosts(&manager, dns).await.unwrap();
    (desk, manager)
}

async fn found(desk: &Desk, actor: &Actor, wanted: SearchAssets) -> Vec<String> {
    let search = desk.app.plan_asset_search(actor, wanted).await.unwrap();
    let mut pages = desk.app.asset_pages(search, |assets| assets);
    let mut addresses = Vec::new();
    while let Some(page) = pages.recv().await {
        addresses.extend(page.unwrap().iter().map(|asset| asset.ip.to_string()));
    }
    addresses
}

fn contain(text: &str) -> TextMatch {
    TextMatch::Contain(text.to_owned())
}

#[tokio::test]
async fn every_filter_keeps_what_fits() {
    const WEB: &str = "10.0.0.1";
    const MAIL: &str = "10.0.0.2";
    const OTHER: &str = "10.0.1.3";
    let (desk, manager) = scanned().await;
    let (vulnerability, _) = desk.qids();
    let all = SearchAssets::default();
    let cases: Vec<(SearchAssets, &[&str])> = vec![
        (all.clone(), &[WEB, MAIL, OTHER]),
        (SearchAssets { target: Some(ips("10.0.0.2-10.0.9.9")), ..all.clone() }, &[MAIL, OTHER]),
        (SearchAssets { target: Some(ips("192.0.2.1")), ..all.clone() }, &[]),
        (SearchAssets { dns: Some(contain("SHOP")), ..all.clone() }, &[WEB, MAIL]),
        (SearchAssets { dns: Some(TextMatch::Begin("www.shop".to_owned())), ..all.clone() }, &[WEB]),
        (SearchAssets { dns: Some(TextMatch::Match("shop.test".to_owned())), ..all.clone() }, &[]),
        (SearchAssets { dns: Some(TextMatch::End("shop.test".to_owned())), ..all.clone() }, &[WEB, MAIL]),
        (SearchAssets { netbios: Some(contain("os")), ..all.clone() }, &[MAIL]),
        (SearchAssets { os: Some(contain("linux")), ..all.clone() }, &[WEB]),
        (SearchAssets { tracking: Some(TrackingMethod::Dns), ..all.clone() }, &[MAIL]),
        (SearchAssets { qid: Some(vulnerability), ..all.clone() }, &[WEB]),
        (SearchAssets { results: Some(contain("evid")), ..all.clone() }, &[WEB]),
        (SearchAssets { qid: Some(vulnerability), results: Some(contain("else")), ..all.clone() }, &[]),
        (SearchAssets { port: Some(25), ..all.clone() }, &[MAIL]),
        (SearchAssets { service: Some(contain("http")), ..all.clone() }, &[WEB]),
        (SearchAssets { port: Some(25), service: Some(contain("http")), ..all.clone() }, &[]),
        (SearchAssets { last_scan: Some(LastScan::WithinDays(60)), ..all.clone() }, &[MAIL, OTHER]),
        (SearchAssets { last_scan: Some(LastScan::NotWithinDays(60)), ..all.clone() }, &[WEB]),
        (SearchAssets { dns: Some(contain("shop")), port: Some(8080), ..all }, &[WEB]),
    ];
    for (wanted, expected) in cases {
        assert_eq!(found(&desk, &manager, wanted.clone()).await, expected, "{wanted:?}");
    }
}

#[tokio::test]
async fn what_is_not_assigned_is_not_found() {
    let (desk, _) = scanned().await;
    desk.add_user("reader", Role::Reader, "10.0.1.0/24").await;
    let reader = desk.actor("reader").await;
    assert_eq!(found(&desk, &reader, SearchAssets::default()).await, ["10.0.1.3"]);
    let beyond = SearchAssets { target: Some(ips("10.0.0.1")), ..SearchAssets::default() };
    assert_eq!(found(&desk, &reader, beyond).await, [""; 0]);
}

#[tokio::test]
async fn a_fixed_vulnerability_is_not_found() {
    let (desk, manager) = scanned().await;
    desk.launch(&manager, "10.0.0.1").await;
    let link = desk.app.link("built-in");
    let lease = link.lease().await.unwrap().unwrap();
    let mut result = desk.result(ip("10.0.0.1"));
    result.findings.clear();
    link.deliver(&lease, result).await.unwrap();
    let (vulnerability, _) = desk.qids();
    let wanted = SearchAssets { qid: Some(vulnerability), ..SearchAssets::default() };
    assert_eq!(found(&desk, &manager, wanted).await, [""; 0]);
}

#[tokio::test]
async fn hosts_are_put_into_order() {
    let (desk, manager) = scanned().await;
    let order = async |order, descending| {
        let wanted = SearchAssets::default();
        let found = desk.app.search_assets_ordered(&manager, wanted, order, descending).await.unwrap();
        found.iter().map(|asset| asset.ip.octets()[3]).collect::<Vec<_>>()
    };
    assert_eq!(order(AssetOrder::Ip, true).await, [3, 2, 1]);
    assert_eq!(order(AssetOrder::Dns, false).await, [3, 2, 1], "without a name, mail, www");
    assert_eq!(order(AssetOrder::Netbios, true).await, [2, 3, 1]);
    assert_eq!(order(AssetOrder::Os, false).await, [2, 3, 1]);
    assert_eq!(order(AssetOrder::Tracking, false).await, [2, 1, 3], "dns before ip");
    assert_eq!(order(AssetOrder::LastScan, true).await, [3, 2, 1]);
}
