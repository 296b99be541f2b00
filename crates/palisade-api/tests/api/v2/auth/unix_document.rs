//! Unix records with the root tools and keys of a document `UNIX_AUTH_PARAMS`.

use palisade_model::RecordKind;
use palisade_model::auth_record::{RootTool, RootToolEntry};

use super::golden;
use crate::support::Server;
use crate::support::http::{Request, Response, form};

const SECRET: &str = "Tr0ub4dor & 3";
const CREATE: [(&str, &str); 6] = [
    ("action", "create"),
    ("title", "Office"),
    ("ips", "192.0.2.1"),
    ("username", "scan"),
    ("skip_password", "1"),
    ("echo_request", "1"),
];
const UPDATE: [(&str, &str); 2] = [("action", "update"), ("ids", "1")];
const CERTIFICATE: &str = "ssh-ed25519-cert-v01@openssh.com AAAATr0ub4dor scan";

async fn send(server: &Server, word: &str, parameters: &[(&str, &str)], inside: &str) -> Response {
    let path = format!("/api/2.0/fo/auth/{word}/?{}", form(parameters));
    let document = format!("<?xml version=\"1.0\"?><UNIX_AUTH_PARAMS>{inside}</UNIX_AUTH_PARAMS>");
    let mut request = Request::get(&path).header("X-Requested-With", "tests").body(document.as_str());
    request.method = "POST";
    let request = request.header("Content-Type", "text/xml").login("manager", crate::support::PASSWORD);
    server.send(request).await
}

fn tools(words: &[&str]) -> String {
    let tools = words.iter().map(|word| {
        format!(
            "<ROOT_TOOL><STANDARD_TYPE><TYPE>{word}</TYPE></STANDARD_TYPE><PASSWORD_INFO type=\"basic\">\
             <PASSWORD><![CDATA[{SECRET}]]></PASSWORD></PASSWORD_INFO></ROOT_TOOL>"
        )
    });
    format!("<ROOT_TOOLS>{}</ROOT_TOOLS>", tools.collect::<String>())
}

fn key(sort: &str, more: &str) -> String {
    format!(
        "<PRIVATE_KEY_CERTIFICATE><PRIVATE_KEY_INFO type=\"basic\"><PRIVATE_KEY type=\"{sort}\">\
         <![CDATA[{SECRET}]]></PRIVATE_KEY></PRIVATE_KEY_INFO>{more}</PRIVATE_KEY_CERTIFICATE>"
    )
}

fn keys(entries: &[String]) -> String {
    format!("<PRIVATE_KEY_CERTIFICATES>{}</PRIVATE_KEY_CERTIFICATES>", entries.concat())
}

#[tokio::test]
async fn lists_are_kept_and_shown_without_their_secrets() {
    let server = Server::with_networks().await;
    let bare = "<ROOT_TOOL><STANDARD_TYPE><TYPE>PowerBroker</TYPE></STANDARD_TYPE></ROOT_TOOL></ROOT_TOOLS>";
    let tools = tools(&["Sudo", "pimsu"]).replace("</ROOT_TOOLS>", bare);
    let passphrase = format!(
        "<PASSPHRASE_INFO type=\"basic\"><PASSPHRASE><![CDATA[{SECRET}]]></PASSPHRASE></PASSPHRASE_INFO>\
         <CERTIFICATE type=\"openssh\">{CERTIFICATE}</CERTIFICATE>"
    );
    let keys = keys(&[key("ed25519", &passphrase), key("rsa", ""), key("ecdsa", ""), key("dsa", "")]);
    let created = send(&server, "unix", &CREATE, &format!("{tools}{keys}")).await;
    golden("fo-auth-unix-create-document", &created);
    let form = [
        ("title", "Form"),
        ("ips", "192.0.2.2"),
        ("username", "scan"),
        ("private_key", SECRET),
        ("dsa_private_key", SECRET),
        ("passphrase", SECRET),
        ("root_tool", "su"),
        ("root_tool_password", SECRET),
    ];
    server.operation("manager", "auth/unix", "create", &form).await.assert_success();
    let listed = server.operation("manager", "auth/unix", "list", &[]).await;
    golden("fo-auth-unix-list-access", &listed);
    let kind: RecordKind = "unix".parse().unwrap();
    let records = server.store.list_auth_records(Some(kind)).await.unwrap();
    let logged = format!("{:?}", server.last_activity().await);
    let told =
        [created.text, listed.text, logged, format!("{records:?}"), records[0].sealed.clone()].concat();
    assert!(!told.contains("Tr0ub4dor"), "{told}");
}

