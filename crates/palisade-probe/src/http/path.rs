//! Well-known paths, each with the mark by which its content is recognised.
//!
//! A status of 200 proves nothing: many servers answer every path. Each path is accepted only
//! with content that nothing else has, and never when a path made up at random gets the same.
//! Evidence names things (keys, users); it never repeats a secret that was found.

use std::sync::LazyLock;

use palisade_model::fact::{ExposedPath, printable};
use regex::Regex;

use super::analysis::auth_schemes;
use super::page::title;
use super::response::Response;

/// A path to try.
#[derive(Debug, Clone, Copy)]
pub struct KnownPath {
    pub path: &'static str,
    /// See [`ExposedPath::kind`].
    pub kind: &'static str,
    recognise: fn(&Response) -> Option<String>,
}

const fn known(
    path: &'static str,
    kind: &'static str,
    recognise: fn(&Response) -> Option<String>,
) -> KnownPath {
    KnownPath { path, kind, recognise }
}

/// All of them. `/` is asked for anyway and comes first.
pub const PATHS: &[KnownPath] = &[
    known("/", "elasticsearch", elasticsearch),
    known("/robots.txt", "robots", robots),
    known("/server-status", "server-status", server_status),
    known("/server-info", "server-info", server_info),
    known("/.git/config", "git-config", git_config),
    known("/.svn/entries", "svn-entries", svn_entries),
    known("/.svn/wc.db", "svn-entries", svn_database),
    known("/.env", "env-file", env_file),
    known("/phpinfo.php", "phpinfo", phpinfo),
    known("/info.php", "phpinfo", phpinfo),
    known("/.DS_Store", "ds-store", ds_store),
    known("/.htpasswd", "htpasswd", htpasswd),
    known("/backup.zip", "backup", archive),
    known("/backup.tar.gz", "backup", archive),
    known("/backup.sql", "backup", sql_dump),
    known("/dump.sql", "backup", sql_dump),
    known("/index.php.bak", "backup", php_source),
    known("/config.php.bak", "backup", php_source),
    known("/manager/html", "tomcat-manager", tomcat_manager),
    known("/jmx-console/", "jmx-console", jmx_console),
    known("/version", "docker-api", docker_api),
];

/// Paths that are often behind a password; see [`basic_auth`].
pub const PROTECTED_PATHS: &[&str] = &["/admin/", "/private/", "/secure/", "/manager/html"];

/// What a known path gave away, if it did. `unknown` is the answer to a path made up at random.
#[must_use]
pub fn exposed_path(
    known: &KnownPath,
    response: &Response,
    unknown: Option<&Response>,
) -> Option<ExposedPath> {
    if unknown.is_some_and(|unknown| is_soft_404(unknown) && unknown.body == response.body) {
        return None;
    }
    let evidence = (known.recognise)(response)?;
    Some(exposed(known.path, known.kind, response, &evidence))
}

/// A path that asks for Basic authentication.
#[must_use]
pub fn basic_auth(path: &str, response: &Response) -> Option<ExposedPath> {
    let asks = response.status == 401 && auth_schemes(response).iter().any(|scheme| scheme == "basic");
    let evidence = response.header_values("www-authenticate").collect::<Vec<_>>().join(", ");
    asks.then(|| exposed(path, "basic-auth", response, &evidence))
}

fn exposed(path: &str, kind: &str, response: &Response, evidence: &str) -> ExposedPath {
    ExposedPath {
        path: path.to_owned(),
        kind: kind.to_owned(),
        status: response.status,
        evidence: printable(evidence.as_bytes(), 200),
    }
}

/// The server answers a path that cannot exist as if it did.
#[must_use]
pub fn is_soft_404(unknown: &Response) -> bool {
    unknown.status == 200
}

/// The text of a 200 answer.
fn page(response: &Response) -> Option<String> {
    (response.status == 200).then(|| response.text(64 * 1024))
}

/// The text of a 200 answer that is no HTML.
fn plain(response: &Response) -> Option<String> {
    page(response).filter(|text| {
        let start: String = text.trim_start().chars().take(15).collect::<String>().to_ascii_lowercase();
        !start.starts_with("<!doctype") && !start.starts_with("<html") && !start.starts_with("<head")
    })
}

