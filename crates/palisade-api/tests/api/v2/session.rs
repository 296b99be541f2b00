//! `session/`.

use crate::permissions::{A, N};
use crate::support::http::Request;
use crate::support::{PASSWORD, Server, config};
use crate::v2::{OperationTest, Reach, golden};

pub(crate) const TESTS: &[OperationTest] = &[
    OperationTest {
        resource: "session",
        action: "login",
        roles: [A, A, A, A, A, N, A],
        harmless: &[("username", "nobody"), ("password", "x")],
        reach: Reach::Everybody,
        setup: None,
    },
    OperationTest {
        resource: "session",
        action: "logout",
        roles: [A, A, A, A, A, N, A],
        harmless: &[],
        reach: Reach::Everybody,
        setup: None,
    },
];
crate::v2::walk_tests!(TESTS);

fn login(login: &str, password: &str) -> Request {
    Request::operation(
        "session",
        "login",
        &[("username", login), ("password", password), ("echo_request", "1")],
    )
}

fn in_session(request: Request, token: &str) -> Request {
    request.header("Cookie", &format!("a=b; QualysSession={token}"))
}

#[tokio::test]
async fn goldens() {
    let server = Server::start().await;
    let answer = server.send(login("manager", PASSWORD)).await;
    let cookie = answer.header("set-cookie").unwrap().to_owned();
    let (token, attributes) = cookie.strip_prefix("QualysSession=").unwrap().split_once("; ").unwrap();
    assert_eq!((token.len(), attributes), (32, "path=/api; secure; HttpOnly"));
    assert_eq!(answer.header("content-type"), Some("text/xml;charset=UTF-8"));
    assert_eq!(answer.header("x-ratelimit-limit"), None, "sessions are not counted");
    golden!("fo-session-login", answer);
    golden!("fo-session-login-refused", server.send(login("manager", "wrong")).await);
    let logout = || Request::operation("session", "logout", &[]);
    golden!("fo-session-logout", server.send(in_session(logout(), token)).await);
    golden!("fo-session-logout-over", server.send(in_session(logout(), token)).await);
}

#[tokio::test]
async fn every_role_opens_a_session_but_contacts() {
    let server = Server::start().await;
    for role in palisade_model::Role::ALL {
        let answer = server.send(login(role.as_str(), PASSWORD)).await;
        assert_eq!(answer.status == 200, role.may_log_in(), "{role}");
    }
}

#[tokio::test]
async fn a_session_is_over_when_it_was_idle() {
    let server = Server::start_with(config()).await;
    let token = server.session("manager").await;
    let logout = || in_session(Request::operation("session", "logout", &[]), &token);
    server.clock.advance(3_601);
    let over = server.send(logout()).await;
    assert_eq!((over.status, over.refusal().as_deref()), (401, Some("2000 Bad Login/Password")));
}