#[tokio::test]
async fn a_list_replaces_what_was_there() {
    let server = Server::with_networks().await;
    let kind: RecordKind = "unix".parse().unwrap();
    let content = async || server.store.list_auth_records(Some(kind)).await.unwrap().remove(0).content;
    send(&server, "unix", &CREATE, &tools(&["Sudo", "Su"])).await.assert_success();
    assert_eq!(content().await.root_tools.len(), 2);
    send(&server, "unix", &UPDATE, &tools(&["Pimsu"])).await.assert_success();
    let kept = content().await;
    assert_eq!(kept.root_tools, [RootToolEntry { tool: RootTool::Pimsu, has_password: true }]);
    assert_eq!(kept.fields.get("root_tool").map(String::as_str), Some("pimsu"));
    send(&server, "unix", &UPDATE, &keys(&[key("rsa", "")])).await.assert_success();
    let kept = content().await;
    assert_eq!((kept.root_tools.len(), kept.private_keys.len()), (1, 1), "what is not named stays");
    let one = [("ids", "1"), ("root_tool", "none"), ("private_key", SECRET)];
    server.operation("manager", "auth/unix", "update", &one).await.assert_success();
    let kept = content().await;
    assert!(kept.root_tools.is_empty() && kept.private_keys.is_empty());
    assert_eq!(Vec::from_iter(&kept.secrets), ["private_key"]);
}

#[tokio::test]
async fn documents_that_cannot_be_kept_are_refused() {
    let server = Server::with_networks().await;
    send(&server, "unix", &CREATE, "").await.assert_success();
    let certified = |kind: &str, text: &str| {
        keys(&[key("rsa", &format!("<CERTIFICATE type=\"{kind}\">{text}</CERTIFICATE>"))])
    };
    let custom = "<ROOT_TOOLS><ROOT_TOOL><CUSTOM_TYPE><ID>1</ID></CUSTOM_TYPE></ROOT_TOOL></ROOT_TOOLS>";
    let vault = key("rsa", "<PASSPHRASE_INFO type=\"vault\"><DIGITAL_VAULT/></PASSPHRASE_INFO>");
    let long = format!("<PASSPHRASE_INFO><PASSPHRASE>{}</PASSPHRASE></PASSPHRASE_INFO>", "x".repeat(256));
    for (inside, refusal) in [
        ("<ROOT_TOOLS><ROOT_TOOL/>".to_owned(), "cannot be read as XML"),
        ("<USERNAME>root</USERNAME>".to_owned(), "USERNAME has no place in it"),
        (tools(&["doas"]), "TYPE cannot be 'doas'"),
        (tools(&["su"; 6]), "a record keeps at most 5 ROOT_TOOL"),
        (keys(&vec![key("rsa", ""); 6]), "a record keeps at most 5 PRIVATE_KEY_CERTIFICATE"),
        (custom.to_owned(), "a record does not keep root tools of one's own (CUSTOM_TYPE)"),
        (keys(&[vault]), "a record does not keep vaults for root tools and keys"),
        (certified("x.509", "x"), "a record does not keep certificates of x.509"),
        (certified("openssh", "ssh-rsa-cert-v01@openssh.com A"), "does not keep certificates of RSA keys"),
        (keys(&[key("rsa", ""), key("dsa", &long)]), "parameter passphrase_2 has invalid value: ********"),
    ] {
        let refused = send(&server, "unix", &UPDATE, &inside).await;
        let told = refused.refusal().unwrap_or_default();
        assert!(told.starts_with("1905 ") && told.contains(refusal), "{inside}: {told}");
        assert!(!refused.text.contains("Tr0ub4dor"), "{}", refused.text);
    }
    let both = [UPDATE[0], UPDATE[1], ("root_tool", "su")];
    let both = send(&server, "unix", &both, &tools(&["Su"])).await.refusal().unwrap_or_default();
    assert!(both.starts_with("1904 ") && both.contains("root_tool, ROOT_TOOLS"), "{both}");
    let nothing_to_sign_in = [("action", "create"), ("title", "B"), ("ips", "192.0.2.9"), ("username", "a")];
    let refused = send(&server, "unix", &nothing_to_sign_in, &tools(&["Su"])).await;
    assert!(refused.refusal().unwrap_or_default().starts_with("1922 "), "{}", refused.text);
    // Other types have nothing for documents.
    let other = send(&server, "windows", &[("action", "create"), ("title", "A")], "").await;
    assert!(other.refusal().is_some(), "{}", other.text);
}
