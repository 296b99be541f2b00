//! Golden answers of the calls about maps, with a scripted scanner.

use palisade_engine::Hold;
use palisade_model::MapResult;

use crate::golden::golden;
use crate::support::Server;
use crate::support::scanner::sample_map;

/// A domain with a netblock, in a group of its own.
async fn add_domain(server: &Server) {
    let add = [("action", "add"), ("domain", "corp.example"), ("netblock", "198.51.100.0/28,192.0.2.4")];
    server.call("manager", "asset_domain.php", &add).await.assert_success();
    let group = [("action", "add"), ("title", "Corp <A>"), ("domains", "corp.example")];
    server.call("manager", "asset_group.php", &group).await.assert_success();
}

#[tokio::test]
async fn map() {
    let server = Server::start().await;
    add_domain(&server).await;
    let scanner = server.scanner();
    let call = async |script, parameters: &[(&str, &str)]| server.call("manager", script, parameters).await;
    golden!("map_report_list-empty", call("map_report_list.php", &[]).await);
    let parameters = [("domain", "corp.example"), ("save_report", "yes"), ("map_title", "A <title>")];
    let (response, ()) = tokio::join!(call("map.php", &parameters), scanner.finish_map());
    golden!("map", response.clone());
    let reference = response.map_ref();
    golden!("map_report", call("map_report.php", &[("ref", &reference)]).await);
    server.clock.advance(3600);
    server.finished_map("manager", "none:192.0.2.5").await;
    golden!("map_report_list", call("map_report_list.php", &[]).await);
    let last = [("domain", "Corp.example"), ("last", "yes")];
    golden!("map_report_list-last", call("map_report_list.php", &last).await);
    golden!("map_report_list-refused", call("map_report_list.php", &[("last", "1")]).await);
    golden!("scan_report_delete-map", call("scan_report_delete.php", &[("ref", &reference)]).await);
    golden!("map_report-deleted", call("map_report.php", &[("ref", &reference)]).await);
    let unsaved = [("domain", "corp.example")];
    let nobody = async {
        let lease = scanner.lease_map().await;
        scanner.complete_map(&lease, MapResult::default()).await;
    };
    let (response, ()) = tokio::join!(call("map.php", &unsaved), nobody);
    golden!("map-nobody", response.clone());
    let gone = call("map_report.php", &[("ref", &response.map_ref())]).await.refusal();
    assert!(gone.is_some_and(|text| text.starts_with("3502 ")), "nothing was to be saved");
}

#[tokio::test]
async fn maps_of_several_domains() {
    let server = Server::start().await;
    add_domain(&server).await;
    let scanner = server.scanner();
    let parameters = [("domain", "other.example"), ("asset_groups", "Corp <A>"), ("save_report", "yes")];
    let both = async {
        scanner.finish_map().await;
        let lease = scanner.lease_map().await;
        let notes = vec!["the time for the map was up".to_owned()];
        let hosts = sample_map().hosts.split_off(1);
        let result = MapResult { hosts, notes, ..MapResult::default() };
        scanner.complete_map(&lease, result).await;
    };
    let (response, ()) = tokio::join!(server.call("manager", "map-2.php", &parameters), both);
    golden!("map-2", response);
    let call = async |script, parameters: &[(&str, &str)]| server.call("manager", script, parameters).await;
    golden!("map-2-refused", call("map-2.php", &[("domain", "a.example,10.0.0.1")]).await);
    golden!("map-refused", call("map.php", &[("domain", "corp.example:203.0.113.1")]).await);
    let two = call("map.php", &[("domain", "a.example,b.example")]).await.refusal();
    assert_eq!(
        two.as_deref(),
        Some("5000 Invalid value for 'domain' : a.example,b.example. Expecting one domain.")
    );
}

#[tokio::test]
async fn maps_are_listed_while_they_run_and_canceled() {
    let server = Server::start().await;
    add_domain(&server).await;
    let scanner = server.scanner();
    let parameters = [("domain", "corp.example,other.example"), ("map_title", "Running")];
    let meanwhile = async {
        let lease = scanner.lease_map().await;
        scanner.renew_map(&lease).await;
        golden!("scan_running_list-maps", server.call("manager", "scan_running_list.php", &[]).await);
        let reference = lease.order.map.to_string();
        let parameters = [("ref", reference.as_str())];
        let unsaved = server.call("manager", "map_report.php", &parameters).await.refusal();
        assert!(unsaved.is_some_and(|text| text.starts_with("3502 ")));
        golden!("scan_cancel-map", server.call("manager", "scan_cancel.php", &parameters).await);
        assert_eq!(scanner.renew_map(&lease).await, Hold::Cancelled);
        scanner.complete_map(&lease, sample_map()).await;
    };
    let (response, ()) = tokio::join!(server.call("manager", "map-2.php", &parameters), meanwhile);
    golden!("map-2-canceled", response);
}
