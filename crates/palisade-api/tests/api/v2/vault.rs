//! `vault/`.

use crate::permissions::{A, N, R};
use crate::support::Server;
use crate::v2::{OperationTest, Parameters, Reach, golden};

const QUEST: Parameters = &[
    ("title", "Safe <1>"),
    ("type", "Quest Vault"),
    ("comments", "Für <alle>"),
    ("server_address", "192.0.2.9"),
    ("port", "1858"),
    ("username", "scan"),
    ("access_key", "a secret"),
];

const fn test(action: &'static str, harmless: Parameters) -> OperationTest {
    let reads = matches!(action.as_bytes(), b"list" | b"view");
    let roles = if reads { [A, A, R, A, R, N, R] } else { [A, A, R, R, R, N, R] };
    OperationTest { resource: "vault", action, roles, harmless, reach: Reach::Everybody, setup: None }
}

pub(crate) const TESTS: &[OperationTest] = &[
    test("list", &[]),
    test("view", &[("id", "99")]),
    test("create", &[("title", "X"), ("type", "Quest Vault")]),
    test("update", &[("id", "99")]),
    test("delete", &[("id", "99")]),
];
crate::v2::walk_tests!(TESTS);

#[tokio::test]
async fn goldens() {
    let server = Server::start().await;
    let ask = async |action: &'static str, pairs: &[(&str, &str)]| {
        server.operation("manager", "vault", action, pairs).await
    };
    let echoed = [QUEST, &[("echo_request", "1")]].concat();
    golden!("fo-vault-create", ask("create", &echoed).await);
    golden!("fo-vault-create-refused", ask("create", QUEST).await);
    golden!("fo-vault-create-foreign", ask("create", &[QUEST, &[("appid", "x")]].concat()).await);
    let user = [("username", "scan"), ("password", "a secret")];
    for (title, kind, own) in [
        (
            "CA",
            "CA Access Control",
            &[("ca_url", "https://ca.example"), ("ca_api_username", "a"), ("ca_web_username", "w")][..],
        ),
        ("AIM", "Cyber-Ark AIM", &[("appid", "palisade"), ("safe", "s"), ("url", "https://aim.example")]),
        ("PIM", "Cyber-Ark PIM Suite", &[("server_address", "192.0.2.9"), ("safe", "s")]),
        ("Secrets", "Thycotic Secret Server", &[("url", "https://t.example"), ("domain", "OFFICE")]),
    ] {
        let with_user: &[(&str, &str)] = if ["CA", "AIM"].contains(&title) { &[] } else { &user };
        let all = [&[("title", title), ("type", kind)], own, with_user].concat();
        let answer = ask("create", &all).await;
        assert_eq!(answer.status, 200, "{kind}: {}", answer.text);
    }
    golden!("fo-vault-list", ask("list", &[("orderby", "title"), ("echo_request", "1")]).await);
    let page = [("sortorder", "desc"), ("limit", "2"), ("offset", "1")];
    golden!("fo-vault-list-page", ask("list", &page).await);
    golden!("fo-vault-view", ask("view", &[("id", "1"), ("echo_request", "1")]).await);
    for (name, id) in [("ca", "2"), ("aim", "3"), ("pim", "4"), ("thycotic", "5")] {
        let answer = ask("view", &[("id", id)]).await;
        assert!(!answer.text.contains("a secret"));
        match name {
            "ca" => {
                golden!("fo-vault-view-ca", answer);
            }
            "aim" => {
                golden!("fo-vault-view-aim", answer);
            }
            "pim" => {
                golden!("fo-vault-view-pim", answer);
            }
            _ => {
                golden!("fo-vault-view-thycotic", answer);
            }
        }
    }
    golden!("fo-vault-update", ask("update", &[("id", "1"), ("title", "Safer")]).await);
    golden!("fo-vault-update-refused", ask("update", &[("id", "99")]).await);
    let record = [
        ("title", "A"),
        ("ips", "192.0.2.1"),
        ("username", "scan"),
        ("login_type", "vault"),
        ("vault_id", "1"),
    ];
    server.operation("manager", "auth/unix", "create", &record).await;
    golden!("fo-vault-delete-refused", ask("delete", &[("id", "1")]).await);
    golden!("fo-vault-delete", ask("delete", &[("id", "2")]).await);
}
