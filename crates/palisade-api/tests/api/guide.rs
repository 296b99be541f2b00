//! The user guide: complete, well-formed, and reachable without a login.

use palisade_api::registry;

use crate::support::Server;
use crate::support::http::Request;

#[tokio::test]
async fn every_call_has_its_page() {
    let server = Server::start().await;
    let index = server.send(Request::get("/resources/api/")).await;
    assert_eq!(index.status, 200);
    for row in registry::CALLS {
        let call = row.call;
        let name = call.script.replace(".php", ".html");
        assert!(index.text.contains(&format!("<a href=\"{name}\">{}</a>", call.script)), "{}", index.text);
        let page = server.send(Request::get(&format!("/resources/api/{name}"))).await;
        assert_eq!(page.status, 200, "{name}");
        assert_eq!(page.header("content-type"), Some("text/html; charset=UTF-8"));
        for parameter in call.parameters {
            assert!(
                page.text.contains(&format!("<code>{}</code>", parameter.name)),
                "{name}: {}",
                parameter.name
            );
            assert!(!parameter.description.is_empty() && !parameter.example.is_empty(), "{}", parameter.name);
        }
        assert!(page.text.contains(&format!("https://scans.example/msp/{}", call.script)), "{name}");
        assert!(page.text.contains(call.dtd.file), "{name}");
    }
}

#[tokio::test]
async fn every_operation_has_its_page() {
    let server = Server::start().await;
    for row in palisade_api::v2::registry::operations() {
        let operation = row.operation;
        let name = format!("fo-{}-{}.html", operation.resource.replace('/', "-"), operation.action);
        let page = server.send(Request::get(&format!("/resources/api/{name}"))).await;
        assert_eq!(page.status, 200, "{name}");
        for parameter in operation.parameters {
            let shown = format!("<code>{}</code>", parameter.name);
            assert!(page.text.contains(&shown), "{name}: {}", parameter.name);
            assert!(!parameter.description.is_empty() && !parameter.example.is_empty(), "{}", parameter.name);
        }
        assert!(page.text.contains(&format!("https://scans.example{}", operation.path())), "{name}");
    }
}

#[tokio::test]
async fn links_of_the_guide_lead_somewhere() {
    let server = Server::start().await;
    let mut pages = vec!["/resources/api/".to_owned()];
    let mut seen: Vec<String> = Vec::new();
    while let Some(path) = pages.pop() {
        let response = server.send(Request::get(&path)).await;
        assert_eq!(response.status, 200, "{path}");
        seen.push(path);
        for target in response.text.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let path =
                if target.starts_with('/') { target.to_owned() } else { format!("/resources/api/{target}") };
            if !seen.contains(&path) && !pages.contains(&path) {
                pages.push(path);
            }
        }
    }
    assert!(seen.len() > registry::CALLS.len() + palisade_wire::dtd::all().count(), "{seen:?}");
}

/// The page with one row of each table and one item of each list: the others are no wording.
fn without_rows(page: &str) -> String {
    let mut kept = String::new();
    for part in page.split_inclusive("</tr>\n").flat_map(|part| part.split_inclusive("</li>\n")) {
        let row = part.trim_start().starts_with("<tr>") || part.trim_start().starts_with("<li>");
        if !row || kept.trim_end().ends_with("</thead>") || kept.trim_end().ends_with("<ul>") {
            kept.push_str(part);
        }
    }
    kept
}

#[tokio::test]
async fn the_guide_speaks_plainly() {
    let server = Server::start().await;
    let index = server.send(Request::get("/resources/api/")).await;
    let page = server.send(Request::get("/resources/api/scan.html")).await;
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("guide-index", without_rows(&index.text));
        insta::assert_snapshot!("guide-scan", page.text);
    });
    let missing = server.send(Request::get("/resources/api/nothing.html")).await;
    assert_eq!(missing.status, 404);
    let moved = server.send(Request::get("/resources/api")).await;
    assert_eq!((moved.status, moved.header("location")), (308, Some("/resources/api/")));
}
