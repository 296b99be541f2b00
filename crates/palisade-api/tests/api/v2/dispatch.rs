//! What holds for every resource of version 2: paths, doors, the header, and the order of refusals.

use crate::support::http::Request;
use crate::support::{PASSWORD, Server};

fn post(path: &str, body: &str) -> Request {
    let mut request = Request::get(path).body(body);
    request.method = "POST";
    request.header("Content-Type", "application/x-www-form-urlencoded")
}

#[tokio::test]
async fn what_is_no_resource_is_not_found() {
    let server = Server::start().await;
    for path in ["/api/2.0/fo/nothing/", "/api/7.0/fo/session/", "/api/2.0/session/", "/api/"] {
        let answer = server.send(post(path, "action=list").login("manager", PASSWORD)).await;
        assert_eq!(answer.status, 404, "{path}");
    }
    let dtd = server.send(Request::get("/api/5.0/simple_return.dtd")).await;
    assert!(dtd.status == 200 && dtd.text.contains("<!ELEMENT SIMPLE_RETURN"), "{}", dtd.text);
    assert_eq!(server.send(Request::get("/api/2.0/no.dtd")).await.status, 404);
}

#[tokio::test]
async fn refusals_come_in_one_order() {
    let server = Server::start().await;
    let refused = async |request: Request| {
        let answer = server.send(request).await;
        format!("{} {}", answer.status, answer.refusal().unwrap_or_default())
    };
    let path = "/api/2.0/fo/session/";
    let header = |request: Request| request.header("X-Requested-With", "x");
    assert_eq!(refused(post(path, "")).await, "400 1903 Missing required header: X-Requested-With");
    assert_eq!(refused(header(post(path, ""))).await, "400 1903 Missing required parameter(s): action");
    assert_eq!(
        refused(header(post(path, "action=x"))).await,
        "400 1905 parameter action has invalid value: x (expecting one of login, logout)"
    );
    assert_eq!(
        refused(header(Request::get("/api/2.0/fo/session?action=login"))).await,
        "400 1908 Request method GET is incompatible with specified parameter(s): action=login"
    );
    assert_eq!(
        refused(header(post(path, "action=login&what=1"))).await,
        "400 1901 Unrecognized parameter(s): what"
    );
    assert_eq!(
        refused(header(post(path, "action=login&echo_request=2"))).await,
        "400 1905 parameter echo_request has invalid value: 2 (expecting 0 or 1)"
    );
    let mut put = header(Request::get(path));
    put.method = "PUT";
    assert_eq!(server.send(put).await.status, 405);
}

#[tokio::test]
async fn answers_are_compressed_for_those_who_read_it() {
    let server = Server::start().await;
    let request = Request::operation("session", "login", &[("username", "x"), ("password", "x")]);
    let plain = server.send(request.clone()).await;
    assert_eq!(plain.header("content-encoding"), None);
    let mut connection =
        crate::support::http::Connection::open(server.address, request.header("Accept-Encoding", "gzip"))
            .await;
    let head = connection.read_until("\r\n\r\n", 1).await.to_ascii_lowercase();
    assert!(head.contains("content-encoding: gzip"), "{head}");
}
