//! A web server that asks for Basic or Digest authentication: Python's own, with a handler that checks
//! what it is sent by itself.

use std::process::Command;

use palisade_model::fact::SignInStatus;

use crate::daemon::{Daemon, Home, find, free_port};
use crate::{PASSWORD, assert_status, only, record, scan};

/// `mode` is `basic` or `digest`; the user `closed` is known, and denied.
fn server(mode: &str) -> Daemon {
    let home = Home::new();
    let script = home.write("server.py", SERVER);
    let port = free_port();
    let mut command = Command::new(find("python3", &["/usr/bin"]));
    command.arg(script).args([&port.to_string(), mode, PASSWORD]);
    Daemon::start(home, port, &mut command)
}

const SERVER: &str = r#"
import base64, hashlib, re, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

port, mode, password = int(sys.argv[1]), sys.argv[2], sys.argv[3]

def md5(text):
    return hashlib.md5(text.encode()).hexdigest()

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def user(self):
        scheme, _, rest = self.headers.get("Authorization", "").partition(" ")
        if mode == "basic" and scheme == "Basic":
            name, _, given = base64.b64decode(rest).decode().partition(":")
            return name if given == password else None
        if mode == "digest" and scheme == "Digest":
            said = {k: q or v for k, q, v in re.findall(r'(\w+)=(?:"([^"]*)"|([^, ]+))', rest)}
            one = md5(said["username"] + ":Stock:" + password)
            two = md5("GET:" + said["uri"])
            good = md5(":".join([one, "n0", said["nc"], said["cnonce"], "auth", two]))
            return said["username"] if said["response"] == good else None
        return None

    def do_GET(self):
        user = self.user()
        self.send_response(401 if user is None else 403 if user == "closed" else 200)
        if user is None and mode == "basic":
            self.send_header("WWW-Authenticate", 'Basic realm="Stock"')
        elif user is None:
            self.send_header("WWW-Authenticate", 'Digest realm="Stock", nonce="n0", qop="auth", algorithm=MD5')
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_OPTIONS = do_GET

    def log_message(self, *_):
        pass

ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
"#;

#[tokio::test]
async fn basic_and_digest_let_in_and_refuse() {
    for mode in ["basic", "digest"] {
        let server = server(mode);
        let with =
            |fields: &[(&str, &str)], password: &str| record("http", fields, &[("password", password)]);
        let host = scan(server.port, with(&[("username", "ada")], PASSWORD)).await;
        assert_status(&host, SignInStatus::Passed, "200");
        assert_eq!((only(&host).method.as_str(), only(&host).domain.as_deref()), (mode, Some("Stock")));
        let host = scan(server.port, with(&[("username", "ada")], "wrong-password")).await;
        assert_status(&host, SignInStatus::Failed, "refused");
        let host = scan(server.port, with(&[("username", "closed")], PASSWORD)).await;
        assert_status(&host, SignInStatus::InsufficientPrivileges, "denies");
        for elsewhere in [("realm", "Another"), ("vhost", "www.example")] {
            let host = scan(server.port, with(&[("username", "ada"), elsewhere], PASSWORD)).await;
            assert!(host.facts.sign_ins.is_empty(), "{:?}", host.facts.sign_ins);
        }
        let realm = with(&[("username", "ada"), ("realm", "Stock")], PASSWORD);
        let host = scan(server.port, realm).await;
        // Any host may claim a realm: the password itself is not sent to it.
        if mode == "digest" {
            assert_status(&host, SignInStatus::Passed, "200");
        } else {
            assert!(host.facts.sign_ins.is_empty(), "{:?}", host.facts.sign_ins);
        }
    }
}
