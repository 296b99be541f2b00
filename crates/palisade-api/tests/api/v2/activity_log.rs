//! `activity_log/`.

use crate::permissions::{A, N};
use crate::support::http::Request;
use crate::support::{PASSWORD, Server};
use crate::v2::{OperationTest, Reach, golden};

/// Entries of the caller's, and of a stranger to the unit.
const SETUP: crate::v2::Setup = |server, _| {
    Box::pin(async move {
        for login in ["harbour_um", "harbour_sc", "harbour_re", "auditor", "reader", "manager"] {
            server.call(login, "about.php", &[("no_such_parameter", "1")]).await;
        }
        Vec::new()
    })
};

pub(crate) const TESTS: &[OperationTest] = &[OperationTest {
    resource: "activity_log",
    action: "list",
    roles: [A, A, A, A, A, N, A],
    harmless: &[],
    reach: Reach::Shows { parameters: &[], inside: ",\"CALLER\",", outside: ",\"reader\"," },
    setup: Some(SETUP),
}];
crate::v2::walk_tests!(TESTS);

#[tokio::test]
async fn goldens() {
    let server = Server::start().await;
    let list = async |login: &str, parameters: &[(&str, &str)]| {
        server.operation(login, "activity_log", "list", parameters).await
    };
    server.call("scanner", "about.php", &[("what", "say \"no\", or")]).await;
    server.clock.advance(3_600);
    server.call("reader", "about.php", &[("what", "1")]).await;
    let answer = list("manager", &[]).await;
    assert_eq!(answer.header("content-type"), Some("text/csv;charset=UTF-8"));
    golden!("fo-activity_log-list", answer);
    golden!("fo-activity_log-list-page", list("manager", &[("truncation_limit", "2")]).await);
    golden!("fo-activity_log-list-own", list("scanner", &[("since_datetime", "2026-11-22 08:00:00")]).await);
    let filtered = [("action_details", "SAY"), ("user_role", "Scanner,Manager"), ("username", "scanner")];
    golden!("fo-activity_log-list-filtered", list("manager", &filtered).await);
    golden!("fo-activity_log-list-none", list("manager", &[("user_action", "no_such_action")]).await);
    golden!("fo-activity_log-list-later", list("manager", &[("until_datetime", "2030-01-01")]).await);
}

#[tokio::test]
async fn the_urls_of_the_footers_lead_through_all_entries() {
    let server = Server::start().await;
    for _ in 0..5 {
        server.call("scanner", "about.php", &[("what", "1")]).await;
    }
    let mut path = "/api/2.0/fo/activity_log/?action=list&username=scanner&truncation_limit=2".to_owned();
    let mut pages = Vec::new();
    loop {
        let request = Request::get(&path).header("X-Requested-With", "x").login("manager", PASSWORD);
        let page = server.send(request).await.text;
        pages.push(page.matches(",\"scanner\",").count());
        let Some((_, rest)) = page.split_once("\"https://scans.example") else { break };
        path = rest.split_once('"').unwrap().0.to_owned();
    }
    assert_eq!(pages, [2, 2, 1]);
}
