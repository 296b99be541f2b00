//! Report templates, and the reports on hosts that are made with them.

use palisade_app::ChooseTemplate;
use palisade_model::report_template::{FindingOrder, HostTemplate, Levels};
use palisade_model::{DetectionStatus, Qid};

use crate::golden::golden;
use crate::support::Server;
use crate::support::http::Response;

/// Two hosts with findings, one of which is fixed an hour later; one silent and one clean host.
async fn scanned() -> Server {
    let server = Server::start().await;
    server.finished_scan("manager", "192.0.2.4-192.0.2.5,192.0.2.13").await;
    server.finished_scan_of_changes(&[[192, 0, 2, 4], [192, 0, 2, 6]], "A shell answers.").await;
    server
}

async fn report(server: &Server, login: &str, id: i64, rest: &[(&str, &str)]) -> Response {
    let id = id.to_string();
    let parameters = [&[("template_id", id.as_str())], rest].concat();
    server.call(login, "asset_data_report.php", &parameters).await
}

async fn add(server: &Server, title: &str, content: HostTemplate) -> i64 {
    let choice =
        ChooseTemplate { title: title.to_owned(), is_global: true, content, ..ChooseTemplate::default() };
    server.app.add_report_template(choice, Some(&"manager".parse().unwrap())).await.unwrap()
}

#[tokio::test]
async fn report_template_list() {
    let server = Server::start().await;
    add(&server, "Büro <A>", HostTemplate::default()).await;
    golden!("report_template_list", server.call("manager", "report_template_list.php", &[]).await);
    golden!("report_template_list-auditor", server.call("auditor", "report_template_list.php", &[]).await);
    let refused = server.call("manager", "report_template_list.php", &[("id", "1")]).await;
    golden!("report_template_list-refused", refused);
}

#[tokio::test]
async fn asset_data_report() {
    let server = scanned().await;
    let group = [
        ("action", "add"),
        ("title", "Web"),
        ("host_ips", "192.0.2.4-192.0.2.6"),
        ("business_impact", "critical"),
    ];
    server.call("manager", "asset_group.php", &group).await.assert_success();
    golden!("asset_data_report", report(&server, "manager", 2, &[("ips", "192.0.2.4-192.0.2.13")]).await);
    golden!("asset_data_report-executive", report(&server, "reader", 1, &[]).await);
    golden!("asset_data_report-high", report(&server, "manager", 4, &[("asset_groups", "Web")]).await);

    let mut content = HostTemplate::everything();
    content.target.asset_groups = vec!["Web".to_owned()];
    content.target.ips = "192.0.2.63".parse().unwrap();
    content.filter.information = Levels::NONE;
    content.filter.statuses = vec![DetectionStatus::New, DetectionStatus::Active, DetectionStatus::Fixed];
    content.filter.excluded_qids = vec![Qid::new(900_002).unwrap()];
    content.filter.qids = [900_001, 900_005, 900_006].into_iter().filter_map(Qid::new).collect();
    content.filter.operating_systems = vec!["DEBIAN".to_owned()];
    content.filter.timeframe_days = Some(1);
    content.display.order = FindingOrder::Port;
    content.display.threat = false;
    let id = add(&server, "Filtered", content).await;
    golden!("asset_data_report-filtered", report(&server, "manager", id, &[]).await);

    golden!("asset_data_report-unknown", report(&server, "manager", 99, &[]).await);
    golden!("asset_data_report-map", report(&server, "manager", 12, &[]).await);
    let unknown = report(&server, "manager", 2, &[("asset_groups", "Mail")]).await;
    golden!("asset_data_report-unknown-group", unknown);
    let foreign = report(&server, "manager", 2, &[("ips", "203.0.113.1")]).await;
    golden!("asset_data_report-foreign", foreign);
}

#[tokio::test]
async fn the_filters_of_a_template_hold() {
    let server = scanned().await;
    let shown = async |change: &dyn Fn(&mut HostTemplate)| {
        let mut content = HostTemplate::default();
        change(&mut content);
        let title = format!("Template {}", server.app.report_templates().await.unwrap().len());
        let id = add(&server, &title, content).await;
        let response = report(&server, "manager", id, &[("ips", "192.0.2.4-192.0.2.5")]).await;
        let qids =
            response.text.matches("<QID id=").count() - response.text.matches("<VULN_DETAILS ").count();
        (qids, response)
    };
    let (all, _) = shown(&|_| {}).await;
    assert_eq!(all, 8, "of the two hosts four and four, without what is fixed");
    let (count, response) = shown(&|content| content.filter.categories = vec!["Web server".to_owned()]).await;
    assert!(count > 0 && !response.text.contains("qid_900001"), "{}", response.text);
    let (count, response) = shown(&|content| content.filter.potential = Levels::NONE).await;
    assert!(count > 0 && !response.text.contains("<TYPE>Practice<"), "{}", response.text);
    let (count, response) = shown(&|content| content.display.results = false).await;
    assert!(count == all && !response.text.contains("<RESULT"), "{}", response.text);
    let (count, response) = shown(&|content| content.display.hosts = false).await;
    assert!(count == 0 && response.text.contains("<VULN_DETAILS "), "{}", response.text);
    server.clock.advance(2 * 86_400);
    let (count, response) = shown(&|content| content.filter.timeframe_days = Some(1)).await;
    assert!(count == 0 && response.text.contains("<NO_VULNS>"), "{}", response.text);
}

#[tokio::test]
async fn asset_range_info() {
    let server = scanned().await;
    let call =
        async |parameters: &[(&str, &str)]| server.call("reader", "asset_range_info.php", parameters).await;
    let group = [("action", "add"), ("title", "Web"), ("host_ips", "192.0.2.4"), ("user_logins", "reader")];
    server.call("manager", "asset_group.php", &group).await.assert_success();
    golden!("asset_range_info-group", call(&[("target_asset_groups", "Web")]).await);
    golden!("asset_range_info", call(&[("target_ips", "192.0.2.4,192.0.2.6,192.0.2.40")]).await);
    let nobody = call(&[("target_ips", "192.0.2.13"), ("target_asset_groups", "Mail")]).await;
    golden!("asset_range_info-unknown-group", nobody);
    golden!("asset_range_info-nothing", call(&[("target_ips", "192.0.2.40")]).await);
    golden!("asset_range_info-silent", call(&[("target_ips", "192.0.2.13")]).await);
}