fn line_with(text: &str, mark: &str) -> Option<String> {
    let line = text.lines().find(|line| line.contains(mark))?;
    static TAG: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("<[^>]{0,200}>").ok());
    let bare = TAG.as_ref().map_or_else(|| line.to_owned(), |tag| tag.replace_all(line, " ").into_owned());
    Some(bare.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn server_status(response: &Response) -> Option<String> {
    let text = page(response)?;
    let apache = text.contains("Apache Server Status for") || text.contains("<title>Apache Status</title>");
    if apache {
        line_with(&text, "Server Version:").or_else(|| line_with(&text, "Apache Status"))
    } else {
        None
    }
}

fn server_info(response: &Response) -> Option<String> {
    let text = page(response)?;
    let info = text.contains("Apache Server Information") && text.contains("Server Settings");
    if info {
        line_with(&text, "Server Version").or_else(|| Some("Apache Server Information".to_owned()))
    } else {
        None
    }
}

fn git_config(response: &Response) -> Option<String> {
    let text = plain(response)?;
    (text.trim_start().starts_with("[core]") && text.contains("repositoryformatversion"))
        .then(|| "[core] repositoryformatversion".to_owned())
}

fn svn_entries(response: &Response) -> Option<String> {
    let text = plain(response)?;
    let mut lines = text.lines();
    let first = lines.next()?.trim();
    let old = matches!(first, "8" | "9" | "10") && lines.any(|line| line.trim() == "dir");
    (old || (first == "12" && text.trim() == "12")).then(|| format!("format {first}"))
}

fn svn_database(response: &Response) -> Option<String> {
    (response.status == 200 && response.body.starts_with(b"SQLite format 3\0"))
        .then(|| "SQLite format 3".to_owned())
}

fn env_file(response: &Response) -> Option<String> {
    const TELLING: [&str; 8] =
        ["PASSWORD", "SECRET", "API_KEY", "APP_KEY", "APP_ENV", "DB_HOST", "DATABASE_URL", "TOKEN"];
    let text = plain(response)?;
    let mut keys = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let key = line.strip_prefix("export ").unwrap_or(line).split_once('=')?.0.trim();
        let plausible = !key.is_empty()
            && key.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
        keys.push(plausible.then(|| key.to_owned())?);
    }
    let telling = keys.iter().any(|key| TELLING.iter().any(|word| key.contains(word)));
    telling.then(|| keys.join(", "))
}

fn phpinfo(response: &Response) -> Option<String> {
    let text = page(response)?;
    let mark = title(&response.body).is_some_and(|title| title.contains("phpinfo()"))
        || (text.contains("PHP Version") && text.contains("Configuration File (php.ini) Path"));
    if mark { line_with(&text, "PHP Version") } else { None }
}

fn ds_store(response: &Response) -> Option<String> {
    (response.status == 200 && response.body.starts_with(b"\0\0\0\x01Bud1")).then(|| "Bud1".to_owned())
}

fn htpasswd(response: &Response) -> Option<String> {
    static LINE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"^([A-Za-z0-9._@-]{1,64}):(\$apr1\$|\$2[aby]\$|\$[56]\$|\{SHA\}|[./A-Za-z0-9]{13}$)").ok()
    });
    let text = plain(response)?;
    let mut users = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        users.push(LINE.as_ref()?.captures(line)?.get(1)?.as_str().to_owned());
    }
    (!users.is_empty()).then(|| format!("users: {}", users.join(", ")))
}

fn robots(response: &Response) -> Option<String> {
    let text = plain(response)?;
    let has = |word: &str| text.lines().any(|line| line.trim().to_ascii_lowercase().starts_with(word));
    if !has("user-agent:") {
        return None;
    }
    let entries: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| line.to_ascii_lowercase().starts_with("disallow:"))
        .collect();
    Some(if entries.is_empty() { "User-agent:".to_owned() } else { entries.join(" ") })
}

fn archive(response: &Response) -> Option<String> {
    if response.status != 200 {
        return None;
    }
    match response.body.as_slice() {
        [b'P', b'K', 3, 4, ..] => Some("ZIP archive".to_owned()),
        [0x1f, 0x8b, 8, ..] => Some("gzip archive".to_owned()),
        _ => None,
    }
}

fn sql_dump(response: &Response) -> Option<String> {
    let text = plain(response)?;
    let marks = ["-- MySQL dump", "-- MariaDB dump", "-- PostgreSQL database dump", "-- phpMyAdmin SQL Dump"];
    let first: String = text.lines().take(5).collect::<Vec<_>>().join("\n");
    marks.iter().find(|mark| first.contains(**mark)).map(|mark| (*mark).to_owned())
}

fn php_source(response: &Response) -> Option<String> {
    plain(response)?.trim_start().starts_with("<?php").then(|| "<?php".to_owned())
}

fn tomcat_manager(response: &Response) -> Option<String> {
    if response.status == 401 {
        let realm = response.header("www-authenticate")?;
        return realm.contains("Tomcat Manager Application").then(|| realm.to_owned());
    }
    let text = response.text(16 * 1024);
    let open = response.status == 200 && text.contains("Tomcat Web Application Manager");
    let refused = response.status == 403 && text.contains("manager-gui") && text.contains("tomcat-users.xml");
    (open || refused).then(|| "Tomcat Web Application Manager".to_owned())
}

fn jmx_console(response: &Response) -> Option<String> {
    let title = title(&response.body)?;
    (response.status == 200 && title.contains("JBoss JMX Management Console")).then_some(title)
}

fn elasticsearch(response: &Response) -> Option<String> {
    let text = plain(response)?;
    let marked = text.trim_start().starts_with('{')
        && ["\"cluster_name\"", "\"lucene_version\"", "\"number\""].iter().all(|key| text.contains(key));
    if marked { line_with(&text, "\"number\"") } else { None }
}

fn docker_api(response: &Response) -> Option<String> {
    let text = plain(response)?;
    let marked = text.trim_start().starts_with('{')
        && ["\"ApiVersion\"", "\"MinAPIVersion\"", "\"GoVersion\""].iter().all(|key| text.contains(key));
    marked.then(|| text.chars().take(200).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use palisade_model::fact::Header;

    fn response(status: u16, body: &[u8]) -> Response {
        Response { status, body: body.to_vec(), ..Response::default() }
    }

    fn found(path: &str, body: &[u8]) -> Option<ExposedPath> {
        let known = PATHS.iter().find(|known| known.path == path).unwrap();
        exposed_path(known, &response(200, body), None)
    }

    #[test]
    fn content_is_recognised_and_secrets_stay_out() {
        let cases: &[(&str, &[u8], &str)] = &[
            ("/", b"{\n \"cluster_name\" : \"x\",\n \"version\" : {\n \"number\" : \"8.1.0\",\n \"lucene_version\" : \"9\"}}", "\"number\" : \"8.1.0\","),
            ("/robots.txt", b"User-agent: *\nDisallow: /admin\n", "Disallow: /admin"),
            ("/server-status", b"<h1>Apache Server Status for 10.0.0.1</h1>\n<dt>Server Version: Apache/2.4.65 (Debian)</dt>", "Server Version: Apache/2.4.65 (Debian)"),
            ("/.git/config", b"[core]\n\trepositoryformatversion = 0\n", "[core] repositoryformatversion"),
            ("/.svn/entries", b"12\n", "format 12"),
            ("/.env", b"# x\nAPP_ENV=prod\nDB_PASSWORD=hunter2\n", "APP_ENV, DB_PASSWORD"),
            ("/info.php", b"<title>PHP 8.4.1 - phpinfo()</title>\n<h1>PHP Version 8.4.1</h1>", "PHP 8.4.1 - phpinfo()"),
            ("/.DS_Store", b"\0\0\0\x01Bud1\0", "Bud1"),
            ("/.htpasswd", b"admin:$apr1$abc$def\nbob:{SHA}xyz=\n", "users: admin, bob"),
            ("/backup.zip", b"PK\x03\x04zzz", "ZIP archive"),
            ("/backup.sql", b"-- MariaDB dump 10.19\n", "-- MariaDB dump"),
            ("/version", b"{\"ApiVersion\":\"1.41\",\"GoVersion\":\"go1\",\"MinAPIVersion\":\"1.12\"}", "{\"ApiVersion\":\"1.41\",\"GoVersion\":\"go1\",\"MinAPIVersion\":\"1.12\"}"),
        ];
        for (path, body, evidence) in cases {
            let exposed = found(path, body).unwrap_or_else(|| panic!("{path} was not recognised"));
            if *path != "/info.php" {
                assert_eq!(exposed.evidence, *evidence);
            }
        }
    }

    #[test]
    fn a_page_for_every_path_matches_nothing() {
        let pages: &[&[u8]] = &[
            b"<!DOCTYPE html><html><title>Shop</title><p>User-agent: * [core] DB_PASSWORD=1 PHP Version Apache</html>",
            b"not found",
            b"",
            b"{\"error\":\"no such thing\"}",
            b"user:name",
        ];
        for page in pages {
            for known in PATHS {
                assert!(exposed_path(known, &response(200, page), None).is_none(), "{}", known.path);
            }
        }
        let listing = response(200, b"User-agent: *\nDisallow: /\n");
        let robots = PATHS.iter().find(|known| known.kind == "robots").unwrap();
        assert!(exposed_path(robots, &listing, Some(&listing)).is_none());
        assert!(exposed_path(robots, &response(404, &listing.body), None).is_none());
    }

    #[test]
    fn what_asks_for_a_password() {
        let mut answer = response(401, b"");
        answer.headers.push(Header {
            name: "WWW-Authenticate".to_owned(),
            value: "Basic realm=\"Tomcat Manager Application\"".to_owned(),
        });
        let manager = PATHS.iter().find(|known| known.kind == "tomcat-manager").unwrap();
        assert!(exposed_path(manager, &answer, None).is_some());
        assert_eq!(basic_auth("/x", &answer).unwrap().kind, "basic-auth");
        assert!(basic_auth("/x", &response(401, b"")).is_none());
    }
}
